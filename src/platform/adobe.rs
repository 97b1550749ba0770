//! Adobe Commerce and Magento 2.
//!
//! | it comes as | verified by | read as |
//! |---|---|---|
//! | an I/O event (CloudEvents), or a batch of them | `Adobe::receive`: RSA over the body, under one of Adobe's public keys | its `type` |
//! | an Adobe Commerce webhook | `Adobe::receive_webhook`: RSA over the base64 of the body, under the shop's public key | the host's topic |
//! | an answer of the REST API, for open-source Magento, which sends nothing | the host's own request | [`Adobe::read`] |
//!
//! The first two need the feature `platforms-rsa`.
//!
//! | topic | becomes |
//! |---|---|
//! | `order`; events `sales_order_save_commit_after`, `checkout_submit_all_after`, `order_management.place` | an order |
//! | `creditmemo`; event `sales_order_creditmemo_save_after` | a refund |
//! | `quote`; event `sales_quote_save_after` | `identify`: the cart and whose it is |
//! | any other | [`Ignored::Topic`] |
//!
//! Orders are known by `entity_id`, as all other entities name them. Money is in `order_currency_code`. A line is a
//! row with its children: a configurable product and the variant chosen, a bundle and its parts. It is worth what
//! was paid for it without tax: `row_total` less `discount_amount`, with `discount_tax_compensation_amount` given back
//! where prices have tax in them. Each of these is what the parent row says, or where that is nothing, what the
//! children say together.
//!
//! | `state` | counts as |
//! |---|---|
//! | `processing`, `complete`, `closed` | paid |
//! | `new`, `holded`, `payment_review`, and any other | placed |
//! | `pending_payment`, `canceled` | cancelled, until a later version says otherwise |
//!
//! [`Adobe::status`] changes a row.

use std::collections::{BTreeMap, BTreeSet};

use super::json::{self, Json};
use super::read::{Object, Read, each, fail, needed, see};
use super::settings::settings;
use super::table::{Carriers, Found, ProductKey, Snapshot, product, unversioned, veiled, versioned};
use super::{Answer, Ignored, Refused, Statuses, bounded, events};
#[cfg(feature = "platforms-rsa")]
use super::{Delivery, Received, rsa::PublicKeys};
use crate::event::{Event, OrderLine, OrderRefund, OrderStatus, RefundLine};
use crate::id::{IdKind, Identifiers};
use crate::money::{Currency, Money, apportion};
use crate::text::ProductId;

/// The platform's name in event ids.
const NAME: &str = "adobe";

/// The signatures of an I/O event, under two keys of Adobe.
#[cfg(feature = "platforms-rsa")]
const EVENT_SIGNATURES: [&str; 2] = ["x-adobe-digital-signature-1", "x-adobe-digital-signature-2"];
#[cfg(feature = "platforms-rsa")]
const WEBHOOK_SIGNATURE: &str = "x-adobe-commerce-webhook-signature";

/// The state of a credit memo that was taken back.
const MEMO_CANCELED: &str = "3";

/// Where refunds are known from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RefundSource {
    /// Credit memos, each a refund of its own. The default.
    #[default]
    CreditMemos,
    /// The order's `total_refunded`, as one refund in all: for hosts that see orders only. Credit memos are not to be
    /// handed in then, or they count twice.
    OrderTotal,
}

/// Entities of one Adobe Commerce or Magento 2 shop: [`Adobe::new`], settings, then [`Adobe::read`].
#[derive(Clone, Debug, Default)]
pub struct Adobe {
    #[cfg(feature = "platforms-rsa")]
    keys: PublicKeys,
    carriers: Carriers,
    product: ProductKey,
    refunds: RefundSource,
    statuses: Statuses,
}

settings! { Adobe:
    /// They are fields of an order's or a line's `extension_attributes`.
    carriers;
    /// The variant of a configurable product is told by its stock-keeping unit.
    product_key;
    /// Default the table above, whose states are `state` and not `status`.
    status;
}

