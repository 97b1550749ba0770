//! What a fitted model says of every label.

use std::fmt;

use serde::Serialize;

use crate::model::alphabet::{Step, printed};
use crate::model::exact::Exact;
use crate::model::table::{Ends, Outcome};
use crate::reason::NoShareReason;
use crate::text::Label;

/// Two numbers of one label: of conversions, and of value.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PerLabel {
    /// The values of the label: one, where paths are text; several or none, where touchpoints of a journey have
    /// several or none in the dimension.
    pub label: Vec<Label>,
    /// Of conversions; none where a reason says why.
    pub conversions: Option<f64>,
    /// Of value; none where a reason says why.
    pub value: Option<f64>,
}

impl PerLabel {
    pub(crate) fn new(step: &Step, conversions: Option<f64>, value: Option<f64>) -> Self {
        Self { label: step.to_vec(), conversions, value }
    }

    /// The label as it is printed: its value; `none`; or several values with ` + ` between them.
    pub fn name(&self) -> String {
        printed(&self.label)
    }
}

/// What a fitted model credits to each label, of all journeys together.
///
/// This is the aggregate share: it says how conversions and value divide over labels as a whole, and cannot be traced
/// to single conversions. For that a fitted model has a per-conversion allocation, under another name.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Attribution {
    /// The model's name.
    pub model: String,
    /// One for each label, in text order.
    pub labels: Vec<PerLabel>,
    /// All journeys.
    pub total: Outcome,
    /// Conversions of paths without a label with their value, and value without a conversion: credited to nothing.
    pub unattributed: Outcome,
    /// Why no conversions are shared out, if that is so.
    pub no_conversions: Option<NoShareReason>,
    /// Why no value is shared out, if that is so.
    pub no_value: Option<NoShareReason>,
}

impl Attribution {
    /// One in which nothing is missing.
    pub(crate) fn whole(model: String, labels: Vec<PerLabel>, total: Outcome, unattributed: Ends) -> Self {
        let unattributed = Ends { nulls: Exact::ZERO, ..unattributed }.outcome();
        Self { model, labels, total, unattributed, no_conversions: None, no_value: None }
    }

    /// The row of a label of one value, if paths name it.
    pub fn get(&self, label: &str) -> Option<&PerLabel> {
        self.labels.iter().find(|row| matches!(&row.label[..], [only] if only.as_str() == label))
    }
}

/// One line for each label, tab between numbers.
impl fmt::Display for Attribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.model)?;
        for row in &self.labels {
            let number = |number: Option<f64>| number.map_or("-".to_owned(), |number| number.to_string());
            let name = crate::text::printed(&row.name()).into_owned();
            writeln!(f, "{name}\t{}\t{}", number(row.conversions), number(row.value))?;
        }
        Ok(())
    }
}

/// A sum of effects beside their magnitude below which they count as cancelling.
const CANCELLED: f64 = 1e-12;

/// Effects as parts of their sum, or why there are none.
pub(crate) fn shares(effects: &[f64]) -> Result<Vec<f64>, NoShareReason> {
    let (sum, magnitude) =
        effects.iter().fold((0.0, 0.0), |(sum, all), effect| (sum + effect, all + effect.abs()));
    let shares = || effects.iter().map(|effect| effect / sum).collect::<Vec<f64>>();
    match () {
        () if magnitude == 0.0 => Err(NoShareReason::ZeroEffects),
        () if sum.abs() <= CANCELLED * magnitude => Err(NoShareReason::NearCancellation),
        () if effects.iter().any(|effect| effect / sum < -CANCELLED) => Err(NoShareReason::NegativeEffect),
        () => Ok(shares()),
    }
}
