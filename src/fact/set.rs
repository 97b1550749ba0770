//! The set of facts: distinct, and the same whatever order they came in.
//!
//! # Layout
//!
//! | thing | bytes | holds |
//! |---|---|---|
//! | row | 32 | instant, id, number of its content, handle, turn that it names |
//! | text of an id | its length + 1 | none under `Limits::hash_ids`: the id is in the row |
//! | cluster | 136 | rows in order, handles, numbers of orders; about one a shopper |
//! | handle | 32 + 11 to 21 | pseudonym, or the members of a set; cluster |
//! | content | 150 | kind and labels, once for all rows that say the same |
//! | order | 104 + 14 for finding it + two ids of 16 + length | the only version of it; more only where more is told |
//!
//! Clusters, handles and orders stand in [`Pieces`]: one more moves no others. Indexes, members of sets and contents
//! are copied as they double. What each takes at the most, with all that is spare or copied at any instant, is in `bytes.rs`:
//! the sum is what `Limits::bytes` caps.
//!
//! A fact that is no order and no refund is a row of the cluster that its identifiers belong to. Clusters become
//! one when a fact names identifiers of both, the smaller moving into the larger; they are never taken apart, since
//! who is who is computed from their facts for each answer.

use smallvec::SmallVec;

use crate::error::{ErrorKind, Result};
use crate::event::{EventRef, Kind, KindRef, PlainTurn};
use crate::fact::book::Books;
use crate::fact::booked::{Booked, Version};
use crate::fact::bytes;
use crate::fact::cluster::{Cluster, Draft};
use crate::fact::content::{Content, ContentId, Contents, NONE};
use crate::fact::door::{Door, Parts, Passed, RowFact};
use crate::fact::index::Mix;
use crate::fact::intake::Recorded;
use crate::fact::names::{Handle, NOBODY, Names};
use crate::fact::pieces::Pieces;
use crate::fact::rows::{Place, Row};
use crate::fact::snapshot::Unknown;
use crate::fact::tie::Ties;
use crate::fact::tombstone::Gone;
use crate::fact::{Change, Fact, Known, Limits, Witness};
use crate::id::{Key, Pseudonym};
use crate::reason::DropReason;
use crate::text::{EventId, OrderId};

/// Distinct facts under one key.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(super) key: Key,
    pub(super) limits: Limits,
    pub(crate) names: Names,
    pub(crate) contents: Contents,
    /// The first one is that of facts without identifiers.
    pub(crate) clusters: Pieces<Cluster>,
    pub(crate) books: Books,
    /// Link codes and discount codes.
    pub(crate) links: Ties,
    pub(crate) discounts: Ties,
    /// What a newer version said in snapshots.
    pub(crate) unknown: Unknown,
    /// Clusters that were taken out.
    pub(super) free: Vec<u32>,
    /// What was erased or is too old.
    pub(crate) gone: Gone,
    count: usize,
    /// Bytes of ids of rows and of the turns that they name.
    pub(super) id_bytes: u64,
    /// What orders and refunds take.
    pub(super) book_bytes: u64,
    seed: u64,
}

impl Facts {
    pub(crate) fn new(key: Key, limits: Limits) -> Self {
        let seed = key.seed();
        Self {
            key,
            limits,
            names: Names::new(),
            contents: Contents::new(seed),
            clusters: Pieces::from(Cluster::default()),
            books: Books::new(seed),
            links: Ties::default(),
            discounts: Ties::default(),
            unknown: Unknown::default(),
            free: Vec::new(),
            gone: Gone::default(),
            count: 0,
            id_bytes: 0,
            book_bytes: 0,
            seed,
        }
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The id under which an order's facts are kept.
    pub(crate) fn order_id(&self, order: &OrderId) -> OrderId {
        self.door().order_id(order)
    }

    pub(crate) fn hashed(&self) -> bool {
        self.limits.hash_ids
    }

    pub(super) fn door(&self) -> Door<'_> {
        Door { key: &self.key, limits: &self.limits, gone: &self.gone }
    }

