//! Identifiers: who was seen in an event, and the pseudonyms that are all that is kept of it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

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
}

/// One identifier as the host wrote it. `Debug` shows its kind only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier {
    kind: IdKind,
    text: Arc<str>,
}

impl Identifier {
    /// An identifier of `kind`.
    ///
    /// An e-mail address is trimmed and lower-cased, a phone number keeps its digits and a leading `+`;
    /// everything else is taken byte for byte.
    pub fn new(kind: IdKind, text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        let text = match kind {
            IdKind::Email => Arc::from(text.trim().to_lowercase()),
            IdKind::Phone => Arc::from(canonical_phone(text)),
            _ => Arc::from(text),
        };
        Self { kind, text }
    }

    /// What it identifies.
    pub fn kind(&self) -> IdKind {
        self.kind
    }

    /// The text, normalised as [`Identifier::new`] says.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same kind without the text: what is left of it in a stored claim.
    pub(crate) fn blank(&self) -> Self {
        Self { kind: self.kind, text: Arc::from("") }
    }

    /// Whether it is a placeholder that software writes where an identifier is missing, such as `undefined`.
    ///
    /// Junk never links anything; see [`JUNK`] and [`ROLE_MAILBOXES`].
    pub fn is_junk(&self) -> bool {
        let text = self.text.trim();
        if text.chars().all(|c| matches!(c, '0' | '-' | '_' | '.' | '+' | ' ')) {
            return true;
        }
        let folded = text.to_ascii_lowercase();
        if JUNK.binary_search(&folded.as_str()).is_ok() {
            return true;
        }
        let mailbox = folded.split_once('@').map(|(mailbox, _)| mailbox);
        self.kind == IdKind::Email && mailbox.is_none_or(|name| ROLE_MAILBOXES.binary_search(&name).is_ok())
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(..)", self.kind.name())
    }
}

/// Digits, with the `+` of an international number kept.
fn canonical_phone(text: &str) -> String {
    let text = text.trim();
    let plus = text.starts_with('+');
    plus.then_some('+').into_iter().chain(text.chars().filter(char::is_ascii_digit)).collect()
}

/// Texts that stand where an identifier is missing, lower case and sorted. Texts of nothing but zeros and
/// separators, the nil UUID among them, are junk without being listed.
pub const JUNK: &[&str] = &[
    "",
    "$device_id",
    "(none)",
    "(not set)",
    "(null)",
    "*",
    "-1",
    "[]",
    "[object object]",
    "anonymous",
    "anonymous_user",
    "anonymoususer",
    "deleted",
    "distinct_id",
    "email",
    "empty",
    "false",
    "guest",
    "id",
    "infinity",
    "invalid",
    "n/a",
    "na",
    "nan",
    "nil",
    "no_id",
    "none",
    "not set",
    "not_authenticated",
    "null",
    "true",
    "undefined",
    "unknown",
    "unset",
    "user_id",
    "void",
    "{}",
];

/// Mailboxes of a role, not of a person: the part before the `@`, lower case and sorted.
pub const ROLE_MAILBOXES: &[&str] = &[
    "abuse",
    "admin",
    "administrator",
    "billing",
    "contact",
    "do-not-reply",
    "donotreply",
    "hello",
    "help",
    "hostmaster",
    "info",
    "mail",
    "mailer-daemon",
    "marketing",
    "no-reply",
    "no_reply",
    "noreply",
    "office",
    "orders",
    "postmaster",
    "sales",
    "service",
    "shop",
    "support",
    "team",
    "webmaster",
];

/// The identifiers that were seen together in one event, at most one of each kind, narrow to broad.
///
/// [`Who`] starts one. `Debug` shows kinds only.
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

/// The secret that turns identifiers into pseudonyms. `Debug` shows nothing of it.
///
/// A pseudonym is a keyed 128-bit permutation (Speck128/128, Beaulieu et al. 2013) of a 128-bit hash
/// (SipHash-2-4-128, Aumasson and Bernstein 2012, under a fixed key) of kind and text. Whoever holds the key
/// can unwrap a pseudonym to the hash and wrap it anew, which is how a key is rotated; nobody can unwrap it to
/// the text. The hash is fast, not a password hash: who holds the *key* can still try guesses, as with any
/// pseudonym. Two trackers with the same key can be merged.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Box<[u64; ROUNDS]>);

/// A 128-bit stand-in for one identifier under one [`Key`]. It prints as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym(u128);

/// Rounds of Speck128/128.
const ROUNDS: usize = 32;

impl Key {
    /// A key of 16 secret bytes, such as from the host's secret store.
    pub fn new(secret: [u8; 16]) -> Self {
        let secret = u128::from_le_bytes(secret);
        let (mut a, mut b) = (secret as u64, (secret >> 64) as u64);
        let mut rounds = [0; ROUNDS];
        for (i, round) in rounds.iter_mut().enumerate() {
            *round = a;
            (a, b) = speck_round(a, b, i as u64);
        }
        Self(Box::new(rounds))
    }

    /// The pseudonym of an identifier: the same for the same key, kind and text, on every platform.
    pub fn pseudonym(&self, identifier: &Identifier) -> Pseudonym {
        self.wrap(siphash128(identifier.kind as u8, identifier.text.as_bytes()))
    }

    pub(crate) fn wrap(&self, hash: u128) -> Pseudonym {
        let (mut low, mut high) = (hash as u64, (hash >> 64) as u64);
        for round in self.0.iter() {
            (low, high) = speck_round(low, high, *round);
        }
        Pseudonym(u128::from(high) << 64 | u128::from(low))
    }

