//! Percent-encoding of our own values, and lossy decoding of everybody's.

use std::borrow::Cow;

use super::split::position;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Appends `value` with all but unreserved bytes (RFC 3986 section 2.3) as upper-case `%XX`.
///
/// Brackets, star, quote and bang are escaped too: Markdown and linkifiers cut a link there.
pub(crate) fn encode_into(value: &str, out: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// The byte that an escape at the start of `bytes` stands for, or `None` for a lone or malformed `%`.
pub(super) fn escape_at(bytes: &[u8]) -> Option<u8> {
    match *bytes {
        [b'%', high, low, ..] => Some(nibble(high)? << 4 | nibble(low)?),
        _ => None,
    }
}

fn nibble(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// What a value in a query stands for.
pub(super) struct Decoded<'a> {
    /// The text, trimmed.
    pub text: Cow<'a, str>,
    /// Some bytes were no UTF-8 and became U+FFFD.
    pub lossy: bool,
    /// The decoded text still holds a well-formed escape.
    pub escaped_twice: bool,
}

/// Decodes `+` and `%XX` once, keeps malformed escapes, replaces bad UTF-8, trims white space.
pub(super) fn decode(value: &str) -> Decoded<'_> {
    if position(value.as_bytes(), b'%', b'+') == value.len() {
        // Most values begin and end in a letter or digit; trimming decodes both ends.
        let is_tight = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_graphic());
        let is_trimmed = is_tight(value.as_bytes().first()) && is_tight(value.as_bytes().last());
        let text = if is_trimmed { value } else { value.trim() };
        return Decoded { text: Cow::Borrowed(text), lossy: false, escaped_twice: false };
    }
    let mut plain = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [byte, tail @ ..] = rest {
        let escaped = if *byte == b'%' { escape_at(rest) } else { None };
        plain.push(escaped.unwrap_or(if *byte == b'+' { b' ' } else { *byte }));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    let (text, lossy) = match String::from_utf8(plain) {
        Ok(text) => (text, false),
        Err(bad) => (String::from_utf8_lossy(bad.as_bytes()).into_owned(), true),
    };
    let escaped_twice =
        text.contains('%') && text.as_bytes().windows(3).any(|three| escape_at(three).is_some());
    let trimmed = text.trim();
    let text = if trimmed.len() == text.len() { text } else { trimmed.to_owned() };
    Decoded { text: Cow::Owned(text), lossy, escaped_twice }
}

/// The text with `%XX` decoded and nothing else changed; bytes that are no UTF-8 become U+FFFD.
pub(crate) fn unescaped(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = escape_at(&bytes[at..]);
        plain.push(escaped.unwrap_or(byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// The longest parameter name that is looked at; longer ones are nobody's we know.
pub(super) const MAX_NAME: usize = 40;

/// A parameter name after decoding, in ASCII lower case, with what was done to it.
pub(super) struct Name {
    bytes: [u8; MAX_NAME],
    len: usize,
    /// Some letters were upper case.
    pub upper: bool,
}

impl Name {
    /// Decodes and folds `raw`; `None` if it is longer than [`MAX_NAME`].
    pub fn new(raw: &str) -> Option<Self> {
        let raw = raw.as_bytes();
        let mut name = Self { bytes: [0; MAX_NAME], len: 0, upper: false };
        let mut at = 0;
        while at < raw.len() {
            let (byte, width) = match escape_at(&raw[at..]) {
                Some(byte) => (byte, 3),
                None if raw[at] == b'+' => (b' ', 1),
                None => (raw[at], 1),
            };
            *name.bytes.get_mut(name.len)? = byte.to_ascii_lowercase();
            name.upper |= byte.is_ascii_uppercase();
            name.len += 1;
            at += width;
        }
        Some(name)
    }

    /// The folded bytes.
    pub fn folded(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Whether `raw` is the parameter `name` in any case and with any escapes.
pub(super) fn is_name(raw: &str, name: &str) -> bool {
    let starts_alike = match (raw.as_bytes().first(), name.as_bytes().first()) {
        (Some(b'%'), _) => true,
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        _ => false,
    };
    let is_escaped = || {
        raw.contains('%')
            && Name::new(raw).is_some_and(|folded| folded.folded().eq_ignore_ascii_case(name.as_bytes()))
    };
    starts_alike && (raw.eq_ignore_ascii_case(name) || is_escaped())
}
