//! What went wrong in comparable systems, one named test per reported failure, each with its positive half.
//!
//! They are numbered 1 to 28. These belong to other parts and have their tests there: 12 (erasure and tombstones),
//! 13 and 14 (script and formulas in what is drawn and exported), 15 (where links may lead), 16 and 17 (signatures
//! of webhooks), 18 and 19 (days in a shop's time zone), 27 (cookies at a firewall: the library sets none).

mod support;

use chrono::TimeDelta;
use clinch::event::jsonl;
use clinch::{
    DropReason, ErrorKind, Event, IdKind, Identifier, JourneyBuilder, Limits, Money, OrderLine, OrderRefund,
    OrderStatus, Recorded, RefundLine, Rules, Tracker, Who,
};
use support::*;

fn shopper() -> clinch::Identifiers {
    Who::visitor("v9").conversation("c1")
}

fn turn() -> Event {
    Event::query("turn-1", day(0), shopper()).topic("size").into()
}

fn order(total: &str) -> Event {
    Event::order("order-1", day(1), Who::customer("k4").visitor("v9"), "1001", eur(total)).into()
}

fn refund(id: &str, days: i64, amount: &str) -> Event {
    Event::refund(format!("event of {id}"), day(days), id, "1001", eur(amount)).into()
}

/// Net value, and what is given back beyond the total. A currency without either has no totals.
#[track_caller]
fn net(events: impl IntoIterator<Item = Event>) -> (String, String) {
    let (report, _) = answer(&tracker(events), &all_models(), &["1001"]);
    let [totals] = report.totals.as_slice() else { return ("0.00".into(), "0.00".into()) };
    (totals.value.clone(), totals.over_refunded.clone())
}

/// woocommerce#66217: of a $50 order $15 and then all was given back, and $65 stood as returned.
#[test]
fn peer_01_partial_then_full_refund() {
    // The shop tells the rest as a refund of its own, 15 + 35 = 50.
    let rest = [turn(), order("50.00"), refund("r1", 2, "15.00"), refund("r2", 3, "35.00")];
    assert_eq!(net(rest), ("0.00".into(), "0.00".into()));
    // Or it repeats both inside the order: united by id, not counted twice.
    let snapshot = Event::order("order-1b", day(4), Who::customer("k4"), "1001", eur("50.00"))
        .refund(OrderRefund::new("r1", eur("15.00")))
        .refund(OrderRefund::new("r2", eur("35.00")));
    let both = [turn(), order("50.00"), refund("r1", 2, "15.00"), refund("r2", 3, "35.00"), snapshot.into()];
    assert_eq!(net(both), ("0.00".into(), "0.00".into()));
    // The partial one alone leaves 35.00; more than all is told apart and takes nothing from others.
    assert_eq!(net([turn(), order("50.00"), refund("r1", 2, "15.00")]), ("35.00".into(), "0.00".into()));
    let beyond = [turn(), order("50.00"), refund("r1", 2, "15.00"), refund("r2", 3, "50.00")];
    assert_eq!(net(beyond), ("0.00".into(), "15.00".into()));
}

/// matomo#11615, liberusoftware/ecommerce-laravel#748: refunded orders stay as full revenue.
#[test]
fn peer_02_refunded_orders_earn_nothing() {
    let (before, _) = answer(&tracker([turn(), order("50.00")]), &all_models(), &["1001"]);
    assert_eq!(values(&before, "linear"), map(&[("size", "50.00")]));
    let tracker = tracker([turn(), order("50.00"), refund("r1", 2, "50.00")]);
    let (after, receipts) = answer(&tracker, &all_models(), &["1001"]);
    assert!(after.tables[0].rows.is_empty());
    assert_eq!((after.totals.len(), after.overview.turns.converted), (0, 0));
    assert_eq!(after.overview.not_counted["refunded"], 1);
    assert!(receipts[0].claim.is_none());
}

