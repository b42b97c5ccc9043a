//! The gamma function by Lanczos' approximation, with the constants that CPython uses (Boost's
//! `lanczos13m53`, g = 6.0246...), so that results agree to the last bit.

#![expect(clippy::excessive_precision, reason = "the published coefficients, whole")]

use crate::libm;
use std::f64::consts::PI;

/// Why there is no value.
#[derive(Debug, PartialEq)]
pub enum Failure {
    Domain,
    Range,
}

const G: f64 = 6.024680040776729583740234375;
const G_MINUS_HALF: f64 = 5.524680040776729583740234375;

const NUMERATOR: [f64; 13] = [
    23531376880.410759688572007674451636754734846804940,
    42919803642.649098768957899047001988850926355848959,
    35711959237.355668049440185451547166705960488635843,
    17921034426.037209699919755754458931112671403265390,
    6039542586.3520280050642916443072979210699388420708,
    1439720407.3117216736632230727949123939715485786372,
    248874557.86205415651146038641322942321632125127801,
    31426415.585400194380614231628318205362874684987640,
    2876370.6289353724412254090516208496135991145378768,
    186056.26539522349504029498971604569928220784236328,
    8071.6720023658162106380029022722506138218516325024,
    210.82427775157934587250973392071336271166969580291,
    2.5066282746310002701649081771338373386264310793408,
];

/// x (x+1) ... (x+11)
const DENOMINATOR: [f64; 13] = [
    0.0,
    39916800.0,
    120543840.0,
    150917976.0,
    105258076.0,
    45995730.0,
    13339535.0,
    2637558.0,
    357423.0,
    32670.0,
    1925.0,
    66.0,
    1.0,
];

/// The factorials that are exact floats.
const FACTORIALS: [f64; 23] = {
    let mut table = [1.0; 23];
    let mut i = 1;
    while i < 23 {
        table[i] = table[i - 1] * i as f64;
        i += 1;
    }
    table
};

/// The rational function, evaluated in the direction that cannot overflow.
fn lanczos_sum(x: f64) -> f64 {
    let (mut num, mut den) = (0.0, 0.0);
    if x < 5.0 {
        for (n, d) in NUMERATOR.iter().zip(&DENOMINATOR).rev() {
            num = num * x + n;
            den = den * x + d;
        }
    } else {
        for (n, d) in NUMERATOR.iter().zip(&DENOMINATOR) {
            num = num / x + n;
            den = den / x + d;
        }
    }
    num / den
}

/// sin(pi x), exact at the integers.
fn sin_pi(x: f64) -> f64 {
    let y = x.abs() % 2.0;
    let r = match (2.0 * y).round() as i32 {
        0 => libm::sin(PI * y),
        1 => libm::cos(PI * (y - 0.5)),
        // Written so that -0.0 does not come out for -1.
        2 => libm::sin(PI * (1.0 - y)),
        3 => -libm::cos(PI * (y - 1.5)),
        _ => libm::sin(PI * (y - 2.0)),
    };
    1f64.copysign(x) * r
}

/// The gamma function.
pub fn gamma(x: f64) -> Result<f64, Failure> {
    if !x.is_finite() {
        return if x == f64::NEG_INFINITY { Err(Failure::Domain) } else { Ok(x) };
    }
    if x == 0.0 {
        return Err(Failure::Domain);
    }
    if x == x.floor() {
        if x < 0.0 {
            return Err(Failure::Domain);
        }
        if x <= FACTORIALS.len() as f64 {
            return Ok(FACTORIALS[x as usize - 1]);
        }
    }
    let abs = x.abs();
    if abs < 1e-20 {
        let r = 1.0 / x;
        return if r.is_infinite() { Err(Failure::Range) } else { Ok(r) };
    }
    if abs > 200.0 {
        return if x < 0.0 { Ok(0.0 / sin_pi(x)) } else { Err(Failure::Range) };
    }
    // z is the rounding error of y.
    let y = abs + G_MINUS_HALF;
    let z = if abs > G_MINUS_HALF {
        let q = y - abs;
        q - G_MINUS_HALF
    } else {
        let q = y - G_MINUS_HALF;
        q - abs
    };
    let z = z * G / y;
    // Two square roots instead of one power that would overflow.
    let scaled = |divide: bool| -> (f64, f64) {
        if abs < 140.0 {
            let p = libm::pow(y, abs - 0.5);
            (p, if divide { 1.0 } else { p })
        } else {
            let half = libm::pow(y, abs / 2.0 - 0.25);
            (half, half)
        }
    };
    let r = if x < 0.0 {
        let mut r = -PI / sin_pi(abs) / abs * libm::exp(y) / lanczos_sum(abs);
        r -= z * r;
        let (first, second) = scaled(true);
        if abs < 140.0 { r / first } else { r / first / second }
    } else {
        let mut r = lanczos_sum(abs) / libm::exp(y);
        r += z * r;
        let (first, second) = scaled(false);
        if abs < 140.0 { r * first } else { r * first * second }
    };
    if r.is_infinite() { Err(Failure::Range) } else { Ok(r) }
}

/// The logarithm of the gamma function's absolute value.
pub fn lgamma(x: f64) -> Result<f64, Failure> {
    if !x.is_finite() {
        return Ok(x.abs());
    }
    if x == x.floor() && x <= 2.0 {
        return if x <= 0.0 { Err(Failure::Domain) } else { Ok(0.0) };
    }
    let abs = x.abs();
    if abs < 1e-20 {
        return Ok(-libm::log(abs));
    }
    let mut r = libm::log(lanczos_sum(abs)) - G;
    r += (abs - 0.5) * (libm::log(abs + G - 0.5) - 1.0);
    if x < 0.0 {
        // Reflection.
        const LOG_PI: f64 = 1.144729885849400174143427351353058711647;
        r = LOG_PI - libm::log(sin_pi(abs).abs()) - libm::log(abs) - r;
    }
    if r.is_infinite() { Err(Failure::Range) } else { Ok(r) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From CPython 3.13: `math.gamma(x), math.lgamma(x)`.
    #[test]
    fn values_agree() {
        for (x, g, l) in [
            (0.5, 1.7724538509055159, 0.5723649429247004),
            (-0.5, -3.544907701811032, 1.265512123484645),
            (5.0, 24.0, 3.178053830347945),
            (171.0, 7.257415615307998e+306, 706.5730622457874),
            (-100.5, -3.353690819807678e-159, -364.90096830942736),
            (3.7, 4.170651783796603, 1.4280723266653883),
        ] {
            assert_eq!(gamma(x), Ok(g), "gamma({x})");
            assert_eq!(lgamma(x), Ok(l), "lgamma({x})");
        }
        assert_eq!(gamma(-1.0), Err(Failure::Domain));
        assert_eq!(gamma(172.0), Err(Failure::Range));
    }
}
