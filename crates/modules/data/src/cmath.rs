//! `cmath`. The functions are `pymath`'s, whose results equal CPython's bit for bit on the same C
//! library. CPython's counterpart: `Modules/cmathmodule.c`.

use adder_derive::pymodule;
use adder_vm::objects::complex::{ComplexObj, convert};
use adder_vm::objects::module::Module;
use adder_vm::protocol::object::type_name_or_none_type;
use adder_vm::runtime::args::FromArg;
use adder_vm::runtime::errors::PyResult;
use adder_vm::{Obj, Value, Vm};
use num_complex::Complex64;
use pymath::cmath as functions;

/// An argument that is a complex number, or becomes one.
struct Number(Complex64);

impl<'a> FromArg<'a> for Number {
    fn from_value(vm: &Vm, value: &'a Value) -> PyResult<Number> {
        match convert(vm, value)? {
            Some((re, im)) => Ok(Number(Complex64::new(re, im))),
            None => {
                let given = type_name_or_none_type(value);
                Err(vm.type_error(format!("must be real number, not {given}")))
            }
        }
    }
}

fn checked<T>(vm: &Vm, result: pymath::Result<T>) -> PyResult<T> {
    result.map_err(|error| match error {
        pymath::Error::EDOM => vm.value_error("math domain error"),
        pymath::Error::ERANGE => vm.overflow_error("math range error"),
    })
}

fn complex(vm: &Vm, result: pymath::Result<Complex64>) -> PyResult {
    checked(vm, result).map(|z| ComplexObj::new_value(z.re, z.im))
}

/// This module provides access to mathematical functions for complex
/// numbers.
#[pymodule(name = "cmath")]
pub mod cmath {
    use super::*;

