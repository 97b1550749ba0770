//! Tagged links: how a click leads back to the turn that sent it.
//!
//! ```
//! use clinch::link::{Channel, Tagger, Tags};
//!
//! let mut tagger = Tagger::new();
//! tagger.source("shopbot").campaign("advice").code("7zk3q9t4m2d0x5wa");
//! let link = tagger.tag("https://shop.example/p/1?color=blue#reviews")?;
//! let query = "color=blue&utm_source=shopbot&utm_medium=referral&utm_campaign=advice&clq=7zk3q9t4m2d0x5wa";
//! assert_eq!(link, format!("https://shop.example/p/1?{query}#reviews"));
//!
//! let tags = Tags::read(&link);
//! assert_eq!(tags.source.as_deref(), Some("shopbot"));
//! assert_eq!(tags.code.as_deref(), Some("7zk3q9t4m2d0x5wa"));
//! assert_eq!(Channel::of(Some(&link), None), Channel::Chatbot);
//! # Ok::<(), clinch::Error>(())
//! ```

mod channel;
mod percent;
mod tags;

pub use channel::Channel;
pub use tags::{Tagger, Tags};

pub(crate) use percent::decoded as percent_decoded;

use std::borrow::Cow;

/// The query parameter that carries a link's unique code. No privacy list that we know removes it.
pub const CODE_PARAMETER: &str = "clq";

/// The unique code on a link, if it has one.
pub(crate) fn code_on(url: &str) -> Option<Cow<'_, str>> {
    Tags::read(url).code
}
