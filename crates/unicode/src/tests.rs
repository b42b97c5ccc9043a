//! CPython's answers for every code point, by checksum, and recorded texts
//! (`tests/data`, written by `tools/generate.py`).

use std::collections::HashMap;

use crate::*;

const ALL: std::ops::Range<u32> = 0..0x11_0000;

/// CRC-32 as zlib computes it.
struct Crc(u32);

impl Crc {
    fn new() -> Crc {
        Crc(!0)
    }

    fn add(&mut self, bytes: &[u8]) {
        static TABLE: std::sync::LazyLock<[u32; 256]> = std::sync::LazyLock::new(|| {
            std::array::from_fn(|byte| {
                (0..8).fold(byte as u32, |crc, _| {
                    if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
                })
            })
        });
        for byte in bytes {
            self.0 = self.0 >> 8 ^ TABLE[((self.0 ^ u32::from(*byte)) & 0xff) as usize];
        }
    }
}

fn crc_bytes(answer: impl Fn(u32) -> u8) -> u32 {
    let mut crc = Crc::new();
    ALL.for_each(|code| crc.add(&[answer(code)]));
    !crc.0
}

fn crc_text(answer: impl Fn(u32) -> String) -> u32 {
    let mut crc = Crc::new();
    ALL.for_each(|code| {
        crc.add(if code == 0 { b"" } else { b"\n" });
        crc.add(answer(code).as_bytes());
    });
    !crc.0
}

fn crc_wide(answer: impl Fn(u32) -> Vec<u32>) -> u32 {
    let mut crc = Crc::new();
    ALL.for_each(|code| {
        crc.add(if code == 0 { b"" } else { b"\n\0\0\0" });
        answer(code).iter().for_each(|code| crc.add(&code.to_le_bytes()));
    });
    !crc.0
}

fn shown(number: Option<u32>) -> String {
    number.map_or(String::new(), |number| number.to_string())
}

/// The values are few and short in decimal, as Python writes them.
fn shown_float(number: Option<f64>) -> String {
    match number {
        None => String::new(),
        Some(number) if number >= 1e16 => format!("{number:e}").replace('e', "e+"),
        Some(number) => format!("{number:?}"),
    }
}

fn check(name: &str, answer: u32) {
    let recorded: HashMap<&str, &str> = include_str!("../tests/data/checksums.txt")
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect();
    assert_eq!(recorded.get(name).copied(), Some(format!("{answer:08x}").as_str()), "{name}");
}

#[test]
fn predicates_as_recorded() {
    type Predicate = fn(u32) -> bool;
    let predicates: [(&str, Predicate); 14] = [
        ("isalpha", is_alpha),
        ("isalnum", is_alnum),
        ("isdecimal", is_decimal),
        ("isdigit", is_digit),
        ("isnumeric", is_numeric),
        ("isspace", is_space),
        ("isupper", is_upper),
        ("islower", is_lower),
        ("istitle", |code| is_title(code) || is_upper(code)),
        ("isprintable", is_printable),
        ("isidentifier", |code| is_xid_start(code) || code == 0x5f),
        ("xid_continue", is_xid_continue),
        ("linebreak", is_linebreak),
        ("sre_iscased", sre_is_cased),
    ];
    for (name, predicate) in predicates {
        check(name, crc_bytes(|code| u8::from(predicate(code))));
    }
}

#[test]
fn case_as_recorded() {
    check("sre_tolower", crc_text(|code| simple_lower(code).to_string()));
    // A capital sigma alone is not final: nothing cased comes before it.
    check("lower", crc_wide(|code| lower(code).to_vec()));
    check("upper", crc_wide(|code| upper(code).to_vec()));
    check("title", crc_wide(|code| title(code).to_vec()));
    check("casefold", crc_wide(|code| casefold(code).to_vec()));
}

#[test]
fn database_as_recorded() {
    check("category", crc_text(|code| category(code).into()));
    check("bidirectional", crc_text(|code| bidirectional(code).into()));
    check("east_asian_width", crc_text(|code| east_asian_width(code).into()));
    check("combining", crc_text(|code| combining(code).to_string()));
    check("mirrored", crc_text(|code| u8::from(mirrored(code)).to_string()));
    check("decomposition", crc_text(decomposition::<u32>));
    check("decimal", crc_text(|code| shown(decimal(code))));
    check("digit", crc_text(|code| shown(digit(code))));
    check("numeric", crc_text(|code| shown_float(numeric(code))));
    check("name", crc_text(|code| name(code).unwrap_or_default()));
}

