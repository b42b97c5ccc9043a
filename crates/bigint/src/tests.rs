//! Properties checked against `i128` arithmetic and against slow, independent definitions.

use std::cmp::Ordering;

use crate::*;

/// A xorshift generator: the tests need variety, not randomness.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Values of all sizes, with many near powers of two.
    fn i128(&mut self) -> i128 {
        let wide = i128::from(self.next() as i64) << 64 | i128::from(self.next());
        let value = wide >> (self.next() % 127);
        match self.next() % 4 {
            0 => (1i128 << (self.next() % 126)) + (value & 3) - 1,
            _ => value,
        }
    }

    fn int(&mut self, words: usize) -> Int {
        let mut limbs: Vec<u64> = (0..words).map(|_| self.next()).collect();
        if self.next().is_multiple_of(3)
            && let Some(limb) = limbs.get_mut(words / 2)
        {
            *limb = if self.next().is_multiple_of(2) { 0 } else { u64::MAX };
        }
        Int::from_sign_words(self.next().is_multiple_of(2), &limbs)
    }
}

fn int(text: &str) -> Int {
    Int::from_str_radix(text, 10).expect("a decimal number")
}

fn floor_divmod(a: i128, b: i128) -> (i128, i128) {
    let (q, r) = (a / b, a % b);
    if r != 0 && (r < 0) != (b < 0) { (q - 1, r + b) } else { (q, r) }
}

#[test]
fn arithmetic_agrees_with_i128() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for _ in 0..20_000 {
        let (x, y) = (dice.i128() >> 1, dice.i128() >> 1);
        let (a, b) = (Int::from(x), Int::from(y));
        assert_eq!(a.add(&b), Int::from(x + y));
        assert_eq!(a.sub(&b), Int::from(x - y));
        assert_eq!(a.and(&b), Int::from(x & y));
        assert_eq!(a.or(&b), Int::from(x | y));
        assert_eq!(a.xor(&b), Int::from(x ^ y));
        assert_eq!(a.invert(), Int::from(!x));
        assert_eq!(a.cmp(&b), x.cmp(&y));
        let count = dice.next() % 130;
        let shifted = if count > 127 { x >> 127 } else { x >> count };
        assert_eq!(a.shr(count), Int::from(shifted));
        assert_eq!(a.bit_length(), u64::from(128 - x.unsigned_abs().leading_zeros()));
        assert_eq!(a.low_u64(), x as u64);
        if let Some(product) = (x >> 63).checked_mul(y >> 63) {
            assert_eq!(Int::from(x >> 63).mul(&Int::from(y >> 63)), Ok(Int::from(product)));
        }
        if y != 0 {
            let (q, r) = floor_divmod(x, y);
            assert_eq!(a.divmod(&b), Some((Int::from(q), Int::from(r))), "{x} {y}");
            assert_eq!(a.modulo(&b), Some(Int::from(r)));
        }
        let bytes = a.to_le_bytes(16, true).expect("fits");
        assert_eq!(bytes, x.to_le_bytes());
        assert_eq!(Int::from_le_bytes(&bytes, true), a);
        assert_eq!(a.to_string(), x.to_string());
        assert_eq!(int(&x.to_string()), a);
    }
}

#[test]
fn long_numbers_keep_their_identities() {
    let mut dice = Dice(12345);
    for round in 0..400 {
        let a = dice.int(1 + round % 40);
        let b = dice.int(1 + round % 13);
        let text = a.to_decimal();
        assert_eq!(int(&text), a);
        // dashu's conversion is the independent one for this length, and the other way round.
        assert_eq!(text, a.0.to_string());
        for radix in [2, 3, 8, 16, 36] {
            assert_eq!(Int::from_str_radix(&a.to_string_radix(radix), radix), Some(a.clone()));
        }
        if !b.is_zero() {
            let (q, r) = a.divmod(&b).expect("not zero");
            assert_eq!(q.mul(&b).expect("small").add(&r), a);
            assert!(r.is_zero() || r.is_negative() == b.is_negative());
            assert!(r.abs() < b.abs());
        }
        let root = a.abs().isqrt().expect("not negative");
        let next = root.add(&Int::ONE);
        assert!(root.mul(&root).expect("small") <= a.abs());
        assert!(next.mul(&next).expect("small") > a.abs());
        // ~(a & b) == ~a | ~b, and a ^ b == (a | b) - (a & b)
        assert_eq!(a.and(&b).invert(), a.invert().or(&b.invert()));
        assert_eq!(a.xor(&b), a.or(&b).sub(&a.and(&b)));
        let shift = dice.next() % 200;
        assert_eq!(a.shl(shift).expect("small").shr(shift), a);
        assert_eq!(
            a.shr(shift),
            a.floor_div(&Int::from(2).pow(shift).expect("small")).expect("not zero")
        );
        let length = a.bit_length() as usize / 8 + 1;
        let bytes = a.to_be_bytes(length, true).expect("fits");
        assert_eq!(Int::from_be_bytes(&bytes, true), a);
        let gcd = a.gcd(&b);
        assert!(
            gcd.is_zero() || a.modulo(&gcd) == Some(Int::ZERO) && b.modulo(&gcd) == Some(Int::ZERO)
        );
    }
    for length in [999, 1000, 1001, 5000] {
        let text = "9".repeat(length);
        assert_eq!(int(&text), Int::from(10).pow(length as u64).expect("small").sub(&Int::ONE));
        assert_eq!(int(&text).to_decimal(), text);
        let text = format!("1{}", "0".repeat(length));
        assert_eq!(int(&text).to_decimal(), text);
    }
}

