//! Rates and how they compare: score intervals, and intervals of differences and ratios made of these.

use crate::statistics::{Interval, Z};

/// 95 % score interval of a rate (Wilson 1927). `of` is above zero.
pub(crate) fn wilson(count: u64, of: u64) -> Interval {
    let (low, high) = score(count, of);
    Interval::new(low, high)
}

fn score(count: u64, of: u64) -> (f64, f64) {
    let (x, n) = (count as f64, of as f64);
    let square = Z * Z;
    let middle = x + square / 2.0;
    let spread = Z * (x * (n - x) / n + square / 4.0).sqrt();
    let low = if count == 0 { 0.0 } else { ((middle - spread) / (n + square)).max(0.0) };
    let high = if count >= of { 1.0 } else { ((middle + spread) / (n + square)).min(1.0) };
    (low, high)
}

/// 95 % interval of rate `a` minus rate `b` of two independent groups (Newcombe 1998, Statistics in Medicine 17,
/// 873-890, method 10). Both groups have somebody.
pub(crate) fn difference(a: (u64, u64), b: (u64, u64)) -> Interval {
    let (p, q) = (a.0 as f64 / a.1 as f64, b.0 as f64 / b.1 as f64);
    let ((p_low, p_high), (q_low, q_high)) = (score(a.0, a.1), score(b.0, b.1));
    let root = |x: f64, y: f64| (x * x + y * y).sqrt();
    Interval::new(p - q - root(p - p_low, q_high - q), p - q + root(p_high - p, q - q_low))
}

/// 95 % interval of rate `a` over rate `b` of two independent groups: every ratio that the score test does not refuse
/// (Koopman 1984, Biometrics 40, 513-517). Both groups have somebody; nothing bounds it from above if nobody of `b`
/// converted.
///
/// Ratios made of two score intervals (Donner and Zou 2012) were tried: where a group has few conversions they hold
/// the truth more often than they say.
pub(crate) fn ratio(a: (u64, u64), b: (u64, u64)) -> Interval {
    // Ratios are looked for as parts r / (1 + r), which a search can halve.
    let (p, q) = (a.0 as f64 / a.1 as f64, b.0 as f64 / b.1 as f64);
    let middle = if q > 0.0 { p / (p + q) } else { 1.0 };
    let of = |part: f64| part / (1.0 - part);
    let search = |outside: f64| {
        let (mut inside, mut outside) = (middle, outside);
        for _ in 0..HALVINGS {
            let half = (inside + outside) / 2.0;
            *(if score_allows(of(half), a, b) { &mut inside } else { &mut outside }) = half;
        }
        of(inside)
    };
    let low = if a.0 == 0 { 0.0 } else { search(0.0) };
    let high = (b.0 > 0).then(|| search(1.0)).filter(|high| high.is_finite());
    Interval { low, high }
}

/// After so many, the two ends of a search are one float.
const HALVINGS: u32 = 60;

/// Whether the score test of 5 % does not refuse that rate `a` is `ratio`, above zero, times rate `b`.
fn score_allows(ratio: f64, a: (u64, u64), b: (u64, u64)) -> bool {
    let [(x, n), (y, m)] = [a, b].map(|(count, of)| (count as f64, of as f64));
    // The rate of `b` that makes the counts most probable: the smaller root of a quadratic.
    let (square, line, rest) = ((n + m) * ratio, n * ratio + x + m + y * ratio, x + y);
    let q = 2.0 * rest / (line + (line * line - 4.0 * square * rest).max(0.0).sqrt());
    let p = (q * ratio).min(1.0);
    let variance = p * (1.0 - p) / n + ratio * ratio * q * (1.0 - q) / m;
    let off = x / n - ratio * y / m;
    off * off <= Z * Z * variance
}

/// 95 % interval of the rate of group `a` over the rate of `a` and `b` together.
///
/// With the part w of `a` in both, that lift is r / (w r + 1 - w) of the ratio r of the two groups' rates, and
/// grows with r.
pub(crate) fn lift(a: (u64, u64), b: (u64, u64)) -> Interval {
    let part = a.1 as f64 / (a.1 as f64 + b.1 as f64);
    if b.1 == 0 {
        return Interval::new(1.0, 1.0);
    }
    let of = |ratio: f64| ratio / (part * ratio + 1.0 - part);
    let ratio = ratio(a, b);
    Interval { low: of(ratio.low), high: Some(ratio.high.map_or(1.0 / part, of)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn meets(interval: Interval, low: f64, high: f64, digits: f64) {
        let high_found = interval.high.unwrap();
        assert!((interval.low - low).abs() < digits && (high_found - high).abs() < digits, "{interval:?}");
    }

    /// Newcombe 1998, Statistics in Medicine 17, 857-872, table I, method 3.
    #[test]
    fn score_intervals_meet_the_published_ones() {
        meets(wilson(81, 263), 0.2553, 0.3662, 5e-5);
        meets(wilson(15, 148), 0.0624, 0.1605, 5e-5);
        meets(wilson(0, 20), 0.0, 0.1611, 5e-5);
        meets(wilson(1, 29), 0.0061, 0.1718, 5e-5);
    }

    /// Newcombe 1998, Statistics in Medicine 17, 873-890, table II, method 10.
    #[test]
    fn intervals_of_differences_meet_the_published_ones() {
        meets(difference((56, 70), (48, 80)), 0.0524, 0.3339, 5e-5);
        meets(difference((9, 10), (3, 10)), 0.1705, 0.8090, 5e-5);
        meets(difference((10, 10), (0, 10)), 0.6075, 1.0, 5e-5);
    }

    /// Koopman 1984, the worked example: 36 of 40 beside 16 of 80.
    #[test]
    fn intervals_of_ratios_meet_the_published_one() {
        meets(ratio((36, 40), (16, 80)), 2.94, 7.15, 5e-3);
    }

    #[test]
    fn ratios_mirror_when_groups_change_places() {
        let (one, other) = (ratio((30, 100), (20, 120)), ratio((20, 120), (30, 100)));
        assert!((one.low * other.high.unwrap() - 1.0).abs() < 1e-12, "{one:?} {other:?}");
        assert!(one.contains(30.0 / 100.0 / (20.0 / 120.0)));
        assert_eq!(ratio((0, 10), (5, 10)).low, 0.0);
        assert_eq!(ratio((5, 10), (0, 10)).high, None);
        assert_eq!(ratio((0, 10), (0, 10)), Interval { low: 0.0, high: None });
        assert_eq!(lift((3, 10), (0, 0)), Interval::new(1.0, 1.0));
        assert_eq!(lift((5, 10), (0, 30)).high, Some(4.0));
    }
}
