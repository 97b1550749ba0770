//! From an event to one flat object, the line of an event log.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::event::Event;
use crate::event::kind::Kind;
use crate::event::order::{Order, OrderRefund, OrderStatus, RefundLine};
use crate::id::{IdKind, Identifier};
use crate::money::Money;

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("at", &self.at)?;
        map.serialize_entry("kind", self.kind.name())?;
        for identifier in self.who.iter() {
            map.serialize_entry(identifier.kind().name(), identifier.as_str())?;
        }
        optional(&mut map, "channel", &self.channel)?;
        optional(&mut map, "turn", &self.turn)?;
        kind(&mut map, &self.kind)?;
        map.end()
    }
}

fn optional<M: SerializeMap>(
    map: &mut M,
    name: &'static str,
    value: &Option<impl Serialize>,
) -> Result<(), M::Error> {
    match value {
        Some(value) => map.serialize_entry(name, value),
        None => Ok(()),
    }
}

fn list<M: SerializeMap>(map: &mut M, name: &'static str, values: &[impl Serialize]) -> Result<(), M::Error> {
    if values.is_empty() { Ok(()) } else { map.serialize_entry(name, values) }
}

fn money<M: SerializeMap>(
    map: &mut M,
    names: [&'static str; 2],
    value: &Option<Money>,
) -> Result<(), M::Error> {
    let Some(value) = value else { return Ok(()) };
    map.serialize_entry(names[0], &value.amount())?;
    map.serialize_entry(names[1], &value.currency())
}

fn kind<M: SerializeMap>(map: &mut M, kind: &Kind) -> Result<(), M::Error> {
    match kind {
        Kind::Query(query) => {
            optional(map, "text", &query.text)?;
            optional(map, "query", &query.query)?;
            optional(map, "topic", &query.topic)?;
            optional(map, "intent", &query.intent)?;
            optional(map, "flow", &query.flow)?;
            optional(map, "product_type", &query.product_type)?;
            optional(map, "language", &query.language)?;
            list(map, "products", &query.products)?;
            money(map, ["cost", "cost_currency"], &query.cost)?;
            optional(map, "privacy", &query.privacy)
        }
        Kind::Recommendation(recommendation) => list(map, "products", &recommendation.products),
        Kind::LinkShared(link) => {
            map.serialize_entry("url", &link.url)?;
            optional(map, "code", &link.code)?;
            optional(map, "product", &link.product)
        }
        Kind::LinkClick(click) => {
            optional(map, "url", &click.url)?;
            optional(map, "code", &click.code)?;
            optional(map, "product", &click.product)
        }
        Kind::Visit(visit) => {
            optional(map, "url", &visit.url)?;
            optional(map, "referrer", &visit.referrer)?;
            optional(map, "code", &visit.code)
        }
        Kind::AddToCart(item) => {
            map.serialize_entry("product", &item.product)?;
            map.serialize_entry("quantity", &item.quantity)?;
            money(map, ["price", "currency"], &item.price)
        }
        Kind::RemoveFromCart(item) => {
            map.serialize_entry("product", &item.product)?;
            map.serialize_entry("quantity", &item.quantity)?;
            money(map, ["price", "currency"], &item.price)
        }
        Kind::DiscountRequest(request) => optional(map, "discount_code", &request.discount_code),
        Kind::DiscountOffer(offer) => optional(map, "discount_code", &offer.discount_code),
        Kind::Feedback(feedback) => map.serialize_entry("helpful", &feedback.helpful),
        Kind::CheckoutStarted(_) | Kind::Identify(_) => Ok(()),
        Kind::Order(order) => write_order(map, order),
        Kind::Refund(refund) => {
            map.serialize_entry("refund", &refund.refund)?;
            map.serialize_entry("order", &refund.order)?;
            map.serialize_entry("amount", &refund.amount.amount())?;
            map.serialize_entry("currency", &refund.amount.currency())?;
            list(map, "lines", &refund.lines.iter().map(WrittenLine::from).collect::<Vec<_>>())
        }
        Kind::Goal(goal) => {
            map.serialize_entry("goal", &goal.goal)?;
            money(map, ["value", "currency"], &goal.value)
        }
        Kind::Consent(consent) => {
            map.serialize_entry("purpose", consent.purpose.name())?;
            map.serialize_entry("granted", &consent.granted)
        }
        Kind::ClaimWithdrawn(claim) => write_withdrawn(map, &claim.one, &claim.other),
        Kind::CustomerMerged(merged) => from_into(map, &merged.from, &merged.into),
    }
}

/// Identifiers of two kinds stand under the names of their kinds, two of one kind as `from` and `into`.
fn write_withdrawn<M: SerializeMap>(
    map: &mut M,
    one: &Identifier,
    other: &Identifier,
) -> Result<(), M::Error> {
    if one.kind() != other.kind() {
        map.serialize_entry(one.kind().name(), one.as_str())?;
        return map.serialize_entry(other.kind().name(), other.as_str());
    }
    if one.kind() != IdKind::Customer {
        map.serialize_entry("of", one.kind().name())?;
    }
    from_into(map, one, other)
}

fn from_into<M: SerializeMap>(map: &mut M, from: &Identifier, into: &Identifier) -> Result<(), M::Error> {
    map.serialize_entry("from", from.as_str())?;
    map.serialize_entry("into", into.as_str())
}

fn write_order<M: SerializeMap>(map: &mut M, order: &Order) -> Result<(), M::Error> {
    map.serialize_entry("order", &order.order)?;
    map.serialize_entry("total", &order.total.amount())?;
    map.serialize_entry("currency", &order.total.currency())?;
    optional(map, "updated_at", &order.updated_at)?;
    if order.status != OrderStatus::default() {
        map.serialize_entry("status", order.status.name())?;
    }
    let lines = order.lines.iter().map(|line| WrittenLine {
        product: line.product.as_str(),
        product_type: line.product_type.as_ref().map(AsRef::as_ref),
        quantity: Some(line.quantity),
        total: Some(line.total.amount()),
        amount: None,
    });
    list(map, "lines", &lines.collect::<Vec<_>>())?;
    list(map, "codes", &order.codes)?;
    list(map, "discount_codes", &order.discount_codes)?;
    list(map, "refunds", &order.refunds.iter().map(WrittenRefund::from).collect::<Vec<_>>())?;
    optional(map, "url", &order.url)?;
    optional(map, "referrer", &order.referrer)
}

/// A line of an order (`total`) or of a refund (`amount`).
#[derive(serde::Serialize)]
struct WrittenLine<'a> {
    product: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
}

impl<'a> From<&'a RefundLine> for WrittenLine<'a> {
    fn from(line: &'a RefundLine) -> Self {
        let amount = Some(line.amount.amount());
        Self { product: line.product.as_str(), product_type: None, quantity: None, total: None, amount }
    }
}

#[derive(serde::Serialize)]
struct WrittenRefund<'a> {
    refund: &'a str,
    amount: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lines: Vec<WrittenLine<'a>>,
}

impl<'a> From<&'a OrderRefund> for WrittenRefund<'a> {
    fn from(refund: &'a OrderRefund) -> Self {
        Self {
            refund: refund.refund.as_str(),
            amount: refund.amount.amount(),
            lines: refund.lines.iter().map(WrittenLine::from).collect(),
        }
    }
}