/// woocommerce-admin#2650, #6692: a refund lowered gross revenue, and tax of refunded orders was still told.
#[test]
fn peer_03_the_total_before_refunds_stays_what_it_was() {
    let (_, receipts) =
        answer(&tracker([turn(), order("50.00"), refund("r1", 2, "20.00")]), &all_models(), &["1001"]);
    let conversion = &receipts[0].claim.as_ref().unwrap().conversion;
    assert_eq!((conversion.total, conversion.value), (Some(eur("50.00")), Some(eur("30.00"))));
    // What stands on no line, such as shipping and tax, is given back with the rest.
    let line = OrderLine::new("p1", 1, eur("40.00"));
    let taxed = Event::order("o2", day(1), Who::visitor("v9"), "1002", eur("50.00")).line(line);
    let half = Event::refund("e9", day(2), "r9", "1002", eur("25.00"));
    let claim = claim([turn(), taxed.into(), half.into()], &Rules::default());
    let left: Vec<String> = claim.conversion.lines.iter().map(|line| line.value.amount()).collect();
    assert_eq!(left, ["20.00", "5.00"]);
}

/// django-oscar#2413, facebook-for-woocommerce#4047: a reload of the thank-you page sends the purchase again.
#[test]
fn peer_04_a_reloaded_thank_you_page_is_no_second_order() {
    let mut tracker = tracker([turn(), order("50.00")]);
    assert_eq!(tracker.record(order("50.00")).unwrap(), Recorded::Repeated);
    // A page that makes a new event id and a new instant each time: still one order, at its first instant.
    let reload = Event::order("reload", day(3), Who::visitor("v9"), "1001", eur("50.00"));
    assert_eq!(tracker.record(reload).unwrap(), Recorded::New);
    let (report, receipts) = answer(&tracker, &all_models(), &["1001"]);
    assert_eq!((report.totals[0].conversions, report.totals[0].value.as_str()), (1, "50.00"));
    assert_eq!(receipts[0].claim.as_ref().unwrap().conversion.at, day(1));
    // Another order of the same value is one.
    let other = Event::order("order-2", day(3), Who::visitor("v9"), "1002", eur("50.00"));
    assert_eq!(tracker.record(other).unwrap(), Recorded::New);
    assert_eq!(tracker.report(&question()).unwrap().totals[0].value, "100.00");
}

/// elgentos/magento2-serversideanalytics#5: one transaction twice, since 175 and 175.0000 differ.
#[test]
fn peer_05_one_amount_written_in_two_ways_is_one_amount() {
    let line = |total: &str| {
        format!(
            r#"{{"id":"order-1","at":"2026-03-02T12:00:00Z","kind":"order","visitor":"v9","order":"1001","total":"{total}","currency":"EUR"}}"#
        )
    };
    let read = |total: &str| jsonl::read_line(line(total).as_bytes());
    let mut tracker = tracker([turn()]);
    assert_eq!(tracker.record(read("175").unwrap()).unwrap(), Recorded::New);
    for same in ["175.0", "175.00"] {
        assert_eq!(tracker.record(read(same).unwrap()).unwrap(), Recorded::Repeated, "{same}");
    }
    // Four decimals are no amount of euros: an error that names the field, and no second order.
    assert_eq!(read("175.0000").unwrap_err().field, "total");
    assert_eq!(tracker.report(&question()).unwrap().totals[0].value, "175.00");
    let other = tracker.record(read("175.01").unwrap()).unwrap();
    assert!(matches!(other, Recorded::New | Recorded::Superseded), "another amount is another version");
}

/// PostHog#17211: a crash after the send, a retry, and revenue doubled, for want of an idempotency key.
#[test]
fn peer_06_a_retried_batch_changes_nothing() {
    let batch = [turn(), order("50.00"), refund("r1", 2, "10.00")];
    let mut tracker = tracker(batch.clone());
    let before = (tracker.clone(), tracker.report(&all_models()).unwrap());
    for _ in 0..3 {
        let intake = tracker.extend(batch.clone()).unwrap();
        assert_eq!((intake.new, intake.repeated), (0, 3));
    }
    // Cut off in the middle, then sent whole.
    let mut torn = support::tracker(batch[..2].iter().cloned());
    assert_eq!(torn.extend(batch).unwrap().new, 1);
    assert!(tracker == before.0 && torn == before.0);
    assert_eq!(tracker.report(&all_models()).unwrap(), before.1);
    assert_eq!(before.1.totals[0].value, "40.00");
}

