//! What things take in memory at the most: what they hold, what is spare beside it, and what moving them takes.
//!
//! A list that is full is copied into a larger one, and both are there for an instant; so are two clusters that
//! become one. Each figure has the most that any of this takes for one thing, so that their sum is above what is on
//! the heap at every instant, and a cap on the sum is a cap on memory.
//!
//! | figure | of |
//! |---|---|
//! | 3 | a list that doubles: what it holds and as much spare, beside the half that is copied |
//! | 1 | a [`Pieces`](super::pieces::Pieces) list: less than a piece is spare, and counted once for all |
//! | 4 | an [`Index`](super::index::Index): 2.7 slots a number at the most, and half as many that are copied |

use crate::error::{ErrorKind, Result};
use crate::event::{Kind, KindRef, OrderLine, OrderRefund, Query, Refund, RefundLine};
use crate::fact::book::{Book, OFTEN_BYTES};
use crate::fact::booked::{self, Booked, Version};
use crate::fact::cluster::Cluster;
use crate::fact::content::{ContentRef, Held};
use crate::fact::door::RowFact;
use crate::fact::names::Name;
use crate::fact::pieces::PIECE;
use crate::fact::rows::Row;
use crate::fact::seen::{SLOTS_EACH, Slot};
use crate::fact::seen_labels;
use crate::fact::{Fact, Facts, Known, Limits};
use crate::text::Code;

/// A slot of an index, of which there are 2.7 a number, beside half as many while it grows.
const INDEXED: u64 = 4 * 8;

/// A row where it stands (twice, in chunks), while its cluster is put in order anew (three times), or on its way
/// there (twice staged, once in a list of its own, once as a place).
const ROW: u64 = 7 * size_of::<Row>() as u64;

/// A byte of the id of an event, staged and where it stays.
const ID_BYTE: u64 = 6;

/// An identifier or a set of them: its name, its place in a cluster, whose it is once that has been asked for, and
/// what remembers it during a call.
const NAME: u64 = size_of::<Name>() as u64 + INDEXED + 3 * 4 + 2 * 16 + SLOTS_EACH * size_of::<Slot>() as u64;

/// A member of a set.
const MEMBER: u64 = 3 * 4;

/// A cluster, its first rows and its first text.
const CLUSTER: u64 = size_of::<Cluster>() as u64 + 3 * size_of::<Row>() as u64 + 2 * 64;

/// A content without its texts.
const CONTENT: u64 = 3 * size_of::<Held>() as u64 + size_of::<Query>() as u64 + INDEXED + 64;

/// A text beside its bytes: counts and padding of the text itself, its place among others of its sort and in lists,
/// who handed it out and used it.
const TEXT: u64 = 24 + 3 * 16 + INDEXED + 3 * (16 + 4) + 3 * 48 + 2 * 16;

/// A fact of a book, and the book.
const BOOKED: u64 = (booked::MOST_BYTES + OFTEN_BYTES) as u64 + size_of::<Book>() as u64 + INDEXED;

/// A line of an order or a refund without its texts, kept and on its way.
const LINE: u64 = 3 * size_of::<OrderLine>() as u64;
const REFUND: u64 = 3 * size_of::<OrderRefund>() as u64;

/// What the smallest lists and the stage take whatever is in them, what remembers labels during a call, and the pieces
/// of long lists: the first one while it doubles, or the last one while it is filled, and the list of them.
const FIRST: u64 = (1 << 16)
    + seen_labels::BYTES as u64
    + 3 * (PIECE * (size_of::<Name>() + size_of::<Cluster>() + size_of::<Book>())) as u64;

const _: () = assert!(size_of::<RefundLine>() <= size_of::<OrderLine>());

fn text(text: &impl AsRef<str>) -> u64 {
    TEXT + text.as_ref().len() as u64
}

fn texts<T: AsRef<str>>(list: impl IntoIterator<Item = T>) -> u64 {
    list.into_iter().map(|one| text(&one)).sum()
}

/// A content with the texts in it.
pub(super) fn content(content: &ContentRef<'_, '_>) -> u64 {
    CONTENT + content.channel.map_or(0, |channel| text(&channel)) + in_kind(content.kind)
}

