//! What the tests share: instants and money in short form, rows by name, and the check that books balance.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use clinch::{
    Chosen, Claim, Event, JourneyBuilder, Key, Money, Question, Receipt, Report, Rules, Table, Tracker,
};

/// Every rule model by name, participation left aside.
pub const SHARING: [&str; 9] = [
    "first_touch",
    "last_touch",
    "last_non_direct",
    "linear",
    "linear_unique",
    "position_based",
    "j_shaped",
    "inverse_j",
    "time_decay:7d",
];

#[track_caller]
pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Noon, so many days after 1 March 2026.
pub fn day(days: i64) -> DateTime<Utc> {
    hour(days * 24)
}

/// So many hours after noon of 1 March 2026.
pub fn hour(hours: i64) -> DateTime<Utc> {
    second(hours * 3600)
}

/// So many seconds after noon of 1 March 2026.
pub fn second(seconds: i64) -> DateTime<Utc> {
    at("2026-03-01T12:00:00Z") + TimeDelta::seconds(seconds)
}

#[track_caller]
pub fn money(amount: &str, currency: &str) -> Money {
    Money::parse(amount, currency.parse().unwrap()).unwrap()
}

#[track_caller]
pub fn eur(amount: &str) -> Money {
    money(amount, "EUR")
}

pub fn key() -> Key {
    Key::new(*b"sixteen secrets!")
}

/// A tracker that has taken in every event, new or superseded.
#[track_caller]
pub fn tracker(events: impl IntoIterator<Item = Event>) -> Tracker {
    let mut tracker = Tracker::new(key());
    let intake = tracker.extend(events).unwrap();
    assert_eq!((intake.dropped.len(), intake.repeated), (0, 0), "{intake}");
    tracker
}

/// The default question, asked long after everything has happened.
pub fn question() -> Question {
    Question::new(at("2027-01-01T00:00:00Z"))
}

/// The same with all rule models and participation.
pub fn all_models() -> Question {
    let mut question = question();
    question.models = models(&SHARING);
    question.models.push(Chosen::Participation);
    question
}

#[track_caller]
pub fn models(names: &[&str]) -> Vec<Chosen> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// The claims of all people under some rules, by time.
#[track_caller]
pub fn claims(events: impl IntoIterator<Item = Event>, rules: &Rules) -> Vec<Claim> {
    let mut builder = JourneyBuilder::new();
    builder.rules(rules.clone());
    for event in events {
        let _ = builder.add(event).unwrap();
    }
    let journeys = builder.build(at("2027-01-01T00:00:00Z"));
    let mut claims: Vec<Claim> = journeys.into_iter().flat_map(|journey| journey.claims).collect();
    claims.sort_by(|a, b| (a.conversion.at, &a.conversion.kind).cmp(&(b.conversion.at, &b.conversion.kind)));
    claims
}

/// The only claim there is.
#[track_caller]
pub fn claim(events: impl IntoIterator<Item = Event>, rules: &Rules) -> Claim {
    let mut claims = claims(events, rules);
    assert_eq!(claims.len(), 1);
    claims.remove(0)
}

/// Ids of those who may claim.
pub fn ids(claim: &Claim) -> Vec<&str> {
    claim.touchpoints.iter().map(|touchpoint| touchpoint.id.as_str()).collect()
}

/// Ids of those who may not, each with the reason.
pub fn refused(claim: &Claim) -> Vec<(&str, &str)> {
    claim.refused.iter().map(|refused| (refused.id.as_str(), refused.reason.name())).collect()
}

/// What one model gives the labels of a report's first table: label to value, over all currencies.
#[track_caller]
pub fn values(report: &Report, model: &str) -> BTreeMap<String, String> {
    figures(&report.tables[0], model, |figure| figure.value.clone())
}

/// The same in conversions.
#[track_caller]
pub fn conversions(report: &Report, model: &str) -> BTreeMap<String, String> {
    figures(&report.tables[0], model, |figure| figure.conversions.clone())
}

