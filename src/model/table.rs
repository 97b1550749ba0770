//! Paths with what became of them: what fitted models learn from.

use std::fmt;
use std::hash::Hasher;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::error::{ErrorKind, Result};
use crate::fact::{Index, Mix};
use crate::model::alphabet::{Alphabet, Step};
use crate::model::exact::Exact;
use crate::text::Label;

/// How many journeys of one path ended how.
///
/// ```
/// use clinch::Outcome;
///
/// let outcome = Outcome { conversions: 3.0, value: 94.42, nulls: 25.0 };
/// assert_eq!(Outcome::default(), Outcome { conversions: 0.0, value: 0.0, nulls: 0.0 });
/// # let _ = outcome;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// Journeys that ended in a conversion: 0 or more.
    pub conversions: f64,
    /// What these conversions were worth together, in any one unit; it may be negative.
    pub value: f64,
    /// Journeys that ended without one: 0 or more.
    pub nulls: f64,
}

/// The same without rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ends {
    pub(crate) conversions: Exact,
    pub(crate) value: Exact,
    pub(crate) nulls: Exact,
}

impl Ends {
    /// How many journeys.
    pub(crate) fn journeys(self) -> Exact {
        self.conversions + self.nulls
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.conversions += other.conversions;
        self.value += other.value;
        self.nulls += other.nulls;
    }

    pub(crate) fn is_zero(self) -> bool {
        self == Self::default()
    }

    /// Takes value away that no conversion brought.
    pub(crate) fn take_unearned(&mut self) -> Exact {
        if self.conversions.is_zero() { std::mem::take(&mut self.value) } else { Exact::ZERO }
    }

    pub(crate) fn outcome(self) -> Outcome {
        let Self { conversions, value, nulls } = self;
        Outcome { conversions: conversions.to_f64(), value: value.to_f64(), nulls: nulls.to_f64() }
    }
}

impl TryFrom<Outcome> for Ends {
    type Error = crate::Error;

    fn try_from(outcome: Outcome) -> Result<Self> {
        let Outcome { conversions, value, nulls } = outcome;
        let read = |what: &'static str, number: f64, signed: bool| match Exact::new(number) {
            Some(exact) if signed || !exact.is_negative() => Ok(exact),
            _ => Err(ErrorKind::Outcome { what, found: number }),
        };
        Ok(Self {
            conversions: read("conversions", conversions, false)?,
            value: read("value", value, true)?,
            nulls: read("nulls", nulls, false)?,
        })
    }
}

/// Paths of labels, each with the number of journeys that took it to a conversion, their value, and the number of
/// those that ended without.
///
/// It is what fitted models learn from, whoever counted: rows may repeat, come in any order and in parts that are
/// merged. Nothing that is fitted to it, and not its serialised form, hangs on that. Labels are compared as they
/// stand, with case; they are not cut at any separator.
///
/// A path of no label is kept: what it earned is credited to nothing, and no chain is fitted to it. Value on a row
/// without conversions is credited to nothing either, whatever other rows the path has.
///
/// ```
/// use clinch::{Outcome, PathTable};
///
/// let mut table = PathTable::new();
/// table.add(["search", "email"], Outcome { conversions: 2.0, value: 80.0, nulls: 1.0 })?;
/// table.add(["email"], Outcome { nulls: 3.0, ..Outcome::default() })?;
/// assert_eq!(table.total(), Outcome { conversions: 2.0, value: 80.0, nulls: 4.0 });
/// # Ok::<(), clinch::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct PathTable {
    alphabet: Alphabet,
    /// The steps of all distinct paths, one after the other.
    steps: Vec<u32>,
    /// Where each path ends in `steps`, and the outcome of all rows that it came in.
    rows: Vec<(usize, Ends)>,
    /// Places in `rows`, by path.
    index: Index,
    /// How many rows were added.
    added: usize,
    total: Ends,
    /// Value on rows without conversions.
    unearned: Exact,
    /// A bound on every sum that anybody forms: journeys and absolute value, once for each step.
    weight: Exact,
}

