//! Eight events in all their 40,320 orders: one tracker, one report, one receipt.
//!
//! Each set is one in which the order of arrival could matter: states that replace others, facts that wait for
//! others, claims that come and go.

mod support;

use chrono::TimeDelta;
use clinch::{
    Event, IdKind, Identifier, Identifiers, OrderRefund, OrderStatus, Purpose, Question, Receipt, Recorded,
    Report, Reuse, Tracker, Who,
};
use support::*;

/// What stands at the end of every order of arrival.
struct Answer {
    tracker: Tracker,
    report: Report,
    receipts: Vec<Option<Receipt>>,
}

fn asked() -> Question {
    let mut asked = question();
    asked.models = models(&["first_touch", "time_decay:7d"]);
    asked
}

fn found(tracker: Tracker, question: &Question, orders: &[&str]) -> Answer {
    let report = tracker.report(question).unwrap();
    let receipts = orders.iter().map(|order| tracker.receipt(*order, question).unwrap()).collect();
    Answer { tracker, report, receipts }
}

/// Delivers the events in every order, sharing the trackers of equal beginnings, and compares all ends with that
/// of the order given.
#[track_caller]
fn assert_one_answer(events: [Event; 8], orders: &[&str], question: &Question) -> Answer {
    let expected = found(tracker(events.clone()), question, orders);
    assert_books_balance(&expected.report);
    expected.receipts.iter().flatten().for_each(assert_receipt_balances);
    let sums = expected.tracker.sums(question).unwrap();
    assert_eq!(Report::new(&sums, question), expected.report);
    let mut ends = 0;
    let mut check = |tracker: &Tracker| {
        assert!(*tracker == expected.tracker);
        // The report is a function of its sums.
        assert_eq!(tracker.sums(question).unwrap(), sums);
        for (order, receipt) in orders.iter().zip(&expected.receipts) {
            assert_eq!(tracker.receipt(*order, question).unwrap(), *receipt);
        }
        ends += 1;
    };
    deliver(&Tracker::new(key()), &mut events.iter().collect(), &mut check);
    assert_eq!(ends, 40_320);
    expected
}

fn deliver(tracker: &Tracker, rest: &mut Vec<&Event>, check: &mut impl FnMut(&Tracker)) {
    if rest.is_empty() {
        return check(tracker);
    }
    for place in 0..rest.len() {
        let event = rest.swap_remove(place);
        let mut next = tracker.clone();
        let recorded = next.record(event.clone()).unwrap();
        assert!(matches!(recorded, Recorded::New | Recorded::Superseded));
        deliver(&next, rest, check);
        rest.push(event);
        let last = rest.len() - 1;
        rest.swap(place, last);
    }
}

fn turn(id: &str, days: i64, who: Identifiers) -> Event {
    Event::query(id, day(days), who).topic(id).query("have this in blue").into()
}

fn ann() -> Identifiers {
    Who::customer("ann").visitor("v1")
}

fn customer(text: &str) -> Identifier {
    Identifier::new(IdKind::Customer, text)
}

fn visitor(text: &str) -> Identifier {
    Identifier::new(IdKind::Visitor, text)
}

#[test]
fn refunds_come_before_their_order_and_edits_before_what_they_edit() {
    let version = |id: &str, hours, total: &str| {
        let at = day(2) + TimeDelta::hours(hours);
        Event::order(id, at, ann(), "1", eur(total))
    };
    let events = [
        turn("a", 0, Who::visitor("v1")),
        turn("b", 1, ann()),
        version("placed", 0, "30.00").into(),
        version("edited", 5, "25.00").refund(OrderRefund::new("r1", eur("2.00"))).into(),
        version("paid", 9, "26.00").status(OrderStatus::Paid).into(),
        Event::refund("r1 again", day(3), "r1", "1", eur("3.00")).into(),
        Event::refund("r2", day(1), "r2", "1", eur("4.00")).into(),
        Event::refund("r3", day(4), "r3", "other order", eur("5.00")).into(),
    ];
    let answer = assert_one_answer(events, &["1", "other order"], &asked());
    assert_eq!(answer.report.totals[0].value, "19.00");
    assert_eq!(values(&answer.report, "first_touch"), map(&[("a", "19.00"), ("b", "0.00")]));
    assert_eq!(answer.report.overview.loose_refunds.len(), 1);
    assert!(answer.receipts[1].is_none());
}

#[test]
fn cancelled_taken_up_again_and_given_back_beyond_the_total() {
    let version = |id: &str, updated: i64, status| {
        Event::from(
            Event::order(id, day(2), ann(), "1", eur("30.00")).status(status).updated_at(day(updated)),
        )
    };
    let events = [
        turn("a", 0, ann()),
        version("placed", 2, OrderStatus::Placed),
        version("cancelled", 3, OrderStatus::Cancelled),
        version("test", 4, OrderStatus::Test),
        // Two versions of one instant: content decides.
        version("paid", 5, OrderStatus::Paid),
        Event::order("paid too", day(2), ann(), "1", eur("31.00")).updated_at(day(5)).into(),
        Event::refund("r", day(6), "r", "1", eur("40.00")).into(),
        Event::order("second", day(7), ann(), "2", eur("8.00")).into(),
    ];
    let mut asked = asked();
    asked.rules.reuse = Reuse::FirstOnly;
    let answer = assert_one_answer(events, &["1", "2"], &asked);
    assert_eq!((answer.report.totals[0].conversions, answer.report.totals[0].value.as_str()), (1, "8.00"));
    assert_eq!(answer.report.overview.not_counted["refunded"], 1);
    assert_eq!(values(&answer.report, "first_touch"), map(&[("a", "8.00")]));
}

