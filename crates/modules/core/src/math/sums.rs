//! Sums, products and norms that lose no digits on the way: Shewchuk's partial sums, and numbers
//! of double and triple length (Ogita, Rump and Oishi, "Accurate sum and dot product").

use crate::libm;
use adder_vm::objects::int;
use adder_vm::protocol::iter;
use adder_vm::protocol::number::{self, BinOp};
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Value, Vm};

/// A number and its rounding error.
#[derive(Clone, Copy)]
struct Double {
    hi: f64,
    lo: f64,
}

/// For |a| >= |b|.
fn fast_sum(a: f64, b: f64) -> Double {
    let hi = a + b;
    Double { hi, lo: (a - hi) + b }
}

fn sum(a: f64, b: f64) -> Double {
    let hi = a + b;
    let z = hi - a;
    Double { hi, lo: (a - (hi - z)) + (b - z) }
}

fn mul(x: f64, y: f64) -> Double {
    let hi = x * y;
    Double { hi, lo: libm::fma(x, y, -hi) }
}

/// The Euclidean norm, accurate to less than one unit in the last place.
pub fn norm(mut all: Vec<f64>) -> f64 {
    all.iter_mut().for_each(|x| *x = x.abs());
    let max = all.iter().copied().fold(0.0, f64::max);
    if all.iter().any(|x| x.is_infinite()) {
        return f64::INFINITY;
    }
    if all.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    if max == 0.0 || all.len() <= 1 {
        return max;
    }
    let (_, exponent) = libm::split(max);
    if exponent < -1023 {
        all.iter_mut().for_each(|x| *x /= f64::MIN_POSITIVE);
        return f64::MIN_POSITIVE * norm(all);
    }
    let scale = libm::scale(1.0, -exponent);
    let (mut csum, mut frac1, mut frac2) = (1.0, 0.0, 0.0);
    let mut add = |square: Double, csum: &mut f64| {
        let s = fast_sum(*csum, square.hi);
        *csum = s.hi;
        frac1 += square.lo;
        frac2 += s.lo;
        *csum - 1.0 + (frac1 + frac2)
    };
    let mut total = 0.0;
    for x in all {
        let x = x * scale;
        total = add(mul(x, x), &mut csum);
    }
    let mut h = total.sqrt();
    // One step of Newton's method with the exact residue.
    let rest = add(mul(-h, h), &mut csum);
    h += rest / (2.0 * h);
    h / scale
}

pub fn dist(vm: &Vm, p: &Value, q: &Value) -> PyResult<f64> {
    let (p, q) = (iter::collect(vm, p)?, iter::collect(vm, q)?);
    if p.len() != q.len() {
        return Err(vm.value_error("both points must have the same number of dimensions"));
    }
    let mut differences = Vec::with_capacity(p.len());
    for (a, b) in p.iter().zip(&q) {
        differences.push(number::to_f64(vm, a)? - number::to_f64(vm, b)?);
    }
    Ok(norm(differences))
}

pub fn fsum(vm: &Vm, iterable: &Value) -> PyResult<f64> {
    let mut partials: Vec<f64> = Vec::new();
    let (mut special, mut inf_sum) = (0.0, 0.0);
    let mut overflow = false;
    iter::for_each(vm, iterable, |item| {
        let mut x = number::to_f64(vm, &item)?;
        let given = x;
        let mut kept = 0;
        for j in 0..partials.len() {
            let mut y = partials[j];
            if x.abs() < y.abs() {
                std::mem::swap(&mut x, &mut y);
            }
            let hi = x + y;
            let lo = y - (hi - x);
            if lo != 0.0 {
                partials[kept] = lo;
                kept += 1;
            }
            x = hi;
        }
        partials.truncate(kept);
        if x != 0.0 {
            if x.is_finite() {
                partials.push(x);
            } else if given.is_finite() {
                overflow = true;
                return Ok(false);
            } else {
                if given.is_infinite() {
                    inf_sum += given;
                }
                special += given;
                partials.clear();
            }
        }
        Ok(true)
    })?;
    if overflow {
        return Err(vm.overflow_error("intermediate overflow in fsum"));
    }
    if special != 0.0 {
        if inf_sum.is_nan() {
            return Err(vm.value_error("-inf + inf in fsum"));
        }
        return Ok(special);
    }
    Ok(rounded(&partials))
}

/// The nearest float to the exact sum of non-overlapping partials, smallest first.
fn rounded(partials: &[f64]) -> f64 {
    let Some((&last, rest)) = partials.split_last() else { return 0.0 };
    let (mut hi, mut lo) = (last, 0.0);
    let mut n = rest.len();
    while n > 0 {
        let x = hi;
        n -= 1;
        let y = rest[n];
        hi = x + y;
        lo = y - (hi - x);
        if lo != 0.0 {
            break;
        }
    }
    // Half-even rounding across partials: a tie that is no tie.
    if n > 0 && ((lo < 0.0 && rest[n - 1] < 0.0) || (lo > 0.0 && rest[n - 1] > 0.0)) {
        let y = lo * 2.0;
        let x = hi + y;
        if y == x - hi {
            hi = x;
        }
    }
    hi
}

