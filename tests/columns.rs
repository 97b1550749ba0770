//! Columns say what the events of their rows say, one by one.

mod world;

use chrono::{DateTime, Utc};
use clinch::event::{Amounts, Numbers, Texts, Times};
use clinch::{
    Columns, Currency, Dimension, ErrorKind, EventRef, IdKind, Key, Limits, Money, PrivacyLevel, Question,
    Tracker,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// A row of a log with everything that any kind has.
#[derive(Clone, Debug)]
struct Row {
    kind: u8,
    id: String,
    at: i64,
    who: Vec<(IdKind, String)>,
    labels: [String; 7],
    text: String,
    product: String,
    turn: String,
    url: String,
    code: String,
    order: String,
    minor: i64,
    currency: u8,
}

const QUERY: u8 = 0;
const IDENTIFY: u8 = 1;
const VISIT: u8 = 2;
const LINK_CLICK: u8 = 3;
const ORDER: u8 = 4;
const REFUND: u8 = 5;

/// Identifiers of every sort: short and long, junk, in other cases and scripts, missing, too long.
fn identifier(kind: IdKind) -> BoxedStrategy<String> {
    let long = "x".repeat(60);
    let plain = (0..4_u8).prop_map(move |number| world::named(kind, number));
    let odd = select(vec![
        "v9".to_owned(),
        "abc".to_owned(),
        "1".to_owned(),
        "NULL".to_owned(),
        " null ".to_owned(),
        "0000-0000".to_owned(),
        "undefined".to_owned(),
        "[object Object]".to_owned(),
        "VISITOR-100".to_owned(),
        "größe".to_owned(),
        "ΣΑΣ-ς12".to_owned(),
        "a b%20c".to_owned(),
        "Ada@Example.COM ".to_owned(),
        "info@shop.example".to_owned(),
        "+49 (30) 123-456".to_owned(),
        "topic".to_owned(),
        long.clone(),
        format!("{long}y"),
    ]);
    prop_oneof![6 => plain, 3 => odd, 4 => Just(String::new())].boxed()
}

fn who() -> impl Strategy<Value = Vec<(IdKind, String)>> {
    let some = proptest::sample::subsequence(&IdKind::ALL[..], 0..4);
    some.prop_flat_map(|kinds| {
        kinds.into_iter().map(|kind| identifier(kind).prop_map(move |text| (kind, text))).collect::<Vec<_>>()
    })
}

/// Labels of a small vocabulary; some contain an identifier, in any case and coded, some are too long or near it.
fn label(name: &'static str) -> BoxedStrategy<String> {
    let planted = (select(&IdKind::ALL[..]), 0..4_u8, select(vec!["", "see ", "%20", "ß"]), any::<bool>())
        .prop_map(|(kind, number, before, upper)| {
            let text = format!("{before}{}", world::named(kind, number));
            if upper { text.to_uppercase() } else { text }
        });
    let odd = select(vec![
        "visitor".to_owned(),
        "abc".to_owned(),
        "x V9 x".to_owned(),
        "%76isitor-100".to_owned(),
        "%56ISITOR-100".to_owned(),
        "%2556isitor-100".to_owned(),
        "GRÖSSE größe".to_owned(),
        "σας-ς12".to_owned(),
        "49 30 12 34 56".to_owned(),
        "order status".to_owned(),
        "x".repeat(60),
        "y".repeat(61),
    ]);
    let plain = (0..3_u8).prop_map(move |number| format!("{name}{number}"));
    prop_oneof![12 => plain, 2 => planted, 2 => odd, 3 => Just(String::new())].boxed()
}

fn row() -> impl Strategy<Value = Row> {
    let at = prop_oneof![
        8 => (0..60_i64 * 24).prop_map(|hour| (world::start().timestamp() + hour * 3_600) * 1_000),
        2 => Just(world::start().timestamp() * 1_000),
        1 => select(vec![DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC]).prop_map(|at| at.timestamp_millis()),
        1 => select(vec![-1_i64, 0, 1]),
    ];
    let id = prop_oneof![12 => (0..60_u8).prop_map(|number| format!("e{number}")), 1 => label("id")];
    let labels = ["query", "topic", "intent", "flow", "type", "channel", "language"].map(label);
    let kind = prop_oneof![5 => Just(QUERY), 1 => Just(IDENTIFY), 1 => Just(VISIT), 1 => Just(LINK_CLICK),
        3 => Just(ORDER), 1 => Just(REFUND)];
    let order = prop_oneof![9 => world::order_id(), 1 => label("o")];
    let url =
        select(vec!["", "https://shop.example/p?clq=7zk3q9t1", "https://shop.example/?utm_source=mail"]);
    let code = prop_oneof![select(vec![String::new(), "7ZK3q9t1 ".to_owned()]), label("code")];
    let turn = prop_oneof![2 => Just(String::new()), 1 => (0..60_u8).prop_map(|number| format!("e{number}")), 1 => label("turn")];
    let minor = prop_oneof![9 => world::minor(), 1 => Just(-5)];
    let more = (label("text"), label("p"), turn, url, code, order, minor, 0..3_u8);
    (kind, id, at, who(), labels, more).prop_map(|(kind, id, at, who, labels, more)| {
        let (text, product, turn, url, code, order, minor, currency) = more;
        let url = url.to_owned();
        Row { kind, id, at, who, labels, text, product, turn, url, code, order, minor, currency }
    })
}

fn currencies() -> [Currency; 3] {
    ["EUR", "JPY", "KWD"].map(|code| code.parse().unwrap())
}

/// The row as an event, made without any column.
fn event(row: &Row) -> EventRef<'_> {
    let at = DateTime::from_timestamp_millis(row.at).unwrap();
    let some = |text: &'_ String| (!text.is_empty()).then(|| text.clone());
    let money = Money::new(row.minor, currencies()[usize::from(row.currency)]);
    macro_rules! set {
        ($event:expr, $($field:ident: $text:expr),*) => {{
            let mut event = $event;
            $(if let Some(text) = some($text) { event = event.$field(text); })*
            event.into()
        }};
    }
    let id = row.id.as_str();
    let [query, topic, intent, flow, product_type, channel, language] = &row.labels;
    let mut event: EventRef<'_> = match row.kind {
        QUERY => set!(EventRef::query(id, at), query: query, topic: topic, intent: intent, flow: flow,
            product_type: product_type, language: language, text: &row.text, product: &row.product),
        IDENTIFY => EventRef::identify(id, at).into(),
        VISIT => set!(EventRef::visit(id, at), url: &row.url, referrer: &row.text, code: &row.code),
        LINK_CLICK => {
            set!(EventRef::link_click(id, at), url: &row.url, code: &row.code, product: &row.product)
        }
        ORDER => set!(EventRef::order(id, at, row.order.as_str(), money), code: &row.code,
            discount_code: &row.product),
        _ => EventRef::refund(id, at, row.code.as_str(), row.order.as_str(), money).into(),
    };
    for (kind, text) in row.who.iter().filter(|(_, text)| !text.is_empty()) {
        event.who.set(*kind, text.as_str());
    }
    event.channel = some(channel).map(Into::into);
    event.turn = some(&row.turn).map(Into::into);
    event
}

