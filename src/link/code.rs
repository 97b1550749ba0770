//! The text of a code: what may stand on a link and how a mangled one is read.

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
    /// A parameter name is not 1 to 40 ASCII letters and digits.
    #[error("a parameter name is 1 to 40 ASCII letters, digits, `-` and `_`, found {found:?}")]
    BadParam {
        /// The refused name.
        found: String,
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

impl Code {
    /// Takes `text` for a code, as it is.
    ///
    /// # Errors
    /// [`LinkError::BadCode`] unless `text` is 1 to 64 ASCII letters and digits.
    pub fn new(text: impl Into<String>) -> Result<Self, LinkError> {
        let text = text.into();
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if fits { Ok(Self(text)) } else { Err(LinkError::BadCode { len: text.len() }) }
    }

    /// The text as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text in lower case without look-alikes: `o` is `0`, `i` and `l` are `1`.
    ///
    /// Two codes that people or machines may take for each other have the same folded text; the host keys
    /// its table by it.
    pub fn folded(&self) -> String {
        self.0.bytes().map(|b| char::from(fold_symbol(b))).collect()
    }
}

/// Lower case, and Crockford's reading of the letters that look like digits.
const fn fold_symbol(byte: u8) -> u8 {
    match byte.to_ascii_lowercase() {
        b'o' => b'0',
        b'i' | b'l' => b'1',
        lower => lower,
    }
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
