//! The event log: what is written reads back, and what is bad is named by line, field and reason.

use std::io::{self, BufReader, Read};

use chrono::{DateTime, TimeDelta, Utc};
use clinch::event::jsonl::{self, LineError};
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
        |((id, at, who), [words, query, topic, intent], [flow, product_type, ..], products, cost)| {
            let event = with!(Event::query(id, at, who);
                text words, query query, topic topic, intent intent,
                flow flow, product_type product_type, cost cost);
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

/// The only error of a log of one line.
#[track_caller]
fn refusal(line: &str) -> LineError {
    let mut read: Vec<_> = jsonl::read(line.as_bytes()).collect();
    assert_eq!(read.len(), 1, "{line}");
    read.remove(0).expect_err(line)
}

/// A line with id, instant and visitor, and these fields more.
fn line(fields: &str) -> String {
    format!(r#"{{"id":"e1","at":"2026-03-01T10:00:00Z","visitor":"v9",{fields}}}"#)
}

/// An order of 59.90 EUR with these fields more.
fn order(fields: &str) -> String {
    line(&format!(r#""kind":"order","order":"1","currency":"EUR","total":"59.90",{fields}"#))
}

#[test]
fn a_missing_field_is_named() {
    for (fields, missing) in [
        (r#""kind":"link_shared""#, "url"),
        (r#""kind":"add_to_cart""#, "product"),
        (r#""kind":"remove_from_cart","product":null"#, "product"),
        (r#""kind":"feedback""#, "helpful"),
        (r#""kind":"goal""#, "goal"),
        (r#""kind":"consent","granted":true"#, "purpose"),
        (r#""kind":"consent","purpose":"analytics""#, "granted"),
        (r#""kind":"customer_merged","from":"k1""#, "into"),
        (r#""kind":"customer_merged","into":"k1""#, "from"),
        (r#""kind":"order","total":"1","currency":"EUR""#, "order"),
        (r#""kind":"order","order":"1","currency":"EUR""#, "total"),
        (r#""kind":"order","order":"1","total":"1""#, "currency"),
        (
            r#""kind":"order","order":"1","total":"1","currency":"EUR","lines":[{"total":"1"}]"#,
            "lines[0].product",
        ),
        (
            r#""kind":"order","order":"1","total":"1","currency":"EUR","lines":[{"product":"p"}]"#,
            "lines[0].total",
        ),
        (r#""kind":"refund","refund":"r","amount":"1","currency":"EUR""#, "order"),
        (r#""kind":"refund","order":"1","amount":"1","currency":"EUR""#, "refund"),
        (r#""kind":"refund","refund":"r","order":"1","currency":"EUR""#, "amount"),
        (r#""kind":"refund","refund":"r","order":"1","amount":"1""#, "currency"),
        (r#""turn":"e0""#, "kind"),
    ] {
        let error = refusal(&line(fields));
        assert_eq!(
            (error.line, error.field.as_str(), error.reason.as_str()),
            (1, missing, "missing"),
            "{fields}"
        );
    }
    assert_eq!(refusal(r#"{"at":"2026-03-01T10:00:00Z","kind":"identify"}"#).field, "id");
    assert_eq!(refusal(r#"{"id":"e1","kind":"identify"}"#).field, "at");
}

#[test]
fn a_wrong_value_is_named_with_its_place_and_reason() {
    for (line, field, reason) in [
        (line(r#""kind":"teleport""#), "kind", "not a kind"),
        (line(r#""kind":true"#), "kind", "expected text, found true or false"),
        (line(r#""kind":"identify","customer":{}"#), "customer", "expected text, found an object"),
        (line(r#""kind":"identify","email":["a@example.com"]"#), "email", "expected text, found a list"),
        (line(r#""kind":"query","topic":1.5"#), "topic", "expected text, found a number"),
        (
            line(r#""kind":"query","topic":123456789012345678901234567890"#),
            "topic",
            "expected text, found a number",
        ),
        (line(r#""kind":"query","products":"p1""#), "products", "expected a list"),
        (line(r#""kind":"query","products":["p1",["p2"]]"#), "products[1]", "expected text"),
        (line(r#""kind":"query","cost":"0.01""#), "cost_currency", "missing beside a cost"),
        (line(r#""kind":"query","cost":0.01,"cost_currency":"EUR""#), "cost", "expected decimal text"),
        (line(r#""kind":"feedback","helpful":"yes""#), "helpful", "expected true or false, found text"),
        (line(r#""kind":"consent","purpose":"spam","granted":true"#), "purpose", "not one of analytics"),
        (line(r#""kind":"goal","goal":"g","value":"1""#), "currency", "missing beside an amount"),
        (
            line(r#""kind":"add_to_cart","product":"p","quantity":-1"#),
            "quantity",
            "not a whole number of pieces",
        ),
        (
            line(r#""kind":"add_to_cart","product":"p","quantity":4294967296"#),
            "quantity",
            "not a whole number",
        ),
        (line(r#""kind":"add_to_cart","product":"p","quantity":1.0"#), "quantity", "expected text"),
        (line(r#""kind":"claim_withdrawn""#), "kind", "exactly two identifiers"),
        (line(r#""kind":"claim_withdrawn","cart":"c","customer":"k""#), "kind", "exactly two identifiers"),
        (order(r#""updated_at":"2026-03-01""#), "updated_at", "RFC 3339"),
        (order(r#""updated_at":1772359200"#), "updated_at", "RFC 3339"),
        (order(r#""status":"shipped""#), "status", "not one of placed"),
        (order(r#""lines":{}"#), "lines", "expected a list, found an object"),
        (order(r#""lines":["p1"]"#), "lines[0]", "expected an object, found text"),
        (
            order(r#""lines":[{"product":"p","total":"1"},{"product":"p","total":1}]"#),
            "lines[1].total",
            "decimal text",
        ),
        (order(r#""refunds":[{"refund":"r","amount":"1.001"}]"#), "refunds[0].amount", "more decimals"),
        (
            order(r#""refunds":[{"refund":"r","amount":"1","lines":[{"product":"p"}]}]"#),
            "refunds[0].lines[0].amount",
            "missing",
        ),
        ("[1]".to_owned(), "", "expected an object, found a list"),
        ("5".to_owned(), "", "expected an object, found a whole number"),
        ("null".to_owned(), "", "expected an object, found null"),
    ] {
        let error = refusal(&line);
        assert_eq!(error.field, field, "{line}");
        assert!(error.reason.contains(reason), "{line}: {error}");
    }
}

#[test]
fn only_plain_decimal_text_is_money() {
    for (total, reason) in [
        ("59.9", "expected decimal text such as \"59.90\", found a number"),
        ("59", "expected decimal text such as \"59.90\", found a whole number"),
        ("true", "found true or false"),
        (r#""59.901""#, "more decimals than the currency has"),
        (r#""59.900""#, "more decimals than the currency has"),
        (r#""5990e-2""#, "only digits"),
        (r#""+1""#, "only digits"),
        (r#"" 1""#, "only digits"),
        (r#""1,50""#, "only digits"),
        (r#"".5""#, "no digit before the point"),
        (r#""5.""#, "no digit after the point"),
        (r#""""#, "no digit"),
        (r#""92233720368547758.08""#, "too large"),
    ] {
        let fields = format!(r#""kind":"order","order":"1","currency":"EUR","total":{total}"#);
        let error = refusal(&line(&fields));
        assert_eq!(error.field, "total", "{total}");
        assert!(error.reason.contains(reason), "{total}: {error}");
    }
    let yen = r#""kind":"order","order":"1","currency":"JPY","total":"59.90""#;
    assert_eq!(refusal(&line(yen)).field, "total");
    let nowhere = r#""kind":"order","order":"1","currency":"EURO","total":"59.90""#;
    assert_eq!(refusal(&line(nowhere)).field, "currency");
}

#[test]
fn a_field_given_twice_is_refused_however_it_is_spelled() {
    for (line, field) in [
        (line(r#""kind":"identify","kind":"identify""#), "kind"),
        (line(r#""kind":"identify","\u0069d":"e2""#), "id"),
        (line(r#""kind":"identify","unknown":1,"unknown":2"#), "unknown"),
        (order(r#""lines":[{"product":"p","total":"1","total":"2"}]"#), "lines[0].total"),
    ] {
        let error = refusal(&line);
        assert_eq!((error.field.as_str(), error.reason.as_str()), (field, "given twice"), "{line}");
    }
}

#[test]
fn what_is_no_json_is_said_to_be_none_and_deep_nesting_does_no_harm() {
    let deep = "[".repeat(100_000);
    let deep_field = line(&format!(r#""kind":"identify","x":{deep}"#));
    for text in
        ["{", "nope", "{}{}", r#"{"id":"e1",}"#, r#"{"id":'e1'}"#, "{\"id\":\"a\tb\"}", &deep, &deep_field]
    {
        let error = refusal(text);
        assert!(error.field.is_empty() && error.reason.starts_with("not JSON at column "), "{error}");
    }
}

#[test]
fn fields_that_are_not_known_are_passed_over_and_whole_numbers_are_ids() {
    let known = line(r#""kind":"identify","customer":"42""#);
    let more = line(r#""kind":"identify","customer":42,"cart":null,"shop":{"x":[1.5,{}]}"#);
    assert_eq!(jsonl::read_line(known.as_bytes()), jsonl::read_line(more.as_bytes()));
}

#[test]
fn reasons_do_not_repeat_values() {
    let secret = "ada@example.com";
    for fields in [
        r#""kind":"SECRET""#,
        r#""kind":"consent","purpose":"SECRET","granted":true"#,
        r#""kind":"goal","goal":"g","value":"SECRET","currency":"EUR""#,
        r#""kind":"goal","goal":"g","value":"1","currency":"SECRET""#,
        r#""kind":"order","order":"1","total":"1","currency":"EUR","status":"SECRET""#,
        r#""kind":"order","order":"1","total":"1","currency":"EUR","updated_at":"SECRET""#,
        r#""kind":"add_to_cart","product":"p","quantity":"SECRET""#,
        r#""kind":"identify","customer":["SECRET"]"#,
        r#""kind":"identify" SECRET"#,
    ] {
        let error = refusal(&line(&fields.replace("SECRET", secret)));
        assert!(!error.to_string().contains(secret), "{error}");
    }
}

#[test]
fn reading_goes_on_after_bad_lines_and_counts_every_line() {
    let good = line(r#""kind":"identify""#);
    let log = [
        &b"\xef\xbb\xbf"[..],
        good.as_bytes(),
        b"\r\n",
        b"\r\n",
        b"   \n",
        b"{\"id\":\"\xff\"}\n",
        good.as_bytes(),
        b"\r\n",
        b"nope\n",
        b"\n",
        good.as_bytes(),
    ]
    .concat();
    let mut reader = jsonl::read(&log[..]);
    let mut seen = Vec::new();
    while let Some(read) = reader.next() {
        seen.push((reader.line(), read.is_ok()));
        if let Err(error) = read {
            assert_eq!((error.line, error.broken), (reader.line(), false));
        }
    }
    assert_eq!(seen, [(1, true), (4, false), (5, true), (6, false), (8, true)]);
    assert_eq!(reader.line(), 8);
}

#[test]
fn an_empty_log_has_no_events_and_no_errors() {
    for log in ["", "\n", "\r\n\r\n", "  \n\t"] {
        assert_eq!(jsonl::read(log.as_bytes()).count(), 0, "{log:?}");
    }
}

#[test]
fn the_longest_line_is_read_and_a_longer_one_is_passed_over() {
    let fill = |bytes: usize| {
        let empty = line(r#""kind":"identify","x":"""#);
        empty.replace(r#""x":"""#, &format!(r#""x":"{}""#, "x".repeat(bytes - empty.len())))
    };
    let (fits, over) = (fill(jsonl::MAX_LINE), fill(jsonl::MAX_LINE + 1));
    let much_over = "x".repeat(3 * jsonl::MAX_LINE);
    for end in ["\n", "\r\n"] {
        let log = [&fits, &over, &fits, &much_over, &fits].map(|line| format!("{line}{end}")).concat();
        // Buffers that end in odd places must not matter.
        for capacity in [1_021, 1 << 16] {
            let read: Vec<_> = jsonl::read(BufReader::with_capacity(capacity, log.as_bytes())).collect();
            let bad: Vec<u64> = read.iter().filter_map(|read| Some(read.as_ref().err()?.line)).collect();
            assert_eq!((read.len(), bad), (5, vec![2, 4]), "line end {end:?}");
            let error = read[1].as_ref().unwrap_err();
            assert!(error.reason.contains("longer than"), "{error}");
        }
    }
    assert!(refusal(&over).reason.contains("longer than"));
    assert!(jsonl::read(fits.as_bytes()).all(|read| read.is_ok()));
}

#[test]
fn a_source_that_fails_ends_the_log_with_an_error() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::from(io::ErrorKind::ConnectionReset))
        }
    }
    let good = line(r#""kind":"identify""#) + "\n";
    let mut reader = jsonl::read(BufReader::new(good.as_bytes().chain(Failing)));
    assert!(reader.next().unwrap().is_ok());
    let error = reader.next().unwrap().unwrap_err();
    assert!(error.broken && error.line == 2 && error.reason.contains("the source failed"), "{error}");
    assert!(reader.next().is_none());
}

#[test]
fn an_error_reads_as_one_line() {
    let error = refusal(&order(r#""lines":[{"product":"p","total":5}]"#));
    let expected =
        "line 1, field `lines[0].total`: expected decimal text such as \"59.90\", found a whole number";
    assert_eq!(error.to_string(), expected);
}
