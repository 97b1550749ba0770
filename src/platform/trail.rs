//! What a channel tells about how somebody came, as the link of a visit.
//!
//! A visit is classified by its link and its referrer, and the event log keeps both: evidence that is no link by
//! itself becomes the tags that a link would have had.

use chrono::{DateTime, Utc};

use super::json::Json;
use super::table::{Carriers, Found};
use crate::event::Event;
use crate::id::Identifiers;
use crate::link::encode_into;
use crate::text::Code;

/// Longest value that becomes a tag, in bytes; a longer one is passed over.
const LONGEST: usize = 256;

/// Tags in the order given, as a query without a page: `?utm_source=whatsapp&utm_medium=paid_social`.
#[derive(Default)]
pub(super) struct Trail(String);

impl Trail {
    pub(super) fn tag(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        let value = value.map(str::trim).filter(|value| !value.is_empty() && value.len() <= LONGEST);
        if let Some(value) = value.filter(|_| name.len() <= LONGEST) {
            self.0.push(if self.0.is_empty() { '?' } else { '&' });
            encode_into(name, &mut self.0);
            self.0.push('=');
            encode_into(value, &mut self.0);
        }
        self
    }

    /// The link; none without a tag.
    pub(super) fn link(&self) -> Option<&str> {
        Some(&*self.0).filter(|link| !link.is_empty())
    }
}

/// Takes what a shop wrote into a free text of a channel, such as `ref`: pairs as in a query, whose names
/// [`Carriers`] knows, or a code by itself.
pub(super) fn take_free(text: &str, carriers: &Carriers, found: &mut Found) {
    let text = text.trim();
    if crate::link::Code::new(text).is_ok() {
        found.codes.push(Code::from(text));
        return;
    }
    for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
        carriers.take(name, &Json::Text(crate::link::unescaped(value).into()), found);
    }
}

/// The visit of a page, if it is an arrival: the page has tags, a code or a click id, another site sent the visitor, or
/// the trail has tags, which stand for those of a page without any.
pub(super) fn arrived(
    id: String,
    at: DateTime<Utc>,
    who: Identifiers,
    url: Option<&str>,
    referrer: Option<&str>,
    trail: &Trail,
) -> Option<Event> {
    let is_tagged = url.is_some_and(is_tagged);
    let is_foreign = referrer.is_some_and(|from| !crate::link::same_site(from, url.unwrap_or_default()));
    let has_click = url.is_some_and(has_click_id);
    if !is_tagged && !is_foreign && !has_click && trail.link().is_none() {
        return None;
    }
    let visit = Event::visit(id, at, who);
    let visit = landing(url, trail).into_iter().fold(visit, |visit, link| visit.url(link));
    Some(referrer.into_iter().fold(visit, |visit, page| visit.referrer(page)).into())
}

/// The page if it has tags or a code of its own, else the trail if it has any, else the page.
pub(super) fn landing<'a>(page: Option<&'a str>, trail: &'a Trail) -> Option<&'a str> {
    if page.is_some_and(is_tagged) { page } else { trail.link().or(page) }
}

fn is_tagged(page: &str) -> bool {
    let tags = crate::link::read(page);
    !tags.is_empty() || tags.code().is_some()
}

/// Whether a parameter of the page is a network's click id.
fn has_click_id(url: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    query.split('&').any(|pair| crate::link::is_click_id(pair.split('=').next().unwrap_or_default()))
}
