//! Reading one payload field by field: exact, or an error that names the path.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDateTime, Utc};

use super::json::Json;
use crate::event::FieldError;
use crate::id::{IdKind, Identifier, Identifiers};
use crate::money::{Currency, Money};

pub(super) type Read<T> = Result<T, FieldError>;

pub(super) fn fail<T>(field: impl Into<String>, reason: impl Into<String>) -> Read<T> {
    Err(FieldError { field: field.into(), reason: reason.into() })
}

/// Puts `place` before the path of an error from inside it.
pub(super) fn within<T>(read: Read<T>, place: impl FnOnce() -> String) -> Read<T> {
    read.map_err(|FieldError { field, reason }| {
        let place = place();
        let dot = if field.is_empty() || field.starts_with('[') || place.is_empty() { "" } else { "." };
        FieldError { field: format!("{place}{dot}{field}"), reason }
    })
}

/// The fields of one object. Null counts as missing; a name that is there twice is an error where it is read.
#[derive(Clone, Copy)]
pub(super) struct Object<'a>(&'a [(Cow<'a, str>, Json<'a>)]);

impl<'a> Object<'a> {
    pub(super) fn of(value: &'a Json<'a>) -> Read<Self> {
        match value {
            Json::Object(fields) => Ok(Self(fields)),
            other => fail("", format!("expected an object, found {}", other.name())),
        }
    }

