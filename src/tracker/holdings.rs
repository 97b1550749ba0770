//! The one list of what is somebody's: what an export shows and what an erasure removes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::event::Kind;
use crate::fact::{Class, Fact, Facts, Known, NOBODY};
use crate::identity::People;
use crate::journey::{Rules, World};
use crate::privacy::{ConsentPolicy, Subject};
use crate::text::OrderId;
use crate::time::nanos_of;

/// Everything that is one person's. Whoever adds to it has to say in both places what becomes of it.
#[derive(Default)]
pub(super) struct Holdings {
    /// Identifiers given or named in the facts, and whether a fact of somebody else names it too.
    pub(super) identifiers: BTreeMap<Known, bool>,
    /// Facts, those about the person's orders included.
    pub(super) facts: Vec<Held>,
    /// Orders, as their ids are kept; those given too, whether or not they are here.
    pub(super) orders: BTreeSet<OrderId>,
}

/// One fact of a person.
pub(super) struct Held {
    pub(super) fact: Fact,
    /// The cluster that it stood in, and the person's number there.
    pub(super) person: (u32, u32),
    /// Whether that is a known person.
    pub(super) known: bool,
    /// Whether it claims that its identifiers belong together.
    pub(super) claims: bool,
}

/// The part of one cluster that is the person's.
struct Part {
    number: u32,
    people: People,
    persons: BTreeSet<u32>,
}

impl Part {
    fn owns(&self, handle: u32) -> bool {
        self.number != 0 && self.persons.contains(&self.people.of(handle))
    }
}

impl Holdings {
    /// What up to `as_of` belongs to the subject, by everything that is known.
    pub(super) fn find(facts: &Facts, subject: &Subject, as_of: DateTime<Utc>) -> Self {
        Self::gathered(facts, subject, as_of, true)
    }

    /// The touchpoints of it alone. Orders stay then, and whoever is named in one of them is.
    pub(super) fn touchpoints(facts: &Facts, subject: &Subject, as_of: DateTime<Utc>) -> Self {
        let mut holdings = Self::gathered(facts, subject, as_of, false);
        holdings.facts.retain(|held| Class::of(held.fact.kind.rank()) == Class::Touchpoint);
        holdings.orders.clear();
        holdings
    }

    fn gathered(facts: &Facts, subject: &Subject, as_of: DateTime<Utc>, orders_go: bool) -> Self {
        let rules = Rules::default();
        let world = World::planned(facts, &rules, ConsentPolicy::default(), DateTime::<Utc>::MAX_UTC);
        let until = nanos_of(as_of);
        let mut holdings = Self::default();
        let mut handles = Vec::new();
        for identifier in subject.identifiers().iter().filter(|identifier| !identifier.is_junk()) {
            let known = Known { kind: identifier.kind(), name: facts.key().pseudonym(identifier) };
            holdings.identifiers.insert(known, false);
            handles.extend(facts.names.find_one(known));
        }
        for order in subject.orders().iter().map(|order| facts.order_id(order)) {
            handles.extend(winner_of(&world, &order).filter(|handle| *handle != NOBODY));
            holdings.orders.insert(order);
        }
        let mut parts: BTreeMap<u32, Part> = BTreeMap::new();
        for handle in handles {
            let number = facts.names.cluster(handle);
            let part = parts.entry(number).or_insert_with(|| {
                let rows = world.cluster(number).rows.all();
                let people = world.people(number, &rows[..world.seen(&rows)]).into_owned();
                Part { number, people, persons: BTreeSet::new() }
            });
            part.persons.insert(part.people.of(handle));
        }
        let mut stays = BTreeSet::new();
        for part in parts.values() {
            holdings.gather(&world, part, until, orders_go, &mut stays);
        }
        for part in parts.values() {
            holdings.leave_orders(&world, part, orders_go, &mut stays);
        }
        if orders_go {
            holdings.gather_orders(&world, &parts, until);
        }
        for (known, shared) in &mut holdings.identifiers {
            *shared = stays.contains(known);
        }
        holdings
    }

