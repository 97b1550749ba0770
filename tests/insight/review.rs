//! Values compared with others and with an earlier period, on shops whose truth is known.

use clinch::testing::{Shop, ShopConfig};
use clinch::{Dimension, Event, NoLiftReason, Period, Question, Review, Segment, Who};

use crate::support::{day, eur, hour};
use crate::{Draws, cases, journeys, tracker};

/// Of 300 shoppers a month half ask for a size and half for delivery. Chances of a sale in per cent: by topic, in the
/// first month and in the second. An answer on delivery costs 3 cents, one on sizes 1 cent.
fn shop(seed: u64, chances: [[u64; 2]; 2]) -> Vec<Event> {
    let (mut draws, mut events) = (Draws(seed), Vec::<Event>::new());
    for shopper in 0..600_usize {
        let (month, topic) = (shopper / 300, shopper % 2);
        let who = || Who::visitor(format!("v{shopper}"));
        let at = day(month as i64 * 30 + 1);
        let cost = eur(["0.01", "0.03"][topic]);
        let turn =
            Event::query(format!("a{shopper}"), at, who()).topic(["size", "delivery"][topic]).cost(cost);
        events.push(turn.into());
        if draws.chance(chances[topic][month]) {
            let at = at + chrono::TimeDelta::hours(2);
            events.push(
                Event::order(format!("o{shopper}"), at, who(), format!("{shopper}"), eur("20.00")).into(),
            );
        }
    }
    events
}

fn ask() -> (Question, Period) {
    let mut question = Question::new(day(90));
    question.period = Period::between(day(30), day(60));
    question.models = vec!["linear".parse().unwrap()];
    (question, Period::between(day(0), day(30)))
}

#[test]
fn a_flow_that_got_worse_is_found_with_what_it_loses_and_costs() {
    let (question, earlier) = ask();
    let journeys = journeys(shop(1, [[40, 40], [40, 15]]), &question);
    let review = Review::of(&journeys, &question, &Segment::all(), Some(earlier)).unwrap();
    assert_eq!((review.all.converted.of, review.before.as_ref().unwrap().converted.of), (300, 300));
    let [worse, other] = &review.rows[..] else { panic!("two topics") };
    assert_eq!((worse.label.as_str(), other.label.as_str()), ("delivery", "size"));
    assert!(worse.changed && worse.change.unwrap().difference.unwrap().interval.high.unwrap() < 0.0);
    assert!(!other.changed && other.lost == 0, "{other:?}");
    // What it would have sold at the rate of all.
    let (all, held) = (review.all.converted, worse.now.converted);
    let short = (all.count * held.of).div_ceil(all.of) - held.count;
    assert!(worse.lost.abs_diff(short) <= 1 && worse.lost > 5, "{}", worse.lost);
    let euro = "EUR".parse().unwrap();
    let lost: f64 = worse.lost_value[&euro].parse().unwrap();
    assert!((lost / 20.0 - (all.count * held.of) as f64 / all.of as f64 + held.count as f64).abs() < 1e-3);
    // 150 answers at 3 cents; each sale credits the only turn.
    assert_eq!((worse.now.answers, worse.now.cost[&euro].as_str()), (150, "4.50"));
    assert_eq!(worse.now.cost_per_answer[&euro], "0.03");
    let credited = held.count * 2_000;
    assert_eq!(worse.now.credited[&euro], format!("{}.00", held.count * 20));
    assert_eq!(worse.now.return_per_mille[&euro], (credited as f64 * 1_000.0 / 450.0).round() as i64);
    let text = review.to_string();
    assert!(text.contains("has changed since") && text.lines().count() == 5, "{text}");
    let back: Review = serde_json::from_str(&serde_json::to_string(&review).unwrap()).unwrap();
    assert_eq!(back, review);
}

#[test]
fn a_shop_that_stayed_as_it_was_is_seldom_said_to_have_changed() {
    let (question, earlier) = ask();
    let shops = cases(100);
    let found = (0..shops).filter(|seed| {
        let journeys = journeys(shop(u64::from(*seed) + 10, [[20, 20], [30, 30]]), &question);
        let review = Review::of(&journeys, &question, &Segment::all(), Some(earlier)).unwrap();
        review.rows.iter().any(|row| row.changed)
    });
    let found = found.count();
    println!("{found} of {shops} shops that stayed as they were have changed");
    let bound = 0.05 * f64::from(shops) + 3.0 * (0.0475 * f64::from(shops)).sqrt();
    assert!(found as f64 <= bound, "{found} of {shops}");
}

#[test]
fn too_few_are_not_compared_and_nothing_is_an_empty_answer() {
    let mut question = Question::new(day(30));
    let turn: Event = Event::query("a", hour(0), Who::visitor("v1")).topic("size").into();
    let few = Review::of(&journeys([turn], &question), &question, &Segment::all(), None).unwrap();
    let row = &few.rows[0];
    assert_eq!((row.now.converted.of, row.lost, row.lost_value.len()), (1, 0, 0));
    assert_eq!(row.beside.reason, Some(NoLiftReason::EmptyGroup));
    assert_eq!((row.change, row.q, row.changed, row.before.is_none()), (None, None, false, true));
    question.by = Vec::new();
    let nothing = Review::of(&[], &question, &Segment::all(), None).unwrap();
    assert_eq!((nothing.all.converted.of, nothing.rows.len()), (0, 0));
    assert!(nothing.to_string().contains("all"));
}

#[test]
fn the_answer_is_a_function_of_the_set_of_facts() {
    let shop = Shop::generate(&ShopConfig { shoppers: 150, ..ShopConfig::default() });
    let mut question = Question::new(day(300));
    let mut draws = Draws(5);
    for by in [Dimension::Topic, Dimension::ProductType, Dimension::Channel] {
        question.by = vec![by];
        let segment = Segment::all().shoppers(clinch::Shoppers::New);
        let whole = tracker(shop.events.clone()).review(&question, &segment, None).unwrap();
        assert!(!whole.rows.is_empty());
        let shuffled = tracker(draws.delivered(&shop.events)).review(&question, &segment, None).unwrap();
        assert_eq!(shuffled, whole);
    }
}
