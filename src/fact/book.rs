//! Orders and refunds by the id of the order: they are few, and whose they are is not what brings them together.

use chrono::{DateTime, Utc};

use crate::fact::booked::Booked;
use crate::fact::index::{Index, Mix};
use crate::fact::names::{Handle, Names};
use crate::fact::pieces::Pieces;
use crate::fact::{Fact, LeftOut};
use crate::id::Key;
use crate::money::Money;
use crate::text::OrderId;
use crate::time::nanos_of;

/// Every fact about one order. 104 bytes where a pointer has eight, in which the only fact about most of them stands.
#[derive(Clone, Debug)]
pub(crate) struct Book {
    pub(crate) order: OrderId,
    told: Told,
}

#[derive(Clone, Debug)]
enum Told {
    Nothing,
    Once(Booked),
    Often(Box<Often>),
}

/// Several facts about one order.
#[derive(Clone, Debug)]
struct Often {
    /// Versions and refunds, in the order of facts. Each stands by itself, since one that comes late moves the others.
    #[allow(clippy::vec_box, reason = "eight bytes move where one comes late, not 88")]
    facts: Vec<Box<Booked>>,
    /// The place of the version that wins over all others, if there is a version.
    newest: Option<u32>,
    /// When the last of them had come to be.
    complete: DateTime<Utc>,
}

/// What a book of several facts takes beside itself and them: the list, and three places in it for each.
pub(super) const OFTEN_BYTES: usize = size_of::<Often>() + 3 * size_of::<Box<Booked>>();

/// What most orders come to: told once, with nothing given back and nothing to count beside it, and a conversion.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Brief {
    /// Nanoseconds since 1970.
    pub(crate) at: i64,
    pub(crate) value: Money,
    pub(crate) handle: Handle,
}

impl Book {
    fn empty(order: OrderId) -> Self {
        Self { order, told: Told::Nothing }
    }

    /// Versions and refunds, in the order of facts.
    pub(crate) fn facts(&self) -> impl DoubleEndedIterator<Item = &Booked> {
        let (once, often): (Option<&Booked>, &[Box<Booked>]) = match &self.told {
            Told::Nothing => (None, &[]),
            Told::Once(only) => (Some(only), &[]),
            Told::Often(often) => (None, &often.facts),
        };
        once.into_iter().chain(often.iter().map(|held| &**held))
    }

