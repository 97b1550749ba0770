//! The table that every adapter fills, and what of it the host decides.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};

use super::json::Json;
use super::read::{Object, Read, fail};
use crate::event::{Event, OrderLine, OrderRefund, OrderStatus};
use crate::id::{IdKind, Identifiers, siphash128};
use crate::link::DEFAULT_CODE_PARAM;
use crate::money::{Currency, Money};
use crate::text::Code;
use crate::{EventId, Identifier};

/// Which of a line's ids is the product's id: the one that the bot uses too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ProductKey {
    /// The product, all its variants together. The default.
    #[default]
    Product,
    /// The variant that was bought; the product where there are no variants.
    Variant,
    /// The stock-keeping unit; the product where the shop has not filled it in.
    Sku,
}

/// Where a shop's theme or the chat widget wrote what leads back to the chat: the names of cart attributes, hidden
/// line properties, order metadata.
///
/// Names are compared without case and without underscores in front, which hide a property from shoppers. Shoppers
/// can write such values too: a code proves nothing beyond itself, and what is too long or too much (over 256 bytes,
/// over [`Carriers::MOST_CODES`]) is passed over, so that nobody can have an order refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Carriers {
    /// Names of a link code; default `clq`.
    pub code: Vec<String>,
    /// Names of the id of the conversation; default `clinch_conversation`.
    pub conversation: Vec<String>,
    /// Names of the id of the visitor; default `clinch_visitor`.
    pub visitor: Vec<String>,
}

impl Default for Carriers {
    fn default() -> Self {
        Self {
            code: vec![DEFAULT_CODE_PARAM.to_owned()],
            conversation: vec!["clinch_conversation".to_owned()],
            visitor: vec!["clinch_visitor".to_owned()],
        }
    }
}

/// Keeps veiled texts apart from all other hashes.
const VEIL_DOMAIN: u8 = 130;

/// Longest value of a carrier, in bytes.
const LONGEST: usize = 256;

impl Carriers {
    /// Most link codes that are taken from one order; the first ones are.
    pub const MOST_CODES: usize = 32;

    /// Takes one named value to `found`, if it is one of ours. Anything but text and whole numbers is passed over.
    pub(super) fn take(&self, name: &str, value: &Json<'_>, found: &mut Found) {
        let name = name.trim_start_matches('_');
        let is_one = |names: &[String]| {
            names.iter().any(|ours| ours.trim_start_matches('_').eq_ignore_ascii_case(name))
        };
        let text = match value {
            Json::Text(text) => text.trim(),
            Json::Number(digits) => digits,
            _ => return,
        };
        if text.is_empty() || text.len() > LONGEST {
            return;
        }
        if is_one(&self.code) {
            let code = Code::from(text);
            if found.codes.len() < Self::MOST_CODES && !found.codes.contains(&code) {
                found.codes.push(code);
            }
        } else if is_one(&self.conversation) {
            found.who.set(Identifier::new(IdKind::Conversation, text));
        } else if is_one(&self.visitor) {
            found.who.set(Identifier::new(IdKind::Visitor, text));
        }
    }

    /// Named values in any shape that was seen: null, a list of objects with the field `name` (or `key`) and
    /// `value`, one such object, an object of names and values. What is shaped otherwise is passed over.
    pub(super) fn take_all(&self, values: Option<&Json<'_>>, found: &mut Found) {
        match values {
            Some(Json::List(items)) => items.iter().for_each(|item| self.take_one(item, found)),
            Some(one @ Json::Object(_)) => self.take_one(one, found),
            _ => {}
        }
    }

    fn take_one(&self, item: &Json<'_>, found: &mut Found) {
        let Json::Object(fields) = item else { return };
        let get = |field: &str| fields.iter().find(|(name, _)| name == field).map(|(_, value)| value);
        match (get("name").or_else(|| get("key")), get("value")) {
            (Some(Json::Text(name)), Some(value)) => self.take(name, value, found),
            (None, _) | (_, None) => fields.iter().for_each(|(name, value)| self.take(name, value, found)),
            _ => {}
        }
    }
}

/// What carriers held.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) codes: Vec<Code>,
    pub(super) who: Identifiers,
}

/// One state of one order: a row per line of the table that `platform` documents, filled by every adapter.
pub(super) struct Snapshot<'a> {
    pub(super) platform: &'static str,
    pub(super) order: &'a str,
    pub(super) placed_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) status: OrderStatus,
    pub(super) total: Money,
    pub(super) lines: Vec<OrderLine>,
    pub(super) refunds: Vec<OrderRefund>,
    /// Without conversation and visitor, which carriers may hold.
    pub(super) who: Identifiers,
    pub(super) found: Found,
    pub(super) discount_codes: Vec<&'a str>,
    pub(super) url: Option<&'a str>,
    pub(super) referrer: Option<&'a str>,
    /// The sales channel: `web`, `pos`, ...
    pub(super) source: Option<&'a str>,
}