    /// All fields as they stand.
    pub(super) fn fields(self) -> &'a [(Cow<'a, str>, Json<'a>)] {
        self.0
    }

    pub(super) fn get(self, field: &str) -> Read<Option<&'a Json<'a>>> {
        let mut found = self.0.iter().filter(|(name, _)| name == field);
        let first = found.next();
        if found.next().is_some() {
            return fail(field, "given twice");
        }
        Ok(first.map(|(_, value)| value).filter(|value| !matches!(value, Json::Null)))
    }

    /// An object inside this one, read by `read`.
    pub(super) fn object<T>(self, field: &str, read: impl FnOnce(Object<'a>) -> Read<T>) -> Read<Option<T>> {
        let Some(value) = self.get(field)? else { return Ok(None) };
        within(Object::of(value).and_then(read), || field.to_owned()).map(Some)
    }

    /// A list of objects, each read by `read`; missing is empty.
    pub(super) fn objects<T>(self, field: &str, mut read: impl FnMut(Object<'a>) -> Read<T>) -> Read<Vec<T>> {
        self.list(field)?
            .iter()
            .enumerate()
            .map(|(place, value)| {
                within(Object::of(value).and_then(&mut read), || format!("{field}[{place}]"))
            })
            .collect()
    }

    pub(super) fn list(self, field: &str) -> Read<&'a [Json<'a>]> {
        match self.get(field)? {
            None => Ok(&[]),
            Some(Json::List(items)) => Ok(items),
            Some(other) => fail(field, format!("expected a list, found {}", other.name())),
        }
    }

    /// Text, or a whole number by its digits: ids come both ways and go beyond 2^53. Empty counts as missing.
    pub(super) fn text(self, field: &str) -> Read<Option<&'a str>> {
        let Some(value) = self.get(field)? else { return Ok(None) };
        Ok(Some(text(value, field)?).filter(|text| !text.is_empty()))
    }

    pub(super) fn need_text(self, field: &str) -> Read<&'a str> {
        needed(self.text(field)?, field)
    }

    /// An id for which the platform writes 0 where there is none.
    pub(super) fn id(self, field: &str) -> Read<Option<&'a str>> {
        Ok(self.text(field)?.filter(|id| *id != "0"))
    }

    /// True or false, also as 1 or 0; missing is false.
    pub(super) fn flag(self, field: &str) -> Read<bool> {
        match self.get(field)? {
            None | Some(Json::Bool(false) | Json::Number("0")) => Ok(false),
            Some(Json::Bool(true) | Json::Number("1")) => Ok(true),
            Some(other) => fail(field, format!("expected true or false, found {}", other.name())),
        }
    }

    /// A number of pieces. A whole number may have zeros after its point; a part of a piece is an error.
    pub(super) fn quantity(self, field: &str) -> Read<u32> {
        let value = needed(self.get(field)?, field)?;
        let plain = match value {
            Json::Number(digits) => plain_decimal(digits, 0),
            Json::Text(text) => Some(trimmed(text, 0)),
            other => return fail(field, format!("expected a number of pieces, found {}", other.name())),
        };
        let pieces = plain.as_deref().and_then(|digits| digits.parse().ok());
        pieces.map_or_else(|| fail(field, "not a whole number of pieces"), Ok)
    }

    /// A number of pieces where goods may be weighed or cut: what is no whole number is one piece.
    pub(super) fn pieces(self, field: &str) -> Read<u32> {
        let digits = match self.get(field)? {
            Some(Json::Number(digits)) => *digits,
            Some(Json::Text(text)) => text,
            _ => return self.quantity(field),
        };
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let is_part = |(whole, part)| is_digits(whole) && is_digits(part) && trimmed(digits, 0).contains('.');
        if digits.split_once('.').is_some_and(is_part) { Ok(1) } else { self.quantity(field) }
    }

    /// The same; one piece where nothing is said.
    pub(super) fn pieces_or_one(self, field: &str) -> Read<u32> {
        if self.get(field)?.is_none() { Ok(1) } else { self.pieces(field) }
    }

    pub(super) fn currency(self, field: &str) -> Read<Option<Currency>> {
        let Some(code) = self.text(field)? else { return Ok(None) };
        code.parse().map(Some).or_else(|error: crate::Error| fail(field, error.to_string()))
    }

    pub(super) fn need_currency(self, field: &str) -> Read<Currency> {
        needed(self.currency(field)?, field)
    }

    /// Money as decimal text or as a JSON number, of either sign.
    pub(super) fn signed_money(self, field: &str, currency: Currency) -> Read<Option<Money>> {
        let Some(value) = self.get(field)? else { return Ok(None) };
        let digits = match value {
            Json::Number(digits) => plain_decimal(digits, currency.exponent()),
            Json::Text(text) => Some(trimmed(text, currency.exponent())),
            other => return fail(field, format!("expected an amount, found {}", other.name())),
        };
        let Some(digits) = digits else { return fail(field, "not an amount that is exact in its currency") };
        Money::parse(&digits, currency).map(Some).or_else(|error| fail(field, error.to_string()))
    }

    /// Money that is zero or more.
    pub(super) fn money(self, field: &str, currency: Currency) -> Read<Option<Money>> {
        match self.signed_money(field, currency)? {
            Some(money) if money.minor() < 0 => fail(field, "a negative amount"),
            money => Ok(money),
        }
    }

    pub(super) fn need_money(self, field: &str, currency: Currency) -> Read<Money> {
        needed(self.money(field, currency)?, field)
    }

    /// Money in whole minor units, of either sign: `32516` is 325.16 USD.
    pub(super) fn signed_minor(self, field: &str, currency: Currency) -> Read<Option<Money>> {
        let Some(value) = self.get(field)? else { return Ok(None) };
        let digits = match value {
            Json::Number(digits) => plain_decimal(digits, 0),
            Json::Text(text) => Some(Cow::Borrowed(text.as_ref())).filter(|text| !text.starts_with('+')),
            other => return fail(field, format!("expected minor units, found {}", other.name())),
        };
        let minor = digits.and_then(|digits| digits.parse().ok());
        minor.map_or_else(
            || fail(field, "not a whole number of minor units"),
            |minor| Ok(Some(Money::new(minor, currency))),
        )
    }

    /// Unix time, of which a second has `per_second`, as text or as a number.
    pub(super) fn instant_unix(self, field: &str, per_second: i64) -> Read<Option<DateTime<Utc>>> {
        let Some(digits) = self.text(field)? else { return Ok(None) };
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        let units = digits.parse::<i64>().ok().filter(|_| is_plain);
        let nanos = |units: i64| u32::try_from(units % per_second * (1_000_000_000 / per_second));
        let at = units.and_then(|units| DateTime::from_timestamp(units / per_second, nanos(units).ok()?));
        at.map_or_else(|| fail(field, "not an instant in Unix time"), |at| Ok(Some(at)))
    }

    /// RFC 3339, which has an offset: `2008-01-10T11:00:00-05:00`.
    pub(super) fn instant(self, field: &str) -> Read<Option<DateTime<Utc>>> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        rfc3339(text)
            .map_or_else(|| fail(field, "not an instant with its offset (RFC 3339)"), |at| Ok(Some(at)))
    }

    /// UTC without saying so: `2017-03-22T19:28:02` or with a space between; RFC 3339 too.
    pub(super) fn instant_utc(self, field: &str) -> Read<Option<DateTime<Utc>>> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        let naive = |form| NaiveDateTime::parse_from_str(text, form).ok().map(|at| at.and_utc());
        let at = naive("%Y-%m-%dT%H:%M:%S%.f").or_else(|| naive("%Y-%m-%d %H:%M:%S%.f"));
        let at = at.or_else(|| rfc3339(text));
        at.map_or_else(|| fail(field, "not an instant in UTC, as in 2026-03-01 10:00:00"), |at| Ok(Some(at)))
    }

    /// RFC 2822, as in `Tue, 20 Nov 2012 00:00:00 +0000`; RFC 3339 too.
    pub(super) fn instant_mail(self, field: &str) -> Read<Option<DateTime<Utc>>> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        let mail = DateTime::parse_from_rfc2822(text).ok().map(|at| at.to_utc());
        let at = mail.or_else(|| rfc3339(text));
        at.map_or_else(|| fail(field, "not an instant as in a mail (RFC 2822)"), |at| Ok(Some(at)))
    }
}

fn rfc3339(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

/// Objects of a list that is a body by itself.
pub(super) fn each<'a, T>(
    items: &'a [Json<'a>],
    mut read: impl FnMut(Object<'a>) -> Read<T>,
) -> Read<Vec<T>> {
    let one = |(place, item)| within(Object::of(item).and_then(&mut read), || format!("[{place}]"));
    items.iter().enumerate().map(one).collect()
}

