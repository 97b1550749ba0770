//! Many facts at once: staged in the order of arrival, then dealt out to their clusters in one go.
//!
//! A fact that comes alone is searched for and put in its place; of many each place is worked out once a cluster.
//! The set is the same either way.

use std::cmp::Ordering;
use std::sync::OnceLock;

use crate::error::Result;
use crate::event::{Event, EventRef};
use crate::fact::bytes;
use crate::fact::cluster::{Cluster, Id, compare};
use crate::fact::content::Contents;
use crate::fact::door::{Passed, RowFact};
use crate::fact::intake::{Intake, Recorded};
use crate::fact::rows::{NO_TURN, Row, Rows};
use crate::fact::set::Facts;
use crate::fact::text::Texts;

/// From how many staged facts on they are dealt out, whatever there is already.
const STAGED: usize = 1 << 20;

/// Facts that wait.
#[derive(Default)]
struct Staged {
    /// In the order of arrival; ids and turns stand in `text`.
    rows: Vec<Row>,
    text: Texts,
}

/// Facts on their way into a set.
pub(crate) struct Bulk<'f> {
    facts: &'f mut Facts,
    staged: Staged,
    intake: Intake,
}

impl<'f> Bulk<'f> {
    pub(crate) fn new(facts: &'f mut Facts) -> Self {
        Self { facts, staged: Staged::default(), intake: Intake::default() }
    }

    /// Takes one event in; it is in the set when the bulk is finished.
    ///
    /// # Errors
    /// `Full` at a cap of the limits; those before are in the set then.
    pub(crate) fn add(&mut self, mut event: EventRef<'_>) -> Result<()> {
        let Self { facts, staged, intake } = self;
        let done = match facts.door().enter(&mut event) {
            Err(reason) => Ok(Some(Recorded::Dropped(reason))),
            Ok(Passed::Booked(fact)) => {
                if facts.near_full(staged, |held| held.booked_bytes(&fact)) {
                    facts.deal(staged, intake);
                }
                facts.insert_booked(fact, &mut ()).map(Some)
            }
            Ok(Passed::Row(fact)) => facts.stage(&fact, staged, intake).map(|()| None),
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
            bulk.add(EventRef::from(&event.into()))?;
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
            bulk.add(event.into())?;
        }
        Ok(bulk.finish())
    }

    /// Whether the facts that wait may fill the set to its cap.
    fn near_full(&self, staged: &Staged, more: impl FnOnce(&Self) -> u64) -> bool {
        let (rows, text) = (staged.rows.len(), staged.text.len());
        (self.len() + rows) as u64 >= self.limits().facts
            || self.fits_bytes(|held| bytes::rows(rows, text) + more(held)).is_err()
    }

    /// Numbers a fact's content and identifiers; whether it is here already shows later.
    fn stage(&mut self, fact: &RowFact<'_, '_>, staged: &mut Staged, intake: &mut Intake) -> Result<()> {
        let enough = STAGED.max(self.len());
        let bytes = fact.id.bytes().len() + fact.turn.map_or(0, |turn| turn.bytes().len());
        if staged.rows.len() >= enough || !staged.text.has_room(bytes) {
            self.deal(staged, intake);
        }
        if self.near_full(staged, |held| held.row_bytes(fact)) {
            // Near the cap each one has to be looked for.
            self.deal(staged, intake);
            intake.count(self.insert_row(fact, &mut ())?);
            return Ok(());
        }
        let handle = match self.names.find(&fact.who) {
            Some(handle) => handle,
            None => {
                self.fits(0, self.unknown(&fact.who))?;
                self.enter(&fact.who)
            }
        };
        self.fits_labels(&fact.content)?;
        let content = self.contents.intern(&fact.content);
        let id = match &fact.id {
            Id::Hash(bytes) => {
                let number = u64::from_be_bytes(*bytes);
                [number as u32, (number >> 32) as u32]
            }
            Id::Text(id) => [self.tag(id), staged.text.write(id)],
        };
        let turn = fact.turn.as_ref().map_or(NO_TURN, |turn| staged.text.write(turn.bytes()));
        staged.rows.push(Row { at: fact.at, id, content, handle, turn });
        Ok(())
    }

