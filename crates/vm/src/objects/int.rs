//! `int`: integers of any size.
//!
//! An int of 48 bits lives in the value word; `IntObj` is the heap form, for larger ones and for
//! instances of subclasses (whatever their size). `bool` is a subclass, so every function here takes
//! `True` and `False` for 1 and 0. The arithmetic of big numbers is `adder-bigint`'s, text is
//! `adder-numtext`'s; `int(x)` is in `int_new.rs`.
//!
//! CPython's counterpart: `Objects/longobject.c`.

use crate::object::{Obj, Payload, Ref};
use crate::objects::bytes::Bytes;
use crate::objects::float;
use crate::objects::str_::{Str, StrBuilder, format as text_format};
use crate::objects::tuple::Tuple;
use crate::objects::type_::Type;
use crate::protocol::compare::CmpOp;
use crate::protocol::number::BinOp;
use crate::protocol::{call, number, object};
use crate::runtime::args::CallArgs;
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::vm::Vm;
use crate::value::Value;
use adder_bigint::{DivError, Int, hash_i64, room};
use adder_derive::{pyclass, pymethods};
use adder_numtext::{Align, IntRef, Locale, format_int, int_parse, rounding};
use std::borrow::Cow;
use std::cmp::Ordering;

#[path = "int_new.rs"]
mod new;
pub use new::{exact_int, number_text};

/// int([x]) -> integer
/// int(x, base=10) -> integer
///
/// Convert a number or string to an integer, or return 0 if no arguments
/// are given.  If x is a number, return x.__int__().  For floating-point
/// numbers, this truncates towards zero.
///
/// If x is not a number or if base is given, then x must be a string,
/// bytes, or bytearray instance representing an integer literal in the
/// given base.  The literal can be preceded by '+' or '-' and be surrounded
/// by whitespace.  The base defaults to 10.  Valid bases are 0 and 2-36.
/// Base 0 means to interpret the base from the string as an integer literal.
/// >>> int('0b100', base=0)
/// 4
#[pyclass(name = "int", base_type, no_gc)]
pub struct IntObj {
    value: Int,
}

// ---- making and taking apart ----

/// An int from a machine word.
#[inline(always)]
pub fn from_i64(i: i64) -> Value {
    match Value::small_int(i) {
        Some(word) => word,
        None => heap(Int::from(i)),
    }
}

pub fn from_i128(i: i128) -> Value {
    match i64::try_from(i) {
        Ok(i) => from_i64(i),
        Err(_) => heap(Int::from(i)),
    }
}

/// An int of any size; small ones go into the word.
pub fn from_int(i: Int) -> Value {
    match i.to_i64().and_then(Value::small_int) {
        Some(word) => word,
        None => heap(i),
    }
}

#[cold]
fn heap(value: Int) -> Value {
    Ref::new(IntObj { value }).into()
}

/// Is it an int (`bool` and other subclasses included)?
#[inline(always)]
pub fn is_int(value: &Value) -> bool {
    value.is_small_int() || value.is_bool() || value.downcast::<IntObj>().is_some()
}

/// An int as arithmetic sees it.
enum Num<'a> {
    Small(i64),
    Big(&'a Int),
}

impl<'a> Num<'a> {
    #[inline(always)]
    fn of(value: &'a Value) -> Option<Num<'a>> {
        if let Some(i) = value.as_small_int() {
            return Some(Num::Small(i));
        }
        if let Some(object) = value.downcast::<IntObj>() {
            return Some(Num::Big(&object.value));
        }
        value.as_bool().map(|b| Num::Small(b as i64))
    }
    fn int(&self) -> Cow<'a, Int> {
        match self {
            Num::Small(i) => Cow::Owned(Int::from(*i)),
            Num::Big(i) => Cow::Borrowed(i),
        }
    }
    fn is_zero(&self) -> bool {
        match self {
            Num::Small(i) => *i == 0,
            Num::Big(i) => i.is_zero(),
        }
    }
    fn is_negative(&self) -> bool {
        match self {
            Num::Small(i) => *i < 0,
            Num::Big(i) => i.is_negative(),
        }
    }
    fn to_i64(&self) -> Option<i64> {
        match self {
            Num::Small(i) => Some(*i),
            Num::Big(i) => i.to_i64(),
        }
    }
    fn numtext(&self) -> IntRef<'a> {
        match self {
            Num::Small(i) => IntRef::Small(*i),
            Num::Big(i) => IntRef::Big(i),
        }
    }
    /// An int of the exact type.
    fn value(&self) -> Value {
        match self {
            Num::Small(i) => from_i64(*i),
            Num::Big(i) => from_int((*i).clone()),
        }
    }
}

