//! `timedelta`: a span of days, seconds and microseconds. In between it is one number of
//! microseconds, for which 128 bits are enough.

use super::calendar::{DAY_MICROS, MICROS};
use adder_derive::{pyclass, pymethods};
use adder_vm::objects::tuple::Tuple;
use adder_vm::objects::type_::Type;
use adder_vm::objects::{float, int};
use adder_vm::protocol::compare::CmpOp;
use adder_vm::protocol::number::{self, BinOp};
use adder_vm::protocol::object;
use adder_vm::runtime::errors::{Exc, PyResult};
use adder_vm::{Obj, Ref, Value, Vm};
use std::cell::Cell;
use std::cmp::Ordering;

pub const MAX_DAYS: i64 = 999_999_999;

/// Difference between two datetime values.
///
/// timedelta(days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0)
///
/// All arguments are optional and default to 0.
/// Arguments may be integers or floats, and may be positive or negative.
#[pyclass(name = "datetime.timedelta", base_type, no_gc)]
pub struct Delta {
    pub days: i32,
    /// Less than a day.
    pub seconds: u32,
    /// Less than a second.
    pub micros: u32,
    /// -1 until it is asked for.
    hash: Cell<i64>,
}

impl Delta {
    /// In microseconds.
    pub fn total(&self) -> i128 {
        let rest = i64::from(self.seconds) * MICROS + i64::from(self.micros);
        i128::from(self.days) * i128::from(DAY_MICROS) + i128::from(rest)
    }

    /// A span of some type, from microseconds.
    fn make(vm: &Vm, ty: &Obj<Type>, total: i128) -> PyResult<Ref<Delta>> {
        let days = total.div_euclid(DAY_MICROS.into());
        let rest = total.rem_euclid(DAY_MICROS.into()) as i64;
        let Ok(days) = i32::try_from(days) else { return Err(too_large(vm)) };
        if i64::from(days).abs() > MAX_DAYS {
            return Err(
                vm.overflow_error(format!("days={days}; must have magnitude <= {MAX_DAYS}"))
            );
        }
        let (seconds, micros) = ((rest / MICROS) as u32, (rest % MICROS) as u32);
        Ok(Ref::with_type(Delta { days, seconds, micros, hash: Cell::new(-1) }, ty))
    }

    /// Microseconds as a float of seconds.
    pub fn seconds_value(vm: &Vm, micros: i128) -> PyResult {
        quotient(vm, micros, MICROS.into())
    }

    pub fn from_micros(vm: &Vm, total: i128) -> PyResult<Ref<Delta>> {
        Delta::make(vm, vm.type_object::<Delta>(), total)
    }
}

#[cold]
fn too_large(vm: &Vm) -> Exc {
    vm.overflow_error("Python int too large to convert to C int")
}

/// `a / b`, rounded to the nearest, and to the even one of two.
fn divide_nearest(a: i128, b: i128) -> i128 {
    let (a, b) = if b < 0 { (-a, -b) } else { (a, b) };
    let (quotient, rest) = (a.div_euclid(b), a.rem_euclid(b));
    match rest.cmp(&(b - rest)) {
        Ordering::Less => quotient,
        Ordering::Greater => quotient + 1,
        Ordering::Equal => quotient + (quotient & 1),
    }
}

/// The greatest integer that is not more than `a / b`.
fn divide_floor(a: i128, b: i128) -> i128 {
    if b < 0 { (-a).div_euclid(-b) } else { a.div_euclid(b) }
}

/// A finite float as an integer times a power of two.
fn ratio(vm: &Vm, x: f64) -> PyResult<(i128, i32)> {
    if x.is_nan() {
        return Err(vm.value_error("cannot convert NaN to integer ratio"));
    }
    if x.is_infinite() {
        return Err(vm.overflow_error("cannot convert Infinity to integer ratio"));
    }
    let bits = x.to_bits();
    let (exponent, fraction) = ((bits >> 52 & 0x7ff) as i32, (bits & ((1 << 52) - 1)) as i128);
    let (mantissa, exponent) = match exponent {
        0 => (fraction, -1074),
        _ => (fraction | 1 << 52, exponent - 1075),
    };
    Ok((if x < 0.0 { -mantissa } else { mantissa }, exponent))
}

/// What the method `as_integer_ratio` of a subclass of `float` says.
fn own_ratio(vm: &Vm, x: &Value) -> PyResult<(Value, Value)> {
    let name = vm.intern("as_integer_ratio");
    let ratio = object::call_method(vm, x, &name, &[])?;
    let Some(pair) = ratio.downcast::<Tuple>() else {
        return Err(vm.type_error(format!(
            "unexpected return type from as_integer_ratio(): expected tuple, not '{}'",
            ratio.ty().name()
        )));
    };
    match pair.items() {
        [a, b] => Ok((a.clone(), b.clone())),
        _ => Err(vm.value_error("as_integer_ratio() must return a 2-tuple")),
    }
}

