//! Orders, their refunds, and checkouts.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::people::{contact, customer_of};
use super::{MoneySide, NAME, OrderValue, Shopify};
use crate::event::{Event, OrderLine, OrderRefund, OrderStatus, RefundLine};
use crate::id::{IdKind, Identifiers};
use crate::money::{Currency, Money, apportion};
use crate::platform::read::{Object, Read, fail, needed, see};
use crate::platform::table::{Found, Snapshot, product, unversioned, veiled, versioned};
use crate::text::ProductId;

/// The landing page that express wallets leave instead of the shopper's.
const WALLET_PAGE: &str = "/wallets/checkouts.json";

/// A refund before it is known where it stands.
struct Paid {
    id: String,
    at: DateTime<Utc>,
    amount: Money,
    lines: Vec<RefundLine>,
}

/// The currency that is counted in, and whether plain amounts, which are the shop's, are in it.
#[derive(Clone, Copy)]
struct Counted {
    currency: Currency,
    is_plain: bool,
}

impl Shopify {
    pub(super) fn order(&self, order: Object<'_>) -> Read<Event> {
        let counted = self.counted(order)?;
        let updated_at = needed(order.instant("updated_at")?, "updated_at")?;
        let processed_at = order.instant("processed_at")?;
        let created_at = order.instant("created_at")?;
        let mut found = Found::default();
        self.carriers.take_all(order.get("note_attributes")?, &mut found);
        let lines = order.objects("line_items", |line| {
            self.carriers.take_all(line.get("properties")?, &mut found);
            self.line(line, counted)
        })?;
        let refunds = order.objects("refunds", |refund| self.refund(refund, Some(counted)))?;
        let refunds: Vec<OrderRefund> = refunds.into_iter().flatten().map(in_order).collect();
        let codes = order.objects("discount_codes", |code| code.text("code"))?;
        let snapshot = Snapshot {
            platform: NAME,
            order: order.need_text("id")?,
            placed_at: needed(processed_at.or(created_at), "created_at")?,
            updated_at,
            status: self.order_status(order)?,
            total: self.total(order, counted, &refunds)?,
            lines,
            refunds,
            who: buyer(order)?,
            found,
            discount_codes: codes.into_iter().flatten().collect(),
            url: order.text("landing_site")?.filter(|page| !page.ends_with(WALLET_PAGE)),
            referrer: order.text("referring_site")?,
            source: order.text("source_name")?,
        };
        Ok(snapshot.into_event())
    }

    fn counted(&self, order: Object<'_>) -> Read<Counted> {
        let shop = order.need_currency("currency")?;
        let currency = match self.side {
            MoneySide::Shop => shop,
            MoneySide::Presentment => order.currency("presentment_currency")?.unwrap_or(shop),
        };
        Ok(Counted { currency, is_plain: currency == shop })
    }

    fn order_status(&self, order: Object<'_>) -> Read<OrderStatus> {
        let financial = order.text("financial_status")?.unwrap_or_default();
        if order.flag("test")? {
            return Ok(OrderStatus::Test);
        }
        if order.instant("cancelled_at")?.is_some() {
            return Ok(OrderStatus::Cancelled);
        }
        Ok(self.statuses.get(financial).unwrap_or(match financial {
            "voided" => OrderStatus::Cancelled,
            "paid" | "partially_refunded" | "refunded" => OrderStatus::Paid,
            _ => OrderStatus::Placed,
        }))
    }

    /// What was paid before refunds.
    fn total(&self, order: Object<'_>, counted: Counted, refunds: &[OrderRefund]) -> Read<Money> {
        let field = match self.value {
            OrderValue::Placed => "total_price",
            OrderValue::Current => "current_total_price",
        };
        let price = needed(self.money(order, field, counted)?, field)?;
        if self.value == OrderValue::Placed {
            return Ok(price);
        }
        let refunded = refunds.iter().map(|refund| i128::from(refund.amount.minor()));
        money_of(i128::from(price.minor()) + refunded.sum::<i128>(), counted.currency, field)
    }

