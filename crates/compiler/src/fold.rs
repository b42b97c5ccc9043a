//! Arithmetic on constants, for the peephole optimiser: Python's own results, or nothing where
//! Python would raise, or where the result would be too large to keep (3.6.15 has the limits of
//! 3.7: 128 bits for integers, 20 items where a sequence is repeated).

use adder_bigint::{Int, hash_f64};
use adder_bytecode::code::{Const, PyStrBuf};
use adder_bytecode::opcode::Op;
use hashbrown::HashMap;

use crate::fold_complex as complex;

const MOST_BITS: u64 = 128;
const MOST_ITEMS: u64 = 20;

/// Instructions with two operands that are folded.
pub(crate) const fn is_binary(op: Op) -> bool {
    matches!(
        op,
        Op::BINARY_POWER
            | Op::BINARY_MULTIPLY
            | Op::BINARY_TRUE_DIVIDE
            | Op::BINARY_FLOOR_DIVIDE
            | Op::BINARY_MODULO
            | Op::BINARY_ADD
            | Op::BINARY_SUBTRACT
            | Op::BINARY_SUBSCR
            | Op::BINARY_LSHIFT
            | Op::BINARY_RSHIFT
            | Op::BINARY_AND
            | Op::BINARY_XOR
            | Op::BINARY_OR
    )
}

pub(crate) fn unary(op: Op, value: &Const) -> Option<Const> {
    if let Some(int) = as_int(value) {
        return Some(Const::Int(match op {
            Op::UNARY_NEGATIVE => int.neg(),
            Op::UNARY_INVERT => int.invert(),
            _ => int,
        }));
    }
    match (op, value) {
        (Op::UNARY_NEGATIVE, Const::Float(value)) => Some(Const::Float(-value)),
        (Op::UNARY_NEGATIVE, Const::Complex(re, im)) => Some(Const::Complex(-re, -im)),
        (Op::UNARY_POSITIVE, Const::Float(_) | Const::Complex(..)) => Some(value.clone()),
        _ => None,
    }
}

pub(crate) fn binary(op: Op, a: &Const, b: &Const, modern: bool) -> Option<Const> {
    if let (Some(x), Some(y)) = (as_int(a), as_int(b)) {
        if let (Some(p), Some(q)) = (as_bool(a), as_bool(b)) {
            match op {
                Op::BINARY_AND => return Some(from_bool(p & q)),
                Op::BINARY_OR => return Some(from_bool(p | q)),
                Op::BINARY_XOR => return Some(from_bool(p ^ q)),
                _ => {}
            }
        }
        ints(op, &x, &y)
    } else if is_number(a) && is_number(b) {
        match (as_float(a), as_float(b)) {
            (Some(x), Some(y)) => floats(op, x, y),
            // What mixing real and complex numbers gives differs between the levels.
            _ if modern => None,
            _ => complex::binary(op, as_complex(a)?, as_complex(b)?),
        }
    } else {
        sequences(op, a, b)
    }
}

/// Constants of which no two are equal, in the order in which they came, as a set keeps them.
#[derive(Default)]
pub(crate) struct Distinct {
    kept: Vec<Const>,
    by_hash: HashMap<u64, Vec<u32>, crate::hash::Build>,
}

impl Distinct {
    /// False if an equal one is there.
    pub(crate) fn insert(&mut self, item: Const) -> bool {
        let same_hash = self.by_hash.entry(hash(&item)).or_default();
        if same_hash.iter().any(|&i| equal(&self.kept[i as usize], &item)) {
            return false;
        }
        same_hash.push(self.kept.len() as u32);
        self.kept.push(item);
        true
    }
}

/// The items without those equal to an earlier one.
pub(crate) fn distinct(items: Vec<Const>) -> Vec<Const> {
    let mut all = Distinct::default();
    for item in items {
        all.insert(item);
    }
    all.kept
}