    /// Back from a pseudonym to the hash that it wraps: the same number under every key.
    pub(crate) fn unwrap(&self, pseudonym: Pseudonym) -> u128 {
        let (mut low, mut high) = (pseudonym.0 as u64, (pseudonym.0 >> 64) as u64);
        for round in self.0.iter().rev() {
            low = (low ^ high).rotate_right(3);
            high = (high ^ round).wrapping_sub(low).rotate_left(8);
        }
        u128::from(high) << 64 | u128::from(low)
    }
}

/// One round of Speck128 on the words (low, high).
fn speck_round(low: u64, high: u64, key: u64) -> (u64, u64) {
    let high = high.rotate_right(8).wrapping_add(low) ^ key;
    (low.rotate_left(3) ^ high, high)
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// SipHash-2-4 with 128 bits out over `domain` and then `bytes`, under an all-zero key.
///
/// The domain byte keeps a visitor `1` and a customer `1` apart.
pub(crate) fn siphash128(domain: u8, bytes: &[u8]) -> u128 {
    let mut state = Sip::new(0, 0);
    let mut tail = u64::from(domain);
    let mut filled = 1;
    for byte in bytes {
        tail |= u64::from(*byte) << (8 * filled);
        filled += 1;
        if filled == 8 {
            state.absorb(tail);
            (tail, filled) = (0, 0);
        }
    }
    let length = (bytes.len() as u64).wrapping_add(1);
    state.absorb(tail | length << 56);
    state.finish()
}

/// The state of SipHash-2-4-128.
struct Sip([u64; 4]);

impl Sip {
    fn new(k0: u64, k1: u64) -> Self {
        Self([
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d ^ 0xee,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        ])
    }

    fn round(&mut self) {
        let [a, b, c, d] = &mut self.0;
        *a = a.wrapping_add(*b);
        *b = b.rotate_left(13) ^ *a;
        *a = a.rotate_left(32);
        *c = c.wrapping_add(*d);
        *d = d.rotate_left(16) ^ *c;
        *a = a.wrapping_add(*d);
        *d = d.rotate_left(21) ^ *a;
        *c = c.wrapping_add(*b);
        *b = b.rotate_left(17) ^ *c;
        *c = c.rotate_left(32);
    }

    fn absorb(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.round();
        self.0[0] ^= word;
    }

    fn finish(mut self) -> u128 {
        self.0[2] ^= 0xee;
        (0..4).for_each(|_| self.round());
        let low = self.fold();
        self.0[1] ^= 0xdd;
        (0..4).for_each(|_| self.round());
        u128::from(self.fold()) << 64 | u128::from(low)
    }

    fn fold(&self) -> u64 {
        self.0.iter().fold(0, |sum, word| sum ^ word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published vector of Speck128/128 (Beaulieu et al., appendix C).
    #[test]
    fn speck_meets_its_published_vector_and_unwraps() {
        let key = Key::new(0x0f0e0d0c0b0a0908_0706050403020100_u128.to_le_bytes());
        let plain = 0x6c61766975716520_7469206564616d20_u128;
        let wrapped = key.wrap(plain);
        assert_eq!(wrapped.0, 0xa65d985179783265_7860fedf5c570d18);
        assert_eq!(key.unwrap(wrapped), plain);
    }

    /// First and a later vector of the reference implementation's `vectors_sip128`, key 00..0f.
    #[test]
    fn siphash_meets_its_published_vectors() {
        let hash = |bytes: &[u8]| {
            let mut state = Sip::new(0x0706050403020100, 0x0f0e0d0c0b0a0908);
            let mut chunks = bytes.chunks_exact(8);
            for chunk in &mut chunks {
                state.absorb(u64::from_le_bytes(chunk.try_into().unwrap()));
            }
            let mut last = [0; 8];
            last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
            last[7] = bytes.len() as u8;
            state.absorb(u64::from_le_bytes(last));
            state.finish().to_le_bytes()
        };
        let hex = |bytes: [u8; 16]| bytes.map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(hex(hash(&[])), "a3817f04ba25a8e66df67214c7550293");
        assert_eq!(hex(hash(&[0])), "da87c1d86b99af44347659119b22fc45");
    }

    #[test]
    fn hashing_is_split_over_kinds_and_lengths() {
        assert_ne!(siphash128(3, b"1"), siphash128(6, b"1"));
        assert_ne!(siphash128(3, b""), siphash128(3, b"\0"));
        assert_ne!(siphash128(3, b"1234567"), siphash128(3, b"1234567\0"));
    }

    #[test]
    fn junk_lists_are_sorted_so_that_search_finds_every_entry() {
        assert!(JUNK.is_sorted() && ROLE_MAILBOXES.is_sorted());
        for text in JUNK {
            assert!(Identifier::new(IdKind::Visitor, text).is_junk(), "{text}");
        }
        for text in ["0", "000", "00000000-0000-0000-0000-000000000000", " NULL ", "Undefined"] {
            assert!(Identifier::new(IdKind::Customer, text).is_junk(), "{text}");
        }
        for text in ["v9", "1", "10", "annul", "a@shop.example", "info"] {
            assert!(!Identifier::new(IdKind::Visitor, text).is_junk(), "{text}");
        }
        assert!(Identifier::new(IdKind::Email, "No-Reply@shop.example").is_junk());
        assert!(Identifier::new(IdKind::Email, "no mailbox").is_junk());
        assert!(!Identifier::new(IdKind::Email, "ada@shop.example").is_junk());
    }

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
