//! Events: immutable facts with an id, an instant and the identifiers that were seen.
//!
//! One constructor per kind takes the required fields, setters add the rest:
//!
//! ```
//! use chrono::{DateTime, Utc};
//! use clinch::{Event, Money, Who};
//!
//! let at: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
//! let who = Who::visitor("v9").conversation("c1");
//! let turn = Event::query("e1", at, who).topic("availability").intent("product_question");
//! let click = Event::link_click("e2", at, Who::visitor("v9")).turn("e1").product("p1");
//!
//! let total = Money::parse("59.90", "EUR".parse()?)?;
//! let order = Event::order("e3", at, Who::customer("k4").visitor("v9"), "1001", total);
//! # let _ = (turn, click, order);
//! # Ok::<(), clinch::Error>(())
//! ```

mod build;
#[cfg(feature = "json")]
pub mod jsonl;
mod kind;
mod order;
mod raw;
mod read;
mod write;

use chrono::{DateTime, Utc};

pub use kind::{
    AddToCart, CheckoutStarted, ClaimWithdrawn, Consent, CustomerMerged, DiscountOffer, DiscountRequest,
    Feedback, Goal, Identify, Kind, LinkClick, LinkShared, Products, Purpose, Query, Recommendation,
    RemoveFromCart, Visit,
};
pub use order::{Order, OrderLine, OrderRefund, OrderStatus, Refund, RefundLine};
pub use read::FieldError;

use crate::id::Identifiers;
use crate::text::{EventId, Label};

/// A fact of any kind: what the tracker and the journey builder take.
pub type Event = EventOf<Kind>;

/// A fact of one kind while it is built; it turns into an [`Event`] by itself wherever one is taken.
///
/// In serde's data model an [`Event`] is one flat map, which is the line of an event log; feature `json` has a
/// reader for it, `event::jsonl`.
#[derive(Clone, Debug, PartialEq)]
pub struct EventOf<K> {
    pub(crate) id: EventId,
    pub(crate) at: DateTime<Utc>,
    pub(crate) who: Identifiers,
    pub(crate) channel: Option<Label>,
    pub(crate) turn: Option<EventId>,
    pub(crate) kind: K,
}

impl<K> EventOf<K> {
    /// The host's id of this event, its idempotency key.
    pub fn id(&self) -> &EventId {
        &self.id
    }

    /// When it happened.
    pub fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// The identifiers seen in it: those that it claims to belong together.
    pub fn who(&self) -> &Identifiers {
        &self.who
    }

    /// Where it happened: `web`, `whatsapp`, `email`, ...
    pub fn channel_label(&self) -> Option<&Label> {
        self.channel.as_ref()
    }

    /// The turn that caused it, where the host knows.
    pub fn turn_id(&self) -> Option<&EventId> {
        self.turn.as_ref()
    }

    /// What happened.
    pub fn kind(&self) -> &K {
        &self.kind
    }
}
