//! Snapshots: the same bytes for the same set, and a tracker from whole bytes only. `CLINCH_CASES` asks for more.

mod damage;
mod frames;
mod golden;
mod gone;
mod size;
#[path = "../support/thread.rs"]
mod thread;
#[path = "../world/mod.rs"]
mod world;

use clinch::{Error, ErrorKind, Event, Key, Limits, Money, OrderLine, PrivacyLevel, Tracker, Who};
use proptest::prelude::*;
use world::{cases, deliveries, question, tracker, world};

fn key() -> Key {
    Key::new([7; 16])
}

fn bytes(tracker: &Tracker) -> Vec<u8> {
    let mut bytes = Vec::new();
    tracker.snapshot(&mut bytes).unwrap();
    bytes
}

fn restored(bytes: &[u8]) -> Tracker {
    Tracker::restore(key(), Limits::default(), bytes).unwrap()
}

fn refused(bytes: &[u8]) -> Error {
    Tracker::restore(key(), Limits::default(), bytes).unwrap_err()
}

/// A tracker under limits that keep most, or ids as pseudonyms.
fn limited(events: impl IntoIterator<Item = Event>, full: bool, hashed: bool) -> Tracker {
    let mut limits = Limits::default();
    limits.privacy = if full { PrivacyLevel::Full } else { PrivacyLevel::Intent };
    limits.hash_ids = hashed;
    let mut tracker = Tracker::with_limits(key(), limits);
    tracker.extend(events).unwrap();
    tracker
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn law_2_order_and_repetition_give_the_same_bytes((events, all) in deliveries(40), cut in any::<prop::sample::Index>()) {
        let once = bytes(&tracker(events));
        // In one go, one by one, and in two trackers merged.
        prop_assert_eq!(&bytes(&tracker(all.clone())), &once);
        let mut one_by_one = tracker([]);
        for event in &all {
            let _recorded = one_by_one.record(event.clone()).unwrap();
        }
        prop_assert_eq!(&bytes(&one_by_one), &once);
        let (head, tail) = all.split_at(cut.index(all.len() + 1));
        let mut merged = tracker(tail.to_vec());
        merged.merge(&tracker(head.to_vec())).unwrap();
        prop_assert_eq!(&bytes(&merged), &once);
    }

    #[test]
    fn law_4_a_snapshot_and_the_tail_are_a_full_replay((events, all) in deliveries(40), cut in any::<prop::sample::Index>()) {
        let (head, tail) = all.split_at(cut.index(all.len() + 1));
        let mut back = restored(&bytes(&tracker(head.to_vec())));
        back.extend(tail.to_vec()).unwrap();
        let full = tracker(events);
        prop_assert!(back == full);
        prop_assert_eq!(bytes(&back), bytes(&full));
        let question = question();
        prop_assert_eq!(back.report(&question).unwrap(), full.report(&question).unwrap());
    }

    #[test]
    fn what_is_restored_writes_the_same_bytes_and_gives_the_same_answers(events in world(40), full in any::<bool>(), hashed in any::<bool>()) {
        let tracker = limited(events, full, hashed);
        let written = bytes(&tracker);
        let mut back = Tracker::restore(key(), tracker.limits().clone(), &written[..]).unwrap();
        prop_assert_eq!(bytes(&back), written);
        prop_assert!(back == tracker && back.len() == tracker.len());
        let question = question();
        prop_assert_eq!(back.report(&question).unwrap(), tracker.report(&question).unwrap());
        for order in 0..6 {
            let order = format!("o{order}");
            prop_assert_eq!(back.receipt(order.as_str(), &question).unwrap(), tracker.receipt(order.as_str(), &question).unwrap());
        }
        back.merge(&tracker).unwrap();
        prop_assert!(back == tracker);
    }
}

#[test]
fn an_empty_tracker_has_a_snapshot() {
    let empty = Tracker::new(key());
    assert!(restored(&bytes(&empty)) == empty);
    assert!(bytes(&empty).len() < 100);
}

#[test]
fn a_call_that_failed_leaves_the_same_bytes() {
    let at = world::start();
    let mut limits = Limits::default();
    limits.facts = 2;
    let mut tracker = Tracker::with_limits(key(), limits);
    let turn = |id: &str, who| Event::query(id, at, who).topic(id.to_owned());
    let _new = tracker.record(turn("e1", Who::visitor("v1"))).unwrap();
    let _new = tracker.record(turn("e2", Who::visitor("v2"))).unwrap();
    let before = bytes(&tracker);
    assert!(tracker.record(turn("e3", Who::visitor("v1").conversation("c3"))).is_err());
    assert!(tracker.extend([turn("e4", Who::visitor("v4"))]).is_err());
    assert_eq!(bytes(&tracker), before);
}

#[test]
fn limits_that_would_not_keep_a_fact_as_it_is_refuse_it() {
    let at = world::start();
    let who = || Who::visitor("v1");
    let total = Money::new(5990, "EUR".parse().unwrap());
    let order =
        Event::order("e2", at, who(), "1001", total).code("code-of-12").line(OrderLine::new("p1", 1, total));
    let turn =
        Event::query("e1", at, who()).topic("availability").text("where is it?").product("p1").product("p2");
    let written =
        bytes(&limited([turn.into(), order.line(OrderLine::new("p2", 1, total)).into()], true, false));
    let restore = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        limits.privacy = PrivacyLevel::Full;
        change(&mut limits);
        Tracker::restore(key(), limits, &written[..])
    };
    assert!(restore(|_| ()).is_ok());
    assert!(restore(|limits| limits.text_bytes = 512).is_ok());
    let lower: [fn(&mut Limits); 5] = [
        |limits| limits.privacy = PrivacyLevel::Intent,
        |limits| limits.text_bytes = 11,
        |limits| limits.question_bytes = 11,
        |limits| limits.values = 1,
        |limits| limits.order_lines = 1,
    ];
    for change in lower {
        let error = restore(change).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::SnapshotLimits { .. }), "{error}");
        assert!(error.to_string().contains("wider limits"), "{error}");
    }
    let full: [fn(&mut Limits); 4] = [
        |limits| limits.facts = 1,
        |limits| limits.identifiers = 0,
        |limits| limits.labels = 2,
        |limits| limits.bytes = 1_000,
    ];
    for change in full {
        assert!(matches!(restore(change).unwrap_err().kind(), ErrorKind::Full { .. }));
    }
}

#[test]
fn what_a_reader_or_writer_reports_is_the_source_of_the_error() {
    struct Broken;
    impl std::io::Write for Broken {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("disk full"))
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("disk gone"))
        }
    }
    let source = |error: Error| std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source(tracker([]).snapshot(Broken).unwrap_err()), "disk full");
    assert_eq!(source(Tracker::restore(key(), Limits::default(), Broken).unwrap_err()), "disk gone");
}

#[test]
fn another_key_or_other_ids_are_refused_by_name() {
    let written = bytes(&tracker([]));
    let other = Tracker::restore(Key::new([8; 16]), Limits::default(), &written[..]).unwrap_err();
    assert!(matches!(other.kind(), ErrorKind::SnapshotKey), "{other}");
    let mut limits = Limits::default();
    limits.hash_ids = true;
    let other = Tracker::restore(key(), limits, &written[..]).unwrap_err();
    assert!(matches!(other.kind(), ErrorKind::SnapshotIds { hashed: false }), "{other}");
    assert!(matches!(
        refused(b"{\"id\":\"e1\"}, and more of a log that is no snapshot").kind(),
        ErrorKind::NotASnapshot
    ));
}
