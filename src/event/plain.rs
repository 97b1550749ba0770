//! Turns that say nothing but labels and name one identifier: most of what a log holds, told in few words.

use std::borrow::Cow;

use crate::event::borrowed::{EventRef, EventRefOf, KindRef, QueryRef};
#[cfg(feature = "json")]
use crate::event::field::{Field, Set};
#[cfg(feature = "json")]
use crate::event::instant;
#[cfg(feature = "json")]
use crate::event::raw::RawObject;
#[cfg(feature = "json")]
use crate::event::read::identifier_field;
use crate::id::{IdKind, IdentifiersRef};
use crate::time::{Instant, without_leap};

/// A turn with one identifier, and without a text, products, a cost and a privacy level of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlainTurn<'a> {
    pub(crate) id: &'a str,
    pub(crate) at: Instant,
    /// The turn that caused it.
    pub(crate) turn: Option<&'a str>,
    /// The kind of its identifier, and the text as it was written.
    pub(crate) who: (IdKind, &'a str),
    /// Query, topic, intent, flow, product type, language and channel.
    pub(crate) labels: [Option<&'a str>; 7],
}

/// What a plain turn has one of.
#[cfg(feature = "json")]
const IDENTIFIERS: Set = {
    use Field::{Cart, Checkout, Conversation, Customer, Email, Phone, Visitor};
    Set::of(&[Checkout, Cart, Conversation, Visitor, Phone, Email, Customer])
};

/// What a turn may have and a plain one has not.
#[cfg(feature = "json")]
const UNUSUAL: Set =
    Set::of(&[Field::Text, Field::Products, Field::Cost, Field::CostCurrency, Field::Privacy]);

impl<'a> PlainTurn<'a> {
    /// None if the event is another one.
    #[inline]
    pub(crate) fn of(event: &'a EventRef<'_>) -> Option<Self> {
        let EventRefOf { id, at, who, channel, turn, kind: KindRef::Query(said) } = event else {
            return None;
        };
        let [named] = who.iter().as_slice() else { return None };
        let QueryRef { query, topic, intent, flow, product_type, language, .. } = said;
        if said.text.is_some() || !said.products.is_empty() || said.cost.is_some() || said.privacy.is_some() {
            return None;
        }
        let labels = [query, topic, intent, flow, product_type, language, channel].map(Option::as_deref);
        let at = Instant::new(without_leap(*at));
        Some(Self { id, at, turn: turn.as_deref(), who: (named.kind, &named.text), labels })
    }

    /// The turn that an object is; none if it is another event, and where anything about it is unusual or wrong.
    #[cfg(feature = "json")]
    #[inline]
    pub(super) fn read(object: &mut RawObject<'a>) -> Option<Self> {
        use Field::{Channel, Flow, Intent, Language, ProductType, Query, Topic};
        if !object.is_plain() || object.text(Field::Kind)? != "query" || object.twice().is_some() {
            return None;
        }
        let named = object.held().and(IDENTIFIERS);
        if !object.held().and(UNUSUAL).is_empty() {
            return None;
        }
        // None of them if there are several.
        let kind = IdKind::ALL.into_iter().find(|kind| Set::of(&[identifier_field(*kind)]) == named)?;
        let labels =
            [Query, Topic, Intent, Flow, ProductType, Language, Channel].map(|field| object.text(field));
        Some(Self {
            id: object.text(Field::Id)?,
            at: instant::read_usual(object.text(Field::At)?)?,
            turn: object.text(Field::Turn),
            who: (kind, object.text(identifier_field(kind))?),
            labels,
        })
    }

    /// What it says, and where.
    #[inline]
    pub(crate) fn said(&self) -> (KindRef<'a>, Option<&'a str>) {
        let [.., channel] = self.labels;
        let [query, topic, intent, flow, product_type, language, _] =
            self.labels.map(|label| label.map(Cow::Borrowed));
        let rest = QueryRef::default();
        let said = QueryRef { query, topic, intent, flow, product_type, language, ..rest };
        (KindRef::Query(said), channel)
    }
}

impl<'a> From<PlainTurn<'a>> for EventRef<'a> {
    fn from(turn: PlainTurn<'a>) -> Self {
        let (kind, channel) = turn.said();
        let PlainTurn { id, at, turn, who: (of, text), .. } = turn;
        let mut who = IdentifiersRef::none();
        who.set(of, text);
        let borrowed = |text: Option<&'a str>| text.map(Cow::Borrowed);
        Self {
            id: Cow::Borrowed(id),
            at: at.utc(),
            who,
            channel: borrowed(channel),
            turn: borrowed(turn),
            kind,
        }
    }
}
