//! The generated shop is what it says: the same from the same seed, balanced, and true about its causes.
//!
//! All that is checked about the events is computed from their JSON, by code that shares nothing with the
//! generator or the library.

use std::collections::{BTreeMap, BTreeSet};

use clinch::event::jsonl;
use clinch::testing::{Shop, ShopConfig, Truth};
use serde_json::Value;

#[path = "../examples/shop_log.rs"]
#[allow(dead_code)]
mod shop_log;

const LOG: &str = include_str!("../examples/data/shop.jsonl");
const TRUTH: &str = include_str!("../examples/data/shop.truth.jsonl");

fn config(seed: u64, shoppers: u32) -> ShopConfig {
    let currencies = ["EUR", "JPY", "KWD"].map(|code| code.parse().unwrap()).to_vec();
    ShopConfig { seed, shoppers, currencies, ..ShopConfig::default() }
}

fn lines(shop: &Shop) -> Vec<String> {
    shop.events.iter().map(jsonl::write_line).collect()
}

fn json(shop: &Shop) -> Vec<Value> {
    lines(shop).iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text<'a>(event: &'a Value, field: &str) -> &'a str {
    event[field].as_str().unwrap_or_default()
}

/// Instants of the log all have the form `2026-03-01T10:00:00Z`, so their order is that of the text.
fn days_between(earlier: &str, later: &str) -> f64 {
    let seconds = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp() as f64;
    (seconds(later) - seconds(earlier)) / 86_400.0
}

