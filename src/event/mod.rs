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
//!
//! A host that holds columns or database rows hands over their text without a copy as [`EventRef`], which has the
//! same constructors: `EventRef::query(id, at).visitor(visitor).topic(topic)`; one that holds whole columns hands them
//! over as [`Columns`].
//!
//! # The event log
//!
//! Written with serde, an event is one flat object; a log holds one per line (feature `json`, `event::jsonl`).
//! Instants are RFC 3339, money is decimal text, ids may be text or whole numbers, unknown fields are passed over.
//!
//! | field | in | meaning |
//! |---|---|---|
//! | `id`, `at`, `kind` | all | idempotency key, instant, one of the kinds below |
//! | `customer`, `visitor`, `conversation`, `cart`, `checkout`, `email`, `phone` | any | identifiers seen together; at least one, but for `refund` |
//! | `channel` | any | web, whatsapp, email, ... an open label |
//! | `turn` | engagements, feedback | id of the turn that caused it, where the host knows |
//!
//! | kind | own fields (`?` may be missing) |
//! |---|---|
//! | `query` | `text`?, `query`?, `topic`?, `intent`?, `flow`?, `product_type`?, `language`?, `products`[]?, `cost`? with `cost_currency`, `privacy`? (full, intent, minimal) |
//! | `recommendation` | `products`[] |
//! | `link_shared` | `url`, `code`?, `product`? |
//! | `link_click` | `url`?, `code`?, `product`? |
//! | `visit` | `url`?, `referrer`?, `code`? |
//! | `add_to_cart`, `remove_from_cart` | `product`, `quantity`?, `price`? with `currency` |
//! | `discount_request`, `discount_offer` | `discount_code`? |
//! | `feedback` | `helpful` |
//! | `checkout_started`, `identify` | none |
//! | `order` | `order`, `total`, `currency`, `updated_at`?, `status`? (placed, paid, cancelled, test), `lines`[{`product`, `product_type`?, `quantity`?, `total`}]?, `codes`[]?, `discount_codes`[]?, `refunds`[{`refund`, `amount`, `lines`?}]?, `url`?, `referrer`? |
//! | `refund` | `refund`, `order`, `amount`, `currency`, `lines`[{`product`, `amount`}]? |
//! | `goal` | `goal`, `value`? with `currency` |
//! | `consent` | `purpose` (analytics, marketing, preferences, sale_or_sharing), `granted` |
//! | `claim_withdrawn` | two identifier fields; two customers as `from` and `into` |
//! | `customer_merged` | `from`, `into` |
//!
//! # At the door
//!
//! A tracker or builder keeps a *fact* of an event: identifiers as pseudonyms, links read for code and channel and
//! then forgotten, the text of a question dropped (see [`PrivacyLevel`]). An optional field that contains
//! an identifier of the same event (of four bytes or more, in any case, also percent-coded) is left out and
//! counted; where the field is required the event is dropped, but for orders and refunds, whose products are
//! replaced: money never gets lost for a label.

mod borrow;
mod borrowed;
mod build;
mod build_borrowed;
mod columns;
mod field;
mod fields;
mod instant;
#[cfg(feature = "json")]
pub mod jsonl;
mod kind;
mod level;
mod order;
mod plain;
#[cfg(feature = "json")]
mod plain_line;
mod raw;
mod read;
mod write;

use chrono::{DateTime, Utc};

pub use borrowed::{
    AddToCartRef, ClaimWithdrawnRef, CustomerMergedRef, DiscountOfferRef, DiscountRequestRef, EventRef,
    EventRefOf, GoalRef, KindRef, LinkClickRef, LinkSharedRef, ProductsRef, QueryRef, RecommendationRef,
    RemoveFromCartRef, VisitRef,
};
pub(crate) use columns::Checked;
pub use columns::{
    Amounts, Columns, ColumnsOf, IdentifyColumns, KindColumns, LinkClickColumns, Numbers, OrderColumns,
    QueryColumns, RefundColumns, Texts, Times, VisitColumns,
};
pub use fields::FieldError;
pub use kind::{
    AddToCart, CheckoutStarted, ClaimWithdrawn, Consent, CustomerMerged, DiscountOffer, DiscountRequest,
    Feedback, Goal, Identify, Kind, LinkClick, LinkShared, Products, Purpose, Query, Recommendation,
    RemoveFromCart, Visit,
};
pub(crate) use kind::{ORDER_RANK, REFUND_RANK};
pub use level::PrivacyLevel;
pub use order::{Order, OrderLine, OrderRefund, OrderStatus, Refund, RefundLine};
pub(crate) use plain::PlainTurn;

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
