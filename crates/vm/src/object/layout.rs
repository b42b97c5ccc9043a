//! Facts about memory layouts that safe code elsewhere relies on.

#![expect(unsafe_code, reason = "reinterprets slices whose layouts are equal")]

use crate::value::Value;
use std::mem::MaybeUninit;

const _: () = assert!(size_of::<Value>() == size_of::<Option<Value>>());

/// A slice of values seen as a slice of present options.
#[inline(always)]
pub fn as_options(values: &[Value]) -> &[Option<Value>] {
    // SAFETY: `Value` is a transparent non-zero word, so `Some(v)` has the same bits as `v`.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), values.len()) }
}

/// The present options at the start of a slice, seen as values.
#[inline]
pub fn as_values(options: &[Option<Value>]) -> &[Value] {
    let present = options.iter().take_while(|o| o.is_some()).count();
    // SAFETY: the first `present` options are `Some`, and have the bits of their values.
    unsafe { std::slice::from_raw_parts(options.as_ptr().cast(), present) }
}

/// Most values that [`with_first`] puts together without counting.
const FEW: usize = 8;

/// Shows `f` a slice of a value and others, as they lie in different places.
#[inline(always)]
pub fn with_first<R>(first: &Value, others: &[Value], f: impl FnOnce(&[Value]) -> R) -> R {
    if others.len() >= FEW {
        let all: Vec<Value> = std::iter::once(first).chain(others).cloned().collect();
        return f(&all);
    }
    let mut words = [const { MaybeUninit::<Value>::uninit() }; FEW];
    // SAFETY: there is room for them all. The copies are not counted: they are seen while the originals are
    // borrowed, and never dropped.
    unsafe {
        words[0].write(std::ptr::read(first));
        for (at, other) in others.iter().enumerate() {
            words.get_unchecked_mut(at + 1).write(std::ptr::read(other));
        }
        f(std::slice::from_raw_parts(words.as_ptr().cast(), others.len() + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_and_others_are_seen_in_a_row() {
        for n in 0..20 {
            let others: Vec<Value> = (1..=n).map(Value::int_unchecked).collect();
            let seen = with_first(&Value::int_unchecked(0), &others, |all| {
                all.iter().filter_map(Value::as_small_int).collect::<Vec<_>>()
            });
            assert!(seen.into_iter().eq(0..=n));
        }
    }

    #[test]
    fn values_and_present_options_are_the_same_words() {
        let values = [Value::int_unchecked(1), Value::NONE, Value::float(0.0), Value::TRUE];
        let options = as_options(&values);
        assert!(
            options.iter().zip(&values).all(|(o, v)| o.as_ref().map(Value::bits) == Some(v.bits()))
        );
        assert_eq!(as_values(options).len(), 4);
        let mut some = vec![Some(Value::FALSE), Some(Value::ELLIPSIS), None, Some(Value::NONE)];
        assert_eq!(
            as_values(&some).iter().map(Value::bits).collect::<Vec<_>>(),
            [Value::FALSE.bits(), Value::ELLIPSIS.bits()]
        );
        some[0] = None;
        assert!(
            as_values(&some).is_empty() && as_values(&[]).is_empty() && as_options(&[]).is_empty()
        );
    }
}
