//! Identifiers: who was seen in an event, and the pseudonyms that are all that is kept of it.

mod borrowed;
mod junk;
mod pseudonym;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

pub use borrowed::{IdentifierRef, IdentifiersRef};
pub(crate) use junk::is_junk;
pub use junk::{JUNK, ROLE_MAILBOXES};
pub(crate) use pseudonym::siphash128;
pub use pseudonym::{Key, Pseudonym};

/// What an identifier identifies, from the narrowest span of activity to the broadest.
///
/// The order is that of resolution: an event without a customer belongs to whom its *narrowest* decided
/// identifier belongs. [`IdKind::Email`], [`IdKind::Phone`] and [`IdKind::Customer`] are strong: they name a
/// person within one shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdKind {
    /// One run through the checkout.
    Checkout,
    /// One shopping cart.
    Cart,
    /// One exchange with the bot.
    Conversation,
    /// An anonymous id of a browser or device.
    Visitor,
    /// A phone number.
    Phone,
    /// An e-mail address.
    Email,
    /// A person that the shop knows.
    Customer,
}

impl IdKind {
    /// All kinds, narrow to broad.
    pub const ALL: [Self; 7] = [
        Self::Checkout,
        Self::Cart,
        Self::Conversation,
        Self::Visitor,
        Self::Phone,
        Self::Email,
        Self::Customer,
    ];

    /// The field of the event log that carries it, such as `visitor`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Checkout => "checkout",
            Self::Cart => "cart",
            Self::Conversation => "conversation",
            Self::Visitor => "visitor",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Customer => "customer",
        }
    }

    /// Whether it names a person within one shop: customer, e-mail or phone.
    pub fn is_strong(self) -> bool {
        self >= Self::Phone
    }

    /// The form in which identifiers of this kind are compared.
    ///
    /// An e-mail address is trimmed and lower-cased, a phone number keeps its digits and a leading `+`; everything
    /// else is taken byte for byte. What is in that form already is borrowed.
    ///
    /// ```
    /// use clinch::IdKind;
    ///
    /// assert_eq!(IdKind::Email.normalised(" Ada@Example.com"), "ada@example.com");
    /// assert_eq!(IdKind::Phone.normalised("+49 (30) 123-456"), "+4930123456");
    /// assert_eq!(IdKind::Visitor.normalised(" V9"), " V9");
    /// ```
    pub fn normalised(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Email => canonical_email(text),
            Self::Phone => canonical_phone(text),
            _ => Cow::Borrowed(text),
        }
    }
}

/// One identifier as the host wrote it. `Debug` shows its kind only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier {
    kind: IdKind,
    text: Arc<str>,
}

impl Identifier {
    /// An identifier of `kind`, in the form of [`IdKind::normalised`].
    pub fn new(kind: IdKind, text: impl AsRef<str>) -> Self {
        Self { kind, text: Arc::from(&*kind.normalised(text.as_ref())) }
    }

    /// The pseudonym of an identifier in its place, as it prints.
    pub(crate) fn stand_in(kind: IdKind, name: Pseudonym) -> Self {
        Self { kind, text: Arc::from(name.to_string()) }
    }

    /// What it identifies.
    pub fn kind(&self) -> IdKind {
        self.kind
    }

    /// The text, normalised as [`IdKind::normalised`] says.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is a placeholder that software writes where an identifier is missing, such as `undefined`.
    ///
    /// Junk never links anything; see [`JUNK`] and [`ROLE_MAILBOXES`].
    pub fn is_junk(&self) -> bool {
        junk::is_junk(self.kind, &self.text)
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(..)", self.kind.name())
    }
}

/// Trimmed and in lower case.
fn canonical_email(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    // Beyond ASCII lower case is not letter by letter: only the whole text tells.
    let done = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if done { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) }
}

/// Digits, with the `+` of an international number kept.
fn canonical_phone(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let (plus, number) = text.strip_prefix('+').map_or((None, text), |number| (Some('+'), number));
    if number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(plus.into_iter().chain(number.chars().filter(char::is_ascii_digit)).collect())
}

