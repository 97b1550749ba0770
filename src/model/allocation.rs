//! A fitted model over single conversions.

use crate::choice::choice;
use crate::error::{ErrorKind, Result};
use crate::journey::{Dimension, Path, Touchpoint};
use crate::model::alphabet::{Alphabet, Step};
use crate::model::attribution::{Attribution, PerLabel};
use crate::model::markov::Markov;
use crate::model::rows::multiplicities;
use crate::model::table::PathTable;
use crate::model::{Model, Weights};

choice! {
    /// What an allocation makes of labels below zero.
    Negative:
    /// There is no allocation.
    #[default]
    Refuse "refuse";
    /// They weigh nothing.
    AsZero "as_zero";
}

/// A fitted model over single conversions: each distinct label of a path weighs what the model says of it, split
/// evenly over the touchpoints of the label.
///
/// This is the second output of a fitted model, and another quantity than its aggregate share
/// ([`Attribution`]): it can be traced to orders and sums per order, but its sums per label are not the aggregate
/// share, since a label that stands alone in a path gets all of it. Its name ends in `:allocated`.
///
/// A path of one touchpoint gives it the whole. Labels that the model was not fitted to, or that it gives nothing,
/// weigh nothing; a path of such labels alone is declined, which leaves its value unattributed.
#[derive(Clone, Debug)]
pub struct Allocation {
    name: String,
    dimension: Dimension,
    labels: Alphabet,
    /// By the number of the label.
    weights: Vec<f64>,
}

/// The number of a label that the model was not fitted to.
const UNKNOWN: u32 = u32::MAX;

impl Markov {
    /// The per-conversion allocation by removal effects on conversions, for paths by `dimension`: that which the
    /// model was fitted to.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use clinch::{
    ///     Conversion, Dimension, MarkovCounts, Money, Negative, Outcome, Path, Removal, TouchKind, Touchpoint, credit,
    /// };
    ///
    /// let mut counts = MarkovCounts::new(1)?;
    /// counts.add(["GA"], Outcome { conversions: 2.0, nulls: 1.0, value: 0.0 })?;
    /// counts.add(["mailing"], Outcome { conversions: 1.0, ..Outcome::default() })?;
    /// counts.add(["GA", "mailing"], Outcome { conversions: 1.0, ..Outcome::default() })?;
    /// let model = counts.fit(Removal::default()).allocation(Dimension::Channel, Negative::Refuse)?;
    ///
    /// let at: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    /// let touchpoints = ["GA", "mailing"]
    ///     .map(|channel| Touchpoint::new(channel, at, TouchKind::Visit).label(Dimension::Channel, channel));
    /// let order = Conversion::order("1", at, Money::parse("10.00", "EUR".parse()?)?);
    /// let credits = credit(&model, &Path::new(&order, &touchpoints, Dimension::Channel))?;
    /// let values: Vec<String> = credits.credits.iter().map(|credit| credit.value.unwrap().amount()).collect();
    /// assert_eq!(values, ["6.00", "4.00"]); // removal effects 0.75 and 0.5
    /// # Ok::<(), clinch::Error>(())
    /// ```
    ///
    /// # Errors
    /// `NotAllocatable` if there are no removal effects, or one is negative and `negative` refuses that.
    pub fn allocation(&self, dimension: Dimension, negative: Negative) -> Result<Allocation> {
        Allocation::new(self.name(), self.removal_effects(), dimension, negative)
    }
}

impl Allocation {
    pub(super) fn new(
        model: &str,
        rows: &[PerLabel],
        dimension: Dimension,
        negative: Negative,
    ) -> Result<Self> {
        let refuse = |problem| ErrorKind::NotAllocatable { model: model.to_owned(), problem };
        let (mut labels, mut weights) = (Alphabet::default(), Vec::with_capacity(rows.len()));
        for row in rows {
            let weight =
                row.conversions.ok_or_else(|| refuse("it gives no label a number of conversions"))?;
            if weight < 0.0 && negative == Negative::Refuse {
                return Err(refuse("a label is negative, so choose what to make of these").into());
            }
            labels.number(&row.label);
            weights.push(weight.max(0.0));
        }
        Ok(Self { name: format!("{model}:allocated"), dimension, labels, weights })
    }

    fn weight(&self, step: &Step) -> f64 {
        self.labels.find(step).map_or(0.0, |number| self.weights[number as usize])
    }

    /// What each label gets if every conversion of a table is allocated on its own, with the value of its path.
    pub fn attribution(&self, table: &PathTable) -> Attribution {
        let paths = table.canonical();
        let weights: Vec<f64> = paths.labels.iter().map(|step| self.weight(step)).collect();
        table.credit(self.name.clone(), &paths, |path, shares| {
            let counts = multiplicities(path);
            shares.extend(
                path.iter().zip(counts).map(|(label, count)| weights[*label as usize] / f64::from(count)),
            );
        })
    }
}

impl Model for Allocation {
    fn name(&self) -> &str {
        &self.name
    }

    fn weigh(&self, path: &Path<'_>, weights: &mut Weights) -> Result<()> {
        let number = |touchpoint: &Touchpoint| self.labels.find(&touchpoint.values(self.dimension));
        let numbers: Vec<u32> =
            path.touchpoints().map(|touchpoint| number(touchpoint).unwrap_or(UNKNOWN)).collect();
        let weight = |(number, count): (&u32, u32)| {
            self.weights.get(*number as usize).map_or(0.0, |weight| weight / f64::from(count))
        };
        weights.extend(numbers.iter().zip(multiplicities(&numbers)).map(weight));
        if weights.as_slice().iter().all(|weight| *weight == 0.0) {
            weights.decline();
        }
        Ok(())
    }
}