    pub(crate) fn record(&mut self, mut event: EventRef<'_>, witness: &mut impl Witness) -> Result<Recorded> {
        if let Some(turn) = PlainTurn::of(&event)
            && let Some(fact) = self.door().enter_plain(&turn, &event)
        {
            return self.insert_row(&fact, witness);
        }
        match self.door().enter(&mut event) {
            Ok(Passed::Row(fact)) => self.insert_row(&fact, witness),
            Ok(Passed::Booked(fact)) => self.insert_booked(fact, witness),
            Err(reason) => Ok(Recorded::Dropped(reason)),
        }
    }

    pub(super) fn insert(&mut self, fact: Fact) -> Result<Recorded> {
        if matches!(fact.kind, Kind::Order(_) | Kind::Refund(_)) {
            self.insert_booked(fact, &mut ())
        } else {
            self.insert_row(&RowFact::of(&fact, &Parts::of(&fact), self.hashed()), &mut ())
        }
    }

    pub(super) fn insert_row(
        &mut self,
        fact: &RowFact<'_, '_>,
        witness: &mut impl Witness,
    ) -> Result<Recorded> {
        let RowFact { at, id, turn, who, content } = fact;
        let tag = self.tag(id.bytes());
        let draft = |content, handle| Draft { at: *at, id: *id, tag, content, handle, turn: *turn };
        let turn = matches!(content.kind, KindRef::Query(_)).then_some(tag);
        if let (Some(handle), Some(content)) = (self.names.find(who), self.contents.find(content)) {
            let draft = draft(content, handle);
            match self.cluster_of(handle).search(&draft, &self.contents) {
                Ok(_) => return Ok(Recorded::Repeated),
                Err(place) => {
                    self.fits(1, 0)?;
                    self.fits_row(fact)?;
                    self.room(handle, &draft)?;
                    let clusters = [self.names.cluster(handle)];
                    let change = Change { turn, row: Some(&draft), ..Change::of(&clusters) };
                    witness.before(self, &change);
                    self.put(place, &draft);
                    witness.after(self, Some(handle), &change);
                    return Ok(Recorded::New);
                }
            }
        }
        self.fits(1, self.unknown(who))?;
        self.fits_row(fact)?;
        let clusters = self.clusters_of(who);
        let change = Change { turn, ..Change::of(&clusters) };
        witness.before(self, &change);
        let content = self.contents.intern(content);
        let handle = self.enter(who);
        let draft = draft(content, handle);
        self.room(handle, &draft)?;
        if let Err(place) = self.cluster_of(handle).search(&draft, &self.contents) {
            self.put(place, &draft);
        }
        witness.after(self, Some(handle), &change);
        Ok(Recorded::New)
    }

    /// Adds a row that is not here yet, and notes what its cluster has to be asked about from now on.
    fn put(&mut self, place: Place, draft: &Draft<'_>) {
        self.count += 1;
        let (handle, held) = (draft.handle, self.contents.get(draft.content));
        let cluster = &mut self.clusters[self.names.cluster(handle) as usize];
        let before = cluster.text.len();
        cluster.insert(place, draft);
        self.id_bytes += (cluster.text.len() - before) as u64;
        cluster.traits.add(held.traits);
        if cluster.traits.withdrawals || !self.names.claims(handle) {
            // Who is who may follow from it.
            cluster.people.take();
        }
        self.note_use(draft.content, handle);
    }

    /// Notes that a fact with this content names these identifiers.
    pub(super) fn note_use(&mut self, content: ContentId, handle: Handle) {
        let held = self.contents.get(content);
        if !matches!(held.content.kind, Kind::ClaimWithdrawn(_)) {
            self.names.set_claims(handle);
        }
        if held.code != NONE {
            match &held.content.kind {
                Kind::LinkShared(_) => self.links.share(held.code, handle),
                Kind::DiscountOffer(_) => self.discounts.share(held.code, handle),
                _ => self.links.using(held.code, handle),
            }
        }
    }

    pub(super) fn forget_count(&mut self, gone: usize) {
        self.count -= gone;
    }

    pub(super) fn count_rows(&mut self, new: usize) {
        self.count += new;
    }

