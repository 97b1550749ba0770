//! What goes out to GA4, Segment and a CRM: exact, restated and never doubled.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use clinch::outbound::{Ga4, Profile, Segment, changes, csv};
use clinch::{BuiltIn, Event, IdKind, Identifier, Key, Money, Question, Receipt, Tracker, Who};
use proptest::prelude::*;
use serde_json::{Value, json};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn eur(minor: i64) -> Money {
    Money::new(minor, "EUR".parse().unwrap())
}

fn question() -> Question {
    Question::new(at("2026-04-01T00:00:00Z"))
}

/// Three turns, the last without a topic, and an order of 100.00 behind them.
fn shop() -> Tracker {
    let who = || Who::customer("k4").visitor("v9");
    let turn = |id: &str, hour: u32| Event::query(id, at(&format!("2026-03-01T{hour}:00:00Z")), who());
    let mut tracker = Tracker::new(Key::new([7; 16]));
    let events: [Event; 4] = [
        turn("e1", 10).topic("availability").query("have this in \"blue\"").channel("web").into(),
        turn("e2", 11).topic("Delivery time!").intent("product_question").into(),
        turn("e3", 12).into(),
        Event::order("o1", at("2026-03-02T18:20:00Z"), Who::customer("k4"), "1001", eur(10_000)).into(),
    ];
    tracker.extend(events).unwrap();
    tracker
}

fn receipt(tracker: &Tracker) -> Receipt {
    tracker.receipt("1001", &question()).unwrap().unwrap()
}

fn refund(tracker: &mut Tracker, id: &str, minor: i64) {
    let at = at("2026-03-09T09:00:00Z");
    tracker.record(Event::refund(id, at, id, "1001", eur(minor))).unwrap();
}

/// The bodies as values whose numbers are texts, so that no float hides a digit.
fn read(body: &str) -> Value {
    serde_json::from_str(body).unwrap()
}

#[test]
fn ga4_body_is_whole_and_exact() {
    // 72 hours behind the order, and not a second more.
    let fresh = |as_of| shop().receipt("1001", &Question::new(at(as_of))).unwrap().unwrap();
    let now = fresh("2026-03-05T18:20:00Z");
    let bodies = Ga4::new("1234.5678").user_id("k4").bodies(&now, None, "linear").unwrap();
    assert_eq!(bodies.len(), 1);
    let event = |value: f64, touchpoint: &str, labels: Value| {
        let mut params = json!({"transaction_id": "1001", "currency": "EUR", "value": value, "model": "linear",
            "touchpoint": touchpoint, "evidence": "same_customer"});
        params.as_object_mut().unwrap().extend(labels.as_object().unwrap().clone());
        json!({"name": "chat_credit", "params": params})
    };
    let expected = json!({
        "client_id": "1234.5678", "user_id": "k4", "timestamp_micros": 1_772_475_600_000_000_i64,
        "events": [
            event(33.34, "e1", json!({"topic": "availability", "query": "have this in \"blue\"", "channel": "web"})),
            event(33.33, "e2", json!({"topic": "Delivery time!", "intent": "product_question"})),
            event(33.33, "e3", json!({})),
        ],
    });
    assert_eq!(read(&bodies[0]), expected);
    assert!(bodies[0].contains("\"value\":33.34,"), "the digits stand as they are");
    let undated = Ga4::new("1").undated().bodies(&now, None, "linear").unwrap();
    let old = Ga4::new("1").bodies(&fresh("2026-03-05T18:20:01Z"), None, "linear").unwrap();
    assert!(!undated[0].contains("timestamp") && old == undated, "GA4 would throw an older time away");
    assert_eq!(Ga4::new("1").bodies(&receipt(&shop()), None, "no_model"), None);
}

#[test]
fn segment_body_is_whole_and_its_messages_are_the_same_when_sent_again() {
    let now = receipt(&shop());
    let bodies = Segment::user("k4").bodies(&now, None, "first_touch").unwrap();
    let call = &read(&bodies[0])["batch"][0];
    let expected = json!({
        "type": "track", "event": "Chat Credit Changed", "messageId": call["messageId"], "userId": "k4",
        "timestamp": "2026-03-02T18:20:00Z",
        "properties": {"order_id": "1001", "currency": "EUR", "value": 100.0, "credited": 100.0, "model": "first_touch",
            "touchpoint": "e1", "query": "have this in \"blue\"", "topic": "availability", "channel": "web",
            "evidence": "same_customer"},
    });
    assert_eq!(*call, expected);
    assert_eq!(Segment::user("k4").bodies(&now, None, "first_touch").unwrap(), bodies);
    let anonymous = Segment::anonymous("v9").bodies(&now, None, "first_touch").unwrap();
    assert_eq!(read(&anonymous[0])["batch"][0]["anonymousId"], "v9");
}

