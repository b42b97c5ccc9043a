//! What CPython's engine makes of patterns and texts (`tests/data`, written by
//! `tools/record.py`), and what no recording can show: limits, bad codes, speed classes.

use crate::*;

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

fn go_on() -> bool {
    true
}

fn show<U: Unit>(matcher: &Matcher<'_, U>) -> String {
    let Some(captures) = matcher.captures() else { return "-".into() };
    let spans: Vec<String> = captures
        .spans
        .iter()
        .map(|span| span.map_or("-1:-1".into(), |(start, end)| format!("{start}:{end}")))
        .collect();
    format!("{};{}", spans.join(","), captures.lastindex.unwrap_or(0))
}

type Method<'a, U> = fn(&mut Matcher<'a, U>, &mut dyn FnMut() -> bool) -> Result<bool, Interrupt>;

/// All that a recorded line tells, found by this engine.
fn results<'a, U: Unit>(pattern: &'a Pattern, text: &'a [U]) -> String {
    let once = |method: Method<'a, U>, pos, endpos| {
        let mut matcher = Matcher::new(pattern, text, pos, endpos);
        method(&mut matcher, &mut go_on).expect("not interrupted");
        show(&matcher)
    };
    let all = |method: Method<'a, U>| {
        let mut matcher = Matcher::new(pattern, text, 0, text.len());
        let mut found = Vec::new();
        while method(&mut matcher, &mut go_on).expect("not interrupted") {
            found.push(show(&matcher));
        }
        found.join(" ")
    };
    let len = text.len();
    [
        once(Matcher::search, 0, len),
        once(Matcher::match_at, 0, len),
        once(Matcher::fullmatch, 0, len),
        all(Matcher::search),
        all(Matcher::next_match),
        once(Matcher::search, 1, len.saturating_sub(1)),
    ]
    .join("|")
}

#[test]
fn matches_as_recorded() {
    // A longer recording can be named; the one committed is a choice.
    let longer = std::env::var("REGEX_CASES").ok();
    let longer = longer.map(|path| std::fs::read_to_string(path).expect("a recording"));
    let data = longer.as_deref().unwrap_or(include_str!("../tests/data/matches.txt"));
    let mut pattern = None;
    let mut shown = "";
    let mut count = 0;
    for line in data.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[..] {
            ["P", code, groups, _, source] => {
                let code: Vec<u32> = code
                    .split(' ')
                    .map(|word| u32::from_str_radix(word, 16).expect("hexadecimal"))
                    .collect();
                let groups = groups.parse().expect("a number");
                let compiled = Pattern::new(&code, groups, &LocaleTable::default());
                pattern = Some(compiled.unwrap_or_else(|_| panic!("refused: {source}")));
                shown = source;
            }
            ["T", text, expected] => {
                let text = unescape(text);
                let pattern = pattern.as_ref().expect("a pattern first");
                let case = format!("{shown}  on  {text:x?}");
                assert_eq!(results(pattern, &text), expected, "{case}");
                let narrow: Option<Vec<u8>> = text.iter().map(|&c| u8::try_from(c).ok()).collect();
                if let Some(narrow) = narrow {
                    assert_eq!(results(pattern, &narrow), expected, "bytes: {case}");
                }
                let middle: Option<Vec<u16>> =
                    text.iter().map(|&c| u16::try_from(c).ok()).collect();
                if let Some(middle) = middle {
                    assert_eq!(results(pattern, &middle), expected, "u16: {case}");
                }
                count += 1;
            }
            _ => panic!("{line}"),
        }
    }
    assert!(count > 2000);
}

// Some codes, by their operators' numbers (`opcode::Op`): LITERAL 16, SUCCESS 1, and so on.
const MAX: u32 = MAXREPEAT;
/// `(?:a+)+b`
const NESTED: &[u32] = &[23, 10, 1, MAX, 24, 6, 1, MAX, 16, 97, 1, 18, 16, 98, 1];
/// `a*?b` with the newline allowed
const LAZY: &[u32] = &[26, 5, 0, MAX, 3, 1, 16, 98, 1];
/// `(?:a|ab)*c`
const BRANCHES: &[u32] =
    &[23, 17, 0, MAX, 7, 5, 16, 97, 15, 9, 7, 16, 97, 16, 98, 15, 2, 0, 18, 16, 99, 1];

fn pattern(code: &[u32]) -> Pattern {
    Pattern::new(code, 0, &LocaleTable::default()).expect("a good code")
}

#[test]
fn the_caller_can_stop_a_match() {
    let text = vec![b'a'; 40];
    let nested = pattern(NESTED);
    // The required `b` is not there: found out without any backtracking.
    let mut matcher = Matcher::new(&nested, &text, 0, text.len());
    assert_eq!(matcher.search(&mut || false), Ok(false));
    let mut text = text;
    text.extend(b"cb");
    let mut polls = 0;
    let mut matcher = Matcher::new(&nested, &text, 0, text.len());
    let mut poll = || {
        polls += 1;
        polls < 10
    };
    assert_eq!(matcher.match_at(&mut poll), Err(Interrupt::Stopped));
    assert_eq!(polls, 10);
}

