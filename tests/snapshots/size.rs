//! What a snapshot takes beside what the facts take in memory.

use allocation_counter::measure;
use chrono::TimeDelta;
use clinch::{Event, Limits, Money, OrderLine, Tracker, Who};

use crate::world::start;
use crate::{bytes, key, thread};

/// Facts of one person each, several, or one for all; some are orders.
fn event(number: usize, each: usize, orders: usize) -> Event {
    let (at, who) =
        (start() + TimeDelta::seconds(number as i64), Who::visitor(format!("visitor-{}", number / each)));
    if number % 1_000 < orders {
        let total = Money::new(5990, "EUR".parse().unwrap());
        let order = Event::order(format!("event-{number}"), at, who, format!("order-{number}"), total);
        return order.line(OrderLine::new(format!("product-{}", number % 90), 2, total)).into();
    }
    let turn = Event::query(format!("event-{number}"), at, who).topic(format!("topic-{}", number % 40));
    turn.query(format!("question {}", number % 900)).into()
}

#[test]
fn a_snapshot_is_smaller_than_its_facts_in_memory() {
    for (each, orders) in [(1, 0), (12, 30), (20_000, 0), (12, 1_000)] {
        let mut tracker = None;
        let held = measure(|| {
            let mut filled = Tracker::with_limits(key(), Limits::default());
            thread::alone(|| {
                filled.extend((0..20_000).map(|number| event(number, each, orders))).unwrap();
            });
            tracker = Some(filled);
        });
        let tracker = tracker.unwrap();
        let written = bytes(&tracker);
        let mut back = None;
        let again =
            measure(|| back = Some(Tracker::restore(key(), Limits::default(), &written[..]).unwrap()));
        let beside = measure(|| tracker.snapshot(std::io::sink()).unwrap());
        let share = written.len() as f64 / held.bytes_current as f64;
        println!(
            "{each} each, {orders} orders: {} bytes of {} held, {share:.2}; restored {}, {} beside while written",
            written.len(),
            held.bytes_current,
            again.bytes_current,
            beside.bytes_max
        );
        assert!(share < 1.3, "{share:.2}");
        assert!(share > 0.05, "something was written");
        assert!(
            again.bytes_current <= held.bytes_current,
            "what is restored takes no more than what was recorded"
        );
        assert!(beside.bytes_max < held.bytes_current as u64, "no second copy while it is written");
        assert!(back.unwrap() == tracker);
    }
}
