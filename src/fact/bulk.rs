//! Many facts at once: staged in the order of arrival, then dealt out to their clusters in one go.
//!
//! A fact that comes alone is searched for and put in its place; of many each place is worked out once a cluster.
//! The set is the same either way.

use std::cmp::Ordering;
use std::sync::OnceLock;

use crate::error::Result;
use crate::event::{Event, EventRef, PlainTurn};
use crate::fact::ahead::{self, AHEAD};
use crate::fact::bytes;
use crate::fact::cluster::{Cluster, Draft, Id, compare};
use crate::fact::content::{ContentId, ContentRef, Contents};
use crate::fact::door::{Passed, RowFact};
use crate::fact::intake::{Intake, Recorded};
use crate::fact::names::Handle;
use crate::fact::pieces::PIECE;
use crate::fact::rows::{NO_TURN, Row};
use crate::fact::seen::Seen;
use crate::fact::seen_labels::SeenLabels;
use crate::fact::set::Facts;
use crate::fact::text::Texts;
use crate::fact::{Known, LeftOut, Limits};
use crate::id::IdKind;
use crate::time::Instant;

/// From how many staged facts on they are dealt out, or from as many as there are already, if that is more.
const STAGED: usize = 1 << 20;

/// Facts that wait.
#[derive(Default)]
struct Staged {
    /// In the order of arrival; ids and turns stand in `text`.
    rows: Vec<Row>,
    text: Texts,
}

impl Staged {
    /// What they take at the most.
    fn bytes(&self) -> u64 {
        bytes::rows(self.rows.len(), self.text.len())
    }
}

/// Facts on their way into a set.
pub(crate) struct Bulk<'f> {
    facts: &'f mut Facts,
    staged: Staged,
    intake: Intake,
    /// Identifiers that are plain to the door.
    pub(super) seen: Seen,
    seen_labels: SeenLabels,
    /// Whether the door has, so that all has to go through it.
    has_memory: bool,
}

impl<'f> Bulk<'f> {
    pub(crate) fn new(facts: &'f mut Facts) -> Self {
        let (seed, has_memory) = (facts.key().seed(), facts.door().has_memory());
        let (seen, seen_labels) = (Seen::new(seed), SeenLabels::new(seed));
        Self { facts, staged: Staged::default(), intake: Intake::default(), seen, seen_labels, has_memory }
    }

    /// Takes one event in; it is in the set when the bulk is finished.
    ///
    /// # Errors
    /// `Full` at a cap of the limits; those before are in the set then.
    pub(crate) fn add(&mut self, event: &mut EventRef<'_>) -> Result<()> {
        match PlainTurn::of(event).and_then(|turn| self.stage_plain(&turn, None)) {
            Some(()) => Ok(()),
            None => self.enter_by_door(event),
        }
    }

