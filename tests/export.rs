//! Export and erasure go by one list; consent is told per purpose.

#[path = "world/mod.rs"]
mod world;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use clinch::event::Purpose;
use clinch::{Event, IdKind, Identifier, Money, Subject, Who};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use world::{cases_or, end, order_id, question, start, tracker, world};

fn subject() -> impl Strategy<Value = Subject> {
    let any = || select(&IdKind::ALL[..]).prop_flat_map(world::identifier);
    (any(), of(any()), of(order_id())).prop_map(|(one, other, order)| {
        let subject = other.into_iter().fold(Subject::from(one), Subject::identifier);
        order.into_iter().fold(subject, Subject::order)
    })
}

proptest! {
    #![proptest_config(cases_or(400))]

    #[test]
    fn what_an_erasure_removes_is_what_the_export_shows(events in world(40), subject in subject()) {
        let lines = events.iter().map(|event| serde_json::to_string(event).unwrap() + "\n");
        let whom = subject.identifiers().iter().map(|id| format!("{} {}", id.kind().name(), id.as_str()));
        let listed: String = lines.chain(whom).chain([format!("{:?}", subject.orders())]).collect();
        let mut tracker = tracker(events);
        let mut question = question();
        question.as_of = end();
        let before = tracker.export(subject.clone(), &question).unwrap();
        let erased = tracker.erase(subject.clone(), end()).unwrap();
        let facts: BTreeMap<String, u64> = erased.facts.clone();
        let counts = before.counts();
        for (kind, gone) in &facts {
            let shown = counts.get(kind).copied().unwrap_or(0);
            prop_assert!(*gone <= shown, "{}: {} of {} {} {}", kind, gone, shown, erased, listed);
        }
        prop_assert_eq!(before.orders.len() as u64, erased.orders);
        if erased.shared == 0 {
            prop_assert_eq!(counts, facts, "{} {}", erased, listed);
        }
        let mine = before.identifiers.iter().filter(|identifier| identifier.shared).count() as u64;
        prop_assert!(mine <= erased.shared);
        let text = serde_json::to_string(&before).unwrap();
        prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        if erased.shared == 0 {
            let after = tracker.export(subject, &question).unwrap();
            prop_assert!(after.is_empty() && after.orders.is_empty() && after.identifiers.is_empty());
        }
    }

    #[test]
    fn nobody_is_named_in_the_clear(events in world(40), subject in subject()) {
        let export = tracker(events).export(subject, &question()).unwrap();
        for event in &export.events {
            for identifier in event.who().iter() {
                prop_assert!(export.identifiers.iter().any(|own| own.kind == identifier.kind()
                    && own.pseudonym == identifier.as_str()));
            }
        }
    }
}

#[test]
fn an_export_has_the_credits_and_nothing_of_others_on_the_device() {
    let at = |hour| start() + TimeDelta::hours(hour);
    let total = Money::new(5990, "EUR".parse().unwrap());
    let events: [Event; 5] = [
        Event::query("e1", at(0), Who::visitor("tablet").customer("ada")).topic("availability").into(),
        Event::query("e2", at(1), Who::visitor("tablet").customer("bob")).topic("delivery").into(),
        Event::query("e3", at(2), Who::customer("ada")).topic("size").into(),
        Event::order("e4", at(3), Who::customer("ada"), "1001", total).into(),
        Event::order("e5", at(3), Who::customer("bob"), "1002", total).into(),
    ];
    let tracker = tracker(events);
    let export = tracker.export(Identifier::new(IdKind::Customer, "ada"), &question()).unwrap();
    let ids: Vec<&str> = export.events.iter().map(|event| event.id().as_str()).collect();
    assert_eq!(ids, ["e1", "e3", "e4"]);
    assert_eq!((export.orders.len(), export.receipts.len()), (1, 1));
    assert!(!export.receipts[0].models.is_empty());
    let shared: Vec<(IdKind, bool)> =
        export.identifiers.iter().map(|identifier| (identifier.kind, identifier.shared)).collect();
    assert_eq!(shared, [(IdKind::Visitor, true), (IdKind::Customer, false)]);
    let text = serde_json::to_string(&export).unwrap();
    assert!(text.contains("availability") && !text.contains("delivery") && !text.contains("1002"), "{text}");
    let by_order = tracker.export(Subject::of_order("1001"), &question()).unwrap();
    assert_eq!(by_order, export);
    assert!(tracker.export(Identifier::new(IdKind::Customer, "eve"), &question()).unwrap().is_empty());
}

