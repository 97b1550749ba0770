//! What an order comes to: its versions and refunds, in any order and number, as one state.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::event::{OrderLine, OrderStatus, RefundLine};
use crate::fact::{Book, Booked, Facts, Version};
use crate::journey::conversion::{Conversion, ConversionKind, Line};
use crate::money::{Currency, Money, apportion};
use crate::text::{OrderId, RefundId};

/// The state of one order.
#[derive(Debug)]
pub(crate) struct OrderState<'a> {
    /// The version that holds.
    pub(crate) winner: &'a Booked,
    pub(crate) id: &'a OrderId,
    pub(crate) version: &'a Version,
    /// The earliest instant of any version.
    pub(crate) at: DateTime<Utc>,
    pub(crate) status: OrderStatus,
    pub(crate) total: Money,
    /// Refunds in the order's currency, in minor units.
    refunded: i128,
    refunds: Vec<&'a [RefundLine]>,
    amounts: Vec<i64>,
    /// Refunds in another currency: they are not applied.
    pub(crate) misfits: Vec<Money>,
}

/// What a book says: an order, or refunds that found none.
#[derive(Debug)]
pub(crate) enum Entered<'a> {
    Order(OrderState<'a>),
    Orphans(Vec<Money>),
}

/// The version of an order that holds: the newest, ties by content.
pub(crate) fn winner<'a>(book: &'a Book, as_of: DateTime<Utc>, facts: &Facts) -> Option<&'a Booked> {
    if let Some(newest) = book.newest().filter(|newest| newest.seen(as_of)) {
        return Some(newest);
    }
    let versions = book.facts().filter(|held| held.version().is_some() && held.seen(as_of));
    let newer = |one: &'a Booked, other: &'a Booked| {
        if other.wins_over(one, &facts.names, facts.key()) { other } else { one }
    };
    versions.reduce(newer)
}

/// Reads a book as it stood at an instant.
pub(crate) fn read<'a>(book: &'a Book, as_of: DateTime<Utc>, facts: &Facts) -> Entered<'a> {
    // One refund is known best by the newest telling of it, ties by content.
    let mut told: BTreeMap<&RefundId, (DateTime<Utc>, Money, &'a [RefundLine])> = BTreeMap::new();
    let mut tell = |refund, since| {
        let held = told.entry(refund).or_insert(since);
        *held = since.max(*held);
    };
    let mut first: Option<DateTime<Utc>> = None;
    for fact in book.facts().filter(|fact| fact.seen(as_of)) {
        if let Some(version) = fact.version() {
            first = Some(first.map_or(fact.at, |first| first.min(fact.at)));
            for refund in version.refunds() {
                tell(&refund.refund, (fact.since(), refund.amount, &*refund.lines));
            }
        } else if let Some(refund) = fact.refund() {
            tell(&refund.refund, (fact.at, refund.amount, &*refund.lines));
        }
    }
    let held = winner(book, as_of, facts).and_then(|held| Some((held, held.version()?)));
    match (held, first) {
        (Some(held), Some(at)) => Entered::Order(OrderState::new(&book.order, held, at, told.into_values())),
        _ => Entered::Orphans(told.into_values().map(|(_, amount, _)| amount).collect()),
    }
}