/// Digits without the point: minor units, since the log writes all decimals of a currency.
fn minor(amount: &Value) -> i64 {
    amount.as_str().unwrap().replace('.', "").parse().unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_gives_others() {
    let (one, again, other) = (config(7, 60), config(7, 60), config(8, 60));
    let shop = Shop::generate(&one);
    assert_eq!(lines(&shop), lines(&Shop::generate(&again)));
    assert_eq!(shop.truth, Shop::generate(&again).truth);
    assert_ne!(lines(&shop), lines(&Shop::generate(&other)));
}

#[test]
fn a_larger_shop_holds_the_smaller_one() {
    let small = lines(&Shop::generate(&config(7, 40)));
    let large: BTreeSet<String> = lines(&Shop::generate(&config(7, 80))).into_iter().collect();
    assert!(large.len() > small.len() && small.iter().all(|line| large.contains(line)));
}

#[test]
fn ids_are_unique_and_events_stand_in_time_order() {
    let events = json(&Shop::generate(&config(3, 400)));
    let ids: BTreeSet<&str> = events.iter().map(|event| text(event, "id")).collect();
    assert_eq!(ids.len(), events.len());
    assert!(events.is_sorted_by_key(|event| text(event, "at").to_owned()));
}

#[test]
fn every_kind_of_event_and_every_identifier_occurs() {
    let events = json(&Shop::generate(&config(1, 560)));
    let kinds: BTreeSet<&str> = events.iter().map(|event| text(event, "kind")).collect();
    assert_eq!(kinds.len(), 18, "{kinds:?}");
    for field in ["customer", "visitor", "conversation", "cart", "checkout", "email", "phone"] {
        assert!(events.iter().any(|event| event.get(field).is_some()), "{field}");
    }
    let channels: BTreeSet<&str> = events.iter().map(|event| text(event, "channel")).collect();
    assert!(["web", "whatsapp", "instagram", "telegram", "email"].iter().all(|name| channels.contains(name)));
}

#[test]
fn deliveries_hold_every_event_some_of_them_twice_late_and_out_of_order() {
    let shop = Shop::generate(&config(5, 300));
    let delivered: Vec<String> = shop.deliveries(5).iter().map(jsonl::write_line).collect();
    assert_eq!(delivered, shop.deliveries(5).iter().map(jsonl::write_line).collect::<Vec<_>>());
    assert_ne!(delivered, shop.deliveries(6).iter().map(jsonl::write_line).collect::<Vec<_>>());

    let distinct: BTreeSet<&String> = delivered.iter().collect();
    assert_eq!(distinct, lines(&shop).iter().collect());
    assert!(delivered.len() > shop.events.len() * 105 / 100);

    let arrived: Vec<Value> = delivered.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |kind: &str, order: &Value| -> Vec<usize> {
        let matches = |event: &Value| text(event, "kind") == kind && event["order"] == *order;
        (0..arrived.len()).filter(|place| matches(&arrived[*place])).collect()
    };
    let orders = shop.truth.iter().map(|truth| Value::from(truth.order.as_str()));
    let (mut early_refunds, mut late_versions) = (0, 0);
    for order in orders {
        let versions = of("order", &order);
        early_refunds += of("refund", &order).iter().filter(|place| **place < versions[0]).count();
        late_versions +=
            usize::from(!versions.is_sorted_by_key(|place| text(&arrived[*place], "at").to_owned()));
    }
    assert!(early_refunds > 0, "no refund is delivered before its order");
    assert!(late_versions > 0, "no older version of an order is delivered after a newer one");
}

/// Net value, currency and standing of every order, from the raw events.
fn books(events: &[Value]) -> BTreeMap<String, (i64, String, bool)> {
    let mut newest: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut refunds: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    let version =
        |event: &Value| event.get("updated_at").unwrap_or(&event["at"]).as_str().unwrap().to_owned();
    for event in events {
        let order = text(event, "order");
        match text(event, "kind") {
            "order" => {
                let held = newest.entry(order).or_insert(event);
                if version(event) > version(held) {
                    *held = event;
                }
                for refund in event["refunds"].as_array().into_iter().flatten() {
                    refunds.insert((order, text(refund, "refund")), minor(&refund["amount"]));
                }
            }
            "refund" => {
                let known = refunds.insert((order, text(event, "refund")), minor(&event["amount"]));
                assert!(known.is_none_or(|amount| amount == minor(&event["amount"])));
            }
            _ => {}
        }
    }
    let book = |(id, order): (&&str, &&Value)| {
        let refunded: i64 = refunds.iter().filter(|(key, _)| key.0 == *id).map(|(_, amount)| amount).sum();
        let left = (minor(&order["total"]) - refunded).max(0);
        let counts = !["cancelled", "test"].contains(&text(order, "status"));
        let conversion = counts && !(refunded > 0 && left == 0);
        let net = if conversion { left } else { 0 };
        ((*id).to_owned(), (net, text(order, "currency").to_owned(), conversion))
    };
    newest.iter().map(book).collect()
}

#[test]
fn the_truth_about_money_follows_from_the_events() {
    let shop = Shop::generate(&config(11, 900));
    let books = books(&json(&shop));
    assert_eq!(books.len(), shop.truth.len());
    for truth in &shop.truth {
        let (net, currency, conversion) = &books[truth.order.as_str()];
        assert_eq!((truth.net.minor(), truth.net.currency().code()), (*net, currency.as_str()), "{truth:?}");
        assert_eq!(truth.conversion, *conversion, "{truth:?}");
    }
    let unpaid = books.values().filter(|(net, _, conversion)| *conversion && *net == 0).count();
    let gone = books.values().filter(|(_, _, conversion)| !conversion).count();
    let currencies: BTreeSet<&String> = books.values().map(|(_, currency, _)| currency).collect();
    assert!(unpaid > 0 && gone > 0 && currencies.len() == 3);
}

#[test]
fn an_order_comes_to_the_sum_of_its_lines() {
    let events = json(&Shop::generate(&config(11, 300)));
    let orders: Vec<&Value> = events.iter().filter(|event| text(event, "kind") == "order").collect();
    for order in &orders {
        let lines = order["lines"].as_array().unwrap();
        assert_eq!(lines.iter().map(|line| minor(&line["total"])).sum::<i64>(), minor(&order["total"]));
    }
    assert!(orders.iter().any(|order| order["lines"].as_array().unwrap().len() > 2));
}

/// All that one person did, as far as identifiers can tell: from the customer, mailbox, phone or visitor of an
/// order through everything seen together with it. A visitor of several unmerged customers tells nothing.
fn person<'a>(events: &'a [Value], order: &Value) -> Vec<&'a Value> {
    const FIELDS: [&str; 7] = ["customer", "email", "phone", "visitor", "conversation", "cart", "checkout"];
    let mut root: BTreeMap<&str, &str> = BTreeMap::new();
    for merged in events.iter().filter(|event| text(event, "kind") == "customer_merged") {
        root.insert(text(merged, "from"), text(merged, "into"));
    }
    let customer = |event: &'a Value| {
        let named = text(event, "customer");
        root.get(named).copied().unwrap_or(named)
    };
    let mut owners: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for event in events.iter().filter(|event| !customer(event).is_empty()) {
        owners.entry(text(event, "visitor")).or_default().insert(customer(event));
    }
    let identifiers = |event: &'a Value| -> BTreeSet<&'a str> {
        let named = FIELDS
            .iter()
            .map(|field| if *field == "customer" { customer(event) } else { text(event, field) });
        named
            .filter(|text| !text.is_empty() && owners.get(text).is_none_or(|owners| owners.len() < 2))
            .collect()
    };
    let order = events.iter().find(|event| event["id"] == order["id"]).unwrap();
    let mut mine = identifiers(order);
    loop {
        let joined = events.iter().map(&identifiers).filter(|seen| !seen.is_disjoint(&mine)).flatten();
        let grown: BTreeSet<&str> = joined.chain(mine.iter().copied()).collect();
        if grown.len() == mine.len() {
            break;
        }
        mine = grown;
    }
    events.iter().filter(|event| !identifiers(event).is_disjoint(&mine)).collect()
}

