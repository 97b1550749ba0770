//! The ends of every range: money, sizes, instants, identities, and what happens in no sensible order.

mod support;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use clinch::{
    Chosen, ConsentPolicy, Dated, Dimension, DropReason, Earned, Error, ErrorKind, Event, Evidence, IdKind,
    Identifier, Identifiers, JourneyBuilder, Limits, OrderLine, OrderRefund, OrderStatus, Period,
    ProductMatch, Purpose, Question, Recorded, RefundLine, Reuse, Rules, Span, TouchKind, Tracker,
    UnattributedReason, Unit, Who,
};
use support::*;

fn who() -> Identifiers {
    Who::visitor("v9")
}

/// A turn whose topic is its id.
fn turn(id: &str, days: i64, who: Identifiers) -> Event {
    Event::query(id, day(days), who).topic(id).into()
}

fn order(id: &str, days: i64, who: Identifiers, total: &str) -> Event {
    Event::order(format!("event of {id}"), day(days), who, id, eur(total)).into()
}

fn rules(change: impl FnOnce(&mut Rules)) -> Rules {
    let mut rules = Rules::default();
    change(&mut rules);
    rules
}

/// What the linear model gives each topic.
#[track_caller]
fn linear(events: impl IntoIterator<Item = Event>) -> BTreeMap<String, String> {
    let (report, _) = answer(&tracker(events), &all_models(), &[]);
    values(&report, "linear")
}

/// What becomes of one event at the door of an empty tracker.
#[track_caller]
fn recorded(event: impl Into<Event>) -> Recorded {
    Tracker::new(key()).record(event).unwrap()
}

#[track_caller]
fn net(events: impl IntoIterator<Item = Event>) -> String {
    let (report, _) = answer(&tracker(events), &all_models(), &[]);
    report.totals.first().map_or("none".to_owned(), |totals| totals.value.clone())
}

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
    assert_eq!(claim.touchpoints[0].id.as_str().len(), 32);
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
    assert_eq!(claim.unattributed, Some(UnattributedReason::NoTouchpoint));
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

// ---- Refunds, edits, cancellations ----

#[test]
fn a_refund_larger_than_the_order_leaves_nothing_and_shows_the_surplus() {
    let refund = |id: &str, amount| Event::from(Event::refund(id, day(2), id, "1", eur(amount)));
    let events = [turn("a", 0, who()), order("1", 1, who(), "10.00"), refund("r1", "10.01")];
    let (report, receipts) = answer(&tracker(events), &all_models(), &["1"]);
    assert!(report.tables[0].rows.is_empty() && receipts[0].claim.is_none());
    assert_eq!((report.totals[0].conversions, report.totals[0].over_refunded.as_str()), (0, "0.01"));
    // Beside another order its surplus takes nothing from that one.
    let events = [
        turn("a", 0, who()),
        order("1", 1, who(), "10.00"),
        order("2", 1, who(), "3.00"),
        refund("r1", "25.00"),
    ];
    let (report, _) = answer(&tracker(events), &all_models(), &["1", "2"]);
    assert_eq!((report.totals[0].value.as_str(), report.totals[0].over_refunded.as_str()), ("3.00", "15.00"));
    // Refunds beyond any integer of 64 bits add up too.
    let largest = "92233720368547758.07";
    let many =
        (0..5).map(|n| Event::from(Event::refund(n.to_string(), day(2), n.to_string(), "1", eur(largest))));
    let (report, _) =
        answer(&tracker([order("1", 1, who(), "0.07")].into_iter().chain(many)), &all_models(), &[]);
    assert_eq!(units(&report.totals[0].over_refunded), i128::from(i64::MAX) * 5 - 7);
}

#[test]
fn a_refund_without_its_order_waits_for_it() {
    let refund = Event::from(Event::refund("r", day(2), "r", "1", eur("4.00")));
    let mut tracker = tracker([turn("a", 0, who()), refund]);
    let (report, _) = answer(&tracker, &all_models(), &[]);
    let loose = &report.overview.loose_refunds[&"EUR".parse().unwrap()];
    assert_eq!((loose.count, loose.value.as_str(), report.totals.len()), (1, "4.00", 0));
    let _ = tracker.record(order("1", 1, who(), "10.00")).unwrap();
    let (report, _) = answer(&tracker, &all_models(), &["1"]);
    assert!(report.overview.loose_refunds.is_empty());
    assert_eq!(values(&report, "linear"), map(&[("a", "6.00")]));
    assert_eq!(report.overview.refunds[&"EUR".parse().unwrap()], 1);
}

#[test]
fn a_refund_in_another_currency_is_counted_and_not_applied() {
    let refund = Event::from(Event::refund("r", day(2), "r", "1", money("4.00", "USD")));
    let (report, _) =
        answer(&tracker([turn("a", 0, who()), order("1", 1, who(), "10.00"), refund]), &all_models(), &["1"]);
    assert_eq!(report.totals[0].value, "10.00");
    assert_eq!(report.overview.loose_refunds[&"USD".parse().unwrap()].value, "4.00");
}

#[test]
fn one_refund_told_twice_counts_as_told_last() {
    let told = |id: &str, days, amount| Event::from(Event::refund(id, day(days), "r", "1", eur(amount)));
    let base = [turn("a", 0, who()), order("1", 1, who(), "10.00")];
    let net = |refunds: [Event; 2]| net(base.iter().cloned().chain(refunds));
    assert_eq!(net([told("e1", 2, "4.00"), told("e2", 3, "3.00")]), "7.00");
    assert_eq!(net([told("e2", 3, "3.00"), told("e1", 2, "4.00")]), "7.00");
    // At one instant the larger one, whichever came first.
    assert_eq!(net([told("e1", 2, "4.00"), told("e2", 2, "3.00")]), "6.00");
    assert_eq!(net([told("e2", 2, "3.00"), told("e1", 2, "4.00")]), "6.00");
    // A refund of the same id of another order is another one.
    let other = Event::from(Event::refund("e3", day(2), "r", "2", eur("1.00")));
    assert_eq!(net([told("e1", 2, "4.00"), other]), "6.00");
}

#[test]
fn a_refund_in_an_older_version_of_the_order_still_counts() {
    let old = Event::order("v1", day(1), who(), "1", eur("10.00")).refund(OrderRefund::new("r", eur("2.00")));
    let new = Event::order("v2", day(2), who(), "1", eur("10.00"));
    assert_eq!(net([turn("a", 0, who()), old.into(), new.into()]), "8.00");
}

#[test]
fn an_edit_moves_the_value_and_not_the_instant() {
    let edited = Event::order("v2", day(40), who(), "1", eur("7.00")).status(OrderStatus::Paid);
    let events = [turn("a", 0, who()), order("1", 1, who(), "10.00"), edited.into(), turn("late", 20, who())];
    let (report, receipts) = answer(&tracker(events), &all_models(), &["1"]);
    assert_eq!(values(&report, "linear"), map(&[("a", "7.00")]));
    assert_eq!(receipts[0].claim.as_ref().unwrap().conversion.at, day(1));
    // An edit in another currency is another currency.
    let dollars = Event::order("v3", day(41), who(), "1", money("8.00", "USD"));
    let events = [turn("a", 0, who()), order("1", 1, who(), "10.00"), dollars.into()];
    let (report, _) = answer(&tracker(events), &all_models(), &["1"]);
    assert_eq!((report.totals.len(), report.totals[0].value.as_str()), (1, "8.00"));
}

#[test]
fn only_the_version_that_holds_says_whose_order_it_is() {
    let wrong = Event::order("v1", day(1), Who::customer("ann").visitor("v1"), "1", eur("10.00"));
    let right = Event::order("v2", day(2), Who::customer("bob").visitor("v2"), "1", eur("10.00"));
    let events = [
        turn("of v1", 0, Who::visitor("v1")),
        turn("of v2", 0, Who::visitor("v2")),
        wrong.into(),
        right.into(),
    ];
    assert_eq!(linear(events.clone()), map(&[("of v2", "10.00")]));
    assert_eq!(linear(events[..3].iter().cloned()), map(&[("of v1", "10.00")]));
}

