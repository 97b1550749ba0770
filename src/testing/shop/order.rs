//! Orders and what becomes of them, with the truth beside each.

use chrono::{DateTime, Utc};

use crate::event::{Event, OrderLine, OrderRefund, OrderStatus, RefundLine};
use crate::id::Identifiers;
use crate::money::Money;
use crate::testing::shop::Truth;
use crate::testing::shop::catalogue::PRODUCTS;
use crate::testing::shop::shopper::{Basket, Shopper, Turn};

/// Who buys, and what truly made them.
pub(super) struct Cause<'t> {
    pub buyer: Identifiers,
    pub turn: Option<&'t Turn>,
    /// Whether the events leave no other cause than `turn`.
    pub single: bool,
}

/// What becomes of an order: its state when it is placed, and the steps after that.
struct Fate {
    /// In so many of a hundred orders.
    percent: u64,
    status: OrderStatus,
    free: bool,
    steps: &'static [Step],
}

#[derive(Clone, Copy)]
enum Step {
    SetStatus(OrderStatus),
    AddLine,
    Refund(Part, By),
}

/// How much is given back.
#[derive(Clone, Copy)]
enum Part {
    /// One piece of the first line, and the refund says so.
    Piece,
    /// All that is left.
    Rest,
    /// The whole order and something on top.
    MoreThanAll,
}

/// How the host hears of a refund.
#[derive(Clone, Copy)]
enum By {
    /// An event of its own.
    Delta,
    /// An event of its own, stamped by a clock that runs behind: it stands before its order.
    EarlyDelta,
    /// A new version of the order carries it.
    Snapshot,
    /// Both ways, under one refund id.
    Both,
}

const fn fate(percent: u64, steps: &'static [Step]) -> Fate {
    Fate { percent, status: OrderStatus::Placed, free: false, steps }
}

const FATES: [Fate; 14] = [
    fate(53, &[]),
    fate(8, &[Step::SetStatus(OrderStatus::Paid)]),
    fate(6, &[Step::AddLine]),
    fate(2, &[Step::AddLine, Step::SetStatus(OrderStatus::Paid), Step::AddLine]),
    fate(5, &[Step::SetStatus(OrderStatus::Cancelled)]),
    Fate { status: OrderStatus::Test, ..fate(2, &[]) },
    Fate { free: true, ..fate(3, &[]) },
    fate(6, &[Step::Refund(Part::Piece, By::Delta)]),
    fate(3, &[Step::Refund(Part::Rest, By::Delta)]),
    fate(1, &[Step::Refund(Part::MoreThanAll, By::Delta)]),
    fate(3, &[Step::Refund(Part::Piece, By::Snapshot), Step::AddLine]),
    fate(3, &[Step::Refund(Part::Piece, By::Both)]),
    fate(2, &[Step::Refund(Part::Piece, By::Delta), Step::Refund(Part::Rest, By::Snapshot)]),
    fate(3, &[Step::Refund(Part::Piece, By::EarlyDelta)]),
];

/// An order as the shop keeps it.
struct Draft {
    id: String,
    who: Identifiers,
    placed_at: DateTime<Utc>,
    /// A little before, as a clock that runs behind would have it.
    stamped_early: DateTime<Utc>,
    basket: Basket,
    status: OrderStatus,
    /// Those that snapshots carry.
    refunds: Vec<OrderRefund>,
    /// Minor units given back so far, and in how many refunds.
    refunded: i64,
    refund_count: u32,
}

impl Draft {
    fn total(&self) -> i64 {
        self.basket.lines.iter().map(|line| line.total.minor()).sum()
    }
}

