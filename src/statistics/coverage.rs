//! How often intervals hold the truth, over ten thousand simulated shops each.

use crate::statistics::{Moments, difference, fisher_test, lift, mean_difference, ratio, wilson};

const SHOPS: u32 = 10_000;

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Draws(u64);

impl Draws {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as f64 / 2.0_f64.powi(64)
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    fn count(&mut self, of: u64, rate: f64) -> u64 {
        (0..of).filter(|_| self.unit() < rate).count() as u64
    }
}

/// Per cent of shops in which `holds`.
#[track_caller]
fn covered(seed: u64, holds: impl Fn(&mut Draws) -> bool) {
    let mut draws = Draws(seed);
    let percent =
        f64::from((0..SHOPS).filter(|_| holds(&mut draws)).count() as u32) * 100.0 / f64::from(SHOPS);
    assert!((94.0..=96.0).contains(&percent), "{percent} %");
}

#[test]
fn rates_hold_the_truth_in_95_of_100_shops() {
    covered(1, |draws| {
        let (of, rate) = (draws.between(100.0, 600.0) as u64, draws.between(0.02, 0.3));
        wilson(draws.count(of, rate), of).contains(rate)
    });
}

#[test]
fn lifts_of_rates_hold_the_truth_in_95_of_100_shops() {
    let shop = |draws: &mut Draws| {
        let (n, m) = (draws.between(400.0, 900.0) as u64, draws.between(150.0, 400.0) as u64);
        let (p, q) = (draws.between(0.08, 0.25), draws.between(0.08, 0.25));
        ((draws.count(n, p), n), (draws.count(m, q), m), p, q)
    };
    covered(2, |draws| {
        let (a, b, p, q) = shop(draws);
        difference(a, b).contains(p - q)
    });
    covered(3, |draws| {
        let (a, b, p, q) = shop(draws);
        ratio(a, b).contains(p / q)
    });
}

/// Few convert: 3 to 30 people.
#[test]
fn low_rates_hold_the_truth_in_95_of_100_shops() {
    covered(7, |draws| {
        let (of, expected) = (draws.between(50.0, 600.0) as u64, draws.between(3.0, 30.0));
        let rate = expected / of as f64;
        wilson(draws.count(of, rate), of).contains(rate)
    });
}

/// One in ten is held out.
#[test]
fn lifts_beside_a_small_holdout_hold_the_truth_in_95_of_100_shops() {
    let shop = |draws: &mut Draws| {
        let (n, m) = (draws.between(2_000.0, 4_000.0) as u64, draws.between(220.0, 440.0) as u64);
        let (p, q) = (draws.between(0.1, 0.3), draws.between(0.1, 0.25));
        ((draws.count(n, p), n), (draws.count(m, q), m), p, q)
    };
    covered(8, |draws| {
        let (a, b, p, q) = shop(draws);
        difference(a, b).contains(p - q)
    });
    covered(9, |draws| {
        let (a, b, p, q) = shop(draws);
        ratio(a, b).contains(p / q)
    });
}

/// As thin as patterns are tried by default: 20 people and more show them, of whom some two convert.
#[test]
fn lifts_of_thin_patterns_hold_the_truth_in_95_of_100_shops() {
    covered(10, |draws| {
        let (people, part) = (draws.between(600.0, 1_200.0) as u64, draws.between(0.05, 0.1));
        let (p, q) = (draws.between(0.03, 0.1), draws.between(0.03, 0.1));
        let with = draws.count(people, part).max(20);
        let (a, b) = ((draws.count(with, p), with), (draws.count(people - with, q), people - with));
        let part = with as f64 / people as f64;
        lift(a, b).contains(p / (part * p + (1.0 - part) * q))
    });
}

#[test]
fn lifts_of_patterns_hold_the_truth_in_95_of_100_shops() {
    covered(4, |draws| {
        let (people, part) = (draws.between(600.0, 1_500.0) as u64, draws.between(0.1, 0.4));
        let (p, q) = (draws.between(0.08, 0.4), draws.between(0.08, 0.25));
        let with = draws.count(people, part);
        let (a, b) = ((draws.count(with, p), with), (draws.count(people - with, q), people - with));
        lift(a, b).contains(p / (part * p + (1.0 - part) * q))
    });
}

/// What people of an arm spend: 10 to 50 if they buy, and one in twenty of them eight times as much.
fn spent(draws: &mut Draws, people: u64, rate: f64) -> Moments {
    let values: Vec<f64> = (0..people)
        .map(|_| {
            if draws.unit() >= rate {
                return 0.0;
            }
            let value = draws.between(10.0, 50.0);
            if draws.unit() < 0.05 { value * 8.0 } else { value }
        })
        .collect();
    Moments::of(&values)
}

/// The mean of what somebody spends who buys.
const SPENT: f64 = 30.0 * 1.35;

#[test]
fn differences_of_revenue_hold_the_truth_in_95_of_100_shops() {
    covered(5, |draws| {
        let (bot, held) = (spent(draws, 2_500, 0.15), spent(draws, 1_000, 0.12));
        mean_difference(&bot, &held).contains(0.03 * SPENT)
    });
}

/// One in ten is held out, of whom 150 buy.
#[test]
fn differences_beside_a_small_holdout_hold_the_truth_in_95_of_100_shops() {
    covered(11, |draws| {
        let (bot, held) = (spent(draws, 6_750, 0.24), spent(draws, 750, 0.2));
        mean_difference(&bot, &held).contains(0.04 * SPENT)
    });
}

#[test]
fn equal_groups_are_seldom_found_to_differ() {
    let mut draws = Draws(6);
    let found = (0..SHOPS).filter(|_| {
        let rate = draws.between(0.05, 0.3);
        fisher_test((draws.count(120, rate), 120), (draws.count(60, rate), 60)) <= 0.05
    });
    let found = found.count();
    assert!((100..=500).contains(&found), "{found}");
}
