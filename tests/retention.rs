//! What becomes too old goes on time, by the host's clock alone; and keys are changed.

#[path = "support/mod.rs"]
mod support;

#[path = "world/mod.rs"]
mod world;

use chrono::TimeDelta;
use clinch::{
    DropReason, Event, IdKind, Identifier, Key, Limits, PrivacyLevel, Question, Recorded, Span, Tracker,
    UnattributedReason, Who,
};
use proptest::prelude::*;
use support::*;

fn keeping(text: &str, touchpoints: &str, orders: &str) -> Limits {
    let span = |text: &str| text.parse::<Span>().ok();
    let mut limits = Limits::default();
    limits.privacy = PrivacyLevel::Full;
    limits.retention.text = span(text);
    limits.retention.touchpoints = span(touchpoints);
    limits.retention.orders = span(orders);
    limits
}

fn with(limits: Limits, events: impl IntoIterator<Item = Event>) -> Tracker {
    let mut tracker = Tracker::with_limits(key(), limits);
    tracker.extend(events).unwrap();
    tracker
}

fn turn(id: &str, days: i64) -> Event {
    Event::query(id, day(days), Who::visitor("v9")).topic(id).text("where is it?").into()
}

fn order(id: &str, days: i64, total: &str) -> Event {
    Event::order(format!("order {id}"), day(days), Who::visitor("v9"), id, eur(total)).into()
}

#[test]
fn each_class_goes_by_its_own_span_checked_at_the_second() {
    let events =
        [turn("a", 0), order("1", 0, "5.00"), Event::goal("g", day(0), Who::visitor("v9"), "sign_up").into()];
    let mut tracker = with(keeping("1d", "2d", "3d"), events.clone());
    let at = |days: i64, seconds: i64| day(days) + TimeDelta::seconds(seconds);
    let gone = |tracker: &mut Tracker, days, seconds| {
        let expired = tracker.expire(at(days, seconds)).unwrap();
        (expired.texts, expired.facts.into_keys().collect::<Vec<_>>())
    };
    let nothing = || (0, Vec::<String>::new());
    assert_eq!(gone(&mut tracker, 1, 0), nothing());
    assert_eq!(gone(&mut tracker, 1, 1), (1, Vec::new()));
    // A turn that old comes without its text, and is the same turn.
    assert_eq!(tracker.record(events[0].clone()).unwrap(), Recorded::Repeated);
    assert_eq!(gone(&mut tracker, 2, 0), nothing());
    assert_eq!(gone(&mut tracker, 2, 1), (0, vec!["query".into()]));
    assert_eq!(tracker.record(events[0].clone()).unwrap(), Recorded::Dropped(DropReason::TooOld));
    assert_eq!(gone(&mut tracker, 3, 0), nothing());
    assert_eq!(gone(&mut tracker, 3, 1), (0, vec!["goal".into(), "order".into()]));
    assert_eq!(tracker.extend(events).unwrap().dropped[&DropReason::TooOld], 3);
    assert!(tracker.is_empty());
    // A clock that was set back moves nothing.
    let before = tracker.clone();
    assert_eq!(gone(&mut tracker, -900, 0), nothing());
    assert!(tracker == before);
}

#[test]
fn events_of_the_far_future_or_past_move_no_horizon() {
    let far = |text: &str| Event::query(text, at(text), Who::visitor("v8")).into();
    let mut tracker = with(keeping("1d", "2d", "3d"), [turn("a", 0), far("9999-01-01T00:00:00Z")]);
    assert!(tracker.expire(day(1)).unwrap().facts.is_empty());
    assert_eq!(tracker.record(far("1970-01-01T00:00:00Z")).unwrap(), Recorded::Dropped(DropReason::TooOld));
    assert_eq!(tracker.len(), 2);
    for now in [chrono::DateTime::<chrono::Utc>::MIN_UTC, chrono::DateTime::<chrono::Utc>::MAX_UTC] {
        tracker.expire(now).unwrap();
    }
    assert!(tracker.is_empty());
}

#[test]
fn a_conversion_whose_window_reaches_behind_the_horizon_is_told_as_expired() {
    let events = [turn("a", 0), turn("b", 30), order("1", 31, "5.00"), order("2", 61, "7.00")];
    let mut tracker = with(keeping("-", "40d", "-"), events);
    let told = |tracker: &Tracker| {
        let report = tracker.report(&all_models()).unwrap();
        assert_books_balance(&report);
        let totals = &report.totals[0];
        (
            totals.value.clone(),
            totals.unattributed.clone(),
            totals.expired.value.clone(),
            totals.expired.count,
        )
    };
    assert_eq!(told(&tracker), ("12.00".into(), "7.00".into(), "0.00".into(), 0));
    // At the horizon of day 1 the first order's window is whole.
    tracker.expire(day(41)).unwrap();
    assert_eq!(told(&tracker), ("12.00".into(), "7.00".into(), "0.00".into(), 0));
    tracker.expire(second(41 * 86_400 + 1)).unwrap();
    assert_eq!(told(&tracker), ("12.00".into(), "7.00".into(), "5.00".into(), 1));
    let receipt = tracker.receipt("1", &all_models()).unwrap().unwrap();
    let claim = receipt.claim.as_ref().unwrap();
    assert_eq!((claim.unattributed, claim.touchpoints.len()), (Some(UnattributedReason::Expired), 0));
    assert_receipt_balances(&receipt);
    let report = tracker.report(&all_models()).unwrap();
    assert!(report.to_string().contains("(expired)"), "{report}");
    assert!(report.overview.order_values.iter().all(|values| !values.with_bot && values.orders == 1));
}