impl Shopper<'_> {
    /// Goes through the checkout with a basket, and lives with the order.
    pub(super) fn order(&mut self, basket: Basket, cause: Cause<'_>) {
        let id = self.next_order();
        let who = cause.buyer.cart(&basket.cart).checkout(format!("checkout-{id}"));
        self.wait(20, 300);
        self.record(Event::checkout_started(self.id(), self.at(), who.clone()));
        self.wait(60, 600);
        let fate = self.fate();
        let mut draft = Draft {
            id,
            who,
            placed_at: self.at(),
            stamped_early: self.before(45),
            basket,
            status: fate.status,
            refunds: Vec::new(),
            refunded: 0,
            refund_count: 0,
        };
        self.reckon(&mut draft, fate.free);
        self.version(&draft);
        for step in fate.steps {
            self.take(*step, &mut draft);
        }
        let left = (draft.total() - draft.refunded).max(0);
        let conversion = draft.status.counts() && (left > 0 || draft.refunded == 0);
        self.know(Truth {
            order: draft.id.into(),
            turn: cause.turn.map(|turn| turn.id.clone()),
            single_cause: cause.single && conversion,
            conversion,
            net: self.money(if conversion { left } else { 0 }),
        });
    }

    fn fate(&mut self) -> &'static Fate {
        let mut drawn = self.random.below(FATES.iter().map(|fate| fate.percent).sum());
        let mut chosen = &FATES[0];
        for fate in &FATES {
            chosen = fate;
            match drawn.checked_sub(fate.percent) {
                Some(rest) => drawn = rest,
                None => break,
            }
        }
        chosen
    }

    /// A discount takes a tenth off each piece, rounded down; shipping is a line of its own.
    fn reckon(&mut self, draft: &mut Draft, free: bool) {
        let discounted = draft.basket.discount_code.is_some();
        for line in &mut draft.basket.lines {
            let pieces = i64::from(line.quantity);
            let piece = line.total.minor() / pieces;
            let off = if free { piece } else { piece / 10 };
            if free || discounted {
                line.total = self.money((piece - off) * pieces);
            }
        }
        if !free && self.random.chance(30) {
            draft.basket.lines.push(OrderLine::new("shipping", 1, self.money(490)));
        }
    }

    fn take(&mut self, step: Step, draft: &mut Draft) {
        self.wait(3_600, 14 * 86_400);
        match step {
            Step::SetStatus(status) => draft.status = status,
            Step::AddLine => {
                let more = self.random.pick(&PRODUCTS);
                let line = self.line(more);
                draft.basket.lines.push(line);
            }
            Step::Refund(part, by) => {
                let refund = self.draw_up(part, draft);
                let at = if matches!(by, By::EarlyDelta) { draft.stamped_early } else { self.at() };
                if !matches!(by, By::Snapshot) {
                    let mut delta = Event::refund(self.id(), at, &refund.refund, &draft.id, refund.amount);
                    for line in &refund.lines {
                        delta = delta.line(line.clone());
                    }
                    self.record(delta);
                }
                if matches!(by, By::Delta | By::EarlyDelta) {
                    return;
                }
                draft.refunds.push(refund);
            }
        }
        self.version(draft);
    }

    /// Writes a refund and books it.
    fn draw_up(&mut self, part: Part, draft: &mut Draft) -> OrderRefund {
        let left = draft.total() - draft.refunded;
        let first = draft.basket.lines.first();
        let piece = first.map_or(0, |line| line.total.minor() / i64::from(line.quantity));
        let amount = self.money(match part {
            Part::Piece => piece,
            Part::Rest => left,
            Part::MoreThanAll => left + 500,
        });
        draft.refunded += amount.minor();
        draft.refund_count += 1;
        let refund = OrderRefund::new(format!("r{}", draft.refund_count), amount);
        match (part, first) {
            (Part::Piece, Some(line)) => refund.line(RefundLine::new(&line.product, amount)),
            _ => refund,
        }
    }

    /// The shop tells of the order's present state.
    fn version(&mut self, draft: &Draft) {
        let total = self.money(draft.total());
        let at = self.at();
        let mut order = Event::order(self.id(), at, draft.who.clone(), &draft.id, total).status(draft.status);
        if at > draft.placed_at {
            order = order.updated_at(at);
        }
        for line in &draft.basket.lines {
            order = order.line(line.clone());
        }
        for refund in &draft.refunds {
            order = order.refund(refund.clone());
        }
        // Half of the orders carry the code itself, the others the page that the session began on.
        order = match &draft.basket.link_code {
            Some(code) if self.number.is_multiple_of(2) => order.code(code.as_str()),
            Some(code) => order.url(format!("https://shop.example/?clq={code}&utm_source=chatbot")),
            None => order,
        };
        if let Some(code) = &draft.basket.discount_code {
            order = order.discount_code(code.as_str());
        }
        self.record(order);
    }

    fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }
}
