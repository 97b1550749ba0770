//! Facts of every awkward shape, by their number: what an answer costs must grow with the number of facts alone,
//! wherever they pile up.

use chrono::{DateTime, TimeDelta, Utc};
use clinch::{
    Dimension, Event, IdKind, Identifier, Identifiers, Key, Money, Question, Report, Tracker, Transform,
    Unit, Who,
};

/// So many facts of one shape, and what is asked about them.
pub struct Shape {
    pub name: &'static str,
    pub events: fn(usize) -> Vec<Event>,
    pub ask: fn(&mut Question),
}

pub const SHAPES: &[Shape] = &[
    shape("ordinary", ordinary),
    shape("one_person", one_person),
    shape("many_people", many_people),
    shape("hub_visitor", hub_visitor),
    shape("hub_mailbox", hub_mailbox),
    shape("chain_of_visitors", chain_of_visitors),
    shape("chain_of_customers", chain_of_customers),
    shape("many_handles", many_handles),
    shape("many_withdrawals", many_withdrawals),
    shape("one_instant", one_instant),
    shape("reverse_arrival", reverse_arrival),
    shape("one_event_id", one_event_id),
    shape("one_order", one_order),
    shape("one_order_of_many", one_order_of_many),
    shape("many_codes", many_codes),
    shape("one_code", one_code),
    shape("one_discount_code", one_discount_code),
    shape("turns_of_others", turns_of_others),
    shape("codes_of_others", codes_of_others),
    shape("nobody", nobody),
    Shape { name: "new_labels", events: new_labels, ask: by_query },
    Shape { name: "first_of_each", events: new_labels, ask: first_of_each },
    Shape { name: "last_of_each", events: new_labels, ask: last_of_each },
    Shape { name: "by_conversation", events: many_handles, ask: by_conversation },
    Shape { name: "one_conversation", events: new_labels, ask: by_conversation },
    shape("many_engagements", many_engagements),
    shape("many_orders", many_orders),
];

const fn shape(name: &'static str, events: fn(usize) -> Vec<Event>) -> Shape {
    Shape { name, events, ask: |_| {} }
}

fn by_query(question: &mut Question) {
    question.by = vec![Dimension::Query, Dimension::Topic];
}

fn first_of_each(question: &mut Question) {
    by_query(question);
    question.rules.transform = Transform::FirstOfEach;
}

fn last_of_each(question: &mut Question) {
    by_query(question);
    question.rules.transform = Transform::LastOfEach;
}

fn by_conversation(question: &mut Question) {
    by_query(question);
    question.rules.unit = Unit::Conversation;
}

/// One by one, as a server takes them in.
#[inline(never)]
pub fn record_all(events: Vec<Event>) -> Tracker {
    let mut tracker = Tracker::new(Key::new(*b"sixteen secrets!"));
    for event in events {
        let _recorded = tracker.record(event).expect("room for it");
    }
    tracker
}

#[inline(never)]
pub fn report_all(tracker: &Tracker, question: &Question) -> Report {
    tracker.report(question).expect("models that keep their contract")
}

/// Everything is seen.
pub fn question(shape: &Shape) -> Question {
    let mut question = Question::new(after(0) + TimeDelta::days(366 * 2_000));
    (shape.ask)(&mut question);
    question
}

/// So many minutes after the start.
fn after(minutes: usize) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_442_000, 0).expect("an instant in range")
        + TimeDelta::minutes(minutes as i64)
}

fn eur(minor: usize) -> Money {
    Money::new(minor as i64, "EUR".parse().expect("a currency"))
}

fn query(number: usize, at: usize, who: Identifiers) -> Event {
    let turn = Event::query(format!("turn-{number}"), after(at), who);
    turn.topic(format!("topic-{}", number % 40)).channel("web").into()
}

fn order(number: usize, at: usize, who: Identifiers) -> Event {
    Event::order(format!("ordered-{number}"), after(at), who, format!("{number}"), eur(500 + number % 9_000))
        .into()
}

/// Shopper after shopper, eight events each: turns in two conversations, clicks, a login, an order.
fn ordinary(count: usize) -> Vec<Event> {
    let shopper = |number: usize| {
        let (visitor, at) = (format!("visitor-{number}"), number * 7 % 90_000);
        let chat = |part| Who::visitor(&visitor).conversation(format!("chat-{number}-{part}"));
        let known = || Who::visitor(&visitor).customer(format!("customer-{number}"));
        let (turn, place) = (|part| format!("turn-{}", number * 8 + part), number * 8);
        let click =
            |part: usize| Event::link_click(format!("click-{}", place + part), after(at + part), chat(0));
        let bought: Event = if number.is_multiple_of(3) {
            order(number, at + 2_000, known())
        } else {
            Event::visit(format!("visit-{number}"), after(at + 2_000), known()).into()
        };
        [
            query(place, at, chat(0)),
            click(1).turn(turn(0)).product(format!("product-{}", number % 200)).into(),
            query(place + 2, at + 2, chat(0)),
            click(3).into(),
            query(place + 4, at + 900, chat(1)),
            query(place + 5, at + 901, chat(1)),
            Event::identify(format!("login-{number}"), after(at + 1_900), known()).into(),
            bought,
        ]
    };
    (0..count / 8).flat_map(shopper).collect()
}

