//! The crate as an integrator tests with it: stories in five lines, and failures that explain themselves.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};

use clinch::testing::{Scenario, assert_books_balance, instant, money, stories};
use clinch::{
    Chosen, Dated, Dimension, DropReason, Earned, Event, Evidence, Model, NotCounted, OrderLine, Period,
    RefuseReason, Span, UnattributedReason, Unit, Who,
};

#[test]
fn one_question_earns_the_order() {
    let mut shop = stories::one_question();
    shop.assert_credit("linear", "t1", "59.90").assert_credit("first_touch", "t1", "59.90 EUR");
    shop.after("7d").refunds("1001", "10.00 EUR");
    shop.assert_credit("linear", "t1", "49.90").assert_net("1001", "49.90").assert_books();
}

#[test]
fn topics_share_an_order_line_by_line_in_a_report() {
    let mut shop = Scenario::new();
    shop.visitor("v9").asks("t1", "availability").after("1h").asks("t2", "delivery").after("1h");
    shop.orders("1001", "59.91 EUR");
    shop.assert_label_credit(Dimension::Topic, "availability", "linear", "29.96");
    shop.assert_label_credit(Dimension::Topic, "delivery", "linear", "29.95").assert_books();
}

#[test]
fn a_shared_tablet_gives_nobody_what_was_asked_anonymously() {
    let mut shop = stories::shared_device();
    shop.assert_path("1001", &["t1"]).assert_path("1002", &["t2"]);
    shop.assert_credit("linear", "t3", "0.00").assert_credit("linear", "t2", "40.00");
    shop.assert_evidence("1001", "t1", Evidence::SameCustomer).assert_books();
}

#[test]
fn a_code_leads_from_another_device_to_the_turn() {
    let mut shop = stories::code_on_another_device();
    shop.assert_evidence("1001", "t1", Evidence::Code).assert_credit("last_touch", "t1", "80.00");
    let mut other = stories::discount_code_of_a_guest();
    other.assert_evidence("1001", "t1", Evidence::DiscountCode).assert_credit("linear", "t1", "45.00");
}

#[test]
fn a_code_that_two_turns_sent_leads_to_neither() {
    let mut shop = stories::code_on_another_device();
    shop.visitor("third").asks("t2", "gifts").gets_link("t2", "7zk3q9t4");
    shop.assert_unattributed("1001", UnattributedReason::NoTouchpoint).assert_books();
}

#[test]
fn a_receipt_tells_labels_and_instant_of_another_persons_turn_only() {
    let mut shop = stories::code_on_another_device();
    shop.visitor("laptop").clicks("7zk3q9t4").after("1h").orders("1002", "20.00 EUR");
    shop.assert_path("1002", &["t1", "link_click 3"]).assert_evidence("1002", "t1", Evidence::Code);
    let theirs = shop.claims()[0].touchpoints[0].labels.conversation[0].clone();
    let told = serde_json::to_string(&shop.receipt("1002")).unwrap();
    assert!(told.contains("gifts") && told.contains("another person's turn"), "{told}");
    assert!(!told.contains("\"t1\"") && !told.contains(theirs.as_str()), "{told}");
    let mine = serde_json::to_string(
        &shop.asks("t2", "price").after("1h").orders("1003", "1.00 EUR").receipt("1003"),
    );
    assert!(mine.unwrap().contains("\"t2\""));
}

#[test]
fn a_receipt_credits_what_the_report_credits_beside_another_persons_turn() {
    let mut shop = Scenario::new();
    shop.visitor("phone").asks("t1", "gifts").gets_link("t1", "7zk3q9t4").after("3h");
    shop.visitor("laptop").visits("direct").asks("t2", "sizes").clicks("7zk3q9t4").after("1h");
    shop.orders("1001", "90.00 EUR");
    shop.with(|question| question.by = vec![Dimension::Conversation]);
    shop.with(|question| question.models = vec!["linear_unique".parse().unwrap()]);
    // The other person's turn and the click that it caused are one conversation, `t2` is another, the visit is none.
    shop.assert_credit("linear_unique", "t2", "30.00").assert_books();
    let credits = &shop.receipt("1001").models[0].credits;
    let of_t2 = credits.iter().find(|credit| credit.touchpoint == "t2").and_then(|credit| credit.value);
    assert_eq!(of_t2, Some(money("30.00 EUR")));
}

