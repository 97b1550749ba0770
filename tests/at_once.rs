//! Many events in one call, columns, and a log as it is read say what each of their events says alone.

mod support;
mod world;

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read};

use clinch::event::{Columns, EventOf, Query, Texts, Times, jsonl};
use clinch::{ErrorKind, Event, EventRef, IdKind, Identifier, Key, Limits, PrivacyLevel, Tracker, Who};
use proptest::prelude::*;
use support::{at, eur, key, question};

/// All that a tracker holds.
fn bytes(tracker: &Tracker) -> Vec<u8> {
    let mut bytes = Vec::new();
    tracker.snapshot(&mut bytes).unwrap();
    bytes
}

/// One of few identifiers, in one of the ways in which people and programs write it: as it is compared or not, longer and
/// shorter than what is remembered by its text, placeholders, numbers.
fn written() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "visitor-77",
        " visitor-77",
        "VISITOR-77",
        "V9-a_b.c",
        "123456789",
        "+49 30 123456",
        "+4930123456",
        "GRÖSSE-77",
        "grösse-77",
        "Mail@Shop.example",
        "mail@shop.example",
        "Ada@Shop.example",
        "ada@shop.example",
        "0b9e1c52-7d0a-4c4e-9a6f-1f2d3c4b5a69",
        "0B9E1C52-7D0A-4C4E-9A6F-1F2D3C4B5A69",
        "größe-groß-und-noch-viel-größer",
        "anonymous",
        "null",
        "00000000-0000-0000-0000-000000000000",
        "k1",
        "",
    ])
    .prop_map(str::to_owned)
}

fn label() -> impl Strategy<Value = String> {
    let said = written().prop_map(|text| format!("about {text}!"));
    prop_oneof![Just("delivery".to_owned()), said, Just("is%20visitor%2d77 here".to_owned())]
}

/// What only some turns say, with an identifier in it.
fn more_of_a_turn(turn: EventOf<Query>, which: i64, text: &str) -> Event {
    match which % 7 {
        0 => turn.text(text).into(),
        1 => turn.cost(eur("0.02")).into(),
        2 => turn.privacy(PrivacyLevel::Minimal).into(),
        3 => turn.privacy(PrivacyLevel::Full).text(text).into(),
        4 => turn.product(text).product("visitor-77").into(),
        5 => turn.query(text).intent("buy").flow(text).product_type("shoe").language("de").into(),
        _ => turn.channel(text).into(),
    }
}

fn event() -> impl Strategy<Value = Event> {
    let who = (0..5_u8, written(), written()).prop_map(|(kind, one, other)| match kind {
        0 => Who::customer(one),
        1 => Who::email(one),
        2 => Who::conversation(one),
        3 => Who::visitor(one).customer(other),
        _ => Who::visitor(one),
    });
    (0..8_u8, 0..40_u32, 0..20_i64, who, label(), written()).prop_map(
        |(kind, id, hour, who, label, other)| {
            let at = at("2026-03-01T10:00:00Z") + chrono::TimeDelta::hours(hour);
            let id = match id {
                0 => String::new(),
                1 => "a-long-id-of-an-event-1".to_owned(),
                id => format!("e{id}"),
            };
            match kind {
                0 => Event::identify(id, at, who).into(),
                1 => {
                    Event::visit(id, at, who).url(format!("https://shop.example/?utm_source={label}")).into()
                }
                2 => Event::customer_merged(id, at, other, "k1").into(),
                3 => Event::add_to_cart(id, at, who, label).into(),
                4 => Event::query(id, at, who).topic(label.clone()).channel(label).into(),
                5 => more_of_a_turn(Event::query(id, at, who).topic(label), hour, &other),
                _ => Event::query(id, at, who).topic(label).turn(other).into(),
            }
        },
    )
}

/// Lines that give no event, or none at all.
fn bad_line() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "nope",
        "{}",
        "",
        r#"{"id":"d1","at":"2026-03-01T10:00:00Z","kind":"query","visitor":"v9","visitor":"v9"}"#,
        r#"{"id":"d2","at":"2026-03-01T10:00:00Z","kind":"query","visitor":"v9","x":1,"x":2}"#,
        r#"{"id":"d3","at":"2026-03-01T10:00:00Z","kind":"query","visitor":"v9","cost":"0.02"}"#,
        r#"{"id":"d4","at":"2026-03-01T10:00:00Z","kind":"query","visitor":"v9","privacy":"none"}"#,
        r#"{"id":"d5","at":"2026-13-01T10:00:00Z","kind":"query","visitor":"v9"}"#,
    ])
}

