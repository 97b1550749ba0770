//! Published worked examples, met to 10^-9 (or to the digits that were published).

use clinch::{Outcome, PathTable};

use crate::*;

const EXACT: f64 = 1e-9;

/// DP6/Marketing-Attribution-Models, `tests/test_mam.py`: nine paths, each one conversion worth 3.
const DP6: [&str; 9] = ["A", "A>B", "A>B>C", "B", "B>A", "B>C>A", "C", "C>A", "C>B>A"];

fn dp6() -> PathTable {
    let mut table = PathTable::new();
    for path in DP6 {
        table.add(labels(path), Outcome { conversions: 1.0, value: 3.0, nulls: 0.0 }).unwrap();
    }
    table
}

/// Value by label, as the source prints it.
#[track_caller]
fn assert_values(attribution: &Attribution, expected: [f64; 3], slack: f64) {
    for (row, expected) in attribution.labels.iter().zip(expected) {
        assert_close(row.value.unwrap(), expected, slack);
    }
}

#[test]
fn dp6_rules() {
    let table = dp6();
    for (model, expected) in [
        ("first_touch", [9.0, 9.0, 9.0]),
        ("last_touch", [15.0, 6.0, 6.0]),
        ("linear", [10.5, 9.0, 7.5]),
        ("position_based", [11.1, 8.4, 7.5]),
    ] {
        assert_values(&table.attribution(&model.parse().unwrap()).unwrap(), expected, EXACT);
    }
}

/// The same with A as the direct channel; a path of A alone falls back to A.
#[test]
fn dp6_last_non_direct() {
    let mut table = PathTable::new();
    for path in DP6 {
        let path = path.replace('A', "direct");
        table.add(labels(&path), Outcome { conversions: 1.0, value: 3.0, nulls: 0.0 }).unwrap();
    }
    let found = table.attribution(&"last_non_direct".parse().unwrap()).unwrap();
    for (label, value) in [("direct", 3.0), ("B", 12.0), ("C", 12.0)] {
        assert_close(found.get(label).unwrap().value.unwrap(), value, EXACT);
    }
}

#[test]
fn dp6_markov() {
    let markov = markov(&dp6(), 1);
    assert_eq!(markov.conversion_probability(), Some(1.0));
    let effects = [("A", 2.0 / 3.0), ("B", 8.0 / 15.0), ("C", 28.0 / 57.0)];
    assert_conversions(markov.removal_effects(), &effects, EXACT);
    for (row, published) in
        markov.attribution().labels.iter().zip([10.643_153_53, 8.514_522_82, 7.842_323_65])
    {
        assert_close(row.value.unwrap(), published, 5e-9);
        assert_close(row.conversions.unwrap() * 3.0, row.value.unwrap(), EXACT);
    }
}

/// DP6's README, grouped by path.
#[test]
fn dp6_readme_grouped() {
    let markov = markov(&table(&[("a>a>b", 2.0, 1.0), ("b>a", 1.0, 3.0), ("c>b", 0.0, 6.0)]), 1);
    assert_close(markov.conversion_probability().unwrap(), 3.0 / 13.0, EXACT);
    let effects = [("a", 19.0 / 39.0), ("b", 6.0 / 7.0), ("c", 36.0 / 79.0)];
    assert_conversions(markov.removal_effects(), &effects, EXACT);
    let credits = [("a", 0.811_957), ("b", 1.428_557), ("c", 0.759_486)];
    assert_conversions(&markov.attribution().labels, &credits, 5.1e-7);
}

/// The shape of DP6's issue 69, in which nulls counted for nothing.
#[test]
fn dp6_nulls_count() {
    let table = table(&[("A>B", 1.0, 1.0), ("A", 0.0, 1.0), ("B", 1.0, 0.0)]);
    let first = markov(&table, 1);
    assert_close(first.conversion_probability().unwrap(), 0.5, EXACT);
    assert_conversions(first.removal_effects(), &[("A", 2.0 / 3.0), ("B", 1.0)], EXACT);
    assert_conversions(&first.attribution().labels, &[("A", 0.8), ("B", 1.2)], EXACT);
    let credits = [("A", 2.0 / 3.0), ("B", 4.0 / 3.0)];
    assert_conversions(&markov(&table, 2).attribution().labels, &credits, EXACT);
}

/// Bryl, "Marketing Multi-Channel Attribution model with R (part 1)".
#[test]
fn bryl() {
    let table = table(&[("C1>C2>C3", 1.0, 0.0), ("C1", 0.0, 1.0), ("C2>C3", 0.0, 1.0)]);
    let first = markov(&table, 1);
    assert_close(first.conversion_probability().unwrap(), 1.0 / 3.0, EXACT);
    assert_conversions(first.removal_effects(), &[("C1", 0.5), ("C2", 1.0), ("C3", 1.0)], EXACT);
    assert_conversions(&first.attribution().labels, &[("C1", 0.2), ("C2", 0.4), ("C3", 0.4)], EXACT);
    let third = 1.0 / 3.0;
    let credits = [("C1", third), ("C2", third), ("C3", third)];
    assert_conversions(&markov(&table, 3).attribution().labels, &credits, EXACT);
}

