//! Every case of `tests/data/*.txt`, which `tools/record.py` took down from CPython 3.14.

use adder_bigint::Int;

use crate::float_text::{FloatText, Form};
use crate::format::Part;
use crate::int_parse::{DEFAULT_MAX_STR_DIGITS, parse_int};
use crate::markup::{Chunks, Key, Step, split_field_name};
use crate::percent::{Amount, Piece, Pieces, pad_text, percent_float, percent_int};
use crate::*;

/// Rows of tab-separated fields.
fn rows(data: &str) -> impl Iterator<Item = Vec<&str>> {
    data.lines().map(|line| line.split('\t').collect())
}

/// Undoes Python's `unicode_escape`.
fn unescape(text: &str) -> Vec<u32> {
    let mut out = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(u32::from(c));
            continue;
        }
        let digits = match chars.next().expect("an escape") {
            'n' => "a".to_owned(),
            't' => "9".to_owned(),
            'r' => "d".to_owned(),
            'x' => chars.by_ref().take(2).collect(),
            'u' => chars.by_ref().take(4).collect(),
            'U' => chars.by_ref().take(8).collect(),
            other => format!("{:x}", u32::from(other)),
        };
        out.push(u32::from_str_radix(&digits, 16).expect("hexadecimal"));
    }
    out
}

fn hex(text: &str) -> f64 {
    float_hex::float_from_hex(text.as_bytes()).expect("a float")
}

fn big(text: &str) -> Int {
    Int::from_str_radix(text, 10).expect("an int")
}

fn show_error(error: &Error) -> String {
    let kind = match error.kind {
        ErrorKind::Value => "ValueError",
        ErrorKind::Overflow => "OverflowError",
        ErrorKind::Memory => "MemoryError",
    };
    format!("!{kind}: {error}")
}

fn points(padded: &Padded) -> Vec<u32> {
    let mut out = Vec::new();
    for part in padded.parts() {
        match part {
            Part::Fill(fill, count) => out.extend(std::iter::repeat_n(fill, count)),
            Part::Text(text) => out.extend(text.chars().map(u32::from)),
        }
    }
    assert_eq!(out.len(), padded.char_len());
    out
}

fn sliced(value: &[u32], slice: Slice) -> Vec<u32> {
    let mut out = vec![slice.fill; slice.left];
    out.extend_from_slice(&value[..slice.take]);
    out.extend(std::iter::repeat_n(slice.fill, slice.right));
    out
}

/// Compares in code points, errors by their text.
#[track_caller]
fn check(result: Result<Vec<u32>, Error>, expected: &str, case: &[&str]) {
    let result = result.unwrap_or_else(|error| show_error(&error).chars().map(u32::from).collect());
    let expected = unescape(expected);
    let text = |points: &[u32]| -> String {
        points.iter().map(|&c| char::from_u32(c).unwrap_or('?')).collect()
    };
    assert_eq!(text(&result), text(&expected), "{case:?}");
    assert_eq!(result, expected, "{case:?}");
}

#[test]
fn format_as_recorded() {
    let locale = Locale::default();
    let mut count = 0;
    for row in rows(include_str!("../tests/data/format.txt")) {
        let [kind, value, spec, expected] = row[..] else { panic!("{row:?}") };
        let align = if kind == "str" { Align::Left } else { Align::Right };
        let points_of = |padded: Result<Padded, Error>| padded.map(|padded| points(&padded));
        let result =
            FormatSpec::parse(unescape(spec).as_slice(), kind, align).and_then(|spec| match kind {
                "int" => {
                    let long = big(value);
                    let result = points_of(format_int(IntRef::Big(&long), &spec, kind, &locale));
                    if let Some(small) = long.to_i64() {
                        let small =
                            points_of(format_int(IntRef::Small(small), &spec, kind, &locale));
                        assert_eq!(small, result);
                    }
                    result
                }
                "float" => points_of(format_float(hex(value), &spec, kind, &locale)),
                "complex" => {
                    let (real, imag) = value.split_once(' ').expect("two parts");
                    points_of(format_complex(hex(real), hex(imag), &spec, kind, &locale))
                }
                _ => {
                    let text = unescape(value);
                    format_str(text.len(), &spec, kind).map(|slice| sliced(&text, slice))
                }
            });
        check(result, expected, &row);
        count += 1;
    }
    assert!(count > 3000);
}

