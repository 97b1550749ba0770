//! The customer journey summary of the GraphQL API.

use super::NAME;
use crate::event::Event;
use crate::id::Identifiers;
use crate::platform::json::Json;
use crate::platform::read::{Object, Read, needed};
use crate::platform::table::unversioned;
use crate::platform::{Answer, Ignored, events};

pub(super) fn summary(who: &Identifiers, body: Object<'_>) -> Read<Answer> {
    if let Some(inner) = body.object("customerJourneySummary", |inner| summary(who, inner))? {
        return Ok(inner);
    }
    if !body.flag("ready")? {
        return Ok(Answer::Ignored(Ignored::NotReady));
    }
    let one = |moment: Object<'_>| visit(who, moment);
    let moments = match body.get("moments")? {
        Some(Json::Object(_)) => {
            body.object("moments", |page| page.objects("nodes", one))?.unwrap_or_default()
        }
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

fn visit(who: &Identifiers, visit: Object<'_>) -> Read<Event> {
    let id = visit.need_text("id")?;
    let id = id.rsplit('/').next().unwrap_or(id);
    let at = needed(visit.instant("occurredAt")?, "occurredAt")?;
    let event = Event::visit(unversioned(NAME, "visit", id), at, who.clone());
    let event = visit.text("landingPage")?.into_iter().fold(event, |event, page| event.url(page));
    let referrer = visit.text("referrerUrl")?;
    Ok(referrer.into_iter().fold(event, |event, page| event.referrer(page)).into())
}
