//! Turns that say nothing but labels and name one identifier: most of what a log holds, told in few words.

use std::borrow::Cow;

use crate::event::borrowed::{EventRef, EventRefOf, KindRef, ProductsRef, QueryRef};
use crate::id::IdKind;
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

impl<'a> PlainTurn<'a> {
    /// None if the event is another one.
    #[inline]
    pub(crate) fn of(event: &'a EventRef<'_>) -> Option<Self> {
        let EventRefOf { id, at, who, channel, turn, kind: KindRef::Query(said) } = event else {
            return None;
        };
        let [named] = who.iter().as_slice() else { return None };
        let QueryRef { text, query, topic, intent, flow, product_type, language, products, cost, privacy } =
            said;
        if text.is_some() || !products.is_empty() || cost.is_some() || privacy.is_some() {
            return None;
        }
        let labels = [query, topic, intent, flow, product_type, language, channel].map(Option::as_deref);
        let at = Instant::new(without_leap(*at));
        Some(Self { id, at, turn: turn.as_deref(), who: (named.kind, &named.text), labels })
    }

    #[inline]
    pub(crate) fn kind_and_channel(&self) -> (KindRef<'a>, Option<&'a str>) {
        let [.., channel] = self.labels;
        let [query, topic, intent, flow, product_type, language, _] =
            self.labels.map(|label| label.map(Cow::Borrowed));
        let (text, products, cost, privacy) = (None, ProductsRef::default(), None, None);
        let said =
            QueryRef { text, query, topic, intent, flow, product_type, language, products, cost, privacy };
        (KindRef::Query(said), channel)
    }
}