#[test]
fn cancelled_and_test_orders_are_told_apart_and_earn_nothing() {
    let placed = |status, updated: i64| {
        let placed = Event::order(format!("v{updated}"), day(1), who(), "1", eur("10.00")).status(status);
        Event::from(placed.updated_at(day(updated)))
    };
    let refund = Event::from(Event::refund("r", day(2), "r", "1", eur("4.00")));
    for (status, name) in [(OrderStatus::Cancelled, "cancelled"), (OrderStatus::Test, "test")] {
        let events = [turn("a", 0, who()), placed(OrderStatus::Placed, 1), refund.clone(), placed(status, 3)];
        let (report, receipts) = answer(&tracker(events), &all_models(), &["1"]);
        assert!(report.tables[0].rows.is_empty() && receipts[0].claim.is_none());
        assert_eq!(report.overview.not_counted[name], 1);
        assert_eq!(receipts[0].not_counted.unwrap().to_string(), name);
        // Taken up again, it counts again, refund and all.
        let events = [turn("a", 0, who()), placed(status, 3), refund.clone(), placed(OrderStatus::Paid, 4)];
        assert_eq!(linear(events), map(&[("a", "6.00")]));
    }
}

#[test]
fn a_refunded_line_takes_from_its_line_first() {
    let placed = || {
        let placed = Event::order("o", day(1), who(), "1", eur("35.00"));
        let placed = placed.line(OrderLine::new("shirt", 1, eur("20.00")));
        placed.line(OrderLine::new("socks", 2, eur("10.00")))
    };
    let left = |refund: clinch::EventOf<clinch::Refund>| -> Vec<String> {
        let claim = claim([turn("a", 0, who()), placed().into(), refund.into()], &Rules::default());
        let sum: i64 = claim.conversion.lines.iter().map(|line| line.value.minor()).sum();
        assert_eq!(Some(sum), claim.conversion.value.map(clinch::Money::minor));
        claim.conversion.lines.iter().map(|line| line.value.amount()).collect()
    };
    let refund = |amount| Event::refund("r", day(2), "r", "1", eur(amount));
    assert_eq!(left(refund("7.00")), ["16.00", "8.00", "4.00"]);
    let shirt = |amount| RefundLine::new("shirt", eur(amount));
    assert_eq!(left(refund("7.00").line(shirt("7.00"))), ["13.00", "10.00", "5.00"]);
    // More for a line than it had, or than the refund has: what is beyond spreads, or is cut to the refund.
    assert_eq!(left(refund("26.00").line(shirt("26.00"))), ["0.00", "6.00", "3.00"]);
    assert_eq!(left(refund("7.00").line(shirt("9.00"))), ["13.00", "10.00", "5.00"]);
    assert_eq!(left(refund("7.00").line(RefundLine::new("hat", eur("7.00")))), ["16.00", "8.00", "4.00"]);
}

#[test]
fn lines_beyond_the_total_share_it_and_none_goes_below_zero() {
    let lines = |total: &str, lines: &[&str], back: &str| -> Vec<i64> {
        let placed = Event::order("o", day(1), who(), "1", eur(total));
        let add = |placed: clinch::EventOf<clinch::Order>, line: &&str| {
            placed.line(OrderLine::new(*line, 1, eur(line)))
        };
        let placed = lines.iter().fold(placed, add);
        let refund = Event::refund("r", day(2), "r", "1", eur(back));
        let claim = claim([placed.into(), refund.into()], &Rules::default());
        let left: Vec<i64> = claim.conversion.lines.iter().map(|line| line.value.minor()).collect();
        assert!(left.iter().all(|minor| *minor >= 0), "{left:?}");
        assert_eq!(left.iter().sum::<i64>(), claim.conversion.value.unwrap().minor());
        left
    };
    // A tenth off the whole order.
    assert_eq!(lines("27.00", &["20.00", "10.00"], "0.00"), [1800, 900, 0]);
    assert_eq!(lines("27.00", &["20.00", "10.00"], "9.00"), [1200, 600, 0]);
    // Amounts near the end of the range.
    let huge = "11529215046068469.76";
    lines("11529215046068471.03", &[huge, "1.27"], "11529215046068470.76");
    lines("92233720368547758.07", &[huge, "0.01", "0.02"], "92233720368547758.06");
    lines("92233720368547758.07", &["92233720368547758.07", "92233720368547758.07"], "0.01");
}

#[test]
fn credit_per_line_goes_first_to_who_spoke_of_the_product() {
    let spoke = |id: &str, days, product: &str| {
        Event::from(Event::query(id, day(days), who()).topic(id).product(product))
    };
    let placed = Event::order("o", day(3), who(), "1", eur("33.01"))
        .line(OrderLine::new("shirt", 1, eur("20.00")))
        .line(OrderLine::new("hat", 1, eur("10.01")));
    let events = [spoke("a", 0, "shirt"), spoke("b", 1, "shirt"), spoke("c", 2, "socks"), placed.into()];
    let mut asked = all_models();
    asked.models = models(&["linear", "first_touch"]);
    let (_, receipts) = answer(&tracker(events), &asked, &["1"]);
    let values = |model: usize| -> Vec<Vec<i64>> {
        let lines = receipts[0].lines[model].iter();
        lines.map(|line| line.values.iter().map(|value| value.minor()).collect()).collect()
    };
    // Shirt by those who spoke of it; hat and shipping (3.00) by all.
    assert_eq!(values(0), [[1000, 1000, 0], [334, 334, 333], [100, 100, 100]]);
    // A first touch weighs the others nothing; who spoke of it and weighs nothing has no claim.
    assert_eq!(values(1), [[2000, 0, 0], [1001, 0, 0], [300, 0, 0]]);
}

// ---- Goals ----

#[test]
fn goals_with_and_without_a_value_are_conversions_of_their_own() {
    let goal = |id: &str, name: &str| Event::goal(id, day(1), who(), name);
    let events = [
        turn("a", 0, who()),
        turn("b", 0, who()),
        goal("g1", "sign_up").into(),
        goal("g2", "loyalty").value(eur("2.01")).into(),
        order("1", 1, who(), "10.00"),
    ];
    let tracker = tracker(events);
    let mut asked = all_models();
    assert_eq!(tracker.report(&asked).unwrap().totals[0].value, "10.00");
    asked.earned = Earned::Goal("sign_up".into());
    let (report, _) = answer(&tracker, &asked, &[]);
    assert_eq!((report.totals[0].currency, report.totals[0].conversions), (None, 1));
    assert_eq!(conversions(&report, "linear"), map(&[("a", "0.500000000"), ("b", "0.500000000")]));
    assert_eq!(values(&report, "linear"), map(&[("a", "0"), ("b", "0")]));
    asked.earned = Earned::Goal("loyalty".into());
    let (report, _) = answer(&tracker, &asked, &[]);
    assert_eq!(values(&report, "linear"), map(&[("a", "1.01"), ("b", "1.00")]));
    asked.earned = Earned::Goal("newsletter".into());
    assert!(answer(&tracker, &asked, &[]).0.totals.is_empty());
}

// ---- People ----

#[test]
fn junk_identifiers_join_nobody_and_are_counted() {
    for junk in ["null", "undefined", "0", "00000000-0000-0000-0000-000000000000", "", " NULL ", "(not set)"]
    {
        let events = [
            turn("a", 0, Who::visitor(junk).conversation("c1")),
            order("1", 1, Who::visitor(junk).customer("k1"), "5.00"),
        ];
        let (report, _) = answer(&tracker(events), &all_models(), &["1"]);
        assert_eq!(
            (report.totals[0].unattributed.as_str(), report.overview.junk_identifiers),
            ("5.00", 2),
            "{junk}"
        );
    }
    let events = [
        turn("a", 0, Who::visitor("v1").conversation("c1")),
        order("1", 1, Who::visitor("v1").customer("k1"), "5.00"),
    ];
    assert_eq!(linear(events), map(&[("a", "5.00")]));
    // With junk alone an event is somebody, but nobody else; role mailboxes are no person's.
    let events = [turn("a", 0, Who::visitor("null")), order("1", 1, Who::visitor("null"), "5.00")];
    let (report, _) = answer(&tracker(events), &all_models(), &["1"]);
    assert_eq!((report.totals[0].unattributed.as_str(), report.overview.people.of), ("5.00", 1));
    let office = || Who::email("info@firm.example");
    assert!(linear([turn("a", 0, office()), order("1", 1, office(), "5.00")]).is_empty());
}

