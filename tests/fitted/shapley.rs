//! Shapley values: published figures, enumeration of all sets, and what holds for every table.

use std::collections::{BTreeMap, BTreeSet};

use clinch::{Game, NoShareReason, Shapley, shapley_exact, shapley_ordered, shapley_sampled};
use proptest::prelude::*;

use crate::oracles::{JOURNEYS, SETS};
use crate::reference::{Journeys, path_sets, table_of};
use crate::*;

const EXACT: f64 = 1e-9;

#[test]
fn published_sets_under_all_three_games() {
    let fit = |game| Shapley::fit(&table(&SETS), game);
    let subsets = fit(Game::OnSubsets);
    assert_conversions(subsets.values(), &[("A", 8.0), ("B", 6.0), ("C", 1.0)], EXACT);
    assert_conversions(&subsets.attribution().labels, &[("A", 8.0), ("B", 6.0), ("C", 1.0)], EXACT);
    let exactly = fit(Game::OnExactly);
    assert_conversions(exactly.values(), &[("A", 3.0), ("B", 2.0), ("C", -2.0)], EXACT);
    assert_eq!(exactly.attribution().no_conversions, Some(NoShareReason::NegativeEffect));
    assert!(exactly.attribution().labels.iter().all(|row| row.conversions.is_none()));
    assert_conversions(fit(Game::Rate).values(), &[("A", 0.45), ("B", 0.35), ("C", -0.05)], EXACT);
}

#[test]
fn mta_and_simplified_shapley() {
    let fit = |rows: &[Row]| Shapley::fit(&table(rows), Game::OnSubsets).values().to_vec();
    assert_conversions(&fit(&[("a", 4.0, 0.0), ("a>b", 6.0, 0.0)]), &[("a", 7.0), ("b", 3.0)], EXACT);
    let quarter = [("a", 2.5), ("b", 2.5), ("c", 2.5), ("d", 2.5)];
    assert_conversions(&fit(&[("a>b>c>d", 10.0, 0.0)]), &quarter, EXACT);
    let sixth = 1.0 / 6.0;
    assert_conversions(&fit(&JOURNEYS), &[("1", 2.0 + sixth), ("2", 1.0 + sixth), ("3", 4.0 * sixth)], EXACT);
}

/// shapley-attribution's ordered variant gives 6 credits for these 4 conversions.
#[test]
fn ordered_values_sum_to_the_conversions() {
    let rows = shapley_ordered(&table(&JOURNEYS));
    let at = |label: usize| -> Vec<(usize, f64)> {
        rows[label].positions.iter().map(|at| (at.position, (at.conversions * 6.0).round())).collect()
    };
    // In sixths: label 1 is first in all four, and third in one of them too.
    assert_eq!(at(0), [(1, 12.0), (3, 1.0)]);
    assert_eq!(at(1), [(2, 7.0)]);
    assert_eq!(at(2), [(3, 2.0), (4, 2.0)]);
    let sum: f64 = rows.iter().flat_map(|row| &row.positions).map(|at| at.conversions).sum();
    assert_close(sum, 4.0, EXACT);
}

/// Labels, and what a set of them is worth, by looking at every row.
fn worth(paths: &[Journeys], labels: &[u8], game: Game, value: bool, set: &[bool]) -> f64 {
    let members: BTreeSet<u8> =
        labels.iter().zip(set).filter(|(_, member)| **member).map(|(label, _)| *label).collect();
    let (mut sum, mut journeys) = (0.0, 0.0);
    for (path, conversions, worth, nulls) in paths {
        let own: BTreeSet<u8> = path.iter().copied().collect();
        let is_in = if game == Game::OnSubsets { own.is_subset(&members) } else { own == members };
        if is_in {
            let worth = if *conversions == 0 { 0 } else { *worth };
            sum += f64::from(if value { worth } else { *conversions });
            journeys += f64::from(*conversions) + f64::from(*nulls);
        }
    }
    match game {
        Game::Rate if journeys > 0.0 => sum / journeys,
        Game::Rate => 0.0,
        _ => sum,
    }
}