#[test]
fn claims_stay_while_somebody_needs_them() {
    let login = |id: &str, who: clinch::Identifiers| Event::identify(id, day(0), who).into();
    let events = [
        login("used", Who::visitor("v9").customer("ann")),
        login("idle", Who::visitor("v7").customer("bob")),
        turn("a", 100),
    ];
    let mut tracker = with(keeping("-", "30d", "30d"), events.clone());
    assert_eq!(tracker.expire(day(110)).unwrap().facts["identify"], 1);
    assert_eq!(tracker.record(events[1].clone()).unwrap(), Recorded::Dropped(DropReason::TooOld));
    let _ = tracker.record(Event::order("o", day(101), Who::customer("ann"), "1", eur("1.00"))).unwrap();
    let ann = Identifier::new(IdKind::Customer, "ann");
    assert_eq!(tracker.journeys(&ann, &question())[0].touchpoints.len(), 1);
}

#[test]
fn tombstones_stay_until_their_events_are_too_old_anyway() {
    let events = [turn("a", 0), order("1", 1, "5.00"), turn("b", 50)];
    let mut tracker = with(keeping("-", "30d", "60d"), events.clone());
    tracker.erase(Identifier::new(IdKind::Visitor, "v9"), day(20)).unwrap();
    let drops = |tracker: &mut Tracker| -> Vec<DropReason> {
        let dropped = |event: &Event| match tracker.record(event.clone()).unwrap() {
            Recorded::Dropped(reason) => Some(reason),
            _ => None,
        };
        events.iter().filter_map(dropped).collect()
    };
    tracker.expire(day(60)).unwrap();
    assert_eq!(drops(&mut tracker), [DropReason::TooOld, DropReason::Erased]);
    let erased = |tracker: &Tracker| {
        tracker.report(&question()).unwrap().totals.first().map(|totals| totals.erased.count)
    };
    assert_eq!(erased(&tracker), Some(1));
    tracker.expire(day(81)).unwrap();
    assert_eq!((drops(&mut tracker), erased(&tracker)), (vec![DropReason::TooOld; 3], None));
    let mut fresh = with(keeping("-", "30d", "60d"), []);
    fresh.expire(day(81)).unwrap();
    assert!(tracker == fresh, "no tombstone is left");
}

fn hashing(events: &[Event], key: Key) -> Tracker {
    let mut limits = Limits::default();
    limits.hash_ids = true;
    let mut tracker = Tracker::with_limits(key, limits);
    tracker.extend(events.iter().cloned()).unwrap();
    tracker
}

fn subject() -> impl Strategy<Value = Identifier> {
    proptest::sample::select(&IdKind::ALL[..]).prop_flat_map(world::identifier)
}

proptest! {
    #![proptest_config(world::cases_or(300))]

    #[test]
    fn a_changed_key_gives_what_the_new_key_would_have_given(events in world::world(30), whom in subject()) {
        let (old, new) = (Key::new([7; 16]), Key::new([8; 16]));
        let of = |key: &Key| {
            let mut tracker = Tracker::new(key.clone());
            tracker.extend(events.clone()).unwrap();
            tracker.erase(whom.clone(), world::end()).unwrap();
            tracker
        };
        let mut rotated = of(&old);
        rotated.rotate(new.clone()).unwrap();
        let fresh = of(&new);
        prop_assert!(rotated == fresh);
        prop_assert_eq!(rotated.report(&world::question()).unwrap(), fresh.report(&world::question()).unwrap());
        let intake = rotated.extend(events.clone()).unwrap();
        prop_assert_eq!(intake.new, 0, "{}", intake);

        let mut rotated = hashing(&events, old.clone());
        let of_old = rotated.clone();
        rotated.rotate(new.clone()).unwrap();
        prop_assert!(rotated == hashing(&events, new.clone()));
        prop_assert!(rotated.merge(&of_old).is_err());
        rotated.rotate(old.clone()).unwrap();
        prop_assert!(rotated == of_old);
    }

    #[test]
    fn what_is_too_old_is_gone_for_good_and_the_books_balance(events in world::world(40), days in 0..90_i64, whom in subject()) {
        let mut tracker = Tracker::with_limits(Key::new([7; 16]), keeping("5d", "20d", "40d"));
        tracker.extend(events.clone()).unwrap();
        let other = tracker.clone();
        let shown = format!("{} {}", whom.kind().name(), whom.as_str());
        tracker.erase(whom, world::start() + TimeDelta::days(days / 2)).unwrap();
        let now = world::start() + TimeDelta::days(days);
        tracker.expire(now).unwrap();
        let question = Question::new(world::end());
        assert_books_balance(&tracker.report(&question).unwrap());
        let before = tracker.clone();
        let intake = tracker.extend(events.clone()).unwrap();
        prop_assert_eq!(intake.new, 0, "{}\n{}{}\n{}", intake, events.iter().map(|event| serde_json::to_string(event).unwrap() + "\n").collect::<String>(), days, shown);
        prop_assert!(tracker == before);
        // Expiring again at the same instant changes nothing, nor does a tracker that has not expired yet.
        prop_assert!(tracker.expire(now).unwrap().facts.is_empty());
        prop_assert!(tracker == before);
        let mut alone = other.clone();
        alone.expire(now).unwrap();
        let expired = alone.clone();
        alone.merge(&other).unwrap();
        alone.expire(now).unwrap();
        prop_assert!(alone == expired);
    }
}
