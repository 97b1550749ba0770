//! WhatsApp, Messenger and Instagram: the way into a chat.
//!
//! | in a webhook | becomes |
//! |---|---|
//! | a WhatsApp message with `referral` | a visit: from an advertisement or a post, with its `ctwa_clid` |
//! | a Messenger or Instagram message, postback or referral with `referral` | a visit: from an advertisement, a link with `ref`, a page |
//! | all else | nothing: messages are the host's turns |
//!
//! The evidence stands on the visit's link as tags, so that it is classified like any arrival and kept by the event
//! log: `?utm_source=whatsapp&utm_medium=paid_social&utm_id=<ad>&utm_content=<headline>&ctwa_clid=<click>&ref=<ref>`.
//! The medium is `paid_social` for advertisements, `social` for posts, else `referral`. The page of the advertisement
//! or of the link is the referrer. `ref` is the shop's own text: a link code by itself, or pairs as in a query whose
//! names [`Carriers`] knows, such as `clq=7zk3&clinch_visitor=v9`.
//!
//! Only the first message after a click has a referral, and none has a click id from WhatsApp Web: record it when it
//! comes.
//!
//! # Who
//!
//! On WhatsApp the phone number, with its plus sign. On Messenger and Instagram the visitor `messenger:<id>` or
//! `instagram:<id>`, where the id is that of the sender: turns that name the same visitor are the same person's.

use chrono::{DateTime, Utc};

use super::chat::{Referral, medium};
use super::json;
use super::read::{Object, Read, needed};
use super::settings::settings;
use super::table::Carriers;
use super::{Answer, Delivery, Ignored, Received, Refused, Secrets, bounded, events};
use crate::event::Event;
use crate::id::Identifiers;

const SIGNATURE: &str = "X-Hub-Signature-256";

/// Webhooks of one Meta app: [`Meta::new`], settings, then [`Meta::receive`].
#[derive(Clone, Debug)]
pub struct Meta {
    secrets: Secrets,
    carriers: Carriers,
}

settings! { Meta:
    /// One for each app.
    accept;
    /// They are names in a `ref` that reads like a query.
    carriers;
}

impl Meta {
    /// With the app's secret.
    ///
    /// # Errors
    /// [`Refused::EmptySecret`].
    pub fn new(secret: &[u8]) -> Result<Self, Refused> {
        Ok(Self { secrets: Secrets::new(secret)?, carriers: Carriers::default() })
    }

    /// Verifies a webhook and reads it. `now` is not used, since Meta signs no time; it is here because every
    /// platform's `receive` takes it.
    ///
    /// # Errors
    /// [`Refused`], and nothing has happened.
    pub fn receive(&self, delivery: &Delivery<'_>, _now: DateTime<Utc>) -> Result<Received, Refused> {
        delivery.bounded()?;
        let signature = delivery.need(SIGNATURE)?.strip_prefix("sha256=").ok_or(Refused::Signature)?;
        let secret = self.secrets.check_hex(&[delivery.body], signature)?;
        let json = json::parse(delivery.body)?;
        let body = Object::of(&json)?;
        let topic = body.need_text("object")?;
        Ok(Received::new(topic, secret, self.object(topic, body)?))
    }

    /// Reads a body that the host verified itself.
    ///
    /// # Errors
    /// [`Refused::TooLarge`], [`Refused::Json`], [`Refused::Field`].
    pub fn read(&self, body: &[u8]) -> Result<Answer, Refused> {
        bounded(body)?;
        let json = json::parse(body)?;
        let body = Object::of(&json)?;
        Ok(self.object(body.need_text("object")?, body)?)
    }

    fn object(&self, object: &str, body: Object<'_>) -> Read<Answer> {
        let visits = match object {
            "whatsapp_business_account" => body.objects("entry", |entry| {
                let changes = entry.objects("changes", |change| {
                    let messages =
                        |value: Object<'_>| value.objects("messages", |message| self.whatsapp(message));
                    Ok(change.object("value", messages)?.unwrap_or_default())
                })?;
                Ok(changes.into_iter().flatten().flatten().collect::<Vec<Event>>())
            })?,
            "page" | "instagram" => {
                let channel = if object == "page" { "messenger" } else { "instagram" };
                body.objects("entry", |entry| {
                    let one = |message: Object<'_>| self.messenger(channel, message);
                    let (main, standby) = (entry.objects("messaging", one)?, entry.objects("standby", one)?);
                    Ok(main.into_iter().chain(standby).flatten().collect())
                })?
            }
            _ => return Ok(Answer::Ignored(Ignored::Topic)),
        };
        Ok(events(visits.into_iter().flatten().collect()))
    }

    fn whatsapp(&self, message: Object<'_>) -> Read<Option<Event>> {
        if message.get("referral")?.is_none() {
            return Ok(None);
        }
        let from = message.need_text("from")?;
        let id = message.need_text("id")?;
        let at = needed(message.instant_unix("timestamp", 1)?, "timestamp")?;
        message.object("referral", |referral| {
            let kind = referral.text("source_type")?;
            let visit = Referral {
                channel: "whatsapp",
                id: id.to_owned(),
                at,
                who: Identifiers::none().phone(format!("+{}", from.trim_start_matches('+'))),
                medium: medium(kind == Some("ad"), kind == Some("post")),
                source_id: referral.text("source_id")?,
                headline: referral.text("headline")?,
                click_id: referral.text("ctwa_clid")?,
                reference: referral.text("ref")?,
                page: referral.text("source_url")?,
            };
            Ok(visit.into_event(&self.carriers))
        })
    }

    /// The referral that stands by itself, in a postback or in a message: the first that is there.
    fn messenger(&self, channel: &str, item: Object<'_>) -> Read<Option<Event>> {
        let has_one = |part: Object<'_>| Ok(part.get("referral")?.is_some());
        let place =
            match (has_one(item)?, item.object("postback", has_one)?, item.object("message", has_one)?) {
                (true, ..) => None,
                (_, Some(true), _) => Some("postback"),
                (.., Some(true)) => Some("message"),
                _ => return Ok(None),
            };
        let sender = needed(item.object("sender", |sender| sender.need_text("id"))?, "sender")?;
        let at = needed(item.instant_unix("timestamp", 1_000)?, "timestamp")?;
        let read =
            |of: Object<'_>| of.object("referral", |referral| self.referral(channel, sender, at, referral));
        match place {
            None => read(item),
            Some(place) => Ok(item.object(place, read)?.flatten()),
        }
    }

    fn referral(&self, channel: &str, sender: &str, at: DateTime<Utc>, referral: Object<'_>) -> Read<Event> {
        let ad = referral.text("ad_id")?;
        let is_ad = ad.is_some() || referral.text("source")?.is_some_and(|source| source == "ADS");
        let shown = referral.object("ads_context_data", |context| {
            Ok((context.text("ad_title")?, context.text("post_id")?))
        })?;
        let (title, post) = shown.unwrap_or_default();
        let visit = Referral {
            channel,
            id: format!("{sender} {}", at.timestamp_millis()),
            at,
            who: Identifiers::none().visitor(format!("{channel}:{sender}")),
            medium: medium(is_ad, post.is_some()),
            source_id: ad.or(post),
            headline: title,
            click_id: None,
            reference: referral.text("ref")?,
            page: referral.text("referer_uri")?,
        };
        Ok(visit.into_event(&self.carriers))
    }
}
