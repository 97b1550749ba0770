//! Privacy levels of turns.

use crate::event::{PrivacyLevel, ProductsRef, QueryRef};
use crate::fact::{LeftOut, Limits};
use crate::reason::FieldReason;

/// Takes out of a turn what neither it nor the limits allow to be kept. Fields above the level that the turn itself
/// declares are counted, so is a text that is too long; what the limits' level leaves out is not, since it is what
/// the host has asked for.
pub(super) fn lower(query: &mut QueryRef<'_>, limits: &Limits, left_out: &mut LeftOut) {
    let declared = query.privacy.take().unwrap_or(PrivacyLevel::Full);
    let fields = take_above(query, declared);
    (0..fields).for_each(|_| left_out.note(FieldReason::AbovePrivacyLevel));
    if limits.privacy < declared {
        take_above(query, limits.privacy);
    }
    if query.text.as_ref().is_some_and(|text| text.len() > limits.question_bytes) {
        query.text = None;
        left_out.note(FieldReason::QuestionTooLong);
    }
}

/// Takes out the fields above a level and says how many these were.
fn take_above(query: &mut QueryRef<'_>, level: PrivacyLevel) -> usize {
    let mut taken = 0;
    if level < PrivacyLevel::Full {
        taken += usize::from(query.text.take().is_some());
    }
    if level < PrivacyLevel::Intent {
        let QueryRef { query: asked, topic, intent, flow, product_type, language, .. } = query;
        for label in [asked, topic, intent, flow, product_type, language] {
            taken += usize::from(label.take().is_some());
        }
        taken += usize::from(std::mem::take(&mut query.products) != ProductsRef::default());
    }
    taken
}
