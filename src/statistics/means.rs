//! Means of what people spend, and their differences.

use crate::statistics::{Interval, Z};

/// The moments of a group's values that an interval of their mean needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moments {
    pub(crate) count: f64,
    pub(crate) mean: f64,
    /// Sample variance.
    pub(crate) variance: f64,
    /// Excess kurtosis, but 0 where tails are lighter than those of a normal distribution.
    pub(crate) kurtosis: f64,
}

impl Moments {
    /// Of values in a fixed order, such as sorted ones: sums of floats hang on it.
    pub(crate) fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        if values.len() < 2 {
            let mean = values.first().copied().unwrap_or_default();
            return Self { count, mean, variance: 0.0, kurtosis: 0.0 };
        }
        let mean = values.iter().sum::<f64>() / count;
        let (squares, fourths) = values.iter().fold((0.0, 0.0), |(squares, fourths), value| {
            let square = (value - mean) * (value - mean);
            (squares + square, fourths + square * square)
        });
        let kurtosis =
            if squares > 0.0 { (fourths / squares * (count / squares) - 3.0).max(0.0) } else { 0.0 };
        Self { count, mean, variance: squares / (count - 1.0), kurtosis }
    }

    /// The square of the standard error of the mean.
    fn square_error(&self) -> f64 {
        self.variance / self.count
    }

    /// The degrees of freedom of a chi-square distribution that spreads like the sample variance, whose own variance
    /// is (2 / (n - 1) + kurtosis / n) times its square (Shoemaker 2003, The American Statistician 57, 105-110).
    fn freedom(&self) -> f64 {
        2.0 / (2.0 / (self.count - 1.0) + self.kurtosis / self.count)
    }
}

/// 95 % interval of the mean of `a` minus that of `b`: Welch's (1938), whose degrees of freedom take into account that
/// the variance of heavy-tailed values is known less well than that of normal ones. What people spend is of that kind:
/// most buy nothing, and few spend much more than all others.
///
/// Degrees of freedom by the number of people who bought were tried, and corrections for skew (Hall 1992; Zhou and Dinh
/// 2005): they hold the truth less often where one arm is much larger or few spend much more than all others.
pub(crate) fn mean_difference(a: &Moments, b: &Moments) -> Interval {
    let difference = a.mean - b.mean;
    let [one, other] = [a, b].map(Moments::square_error);
    let square = one + other;
    if !square.is_finite() || square == 0.0 {
        return Interval::new(difference, difference);
    }
    // Parts of the whole, so that no square overflows.
    let part = |of: &Moments| {
        let part = of.square_error() / square;
        if part > 0.0 { part * part / of.freedom() } else { 0.0 }
    };
    let half = quantile((1.0 / (part(a) + part(b))).max(1.0)) * square.sqrt();
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

    /// Where tails are light it is Welch's own: variances 1 and 1/3 of 3 and 4 values have 2.95 degrees of freedom.
    #[test]
    fn the_interval_is_that_of_welch() {
        let (a, b) = (Moments::of(&[1.0, 2.0, 3.0]), Moments::of(&[0.0, 1.0, 0.0, 1.0]));
        let interval = mean_difference(&a, &b);
        let (one, other): (f64, f64) = (1.0 / 3.0, 1.0 / 12.0);
        let freedom = (one + other) * (one + other) / (one * one / 2.0 + other * other / 3.0);
        let half = quantile(freedom) * (one + other).sqrt();
        assert!((interval.low - (1.5 - half)).abs() < 1e-12);
        assert!((interval.high.unwrap() - (1.5 + half)).abs() < 1e-12);
        let flat = Moments::of(&[0.0; 5]);
        assert_eq!(mean_difference(&flat, &flat), Interval::new(0.0, 0.0));
    }

    /// One in a hundred values is 1: of kurtosis (1 - 6 p q) / (p q), hence of few degrees of freedom.
    #[test]
    fn heavy_tails_have_few_degrees_of_freedom() {
        let mut values = [0.0; 1_000];
        values[..10].fill(1.0);
        let moments = Moments::of(&values);
        let spread = 0.01 * 0.99;
        assert!((moments.kurtosis - (1.0 - 6.0 * spread) / spread).abs() < 1e-9, "{moments:?}");
        assert!((19.0..21.0).contains(&moments.freedom()), "{}", moments.freedom());
    }

    #[test]
    fn the_slope_is_that_of_least_squares() {
        assert_eq!(adjusted_by(&[(2.0, 1.0), (4.0, 2.0), (6.0, 3.0)]), Some(2.0));
        assert_eq!(adjusted_by(&[(2.0, 1.0), (4.0, 1.0)]), None);
        assert_eq!(adjusted_by(&[]), None);
    }
}
