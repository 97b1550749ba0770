//! Amounts, sizes and instants at the ends of their ranges.

use crate::*;
use chrono::{DateTime, Utc};
use clinch::{
    Dated, Dimension, DropReason, Event, Evidence, Identifiers, Limits, OrderLine, OrderRefund, Period,
    Recorded, RefundLine, Reuse, Span, Tracker, UnattributedReason, Who,
};

// ---- Money ----

#[test]
fn an_order_of_nothing_is_a_conversion_of_nothing() {
    let (report, receipts) =
        answer(&tracker([turn("size", 0, who()), order("1", 1, who(), "0.00")]), &all_models(), &["1"]);
    assert_eq!((report.totals[0].conversions, report.totals[0].value.as_str()), (1, "0.00"));
    assert_eq!(report.overview.turns.converted, 1);
    assert!(receipts[0].models.iter().all(|credits| credits.credits[0].share == clinch::Share::ONE));
    // A refund of nothing leaves it a conversion; so does a refund of nothing of an order worth something.
    let nothing = Event::from(Event::refund("r", day(2), "r", "1", eur("0.00")));
    assert_eq!(net([turn("size", 0, who()), order("1", 1, who(), "0.00"), nothing.clone()]), "0.00");
    assert_eq!(net([turn("size", 0, who()), order("1", 1, who(), "5.00"), nothing]), "5.00");
}

#[test]
fn currencies_with_no_and_with_three_decimals_stand_apart() {
    let order = |id: &str, amount, currency| {
        Event::from(Event::order(id, day(1), who(), id, money(amount, currency)))
    };
    let events = [
        turn("a", 0, who()),
        turn("b", 0, who()),
        order("1", "101", "JPY"),
        order("2", "0.101", "KWD"),
        order("3", "1.01", "EUR"),
    ];
    let (report, _) = answer(&tracker(events), &all_models(), &["1", "2", "3"]);
    let totals: Vec<&str> = report.totals.iter().map(|totals| totals.value.as_str()).collect();
    assert_eq!(totals, ["1.01", "101", "0.101"]);
    let rows: Vec<(&str, &str)> =
        report.tables[0].rows.iter().map(|row| (row.label.as_str(), row.models[3].value.as_str())).collect();
    assert_eq!(
        rows,
        [("a", "0.51"), ("a", "51"), ("a", "0.051"), ("b", "0.50"), ("b", "50"), ("b", "0.050")]
    );
}

#[test]
fn the_largest_amount_is_split_exactly() {
    let largest = "92233720368547758.07";
    let events =
        [turn("a", 0, who()), turn("b", 0, who()), turn("c", 0, who()), order("1", 1, who(), largest)];
    let (report, _) = answer(&tracker(events.clone()), &all_models(), &["1"]);
    let sum: i128 = values(&report, "linear").values().map(|value| units(value)).sum();
    assert_eq!(sum, i128::from(i64::MAX));
    // Many such orders add up beyond an i64.
    let more = (2..=40).map(|n| order(&n.to_string(), 1, who(), largest));
    let (report, _) = answer(&tracker(events.into_iter().chain(more)), &all_models(), &[]);
    assert_eq!(units(&report.totals[0].value), i128::from(i64::MAX) * 40);
    assert_eq!(report.overview.order_values[0].mean, largest);
}

#[test]
fn a_negative_amount_is_dropped_wherever_it_stands() {
    let minus = || eur("-0.01");
    let placed = |total| Event::order("o", day(1), who(), "1", total);
    for event in [
        Event::from(placed(minus())),
        placed(eur("1.00")).line(OrderLine::new("p", 1, minus())).into(),
        placed(eur("1.00")).refund(OrderRefund::new("r", minus())).into(),
        Event::refund("r", day(1), "r", "1", minus()).into(),
        Event::refund("r", day(1), "r", "1", eur("1.00")).line(RefundLine::new("p", minus())).into(),
        Event::goal("g", day(1), who(), "sign_up").value(minus()).into(),
        Event::query("q", day(1), who()).cost(minus()).into(),
    ] {
        assert_eq!(recorded(event), Recorded::Dropped(DropReason::NegativeAmount));
    }
    assert_eq!(recorded(placed(eur("0.00"))), Recorded::New);
}

