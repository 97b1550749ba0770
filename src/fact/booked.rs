//! One version of an order, or one refund, as it stands in the book of its order.
//!
//! The book has the id of the order, and the handle the identifiers; what few orders have is set aside, so that most
//! take no memory of their own but their id.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use smallvec::SmallVec;

use crate::event::{Kind, ORDER_RANK, Order, OrderLine, OrderRefund, OrderStatus, REFUND_RANK, Refund};
use crate::fact::names::{Handle, NOBODY, Names};
use crate::fact::{Fact, Known, LeftOut};
use crate::id::{IdKind, Key};
use crate::money::Money;
use crate::text::{Code, EventId, Label, OrderId};

/// A fact about an order without the order's id. 88 bytes where a pointer has eight.
#[derive(Clone, Debug)]
pub(crate) struct Booked {
    pub(crate) at: DateTime<Utc>,
    pub(crate) id: EventId,
    pub(crate) handle: Handle,
    pub(crate) junk: u8,
    pub(crate) left_out: LeftOut,
    pub(super) what: What,
    pub(super) aside: Option<Box<Aside>>,
}

/// Refunds stand behind orders of one instant, as among all facts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    Version(Version),
    Refund(Box<Refund>),
}

/// What a version says of its order. The order of fields is that of [`Order`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) total: Money,
    pub(crate) updated_at: Option<DateTime<Utc>>,
    pub(crate) status: OrderStatus,
    /// None where each of them is empty.
    lists: Option<Box<Lists>>,
}

/// What most orders of a shop without line items in its events leave empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Lists {
    lines: Vec<OrderLine>,
    codes: Vec<Code>,
    discount_codes: Vec<Code>,
    refunds: Vec<OrderRefund>,
}

/// What few facts about orders have.
#[derive(Clone, Debug)]
pub(super) struct Aside {
    channel: Option<Label>,
    turn: Option<EventId>,
}

/// What a fact about an order takes beside the book, where it has all that is set aside.
pub(super) const MOST_BYTES: usize = size_of::<Booked>() + size_of::<Lists>() + size_of::<Aside>();

impl Version {
    /// The order's id and links are left aside; the door has taken the latter out.
    pub(super) fn of(order: Order) -> Self {
        let Order {
            total,
            updated_at,
            status,
            lines,
            codes,
            discount_codes,
            refunds,
            order: _,
            url,
            referrer,
        } = order;
        debug_assert!(url.is_none() && referrer.is_none(), "the door takes links out");
        let lists = Lists { lines, codes, discount_codes, refunds };
        let lists = (lists != Lists::default()).then(|| Box::new(lists));
        Self { total, updated_at, status, lists }
    }

    pub(crate) fn lines(&self) -> &[OrderLine] {
        self.lists.as_ref().map_or(&[], |lists| &lists.lines)
    }

    pub(crate) fn codes(&self) -> &[Code] {
        self.lists.as_ref().map_or(&[], |lists| &lists.codes)
    }

    pub(crate) fn discount_codes(&self) -> &[Code] {
        self.lists.as_ref().map_or(&[], |lists| &lists.discount_codes)
    }

    pub(crate) fn refunds(&self) -> &[OrderRefund] {
        self.lists.as_ref().map_or(&[], |lists| &lists.refunds)
    }

    fn order(&self, order: &OrderId) -> Order {
        let Self { total, updated_at, status, lists } = self.clone();
        let Lists { lines, codes, discount_codes, refunds } =
            lists.map_or_else(Lists::default, |lists| *lists);
        let mut told = Order::new(order.clone(), total);
        (told.updated_at, told.status, told.lines) = (updated_at, status, lines);
        (told.codes, told.discount_codes, told.refunds) = (codes, discount_codes, refunds);
        told
    }
}

impl Aside {
    pub(super) fn of(channel: Option<Label>, turn: Option<EventId>) -> Option<Box<Self>> {
        (channel.is_some() || turn.is_some()).then(|| Box::new(Self { channel, turn }))
    }
}