/// Every sixth hour an event of one person, every thirtieth an order: a window holds 120.
fn one_person(count: usize) -> Vec<Event> {
    let who = || Who::visitor("visitor").customer("customer");
    let event = |number| match number % 30 {
        29 => order(number, number * 360, who()),
        _ => query(number, number * 360, who()),
    };
    (0..count).map(event).collect()
}

fn many_people(count: usize) -> Vec<Event> {
    (0..count).map(|number| query(number, number, Who::visitor(format!("visitor-{number}")))).collect()
}

/// A device in a shop, on which one customer after the other logs in.
fn hub_visitor(count: usize) -> Vec<Event> {
    let event = |number: usize| {
        let who = Who::visitor("device").customer(format!("customer-{}", number / 2));
        if number.is_multiple_of(2) { query(number, number, who) } else { order(number, number, who) }
    };
    (0..count).map(event).collect()
}

fn hub_mailbox(count: usize) -> Vec<Event> {
    let event = |number: usize| {
        let who = Who::visitor(format!("visitor-{number}")).email("info@shop.example");
        if number % 30 == 29 { order(number, number * 360, who) } else { query(number, number * 360, who) }
    };
    (0..count).map(event).collect()
}

/// Each conversation was held on two devices, each device held two conversations.
fn chain_of_visitors(count: usize) -> Vec<Event> {
    let event = |number: usize| {
        let (visitor, chat) = (number.div_ceil(2), number / 2);
        let who = Who::visitor(format!("visitor-{visitor}")).conversation(format!("chat-{chat}"));
        if number % 30 == 29 { order(number, number * 360, who) } else { query(number, number * 360, who) }
    };
    (0..count).map(event).collect()
}

fn chain_of_customers(count: usize) -> Vec<Event> {
    let event = |number: usize| {
        let customer = |number: usize| format!("customer-{number}");
        if number.is_multiple_of(2) {
            return query(number, number * 360, Who::customer(customer(number / 2)));
        }
        let (from, into) = (customer(number / 2), customer(number / 2 + 1));
        Event::customer_merged(format!("merged-{number}"), after(number * 360), from, into).into()
    };
    (0..count).map(event).collect()
}

/// A new conversation for each question of one person.
fn many_handles(count: usize) -> Vec<Event> {
    let event = |number: usize| {
        let who = Who::visitor("visitor").conversation(format!("chat-{number}"));
        if number + 1 == count { order(number, number, who) } else { query(number, number, who) }
    };
    (0..count).map(event).collect()
}

/// Customers leave a device one by one.
fn many_withdrawals(count: usize) -> Vec<Event> {
    let event = |number: usize| {
        let customer = format!("customer-{}", number / 2);
        if number.is_multiple_of(2) {
            return query(number, number, Who::visitor("device").customer(customer));
        }
        let ids = (Identifier::new(IdKind::Visitor, "device"), Identifier::new(IdKind::Customer, customer));
        Event::claim_withdrawn(format!("left-{number}"), after(number), ids.0, ids.1).into()
    };
    (0..count).map(event).collect()
}

/// The clock of a host stands still: every shopper, and one of them with half of the events.
fn one_instant(count: usize) -> Vec<Event> {
    let event = |number: usize| {
        let who = Who::visitor(format!("visitor-{}", if number.is_multiple_of(2) { 0 } else { number }));
        if number % 1_000 == 999 { order(number, 0, who) } else { query(number * 7_919 % count, 0, who) }
    };
    (0..count).map(event).collect()
}

fn reverse_arrival(count: usize) -> Vec<Event> {
    let mut events = one_person(count / 2);
    events.extend(ordinary(count / 2));
    events.reverse();
    events
}

fn one_event_id(count: usize) -> Vec<Event> {
    let event = |number: usize| {
        let turn = Event::query("turn", after(number / 4), Who::visitor("visitor"));
        turn.topic(format!("topic-{}", number % 4)).into()
    };
    (0..count).map(event).collect()
}

/// Half versions, half refunds.
fn one_order(count: usize) -> Vec<Event> {
    one_order_by(count, |_| Who::customer("customer"))
}

fn one_order_of_many(count: usize) -> Vec<Event> {
    one_order_by(count, |number| Who::visitor(format!("visitor-{number}")))
}

fn one_order_by(count: usize, who: impl Fn(usize) -> Identifiers) -> Vec<Event> {
    let event = |number: usize| {
        let at = after(number);
        if number.is_multiple_of(2) {
            Event::order(format!("told-{number}"), at, who(number), "1001", eur(5_000 + number)).into()
        } else {
            Event::refund(format!("back-{number}"), at, format!("r{number}"), "1001", eur(1)).into()
        }
    };
    (0..count).map(event).collect()
}

