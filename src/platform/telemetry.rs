//! Content Telemetry (version 0.1): what an assistant reports of its turns and of the content it showed.
//!
//! | event | becomes |
//! |---|---|
//! | `turn_started`, `turn_completed` | one turn: at its start where that is in the same document, with the labels of both |
//! | `content_displayed` | `link_shared`, where it has a link |
//! | `content_engaged` by `link_click` or `agent_navigate` | `link_click` |
//! | any other | nothing: what was fetched, read or cited is no fact about a shopper |
//!
//! A session is a conversation, the `agent_id` its channel. Ids of turns are unique in a session only, so events have
//! the ids of [`Telemetry::turn_id`]. All three forms of delivery are read: session documents, single events, batches. An
//! emitter that sends a turn in two documents gives two versions of one turn, of which the later holds.
//!
//! A click from a landing page carries a `ctx_token` instead of the session, which must not cross to another party. It
//! becomes the code of the click: the assistant that issued it recorded the same text as the code of the link
//! (`Event::link_shared(..).code(..)`), and the click finds its turn by it. Without any other identifier the click
//! belongs to a visitor of its own.
//!
//! # Privacy levels
//!
//! | `privacy_level` | text | intent and topics |
//! |---|---|---|
//! | `full`, `summary` | as the text of the turn, which a tracker drops unless [`Limits::keep_text`](crate::Limits) says otherwise | yes |
//! | `intent` | no | yes |
//! | `minimal` | no | no |
//!
//! A field above the level of its turn is not allowed there. The specification has a reader strip it, which is the
//! default; [`Telemetry::strict`] makes it an error. Either way it never reaches an event.
//!
//! The specification has no signature: the host knows the sender by other means, and there is no `receive`.

use chrono::{DateTime, Utc};

use super::json;
use super::read::{Object, Read, fail, needed, see};
use super::table::veiled;
use super::{Answer, Refused, bounded, events};
use crate::event::{Event, EventOf, Query};
use crate::id::{IdKind, Identifiers};
use crate::text::EventId;

/// The platform's name in event ids.
const NAME: &str = "telemetry";

/// The only version there is; before 1.0 a reader takes no other.
const VERSION: &str = "0.1";

/// Reads telemetry: [`Telemetry::new`], settings, then [`Telemetry::read`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Telemetry {
    strict: bool,
}

/// What all events of one document share.
struct Envelope<'a> {
    session: Option<&'a str>,
    token: Option<&'a str>,
    agent: Option<&'a str>,
    /// Identifiers seen with all of them.
    who: Identifiers,
}

/// A turn of which one or both ends were read.
struct Turn {
    event: EventOf<Query>,
    id: EventId,
}

impl Telemetry {
    /// With default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// The id of the event of a turn, for a host that looks up in its chat log what a receipt names:
    /// `telemetry:<32 digits that stand for the session>:<turn>`.
    pub fn turn_id(session: &str, turn: &str) -> EventId {
        EventId::from(format!("{NAME}:{}:{turn}", veiled(session)))
    }

    /// Whether a field above the privacy level of its turn is an error; default no, it is stripped.
    pub fn strict(&mut self, yes: bool) -> &mut Self {
        self.strict = yes;
        self
    }

    /// Reads one document. `who` is whom the host knows the document to be about, such as the visitor on whose landing
    /// page a click was seen; [`Identifiers::none`] where it knows nobody.
    ///
    /// # Errors
    /// [`Refused::TooLarge`], [`Refused::Json`], [`Refused::Field`].
    pub fn read(&self, who: &Identifiers, document: &[u8]) -> Result<Answer, Refused> {
        bounded(document)?;
        let json = json::parse(document)?;
        Ok(self.document(who, Object::of(&json)?)?)
    }

    fn document(&self, who: &Identifiers, document: Object<'_>) -> Read<Answer> {
        if document.need_text("schema_version")? != VERSION {
            return fail("schema_version", "a version that is not read here, which is 0.1");
        }
        let mut envelope = Envelope {
            session: document.text("session_id")?,
            token: document.text("ctx_token")?,
            agent: document.text("agent_id")?,
            who: who.clone(),
        };
        see(&mut envelope.who, IdKind::Conversation, envelope.session);
        if let (true, Some(token)) = (envelope.who.is_empty(), envelope.token) {
            envelope.who = envelope.who.visitor(format!("ctx:{token}"));
        }
        let (mut turns, mut others) = (Vec::new(), Vec::new());
        let mut one = |event: Object<'_>| self.event(&envelope, event, &mut turns, &mut others);
        match document.text("document_type")? {
            Some("event") => needed(document.object("event", one)?, "event")?,
            None | Some("session" | "event_batch") => {
                document.objects("events", &mut one)?;
            }
            Some(_) => return fail("document_type", "none of session, event and event_batch"),
        }
        let turns = turns.into_iter().map(|turn: Turn| turn.event.into());
        Ok(events(turns.chain(others).collect()))
    }