    pub(super) fn insert_booked<W: Witness>(&mut self, fact: Fact, witness: &mut W) -> Result<Recorded> {
        let order = match &fact.kind {
            Kind::Order(order) => order.order.clone(),
            Kind::Refund(refund) => refund.order.clone(),
            _ => return Ok(Recorded::New),
        };
        if let Some(changed) = self.absorb(&fact) {
            return Ok(if changed { Recorded::New } else { Recorded::Dropped(DropReason::Erased) });
        }
        let known = self.books.find(&order);
        let known_as = self.names.find(&fact.who);
        if known.is_some_and(|number| self.has_booked(number, &fact, known_as)) {
            return Ok(Recorded::Repeated);
        }
        self.fits(1, self.unknown(&fact.who))?;
        self.fits_booked(&fact)?;
        // A refund that names nobody is where its order is.
        let at_home = !fact.who.is_empty() || fact.order().is_some();
        let mut clusters = if at_home { self.clusters_of(&fact.who) } else { SmallVec::new() };
        let held = known.filter(|_| W::LOOKS).map(|number| self.books.get(number).facts());
        for held in held.into_iter().flatten().filter(|held| held.is_placed()) {
            let cluster = self.names.cluster(held.handle);
            if !clusters.contains(&cluster) {
                clusters.push(cluster);
            }
        }
        let whole = known_as.filter(|_| at_home).map(|handle| (&fact, handle));
        witness.before(self, &Change { book: known, order: whole, ..Change::of(&clusters) });
        let handle = self.enter(&fact.who);
        let number = self.books.open(&order);
        let Some(booked) = Booked::new(fact, handle) else { return Ok(Recorded::New) };
        let recorded = self.file(number, booked);
        let change = Change { book: Some(number), ..Change::of(&clusters) };
        witness.after(self, at_home.then_some(handle), &change);
        Ok(recorded)
    }

    /// Whether a book has a fact whose identifiers are known under this handle.
    fn has_booked(&self, number: u32, fact: &Fact, known_as: Option<Handle>) -> bool {
        let book = self.books.get(number);
        let handle = known_as.filter(|_| book.may_have(fact));
        let booked = handle.and_then(|handle| Booked::new(fact.clone(), handle));
        booked.is_some_and(|booked| book.has(&booked, &self.names))
    }

    /// Puts a fact about an order, which is not here yet, into its book, and notes what it names; says whether it is a
    /// version older than one that is here.
    pub(super) fn file(&mut self, number: u32, booked: Booked) -> Recorded {
        let handle = booked.handle;
        let mut unsure: SmallVec<[Handle; 2]> = SmallVec::new();
        unsure.extend(Some(handle).filter(|handle| self.names.is_unclaimed_set(*handle)));
        self.book_bytes += bytes::held(&booked, self.books.get(number));
        if let Some(version) = booked.version() {
            for code in version.codes() {
                let code = self.contents.links.intern(code);
                self.links.using(code, handle);
            }
            for code in version.discount_codes() {
                let code = self.contents.discounts.intern(code);
                self.discounts.using(code, handle);
            }
        } else {
            self.names.set_claims(handle);
        }
        if booked.is_placed() {
            let cluster = &mut self.clusters[self.names.cluster(handle) as usize];
            cluster.add_book(number);
            let has_codes =
                |version: &Version| !version.codes().is_empty() || !version.discount_codes().is_empty();
            cluster.traits.codes |= booked.version().is_some_and(has_codes);
        }
        self.count += 1;
        let book = self.books.get_mut(number);
        let newest = book.newest();
        let before = newest.map(|newest| newest.handle);
        unsure.extend(before.filter(|handle| self.names.is_unclaimed_set(*handle)));
        let is_older = booked.version().is_some()
            && newest.is_some_and(|newest| newest.wins_over(&booked, &self.names, &self.key));
        book.insert(booked, &self.names, &self.key);
        // Which version makes claims may have changed, from where the newest was to where it is now. It says nothing that
        // others do not, unless orders alone name a set or a claim was withdrawn.
        for handle in before.into_iter().chain([handle]) {
            let cluster = &mut self.clusters[self.names.cluster(handle) as usize];
            if cluster.traits.withdrawals || unsure.contains(&handle) {
                cluster.people.take();
            }
        }
        if is_older { Recorded::Superseded } else { Recorded::New }
    }