/// The identifiers that were seen together in one event, at most one of each kind, narrow to broad.
///
/// [`Who`] starts one. `Debug` shows kinds only.
///
/// # Whose event is it?
///
/// Several identifiers in one event are a claim that these belong together. Who is who is computed from all claims for
/// each answer, so that one that is taken back leaves nothing behind. An event belongs to
///
/// 1. the customer that it names (customers that the shop merged count as one);
/// 2. else the one customer that was named together with its e-mail address or phone number; none: the mailbox itself
///    is the customer; several: these decide nothing;
/// 3. else whom its narrowest decided identifier belongs to (checkout, cart, conversation, visitor): that which
///    exactly one customer claims, directly, or by a narrower identifier seen with it, or, without any such claim,
///    through a broader one;
/// 4. else the anonymous person that its identifiers form. These connect only through identifiers that no customer
///    claims, so a device that two customers share carries anonymous events to neither.
///
/// A withdrawn claim holds until a later event names both identifiers again.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Identifiers(SmallVec<[Identifier; 2]>);

/// Starts the list of identifiers that were seen together: `Who::visitor("v9").conversation("c1")`.
///
/// ```
/// use clinch::Who;
///
/// let who = Who::visitor("v9").conversation("c1").email("Ada@Example.com");
/// assert_eq!(who.len(), 3);
/// // Debug never shows an identifier.
/// assert_eq!(format!("{who:?}"), "[conversation(..), visitor(..), email(..)]");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {}

/// One starter on [`Who`] and one setter on [`Identifiers`] per kind, under the same name.
macro_rules! who_kinds {
    ($($name:ident $kind:ident $what:literal;)*) => {
        impl Who {
            $(
                #[doc = concat!("Seen with ", $what, ".")]
                pub fn $name(text: impl AsRef<str>) -> Identifiers {
                    Identifiers::none().$name(text)
                }
            )*
        }

        impl Identifiers {
            $(
                #[doc = concat!("Seen with ", $what, " too; replaces one that was set before.")]
                pub fn $name(mut self, text: impl AsRef<str>) -> Self {
                    self.set(Identifier::new(IdKind::$kind, text));
                    self
                }
            )*
        }
    };
}

who_kinds! {
    checkout Checkout "a checkout";
    cart Cart "a cart";
    conversation Conversation "a conversation";
    visitor Visitor "a visitor";
    phone Phone "a phone number";
    email Email "an e-mail address";
    customer Customer "a customer";
}

impl Identifiers {
    /// Nobody seen: what a refund that only names its order has.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds an identifier, or replaces the one of its kind.
    pub fn set(&mut self, identifier: Identifier) {
        match self.0.binary_search_by_key(&identifier.kind, |held| held.kind) {
            Ok(at) => self.0[at] = identifier,
            Err(at) => self.0.insert(at, identifier),
        }
    }

    /// The identifier of `kind`, if one was seen.
    pub fn get(&self, kind: IdKind) -> Option<&Identifier> {
        self.0.iter().find(|identifier| identifier.kind == kind)
    }

    /// All of them, narrow to broad.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Identifier> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody was seen.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Identifier> for Identifiers {
    fn from(identifier: Identifier) -> Self {
        let mut who = Self::none();
        who.set(identifier);
        who
    }
}

impl fmt::Debug for Identifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_numbers_are_compared_in_one_form() {
        let email = |text| Identifier::new(IdKind::Email, text);
        assert_eq!(email(" Ada@Example.COM "), email("ada@example.com"));
        let phone = |text| Identifier::new(IdKind::Phone, text);
        assert_eq!(phone("+49 (30) 123-456"), phone("+4930123456"));
        assert_ne!(phone("+4930123456"), phone("4930123456"));
    }

    #[test]
    fn debug_shows_no_identifier_and_no_secret() {
        let shown = format!("{:?} {:?}", Who::visitor("v9").email("ada@example.com"), Key::new([7; 16]));
        assert_eq!(shown, "[visitor(..), email(..)] Key(..)");
    }
}
