//! Answers beyond rules: holdouts, patterns and suggestions, on shops whose truth is known.

mod friction;
mod holdout;
mod review;
mod segments;
mod sequences;
mod suggest;

#[path = "../support/mod.rs"]
mod support;

use clinch::{Event, Journey, JourneyBuilder, Question, Tracker};

/// A tracker that has taken in every event.
fn tracker(events: impl IntoIterator<Item = Event>) -> Tracker {
    let mut tracker = Tracker::new(support::key());
    let intake = tracker.extend(events).unwrap();
    assert_eq!(intake.dropped.len(), 0, "{intake}");
    tracker
}

/// The journeys of everybody.
fn journeys(events: impl IntoIterator<Item = Event>, question: &Question) -> Vec<Journey> {
    let mut builder = JourneyBuilder::new();
    builder.extend(events).unwrap();
    builder.build(question.as_of)
}

/// How many shops a claim is tried on, or as many as CLINCH_CASES asks for.
fn cases(default: u32) -> u32 {
    std::env::var("CLINCH_CASES").ok().map_or(default, |cases| cases.parse().unwrap())
}

/// Numbers that look random and follow from a seed: SplitMix64 (Steele, Lea, Flood 2014).
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// The same items in another order, each at least once and some twice.
    fn delivered<T: Clone>(&mut self, items: &[T]) -> Vec<T> {
        let mut all: Vec<(u64, T)> = Vec::new();
        for item in items {
            for _ in 0..=u64::from(self.chance(20)) {
                all.push((self.next(), item.clone()));
            }
        }
        all.sort_by_key(|(place, _)| *place);
        all.into_iter().map(|(_, item)| item).collect()
    }
}
