//! With feature `parallel` the bytes of an answer are the same on any number of threads.

use chrono::{DateTime, TimeDelta, Utc};
use clinch::{Dimension, Event, Key, Money, Question, Tracker, Who};

/// More shoppers than one thread takes at a time.
const SHOPPERS: usize = 9_000;

fn tracker() -> Tracker {
    let start: DateTime<Utc> = "2026-03-01T00:00:00Z".parse().unwrap();
    let mut events: Vec<Event> = Vec::new();
    for shopper in 0..SHOPPERS {
        let who = || Who::visitor(format!("visitor-{shopper}"));
        let at = start + TimeDelta::minutes(shopper as i64 * 7);
        for turn in 0..shopper % 4 {
            let id = format!("turn-{shopper}-{turn}");
            let asked = Event::query(&id, at + TimeDelta::hours(turn as i64), who());
            let asked =
                asked.topic(format!("topic-{}", (shopper + turn) % 11)).query(format!("query-{}", turn));
            events.push(if shopper.is_multiple_of(2) { asked.channel("web").into() } else { asked.into() });
            if shopper.is_multiple_of(5) {
                // A link of this turn that the next shopper follows.
                let url = format!("https://shop.example/?clq=code{shopper}");
                events.push(Event::link_shared(format!("link-{id}"), at, who(), url).turn(&id).into());
            }
        }
        if shopper.is_multiple_of(3) {
            let url = format!("https://shop.example/?clq=code{}", shopper.saturating_sub(1));
            let click = Event::link_click(format!("click-{shopper}"), at + TimeDelta::hours(9), who());
            events.push(click.url(url).into());
            let currency = if shopper.is_multiple_of(7) { "JPY" } else { "EUR" };
            let total = Money::new(1_000 + shopper as i64, currency.parse().unwrap());
            let bought = at + TimeDelta::hours(10);
            events.push(
                Event::order(format!("bought-{shopper}"), bought, who(), shopper.to_string(), total).into(),
            );
        }
    }
    let mut tracker = Tracker::new(Key::new(*b"sixteen secrets!"));
    tracker.extend(events).unwrap();
    tracker
}

fn question() -> Question {
    let mut question = Question::new("2027-01-01T00:00:00Z".parse().unwrap());
    question.by = vec![Dimension::Topic, Dimension::Product, Dimension::Evidence];
    question
}

fn on<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
fn reports_are_the_same_on_any_number_of_threads() {
    let (tracker, question) = (tracker(), question());
    let report =
        |threads| on(threads, || serde_json::to_string(&tracker.report(&question).unwrap()).unwrap());
    let one = report(1);
    assert!(one.contains("topic-3") && one.contains("JPY"));
    for threads in [2, 3, 8] {
        assert_eq!(report(threads), one, "{threads} threads");
    }
}

#[test]
fn a_model_that_fails_fails_with_one_error_on_any_number_of_threads() {
    let (tracker, mut question) = (tracker(), question());
    let moody = clinch::model::custom("moody", |path, weights| {
        let even = path.conversion().value.is_some_and(|value| value.minor() % 2 == 0);
        weights.extend((0..path.len()).map(|_| if even { 1.0 } else { f64::NAN }));
        Ok(())
    });
    question.models = vec![moody.into()];
    let error = |threads| on(threads, || tracker.report(&question).unwrap_err().to_string());
    let one = error(1);
    assert!(one.contains("moody"), "{one}");
    for threads in [2, 8] {
        assert_eq!(error(threads), one, "{threads} threads");
    }
}
