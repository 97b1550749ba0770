//! What recording, reporting and crediting cost: `cargo bench --bench core`.
//!
//! 10,000 events of about 1,600 shoppers, the same in every run: 6 in 10 are turns over 40 topics, 4 shoppers in 10
//! order, 1 in 2 logs in before. Numbers are for one thread. They say how a change compares with the code before it
//! on one machine; they are no promise about a shop.

use chrono::{DateTime, TimeDelta, Utc};
use clinch::{
    BuiltIn, Conversion, Dimension, Event, JourneyBuilder, Key, Model, Money, Path, Question, TouchKind,
    Touchpoint, Tracker, Who, credit,
};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

const EVENTS: usize = 10_000;

fn main() {
    divan::main();
}

/// SplitMix64 (Steele et al. 2014): a few lines, and the same numbers everywhere.
struct Random(u64);

impl Random {
    /// A number below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_442_000, 0).expect("an instant in range")
}

fn eur(minor: u64) -> Money {
    Money::new(minor as i64, "EUR".parse().expect("a currency"))
}

/// Shopper after shopper until there are enough.
fn events() -> Vec<Event> {
    let mut random = Random(20_260_302);
    let mut events: Vec<Event> = Vec::with_capacity(EVENTS + 16);
    let mut shopper = 0;
    while events.len() < EVENTS {
        shopper += 1;
        let visitor = format!("visitor-{shopper}");
        let mut at = start() + TimeDelta::minutes(random.below(60 * 24 * 60) as i64);
        for number in 0..1 + random.below(7) {
            at += TimeDelta::minutes(1 + random.below(2000) as i64);
            let who = Who::visitor(&visitor).conversation(format!("chat-{shopper}-{}", number / 3));
            let turn = format!("turn-{}", events.len());
            let topic = format!("topic-{}", random.below(40));
            events.push(Event::query(&turn, at, who.clone()).topic(topic).channel("web").into());
            if random.below(3) == 0 {
                let click = Event::link_click(format!("click-{}", events.len()), at, who);
                events.push(click.turn(&turn).product(format!("product-{}", random.below(200))).into());
            }
        }
        let mut who = Who::visitor(&visitor);
        if random.below(2) == 0 {
            who = who.customer(format!("customer-{shopper}"));
            events.push(Event::identify(format!("login-{}", events.len()), at, who.clone()).into());
        }
        if random.below(10) < 4 {
            at += TimeDelta::minutes(10);
            let (id, order) = (format!("ordered-{}", events.len()), format!("{}", 1000 + shopper));
            events.push(Event::order(id, at, who, &order, eur(500 + random.below(20_000))).into());
            if random.below(5) == 0 {
                let id = format!("refunded-{}", events.len());
                events.push(Event::refund(id, at + TimeDelta::days(7), "r1", order, eur(500)).into());
            }
        }
    }
    events.truncate(EVENTS);
    events
}

fn tracker() -> Tracker {
    let mut tracker = Tracker::new(Key::new(*b"sixteen secrets!"));
    tracker.extend(events()).expect("room for them");
    tracker
}

fn question() -> Question {
    Question::new(start() + TimeDelta::days(120))
}

#[divan::bench(sample_count = 20)]
fn record_10k_events(bencher: Bencher<'_, '_>) {
    let events = events();
    bencher.counter(ItemsCount::new(EVENTS)).with_inputs(|| events.clone()).bench_values(|events| {
        let mut tracker = Tracker::new(Key::new(*b"sixteen secrets!"));
        tracker.extend(events).expect("room for them");
        tracker
    });
}

#[divan::bench(sample_count = 20)]
fn report_10k_events_6_models_by_topic(bencher: Bencher<'_, '_>) {
    let (tracker, question) = (tracker(), question());
    bencher.counter(ItemsCount::new(EVENTS)).bench(|| tracker.report(black_box(&question)));
}

#[divan::bench(sample_count = 20)]
fn report_10k_events_1_model_by_3_dimensions(bencher: Bencher<'_, '_>) {
    let (tracker, mut question) = (tracker(), question());
    question.models = vec![BuiltIn::Linear.into()];
    question.by = vec![Dimension::Topic, Dimension::Channel, Dimension::Product];
    bencher.counter(ItemsCount::new(EVENTS)).bench(|| tracker.report(black_box(&question)));
}

#[divan::bench(sample_count = 20)]
fn build_journeys_of_10k_events(bencher: Bencher<'_, '_>) {
    let mut builder = JourneyBuilder::new();
    for event in events() {
        let _new = builder.add(event).expect("room for it");
    }
    let as_of = question().as_of;
    bencher.counter(ItemsCount::new(EVENTS)).bench(|| builder.build(black_box(as_of)));
}

/// One shopper's events through the plain functions, as a store backend would do it for each.
#[divan::bench]
fn one_shopper_of_7_events(bencher: Bencher<'_, '_>) {
    let (events, as_of) = (events(), question().as_of);
    bencher.with_inputs(|| events[..7].to_vec()).bench_values(|events| {
        let mut builder = JourneyBuilder::new();
        for event in events {
            let _new = builder.add(event).expect("room for it");
        }
        builder.build(as_of)
    });
}

/// One path under one model, by the number of its touchpoints.
fn credit_path(bencher: Bencher<'_, '_>, model: &dyn Model, count: usize) {
    let touchpoints: Vec<Touchpoint> = (0..count)
        .map(|place| {
            let at = start() + TimeDelta::minutes(place as i64);
            let topic = format!("topic-{}", place % 5);
            Touchpoint::new(format!("t{place}"), at, TouchKind::Query).label(Dimension::Topic, topic)
        })
        .collect();
    let conversion = Conversion::order("1001", start() + TimeDelta::days(1), eur(14_000));
    let path = Path::new(&conversion, &touchpoints, Dimension::Topic);
    bencher.bench(|| credit(model, black_box(&path)));
}

#[divan::bench(args = [3, 100])]
fn credit_linear(bencher: Bencher<'_, '_>, touchpoints: usize) {
    credit_path(bencher, &BuiltIn::Linear, touchpoints);
}

#[divan::bench(args = [3, 100])]
fn credit_time_decay(bencher: Bencher<'_, '_>, touchpoints: usize) {
    let model: BuiltIn = "time_decay:7d".parse().expect("a model");
    credit_path(bencher, &model, touchpoints);
}