/// A hash that equal constants share.
fn hash(value: &Const) -> u64 {
    use std::hash::Hasher;
    let mut hasher = crate::hash::Multiply::default();
    match value {
        Const::Float(value) | Const::Complex(value, _) => {
            hasher.write_u64(hash_f64(*value).unwrap_or(0) as u64);
        }
        Const::Str(text) => hasher.write(text.as_bytes()),
        Const::Bytes(bytes) => hasher.write(bytes),
        Const::Tuple(items) => items.iter().for_each(|item| hasher.write_u64(hash(item))),
        _ => hasher.write_u64(as_int(value).map_or(1, |int| int.py_hash() as u64)),
    }
    hasher.finish()
}

/// Python's `==` of constants.
fn equal(a: &Const, b: &Const) -> bool {
    if is_number(a) && is_number(b) {
        let imag = |value: &Const| if let Const::Complex(_, im) = value { *im } else { 0.0 };
        let real = |value: &Const| if let Const::Complex(re, _) = value { Some(*re) } else { None };
        if imag(a) != imag(b) {
            return false;
        }
        let float = |value: &Const| match value {
            Const::Float(value) => Some(*value),
            _ => real(value),
        };
        return match (float(a), float(b)) {
            (Some(x), Some(y)) => x == y,
            (Some(x), None) => as_int(b).is_some_and(|int| int.eq_f64(x)),
            (None, Some(y)) => as_int(a).is_some_and(|int| int.eq_f64(y)),
            (None, None) => as_int(a) == as_int(b),
        };
    }
    match (a, b) {
        (Const::Tuple(a), Const::Tuple(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equal(a, b))
        }
        _ => a.is_same(b),
    }
}

fn from_bool(value: bool) -> Const {
    if value { Const::True } else { Const::False }
}

fn as_bool(value: &Const) -> Option<bool> {
    match value {
        Const::True => Some(true),
        Const::False => Some(false),
        _ => None,
    }
}

pub(crate) fn as_int(value: &Const) -> Option<Int> {
    match value {
        Const::Int(value) => Some(value.clone()),
        _ => as_bool(value).map(Int::from),
    }
}

fn is_number(value: &Const) -> bool {
    matches!(
        value,
        Const::Int(_) | Const::True | Const::False | Const::Float(_) | Const::Complex(..)
    )
}

pub(crate) fn as_float(value: &Const) -> Option<f64> {
    match value {
        Const::Float(value) => Some(*value),
        _ => as_int(value)?.to_f64(),
    }
}

fn as_complex(value: &Const) -> Option<(f64, f64)> {
    match value {
        Const::Complex(real, imag) => Some((*real, *imag)),
        _ => Some((as_float(value)?, 0.0)),
    }
}

fn ints(op: Op, a: &Int, b: &Int) -> Option<Const> {
    let fits = |bits: u64| (bits <= MOST_BITS).then_some(());
    let int = match op {
        Op::BINARY_ADD => a.add(b),
        Op::BINARY_SUBTRACT => a.sub(b),
        Op::BINARY_MULTIPLY => {
            if !a.is_zero() && !b.is_zero() {
                fits(a.bit_length() + b.bit_length())?;
            }
            a.mul(b).ok()?
        }
        Op::BINARY_FLOOR_DIVIDE => a.floor_div(b)?,
        Op::BINARY_MODULO => a.modulo(b)?,
        Op::BINARY_TRUE_DIVIDE => return Int::true_div(a, b).ok().map(Const::Float),
        Op::BINARY_POWER => {
            if b.is_negative() {
                return floats(op, a.to_f64()?, b.to_f64()?);
            }
            if a.is_zero() || b.is_zero() {
                return Some(Const::Int(if b.is_zero() { Int::ONE } else { Int::ZERO }));
            }
            // The bound is for the length of the base, whatever the base.
            let exponent = b.to_u64()?;
            if a.bit_length() > MOST_BITS / exponent {
                return None;
            }
            a.pow(exponent).ok()?
        }
        Op::BINARY_LSHIFT => {
            if b.is_negative() {
                return None;
            }
            if a.is_zero() {
                return Some(Const::Int(Int::ZERO));
            }
            let count = b.to_u64()?;
            fits(a.bit_length().checked_add(count)?)?;
            a.shl(count).ok()?
        }
        Op::BINARY_RSHIFT => {
            if b.is_negative() {
                return None;
            }
            a.shr(b.to_u64()?)
        }
        Op::BINARY_AND => a.and(b),
        Op::BINARY_OR => a.or(b),
        Op::BINARY_XOR => a.xor(b),
        _ => return None,
    };
    Some(Const::Int(int))
}

