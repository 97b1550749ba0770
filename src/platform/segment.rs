//! Segment and RudderStack: e-commerce events, identities and arrivals.
//!
//! | call | becomes |
//! |---|---|
//! | `track` of `Product Added`, `Product Removed` | `add_to_cart`, `remove_from_cart` |
//! | `Checkout Started` | `checkout_started` |
//! | `Order Completed`, `Order Updated` | an order that is paid |
//! | `Order Cancelled` | an order that is cancelled |
//! | `Order Refunded` | a refund of `total` |
//! | `Signed Up` | the goal `sign_up` |
//! | `page`, `screen` | a visit, where the page has tags or another site sent the visitor: most pages are no arrival |
//! | `identify`, `alias` | `identify` |
//! | any other | nothing |
//!
//! One call or a `batch`. `userId` is the customer, `anonymousId` the visitor; e-mail and phone are read from traits
//! and properties, `cart_id` and `checkout_id` from properties. The `messageId` is the event's id. Codes and chat ids
//! are properties with the names that [`Carriers`] knows.
//!
//! # Money
//!
//! An order is worth `total`, which has tax and shipping in it; else `revenue`, else `value`. Each is a JSON number or
//! text and exact: what a sum of floats left behind (`195.67000000000002`) is an error that names the field. A version
//! is its `timestamp`.

use chrono::{DateTime, Utc};

use super::json;
use super::read::{Object, Read, needed, see};
use super::settings::settings;
use super::table::{Carriers, Found, ProductKey, Snapshot, bought, product};
use super::trail::{Trail, arrived};
use super::{Answer, Refused, bounded, events};
use crate::event::{Event, OrderStatus};
use crate::id::{IdKind, Identifiers};
use crate::money::{Currency, Money};

/// The platform's name in event ids.
const NAME: &str = "segment";

/// Calls of one source: [`Segment::new`], settings, then `Segment::receive` or [`Segment::read`].
#[derive(Clone, Debug, Default)]
pub struct Segment {
    #[cfg(feature = "platforms-sha1")]
    pub(super) secrets: super::sha1::Secrets,
    carriers: Carriers,
    product: ProductKey,
    currency: Option<Currency>,
}

settings! { Segment:
    /// They are properties of an order.
    carriers;
    /// Without a variant or a stock-keeping unit it is the product.
    product_key;
    /// An order without one is an error then, the price of a cart is left out.
    currency;
}

/// Names of campaigns in a call's context, and the tags that mean the same.
const CAMPAIGN: [(&str, &str); 6] = [
    ("source", "utm_source"),
    ("medium", "utm_medium"),
    ("name", "utm_campaign"),
    ("id", "utm_id"),
    ("term", "utm_term"),
    ("content", "utm_content"),
];

impl Segment {
    /// With default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a call, or a batch of them, that the host verified itself.
    ///
    /// # Errors
    /// [`Refused::TooLarge`], [`Refused::Json`], [`Refused::Field`].
    pub fn read(&self, body: &[u8]) -> Result<Answer, Refused> {
        bounded(body)?;
        let json = json::parse(body)?;
        let body = Object::of(&json)?;
        let found = if body.get("batch")?.is_some() {
            body.objects("batch", |call| self.call(call))?.into_iter().flatten().collect()
        } else {
            self.call(body)?.into_iter().collect()
        };
        Ok(events(found))
    }

    fn call(&self, call: Object<'_>) -> Read<Option<Event>> {
        let kind = call.need_text("type")?;
        if !matches!(kind, "track" | "page" | "screen" | "identify" | "alias") {
            return Ok(None);
        }
        let id = format!("{NAME}:{}", call.need_text("messageId")?);
        let at = call.instant("timestamp")?.or(call.instant("originalTimestamp")?);
        let at = needed(at, "timestamp")?;
        let who = who(call)?;
        match kind {
            "track" => {
                let event = call.need_text("event")?;
                Ok(call.object("properties", |of| self.track(event, of, id, at, &who))?.flatten())
            }
            "identify" | "alias" => Ok((who.len() > 1).then(|| Event::identify(id, at, who).into())),
            _ => visit(call, id, at, who),
        }
    }