/// A link with a code of its own for each shopper; each is followed, and each tenth code stands on an order.
fn many_codes(count: usize) -> Vec<Event> {
    let shopper = |number: usize| {
        let who = || Who::visitor(format!("visitor-{number}"));
        let (turn, code) = (format!("turn-{number}"), format!("code-{number}"));
        let shared =
            Event::link_shared(format!("shared-{number}"), after(number), who(), "https://shop.example");
        let click = Event::link_click(
            format!("click-{number}"),
            after(number + 1),
            Who::visitor(format!("b-{number}")),
        );
        let bought =
            Event::order(format!("o-{number}"), after(number + 2), who(), format!("{number}"), eur(100));
        let last: Event = if number.is_multiple_of(10) {
            bought.code(code.clone()).into()
        } else {
            query(number + count, number, who())
        };
        [
            query(number, number, who()),
            shared.turn(turn).code(code.clone()).into(),
            click.code(code).into(),
            last,
        ]
    };
    (0..count / 4).flat_map(shopper).collect()
}

/// One link that everybody follows, half of them to buy.
fn one_code(count: usize) -> Vec<Event> {
    let mut events = vec![query(0, 0, Who::visitor("bot"))];
    let shared = Event::link_shared("shared", after(0), Who::visitor("bot"), "https://shop.example");
    events.push(shared.turn("turn-0").code("everybody").into());
    events.extend((1..count / 2).flat_map(|number| {
        let who = || Who::visitor(format!("visitor-{number}"));
        let click = Event::link_click(format!("click-{number}"), after(number), who()).code("everybody");
        [click.into(), order(number, number + 1, who())]
    }));
    events
}

/// One discount code that every turn offered, used on every order.
fn one_discount_code(count: usize) -> Vec<Event> {
    let shopper = |number: usize| {
        let who = || Who::visitor(format!("visitor-{number}"));
        let offer = Event::discount_offer(format!("offer-{number}"), after(number), who());
        let bought =
            Event::order(format!("o-{number}"), after(number + 2), who(), format!("{number}"), eur(100));
        [
            query(number, number, who()),
            offer.turn(format!("turn-{number}")).discount_code("SPRING").into(),
            bought.discount_code("SPRING").into(),
        ]
    };
    (0..count / 3).flat_map(shopper).collect()
}

/// One person follows what everybody else asked about.
fn turns_of_others(count: usize) -> Vec<Event> {
    let pair = |number: usize| {
        let click = Event::link_click(format!("click-{number}"), after(number + 1), Who::visitor("reader"));
        [
            query(number, number, Who::visitor(format!("visitor-{number}"))),
            click.turn(format!("turn-{number}")).into(),
        ]
    };
    (0..count / 2).flat_map(pair).chain([order(count, count, Who::visitor("reader"))]).collect()
}

/// One person follows links that everybody else was given, and buys every tenth time; a day lies between.
fn codes_of_others(count: usize) -> Vec<Event> {
    let some = |number: usize| {
        let (who, at) = (|| Who::visitor(format!("visitor-{number}")), number * 1_440);
        let shared = Event::link_shared(format!("shared-{number}"), after(at), who(), "https://shop.example");
        let click = Event::link_click(format!("click-{number}"), after(at + 1), Who::visitor("reader"));
        let mut events: Vec<Event> = vec![
            query(number, at, who()),
            shared.turn(format!("turn-{number}")).code(format!("code-{number}")).into(),
            click.code(format!("code-{number}")).into(),
        ];
        events.extend((number % 10 == 9).then(|| order(number, at + 2, Who::visitor("reader"))));
        events
    };
    (0..count * 10 / 31).flat_map(some).collect()
}

/// Placeholders instead of identifiers.
fn nobody(count: usize) -> Vec<Event> {
    let event = |number: usize| {
        let who = Who::visitor("undefined");
        if number % 10 == 9 { order(number, number, who) } else { query(number, number, who) }
    };
    (0..count).map(event).collect()
}

/// One person asks something new each minute of a window, all in one conversation, and buys.
fn new_labels(count: usize) -> Vec<Event> {
    let who = || Who::visitor("visitor").conversation("chat");
    let turn = |number: usize| {
        let turn = Event::query(format!("turn-{number}"), after(number), who());
        turn.query(format!("question {number}")).topic(format!("topic-{}", number % 40)).into()
    };
    (1..count).map(turn).chain([order(count, count, who())]).collect()
}

/// One turn with very many clicks; some answer helped, some did not.
fn many_engagements(count: usize) -> Vec<Event> {
    let who = || Who::visitor("visitor");
    let event = |number: usize| {
        let (id, at) = (format!("event-{number}"), after(number));
        match number {
            0 => query(0, 0, who()),
            _ if number + 1 == count => order(number, number, who()),
            _ if number.is_multiple_of(3) => {
                Event::feedback(id, at, who(), number.is_multiple_of(2)).turn("turn-0").into()
            }
            _ => Event::link_click(id, at, who()).turn("turn-0").product(format!("product-{number}")).into(),
        }
    };
    (0..count).map(event).collect()
}

/// One person with a turn and many orders.
fn many_orders(count: usize) -> Vec<Event> {
    let who = || Who::visitor("visitor");
    let orders = (1..count).map(|number| order(number * 7_919 % count, number % 40_000, who()));
    [query(0, 0, who())].into_iter().chain(orders).collect()
}
