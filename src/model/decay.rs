//! 2 to the power of minus an age in half-lives, in integers: the same bits on every platform, and paid once a
//! touchpoint however many conversions it may claim.
//!
//! The weight of a touchpoint beside the newest is 2^-(p - q), where p and q are how many half-lives the two lie
//! after 1970, in fixed point with 64 binary digits. It is the product of 2^-p and 2^q, so each is worked out alone
//! ([`HalfLife::factor`]) and a pair costs one multiplication ([`weight`]).

/// A half-life with its reciprocal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HalfLife {
    nanos: u64,
    /// 2^128 / nanos, rounded down.
    reciprocal: u128,
}

/// What an instant is under a half-life.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Factor {
    /// Whole half-lives since 1970.
    whole: i128,
    /// 2 to the power of the rest, as a fraction of 2^63: from one to below two.
    up: u64,
    /// 2 to the power of minus the rest, as a fraction of 2^64, at most the largest there is.
    down: u64,
}

impl HalfLife {
    /// For a half-life above zero.
    pub(crate) fn new(nanos: u64) -> Self {
        Self { nanos, reciprocal: u128::MAX / u128::from(nanos.max(1)) }
    }

    /// The factor of an instant, in nanoseconds since 1970.
    pub(crate) fn factor(&self, nanos: i128) -> Factor {
        let (whole, rest) = match i64::try_from(nanos) {
            // The hardware divides 64 bits many times as fast as software 128.
            Ok(nanos) if self.nanos <= i64::MAX as u64 => {
                let by = self.nanos as i64;
                (i128::from(nanos.div_euclid(by)), nanos.rem_euclid(by) as u64)
            }
            _ => {
                let by = i128::from(self.nanos);
                (nanos.div_euclid(by), nanos.rem_euclid(by) as u64)
            }
        };
        // rest * 2^64 / half-life: the reciprocal is off by less than one, so this is by less than 2^-64.
        let (high, low) = ((self.reciprocal >> 64) as u64, self.reciprocal as u64);
        let fraction = u128::from(rest) * u128::from(high) + ((u128::from(rest) * u128::from(low)) >> 64);
        let fraction = fraction as u64;
        let (up, down) = match fraction {
            0 => (1 << 63, u64::MAX),
            // 2^f is twice 2^-(1 - f).
            _ => (power(fraction.wrapping_neg()), power(fraction)),
        };
        Factor { whole, up, down }
    }
}

/// The weight of a touchpoint beside the newest one, as a fraction of 2^53, rounded to the nearest.
///
/// Exactly 2^53 where both have one instant. It is off by less than 2^-52 of itself before it is rounded, and 0 from
/// somewhat over 54 half-lives on.
pub(crate) fn weight(newest: Factor, other: Factor) -> u64 {
    let halvings = (newest.whole - other.whole).max(0);
    if halvings > 54 {
        return 0;
    }
    let product = u128::from(newest.down) * u128::from(other.up);
    // The product is a fraction of 2^127, of which 53 digits stay, fewer for every halving.
    let shift = 74 + halvings as u32;
    ((product >> (shift - 1)).div_ceil(2)).min(1 << 53) as u64
}

/// 2^-f as a fraction of 2^64, for a fraction f of 2^64 above zero.
///
/// The first sixteen binary digits come from two tables, the rest from 1 - y + y²/2 - y³/6 with y = f ln 2; the next
/// term is below 2^-68.
fn power(fraction: u64) -> u64 {
    let high = |a: u64, b: u64| ((u128::from(a) * u128::from(b)) >> 64) as u64;
    let coarse = high(COARSE[(fraction >> 56) as usize], FINE[(fraction >> 48 & 0xff) as usize]);
    let y = high(fraction & 0xffff_ffff_ffff, LN_2);
    let square = high(y, y);
    let cube = high(square, y);
    coarse - high(coarse, y - square / 2 + cube / 6)
}

/// The natural logarithm of 2 as a fraction of 2^64.
const LN_2: u64 = 0xb172_17f7_d1cf_79ab;

