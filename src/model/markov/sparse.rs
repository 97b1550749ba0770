//! Large chains by sweeps (Gauss and Seidel), eight labels at a time, with a bound on what is left out.
//!
//! All numbers are sums of positive ones and grow from zero towards the solution. What a sweep has still added bounds
//! what all later ones could: an addition of d to the visits of a state adds at most d times what is earned from that
//! state on. Sweeps end when this bound is far below what a float can tell of the whole.

use crate::model::markov::chain::{Chain, Losses, Steps};
use crate::model::markov::dense::finite;

/// Labels that are taken out side by side.
const LANES: usize = 8;

/// What may be left out, as a part of all conversions and of all value.
const LEFT_OUT: f64 = 1e-15;

/// Sweeps after which a chain counts as not to be solved; each adds what is one step of a journey further.
const SWEEPS: usize = 5_000;

/// Losses of every label, or nothing if sweeps do not settle.
pub(super) fn each(chain: &Chain) -> Option<Losses> {
    let worth = collected(chain)?;
    let weights = weights(chain, &worth);
    let incoming = chain.incoming();
    let mut losses = [vec![0.0; chain.labels], vec![0.0; chain.labels]];
    for first in (0..chain.labels).step_by(LANES) {
        let out = Out::new(chain, first);
        let visits = visited(chain, &incoming, &out, &weights)?;
        let lost = lost(chain, &incoming, &out, &visits, &worth);
        for (lane, label) in (first..chain.labels).take(LANES).enumerate() {
            losses[0][label] = lost[0][lane];
            losses[1][label] = lost[1][lane] - lost[2][lane];
        }
    }
    finite(losses)
}

/// By how much a number has grown, where that is more than what rounding adds and takes.
fn growth(sum: f64, held: f64) -> f64 {
    let growth = sum - held;
    if growth > 2.0 * f64::EPSILON * sum { growth } else { 0.0 }
}

/// What is collected from each state on, for all three rewards.
fn collected(chain: &Chain) -> Option<[Vec<f64>; 3]> {
    let count = chain.len();
    let mut worth = vec![[0.0; 3]; count];
    let all = chain.rewards.each_ref().map(|rewards| {
        let each = rewards.iter().zip(&chain.visits).map(|(reward, visits)| reward * visits);
        each.sum::<f64>()
    });
    for _ in 0..SWEEPS {
        let mut added = [0.0; 3];
        for state in (0..count).rev() {
            let mut sums = [0, 1, 2].map(|which: usize| chain.rewards[which][state]);
            for (to, chance) in chain.out.of(state) {
                let from_there = &worth[*to as usize];
                sums.iter_mut().zip(from_there).for_each(|(sum, worth)| *sum += chance * worth);
            }
            for ((added, sum), held) in added.iter_mut().zip(sums).zip(worth[state]) {
                *added += growth(sum, held) * chain.visits[state];
            }
            worth[state] = sums;
        }
        if added.iter().zip(all).all(|(added, all)| *added <= LEFT_OUT * all) {
            return Some([0, 1, 2].map(|which| worth.iter().map(|worth| worth[which]).collect()));
        }
    }
    None
}

/// What a visit of each state is worth at most, as a part of all conversions or of all value.
fn weights(chain: &Chain, worth: &[Vec<f64>; 3]) -> Vec<f64> {
    let all = |which: usize| {
        chain.rewards[which].iter().zip(&chain.visits).map(|(reward, visits)| reward * visits).sum::<f64>()
    };
    let (conversions, value) = (all(0), all(1) + all(2));
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let weight = |state: usize| {
        share(worth[0][state], conversions).max(share(worth[1][state] + worth[2][state], value))
    };
    (0..chain.len()).map(weight).collect()
}

/// Which states are taken out in which lanes.
struct Out {
    /// One bit a lane.
    lanes: Vec<u8>,
}

impl Out {
    fn new(chain: &Chain, first: usize) -> Self {
        let bit = |label: &u32| match (*label as usize).checked_sub(first) {
            Some(lane) if lane < LANES => 1 << lane,
            _ => 0,
        };
        Self { lanes: chain.held.iter().map(|labels| labels.iter().map(bit).fold(0, |a, b| a | b)).collect() }
    }

    fn is_out(&self, state: usize, lane: usize) -> bool {
        self.lanes[state] >> lane & 1 == 1
    }
}

