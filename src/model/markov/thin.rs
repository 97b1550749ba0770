//! Large chains with a state for each label, most of which have few neighbours: states are taken out one by one, those
//! where fewest steps meet first, and one factorisation solves for what is left.
//!
//! What is needed of the inverse is found on the way back (Takahashi, Fagan and Chin 1973): how often each state is
//! visited from itself on hangs on how often its neighbours are visited from each other, and these are neighbours too
//! once it is gone. As in small chains nothing is ever subtracted.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::markov::chain::{Chain, Losses};
use crate::model::markov::dense::{Factors, finite};

/// States that may be left for the factorisation: it needs two numbers for each pair of them.
const CORE: usize = 3_000;

/// Pairs of steps that may meet in a state that is taken out.
const MEETING: usize = 250_000;

/// Losses of every label, or nothing if too much is left or a state has no way out that a float can tell.
pub(super) fn single(chain: &Chain) -> Option<Losses> {
    // A pair of steps costs about as much as a hundred multiplications in a row.
    until(chain, |left, meeting| left <= CORE && left * left < meeting.saturating_mul(128))
}

/// Takes states out until so many are left and in each of them at least so many pairs of steps meet.
fn until(chain: &Chain, enough: impl Fn(usize, usize) -> bool) -> Option<Losses> {
    let mut left = Left::new(chain);
    let mut gone = Vec::with_capacity(chain.len());
    while let Some((meeting, state)) = left.by_meeting.first().copied() {
        if enough(left.by_meeting.len(), meeting) {
            break;
        }
        if meeting > MEETING {
            return None;
        }
        gone.push(left.take_out(state)?);
    }
    let Solved { worth, returns } = left.solve(gone)?;
    let mut losses = [vec![0.0; chain.labels], vec![0.0; chain.labels]];
    for (state, labels) in chain.held.iter().enumerate() {
        let come = chain.visits[state] / returns[state];
        let [conversions, earned, lost] = worth[state];
        losses[0][labels[0] as usize] = come * conversions;
        losses[1][labels[0] as usize] = come * (earned - lost);
    }
    finite(losses)
}

/// A chain over the states that are left: steps through those that are gone lead on to where they led.
struct Left {
    out: Vec<BTreeMap<u32, f64>>,
    from: Vec<BTreeSet<u32>>,
    /// The chance to end from each state.
    end: Vec<f64>,
    rewards: Vec<[f64; 3]>,
    /// States that are left, by how many pairs of steps meet there.
    by_meeting: BTreeSet<(usize, u32)>,
}

/// A state that is gone.
struct Gone {
    state: u32,
    /// One minus the chance to come straight back.
    diagonal: f64,
    /// Where steps came from and led to when it went, with their chances, in order.
    from: Vec<(u32, f64)>,
    to: Vec<(u32, f64)>,
}

/// What a chain earns from each state on, and how often it visits each from itself on.
struct Solved {
    worth: Vec<[f64; 3]>,
    returns: Vec<f64>,
}

impl Left {
    fn new(chain: &Chain) -> Self {
        let count = chain.len();
        let mut left = Self {
            out: vec![BTreeMap::new(); count],
            from: vec![BTreeSet::new(); count],
            end: chain.end.clone(),
            rewards: (0..count).map(|state| chain.rewards.each_ref().map(|rewards| rewards[state])).collect(),
            by_meeting: BTreeSet::new(),
        };
        for state in 0..count as u32 {
            for (to, chance) in chain.out.of(state as usize) {
                left.out[state as usize].insert(*to, *chance);
                left.from[*to as usize].insert(state);
            }
        }
        left.by_meeting = (0..count as u32).map(|state| (left.meeting(state), state)).collect();
        left
    }

    fn meeting(&self, state: u32) -> usize {
        self.from[state as usize].len() * self.out[state as usize].len()
    }

    fn diagonal(&self, state: u32) -> Option<f64> {
        let diagonal = self.end[state as usize] + self.out[state as usize].values().sum::<f64>();
        (diagonal > 0.0 && diagonal.is_finite()).then_some(diagonal)
    }