/// 2^-(i / 256) as fractions of 2^64; one as the largest there is.
const COARSE: [u64; 256] = powers(0);

/// 2^-(i / 65,536).
const FINE: [u64; 256] = powers(8);

/// 2^-(i / 2^(8 + skip)), each a product of roots.
const fn powers(skip: usize) -> [u64; 256] {
    let mut powers = [0; 256];
    let mut number = 0;
    while number < 256 {
        let mut product: u128 = (1 << 64) - 1;
        let mut digit = 0;
        while digit < 8 {
            if number >> (7 - digit) & 1 == 1 {
                product = (product * ROOTS[skip + digit] as u128) >> 64;
            }
            digit += 1;
        }
        powers[number] = product as u64;
        number += 1;
    }
    powers
}

/// 2^(-1/2), 2^(-1/4), 2^(-1/8), ... as fractions of 2^64: each is the square root of the one before.
const ROOTS: [u64; 16] = {
    let mut roots = [0; 16];
    let mut square: u128 = 1 << 127; // one half, as a fraction of 2^128
    let mut digit = 0;
    while digit < 16 {
        let root = square.isqrt();
        roots[digit] = root as u64;
        square = root << 64;
        digit += 1;
    }
    roots
};

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: u64 = 1 << 53;

    fn weighed(newest: i128, other: i128, half_life: u64) -> u64 {
        let half_life = HalfLife::new(half_life);
        weight(half_life.factor(newest), half_life.factor(other))
    }

    /// Numbers of every size, the same in every run.
    fn numbers() -> impl Iterator<Item = u64> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        std::iter::repeat_with(move || {
            state = state.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
            let mixed = (state ^ state >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
            (mixed ^ mixed >> 32) >> (state >> 58)
        })
    }

    #[test]
    fn whole_half_lives_are_exact() {
        for (halvings, expected) in [(0, ONE), (1, ONE / 2), (2, ONE / 4), (10, ONE / 1024), (53, 1), (60, 0)]
        {
            for start in [0, 5, -1_000_000_007, 1_772_442_000_000_000_000] {
                assert_eq!(weighed(start + halvings * 7, start, 7), expected, "{halvings} from {start}");
            }
        }
        assert_eq!(weighed(i128::from(u64::MAX), 0, 1), 0);
    }

    #[test]
    fn equal_instants_weigh_one_under_every_half_life_and_at_both_ends_of_time() {
        let ends = [chrono::DateTime::<chrono::Utc>::MIN_UTC, chrono::DateTime::<chrono::Utc>::MAX_UTC];
        let ends = ends.map(crate::time::nanos_of);
        for (half_life, at) in numbers().take(4_000).zip(numbers().skip(7)) {
            for at in [i128::from(at), -i128::from(at), ends[0] + i128::from(at), ends[1] - i128::from(at)] {
                assert_eq!(weighed(at, at, half_life.max(1)), ONE, "{at} {half_life}");
            }
        }
    }

    #[test]
    fn weights_agree_with_a_second_computation() {
        let mut numbers = numbers();
        let mut compared = 0;
        for _ in 0..200_000 {
            let half_life = numbers.next().unwrap().max(1);
            let age = numbers.next().unwrap();
            let start = i128::from(numbers.next().unwrap()) - (1 << 62);
            // The fraction of a half-life exactly, then its power in two parts that a float tells apart.
            let (whole, rest) = (age / half_life, age % half_life);
            if whole >= 60 {
                continue;
            }
            let expected = (-(rest as f64 / half_life as f64)).exp2() * ONE as f64 / (whole as f64).exp2();
            let found = weighed(start + i128::from(age), start, half_life) as f64;
            assert!(
                (found - expected).abs() <= 0.5 + expected * 4e-16,
                "{age} {half_life}: {found} {expected}"
            );
            compared += 1;
        }
        assert!(compared > 10_000);
    }

    #[test]
    fn weights_never_rise_with_age_by_more_than_rounding() {
        let mut last = ONE;
        for nanos in 0..50_000 {
            let found = weighed(nanos, 0, 997);
            assert!(found <= last + 2, "{nanos}");
            last = found;
        }
    }
}
