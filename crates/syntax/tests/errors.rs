//! The parser's errors against a table recorded from CPython (`record_errors.py` says how, and
//! what the columns are). `ADDER_ERROR_TABLE` names another table to compare with.

use adder_syntax::{Arena, ErrorKind, Level, Mode, Options, SyntaxError, parse_text};

/// A JSON string to generalised UTF-8.
fn unquote(field: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut chars = field.trim_matches('"').chars();
    let mut high: Option<u32> = None;
    // `trim_matches` would eat an escaped quote at the end.
    if field.len() >= 2 {
        chars = field[1..field.len() - 1].chars();
    }
    while let Some(c) = chars.next() {
        let mut unit = u32::from(c);
        if c == '\\' {
            unit = match chars.next() {
                Some('n') => 10,
                Some('t') => 9,
                Some('r') => 13,
                Some('b') => 8,
                Some('f') => 12,
                Some('u') => {
                    let hex: String = chars.by_ref().take(4).collect();
                    u32::from_str_radix(&hex, 16).unwrap()
                }
                Some(other) => u32::from(other),
                None => panic!("bad escape in {field}"),
            };
        }
        if let Some(first) = high.take() {
            if (0xdc00..0xe000).contains(&unit) {
                unit = 0x1_0000_u32 + ((first - 0xd800) << 10) + (unit - 0xdc00);
            } else {
                push(&mut out, first);
            }
        }
        if (0xd800..0xdc00).contains(&unit) {
            high = Some(unit);
        } else {
            push(&mut out, unit);
        }
    }
    if let Some(first) = high {
        push(&mut out, first);
    }
    out
}

fn push(out: &mut Vec<u8>, point: u32) {
    match char::from_u32(point) {
        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.extend_from_slice(&[
            0xe0 | (point >> 12) as u8,
            0x80 | (point >> 6 & 0x3f) as u8,
            0x80 | (point & 0x3f) as u8,
        ]),
    }
}

fn describe(error: &SyntaxError) -> Vec<String> {
    let class = match error.kind {
        ErrorKind::Syntax => "SyntaxError",
        ErrorKind::Indentation => "IndentationError",
        ErrorKind::Tab => "TabError",
        ErrorKind::Memory => return vec!["MemoryError".into()],
    };
    let number = |value: i64| if error.lineno == 0 { "-".into() } else { value.to_string() };
    vec![
        class.into(),
        error.message.clone(),
        number(i64::from(error.lineno)),
        number(i64::from(error.offset)),
        number(i64::from(error.end_lineno)),
        number(i64::from(error.end_offset)),
        error.text.clone().unwrap_or_else(|| "-".into()),
    ]
}

/// Level 3.6 accepts and refuses what CPython 3.6 does; the messages are not compared.
#[test]
fn level_36_accepts_what_36_accepts() {
    let path = std::env::var("ADDER_TABLE_36").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/accepted36.tsv").to_string()
    });
    let table = std::fs::read_to_string(&path).unwrap();
    let (mut rows, mut wrong) = (0, 0);
    for row in table.lines().filter(|row| !row.starts_with('#')) {
        let fields: Vec<&str> = row.split('\t').collect();
        let mode = match fields[0] {
            "exec" => Mode::Exec,
            "eval" => Mode::Eval,
            _ => Mode::Single,
        };
        let options = Options { mode, ..Options::new(Level::Py36) };
        let arena = Arena::new();
        let found = parse_text(&unquote(fields[1]), options, &arena);
        rows += 1;
        if found.is_ok() != (fields[2] == "OK") {
            wrong += 1;
            let found = found.err().map_or("OK".into(), |error| error.message);
            println!("{row}\n   found {found}");
        }
    }
    println!("{rows} rows of 3.6, {wrong} differ");
    assert!(rows > 0 && wrong == 0, "{wrong} of {rows} rows differ");
}

/// Sources about which this parser's first pass knows an error sooner or later than CPython's.
const NOT_YET: [&str; 7] = [
    r#"del *a"#,
    r#"with a as b + "#,
    r#"{1: *a}"#,
    r#"match a:\n  case A(b=c, d, "#,
    r#"f\"{:"#,
    r#"t\"a\" \"b\""#,
    r#"t\"a\" f\"b\""#,
];

/// Which sources could go on, as `codeop` asks for it.
#[test]
fn incomplete_source_is_told() {
    let path = std::env::var("ADDER_TABLE_INCOMPLETE").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/incomplete.tsv").to_string()
    });
    let table = std::fs::read_to_string(&path).unwrap();
    let (mut rows, mut wrong) = (0, 0);
    for row in table.lines().filter(|row| !row.starts_with('#')) {
        let fields: Vec<&str> = row.split('\t').collect();
        let options =
            Options { mode: Mode::Single, dont_imply_dedent: true, ..Options::new(Level::Py314) };
        let arena = Arena::new();
        let found = match parse_text(&unquote(fields[1]), options, &arena) {
            Ok(_) => "OK",
            Err(error) if error.incomplete => "INC",
            Err(_) => "ERR",
        };
        rows += 1;
        if NOT_YET.contains(&&fields[1][1..fields[1].len() - 1]) {
            assert_ne!(found, fields[2], "{row} is as in CPython now");
        } else if found != fields[2] {
            wrong += 1;
            println!("{row}\n   found {found}");
        }
    }
    println!("{rows} rows of incomplete, {wrong} differ");
    assert!(rows > 0 && wrong == 0, "{wrong} of {rows} rows differ");
}

#[test]
fn errors_are_cpythons() {
    let path = std::env::var("ADDER_ERROR_TABLE")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/tests/errors.tsv").to_string());
    let table = std::fs::read_to_string(&path).unwrap();
    let (mut rows, mut wrong) = (0, 0);
    for row in table.lines().filter(|row| !row.starts_with('#')) {
        let fields: Vec<&str> = row.split('\t').collect();
        let mode = match fields[0] {
            "exec" => Mode::Exec,
            "eval" => Mode::Eval,
            _ => Mode::Single,
        };
        let source = unquote(fields[1]);
        let options = Options { mode, ..Options::new(Level::Py314) };
        let arena = Arena::new();
        let found = match parse_text(&source, options, &arena) {
            Ok(_) => vec!["OK".to_string()],
            Err(error) => describe(&error),
        };
        let expected: Vec<String> = fields[2..]
            .iter()
            .map(|field| match field.starts_with('"') {
                true => String::from_utf8_lossy(&unquote(field)).into_owned(),
                false => field.to_string(),
            })
            .collect();
        rows += 1;
        if found != expected {
            wrong += 1;
            println!(
                "{} {}\n   expected {expected:?}\n   found    {found:?}",
                fields[0], fields[1]
            );
        }
    }
    println!("{rows} rows, {wrong} differ");
    assert!(rows > 0 && wrong == 0, "{wrong} of {rows} rows differ");
}
