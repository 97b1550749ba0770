//! `replay` as its users run it: the JSON that is documented, any order of lines, the generated shop's truth, and
//! real order data with totals that are computed here.

mod example;

use std::collections::BTreeMap;

use clinch::event::jsonl;
use clinch::testing::Truth;
use clinch::{Claim, Conversion, ConversionKind, Dimension, JourneyBuilder, Path, Question};
use example::{printed, run};
use serde_json::Value;

const LOG: &str = include_str!("../examples/data/shop.jsonl");
const TRUTH: &str = include_str!("../examples/data/shop.truth.jsonl");
const RETAIL: &str = include_str!("../examples/data/online_retail_head.csv");
const LINES: &str = include_str!("../examples/data/ra_attribution_orders.csv");

#[track_caller]
fn json(arguments: &[&str], input: &str) -> Value {
    let arguments: Vec<&str> = ["--json", "-"].iter().chain(arguments).copied().collect();
    let text = printed("replay", &arguments, input.as_bytes());
    assert_eq!(text.lines().count(), 1, "one object and nothing else");
    serde_json::from_str(&text).unwrap()
}

/// Units of the last decimal place.
fn units(text: &Value) -> i128 {
    text.as_str().unwrap().replace('.', "").parse().unwrap()
}

const SMALL: &str = r#"
{"id":"e1","at":"2026-03-01T10:00:00Z","kind":"query","visitor":"v9","conversation":"c1","channel":"web","topic":"availability"}
{"id":"e2","at":"2026-03-01T11:00:00Z","kind":"query","visitor":"v9","topic":"price"}
{"id":"e3","at":"2026-03-02T18:20:00Z","kind":"order","customer":"k4","visitor":"v9","order":"1001","total":"59.91","currency":"EUR"}
{"id":"e3","at":"2026-03-02T18:20:00Z","kind":"order","customer":"k4","visitor":"v9","order":"1001","total":"59.91","currency":"EUR"}
{"id":"e4","at":"2026-03-01T09:00:00Z","kind":"order","customer":"k4","order":"1001","total":"70.00","currency":"EUR"}
{"id":"e5","at":"2026-03-02T19:00:00Z","kind":"order","email":"new@mail.example","order":"1002","total":"1200","currency":"JPY"}
{"id":"e6","at":"2026-03-02T19:00:00Z","kind":"query","topic":"nobody"}
{"id":"e7","at":"2026-03-02T19:00:00Z","kind":"order","customer":"k4","order":"1003","total":59.9,"currency":"EUR"}
not json
"#;

#[test]
fn the_object_is_the_documented_one() {
    let object = json(&["--model", "linear", "--model", "last_touch"], SMALL);
    let fields: Vec<&String> = object.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["by", "intake", "overview", "rows", "rules", "totals"]);
    assert_eq!(object["by"], "topic");
    // The conversion stands at the earliest version of the order, which is before any question was asked.
    let totals = r#"{"EUR":{"orders":1,"unattributed":"59.91","value":"59.91"},"JPY":{"orders":1,"unattributed":"1200","value":"1200"}}"#;
    assert_eq!(object["totals"].to_string(), totals);
    let intake = r#"{"bad_lines":2,"dropped":{"no_identifier":1},"new":4,"repeated":1,"superseded":1}"#;
    assert_eq!(object["intake"].to_string(), intake);
    assert_eq!(object["rows"].to_string(), "[]");
    let unattributed = r#"{"EUR":{"after_conversion":{"conversions":1,"value":"59.91"}},"JPY":{"no_touchpoint":{"conversions":1,"value":"1200"}}}"#;
    assert_eq!(object["overview"]["unattributed"].to_string(), unattributed);

    let without_early_version: String =
        SMALL.lines().filter(|line| !line.contains("\"e4\"")).map(|line| format!("{line}\n")).collect();
    let object = json(&["--model", "linear", "--model", "last_touch"], &without_early_version);
    let rows = r#"[{"currency":"EUR","label":"availability","models":{"last_touch":{"conversions":"0.000000000","value":"0.00"},"linear":{"conversions":"0.500000000","value":"29.96"}}},{"currency":"EUR","label":"price","models":{"last_touch":{"conversions":"1.000000000","value":"59.91"},"linear":{"conversions":"0.500000000","value":"29.95"}}}]"#;
    assert_eq!(object["rows"].to_string(), rows);
    assert_eq!(object["totals"]["EUR"]["unattributed"], "0.00");
}

