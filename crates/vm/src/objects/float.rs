//! `float`: IEEE 754 binary64.
//!
//! Floats live in the value word; `FloatObj` is the heap form, for instances of subclasses only.
//! Text is `adder-numtext`'s. CPython's counterpart: `Objects/floatobject.c`.

use crate::object::{Obj, Payload, Ref};
use crate::objects::bytearray::ByteArray;
use crate::objects::bytes::Bytes;
use crate::objects::int::{self, number_text};
use crate::objects::str_::{Str, format as text_format};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::objects::{complex, int::from_int};
use crate::protocol::compare::CmpOp;
use crate::protocol::{buffer, call, number, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_bigint::{Int, hash_f64};
use adder_derive::{pyclass, pymethods};
use adder_numtext::{Align, Locale, ReprBuffer, float_hex, float_parse, format_float, rounding};

/// Convert a string or number to a floating-point number, if possible.
#[pyclass(name = "float", base_type, no_gc, sig = "(x=0, /)")]
pub struct FloatObj {
    value: f64,
}

/// The number, if it is a float (or an instance of a subclass).
#[inline(always)]
pub fn as_f64(value: &Value) -> Option<f64> {
    value.as_float_word().or_else(|| value.downcast::<FloatObj>().map(|o| o.value))
}

/// An operand: a float, or an int (which may be too large).
#[inline]
fn operand(vm: &Vm, value: &Value) -> PyResult<Option<f64>> {
    if let Some(f) = as_f64(value) {
        return Ok(Some(f));
    }
    if int::is_int(value) {
        return int::to_f64(vm, value).map(Some);
    }
    Ok(None)
}

/// The two operands, or `NotImplemented` for the caller.
macro_rules! operands {
    ($vm:expr, $a:expr, $b:expr) => {
        match (operand($vm, $a)?, operand($vm, $b)?) {
            (Some(a), Some(b)) => (a, b),
            _ => return Ok(Value::NOT_IMPLEMENTED),
        }
    };
}

#[cold]
fn division_by_zero(vm: &Vm) -> Exc {
    vm.zero_division_error("division by zero")
}

/// `divmod(a, b)`: the remainder has the divisor's sign, the quotient is whole.
pub fn divmod(vm: &Vm, a: f64, b: f64) -> PyResult<(f64, f64)> {
    if b == 0.0 {
        return Err(division_by_zero(vm));
    }
    let mut rem = a % b;
    let mut quotient = (a - rem) / b;
    if rem != 0.0 {
        if (b < 0.0) != (rem < 0.0) {
            rem += b;
            quotient -= 1.0;
        }
    } else {
        rem = 0f64.copysign(b);
    }
    // (a - rem) / b is near a whole number, but may not be one.
    let quotient = if quotient != 0.0 {
        let floor = quotient.floor();
        if quotient - floor > 0.5 { floor + 1.0 } else { floor }
    } else {
        0f64.copysign(a / b)
    };
    Ok((quotient, rem))
}

/// `a ** b`; a complex number for the fractional power of a negative one.
pub fn power(vm: &Vm, a: f64, b: f64) -> PyResult {
    if a == 0.0 && b < 0.0 {
        return Err(vm.zero_division_error("zero to a negative power"));
    }
    if a < 0.0 && a.is_finite() && b.is_finite() && b != b.floor() {
        return complex::power(vm, (a, 0.0), (b, 0.0));
    }
    let result = a.powf(b);
    if result.is_infinite() && a.is_finite() && b.is_finite() {
        let args = vec![Value::int_unchecked(libc::ERANGE.into()), vm.errno_text(libc::ERANGE)];
        return Err(vm.exception_with_args(&vm.exceptions().overflow_error, args));
    }
    Ok(Value::float(result))
}

/// `int(f)`: truncated, or the errors for infinities and NaN.
pub fn to_int(vm: &Vm, f: f64) -> PyResult {
    if f.abs() < 9e18 {
        return Ok(int::from_i64(f as i64));
    }
    match Int::from_f64(f) {
        Some(i) => Ok(from_int(i)),
        None if f.is_nan() => Err(vm.value_error("cannot convert float NaN to integer")),
        None => Err(vm.overflow_error("cannot convert float infinity to integer")),
    }
}

/// `repr(f)`
pub fn to_text(f: f64) -> Ref<Str> {
    Ref::from_str(ReprBuffer::new().format(f))
}

/// `format(value, spec)` for a float, by its own rules.
pub fn format(vm: &Vm, f: f64, spec: &Str, type_name: &str) -> PyResult<Ref<Str>> {
    let wrap = |e| text_format::error(vm, e);
    let parsed = text_format::parse_spec(spec, type_name, Align::Right).map_err(wrap)?;
    let locale = if parsed.code == Some(u32::from('n')) {
        text_format::current_locale()
    } else {
        Locale::default()
    };
    let padded = format_float(f, &parsed, type_name, &locale).map_err(wrap)?;
    text_format::build(vm, &padded)
}

fn parse(vm: &Vm, text: &[u8], x: &Value) -> PyResult<f64> {
    match float_parse::parse_float(text) {
        Some(f) => Ok(f),
        None => {
            let shown = object::repr(vm, x)?;
            Err(vm.value_error(format!(
                "could not convert string to float: {}",
                shown.to_string_lossy()
            )))
        }
    }
}

/// `float(x)`
fn convert(vm: &Vm, x: &Value) -> PyResult<f64> {
    if let Some(f) = x.as_float_word() {
        return Ok(f);
    }
    if let Some(slot) = x.ty().slots.float.get() {
        let result = slot(vm, x)?;
        let Some(f) = as_f64(&result) else {
            return Err(vm.type_error(format!(
                "{}.__float__ returned non-float (type {})",
                x.ty().name(),
                result.ty().name()
            )));
        };
        if !result.is_float_word() {
            vm.warn(
                &vm.exceptions().deprecation_warning,
                &format!(
                    "{}.__float__ returned non-float (type {}).  The ability to return an instance of a strict subclass of float is deprecated, and may be removed in a future version of Python.",
                    x.ty().name(),
                    result.ty().name()
                ),
                1,
            )?;
        }
        return Ok(f);
    }
    if number::has_index(x) {
        return int::to_f64(vm, &number::index(vm, x)?);
    }
    if let Some(text) = x.downcast::<Str>() {
        return parse(vm, &number_text(text), x);
    }
    if let Some(bytes) = x.downcast::<Bytes>() {
        return parse(vm, bytes.as_slice(), x);
    }
    if let Some(bytes) = x.downcast::<ByteArray>() {
        return parse(vm, &bytes.to_vec(), x);
    }
    if buffer::has_buffer(x) {
        let bytes = buffer::to_vec(vm, x)?;
        return parse(vm, &bytes, x);
    }
    Err(vm.type_error(format!(
        "float() argument must be a string or a real number, not '{}'",
        x.ty().name()
    )))
}

/// What a method was called on; the type's descriptor has checked that it is a float.
fn own(vm: &Vm, zelf: &Value) -> PyResult<f64> {
    as_f64(zelf).ok_or_else(|| vm.wrong_receiver::<FloatObj>(zelf))
}

/// A float as an instance of `cls`, which may be a subclass.
fn of_class(vm: &Vm, cls: &Value, f: f64) -> PyResult {
    if cls.is(&FloatObj::cell().get().to_value()) {
        return Ok(Value::float(f));
    }
    call::call(vm, cls, &[Value::float(f)])
}

#[pymethods]
impl FloatObj {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let exact = ty.same(FloatObj::cell().get());
        if args.keyword_count() > 0 && exact {
            return Err(vm.type_error("float() takes no keyword arguments"));
        }
        let value = match args.args() {
            [] => 0.0,
            [x] => convert(vm, x)?,
            more => {
                return Err(
                    vm.type_error(format!("float expected at most 1 argument, got {}", more.len()))
                );
            }
        };
        if exact {
            return Ok(Value::float(value));
        }
        Ok(Ref::with_type(FloatObj { value }, ty).into())
    }

    #[slot]
    fn repr(zelf: &Value, vm: &Vm) -> PyResult {
        Ok(to_text(own(vm, zelf)?).into())
    }

    #[slot]
    fn hash(zelf: &Value, vm: &Vm) -> PyResult<i64> {
        // A NaN hashes by identity; for one in the word that is the word.
        let by_identity = || crate::runtime::hash::hash_pointer(zelf.bits() as usize);
        Ok(hash_f64(own(vm, zelf)?).unwrap_or_else(by_identity))
    }

    #[slot]
    fn richcompare(zelf: &Value, vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let a = own(vm, zelf)?;
        if let Some(b) = as_f64(other) {
            return Ok(Value::bool(op.holds_f64(a, b)));
        }
        if !int::is_int(other) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        // The int's order to the float, so the operator is turned round.
        Ok(Value::bool(match int::compare_f64(other, a) {
            Some(ordering) => op.swapped().holds(ordering),
            None => op == CmpOp::Ne,
        }))
    }

    #[slot]
    fn bool(zelf: &Value, vm: &Vm) -> PyResult<bool> {
        Ok(own(vm, zelf)? != 0.0)
    }

    #[slot]
    fn add(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        let (a, b) = operands!(vm, zelf, other);
        Ok(Value::float(a + b))
    }
    #[slot]
    fn sub(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        let (a, b) = operands!(vm, zelf, other);
        Ok(Value::float(a - b))
    }
    #[slot]
    fn mul(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        let (a, b) = operands!(vm, zelf, other);
        Ok(Value::float(a * b))
    }
    #[slot]
    fn truediv(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        let (a, b) = operands!(vm, zelf, other);
        if b == 0.0 {
            return Err(division_by_zero(vm));
        }
        Ok(Value::float(a / b))
    }
    #[slot]
    fn floordiv(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        let (a, b) = operands!(vm, zelf, other);
        divmod(vm, a, b).map(|(q, _)| Value::float(q))
    }
    #[slot]
    fn rem(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        let (a, b) = operands!(vm, zelf, other);
        divmod(vm, a, b).map(|(_, r)| Value::float(r))
    }
    #[slot]
    fn divmod(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        let (a, b) = operands!(vm, zelf, other);
        let (q, r) = divmod(vm, a, b)?;
        Ok(Tuple::from_vec(vec![Value::float(q), Value::float(r)]).into())
    }
    #[slot]
    fn pow(zelf: &Value, vm: &Vm, other: &Value, modulus: Option<&Value>) -> PyResult {
        if modulus.is_some_and(|m| !m.is_none()) {
            return Err(
                vm.type_error("pow() 3rd argument not allowed unless all arguments are integers")
            );
        }
        let (a, b) = operands!(vm, zelf, other);
        power(vm, a, b)
    }
    #[slot]
    fn neg(zelf: &Value, vm: &Vm) -> PyResult {
        Ok(Value::float(-own(vm, zelf)?))
    }
    #[slot]
    fn pos(zelf: &Value, vm: &Vm) -> PyResult {
        Ok(Value::float(own(vm, zelf)?))
    }
    #[slot]
    fn abs(zelf: &Value, vm: &Vm) -> PyResult {
        Ok(Value::float(own(vm, zelf)?.abs()))
    }
    #[slot]
    fn int(zelf: &Value, vm: &Vm) -> PyResult {
        to_int(vm, own(vm, zelf)?)
    }
    #[slot]
    fn float(zelf: &Value, vm: &Vm) -> PyResult {
        Ok(Value::float(own(vm, zelf)?))
    }

    /// the real part of a complex number
    #[getter]
    fn real(zelf: &Value, vm: &Vm) -> PyResult<f64> {
        own(vm, zelf)
    }
    /// the imaginary part of a complex number
    #[getter]
    fn imag(_zelf: &Value, _vm: &Vm) -> f64 {
        0.0
    }

    /// Return self, the complex conjugate of any float.
    #[pymethod(sig = "($self, /)")]
    fn conjugate(zelf: &Value, vm: &Vm) -> PyResult<f64> {
        own(vm, zelf)
    }

    /// Return True if the float is an integer.
    #[pymethod(sig = "($self, /)")]
    fn is_integer(zelf: &Value, vm: &Vm) -> PyResult<bool> {
        let f = own(vm, zelf)?;
        Ok(f.is_finite() && f == f.floor())
    }

    /// Return a pair of integers, whose ratio is exactly equal to the original float.
    ///
    /// The ratio is in lowest terms and has a positive denominator.  Raise
    /// OverflowError on infinities and a ValueError on NaNs.
    ///
    /// >>> (10.0).as_integer_ratio()
    /// (10, 1)
    /// >>> (0.0).as_integer_ratio()
    /// (0, 1)
    /// >>> (-.25).as_integer_ratio()
    /// (-1, 4)
    #[pymethod(sig = "($self, /)")]
    fn as_integer_ratio(zelf: &Value, vm: &Vm) -> PyResult<(Int, Int)> {
        rounding::as_integer_ratio(own(vm, zelf)?).map_err(|e| text_format::error(vm, e))
    }

    /// Return a hexadecimal representation of a floating-point number.
    ///
    /// >>> (-0.1).hex()
    /// '-0x1.999999999999ap-4'
    /// >>> 3.14159.hex()
    /// '0x1.921f9f01b866ep+1'
    #[pymethod(sig = "($self, /)")]
    fn hex(zelf: &Value, vm: &Vm) -> PyResult<String> {
        Ok(float_hex::float_hex(own(vm, zelf)?))
    }

    /// Create a floating-point number from a hexadecimal string.
    ///
    /// >>> float.fromhex('0x1.ffffp10')
    /// 2047.984375
    /// >>> float.fromhex('-0x1p-1074')
    /// -5e-324
    #[classmethod(sig = "($type, string, /)")]
    fn fromhex(cls: &Value, vm: &Vm, string: &Value) -> PyResult {
        let Some(text) = string.downcast::<Str>() else {
            return Err(vm.type_error("bad argument type for built-in operation"));
        };
        let bytes: Vec<u8> = text.code_points().map(|c| u8::try_from(c).unwrap_or(b'?')).collect();
        let f = float_hex::float_from_hex(&bytes).map_err(|e| text_format::error(vm, e))?;
        of_class(vm, cls, f)
    }

    /// Convert real number to a floating-point number.
    #[classmethod(sig = "($type, number, /)")]
    fn from_number(cls: &Value, vm: &Vm, number: &Value) -> PyResult {
        if number.is_float_word() && cls.is(&FloatObj::cell().get().to_value()) {
            return Ok(number.clone());
        }
        let f = number::to_f64(vm, number)?;
        of_class(vm, cls, f)
    }

    /// You probably don't want to use this function.
    ///
    ///   typestr
    ///     Must be 'double' or 'float'.
    ///
    /// It exists mainly to be used in Python's test suite.
    ///
    /// This function returns whichever of 'unknown', 'IEEE, big-endian' or 'IEEE,
    /// little-endian' best describes the format of floating-point numbers used by the
    /// C type named by typestr.
    #[classmethod(sig = "($type, typestr, /)")]
    fn __getformat__(_cls: &Value, vm: &Vm, typestr: &Value) -> PyResult<&'static str> {
        match typestr.downcast::<Str>() {
            Some(text) if text.is_str("double") || text.is_str("float") => {
                Ok(if cfg!(target_endian = "big") {
                    "IEEE, big-endian"
                } else {
                    "IEEE, little-endian"
                })
            }
            Some(_) => {
                Err(vm.value_error("__getformat__() argument 1 must be 'double' or 'float'"))
            }
            None => Err(vm.type_error(format!(
                "__getformat__() argument must be str, not {}",
                object::type_name_or_none(typestr)
            ))),
        }
    }

    /// Return the Integral closest to x between 0 and x.
    #[pymethod(sig = "($self, /)")]
    fn __trunc__(zelf: &Value, vm: &Vm) -> PyResult {
        to_int(vm, own(vm, zelf)?)
    }
    /// Return the floor as an Integral.
    #[pymethod(sig = "($self, /)")]
    fn __floor__(zelf: &Value, vm: &Vm) -> PyResult {
        to_int(vm, own(vm, zelf)?.floor())
    }
    /// Return the ceiling as an Integral.
    #[pymethod(sig = "($self, /)")]
    fn __ceil__(zelf: &Value, vm: &Vm) -> PyResult {
        to_int(vm, own(vm, zelf)?.ceil())
    }

    /// Return the Integral closest to x, rounding half toward even.
    ///
    /// When an argument is passed, work like built-in round(x, ndigits).
    #[pymethod(sig = "($self, ndigits=None, /)")]
    fn __round__(zelf: &Value, vm: &Vm, ndigits: Option<&Value>) -> PyResult {
        let f = own(vm, zelf)?;
        let Some(ndigits) = ndigits.filter(|n| !n.is_none()) else {
            return to_int(vm, f.round_ties_even());
        };
        let places = number::to_int(vm, ndigits)?;
        let beyond = if places.is_negative() { i64::MIN } else { i64::MAX };
        let places = places.to_i64().unwrap_or(beyond);
        rounding::round_to(f, places).map(Value::float).map_err(|e| text_format::error(vm, e))
    }

    /// Formats the float according to format_spec.
    #[pymethod(sig = "($self, format_spec, /)")]
    fn __format__(zelf: &Value, vm: &Vm, format_spec: &Value) -> PyResult<Ref<Str>> {
        let spec = text_format::spec_argument(vm, format_spec)?;
        if spec.is_empty() {
            return object::str(vm, zelf);
        }
        format(vm, own(vm, zelf)?, spec, &zelf.ty().name())
    }

    #[pymethod(sig = "($self, /)")]
    fn __getnewargs__(zelf: &Value, vm: &Vm) -> PyResult<Ref<Tuple>> {
        Ok(Tuple::from_vec(vec![Value::float(own(vm, zelf)?)]))
    }
}
