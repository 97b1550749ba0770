//! Content Telemetry: turns and clicks as whole events, by privacy level.

use clinch::platform::telemetry::Telemetry;
use clinch::platform::{Answer, Ignored, Refused};
use clinch::{Event, Identifiers, Key, Question, Tracker, Who};
use serde_json::{Value, json};

use crate::{at, bytes, events, json, log, payload, refused_field};

#[track_caller]
fn read(name: &str) -> Value {
    log(Telemetry::new().read(&Identifiers::none(), &payload(&format!("content-telemetry/{name}.json"))))
}

#[track_caller]
fn turn(name: &str) -> Value {
    let Value::Array(mut events) = read(name) else { panic!("a list") };
    assert_eq!(events.len(), 1);
    let mut turn = events.remove(0);
    for shared in ["id", "at", "kind", "conversation"] {
        assert!(
            turn.as_object_mut().unwrap().remove(shared).is_some_and(|value| value.is_string()),
            "{shared}"
        );
    }
    turn.as_object_mut().unwrap().remove("channel");
    turn
}

#[test]
fn a_turn_says_what_its_privacy_level_allows() {
    let text = "What are the best noise-cancelling headphones under 300 pounds?";
    assert_eq!(
        turn("turn-privacy-full"),
        json!({"text": text, "intent": "comparison", "topic": "headphones"})
    );
    let summary = "User asked about best noise-cancelling headphones under a budget.";
    assert_eq!(
        turn("turn-privacy-summary"),
        json!({"text": summary, "intent": "comparison", "topic": "headphones"})
    );
    assert_eq!(turn("turn-privacy-intent"), json!({"intent": "comparison", "topic": "headphones"}));
    assert_eq!(turn("turn-privacy-minimal"), json!({}));
    // Above its level: stripped, or an error for who wants it.
    assert_eq!(turn("privacy-violation-query-at-intent"), json!({"intent": "comparison"}));
    assert_eq!(turn("privacy-violation-query-at-minimal"), json!({}));
    assert_eq!(turn("privacy-violation-ad-rendered-at-minimal"), json!({}));
    for (name, field) in [
        ("privacy-violation-query-at-intent", "query_text"),
        ("privacy-violation-query-at-minimal", "query_text"),
        ("privacy-violation-ad-rendered-at-minimal", "ad_rendered"),
    ] {
        let mut strict = Telemetry::new();
        let body = payload(&format!("content-telemetry/{name}.json"));
        let refused = strict.strict(true).read(&Identifiers::none(), &body);
        assert_eq!(refused_field(refused), format!("events[0].turn.{field}"));
    }
}

