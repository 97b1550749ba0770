//! Markov removal effects, solved exactly: what would be lost without a label.

mod chain;
mod choice;
mod counts;
mod dense;
mod form;
mod sparse;
mod thin;

pub use choice::{OrderChoice, OrderEvidence, choose_order};
pub use counts::MarkovCounts;

use std::fmt;

use serde::Serialize;

use crate::choice::choice;
use crate::model::alphabet::printed;
use crate::model::attribution::{Attribution, PerLabel, shares};
use crate::model::exact::Exact;
use crate::model::markov::chain::Chain;
use crate::model::markov::counts::{Ordered, Presence};
use crate::model::table::Ends;
use crate::reason::NoShareReason;
use crate::text::Label;

choice! {
    /// What becomes of journeys when a label is removed.
    Removal:
    /// Whoever comes to the label is lost; what was learned of all other steps stays. The removal effect of Anderl et
    /// al. (2016) and of ChannelAttribution.
    #[default]
    RedirectToNull "redirect_to_null";
    /// Every journey that has the label fails. As a chain reproduces the observed conversions, the effect is the part
    /// of conversions that have the label at all: **participation**, whatever the order.
    Fail "fail";
    /// Journeys go on without the label and end as they did; those that have no other label are left out. The effect
    /// is how far the conversion rate falls, and is below zero where it rises.
    Detour "detour";
}

/// A fitted Markov model: how conversions and value hang on every label.
///
/// The chain is that of [`MarkovCounts`]; its conversion probability is the observed rate of journeys with a label,
/// at every order. The removal effect of label c is 1 - P(conversion without c) / P(conversion), and that of value the
/// same with the expected value of a journey in place of the probability. Effects do not sum to one: what is credited is
/// effect / sum of effects, of all conversions and of all value.
///
/// * Paths without nulls are no special case: P(conversion) is 1 then.
/// * A label that no converting journey has is credited 0. A single label gets everything.
/// * The higher the order, the nearer are effects to participation, at which they arrive when no path is longer than
///   the order: a higher order is not more accurate for it. [`choose_order`](super::choose_order) shows evidence.
/// * Effects are solved for by linear algebra, to about 10^-12 of the whole; nothing is drawn at random.
///
/// Sources: Anderl, Becker, von Wangenheim and Schumann, International Journal of Research in Marketing 33 (2016)
/// 457-474; states as in ChannelAttribution.
///
/// ```
/// use clinch::{MarkovCounts, Outcome, PathTable, Removal};
///
/// let mut table = PathTable::new();
/// table.add(["GA"], Outcome { conversions: 2.0, nulls: 1.0, value: 0.0 })?;
/// table.add(["mailing"], Outcome { conversions: 1.0, ..Outcome::default() })?;
/// table.add(["GA", "mailing"], Outcome { conversions: 1.0, ..Outcome::default() })?;
///
/// let markov = MarkovCounts::of(&table, 1)?.fit(Removal::RedirectToNull);
/// let number = |number: Option<f64>| format!("{:.3}", number.unwrap());
/// assert_eq!(number(markov.conversion_probability()), "0.800");
/// let effects: Vec<String> = markov.removal_effects().iter().map(|effect| number(effect.conversions)).collect();
/// assert_eq!(effects, ["0.750", "0.500"]);
/// let attribution = markov.attribution();
/// assert_eq!(number(attribution.get("GA").unwrap().conversions), "2.400");
/// assert_eq!(number(attribution.get("mailing").unwrap().conversions), "1.600");
/// # Ok::<(), clinch::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Markov {
    name: String,
    order: usize,
    removal: Removal,
    probability: Option<f64>,
    value: Option<f64>,
    effects: Vec<PerLabel>,
    attribution: Attribution,
    counts: Ordered,
}

/// A step of a fitted chain.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Transition {
    /// From where.
    pub from: Place,
    /// To where.
    pub to: Place,
    /// How probable it is for a journey that is at `from`. All steps from one place sum to 1.
    pub probability: f64,
}

