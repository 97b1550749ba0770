//! Who looks on while facts come in one by one.

use crate::fact::cluster::Draft;
use crate::fact::{Fact, Facts, Handle};

/// What a fact is about to change.
#[derive(Clone, Copy)]
pub(crate) struct Change<'c> {
    /// Clusters that change or become one.
    pub(crate) clusters: &'c [u32],
    /// The order that it is about; before it, only if anything is known of it.
    pub(crate) book: Option<u32>,
    /// The hash of its id, if it is a turn.
    pub(crate) turn: Option<u32>,
    /// The fact, if it is a row whose content and identifiers were here before.
    pub(crate) row: Option<&'c Draft<'c>>,
    /// The fact, if it is about an order and its identifiers were here before.
    pub(crate) order: Option<(&'c Fact, Handle)>,
}

impl<'c> Change<'c> {
    pub(crate) fn of(clusters: &'c [u32]) -> Self {
        Self { clusters, book: None, turn: None, row: None, order: None }
    }
}

/// Told of every fact that is new, before and after.
pub(crate) trait Witness {
    /// Whether it looks at changes at all.
    const LOOKS: bool = true;

    /// Nothing has changed yet.
    fn before(&mut self, facts: &Facts, change: &Change<'_>);

    /// The fact is in the set, under this handle; under none if it stands with its order alone.
    fn after(&mut self, facts: &Facts, handle: Option<Handle>, change: &Change<'_>);
}

/// Nobody looks on.
impl Witness for () {
    const LOOKS: bool = false;

    fn before(&mut self, _: &Facts, _: &Change<'_>) {}

    fn after(&mut self, _: &Facts, _: Option<Handle>, _: &Change<'_>) {}
}
