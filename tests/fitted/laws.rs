//! What holds for every table of paths.

use clinch::{MarkovCounts, NoShareReason, Removal};
use proptest::prelude::*;

use crate::reference::{Journeys, path_sets, table_of};
use crate::*;

/// A table of which some journeys converted, with its rows.
fn converting() -> impl Strategy<Value = Vec<Journeys>> {
    path_sets()
        .prop_filter("some conversion", |paths| paths.iter().any(|(_, conversions, ..)| *conversions > 0))
}

fn effects(counts: &MarkovCounts, removal: Removal) -> Vec<f64> {
    counts.fit(removal).removal_effects().iter().map(|row| row.conversions.unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(300)))]

    /// The chain earns what was observed: all steps from a place sum to one, and so do conversions over journeys.
    #[test]
    fn chains_reproduce_the_observed_rate_at_every_order(paths in converting(), order in 1..=4_usize) {
        let table = table_of(&paths);
        let markov = markov(&table, order);
        let total = table.total();
        let rate = total.conversions / (total.conversions + total.nulls);
        prop_assert_eq!(markov.conversion_probability(), Some(rate));
        // Walk the mass of one journey through the printed matrix.
        let steps: Vec<_> = markov.transitions().collect();
        let mut places: Vec<_> = steps.iter().flat_map(|step| [step.from.clone(), step.to.clone()]).collect();
        places.sort();
        places.dedup();
        let number = |place| places.binary_search(place).unwrap();
        let start = number(&clinch::model::Place::Start);
        let mut mass = vec![0.0; places.len()];
        mass[start] = 1.0;
        for _ in 0..2_000 {
            let mut next = vec![0.0; places.len()];
            for step in &steps {
                next[number(&step.to)] += mass[number(&step.from)] * step.probability;
            }
            for end in [clinch::model::Place::Conversion, clinch::model::Place::Null] {
                if let Ok(end) = places.binary_search(&end) {
                    next[end] += mass[end];
                }
            }
            mass = next;
        }
        prop_assert!((mass[number(&clinch::model::Place::Conversion)] - rate).abs() < 1e-9);
    }

    /// A removal that refits is counting: the part of conversions that have the label.
    #[test]
    fn failing_is_participation_at_every_order(paths in converting(), order in 1..=4_usize) {
        let table = table_of(&paths);
        let found = effects(&MarkovCounts::of(&table, order).unwrap(), Removal::Fail);
        let participation = table.participation();
        for (effect, row) in found.iter().zip(&participation.labels) {
            prop_assert!((effect - row.conversions.unwrap() / table.total().conversions).abs() < 1e-12);
        }
    }

    /// With no path longer than the order, coming to a label and having it are one.
    #[test]
    fn effects_arrive_at_participation_where_paths_fit_into_the_order(paths in converting()) {
        let short: Vec<Journeys> =
            paths.into_iter().map(|(path, c, v, n)| (path[..path.len().min(4)].to_vec(), c, v, n)).collect();
        let counts = MarkovCounts::of(&table_of(&short), 4).unwrap();
        let (found, expected) = (effects(&counts, Removal::RedirectToNull), effects(&counts, Removal::Fail));
        for (found, expected) in found.iter().zip(&expected) {
            prop_assert!((found - expected).abs() < 1e-12);
        }
    }

    /// At order 1 a label that follows itself is no step.
    #[test]
    fn repeats_change_no_effect(paths in converting(), times in 2..4_usize) {
        let twice: Vec<Journeys> = paths
            .iter()
            .map(|(path, c, v, n)| (path.iter().flat_map(|label| vec![*label; times]).collect(), *c, *v, *n))
            .collect();
        let of = |paths: &[Journeys]| {
            effects(&MarkovCounts::of(&table_of(paths), 1).unwrap(), Removal::RedirectToNull)
        };
        for (once, twice) in of(&paths).iter().zip(of(&twice)) {
            prop_assert!((once - twice).abs() < 1e-12);
        }
    }

    /// Rows in any order and in parts that are merged, and counts that were written and read: one model, to the bit.
    #[test]
    fn order_and_parts_change_no_bit(paths in path_sets(), order in 1..=4_usize, parts in 1..4_usize, seed in any::<u64>()) {
        let whole = MarkovCounts::of(&table_of(&paths), order).unwrap();
        let mut shuffled = paths.clone();
        shuffled.sort_by_key(|path| (path.0.len() as u64 ^ seed, path.clone()));
        shuffled.reverse();
        let mut merged = MarkovCounts::new(order).unwrap();
        let mut table = clinch::PathTable::new();
        for part in 0..parts {
            let part: Vec<Journeys> = shuffled.iter().skip(part).step_by(parts).cloned().collect();
            let written = serde_json::to_string(&MarkovCounts::of(&table_of(&part), order).unwrap()).unwrap();
            merged.merge(&serde_json::from_str(&written).unwrap()).unwrap();
            let written = serde_json::to_string(&table_of(&part)).unwrap();
            table.merge(&serde_json::from_str(&written).unwrap()).unwrap();
        }
        prop_assert_eq!(serde_json::to_string(&merged).unwrap(), serde_json::to_string(&whole).unwrap());
        prop_assert_eq!(&table, &table_of(&paths));
        for removal in Removal::ALL {
            prop_assert_eq!(merged.fit(*removal), whole.fit(*removal));
            prop_assert_eq!(MarkovCounts::of(&table, order).unwrap().fit(*removal), whole.fit(*removal));
        }
    }

    #[test]
    fn credits_add_up_or_give_a_reason(paths in path_sets(), order in 1..=4_usize) {
        let counts = MarkovCounts::of(&table_of(&paths), order).unwrap();
        for removal in Removal::ALL {
            let attribution = counts.fit(*removal).attribution().clone();
            match attribution.no_conversions {
                None => assert_whole(&attribution),
                Some(NoShareReason::NoConversions) => assert_eq!(attribution.total.conversions, 0.0),
                Some(_) => assert_ne!(*removal, Removal::RedirectToNull),
            }
        }
    }
}

