//! The customer journey summary of the GraphQL API.

use super::NAME;
use crate::event::Event;
use crate::id::Identifiers;
use crate::platform::json::Json;
use crate::platform::read::{Object, Read, needed};
use crate::platform::table::unversioned;
use crate::platform::trail::{Trail, landing};
use crate::platform::{Answer, Ignored, events};

/// Names of a visit's `utmParameters`, and the tags that they are.
const TAGS: [(&str, &str); 5] = [
    ("source", "utm_source"),
    ("medium", "utm_medium"),
    ("campaign", "utm_campaign"),
    ("term", "utm_term"),
    ("content", "utm_content"),
];

pub(super) fn summary(who: &Identifiers, body: Object<'_>) -> Read<Answer> {
    if let Some(inner) = body.object("customerJourneySummary", |inner| summary(who, inner))? {
        return Ok(inner);
    }
    if !body.flag("ready")? {
        return Ok(Answer::Ignored(Ignored::NotReady));
    }
    let one = |moment: Object<'_>| visit(who, moment);
    let node = |edge: Object<'_>| needed(edge.object("node", one)?, "node");
    let page = |page: Object<'_>| match page.get("edges")? {
        Some(_) => page.objects("edges", node),
        None => page.objects("nodes", one),
    };
    let moments = match body.get("moments")? {
        Some(Json::Object(_)) => body.object("moments", page)?.unwrap_or_default(),
        _ => body.objects("moments", one)?,
    };
    if !moments.is_empty() {
        return Ok(events(moments));
    }
    let ends = [body.object("firstVisit", one)?, body.object("lastVisit", one)?];
    let mut visits: Vec<Event> = ends.into_iter().flatten().collect();
    visits.dedup_by(|last, first| last.id() == first.id());
    Ok(events(visits))
}

/// A visit by the tags of its landing page, else by those that Shopify kept of it.
fn visit(who: &Identifiers, visit: Object<'_>) -> Read<Event> {
    let id = visit.need_text("id")?;
    let id = id.rsplit('/').next().unwrap_or(id);
    let at = needed(visit.instant("occurredAt")?, "occurredAt")?;
    let page = visit.text("landingPage")?;
    let mut trail = Trail::default();
    visit.object("utmParameters", |tags| {
        for (name, tag) in TAGS {
            trail.tag(tag, tags.text(name)?);
        }
        Ok(())
    })?;
    let event = Event::visit(unversioned(NAME, "visit", id), at, who.clone());
    let event = landing(page, &trail).into_iter().fold(event, |event, link| event.url(link));
    let referrer = visit.text("referrerUrl")?;
    Ok(referrer.into_iter().fold(event, |event, page| event.referrer(page)).into())
}
