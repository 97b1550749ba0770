//! What a Markov chain is fitted from: how often each state followed each.

use std::fmt;

use smallvec::SmallVec;

use crate::error::{ErrorKind, Result};
use crate::fact::{Index, Mix};
use crate::model::alphabet::{Alphabet, Step};
use crate::model::exact::Exact;
use crate::model::table::{Ends, Outcome, PathTable};

/// The last labels of a journey so far, as many as the order or, before there are so many, all: four numbers of 32
/// bits each, the newest lowest.
type Window = u128;

/// The window of a journey that has not begun.
const EMPTY: Window = Window::MAX;

/// Where there is no number.
const NOWHERE: u32 = u32::MAX;

/// A state: what ended in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    pub(crate) window: Window,
    /// Journeys whose first window it is.
    pub(crate) first: Exact,
    pub(crate) ends: Ends,
}

/// How many journeys went from one state to another, once for each time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arc {
    pub(crate) from: u32,
    pub(crate) to: u32,
    /// The label that leads there.
    label: u32,
    pub(crate) journeys: Exact,
}

/// Journeys in which a label stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Presence {
    /// At least once.
    pub(crate) with: Ends,
    /// With no other label.
    pub(crate) alone: Ends,
}

/// Counts of a Markov chain of order 1 to 4: a mergeable accumulator from which [`Markov`](super::Markov) is fitted.
///
/// A state is the last `order` labels of a journey, or all where a whole journey has fewer; the first window follows
/// the start, and a state that equals the one before it is skipped (only a label that repeats through a whole window
/// does that). These are the states of ChannelAttribution. Removal effects are the same whether repeats are skipped or
/// not, and whether the first labels make states of their own or not.
///
/// Counts of parts add up to the counts of the whole, so shards and engines count where the journeys are. The
/// serialised form is the same for any order and split of the same journeys: labels in text order, states by label,
/// steps by state, amounts as decimal text.
///
/// ```
/// use clinch::{MarkovCounts, Outcome, Removal};
///
/// let once = Outcome { conversions: 1.0, ..Outcome::default() };
/// let lost = Outcome { nulls: 1.0, ..Outcome::default() };
/// let (mut counts, mut other) = (MarkovCounts::new(1)?, MarkovCounts::new(1)?);
/// counts.add(["C1", "C2", "C3"], once)?;
/// other.add(["C1"], lost)?;
/// other.add(["C2", "C3"], lost)?;
/// counts.merge(&other)?;
/// let effects = counts.fit(Removal::default()).removal_effects().to_vec();
/// assert_eq!(effects.iter().map(|effect| effect.conversions).collect::<Vec<_>>(), [Some(0.5), Some(1.0), Some(1.0)]);
/// # Ok::<(), clinch::Error>(())
/// ```
#[derive(Clone)]
pub struct MarkovCounts {
    order: usize,
    pub(super) alphabet: Alphabet,
    pub(super) states: Vec<State>,
    state_index: Index,
    pub(super) arcs: Vec<Arc>,
    arc_index: Index,
    pub(super) presence: Vec<Presence>,
    /// For each label the number of the last row that it was counted in.
    seen: Vec<u64>,
    row: u64,
    /// Journeys with a label, and value on conversions.
    pub(super) total: Ends,
    /// Conversions without a label, and value without a conversion: credited to nothing.
    pub(super) unattributed: Ends,
    /// A bound on every sum.
    weight: Exact,
}

impl MarkovCounts {
    /// Counts of nothing.
    ///
    /// # Errors
    /// `MarkovOrder` unless `order` is 1, 2, 3 or 4.
    pub fn new(order: usize) -> Result<Self> {
        if !(1..=4).contains(&order) {
            return Err(ErrorKind::MarkovOrder { found: order }.into());
        }
        Ok(Self {
            order,
            alphabet: Alphabet::default(),
            states: Vec::new(),
            state_index: Index::default(),
            arcs: Vec::new(),
            arc_index: Index::default(),
            presence: Vec::new(),
            seen: Vec::new(),
            row: 0,
            total: Ends::default(),
            unattributed: Ends::default(),
            weight: Exact::ZERO,
        })
    }