#[test]
fn a_refund_may_come_before_its_order() {
    let mut shop = stories::refund_before_order();
    shop.assert_net("1001", "49.90").assert_credit("linear", "t1", "49.90").assert_books();
}

#[test]
fn a_full_refund_leaves_no_conversion() {
    let mut shop = stories::one_question();
    shop.after("1d").refunds("1001", "59.90 EUR").assert_not_counted("1001", NotCounted::Refunded);
    shop.assert_credit("linear", "t1", "0.00").assert_books();
}

#[test]
fn asking_for_the_parcel_sells_nothing() {
    let mut shop = stories::support_question();
    shop.assert_refused("1002", "t2", RefuseReason::ExcludedIntent).assert_credit("linear", "t2", "0.00");
    shop.assert_credit("linear", "t1", "50.00").assert_order_credit("1002", "linear", "t1", "20.00");
}

#[test]
fn logging_in_joins_what_was_anonymous() {
    let mut shop = stories::anonymous_first_known_later();
    shop.assert_path("1001", &["t1", "t2"]).assert_credit("linear", "t1", "30.00").assert_books();
}

#[test]
fn no_credit_without_consent() {
    let mut shop = stories::consent_refused_later();
    shop.assert_unattributed("1001", UnattributedReason::NoConsent).assert_credit("linear", "t1", "0.00");
    shop.after("1h").consents(true).assert_credit("linear", "t1", "25.00").assert_books();
}

#[test]
fn the_window_takes_its_edge_and_not_a_nanosecond_more() {
    let mut shop = stories::edge_of_the_window();
    shop.assert_refused("1001", "t1", RefuseReason::OutOfWindow).assert_credit("linear", "t2", "10.00");
    shop.with(|question| question.rules.lookback = Span::days(31)).assert_credit("linear", "t1", "5.00");
}

#[test]
fn currencies_are_never_added() {
    let mut shop = stories::two_currencies();
    shop.assert_credit("linear", "t1", "59.90 EUR").assert_credit("linear", "t1", "12000 JPY").assert_books();
    assert!(
        failure(&mut shop, |shop| shop.assert_credit("linear", "t1", "59.90")).contains("write the currency")
    );
}

#[test]
fn an_edit_counts_and_a_cancelled_order_does_not() {
    let mut shop = stories::edited_and_cancelled();
    shop.assert_not_counted("1001", NotCounted::Cancelled).assert_credit("linear", "t1", "0.00");
    shop.with(|question| question.as_of = Scenario::START + chrono::TimeDelta::hours(2));
    shop.assert_credit("linear", "t1", "45.00").assert_books();
}

#[test]
fn an_order_before_any_turn_is_unattributed() {
    let mut shop = stories::order_before_any_turn();
    shop.assert_unattributed("1001", UnattributedReason::AfterConversion).assert_books();
    shop.assert_refused("1001", "t1", RefuseReason::AfterConversion);
}

#[test]
fn what_a_turn_caused_folds_into_it() {
    let mut shop = Scenario::new();
    shop.visitor("v9")
        .asks("t1", "price")
        .is_shown("t1", "p1")
        .gets_link("t1", "7zk3q9t4")
        .clicks("7zk3q9t4");
    shop.adds_to_cart("p1").after("1h");
    shop.orders_with("1001", "20.00 EUR", |order| order.line(OrderLine::new("p1", 1, money("20.00 EUR"))));
    shop.assert_path("1001", &["t1"]).assert_evidence("1001", "t1", Evidence::RecommendedProduct);
    shop.with(|question| question.rules.unit = Unit::Event)
        .assert_credit("linear", "t1", "5.00")
        .assert_books();
}

