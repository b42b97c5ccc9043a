//! The four normalisation forms (Unicode Standard Annex 15).

use crate::database::{combining, decomposition_parts, quick_check_bits};
use crate::layout::{COMPOSITION_FIRST, COMPOSITION_RESULT, COMPOSITION_SECOND};
use crate::ucd_3_2_0;

/// A normalisation form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    Nfc,
    Nfd,
    Nfkc,
    Nfkd,
}

impl Form {
    /// The form called `NFC`, `NFD`, `NFKC` or `NFKD`.
    pub fn from_name(name: &str) -> Option<Form> {
        match name {
            "NFC" => Some(Form::Nfc),
            "NFD" => Some(Form::Nfd),
            "NFKC" => Some(Form::Nfkc),
            "NFKD" => Some(Form::Nfkd),
            _ => None,
        }
    }

    fn is_compatible(self) -> bool {
        matches!(self, Form::Nfkc | Form::Nfkd)
    }

    fn is_composed(self) -> bool {
        matches!(self, Form::Nfc | Form::Nfkc)
    }

    /// The place of this form's bits among the quick-check answers.
    fn shift(self) -> u32 {
        match self {
            Form::Nfc => 0,
            Form::Nfd => 2,
            Form::Nfkc => 4,
            Form::Nfkd => 6,
        }
    }
}

/// What a quick check can tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    Yes,
    Maybe,
    No,
}

/// Which version's decompositions hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Current,
    V3_2,
}

// Hangul syllables are made of their parts by rule (the Unicode Standard, section 3.12).
const S_BASE: u32 = 0xac00;
const L_BASE: u32 = 0x1100;
const V_BASE: u32 = 0x1161;
const T_BASE: u32 = 0x11a7;
pub(crate) const L_COUNT: u32 = 19;
pub(crate) const V_COUNT: u32 = 21;
pub(crate) const T_COUNT: u32 = 28;
const S_COUNT: u32 = L_COUNT * V_COUNT * T_COUNT;

/// The numbers of a syllable's parts: leading consonant, vowel, trailing consonant (0 for none).
pub(crate) fn hangul_parts(code: u32) -> Option<(u32, u32, u32)> {
    let index = code.checked_sub(S_BASE).filter(|&index| index < S_COUNT)?;
    Some((index / (V_COUNT * T_COUNT), index / T_COUNT % V_COUNT, index % T_COUNT))
}

pub(crate) fn hangul_syllable(l: u32, v: u32, t: u32) -> u32 {
    S_BASE + (l * V_COUNT + v) * T_COUNT + t
}

/// Appends the full decomposition of `code`.
fn decompose(code: u32, form: Form, version: Version, out: &mut Vec<u32>) {
    if code < 0x80 {
        out.push(code);
        return;
    }
    if let Some((l, v, t)) = hangul_parts(code) {
        out.extend([L_BASE + l, V_BASE + v]);
        if t != 0 {
            out.push(T_BASE + t);
        }
        return;
    }
    let parts = match version {
        Version::V3_2 if !ucd_3_2_0::is_assigned(code) => None,
        Version::V3_2 if let Some(correction) = ucd_3_2_0::correction(code) => {
            out.push(correction);
            return;
        }
        _ => decomposition_parts(code),
    };
    match parts {
        // The data decomposes in steps, at most a handful, and never in a circle.
        Some((tag, codes)) if tag == 0 || form.is_compatible() => {
            for &part in codes {
                decompose(part, form, version, out);
            }
        }
        _ => out.push(code),
    }
}

/// Sorts each run of combining marks by class, keeping the order within a class.
fn reorder(codes: &mut [u32]) {
    let mut start = 0;
    while start < codes.len() {
        if combining(codes[start]) == 0 {
            start += 1;
            continue;
        }
        let run = codes[start..].iter().take_while(|&&code| combining(code) != 0).count();
        codes[start..start + run].sort_by_key(|&code| combining(code));
        start += run;
    }
}

fn compose_pair(first: u32, second: u32) -> Option<u32> {
    if let (Some(l), Some(v)) = (first.checked_sub(L_BASE), second.checked_sub(V_BASE))
        && l < L_COUNT
        && v < V_COUNT
    {
        return Some(hangul_syllable(l, v, 0));
    }
    if let (Some((_, _, 0)), Some(t)) = (hangul_parts(first), second.checked_sub(T_BASE))
        && (1..T_COUNT).contains(&t)
    {
        return Some(first + t);
    }
    let from = COMPOSITION_FIRST.partition_point(|&code| code < first);
    let len = COMPOSITION_FIRST[from..].iter().take_while(|&&code| code == first).count();
    let at = COMPOSITION_SECOND[from..from + len].binary_search(&second).ok()?;
    Some(COMPOSITION_RESULT[from + at])
}

fn compose(codes: &mut Vec<u32>) {
    let mut starter = None;
    let mut last_class = 0;
    let mut len = 0;
    for index in 0..codes.len() {
        let code = codes[index];
        let class = combining(code);
        if let Some(at) = starter {
            // Nothing between, or only marks of lower classes: then the two can meet.
            let reaches = at + 1 == len || last_class < class;
            if reaches && let Some(composed) = compose_pair(codes[at], code) {
                codes[at] = composed;
                continue;
            }
        }
        if class == 0 {
            starter = Some(len);
        }
        last_class = class;
        codes[len] = code;
        len += 1;
    }
    codes.truncate(len);
}

pub(crate) fn normalize_as(
    form: Form,
    version: Version,
    text: impl IntoIterator<Item = u32>,
) -> Vec<u32> {
    let text = text.into_iter();
    let mut codes = Vec::with_capacity(text.size_hint().0);
    for code in text {
        decompose(code, form, version, &mut codes);
    }
    reorder(&mut codes);
    if form.is_composed() {
        compose(&mut codes);
    }
    codes
}

/// How many characters `text` is decomposed to on its way to the normal form `form`.
pub fn decomposed_len(form: Form, text: impl IntoIterator<Item = u32>) -> usize {
    let mut part = Vec::new();
    let mut len = |code| {
        part.clear();
        decompose(code, form, Version::Current, &mut part);
        part.len()
    };
    text.into_iter().map(&mut len).sum()
}

/// `text` in the normal form `form`.
pub fn normalize(form: Form, text: impl IntoIterator<Item = u32>) -> Vec<u32> {
    normalize_as(form, Version::Current, text)
}

/// Whether `text` is in the normal form, as far as its characters tell one by one.
pub fn quick_check(form: Form, text: impl IntoIterator<Item = u32>) -> Answer {
    let mut answer = Answer::Yes;
    let mut last_class = 0;
    for code in text {
        if code < 0x80 {
            last_class = 0;
            continue;
        }
        let class = combining(code);
        if class != 0 && last_class > class {
            return Answer::No;
        }
        last_class = class;
        match quick_check_bits(code) >> form.shift() & 3 {
            0 => {}
            1 => answer = Answer::Maybe,
            _ => return Answer::No,
        }
    }
    answer
}

/// `unicodedata.is_normalized`.
pub fn is_normalized(form: Form, text: &[u32]) -> bool {
    match quick_check(form, text.iter().copied()) {
        Answer::Yes => true,
        Answer::No => false,
        Answer::Maybe => normalize(form, text.iter().copied()) == text,
    }
}
