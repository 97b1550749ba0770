//! What is kept of an event, in bytes of memory.
//!
//! With hashed ids, five dimensions, twelve events a person and three orders in a hundred it is 54 of 1.2 million that
//! came at once: 32 for the row, 16 for a twelfth of a person, five for orders. Rows that come one by one have five
//! bytes to spare, and the contents of this shop take seven of each of 120,000 events.

#[path = "support/thread.rs"]
mod thread;

use allocation_counter::measure;
use chrono::{DateTime, TimeDelta, Utc};
use clinch::{Event, Key, Limits, Money, Tracker, Who};

/// Bytes an event: of few, and of many that came at once.
const MOST: [f64; 2] = [68.0, 56.0];

/// Events a person.
const EACH: usize = 12;

fn at(number: usize) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_442_000, 0).expect("an instant in range")
        + TimeDelta::seconds(number as i64)
}

/// Turns of 2,000 contents in five dimensions, twelve a person; of a thousand events `orders` are orders.
fn event(number: usize, people: usize, orders: usize) -> Event {
    let who = Who::visitor(format!("visitor-{}", number % people));
    let id = format!("event-{number}");
    if number * 7_919 % 1_000 < orders {
        let total = Money::new(500 + number as i64 % 9_000, "EUR".parse().expect("a currency"));
        return Event::order(id, at(number), who, format!("order-{number}"), total).into();
    }
    let content = number * 31 % 2_000;
    let turn = Event::query(id, at(number), who)
        .query(format!("question {content}"))
        .topic(format!("topic-{}", content % 40))
        .intent(format!("intent-{}", content % 25))
        .product_type(format!("type-{}", content % 16));
    turn.channel(["web", "whatsapp", "email"][content % 3]).into()
}

/// Bytes held, an event.
fn bytes(count: usize, people: usize, orders: usize, bulk: bool) -> f64 {
    let mut tracker = None;
    let info = measure(|| {
        let mut limits = Limits::default();
        limits.hash_ids = true;
        let events = (0..count).map(|number| event(number, people, orders));
        let mut filled = Tracker::with_limits(Key::new(*b"sixteen secrets!"), limits);
        if bulk {
            let _intake = thread::alone(|| filled.extend(events).expect("room for them"));
        } else {
            events.for_each(|event| {
                let _new = filled.record(event).expect("room for it");
            });
        }
        tracker = Some(filled);
    });
    assert_eq!(tracker.expect("filled").len(), count);
    info.bytes_current as f64 / count as f64
}

#[test]
fn an_event_with_hashed_ids_takes_no_more_than_it_did() {
    let sizes: &[usize] = if cfg!(debug_assertions) { &[120_000] } else { &[120_000, 1_200_000] };
    for count in sizes.iter().copied() {
        let people = count / EACH;
        for bulk in [false, true] {
            let [all, turns, crowd] = [(people, 30), (people, 0), (count / 240, 0)]
                .map(|(people, orders)| bytes(count, people, orders, bulk));
            let contents = bytes(2_000, 1, 0, bulk) * 2_000.0 - 2_000.0 * 32.0;
            println!(
                "{count} events, {}: {all:.1} bytes an event",
                if bulk { "at once" } else { "one by one" }
            );
            println!("  each order {:.0} more than a row", (all - turns) / 0.03);
            println!("  all contents {:.1} an event", contents / count as f64);
            println!("  each person {:.0} beside rows", (turns - 32.0) * 12.0 - contents / people as f64);
            println!("  of 240 events a person: {crowd:.1}");
            let most = MOST[usize::from(bulk && count > 1_000_000)];
            assert!(all <= most, "{all:.1} bytes an event");
            assert!(all > 32.0, "rows alone take that much");
        }
    }
}