#[test]
fn an_answer_that_did_not_help_earns_nothing() {
    let mut shop = Scenario::new();
    shop.customer("k4").asks("t1", "price").asks("t2", "sizes").rates("t1", false).after("1h");
    shop.orders("1001", "20.00 EUR").assert_refused("1001", "t1", RefuseReason::Unhelpful);
    shop.assert_credit("linear", "t2", "20.00").rates("t1", true).assert_credit("linear", "t2", "10.00");
}

#[test]
fn direct_visits_leave_last_touch_to_them_and_last_non_direct_not() {
    let mut shop = Scenario::new();
    shop.customer("k4").visits("newsletter").after("1h").asks("t1", "price").after("1h").visits("direct");
    shop.orders("1001", "20.00 EUR");
    shop.assert_credit("last_non_direct", "t1", "20.00")
        .assert_credit("last_touch", "t1", "0.00")
        .assert_books();
}

#[test]
fn a_model_of_ones_own_is_asked_by_its_name() {
    let newest_twice = clinch::model::custom("newest_twice", |path, weights| {
        weights.extend((0..path.len()).map(|place| if place + 1 == path.len() { 2.0 } else { 1.0 }));
        Ok(())
    });
    let newest_twice: Arc<dyn Model> = Arc::new(newest_twice);
    let mut shop = stories::anonymous_first_known_later();
    shop.with(|question| question.models.push(Chosen::from(newest_twice)));
    shop.assert_credit("newest_twice", "t2", "40.00").assert_books();
}

#[test]
fn goals_and_periods_have_books_of_their_own() {
    let mut shop = stories::one_question();
    shop.after("1d").reaches("sign_up").with(|question| question.earned = Earned::Goal("sign_up".into()));
    shop.assert_books();
    assert_eq!(shop.report().totals[0].conversions, 1);
    shop.with(|question| {
        (question.earned, question.dated) = (Earned::Orders, Dated::ByTouch);
        question.period = Period { from: Some(instant("2026-03-03T00:00:00Z")), to: None };
    });
    assert_eq!(shop.assert_books().report().tables[0].remainders[0].outside, "59.90");
}

#[test]
fn events_of_the_hosts_own_may_be_dropped_and_are_counted() {
    let mut shop = stories::one_question();
    let nobody = Event::query("t9", shop.now(), clinch::Identifiers::none());
    shop.event(nobody).assert_dropped(DropReason::NoIdentifier, 1);
    let late = Event::query("t0", Scenario::START, Who::visitor("v9")).topic("sizes");
    shop.event(late.clone()).event(late).assert_credit("linear", "t0", "29.95");
    assert_eq!(shop.intake().repeated, 1);
}

#[test]
fn the_clock_starts_where_it_says_and_moves_by_hand_only() {
    let mut shop = Scenario::new();
    assert_eq!(shop.now(), instant("2026-03-02T09:00:00Z"));
    assert_eq!(shop.visitor("v9").asks("t1", "price").after("36h").now(), instant("2026-03-03T21:00:00Z"));
    shop.at("2026-03-01T00:00:00Z");
    assert_eq!(shop.question().as_of, instant("2026-03-03T21:00:00Z"));
}

#[test]
fn a_story_told_backwards_reports_the_same() {
    let shop = stories::anonymous_first_known_later();
    let mut backwards = Scenario::new();
    shop.events().iter().rev().for_each(|event| {
        backwards.event(event.clone());
    });
    backwards.with(|question| question.as_of = shop.question().as_of);
    assert_eq!(shop.report(), backwards.report());
    assert_eq!(shop.claims(), backwards.claims());
}

thread_local! {
    /// File and message of the panic that is waited for, while one is.
    static RAISED: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// Message of an assertion or verb that has to panic.
#[track_caller]
fn failure(shop: &mut Scenario, fails: impl FnOnce(&mut Scenario) -> &mut Scenario) -> String {
    message(|| {
        fails(shop);
    })
}

/// Message of a panic that has to come, and at a line of this file.
#[track_caller]
fn message(fails: impl FnOnce()) -> String {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let text = info.payload().downcast_ref::<String>().cloned();
            let text = text.or_else(|| info.payload().downcast_ref::<&str>().map(ToString::to_string));
            let file = info.location().map_or("", |location| location.file());
            RAISED.with_borrow_mut(|raised| match raised {
                Some(raised) => *raised = (file.to_owned(), text.unwrap_or_default()),
                None => usual(info),
            });
        }));
    });
    RAISED.set(Some(Default::default()));
    let outcome = catch_unwind(AssertUnwindSafe(fails));
    let (file, text) = RAISED.take().unwrap_or_default();
    assert!(outcome.is_err(), "this was to fail");
    assert!(file.ends_with("integrator.rs"), "raised in {file}: {text}");
    text
}

