//! What becomes too old, and keys that do.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::id::Key;
use crate::tracker::Tracker;

/// What became too old.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Expired {
    /// Facts that are gone, by kind.
    pub facts: BTreeMap<String, u64>,
    /// Texts of questions that are gone from turns that stay.
    pub texts: u64,
}

impl fmt::Display for Expired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} facts, {} texts", self.facts.values().sum::<u64>(), self.texts)
    }
}

impl Tracker {
    /// Lets go of what is older than [`Limits::retention`](crate::Limits::retention) allows at `now`, by the host's
    /// clock: instants of events never move a horizon.
    ///
    /// What lies before `now` minus the span of its class goes; what lies at that instant stays. Older events are
    /// dropped as [`DropReason::TooOld`](crate::DropReason::TooOld) from then on, texts of older turns are left out.
    /// A horizon never moves back.
    ///
    /// * Orders, refunds and goals each go by their own date, and erased orders too. What is given back for an order
    ///   that is gone counts as a refund without its order.
    /// * A conversion whose lookback window reaches behind the horizon of touchpoints stands whole in the row
    ///   `expired` of reports: a part of its path may be gone.
    /// * Claims and words on consent stay as long as any other fact names one of their identifiers.
    /// * Tombstones of erasures before all horizons go: their events are too old to come in.
    ///
    /// ```
    /// use clinch::{DropReason, Event, Key, Limits, Recorded, Tracker, Who};
    ///
    /// let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    /// let mut limits = Limits::default();
    /// limits.retention.touchpoints = Some("90d".parse()?);
    /// let mut tracker = Tracker::with_limits(Key::new(*b"sixteen secrets!"), limits);
    /// let turn = || Event::query("e1", at("2026-01-01T00:00:00Z"), Who::visitor("v9"));
    /// let _ = tracker.record(turn())?;
    /// assert!(tracker.expire(at("2026-04-01T00:00:00Z"))?.facts.is_empty());
    /// assert_eq!(tracker.expire(at("2026-04-01T00:00:01Z"))?.facts["query"], 1);
    /// assert_eq!(tracker.record(turn())?, Recorded::Dropped(DropReason::TooOld));
    /// # Ok::<(), clinch::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Full` at a cap of the limits.
    pub fn expire(&mut self, now: DateTime<Utc>) -> Result<Expired> {
        self.can_take_away()?;
        self.watching.forget();
        let removed = self.facts.expire(now)?;
        let facts = removed.facts.into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect();
        Ok(Expired { facts, texts: removed.texts })
    }

    /// Puts everything under a new key: each pseudonym is unwrapped with the old key and wrapped with the new one, ids
    /// too under [`Limits::hash_ids`](crate::Limits::hash_ids).
    ///
    /// Nothing is left that the old key could open, and answers stay what they were but for the pseudonyms in them.
    /// All facts are written anew, which takes about as long, and for that time as much memory, as recording them.
    ///
    /// ```
    /// use clinch::{Event, Identifier, IdKind, Key, Tracker, Who};
    ///
    /// let (old, new) = (Key::new(*b"sixteen secrets!"), Key::new(*b"sixteen others!!"));
    /// let mut tracker = Tracker::new(old.clone());
    /// let at = "2026-03-01T10:00:00Z".parse().unwrap();
    /// let _ = tracker.record(Event::query("e1", at, Who::visitor("v9")))?;
    /// tracker.rotate(new.clone())?;
    /// let visitor = Identifier::new(IdKind::Visitor, "v9");
    /// assert_eq!(tracker.pseudonym(&visitor), new.pseudonym(&visitor));
    /// assert!(tracker.merge(&Tracker::new(old)).is_err());
    /// # Ok::<(), clinch::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Full` at a cap of the limits; nothing has changed then.
    pub fn rotate(&mut self, key: Key) -> Result<()> {
        self.facts = self.facts.rotated(key)?;
        self.watching.forget();
        Ok(())
    }
}
