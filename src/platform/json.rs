//! JSON as it stands in a body: numbers keep their digits, text is borrowed, errors name a byte.
//!
//! Money comes as a JSON number from some platforms and ids go beyond 2^53, so a number may not pass through a
//! float. serde_json keeps digits only under `arbitrary_precision`, which is switched for all of a program at once,
//! or as `RawValue`, which parses every level again.

use std::borrow::Cow;

use super::Refused;

/// Objects and lists inside each other; a webhook has under ten levels.
const MAX_DEPTH: usize = 64;

/// One value.
#[derive(Debug)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    /// A number as it was written.
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    /// Fields in the order given; a name may be there twice, which the reader of that field refuses.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl Json<'_> {
    /// What it is, for messages.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

type Parsed<T> = Result<T, Refused>;

/// Reads one value that fills the body but for white space around it (RFC 8259).
pub(super) fn parse(body: &[u8]) -> Parsed<Json<'_>> {
    let text = std::str::from_utf8(body)
        .map_err(|error| Refused::Json { at: error.valid_up_to(), problem: "not UTF-8" })?;
    let mut parser = Parser { text, bytes: body, at: 0 };
    let value = parser.value(0)?;
    parser.space();
    if parser.at < body.len() { parser.fail("more after the end of the value") } else { Ok(value) }
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    fn fail<T>(&self, problem: &'static str) -> Parsed<T> {
        Err(Refused::Json { at: self.at, problem })
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// Whether the next byte, white space aside, is `byte`; it is taken then.
    fn takes(&mut self, byte: u8) -> bool {
        self.space();
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn value(&mut self, depth: usize) -> Parsed<Json<'a>> {
        if depth > MAX_DEPTH {
            return self.fail("nested too deeply");
        }
        self.space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Json::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'n') => self.word("null", Json::Null),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(_) => self.fail("no value starts like this"),
            None => self.fail("the body ends too early"),
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Parsed<Json<'a>> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return self.fail("no value starts like this");
        }
        self.at += word.len();
        Ok(value)
    }

    fn object(&mut self, depth: usize) -> Parsed<Json<'a>> {
        self.at += 1;
        let mut fields = Vec::new();
        if self.takes(b'}') {
            return Ok(Json::Object(fields));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return self.fail("expected the name of a field");
            }
            let name = self.string()?;
            if !self.takes(b':') {
                return self.fail("expected a colon");
            }
            fields.push((name, self.value(depth + 1)?));
            if self.takes(b'}') {
                return Ok(Json::Object(fields));
            }
            if !self.takes(b',') {
                return self.fail("expected a comma or the end of the object");
            }
        }
    }

    fn list(&mut self, depth: usize) -> Parsed<Json<'a>> {
        self.at += 1;
        let mut items = Vec::new();
        if self.takes(b']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.takes(b']') {
                return Ok(Json::List(items));
            }
            if !self.takes(b',') {
                return self.fail("expected a comma or the end of the list");
            }
        }
    }

    fn digits(&mut self) -> Parsed<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { self.fail("expected a digit") } else { Ok(()) }
    }

    fn number(&mut self) -> Parsed<Json<'a>> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let whole = self.at;
        self.digits()?;
        if self.bytes[whole] == b'0' && self.at > whole + 1 {
            return self.fail("a number with a leading zero");
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(Json::Number(&self.text[start..self.at]))
    }

    fn string(&mut self) -> Parsed<Cow<'a, str>> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let text = &self.text[start..self.at];
                    self.at += 1;
                    return Ok(Cow::Borrowed(text));
                }
                Some(b'\\') => return self.escaped(start),
                Some(0..=0x1F) => return self.fail("a control character in text"),
                Some(_) => self.at += 1,
                None => return self.fail("the body ends too early"),
            }
        }
    }

    /// The rest of a string that has an escape here.
    fn escaped(&mut self, start: usize) -> Parsed<Cow<'a, str>> {
        let mut text = self.text[start..self.at].to_owned();
        loop {
            let plain = self.at;
            while !matches!(self.peek(), Some(b'"' | b'\\' | 0..=0x1F) | None) {
                self.at += 1;
            }
            text.push_str(&self.text[plain..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(text));
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return self.fail("a control character in text"),
                None => return self.fail("the body ends too early"),
            }
        }
    }

    fn escape(&mut self) -> Parsed<char> {
        let letter = self.bytes.get(self.at + 1).copied();
        let plain = match letter {
            Some(b @ (b'"' | b'\\' | b'/')) => char::from(b),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{C}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return self.fail("an unknown escape"),
        };
        self.at += 2;
        Ok(plain)
    }

    /// `\uXXXX`, or two of them that make a surrogate pair.
    fn unicode(&mut self) -> Parsed<char> {
        let first = self.unit()?;
        let scalar = match first {
            0xD800..=0xDBFF => match self.unit() {
                Ok(second @ 0xDC00..=0xDFFF) => 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00),
                _ => return self.fail("half a surrogate pair"),
            },
            other => other,
        };
        char::from_u32(scalar).map_or_else(|| self.fail("half a surrogate pair"), Ok)
    }

    fn unit(&mut self) -> Parsed<u32> {
        let digits = match self.bytes.get(self.at..self.at + 6) {
            Some([b'\\', b'u', digits @ ..]) => digits,
            _ => return self.fail("expected \\u and four digits"),
        };
        let mut unit = 0;
        for digit in digits {
            let Some(value) = char::from(*digit).to_digit(16) else {
                return self.fail("expected \\u and four digits");
            };
            unit = unit << 4 | value;
        }
        self.at += 6;
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value as serde_json would hold it, numbers by their digits.
    fn shown(value: &Json<'_>) -> serde_json::Value {
        match value {
            Json::Null => serde_json::Value::Null,
            Json::Bool(value) => (*value).into(),
            Json::Number(digits) => serde_json::from_str(digits).unwrap_or_else(|_| (*digits).into()),
            Json::Text(text) => text.as_ref().into(),
            Json::List(items) => items.iter().map(shown).collect(),
            Json::Object(fields) => {
                fields.iter().map(|(name, value)| (name.to_string(), shown(value))).collect()
            }
        }
    }

    #[test]
    fn whatever_serde_json_reads_is_read_alike_and_nothing_else() {
        let texts = [
            "null",
            " true ",
            "false",
            "0",
            "-0",
            "1.50",
            "1e5",
            "-1.5E-3",
            "[]",
            "{}",
            "[1,[2,{\"a\":null}]]",
            r#""a\u0041\n\"\\\/\b\f\r\t""#,
            r#""\ud83d\ude00é""#,
            r#"{"a":1,"b":"x"}"#,
            "",
            " ",
            "nul",
            "truex",
            "01",
            "-",
            "1.",
            ".5",
            "+1",
            "1e",
            "1e+",
            "[1,]",
            "[,1]",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "{\"a\":1,}",
            "\"",
            "\"\\",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\ud800\"",
            "\"\\udc00\"",
            "\"\\ud800\\u0041\"",
            "\"\n\"",
            "[1 2]",
            "1 2",
            "\u{feff}1",
            "NaN",
            "[",
            "{\"a\":1",
            "\"\\u+123\"",
            "\"\\ud83d\\",
            "\"é",
            "'a'",
        ];
        for text in texts {
            let ours = parse(text.as_bytes());
            let theirs = serde_json::from_str::<serde_json::Value>(text);
            assert_eq!(ours.is_ok(), theirs.is_ok(), "{text}: {ours:?} {theirs:?}");
            if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
                assert_eq!(shown(&ours), theirs, "{text}");
            }
        }
    }

    #[test]
    fn a_damaged_payload_is_read_as_serde_json_reads_it() {
        let whole = include_bytes!("../../tests/data/platforms/shopify/refund.json");
        let (mut read, mut refused) = (0, 0);
        for place in 0..whole.len() {
            for byte in *b"\"\\{}[],:0-.eu \x00\xC3" {
                let mut body = *whole;
                body[place] = byte;
                let (ours, theirs) = (parse(&body), serde_json::from_slice::<serde_json::Value>(&body));
                match (&ours, &theirs) {
                    (Ok(ours), Ok(theirs)) => assert_eq!(shown(ours), *theirs, "{place} {byte}"),
                    (Ok(_), Err(error)) => {
                        assert!(error.to_string().contains("out of range"), "{place}: {error}")
                    }
                    (Err(_), theirs) => assert!(theirs.is_err(), "{place} {byte}: {ours:?}"),
                }
                *if ours.is_ok() { &mut read } else { &mut refused } += 1;
            }
        }
        assert!(read > 1_000 && refused > 1_000, "{read} {refused}");
    }

    #[test]
    fn digits_are_kept_and_depth_is_bounded() {
        let long = "123456789012345678901234567890.10";
        assert!(matches!(parse(long.as_bytes()), Ok(Json::Number(digits)) if digits == long));
        assert!(matches!(parse(b"1e400"), Ok(Json::Number("1e400"))));
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        let deep = "[".repeat(1_000_000);
        assert!(matches!(parse(deep.as_bytes()), Err(Refused::Json { problem: "nested too deeply", .. })));
        assert!(matches!(parse(b"\"\xff\""), Err(Refused::Json { at: 1, problem: "not UTF-8" })));
    }
}