/// The int, if it fits in 64 bits; `None` also for what is no int.
#[inline]
pub fn to_i64_exact(value: &Value) -> Option<i64> {
    Num::of(value)?.to_i64()
}

/// The int as big arithmetic wants it; 0 for what is no int.
pub fn to_int(value: &Value) -> Int {
    match Num::of(value) {
        Some(n) => n.int().into_owned(),
        None => Int::ZERO,
    }
}

pub fn is_negative(value: &Value) -> bool {
    Num::of(value).is_some_and(|n| n.is_negative())
}

/// The nearest float, or `OverflowError`; 0 for what is no int.
pub fn to_f64(vm: &Vm, value: &Value) -> PyResult<f64> {
    match Num::of(value) {
        Some(Num::Small(i)) => Ok(i as f64),
        Some(Num::Big(i)) => {
            i.to_f64().ok_or_else(|| vm.overflow_error("int too large to convert to float"))
        }
        None => Ok(0.0),
    }
}

/// `f` with the int as text formatting wants it.
pub fn with_numtext<R>(value: &Value, f: impl FnOnce(IntRef<'_>) -> R) -> Option<R> {
    Num::of(value).map(|n| f(n.numtext()))
}

/// The exact order of an int and a float; `None` for NaN, and for what is no int.
pub fn compare_f64(value: &Value, other: f64) -> Option<Ordering> {
    match Num::of(value)? {
        // An int of 53 bits is exact as a float.
        Num::Small(i) if i.unsigned_abs() < 1 << 53 => (i as f64).partial_cmp(&other),
        n => n.int().partial_cmp_f64(other),
    }
}

/// An int of the exact type from one that may be of a subclass.
pub fn to_exact(value: &Value) -> Value {
    if value.is_exact_int() {
        return value.clone();
    }
    Num::of(value).map_or_else(|| value.clone(), |n| n.value())
}

/// `MemoryError()`, for results too large to make.
#[cold]
pub fn no_memory(vm: &Vm) -> Exc {
    let exc = vm.exception_with_args(&vm.exceptions().memory_error, Vec::new());
    crate::runtime::memory::raised();
    exc
}

fn made(vm: &Vm, result: Result<Int, adder_bigint::TooLarge>) -> PyResult {
    match result {
        Ok(i) => Ok(from_int(i)),
        Err(_) => Err(no_memory(vm)),
    }
}

#[cold]
fn division_by_zero(vm: &Vm) -> Exc {
    vm.zero_division_error("division by zero")
}

// ---- text ----

/// The decimal digits of a machine word.
fn decimal(value: i64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut rest = value.unsigned_abs();
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    &buffer[at..]
}

/// Adds the digits of a machine word to a text that is being built.
pub(crate) fn push_decimal(out: &mut StrBuilder, value: i64) {
    out.push_ascii(decimal(value, &mut [0; 20]));
}

/// `str(value)` for an int in a word.
pub fn small_to_text(value: i64) -> Ref<Str> {
    Str::from_ascii(decimal(value, &mut [0; 20]))
}

/// `str(value)` for an int, within the limit on digits.
pub fn to_text(vm: &Vm, value: &Value) -> PyResult<Ref<Str>> {
    match Num::of(value) {
        Some(Num::Small(i)) => Ok(small_to_text(i)),
        Some(Num::Big(i)) => Ok(Ref::from_str(&decimal_big(vm, i)?)),
        None => object::repr(vm, value),
    }
}

fn decimal_big(vm: &Vm, i: &Int) -> PyResult<String> {
    vm.need(room::text(i, 10))?;
    let limit = vm.interp().int_max_str_digits.get();
    let too_long = || Err(vm.value_error(int_parse::print_limit_text(limit)));
    match int_parse::exceeds_limit(i, limit) {
        Some(true) => too_long(),
        Some(false) => Ok(i.to_decimal()),
        None => {
            let text = i.to_decimal();
            let digits = text.len() - i.is_negative() as usize;
            if digits > limit { too_long() } else { Ok(text) }
        }
    }
}

/// Refuses a decimal text beyond the limit (for the callers of numtext, which does not know it).
pub fn check_digits(vm: &Vm, value: &Value) -> PyResult<()> {
    match Num::of(value) {
        Some(Num::Big(i)) => decimal_limit(vm, i),
        _ => Ok(()),
    }
}

fn decimal_limit(vm: &Vm, i: &Int) -> PyResult<()> {
    let limit = vm.interp().int_max_str_digits.get();
    if int_parse::exceeds_limit(i, limit) == Some(false) {
        return Ok(());
    }
    decimal_big(vm, i).map(drop)
}

/// `format(value, spec)` for an int, by its own rules.
pub fn format(vm: &Vm, value: &Value, spec: &Str) -> PyResult<Ref<Str>> {
    let Some(n) = Num::of(value) else { return object::str(vm, value) };
    let own_name;
    let type_name: &str = if value.is_small_int() {
        "int"
    } else {
        own_name = value.ty().name();
        &own_name
    };
    let wrap = |e| text_format::error(vm, e);
    let parsed = text_format::parse_spec(spec, type_name, Align::Right).map_err(wrap)?;
    let code = parsed.code.and_then(char::from_u32);
    if matches!(code, None | Some('d' | 'n')) {
        check_digits(vm, value)?;
    }
    if let Num::Big(i) = n {
        let radix = match code {
            Some('b') => 2,
            Some('o') => 8,
            Some('x' | 'X') => 16,
            _ => 10,
        };
        // Digits, their groups, the text that is padded, and the string.
        let copies = if parsed.grouping.is_some() { 8 } else { 4 };
        let copies = room::digits(i, radix).saturating_mul(copies);
        vm.need(room::text(i, radix).saturating_add(copies))?;
    }
    let locale = if code == Some('n') { text_format::current_locale() } else { Locale::default() };
    let padded = format_int(n.numtext(), &parsed, type_name, &locale).map_err(wrap)?;
    text_format::build(vm, &padded)
}

// ---- arithmetic ----

/// `a op b` of exact ints that fit in 64 bits, for operators that cannot fail then; `None` for all others.
pub fn binary_words(a: &Value, b: &Value, op: BinOp) -> Option<Value> {
    let word = |value: &Value| match value.as_small_int() {
        Some(i) => Some(i),
        None => value.downcast_exact::<IntObj>()?.value.to_i64(),
    };
    let (a, b) = (word(a)?, word(b)?);
    Some(match op {
        BinOp::Add => from_i128(i128::from(a) + i128::from(b)),
        BinOp::Sub => from_i128(i128::from(a) - i128::from(b)),
        BinOp::Mul => from_i128(i128::from(a) * i128::from(b)),
        BinOp::And => from_i64(a & b),
        BinOp::Or => from_i64(a | b),
        BinOp::Xor => from_i64(a ^ b),
        // The least word by -1 is no word.
        BinOp::FloorDiv if b > 0 => from_i64(a.div_euclid(b)),
        BinOp::Rem if b > 0 => from_i64(a.rem_euclid(b)),
        _ => return None,
    })
}

/// The two operands, or `NotImplemented` for the caller.
macro_rules! operands {
    ($a:expr, $b:expr) => {
        match (Num::of($a), Num::of($b)) {
            (Some(a), Some(b)) => (a, b),
            _ => return Ok(Value::NOT_IMPLEMENTED),
        }
    };
}

/// Floor division and remainder of words; the divisor is not zero.
fn divmod_words(a: i64, b: i64) -> (i64, i64) {
    // Words have 48 bits (or are bools), so that nothing overflows.
    let (q, r) = (a / b, a % b);
    if r != 0 && (r < 0) != (b < 0) { (q - 1, r + b) } else { (q, r) }
}

fn divmod(vm: &Vm, a: &Num<'_>, b: &Num<'_>) -> PyResult<(Value, Value)> {
    if b.is_zero() {
        return Err(division_by_zero(vm));
    }
    if let (Num::Small(a), Num::Small(b)) = (a, b) {
        let (q, r) = divmod_words(*a, *b);
        return Ok((from_i64(q), from_i64(r)));
    }
    let (a, b) = (a.int(), b.int());
    vm.need(room::quotient(&a, &b))?;
    match a.divmod(&b) {
        Some((q, r)) => Ok((from_int(q), from_int(r))),
        None => Err(division_by_zero(vm)),
    }
}

fn power(vm: &Vm, a: &Num<'_>, b: &Num<'_>) -> PyResult {
    if b.is_negative() {
        let (x, y) = (to_f64(vm, &a.value())?, to_f64(vm, &b.value())?);
        return float::power(vm, x, y);
    }
    if let (Num::Small(base), Some(exp)) = (a, b.to_i64()) {
        let small = u32::try_from(exp).ok().and_then(|exp| base.checked_pow(exp));
        if let Some(result) = small {
            return Ok(from_i64(result));
        }
    }
    let base = a.int();
    if let Some(exp) = b.int().to_u64() {
        vm.need(room::power(&base, exp))?;
        return made(vm, base.pow(exp));
    }
    match base.to_i64() {
        Some(0) => Ok(from_i64(0)),
        Some(1) => Ok(from_i64(1)),
        Some(-1) => Ok(from_i64(if b.int().is_odd() { -1 } else { 1 })),
        _ => Err(vm.overflow_error("too many digits in integer")),
    }
}

fn power_mod(vm: &Vm, a: &Num<'_>, b: &Num<'_>, modulus: &Num<'_>) -> PyResult {
    let (a, b, modulus) = (a.int(), b.int(), modulus.int());
    vm.need(room::modular_power(&a, &b, &modulus))?;
    match a.pow_mod(&b, &modulus) {
        Ok(i) => Ok(from_int(i)),
        Err(e) => Err(vm.value_error(e.to_string())),
    }
}

/// Room for what is linear in two integers: their sum, and the like.
fn need_sum(vm: &Vm, a: &Int, b: &Int) -> PyResult<()> {
    vm.need(room::linear(a.words().len() + b.words().len()))
}

/// Room for what is linear in one.
fn need_copy(vm: &Vm, i: &Int) -> PyResult<()> {
    vm.need(room::linear(i.words().len()))
}

/// `a * b`
pub fn multiply(vm: &Vm, a: &Int, b: &Int) -> PyResult<Int> {
    vm.need(room::product(a, b))?;
    a.mul(b).map_err(|_| no_memory(vm))
}

/// How far to shift: `None` is further than any word says.
fn shift_count(vm: &Vm, b: &Num<'_>) -> PyResult<Option<u64>> {
    if b.is_negative() {
        return Err(vm.value_error("negative shift count"));
    }
    Ok(b.to_i64().map(|i| i as u64))
}

/// A bitwise operator; on two bools it gives a bool.
fn bitwise(
    vm: &Vm,
    a: &Value,
    b: &Value,
    small: fn(i64, i64) -> i64,
    big: fn(&Int, &Int) -> Int,
) -> PyResult {
    if let (Some(x), Some(y)) = (a.as_bool(), b.as_bool()) {
        return Ok(Value::bool(small(x as i64, y as i64) != 0));
    }
    Ok(match operands!(a, b) {
        (Num::Small(a), Num::Small(b)) => from_i64(small(a, b)),
        (a, b) => {
            let (a, b) = (a.int(), b.int());
            need_sum(vm, &a, &b)?;
            from_int(big(&a, &b))
        }
    })
}

fn byte_order(vm: &Vm, order: Option<&Value>) -> PyResult<bool> {
    let Some(order) = order else { return Ok(false) };
    let Some(text) = order.downcast::<Str>() else {
        return Err(vm.type_error(format!(
            "to_bytes() argument 'byteorder' must be str, not {}",
            object::type_name_or_none(order)
        )));
    };
    match text.as_ascii() {
        Some("little") => Ok(true),
        Some("big") => Ok(false),
        _ => Err(vm.value_error("byteorder must be either 'little' or 'big'")),
    }
}

/// What a method was called on; the type's descriptor has checked that it is an int.
fn own<'a>(vm: &Vm, zelf: &'a Value) -> PyResult<Num<'a>> {
    Num::of(zelf).ok_or_else(|| vm.wrong_receiver::<IntObj>(zelf))
}

