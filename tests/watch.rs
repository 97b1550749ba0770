//! A watched report equals the same report computed afresh, byte for byte, after every event.

mod world;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use clinch::{
    ConsentPolicy, Dimension, Earned, ErrorKind, Event, IdKind, Identifier, Identifiers, Key, Limits, Money,
    Path, Period, Purpose, Question, Report, Reuse, Span, Tracker, Unit, Weights, Who,
};
use proptest::prelude::*;
use world::{cases, deliveries, end, question};

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

fn at(hours: u64) -> DateTime<Utc> {
    "2026-03-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(hours as i64)
}

/// Shops differ in how much their people have to do with each other.
struct Shop {
    people: u64,
    codes: u64,
    named: u64,
    joined: u64,
    limits: Limits,
}

impl Shop {
    fn of(random: &mut Random) -> Self {
        let mut limits = Limits::default();
        limits.hash_ids = random.below(4) == 0;
        Self {
            people: 2 + random.below(12),
            codes: 1 + random.below(4),
            named: 1 + random.below(8),
            joined: 2 + random.below(20),
            limits,
        }
    }

    fn who(&self, random: &mut Random) -> (u64, Identifiers) {
        let person = random.below(self.people);
        let mut who = Who::visitor(format!("visitor-{person}"));
        if random.below(3) == 0 {
            who = who.conversation(format!("conversation-{person}"));
        }
        if random.below(self.joined) == 0 {
            who = who.customer(format!("customer-{}", person / 3));
        }
        if random.below(40) == 0 {
            who = Who::visitor("undefined");
        }
        (person, who)
    }

    /// Turns are numbered per person, as many chat systems do, or over the whole shop.
    fn turn_id(&self, random: &mut Random, person: u64) -> String {
        if random.below(2) == 0 {
            format!("q{}", random.below(3))
        } else {
            format!("q{person}-{}", random.below(2))
        }
    }

    fn code(&self, random: &mut Random) -> String {
        format!("code-{}", random.below(self.codes))
    }

    fn event(&self, random: &mut Random, number: u64) -> Event {
        let (person, who) = self.who(random);
        let (id, time) = (format!("e{number}"), at(random.below(400)));
        let money = |random: &mut Random| {
            Money::new([0, 700, 1_999, 12_345][random.below(4) as usize], "EUR".parse().unwrap())
        };
        let order = |random: &mut Random| format!("o{}", random.below(6));
        match random.below(16) {
            0..=4 => {
                let mut turn = Event::query(self.turn_id(random, person), time, who);
                turn = turn.topic(*random.pick(&["availability", "size", "delivery"]));
                if random.below(2) == 0 {
                    turn = turn.query(*random.pick(&["in blue", "in stock"]));
                }
                if random.below(9) == 0 { turn.intent("returns").into() } else { turn.into() }
            }
            5 | 6 => {
                let mut link =
                    Event::link_shared(id, time, who, "https://shop.example/p").code(self.code(random));
                if random.below(2) == 0 {
                    let other = random.below(self.people);
                    link = link.turn(self.turn_id(random, other));
                }
                link.into()
            }
            7 | 8 => {
                let mut click = Event::link_click(id, time, who);
                if random.below(2) == 0 {
                    click = click.code(self.code(random));
                }
                if random.below(self.named) == 0 {
                    let other = random.below(self.people);
                    click = click.turn(self.turn_id(random, other));
                }
                click.into()
            }
            9 => Event::discount_offer(id, time, who).discount_code(self.code(random)).into(),
            10 | 11 => {
                let amount = money(random);
                let mut bought = Event::order(id, time, who, order(random), amount);
                if random.below(2) == 0 {
                    bought = bought.code(self.code(random));
                }
                if random.below(3) == 0 {
                    bought = bought.discount_code(self.code(random));
                }
                bought.into()
            }
            12 => {
                Event::refund(id, time, format!("r{}", random.below(4)), order(random), money(random)).into()
            }
            13 if random.below(3) == 0 => {
                let visitor = Identifier::new(IdKind::Visitor, format!("visitor-{person}"));
                Event::claim_withdrawn(
                    id,
                    time,
                    visitor,
                    Identifier::new(IdKind::Customer, format!("customer-{}", person / 3)),
                )
                .into()
            }
            13 => Event::identify(id, time, who.customer(format!("customer-{}", person / 3))).into(),
            14 if random.below(2) == 0 => {
                Event::consent(id, time, who, Purpose::Analytics, random.below(2) == 0).into()
            }
            14 => Event::feedback(id, time, who, random.below(2) == 0).into(),
            _ => Event::goal(id, time, who, "sign_up").into(),
        }
    }
}

