//! The Universal Commerce Protocol: orders, checkouts and carts of agents, with the `attribution` map.
//!
//! | it comes as | read by | becomes |
//! |---|---|---|
//! | the order webhook | `Ucp::receive` (feature `platforms-ucp`), or [`Ucp::order`] where the host has verified it | an order |
//! | an order that the host fetched | [`Ucp::order`] | the same |
//! | a checkout | [`Ucp::checkout`] | `checkout_started`; the buyer as `identify`; a visit with its attribution; consents |
//! | a cart | [`Ucp::cart`] | the same without `checkout_started` |
//!
//! # Version and money
//!
//! A body is a whole order. Its version is `created_time` where the body has one, else the webhook's
//! `Webhook-Timestamp`; the first is when it was placed. Amounts are whole minor units, those of adjustments signed:
//! a completed adjustment below zero is a refund under its own id, one above zero (an exchange) adds to the total. An
//! order has no status; it counts as paid.
//!
//! # Attribution
//!
//! A map of names and texts that the protocol leaves open. It becomes the tags of the order's landing link and of a
//! visit: `campaign_source`, `campaign_medium`, `campaign_name`, `campaign_id`, `campaign_term` and
//! `campaign_content` as the `utm_` tags of the same meaning, all others under their own names, such as `gclid`. Codes
//! and chat ids ride in it too (see [`Carriers`]). Since it may hold pseudonyms of people, only names that are known
//! to be none become tags: those, `utm_*`, click ids of networks and the names of [`Carriers`].
//!
//! # Consent
//!
//! What the buyer said on the four purposes of the protocol, `dev.ucp.consent.analytics` and its like, becomes
//! `consent`. What the shop presumes (`source` is `business`) is nobody's word and is passed over.

use chrono::{DateTime, Utc};

use super::json::{self, Json};
use super::minor::{adjustments, positive, refunds, sum, total};
use super::read::{Object, Read, fail, needed, see};
use super::settings::settings;
use super::table::{Carriers, Found, ProductKey, Snapshot, product, unversioned, veiled, versioned};
use super::trail::Trail;
use super::{Answer, Refused, bounded, events};
use crate::event::{Event, OrderLine, OrderStatus, Purpose};
use crate::id::{IdKind, Identifiers};
use crate::link::is_click_id;
use crate::money::{Currency, Money};
use crate::text::ProductId;

/// The platform's name in event ids.
const NAME: &str = "ucp";

/// GA4's names of campaigns, and the tags that mean the same.
const CAMPAIGN: [(&str, &str); 6] = [
    ("campaign_source", "utm_source"),
    ("campaign_medium", "utm_medium"),
    ("campaign_name", "utm_campaign"),
    ("campaign_id", "utm_id"),
    ("campaign_term", "utm_term"),
    ("campaign_content", "utm_content"),
];

/// In front of the protocol's purposes.
const CONSENT: &str = "dev.ucp.consent.";

/// What agents send to one shop: [`Ucp::new`], settings, then [`Ucp::order`] or `Ucp::receive`.
#[derive(Clone, Debug, Default)]
pub struct Ucp {
    #[cfg(feature = "platforms-ucp")]
    pub(super) keys: super::rfc9421::Keys,
    carriers: Carriers,
}

settings! { Ucp:
    /// They are names of the attribution map.
    carriers;
}

impl Ucp {
    /// Without any key.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads an order that the host fetched or verified; `at` is when, and its version unless the body has one.
    ///
    /// # Errors
    /// [`Refused::TooLarge`], [`Refused::Json`], [`Refused::Field`].
    pub fn order(&self, order: &[u8], at: DateTime<Utc>) -> Result<Answer, Refused> {
        bounded(order)?;
        Ok(events(vec![self.snapshot(Object::of(&json::parse(order)?)?, at)?]))
    }

    /// Reads a checkout, as it stands in a request or an answer with its `id`; `at` is when.
    ///
    /// # Errors
    /// [`Refused::TooLarge`], [`Refused::Json`], [`Refused::Field`].
    pub fn checkout(&self, checkout: &[u8], at: DateTime<Utc>) -> Result<Answer, Refused> {
        bounded(checkout)?;
        let json = json::parse(checkout)?;
        let body = Object::of(&json)?;
        let id = body.need_text("id")?;
        let begun = Identifiers::from(crate::Identifier::new(IdKind::Checkout, id));
        let started = Event::checkout_started(unversioned(NAME, "checkout", &veiled(id)), at, begun);
        let seen = self.seen(body, IdKind::Checkout, "checkout", at)?;
        Ok(events(std::iter::once(started.into()).chain(seen).collect()))
    }

    /// Reads a cart, as it stands in a request or an answer with its `id`; `at` is when.
    ///
    /// # Errors
    /// [`Refused::TooLarge`], [`Refused::Json`], [`Refused::Field`].
    pub fn cart(&self, cart: &[u8], at: DateTime<Utc>) -> Result<Answer, Refused> {
        bounded(cart)?;
        let json = json::parse(cart)?;
        Ok(events(self.seen(Object::of(&json)?, IdKind::Cart, "cart", at)?))
    }

