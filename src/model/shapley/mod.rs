//! Shapley values: what each label adds to the sets of labels that it joins, on average over all orders of joining.

mod caller;
mod sets;

use std::collections::BTreeMap;

pub use caller::{EXACT_LABELS, Sampled, exact, sampled};

use crate::choice::choice;
use crate::error::Result;
use crate::journey::Dimension;
use crate::model::allocation::{Allocation, Negative};
use crate::model::alphabet::Step;
use crate::model::attribution::{Attribution, PerLabel, shares};
use crate::model::exact::Exact;
use crate::model::shapley::sets::{BySize, Places};
use crate::model::table::{Ends, PathTable};
use crate::reason::NoShareReason;
use crate::text::Label;

choice! {
    /// What a set of labels is worth: the value function v of the game, without which no Shapley value means anything.
    Game:
    /// The conversions of journeys all of whose labels are in the set. Its Shapley value is an equal split over the
    /// distinct labels of each journey (Zhao et al. 2018, "simplified"; mta): it sums to all conversions, is never
    /// negative, and equals `linear_unique`.
    #[default]
    OnSubsets "on_subsets";
    /// The conversions of journeys whose labels are exactly the set (do-attribution). It sums to the conversions of
    /// journeys that have every label, and may be negative.
    OnExactly "on_exactly";
    /// The conversion rate of journeys whose labels are exactly the set, 0 where there are none; for value, the value
    /// of such a journey. It sums to the rate of journeys that have every label, and may be negative.
    Rate "rate";
}

/// Shapley values of a table of paths under a named game, exact for any number of labels.
///
/// All three games have closed forms over the sets that were observed. For games of the caller's own see
/// [`shapley_exact`](crate::shapley_exact) and [`shapley_sampled`](crate::shapley_sampled).
///
/// ```
/// use clinch::{Game, Outcome, PathTable, Shapley};
///
/// let mut table = PathTable::new();
/// for (path, conversions, nulls) in
///     [(vec!["A"], 4.0, 6.0), (vec!["B"], 2.0, 8.0), (vec!["A", "B"], 6.0, 4.0), (vec!["A", "B", "C"], 3.0, 1.0)]
/// {
///     table.add(path, Outcome { conversions, value: 0.0, nulls })?;
/// }
/// let values = |game| -> Vec<f64> {
///     Shapley::fit(&table, game).values().iter().map(|row| row.conversions.unwrap().round()).collect()
/// };
/// assert_eq!(values(Game::OnSubsets), [8.0, 6.0, 1.0]);
/// assert_eq!(values(Game::OnExactly), [3.0, 2.0, -2.0]);
/// # Ok::<(), clinch::Error>(())
/// ```
///
/// Sources: Shapley (1953); Zhao, Mahboobi and Bagheri, arXiv 1804.05327.
#[derive(Clone, Debug, PartialEq)]
pub struct Shapley {
    name: String,
    game: Game,
    values: Vec<PerLabel>,
    attribution: Attribution,
}

impl Shapley {
    /// Fits the values. Labels that no journey converted with count as players too.
    pub fn fit(table: &PathTable, game: Game) -> Self {
        let sums = BySize::of(table);
        let values = match game {
            Game::OnSubsets => sums.on_subsets(),
            Game::OnExactly => sums.on_exactly(),
            Game::Rate => sets::rate(table),
        };
        let rows = sums.labels.iter().zip(&values);
        let rows =
            rows.map(|(step, [conversions, value])| PerLabel::new(step, Some(*conversions), Some(*value)));
        let name = match game {
            Game::OnSubsets => "shapley".to_owned(),
            _ => format!("shapley:{game}"),
        };
        let attribution = attribution(&name, &sums, &values, table);
        Self { values: rows.collect(), name, game, attribution }
    }

    /// Its name: `shapley`, or `shapley:on_exactly`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The game.
    pub fn game(&self) -> Game {
        self.game
    }

    /// The Shapley value of each label in text order, in the game's own unit: as it is, also below zero.
    pub fn values(&self) -> &[PerLabel] {
        &self.values
    }