/// A text column in every form.
struct Held {
    owned: Vec<String>,
    bytes: String,
    offsets: Vec<i32>,
    codes: Vec<i16>,
    names: Vec<String>,
}

impl Held {
    fn of(texts: impl Iterator<Item = String>) -> Self {
        let owned: Vec<String> = texts.collect();
        let mut names: Vec<String> = owned.iter().filter(|text| !text.is_empty()).cloned().collect();
        names.sort();
        names.dedup();
        let codes =
            owned.iter().map(|text| names.binary_search(text).map_or(-1, |code| code as i16)).collect();
        let mut offsets = vec![0];
        owned.iter().fold(0, |end, text| {
            offsets.push(end + text.len() as i32);
            end + text.len() as i32
        });
        Self { bytes: owned.concat(), owned, offsets, codes, names }
    }

    fn column(&self, form: u8) -> Texts<'_> {
        match form % 3 {
            0 => (&self.owned).into(),
            1 => Texts::packed(&self.bytes, &self.offsets),
            _ => Texts::coded(&self.codes, &self.names),
        }
    }
}

/// Rows as one block of columns a kind.
fn take_in(tracker: &mut Tracker, rows: &[Row], forms: &[u8; 16]) -> clinch::Result<clinch::Intake> {
    let held = |text: fn(&Row) -> &String| Held::of(rows.iter().map(|row| text(row).clone()));
    let id = held(|row| &row.id);
    let labels: [Held; 7] =
        std::array::from_fn(|place| Held::of(rows.iter().map(|row| row.labels[place].clone())));
    let [text, product, turn] = [held(|row| &row.text), held(|row| &row.product), held(|row| &row.turn)];
    let [url, code, order] = [held(|row| &row.url), held(|row| &row.code), held(|row| &row.order)];
    let who = IdKind::ALL.map(|kind| {
        let named = |row: &Row| row.who.iter().find(|named| named.0 == kind).map(|named| named.1.clone());
        Held::of(rows.iter().map(|row| named(row).unwrap_or_default()))
    });
    let at: Vec<i64> = rows.iter().map(|row| row.at).collect();
    let kind: Vec<u8> = rows.iter().map(|row| row.kind).collect();
    let minor: Vec<i64> = rows.iter().map(|row| row.minor).collect();
    let currency: Vec<u8> = rows.iter().map(|row| row.currency).collect();
    let (at, currencies) = (Times::millis(&at), currencies());
    let money = Amounts::minor_in(&minor, &currency, &currencies);
    let id = id.column(forms[0]);
    let [query, topic, intent, flow, product_type, channel, language] =
        std::array::from_fn(|place| labels[place].column(forms[1 + place]));
    let [text, product, url] = [text.column(forms[7]), product.column(forms[8]), url.column(forms[9])];
    let [code, order, turn] = [code.column(forms[10]), order.column(forms[11]), turn.column(forms[12])];
    macro_rules! block {
        ($columns:expr, $kind:expr) => {{
            let [checkout, cart, conversation, visitor, phone, email, customer] =
                std::array::from_fn(|place| who[place].column(forms[13 + place % 3]));
            let columns = $columns.visitor(visitor).email(email).cart(cart).checkout(checkout).phone(phone);
            let columns = columns.customer(customer).conversation(conversation).channel(channel).turn(turn);
            columns.only(&kind, $kind.into()).into()
        }};
    }
    let queries = Columns::query(id, at).query(query).topic(topic).intent(intent).flow(flow);
    let blocks: [Columns<'_>; 6] = [
        block!(Columns::order(id, at, order, money).code(code).discount_code(product), ORDER),
        block!(queries.product_type(product_type).language(language).text(text).product(product), QUERY),
        block!(Columns::identify(id, at), IDENTIFY),
        block!(Columns::visit(id, at).url(url).referrer(text).code(code), VISIT),
        block!(Columns::link_click(id, at).url(url).code(code).product(product), LINK_CLICK),
        block!(Columns::refund(id, at, code, order, money), REFUND),
    ];
    tracker.extend_columns(&blocks)
}