    /// Who was seen in a cart or a checkout, where they came from and what they agreed to.
    fn seen(&self, body: Object<'_>, kind: IdKind, what: &str, at: DateTime<Utc>) -> Read<Vec<Event>> {
        let id = body.need_text("id")?;
        let veil = veiled(id);
        let mut who = Identifiers::none();
        see(&mut who, kind, Some(id));
        buyer(body, &mut who)?;
        let (trail, found) = self.attribution(body)?;
        found.who.iter().for_each(|identifier| who.set(identifier.clone()));
        let mut seen: Vec<Event> = Vec::new();
        if who.len() > 1 {
            let claim = versioned(NAME, what, &veil, at);
            seen.push(Event::identify(claim, at, who.clone()).into());
        }
        if let Some(link) = trail.link() {
            let visit = unversioned(NAME, &format!("{what}:visit"), &veil);
            let visit = Event::visit(visit, at, who.clone()).url(link);
            let code = found.codes.into_iter().next();
            seen.push(code.into_iter().fold(visit, |visit, code| visit.code(code)).into());
        }
        for (purpose, granted) in consents(body)? {
            let consent = versioned(NAME, &format!("{what}:{}", purpose.name()), &veil, at);
            seen.push(Event::consent(consent, at, who.clone(), purpose, granted).into());
        }
        Ok(seen)
    }

    /// The tags of the attribution map, and what carriers held.
    fn attribution(&self, body: Object<'_>) -> Read<(Trail, Found)> {
        let (mut trail, mut found) = (Trail::default(), Found::default());
        body.object("attribution", |map| {
            for (name, value) in map.fields() {
                let text = match value {
                    Json::Text(text) => text,
                    Json::Null => continue,
                    other => return fail(&**name, format!("expected text, found {}", other.name())),
                };
                let campaign = CAMPAIGN.iter().find(|(given, _)| given == name).map(|(_, tag)| *tag);
                let is_tag = name.starts_with("utm_") || is_click_id(name);
                if let Some(tag) = campaign.or(is_tag.then_some(&**name)) {
                    trail.tag(tag, Some(text));
                }
                self.carriers.take(name, value, &mut found);
            }
            Ok(())
        })?;
        Ok((trail, found))
    }

    pub(super) fn snapshot(&self, order: Object<'_>, at: DateTime<Utc>) -> Read<Event> {
        let currency = order.need_currency("currency")?;
        let at = order.instant("created_time")?.unwrap_or(at);
        let (trail, found) = self.attribution(order)?;
        let mut who = Identifiers::none();
        see(&mut who, IdKind::Checkout, order.text("checkout_id")?);
        buyer(order, &mut who)?;
        let back = adjustments(order, |adjustment| given_back(adjustment, currency))?;
        let added = back.iter().map(|(_, amount)| i128::from(amount.minor().min(0)));
        let charged = positive(needed(total(order, "total", currency)?, "totals")?, "totals")?;
        let snapshot = Snapshot {
            platform: NAME,
            order: order.need_text("id")?,
            placed_at: at,
            updated_at: at,
            status: OrderStatus::Paid,
            total: sum(charged, -added.sum::<i128>(), "adjustments")?,
            lines: order.objects("line_items", |line| order_line(line, currency))?,
            refunds: refunds(&back),
            who,
            found,
            discount_codes: Vec::new(),
            url: trail.link(),
            referrer: None,
            source: None,
        };
        Ok(snapshot.into_event())
    }
}

fn buyer(from: Object<'_>, who: &mut Identifiers) -> Read<()> {
    from.object("buyer", |buyer| {
        see(who, IdKind::Email, buyer.text("email")?);
        see(who, IdKind::Phone, buyer.text("phone_number")?);
        Ok(())
    })?;
    Ok(())
}

/// What the buyer said on the protocol's purposes.
fn consents(body: Object<'_>) -> Read<Vec<(Purpose, bool)>> {
    let of_buyer = |buyer: Object<'_>| {
        buyer.object("consent", |consent| {
            let of_purpose = |purpose: &Purpose| {
                let said = consent.object(&format!("{CONSENT}{}", purpose.name()), |said| {
                    let is_own = said.text("source")? == Some("platform");
                    Ok(Some((*purpose, said.flag("granted")?)).filter(|_| is_own))
                })?;
                Ok(said.flatten())
            };
            let all = Purpose::ALL.iter().map(of_purpose).collect::<Read<Vec<_>>>()?;
            Ok(all.into_iter().flatten().collect())
        })
    };
    Ok(body.object("buyer", of_buyer)?.flatten().unwrap_or_default())
}

/// What the buyer got back by an adjustment, whose own amounts have the other sign.
fn given_back(adjustment: Object<'_>, currency: Currency) -> Read<Option<Money>> {
    let Some(amount) = total(adjustment, "total", currency)? else { return Ok(None) };
    let turned = amount.minor().checked_neg();
    turned.map_or_else(|| fail("totals", "too large"), |minor| Ok(Some(Money::new(minor, currency))))
}

/// A line at its `total`, else its `subtotal`; nothing where the agent does not say. What is measured is one piece.
fn order_line(line: Object<'_>, currency: Currency) -> Read<OrderLine> {
    let item = |item: Object<'_>| {
        let scaled = item.object("quantity_unit", |unit| Ok(unit.id("scale")?.is_some()))?.unwrap_or(false);
        let product = product(item, ProductKey::Product, ["id", "id", "id", "id"])?;
        Ok((needed(product, "id")?.into_owned(), scaled))
    };
    let (id, is_measured) = needed(line.object("item", item)?, "item")?;
    let quantity = |quantity: Object<'_>| match quantity.get("original")? {
        Some(_) => quantity.quantity("original"),
        None => quantity.quantity("total"),
    };
    let quantity = if is_measured { None } else { line.object("quantity", quantity)? };
    let worth = match total(line, "total", currency)? {
        None => total(line, "subtotal", currency)?,
        found => found,
    };
    let worth = positive(worth.unwrap_or(Money::new(0, currency)), "totals")?;
    Ok(OrderLine::new(ProductId::from(id), quantity.unwrap_or(1), worth))
}
