//! Takes fields out of an object one by one, each by what it should be. Every refusal names the field.

use std::borrow::Cow;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use smallvec::SmallVec;

use crate::event::borrowed::ProductsRef;
use crate::event::field::Field;
use crate::event::instant;
use crate::event::raw::{Item, Raw, RawObject};
use crate::money::{Currency, Money};
use crate::text::Code;

/// Why an event could not be read: which field, and what is wrong with it. Values are not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field `{field}`: {reason}")]
pub struct FieldError {
    /// The field's path, such as `lines[2].total`; empty where there is no object at all.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

pub(super) type Read<T> = Result<T, FieldError>;

pub(super) fn fail<T>(field: impl Into<String>, reason: impl Into<String>) -> Read<T> {
    Err(FieldError { field: field.into(), reason: reason.into() })
}

/// Takes fields out of an object one by one, each by what it should be.
pub(super) struct Fields<'o, 'de>(&'o mut RawObject<'de>);

type Text<'de> = Cow<'de, str>;

impl<'o, 'de> Fields<'o, 'de> {
    pub(super) fn of(object: &'o mut RawObject<'de>) -> Read<Self> {
        match object.twice() {
            Some(name) => fail(name, "given twice"),
            None => Ok(Self(object)),
        }
    }

    /// The value of `field`; null counts as missing.
    pub(super) fn take(&mut self, field: Field) -> Option<Raw<'de>> {
        self.0.take(field)
    }

    /// Text, or a whole number as its text: shops write ids both ways. Inlined, since nearly all fields of nearly all
    /// lines are missing.
    #[inline(always)]
    pub(super) fn text(&mut self, field: Field) -> Read<Option<Text<'de>>> {
        match self.0.take_text(field) {
            Some(text) => Ok(Some(Cow::Borrowed(text))),
            None if self.0.has_only_borrowed_text() => Ok(None),
            None => self.rare_text(field),
        }
    }

    /// Text that could not be borrowed, or a whole number as text.
    #[cold]
    fn rare_text(&mut self, field: Field) -> Read<Option<Text<'de>>> {
        let Some(value) = self.0.take(field) else { return Ok(None) };
        let refuse = |other: Raw<'_>| fail(field.name(), format!("expected text, found {}", other.name()));
        value.text().map_or_else(refuse, |text| Ok(Some(text)))
    }

    pub(super) fn required<T>(&mut self, field: Field, value: Option<T>) -> Read<T> {
        value.map_or_else(|| fail(field.name(), "missing"), Ok)
    }

    #[inline]
    pub(super) fn need(&mut self, field: Field) -> Read<Text<'de>> {
        let value = self.text(field)?;
        self.required(field, value)
    }

    /// Text to be kept in a type of its own.
    pub(super) fn own<T: for<'a> From<&'a str>>(&mut self, field: Field) -> Read<Option<T>> {
        Ok(self.text(field)?.map(|text| T::from(&*text)))
    }

    pub(super) fn need_own<T: for<'a> From<&'a str>>(&mut self, field: Field) -> Read<T> {
        Ok(T::from(&*self.need(field)?))
    }

    pub(super) fn parse<T: FromStr<Err = crate::Error>>(&mut self, field: Field) -> Read<Option<T>> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        text.parse().map(Some).or_else(|error: crate::Error| fail(field.name(), error.to_string()))
    }

    pub(super) fn instant(&mut self, field: Field) -> Read<Option<DateTime<Utc>>> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        match instant::read(&text) {
            Some(at) => Ok(Some(at)),
            None => fail(field.name(), "not an instant as in 2026-03-01T10:00:00Z (RFC 3339)"),
        }
    }

    pub(super) fn flag(&mut self, field: Field) -> Read<bool> {
        match self.0.take(field) {
            Some(Raw::Flag(value)) => Ok(value),
            Some(other) => fail(field.name(), format!("expected true or false, found {}", other.name())),
            None => fail(field.name(), "missing"),
        }
    }

    pub(super) fn quantity(&mut self) -> Read<u32> {
        let pieces = match self.0.take(Field::Quantity) {
            None => Some(1),
            Some(Raw::Text(text)) => text.parse().ok(),
            Some(Raw::Unsigned(number)) => number.try_into().ok(),
            Some(Raw::Signed(number)) => number.try_into().ok(),
            Some(_) => None,
        };
        pieces.map_or_else(|| fail(Field::Quantity.name(), "not a whole number of pieces"), Ok)
    }

    pub(super) fn currency(&mut self) -> Read<Option<Currency>> {
        self.parse(Field::Currency)
    }

    /// Decimal text only: a JSON number has been a float somewhere.
    pub(super) fn money(&mut self, field: Field, currency: Currency) -> Read<Option<Money>> {
        match self.0.take(field) {
            None => Ok(None),
            Some(Raw::Text(text)) => match Money::parse(&text, currency) {
                Ok(money) => Ok(Some(money)),
                Err(error) => fail(field.name(), error.to_string()),
            },
            Some(other) => {
                fail(field.name(), format!("expected decimal text such as \"59.90\", found {}", other.name()))
            }
        }
    }

    pub(super) fn need_money(&mut self, field: Field, currency: Currency) -> Read<Money> {
        let money = self.money(field, currency)?;
        self.required(field, money)
    }

    /// Money whose currency stands in the same object; an amount without a currency is refused.
    pub(super) fn money_with(&mut self, field: Field, currency: Option<Currency>) -> Read<Option<Money>> {
        match currency {
            Some(currency) => self.money(field, currency),
            None if self.0.take(field).is_some() => fail(Field::Currency.name(), "missing beside an amount"),
            None => Ok(None),
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, field: Field) -> Read<SmallVec<[Text<'de>; 1]>> {
        match self.0.take(field) {
            None => Ok(SmallVec::new()),
            Some(Raw::OneText(text)) => Ok(SmallVec::from_buf([text])),
            Some(Raw::Texts(texts)) => Ok(SmallVec::from_vec(texts)),
            Some(Raw::NotTexts(place, other)) => {
                fail(format!("{}[{place}]", field.name()), format!("expected text, found {other}"))
            }
            Some(other) => fail(field.name(), format!("expected a list of texts, found {}", other.name())),
        }
    }

    pub(super) fn products(&mut self) -> Read<ProductsRef<'de>> {
        self.texts(Field::Products).map(ProductsRef::from)
    }

    pub(super) fn codes(&mut self, field: Field) -> Read<Vec<Code>> {
        Ok(self.texts(field)?.iter().map(|text| Code::from(&**text)).collect())
    }

    /// A list of objects; what is wrong inside one is named by its place.
    pub(super) fn objects<T>(
        &mut self,
        field: Field,
        read: impl Fn(&mut Fields<'_, 'de>) -> Read<T>,
    ) -> Read<Vec<T>> {
        let list = match self.0.take(field) {
            None => return Ok(Vec::new()),
            Some(Raw::Objects(list)) => list,
            Some(other) => {
                return fail(field.name(), format!("expected a list, found {}", other.name()));
            }
        };
        let name = |place: usize| format!("{}[{place}]", field.name());
        let item = |(place, item)| match item {
            Item::Other(other) => fail(name(place), format!("expected an object, found {other}")),
            Item::Object(mut object) => {
                let value = Fields::of(&mut object).and_then(|mut fields| read(&mut fields));
                value.map_err(|error| FieldError {
                    field: format!("{}.{}", name(place), error.field),
                    ..error
                })
            }
        };
        list.into_iter().enumerate().map(item).collect()
    }
}
