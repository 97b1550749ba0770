//! Exact tests: the probability of what was seen and of all that is no more probable, summed outwards from the most
//! probable outcome. Only ratios of neighbouring probabilities are needed, so there is no logarithm.

/// What an outcome may be as probable as and still count as "no more probable": rounding stays on the safe side.
const ALIKE: f64 = 1.0 + 1e-7;

/// Two-sided p-value of Fisher's exact test: whether rates of two groups differ, given how many converted in all.
///
/// It never falls below a level more often than the level says, however small the groups.
pub(crate) fn fisher_test(a: (u64, u64), b: (u64, u64)) -> f64 {
    let ((x, n), (y, m)) = (a, b);
    let hits = x + y;
    let misses = (n + m).saturating_sub(hits);
    let (low, high) = (n.saturating_sub(misses), n.min(hits));
    let mode = ((n + 1) as u128 * (hits + 1) as u128 / (u128::from(n) + u128::from(m) + 2)) as u64;
    // P(k + 1) / P(k) of the hypergeometric distribution.
    let ratio = |k: u64| {
        let up = (hits - k) as f64 * (n - k) as f64;
        up / ((k + 1) as f64 * (misses + k + 1 - n) as f64)
    };
    two_sided(x, mode.clamp(low, high), (low, high), ratio)
}

/// Two-sided p-value of the exact binomial test: whether `count` of `of` fits a part of `millionths` 10^-6.
pub(crate) fn binomial_test(count: u64, of: u64, millionths: u32) -> f64 {
    let (part, rest) = (f64::from(millionths), f64::from(1_000_000_u32.saturating_sub(millionths)));
    if rest == 0.0 || part == 0.0 {
        let certain = if part == 0.0 { 0 } else { of };
        return f64::from(u8::from(count == certain));
    }
    let mode = ((u128::from(of) + 1) * u128::from(millionths) / 1_000_000) as u64;
    let ratio = |k: u64| (of - k) as f64 * part / ((k + 1) as f64 * rest);
    two_sided(count, mode.min(of), (0, of), ratio)
}

/// Sums probabilities outwards from the mode, in units of the mode's, until nothing is left of them.
fn two_sided(seen: u64, mode: u64, (low, high): (u64, u64), ratio: impl Fn(u64) -> f64) -> f64 {
    let limit = ALIKE * weight_at(seen, mode, &ratio);
    let (mut all, mut tail) = (1.0, if 1.0 <= limit { 1.0 } else { 0.0 });
    let mut count = |weight: f64| {
        all += weight;
        if weight <= limit {
            tail += weight;
        }
    };
    let mut weight = 1.0;
    for k in mode..high {
        weight *= ratio(k);
        if weight == 0.0 {
            break;
        }
        count(weight);
    }
    weight = 1.0;
    for k in (low..mode).rev() {
        weight /= ratio(k);
        if weight == 0.0 {
            break;
        }
        count(weight);
    }
    (tail / all).min(1.0)
}

fn weight_at(seen: u64, mode: u64, ratio: impl Fn(u64) -> f64) -> f64 {
    let mut weight = 1.0;
    if seen >= mode {
        for k in mode..seen {
            weight *= ratio(k);
            if weight == 0.0 {
                break;
            }
        }
    } else {
        for k in (seen..mode).rev() {
            weight /= ratio(k);
            if weight == 0.0 {
                break;
            }
        }
    }
    weight
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fisher's tea (1935): 3 and 1 of 4 cups; and enumeration of all tables of small groups.
    #[test]
    fn fisher_meets_the_tea_and_enumeration() {
        assert!((fisher_test((3, 4), (1, 4)) - 34.0 / 70.0).abs() < 1e-12);
        let choose = |n: u64, k: u64| (0..k).fold(1.0, |held, i| held * (n - i) as f64 / (i + 1) as f64);
        for (n, m) in [(1, 1), (5, 9), (12, 3), (10, 10)] {
            for (x, y) in (0..=n).flat_map(|x| (0..=m).map(move |y| (x, y))) {
                let hits = x + y;
                let weight = |k: u64| {
                    if k > n || hits < k || hits - k > m { 0.0 } else { choose(n, k) * choose(m, hits - k) }
                };
                let all: f64 = (0..=hits).map(weight).sum();
                let limit = weight(x) * ALIKE;
                let tail: f64 = (0..=hits).map(weight).filter(|weight| *weight <= limit).sum();
                let found = fisher_test((x, n), (y, m));
                assert!((found - tail / all).abs() < 1e-9, "{x}/{n} {y}/{m}: {found} {}", tail / all);
            }
        }
    }

    #[test]
    fn binomial_meets_known_values_and_its_ends() {
        assert!((binomial_test(7, 10, 500_000) - 0.343_75).abs() < 1e-12);
        assert!((binomial_test(235, 682, 333_333) - 0.541_6).abs() < 1e-3);
        assert_eq!(
            (binomial_test(0, 9, 0), binomial_test(1, 9, 0), binomial_test(9, 9, 1_000_000)),
            (1.0, 0.0, 1.0)
        );
        assert_eq!(binomial_test(0, 0, 500_000), 1.0);
        assert_eq!(fisher_test((0, 0), (0, 0)), 1.0);
        assert!(binomial_test(900_000, 10_000_000, 100_000) < 1e-300);
    }
}