pub fn prod(vm: &Vm, iterable: &Value, start: Value) -> PyResult {
    let mut result = start;
    iter::for_each(vm, iterable, |item| {
        result = number::binary(vm, &result, &item, BinOp::Mul)?;
        Ok(true)
    })?;
    Ok(result)
}

/// A sum of floats of triple length.
#[derive(Clone, Copy, Default)]
struct Triple {
    hi: f64,
    lo: f64,
    tiny: f64,
}

impl Triple {
    fn add_product(&mut self, x: f64, y: f64) {
        let product = mul(x, y);
        let s = sum(self.hi, product.hi);
        let r1 = sum(self.lo, product.lo);
        let r2 = sum(r1.hi, s.lo);
        *self = Triple { hi: s.hi, lo: r2.hi, tiny: self.tiny + r1.lo + r2.lo };
    }
    fn value(self) -> f64 {
        self.hi + sum(self.lo, self.tiny).hi
    }
}

/// What `sumprod` sums apart from its total: products of machine integers, and those of floats. Each
/// of the two ends for good when a pair comes that neither takes, as in CPython: what rounds when is
/// seen in the result.
struct Apart {
    whole: Option<Option<i64>>,
    float: Option<Option<Triple>>,
}

impl Apart {
    /// Takes in a pair of exact ints, if everything stays a machine integer.
    fn add_whole(&mut self, a: &Value, b: &Value) -> bool {
        let Some(sum) = &mut self.whole else { return false };
        if !a.is_exact_int() || !b.is_exact_int() {
            return false;
        }
        let product = match (int::to_i64_exact(a), int::to_i64_exact(b)) {
            (Some(a), Some(b)) => a.checked_mul(b),
            _ => None,
        };
        match product.and_then(|product| product.checked_add(sum.unwrap_or(0))) {
            Some(new) => {
                *sum = Some(new);
                true
            }
            None => false,
        }
    }

    /// Takes in a pair with a float, if the sum stays finite.
    fn add_float(&mut self, a: &Value, b: &Value) -> bool {
        let Some(sum) = &mut self.float else { return false };
        if !a.is_float_word() && !b.is_float_word() {
            return false;
        }
        let (Some(x), Some(y)) = (plain_float(a), plain_float(b)) else { return false };
        let mut new = sum.unwrap_or_default();
        new.add_product(x, y);
        if new.hi.is_finite() {
            *sum = Some(new);
        }
        new.hi.is_finite()
    }

    /// Ends the sum of whole numbers; the total with it.
    fn end_whole(&mut self, vm: &Vm, total: Value) -> PyResult {
        match self.whole.take().flatten() {
            Some(sum) => number::binary(vm, &total, &int::from_i64(sum), BinOp::Add),
            None => Ok(total),
        }
    }

    /// Ends the sum of floats; the total with it.
    fn end_float(&mut self, vm: &Vm, total: Value) -> PyResult {
        match self.float.take().flatten() {
            Some(sum) => number::binary(vm, &total, &Value::float(sum.value()), BinOp::Add),
            None => Ok(total),
        }
    }
}

/// An item as a float beside floats: floats, bools and ints, not other subclasses.
fn plain_float(value: &Value) -> Option<f64> {
    match value.as_float_word() {
        Some(f) => Some(f),
        None if value.is_bool() => Some(f64::from(u8::from(value.is_true()))),
        None if value.is_exact_int() => int::to_int(value).to_f64(),
        None => None,
    }
}

pub fn sumprod(vm: &Vm, p: &Value, q: &Value) -> PyResult {
    let (p, q) = (iter::iter(vm, p)?, iter::iter(vm, q)?);
    let mut total = Value::int_unchecked(0);
    let mut apart = Apart { whole: Some(None), float: Some(None) };
    loop {
        let (a, b) = match (iter::next(vm, &p)?, iter::next(vm, &q)?) {
            (Some(a), Some(b)) => (a, b),
            (None, None) => break,
            _ => return Err(vm.value_error("Inputs are not the same length")),
        };
        if apart.add_whole(&a, &b) {
            continue;
        }
        total = apart.end_whole(vm, total)?;
        if apart.add_float(&a, &b) {
            continue;
        }
        total = apart.end_float(vm, total)?;
        let product = number::binary(vm, &a, &b, BinOp::Mul)?;
        total = number::binary(vm, &total, &product, BinOp::Add)?;
    }
    total = apart.end_whole(vm, total)?;
    apart.end_float(vm, total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_are_exact_where_they_can_be() {
        assert_eq!(norm(vec![3.0, 4.0]), 5.0);
        assert_eq!(norm(vec![3e-320, 4e-320]), 5e-320);
        assert_eq!(norm(vec![f64::NAN, f64::NEG_INFINITY]), f64::INFINITY);
        assert_eq!(norm(vec![1e308, 1e308]), 1.4142135623730951e308);
    }

    #[test]
    fn sums_round_once() {
        assert_eq!(rounded(&[]), 0.0);
        assert_eq!(rounded(&[2f64.powi(-54), 2f64.powi(-53), 1.0]), 1.0 + 2f64.powi(-52));
    }
}
