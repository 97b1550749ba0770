//! 2 to the power of minus an age in half-lives, in integers: the same bits on every platform.
//!
//! The exponential of a difference is a product of two factors, one per instant, so that a report pays for each
//! touchpoint once and not once per purchase that it precedes. A product alone would hang on where the instants
//! lie, by a last bit now and then; where its error leaves open to which side it rounds, the difference itself is
//! computed to twice the digits. So a weight is a function of the age, rounded to the nearest, and shifting all
//! times changes nothing.

use crate::money::MAX_WEIGHT;

/// A half-life, prepared for many instants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HalfLife {
    nanos: u64,
    /// So many shifts bring the highest bit of `nanos` to the top.
    shift: u32,
    /// `nanos`, shifted.
    divisor: u64,
    /// (2^128 - 1) / `divisor` - 2^64, rounded down.
    reciprocal: u64,
    /// 54 half-lives: what is older weighs less than half of the smallest weight.
    reach: i128,
}

/// An instant under one half-life, that is 2^p and 2^-p for its phase p: half-lives since a fixed instant.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(crate) struct Factor {
    /// Nanoseconds since [`ORIGIN`]: 64 bits and those above.
    low: u64,
    high: u32,
    /// Whole half-lives of the phase, modulo 2^32.
    whole: u32,
    /// 2^fraction, in units of 2^-63.
    up: u64,
    /// 2^-fraction, in units of 2^-63.
    down: u64,
}

/// Nanoseconds from here to 1970: more than the 2^73 that `DateTime` reaches back, so that none are below zero.
const ORIGIN: i128 = 1 << 74;

/// By how many units of 2^-62 the high half of a product of two factors is off at most: less than 3 for `down`,
/// half of 4 for `up` (see [`factors`]) and 1 for the low half. One more allows for the second computation, so
/// that the two never disagree.
const DOUBT: u64 = 7;

impl HalfLife {
    /// A half-life above zero; 0 is taken for 1.
    pub(crate) fn new(nanos: u64) -> Self {
        let nanos = nanos.max(1);
        let shift = nanos.leading_zeros();
        let divisor = nanos << shift;
        let reciprocal = (u128::MAX / u128::from(divisor)) as u64;
        Self { nanos, shift, divisor, reciprocal, reach: 54 * i128::from(nanos) }
    }

    /// The factor of an instant, in nanoseconds since 1970.
    ///
    /// Any instant of chrono's range will do. The whole half-lives are exact; their fraction is less than 2 units of
    /// 2^-64 too small.
    #[inline]
    pub(crate) fn factor(&self, nanos: i128) -> Factor {
        let since = (nanos + ORIGIN) as u128;
        let (low, high) = (since as u64, (since >> 64) as u64);
        // Only a half-life below 2 us does not reach beyond the high digit.
        let first = if high < self.nanos { high } else { high % self.nanos };
        let shifted = ((u128::from(first) << 64) | u128::from(low)) << self.shift;
        let (whole, rest) = self.divide(shifted);
        // The rest is below the divisor, and so is its product with 2^64 / divisor below 2^64.
        let fraction = rest + high_half(rest, self.reciprocal);
        let (up, down) = factors(fraction);
        Factor { low, high: high as u32, whole: whole as u32, up, down }
    }

    /// Quotient and rest of a number below `divisor` * 2^64 (Moeller and Granlund 2011, algorithm 4).
    #[inline(always)]
    fn divide(&self, number: u128) -> (u64, u64) {
        let (low, high) = (number as u64, (number >> 64) as u64);
        let estimate = (u128::from(high) * u128::from(self.reciprocal)).wrapping_add(number);
        let mut quotient = ((estimate >> 64) as u64).wrapping_add(1);
        let mut rest = low.wrapping_sub(quotient.wrapping_mul(self.divisor));
        if rest > estimate as u64 {
            quotient = quotient.wrapping_sub(1);
            rest = rest.wrapping_add(self.divisor);
        }
        if rest >= self.divisor {
            quotient = quotient.wrapping_add(1);
            rest -= self.divisor;
        }
        (quotient, rest)
    }

    /// 2^53 * 2^(-age / half-life), rounded to the nearest integer; what is not older weighs 2^53, and what is
    /// more than 54 half-lives older 0.
    #[inline]
    pub(crate) fn weight(&self, newest: Factor, older: Factor) -> u64 {
        let age = newest.since() - older.since();
        if age <= 0 {
            return MAX_WEIGHT;
        }
        if age > self.reach {
            return 0;
        }
        self.weight_in_reach(&newest, &older)
    }

