//! Says which chatbot queries earned an order.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod error;
pub mod link;

pub use error::{Error, ErrorKind, Result};
