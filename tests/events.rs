//! The event log: what is written reads back.

use chrono::{DateTime, TimeDelta, Utc};
use clinch::event::jsonl;
use clinch::event::{OrderLine, OrderRefund, OrderStatus, Purpose, RefundLine};
use clinch::{Currency, Event, EventOf, IdKind, Identifier, Identifiers, Money};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Any text: control characters, quotes, line feeds and all planes of Unicode.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::collection::vec(any::<char>(), 0..8).prop_map(|chars| chars.into_iter().collect()),
        select(vec!["", "\u{feff}", "null", "0", "\n", "\"\\\u{0}\u{2028}", "Größe ёж 靴 🧦"])
            .prop_map(str::to_owned),
    ]
}

fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    let any_second = DateTime::<Utc>::MIN_UTC.timestamp()..=DateTime::<Utc>::MAX_UTC.timestamp();
    let usual_second = 0_i64..4_102_444_800;
    let nanos = prop_oneof![Just(0_u32), 0_u32..1_000_000_000];
    prop_oneof![
        4 => (usual_second, nanos.clone()),
        1 => (any_second, nanos),
    ]
    .prop_map(|(second, nanos)| DateTime::from_timestamp(second, nanos).unwrap())
}

fn identifier() -> impl Strategy<Value = Identifier> {
    (select(IdKind::ALL.to_vec()), text()).prop_map(|(kind, text)| Identifier::new(kind, text))
}

fn who() -> impl Strategy<Value = Identifiers> {
    prop::collection::vec(identifier(), 0..5).prop_map(|identifiers| {
        let mut who = Identifiers::none();
        identifiers.into_iter().for_each(|identifier| who.set(identifier));
        who
    })
}

fn currency() -> impl Strategy<Value = Currency> {
    select(Currency::all().collect::<Vec<_>>())
}

fn money() -> impl Strategy<Value = Money> {
    (any::<i64>(), currency()).prop_map(|(minor, currency)| Money::new(minor, currency))
}

/// Calls each setter whose value is there.
macro_rules! with {
    ($event:expr; $($setter:ident $value:expr),*) => {{
        let mut event = $event;
        $(if let Some(value) = $value {
            event = event.$setter(value);
        })*
        event
    }};
}

/// Channel and turn may stand on any kind.
fn whole<K: std::fmt::Debug + 'static>(
    kind: impl Strategy<Value = EventOf<K>> + 'static,
) -> BoxedStrategy<Event>
where
    Event: From<EventOf<K>>,
{
    (kind, option::of(text()), option::of(text()))
        .prop_map(|(event, channel, turn)| Event::from(with!(event; channel channel, turn turn)))
        .boxed()
}

/// Id, instant and identifiers.
fn head() -> impl Strategy<Value = (String, DateTime<Utc>, Identifiers)> {
    (text(), instant(), who())
}

/// Four texts that may be missing.
fn maybe() -> impl Strategy<Value = [Option<String>; 4]> {
    prop::array::uniform4(option::of(text()))
}

/// Up to three of something.
fn few<T: std::fmt::Debug>(item: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    prop::collection::vec(item, 0..4)
}

fn turns() -> impl Strategy<Value = Event> {
    let query = (head(), maybe(), maybe(), few(text()), option::of(money())).prop_map(
        |(
            (id, at, who),
            [words, query, topic, intent],
            [flow, product_type, language, _],
            products,
            cost,
        )| {
            let event = with!(Event::query(id, at, who);
                text words, query query, topic topic, intent intent,
                flow flow, product_type product_type, language language, cost cost);
            products.into_iter().fold(event, |event, product| event.product(product))
        },
    );
    let feedback =
        (head(), any::<bool>()).prop_map(|((id, at, who), helpful)| Event::feedback(id, at, who, helpful));
    let recommendation = (head(), few(text()))
        .prop_map(|((id, at, who), products)| Event::recommendation(id, at, who, products));
    prop_oneof![whole(query), whole(feedback), whole(recommendation)]
}