    /// Replaces `weights` by the weight of each instant as seen from the last one. They are in order of time.
    pub(crate) fn weights(&self, factors: &[Factor], weights: &mut Vec<u64>) {
        weights.clear();
        let ([oldest, ..], [.., newest]) = (factors, factors) else { return };
        if newest.since() - oldest.since() > self.reach {
            weights.extend(factors.iter().map(|factor| self.weight(*newest, *factor)));
        } else {
            weights.extend(factors.iter().map(|older| self.weight_in_reach(newest, older)));
        }
    }

    /// The weight of an instant that is not newer, and up to 54 half-lives older.
    #[inline]
    fn weight_in_reach(&self, newest: &Factor, older: &Factor) -> u64 {
        // The whole half-lives differ by 54 at most, so that 32 bits tell it and a half is below 2^62.
        let shift = 9 + newest.whole.wrapping_sub(older.whole);
        let product = high_half(newest.down, older.up) + (1 << (shift - 1));
        let (least, most) = ((product - DOUBT) >> shift, (product + DOUBT) >> shift);
        let age = || (newest.since() - older.since()) as u128;
        if least == most { least } else { self.weight_of_age(age()) }
    }

    /// The same weight from the age alone, to more digits than any doubt.
    #[cold]
    #[inline(never)]
    fn weight_of_age(&self, age: u128) -> u64 {
        let (whole, rest) = self.divide(age << self.shift);
        let (first, rest) = self.divide(u128::from(rest) << 64);
        let (second, _) = self.divide(u128::from(rest) << 64);
        let fraction = (u128::from(first) << 64) | u128::from(second);
        let shift = 74 + whole as u32;
        (((power(fraction) >> (shift - 1)) + 1) >> 1) as u64
    }
}

impl Factor {
    #[inline]
    fn since(self) -> i128 {
        i128::from(self.high) << 64 | i128::from(self.low)
    }
}

/// 2^f and 2^-f in units of 2^-63, for f in units of 2^-64.
///
/// f is two digits of seven bits, whose powers are tables, and a rest x below 2^-14, whose powers are four terms of
/// the exponential series: 1 + odd + even and 1 - odd + even. Table entries are off by half a unit, their product so
/// by 1.5 + 0.5 for 2^f and 1 + 0.5 for 2^-f, the last product adds 0.5. With 2 units of 2^-64 in f itself, 2^f
/// (below 2) is off by less than 4 units and 2^-f by less than 3.
#[inline]
fn factors(fraction: u64) -> (u64, u64) {
    let (first, second) = ((fraction >> 57) as usize, (fraction >> 50) as usize % DIGIT);
    // x ln 2 in units of 2^-78; its square in units of 2^-92, cube of 2^-106, fourth power of 2^-120.
    let linear = high_half(fraction << 14, (LN_2 >> 64) as u64);
    let square = high_half(linear, linear);
    let cube = high_half(square, linear);
    let fourth = high_half(square, square);
    let odd = linear + (high_half(cube, u64::MAX / 6) >> 28);
    let even = (square >> 15) + (high_half(fourth, u64::MAX / 24) >> 42);
    let up = rounded(FIRST[first].0, SECOND[second].0, 63);
    let down = rounded(FIRST[first].1, SECOND[second].1, 63);
    // Just below f = 1 an error may take 2^f to 2, which has no bits left.
    (up.saturating_add(rounded(up, odd + even, 78)), down - rounded(down, odd - even, 78))
}

/// The high half of a product.
#[inline]
const fn high_half(a: u64, b: u64) -> u64 {
    ((a as u128 * b as u128) >> 64) as u64
}

/// A product in units of 2^`bits`, rounded to the nearest.
#[inline]
fn rounded(a: u64, b: u64, bits: u32) -> u64 {
    ((u128::from(a) * u128::from(b) + (1 << (bits - 1))) >> bits) as u64
}

/// Values of a digit of the fraction.
const DIGIT: usize = 1 << 7;

/// 2^(k / 2^7) and 2^(-k / 2^7), in units of 2^-63.
static FIRST: [(u64, u64); DIGIT] = powers(121);

/// 2^(k / 2^14) and 2^(-k / 2^14), in units of 2^-63.
static SECOND: [(u64, u64); DIGIT] = powers(114);

const fn powers(bits: u32) -> [(u64, u64); DIGIT] {
    let mut powers = [(1 << 63, 1 << 63); DIGIT];
    let mut digit = 1;
    while digit < DIGIT {
        let fraction = (digit as u128) << bits;
        // 2^f is twice 2^-(1 - f).
        let (up, down) = (power(fraction.wrapping_neg()), power(fraction));
        powers[digit] = ((((up >> 62) + 1) >> 1) as u64, (((down >> 63) + 1) >> 1) as u64);
        digit += 1;
    }
    powers
}

// ---- The same to more digits ----

/// ln 2 in units of 2^-128, rounded down (from Python's `decimal` with 80 digits).
const LN_2: u128 = 0xb172_17f7_d1cf_79ab_c9e3_b398_03f2_f6af;