/// `total * a / b`
fn times_ratio(vm: &Vm, total: i128, a: &Value, b: &Value) -> PyResult<i128> {
    let product = times_int(vm, total, a)?;
    match number::to_i128(vm, b)? {
        Some(0) => Err(division_by_zero(vm)),
        Some(b) => Ok(divide_nearest(product, b)),
        None => Ok(0),
    }
}

fn bits(n: i128) -> u32 {
    128 - n.unsigned_abs().leading_zeros()
}

/// `total * x`; a total has at most 67 bits, a mantissa 53.
fn times_float(vm: &Vm, total: i128, x: f64) -> PyResult<i128> {
    let (mantissa, exponent) = ratio(vm, x)?;
    let product = total * mantissa;
    let shift = exponent.unsigned_abs();
    if exponent < 0 {
        return Ok(if shift > 122 { 0 } else { divide_nearest(product, 1 << shift) });
    }
    if product != 0 && bits(product) + shift > 126 {
        return Err(too_large(vm));
    }
    Ok(if product == 0 { 0 } else { product << shift })
}

/// `total / x`
fn over_float(vm: &Vm, total: i128, x: f64) -> PyResult<i128> {
    let (mantissa, exponent) = ratio(vm, x)?;
    if mantissa == 0 {
        return Err(division_by_zero(vm));
    }
    let shift = exponent.unsigned_abs();
    if exponent >= 0 {
        // Beyond that, the divisor is so much greater that the quotient is nothing.
        return Ok(if shift > 72 { 0 } else { divide_nearest(total, mantissa << shift) });
    }
    if total != 0 && bits(total) + shift > 126 {
        return Err(too_large(vm));
    }
    Ok(if total == 0 { 0 } else { divide_nearest(total << shift, mantissa) })
}

#[cold]
fn division_by_zero(vm: &Vm) -> Exc {
    vm.zero_division_error("division by zero")
}

/// `total * n`
fn times_int(vm: &Vm, total: i128, n: &Value) -> PyResult<i128> {
    match number::to_i128(vm, n)?.and_then(|n| total.checked_mul(n)) {
        Some(product) => Ok(product),
        None if total == 0 => Ok(0),
        None => Err(too_large(vm)),
    }
}

/// `a / b` as a float.
fn quotient(vm: &Vm, a: i128, b: i128) -> PyResult {
    const EXACT: u128 = 1 << 53;
    if b == 0 {
        return Err(division_by_zero(vm));
    }
    if a.unsigned_abs() < EXACT && b.unsigned_abs() < EXACT {
        return Ok(Value::float(a as f64 / b as f64));
    }
    number::binary(vm, &int::from_i128(a), &int::from_i128(b), BinOp::TrueDiv)
}

/// The microseconds of a constructor's arguments, added up exactly.
#[derive(Default)]
struct Sum {
    total: i128,
    /// What is too long for `total`.
    more: Option<Value>,
    /// Parts of a microsecond.
    rest: f64,
}

impl Sum {
    fn add_int(&mut self, vm: &Vm, n: &Value, factor: i64) -> PyResult<()> {
        let product = number::to_i128(vm, n)?.and_then(|n| n.checked_mul(factor.into()));
        if let Some(total) = product.and_then(|product| self.total.checked_add(product)) {
            self.total = total;
            return Ok(());
        }
        let product = number::binary(vm, n, &int::from_i64(factor), BinOp::Mul)?;
        self.more = Some(match &self.more {
            Some(more) => number::binary(vm, more, &product, BinOp::Add)?,
            None => product,
        });
        Ok(())
    }

    fn add(&mut self, vm: &Vm, name: &str, part: &Value, factor: i64) -> PyResult<()> {
        if int::is_int(part) {
            return self.add_int(vm, part, factor);
        }
        let Some(x) = float::as_f64(part) else {
            return Err(vm.type_error(format!(
                "unsupported type for timedelta {name} component: {}",
                part.ty().name()
            )));
        };
        let whole = x.trunc();
        self.add_int(vm, &float::to_int(vm, whole)?, factor)?;
        let micros = (x - whole) * factor as f64;
        self.rest += micros.fract();
        self.add_int(vm, &float::to_int(vm, micros.trunc())?, 1)
    }

    /// The sum, its parts rounded to the nearest, or even, microsecond.
    fn finish(self, vm: &Vm) -> PyResult {
        let mut whole = self.rest.round();
        if (whole - self.rest).abs() == 0.5 {
            let odd = (self.total & 1) as f64;
            whole = 2.0 * ((self.rest + odd) * 0.5).round() - odd;
        }
        let total = int::from_i128(self.total + whole as i128);
        match &self.more {
            Some(more) => number::binary(vm, more, &total, BinOp::Add),
            None => Ok(total),
        }
    }
}

