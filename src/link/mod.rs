//! Tagged links: how a click leads back to the turn that sent it.
//!
//! [`Tagger`] writes tags and a code onto a link and leaves every other byte alone; [`read`] takes them
//! off again, however mangled; [`channel::classify`] says through which channel an arrival came.
//!
//! ```
//! use clinch::link::{Code, Tagger, Utm, read};
//!
//! let mut tagger = Tagger::new();
//! tagger.set(Utm::Source, "shopbot").set(Utm::Medium, "referral");
//! let code = Code::new("7zk3q9t4m2")?;
//! let link = tagger.tag("https://shop.example/p?color=red#reviews", Some(&code)).into_link();
//! assert_eq!(
//!     link,
//!     "https://shop.example/p?color=red&utm_source=shopbot&utm_medium=referral&clq=7zk3q9t4m2#reviews"
//! );
//!
//! let tags = read(&link);
//! assert_eq!(tags.get(Utm::Source), Some("shopbot"));
//! assert_eq!(tags.code(), Some("7zk3q9t4m2"));
//! # Ok::<(), clinch::link::LinkError>(())
//! ```

pub mod carrier;
pub mod channel;
mod click_id;
pub mod code;
mod escape;
mod guard;
mod host;
mod hosts;
pub mod lint;
mod outcome;
pub mod preview;
#[cfg(feature = "codes")]
pub mod signer;
mod splice;
mod split;
mod tagger;
mod tags;
mod wrapper;

#[cfg(feature = "platforms")]
pub(crate) use click_id::is_click_id;
pub(crate) use escape::{encode_into, unescaped};

pub use code::{Code, DEFAULT_CODE_PARAM, LinkError};
pub use host::same_site;
pub use outcome::{FragmentMode, LeftAlone, MediumPreset, Outcome, Policy};
pub use tagger::Tagger;
pub use tags::{Aliases, LinkFinding, Reader, Tags, Utm, read};
pub use wrapper::unwrap;
