//! Fields of one event that were left out.

use crate::reason::FieldReason;

/// How many fields of one event were left out, by reason; each count stops at 255.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LeftOut([u8; FieldReason::ALL.len()]);

impl LeftOut {
    /// Counts one field.
    pub(crate) fn note(&mut self, reason: FieldReason) {
        let count = &mut self.0[reason as usize];
        *count = count.saturating_add(1);
    }

    /// Adds the counts to others.
    pub(crate) fn count(self, counts: &mut [i64; FieldReason::ALL.len()]) {
        counts.iter_mut().zip(self.0).for_each(|(count, more)| *count += i64::from(more));
    }

    /// The counts by the place of their reason.
    pub(crate) fn counts(self) -> [u8; FieldReason::ALL.len()] {
        self.0
    }

    pub(crate) fn of_counts(counts: [u8; FieldReason::ALL.len()]) -> Self {
        Self(counts)
    }

    /// All counts as one number.
    pub(crate) fn number(self) -> u32 {
        self.0.iter().fold(0, |number, count| number << 8 | u32::from(*count))
    }
}