    /// Counts of all paths of a table.
    ///
    /// # Errors
    /// `MarkovOrder` unless `order` is 1, 2, 3 or 4.
    pub fn of(table: &PathTable, order: usize) -> Result<Self> {
        let mut counts = Self::new(order)?;
        counts.alphabet = table.alphabet().clone();
        counts.make_room();
        for (path, ends) in table.rows().chain([(&[][..], table.unearned())]) {
            counts.count(path, ends)?;
        }
        Ok(counts)
    }

    /// The order: how many labels a state remembers.
    pub fn order(&self) -> usize {
        self.order
    }

    /// Counts journeys of one path, its labels oldest first.
    ///
    /// # Errors
    /// As for [`PathTable::add`]; nothing has changed then.
    pub fn add<I>(&mut self, path: I, outcome: Outcome) -> Result<()>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let ends = Ends::try_from(outcome)?;
        let labels = self.alphabet.len();
        let path: SmallVec<[u32; 16]> =
            path.into_iter().map(|label| self.alphabet.number(&[label.as_ref()])).collect();
        let counted = self.count(&path, ends);
        if counted.is_err() {
            self.alphabet.truncate(labels);
        }
        self.make_room();
        counted
    }

    /// One entry for each label.
    fn make_room(&mut self) {
        self.presence.resize(self.alphabet.len(), Presence::default());
        self.seen.resize(self.alphabet.len(), 0);
    }

    fn count(&mut self, path: &[u32], mut ends: Ends) -> Result<()> {
        let weight = (ends.journeys() + ends.value.abs()).checked_mul(path.len() + 1);
        let weight = weight.and_then(|weight| weight.checked_add(self.weight));
        self.weight = weight.ok_or(ErrorKind::SumTooLarge { what: "counts of a chain" })?;
        self.make_room();
        self.unattributed.value += ends.take_unearned();
        if path.is_empty() {
            self.unattributed.add(ends);
        } else if !ends.is_zero() {
            self.total.add(ends);
            self.note_presence(path, ends);
            self.walk(path, ends);
        }
        Ok(())
    }

    fn note_presence(&mut self, path: &[u32], ends: Ends) {
        self.row += 1;
        let mut distinct = 0;
        for label in path {
            let (seen, presence) = (&mut self.seen[*label as usize], &mut self.presence[*label as usize]);
            if *seen != self.row {
                *seen = self.row;
                presence.with.add(ends);
                distinct += 1;
            }
        }
        if distinct == 1 {
            self.presence[path[0] as usize].alone.add(ends);
        }
    }

    fn walk(&mut self, path: &[u32], ends: Ends) {
        let (first, rest) = path.split_at(path.len().min(self.order));
        let mut state = self.state(window(first));
        let journeys = ends.journeys();
        self.states[state as usize].first += journeys;
        for label in rest {
            let arc = self.arc(state, *label);
            let arc = &mut self.arcs[arc as usize];
            if arc.to != state {
                arc.journeys += journeys;
                state = arc.to;
            }
        }
        self.states[state as usize].ends.add(ends);
    }

    fn state(&mut self, window: Window) -> u32 {
        let mut mix = Mix::new(window as u64);
        std::hash::Hasher::write_u64(&mut mix, (window >> 64) as u64);
        let hash = mix.short();
        let states = &self.states;
        if let Some(state) = self.state_index.find(hash, |state| states[state as usize].window == window) {
            return state;
        }
        let state = self.states.len() as u32;
        self.states.push(State { window, first: Exact::ZERO, ends: Ends::default() });
        self.state_index.insert(hash, state);
        state
    }

    /// The step from a state by a label.
    fn arc(&mut self, from: u32, label: u32) -> u32 {
        let hash = Mix::new(u64::from(from) << 32 | u64::from(label)).short();
        let arcs = &self.arcs;
        let same = |arc: u32| (arcs[arc as usize].from, arcs[arc as usize].label) == (from, label);
        if let Some(arc) = self.arc_index.find(hash, same) {
            return arc;
        }
        let to = self.state(self.shifted(self.states[from as usize].window, label));
        let arc = self.arcs.len() as u32;
        self.arcs.push(Arc { from, to, label, journeys: Exact::ZERO });
        self.arc_index.insert(hash, arc);
        arc
    }

    /// The window after one more label.
    fn shifted(&self, window: Window, label: u32) -> Window {
        let kept = EMPTY << ((32 * self.order) % 128);
        let all = window << 32 | Window::from(label);
        if self.order == 4 { all } else { all | kept }
    }

    /// The labels of a state, oldest first.
    pub(super) fn labels(&self, state: &State) -> SmallVec<[u32; 4]> {
        let numbers = (0..self.order).rev().map(|place| (state.window >> (32 * place)) as u32);
        numbers.filter(|number| *number != NOWHERE).collect()
    }

    /// Adds the counts of other journeys.
    ///
    /// # Errors
    /// `OtherOrder` if these are of another order, `SumTooLarge` if the sums become too large to be exact (10^20);
    /// nothing has changed then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.order != other.order {
            return Err(ErrorKind::OtherOrder { found: other.order, expected: self.order }.into());
        }
        let weight = self.weight.checked_add(other.weight);
        self.weight = weight.ok_or(ErrorKind::SumTooLarge { what: "counts of a chain" })?;
        let numbers = self.alphabet.take_in(&other.alphabet);
        self.make_room();
        for (number, presence) in numbers.iter().zip(&other.presence) {
            let held = &mut self.presence[*number as usize];
            held.with.add(presence.with);
            held.alone.add(presence.alone);
        }
        let renumbered = |state: &State| -> SmallVec<[u32; 4]> {
            other.labels(state).iter().map(|label| numbers[*label as usize]).collect()
        };
        let mut places = Vec::with_capacity(other.states.len());
        for state in &other.states {
            let place = self.state(window(&renumbered(state)));
            self.states[place as usize].first += state.first;
            self.states[place as usize].ends.add(state.ends);
            places.push(place);
        }
        for arc in &other.arcs {
            let place = self.arc(places[arc.from as usize], numbers[arc.label as usize]);
            self.arcs[place as usize].journeys += arc.journeys;
        }
        self.total.add(other.total);
        self.unattributed.add(other.unattributed);
        Ok(())
    }

    /// All journeys that were counted: with a label and without.
    pub fn total(&self) -> Outcome {
        let mut total = self.total;
        total.add(self.unattributed);
        total.outcome()
    }

    /// How many states there are: those that some journey reached.
    pub fn states(&self) -> usize {
        self.states.len()
    }
}

