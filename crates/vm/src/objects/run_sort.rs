//! Sorting what is in order for the most part: the runs that are there are merged, and a merge passes over what
//! lies right already in steps that double. A few elements out of place cost a few searches and moves.
//!
//! Elements are plain words whose order is a function of theirs. CPython's counterpart: the merging half of
//! `Objects/listobject.c`, `Objects/listsort.txt`.

use std::ops::Range;

/// Sorts if the elements lie in few runs, so that merging these is the quickest way; else nothing has happened.
/// Equal elements stay in their order.
pub(super) fn sort<T: Copy>(v: &mut [T], less: impl Fn(&T, &T) -> bool) -> bool {
    let few = 2 + v.len() / 256;
    let mut at = 0;
    let ends = std::iter::from_fn(|| {
        at = run_end(v, at, &less);
        (at < v.len()).then_some(at)
    });
    if ends.take(few).count() == few {
        return false;
    }
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    while start < v.len() {
        let end = run_end(v, start, &less);
        runs.push(start..end);
        start = end;
    }
    for run in &runs {
        // Where a run falls, each element is less than the one before.
        if let [first, second, ..] = v[run.clone()]
            && less(&second, &first)
        {
            v[run.clone()].reverse();
        }
    }
    let mut spare = Vec::new();
    while runs.len() > 1 {
        // Neighbours are merged two by two, so that each element takes part in as few merges as can be.
        runs = runs
            .chunks(2)
            .map(|pair| match pair {
                [a, b] => {
                    merge(&mut v[a.start..b.end], a.len(), &mut spare, &less);
                    a.start..b.end
                }
                [one, ..] => one.clone(),
                [] => 0..0,
            })
            .collect();
    }
    true
}

/// Where the run ends that begins at `start`: one that does not fall, or one that falls strictly.
fn run_end<T: Copy>(v: &[T], start: usize, less: impl Fn(&T, &T) -> bool) -> usize {
    let rest = &v[start..];
    let falls = |pair: &[T]| matches!(pair, [a, b] if less(b, a));
    let first = rest.get(..2).is_some_and(falls);
    let length = rest.windows(2).take_while(|pair| falls(pair) == first).count() + 1;
    (start + length).min(v.len())
}

/// How many elements at the beginning satisfy `test`, which those behind do not: found in steps that double.
fn leading<T>(v: &[T], test: impl Fn(&T) -> bool) -> usize {
    let mut step = 1;
    while v.get(step - 1).is_some_and(&test) {
        step *= 2;
    }
    let low = step / 2;
    low + v[low..v.len().min(step)].partition_point(test)
}

/// The same at the end.
fn trailing<T>(v: &[T], test: impl Fn(&T) -> bool) -> usize {
    let n = v.len();
    let mut step = 1;
    while step <= n && test(&v[n - step]) {
        step *= 2;
    }
    let low = n - n.min(step);
    let high = n - step / 2;
    n - (low + v[low..high].partition_point(|x| !test(x)))
}

/// Merges two runs that lie side by side, the first of which has `mid` elements.
fn merge<T: Copy>(v: &mut [T], mid: usize, spare: &mut Vec<T>, less: &impl Fn(&T, &T) -> bool) {
    // What is in place at both ends stays there.
    let (left, right) = v.split_at(mid);
    let (Some(last), Some(first)) = (left.last(), right.first()) else { return };
    let from = mid - trailing(left, |x| less(first, x));
    let to = mid + leading(right, |x| less(x, last));
    let v = &mut v[from..to];
    let mid = mid - from;
    spare.clear();
    if mid <= v.len() - mid {
        spare.extend_from_slice(&v[..mid]);
        merge_up(v, spare, less);
    } else {
        spare.extend_from_slice(&v[mid..]);
        merge_down(v, spare, less);
    }
}

/// When one run has so many times the elements of the other, whole pieces of it move at once.
const SPARSE: usize = 8;

/// Merges `left`, whose elements lay at the beginning, with what lies behind their places.
fn merge_up<T: Copy>(v: &mut [T], left: &[T], less: &impl Fn(&T, &T) -> bool) {
    let (mut to, mut from) = (0, left.len());
    let sparse = v.len() / SPARSE > left.len();
    for x in left {
        if sparse {
            let n = leading(&v[from..], |y| less(y, x));
            v.copy_within(from..from + n, to);
            (to, from) = (to + n, from + n);
        } else {
            while let Some(y) = v.get(from).copied().filter(|y| less(y, x)) {
                v[to] = y;
                (to, from) = (to + 1, from + 1);
            }
        }
        v[to] = *x;
        to += 1;
    }
}

/// Merges `right`, whose elements lay at the end, with what lies in front of their places.
fn merge_down<T: Copy>(v: &mut [T], right: &[T], less: &impl Fn(&T, &T) -> bool) {
    let (mut to, mut from) = (v.len(), v.len() - right.len());
    let sparse = v.len() / SPARSE > right.len();
    for x in right.iter().rev() {
        if sparse {
            let n = trailing(&v[..from], |y| less(x, y));
            v.copy_within(from - n..from, to - n);
            (to, from) = (to - n, from - n);
        } else {
            while from > 0 && less(x, &v[from - 1]) {
                v[to - 1] = v[from - 1];
                (to, from) = (to - 1, from - 1);
            }
        }
        v[to - 1] = *x;
        to -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Random(u64);

    impl Random {
        fn below(&mut self, n: usize) -> usize {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (self.0 >> 33) as usize % n
        }
    }

    #[test]
    fn runs_are_merged_and_equal_elements_stay_in_their_order() {
        let mut random = Random(3);
        for round in 0..2000 {
            let n = random.below(if round % 10 == 0 { 3000 } else { 200 });
            let mut v: Vec<(u32, u32)> = Vec::new();
            let (most, mut next) = (1 + random.below(60) as u32, 0);
            for i in 0..n as u32 {
                match random.below(40) {
                    0 => next = random.below(most as usize) as u32,
                    1 if round % 3 == 0 => next += 5,
                    _ if round % 2 == 0 => next += u32::from(i % 3 == 0),
                    _ => next = next.saturating_sub(1),
                }
                v.push((next, i));
            }
            let mut expected = v.clone();
            expected.sort();
            let before = v.clone();
            let done = sort(&mut v, |a, b| a.0 < b.0);
            assert_eq!(v, if done { expected } else { before });
        }
    }

    #[test]
    fn a_few_elements_out_of_place() {
        let mut random = Random(5);
        for n in [0, 1, 2, 3, 10, 1000, 20_000] {
            for swaps in 0..4 {
                for rising in [true, false] {
                    let mut v: Vec<usize> = (0..n).collect();
                    if !rising {
                        v.reverse();
                    }
                    for _ in 0..swaps * n.min(1) {
                        v.swap(random.below(n), random.below(n));
                    }
                    if sort(&mut v, |a, b| a < b) || n >= 20_000 {
                        assert!(v.iter().copied().eq(0..n));
                    }
                }
            }
        }
    }

    #[test]
    fn searches_in_steps_that_double() {
        let v: Vec<usize> = (0..100).collect();
        for n in 0..=100 {
            assert_eq!(leading(&v, |x| *x < n), n);
            assert_eq!(trailing(&v, |x| *x >= 100 - n), n);
        }
        assert_eq!((leading(&v[..0], |_| true), trailing(&v[..0], |_| true)), (0, 0));
    }
}
