//! WooCommerce.
//!
//! | topic | becomes |
//! |---|---|
//! | `order.created`, `order.updated`, `order.restored` | an order with its refunds and coupons |
//! | `order.deleted` | [`Answer::Deleted`] |
//! | `customer.created`, `customer.updated` | `identify` |
//! | the unsigned `webhook_id=N` of a new webhook | [`Ignored::Ping`] |
//! | any other | [`Ignored::Topic`] |
//!
//! A body is rendered when it is delivered, so `order.created` often shows a later state already; the topic decides
//! nothing. The version of an order is its `date_modified_gmt`: the delivery id is made of the second, so that two
//! deliveries share one and a repeat has another, and is not passed on.
//!
//! The landing link is `session_entry` of the order's attribution where that has tags or a code; else, for a session
//! that came by tags (`source_type` is `utm`), those tags.
//!
//! Only dates in GMT are read; the others are in the site's time without saying which.
//!
//! # Status
//!
//! | status | counts as |
//! |---|---|
//! | `processing`, `completed`, `refunded` | paid |
//! | `on-hold`, and any status of a plugin | placed |
//! | `pending`, `checkout-draft`, `failed`, `cancelled`, `trash` | cancelled, until a later version says otherwise |
//!
//! [`WooCommerce::status`] changes a row.

use chrono::{DateTime, Utc};

use super::json::{self, Json};
use super::read::{Object, Read, fail, needed, see};
use super::settings::settings;
use super::table::{Carriers, Found, ProductKey, Snapshot, product, veiled, versioned};
use super::trail::{Trail, landing};
use super::{Answer, Delivery, Ignored, Received, Refused, Secrets, Statuses, bounded, events};
use crate::event::{Event, OrderLine, OrderRefund, OrderStatus};
use crate::id::{IdKind, Identifiers};
use crate::money::{Currency, Money};
use crate::text::{OrderId, ProductId};

/// The platform's name in event ids.
const NAME: &str = "woocommerce";

const SIGNATURE: &str = "X-WC-Webhook-Signature";
const TOPIC: &str = "X-WC-Webhook-Topic";
const SOURCE: &str = "X-WC-Webhook-Source";

/// What a new webhook sends to try out its address, before the number.
const PING: &[u8] = b"webhook_id=";

/// In front of the names of order attribution metadata.
const ATTRIBUTION: &str = "_wc_order_attribution_";

/// Tags among them.
const TAGS: [&str; 9] = [
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_id",
    "utm_term",
    "utm_content",
    "utm_source_platform",
    "utm_creative_format",
    "utm_marketing_tactic",
];

/// Webhooks of one WooCommerce shop: [`WooCommerce::new`], settings, then [`WooCommerce::receive`].
#[derive(Clone, Debug)]
pub struct WooCommerce {
    secrets: Secrets,
    carriers: Carriers,
    product: ProductKey,
    statuses: Statuses,
}

settings! { WooCommerce:
    /// Each webhook of a shop may have its own.
    accept;
    /// They are metadata of orders and lines.
    carriers;
    /// Without a variation or a stock-keeping unit it is the product.
    product_key;
    /// Default the table above.
    status;
}

impl WooCommerce {
    /// With the webhook's secret, as it reads in the shop's settings.
    ///
    /// # Errors
    /// [`Refused::EmptySecret`].
    pub fn new(secret: &[u8]) -> Result<Self, Refused> {
        Ok(Self {
            secrets: Secrets::new(secret)?,
            carriers: Carriers::default(),
            product: ProductKey::default(),
            statuses: Statuses::default(),
        })
    }

    /// Verifies a webhook and reads it. `now` is not used, since WooCommerce signs no time; it is here because every
    /// platform's `receive` takes it.
    ///
    /// # Errors
    /// [`Refused`], and nothing has happened.
    pub fn receive(&self, delivery: &Delivery<'_>, now: DateTime<Utc>) -> Result<Received, Refused> {
        delivery.bounded()?;
        let store = delivery.header(SOURCE)?;
        let Some(signature) = delivery.header(SIGNATURE)? else {
            let number = delivery.body.strip_prefix(PING).unwrap_or_default();
            let is_ping = !number.is_empty() && number.len() < 20 && number.iter().all(u8::is_ascii_digit);
            let ping = || Received::new("ping", 0, Answer::Ignored(Ignored::Ping)).of_store(store);
            return is_ping.then(ping).ok_or(Refused::Unsigned { header: SIGNATURE });
        };
        let secret = self.secrets.check_base64(&[delivery.body], signature)?;
        let topic = delivery.need(TOPIC)?;
        Ok(Received::new(topic, secret, self.read(topic, delivery.body, now)?).of_store(store))
    }

    /// Reads a body that the host got by itself, under the topic it would have come with; a list of orders, as the
    /// REST API gives them, too.
    ///
    /// # Errors
    /// [`Refused::TooLarge`], [`Refused::Json`], [`Refused::Field`].
    pub fn read(&self, topic: &str, body: &[u8], _now: DateTime<Utc>) -> Result<Answer, Refused> {
        bounded(body)?;
        let json = json::parse(body)?;
        Ok(match topic {
            "order.created" | "order.updated" | "order.restored" => match &json {
                Json::List(orders) => events(super::read::each(orders, |order| self.order(order))?),
                order => events(vec![self.order(Object::of(order)?)?]),
            },
            "order.deleted" => Answer::Deleted(OrderId::from(Object::of(&json)?.need_text("id")?)),
            "customer.created" | "customer.updated" => events(customer(Object::of(&json)?)?),
            _ => Answer::Ignored(Ignored::Topic),
        })
    }

