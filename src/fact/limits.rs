//! How much of anything is taken in.

use serde::{Deserialize, Serialize};

use crate::event::PrivacyLevel;
use crate::time::Span;

/// Bounds on what is kept. What is over one is refused whole and counted by reason, never cut.
///
/// Two trackers that are to be merged have the same limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Limits {
    /// Longest label, identifier, id or code, in bytes. Default 256.
    pub text_bytes: usize,
    /// Most lines, most refunds and most lines of all refunds of one order. Default 10,000.
    pub order_lines: usize,
    /// Most products, link codes or discount codes in one event. Default 64.
    pub values: usize,
    /// How much of a turn is kept; a turn may declare less. Default labels only, no text.
    pub privacy: PrivacyLevel,
    /// Longest text of a question that is kept, in bytes; a longer one is left out and counted, not cut. Default
    /// 4,096.
    pub question_bytes: usize,
    /// Whether ids of orders, refunds and events are kept as pseudonyms. Default no, since a receipt must lead
    /// back to the host's chat log.
    pub hash_ids: bool,
    /// How long facts are kept; see [`Tracker::expire`](crate::Tracker::expire). Default for good.
    pub retention: Retention,
    /// Most distinct facts in all; at the cap `record` is an error. Default 2^32.
    pub facts: u64,
    /// Most distinct identifiers in all, and so the most people; at the cap `record` is an error. Default 2^32.
    pub identifiers: u64,
    /// Most distinct labels, products and codes in all; at the cap `record` is an error. Default 2^32 - 2, the most
    /// that can be numbered.
    pub labels: u64,
    /// Most bytes that facts may take, what is spare beside them and what moving them takes included; at the cap
    /// `record` is an error. It is counted for the worst case, so that at rest much less is held. Default no cap;
    /// [`Limits::max_bytes`] is the bound that follows.
    pub bytes: u64,
}

/// How long facts of each class are kept, by their date; nothing keeps them for good.
///
/// Whatever a lookback window is to reach needs touchpoints that old: keep them at least one window longer than the
/// conversions that are asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Retention {
    /// Texts of questions.
    pub text: Option<Span>,
    /// Turns and all other touchpoints, engagements and feedback.
    pub touchpoints: Option<Span>,
    /// Orders, refunds and goals.
    pub orders: Option<Span>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            text_bytes: 256,
            order_lines: 10_000,
            values: 64,
            privacy: PrivacyLevel::Intent,
            question_bytes: 4_096,
            hash_ids: false,
            retention: Retention::default(),
            facts: 1 << 32,
            identifiers: 1 << 32,
            labels: (1 << 32) - 2,
            bytes: u64::MAX,
        }
    }
}
