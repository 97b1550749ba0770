//! Google Analytics 4: events in the form of its Measurement Protocol.
//!
//! | event | becomes |
//! |---|---|
//! | `purchase` | an order that is paid, worth `value` |
//! | `refund` | a refund of `value` |
//! | `add_to_cart`, `remove_from_cart` | the same, one for each item |
//! | `begin_checkout` | `checkout_started` |
//! | `sign_up`, `generate_lead` | the goal of that name |
//! | `page_view`, `session_start`, `campaign_details` | a visit, where the page has tags or another site sent the visitor |
//! | any other | nothing |
//!
//! `client_id` is the visitor, `user_id` the customer. Instants are `timestamp_micros` of the event, else of the request,
//! else `now`. The protocol has no id of an event: one is made of who, what and when, so that a repeated request with
//! its timestamps is the same events.
//!
//! The protocol has no signature either; its `api_secret` stands in the address, where the host compares it. There is no
//! `receive`.

use chrono::{DateTime, Utc};

use super::json;
use super::read::{Object, Read, needed, see};
use super::settings::settings;
use super::table::{Carriers, Found, ProductKey, Snapshot, bought, product, veiled};
use super::trail::{Trail, arrived};
use super::{Answer, Refused, bounded, events};
use crate::event::{Event, OrderStatus};
use crate::id::{IdKind, Identifiers};
use crate::money::Currency;

/// The platform's name in event ids.
const NAME: &str = "ga4";

/// Microseconds in a second.
const MICROS: i64 = 1_000_000;

/// Reads requests of the Measurement Protocol: [`Ga4::new`], settings, then [`Ga4::read`].
#[derive(Clone, Debug, Default)]
pub struct Ga4 {
    carriers: Carriers,
    product: ProductKey,
    currency: Option<Currency>,
}

settings! { Ga4:
    /// They are parameters of a purchase.
    carriers;
    /// The product is `item_id`, its variant `item_variant`.
    product_key;
    /// A purchase without one is an error then, the price of a cart is left out.
    currency;
}

/// Names of campaigns among parameters, and the tags that mean the same.
const CAMPAIGN: [(&str, &str); 6] = [
    ("source", "utm_source"),
    ("medium", "utm_medium"),
    ("campaign", "utm_campaign"),
    ("campaign_id", "utm_id"),
    ("term", "utm_term"),
    ("content", "utm_content"),
];

/// Whose event it is and when it happened.
struct Seen<'a> {
    name: &'a str,
    at: DateTime<Utc>,
    who: &'a Identifiers,
    place: usize,
}

impl Seen<'_> {
    /// An id of who, what and when; `detail` tells apart what one event is made into.
    fn id(&self, detail: &str) -> String {
        let named = |kind| self.who.get(kind).map_or("", |identifier| identifier.as_str());
        let (visitor, customer) = (named(IdKind::Visitor), named(IdKind::Customer));
        let micros = self.at.timestamp_micros();
        let veil = veiled(&format!("{visitor} {customer} {micros} {} {detail}", self.place));
        format!("{NAME}:{}:{veil}", self.name)
    }
}

impl Ga4 {
    /// With default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a request that the host knows to be its own.
    ///
    /// # Errors
    /// [`Refused::TooLarge`], [`Refused::Json`], [`Refused::Field`].
    pub fn read(&self, body: &[u8], now: DateTime<Utc>) -> Result<Answer, Refused> {
        bounded(body)?;
        let json = json::parse(body)?;
        Ok(events(self.request(Object::of(&json)?, now)?))
    }

    fn request(&self, body: Object<'_>, now: DateTime<Utc>) -> Read<Vec<Event>> {
        let mut who = Identifiers::none();
        see(&mut who, IdKind::Visitor, body.text("client_id")?.or(body.text("app_instance_id")?));
        see(&mut who, IdKind::Customer, body.text("user_id")?);
        let at = body.instant_unix("timestamp_micros", MICROS)?.unwrap_or(now);
        let mut place = 0;
        let found = body.objects("events", |event| {
            place += 1;
            let name = event.need_text("name")?;
            let at = event.instant_unix("timestamp_micros", MICROS)?.unwrap_or(at);
            let seen = Seen { name, at, who: &who, place };
            Ok(event.object("params", |params| self.event(&seen, params))?.unwrap_or_default())
        })?;
        Ok(found.into_iter().flatten().collect())
    }

