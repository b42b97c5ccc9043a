//! Sorting keys whose comparison asks nobody: strings, and tuples of numbers, strings and such tuples.
//!
//! Most comparisons are decided by a number that stands for the beginning of a key, so that the keys
//! themselves, which lie anywhere in memory, are looked at where that leaves it open.
//!
//! CPython's counterpart: `unsafe_latin_compare` and `unsafe_tuple_compare` in `Objects/listobject.c`.

use super::run_sort;
use crate::objects::str_::Str;
use crate::objects::tuple::Tuple;
use crate::protocol::compare;
use crate::value::Value;
use std::cmp::Ordering;

/// How deep tuples may lie in each other.
const DEPTH: u32 = 4;

/// What all values at one place of the keys are.
#[derive(Default)]
enum Shape {
    #[default]
    Unknown,
    Int {
        min: i64,
        max: i64,
    },
    Float,
    Text {
        /// Are all characters below U+0100?
        narrow: bool,
    },
    /// The shapes of the items, as many as the longest tuple has.
    Items(Vec<Shape>),
}

impl Shape {
    /// Takes a value in; `false` if it does not go with those before.
    fn admits(&mut self, value: &Value, depth: u32) -> bool {
        if let Some(i) = value.as_small_int() {
            return match self {
                Shape::Unknown => {
                    *self = Shape::Int { min: i, max: i };
                    true
                }
                Shape::Int { min, max } => {
                    (*min, *max) = (i.min(*min), i.max(*max));
                    true
                }
                _ => false,
            };
        }
        if let Some(float) = value.as_float_word() {
            if let Shape::Unknown = self {
                *self = Shape::Float;
            }
            return matches!(self, Shape::Float) && !float.is_nan();
        }
        if let Some(text) = value.downcast_exact::<Str>() {
            let is_narrow = text.width() == 1;
            return match self {
                Shape::Unknown => {
                    *self = Shape::Text { narrow: is_narrow };
                    true
                }
                Shape::Text { narrow } => {
                    *narrow &= is_narrow;
                    true
                }
                _ => false,
            };
        }
        let Some(tuple) = value.downcast_exact::<Tuple>() else { return false };
        if let Shape::Unknown = self {
            *self = Shape::Items(Vec::new());
        }
        let Shape::Items(shapes) = self else { return false };
        if depth == 0 {
            return false;
        }
        if shapes.len() < tuple.len() {
            shapes.resize_with(tuple.len(), Shape::default);
        }
        shapes.iter_mut().zip(tuple.items()).all(|(shape, item)| shape.admits(item, depth - 1))
    }

    /// Writes the beginning of a value into as many bits as the code has left, such that of two values the
    /// one whose code is less is less; `false` if it goes on behind that.
    fn encode(&self, value: &Value, code: &mut Code) -> bool {
        match self {
            Shape::Int { min, max } => {
                let place = value.as_small_int().map_or(0, |i| i.abs_diff(*min));
                code.put(place, 64 - max.abs_diff(*min).leading_zeros())
            }
            Shape::Float => {
                // The two zeros are equal.
                let bits = value.as_float_word().map_or(0, |f| (f + 0.0).to_bits());
                code.put(if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }, 64)
            }
            Shape::Text { narrow: true } => {
                let mut first = [0; 8];
                if let Some(text) = value.downcast_exact::<Str>() {
                    for (place, byte) in first.iter_mut().zip(text.raw_bytes()) {
                        *place = *byte;
                    }
                }
                code.put(u64::from_be_bytes(first), 64);
                false
            }
            Shape::Items(shapes) => {
                let Some(tuple) = value.downcast_exact::<Tuple>() else { return false };
                let items = tuple.items();
                // What has another length must not be told by what comes behind it.
                shapes.iter().zip(items).all(|(shape, item)| shape.encode(item, code))
                    && items.len() == shapes.len()
            }
            Shape::Unknown | Shape::Text { narrow: false } => false,
        }
    }
}

/// A number that stands for the beginning of a key.
struct Code {
    bits: u64,
    left: u32,
}

impl Code {
    /// Puts a number of so many bits behind what is there; `false` if the lowest of them are lost.
    fn put(&mut self, number: u64, bits: u32) -> bool {
        let put = bits.min(self.left);
        self.left -= put;
        if put > 0 {
            self.bits |= (number >> (bits - put)) << self.left;
        }
        put == bits
    }