fn floats(op: Op, a: f64, b: f64) -> Option<Const> {
    let value = match op {
        Op::BINARY_ADD => a + b,
        Op::BINARY_SUBTRACT => a - b,
        Op::BINARY_MULTIPLY => a * b,
        Op::BINARY_TRUE_DIVIDE if b != 0.0 => a / b,
        Op::BINARY_MODULO if b != 0.0 => divmod(a, b).1,
        Op::BINARY_FLOOR_DIVIDE if b != 0.0 => divmod(a, b).0,
        Op::BINARY_POWER => return power(a, b),
        _ => return None,
    };
    Some(Const::Float(value))
}

/// Floor division and remainder; the remainder has the divisor's sign.
fn divmod(a: f64, b: f64) -> (f64, f64) {
    let mut rest = a % b;
    let mut quotient = (a - rest) / b;
    if rest != 0.0 {
        if (b < 0.0) != (rest < 0.0) {
            rest += b;
            quotient -= 1.0;
        }
    } else {
        rest = 0.0f64.copysign(b);
    }
    let floor = if quotient != 0.0 {
        let floor = quotient.floor();
        if quotient - floor > 0.5 { floor + 1.0 } else { floor }
    } else {
        0.0f64.copysign(a / b)
    };
    (floor, rest)
}

fn power(a: f64, b: f64) -> Option<Const> {
    if a == 0.0 && b < 0.0 {
        return None;
    }
    if a < 0.0 && a.is_finite() && b.is_finite() && b.fract() != 0.0 {
        return complex::power((a, 0.0), (b, 0.0));
    }
    let value = a.powf(b);
    if value.is_infinite() && a.is_finite() && b.is_finite() {
        return None;
    }
    Some(Const::Float(value))
}

/// The length of a sequence; numbers have none.
fn length(value: &Const) -> usize {
    match value {
        Const::Str(text) => text.code_points().count(),
        Const::Bytes(bytes) => bytes.len(),
        Const::Tuple(items) | Const::FrozenSet(items) => items.len(),
        _ => 0,
    }
}

fn sequences(op: Op, a: &Const, b: &Const) -> Option<Const> {
    match (op, a, b) {
        (Op::BINARY_ADD, Const::Str(a), Const::Str(b)) => {
            PyStrBuf::from_wtf8(&[a.as_bytes(), b.as_bytes()].concat()).map(Const::Str)
        }
        (Op::BINARY_ADD, Const::Bytes(a), Const::Bytes(b)) => {
            Some(Const::Bytes([&**a, &**b].concat().into()))
        }
        (Op::BINARY_ADD, Const::Tuple(a), Const::Tuple(b)) => {
            Some(Const::Tuple([&**a, &**b].concat().into()))
        }
        (Op::BINARY_MULTIPLY, ..) => match (as_int(a), as_int(b)) {
            (None, Some(count)) => repeat(a, &count),
            (Some(count), None) => repeat(b, &count),
            _ => None,
        },
        (Op::BINARY_SUBSCR, ..) => item(a, &as_int(b)?),
        _ => None,
    }
}

