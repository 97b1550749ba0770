//! Refunds: the money that moved, in the currency that is counted.

use chrono::{DateTime, Utc};

use super::order::{Counted, money_of};
use super::{MoneySide, NAME, Shopify};
use crate::event::{Event, OrderRefund, RefundLine};
use crate::money::{Currency, Money, apportion};
use crate::platform::read::{Object, Read, fail, needed, within};
use crate::platform::table::unversioned;

/// What a refund's own sets list, and by which sign it was given back: what was kept of it stands in adjustments.
const LISTED: [(&str, [&str; 2], i128); 3] = [
    ("refund_line_items", ["subtotal_set", "total_tax_set"], 1),
    ("refund_shipping_lines", ["subtotal_amount_set", "tax_amount_set"], 1),
    ("order_adjustments", ["amount_set", "tax_amount_set"], -1),
];

/// A refund before it is known where it stands.
struct Paid {
    id: String,
    at: DateTime<Utc>,
    amount: Money,
    lines: Vec<RefundLine>,
}

/// One amount on the shop's side and on the buyer's.
type Sides = (Money, Money);

impl Shopify {
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

    /// The refunds that an order lists.
    pub(super) fn refunds_of(&self, order: Object<'_>, counted: Counted) -> Read<Vec<OrderRefund>> {
        let refunds = order.objects("refunds", |refund| self.refund(refund, Some(counted)))?;
        let in_order = |paid: Paid| {
            paid.lines.into_iter().fold(OrderRefund::new(paid.id, paid.amount), OrderRefund::line)
        };
        Ok(refunds.into_iter().flatten().map(in_order).collect())
    }

    /// The money that a refund moved; none if it moved none (yet).
    fn refund(&self, refund: Object<'_>, order: Option<Counted>) -> Read<Option<Paid>> {
        let Some((place, own)) = first_paid(refund)? else { return Ok(None) };
        let of_order = order.map(|counted| counted.currency);
        let paid_in = own.or(of_order).or(self.currency);
        let is_counted = paid_in.is_some() && (paid_in == of_order || self.side == MoneySide::Presentment);
        let sides = if is_counted { [None; 2] } else { listed(refund)? };
        let buyers = sides.iter().flatten().map(|(_, buyer)| buyer.currency()).next();
        let Some(moved) = moved(refund, paid_in.or(buyers))? else { return Ok(None) };
        let amount =
            within(self.counted_amount(moved, of_order, sides), || format!("transactions[{place}]"))?;
        let counted =
            order.unwrap_or(Counted { currency: amount.currency(), is_plain: self.side == MoneySide::Shop });
        let (processed_at, created_at) = (refund.instant("processed_at")?, refund.instant("created_at")?);
        Ok(Some(Paid {
            id: refund.need_text("id")?.to_owned(),
            at: needed(processed_at.or(created_at), "created_at")?,
            lines: self.refund_lines(refund, amount, counted)?,
            amount,
        }))
    }