#[pymethods]
impl IntObj {
    #[slot]
    fn new(vm: &Vm, ty: &Obj<Type>, args: CallArgs<'_>) -> PyResult {
        let value = new::construct(vm, args)?;
        if ty.same(IntObj::cell().get()) {
            return Ok(value);
        }
        Ok(Ref::with_type(IntObj { value: to_int(&value) }, ty).into())
    }

    #[slot]
    fn repr(zelf: &Value, vm: &Vm) -> PyResult {
        to_text(vm, zelf).map(Value::from)
    }

    #[slot]
    fn hash(zelf: &Value, vm: &Vm) -> PyResult<i64> {
        Ok(match own(vm, zelf)? {
            Num::Small(i) => hash_i64(i),
            Num::Big(i) => i.py_hash(),
        })
    }

    #[slot]
    fn richcompare(zelf: &Value, _vm: &Vm, other: &Value, op: CmpOp) -> PyResult {
        let ordering = match operands!(zelf, other) {
            (Num::Small(a), Num::Small(b)) => a.cmp(&b),
            (Num::Big(a), Num::Big(b)) => a.cmp(b),
            (a, b) => a.int().cmp(&b.int()),
        };
        Ok(Value::bool(op.holds(ordering)))
    }

    #[slot]
    fn bool(zelf: &Value, vm: &Vm) -> PyResult<bool> {
        Ok(!own(vm, zelf)?.is_zero())
    }

