//! Shopify.
//!
//! | topic | becomes |
//! |---|---|
//! | `orders/create`, `paid`, `updated`, `cancelled`, `fulfilled`, `partially_fulfilled` | an order |
//! | `orders/edited` | [`Fetch::Order`]: the body is a change, not an order |
//! | `orders/delete` | [`Answer::Deleted`] |
//! | `refunds/create` | a refund of the money that moved |
//! | `carts/create`, `carts/update` | `add_to_cart` per product in the cart |
//! | `checkouts/create`, `checkouts/update` | `checkout_started`, and the identifiers seen in it as `identify` |
//! | `customers/create`, `customers/update` | `identify` |
//! | `customers/merge` | `customer_merged`, only when it succeeded |
//! | `customers/data_request`, `customers/redact`, `shop/redact` | [`Privacy`] |
//! | any other | [`Ignored::Topic`] |
//!
//! Point of sale, draft, imported and subscription orders come on the same topics and are orders; the event's
//! channel says which (`source_name`), and without evidence they stay unattributed. Test orders have the status
//! `test`, cancelled orders and those whose payment was voided `cancelled`; see [`Shopify::status`].
//!
//! A cart is named by its token without the `?key=..` of the storefront's APIs: a host that names carts in turns cuts
//! it off too.
//!
//! # Money
//!
//! `total` is `total_price`, before refunds. A refund is the sum of its transactions of kind `refund` with status
//! `success`: the lines of a refund say what came back, not what was paid. That money is split over its lines by
//! what they list, to the unit. An order edit that takes away a line not yet paid moves no money: where such edits
//! are usual, [`OrderValue::Current`] takes `current_total_price` for the net value instead.
//!
//! Amounts are in the shop's currency. A shop that sells in several currencies refunds in the buyer's: such a refund
//! counts by the shop's side of its own sets (lines, tax, shipping and duties, less adjustments) where these come to
//! exactly what moved on the buyer's side. Where they do not, no exact amount is known, and the error names the
//! transaction; [`MoneySide::Presentment`] counts what the buyer saw and paid instead.

mod journey;
mod order;
mod people;
mod refund;

use chrono::{DateTime, Utc};

use super::json::{self, Json};
use super::read::{Object, Read, needed, see, within};
use super::settings::settings;
use super::table::{Carriers, CartItems, Found, ProductKey};
use super::{
    Answer, Delivery, Fetch, Ignored, Privacy, Received, Refused, Secrets, Statuses, bounded, events,
};
use crate::event::Event;
use crate::id::{IdKind, Identifiers};
use crate::money::Currency;
use crate::text::OrderId;

/// The platform's name in event ids.
const NAME: &str = "shopify";

/// Both forms of each header: those of webhooks, and those of the newer event deliveries.
const SIGNATURE: [&str; 2] = ["X-Shopify-Hmac-Sha256", "shopify-hmac-sha256"];
const TOPIC: [&str; 2] = ["X-Shopify-Topic", "shopify-topic"];
const SHOP: [&str; 2] = ["X-Shopify-Shop-Domain", "shopify-shop-domain"];
const WEBHOOK_ID: [&str; 2] = ["X-Shopify-Webhook-Id", "shopify-webhook-id"];
const TRIGGERED_AT: [&str; 2] = ["X-Shopify-Triggered-At", "shopify-triggered-at"];

/// Whose money is counted where buyers pay in another currency than the shop's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MoneySide {
    /// The shop's own currency. The default.
    #[default]
    Shop,
    /// What the buyer saw and paid.
    Presentment,
}

/// What an order is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OrderValue {
    /// `total_price` less the money that was refunded. The default.
    #[default]
    Placed,
    /// `current_total_price`, which also falls where an edit or a return moved no money. The refunds that the same
    /// body carries are added back to it, so that net is the current price whenever they are taken off again.
    Current,
}

