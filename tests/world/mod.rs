//! Small hostile worlds: few identifiers, so that everything meets everything; equal instants; edges of windows;
//! identifiers in every text field.
#![allow(dead_code)]

use chrono::{DateTime, TimeDelta, Utc};
use clinch::event::Purpose;
use clinch::{
    Currency, Event, IdKind, Identifier, Identifiers, Key, Money, OrderLine, OrderRefund, OrderStatus,
    Question, RefundLine, Tracker,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

/// Cases of each property; `CLINCH_CASES` asks for more.
pub fn cases() -> ProptestConfig {
    cases_or(2_000)
}

/// The same with fewer of them by default, where each costs more.
pub fn cases_or(cases: u32) -> ProptestConfig {
    let asked = std::env::var("CLINCH_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(asked.unwrap_or(cases)) }
}

/// The first instant of the world.
pub fn start() -> DateTime<Utc> {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

/// After everything that a world holds.
pub fn end() -> DateTime<Utc> {
    start() + TimeDelta::days(400)
}

pub fn question() -> Question {
    Question::new(end())
}

pub fn tracker(events: impl IntoIterator<Item = Event>) -> Tracker {
    let mut tracker = Tracker::new(Key::new([7; 16]));
    tracker.extend(events).unwrap();
    tracker
}

/// Hours of two months, half of them on few instants, and the edges of a 30-day window.
pub fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    let hour = prop_oneof![4 => 0..48_i64, 4 => 0..1_440_i64, 1 => Just(720), 1 => Just(0)];
    let nanos = prop_oneof![9 => Just(0_i64), 1 => -1..=1_i64];
    (hour, nanos).prop_map(|(hour, nanos)| start() + TimeDelta::hours(hour) + TimeDelta::nanoseconds(nanos))
}

/// Identifiers, long enough to be looked for in labels; some junk.
pub fn identifier(kind: IdKind) -> impl Strategy<Value = Identifier> {
    let number = prop_oneof![12 => (0..3_u8).prop_map(Some), 1 => Just(None)];
    number.prop_map(move |number| {
        let text = number.map_or_else(|| "undefined".to_owned(), |number| named(kind, number));
        Identifier::new(kind, text)
    })
}

/// What identifiers of a world look like.
pub fn named(kind: IdKind, number: u8) -> String {
    match kind {
        IdKind::Email => format!("person{number}@mail.example"),
        IdKind::Phone => format!("+49301234{number}"),
        _ => format!("{}-{number}00", kind.name()),
    }
}

pub fn who() -> impl Strategy<Value = Identifiers> {
    let kinds = [
        of_weight(IdKind::Checkout, 0.1),
        of_weight(IdKind::Cart, 0.2),
        of_weight(IdKind::Conversation, 0.5),
        of_weight(IdKind::Visitor, 0.7),
        of_weight(IdKind::Phone, 0.05),
        of_weight(IdKind::Email, 0.1),
        of_weight(IdKind::Customer, 0.2),
    ];
    kinds.prop_map(|some| {
        let mut who = Identifiers::none();
        some.into_iter().flatten().for_each(|identifier| who.set(identifier));
        who
    })
}

fn of_weight(kind: IdKind, probability: f64) -> BoxedStrategy<Option<Identifier>> {
    proptest::option::weighted(probability, identifier(kind)).boxed()
}

/// Labels of a small vocabulary, now and then with an identifier in them.
pub fn label(name: &'static str) -> impl Strategy<Value = String> {
    let planted = (select(&IdKind::ALL[..]), 0..3_u8, select(vec!["", "see ", "%20"]))
        .prop_map(|(kind, number, before)| format!("{before}{}", named(kind, number)));
    prop_oneof![19 => (0..3_u8).prop_map(move |number| format!("{name}{number}")), 1 => planted]
}

pub fn currency() -> impl Strategy<Value = Currency> {
    select(vec!["EUR", "EUR", "JPY", "KWD"]).prop_map(|code| code.parse().unwrap())
}

pub fn minor() -> impl Strategy<Value = i64> {
    prop_oneof![1 => Just(0), 8 => 0..30_000_i64, 1 => 0..4_i64, 1 => Just(i64::MAX / 4)]
}

fn event_id() -> impl Strategy<Value = String> {
    (0..40_u8).prop_map(|number| format!("e{number}"))
}

fn code() -> impl Strategy<Value = String> {
    (0..4_u8).prop_map(|number| format!("7zk3q9t{number}"))
}

fn url() -> impl Strategy<Value = String> {
    let query = prop_oneof![
        code().prop_map(|code| format!("?clq={code}")),
        Just("?utm_source=mail&utm_medium=email".to_owned()),
        label("q").prop_map(|label| format!("?for={label}")),
        Just(String::new()),
    ];
    query.prop_map(|query| format!("https://shop.example/p{query}"))
}

macro_rules! set {
    ($event:ident: $($field:ident)*) => {{
        let mut event = $event;
        $(if let Some(value) = $field { event = event.$field(value); })*
        event
    }};
}

fn turn() -> impl Strategy<Value = Event> {
    let intents = prop_oneof![3 => label("intent"), 1 => Just("order_status".to_owned())];
    let labels = (of(label("query")), of(label("topic")), of(intents), of(label("flow")), of(label("type")));
    let labels = (labels, of(label("language")));
    let more = (of(select(vec!["web", "whatsapp"])), vec(label("p"), 0..3), of(label("text")));
    (event_id(), instant(), who(), labels, more).prop_map(
        |(id, at, who, labels, (channel, products, text))| {
            let ((query, topic, intent, flow, product_type), language) = labels;
            let event = Event::query(id, at, who);
            let event = set!(event: query topic intent flow product_type language channel text);
            products.into_iter().fold(event, |event, product| event.product(product)).into()
        },
    )
}

fn engagement() -> impl Strategy<Value = Event> {
    let head = (event_id(), instant(), who(), of(event_id()));
    (head, 0..8_u8, url(), of(code()), label("p")).prop_map(
        |((id, at, who, turn), what, url, code, product)| match what {
            0 => {
                let event = Event::recommendation(id, at, who, [product]);
                set!(event: turn).into()
            }
            1 | 2 => {
                let event = Event::link_shared(id, at, who, url).product(product);
                set!(event: turn code).into()
            }
            3 => {
                let event = Event::link_click(id, at, who).url(url);
                set!(event: turn code).into()
            }
            4 => {
                let event = Event::add_to_cart(id, at, who, product);
                set!(event: turn).into()
            }
            5 => {
                let discount_code = code;
                let event = Event::discount_offer(id, at, who);
                set!(event: turn discount_code).into()
            }
            6 => {
                let event = Event::discount_request(id, at, who);
                set!(event: turn).into()
            }
            _ => {
                let event = Event::checkout_started(id, at, who);
                set!(event: turn).into()
            }
        },
    )
}

fn visit() -> impl Strategy<Value = Event> {
    let referrer = select(vec!["https://www.google.com/", "https://news.example/", "https://shop.example/"]);
    (event_id(), instant(), who(), of(url()), of(referrer)).prop_map(|(id, at, who, url, referrer)| {
        let event = Event::visit(id, at, who);
        set!(event: url referrer).into()
    })
}

fn word() -> impl Strategy<Value = Event> {
    (event_id(), instant(), who(), 0..8_u8, any::<bool>(), of(event_id())).prop_map(
        |(id, at, who, what, yes, turn)| match what {
            0 | 1 => {
                let event = Event::feedback(id, at, who, yes);
                set!(event: turn).into()
            }
            2 => Event::consent(id, at, who, Purpose::Analytics, yes).into(),
            3 => Event::consent(id, at, who, Purpose::Marketing, yes).into(),
            4 => Event::goal(id, at, who, "sign_up").into(),
            _ => Event::identify(id, at, who).into(),
        },
    )
}

fn claim() -> impl Strategy<Value = Event> {
    let any_identifier = select(&IdKind::ALL[..]).prop_flat_map(identifier);
    let other = select(&IdKind::ALL[..]).prop_flat_map(identifier);
    (event_id(), instant(), any_identifier, other, 0..3_u8, 0..3_u8, 0..4_u8).prop_map(
        |(id, at, one, other, from, into, what)| {
            let customer = |number| named(IdKind::Customer, number);
            if what == 0 {
                Event::customer_merged(id, at, customer(from), customer(into)).into()
            } else {
                Event::claim_withdrawn(id, at, one, other).into()
            }
        },
    )
}

pub fn order_id() -> impl Strategy<Value = String> {
    (0..6_u8).prop_map(|number| format!("o{number}"))
}

/// An order whose lines need not sum to its total, with refunds inside it.
pub fn order() -> impl Strategy<Value = Event> {
    let head = (event_id(), instant(), who(), order_id(), minor(), currency());
    let status = prop_oneof![
        8 => Just(OrderStatus::Placed),
        2 => Just(OrderStatus::Paid),
        1 => Just(OrderStatus::Cancelled),
        1 => Just(OrderStatus::Test),
    ];
    let lines = vec((label("p"), 0..9_000_i64), 0..4);
    let refunds = vec((0..4_u8, 0..9_000_i64, of(label("p"))), 0..2);
    let more = (of(instant()), vec(code(), 0..2), vec(code(), 0..2), of(url()));
    (head, status, lines, refunds, more).prop_map(
        |(
            (id, at, who, order, minor, currency),
            status,
            lines,
            refunds,
            (updated_at, codes, discounts, url),
        )| {
            let money = |minor| Money::new(minor, currency);
            let event = Event::order(id, at, who, order, money(minor)).status(status);
            let mut event = set!(event: updated_at url);
            for (product, minor) in lines {
                event = event.line(OrderLine::new(product, 1, money(minor)));
            }
            for (refund, minor, product) in refunds {
                let mut refund = OrderRefund::new(format!("r{refund}"), money(minor));
                if let Some(product) = product {
                    refund = refund.line(RefundLine::new(product, money(minor)));
                }
                event = event.refund(refund);
            }
            event = codes.into_iter().fold(event, |event, code| event.code(code));
            discounts.into_iter().fold(event, |event, code| event.discount_code(code)).into()
        },
    )
}

pub fn refund() -> impl Strategy<Value = Event> {
    (event_id(), instant(), 0..4_u8, order_id(), minor(), currency()).prop_map(
        |(id, at, refund, order, minor, currency)| {
            Event::refund(id, at, format!("r{refund}"), order, Money::new(minor, currency)).into()
        },
    )
}

pub fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => turn(),
        5 => engagement(),
        2 => visit(),
        2 => word(),
        1 => claim(),
        4 => order(),
        1 => refund(),
    ]
}

/// A world of up to `most` events.
pub fn world(most: usize) -> impl Strategy<Value = Vec<Event>> {
    vec(event(), 0..most)
}

/// A permutation of deliveries in which some stand several times, split into calls.
pub fn deliveries(most: usize) -> impl Strategy<Value = (Vec<Event>, Vec<Event>)> {
    world(most).prop_flat_map(|events| {
        let repeated = if events.is_empty() {
            Just(Vec::new()).boxed()
        } else {
            vec(select(events.clone()), 0..events.len()).boxed()
        };
        (Just(events.clone()), repeated).prop_flat_map(|(events, mut all)| {
            all.extend(events.iter().cloned());
            (Just(events), Just(all).prop_shuffle())
        })
    })
}
