//! Sorting: stable, adaptive, linear on sorted input, and safe with any comparison.
//!
//! The comparison may run Python code that raises, lies or changes the list, so the items being
//! sorted are out of the list meanwhile and the algorithm never trusts the order it is told: a merge
//! sort over natural runs (as timsort's outer loop), binary insertion for short ones. Keys that are plain
//! values are compared without the protocol (`plain_sort.rs`).
//!
//! CPython's counterpart: `list.sort` in `Objects/listobject.c`, `Objects/listsort.txt`.

use super::plain_sort;
use crate::objects::tuple::Tuple;
use crate::protocol::compare::{self, CmpOp};
use crate::protocol::{call, object};
use crate::runtime::errors::{Exc, PyResult};
use crate::runtime::vm::Vm;
use crate::value::Value;

/// Sorts values by key; returns them (in some order also if a comparison raised) and the outcome.
pub fn sort_values(
    vm: &Vm,
    mut items: Vec<Value>,
    key: Option<&Value>,
    reverse: bool,
) -> (Vec<Value>, PyResult<()>) {
    // The keys, the order or the entries, and half of those once more for merging.
    if let Err(e) = vm.need(items.len().saturating_mul(5 * size_of::<Value>())) {
        return (items, Err(e));
    }
    let mut keys = None;
    if let Some(key) = key {
        let mut all = Vec::with_capacity(items.len());
        for item in &items {
            match call::call(vm, key, std::slice::from_ref(item)) {
                Ok(key) => all.push(key),
                Err(e) => return (items, Err(e)),
            }
        }
        keys = Some(all);
    }
    if keys.is_none() && plain_sort::sort_words(&mut items) {
        if reverse {
            items.reverse();
        }
        return (items, Ok(()));
    }
    // Descending order keeps equal items in their order: reverse, sort, reverse.
    if reverse {
        items.reverse();
        if let Some(keys) = &mut keys {
            keys.reverse();
        }
    }
    let (mut items, result) = match plain_sort::order(keys.as_ref().unwrap_or(&items)) {
        Some(order) => {
            drop(keys);
            let mut item = |i: u32| std::mem::replace(&mut items[i as usize], Value::NONE);
            (order.into_iter().map(|(_, i)| item(i)).collect(), Ok(()))
        }
        None => by_comparing(vm, items, keys),
    };
    if reverse {
        items.reverse();
    }
    (items, result)
}

/// Sorts items by their keys, or by themselves.
fn by_comparing(
    vm: &Vm,
    items: Vec<Value>,
    keys: Option<Vec<Value>>,
) -> (Vec<Value>, PyResult<()>) {
    let mut entries: Vec<Entry> = match keys {
        None => items.into_iter().map(|key| Entry { key, item: None }).collect(),
        Some(keys) => {
            let pairs = keys.into_iter().zip(items);
            pairs.map(|(key, item)| Entry { key, item: Some(item) }).collect()
        }
    };
    let mut sorter = Sorter { vm, failed: None };
    sorter.sort(&mut entries);
    let items = entries.into_iter().map(|e| e.item.unwrap_or(e.key)).collect();
    (items, sorter.failed.map_or(Ok(()), Err))
}

/// What is sorted.
struct Entry {
    key: Value,
    /// The item, if that is not the key.
    item: Option<Value>,
}

struct Sorter<'a> {
    vm: &'a Vm,
    failed: Option<Exc>,
}

/// Runs shorter than this are extended by binary insertion.
const MIN_RUN: usize = 32;