#[test]
fn two_currencies_in_one_order_are_dropped() {
    let dollars = || money("1.00", "USD");
    let placed = || Event::order("o", day(1), who(), "1", eur("1.00"));
    for event in [
        Event::from(placed().line(OrderLine::new("p", 1, dollars()))),
        placed().refund(OrderRefund::new("r", dollars())).into(),
        Event::refund("r", day(1), "r", "1", eur("1.00")).line(RefundLine::new("p", dollars())).into(),
    ] {
        assert_eq!(recorded(event), Recorded::Dropped(DropReason::MixedCurrencies));
    }
    assert_eq!(recorded(placed().line(OrderLine::new("p", 1, eur("1.00")))), Recorded::New);
}

// ---- Sizes ----

#[test]
fn an_order_of_ten_thousand_lines_is_taken_and_one_more_is_not() {
    let lines = |count: u32| {
        let mut placed = Event::order("o", day(1), who(), "1", eur("100.00"));
        for line in 0..count {
            placed = placed.line(OrderLine::new(line.to_string(), 1, eur("0.01")));
        }
        Event::from(placed)
    };
    assert_eq!(recorded(lines(10_001)), Recorded::Dropped(DropReason::TooManyLines));
    let mut asked = all_models();
    asked.models = models(&["linear", "time_decay:7d"]);
    let spoke = Event::query("a", day(0), who()).product("17").topic("a");
    let back = Event::refund("r", day(2), "r", "1", eur("0.01")).line(RefundLine::new("17", eur("0.01")));
    let events = [spoke.into(), turn("b", 0, who()), lines(10_000), back.into()];
    let (report, receipts) = answer(&tracker(events), &asked, &["1"]);
    assert_eq!(values(&report, "linear"), map(&[("a", "50.00"), ("b", "49.99")]));
    let claim = receipts[0].claim.as_ref().unwrap();
    assert_eq!((claim.conversion.lines.len(), claim.conversion.lines[17].value), (10_001, eur("0.00")));
    assert!(claim.touchpoints[0].evidence.contains(Evidence::RecommendedProduct));
}

#[test]
fn texts_of_256_bytes_are_taken_and_longer_ones_dropped() {
    let text = |bytes: usize| "x".repeat(bytes);
    let with_id = |bytes: usize| Event::from(Event::query(text(bytes), day(0), who()));
    let placed = |order: String, product: String| {
        let line = OrderLine::new(product, 1, eur("1.00"));
        Event::from(Event::order("o", day(0), who(), order, eur("1.00")).line(line))
    };
    let all = |bytes: usize| -> Vec<Event> {
        vec![
            with_id(bytes),
            Event::query("q", day(0), Who::visitor(text(bytes))).into(),
            Event::query("q", day(0), who()).topic(text(bytes)).into(),
            Event::query("q", day(0), who()).product(text(bytes)).into(),
            Event::visit("q", day(0), who()).channel(text(bytes)).into(),
            Event::link_click("q", day(0), who()).turn(text(bytes)).into(),
            Event::link_click("q", day(0), who()).code(text(bytes)).into(),
            Event::discount_offer("q", day(0), who()).discount_code(text(bytes)).into(),
            Event::add_to_cart("q", day(0), who(), text(bytes)).into(),
            Event::goal("q", day(0), who(), text(bytes)).into(),
            Event::refund("q", day(0), text(bytes), "1", eur("1.00")).into(),
            Event::refund("q", day(0), "r", text(bytes), eur("1.00")).into(),
            Event::customer_merged("q", day(0), text(bytes), "k").into(),
            placed(text(bytes), "p".into()),
            placed("1".into(), text(bytes)),
        ]
    };
    for (short, long) in all(256).into_iter().zip(all(257)) {
        assert_eq!(recorded(short.clone()), Recorded::New, "{short:?}");
        assert_eq!(recorded(long), Recorded::Dropped(DropReason::TextTooLong));
    }
    // Bytes, not characters; and whoever wants longer ones says so.
    let wide = Event::from(Event::query("q", day(0), who()).topic("é".repeat(129)));
    assert_eq!(recorded(wide.clone()), Recorded::Dropped(DropReason::TextTooLong));
    let mut limits = Limits::default();
    limits.text_bytes = 258;
    assert_eq!(Tracker::with_limits(key(), limits).record(wide).unwrap(), Recorded::New);
}

