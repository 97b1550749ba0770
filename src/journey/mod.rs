//! A shopper's facts in order, and one path per conversion.
//!
//! [`JourneyBuilder`] takes one shopper's events, or many shoppers', and gives their [`Journey`]s: touchpoints in
//! order and, for each conversion, who may claim it, on what evidence, and who may not and why. The facts handed
//! in are the world: every fact that shares an identifier, an order or a code with the shopper belongs in.

mod builder;
mod circle;
mod claim;
mod coded;
mod conversion;
mod ground;
mod order;
mod path;
mod plan;
mod rules;
mod tell;
mod touchpoint;
mod world;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use builder::JourneyBuilder;
pub use conversion::{Conversion, ConversionKind, Line};
pub use path::Path;
pub(crate) use path::kept;
pub use rules::{DirectVisits, POST_PURCHASE_INTENTS, ProductMatch, Reuse, Rules, Transform, Unit};
pub use tell::{Claim, Refused};
pub use touchpoint::{Dimension, Evidence, EvidenceSet, Labels, TouchKind, Touchpoint};

pub(crate) use circle::{Cause, Circle, Shopper, Touch, Turn};
pub(crate) use claim::{Asked, Claiming, Decision, Earned, Source, Standing, What};
pub(crate) use order::{Entered, OrderState, read};
pub(crate) use plan::Plan;
pub(crate) use rules::{fingerprint, quoted};
pub(crate) use tell::{Symbols, label};
pub(crate) use world::World;

use crate::fact::{Book, Booked, Fact, Facts, Known};
use crate::id::Identifier;
use crate::privacy::ConsentPolicy;
use crate::time::nanos_of;

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

/// The journeys of everybody, in the order of their first facts; without people who have neither touchpoints nor
/// conversions.
pub(crate) fn journeys(world: &World<'_>) -> Vec<Journey> {
    let mut journeys = Vec::new();
    for number in world.clusters() {
        let mut circle = Circle::new(world, number);
        circle.find_causes();
        let firsts = circle.first_facts();
        for (shopper, first) in circle.shoppers.iter().zip(firsts) {
            let journey = circle.journey(shopper, world.as_of);
            if !journey.touchpoints.is_empty() || !journey.claims.is_empty() {
                journeys.push((first, journey));
            }
        }
    }
    journeys.sort_by(|(a, _), (b, _)| a.cmp(b));
    journeys.into_iter().map(|(_, journey)| journey).collect()
}

/// The journeys of everybody whose facts name an identifier, in the order of their first facts.
pub(crate) fn journeys_of(
    facts: &Facts,
    rules: &Rules,
    policy: ConsentPolicy,
    as_of: DateTime<Utc>,
    identifier: &Identifier,
) -> Vec<Journey> {
    let known = Known { kind: identifier.kind(), name: facts.key().pseudonym(identifier) };
    let Some(handle) = facts.names.find_one(known) else { return Vec::new() };
    let number = facts.names.cluster(handle);
    let world = World::around(facts, rules, policy, as_of, number);
    let mut circle = Circle::new(&world, number);
    circle.find_causes();
    let people = circle.people_naming(handle);
    let firsts = circle.first_facts();
    let mut journeys: Vec<(Option<Fact>, Journey)> = Vec::new();
    for (shopper, first) in circle.shoppers.iter().zip(firsts) {
        if people.contains(&shopper.person) {
            journeys.push((first, circle.journey(shopper, as_of)));
        }
    }
    journeys.sort_by(|(a, _), (b, _)| a.cmp(b));
    journeys.into_iter().map(|(_, journey)| journey).collect()
}

impl<'a> Circle<'_, 'a> {
    /// Everything about one person.
    fn journey(&self, shopper: &Shopper<'a>, as_of: DateTime<Utc>) -> Journey {
        let asked = Asked { evidence: true, refused: false };
        let standings = Claiming::new(self, shopper, asked).whole(nanos_of(as_of));
        let touchpoints = standings.iter().map(|standing| self.touchpoint(shopper, standing)).collect();
        Journey { known: shopper.known, touchpoints, claims: self.claims(shopper) }
    }

    /// The first fact of each person, orders and refunds among them.
    fn first_facts(&self) -> Vec<Option<Fact>> {
        let facts = self.world.facts;
        let mut firsts: Vec<Option<Fact>> = vec![None; self.shoppers.len()];
        let mut note = |person: usize, fact: Fact| {
            let held = &mut firsts[person];
            if held.as_ref().is_none_or(|held| fact < *held) {
                *held = Some(fact);
            }
        };
        if self.number == 0 {
            self.rows.iter().enumerate().for_each(|(place, row)| note(place, facts.fact(self.cluster, row)));
            for shopper in &self.shoppers[self.rows.len()..] {
                // The person of an order that names nobody: its version that holds stands for it.
                shopper.orders.iter().for_each(|state| {
                    note(shopper.person as usize, state.winner.fact(state.id, &facts.names))
                });
            }
            return firsts;
        }
        let mut first_at: Vec<Option<i128>> = vec![None; self.shoppers.len()];
        for row in self.rows.iter() {
            let (person, at) = (self.people.of(row.handle) as usize, row.at.nanos());
            // Rows stand in order; of those at one instant the content may decide.
            if *first_at[person].get_or_insert(at) == at {
                note(person, facts.fact(self.cluster, row));
            }
        }
        for (book, held) in self.booked() {
            note(self.people.of(held.handle) as usize, held.fact(&book.order, &facts.names));
        }
        firsts
    }

    /// Versions of orders and refunds that name somebody here.
    fn booked(&self) -> impl Iterator<Item = (&'a Book, &'a Booked)> + '_ {
        let facts = self.world.facts;
        let held = self.cluster.books.iter().flat_map(move |book| {
            let book = facts.books.get(*book);
            book.facts().map(move |held| (book, held))
        });
        let held = held.filter(|(_, held)| held.seen(self.world.as_of));
        held.filter(move |(_, held)| facts.names.cluster(held.handle) == self.number)
    }

    /// The people whose facts name an identifier.
    fn people_naming(&self, identifier: u32) -> Vec<u32> {
        // What an erased customer left behind is no journey.
        let names = |handle: u32| {
            let facts = self.world.facts;
            facts.names.members(handle).contains(&identifier)
                && !facts.gone.is_ghostly(&facts.names.who(handle))
        };
        let rows = self.rows.iter().map(|row| row.handle);
        let handles = rows.chain(self.booked().map(|(_, held)| held.handle)).filter(|handle| names(*handle));
        let mut people: Vec<u32> = handles.map(|handle| self.people.of(handle)).collect();
        people.sort_unstable();
        people.dedup();
        people
    }
}