impl Snapshot<'_> {
    pub(super) fn into_event(self) -> Event {
        let Self { platform, order, mut who, found, .. } = self;
        found.who.iter().for_each(|identifier| who.set(identifier.clone()));
        if who.is_empty() {
            who = who.checkout(format!("{platform}:order:{order}"));
        }
        let id = versioned(platform, "order", order, self.updated_at);
        let mut event = Event::order(id, self.placed_at, who, order, self.total)
            .updated_at(self.updated_at)
            .status(self.status);
        event = self.lines.into_iter().fold(event, |event, line| event.line(line));
        event = self.refunds.into_iter().fold(event, |event, refund| event.refund(refund));
        event = found.codes.into_iter().fold(event, |event, code| event.code(code));
        event = self.discount_codes.into_iter().fold(event, |event, code| event.discount_code(code));
        event = self.url.into_iter().fold(event, |event, url| event.url(url));
        event = self.referrer.into_iter().fold(event, |event, referrer| event.referrer(referrer));
        event = self.source.into_iter().fold(event, |event, source| event.channel(source));
        event.into()
    }
}

/// What is in a cart, each product once: one product can have several lines.
#[derive(Default)]
pub(super) struct CartItems {
    items: Vec<(String, u32, Option<Money>)>,
    /// Where each product stands among them.
    places: BTreeMap<String, usize>,
}

impl CartItems {
    pub(super) fn add(&mut self, product: &str, quantity: u32, price: Option<Money>) {
        if let Some(place) = self.places.get(product) {
            let (_, pieces, _) = &mut self.items[*place];
            *pieces = pieces.saturating_add(quantity);
            return;
        }
        self.places.insert(product.to_owned(), self.items.len());
        self.items.push((product.to_owned(), quantity, price));
    }

    /// One `add_to_cart` for each product that is there, at the cart's latest change.
    pub(super) fn into_events(
        self,
        platform: &str,
        cart: &str,
        at: DateTime<Utc>,
        who: &Identifiers,
    ) -> Vec<Event> {
        let cart = veiled(cart);
        let event = |(product, quantity, price): (String, u32, Option<Money>)| {
            let id = format!("{platform}:cart:{cart}:{product}");
            let event = Event::add_to_cart(id, at, who.clone(), product).quantity(quantity);
            price.into_iter().fold(event, |event, price| event.price(price)).into()
        };
        self.items.into_iter().filter(|(_, quantity, _)| *quantity > 0).map(event).collect()
    }
}

/// The id of one version of one thing: `shopify:order:1:2026-03-01T10:00:00Z`.
pub(super) fn versioned(platform: &str, what: &str, id: &str, at: DateTime<Utc>) -> EventId {
    let version = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    EventId::from(format!("{platform}:{what}:{id}:{version}"))
}

/// The id of a thing that has one version: `shopify:refund:1`.
pub(super) fn unversioned(platform: &str, what: &str, id: &str) -> EventId {
    EventId::from(format!("{platform}:{what}:{id}"))
}

/// A line of `quantity` pieces, one where nothing is said, at `price`; of no worth without one. Its kind of product is
/// in the field `category`.
pub(super) fn bought(
    line: Object<'_>,
    product: String,
    category: &str,
    currency: Currency,
) -> Read<OrderLine> {
    let (quantity, price) = (line.pieces_or_one("quantity")?, line.money("price", currency)?);
    let worth = price.map_or(0, |price| i128::from(price.minor()) * i128::from(quantity));
    let worth = i64::try_from(worth).map_or_else(|_| fail("price", "too large together"), Ok)?;
    let bought = OrderLine::new(product, quantity, Money::new(worth, currency));
    Ok(line.text(category)?.into_iter().fold(bought, |bought, kind| bought.product_type(kind)))
}

/// A text that stands for an identifier in an event's id, which is kept as it is while identifiers are not: 32
/// hexadecimal digits. Whoever knows the identifier can tell that it is the one; `Limits::hash_ids` hides that too.
pub(super) fn veiled(identifier: &str) -> String {
    format!("{:032x}", siphash128(VEIL_DOMAIN, identifier.as_bytes()))
}

/// The product of a line: the field that `key` asks for, the others where it is missing, and at last the line.
pub(super) fn product<'a>(
    line: Object<'a>,
    key: ProductKey,
    names: [&str; 4],
) -> Read<Option<std::borrow::Cow<'a, str>>> {
    let [product, variant, sku, own] = names;
    let first = match key {
        ProductKey::Product => product,
        ProductKey::Variant => variant,
        ProductKey::Sku => sku,
    };
    for field in [first, product, variant, sku] {
        if let Some(id) = line.id(field)? {
            return Ok(Some(id.into()));
        }
    }
    Ok(line.id(own)?.map(|id| format!("line:{id}").into()))
}
