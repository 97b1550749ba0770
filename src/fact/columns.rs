//! Columns of events on their way into a set.

use crate::error::Result;
use crate::event::Columns;
use crate::fact::bulk::Bulk;
use crate::fact::intake::Intake;
use crate::fact::set::Facts;

impl Facts {
    /// Takes in the events that columns stand for. The columns are known to fit.
    pub(crate) fn extend_columns(&mut self, blocks: &[Columns<'_>]) -> Result<Intake> {
        let mut bulk = Bulk::new(self);
        for block in blocks {
            for row in (0..block.rows()).filter(|row| block.counts(*row)) {
                bulk.add(block.event(row))?;
            }
        }
        Ok(bulk.finish())
    }
}