fn links() -> impl Strategy<Value = Event> {
    let shared = (head(), text(), maybe()).prop_map(|((id, at, who), url, [code, product, ..])| {
        with!(Event::link_shared(id, at, who, url); code code, product product)
    });
    let click = (head(), maybe()).prop_map(|((id, at, who), [url, code, product, _])| {
        with!(Event::link_click(id, at, who); url url, code code, product product)
    });
    let visit = (head(), maybe()).prop_map(|((id, at, who), [url, referrer, code, _])| {
        with!(Event::visit(id, at, who); url url, referrer referrer, code code)
    });
    prop_oneof![whole(shared), whole(click), whole(visit)]
}

fn shopping() -> impl Strategy<Value = Event> {
    let item = || (head(), text(), any::<u32>(), option::of(money()));
    let add = item().prop_map(|((id, at, who), product, quantity, price)| {
        with!(Event::add_to_cart(id, at, who, product).quantity(quantity); price price)
    });
    let remove = item().prop_map(|((id, at, who), product, quantity, price)| {
        with!(Event::remove_from_cart(id, at, who, product).quantity(quantity); price price)
    });
    let checkout = head().prop_map(|(id, at, who)| Event::checkout_started(id, at, who));
    let request = (head(), option::of(text()))
        .prop_map(|((id, at, who), code)| with!(Event::discount_request(id, at, who); discount_code code));
    let offer = (head(), option::of(text()))
        .prop_map(|((id, at, who), code)| with!(Event::discount_offer(id, at, who); discount_code code));
    let goal = (head(), text(), option::of(money()))
        .prop_map(|((id, at, who), goal, value)| with!(Event::goal(id, at, who, goal); value value));
    prop_oneof![whole(add), whole(remove), whole(checkout), whole(request), whole(offer), whole(goal)]
}

fn refund_lines(currency: Currency) -> impl Strategy<Value = Vec<RefundLine>> {
    few((text(), any::<i64>())
        .prop_map(move |(product, minor)| RefundLine::new(product, Money::new(minor, currency))))
}

fn orders() -> impl Strategy<Value = Event> {
    let order = currency().prop_flat_map(|currency| {
        let money = move || any::<i64>().prop_map(move |minor| Money::new(minor, currency));
        let line = (text(), option::of(text()), any::<u32>(), money()).prop_map(
            |(product, product_type, quantity, total)| {
                with!(OrderLine::new(product, quantity, total); product_type product_type)
            },
        );
        let refund = (text(), money(), refund_lines(currency)).prop_map(|(refund, amount, lines)| {
            lines.into_iter().fold(OrderRefund::new(refund, amount), OrderRefund::line)
        });
        let lists = (few(line), few(text()), few(text()), few(refund));
        let rest = (option::of(instant()), select(OrderStatus::ALL.to_vec()), maybe());
        (head(), text(), money(), lists, rest).prop_map(|((id, at, who), order, total, lists, rest)| {
            let (lines, codes, discount_codes, refunds) = lists;
            let (updated_at, status, [url, referrer, ..]) = rest;
            let event = with!(Event::order(id, at, who, order, total).status(status);
                updated_at updated_at, url url, referrer referrer);
            let event = lines.into_iter().fold(event, |event, line| event.line(line));
            let event = codes.into_iter().fold(event, |event, code| event.code(code));
            let event = discount_codes.into_iter().fold(event, |event, code| event.discount_code(code));
            refunds.into_iter().fold(event, |event, refund| event.refund(refund))
        })
    });
    let refund = currency().prop_flat_map(|currency| {
        (head(), text(), text(), any::<i64>(), refund_lines(currency)).prop_map(
            move |((id, at, _), refund, order, minor, lines)| {
                let event = Event::refund(id, at, refund, order, Money::new(minor, currency));
                lines.into_iter().fold(event, |event, line| event.line(line))
            },
        )
    });
    prop_oneof![whole(order), whole(refund)]
}