#[test]
fn all_but_intake_is_the_same_for_any_order_and_repetition() {
    let mut lines: Vec<&str> = LOG.lines().collect();
    let mut once = json(&["--by", "query"], LOG);
    lines.reverse();
    lines.extend(LOG.lines().step_by(3));
    let mut again = json(&["--by", "query"], &lines.join("\n"));
    assert_ne!(once["intake"], again["intake"]);
    for object in [&mut once, &mut again] {
        object.as_object_mut().unwrap().remove("intake");
    }
    assert_eq!(once, again);
    assert!(once["rows"].as_array().unwrap().len() > 20);
}

#[test]
fn rows_and_unattributed_sum_to_the_value_by_every_dimension_and_unit() {
    for by in Dimension::ALL {
        for unit in ["turn", "event", "conversation"] {
            let object = json(&["--by", by.name(), "--unit", unit, "--lookback", "10d"], LOG);
            for (currency, totals) in object["totals"].as_object().unwrap() {
                let rows =
                    object["rows"].as_array().unwrap().iter().filter(|row| row["currency"] == *currency);
                let mut sums: BTreeMap<&String, i128> = BTreeMap::new();
                for (model, figure) in rows.flat_map(|row| row["models"].as_object().unwrap()) {
                    *sums.entry(model).or_default() += units(&figure["value"]);
                }
                assert_eq!(sums.len(), 6);
                for (model, sum) in sums {
                    assert_eq!(
                        sum + units(&totals["unattributed"]),
                        units(&totals["value"]),
                        "{by} {unit} {model}"
                    );
                }
            }
        }
    }
}

#[test]
fn months_laid_end_to_end_sum_to_the_whole() {
    let value = |arguments: &[&str]| -> BTreeMap<String, (u64, i128)> {
        let object = json(arguments, LOG);
        let totals = object["totals"].as_object().unwrap().iter();
        totals
            .map(|(currency, totals)| {
                (currency.clone(), (totals["orders"].as_u64().unwrap(), units(&totals["value"])))
            })
            .collect()
    };
    let mut sum: BTreeMap<String, (u64, i128)> = BTreeMap::new();
    for period in [
        &["--to", "2026-04-01"][..],
        &["--from", "2026-04-01", "--to", "2026-04-20T12:00:00Z"],
        &["--from", "2026-04-20T12:00:00Z"],
    ] {
        let part = value(period);
        assert!(!part.is_empty());
        for (currency, (orders, value)) in part {
            let held = sum.entry(currency).or_default();
            *held = (held.0 + orders, held.1 + value);
        }
    }
    assert_eq!(sum, value(&[]));
}