/// Webhooks of one Shopify shop: [`Shopify::new`], settings, then [`Shopify::receive`].
#[derive(Clone, Debug)]
pub struct Shopify {
    secrets: Secrets,
    carriers: Carriers,
    product: ProductKey,
    side: MoneySide,
    value: OrderValue,
    currency: Option<Currency>,
    statuses: Statuses,
}

settings! { Shopify:
    /// Webhooks made in the admin are signed with one of the shop's own, and a client secret that was changed signs
    /// for a while yet.
    accept;
    /// They are cart attributes and properties of lines.
    carriers;
    /// Without a variant or a stock-keeping unit it is the product.
    product_key;
    /// Prices in carts and some refunds name none: the price of a cart is left out then, and a refund whose sets name
    /// none either is an error.
    currency;
    /// The state is its `financial_status`. By default `voided` is cancelled, `paid`, `partially_refunded` and
    /// `refunded` are paid, all others placed. A test order stays a test, a cancelled one cancelled.
    status;
}

impl Shopify {
    /// With the app's client secret.
    ///
    /// # Errors
    /// [`Refused::EmptySecret`].
    pub fn new(secret: &[u8]) -> Result<Self, Refused> {
        Ok(Self {
            secrets: Secrets::new(secret)?,
            carriers: Carriers::default(),
            product: ProductKey::default(),
            side: MoneySide::default(),
            value: OrderValue::default(),
            currency: None,
            statuses: Statuses::default(),
        })
    }

    /// Whose money is counted; default [`MoneySide::Shop`].
    pub fn money_side(&mut self, side: MoneySide) -> &mut Self {
        self.side = side;
        self
    }

    /// What an order is worth; default [`OrderValue::Placed`].
    pub fn order_value(&mut self, value: OrderValue) -> &mut Self {
        self.value = value;
        self
    }

    /// Verifies a webhook and reads it. `now` dates only what has no date of its own, such as a merge of customers, and
    /// comes without the header `X-Shopify-Triggered-At`: Shopify signs no time, so a delivery is never too old.
    ///
    /// # Errors
    /// [`Refused`], and nothing has happened.
    pub fn receive(&self, delivery: &Delivery<'_>, now: DateTime<Utc>) -> Result<Received, Refused> {
        delivery.bounded()?;
        let signature = delivery.need_any(&SIGNATURE)?;
        let secret = self.secrets.check_base64(&[delivery.body], signature)?;
        let topic = delivery.need_any(&TOPIC)?;
        let triggered = delivery.any_header(&TRIGGERED_AT)?;
        let triggered = triggered.and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        let answer = self.read(topic, delivery.body, triggered.map_or(now, |at| at.to_utc()))?;
        let (shop, id) = (delivery.any_header(&SHOP)?, delivery.any_header(&WEBHOOK_ID)?);
        Ok(Received::new(topic, secret, answer).of_store(shop).delivered_as(id))
    }

    /// Reads a body that the host got by itself, under the topic it would have come with.
    ///
    /// Bodies of the REST API are read too, which wrap one (`{"order": {..}}`) or several (`{"orders": [..]}`).
    ///
    /// # Errors
    /// [`Refused::TooLarge`], [`Refused::Json`], [`Refused::Field`].
    pub fn read(&self, topic: &str, body: &[u8], now: DateTime<Utc>) -> Result<Answer, Refused> {
        bounded(body)?;
        let json = json::parse(body)?;
        Ok(self.topic(topic, &json, now)?)
    }

    /// The visits in an order's `customerJourneySummary` of the GraphQL API: the object of that name, or one that
    /// has it as a field. `who` is whose they are, such as the customer of the order.
    ///
    /// All `moments` that are given (as a list, as `nodes` or as `edges`), else the first and the last visit. Shopify works the
    /// summary out later than the order and sends nothing when it has: [`Ignored::NotReady`] until then.
    ///
    /// # Errors
    /// [`Refused::TooLarge`], [`Refused::Json`], [`Refused::Field`].
    pub fn customer_journey(&self, who: &Identifiers, summary: &[u8]) -> Result<Answer, Refused> {
        bounded(summary)?;
        let json = json::parse(summary)?;
        Ok(journey::summary(who, Object::of(&json)?)?)
    }

