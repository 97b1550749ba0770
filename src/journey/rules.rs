//! What may claim what: every rule is data with a name and a stated default.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::choice::choice;
use crate::id::siphash128;
use crate::journey::touchpoint::{Evidence, TouchKind};
use crate::time::Span;

choice! {
    /// What one touchpoint is.
    Unit:
    /// A turn with the engagements that it caused; an engagement without a turn stands alone.
    #[default]
    Turn "turn";
    /// Every event by itself; nothing is folded.
    Event "event";
    /// All that happened in one conversation, standing at the earliest of it.
    Conversation "conversation";
}

choice! {
    /// Whether a visit without tags and referrer may earn.
    DirectVisits:
    /// Like any other touchpoint.
    #[default]
    May "may";
    /// Only where the path has nothing else (Snowplow: `removeIfNotAll`).
    OnlyIfNothingElse "only_if_nothing_else";
    /// Not at the end of a path that has something else (Snowplow: `removeIfLastAndNotAll`).
    NotLast "not_last";
    /// Never.
    Never "never";
}

choice! {
    /// Whether a touchpoint has to have spoken of what was bought.
    ProductMatch:
    /// No.
    #[default]
    Any "any";
    /// Of a product of the same type.
    SameType "same_type";
    /// Of the same product.
    SameProduct "same_product";
}

choice! {
    /// Whether a touchpoint may claim more than one conversion of its person.
    Reuse:
    /// It may.
    #[default]
    Allowed "allowed";
    /// Only the first whose path it was in.
    Consumed "consumed";
    /// Each path starts after the conversion before it.
    Restart "restart";
    /// Only a person's first conversion is credited at all.
    FirstOnly "first_only";
}

choice! {
    /// What becomes of touchpoints that share their label with another one of the path.
    Transform:
    /// All stay (fractribution: `unique`).
    #[default]
    All "all";
    /// Of neighbours with one label the first stays (`exposure`): D A B B C D C C is D A B C D C.
    CollapseRepeats "collapse_repeats";
    /// Of each label the first stays (`first`): D A B B C D C C is D A B C.
    FirstOfEach "first_of_each";
    /// Of each label the last stays: D A B B C D C C is A B D C.
    LastOfEach "last_of_each";
}

/// Intents that may not earn unless the rules say so: what is asked after a purchase, about it.
///
/// Compared after folding: lower case, spaces and hyphens as underscores.
pub const POST_PURCHASE_INTENTS: &[&str] = &[
    "cancel_order",
    "cancellation",
    "complaint",
    "delivery_status",
    "exchange",
    "invoice",
    "order_cancellation",
    "order_status",
    "order_tracking",
    "refund",
    "refund_status",
    "refunds",
    "return",
    "return_request",
    "returns",
    "shipping_status",
    "track_order",
    "warranty",
    "warranty_claim",
    "where_is_my_order",
    "wismo",
];

/// Everything that decides which touchpoints may claim a conversion.
///
/// Its printed form names every rule, and [`Rules::id`] stands on every report and receipt, so that a number can
/// be made again.
///
/// ```
/// use clinch::{Rules, Span, Unit};
///
/// let mut rules = Rules::default();
/// assert_eq!((rules.lookback, rules.unit), (Span::days(30), Unit::Turn));
/// rules.lookback = Span::days(7);
/// assert!(rules.to_string().starts_with("lookback=7d session_gap=30m unit=turn"));
/// assert_ne!(rules.id(), Rules::default().id());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Rules {
    /// How far before a conversion a touchpoint may lie, both ends in. Default 30 days.
    pub lookback: Span,
    /// Other windows for some kinds of touchpoint. Default none.
    pub kind_windows: BTreeMap<TouchKind, Span>,
    /// Longer windows that some evidence opens; the longest that applies counts. Default none.
    pub evidence_windows: BTreeMap<Evidence, Span>,
    /// How long after a turn an engagement of the same conversation is taken as caused by it. Default 30 minutes.
    pub session_gap: Span,
    /// What one touchpoint is. Default a turn.
    pub unit: Unit,
    /// Which kinds may earn. Default query, recommendation, link_click, add_to_cart, discount_request, visit.
    pub kinds: BTreeSet<TouchKind>,
    /// Intents that may not earn. Default [`POST_PURCHASE_INTENTS`].
    pub excluded_intents: BTreeSet<String>,
    /// Whether a turn whose answer did not help may earn. Default no.
    pub unhelpful_may_earn: bool,
    /// Whether direct visits may earn. Default they may.
    pub direct_visits: DirectVisits,
    /// Whether a touchpoint has to have spoken of what was bought. Default any may claim.
    pub product_match: ProductMatch,
    /// Whether a touchpoint may claim several conversions. Default it may.
    pub reuse: Reuse,
    /// What becomes of repeats in a path. Default all stay.
    pub transform: Transform,
    /// Only so many touchpoints, the last ones, form the path. Default all.
    pub last_touchpoints: Option<u32>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            lookback: Span::days(30),
            kind_windows: BTreeMap::new(),
            evidence_windows: BTreeMap::new(),
            session_gap: Span::minutes(30),
            unit: Unit::default(),
            kinds: TouchKind::EARNING.iter().copied().collect(),
            excluded_intents: POST_PURCHASE_INTENTS.iter().map(ToString::to_string).collect(),
            unhelpful_may_earn: false,
            direct_visits: DirectVisits::default(),
            product_match: ProductMatch::default(),
            reuse: Reuse::default(),
            transform: Transform::default(),
            last_touchpoints: None,
        }
    }
}