/// The only conversion in `template`.
fn conversion(template: &str) -> percent::Conversion {
    let mut pieces = Pieces::new(template.as_bytes());
    let Some(Ok(Piece::Conversion(found))) = pieces.next() else { panic!("{template}") };
    assert_eq!(pieces.next(), None);
    found
}

fn given(amount: Amount) -> Option<usize> {
    match amount {
        Amount::Given(value) => Some(value),
        _ => None,
    }
}

#[test]
fn percent_as_recorded() {
    for row in rows(include_str!("../tests/data/percent.txt")) {
        let [kind, value, template, expected] = row[..] else { panic!("{row:?}") };
        let found = conversion(template);
        let code = char::from_u32(found.code).expect("a character");
        let width = given(found.width).unwrap_or(0);
        let precision = given(found.precision);
        let result = if kind == "int" {
            percent_int(IntRef::Big(&big(value)), code, found.flags, width, precision)
        } else {
            percent_float(hex(value), code, found.flags, width, precision)
        };
        check(result.map(|padded| points(&padded)), expected, &row);
    }
}

#[test]
fn percent_templates_as_recorded() {
    for row in rows(include_str!("../tests/data/percent_templates.txt")) {
        let [template, expected] = row[..] else { panic!("{row:?}") };
        let text = unescape(template);
        // The values of the recording: 1 without a key, else by the key.
        let run = || {
            let mut out = Vec::new();
            for piece in Pieces::new(text.as_slice()) {
                match piece? {
                    Piece::Literal(range) => out.extend_from_slice(&text[range]),
                    Piece::Percent => out.push(u32::from('%')),
                    Piece::Conversion(found) => {
                        let value = match found.key.as_ref().map(|key| key.len()) {
                            None | Some(1) => "1",
                            Some(0) => "3",
                            Some(_) => "2",
                        };
                        if !matches!(char::from_u32(found.code), Some('s' | 'd')) {
                            return Err(found.unsupported());
                        }
                        let value: Vec<u32> = value.chars().map(u32::from).collect();
                        let width = given(found.width).unwrap_or(0);
                        let slice =
                            pad_text(value.len(), found.flags, width, given(found.precision));
                        out.extend(sliced(&value, slice));
                    }
                }
            }
            Ok(out)
        };
        check(run(), expected, &row);
    }
}

#[test]
fn floats_as_recorded() {
    for row in rows(include_str!("../tests/data/floats.txt")) {
        let [value, repr, rounded, digits, ratio] = row[..] else { panic!("{row:?}") };
        let float = hex(value);
        assert_eq!(float_hex::float_hex(float), value);
        assert_eq!(float_repr(float), repr);
        assert_eq!(
            FloatText { dot_zero: true, ..FloatText::new(Form::Repr) }.text(float),
            Ok(repr.into())
        );
        let back = float_parse::parse_float(repr.as_bytes()).expect("a float");
        assert!(back == float || back.is_nan());
        let ndigits: i64 = digits.parse().expect("a number");
        let result = rounding::round_to(float, ndigits).map(float_repr);
        assert_eq!(result.unwrap_or_else(|error| show_error(&error)), rounded, "{row:?}");
        if ratio != "-" {
            let result = rounding::as_integer_ratio(float).map(|(n, d)| format!("{n}/{d}"));
            assert_eq!(result.unwrap_or_else(|error| show_error(&error)), ratio, "{row:?}");
        }
    }
}

#[test]
fn parsing_as_recorded() {
    for row in rows(include_str!("../tests/data/parse.txt")) {
        let [kind, escaped, base, expected] = row[..] else { panic!("{row:?}") };
        let text: Vec<u8> = unescape(escaped).into_iter().map(|c| c as u8).collect();
        let result = match kind {
            "float" => float_parse::parse_float(&text).map(float_repr).ok_or(None),
            "complex" => float_parse::parse_complex(&text)
                .map(|(real, imag)| complex_repr(real, imag))
                .ok_or(None),
            "int" => parse_int(&text, base.parse().expect("a base"), DEFAULT_MAX_STR_DIGITS)
                .map(|parsed| parsed.into_int().to_string())
                .map_err(|_| None),
            _ => float_hex::float_from_hex(&text).map(float_hex::float_hex).map_err(Some),
        };
        match result {
            Ok(text) => assert_eq!(text, expected, "{row:?}"),
            Err(Some(error)) => assert_eq!(show_error(&error), expected, "{row:?}"),
            Err(None) => assert!(expected.starts_with("!ValueError: "), "{row:?}"),
        }
    }
}

