//! Every reason for which something did not become credit, in one place.
//!
//! Each reason has a stable name and one sentence of what to do about it. [`all`] lists them, so that a host can
//! print the whole table.

use std::fmt;

/// Defines an enum of reasons: variant, name, advice. Serde and `Display` use the name.
macro_rules! reasons {
    ($(#[$doc:meta])* $name:ident, $group:literal: $($(#[$vdoc:meta])* $variant:ident $text:literal $advice:literal;)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its stable name, in lower snake case.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// One sentence of what to do about it.
            pub fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)* }
            }

            const ENTRIES: &[Entry] = &[$(Entry { group: $group, name: $text, advice: $advice },)*];
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

reasons! {
    /// Why an event was not kept.
    DropReason, "dropped":
    /// No identifier was seen in it, and it is of a kind that needs one.
    NoIdentifier "no_identifier" "Send at least one of customer, visitor, conversation, cart, checkout, email, phone.";
    /// Its id, or the id of its order or refund, is empty.
    EmptyId "empty_id" "Send the id of the event, order or refund; it is what makes a repeat harmless.";
    /// A label, identifier, id or code is longer than `Limits::text_bytes`.
    TextTooLong "text_too_long" "Shorten the label or id, or raise Limits::text_bytes.";
    /// More lines or refunds than `Limits::order_lines`.
    TooManyLines "too_many_lines" "Send the order in fewer lines, or raise Limits::order_lines.";
    /// More products or codes than `Limits::values`.
    TooManyValues "too_many_values" "Name fewer products or codes in one event, or raise Limits::values.";
    /// An amount that has to be zero or more is negative.
    NegativeAmount "negative_amount" "Send what was given back as a refund, not as a negative order.";
    /// Amounts of one event are in two currencies.
    MixedCurrencies "mixed_currencies" "Send all amounts of one order in the currency of the order.";
    /// A field that cannot be left out contains an identifier of the same event.
    IdentifierInField "identifier_in_field" "Keep personal identifiers out of labels, products, codes and goals.";
    /// It is about somebody, or an order, that was erased, and dated up to the erasure.
    Erased "erased" "Nothing: it is a late or repeated delivery about somebody who was erased.";
    /// It is older than `Limits::retention` lets facts of its class become.
    TooOld "too_old" "Lengthen the span in Limits::retention if such old events should count.";
}

reasons! {
    /// Why a field of an event was left out, and the event kept without it.
    FieldReason, "left_out":
    /// It contains an identifier of its own event.
    IdentifierInField "identifier_in_field" "Keep personal identifiers out of labels, products and codes.";
    /// It says more than the privacy level that its own turn declares.
    AbovePrivacyLevel "above_privacy_level" "Send the field no more, or declare a higher privacy level for the turn.";
    /// The text of a question is longer than `Limits::question_bytes`.
    QuestionTooLong "question_too_long" "Raise Limits::question_bytes, or send the text of long questions no more.";
}

reasons! {
    /// Why a touchpoint may not claim a conversion.
    RefuseReason, "refused":
    /// It lies further back than the lookback window.
    OutOfWindow "out_of_window" "Widen Rules::lookback if such questions should count.";
    /// It came after the conversion.
    AfterConversion "after_conversion" "Nothing: what came later earned nothing.";
    /// Its person has not agreed to analytics.
    NoConsent "no_consent" "Ask for consent; without it nothing is credited.";
    /// Its intent is one that may not earn.
    ExcludedIntent "excluded_intent" "Take the intent out of Rules::excluded_intents if it should earn.";
    /// The shopper said that the answer did not help.
    Unhelpful "unhelpful" "Set Rules::unhelpful_may_earn if such answers should earn.";
    /// It is of a kind that may not earn.
    KindMayNotEarn "kind_may_not_earn" "Add the kind to Rules::kinds if it should earn.";
    /// It is a direct visit, and the rules leave these out here.
    DirectVisit "direct_visit" "Set Rules::direct_visits to `may` if they should earn.";
    /// It spoke of no product of the order, and the rules ask for that.
    OtherProduct "other_product" "Set Rules::product_match to `any` if any question should count.";
    /// It has claimed an earlier conversion, and the rules let it claim one only.
    Consumed "consumed" "Set Rules::reuse to `allowed` if it may claim several.";
    /// It lies before an earlier conversion, at which the path starts anew.
    BeforeEarlierConversion "before_earlier_conversion" "Set Rules::reuse to `allowed` if it may claim several.";
    /// The conversion is not the person's first, and the rules credit that one only.
    NotFirstConversion "not_first_conversion" "Set Rules::reuse to `allowed` if all conversions count.";
    /// It is not among the last so many.
    Trimmed "trimmed" "Raise Rules::last_touchpoints.";
}