    #[slot]
    fn add(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        Ok(match operands!(zelf, other) {
            (Num::Small(a), Num::Small(b)) => from_i64(a + b),
            (a, b) => {
                let (a, b) = (a.int(), b.int());
                need_sum(vm, &a, &b)?;
                from_int(a.add(&b))
            }
        })
    }

    #[slot]
    fn sub(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        Ok(match operands!(zelf, other) {
            (Num::Small(a), Num::Small(b)) => from_i64(a - b),
            (a, b) => {
                let (a, b) = (a.int(), b.int());
                need_sum(vm, &a, &b)?;
                from_int(a.sub(&b))
            }
        })
    }

    #[slot]
    fn mul(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        match operands!(zelf, other) {
            (Num::Small(a), Num::Small(b)) => Ok(from_i128(a as i128 * b as i128)),
            (a, b) => multiply(vm, &a.int(), &b.int()).map(from_int),
        }
    }

    #[slot]
    fn truediv(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        let (a, b) = operands!(zelf, other);
        if let (Num::Small(a), Num::Small(b)) = (&a, &b)
            && *b != 0
        {
            return Ok(Value::float(*a as f64 / *b as f64));
        }
        let (a, b) = (a.int(), b.int());
        if a.is_zero() && b.is_negative() {
            return Ok(Value::float(-0.0));
        }
        need_sum(vm, &a, &b)?;
        Int::true_div(&a, &b).map(Value::float).map_err(|e| match e {
            DivError::Zero => division_by_zero(vm),
            DivError::Overflow => vm.overflow_error(e.to_string()),
        })
    }

