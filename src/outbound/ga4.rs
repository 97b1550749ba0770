//! Credit as events of GA4's Measurement Protocol.

use chrono::TimeDelta;

use super::json::{Object, list};
use super::{Change, changes, labels};
use crate::receipt::Receipt;

/// Name of the event: not `purchase`, which GA4 knows from the shop and would count twice.
const EVENT: &str = "chat_credit";

/// Most events in one request, by GA4's limits.
const MOST_EVENTS: usize = 25;

/// How far back GA4 takes events.
const OLDEST: TimeDelta = TimeDelta::hours(72);

/// Longest value of a parameter, in characters, by GA4's limits.
const LONGEST: usize = 100;

/// Whose credit goes to GA4: [`Ga4::new`], then [`Ga4::bodies`].
///
/// Each change becomes an event `chat_credit` with the parameters `transaction_id`, `currency`, `value`, `model`,
/// `touchpoint` (its id) and the labels `query`, `topic`, `intent`, `flow`, `product_type`, `language`, `channel`,
/// `evidence`. A label of more than 100 characters is left out, since GA4 would cut it. The time is that of the conversion;
/// GA4 takes events of the last 72 hours only, so what lies further back from the instant that the receipt was asked as
/// of goes without a time and counts when it arrives: see [`Ga4::undated`].
///
/// Under [`Limits::hash_ids`](crate::Limits::hash_ids) `transaction_id` and `touchpoint` are pseudonyms, which GA4 cannot
/// join with the shop's own purchases, and a new key makes new ones: send nothing again after a rotation.
#[derive(Clone, Debug)]
pub struct Ga4 {
    client_id: String,
    user_id: Option<String>,
    is_dated: bool,
}

impl Ga4 {
    /// For the shopper whose browser has this client id.
    pub fn new(client_id: impl Into<String>) -> Self {
        Self { client_id: client_id.into(), user_id: None, is_dated: true }
    }

    /// Also names the customer; default nobody.
    pub fn user_id(&mut self, user_id: impl Into<String>) -> &mut Self {
        self.user_id = Some(user_id.into());
        self
    }

    /// Leaves the time out; default it is that of the conversion, if that is no more than 72 hours before the instant
    /// that the receipt was asked as of.
    pub fn undated(&mut self) -> &mut Self {
        self.is_dated = false;
        self
    }

    /// The bodies of the requests that tell what changed since the receipt that was `sent`: one for up to 25 events,
    /// none where nothing changed. `None` if the receipt has no column of that name.
    pub fn bodies(&self, now: &Receipt, sent: Option<&Receipt>, model: &str) -> Option<Vec<String>> {
        let changes = changes(now, sent, model)?;
        let at = now.claim.as_ref().or(sent.and_then(|sent| sent.claim.as_ref()));
        let at = at.map(|claim| claim.conversion.at);
        let at = at.filter(|at| self.is_dated && now.as_of.signed_duration_since(*at) <= OLDEST);
        let at = at.map(|at| at.timestamp_micros());
        let body = |changes: &[Change<'_>]| {
            let events: Vec<String> = changes.iter().map(|change| event(now, change, model)).collect();
            let mut body = Object::default();
            body.text("client_id", &self.client_id);
            self.user_id.iter().for_each(|user_id| _ = body.text("user_id", user_id));
            at.iter().for_each(|micros| _ = body.raw("timestamp_micros", &micros.to_string()));
            body.raw("events", &list(&events));
            body.done()
        };
        Some(changes.chunks(MOST_EVENTS).map(body).collect())
    }
}

fn event(receipt: &Receipt, change: &Change<'_>, model: &str) -> String {
    let mut params = Object::default();
    params.text("transaction_id", receipt.order.as_str());
    params.text("currency", change.value.currency().code()).raw("value", &change.value.amount());
    params.text("model", model).text("touchpoint", change.touchpoint.id.as_str());
    for (name, value) in labels(change.touchpoint).filter(|(_, value)| value.chars().count() <= LONGEST) {
        params.text(name, &value);
    }
    let mut event = Object::default();
    event.text("name", EVENT).raw("params", &params.done());
    event.done()
}