#[test]
fn bad_lines_are_counted_and_shown_and_fatal_only_when_strict() {
    let output = run("replay", &["-"], SMALL.as_bytes());
    assert!(output.status.success());
    let shown = String::from_utf8(output.stderr).unwrap();
    assert!(shown.contains("line 9, field `total`: expected decimal text"), "{shown}");
    assert!(shown.contains("line 10: not JSON"), "{shown}");
    let output = run("replay", &["--strict", "-"], SMALL.as_bytes());
    assert!(!output.status.success() && output.stdout.is_empty());
    for wrong in [
        &["--model", "first_click"][..],
        &["--by", "colour"],
        &["--lookback", "30"],
        &["--frobnicate"],
        &["--to"],
        &["nowhere.jsonl"],
        &["--receipt", "none"],
        &["--from", "yesterday"],
    ] {
        let output = run("replay", wrong, b"");
        assert!(!output.status.success() && output.stdout.is_empty(), "{wrong:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn a_receipt_comes_as_text_and_as_json() {
    let text = printed("replay", &["--receipt", "1001", "-"], SMALL.as_bytes());
    assert!(text.contains("order 1001, 59.91 EUR") && text.contains("after_conversion"), "{text}");
    let object = json(&["--receipt", "1001"], SMALL);
    assert_eq!(object["receipt"]["order"], "1001");
    assert_eq!(object["receipt"]["claim"]["unattributed"], "after_conversion");
}

/// Every claim of the generated shop by order.
fn claims() -> BTreeMap<String, Claim> {
    let mut builder = JourneyBuilder::new();
    let mut latest = chrono::DateTime::<chrono::Utc>::MIN_UTC;
    for event in jsonl::read(LOG.as_bytes()) {
        let event = event.unwrap();
        latest = latest.max(event.at() + chrono::TimeDelta::days(9));
        let _recorded = builder.add(event).unwrap();
    }
    let claims = builder.build(latest).into_iter().flat_map(|journey| journey.claims);
    let orders = claims.filter_map(|claim| match &claim.conversion.kind {
        ConversionKind::Order(order) => Some((order.to_string(), claim)),
        _ => None,
    });
    orders.collect()
}

#[test]
fn a_single_cause_gets_the_whole_net_value_under_every_model() {
    let claims = claims();
    let mut single = 0;
    for line in TRUTH.lines() {
        let truth: Truth = serde_json::from_str(line).unwrap();
        let claim = claims.get(truth.order.as_str());
        assert_eq!(claim.is_some(), truth.conversion, "{}", truth.order);
        let Some(claim) = claim else { continue };
        assert_eq!(claim.conversion.value, Some(truth.net), "{}", truth.order);
        if !truth.single_cause {
            continue;
        }
        single += 1;
        let Conversion { at, .. } = claim.conversion;
        let path = Path::new(&claim.conversion, &claim.touchpoints, Dimension::Topic);
        for model in Question::new(at).models {
            let credits = clinch::credit(model.model().unwrap(), &path).unwrap().credits;
            let given: Vec<_> =
                credits.iter().map(|credit| (Some(credit.touchpoint.clone()), credit.value)).collect();
            assert_eq!(given, [(truth.turn.clone(), Some(truth.net))], "{model} {}", truth.order);
        }
    }
    assert!(single > 100, "{single} orders with a single cause");
}

/// Hundredths from text with at most two decimals.
fn pence(text: &str) -> i64 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<2}").parse().unwrap()
}

#[test]
fn real_order_lines_come_out_to_the_penny() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/online_retail_head.csv");
    let log = printed("from_csv", &["online_retail", path], b"");
    let object = json(&[], &log);
    let mut invoices: BTreeMap<&str, i64> = BTreeMap::new();
    for row in RETAIL.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>()) {
        if row.len() == 8 && !row[0].starts_with('C') {
            *invoices.entry(row[0]).or_default() += row[3].parse::<i64>().unwrap() * pence(row[5]);
        }
    }
    let totals = &object["totals"]["GBP"];
    assert_eq!(totals["orders"], invoices.len());
    // The one cancellation in the file is of an order that is not: it reduces nothing.
    assert_eq!(units(&totals["value"]), i128::from(invoices.values().sum::<i64>()));
    assert_eq!(totals["unattributed"], totals["value"]);
    assert_eq!(object["overview"]["loose_refunds"]["GBP"]["count"], 1);
}

#[test]
fn real_web_events_and_orders_come_out_to_the_penny() {
    let path = |name: &str| format!("{}/examples/data/{name}", env!("CARGO_MANIFEST_DIR"));
    let (events, orders) = (path("ra_attribution_events.csv"), path("ra_attribution_orders.csv"));
    let log = printed("from_csv", &["ra_attribution", &events, &orders], b"");
    let object = json(&["--by", "channel", "--lookback", "400d"], &log);
    let rows: Vec<Vec<&str>> = LINES.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let value: i64 = rows.iter().map(|row| pence(row[7])).sum();
    let ids: std::collections::BTreeSet<&str> = rows.iter().map(|row| row[1]).collect();
    let totals = &object["totals"]["GBP"];
    assert_eq!(totals["orders"], ids.len());
    assert_eq!(units(&totals["value"]), i128::from(value));
    assert!(units(&totals["unattributed"]) < units(&totals["value"]), "some order follows a visit");
}
