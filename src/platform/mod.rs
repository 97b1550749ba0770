//! Store platforms: the bytes of a webhook in, verified [`Event`]s out.
//!
//! The host owns the server, the clock and the secrets. It hands over headers, the raw body and an instant, and
//! gets facts to record, or a clear refusal:
//!
//! ```
//! use clinch::platform::{Answer, Delivery, shopify::Shopify};
//!
//! let shop = Shopify::new(b"hush")?;
//! let delivery = Delivery {
//!     headers: &[
//!         ("X-Shopify-Topic", "carts/create"),
//!         ("X-Shopify-Hmac-Sha256", "H2OTOc+zCLdnHklD0jEWUW7lBGDScFB0z8QulZE3x8E="),
//!     ],
//!     body: br#"{"token":"c1","updated_at":"2026-03-01T10:00:00Z","line_items":[{"product_id":7,"quantity":1}]}"#,
//! };
//! let now = "2026-03-01T10:00:02Z".parse().unwrap();
//! let Answer::Events(events) = shop.receive(&delivery, now)?.answer else { panic!("a cart has facts") };
//! assert_eq!((events.len(), events[0].kind().name()), (1, "add_to_cart"));
//! # Ok::<(), clinch::platform::Refused>(())
//! ```
//!
//! # The one shape
//!
//! | step | where | refusal |
//! |---|---|---|
//! | size, then signature, over the raw bytes | `receive` | [`Refused::TooLarge`], [`Refused::Unsigned`], [`Refused::Signature`], [`Refused::Stale`] |
//! | decode: JSON with its digits kept | `receive`, `read` | [`Refused::Json`] with the byte |
//! | normalise: one table for all platforms, exact money and instants | `receive`, `read` | [`Refused::Field`] with the field's path |
//!
//! `receive` verifies; `read` takes a body that the host fetched itself, from a backfill for example. Both give an
//! [`Answer`]: facts, "fetch this", a privacy request, an order that is gone, or nothing with the reason.
//! [`Refused::status`] and [`Received::STATUS`] are the HTTP status that each platform expects.
//!
//! | platform | signed by the header | what the delivery is about |
//! |---|---|---|
//! | [`shopify`] | `X-Shopify-Hmac-Sha256` or `shopify-hmac-sha256` | `X-Shopify-Topic` or `shopify-topic` |
//! | [`woocommerce`] | `X-WC-Webhook-Signature` | `X-WC-Webhook-Topic` |
//! | [`bigcommerce`] | `webhook-signature` with `webhook-id` and `webhook-timestamp` | the body's `scope` |
//! | [`adobe`] | `x-adobe-digital-signature-1` or `-2` (events), `x-adobe-commerce-webhook-signature` (webhooks) | the body's type; of webhooks the host says it |
//! | [`acp`] | `Merchant-Signature` | the body's `type` |
//! | [`ucp`] | `Signature` with `Signature-Input` and `Content-Digest` | an order |
//! | [`meta`] | `X-Hub-Signature-256` | the body's `object` |
//! | [`twilio`], [`segment`] | `X-Twilio-Signature`, `X-Signature` | the form, the body's `type` |
//!
//! # What an order becomes
//!
//! | fact | from |
//! |---|---|
//! | event id | `platform:order:<id>:<version>`: a repeated delivery is the same fact, a change is a new one. Identifiers of people, carts and sessions never stand in an id: 32 digits stand for them |
//! | `at` | when the order was placed, in every version |
//! | `updated_at` | the platform's own version, so that a late delivery never wins |
//! | `total` | what was paid before refunds; trailing zeros beyond the currency's decimals are cut, other digits there are an error |
//! | refunds | money that moved, each under the platform's refund id |
//! | identifiers | customer, e-mail, phone, cart, checkout; else a checkout of its own, so that no order is dropped for want of a name |
//! | codes | as [`Carriers`] says, besides the code on the landing page's link |
//!
//! # What else arrives
//!
//! | from | in |
//! |---|---|
//! | agents: orders, affiliates, attribution, turns and clicks | [`acp`], [`ucp`], [`telemetry`] |
//! | chats: how the shopper came in | [`meta`], [`twilio`] |
//! | analytics: e-commerce events, identities, arrivals | [`segment`], [`ga4`] |
//!
//! Ids of orders and customers are unique in one shop only: one [`Tracker`](crate::Tracker) serves one shop.
//!
//! # Adding a platform
//!
//! One file, one `pub mod` line here and one row in the table above. Copy [`woocommerce`], rename, and let the compiler
//! and the tests lead; nothing else knows a platform by its name:
//!
//! 1. A struct with [`Secrets`] and settings. Setters that other platforms have too come from the macro `settings!`: name
//!    those that apply, each with what is particular about it here.
//! 2. `receive`: size, signature over the raw bytes (`Secrets::check_base64`, `check_hex`, `check_standard`), topic, then
//!    `Received::new`. Nothing of the body is looked at before the signature is known to be right.
//! 3. `read`: one function per payload, with the readers of `read.rs`, which are exact and name the path. What several
//!    parts need is read where it stands, so that an error names that place. An order fills the private table
//!    `Snapshot` (the compiler asks for every row), a cart `CartItems`, a way into a chat `Referral`.
//! 4. Ids: `versioned` for what changes, `unversioned` for what does not; `veiled` for anything that is an identifier.
//! 5. Tests: a file that compares whole events with what the platform's own payloads say, its vectors, and an entry in
//!    the lists of `tests/platforms/signatures.rs` (`schemes`), `hostile.rs` (`payloads`), `forms.rs` and `day.rs`.
//!    Payloads go to `tests/data/platforms/`, with their source and licence in `SOURCES.md` there.
//! 6. An endpoint in `examples/webhooks.rs` with what the platform wants to be answered, and its webhook in
//!    `tests/webhooks.rs`.