    fn take_out(&mut self, state: u32) -> Option<Gone> {
        let diagonal = self.diagonal(state)?;
        let to: Vec<(u32, f64)> = std::mem::take(&mut self.out[state as usize]).into_iter().collect();
        let came = std::mem::take(&mut self.from[state as usize]);
        self.by_meeting.remove(&(came.len() * to.len(), state));
        let neighbours: BTreeSet<u32> = came.iter().copied().chain(to.iter().map(|(to, _)| *to)).collect();
        for neighbour in &neighbours {
            self.by_meeting.remove(&(self.meeting(*neighbour), *neighbour));
        }
        for (to, _) in &to {
            self.from[*to as usize].remove(&state);
        }
        let (end, rewards) = (self.end[state as usize], self.rewards[state as usize]);
        let mut from = Vec::with_capacity(came.len());
        for before in came {
            let place = before as usize;
            let chance = self.out[place].remove(&state)?;
            let factor = chance / diagonal;
            for (to, chance) in to.iter().filter(|(to, _)| *to != before) {
                *self.out[place].entry(*to).or_default() += factor * chance;
                self.from[*to as usize].insert(before);
            }
            self.end[place] += factor * end;
            self.rewards[place].iter_mut().zip(rewards).for_each(|(held, reward)| *held += factor * reward);
            from.push((before, chance));
        }
        for neighbour in neighbours {
            self.by_meeting.insert((self.meeting(neighbour), neighbour));
        }
        Some(Gone { state, diagonal, from, to })
    }

    fn solve(self, gone: Vec<Gone>) -> Option<Solved> {
        let core: BTreeSet<u32> = self.by_meeting.iter().map(|(_, state)| *state).collect();
        let core: Vec<u32> = core.into_iter().collect();
        let size = core.len();
        let mut cells = vec![0.0; size * size];
        for (row, state) in core.iter().enumerate() {
            for (to, chance) in &self.out[*state as usize] {
                cells[row * size + core.binary_search(to).ok()?] = *chance;
            }
        }
        let factors = Factors::new(cells, core.iter().map(|state| self.end[*state as usize]).collect())?;
        let mut solved = Solved { worth: self.rewards, returns: vec![0.0; self.out.len()] };
        for which in 0..3 {
            let rewards: Vec<f64> = core.iter().map(|state| solved.worth[*state as usize][which]).collect();
            let worth = factors.collected(&rewards);
            core.iter().zip(worth).for_each(|(state, worth)| solved.worth[*state as usize][which] = worth);
        }
        let mut visits = Visits::new(core, &factors, gone.len(), self.out.len());
        visits.core.iter().enumerate().for_each(|(place, state)| {
            solved.returns[*state as usize] = visits.columns[place * size + place];
        });
        for (place, gone) in gone.iter().enumerate().rev() {
            solved.returns[gone.state as usize] = visits.put_back(place, gone, &solved.returns)?;
            let worth = &mut solved.worth;
            for (to, chance) in &gone.to {
                let there = worth[*to as usize];
                worth[gone.state as usize]
                    .iter_mut()
                    .zip(there)
                    .for_each(|(held, there)| *held += chance * there);
            }
            worth[gone.state as usize].iter_mut().for_each(|held| *held /= gone.diagonal);
        }
        Some(solved)
    }
}

/// How often one state is visited from another on, where there is a step the other way.
struct Visits {
    /// The states that were never taken out, in order, and the visits of each from each: column by column.
    core: Vec<u32>,
    columns: Vec<f64>,
    /// For each state that is gone: visits of those that steps came from, and its own visits from those they led to.
    gone: Vec<[Vec<(u32, f64)>; 2]>,
    /// When each state went, or after all others.
    went: Vec<usize>,
}

