//! Says which chatbot queries earned an order: exactly to the cent, with a receipt for anyone who doubts it.
//!
//! ```
//! use clinch::{Event, Key, Money, Question, Tracker, Who};
//!
//! # fn at(text: &str) -> chrono::DateTime<chrono::Utc> { text.parse().unwrap() }
//! let mut tracker = Tracker::new(Key::new(*b"keep me secret!!"));
//! let chat = || Who::visitor("v9").conversation("c1");
//! let total = Money::parse("59.90", "EUR".parse()?)?;
//! let events: [Event; 3] = [
//!     Event::query("e1", at("2026-03-02T10:00:00Z"), chat()).topic("availability").into(),
//!     Event::query("e2", at("2026-03-03T18:00:00Z"), chat()).topic("delivery").into(),
//!     Event::order("e3", at("2026-03-03T18:20:00Z"), Who::visitor("v9"), "1001", total).into(),
//! ];
//! tracker.extend(events)?;
//!
//! let mut question = Question::new(at("2026-04-01T00:00:00Z"));
//! question.models = vec!["first_touch".parse()?, "linear".parse()?];
//! let report = tracker.report(&question)?;
//! let row = &report.tables[0].rows[0];
//! assert_eq!(row.label.as_str(), "availability");
//! assert_eq!((row.models[0].value.as_str(), row.models[1].value.as_str()), ("59.90", "29.95"));
//! println!("{report}\n{}", tracker.receipt("1001", &question)?.expect("an order that was recorded"));
//! # Ok::<(), clinch::Error>(())
//! ```
//!
//! # Which part do I need?
//!
//! | you are | start with |
//! |---|---|
//! | a chatbot server | [`Tracker`]: record every turn, click and webhook; ask for [`Report`]s and [`Receipt`]s |
//! | a host with many rows | [`Tracker::extend_columns`]: [`Columns`] as they stand; [`Tracker::extend_refs`]: [`EventRef`]s of rows; `Tracker::extend_lines`: a log as it is read |
//! | a store backend with tables of its own | [`JourneyBuilder`] and [`credit()`]: plain functions over one shopper's events |
//! | a data team | [`Sums`], [`ShardReport`] and [`ReportSet`]: parts that add up exactly, and only once |
//! | a host that keeps questions or links | [`scrub`]: mail addresses, numbers and secrets taken out of them |
//! | an integrator with tests to write | `clinch::testing` (feature `testing`) |
//!
//! # How it works
//!
//! 1. [`Event`]s are facts: a turn (`query`), a click, an order, a refund, a consent. Each has an id, an instant
//!    and the identifiers seen in it ([`Who`]). Links are read at the door by [`link`] and then forgotten,
//!    identifiers become pseudonyms under a [`Key`].
//! 2. Claims that identifiers belong together make people. This is computed for every answer, so that it can be
//!    taken back; two known customers are never joined by inference.
//! 3. [`Rules`] decide which touchpoints may claim a conversion, on what [`Evidence`]. Those that may form a
//!    [`Path`]; of those that may not, a [`Receipt`] says why ([`reason`]).
//! 4. A [`Model`] weighs the path; see [`model`] for which to choose. Only [`credit()`] makes money of weights, by
//!    the largest remainder, so no model can break the books.
//! 5. A [`Question`] is everything that shapes an answer, and its id stands on each.
//!
//! # What always holds
//!
//! * Credits and what is unattributed sum to the net value, to the minor unit, in every currency, dimension and
//!   model; shares sum to exactly one.
//! * The order of events and their repetition change nothing, nor does the number of trackers that they were
//!   split over before these were merged.
//! * Refunds, edits and cancellations in any order leave the credit that the net value would have earned.
//! * Every event is new, repeated, superseded or dropped with a reason; every conversion is credited or
//!   unattributed with a reason.
//! * No touchpoint after its conversion, none outside the window, none after consent was denied, and none without it
//!   under [`ConsentPolicy::Required`].
//! * A failed call changes nothing, and no input panics.
//!
//! # What it does not do
//!
//! * No network, disk, clock, thread or random number: instants are arguments, secrets come from the host.
//! * No judgement of cause by a model: models share credit by rule. Whether the bot *caused* an order needs a
//!   [`Holdout`], which [`Tracker::holdout`] measures.
//! * No language: a query is a label that the host has normalised; its text is dropped unless
//!   [`Limits::privacy`] asks for it.
//! * Identifiers in labels are found by their own event's identifiers only; other personal text in a label stays
//!   as it was written.
//!
//! # Features
//!
//! None is on by default, and the default needs `chrono`, `serde`, `smallvec`, `thiserror` and `url` only.
//!
//! * `json`: [`event::jsonl`](crate::event), the event log as one JSON object per line.
//! * `codes`: signed link codes, `link::signer`, on hmac and sha2.
//! * `parallel`: reports, and dealing out many events, on all threads of the rayon pool that the host runs the call
//!   in. The bytes of an answer are the same for any number of threads.
//! * `platforms`: `platform`, the webhooks of stores, agents, chats and analytics as verified events, and `outbound`,
//!   credited conversions for analytics and CRMs; on base64, hmac and sha2.
//! * `platforms-rsa`: signatures of Adobe Commerce too, on rsa.
//! * `platforms-sha1`: signatures of Twilio and Segment too, on sha1.
//! * `platforms-ucp`: signatures of the Universal Commerce Protocol too, on p256.
//! * `psl`: hosts compared by the public suffix list instead of a short list of common suffixes.
//! * `testing`: scenarios, assertions and whole generated shops for an integrator's own tests.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod choice;
mod credit;
mod error;
pub mod event;
mod experiment;
mod fact;
mod id;
mod identity;
mod journey;
pub mod link;
pub mod model;
mod money;
#[cfg(feature = "platforms")]
pub mod outbound;
#[cfg(feature = "platforms")]
pub mod platform;
pub mod privacy;
mod question;
pub mod reason;
mod receipt;
mod report;
pub mod scrub;
mod shard;
pub mod snapshot;
mod statistics;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod time;
mod tracker;
mod words;