impl PathTable {
    /// A table without paths.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds journeys of one path, its labels oldest first.
    ///
    /// # Errors
    /// `Outcome` if conversions or nulls are negative, or a number is not finite or reaches 2^53, `SumTooLarge` if
    /// the table's sums become too large to be exact (10^20). Nothing has changed then.
    pub fn add<I>(&mut self, path: I, outcome: Outcome) -> Result<()>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let ends = Ends::try_from(outcome)?;
        let (labels, start) = (self.alphabet.len(), self.steps.len());
        for label in path {
            let number = self.alphabet.number(&[label.as_ref()]);
            self.steps.push(number);
        }
        self.close(labels, start, ends)
    }

    /// Adds journeys of touchpoints that may have several values each, or none.
    pub(crate) fn add_steps(&mut self, path: impl Iterator<Item = Step>, ends: Ends) -> Result<()> {
        let (labels, start) = (self.alphabet.len(), self.steps.len());
        for step in path {
            let number = self.alphabet.number(&step);
            self.steps.push(number);
        }
        self.close(labels, start, ends)
    }

    /// Ends the path whose steps have been put down from `start` on; forgets it and its new labels if it does not fit.
    fn close(&mut self, labels: usize, start: usize, mut ends: Ends) -> Result<()> {
        let most = ends.journeys() + ends.value.abs();
        let weight = most.checked_mul(self.steps.len() - start + 1);
        let Some(weight) = weight.and_then(|weight| weight.checked_add(self.weight)) else {
            self.steps.truncate(start);
            self.alphabet.truncate(labels);
            return Err(ErrorKind::SumTooLarge { what: "a table of paths" }.into());
        };
        self.weight = weight;
        self.total.add(ends);
        self.unearned += ends.take_unearned();
        self.added += 1;
        self.put(start, ends);
        Ok(())
    }

    /// Adds to the row of the path that has been put down from `start` on; a path that is new becomes one.
    fn put(&mut self, start: usize, ends: Ends) {
        let path = &self.steps[start..];
        let hash = hash(path);
        let (rows, steps) = (&self.rows, &self.steps);
        let begins = |row: usize| row.checked_sub(1).map_or(0, |before| rows[before].0);
        let same = |row: u32| &steps[begins(row as usize)..rows[row as usize].0] == path;
        if let Some(row) = self.index.find(hash, same) {
            self.rows[row as usize].1.add(ends);
            self.steps.truncate(start);
        } else {
            self.index.insert(hash, self.rows.len() as u32);
            self.rows.push((self.steps.len(), ends));
        }
    }

    /// Adds all paths of another table, as if they had been added one by one.
    ///
    /// # Errors
    /// `SumTooLarge` if the sums become too large to be exact (10^20); nothing has changed then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        let weight = self.weight.checked_add(other.weight);
        self.weight = weight.ok_or(ErrorKind::SumTooLarge { what: "a table of paths" })?;
        let numbers = self.alphabet.take_in(&other.alphabet);
        for (path, ends) in other.rows() {
            let start = self.steps.len();
            self.steps.extend(path.iter().map(|step| numbers[*step as usize]));
            self.put(start, ends);
        }
        self.added += other.added;
        self.total.add(other.total);
        self.unearned += other.unearned;
        Ok(())
    }

    /// How many rows were added.
    pub fn len(&self) -> usize {
        self.added
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.added == 0
    }

    /// All rows together.
    pub fn total(&self) -> Outcome {
        self.total.outcome()
    }

    /// The labels in text order, each with its values: one, where paths were added as text.
    pub fn labels(&self) -> Vec<Vec<Label>> {
        self.alphabet.ranked().1.into_iter().map(|step| step.into_vec()).collect()
    }

    pub(crate) fn alphabet(&self) -> &Alphabet {
        &self.alphabet
    }

    /// Value on rows without conversions, which stands in no row.
    pub(crate) fn unearned(&self) -> Ends {
        Ends { value: self.unearned, ..Ends::default() }
    }

    /// Distinct paths as numbers of labels, with the outcomes of all their rows, in the order in which they came.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&[u32], Ends)> {
        let starts = std::iter::once(0).chain(self.rows.iter().map(|(end, _)| *end));
        starts.zip(&self.rows).map(|(start, (end, ends))| (&self.steps[start..*end], *ends))
    }

    /// Distinct paths in order, with the outcomes of all their rows.
    pub(crate) fn canonical(&self) -> Canonical {
        let (ranks, labels) = self.alphabet.ranked();
        let steps: Vec<u32> = self.steps.iter().map(|step| ranks[*step as usize]).collect();
        let starts = std::iter::once(0).chain(self.rows.iter().map(|(end, _)| *end));
        let rows = starts.zip(&self.rows).map(|(start, (end, ends))| (start..*end, *ends));
        let mut rows: Vec<(Range<usize>, Ends)> = rows.collect();
        rows.sort_unstable_by(|(a, _), (b, _)| steps[a.clone()].cmp(&steps[b.clone()]));
        Canonical { labels, steps, rows, unearned: self.unearned() }
    }
}

