//! What facts say, as bytes.

use crate::event::{Kind, OrderRefund, OrderStatus, Purpose, Refund, RefundLine};
use crate::fact::booked::{Booked, Version};
use crate::fact::index::{Index, Mix};
use crate::fact::snapshot::frame::put;
use crate::id::IdKind;
use crate::money::Money;
use crate::text::Label;
use crate::time::Instant;

/// Every text that contents and orders have, each once.
pub(super) struct Words<'f> {
    list: Vec<&'f str>,
    index: Index,
    seed: u64,
    /// Places in text order, once all are known.
    ranks: Vec<u32>,
}

impl<'f> Words<'f> {
    pub(super) fn new(seed: u64) -> Self {
        Self { list: Vec::new(), index: Index::default(), seed, ranks: Vec::new() }
    }

    fn find(&self, text: &str) -> (u32, Option<u32>) {
        let hash = Mix::new(self.seed).text(text.as_bytes());
        (hash, self.index.find(hash, |number| self.list[number as usize] == text))
    }

    pub(super) fn note(&mut self, text: &'f str) {
        if let (hash, None) = self.find(text) {
            self.index.insert(hash, self.list.len() as u32);
            self.list.push(text);
        }
    }

    /// Puts them in order; from now on each has a place.
    pub(super) fn sort(&mut self) -> Vec<&'f str> {
        let order = in_order(self.list.iter().map(|text| text.as_bytes()));
        self.ranks = vec![0; order.len()];
        for (rank, number) in (0..).zip(&order) {
            self.ranks[*number as usize] = rank;
        }
        order.iter().map(|number| self.list[*number as usize]).collect()
    }

    fn place(&self, text: &str) -> u64 {
        let (_, number) = self.find(text);
        number.map_or(0, |number| u64::from(self.ranks[number as usize]))
    }
}

/// The places of all items in the order of their bytes. What they begin with is held beside them: most comparisons
/// then look at nothing else.
pub(super) fn in_order<'b>(items: impl Iterator<Item = &'b [u8]>) -> Vec<u32> {
    let begin = |bytes: &[u8]| {
        let mut begin = [0; 16];
        let count = bytes.len().min(16);
        begin[..count].copy_from_slice(&bytes[..count]);
        [0, 8].map(|at| begin[at..at + 8].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)))
    };
    let mut order: Vec<_> = items.zip(0..).map(|(bytes, place)| (begin(bytes), bytes, place)).collect();
    order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(b.1)));
    order.into_iter().map(|(_, _, place)| place).collect()
}

/// Calls `each` with every text of a content that is told by its place.
pub(super) fn each_text<'f>(kind: &'f Kind, channel: Option<&'f Label>, mut each: impl FnMut(&'f str)) {
    channel.into_iter().for_each(|channel| each(channel.as_str()));
    kind.products().iter().for_each(|product| each(product.as_str()));
    match kind {
        Kind::Query(query) => {
            let labels = [&query.text, &query.query, &query.topic, &query.intent, &query.flow];
            let more = [&query.product_type, &query.language];
            labels.into_iter().chain(more).flatten().for_each(|label| each(label.as_str()));
        }
        Kind::Visit(visit) => visit.code.iter().for_each(|code| each(code.as_str())),
        Kind::LinkShared(link) => link.code.iter().for_each(|code| each(code.as_str())),
        Kind::LinkClick(click) => click.code.iter().for_each(|code| each(code.as_str())),
        Kind::DiscountRequest(request) => {
            request.discount_code.iter().for_each(|code| each(code.as_str()));
        }
        Kind::DiscountOffer(offer) => offer.discount_code.iter().for_each(|code| each(code.as_str())),
        Kind::Goal(goal) => each(goal.goal.as_str()),
        _ => {}
    }
}

/// The same of a fact about an order.
pub(super) fn each_booked_text<'f>(booked: &'f Booked, mut each: impl FnMut(&'f str)) {
    booked.channel().into_iter().for_each(|channel| each(channel.as_str()));
    if let Some(version) = booked.version() {
        for line in version.lines() {
            each(line.product.as_str());
            line.product_type.iter().for_each(|label| each(label.as_str()));
        }
        let codes = version.codes().iter().chain(version.discount_codes());
        codes.for_each(|code| each(code.as_str()));
        let lines = version.refunds().iter().flat_map(|refund| &refund.lines);
        lines.for_each(|line| each(line.product.as_str()));
    }
    let refunded = booked.refund().map_or(&[][..], |refund| &refund.lines);
    refunded.iter().for_each(|line| each(line.product.as_str()));
}

/// Puts what facts say behind other bytes.
pub(super) struct Pen<'p, 'f> {
    pub(super) bytes: &'p mut Vec<u8>,
    pub(super) words: &'p Words<'f>,
    /// Ids are pseudonyms.
    pub(super) hashed: bool,
}

impl Pen<'_, '_> {
    pub(super) fn number(&mut self, number: u64) {
        put(self.bytes, number);
    }

    fn list<T>(&mut self, list: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.number(list.len() as u64);
        list.iter().for_each(|item| each(self, item));
    }

    fn word(&mut self, text: &impl AsRef<str>) {
        self.number(self.words.place(text.as_ref()));
    }

    /// Nothing, or a text whose place is one less.
    pub(super) fn maybe<T: AsRef<str>>(&mut self, text: &Option<T>) {
        let place = text.as_ref().map_or(0, |text| 1 + self.words.place(text.as_ref()));
        self.number(place);
    }

    /// An amount, which is never negative where facts are.
    fn amount(&mut self, amount: Money) {
        self.number(amount.minor() as u64);
    }