#[test]
fn ids_may_not_be_empty() {
    for event in [
        Event::from(Event::query("", day(0), who())),
        Event::order("o", day(0), who(), "", eur("1.00")).into(),
        Event::refund("o", day(0), "", "1", eur("1.00")).into(),
        Event::refund("o", day(0), "r", "", eur("1.00")).into(),
        Event::order("o", day(0), who(), "1", eur("1.00")).refund(OrderRefund::new("", eur("1.00"))).into(),
    ] {
        assert_eq!(recorded(event), Recorded::Dropped(DropReason::EmptyId));
    }
}

#[test]
fn an_event_names_sixty_four_products_or_codes_and_no_more() {
    let products =
        |count: usize| Event::recommendation("r", day(0), who(), (0..count).map(|n| n.to_string()));
    assert_eq!(recorded(products(64)), Recorded::New);
    assert_eq!(recorded(products(65)), Recorded::Dropped(DropReason::TooManyValues));
    let codes = |count: usize| {
        let placed = Event::order("o", day(0), who(), "1", eur("1.00"));
        (0..count).fold(placed, |placed, code| placed.code(format!("code {code}")))
    };
    assert_eq!(recorded(codes(64)), Recorded::New);
    assert_eq!(recorded(codes(65)), Recorded::Dropped(DropReason::TooManyValues));
}

#[test]
fn ids_can_be_kept_as_pseudonyms() {
    let mut limits = Limits::default();
    limits.hash_ids = true;
    let mut hashed = Tracker::with_limits(key(), limits);
    let click = Event::link_click("click-1", day(0), who()).turn("turn-1");
    let refund = Event::refund("event-r", day(2), "refund-1", "order-1", eur("1.00"));
    let events = [turn("turn-1", 0, who()), click.into(), order("order-1", 1, who(), "5.00"), refund.into()];
    let _ = hashed.extend(events).unwrap();
    let (_, receipts) = answer(&hashed, &all_models(), &["order-1"]);
    let claim = receipts[0].claim.as_ref().unwrap();
    assert_eq!((claim.touchpoints.len(), claim.touchpoints[0].engagements.len()), (1, 1));
    assert_eq!(claim.conversion.value, Some(eur("4.00")));
    let written = serde_json::to_string(&receipts[0]).unwrap() + &receipts[0].to_string();
    for id in ["click-1", "order-1", "refund-1", "event-r", "event of"] {
        assert!(!written.contains(id), "{id} in {written}");
    }
    // An event's id has half as many bits as an order's.
    assert_eq!((claim.touchpoints[0].id.as_str().len(), receipts[0].order.as_str().len()), (16, 32));
}

// ---- Instants ----

const ENDS: [DateTime<Utc>; 2] = [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC];

fn at_the_ends() -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for (name, instant) in ["first", "last"].into_iter().zip(ENDS) {
        let turn = Event::query(format!("turn at the {name}"), instant, who()).topic(name);
        let total = eur("7.00");
        let placed = Event::order(format!("o {name}"), instant, who(), name, total).updated_at(instant);
        events.push(turn.into());
        events.push(placed.into());
        events.push(Event::refund(format!("r {name}"), instant, "r", name, eur("1.00")).into());
        events.push(Event::feedback(format!("f {name}"), instant, who(), true).into());
    }
    events
}

