//! The value word: every Python value is one 64-bit word, NaN-boxed.
//!
//! ```text
//!   0000 pppp pppp pppp   pointer to a heap object (never zero)
//!   0001 0000 0000 000k   k = 0 None, 1 False, 2 True, 3 Ellipsis, 4 NotImplemented
//!   0002 .... .... ....   |
//!        ...              | float: its IEEE bits plus 0002_0000_0000_0000
//!   fffa .... .... ....   |
//!   ffff iiii iiii iiii   int of 48 bits, two's complement
//! ```
//!
//! Worked example: `1.0` has the bits `3ff0_0000_0000_0000` and is the word `3ff2_0000_0000_0000`;
//! `-1` is `ffff_ffff_ffff_ffff`; `True` is `0001_0000_0000_0002`.
//!
//! Invariants:
//! - The word is never zero, so `Option<Value>` is one word too, zero meaning "no value".
//! - A word below 2^48 owns one reference to a live heap object; `Clone` and `Drop` count.
//! - NaNs are canonical (quiet, payload zero, the sign kept), so that no float reaches the int tag.
//! - An int that fits in 48 bits is never a heap object, unless its type is a subclass of `int`.
//!
//! CPython's counterpart is `PyObject *`; this is not an object, see `object/header.rs`.

#![expect(unsafe_code, reason = "the word is a tagged pointer with counted ownership")]

use crate::object::{Obj, ObjHead, Payload, Ref, header};
use crate::objects::type_::Type;
use std::num::NonZeroU64;
use std::ptr::NonNull;

const TAG_SHIFT: u32 = 48;
const SPECIAL: u64 = 0x0001 << TAG_SHIFT;
const FLOAT_OFFSET: u64 = 0x0002 << TAG_SHIFT;
const INT_TAG: u64 = 0xffff << TAG_SHIFT;
const POINTER_LIMIT: u64 = 1 << TAG_SHIFT;
/// The largest float word plus one: -NaN (`fff8...`) plus the offset, rounded up.
const FLOAT_LIMIT: u64 = 0xfffb << TAG_SHIFT;

/// One Python value. See the file's head for its layout.
#[repr(transparent)]
pub struct Value(NonZeroU64);

const _: () = assert!(size_of::<Value>() == 8 && size_of::<Option<Value>>() == 8);

/// The least and the greatest int that live in the word itself.
pub const INT_MIN: i64 = -(1 << 47);
pub const INT_MAX: i64 = (1 << 47) - 1;

const fn word(bits: u64) -> Value {
    match NonZeroU64::new(bits) {
        Some(bits) => Value(bits),
        None => panic!("a value word is never zero"),
    }
}

impl Value {
    pub const NONE: Value = word(SPECIAL);
    pub const FALSE: Value = word(SPECIAL + 1);
    pub const TRUE: Value = word(SPECIAL + 2);
    pub const ELLIPSIS: Value = word(SPECIAL + 3);
    pub const NOT_IMPLEMENTED: Value = word(SPECIAL + 4);

    /// The raw word. Equal words are the same object (`is`).
    #[inline(always)]
    pub fn bits(&self) -> u64 {
        self.0.get()
    }

    /// Rebuilds a value from its word.
    ///
    /// # Safety
    /// `bits` comes from [`Value::into_bits`], and the reference it owns is handed over.
    #[inline(always)]
    pub unsafe fn from_bits(bits: u64) -> Value {
        // SAFETY: words made by `into_bits` are never zero.
        Value(unsafe { NonZeroU64::new_unchecked(bits) })
    }

    /// Gives up ownership without counting down.
    #[inline(always)]
    pub fn into_bits(self) -> u64 {
        let bits = self.bits();
        std::mem::forget(self);
        bits
    }

    // ---- making ----

    #[inline(always)]
    pub fn bool(b: bool) -> Value {
        // SAFETY: FALSE and TRUE are neighbours and not zero.
        Value(unsafe { NonZeroU64::new_unchecked(SPECIAL + 1 + b as u64) })
    }

