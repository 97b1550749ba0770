//! The order that held-out journeys speak for.

use clinch::{Outcome, PathTable, choose_order};
use proptest::prelude::*;

use crate::reference::{path_sets, table_of};
use crate::*;

/// Twenty equal journeys, worked by hand: two are left out at a time.
#[test]
fn bits_of_one_path_are_those_of_its_formula() {
    let choice = choose_order(&table(&[("a", 20.0, 0.0)]));
    // Of what 18 journeys do, half is the label and half the end; two kinds were seen, of three.
    let lowest: f64 = (18.0 + 2.0 / 3.0) / (36.0 + 2.0);
    // After each context one kind of thing was seen, 18 times; longer contexts say nothing new.
    let chance = (18.0 + lowest) / (18.0 + 1.0);
    for evidence in &choice.evidence {
        assert_close(evidence.bits_per_journey, -2.0 * chance.log2(), 1e-12);
        assert_close(evidence.standard_error, 0.0, 1e-12);
        assert_eq!(evidence.states, 1);
    }
    assert_eq!(choice.order, Some(1));
}

/// Journeys of a chain whose next label hangs on the last `order` labels; the counts are those expected, unrounded.
fn chain(order: usize) -> PathTable {
    let mut table = PathTable::new();
    let names = ["a", "b", "c"];
    // Chance of each label, then of conversion and null, after a context.
    let follows = |context: &[usize]| -> [f64; 5] {
        let key: usize = context
            .iter()
            .rev()
            .take(order)
            .enumerate()
            .map(|(place, label)| (place + 1) * (label + 2))
            .sum();
        let weights: [f64; 5] = std::array::from_fn(|place| {
            // Ends are frequent, so that hardly any journey is longer than what is listed.
            (1.0 + ((key * (place + 3) * 7) % 11) as f64) * if place < 3 { 1.0 } else { 4.0 }
        });
        let sum: f64 = weights.iter().sum();
        weights.map(|weight| weight / sum)
    };
    let mut open = vec![(vec![], 40_000.0)];
    while let Some((path, journeys)) = open.pop() {
        let chances = follows(&path);
        if !path.is_empty() {
            let [conversions, nulls] = [3, 4].map(|end| journeys * chances[end]);
            table
                .add(
                    path.iter().map(|label: &usize| names[*label]),
                    Outcome { conversions, value: 0.0, nulls },
                )
                .unwrap();
        }
        if path.len() < 8 {
            for (label, chance) in chances[..3].iter().enumerate() {
                let mut longer = path.clone();
                longer.push(label);
                open.push((longer, journeys * chance));
            }
        }
    }
    table
}

#[test]
fn the_order_that_made_the_journeys_is_found() {
    for order in 1..=3 {
        let choice = choose_order(&chain(order));
        assert_eq!(choice.order, Some(order), "{choice:?}");
        let best = choice.evidence.iter().map(|of| of.bits_per_journey).fold(f64::INFINITY, f64::min);
        for evidence in &choice.evidence {
            assert_close(evidence.behind_best, evidence.bits_per_journey - best, 1e-12);
        }
    }
}

#[test]
fn without_journeys_nothing_is_chosen() {
    for rows in [&[][..], &[("a>b", 0.0, 0.0)], &[("", 3.0, 0.0)]] {
        let choice = choose_order(&table(rows));
        assert_eq!((choice.order, choice.evidence.len()), (None, 0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(100)))]

    #[test]
    fn order_of_rows_changes_no_bit_of_the_evidence(paths in path_sets()) {
        let mut turned = paths.clone();
        turned.reverse();
        let choice = choose_order(&table_of(&paths));
        prop_assert_eq!(&choice, &choose_order(&table_of(&turned)));
        prop_assert!(choice.evidence.iter().all(|of| of.bits_per_journey >= 0.0 && of.standard_error >= 0.0));
    }
}