/// PostHog#30692: duplicates are removed "eventually", so that billing counted distinct ids by hand.
#[test]
fn peer_07_repeats_are_gone_at_once() {
    let mut tracker = Tracker::new(key());
    for delivery in 1..=5 {
        let recorded = tracker.record(turn()).unwrap();
        assert_eq!(recorded == Recorded::New, delivery == 1);
        let report = tracker.report(&question()).unwrap();
        assert_eq!((tracker.len(), report.overview.events, report.overview.turns.of), (1, 1, 1));
    }
    let _ = tracker.record(Event::query("turn-2", day(0), shopper())).unwrap();
    assert_eq!(tracker.report(&question()).unwrap().overview.turns.of, 2);
}

/// snowplow#24: events with one id and another payload are not removed across batches.
#[test]
fn peer_08_one_id_with_two_payloads_counts_once_whichever_came_first() {
    let early = Event::from(Event::query("turn-1", day(0), shopper()).topic("size"));
    let late = Event::from(Event::query("turn-1", day(0) + TimeDelta::seconds(1), shopper()).topic("fit"));
    for events in [[early.clone(), late.clone()], [late.clone(), early.clone()]] {
        let tracker = tracker(events.into_iter().chain([order("50.00")]));
        let (report, _) = answer(&tracker, &all_models(), &["1001"]);
        // The newest telling holds.
        assert_eq!(values(&report, "linear"), map(&[("fit", "50.00")]));
        assert_eq!(report.overview.turns.of, 1);
    }
    // The same instant: content decides, the same way round for both orders of arrival.
    let other = Event::from(Event::query("turn-1", day(0), shopper()).topic("colour"));
    let told = [[early.clone(), other.clone()], [other, early]].map(|events| {
        let tracker = tracker(events.into_iter().chain([order("50.00")]));
        values(&tracker.report(&question()).unwrap(), "linear")
    });
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0].len(), 1);
}

/// PostHog#11873: two known people are merged when somebody is "logged in as" another, for ever.
#[test]
fn peer_09_two_customers_on_one_device_stay_two() {
    let ann = || Who::customer("ann").visitor("laptop");
    let bob = || Who::customer("bob").visitor("laptop");
    let events: [Event; 5] = [
        Event::query("of ann", day(0), ann()).topic("size").into(),
        Event::query("of bob", day(1), bob()).topic("fit").into(),
        Event::query("of either", day(2), Who::visitor("laptop")).topic("colour").into(),
        Event::order("o1", day(3), ann(), "1", eur("10.00")).into(),
        Event::order("o2", day(3), bob(), "2", eur("20.00")).into(),
    ];
    let all = claims(events.clone(), &Rules::default());
    assert_eq!((ids(&all[0]), ids(&all[1])), (vec!["of ann"], vec!["of bob"]));
    // Taken back, the device is Ann's alone again, and the anonymous turn with it.
    let pair = [Identifier::new(IdKind::Customer, "bob"), Identifier::new(IdKind::Visitor, "laptop")];
    let [one, other] = pair;
    let withdrawn = Event::claim_withdrawn("w", day(4), one, other);
    let all = claims(events.into_iter().chain([withdrawn.into()]), &Rules::default());
    assert_eq!(ids(&all[0]), ["of ann", "of either"]);
    assert_eq!(ids(&all[1]), ["of bob"]);
}

/// constructorfabric/insight#1767: two people behind one mailbox become one person.
#[test]
fn peer_10_a_shared_mailbox_joins_nobody() {
    let family = "family@mail.example";
    let events: [Event; 5] = [
        Event::identify("i1", day(0), Who::customer("ann").email(family)).into(),
        Event::query("of ann", day(1), Who::customer("ann").visitor("phone")).into(),
        Event::query("of either", day(1), Who::email(family)).into(),
        Event::identify("i2", day(0), Who::customer("bob").email(family)).into(),
        Event::order("o", day(2), Who::customer("bob"), "1", eur("10.00")).into(),
    ];
    assert!(ids(&claim(events.clone(), &Rules::default())).is_empty());
    // With one customer behind it, the mailbox is that customer.
    let one = events.into_iter().filter(|event| event.id().as_str() != "i1");
    assert_eq!(ids(&claim(one, &Rules::default())), ["of either"]);
}

