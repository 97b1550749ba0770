//! Twilio: the way into a chat, from the flat form that it sends for a message.
//!
//! A message with one of `ReferralSourceId`, `ReferralSourceUrl` and `ReferralCtwaClid` becomes a visit with the
//! evidence that [`meta`](super::meta) describes; all others are [`Ignored::NothingInIt`]. `From` says who and where:
//! `whatsapp:+14155550123` is a phone number, `messenger:123` the visitor of that name.
//!
//! Twilio signs the address that it calls and all fields of the form, with SHA-1 (feature `platforms-sha1`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::chat::{Referral, medium};
use super::read::{Read, fail, needed};
use super::table::Carriers;
use super::{Answer, Ignored, Refused, bounded, events};
use crate::event::Event;
use crate::id::Identifiers;

/// Messages of one Twilio account: [`Twilio::new`], then `Twilio::receive` or [`Twilio::read`].
#[derive(Clone, Debug, Default)]
pub struct Twilio {
    #[cfg(feature = "platforms-sha1")]
    pub(super) secrets: super::sha1::Secrets,
}

/// The fields of a form, each once.
pub(super) type Form<'a> = BTreeMap<Cow<'a, str>, Cow<'a, str>>;

impl Twilio {
    /// Without any token.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a form that the host verified itself. A form has no date: it happened `now`.
    ///
    /// # Errors
    /// [`Refused::TooLarge`], [`Refused::Field`].
    pub fn read(&self, body: &[u8], now: DateTime<Utc>) -> Result<Answer, Refused> {
        bounded(body)?;
        Ok(message(&form(body)?, now)?)
    }
}

/// The visit that a message tells of.
pub(super) fn message(form: &Form<'_>, now: DateTime<Utc>) -> Read<Answer> {
    let get = |name: &str| form.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let (source_id, page) = (get("ReferralSourceId"), get("ReferralSourceUrl"));
    let click_id = get("ReferralCtwaClid");
    if source_id.or(page).or(click_id).is_none() {
        return Ok(Answer::Ignored(Ignored::NothingInIt));
    }
    let from = needed(get("From"), "From")?;
    let (channel, sender) = from.split_once(':').unwrap_or(("sms", from));
    let who = match channel {
        "whatsapp" | "sms" => Identifiers::none().phone(sender),
        _ => Identifiers::none().visitor(from),
    };
    let kind = get("ReferralSourceType");
    let visit = Referral {
        channel,
        id: needed(get("MessageSid").or(get("SmsMessageSid")), "MessageSid")?.to_owned(),
        at: now,
        who,
        medium: medium(kind == Some("ad"), kind == Some("post")),
        source_id,
        headline: get("ReferralHeadline"),
        click_id,
        reference: None,
        page,
    };
    let visit: Event = visit.into_event(&Carriers::default());
    Ok(events(vec![visit]))
}

/// The fields of a body, decoded; one that is there twice is an error, since two readers could see two forms.
pub(super) fn form(body: &[u8]) -> Read<Form<'_>> {
    let mut fields = Form::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        if fields.contains_key(&name) {
            return fail(name, "given twice");
        }
        fields.insert(name, value);
    }
    Ok(fields)
}