impl Booked {
    /// None of a fact that is about no order.
    pub(crate) fn new(fact: Fact, handle: Handle) -> Option<Self> {
        let Fact { at, id, kind, channel, turn, who: _, junk, left_out } = fact;
        let what = match kind {
            Kind::Order(order) => What::Version(Version::of(*order)),
            Kind::Refund(refund) => What::Refund(refund),
            _ => return None,
        };
        Some(Self { at, id, handle, junk, left_out, what, aside: Aside::of(channel, turn) })
    }

    /// The whole fact about this order.
    pub(crate) fn fact(&self, order: &OrderId, names: &Names) -> Fact {
        let Self { at, id, handle, junk, left_out, what, .. } = self;
        let kind = match what {
            What::Version(version) => Kind::Order(Box::new(version.order(order))),
            What::Refund(refund) => Kind::Refund(refund.clone()),
        };
        let (channel, turn) = (self.channel().cloned(), self.turn().cloned());
        let (id, who) = (id.clone(), names.who(*handle));
        Fact { at: *at, id, kind, channel, turn, who, junk: *junk, left_out: *left_out }
    }

    pub(crate) fn version(&self) -> Option<&Version> {
        match &self.what {
            What::Version(version) => Some(version),
            What::Refund(_) => None,
        }
    }

    pub(crate) fn refund(&self) -> Option<&Refund> {
        match &self.what {
            What::Refund(refund) => Some(refund),
            What::Version(_) => None,
        }
    }

    pub(crate) fn channel(&self) -> Option<&Label> {
        self.aside.as_ref().and_then(|aside| aside.channel.as_ref())
    }

    pub(crate) fn turn(&self) -> Option<&EventId> {
        self.aside.as_ref().and_then(|aside| aside.turn.as_ref())
    }

    /// The rank of its kind.
    pub(crate) fn rank(&self) -> u8 {
        match &self.what {
            What::Version(_) => ORDER_RANK as u8,
            What::Refund(_) => REFUND_RANK as u8,
        }
    }

    /// Since when it holds: the instant that decides between versions, and whether it is seen.
    pub(crate) fn since(&self) -> DateTime<Utc> {
        self.version().and_then(|version| version.updated_at).unwrap_or(self.at)
    }

    /// When it has come to be.
    pub(crate) fn complete(&self) -> DateTime<Utc> {
        self.at.max(self.since())
    }

    /// Whether it had come to be by `as_of`.
    pub(crate) fn seen(&self, as_of: DateTime<Utc>) -> bool {
        self.complete() <= as_of
    }

    /// Whether it has a place of its own: a refund that names nobody is where its order is.
    pub(crate) fn is_placed(&self) -> bool {
        self.handle != NOBODY || self.version().is_some()
    }

    /// The order of facts, between those about one order.
    pub(crate) fn compare(&self, other: &Self, names: &Names) -> Ordering {
        let left_out = |booked: &Self| (booked.junk, booked.left_out);
        let order =
            self.at.cmp(&other.at).then_with(|| (self.rank(), &self.id).cmp(&(other.rank(), &other.id)));
        let order = order.then_with(|| (&self.what, self.aside()).cmp(&(&other.what, other.aside())));
        let who = || match self.handle == other.handle {
            true => Ordering::Equal,
            false => names.who(self.handle).cmp(&names.who(other.handle)),
        };
        order.then_with(who).then_with(|| left_out(self).cmp(&left_out(other)))
    }

    /// Whether it is the version of an order that wins over `other`: newer, ties by content, the same under every key.
    pub(crate) fn wins_over(&self, other: &Self, names: &Names, key: &Key) -> bool {
        let who = |booked: &Self| -> SmallVec<[(IdKind, u128); 3]> {
            let unwrapped = |known: Known| (known.kind, key.unwrap(known.name));
            names.who(booked.handle).into_iter().map(unwrapped).collect()
        };
        let rest = |booked: &Self| (who(booked), booked.junk, booked.left_out);
        let order = self.since().cmp(&other.since()).then_with(|| self.what.cmp(&other.what));
        let order = order.then_with(|| (self.at, &self.id).cmp(&(other.at, &other.id)));
        let order = order.then_with(|| self.aside().cmp(&other.aside()));
        order.then_with(|| rest(self).cmp(&rest(other))).is_gt()
    }

