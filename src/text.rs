//! Small texts that hosts hand in: labels and ids, each kind a type of its own.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::sync::Arc;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

/// Defines a newtype over shared text: cheap to clone, ordered by its bytes, read from text or integers.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text as it was handed in.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(Arc::from(text))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(Arc::from(text))
            }
        }

        impl From<&String> for $name {
            fn from(text: &String) -> Self {
                Self(Arc::from(text.as_str()))
            }
        }

        impl From<Cow<'_, str>> for $name {
            fn from(text: Cow<'_, str>) -> Self {
                Self(Arc::from(&*text))
            }
        }

        impl From<Arc<str>> for $name {
            fn from(text: Arc<str>) -> Self {
                Self(text)
            }
        }

        impl From<&$name> for $name {
            fn from(text: &$name) -> Self {
                text.clone()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(TextVisitor).map(Self)
            }
        }
    };
}

text_type! {
    /// What a turn or a product is called in reports: a query, a topic, an intent, a channel.
    Label
}
text_type! {
    /// The host's id of an event: its idempotency key, unique to a person.
    ///
    /// The id of a `query` event is the id of the turn. It stays readable, since a receipt must lead back to
    /// the host's chat log.
    EventId
}
text_type! {
    /// The shop's id of an order. It stays readable in receipts.
    OrderId
}
text_type! {
    /// The shop's id of a refund, unique within its order.
    RefundId
}
text_type! {
    /// The shop's id of a product, as the bot and the order lines both know it.
    ProductId
}
text_type! {
    /// The unique text on one link, or a discount code, as an event carries it: any text that was read somewhere.
    ///
    /// [`link::Code`](crate::link::Code) is the checked form that is written onto links.
    Code
}

impl From<&ProductId> for Label {
    fn from(product: &ProductId) -> Self {
        Self(product.0.clone())
    }
}

impl From<&EventId> for Label {
    fn from(id: &EventId) -> Self {
        Self(id.0.clone())
    }
}

/// Text as it is printed between others: control characters escaped, so that no label writes a line of its own or
/// speaks to a terminal.
pub(crate) fn printed(text: &str) -> Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let escaped = |c: char| if c.is_control() { c.escape_default().collect() } else { String::from(c) };
    Cow::Owned(text.chars().map(escaped).collect())
}

/// Reads text, and whole numbers as their decimal text: shops write ids both ways.
struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or a whole number")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Arc<str>, E> {
        Ok(Arc::from(text))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Arc<str>, E> {
        Ok(Arc::from(number.to_string()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Arc<str>, E> {
        Ok(Arc::from(number.to_string()))
    }
}