fn limits(hash_ids: bool, full: bool, facts: u64) -> Limits {
    let mut limits = Limits::default();
    limits.text_bytes = 60;
    (limits.hash_ids, limits.facts) = (hash_ids, facts);
    limits.privacy = if full { PrivacyLevel::Full } else { PrivacyLevel::Intent };
    limits
}

fn question() -> Question {
    let mut question = world::question();
    question.by =
        vec![Dimension::Topic, Dimension::Query, Dimension::Channel, Dimension::Product, Dimension::Evidence];
    question
}

fn answer(tracker: &Tracker) -> String {
    serde_json::to_string(&tracker.report(&question()).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(world::cases())]

    #[test]
    fn columns_are_the_events_of_their_rows_recorded_one_by_one(
        rows in vec(row(), 0..40),
        again in vec(row(), 0..12),
        forms in proptest::array::uniform16(0..3_u8),
        (hashed, full) in any::<(bool, bool)>(),
    ) {
        let key = || Key::new([7; 16]);
        let mut alone = Tracker::with_limits(key(), limits(hashed, full, 1 << 32));
        let (mut new, mut dropped) = (0, std::collections::BTreeMap::new());
        for event in rows.iter().chain(&again).map(event) {
            match alone.record_ref(event).unwrap() {
                clinch::Recorded::New | clinch::Recorded::Superseded => new += 1,
                clinch::Recorded::Repeated => {}
                clinch::Recorded::Dropped(reason) => *dropped.entry(reason).or_insert(0) += 1,
            }
        }
        let mut columns = Tracker::with_limits(key(), limits(hashed, full, 1 << 32));
        let one = take_in(&mut columns, &rows, &forms).unwrap();
        let other = take_in(&mut columns, &again, &forms).unwrap();
        prop_assert_eq!(one.total() + other.total(), (rows.len() + again.len()) as u64);
        prop_assert_eq!(one.new + one.superseded + other.new + other.superseded, new);
        let mut both = one.dropped;
        other.dropped.into_iter().for_each(|(reason, count)| *both.entry(reason).or_default() += count);
        prop_assert_eq!(both, dropped);
        prop_assert!(columns == alone);
        prop_assert_eq!(answer(&columns), answer(&alone));
    }

    #[test]
    fn columns_stop_at_a_cap_where_events_do(
        rows in vec(row(), 1..30),
        facts in 0..20_u64,
        identifiers in 0..30_u64,
    ) {
        let mut limits = limits(false, false, facts);
        limits.identifiers = identifiers;
        let mut columns = Tracker::with_limits(Key::new([7; 16]), limits.clone());
        let mut alone = Tracker::with_limits(Key::new([7; 16]), limits);
        let one = take_in(&mut columns, &rows, &[1; 16]);
        // The blocks stand in this order.
        let kinds = [ORDER, QUERY, IDENTIFY, VISIT, LINK_CLICK, REFUND];
        let of_kind = |kind: u8| rows.iter().filter(move |row| row.kind == kind);
        let other = alone.extend_refs(kinds.into_iter().flat_map(of_kind).map(event));
        prop_assert_eq!(one.map_err(|e| e.to_string()), other.map_err(|e| e.to_string()));
        prop_assert!(columns == alone);
    }
}

