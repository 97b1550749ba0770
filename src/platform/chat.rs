//! What a chat channel tells about how a shopper came into the chat, as a visit.

use chrono::{DateTime, Utc};

use super::table::{Carriers, Found, veiled};
use super::trail::{Trail, take_free};
use crate::event::Event;
use crate::id::Identifiers;

/// What led into a chat.
pub(super) struct Referral<'a> {
    /// `whatsapp`, `messenger`, `instagram`.
    pub(super) channel: &'a str,
    /// What is one and the same on every delivery; it may name a person.
    pub(super) id: String,
    pub(super) at: DateTime<Utc>,
    pub(super) who: Identifiers,
    pub(super) medium: &'a str,
    /// The advertisement or post.
    pub(super) source_id: Option<&'a str>,
    pub(super) headline: Option<&'a str>,
    /// Click-to-WhatsApp id.
    pub(super) click_id: Option<&'a str>,
    /// The shop's own text on the link.
    pub(super) reference: Option<&'a str>,
    pub(super) page: Option<&'a str>,
}

impl Referral<'_> {
    pub(super) fn into_event(self, carriers: &Carriers) -> Event {
        let mut found = Found::default();
        self.reference.into_iter().for_each(|reference| take_free(reference, carriers, &mut found));
        let mut who = self.who;
        found.who.iter().for_each(|identifier| who.set(identifier.clone()));
        let mut trail = Trail::default();
        trail.tag("utm_source", Some(self.channel)).tag("utm_medium", Some(self.medium));
        trail.tag("utm_id", self.source_id).tag("utm_content", self.headline);
        trail.tag("ctwa_clid", self.click_id).tag("ref", self.reference);
        let id = format!("{}:visit:{}", self.channel, veiled(&self.id));
        let visit = Event::visit(id, self.at, who);
        let visit = trail.link().into_iter().fold(visit, |visit, link| visit.url(link));
        let visit = self.page.into_iter().fold(visit, |visit, page| visit.referrer(page));
        found.codes.into_iter().take(1).fold(visit, |visit, code| visit.code(code)).into()
    }
}

/// The medium of an advertisement, of a post, or of any other way in.
pub(super) fn medium(is_ad: bool, is_post: bool) -> &'static str {
    match (is_ad, is_post) {
        (true, _) => "paid_social",
        (false, true) => "social",
        (false, false) => "referral",
    }
}
