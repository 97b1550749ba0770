//! One flat object as it was read, a slot for each field that is known. What stands in it is judged later, so that
//! a field of another kind of event is passed over whatever it holds, and an error can name the field.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use smallvec::SmallVec;

use crate::event::field::{COUNT, Field, FieldSet, Shape};

/// One value. Text is borrowed from the input where the format allows it.
#[derive(Debug)]
pub(super) enum Raw<'de> {
    Null,
    Flag(bool),
    Text(Cow<'de, str>),
    Unsigned(u64),
    Signed(i64),
    /// A number with a fraction or an exponent: nothing here reads one.
    Float,
    /// A list where none is looked for.
    List,
    Map,
    /// A list of one text, apart from other lists so that a value is four words.
    OneText(Cow<'de, str>),
    Texts(Vec<Cow<'de, str>>),
    /// A list of texts in which something else stands: the first such place, and what it is.
    NotTexts(usize, &'static str),
    Objects(Vec<Item<'de>>),
}

/// One element of a list of objects.
#[derive(Debug)]
pub(super) enum Item<'de> {
    Object(Box<RawObject<'de>>),
    /// Something else: what.
    Other(&'static str),
}

impl<'de> Raw<'de> {
    /// What it is, for messages.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag(_) => "true or false",
            Self::Text(_) => "text",
            Self::Unsigned(_) | Self::Signed(_) => "a whole number",
            Self::Float => "a number with a fraction",
            Self::List | Self::OneText(_) | Self::Texts(_) | Self::NotTexts(..) | Self::Objects(_) => {
                "a list"
            }
            Self::Map => "an object",
        }
    }

    /// Text, or a whole number as its text; anything else as it is.
    #[inline]
    pub(super) fn text(self) -> Result<Cow<'de, str>, Self> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Unsigned(number) => Ok(Cow::Owned(number.to_string())),
            Self::Signed(number) => Ok(Cow::Owned(number.to_string())),
            other => Err(other),
        }
    }
}

/// The fields of one object.
#[derive(Debug)]
pub(super) struct RawObject<'de> {
    /// Text that is borrowed from the input, by field: nearly all that a line says, as far as it is `held`.
    texts: [&'de str; COUNT],
    /// The fields with such a text.
    held: FieldSet,
    /// The fields that were read, whatever stands in them.
    read: FieldSet,
    /// All other values.
    others: SmallVec<[(Field, Raw<'de>); 2]>,
    unknown: SmallVec<[Cow<'de, str>; 2]>,
    twice: Option<Cow<'de, str>>,
}

impl<'de> RawObject<'de> {
    pub(super) fn new() -> Self {
        Self {
            texts: [""; COUNT],
            held: FieldSet::default(),
            read: FieldSet::default(),
            others: SmallVec::new(),
            unknown: SmallVec::new(),
            twice: None,
        }
    }

    /// Makes it an object without fields again.
    #[cfg(feature = "json")]
    pub(super) fn clear(&mut self) {
        (self.held, self.read) = (FieldSet::default(), FieldSet::default());
        self.others.clear();
        self.unknown.clear();
        self.twice = None;
    }

    #[inline]
    fn put_text(&mut self, field: Field, text: &'de str) {
        if self.read.has(field) {
            return self.stands_twice(Cow::Borrowed(field.name()));
        }
        (self.held, self.read) = (self.held.with(field), self.read.with(field));
        self.texts[field as usize] = text;
    }

    /// Puts any value but text that is borrowed.
    fn put(&mut self, field: Field, value: Raw<'de>) {
        if self.read.has(field) {
            return self.stands_twice(Cow::Borrowed(field.name()));
        }
        self.read = self.read.with(field);
        self.others.push((field, value));
    }

    #[cold]
    fn stands_twice(&mut self, name: Cow<'de, str>) {
        if self.twice.as_ref().is_none_or(|first| name < *first) {
            self.twice = Some(name);
        }
    }

    /// The field that stands twice, of several the first by name.
    pub(super) fn twice(&mut self) -> Option<Cow<'de, str>> {
        if self.unknown.len() > 1 {
            self.unknown.sort_unstable();
            let pair = self.unknown.windows(2).find(|pair| pair[0] == pair[1]);
            if let Some(name) = pair.map(|pair| pair[0].clone()) {
                self.stands_twice(name);
            }
        }
        self.twice.clone()
    }

    /// The text of `field` if it is one that is borrowed from the input.
    #[inline]
    pub(super) fn text(&self, field: Field) -> Option<&'de str> {
        self.held.has(field).then_some(self.texts[field as usize])
    }

    /// The value of `field`, once; null counts as missing.
    #[inline]
    pub(super) fn take(&mut self, field: Field) -> Option<Raw<'de>> {
        if let Some(text) = self.take_text(field) {
            return Some(Raw::Text(Cow::Borrowed(text)));
        }
        let (_, value) = self.others.iter_mut().find(|(held, _)| *held == field)?;
        match std::mem::replace(value, Raw::Null) {
            Raw::Null => None,
            value => Some(value),
        }
    }

    /// Whether all values are text that is borrowed from the input.
    #[inline]
    pub(super) fn has_only_borrowed_text(&self) -> bool {
        self.others.is_empty()
    }

    /// The value of `field`, once, if it is text that is borrowed from the input.
    #[inline]
    pub(super) fn take_text(&mut self, field: Field) -> Option<&'de str> {
        let text = self.text(field)?;
        self.held = self.held.without(field);
        Some(text)
    }

    /// Reads an object into this one; gives what it is if it is none.
    pub(super) fn read<D: Deserializer<'de>>(
        &mut self,
        deserializer: D,
    ) -> Result<Option<&'static str>, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(self))
    }
}

