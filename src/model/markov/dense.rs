//! Small chains by elimination without a subtraction.
//!
//! States are taken out one by one, the last first; what is left is again a chain. A diagonal entry, one minus the
//! chance to come straight back, is summed from the chances to go elsewhere (Grassmann, Taksar and Heyman 1985), so
//! that nothing cancels and every number keeps nearly all of its digits, however rarely a journey ends.

use crate::model::markov::chain::{Chain, Losses};

/// I - P as a product of an upper and a lower triangle, over some of a chain's states.
pub(super) struct Factors {
    size: usize,
    /// Row by row: right of the diagonal the upper triangle, whose own diagonal is 1; left of it the lower one. Both
    /// with the sign turned.
    cells: Vec<f64>,
    /// The diagonal of the lower triangle.
    diagonal: Vec<f64>,
}

impl Factors {
    /// From chances row by row, and the chance to leave from each state. Nothing if a state has no way out that a
    /// float can tell.
    pub(super) fn new(mut cells: Vec<f64>, mut leave: Vec<f64>) -> Option<Self> {
        let size = leave.len();
        let mut diagonal = vec![0.0; size];
        for last in (0..size).rev() {
            let (before, row) = cells.split_at_mut(last * size);
            let row = &row[..last];
            diagonal[last] = leave[last] + row.iter().sum::<f64>();
            if !(diagonal[last] > 0.0 && diagonal[last].is_finite()) {
                return None;
            }
            for (state, other) in before.chunks_exact_mut(size).enumerate() {
                let factor = other[last] / diagonal[last];
                other[last] = factor;
                if factor > 0.0 {
                    other.iter_mut().zip(row).for_each(|(cell, chance)| *cell += factor * chance);
                    leave[state] += factor * leave[last];
                }
            }
        }
        Some(Self { size, cells, diagonal })
    }

    fn row(&self, state: usize) -> &[f64] {
        &self.cells[state * self.size..][..self.size]
    }

    /// The rewards that are collected from each state on, `rewards` being those of one visit.
    pub(super) fn collected(&self, rewards: &[f64]) -> Vec<f64> {
        let mut sums = rewards.to_vec();
        for state in (0..self.size).rev() {
            sums[state] += product(&self.row(state)[state + 1..], &sums[state + 1..]);
        }
        for state in 0..self.size {
            let below = product(&self.row(state)[..state], &sums[..state]);
            sums[state] = (sums[state] + below) / self.diagonal[state];
        }
        sums
    }

    /// How often each state is visited from itself on, the first time counted.
    fn returns(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.size];
        let mut returns = Vec::with_capacity(self.size);
        for last in 0..self.size {
            sums[last] = 1.0;
            for state in (0..last).rev() {
                sums[state] = product(&self.row(state)[state + 1..=last], &sums[state + 1..=last]);
            }
            for state in 0..=last {
                let below = product(&self.row(state)[..state], &sums[..state]);
                sums[state] = (sums[state] + below) / self.diagonal[state];
            }
            returns.push(sums[last]);
        }
        returns
    }

    /// How often each state is visited, `first` being the chance to begin there.
    fn visits(&self, first: &[f64]) -> Vec<f64> {
        let mut visits = first.to_vec();
        for state in (0..self.size).rev() {
            visits[state] /= self.diagonal[state];
            let here = visits[state];
            let (below, _) = visits.split_at_mut(state);
            below.iter_mut().zip(self.row(state)).for_each(|(visits, chance)| *visits += here * chance);
        }
        for state in 0..self.size {
            let here = visits[state];
            let (_, above) = visits.split_at_mut(state + 1);
            let row = &self.row(state)[state + 1..];
            above.iter_mut().zip(row).for_each(|(visits, chance)| *visits += here * chance);
        }
        visits
    }
}