#[test]
fn long_texts_need_no_native_stack() {
    std::thread::Builder::new()
        .stack_size(256 * 1024)
        .spawn(|| {
            let mut text = b"ab".repeat(300_000);
            text.push(b'c');
            let branches = pattern(BRANCHES);
            let mut matcher = Matcher::new(&branches, &text, 0, text.len());
            assert_eq!(matcher.match_at(&mut go_on), Ok(true));
            assert_eq!(matcher.span(), Some((0, text.len())));
            let mut matcher = Matcher::new(&branches, &text, 0, text.len() - 1);
            assert_eq!(matcher.match_at(&mut go_on), Ok(false));
        })
        .expect("a thread")
        .join()
        .expect("no overflow");
}

#[test]
fn memory_is_bounded() {
    // `(?:.|..)*c`: two choices for each letter.
    let code = [23, 14, 0, MAX, 7, 4, 3, 15, 7, 5, 3, 3, 15, 2, 0, 18, 16, 99, 1];
    let pattern = pattern(&code);
    let text = vec![b'a'; 8_000_000];
    let mut matcher = Matcher::new(&pattern, &text, 0, text.len());
    assert_eq!(matcher.match_at(&mut go_on), Err(Interrupt::OutOfMemory));
}

#[test]
fn failing_searches_are_linear() {
    // Each of these would take hours if every start were tried in full.
    let text = vec![b'a'; 2_000_000];
    for code in [NESTED, LAZY] {
        let pattern = pattern(code);
        let mut matcher = Matcher::new(&pattern, &text, 0, text.len());
        assert_eq!(matcher.search(&mut go_on), Ok(false));
    }
    // `a+c` where a `c` comes, but too late
    let mut text = text;
    text.extend(b"b".repeat(10));
    text.extend(b"cd");
    let code = [24, 6, 1, MAX, 16, 97, 1, 16, 99, 1];
    let pattern = pattern(&code);
    let mut matcher = Matcher::new(&pattern, &text, 0, text.len());
    assert_eq!(matcher.search(&mut go_on), Ok(false));
}

#[test]
fn bad_codes_are_refused() {
    let refuse = |code: &[u32], groups| {
        let result = Pattern::new(code, groups, &LocaleTable::default());
        assert!(result.is_err(), "{code:?}");
    };
    for code in [NESTED, LAZY, BRANCHES] {
        // Every proper prefix, and every word replaced by something wild: an error or a pattern
        // that runs, never a panic.
        for len in 0..code.len() {
            refuse(&code[..len], 0);
        }
        for at in 0..code.len() {
            for wild in [0, 1, 2, 7, 15, 23, 43, 0x7fff_ffff, u32::MAX] {
                let mut code = code.to_vec();
                code[at] = wild;
                if let Ok(pattern) = Pattern::new(&code, 0, &LocaleTable::default()) {
                    let mut steps = 0;
                    let mut poll = || {
                        steps += 1;
                        steps < 3
                    };
                    let _ = Matcher::new(&pattern, b"aabcab", 0, 6).search(&mut poll);
                }
            }
        }
    }
    refuse(&[17, 0, 1], 0);
    refuse(&[17, 2, 1], 1);
    refuse(&[11, 0, 1], 0);
    refuse(&[16], 0);
    refuse(&[25, 1], 0);
    refuse(&[1], usize::MAX);
    // Deep nesting is refused, not followed.
    let mut code = Vec::new();
    for depth in (0..5000u32).rev() {
        code.extend([27, depth * 3 + 2]);
    }
    code.extend([1; 5001]);
    refuse(&code, 0);
}

#[test]
fn nesting_up_to_the_limit_fits_a_small_stack() {
    std::thread::Builder::new()
        .stack_size(1024 * 1024)
        .spawn(|| {
            let levels = 400u32;
            let mut code = Vec::new();
            for level in 0..levels {
                // The skip leads past the SUCCESS that closes the level.
                code.extend([27, 1 + (levels - 1 - level) * 3 + 2 + 1]);
            }
            code.extend([16, 97]);
            code.extend(vec![1; levels as usize + 1]);
            let pattern = pattern(&code);
            let mut matcher = Matcher::new(&pattern, b"a".as_slice(), 0, 1);
            assert_eq!(matcher.match_at(&mut go_on), Ok(true));
        })
        .expect("a thread")
        .join()
        .expect("no overflow");
}

#[test]
fn a_locale_decides_for_bytes() {
    // ISO 8859-1's letters: 0xe9 is the lower case of 0xc9.
    let mut locale = LocaleTable::default();
    (locale.lower[0xc9], locale.upper[0xe9]) = (0xe9, 0xc9);
    (locale.alnum[0xc9], locale.alnum[0xe9]) = (true, true);
    // `(?iL)\xe9` and `(?L)\w`
    for (code, text, expected) in [
        (&[36, 0xe9, 1][..], 0xc9u8, true),
        (&[37, 0xe9, 1], 0xc9, false),
        (&[35, 4, 16, 0xe9, 0, 1], 0xc9, true),
        (&[13, 4, 8, 8, 0, 1], 0xc9, true),
    ] {
        for (locale, expected) in [(&locale, expected), (&LocaleTable::default(), code[0] == 37)] {
            let pattern = Pattern::new(code, 0, locale).expect("a good code");
            let mut matcher = Matcher::new(&pattern, std::slice::from_ref(&text), 0, 1);
            assert_eq!(matcher.match_at(&mut go_on), Ok(expected), "{code:?}");
        }
    }
}
