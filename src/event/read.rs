//! From one flat object to an event. Every refusal names the field.
//!
//! Fields that are not known are passed over, so that a log may say more than clinch reads; a field that stands
//! twice is refused, since two readers would see two facts.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, Error as _};

use crate::event::Event;
use crate::event::borrowed::{
    AddToCartRef, ClaimWithdrawnRef, CustomerMergedRef, DiscountOfferRef, DiscountRequestRef, EventRef,
    EventRefOf, GoalRef, KindRef, LinkClickRef, LinkSharedRef, QueryRef, RecommendationRef,
    RemoveFromCartRef, VisitRef,
};
use crate::event::field::Field;
use crate::event::fields::{Fields, Read, fail};
use crate::event::kind::{CheckoutStarted, Consent, Feedback, Identify, Purpose};
use crate::event::order::{Order, OrderLine, OrderRefund, OrderStatus, Refund, RefundLine};
use crate::event::raw::RawObject;
use crate::id::{IdKind, IdentifierRef, IdentifiersRef};
use crate::money::{Currency, Money};

impl<'de> Deserialize<'de> for EventRef<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut line = RawObject::new();
        let other = line.read(deserializer)?;
        event(&mut line, other).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        EventRef::deserialize(deserializer).map(Event::from)
    }
}

/// Reads one event from its object, or from what stands in place of one.
pub(super) fn event<'de>(line: &mut RawObject<'de>, other: Option<&'static str>) -> Read<EventRef<'de>> {
    if let Some(other) = other {
        return fail("", format!("expected an object, found {other}"));
    }
    let mut fields = Fields::of(line)?;
    let id = fields.need(Field::Id)?;
    let at = fields.instant(Field::At)?;
    let at = fields.required(Field::At, at)?;
    let mut who = IdentifiersRef::none();
    for kind in IdKind::ALL {
        if let Some(text) = fields.text(identifier_field(kind))? {
            who.set(kind, text);
        }
    }
    let channel = fields.text(Field::Channel)?;
    let turn = fields.text(Field::Turn)?;
    let kind = kind(&mut fields, &mut who)?;
    Ok(EventRefOf { id, at, who, channel, turn, kind })
}

pub(super) fn identifier_field(kind: IdKind) -> Field {
    match kind {
        IdKind::Checkout => Field::Checkout,
        IdKind::Cart => Field::Cart,
        IdKind::Conversation => Field::Conversation,
        IdKind::Visitor => Field::Visitor,
        IdKind::Phone => Field::Phone,
        IdKind::Email => Field::Email,
        IdKind::Customer => Field::Customer,
    }
}

fn kind<'de>(fields: &mut Fields<'_, 'de>, who: &mut IdentifiersRef<'de>) -> Read<KindRef<'de>> {
    let name = fields.need(Field::Kind)?;
    Ok(match &*name {
        "query" => KindRef::Query(query(fields)?),
        "recommendation" => KindRef::Recommendation(RecommendationRef { products: fields.products()? }),
        "link_shared" => KindRef::LinkShared(LinkSharedRef {
            url: fields.need(Field::Url)?,
            code: fields.text(Field::Code)?,
            product: fields.text(Field::Product)?,
        }),
        "link_click" => KindRef::LinkClick(LinkClickRef {
            url: fields.text(Field::Url)?,
            code: fields.text(Field::Code)?,
            product: fields.text(Field::Product)?,
        }),
        "visit" => KindRef::Visit(VisitRef {
            url: fields.text(Field::Url)?,
            referrer: fields.text(Field::Referrer)?,
            code: fields.text(Field::Code)?,
        }),
        "add_to_cart" => {
            let (product, quantity, price) = cart_item(fields)?;
            KindRef::AddToCart(AddToCartRef { product, quantity, price })
        }
        "remove_from_cart" => {
            let (product, quantity, price) = cart_item(fields)?;
            KindRef::RemoveFromCart(RemoveFromCartRef { product, quantity, price })
        }
        "checkout_started" => KindRef::CheckoutStarted(CheckoutStarted {}),
        "discount_request" => {
            let discount_code = fields.text(Field::DiscountCode)?;
            KindRef::DiscountRequest(DiscountRequestRef { discount_code })
        }
        "discount_offer" => {
            let discount_code = fields.text(Field::DiscountCode)?;
            KindRef::DiscountOffer(DiscountOfferRef { discount_code })
        }
        "feedback" => KindRef::Feedback(Feedback { helpful: fields.flag(Field::Helpful)? }),
        "identify" => KindRef::Identify(Identify {}),
        "order" => KindRef::Order(Cow::Owned(order(fields)?)),
        "refund" => KindRef::Refund(Cow::Owned(refund(fields)?)),
        "goal" => {
            let currency = fields.currency()?;
            let goal = fields.need(Field::Goal)?;
            KindRef::Goal(GoalRef { goal, value: fields.money_with(Field::Value, currency)? })
        }
        "consent" => {
            let purpose = purpose(fields)?;
            KindRef::Consent(Consent { purpose, granted: fields.flag(Field::Granted)? })
        }
        "claim_withdrawn" => KindRef::ClaimWithdrawn(claim_withdrawn(fields, who)?),
        "customer_merged" => {
            let (from, into) = (fields.text(Field::From)?, fields.text(Field::Into)?);
            let from = fields.required(Field::From, from)?;
            let into = fields.required(Field::Into, into)?;
            KindRef::CustomerMerged(CustomerMergedRef { from, into })
        }
        _ => return fail("kind", "not a kind of event that is known"),
    })
}

