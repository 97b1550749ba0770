//! Erasure: tombstones first, then everything that they refuse goes, then what others said of the person.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::error::Result;
use crate::fact::{Blot, Fact, Known, Seeker, Stone, WHOLE, set_name};
use crate::id::Pseudonym;
use crate::privacy::{Erased, Subject};
use crate::time::nanos_of;
use crate::tracker::Tracker;
use crate::tracker::holdings::Holdings;
use crate::tracker::ties::Ties;

impl Tracker {
    /// Removes everything about a person up to `as_of`, as it is known whose facts are whose now.
    ///
    /// * Facts of the person are gone, with every text, label and id that nobody else uses. Whoever asks for answers
    ///   about somebody else gets what they got before; only why an order is unattributed may read `no_touchpoint` where it
    ///   read `shared_identifier`.
    /// * Orders of the person belong to nobody: date, currency and value stay in the totals as `erased`, and refunds
    ///   that come later still reach them there. [`Tracker::erase_with_orders`] removes these too.
    /// * Identifiers that no fact of somebody else names leave a tombstone, a keyed hash: events dated up to `as_of`
    ///   that name one are dropped as [`DropReason::Erased`](crate::DropReason::Erased), later ones are new. So are
    ///   orders. Tombstones stay until [`Tracker::expire`] has moved the horizons past `as_of`.
    /// * Texts of other people's facts that contain one of the identifiers given here are taken out, as they stand in
    ///   any case, percent-coded, in base64, in hexadecimal digits, or two of these one in the other. An id of four to
    ///   seven bytes is found as a word of its own; shorter ones, and mere numbers of less than ten digits, are not
    ///   looked for: orders, products and customers are counted alike.
    ///
    /// An identifier that several customers share stands for the facts that name nobody else: erase a family's
    /// mailbox, and the family stays; erase its members by their customer ids.
    ///
    /// ```
    /// use clinch::{Event, Key, Recorded, Tracker, DropReason, Who, Identifier, IdKind};
    ///
    /// let at: chrono::DateTime<chrono::Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    /// let mut tracker = Tracker::new(Key::new(*b"sixteen secrets!"));
    /// let turn = || Event::query("e1", at, Who::visitor("v9").customer("k4")).topic("availability");
    /// assert_eq!(tracker.record(turn())?, Recorded::New);
    /// let erased = tracker.erase(Identifier::new(IdKind::Customer, "k4"), at)?;
    /// assert_eq!((erased.facts["query"], erased.identifiers, tracker.len()), (1, 2, 0));
    /// assert_eq!(tracker.record(turn())?, Recorded::Dropped(DropReason::Erased));
    /// # Ok::<(), clinch::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Full` at a cap of the limits.
    pub fn erase(&mut self, subject: impl Into<Subject>, as_of: DateTime<Utc>) -> Result<Erased> {
        self.erase_all(&subject.into(), as_of, false)
    }

    /// The same with the orders: their money leaves all totals, and later refunds of them are dropped.
    ///
    /// # Errors
    /// As for [`Tracker::erase`].
    pub fn erase_with_orders(&mut self, subject: impl Into<Subject>, as_of: DateTime<Utc>) -> Result<Erased> {
        self.erase_all(&subject.into(), as_of, true)
    }

    /// Removes a person's touchpoints up to `as_of`, and nothing else: what a withdrawn consent may ask for.
    ///
    /// Orders, claims and words on consent stay, so that it stays known whose later events are whose. Touchpoints
    /// dated up to `as_of` are refused from now on.
    ///
    /// # Errors
    /// As for [`Tracker::erase`].
    pub fn erase_touchpoints(&mut self, subject: impl Into<Subject>, as_of: DateTime<Utc>) -> Result<Erased> {
        self.can_take_away()?;
        let subject = subject.into();
        let holdings = Holdings::touchpoints(&self.facts, &subject, as_of);
        let stone = Stone { touchpoints: Some(nanos_of(as_of)), everything: None };
        let ties = Ties::as_they_were(&self.facts, &holdings);
        self.remove(holdings, stone, ties.facts, false)
    }

    /// Removes everything up to `as_of`: the shop has left. Events dated up to then are refused from now on.
    ///
    /// # Errors
    /// As for [`Tracker::erase`].
    pub fn erase_shop(&mut self, as_of: DateTime<Utc>) -> Result<Erased> {
        self.can_take_away()?;
        let mut erased = Erased { identifiers: self.facts.names.identifiers() as u64, ..Erased::default() };
        self.watching.forget();
        self.facts.gone.forget_people();
        self.facts.gone.shop = self.facts.gone.shop.max(Some(nanos_of(as_of)));
        let removed = self.facts.settle_all()?;
        self.facts.sweep();
        removed.facts.iter().for_each(|(kind, count)| erased.count(kind, *count));
        erased.orders = removed.facts.get("order").copied().unwrap_or_default();
        erased.identifiers -= self.facts.names.identifiers() as u64;
        Ok(erased)
    }

