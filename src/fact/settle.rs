//! Brings facts in line with tombstones and horizons.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Result;
use crate::event::Kind;
use crate::fact::names::Handle;
use crate::fact::set::Facts;
use crate::fact::tombstone::{Asking, Class, Stone};
use crate::fact::{Book, Fact, blot};
use crate::text::OrderId;
use crate::time::nanos_of;

/// What went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Removed {
    /// Facts by kind; those of erased orders too, whose money stays.
    pub(crate) facts: BTreeMap<&'static str, u64>,
    /// Orders whose money is told without them from now on.
    pub(crate) orders: BTreeSet<OrderId>,
    /// Texts of questions.
    pub(crate) texts: u64,
}

impl Removed {
    pub(crate) fn count(&mut self, fact: &Fact) {
        *self.facts.entry(fact.kind.name()).or_default() += 1;
    }
}

impl Facts {
    /// Takes out what tombstones and horizons refuse of all facts.
    pub(crate) fn settle_all(&mut self) -> Result<Removed> {
        let clusters = (0..self.clusters.len() as u32).collect();
        self.settle(&clusters, (0..self.books.len() as u32).collect())
    }

    /// Takes out what tombstones and horizons refuse of the facts of these clusters and orders. [`Facts::sweep`] has
    /// to run after it.
    pub(crate) fn settle(&mut self, clusters: &BTreeSet<u32>, mut books: BTreeSet<u32>) -> Result<Removed> {
        let mut removed = Removed::default();
        for number in clusters {
            books.extend(&self.clusters[*number as usize].books);
        }
        let mut rebuilt = BTreeSet::new();
        let mut kept = Vec::new();
        for number in books {
            self.settle_book(number, &mut removed, &mut rebuilt, &mut kept);
        }
        for number in clusters.iter().filter(|number| !rebuilt.contains(*number)).collect::<Vec<_>>() {
            if self.has_refused(*number) {
                rebuilt.insert(*number);
            }
        }
        for number in rebuilt {
            for (_, mut fact) in self.take_out(number) {
                if !matches!(fact.kind, Kind::Order(_) | Kind::Refund(_)) {
                    if !self.may_stay(&fact) {
                        removed.count(&fact);
                        continue;
                    }
                    self.blot(&mut fact);
                    removed.texts += u64::from(self.forget_old_text(&mut fact));
                }
                kept.push(fact);
            }
        }
        self.put_back(kept)?;
        Ok(removed)
    }

    /// Whether no fact is here that tombstones or horizons refuse, and none says what they take out.
    pub(super) fn is_settled(&self) -> bool {
        if self.gone.is_empty() {
            return true;
        }
        let is_whole = |fact: &Fact| {
            let mut told = fact.clone();
            self.blot(&mut told);
            !self.forget_old_text(&mut told) && self.may_stay(fact) && told == *fact
        };
        let is_kept = |book: &Book| {
            let goes = |held: &Fact| held.order().is_some() && self.erasing(held).is_some();
            book.is_empty()
                || !self.gone.orders.contains_key(&self.order_name(&book.order))
                    && !self.facts_of(book).any(|held| goes(&held))
        };
        self.facts().all(|fact| is_whole(&fact)) && self.books.iter().all(is_kept)
    }

    /// Takes in the facts of another set as far as the tombstones and horizons of either let them.
    pub(super) fn merge_settled(&mut self, other: &Self) -> Result<()> {
        self.gone.join(&other.gone);
        for fact in other.facts().filter(|fact| fact.order().is_some()) {
            if let (Some(as_of), Some(order)) = (self.erasing(&fact), fact.order()) {
                let name = self.order_name(&order.order);
                self.gone.bury_order(name, as_of, false);
            }
        }
        let _removed = self.settle_all()?;
        for mut fact in other.facts() {
            if self.absorb(&fact).is_some() {
                continue;
            }
            let is_booked = matches!(fact.kind, Kind::Order(_) | Kind::Refund(_));
            let stays = if is_booked { self.mend(&mut fact) } else { self.may_stay(&fact) };
            if stays {
                self.blot(&mut fact);
                self.forget_old_text(&mut fact);
                let _recorded = self.insert(fact)?;
            }
        }
        self.sweep();
        Ok(())
    }

    /// The whole facts about an order.
    pub(crate) fn facts_of(&self, book: &Book) -> impl Iterator<Item = Fact> {
        book.facts().map(|booked| booked.fact(&book.order, &self.names))
    }