    /// What moved, in the currency that is counted: that of the order, else the shop's as a setting or the refund's
    /// own sets tell it. A buyer is paid back in the buyer's currency; the shop's side of it is known exactly where
    /// the sets come to what moved, and nowhere else.
    fn counted_amount(
        &self,
        moved: Money,
        of_order: Option<Currency>,
        sides: [Option<Sides>; 2],
    ) -> Read<Money> {
        let of_shop = || {
            let in_sets = sides.iter().flatten().map(|(shop, _)| shop.currency()).next();
            self.currency.or(in_sets).filter(|_| self.side == MoneySide::Shop)
        };
        let counted = of_order.or_else(of_shop).unwrap_or(moved.currency());
        if counted == moved.currency() {
            return Ok(moved);
        }
        let is_it = |(shop, buyer): &Sides| *buyer == moved && shop.currency() == counted;
        sides.into_iter().flatten().find(is_it).map_or_else(
            || fail("currency", format!("not {counted}, in which the order counts, and no sets come to it")),
            |(shop, _)| Ok(shop),
        )
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
}

/// Where the first transaction stands that paid back, and the currency that it or another one names. `XXX` is ISO 4217
/// for "no currency", which Shopify writes here.
fn first_paid(refund: Object<'_>) -> Read<Option<(usize, Option<Currency>)>> {
    let all = refund.objects("transactions", |transaction| {
        if !is_paid(transaction)? {
            return Ok(None);
        }
        let is_named = transaction.text("currency")?.is_some_and(|code| code != "XXX");
        Ok(Some(if is_named { transaction.currency("currency")? } else { None }))
    })?;
    let place = all.iter().position(Option::is_some);
    Ok(place.map(|place| (place, all.into_iter().flatten().flatten().next())))
}

/// The sum of a refund's transactions that paid back, all of them in this currency.
fn moved(refund: Object<'_>, paid_in: Option<Currency>) -> Read<Option<Money>> {
    let amounts = refund.objects("transactions", |transaction| {
        if !is_paid(transaction)? {
            return Ok(0);
        }
        let paid_in = needed(paid_in, "currency")?;
        let is_other = match transaction.text("currency")? {
            None | Some("XXX") => false,
            Some(_) => transaction.currency("currency")? != Some(paid_in),
        };
        if is_other {
            return fail("currency", format!("not {paid_in}, as another one of the refund"));
        }
        Ok(i128::from(transaction.need_money("amount", paid_in)?.minor()))
    })?;
    let sum = amounts.into_iter().sum();
    let paid_in = paid_in.filter(|_| sum > 0);
    paid_in.map(|currency| money_of(sum, currency, "transactions")).transpose()
}

fn is_paid(transaction: Object<'_>) -> Read<bool> {
    Ok(transaction.text("kind")? == Some("refund") && transaction.text("status")? == Some("success"))
}

/// What a refund's sets come to on both sides, with the shipping that it lists and without: in older bodies that
/// stands in the adjustments already. None where they are incomplete or of several currencies.
fn listed(refund: Object<'_>) -> Read<[Option<Sides>; 2]> {
    let mut sums: [Vec<(i128, Sides)>; 2] = Default::default();
    for (list, fields, sign) in LISTED {
        for field in fields {
            for sides in refund.objects(list, |entry| sides(entry, field))?.into_iter().flatten() {
                sums[0].push((sign, sides));
                if list != "refund_shipping_lines" {
                    sums[1].push((sign, sides));
                }
            }
        }
    }
    if let Some(duties) = sides(refund, "total_duties_set")? {
        sums.iter_mut().for_each(|all| all.push((1, duties)));
    }
    Ok(sums.map(|all| sum(&all)))
}

/// Both sides of a set.
fn sides(of: Object<'_>, field: &str) -> Read<Option<Sides>> {
    let side = |sides: Object<'_>, name: &str| {
        sides.object(name, |amount| match amount.currency("currency_code")? {
            Some(currency) => amount.signed_money("amount", currency),
            None => Ok(None),
        })
    };
    let both = of.object(field, |both| {
        Ok(side(both, "shop_money")?.flatten().zip(side(both, "presentment_money")?.flatten()))
    })?;
    Ok(both.flatten())
}

/// Signed amounts of one pair of currencies as one.
fn sum(all: &[(i128, Sides)]) -> Option<Sides> {
    let (_, (shop, buyer)) = all.first()?;
    let (mut shops, mut buyers): (i128, i128) = (0, 0);
    for (sign, (in_shop, in_buyer)) in all {
        if (in_shop.currency(), in_buyer.currency()) != (shop.currency(), buyer.currency()) {
            return None;
        }
        shops += sign * i128::from(in_shop.minor());
        buyers += sign * i128::from(in_buyer.minor());
    }
    let money = |minor: i128, currency| i64::try_from(minor).ok().map(|minor| Money::new(minor, currency));
    money(shops, shop.currency()).filter(|shop| shop.minor() >= 0).zip(money(buyers, buyer.currency()))
}