/// 1 / n! in units of 2^-127.
const COEFFICIENTS: [u128; 11] = {
    let mut coefficients = [1 << 127; 11];
    let mut n = 1;
    while n < coefficients.len() {
        coefficients[n] = coefficients[n - 1] / n as u128;
        n += 1;
    }
    coefficients
};

/// 2^(-k / 2^7) in units of 2^-127.
static WIDE: [u128; DIGIT] = {
    let mut powers = [1 << 127; DIGIT];
    let mut digit = 1;
    while digit < DIGIT {
        powers[digit] = wide_high_half(powers[digit - 1], exponential(LN_2)) << 1;
        digit += 1;
    }
    powers
};

/// 2^-f in units of 2^-127, for f in units of 2^-128, off by less than 2^-80.
const fn power(fraction: u128) -> u128 {
    let rest = exponential(wide_high_half(fraction << 7, LN_2));
    wide_high_half(WIDE[(fraction >> 121) as usize], rest) << 1
}

/// e^-y in units of 2^-127, for y in units of 2^-135, by Horner's rule.
///
/// Eleven terms of the series, as y^11 / 11! is below 2^-107. From the fourth on, y^4 is below 2^-30 and 64 digits
/// will do.
const fn exponential(y: u128) -> u128 {
    let (mut n, mut tail) = (COEFFICIENTS.len(), 0);
    while n > 4 {
        n -= 1;
        tail = (COEFFICIENTS[n] >> 64) as u64 - (high_half(tail, (y >> 64) as u64) >> 7);
    }
    let mut sum = (tail as u128) << 64;
    while n > 0 {
        n -= 1;
        sum = COEFFICIENTS[n] - (wide_high_half(sum, y) >> 7);
    }
    sum
}

