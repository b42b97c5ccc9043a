//! No operation asks the allocator for more than `room` says, which is no more than a few times as much.

#![expect(unsafe_code, reason = "counts what the allocator gives")]

use adder_bigint::{Int, room};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

fn count(bytes: usize) {
    MOST.fetch_max(NOW.fetch_add(bytes, Relaxed) + bytes, Relaxed);
}

// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: passed on.
        unsafe { System.dealloc(block, layout) }
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: passed on.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// A number of so many words, all of whose top bits are set.
fn number(words: usize, seed: u64) -> Int {
    let mut state = seed;
    let mut word = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        state ^ state >> 29 | 1 << 63
    };
    let words: Vec<u64> = (0..words.max(1)).map(|_| word()).collect();
    Int::from_sign_words(false, &words)
}

/// Does it in the room that is said to do?
fn check<R>(what: &str, a: usize, b: usize, room: usize, operation: impl FnOnce() -> R) {
    let before = NOW.load(Relaxed);
    MOST.store(before, Relaxed);
    let result = operation();
    let taken = MOST.load(Relaxed) - before;
    drop(result);
    // What is smaller than that nobody asks for.
    assert!(taken <= room.max(1 << 16), "{what} {a} {b}: {taken} of {room}");
    if taken > 1 << 19 {
        let more = room as f64 / taken as f64;
        assert!(more < LOOSE, "{what} {a} {b}: {room} for {taken}");
    }
}

/// The room may be so many times what is needed.
const LOOSE: f64 = 8.0;

fn check_pair(n: usize, m: usize) {
    let (a, b) = (number(n, 1), number(m, 2));
    check("add", n, m, room::linear(n + m), || a.add(&b));
    check("and", n, m, room::linear(n + m), || a.neg().and(&b));
    check("mul", n, m, room::product(&a, &b), || a.mul(&b));
    check("divmod", n, m, room::quotient(&a, &b), || a.divmod(&b.neg()));
    check("true_div", n, m, room::linear(n + m), || Int::true_div(&a, &b));
    if n <= 10_000 {
        check("gcd", n, m, room::divisor(&a, &b), || a.gcd(&b));
        for exp in [Int::from(17), Int::NEG_ONE] {
            check("pow", n, m, room::modular_power(&a, &exp, &b), || a.pow_mod(&exp, &b));
        }
    }
}

#[test]
fn operations_stay_within_their_room() {
    for n in [40, 300, 2500, 5000, 8200, 16_500, 33_000] {
        let a = number(n, 3);
        for m in [1, 40, n / 10, n / 3, n / 2, n - 1, n] {
            check_pair(n, m.max(1));
        }
        check("square", n, n, room::product(&a, &a), || a.mul(&a));
        check("isqrt", n, 0, room::root(&a), || a.isqrt());
        check("shl", n, 0, room::linear(n + 2), || a.shl(77));
        check("invert", n, 0, room::linear(n), || a.invert());
        check("to bytes", n, 0, room::linear(n), || a.to_be_bytes(8 * n, false));
        let bytes = a.to_le_bytes(8 * n, false).unwrap();
        check("from bytes", n, 0, room::linear(n), || Int::from_be_bytes(&bytes, true));
        for radix in [2, 3, 8, 10, 16, 36] {
            let room = room::text(&a, radix);
            check("text", n, radix as usize, room, || a.to_string_radix(radix));
            let text = a.to_string_radix(radix);
            let room = room::parsed(text.len(), radix);
            check("parse", n, radix as usize, room, || Int::from_digits(text.as_bytes(), radix));
        }
        for exp in [2, 3, 7, 16, 31] {
            if n * exp < 150_000 {
                check("power", n, exp, room::power(&a, exp as u64), || a.pow(exp as u64));
            }
        }
    }
    for base in [2i64, 3, 10, 1 << 40] {
        for exp in [1000, 100_000, 1_000_000] {
            let (a, exp) = (Int::from(base), exp as u64);
            check("power", base as usize, exp as usize, room::power(&a, exp), || a.pow(exp));
        }
    }
    for bits in [100, 1000, 20_000] {
        let (a, m) = (number(300, 4), number(200, 5));
        let exp = number(bits / 64, 6);
        let room = room::modular_power(&a, &exp, &m);
        check("pow", 300, bits, room, || a.pow_mod(&exp, &m));
    }
}