#[pymethods]
impl Delta {
    #[slot(
        name = "__new__",
        sig = "(days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0)"
    )]
    fn new(
        vm: &Vm,
        ty: &Obj<Type>,
        days: Option<&Value>,
        seconds: Option<&Value>,
        microseconds: Option<&Value>,
        milliseconds: Option<&Value>,
        minutes: Option<&Value>,
        hours: Option<&Value>,
        weeks: Option<&Value>,
    ) -> PyResult {
        let mut sum = Sum::default();
        for (name, part, factor) in [
            ("microseconds", microseconds, 1),
            ("milliseconds", milliseconds, 1000),
            ("seconds", seconds, MICROS),
            ("minutes", minutes, 60 * MICROS),
            ("hours", hours, 3600 * MICROS),
            ("days", days, DAY_MICROS),
            ("weeks", weeks, 7 * DAY_MICROS),
        ] {
            if let Some(part) = part {
                sum.add(vm, name, part, factor)?;
            }
        }
        match number::to_i128(vm, &sum.finish(vm)?)? {
            Some(total) => Ok(Delta::make(vm, ty, total)?.into()),
            None => Err(too_large(vm)),
        }
    }

    /// Number of days.
    #[getter(member)]
    fn days(zelf: &Obj<Delta>, _vm: &Vm) -> i64 {
        zelf.days.into()
    }
    /// Number of seconds (>= 0 and less than 1 day).
    #[getter(member)]
    fn seconds(zelf: &Obj<Delta>, _vm: &Vm) -> i64 {
        zelf.seconds.into()
    }
    /// Number of microseconds (>= 0 and less than 1 second).
    #[getter(member)]
    fn microseconds(zelf: &Obj<Delta>, _vm: &Vm) -> i64 {
        zelf.micros.into()
    }
    /// Total seconds in the duration.
    #[pymethod]
    fn total_seconds(zelf: &Obj<Delta>, vm: &Vm) -> PyResult {
        Delta::seconds_value(vm, zelf.total())
    }
    /// __reduce__() -> (cls, state)
    #[pymethod]
    fn __reduce__(zelf: &Obj<Delta>, _vm: &Vm) -> Ref<Tuple> {
        let parts = [zelf.days.into(), zelf.seconds.into(), i64::from(zelf.micros)];
        let parts = Tuple::from_vec(parts.map(int::from_i64).into());
        Tuple::pair(zelf.ty().to_value(), parts.into())
    }

    #[slot]
    fn repr(zelf: &Obj<Delta>, _vm: &Vm) -> PyResult {
        let parts: Vec<String> = [
            ("days", i64::from(zelf.days)),
            ("seconds", zelf.seconds.into()),
            ("microseconds", zelf.micros.into()),
        ]
        .iter()
        .filter(|(_, n)| *n != 0)
        .map(|(name, n)| format!("{name}={n}"))
        .collect();
        let parts = if parts.is_empty() { "0".to_string() } else { parts.join(", ") };
        Ok(Ref::from_str(&format!("{}({parts})", zelf.ty().name())).into())
    }
    #[slot]
    fn str(zelf: &Obj<Delta>, _vm: &Vm) -> PyResult {
        let mut text = String::new();
        if zelf.days != 0 {
            let s = if zelf.days.abs() == 1 { "" } else { "s" };
            text = format!("{} day{s}, ", zelf.days);
        }
        let (minutes, second) = (zelf.seconds / 60, zelf.seconds % 60);
        text += &format!("{}:{:02}:{second:02}", minutes / 60, minutes % 60);
        if zelf.micros != 0 {
            text += &format!(".{:06}", zelf.micros);
        }
        Ok(Ref::from_str(&text).into())
    }
    #[slot]
    fn hash(zelf: &Obj<Delta>, vm: &Vm) -> PyResult<i64> {
        if zelf.hash.get() == -1 {
            let parts = [zelf.days.into(), zelf.seconds.into(), i64::from(zelf.micros)];
            let parts = Tuple::from_vec(parts.map(int::from_i64).into());
            zelf.hash.set(object::hash(vm, &parts.into())?);
        }
        Ok(zelf.hash.get())
    }
    #[slot]
    fn richcompare(zelf: &Obj<Delta>, _vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        Ok(match other.downcast::<Delta>() {
            Some(other) => Value::bool(op.holds(zelf.total().cmp(&other.total()))),
            None => Value::NOT_IMPLEMENTED,
        })
    }
    #[slot]
    fn bool(zelf: &Obj<Delta>, _vm: &Vm) -> PyResult<bool> {
        Ok(zelf.total() != 0)
    }
    #[slot]
    fn neg(zelf: &Obj<Delta>, vm: &Vm) -> PyResult {
        Ok(Delta::from_micros(vm, -zelf.total())?.into())
    }
    #[slot]
    fn pos(zelf: &Obj<Delta>, vm: &Vm) -> PyResult {
        Ok(Delta::from_micros(vm, zelf.total())?.into())
    }
    #[slot]
    fn abs(zelf: &Obj<Delta>, vm: &Vm) -> PyResult {
        Ok(Delta::from_micros(vm, zelf.total().abs())?.into())
    }
    #[slot]
    fn add(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        let Some((a, b)) = both(a, b) else { return Ok(Value::NOT_IMPLEMENTED) };
        Ok(Delta::from_micros(vm, a + b)?.into())
    }
    #[slot]
    fn sub(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        let Some((a, b)) = both(a, b) else { return Ok(Value::NOT_IMPLEMENTED) };
        Ok(Delta::from_micros(vm, a - b)?.into())
    }
    #[slot]
    fn mul(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        let (delta, factor) = match (a.downcast::<Delta>(), b.downcast::<Delta>()) {
            (Some(a), None) => (a, b),
            (None, Some(b)) => (b, a),
            _ => return Ok(Value::NOT_IMPLEMENTED),
        };
        let total = if int::is_int(factor) {
            times_int(vm, delta.total(), factor)?
        } else if let Some(x) = factor.as_float_word() {
            times_float(vm, delta.total(), x)?
        } else if float::as_f64(factor).is_some() {
            let (a, b) = own_ratio(vm, factor)?;
            times_ratio(vm, delta.total(), &a, &b)?
        } else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        Ok(Delta::from_micros(vm, total)?.into())
    }
    #[slot]
    fn truediv(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        let Some(delta) = a.downcast::<Delta>() else { return Ok(Value::NOT_IMPLEMENTED) };
        let total = delta.total();
        if let Some(other) = b.downcast::<Delta>() {
            return quotient(vm, total, other.total());
        }
        let total = if let Some(x) = b.as_float_word() {
            over_float(vm, total, x)?
        } else if float::as_f64(b).is_some() {
            let (a, b) = own_ratio(vm, b)?;
            times_ratio(vm, total, &b, &a)?
        } else if int::is_int(b) {
            match number::to_i128(vm, b)? {
                Some(0) => return Err(division_by_zero(vm)),
                Some(n) => divide_nearest(total, n),
                None => 0,
            }
        } else {
            return Ok(Value::NOT_IMPLEMENTED);
        };
        Ok(Delta::from_micros(vm, total)?.into())
    }
    #[slot]
    fn floordiv(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        let Some(delta) = a.downcast::<Delta>() else { return Ok(Value::NOT_IMPLEMENTED) };
        let total = delta.total();
        if let Some(other) = b.downcast::<Delta>() {
            return match other.total() {
                0 => Err(division_by_zero(vm)),
                other => Ok(int::from_i128(divide_floor(total, other))),
            };
        }
        if !int::is_int(b) {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let total = match number::to_i128(vm, b)? {
            Some(0) => return Err(division_by_zero(vm)),
            Some(n) => divide_floor(total, n),
            // So long a divisor leaves nothing but the sign.
            None if total != 0 && (total < 0) != int::is_negative(b) => -1,
            None => 0,
        };
        Ok(Delta::from_micros(vm, total)?.into())
    }
    #[slot]
    fn rem(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        match both(a, b) {
            None => Ok(Value::NOT_IMPLEMENTED),
            Some((_, 0)) => Err(division_by_zero(vm)),
            Some((a, b)) => Ok(Delta::from_micros(vm, a - b * divide_floor(a, b))?.into()),
        }
    }
    #[slot]
    fn divmod(a: &Value, vm: &Vm, b: &Value) -> PyResult {
        match both(a, b) {
            None => Ok(Value::NOT_IMPLEMENTED),
            Some((_, 0)) => Err(division_by_zero(vm)),
            Some((a, b)) => {
                let quotient = divide_floor(a, b);
                let rest = Delta::from_micros(vm, a - b * quotient)?;
                Ok(Tuple::pair(int::from_i128(quotient), rest.into()).into())
            }
        }
    }
}

fn both(a: &Value, b: &Value) -> Option<(i128, i128)> {
    Some((a.downcast::<Delta>()?.total(), b.downcast::<Delta>()?.total()))
}

/// The class's constants.
pub fn add_constants(vm: &Vm) -> PyResult<()> {
    let ty = vm.type_object::<Delta>();
    let most = i128::from(MAX_DAYS) * i128::from(DAY_MICROS);
    for (name, total) in
        [("min", -most), ("max", most + i128::from(DAY_MICROS) - 1), ("resolution", 1)]
    {
        let value = Delta::from_micros(vm, total)?;
        drop(ty.dict().insert_str(&vm.intern(name), value.into()));
    }
    Ok(())
}
