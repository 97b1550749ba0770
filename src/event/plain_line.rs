//! Plain turns from lines of a log and back to events (feature `json`).

use std::borrow::Cow;

use crate::event::borrowed::EventRef;
use crate::event::field::Field;
use crate::event::instant;
use crate::event::plain::PlainTurn;
use crate::event::raw::RawObject;
use crate::event::read::identifier_field;
use crate::id::{IdKind, IdentifiersRef};
use crate::time::Instant;

/// What a turn may have and a plain one has not. Every field of a turn is here or in [`PlainTurn::read`].
const UNUSUAL: [Field; 5] = [Field::Text, Field::Products, Field::Cost, Field::CostCurrency, Field::Privacy];

impl<'a> PlainTurn<'a> {
    /// The turn that an object is; none if it is another event, and where anything about it is unusual or wrong.
    #[inline]
    pub(super) fn read(object: &mut RawObject<'a>) -> Option<Self> {
        use Field::{Channel, Flow, Id, Intent, Language, ProductType, Query, Topic, Turn};
        if !object.has_only_borrowed_text()
            || object.text(Field::Kind)? != "query"
            || object.twice().is_some()
        {
            return None;
        }
        if UNUSUAL.iter().any(|field| object.text(*field).is_some()) {
            return None;
        }
        let mut named = IdKind::ALL.into_iter().filter_map(|kind| {
            let text = object.text(identifier_field(kind))?;
            Some((kind, text))
        });
        let (Some(who), None) = (named.next(), named.next()) else { return None };
        let (seconds, nanos) = instant::usual(object.text(Field::At)?.as_bytes())?;
        let labels = [Query, Topic, Intent, Flow, ProductType, Language, Channel];
        Some(Self {
            id: object.text(Id)?,
            at: Instant::from_parts(seconds, nanos)?,
            turn: object.text(Turn),
            who,
            labels: labels.map(|field| object.text(field)),
        })
    }
}

impl<'a> From<PlainTurn<'a>> for EventRef<'a> {
    fn from(turn: PlainTurn<'a>) -> Self {
        let (kind, channel) = turn.kind_and_channel();
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
