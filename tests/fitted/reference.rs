//! Markov removal effects by another way: windows of text, repeats kept, a dense solve in rational numbers.

use std::collections::{BTreeMap, BTreeSet};

use clinch::{MarkovCounts, Outcome, PathTable, Removal};
use num_rational::BigRational;
use proptest::prelude::*;

use crate::*;

/// A path with conversions, value and nulls.
pub type Journeys = (Vec<u8>, u8, u8, u8);

/// Path sets of up to five labels.
pub fn path_sets() -> impl Strategy<Value = Vec<Journeys>> {
    let path = prop::collection::vec(0..5_u8, 1..6);
    prop::collection::vec((path, 0..4_u8, 0..9_u8, 0..4_u8), 1..7)
}

pub fn name(label: u8) -> String {
    format!("label {label}")
}

pub fn table_of(paths: &[Journeys]) -> PathTable {
    let mut table = PathTable::new();
    for (path, conversions, value, nulls) in paths {
        // Only conversions are worth something.
        let value = if *conversions == 0 { 0 } else { *value };
        let outcome =
            Outcome { conversions: (*conversions).into(), value: value.into(), nulls: (*nulls).into() };
        table.add(path.iter().map(|label| name(*label)), outcome).unwrap();
    }
    table
}

fn whole(number: i64) -> BigRational {
    BigRational::from_integer(number.into())
}

/// Windows of `order` labels, or of all where there are fewer.
fn windows(path: &[u8], order: usize) -> Vec<Vec<u8>> {
    if path.len() <= order { vec![path.to_vec()] } else { path.windows(order).map(<[u8]>::to_vec).collect() }
}

/// Windows as do-attribution has them: the first labels are windows of their own, filled up with starts on the left.
fn padded(path: &[u8], order: usize) -> Vec<Vec<u8>> {
    (1..=path.len()).map(|end| path[end.saturating_sub(order)..end].to_vec()).collect()
}

/// What a journey earns on average if nobody comes through a state with `removed`: conversions or value.
fn expected(
    paths: &[Journeys],
    windows: impl Fn(&[u8]) -> Vec<Vec<u8>>,
    removed: Option<u8>,
    value: bool,
) -> Option<BigRational> {
    let states: BTreeSet<Vec<u8>> = paths.iter().flat_map(|(path, ..)| windows(path)).collect();
    let numbers: BTreeMap<&Vec<u8>, usize> = states.iter().zip(0..).collect();
    let size = states.len();
    // Row `size` is the start, column `size` the reward.
    let mut counts = vec![vec![whole(0); size + 1]; size + 1];
    let mut leaving = vec![whole(0); size + 1];
    for (path, conversions, worth, nulls) in paths {
        let journeys = whole(i64::from(*conversions) + i64::from(*nulls));
        let reward = if !value {
            *conversions
        } else if *conversions == 0 {
            0
        } else {
            *worth
        };
        let mut from = size;
        for window in windows(path) {
            let to = numbers[&window];
            counts[from][to] += &journeys;
            leaving[from] += &journeys;
            from = to;
        }
        counts[from][size] += whole(reward.into());
        leaving[from] += &journeys;
    }
    if leaving[size] == whole(0) {
        return None;
    }
    let gone: Vec<bool> =
        states.iter().map(|state| removed.is_some_and(|label| state.contains(&label))).collect();
    // x = reward + P x over the states that are left, as an extended matrix.
    let mut rows: Vec<Vec<BigRational>> = Vec::new();
    for state in 0..=size {
        let mut row = vec![whole(0); size + 2];
        row[state] = whole(1);
        let is_gone = state < size && gone[state];
        if !is_gone && leaving[state] != whole(0) {
            for to in (0..size).filter(|to| !gone[*to]) {
                row[to] -= &counts[state][to] / &leaving[state];
            }
            row[size + 1] = &counts[state][size] / &leaving[state];
        }
        rows.push(row);
    }
    Some(solve(rows).swap_remove(size))
}

/// Gauss and Jordan, any pivot that is not zero.
fn solve(mut rows: Vec<Vec<BigRational>>) -> Vec<BigRational> {
    let size = rows.len();
    for column in 0..size {
        let pivot = (column..size).find(|row| rows[*row][column] != whole(0)).expect("a regular matrix");
        rows.swap(column, pivot);
        let pivot_row: Vec<BigRational> =
            rows[column].iter().map(|cell| cell / &rows[column][column]).collect();
        for (place, row) in rows.iter_mut().enumerate() {
            if place != column && row[column] != whole(0) {
                let factor = row[column].clone();
                row.iter_mut()
                    .zip(&pivot_row)
                    .skip(column)
                    .for_each(|(cell, pivot)| *cell -= &factor * pivot);
            }
        }
        rows[column] = pivot_row;
    }
    rows.into_iter().map(|mut row| row.pop().expect("the right side")).collect()
}

/// Numerator over denominator, as near as floats go.
fn float(number: &BigRational) -> f64 {
    // Scaled to 30 digits, so that huge numerators and denominators fit.
    let scaled = (number * whole(10_i64.pow(15)) * whole(10_i64.pow(15))).round().to_integer();
    scaled.to_string().parse::<f64>().unwrap() / 1e30
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(250), max_shrink_iters: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn removal_effects_agree_with_a_dense_solve_in_rationals(paths in path_sets()) {
        let table = table_of(&paths);
        for order in 1..=3 {
            let sliding = |path: &[u8]| windows(path, order);
            let markov = MarkovCounts::of(&table, order).unwrap().fit(Removal::RedirectToNull);
            for value in [false, true] {
                let whole_chain = expected(&paths, sliding, None, value);
                let earned = whole_chain.filter(|earned| *earned != whole(0));
                for (row, label) in markov.removal_effects().iter().zip(table.labels()) {
                    let found = if value { row.value } else { row.conversions };
                    let Some(earned) = &earned else {
                        prop_assert_eq!(found, None);
                        continue;
                    };
                    let label: u8 = label[0].as_str().strip_prefix("label ").unwrap().parse().unwrap();
                    let without = expected(&paths, sliding, Some(label), value).unwrap();
                    let effect = float(&(whole(1) - without / earned));
                    prop_assert!((found.unwrap() - effect).abs() < 1e-12, "{order} {value} {found:?} {effect}");
                }
            }
        }
    }
    /// Whether the first labels make states of their own or not, what is left without a label is the same number.
    #[test]
    fn padding_on_the_left_changes_no_effect(paths in path_sets(), order in 2..=4_usize, value in any::<bool>()) {
        let (slide, pad) = (|path: &[u8]| windows(path, order), |path: &[u8]| padded(path, order));
        for removed in [None, Some(0), Some(1), Some(2)] {
            prop_assert_eq!(expected(&paths, slide, removed, value), expected(&paths, pad, removed, value));
        }
    }
}