/// rybbit#1098: what was asked anonymously cannot be joined later; on shared computers it must not be.
#[test]
fn peer_11_anonymous_history_joins_once_the_shopper_is_known() {
    let anonymous = Event::query("before", day(0), Who::visitor("v9")).topic("size");
    let order = Event::order("o", day(5), Who::customer("k4"), "1001", eur("10.00"));
    let apart = [anonymous.clone().into(), order.clone().into()];
    assert!(ids(&claim(apart.clone(), &Rules::default())).is_empty());
    let login = Event::from(Event::identify("login", day(4), Who::customer("k4").visitor("v9")));
    assert_eq!(ids(&claim(apart.clone().into_iter().chain([login.clone()]), &Rules::default())), ["before"]);
    let other = Event::from(Event::identify("other", day(4), Who::customer("k5").visitor("v9")));
    assert!(ids(&claim(apart.into_iter().chain([login, other]), &Rules::default())).is_empty());
}

/// wp-calypso#45415, open-saas#456: yen divided by a hundred, or charged a hundredfold.
#[test]
fn peer_20_yen_have_no_hundredth_part() {
    let who = || Who::visitor("v9");
    let yen = Event::order("o", day(1), who(), "1001", money("1200", "JPY"));
    let (report, receipts) = answer(&tracker([turn(), yen.into()]), &all_models(), &["1001"]);
    assert_eq!(
        (report.totals[0].value.as_str(), receipts[0].total.to_string().as_str()),
        ("1200", "1200 JPY")
    );
    assert_eq!(receipts[0].total.minor(), 1200);
    assert!(Money::parse("1200.00", "JPY".parse().unwrap()).is_err());
    let dinar = Event::order("o", day(1), who(), "1001", money("1.234", "KWD"));
    let (report, _) = answer(&tracker([turn(), dinar.into()]), &all_models(), &["1001"]);
    assert_eq!(report.totals[0].value, "1.234");
}

/// juspay/hyperswitch-control-center#5409: 324.71 + 181.51 is not 506.22 in floats, and the books show red.
#[test]
fn peer_21_money_adds_up_without_floats() {
    assert!((324.71_f64 + 181.51).to_string() != "506.22");
    let who = || Who::visitor("v9");
    let order = |id: &str, total| Event::from(Event::order(id, day(1), who(), id, eur(total)));
    let (report, _) =
        answer(&tracker([turn(), order("1", "324.71"), order("2", "181.51")]), &all_models(), &[]);
    assert_eq!(values(&report, "linear"), map(&[("size", "506.22")]));
    // A tenth ten times is one.
    let tenths = (0..10).map(|n| order(&n.to_string(), "0.10")).collect::<Vec<_>>();
    let (report, _) = answer(&tracker([turn()].into_iter().chain(tenths)), &all_models(), &[]);
    assert_eq!(values(&report, "time_decay:7d"), map(&[("size", "1.00")]));
    // In the log an amount is text; a JSON number is refused, not rounded.
    let line = r#"{"id":"o","at":"2026-03-02T12:00:00Z","kind":"order","visitor":"v","order":"1","total":324.71,"currency":"EUR"}"#;
    assert_eq!(jsonl::read_line(line.as_bytes()).unwrap_err().field, "total");
}

/// stripe-cli#418, shopify-app-js#603: an older webhook that comes late overwrites the newer state.
#[test]
fn peer_22_an_older_state_that_comes_late_changes_nothing() {
    let version = |id, hours, total, status| {
        let event = Event::order(id, day(1), Who::visitor("v9"), "1001", eur(total)).status(status);
        Event::from(event.updated_at(day(1) + TimeDelta::hours(hours)))
    };
    let placed = version("v1", 0, "50.00", OrderStatus::Placed);
    let edited = version("v2", 2, "40.00", OrderStatus::Paid);
    let mut late = tracker([turn(), edited.clone()]);
    assert_eq!(late.record(placed.clone()).unwrap(), Recorded::Superseded);
    let early = tracker([turn(), placed.clone(), edited.clone()]);
    assert!(late == early);
    assert_eq!(late.report(&question()).unwrap().totals[0].value, "40.00");
    // Before the edit was known, the first state held.
    let mut asked = question();
    asked.as_of = day(1) + TimeDelta::hours(1);
    assert_eq!(late.report(&asked).unwrap().totals[0].value, "50.00");
    // A cancellation is not undone by an older payment.
    let cancelled = version("v3", 3, "40.00", OrderStatus::Cancelled);
    let (report, _) = answer(&tracker([turn(), cancelled, edited, placed]), &all_models(), &["1001"]);
    assert_eq!(report.overview.not_counted["cancelled"], 1);
    assert_eq!(report.totals.iter().map(|totals| totals.conversions).sum::<u64>(), 0);
}

