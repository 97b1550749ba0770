//! From an event to the one that borrows it, and back.

use std::borrow::Cow;

use crate::event::borrowed::{
    AddToCartRef, ClaimWithdrawnRef, CustomerMergedRef, DiscountOfferRef, DiscountRequestRef, EventRef,
    EventRefOf, GoalRef, KindRef, LinkClickRef, LinkSharedRef, ProductsRef, QueryRef, RecommendationRef,
    RemoveFromCartRef, VisitRef,
};
use crate::event::kind::{
    AddToCart, ClaimWithdrawn, CustomerMerged, DiscountOffer, DiscountRequest, Goal, Kind, LinkClick,
    LinkShared, Query, Recommendation, RemoveFromCart, Visit,
};
use crate::event::{Event, EventOf};
use crate::id::{IdKind, Identifier, IdentifierRef, Identifiers, IdentifiersRef};

/// Text that an event holds.
#[inline]
fn text<T: AsRef<str>>(held: &T) -> Cow<'_, str> {
    Cow::Borrowed(held.as_ref())
}

#[inline]
fn maybe<T: AsRef<str>>(held: &Option<T>) -> Option<Cow<'_, str>> {
    held.as_ref().map(text)
}

/// Text as a label or id of its own.
fn own<T: for<'b> From<&'b str>>(borrowed: Cow<'_, str>) -> T {
    T::from(&*borrowed)
}

fn owned<T: for<'b> From<&'b str>>(borrowed: Option<Cow<'_, str>>) -> Option<T> {
    borrowed.map(own)
}

impl<'a> From<&'a Event> for EventRef<'a> {
    fn from(event: &'a Event) -> Self {
        let EventOf { id, at, who, channel, turn, kind } = event;
        EventRefOf {
            id: text(id),
            at: *at,
            who: IdentifiersRef::from(who),
            channel: maybe(channel),
            turn: maybe(turn),
            kind: KindRef::from(kind),
        }
    }
}

impl From<EventRef<'_>> for Event {
    fn from(event: EventRef<'_>) -> Self {
        let EventRefOf { id, at, who, channel, turn, kind } = event;
        EventOf {
            id: own(id),
            at,
            who: Identifiers::from(who),
            channel: owned(channel),
            turn: owned(turn),
            kind: Kind::from(kind),
        }
    }
}

impl<'a> From<&'a Kind> for KindRef<'a> {
    fn from(kind: &'a Kind) -> Self {
        match kind {
            Kind::Consent(consent) => Self::Consent(*consent),
            Kind::Identify(identify) => Self::Identify(*identify),
            Kind::CustomerMerged(merged) => Self::CustomerMerged(CustomerMergedRef {
                from: Cow::Borrowed(merged.from.as_str()),
                into: Cow::Borrowed(merged.into.as_str()),
            }),
            Kind::ClaimWithdrawn(claim) => Self::ClaimWithdrawn(ClaimWithdrawnRef {
                one: IdentifierRef::from(&claim.one),
                other: IdentifierRef::from(&claim.other),
            }),
            Kind::Visit(Visit { url, referrer, code }) => {
                Self::Visit(VisitRef { url: maybe(url), referrer: maybe(referrer), code: maybe(code) })
            }
            Kind::Query(query) => Self::Query(QueryRef::from(&**query)),
            Kind::Recommendation(Recommendation { products }) => {
                Self::Recommendation(RecommendationRef { products: ProductsRef::from(&**products) })
            }
            Kind::LinkShared(LinkShared { url, code, product }) => {
                Self::LinkShared(LinkSharedRef { url: text(url), code: maybe(code), product: maybe(product) })
            }
            Kind::DiscountRequest(DiscountRequest { discount_code }) => {
                Self::DiscountRequest(DiscountRequestRef { discount_code: maybe(discount_code) })
            }
            Kind::DiscountOffer(DiscountOffer { discount_code }) => {
                Self::DiscountOffer(DiscountOfferRef { discount_code: maybe(discount_code) })
            }
            Kind::LinkClick(LinkClick { url, code, product }) => {
                Self::LinkClick(LinkClickRef { url: maybe(url), code: maybe(code), product: maybe(product) })
            }
            Kind::AddToCart(AddToCart { product, quantity, price }) => {
                Self::AddToCart(AddToCartRef { product: text(product), quantity: *quantity, price: *price })
            }
            Kind::RemoveFromCart(RemoveFromCart { product, quantity, price }) => {
                let product = text(product);
                Self::RemoveFromCart(RemoveFromCartRef { product, quantity: *quantity, price: *price })
            }
            Kind::CheckoutStarted(started) => Self::CheckoutStarted(*started),
            Kind::Feedback(feedback) => Self::Feedback(*feedback),
            Kind::Goal(Goal { goal, value }) => Self::Goal(GoalRef { goal: text(goal), value: *value }),
            Kind::Order(order) => Self::Order(Cow::Borrowed(order)),
            Kind::Refund(refund) => Self::Refund(Cow::Borrowed(refund)),
        }
    }
}

