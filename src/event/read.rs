//! From one flat object to an event. Every refusal names the field.
//!
//! Fields that are not known are passed over, so that a log may say more than clinch reads; a field that stands
//! twice is refused, since two readers would see two facts.

use std::borrow::Cow;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::de::{Deserialize, Deserializer, Error as _};

use crate::event::Event;
use crate::event::kind::{
    AddToCart, CheckoutStarted, ClaimWithdrawn, Consent, CustomerMerged, DiscountOffer, DiscountRequest,
    Feedback, Goal, Identify, Kind, LinkClick, LinkShared, Purpose, Query, Recommendation, RemoveFromCart,
    Visit,
};
use crate::event::order::{Order, OrderLine, OrderRefund, OrderStatus, Refund, RefundLine};
use crate::event::raw::Raw;
use crate::id::{IdKind, Identifier, Identifiers};
use crate::money::{Currency, Money};

/// Why an event could not be read: which field, and what is wrong with it. Values are not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field `{field}`: {reason}")]
pub struct FieldError {
    /// The field's path, such as `lines[2].total`; empty where there is no object at all.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

type Read<T> = Result<T, FieldError>;

fn fail<T>(field: impl Into<String>, reason: impl Into<String>) -> Read<T> {
    Err(FieldError { field: field.into(), reason: reason.into() })
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        event(Raw::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// One object with the path that led to it, its fields taken out one by one.
struct Fields<'de> {
    path: String,
    map: Vec<(Cow<'de, str>, Raw<'de>)>,
}

impl<'de> Fields<'de> {
    fn of(raw: Raw<'de>, path: String) -> Read<Self> {
        let Raw::Map(map) = raw else {
            let field = path.trim_end_matches('.');
            return fail(field, format!("expected an object, found {}", raw.name()));
        };
        let mut names: Vec<&str> = map.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return fail(format!("{path}{}", pair[0]), "given twice");
        }
        Ok(Self { path, map })
    }

    fn name(&self, field: &str) -> String {
        format!("{}{field}", self.path)
    }

    /// The value of `field`; null counts as missing.
    fn take(&mut self, field: &str) -> Option<Raw<'de>> {
        let place = self.map.iter().position(|(name, _)| name == field)?;
        match self.map.swap_remove(place).1 {
            Raw::Null => None,
            value => Some(value),
        }
    }