    /// Deals the staged facts out to their clusters.
    fn deal(&mut self, staged: &mut Staged, intake: &mut Intake) {
        let staged = std::mem::take(staged);
        if staged.rows.is_empty() {
            return;
        }
        for row in &staged.rows {
            self.note_use(row.content, row.handle);
        }
        let order = self.by_cluster(&staged.rows);
        let hashed = self.hashed();
        let mut new = 0;
        for same in order.chunk_by(|(a, _), (b, _)| a == b) {
            let cluster = &mut self.clusters[same[0].0 as usize];
            let before = cluster.text.len();
            new += cluster.take_in(&staged, same, &self.contents, hashed);
            self.id_bytes += (cluster.text.len() - before) as u64;
        }
        self.count_rows(new);
        intake.new += new as u64;
        intake.repeated += (staged.rows.len() - new) as u64;
    }

    /// Cluster and place of each staged fact, by cluster and then in the order of arrival.
    fn by_cluster(&self, rows: &[Row]) -> Vec<(u32, u32)> {
        let clusters = (0..).zip(rows).map(|(place, row)| (self.names.cluster(row.handle), place));
        if rows.len() * 8 < self.clusters.len() {
            let mut order: Vec<(u32, u32)> = clusters.collect();
            order.sort_unstable();
            return order;
        }
        let mut ends = vec![0_u32; self.clusters.len() + 1];
        for row in rows {
            ends[self.names.cluster(row.handle) as usize + 1] += 1;
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += *end;
            *end = sum;
        }
        let mut order = vec![(0, 0); rows.len()];
        for (cluster, place) in clusters {
            let next = &mut ends[cluster as usize];
            order[*next as usize] = (cluster, place);
            *next += 1;
        }
        order
    }
}

impl Cluster {
    /// Takes in what is not here yet and says how many facts that is.
    fn take_in(
        &mut self,
        staged: &Staged,
        places: &[(u32, u32)],
        contents: &Contents,
        hashed: bool,
    ) -> usize {
        let row = |place: &(u32, u32)| &staged.rows[place.1 as usize];
        let by_order = |a: &Row, b: &Row| compare((a, &staged.text), (b, &staged.text), contents, hashed);
        let mut rows: Vec<Row> = Vec::with_capacity(places.len());
        let mut sorted = true;
        for next in places.iter().map(row) {
            sorted &= rows.last().is_none_or(|last| last.at < next.at);
            rows.push(*next);
        }
        if !sorted {
            rows.sort_by(by_order);
            rows.dedup_by(|a, b| by_order(a, b) == Ordering::Equal);
        }
        if self.rows.len() > 0 {
            rows.retain(|row| {
                let held = |held: &Row| compare((held, &self.text), (row, &staged.text), contents, hashed);
                self.rows.search(held).is_err()
            });
        }
        let new = rows.len();
        self.move_text(&mut rows, &staged.text, hashed);
        self.note_contents(&rows, contents);
        self.people = OnceLock::new();
        if self.rows.len() == 0 {
            self.rows = Rows::of_sorted(rows);
        } else {
            self.merge_rows(rows, contents, hashed);
        }
        new
    }

    /// Copies the texts of rows out of the stage.
    fn move_text(&mut self, rows: &mut [Row], staged: &Texts, hashed: bool) {
        let turn = |row: &Row| if row.turn == NO_TURN { 0 } else { staged.size(row.turn) };
        let id = |row: &Row| if hashed { 0 } else { staged.size(row.id[1]) };
        self.text.reserve(rows.iter().map(|row| turn(row) + id(row)).sum());
        for row in rows {
            if !hashed {
                row.id[1] = self.text.copy(staged, row.id[1]);
            }
            if row.turn != NO_TURN {
                row.turn = self.text.copy(staged, row.turn);
            }
        }
    }
}