/// The hash of a path. Any seed will do: a table is no larger than what its caller counted.
fn hash(path: &[u32]) -> u32 {
    let mut mix = Mix::new(path.len() as u64);
    for pair in path.chunks(2) {
        mix.write_u64(u64::from(pair[0]) << 32 | u64::from(pair.get(1).copied().unwrap_or_default()));
    }
    mix.short()
}

/// The distinct paths of a table, whatever rows they came in.
pub(crate) struct Canonical {
    /// In text order.
    pub(crate) labels: Vec<Step>,
    steps: Vec<u32>,
    rows: Vec<(Range<usize>, Ends)>,
    /// Value on rows without conversions, which stands in no row.
    pub(crate) unearned: Ends,
}

impl Canonical {
    /// Paths as places in `labels`, themselves in order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&[u32], Ends)> {
        self.rows.iter().map(|(path, ends)| (&self.steps[path.clone()], *ends))
    }

    fn form(&self) -> Form {
        let paths = self.rows().map(|(path, ends)| (path.to_vec(), ends)).collect();
        Form { labels: self.labels.clone(), paths, unearned: self.unearned.value }
    }
}

/// Tables are equal if the same paths came to the same ends, in whatever rows.
impl PartialEq for PathTable {
    fn eq(&self, other: &Self) -> bool {
        self.canonical().form() == other.canonical().form()
    }
}

impl fmt::Debug for PathTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PathTable({} rows, {} labels)", self.added, self.alphabet.len())
    }
}

/// Labels in text order; distinct paths as places in them, in order; value on rows without conversions; amounts as
/// decimal text.
#[derive(PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    labels: Vec<Step>,
    paths: Vec<(Vec<u32>, Ends)>,
    unearned: Exact,
}

impl Serialize for PathTable {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.canonical().form().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PathTable {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;

        let Form { labels, paths, unearned } = Form::deserialize(deserializer)?;
        let mut table = Self::new();
        for step in &labels {
            if !step.is_sorted_by(|a, b| a < b) {
                return Err(D::Error::custom("the values of a label stand in text order, each once"));
            }
            table.alphabet.number(step);
        }
        if table.alphabet.len() != labels.len() {
            return Err(D::Error::custom("a label stands twice in the list"));
        }
        for (path, ends) in paths {
            if path.iter().any(|step| *step as usize >= labels.len()) {
                return Err(D::Error::custom("a path names a label that is not in the list"));
            }
            if ends.conversions.is_negative() || ends.nulls.is_negative() {
                return Err(D::Error::custom("conversions and nulls are 0 or more"));
            }
            let start = table.steps.len();
            table.steps.extend(path);
            table.close(labels.len(), start, ends).map_err(D::Error::custom)?;
        }
        let weight = table.weight.checked_add(unearned.abs());
        table.weight = weight.ok_or_else(|| D::Error::custom("the sums are too large to be exact"))?;
        table.unearned += unearned;
        table.total.value += unearned;
        Ok(table)
    }
}