#[test]
fn a_watched_question_sees_columns() {
    let at = Times::seconds(&[1_772_445_600, 1_772_445_700]);
    let ids = ["e1", "e2"];
    let turns = Columns::query(&ids, at).visitor(Texts::all("v9")).topic(&["a", "b"]);
    let totals = [Money::new(5_990, currencies()[0]); 2];
    let orders = Columns::order(&ids, at, &ids, &totals).visitor(Texts::all("v9")).only(&[0, 1], 1);
    let blocks = [turns.into(), orders.into()];
    let mut watching = Tracker::new(Key::new([7; 16]));
    let watch = watching.watch(&question()).unwrap();
    assert_eq!(watching.extend_columns(&blocks).unwrap().new, 3);
    let report = watching.watched(&watch).unwrap();
    assert_eq!(report.totals[0].value, "59.90");
    let mut plain = Tracker::new(Key::new([7; 16]));
    plain.extend_columns(&blocks).unwrap();
    assert_eq!(report, plain.report(&question()).unwrap());
}

#[test]
fn what_does_not_fit_is_an_error_that_names_column_and_row_and_changes_nothing() {
    let at = Times::seconds(&[0, 1, 2]);
    let ids = ["e1", "e2", "e3"];
    let turns = || Columns::query(&ids, at).visitor(&ids);
    let topics = |codes| turns().topic(Texts::coded(codes, &["a", "b"]));
    let packed = |text: &'static str, offsets: &'static [i32]| turns().topic(Texts::packed(text, offsets));
    let codes: [&[u8]; 2] = [&[0, 1, 2], &[0, 1]];
    let nested = Texts::coded(&[0_u8, 0, 0], Texts::coded(&[0_u8], &["a"]));
    let eur = currencies();
    let orders = |codes| Columns::order(&ids, at, &ids, Amounts::minor_in(&[1, 2, 3], codes, &eur));
    let wrong: [(Columns<'_>, &str); 16] = [
        (turns().topic(&["a", "b"]).into(), "column `topic`: it has 2 rows, and the column at has 3"),
        (Columns::query(&["e1"], at).into(), "column `id`: it has 1 rows, and the column at has 3"),
        (turns().only(&[0_u8], 0).into(), "column `only`: it has 1 rows, and the column at has 3"),
        (turns().cart(&["c"]).into(), "column `cart`: it has 1 rows, and the column at has 3"),
        (topics(codes[0]).into(), "column `topic`, row 2: code 2 stands for none of 2 names"),
        (topics(codes[1]).into(), "column `topic`: it has 2 rows, and the column at has 3"),
        (
            turns().channel(nested).into(),
            "column `channel`: the names behind its codes have codes themselves",
        ),
        (
            packed("abc", &[]).into(),
            "column `topic`: it has no offset, and needs one more than there are rows",
        ),
        (packed("abc", &[0, 2, 1, 3]).into(), "column `topic`, row 1: its text ends before it starts"),
        (
            packed("abc", &[0, 1, 2, 4]).into(),
            "column `topic`, row 2: its text ends at byte 4, and there are 3 bytes",
        ),
        (
            packed("abc", &[-1, 1, 2, 3]).into(),
            "column `topic`, row 0: its text starts before the first byte",
        ),
        (packed("aßc", &[0, 1, 2, 4]).into(), "column `topic`, row 1: its text ends inside a character"),
        (
            Columns::query(&ids, Times::seconds(&[0, i64::MAX, 1])).into(),
            "column `at`, row 1: the instant is out of range: is it in another unit?",
        ),
        (
            Columns::query(&ids, Times::millis(&[0, 1, i64::MIN])).into(),
            "column `at`, row 2: the instant is out of range: is it in another unit?",
        ),
        (
            orders(Numbers::from(&[0_i8, -1, 0])).into(),
            "column `total`, row 1: code -1 stands for none of 3 currencies",
        ),
        (
            orders(Numbers::from(&[0_i8, 0, 9])).into(),
            "column `total`, row 2: code 9 stands for none of 3 currencies",
        ),
    ];
    let mut tracker = Tracker::new(Key::new([7; 16]));
    for (columns, message) in wrong {
        let error = tracker.extend_columns(&[turns().into(), columns]).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(matches!(error.kind(), ErrorKind::Column { .. }) && tracker.is_empty());
    }
    // A column that another block has too is looked at again where something else is asked of it.
    let (bytes, offsets): (_, &[u8]) = ("v1v2v3", &[0, 2, 4, 6]);
    let (seconds, shared) = ([0, 1, 2], Texts::packed(bytes, offsets));
    let first = || Columns::query(shared, Times::seconds(&seconds)).visitor(shared);
    let shared_wrong: [(Columns<'_>, &str); 3] = [
        (
            Columns::query(shared, Times::seconds(&seconds[..2])).visitor(&ids[..2]).into(),
            "column `id`: it has 3 rows, and the column at has 2",
        ),
        (
            first().topic(Texts::packed(&bytes[..5], offsets)).into(),
            "column `topic`, row 2: its text ends at byte 6, and there are 5 bytes",
        ),
        (
            first().topic(Texts::coded(offsets, &["a"])).into(),
            "column `topic`: it has 4 rows, and the column at has 3",
        ),
    ];
    for (columns, message) in shared_wrong {
        let error = tracker.extend_columns(&[first().into(), columns]).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    assert_eq!(tracker.extend_columns(&[turns().into()]).unwrap().new, 3);
}

#[test]
fn every_unit_of_time_gives_the_same_instant_and_debug_shows_no_identifier() {
    let (seconds, millis) = ([1_772_445_600_i64, -1], [1_772_445_600_000_i64, -1_000]);
    let (micros, nanos) = (millis.map(|n| n * 1_000), millis.map(|n| n * 1_000_000));
    let known = seconds.map(|second| DateTime::from_timestamp(second, 0).unwrap());
    let times: [Times<'_>; 5] = [
        Times::seconds(&seconds),
        Times::millis(&millis),
        Times::micros(&micros),
        Times::nanos(&nanos),
        (&known).into(),
    ];
    let who = [Some("secret-visitor"), None];
    let trackers = times.map(|at| {
        let turns = Columns::query(&["e1", "e2"], at).visitor(&who).customer(Texts::all("secret-customer"));
        let shown = format!("{turns:?}");
        assert!(shown.contains("Visitor") && !shown.contains("secret"), "{shown}");
        let mut tracker = Tracker::new(Key::new([7; 16]));
        assert_eq!(tracker.extend_columns(&[turns.into()]).unwrap().new, 2);
        tracker
    });
    assert!(trackers.windows(2).all(|pair| pair[0] == pair[1]));
}

/// More rows than one thread deals out and more combinations of labels than a table lists; identifiers of all lengths.
#[test]
fn many_columns_give_the_same_on_any_number_of_threads() {
    const ROWS: usize = 40_000;
    let shopper = |row: usize| row * 7_919 % 5_003;
    let named = |name: &str, number: usize| format!("{name}-{number:0width$}", width = 1 + number % 40);
    let ids: Vec<String> = (0..ROWS).map(|row| format!("e{}", row - row % 17 / 16)).collect();
    let at: Vec<i64> = (0..ROWS).map(|row| 1_772_445_600 + (row * 6_007 % 90_000) as i64 * 60).collect();
    let visitors: Vec<String> = (0..ROWS).map(|row| named("visitor", shopper(row))).collect();
    let customers: Vec<String> = (0..ROWS)
        .map(|row| if row % 29 == 0 { named("k", shopper(row) / 3) } else { String::new() })
        .collect();
    let names =
        |name: &str, count: usize| -> Vec<String> { (0..count).map(|n| format!("{name}{n}")).collect() };
    let (topics, queries) = (names("topic", 300), names("query", 400));
    let topic: Vec<u16> = (0..ROWS).map(|row| (row * 31 % 300) as u16).collect();
    let query: Vec<i32> = (0..ROWS).map(|row| (row * 37 % 401) as i32 - 1).collect();
    let kind: Vec<u8> = (0..ROWS).map(|row| (row % 23 / 21) as u8).collect();
    let cents: Vec<i64> = (0..ROWS).map(|row| row as i64 % 9_000).collect();
    let filled = || {
        let at = Times::seconds(&at);
        let turns = Columns::query(&ids, at).visitor(&visitors).topic(Texts::coded(&topic, &topics));
        let turns = turns.query(Texts::coded(&query, &queries)).only(&kind, 0);
        let orders = Columns::order(&ids, at, &ids, Amounts::minor(&cents, currencies()[0]));
        let orders = orders.visitor(&visitors).customer(&customers).only(&kind, 1);
        let claims = Columns::identify(&ids, at).visitor(&visitors).customer(&customers);
        let mut tracker = Tracker::new(Key::new([7; 16]));
        tracker.extend_columns(&[turns.into(), orders.into()]).unwrap();
        tracker.extend_columns(&[claims.into()]).unwrap();
        tracker
    };
    let mut alone = Tracker::new(Key::new([7; 16]));
    for row in 0..ROWS {
        let instant = DateTime::from_timestamp(at[row], 0).unwrap();
        let customer = Some(&customers[row]).filter(|text| !text.is_empty());
        let mut events: Vec<EventRef<'_>> = vec![EventRef::identify(&ids[row], instant).into()];
        if kind[row] == 0 {
            let mut turn = EventRef::query(&ids[row], instant).topic(&topics[usize::from(topic[row])]);
            if let Ok(query) = usize::try_from(query[row]) {
                turn = turn.query(&queries[query]);
            }
            events.push(turn.into());
        } else {
            let total = Money::new(cents[row], currencies()[0]);
            events.push(EventRef::order(&ids[row], instant, ids[row].as_str(), total).into());
        }
        for mut event in events {
            event.who.set(IdKind::Visitor, visitors[row].as_str());
            if let Some(customer) = customer.filter(|_| !matches!(event.kind, clinch::KindRef::Query(_))) {
                event.who.set(IdKind::Customer, customer.as_str());
            }
            let _recorded = alone.record_ref(event).unwrap();
        }
    }
    for threads in [1, 2, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let tracker = pool.install(filled);
        assert!(tracker == alone, "{threads} threads");
        assert_eq!(answer(&tracker), answer(&alone), "{threads} threads");
    }
}

#[test]
fn a_repeated_id_in_a_bulk_counts_once_though_an_answer_was_given_before() {
    let at = Times::seconds(&[1_772_445_600, 1_772_445_700]);
    let who = Texts::all("v9");
    let total = [Money::new(5_990, currencies()[0]); 2];
    let later = Times::seconds(&[1_772_449_000, 1_772_449_000]);
    let orders = Columns::order(Texts::all("o1"), later, Texts::all("1001"), &total).visitor(who);
    let turns = Columns::query(Texts::all("e1"), at).visitor(who).topic(&["a", "b"]);
    let mut asked = Tracker::new(Key::new([7; 16]));
    asked.extend_columns(&[orders.clone().into()]).unwrap();
    assert_eq!(asked.report(&question()).unwrap().totals[0].value, "59.90");
    asked.extend_columns(&[turns.clone().into()]).unwrap();
    let mut plain = Tracker::new(Key::new([7; 16]));
    plain.extend_columns(&[turns.into(), orders.into()]).unwrap();
    assert_eq!(answer(&asked), answer(&plain));
    // The one dated later counts.
    assert!(!answer(&asked).contains("\"label\":\"a\"") && answer(&asked).contains("\"label\":\"b\""));
}
