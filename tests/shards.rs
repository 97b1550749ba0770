//! Shards: the routing function, and reports that add up once each.

use std::num::NonZeroU32;

use chrono::{DateTime, Utc};
use clinch::{
    Dimension, Event, Inserted, Key, Money, Question, Report, ReportSet, ShardReport, Sums, Tracker, Who,
    shard_of,
};
use proptest::prelude::*;

fn count(shards: u32) -> NonZeroU32 {
    NonZeroU32::new(shards).unwrap()
}

fn at(hour: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_000_000 + hour * 3600, 0).unwrap()
}

/// Computed by a second implementation, in Python, from the description alone.
#[test]
fn golden_vectors_of_the_routing_function() {
    let every_byte: Vec<u8> = (0..=255).collect();
    let vectors: [(&[u8], [u32; 5]); 7] = [
        (b"", [0, 3, 6, 59, 3_971_628_529]),
        (b"customer-1", [0, 3, 5, 49, 3_313_968_629]),
        (b"customer-2", [0, 0, 1, 9, 670_593_081]),
        (b"k4", [0, 0, 1, 15, 1_026_032_393]),
        (b"visitor-abc", [0, 2, 3, 34, 2_348_218_614]),
        ("größe".as_bytes(), [0, 2, 5, 46, 3_094_902_417]),
        (&every_byte, [0, 2, 4, 44, 2_995_913_751]),
    ];
    for (key, expected) in vectors {
        let found = [1, 4, 7, 64, u32::MAX].map(|shards| shard_of(key, count(shards)));
        assert_eq!(found, expected, "{key:?}");
    }
}

#[test]
fn routing_spreads_evenly() {
    let mut sizes = [0_u32; 16];
    (0..160_000).for_each(|n: u32| sizes[shard_of(format!("v{n}").as_bytes(), count(16)) as usize] += 1);
    assert!(sizes.iter().all(|size| (9_500..10_500).contains(size)), "{sizes:?}");
}

/// A shopper's chat and orders, in a small world of labels.
fn shopper() -> impl Strategy<Value = Vec<(u8, i64, u8, i64)>> {
    prop::collection::vec((0..4_u8, 0..2_000_i64, 0..5_u8, 0..9_999_i64), 1..12)
}

fn events(shopper: usize, acts: &[(u8, i64, u8, i64)]) -> Vec<Event> {
    let currencies = ["EUR", "JPY", "KWD"];
    let who = || Who::visitor(format!("visitor-{shopper}")).conversation(format!("talk-{shopper}"));
    let act = |(place, (what, hour, label, minor)): (usize, &(u8, i64, u8, i64))| {
        let id = format!("e{shopper}-{place}");
        let money = Money::new(*minor, currencies[*label as usize % 3].parse().unwrap());
        match what {
            0 | 1 => Event::query(id, at(*hour), who())
                .topic(format!("topic-{label}"))
                .query(format!("query-{}", label % 2))
                .into(),
            2 => Event::order(id, at(*hour), who(), format!("o{shopper}-{place}"), money).into(),
            _ => {
                let order = format!("o{shopper}-{}", place.saturating_sub(1));
                Event::refund(id, at(*hour), format!("r{place}"), order, money).into()
            }
        }
    };
    acts.iter().enumerate().map(act).collect()
}

fn question() -> Question {
    let mut question = Question::new(at(10_000));
    question.by = vec![Dimension::Topic, Dimension::Evidence];
    question.models.push("participation".parse().unwrap());
    question
}

fn sums(events: impl IntoIterator<Item = Event>) -> Sums {
    let mut tracker = Tracker::new(Key::new([3; 16]));
    tracker.extend(events).unwrap();
    tracker.sums(&question()).unwrap()
}