    /// An int in the word, or `None` if it needs more than 48 bits.
    #[inline(always)]
    pub fn small_int(i: i64) -> Option<Value> {
        if (INT_MIN..=INT_MAX).contains(&i) { Some(Value::int_unchecked(i)) } else { None }
    }

    /// An int known to fit in 48 bits (a length, an index, a code point).
    #[inline(always)]
    pub fn int_unchecked(i: i64) -> Value {
        debug_assert!((INT_MIN..=INT_MAX).contains(&i));
        // SAFETY: the tag bits are set.
        Value(unsafe { NonZeroU64::new_unchecked(INT_TAG | (i as u64 & (POINTER_LIMIT - 1))) })
    }

    #[inline(always)]
    pub fn float(f: f64) -> Value {
        let mut bits = f.to_bits();
        if f.is_nan() {
            bits = (bits & (1 << 63)) | 0x7ff8_0000_0000_0000;
        }
        // SAFETY: the offset makes the word at least 2^49.
        Value(unsafe { NonZeroU64::new_unchecked(bits.wrapping_add(FLOAT_OFFSET)) })
    }

    // ---- asking ----

    #[inline(always)]
    pub fn is_pointer(&self) -> bool {
        self.bits() < POINTER_LIMIT
    }
    #[inline(always)]
    pub fn is_none(&self) -> bool {
        self.bits() == SPECIAL
    }
    #[inline(always)]
    pub fn is_true(&self) -> bool {
        self.bits() == SPECIAL + 2
    }
    #[inline(always)]
    pub fn is_false(&self) -> bool {
        self.bits() == SPECIAL + 1
    }
    #[inline(always)]
    pub fn is_bool(&self) -> bool {
        self.bits().wrapping_sub(SPECIAL + 1) < 2
    }
    #[inline(always)]
    pub fn is_not_implemented(&self) -> bool {
        self.bits() == SPECIAL + 4
    }
    #[inline(always)]
    pub fn is_ellipsis(&self) -> bool {
        self.bits() == SPECIAL + 3
    }
    #[inline(always)]
    pub fn is_small_int(&self) -> bool {
        self.bits() >= INT_TAG
    }
    #[inline(always)]
    pub fn is_float_word(&self) -> bool {
        self.bits().wrapping_sub(FLOAT_OFFSET) < FLOAT_LIMIT - FLOAT_OFFSET
    }
    /// Are both ints in their words? One comparison on the conjunction of the tags.
    #[inline(always)]
    pub fn both_small_ints(a: &Value, b: &Value) -> bool {
        a.bits() & b.bits() >= INT_TAG
    }

    /// `is`.
    #[inline(always)]
    pub fn is(&self, other: &Value) -> bool {
        self.0 == other.0
    }

    /// The int in the word (not a bool, not a big or subclassed int).
    #[inline(always)]
    pub fn as_small_int(&self) -> Option<i64> {
        if self.is_small_int() { Some(self.small_int_unchecked()) } else { None }
    }
    #[inline(always)]
    pub fn small_int_unchecked(&self) -> i64 {
        debug_assert!(self.is_small_int());
        ((self.bits() << 16) as i64) >> 16
    }
    /// The float in the word (not an instance of a subclass of `float`).
    #[inline(always)]
    pub fn as_float_word(&self) -> Option<f64> {
        if self.is_float_word() { Some(self.float_unchecked()) } else { None }
    }
    #[inline(always)]
    pub fn float_unchecked(&self) -> f64 {
        debug_assert!(self.is_float_word());
        f64::from_bits(self.bits().wrapping_sub(FLOAT_OFFSET))
    }
    /// `True` and `False` as Rust knows them.
    #[inline(always)]
    pub fn as_bool(&self) -> Option<bool> {
        if self.is_bool() { Some(self.is_true()) } else { None }
    }

    // ---- heap objects ----

