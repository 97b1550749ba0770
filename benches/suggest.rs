//! What to say next: learning from a shop, and one answer. `cargo bench --bench suggest`.

use clinch::testing::{Shop, ShopConfig};
use clinch::{JourneyBuilder, Question, Rank, Suggester};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

fn fitted(shoppers: u32) -> (Vec<clinch::Journey>, Question) {
    let shop = Shop::generate(&ShopConfig { shoppers, ..ShopConfig::default() });
    let question = Question::new("2027-01-01T00:00:00Z".parse().expect("an instant"));
    let mut builder = JourneyBuilder::new();
    builder.extend(shop.events).expect("room for them");
    (builder.build(question.as_of), question)
}

/// Learning from everybody's journeys.
#[divan::bench(args = [1_000, 10_000])]
fn learn(bencher: Bencher<'_, '_>, shoppers: u32) {
    let (journeys, question) = fitted(shoppers);
    bencher.bench(|| Suggester::fit(black_box(&journeys), &question));
}

/// One answer for a running journey.
#[divan::bench(args = [1_000, 10_000])]
fn answer(bencher: Bencher<'_, '_>, shoppers: u32) {
    let (journeys, question) = fitted(shoppers);
    let suggester = Suggester::fit(&journeys, &question);
    let journey = journeys.iter().max_by_key(|journey| journey.touchpoints.len()).expect("a journey");
    bencher.bench(|| suggester.suggest(black_box(journey), Rank::Chance));
}