/// Sums in four lanes, so that one does not wait for the other.
fn product(a: &[f64], b: &[f64]) -> f64 {
    let (mut lanes, whole) = ([0.0; 4], a.len() / 4 * 4);
    for (a, b) in a[..whole].chunks_exact(4).zip(b.chunks_exact(4)) {
        lanes.iter_mut().zip(a.iter().zip(b)).for_each(|(lane, (a, b))| *lane += a * b);
    }
    let rest: f64 = a[whole..].iter().zip(&b[whole..]).map(|(a, b)| a * b).sum();
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + rest
}

/// The whole chain.
fn whole(chain: &Chain) -> Option<Factors> {
    let size = chain.len();
    let mut cells = vec![0.0; size * size];
    for from in 0..size {
        chain.out.of(from).iter().for_each(|(to, chance)| cells[from * size + *to as usize] = *chance);
    }
    Factors::new(cells, chain.end.clone())
}

fn worth(chain: &Chain, factors: &Factors) -> [Vec<f64>; 3] {
    chain.rewards.each_ref().map(|rewards| factors.collected(rewards))
}

/// A chain with a state for each label: one factorisation gives all losses.
///
/// Without state c a journey loses what it would earn once it has come to c: the chance to come there at all (visits
/// over visits from c on) times what is earned from there.
pub(super) fn single(chain: &Chain) -> Option<Losses> {
    let factors = whole(chain)?;
    let (worth, returns) = (worth(chain, &factors), factors.returns());
    let mut losses = [vec![0.0; chain.labels], vec![0.0; chain.labels]];
    for (state, labels) in chain.held.iter().enumerate() {
        let come = chain.visits[state] / returns[state];
        let lost = chain.lost(std::iter::once((state, come)), &worth);
        losses.iter_mut().zip(lost).for_each(|(losses, lost)| losses[labels[0] as usize] = lost);
    }
    finite(losses)
}

/// Any chain: each label's states are taken out, and what enters them is lost.
pub(super) fn each(chain: &Chain) -> Option<Losses> {
    let factors = whole(chain)?;
    let worth = worth(chain, &factors);
    let mut losses = [vec![0.0; chain.labels], vec![0.0; chain.labels]];
    for label in 0..chain.labels {
        let entered = entered(chain, label as u32)?;
        let lost = chain.lost(entered.into_iter().enumerate(), &worth);
        losses.iter_mut().zip(lost).for_each(|(losses, lost)| losses[label] = lost);
    }
    finite(losses)
}

/// The chance that a journey first meets a label in each state; zero where the label is not.
fn entered(chain: &Chain, label: u32) -> Option<Vec<f64>> {
    let is_out = |state: usize| chain.held[state].contains(&label);
    let mut entered: Vec<f64> =
        (0..chain.len()).map(|state| if is_out(state) { chain.first[state] } else { 0.0 }).collect();
    let left: Vec<usize> = (0..chain.len()).filter(|state| !is_out(*state)).collect();
    let mut places = vec![None; chain.len()];
    left.iter().enumerate().for_each(|(place, state)| places[*state] = Some(place));
    let (size, mut leave) = (left.len(), Vec::with_capacity(left.len()));
    let mut cells = vec![0.0; size * size];
    for (row, state) in cells.chunks_exact_mut(size.max(1)).zip(&left) {
        let mut leaving = chain.end[*state];
        for (to, chance) in chain.out.of(*state) {
            match places[*to as usize] {
                Some(place) => row[place] = *chance,
                None => leaving += chance,
            }
        }
        leave.push(leaving);
    }
    let first: Vec<f64> = left.iter().map(|state| chain.first[*state]).collect();
    let visits = Factors::new(cells, leave)?.visits(&first);
    for (state, visits) in left.iter().zip(visits) {
        for (to, chance) in chain.out.of(*state).iter().filter(|(to, _)| is_out(*to as usize)) {
            entered[*to as usize] += visits * chance;
        }
    }
    Some(entered)
}

/// Losses that are all numbers.
pub(super) fn finite(losses: Losses) -> Option<Losses> {
    losses.iter().flatten().all(|loss| loss.is_finite()).then_some(losses)
}