/// Somebody erased shared a device with somebody whose touchpoints went later: nothing is told of it any more, also where
/// an old snapshot of the server comes back.
#[test]
fn a_device_that_somebody_erased_shared_is_nobodys_when_the_past_comes_back() {
    let device = |text| Identifier::new(IdKind::Visitor, text);
    let mut tracker = tracker([
        Event::query("e1", start(), Who::visitor("phone").customer("ann")).into(),
        Event::query("e2", start(), Who::visitor("phone").conversation("chat")).into(),
        Event::query("e3", start(), Who::visitor("tablet").conversation("chat")).into(),
        Event::query("e4", start(), Who::visitor("tablet")).into(),
    ]);
    assert_eq!(tracker.erase(device("phone"), end()).unwrap().shared, 1);
    let past = tracker.clone();
    tracker.erase_touchpoints(device("tablet"), end()).unwrap();
    let told = tracker.export(device("tablet"), &question()).unwrap();
    assert!(told.is_empty() && told.identifiers.is_empty(), "{told:?}");
    tracker.merge(&past).unwrap();
    assert_eq!(tracker.export(device("tablet"), &question()).unwrap(), told);
}

#[test]
fn the_last_word_on_each_purpose_counts() {
    let at = |hour| start() + TimeDelta::hours(hour);
    let who = || Who::visitor("v1").customer("ada");
    let word = |id, hour, purpose, granted| -> Event {
        Event::consent(id, at(hour), who(), purpose, granted).into()
    };
    let gpc = Event::global_privacy_control("g1", at(5), Who::visitor("v1"), Some(" 1")).unwrap();
    let events = [
        word("c1", 1, Purpose::Marketing, true),
        word("c2", 2, Purpose::Marketing, false),
        word("c3", 2, Purpose::Analytics, true),
        word("c4", 2, Purpose::Preferences, true),
        word("c5", 2, Purpose::Preferences, false),
        word("c6", 4, Purpose::SaleOrSharing, true),
        gpc.into(),
    ];
    let tracker = tracker(events);
    let ask = |purpose, hour| tracker.last_word(&Identifier::new(IdKind::Customer, "ada"), purpose, at(hour));
    assert_eq!(ask(Purpose::Marketing, 0), None);
    assert_eq!(ask(Purpose::Marketing, 1), Some(true));
    assert_eq!(ask(Purpose::Marketing, 2), Some(false));
    assert_eq!(ask(Purpose::Analytics, 2), Some(true));
    assert_eq!(ask(Purpose::Preferences, 9), Some(false), "of two at one instant the refusal counts");
    assert_eq!((ask(Purpose::SaleOrSharing, 4), ask(Purpose::SaleOrSharing, 5)), (Some(true), Some(false)));
    assert_eq!(tracker.last_word(&Identifier::new(IdKind::Customer, "eve"), Purpose::Marketing, end()), None);
    for header in [None, Some(""), Some("0"), Some("true"), Some("11")] {
        assert!(Event::global_privacy_control("g", at(0), who(), header).is_none());
    }
}