    /// What each label is credited of all conversions and of all value: its Shapley value over the sum of all. None,
    /// with a reason, where that is no share between 0 and 1.
    pub fn attribution(&self) -> &Attribution {
        &self.attribution
    }

    /// The per-conversion allocation by values of conversions: see [`Allocation`].
    ///
    /// # Errors
    /// `NotAllocatable` if one is negative and `negative` refuses that.
    pub fn allocation(&self, dimension: Dimension, negative: Negative) -> Result<Allocation> {
        Allocation::new(&self.name, &self.values, dimension, negative)
    }
}

fn attribution(name: &str, sums: &BySize, values: &[[f64; 2]], table: &PathTable) -> Attribution {
    let column = |which: usize, whole: Exact, none: NoShareReason| {
        let effects: Vec<f64> = values.iter().map(|values| values[which]).collect();
        let nothing = effects.iter().all(|effect| *effect == 0.0);
        let shares = if whole.is_zero() { Err(none) } else { shares(&effects) };
        match shares {
            Ok(shares) => (shares.iter().map(|share| Some(share * whole.to_f64())).collect(), None),
            Err(reason) => (vec![(whole.is_zero() && nothing).then_some(0.0); effects.len()], Some(reason)),
        }
    };
    let (conversions, no_conversions) = column(0, sums.total.conversions, NoShareReason::NoConversions);
    let (value, no_value) = column(1, sums.total.value, NoShareReason::NoValue);
    let rows = sums.labels.iter().zip(conversions).zip(value);
    let labels = rows.map(|((step, conversions), value)| PerLabel::new(step, conversions, value)).collect();
    let whole = Attribution::whole(name.to_owned(), labels, table.total(), sums.unattributed);
    Attribution { no_conversions, no_value, ..whole }
}

/// What a label is credited at one position of paths.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct AtPosition {
    /// The position in the path, from 1.
    pub position: usize,
    /// Conversions.
    pub conversions: f64,
    /// Value.
    pub value: f64,
}

/// One label of an ordered Shapley value.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct OrderedLabel {
    /// The values of the label.
    pub label: Vec<Label>,
    /// Every position at which it is credited, in order.
    pub positions: Vec<AtPosition>,
}

/// The ordered Shapley value of the game on subsets: how much of each label's value it earns at which position of the
/// path.
///
/// Each converting journey gives its distinct labels the same, and a label that stands at several positions divides its
/// part evenly over these. So the positions of a label sum to its Shapley value. Only conversions count. Source: Zhao,
/// Mahboobi and Bagheri, arXiv 1804.05327, "ordered".
///
/// ```
/// use clinch::{Outcome, PathTable, shapley_ordered};
///
/// let mut table = PathTable::new();
/// table.add(["a", "b", "a"], Outcome { conversions: 4.0, value: 8.0, nulls: 1.0 })?;
/// let rows = shapley_ordered(&table);
/// let a: Vec<(usize, f64)> = rows[0].positions.iter().map(|at| (at.position, at.conversions)).collect();
/// assert_eq!(a, [(1, 1.0), (3, 1.0)]);
/// # Ok::<(), clinch::Error>(())
/// ```
pub fn ordered(table: &PathTable) -> Vec<OrderedLabel> {
    let Places { labels, sums } = Places::of(table);
    let mut rows: Vec<OrderedLabel> = labels
        .iter()
        .map(|step: &Step| OrderedLabel { label: step.to_vec(), positions: Vec::new() })
        .collect();
    let mut together: BTreeMap<(u32, usize), [f64; 2]> = BTreeMap::new();
    for ((label, position, parts), Ends { conversions, value, .. }) in sums {
        let held = together.entry((label, position)).or_default();
        let part = |whole: Exact| whole.to_f64() / parts as f64;
        *held = [held[0] + part(conversions), held[1] + part(value)];
    }
    for ((label, position), [conversions, value]) in together {
        rows[label as usize].positions.push(AtPosition { position: position + 1, conversions, value });
    }
    rows
}