pub mod acp;
pub mod adobe;
pub mod bigcommerce;
mod chat;
pub mod ga4;
mod json;
pub mod meta;
mod minor;
mod read;
#[cfg(feature = "platforms-ucp")]
mod rfc9421;
#[cfg(feature = "platforms-rsa")]
mod rsa;
pub mod segment;
mod settings;
#[cfg(feature = "platforms-sha1")]
mod sha1;
pub mod shopify;
mod signature;
mod table;
pub mod telemetry;
mod trail;
pub mod twilio;
pub mod ucp;
pub mod woocommerce;

use crate::event::{Event, FieldError, OrderStatus};
use crate::id::{Identifier, Identifiers};
use crate::text::{Label, OrderId};

#[cfg(feature = "platforms-ucp")]
pub use rfc9421::Target;
pub use signature::Secrets;
pub use table::{Carriers, ProductKey};

/// Bodies above this are refused before anything else: 4 MiB. Memory for one body stays below 64 times its size.
pub const MAX_BODY_BYTES: usize = 4 << 20;

/// One HTTP request of a platform, as it came in.
#[derive(Clone, Copy)]
pub struct Delivery<'a> {
    /// Header names, in any case, with their values. One that is not text can be left out.
    pub headers: &'a [(&'a str, &'a str)],
    /// The raw body: not parsed, not re-encoded, not trimmed.
    pub body: &'a [u8],
}

impl std::fmt::Debug for Delivery<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Delivery({} headers, {} bytes)", self.headers.len(), self.body.len())
    }
}

