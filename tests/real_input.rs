//! Real order data becomes event logs, row by row and penny by penny.
//!
//! The expected figures are computed here from the text of the files, by code that shares nothing with the example.

use std::collections::{BTreeMap, BTreeSet};

use clinch::event::jsonl;
use clinch::{Event, Kind};

#[path = "../examples/from_csv.rs"]
#[allow(dead_code)]
mod from_csv;

use from_csv::{Log, online_retail, ra_attribution};

const RETAIL: &str = include_str!("../examples/data/online_retail_head.csv");
const WEB: &str = include_str!("../examples/data/ra_attribution_events.csv");
const LINES: &str = include_str!("../examples/data/ra_attribution_orders.csv");

/// Hundredths from text with at most two decimals.
fn pence(text: &str) -> i64 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<2}").parse().unwrap()
}

/// Total and lines of each order of a log.
fn orders(log: &Log) -> BTreeMap<String, (i64, usize)> {
    let orders = log.events.iter().filter_map(|event| match event.kind() {
        Kind::Order(order) => Some((order.order.to_string(), (order.total.minor(), order.lines.len()))),
        _ => None,
    });
    orders.collect()
}

fn of_kind<'a>(log: &'a Log, name: &str) -> Vec<&'a Event> {
    log.events.iter().filter(|event| event.kind().name() == name).collect()
}

/// Each row is one order line, one refund or one web event, or it is unusable.
#[track_caller]
fn assert_no_row_is_lost(log: &Log, rows: usize) {
    let lines: usize = orders(log).values().map(|order| order.1).sum();
    let others = log.events.len() - orders(log).len();
    assert_eq!(log.rows, rows);
    assert_eq!(lines + others + log.unusable.len(), rows);
}

#[test]
fn online_retail_keeps_every_invoice_to_the_penny() {
    let log = online_retail(RETAIL.as_bytes()).unwrap();
    let mut expected: BTreeMap<String, (i64, usize)> = BTreeMap::new();
    for row in RETAIL.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>()) {
        if row.len() == 8 && !row[0].starts_with('C') {
            let order = expected.entry(row[0].to_owned()).or_default();
            order.0 += row[3].parse::<i64>().unwrap() * pence(row[5]);
            order.1 += 1;
        }
    }
    assert_eq!(orders(&log), expected);
    assert_eq!(expected.len(), 22);
    assert_eq!(expected.values().map(|order| order.1).sum::<usize>(), 178);
    assert_no_row_is_lost(&log, 183);
}

#[test]
fn online_retail_names_the_rows_that_lost_a_field() {
    let log = online_retail(RETAIL.as_bytes()).unwrap();
    let lines = ["line 121:", "line 172:", "line 175:", "line 179:"];
    assert_eq!(log.unusable.len(), lines.len());
    for (reason, line) in log.unusable.iter().zip(lines) {
        assert!(reason.starts_with(line) && reason.ends_with("7 fields, not 8"), "{reason}");
    }
}

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

#[test]
fn a_cancellation_refunds_the_latest_order_that_it_fits_and_else_stands_alone() {
    let log = online_retail(RETAIL.as_bytes()).unwrap();
    let [refund] = of_kind(&log, "refund")[..] else { panic!("one cancellation") };
    let Kind::Refund(refund) = refund.kind() else { unreachable!() };
    assert_eq!((refund.order.as_str(), refund.amount.minor()), ("C536383", 465));

    let rows = "1,A,x,2,12/1/10 8:00,2.55,7,UK\n\
                2,A,x,1,12/1/10 9:00,2.55,7,UK\n\
                3,A,x,1,12/1/10 9:00,2.55,8,UK\n\
                4,A,x,1,12/1/10 9:30,2.55,,UK\n\
                C5,A,x,-1,12/1/10 10:00,2.55,7,UK\n\
                C6,A,x,-1,12/1/10 11:00,2.55,7,UK\n\
                C7,A,x,-2,12/1/10 12:00,2.55,7,UK\n\
                C8,A,x,-1,12/1/10 12:30,2.55,,UK\n\
                9,A,x,9,12/1/10 13:00,2.55,7,UK\n";
    let log = online_retail(format!("{HEADER}{rows}").as_bytes()).unwrap();
    let refunds = of_kind(&log, "refund").into_iter().map(|event| match event.kind() {
        Kind::Refund(refund) => (refund.order.to_string(), refund.amount.minor()),
        _ => unreachable!(),
    });
    let expected = [("2", 255), ("1", 255), ("C7", 510), ("C8", 255)];
    assert_eq!(refunds.collect::<Vec<_>>(), expected.map(|(order, pence)| (order.to_owned(), pence)));
    assert_no_row_is_lost(&log, 9);
}