/// The methods of a visitor to which every plain value is only what it is, but for text that is borrowed.
macro_rules! plain_values {
    ($de:lifetime, |$this:ident, $raw:ident| $value:expr) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an event")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            let ($this, $raw) = (self, Raw::Null);
            $value
        }

        fn visit_none<E>(self) -> Result<Self::Value, E> {
            let ($this, $raw) = (self, Raw::Null);
            $value
        }

        fn visit_some<D: Deserializer<$de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_any(self)
        }

        #[inline]
        fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
            let ($this, $raw) = (self, Raw::Flag(value));
            $value
        }

        #[inline]
        fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
            let ($this, $raw) = (self, Raw::Unsigned(value));
            $value
        }

        #[inline]
        fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
            let ($this, $raw) = (self, Raw::Signed(value));
            $value
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            let ($this, $raw) = (self, Raw::Float);
            $value
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            let ($this, $raw) = (self, Raw::Text(Cow::Owned(text.to_owned())));
            $value
        }

        fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
            let ($this, $raw) = (self, Raw::Text(Cow::Owned(text)));
            $value
        }
    };
}

struct ObjectVisitor<'o, 'de>(&'o mut RawObject<'de>);

impl<'de> Visitor<'de> for ObjectVisitor<'_, 'de> {
    type Value = Option<&'static str>;

    plain_values!('de, |_this, raw| Ok(Some(raw.name())));

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Raw::Text(Cow::Borrowed(text)).name()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        pass_list(items)?;
        Ok(Some(Raw::List.name()))
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        while let Some(name) = fields.next_key()? {
            match name {
                Name::Known(field) => {
                    fields.next_value_seed(Put { object: self.0, field })?;
                }
                Name::Unknown(name) => {
                    fields.next_value::<Passed>()?;
                    self.0.unknown.push(name);
                }
            }
        }
        Ok(None)
    }
}

/// The name of a field.
enum Name<'de> {
    Known(Field),
    Unknown(Cow<'de, str>),
}

impl<'de> Deserialize<'de> for Name<'de> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field name")
            }

            #[inline]
            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Field::named(name).map_or(Name::Unknown(Cow::Borrowed(name)), Name::Known))
            }

            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Field::named(name).map_or_else(|| Name::Unknown(Cow::Owned(name.to_owned())), Name::Known))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

/// Reads a value into its field.
struct Put<'o, 'de> {
    object: &'o mut RawObject<'de>,
    field: Field,
}

impl<'de> DeserializeSeed<'de> for Put<'_, 'de> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Put<'_, 'de> {
    type Value = ();

    plain_values!('de, |this, raw| {
        this.object.put(this.field, raw);
        Ok(())
    });

    #[inline]
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<(), E> {
        self.object.put_text(self.field, text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        let list = ValueOf(self.field.shape()).visit_seq(items)?;
        self.object.put(self.field, list);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<(), A::Error> {
        pass_map(fields)?;
        self.object.put(self.field, Raw::Map);
        Ok(())
    }
}

/// Reads a value for a field of this shape.
#[derive(Clone, Copy)]
struct ValueOf(Shape);

impl<'de> DeserializeSeed<'de> for ValueOf {
    type Value = Raw<'de>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueOf {
    type Value = Raw<'de>;

    plain_values!('de, |_this, raw| Ok(raw));

    #[inline]
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Raw::Text(Cow::Borrowed(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        match self.0 {
            Shape::Plain => pass_list(items).map(|()| Raw::List),
            Shape::Texts => texts(items),
            Shape::Objects => {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Raw::Objects(list))
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
        pass_map(fields)?;
        Ok(Raw::Map)
    }
}

fn texts<'de, A: SeqAccess<'de>>(mut items: A) -> Result<Raw<'de>, A::Error> {
    let mut texts: SmallVec<[Cow<'de, str>; 1]> = SmallVec::new();
    let mut other = None;
    while let Some(item) = items.next_element_seed(ValueOf(Shape::Plain))? {
        match item.text() {
            Ok(text) => texts.push(text),
            Err(item) if other.is_none() => other = Some(Raw::NotTexts(texts.len(), item.name())),
            Err(_) => {}
        }
    }
    let read = |mut texts: SmallVec<[Cow<'de, str>; 1]>| match (texts.len(), texts.pop()) {
        (1, Some(only)) => Raw::OneText(only),
        (_, last) => {
            texts.extend(last);
            Raw::Texts(texts.into_vec())
        }
    };
    Ok(other.unwrap_or_else(|| read(texts)))
}

impl<'de> Deserialize<'de> for Item<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut object = Box::new(RawObject::new());
        Ok(object.read(deserializer)?.map_or(Self::Object(object), Self::Other))
    }
}

/// A value that nobody asks for. It is read like any other, since what a parser passes over unread it may not
/// check: a line is good or bad whichever fields are known.
struct Passed;

impl<'de> Deserialize<'de> for Passed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Passed)
    }
}

impl<'de> Visitor<'de> for Passed {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_none<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self, A::Error> {
        pass_list(items).map(|()| self)
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self, A::Error> {
        pass_map(fields).map(|()| self)
    }
}

fn pass_list<'de, A: SeqAccess<'de>>(mut items: A) -> Result<(), A::Error> {
    while items.next_element::<Passed>()?.is_some() {}
    Ok(())
}

fn pass_map<'de, A: MapAccess<'de>>(mut fields: A) -> Result<(), A::Error> {
    while fields.next_entry::<Name<'de>, Passed>()?.is_some() {}
    Ok(())
}
