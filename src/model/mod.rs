//! Models: each says how much every touchpoint of a path weighs. Making money of weights is not their job.
//!
//! # Which model should I use?
//!
//! | model | name | it asks | formula, touchpoints 1..n oldest first |
//! |---|---|---|---|
//! | first touch | `first_touch` | what began it? | w₁ = 1 |
//! | last touch | `last_touch` | what closed it? | wₙ = 1 |
//! | last non-direct | `last_non_direct` | what closed it, typed addresses aside? | 1 for the last that is no direct visit; all direct: the last |
//! | linear | `linear` | who was there? | 1/n each |
//! | linear per label | `linear_unique` | which labels were there, however often? | 1/U per distinct label, split evenly over its touchpoints |
//! | position-based | `position_based`, `position_based:30/40/30` | what began it and what closed it? | a, m/(n-2) each, b; n = 2: a/(a+b), b/(a+b) |
//! | J-shaped, inverse J | `j_shaped`, `inverse_j` | the same, with one end stronger | 20/20/60 and 60/20/20 |
//! | time decay | `time_decay:7d` | what was still fresh? | 2^(-age/half-life) |
//! | participation | `participation` | which orders had it at all? | full value to each distinct label; does not sum to one |
//! | Markov | `markov:1:allocated` | without which labels would most be lost? | a label's removal effect, over those of the path |
//! | Shapley | `shapley:allocated` | what do labels add to each other? | a label's Shapley value, over those of the path |
//! | custom | its own | yours | [`custom`] or any [`Model`] |
//!
//! Every model gives a path of one touchpoint the whole, and is never asked about a path of none: that value is
//! unattributed. Where a label stands in several touchpoints, reports add up what each of these got.
//!
//! Fitted models learn from a [`PathTable`] of all journeys, with and without a conversion. Each has two outputs under
//! two names: the aggregate share ([`Markov::attribution`], `markov:1`), which says how conversions divide over labels as
//! a whole, and the allocation over single conversions ([`Markov::allocation`], `markov:1:allocated`), which is a [`Model`].
//!
//! A model that declines a path ([`Weights::decline`]) leaves its value unattributed. Negative, infinite or
//! not-a-number weights, none at all, all zero, or another number than there are touchpoints are errors that name
//! the model; no report comes out then, so no model can break a sum.

mod allocation;
mod alphabet;
mod attribution;
mod builtin;
mod decay;
mod exact;
mod journeys;
mod log;
mod markov;
mod name;
mod rows;
mod shapley;
mod table;

use std::fmt;
use std::sync::Arc;

pub use allocation::{Allocation, Negative};
pub use attribution::{Attribution, PerLabel};
pub(crate) use builtin::Steps;
pub use builtin::{BuiltIn, Participation, PositionBased, TimeDecay};
pub(crate) use decay::{Factor, HalfLife};
pub use journeys::PathsBy;
pub use markov::{
    Markov, MarkovCounts, OrderChoice, OrderEvidence, Place, Removal, Transition, choose_order,
};
pub use name::{Chosen, Named};
pub use shapley::{
    AtPosition, EXACT_LABELS, Game, OrderedLabel, Sampled, Shapley, exact as shapley_exact,
    ordered as shapley_ordered, sampled as shapley_sampled,
};
pub use table::{Outcome, PathTable};

use crate::error::Result;
use crate::journey::Path;

/// Says how much each touchpoint of a path weighs. Crediting is not its job.
///
/// ```
/// use clinch::{Model, Path, Result, Weights};
///
/// /// Turns weigh twice as much as visits.
/// struct TurnsFirst;
///
/// impl Model for TurnsFirst {
///     fn name(&self) -> &str {
///         "turns_first"
///     }
///
///     fn weigh(&self, path: &Path<'_>, weights: &mut Weights) -> Result<()> {
///         weights.extend(path.touchpoints().map(|touchpoint| if touchpoint.is_bot() { 2.0 } else { 1.0 }));
///         Ok(())
///     }
/// }
/// ```
pub trait Model: Send + Sync {
    /// Stable name for reports, in lower snake case.
    fn name(&self) -> &str;

    /// One finite weight >= 0 per touchpoint of `path`, in order. `path` is never empty, `weights` comes empty.
    ///
    /// # Errors
    /// Whatever the model cannot do; the whole answer fails then, and nothing has changed.
    fn weigh(&self, path: &Path<'_>, weights: &mut Weights) -> Result<()>;
}

const _: fn(&dyn Model) = |_| {}; // stays object safe

/// Forwards the trait through a pointer.
macro_rules! forward {
    ($($pointer:ty),*) => {
        $(impl<M: Model + ?Sized> Model for $pointer {
            fn name(&self) -> &str {
                (**self).name()
            }

            fn weigh(&self, path: &Path<'_>, weights: &mut Weights) -> Result<()> {
                (**self).weigh(path, weights)
            }
        })*
    };
}

forward!(&M, Box<M>, Arc<M>);

/// Where a model puts its weights.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    pub(crate) values: Vec<f64>,
    pub(crate) declined: bool,
}

impl Weights {
    /// Adds the weight of the next touchpoint.
    pub fn push(&mut self, weight: f64) {
        self.values.push(weight);
    }

    /// Leaves the conversion unattributed, whatever has been pushed.
    pub fn decline(&mut self) {
        self.declined = true;
    }

    /// The weights so far.
    pub fn as_slice(&self) -> &[f64] {
        &self.values
    }

    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.declined = false;
    }

    /// All zeros but for one.
    pub(crate) fn single(&mut self, place: usize, of: usize) {
        self.extend((0..of).map(|other| if other == place { 1.0 } else { 0.0 }));
    }
}

impl Extend<f64> for Weights {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, weights: I) {
        self.values.extend(weights);
    }
}

/// A model of a closure: its name, and a function from a path to one weight per touchpoint.
///
/// ```
/// let newest_twice = clinch::model::custom("newest_twice", |path, weights| {
///     let last = path.len() - 1;
///     weights.extend((0..path.len()).map(|place| if place == last { 2.0 } else { 1.0 }));
///     Ok(())
/// });
///
/// let mut question = clinch::Question::new("2026-04-01T00:00:00Z".parse().unwrap());
/// question.models = vec!["linear".parse()?, newest_twice.into()];
/// # Ok::<(), clinch::Error>(())
/// ```
pub fn custom<F>(name: impl Into<String>, weigh: F) -> Custom<F>
where
    F: Fn(&Path<'_>, &mut Weights) -> Result<()> + Send + Sync,
{
    Custom { name: name.into(), weigh }
}

/// See [`custom`].
#[derive(Clone)]
pub struct Custom<F> {
    name: String,
    weigh: F,
}

impl<F> Model for Custom<F>
where
    F: Fn(&Path<'_>, &mut Weights) -> Result<()> + Send + Sync,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn weigh(&self, path: &Path<'_>, weights: &mut Weights) -> Result<()> {
        (self.weigh)(path, weights)
    }
}

impl<F> fmt::Debug for Custom<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Custom({:?})", self.name)
    }
}
