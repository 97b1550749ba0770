//! Orders and checkouts.

use std::borrow::Cow;

use super::people::{contact, customer_of};
use super::{MoneySide, NAME, OrderValue, Shopify, without_key};
use crate::event::{Event, OrderLine, OrderRefund, OrderStatus};
use crate::id::{IdKind, Identifiers};
use crate::money::{Currency, Money};
use crate::platform::read::{Object, Read, fail, needed, see};
use crate::platform::table::{Found, Snapshot, product, unversioned, veiled, versioned};
use crate::text::ProductId;

/// The landing page that express wallets leave instead of the shopper's.
const WALLET_PAGE: &str = "/wallets/checkouts.json";

/// The currency that is counted in, and whether plain amounts, which are the shop's, are in it.
#[derive(Clone, Copy)]
pub(super) struct Counted {
    pub(super) currency: Currency,
    pub(super) is_plain: bool,
}

impl Shopify {
    pub(super) fn order(&self, order: Object<'_>) -> Read<Event> {
        let counted = self.counted(order)?;
        let (processed_at, created_at) = (order.instant("processed_at")?, order.instant("created_at")?);
        let placed_at = needed(processed_at.or(created_at), "created_at")?;
        let mut found = Found::default();
        self.carriers.take_all(order.get("note_attributes")?, &mut found);
        let lines = order.objects("line_items", |line| {
            self.carriers.take_all(line.get("properties")?, &mut found);
            self.line(line, counted)
        })?;
        let refunds = self.refunds_of(order, counted)?;
        let codes = order.objects("discount_codes", |code| code.text("code"))?;
        let snapshot = Snapshot {
            platform: NAME,
            order: order.need_text("id")?,
            placed_at,
            updated_at: order.instant("updated_at")?.unwrap_or(placed_at),
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
    pub(super) fn money(&self, from: Object<'_>, field: &str, counted: Counted) -> Read<Option<Money>> {
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

    /// A line at what was paid for it: price by quantity, less its discounts. Amounts that were converted one by one
    /// can leave a cent more of discount than of price: nothing was paid then.
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
        let total = (i128::from(price.minor()) * i128::from(quantity) - discount).max(0);
        Ok(OrderLine::new(ProductId::from(&*product), quantity, money_of(total, counted.currency, "price")?))
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
        see(&mut who, IdKind::Cart, checkout.text("cart_token")?.map(without_key));
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
    see(&mut who, IdKind::Cart, order.text("cart_token")?.map(without_key));
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

pub(super) fn money_of(minor: i128, currency: Currency, field: &str) -> Read<Money> {
    let minor = i64::try_from(minor);
    minor.map(|minor| Money::new(minor, currency)).or_else(|_| fail(field, "too large together"))
}
