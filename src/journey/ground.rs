//! What holds for all conversions of a person: which touches are out however a conversion lies to them.

use std::ops::Range;

use crate::journey::circle::{Cause, Circle, Shopper, Touch};
use crate::journey::touchpoint::TouchKind;
use crate::reason::RefuseReason;

/// Counts over a person's touches, so that those outside a window cost a conversion nothing.
pub(crate) struct Ground {
    /// How many of the touches before each place are refused for each reason if they lie too far back; one place
    /// more than touches.
    too_old: Vec<[u32; REASONS.len()]>,
    /// How many of the touches before each place are of a kind that may earn.
    may: Vec<u32>,
    /// The longest window.
    longest: i128,
    /// Whether an engagement stands before the turn that it names.
    backward: bool,
}

/// Why a touch that lies too far back may not claim.
const REASONS: [RefuseReason; 5] = [
    RefuseReason::NoConsent,
    RefuseReason::KindMayNotEarn,
    RefuseReason::ExcludedIntent,
    RefuseReason::Unhelpful,
    RefuseReason::OutOfWindow,
];

impl Ground {
    pub(crate) fn new(circle: &Circle<'_, '_>, shopper: &Shopper<'_>) -> Self {
        let mut ground = Self {
            too_old: Vec::with_capacity(shopper.touches.len() + 1),
            may: Vec::with_capacity(shopper.touches.len() + 1),
            longest: i128::from(circle.world.plan.longest),
            backward: false,
        };
        let (mut counts, mut may) = ([0; REASONS.len()], 0);
        for (place, touch) in (0..).zip(&shopper.touches) {
            ground.too_old.push(counts);
            ground.may.push(may);
            may += u32::from(touch.may);
            if let Some(reason) = ground.reason(shopper, touch) {
                let found = REASONS.iter().position(|known| *known == reason);
                counts[found.unwrap_or(REASONS.len() - 1)] += 1;
            }
            ground.backward |= matches!(touch.cause, Cause::Own(turn) if turn > place);
        }
        ground.too_old.push(counts);
        ground.may.push(may);
        ground
    }

    /// Why a touch may not claim once it lies too far back; none where it is no candidate.
    fn reason(&self, shopper: &Shopper<'_>, touch: &Touch) -> Option<RefuseReason> {
        let for_good = if touch.kind == TouchKind::Query {
            match (shopper.consent, touch.may) {
                (false, _) => Some(RefuseReason::NoConsent),
                (_, false) => Some(RefuseReason::KindMayNotEarn),
                _ => touch.barred,
            }
        } else if !touch.may {
            return None;
        } else {
            let cause = self.refused_for_good(shopper, touch.cause);
            cause.or((!shopper.consent).then_some(RefuseReason::NoConsent))
        };
        for_good.or(Some(RefuseReason::OutOfWindow))
    }

    /// Why the turn behind an engagement may not earn for what it is: it takes its engagements with it.
    pub(crate) fn refused_for_good(&self, shopper: &Shopper<'_>, cause: Cause) -> Option<RefuseReason> {
        let (consent, barred) = match cause {
            Cause::None => return None,
            Cause::Own(turn) => (shopper.consent, shopper.touches[turn as usize].barred),
            Cause::Other(turn) => {
                let turn = &shopper.others[turn as usize];
                (turn.consent, turn.barred)
            }
        };
        if consent { barred } else { Some(RefuseReason::NoConsent) }
    }

    /// The touches that have to be looked at one by one for a conversion at `at`.
    pub(crate) fn range(&self, touches: &[Touch], at: i128, everything: bool) -> Range<usize> {
        let end = touches.partition_point(|touch| touch.at <= at);
        if everything || self.backward {
            return 0..end;
        }
        let oldest = at - self.longest;
        touches[..end].partition_point(|touch| touch.at < oldest)..end
    }

    /// Counts what lies before the range as too old, and what lies after as come after the conversion.
    ///
    /// With every touch asked for, the range begins at the first one, and what lies after it is told one by one.
    pub(crate) fn count_outside(&self, range: &Range<usize>, refused: &mut [u64]) {
        for (reason, count) in REASONS.iter().zip(self.too_old[range.start]) {
            refused[*reason as usize] += u64::from(count);
        }
    }

    /// How many touches that may earn come after a place.
    pub(crate) fn after(&self, place: usize) -> u64 {
        u64::from(self.may[self.may.len() - 1] - self.may[place])
    }
}
