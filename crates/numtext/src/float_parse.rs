//! `float(text)` and `complex(text)`.
//!
//! The text is ASCII bytes. For a `str` that is not ASCII the caller has turned other scripts'
//! digits into ASCII ones and all white space into blanks, as CPython's
//! `_PyUnicode_TransformDecimalAndSpaceToASCII` does; it leaves ASCII alone, which is why
//! `float('\x1c1')` is an error and `float('\x1c1\u2003')` is not.

/// White space as `Py_ISSPACE`.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

pub(crate) fn trim(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|&byte| !is_space(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|&byte| !is_space(byte)).map_or(start, |last| last + 1);
    &text[start..end]
}

/// Without underscores, each of which must stand between two digits.
fn without_underscores(text: &[u8]) -> Option<std::borrow::Cow<'_, [u8]>> {
    if !text.contains(&b'_') {
        return Some(text.into());
    }
    let mut plain = Vec::with_capacity(text.len());
    for (index, &byte) in text.iter().enumerate() {
        if byte != b'_' {
            plain.push(byte);
            continue;
        }
        let before = index.checked_sub(1).and_then(|at| text.get(at));
        let after = text.get(index + 1);
        if ![before, after].iter().all(|side| side.is_some_and(u8::is_ascii_digit)) {
            return None;
        }
    }
    Some(plain.into())
}

/// `float(text)`; `None` means `ValueError: could not convert string to float: ...`.
pub fn parse_float(text: &[u8]) -> Option<f64> {
    let plain = without_underscores(trim(text))?;
    let (value, len) = float_prefix(&plain)?;
    (len == plain.len()).then_some(value)
}

/// The longest float at the start of `text`, and its length (`PyOS_string_to_double`).
fn float_prefix(text: &[u8]) -> Option<(f64, usize)> {
    let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let body = &text[sign..];
    let value = |len: usize| {
        let len = sign + len;
        let value = std::str::from_utf8(&text[..len]).ok()?.parse().ok()?;
        Some((value, len))
    };
    for (word, number) in [("infinity", f64::INFINITY), ("inf", f64::INFINITY), ("nan", f64::NAN)] {
        if body.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes())) {
            let number = if text[0] == b'-' { -number } else { number };
            return Some((number, sign + word.len()));
        }
    }
    let digits = |from: usize| body[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(0);
    let mut end = whole;
    let mut fraction = 0;
    if body.get(end) == Some(&b'.') {
        fraction = digits(end + 1);
        end += 1 + fraction;
    }
    if whole + fraction == 0 {
        return None;
    }
    if matches!(body.get(end), Some(b'e' | b'E')) {
        let exponent_sign = usize::from(matches!(body.get(end + 1), Some(b'+' | b'-')));
        let from = (end + 1 + exponent_sign).min(body.len());
        let exponent = digits(from);
        if exponent > 0 {
            end = from + exponent;
        }
    }
    value(end)
}

/// `complex(text)` as real and imaginary part; `None` means
/// `ValueError: complex() arg is a malformed string`.
pub fn parse_complex(text: &[u8]) -> Option<(f64, f64)> {
    let mut text = trim(text);
    if let Some(inner) = text.strip_prefix(b"(") {
        text = trim(inner.strip_suffix(b")")?);
    }
    let plain = without_underscores(text)?;
    complex_parts(&plain)
}

fn complex_parts(text: &[u8]) -> Option<(f64, f64)> {
    let is_j = |rest: &[u8]| matches!(rest, [b'j' | b'J']);
    // A sign alone before the `j`, or nothing, stands for 1.
    let unit = |rest: &[u8]| match rest {
        [b'+', rest @ ..] if is_j(rest) => Some(1.0),
        [b'-', rest @ ..] if is_j(rest) => Some(-1.0),
        _ => None,
    };
    if is_j(text) {
        return Some((0.0, 1.0));
    }
    if let Some(imag) = unit(text) {
        return Some((0.0, imag));
    }
    let (first, len) = float_prefix(text)?;
    let rest = &text[len..];
    if rest.is_empty() {
        return Some((first, 0.0));
    }
    if is_j(rest) {
        return Some((0.0, first));
    }
    if !matches!(rest[0], b'+' | b'-') {
        return None;
    }
    if let Some(imag) = unit(rest) {
        return Some((first, imag));
    }
    let (imag, len) = float_prefix(rest)?;
    is_j(&rest[len..]).then_some((first, imag))
}
