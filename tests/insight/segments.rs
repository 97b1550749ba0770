//! Segments: each dimension, new and returning shoppers, and all of them together.

use clinch::{Dimension, Event, Question, Segment, Shoppers, Who};

use crate::support::{eur, hour};
use crate::tracker;

/// Four shoppers; the last one has bought before.
fn shop() -> Vec<Event> {
    let who = |shopper: usize| Who::visitor(format!("v{shopper}"));
    let labels = [
        ("size", "product_question", "shoes", "web", "de"),
        ("size", "advice", "hats", "whatsapp", "fr"),
        ("delivery", "product_question", "hats", "web", "fr"),
        ("delivery", "advice", "shoes", "whatsapp", "de"),
    ];
    let turns = (0..).zip(labels).map(|(shopper, (topic, intent, product_type, channel, language))| {
        let turn = Event::query(format!("q{shopper}"), hour(10 + shopper as i64), who(shopper)).topic(topic);
        let turn = turn.intent(intent).product_type(product_type).language(language);
        Event::from(turn.channel(channel))
    });
    let order =
        |id: &str, at, shopper| Event::from(Event::order(id, hour(at), who(shopper), id, eur("20.00")));
    turns.chain([order("before", 1, 3), order("after", 30, 3), order("other", 31, 0)]).collect()
}

/// Converted, and of how many, as a review has it; and how many whole journeys are in it.
#[track_caller]
fn check(segment: Segment, converted: u64, of: u64) {
    let (tracker, question) = (tracker(shop()), Question::new(hour(100)));
    let all = tracker.review(&question, &segment, None).unwrap().all.converted;
    assert_eq!((all.count, all.of), (converted, of), "{segment:?}");
    let journeys = tracker.all_journeys(&question);
    assert_eq!(journeys.iter().filter(|journey| segment.includes(journey)).count() as u64, of);
    let friction = tracker.friction(&question, &segment);
    assert_eq!(friction.segment, segment);
    let text = serde_json::to_string(&segment).unwrap();
    assert_eq!(serde_json::from_str::<Segment>(&text).unwrap(), segment);
}

#[test]
fn a_segment_is_chosen_by_each_dimension_and_by_whether_the_shopper_is_new() {
    let having = |dimension, value: &str| Segment::all().having(dimension, value);
    check(Segment::all(), 2, 4);
    check(having(Dimension::Topic, "size"), 1, 2);
    check(having(Dimension::Intent, "advice"), 1, 2);
    check(having(Dimension::ProductType, "hats"), 0, 2);
    check(having(Dimension::Channel, "web"), 1, 2);
    check(having(Dimension::Language, "de"), 2, 2);
    check(having(Dimension::Language, "fr"), 0, 2);
    check(Segment::all().shoppers(Shoppers::New), 1, 3);
    check(Segment::all().shoppers(Shoppers::Returning), 1, 1);
    check(having(Dimension::Language, "de").shoppers(Shoppers::New), 1, 1);
    check(having(Dimension::Topic, "size").having(Dimension::Language, "fr"), 0, 1);
}

#[test]
fn what_nobody_said_chooses_nobody_and_evidence_is_nothing_said() {
    check(Segment::all().having(Dimension::Language, "it"), 0, 0);
    check(Segment::all().having(Dimension::Evidence, "same_visitor"), 0, 0);
}

#[test]
fn a_report_by_language_credits_the_question_asked_in_it() {
    let mut question = Question::new(hour(100));
    (question.by, question.models) = (vec![Dimension::Language], vec!["linear".parse().unwrap()]);
    let report = tracker(shop()).report(&question).unwrap();
    let rows: Vec<(&str, &str)> =
        report.tables[0].rows.iter().map(|row| (row.label.as_str(), row.models[0].value.as_str())).collect();
    assert_eq!(rows, [("de", "40.00")]);
}