impl Visits {
    fn new(core: Vec<u32>, factors: &Factors, gone: usize, states: usize) -> Self {
        let size = core.len();
        let mut columns = Vec::with_capacity(size * size);
        let mut unit = vec![0.0; size];
        for place in 0..size {
            unit[place] = 1.0;
            columns.extend(factors.collected(&unit));
            unit[place] = 0.0;
        }
        Self { core, columns, gone: vec![Default::default(); gone], went: vec![usize::MAX; states] }
    }

    /// Visits of `to` from `from` on, two different states.
    fn of(&self, from: u32, to: u32) -> Option<f64> {
        let (first, second) = (self.went[from as usize], self.went[to as usize]);
        let find = |held: &[(u32, f64)], state: u32| {
            Some(held[held.binary_search_by_key(&state, |(state, _)| *state).ok()?].1)
        };
        match () {
            () if first < second => find(&self.gone[first][0], to),
            () if second < first => find(&self.gone[second][1], from),
            () => {
                let place = |state: u32| self.core.binary_search(&state).ok();
                Some(self.columns[place(to)? * self.core.len() + place(from)?])
            }
        }
    }

    /// Takes a state in again, all that went later being in; returns how often it is visited from itself on.
    fn put_back(&mut self, place: usize, gone: &Gone, returns: &[f64]) -> Option<f64> {
        let of = |from: u32, to: u32| if from == to { Some(returns[to as usize]) } else { self.of(from, to) };
        let sum = |terms: &mut dyn Iterator<Item = Option<f64>>| terms.sum::<Option<f64>>();
        let mut visits: [Vec<(u32, f64)>; 2] = Default::default();
        for (before, _) in &gone.from {
            let there = sum(&mut gone.to.iter().map(|(to, chance)| Some(chance * of(*to, *before)?)))?;
            visits[0].push((*before, there / gone.diagonal));
        }
        for (to, _) in &gone.to {
            let here = sum(&mut gone.from.iter().map(|(before, chance)| Some(of(*to, *before)? * chance)))?;
            visits[1].push((*to, here / gone.diagonal));
        }
        let back: f64 =
            visits[0].iter().zip(&gone.from).map(|((_, there), (_, chance))| there * chance).sum();
        self.gone[place] = visits;
        self.went[gone.state as usize] = place;
        Some((1.0 + back) / gone.diagonal)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::markov::sparse::tests::{assert_same, chain};
    use crate::model::markov::{dense, sparse};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn whatever_is_taken_out_first_the_losses_are_the_same(
            paths in prop::collection::vec(
                (prop::collection::vec(0..20_u8, 1..12), 0..4_u8, -9..9_i8, 0..4_u8), 1..30),
            core in 0..12_usize,
        ) {
            let chain = chain(&paths, 1);
            let solved = dense::single(&chain).unwrap();
            assert_same(&until(&chain, |left, _| left <= core).unwrap(), &solved, 1e-13);
            assert_same(&single(&chain).unwrap(), &solved, 1e-13);
        }
    }

    /// Labels that hardly any journey has, around some that many have.
    #[test]
    fn many_rare_labels_agree_with_sweeps() {
        let mut counts = crate::model::markov::MarkovCounts::new(1).unwrap();
        for journey in 0..3_000_u32 {
            let rare = [journey % 2_100, journey * 37 % 2_100];
            let path = [
                rare[0].to_string(),
                format!("hub {}", journey % 3),
                rare[1].to_string(),
                "hub 1".to_owned(),
            ];
            let (converts, value) = (journey % 5 == 0, f64::from(journey % 7) - 2.0);
            let [conversions, nulls] = [converts, !converts].map(|is| f64::from(u8::from(is)));
            let value = if converts { value } else { 0.0 };
            counts.add(path, crate::Outcome { conversions, value, nulls }).unwrap();
        }
        let journeys = counts.total.journeys();
        let chain = Chain::new(&counts.ordered(), 1, journeys);
        assert!(chain.len() > 2_000);
        assert_same(&single(&chain).unwrap(), &sparse::each(&chain).unwrap(), 1e-13);
    }
}