    #[slot]
    fn floordiv(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        let (a, b) = operands!(zelf, other);
        divmod(vm, &a, &b).map(|(q, _)| q)
    }

    #[slot]
    fn rem(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        let (a, b) = operands!(zelf, other);
        if let (Num::Small(a), Num::Small(b)) = (&a, &b)
            && *b != 0
        {
            return Ok(from_i64(divmod_words(*a, *b).1));
        }
        let (a, b) = (a.int(), b.int());
        vm.need(room::quotient(&a, &b))?;
        a.modulo(&b).map(from_int).ok_or_else(|| division_by_zero(vm))
    }

    #[slot]
    fn divmod(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        let (a, b) = operands!(zelf, other);
        let (q, r) = divmod(vm, &a, &b)?;
        Ok(Tuple::from_array([q, r]).into())
    }

    #[slot]
    fn pow(zelf: &Value, vm: &Vm, other: &Value, modulus: Option<&Value>) -> PyResult {
        let (a, b) = operands!(zelf, other);
        match modulus.filter(|m| !m.is_none()) {
            None => power(vm, &a, &b),
            Some(m) => match Num::of(m) {
                Some(m) => power_mod(vm, &a, &b, &m),
                None => Ok(Value::NOT_IMPLEMENTED),
            },
        }
    }