    /// Takes the facts of one order out that may not stay; all of them if it was erased, or if one of its versions
    /// names somebody who was.
    fn settle_book(
        &mut self,
        number: u32,
        removed: &mut Removed,
        rebuilt: &mut BTreeSet<u32>,
        kept: &mut Vec<Fact>,
    ) {
        let book = self.books.get(number);
        if book.is_empty() {
            return;
        }
        let order = book.order.clone();
        let versions = self.facts_of(book).filter(|fact| fact.order().is_some());
        let erasing = versions.filter_map(|fact| self.erasing(&fact)).max();
        let name = self.order_name(&order);
        if let Some(as_of) = erasing {
            self.gone.bury_order(name, as_of, false);
        }
        let clusters: Vec<u32> =
            self.books.get(number).facts().map(|held| self.names.cluster(held.handle)).collect();
        if self.gone.orders.contains_key(&name) {
            if self.books.get(number).newest().is_some() {
                removed.orders.insert(order.clone());
            }
            for fact in self.take_order(&order) {
                removed.count(&fact);
                let _changed = self.absorb(&fact);
            }
            rebuilt.extend(clusters);
            return;
        }
        let refused = |fact: &Fact| !self.may_stay(fact) || self.blot_of(fact) != 0;
        let refused: BTreeSet<usize> = (0..)
            .zip(self.facts_of(self.books.get(number)))
            .filter(|(_, fact)| refused(fact))
            .map(|(place, _)| place)
            .collect();
        if refused.is_empty() {
            return;
        }
        // They come in the order in which they stand in the book.
        for (place, mut fact) in self.take_order(&order).into_iter().enumerate() {
            if refused.contains(&place) && !self.mend(&mut fact) {
                removed.count(&fact);
            } else {
                kept.push(fact);
            }
        }
        rebuilt.extend(clusters);
    }

    /// Makes a fact about an order into one that may stay, if that can be done: a refund is told without the
    /// identifiers of whom was erased, and texts that speak of somebody erased are left out.
    pub(super) fn mend(&self, fact: &mut Fact) -> bool {
        if fact.refund().is_some() && self.erasing(fact).is_some() {
            fact.who = self.unburied(fact).into();
        }
        self.blot(fact);
        self.may_stay(fact)
    }

    /// Up to when whom a fact about an order names was erased, if it is that old.
    pub(super) fn erasing(&self, fact: &Fact) -> Option<i128> {
        let stone = self.gone.stone(&fact.who, fact.kind.rank(), self.key());
        stone.everything.filter(|_| stone.buries(nanos_of(fact.at)))
    }

    /// Whether a row of a cluster may not stay as it is.
    fn has_refused(&self, number: u32) -> bool {
        let cluster = &self.clusters[number as usize];
        // By handle, and whether it is a mere claim.
        let mut stones: BTreeMap<(Handle, bool), Stone> = BTreeMap::new();
        cluster.rows.iter().any(|row| {
            let (at, held) = (row.at.nanos(), self.contents.get(row.content));
            let rank = usize::from(held.rank);
            let stone = || self.gone.stone(&self.names.who(row.handle), rank, self.key());
            let stone = *stones.entry((row.handle, matches!(rank, 1..=3))).or_insert_with(stone);
            let old_text = matches!(&held.content.kind, Kind::Query(query) if query.text.is_some())
                && self.gone.horizons.text.is_some_and(|horizon| at < horizon);
            old_text
                || self.gone.passes(Class::of(rank), at, stone).is_err()
                || (!self.gone.events.is_empty() && self.blot_of(&self.fact(cluster, row)) != 0)
        })
    }

    pub(super) fn forget_old_text(&self, fact: &mut Fact) -> bool {
        let old = self.gone.horizons.text.is_some_and(|horizon| nanos_of(fact.at) < horizon);
        match &mut fact.kind {
            Kind::Query(query) if old => query.text.take().is_some(),
            _ => false,
        }
    }

    /// The fields that are to be taken out of a fact.
    fn blot_of(&self, fact: &Fact) -> u16 {
        if self.gone.events.is_empty() {
            return 0;
        }
        let id = self.kept_id(fact);
        let asking = Asking { rank: fact.kind.rank(), at: nanos_of(fact.at), id: &id, who: &fact.who };
        self.gone.blot(asking, self.key())
    }

    pub(super) fn blot(&self, fact: &mut Fact) {
        blot::blot(self.blot_of(fact), fact);
    }
}