#[test]
fn a_shared_device_carries_anonymous_turns_to_neither() {
    let events = |second: &str| {
        [
            order("1", 2, Who::customer("ann").visitor("tablet"), "10.00"),
            turn("anonymous", 1, Who::visitor("tablet")),
            turn("of ann", 1, Who::customer("ann")),
            Event::identify("i", day(0), Who::customer(second).visitor("tablet")).into(),
        ]
    };
    assert_eq!(linear(events("bob")), map(&[("of ann", "10.00")]));
    assert_eq!(linear(events("ann")), map(&[("of ann", "5.00"), ("anonymous", "5.00")]));
}

#[test]
fn at_a_kiosk_the_cart_tells_people_apart() {
    // One visitor id for everybody, a cart each: the narrower identifier decides.
    let kiosk = |cart: &str| Who::visitor("kiosk").cart(cart);
    let mut events: Vec<Event> = Vec::new();
    for (person, total) in [("ann", "1.00"), ("bob", "2.00"), ("eve", "4.00")] {
        events.push(turn(&format!("of {person}"), 0, kiosk(person)));
        events.push(order(person, 1, Who::customer(person).cart(person).visitor("kiosk"), total));
    }
    assert_eq!(linear(events), map(&[("of ann", "1.00"), ("of bob", "2.00"), ("of eve", "4.00")]));
}

#[test]
fn logged_in_as_someone_else_moves_only_what_names_the_customer() {
    let events = [
        turn("shopper", 0, Who::visitor("home")),
        Event::identify("login", day(1), Who::customer("ann").visitor("home")).into(),
        // Support looks at Ann's account from its own desk, where it had asked things before.
        turn("support", 0, Who::visitor("desk")),
        Event::identify("as ann", day(2), Who::customer("ann").visitor("desk")).into(),
        Event::identify("as bob", day(2), Who::customer("bob").visitor("desk")).into(),
        order("1", 3, Who::customer("ann"), "10.00"),
    ];
    assert_eq!(linear(events), map(&[("shopper", "10.00")]));
}

#[test]
fn a_mailbox_without_a_customer_is_the_customer() {
    let events = [
        turn("a", 0, Who::email("ann@mail.example").visitor("v1")),
        order("1", 1, Who::email("ann@mail.example"), "3.00"),
    ];
    let journeys = |events: &[Event]| {
        let mut builder = JourneyBuilder::new();
        events.iter().for_each(|event| {
            let _ = builder.add(event.clone()).unwrap();
        });
        builder.build(question().as_of)
    };
    let found = journeys(&events);
    assert_eq!((found.len(), found[0].known, found[0].claims[0].touchpoints.len()), (1, true, 1));
    let evidence = found[0].claims[0].touchpoints[0].evidence;
    assert!(evidence.contains(Evidence::SameCustomer) && !evidence.contains(Evidence::SameVisitor));
    let anonymous = journeys(&[turn("a", 0, who()), order("1", 1, who(), "3.00")]);
    assert!(
        !anonymous[0].known && anonymous[0].claims[0].touchpoints[0].evidence.contains(Evidence::SameVisitor)
    );
}

#[test]
fn a_withdrawn_claim_parts_and_a_later_claim_joins_again() {
    let pair = || (Identifier::new(IdKind::Customer, "ann"), Identifier::new(IdKind::Visitor, "v9"));
    let withdrawn = |days| {
        let (one, other) = pair();
        Event::from(Event::claim_withdrawn(format!("w{days}"), day(days), one, other))
    };
    let login = |days| {
        Event::from(Event::identify(format!("i{days}"), day(days), Who::customer("ann").visitor("v9")))
    };
    let base = [turn("a", 0, who()), order("1", 9, Who::customer("ann"), "3.00")];
    let earned = |claims: &[Event]| !linear(base.iter().chain(claims).cloned()).is_empty();
    assert!(!earned(&[]));
    assert!(earned(&[login(1)]));
    assert!(!earned(&[login(1), withdrawn(2)]));
    assert!(!earned(&[login(1), withdrawn(1)]), "a withdrawal at the instant of the claim holds");
    assert!(earned(&[login(1), withdrawn(2), login(3)]));
    assert!(!earned(&[login(1), withdrawn(2), login(3), withdrawn(4)]));
    // Nor does a way round over a third identifier lead there while it holds.
    let round = [
        Event::from(Event::identify("x", day(3), Who::customer("ann").conversation("c1"))),
        Event::identify("y", day(3), Who::visitor("v9").conversation("c1")).into(),
    ];
    assert!(earned(&round));
    let mut both = vec![login(1), withdrawn(2)];
    both.extend(round);
    assert!(!earned(&both));
}

#[test]
fn merged_customers_are_one_until_the_merge_is_taken_back() {
    let merged = Event::from(Event::customer_merged("m", day(5), "old", "new"));
    let (old, new) = (Identifier::new(IdKind::Customer, "old"), Identifier::new(IdKind::Customer, "new"));
    let back = Event::from(Event::claim_withdrawn("w", day(6), old, new));
    let again = Event::from(Event::customer_merged("m2", day(7), "old", "new"));
    let base = [turn("a", 0, Who::customer("old")), order("1", 1, Who::customer("new"), "3.00")];
    let earned = |claims: &[&Event]| !linear(base.iter().chain(claims.iter().copied()).cloned()).is_empty();
    assert!(!earned(&[]));
    assert!(earned(&[&merged]));
    assert!(!earned(&[&merged, &back]));
    assert!(earned(&[&merged, &back, &again]));
    // A device of both is no shared device any more.
    let device = [
        turn("a", 0, Who::visitor("v9")),
        Event::identify("i1", day(1), Who::customer("old").visitor("v9")).into(),
        order("1", 2, Who::customer("new").visitor("v9"), "3.00"),
    ];
    assert!(linear(device.clone()).is_empty());
    assert_eq!(linear(device.into_iter().chain([merged])), map(&[("a", "3.00")]));
}

#[test]
fn an_identifier_asked_about_shows_everybody_who_used_it() {
    let events = [
        turn("of ann", 0, Who::customer("ann").visitor("tablet")),
        turn("of bob", 1, Who::customer("bob").visitor("tablet")),
        turn("anonymous", 2, Who::visitor("tablet")),
    ];
    let tracker = tracker(events);
    let found = |kind, text: &str| tracker.journeys(&Identifier::new(kind, text), &question());
    let first: Vec<String> = found(IdKind::Visitor, "tablet")
        .iter()
        .map(|journey| journey.touchpoints[0].id.to_string())
        .collect();
    assert_eq!(first, ["of ann", "of bob", "anonymous"]);
    assert_eq!(found(IdKind::Customer, "ann").len(), 1);
    assert!(found(IdKind::Customer, "nobody").is_empty());
}

// ---- Consent ----

fn consent(id: &str, days: i64, purpose: Purpose, granted: bool) -> Event {
    Event::consent(id, day(days), who(), purpose, granted).into()
}

#[test]
fn the_last_word_on_analytics_decides_and_a_tie_is_a_denial() {
    let base = [turn("a", 0, who()), order("1", 2, who(), "3.00")];
    let (yes, no) = (
        |id: &str, days| consent(id, days, Purpose::Analytics, true),
        |id: &str, days| consent(id, days, Purpose::Analytics, false),
    );
    let earned = |words: &[Event]| !linear(base.iter().chain(words).cloned()).is_empty();
    assert!(earned(&[]));
    assert!(!earned(&[no("n", 1)]));
    assert!(!earned(&[yes("y", 0), no("n", 5)]), "also after the order");
    assert!(earned(&[no("n", 1), yes("y", 5)]));
    assert!(!earned(&[no("z", 1), yes("y", 1)]) && !earned(&[no("a", 1), yes("y", 1)]));
    assert!(earned(&[
        consent("m", 1, Purpose::Marketing, false),
        consent("s", 1, Purpose::SaleOrSharing, false)
    ]));
}