    fn erase_all(&mut self, subject: &Subject, as_of: DateTime<Utc>, with_orders: bool) -> Result<Erased> {
        self.can_take_away()?;
        let holdings = Holdings::find(&self.facts, subject, as_of);
        let ties = Ties::of(&self.facts, &holdings);
        for ghost in &ties.ghosts {
            let held = self.facts.gone.ghosts.entry(*ghost).or_insert(nanos_of(as_of));
            *held = (*held).max(nanos_of(as_of));
        }
        let stone = Stone { everything: Some(nanos_of(as_of)), touchpoints: None };
        let mut erased = self.remove(holdings, stone, ties.facts, with_orders)?;
        if let Some(seeker) = Seeker::new(subject.identifiers().iter()) {
            self.silence(&seeker, nanos_of(as_of), with_orders, &mut erased)?;
        }
        Ok(erased)
    }

    /// Lays the tombstones of what is somebody's and removes what they refuse.
    fn remove(
        &mut self,
        holdings: Holdings,
        stone: Stone,
        ties: Vec<Fact>,
        with_orders: bool,
    ) -> Result<Erased> {
        self.watching.forget();
        let Holdings { identifiers, facts, orders } = holdings;
        let mut erased = Erased::default();
        let clusters = self.clusters_of(identifiers.keys());
        let ghosts = self.ghosts_in(&clusters);
        for (known, shared) in &identifiers {
            if *shared {
                erased.shared += 1;
            } else {
                erased.identifiers += 1;
                self.facts.gone.names.entry(known.name).or_default().join(stone);
            }
        }
        let shared =
            |fact: &Fact| fact.who.iter().all(|known| identifiers.get(known).is_some_and(|shared| *shared));
        // Versions of an order stand under the tombstone of the order, and some are told by somebody else.
        let alone = |fact: &Fact| fact.order().is_none() && !fact.who.is_empty() && shared(fact);
        for held in facts.iter().filter(|held| alone(&held.fact)) {
            let name = set_name(&held.fact.who, self.facts.key());
            self.facts.gone.sets.entry(name).or_default().join(stone);
        }
        let mut books = BTreeSet::new();
        for order in &orders {
            let name = self.facts.order_name(order);
            let as_of = stone.everything.unwrap_or(i128::MIN);
            self.facts.gone.bury_order(name, as_of, with_orders);
            books.extend(self.facts.books.find(order));
        }
        let removed = self.facts.settle(&clusters, books)?;
        if with_orders {
            for order in &removed.orders {
                let name = self.facts.order_name(order);
                self.facts.gone.bury_order(name, stone.everything.unwrap_or(i128::MIN), true);
            }
        }
        self.facts.put_back(ties)?;
        self.sweep_ghosts(&self.clusters_of(identifiers.keys().chain(&ghosts)))?;
        self.facts.sweep();
        removed.facts.iter().for_each(|(kind, count)| erased.count(kind, *count));
        erased.orders = removed.orders.len() as u64;
        Ok(erased)
    }

