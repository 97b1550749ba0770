//! Percent-coding, tolerant when reading and strict when writing.

use std::borrow::Cow;

/// Decodes `%XX`; what is no escape stays as it is, bytes that are no UTF-8 become the replacement character.
pub(crate) fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while let Some(byte) = bytes.get(place) {
        let pair = (*byte == b'%').then(|| escaped(bytes.get(place + 1..place + 3)?)).flatten();
        out.push(pair.unwrap_or(*byte));
        place += if pair.is_some() { 3 } else { 1 };
    }
    match String::from_utf8_lossy(&out) {
        Cow::Borrowed(_) => Cow::Owned(String::from_utf8(out).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text),
    }
}

/// Decodes a value of a query: `+` is a space, too.
pub(super) fn form_decoded(text: &str) -> Cow<'_, str> {
    if text.contains('+') { Cow::Owned(decoded(&text.replace('+', " ")).into_owned()) } else { decoded(text) }
}

fn escaped(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let [high, low] = digits else { return None };
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

/// Writes all but unreserved characters (RFC 3986) as `%XX`, so that no mail program or chat ends the link early.
pub(super) fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                let hex = b"0123456789ABCDEF";
                out.push('%');
                out.push(char::from(hex[usize::from(byte >> 4)]));
                out.push(char::from(hex[usize::from(byte & 15)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_what_is_broken_stays() {
        for text in ["", "a b", "50% off", "größe+1", "a&b=c#d", "%", "()*'!"] {
            let mut written = String::new();
            encode(text, &mut written);
            assert_eq!(form_decoded(&written), text);
        }
        assert_eq!(decoded("%zz%4"), "%zz%4");
        assert_eq!(decoded("%E9"), "\u{fffd}");
        assert_eq!(form_decoded("a+b%2Bc"), "a b+c");
    }
}