    #[slot]
    fn lshift(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        let (a, b) = operands!(zelf, other);
        match (shift_count(vm, &b)?, a) {
            (_, a) if a.is_zero() => Ok(from_i64(0)),
            (Some(n @ 0..=64), Num::Small(a)) => Ok(from_i128((a as i128) << n)),
            (Some(n), a) => {
                let a = a.int();
                let words = a.words().len() as u64 + n / 64 + 1;
                vm.need(room::linear(usize::try_from(words).unwrap_or(usize::MAX)))?;
                made(vm, a.shl(n))
            }
            (None, _) => Err(vm.overflow_error("too many digits in integer")),
        }
    }

    #[slot]
    fn rshift(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        let (a, b) = operands!(zelf, other);
        Ok(match (shift_count(vm, &b)?, a) {
            (None, a) => from_i64(if a.is_negative() { -1 } else { 0 }),
            (Some(n), Num::Small(a)) => from_i64(a >> n.min(63)),
            (Some(n), Num::Big(a)) => {
                need_copy(vm, a)?;
                from_int(a.shr(n))
            }
        })
    }

    #[slot]
    fn and(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        bitwise(vm, zelf, other, |a, b| a & b, Int::and)
    }
    #[slot]
    fn or(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        bitwise(vm, zelf, other, |a, b| a | b, Int::or)
    }
    #[slot]
    fn xor(zelf: &Value, vm: &Vm, other: &Value) -> PyResult {
        bitwise(vm, zelf, other, |a, b| a ^ b, Int::xor)
    }

    #[slot]
    fn neg(zelf: &Value, vm: &Vm) -> PyResult {
        Ok(match own(vm, zelf)? {
            Num::Small(i) => from_i64(-i),
            Num::Big(i) => {
                need_copy(vm, i)?;
                from_int(i.neg())
            }
        })
    }
    #[slot]
    fn pos(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(to_exact(zelf))
    }
    #[slot]
    fn abs(zelf: &Value, vm: &Vm) -> PyResult {
        Ok(match own(vm, zelf)? {
            Num::Small(i) => from_i64(i.abs()),
            Num::Big(i) => {
                need_copy(vm, i)?;
                from_int(i.abs())
            }
        })
    }
    #[slot]
    fn invert(zelf: &Value, vm: &Vm) -> PyResult {
        Ok(match own(vm, zelf)? {
            Num::Small(i) => from_i64(!i),
            Num::Big(i) => {
                need_copy(vm, i)?;
                from_int(i.invert())
            }
        })
    }
    #[slot]
    fn index(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(to_exact(zelf))
    }
    #[slot]
    fn int(zelf: &Value, _vm: &Vm) -> PyResult {
        Ok(to_exact(zelf))
    }
    #[slot]
    fn float(zelf: &Value, vm: &Vm) -> PyResult {
        to_f64(vm, zelf).map(Value::float)
    }

    /// the real part of a complex number
    #[getter]
    fn real(zelf: &Value, _vm: &Vm) -> Value {
        to_exact(zelf)
    }
    /// the imaginary part of a complex number
    #[getter]
    fn imag(_zelf: &Value, _vm: &Vm) -> i64 {
        0
    }
    /// the numerator of a rational number in lowest terms
    #[getter]
    fn numerator(zelf: &Value, _vm: &Vm) -> Value {
        to_exact(zelf)
    }
    /// the denominator of a rational number in lowest terms
    #[getter]
    fn denominator(_zelf: &Value, _vm: &Vm) -> i64 {
        1
    }