/// The README's examples compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

// Facts.
pub use event::{
    Columns, ColumnsOf, Event, EventOf, EventRef, EventRefOf, Kind, KindRef, Order, OrderLine, OrderRefund,
    OrderStatus, PrivacyLevel, Purpose, Refund, RefundLine,
};
pub use fact::{Intake, Limits, Recorded, Retention};
pub use id::{
    IdKind, Identifier, IdentifierRef, Identifiers, IdentifiersRef, JUNK, Key, Pseudonym, ROLE_MAILBOXES, Who,
};
pub use money::{Currency, Money, apportion};
pub use text::{Code, EventId, Label, OrderId, ProductId, RefundId};
pub use time::{Period, Span};

// Journeys and paths.
pub use journey::{
    Claim, Conversion, ConversionKind, Dimension, DirectVisits, Evidence, EvidenceSet, Journey,
    JourneyBuilder, Labels, Line, POST_PURCHASE_INTENTS, Path, ProductMatch, Refused, Reuse, Rules,
    TouchKind, Touchpoint, Transform, Unit,
};
pub use privacy::{ConsentPolicy, Erased, Subject};

// Models and credit.
pub use credit::{Credit, Credits, LineCredits, Share, credit, credit_lines};
pub use model::{
    Allocation, Attribution, BuiltIn, Chosen, Game, Markov, MarkovCounts, Model, Negative, Outcome,
    Participation, PathTable, PathsBy, PerLabel, PositionBased, Removal, Sampled, Shapley, TimeDecay,
    Weights, choose_order, shapley_exact, shapley_ordered, shapley_sampled,
};

// Answers.
pub use experiment::{
    Arm, ArmFigures, Calibration, Compared, Entry, Holdout, HoldoutReport, RevenueLift, SampleRatio,
    holdout_report,
};
pub use question::{Dated, Earned, Question, RESULT_VERSION};
pub use receipt::{Receipt, receipt};
pub use report::{
    Asked, Count, Figure, Friction, FrictionRow, NotCounted, OrderValues, Overview, Pattern, Performance,
    QueryFigures, Rank, Rate, Remainder, Report, Review, ReviewRow, Row, Segment, SequenceRules, Sequences,
    Shoppers, Spread, Suggester, Suggestion, Sums, Table, Totals, Unattributed, report,
};
pub use statistics::{Discovery, Estimate, Interval, Proportion};
pub use tracker::{Expired, Export, ExportedIdentifier, Tracker, Watch};

// Shards.
pub use shard::{Control, ControlMoney, Inserted, ReportSet, ShardReport, shard_of};

// What went wrong.
pub use error::{Error, ErrorKind, Result};
pub use reason::{DropReason, FieldReason, NoLiftReason, NoShareReason, RefuseReason, UnattributedReason};
