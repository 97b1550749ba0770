//! Caps on a whole tracker: an error that changes nothing.

use chrono::{DateTime, Utc};
use clinch::{ErrorKind, Event, Key, Limits, Money, Tracker, Who};

fn at() -> DateTime<Utc> {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

fn limited(facts: u64, identifiers: u64) -> Tracker {
    let mut limits = Limits::default();
    (limits.facts, limits.identifiers) = (facts, identifiers);
    Tracker::with_limits(Key::new([7; 16]), limits)
}

fn turn(number: usize) -> Event {
    Event::query(format!("e{number}"), at(), Who::visitor(format!("v{number}"))).into()
}

#[test]
fn a_full_tracker_refuses_what_is_new_and_takes_what_it_has() {
    for (mut tracker, what) in [(limited(2, 9), "facts"), (limited(9, 2), "identifiers")] {
        tracker.extend([turn(1), turn(2)]).unwrap();
        let before = tracker.clone();
        let error = tracker.record(turn(3)).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Full { what: found, limit: 2 } if *found == what),
            "{error}"
        );
        assert!(tracker == before);
        assert_eq!(tracker.record(turn(1)).unwrap(), clinch::Recorded::Repeated);
    }
}

#[test]
fn a_merge_that_does_not_fit_changes_nothing() {
    let mut tracker = limited(3, 9);
    tracker.extend([turn(1), turn(2)]).unwrap();
    let mut other = limited(3, 9);
    other.extend([turn(2), turn(3), turn(4)]).unwrap();
    let before = tracker.clone();
    assert!(tracker.merge(&other).is_err());
    assert!(tracker == before);
    let mut smaller = limited(3, 9);
    smaller.extend([turn(2), turn(3)]).unwrap();
    tracker.merge(&smaller).unwrap();
    assert_eq!(tracker.len(), 3);
}

#[test]
fn trackers_of_other_keys_or_limits_do_not_merge() {
    let mut tracker = limited(3, 9);
    assert!(tracker.merge(&limited(3, 8)).unwrap_err().to_string().contains("limits"));
    let stranger = Tracker::with_limits(Key::new([8; 16]), tracker.limits().clone());
    assert!(tracker.merge(&stranger).unwrap_err().to_string().contains("keys"));
}

#[test]
fn ids_kept_as_pseudonyms_still_lead_to_the_receipt() {
    let mut limits = Limits::default();
    limits.hash_ids = true;
    let mut tracker = Tracker::with_limits(Key::new([7; 16]), limits);
    let money = |minor| clinch::Money::new(minor, "EUR".parse().unwrap());
    tracker.extend([turn(1)]).unwrap();
    tracker.extend([Event::order("e2", at(), Who::visitor("v1"), "order-1001", money(500))]).unwrap();
    tracker.extend([Event::refund("e3", at(), "r1", "order-1001", money(200))]).unwrap();
    let question = clinch::Question::new(at());
    let receipt = tracker.receipt("order-1001", &question).unwrap().unwrap();
    assert_eq!(receipt.claim.as_ref().unwrap().conversion.value, Some(money(300)));
    let text = format!("{receipt} {receipt:?} {}", serde_json::to_string(&receipt).unwrap());
    assert!(!text.contains("order-1001") && !text.contains("\"e1\""), "{text}");
    assert_eq!(receipt.path.len(), 1);
}

#[test]
fn a_bulk_at_the_cap_keeps_what_came_before_and_refuses_the_next() {
    // What waits in a bulk counts before it is in the set: a version of an order must not take a turn's place.
    let who = || Who::visitor("v9");
    let order = |id: &str, minor| {
        let total = Money::new(minor, "EUR".parse().unwrap());
        Event::from(Event::order(id, at(), who(), "1001", total))
    };
    let events = || [Event::query("e1", at(), who()).into(), order("e2", 100), order("e3", 200)];
    let mut bulk = limited(2, 9);
    assert!(bulk.extend(events()).unwrap_err().to_string().starts_with("full: 2 facts"));
    let mut alone = limited(2, 9);
    let recorded: Vec<bool> = events().into_iter().map(|event| alone.record(event).is_ok()).collect();
    assert_eq!(recorded, [true, true, false]);
    assert!(bulk == alone && bulk.len() == 2);
}