#[test]
fn without_consent_nothing_of_a_person_is_told_but_the_order() {
    let query = Event::from(Event::query("q1", day(0), who()).query("is it waterproof"));
    let again = Event::from(Event::query("q2", day(1), who()).query("is it waterproof"));
    let base = [query, again, order("1", 2, who(), "3.00")];
    let denied = tracker(base.iter().cloned().chain([consent("n", 3, Purpose::Analytics, false)]));
    let (report, receipts) = answer(&denied, &all_models(), &["1"]);
    assert_eq!(report.totals[0].reasons[0].reason, UnattributedReason::NoConsent);
    assert_eq!((report.totals[0].value.as_str(), report.totals[0].unattributed.as_str()), ("3.00", "3.00"));
    assert_eq!((report.overview.turns.of, report.overview.people.of), (0, 0));
    assert_eq!(refused(receipts[0].claim.as_ref().unwrap()), [("q1", "no_consent"), ("q2", "no_consent")]);
    let written = serde_json::to_string(&(&report, &receipts)).unwrap();
    assert!(!written.contains("waterproof"), "{written}");
    // With consent it is all there.
    let (report, _) = answer(&tracker(base), &all_models(), &["1"]);
    assert_eq!(report.overview.queries[0].repeated_before_conversion.converted, 1);
}

#[test]
fn a_person_without_consent_and_without_a_conversion_is_told_of_neither() {
    let query = Event::from(Event::query("q1", day(0), who()).query("is it waterproof"));
    let tracker = tracker([query, consent("n", 1, Purpose::Analytics, false)]);
    let mut asked = question();
    assert!(tracker.report(&asked).unwrap().overview.queries.is_empty());
    asked.as_of = day(0);
    assert_eq!(tracker.report(&asked).unwrap().overview.queries.len(), 1);
}

#[test]
fn where_consent_is_required_silence_is_a_denial() {
    let base = [turn("a", 0, who()), order("1", 2, who(), "3.00")];
    let mut asked = all_models();
    asked.consent = ConsentPolicy::Required;
    let told = |events: &[Event]| values(&tracker(events.to_vec()).report(&asked).unwrap(), "linear");
    assert!(told(&base).is_empty());
    let granted = [base[0].clone(), base[1].clone(), consent("y", 1, Purpose::Analytics, true)];
    assert_eq!(told(&granted), map(&[("a", "3.00")]));
}

// ---- Feedback and intents ----

#[test]
fn an_unhelpful_turn_takes_its_engagements_with_it() {
    let who = || Who::visitor("v9").conversation("c1");
    let click = Event::from(Event::link_click("click", day(0) + TimeDelta::minutes(1), who()).product("p1"));
    let said = |id: &str, minutes, helpful| {
        Event::from(Event::feedback(id, day(0) + TimeDelta::minutes(minutes), who(), helpful).turn("a"))
    };
    let base = [turn("a", 0, who()), click, order("1", 2, who(), "3.00")];
    let found = |words: &[Event]| claim(base.iter().chain(words).cloned(), &Rules::default());
    assert_eq!(ids(&found(&[])), ["a"]);
    let unhelpful = found(&[said("f1", 2, false)]);
    assert_eq!(refused(&unhelpful), [("a", "unhelpful"), ("click", "unhelpful")]);
    assert_eq!(ids(&found(&[said("f1", 2, false), said("f2", 3, true)])), ["a"]);
    assert!(ids(&found(&[said("f1", 2, true), said("f2", 3, false)])).is_empty());
    assert!(ids(&found(&[said("z", 2, false), said("f2", 2, true)])).is_empty(), "a tie is unhelpful");
    // Without a turn it is about the latest one of the conversation; another person's word is not heard.
    let latest = Event::from(Event::feedback("f", day(0) + TimeDelta::minutes(2), who(), false));
    assert!(ids(&found(&[latest])).is_empty());
    let stranger = Event::from(Event::feedback("f", day(0), Who::visitor("other"), false).turn("a"));
    assert_eq!(ids(&found(&[stranger])), ["a"]);
    let may = claim(
        base.iter().cloned().chain([said("f1", 2, false)]),
        &rules(|rules| rules.unhelpful_may_earn = true),
    );
    assert_eq!(ids(&may), ["a"]);
}

#[test]
fn an_excluded_intent_takes_its_engagements_along_in_every_unit() {
    let who = || Who::visitor("v9").conversation("c1");
    let asked = |intent: &str| Event::from(Event::query("a", day(0), who()).intent(intent));
    let rest = |turn: &str| {
        [
            Event::from(Event::link_click("click", day(0), who()).turn(turn)),
            Event::recommendation("rec", day(0), who(), ["p1"]).turn(turn).into(),
            order("1", 2, who(), "3.00"),
        ]
    };
    for unit in [Unit::Turn, Unit::Event, Unit::Conversation] {
        let rules = rules(|rules| rules.unit = unit);
        let status = claim([asked("Order Status")].into_iter().chain(rest("a")), &rules);
        assert_eq!(status.unattributed, Some(UnattributedReason::AllRefused), "{unit}");
        assert!(status.refused.iter().all(|refused| refused.reason.name() == "excluded_intent"));
        assert_eq!(status.refused.len(), 3, "{unit}");
        let product = claim([asked("product_question")].into_iter().chain(rest("a")), &rules);
        assert_eq!(
            (product.touchpoints.len(), product.refused.len()),
            (if unit == Unit::Event { 3 } else { 1 }, 0)
        );
    }
}

#[test]
fn intents_of_the_rules_are_folded_like_those_of_turns() {
    let asked = |intent: &str| Event::from(Event::query("a", day(0), who()).intent(intent));
    let rules = rules(|rules| rules.excluded_intents = ["Size Question".to_owned()].into());
    for intent in ["Size Question", "size_question", "SIZE-question", " size question "] {
        assert!(ids(&claim([asked(intent), order("1", 1, who(), "1.00")], &rules)).is_empty(), "{intent}");
    }
    for intent in ["sizequestion", "returns"] {
        assert_eq!(ids(&claim([asked(intent), order("1", 1, who(), "1.00")], &rules)), ["a"], "{intent}");
    }
}

// ---- Units, causes, products ----

#[test]
fn units_fold_by_turn_by_event_and_by_conversation() {
    let who = || Who::visitor("v9").conversation("c1");
    let minute = |minutes| day(0) + TimeDelta::minutes(minutes);
    let events: [Event; 6] = [
        Event::query("a", minute(0), who()).topic("size").into(),
        Event::link_shared("link", minute(1), who(), "https://shop.example/p").turn("a").product("p1").into(),
        Event::link_click("click", minute(2), who()).turn("a").product("p1").into(),
        Event::query("b", minute(10), who()).topic("fit").into(),
        Event::add_to_cart("cart", minute(41), who(), "p2").into(),
        Event::order("o", minute(60), who(), "1", eur("9.00")).into(),
    ];
    let found = |unit| claim(events.clone(), &rules(|rules| rules.unit = unit));
    let turns = found(Unit::Turn);
    // 31 minutes after the last turn nothing says that it caused the cart.
    assert_eq!(ids(&turns), ["a", "b", "cart"]);
    let folded: Vec<&str> = turns.touchpoints[0].engagements.iter().map(|id| id.as_str()).collect();
    assert_eq!(folded, ["link", "click"]);
    assert_eq!(turns.touchpoints[0].labels.product.len(), 1);
    // Of what the bot did, sending a link may not earn by itself.
    let single = found(Unit::Event);
    assert_eq!(ids(&single), ["a", "click", "b", "cart"]);
    assert_eq!(single.touchpoints[1].labels.topic[0].as_str(), "size");
    assert_eq!(single.touchpoints[1].turn.as_ref().map(|id| id.as_str()), Some("a"));
    let whole = found(Unit::Conversation);
    assert_eq!((ids(&whole), whole.touchpoints[0].at), (vec!["a"], minute(0)));
    assert_eq!(whole.touchpoints[0].labels.topic.len(), 2);
    // A gap of 31 minutes folds the cart as well.
    let wide = claim(events, &rules(|rules| rules.session_gap = Span::minutes(31)));
    assert_eq!(ids(&wide), ["a", "b"]);
}

