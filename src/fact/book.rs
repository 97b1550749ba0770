//! Orders and refunds by the id of the order: they are few, and whose they are is not what brings them together.

use chrono::{DateTime, Utc};
use smallvec::SmallVec;

use crate::fact::door::newer;
use crate::fact::index::{Index, Mix, make_room};
use crate::fact::names::Handle;
use crate::fact::{Fact, LeftOut};
use crate::id::Key;
use crate::money::Money;
use crate::text::OrderId;
use crate::time::nanos_of;

/// Every fact about one order.
#[derive(Clone, Debug)]
pub(crate) struct Book {
    pub(crate) order: OrderId,
    /// Versions and refunds, in the order of facts; up to two are named in the book itself. Each stands by itself, since
    /// a version that comes late moves the others.
    pub(crate) facts: SmallVec<[Box<Booked>; 2]>,
    /// The place of the version that wins over all others, if there is a version.
    newest: Option<u32>,
    /// When the last of them had come to be.
    complete: DateTime<Utc>,
    brief: Option<Brief>,
}

/// What most orders come to: told once, with nothing given back and nothing to count beside it, and a conversion.
/// It stands in the book itself, so that an answer does not look for the whole fact.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Brief {
    /// Nanoseconds since 1970.
    pub(crate) at: i64,
    pub(crate) value: Money,
    pub(crate) handle: Handle,
}

impl Brief {
    fn of(booked: &Booked) -> Option<Self> {
        let Booked { fact, handle } = booked;
        let order = fact.order()?;
        let plain = order.status.counts() && order.refunds.is_empty();
        let uncounted = fact.junk == 0 && fact.left_out == LeftOut::default();
        let at = i64::try_from(nanos_of(fact.at)).ok()?;
        (plain && uncounted).then_some(Self { at, value: order.total, handle: *handle })
    }
}

/// One version of an order, or one refund.
#[derive(Clone, Debug)]
pub(crate) struct Booked {
    pub(crate) fact: Fact,
    pub(crate) handle: Handle,
}

impl Book {
    fn empty(order: OrderId) -> Self {
        Self { order, facts: SmallVec::new(), newest: None, complete: DateTime::<Utc>::MIN_UTC, brief: None }
    }

    /// Where a fact stands, or would have to.
    pub(crate) fn search(&self, fact: &Fact) -> Result<usize, usize> {
        self.facts.binary_search_by(|held| held.fact.cmp(fact))
    }

    /// Adds a fact that is not here yet.
    pub(crate) fn insert(&mut self, booked: Booked, key: &Key) {
        let Err(place) = self.search(&booked.fact) else { return };
        let wins = booked.fact.order().is_some()
            && self.newest().is_none_or(|newest| newer(&booked.fact, &newest.fact, key));
        if wins {
            self.newest = Some(place as u32);
        } else {
            self.newest = self.newest.map(|newest| newest + u32::from(newest as usize >= place));
        }
        self.complete = self.complete.max(booked.fact.at).max(booked.fact.version());
        self.facts.insert(place, Box::new(booked));
        self.brief = match self.facts.as_slice() {
            [only] => Brief::of(only),
            _ => None,
        };
    }

    /// Takes out the facts that satisfy `is`.
    pub(crate) fn take(&mut self, is: impl Fn(&Booked) -> bool, key: &Key) -> Vec<Booked> {
        let (taken, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.facts).into_iter().partition(|held| is(held));
        (self.newest, self.complete, self.brief) = (None, DateTime::<Utc>::MIN_UTC, None);
        for booked in kept {
            self.insert(*booked, key);
        }
        taken.into_iter().map(|booked| *booked).collect()
    }

    /// The version that wins over all others.
    pub(crate) fn newest(&self) -> Option<&Booked> {
        self.newest.map(|place| &*self.facts[place as usize])
    }

    /// What it comes to once all of it is seen, if that is told briefly.
    pub(crate) fn brief(&self) -> Option<Brief> {
        self.brief
    }

    /// Whether all of it had come to be by `as_of`.
    pub(crate) fn seen(&self, as_of: DateTime<Utc>) -> bool {
        self.complete <= as_of
    }
}

/// All books.
#[derive(Clone, Debug)]
pub(crate) struct Books {
    books: Vec<Book>,
    index: Index,
    /// Books of orders that are gone: they are opened again for others.
    free: Vec<u32>,
    seed: u64,
}

impl Books {
    pub(crate) fn new(seed: u64) -> Self {
        Self { books: Vec::new(), index: Index::default(), free: Vec::new(), seed }
    }

    pub(crate) fn len(&self) -> usize {
        self.books.len()
    }

    pub(crate) fn get(&self, number: u32) -> &Book {
        &self.books[number as usize]
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> &mut Book {
        &mut self.books[number as usize]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Book> {
        self.books.iter()
    }

    pub(crate) fn find(&self, order: &OrderId) -> Option<u32> {
        self.index.find(self.hash(order), |number| self.books[number as usize].order == *order)
    }

    pub(super) fn hash(&self, order: &OrderId) -> u32 {
        Mix::new(self.seed).text(order.as_str().as_bytes())
    }

    /// The book of an order, opened now if there is none.
    pub(crate) fn open(&mut self, order: &OrderId) -> u32 {
        self.find(order).unwrap_or_else(|| {
            let number = self.free.pop().unwrap_or(self.books.len() as u32);
            self.index.insert(self.hash(order), number);
            let book = Book::empty(order.clone());
            match self.books.get_mut(number as usize) {
                Some(held) => *held = book,
                None => {
                    make_room(&mut self.books);
                    self.books.push(book);
                }
            }
            number
        })
    }

    /// Opens a book at the end; nobody finds it before [`Books::index_all`]. None was closed so far.
    pub(super) fn append(&mut self, order: &OrderId) -> u32 {
        make_room(&mut self.books);
        self.books.push(Book::empty(order.clone()));
        (self.books.len() - 1) as u32
    }

    /// Makes everything found that was appended, by its hashes; says whether all orders differ.
    pub(super) fn index_all(&mut self, hashes: &[u32]) -> bool {
        let order = |number: u32| &self.books[number as usize].order;
        let index = Index::of(0, hashes.iter().copied(), |one, other| order(one) == order(other));
        index.map(|index| self.index = index).is_some()
    }

    /// Closes the books without a fact; nothing of their orders stays.
    pub(crate) fn close_empty(&mut self) {
        for number in 0..self.books.len() as u32 {
            let book = &self.books[number as usize];
            if book.facts.is_empty() && !book.order.as_str().is_empty() {
                self.index.remove(self.hash(&book.order), number);
                self.books[number as usize] = Book::empty(OrderId::from(""));
                self.free.push(number);
            }
        }
    }
}
