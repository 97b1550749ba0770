//! Facts go out again: clusters are taken out whole, what stays is put back, and what nobody uses any more is let go.

use std::collections::BTreeSet;

use crate::error::Result;
use crate::event::KindRef;
use crate::fact::booked::Booked;
use crate::fact::door::{Door, ORDER_DOMAIN, REFUND_DOMAIN};
use crate::fact::names::Handle;
use crate::fact::set::Facts;
use crate::fact::tombstone::{Asking, event_name, id_name, order_of};
use crate::fact::{Book, Fact, Known, Limits, bytes};
use crate::id::{Pseudonym, siphash128};
use crate::text::OrderId;
use crate::time::nanos_of;

impl Facts {
    /// Takes all facts out that name an identifier of a cluster, each with the handle that it had; what stays has to
    /// be put back by [`Facts::put_back`], and then [`Facts::sweep`] has to run.
    pub(crate) fn take_out(&mut self, number: u32) -> Vec<(Handle, Fact)> {
        let cluster = std::mem::take(&mut self.clusters[number as usize]);
        let mut facts: Vec<(Handle, Fact)> =
            cluster.rows.iter().map(|row| (row.handle, self.fact(&cluster, row))).collect();
        for book in &cluster.books {
            let names = &self.names;
            let is_here = |booked: &Booked| names.cluster(booked.handle) == number;
            let book = self.books.get_mut(*book);
            let taken = book.take(is_here, names, &self.key);
            facts.extend(taken.iter().map(|booked| (booked.handle, booked.fact(&book.order, names))));
        }
        cluster.handles.iter().for_each(|handle| self.names.remove(*handle));
        if number != 0 {
            self.free.push(number);
        }
        self.forget_count(facts.len());
        facts
    }

    /// Puts facts back that were taken out before, unless they are told as the money of an erased order from now on.
    pub(crate) fn put_back(&mut self, facts: impl IntoIterator<Item = Fact>) -> Result<()> {
        // They were here before, so they are within every cap, whatever has not been swept yet.
        let open = Limits {
            facts: u64::MAX,
            identifiers: u64::MAX,
            bytes: u64::MAX,
            labels: (1 << 32) - 2,
            ..self.limits.clone()
        };
        let limits = std::mem::replace(&mut self.limits, open);
        let done = facts.into_iter().try_for_each(|fact| self.insert(fact).map(|_recorded| ()));
        self.limits = limits;
        done
    }

    /// Takes everything out that is known of an order; its clusters have to decide anew whose facts they hold.
    pub(crate) fn take_order(&mut self, order: &OrderId) -> Vec<Fact> {
        let Some(number) = self.books.find(order) else { return Vec::new() };
        let taken = self.books.get_mut(number).take(|_| true, &self.names, &self.key);
        for booked in &taken {
            let cluster = &mut self.clusters[self.names.cluster(booked.handle) as usize];
            cluster.people.take();
            cluster.books.retain(|book| *book != number);
        }
        self.forget_count(taken.len());
        taken.iter().map(|booked| booked.fact(order, &self.names)).collect()
    }

    /// Lets go of every text, content, code, order and number that no fact has any more.
    pub(crate) fn sweep(&mut self) {
        self.books.close_empty();
        let mut used = vec![false; self.contents.iter().len()];
        for row in self.clusters.iter().flat_map(|cluster| cluster.rows.iter()) {
            used[row.content as usize] = true;
        }
        let mut ordered = [BTreeSet::new(), BTreeSet::new()];
        for version in self.books.iter().flat_map(Book::facts).filter_map(Booked::version) {
            let codes = version.codes().iter();
            ordered[0].extend(codes.filter_map(|code| self.contents.links.find(code.as_str())));
            let discounts = version.discount_codes().iter();
            ordered[1].extend(discounts.filter_map(|code| self.contents.discounts.find(code.as_str())));
        }
        if let Some(moved) = self.contents.keep(&used, [&ordered[0], &ordered[1]]) {
            self.clusters.iter_mut().for_each(|cluster| cluster.rows.renumber(&moved));
        }
        let (contents, dead) = (&self.contents, self.names.dead());
        self.links.forget(dead, |code| contents.links.holds(code));
        self.discounts.forget(dead, |code| contents.discounts.holds(code));
        debug_assert!({
            let dead: BTreeSet<Handle> = self.names.dead().iter().copied().collect();
            !self.books.iter().flat_map(Book::facts).any(|booked| dead.contains(&booked.handle))
        });
        self.names.recycle();
        self.id_bytes = self.clusters.iter().map(|cluster| cluster.text.len() as u64).sum();
        let booked = self.books.iter().flat_map(|book| book.facts().map(|booked| bytes::held(booked, book)));
        self.book_bytes = booked.sum();
    }

