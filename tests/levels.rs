//! Privacy levels of turns: what is kept is what turn and tracker both allow.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use clinch::event::Query;
use clinch::{
    Dimension, Event, EventOf, EventRef, FieldReason, Key, Limits, Money, Overview, PrivacyLevel, Question,
    Report, Tracker, Who,
};
use proptest::prelude::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A turn that says everything.
fn turn() -> EventOf<Query> {
    Event::query("e1", at("2026-03-01T10:00:00Z"), Who::visitor("v9"))
        .text("do you have this in blue")
        .query("in blue")
        .topic("availability")
        .intent("product_question")
        .flow("product page")
        .product_type("shoes")
        .language("en")
        .product("p1")
        .product("p2")
        .channel("web")
}

fn tracker(limits: Limits, turn: impl Into<Event>) -> Tracker {
    let mut tracker = Tracker::with_limits(Key::new([7; 16]), limits);
    let total = Money::new(500, "EUR".parse().unwrap());
    let order = Event::order("e2", at("2026-03-02T10:00:00Z"), Who::visitor("v9"), "1001", total);
    assert_eq!(tracker.extend([turn.into(), order.into()]).unwrap().new, 2);
    tracker
}

fn limits(level: PrivacyLevel) -> Limits {
    let mut limits = Limits::default();
    limits.privacy = level;
    limits
}

fn report(tracker: &Tracker) -> Report {
    let mut question = Question::new(at("2026-04-01T00:00:00Z"));
    question.by = Dimension::ALL.to_vec();
    tracker.report(&question).unwrap()
}

fn left_out(overview: &Overview) -> Vec<(FieldReason, u64)> {
    overview.fields_left_out.iter().map(|(reason, count)| (*reason, *count)).collect()
}

/// Labels of rows by dimension.
fn rows(report: &Report) -> BTreeMap<Dimension, Vec<String>> {
    let labels = |table: &clinch::Table| table.rows.iter().map(|row| row.label.to_string()).collect();
    report.tables.iter().map(|table| (table.by, labels(table))).collect()
}

const LABELS: [Dimension; 7] = [
    Dimension::Query,
    Dimension::Topic,
    Dimension::Intent,
    Dimension::Flow,
    Dimension::ProductType,
    Dimension::Language,
    Dimension::Product,
];

#[test]
fn the_default_keeps_labels_and_no_text_and_counts_nothing() {
    let report = report(&tracker(Limits::default(), turn()));
    assert_eq!(rows(&report)[&Dimension::Query], ["in blue"]);
    assert_eq!(rows(&report)[&Dimension::Product], ["p1", "p2"]);
    assert_eq!(left_out(&report.overview), []);
}

#[test]
fn a_minimal_tracker_keeps_that_a_turn_took_place_and_where() {
    let report = report(&tracker(limits(PrivacyLevel::Minimal), turn()));
    for by in LABELS {
        assert_eq!(rows(&report)[&by], ["none"], "{by}");
    }
    assert_eq!(rows(&report)[&Dimension::Channel], ["web"]);
    assert_eq!(report.tables[0].rows[0].models[0].value, "5.00", "the turn earns as before");
    assert_eq!(left_out(&report.overview), [], "the host has chosen it");
}

#[test]
fn fields_above_the_level_that_a_turn_declares_are_refused_and_counted() {
    for (declared, kept, refused) in
        [(PrivacyLevel::Full, true, 0), (PrivacyLevel::Intent, true, 1), (PrivacyLevel::Minimal, false, 8)]
    {
        let report = report(&tracker(limits(PrivacyLevel::Full), turn().privacy(declared)));
        for by in LABELS {
            assert_eq!(rows(&report)[&by] != ["none"], kept, "{declared} {by}");
        }
        let counted = (refused > 0).then_some((FieldReason::AbovePrivacyLevel, refused));
        assert_eq!(left_out(&report.overview), counted.into_iter().collect::<Vec<_>>(), "{declared}");
        assert_eq!(report.to_string().contains("fields left out, above_privacy_level"), refused > 0);
    }
}

