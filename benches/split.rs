//! What splitting a total costs beside sorting all remainders: `cargo bench --bench split`.
//!
//! Weights as time decay gives them over a month, newest last, by the number of touchpoints. The counter is parts, so
//! that a line reads as time per part. Each split here pays for its own lists; a report has them already.

use clinch::apportion;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

const COUNTS: [usize; 4] = [3, 10, 54, 300];

/// Splits of one round, each over weights of its own.
const SPLITS: usize = 100;

fn main() {
    divan::main();
}

/// Ages up to 30 days, drawn by a linear congruence (Knuth's MMIX), under a half-life of 7 days.
fn weights(count: usize) -> Vec<Vec<u64>> {
    let mut state = 20_260_302_u64;
    let mut age_days = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24) * 30.0
    };
    let mut list = || {
        let mut ages: Vec<f64> = (1..count).map(|_| age_days()).chain([0.0]).collect();
        ages.sort_by(|a, b| b.total_cmp(a));
        ages.iter().map(|age| ((-age / 7.0).exp2() * (1_u64 << 53) as f64) as u64).collect()
    };
    (0..SPLITS).map(|_| list()).collect()
}

fn each(bencher: Bencher<'_, '_>, count: usize, total: i64, split: impl Fn(i64, &[u64]) -> Vec<i64> + Sync) {
    let lists = weights(count);
    bencher.counter(ItemsCount::new(count * SPLITS)).bench(|| {
        lists.iter().zip(0..).for_each(|(weights, more)| {
            black_box(split(black_box(total + more), weights));
        });
    });
}

fn apportioned(total: i64, weights: &[u64]) -> Vec<i64> {
    apportion(total, weights).expect("weights within range")
}

/// The same by its definition: all remainders sorted, for totals that are not negative.
fn sorted(total: i64, weights: &[u64]) -> Vec<i64> {
    let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    let product = |weight: &u64| total as u128 * u128::from(*weight);
    let mut parts: Vec<i64> = weights.iter().map(|weight| (product(weight) / sum) as i64).collect();
    let remainders: Vec<u128> = weights.iter().map(|weight| product(weight) % sum).collect();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|a, b| remainders[*b].cmp(&remainders[*a]));
    let spare = total - parts.iter().sum::<i64>();
    order[..spare as usize].iter().for_each(|place| parts[*place] += 1);
    parts
}

#[divan::bench(args = COUNTS)]
fn cents(bencher: Bencher<'_, '_>, count: usize) {
    each(bencher, count, 14_000, apportioned);
}

#[divan::bench(args = COUNTS)]
fn cents_by_sorting(bencher: Bencher<'_, '_>, count: usize) {
    each(bencher, count, 14_000, sorted);
}

#[divan::bench(args = COUNTS)]
fn shares(bencher: Bencher<'_, '_>, count: usize) {
    each(bencher, count, 1_000_000_000, apportioned);
}

#[divan::bench(args = COUNTS)]
fn shares_by_sorting(bencher: Bencher<'_, '_>, count: usize) {
    each(bencher, count, 1_000_000_000, sorted);
}
