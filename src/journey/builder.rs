//! Journeys as plain functions of events: no key, no tracker.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::error::Result;
use crate::event::{Event, EventRef};
use crate::fact::{Facts, Intake, Limits, Recorded};
use crate::id::{Identifier, Key};
use crate::journey::{Journey, Rules, World, journeys, journeys_of};
use crate::privacy::ConsentPolicy;

/// Builds journeys from events that a host hands in: one shopper's, or everybody's.
///
/// It gives what a [`Tracker`](crate::Tracker) with the same facts gives. It needs no key: identifiers are held
/// as hashes, and only while it lives.
///
/// ```
/// use chrono::{DateTime, Utc};
/// use clinch::{Event, JourneyBuilder, Money, Who};
///
/// let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
/// let mut builder = JourneyBuilder::new();
/// let who = Who::visitor("v9").conversation("c1");
/// builder.add(Event::query("e1", at("2026-03-01T10:00:00Z"), who).topic("availability"))?;
/// let total = Money::parse("59.90", "EUR".parse()?)?;
/// builder.add(Event::order("e2", at("2026-03-02T18:20:00Z"), Who::visitor("v9"), "1001", total))?;
///
/// let journeys = builder.build(at("2026-04-01T00:00:00Z"));
/// let claim = &journeys[0].claims[0];
/// assert_eq!(claim.touchpoints[0].id.as_str(), "e1");
/// # Ok::<(), clinch::Error>(())
/// ```
#[derive(Clone)]
pub struct JourneyBuilder {
    facts: Facts,
    rules: Rules,
    consent: ConsentPolicy,
}

impl Default for JourneyBuilder {
    fn default() -> Self {
        Self::new()
    }
}

/// How many facts there are, and nobody's name.
impl fmt::Debug for JourneyBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JourneyBuilder({} facts)", self.facts.len())
    }
}

impl JourneyBuilder {
    /// A builder with default rules, limits and consent policy.
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    /// A builder with other limits.
    pub fn with_limits(limits: Limits) -> Self {
        let facts = Facts::new(Key::new([0; 16]), limits);
        Self { facts, rules: Rules::default(), consent: ConsentPolicy::default() }
    }

    /// Sets the rules; default [`Rules::default`].
    pub fn rules(&mut self, rules: Rules) -> &mut Self {
        self.rules = rules;
        self
    }

    /// Sets what counts where a person has said nothing; default [`ConsentPolicy::Assumed`].
    pub fn consent(&mut self, policy: ConsentPolicy) -> &mut Self {
        self.consent = policy;
        self
    }

    /// Takes an event in, in any order and any number of times.
    ///
    /// # Errors
    /// `Full` at a cap of the limits; nothing has changed then.
    pub fn add(&mut self, event: impl Into<Event>) -> Result<Recorded> {
        self.facts.record(EventRef::from(&event.into()), &mut ())
    }

    /// Takes many events in and counts what became of them.
    ///
    /// # Errors
    /// `Full` at a cap of the limits; the events before the one that did not fit have been taken in.
    pub fn extend(&mut self, events: impl IntoIterator<Item = impl Into<Event>>) -> Result<Intake> {
        self.facts.extend(events)
    }

    /// The journeys of everybody seen up to `as_of`, in the order of their first facts.
    ///
    /// People without touchpoints and conversions are left out. Credit for a claim comes from
    /// [`credit`](crate::credit()) over its [`path`](crate::Claim::path).
    pub fn build(&self, as_of: DateTime<Utc>) -> Vec<Journey> {
        journeys(&World::new(&self.facts, &self.rules, self.consent, as_of))
    }

    /// The journeys of everybody whose facts name this identifier: one for a person, several for a shared device,
    /// none for an unknown one, in the order of their first facts.
    ///
    /// A host that has loaded one shopper's events, and what shares an identifier, order or code with them, asks
    /// for the shopper here; what shares something with *that* belongs in too, until nothing new turns up.
    pub fn journeys_of(&self, identifier: &Identifier, as_of: DateTime<Utc>) -> Vec<Journey> {
        journeys_of(&self.facts, &self.rules, self.consent, as_of, identifier)
    }
}
