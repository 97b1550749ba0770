//! Intervals and tests in plain arithmetic: sums, products, quotients and square roots, so that every platform gets
//! the same bits.

#[cfg(test)]
mod coverage;
mod exact;
mod means;
mod proportion;

pub(crate) use exact::{binomial_test, fisher_test};
pub(crate) use means::{Moments, adjusted_by, mean_difference};
pub(crate) use proportion::{difference, lift, ratio, wilson};

use serde::{Deserialize, Serialize};

use crate::choice::choice;

/// The standard normal quantile of 0.975: two sides of 95 %.
pub(crate) const Z: f64 = 1.959_963_984_540_054;

/// Where the truth lies in 95 of 100 shops. `high` is none where nothing bounds it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: Option<f64>,
}

impl Interval {
    pub(crate) fn new(low: f64, high: f64) -> Self {
        Self { low, high: high.is_finite().then_some(high) }
    }

    /// Whether a number lies inside, both ends included.
    pub fn contains(&self, number: f64) -> bool {
        self.low <= number && self.high.is_none_or(|high| number <= high)
    }
}

/// A number with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Estimate {
    /// What was measured.
    pub value: f64,
    /// Where the truth lies in 95 of 100 shops.
    pub interval: Interval,
}

/// A part of a population with its 95 % interval (Wilson 1927, Journal of the American Statistical Association 22,
/// 209-212).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Proportion {
    /// How many of them.
    pub count: u64,
    /// All of them.
    pub of: u64,
    /// The part with its interval; none of an empty population.
    pub rate: Option<Estimate>,
}

impl Proportion {
    pub(crate) fn new(count: u64, of: u64) -> Self {
        let rate =
            (of > 0).then(|| Estimate { value: count as f64 / of as f64, interval: wilson(count, of) });
        Self { count, of, rate }
    }
}

choice! {
    /// How many false discoveries there may be among many tests.
    Discovery:
    /// Holds whatever the tests have to do with each other (Benjamini and Yekutieli 2001, Annals of Statistics 29,
    /// 1165-1188).
    #[default]
    AnyDependence "any_dependence";
    /// Finds more, and holds for tests that are independent or go together (Benjamini and Hochberg 1995, Journal of
    /// the Royal Statistical Society B 57, 289-300).
    PositiveDependence "positive_dependence";
}

impl Discovery {
    /// For each p-value the least false-discovery rate at which its test is a finding, in the order given.
    pub(crate) fn adjust(self, p: &[f64]) -> Vec<f64> {
        let count = p.len() as f64;
        let harmonic = match self {
            Self::AnyDependence => (1..=p.len()).map(|rank| 1.0 / rank as f64).sum(),
            Self::PositiveDependence => 1.0,
        };
        let mut places: Vec<usize> = (0..p.len()).collect();
        places.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
        let (mut adjusted, mut least) = (vec![1.0; p.len()], 1.0_f64);
        for (rank, place) in places.into_iter().enumerate().rev() {
            least = least.min(p[place] * count * harmonic / (rank + 1) as f64);
            adjusted[place] = least;
        }
        adjusted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fifteen p-values of Benjamini and Hochberg (1995), section 3.2: four are findings at 0.05.
    #[test]
    fn findings_of_the_published_example_are_found() {
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
            0.6528, 0.7590, 1.0,
        ];
        let found = |discovery: Discovery| discovery.adjust(&p).iter().filter(|q| **q <= 0.05).count();
        assert_eq!(found(Discovery::PositiveDependence), 4);
        assert_eq!(found(Discovery::AnyDependence), 3);
        let shuffled: Vec<f64> = p.iter().rev().copied().collect();
        let mut back = Discovery::PositiveDependence.adjust(&shuffled);
        back.reverse();
        assert_eq!(back, Discovery::PositiveDependence.adjust(&p));
        assert!(Discovery::AnyDependence.adjust(&[]).is_empty());
    }
}