    /// Channel and turn, none where there is none.
    fn aside(&self) -> (Option<&Label>, Option<&EventId>) {
        (self.channel(), self.turn())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Pseudonym;
    use crate::reason::FieldReason;

    /// Facts about one order that differ in one thing, or in several.
    fn facts() -> Vec<Fact> {
        let instant = |seconds| DateTime::from_timestamp(seconds, 0).expect("an instant");
        let money = |minor| Money::new(minor, "EUR".parse().expect("a currency"));
        let known = |kind, word| Known { kind, name: Pseudonym::from_words([word, 7]) };
        let plain = || Order::new(OrderId::from("1"), money(100));
        let order = |change: fn(&mut Order)| {
            let mut order = plain();
            change(&mut order);
            Kind::Order(Box::new(order))
        };
        let later = |order: &mut Order| order.updated_at = DateTime::from_timestamp(50, 0);
        let refund = |text: &str| {
            let (refund, order) = (text.into(), OrderId::from("1"));
            Kind::Refund(Box::new(Refund { refund, order, amount: money(9), lines: Vec::new() }))
        };
        let kinds = [
            order(|_| ()),
            order(later),
            order(|order| order.status = OrderStatus::Cancelled),
            order(|order| order.lines.push(OrderLine::new("shoe", 1, order.total))),
            order(|order| order.codes.push(Code::from("abc"))),
            order(|order| order.discount_codes.push(Code::from("abc"))),
            order(|order| order.refunds.push(OrderRefund::new("r", order.total))),
            refund("r1"),
            refund("r2"),
        ];
        let whose: [&[Known]; 3] = [
            &[known(IdKind::Visitor, 9)],
            &[known(IdKind::Visitor, 3)],
            &[known(IdKind::Cart, 5), known(IdKind::Visitor, 3)],
        ];
        let mut facts = Vec::new();
        for (number, kind) in kinds.iter().enumerate() {
            for (place, who) in whose.iter().enumerate() {
                for rest in 0..5 {
                    let mut left_out = LeftOut::default();
                    (0..usize::from(rest == 3)).for_each(|_| left_out.note(FieldReason::IdentifierInField));
                    facts.push(Fact {
                        at: instant(if (number + place) % 3 == 0 { 50 } else { 60 }),
                        id: EventId::from(if rest == 4 { "a" } else { "b" }),
                        kind: kind.clone(),
                        channel: (rest == 1).then(|| Label::from("web")),
                        turn: (rest == 2).then(|| EventId::from("t")),
                        who: who.iter().copied().collect(),
                        junk: u8::from(rest == 3 && place == 0),
                        left_out,
                    });
                }
            }
        }
        facts
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn they_take_as_little_as_the_layout_says() {
        assert!(size_of::<Booked>() <= 88 && size_of::<crate::fact::Book>() <= 104);
    }

    #[test]
    fn they_stand_and_win_as_the_whole_facts_do() {
        let (mut names, key) = (Names::new(), Key::new([3; 16]));
        let order = OrderId::from("1");
        let mut enter = |who: &[Known]| {
            let members: Vec<Handle> = who
                .iter()
                .map(|known| names.find_one(*known).unwrap_or_else(|| names.add_one(*known, 0)))
                .collect();
            match *members {
                [one] => one,
                _ => names.find(who).unwrap_or_else(|| names.add_set(who, &members, 0)),
            }
        };
        let facts = facts();
        let handles: Vec<Handle> = facts.iter().map(|fact| enter(&fact.who)).collect();
        let booked = facts.iter().cloned().zip(handles).map(|(fact, handle)| Booked::new(fact, handle));
        let all: Vec<(&Fact, Booked)> =
            facts.iter().zip(booked.map(|booked| booked.expect("of an order"))).collect();
        for (fact, booked) in &all {
            assert_eq!(booked.fact(&order, &names), **fact);
            for (other, with) in &all {
                assert_eq!(booked.compare(with, &names), fact.cmp(other), "{fact:?} {other:?}");
                let key_of = |fact: &Fact| fact.since();
                let newer = key_of(fact).cmp(&key_of(other));
                let newer = newer.then_with(|| fact.content_key(&key).cmp(&other.content_key(&key)));
                assert_eq!(booked.wins_over(with, &names, &key), newer.is_gt(), "{fact:?} {other:?}");
            }
        }
    }
}
