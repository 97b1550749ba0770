//! Plain shoppers are counted by a shorter way than others; both ways count the same.
//!
//! A rule that changes nothing (`last_touchpoints` as high as it goes) closes the short way, so each world is counted
//! by both.

use chrono::{DateTime, TimeDelta, Utc};
use clinch::{Dimension, Event, Key, Money, Period, Question, Span, Tracker, Who};

/// SplitMix64 (Steele et al. 2014).
struct Random(u64);

impl Random {
    /// A number below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn pick<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        &items[self.below(items.len() as u64) as usize]
    }
}

fn start() -> DateTime<Utc> {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

/// Instants that often meet, and now and then lie apart by a nanosecond or by centuries.
fn instant(random: &mut Random) -> DateTime<Utc> {
    let at = start() + TimeDelta::days(random.below(70) as i64);
    match random.below(20) {
        0 => at + TimeDelta::nanoseconds(1),
        1 => at - TimeDelta::nanoseconds(1),
        2 if random.below(30) == 0 => DateTime::<Utc>::MIN_UTC,
        _ => at,
    }
}

fn event(random: &mut Random, number: u64) -> Event {
    let at = instant(random);
    // Identifiers and event ids meet often enough that some people are not plain.
    let person = random.below(4);
    let mut who = Who::visitor(format!("visitor-{person}"));
    if random.below(3) == 0 {
        who = who.customer(format!("customer-{}", if random.below(40) == 0 { 9 } else { person }));
    }
    if random.below(4) == 0 {
        who = who.conversation(format!("conversation-{}-{person}", random.below(3)));
    }
    let id = if random.below(25) == 0 { "again".to_owned() } else { format!("e{number}") };
    let topics = ["availability", "delivery", "size", "none"];
    let money = |random: &mut Random| {
        let currency = if random.below(5) == 0 { "JPY" } else { "EUR" };
        let minor = [0, 1, 7, 9_999, 14_000, i64::MAX / 4, i64::MAX][random.below(7) as usize];
        Money::new(if random.below(40) == 0 { minor } else { minor.min(1 << 40) }, currency.parse().unwrap())
    };
    match random.below(20) {
        0..=9 => {
            let mut turn = Event::query(id, at, who);
            if random.below(5) > 0 {
                turn = turn.topic(*random.pick(&topics));
            }
            if random.below(2) == 0 {
                turn = turn.query(*random.pick(&["have this in blue", "is it in stock"]));
            }
            if random.below(30) == 0 {
                turn = turn.intent("returns");
            }
            turn.channel(*random.pick(&["web", "whatsapp"])).into()
        }
        10..=12 => Event::visit(id, at, who).channel(*random.pick(&["direct", "email", "internal"])).into(),
        13 => Event::identify(id, at, who).into(),
        14 => {
            let amount = money(random);
            Event::refund(id, at, format!("r{}", random.below(3)), format!("o{}", random.below(12)), amount)
                .into()
        }
        15 if random.below(12) == 0 => Event::link_click(id, at, who).turn("e1").into(),
        _ => Event::order(id, at, who, format!("o{}", random.below(12)), money(random)).into(),
    }
}

fn question(random: &mut Random) -> Question {
    let mut question = Question::new(start() + TimeDelta::days(if random.below(4) == 0 { 40 } else { 400 }));
    let models = [
        "first_touch",
        "last_touch",
        "last_non_direct",
        "linear",
        "position_based",
        "position_based:1/0/0",
        "position_based:0/5/0",
        "position_based:0.000001/3/999999",
        "j_shaped",
        "inverse_j",
        "time_decay:7d",
        "time_decay:1ns",
        "time_decay:36h",
    ];
    question.models = models.map(|model| model.parse().unwrap()).into();
    let dimensions = [Dimension::Topic, Dimension::Query, Dimension::Channel, Dimension::Intent];
    question.by = (0..1 + random.below(3)).map(|_| *random.pick(&dimensions)).collect();
    question.rules.lookback = *random.pick(&[Span::days(30), Span::days(7), Span::ZERO, Span::MAX]);
    if random.below(3) == 0 {
        let from = start() + TimeDelta::days(random.below(50) as i64);
        question.period = Period::between(from, from + TimeDelta::days(random.below(30) as i64));
    }
    question
}

#[test]
fn the_short_way_counts_what_the_long_way_counts() {
    let mut short = 0;
    let cases = std::env::var("CLINCH_CASES").ok().and_then(|cases| cases.parse().ok());
    for case in 0..cases.unwrap_or(3_000) {
        let mut random = Random(case);
        let mut tracker = Tracker::new(Key::new(*b"sixteen secrets!"));
        let count = 1 + random.below(60);
        let events: Vec<Event> = (0..count).map(|number| event(&mut random, number)).collect();
        tracker.extend(events).unwrap();
        let question = question(&mut random);
        let mut long = question.clone();
        long.rules.last_touchpoints = Some(u32::MAX);
        let (one, other) = (tracker.sums(&question).unwrap(), tracker.sums(&long).unwrap());
        assert_eq!(one, other, "case {case}: {question}");
        short += usize::from(!one.is_empty());
    }
    assert!(short > 1_000);
}