/// Three turns, each told at its start and at its end; the shown link is a link of the first.
#[test]
fn both_ends_of_a_turn_are_one_event() {
    let session = "660e8400-e29b-41d4-a716-446655440006";
    let id = |turn: &str| Telemetry::turn_id(session, turn).as_str().to_owned();
    let of = |turn: &str, at: &str, more: Value| {
        let mut event = json!({"id": id(turn), "at": at, "kind": "query", "conversation": session, "channel": "copilot-v3"});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let events = read("session-multi-turn");
    assert_eq!(
        events.as_array().unwrap()[..3],
        [
            of("1", "2026-03-28T16:00:00Z", json!({"topic": "fusion energy", "intent": "question"})),
            of("2", "2026-03-28T16:02:00Z", json!({"topic": "tokamak", "intent": "how_to"})),
            of("3", "2026-03-28T16:05:00Z", json!({"topic": "fusion timeline", "intent": "analysis"})),
        ]
    );
    let shown = &events[3];
    assert_eq!((&shown["kind"], &shown["turn"]), (&json!("link_shared"), &json!(id("1"))));
    assert_eq!(shown["url"], "https://www.bbc.co.uk/news/science-environment-68234567");
    assert_eq!(events.as_array().unwrap().len(), 4);
    // No session stands in an event's id.
    assert!(!id("1").contains(session) && !shown["id"].as_str().unwrap().contains(session));
}

#[test]
fn events_in_any_order_make_the_same_turn() {
    let mut document = json("content-telemetry/session-multi-turn.json");
    let straight = read("session-multi-turn");
    document["events"].as_array_mut().unwrap().reverse();
    let mut turned = log(Telemetry::new().read(&Identifiers::none(), &bytes(&document)));
    let turned = turned.as_array_mut().unwrap();
    turned.sort_by_key(|event| event["at"].as_str().unwrap().to_owned());
    let mut straight = straight.as_array().unwrap().clone();
    straight.sort_by_key(|event| event["at"].as_str().unwrap().to_owned());
    assert_eq!(*turned, straight);
}

/// The click names no session; its token is the code that the assistant put on the link.
#[test]
fn a_click_finds_its_turn_by_the_token() {
    let name = "content-telemetry/event-standalone-engaged-ctx-token.json";
    let click = log(Telemetry::new().read(&Identifiers::none(), &payload(name)))[0].clone();
    let url = "https://www.example-review.com/headphones/best-noise-cancelling";
    let mut expected = json!({
        "at": "2026-03-28T14:06:00Z", "kind": "link_click", "visitor": "ctx:ct_9f3a1c7e2b8d4a06", "url": url,
        "code": "ct_9f3a1c7e2b8d4a06",
    });
    expected["id"] = click["id"].clone();
    assert_eq!(click, expected);
    let asked = Event::query("e1", at("2026-03-28T14:05:00Z"), Who::conversation("c1")).topic("headphones");
    let shared = Event::link_shared("e2", at("2026-03-28T14:05:05Z"), Who::conversation("c1"), url);
    let shared = shared.turn("e1").code("ct_9f3a1c7e2b8d4a06");
    let mut tracker = Tracker::new(Key::new([7; 16]));
    tracker.extend([Event::from(asked), shared.into()]).unwrap();
    // The landing page knows its visitor, who buys.
    tracker.extend(events(Telemetry::new().read(&Who::visitor("v9"), &payload(name)))).unwrap();
    let total = clinch::Money::parse("200.00", "EUR".parse().unwrap()).unwrap();
    tracker
        .record(Event::order("e3", at("2026-03-28T15:00:00Z"), Who::visitor("v9"), "1001", total))
        .unwrap();
    let question = Question::new(at("2026-04-01T00:00:00Z"));
    let receipt = tracker.receipt("1001", &question).unwrap().unwrap();
    assert!(receipt.to_string().contains("headphones"), "{receipt}");
}

#[test]
fn engagements_that_follow_no_link_are_no_clicks() {
    let with = |kind: &str, by: Value| {
        let document = json!({"document_type": "event_batch", "schema_version": "0.1", "session_id": "s1", "events": [
            {"id": "770e8400", "type": kind, "timestamp": "2026-03-28T14:06:00Z", "turn_id": 7, "content_url": "https://a.example/",
             "data": {"engagement_type": by}},
        ]});
        Telemetry::new().read(&Identifiers::none(), &bytes(&document))
    };
    for by in ["link_click", "agent_navigate"] {
        let click = log(with("content_engaged", by.into()))[0].clone();
        let turn = Telemetry::turn_id("s1", "7");
        assert_eq!((&click["id"], &click["turn"]), (&json!("telemetry:770e8400"), &json!(turn.as_str())));
    }
    for by in ["expand", "copy", "share", "buy"] {
        assert_eq!(with("content_engaged", by.into()), Ok(Answer::Ignored(Ignored::NothingInIt)));
    }
    for kind in ["content_retrieved", "content_grounded", "content_cited", "checkout_opened"] {
        assert_eq!(with(kind, "link_click".into()), Ok(Answer::Ignored(Ignored::NothingInIt)));
    }
}

#[test]
fn errors_name_the_path_of_the_field() {
    let mut document = json("content-telemetry/turn-privacy-full.json");
    let mut refused = |pointer: &str, value: Value| {
        let kept = std::mem::replace(document.pointer_mut(pointer).unwrap(), value);
        let outcome = Telemetry::new().read(&Identifiers::none(), &bytes(&document));
        *document.pointer_mut(pointer).unwrap() = kept;
        refused_field(outcome)
    };
    assert_eq!(refused("/schema_version", "1.0".into()), "schema_version");
    assert_eq!(refused("/session_id", Value::Null), "events[0].session_id");
    assert_eq!(refused("/events/0/timestamp", "2026-03-28".into()), "events[0].timestamp");
    assert_eq!(refused("/events/0/type", Value::Null), "events[0].type");
    assert_eq!(refused("/events/0/turn/privacy_level", "all".into()), "events[0].turn.privacy_level");
    assert_eq!(refused("/events/0/turn/topics/0", json!([])), "events[0].turn.topics[0]");
    let odd = Telemetry::new().read(&Identifiers::none(), br#"{"schema_version":"0.1","document_type":"x"}"#);
    assert_eq!(refused_field(odd), "document_type");
    assert!(matches!(Telemetry::new().read(&Identifiers::none(), b"{"), Err(Refused::Json { .. })));
}