    /// Returns self, the complex conjugate of any int.
    #[pymethod(sig = "($self, /)")]
    fn conjugate(zelf: &Value, _vm: &Vm) -> Value {
        to_exact(zelf)
    }

    /// Number of bits necessary to represent self in binary.
    ///
    /// >>> bin(37)
    /// '0b100101'
    /// >>> (37).bit_length()
    /// 6
    #[pymethod(sig = "($self, /)")]
    fn bit_length(zelf: &Value, vm: &Vm) -> PyResult<u64> {
        Ok(match own(vm, zelf)? {
            Num::Small(i) => 64 - u64::from(i.unsigned_abs().leading_zeros()),
            Num::Big(i) => i.bit_length(),
        })
    }

    /// Number of ones in the binary representation of the absolute value of self.
    ///
    /// Also known as the population count.
    ///
    /// >>> bin(13)
    /// '0b1101'
    /// >>> (13).bit_count()
    /// 3
    #[pymethod(sig = "($self, /)")]
    fn bit_count(zelf: &Value, vm: &Vm) -> PyResult<u64> {
        Ok(match own(vm, zelf)? {
            Num::Small(i) => u64::from(i.unsigned_abs().count_ones()),
            Num::Big(i) => i.bit_count(),
        })
    }

    /// Return an array of bytes representing an integer.
    ///
    ///   length
    ///     Length of bytes object to use.  An OverflowError is raised if the
    ///     integer is not representable with the given number of bytes.  Default
    ///     is length 1.
    ///   byteorder
    ///     The byte order used to represent the integer.  If byteorder is 'big',
    ///     the most significant byte is at the beginning of the byte array.  If
    ///     byteorder is 'little', the most significant byte is at the end of the
    ///     byte array.  To request the native byte order of the host system, use
    ///     sys.byteorder as the byte order value.  Default is to use 'big'.
    ///   signed
    ///     Determines whether two's complement is used to represent the integer.
    ///     If signed is False and a negative integer is given, an OverflowError
    ///     is raised.
    #[pymethod(sig = "($self, /, length=1, byteorder='big', *, signed=False)")]
    fn to_bytes(
        zelf: &Value,
        vm: &Vm,
        length: Option<isize>,
        byteorder: Option<&Value>,
        signed: Option<bool>,
    ) -> PyResult<Ref<Bytes>> {
        let little = byte_order(vm, byteorder)?;
        let length = length.unwrap_or(1);
        let Ok(length) = usize::try_from(length) else {
            return Err(vm.value_error("length argument must be non-negative"));
        };
        // They are copied once more, into the object.
        let (value, signed) = (own(vm, zelf)?.int(), signed.unwrap_or(false));
        vm.need(room::linear(value.words().len()).saturating_add(length.saturating_mul(2)))?;
        let bytes = if little {
            value.to_le_bytes(length, signed)
        } else {
            value.to_be_bytes(length, signed)
        };
        match bytes {
            Ok(bytes) => Ok(Bytes::from_slice(&bytes)),
            Err(e) => Err(vm.overflow_error(e.to_string())),
        }
    }

    /// Return the integer represented by the given array of bytes.
    ///
    ///   bytes
    ///     Holds the array of bytes to convert.  The argument must either
    ///     support the buffer protocol or be an iterable object producing bytes.
    ///     Bytes and bytearray are examples of built-in objects that support the
    ///     buffer protocol.
    ///   byteorder
    ///     The byte order used to represent the integer.  If byteorder is 'big',
    ///     the most significant byte is at the beginning of the byte array.  If
    ///     byteorder is 'little', the most significant byte is at the end of the
    ///     byte array.  To request the native byte order of the host system, use
    ///     sys.byteorder as the byte order value.  Default is to use 'big'.
    ///   signed
    ///     Indicates whether two's complement is used to represent the integer.
    #[classmethod(sig = "($type, /, bytes, byteorder='big', *, signed=False)")]
    fn from_bytes(
        cls: &Value,
        vm: &Vm,
        bytes: &Value,
        byteorder: Option<&Value>,
        signed: Option<bool>,
    ) -> PyResult {
        let little = byte_order(vm, byteorder)?;
        let bytes = crate::objects::bytes::from_object(vm, bytes)?;
        let signed = signed.unwrap_or(false);
        vm.need(room::linear(bytes.len() / 8 + 1))?;
        let value = from_int(if little {
            Int::from_le_bytes(&bytes, signed)
        } else {
            Int::from_be_bytes(&bytes, signed)
        });
        if cls.is(&IntObj::cell().get().to_value()) {
            return Ok(value);
        }
        call::call(vm, cls, &[value])
    }

