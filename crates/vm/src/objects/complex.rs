//! `complex`: pairs of floats.
//!
//! Arithmetic with a real operand treats it as real, not as a complex number with a zero imaginary
//! part (3.14; C99 Annex G), so that signs of zeros and infinities survive. CPython's counterpart:
//! `Objects/complexobject.c`.

use crate::object::{Obj, Payload, Ref};
use crate::objects::float;
use crate::objects::int::{self, number_text};
use crate::objects::str_::{Str, format as text_format};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocol::compare::CmpOp;
use crate::protocol::{call, number, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_bigint::{HASH_IMAG, hash_f64};
use adder_derive::{pyclass, pymethods};
use adder_numtext::{Align, FormatSpec, Locale, complex_repr, float_parse, format_complex};
use std::cmp::Ordering;

/// Create a complex number from a string or numbers.
///
/// If a string is given, parse it as a complex number.
/// If a single number is given, convert it to a complex number.
/// If the 'real' or 'imag' arguments are given, create a complex number
/// with the specified real and imaginary components.
#[pyclass(name = "complex", base_type, no_gc, sig = "(real=0, imag=0)")]
pub struct ComplexObj {
    pub real: f64,
    pub imag: f64,
}

type Pair = (f64, f64);

impl ComplexObj {
    pub fn new_value(real: f64, imag: f64) -> Value {
        Ref::new(ComplexObj { real, imag }).into()
    }
    fn pair(&self) -> Pair {
        (self.real, self.imag)
    }
}

fn made((real, imag): Pair) -> Value {
    ComplexObj::new_value(real, imag)
}

/// A number as complex arithmetic sees it.
#[derive(Clone, Copy)]
enum Num {
    Real(f64),
    Complex(Pair),
}

impl Num {
    fn of(vm: &Vm, value: &Value) -> PyResult<Option<Num>> {
        if let Some(c) = value.downcast::<ComplexObj>() {
            return Ok(Some(Num::Complex(c.pair())));
        }
        if let Some(f) = float::as_f64(value) {
            return Ok(Some(Num::Real(f)));
        }
        if int::is_int(value) {
            return Ok(Some(Num::Real(int::to_f64(vm, value)?)));
        }
        Ok(None)
    }
    fn pair(self) -> Pair {
        match self {
            Num::Real(f) => (f, 0.0),
            Num::Complex(c) => c,
        }
    }
}

macro_rules! operands {
    ($vm:expr, $a:expr, $b:expr) => {
        match (Num::of($vm, $a)?, Num::of($vm, $b)?) {
            (Some(a), Some(b)) => (a, b),
            _ => return Ok(Value::NOT_IMPLEMENTED),
        }
    };
}

/// A product; where it is NaN in both parts although an operand is infinite, the infinity is
/// recovered (C99 Annex G.5.1).
fn multiply((mut a, mut b): Pair, (mut c, mut d): Pair) -> Pair {
    let (ac, bd, ad, bc) = (a * c, b * d, a * d, b * c);
    let result = (ac - bd, ad + bc);
    if !(result.0.is_nan() && result.1.is_nan()) {
        return result;
    }
    let boxed = |x: f64| if x.is_infinite() { 1f64.copysign(x) } else { 0f64.copysign(x) };
    let zeroed = |x: f64| if x.is_nan() { 0f64.copysign(x) } else { x };
    let mut again = false;
    if a.is_infinite() || b.is_infinite() {
        (a, b, c, d) = (boxed(a), boxed(b), zeroed(c), zeroed(d));
        again = true;
    }
    if c.is_infinite() || d.is_infinite() {
        (c, d, a, b) = (boxed(c), boxed(d), zeroed(a), zeroed(b));
        again = true;
    }
    if !again && [ac, bd, ad, bc].iter().any(|x| x.is_infinite()) {
        (a, b, c, d) = (zeroed(a), zeroed(b), zeroed(c), zeroed(d));
        again = true;
    }
    if !again {
        return result;
    }
    (f64::INFINITY * (a * c - b * d), f64::INFINITY * (a * d + b * c))
}

/// A quotient by Smith's method; `None` for a zero divisor.
fn divide((ar, ai): Pair, (br, bi): Pair) -> Option<Pair> {
    let (abs_r, abs_i) = (br.abs(), bi.abs());
    let mut result = if abs_r >= abs_i {
        if abs_r == 0.0 {
            return None;
        }
        let ratio = bi / br;
        let denominator = br + bi * ratio;
        ((ar + ai * ratio) / denominator, (ai - ar * ratio) / denominator)
    } else if abs_i >= abs_r {
        let ratio = br / bi;
        let denominator = br * ratio + bi;
        ((ar * ratio + ai) / denominator, (ai * ratio - ar) / denominator)
    } else {
        (f64::NAN, f64::NAN)
    };
    if result.0.is_nan() && result.1.is_nan() {
        let boxed =
            |x: f64| 0f64.copysign(x) + if x.is_infinite() { 1f64.copysign(x) } else { 0.0 };
        if (ar.is_infinite() || ai.is_infinite()) && br.is_finite() && bi.is_finite() {
            let (x, y) = (boxed(ar), boxed(ai));
            result = (f64::INFINITY * (x * br + y * bi), f64::INFINITY * (y * br - x * bi));
        } else if (abs_r.is_infinite() || abs_i.is_infinite()) && ar.is_finite() && ai.is_finite() {
            let (x, y) = (boxed(br), boxed(bi));
            result = (0.0 * (ar * x + ai * y), 0.0 * (ai * x - ar * y));
        }
    }
    Some(result)
}

/// A real number divided by a complex one.
fn divide_real(a: f64, (br, bi): Pair) -> Option<Pair> {
    let (abs_r, abs_i) = (br.abs(), bi.abs());
    let result = if abs_r >= abs_i {
        if abs_r == 0.0 {
            return None;
        }
        let ratio = bi / br;
        let denominator = br + bi * ratio;
        (a / denominator, (-a * ratio) / denominator)
    } else if abs_i >= abs_r {
        let ratio = br / bi;
        let denominator = br * ratio + bi;
        (a * ratio / denominator, -a / denominator)
    } else {
        (f64::NAN, f64::NAN)
    };
    if result.0.is_nan()
        && result.1.is_nan()
        && a.is_finite()
        && (abs_r.is_infinite() || abs_i.is_infinite())
    {
        let boxed = |x: f64| if x.is_infinite() { 1f64.copysign(x) } else { 0f64.copysign(x) };
        return Some((0.0 * (a * boxed(br)), 0.0 * (-a * boxed(bi))));
    }
    Some(result)
}

fn integer_power(base: Pair, exponent: i32) -> Option<Pair> {
    let mut result = (1.0, 0.0);
    let mut square = base;
    let mut rest = exponent.unsigned_abs();
    let mut first = true;
    while rest > 0 {
        if rest & 1 == 1 {
            // The first factor is taken as it is: 1 times it could lose a signed zero.
            result = if first { square } else { multiply(result, square) };
            first = false;
        }
        rest >>= 1;
        if rest > 0 {
            square = multiply(square, square);
        }
    }
    if exponent < 0 { divide((1.0, 0.0), result) } else { Some(result) }
}

#[cold]
fn zero_power(vm: &Vm) -> Exc {
    vm.zero_division_error("zero to a negative or complex power")
}

/// `a ** b`
pub fn power(vm: &Vm, a: Pair, b: Pair) -> PyResult {
    /// Up to this whole exponent the power is multiplied out, as CPython does.
    const MULTIPLIED_OUT: f64 = 100.0;
    let result = if b.1 == 0.0 && b.0 == b.0.floor() && b.0.abs() <= MULTIPLIED_OUT {
        integer_power(a, b.0 as i32).ok_or_else(|| zero_power(vm))?
    } else if b == (0.0, 0.0) {
        (1.0, 0.0)
    } else if a == (0.0, 0.0) {
        if b.1 != 0.0 || b.0 < 0.0 {
            return Err(zero_power(vm));
        }
        (0.0, 0.0)
    } else {
        let magnitude = a.0.hypot(a.1);
        let mut length = magnitude.powf(b.0);
        let angle = a.1.atan2(a.0);
        let mut phase = angle * b.0;
        if b.1 != 0.0 {
            length *= (-angle * b.1).exp();
            phase += b.1 * magnitude.ln();
        }
        (length * phase.cos(), length * phase.sin())
    };
    let overflow = result.0.is_infinite() || result.1.is_infinite();
    let finite = [a.0, a.1, b.0, b.1].iter().all(|x| x.is_finite());
    if overflow && finite {
        return Err(vm.overflow_error("complex exponentiation"));
    }
    Ok(made(result))
}

/// What `__complex__`, or else `__float__` and `__index__`, make of a value. `None` if it has none
/// of them.
pub fn convert(vm: &Vm, x: &Value) -> PyResult<Option<Pair>> {
    if let Some(c) = special(vm, x)? {
        return Ok(Some(c));
    }
    if float::as_f64(x).is_some() || x.ty().slots.float.get().is_some() || number::has_index(x) {
        return Ok(Some((number::to_f64(vm, x)?, 0.0)));
    }
    Ok(None)
}

/// A complex number, or what `__complex__` returns.
fn special(vm: &Vm, x: &Value) -> PyResult<Option<Pair>> {
    if let Some(c) = x.downcast_exact::<ComplexObj>() {
        return Ok(Some(c.pair()));
    }
    if !x.is_pointer() {
        return Ok(None);
    }
    let Some(result) = object::call_special(vm, x, &vm.names().__complex__, &[])? else {
        return Ok(x.downcast::<ComplexObj>().map(|c| c.pair()));
    };
    let Some(c) = result.downcast::<ComplexObj>() else {
        return Err(vm.type_error(format!(
            "__complex__ returned non-complex (type {})",
            result.ty().name()
        )));
    };
    if !c.is_exact() {
        vm.warn(
            &vm.exceptions().deprecation_warning,
            &format!(
                "__complex__ returned non-complex (type {}).  The ability to return an instance of a strict subclass of complex is deprecated, and may be removed in a future version of Python.",
                result.ty().name()
            ),
            1,
        )?;
    }
    Ok(Some(c.pair()))
}

fn parse(vm: &Vm, text: &Str) -> PyResult<Pair> {
    float_parse::parse_complex(&number_text(text))
        .ok_or_else(|| vm.value_error("complex() arg is a malformed string"))
}

/// One of the two arguments of `complex(real, imag)`.
fn component(vm: &Vm, x: &Value, name: &str) -> PyResult<Pair> {
    if let Some(c) =
        if name == "real" { special(vm, x)? } else { x.downcast::<ComplexObj>().map(|c| c.pair()) }
    {
        vm.warn(
            &vm.exceptions().deprecation_warning,
            &format!("complex() argument '{name}' must be a real number, not {}", x.ty().name()),
            1,
        )?;
        return Ok(c);
    }
    if x.downcast::<Str>().is_none()
        && (float::as_f64(x).is_some()
            || x.ty().slots.float.get().is_some()
            || number::has_index(x))
    {
        return Ok((number::to_f64(vm, x)?, 0.0));
    }
    Err(vm.type_error(format!(
        "complex() argument '{name}' must be a real number, not {}",
        x.ty().name()
    )))
}

fn construct(vm: &Vm, args: CallArgs<'_>) -> PyResult<Pair> {
    let positional = args.args();
    let total = positional.len() + args.keyword_count();
    if total > 2 {
        return Err(vm.type_error(format!("complex() takes at most 2 arguments ({total} given)")));
    }
    let (mut real, mut imag) = (positional.first(), positional.get(1));
    let alone = total == 1 && real.is_some();
    for (name, value) in args.keywords() {
        let text = object::str(vm, name)?;
        let (place, position) = match text.as_ascii() {
            Some("real") => (&mut real, 1),
            Some("imag") => (&mut imag, 2),
            _ => {
                return Err(
                    vm.type_error(format!("complex() got an unexpected keyword argument '{text}'"))
                );
            }
        };
        if place.is_some() {
            return Err(vm.type_error(format!(
                "argument for complex() given by name ('{text}') and position ({position})"
            )));
        }
        *place = Some(value);
    }
    if let (true, Some(x)) = (alone, real) {
        if let Some(text) = x.downcast::<Str>() {
            return parse(vm, text);
        }
        return convert(vm, x)?.ok_or_else(|| {
            vm.type_error(format!(
                "complex() argument must be a string or a number, not {}",
                x.ty().name()
            ))
        });
    }
    let (mut re, mut im) = (0.0, 0.0);
    let mut real_is_complex = false;
    if let Some(x) = real {
        let (a, b) = component(vm, x, "real")?;
        real_is_complex = x.downcast::<ComplexObj>().is_some();
        (re, im) = (a, b);
    }
    if let Some(x) = imag {
        let (c, d) = component(vm, x, "imag")?;
        // real + imag * 1j
        if x.downcast::<ComplexObj>().is_some() {
            re -= d;
        }
        im = if real_is_complex { im + c } else { c };
    }
    Ok((re, im))
}

#[pymethods]
impl ComplexObj {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        if let ([x], 0) = (args.args(), args.keyword_count())
            && ty.same(ComplexObj::cell().get())
            && x.is_exact::<ComplexObj>()
        {
            return Ok(x.clone());
        }
        let (real, imag) = construct(vm, args)?;
        Ok(Ref::with_type(ComplexObj { real, imag }, ty).into())
    }

    #[slot]
    fn repr(zelf: &Obj<ComplexObj>, vm: &Vm) -> PyResult {
        Ok(vm.str(&complex_repr(zelf.real, zelf.imag)))
    }

    #[slot]
    fn hash(zelf: &Obj<ComplexObj>, _vm: &Vm) -> PyResult<i64> {
        let by_identity = || crate::runtime::hash::hash_pointer(zelf.head().address());
        let real = hash_f64(zelf.real).unwrap_or_else(by_identity);
        let imag = hash_f64(zelf.imag).unwrap_or_else(by_identity);
        let hash = real.wrapping_add(imag.wrapping_mul(HASH_IMAG as i64));
        Ok(if hash == -1 { -2 } else { hash })
    }

    #[slot]
    fn richcompare(zelf: &Obj<ComplexObj>, _vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let equal = if let Some(other) = other.downcast::<ComplexObj>() {
            zelf.pair() == other.pair()
        } else if let Some(f) = float::as_f64(other) {
            zelf.imag == 0.0 && zelf.real == f
        } else if int::is_int(other) {
            zelf.imag == 0.0 && int::compare_f64(other, zelf.real) == Some(Ordering::Equal)
        } else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        Ok(Value::bool(equal == (op == CmpOp::Eq)))
    }

    #[slot]
    fn bool(zelf: &Obj<ComplexObj>, _vm: &Vm) -> PyResult<bool> {
        Ok(zelf.pair() != (0.0, 0.0))
    }

    #[slot]
    fn add(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        Ok(made(match operands!(vm, zelf, other) {
            (Num::Real(a), Num::Complex((c, d))) => (a + c, d),
            (Num::Complex((a, b)), Num::Real(c)) => (a + c, b),
            (a, b) => {
                let ((a, b), (c, d)) = (a.pair(), b.pair());
                (a + c, b + d)
            }
        }))
    }
    #[slot]
    fn sub(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        Ok(made(match operands!(vm, zelf, other) {
            (Num::Real(a), Num::Complex((c, d))) => (a - c, -d),
            (Num::Complex((a, b)), Num::Real(c)) => (a - c, b),
            (a, b) => {
                let ((a, b), (c, d)) = (a.pair(), b.pair());
                (a - c, b - d)
            }
        }))
    }
    #[slot]
    fn mul(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        Ok(made(match operands!(vm, zelf, other) {
            (Num::Real(a), Num::Complex((c, d))) => (a * c, a * d),
            (Num::Complex((a, b)), Num::Real(c)) => (a * c, b * c),
            (a, b) => multiply(a.pair(), b.pair()),
        }))
    }
    #[slot]
    fn truediv(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        let result = match operands!(vm, zelf, other) {
            (Num::Real(a), Num::Complex(b)) => divide_real(a, b),
            (Num::Complex(_), Num::Real(0.0)) => None,
            (Num::Complex((a, b)), Num::Real(c)) => Some((a / c, b / c)),
            (a, b) => divide(a.pair(), b.pair()),
        };
        result.map(made).ok_or_else(|| vm.zero_division_error("division by zero"))
    }
    #[slot]
    fn pow(zelf: &Value, vm: &Vm, other: &Value, modulus: Option<&Value>) -> PyResult {
        let (a, b) = operands!(vm, zelf, other);
        if modulus.is_some_and(|m| !m.is_none()) {
            return Err(vm.value_error("complex modulo"));
        }
        power(vm, a.pair(), b.pair())
    }
    #[slot]
    fn neg(zelf: &Obj<ComplexObj>, _vm: &Vm) -> PyResult {
        Ok(ComplexObj::new_value(-zelf.real, -zelf.imag))
    }
    #[slot]
    fn pos(zelf: &Obj<ComplexObj>, _vm: &Vm) -> PyResult {
        Ok(if zelf.is_exact() { zelf.to_value() } else { made(zelf.pair()) })
    }
    #[slot]
    fn abs(zelf: &Obj<ComplexObj>, vm: &Vm) -> PyResult {
        let result = zelf.real.hypot(zelf.imag);
        if result.is_infinite() && zelf.real.is_finite() && zelf.imag.is_finite() {
            return Err(vm.overflow_error("absolute value too large"));
        }
        Ok(Value::float(result))
    }

    /// the real part of a complex number
    #[getter(member)]
    fn real(zelf: &Obj<ComplexObj>, _vm: &Vm) -> f64 {
        zelf.real
    }
    /// the imaginary part of a complex number
    #[getter(member)]
    fn imag(zelf: &Obj<ComplexObj>, _vm: &Vm) -> f64 {
        zelf.imag
    }

    /// Return the complex conjugate of its argument. (3-4j).conjugate() == 3+4j.
    #[pymethod(sig = "($self, /)")]
    fn conjugate(zelf: &Obj<ComplexObj>, _vm: &Vm) -> Value {
        ComplexObj::new_value(zelf.real, -zelf.imag)
    }

    /// Convert this value to exact type complex.
    #[pymethod(sig = "($self, /)")]
    fn __complex__(zelf: &Obj<ComplexObj>, _vm: &Vm) -> Value {
        if zelf.is_exact() { zelf.to_value() } else { made(zelf.pair()) }
    }

    /// Convert number to a complex floating-point number.
    #[classmethod(sig = "($type, number, /)")]
    fn from_number(cls: &Value, vm: &Vm, number: &Value) -> PyResult {
        let plain = cls.is(&ComplexObj::cell().get().to_value());
        if plain && number.is_exact::<ComplexObj>() {
            return Ok(number.clone());
        }
        let Some(pair) = convert(vm, number)? else {
            return Err(vm.type_error(format!(
                "must be real number, not {}",
                object::type_name_or_none(number)
            )));
        };
        if plain {
            return Ok(made(pair));
        }
        call::call(vm, cls, &[made(pair)])
    }

    /// Convert to a string according to format_spec.
    #[pymethod(sig = "($self, format_spec, /)")]
    fn __format__(zelf: &Obj<ComplexObj>, vm: &Vm, format_spec: &Value) -> PyResult<Ref<Str>> {
        let spec = text_format::spec_argument(vm, format_spec)?;
        if spec.is_empty() {
            return object::str(vm, &zelf.to_value());
        }
        let wrap = |e| text_format::error(vm, e);
        let name = zelf.ty().name();
        let parsed = FormatSpec::parse(&**spec, &name, Align::Right).map_err(wrap)?;
        let locale = if parsed.code == Some(u32::from('n')) {
            text_format::current_locale()
        } else {
            Locale::default()
        };
        let padded = format_complex(zelf.real, zelf.imag, &parsed, &name, &locale).map_err(wrap)?;
        text_format::build(vm, &padded)
    }

    #[pymethod(sig = "($self, /)")]
    fn __getnewargs__(zelf: &Obj<ComplexObj>, _vm: &Vm) -> Ref<Tuple> {
        Tuple::from_vec(vec![Value::float(zelf.real), Value::float(zelf.imag)])
    }
}
