//! The Agentic Commerce Protocol: orders placed through an assistant such as ChatGPT.
//!
//! | it comes as | read by | becomes |
//! |---|---|---|
//! | the webhook `order_create`, `order_update` | [`Acp::receive`] | an order |
//! | an order that the host fetched | [`Acp::order`] | the same |
//! | the request that creates a checkout session | [`Acp::session_created`] | a visit, where it has an affiliate |
//! | the request that completes one | [`Acp::session_completed`] | a visit, where it has an affiliate |
//! | any other webhook | | [`Ignored::Topic`] |
//!
//! # Version and money
//!
//! A body is a whole order without a date: the time that is signed with it is its version, and the first is when it
//! was placed. A delivery that is sent again under its first signature is the same event; one that is signed anew
//! counts as a newer state.
//!
//! Amounts are whole minor units. `total` is the entry of that type, which stays what was charged. Each completed
//! adjustment with an amount is a refund under its own id, whatever its type, since its amount is what the buyer got
//! back. What `amount_refunded` says beyond them is a refund with the id `amount_refunded`. Orders name no currency:
//! it is that of the order's own field where there is one, else [`Acp::currency`], else that of its adjustments.
//! A webhook may leave `totals` out, which makes it [`Fetch::Order`].
//!
//! | `status` | counts as |
//! |---|---|
//! | `confirmed`, `processing`, `shipped`, `completed`, and `fulfilled`, `delivered` of older versions | paid |
//! | `created`, `manual_review`, and any other | placed |
//! | `canceled` | cancelled, until a later version says otherwise |
//!
//! # Affiliates
//!
//! `affiliate_attribution` says who sent the shopper: when the session is made (first touch), when it is completed
//! (last touch), or both. Each is a visit of the checkout through the channel `affiliates`; its link has the
//! provider, the campaign and the creative as tags, its referrer is the source. Codes and chat ids may ride in
//! `metadata` and `sub_id` (see [`Carriers`]). The token is a secret of the affiliate network: it is neither kept nor
//! repeated. What looks like personal data is refused with a reason that begins with `pii_not_allowed`, the
//! protocol's name for it. Of two claims for one touch of one session the first holds, and the second is to be
//! answered with 409: the host, which keeps sessions, does not hand it in.

use chrono::{DateTime, TimeDelta, Utc};

use super::json::{self, Json};
use super::minor::{adjustments, positive, positive_minor, refunds, sum, total};
use super::read::{Object, Read, fail, needed, see};
use super::settings::settings;
use super::table::{Carriers, Found, ProductKey, Snapshot, product, unversioned, veiled};
use super::trail::{Trail, take_free};
use super::{Answer, Delivery, Fetch, Ignored, Received, Refused, Secrets, Statuses, bounded, events};
use crate::event::{Event, OrderLine, OrderRefund, OrderStatus};
use crate::id::{IdKind, Identifiers};
use crate::money::{Currency, Money};
use crate::text::{OrderId, ProductId};

/// The platform's name in event ids.
const NAME: &str = "acp";

/// The channel of visits that an affiliate sent.
const AFFILIATES: &str = "affiliates";

/// Names of personal data that may not stand in metadata.
const PERSONAL: [&str; 6] = ["email", "e-mail", "phone", "ssn", "address", "birth"];

/// Most entries of an affiliate's metadata.
const MOST_METADATA: usize = 20;

/// What an agent sends to one shop: [`Acp::new`], settings, then [`Acp::receive`].
#[derive(Clone, Debug)]
pub struct Acp {
    secrets: Secrets,
    carriers: Carriers,
    statuses: Statuses,
    currency: Option<Currency>,
    tolerance: TimeDelta,
}

settings! { Acp:
    /// A secret that was changed signs for a while yet.
    accept;
    /// The protocol recommends these 5 minutes.
    tolerance;
    /// They are metadata of an affiliate, and its `sub_id`.
    carriers;
    /// An order without adjustments names none, and is an error then.
    currency;
    /// Default the table above.
    status;
}