/// Questions on the short way and off it.
fn asked(random: &mut Random) -> Question {
    let mut question = Question::new(at(if random.below(3) == 0 { 200 } else { 10_000 }));
    question.models = ["first_touch", "linear", "position_based", "time_decay:12h"]
        .map(|name| name.parse().unwrap())
        .into();
    match random.below(8) {
        0 => question.rules.unit = *random.pick(Unit::ALL),
        1 => question.rules.reuse = *random.pick(Reuse::ALL),
        2 => question.earned = Earned::Goal("sign_up".into()),
        3 => question.consent = ConsentPolicy::Required,
        4 => question.by = Dimension::ALL.to_vec(),
        5 => question.period = Period::between(at(50), at(250)),
        _ => {}
    }
    question
}

#[track_caller]
fn assert_live(tracker: &mut Tracker, watches: &[(clinch::Watch, Question)], seed: u64) {
    // What was worked out before is not there.
    let mut bytes = Vec::new();
    tracker.snapshot(&mut bytes).unwrap();
    let restored = Tracker::restore(Key::new([7; 16]), tracker.limits().clone(), &bytes[..]).unwrap();
    for (watch, question) in watches {
        let live = tracker.watched_sums(watch).unwrap();
        let afresh = restored.sums(question).unwrap();
        if live != afresh || tracker.sums(question).unwrap() != afresh {
            assert_eq!(tracker.watched(watch).unwrap(), restored.report(question).unwrap(), "seed {seed}");
            panic!("the sums differ and the reports do not, seed {seed}: {question}");
        }
    }
}

fn run(seed: u64) {
    let mut random = Random(seed);
    let shop = Shop::of(&mut random);
    let mut tracker = Tracker::with_limits(Key::new([7; 16]), shop.limits.clone());
    let count = 5 + random.below(60);
    let begin = random.below(count);
    // Answers that are looked at after every event, and ones that are left alone for a while.
    let patience = 1 + random.below(5);
    let mut watches = Vec::new();
    for number in 0..count {
        if number == begin {
            for _ in 0..2 {
                let question = asked(&mut random);
                watches.push((tracker.watch(&question).unwrap(), question));
            }
        }
        let event = shop.event(&mut random, number);
        for _ in 0..1 + random.below(6) / 5 {
            let _recorded = tracker.record(event.clone()).unwrap();
        }
        if number % patience == 0 {
            assert_live(&mut tracker, &watches, seed);
        }
    }
    assert_live(&mut tracker, &watches, seed);
    assert!(!watches.is_empty());
}