impl Rules {
    /// 16 hexadecimal digits over the printed form and the excluded intents: equal for equal rules, on every
    /// platform.
    pub fn id(&self) -> String {
        fingerprint(&format!("{self} {:?}", self.excluded_intents))
    }

    /// Whether the intents are those of [`POST_PURCHASE_INTENTS`], which print as `post_purchase`.
    fn excludes_post_purchase(&self) -> bool {
        self.excluded_intents.iter().map(String::as_str).eq(POST_PURCHASE_INTENTS.iter().copied())
    }

    /// Whether turns of an intent may not earn.
    pub(crate) fn excludes(&self) -> impl Fn(&str) -> bool + use<> {
        let excluded: BTreeSet<String> = self.excluded_intents.iter().map(|intent| folded(intent)).collect();
        move |intent| excluded.contains(&folded(intent))
    }
}

/// 16 hexadecimal digits that stand for a printed form.
pub(crate) fn fingerprint(text: &str) -> String {
    format!("{:016x}", siphash128(FINGERPRINT_DOMAIN, text.as_bytes()) as u64)
}

/// Domain of the hash, apart from those of identifiers.
const FINGERPRINT_DOMAIN: u8 = 110;

/// An intent as it is compared.
fn folded(intent: &str) -> String {
    intent
        .trim()
        .chars()
        .map(|c| if matches!(c, ' ' | '-') { '_' } else { c })
        .collect::<String>()
        .to_lowercase()
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lookback, session_gap, unit, direct_visits, product_match, reuse, transform, .. } = self;
        write!(f, "lookback={lookback} session_gap={session_gap} unit={unit} kinds=")?;
        list(f, self.kinds.iter())?;
        f.write_str(" kind_windows=")?;
        list(f, self.kind_windows.iter().map(|(kind, span)| format!("{kind}:{span}")))?;
        f.write_str(" evidence_windows=")?;
        list(f, self.evidence_windows.iter().map(|(evidence, span)| format!("{evidence}:{span}")))?;
        f.write_str(" excluded_intents=")?;
        if self.excludes_post_purchase() {
            f.write_str("post_purchase")?;
        } else {
            list(f, self.excluded_intents.iter().map(|intent| quoted(intent)))?;
        }
        let unhelpful = if self.unhelpful_may_earn { "may" } else { "never" };
        write!(f, " unhelpful={unhelpful} direct_visits={direct_visits} product_match={product_match}")?;
        write!(f, " reuse={reuse} transform={transform} last_touchpoints=")?;
        match self.last_touchpoints {
            Some(count) => write!(f, "{count}"),
            None => f.write_str("all"),
        }
    }
}

/// A name in a printed form, in quotes where it could be taken for more than one name: ids rest on the form.
pub(crate) fn quoted(name: &str) -> Cow<'_, str> {
    let plain =
        |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/');
    if !name.is_empty() && name != "-" && name.chars().all(plain) {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(format!("\"{}\"", name.escape_default()))
    }
}

/// Items between commas, `-` for none.
fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: impl Iterator<Item = T>) -> fmt::Result {
    let mut first = true;
    for item in items {
        write!(f, "{}{item}", if first { "" } else { "," })?;
        first = false;
    }
    if first { f.write_str("-") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intents_are_compared_after_folding() {
        let excludes = Rules::default().excludes();
        for intent in ["order_status", "Order Status", "order-status", "RETURNS"] {
            assert!(excludes(intent), "{intent}");
        }
        assert!(!excludes("product_question"));
    }

    #[test]
    fn every_rule_is_in_the_printed_form_and_in_serde() {
        let base = Rules::default();
        let span = Span::days(1);
        let others = [
            Rules { lookback: span, ..base.clone() },
            Rules { kind_windows: [(TouchKind::Query, span)].into(), ..base.clone() },
            Rules { evidence_windows: [(Evidence::Code, span)].into(), ..base.clone() },
            Rules { session_gap: span, ..base.clone() },
            Rules { unit: Unit::Event, ..base.clone() },
            Rules { kinds: [TouchKind::Query].into(), ..base.clone() },
            Rules { excluded_intents: BTreeSet::new(), ..base.clone() },
            Rules { unhelpful_may_earn: true, ..base.clone() },
            Rules { direct_visits: DirectVisits::Never, ..base.clone() },
            Rules { product_match: ProductMatch::SameProduct, ..base.clone() },
            Rules { reuse: Reuse::Consumed, ..base.clone() },
            Rules { transform: Transform::FirstOfEach, ..base.clone() },
            Rules { last_touchpoints: Some(1), ..base.clone() },
        ];
        let mut ids: BTreeSet<String> = others.iter().map(Rules::id).collect();
        ids.insert(base.id());
        assert_eq!(ids.len(), others.len() + 1);
        for rules in others {
            let text = serde_json::to_string(&rules).unwrap();
            assert_eq!(serde_json::from_str::<Rules>(&text).unwrap(), rules);
        }
    }
}