/// Cases of each property; `CLINCH_CASES` asks for more.
fn cases() -> ProptestConfig {
    let cases = std::env::var("CLINCH_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases.unwrap_or(2_000)) }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn reports_of_shards_add_up_to_the_whole(shoppers in prop::collection::vec(shopper(), 1..6), shards in 1..5_u32) {
        let shards = count(shards);
        let question = question();
        let all: Vec<Vec<Event>> = shoppers.iter().enumerate().map(|(n, acts)| events(n, acts)).collect();
        let whole = sums(all.iter().flatten().cloned());
        prop_assert!(!whole.is_empty());
        let mut set = ReportSet::new(&question, shards);
        for shard in 0..shards.get() {
            let of_shard = |n: &usize| shard_of(format!("visitor-{n}").as_bytes(), shards) == shard;
            let facts = (0..all.len()).filter(of_shard).flat_map(|n| all[n].clone());
            let report = ShardReport::new(shard, shards, &question, 1, sums(facts)).unwrap();
            prop_assert!(set.finish(&question).is_err());
            let text = serde_json::to_string(&report).unwrap();
            let report: ShardReport = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(set.insert(report.clone()).unwrap(), Inserted::New);
            prop_assert_eq!(set.insert(report).unwrap(), Inserted::Repeated);
        }
        prop_assert_eq!(&set.sums().unwrap(), &whole);
        prop_assert_eq!(set.finish(&question).unwrap(), Report::new(&whole, &question));
    }

    #[test]
    fn sums_form_an_abelian_group(a in shopper(), b in shopper(), c in shopper()) {
        let [a, b, c] = [sums(events(0, &a)), sums(events(1, &b)), sums(events(2, &c))];
        let added = |parts: &[&Sums]| {
            let mut sum = Sums::default();
            parts.iter().for_each(|part| sum.merge(part));
            sum
        };
        prop_assert_eq!(added(&[&a, &b]), added(&[&b, &a]));
        prop_assert_eq!(added(&[&added(&[&a, &b]), &c]), added(&[&a, &added(&[&b, &c])]));
        prop_assert_eq!(added(&[&a]), a.clone());
        let mut back = added(&[&a, &b]);
        prop_assert_ne!(&back, &a);
        back.retract(&b);
        prop_assert_eq!(&back, &a);
        back.retract(&a);
        prop_assert_eq!(back, Sums::default());
    }
}

fn small(shard: u32, version: u64, minor: i64) -> ShardReport {
    let who = || Who::visitor(format!("visitor-{shard}"));
    let money = Money::new(minor, "EUR".parse().unwrap());
    let turn = Event::query("e1", at(0), who()).topic("a");
    let order = Event::order("e2", at(1), who(), format!("o{shard}"), money);
    ShardReport::new(shard, count(2), &question(), version, sums([turn.into(), order.into()])).unwrap()
}

#[test]
fn a_shard_counts_once_and_its_highest_version_stays() {
    let mut set = ReportSet::new(&question(), count(2));
    assert_eq!(set.insert(small(0, 2, 500)).unwrap(), Inserted::New);
    assert_eq!(set.insert(small(0, 1, 400)).unwrap(), Inserted::Outdated);
    assert_eq!(set.insert(small(0, 2, 500)).unwrap(), Inserted::Repeated);
    assert_eq!(set.missing(), [1]);
    assert_eq!(set.insert(small(1, 1, 100)).unwrap(), Inserted::New);
    assert_eq!(set.finish(&question()).unwrap().totals[0].value, "6.00");
    assert_eq!(set.insert(small(1, 7, 300)).unwrap(), Inserted::Replaced);
    assert_eq!(set.finish(&question()).unwrap().totals[0].value, "8.00");

    let mut other = ReportSet::new(&question(), count(2));
    let _new = other.insert(small(0, 3, 700)).unwrap();
    set.merge(&other).unwrap();
    set.merge(&other).unwrap();
    assert_eq!(set.finish(&question()).unwrap().totals[0].value, "10.00");
}

#[test]
fn what_does_not_belong_is_refused_and_changes_nothing() {
    let mut set = ReportSet::new(&question(), count(2));
    let _new = set.insert(small(0, 2, 500)).unwrap();
    let before = set.clone();

    assert!(set.insert(small(0, 2, 501)).unwrap_err().to_string().contains("version 2 twice"));
    let mut other = question();
    other.rules.lookback = clinch::Span::days(1);
    let stranger = ShardReport::new(1, count(2), &other, 1, Sums::default()).unwrap();
    assert!(set.insert(stranger).unwrap_err().to_string().contains("another question"));
    let wide = ShardReport::new(1, count(3), &question(), 1, Sums::default()).unwrap();
    assert!(set.insert(wide).is_err());
    let mut forged = small(1, 1, 100);
    forged.control.orders += 1;
    assert!(set.insert(forged).unwrap_err().to_string().contains("control totals"));
    assert!(ShardReport::new(2, count(2), &question(), 1, Sums::default()).is_err());
    assert!(set.finish(&other).unwrap_err().to_string().contains("the question that it was made for"));
    assert!(set.finish(&question()).unwrap_err().to_string().contains("shard 1"));
    assert_eq!(set, before);
}

#[test]
fn what_crosses_shards_shows_in_the_control_totals() {
    let money = Money::new(300, "EUR".parse().unwrap());
    let refund = Event::refund("e1", at(3), "r1", "o-elsewhere", money);
    let link = Event::link_shared("e2", at(2), Who::visitor("v1"), "https://shop.example/?clq=7zk3q9t4")
        .code("7zk3q9t4");
    let sums = sums([refund.into(), link.into()]);
    let report = ShardReport::new(0, count(1), &question(), 1, sums).unwrap();
    assert_eq!(report.control.refunds_without_order, 1);
    assert_eq!(report.control.codes_without_turn, 1);
    assert_eq!(report.control.events, 2);
}
