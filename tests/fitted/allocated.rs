//! Fitted models over single conversions, and tables of the journeys of the crate.

use chrono::{DateTime, Utc};
use clinch::{
    Claim, Conversion, Dimension, Event, Game, Journey, JourneyBuilder, MarkovCounts, Money, Negative,
    Outcome, Path, PathTable, PathsBy, Question, Removal, Shapley, TouchKind, Touchpoint, Transform, Who,
    credit,
};

use crate::oracles::SETS;
use crate::*;

fn at(hour: u32) -> DateTime<Utc> {
    format!("2026-03-{:02}T{:02}:00:00Z", 1 + hour / 24, hour % 24).parse().unwrap()
}

fn eur(text: &str) -> Money {
    Money::parse(text, "EUR".parse().unwrap()).unwrap()
}

/// What each touchpoint of a path gets of 10.00.
fn credited(model: &dyn clinch::Model, topics: &[&str]) -> Vec<String> {
    let touchpoint =
        |topic: &&str| Touchpoint::new(*topic, at(0), TouchKind::Query).label(Dimension::Topic, *topic);
    let touchpoints: Vec<Touchpoint> = topics.iter().map(touchpoint).collect();
    let order = Conversion::order("1", at(0), eur("10.00"));
    let credits = credit(model, &Path::new(&order, &touchpoints, Dimension::Topic)).unwrap();
    assert_eq!(credits.declined, credits.credits.is_empty());
    credits.credits.iter().map(|credit| credit.value.unwrap().amount()).collect()
}

#[test]
fn labels_of_a_path_weigh_their_effect_once() {
    let markov = markov(&table(&[("GA", 2.0, 1.0), ("mailing", 1.0, 0.0), ("GA>mailing", 1.0, 0.0)]), 1);
    let model = markov.allocation(Dimension::Topic, Negative::Refuse).unwrap();
    assert_eq!(clinch::Model::name(&model), "markov:1:allocated");
    assert_eq!(credited(&model, &["GA", "mailing"]), ["6.00", "4.00"]);
    assert_eq!(credited(&model, &["GA", "mailing", "GA"]), ["3.00", "4.00", "3.00"]);
    assert_eq!(credited(&model, &["GA", "never seen"]), ["10.00", "0.00"]);
    assert_eq!(credited(&model, &["mailing"]), ["10.00"]);
    // Nothing is known of such a path: its value stays unattributed.
    assert!(credited(&model, &["never seen"]).is_empty());
}

/// Nova's totals are sums of allocations, and no removal shares: 2 + 0.6 and 1 + 0.4 beside 2.4 and 1.6.
#[test]
fn allocation_and_aggregate_share_are_two_quantities() {
    let table = table(&[("GA", 2.0, 1.0), ("mailing", 1.0, 0.0), ("GA>mailing", 1.0, 0.0)]);
    let markov = markov(&table, 1);
    let allocated = markov.allocation(Dimension::Topic, Negative::Refuse).unwrap().attribution(&table);
    assert_eq!(
        (markov.attribution().model.as_str(), allocated.model.as_str()),
        ("markov:1", "markov:1:allocated")
    );
    assert_conversions(&allocated.labels, &[("GA", 2.6), ("mailing", 1.4)], 1e-9);
    assert_conversions(&markov.attribution().labels, &[("GA", 2.4), ("mailing", 1.6)], 1e-9);
    assert_whole(&allocated);
}

#[test]
fn negative_values_are_refused_or_weigh_nothing_by_name() {
    let shapley = Shapley::fit(&table(&SETS), Game::OnExactly);
    let error = shapley.allocation(Dimension::Topic, Negative::Refuse).unwrap_err().to_string();
    assert!(error.contains("shapley:on_exactly") && error.contains("negative"), "{error}");
    let model = shapley.allocation(Dimension::Topic, Negative::AsZero).unwrap();
    assert_eq!(credited(&model, &["A", "B", "C"]), ["6.00", "4.00", "0.00"]);
    // Where there is no effect at all there is nothing to allocate by.
    let silent = markov(&table(&[("a", 0.0, 1.0)]), 1);
    let error = silent.allocation(Dimension::Topic, Negative::AsZero).unwrap_err().to_string();
    assert!(error.contains("markov:1") && error.contains("no label"), "{error}");
}

/// Two people: one asks, buys, and asks again; one only asks.
fn events() -> Vec<Event> {
    let (one, two) = (|| Who::visitor("v1"), || Who::visitor("v2"));
    vec![
        Event::query("e1", at(1), one()).topic("delivery").into(),
        Event::query("e2", at(2), one()).topic("returns").into(),
        Event::order("e3", at(3), one(), "1001", eur("20.00")).into(),
        Event::query("e4", at(4), one()).topic("care").into(),
        Event::query("e5", at(1), two()).topic("delivery").into(),
        Event::query("e6", at(2), two()).topic("delivery").into(),
    ]
}