#[test]
fn a_word_counts_for_identifiers_that_orders_alone_name() {
    let at = |hour| start() + TimeDelta::hours(hour);
    let total = Money::new(5990, "EUR".parse().unwrap());
    let who = || Who::visitor("v1").customer("ada").email("ada@mail.example");
    let events: [Event; 3] = [
        Event::query("q", at(0), Who::visitor("v1")).topic("size").into(),
        Event::order("o", at(2), who(), "1001", total).into(),
        Event::consent("c", at(4), Who::visitor("v1"), Purpose::SaleOrSharing, false).into(),
    ];
    let tracker = tracker(events);
    for (kind, text) in
        [(IdKind::Visitor, "v1"), (IdKind::Customer, "ada"), (IdKind::Email, "ada@mail.example")]
    {
        let ask = |hour| tracker.last_word(&Identifier::new(kind, text), Purpose::SaleOrSharing, at(hour));
        assert_eq!((ask(3), ask(4)), (None, Some(false)), "{text}");
    }
}

#[test]
fn an_export_under_hashed_ids_has_orders_and_receipts_too() {
    let at = |hour| start() + TimeDelta::hours(hour);
    let mut limits = clinch::Limits::default();
    limits.hash_ids = true;
    let mut tracker = clinch::Tracker::with_limits(clinch::Key::new(*b"sixteen secrets!"), limits);
    let total = Money::new(5990, "EUR".parse().unwrap());
    tracker.record(Event::query("q", at(0), Who::customer("ada")).topic("size")).unwrap();
    tracker.record(Event::order("o", at(1), Who::customer("ada"), "1001", total)).unwrap();
    let export = tracker.export(Identifier::new(IdKind::Customer, "ada"), &question()).unwrap();
    assert_eq!((export.orders.len(), export.receipts.len()), (1, 1));
    assert_eq!(export.receipts[0], tracker.receipt("1001", &question()).unwrap().unwrap());
    assert_eq!(tracker.export(Subject::of_order("1001"), &question()).unwrap(), export);
}

#[test]
fn a_watched_answer_after_an_erasure_is_the_answer_computed_afresh() {
    let at = |hour| start() + TimeDelta::hours(hour);
    let total = Money::new(5990, "EUR".parse().unwrap());
    let mut tracker = tracker((0..60).flat_map(|shopper| {
        let who = || Who::visitor(format!("v{shopper}"));
        let turn: Event = Event::query(format!("q{shopper}"), at(shopper), who()).topic("size").into();
        [
            turn,
            Event::order(format!("o{shopper}"), at(shopper + 1), who(), format!("{shopper}"), total).into(),
        ]
    }));
    let watch = tracker.watch(&question()).unwrap();
    for shopper in 0..30 {
        let whom = Identifier::new(IdKind::Visitor, format!("v{shopper}"));
        let _erased = match shopper % 3 {
            0 => tracker.erase(whom, end()).unwrap(),
            1 => tracker.erase_with_orders(whom, end()).unwrap(),
            _ => tracker.erase_touchpoints(whom, end()).unwrap(),
        };
        let fresh = tracker.report(&question()).unwrap();
        assert_eq!(tracker.watched(&watch).unwrap(), fresh);
    }
    let late = Event::query("late", at(70), Who::visitor("v50")).topic("size");
    let _new = tracker.record(late).unwrap();
    let fresh = tracker.report(&question()).unwrap();
    assert_eq!(tracker.watched(&watch).unwrap(), fresh);
}

#[test]
fn debug_names_nobody() {
    let mut builder = clinch::JourneyBuilder::new();
    builder
        .add(Event::query("e1", start(), Who::visitor("v1").email("ada@mail.example")).topic("size"))
        .unwrap();
    assert_eq!(format!("{builder:?}"), "JourneyBuilder(1 facts)");
    let export = tracker([Event::query("e1", start(), Who::visitor("v1").email("ada@mail.example")).into()])
        .export(Identifier::new(IdKind::Visitor, "v1"), &question())
        .unwrap();
    assert!(!format!("{export:?}").contains("ada"));
}
