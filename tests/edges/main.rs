//! The ends of every range: money, sizes, instants, identities, and what happens in no sensible order.

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod orders;
mod paths;
mod people;
mod refunds;

use std::collections::BTreeMap;

use clinch::{Event, Identifiers, Recorded, Rules, Tracker, Who};
use support::*;

fn who() -> Identifiers {
    Who::visitor("v9")
}

/// A turn whose topic is its id.
fn turn(id: &str, days: i64, who: Identifiers) -> Event {
    Event::query(id, day(days), who).topic(id).into()
}

fn order(id: &str, days: i64, who: Identifiers, total: &str) -> Event {
    Event::order(format!("event of {id}"), day(days), who, id, eur(total)).into()
}

fn rules(change: impl FnOnce(&mut Rules)) -> Rules {
    let mut rules = Rules::default();
    change(&mut rules);
    rules
}

/// What the linear model gives each topic.
#[track_caller]
fn linear(events: impl IntoIterator<Item = Event>) -> BTreeMap<String, String> {
    let (report, _) = answer(&tracker(events), &all_models(), &[]);
    values(&report, "linear")
}

/// What becomes of one event at the door of an empty tracker.
#[track_caller]
fn recorded(event: impl Into<Event>) -> Recorded {
    Tracker::new(key()).record(event).unwrap()
}

#[track_caller]
fn net(events: impl IntoIterator<Item = Event>) -> String {
    let (report, _) = answer(&tracker(events), &all_models(), &[]);
    report.totals.first().map_or("none".to_owned(), |totals| totals.value.clone())
}