#[test]
fn a_touchpoint_with_several_values_splits_over_them_to_the_cent() {
    let spoke = Event::query("a", day(0), who()).product("p1").product("p2").product("p3");
    let tracker = tracker([spoke.into(), order("1", 1, who(), "0.05")]);
    let mut asked = all_models();
    asked.by = vec![Dimension::Product, Dimension::Topic, Dimension::Evidence];
    let (report, _) = answer(&tracker, &asked, &["1"]);
    assert_eq!(values(&report, "linear"), map(&[("p1", "0.02"), ("p2", "0.02"), ("p3", "0.01")]));
    assert_eq!(values(&report, "participation"), map(&[("p1", "0.05"), ("p2", "0.05"), ("p3", "0.05")]));
    let labels: Vec<&str> = report.tables[1..].iter().map(|table| table.rows[0].label.as_str()).collect();
    assert_eq!(labels, ["none", "same_visitor"]);
}

#[test]
fn product_match_asks_for_the_product_or_its_type() {
    let spoke = |id: &str, product: &str, kind: &str| {
        Event::from(Event::query(id, day(0), who()).product(product).product_type(kind))
    };
    let line = OrderLine::new("shirt", 1, eur("5.00")).product_type("tops");
    let placed = Event::from(Event::order("o", day(1), who(), "1", eur("5.00")).line(line));
    let events = [
        spoke("same", "shirt", "tops"),
        spoke("type", "blouse", "tops"),
        spoke("other", "hat", "hats"),
        placed,
    ];
    let found = |product_match| claim(events.clone(), &rules(|rules| rules.product_match = product_match));
    assert_eq!(ids(&found(ProductMatch::Any)), ["other", "same", "type"]);
    assert_eq!(ids(&found(ProductMatch::SameType)), ["same", "type"]);
    assert_eq!(ids(&found(ProductMatch::SameProduct)), ["same"]);
    assert_eq!(
        refused(&found(ProductMatch::SameProduct)),
        [("other", "other_product"), ("type", "other_product")]
    );
    // An order without lines matches no product; a goal has none to match and asks for none.
    let plain = [events[0].clone(), order("1", 1, who(), "5.00")];
    let strict = rules(|rules| rules.product_match = ProductMatch::SameProduct);
    assert!(ids(&claim(plain, &strict)).is_empty());
    let goal = [events[0].clone(), Event::goal("g", day(1), who(), "sign_up").into()];
    assert_eq!(ids(&claim(goal, &strict)), ["same"]);
}

#[test]
fn evidence_can_open_a_longer_window_and_kinds_have_their_own() {
    let turn = Event::from(Event::query("a", day(0), who()).product("shirt"));
    let visit = Event::from(Event::visit("v", day(20), who()).channel("email"));
    let line = OrderLine::new("shirt", 1, eur("5.00"));
    let placed = Event::from(Event::order("o", day(40), who(), "1", eur("5.00")).line(line));
    let events = [turn, visit, placed];
    assert_eq!(ids(&claim(events.clone(), &Rules::default())), ["v"]);
    let longer = rules(|rules| {
        rules.evidence_windows.insert(Evidence::RecommendedProduct, Span::days(40));
        rules.kind_windows.insert(TouchKind::Visit, Span::days(7));
    });
    let found = claim(events, &longer);
    assert_eq!((ids(&found), refused(&found)), (vec!["a"], vec![("v", "out_of_window")]));
}

#[test]
fn a_turn_out_of_the_window_leaves_its_click_inside_it() {
    let click = Event::from(Event::link_click("click", day(5), who()).turn("a"));
    let late = claim([turn("a", 0, who()), click, order("1", 31, who(), "5.00")], &Rules::default());
    assert_eq!((ids(&late), refused(&late)), (vec!["click"], vec![("a", "out_of_window")]));
    assert_eq!(late.touchpoints[0].labels.topic[0].as_str(), "a");
}

// ---- Codes ----

/// A turn of `ann` that sent the link code `abcd`, and an order of a stranger that carries it.
fn code_across_people() -> [Event; 3] {
    let ann = || Who::customer("ann").visitor("phone of ann").conversation("chat of ann");
    let bob = Who::customer("bob").visitor("laptop of bob");
    let link =
        Event::link_shared("link", day(0), ann(), "https://shop.example/p").turn("turn of ann").code("abcd");
    let placed = Event::order("o", day(1), bob, "1", eur("5.00")).code("abcd");
    [turn("turn of ann", 0, ann()), link.into(), placed.into()]
}

#[test]
fn a_code_brings_in_the_one_turn_it_names_and_tells_nothing_else() {
    let (report, receipts) = answer(&tracker(code_across_people()), &all_models(), &["1"]);
    assert_eq!(values(&report, "linear"), map(&[("turn of ann", "5.00")]));
    let claim = receipts[0].claim.as_ref().unwrap();
    assert!(claim.touchpoints[0].foreign && claim.touchpoints[0].evidence.contains(Evidence::Code));
    assert!(!claim.touchpoints[0].evidence.contains(Evidence::SameCustomer));
    assert_eq!(claim.touchpoints[0].labels.topic[0].as_str(), "turn of ann");
    assert!(
        claim.touchpoints[0].labels.conversation.is_empty() && claim.touchpoints[0].engagements.is_empty()
    );
    let ids = serde_json::to_string(&(&claim.touchpoints[0].id, &receipts[0].path)).unwrap();
    assert!(!ids.contains("turn of ann"), "{ids}");
    // Without the code there is no path.
    let [turn, link, _] = code_across_people();
    let placed = order("1", 1, Who::customer("bob"), "5.00");
    assert!(linear([turn, link, placed]).is_empty());
}

#[test]
fn a_code_needs_the_consent_of_both() {
    let said = |who: Identifiers| Event::from(Event::consent("n", day(1), who, Purpose::Analytics, false));
    for (person, reason) in [("ann", UnattributedReason::AllRefused), ("bob", UnattributedReason::NoConsent)]
    {
        let events = code_across_people().into_iter().chain([said(Who::customer(person))]);
        let (report, receipts) = answer(&tracker(events), &all_models(), &["1"]);
        assert_eq!(report.totals[0].unattributed, "5.00");
        let claim = receipts[0].claim.as_ref().unwrap();
        assert_eq!(claim.unattributed, Some(reason), "{person}");
        assert_eq!(claim.refused[0].reason.name(), "no_consent");
        assert!(!receipts[0].to_string().contains("turn of ann"), "{}", receipts[0]);
    }
    let others = code_across_people().into_iter().chain([said(Who::customer("eve"))]);
    assert_eq!(linear(others), map(&[("turn of ann", "5.00")]));
}

#[test]
fn a_code_of_several_turns_is_evidence_within_one_person_only() {
    let ann = || Who::customer("ann");
    let second = [
        turn("second turn", 0, ann()),
        Event::link_shared("l2", day(0), ann(), "https://shop.example/p")
            .turn("second turn")
            .code("abcd")
            .into(),
    ];
    let events = code_across_people().into_iter().chain(second);
    assert!(linear(events.clone()).is_empty());
    let own = Event::order("o", day(1), ann(), "1", eur("5.00")).code("abcd");
    let own = events.filter(|event| event.id().as_str() != "o").chain([own.into()]);
    let claim = claim(own, &Rules::default());
    assert_eq!(claim.touchpoints.len(), 2);
    assert!(claim.touchpoints.iter().all(|touchpoint| touchpoint.evidence.contains(Evidence::Code)));
}