    pub(super) fn enter_by_door(&mut self, event: &mut EventRef<'_>) -> Result<()> {
        let Self { facts, staged, intake, .. } = self;
        let done = match facts.door().enter(event) {
            Err(reason) => Ok(Some(Recorded::Dropped(reason))),
            Ok(Passed::Booked(fact)) => {
                if facts.near_full(staged, |held| held.booked_bytes(&fact)) {
                    facts.deal(staged, intake);
                }
                facts.insert_booked(fact, &mut ()).map(Some)
            }
            Ok(Passed::Row(fact)) => facts.stage(&fact, staged, intake),
        };
        match done {
            Ok(recorded) => recorded.into_iter().for_each(|recorded| intake.count(recorded)),
            Err(error) => {
                facts.deal(staged, intake);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Stages a turn that the door lets in as it is, if there is room. Its identifier may be `found` already.
    pub(super) fn stage_plain(&mut self, turn: &PlainTurn<'_>, found: Option<Handle>) -> Option<()> {
        if self.has_memory || !self.facts.door().lets_in_as_is(turn) || !self.has_room_for(1, 1) {
            return None;
        }
        let (content, handle) = self.content_and_handle(turn.who, found, |bulk| bulk.content_of(turn))?;
        self.push(turn.at, (turn.id, turn.turn), content, handle);
        Some(())
    }

    /// The number of what a plain turn says, unless there are too many labels.
    #[inline]
    fn content_of(&mut self, turn: &PlainTurn<'_>) -> Option<ContentId> {
        let labels = self.seen_labels.sought(&turn.labels);
        if let Some(content) = labels.and_then(|labels| self.seen_labels.find(labels)) {
            return Some(content);
        }
        let (kind, channel) = turn.kind_and_channel();
        let content = ContentRef { kind: &kind, channel, junk: 0, left_out: LeftOut::default() };
        let content = self.content(&content)?;
        labels.into_iter().for_each(|labels| self.seen_labels.put(labels, content));
        Some(content)
    }

    /// The numbers of a content and of an identifier that is `found` already or plain to the door. Neither is there for
    /// a row that the other keeps out.
    #[inline]
    pub(super) fn content_and_handle(
        &mut self,
        (kind, text): (IdKind, &str),
        found: Option<Handle>,
        content: impl FnOnce(&mut Self) -> Option<ContentId>,
    ) -> Option<(ContentId, Handle)> {
        if let Some(handle) = found {
            return Some((content(self)?, handle));
        }
        // It may have come since it was looked for.
        let sought = self.seen.sought(kind, text);
        if let Some(handle) = self.seen.find(sought) {
            return Some((content(self)?, handle));
        }
        let known = self.known_if_plain(kind, text)?;
        let content = content(self)?;
        let handle = self.facts.enter_one(known);
        self.seen.insert(sought, handle);
        Some((content, handle))
    }

    pub(super) fn limits(&self) -> &Limits {
        self.facts.limits()
    }

    pub(super) fn has_memory(&self) -> bool {
        self.has_memory
    }

    /// Whether so many rows fit whatever is in them.
    pub(super) fn has_room_for(&self, rows: usize, identifiers: usize) -> bool {
        let Self { facts, staged, .. } = self;
        let bytes = |held: &Facts| staged.bytes() + held.limits().row_at_most().saturating_mul(rows as u64);
        facts.fits(staged.rows.len() + rows, rows * identifiers).is_ok() && facts.fits_bytes(bytes).is_ok()
    }

    pub(super) fn known_if_plain(&self, kind: IdKind, text: &str) -> Option<Known> {
        self.facts.door().known_if_plain(kind, text)
    }

    pub(super) fn known(&self, handle: Handle) -> Known {
        self.facts.names.known(handle)
    }

    pub(super) fn find_one(&self, known: Known) -> Option<Handle> {
        self.facts.names.find_one(known)
    }

    /// The handle of several, for which there is room.
    pub(super) fn enter(&mut self, who: &[Known]) -> Handle {
        self.facts.enter(who)
    }

    /// The number of a content, unless there are too many labels.
    pub(super) fn content(&mut self, content: &ContentRef<'_, '_>) -> Option<ContentId> {
        self.facts.fits_labels(content).ok()?;
        Some(self.facts.contents.intern(content))
    }

    /// Stages a row that has nothing to fear from the door, and for which there is room. `ids` are its own and that
    /// of the turn that it names.
    #[inline]
    pub(super) fn push(
        &mut self,
        at: Instant,
        (id, turn): (&str, Option<&str>),
        content: ContentId,
        handle: Handle,
    ) {
        let Self { facts, staged, intake, .. } = self;
        facts.make_stage(staged, id.len() + turn.map_or(0, str::len), intake);
        let door = facts.door();
        let (id, turn) = (door.stored(id), turn.map(|turn| door.stored(turn)));
        facts.put_on_stage(staged, Draft { at, id, tag: 0, content, handle, turn });
    }

    /// Puts what is still waiting into the set, and says what became of all.
    pub(crate) fn finish(mut self) -> Intake {
        self.facts.deal(&mut self.staged, &mut self.intake);
        self.intake
    }
}

impl Facts {
    /// Takes many events in.
    pub(crate) fn extend(&mut self, events: impl IntoIterator<Item = impl Into<Event>>) -> Result<Intake> {
        let mut bulk = Bulk::new(self);
        for event in events {
            bulk.add(&mut EventRef::from(&event.into()))?;
        }
        Ok(bulk.finish())
    }

    /// The same for events whose text is borrowed.
    pub(crate) fn extend_refs<'e>(
        &mut self,
        events: impl IntoIterator<Item = impl Into<EventRef<'e>>>,
    ) -> Result<Intake> {
        let mut bulk = Bulk::new(self);
        for event in events {
            bulk.add(&mut event.into())?;
        }
        Ok(bulk.finish())
    }

    /// Whether the facts that wait may fill the set to its cap.
    fn near_full(&self, staged: &Staged, more: impl FnOnce(&Self) -> u64) -> bool {
        (self.len() + staged.rows.len()) as u64 >= self.limits().facts
            || self.fits_bytes(|held| staged.bytes() + more(held)).is_err()
    }

    /// Numbers a fact's content and identifiers; whether it is here already shows later. Near a cap the fact is put in its
    /// place at once, and it is said what became of it.
    fn stage(
        &mut self,
        fact: &RowFact<'_, '_>,
        staged: &mut Staged,
        intake: &mut Intake,
    ) -> Result<Option<Recorded>> {
        let bytes = fact.id.bytes().len() + fact.turn.map_or(0, |turn| turn.bytes().len());
        self.make_stage(staged, bytes, intake);
        if self.near_full(staged, |held| held.row_bytes(fact)) {
            // Each one has to be looked for.
            self.deal(staged, intake);
            return self.insert_row(fact, &mut ()).map(Some);
        }
        let found = self.names.find(&fact.who);
        if found.is_none() {
            self.fits(0, self.unknown(&fact.who))?;
        }
        // Identifiers are not here for a fact that labels keep out.
        self.fits_labels(&fact.content)?;
        let content = self.contents.intern(&fact.content);
        let handle = match found {
            Some(handle) => handle,
            None => self.enter(&fact.who),
        };
        let RowFact { at, id, turn, .. } = fact;
        self.put_on_stage(staged, Draft { at: *at, id: *id, tag: 0, content, handle, turn: *turn });
        Ok(None)
    }

    /// Deals out what waits where there would be too much with one more fact, whose ids have so many bytes.
    #[inline]
    fn make_stage(&mut self, staged: &mut Staged, bytes: usize, intake: &mut Intake) {
        if staged.rows.len() >= STAGED.max(self.len()) || !staged.text.has_room(bytes) {
            self.deal(staged, intake);
        }
    }

    #[inline]
    fn put_on_stage(&self, staged: &mut Staged, draft: Draft<'_>) {
        let Draft { at, content, handle, .. } = draft;
        let id = match &draft.id {
            Id::Hash(bytes) => {
                let number = u64::from_be_bytes(*bytes);
                [number as u32, (number >> 32) as u32]
            }
            Id::Text(id) => [self.tag(id), staged.text.jot(id)],
        };
        let turn = draft.turn.map_or(NO_TURN, |turn| staged.text.jot(turn.bytes()));
        staged.rows.push(Row { at, id, content, handle, turn });
    }

    /// Deals the staged facts out to their clusters.
    fn deal(&mut self, staged: &mut Staged, intake: &mut Intake) {
        let staged = std::mem::take(staged);
        if staged.rows.is_empty() {
            return;
        }
        let clusters = self.note_uses(&staged.rows);
        let order = self.by_cluster(clusters);
        let hashed = self.hashed();
        let taken = Hand { staged: &staged, contents: &self.contents, hashed }.deal(
            self.clusters.pieces_mut(),
            0,
            &order,
        );
        self.id_bytes += taken.bytes;
        self.count_rows(taken.new);
        intake.new += taken.new as u64;
        intake.repeated += (staged.rows.len() - taken.new) as u64;
    }

    /// Notes who said what, and gives the cluster of each row.
    fn note_uses(&mut self, rows: &[Row]) -> Vec<u32> {
        let mut clusters = Vec::with_capacity(rows.len());
        for row in rows {
            if self.contents.get(row.content).only_claims() {
                self.names.set_claims(row.handle);
            } else {
                self.note_use(row.content, row.handle);
            }
            clusters.push(self.names.cluster(row.handle));
        }
        clusters
    }

    /// Cluster and place of each staged fact, by cluster and then in the order of arrival.
    fn by_cluster(&self, clusters: Vec<u32>) -> Vec<(u32, u32)> {
        if clusters.len() * 8 < self.clusters.len() {
            let mut order: Vec<(u32, u32)> = clusters.into_iter().zip(0..).collect();
            order.sort_unstable();
            return order;
        }
        let mut ends = vec![0_u32; self.clusters.len() + 1];
        for cluster in &clusters {
            ends[*cluster as usize + 1] += 1;
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += *end;
            *end = sum;
        }
        let mut order = vec![(0, 0); clusters.len()];
        for (cluster, place) in clusters.into_iter().zip(0..) {
            let next = &mut ends[cluster as usize];
            order[*next as usize] = (cluster, place);
            *next += 1;
        }
        order
    }
}

/// From how many facts on dealing them out is shared among threads.
#[cfg(feature = "parallel")]
const SHARED: usize = 1 << 14;

/// What is dealt out.
#[derive(Clone, Copy)]
struct Hand<'s> {
    staged: &'s Staged,
    contents: &'s Contents,
    hashed: bool,
}

/// What was not here yet: facts, and bytes of their ids.
struct Taken {
    new: usize,
    bytes: u64,
}

impl Hand<'_> {
    /// Deals facts out to the clusters in some pieces, the first of which has the number `first`. Each cluster takes in
    /// its own alone, so it makes no difference how they are shared among threads.
    fn deal(self, pieces: &mut [Vec<Cluster>], first: usize, order: &[(u32, u32)]) -> Taken {
        #[cfg(feature = "parallel")]
        if order.len() >= SHARED {
            // Where a piece begins, next to the middle.
            let middle = (order[order.len() / 2].0 as usize + PIECE / 2) / PIECE;
            let split = order.partition_point(|(cluster, _)| (*cluster as usize) < middle * PIECE);
            if middle > first && split < order.len() {
                let (some, others) = pieces.split_at_mut(middle - first);
                let (one, other) = rayon::join(
                    || self.deal(some, first, &order[..split]),
                    || self.deal(others, middle, &order[split..]),
                );
                return Taken { new: one.new + other.new, bytes: one.bytes + other.bytes };
            }
        }
        let mut taken = Taken { new: 0, bytes: 0 };
        let mut room = Room::default();
        let (mut rest, mut looked) = (order, 0);
        for same in order.chunk_by(|(a, _), (b, _)| a == b) {
            // So many rows are asked for before the first of them is taken in.
            if looked < same.len() + AHEAD {
                let next = &rest[looked..(same.len() + 2 * AHEAD).min(rest.len())];
                ahead::of_rows(&self.staged.rows, next, (!self.hashed).then_some(&self.staged.text));
                looked += next.len();
            }
            (rest, looked) = (&rest[same.len()..], looked - same.len());
            let number = same[0].0 as usize;
            let cluster = &mut pieces[number / PIECE - first][number % PIECE];
            let before = cluster.text.len();
            taken.new += cluster.take_in(self, same, &mut room);
            taken.bytes += (cluster.text.len() - before) as u64;
        }
        taken
    }