    /// Return the arc cosine of z.
    #[pyfunction]
    fn acos(vm: &Vm, z: Number) -> PyResult {
        complex(vm, functions::acos(z.0))
    }
    /// Return the inverse hyperbolic cosine of z.
    #[pyfunction]
    fn acosh(vm: &Vm, z: Number) -> PyResult {
        complex(vm, functions::acosh(z.0))
    }
    /// Return the arc sine of z.
    #[pyfunction]
    fn asin(vm: &Vm, z: Number) -> PyResult {
        complex(vm, functions::asin(z.0))
    }
    /// Return the inverse hyperbolic sine of z.
    #[pyfunction]
    fn asinh(vm: &Vm, z: Number) -> PyResult {
        complex(vm, functions::asinh(z.0))
    }
    /// Return the arc tangent of z.
    #[pyfunction]
    fn atan(vm: &Vm, z: Number) -> PyResult {
        complex(vm, functions::atan(z.0))
    }
    /// Return the inverse hyperbolic tangent of z.
    #[pyfunction]
    fn atanh(vm: &Vm, z: Number) -> PyResult {
        complex(vm, functions::atanh(z.0))
    }
    /// Return the cosine of z.
    #[pyfunction]
    fn cos(vm: &Vm, z: Number) -> PyResult {
        complex(vm, functions::cos(z.0))
    }
    /// Return the hyperbolic cosine of z.
    #[pyfunction]
    fn cosh(vm: &Vm, z: Number) -> PyResult {
        complex(vm, functions::cosh(z.0))
    }
    /// Return the exponential value e**z.
    #[pyfunction]
    fn exp(vm: &Vm, z: Number) -> PyResult {
        complex(vm, functions::exp(z.0))
    }
    /// Return the base-10 logarithm of z.
    #[pyfunction]
    fn log10(vm: &Vm, z: Number) -> PyResult {
        complex(vm, functions::log10(z.0))
    }
    /// Return the sine of z.
    #[pyfunction]
    fn sin(vm: &Vm, z: Number) -> PyResult {
        complex(vm, functions::sin(z.0))
    }
    /// Return the hyperbolic sine of z.
    #[pyfunction]
    fn sinh(vm: &Vm, z: Number) -> PyResult {
        complex(vm, functions::sinh(z.0))
    }
    /// Return the square root of z.
    #[pyfunction]
    fn sqrt(vm: &Vm, z: Number) -> PyResult {
        complex(vm, functions::sqrt(z.0))
    }
    /// Return the tangent of z.
    #[pyfunction]
    fn tan(vm: &Vm, z: Number) -> PyResult {
        complex(vm, functions::tan(z.0))
    }
    /// Return the hyperbolic tangent of z.
    #[pyfunction]
    fn tanh(vm: &Vm, z: Number) -> PyResult {
        complex(vm, functions::tanh(z.0))
    }
    /// log(z[, base]) -> the logarithm of z to the given base.
    ///
    /// If the base is not specified, returns the natural logarithm (base e) of z.
    #[pyfunction(sig = "($module, z, base=<unrepresentable>, /)")]
    fn log(vm: &Vm, z: Number, base: Option<Number>) -> PyResult {
        complex(vm, functions::log(z.0, base.map(|base| base.0)))
    }
    /// Return argument, also known as the phase angle, of a complex.
    #[pyfunction]
    fn phase(vm: &Vm, z: Number) -> PyResult<f64> {
        checked(vm, functions::phase(z.0))
    }
    /// Convert a complex from rectangular coordinates to polar coordinates.
    ///
    /// r is the distance from 0 and phi the phase angle.
    #[pyfunction]
    fn polar(vm: &Vm, z: Number) -> PyResult<(f64, f64)> {
        checked(vm, functions::polar(z.0))
    }
    /// Convert from polar coordinates to rectangular coordinates.
    #[pyfunction]
    fn rect(vm: &Vm, r: f64, phi: f64) -> PyResult {
        complex(vm, functions::rect(r, phi))
    }
    /// Return True if both the real and imaginary parts of z are finite, else False.
    #[pyfunction]
    fn isfinite(_vm: &Vm, z: Number) -> bool {
        z.0.re.is_finite() && z.0.im.is_finite()
    }
    /// Checks if the real or imaginary part of z is infinite.
    #[pyfunction]
    fn isinf(_vm: &Vm, z: Number) -> bool {
        z.0.re.is_infinite() || z.0.im.is_infinite()
    }
    /// Checks if the real or imaginary part of z not a number (NaN).
    #[pyfunction]
    fn isnan(_vm: &Vm, z: Number) -> bool {
        z.0.re.is_nan() || z.0.im.is_nan()
    }
    /// Determine whether two complex numbers are close in value.
    ///
    ///   rel_tol
    ///     maximum difference for being considered "close", relative to the
    ///     magnitude of the input values
    ///   abs_tol
    ///     maximum difference for being considered "close", regardless of the
    ///     magnitude of the input values
    ///
    /// Return True if a is close in value to b, and False otherwise.
    ///
    /// For the values to be considered close, the difference between them must be
    /// smaller than at least one of the tolerances.
    ///
    /// -inf, inf and NaN behave similarly to the IEEE 754 Standard. That is, NaN is
    /// not close to anything, even itself. inf and -inf are only close to themselves.
    #[pyfunction(sig = "($module, /, a, b, *, rel_tol=1e-09, abs_tol=0.0)")]
    fn isclose(
        vm: &Vm,
        a: Number,
        b: Number,
        rel_tol: Option<f64>,
        abs_tol: Option<f64>,
    ) -> PyResult<bool> {
        let (rel_tol, abs_tol) = (rel_tol.unwrap_or(1e-9), abs_tol.unwrap_or(0.0));
        if rel_tol < 0.0 || abs_tol < 0.0 {
            return Err(vm.value_error("tolerances must be non-negative"));
        }
        let (a, b) = (a.0, b.0);
        if a == b {
            return Ok(true);
        }
        if [a.re, a.im, b.re, b.im].iter().any(|part| part.is_infinite()) {
            return Ok(false);
        }
        let size = |z: Complex64| z.re.hypot(z.im);
        let apart = size(a - b);
        Ok(apart <= rel_tol * size(b) || apart <= rel_tol * size(a) || apart <= abs_tol)
    }

    #[init]
    fn init(vm: &Vm, module: &Obj<Module>) -> PyResult<()> {
        use std::f64::consts;
        for (name, value) in [
            ("e", consts::E),
            ("pi", consts::PI),
            ("tau", consts::TAU),
            ("inf", f64::INFINITY),
            ("nan", f64::NAN),
        ] {
            module.set(vm, name, Value::float(value));
        }
        module.set(vm, "infj", ComplexObj::new_value(0.0, f64::INFINITY));
        module.set(vm, "nanj", ComplexObj::new_value(0.0, f64::NAN));
        Ok(())
    }
}