#[test]
fn a_code_names_no_turn_out_of_its_window_or_after_the_order() {
    let [turn, link, _] = code_across_people();
    let placed =
        |days| Event::from(Event::order("o", day(days), Who::customer("bob"), "1", eur("5.00")).code("abcd"));
    for (days, paths) in [(30, 1), (31, 0), (-1, 0), (0, 1)] {
        let claim = claim([turn.clone(), link.clone(), placed(days)], &Rules::default());
        assert_eq!(claim.touchpoints.len(), paths, "{days}");
    }
}

#[test]
fn a_click_on_somebody_elses_link_tells_nothing_of_them() {
    let [turn, link, _] = code_across_people();
    let bob = || Who::customer("bob").visitor("laptop of bob");
    let click = Event::from(Event::link_click("click", day(1), bob()).code("abcd"));
    let named = Event::from(Event::link_click("named", day(1), bob()).turn("turn of ann"));
    let tracker = tracker([turn, link, click, named, order("1", 2, bob(), "6.00")]);
    let (report, receipts) = answer(&tracker, &all_models(), &["1"]);
    // The turn by the code, and each click with the labels of the turn.
    assert_eq!(values(&report, "linear"), map(&[("turn of ann", "6.00")]));
    let claim = receipts[0].claim.as_ref().unwrap();
    assert_eq!(claim.touchpoints.len(), 3);
    let pseudonym = tracker.pseudonym(&Identifier::new(IdKind::Conversation, "chat of ann")).to_string();
    for touchpoint in &claim.touchpoints {
        assert!(touchpoint.turn.as_ref().is_none_or(|id| id.as_str() != "turn of ann"), "{touchpoint:?}");
        assert_ne!(touchpoint.id.as_str(), "turn of ann");
        assert!(touchpoint.labels.conversation.iter().all(|label| label.as_str() != pseudonym));
    }
}

#[test]
fn a_conversation_of_two_people_shows_neither_ones_turns_to_the_other() {
    let ann = || Who::customer("ann").conversation("c1");
    let bob = || Who::customer("bob").conversation("c1");
    let link =
        Event::link_shared("link", day(1), ann(), "https://shop.example/p").turn("turn of ann").code("abcd");
    for of_bob in [0, 2] {
        let events: [Event; 4] = [
            turn("turn of bob", of_bob, bob()),
            turn("turn of ann", 1, ann()),
            link.clone().into(),
            Event::order("o", day(3), bob(), "1", eur("6.00")).code("abcd").into(),
        ];
        let mut asked = all_models();
        asked.rules.unit = Unit::Conversation;
        let (_, receipts) = answer(&tracker(events), &asked, &["1"]);
        let claim = receipts[0].claim.as_ref().unwrap();
        assert_eq!((claim.touchpoints.len(), claim.touchpoints[0].engagements.len()), (1, 1));
        let ids =
            serde_json::to_string(&(&claim.touchpoints[0].id, &claim.touchpoints[0].engagements)).unwrap();
        assert!(!ids.contains("turn of ann") && ids.contains("turn of bob"), "{ids}");
    }
}

#[test]
fn a_discount_code_names_the_one_turn_that_offered_it() {
    let ann = || Who::customer("ann");
    let offer = |turn: &str| {
        Event::from(
            Event::discount_offer(format!("offer of {turn}"), day(0), ann())
                .turn(turn)
                .discount_code("TENOFF"),
        )
    };
    let placed = Event::from(
        Event::order("o", day(1), Who::customer("bob"), "1", eur("5.00")).discount_code("TENOFF"),
    );
    let base = [turn("a", 0, ann()), turn("b", 0, ann()), placed];
    let one = claim(base.iter().cloned().chain([offer("a")]), &Rules::default());
    assert_eq!(one.touchpoints[0].evidence.strongest(), Some(Evidence::DiscountCode));
    let two = claim(base.iter().cloned().chain([offer("a"), offer("b")]), &Rules::default());
    assert!(two.touchpoints.is_empty());
    let nobody = Event::from(Event::discount_offer("offer", day(0), ann()).discount_code("TENOFF"));
    let (report, _) = answer(&tracker(base.into_iter().chain([nobody])), &all_models(), &[]);
    assert_eq!((report.overview.codes_without_turn, report.totals[0].unattributed.as_str()), (1, "5.00"));
}

// ---- What is kept of identifiers ----

const MAIL: &str = "ann.smith@mail.example";

#[track_caller]
fn assert_silent(tracker: &Tracker, question: &Question, secrets: &[&str]) {
    let report = tracker.report(question).unwrap();
    let receipt = tracker.receipt("1", question).unwrap();
    let journeys = tracker.journeys(&Identifier::new(IdKind::Visitor, "visitor-0001"), question);
    assert_eq!(journeys.len(), 1);
    let sums = tracker.sums(question).unwrap();
    let told = [
        format!("{tracker:?} {report:?} {receipt:?} {journeys:?} {sums:?}"),
        format!("{report} {}", receipt.as_ref().unwrap()),
        serde_json::to_string(&(&report, &receipt, &journeys, &sums)).unwrap(),
    ];
    for told in told {
        for secret in secrets {
            assert!(!told.to_lowercase().contains(&secret.to_lowercase()), "{secret} in {told}");
        }
    }
}

#[test]
fn identifiers_are_shown_nowhere_even_where_labels_repeat_them() {
    let who = || {
        Who::visitor("visitor-0001")
            .conversation("chat-0001")
            .cart("cart-0001")
            .email(MAIL)
            .phone("+49 170 1234567")
    };
    let mut limits = Limits::default();
    limits.keep_text = true;
    let mut tracker = Tracker::with_limits(key(), limits);
    let spoke = Event::query("q", day(0), who())
        .text(format!("write to {MAIL} please"))
        .query("ANN.SMITH@mail.example asks")
        .topic("call +49 170 1234567")
        .intent("of visitor-0001")
        .flow("in chat-0001")
        .product_type("+491701234567")
        .product("p1")
        .product("cart-0001")
        .channel(format!("mailto:{MAIL}"));
    let click =
        Event::link_click("click", day(0), who()).url(format!("https://shop.example/?m={MAIL}")).code(MAIL);
    let visit = Event::visit("visit", day(0), who()).url(format!("https://{MAIL}/")).referrer(MAIL);
    let placed = Event::order("o", day(1), who(), "1", eur("6.00"))
        .line(OrderLine::new(format!("engraved: {MAIL}"), 1, eur("6.00")).product_type(MAIL))
        .discount_code(MAIL)
        .code("visitor-0001")
        .url(format!("https://shop.example/?u={MAIL}"));
    let intake = tracker.extend([Event::from(spoke), click.into(), visit.into(), placed.into()]).unwrap();
    assert_eq!(intake.new, 4, "{intake}");
    let mut asked = all_models();
    asked.by = Dimension::ALL.to_vec();
    assert_silent(
        &tracker,
        &asked,
        &[MAIL, "visitor-0001", "chat-0001", "cart-0001", "170 1234567", "1701234567"],
    );
    let (report, receipts) = answer(&tracker, &asked, &["1"]);
    assert_eq!(report.overview.withheld_fields, 13);
    // The money of a line stays where its name had to go, and labels without identifiers stay too.
    let claim = receipts[0].claim.as_ref().unwrap();
    assert_eq!(claim.conversion.lines[0].value, eur("6.00"));
    assert!(
        claim.touchpoints.iter().any(|touchpoint| touchpoint
            .labels
            .product
            .iter()
            .any(|product| product.as_str() == "p1"))
    );
}

#[test]
fn a_field_that_an_event_is_nothing_without_drops_it_when_it_holds_an_identifier() {
    let who = || Who::email(MAIL);
    for event in [
        Event::from(Event::add_to_cart("e", day(0), who(), format!("gift for {MAIL}"))),
        Event::remove_from_cart("e", day(0), who(), MAIL).into(),
        Event::goal("e", day(0), who(), MAIL).into(),
    ] {
        assert_eq!(recorded(event), Recorded::Dropped(DropReason::IdentifierInField));
    }
    assert_eq!(recorded(Event::goal("e", day(0), who(), "sign_up")), Recorded::New);
}

