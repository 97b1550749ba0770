//! Columns of events on their way into a set: a short way for rows of which nothing has to be copied, screened or
//! refused, and the door for all others.
//!
//! The short way takes turns and `identify` events whose labels are told by number. A combination of labels is made a
//! content once, an identifier gets its pseudonym once a call, and where those of 64 rows would stand is asked for at
//! once.
//! What the door would do is kept exactly by sending every row there of which it might do more: no or odd
//! identifiers, texts that are too long, and labels that are long enough for an identifier and hold all its bytes.

mod labels;

use smallvec::SmallVec;

use crate::error::Result;
use crate::event::Columns;
use crate::fact::Known;
use crate::fact::bulk::Bulk;
use crate::fact::columns::labels::Combinations;
use crate::fact::intake::Intake;
use crate::fact::names::Handle;
use crate::fact::seen::Sought;
use crate::fact::set::Facts;

/// Rows between two looks at the caps.
const STRETCH: usize = 1 << 12;

/// Rows whose identifiers are looked for at once, so that one look into memory does not wait for the one before it.
const BATCH: usize = 64;

impl Facts {
    /// Takes in the events that columns stand for. The columns are known to fit.
    pub(crate) fn extend_columns(&mut self, blocks: &[Columns<'_>]) -> Result<Intake> {
        let seed = self.key().seed();
        let mut bulk = Bulk::new(self);
        for block in blocks {
            let labels = Combinations::of(block, bulk.limits(), seed).filter(|_| !bulk.has_memory());
            match labels {
                Some(labels) => Short { block, labels }.take_in(&mut bulk)?,
                None => {
                    for row in (0..block.rows()).filter(|row| block.counts(*row)) {
                        bulk.add(&mut block.event(row))?;
                    }
                }
            }
        }
        Ok(bulk.finish())
    }
}

/// A block whose rows may take the short way.
struct Short<'s, 'a> {
    block: &'s Columns<'a>,
    labels: Combinations<'a>,
}

/// Rows on the short way, column by column.
struct Batch<'a> {
    ids: [&'a str; BATCH],
    /// Numbers of their labels' combinations.
    labels: [u32; BATCH],
    /// The identifiers, where there is one column of them.
    named: [&'a str; BATCH],
    sought: [Sought; BATCH],
    /// Their handles, where they were seen before.
    found: [Option<Handle>; BATCH],
}

impl<'a> Short<'_, 'a> {
    fn take_in(&mut self, bulk: &mut Bulk<'_>) -> Result<()> {
        let mut rows = Vec::with_capacity(STRETCH);
        let none = [""; BATCH];
        let (sought, found) = ([Sought::default(); BATCH], [None; BATCH]);
        let mut batch = Batch { ids: none, labels: [0; BATCH], named: none, sought, found };
        for start in (0..self.block.rows()).step_by(STRETCH) {
            rows.clear();
            self.block.select(start..self.block.rows().min(start + STRETCH), &mut rows);
            if !bulk.has_room_for(rows.len(), self.block.who.len()) {
                // Near a cap each one has to be looked for.
                rows.iter().try_for_each(|row| bulk.add(&mut self.block.event(start + *row as usize)))?;
                continue;
            }
            for rows in rows.chunks(BATCH) {
                self.look_up(start, rows, &mut batch, bulk);
                for (place, row) in rows.iter().enumerate() {
                    let row = start + *row as usize;
                    if self.pass(row, place, &batch, bulk).is_none() {
                        bulk.add(&mut self.block.event(row))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads what is said in some rows and looks for it, without waiting for one before the next is asked for.
    fn look_up(&mut self, start: usize, rows: &[u32], batch: &mut Batch<'a>, bulk: &Bulk<'_>) {
        self.block.id.gather(start, rows, &mut batch.ids);
        self.labels.numbers(start, rows, bulk.limits(), &mut batch.labels);
        if let [(kind, texts)] = self.block.who.as_slice() {
            texts.gather(start, rows, &mut batch.named);
            let sought = &mut batch.sought[..rows.len()];
            for (sought, text) in sought.iter_mut().zip(&batch.named) {
                *sought = bulk.seen.sought(*kind, text);
            }
            bulk.seen.find_all(sought, &mut batch.found);
        }
    }

    /// Stages a row, or does nothing where the door has to look at it.
    #[inline]
    fn pass(&mut self, row: usize, place: usize, batch: &Batch<'a>, bulk: &mut Bulk<'_>) -> Option<()> {
        let longest = bulk.limits().text_bytes;
        let (id, labels) = (batch.ids[place], batch.labels[place]);
        let turn = self.block.turn.and_then(|texts| texts.get(row));
        let combination = self.labels.get(labels);
        if id.is_empty() || id.len().max(turn.map_or(0, str::len)) > longest || !combination.fits() {
            return None;
        }
        let [(kind, _)] = self.block.who.as_slice() else {
            return self.meet(row, labels, (id, turn), bulk);
        };
        let name = batch.named[place];
        if name.is_empty() || combination.may_hold(name) {
            return None;
        }
        let labels = |bulk: &mut Bulk<'_>| self.labels.content(labels, bulk);
        let (content, handle) = bulk.content_and_handle((*kind, name), batch.found[place], labels)?;
        bulk.push(self.block.at.instant(row), (id, turn), content, handle);
        Some(())
    }

    /// The same for a row of several identifiers.
    fn meet(
        &mut self,
        row: usize,
        labels: u32,
        ids: (&str, Option<&str>),
        bulk: &mut Bulk<'_>,
    ) -> Option<()> {
        let mut who = SmallVec::<[Known; 2]>::new();
        let mut fresh = SmallVec::<[(Sought, Known); 2]>::new();
        for (kind, texts) in &self.block.who {
            let Some(text) = texts.get(row) else { continue };
            if self.labels.get(labels).may_hold(text) {
                return None;
            }
            let sought = bulk.seen.sought(*kind, text);
            let known = match bulk.seen.find(sought) {
                Some(handle) => bulk.known(handle),
                None => {
                    let known = bulk.known_if_plain(*kind, text)?;
                    fresh.push((sought, known));
                    known
                }
            };
            who.push(known);
        }
        if who.is_empty() {
            return None;
        }
        let content = self.labels.content(labels, bulk)?;
        let handle = bulk.enter(&who);
        for (sought, known) in fresh {
            if let Some(handle) = bulk.find_one(known) {
                bulk.seen.insert(sought, handle);
            }
        }
        bulk.push(self.block.at.instant(row), ids, content, handle);
        Some(())
    }
}
