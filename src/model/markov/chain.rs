//! A Markov chain in floats, and what every label's removal loses.

use smallvec::SmallVec;

use crate::model::exact::Exact;
use crate::model::markov::counts::Ordered;
use crate::model::markov::{dense, sparse, thin};

/// Steps by the state that they lead from or to.
#[derive(Debug, Default)]
pub(super) struct Steps {
    /// Where the steps of each state begin, and one more.
    pub(super) starts: Vec<usize>,
    /// The other end of each, and its probability.
    pub(super) steps: Vec<(u32, f64)>,
}

impl Steps {
    pub(super) fn of(&self, state: usize) -> &[(u32, f64)] {
        &self.steps[self.starts[state]..self.starts[state + 1]]
    }

    /// Steps that come sorted by state.
    fn new(states: usize, sorted: impl Iterator<Item = (u32, u32, f64)>) -> Self {
        let (mut starts, mut steps) = (Vec::with_capacity(states + 1), Vec::new());
        starts.push(0);
        for (state, other, probability) in sorted {
            while starts.len() <= state as usize {
                starts.push(steps.len());
            }
            steps.push((other, probability));
        }
        starts.resize(states + 1, steps.len());
        Self { starts, steps }
    }
}

/// Journeys as a chain: probabilities per journey, rewards per visit.
#[derive(Debug)]
pub(super) struct Chain {
    /// How many labels there are.
    pub(super) labels: usize,
    /// Whether each state is one label, and each label one state at most.
    single: bool,
    /// The labels of each state, each once.
    pub(super) held: Vec<SmallVec<[u32; 4]>>,
    /// How probable each is as the first.
    pub(super) first: Vec<f64>,
    /// How often a journey visits each. It need not be solved for: what goes in comes out.
    pub(super) visits: Vec<f64>,
    /// Of each visit: the chance to end here, in a conversion or without.
    pub(super) end: Vec<f64>,
    /// Of each visit: the chance to convert here, the value earned and the value lost here.
    pub(super) rewards: [Vec<f64>; 3],
    pub(super) out: Steps,
}

/// What is lost per journey without each label: conversions, and value.
pub(super) type Losses = [Vec<f64>; 2];

/// Labels up to which a chain of order 1 is solved by one factorisation.
const DENSE: usize = 1_200;

/// Multiplications up to which higher orders are solved by one factorisation a label.
const DIRECT: usize = 300_000_000;

/// States up to which a factorisation may stand in where sweeps do not settle.
const FALLBACK: usize = 1_500;

impl Chain {
    /// `journeys` is above zero.
    pub(super) fn new(counts: &Ordered, order: usize, journeys: Exact) -> Self {
        let (count, journeys) = (counts.states.len(), journeys.to_f64());
        let mut leaving: Vec<Exact> = counts.states.iter().map(|(_, _, ends)| ends.journeys()).collect();
        for (from, _, journeys) in &counts.arcs {
            leaving[*from as usize] += *journeys;
        }
        let leaving: Vec<f64> = leaving.into_iter().map(Exact::to_f64).collect();
        let share =
            |pick: &dyn Fn(usize) -> f64| (0..count).map(|state| pick(state) / leaving[state]).collect();
        let ends = |state: usize| counts.states[state].2.outcome();
        let out = counts
            .arcs
            .iter()
            .map(|(from, to, journeys)| (*from, *to, journeys.to_f64() / leaving[*from as usize]));
        let once = |labels: &SmallVec<[u32; 4]>| {
            let mut labels = labels.clone();
            labels.sort_unstable();
            labels.dedup();
            labels
        };
        Self {
            labels: counts.labels.len(),
            single: order == 1,
            held: counts.states.iter().map(|(labels, ..)| once(labels)).collect(),
            first: counts.states.iter().map(|(_, first, _)| first.to_f64() / journeys).collect(),
            visits: leaving.iter().map(|leaving| leaving / journeys).collect(),
            end: share(&|state| ends(state).conversions + ends(state).nulls),
            rewards: [
                share(&|state| ends(state).conversions),
                share(&|state| ends(state).value.max(0.0)),
                share(&|state| (-ends(state).value).max(0.0)),
            ],
            out: Steps::new(count, out),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.first.len()
    }

    /// Steps by where they lead.
    pub(super) fn incoming(&self) -> Steps {
        let mut steps: Vec<(u32, u32, f64)> = Vec::with_capacity(self.out.steps.len());
        for from in 0..self.len() {
            steps.extend(self.out.of(from).iter().map(|(to, chance)| (*to, from as u32, *chance)));
        }
        steps.sort_unstable_by_key(|(to, from, _)| (*to, *from));
        Steps::new(self.len(), steps.into_iter())
    }

    /// Solves for every label; nothing where that cannot be done within bounds.
    ///
    /// A chain of one label a state has one factorisation for all; where there are many states, those with few
    /// neighbours go first. Other chains are solved with each label's states taken out: small ones by a factorisation,
    /// large ones by sweeps with a bound on what is left out.
    pub(super) fn losses(&self) -> Option<Losses> {
        let count = self.len();
        if self.single && count <= DENSE {
            return dense::single(self);
        }
        if let Some(losses) = self.single.then(|| thin::single(self)).flatten() {
            return Some(losses);
        }
        if count.saturating_pow(3).saturating_mul(self.labels) <= DIRECT {
            return dense::each(self);
        }
        let swept = sparse::each(self);
        if swept.is_none() && count <= FALLBACK { dense::each(self) } else { swept }
    }

    /// What reaches a conversion from where a label is first met.
    pub(super) fn lost(
        &self,
        entered: impl Iterator<Item = (usize, f64)>,
        worth: &[Vec<f64>; 3],
    ) -> [f64; 2] {
        let mut lost = [0.0; 3];
        for (state, chance) in entered {
            lost.iter_mut().zip(worth).for_each(|(lost, worth)| *lost += chance * worth[state]);
        }
        [lost[0], lost[1] - lost[2]]
    }
}