#[test]
fn short_and_placeholder_identifiers_withhold_no_labels() {
    let events = [
        Event::from(Event::query("q", day(0), Who::visitor("siz").conversation("null")).topic("size null")),
        order("1", 1, Who::visitor("siz"), "5.00"),
    ];
    assert_eq!(linear(events), map(&[("size null", "5.00")]));
}

#[test]
fn questions_are_forgotten_unless_the_limits_keep_them() {
    let asked = Event::query("q", day(0), who()).text("do you have this in blue").query("have this in blue");
    let events = [Event::from(asked), order("1", 1, who(), "5.00")];
    let (report, receipts) = answer(&tracker(events), &all_models(), &["1"]);
    let told = format!("{report:?} {receipts:?}");
    assert!(told.contains("have this in blue") && !told.contains("do you have this in blue"));
}

// ---- Questions ----

#[test]
fn two_columns_of_one_name_are_refused_by_name() {
    let tracker = tracker([turn("a", 0, who()), order("1", 1, who(), "5.00")]);
    let mut asked = question();
    for (twice, name) in [
        (["linear", "linear"], "linear"),
        (["position_based", "position_based:40/20/40"], "position_based"),
        (["time_decay", "time_decay:168h"], "time_decay:7d"),
        (["participation", "participation"], "participation"),
    ] {
        asked.models = models(&twice);
        let twice = |error: Error| matches!(error.kind(), ErrorKind::ModelTwice { model } if model == name);
        assert!(
            twice(tracker.report(&asked).unwrap_err()) && twice(tracker.receipt("1", &asked).unwrap_err())
        );
    }
    asked.models = models(&["position_based", "position_based:4/2/4"]);
    let (report, _) = answer(&tracker, &asked, &["1"]);
    assert_eq!(report.models.len(), 2);
}

#[test]
fn different_questions_have_different_ids_whatever_names_hold() {
    let named = |names: &[&str]| {
        let mut asked = question();
        let unit = |name: &&str| clinch::model::custom(*name, |_, _| Ok(()));
        asked.models = names
            .iter()
            .map(|name| Chosen::from(std::sync::Arc::new(unit(name)) as std::sync::Arc<dyn clinch::Model>))
            .collect();
        asked.id()
    };
    assert_ne!(named(&["a", "b"]), named(&["a,b"]));
    assert_ne!(named(&["a by=topic"]), named(&["a"]));
    assert_eq!(named(&["a", "b"]), named(&["a", "b"]));
    let excluding = |intents: &[&str]| {
        rules(|rules| rules.excluded_intents = intents.iter().map(|intent| (*intent).to_owned()).collect())
            .id()
    };
    assert_ne!(excluding(&["a", "b"]), excluding(&["a,b"]));
    assert_ne!(excluding(&["-"]), excluding(&[]));
    assert_ne!(excluding(&[""]), excluding(&[]));
    let earned = |goal: &str| {
        let mut asked = question();
        asked.earned = Earned::Goal(goal.into());
        asked.id()
    };
    assert_ne!(earned("a period=[..) dated=by_touch"), earned("a"));
}

#[test]
fn a_dimension_asked_for_twice_counts_once() {
    let tracker = tracker([turn("a", 0, who()), order("1", 1, who(), "5.00")]);
    let mut asked = all_models();
    asked.by = vec![Dimension::Topic, Dimension::Channel, Dimension::Topic];
    let (report, _) = answer(&tracker, &asked, &["1"]);
    for table in &report.tables {
        assert_eq!(table.rows[0].models[0].value, "5.00", "by {}", table.by);
    }
}

#[test]
fn a_question_without_models_or_dimensions_still_has_totals() {
    let tracker = tracker([turn("a", 0, who()), order("1", 1, who(), "5.00")]);
    let mut asked = question();
    asked.models.clear();
    let (report, receipts) = answer(&tracker, &asked, &["1"]);
    assert_eq!((report.totals[0].value.as_str(), receipts[0].models.len()), ("5.00", 0));
    asked.by.clear();
    assert_eq!(answer(&tracker, &asked, &["1"]).0.totals[0].value, "5.00");
}

#[test]
fn an_unknown_order_has_no_receipt() {
    let tracker = tracker([turn("a", 0, who()), order("1", 1, who(), "5.00")]);
    assert!(tracker.receipt("2", &question()).unwrap().is_none());
    assert!(tracker.receipt("", &question()).unwrap().is_none());
    assert!(tracker.receipt("1", &question()).unwrap().is_some());
    // A refund alone is no order.
    let refunded = support::tracker([Event::refund("r", day(0), "r", "9", eur("1.00")).into()]);
    assert!(refunded.receipt("9", &question()).unwrap().is_none());
}

#[test]
fn an_empty_tracker_answers_with_nothing() {
    let empty = Tracker::new(key());
    let (report, _) = answer(&empty, &all_models(), &[]);
    assert!(report.totals.is_empty() && report.tables[0].rows.is_empty() && empty.is_empty());
    assert!(!report.to_string().is_empty());
    assert!(empty.receipt("1", &question()).unwrap().is_none());
    assert_eq!(report.overview.turns.percent(), None);
}

#[test]
fn by_touch_date_the_books_balance_and_show_what_lies_outside() {
    let events = [
        turn("march", 0, who()),
        turn("april", 35, who()),
        turn("may", 65, who()),
        order("1", 66, who(), "9.00"),
        order("2", 20, Who::visitor("other"), "1.00"),
    ];
    let tracker = tracker(events);
    let mut asked = all_models();
    asked.rules.lookback = Span::days(90);
    asked.dated = Dated::ByTouch;
    asked.period = Period::between(day(31), day(61));
    let (report, _) = answer(&tracker, &asked, &["1", "2"]);
    assert_eq!(values(&report, "linear"), map(&[("april", "3.00")]));
    assert_eq!(values(&report, "participation"), map(&[("april", "9.00")]));
    let remainder =
        |model: &str| report.tables[0].remainders.iter().find(|rest| rest.model == model).unwrap();
    assert_eq!(
        (remainder("linear").outside.as_str(), remainder("linear").declined.as_str()),
        ("6.00", "0.00")
    );
    assert_eq!(remainder("first_touch").outside, "9.00");
    assert_eq!((report.totals[0].value.as_str(), report.totals[0].unattributed.as_str()), ("10.00", "1.00"));
    // By conversion date the same month has neither.
    asked.dated = Dated::ByConversion;
    assert!(answer(&tracker, &asked, &[]).0.totals.is_empty());
    asked.period = Period::between(day(61), day(91));
    let (report, _) = answer(&tracker, &asked, &[]);
    assert_eq!(values(&report, "linear"), map(&[("april", "3.00"), ("march", "3.00"), ("may", "3.00")]));
    // Months laid end to end by touch date give the whole.
    let mut sum = 0;
    asked.dated = Dated::ByTouch;
    for month in 0..4 {
        asked.period = Period::between(day(month * 30 + 1), day(month * 30 + 31));
        let (report, _) = answer(&tracker, &asked, &[]);
        sum += values(&report, "time_decay:7d").values().map(|value| units(value)).sum::<i128>();
    }
    asked.period = Period::between(day(-100), day(1));
    let (report, _) = answer(&tracker, &asked, &[]);
    sum += values(&report, "time_decay:7d").values().map(|value| units(value)).sum::<i128>();
    assert_eq!(sum, 900);
}

#[test]
fn a_period_has_its_first_instant_and_not_its_last() {
    let tracker = tracker([turn("a", 0, who()), order("1", 1, who(), "5.00"), order("2", 2, who(), "7.00")]);
    let mut asked = all_models();
    let mut value = |from, to| {
        asked.period = Period::between(from, to);
        let (report, _) = answer(&tracker, &asked, &[]);
        report.totals.first().map_or("none".to_owned(), |totals| totals.value.clone())
    };
    assert_eq!(value(day(1), day(2)), "5.00");
    assert_eq!(value(day(1), day(3)), "12.00");
    assert_eq!(value(day(1) + TimeDelta::nanoseconds(1), day(2) + TimeDelta::nanoseconds(1)), "7.00");
    assert_eq!(value(day(2), day(1)), "none");
}