fn purpose(fields: &mut Fields<'_, '_>) -> Read<Purpose> {
    let name = fields.need(Field::Purpose)?;
    let named = Purpose::ALL.into_iter().find(|purpose| purpose.name() == name);
    let refuse = || fail("purpose", "not one of analytics, marketing, preferences, sale_or_sharing");
    named.map_or_else(refuse, Ok)
}

fn query<'de>(fields: &mut Fields<'_, 'de>) -> Read<QueryRef<'de>> {
    let cost_currency = fields.parse(Field::CostCurrency)?;
    Ok(QueryRef {
        text: fields.text(Field::Text)?,
        query: fields.text(Field::Query)?,
        topic: fields.text(Field::Topic)?,
        intent: fields.text(Field::Intent)?,
        flow: fields.text(Field::Flow)?,
        product_type: fields.text(Field::ProductType)?,
        language: fields.text(Field::Language)?,
        products: fields.products()?,
        privacy: fields.parse(Field::Privacy)?,
        cost: match cost_currency {
            Some(currency) => fields.money(Field::Cost, currency)?,
            None if fields.take(Field::Cost).is_some() => {
                return fail("cost_currency", "missing beside a cost");
            }
            None => None,
        },
    })
}

fn cart_item<'de>(fields: &mut Fields<'_, 'de>) -> Read<(Cow<'de, str>, u32, Option<Money>)> {
    let currency = fields.currency()?;
    let price = match currency {
        Some(currency) => fields.money(Field::Price, currency)?,
        // A price alone says nothing that is used: without a currency it is left aside.
        None => None,
    };
    Ok((fields.need(Field::Product)?, fields.quantity()?, price))
}

fn order(fields: &mut Fields<'_, '_>) -> Read<Order> {
    let currency = fields.currency()?;
    let currency = fields.required(Field::Currency, currency)?;
    let status = match fields.text(Field::Status)? {
        None => OrderStatus::default(),
        Some(text) => {
            let named = OrderStatus::ALL.into_iter().find(|status| status.name() == text);
            named.map_or_else(|| fail("status", "not one of placed, paid, cancelled, test"), Ok)?
        }
    };
    Ok(Order {
        order: fields.need_own(Field::Order)?,
        total: fields.need_money(Field::Total, currency)?,
        updated_at: fields.instant(Field::UpdatedAt)?,
        status,
        lines: fields.objects(Field::Lines, |line| {
            Ok(OrderLine {
                product: line.need_own(Field::Product)?,
                product_type: line.own(Field::ProductType)?,
                quantity: line.quantity()?,
                total: line.need_money(Field::Total, currency)?,
            })
        })?,
        codes: fields.codes(Field::Codes)?,
        discount_codes: fields.codes(Field::DiscountCodes)?,
        refunds: fields.objects(Field::Refunds, |refund| {
            Ok(OrderRefund {
                refund: refund.need_own(Field::Refund)?,
                amount: refund.need_money(Field::Amount, currency)?,
                lines: refund_lines(refund, currency)?,
            })
        })?,
        url: fields.own(Field::Url)?,
        referrer: fields.own(Field::Referrer)?,
    })
}

fn refund(fields: &mut Fields<'_, '_>) -> Read<Refund> {
    let currency = fields.currency()?;
    let currency = fields.required(Field::Currency, currency)?;
    Ok(Refund {
        refund: fields.need_own(Field::Refund)?,
        order: fields.need_own(Field::Order)?,
        amount: fields.need_money(Field::Amount, currency)?,
        lines: refund_lines(fields, currency)?,
    })
}

/// Lines of a refund; what was given back for one stands under `amount`, or under `total` as in an order.
fn refund_lines(fields: &mut Fields<'_, '_>, currency: Currency) -> Read<Vec<RefundLine>> {
    fields.objects(Field::Lines, |line| {
        let product = line.need_own(Field::Product)?;
        let total = line.money(Field::Total, currency)?;
        let amount = line.money(Field::Amount, currency)?.or(total);
        Ok(RefundLine { product, amount: line.required(Field::Amount, amount)? })
    })
}

/// Two identifiers: of two kinds in their fields, of one kind as `from` and `into`, which are customers unless
/// the field `of` names another kind.
fn claim_withdrawn<'de>(
    fields: &mut Fields<'_, 'de>,
    who: &mut IdentifiersRef<'de>,
) -> Read<ClaimWithdrawnRef<'de>> {
    let kind = match fields.text(Field::Of)? {
        None => IdKind::Customer,
        Some(name) => {
            let named = IdKind::ALL.into_iter().find(|kind| kind.name() == name);
            named.map_or_else(|| fail("of", "not a kind of identifier"), Ok)?
        }
    };
    if let (Some(one), Some(other)) = (fields.text(Field::From)?, fields.text(Field::Into)?) {
        let (one, other) = (IdentifierRef::new(kind, one), IdentifierRef::new(kind, other));
        return Ok(ClaimWithdrawnRef { one, other });
    }
    let mut named = std::mem::take(who).into_iter();
    match (named.next(), named.next(), named.next()) {
        (Some(one), Some(other), None) => Ok(ClaimWithdrawnRef { one, other }),
        _ => fail(
            "kind",
            "claim_withdrawn names exactly two identifiers (two of one kind as `from` and `into`)",
        ),
    }
}