    fn event(&self, seen: &Seen<'_>, params: Object<'_>) -> Read<Vec<Event>> {
        let (at, who) = (seen.at, || seen.who.clone());
        Ok(match seen.name {
            "purchase" => vec![self.order(seen, params)?],
            "refund" => {
                let amount = params.need_money("value", self.counted(params)?)?;
                let order = params.need_text("transaction_id")?;
                let id = seen.id(order);
                vec![Event::refund(&id, at, &id, order, amount).into()]
            }
            "add_to_cart" | "remove_from_cart" => {
                let currency = params.currency("currency")?.or(self.currency);
                let mut line = 0;
                params.objects("items", |item| {
                    line += 1;
                    self.cart(seen, currency, item, line)
                })?
            }
            "begin_checkout" => vec![Event::checkout_started(seen.id(""), at, who()).into()],
            "sign_up" => vec![Event::goal(seen.id(""), at, who(), seen.name).into()],
            "generate_lead" => {
                let goal = Event::goal(seen.id(""), at, who(), seen.name);
                let currency = params.currency("currency")?.or(self.currency);
                let value = currency.map(|currency| params.money("value", currency)).transpose()?.flatten();
                vec![value.into_iter().fold(goal, |goal, value| goal.value(value)).into()]
            }
            "page_view" | "session_start" | "campaign_details" => {
                let mut trail = Trail::default();
                for (name, tag) in CAMPAIGN {
                    trail.tag(tag, params.text(name)?);
                }
                let (url, referrer) = (params.text("page_location")?, params.text("page_referrer")?);
                arrived(seen.id(""), at, who(), url, referrer, &trail).into_iter().collect()
            }
            _ => Vec::new(),
        })
    }

    fn counted(&self, params: Object<'_>) -> Read<Currency> {
        needed(params.currency("currency")?.or(self.currency), "currency")
    }

    fn product(&self, item: Object<'_>) -> Read<String> {
        let product = product(item, self.product, ["item_id", "item_variant", "item_id", "item_name"])?;
        Ok(needed(product, "item_id")?.into_owned())
    }

    /// A product put into the cart or taken out of it.
    fn cart(
        &self,
        seen: &Seen<'_>,
        currency: Option<Currency>,
        item: Object<'_>,
        line: usize,
    ) -> Read<Event> {
        let (product, quantity) = (self.product(item)?, item.pieces_or_one("quantity")?);
        let id = seen.id(&format!("{line} {product}"));
        if seen.name == "remove_from_cart" {
            let event = Event::remove_from_cart(id, seen.at, seen.who.clone(), product);
            return Ok(event.quantity(quantity).into());
        }
        let price = currency.map(|currency| item.money("price", currency)).transpose()?.flatten();
        let event = Event::add_to_cart(id, seen.at, seen.who.clone(), product).quantity(quantity);
        Ok(price.into_iter().fold(event, |event, price| event.price(price)).into())
    }

    fn order(&self, seen: &Seen<'_>, params: Object<'_>) -> Read<Event> {
        let currency = self.counted(params)?;
        let mut found = Found::default();
        for (name, value) in params.fields() {
            self.carriers.take(name, value, &mut found);
        }
        let line = |item: Object<'_>| {
            let product = self.product(item)?;
            bought(item, product, "item_category", currency)
        };
        let snapshot = Snapshot {
            platform: NAME,
            order: params.need_text("transaction_id")?,
            placed_at: seen.at,
            updated_at: seen.at,
            status: OrderStatus::Paid,
            total: params.need_money("value", currency)?,
            lines: params.objects("items", line)?,
            refunds: Vec::new(),
            who: seen.who.clone(),
            found,
            discount_codes: params.text("coupon")?.into_iter().collect(),
            url: None,
            referrer: None,
            source: None,
        };
        Ok(snapshot.into_event())
    }
}