/// Puzyrov's tutorial.
#[test]
fn puzyrov() {
    let markov = markov(&table(&[("GA", 2.0, 1.0), ("mailing", 1.0, 0.0), ("GA>mailing", 1.0, 0.0)]), 1);
    assert_close(markov.conversion_probability().unwrap(), 0.8, EXACT);
    assert_conversions(markov.removal_effects(), &[("GA", 0.75), ("mailing", 0.5)], EXACT);
    assert_conversions(&markov.attribution().labels, &[("GA", 2.4), ("mailing", 1.6)], EXACT);
}

/// eeghor/mta, `tests/test_probabilistic_models.py`.
#[test]
fn mta_markov() {
    let markov = markov(&table(&[("a>b", 3.0, 1.0), ("a>c", 1.0, 1.0)]), 1);
    assert_close(markov.conversion_probability().unwrap(), 2.0 / 3.0, EXACT);
    assert_conversions(markov.removal_effects(), &[("a", 1.0), ("b", 0.75), ("c", 0.25)], EXACT);
    assert_conversions(&markov.attribution().labels, &[("a", 2.0), ("b", 1.5), ("c", 0.5)], EXACT);
    let chance = |from: &str, to: &str| {
        let step = markov
            .transitions()
            .find(|step| (step.from.to_string().as_str(), step.to.to_string().as_str()) == (from, to));
        step.unwrap().probability
    };
    assert_close(chance("(start)", "a"), 1.0, EXACT);
    assert_close(chance("a", "b"), 2.0 / 3.0, EXACT);
    assert_close(chance("b", "(conversion)"), 0.75, EXACT);
    assert_close(chance("b", "(null)"), 0.25, EXACT);
}

/// eeghor/mta, `share="same"`: linear per distinct label.
#[test]
fn mta_linear() {
    let unique = |rows: &[Row]| table(rows).attribution(&"linear_unique".parse().unwrap()).unwrap();
    assert_conversions(
        &unique(&[("a", 4.0, 0.0), ("a>b", 6.0, 0.0)]).labels,
        &[("a", 7.0), ("b", 3.0)],
        EXACT,
    );
    let quarter = [("a", 2.5), ("b", 2.5), ("c", 2.5), ("d", 2.5)];
    assert_conversions(&unique(&[("a>b>c>d", 10.0, 0.0)]).labels, &quarter, EXACT);
}

/// Journeys of ianchute/shapley-attribution: simplified Shapley is linear per distinct label.
pub const JOURNEYS: [Row; 6] = [
    ("1>2>3", 1.0, 0.0),
    ("1>2", 1.0, 0.0),
    ("2>3", 0.0, 1.0),
    ("1", 1.0, 0.0),
    ("3>1>2", 0.0, 1.0),
    ("1>2>1>3", 1.0, 0.0),
];

#[test]
fn simplified_shapley_and_rules_on_the_same_journeys() {
    let table = table(&JOURNEYS);
    let found = |model: &str| table.attribution(&model.parse().unwrap()).unwrap().labels;
    let (sixth, twelfth) = (1.0 / 6.0, 1.0 / 12.0);
    let unique = [("1", 2.0 + sixth), ("2", 1.0 + sixth), ("3", 4.0 * sixth)];
    assert_conversions(&found("linear_unique"), &unique, EXACT);
    let linear = [("1", 2.0 + 2.0 * sixth), ("2", 1.0 + twelfth), ("3", 7.0 * twelfth)];
    assert_conversions(&found("linear"), &linear, EXACT);
    assert_conversions(&found("position_based"), &[("1", 2.4), ("2", 0.8), ("3", 0.8)], EXACT);
}

/// {A 4c 6n, B 2c 8n, AB 6c 4n, ABC 3c 1n, C 10n}: the additive game is linear per distinct label.
pub const SETS: [Row; 5] =
    [("A", 4.0, 6.0), ("B", 2.0, 8.0), ("A>B", 6.0, 4.0), ("A>B>C", 3.0, 1.0), ("C", 0.0, 10.0)];

#[test]
fn subset_sums_as_linear_per_label() {
    let found = table(&SETS).attribution(&"linear_unique".parse().unwrap()).unwrap();
    assert_conversions(&found.labels, &[("A", 8.0), ("B", 6.0), ("C", 1.0)], EXACT);
}