    fn track(
        &self,
        event: &str,
        of: Object<'_>,
        id: String,
        at: DateTime<Utc>,
        who: &Identifiers,
    ) -> Read<Option<Event>> {
        let mut who = who.clone();
        see(&mut who, IdKind::Cart, of.text("cart_id")?);
        see(&mut who, IdKind::Checkout, of.text("checkout_id")?);
        Ok(Some(match event {
            "Product Added" => {
                let event = Event::add_to_cart(id, at, who, self.product(of)?);
                let event = event.quantity(of.pieces_or_one("quantity")?);
                self.price(of)?.into_iter().fold(event, |event, price| event.price(price)).into()
            }
            "Product Removed" => {
                let event = Event::remove_from_cart(id, at, who, self.product(of)?);
                event.quantity(of.pieces_or_one("quantity")?).into()
            }
            "Checkout Started" => Event::checkout_started(id, at, who).into(),
            "Signed Up" => Event::goal(id, at, who, "sign_up").into(),
            "Order Completed" | "Order Updated" => self.order(of, at, who, OrderStatus::Paid)?,
            "Order Cancelled" => self.order(of, at, who, OrderStatus::Cancelled)?,
            "Order Refunded" => {
                let amount = of.need_money("total", self.counted(of)?)?;
                let refund = of.text("refund_id")?.unwrap_or(&id).to_owned();
                Event::refund(id, at, refund, of.need_text("order_id")?, amount).into()
            }
            _ => return Ok(None),
        }))
    }

    fn counted(&self, of: Object<'_>) -> Read<Currency> {
        needed(of.currency("currency")?.or(self.currency), "currency")
    }

    fn price(&self, of: Object<'_>) -> Read<Option<Money>> {
        let currency = of.currency("currency")?.or(self.currency);
        Ok(currency.map(|currency| of.money("price", currency)).transpose()?.flatten())
    }

    fn product(&self, of: Object<'_>) -> Read<String> {
        let product = product(of, self.product, ["product_id", "variant", "sku", "id"])?;
        Ok(needed(product, "product_id")?.into_owned())
    }

    fn order(&self, of: Object<'_>, at: DateTime<Utc>, who: Identifiers, status: OrderStatus) -> Read<Event> {
        let currency = self.counted(of)?;
        let mut found = Found::default();
        for (name, value) in of.fields() {
            self.carriers.take(name, value, &mut found);
        }
        let total = of.money("total", currency)?;
        let total = total.or(of.money("revenue", currency)?).or(of.money("value", currency)?);
        let line = |line: Object<'_>| {
            let product = self.product(line)?;
            bought(line, product, "category", currency)
        };
        let snapshot = Snapshot {
            platform: NAME,
            order: of.need_text("order_id")?,
            placed_at: at,
            updated_at: at,
            status,
            total: needed(total, "total")?,
            lines: of.objects("products", line)?,
            refunds: Vec::new(),
            who,
            found,
            discount_codes: of.text("coupon")?.into_iter().collect(),
            url: None,
            referrer: None,
            source: None,
        };
        Ok(snapshot.into_event())
    }
}

/// Everybody that a call names.
fn who(call: Object<'_>) -> Read<Identifiers> {
    let mut who = Identifiers::none();
    see(&mut who, IdKind::Visitor, call.text("previousId")?.or(call.text("anonymousId")?));
    see(&mut who, IdKind::Customer, call.text("userId")?);
    let mut contact = |of: Object<'_>| {
        see(&mut who, IdKind::Email, of.text("email")?);
        see(&mut who, IdKind::Phone, of.text("phone")?);
        Ok(())
    };
    call.object("context", |context| context.object("traits", &mut contact))?;
    call.object("traits", &mut contact)?;
    call.object("properties", &mut contact)?;
    Ok(who)
}

/// Where a page is, and where its visitor came from.
fn page<'a>(of: Object<'a>) -> Read<(Option<&'a str>, Option<&'a str>)> {
    Ok((of.text("url")?, of.text("referrer")?))
}

/// An arrival: the page's own tags, else those of the call's campaign.
fn visit(call: Object<'_>, id: String, at: DateTime<Utc>, who: Identifiers) -> Read<Option<Event>> {
    let (mut url, mut referrer) = call.object("properties", page)?.unwrap_or_default();
    let mut trail = Trail::default();
    call.object("context", |context| {
        let (at, from) = context.object("page", page)?.unwrap_or_default();
        (url, referrer) = (url.or(at), referrer.or(from));
        context.object("campaign", |campaign| {
            for (name, tag) in CAMPAIGN {
                trail.tag(tag, campaign.text(name)?);
            }
            Ok(())
        })
    })?;
    Ok(arrived(id, at, who, url, referrer, &trail))
}
