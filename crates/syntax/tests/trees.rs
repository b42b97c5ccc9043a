//! Trees against those recorded from CPython by `dump_ast.py`: all four positions of 3.14's, the
//! lines of 3.6's. Over a whole library the same comparison is made with `examples/dump.rs`.

use adder_syntax::ast::Mod;
use adder_syntax::{Arena, Level, Options, WarningKind, parse_module, parse_text};

#[path = "../examples/dump.rs"]
#[expect(dead_code, reason = "the example's main function")]
mod dump;

/// Compares the tree of `name.py` with the lines of `name.txt`.
fn check(name: &str, level: Level) {
    let path = format!("{}/tests/trees/{name}", env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read(format!("{path}.py")).unwrap();
    let expected = std::fs::read_to_string(format!("{path}.txt")).unwrap();
    let found = dump::text_of(&source, level);
    for (n, (expected, found)) in expected.lines().zip(found.lines()).enumerate() {
        assert_eq!(expected, found, "line {} of {name}.txt", n + 1);
    }
    assert_eq!(expected.lines().count(), found.lines().count());
}

#[test]
fn todays_trees() {
    check("modern", Level::Py314);
}

#[test]
fn trees_of_36() {
    check("old", Level::Py36);
}

/// How many statements a source file has, or its error.
fn parse(source: &[u8]) -> Result<usize, String> {
    let arena = Arena::new();
    match parse_module(source, Options::new(Level::Py314), &arena) {
        Ok(parsed) => match parsed.module {
            Mod::Module(body) => Ok(body.len()),
            other => panic!("{other:?}"),
        },
        Err(error) => Err(error.message),
    }
}

#[test]
fn encodings() {
    let problem = |message: &str| Err(message.to_string());
    assert_eq!(parse(b"\xef\xbb\xbfx = 1\r\ny = 2\r"), Ok(2));
    assert_eq!(parse(b"# coding: latin-1\nx = '\xe9'\n"), Ok(1));
    assert_eq!(parse(b"#!/bin/sh\n# vim: set fileencoding=cp1252 :\nx = '\x80'"), Ok(1));
    assert_eq!(parse(b"\xef\xbb\xbf# -*- coding: utf-8 -*-\nx = 1"), Ok(1));
    assert_eq!(
        parse(b"\xef\xbb\xbf# coding: latin-1\n"),
        problem("encoding problem: iso-8859-1 with BOM")
    );
    assert_eq!(parse(b"# coding: no-such\n"), problem("unknown encoding: no-such"));
    assert_eq!(parse(b"x = 1 # coding: no-such\n"), Ok(1));
    assert_eq!(parse(b"x = 1\n# coding: no-such\n"), Ok(1));
    assert_eq!(parse(b"x\0"), problem("source code string cannot contain null bytes"));
    let error = parse_module(b"x = 1\ny = '\xff'\n", Options::new(Level::Py314), &Arena::new())
        .unwrap_err();
    assert_eq!((error.lineno, error.offset), (2, 6));
    assert!(error.message.starts_with("Non-UTF-8 code starting with '\\xff' on line 2, but"));
    let upper = |name: &str, bytes: &[u8]| match name {
        "upper" => Ok(String::from_utf8_lossy(bytes).to_lowercase()),
        _ => Err("no".to_string()),
    };
    let options = Options { decoder: Some(&upper), ..Options::new(Level::Py314) };
    assert!(parse_module(b"# coding: upper\nPASS\n", options, &Arena::new()).is_ok());
}

#[test]
fn warnings() {
    let cases: [(&str, &str); 5] = [
        (
            r"'\d'",
            r#""\d" is an invalid escape sequence. Such sequences will not work in the future. Did you mean "\\d"? A raw string is also an option."#,
        ),
        (
            r"b'\400'",
            r#""\400" is an invalid octal escape sequence. Such sequences will not work in the future. Did you mean "\\400"? A raw string is also an option."#,
        ),
        (
            r"f'\{x}'",
            r#""\{" is an invalid escape sequence. Such sequences will not work in the future. Did you mean "\\{"? A raw string is also an option."#,
        ),
        ("1if 2else 3", "invalid decimal literal"),
        ("0x1for x in y", "invalid hexadecimal literal"),
    ];
    for (source, expected) in cases {
        let arena = Arena::new();
        let parsed = match parse_text(source.as_bytes(), Options::new(Level::Py314), &arena) {
            Ok(parsed) => parsed,
            Err(_) => {
                parse_text(format!("[{source}]").as_bytes(), Options::new(Level::Py314), &arena)
                    .unwrap_or_else(|error| panic!("{source}: {error:?}"))
            }
        };
        let first = &parsed.warnings[0];
        assert_eq!((first.kind, first.message.as_str()), (WarningKind::Syntax, expected));
    }
    let arena = Arena::new();
    let parsed = parse_text(br"'\d'", Options::new(Level::Py36), &arena).unwrap();
    assert_eq!(parsed.warnings[0].kind, WarningKind::Deprecation);
    assert_eq!(parsed.warnings[0].message, r"invalid escape sequence \d");
}
