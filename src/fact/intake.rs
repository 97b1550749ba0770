//! What became of deliveries.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::reason::DropReason;

/// What became of a delivered event.
///
/// These belong to the host: they depend on the order of delivery and are in no report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recorded {
    /// A fact that was not here yet.
    New,
    /// The same fact, already here.
    Repeated,
    /// A version of an order older than the one that is here; its date and refunds still count.
    Superseded,
    /// Not kept.
    Dropped(DropReason),
}

/// What became of delivered events. It belongs to the host: it depends on the order of delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Intake {
    /// Facts that were not here yet.
    pub new: u64,
    /// The same facts again.
    pub repeated: u64,
    /// Older versions of orders.
    pub superseded: u64,
    /// Refused, by reason.
    pub dropped: BTreeMap<DropReason, u64>,
}

impl Intake {
    /// Counts one delivery.
    pub fn count(&mut self, recorded: Recorded) {
        match recorded {
            Recorded::New => self.new += 1,
            Recorded::Repeated => self.repeated += 1,
            Recorded::Superseded => self.superseded += 1,
            Recorded::Dropped(reason) => *self.dropped.entry(reason).or_default() += 1,
        }
    }

    /// All deliveries counted.
    pub fn total(&self) -> u64 {
        self.new + self.repeated + self.superseded + self.dropped.values().sum::<u64>()
    }
}

impl fmt::Display for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} new, {} repeated, {} superseded", self.new, self.repeated, self.superseded)?;
        self.dropped.iter().try_for_each(|(reason, count)| write!(f, ", {count} dropped ({reason})"))
    }
}