/// The high half of a product.
const fn wide_high_half(a: u128, b: u128) -> u128 {
    const LOW: u128 = u64::MAX as u128;
    let (a1, a0, b1, b0) = (a >> 64, a & LOW, b >> 64, b & LOW);
    let middle = a1 * b0 + ((a0 * b0) >> 64);
    let other = a0 * b1 + (middle & LOW);
    a1 * b1 + (middle >> 64) + (other >> 64)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use proptest::prelude::*;

    use super::*;
    use crate::time::nanos_of;

    const DAY: u64 = 86_400_000_000_000;

    /// The weight of an age, seen from `newest`.
    fn weight_at(newest: i128, age: u128, half_life: u64) -> u64 {
        let half_life = HalfLife::new(half_life);
        half_life.weight(half_life.factor(newest), half_life.factor(newest - age as i128))
    }

    fn weight(age: u128, half_life: u64) -> u64 {
        weight_at(0, age, half_life)
    }

    fn ends_of_time() -> [i128; 2] {
        [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC].map(nanos_of)
    }

    /// Another way to the same: a factor 2^(-2^-k) for each binary digit k of the age, each the root of the one
    /// before, all in integers. Off by less than 2^-56.
    fn slow_weight(age: u128, half_life: u64) -> f64 {
        let half_life = u128::from(half_life);
        let fraction = ((age % half_life) << 64) / half_life;
        let (mut root, mut product) = (1_u128 << 127, 1_u128 << 64);
        for digit in (0..64).rev() {
            // The root of a fraction of 2^128 is one of 2^64.
            let next = root.isqrt();
            if fraction >> digit & 1 == 1 {
                product = (product * next) >> 64;
            }
            root = next << 64;
        }
        let halvings = i32::try_from(age / half_life).unwrap_or(i32::MAX);
        product as f64 / 2048.0 * (-f64::from(halvings)).exp2()
    }

    /// Half-lives and ages of all sizes, up to 60 half-lives.
    fn ages() -> impl Strategy<Value = (u64, u128)> {
        let half_life = (0..63_u32, 1..=u64::MAX >> 1).prop_map(|(bits, nanos)| (nanos >> bits).max(1));
        half_life.prop_flat_map(|half_life| {
            let reach = u128::from(half_life) * 60;
            let ages = prop_oneof![0..=u128::from(half_life), 0..=reach, Just(0), Just(reach / 60 * 54)];
            (Just(half_life), ages)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn weights_agree_with_two_other_computations((half_life, age) in ages()) {
            prop_assume!(age < 1 << 73);
            let found = weight_at(ends_of_time()[1], age, half_life) as f64;
            prop_assert!((found - slow_weight(age, half_life)).abs() <= 1.5, "{found}");
            // What a float has lost of the exponent comes back as a relative error.
            let halvings = age as f64 / half_life as f64;
            let expected = (-halvings).exp2() * MAX_WEIGHT as f64;
            prop_assert!((found - expected).abs() <= 1.0 + expected * (halvings + 1.0) * 1e-15, "{found} {expected}");
        }

        #[test]
        fn shifting_both_times_changes_no_bit((half_life, age) in ages(), shift in any::<i64>()) {
            prop_assume!(age < 1 << 72);
            let [first, last] = ends_of_time();
            let found = weight(age, half_life);
            for newest in [last, first + age as i128, i128::from(shift), i128::from(shift) << 9] {
                prop_assert_eq!(weight_at(newest, age, half_life), found);
            }
        }

        #[test]
        fn weights_of_a_path_are_those_of_its_instants(
            (half_life, _) in ages(),
            ages in prop::collection::vec((0..=56_u64, 0..=1_000_u64), 1..12),
        ) {
            // Around 54 half-lives too, behind which one is out of reach.
            let prepared = HalfLife::new(half_life);
            let age = |(whole, part): &(u64, u64)| {
                i128::from(half_life) * i128::from(*whole) + i128::from(half_life) * i128::from(*part) / 1_000
            };
            let mut ages: Vec<i128> = ages.iter().map(age).collect();
            ages.sort_unstable_by_key(|age| -age);
            let factors: Vec<Factor> = ages.iter().map(|age| prepared.factor(-age)).collect();
            let mut weights = vec![7];
            prepared.weights(&factors, &mut weights);
            let newest = factors[factors.len() - 1];
            let each: Vec<u64> = factors.iter().map(|factor| prepared.weight(newest, *factor)).collect();
            prop_assert_eq!(weights, each);
        }

        #[test]
        fn weights_never_rise_with_age((half_life, age) in ages(), more in 0..1_000_000_u128) {
            prop_assume!(age < 1 << 72);
            prop_assert!(weight(age, half_life) >= weight(age + more, half_life));
            prop_assert!(weight(age, half_life) >= weight(age + 1, half_life));
        }
    }

    #[test]
    fn factors_keep_their_bound_at_both_ends_of_every_digit() {
        let corners =
            (0..1 << 14).flat_map(|digits: u64| [digits << 50, ((digits + 1) << 50).wrapping_sub(1)]);
        for fraction in corners.chain([u64::MAX - 1, u64::MAX / 3]) {
            let (up, down) = factors(fraction);
            // From the wide powers, in units of 2^-64 of a unit.
            let wide = u128::from(fraction) << 64;
            let exact = if fraction == 0 { 1 << 127 } else { power(wide.wrapping_neg()) << 1 };
            let exact = if exact == 0 { u128::MAX } else { exact };
            assert!((u128::from(up) << 64).abs_diff(exact) < 3 << 64, "{fraction:x}");
            assert!((u128::from(down) << 64).abs_diff(power(wide)) < 5 << 63, "{fraction:x}");
        }
    }

    #[test]
    fn whole_half_lives_are_exact() {
        for half_life in [1, 2, 7, 2_047, 2_048, DAY, 7 * DAY, u64::MAX] {
            for halvings in 0..=53 {
                assert_eq!(weight(halvings * u128::from(half_life), half_life), MAX_WEIGHT >> halvings);
            }
            let reach = 54 * u128::from(half_life);
            assert_eq!([weight(reach, half_life), weight(reach + 1, half_life)], [1, 0]);
        }
    }

    #[test]
    fn ends_of_time_weigh_all_or_nothing() {
        let [first, last] = ends_of_time();
        for half_life in [1, 997, DAY, u64::MAX >> 4] {
            assert_eq!(weight_at(last, (last - first) as u128, half_life), 0);
            let half_life = HalfLife::new(half_life);
            let [first, last] = [first, last].map(|nanos| half_life.factor(nanos));
            assert_eq!([half_life.weight(first, first), half_life.weight(last, last)], [MAX_WEIGHT; 2]);
            // What is newer than the newest weighs no more.
            assert_eq!(half_life.weight(first, last), MAX_WEIGHT);
        }
    }

    /// Python's `decimal` with 80 digits, rounded to the nearest.
    #[test]
    fn weights_are_the_nearest_integers() {
        let day = u128::from(DAY);
        for (half_life, age, expected) in [
            (7 * DAY, 1, 9_007_199_254_740_982),
            (7 * DAY, day, 8_158_033_513_759_141),
            (7 * DAY, 3 * day + 1, 6_692_323_326_831_838),
            (7 * DAY, 30 * day, 461_807_750_454_355),
            (DAY, day * 3 / 2, 3_184_525_836_262_886),
            (DAY / 2, 20 * day + 7, 8_192),
            (997, 1, 9_000_939_329_974_516),
            (3, 100, 832_255),
            (u64::MAX >> 1, 10_000_000_000_000_000_000, 4_248_272_780_532_954),
        ] {
            assert_eq!(weight(age, half_life), expected, "{age} of {half_life}");
        }
    }
}