#[test]
fn version_3_2_as_recorded() {
    use ucd_3_2_0 as old;
    check("category_3_2", crc_text(|code| old::category(code).into()));
    check("bidirectional_3_2", crc_text(|code| old::bidirectional(code).into()));
    check("east_asian_width_3_2", crc_text(|code| old::east_asian_width(code).into()));
    check("combining_3_2", crc_text(|code| old::combining(code).to_string()));
    check("mirrored_3_2", crc_text(|code| u8::from(old::mirrored(code)).to_string()));
    check("decomposition_3_2", crc_text(old::decomposition::<u32>));
    check("decimal_3_2", crc_text(|code| shown(old::decimal(code))));
    check("digit_3_2", crc_text(|code| shown(old::digit(code))));
    check("numeric_3_2", crc_text(|code| shown_float(old::numeric(code))));
    check("name_3_2", crc_text(|code| old::name(code).unwrap_or_default()));
}

#[test]
fn normal_forms_as_recorded() {
    for form_name in ["NFC", "NFD", "NFKC", "NFKD"] {
        let form = Form::from_name(form_name).expect("a form");
        check(form_name, crc_wide(|code| normalize(form, [code])));
        let name = format!("{form_name}_check");
        check(&name, crc_bytes(|code| u8::from(is_normalized(form, &[code]))));
        let name = format!("{form_name}_3_2");
        check(&name, crc_wide(|code| ucd_3_2_0::normalize(form, [code])));
        let name = format!("{form_name}_check_3_2");
        check(&name, crc_bytes(|code| u8::from(ucd_3_2_0::is_normalized(form, &[code]))));
    }
    let codes = |text: &str| -> Vec<u32> {
        text.split(' ').map(|code| u32::from_str_radix(code, 16).expect("hexadecimal")).collect()
    };
    let mut count = 0;
    for line in include_str!("../tests/data/normalization.txt").lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [text, forms @ .., checks] = fields.as_slice() else { panic!("{line}") };
        let text = codes(text);
        let all = [Form::Nfc, Form::Nfd, Form::Nfkc, Form::Nfkd];
        for ((form, expected), normal) in all.into_iter().zip(forms).zip(checks.bytes()) {
            assert_eq!(normalize(form, text.iter().copied()), codes(expected), "{form:?} {line}");
            assert_eq!(is_normalized(form, &text), normal == b'1', "{form:?} {line}");
            assert!(is_normalized(form, &codes(expected)));
        }
        count += 1;
    }
    assert_eq!(count, 400);
}

#[test]
fn every_name_finds_its_character() {
    for code in ALL {
        let Some(name) = name(code) else { continue };
        assert_eq!(lookup(&name).and_then(|named| named.single()), Some(code), "{name}");
    }
    for line in include_str!("../tests/data/aliases.txt").lines() {
        let (name, expected) = line.split_once('\t').expect("two fields");
        let found = lookup(name).expect("a named character");
        let found: Vec<String> = found.iter().map(|code| format!("{code:x}")).collect();
        assert_eq!(found.join(" "), expected, "{name}");
    }
    // unicodedata.lookup in CPython 3.14
    for (name, expected) in [
        ("space", Some(0x20)),
        ("Latin Small Letter A", Some(0x61)),
        ("CJK UNIFIED IDEOGRAPH-4e00", None),
        ("cjk unified ideograph-4E00", None),
        ("CJK UNIFIED IDEOGRAPH-04E00", Some(0x4e00)),
        ("CJK UNIFIED IDEOGRAPH-0041", None),
        ("cjk compatibility ideograph-f900", Some(0xf900)),
        ("NUSHU CHARACTER-01B170", None),
        ("tangut ideograph-17000", None),
        ("hangul syllable ga", None),
        ("HANGUL SYLLABLE GA", Some(0xac00)),
        ("HANGUL SYLLABLE GGWALG", Some(0xaf51)),
        ("HANGUL SYLLABLE ", None),
        ("", None),
        (" SPACE", None),
        ("SPACE ", None),
        ("NO SUCH NAME", None),
    ] {
        assert_eq!(lookup(name).and_then(|named| named.single()), expected, "{name:?}");
    }
}

#[test]
fn sigmas() {
    // (text, what "\u03a3" in it becomes), by str.lower of CPython 3.14
    for (text, expected) in [
        ("\u{3a3}", false),
        ("A\u{3a3}", true),
        ("A\u{3a3}B", false),
        ("A\u{3a3}.", true),
        ("A.\u{3a3}.B", false),
        ("A.\u{3a3}. B", true),
        (".\u{3a3}", false),
        ("1\u{3a3}", false),
        ("A\u{ad}\u{3a3}", true),
    ] {
        let codes: Vec<u32> = text.chars().map(u32::from).collect();
        let index = codes.iter().position(|&code| code == 0x3a3).expect("a sigma");
        assert_eq!(is_final_sigma(|at| codes[at], codes.len(), index), expected, "{text:?}");
    }
}

#[test]
fn numbers_past_the_last_code_point_have_no_properties() {
    for code in [0x11_0000, 0x20_0000, u32::MAX] {
        assert!(!is_alpha(code) && !is_printable(code) && !is_space(code));
        assert_eq!((simple_lower(code), name(code), numeric(code)), (code, None, None));
    }
}
