//! How much of a turn may be kept.

use crate::choice::choice;

choice! {
    /// How much of a turn may be kept, from least to most.
    ///
    /// | level | text of the question | query, topic, intent, flow, product type, products | that it took place, when, where, its cost |
    /// |---|---|---|---|
    /// | `minimal` | no | no | yes |
    /// | `intent` | no | yes | yes |
    /// | `full` | yes | yes | yes |
    ///
    /// A turn may declare its level; the tracker has one in its [`Limits`](crate::Limits), and the lower of the two
    /// holds. What the tracker's level alone leaves out is not counted, since the host has chosen it. A turn that
    /// carries a field above the level that it declares itself contradicts itself: the field is refused, the turn
    /// stays, and reports count such fields by
    /// [`FieldReason::AbovePrivacyLevel`](crate::FieldReason::AbovePrivacyLevel).
    ///
    /// The names are those of the Content Telemetry specification, whose `summary` has no place here: a summary of
    /// the text is text.
    ///
    /// ```
    /// use clinch::{Event, PrivacyLevel, Who};
    ///
    /// assert!(PrivacyLevel::Minimal < PrivacyLevel::Intent && PrivacyLevel::Intent < PrivacyLevel::Full);
    /// let at: chrono::DateTime<chrono::Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    /// let turn = Event::query("e1", at, Who::visitor("v9")).privacy(PrivacyLevel::Minimal);
    /// assert_eq!("minimal".parse::<PrivacyLevel>()?, PrivacyLevel::Minimal);
    /// # let _ = turn;
    /// # Ok::<(), clinch::Error>(())
    /// ```
    PrivacyLevel:
    /// That it took place: no text and no label of what was asked.
    Minimal "minimal";
    /// Labels only.
    #[default]
    Intent "intent";
    /// Labels, and the text of the question.
    Full "full";
}