    /// The object's head, with the reference that the value owns.
    #[inline(always)]
    pub(crate) fn into_head(self) -> NonNull<ObjHead> {
        debug_assert!(self.is_pointer());
        // SAFETY: words are never zero.
        unsafe { NonNull::new_unchecked(self.into_bits() as *mut ObjHead) }
    }
    /// The object's head, if this is a heap object.
    #[inline(always)]
    pub fn head(&self) -> Option<&ObjHead> {
        if self.is_pointer() {
            // SAFETY: a pointer word owns a reference, so the object outlives the borrow.
            Some(unsafe { &*(self.bits() as *const ObjHead) })
        } else {
            None
        }
    }

    /// The object with its payload, if the payload is a `T` (also in a subclass).
    #[inline(always)]
    pub fn downcast<T: Payload>(&self) -> Option<&Obj<T>> {
        match self.head() {
            Some(head) if std::ptr::eq(head.ty().layout(), T::cell()) => {
                // SAFETY: the type's layout says that the payload is a `T`.
                Some(unsafe { &*(head as *const ObjHead as *const Obj<T>) })
            }
            _ => None,
        }
    }

    /// The object with its payload, if its type is exactly `T`'s own.
    #[inline(always)]
    pub fn downcast_exact<T: Payload>(&self) -> Option<&Obj<T>> {
        match self.head() {
            Some(head) if std::ptr::eq(head.ty(), T::cell().get()) => {
                // SAFETY: the type is the one whose payload is `T`.
                Some(unsafe { &*(head as *const ObjHead as *const Obj<T>) })
            }
            _ => None,
        }
    }

    /// The object seen as an `Obj<T>` without a check.
    ///
    /// # Safety
    /// `self.downcast::<T>()` would be `Some`.
    #[inline(always)]
    pub unsafe fn downcast_unchecked<T: Payload>(&self) -> &Obj<T> {
        debug_assert!(self.downcast::<T>().is_some());
        // SAFETY: promised by the caller.
        unsafe { &*(self.bits() as *const Obj<T>) }
    }

    /// Moves the reference into a typed one.
    pub fn into_ref<T: Payload>(self) -> Result<Ref<T>, Value> {
        if self.downcast::<T>().is_some() {
            // SAFETY: the payload is a `T`, and ownership of the count moves.
            Ok(unsafe { Ref::from_raw(NonNull::new_unchecked(self.into_bits() as *mut Obj<T>)) })
        } else {
            Err(self)
        }
    }

    /// The type of the value: `type(x)`.
    #[inline(always)]
    pub fn ty(&self) -> &'_ Obj<Type> {
        match self.head() {
            Some(head) => head.ty(),
            None => immediate_type(self),
        }
    }

    /// Is it an object whose type is exactly `T`'s own? Never true of a value that lies in its word:
    /// those have questions of their own.
    #[inline(always)]
    pub fn is_exact<T: Payload>(&self) -> bool {
        self.downcast_exact::<T>().is_some()
    }

    /// Is the type exactly `int`?
    #[inline(always)]
    pub fn is_exact_int(&self) -> bool {
        self.is_small_int() || self.is_exact::<crate::objects::int::IntObj>()
    }
}

/// Arithmetic on raw words, which may also be 0 for "no value": `None` where the words alone do not
/// tell the result.
pub mod word {
    use super::{FLOAT_LIMIT, FLOAT_OFFSET, INT_TAG, NonZeroU64, Value};