/// The definition, word by word: over all orders of joining.
fn by_orders(labels: usize, worth: &mut dyn FnMut(&[bool]) -> f64) -> Vec<f64> {
    fn join(
        left: &mut Vec<usize>,
        set: &mut Vec<bool>,
        values: &mut [f64],
        worth: &mut dyn FnMut(&[bool]) -> f64,
        chance: f64,
    ) {
        for place in 0..left.len() {
            let label = left.swap_remove(place);
            let share = chance / (left.len() + 1) as f64;
            let before = worth(set);
            set[label] = true;
            values[label] += share * (worth(set) - before);
            join(left, set, values, worth, share);
            set[label] = false;
            left.push(label);
            let last = left.len() - 1;
            left.swap(place, last);
        }
    }
    let mut values = vec![0.0; labels];
    join(&mut (0..labels).collect(), &mut vec![false; labels], &mut values, worth, 1.0);
    values
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(250)))]

    #[test]
    fn closed_forms_agree_with_all_sets_and_all_orders(paths in path_sets(), value in any::<bool>()) {
        let labels: BTreeSet<u8> = paths.iter().flat_map(|(path, ..)| path.iter().copied()).collect();
        let labels: Vec<u8> = labels.into_iter().collect();
        let table = table_of(&paths);
        for game in Game::ALL {
            let mut worth = |set: &[bool]| worth(&paths, &labels, *game, value, set);
            let exact = shapley_exact(labels.len(), &mut worth).unwrap();
            let slow = by_orders(labels.len(), &mut worth);
            let fitted = Shapley::fit(&table, *game);
            for ((row, exact), slow) in fitted.values().iter().zip(&exact).zip(&slow) {
                let found = if value { row.value } else { row.conversions };
                prop_assert!((found.unwrap() - exact).abs() < 1e-9, "{game} {found:?} {exact}");
                prop_assert!((exact - slow).abs() < 1e-9, "{game} {exact} {slow}");
            }
        }
    }

    #[test]
    fn the_game_on_subsets_is_linear_per_label_and_ordered_by_position(paths in path_sets()) {
        let table = table_of(&paths);
        let fitted = Shapley::fit(&table, Game::OnSubsets);
        let linear = table.attribution(&"linear_unique".parse().unwrap()).unwrap();
        let ordered: BTreeMap<_, _> =
            shapley_ordered(&table).into_iter().map(|row| (row.label, row.positions)).collect();
        for (row, linear) in fitted.values().iter().zip(&linear.labels) {
            prop_assert!((row.conversions.unwrap() - linear.conversions.unwrap()).abs() < 1e-9);
            prop_assert!((row.value.unwrap() - linear.value.unwrap()).abs() < 1e-9);
            let sum: f64 = ordered[&row.label].iter().map(|at| at.conversions).sum();
            prop_assert!((row.conversions.unwrap() - sum).abs() < 1e-9);
        }
        if fitted.attribution().no_conversions.is_none() {
            assert_whole(fitted.attribution());
        }
    }

    #[test]
    fn order_and_parts_of_rows_change_no_bit(paths in path_sets(), seed in any::<u8>()) {
        let mut turned = paths.clone();
        turned.rotate_left(usize::from(seed) % paths.len());
        turned.reverse();
        for game in Game::ALL {
            prop_assert_eq!(Shapley::fit(&table_of(&turned), *game), Shapley::fit(&table_of(&paths), *game));
        }
        prop_assert_eq!(shapley_ordered(&table_of(&turned)), shapley_ordered(&table_of(&paths)));
    }
}

