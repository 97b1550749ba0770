//! Takes personal text out of texts and links, for hosts that keep them.
//!
//! The tracker keeps no text by itself. A host that keeps questions ([`PrivacyLevel::Full`](crate::PrivacyLevel)) or
//! writes links to a log of its own sends them through [`text`] or [`url`] first:
//!
//! ```
//! use clinch::scrub::{self, Personal};
//!
//! let told = scrub::text("I am ann@mail.example, card 4111 1111 1111 1111, call +49 170 1234567");
//! assert_eq!(told.text, "I am (email), card (card), call (phone)");
//! assert_eq!((told.found.get(Personal::Email), told.found.total()), (1, 3));
//!
//! let link = scrub::url("https://shop.example/p/1?utm_source=bot&mail=ann%40mail.example#top");
//! assert_eq!(link.text, "https://shop.example/p/1?utm_source=bot&mail=(email)#top");
//!
//! // Nothing found, nothing copied.
//! assert!(matches!(scrub::text("do you have this in blue, size 42?").text, std::borrow::Cow::Borrowed(_)));
//! ```
//!
//! # What is found
//!
//! | kind | found |
//! |---|---|
//! | `email` | `name@host.tld`, in any script, the at sign also as `%40` |
//! | `iban` | 15 to 34 letters and digits whose check digits are right (ISO 7064, modulo 97), also in groups |
//! | `card` | 13 to 19 digits that begin with 2 to 6 and whose last digit is right (Luhn, ISO/IEC 7812-1), also in groups |
//! | `phone` | `+` and 7 to 15 digits; `0` and 8 to 16 more; 10 to 19 digits in one piece, or in up to five groups of two or more by spaces or dashes; 10 to 15 with parentheses; 3-3-4 digits with dots |
//! | `secret` | what is assigned to a word such as `password`, `token` or `cvc`, or to a name that ends in one such as `x-api-key` or `resetToken`; words with the prefix of a known kind of key; UUIDs; words in which 20 or more letters and digits stand together, three of them digits |
//!
//! Digits are also found full-width and in Arabic scripts. A long order number may be taken for a phone number, and
//! one card-like number in ten is a card by chance: what is kept of a text is meant to be harmless before it is
//! complete. Names, addresses and whatever is told in words are *not* found, nor is anything spelled out
//! (`ann at mail`): scrubbing makes text safer, never anonymous.
//!
//! Both functions look at each byte a bounded number of times. Scrubbing what was scrubbed changes nothing and finds
//! nothing.

mod number;
mod url;
mod word;

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of personal text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Personal {
    /// An e-mail address.
    Email,
    /// An international bank account number.
    Iban,
    /// The number of a payment card.
    Card,
    /// A phone number.
    Phone,
    /// A password, a key, a token, the id of a session.
    Secret,
}

impl Personal {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Email, Self::Iban, Self::Card, Self::Phone, Self::Secret];

    /// Its stable name, which stands in parentheses where one was found.
    pub fn name(self) -> &'static str {
        &self.mark()[1..self.mark().len() - 1]
    }

    /// What stands where one was found.
    fn mark(self) -> &'static str {
        match self {
            Self::Email => "(email)",
            Self::Iban => "(iban)",
            Self::Card => "(card)",
            Self::Phone => "(phone)",
            Self::Secret => "(secret)",
        }
    }
}

impl fmt::Display for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How many of each kind were found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found([u32; Personal::ALL.len()]);

impl Found {
    /// How many of one kind.
    pub fn get(&self, kind: Personal) -> u32 {
        self.0[kind as usize]
    }

    /// How many of all kinds.
    pub fn total(&self) -> u32 {
        self.0.iter().fold(0, |total, count| total.saturating_add(*count))
    }

    /// Whether there were none.
    pub fn is_empty(&self) -> bool {
        self.0 == Self::default().0
    }

    /// The kinds of which there were some, and how many.
    pub fn iter(&self) -> impl Iterator<Item = (Personal, u32)> + '_ {
        Personal::ALL.into_iter().map(|kind| (kind, self.get(kind))).filter(|(_, count)| *count > 0)
    }

    fn note(&mut self, kind: Personal) {
        let count = &mut self.0[kind as usize];
        *count = count.saturating_add(1);
    }

    fn add(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(count, more)| *count = count.saturating_add(more));
    }
}

/// A text without what was found in it, each replaced by its kind's name in parentheses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scrubbed<'a> {
    /// The text as it may be kept: borrowed where nothing was found.
    pub text: Cow<'a, str>,
    /// What was found, by kind; never what it read.
    pub found: Found,
}

/// Takes mail addresses, account, card and phone numbers and secrets out of a text; see the [module](self) for what
/// is found.
///
/// Each is replaced by its kind's name in parentheses, the rest stays byte for byte. An empty text stays empty.
pub fn text(text: &str) -> Scrubbed<'_> {
    scrub(text, Secrets::Taken)
}

/// Takes the same out of a link, and whatever stands under a name such as `email`, `token` or `session`.
///
/// Path segments, parameters and the fragment are looked at as they read when decoded, up to three times (a part
/// encoded more often is a secret); what is left of a part in which something was found is written percent-encoded. User name and password before the host are one secret. Scheme and host stay,
/// so do names of parameters, separators and every part in which nothing was found, byte for byte. In `utm_*`
/// parameters and the crate's own code, which are opaque by design, words are not taken for secrets. Any text is
/// taken, also what is no link.
///
/// ```
/// use clinch::scrub;
///
/// let link = scrub::url("https://ann:pass@shop.example/reset/550e8400-e29b-41d4-a716-446655440000?to=p1&sid=1");
/// assert_eq!(link.text, "https://(secret)@shop.example/reset/(secret)?to=p1&sid=(secret)");
/// assert_eq!(link.found.total(), 3);
/// ```
pub fn url(url: &str) -> Scrubbed<'_> {
    url::scrub(url)
}

/// Whether words may be taken for secrets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrets {
    Taken,
    Left,
}

/// How often a text is looked at.
const MOST_ROUNDS: usize = 4;

/// Where something was found.
struct Hit {
    start: usize,
    end: usize,
    kind: Personal,
}

fn scrub(text: &str, secrets: Secrets) -> Scrubbed<'_> {
    let mut scrubbed = Scrubbed { text: Cow::Borrowed(text), found: Found::default() };
    // What was replaced may have hidden where a word begins, so that a second round can find more; a third has
    // nothing left that such a word could have touched.
    for _ in 0..MOST_ROUNDS {
        let before = scrubbed.found;
        // Each looks at what those before it have left.
        scrubbed.pass(word::emails);
        scrubbed.pass(number::ibans);
        if secrets == Secrets::Taken {
            scrubbed.pass(word::secrets);
        }
        scrubbed.pass(number::cards_and_phones);
        if scrubbed.found == before {
            break;
        }
    }
    scrubbed
}

impl Scrubbed<'_> {
    /// Replaces what `find` finds: hits in order, none overlapping another.
    fn pass(&mut self, find: fn(&str) -> Vec<Hit>) {
        let hits = find(&self.text);
        if hits.is_empty() {
            return;
        }
        let mut kept = String::with_capacity(self.text.len());
        let mut from = 0;
        for Hit { start, end, kind } in hits {
            kept.push_str(&self.text[from..start]);
            kept.push_str(kind.mark());
            self.found.note(kind);
            from = end;
        }
        kept.push_str(&self.text[from..]);
        self.text = Cow::Owned(kept);
    }
}