    fn clusters_of<'k>(&self, identifiers: impl Iterator<Item = &'k Known>) -> BTreeSet<u32> {
        let names = &self.facts.names;
        let handles = identifiers.filter_map(|known| names.find_one(*known));
        handles.map(|handle| names.cluster(handle)).collect()
    }

    fn ghosts_in(&self, clusters: &BTreeSet<u32>) -> BTreeSet<Known> {
        if self.facts.gone.ghosts.is_empty() {
            return BTreeSet::new();
        }
        let handles = clusters.iter().flat_map(|number| &self.facts.clusters[*number as usize].handles);
        let singles = handles.filter(|handle| !self.facts.names.is_set(**handle));
        let known = singles.map(|handle| self.facts.names.known(*handle));
        known.filter(|known| self.facts.gone.ghosts.contains_key(&known.name)).collect()
    }

    /// Removes the ties of stand-ins that lead to no identifier that anybody else uses.
    fn sweep_ghosts(&mut self, clusters: &BTreeSet<u32>) -> Result<()> {
        if self.facts.gone.ghosts.is_empty() {
            return Ok(());
        }
        for number in clusters.clone() {
            let idle = self.idle_ghosts(number);
            if !idle.is_empty() {
                let facts = self.facts.take_out(number).into_iter().map(|(_, fact)| fact);
                let kept: Vec<Fact> =
                    facts.filter(|fact| !fact.who.iter().any(|known| idle.contains(known))).collect();
                self.facts.put_back(kept)?;
            }
        }
        Ok(())
    }

    /// The stand-ins of a cluster that no chain of ties leads to from an identifier that is used.
    fn idle_ghosts(&self, number: u32) -> BTreeSet<Known> {
        let (facts, cluster) = (&self.facts, &self.facts.clusters[number as usize]);
        let is_ghost = |known: &Known| facts.gone.ghosts.contains_key(&known.name);
        let (mut used, mut ties) = (BTreeSet::new(), Vec::new());
        for row in cluster.rows.iter() {
            let who = facts.names.who(row.handle);
            if who.iter().any(is_ghost) { ties.push(who) } else { used.extend(who) }
        }
        let booked = cluster.books.iter().flat_map(|book| facts.books.get(*book).facts());
        used.extend(booked.flat_map(|held| facts.names.who(held.handle)));
        let mut idle: BTreeSet<Known> = ties.iter().flatten().copied().filter(is_ghost).collect();
        let mut naming: BTreeMap<Known, Vec<usize>> = BTreeMap::new();
        for (place, who) in ties.iter().enumerate() {
            who.iter().for_each(|known| naming.entry(*known).or_default().push(place));
        }
        let mut next: Vec<Known> = naming.keys().filter(|known| used.contains(known)).copied().collect();
        while let Some(known) = next.pop() {
            for place in naming.remove(&known).into_iter().flatten() {
                next.extend(ties[place].iter().filter(|other| idle.remove(other)));
            }
        }
        idle
    }

    /// Takes out of everybody's facts what speaks of the erased person.
    fn silence(
        &mut self,
        seeker: &Seeker,
        as_of: i128,
        with_orders: bool,
        erased: &mut Erased,
    ) -> Result<()> {
        let hashed = self.facts.hashed();
        let speaking: Vec<bool> =
            self.facts.contents.iter().map(|held| seeker.in_content(&held.content)).collect();
        let mut clusters = BTreeSet::new();
        // With the instant up to which the fact may come again.
        let mut blots: Vec<(Pseudonym, u16, i128)> = Vec::new();
        for (number, cluster) in (0..).zip(self.facts.clusters.iter()) {
            for row in cluster.rows.iter() {
                let in_ids = || {
                    let turn = cluster.turn(row).filter(|_| !hashed);
                    let id = (!hashed).then(|| cluster.id_of(row, false));
                    let id = id.as_ref().map(|id| id.bytes());
                    turn.into_iter()
                        .chain(id)
                        .any(|id| std::str::from_utf8(id).is_ok_and(|id| seeker.holds(id)))
                };
                if speaking[row.content as usize] || in_ids() {
                    let fact = self.facts.fact(cluster, row);
                    let until = as_of.max(nanos_of(fact.at));
                    blots.push((self.facts.telling(&fact), seeker.fields(&fact, hashed), until));
                    clusters.insert(number);
                }
            }
        }
        let (mut books, mut orders) = (BTreeSet::new(), Vec::new());
        for (number, book) in (0..).zip(self.facts.books.iter()) {
            for fact in self.facts.facts_of(book) {
                let fields = seeker.fields(&fact, hashed);
                if !hashed && seeker.in_ids(&fact) || fields & WHOLE != 0 {
                    orders.push(book.order.clone());
                } else if fields != 0 {
                    blots.push((self.facts.telling(&fact), fields, as_of.max(nanos_of(fact.at))));
                } else {
                    continue;
                }
                books.insert(number);
            }
        }
        if blots.is_empty() && orders.is_empty() {
            return Ok(());
        }
        erased.mentions += blots.iter().filter(|(_, fields, _)| fields & WHOLE == 0).count() as u64;
        for (name, fields, until) in blots {
            let held = self.facts.gone.events.entry(name).or_default();
            *held = Blot { as_of: held.as_of.max(Some(until)), fields: held.fields | fields };
        }
        for order in &orders {
            let name = self.facts.order_name(order);
            self.facts.gone.bury_order(name, as_of, with_orders);
        }
        let removed = self.facts.settle(&clusters, books)?;
        self.facts.sweep();
        removed.facts.iter().for_each(|(kind, count)| erased.count(kind, *count));
        erased.orders += removed.orders.len() as u64;
        Ok(())
    }
}
