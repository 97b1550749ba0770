//! Orders whose money is in whole minor units and whose changes are listed as adjustments: those of agents.

use super::read::{Object, Read, fail, needed};
use crate::event::OrderRefund;
use crate::money::{Currency, Money};

/// The amount of the one entry of `totals` with this type; entries of other types are passed over.
pub(super) fn total(of: Object<'_>, kind: &str, currency: Currency) -> Read<Option<Money>> {
    let entries = of.objects("totals", |entry| {
        let is_it = entry.need_text("type")? == kind;
        let amount = || needed(entry.signed_minor("amount", currency)?, "amount");
        is_it.then(amount).transpose()
    })?;
    let mut found = entries.into_iter().flatten();
    match (found.next(), found.next()) {
        (_, Some(_)) => fail("totals", format!("the type {kind} is given twice")),
        (first, None) => Ok(first),
    }
}

/// Money that is zero or more.
pub(super) fn positive(money: Money, field: &str) -> Read<Money> {
    if money.minor() < 0 { fail(field, "a negative amount") } else { Ok(money) }
}

/// Money in minor units that is zero or more.
pub(super) fn positive_minor(of: Object<'_>, field: &str, currency: Currency) -> Read<Option<Money>> {
    of.signed_minor(field, currency)?.map(|money| positive(money, field)).transpose()
}

/// The adjustments of an order that are done, by id and by what the buyer got back: less than zero is what the
/// buyer paid in addition.
pub(super) fn adjustments(
    order: Object<'_>,
    given_back: impl Fn(Object<'_>) -> Read<Option<Money>>,
) -> Read<Vec<(String, Money)>> {
    let done = order.objects("adjustments", |adjustment| {
        if adjustment.need_text("status")? != "completed" {
            return Ok(None);
        }
        let amount = given_back(adjustment)?.filter(|amount| amount.minor() != 0);
        let id = adjustment.need_text("id")?;
        Ok(amount.map(|amount| (id.to_owned(), amount)))
    })?;
    Ok(done.into_iter().flatten().collect())
}

/// Those adjustments by which the buyer got something back, as refunds.
pub(super) fn refunds(adjustments: &[(String, Money)]) -> Vec<OrderRefund> {
    let back = adjustments.iter().filter(|(_, amount)| amount.minor() > 0);
    back.map(|(id, amount)| OrderRefund::new(id, *amount)).collect()
}

/// `total` with what is added to it, exactly.
pub(super) fn sum(total: Money, added: i128, field: &str) -> Read<Money> {
    let minor = i64::try_from(i128::from(total.minor()) + added);
    minor.map_or_else(|_| fail(field, "too large together"), |minor| Ok(Money::new(minor, total.currency())))
}
