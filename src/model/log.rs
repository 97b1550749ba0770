//! The binary logarithm, with the same bits on every platform.

/// 1 / ln 2, twice.
const TWO_OVER_LN_2: f64 = 2.885_390_081_777_926_8;

/// log2 of a positive finite number, off by about one in 2^52 of the result or of 1, whichever is larger.
///
/// The number is m * 2^e with m between the roots of one half and of two. With s = (m - 1) / (m + 1), at most 0.172,
/// ln m = 2 (s + s^3/3 + s^5/5 + ...), of which eleven terms leave less than 2^-56.
pub(crate) fn log2(number: f64) -> f64 {
    // Subnormal numbers are brought into range first.
    let (number, shift) =
        if number < f64::MIN_POSITIVE { (number * (1_u64 << 54) as f64, 54) } else { (number, 0) };
    let bits = number.to_bits();
    let mut exponent = (bits >> 52) as i32 - 1023 - shift;
    let mut mantissa = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa /= 2.0;
        exponent += 1;
    }
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let square = ratio * ratio;
    let series = (0..11).rev().fold(0.0, |sum, term| sum * square + 1.0 / f64::from(2 * term + 1));
    f64::from(exponent) + ratio * series * TWO_OVER_LN_2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn agrees_with_the_platform(number in prop::num::f64::POSITIVE) {
            let expected = number.log2();
            prop_assert!((log2(number) - expected).abs() <= 4.0 * f64::EPSILON * expected.abs().max(1.0));
        }
    }

    #[test]
    fn powers_of_two_are_exact() {
        for exponent in [-1074, -1022, -3, 0, 1, 52, 1023] {
            assert_eq!(
                log2(2_f64.powi(exponent / 2) * 2_f64.powi(exponent - exponent / 2)),
                f64::from(exponent)
            );
        }
    }
}