impl From<KindRef<'_>> for Kind {
    fn from(kind: KindRef<'_>) -> Self {
        match kind {
            KindRef::Consent(consent) => Self::Consent(consent),
            KindRef::Identify(identify) => Self::Identify(identify),
            KindRef::CustomerMerged(CustomerMergedRef { from, into }) => {
                let customer = |text| Identifier::new(IdKind::Customer, text);
                Self::CustomerMerged(CustomerMerged { from: customer(from), into: customer(into) })
            }
            KindRef::ClaimWithdrawn(ClaimWithdrawnRef { one, other }) => {
                Self::ClaimWithdrawn(ClaimWithdrawn::between(one.into(), other.into()))
            }
            KindRef::Visit(VisitRef { url, referrer, code }) => {
                Self::Visit(Visit { url: owned(url), referrer: owned(referrer), code: owned(code) })
            }
            KindRef::Query(query) => Self::Query(Box::new(query.into())),
            KindRef::Recommendation(RecommendationRef { products }) => {
                Self::Recommendation(Recommendation { products: products.into() })
            }
            KindRef::LinkShared(LinkSharedRef { url, code, product }) => {
                Self::LinkShared(LinkShared { url: own(url), code: owned(code), product: owned(product) })
            }
            KindRef::DiscountRequest(DiscountRequestRef { discount_code }) => {
                Self::DiscountRequest(DiscountRequest { discount_code: owned(discount_code) })
            }
            KindRef::DiscountOffer(DiscountOfferRef { discount_code }) => {
                Self::DiscountOffer(DiscountOffer { discount_code: owned(discount_code) })
            }
            KindRef::LinkClick(LinkClickRef { url, code, product }) => {
                Self::LinkClick(LinkClick { url: owned(url), code: owned(code), product: owned(product) })
            }
            KindRef::AddToCart(AddToCartRef { product, quantity, price }) => {
                Self::AddToCart(AddToCart { product: own(product), quantity, price })
            }
            KindRef::RemoveFromCart(RemoveFromCartRef { product, quantity, price }) => {
                Self::RemoveFromCart(RemoveFromCart { product: own(product), quantity, price })
            }
            KindRef::CheckoutStarted(started) => Self::CheckoutStarted(started),
            KindRef::Feedback(feedback) => Self::Feedback(feedback),
            KindRef::Goal(GoalRef { goal, value }) => Self::Goal(Goal { goal: own(goal), value }),
            KindRef::Order(order) => Self::Order(Box::new(order.into_owned())),
            KindRef::Refund(refund) => Self::Refund(Box::new(refund.into_owned())),
        }
    }
}

impl<'a> From<&'a Query> for QueryRef<'a> {
    fn from(query: &'a Query) -> Self {
        let Query { text, query, topic, intent, flow, product_type, language, products, cost, privacy } =
            query;
        Self {
            text: maybe(text),
            query: maybe(query),
            topic: maybe(topic),
            intent: maybe(intent),
            flow: maybe(flow),
            product_type: maybe(product_type),
            language: maybe(language),
            products: ProductsRef::from(&**products),
            cost: *cost,
            privacy: *privacy,
        }
    }
}

impl From<QueryRef<'_>> for Query {
    fn from(query: QueryRef<'_>) -> Self {
        let QueryRef { text, query, topic, intent, flow, product_type, language, products, cost, privacy } =
            query;
        Self {
            text: owned(text),
            query: owned(query),
            topic: owned(topic),
            intent: owned(intent),
            flow: owned(flow),
            product_type: owned(product_type),
            language: owned(language),
            products: products.into(),
            cost,
            privacy,
        }
    }
}