#[test]
fn what_was_told_is_not_told_again_and_a_refund_is() {
    let mut tracker = shop();
    let first = receipt(&tracker);
    assert_eq!(Ga4::new("1").bodies(&first, Some(&first), "linear"), Some(Vec::new()));
    refund(&mut tracker, "r1", 1_000);
    let second = receipt(&tracker);
    let told = changes(&second, Some(&first), "linear").unwrap();
    let values: Vec<(&str, String, i64)> = told
        .iter()
        .map(|change| (change.touchpoint.id.as_str(), change.value.amount(), change.credited))
        .collect();
    assert_eq!(
        values,
        [("e1", "-3.34".into(), 3000), ("e2", "-3.33".into(), 3000), ("e3", "-3.33".into(), 3000)]
    );
    // Refunded in full: all of it goes back, though the order has no claim any more.
    refund(&mut tracker, "r2", 9_000);
    let third = receipt(&tracker);
    let back = Ga4::new("1").bodies(&third, Some(&second), "linear").unwrap();
    let values: Vec<Value> = read(&back[0])["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["params"]["value"].clone())
        .collect();
    assert_eq!(values, [json!(-30.0), json!(-30.0), json!(-30.0)]);
}

#[test]
fn many_events_go_in_requests_of_the_platforms_size() {
    let mut tracker = shop();
    for n in 0..120 {
        let at = at("2026-03-01T13:00:00Z") + chrono::TimeDelta::seconds(n);
        tracker
            .record(Event::query(format!("q{n}"), at, Who::customer("k4")).topic("x".repeat(101)))
            .unwrap();
    }
    let now = receipt(&tracker);
    let ga4 = Ga4::new("1").bodies(&now, None, "linear").unwrap();
    let sizes: Vec<usize> = ga4.iter().map(|body| read(body)["events"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [25, 25, 25, 25, 23]);
    // GA4 would cut it.
    assert!(!ga4.iter().any(|body| body.contains("xxx")));
    let segment = Segment::user("k4").bodies(&now, None, "linear").unwrap();
    let sizes: Vec<usize> =
        segment.iter().map(|body| read(body)["batch"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [100, 23]);
}

#[test]
fn texts_are_escaped() {
    let mut tracker = Tracker::new(Key::new([7; 16]));
    let odd = "a\"b\\c\u{0}\u{1F}\n\u{2028}é😀</script>";
    let turn = Event::query("e1", at("2026-03-01T10:00:00Z"), Who::visitor("v9")).topic(odd);
    tracker.record(turn).unwrap();
    tracker
        .record(Event::order("o1", at("2026-03-02T10:00:00Z"), Who::visitor("v9"), "1001", eur(1)))
        .unwrap();
    let bodies = Ga4::new(odd).bodies(&receipt(&tracker), None, "linear").unwrap();
    let body = read(&bodies[0]);
    assert_eq!((&body["client_id"], &body["events"][0]["params"]["topic"]), (&json!(odd), &json!(odd)));
}

fn profile(tracker: &Tracker) -> Profile {
    let question = question();
    let journeys = tracker.journeys(&Identifier::new(IdKind::Customer, "k4"), &question);
    Profile::new("k4", &journeys, &question.rules, &BuiltIn::Linear).unwrap()
}

#[test]
fn profile_is_one_flat_row() {
    let mut tracker = shop();
    refund(&mut tracker, "r1", 1_000);
    let early = Event::order("o2", at("2026-01-01T10:00:00Z"), Who::customer("k4"), "1000", eur(500));
    tracker.record(early).unwrap();
    let profile = profile(&tracker);
    let expected = [
        ("customer", "k4"),
        ("model", "linear"),
        ("touchpoints", "3"),
        ("orders", "2"),
        ("first_touch_at", "2026-03-01T10:00:00Z"),
        ("first_touch_id", "e1"),
        ("first_touch_kind", "query"),
        ("first_touch_query", "have this in \"blue\""),
        ("first_touch_topic", "availability"),
        ("first_touch_channel", "web"),
        ("last_touch_at", "2026-03-01T12:00:00Z"),
        ("last_touch_id", "e3"),
        ("last_touch_kind", "query"),
        ("last_query", "have this in \"blue\""),
        ("last_query_at", "2026-03-01T10:00:00Z"),
        ("net_eur", "95.00"),
        ("unattributed_eur", "5.00"),
        ("credited_eur_delivery_time_", "30.00"),
        ("credited_eur_availability", "30.00"),
        ("credited_eur_none", "30.00"),
    ];
    assert_eq!(profile.fields().collect::<Vec<_>>(), expected);
    let flat: BTreeMap<String, String> = serde_json::from_str(&profile.to_json()).unwrap();
    let of_table: BTreeMap<String, String> = expected.map(|(name, value)| (name.into(), value.into())).into();
    assert_eq!(flat, of_table);
    // Nobody has no touchpoints and no orders.
    let nobody = Profile::new("k5", &[], &question().rules, &BuiltIn::Linear).unwrap();
    assert_eq!((nobody.get("orders"), nobody.get("first_touch_at")), (Some("0"), None));
    // The file reads back cell by cell.
    let text = csv(&[nobody, profile]);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    assert_eq!((rows[0]["customer"].as_str(), rows[0]["net_eur"].as_str()), ("k5", ""));
    assert!(of_table.iter().all(|(name, value)| rows[1][name] == *value), "{text}");
}

#[test]
fn no_cell_of_the_file_is_a_formula() {
    let mut tracker = Tracker::new(Key::new([7; 16]));
    let asked = "=HYPERLINK(\"https://evil.example\",\"sale\")";
    let turn = Event::query("e1", at("2026-03-01T10:00:00Z"), Who::customer("k4")).query(asked).topic("-1+1");
    tracker.record(turn.channel("@SUM(A1)")).unwrap();
    let order = Event::order("o1", at("2026-03-02T10:00:00Z"), Who::customer("k4"), "1001", eur(100));
    tracker.record(order).unwrap();
    let text = csv(&[profile(&tracker)]);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let row: BTreeMap<String, String> = reader.deserialize().next().unwrap().unwrap();
    assert_eq!(row["last_query"], format!("'{asked}"));
    assert_eq!(
        (row["first_touch_topic"].as_str(), row["first_touch_channel"].as_str()),
        ("'-1+1", "'@SUM(A1)")
    );
    // Numbers, phone numbers too, stay what they are.
    let ids = ["+4915112345678", "-10.00", "+", "k4"]
        .map(|id| Profile::new(id, &[], &question().rules, &BuiltIn::Linear).unwrap());
    let text = csv(&ids);
    let customers: Vec<&str> = text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(customers, ["+4915112345678", "-10.00", "+", "k4"]);
}

#[test]
fn topics_that_share_a_name_keep_their_own_column() {
    let mut tracker = Tracker::new(Key::new([7; 16]));
    for (n, topic) in ["a b", "A-b", "a_b"].into_iter().enumerate() {
        let at = at("2026-03-01T10:00:00Z") + chrono::TimeDelta::hours(n as i64);
        tracker.record(Event::query(format!("e{n}"), at, Who::customer("k4")).topic(topic)).unwrap();
    }
    let order = Event::order("o1", at("2026-03-02T10:00:00Z"), Who::customer("k4"), "1001", eur(100));
    tracker.record(order).unwrap();
    let profile = profile(&tracker);
    let sums = ["credited_eur_a_b", "credited_eur_a_b_2", "credited_eur_a_b_3"]
        .map(|name| profile.get(name).unwrap());
    assert_eq!(sums, ["0.33", "0.34", "0.33"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is refunded or asked between two tellings, what was told sums to what is credited.
    #[test]
    fn all_that_was_told_is_what_is_credited(steps in prop::collection::vec((0_u8..3, 1_i64..4_000), 1..8)) {
        let mut tracker = shop();
        let mut sent: Option<Receipt> = None;
        let mut told: BTreeMap<String, i64> = BTreeMap::new();
        for (n, (step, amount)) in steps.into_iter().enumerate() {
            match step {
                0 => refund(&mut tracker, &format!("r{n}"), amount),
                1 => {
                    let at = at("2026-03-01T20:00:00Z") + chrono::TimeDelta::seconds(amount);
                    tracker.record(Event::query(format!("q{n}"), at, Who::customer("k4"))).unwrap();
                }
                _ => {}
            }
            let now = receipt(&tracker);
            for change in changes(&now, sent.as_ref(), "linear").unwrap() {
                *told.entry(change.touchpoint.id.as_str().to_owned()).or_default() += change.value.minor();
            }
            told.retain(|_, minor| *minor != 0);
            let credits = now.models.iter().find(|credits| credits.model == "linear");
            let credited: BTreeMap<String, i64> = credits.into_iter().flat_map(|credits| &credits.credits)
                .map(|credit| (credit.touchpoint.as_str().to_owned(), credit.value.unwrap().minor()))
                .filter(|(_, minor)| *minor != 0)
                .collect();
            prop_assert_eq!(&told, &credited);
            let net = now.claim.as_ref().map_or(0, |claim| claim.conversion.value.unwrap().minor());
            prop_assert_eq!(told.values().sum::<i64>(), net);
            sent = Some(now);
        }
    }
}