/// Which end of a checkout session a claim was made at.
#[derive(Clone, Copy)]
enum Touch {
    First,
    Last,
}

impl Acp {
    /// With the secret that the webhooks are signed with.
    ///
    /// # Errors
    /// [`Refused::EmptySecret`].
    pub fn new(secret: &[u8]) -> Result<Self, Refused> {
        Ok(Self {
            secrets: Secrets::new(secret)?,
            carriers: Carriers::default(),
            statuses: Statuses::default(),
            currency: None,
            tolerance: TimeDelta::minutes(5),
        })
    }

    /// Verifies a webhook and reads it; `now` is compared with the time that is signed.
    ///
    /// # Errors
    /// [`Refused`], and nothing has happened.
    pub fn receive(&self, delivery: &Delivery<'_>, now: DateTime<Utc>) -> Result<Received, Refused> {
        delivery.bounded()?;
        let (at, secret) = self.secrets.check_merchant(delivery, now, self.tolerance)?;
        let json = json::parse(delivery.body)?;
        let body = Object::of(&json)?;
        let topic = body.need_text("type")?;
        let answer = match topic {
            "order_create" | "order_update" => {
                let state = |order: Object<'_>| match order.get("totals")? {
                    None => Ok(Answer::Fetch(Fetch::Order(OrderId::from(order.need_text("id")?)))),
                    Some(_) => Ok(events(vec![self.snapshot(order, at)?])),
                };
                needed(body.object("data", state)?, "data")?
            }
            _ => Answer::Ignored(Ignored::Topic),
        };
        Ok(Received::new(topic, secret, answer).delivered_as(delivery.header("Request-Id")?))
    }

    /// Reads an order that the host fetched; `at` is when, and its version.
    ///
    /// # Errors
    /// [`Refused::TooLarge`], [`Refused::Json`], [`Refused::Field`].
    pub fn order(&self, order: &[u8], at: DateTime<Utc>) -> Result<Answer, Refused> {
        bounded(order)?;
        Ok(events(vec![self.snapshot(Object::of(&json::parse(order)?)?, at)?]))
    }

    /// Reads the request that makes the checkout session with this id; `at` is when it came. Without an affiliate it
    /// is [`Ignored::NothingInIt`].
    ///
    /// # Errors
    /// [`Refused::TooLarge`], [`Refused::Json`], [`Refused::Field`].
    pub fn session_created(&self, session: &str, body: &[u8], at: DateTime<Utc>) -> Result<Answer, Refused> {
        self.session(session, body, at, Touch::First)
    }

    /// Reads the request that completes the checkout session with this id; `at` is when it came. The buyer that it
    /// names belongs to the session; without one and without an affiliate it is [`Ignored::NothingInIt`].
    ///
    /// # Errors
    /// [`Refused::TooLarge`], [`Refused::Json`], [`Refused::Field`].
    pub fn session_completed(
        &self,
        session: &str,
        body: &[u8],
        at: DateTime<Utc>,
    ) -> Result<Answer, Refused> {
        self.session(session, body, at, Touch::Last)
    }

    fn session(
        &self,
        session: &str,
        body: &[u8],
        at: DateTime<Utc>,
        touch: Touch,
    ) -> Result<Answer, Refused> {
        bounded(body)?;
        let json = json::parse(body)?;
        let body = Object::of(&json)?;
        let mut who = Identifiers::none();
        see(&mut who, IdKind::Checkout, Some(session));
        buyer(body, &mut who)?;
        let visit =
            body.object("affiliate_attribution", |claim| self.affiliate(session, claim, &who, at, touch))?;
        let seen =
            (who.len() > 1).then(|| Event::identify(unversioned(NAME, "session", &veiled(session)), at, who));
        Ok(events(visit.into_iter().chain(seen.map(Into::into)).collect()))
    }

    /// A visit through an affiliate.
    fn affiliate(
        &self,
        session: &str,
        claim: Object<'_>,
        who: &Identifiers,
        at: DateTime<Utc>,
        touch: Touch,
    ) -> Read<Event> {
        let provider = impersonal(claim, "provider")?;
        let provider = needed(provider, "provider")?;
        let publisher = impersonal(claim, "publisher_id")?;
        if publisher.is_none() && claim.text("token")?.is_none() {
            return fail("publisher_id", "missing, and so is the token");
        }
        let touch = match (claim.text("touchpoint")?, touch) {
            (Some("first"), _) | (None, Touch::First) => "first",
            (Some("last"), _) | (None, Touch::Last) => "last",
            _ => return fail("touchpoint", "neither first nor last"),
        };
        let mut found = Found::default();
        claim.object("metadata", |metadata| self.metadata(metadata, &mut found))?;
        let sub_id = impersonal(claim, "sub_id")?;
        sub_id.into_iter().for_each(|sub_id| take_free(sub_id, &self.carriers, &mut found));
        let mut trail = Trail::default();
        trail.tag("utm_source", Some(provider)).tag("utm_medium", Some("affiliate"));
        trail.tag("utm_campaign", impersonal(claim, "campaign_id")?);
        trail.tag("utm_content", impersonal(claim, "creative_id")?).tag("utm_id", publisher);
        let page = claim.object("source", |source| source.text("url"))?.flatten();
        let mut who = who.clone();
        found.who.iter().for_each(|identifier| who.set(identifier.clone()));
        let id = format!("{NAME}:affiliate:{}:{touch}", veiled(session));
        let visit = Event::visit(id, at, who).channel(AFFILIATES);
        let visit = trail.link().into_iter().fold(visit, |visit, link| visit.url(link));
        let visit = page.into_iter().fold(visit, |visit, page| visit.referrer(page));
        Ok(found.codes.into_iter().take(1).fold(visit, |visit, code| visit.code(code)).into())
    }

    /// A flat map of names and simple values.
    fn metadata(&self, metadata: Object<'_>, found: &mut Found) -> Read<()> {
        if metadata.fields().len() > MOST_METADATA {
            return fail("", "more than 20 entries");
        }
        for (name, value) in metadata.fields() {
            match value {
                Json::Text(text) if is_personal(text) => return fail(&**name, PII),
                Json::Text(_) | Json::Number(_) | Json::Bool(_) | Json::Null => {}
                other => return fail(&**name, format!("expected a simple value, found {}", other.name())),
            }
            let folded = name.to_ascii_lowercase();
            if PERSONAL.iter().any(|personal| folded.contains(personal)) {
                return fail(&**name, PII);
            }
            self.carriers.take(name, value, found);
        }
        Ok(())
    }

    fn snapshot(&self, order: Object<'_>, at: DateTime<Utc>) -> Read<Event> {
        let currency = self.counted(order)?;
        let mut who = Identifiers::none();
        see(&mut who, IdKind::Checkout, order.text("checkout_session_id")?);
        buyer(order, &mut who)?;
        let back = adjustments(order, |adjustment| in_currency(adjustment, currency))?;
        let charged = needed(total(order, "total", currency)?, "totals")?;
        let snapshot = Snapshot {
            platform: NAME,
            order: order.need_text("id")?,
            placed_at: at,
            updated_at: at,
            status: self.order_status(order.text("status")?.unwrap_or_default()),
            total: positive(charged, "totals")?,
            lines: order.objects("line_items", |line| order_line(line, currency))?,
            refunds: all_refunds(order, &back, currency)?,
            who,
            found: Found::default(),
            discount_codes: Vec::new(),
            url: None,
            referrer: None,
            source: None,
        };
        Ok(snapshot.into_event())
    }

    fn order_status(&self, status: &str) -> OrderStatus {
        self.statuses.get(status).unwrap_or(match status {
            "confirmed" | "processing" | "shipped" | "fulfilled" | "delivered" | "completed" => {
                OrderStatus::Paid
            }
            "canceled" => OrderStatus::Cancelled,
            _ => OrderStatus::Placed,
        })
    }

    fn counted(&self, order: Object<'_>) -> Read<Currency> {
        if let Some(currency) = order.currency("currency")?.or(self.currency) {
            return Ok(currency);
        }
        let named = order.objects("adjustments", |adjustment| adjustment.currency("currency"))?;
        let named = named.into_iter().flatten().next();
        named.map_or_else(|| fail("currency", "missing: name the shop's with `Acp::currency`"), Ok)
    }
}

