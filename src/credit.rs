//! From weights to money: the only place where credit is made, so that no model can break the books.
//!
//! Weights become integers: as they are if all are whole numbers up to 2^53, else each is divided by the largest
//! and rounded to a multiple of 2^-53. Exact shares are ratios of these integers. Money and the printed shares
//! (in 10^-9) each come from the integers by [`apportion`](crate::apportion), so both sum exactly.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::journey::{Line, Path};
use crate::model::{Model, Weights};
use crate::money::{MAX_WEIGHT, Money, Scratch, Split, fixed_point};
use crate::text::{EventId, Label};

/// A part of one conversion in units of 10^-9; the parts of a conversion sum to one exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(i64);

/// The whole of a conversion as a [`Share`].
pub(crate) const ONE: i64 = 1_000_000_000;

impl Share {
    /// The whole.
    pub const ONE: Self = Self(ONE);

    /// Its units of 10^-9.
    pub fn nanos(self) -> i64 {
        self.0
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&fixed_point(i128::from(self.0), 9))
    }
}

impl Serialize for Share {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let nanos = text.split_once('.').filter(|(_, fraction)| fraction.len() == 9);
        let nanos = nanos.and_then(|(whole, fraction)| format!("{whole}{fraction}").parse().ok());
        let valid = nanos.filter(|nanos| (0..=ONE).contains(nanos));
        valid
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("a share is a decimal from 0 to 1 with nine places"))
    }
}

/// What one model gives each touchpoint of one path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Credits {
    /// Name of the model.
    pub model: String,
    /// One credit per touchpoint of the path, in order; none if the model declined it.
    pub credits: Vec<Credit>,
    /// Whether the model declined the path, so that its value is unattributed.
    #[serde(default)]
    pub declined: bool,
}

/// A part of one conversion given to one touchpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Credit {
    /// The touchpoint.
    pub touchpoint: EventId,
    /// What the model weighed it.
    pub weight: f64,
    /// Its part of the conversion.
    pub share: Share,
    /// Its part of the value; none for a goal without a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Money>,
}

/// What one model gives each touchpoint for one line of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LineCredits {
    /// The line, after refunds; without a product it is what stands on no line.
    pub line: Line,
    /// One amount per touchpoint of the path, in order; they sum to the line.
    pub values: Vec<Money>,
}

/// Credits a path: one credit per touchpoint, in order.
///
/// Shares sum to exactly one and values to the conversion's value exactly; each is less than one unit off its
/// exact share, spare units going to the largest remainders, ties to the earlier touchpoint. A path without
/// touchpoints gives no credits, a path of one gives it the whole.
///
/// ```
/// use clinch::{BuiltIn, Conversion, Dimension, Money, Path, TouchKind, Touchpoint};
///
/// let at = "2026-03-01T10:00:00Z".parse().unwrap();
/// let touchpoints = ["e1", "e2", "e3"].map(|id| Touchpoint::new(id, at, TouchKind::Query));
/// let conversion = Conversion::order("1001", at, Money::parse("140.00", "EUR".parse()?)?);
/// let path = Path::new(&conversion, &touchpoints, Dimension::Topic);
/// let credits = clinch::credit(&BuiltIn::Linear, &path)?;
/// let values: Vec<String> = credits.credits.iter().map(|credit| credit.value.unwrap().amount()).collect();
/// assert_eq!(values, ["46.67", "46.67", "46.66"]);
/// # Ok::<(), clinch::Error>(())
/// ```
///
/// # Errors
/// `BadWeights` if the model breaks its contract, `ModelFailed` with what the model itself reports.
pub fn credit(model: &dyn Model, path: &Path<'_>) -> Result<Credits> {
    let mut weights = Weights::default();
    let units = weigh(model, path, &mut weights)?;
    let declined = units.is_none() && !path.is_empty();
    let value = path.conversion().value;
    let (mut shares, mut values) = (Vec::new(), Vec::new());
    if let Some(units) = &units {
        let (split, mut scratch) = (Split::new(units)?, Scratch::default());
        split.parts(ONE, &mut shares, &mut scratch)?;
        if let Some(value) = value {
            split.parts(value.minor(), &mut values, &mut scratch)?;
        }
    }
    let credit = |(place, touchpoint): (usize, &crate::Touchpoint)| Credit {
        touchpoint: touchpoint.id.clone(),
        weight: weights.values[place],
        share: Share(shares[place]),
        value: value.map(|value| Money::new(values[place], value.currency())),
    };
    // As many as there are shares: none of a path that is declined.
    let credits = path.touchpoints().take(shares.len()).enumerate().map(credit).collect();
    Ok(Credits { model: model.name().to_owned(), credits, declined })
}