fn journeys() -> Vec<Journey> {
    let mut builder = JourneyBuilder::new();
    builder.extend(events()).unwrap();
    builder.build(at(100))
}

fn by_topic() -> PathsBy {
    let mut by = PathsBy::new(Dimension::Topic);
    by.currency = Some("EUR".parse().unwrap());
    by
}

fn taken(by: &PathsBy) -> PathTable {
    let mut table = PathTable::new();
    journeys().iter().for_each(|journey| table.add_journey(journey, by).unwrap());
    table
}

#[test]
fn journeys_become_paths_with_and_without_a_conversion() {
    let mut expected = PathTable::new();
    let ends = |conversions, value, nulls| Outcome { conversions, value, nulls };
    expected.add(["delivery", "returns"], ends(1.0, 20.0, 0.0)).unwrap();
    expected.add(["care"], ends(0.0, 0.0, 1.0)).unwrap();
    expected.add(["delivery", "delivery"], ends(0.0, 0.0, 1.0)).unwrap();
    assert_eq!(taken(&by_topic()), expected);
}

#[test]
fn currency_goal_and_transform_are_the_askers() {
    let mut by = by_topic();
    by.currency = Some("USD".parse().unwrap());
    assert_eq!(taken(&by).total(), Outcome { conversions: 1.0, value: 0.0, nulls: 2.0 });
    by.goal = Some("newsletter".into());
    // No goal was reached: each person is one journey without a conversion, and the order parts nothing.
    assert_eq!(taken(&by).total(), Outcome { conversions: 0.0, value: 0.0, nulls: 2.0 });
    by.transform = Transform::CollapseRepeats;
    let mut expected = PathTable::new();
    let null = Outcome { nulls: 1.0, ..Outcome::default() };
    expected.add(["delivery", "returns", "care"], null).unwrap();
    expected.add(["delivery"], null).unwrap();
    assert_eq!(taken(&by), expected);
}

#[test]
fn an_order_that_nothing_may_claim_stays_unattributed() {
    let mut builder = JourneyBuilder::new();
    builder.extend(events()).unwrap();
    builder.add(Event::order("e9", at(9), Who::visitor("v9"), "1009", eur("5.00"))).unwrap();
    let mut table = PathTable::new();
    builder.build(at(100)).iter().for_each(|journey| table.add_journey(journey, &by_topic()).unwrap());
    let attribution = markov(&table, 1).attribution().clone();
    assert_eq!(attribution.unattributed, Outcome { conversions: 1.0, value: 5.0, nulls: 0.0 });
    assert_whole(&attribution);
}

/// Touchpoints without a value are a label; several values are one label together.
#[test]
fn touchpoints_with_several_values_or_none_are_labels_of_their_own() {
    let touchpoints = vec![
        Touchpoint::new("e1", at(1), TouchKind::Query),
        Touchpoint::new("e2", at(2), TouchKind::Query)
            .label(Dimension::Product, "p1")
            .label(Dimension::Product, "p2"),
    ];
    let written = serde_json::json!({ "known": false, "claims": [], "touchpoints": touchpoints });
    let journey: Journey = serde_json::from_value(written).unwrap();
    let _: &Vec<Claim> = &journey.claims;
    let mut table = PathTable::new();
    table.add_journey(&journey, &PathsBy::new(Dimension::Product)).unwrap();
    let read: PathTable = serde_json::from_str(&serde_json::to_string(&table).unwrap()).unwrap();
    let fitted = MarkovCounts::of(&read, 1).unwrap().fit(Removal::Fail);
    let names: Vec<String> = fitted.removal_effects().iter().map(|row| row.name()).collect();
    assert_eq!(names, ["none", "p1 + p2"]);
}

/// A fitted model is a column of a report like any other, and its books balance.
#[test]
fn an_allocation_is_a_column_of_a_report() {
    let fitted = MarkovCounts::of(&taken(&by_topic()), 2).unwrap().fit(Removal::RedirectToNull);
    let model = fitted.allocation(Dimension::Topic, Negative::Refuse).unwrap();
    let mut question = Question::new(at(100));
    question.models = vec![model.into(), "linear".parse().unwrap()];
    let mut tracker = clinch::Tracker::new(clinch::Key::new(*b"sixteen secrets!"));
    tracker.extend(events()).unwrap();
    let report = tracker.report(&question).unwrap();
    let values: Vec<&str> = report.tables[0].rows.iter().map(|row| row.models[0].value.as_str()).collect();
    assert_eq!(values, ["10.00", "10.00"]);
    assert!(report.to_string().contains("markov:2:allocated"), "{report}");
}
