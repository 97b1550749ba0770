//! The text of a code: what may stand on a link and how a mangled one is read.
//!
//! Codes are written in the 32 symbols of Crockford's base32, in lower case: digits and letters without `i`,
//! `l`, `o` and `u`, so that none is taken for another when it is read aloud or typed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The query parameter that carries the code unless the host picks another.
///
/// No list that strips tracking parameters knows it (checked 2026-11 against six lists); it is made of
/// letters only, so that chat markup leaves it alone.
pub const DEFAULT_CODE_PARAM: &str = "clq";

/// What is wrong with an argument of this module. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// A code is not 1 to 64 ASCII letters and digits.
    #[error("a code is 1 to 64 ASCII letters and digits, found {len} bytes of other text")]
    BadCode {
        /// Length in bytes of the refused text; the text itself may be personal and is not repeated.
        len: usize,
    },
    /// A parameter name is not 1 to 40 ASCII letters, digits, `-` and `_`.
    #[error("a parameter name is 1 to 40 ASCII letters, digits, `-` and `_`, found {found:?}")]
    BadParam {
        /// The refused name.
        found: String,
    },
    /// A key has fewer than 16 bytes.
    #[error("a key has at least 16 bytes, found {len}")]
    ShortKey {
        /// Length in bytes of the refused key.
        len: usize,
    },
    /// A counter is 2^60 or more.
    #[error("a counter is under 2^60, found {found}")]
    BadCounter {
        /// The refused counter.
        found: u64,
    },
    /// A text is not the name of a bot or page, or no phone number.
    #[error("not a {expected}: {len} bytes of other text")]
    BadTarget {
        /// What it should be.
        expected: &'static str,
        /// Length in bytes of the refused text; the text itself may be personal and is not repeated.
        len: usize,
    },
}

/// The unique text on one link: 1 to 64 ASCII letters and digits.
///
/// Every byte survives a URL, Markdown, a linkifier and Telegram's `start` without escapes. The text is kept
/// as it was given; [`Code::folded`] is the form to compare and store.
///
/// ```
/// use clinch::link::Code;
///
/// assert!(Code::new("7zk3q9t4m2").is_ok());
/// assert!(Code::new("V1StGXR8_Z5jdHi6B-my_").is_err()); // Markdown eats `_`
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code(String);

/// The code as events carry it: `Event::link_shared(..).code(&code)`.
impl From<&Code> for crate::Code {
    fn from(code: &Code) -> Self {
        Self::from(code.as_str())
    }
}

impl Code {
    /// Takes `text` for a code, as it is.
    ///
    /// # Errors
    /// [`LinkError::BadCode`] unless `text` is 1 to 64 ASCII letters and digits.
    pub fn new(text: impl Into<String>) -> Result<Self, LinkError> {
        let text = text.into();
        if Self::is_text(&text) { Ok(Self(text)) } else { Err(LinkError::BadCode { len: text.len() }) }
    }

