//! Refunds, edits, cancellations and goals in no sensible order.

use crate::*;
use clinch::{Earned, Event, OrderLine, OrderRefund, OrderStatus, RefundLine, Rules, Who};

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