    /// The keyed hash of an order's id, as tombstones name it.
    pub(crate) fn order_name(&self, order: &OrderId) -> Pseudonym {
        id_name(ORDER_DOMAIN, order.as_str(), self.hashed(), self.key())
    }

    /// Takes the money of a fact in, if its order was erased; says whether that changed anything.
    ///
    /// A version that names somebody who was erased later than the order moves the tombstone on, whichever way it comes:
    /// told, merged, or here when the person went. That is no news of the order.
    pub(super) fn absorb(&mut self, fact: &Fact) -> Option<bool> {
        if self.gone.orders.is_empty() {
            return None;
        }
        let order = self.order_name(order_of(fact)?);
        let erasing = fact.order().and_then(|_| self.erasing(fact));
        if let Some(as_of) = erasing.filter(|_| self.gone.orders.contains_key(&order)) {
            self.gone.bury_order(order, as_of, false);
        }
        let (hashed, key) = (self.hashed(), self.key.clone());
        self.gone.absorb(order, fact, |refund| id_name(REFUND_DOMAIN, refund, hashed, &key))
    }

    /// The keyed hash of one telling of a fact.
    pub(crate) fn telling(&self, fact: &Fact) -> Pseudonym {
        let id = self.kept_id(fact);
        let asking = Asking { rank: fact.kind.rank(), at: nanos_of(fact.at), id: &id, who: &fact.who };
        event_name(asking, self.key())
    }

    /// Whether a fact that is here, or comes from another tracker, may stay.
    pub(crate) fn may_stay(&self, fact: &Fact) -> bool {
        if self.gone.is_empty() {
            return true;
        }
        let id = self.kept_id(fact);
        let asking = Asking { rank: fact.kind.rank(), at: nanos_of(fact.at), id: &id, who: &fact.who };
        self.gone.refuses(asking, self.key()).is_none()
    }

    /// The id of a fact as tombstones look at it: the same under every key.
    pub(crate) fn kept_id(&self, fact: &Fact) -> Vec<u8> {
        let number = || u64::from_str_radix(fact.id.as_str(), 16).unwrap_or_default();
        let hash = || self.key().unwrap_short(number()).to_be_bytes().to_vec();
        let mut id = if self.hashed() { hash() } else { fact.id.as_str().as_bytes().to_vec() };
        let order = order_of(fact).map(|order| self.key().unwrap(self.order_name(order)));
        id.extend(order.into_iter().flat_map(u128::to_le_bytes));
        id
    }

    /// The identifiers of a fact that nobody erased.
    pub(crate) fn unburied(&self, fact: &Fact) -> Vec<Known> {
        let at = nanos_of(fact.at);
        let buried = |known: &Known| self.gone.names.get(&known.name).is_some_and(|stone| stone.buries(at));
        fact.who.iter().copied().filter(|known| !buried(known)).collect()
    }
}

impl Door<'_> {
    /// The id of an event as tombstones look at it: the same under every key.
    pub(super) fn kept_id(&self, id: &str, kind: &KindRef<'_>) -> Vec<u8> {
        let hash = || self.short_hash(id).to_be_bytes().to_vec();
        let mut id = if self.limits.hash_ids { hash() } else { id.as_bytes().to_vec() };
        let order = match kind {
            KindRef::Order(order) => Some(&order.order),
            KindRef::Refund(refund) => Some(&refund.order),
            _ => None,
        };
        let order = order.map(|order| siphash128(ORDER_DOMAIN, order.as_str().as_bytes()));
        id.extend(order.into_iter().flat_map(u128::to_le_bytes));
        id
    }
}