#[test]
fn powers() {
    for (base, exp, modulus, expected) in [
        (3i64, 5i64, 7i64, Ok(5i64)),
        (3, 5, -7, Ok(-2)),
        (-3, 5, 7, Ok(2)),
        (3, -1, 7, Ok(5)),
        (3, -1, -7, Ok(-2)),
        (2, -1, 4, Err(PowModError::NotInvertible)),
        (2, -1, 1, Ok(0)),
        (2, -1, -1, Ok(0)),
        (2, 3, 0, Err(PowModError::ZeroModulus)),
        (0, 0, 5, Ok(1)),
        (14, 1, 7, Ok(0)),
        (14, 1, -7, Ok(0)),
        (38, -1, 97, Ok(23)),
    ] {
        let result = Int::from(base).pow_mod(&Int::from(exp), &Int::from(modulus));
        assert_eq!(result, expected.map(Int::from), "pow({base}, {exp}, {modulus})");
    }
    let mut dice = Dice(99);
    for _ in 0..100 {
        // Square and multiply, written down once more.
        let (base, exp, modulus) = (dice.int(3), dice.next() % 1000, dice.int(2));
        if modulus.is_zero() {
            continue;
        }
        let expected = (0..exp).fold(Int::ONE, |product, _| {
            product.mul(&base).expect("small").modulo(&modulus).expect("not zero")
        });
        assert_eq!(base.pow_mod(&Int::from(exp), &modulus), Ok(expected));
    }
    assert_eq!(Int::from(-1).pow(u64::MAX), Ok(Int::from(-1)));
    assert_eq!(Int::from(-1).pow(u64::MAX - 1), Ok(Int::from(1)));
    assert_eq!(Int::ZERO.pow(0), Ok(Int::ONE));
    assert_eq!(Int::from(-3).pow(3), Ok(Int::from(-27)));
}

#[test]
fn absurd_sizes_are_errors() {
    assert_eq!(Int::ONE.shl(1_000_000_000_000), Err(TooLarge));
    assert_eq!(Int::ONE.shl(u64::MAX), Err(TooLarge));
    assert_eq!(Int::from(10).pow(u64::MAX), Err(TooLarge));
    assert_eq!(Int::ZERO.shl(u64::MAX), Ok(Int::ZERO));
    assert_eq!(Int::from(-5).shr(u64::MAX), Int::NEG_ONE);
}

#[test]
fn floats_round_half_to_even() {
    let two_53 = 1i64 << 53;
    for (value, expected) in [
        (two_53 + 1, 9007199254740992.0),
        (two_53 + 3, 9007199254740996.0),
        (i64::MAX, 9223372036854775808.0),
        (-two_53 - 1, -9007199254740992.0),
    ] {
        assert_eq!(Int::from(value).to_f64(), Some(expected));
    }
    let mut dice = Dice(7);
    for _ in 0..20_000 {
        let x = dice.i128();
        assert_eq!(Int::from(x).to_f64(), Some(x as f64), "{x}");
        let f = f64::from_bits(dice.next());
        if f.is_finite() {
            let back = Int::from_f64(f).expect("finite");
            assert_eq!(back.to_f64().map(f64::abs), Some(f.trunc().abs()), "{f:e}");
        }
        let small = x as f64 / 8.0;
        let order = x.cmp(&(small as i128));
        let expected =
            order.then_with(|| 0.0f64.partial_cmp(&small.fract()).unwrap_or(Ordering::Equal));
        assert_eq!(Int::from(x).partial_cmp_f64(small), Some(expected), "{x} {small}");
    }
    let max = Int::from_f64(f64::MAX).expect("finite");
    let half_step = Int::ONE.shl(970).expect("small");
    assert_eq!(max.to_f64(), Some(f64::MAX));
    assert_eq!(max.add(&half_step).sub(&Int::ONE).to_f64(), Some(f64::MAX));
    assert_eq!(max.add(&half_step).to_f64(), None);
    assert_eq!(max.add(&Int::ONE).partial_cmp_f64(f64::MAX), Some(Ordering::Greater));
    assert_eq!(Int::ZERO.partial_cmp_f64(-0.0), Some(Ordering::Equal));
    assert_eq!(Int::ZERO.partial_cmp_f64(f64::NAN), None);
    assert_eq!(Int::from(-3).partial_cmp_f64(-3.5), Some(Ordering::Greater));
    assert_eq!(
        Int::from(10).pow(400).expect("small").partial_cmp_f64(f64::INFINITY),
        Some(Ordering::Less)
    );
    let (mantissa, exp) = Int::from(2).pow(5000).expect("small").sub(&Int::ONE).frexp();
    assert_eq!((mantissa, exp), (0.5, 5001));
}