/// A game without symmetry in which labels help each other in pairs.
fn pairs(set: &[bool]) -> f64 {
    let members: Vec<usize> = (0..set.len()).filter(|label| set[*label]).collect();
    let alone: f64 = members.iter().map(|label| (label % 7) as f64).sum();
    let pairs = members.iter().flat_map(|a| members.iter().map(move |b| (a, b)));
    alone + pairs.filter(|(a, b)| a < b).map(|(a, b)| ((a * b) % 5) as f64).sum::<f64>()
}

/// What a pair adds is halved between its two.
fn exact_pairs(labels: usize) -> Vec<f64> {
    let with = |label: usize| (0..labels).filter(move |other| *other != label);
    (0..labels)
        .map(|label| {
            (label % 7) as f64 + with(label).map(|other| ((label * other) % 5) as f64 / 2.0).sum::<f64>()
        })
        .collect()
}

#[test]
fn a_game_of_twenty_labels_is_exact() {
    let mut asked = 0_u32;
    let found = shapley_exact(20, |set| {
        asked += 1;
        pairs(set)
    });
    for (found, expected) in found.unwrap().iter().zip(exact_pairs(20)) {
        assert_close(*found, expected, 1e-9);
    }
    assert_eq!(asked, 1 << 20);
    let error = shapley_exact(21, pairs).unwrap_err().to_string();
    assert!(error.contains("21 labels") && error.contains("sample"), "{error}");
}

#[test]
fn sampled_values_lie_within_their_stated_error() {
    let (labels, exact) = (40, exact_pairs(40));
    let (mut near, mut all) = (0, 0);
    for seed in 0..50 {
        let sampled = shapley_sampled(labels, 200, seed, pairs).unwrap();
        assert_eq!(sampled, shapley_sampled(labels, 200, seed, pairs).unwrap());
        assert_close(sampled.values.iter().sum(), pairs(&[true; 40]), 1e-6);
        for ((value, error), exact) in sampled.values.iter().zip(&sampled.standard_errors).zip(&exact) {
            near += u32::from((value - exact).abs() <= 1.96 * error + 1e-9);
            all += 1;
        }
    }
    let covered = f64::from(near) / f64::from(all);
    assert!((0.92..=0.98).contains(&covered), "{covered} of 0.95");
    let [one, two] = [1, 2].map(|seed| shapley_sampled(labels, 200, seed, pairs).unwrap());
    assert_ne!(one, two);
}

#[test]
fn games_of_no_label_and_games_that_are_no_number() {
    assert!(shapley_exact(0, |_| 3.0).unwrap().is_empty());
    assert_eq!(shapley_exact(1, |set| if set[0] { 3.0 } else { 1.0 }).unwrap(), [2.0]);
    assert!(shapley_sampled(0, 2, 0, |_| 3.0).unwrap().values.is_empty());
    for bad in [f64::NAN, f64::INFINITY] {
        assert!(shapley_exact(2, |_| bad).is_err());
        assert!(shapley_sampled(2, 9, 0, |_| bad).is_err());
    }
    assert!(shapley_exact(1, |set| if set[0] { f64::MAX } else { -f64::MAX }).is_err());
    assert!(shapley_sampled(2, 1, 0, |_| 0.0).unwrap_err().to_string().contains("draw 2"));
}

#[test]
fn tables_without_conversions_and_of_one_label_are_defined() {
    for game in Game::ALL {
        let none = Shapley::fit(&table(&[("a>b", 0.0, 3.0)]), *game);
        assert_conversions(none.values(), &[("a", 0.0), ("b", 0.0)], 0.0);
        assert_eq!(none.attribution().no_conversions, Some(NoShareReason::NoConversions));
        let single = Shapley::fit(&table(&[("a>a", 2.0, 2.0)]), *game);
        let value = if *game == Game::Rate { 0.5 } else { 2.0 };
        assert_conversions(single.values(), &[("a", value)], 0.0);
        assert_conversions(&single.attribution().labels, &[("a", 2.0)], 1e-12);
        assert!(Shapley::fit(&table(&[]), *game).values().is_empty());
    }
}