    pub(super) fn money(&mut self, money: &Option<Money>) {
        match money {
            None => self.number(0),
            Some(money) => {
                self.number(1);
                self.currency(*money);
                self.amount(*money);
            }
        }
    }

    fn currency(&mut self, money: Money) {
        self.bytes.extend_from_slice(money.currency().code().as_bytes());
    }

    /// An id: text behind its length, or the pseudonym of so many bytes that its digits stand for.
    pub(super) fn id(&mut self, id: &str) {
        if !self.hashed {
            self.number(id.len() as u64);
            self.bytes.extend_from_slice(id.as_bytes());
            return;
        }
        let digit = |digit: u8| (digit as char).to_digit(16).unwrap_or_default() as u8;
        self.bytes.extend(id.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])));
    }

    /// An instant by itself.
    pub(super) fn instant(&mut self, at: Instant) {
        let (seconds, nanos) = at.parts();
        self.time(zigzag(seconds), nanos);
    }

    /// Seconds with the unit of what follows them, and that.
    pub(super) fn time(&mut self, seconds: u64, nanos: u32) {
        let (unit, rest) = match nanos {
            0 => (0, 0),
            _ if nanos.is_multiple_of(1_000_000) => (1, nanos / 1_000_000),
            _ if nanos.is_multiple_of(1_000) => (2, nanos / 1_000),
            _ => (3, nanos),
        };
        self.number(seconds << 2 | unit);
        if unit > 0 {
            self.number(u64::from(rest));
        }
    }

    /// What a fact says that is no order and no refund, without its number among the kinds.
    pub(super) fn kind(&mut self, kind: &Kind) {
        match kind {
            Kind::Consent(consent) => {
                let purpose = Purpose::ALL.iter().position(|purpose| *purpose == consent.purpose);
                self.bytes.extend([purpose.unwrap_or_default() as u8, u8::from(consent.granted)]);
            }
            Kind::ClaimWithdrawn(claim) => {
                let kinds = [claim.one.kind(), claim.other.kind()];
                self.bytes.extend(kinds.map(kind_number));
            }
            Kind::Visit(visit) => self.maybe(&visit.code),
            Kind::Query(query) => {
                let labels = [&query.text, &query.query, &query.topic, &query.intent, &query.flow];
                let more = [&query.product_type, &query.language];
                labels.into_iter().chain(more).for_each(|label| self.maybe(label));
                self.list(&query.products, Self::word);
                self.money(&query.cost);
            }
            Kind::Recommendation(recommendation) => self.list(&recommendation.products, Self::word),
            Kind::LinkShared(link) => {
                self.maybe(&link.code);
                self.maybe(&link.product);
            }
            Kind::LinkClick(click) => {
                self.maybe(&click.code);
                self.maybe(&click.product);
            }
            Kind::DiscountRequest(request) => self.maybe(&request.discount_code),
            Kind::DiscountOffer(offer) => self.maybe(&offer.discount_code),
            Kind::AddToCart(item) => {
                self.word(&item.product);
                self.number(u64::from(item.quantity));
                self.money(&item.price);
            }
            Kind::RemoveFromCart(item) => {
                self.word(&item.product);
                self.number(u64::from(item.quantity));
                self.money(&item.price);
            }
            Kind::Feedback(feedback) => self.bytes.push(u8::from(feedback.helpful)),
            Kind::Goal(goal) => {
                self.word(&goal.goal);
                self.money(&goal.value);
            }
            Kind::Identify(_) | Kind::CustomerMerged(_) | Kind::CheckoutStarted(_) => {}
            // These stand in books.
            Kind::Order(_) | Kind::Refund(_) => {}
        }
    }

    /// A refund without the id of its order.
    pub(super) fn refund(&mut self, refund: &Refund) {
        self.id(refund.refund.as_str());
        self.currency(refund.amount);
        self.amount(refund.amount);
        self.refund_lines(&refund.lines);
    }

    /// An order without its id.
    pub(super) fn version(&mut self, version: &Version) {
        self.currency(version.total);
        self.amount(version.total);
        self.status(version.status);
        match version.updated_at {
            None => self.number(0),
            Some(at) => {
                self.number(1);
                self.instant(Instant::new(at));
            }
        }
        self.list(version.lines(), |pen, line| {
            pen.word(&line.product);
            pen.maybe(&line.product_type);
            pen.number(u64::from(line.quantity));
            pen.amount(line.total);
        });
        self.list(version.codes(), Self::word);
        self.list(version.discount_codes(), Self::word);
        self.list(version.refunds(), |pen, refund: &OrderRefund| {
            pen.id(refund.refund.as_str());
            pen.amount(refund.amount);
            pen.refund_lines(&refund.lines);
        });
    }

    pub(super) fn status(&mut self, status: OrderStatus) {
        let place = OrderStatus::ALL.iter().position(|one| *one == status);
        self.bytes.push(place.unwrap_or_default() as u8);
    }

    fn refund_lines(&mut self, lines: &[RefundLine]) {
        self.list(lines, |pen, line| {
            pen.word(&line.product);
            pen.amount(line.amount);
        });
    }
}

/// Kinds of identifiers by their place, narrow to broad.
pub(super) fn kind_number(kind: IdKind) -> u8 {
    IdKind::ALL.iter().position(|one| *one == kind).unwrap_or_default() as u8
}

/// Signed numbers so that small ones stay small: 0, -1, 1, -2, ...
fn zigzag(number: i64) -> u64 {
    (number << 1 ^ number >> 63) as u64
}
