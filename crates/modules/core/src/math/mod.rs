//! `math`. The functions of real numbers; whole numbers are in `integer.rs`, sums and norms in
//! `sums.rs`, the gamma function in `gamma.rs`. CPython's counterpart: `Modules/mathmodule.c`.

mod gamma;
mod integer;
mod sums;

use crate::libm;
use adder_derive::pymodule;
use adder_vm::objects::module::Module;
use adder_vm::objects::{float, int};
use adder_vm::protocol::{number, object};
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Obj, Value, Vm};

fn shown(x: f64) -> String {
    float::to_text(x).to_string()
}

fn range_error(vm: &Vm) -> Exc {
    vm.overflow_error("math range error")
}
fn domain_error(vm: &Vm) -> Exc {
    vm.value_error("math domain error")
}

/// A function of one variable whose NaN for a number means that the number is outside the domain
/// (`message`), and whose infinity for a finite number means overflow, or a pole if it cannot.
fn one(
    vm: &Vm,
    x: f64,
    f: impl FnOnce(f64) -> f64,
    can_overflow: bool,
    message: Option<&str>,
) -> PyResult<f64> {
    let r = f(x);
    if (r.is_nan() && !x.is_nan()) || (r.is_infinite() && x.is_finite() && !can_overflow) {
        return Err(match message {
            Some(text) => vm.value_error(text.replace("{}", &shown(x))),
            None => domain_error(vm),
        });
    }
    if r.is_infinite() && x.is_finite() {
        return Err(range_error(vm));
    }
    Ok(r)
}

/// Logarithms of ints beyond the floats go by mantissa and exponent.
fn log_of(vm: &Vm, x: &Value, f: fn(f64) -> f64) -> PyResult<f64> {
    if int::is_int(x) {
        let whole = int::to_int(x);
        if whole.is_negative() || whole.is_zero() {
            return Err(vm.value_error("expected a positive input"));
        }
        return Ok(match whole.to_f64() {
            Some(x) => f(x),
            None => {
                let (mantissa, exponent) = whole.frexp();
                f(mantissa) + f(2.0) * exponent as f64
            }
        });
    }
    let x = number::to_f64(vm, x)?;
    if x.is_finite() && x <= 0.0 || x == f64::NEG_INFINITY {
        return Err(vm.value_error(format!("expected a positive input, got {}", shown(x))));
    }
    Ok(f(x))
}

/// Rounding by a special method, with the float's own way where there is none.
fn round_by(vm: &Vm, x: &Value, method: &str, f: fn(f64) -> f64) -> PyResult {
    if let Some(x) = x.as_float_word() {
        return float::to_int(vm, f(x));
    }
    if x.is_small_int() {
        return Ok(x.clone());
    }
    let name = vm.intern(method);
    if let Some(special) = object::special_method(vm, x, &name)? {
        return special.call(vm, x, &[]);
    }
    float::to_int(vm, f(number::to_f64(vm, x)?))
}

/// IEEE remainder: the one nearest to zero, to even on ties.
fn remainder_of(x: f64, y: f64) -> f64 {
    let (absx, absy) = (x.abs(), y.abs());
    let m = absx % absy;
    let c = absy - m;
    let r = if m < c {
        m
    } else if m > c {
        -c
    } else {
        // A tie: the even quotient decides.
        m - 2.0 * ((0.5 * (absx - m)) % absy)
    };
    1f64.copysign(x) * r
}

fn next_by_steps(x: f64, y: f64, steps: u64) -> f64 {
    if steps == 0 || x.is_nan() {
        return x;
    }
    if y.is_nan() || x == y {
        return y;
    }
    // Consecutive floats of one sign are consecutive integers.
    const SIGN: u64 = 1 << 63;
    let (ux, uy) = (x.to_bits(), y.to_bits());
    let (ax, ay) = (ux & !SIGN, uy & !SIGN);
    if (ux ^ uy) & SIGN != 0 {
        // Through zero.
        if ax.saturating_add(ay) <= steps {
            return y;
        }
        return f64::from_bits(if ax < steps { (uy & SIGN) | (steps - ax) } else { ux - steps });
    }
    f64::from_bits(if ax > ay {
        if ax - ay >= steps { ux - steps } else { uy }
    } else if ay - ax >= steps {
        ux + steps
    } else {
        uy
    })
}