    /// Return a pair of integers, whose ratio is equal to the original int.
    ///
    /// The ratio is in lowest terms and has a positive denominator.
    ///
    /// >>> (10).as_integer_ratio()
    /// (10, 1)
    /// >>> (-10).as_integer_ratio()
    /// (-10, 1)
    /// >>> (0).as_integer_ratio()
    /// (0, 1)
    #[pymethod(sig = "($self, /)")]
    fn as_integer_ratio(zelf: &Value, _vm: &Vm) -> (Value, i64) {
        (to_exact(zelf), 1)
    }

    /// Returns True. Exists for duck type compatibility with float.is_integer.
    #[pymethod(sig = "($self, /)")]
    fn is_integer(_zelf: &Value, _vm: &Vm) -> bool {
        true
    }

    /// Truncating an Integral returns itself.
    #[pymethod(sig = "($self, /)")]
    fn __trunc__(zelf: &Value, _vm: &Vm) -> Value {
        to_exact(zelf)
    }
    /// Flooring an Integral returns itself.
    #[pymethod(sig = "($self, /)")]
    fn __floor__(zelf: &Value, _vm: &Vm) -> Value {
        to_exact(zelf)
    }
    /// Ceiling of an Integral returns itself.
    #[pymethod(sig = "($self, /)")]
    fn __ceil__(zelf: &Value, _vm: &Vm) -> Value {
        to_exact(zelf)
    }

    /// Rounding an Integral returns itself.
    ///
    /// Rounding with an ndigits argument also returns an integer.
    #[pymethod(sig = "($self, ndigits=None, /)")]
    fn __round__(zelf: &Value, vm: &Vm, ndigits: Option<&Value>) -> PyResult {
        let Some(ndigits) = ndigits.filter(|n| !n.is_none()) else { return Ok(to_exact(zelf)) };
        let places = number::to_int(vm, ndigits)?;
        if !places.is_negative() {
            return Ok(to_exact(zelf));
        }
        let places = places.neg().to_u64().unwrap_or(u64::MAX);
        let value = own(vm, zelf)?.int();
        if places <= value.bit_length() {
            // Its power of ten, a division by it, and a product of that, which are no longer than it.
            vm.need(room::product(&value, &value))?;
        }
        match rounding::round_int(&value, places) {
            Some(i) => Ok(from_int(i)),
            None => Err(no_memory(vm)),
        }
    }

    /// Convert to a string according to format_spec.
    #[pymethod(sig = "($self, format_spec, /)")]
    fn __format__(zelf: &Value, vm: &Vm, format_spec: &Value) -> PyResult<Ref<Str>> {
        let spec = text_format::spec_argument(vm, format_spec)?;
        if spec.is_empty() {
            return object::str(vm, zelf);
        }
        format(vm, zelf, spec)
    }

    /// Returns size in memory, in bytes.
    #[pymethod(sig = "($self, /)")]
    fn __sizeof__(zelf: &Value, vm: &Vm) -> PyResult<usize> {
        // The word itself takes nothing; what is told is the heap form, as for CPython's ints.
        Ok(zelf.ty().basic_size + own(vm, zelf)?.int().words().len() * 8)
    }

    #[pymethod(sig = "($self, /)")]
    fn __getnewargs__(zelf: &Value, _vm: &Vm) -> Ref<Tuple> {
        Tuple::from_vec(vec![to_exact(zelf)])
    }
}