/// The turn that an engagement follows: named, by its code, or the latest of its conversation in half an hour.
fn cause<'a>(mine: &[&'a Value], event: &'a Value) -> &'a str {
    let url_code = |event: &Value| text(event, "url").split("clq=").nth(1).map(str::to_owned);
    let code = event["code"].as_str().map(str::to_owned).or(url_code(event));
    if !text(event, "turn").is_empty() {
        return text(event, "turn");
    }
    let shared = mine.iter().filter(|shared| text(shared, "kind") == "link_shared");
    if let Some(shared) = shared.clone().find(|shared| code.is_some() && url_code(shared) == code) {
        return text(shared, "turn");
    }
    let mut turns = mine.iter().filter(|turn| {
        text(turn, "kind") == "query"
            && turn["conversation"] == event["conversation"]
            && (0.0..=1.0 / 48.0).contains(&days_between(text(turn, "at"), text(event, "at")))
    });
    turns.next_back().map(|turn| text(turn, "id")).unwrap_or_default()
}

#[test]
fn a_single_cause_is_the_only_touchpoint_that_the_events_allow() {
    const ENGAGEMENTS: [&str; 4] = ["recommendation", "link_click", "add_to_cart", "discount_request"];
    let shop = Shop::generate(&config(13, 400));
    let events = json(&shop);
    let single: Vec<_> = shop.truth.iter().filter(|truth| truth.single_cause).collect();
    assert!(single.len() > 80, "{}", single.len());
    for truth in single {
        let placed =
            |event: &&Value| text(event, "kind") == "order" && event["order"] == truth.order.as_str();
        let order = events.iter().find(placed).unwrap();
        let turn = truth.turn.as_ref().unwrap().as_str();
        let mine = person(&events, order);
        let before = mine
            .iter()
            .filter(|event| (0.0..=30.0).contains(&days_between(text(event, "at"), text(order, "at"))));
        let mut turns = Vec::new();
        for event in before {
            match text(event, "kind") {
                "query" => turns.push(text(event, "id")),
                "visit" => panic!("a visit competes: {event}"),
                "feedback" => assert_eq!(event["helpful"], true),
                kind if ENGAGEMENTS.contains(&kind) => assert_eq!(cause(&mine, event), turn, "{event}"),
                _ => {}
            }
        }
        assert_eq!(turns, [turn], "order {}", truth.order);
        let consent = mine.iter().rfind(|event| text(event, "purpose") == "analytics");
        assert!(consent.is_none_or(|consent| consent["granted"] == true));
    }
}