    /// Text, or a whole number as its text: shops write ids both ways.
    fn text(&mut self, field: &str) -> Read<Option<Cow<'de, str>>> {
        match self.take(field) {
            None => Ok(None),
            Some(Raw::Text(text)) => Ok(Some(text)),
            Some(Raw::Integer(digits)) => Ok(Some(Cow::Owned(digits))),
            Some(other) => fail(self.name(field), format!("expected text, found {}", other.name())),
        }
    }

    fn optional<T: for<'a> From<&'a str>>(&mut self, field: &str) -> Read<Option<T>> {
        Ok(self.text(field)?.map(|text| T::from(&*text)))
    }

    fn required<T>(&mut self, field: &str, value: Option<T>) -> Read<T> {
        value.map_or_else(|| fail(self.name(field), "missing"), Ok)
    }

    fn need<T: for<'a> From<&'a str>>(&mut self, field: &str) -> Read<T> {
        let value = self.optional(field)?;
        self.required(field, value)
    }

    fn parse<T: FromStr<Err = crate::Error>>(&mut self, field: &str) -> Read<Option<T>> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        text.parse().map(Some).or_else(|error: crate::Error| fail(self.name(field), error.to_string()))
    }

    fn instant(&mut self, field: &str) -> Read<Option<DateTime<Utc>>> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        // RFC 3339 ends with the year 9999. Years beyond have a sign, which chrono reads elsewhere only.
        let signed = text.starts_with(['+', '-']);
        let read = if signed { text.parse() } else { DateTime::parse_from_rfc3339(&text) };
        match read {
            Ok(at) => Ok(Some(at.to_utc())),
            Err(_) => fail(self.name(field), "not an instant as in 2026-03-01T10:00:00Z (RFC 3339)"),
        }
    }

    fn flag(&mut self, field: &str) -> Read<bool> {
        match self.take(field) {
            Some(Raw::Bool(value)) => Ok(value),
            Some(other) => fail(self.name(field), format!("expected true or false, found {}", other.name())),
            None => fail(self.name(field), "missing"),
        }
    }

    fn quantity(&mut self) -> Read<u32> {
        let pieces = match self.take("quantity") {
            None => Some(1),
            Some(Raw::Text(text)) => text.parse().ok(),
            Some(Raw::Integer(digits)) => digits.parse().ok(),
            Some(_) => None,
        };
        pieces.map_or_else(|| fail(self.name("quantity"), "not a whole number of pieces"), Ok)
    }

    fn currency(&mut self) -> Read<Option<Currency>> {
        self.parse("currency")
    }

    /// Decimal text only: a JSON number has been a float somewhere.
    fn money(&mut self, field: &str, currency: Currency) -> Read<Option<Money>> {
        match self.take(field) {
            None => Ok(None),
            Some(Raw::Text(text)) => match Money::parse(&text, currency) {
                Ok(money) => Ok(Some(money)),
                Err(error) => fail(self.name(field), error.to_string()),
            },
            Some(other) => fail(
                self.name(field),
                format!("expected decimal text such as \"59.90\", found {}", other.name()),
            ),
        }
    }

    fn need_money(&mut self, field: &str, currency: Currency) -> Read<Money> {
        let money = self.money(field, currency)?;
        self.required(field, money)
    }

    /// Money whose currency stands in the same object; an amount without a currency is refused.
    fn money_with(&mut self, field: &str, currency: Option<Currency>) -> Read<Option<Money>> {
        match currency {
            Some(currency) => self.money(field, currency),
            None if self.take(field).is_some() => fail(self.name("currency"), "missing beside an amount"),
            None => Ok(None),
        }
    }

    fn list(&mut self, field: &str) -> Read<Vec<Raw<'de>>> {
        match self.take(field) {
            None => Ok(Vec::new()),
            Some(Raw::List(list)) => Ok(list),
            Some(other) => fail(self.name(field), format!("expected a list, found {}", other.name())),
        }
    }

    /// A list of texts.
    fn texts<T: for<'a> From<&'a str>>(&mut self, field: &str) -> Read<Vec<T>> {
        let read = |(place, raw): (usize, Raw<'de>)| match raw {
            Raw::Text(text) => Ok(T::from(&*text)),
            Raw::Integer(digits) => Ok(T::from(&*digits)),
            other => {
                let field = format!("{}{field}[{place}]", self.path);
                fail(field, format!("expected text, found {}", other.name()))
            }
        };
        // The list is taken first: `read` only borrows the path.
        match self.map.iter().position(|(name, _)| name == field) {
            None => Ok(Vec::new()),
            Some(found) => match std::mem::replace(&mut self.map[found].1, Raw::Null) {
                Raw::Null => Ok(Vec::new()),
                Raw::List(list) => list.into_iter().enumerate().map(read).collect(),
                other => fail(self.name(field), format!("expected a list of texts, found {}", other.name())),
            },
        }
    }

    /// A list of objects.
    fn objects<T>(&mut self, field: &str, mut read: impl FnMut(Fields<'de>) -> Read<T>) -> Read<Vec<T>> {
        let list = self.list(field)?;
        let item = |(place, raw)| read(Fields::of(raw, format!("{}{field}[{place}].", self.path))?);
        list.into_iter().enumerate().map(item).collect()
    }
}

/// Reads one event.
pub(super) fn event(raw: Raw<'_>) -> Read<Event> {
    let mut fields = Fields::of(raw, String::new())?;
    let id = fields.need("id")?;
    let at = fields.instant("at")?;
    let at = fields.required("at", at)?;
    let mut who = Identifiers::none();
    for kind in IdKind::ALL {
        if let Some(text) = fields.text(kind.name())? {
            who.set(Identifier::new(kind, text));
        }
    }
    let channel = fields.optional("channel")?;
    let turn = fields.optional("turn")?;
    let kind = kind(&mut fields, &mut who)?;
    Ok(Event { id, at, who, channel, turn, kind })
}

