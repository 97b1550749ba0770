//! What is asked again, held against a count by hand and against a shop that is told in another order.

use clinch::testing::{Shop, ShopConfig};
use clinch::{Dimension, Event, Friction, Question, Segment, Shoppers, Who};

use crate::support::{day, eur, hour};
use crate::{Draws, journeys, tracker};

fn turn(id: &str, at: i64, who: &str, topic: &str) -> Event {
    Event::query(id, hour(at), Who::visitor(who)).topic(topic).channel("web").into()
}

fn order(id: &str, at: i64, who: &str) -> Event {
    Event::order(id, hour(at), Who::visitor(who), id, eur("20.00")).into()
}

/// v1 asks for delivery twice and buys, comes back, asks for a size and buys; v2 asks for delivery twice and leaves;
/// v3 asks nothing.
fn shop() -> Vec<Event> {
    vec![
        turn("a1", 0, "v1", "delivery"),
        turn("a2", 1, "v1", "delivery"),
        order("o1", 3, "v1"),
        turn("a3", 5, "v1", "size"),
        order("o2", 6, "v1"),
        turn("b1", 0, "v2", "delivery"),
        turn("b2", 9, "v2", "delivery"),
        turn("b3", 10, "v2", "size"),
        order("o3", 2, "v3"),
    ]
}

#[test]
fn repeats_deciding_turns_and_times_are_those_of_a_count_by_hand() {
    let question = Question::new(day(30));
    let found = Friction::of(&journeys(shop(), &question), &question, &Segment::all());
    assert_eq!((found.length.count, found.length.median, found.length.most), (2, Some(1), Some(2)));
    assert_eq!((found.length_left.count, found.length_left.median), (1, Some(3)));
    assert_eq!((found.seconds.least, found.seconds.most), (Some(3_600), Some(3 * 3_600)));
    let rows: Vec<_> = found
        .rows
        .iter()
        .map(|row| {
            let (before, left) = (row.before_conversion, row.before_leaving);
            let asked = [before.journeys, before.again, left.journeys, left.again, row.deciding];
            (row.label.as_str(), asked, row.seconds.median)
        })
        .collect();
    assert_eq!(rows, [("delivery", [1, 1, 1, 1, 1], Some(7_200)), ("size", [1, 0, 1, 0, 1], Some(3_600))]);
    let text = found.to_string();
    assert!(text.contains("2 journeys to a conversion") && text.contains("delivery"), "{text}");
    let back: Friction = serde_json::from_str(&serde_json::to_string(&found).unwrap()).unwrap();
    assert_eq!(back, found);
}

#[test]
fn segments_take_journeys_by_what_was_said_and_by_who_came_back() {
    let question = Question::new(day(30));
    let journeys = journeys(shop(), &question);
    let count = |segment: &Segment| {
        let found = Friction::of(&journeys, &question, segment);
        (found.length.count, found.length_left.count)
    };
    assert_eq!(count(&Segment::all()), (2, 1));
    assert_eq!(count(&Segment::all().having(Dimension::Topic, "size")), (1, 1));
    assert_eq!(
        count(&Segment::all().having(Dimension::Topic, "size").having(Dimension::Topic, "delivery")),
        (0, 1)
    );
    assert_eq!(count(&Segment::all().having(Dimension::Channel, "email")), (0, 0));
    assert_eq!(count(&Segment::all().shoppers(Shoppers::Returning)), (1, 0));
    assert_eq!(count(&Segment::all().shoppers(Shoppers::New)), (1, 1));
}

#[test]
fn the_answer_is_a_function_of_the_set_of_facts_and_nothing_is_empty() {
    let shop = Shop::generate(&ShopConfig { shoppers: 150, ..ShopConfig::default() });
    let mut question = Question::new(day(300));
    let mut draws = Draws(4);
    for by in [Dimension::Topic, Dimension::Query, Dimension::Channel] {
        question.by = vec![by];
        let whole = tracker(shop.events.clone()).friction(&question, &Segment::all());
        assert!(!whole.rows.is_empty() && whole.seconds.count > 0);
        let shuffled = tracker(draws.delivered(&shop.events)).friction(&question, &Segment::all());
        assert_eq!(shuffled, whole);
    }
    let nothing = Friction::of(&[], &question, &Segment::all());
    assert_eq!((nothing.length.median, nothing.rows.len(), nothing.seconds.count), (None, 0, 0));
    assert!(nothing.to_string().contains("0 journeys"));
}