#[test]
fn claims_climb_from_conversation_to_customer_and_back_down() {
    let events = [
        turn("in the chat", 0, Who::conversation("c1")),
        turn("on the site", 1, Who::visitor("v1")),
        turn("in the cart", 1, Who::cart("k1")),
        Event::identify("chat to site", day(2), Who::conversation("c1").visitor("v1")).into(),
        Event::identify("cart to site", day(2), Who::cart("k1").visitor("v1")).into(),
        Event::identify("login", day(3), ann()).into(),
        Event::identify("second login", day(3), Who::customer("bob").conversation("c1")).into(),
        Event::order("o", day(4), Who::customer("ann").cart("k1"), "1", eur("9.00")).into(),
    ];
    let answer = assert_one_answer(events, &["1"], &asked());
    // The chat is Bob's by itself; the site is Ann's and, through the chat, Bob's; the cart is Ann's by the order.
    let claim = answer.receipts[0].as_ref().unwrap().claim.as_ref().unwrap();
    assert_eq!(ids(claim), ["in the cart"]);
}

#[test]
fn withdrawals_before_and_after_what_they_withdraw() {
    let events = [
        turn("a", 0, Who::visitor("v1")),
        turn("b", 0, Who::visitor("v2")),
        Event::identify("login 1", day(1), ann()).into(),
        Event::identify("login 2", day(1), Who::customer("ann").visitor("v2")).into(),
        Event::claim_withdrawn("w1", day(2), customer("ann"), visitor("v1")).into(),
        Event::claim_withdrawn("w2", day(2), visitor("v2"), customer("ann")).into(),
        Event::identify("login 3", day(3), Who::customer("ann").visitor("v2")).into(),
        Event::order("o", day(4), Who::customer("ann"), "1", eur("9.00")).into(),
    ];
    let answer = assert_one_answer(events, &["1"], &asked());
    assert_eq!(values(&answer.report, "first_touch"), map(&[("b", "9.00")]));
}

#[test]
fn merges_of_customers_with_a_shared_mailbox() {
    let mail = || Who::email("family@mail.example");
    let events = [
        turn("by mail", 0, mail()),
        turn("of old", 1, Who::customer("old")),
        Event::identify("i1", day(1), Who::customer("old").email("family@mail.example")).into(),
        Event::identify("i2", day(1), Who::customer("new").email("family@mail.example")).into(),
        Event::customer_merged("m1", day(2), "old", "new").into(),
        Event::customer_merged("m2", day(3), "new", "newest").into(),
        Event::claim_withdrawn("w", day(4), customer("old"), customer("newest")).into(),
        Event::order("o", day(5), Who::customer("newest"), "1", eur("9.00")).into(),
    ];
    let answer = assert_one_answer(events, &["1"], &asked());
    // The older merge holds, so the newer one, which would lead from old to newest, does not.
    assert_eq!(answer.report.totals[0].unattributed, "9.00");
}

#[test]
fn a_code_across_people_whose_consent_comes_and_goes() {
    let bob = || Who::customer("bob");
    let said = |id: &str, days, who, granted| {
        Event::from(Event::consent(id, day(days), who, Purpose::Analytics, granted))
    };
    let link = "https://shop.example/p";
    let events = [
        turn("of ann", 0, ann()),
        Event::link_shared("link", day(0), ann(), link).turn("of ann").code("abcd").into(),
        turn("of bob", 1, bob()),
        Event::link_click("click", day(2), bob()).code("abcd").into(),
        Event::order("o", day(3), bob(), "1", eur("9.00")).code("abcd").into(),
        said("no", 1, ann(), false),
        said("yes", 2, ann(), true),
        Event::feedback("f", day(1), bob(), false).turn("of bob").into(),
    ];
    let answer = assert_one_answer(events, &["1"], &asked());
    assert_eq!(values(&answer.report, "first_touch"), map(&[("of ann", "9.00")]));
    let receipt = answer.receipts[0].as_ref().unwrap();
    assert!(receipt.claim.as_ref().unwrap().touchpoints[0].foreign);
    assert_eq!(receipt.path.len(), 2);
}

#[test]
fn equal_ids_equal_instants_and_equal_orders() {
    let turn = |topic: &str| Event::from(Event::query("q", day(0), ann()).topic(topic));
    let events = [
        turn("one"),
        turn("two"),
        Event::query("q", day(0), Who::visitor("v1")).topic("three").into(),
        Event::query("q", day(0), Who::visitor("v2")).topic("four").into(),
        Event::link_click("click", day(0), Who::visitor("v2")).turn("q").into(),
        Event::order("o1", day(0), ann(), "1", eur("9.00")).into(),
        Event::order("o1", day(0), Who::visitor("v2"), "1", eur("9.00")).into(),
        Event::order("o1", day(0), Who::visitor("v2"), "2", eur("9.00")).into(),
    ];
    let answer = assert_one_answer(events, &["1", "2"], &asked());
    assert_eq!((answer.report.totals[0].conversions, answer.report.totals[0].value.as_str()), (2, "18.00"));
    assert_eq!(answer.report.overview.turns.of, 2);
}