fn in_kind(kind: &KindRef<'_>) -> u64 {
    match kind {
        KindRef::Query(query) => {
            let labels = [&query.text, &query.query, &query.topic, &query.intent, &query.flow];
            let more = [&query.product_type, &query.language];
            texts(labels.into_iter().chain(more).flatten()) + texts(query.products.iter())
        }
        KindRef::Recommendation(recommendation) => texts(recommendation.products.iter()),
        KindRef::LinkShared(link) => texts(link.code.iter()) + texts(link.product.iter()),
        KindRef::LinkClick(click) => texts(click.code.iter()) + texts(click.product.iter()),
        KindRef::Visit(visit) => texts(visit.code.iter()),
        KindRef::DiscountRequest(request) => texts(request.discount_code.iter()),
        KindRef::DiscountOffer(offer) => texts(offer.discount_code.iter()),
        KindRef::AddToCart(item) => text(&item.product),
        KindRef::RemoveFromCart(item) => text(&item.product),
        KindRef::Goal(goal) => text(&goal.goal),
        // Identifiers are gone from claims; the rest has no text.
        _ => 2 * TEXT,
    }
}

/// A row whose content and identifiers are here.
fn row(fact: &RowFact<'_, '_>) -> u64 {
    let ids = fact.id.bytes().len() + fact.turn.map_or(0, |turn| turn.bytes().len());
    ROW + ID_BYTE * (ids as u64 + 4)
}

/// So many rows on their way, with so many bytes of ids.
pub(super) fn rows(count: usize, ids: usize) -> u64 {
    count as u64 * ROW + ids as u64 * ID_BYTE
}

/// Identifiers of which none is here.
fn names(who: &[Known]) -> u64 {
    let count = who.len() as u64;
    (count + 1) * NAME + count * (CLUSTER + MEMBER)
}

/// What a fact about an order has a list of.
struct Lists<'f> {
    lines: &'f [OrderLine],
    codes: [&'f [Code]; 2],
    refunds: &'f [OrderRefund],
}

impl Lists<'_> {
    fn bytes(&self) -> u64 {
        let lines = self.lines.iter().map(|line| LINE + text(&line.product) + texts(&line.product_type));
        let refunds = self.refunds.iter().map(|one| REFUND + text(&one.refund) + refund_lines(&one.lines));
        lines.chain(refunds).sum::<u64>() + self.codes.iter().map(|codes| texts(*codes)).sum::<u64>()
    }
}

fn refund_lines(lines: &[RefundLine]) -> u64 {
    lines.iter().map(|line| LINE + text(&line.product)).sum()
}

fn refund(refund: &Refund) -> u64 {
    text(&refund.refund) + refund_lines(&refund.lines)
}

/// An order or a refund on its way.
pub(super) fn booked(fact: &Fact) -> u64 {
    let ids = texts([&fact.id].into_iter().chain(&fact.turn)) + texts(&fact.channel);
    let told = match &fact.kind {
        Kind::Order(order) => {
            let codes = [&*order.codes, &*order.discount_codes];
            let lists = Lists { lines: &order.lines, codes, refunds: &order.refunds };
            text(&order.order) + lists.bytes()
        }
        Kind::Refund(told) => text(&told.order) + refund(told),
        _ => 0,
    };
    BOOKED + ids + told
}

/// The same in its book.
pub(super) fn held(booked: &Booked, book: &Book) -> u64 {
    let ids = texts([&booked.id].into_iter().chain(booked.turn())) + texts(booked.channel());
    let lists = |version: &Version| {
        let codes = [version.codes(), version.discount_codes()];
        Lists { lines: version.lines(), codes, refunds: version.refunds() }.bytes()
    };
    let told = booked.version().map_or(0, lists) + booked.refund().map_or(0, refund);
    BOOKED + ids + text(&book.order) + told
}

impl Facts {
    /// What the facts take at the most, beside [`Limits::first_bytes`].
    pub(super) fn bytes(&self) -> u64 {
        let names = self.names.len() as u64 * NAME + self.names.members_len() as u64 * MEMBER;
        let clusters = self.names.identifiers() as u64 * CLUSTER;
        let rows = self.len() as u64 * ROW + self.id_bytes * ID_BYTE;
        names + clusters + rows + self.contents.bytes() + self.book_bytes
    }