/// PostHog#98250: correcting clocks by the time of arrival turned the order of events round.
#[test]
fn peer_23_instants_are_taken_as_told_and_arrival_says_nothing() {
    let early = Event::from(Event::query("early", day(0), shopper()));
    let late = Event::from(Event::query("late", day(0) + TimeDelta::milliseconds(1), shopper()));
    for events in [[early.clone(), late.clone()], [late, early]] {
        assert_eq!(
            ids(&claim(events.into_iter().chain([order("1.00")]), &Rules::default())),
            ["early", "late"]
        );
    }
}

/// PostHog#533, segmentio/analytics-react-native#977: events from the future.
#[test]
fn peer_24_the_future_is_not_seen_before_it_comes() {
    let future = Event::from(Event::query("future", at("2999-01-01T00:00:00Z"), shopper()).topic("fit"));
    let refund = Event::from(Event::refund("e9", at("2999-01-01T00:00:00Z"), "r9", "1001", eur("50.00")));
    let tracker = tracker([turn(), order("50.00"), future, refund]);
    let (report, _) = answer(&tracker, &all_models(), &["1001"]);
    assert_eq!((report.overview.events, report.overview.turns.of), (2, 1));
    assert_eq!(values(&report, "last_touch"), map(&[("size", "50.00")]));
    // They are kept, and seen once it is time.
    let mut asked = all_models();
    asked.as_of = at("2999-01-01T00:00:00Z");
    let (report, _) = answer(&tracker, &asked, &["1001"]);
    assert_eq!((report.overview.events, report.overview.turns.of), (4, 2));
    assert_eq!(report.overview.not_counted["refunded"], 1);
    // As of an instant in between, the order has not happened yet.
    asked.as_of = day(0);
    assert!(tracker.receipt("1001", &asked).unwrap().is_none());
    assert_eq!(tracker.report(&asked).unwrap().overview.events, 1);
}

/// matomo#12250: ids lower-cased and so destroyed; others kept "LinkedIn" and "linkedin" as two.
#[test]
fn peer_25_capitals_count_in_ids_and_not_in_mailboxes_and_intents() {
    let claimed = |asked: clinch::Identifiers, bought: clinch::Identifiers| {
        let turn = Event::query("turn", day(0), asked).into();
        let order = Event::order("o", day(1), bought, "1", eur("1.00")).into();
        claim([turn, order], &Rules::default()).touchpoints.len()
    };
    assert_eq!(claimed(Who::visitor("AbC"), Who::visitor("abc")), 0);
    assert_eq!(claimed(Who::visitor("AbC"), Who::visitor("AbC")), 1);
    assert_eq!(claimed(Who::customer("K4"), Who::customer("k4")), 0);
    assert_eq!(claimed(Who::email("Ann@Mail.Example"), Who::email(" ann@mail.example ")), 1);
    assert_eq!(claimed(Who::phone("+49 170 123-4567"), Who::phone("+491701234567")), 1);
    for intent in ["order_status", "Order Status", "ORDER-STATUS"] {
        let turn = Event::query("turn", day(0), Who::visitor("v9")).intent(intent).into();
        assert_eq!(refused(&claim([turn, order("1.00")], &Rules::default())), [("turn", "excluded_intent")]);
    }
    // Order ids are the shop's: two that differ in case are two orders.
    let order = |id| Event::from(Event::order(id, day(1), Who::visitor("v9"), id, eur("1.00")));
    assert_eq!(tracker([order("a1"), order("A1")]).report(&question()).unwrap().totals[0].conversions, 2);
}

