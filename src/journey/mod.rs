//! A shopper's facts in order, and one path per conversion.
//!
//! [`JourneyBuilder`] takes one shopper's events, or many shoppers', and gives their [`Journey`]s: touchpoints in
//! order and, for each conversion, who may claim it, on what evidence, and who may not and why. The facts handed
//! in are the world: every fact that shares an identifier, an order or a code with the shopper belongs in.

mod builder;
mod claim;
mod conversion;
mod order;
mod path;
mod rules;
mod touchpoint;
mod world;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use builder::JourneyBuilder;
pub use claim::{Claim, Refused};
pub use conversion::{Conversion, ConversionKind, Line};
pub use path::Path;
pub use rules::{DirectVisits, POST_PURCHASE_INTENTS, ProductMatch, Reuse, Rules, Transform, Unit};
pub use touchpoint::{Dimension, Evidence, EvidenceSet, Labels, TouchKind, Touchpoint};

pub(crate) use claim::{Claiming, Earlier};
pub(crate) use order::OrderState;
pub(crate) use rules::{fingerprint, quoted};
pub(crate) use world::World;

use crate::event::Kind;
use crate::id::Identifier;

/// One person's touchpoints and conversions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Journey {
    /// Whether the person is a known one: a customer or a mailbox.
    pub known: bool,
    /// Everything that may earn, in order, whether or not a conversion followed.
    pub touchpoints: Vec<Touchpoint>,
    /// The conversions in order, each with its path. Orders that do not count are left out.
    pub claims: Vec<Claim>,
}

impl<'a> World<'a> {
    /// The orders of every person, in the order of their ids; those that do not count too.
    pub(crate) fn orders_by_person(&self) -> Vec<Vec<&OrderState<'a>>> {
        let mut orders = vec![Vec::new(); self.members.len()];
        for state in self.ledger.orders.values() {
            orders[self.person(state.winner)].push(state);
        }
        orders
    }

    /// A person's conversions with their paths, in order of time; at one instant goals stand before orders.
    pub(crate) fn claims(&self, person: usize, orders: &[&OrderState<'a>]) -> Vec<Claim> {
        let counting = orders.iter().filter(|state| state.counts());
        let mut earned: Vec<(Conversion, usize)> =
            counting.map(|state| (state.conversion(), state.winner)).collect();
        for place in &self.members[person] {
            let fact = self.facts[*place];
            if let Kind::Goal(goal) = &fact.kind {
                let kind = ConversionKind::Goal { goal: goal.goal.clone(), event: fact.id.clone() };
                let (total, value, at) = (goal.value, goal.value, fact.at);
                let conversion = Conversion { kind, at, total, value, over_refunded: 0, lines: Vec::new() };
                earned.push((conversion, *place));
            }
        }
        earned.sort_by(|(a, _), (b, _)| (a.at, &a.kind).cmp(&(b.at, &b.kind)));
        let mut earlier = Earlier::default();
        let mut claims = Vec::with_capacity(earned.len());
        for (conversion, fact) in earned {
            let claim = Claiming::claim(self, fact, conversion, &earlier);
            earlier.last = Some(claim.conversion.at);
            earlier.consumed.extend(claim.sources.iter().flatten());
            claims.push(claim);
        }
        claims
    }

    /// The journeys of everybody whose facts name this identifier, in the order of their first facts.
    pub(crate) fn journeys_of(&self, identifier: &Identifier, as_of: DateTime<Utc>) -> Vec<Journey> {
        let name = self.key.pseudonym(identifier);
        let names = |place: &usize| self.facts[*place].get(identifier.kind()) == Some(name);
        let mut people: Vec<usize> =
            (0..self.facts.len()).filter(names).map(|place| self.person(place)).collect();
        people.sort_unstable();
        people.dedup();
        let orders = self.orders_by_person();
        people.into_iter().map(|person| self.journey(person, &orders[person], as_of)).collect()
    }

    /// Everything about one person.
    pub(crate) fn journey(&self, person: usize, orders: &[&OrderState<'a>], as_of: DateTime<Utc>) -> Journey {
        let mut claims = self.claims(person, orders);
        // Where events stand among all facts is nothing that a journey says, so it must not make two differ.
        claims.iter_mut().for_each(|claim| claim.sources.clear());
        let touchpoints = Claiming::whole(self, person, as_of);
        Journey { known: self.people.known[person], touchpoints, claims }
    }
}
