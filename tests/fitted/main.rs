//! Models fitted to paths: published figures, an independent slow reference, laws, and the program that prints them.

#[path = "../example/mod.rs"]
mod example;

mod allocated;
mod choice;
mod laws;
mod oracles;
mod program;
mod reference;
mod shapley;

use clinch::{Attribution, Markov, MarkovCounts, Outcome, PathTable, PerLabel, Removal};

/// `"a>b"`, conversions, nulls; and value, where it matters.
type Row = (&'static str, f64, f64);

/// A path as labels; the empty text is no label.
fn labels(path: &str) -> Vec<&str> {
    path.split('>').filter(|label| !label.is_empty()).collect()
}

/// A table of counts without value.
fn table(rows: &[Row]) -> PathTable {
    let mut table = PathTable::new();
    for (path, conversions, nulls) in rows {
        let outcome = Outcome { conversions: *conversions, value: 0.0, nulls: *nulls };
        table.add(labels(path), outcome).unwrap();
    }
    table
}

fn markov(table: &PathTable, order: usize) -> Markov {
    MarkovCounts::of(table, order).unwrap().fit(Removal::default())
}

/// How many cases a law is tried on, or as many as CLINCH_CASES asks for.
fn cases(default: u32) -> u32 {
    std::env::var("CLINCH_CASES").ok().map_or(default, |cases| cases.parse().unwrap())
}

fn conversions(rows: &[PerLabel]) -> Vec<(String, f64)> {
    rows.iter().map(|row| (row.name(), row.conversions.expect("a number of conversions"))).collect()
}

#[track_caller]
fn assert_close(found: f64, expected: f64, slack: f64) {
    assert!((found - expected).abs() <= slack, "found {found}, expected {expected}");
}

/// Names and numbers of conversions, to a slack.
#[track_caller]
fn assert_conversions(rows: &[PerLabel], expected: &[(&str, f64)], slack: f64) {
    let found = conversions(rows);
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for ((label, number), (expected_label, expected_number)) in found.iter().zip(expected) {
        assert_eq!(label, expected_label);
        let gap = (number - expected_number).abs();
        assert!(gap <= slack, "{label}: found {number}, expected {expected_number}");
    }
}

/// Credits that add up to what was to be credited.
#[track_caller]
fn assert_whole(attribution: &Attribution) {
    let sum: f64 = attribution.labels.iter().filter_map(|row| row.conversions).sum();
    let total = attribution.total.conversions - attribution.unattributed.conversions;
    assert_close(sum, total, 1e-9 * (1.0 + total));
}