#[test]
fn an_order_without_a_customer_is_known_by_its_checkout() {
    let log = online_retail(format!("{HEADER}1,A,x,2,12/1/10 8:00,2.55,,UK\n").as_bytes()).unwrap();
    let line = jsonl::write_line(&log.events[0]);
    assert!(line.contains(r#""checkout":"1""#) && !line.contains("customer"), "{line}");
}

#[test]
fn rows_that_say_nothing_usable_are_named_and_the_rest_is_kept() {
    for (row, reason) in [
        ("1,A,x,two,12/1/10 8:00,2.55,7,UK", "invalid digit"),
        ("1,A,x,2,1 December,2.55,7,UK", "the time is not in the form"),
        ("1,A,x,2,12/1/10 8:00,2.555,7,UK", "more decimals"),
        ("1,A,x,2,12/1/10 8:00,-2.55,7,UK", "negative or too large"),
        ("1,A,x,4294967295,12/1/10 8:00,92233720368547758,7,UK", "negative or too large"),
        ("1,A,x,-2,12/1/10 8:00,2.55,7,UK", "sign does not fit"),
        ("C1,A,x,2,12/1/10 8:00,2.55,7,UK", "sign does not fit"),
        ("0,A,x,2,12/1/10 8:00,2.55,8,UK", "another customer"),
        ("1,A", "2 fields, not 8"),
    ] {
        let good = "0,A,x,2,12/1/10 8:00,2.55,7,UK";
        let log = online_retail(format!("{HEADER}{good}\n{row}\n").as_bytes()).unwrap();
        assert_eq!((log.events.len(), log.unusable.len()), (1, 1), "{row}");
        assert!(
            log.unusable[0].starts_with("line 3: ") && log.unusable[0].contains(reason),
            "{:?}",
            log.unusable
        );
    }
}

#[test]
fn ra_attribution_keeps_every_order_to_the_penny_and_every_web_event() {
    let log = ra_attribution(WEB.as_bytes(), LINES.as_bytes()).unwrap();
    let mut expected: BTreeMap<String, (i64, usize)> = BTreeMap::new();
    for row in LINES.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>()) {
        let order = expected.entry(row[1].to_owned()).or_default();
        order.0 += pence(row[7]);
        order.1 += 1;
    }
    assert_eq!(orders(&log), expected);
    assert_eq!(expected.len(), 9);

    // Another host led to seven pages; ten have no referrer, eight were reached from the shop itself.
    let hosts: Vec<&str> = WEB.lines().skip(1).map(|line| line.split(',').nth(15).unwrap()).collect();
    let foreign = hosts.iter().filter(|host| !["", "retailer.com"].contains(host)).count();
    assert_eq!(of_kind(&log, "visit").len(), foreign);
    assert_eq!(of_kind(&log, "identify").len(), hosts.len() - foreign);
    let ids: BTreeSet<&str> = WEB.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert!(ids.iter().all(|id| log.events.iter().any(|event| *id == event.id().as_str())));
    assert!(log.unusable.is_empty() && log.events.is_sorted_by_key(Event::at));
    assert_no_row_is_lost(&log, 25 + 23);
}

#[test]
fn tags_of_a_web_event_stand_on_the_address_of_its_visit() {
    let header = WEB.lines().next().unwrap();
    let orders = LINES.lines().next().unwrap();
    for (page, query, expected) in [
        ("", "", "https://retailer.com/?utm_source=mail+a%26b&utm_medium=email&utm_campaign=spring"),
        (
            "",
            "page=3",
            "https://retailer.com/?page=3&utm_source=mail+a%26b&utm_medium=email&utm_campaign=spring",
        ),
        (
            "https://shop.example/p?x=1",
            "x=1",
            "https://shop.example/p?x=1&utm_source=mail+a%26b&utm_medium=email&utm_campaign=spring",
        ),
    ] {
        let row = format!("e1,s1,,pp,2021-09-03 17:25:34.913,,,{page},,,email,spring,mail a&b,,{query},,,");
        let log = ra_attribution(format!("{header}\n{row}\n").as_bytes(), orders.as_bytes()).unwrap();
        let Kind::Visit(visit) = log.events[0].kind() else { panic!("{:?} {:?}", log.events, log.unusable) };
        assert_eq!(visit.url.as_ref().unwrap().as_str(), expected);
        assert!(visit.referrer.is_none());
    }
}

#[test]
fn both_logs_read_back_line_by_line() {
    let retail = online_retail(RETAIL.as_bytes()).unwrap();
    let web = ra_attribution(WEB.as_bytes(), LINES.as_bytes()).unwrap();
    for event in retail.events.iter().chain(&web.events) {
        assert_eq!(jsonl::read_line(jsonl::write_line(event).as_bytes()).as_ref(), Ok(event));
    }
}