fn figures(table: &Table, model: &str, pick: impl Fn(&clinch::Figure) -> String) -> BTreeMap<String, String> {
    let figure = |row: &clinch::Row| {
        let figure = row.models.iter().find(|figure| figure.model == model).expect("the model was asked for");
        (row.label.to_string(), pick(figure))
    };
    table.rows.iter().map(figure).collect()
}

/// Pairs of text as a map, to compare with.
pub fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())).collect()
}

/// Decimal text as an integer of its smallest units.
#[track_caller]
pub fn units(text: &str) -> i128 {
    text.replace('.', "").parse().unwrap()
}

/// Rows + declined + outside the period + unattributed + expired + erased = value, and the same for conversions, for every
/// dimension, currency and sharing model.
#[track_caller]
pub fn assert_books_balance(report: &Report) {
    for table in &report.tables {
        for totals in &report.totals {
            let lost: u64 = totals.reasons.iter().map(|reason| reason.conversions).sum();
            for model in report.models.iter().filter(|model| *model != "participation") {
                let rows = table.rows.iter().filter(|row| row.currency == totals.currency);
                let figures = rows.flat_map(|row| &row.models).filter(|figure| figure.model == *model);
                let mut value = units(&totals.unattributed);
                let mut nanos = i128::from(lost) * 1_000_000_000;
                for row in [&totals.expired, &totals.erased] {
                    value += units(&row.value);
                    nanos += i128::from(row.count) * 1_000_000_000;
                }
                for figure in figures {
                    value += units(&figure.value);
                    nanos += units(&figure.conversions);
                }
                let remainders = table.remainders.iter();
                for remainder in
                    remainders.filter(|rest| rest.model == *model && rest.currency == totals.currency)
                {
                    value += units(&remainder.declined) + units(&remainder.outside);
                    nanos += units(&remainder.declined_conversions) + units(&remainder.outside_conversions);
                }
                assert_eq!(value, units(&totals.value), "{model} by {} in {:?}", table.by, totals.currency);
                assert_eq!(nanos, i128::from(totals.conversions) * 1_000_000_000, "{model} by {}", table.by);
            }
        }
    }
}

/// Every model's credits sum to the order's value and to one, and so do the lines.
#[track_caller]
pub fn assert_receipt_balances(receipt: &Receipt) {
    let Some(claim) = &receipt.claim else {
        assert!(receipt.models.is_empty() && receipt.lines.is_empty() && receipt.not_counted.is_some());
        return;
    };
    let value = claim.conversion.value.map_or(0, Money::minor);
    for credits in receipt.models.iter().filter(|credits| !credits.credits.is_empty()) {
        let sum: i64 = credits.credits.iter().map(|credit| credit.value.unwrap().minor()).sum();
        let shares: i64 = credits.credits.iter().map(|credit| credit.share.nanos()).sum();
        assert_eq!((sum, shares), (value, 1_000_000_000), "{}", credits.model);
    }
    for lines in receipt.lines.iter().filter(|lines| !lines.is_empty()) {
        let sum = |values: &[Money]| values.iter().map(|value| value.minor()).sum::<i64>();
        for line in lines {
            assert_eq!(sum(&line.values), line.line.value.minor());
        }
        assert_eq!(lines.iter().map(|line| sum(&line.values)).sum::<i64>(), value);
    }
}

/// The report and the receipts of some orders, all balanced.
#[track_caller]
pub fn answer(tracker: &Tracker, question: &Question, orders: &[&str]) -> (Report, Vec<Receipt>) {
    let report = tracker.report(question).unwrap();
    assert_books_balance(&report);
    let receipt = |order: &&str| tracker.receipt(*order, question).unwrap().expect("the order is known");
    let receipts: Vec<Receipt> = orders.iter().map(receipt).collect();
    receipts.iter().for_each(assert_receipt_balances);
    (report, receipts)
}