    #[inline(always)]
    fn both_ints(a: u64, b: u64) -> bool {
        a & b >= INT_TAG
    }
    #[inline(always)]
    fn is_float(a: u64) -> bool {
        a.wrapping_sub(FLOAT_OFFSET) < FLOAT_LIMIT - FLOAT_OFFSET
    }
    /// An int's payload at the word's upper end, where overflow flags tell.
    #[inline(always)]
    fn high(a: u64) -> i64 {
        (a << 16) as i64
    }
    #[inline(always)]
    fn int(a: u64) -> i64 {
        high(a) >> 16
    }
    #[inline(always)]
    fn from_high(bits: i64) -> Value {
        // SAFETY: the tag bits are set.
        Value(unsafe { NonZeroU64::new_unchecked(INT_TAG | ((bits as u64) >> 16)) })
    }
    #[inline(always)]
    fn float(a: u64) -> f64 {
        f64::from_bits(a.wrapping_sub(FLOAT_OFFSET))
    }
    #[inline(always)]
    fn to_float(a: u64) -> Option<f64> {
        if is_float(a) {
            Some(float(a))
        } else if a >= INT_TAG {
            Some(int(a) as f64)
        } else {
            None
        }
    }
    /// Two floats, or a float and an int.
    #[inline(always)]
    pub fn floats(a: u64, b: u64) -> Option<(f64, f64)> {
        if is_float(a) && is_float(b) {
            return Some((float(a), float(b)));
        }
        Some((to_float(a)?, to_float(b)?))
    }

    macro_rules! operator {
        ($name:ident, |$x:ident, $y:ident| $int:expr, |$f:ident, $g:ident| $float:expr) => {
            #[inline(always)]
            pub fn $name(a: u64, b: u64) -> Option<Value> {
                if both_ints(a, b) {
                    let ($x, $y) = (a, b);
                    return $int.map(from_high);
                }
                let ($f, $g) = floats(a, b)?;
                Some(Value::float($float))
            }
        };
    }
    operator!(add, |a, b| high(a).checked_add(high(b)), |f, g| f + g);
    operator!(subtract, |a, b| high(a).checked_sub(high(b)), |f, g| f - g);
    operator!(multiply, |a, b| high(a).checked_mul(int(b)), |f, g| f * g);

    #[inline(always)]
    pub fn true_divide(a: u64, b: u64) -> Option<Value> {
        let (x, y) = floats(a, b)?;
        if y == 0.0 { None } else { Some(Value::float(x / y)) }
    }

    /// Floor division and modulo by a positive int.
    #[inline(always)]
    fn divide(a: u64, b: u64) -> Option<(i64, i64)> {
        if !both_ints(a, b) {
            return None;
        }
        let (x, y) = (int(a), int(b));
        if y <= 0 {
            return None;
        }
        if (x | y) as u64 >> 32 == 0 {
            // Much cheaper on many machines.
            let (x, y) = (x as u32, y as u32);
            return Some((i64::from(x / y), i64::from(x % y)));
        }
        Some((x.div_euclid(y), x.rem_euclid(y)))
    }
    #[inline(always)]
    pub fn floor_divide(a: u64, b: u64) -> Option<Value> {
        divide(a, b).map(|(quotient, _)| Value::int_unchecked(quotient))
    }
    #[inline(always)]
    pub fn modulo(a: u64, b: u64) -> Option<Value> {
        divide(a, b).map(|(_, rest)| Value::int_unchecked(rest))
    }

    macro_rules! bitwise {
        ($($name:ident |$x:ident, $y:ident| $int:expr;)*) => {$(
            #[inline(always)]
            pub fn $name(a: u64, b: u64) -> Option<Value> {
                if !both_ints(a, b) {
                    return None;
                }
                let ($x, $y) = (int(a), int(b));
                $int
            }
        )*};
    }
    bitwise! {
        and |x, y| Some(Value::int_unchecked(x & y));
        or |x, y| Some(Value::int_unchecked(x | y));
        xor |x, y| Some(Value::int_unchecked(x ^ y));
        lshift |x, y| if (0..16).contains(&y) { Value::small_int(x << y) } else { None };
        rshift |x, y| if y >= 0 { Some(Value::int_unchecked(x >> y.min(63))) } else { None };
    }