    pub(crate) fn len(&self) -> usize {
        match &self.told {
            Told::Nothing => 0,
            Told::Once(_) => 1,
            Told::Often(often) => often.facts.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn first(&self) -> Option<&Booked> {
        self.facts().next()
    }

    pub(crate) fn last(&self) -> Option<&Booked> {
        self.facts().next_back()
    }

    /// Whether a fact of this instant and id may be here.
    pub(crate) fn may_have(&self, fact: &Fact) -> bool {
        let compare = |held: &Booked| {
            let of_fact = (fact.at, fact.kind.rank() as u8, &fact.id);
            (held.at, held.rank(), &held.id).cmp(&of_fact)
        };
        match &self.told {
            Told::Nothing => false,
            Told::Once(only) => compare(only).is_eq(),
            Told::Often(often) => often.facts.binary_search_by(|held| compare(held)).is_ok(),
        }
    }

    /// Whether a fact is here, under the handle that it would have.
    pub(crate) fn has(&self, booked: &Booked, names: &Names) -> bool {
        match &self.told {
            Told::Nothing => false,
            Told::Once(only) => only.compare(booked, names).is_eq(),
            Told::Often(often) => often.search(booked, names).is_ok(),
        }
    }

    /// Adds a fact that is not here yet.
    pub(crate) fn insert(&mut self, booked: Booked, names: &Names, key: &Key) {
        self.told = match std::mem::replace(&mut self.told, Told::Nothing) {
            Told::Nothing => Told::Once(booked),
            Told::Once(only) => {
                let mut often = Often { facts: Vec::new(), newest: None, complete: DateTime::<Utc>::MIN_UTC };
                often.insert(only, names, key);
                often.insert(booked, names, key);
                Told::Often(Box::new(often))
            }
            Told::Often(mut often) => {
                often.insert(booked, names, key);
                Told::Often(often)
            }
        };
    }

    /// Takes out the facts that satisfy `is`.
    pub(crate) fn take(&mut self, is: impl Fn(&Booked) -> bool, names: &Names, key: &Key) -> Vec<Booked> {
        let all: Vec<Booked> = match std::mem::replace(&mut self.told, Told::Nothing) {
            Told::Nothing => Vec::new(),
            Told::Once(only) => vec![only],
            Told::Often(often) => often.facts.into_iter().map(|booked| *booked).collect(),
        };
        let (taken, kept): (Vec<_>, Vec<_>) = all.into_iter().partition(is);
        kept.into_iter().for_each(|booked| self.insert(booked, names, key));
        taken
    }

    /// The version that wins over all others.
    pub(crate) fn newest(&self) -> Option<&Booked> {
        match &self.told {
            Told::Nothing => None,
            Told::Once(only) => only.version().map(|_| only),
            Told::Often(often) => often.newest.map(|place| &*often.facts[place as usize]),
        }
    }

    /// What it comes to once all of it is seen, if that is told briefly.
    pub(crate) fn brief(&self) -> Option<Brief> {
        let Told::Once(only) = &self.told else { return None };
        let version = only.version()?;
        let plain = version.status.counts() && version.refunds().is_empty();
        let uncounted = only.junk == 0 && only.left_out == LeftOut::default();
        let at = i64::try_from(nanos_of(only.at)).ok()?;
        (plain && uncounted).then_some(Brief { at, value: version.total, handle: only.handle })
    }

    /// Whether all of it had come to be by `as_of`.
    pub(crate) fn seen(&self, as_of: DateTime<Utc>) -> bool {
        match &self.told {
            Told::Nothing => true,
            Told::Once(only) => only.seen(as_of),
            Told::Often(often) => often.complete <= as_of,
        }
    }
}

impl Often {
    /// Where a fact stands, or would have to.
    fn search(&self, booked: &Booked, names: &Names) -> Result<usize, usize> {
        self.facts.binary_search_by(|held| held.compare(booked, names))
    }

    fn insert(&mut self, booked: Booked, names: &Names, key: &Key) {
        let Err(place) = self.search(&booked, names) else { return };
        let newest = self.newest.map(|newest| &self.facts[newest as usize]);
        let wins =
            booked.version().is_some() && newest.is_none_or(|newest| booked.wins_over(newest, names, key));
        if wins {
            self.newest = Some(place as u32);
        } else {
            self.newest = self.newest.map(|newest| newest + u32::from(newest as usize >= place));
        }
        self.complete = self.complete.max(booked.complete());
        self.facts.insert(place, Box::new(booked));
    }
}

/// All books.
#[derive(Clone, Debug)]
pub(crate) struct Books {
    books: Pieces<Book>,
    index: Index,
    /// Books of orders that are gone: they are opened again for others.
    free: Vec<u32>,
    seed: u64,
}

impl Books {
    pub(crate) fn new(seed: u64) -> Self {
        Self { books: Pieces::default(), index: Index::default(), free: Vec::new(), seed }
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
            let (book, free) = (Book::empty(order.clone()), self.free.pop());
            let number = free.unwrap_or(self.books.len() as u32);
            self.index.insert(self.hash(order), number);
            match free {
                Some(free) => self.books[free as usize] = book,
                None => self.books.push(book),
            }
            number
        })
    }

    /// Opens a book at the end; nobody finds it before [`Books::index_all`]. None was closed so far.
    pub(super) fn append(&mut self, order: &OrderId) -> u32 {
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
            if book.is_empty() && !book.order.as_str().is_empty() {
                self.index.remove(self.hash(&book.order), number);
                self.books[number as usize] = Book::empty(OrderId::from(""));
                self.free.push(number);
            }
        }
    }
}