#[test]
fn other_orders_have_several_causes_or_none_that_the_events_show() {
    let shop = Shop::generate(&config(13, 700));
    let rest = shop.truth.iter().filter(|truth| !truth.single_cause && truth.conversion);
    let (caused, uncaused): (Vec<_>, Vec<_>) = rest.partition(|truth| truth.turn.is_some());
    assert!(caused.len() > 50 && uncaused.len() > 20, "{} {}", caused.len(), uncaused.len());
}

#[test]
fn any_configuration_gives_a_shop_without_panic() {
    use chrono::{DateTime, Utc};
    for start in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        for (days, seed) in [(0, 0), (u32::MAX, u64::MAX)] {
            let shop = Shop::generate(&ShopConfig { start, days, ..config(seed, 50) });
            assert!(shop.deliveries(seed).len() >= shop.events.len() && !shop.events.is_empty());
        }
    }
    let none = Shop::generate(&ShopConfig { currencies: Vec::new(), ..config(1, 50) });
    assert_eq!(none, Shop::default());
    assert_eq!(Shop::generate(&config(1, 0)), Shop::default());
}

#[test]
fn the_committed_log_is_what_its_command_gives() {
    let readme = include_str!("../examples/data/README.md");
    let command =
        readme.lines().find_map(|line| line.strip_prefix("cargo run --release --example shop_log -- "));
    let args: Vec<&str> = command.unwrap().split(' ').collect();
    // The two files are compared here instead of being written.
    let [shown @ .., "--truth", _, _] = &args[..] else { panic!("{args:?}") };

    let mut log = Vec::new();
    shop_log::run(shown.iter().map(|arg| (*arg).to_owned()), &mut log).unwrap();
    assert!(log == LOG.as_bytes(), "shop.jsonl is not what `{}` gives", command.unwrap());

    let truth = std::env::temp_dir().join(format!("clinch-truth-{}.jsonl", std::process::id()));
    let asked = shown.iter().map(|arg| (*arg).to_owned());
    let asked = asked.chain(["--truth".to_owned(), truth.to_str().unwrap().to_owned()]);
    shop_log::run(asked, &mut std::io::sink()).unwrap();
    let written = std::fs::read_to_string(&truth).unwrap();
    std::fs::remove_file(&truth).unwrap();
    assert!(written == TRUTH, "shop.truth.jsonl is not what the command gives");
}

#[test]
fn wrong_arguments_are_named() {
    for (args, offender) in [
        (&["--seed", "x"][..], "--seed x"),
        (&["--shoppers"], "--shoppers needs a value"),
        (&["--currencies", "EUR,EURO"], "--currencies EURO"),
        (&["--colour", "blue"], "--colour"),
        (&["a.jsonl", "b.jsonl"], "b.jsonl"),
        (&["--shoppers", "1", "/no/such/place/shop.jsonl"], "/no/such/place/shop.jsonl"),
    ] {
        let args = args.iter().map(|arg| (*arg).to_owned());
        let error = shop_log::run(args, &mut std::io::sink()).unwrap_err();
        assert!(error.to_string().contains(offender), "{error}");
    }
}

#[test]
fn the_committed_log_is_of_the_size_it_says_and_reads_without_a_bad_line() {
    let events: Vec<_> = jsonl::read(LOG.as_bytes()).collect::<Result<_, _>>().unwrap();
    let distinct: BTreeSet<String> = events.iter().map(jsonl::write_line).collect();
    assert!((4_800..=5_200).contains(&events.len()), "{} lines", events.len());
    assert!(distinct.len() < events.len());
    let truth: Vec<Truth> = TRUTH.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let single = truth.iter().filter(|truth| truth.single_cause).count();
    assert!(single > 150, "{single} single-cause orders");
}