#[test]
fn templates_as_recorded() {
    for row in rows(include_str!("../tests/data/templates.txt")) {
        let [template, parts, names] = row[..] else { panic!("{row:?}") };
        let text = unescape(template);
        let show = |range: &std::ops::Range<usize>| -> String {
            text[range.clone()].iter().map(|&c| char::from_u32(c).unwrap_or('?')).collect()
        };
        let run = || {
            let mut out = String::new();
            for chunk in Chunks::new(text.as_slice()) {
                let chunk = chunk?;
                let field = match &chunk.field {
                    None => "None|None|None".to_owned(),
                    Some(field) => {
                        let conversion = match field.conversion.and_then(char::from_u32) {
                            None => "None".to_owned(),
                            Some(conversion) => conversion.to_string(),
                        };
                        format!("{}|{}|{conversion}", show(&field.name), show(&field.spec))
                    }
                };
                out.push_str(&format!("<{}|{field}>", show(&chunk.literal)));
            }
            Ok(out.chars().map(u32::from).collect())
        };
        check(run(), parts, &row);
        let show_key = |key: &Key| match key {
            Key::Index(index) => index.to_string(),
            Key::Name(name) => format!("'{}'", show(name)),
        };
        let run = || {
            let mut out = Vec::new();
            for chunk in Chunks::new(text.as_slice()) {
                let Some(field) = chunk?.field else { continue };
                let (first, steps) = split_field_name(text.as_slice(), field.name)?;
                let mut shown = show_key(&first);
                for step in steps {
                    shown.push_str(&match step? {
                        Step::Attribute(name) => format!(".'{}'", show(&name)),
                        Step::Item(key) => format!("[{}", show_key(&key)),
                    });
                }
                out.push(shown);
            }
            Ok(out.join(" ").chars().map(u32::from).collect())
        };
        check(run(), names, &row);
    }
}

#[test]
fn repr_reads_back() {
    let mut bits = 0x1234_5678_9abc_def1u64;
    for _ in 0..50_000 {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        let value = f64::from_bits(bits);
        if value.is_finite() {
            assert_eq!(float_parse::parse_float(float_repr(value).as_bytes()), Some(value));
            assert_eq!(hex(&float_hex::float_hex(value)), value);
        }
    }
}

#[test]
fn integers_round_half_to_even() {
    for (value, places, expected) in [
        (25, 1, 20),
        (35, 1, 40),
        (-25, 1, -20),
        (-35, 1, -40),
        (-26, 1, -30),
        (5, 1, 0),
        (15, 1, 20),
        (499, 3, 0),
        (501, 3, 1000),
        (7, u64::MAX, 0),
    ] {
        assert_eq!(rounding::round_int(&Int::from(value), places), Some(Int::from(expected)));
    }
}

#[test]
fn digit_limits() {
    let digits = "1".repeat(4301);
    let error = int_parse::IntParseError::TooManyDigits(4301);
    assert_eq!(parse_int(digits.as_bytes(), 10, DEFAULT_MAX_STR_DIGITS), Err(error));
    assert!(parse_int(digits.as_bytes(), 10, 0).is_ok());
    assert!(parse_int(digits.as_bytes(), 2, DEFAULT_MAX_STR_DIGITS).is_ok());
    for exp in [1u64, 639, 640, 641, 4299, 4300, 4301, 100_000] {
        let value = Int::from(10).pow(exp).expect("small");
        for (value, len) in [(value.sub(&Int::ONE), exp), (value, exp + 1)] {
            if let Some(exceeds) = int_parse::exceeds_limit(&value, 4300) {
                assert_eq!(exceeds, len > 4300, "{len}");
            } else {
                assert!((4299..=4301).contains(&len));
            }
        }
    }
}

#[test]
fn locales_group_by_their_rules() {
    let spec = FormatSpec::parse(&b"n"[..], "int", Align::Right).expect("a spec");
    let mut locale =
        Locale { decimal_point: ",".into(), thousands_sep: "\u{a0}".into(), grouping: vec![3, 2] };
    let show = |value, locale: &Locale| {
        format_int(IntRef::Small(value), &spec, "int", locale).and_then(|padded| padded.to_text())
    };
    assert_eq!(show(123456789, &locale), Ok("12\u{a0}34\u{a0}56\u{a0}789".into()));
    locale.grouping = vec![3, 127];
    assert_eq!(show(123456789, &locale), Ok("123456\u{a0}789".into()));
    let float = format_float(1234.5, &spec, "float", &locale).and_then(|padded| padded.to_text());
    assert_eq!(float, Ok("1\u{a0}234,5".into()));
}