fn people() -> impl Strategy<Value = Event> {
    let identify = head().prop_map(|(id, at, who)| Event::identify(id, at, who));
    let consent = (head(), select(Purpose::ALL.to_vec()), any::<bool>())
        .prop_map(|((id, at, who), purpose, granted)| Event::consent(id, at, who, purpose, granted));
    let withdrawn = (head(), identifier(), identifier())
        .prop_map(|((id, at, _), one, other)| Event::claim_withdrawn(id, at, one, other));
    let merged = (head(), text(), text())
        .prop_map(|((id, at, _), from, into)| Event::customer_merged(id, at, from, into));
    prop_oneof![whole(identify), whole(consent), whole(withdrawn), whole(merged)]
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![turns(), links(), shopping(), orders(), people()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn what_is_written_reads_back(event in events()) {
        let line = jsonl::write_line(&event);
        prop_assert!(!line.contains('\n'), "{line}");
        let read = jsonl::read_line(line.as_bytes());
        prop_assert_eq!(read.as_ref(), Ok(&event), "{}", line);
        prop_assert_eq!(&jsonl::write_line(&read.unwrap()), &line);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(serde_json::from_value::<Event>(value).unwrap(), event);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = jsonl::read(&bytes[..]).count();
    }

    #[test]
    fn no_change_of_a_good_line_panics(event in events(), place: prop::sample::Index, byte: u8) {
        let mut line = jsonl::write_line(&event).into_bytes();
        let place = place.index(line.len());
        line[place] = byte;
        let _ = jsonl::read_line(&line);
        let _ = jsonl::read_line(&line[..place]);
    }
}

#[test]
fn a_leap_second_and_the_ends_of_time_read_back() {
    let leap = "2016-12-31T23:59:60.5Z".parse().unwrap();
    for at in [leap, DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        let event = Event::from(Event::identify("e1", at, Identifiers::none()));
        assert_eq!(jsonl::read_line(jsonl::write_line(&event).as_bytes()), Ok(event));
    }
}

#[test]
fn instants_beyond_the_ends_of_time_are_refused_and_none_panics() {
    for (at, good) in [
        ("9999-12-31T23:59:59.999999999Z", true),
        ("+10000-01-01T00:00:00Z", true),
        ("-0001-12-31T23:59:59Z", true),
        ("0000-01-01T00:00:00+23:59", true),
        ("+262142-12-31T23:59:59-23:59", false),
        ("-262143-01-01T00:00:00+23:59", false),
        ("+262143-01-01T00:00:00Z", false),
        ("10000-01-01T00:00:00Z", false),
        ("2026-02-29T00:00:00Z", false),
        ("2026-03-01T24:00:00Z", false),
        ("2026-03-01T10:00:00", false),
    ] {
        let line = format!(r#"{{"id":"e1","at":"{at}","kind":"identify","visitor":"v9"}}"#);
        assert_eq!(jsonl::read_line(line.as_bytes()).is_ok(), good, "{at}");
    }
}

#[test]
fn a_withdrawal_is_one_fact_whichever_identifier_is_named_first() {
    let at = "2026-03-01T10:00:00Z".parse().unwrap();
    let identifier = |(kind, text)| Identifier::new(kind, text);
    for (pair, written) in [
        ([(IdKind::Customer, "k1"), (IdKind::Cart, "c1")], r#""cart":"c1","customer":"k1""#),
        ([(IdKind::Customer, "k2"), (IdKind::Customer, "k1")], r#""from":"k1","into":"k2""#),
        ([(IdKind::Visitor, "v2"), (IdKind::Visitor, "v1")], r#""of":"visitor","from":"v1","into":"v2""#),
    ] {
        let [one, other] = pair.map(identifier);
        let event = Event::from(Event::claim_withdrawn("e1", at, one.clone(), other.clone()));
        let line = jsonl::write_line(&event);
        assert!(line.contains(written), "{line}");
        assert_eq!(event, Event::from(Event::claim_withdrawn("e1", at, other, one)));
        assert_eq!(jsonl::read_line(line.as_bytes()), Ok(event));
    }
}

#[test]
fn an_offset_is_taken_into_account_and_nanoseconds_are_kept() {
    let line = br#"{"id":"e1","kind":"identify","at":"2026-03-01T01:30:00.000000001+02:00","visitor":"v9"}"#;
    let at: DateTime<Utc> = "2026-02-28T23:30:00Z".parse().unwrap();
    assert_eq!(jsonl::read_line(line).unwrap().at(), at + TimeDelta::nanoseconds(1));
}