/// Credits a path line by line: a touchpoint that spoke of the product has first claim on its line.
///
/// A line goes to those of the touchpoints that spoke of its product, by their weights; where there are none (or
/// they weigh nothing), and for what stands on no line, to all by their weights. Each line's values sum to the
/// line, all lines to the order. Goals and orders without lines, and paths that are empty or declined, give none.
///
/// # Errors
/// As for [`credit`].
pub fn credit_lines(model: &dyn Model, path: &Path<'_>) -> Result<Vec<LineCredits>> {
    let mut weights = Weights::default();
    let Some(units) = weigh(model, path, &mut weights)? else { return Ok(Vec::new()) };
    let speaks = |touchpoint: &crate::Touchpoint, line: &Line| {
        let product = line.product.as_ref().map(Label::from);
        product.is_some_and(|product| touchpoint.labels.product.contains(&product))
    };
    let (mut first, mut parts, mut scratch) = (Vec::new(), Vec::new(), Scratch::default());
    let lines = path.conversion().lines.iter().map(|line| {
        let claims = path.touchpoints().zip(&units);
        first.clear();
        first.extend(claims.map(|(touchpoint, unit)| if speaks(touchpoint, line) { *unit } else { 0 }));
        let claims = if first.iter().all(|unit| *unit == 0) { &units } else { &first };
        Split::new(claims)?.parts(line.value.minor(), &mut parts, &mut scratch)?;
        let values = parts.iter().map(|minor| Money::new(*minor, line.value.currency())).collect();
        Ok(LineCredits { line: line.clone(), values })
    });
    lines.collect()
}

/// The model's weights as integers up to 2^53; none if the path is empty or the model declined it.
pub(crate) fn weigh(model: &dyn Model, path: &Path<'_>, weights: &mut Weights) -> Result<Option<Vec<u64>>> {
    weights.clear();
    if path.is_empty() {
        return Ok(None);
    }
    let failed = |source| {
        let (model, touchpoints) = (model.name().to_owned(), path.len());
        Error::from(ErrorKind::ModelFailed { model, touchpoints, source })
    };
    model.weigh(path, weights).map_err(failed)?;
    if weights.declined {
        return Ok(None);
    }
    let fail = |problem| {
        let model = model.name().to_owned();
        Error::from(ErrorKind::BadWeights { model, touchpoints: path.len(), problem })
    };
    if weights.values.len() != path.len() {
        return Err(fail("another number of weights than touchpoints"));
    }
    if weights.values.iter().any(|weight| !weight.is_finite()) {
        return Err(fail("a weight is not finite"));
    }
    if weights.values.iter().any(|weight| *weight < 0.0) {
        return Err(fail("a weight is negative"));
    }
    let largest = weights.values.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 {
        return Err(fail("all weights are zero"));
    }
    Ok(Some(integers(&weights.values, largest)))
}

pub(crate) fn integers(weights: &[f64], largest: f64) -> Vec<u64> {
    let limit = MAX_WEIGHT as f64;
    if largest <= limit && weights.iter().all(|weight| weight.fract() == 0.0) {
        return weights.iter().map(|weight| *weight as u64).collect();
    }
    // Division first: it cannot overflow, and the largest becomes one exactly.
    weights.iter().map(|weight| (weight / largest * limit).round() as u64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_stay_and_fractions_scale_by_the_largest() {
        assert_eq!(integers(&[120.0, 20.0, 0.0], 120.0), [120, 20, 0]);
        assert_eq!(integers(&[0.5, 0.25], 0.5), [MAX_WEIGHT, MAX_WEIGHT / 2]);
        assert_eq!(integers(&[f64::MAX, f64::MIN_POSITIVE], f64::MAX), [MAX_WEIGHT, 0]);
        assert_eq!(integers(&[f64::MIN_POSITIVE; 2], f64::MIN_POSITIVE), [MAX_WEIGHT; 2]);
    }

    #[test]
    fn multiples_of_the_smallest_unit_come_back_as_integers() {
        // As time decay weighs: the newest is one, the others are whole parts of 2^53.
        let units = [MAX_WEIGHT, MAX_WEIGHT - 1, MAX_WEIGHT / 3, 12_345, 1, 0];
        let weights = units.map(|unit| unit as f64 / MAX_WEIGHT as f64);
        assert_eq!(integers(&weights, 1.0), units);
    }

    #[test]
    fn shares_survive_serde() {
        for nanos in [0, 1, 333_333_333, ONE] {
            let text = serde_json::to_string(&Share(nanos)).unwrap();
            assert_eq!(serde_json::from_str::<Share>(&text).unwrap(), Share(nanos));
        }
        assert_eq!(Share(500_000_000).to_string(), "0.500000000");
        assert!(serde_json::from_str::<Share>("\"1.000000001\"").is_err());
        assert!(serde_json::from_str::<Share>("\"0.5\"").is_err());
    }
}