    /// Puts rows in order, equal ones once.
    fn put_in_order(self, Room { rows, ordered, keys, .. }: &mut Room) {
        // By instant, then by arrival, in one number: instants have 96 bits.
        keys.clear();
        keys.extend(rows.iter().zip(0_i128..).map(|(row, place)| row.at.nanos() << 32 | place));
        keys.sort_unstable();
        ordered.clear();
        ordered.extend(keys.iter().map(|key| rows[*key as u32 as usize]));
        std::mem::swap(rows, ordered);
        let text = &self.staged.text;
        let by_order = |a: &Row, b: &Row| compare((a, text), (b, text), self.contents, self.hashed);
        let mut ties = false;
        for same in rows.chunk_by_mut(|a, b| a.at == b.at).filter(|same| same.len() > 1) {
            same.sort_by(by_order);
            ties = true;
        }
        if ties {
            rows.dedup_by(|a, b| by_order(a, b) == Ordering::Equal);
        }
    }
}

/// Room that is used again for every cluster.
#[derive(Default)]
struct Room {
    rows: Vec<Row>,
    ordered: Vec<Row>,
    keys: Vec<i128>,
    text: Texts,
}

impl Cluster {
    /// Takes in what is not here yet and says how many facts that is.
    fn take_in(&mut self, hand: Hand<'_>, places: &[(u32, u32)], room: &mut Room) -> usize {
        let Hand { staged, contents, hashed } = hand;
        room.rows.clear();
        room.rows.extend(places.iter().map(|(_, place)| staged.rows[*place as usize]));
        if !room.rows.is_sorted_by(|one, next| one.at < next.at) {
            hand.put_in_order(room);
        }
        let Room { rows, text, .. } = room;
        if self.rows.len() > 0 {
            rows.retain(|row| {
                let held = |held: &Row| compare((held, &self.text), (row, &staged.text), contents, hashed);
                self.rows.search(held).is_err()
            });
        }
        let shift = self.text.len() as u32;
        for row in rows.iter_mut() {
            self.traits.add(contents.get(row.content).traits);
            if !hashed {
                row.id[1] = shift + text.copy(&staged.text, row.id[1]);
            }
            if row.turn != NO_TURN {
                row.turn = shift + text.copy(&staged.text, row.turn);
            }
        }
        self.text.take_from(text);
        self.people = OnceLock::new();
        self.merge_rows(rows, contents, hashed);
        rows.len()
    }
}