    fn event(
        &self,
        envelope: &Envelope<'_>,
        event: Object<'_>,
        turns: &mut Vec<Turn>,
        others: &mut Vec<Event>,
    ) -> Read<()> {
        let kind = event.need_text("type")?;
        let at = needed(event.instant("timestamp")?, "timestamp")?;
        match kind {
            "turn_started" | "turn_completed" => self.turn(envelope, event, at, turns),
            "content_displayed" | "content_engaged" => {
                others.extend(content(envelope, event, kind, at)?);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Takes one end of a turn to the other, if that was read.
    fn turn(
        &self,
        envelope: &Envelope<'_>,
        event: Object<'_>,
        at: DateTime<Utc>,
        turns: &mut Vec<Turn>,
    ) -> Read<()> {
        let session = needed(envelope.session, "session_id")?;
        let turn = needed(event.text("turn_id")?.or(event.text("id")?), "turn_id")?;
        let id = Self::turn_id(session, turn);
        let labels = needed(event.object("turn", |turn| self.labels(turn))?, "turn")?;
        let held = turns.iter_mut().find(|held| held.id == id);
        let Some(held) = held else {
            let mut event = Event::query(id.clone(), at, envelope.who.clone());
            if let Some(agent) = envelope.agent {
                event = event.channel(agent);
            }
            turns.push(Turn { event: labelled(event, labels), id });
            return Ok(());
        };
        // The newer says more; what it leaves out the older may have said.
        let is_newer = at >= held.event.at();
        let kept = held.event.kind().clone();
        let (first, second) = if is_newer { (labels, kept) } else { (kept, labels) };
        let event = Event::query(id, at.min(held.event.at()), envelope.who.clone());
        let event = envelope.agent.into_iter().fold(event, |event, agent| event.channel(agent));
        held.event = labelled(labelled(event, second), first);
        Ok(())
    }

    /// What the level of a turn lets through of it.
    fn labels(&self, turn: Object<'_>) -> Read<Query> {
        let (text, labels) = match turn.need_text("privacy_level")? {
            "full" | "summary" => (true, true),
            "intent" => (false, true),
            "minimal" => (false, false),
            _ => return fail("privacy_level", "none of full, summary, intent and minimal"),
        };
        let allowed = |field: &str, is_allowed: bool| {
            let is_there = turn.get(field)?.is_some();
            if is_there && !is_allowed && self.strict {
                return fail(field, "above the privacy level of the turn");
            }
            Ok(is_there && is_allowed)
        };
        let mut query = Query::default();
        if allowed("query_text", text)? {
            query.text = turn.text("query_text")?.map(Into::into);
        }
        allowed("response_text", text)?;
        if allowed("query_intent", labels)? {
            query.intent = turn.text("query_intent")?.map(Into::into);
        }
        if allowed("topics", labels)? {
            // A turn has one topic: what it is about first of all.
            let first = turn.list("topics")?.first();
            let first = first.map(|topic| super::read::text(topic, "topics[0]")).transpose()?;
            query.topic = first.filter(|topic| !topic.is_empty()).map(Into::into);
        }
        for field in ["response_type", "response_mode", "model_id", "ad_rendered"] {
            allowed(field, labels)?;
        }
        Ok(query)
    }
}

/// The event with these labels, which stand before those that it has.
fn labelled(event: EventOf<Query>, labels: Query) -> EventOf<Query> {
    let event = labels.text.into_iter().fold(event, |event, text| event.text(text));
    let event = labels.intent.into_iter().fold(event, |event, intent| event.intent(intent));
    labels.topic.into_iter().fold(event, |event, topic| event.topic(topic))
}

/// A link that was shown, or followed.
fn content(envelope: &Envelope<'_>, event: Object<'_>, kind: &str, at: DateTime<Utc>) -> Read<Option<Event>> {
    let url = event.text("content_url")?;
    let by = event.object("data", |data| data.text("engagement_type"))?.flatten();
    let origin = needed(envelope.session.or(envelope.token), "session_id")?;
    let named = event.text("id")?;
    let stamp = at.timestamp_micros();
    let id = |what: &str| match named {
        Some(id) => EventId::from(format!("{NAME}:{id}")),
        // Without an id of its own: what was done with what, and when.
        None => {
            let content = veiled(&format!("{origin} {}", url.unwrap_or_default()));
            EventId::from(format!("{NAME}:{what}:{stamp}:{content}"))
        }
    };
    let turn = match (envelope.session, event.text("turn_id")?) {
        (Some(session), Some(turn)) => Some(Telemetry::turn_id(session, turn)),
        _ => None,
    };
    let who = envelope.who.clone();
    Ok(match (kind, by) {
        ("content_displayed", _) => url.map(|url| {
            let shown = Event::link_shared(id("shown"), at, who, url);
            turn.into_iter().fold(shown, |shown, turn| shown.turn(turn)).into()
        }),
        (_, Some("link_click" | "agent_navigate")) => {
            let click = Event::link_click(id("click"), at, who);
            let click = url.into_iter().fold(click, |click, url| click.url(url));
            let click = envelope.token.into_iter().fold(click, |click, token| click.code(token));
            Some(turn.into_iter().fold(click, |click, turn| click.turn(turn)).into())
        }
        _ => None,
    })
}
