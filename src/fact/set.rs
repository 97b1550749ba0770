//! The set of facts: distinct, in one order whatever order they came in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::error::{ErrorKind, Result};
use crate::event::Event;
use crate::fact::door::{self, Door};
use crate::fact::intake::{Intake, Recorded};
use crate::fact::{Fact, Known, Limits};
use crate::id::Key;
use crate::text::OrderId;

/// Distinct facts under one key.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    key: Key,
    limits: Limits,
    set: BTreeSet<Arc<Fact>>,
    identifiers: BTreeSet<Known>,
    /// The newest version of each order.
    newest: BTreeMap<OrderId, Arc<Fact>>,
}

impl Facts {
    pub(crate) fn new(key: Key, limits: Limits) -> Self {
        let (set, identifiers, newest) = Default::default();
        Self { key, limits, set, identifiers, newest }
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn len(&self) -> usize {
        self.set.len()
    }

    /// All facts, by time, kind, id and content.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Fact> {
        self.set.iter().map(|fact| &**fact)
    }

    /// The id under which an order's facts are kept.
    pub(crate) fn order_id(&self, order: &OrderId) -> OrderId {
        self.door().order_id(order)
    }

    fn door(&self) -> Door<'_> {
        Door { key: &self.key, limits: &self.limits }
    }

    pub(crate) fn record(&mut self, event: Event) -> Result<Recorded> {
        match self.door().enter(event) {
            Ok(fact) => self.insert(Arc::new(fact)),
            Err(reason) => Ok(Recorded::Dropped(reason)),
        }
    }

    pub(crate) fn extend(&mut self, events: impl IntoIterator<Item = impl Into<Event>>) -> Result<Intake> {
        let mut intake = Intake::default();
        for event in events {
            intake.count(self.record(event.into())?);
        }
        Ok(intake)
    }

    fn insert(&mut self, fact: Arc<Fact>) -> Result<Recorded> {
        if self.set.contains(&fact) {
            return Ok(Recorded::Repeated);
        }
        let new = |known: &&Known| !self.identifiers.contains(known);
        let identifiers = self.identifiers.len() + fact.who.iter().filter(new).count();
        self.fits(self.set.len() + 1, identifiers)?;
        self.identifiers.extend(fact.who.iter().copied());
        let recorded = self.note_version(&fact);
        self.set.insert(fact);
        Ok(recorded)
    }

    fn fits(&self, facts: usize, identifiers: usize) -> Result<()> {
        let caps =
            [("facts", facts, self.limits.facts), ("identifiers", identifiers, self.limits.identifiers)];
        match caps.into_iter().find(|(_, count, limit)| *count as u64 > *limit) {
            Some((what, _, limit)) => Err(ErrorKind::Full { what, limit }.into()),
            None => Ok(()),
        }
    }

    /// Keeps the newest version of an order at hand, and says whether this one is older.
    fn note_version(&mut self, fact: &Arc<Fact>) -> Recorded {
        let Some(order) = fact.order() else { return Recorded::New };
        if let Some(held) = self.newest.get(&order.order)
            && door::newer(held, fact, &self.key)
        {
            return Recorded::Superseded;
        }
        self.newest.insert(order.order.clone(), Arc::clone(fact));
        Recorded::New
    }

    /// Takes in every fact of `other`.
    ///
    /// # Errors
    /// `KeyMismatch` or `LimitsMismatch` if the two were made with another key or other limits, `Full` at a cap;
    /// nothing has changed then.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<()> {
        if self.key != other.key {
            return Err(ErrorKind::KeyMismatch.into());
        }
        if self.limits != other.limits {
            return Err(ErrorKind::LimitsMismatch.into());
        }
        let facts = self.set.len() + other.set.difference(&self.set).count();
        let identifiers = self.identifiers.len() + other.identifiers.difference(&self.identifiers).count();
        self.fits(facts, identifiers)?;
        for fact in &other.set {
            // Nothing that fits as a whole fails in part.
            let _recorded = self.insert(Arc::clone(fact))?;
        }
        Ok(())
    }
}

impl PartialEq for Facts {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.limits == other.limits && self.set == other.set
    }
}