    /// Notes what of a cluster is the person's, and which identifiers others use.
    fn gather(
        &mut self,
        world: &World<'_>,
        part: &Part,
        until: i128,
        orders_go: bool,
        stays: &mut BTreeSet<Known>,
    ) {
        let (facts, cluster) = (world.facts, world.cluster(part.number));
        for row in cluster.rows.iter() {
            if part.owns(row.handle) {
                if row.at.nanos() <= until {
                    let person = part.people.of(row.handle);
                    self.hold(facts.fact(cluster, row), part, person, true);
                }
                continue;
            }
            let who = facts.names.who(row.handle);
            if !facts.gone.is_ghostly(&who) {
                stays.extend(who);
            }
        }
        for book in &cluster.books {
            let book = facts.books.get(*book);
            let is_here = |handle: u32| facts.names.cluster(handle) == part.number;
            for held in book.facts().filter(|held| is_here(held.handle)) {
                let (is_order, in_time) = (held.version().is_some(), nanos_of(held.at) <= until);
                if !part.owns(held.handle) || !in_time {
                    continue;
                }
                if is_order {
                    // So is an order that the person had before somebody else got it: it is told without anybody.
                    self.orders.insert(book.order.clone());
                }
                // An order that goes goes whole, with what was told of it later; of one that stays so much is known.
                if !is_order || !orders_go {
                    let fact = held.fact(&book.order, &facts.names);
                    self.hold(fact, part, part.people.of(held.handle), true);
                }
            }
        }
    }

    /// Notes which identifiers stand in orders and refunds that stay.
    fn leave_orders(&self, world: &World<'_>, part: &Part, orders_go: bool, stays: &mut BTreeSet<Known>) {
        for book in &world.cluster(part.number).books {
            let book = world.facts.books.get(*book);
            if !orders_go || !self.orders.contains(&book.order) {
                let names = &world.facts.names;
                let here = book.facts().filter(|held| names.cluster(held.handle) == part.number);
                here.filter(|held| !part.owns(held.handle))
                    .for_each(|held| stays.extend(names.who(held.handle)));
            }
        }
    }

    /// Notes the facts of the person's orders.
    fn gather_orders(&mut self, world: &World<'_>, parts: &BTreeMap<u32, Part>, until: i128) {
        let facts = world.facts;
        for order in self.orders.clone() {
            let Some(number) = facts.books.find(&order) else { continue };
            let winner = winner_of(world, &order);
            for held in facts.books.get(number).facts() {
                let part = parts.get(&facts.names.cluster(held.handle)).filter(|part| part.owns(held.handle));
                let is_held = held.refund().is_some() && part.is_some();
                if is_held && nanos_of(held.at) <= until {
                    continue;
                }
                let claims = held.refund().is_some() || winner == Some(held.handle);
                let fact = held.fact(&order, &facts.names);
                match part {
                    Some(part) => self.hold(fact, part, part.people.of(held.handle), claims),
                    None => self.facts.push(Held { fact, person: (0, 0), known: false, claims: false }),
                }
            }
        }
    }

    fn hold(&mut self, fact: Fact, part: &Part, person: u32, claims: bool) {
        for known in &fact.who {
            self.identifiers.entry(*known).or_insert(false);
        }
        let known = part.people.known(person);
        self.facts.push(Held { fact, person: (part.number, person), known, claims });
    }
}

impl Held {
    /// Whether it takes a claim back.
    pub(super) fn withdraws(&self) -> bool {
        matches!(self.fact.kind, Kind::ClaimWithdrawn(_))
    }
}

/// The handle of the version of an order that holds.
fn winner_of(world: &World<'_>, order: &OrderId) -> Option<u32> {
    let book = world.facts.books.get(world.facts.books.find(order)?);
    book.newest().map(|newest| newest.handle)
}