    fn cluster_of(&self, handle: Handle) -> &Cluster {
        &self.clusters[self.names.cluster(handle) as usize]
    }

    /// The clusters of those identifiers that are here; of nobody that of facts without identifiers.
    fn clusters_of(&self, who: &[Known]) -> SmallVec<[u32; 4]> {
        if who.is_empty() {
            return SmallVec::from_slice(&[self.names.cluster(NOBODY)]);
        }
        let handles = who.iter().filter_map(|known| self.names.find_one(*known));
        handles.map(|handle| self.names.cluster(handle)).collect()
    }

    /// How many of the identifiers are not here yet.
    pub(super) fn unknown(&self, who: &[Known]) -> usize {
        let fresh = |(place, known): &(usize, &Known)| {
            !who[..*place].contains(known) && self.names.find_one(**known).is_none()
        };
        who.iter().enumerate().filter(fresh).count()
    }

    /// The handle of identifiers, after their clusters have become one.
    pub(super) fn enter(&mut self, who: &[Known]) -> Handle {
        if let Some(handle) = self.names.find(who) {
            return handle;
        }
        let mut cluster: Option<u32> = None;
        for known in who {
            if let Some(handle) = self.names.find_one(*known) {
                let other = self.names.cluster(handle);
                cluster = Some(cluster.map_or(other, |one| self.join(one, other)));
            }
        }
        let cluster = cluster.unwrap_or_else(|| self.open());
        let mut members = SmallVec::<[Handle; 4]>::new();
        for known in who {
            let found = self.names.find_one(*known);
            let handle = found.unwrap_or_else(|| {
                let handle = self.names.add_one(*known, cluster);
                self.clusters[cluster as usize].handles.push(handle);
                handle
            });
            members.push(handle);
        }
        let handle = match members.as_slice() {
            [one] => *one,
            several => {
                let handle = self.names.add_set(who, several, cluster);
                self.clusters[cluster as usize].handles.push(handle);
                handle
            }
        };
        self.clusters[cluster as usize].people.take();
        handle
    }

    /// The handle of one identifier.
    pub(super) fn enter_one(&mut self, known: Known) -> Handle {
        if let Some(handle) = self.names.find_one(known) {
            return handle;
        }
        let cluster = self.open();
        let handle = self.names.add_one(known, cluster);
        self.clusters[cluster as usize].handles.push(handle);
        handle
    }

