//! The reader of the event log: what is bad is named by line, field and reason, and reading goes on.

use std::io::{self, BufReader, Read};

use clinch::event::jsonl::{self, LineError};

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
        (line(r#""kind":"add_to_cart","product":"p","quantity":1.0"#), "quantity", "not a whole number"),
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