/// Whether the rows of a path are added one by one, merged, written and read, or never were a table.
#[test]
fn value_without_a_conversion_is_credited_to_nothing_in_whatever_rows() {
    let (earned, unearned) = (
        clinch::Outcome { conversions: 1.0, value: 1.0, nulls: 0.0 },
        clinch::Outcome { conversions: 0.0, value: 3.0, nulls: 1.0 },
    );
    let mut table = clinch::PathTable::new();
    let mut counts = MarkovCounts::new(1).unwrap();
    for outcome in [unearned, earned] {
        table.add(["a"], outcome).unwrap();
        counts.add(["a"], outcome).unwrap();
    }
    let written: clinch::PathTable = serde_json::from_str(&serde_json::to_string(&table).unwrap()).unwrap();
    let mut merged = clinch::PathTable::new();
    merged.merge(&written).unwrap();
    assert_eq!(written, table);
    for table in [&table, &written, &merged] {
        let linear = table.attribution(&"linear".parse().unwrap()).unwrap();
        let (markov, shapley) = (markov(table, 1), clinch::Shapley::fit(table, clinch::Game::OnSubsets));
        for attribution in [&linear, markov.attribution(), shapley.attribution(), &table.participation()] {
            assert_eq!(attribution.labels[0].value, Some(1.0), "{}", attribution.model);
            assert_eq!((attribution.unattributed.value, attribution.total.value), (3.0, 4.0));
        }
        assert_eq!(MarkovCounts::of(table, 1).unwrap().total(), counts.total());
        assert_eq!(markov, counts.fit(Removal::RedirectToNull));
    }
    assert_eq!((table.len(), table.total().value), (2, 4.0));
}
