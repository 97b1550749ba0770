//! Means of what people spend, and their differences.

use crate::statistics::{Interval, Z};

/// The first two moments of a group's values, and what is known of their spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moments {
    pub(crate) count: f64,
    pub(crate) mean: f64,
    /// Sample variance.
    pub(crate) variance: f64,
    /// How many values say something of the spread: of what people spend those that are not zero.
    pub(crate) telling: f64,
}

impl Moments {
    /// Of values in a fixed order, such as sorted ones: sums of floats hang on it.
    pub(crate) fn of(values: &[f64], telling: usize) -> Self {
        let (count, telling) = (values.len() as f64, telling as f64);
        if values.len() < 2 {
            let mean = values.first().copied().unwrap_or_default();
            return Self { count, mean, variance: 0.0, telling };
        }
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        Self { count, mean, variance: squares / (count - 1.0), telling }
    }
}

/// 95 % interval of the mean of `a` minus that of `b`: Welch's, whose degrees of freedom are here the telling values of
/// the group with fewer of them, less one. Zeros of people who bought nothing say little of how far those who bought
/// lie apart. Corrections for skew (Hall 1992; Zhou and Dinh 2005) were tried and hold the truth less often where few
/// spend much more than all others.
pub(crate) fn mean_difference(a: &Moments, b: &Moments) -> Interval {
    let difference = a.mean - b.mean;
    let error = (a.variance / a.count + b.variance / b.count).sqrt();
    if !error.is_finite() || error == 0.0 {
        return Interval::new(difference, difference);
    }
    let half = quantile((a.telling.min(b.telling) - 1.0).max(1.0)) * error;
    Interval::new(difference - half, difference + half)
}

/// The 0.975 quantile of Student's t with so many degrees of freedom (Abramowitz and Stegun 1964, 26.7.5): right to
/// 0.2 % from five on.
fn quantile(freedom: f64) -> f64 {
    let square = Z * Z;
    let first = Z * (square + 1.0) / 4.0;
    let second = Z * ((5.0 * square + 16.0) * square + 3.0) / 96.0;
    let third = Z * (((3.0 * square + 19.0) * square + 17.0) * square - 15.0) / 384.0;
    Z + (first + (second + third / freedom) / freedom) / freedom
}

/// How far an earlier value foretells a later one: covariance over variance, of pairs (later, earlier) in a fixed
/// order. None if all earlier values are one.
///
/// Values less that slope times how far the earlier one is from its mean have the same difference between groups
/// that chance made, and less variance (Deng, Xu, Kohavi and Walker 2013, CUPED).
pub(crate) fn adjusted_by(pairs: &[(f64, f64)]) -> Option<f64> {
    let count = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
    let (later, earlier) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let both: f64 = pairs.iter().map(|pair| (pair.0 - later) * (pair.1 - earlier)).sum();
    let squares: f64 = pairs.iter().map(|pair| (pair.1 - earlier) * (pair.1 - earlier)).sum();
    (squares > 0.0).then(|| both / squares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (freedom, expected) in [(5.0, 2.571), (10.0, 2.228), (30.0, 2.042), (120.0, 1.980)] {
            assert!((quantile(freedom) - expected).abs() < 0.004, "{freedom}: {}", quantile(freedom));
        }
    }

    #[test]
    fn the_interval_is_that_of_welch() {
        let (a, b) = (Moments::of(&[1.0, 2.0, 3.0], 31), Moments::of(&[0.0, 1.0, 2.0], 40));
        let interval = mean_difference(&a, &b);
        let half = quantile(30.0) * (2.0_f64 / 3.0).sqrt();
        assert!((interval.low - (1.0 - half)).abs() < 1e-12);
        assert!((interval.high.unwrap() - (1.0 + half)).abs() < 1e-12);
        let flat = Moments::of(&[0.0; 5], 0);
        assert_eq!(mean_difference(&flat, &flat), Interval::new(0.0, 0.0));
    }

    #[test]
    fn the_slope_is_that_of_least_squares() {
        assert_eq!(adjusted_by(&[(2.0, 1.0), (4.0, 2.0), (6.0, 3.0)]), Some(2.0));
        assert_eq!(adjusted_by(&[(2.0, 1.0), (4.0, 1.0)]), None);
        assert_eq!(adjusted_by(&[]), None);
    }
}
