//! What was erased or has become too old stays so after a restart.

use chrono::{DateTime, TimeDelta, Utc};
use clinch::{ErrorKind, Event, IdKind, Key, Limits, Retention, Span, Subject, Tracker, Who};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::frames::apart;
use crate::world::{self, cases_or, end, instant, order_id, question, start, world};
use crate::{bytes, key, refused};

/// Something that takes facts away.
#[derive(Clone, Debug)]
enum Deed {
    Erase(Subject),
    EraseWithOrders(Subject),
    EraseTouchpoints(Subject),
    EraseShop(DateTime<Utc>),
    Expire(DateTime<Utc>),
    Rotate,
}

fn subject() -> impl Strategy<Value = Subject> {
    let any = select(&IdKind::ALL[..]).prop_flat_map(world::identifier).prop_map(Subject::from);
    prop_oneof![4 => any, 1 => order_id().prop_map(|order| Subject::order(Subject::default(), order))]
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => subject().prop_map(Deed::Erase),
        2 => subject().prop_map(Deed::EraseWithOrders),
        2 => subject().prop_map(Deed::EraseTouchpoints),
        1 => instant().prop_map(Deed::EraseShop),
        2 => instant().prop_map(Deed::Expire),
        1 => Just(Deed::Rotate),
    ]
}

fn limits(hashed: bool) -> Limits {
    let (mut limits, mut retention) = (Limits::default(), Retention::default());
    retention.text = Some(Span::days(5));
    retention.touchpoints = Some(Span::days(20));
    retention.orders = Some(Span::days(40));
    (limits.hash_ids, limits.retention) = (hashed, retention);
    limits
}

/// Does it and says under which key the tracker is then.
fn act(tracker: &mut Tracker, deed: &Deed) -> Option<Key> {
    match deed.clone() {
        Deed::Erase(subject) => drop(tracker.erase(subject, end()).unwrap()),
        Deed::EraseWithOrders(subject) => drop(tracker.erase_with_orders(subject, end()).unwrap()),
        Deed::EraseTouchpoints(subject) => drop(tracker.erase_touchpoints(subject, end()).unwrap()),
        Deed::EraseShop(at) => drop(tracker.erase_shop(at).unwrap()),
        Deed::Expire(at) => drop(tracker.expire(at).unwrap()),
        Deed::Rotate => {
            tracker.rotate(Key::new([9; 16])).unwrap();
            return Some(Key::new([9; 16]));
        }
    }
    None
}

proptest! {
    #![proptest_config(cases_or(600))]

    #[test]
    fn what_is_gone_is_gone_after_a_restart(
        events in world(30),
        more in world(10),
        deeds in vec(deed(), 1..4),
        hashed in any::<bool>(),
    ) {
        let mut tracker = Tracker::with_limits(key(), limits(hashed));
        tracker.extend(events.clone()).unwrap();
        let mut now = key();
        for deed in &deeds {
            now = act(&mut tracker, deed).unwrap_or(now);
        }
        let written = bytes(&tracker);
        prop_assert_eq!(&apart(&written).together(), &written);
        let mut back = Tracker::restore(now, tracker.limits().clone(), &written[..]).unwrap();
        prop_assert!(back == tracker);
        prop_assert_eq!(&bytes(&back), &written);
        prop_assert_eq!(back.report(&question()).unwrap(), tracker.report(&question()).unwrap());
        // Whatever comes again, and whatever is new, is treated alike.
        let all = || events.iter().chain(&more).cloned();
        prop_assert_eq!(back.extend(all()).unwrap(), tracker.extend(all()).unwrap());
        prop_assert!(back == tracker);
        prop_assert_eq!(bytes(&back), bytes(&tracker));
        prop_assert_eq!(back.report(&question()).unwrap(), tracker.report(&question()).unwrap());
    }
}

#[test]
fn a_person_who_was_erased_is_refused_after_a_restart_and_the_money_stays() {
    let turn = Event::query("e1", start(), Who::visitor("v1")).topic("availability");
    let total = clinch::Money::new(5990, "EUR".parse().unwrap());
    let order = Event::order("e2", start() + TimeDelta::hours(1), Who::visitor("v1"), "1001", total);
    let events: [Event; 2] = [turn.into(), order.into()];
    let mut tracker = Tracker::new(key());
    tracker.extend(events.clone()).unwrap();
    tracker.erase(Who::visitor("v1"), end()).unwrap();
    let mut back = Tracker::restore(key(), Limits::default(), &bytes(&tracker)[..]).unwrap();
    assert_eq!(back.extend(events).unwrap().new, 0);
    let report = back.report(&question()).unwrap();
    assert_eq!((report.totals[0].conversions, report.totals[0].value.as_str()), (1, "59.90"));
}

#[test]
fn a_fact_beside_the_tombstone_that_refuses_it_is_damage() {
    let events = || [Event::query("e1", start(), Who::visitor("v1")).topic("availability")];
    let mut erased = Tracker::new(key());
    erased.extend(events()).unwrap();
    let mut frames = apart(&bytes(&erased));
    erased.erase(Who::visitor("v1"), end()).unwrap();
    let gone = apart(&bytes(&erased)).sections.into_iter().find(|(section, _)| *section == 5).unwrap();
    frames.sections.insert(0, gone);
    let error = refused(&frames.together());
    assert!(matches!(error.kind(), ErrorKind::SnapshotDamaged { section: "gone", .. }), "{error}");
}
