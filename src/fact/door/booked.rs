//! Orders and refunds at the door.

use chrono::{DateTime, Utc};
use smallvec::SmallVec;

use crate::event::{Kind, KindRef, Order, Refund, RefundLine};
use crate::fact::cluster::Id;
use crate::fact::door::screen::Screen;
use crate::fact::door::{Door, Entry, not_negative};
use crate::fact::tombstone::Asking;
use crate::fact::{Fact, Known, blot};
use crate::money::Money;
use crate::reason::DropReason;
use crate::text::{Code, EventId, Label, ProductId};
use crate::time::{nanos_of, without_leap};

/// What a product of an order line reads when its own text contained an identifier.
pub(in crate::fact) const WITHHELD: &str = "(withheld)";

/// What every fact has.
pub(super) struct Head<'c> {
    pub(super) id: &'c str,
    pub(super) at: DateTime<Utc>,
    pub(super) channel: Option<&'c str>,
    pub(super) turn: Option<&'c str>,
    pub(super) who: SmallVec<[Known; 2]>,
    pub(super) junk: u8,
}

impl Door<'_> {
    pub(super) fn booked(
        &self,
        head: Head<'_>,
        kind: &mut KindRef<'_>,
        code: Option<String>,
        mut screen: Screen,
    ) -> Entry<Fact> {
        let given = &*kind;
        let kind = match given {
            KindRef::Order(order) => {
                self.line_counts(order)?;
                let order = Order::clone(order);
                Kind::Order(Box::new(self.order(order, code.map(Code::from), &mut screen)?))
            }
            KindRef::Refund(refund) => {
                if refund.lines.len() > self.limits.order_lines {
                    return Err(DropReason::TooManyLines);
                }
                let mut refund = Refund::clone(refund);
                refund.refund = self.refund_id(refund.refund)?;
                self.id(refund.order.as_str())?;
                refund.order = self.order_id(&refund.order);
                self.refund_lines(&mut refund.lines, refund.amount, &mut screen)?;
                Kind::Refund(Box::new(refund))
            }
            other => Kind::from(other.clone()),
        };
        let Head { id: head_id, at, channel, turn, who, junk } = head;
        let id = head_id;
        let (at, id) = (without_leap(at), self.event_id(id));
        let (channel, turn) = (channel.map(Label::from), turn.map(|turn| self.event_id(turn)));
        let left_out = screen.left_out;
        let mut fact = Fact { at, id, kind, channel, turn, who, junk, left_out };
        if !self.gone.events.is_empty() {
            let id = self.kept_id(head_id, given);
            let asking = Asking { rank: fact.kind.rank(), at: nanos_of(at), id: &id, who: &fact.who };
            let fields = self.gone.blot(asking, self.key);
            blot::blot(fields, &mut fact);
        }
        Ok(fact)
    }

    fn event_id(&self, id: &str) -> EventId {
        match self.stored(id) {
            Id::Text(_) => EventId::from(id),
            Id::Hash(bytes) => EventId::from(format!("{:016x}", u64::from_be_bytes(bytes))),
        }
    }

    fn order(&self, mut order: Order, code: Option<Code>, screen: &mut Screen) -> Entry<Order> {
        (order.url, order.referrer) = (None, None);
        self.id(order.order.as_str())?;
        order.order = self.order_id(&order.order);
        order.updated_at = order.updated_at.map(without_leap);
        let currency = order.total.currency();
        let lines = order.lines.iter().map(|line| line.total);
        let refunds = order.refunds.iter().map(|refund| refund.amount);
        for amount in lines.chain(refunds) {
            if amount.currency() != currency {
                return Err(DropReason::MixedCurrencies);
            }
        }
        not_negative(order.lines.iter().map(|line| line.total).chain([order.total]))?;
        for line in &mut order.lines {
            line.product = self.kept(std::mem::replace(&mut line.product, ProductId::from("")), screen)?;
            line.product_type = self.own_label(line.product_type.take(), screen)?;
        }
        for refund in &mut order.refunds {
            refund.refund = self.refund_id(refund.refund.clone())?;
            self.refund_lines(&mut refund.lines, refund.amount, screen)?;
        }
        order.codes.extend(code);
        order.codes.iter_mut().for_each(|code| *code = folded_code(code));
        self.values(order.codes.len())?;
        self.values(order.discount_codes.len())?;
        self.list(&mut order.codes, screen)?;
        self.list(&mut order.discount_codes, screen)?;
        // Which code stands first says nothing: equal sets are equal facts.
        order.codes.sort_unstable();
        order.codes.dedup();
        order.discount_codes.sort_unstable();
        order.discount_codes.dedup();
        Ok(order)
    }

    /// Looked at before anything is copied.
    fn line_counts(&self, order: &Order) -> Entry<()> {
        let refunded =
            order.refunds.iter().fold(0_usize, |sum, refund| sum.saturating_add(refund.lines.len()));
        let most = order.lines.len().max(order.refunds.len()).max(refunded);
        if most > self.limits.order_lines { Err(DropReason::TooManyLines) } else { Ok(()) }
    }

    fn refund_lines(&self, lines: &mut [RefundLine], amount: Money, screen: &mut Screen) -> Entry<()> {
        if lines.iter().any(|line| line.amount.currency() != amount.currency()) {
            return Err(DropReason::MixedCurrencies);
        }
        not_negative(lines.iter().map(|line| line.amount).chain([amount]))?;
        for line in lines {
            line.product = self.kept(std::mem::replace(&mut line.product, ProductId::from("")), screen)?;
        }
        Ok(())
    }

    /// A product of an order line: money stays, the name goes.
    fn kept(&self, product: ProductId, screen: &mut Screen) -> Entry<ProductId> {
        Ok(self.own_label(Some(product), screen)?.unwrap_or_else(|| ProductId::from(WITHHELD)))
    }

    /// A label that may be missing: left out and counted if it contains an identifier.
    fn own_label<T: AsRef<str>>(&self, mut label: Option<T>, screen: &mut Screen) -> Entry<Option<T>> {
        self.bounded_option(label.as_ref())?;
        screen.take(&mut label);
        Ok(label)
    }

    /// A list of labels without those that contain an identifier.
    fn list<L, T: AsRef<str>>(&self, list: &mut L, screen: &mut Screen) -> Entry<()>
    where
        L: Default + IntoIterator<Item = T> + Extend<T>,
    {
        let mut kept = L::default();
        for label in std::mem::take(list) {
            kept.extend(self.own_label(Some(label), screen)?);
        }
        *list = kept;
        Ok(())
    }
}

/// A link code without what a mail program or a shopper may have done to it: case and surrounding space.
fn folded_code(code: &Code) -> Code {
    Code::from(code.as_str().trim().to_ascii_lowercase())
}
