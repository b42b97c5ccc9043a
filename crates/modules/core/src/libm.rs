//! The C library's mathematical functions, which CPython calls too: results agree bit for bit on
//! the same machine.

#![expect(unsafe_code, reason = "foreign functions; pure ones of plain numbers are declared safe")]

macro_rules! functions {
    ($($name:ident($($arg:ident),*);)*) => {
        mod c {
            unsafe extern "C" {
                $(pub safe fn $name($($arg: f64),*) -> f64;)*
                pub safe fn ldexp(x: f64, exponent: libc::c_int) -> f64;
                pub fn frexp(x: f64, exponent: *mut libc::c_int) -> f64;
            }
        }
        $(
            #[inline]
            pub fn $name($($arg: f64),*) -> f64 {
                c::$name($($arg),*)
            }
        )*
    };
}

functions! {
    acos(x); acosh(x); asin(x); asinh(x); atan(x); atan2(y, x); atanh(x); cbrt(x); cos(x); cosh(x);
    erf(x); erfc(x); exp(x); exp2(x); expm1(x); fma(x, y, z); log(x); log10(x); log1p(x); log2(x);
    nextafter(x, y); pow(x, y); sin(x); sinh(x); tan(x); tanh(x);
}

/// Mantissa in [0.5, 1) and exponent; zeros, infinities and NaN with exponent 0.
pub fn split(x: f64) -> (f64, i32) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let mut exponent = 0;
    // SAFETY: the pointer is that of a live local variable.
    let mantissa = unsafe { c::frexp(x, &mut exponent) };
    (mantissa, exponent)
}

/// `x * 2 ** exponent`, rounded once.
pub fn scale(x: f64, exponent: i32) -> f64 {
    c::ldexp(x, exponent)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_number_is_its_mantissa_times_its_power() {
        for x in [1.0, -0.75, 5e-324, f64::MAX, f64::MIN_POSITIVE, 3e300] {
            let (mantissa, exponent) = super::split(x);
            assert!((0.5..1.0).contains(&mantissa.abs()), "{x} {mantissa}");
            assert_eq!(super::c::ldexp(mantissa, exponent), x);
        }
        assert_eq!(super::split(-0.0).0.to_bits(), (-0.0f64).to_bits());
        assert_eq!(super::split(f64::INFINITY), (f64::INFINITY, 0));
        assert!(super::split(f64::NAN).0.is_nan());
    }
}
