//! A log on its way into a set, as it is read.
//!
//! Lines are read a few at a time, and the identifiers of their plain turns looked for at once, so that one look into
//! memory does not wait for the one before it. What else a line says goes through the door.

use std::io::BufRead;

use smallvec::SmallVec;

use crate::error::{Error, Result};
use crate::event::jsonl::{LineError, Reader, Said};
use crate::event::{EventRef, PlainTurn};
use crate::fact::bulk::Bulk;
use crate::fact::intake::Intake;
use crate::fact::set::Facts;

/// Lines that are read at once: twice what a processor fetches at once, as some of them are no plain turns.
const BATCH: usize = 32;

impl Facts {
    /// Takes in the events of a log, and gives its bad lines to `bad`.
    pub(crate) fn extend_lines<R: BufRead>(
        &mut self,
        log: &mut Reader<R>,
        mut bad: impl FnMut(LineError),
    ) -> Result<Intake> {
        let mut bulk = Bulk::new(self);
        loop {
            log.read_ahead(BATCH);
            if log.ahead_len() == 0 {
                // The end, a source that failed, or one that goes on behind its end.
                match log.next_borrowed() {
                    None => return Ok(bulk.finish()),
                    Some(Ok(mut event)) => bulk.add(&mut event)?,
                    Some(Err(error)) => bad(error),
                }
            }
            let first = log.line() + 1;
            match take_in(&mut bulk, log, &mut bad) {
                Ok(()) => log.give_out(log.ahead_len()),
                Err((number, error)) => {
                    log.give_out((number + 1 - first) as usize);
                    return Err(error);
                }
            }
        }
    }
}

/// Takes in the lines that wait in a log; says at which of them there was no room any more.
fn take_in<R: BufRead>(
    bulk: &mut Bulk<'_>,
    log: &Reader<R>,
    bad: &mut impl FnMut(LineError),
) -> Result<(), (u64, Error)> {
    let mut waiting = Waiting::new();
    for (number, said) in log.ahead() {
        match said {
            Ok(Said::Turn(turn)) => waiting.push((number, turn)),
            Ok(Said::Event(mut event)) => {
                add_all(&mut waiting, bulk)?;
                bulk.add(&mut event).map_err(|error| (number, error))?;
            }
            Err(error) => {
                // A turn before it that does not fit ends all, and it is still to be told then.
                add_all(&mut waiting, bulk)?;
                bad(error);
            }
        }
    }
    add_all(&mut waiting, bulk)
}

/// Plain turns with the numbers of their lines.
type Waiting<'l> = SmallVec<[(u64, PlainTurn<'l>); BATCH]>;

/// Adds turns that wait.
fn add_all(waiting: &mut Waiting<'_>, bulk: &mut Bulk<'_>) -> Result<(), (u64, Error)> {
    let sought = waiting.iter().map(|(_, PlainTurn { who: (kind, text), .. })| bulk.seen.sought(*kind, text));
    let sought: SmallVec<[_; BATCH]> = sought.collect();
    let mut found = [None; BATCH];
    bulk.seen.find_all(&sought, &mut found);
    for ((number, turn), found) in waiting.drain(..).zip(found) {
        let done = match bulk.stage_plain(&turn, found) {
            Some(()) => Ok(()),
            None => bulk.enter_by_door(&mut EventRef::from(turn)),
        };
        done.map_err(|error| (number, error))?;
    }
    Ok(())
}