#[test]
fn a_watched_report_is_the_report_after_every_event() {
    let cases = std::env::var("CLINCH_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(1_000);
    (0..cases).for_each(run);
}

#[test]
fn a_turn_that_was_named_before_it_came_counts_its_shopper_once() {
    let mut tracker = Tracker::new(Key::new([7; 16]));
    let turn = |id, hour, visitor| Event::query(id, at(hour), Who::visitor(visitor)).topic("size");
    tracker.record(turn("first", 1, "visitor-1")).unwrap();
    let mut question = Question::new(at(10_000));
    question.models = vec!["linear".parse().unwrap()];
    let watch = tracker.watch(&question).unwrap();
    // Nobody looks at the answer between the click and the turn that it names.
    tracker.record(Event::link_click("click", at(9), Who::visitor("visitor-2")).turn("second")).unwrap();
    tracker.record(turn("second", 8, "visitor-1")).unwrap();
    let report = tracker.watched(&watch).unwrap();
    assert_eq!(report, tracker.report(&question).unwrap());
    assert_eq!((report.overview.turns.of, report.overview.people.of), (2, 1));
}

#[test]
fn an_order_whose_window_has_expired_is_told_apart() {
    let mut limits = Limits::default();
    limits.retention.touchpoints = Some(Span::days(30));
    let mut tracker = Tracker::with_limits(Key::new([7; 16]), limits);
    let day = |day: u64| at(day * 24);
    tracker.record(Event::query("turn", day(95), Who::visitor("visitor-1")).topic("size")).unwrap();
    let _gone = tracker.expire(day(100)).unwrap();
    let question = Question::new(day(1_000));
    let watch = tracker.watch(&question).unwrap();
    let eur = Money::new(700, "EUR".parse().unwrap());
    for (order, at) in [("early", 80), ("late", 101)] {
        let _new =
            tracker.record(Event::order(order, day(at), Who::visitor("visitor-1"), order, eur)).unwrap();
    }
    let report = tracker.watched(&watch).unwrap();
    assert_eq!(report, tracker.report(&question).unwrap());
    assert_eq!((report.totals[0].expired.count, report.totals[0].conversions), (1, 2));
}

/// An event of a shop with a few very busy people, most of whom are plain.
fn busy(random: &mut Random, number: u64, people: u64, odd: u64) -> Event {
    let person = random.below(people);
    let mut who = Who::visitor(format!("visitor-{person}"));
    if random.below(4) == 0 {
        who = who.conversation(format!("conversation-{person}-{}", random.below(3)));
    }
    if random.below(6) == 0 {
        who = Who::customer(format!("customer-{person}")).visitor(format!("visitor-{person}"));
    }
    // Devices turn out to be the customer's, or were always known to be; few of them are somebody else's too.
    if random.below(3) == 0 {
        let user = if random.below(odd) == 0 { random.below(people) } else { person };
        who = Who::visitor(format!("device-{person}-{}", random.below(20)));
        if random.below(2) == 0 {
            who = who.customer(format!("customer-{user}"));
        }
        if random.below(4) == 0 {
            who = who.conversation(format!("device-{person}-{}", random.below(12)));
        }
    }
    // Most come in the order of time, a few are late, and some share an instant.
    let hours = if random.below(6) == 0 { random.below(900) } else { number * 4 };
    let time = at(hours) + TimeDelta::seconds(if random.below(8) == 0 { 0 } else { number as i64 });
    let id = format!("e{number}");
    let minor = [0, 700, 1_999, 12_345][random.below(4) as usize];
    let money = Money::new(minor, if random.below(7) == 0 { "JPY" } else { "EUR" }.parse().unwrap());
    match random.below(40) {
        0..=5 => Event::order(id, time, who, format!("o{number}"), money).into(),
        6 => Event::visit(id, time, who).channel("email").into(),
        7 if random.below(odd) == 0 => Event::refund(id, time, "r", format!("o{}", number / 2), money).into(),
        8 if random.below(odd) == 0 => Event::link_click(id, time, who).turn("e7").into(),
        9 if random.below(odd) == 0 => Event::query("e4", time, who).topic("again").into(),
        10 if random.below(odd) == 0 => Event::order(id, time, who, "o9", money).into(),
        11 if random.below(odd) == 0 => Event::query(id, time, who).intent("returns").into(),
        12 => Event::identify(id, time, who).into(),
        _ => {
            let turn = Event::query(id, time, who).topic(*random.pick(&["availability", "size", "delivery"]));
            if random.below(3) == 0 {
                turn.query(*random.pick(&["in blue", "in stock"])).into()
            } else {
                turn.into()
            }
        }
    }
}

fn run_busy(seed: u64) {
    let mut random = Random(seed);
    let (people, count) = (1 + random.below(3), 80 + random.below(120));
    let odd = *random.pick(&[4, 100, 1_000]);
    let mut tracker = Tracker::new(Key::new([7; 16]));
    let mut watches = Vec::new();
    for _ in 0..2 {
        let mut question = Question::new(at(10_000));
        match random.below(4) {
            0 => question = asked(&mut random),
            1 => question.period = Period::between(at(90), at(420)),
            _ => question.by = vec![Dimension::Channel, Dimension::Topic],
        }
        question.rules.lookback = *random.pick(&[Span::hours(9), Span::days(3), Span::days(30)]);
        watches.push((tracker.watch(&question).unwrap(), question));
    }
    for number in 0..count {
        let event = busy(&mut random, number, people, odd);
        let _recorded = tracker.record(event).unwrap();
        tracker.settle().unwrap();
        if number > 60 && random.below(4) == 0 {
            assert_live(&mut tracker, &watches, seed);
        }
    }
    assert_live(&mut tracker, &watches, seed);
}

#[test]
fn a_busy_shopper_is_counted_as_everybody_else() {
    let cases = std::env::var("CLINCH_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(150);
    (0..cases).for_each(run_busy);
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn whatever_comes_in_whatever_order((events, more) in deliveries(12)) {
        let mut tracker = Tracker::new(Key::new([7; 16]));
        let mut question = question();
        question.by = Dimension::ALL.to_vec();
        let half = events.len() / 2;
        tracker.extend(events[..half].to_vec()).unwrap();
        let watch = tracker.watch(&question).unwrap();
        for event in events[half..].iter().chain(&more) {
            let _recorded = tracker.record(event.clone()).unwrap();
            prop_assert_eq!(tracker.watched(&watch).unwrap(), tracker.report(&question).unwrap());
        }
    }
}

fn turn(id: &str, visitor: &str) -> Event {
    Event::query(id, at(1), Who::visitor(visitor)).topic("size").into()
}

fn order(id: &str, visitor: &str) -> Event {
    let total = Money::parse("10.00", "EUR".parse().unwrap()).unwrap();
    Event::order(id, at(2), Who::visitor(visitor), id, total).into()
}

fn value(report: &Report) -> &str {
    &report.totals[0].value
}

#[test]
fn bulk_and_merge_are_seen() {
    let question = Question::new(end());
    let mut tracker = Tracker::new(Key::new([7; 16]));
    let watch = tracker.watch(&question).unwrap();
    assert!(tracker.watched(&watch).unwrap().totals.is_empty());
    tracker.extend([turn("e1", "v1"), order("o1", "v1")]).unwrap();
    assert_eq!(value(&tracker.watched(&watch).unwrap()), "10.00");
    let mut other = Tracker::new(Key::new([7; 16]));
    other.extend([turn("e2", "v2"), order("o2", "v2")]).unwrap();
    tracker.merge(&other).unwrap();
    assert_eq!(value(&tracker.watched(&watch).unwrap()), "20.00");
    assert_eq!(tracker.watched(&watch).unwrap(), tracker.report(&question).unwrap());
}

#[test]
fn a_clone_watches_on_by_itself() {
    let mut tracker = Tracker::new(Key::new([7; 16]));
    let watch = tracker.watch(&Question::new(end())).unwrap();
    tracker.extend([turn("e1", "v1"), order("o1", "v1")]).unwrap();
    let mut clone = tracker.clone();
    clone.extend([turn("e2", "v2"), order("o2", "v2")]).unwrap();
    assert_eq!(value(&tracker.watched(&watch).unwrap()), "10.00");
    assert_eq!(value(&clone.watched(&watch).unwrap()), "20.00");
}

#[test]
fn what_is_not_watched_is_an_error_that_says_so() {
    let mut tracker = Tracker::new(Key::new([7; 16]));
    let watch = tracker.watch(&Question::new(end())).unwrap();
    let other = Tracker::new(Key::new([7; 16])).watch(&Question::new(at(0))).unwrap();
    let error = tracker.watched(&other).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotWatched { .. }), "{error}");
    tracker.unwatch(watch.clone());
    let error = tracker.watched(&watch).unwrap_err();
    assert!(error.to_string().contains("call watch"), "{error}");
}