impl<'a> OrderState<'a> {
    fn new(
        id: &'a OrderId,
        (winner, version): (&'a Booked, &'a Version),
        at: DateTime<Utc>,
        told: impl Iterator<Item = (DateTime<Utc>, Money, &'a [RefundLine])>,
    ) -> Self {
        let (total, status) = (version.total, version.status);
        let (refunds, amounts, misfits) = Default::default();
        let mut state =
            Self { winner, id, version, at, status, total, refunded: 0, refunds, amounts, misfits };
        for (_, amount, lines) in told {
            if amount.currency() == total.currency() {
                state.refunded += i128::from(amount.minor());
                state.refunds.push(lines);
                state.amounts.push(amount.minor());
            } else {
                state.misfits.push(amount);
            }
        }
        state
    }

    pub(crate) fn currency(&self) -> Currency {
        self.total.currency()
    }

    /// How many refunds reduce it.
    pub(crate) fn applied(&self) -> usize {
        self.refunds.len()
    }

    /// What is left of it: never below zero.
    pub(crate) fn net(&self) -> i64 {
        let left = i128::from(self.total.minor()) - self.refunded;
        // Not above the total, so it fits.
        i64::try_from(left.max(0)).unwrap_or(0)
    }

    pub(crate) fn net_value(&self) -> Money {
        Money::new(self.net(), self.currency())
    }

    /// What was given back beyond the total.
    pub(crate) fn over_refunded(&self) -> i128 {
        (self.refunded - i128::from(self.total.minor())).max(0)
    }

    /// Whether it is a conversion: placed or paid, and not given back whole.
    pub(crate) fn counts(&self) -> bool {
        self.status.counts() && !(self.refunded > 0 && self.net() == 0)
    }

    pub(crate) fn conversion(&self) -> Conversion {
        let currency = self.currency();
        Conversion {
            kind: ConversionKind::Order(self.id.clone()),
            at: self.at,
            total: Some(self.total),
            value: Some(Money::new(self.net(), currency)),
            over_refunded: self.over_refunded(),
            lines: self.lines(),
        }
    }

    /// What is left of each line, and last of what stands on no line; they sum to the net value.
    ///
    /// Lines that come to more than the total (a discount on the whole order) share the total by their values;
    /// what the total has beyond them (shipping) stands on no line. Refunds first reduce the lines they name, as
    /// far as these go; the rest of them spreads over everything that is left, by what is left.
    fn lines(&self) -> Vec<Line> {
        let currency = self.currency();
        let lines = self.version.lines();
        let total = self.total.minor();
        let mut left: Vec<i64> = lines.iter().map(|line| line.total.minor()).collect();
        let sum: i128 = left.iter().map(|minor| i128::from(*minor)).sum();
        match i64::try_from(i128::from(total) - sum) {
            Ok(beyond) if beyond >= 0 => left.push(beyond),
            _ => {
                left = split(total, &left);
                left.push(0);
            }
        }
        let mut unspecific = self.refunded;
        for (refund, amount) in self.refunds.iter().zip(&self.amounts) {
            let named: Vec<i64> = refund.iter().map(|line| line.amount.minor()).collect();
            let named_sum: i128 = named.iter().map(|minor| i128::from(*minor)).sum();
            let parts = if named_sum > i128::from(*amount) { split(*amount, &named) } else { named };
            for (line, part) in refund.iter().zip(parts) {
                unspecific -= i128::from(take(&mut left, lines, line, part));
            }
        }
        let rest: i128 = left.iter().map(|minor| i128::from(*minor)).sum();
        let spread = i64::try_from(unspecific.min(rest)).unwrap_or(0);
        let parts = split_off(spread, &left);
        for (minor, part) in left.iter_mut().zip(parts) {
            *minor -= part;
        }
        let named = lines.iter().map(|line| (Some(line.product.clone()), line.product_type.clone()));
        let lines = named.chain([(None, None)]).zip(left);
        let line = |((product, product_type), minor)| Line {
            product,
            product_type,
            value: Money::new(minor, currency),
        };
        lines.map(line).collect()
    }
}

/// Takes up to `part` off the lines of the refunded product, by what is left of them; says how much it took.
fn take(left: &mut [i64], lines: &[OrderLine], refunded: &RefundLine, part: i64) -> i64 {
    let is_product = |place: &usize| lines[*place].product == refunded.product;
    let places: Vec<usize> = (0..lines.len()).filter(is_product).collect();
    let held: Vec<i64> = places.iter().map(|place| left[*place]).collect();
    let sum: i128 = held.iter().map(|minor| i128::from(*minor)).sum();
    let taken = i64::try_from(i128::from(part).min(sum)).unwrap_or(part);
    for (place, share) in places.iter().zip(split_off(taken, &held)) {
        left[*place] -= share;
    }
    taken
}

/// Splits `total` by amounts that are not negative; nothing to split by gives zeros.
fn split(total: i64, by: &[i64]) -> Vec<i64> {
    // Amounts above 2^53 minor units are brought into the splitter's range together.
    let largest = by.iter().copied().max().unwrap_or(0);
    let excess = (64 - largest.leading_zeros()).saturating_sub(53);
    let weights: Vec<u64> = by.iter().map(|minor| minor.unsigned_abs() >> excess).collect();
    apportion(total, &weights).unwrap_or_else(|_| vec![0; by.len()])
}

/// The same for a `total` of at most the sum of the amounts: no part is larger than its amount.
fn split_off(total: i64, from: &[i64]) -> Vec<i64> {
    let mut parts = split(total, from);
    // Exact shares never exceed their amounts; those of amounts above 2^53 are not quite exact.
    let mut beyond = 0;
    for (part, amount) in parts.iter_mut().zip(from) {
        beyond += (*part - amount).max(0);
        *part = (*part).min(*amount);
    }
    for (part, amount) in parts.iter_mut().zip(from) {
        let more = beyond.min(amount - *part);
        *part += more;
        beyond -= more;
    }
    parts
}