impl Adobe {
    /// Without any key.
    pub fn new() -> Self {
        Self::default()
    }

    /// Accepts what is signed under this public key: RSA of 2048 bits or more, PEM (`BEGIN PUBLIC KEY`). Default
    /// none, which accepts nothing; several are tried in turn.
    ///
    /// # Errors
    /// [`Refused::PublicKey`].
    #[cfg(feature = "platforms-rsa")]
    pub fn accept(&mut self, public_key_pem: &str) -> Result<&mut Self, Refused> {
        self.keys.accept(public_key_pem)?;
        Ok(self)
    }

    /// Where refunds are known from; default [`RefundSource::CreditMemos`].
    pub fn refund_source(&mut self, source: RefundSource) -> &mut Self {
        self.refunds = source;
        self
    }

    /// Verifies an I/O event and reads it. Adobe signs the time of an event with it, but delivers late events too:
    /// nothing is too old.
    ///
    /// # Errors
    /// [`Refused`], and nothing has happened.
    #[cfg(feature = "platforms-rsa")]
    pub fn receive(
        &self,
        delivery: &Delivery<'_>,
        _now: chrono::DateTime<chrono::Utc>,
    ) -> Result<Received, Refused> {
        delivery.bounded()?;
        let [first, second] = EVENT_SIGNATURES.map(|name| delivery.header(name));
        let signatures = [first?, second?];
        if signatures == [None, None] {
            return Err(Refused::Unsigned { header: EVENT_SIGNATURES[0] });
        }
        let checked = signatures.into_iter().flatten().map(|given| self.keys.check(delivery.body, given));
        let secret = checked.fold(Err(Refused::Signature), Result::or)?;
        let json = json::parse(delivery.body)?;
        if let Json::List(batch) = &json {
            let answers = each(batch, |event| self.event(event))?;
            let found = answers.into_iter().flat_map(|answer| match answer {
                Answer::Events(events) => events,
                _ => Vec::new(),
            });
            return Ok(Received::new("batch", secret, events(found.collect())));
        }
        let event = Object::of(&json)?;
        Ok(Received::new(event.need_text("type")?, secret, self.event(event)?)
            .of_store(event.text("source")?)
            .delivered_as(event.text("id")?))
    }