    /// How two numbers compare: a bit number of `CmpOp::outcomes`.
    #[inline(always)]
    pub fn outcome(a: u64, b: u64) -> Option<u32> {
        match outcome_of_ints(a, b) {
            None => outcome_of_floats(a, b),
            outcome => outcome,
        }
    }
    #[inline(always)]
    pub fn outcome_of_ints(a: u64, b: u64) -> Option<u32> {
        if !both_ints(a, b) {
            return None;
        }
        let (x, y) = (high(a), high(b));
        Some(1 + u32::from(x > y) - u32::from(x < y))
    }
    #[inline(always)]
    pub fn outcome_of_floats(a: u64, b: u64) -> Option<u32> {
        // Every int of 48 bits is a float exactly.
        let (x, y) = floats(a, b)?;
        Some(3 - 3 * u32::from(x < y) - 2 * u32::from(x == y) - u32::from(x > y))
    }
}

#[inline(never)]
fn immediate_type(value: &Value) -> &'static Obj<Type> {
    use crate::objects as o;
    if value.is_small_int() {
        o::int::IntObj::cell().get()
    } else if value.is_float_word() {
        o::float::FloatObj::cell().get()
    } else if value.is_bool() {
        o::bool_::BoolObj::cell().get()
    } else if value.is_none() {
        o::singletons::NoneType::cell().get()
    } else if value.is_ellipsis() {
        o::singletons::EllipsisType::cell().get()
    } else {
        o::singletons::NotImplementedType::cell().get()
    }
}

impl Clone for Value {
    #[inline(always)]
    fn clone(&self) -> Value {
        if let Some(head) = self.head() {
            head.incref();
        }
        Value(self.0)
    }
}

impl Drop for Value {
    #[inline(always)]
    fn drop(&mut self) {
        if self.is_pointer() {
            // SAFETY: the word owns one reference, given up here.
            unsafe { header::decref(NonNull::new_unchecked(self.bits() as *mut ObjHead)) }
        }
    }
}

