//! Patterns: counted right, found where they are, and not where they are not.

use clinch::testing::{Shop, ShopConfig};
use clinch::{Dimension, Discovery, ErrorKind, Event, Question, SequenceRules, Sequences, Who};

use crate::support::{day, eur, hour};
use crate::{Draws, cases, journeys, tracker};

const TOPICS: [&str; 5] = ["availability", "comparison", "delivery", "discount", "size"];

/// Shoppers who ask two to five things; those who ask for a comparison before a discount buy in `special` of a hundred
/// cases, others in ten.
fn shop(seed: u64, shoppers: u32, special: u64) -> Vec<Event> {
    let (mut draws, mut events) = (Draws(seed), Vec::new());
    for shopper in 0..shoppers {
        let who = || Who::visitor(format!("v-{shopper}"));
        let mut compared = None;
        let asked = 2 + draws.below(4);
        for turn in 0..asked {
            let topic = TOPICS[draws.below(5) as usize];
            compared = match (compared, topic) {
                (None, "comparison") => Some(false),
                (Some(false), "discount") => Some(true),
                (held, _) => held,
            };
            events.push(
                Event::query(format!("q{shopper}-{turn}"), hour(turn as i64), who()).topic(topic).into(),
            );
        }
        if draws.chance(if compared == Some(true) { special } else { 10 }) {
            events.push(
                Event::order(format!("o{shopper}"), day(1), who(), format!("{shopper}"), eur("20.00")).into(),
            );
        }
    }
    events
}

fn look(events: Vec<Event>, rules: &SequenceRules) -> Sequences {
    let question = Question::new(day(60));
    Sequences::of(&journeys(events, &question), &question, rules).unwrap()
}

#[test]
fn patterns_are_those_of_a_slow_search() {
    let events = shop(4, 60, 60);
    let question = Question::new(day(60));
    let journeys = journeys(events, &question);
    let people: Vec<(Vec<String>, bool)> = journeys
        .iter()
        .map(|journey| {
            let topics = journey.touchpoints.iter().map(|step| step.labels.topic[0].to_string());
            (topics.collect(), !journey.claims.is_empty())
        })
        .collect();
    for (gaps, longest) in [(true, 4), (false, 3), (true, 1)] {
        let mut rules = SequenceRules::default();
        (rules.gaps, rules.longest, rules.least_people) = (gaps, longest, 2);
        let found = Sequences::of(&journeys, &question, &rules).unwrap();
        let mut expected = 0;
        let mut prefixes: Vec<Vec<&str>> = vec![Vec::new()];
        for _ in 0..longest {
            prefixes = prefixes
                .iter()
                .flat_map(|held| TOPICS.map(|topic| [held.clone(), vec![topic]].concat()))
                .collect();
            for pattern in &prefixes {
                let with = people.iter().filter(|(topics, _)| holds(topics, pattern, gaps));
                let (count, of) =
                    with.fold((0, 0), |(count, of), (_, converted)| (count + u64::from(*converted), of + 1));
                let told = found
                    .patterns
                    .iter()
                    .find(|held| held.labels.iter().map(|label| label.as_str()).eq(pattern.iter().copied()));
                assert_eq!(
                    told.map(|told| (told.converted.count, told.converted.of)),
                    (of >= 2).then_some((count, of)),
                    "{pattern:?}"
                );
                expected += usize::from(of >= 2);
            }
        }
        assert_eq!(found.patterns.len(), expected);
    }
}

fn holds(topics: &[String], pattern: &[&str], gaps: bool) -> bool {
    if gaps {
        let mut rest = topics.iter();
        return pattern.iter().all(|wanted| rest.any(|topic| topic == wanted));
    }
    topics.windows(pattern.len()).any(|window| window == pattern)
}

#[test]
fn the_pattern_that_sells_is_found_first_with_its_lift() {
    let found = look(shop(1, 1_500, 60), &SequenceRules::default());
    let first = &found.patterns[0];
    let labels: Vec<&str> = first.labels.iter().map(|label| label.as_str()).collect();
    assert_eq!(labels, ["comparison", "discount"]);
    assert!(first.finding && first.lift.unwrap().interval.low > 1.5, "{first:?}");
    let other =
        found.patterns.iter().find(|one| one.labels.len() == 1 && one.labels[0].as_str() == "size").unwrap();
    assert!(!other.finding, "{other:?}");
}