#[test]
fn true_division() {
    let big = |exp: u64| Int::from(10).pow(exp).expect("small");
    for (a, b, expected) in [
        (Int::from(1), Int::from(3), Ok(1.0 / 3.0)),
        (Int::from(-1), Int::from(3), Ok(-1.0 / 3.0)),
        (big(400), big(399), Ok(10.0)),
        (big(400), Int::from(1), Err(DivError::Overflow)),
        (Int::from(1), Int::ZERO, Err(DivError::Zero)),
        (Int::from(1), big(400), Ok(0.0)),
        (Int::from(1), big(320), Ok(1e-320)),
        (Int::from(3), big(324), Ok(5e-324)),
        (Int::from(2), big(324), Ok(0.0)),
        (Int::from(9007199254740993i64), Int::from(1), Ok(9007199254740992.0)),
        (
            Int::from(9007199254740993i64).mul(&big(30)).expect("small").add(&Int::ONE),
            big(30),
            Ok(9007199254740994.0),
        ),
    ] {
        assert_eq!(Int::true_div(&a, &b), expected, "{a} / {b}");
    }
    let mut dice = Dice(3);
    for _ in 0..5_000 {
        // Decimal text is parsed with correct rounding: an independent judge for b = 10**n.
        let a = dice.int(1 + (dice.0 % 3) as usize);
        let exp = dice.next() % 345;
        let expected: f64 = format!("{a}e-{exp}").parse().expect("a float");
        assert_eq!(Int::true_div(&a, &big(exp)), Ok(expected), "{a}e-{exp}");
    }
}

#[test]
fn hashes() {
    // python3 -c "for x in (...): print(hash(x))", CPython 3.13
    for (text, expected) in [
        ("0", 0),
        ("-1", -2),
        ("-2", -2),
        ("2305843009213693951", 0),
        ("2305843009213693950", 2305843009213693950),
        ("-2305843009213693952", -2),
        ("18446744073709551616", 8),
        ("100000000000000000000000000000000000000000", 49916784014012194),
        ("-123456789012345678901234567890", -248789772095949448),
    ] {
        assert_eq!(int(text).py_hash(), expected, "{text}");
        if let Some(small) = int(text).to_i64() {
            assert_eq!(hash_i64(small), expected);
        }
    }
    for (value, expected) in [
        (0.5, Some(1152921504606846976)),
        (-1.0, Some(-2)),
        (0.1, Some(230584300921369408)),
        (1e300, Some(1224995262755759164)),
        (-5e-324, Some(-16777216)),
        (2305843009213693951.0, Some(1)),
        (1e15 + 0.5, Some(1152921504606846976 + 1_000_000_000_000_000)),
        (f64::INFINITY, Some(314159)),
        (f64::NEG_INFINITY, Some(-314159)),
        (f64::NAN, None),
    ] {
        assert_eq!(hash_f64(value), expected, "{value}");
    }
    let mut dice = Dice(5);
    for _ in 0..2_000 {
        let value = f64::from_bits(dice.next());
        if value.is_finite() && value.fract() == 0.0 {
            let whole = Int::from_f64(value).expect("finite");
            assert_eq!(hash_f64(value), Some(whole.py_hash()), "{value:e}");
        }
    }
}

#[test]
fn bytes() {
    for (value, length, signed, expected) in [
        (0i64, 0, false, Ok(vec![])),
        (0, 2, true, Ok(vec![0, 0])),
        (255, 1, false, Ok(vec![255])),
        (255, 1, true, Err(BytesError::TooBig)),
        (-128, 1, true, Ok(vec![0x80])),
        (-129, 1, true, Err(BytesError::TooBig)),
        (-1, 3, true, Ok(vec![255, 255, 255])),
        (-1, 3, false, Err(BytesError::NegativeToUnsigned)),
        (256, 1, false, Err(BytesError::TooBig)),
        (258, 2, false, Ok(vec![2, 1])),
    ] {
        assert_eq!(Int::from(value).to_le_bytes(length, signed), expected, "{value}");
    }
    assert_eq!(Int::from_be_bytes(&[], true), Int::ZERO);
    assert_eq!(Int::from_be_bytes(&[0xff, 0], true), Int::from(-256));
    assert_eq!(Int::from_be_bytes(&[0xff, 0], false), Int::from(0xff00));
}

#[test]
fn digits_of_other_forms_are_refused() {
    for text in ["", "-", "+", "1_0", " 1", "1 ", "12a", "--1", "٣"] {
        assert_eq!(Int::from_str_radix(text, 10), None, "{text:?}");
    }
    assert_eq!(Int::from_str_radix("-zZ", 36), Some(Int::from(-1295)));
    assert_eq!(Int::from_digits(b"1", 1), None);
    assert_eq!(Int::from_digits(b"1", 37), None);
}