#[test]
fn a_turn_that_keeps_to_its_level_is_the_same_fact_as_one_that_declares_none() {
    let plain = || Event::query("e1", at("2026-03-01T10:00:00Z"), Who::visitor("v9")).topic("availability");
    for level in [PrivacyLevel::Intent, PrivacyLevel::Full] {
        let mut tracker = tracker(limits(level), plain());
        assert_eq!(
            tracker.record(plain().privacy(PrivacyLevel::Intent)).unwrap(),
            clinch::Recorded::Repeated
        );
    }
}

#[test]
fn a_text_that_is_too_long_is_left_out_and_counted_where_texts_are_kept() {
    let long = || turn().text("x".repeat(4_097));
    let report_of = |level, turn| report(&tracker(limits(level), turn));
    let counted = [(FieldReason::QuestionTooLong, 1)];
    assert_eq!(left_out(&report_of(PrivacyLevel::Full, long()).overview), counted);
    assert_eq!(left_out(&report_of(PrivacyLevel::Full, turn().text("x".repeat(4_096))).overview), []);
    assert_eq!(left_out(&report_of(PrivacyLevel::Intent, long()).overview), []);
}

#[test]
fn the_level_stands_in_the_log_under_its_name() {
    let line = serde_json::to_string(&Event::from(turn().privacy(PrivacyLevel::Minimal))).unwrap();
    assert!(line.contains(r#""privacy":"minimal""#), "{line}");
    let read: Event = serde_json::from_str(&line).unwrap();
    assert_eq!(read, turn().privacy(PrivacyLevel::Minimal).into());
    let wrong = line.replace("\"minimal\"", "\"secret\"");
    let error = serde_json::from_str::<Event>(&wrong).unwrap_err().to_string();
    assert!(error.contains("privacy") && error.contains("minimal, intent, full"), "{error}");
}

fn level() -> impl Strategy<Value = PrivacyLevel> {
    proptest::sample::select(PrivacyLevel::ALL)
}

proptest! {
    /// What is kept is what the lower of the two levels allows, whichever side it is on: labels seen in reports are
    /// the same, and only a level that the turn declares itself refuses fields.
    #[test]
    fn the_lower_level_holds(own in level(), configured in level(), fields in any::<u8>()) {
        let mut turn = Event::query("e1", at("2026-03-01T10:00:00Z"), Who::visitor("v9"));
        if fields & 1 > 0 { turn = turn.text("text of it"); }
        if fields & 2 > 0 { turn = turn.query("query of it"); }
        if fields & 4 > 0 { turn = turn.topic("topic of it"); }
        if fields & 8 > 0 { turn = turn.intent("intent of it"); }
        if fields & 16 > 0 { turn = turn.flow("flow of it"); }
        if fields & 32 > 0 { turn = turn.product_type("type of it"); }
        if fields & 64 > 0 { turn = turn.product("product of it"); }
        if fields & 128 > 0 { turn = turn.language("language of it"); }
        let both = report(&tracker(limits(configured), turn.clone().privacy(own)));
        let lower = report(&tracker(limits(own.min(configured)), turn.clone()));
        prop_assert_eq!(rows(&both), rows(&lower));
        let told = format!("{both:?}");
        prop_assert!(!told.contains("text of it"));
        let labels = u64::from((fields & 254).count_ones());
        let refused = match own {
            PrivacyLevel::Full => 0,
            PrivacyLevel::Intent => u64::from(fields & 1),
            _ => labels + u64::from(fields & 1),
        };
        let counted = both.overview.fields_left_out.get(&FieldReason::AbovePrivacyLevel).copied();
        prop_assert_eq!(counted.unwrap_or(0), refused);
        // Borrowed or not, it is one event.
        let event = Event::from(turn.privacy(own));
        let mut borrowed = Tracker::with_limits(Key::new([7; 16]), limits(configured));
        let mut owned = borrowed.clone();
        let _new = borrowed.record_ref(EventRef::from(&event)).unwrap();
        let _new = owned.record(event).unwrap();
        prop_assert!(borrowed == owned);
    }
}