    /// What one I/O event says.
    #[cfg(feature = "platforms-rsa")]
    fn event(&self, event: Object<'_>) -> Read<Answer> {
        let kind = event.need_text("type")?;
        let read = |data: Object<'_>| match data.get("value")? {
            Some(value) => super::read::within(self.topic(kind, value), || "value".to_owned()),
            None => fail("value", "missing"),
        };
        needed(event.object("data", read)?, "data")
    }

    /// Verifies a webhook of Adobe Commerce and reads it as `topic`: the host knows by the address what it asked for.
    ///
    /// # Errors
    /// [`Refused`], and nothing has happened.
    #[cfg(feature = "platforms-rsa")]
    pub fn receive_webhook(&self, topic: &str, delivery: &Delivery<'_>) -> Result<Received, Refused> {
        use base64::Engine as _;
        delivery.bounded()?;
        let signature = delivery.need(WEBHOOK_SIGNATURE)?;
        let signed = base64::engine::general_purpose::STANDARD.encode(delivery.body);
        let secret = self.keys.check(signed.as_bytes(), signature)?;
        let id = delivery.header("x-adobe-commerce-request-id")?;
        Ok(Received::new(topic, secret, self.read(topic, delivery.body)?).delivered_as(id))
    }

    /// Reads an entity that the host got by itself, as `order`, `creditmemo` or `quote`; also a search result of the
    /// REST API, which is an object with the list `items` and `search_criteria`.
    ///
    /// # Errors
    /// [`Refused::TooLarge`], [`Refused::Json`], [`Refused::Field`].
    pub fn read(&self, topic: &str, body: &[u8]) -> Result<Answer, Refused> {
        bounded(body)?;
        Ok(self.topic(topic, &json::parse(body)?)?)
    }

    fn topic(&self, topic: &str, body: &Json<'_>) -> Read<Answer> {
        let is =
            |names: &[&str]| names.iter().any(|name| topic == *name || topic.ends_with(&format!(".{name}")));
        if is(&[
            "order",
            "sales_order_save_commit_after",
            "checkout_submit_all_after",
            "order_management.place",
        ]) {
            return one_or_found(body, |order| match order.object("order", |inner| self.order(inner))? {
                Some(inner) => Ok(vec![inner]),
                None => Ok(vec![self.order(order)?]),
            });
        }
        if is(&["creditmemo", "sales_order_creditmemo_save_after"]) {
            return one_or_found(body, |memo| self.credit_memo(memo));
        }
        if is(&["quote", "sales_quote_save_after"]) {
            return one_or_found(body, quote);
        }
        Ok(Answer::Ignored(Ignored::Topic))
    }

    fn order(&self, order: Object<'_>) -> Read<Event> {
        let currency = order.need_currency("order_currency_code")?;
        let placed_at = needed(order.instant_utc("created_at")?, "created_at")?;
        let mut found = Found::default();
        self.carriers.take_all(order.get("extension_attributes")?, &mut found);
        let refunded = match self.refunds {
            RefundSource::CreditMemos => None,
            RefundSource::OrderTotal => order.money("total_refunded", currency)?,
        };
        let refunded = refunded.filter(|money| money.minor() > 0);
        let snapshot = Snapshot {
            platform: NAME,
            order: order.need_text("entity_id")?,
            placed_at,
            updated_at: order.instant_utc("updated_at")?.unwrap_or(placed_at),
            status: self.order_status(order.text("state")?.unwrap_or_default()),
            total: order.need_money("grand_total", currency)?,
            lines: self.lines(order, currency, &mut found)?,
            refunds: refunded.map(|money| OrderRefund::new("total_refunded", money)).into_iter().collect(),
            who: buyer(order, "quote_id")?,
            found,
            discount_codes: order.text("coupon_code")?.into_iter().collect(),
            url: None,
            referrer: None,
            source: None,
        };
        Ok(snapshot.into_event())
    }

    fn order_status(&self, state: &str) -> OrderStatus {
        self.statuses.get(state).unwrap_or(match state {
            "processing" | "complete" | "closed" => OrderStatus::Paid,
            "pending_payment" | "canceled" => OrderStatus::Cancelled,
            _ => OrderStatus::Placed,
        })
    }

    /// Rows without a parent. Each figure is the row's own, or where that is nothing, that of its children together.
    fn lines(&self, order: Object<'_>, currency: Currency, found: &mut Found) -> Read<Vec<OrderLine>> {
        let rows = order.objects("items", |row| {
            self.carriers.take_all(row.get("extension_attributes")?, found);
            let product = product(row, self.product, ["product_id", "product_id", "sku", "item_id"])?;
            let product = ProductId::from(&*needed(product, "product_id")?);
            let figure =
                |name| row.money(name, currency).map(|money| i128::from(money.map_or(0, Money::minor)));
            let (total, discount) = (figure("row_total")?, figure("discount_amount")?);
            // Of a discount only; elsewhere it is nothing, or what rounding left behind.
            let tax = if discount == 0 { 0 } else { figure("discount_tax_compensation_amount")? };
            let line = OrderLine::new(product, row.pieces("qty_ordered")?, Money::new(0, currency));
            Ok((row.id("item_id")?, row.id("parent_item_id")?, [total, discount, tax], line))
        })?;
        let ids: BTreeSet<&str> = rows.iter().filter_map(|(id, ..)| *id).collect();
        let mut children: BTreeMap<&str, [i128; 3]> = BTreeMap::new();
        for (_, parent, figures, _) in &rows {
            let Some(parent) = parent else { continue };
            let sums = children.entry(parent).or_default();
            sums.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure);
        }
        let is_top = |parent: &str| !ids.contains(parent);
        let tops = rows.into_iter().filter(|(_, parent, ..)| parent.is_none_or(is_top));
        let line = |(id, _, own, mut line): (Option<&str>, Option<&str>, [i128; 3], OrderLine)| {
            let parts = id.and_then(|id| children.get(id)).copied().unwrap_or_default();
            let [total, discount, tax] = [0, 1, 2].map(|n| if own[n] == 0 { parts[n] } else { own[n] });
            // Rows are rounded one by one.
            let worth = (total - discount + tax).max(0);
            let worth = i64::try_from(worth).map_or_else(|_| fail("items", "too large together"), Ok)?;
            line.total = Money::new(worth, currency);
            Ok(line)
        };
        tops.map(line).collect()
    }

    /// A refund. Its money is split over its rows by what they list.
    fn credit_memo(&self, memo: Object<'_>) -> Read<Vec<Event>> {
        let currency = memo.need_currency("order_currency_code")?;
        let (id, order) = (memo.need_text("entity_id")?, memo.need_text("order_id")?);
        let at = needed(memo.instant_utc("created_at")?, "created_at")?;
        let amount = memo.need_money("grand_total", currency)?;
        if memo.text("state")? == Some(MEMO_CANCELED) || amount.minor() == 0 {
            return Ok(Vec::new());
        }
        let rows = memo.objects("items", |row| {
            let product = product(row, self.product, ["product_id", "product_id", "sku", "entity_id"])?;
            let worth = row.money("row_total", currency)?.map_or(0, Money::minor);
            Ok((ProductId::from(&*needed(product, "product_id")?), u64::try_from(worth).unwrap_or(0)))
        })?;
        let worths: Vec<u64> = rows.iter().map(|(_, worth)| *worth).collect();
        // Nothing to go by: the core spreads the refund over all lines.
        let parts = apportion(amount.minor(), &worths).unwrap_or_default();
        let event = Event::refund(unversioned(NAME, "refund", id), at, id, order, amount);
        let lines = rows.into_iter().zip(parts).filter(|(_, part)| *part > 0);
        let line = |((product, _), part)| RefundLine::new(product, Money::new(part, currency));
        Ok(vec![lines.map(line).fold(event, |event, line| event.line(line)).into()])
    }
}