fn repeat(value: &Const, count: &Int) -> Option<Const> {
    let len = length(value);
    let count = match len {
        0 => 0,
        // A negative count is not folded, either.
        len => count.to_u64().filter(|&count| count <= MOST_ITEMS / len as u64)? as usize,
    };
    match value {
        Const::Str(text) => PyStrBuf::from_wtf8(&text.as_bytes().repeat(count)).map(Const::Str),
        Const::Bytes(bytes) => Some(Const::Bytes(bytes.repeat(count).into())),
        Const::Tuple(items) => {
            let all = std::iter::repeat_n(&**items, count).flatten().cloned();
            Some(Const::Tuple(all.collect()))
        }
        _ => None,
    }
}

fn item(value: &Const, index: &Int) -> Option<Const> {
    let len = length(value) as i64;
    let index = index.to_i64()?;
    let index = if index < 0 { index.checked_add(len)? } else { index };
    let index = usize::try_from(index).ok().filter(|&i| (i as i64) < len)?;
    match value {
        Const::Str(text) => {
            PyStrBuf::from_code_points([text.code_points().nth(index)?]).map(Const::Str)
        }
        Const::Bytes(bytes) => Some(Const::Int(Int::from(u32::from(*bytes.get(index)?)))),
        Const::Tuple(items) => items.get(index).cloned(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(value: i64) -> Const {
        Const::Int(Int::from(value))
    }

    fn check(op: Op, a: Const, b: Const, expected: Option<Const>) {
        let got = binary(op, &a, &b, false);
        let same = match (&got, &expected) {
            (Some(got), Some(expected)) => got.is_same(expected),
            (None, None) => true,
            _ => false,
        };
        assert!(same, "{op:?} {a:?} {b:?}: {got:?}, expected {expected:?}");
    }

    #[test]
    fn results_are_pythons() {
        check(Op::BINARY_FLOOR_DIVIDE, int(-7), int(2), Some(int(-4)));
        check(Op::BINARY_MODULO, int(-7), int(2), Some(int(1)));
        check(Op::BINARY_TRUE_DIVIDE, int(1), int(0), None);
        check(Op::BINARY_POWER, int(2), int(-1), Some(Const::Float(0.5)));
        check(Op::BINARY_POWER, int(0), int(-1), None);
        check(Op::BINARY_AND, Const::True, Const::True, Some(Const::True));
        check(Op::BINARY_ADD, Const::True, Const::True, Some(int(2)));
        check(Op::BINARY_MODULO, Const::Float(-1.0), int(3), Some(Const::Float(2.0)));
        check(Op::BINARY_LSHIFT, int(1), int(-1), None);
        check(Op::BINARY_SUBSCR, Const::str("añb"), int(-2), Some(Const::str("ñ")));
        check(Op::BINARY_SUBSCR, Const::str("a"), int(1), None);
    }

    #[test]
    fn long_sequences_and_huge_numbers_are_not_kept() {
        check(Op::BINARY_MULTIPLY, Const::str("ab"), int(10), Some(Const::str(&"ab".repeat(10))));
        check(Op::BINARY_MULTIPLY, Const::str("ab"), int(11), None);
        check(Op::BINARY_MULTIPLY, int(i64::MAX), Const::str("a"), None);
        check(Op::BINARY_MULTIPLY, int(-1), Const::str("a"), None);
        check(Op::BINARY_LSHIFT, int(1), int(127), Some(Const::Int(Int::from(1u128 << 127))));
        check(Op::BINARY_LSHIFT, int(1), int(128), None);
        check(Op::BINARY_POWER, int(2), int(64), Some(Const::Int(Int::from(1u128 << 64))));
        check(Op::BINARY_POWER, int(2), int(65), None);
        check(Op::BINARY_POWER, int(1), int(1000), None);
    }

    #[test]
    fn sets_keep_the_first_of_equals() {
        let kept =
            distinct(vec![int(1), Const::True, Const::Float(1.0), int(0), Const::Float(-0.0)]);
        assert_eq!(kept.len(), 2);
        assert!(kept[0].is_same(&int(1)) && kept[1].is_same(&int(0)));
    }
}