impl<T: Payload> From<Ref<T>> for Value {
    #[inline(always)]
    fn from(object: Ref<T>) -> Value {
        // SAFETY: the pointer is below 2^48 (asserted on allocation) and its count moves.
        unsafe { Value::from_bits(object.into_raw().as_ptr() as u64) }
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Value {
        Value::bool(b)
    }
}
impl From<f64> for Value {
    fn from(f: f64) -> Value {
        Value::float(f)
    }
}

/// For Rust's own diagnostics; Python's `repr` is `protocol::object::repr`.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(i) = self.as_small_int() {
            write!(f, "{i}")
        } else if let Some(x) = self.as_float_word() {
            write!(f, "{x:?}")
        } else if self.is_pointer() {
            write!(f, "<object at {:#x}>", self.bits())
        } else {
            f.write_str(match self.bits() - SPECIAL {
                0 => "None",
                1 => "False",
                2 => "True",
                3 => "Ellipsis",
                _ => "NotImplemented",
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ints_keep_their_value_to_the_limits() {
        for i in [0, 1, -1, 42, INT_MIN, INT_MAX, INT_MIN + 1] {
            let v = Value::small_int(i).expect("fits");
            assert!(v.is_small_int() && !v.is_float_word() && !v.is_pointer());
            assert_eq!(v.as_small_int(), Some(i));
        }
        assert!(Value::small_int(INT_MAX + 1).is_none());
        assert!(Value::small_int(INT_MIN - 1).is_none());
    }

    #[test]
    fn arithmetic_stays_within_48_bits() {
        let int = |i: i64| Value::small_int(i).expect("fits").bits();
        let back = |v: Option<Value>| v.and_then(|v| v.as_small_int());
        let fits = |i: i64| Value::small_int(i).and_then(|v| v.as_small_int());
        let pairs =
            [(1, 2), (-1, 1), (INT_MAX, -1), (INT_MIN, 1), (INT_MAX, 1), (INT_MIN, -1), (-7, 3)];
        for (a, b) in pairs {
            let (x, y) = (int(a), int(b));
            assert_eq!(back(word::add(x, y)), fits(a + b));
            assert_eq!(back(word::subtract(x, y)), fits(a - b));
            assert_eq!(back(word::multiply(x, y)), fits(a * b));
            assert_eq!(back(word::and(x, y)), Some(a & b));
            assert_eq!(back(word::xor(x, y)), Some(a ^ b));
            if b > 0 {
                assert_eq!(back(word::floor_divide(x, y)), Some(a.div_euclid(b)));
                assert_eq!(back(word::modulo(x, y)), Some(a.rem_euclid(b)));
            } else {
                assert!(word::floor_divide(x, y).is_none() && word::rshift(x, y).is_none());
            }
            assert_eq!(word::outcome(x, y), Some(1 + (a > b) as u32 - (a < b) as u32));
        }
        assert!(word::multiply(int(INT_MAX), int(INT_MAX)).is_none());
        assert!(word::multiply(int(INT_MIN), int(-1)).is_none());
        assert_eq!(word::outcome(int(1), Value::float(f64::NAN).bits()), Some(3));
        assert_eq!(word::outcome(int(1), Value::float(1.0).bits()), Some(1));
        for nothing in [0, Value::NONE.bits(), Value::TRUE.bits(), 0x1000] {
            assert!(word::add(nothing, int(1)).is_none() && word::add(int(1), nothing).is_none());
            assert!(word::outcome(nothing, int(1)).is_none());
        }
    }

    #[test]
    fn floats_keep_their_bits() {
        for f in [
            0.0,
            -0.0,
            1.0,
            -1.5,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MAX,
            f64::MIN_POSITIVE,
            5e-324,
        ] {
            let v = Value::float(f);
            assert!(v.is_float_word() && !v.is_small_int() && !v.is_pointer(), "{f}");
            assert_eq!(v.as_float_word().map(f64::to_bits), Some(f.to_bits()));
        }
        for nan in [f64::NAN, -f64::NAN, f64::from_bits(0xffff_ffff_ffff_ffff)] {
            let v = Value::float(nan);
            assert!(v.is_float_word());
            let back = v.float_unchecked();
            assert!(back.is_nan() && back.is_sign_negative() == nan.is_sign_negative());
        }
    }

    #[test]
    fn the_singletons_differ() {
        let all = [Value::NONE, Value::FALSE, Value::TRUE, Value::ELLIPSIS, Value::NOT_IMPLEMENTED];
        for (i, a) in all.iter().enumerate() {
            assert!(!a.is_small_int() && !a.is_float_word() && !a.is_pointer());
            for (j, b) in all.iter().enumerate() {
                assert_eq!(a.is(b), i == j);
            }
        }
        assert_eq!(Value::bool(true).as_bool(), Some(true));
        assert_eq!(Value::bool(false).as_bool(), Some(false));
        assert_eq!(Value::NONE.as_bool(), None);
    }

    #[test]
    fn a_pointer_word_owns_one_reference() {
        use crate::objects::list::List;
        use crate::objects::str_::Str;
        use crate::testing::{owners, token, with_vm};
        with_vm(|vm| {
            let value = token();
            assert!(value.is_pointer() && !value.is_small_int() && !value.is_float_word());
            let copy = value.clone();
            assert!(copy.is(&value) && owners(&value) == 2);
            let bits = copy.into_bits();
            assert_eq!(owners(&value), 2);
            // SAFETY: the reference was given up above.
            drop(unsafe { Value::from_bits(bits) });
            assert_eq!(owners(&value), 1);
            assert!(value.downcast::<List>().is_some() && value.downcast_exact::<List>().is_some());
            assert!(value.downcast::<Str>().is_none() && !value.is_exact_int());
            // SAFETY: it is a list.
            assert!(unsafe { value.downcast_unchecked::<List>() }.is_empty());
            assert_eq!(owners(&value), 1);
            // What lies in its word has a type, but neither head nor payload.
            let words = [Value::NONE, Value::TRUE, Value::int_unchecked(-1), Value::float(-0.0)];
            for word in words {
                assert!(word.head().is_none() && word.downcast::<List>().is_none());
                assert!(!word.is_exact::<Str>() && word.clone().is(&word));
                assert!(word.ty().head().refcount() > 0);
            }
            assert!(vm.str("text").into_ref::<List>().is_err());
        });
    }
}
