//! Suggestions: what sold after what the shopper asked, from as long a context as there are journeys for.

use std::time::Instant;

use clinch::testing::{Shop, ShopConfig};
use clinch::{Event, IdKind, Identifier, Question, Rank, Suggester, Who};

use crate::support::{day, eur, hour};
use crate::{Draws, journeys, tracker};

/// Each story so many times: its topics, and what was paid.
fn stories(stories: &[(&[&str], Option<&str>, u32)]) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for (story, (topics, paid, times)) in stories.iter().enumerate() {
        for time in 0..*times {
            let (name, who) = (format!("{story}-{time}"), || Who::visitor(format!("v-{story}-{time}")));
            for (turn, topic) in topics.iter().enumerate() {
                let asked = Event::query(format!("q{name}-{turn}"), hour(turn as i64), who());
                events.push(asked.topic(*topic).into());
            }
            if let Some(paid) = paid {
                events.push(Event::order(format!("o{name}"), day(1), who(), name.as_str(), eur(paid)).into());
            }
        }
    }
    events
}

fn shop() -> Vec<Event> {
    stories(&[
        (&["size", "discount"], Some("10.00"), 40),
        (&["size", "discount"], None, 10),
        (&["size", "comparison"], Some("90.00"), 20),
        (&["size", "comparison"], None, 20),
        (&["delivery", "discount"], None, 50),
        (&["size", "rare"], Some("10.00"), 5),
    ])
}

fn told(found: &[&clinch::Suggestion]) -> Vec<(String, usize, u64, u64)> {
    found
        .iter()
        .map(|one| (one.label.to_string(), one.context, one.converted.count, one.converted.of))
        .collect()
}

#[test]
fn chance_and_value_rank_by_what_came_of_it_and_thin_contexts_give_way() {
    let question = Question::new(day(60));
    let suggester = Suggester::fit(&journeys(shop(), &question), &question);
    let text = |label: &str| label.to_owned();
    let after = told(&suggester.after(["size"], Rank::Chance));
    // `size` and `delivery` follow nothing, so that they rest on no context; `rare` came in too few journeys.
    assert_eq!(
        after,
        [
            (text("discount"), 1, 40, 50),
            (text("size"), 0, 65, 95),
            (text("comparison"), 1, 20, 40),
            (text("delivery"), 0, 0, 50),
        ]
    );
    let eur_ = "EUR".parse().unwrap();
    let by_value = suggester.after(["size"], Rank::Value(eur_));
    assert_eq!(
        (by_value[0].label.as_str(), by_value[0].expected[0].amount()),
        ("comparison", "45.00".to_owned())
    );
    // Nobody asked that: the context is none.
    assert!(suggester.after(["never heard"], Rank::Chance).iter().all(|one| one.context == 0));
    let thin = suggester.clone().least_journeys(5);
    assert_eq!(told(&thin.after(["size"], Rank::Chance))[0], (text("rare"), 1, 5, 5));
    assert!(Suggester::fit(&[], &question).after(["size"], Rank::Chance).is_empty());
}

#[test]
fn a_running_journey_is_what_came_after_the_last_order() {
    let mut events = shop();
    let who = || Who::visitor("v-now");
    events.push(Event::query("n1", hour(1), who()).topic("delivery").into());
    events.push(Event::order("n2", hour(2), who(), "now", eur("5.00")).into());
    events.push(Event::query("n3", hour(3), who()).topic("size").into());
    let (tracker, question) = (tracker(events), Question::new(day(60)));
    let suggester = tracker.suggester(&question);
    let found =
        tracker.suggest(&Identifier::new(IdKind::Visitor, "v-now"), &question, &suggester, Rank::Chance);
    assert_eq!(found.len(), 1);
    assert_eq!(told(&found[0])[0], ("discount".to_owned(), 1, 40, 50));
    assert!(
        tracker
            .suggest(&Identifier::new(IdKind::Visitor, "nobody"), &question, &suggester, Rank::Chance)
            .is_empty()
    );
}

#[test]
fn the_answer_is_a_function_of_the_set_of_facts() {
    let shop = Shop::generate(&ShopConfig { shoppers: 300, ..ShopConfig::default() });
    let question = Question::new(day(300));
    let answers = |events: Vec<Event>| {
        let suggester = tracker(events).suggester(&question).least_journeys(3);
        let contexts = [vec![], vec!["availability"], vec!["delivery", "availability"]];
        let found =
            contexts.map(|context| serde_json::to_string(&suggester.after(context, Rank::Chance)).unwrap());
        found.to_vec()
    };
    let (whole, mut draws) = (answers(shop.events.clone()), Draws(4));
    assert!(whole.iter().all(|found| found.len() > 2));
    for _ in 0..3 {
        assert_eq!(answers(draws.delivered(&shop.events)), whole);
    }
}

/// Wall time of many answers over one heavy one of the same data: a ratio, since machines differ.
#[test]
fn an_answer_costs_a_thousandth_of_what_learning_does() {
    let shop = Shop::generate(&ShopConfig { shoppers: 2_000, ..ShopConfig::default() });
    let question = Question::new(day(300));
    let journeys = journeys(shop.events, &question);
    let started = Instant::now();
    let suggester = Suggester::fit(&journeys, &question);
    let fitted = started.elapsed();
    let started = Instant::now();
    for _ in 0..1_000 {
        assert!(!suggester.after(["delivery", "availability", "discount"], Rank::Chance).is_empty());
    }
    let answered = started.elapsed() / 1_000;
    println!("fitted in {fitted:?}, answered in {answered:?}");
    assert!(answered < fitted / 100, "{answered:?} {fitted:?}");
}

/// Counted in bytes that are allocated, which do not hang on the machine.
#[test]
fn a_suggestion_costs_the_shopper_and_not_the_shop() {
    let question = Question::new(day(300));
    let now = Identifier::new(IdKind::Visitor, "v-now");
    let bytes = |shoppers: u32| {
        let mut events = Shop::generate(&ShopConfig { shoppers, ..ShopConfig::default() }).events;
        events.push(Event::query("n1", hour(1), Who::visitor("v-now")).topic("delivery").into());
        let tracker = tracker(events);
        let suggester = tracker.suggester(&question).least_journeys(3);
        let ask = || tracker.suggest(&now, &question, &suggester, Rank::Chance);
        assert!(ask()[0].len() > 2);
        allocation_counter::measure(|| assert_eq!(ask().len(), 1)).bytes_total
    };
    let (few, many) = (bytes(100), bytes(2_000));
    println!("{few} bytes in a shop of 100, {many} in one of 2,000");
    assert!(many < 2 * few, "{few} {many}");
}