#[test]
fn the_last_so_many_touchpoints_may_be_none() {
    let events = [turn("a", 0, who()), turn("b", 1, who()), order("1", 2, who(), "5.00")];
    let found = |count| claim(events.clone(), &rules(|rules| rules.last_touchpoints = Some(count)));
    assert_eq!(ids(&found(1)), ["b"]);
    assert_eq!(refused(&found(0)), [("a", "trimmed"), ("b", "trimmed")]);
    assert_eq!(found(0).unattributed, Some(UnattributedReason::AllRefused));
    assert_eq!(ids(&found(u32::MAX)), ["a", "b"]);
}

#[test]
fn receipts_and_journeys_compare_by_what_they_say() {
    let events = [turn("a", 0, who()), order("1", 2, who(), "5.00")];
    let others = [turn("x", -5, Who::visitor("x")), order("9", 5, Who::visitor("x"), "1.00")];
    let (alone, among) = (tracker(events.clone()), tracker(events.into_iter().chain(others)));
    let (asked, visitor) = (all_models(), Identifier::new(IdKind::Visitor, "v9"));
    assert_eq!(alone.journeys(&visitor, &asked), among.journeys(&visitor, &asked));
    let receipt = among.receipt("1", &asked).unwrap().unwrap();
    assert_eq!(alone.receipt("1", &asked).unwrap().unwrap(), receipt);
    let written = serde_json::to_string(&receipt).unwrap();
    assert_eq!(serde_json::from_str::<clinch::Receipt>(&written).unwrap(), receipt);
}

#[test]
fn trackers_with_other_keys_or_limits_do_not_merge() {
    let mut tracker = tracker([turn("a", 0, who())]);
    let before = tracker.clone();
    let other_key = Tracker::new(clinch::Key::new(*b"another  secret!"));
    assert!(matches!(tracker.merge(&other_key).unwrap_err().kind(), ErrorKind::KeyMismatch));
    let mut limits = Limits::default();
    limits.text_bytes = 1;
    let other_limits = Tracker::with_limits(key(), limits);
    assert!(matches!(tracker.merge(&other_limits).unwrap_err().kind(), ErrorKind::LimitsMismatch));
    assert!(tracker == before);
    tracker.merge(&support::tracker([turn("b", 0, who())])).unwrap();
    assert_eq!(tracker.len(), 2);
}

#[test]
fn the_key_changes_pseudonyms_and_nothing_else() {
    let events = || {
        [
            turn("a", 0, who()),
            turn("b", 0, who()),
            order("1", 1, who(), "5.00"),
            turn("c", 0, Who::visitor("w")),
        ]
    };
    let mut other = Tracker::new(clinch::Key::new(*b"another  secret!"));
    let _ = other.extend(events()).unwrap();
    assert_eq!(other.report(&all_models()).unwrap(), tracker(events()).report(&all_models()).unwrap());
    let visitor = Identifier::new(IdKind::Visitor, "v9");
    assert_ne!(other.pseudonym(&visitor), tracker(events()).pseudonym(&visitor));
    let _: Chosen = "linear".parse().unwrap();
}

#[test]
fn a_withdrawal_says_the_same_in_either_order_and_survives_the_log() {
    let pairs = [
        (Identifier::new(IdKind::Customer, "ann"), Identifier::new(IdKind::Visitor, "v9")),
        (Identifier::new(IdKind::Customer, "ann"), Identifier::new(IdKind::Customer, "bob")),
        (Identifier::new(IdKind::Visitor, "v9"), Identifier::new(IdKind::Visitor, "v8")),
    ];
    for (one, other) in pairs {
        let told = Event::from(Event::claim_withdrawn("w", day(0), one.clone(), other.clone()));
        let turned = Event::from(Event::claim_withdrawn("w", day(0), other, one));
        assert_eq!(told, turned);
        let mut tracker = tracker([told.clone()]);
        assert_eq!(tracker.record(turned).unwrap(), Recorded::Repeated);
        let line = clinch::event::jsonl::write_line(&told);
        let read = clinch::event::jsonl::read_line(line.as_bytes());
        assert_eq!(read.as_ref(), Ok(&told), "{line}");
        assert_eq!(tracker.record(read.unwrap()).unwrap(), Recorded::Repeated);
    }
}

#[test]
fn a_withdrawal_keeps_two_visitors_of_one_conversation_apart() {
    let seen = |id: &str, visitor: &str| {
        Event::from(Event::identify(id, day(0), Who::visitor(visitor).conversation("c1")))
    };
    let events = [
        turn("a", 0, Who::visitor("v8")),
        order("1", 1, Who::visitor("v9"), "3.00"),
        seen("i1", "v8"),
        seen("i2", "v9"),
    ];
    assert_eq!(linear(events.clone()), map(&[("a", "3.00")]));
    let (one, other) = (Identifier::new(IdKind::Visitor, "v8"), Identifier::new(IdKind::Visitor, "v9"));
    let withdrawn = Event::from(Event::claim_withdrawn("w", day(2), one, other));
    assert!(linear(events.into_iter().chain([withdrawn])).is_empty());
}

#[test]
fn a_conversation_that_begins_with_a_visit_is_no_direct_visit() {
    let who = || Who::visitor("v9").conversation("c1");
    let events: [Event; 4] = [
        Event::visit("arrival", day(0), who()).into(),
        Event::query("a", day(0), who()).topic("size").into(),
        Event::query("b", day(1), Who::visitor("v9").conversation("c2")).topic("fit").into(),
        Event::order("o", day(2), Who::visitor("v9"), "1", eur("4.00")).into(),
    ];
    let mut asked = all_models();
    asked.rules.unit = Unit::Conversation;
    let (report, receipts) =
        answer(&tracker(events[..2].iter().chain(&events[3..]).cloned()), &asked, &["1"]);
    let touchpoint = &receipts[0].claim.as_ref().unwrap().touchpoints[0];
    assert!(touchpoint.is_bot() && !touchpoint.is_direct());
    assert!(report.overview.order_values[0].with_bot);
    assert_eq!((touchpoint.id.as_str(), touchpoint.at), ("arrival", day(0)));
    // A visit alone is what it was.
    let (report, _) = answer(&tracker([events[0].clone(), events[3].clone()]), &asked, &["1"]);
    assert!(!report.overview.order_values[0].with_bot);
}

#[test]
fn reports_and_sums_survive_serde() {
    let goal = Event::goal("g", day(1), who(), "sign_up");
    let tracker = tracker([turn("a", 0, who()), order("1", 1, who(), "5.00"), goal.into()]);
    let mut asked = all_models();
    asked.by = Dimension::ALL.to_vec();
    for earned in [Earned::Orders, Earned::Goal("sign_up".into())] {
        asked.earned = earned;
        let (report, sums) = (tracker.report(&asked).unwrap(), tracker.sums(&asked).unwrap());
        let written = serde_json::to_string(&(&report, &sums)).unwrap();
        let (read, added): (clinch::Report, clinch::Sums) = serde_json::from_str(&written).unwrap();
        assert_eq!((&read, &added), (&report, &sums));
        assert_eq!(clinch::Report::new(&added, &asked), report);
    }
}

#[test]
fn a_label_cannot_write_a_line_of_its_own() {
    let forged = "size\n(unattributed)  EUR  999999.00\r\u{1b}[2J";
    let spoke = Event::query(forged, day(0), who()).topic(forged).query(forged);
    let tracker = tracker([spoke.into(), order("1", 1, who(), "5.00")]);
    let (report, receipts) = answer(&tracker, &all_models(), &["1"]);
    for told in [report.to_string(), receipts[0].to_string()] {
        assert!(told.contains("999999.00"));
        assert!(!told.lines().any(|line| line.starts_with("(unattributed)  EUR  999999")), "{told}");
        assert!(told.chars().all(|c| c == '\n' || !c.is_control()), "{told:?}");
    }
    // To a program the label is what it was.
    assert_eq!(report.tables[0].rows[0].label.as_str(), forged);
}
