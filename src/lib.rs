//! Says which chatbot queries earned an order.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod error;
pub mod event;
mod id;
pub mod link;
mod money;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod time;

pub use error::{Error, ErrorKind, Result};
pub use event::{Event, EventOf, Kind};
pub use id::{IdKind, Identifier, Identifiers, Key, Pseudonym, Who};
pub use money::{Currency, Money, apportion};
pub use text::{Code, EventId, Label, OrderId, ProductId, RefundId};
pub use time::{Period, Span};