/// What enters a state in each lane: from the start and from states that are left.
fn entering(chain: &Chain, incoming: &Steps, visits: &[[f64; LANES]], state: usize) -> [f64; LANES] {
    let mut sums = [chain.first[state]; LANES];
    for (from, chance) in incoming.of(state) {
        let visits = &visits[*from as usize];
        sums.iter_mut().zip(visits).for_each(|(sum, visits)| *sum += chance * visits);
    }
    sums
}

/// How often a journey visits each state before it meets the label of a lane; zero where the label is.
fn visited(chain: &Chain, incoming: &Steps, out: &Out, weights: &[f64]) -> Option<Vec<[f64; LANES]>> {
    let mut visits = vec![[0.0; LANES]; chain.len()];
    for _ in 0..SWEEPS {
        let mut added = [0.0; LANES];
        for state in 0..chain.len() {
            let mut sums = entering(chain, incoming, &visits, state);
            if out.lanes[state] != 0 {
                (0..LANES).filter(|lane| out.is_out(state, *lane)).for_each(|lane| sums[lane] = 0.0);
            }
            let weight = weights[state];
            for ((added, sum), held) in added.iter_mut().zip(sums).zip(visits[state]) {
                *added += growth(sum, held) * weight;
            }
            visits[state] = sums;
        }
        if added.iter().all(|added| *added <= LEFT_OUT) {
            return Some(visits);
        }
    }
    None
}

/// What enters the states of a lane's label, times what is earned from there.
fn lost(
    chain: &Chain,
    incoming: &Steps,
    out: &Out,
    visits: &[[f64; LANES]],
    worth: &[Vec<f64>; 3],
) -> [[f64; LANES]; 3] {
    let mut lost = [[0.0; LANES]; 3];
    for state in (0..chain.len()).filter(|state| out.lanes[*state] != 0) {
        let entering = entering(chain, incoming, visits, state);
        for lane in (0..LANES).filter(|lane| out.is_out(state, *lane)) {
            for (lost, worth) in lost.iter_mut().zip(worth) {
                lost[lane] += entering[lane] * worth[state];
            }
        }
    }
    lost
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use crate::model::exact::Exact;
    use crate::model::markov::chain::{Chain, Losses};
    use crate::model::markov::{MarkovCounts, dense, sparse};
    use crate::model::table::Outcome;

    /// A chain of some journeys, of which one at least converts with a value.
    pub(in crate::model::markov) fn chain(paths: &[(Vec<u8>, u8, i8, u8)], order: usize) -> Chain {
        let mut counts = MarkovCounts::new(order).unwrap();
        for (path, conversions, value, nulls) in paths {
            let [conversions, nulls] = [*conversions, *nulls].map(f64::from);
            let outcome = Outcome { conversions, value: f64::from(*value), nulls };
            counts.add(path.iter().map(|label| label.to_string()), outcome).unwrap();
        }
        counts.add(["0", "1"], Outcome { conversions: 1.0, value: 1.0, nulls: 0.0 }).unwrap();
        let journeys: Exact = counts.total.journeys();
        Chain::new(&counts.ordered(), order, journeys)
    }

    #[track_caller]
    pub(in crate::model::markov) fn assert_same(a: &Losses, b: &Losses, slack: f64) {
        for (a, b) in a.iter().flatten().zip(b.iter().flatten()) {
            assert!((a - b).abs() <= slack, "{a} {b}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn sweeps_and_factorisations_agree(
            paths in prop::collection::vec(
                (prop::collection::vec(0..20_u8, 1..12), 0..4_u8, -9..9_i8, 0..4_u8), 1..30),
            order in 1..=4_usize,
        ) {
            let chain = chain(&paths, order);
            let (swept, solved) = (sparse::each(&chain).unwrap(), dense::each(&chain).unwrap());
            assert_same(&swept, &solved, 1e-12);
            if order == 1 {
                assert_same(&dense::single(&chain).unwrap(), &solved, 1e-12);
            }
        }
    }

    fn long(steps: u32) -> Chain {
        let path: Vec<u8> = (0..steps).map(|step| (step * step % 23) as u8).collect();
        chain(&[(path, 1, 5, 2)], 2)
    }

    /// Journeys of many steps, in which sweeps take long to settle.
    #[test]
    fn long_journeys_settle_too() {
        let chain = long(200);
        assert_same(&sparse::each(&chain).unwrap(), &dense::each(&chain).unwrap(), 1e-11);
    }

    #[test]
    fn where_sweeps_do_not_settle_a_factorisation_answers() {
        let chain = long(4_000);
        assert!(sparse::each(&chain).is_none());
        let losses = chain.losses().unwrap();
        assert!(losses[0].iter().all(|loss| (0.0..1.0).contains(loss)));
    }
}