    /// Whether so much more fits; it is worked out where there is a cap only.
    pub(super) fn fits_bytes(&self, more: impl FnOnce(&Self) -> u64) -> Result<()> {
        let limit = self.limits().bytes;
        if limit == u64::MAX || self.bytes().saturating_add(more(self)) <= limit {
            return Ok(());
        }
        Err(ErrorKind::Full { what: "bytes", limit }.into())
    }

    /// Whether a row fits by bytes and labels.
    pub(super) fn fits_row(&self, fact: &RowFact<'_, '_>) -> Result<()> {
        self.fits_bytes(|held| held.row_bytes(fact))?;
        self.fits_labels(&fact.content)
    }

    /// Whether an order or a refund does.
    pub(super) fn fits_booked(&self, fact: &Fact) -> Result<()> {
        self.fits_bytes(|held| held.booked_bytes(fact))?;
        self.fits_codes(fact)
    }

    /// What a row takes, its content and its identifiers included where these are new.
    pub(super) fn row_bytes(&self, fact: &RowFact<'_, '_>) -> u64 {
        let unknown = if self.contents.find(&fact.content).is_some() { 0 } else { content(&fact.content) };
        let names = if self.names.find(&fact.who).is_some() { 0 } else { names(&fact.who) };
        row(fact) + unknown + names
    }

    /// What an order or a refund takes, its identifiers included where these are new.
    pub(super) fn booked_bytes(&self, fact: &Fact) -> u64 {
        booked(fact) + if self.names.find(&fact.who).is_some() { 0 } else { names(&fact.who) }
    }
}

impl Limits {
    /// A bound on the heap that a tracker under these limits takes at any instant while events are taken in, in
    /// bytes: whatever arrives, how often and in which order.
    ///
    /// It is [`Limits::bytes`] and what an empty tracker and one event on its way take; where the caps on facts,
    /// identifiers and labels and the sizes of each are tighter, these. Answers take memory of their own while they
    /// are made and give it back. An event that the host holds is the host's. Tombstones come on top: at most 256 bytes
    /// for each identifier, event and refund that an erasure reached, and 1,024 for each order.
    ///
    /// ```
    /// let mut limits = clinch::Limits::default();
    /// limits.bytes = 1 << 30;
    /// assert!(limits.max_bytes() > 1 << 30 && limits.max_bytes() < (1 << 30) + (1 << 24));
    /// ```
    pub fn max_bytes(&self) -> u64 {
        self.first_bytes().saturating_add(self.bytes.min(self.bytes_by_count()))
    }

    /// What an empty tracker takes, and one event on its way.
    fn first_bytes(&self) -> u64 {
        let texts = (self.text_bytes as u64).saturating_add(TEXT).saturating_mul(self.values as u64 * 2 + 16);
        let lines = (self.order_lines as u64).saturating_mul(2 * LINE + REFUND);
        FIRST.saturating_add(texts).saturating_add(lines).saturating_add(2 * self.question_bytes as u64)
    }

    /// What a row takes that is as large as it may be and like no other, without its identifiers' clusters.
    pub(super) fn row_at_most(&self) -> u64 {
        let long = TEXT.saturating_add(self.text_bytes as u64);
        let labels = long.saturating_mul(self.values as u64 + 8).saturating_add(self.question_bytes as u64);
        let ids = ID_BYTE.saturating_mul(2 * self.text_bytes as u64 + 4);
        (ROW + CONTENT + 8 * (NAME + MEMBER)).saturating_add(labels).saturating_add(ids)
    }

    /// What as many facts as there may be take, each of them as large as it may be and like no other.
    fn bytes_by_count(&self) -> u64 {
        let long = TEXT.saturating_add(self.text_bytes as u64);
        let row = self.row_at_most();
        let line = LINE.saturating_add(long.saturating_mul(2));
        let lines = (2 * line).saturating_add(REFUND + long).saturating_mul(self.order_lines as u64);
        let codes = long.saturating_mul(2 * self.values as u64 + 8);
        let booked = (BOOKED + 8 * (NAME + MEMBER)).saturating_add(lines).saturating_add(codes);
        let identifiers = self.identifiers.saturating_mul(NAME + CLUSTER);
        self.facts.saturating_mul(row.max(booked)).saturating_add(identifiers)
    }
}
