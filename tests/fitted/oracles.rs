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
    let whole: f64 = effects.iter().map(|(_, effect)| effect).sum();
    assert_values(markov.attribution(), effects.map(|(_, effect)| 27.0 * effect / whole), EXACT);
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
    // The same as fractions: 3 conversions in the ratio of the effects.
    let whole: f64 = effects.iter().map(|(_, effect)| effect).sum();
    let exact = effects.map(|(label, effect)| (label, 3.0 * effect / whole));
    assert_conversions(&markov.attribution().labels, &exact, EXACT);
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
    // What DP6 makes of it by default: journeys that do not convert have never been.
    let forgotten = markov(&self::table(&[("A>B", 1.0, 0.0), ("B", 1.0, 0.0)]), 1);
    assert_close(forgotten.conversion_probability().unwrap(), 1.0, EXACT);
    assert_conversions(&forgotten.attribution().labels, &credits, EXACT);
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

/// google/fractribution's leave-one-out, which it calls Shapley, as snowplow/dbt-snowplow-fractribution expects it
/// (`integration_tests/data/expected`): each label weighs how much rarer its path converts without it, and everything
/// goes to the last where that is nothing. No model of ours; a caller's own one, over single conversions.
#[test]
fn leave_one_out_as_a_model_of_the_callers() {
    const PATHS: [(&str, f64, f64, f64); 9] = [
        ("Direct", 3.0, 94.42, 25.0),
        ("Organic_Search", 1.0, 66.5, 26.0),
        ("Referral>Direct", 0.0, 0.0, 1.0),
        ("Video", 1.0, 200.0, 2.0),
        ("Organic_Search>Paid_Search_Other", 0.0, 0.0, 2.0),
        ("Referral", 0.0, 0.0, 2.0),
        ("Organic_Search>Direct", 1.0, 140.0, 1.0),
        ("Paid_Search_Other", 0.0, 0.0, 1.0),
        ("Unmatched", 0.0, 0.0, 1.0),
    ];
    let rate = |labels: &[&str]| {
        let found = PATHS.iter().find(|(path, ..)| self::labels(path) == labels);
        found.map_or(0.0, |(_, conversions, _, nulls)| conversions / (conversions + nulls))
    };
    let model = clinch::model::custom("leave_one_out", |path, weights| {
        let labels: Vec<String> = path.touchpoints().map(|one| one.labels.channel[0].to_string()).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let loss = |place: usize| {
            let rest = [&labels[..place], &labels[place + 1..]].concat();
            (rate(&labels) - rate(&rest)).max(0.0)
        };
        let mut losses: Vec<f64> = (0..labels.len()).map(loss).collect();
        if losses.iter().all(|loss| *loss == 0.0) {
            losses.fill(0.0);
            *losses.last_mut().unwrap() = 1.0;
        }
        weights.extend(losses);
        Ok(())
    });
    let mut totals = std::collections::BTreeMap::<String, (f64, f64)>::new();
    for (path, conversions, value, _) in PATHS.iter().filter(|(_, conversions, ..)| *conversions > 0.0) {
        for (label, share) in shares(&model, &labels(path)) {
            let (held, held_value) = totals.entry(label).or_default();
            (*held, *held_value) = (*held + conversions * share, *held_value + value * share);
        }
    }
    // On the path of two labels 0.5 - 3/28 and 0.5 - 1/27 are lost.
    let (organic, direct) = (0.5 - 3.0 / 28.0, 0.5 - 1.0 / 27.0);
    let published = [
        ("Direct", 3.0 + direct / (organic + direct), 170.154_157_651),
        ("Organic_Search", 1.0 + organic / (organic + direct), 130.765_842_349),
        ("Video", 1.0, 200.0),
    ];
    for (label, conversions, value) in published {
        assert_close(totals[label].0, conversions, EXACT);
        assert_close(totals[label].1, value, EXACT);
    }
    assert_eq!(totals.len(), 3);
}

/// What a model gives to each touchpoint of a path of channels: weights over their sum.
fn shares(model: &dyn clinch::Model, channels: &[&str]) -> Vec<(String, f64)> {
    use clinch::{Conversion, Dimension, Money, Path, TouchKind, Touchpoint};

    let at: chrono::DateTime<chrono::Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    let touchpoint =
        |channel: &&str| Touchpoint::new(*channel, at, TouchKind::Visit).label(Dimension::Channel, *channel);
    let touchpoints: Vec<Touchpoint> = channels.iter().map(touchpoint).collect();
    let order = Conversion::order("1", at, Money::parse("10.00", "EUR".parse().unwrap()).unwrap());
    let credits = clinch::credit(model, &Path::new(&order, &touchpoints, Dimension::Channel)).unwrap();
    let whole: f64 = credits.credits.iter().map(|credit| credit.weight).sum();
    let share = |credit: &clinch::Credit| credit.weight / whole;
    channels
        .iter()
        .zip(&credits.credits)
        .map(|(channel, credit)| ((*channel).to_owned(), share(credit)))
        .collect()
}
