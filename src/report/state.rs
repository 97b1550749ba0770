//! What has been counted for a question, the long way and the short.

use crate::fact::Facts;
use crate::journey::World;
use crate::question::Question;
use crate::report::plain::Plain;
use crate::report::sums::Sums;
use crate::report::tally::Tally;

/// What has been counted so far.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) tally: Tally,
    /// The short way, where the question allows it.
    pub(crate) plain: Option<Plain>,
}

impl State {
    pub(crate) fn new(world: &World<'_>, question: &Question) -> Self {
        let tally = Tally::new(question);
        let plain = Plain::new(world, question, &tally);
        Self { tally, plain }
    }

    /// Takes in the contents that have come since.
    pub(crate) fn grow(&mut self, world: &World<'_>) {
        self.plain.iter_mut().for_each(|plain| plain.grow(world));
    }

    /// All of it in one tally.
    pub(crate) fn whole(self) -> Tally {
        let Self { mut tally, plain } = self;
        plain.iter().for_each(|plain| plain.finish(&mut tally));
        tally
    }

    pub(crate) fn sums(self, facts: &Facts, question: &Question) -> Sums {
        self.whole().sums(facts, question)
    }
}
