//! Rule models over a table of paths.

use crate::error::{ErrorKind, Result};
use crate::model::alphabet::Step;
use crate::model::attribution::{Attribution, PerLabel};
use crate::model::table::{Canonical, Ends, PathTable};
use crate::model::{BuiltIn, Model, Participation, Steps, Weights};

/// How often the number at each place stands in a list.
pub(super) fn multiplicities(numbers: &[u32]) -> Vec<u32> {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    let count = |number: &u32| {
        let below = sorted.partition_point(|other| other < number);
        (sorted.partition_point(|other| other <= number) - below) as u32
    };
    numbers.iter().map(count).collect()
}

/// A path of a table as rule models look at it: without times.
struct Labels<'a> {
    path: &'a [u32],
    /// For each place the number of its label by first appearance in the path.
    keys: &'a [usize],
    direct: Option<u32>,
}

impl Steps for Labels<'_> {
    fn len(&self) -> usize {
        self.path.len()
    }

    fn is_direct(&self, place: usize) -> bool {
        self.direct == Some(self.path[place])
    }

    fn key(&self, place: usize) -> usize {
        self.keys[place]
    }

    fn nanos(&self, _: usize) -> i128 {
        0
    }
}

impl PathTable {
    /// What a rule model credits to each label, every conversion on its own.
    ///
    /// A label `direct`, in this spelling, is a direct visit to [`BuiltIn::LastNonDirect`]. Where a label stands in
    /// several touchpoints of a path, what these got is added up.
    ///
    /// ```
    /// use clinch::{Outcome, PathTable};
    ///
    /// let mut table = PathTable::new();
    /// table.add(["a", "b", "a"], Outcome { conversions: 3.0, value: 30.0, nulls: 1.0 })?;
    /// let linear = table.attribution(&"linear".parse()?)?;
    /// assert_eq!(linear.get("a").unwrap().conversions, Some(2.0));
    /// assert_eq!(linear.get("b").unwrap().value, Some(10.0));
    /// # Ok::<(), clinch::Error>(())
    /// ```
    ///
    /// # Errors
    /// `NeedsTime` for [`BuiltIn::TimeDecay`]: a table has no times.
    pub fn attribution(&self, model: &BuiltIn) -> Result<Attribution> {
        if let BuiltIn::TimeDecay(_) = model {
            return Err(ErrorKind::NeedsTime { model: model.name().to_owned() }.into());
        }
        let paths = self.canonical();
        let is_direct = |step: &Step| matches!(&step[..], [label] if label.as_str() == "direct");
        let direct = paths.labels.iter().position(is_direct).map(|place| place as u32);
        let mut numbers = vec![usize::MAX; paths.labels.len()];
        let (mut keys, mut weights) = (Vec::new(), Weights::default());
        let weigh = |path: &[u32], shares: &mut Vec<f64>| {
            let mut next = 0;
            keys.clear();
            for label in path {
                let number = &mut numbers[*label as usize];
                if *number == usize::MAX {
                    *number = next;
                    next += 1;
                }
                keys.push(*number);
            }
            path.iter().for_each(|label| numbers[*label as usize] = usize::MAX);
            weights.clear();
            model.weigh_steps(&Labels { path, keys: &keys, direct }, &mut weights);
            shares.extend_from_slice(weights.as_slice());
        };
        Ok(self.credit(model.name().to_owned(), &paths, weigh))
    }

    /// The full conversions and value of every path to each of its distinct labels: they do not sum to the total.
    ///
    /// See [`Participation`].
    pub fn participation(&self) -> Attribution {
        let paths = self.canonical();
        let mut sums = vec![Ends::default(); paths.labels.len()];
        let (mut seen, mut unattributed) = (vec![usize::MAX; paths.labels.len()], paths.unearned);
        for (row, (path, ends)) in paths.rows().enumerate() {
            for label in path {
                let place = *label as usize;
                if std::mem::replace(&mut seen[place], row) != row {
                    sums[place].add(ends);
                }
            }
            if path.is_empty() {
                unattributed.add(ends);
            }
        }
        let labels = paths.labels.iter().zip(sums).map(|(step, ends)| {
            PerLabel::new(step, Some(ends.conversions.to_f64()), Some(ends.value.to_f64()))
        });
        Attribution::whole(Participation::NAME.to_owned(), labels.collect(), self.total(), unattributed)
    }

    /// Shares every path's conversions and value out by weights; a path whose weights are all zero stays unattributed.
    pub(super) fn credit(
        &self,
        model: String,
        paths: &Canonical,
        mut weigh: impl FnMut(&[u32], &mut Vec<f64>),
    ) -> Attribution {
        let mut sums = vec![[0.0; 2]; paths.labels.len()];
        let (mut weights, mut unattributed) = (Vec::new(), paths.unearned);
        for (path, ends) in paths.rows() {
            weights.clear();
            if !path.is_empty() && !ends.conversions.is_zero() {
                weigh(path, &mut weights);
            }
            let sum: f64 = weights.iter().sum();
            if sum == 0.0 {
                unattributed.add(ends);
                continue;
            }
            let (conversions, value) = (ends.conversions.to_f64(), ends.value.to_f64());
            for (label, weight) in path.iter().zip(&weights) {
                let [held, held_value] = &mut sums[*label as usize];
                *held += conversions * (weight / sum);
                *held_value += value * (weight / sum);
            }
        }
        let labels = paths.labels.iter().zip(sums);
        let labels =
            labels.map(|(step, [conversions, value])| PerLabel::new(step, Some(conversions), Some(value)));
        Attribution::whole(model, labels.collect(), self.total(), unattributed)
    }
}
