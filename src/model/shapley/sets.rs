//! The sets of labels that journeys have, summed up as the games need them.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use crate::model::alphabet::Step;
use crate::model::exact::Exact;
use crate::model::table::{Ends, PathTable};

/// Set sizes that have a place of their own; larger ones are few and looked up.
const SMALL: usize = 16;

/// Conversions and value of a label's journeys by the size of their label set.
#[derive(Clone)]
struct Sums {
    small: [[Exact; 2]; SMALL],
    large: BTreeMap<usize, [Exact; 2]>,
}

impl Sums {
    const NONE: Self = Self { small: [[Exact::ZERO; 2]; SMALL], large: BTreeMap::new() };

    fn add(&mut self, size: usize, ends: Ends) {
        let held = match self.small.get_mut(size - 1) {
            Some(held) => held,
            None => self.large.entry(size).or_default(),
        };
        held[0] += ends.conversions;
        held[1] += ends.value;
    }

    /// Sizes with their sums, small ones first.
    fn iter(&self) -> impl Iterator<Item = (usize, [Exact; 2])> {
        let small = self.small.iter().enumerate().map(|(place, sums)| (place + 1, *sums));
        let small = small.filter(|(_, sums)| *sums != [Exact::ZERO; 2]);
        small.chain(self.large.iter().map(|(size, sums)| (*size, *sums)))
    }

    fn get(&self, size: usize) -> [Exact; 2] {
        self.small.get(size - 1).or_else(|| self.large.get(&size)).copied().unwrap_or_default()
    }
}

/// Converting journeys by label and by how many distinct labels they have: all that games need whose worth is a sum
/// over journeys.
pub(super) struct BySize {
    /// In text order.
    pub(super) labels: Vec<Step>,
    with: Vec<Sums>,
    all: Sums,
    pub(super) total: Ends,
    pub(super) unattributed: Ends,
}

impl BySize {
    pub(super) fn of(table: &PathTable) -> Self {
        let (ranks, labels) = table.alphabet().ranked();
        let mut with = vec![Sums::NONE; labels.len()];
        let (mut all, mut total, mut unattributed) = (Sums::NONE, Ends::default(), table.unearned());
        let mut distinct = Vec::new();
        for (path, ends) in table.rows() {
            if ends.conversions.is_zero() {
                continue;
            }
            if path.is_empty() {
                unattributed.add(ends);
                continue;
            }
            find_distinct(path, &mut distinct);
            total.add(ends);
            all.add(distinct.len(), ends);
            distinct.iter().for_each(|label| with[*label as usize].add(distinct.len(), ends));
        }
        // Counted by number of appearance; told in text order.
        let mut ranked = vec![Sums::NONE; labels.len()];
        for (sums, rank) in with.into_iter().zip(ranks) {
            ranked[rank as usize] = sums;
        }
        Self { labels, with: ranked, all, total, unattributed }
    }

    /// Each journey gives the same to each of its labels.
    pub(super) fn on_subsets(&self) -> Vec<[f64; 2]> {
        let value = |sums: &Sums| {
            sums.iter().fold([0.0; 2], |value, (size, sums)| {
                [0, 1].map(|which| value[which] + sums[which].to_f64() / size as f64)
            })
        };
        self.with.iter().map(value).collect()
    }

    /// Joining a set gains what the set with the label is worth, and loses what it was worth without.
    pub(super) fn on_exactly(&self) -> Vec<[f64; 2]> {
        let weights = weights(self.labels.len(), self.all.iter().map(|(size, _)| size).max().unwrap_or(0));
        let value = |with: &Sums| {
            self.all.iter().fold([0.0; 2], |value, (size, all)| {
                let with = with.get(size);
                [0, 1].map(|which| {
                    let (all, with) = (all[which].to_f64(), with[which].to_f64());
                    // A set of all labels lacks none, and has no weight to be lost with.
                    let lost = if size < self.labels.len() { weights[size] * (all - with) } else { 0.0 };
                    value[which] + weights[size - 1] * with - lost
                })
            })
        };
        self.with.iter().map(value).collect()
    }
}

/// s! (p - s - 1)! / p! for s from 0 to `most`, as far as s is below p: how often a label joins a given set of s
/// others, of p labels that join in any order.
fn weights(labels: usize, most: usize) -> Vec<f64> {
    let mut weights = vec![1.0 / labels.max(1) as f64];
    for size in 1..labels.min(most + 1) {
        weights.push(weights[size - 1] * size as f64 / (labels - size) as f64);
    }
    weights
}

/// The distinct numbers of a path, in any order.
fn find_distinct(path: &[u32], distinct: &mut Vec<u32>) {
    distinct.clear();
    if path.len() <= SMALL {
        for label in path {
            if !distinct.contains(label) {
                distinct.push(*label);
            }
        }
    } else {
        distinct.extend_from_slice(path);
        distinct.sort_unstable();
        distinct.dedup();
    }
}

/// The game of rates on exactly a set: worth is no sum over journeys, so sets are told apart.
pub(super) fn rate(table: &PathTable) -> Vec<[f64; 2]> {
    let (ranks, labels) = table.alphabet().ranked();
    let mut sets: BTreeMap<SmallVec<[u32; 8]>, Ends> = BTreeMap::new();
    let mut distinct = Vec::new();
    for (path, ends) in table.rows().filter(|(path, _)| !path.is_empty()) {
        find_distinct(path, &mut distinct);
        let mut set: SmallVec<[u32; 8]> = distinct.iter().map(|label| ranks[*label as usize]).collect();
        set.sort_unstable();
        sets.entry(set).or_default().add(ends);
    }
    let weights = weights(labels.len(), sets.keys().map(SmallVec::len).max().unwrap_or(0));
    // What every label loses by each set, and what a set's own labels gain instead.
    let (mut lost, mut values) = ([0.0; 2], vec![[0.0; 2]; labels.len()]);
    for (set, ends) in sets.iter().filter(|(_, ends)| !ends.journeys().is_zero()) {
        let loss = if set.len() < labels.len() { weights[set.len()] } else { 0.0 };
        for (which, sum) in [ends.conversions, ends.value].into_iter().enumerate() {
            let worth = sum.to_f64() / ends.journeys().to_f64();
            lost[which] += loss * worth;
            for label in set {
                values[*label as usize][which] += (weights[set.len() - 1] + loss) * worth;
            }
        }
    }
    values.into_iter().map(|value| [value[0] - lost[0], value[1] - lost[1]]).collect()
}

/// Converting journeys by label, position from 0, and into how many parts the journey goes there.
pub(super) struct Places {
    /// In text order.
    pub(super) labels: Vec<Step>,
    pub(super) sums: BTreeMap<(u32, usize, usize), Ends>,
}

impl Places {
    pub(super) fn of(table: &PathTable) -> Self {
        let (ranks, labels) = table.alphabet().ranked();
        let mut sums: BTreeMap<(u32, usize, usize), Ends> = BTreeMap::new();
        let mut distinct = Vec::new();
        for (path, ends) in table.rows().filter(|(_, ends)| !ends.conversions.is_zero()) {
            find_distinct(path, &mut distinct);
            let counts = crate::model::rows::multiplicities(path);
            for (position, (label, count)) in path.iter().zip(counts).enumerate() {
                let key = (ranks[*label as usize], position, distinct.len() * count as usize);
                sums.entry(key).or_default().add(ends);
            }
        }
        Self { labels, sums }
    }
}