    fn of(shape: &Shape, key: &Value) -> u64 {
        let mut code = Code { bits: 0, left: 64 };
        shape.encode(key, &mut code);
        code.bits
    }
}

/// How two keys of one shape compare.
fn compare_plain(a: &Value, b: &Value) -> Ordering {
    let order = match (a.downcast_exact::<Tuple>(), b.downcast_exact::<Tuple>()) {
        (Some(a), Some(b)) => compare::simple_tuple_order(a.items(), b.items(), DEPTH),
        _ => compare::simple_order(a, b),
    };
    order.unwrap_or(Ordering::Equal)
}

/// A number that stands for the beginning of a key, and which key.
type Place = (u64, u32);

/// The order of keys, if these are plain: equal ones stay in their order.
pub(super) fn order(keys: &[Value]) -> Option<Vec<Place>> {
    let count = u32::try_from(keys.len()).ok()?;
    let mut shape = Shape::default();
    if !keys.iter().all(|key| shape.admits(key, DEPTH)) {
        return None;
    }
    let code = |(key, i): (&Value, u32)| (Code::of(&shape, key), i);
    let mut places: Vec<Place> = keys.iter().zip(0..count).map(code).collect();
    match shape {
        // The codes say all.
        Shape::Int { .. } | Shape::Float => sort(&mut places, Place::cmp),
        _ => sort(&mut places, |a, b| {
            let by_keys = || compare_plain(&keys[a.1 as usize], &keys[b.1 as usize]);
            a.0.cmp(&b.0).then_with(by_keys).then(a.1.cmp(&b.1))
        }),
    }
    Some(places)
}

/// Sorts places, no two of which are equal. What is in long runs already is merged, which takes as much room
/// again.
fn sort(places: &mut [Place], compare: impl Fn(&Place, &Place) -> Ordering) {
    if run_sort::sort(places, |a, b| compare(a, b).is_lt()) {
        return;
    }
    let falls = places.windows(2).filter(|pair| pair[1].0 < pair[0].0).count();
    if falls.min(places.len() - falls) < places.len() / 8 {
        places.sort_by(compare);
    } else {
        places.sort_unstable_by(compare);
    }
}

/// Sorts values that are all ints in words, of which equal ones are the same; `false` if they are not.
pub(super) fn sort_words(values: &mut [Value]) -> bool {
    let ints: Option<Vec<i64>> = values.iter().map(Value::as_small_int).collect();
    let Some(mut ints) = ints else { return false };
    if !run_sort::sort(&mut ints, |a, b| a < b) {
        ints.sort_unstable();
    }
    for (value, i) in values.iter_mut().zip(ints) {
        *value = Value::int_unchecked(i);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_stay_in_their_order() {
        let mut seed = 7u64;
        for (n, run) in [(0, 1), (1, 1), (2, 1), (3, 1), (10, 1), (1000, 1), (1000, 100)] {
            let mut numbers: Vec<i64> = Vec::new();
            for i in 0..n {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let last = numbers.last().filter(|_| i % run != 0);
                numbers.push(last.map_or((seed >> 40) as i64 % 50 - 25, |last| last + i % 2));
            }
            let keys: Vec<Value> = numbers.iter().map(|&x| Value::int_unchecked(x)).collect();
            let found = order(&keys).unwrap().into_iter().map(|(_, i)| i);
            let mut expected: Vec<(i64, u32)> = numbers.into_iter().zip(0..).collect();
            expected.sort();
            assert!(found.eq(expected.iter().map(|e| e.1)));
        }
    }

    #[test]
    fn floats_begin_in_their_order() {
        let floats = [f64::NEG_INFINITY, -1e300, -1.5, -1e-300, 0.0, 1e-300, 1.5, f64::INFINITY];
        let beginning = |f: f64| Code::of(&Shape::Float, &Value::float(f));
        assert!(floats.windows(2).all(|w| beginning(w[0]) < beginning(w[1])));
        assert_eq!(beginning(-0.0), beginning(0.0));
    }

    #[test]
    fn codes_are_filled_from_the_top() {
        let mut code = Code { bits: 0, left: 64 };
        assert!(code.put(3, 2) && code.put(0, 0) && code.put(1, 61));
        assert_eq!((code.bits, code.left), (3 << 62 | 1 << 1, 1));
        assert!(!code.put(2, 2));
        assert_eq!((code.bits, code.left), (3 << 62 | 1 << 1 | 1, 0));
        assert!(!code.put(1, 1) && code.put(0, 0));
    }
}