impl Sorter<'_> {
    /// `a < b`; once a comparison has failed everything is in order.
    fn less(&mut self, a: &Value, b: &Value) -> bool {
        if self.failed.is_some() {
            return false;
        }
        if let Some(order) = compare::simple_order(a, b) {
            return order.is_lt();
        }
        let result = match (a.downcast_exact::<Tuple>(), b.downcast_exact::<Tuple>()) {
            (Some(x), Some(y)) => {
                if let Some(order) = compare::simple_tuple_order(x.items(), y.items(), 4) {
                    return order.is_lt();
                }
                compare::compare_slices(self.vm, x.items(), y.items(), CmpOp::Lt)
            }
            _ => compare::rich_compare(self.vm, a, b, CmpOp::Lt),
        };
        let result = result.and_then(|r| object::is_true(self.vm, &r));
        match result {
            Ok(less) => less,
            Err(e) => {
                self.failed = Some(e);
                false
            }
        }
    }

    fn sort(&mut self, v: &mut [Entry]) {
        let n = v.len();
        let mut runs: Vec<(usize, usize)> = Vec::new();
        let mut start = 0;
        while start < n && self.failed.is_none() {
            let mut end = self.natural_run(v, start);
            let least = (start + MIN_RUN).min(n);
            if end < least {
                self.insert_sorted(v, start, end, least);
                end = least;
            }
            runs.push((start, end));
            start = end;
            // Keep run lengths falling, so that merges are balanced (timsort's invariant).
            while runs.len() > 1 {
                let k = runs.len() - 1;
                let len = |i: usize| runs[i].1 - runs[i].0;
                let unbalanced = (k >= 2 && len(k - 2) <= len(k - 1) + len(k))
                    || (k >= 3 && len(k - 3) <= len(k - 2) + len(k - 1));
                if unbalanced {
                    let at = if len(k - 2) < len(k) { k - 2 } else { k - 1 };
                    self.merge_at(v, &mut runs, at);
                } else if len(k - 1) <= len(k) {
                    self.merge_at(v, &mut runs, k - 1);
                } else {
                    break;
                }
            }
        }
        while runs.len() > 1 && self.failed.is_none() {
            let at = runs.len() - 2;
            self.merge_at(v, &mut runs, at);
        }
    }

    /// The end of the run that starts at `start`; a strictly descending one is reversed.
    fn natural_run(&mut self, v: &mut [Entry], start: usize) -> usize {
        let n = v.len();
        let mut end = start + 1;
        if end >= n {
            return n;
        }
        if self.less(&v[end].key, &v[start].key) {
            end += 1;
            while end < n && self.less(&v[end].key, &v[end - 1].key) {
                end += 1;
            }
            v[start..end].reverse();
        } else {
            end += 1;
            while end < n && !self.less(&v[end].key, &v[end - 1].key) {
                end += 1;
            }
        }
        end
    }

    fn insert_sorted(&mut self, v: &mut [Entry], start: usize, sorted: usize, end: usize) {
        for i in sorted..end {
            let (mut low, mut high) = (start, i);
            while low < high {
                let mid = low + (high - low) / 2;
                if self.less(&v[i].key, &v[mid].key) {
                    high = mid;
                } else {
                    low = mid + 1;
                }
            }
            v[low..=i].rotate_right(1);
        }
    }

    fn merge_at(&mut self, v: &mut [Entry], runs: &mut Vec<(usize, usize)>, at: usize) {
        let (a, b) = (runs[at], runs[at + 1]);
        runs[at] = (a.0, b.1);
        runs.remove(at + 1);
        // What is in place already at both ends stays there.
        let from = self.upper_bound(v, a.0, a.1, b.0);
        if from == a.1 {
            return;
        }
        let to = self.lower_bound(v, b.0, b.1, a.1 - 1);
        if self.failed.is_some() || to == b.0 {
            return;
        }
        // The items move out, leaving None behind, and come back merged: nothing is dropped.
        let mut take = |range: std::ops::Range<usize>| -> Vec<Entry> {
            v[range]
                .iter_mut()
                .map(|e| std::mem::replace(e, Entry { key: Value::NONE, item: None }))
                .collect()
        };
        let left = take(from..a.1);
        let right = take(a.1..to);
        let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
        for place in &mut v[from..to] {
            let take_right = match (left.peek(), right.peek()) {
                (Some(x), Some(y)) => self.less(&y.key, &x.key),
                (None, _) => true,
                (_, None) => false,
            };
            let next = if take_right { right.next() } else { left.next() };
            if let Some(next) = next {
                *place = next;
            }
        }
    }

    /// The first place in `low..high` whose item is greater than item `pivot`.
    fn upper_bound(&mut self, v: &[Entry], low: usize, high: usize, pivot: usize) -> usize {
        let (mut low, mut high) = (low, high);
        while low < high {
            let mid = low + (high - low) / 2;
            if self.less(&v[pivot].key, &v[mid].key) {
                high = mid;
            } else {
                low = mid + 1;
            }
        }
        low
    }

    /// The first place in `low..high` whose item is not less than item `pivot`.
    fn lower_bound(&mut self, v: &[Entry], low: usize, high: usize, pivot: usize) -> usize {
        let (mut low, mut high) = (low, high);
        while low < high {
            let mid = low + (high - low) / 2;
            if self.less(&v[mid].key, &v[pivot].key) {
                low = mid + 1;
            } else {
                high = mid;
            }
        }
        low
    }
}
