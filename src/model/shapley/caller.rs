//! Shapley values of a caller's own game.

use crate::error::{ErrorKind, Result};

/// Labels up to which all sets are asked about.
pub const EXACT_LABELS: usize = 20;

/// The Shapley values of a game over `labels` labels, exactly: `worth` is asked once about each of the 2^`labels` sets,
/// the empty one included. A set is told as one truth value for each label.
///
/// The values sum to the worth of all labels less that of none. No label gives no value; one gets everything.
///
/// ```
/// use clinch::shapley_exact;
///
/// // Both are needed, and the first is worth 2 alone.
/// let values = shapley_exact(2, |set| match set {
///     [true, true] => 10.0,
///     [true, false] => 2.0,
///     _ => 0.0,
/// })?;
/// assert_eq!(values, [6.0, 4.0]);
/// # Ok::<(), clinch::Error>(())
/// ```
///
/// # Errors
/// `TooManyLabels` above [`EXACT_LABELS`], `NotFinite` if a worth is no finite number.
pub fn exact(labels: usize, mut worth: impl FnMut(&[bool]) -> f64) -> Result<Vec<f64>> {
    if labels > EXACT_LABELS {
        return Err(ErrorKind::TooManyLabels { found: labels, most: EXACT_LABELS }.into());
    }
    let mut members = vec![false; labels];
    let mut worths = Vec::with_capacity(1 << labels);
    for set in 0_usize..1 << labels {
        members.iter_mut().enumerate().for_each(|(label, member)| *member = set >> label & 1 == 1);
        worths.push(finite(worth(&members))?);
    }
    // One over labels times the number of sets of that size among the others.
    let mut weights = vec![1.0 / labels.max(1) as f64; labels.max(1)];
    for size in 1..labels {
        weights[size] = weights[size - 1] * size as f64 / (labels - size) as f64;
    }
    let mut values = vec![0.0; labels];
    for (set, without) in worths.iter().enumerate() {
        for (label, value) in values.iter_mut().enumerate().filter(|(label, _)| set >> label & 1 == 0) {
            *value += weights[set.count_ones() as usize] * (worths[set | 1 << label] - without);
        }
    }
    values.into_iter().map(finite).collect()
}

/// Shapley values as means over drawn orders of joining, with what their error is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Sampled {
    /// One for each label. They sum to the worth of all labels less that of none, up to rounding.
    pub values: Vec<f64>,
    /// The standard error of each: two of three times the exact value is nearer than that, and nearer than twice that
    /// nineteen of twenty times, where many orders were drawn.
    pub standard_errors: Vec<f64>,
    /// How many orders were drawn.
    pub orders: usize,
}

/// The Shapley values of a game over any number of labels, as means over `orders` drawn orders of joining: `worth` is
/// asked `labels + 1` times for each. The same seed draws the same orders, on every platform.
///
/// ```
/// use clinch::shapley_sampled;
///
/// // A label is worth its number, whomever it joins: then one order tells as much as all.
/// let worth = |set: &[bool]| (0..30).filter(|label| set[*label]).sum::<usize>() as f64;
/// let sampled = shapley_sampled(30, 100, 7, worth)?;
/// assert_eq!(sampled.values[29], 29.0);
/// assert_eq!(sampled.standard_errors[29], 0.0);
/// # Ok::<(), clinch::Error>(())
/// ```
///
/// # Errors
/// `TooFewOrders` below 2 orders, of which no error can be told; `NotFinite` if a worth is no finite number.
pub fn sampled(
    labels: usize,
    orders: usize,
    seed: u64,
    mut worth: impl FnMut(&[bool]) -> f64,
) -> Result<Sampled> {
    if orders < 2 {
        return Err(ErrorKind::TooFewOrders { found: orders }.into());
    }
    let mut random = Random(seed);
    let mut order: Vec<usize> = (0..labels).collect();
    let mut members = vec![false; labels];
    let none = finite(worth(&members))?;
    let (mut means, mut squares) = (vec![0.0; labels], vec![0.0; labels]);
    for drawn in 1..=orders {
        (1..labels).rev().for_each(|place| order.swap(place, random.below(place + 1)));
        members.fill(false);
        let mut before = none;
        for label in &order {
            members[*label] = true;
            let after = finite(worth(&members))?;
            // Mean and sum of squares about it, updated one by one (Welford 1962).
            let gain = after - before - means[*label];
            means[*label] += gain / drawn as f64;
            squares[*label] += gain * (after - before - means[*label]);
            before = after;
        }
    }
    let error = |squares: &f64| (squares.max(0.0) / (orders - 1) as f64 / orders as f64).sqrt();
    let standard_errors = squares.iter().map(error).map(finite).collect::<Result<_>>()?;
    let values = means.into_iter().map(finite).collect::<Result<_>>()?;
    Ok(Sampled { values, standard_errors, orders })
}

fn finite(number: f64) -> Result<f64> {
    if number.is_finite() { Ok(number) } else { Err(ErrorKind::NotFinite { what: "a worth" }.into()) }
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `count`, each as probable as the others but for one in 2^64 / `count`.
    fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.next()) * count as u128) >> 64) as usize
    }
}