/// Limits at some of which a few events already end.
fn limits() -> impl Strategy<Value = Limits> {
    let most = || prop::sample::select(vec![1, 2, 4, 100_u64]);
    let bytes = prop::sample::select(vec![8, 30, 256_usize]);
    (any::<bool>(), bytes, most(), most(), most()).prop_map(
        |(hash_ids, text_bytes, facts, identifiers, labels)| {
            let mut limits = Limits::default();
            (limits.hash_ids, limits.text_bytes) = (hash_ids, text_bytes);
            (limits.facts, limits.identifiers, limits.labels) = (facts * 4, identifiers, labels);
            limits
        },
    )
}

/// One block: of which kind its only identifier is, and its rows: id, hour, identifier, place of its label.
type Block = (IdKind, Vec<(u8, i64, String, u8)>);

fn block() -> impl Strategy<Value = Block> {
    let kinds = [IdKind::Visitor, IdKind::Customer, IdKind::Phone, IdKind::Email, IdKind::Conversation];
    let row = (0..40_u8, 0..20_i64, written(), 0..4_u8);
    (prop::sample::select(kinds.to_vec()), prop::collection::vec(row, 1..20))
}

/// Erases somebody who never was here. From then on every event is looked at whole: no short way is taken around what
/// keeps personal data out.
fn erase_a_stranger(tracker: &mut Tracker) {
    tracker.erase(Identifier::new(IdKind::Visitor, "a-stranger-0"), at("2020-01-01T00:00:00Z")).unwrap();
}