#[test]
fn a_failed_assertion_shows_the_receipt_and_points_at_the_test() {
    let mut shop = stories::support_question();
    let message = failure(&mut shop, |shop| shop.assert_order_credit("1002", "linear", "t1", "19.00"));
    assert!(
        message.starts_with("t1 earned 20.00 EUR under linear, not 19.00 EUR\n\norder 1002"),
        "{message}"
    );
    assert!(message.contains("t2 refused: excluded_intent"), "{message}");
    for wrong in [
        failure(&mut shop, |shop| shop.assert_path("1001", &["t2"])),
        failure(&mut shop, |shop| shop.assert_refused("1001", "t1", RefuseReason::OutOfWindow)),
        failure(&mut shop, |shop| shop.assert_unattributed("1001", UnattributedReason::NoConsent)),
        failure(&mut shop, |shop| shop.assert_evidence("1001", "t1", Evidence::Code)),
        failure(&mut shop, |shop| shop.assert_net("1001", "29.00")),
        failure(&mut shop, |shop| shop.assert_not_counted("1001", NotCounted::Test)),
    ] {
        assert!(wrong.contains("\n\norder 1001, 30.00 EUR"), "{wrong}");
    }
    let message = failure(&mut shop, |shop| {
        shop.assert_label_credit(Dimension::Topic, "availability", "linear", "1.00")
    });
    assert!(message.contains("earned 50.00 under linear, not 1.00 EUR"), "{message}");
}

#[test]
fn what_cannot_be_meant_is_refused_at_the_line() {
    let mut shop = stories::one_question();
    for (fails, told) in [
        (failure(&mut shop, |shop| shop.assert_credit("linear", "t7", "1.00")), "no event of this story"),
        (failure(&mut shop, |shop| shop.assert_credit("liner", "t1", "1.00")), "`liner` is no model"),
        (failure(&mut shop, |shop| shop.assert_credit("participation", "t1", "1.00")), "shares nothing"),
        (failure(&mut shop, |shop| shop.assert_net("1009", "1.00")), "no order 1009"),
        (failure(&mut shop, |shop| shop.after("2 days")), "not a span of time"),
        (failure(&mut shop, |shop| shop.at("yesterday")), "input"),
        (failure(&mut shop, |shop| shop.orders("1002", "1.005 EUR")), "not an amount of EUR"),
        (failure(&mut shop, |shop| shop.orders("1002", "1.00")), "an amount and a currency"),
        (failure(&mut shop, |shop| shop.orders("", "1.00 EUR")), "this order was dropped: empty_id"),
        (failure(&mut shop, |shop| shop.cancels("1009")), "no order 1009 to cancel"),
        (failure(&mut Scenario::new(), |shop| shop.asks("t1", "price")), "nobody is there yet"),
    ] {
        assert!(fails.contains(told), "{fails}");
    }
}

#[test]
fn books_that_are_off_by_a_cent_are_found() {
    let report = stories::one_question().report();
    assert_books_balance(&report);
    let mut money_off = report.clone();
    money_off.tables[0].rows[0].models[3].value = "59.89".to_owned();
    let told = message(|| assert_books_balance(&money_off));
    assert!(told.contains("linear by topic: all of it comes to 59.89, not 59.90"), "{told}");
    let mut count_off = report;
    count_off.tables[0].rows[0].models[0].conversions = "0.999999999".to_owned();
    assert!(message(|| assert_books_balance(&count_off)).contains("0.999999999 conversions, not 1"));
}
