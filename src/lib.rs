//! Says which chatbot queries earned an order.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod choice;
mod credit;
mod error;
pub mod event;
mod fact;
mod id;
mod identity;
mod journey;
pub mod link;
pub mod model;
mod money;
mod privacy;
mod question;
pub mod reason;
mod receipt;
mod report;
mod shard;
mod text;
mod time;
mod tracker;

pub use credit::{Credit, Credits, LineCredits, Share, credit, credit_lines};
pub use error::{Error, ErrorKind, Result};
pub use event::{
    Event, EventOf, Kind, Order, OrderLine, OrderRefund, OrderStatus, Purpose, Refund, RefundLine,
};
pub use fact::{Limits, Recorded};
pub use id::{IdKind, Identifier, Identifiers, JUNK, Key, Pseudonym, ROLE_MAILBOXES, Who};
pub use journey::{
    Claim, Conversion, ConversionKind, Dimension, DirectVisits, Evidence, EvidenceSet, Journey,
    JourneyBuilder, Labels, Line, POST_PURCHASE_INTENTS, Path, ProductMatch, Refused, Reuse, Rules,
    TouchKind, Touchpoint, Transform, Unit,
};
pub use model::{BuiltIn, Chosen, Model, Participation, PositionBased, TimeDecay, Weights};
pub use money::{Currency, Money, apportion};
pub use privacy::ConsentPolicy;
pub use question::{Dated, Earned, Question, RESULT_VERSION};
pub use reason::{DropReason, RefuseReason, UnattributedReason};
pub use receipt::{Receipt, receipt};
pub use report::{
    Count, Figure, NotCounted, OrderValues, Overview, QueryFigures, Rate, Remainder, Report, Row, Sums,
    Table, Totals, Unattributed, report,
};
pub use shard::{Control, ControlMoney, Inserted, ReportSet, ShardReport, shard_of};
pub use text::{Code, EventId, Label, OrderId, ProductId, RefundId};
pub use time::{Period, Span};
pub use tracker::{Intake, Tracker};
