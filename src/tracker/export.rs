//! Export: everything about a person, by the same list that an erasure goes by.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::error::Result;
use crate::event::{Event, EventOf, Kind, Purpose};
use crate::fact::{Fact, Handle, Known};
use crate::id::{IdKind, Identifier, Identifiers};
use crate::journey::{Rules, World};
use crate::privacy::{ConsentPolicy, Subject};
use crate::question::Question;
use crate::receipt::Receipt;
use crate::text::OrderId;
use crate::time::nanos_of;
use crate::tracker::Tracker;
use crate::tracker::holdings::Holdings;

/// Everything that is kept about a person, and what was computed from it, for the person to have.
///
/// With serde it is one document in JSON. Events read as in the event log, identifiers as the pseudonyms under which
/// they are kept; the host knows whom they stand for. Of other people nothing is told: where they stand in the person's
/// events, on a device that both use, their identifiers are left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Export {
    /// The person's identifiers, by kind, then pseudonym.
    pub identifiers: Vec<ExportedIdentifier>,
    /// What happened, by instant, then as facts stand.
    pub events: Vec<Event>,
    /// The person's orders, by id.
    pub orders: Vec<OrderId>,
    /// What was decided about each order: touchpoints with their reasons, and the credit of every model.
    pub receipts: Vec<Receipt>,
}

/// An identifier of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ExportedIdentifier {
    /// Its kind.
    pub kind: IdKind,
    /// What it is kept as: 32 hexadecimal digits under the tracker's key.
    pub pseudonym: String,
    /// Whether facts of somebody else name it too.
    pub shared: bool,
}

impl Export {
    /// Whether nothing is kept about the person.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.receipts.is_empty()
    }

    /// How many events there are of each kind, as an erasure would count them.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for event in &self.events {
            *counts.entry(event.kind().name().to_owned()).or_default() += 1;
        }
        counts
    }
}

impl Tracker {
    /// Everything about a person, by any of their identifiers or orders, as it is known whose facts are whose now: what
    /// [`Tracker::erase`] would remove as of the same instant, and the credits computed from it.
    ///
    /// An identifier that several customers share stands for the facts that name nobody else, as in an erasure.
    ///
    /// ```
    /// use clinch::{Event, IdKind, Identifier, Key, Question, Tracker, Who};
    ///
    /// let at: chrono::DateTime<chrono::Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    /// let mut tracker = Tracker::new(Key::new(*b"sixteen secrets!"));
    /// tracker.record(Event::query("e1", at, Who::visitor("v9").customer("k4")).topic("availability"))?;
    /// let export = tracker.export(Identifier::new(IdKind::Customer, "k4"), &Question::new(at))?;
    /// assert_eq!((export.events.len(), export.identifiers.len()), (1, 2));
    /// # Ok::<(), clinch::Error>(())
    /// ```
    ///
    /// # Errors
    /// `UnknownSections` while there is something that cannot be looked into; what [`Tracker::receipt`] reports.
    pub fn export(&self, subject: impl Into<Subject>, question: &Question) -> Result<Export> {
        self.can_take_away()?;
        // Whoever adds to the list has to say here what becomes of it, as in an erasure.
        let Holdings { identifiers, facts, orders } =
            Holdings::find(&self.facts, &subject.into(), question.as_of);
        let mut held: Vec<Fact> = facts.into_iter().map(|held| held.fact).collect();
        held.sort();
        // What tells that somebody erased shared a device is nobody's, and so is a device of which nothing else is told.
        let named: BTreeSet<Known> = held.iter().flat_map(|fact| fact.who.iter().copied()).collect();
        let own = |known: &Known| identifiers.contains_key(known);
        let events = held.into_iter().map(|fact| told(fact, own)).collect();
        let is_kept = |known: &Known, shared: bool| shared || named.contains(known);
        let kept = identifiers.iter().filter(|(known, shared)| is_kept(known, **shared));
        let identifiers = kept.map(|(known, shared)| ExportedIdentifier {
            kind: known.kind,
            pseudonym: known.name.to_string(),
            shared: *shared,
        });
        let mut export =
            Export { identifiers: identifiers.collect(), events, orders: Vec::new(), receipts: Vec::new() };
        export.identifiers.sort_by(|a, b| (a.kind, &a.pseudonym).cmp(&(b.kind, &b.pseudonym)));
        for order in orders {
            if let Some(receipt) = Receipt::of_kept(&self.facts, order.clone(), question)? {
                export.receipts.push(receipt);
                export.orders.push(order);
            }
        }
        Ok(export)
    }

    /// What was last said about a purpose up to an instant by the person whose facts name the identifier: agreed, refused,
    /// or nothing. Of two words at one instant, and of several people who share the identifier, the refusal counts.
    ///
    /// Reports go by [`Purpose::Analytics`] alone; ask for the others before credit is sent on, to an advertising
    /// platform for example.
    pub fn last_word(&self, whose: &Identifier, purpose: Purpose, as_of: DateTime<Utc>) -> Option<bool> {
        let known = Known { kind: whose.kind(), name: self.facts.key().pseudonym(whose) };
        let handle = self.facts.names.find_one(known)?;
        let (rules, number) = (Rules::default(), self.facts.names.cluster(handle));
        let world = World::planned(&self.facts, &rules, ConsentPolicy::default(), as_of);
        let rows = world.cluster(number).rows.all();
        let rows = &rows[..world.seen(&rows)];
        let people = world.people(number, rows);
        let mut words: BTreeMap<u32, Option<(i128, bool)>> = BTreeMap::new();
        let books = world.cluster(number).books.iter().flat_map(|book| self.facts.books.get(*book).facts());
        let is_here = |handle: &Handle| self.facts.names.cluster(*handle) == number;
        let booked = books.filter(|held| held.seen(as_of)).map(|held| held.handle).filter(is_here);
        for handle in rows.iter().map(|row| row.handle).chain(booked) {
            if self.facts.names.who(handle).contains(&known) {
                words.entry(people.of(handle)).or_default();
            }
        }
        for row in rows {
            let Kind::Consent(said) = &self.facts.contents.get(row.content).content.kind else { continue };
            if let Some(word) = words.get_mut(&people.of(row.handle)).filter(|_| said.purpose == purpose) {
                *word = (*word).max(Some((row.at.nanos(), !said.granted)));
            }
        }
        debug_assert!(rows.iter().all(|row| row.at.nanos() <= nanos_of(as_of)));
        let refused = words.into_values().flatten().map(|(_, refused)| refused).max()?;
        Some(!refused)
    }
}

/// A fact as an event, without identifiers of others.
fn told(fact: Fact, own: impl Fn(&Known) -> bool) -> Event {
    let Fact { at, id, mut kind, channel, turn, who, junk: _, left_out: _ } = fact;
    let named = |known: &Known| match own(known) {
        true => Identifier::stand_in(known.kind, known.name),
        false => Identifier::new(known.kind, ""),
    };
    match (&mut kind, who.as_slice()) {
        (Kind::CustomerMerged(merged), [from, into]) => {
            (merged.from, merged.into) = (named(from), named(into));
        }
        (Kind::ClaimWithdrawn(claim), [one, other]) => (claim.one, claim.other) = (named(one), named(other)),
        _ => {}
    }
    let mut identifiers = Identifiers::none();
    if !matches!(kind, Kind::CustomerMerged(_) | Kind::ClaimWithdrawn(_)) {
        who.iter().filter(|known| own(known)).for_each(|known| identifiers.set(named(known)));
    }
    EventOf { id, at, who: identifiers, channel, turn, kind }
}