/// This module provides access to the mathematical functions
/// defined by the C standard.
#[pymodule(name = "math")]
pub mod math {
    use super::*;
    use adder_vm::runtime::args::VarArgs;

    /// Return the arc cosine (measured in radians) of x.
    ///
    /// The result is between 0 and pi.
    #[pyfunction]
    fn acos(vm: &Vm, x: f64) -> PyResult<f64> {
        one(vm, x, libm::acos, false, Some("expected a number in range from -1 up to 1, got {}"))
    }
    /// Return the inverse hyperbolic cosine of x.
    #[pyfunction]
    fn acosh(vm: &Vm, x: f64) -> PyResult<f64> {
        one(vm, x, libm::acosh, false, Some("expected argument value not less than 1, got {}"))
    }
    /// Return the arc sine (measured in radians) of x.
    ///
    /// The result is between -pi/2 and pi/2.
    #[pyfunction]
    fn asin(vm: &Vm, x: f64) -> PyResult<f64> {
        one(vm, x, libm::asin, false, Some("expected a number in range from -1 up to 1, got {}"))
    }
    /// Return the inverse hyperbolic sine of x.
    #[pyfunction]
    fn asinh(vm: &Vm, x: f64) -> PyResult<f64> {
        one(vm, x, libm::asinh, false, None)
    }
    /// Return the arc tangent (measured in radians) of x.
    ///
    /// The result is between -pi/2 and pi/2.
    #[pyfunction]
    fn atan(vm: &Vm, x: f64) -> PyResult<f64> {
        one(vm, x, libm::atan, false, None)
    }
    /// Return the arc tangent (measured in radians) of y/x.
    ///
    /// Unlike atan(y/x), the signs of both x and y are considered.
    #[pyfunction]
    fn atan2(_vm: &Vm, y: f64, x: f64) -> f64 {
        libm::atan2(y, x)
    }
    /// Return the inverse hyperbolic tangent of x.
    #[pyfunction]
    fn atanh(vm: &Vm, x: f64) -> PyResult<f64> {
        one(vm, x, libm::atanh, false, Some("expected a number between -1 and 1, got {}"))
    }
    /// Return the cube root of x.
    #[pyfunction]
    fn cbrt(vm: &Vm, x: f64) -> PyResult<f64> {
        one(vm, x, libm::cbrt, false, None)
    }
    /// Return the ceiling of x as an Integral.
    ///
    /// This is the smallest integer >= x.
    #[pyfunction]
    fn ceil(vm: &Vm, x: &Value) -> PyResult {
        round_by(vm, x, "__ceil__", f64::ceil)
    }
    /// Number of ways to choose k items from n items without repetition and without order.
    #[pyfunction]
    fn comb(vm: &Vm, n: &Value, k: &Value) -> PyResult {
        integer::comb(vm, n, k)
    }
    /// Return a float with the magnitude (absolute value) of x but the sign of y.
    #[pyfunction]
    fn copysign(_vm: &Vm, x: f64, y: f64) -> f64 {
        x.copysign(y)
    }
    /// Return the cosine of x (measured in radians).
    #[pyfunction]
    fn cos(vm: &Vm, x: f64) -> PyResult<f64> {
        one(vm, x, libm::cos, false, Some("expected a finite input, got {}"))
    }
    /// Return the hyperbolic cosine of x.
    #[pyfunction]
    fn cosh(vm: &Vm, x: f64) -> PyResult<f64> {
        one(vm, x, libm::cosh, true, None)
    }
    /// Convert angle x from radians to degrees.
    #[pyfunction]
    fn degrees(_vm: &Vm, x: f64) -> f64 {
        x * (180.0 / std::f64::consts::PI)
    }
    /// Return the Euclidean distance between two points p and q.
    ///
    /// The points should be specified as sequences (or iterables) of
    /// coordinates.  Both inputs must have the same dimension.
    #[pyfunction]
    fn dist(vm: &Vm, p: &Value, q: &Value) -> PyResult<f64> {
        sums::dist(vm, p, q)
    }
    /// Error function at x.
    #[pyfunction]
    fn erf(_vm: &Vm, x: f64) -> f64 {
        libm::erf(x)
    }
    /// Complementary error function at x.
    #[pyfunction]
    fn erfc(_vm: &Vm, x: f64) -> f64 {
        libm::erfc(x)
    }
    /// Return e raised to the power of x.
    #[pyfunction]
    fn exp(vm: &Vm, x: f64) -> PyResult<f64> {
        one(vm, x, libm::exp, true, None)
    }
    /// Return 2 raised to the power of x.
    #[pyfunction]
    fn exp2(vm: &Vm, x: f64) -> PyResult<f64> {
        one(vm, x, libm::exp2, true, None)
    }
    /// Return exp(x)-1.
    ///
    /// This function avoids the loss of precision involved in the direct
    /// evaluation of exp(x)-1 for small x.
    #[pyfunction]
    fn expm1(vm: &Vm, x: f64) -> PyResult<f64> {
        one(vm, x, libm::expm1, true, None)
    }
    /// Return the absolute value of the float x.
    #[pyfunction]
    fn fabs(_vm: &Vm, x: f64) -> f64 {
        x.abs()
    }
    /// Find n!.
    #[pyfunction]
    fn factorial(vm: &Vm, n: &Value) -> PyResult {
        integer::factorial(vm, n)
    }
    /// Return the floor of x as an Integral.
    ///
    /// This is the largest integer <= x.
    #[pyfunction]
    fn floor(vm: &Vm, x: &Value) -> PyResult {
        round_by(vm, x, "__floor__", f64::floor)
    }
    /// Fused multiply-add operation.
    ///
    /// Compute (x * y) + z with a single round.
    #[pyfunction]
    fn fma(vm: &Vm, x: f64, y: f64, z: f64) -> PyResult<f64> {
        let r = libm::fma(x, y, z);
        if r.is_finite() {
            return Ok(r);
        }
        if r.is_nan() {
            if !x.is_nan() && !y.is_nan() && !z.is_nan() {
                return Err(vm.value_error("invalid operation in fma"));
            }
        } else if x.is_finite() && y.is_finite() && z.is_finite() {
            return Err(vm.overflow_error("overflow in fma"));
        }
        Ok(r)
    }
    /// Return fmod(x, y), according to platform C.
    ///
    /// x % y may differ.
    #[pyfunction]
    fn fmod(vm: &Vm, x: f64, y: f64) -> PyResult<f64> {
        if y.is_infinite() && x.is_finite() {
            return Ok(x);
        }
        let r = x % y;
        if r.is_nan() && !x.is_nan() && !y.is_nan() {
            return Err(domain_error(vm));
        }
        Ok(r)
    }
    /// Return the mantissa and exponent of x, as pair (m, e).
    ///
    /// m is a float and e is an int, such that x = m * 2.**e.
    /// If x is 0, m and e are both 0.  Else 0.5 <= abs(m) < 1.0.
    #[pyfunction]
    fn frexp(_vm: &Vm, x: f64) -> (f64, i32) {
        libm::split(x)
    }
    /// Return an accurate floating-point sum of values in the iterable seq.
    ///
    /// Assumes IEEE-754 floating-point arithmetic.
    #[pyfunction]
    fn fsum(vm: &Vm, seq: &Value) -> PyResult<f64> {
        sums::fsum(vm, seq)
    }
    /// Gamma function at x.
    #[pyfunction]
    fn gamma(vm: &Vm, x: f64) -> PyResult<f64> {
        super::gamma::gamma(x).map_err(|e| match e {
            super::gamma::Failure::Domain => vm.value_error(format!(
                "expected a noninteger or positive integer, got {}",
                shown(x)
            )),
            super::gamma::Failure::Range => range_error(vm),
        })
    }
    /// Greatest Common Divisor.
    #[pyfunction(sig = "(*integers)")]
    fn gcd(vm: &Vm, integers: VarArgs) -> PyResult {
        integer::gcd(vm, integers.0.items())
    }
    /// Multidimensional Euclidean distance from the origin to a point.
    ///
    /// Roughly equivalent to: sqrt(sum(x**2 for x in coordinates))
    #[pyfunction(sig = "(*coordinates)")]
    fn hypot(vm: &Vm, coordinates: VarArgs) -> PyResult<f64> {
        let all: PyResult<Vec<f64>> =
            coordinates.0.items().iter().map(|x| number::to_f64(vm, x)).collect();
        Ok(sums::norm(all?))
    }
    /// Determine whether two floating-point numbers are close in value.
    ///
    /// For the values to be considered close, the difference between them must be smaller than at
    /// least one of the tolerances. NaN is not close to anything; infinities only to themselves.
    #[pyfunction(sig = "(a, b, *, rel_tol=1e-09, abs_tol=0.0)")]
    fn isclose(
        vm: &Vm,
        a: f64,
        b: f64,
        rel_tol: Option<f64>,
        abs_tol: Option<f64>,
    ) -> PyResult<bool> {
        let (rel, abs) = (rel_tol.unwrap_or(1e-9), abs_tol.unwrap_or(0.0));
        if rel < 0.0 || abs < 0.0 {
            return Err(vm.value_error("tolerances must be non-negative"));
        }
        if a == b {
            return Ok(true);
        }
        if a.is_infinite() || b.is_infinite() {
            return Ok(false);
        }
        let diff = (b - a).abs();
        Ok(diff <= (rel * b).abs() || diff <= (rel * a).abs() || diff <= abs)
    }
    /// Return True if x is neither an infinity nor a NaN, and False otherwise.
    #[pyfunction]
    fn isfinite(_vm: &Vm, x: f64) -> bool {
        x.is_finite()
    }
    /// Return True if x is a positive or negative infinity, and False otherwise.
    #[pyfunction]
    fn isinf(_vm: &Vm, x: f64) -> bool {
        x.is_infinite()
    }
    /// Return True if x is a NaN (not a number), and False otherwise.
    #[pyfunction]
    fn isnan(_vm: &Vm, x: f64) -> bool {
        x.is_nan()
    }
    /// Return the integer part of the square root of the input.
    #[pyfunction]
    fn isqrt(vm: &Vm, n: &Value) -> PyResult {
        let n = number::to_int(vm, n)?;
        vm.need(adder_bigint::room::root(&n))?;
        match n.isqrt() {
            Some(root) => Ok(int::from_int(root)),
            None => Err(vm.value_error("isqrt() argument must be nonnegative")),
        }
    }
    /// Least Common Multiple.
    #[pyfunction(sig = "(*integers)")]
    fn lcm(vm: &Vm, integers: VarArgs) -> PyResult {
        integer::lcm(vm, integers.0.items())
    }
    /// Return x * (2**i).
    ///
    /// This is essentially the inverse of frexp().
    #[pyfunction]
    fn ldexp(vm: &Vm, x: f64, i: &Value) -> PyResult<f64> {
        if !int::is_int(i) {
            return Err(vm.type_error("Expected an int as second argument to ldexp."));
        }
        let exponent = match int::to_i64_exact(i) {
            Some(e) => e,
            None if int::is_negative(i) => i64::MIN,
            None => i64::MAX,
        };
        if x == 0.0 || !x.is_finite() {
            return Ok(x);
        }
        let r = match i32::try_from(exponent) {
            Ok(e) => libm::scale(x, e),
            Err(_) if exponent < 0 => 0f64.copysign(x),
            Err(_) => f64::INFINITY,
        };
        if r.is_infinite() { Err(range_error(vm)) } else { Ok(r) }
    }
    /// Natural logarithm of absolute value of Gamma function at x.
    #[pyfunction]
    fn lgamma(vm: &Vm, x: f64) -> PyResult<f64> {
        super::gamma::lgamma(x).map_err(|e| match e {
            super::gamma::Failure::Domain => vm.value_error(format!(
                "expected a noninteger or positive integer, got {}",
                shown(x)
            )),
            super::gamma::Failure::Range => range_error(vm),
        })
    }
    /// log(x, [base=math.e])
    /// Return the logarithm of x to the given base.
    ///
    /// If the base is not specified, returns the natural logarithm (base e) of x.
    #[pyfunction]
    fn log(vm: &Vm, x: &Value, base: Option<&Value>) -> PyResult<f64> {
        let num = log_of(vm, x, libm::log)?;
        let Some(base) = base else { return Ok(num) };
        let den = log_of(vm, base, libm::log)?;
        if den == 0.0 {
            return Err(vm.zero_division_error("division by zero"));
        }
        Ok(num / den)
    }
    /// Return the base 10 logarithm of x.
    #[pyfunction]
    fn log10(vm: &Vm, x: &Value) -> PyResult<f64> {
        log_of(vm, x, libm::log10)
    }
    /// Return the natural logarithm of 1+x (base e).
    ///
    /// The result is computed in a way which is accurate for x near zero.
    #[pyfunction]
    fn log1p(vm: &Vm, x: f64) -> PyResult<f64> {
        let f = |x: f64| if x == 0.0 { x } else { libm::log1p(x) };
        one(vm, x, f, false, Some("expected argument value > -1, got {}"))
    }
    /// Return the base 2 logarithm of x.
    #[pyfunction]
    fn log2(vm: &Vm, x: &Value) -> PyResult<f64> {
        log_of(vm, x, libm::log2)
    }
    /// Return the fractional and integer parts of x.
    ///
    /// Both results carry the sign of x and are floats.
    #[pyfunction]
    fn modf(_vm: &Vm, x: f64) -> (f64, f64) {
        if x.is_infinite() {
            return (0f64.copysign(x), x);
        }
        let whole = x.trunc();
        ((x - whole).copysign(x), whole)
    }
    /// Return the floating-point value the given number of steps after x towards y.
    ///
    /// If steps is not specified or is None, it defaults to 1.
    #[pyfunction(sig = "(x, y, /, *, steps=None)")]
    fn nextafter(vm: &Vm, x: f64, y: f64, steps: Option<&Value>) -> PyResult<f64> {
        let Some(steps) = steps.filter(|s| !s.is_none()) else { return Ok(libm::nextafter(x, y)) };
        let steps = number::to_int(vm, steps)?;
        if steps.is_negative() {
            return Err(vm.value_error("steps must be a non-negative integer"));
        }
        Ok(next_by_steps(x, y, steps.to_u64().unwrap_or(u64::MAX)))
    }
    /// Number of ways to choose k items from n items without repetition and with order.
    #[pyfunction(sig = "(n, k=None, /)")]
    fn perm(vm: &Vm, n: &Value, k: Option<&Value>) -> PyResult {
        integer::perm(vm, n, k.filter(|k| !k.is_none()))
    }
    /// Return x**y (x to the power of y).
    #[pyfunction]
    fn pow(vm: &Vm, x: f64, y: f64) -> PyResult<f64> {
        let r = libm::pow(x, y);
        if x.is_finite() && y.is_finite() && !r.is_finite() {
            return Err(if r.is_nan() || x == 0.0 { domain_error(vm) } else { range_error(vm) });
        }
        Ok(r)
    }
    /// Calculate the product of all the elements in the input iterable.
    ///
    /// The default start value for the product is 1.
    #[pyfunction(sig = "(iterable, /, *, start=1)")]
    fn prod(vm: &Vm, iterable: &Value, start: Option<&Value>) -> PyResult {
        sums::prod(vm, iterable, start.cloned().unwrap_or(Value::int_unchecked(1)))
    }
    /// Convert angle x from degrees to radians.
    #[pyfunction]
    fn radians(_vm: &Vm, x: f64) -> f64 {
        x * (std::f64::consts::PI / 180.0)
    }
    /// Difference between x and the closest integer multiple of y.
    ///
    /// Return x - n*y where n*y is the closest integer multiple of y.
    /// In the case where x is exactly halfway between two multiples of
    /// y, the nearest even value of n is used. The result is always exact.
    #[pyfunction]
    fn remainder(vm: &Vm, x: f64, y: f64) -> PyResult<f64> {
        if x.is_finite() && y.is_finite() && y != 0.0 {
            return Ok(remainder_of(x, y));
        }
        if x.is_nan() {
            return Ok(x);
        }
        if y.is_nan() {
            return Ok(y);
        }
        if x.is_infinite() || y == 0.0 {
            return Err(domain_error(vm));
        }
        Ok(x)
    }
    /// Return the sine of x (measured in radians).
    #[pyfunction]
    fn sin(vm: &Vm, x: f64) -> PyResult<f64> {
        one(vm, x, libm::sin, false, Some("expected a finite input, got {}"))
    }
    /// Return the hyperbolic sine of x.
    #[pyfunction]
    fn sinh(vm: &Vm, x: f64) -> PyResult<f64> {
        one(vm, x, libm::sinh, true, None)
    }
    /// Return the square root of x.
    #[pyfunction]
    fn sqrt(vm: &Vm, x: f64) -> PyResult<f64> {
        one(vm, x, f64::sqrt, false, Some("expected a nonnegative input, got {}"))
    }
    /// Return the sum of products of values from two iterables p and q.
    ///
    /// Roughly equivalent to: sum(map(operator.mul, p, q, strict=True))
    #[pyfunction]
    fn sumprod(vm: &Vm, p: &Value, q: &Value) -> PyResult {
        sums::sumprod(vm, p, q)
    }
    /// Return the tangent of x (measured in radians).
    #[pyfunction]
    fn tan(vm: &Vm, x: f64) -> PyResult<f64> {
        one(vm, x, libm::tan, false, Some("expected a finite input, got {}"))
    }
    /// Return the hyperbolic tangent of x.
    #[pyfunction]
    fn tanh(vm: &Vm, x: f64) -> PyResult<f64> {
        one(vm, x, libm::tanh, false, None)
    }
    /// Truncates the Real x to the nearest Integral toward 0.
    ///
    /// Uses the __trunc__ magic method.
    #[pyfunction]
    fn trunc(vm: &Vm, x: &Value) -> PyResult {
        if let Some(x) = x.as_float_word() {
            return float::to_int(vm, x);
        }
        match object::special_method(vm, x, &vm.names().__trunc__)? {
            Some(method) => method.call(vm, x, &[]),
            None => {
                Err(vm
                    .type_error(format!("type {} doesn't define __trunc__ method", x.ty().name())))
            }
        }
    }
    /// Return the value of the least significant bit of the float x.
    #[pyfunction]
    fn ulp(_vm: &Vm, x: f64) -> f64 {
        let x = x.abs();
        if !x.is_finite() {
            return x;
        }
        let above = x.next_up();
        if above.is_infinite() { x - x.next_down() } else { above - x }
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        for (name, value) in [
            ("pi", std::f64::consts::PI),
            ("e", std::f64::consts::E),
            ("tau", std::f64::consts::TAU),
            ("inf", f64::INFINITY),
            ("nan", f64::NAN),
        ] {
            module.set(vm, name, Value::float(value));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_between_floats() {
        assert_eq!(next_by_steps(0.0, 1.0, 3), 1.5e-323);
        assert_eq!(next_by_steps(5e-324, -1.0, 2), -5e-324);
        assert_eq!(next_by_steps(1.0, 2.0, u64::MAX), 2.0);
        assert_eq!(next_by_steps(-1.0, 1.0, u64::MAX), 1.0);
    }

    #[test]
    fn remainders_are_nearest_to_zero() {
        for (x, y, r) in [(5.0, 3.0, -1.0), (3.0, 2.0, -1.0), (1.0, 2.0, 1.0), (-5.0, 2.0, -1.0)] {
            assert_eq!(remainder_of(x, y), r, "{x} {y}");
        }
    }
}