/// A model that fails on paths of two.
struct Moody;

impl clinch::Model for Moody {
    fn name(&self) -> &str {
        "moody"
    }

    fn weigh(&self, path: &Path<'_>, weights: &mut Weights) -> clinch::Result<()> {
        let weight = if path.len() == 2 { f64::NAN } else { 1.0 };
        (0..path.len()).for_each(|_| weights.push(weight));
        Ok(())
    }
}

#[test]
fn a_model_that_fails_for_a_while_leaves_no_trace() {
    let mut question = Question::new(end());
    question.models = vec![(Arc::new(Moody) as Arc<dyn clinch::Model>).into()];
    let mut tracker = Tracker::new(Key::new([7; 16]));
    let watch = tracker.watch(&question).unwrap();
    tracker.extend([turn("e1", "v1"), order("o1", "v1")]).unwrap();
    assert_eq!(value(&tracker.watched(&watch).unwrap()), "10.00");
    let _new = tracker.record(turn("e2", "v1")).unwrap();
    assert!(tracker.watched(&watch).unwrap_err().to_string().contains("moody"));
    assert!(tracker.settle().is_err());
    let _new = tracker.record(turn("e3", "v1")).unwrap();
    assert_eq!(tracker.watched(&watch).unwrap(), tracker.report(&question).unwrap());
}