/// Why personal data is refused, beginning with the protocol's name for it.
const PII: &str = "pii_not_allowed: looks like personal data";

/// Text that names nobody.
fn impersonal<'a>(claim: Object<'a>, field: &str) -> Read<Option<&'a str>> {
    match claim.text(field)? {
        Some(text) if is_personal(text) => fail(field, PII),
        text => Ok(text),
    }
}

/// Whether a text has the form of an e-mail address or of a phone number: something around an at sign, a plus sign
/// with seven or more digits and what stands between digits.
fn is_personal(text: &str) -> bool {
    let is_address =
        |word: &str| word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    let is_phone = text.split_once('+').is_some_and(|(_, rest)| {
        let number = rest.bytes().take_while(|b| b.is_ascii_digit() || b" -()./".contains(b));
        number.filter(u8::is_ascii_digit).count() >= 7
    });
    is_phone || text.split([' ', ',', ';', '&', '=', '<', '>']).any(is_address)
}

/// The buyer that a request or an order names.
fn buyer(from: Object<'_>, who: &mut Identifiers) -> Read<()> {
    from.object("buyer", |buyer| {
        see(who, IdKind::Email, buyer.text("email")?);
        see(who, IdKind::Phone, buyer.text("phone_number")?);
        see(who, IdKind::Customer, buyer.text("customer_id")?);
        Ok(())
    })?;
    Ok(())
}