pub(super) fn needed<T>(value: Option<T>, field: &str) -> Read<T> {
    value.map_or_else(|| fail(field, "missing"), Ok)
}

/// Text, or a whole number by its digits.
pub(super) fn text<'a>(value: &'a Json<'a>, field: &str) -> Read<&'a str> {
    match value {
        Json::Text(text) => Ok(text),
        Json::Number(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok(digits),
        other => fail(field, format!("expected text or a whole number, found {}", other.name())),
    }
}

/// Decimal text without the zeros that stand beyond `decimals`: `175.0000` is 175.00, `175.0010` stays.
fn trimmed(text: &str, decimals: u8) -> Cow<'_, str> {
    let Some((whole, fraction)) = text.split_once('.') else { return Cow::Borrowed(text) };
    let kept = usize::from(decimals).min(fraction.len());
    let Some((fraction, beyond)) = fraction.split_at_checked(kept) else { return Cow::Borrowed(text) };
    if beyond.is_empty() || beyond.bytes().any(|byte| byte != b'0') {
        return Cow::Borrowed(text);
    }
    // `5.` is no number in any currency; the point goes with its last digit.
    Cow::Borrowed(if fraction.is_empty() { whole } else { &text[..whole.len() + 1 + kept] })
}

/// The longest exponent that a number is written out for; no currency has amounts beyond.
const MAX_EXPONENT: i32 = 40;

/// A JSON number as plain decimal text, exactly; none if it has digits beyond `decimals` or a huge exponent.
fn plain_decimal(digits: &str, decimals: u8) -> Option<Cow<'_, str>> {
    let Some((mantissa, exponent)) = digits.split_once(['e', 'E']) else {
        return Some(trimmed(digits, decimals));
    };
    let exponent: i32 = exponent.parse().ok().filter(|e: &i32| e.abs() <= MAX_EXPONENT)?;
    let (sign, size) = mantissa.strip_prefix('-').map_or(("", mantissa), |size| ("-", size));
    let (whole, fraction) = size.split_once('.').unwrap_or((size, ""));
    let all = format!("{whole}{fraction}");
    let point = i32::try_from(whole.len()).ok()? + exponent;
    let plain = match usize::try_from(point) {
        Ok(point) if point >= all.len() => format!("{all}{}", "0".repeat(point - all.len())),
        Ok(point) if point > 0 => format!("{}.{}", &all[..point], &all[point..]),
        _ => format!("0.{}{all}", "0".repeat(point.unsigned_abs() as usize)),
    };
    Some(Cow::Owned(format!("{sign}{}", trimmed(&plain, decimals))))
}

/// Sets an identifier where there is one.
pub(super) fn see(who: &mut Identifiers, kind: IdKind, text: Option<&str>) {
    if let Some(text) = text {
        who.set(Identifier::new(kind, text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::json::parse;

    #[track_caller]
    fn money(json: &str, currency: &str) -> Read<Money> {
        let body = format!("{{\"m\":{json}}}");
        let value = parse(body.as_bytes()).unwrap();
        Object::of(&value).unwrap().signed_money("m", currency.parse().unwrap()).map(Option::unwrap)
    }

    #[test]
    fn amounts_are_exact_in_every_form_or_an_error_that_names_the_field() {
        for (json, currency, minor) in [
            ("\"175.0000\"", "USD", 17_500),
            ("\"175.0000\"", "JPY", 175),
            ("\"32444.000000\"", "KWD", 32_444_000),
            ("175", "USD", 17_500),
            ("414.95", "USD", 41_495),
            ("0.1", "USD", 10),
            ("0.10000", "USD", 10),
            ("1.5e3", "USD", 150_000),
            ("41495e-2", "USD", 41_495),
            ("-1E1", "USD", -1000),
            ("5e-2", "EUR", 5),
            ("100e-2", "JPY", 1),
            ("9007199254740993.01", "USD", 900_719_925_474_099_301),
            ("\"92233720368547758.07\"", "EUR", i64::MAX),
            ("\"-10.00\"", "EUR", -1000),
            ("0e0", "EUR", 0),
        ] {
            assert_eq!(money(json, currency).map(Money::minor), Ok(minor), "{json} {currency}");
        }
        for json in [
            "0.001",
            "\"0.001\"",
            "1e-3",
            "1e400",
            "1e-400",
            "92233720368547758.08",
            "\"1e2\"",
            "\"\"",
            "\"+1\"",
            "\" 1\"",
            "\"1,5\"",
            "\"5.\"",
            "\".5\"",
            "true",
            "[]",
            "{}",
            "\"NaN\"",
            "195.67000000000002",
            "\"1.é\"",
            "1e99999999999",
            "\"1.0é\"",
        ] {
            assert_eq!(money(json, "EUR").unwrap_err().field, "m", "{json}");
        }
    }
}
