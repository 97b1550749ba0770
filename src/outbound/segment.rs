//! Credit as events of Segment's and RudderStack's HTTP API.

use chrono::SecondsFormat;

use super::json::{Object, list};
use super::{Change, changes, labels};
use crate::id::siphash128;
use crate::receipt::Receipt;

/// Name of the event: not `Order Completed`, which the shop sends itself.
const EVENT: &str = "Chat Credit Changed";

/// Most calls in one batch: well below the limit of 500 KB.
const MOST_CALLS: usize = 100;

/// Keeps ids of messages apart from all other hashes.
const MESSAGE_DOMAIN: u8 = 131;

/// Whose credit goes to Segment: [`Segment::user`] or [`Segment::anonymous`], then [`Segment::bodies`].
///
/// Each change becomes a `track` call `Chat Credit Changed` with the properties `order_id`, `currency`, `value` (the
/// change), `credited` (what the touchpoint has in all now), `model`, `touchpoint` and its labels. The `messageId` is made
/// of the change, so that a request sent twice counts once.
#[derive(Clone, Debug)]
pub struct Segment {
    field: &'static str,
    id: String,
}

impl Segment {
    /// For a known customer.
    pub fn user(user_id: impl Into<String>) -> Self {
        Self { field: "userId", id: user_id.into() }
    }

    /// For a visitor.
    pub fn anonymous(anonymous_id: impl Into<String>) -> Self {
        Self { field: "anonymousId", id: anonymous_id.into() }
    }

    /// The bodies of the batches that tell what changed since the receipt that was `sent`: one for up to 100 calls,
    /// none where nothing changed. `None` if the receipt has no column of that name.
    pub fn bodies(&self, now: &Receipt, sent: Option<&Receipt>, model: &str) -> Option<Vec<String>> {
        let changes = changes(now, sent, model)?;
        let body = |changes: &[Change<'_>]| {
            let calls: Vec<String> = changes.iter().map(|change| self.call(now, change, model)).collect();
            let mut body = Object::default();
            body.raw("batch", &list(&calls));
            body.done()
        };
        Some(changes.chunks(MOST_CALLS).map(body).collect())
    }

    fn call(&self, receipt: &Receipt, change: &Change<'_>, model: &str) -> String {
        let Change { touchpoint, value, credited } = change;
        let currency = value.currency();
        let mut properties = Object::default();
        properties.text("order_id", receipt.order.as_str()).text("currency", currency.code());
        properties.raw("value", &value.amount());
        properties.raw("credited", &crate::Money::new(*credited, currency).amount());
        properties.text("model", model).text("touchpoint", touchpoint.id.as_str());
        for (name, text) in labels(touchpoint) {
            properties.text(name, &text);
        }
        let at = touchpoint.at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let name = [receipt.order.as_str(), model, touchpoint.id.as_str(), &at, &value.amount()].join("\n");
        let message = format!("clinch:{:032x}:{credited}", siphash128(MESSAGE_DOMAIN, name.as_bytes()));
        let mut call = Object::default();
        call.text("type", "track").text("event", EVENT).text("messageId", &message);
        call.text(self.field, &self.id);
        if let Some(claim) = &receipt.claim {
            let at = claim.conversion.at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            call.text("timestamp", &at);
        }
        call.raw("properties", &properties.done());
        call.done()
    }
}
