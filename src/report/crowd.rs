//! How many people stand behind each figure: what decides whether a group is too small to be shown.

use std::collections::BTreeMap;

use crate::fact::{Facts, NONE, Symbol};
use crate::journey::{Dimension, label};
use crate::money::Currency;
use crate::question::Question;
use crate::reason::UnattributedReason;
use crate::report::collect::NONE_LABEL;
use crate::report::sums::{Cell, Key, Sums};
use crate::text::Label;

/// What people are counted behind; dimensions, currencies and models by their places in a tally.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    /// A conversion in this currency.
    Earned { currency: usize },
    /// One that touchpoints may claim.
    Claimed { currency: usize },
    /// One that none may, for a reason.
    Unclaimed { currency: usize, reason: UnattributedReason },
    /// One with the bot in its path, or without it.
    Ordered { currency: usize, with_bot: bool },
    /// A value to which a model gives something.
    Row { by: usize, currency: usize, model: usize, symbol: Symbol },
    /// A query in the path of a conversion.
    InPath { query: Symbol },
}

/// People by group: none where groups of any size are shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Crowd {
    counts: BTreeMap<Group, i64>,
    /// The groups that the person at hand stands behind.
    now: Vec<Group>,
    on: bool,
}

impl Crowd {
    pub(crate) fn new(question: &Question) -> Self {
        Self { on: question.min_group > 0, ..Self::default() }
    }

    /// Notes that the person at hand stands behind a group.
    #[inline]
    pub(crate) fn note(&mut self, group: Group) {
        if self.on {
            self.now.push(group);
        }
    }

    /// Counts the person at hand once for each group.
    pub(crate) fn settle(&mut self) {
        self.now.sort_unstable();
        self.now.dedup();
        for group in self.now.drain(..) {
            *self.counts.entry(group).or_default() += 1;
        }
    }

    /// Adds what another tally counted, whose currencies have these places here.
    #[cfg(feature = "parallel")]
    pub(crate) fn add(&mut self, other: &Self, places: &[usize]) {
        for (group, count) in &other.counts {
            let mut group = *group;
            match &mut group {
                Group::Earned { currency }
                | Group::Claimed { currency }
                | Group::Unclaimed { currency, .. }
                | Group::Ordered { currency, .. }
                | Group::Row { currency, .. } => *currency = places[*currency],
                Group::InPath { .. } => {}
            }
            *self.counts.entry(group).or_default() += count;
        }
    }

    /// Adds the counts under the names of things.
    pub(crate) fn sums(
        &self,
        sums: &mut Sums,
        facts: &Facts,
        question: &Question,
        (currencies, dimensions): (&[Option<Currency>], &[Dimension]),
    ) {
        for (group, count) in &self.counts {
            let key = match *group {
                Group::Earned { currency } => Key::PeopleEarned(currencies[currency]),
                Group::Claimed { currency } => Key::PeopleClaimed(currencies[currency]),
                Group::Unclaimed { currency, reason } => Key::PeopleUnclaimed(currencies[currency], reason),
                Group::Ordered { currency, with_bot } => Key::PeopleOrdered(currencies[currency], with_bot),
                Group::InPath { query } => Key::PeopleInPath(label(facts, Dimension::Query, query)),
                Group::Row { by, currency, model, symbol } => {
                    let (by, model) = (dimensions[by], Label::from(question.models[model].name()));
                    let label =
                        if symbol == NONE { Label::from(NONE_LABEL) } else { label(facts, by, symbol) };
                    Key::PeopleCredited(Cell { by, currency: currencies[currency], model }, label)
                }
            };
            sums.add(&key, (*count).into());
        }
    }
}