    /// An amount on the side that is counted: from the field's set, or from the plain field where that is in the
    /// same currency, as in older payloads that have no sets.
    fn money(&self, from: Object<'_>, field: &str, counted: Counted) -> Read<Option<Money>> {
        let side = match self.side {
            MoneySide::Shop => "shop_money",
            MoneySide::Presentment => "presentment_money",
        };
        let amount = |amount: Object<'_>| match amount.currency("currency_code")? {
            Some(found) if found != counted.currency => {
                fail("currency_code", format!("not {}", counted.currency))
            }
            _ => amount.money("amount", counted.currency),
        };
        let in_set = from.object(&format!("{field}_set"), |sides| sides.object(side, amount))?;
        match in_set.flatten().flatten() {
            None if counted.is_plain => from.money(field, counted.currency),
            in_set => Ok(in_set),
        }
    }

    pub(super) fn product_of<'a>(&self, line: Object<'a>) -> Read<Cow<'a, str>> {
        needed(product(line, self.product, ["product_id", "variant_id", "sku", "id"])?, "product_id")
    }

    /// A line at what was paid for it: price by quantity, less its discounts.
    fn line(&self, line: Object<'_>, counted: Counted) -> Read<OrderLine> {
        let product = self.product_of(line)?;
        let quantity = line.quantity("quantity")?;
        let price = needed(self.money(line, "price", counted)?, "price")?;
        let allocated = line
            .objects("discount_allocations", |part| needed(self.money(part, "amount", counted)?, "amount"))?;
        let discount: i128 = if allocated.is_empty() {
            let total = self.money(line, "total_discount", counted)?;
            total.map_or(0, |total| i128::from(total.minor()))
        } else {
            allocated.iter().map(|part| i128::from(part.minor())).sum()
        };
        let total = i128::from(price.minor()) * i128::from(quantity) - discount;
        if total < 0 {
            return fail("discount_allocations", "more than the line came to");
        }
        Ok(OrderLine::new(ProductId::from(&*product), quantity, money_of(total, counted.currency, "price")?))
    }

    pub(super) fn refund_event(&self, refund: Object<'_>) -> Read<Vec<Event>> {
        let order = refund.need_text("order_id")?;
        let paid = self.refund(refund, None)?;
        let event = |paid: Paid| {
            let id = unversioned(NAME, "refund", &paid.id);
            let event = Event::refund(id, paid.at, paid.id, order, paid.amount);
            paid.lines.into_iter().fold(event, |event, line| event.line(line)).into()
        };
        Ok(paid.map(event).into_iter().collect())
    }

    /// The money that a refund moved; none if it moved none (yet).
    fn refund(&self, refund: Object<'_>, order: Option<Counted>) -> Read<Option<Paid>> {
        let mut currency = order.map(|counted| counted.currency).or(self.currency);
        let mut amount: i128 = 0;
        refund.objects("transactions", |transaction| {
            let is_paid =
                transaction.text("kind")? == Some("refund") && transaction.text("status")? == Some("success");
            if !is_paid {
                return Ok(());
            }
            // `XXX` is ISO 4217 for "no currency", which Shopify writes here.
            let own = match transaction.text("currency")? {
                None | Some("XXX") => None,
                Some(_) => transaction.currency("currency")?,
            };
            let known = match (own, currency) {
                (Some(own), Some(known)) if own != known => {
                    return fail("currency", format!("not {known}, in which the order counts"));
                }
                (own, known) => needed(own.or(known), "currency")?,
            };
            currency = Some(known);
            amount += i128::from(transaction.need_money("amount", known)?.minor());
            Ok(())
        })?;
        let Some(currency) = currency.filter(|_| amount > 0) else { return Ok(None) };
        let amount = money_of(amount, currency, "transactions")?;
        let counted = order.unwrap_or(Counted { currency, is_plain: self.side == MoneySide::Shop });
        let (processed_at, created_at) = (refund.instant("processed_at")?, refund.instant("created_at")?);
        Ok(Some(Paid {
            id: refund.need_text("id")?.to_owned(),
            at: needed(processed_at.or(created_at), "created_at")?,
            lines: self.refund_lines(refund, amount, counted)?,
            amount,
        }))
    }

    /// The money of a refund over its lines, by what they list.
    fn refund_lines(&self, refund: Object<'_>, amount: Money, counted: Counted) -> Read<Vec<RefundLine>> {
        let mut listed: Vec<(String, u64)> = Vec::new();
        refund.objects("refund_line_items", |item| {
            let quantity = item.quantity("quantity")?;
            let subtotal = self.money(item, "subtotal", counted)?;
            let line = item.object("line_item", |line| {
                Ok((self.product_of(line)?.into_owned(), self.money(line, "price", counted)?))
            })?;
            let Some((product, price)) = line else { return Ok(()) };
            let by_price = || price.map_or(0, |price| price.minor().saturating_mul(i64::from(quantity)));
            let worth = subtotal.map_or_else(by_price, Money::minor);
            listed.push((product, u64::try_from(worth).unwrap_or(0)));
            Ok(())
        })?;
        let worths: Vec<u64> = listed.iter().map(|(_, worth)| *worth).collect();
        // Nothing to go by: the core spreads the refund over all lines.
        let Ok(parts) = apportion(amount.minor(), &worths) else { return Ok(Vec::new()) };
        let line = |((product, _), part)| RefundLine::new(product, Money::new(part, amount.currency()));
        Ok(listed.into_iter().zip(parts).map(line).collect())
    }

    /// The checkout at its beginning, and who was seen in this version of it.
    pub(super) fn checkout(&self, checkout: Object<'_>) -> Read<Vec<Event>> {
        let token = checkout.need_text("token")?;
        let created_at = needed(checkout.instant("created_at")?, "created_at")?;
        let updated_at = checkout.instant("updated_at")?.unwrap_or(created_at);
        let mut found = Found::default();
        self.carriers.take_all(checkout.get("note_attributes")?, &mut found);
        checkout.objects("line_items", |line| {
            self.carriers.take_all(line.get("properties")?, &mut found);
            Ok(())
        })?;
        let mut who = found.who;
        see(&mut who, IdKind::Checkout, Some(token));
        see(&mut who, IdKind::Cart, checkout.text("cart_token")?);
        person(checkout, &mut who)?;
        // What never changes, so that every version of the checkout is one event.
        let begun = Identifiers::from(crate::Identifier::new(IdKind::Checkout, token));
        let id = unversioned(NAME, "checkout", &veiled(token));
        let started = Event::checkout_started(id, created_at, begun).into();
        let seen = versioned(NAME, "checkout", &veiled(token), updated_at);
        let seen = (who.len() > 1).then(|| Event::identify(seen, updated_at, who).into());
        Ok(std::iter::once(started).chain(seen).collect())
    }
}

/// Everybody and everything that an order names.
fn buyer(order: Object<'_>) -> Read<Identifiers> {
    let mut who = Identifiers::none();
    see(&mut who, IdKind::Checkout, order.text("checkout_token")?);
    see(&mut who, IdKind::Cart, order.text("cart_token")?);
    person(order, &mut who)?;
    Ok(who)
}

/// The person of an order or a checkout: what the customer record says, and over it what was typed for this one.
fn person(from: Object<'_>, who: &mut Identifiers) -> Read<()> {
    if let Some(customer) = from.object("customer", customer_of)? {
        customer.iter().for_each(|identifier| who.set(identifier.clone()));
    }
    contact(from, who)
}

fn in_order(paid: Paid) -> OrderRefund {
    paid.lines.into_iter().fold(OrderRefund::new(paid.id, paid.amount), OrderRefund::line)
}

fn money_of(minor: i128, currency: Currency, field: &str) -> Read<Money> {
    let minor = i64::try_from(minor);
    minor.map(|minor| Money::new(minor, currency)).or_else(|_| fail(field, "too large together"))
}