impl fmt::Debug for MarkovCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MarkovCounts(order {}, {} states)", self.order, self.states.len())
    }
}

/// Reading back what was written: each part is checked, so that no reader of counts has to.
impl MarkovCounts {
    pub(super) fn put_label(&mut self, label: &Step, presence: Presence) -> Result<(), String> {
        if !label.is_sorted_by(|a, b| a < b) {
            return Err("the values of a label stand in text order, each once".to_owned());
        }
        let number = self.alphabet.number(label) as usize;
        if number + 1 != self.alphabet.len() || number != self.presence.len() {
            return Err("a label stands twice in the list".to_owned());
        }
        self.make_room();
        self.presence[number] = presence;
        self.weigh(presence.with)?;
        self.weigh(presence.alone)
    }

    pub(super) fn put_state(&mut self, labels: &[u32], first: Exact, ends: Ends) -> Result<(), String> {
        let is_known = |label: &u32| (*label as usize) < self.alphabet.len();
        if labels.is_empty() || labels.len() > self.order || !labels.iter().all(is_known) {
            return Err("a state has one known label or more, and not more than the order".to_owned());
        }
        let number = self.states.len();
        let state = self.state(window(labels)) as usize;
        if state != number || first.is_negative() {
            return Err("a state stands twice in the list, or begins less than no journey".to_owned());
        }
        self.weigh(ends)?;
        self.weigh(Ends { nulls: first, ..Ends::default() })?;
        self.states[state].first = first;
        self.states[state].ends = ends;
        self.total.add(ends);
        Ok(())
    }