/// semantic-router#2304, dd-trace-dotnet#8824: stores keyed by what people write, without a cap.
#[test]
fn peer_26_a_full_tracker_says_so_and_changes_nothing() {
    let mut limits = Limits::default();
    (limits.facts, limits.identifiers) = (3, 2);
    let mut tracker = Tracker::with_limits(key(), limits.clone());
    let turn = |id: &str, who| Event::from(Event::query(id, day(0), who).topic(id));
    assert_eq!(tracker.record(turn("1", shopper())).unwrap(), Recorded::New);
    let before = tracker.clone();
    let error = tracker.record(turn("2", Who::visitor("a third identifier"))).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Full { what: "identifiers", limit: 2 }), "{error}");
    assert!(tracker == before);
    // Those who are known may go on, up to the number of facts.
    assert_eq!(tracker.record(turn("2", shopper())).unwrap(), Recorded::New);
    assert_eq!(tracker.record(turn("3", shopper())).unwrap(), Recorded::New);
    let before = tracker.clone();
    let error = tracker.record(turn("4", shopper())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Full { what: "facts", limit: 3 }), "{error}");
    assert_eq!(tracker.record(turn("3", shopper())).unwrap(), Recorded::Repeated);
    assert!(tracker == before);
    // A merge that does not fit leaves the one merged into as it was.
    let mut other = Tracker::with_limits(key(), limits);
    let _ = other.record(turn("5", shopper())).unwrap();
    assert!(tracker.merge(&other).is_err() && tracker == before);
}

/// saleor#13781, #14108: a webhook says that there was a refund, but not which or how much.
#[test]
fn peer_28_a_refund_names_itself_its_order_and_its_amount() {
    let line = |fields: &str| {
        format!(r#"{{"id":"e","at":"2026-03-03T12:00:00Z","kind":"refund","currency":"EUR",{fields}}}"#)
    };
    for (fields, missing) in [
        (r#""order":"1001","amount":"5.00""#, "refund"),
        (r#""refund":"r1","amount":"5.00""#, "order"),
        (r#""refund":"r1","order":"1001""#, "amount"),
    ] {
        assert_eq!(jsonl::read_line(line(fields).as_bytes()).unwrap_err().field, missing);
    }
    let nameless = Event::refund("e", day(2), "", "1001", eur("5.00"));
    let mut tracker = tracker([turn(), order("50.00")]);
    assert_eq!(tracker.record(nameless).unwrap(), Recorded::Dropped(DropReason::EmptyId));
    // Two refunds of one amount are two; one told twice, by two events, is one.
    for (event, id) in [("e1", "r1"), ("e2", "r2"), ("e3", "r1")] {
        let _ = tracker.record(Event::refund(event, day(2), id, "1001", eur("5.00"))).unwrap();
    }
    assert_eq!(tracker.report(&question()).unwrap().totals[0].value, "40.00");
    // Which line it was for reaches the lines.
    let lines = [OrderLine::new("p1", 1, eur("30.00")), OrderLine::new("p2", 1, eur("20.00"))];
    let [one, other] = lines;
    let order = Event::order("o", day(1), Who::visitor("v9"), "1", eur("50.00")).line(one).line(other);
    let back = Event::refund("e", day(2), "r1", "1", eur("5.00")).line(RefundLine::new("p2", eur("5.00")));
    let claim = claim([turn(), order.into(), back.into()], &Rules::default());
    let left: Vec<String> = claim.conversion.lines.iter().map(|line| line.value.amount()).collect();
    assert_eq!(left, ["30.00", "15.00", "0.00"]);
}

/// The builder gives what the tracker gives: every failure above would show in both.
#[test]
fn builder_and_tracker_agree() {
    // No conversation: its pseudonym is the one thing that the tracker's key shows in.
    let turn = Event::from(Event::query("turn-1", day(0), Who::visitor("v9")).topic("size"));
    let events = [turn, order("50.00"), refund("r1", 2, "10.00")];
    let mut builder = JourneyBuilder::new();
    for event in events.clone() {
        let _ = builder.add(event).unwrap();
    }
    let built = builder.build(question().as_of);
    let told = tracker(events).journeys(&Identifier::new(IdKind::Visitor, "v9"), &question());
    assert_eq!(built.len(), 1);
    assert_eq!((&built[0].touchpoints, &built[0].claims), (&told[0].touchpoints, &told[0].claims));
}