fn kind(fields: &mut Fields<'_>, who: &mut Identifiers) -> Read<Kind> {
    let name = fields.text("kind")?;
    let name = fields.required("kind", name)?;
    Ok(match &*name {
        "query" => Kind::Query(Box::new(query(fields)?)),
        "recommendation" => {
            Kind::Recommendation(Recommendation { products: fields.texts("products")?.into() })
        }
        "link_shared" => Kind::LinkShared(LinkShared {
            url: fields.need("url")?,
            code: fields.optional("code")?,
            product: fields.optional("product")?,
        }),
        "link_click" => Kind::LinkClick(LinkClick {
            url: fields.optional("url")?,
            code: fields.optional("code")?,
            product: fields.optional("product")?,
        }),
        "visit" => Kind::Visit(Visit {
            url: fields.optional("url")?,
            referrer: fields.optional("referrer")?,
            code: fields.optional("code")?,
        }),
        "add_to_cart" => {
            let (product, quantity, price) = cart_item(fields)?;
            Kind::AddToCart(AddToCart { product, quantity, price })
        }
        "remove_from_cart" => {
            let (product, quantity, price) = cart_item(fields)?;
            Kind::RemoveFromCart(RemoveFromCart { product, quantity, price })
        }
        "checkout_started" => Kind::CheckoutStarted(CheckoutStarted {}),
        "discount_request" => {
            Kind::DiscountRequest(DiscountRequest { discount_code: fields.optional("discount_code")? })
        }
        "discount_offer" => {
            Kind::DiscountOffer(DiscountOffer { discount_code: fields.optional("discount_code")? })
        }
        "feedback" => Kind::Feedback(Feedback { helpful: fields.flag("helpful")? }),
        "identify" => Kind::Identify(Identify {}),
        "order" => Kind::Order(Box::new(order(fields)?)),
        "refund" => Kind::Refund(Box::new(refund(fields)?)),
        "goal" => {
            let currency = fields.currency()?;
            Kind::Goal(Goal { goal: fields.need("goal")?, value: fields.money_with("value", currency)? })
        }
        "consent" => {
            let purpose = purpose(fields)?;
            Kind::Consent(Consent { purpose, granted: fields.flag("granted")? })
        }
        "claim_withdrawn" => Kind::ClaimWithdrawn(claim_withdrawn(fields, who)?),
        "customer_merged" => {
            let (from, into) = two_customers(fields)?;
            let from = fields.required("from", from)?;
            let into = fields.required("into", into)?;
            Kind::CustomerMerged(CustomerMerged { from, into })
        }
        _ => return fail("kind", "not a kind of event that is known"),
    })
}

fn purpose(fields: &mut Fields<'_>) -> Read<Purpose> {
    let name: String = fields.need("purpose")?;
    let named = Purpose::ALL.into_iter().find(|purpose| purpose.name() == name);
    let refuse = || fail("purpose", "not one of analytics, marketing, preferences, sale_or_sharing");
    named.map_or_else(refuse, Ok)
}

fn query(fields: &mut Fields<'_>) -> Read<Query> {
    let cost_currency = fields.parse("cost_currency")?;
    Ok(Query {
        text: fields.optional("text")?,
        query: fields.optional("query")?,
        topic: fields.optional("topic")?,
        intent: fields.optional("intent")?,
        flow: fields.optional("flow")?,
        product_type: fields.optional("product_type")?,
        products: fields.texts("products")?.into(),
        cost: match cost_currency {
            Some(currency) => fields.money("cost", currency)?,
            None if fields.take("cost").is_some() => return fail("cost_currency", "missing beside a cost"),
            None => None,
        },
    })
}