    fn topic(&self, topic: &str, body: &Json<'_>, now: DateTime<Utc>) -> Read<Answer> {
        match topic {
            "orders/create"
            | "orders/paid"
            | "orders/updated"
            | "orders/cancelled"
            | "orders/fulfilled"
            | "orders/partially_fulfilled" => {
                unwrapped(body, "order", "orders", |order| Ok(vec![self.order(order)?]))
            }
            "orders/edited" => Object::of(body)?
                .object("order_edit", |edit| edit.need_text("order_id"))
                .and_then(|order| needed(order, "order_edit"))
                .map(|order| Answer::Fetch(Fetch::Order(OrderId::from(order)))),
            "orders/delete" => Ok(Answer::Deleted(OrderId::from(Object::of(body)?.need_text("id")?))),
            "refunds/create" => unwrapped(body, "refund", "refunds", |refund| self.refund_event(refund)),
            "carts/create" | "carts/update" => unwrapped(body, "cart", "carts", |cart| self.cart(cart)),
            "checkouts/create" | "checkouts/update" => {
                unwrapped(body, "checkout", "checkouts", |checkout| self.checkout(checkout))
            }
            "customers/create" | "customers/update" => {
                unwrapped(body, "customer", "customers", |customer| people::customer(customer, now))
            }
            "customers/merge" => people::merge(Object::of(body)?, now),
            "customers/data_request" => {
                let (who, orders) = people::request(Object::of(body)?, "orders_requested")?;
                Ok(Answer::Privacy(Privacy::Export { who, orders }))
            }
            "customers/redact" => {
                let (who, orders) = people::request(Object::of(body)?, "orders_to_redact")?;
                Ok(Answer::Privacy(Privacy::Erase { who, orders }))
            }
            "shop/redact" => Object::of(body).map(|_| Answer::Privacy(Privacy::EraseShop)),
            _ => Ok(Answer::Ignored(Ignored::Topic)),
        }
    }

    /// A cart says what is in it and not what was put in: each product once, at the cart's latest change.
    fn cart(&self, cart: Object<'_>) -> Read<Vec<Event>> {
        let token = without_key(cart.need_text("token")?);
        let at = needed(cart.instant("updated_at")?.or(cart.instant("created_at")?), "updated_at")?;
        let mut found = Found::default();
        let mut items = CartItems::default();
        cart.objects("line_items", |line| {
            self.carriers.take_all(line.get("properties")?, &mut found);
            let (product, quantity) = (self.product_of(line)?, line.quantity("quantity")?);
            let price = self.currency.map(|currency| line.money("price", currency)).transpose()?.flatten();
            items.add(&product, quantity, price);
            Ok(())
        })?;
        let mut who = found.who;
        see(&mut who, IdKind::Cart, Some(token));
        Ok(items.into_events(NAME, token, at, &who))
    }
}

/// A cart's token without the key that the storefront's own APIs hang on to it, and orders do not.
fn without_key(token: &str) -> &str {
    token.split_once("?key=").map_or(token, |(token, _)| token)
}

/// Reads a body bare, or as the REST API wraps it.
fn unwrapped(
    body: &Json<'_>,
    one: &str,
    several: &str,
    mut read: impl FnMut(Object<'_>) -> Read<Vec<Event>>,
) -> Read<Answer> {
    let object = Object::of(body)?;
    if matches!(object.get(several)?, Some(Json::List(_))) {
        return Ok(events(object.objects(several, read)?.into_iter().flatten().collect()));
    }
    match object.get(one)? {
        Some(inner @ Json::Object(_)) => {
            within(Object::of(inner).and_then(&mut read), || one.to_owned()).map(events)
        }
        _ => read(object).map(events),
    }
}
