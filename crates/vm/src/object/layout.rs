//! Facts about memory layouts that safe code elsewhere relies on.

#![expect(unsafe_code, reason = "reinterprets slices whose layouts are equal")]

use crate::value::Value;

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

#[cfg(test)]
mod tests {
    use super::*;

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