    /// Whether [`Code::new`] would take a text.
    pub(super) fn is_text(text: &str) -> bool {
        (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
    }

    /// The text as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form to compare and store: lower case, `o` as `0`, `i` and `l` as `1`.
    ///
    /// Two codes that people or machines may take for each other have the same folded text.
    pub fn folded(&self) -> String {
        self.0.bytes().map(|b| char::from(fold_symbol(b))).collect()
    }

    /// The form for reading: upper case in groups of four, `7ZK3-Q9T4-M2`.
    pub fn readable(&self) -> String {
        let mut text = String::with_capacity(self.0.len() * 5 / 4);
        for (at, byte) in self.0.bytes().enumerate() {
            if at > 0 && at % 4 == 0 {
                text.push('-');
            }
            text.push(char::from(byte.to_ascii_uppercase()));
        }
        text
    }

    /// A text that is known to be letters and digits.
    #[cfg(feature = "codes")]
    pub(super) fn from_symbols(symbols: impl Iterator<Item = u8>) -> Self {
        Self(symbols.map(|symbol| char::from(SYMBOLS[usize::from(symbol & 31)])).collect())
    }
}

/// Crockford's symbols in the order of their values.
pub(super) const SYMBOLS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Lower case, and Crockford's reading of the letters that look like digits.
const fn fold_symbol(byte: u8) -> u8 {
    match byte.to_ascii_lowercase() {
        b'o' => b'0',
        b'i' | b'l' => b'1',
        lower => lower,
    }
}

/// In [`VALUES`]: no part of a code.
const FOREIGN: u8 = 0xFF;
/// In [`VALUES`]: dropped inside a code.
const SKIPPED: u8 = 0xFE;

/// The value of each ASCII byte in a code. A table, so that reading takes the same steps for any symbol.
const VALUES: [u8; 256] = {
    let mut values = [FOREIGN; 256];
    let mut byte = 0;
    while byte < 128 {
        let folded = fold_symbol(byte as u8);
        let mut symbol = 0;
        while symbol < 32 {
            if SYMBOLS[symbol] == folded {
                values[byte] = symbol as u8;
            }
            symbol += 1;
        }
        byte += 1;
    }
    values[b'-' as usize] = SKIPPED;
    values[b' ' as usize] = SKIPPED;
    values
};

/// The most symbols that a code can have.
const MAX_SYMBOLS: usize = 64;

/// The values of a code's symbols.
pub(super) struct Symbols {
    values: [u8; MAX_SYMBOLS],
    len: usize,
}

impl Symbols {
    /// Reads a mangled code; `None` if any byte is foreign or the length is not 1 to 64 symbols.
    pub fn read(text: &str) -> Option<Self> {
        let trimmed = text.trim_matches(|c: char| !c.is_alphanumeric());
        if trimmed.is_ascii() {
            return Self::read_bytes(trimmed.bytes());
        }
        // Chats and mail programs put these inside long words; anything else is refused as foreign.
        let is_invisible =
            |c: &char| matches!(c, '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' | '\u{AD}');
        let is_hyphen = |c| matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}');
        let plain = trimmed.chars().filter(|c| !is_invisible(c));
        Self::read_bytes(plain.map(|c| if is_hyphen(c) { b'-' } else { u8::try_from(c).unwrap_or(b'?') }))
    }

    fn read_bytes(bytes: impl Iterator<Item = u8>) -> Option<Self> {
        let mut symbols = Self { values: [0; MAX_SYMBOLS], len: 0 };
        let mut is_foreign = false;
        for byte in bytes {
            let value = VALUES[usize::from(byte)];
            *symbols.values.get_mut(symbols.len)? = value;
            is_foreign |= value == FOREIGN;
            symbols.len += usize::from(value != SKIPPED);
        }
        (!is_foreign && symbols.len > 0).then_some(symbols)
    }

    /// The values, each under 32, in order.
    pub fn values(&self) -> &[u8] {
        &self.values[..self.len]
    }
}

/// A mangled code in its canonical form: lower case, look-alikes read, hyphens, spaces and invisible
/// characters dropped, white space and punctuation around it trimmed.
///
/// `None` if what is left is not 1 to 64 symbols of the alphabet: `u` is refused, since it is the one letter
/// that stands for nothing.
///
/// ```
/// use clinch::link::code::fold;
///
/// assert_eq!(fold(" 7ZK3-Q9T4-MO. ").as_deref(), Some("7zk3q9t4m0"));
/// assert_eq!(fold("7zk3q9t4mu"), None);
/// ```
pub fn fold(text: &str) -> Option<String> {
    let symbols = Symbols::read(text)?;
    Some(symbols.values().iter().map(|value| char::from(SYMBOLS[usize::from(value & 31)])).collect())
}

/// Whether every byte is a symbol of the alphabet, in either case, and there is at least one.
pub fn is_alphabet(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| SYMBOLS.contains(&b.to_ascii_lowercase()))
}

/// Whether a text passes links, chat markup and linkifiers unescaped: ASCII letters and digits only.
pub fn is_url_safe(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Whether a text fits Telegram's `start` parameter: 1 to 64 ASCII letters, digits, `_` and `-`.
pub fn is_telegram_start(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

impl TryFrom<String> for Code {
    type Error = LinkError;

    fn try_from(text: String) -> Result<Self, LinkError> {
        Self::new(text)
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({})", self.0)
    }
}

/// Whether `name` can be a parameter of ours: 1 to 40 ASCII letters, digits, `-` and `_`.
pub(super) fn check_param(name: &str) -> Result<(), LinkError> {
    let fits = (1..=super::escape::MAX_NAME).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if fits { Ok(()) } else { Err(LinkError::BadParam { found: name.chars().take(60).collect() }) }
}
