//! The labels of paths as numbers.

use std::hash::Hasher;

use smallvec::SmallVec;

use crate::fact::{Index, Mix};
use crate::text::Label;

/// What stands at one place of a path: its values in text order, each once. One value is the rule; none is a
/// touchpoint without a value in the dimension, and is a label of its own.
pub(crate) type Step = SmallVec<[Label; 1]>;

/// Steps by number, in order of first appearance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alphabet {
    steps: Vec<Step>,
    index: Index,
}

/// Any seed will do: alphabets hold no more labels than reports have rows.
const SEED: u64 = 0x636c_696e_6368_2e31;

fn hash<T: AsRef<str>>(values: &[T]) -> u32 {
    let mut mix = Mix::new(SEED ^ values.len() as u64);
    values.iter().for_each(|value| mix.write(value.as_ref().as_bytes()));
    mix.short()
}

impl Alphabet {
    pub(crate) fn len(&self) -> usize {
        self.steps.len()
    }

    fn at<T: AsRef<str>>(&self, hash: u32, values: &[T]) -> Option<u32> {
        let same = |held: &Step| {
            held.len() == values.len() && held.iter().zip(values).all(|(a, b)| a.as_str() == b.as_ref())
        };
        self.index.find(hash, |number| same(&self.steps[number as usize]))
    }

    /// The number of a step, if it is known.
    pub(crate) fn find<T: AsRef<str>>(&self, values: &[T]) -> Option<u32> {
        self.at(hash(values), values)
    }

    /// The number of a step; a new one if it is not known.
    pub(crate) fn number<T: AsRef<str>>(&mut self, values: &[T]) -> u32 {
        let hash = hash(values);
        if let Some(number) = self.at(hash, values) {
            return number;
        }
        let number = self.steps.len() as u32;
        self.steps.push(values.iter().map(|value| Label::from(value.as_ref())).collect());
        self.index.insert(hash, number);
        number
    }

    /// Forgets all numbers from `len` on.
    pub(crate) fn truncate(&mut self, len: usize) {
        let kept = std::mem::take(self);
        kept.steps.iter().take(len).for_each(|step| {
            self.number(step);
        });
    }

    /// For each number its place in text order, and the steps in that order.
    pub(crate) fn ranked(&self) -> (Vec<u32>, Vec<Step>) {
        let mut order: Vec<u32> = (0..self.steps.len() as u32).collect();
        order.sort_by(|a, b| self.steps[*a as usize].cmp(&self.steps[*b as usize]));
        let mut ranks = vec![0; order.len()];
        (0..).zip(&order).for_each(|(rank, number)| ranks[*number as usize] = rank);
        (ranks, order.into_iter().map(|number| self.steps[number as usize].clone()).collect())
    }

    /// The numbers here of all steps of another.
    pub(crate) fn take_in(&mut self, other: &Self) -> Vec<u32> {
        other.steps.iter().map(|step| self.number(step)).collect()
    }
}

/// A step as it is printed: `none`, or its values with ` + ` between them.
pub(crate) fn printed(step: &[Label]) -> String {
    match step {
        [] => "none".to_owned(),
        _ => step.iter().map(Label::as_str).collect::<Vec<_>>().join(" + "),
    }
}