/// Events one after the other, each looked at whole.
fn alone(events: &[Event], limits: &Limits) -> Tracker {
    let mut tracker = Tracker::with_limits(key(), limits.clone());
    erase_a_stranger(&mut tracker);
    for event in events {
        let _recorded = tracker.record(event.clone()).unwrap();
    }
    tracker
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn events_taken_in_at_once_are_those_taken_in_alone(
        events in prop::collection::vec(event(), 1..60),
        (hash_ids, text_bytes) in (any::<bool>(), prop::sample::select(vec![20, 256_usize])),
        privacy in prop::sample::select(vec![PrivacyLevel::Minimal, PrivacyLevel::Intent, PrivacyLevel::Full]),
    ) {
        let mut limits = Limits::default();
        (limits.hash_ids, limits.privacy, limits.text_bytes) = (hash_ids, privacy, text_bytes);
        let each = alone(&events, &limits);
        let mut at_once = Tracker::with_limits(key(), limits.clone());
        at_once.extend(events.iter().cloned()).unwrap();
        erase_a_stranger(&mut at_once);
        prop_assert_eq!(bytes(&at_once), bytes(&each));
        let mut by_turns = Tracker::with_limits(key(), limits.clone());
        for event in &events {
            let _recorded = by_turns.record(event.clone()).unwrap();
        }
        erase_a_stranger(&mut by_turns);
        prop_assert_eq!(bytes(&by_turns), bytes(&each));
        // Halves meet what is there already.
        let mut halves = Tracker::with_limits(key(), limits);
        halves.extend(events[events.len() / 2..].iter().cloned()).unwrap();
        halves.extend(events.iter().cloned()).unwrap();
        erase_a_stranger(&mut halves);
        prop_assert_eq!(bytes(&halves), bytes(&each));
    }

    #[test]
    fn columns_of_one_identifier_are_their_rows_taken_in_alone(
        blocks in prop::collection::vec(block(), 1..4),
        labels in prop::collection::vec(prop_oneof![label(), Just("49 30 12 34 56".to_owned())], 4),
        limits in limits(),
    ) {
        let ids: Vec<Vec<String>> =
            blocks.iter().map(|(_, rows)| rows.iter().map(|row| format!("e{}", row.0)).collect()).collect();
        let hours: Vec<Vec<i64>> =
            blocks.iter().map(|(_, rows)| rows.iter().map(|row| row.1 * 3_600).collect()).collect();
        let who: Vec<Vec<&str>> =
            blocks.iter().map(|(_, rows)| rows.iter().map(|row| row.2.as_str()).collect()).collect();
        let codes: Vec<Vec<u8>> =
            blocks.iter().map(|(_, rows)| rows.iter().map(|row| row.3).collect()).collect();
        let mut columns: Vec<Columns<'_>> = Vec::new();
        let mut each = Tracker::with_limits(key(), limits.clone());
        erase_a_stranger(&mut each);
        let mut result = Ok(());
        for (place, (kind, rows)) in blocks.iter().enumerate() {
            let topics = Texts::coded(&codes[place], &labels);
            let queries = Columns::query(&ids[place], Times::seconds(&hours[place])).topic(topics);
            columns.push(match kind {
                IdKind::Visitor => queries.visitor(&who[place]).into(),
                IdKind::Customer => queries.customer(&who[place]).into(),
                IdKind::Phone => queries.phone(&who[place]).into(),
                IdKind::Email => queries.email(&who[place]).into(),
                _ => queries.conversation(&who[place]).into(),
            });
            for (row, (_, _, text, code)) in rows.iter().enumerate() {
                let at = chrono::DateTime::from_timestamp(hours[place][row], 0).unwrap();
                let turn = EventRef::query(&ids[place][row], at);
                let mut event: EventRef<'_> = turn.topic(&labels[usize::from(*code)]).into();
                if !text.is_empty() {
                    event.who.set(*kind, text.as_str());
                }
                result = result.and_then(|()| each.record_ref(event).map(drop));
            }
        }
        let mut at_once = Tracker::with_limits(key(), limits);
        let error = at_once.extend_columns(&columns).err().map(|error| error.to_string());
        erase_a_stranger(&mut at_once);
        prop_assert_eq!(error, result.err().map(|error| error.to_string()));
        prop_assert_eq!(bytes(&at_once), bytes(&each));
    }

    #[test]
    fn a_log_taken_in_as_it_is_read_is_its_events(
        (some, others) in (world::world(12), prop::collection::vec(event(), 0..40)),
        bad in prop::collection::vec((0..52_usize, bad_line()), 0..6),
        capacity in 1..300_usize,
        watched in any::<bool>(),
    ) {
        let mut lines: Vec<String> = some.iter().chain(&others).map(jsonl::write_line).collect();
        for (place, bad) in bad {
            lines.insert(place.min(lines.len()), bad.to_owned());
        }
        let log = lines.join("\n");
        let (mut tracker, mut by_event) = (Tracker::new(key()), Tracker::new(key()));
        // Each looked at whole, too.
        let mut whole = Tracker::new(key());
        erase_a_stranger(&mut whole);
        let watch = watched.then(|| tracker.watch(&question()).unwrap());
        let mut told = Vec::new();
        let mut reader = jsonl::read(BufReader::with_capacity(capacity, log.as_bytes()));
        let intake = tracker.extend_lines(&mut reader, |error| told.push(error.to_string())).unwrap();
        let mut expected = Vec::new();
        let good = jsonl::lines(log.as_bytes()).filter_map(|read| read.map_err(|error| expected.push(error.to_string())).ok());
        prop_assert_eq!(by_event.extend_refs(good).unwrap(), intake);
        prop_assert_eq!(told, expected);
        prop_assert_eq!(reader.line() as usize, log.lines().count());
        prop_assert_eq!(bytes(&tracker), bytes(&by_event));
        for event in jsonl::lines(log.as_bytes()).filter_map(Result::ok) {
            let _recorded = whole.record_ref(event).unwrap();
        }
        erase_a_stranger(&mut by_event);
        prop_assert_eq!(bytes(&whole), bytes(&by_event));
        if let Some(watch) = watch {
            prop_assert_eq!(tracker.watched(&watch).unwrap(), by_event.report(&question()).unwrap());
        }
    }
}