/// What the buyer got back by an adjustment.
fn in_currency(adjustment: Object<'_>, currency: Currency) -> Read<Option<Money>> {
    match adjustment.currency("currency")? {
        Some(own) if own != currency => {
            fail("currency", format!("not {currency}, in which the order counts"))
        }
        _ => positive_minor(adjustment, "amount", currency),
    }
}

/// Adjustments, and what the order says was refunded beyond them: zero too, since an earlier version may have known
/// the sum before it knew the parts.
fn all_refunds(order: Object<'_>, back: &[(String, Money)], currency: Currency) -> Read<Vec<OrderRefund>> {
    let mut all = refunds(back);
    if let Some(refunded) = total(order, "amount_refunded", currency)? {
        let refunded = positive(refunded, "totals")?;
        let parts: i128 = back.iter().map(|(_, amount)| i128::from(amount.minor())).sum();
        let beyond = sum(refunded, -parts, "totals")?;
        let beyond = Money::new(beyond.minor().max(0), currency);
        all.push(OrderRefund::new("amount_refunded", beyond));
    }
    Ok(all)
}

/// A line at its `subtotal`, else at its price by what was ordered; nothing where the agent does not say.
fn order_line(line: Object<'_>, currency: Currency) -> Read<OrderLine> {
    let product = product(line, ProductKey::Product, ["product_id", "product_id", "product_id", "id"])?;
    let quantity = match line.get("quantity")? {
        Some(Json::Object(_)) => line.object("quantity", |quantity| quantity.quantity("ordered"))?,
        _ => Some(line.quantity("quantity")?),
    };
    let quantity = needed(quantity, "quantity")?;
    let price = positive_minor(line, "unit_price", currency)?;
    let by_price =
        |price: Money| sum(price, i128::from(price.minor()) * (i128::from(quantity) - 1), "unit_price");
    let worth = match positive_minor(line, "subtotal", currency)? {
        None => price.map(by_price).transpose()?,
        subtotal => subtotal,
    };
    let worth = worth.unwrap_or(Money::new(0, currency));
    Ok(OrderLine::new(ProductId::from(&*needed(product, "product_id")?), quantity, worth))
}
