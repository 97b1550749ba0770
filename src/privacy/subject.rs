//! Whom a request is about, and what was removed for it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{Identifier, Identifiers};
use crate::text::OrderId;

/// The person that a request is about, by any identifiers and orders that are known of them. `Debug` shows none.
///
/// ```
/// use clinch::{OrderId, Subject, Who};
///
/// let subject = Subject::from(Who::customer("k4").email("ada@example.com")).order("1001");
/// assert_eq!(format!("{subject:?}"), "Subject(2 identifiers, 1 orders)");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Subject {
    identifiers: Vec<Identifier>,
    orders: Vec<OrderId>,
}

impl Subject {
    /// The person that an order belongs to.
    pub fn of_order(order: impl Into<OrderId>) -> Self {
        Self::default().order(order)
    }

    /// Known by this identifier too; of one kind there may be several.
    pub fn identifier(mut self, identifier: Identifier) -> Self {
        self.identifiers.push(identifier);
        self
    }

    /// Known by this order too.
    pub fn order(mut self, order: impl Into<OrderId>) -> Self {
        self.orders.push(order.into());
        self
    }

    /// The identifiers given.
    pub fn identifiers(&self) -> &[Identifier] {
        &self.identifiers
    }

    /// The orders given.
    pub fn orders(&self) -> &[OrderId] {
        &self.orders
    }
}

impl From<Identifier> for Subject {
    fn from(identifier: Identifier) -> Self {
        Self::default().identifier(identifier)
    }
}

impl From<Identifiers> for Subject {
    fn from(who: Identifiers) -> Self {
        Self { identifiers: who.iter().cloned().collect(), orders: Vec::new() }
    }
}

impl From<OrderId> for Subject {
    fn from(order: OrderId) -> Self {
        Self::of_order(order)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({} identifiers, {} orders)", self.identifiers.len(), self.orders.len())
    }
}

/// What an erasure removed. It names nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Erased {
    /// Facts that are gone, by kind.
    pub facts: BTreeMap<String, u64>,
    /// Orders that belong to nobody from now on: their money is in the totals as `erased`, or gone.
    pub orders: u64,
    /// Identifiers of which events dated up to the erasure are refused from now on.
    pub identifiers: u64,
    /// Identifiers that stay, since facts of somebody else name them too.
    pub shared: u64,
    /// Facts of others that spoke of the person, and do so no more.
    pub mentions: u64,
}

impl Erased {
    /// Whether there was nothing to remove. Events dated up to the erasure that name an identifier given are refused
    /// from now on nonetheless.
    pub fn is_nothing(&self) -> bool {
        self.facts.is_empty() && self.orders == 0 && self.mentions == 0
    }

    pub(crate) fn count(&mut self, kind: &str, facts: u64) {
        if facts > 0 {
            *self.facts.entry(kind.to_owned()).or_default() += facts;
        }
    }
}

impl fmt::Display for Erased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { facts, orders, identifiers, shared, mentions } = self;
        let facts = facts.values().sum::<u64>();
        write!(f, "{facts} facts, {orders} orders, {identifiers} identifiers refused from now on")?;
        write!(f, " ({shared} shared with others stay), {mentions} mentions")
    }
}