#[test]
fn the_first_and_the_last_representable_instant_are_instants_like_others() {
    let mut asked = all_models();
    asked.as_of = DateTime::<Utc>::MAX_UTC;
    asked.by = vec![Dimension::Topic, Dimension::Evidence];
    for lookback in [Span::ZERO, Span::days(30), Span::MAX] {
        asked.rules.lookback = lookback;
        let tracker = tracker(at_the_ends());
        let (report, receipts) = answer(&tracker, &asked, &["first", "last"]);
        assert_eq!((report.totals[0].conversions, report.totals[0].value.as_str()), (2, "12.00"));
        // 500,000 years lie between: more than any window.
        assert_eq!(values(&report, "linear"), map(&[("first", "6.00"), ("last", "6.00")]));
        let last = receipts[1].claim.as_ref().unwrap();
        assert_eq!(refused(last), [("turn at the first", "out_of_window")]);
        assert!(report.to_string().contains("12.00") && receipts[1].to_string().contains("+262142-12-31T23"));
        let written = serde_json::to_string(&receipts).unwrap();
        let read: Vec<clinch::Receipt> = serde_json::from_str(&written).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), written);
    }
}

#[test]
fn a_question_as_of_the_ends_of_time_has_an_answer() {
    let tracker = tracker(at_the_ends());
    for (as_of, events) in ENDS.into_iter().zip([4, 8]) {
        let mut asked = all_models();
        asked.as_of = as_of;
        let (report, _) = answer(&tracker, &asked, &[]);
        assert_eq!(report.overview.events, events);
        asked.period = Period::between(ENDS[0], ENDS[1]);
        asked.dated = Dated::ByTouch;
        let (report, _) = answer(&tracker, &asked, &[]);
        assert_eq!(report.totals[0].value, if events == 4 { "6.00" } else { "12.00" });
    }
}

#[test]
fn events_at_the_ends_survive_the_log() {
    for event in at_the_ends() {
        let line = clinch::event::jsonl::write_line(&event);
        assert_eq!(clinch::event::jsonl::read_line(line.as_bytes()).unwrap(), event, "{line}");
    }
}

#[test]
fn a_leap_second_is_the_second_before_it() {
    let leap = at("2016-12-31T23:59:60.5Z");
    let events: [Event; 2] = [
        Event::query("turn", at("2016-12-31T23:59:59.5Z"), who()).into(),
        Event::order("o", leap, who(), "1", eur("1.00")).into(),
    ];
    let claim = claim(events, &rules(|rules| rules.lookback = Span::ZERO));
    assert_eq!((ids(&claim), claim.conversion.at), (vec!["turn"], at("2016-12-31T23:59:59.5Z")));
}

#[test]
fn two_orders_in_one_instant_share_their_path_as_the_rules_say() {
    let events = [turn("a", 0, who()), order("2", 1, who(), "2.00"), order("1", 1, who(), "1.00")];
    let paths = |reuse| {
        let claims = claims(events.clone(), &rules(|rules| rules.reuse = reuse));
        claims.iter().map(|claim| (claim.conversion.kind.id().to_owned(), claim.touchpoints.len())).collect()
    };
    let expected = |second| vec![("1".to_owned(), 1), ("2".to_owned(), second)];
    let found: Vec<_> = paths(Reuse::Allowed);
    assert_eq!(found, expected(1));
    for reuse in [Reuse::Consumed, Reuse::Restart, Reuse::FirstOnly] {
        let found: Vec<_> = paths(reuse);
        assert_eq!(found, expected(0), "{reuse}");
    }
}

#[test]
fn an_order_before_any_turn_is_unattributed() {
    let (report, receipts) =
        answer(&tracker([order("1", 0, who(), "5.00"), turn("a", 1, who())]), &all_models(), &["1"]);
    assert_eq!((report.totals[0].unattributed.as_str(), report.overview.turns.converted), ("5.00", 0));
    let claim = receipts[0].claim.as_ref().unwrap();
    assert_eq!(claim.unattributed, Some(UnattributedReason::AfterConversion));
    assert_eq!(refused(claim), [("a", "after_conversion")]);
    assert_eq!(linear([order("1", 1, who(), "5.00"), turn("a", 0, who())]), map(&[("a", "5.00")]));
}

#[test]
fn facts_of_no_person_are_dropped_unless_they_are_refunds() {
    assert_eq!(
        recorded(Event::query("q", day(0), Identifiers::none())),
        Recorded::Dropped(DropReason::NoIdentifier)
    );
    assert_eq!(recorded(Event::refund("r", day(0), "r", "1", eur("1.00"))), Recorded::New);
}