#[test]
fn the_rate_of_a_pattern_holds_the_truth_in_95_of_100_shops() {
    let shops = cases(200);
    let holds = |seed: u32| {
        let found = look(shop(u64::from(seed) + 5_000, 400, 60), &SequenceRules::default());
        let first = found
            .patterns
            .into_iter()
            .find(|one| one.labels.iter().map(|label| label.as_str()).eq(["comparison", "discount"]));
        first.unwrap().converted.rate.unwrap().interval.contains(0.6)
    };
    let percent = f64::from((0..shops).filter(|seed| holds(*seed)).count() as u32) * 100.0 / f64::from(shops);
    println!("{percent} % of {shops} shops");
    assert!((percent - 95.0).abs() <= 1.0_f64.max(3.5 * 21.8 / f64::from(shops).sqrt()), "{percent}");
}

#[test]
fn a_shop_without_patterns_yields_no_more_findings_than_stated() {
    let shops = cases(60);
    let found = (0..shops).filter(|seed| {
        let found = look(shop(u64::from(*seed) + 100, 300, 10), &SequenceRules::default());
        assert!(found.patterns.len() > 20);
        found.patterns.iter().any(|pattern| pattern.finding)
    });
    let found = found.count();
    println!("{found} of {shops} shops without patterns had a finding");
    // Five in a hundred, and three standard errors.
    let bound = 0.05 * f64::from(shops) + 3.0 * (0.0475 * f64::from(shops)).sqrt();
    assert!(found as f64 <= bound, "{found} of {shops}");
}

#[test]
fn false_discoveries_stay_under_their_bound_where_there_are_true_ones() {
    // First one of five things, of which the first sells; then one of five others, which have no part in it.
    let shop = |seed: u64| {
        let (mut draws, mut events) = (Draws(seed), Vec::<Event>::new());
        for shopper in 0..400 {
            let who = || Who::visitor(format!("v-{shopper}"));
            let (first, second) = (draws.below(5), draws.below(5));
            events.push(
                Event::query(format!("a{shopper}"), hour(1), who()).topic(format!("true {first}")).into(),
            );
            events.push(
                Event::query(format!("b{shopper}"), hour(2), who()).topic(format!("null {second}")).into(),
            );
            if draws.chance(if first == 0 { 30 } else { 10 }) {
                let order =
                    Event::order(format!("o{shopper}"), day(1), who(), format!("{shopper}"), eur("20.00"));
                events.push(order.into());
            }
        }
        events
    };
    let shops = cases(40);
    let parts = (0..shops).map(|seed| {
        let rules = SequenceRules {
            least_people: 5,
            discovery: Discovery::PositiveDependence,
            ..SequenceRules::default()
        };
        let found = look(shop(u64::from(seed) + 900), &rules);
        let findings: Vec<_> = found.patterns.iter().filter(|pattern| pattern.finding).collect();
        let is_null = |pattern: &&&clinch::Pattern| pattern.labels[0].as_str().starts_with("null");
        (findings.iter().filter(is_null).count() as f64 / findings.len().max(1) as f64, findings.len())
    });
    let parts: Vec<(f64, usize)> = parts.collect();
    let mean = parts.iter().map(|part| part.0).sum::<f64>() / f64::from(shops);
    println!("false discovery rate {mean} over {shops} shops");
    assert!(mean <= 0.05 && parts.iter().any(|part| part.1 > 0), "{mean}");
}

#[test]
fn the_answer_is_a_function_of_the_set_of_facts() {
    let shop = Shop::generate(&ShopConfig { shoppers: 150, ..ShopConfig::default() });
    let mut question = Question::new(day(300));
    let mut draws = Draws(2);
    for by in [Dimension::Topic, Dimension::Intent, Dimension::Product] {
        question.by = vec![by];
        let rules = SequenceRules::default();
        let whole = tracker(shop.events.clone()).sequences(&question, &rules).unwrap();
        assert!(!whole.patterns.is_empty());
        for _ in 0..3 {
            assert_eq!(tracker(draws.delivered(&shop.events)).sequences(&question, &rules).unwrap(), whole);
        }
        let built = Sequences::of(&journeys(shop.events.clone(), &question), &question, &rules).unwrap();
        assert_eq!(built, whole);
    }
}

#[test]
fn bounds_are_errors_and_nothing_is_an_empty_answer() {
    let question = Question::new(day(60));
    let of = |rules: &SequenceRules| Sequences::of(&journeys(shop(1, 200, 10), &question), &question, rules);
    let mut rules = SequenceRules::default();
    for longest in [0, 5] {
        rules.longest = longest;
        assert!(
            matches!(of(&rules).unwrap_err().kind(), ErrorKind::PatternLength { found } if *found == longest)
        );
    }
    (rules.longest, rules.most_patterns) = (2, 3);
    assert!(matches!(of(&rules).unwrap_err().kind(), ErrorKind::TooManyPatterns { limit: 3 }));
    let nothing = Sequences::of(&[], &question, &SequenceRules::default()).unwrap();
    assert_eq!((nothing.base.rate, nothing.patterns.len()), (None, 0));
}
