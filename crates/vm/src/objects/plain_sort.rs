//! Sorting keys whose comparison asks nobody: strings, and tuples of numbers, strings and such tuples.
//!
//! Most comparisons are decided by a number that stands for the beginning of a key, so that the keys
//! themselves, which lie anywhere in memory, are looked at where that leaves it open.
//!
//! CPython's counterpart: `unsafe_latin_compare` and `unsafe_tuple_compare` in `Objects/listobject.c`.

use super::sort::Entry;
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
fn order(a: &Value, b: &Value) -> Ordering {
    let order = match (a.downcast_exact::<Tuple>(), b.downcast_exact::<Tuple>()) {
        (Some(a), Some(b)) => compare::simple_tuple_order(a.items(), b.items(), DEPTH),
        _ => compare::simple_order(a, b),
    };
    order.unwrap_or(Ordering::Equal)
}

/// Sorts the entries by their keys if these are plain; `false` if not, and then nothing has happened.
pub(super) fn sort(entries: &mut [Entry]) -> bool {
    let mut shape = Shape::default();
    if !entries.iter().all(|e| shape.admits(&e.key, DEPTH)) {
        return false;
    }
    for entry in entries.iter_mut() {
        entry.code = Code::of(&shape, &entry.key);
    }
    match shape {
        // The codes say all.
        Shape::Int { .. } | Shape::Float => entries.sort_by_key(|e| e.code),
        _ => entries.sort_by(|a, b| a.code.cmp(&b.code).then_with(|| order(&a.key, &b.key))),
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_stay_in_their_order() {
        let mut seed = 7u64;
        for n in [0, 1, 2, 3, 10, 1000] {
            let mut numbers: Vec<i64> = Vec::new();
            for _ in 0..n {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                numbers.push((seed >> 40) as i64 % 50 - 25);
            }
            let entry = |(i, &x): (usize, &i64)| Entry {
                code: 0,
                key: Value::int_unchecked(x),
                item: Some(Value::int_unchecked(i as i64)),
            };
            let mut entries: Vec<Entry> = numbers.iter().enumerate().map(entry).collect();
            assert!(sort(&mut entries));
            let mut expected: Vec<(i64, i64)> = numbers.into_iter().zip(0..).collect();
            expected.sort();
            let found: Vec<i64> = entries
                .iter()
                .filter_map(|e| e.item.as_ref().and_then(Value::as_small_int))
                .collect();
            assert_eq!(found, expected.iter().map(|e| e.1).collect::<Vec<_>>());
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