/// A place in a fitted chain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Place {
    /// Before the first label.
    Start,
    /// The last labels, oldest first, each with its values.
    State(Vec<Vec<Label>>),
    /// The journey has converted.
    Conversion,
    /// The journey has ended without.
    Null,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.pad("(start)"),
            Self::State(labels) => {
                f.pad(&labels.iter().map(|label| printed(label)).collect::<Vec<_>>().join(" > "))
            }
            Self::Conversion => f.pad("(conversion)"),
            Self::Null => f.pad("(null)"),
        }
    }
}

impl fmt::Debug for Markov {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Markov({}, {} states)", self.name, self.counts.states.len())
    }
}

impl Markov {
    /// Its name: `markov:2`, or `markov:2:fail` for another removal than the default.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many labels a state remembers.
    pub fn order(&self) -> usize {
        self.order
    }

    /// What becomes of journeys when a label is removed.
    pub fn removal(&self) -> Removal {
        self.removal
    }

    /// The chance of a journey with a label to convert: that observed. None if there is no such journey.
    pub fn conversion_probability(&self) -> Option<f64> {
        self.probability
    }

    /// The value of a journey with a label: that observed. None if there is no such journey.
    pub fn value_per_journey(&self) -> Option<f64> {
        self.value
    }

    /// The removal effect of each label, in text order: on conversions, and on value.
    pub fn removal_effects(&self) -> &[PerLabel] {
        &self.effects
    }

    /// What each label is credited of all conversions and of all value.
    pub fn attribution(&self) -> &Attribution {
        &self.attribution
    }

    /// The transition matrix: every step that some journey took, from the start first, then by state in text order.
    pub fn transitions(&self) -> impl Iterator<Item = Transition> {
        self.counts.transitions()
    }
}

/// Effects on one measure, or why there are none.
type Effects = Result<Vec<f64>, NoShareReason>;

impl MarkovCounts {
    /// Fits the model.
    ///
    /// What cannot be said is left out with a reason: there is always a model, also of no journeys.
    pub fn fit(&self, removal: Removal) -> Markov {
        let counts = self.ordered();
        let rate = |sum: Exact| {
            let journeys = self.total.journeys();
            (!journeys.is_zero()).then(|| sum.to_f64() / journeys.to_f64())
        };
        let [conversions, value] = self.effects(&counts, removal);
        let at = |effects: &Effects, label: usize| effects.as_ref().ok().map(|effects| effects[label]);
        let effects = counts
            .labels
            .iter()
            .enumerate()
            .map(|(label, step)| PerLabel::new(step, at(&conversions, label), at(&value, label)));
        let order = self.order();
        let name = match removal {
            Removal::RedirectToNull => format!("markov:{order}"),
            _ => format!("markov:{order}:{removal}"),
        };
        Markov {
            attribution: self.attribution(name.clone(), &counts, [&conversions, &value]),
            effects: effects.collect(),
            name,
            order,
            removal,
            probability: rate(self.total.conversions),
            value: rate(self.total.value),
            counts,
        }
    }

    /// On conversions and on value.
    fn effects(&self, counts: &Ordered, removal: Removal) -> [Effects; 2] {
        let Ends { conversions, value, .. } = self.total;
        let journeys = self.total.journeys();
        let lost = match removal {
            Removal::RedirectToNull if !conversions.is_zero() => {
                Chain::new(counts, self.order(), journeys).losses()
            }
            _ => None,
        };
        let effects = |which: usize, whole: Exact, none: NoShareReason, pick: fn(Ends) -> Exact| -> Effects {
            if whole.is_zero() {
                return Err(none);
            }
            let parts = |loss: &f64| loss * journeys.to_f64() / whole.to_f64();
            let part = |presence: &Presence| pick(presence.with).to_f64() / whole.to_f64();
            let detoured = |presence: &Presence| self.detoured(presence, whole, pick);
            match removal {
                Removal::RedirectToNull => {
                    let lost = lost.as_ref().ok_or(NoShareReason::NotSolved)?;
                    Ok(lost[which].iter().map(parts).collect())
                }
                Removal::Fail => Ok(counts.presence.iter().map(part).collect()),
                Removal::Detour => Ok(counts.presence.iter().map(detoured).collect()),
            }
        };
        [
            effects(0, conversions, NoShareReason::NoConversions, |ends| ends.conversions),
            effects(1, value, NoShareReason::NoValue, |ends| ends.value),
        ]
    }

