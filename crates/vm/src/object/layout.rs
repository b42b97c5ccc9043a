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
