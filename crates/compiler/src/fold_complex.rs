//! Arithmetic on complex constants as CPython 3.6's `Objects/complexobject.c` does it: real
//! operands become complex first, so signs of zeros come out as there.

use adder_bytecode::code::Const;
use adder_bytecode::opcode::Op;

type Complex = (f64, f64);

pub(crate) fn binary(op: Op, a: Complex, b: Complex) -> Option<Const> {
    let (re, im) = match op {
        Op::BINARY_ADD => (a.0 + b.0, a.1 + b.1),
        Op::BINARY_SUBTRACT => (a.0 - b.0, a.1 - b.1),
        Op::BINARY_MULTIPLY => product(a, b),
        Op::BINARY_TRUE_DIVIDE => quotient(a, b)?,
        Op::BINARY_POWER => return power(a, b),
        _ => return None,
    };
    Some(Const::Complex(re, im))
}

fn product(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

/// Smith's method: divides through by the larger part of the divisor.
fn quotient(a: Complex, b: Complex) -> Option<Complex> {
    if b.0.abs() >= b.1.abs() {
        if b.0.abs() == 0.0 {
            return None;
        }
        let ratio = b.1 / b.0;
        let denominator = b.0 + b.1 * ratio;
        Some(((a.0 + a.1 * ratio) / denominator, (a.1 - a.0 * ratio) / denominator))
    } else if b.1.abs() >= b.0.abs() {
        let ratio = b.0 / b.1;
        let denominator = b.0 * ratio + b.1;
        Some(((a.0 * ratio + a.1) / denominator, (a.1 * ratio - a.0) / denominator))
    } else {
        Some((f64::NAN, f64::NAN))
    }
}

/// A power; `None` where Python raises.
pub(crate) fn power(a: Complex, b: Complex) -> Option<Const> {
    let whole = b.1 == 0.0 && b.0.fract() == 0.0 && b.0.abs() <= 100.0;
    let (re, im) = if whole { power_of_int(a, b.0 as i32)? } else { general_power(a, b)? };
    if re.is_infinite() || im.is_infinite() {
        return None;
    }
    Some(Const::Complex(re, im))
}

fn power_of_int(a: Complex, n: i32) -> Option<Complex> {
    let mut result = (1.0, 0.0);
    let mut factor = a;
    let mut bits = n.unsigned_abs();
    while bits > 0 {
        if bits & 1 != 0 {
            result = product(result, factor);
        }
        factor = product(factor, factor);
        bits >>= 1;
    }
    if n > 0 { Some(result) } else { quotient((1.0, 0.0), result) }
}

fn general_power(a: Complex, b: Complex) -> Option<Complex> {
    if b == (0.0, 0.0) {
        return Some((1.0, 0.0));
    }
    if a == (0.0, 0.0) {
        return (b.1 == 0.0 && b.0 >= 0.0).then_some((0.0, 0.0));
    }
    let size = a.0.hypot(a.1);
    let angle = a.1.atan2(a.0);
    let mut len = size.powf(b.0);
    let mut phase = angle * b.0;
    if b.1 != 0.0 {
        len /= (angle * b.1).exp();
        phase += b.1 * size.ln();
    }
    Some((len * phase.cos(), len * phase.sin()))
}
