//! Orders and refunds by the id of the order: they are few, and whose they are is not what brings them together.

use crate::fact::Fact;
use crate::fact::index::{Index, Mix};
use crate::fact::names::Handle;
use crate::text::OrderId;

/// Every fact about one order.
#[derive(Clone, Debug)]
pub(crate) struct Book {
    pub(crate) order: OrderId,
    /// Versions and refunds, in the order of facts.
    pub(crate) facts: Vec<Box<Booked>>,
}

/// One version of an order, or one refund.
#[derive(Clone, Debug)]
pub(crate) struct Booked {
    pub(crate) fact: Fact,
    pub(crate) handle: Handle,
}

impl Book {
    /// Where a fact stands, or would have to.
    pub(crate) fn search(&self, fact: &Fact) -> Result<usize, usize> {
        self.facts.binary_search_by(|held| held.fact.cmp(fact))
    }
}

/// All books.
#[derive(Clone, Debug)]
pub(crate) struct Books {
    books: Vec<Book>,
    index: Index,
    seed: u64,
}

impl Books {
    pub(crate) fn new(seed: u64) -> Self {
        Self { books: Vec::new(), index: Index::default(), seed }
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

    fn hash(&self, order: &OrderId) -> u32 {
        Mix::new(self.seed).text(order.as_str().as_bytes())
    }

    /// The book of an order, opened now if there is none.
    pub(crate) fn open(&mut self, order: &OrderId) -> u32 {
        self.find(order).unwrap_or_else(|| {
            let number = self.books.len() as u32;
            self.index.insert(self.hash(order), number);
            self.books.push(Book { order: order.clone(), facts: Vec::new() });
            number
        })
    }
}