fn cart_item(fields: &mut Fields<'_>) -> Read<(crate::text::ProductId, u32, Option<Money>)> {
    let currency = fields.currency()?;
    let price = match currency {
        Some(currency) => fields.money("price", currency)?,
        // A price alone says nothing that is used: without a currency it is left aside.
        None => None,
    };
    Ok((fields.need("product")?, fields.quantity()?, price))
}

fn order(fields: &mut Fields<'_>) -> Read<Order> {
    let currency = fields.currency()?;
    let currency = fields.required("currency", currency)?;
    let status = match fields.text("status")? {
        None => OrderStatus::default(),
        Some(text) => {
            let named = OrderStatus::ALL.into_iter().find(|status| status.name() == text);
            named.map_or_else(|| fail("status", "not one of placed, paid, cancelled, test"), Ok)?
        }
    };
    Ok(Order {
        order: fields.need("order")?,
        total: fields.need_money("total", currency)?,
        updated_at: fields.instant("updated_at")?,
        status,
        lines: fields.objects("lines", |mut line| {
            Ok(OrderLine {
                product: line.need("product")?,
                product_type: line.optional("product_type")?,
                quantity: line.quantity()?,
                total: line.need_money("total", currency)?,
            })
        })?,
        codes: fields.texts("codes")?,
        discount_codes: fields.texts("discount_codes")?,
        refunds: fields.objects("refunds", |mut refund| {
            Ok(OrderRefund {
                refund: refund.need("refund")?,
                amount: refund.need_money("amount", currency)?,
                lines: refund_lines(&mut refund, currency)?,
            })
        })?,
        url: fields.optional("url")?,
        referrer: fields.optional("referrer")?,
    })
}

fn refund(fields: &mut Fields<'_>) -> Read<Refund> {
    let currency = fields.currency()?;
    let currency = fields.required("currency", currency)?;
    Ok(Refund {
        refund: fields.need("refund")?,
        order: fields.need("order")?,
        amount: fields.need_money("amount", currency)?,
        lines: refund_lines(fields, currency)?,
    })
}

/// Lines of a refund; what was given back for one stands under `amount`, or under `total` as in an order.
fn refund_lines(fields: &mut Fields<'_>, currency: Currency) -> Read<Vec<RefundLine>> {
    fields.objects("lines", |mut line| {
        let product = line.need("product")?;
        let total = line.money("total", currency)?;
        let amount = line.money("amount", currency)?.or(total);
        Ok(RefundLine { product, amount: line.required("amount", amount)? })
    })
}

fn two_customers(fields: &mut Fields<'_>) -> Read<(Option<Identifier>, Option<Identifier>)> {
    two_of(IdKind::Customer, fields)
}

/// Two identifiers of one kind, from the fields `from` and `into`.
fn two_of(kind: IdKind, fields: &mut Fields<'_>) -> Read<(Option<Identifier>, Option<Identifier>)> {
    let identifier = |text: Option<Cow<'_, str>>| text.map(|text| Identifier::new(kind, text));
    Ok((identifier(fields.text("from")?), identifier(fields.text("into")?)))
}

/// Two identifiers: of two kinds in their fields, of one kind as `from` and `into`, which are customers unless
/// the field `of` names another kind.
fn claim_withdrawn(fields: &mut Fields<'_>, who: &mut Identifiers) -> Read<ClaimWithdrawn> {
    let kind = match fields.text("of")? {
        None => IdKind::Customer,
        Some(name) => {
            let named = IdKind::ALL.into_iter().find(|kind| kind.name() == name);
            named.map_or_else(|| fail("of", "not a kind of identifier"), Ok)?
        }
    };
    if let (Some(one), Some(other)) = two_of(kind, fields)? {
        return Ok(ClaimWithdrawn::between(one, other));
    }
    let named = std::mem::take(who);
    let mut named = named.iter();
    match (named.next(), named.next(), named.next()) {
        (Some(one), Some(other), None) => Ok(ClaimWithdrawn::between(one.clone(), other.clone())),
        _ => fail(
            "kind",
            "claim_withdrawn names exactly two identifiers (two of one kind as `from` and `into`)",
        ),
    }
}