#[test]
fn a_log_that_does_not_fit_says_how_far_it_was_read() {
    let line = |number: u8| {
        format!(r#"{{"id":"e{number}","at":"2026-03-01T10:00:00Z","kind":"query","visitor":"v{number}"}}"#)
    };
    let log = format!("{}\nnope\n{}", [1, 2, 3, 4].map(line).join("\n"), line(5));
    for watched in [false, true] {
        let mut limits = Limits::default();
        limits.facts = 3;
        let mut tracker = Tracker::with_limits(Key::new([3; 16]), limits);
        let _watch = watched.then(|| tracker.watch(&question()).unwrap());
        let mut reader = jsonl::read(log.as_bytes());
        let error = tracker.extend_lines(&mut reader, |line| panic!("{line}")).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Full { what: "facts", limit: 3 }), "{error}");
        assert_eq!((reader.line(), tracker.len()), (4, 3));
        // The one that did not fit is gone from the reader, and no other; nothing was told of those behind it.
        assert_eq!(reader.next_borrowed().unwrap().unwrap_err().line, 5);
        assert_eq!(reader.next_borrowed().unwrap().unwrap().id, "e5");
        assert!(reader.next_borrowed().is_none());
    }
}

/// Gives a line at a time, and the next one only once that one has been told of.
struct Slow<'t> {
    lines: Vec<&'static str>,
    given: usize,
    told: &'t Cell<usize>,
}

impl Read for Slow<'_> {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        unreachable!("lines are read by way of the buffer")
    }
}

impl BufRead for Slow<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        assert_eq!(self.told.get(), self.given, "a line was waited for before another one was looked at");
        Ok(self.lines.get(self.given).map_or(&[], |line| line.as_bytes()))
    }

    fn consume(&mut self, bytes: usize) {
        self.given += usize::from(bytes > 0);
    }
}

#[test]
fn no_line_waits_for_one_that_the_source_does_not_have_yet() {
    let told = Cell::new(0);
    let source = Slow { lines: vec!["nope\n", "{}\n", "[]\n"], given: 0, told: &told };
    let mut tracker = Tracker::new(key());
    tracker.extend_lines(&mut jsonl::read(source), |_| told.set(told.get() + 1)).unwrap();
    assert_eq!(told.get(), 3);
}

#[test]
fn what_labels_keep_out_uses_up_no_identifier() {
    let turn = |id: &str, visitor: &str, topic: &str| -> Event {
        Event::query(id, at("2026-03-01T10:00:00Z"), Who::visitor(visitor)).topic(topic).into()
    };
    let click = |id: &str, visitor: &str, code: &str| -> Event {
        Event::link_click(id, at("2026-03-01T10:00:00Z"), Who::visitor(visitor)).code(code).into()
    };
    for events in [
        [turn("e1", "v1", "a"), turn("e2", "v2", "b"), turn("e3", "v3", "a")],
        [click("e1", "v1", "a"), click("e2", "v2", "b"), click("e3", "v3", "a")],
    ] {
        let mut limits = Limits::default();
        (limits.identifiers, limits.labels) = (2, 1);
        let (mut each, mut at_once) =
            (Tracker::with_limits(key(), limits.clone()), Tracker::with_limits(key(), limits));
        for event in events {
            let recorded = each.record(event.clone()).map_err(|error| error.to_string());
            let taken = at_once.extend([event]).map_err(|error| error.to_string());
            assert_eq!(recorded.map(drop), taken.map(drop));
        }
        assert_eq!((each.len(), bytes(&at_once)), (2, bytes(&each)));
    }
}

#[test]
fn an_identifier_that_the_door_looked_at_is_sought_in_labels_of_later_rows_too() {
    let cases = [
        (IdKind::Phone, "+4930123456", "49 30 12 34 56"),
        (IdKind::Visitor, "GRÖSSE-77", "about grösse-77!"),
        // Kelvin signs, whose lower case is that of the letter.
        (IdKind::Visitor, "\u{212a}\u{212a}\u{212a}\u{212a}", "kkkk"),
    ];
    for (kind, text, label) in cases {
        let (ids, who) = (["e1", "e2"], [text, text]);
        let labels = Texts::coded(&[-1_i8, 0], std::slice::from_ref(&label));
        let columns = Columns::query(&ids, Times::seconds(&[0, 1])).topic(labels);
        let columns = if kind == IdKind::Phone { columns.phone(&who) } else { columns.visitor(&who) };
        let mut tracker = Tracker::new(key());
        assert_eq!(tracker.extend_columns(&[columns.into()]).unwrap().new, 2);
        let bytes = bytes(&tracker);
        assert!(!bytes.windows(label.len()).any(|held| held == label.as_bytes()), "{label}");
    }
}