/// One entity, or those that a search found.
fn one_or_found(body: &Json<'_>, mut read: impl FnMut(Object<'_>) -> Read<Vec<Event>>) -> Read<Answer> {
    let object = Object::of(body)?;
    match (object.get("search_criteria")?, object.get("items")?) {
        (Some(_), Some(Json::List(items))) => {
            let found = super::read::within(each(items, read), || "items".to_owned())?;
            Ok(events(found.into_iter().flatten().collect()))
        }
        _ => read(object).map(events),
    }
}

/// Everybody that an order or a quote names.
fn buyer(entity: Object<'_>, quote: &str) -> Read<Identifiers> {
    let mut who = Identifiers::none();
    see(&mut who, IdKind::Cart, entity.id(quote)?);
    see(&mut who, IdKind::Customer, entity.id("customer_id")?);
    see(&mut who, IdKind::Email, entity.text("customer_email")?);
    entity.object("billing_address", |billing| {
        see(&mut who, IdKind::Phone, billing.text("telephone")?);
        Ok(())
    })?;
    Ok(who)
}

/// A cart, and whose it is.
fn quote(quote: Object<'_>) -> Read<Vec<Event>> {
    let field = if quote.get("entity_id")?.is_some() { "entity_id" } else { "id" };
    let id = quote.need_text(field)?;
    let created_at = quote.instant_utc("created_at")?;
    let at = needed(quote.instant_utc("updated_at")?.or(created_at), "updated_at")?;
    let who = buyer(quote, field)?;
    let is_claim = who.len() > 1;
    Ok(is_claim
        .then(|| Event::identify(versioned(NAME, "quote", &veiled(id), at), at, who).into())
        .into_iter()
        .collect())
}