    /// One minus the rate of journeys that have another label over the rate of all; 1 if there are none.
    fn detoured(&self, presence: &Presence, whole: Exact, pick: fn(Ends) -> Exact) -> f64 {
        let (journeys, alone) = (self.total.journeys().to_f64(), presence.alone.journeys().to_f64());
        let (whole, gone) = (whole.to_f64(), pick(presence.alone).to_f64());
        if alone == journeys {
            return 1.0;
        }
        // gone / whole - alone / journeys, over the part of journeys that is left: what rounding leaves is no effect.
        let (lost, left_out) = (gone * journeys, alone * whole);
        let differs = (lost - left_out).abs() > 4.0 * f64::EPSILON * lost.abs().max(left_out.abs());
        if differs { (lost - left_out) / (whole * (journeys - alone)) } else { 0.0 }
    }

    fn attribution(&self, model: String, counts: &Ordered, effects: [&Effects; 2]) -> Attribution {
        let credited = |effects: &Effects, whole: Exact, pick: fn(Ends) -> Exact| {
            let shares = effects.as_ref().map_err(|reason| *reason).and_then(|effects| shares(effects));
            match shares {
                Ok(shares) => (shares.iter().map(|share| Some(share * whole.to_f64())).collect(), None),
                // Where there is nothing at all, everybody's part of it is known.
                Err(reason) => {
                    let nothing = counts.presence.iter().all(|presence| pick(presence.with).is_zero());
                    let part = (whole.is_zero() && nothing).then_some(0.0);
                    (vec![part; counts.labels.len()], Some(reason))
                }
            }
        };
        let (conversions, no_conversions) =
            credited(effects[0], self.total.conversions, |ends| ends.conversions);
        let (value, no_value) = credited(effects[1], self.total.value, |ends| ends.value);
        let rows = counts.labels.iter().zip(conversions).zip(value);
        Attribution {
            model,
            labels: rows
                .map(|((step, conversions), value)| PerLabel::new(step, conversions, value))
                .collect(),
            total: self.total(),
            unattributed: Ends { nulls: Exact::ZERO, ..self.unattributed }.outcome(),
            no_conversions,
            no_value,
        }
    }
}

impl Ordered {
    /// Every step that some journey took, in order of where it leads from and to.
    fn transitions(&self) -> impl Iterator<Item = Transition> {
        let sum = |numbers: &mut dyn Iterator<Item = Exact>| numbers.fold(Exact::ZERO, |a, b| a + b).to_f64();
        let journeys = sum(&mut self.states.iter().map(|(_, first, _)| *first));
        let step = |from: Place, to: Place, part: Exact, whole: f64| {
            let probability = part.to_f64() / whole;
            (!part.is_zero()).then_some(Transition { from, to, probability })
        };
        let place = |state: usize| {
            let labels = self.states[state].0.iter();
            Place::State(labels.map(|label| self.labels[*label as usize].to_vec()).collect())
        };
        let firsts = self.states.iter().enumerate();
        let firsts = firsts
            .filter_map(move |(state, (_, first, _))| step(Place::Start, place(state), *first, journeys));
        let others = self.states.iter().enumerate().flat_map(move |(state, (_, _, ends))| {
            let from = self.arcs.partition_point(|(from, ..)| (*from as usize) < state);
            let to = self.arcs.partition_point(|(from, ..)| *from as usize <= state);
            let arcs = &self.arcs[from..to];
            let whole = sum(&mut arcs.iter().map(|(_, _, journeys)| *journeys).chain([ends.journeys()]));
            let conversion = step(place(state), Place::Conversion, ends.conversions, whole);
            let null = step(place(state), Place::Null, ends.nulls, whole);
            let steps = arcs.iter().filter_map(move |(_, to, journeys)| {
                step(place(state), place(*to as usize), *journeys, whole)
            });
            steps.chain(conversion).chain(null)
        });
        firsts.chain(others)
    }
}