    /// A cluster in which nothing is.
    fn open(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.clusters.push(Cluster::default());
            self.clusters.len() as u32 - 1
        })
    }

    /// Makes one cluster of two and says which.
    fn join(&mut self, one: u32, other: u32) -> u32 {
        if one == other {
            return one;
        }
        let weight = |cluster: u32| self.clusters[cluster as usize].weight();
        let (large, small) = if weight(one) < weight(other) { (other, one) } else { (one, other) };
        let moved = std::mem::take(&mut self.clusters[small as usize]);
        for handle in &moved.handles {
            self.names.set_cluster(*handle, large);
        }
        let hashed = self.hashed();
        self.clusters[large as usize].absorb(moved, &self.contents, hashed);
        large
    }

    pub(super) fn fits(&self, facts: usize, identifiers: usize) -> Result<()> {
        let identifiers = self.names.identifiers() + identifiers;
        let caps = [
            ("facts", self.count + facts, self.limits.facts),
            ("identifiers", identifiers, self.limits.identifiers),
        ];
        match caps.into_iter().find(|(_, count, limit)| *count as u64 > *limit) {
            Some((what, _, limit)) => Err(ErrorKind::Full { what, limit }.into()),
            None => Ok(()),
        }
    }

    /// The ids of one cluster's events have four gigabytes.
    fn room(&self, handle: Handle, draft: &Draft<'_>) -> Result<()> {
        let bytes = draft.id.bytes().len() + draft.turn.map_or(0, |turn| turn.bytes().len()) + 32;
        if self.cluster_of(handle).has_room(bytes) {
            Ok(())
        } else {
            Err(ErrorKind::Full { what: "bytes of ids of one shopper", limit: u64::from(u32::MAX) }.into())
        }
    }

    /// Takes in every fact of `other`.
    ///
    /// # Errors
    /// `KeyMismatch` or `LimitsMismatch` if the two were made with another key or other limits, `Full` at a cap;
    /// nothing has changed then.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<()> {
        if self.key != other.key {
            return Err(ErrorKind::KeyMismatch.into());
        }
        if self.limits != other.limits {
            return Err(ErrorKind::LimitsMismatch.into());
        }
        if self.unknown != other.unknown {
            let sections = self.unknown.len().max(other.unknown.len());
            return Err(ErrorKind::UnknownSections { sections }.into());
        }
        let facts = other.facts().filter(|fact| !self.contains(fact)).count();
        let identifiers = other.names.count_unknown_in(&self.names);
        self.fits(facts, identifiers)?;
        self.fits_all(other)?;
        if !self.gone.is_empty() || !other.gone.is_empty() {
            return self.merge_settled(other);
        }
        for fact in other.facts() {
            // Nothing that fits as a whole fails in part.
            let _recorded = self.insert(fact)?;
        }
        Ok(())
    }

    pub(super) fn contains(&self, fact: &Fact) -> bool {
        match &fact.kind {
            Kind::Order(_) | Kind::Refund(_) => {
                let order = fact.order().map(|order| &order.order);
                let order = order.or_else(|| fact.refund().map(|refund| &refund.order));
                let book = order.and_then(|order| self.books.find(order));
                book.is_some_and(|book| self.has_booked(book, fact, self.names.find(&fact.who)))
            }
            _ => {
                let parts = Parts::of(fact);
                let row = RowFact::of(fact, &parts, self.hashed());
                let (content, handle) = (self.contents.find(&row.content), self.names.find(&row.who));
                let (Some(content), Some(handle)) = (content, handle) else { return false };
                let (at, id, turn) = (row.at, row.id, row.turn);
                let draft = Draft { at, id, tag: 0, content, handle, turn };
                self.cluster_of(handle).search(&draft, &self.contents).is_ok()
            }
        }
    }

    /// All facts, in no order that means anything.
    pub(crate) fn facts(&self) -> impl Iterator<Item = Fact> + '_ {
        let rows = self
            .clusters
            .iter()
            .flat_map(move |cluster| cluster.rows.iter().map(move |row| self.fact(cluster, row)));
        rows.chain(self.books.iter().flat_map(|book| self.facts_of(book)))
    }

    /// The fact that a row stands for.
    pub(crate) fn fact(&self, cluster: &Cluster, row: &Row) -> Fact {
        let Content { kind, channel, junk, left_out } = self.contents.get(row.content).content.clone();
        Fact {
            at: row.at.utc(),
            id: self.event_id(cluster, row),
            kind,
            channel,
            turn: cluster.turn(row).map(|turn| self.printed_id(turn)),
            who: self.names.who(row.handle),
            junk,
            left_out,
        }
    }

    pub(crate) fn event_id(&self, cluster: &Cluster, row: &Row) -> EventId {
        self.printed_id(cluster.id_of(row, self.hashed()).bytes())
    }

    /// A hash of an id, as it stands in a row.
    pub(crate) fn tag(&self, id: &[u8]) -> u32 {
        if self.hashed() {
            id.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte))
        } else {
            Mix::new(self.seed).text(id)
        }
    }

    /// An id as it shows.
    pub(crate) fn printed_id(&self, id: &[u8]) -> EventId {
        if self.hashed() {
            let number = id.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            EventId::from(format!("{number:016x}"))
        } else {
            EventId::from(String::from_utf8_lossy(id).into_owned())
        }
    }

    /// The pseudonym of an identifier.
    pub(crate) fn pseudonym(&self, handle: Handle) -> Pseudonym {
        self.names.known(handle).name
    }
}

impl PartialEq for Facts {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
            && self.limits == other.limits
            && self.count == other.count
            && self.unknown == other.unknown
            && self.gone == other.gone
            && self.facts().all(|fact| other.contains(&fact))
    }
}