    pub(super) fn put_arc(&mut self, from: u32, to: u32, journeys: Exact) -> Result<(), String> {
        let known = self.states.len() as u32;
        if from >= known || to >= known || from == to || journeys <= Exact::ZERO {
            return Err("a step leads some journeys from a known state to another".to_owned());
        }
        let label = self.states[to as usize].window as u32;
        let arc = self.arc(from, label) as usize;
        if self.arcs[arc].to != to || !self.arcs[arc].journeys.is_zero() {
            return Err("a step stands twice in the list, or no label leads there".to_owned());
        }
        self.arcs[arc].journeys = journeys;
        self.weigh(Ends { nulls: journeys, ..Ends::default() })
    }

    pub(super) fn put_unattributed(&mut self, ends: Ends) -> Result<(), String> {
        self.weigh(ends)?;
        self.unattributed = ends;
        Ok(())
    }

    /// As many journeys leave each state as enter it: what the chain's solution builds on.
    pub(super) fn check_flow(&self) -> Result<(), String> {
        let mut entered: Vec<Exact> = self.states.iter().map(|state| state.first).collect();
        let mut left: Vec<Exact> = self.states.iter().map(|state| state.ends.journeys()).collect();
        for arc in &self.arcs {
            entered[arc.to as usize] += arc.journeys;
            left[arc.from as usize] += arc.journeys;
        }
        if entered != left || entered.contains(&Exact::ZERO) {
            return Err("as many journeys leave each state as enter it, and some do".to_owned());
        }
        let within =
            |part: Ends, whole: Ends| part.conversions <= whole.conversions && part.nulls <= whole.nulls;
        let fits =
            |presence: &Presence| within(presence.alone, presence.with) && within(presence.with, self.total);
        if !self.presence.iter().all(fits) {
            return Err("a label stands in no more journeys than there are, and alone in no more than those"
                .to_owned());
        }
        Ok(())
    }

    /// Counts are 0 or more, and all sums of them stay in range.
    fn weigh(&mut self, ends: Ends) -> Result<(), String> {
        if ends.conversions.is_negative() || ends.nulls.is_negative() {
            return Err("journeys are 0 or more".to_owned());
        }
        let parts = [ends.conversions, ends.nulls, ends.value.abs()];
        let weight = parts.iter().try_fold(self.weight, |sum, part| sum.checked_add(*part));
        self.weight = weight.ok_or("the sums are too large to be exact")?;
        Ok(())
    }
}

/// The labels of a state as a window.
fn window(labels: &[u32]) -> Window {
    labels.iter().fold(EMPTY, |window, label| window << 32 | Window::from(*label))
}

/// Counts in one order: labels by text, states by labels, steps by state and label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ordered {
    pub(crate) labels: Vec<Step>,
    /// In order of `labels`.
    pub(crate) presence: Vec<Presence>,
    /// Labels, first journeys, ends.
    pub(crate) states: Vec<(SmallVec<[u32; 4]>, Exact, Ends)>,
    /// From, to, journeys.
    pub(crate) arcs: Vec<(u32, u32, Exact)>,
}

impl MarkovCounts {
    /// The same counts whoever counted in whatever order.
    pub(super) fn ordered(&self) -> Ordered {
        let (ranks, labels) = self.alphabet.ranked();
        let mut presence = vec![Presence::default(); labels.len()];
        for (rank, held) in ranks.iter().zip(&self.presence) {
            presence[*rank as usize] = *held;
        }
        let ranked = |state: &State| -> SmallVec<[u32; 4]> {
            self.labels(state).iter().map(|label| ranks[*label as usize]).collect()
        };
        let mut states: Vec<_> =
            (0_u32..).zip(&self.states).map(|(number, state)| (ranked(state), number)).collect();
        states.sort_unstable();
        let mut places = vec![0; states.len()];
        (0..).zip(&states).for_each(|(place, (_, number))| places[*number as usize] = place);
        let states = states.into_iter().map(|(labels, number)| {
            let state = &self.states[number as usize];
            (labels, state.first, state.ends)
        });
        let steps = self.arcs.iter().filter(|arc| !arc.journeys.is_zero());
        let mut arcs: Vec<_> =
            steps.map(|arc| (places[arc.from as usize], places[arc.to as usize], arc.journeys)).collect();
        arcs.sort_unstable();
        Ordered { labels, presence, states: states.collect(), arcs }
    }
}