impl<'a> Delivery<'a> {
    /// The value of a header, without space around it; an empty one counts as missing.
    fn header(&self, name: &'static str) -> Result<Option<&'a str>, Refused> {
        let mut found = self.headers.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name));
        let first = found.next();
        if found.next().is_some() {
            return Err(Refused::HeaderTwice { header: name });
        }
        Ok(first.map(|(_, value)| value.trim()).filter(|value| !value.is_empty()))
    }

    /// The value under the first of these names that is there.
    fn any_header(&self, names: &[&'static str]) -> Result<Option<&'a str>, Refused> {
        for name in names {
            if let Some(value) = self.header(name)? {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// The value of a header that must be there.
    fn need(&self, name: &'static str) -> Result<&'a str, Refused> {
        self.need_any(&[name])
    }

    /// The value under the first of these names that is there; the error names the first.
    fn need_any(&self, names: &[&'static str]) -> Result<&'a str, Refused> {
        self.any_header(names)?.ok_or(Refused::Unsigned { header: names[0] })
    }

    fn bounded(&self) -> Result<(), Refused> {
        bounded(self.body)
    }
}

fn bounded(body: &[u8]) -> Result<(), Refused> {
    if body.len() > MAX_BODY_BYTES { Err(Refused::TooLarge { bytes: body.len() }) } else { Ok(()) }
}

/// A verified delivery.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Received {
    /// What it is about, such as `orders/create`.
    pub topic: Label,
    /// The shop, as the platform names it in a header or in the body.
    pub store: Option<Label>,
    /// The platform's id of the delivery, where that is one and the same on a retry.
    pub delivery: Option<Label>,
    /// Which secret signed it: 0 for the first, then in the order in which they were accepted.
    pub secret: usize,
    /// What came of it.
    pub answer: Answer,
}

impl Received {
    /// The HTTP status of the answer, whatever came of it: 200.
    pub const STATUS: u16 = 200;

    /// Verified under that secret, about that topic.
    fn new(topic: &str, secret: usize, answer: Answer) -> Self {
        Self { topic: topic.into(), store: None, delivery: None, secret, answer }
    }

    fn of_store(self, store: Option<&str>) -> Self {
        Self { store: store.map(Label::from), ..self }
    }

    fn delivered_as(self, id: Option<&str>) -> Self {
        Self { delivery: id.map(Label::from), ..self }
    }
}

/// What a body says.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Answer {
    /// Facts, to be recorded in any order. Not empty.
    Events(Vec<Event>),
    /// The body is no snapshot: the host fetches one and hands it to the function that [`Fetch`] names.
    Fetch(Fetch),
    /// Somebody's data is to be handed out or erased.
    Privacy(Privacy),
    /// The order is gone from the shop, and the body says nothing but its id. To take its value out of all answers,
    /// record its last known state with [`OrderStatus::Cancelled`] and a newer `updated_at`.
    Deleted(OrderId),
    /// Nothing to record.
    Ignored(Ignored),
}

/// What the host is to fetch before there are facts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fetch {
    /// An order, by its id.
    Order(OrderId),
    /// The refunds of an order, by the order's id.
    Refunds(OrderId),
    /// A cart, by its id, which `Debug` does not show.
    Cart(Identifier),
}

/// A request about somebody's data, as the platform passes it on.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Privacy {
    /// The customer asks for a copy of their data.
    Export {
        /// Whose data.
        who: Identifiers,
        /// Their orders that are asked for.
        orders: Vec<OrderId>,
    },
    /// The customer's data is to be erased.
    Erase {
        /// Whose data.
        who: Identifiers,
        /// Their orders that are to be erased.
        orders: Vec<OrderId>,
    },
    /// The shop has left: everything of it is to be erased.
    EraseShop,
}

/// Why a delivery has no facts. It was genuine and is to be answered with success, or it would come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ignored {
    /// Its topic says nothing about orders, carts or people.
    Topic,
    /// The platform tries out the address. The only answer that is not signed.
    Ping,
    /// Two customers should have been joined, and were not.
    MergeFailed,
    /// An empty cart, a customer without identifiers, or a refund that moved no money.
    NothingInIt,
    /// The platform has not worked it out yet: ask again later.
    NotReady,
}

/// Why a delivery was refused. Neither the body nor a secret is repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// A secret is empty: anybody could sign with it.
    #[error("the secret is empty")]
    EmptySecret,
    /// The text is not a public key.
    #[error("not a public key: expected RSA in PEM, as SubjectPublicKeyInfo")]
    PublicKey,
    /// The body is larger than [`MAX_BODY_BYTES`].
    #[error("a body of {bytes} bytes, more than {MAX_BODY_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// A header that is needed is missing or empty.
    #[error("the header `{header}` is missing")]
    Unsigned {
        /// Its name.
        header: &'static str,
    },
    /// A header is there twice, so that two readers could see two deliveries.
    #[error("the header `{header}` is given twice")]
    HeaderTwice {
        /// Its name.
        header: &'static str,
    },
    /// The signature is of no accepted secret: forged, damaged, cut, or over other bytes.
    #[error("the signature does not fit the body under any accepted secret")]
    Signature,
    /// The signed instant lies too far from now, in either direction, or is none.
    #[error("the signed time is no instant, or too far from now")]
    Stale,
    /// The body is not JSON.
    #[error("not JSON at byte {at}: {problem}")]
    Json {
        /// Where, from 0.
        at: usize,
        /// What is wrong there.
        problem: &'static str,
    },
    /// A field of the body cannot be read exactly.
    #[error(transparent)]
    Field(#[from] FieldError),
}

impl Refused {
    /// The HTTP status that tells the platform so: 401 where the sender is not proven, 413 for size, else 400.
    ///
    /// A platform sends again what was refused, and switches a webhook off that refuses for long (Shopify after 8 times
    /// in 4 hours, WooCommerce after 5 in a row). Of a genuine body that cannot be read ([`Refused::Field`]) the same
    /// will come again: a host that watches its log may keep the body and answer with [`Received::STATUS`].
    pub fn status(&self) -> u16 {
        match self {
            Self::Unsigned { .. } | Self::Signature | Self::Stale | Self::HeaderTwice { .. } => 401,
            Self::TooLarge { .. } => 413,
            Self::EmptySecret | Self::PublicKey => 500,
            Self::Json { .. } | Self::Field(_) => 400,
        }
    }
}

/// What the states of a platform's orders count as: the host's own words first, then the platform's table.
#[derive(Clone, Debug, Default)]
struct Statuses(Vec<(Label, OrderStatus)>);

impl Statuses {
    fn set(&mut self, name: &str, status: OrderStatus) {
        self.0.retain(|(given, _)| given != name);
        self.0.push((Label::from(name), status));
    }

    fn get(&self, name: &str) -> Option<OrderStatus> {
        self.0.iter().find(|(given, _)| given == name).map(|(_, status)| *status)
    }
}

/// No facts is an answer of its own.
fn events(events: Vec<Event>) -> Answer {
    if events.is_empty() { Answer::Ignored(Ignored::NothingInIt) } else { Answer::Events(events) }
}