    fn order(&self, order: Object<'_>) -> Read<Event> {
        let currency = order.need_currency("currency")?;
        let placed_at = needed(order.instant_utc("date_created_gmt")?, "date_created_gmt")?;
        let mut found = Found::default();
        let meta = order.get("meta_data")?;
        self.carriers.take_all(meta, &mut found);
        let lines = order.objects("line_items", |line| {
            self.carriers.take_all(line.get("meta_data")?, &mut found);
            self.line(line, currency)
        })?;
        let refunds = order.objects("refunds", |refund| in_order(refund, currency))?;
        let codes = order.objects("coupon_lines", |coupon| coupon.text("code"))?;
        let trail = campaign(meta);
        let snapshot = Snapshot {
            platform: NAME,
            order: order.need_text("id")?,
            placed_at,
            updated_at: order.instant_utc("date_modified_gmt")?.unwrap_or(placed_at),
            status: self.order_status(order.need_text("status")?),
            total: order.need_money("total", currency)?,
            lines,
            refunds,
            who: buyer(order)?,
            found,
            discount_codes: codes.into_iter().flatten().collect(),
            url: landing(attribution(meta, "session_entry"), &trail),
            referrer: attribution(meta, "referrer"),
            source: order.text("created_via")?,
        };
        Ok(snapshot.into_event())
    }

    fn order_status(&self, status: &str) -> OrderStatus {
        self.statuses.get(status).unwrap_or(match status {
            "processing" | "completed" | "refunded" => OrderStatus::Paid,
            "pending" | "checkout-draft" | "failed" | "cancelled" | "trash" => OrderStatus::Cancelled,
            _ => OrderStatus::Placed,
        })
    }

    /// A line at `total`, which is after discounts and before tax.
    fn line(&self, line: Object<'_>, currency: Currency) -> Read<OrderLine> {
        let product = product(line, self.product, ["product_id", "variation_id", "sku", "id"])?;
        let product = needed(product, "product_id")?;
        let quantity = line.pieces("quantity")?;
        Ok(OrderLine::new(ProductId::from(&*product), quantity, line.need_money("total", currency)?))
    }
}

/// A refund as an order lists it: negative.
fn in_order(refund: Object<'_>, currency: Currency) -> Read<OrderRefund> {
    let total = needed(refund.signed_money("total", currency)?, "total")?;
    let amount = match total.minor().checked_neg() {
        Some(minor) if minor >= 0 => Money::new(minor, currency),
        _ => return fail("total", "the refund of an order is zero or negative"),
    };
    Ok(OrderRefund::new(refund.need_text("id")?, amount))
}

/// Everybody that an order names. Its key is its own, and stands for the checkout that only its buyer knows.
fn buyer(order: Object<'_>) -> Read<Identifiers> {
    let mut who = Identifiers::none();
    see(&mut who, IdKind::Checkout, order.text("order_key")?);
    see(&mut who, IdKind::Customer, order.id("customer_id")?);
    order.object("billing", |billing| contact(billing, &mut who))?;
    Ok(who)
}

fn contact(billing: Object<'_>, who: &mut Identifiers) -> Read<()> {
    see(who, IdKind::Email, billing.text("email")?);
    see(who, IdKind::Phone, billing.text("phone")?);
    Ok(())
}

/// A customer record that ties several identifiers together.
fn customer(customer: Object<'_>) -> Read<Vec<Event>> {
    let id = customer.need_text("id")?;
    let created_at = customer.instant_utc("date_created_gmt")?;
    let at = customer.instant_utc("date_modified_gmt")?.or(created_at);
    let at = needed(at, "date_modified_gmt")?;
    let mut who = Identifiers::none();
    customer.object("billing", |billing| contact(billing, &mut who))?;
    see(&mut who, IdKind::Email, customer.text("email")?);
    see(&mut who, IdKind::Customer, customer.id("id")?);
    let is_claim = who.len() > 1;
    Ok(is_claim
        .then(|| Event::identify(versioned(NAME, "customer", &veiled(id), at), at, who).into())
        .into_iter()
        .collect())
}

/// The tags that a session came with. The plugin fills them for what it has found out itself as well (a search engine,
/// a page that referred), which is no tag on a link.
fn campaign(meta: Option<&Json<'_>>) -> Trail {
    let mut trail = Trail::default();
    if attribution(meta, "source_type") == Some("utm") {
        TAGS.iter().for_each(|tag| _ = trail.tag(tag, attribution(meta, tag)));
    }
    trail
}

/// A value of order attribution. It is another plugin's metadata in shape: what is no text is passed over.
fn attribution<'a>(meta: Option<&'a Json<'a>>, name: &str) -> Option<&'a str> {
    let Some(Json::List(rows)) = meta else { return None };
    let value = rows.iter().find_map(|row| {
        let Json::Object(fields) = row else { return None };
        let get = |field: &str| fields.iter().find(|(name, _)| name == field).map(|(_, value)| value);
        match (get("key")?, get("value")?) {
            (Json::Text(key), Json::Text(value)) if key.strip_prefix(ATTRIBUTION) == Some(name) => {
                Some(value)
            }
            _ => None,
        }
    })?;
    Some(value.as_ref()).filter(|value| !value.is_empty() && *value != "(none)")
}
