//! Published examples and rules of other attribution systems, met to the digit, and who is who by a slow reference.
//!
//! Each test names its source. Where a source is right, clinch gives its numbers; where it is known to be wrong,
//! the test says what is right. Fitted models (Markov, Shapley) have their oracles elsewhere; two published
//! transforms are no rule of clinch: "frequency" (counts in a path) and decay in whole steps.

#[path = "../support/mod.rs"]
mod support;

mod models;
mod people;
mod rules;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use clinch::{BuiltIn, Conversion, Dimension, Money, Path, TouchKind, Touchpoint, credit};
use support::*;

/// Touchpoints on one channel each, so many hours before the conversion at day 100. `direct` is a direct visit.
fn touchpoints(path: &[(&str, i64)]) -> Vec<Touchpoint> {
    let touchpoint = |(place, (channel, hours)): (usize, &(&str, i64))| {
        let kind = if *channel == "direct" { TouchKind::Visit } else { TouchKind::Query };
        let at = day(100) - TimeDelta::hours(*hours);
        Touchpoint::new(format!("t{place}"), at, kind).label(Dimension::Channel, *channel)
    };
    path.iter().enumerate().map(touchpoint).collect()
}

/// Channels a day apart, the last one at the conversion: `"A B C"`.
fn daily(path: &str) -> Vec<(&str, i64)> {
    let channels: Vec<&str> = path.split(' ').collect();
    let last = channels.len() as i64 - 1;
    (0..).zip(channels).map(|(place, channel)| (channel, (last - place) * 24)).collect()
}

/// What each touchpoint gets: money as text.
#[track_caller]
fn credited(model: &dyn clinch::Model, value: Money, path: &[(&str, i64)]) -> Vec<String> {
    let (touchpoints, conversion) = (touchpoints(path), Conversion::order("1", day(100), value));
    let path = Path::new(&conversion, &touchpoints, Dimension::Channel);
    let credits = credit(model, &path).unwrap();
    assert_eq!(credits.credits.iter().map(|credit| credit.share.nanos()).sum::<i64>(), 1_000_000_000);
    credits.credits.iter().map(|credit| credit.value.unwrap().amount()).collect()
}

/// The same by the model's name.
#[track_caller]
fn by_name(model: &str, value: Money, path: &[(&str, i64)]) -> Vec<String> {
    credited(&model.parse::<BuiltIn>().unwrap(), value, path)
}

/// What each touchpoint gets of one: units of 10^-9.
#[track_caller]
fn nanos(model: &dyn clinch::Model, path: &[(&str, i64)]) -> Vec<i64> {
    let (touchpoints, conversion) = (touchpoints(path), Conversion::order("1", day(100), eur("0.00")));
    let path = Path::new(&conversion, &touchpoints, Dimension::Channel);
    credit(model, &path).unwrap().credits.iter().map(|credit| credit.share.nanos()).collect()
}

/// Conversions per channel over many paths, each with its number of conversions, in units of 10^-9.
#[track_caller]
fn conversions_by_channel(model: &dyn clinch::Model, paths: &[(&str, i64)]) -> BTreeMap<String, i64> {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for (path, times) in paths {
        let path = daily(path);
        for ((channel, _), nanos) in path.iter().zip(nanos(model, &path)) {
            *sums.entry((*channel).to_owned()).or_default() += nanos * times;
        }
    }
    sums
}

/// Compares units of 10^-9 with published decimals, to half a unit of 10^-`places`.
#[track_caller]
fn assert_published(found: &BTreeMap<String, i64>, published: &[(&str, f64)], times: f64, places: i32) {
    assert_eq!(found.len(), published.len());
    for (channel, number) in published {
        let found = found[*channel] as f64 / 1e9 * times;
        let slack = 0.5000001 * 10_f64.powi(-places);
        assert!((found - number).abs() <= slack, "{channel}: {found}, published {number}");
    }
}