reasons! {
    /// Why the value of a conversion is credited to nothing.
    UnattributedReason, "unattributed":
    /// The person has no touchpoint at all.
    NoTouchpoint "no_touchpoint" "Nothing, unless the shopper did chat: then identifiers did not meet.";
    /// The person has no touchpoint, and several customers share an identifier of the conversion: what was done
    /// anonymously under it belongs to none of them.
    SharedIdentifier "shared_identifier" "Send the conversation or cart with the order: a shared device cannot tell whose it is.";
    /// All touchpoints came after the conversion.
    AfterConversion "after_conversion" "Nothing: what came later earned nothing.";
    /// All touchpoints lie outside the lookback window.
    OutOfWindow "out_of_window" "Widen Rules::lookback if such questions should count.";
    /// The person has not agreed to analytics.
    NoConsent "no_consent" "Ask for consent; without it nothing is credited.";
    /// There are touchpoints, but the rules refuse each; the receipt says why.
    AllRefused "all_refused" "Read the receipt of the order for the reason of each.";
    /// Its window reaches further back than touchpoints are kept.
    Expired "expired" "Lengthen Retention::touchpoints beyond the lookback window, or ask about later orders.";
    /// Its person was erased; date, currency and value are all that is left.
    Erased "erased" "Nothing: the value stays in the totals without a person.";
    /// The model declined the path.
    ModelDeclined "model_declined" "Choose a model that speaks about such paths.";
}

reasons! {
    /// Why a fitted model gives no shares.
    NoShareReason, "no_share":
    /// No journey converted.
    NoConversions "no_conversions" "Fit to journeys of which some converted.";
    /// Conversions were worth nothing together.
    NoValue "no_value" "Fit to conversions with a value, or look at conversions alone.";
    /// No label has any effect under this removal.
    ZeroEffects "zero_effects" "Count journeys without a conversion too, or choose another removal.";
    /// Effects cancel: their sum is nothing beside them.
    NearCancellation "near_cancellation" "Look at the effects themselves; shares of such a sum would mean nothing.";
    /// Some effect is negative, so that no shares between 0 and 1 exist.
    NegativeEffect "negative_effect" "Look at the effects themselves, or choose another removal.";
    /// The chain keeps journeys too long to be solved within bounds.
    NotSolved "not_solved" "Fit to fewer labels, to a lower order or to shorter paths.";
}

impl UnattributedReason {
    /// Whether a report tells such conversions apart from the unattributed.
    pub(crate) fn has_own_row(self) -> bool {
        matches!(self, Self::Expired | Self::Erased)
    }
}

reasons! {
    /// Why two groups are not compared.
    NoLiftReason, "no_lift":
    /// One of them has nobody.
    EmptyGroup "empty_group" "Wait until both have somebody, or look at the period and at what lets people in.";
    /// Too few converted, or too few did not, for an interval that holds.
    TooFewConversions "too_few_conversions" "Wait for more conversions in the smaller group, or make it larger.";
}

/// One line of the table of all reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// What the reason is about: `dropped`, `left_out`, `refused`, `unattributed`,
    /// `no_share` or `no_lift`.
    pub group: &'static str,
    /// Its stable name.
    pub name: &'static str,
    /// One sentence of what to do about it.
    pub advice: &'static str,
}

/// Every reason of the crate, by group.
pub fn all() -> impl Iterator<Item = Entry> {
    let (dropped, left_out) = (DropReason::ENTRIES, FieldReason::ENTRIES);
    let (refused, unattributed) = (RefuseReason::ENTRIES, UnattributedReason::ENTRIES);
    let (no_share, no_lift) = (NoShareReason::ENTRIES, NoLiftReason::ENTRIES);
    let groups = [dropped, left_out, refused, unattributed, no_share, no_lift];
    groups.into_iter().flatten().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_in_their_group_and_every_entry_gives_advice() {
        let entries: Vec<Entry> = all().collect();
        let mut keys: Vec<_> = entries.iter().map(|entry| (entry.group, entry.name)).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), entries.len());
        assert!(entries.iter().all(|entry| entry.advice.ends_with('.') && entry.advice.len() < 120));
        let total = DropReason::ALL.len() + FieldReason::ALL.len() + RefuseReason::ALL.len();
        let fitted = NoShareReason::ALL.len() + NoLiftReason::ALL.len();
        assert_eq!(entries.len(), total + UnattributedReason::ALL.len() + fitted);
    }

    #[test]
    fn every_reason_survives_serde_under_its_name() {
        for reason in RefuseReason::ALL {
            let text = serde_json::to_string(reason).unwrap();
            assert_eq!(text, format!("\"{reason}\""));
            assert_eq!(serde_json::from_str::<RefuseReason>(&text).unwrap(), *reason);
        }
    }
}
