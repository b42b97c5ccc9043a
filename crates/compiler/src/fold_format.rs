//! `template % value` on constants: CPython folds it like any other operation, so the texts must
//! be those of the running program.

use adder_bigint::Int;
use adder_bytecode::code::{Const, PyStrBuf, push_code_point};
use adder_bytecode::repr::{const_repr, printable};
use adder_numtext::IntRef;
use adder_numtext::percent::{
    Amount, Conversion, Piece, Pieces, pad_text, percent_float, percent_int,
};

use crate::fold::{as_float, as_int};

/// More than a fold may keep; stops wide fields before they are made.
const WIDEST: usize = 64;

/// The result, or nothing where Python would raise or the text would be long.
pub(crate) fn percent(template: &Const, value: &Const) -> Option<Const> {
    let bytes = matches!(template, Const::Bytes(_));
    let units: Vec<u32> = match template {
        Const::Str(text) => text.code_points().collect(),
        Const::Bytes(text) => text.iter().map(|&byte| u32::from(byte)).collect(),
        _ => return None,
    };
    let mut args = match value {
        Const::Tuple(items) => Args { items, next: 0, mapping: false },
        value => Args {
            items: std::slice::from_ref(value),
            next: 0,
            // What can be subscribed, and is no text, counts as a mapping, whose items need not
            // be used up.
            mapping: match value {
                Const::Str(_) => bytes,
                Const::Bytes(_) => !bytes,
                _ => false,
            },
        },
    };
    let mut out: Vec<u32> = Vec::new();
    for piece in Pieces::new(&units[..]) {
        match piece.ok()? {
            Piece::Literal(range) => out.extend_from_slice(&units[range]),
            Piece::Percent => out.push('%'.into()),
            Piece::Conversion(conversion) => convert(&conversion, &mut args, bytes, &mut out)?,
        }
        if out.len() > WIDEST {
            return None;
        }
    }
    if args.next < args.items.len() && !args.mapping {
        return None;
    }
    if bytes {
        let bytes: Option<Vec<u8>> = out.into_iter().map(|unit| u8::try_from(unit).ok()).collect();
        return bytes.map(|bytes| Const::Bytes(bytes.into()));
    }
    PyStrBuf::from_code_points(out).map(Const::Str)
}

struct Args<'a> {
    items: &'a [Const],
    next: usize,
    mapping: bool,
}

impl<'a> Args<'a> {
    fn next(&mut self) -> Option<&'a Const> {
        let item = self.items.get(self.next)?;
        self.next += 1;
        Some(item)
    }
}

fn convert(spec: &Conversion, args: &mut Args, bytes: bool, out: &mut Vec<u32>) -> Option<()> {
    // A key needs a dict, and no constant is one.
    if spec.key.is_some() {
        return None;
    }
    let mut flags = spec.flags;
    let width = match spec.width {
        Amount::None => 0,
        Amount::Given(width) => width,
        Amount::FromArgument => {
            let width = as_int(args.next()?)?.to_i64()?;
            flags.left |= width < 0;
            usize::try_from(width.unsigned_abs()).ok()?
        }
    };
    let precision = match spec.precision {
        Amount::None => None,
        Amount::Given(precision) => Some(precision),
        Amount::FromArgument => Some(usize::try_from(as_int(args.next()?)?.to_i64()?.max(0)).ok()?),
    };
    if width > WIDEST || precision.is_some_and(|precision| precision > WIDEST) {
        return None;
    }
    let value = args.next()?;
    let code = char::from_u32(spec.code)?;
    let padded = match code {
        'd' | 'i' | 'u' => {
            let int = match value {
                Const::Float(value) => Int::from_f64(*value)?,
                value => as_int(value)?,
            };
            percent_int(IntRef::Big(&int), code, flags, width, precision).ok()?
        }
        'o' | 'x' | 'X' => {
            percent_int(IntRef::Big(&as_int(value)?), code, flags, width, precision).ok()?
        }
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            percent_float(as_float(value)?, code, flags, width, precision).ok()?
        }
        _ => {
            let (text, precision) = match code {
                'c' => (character(value, bytes)?, None),
                's' | 'b' if bytes => match value {
                    Const::Bytes(text) => (text.iter().map(|&b| u32::from(b)).collect(), precision),
                    _ => return None,
                },
                's' => match value {
                    Const::Str(text) => (text.code_points().collect(), precision),
                    value => (repr(value)?, precision),
                },
                'r' if !bytes => (repr(value)?, precision),
                'a' | 'r' => (ascii(repr(value)?), precision),
                _ => return None,
            };
            let slice = pad_text(text.len(), flags, width, precision);
            out.extend(std::iter::repeat_n(u32::from(' '), slice.left));
            out.extend_from_slice(&text[..slice.take]);
            out.extend(std::iter::repeat_n(u32::from(' '), slice.right));
            return Some(());
        }
    };
    out.extend(padded.to_text().ok()?.chars().map(u32::from));
    Some(())
}

fn repr(value: &Const) -> Option<Vec<u32>> {
    // The address in a code object's text is nobody's to fold; a set's order is the machine's.
    if matches!(value, Const::Code(_) | Const::FrozenSet(_)) {
        return None;
    }
    Some(const_repr(value, printable).chars().map(u32::from).collect())
}

fn ascii(text: Vec<u32>) -> Vec<u32> {
    let escape = |unit: u32| -> String {
        match unit {
            0..=0x7f => char::from(unit as u8).to_string(),
            0x80..=0xff => format!("\\x{unit:02x}"),
            0x100..=0xffff => format!("\\u{unit:04x}"),
            _ => format!("\\U{unit:08x}"),
        }
    };
    text.into_iter().flat_map(|unit| escape(unit).into_bytes()).map(u32::from).collect()
}

fn character(value: &Const, bytes: bool) -> Option<Vec<u32>> {
    let unit = match value {
        Const::Str(text) if !bytes => {
            let mut points = text.code_points();
            let first = points.next()?;
            points.next().is_none().then_some(first)?
        }
        Const::Bytes(text) if bytes && text.len() == 1 => u32::from(*text.first()?),
        value => u32::try_from(as_int(value)?.to_i64()?).ok()?,
    };
    if bytes {
        u8::try_from(unit).ok()?;
    }
    push_code_point(&mut Vec::new(), unit)?;
    Some(vec![unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled() {
        let tuple = |items: &[Const]| Const::Tuple(items.into());
        let int = |value: i64| Const::Int(Int::from(value));
        for (template, value, expected) in [
            ("%s-%r", tuple(&[Const::str("a"), Const::str("b")]), Some("a-'b'")),
            ("%5.1f|", Const::Float(2.25), Some("  2.2|")),
            ("%-4d%%", int(7), Some("7   %")),
            ("%x", int(-255), Some("-ff")),
            ("%s", tuple(&[]), None),
            ("abc", int(1), None),
            ("abc", Const::Bytes((*b"x").into()), Some("abc")),
            ("%(k)s", int(1), None),
            ("%*d", tuple(&[int(3), int(1)]), Some("  1")),
            ("%c%c", tuple(&[int(97), Const::str("b")]), Some("ab")),
        ] {
            let got = percent(&Const::str(template), &value);
            let text = got.map(|got| match got {
                Const::Str(text) => text.to_string_lossy(),
                other => format!("{other:?}"),
            });
            assert_eq!(text.as_deref(), expected, "{template}");
        }
    }
}
