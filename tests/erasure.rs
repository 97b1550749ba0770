//! Erased is erased, totals stay, and nobody else notices.

#[path = "support/mod.rs"]
mod support;

use clinch::{
    DropReason, Event, IdKind, Identifier, Identifiers, OrderId, OrderRefund, OrderStatus, Purpose, Recorded,
    Report, Subject, Tracker, Who,
};
use support::*;

fn turn(id: &str, days: i64, who: Identifiers) -> Event {
    Event::query(id, day(days), who).topic(id).into()
}

fn order(id: &str, days: i64, who: Identifiers, total: &str) -> Event {
    Event::order(format!("order {id}"), day(days), who, id, eur(total)).into()
}

fn login(id: &str, days: i64, who: Identifiers) -> Event {
    Event::identify(id, day(days), who).into()
}

fn customer(text: &str) -> Identifier {
    Identifier::new(IdKind::Customer, text)
}

fn visitor(text: &str) -> Identifier {
    Identifier::new(IdKind::Visitor, text)
}

#[track_caller]
fn report(tracker: &Tracker) -> Report {
    let report = tracker.report(&all_models()).unwrap();
    assert_books_balance(&report);
    report
}

/// Value, unattributed and erased value of the only currency.
#[track_caller]
fn totals(tracker: &Tracker) -> (String, String, String) {
    let report = report(tracker);
    let totals = &report.totals[0];
    (totals.value.clone(), totals.unattributed.clone(), totals.erased.value.clone())
}

fn told(value: &str, unattributed: &str, erased: &str) -> (String, String, String) {
    (value.to_owned(), unattributed.to_owned(), erased.to_owned())
}

/// Erases, checks that a replay changes nothing, and that repeating the erasure does not either.
#[track_caller]
fn erase(tracker: &mut Tracker, events: &[Event], subject: impl Into<Subject>) -> clinch::Erased {
    let subject = subject.into();
    let erased = tracker.erase(subject.clone(), question().as_of).unwrap();
    let before = tracker.clone();
    let intake = tracker.extend(events.iter().cloned()).unwrap();
    assert!(*tracker == before, "a replay changed something: {intake}");
    assert_eq!(intake.new, 0, "{intake}");
    assert_eq!(tracker.report(&all_models()).unwrap(), before.report(&all_models()).unwrap());
    assert!(tracker.erase(subject, question().as_of).unwrap().is_nothing());
    assert!(*tracker == before, "a second erasure changed something");
    erased
}

fn ann_and_bob() -> Vec<Event> {
    vec![
        turn("availability", 0, Who::visitor("va").conversation("ca")),
        login("ann in", 1, Who::visitor("va").customer("ann").email("ann@mail.example")),
        order("1", 2, Who::customer("ann"), "10.00"),
        turn("delivery", 0, Who::visitor("vb")),
        order("2", 2, Who::visitor("vb").customer("bob"), "5.00"),
    ]
}

#[test]
fn the_journey_goes_and_the_order_is_told_as_erased() {
    let events = ann_and_bob();
    let mut tracker = tracker(events.clone());
    assert_eq!(totals(&tracker), told("15.00", "0.00", "0.00"));
    let erased = erase(&mut tracker, &events, customer("ann"));
    assert_eq!((erased.facts["query"], erased.facts["identify"], erased.facts["order"]), (1, 1, 1));
    assert_eq!((erased.orders, erased.identifiers, erased.shared, erased.mentions), (1, 4, 0, 0));
    assert_eq!(
        erased.to_string(),
        "3 facts, 1 orders, 4 identifiers refused from now on (0 shared with others stay), 0 mentions"
    );
    assert_eq!(totals(&tracker), told("15.00", "0.00", "10.00"));
    let report = report(&tracker);
    assert_eq!(
        values(&report, "linear").into_iter().collect::<Vec<_>>(),
        [("delivery".into(), "5.00".into())]
    );
    assert_eq!((report.totals[0].conversions, report.totals[0].erased.count), (2, 1));
    assert!(report.to_string().contains("(erased)"));
    assert!(tracker.receipt("1", &question()).unwrap().is_none());
    assert!(tracker.journeys(&visitor("va"), &question()).is_empty());
}

#[test]
fn any_identifier_or_order_leads_to_the_person() {
    let subjects: [Subject; 6] = [
        customer("ann").into(),
        visitor("va").into(),
        Identifier::new(IdKind::Email, " Ann@Mail.example").into(),
        Identifier::new(IdKind::Conversation, "ca").into(),
        OrderId::from("1").into(),
        Subject::from(Who::customer("ann")).order("1").order("77"),
    ];
    for subject in subjects {
        let events = ann_and_bob();
        let mut tracker = tracker(events.clone());
        let erased = erase(&mut tracker, &events, subject.clone());
        assert_eq!((erased.facts["query"], erased.identifiers), (1, 4), "{subject:?}");
        assert_eq!(totals(&tracker), told("15.00", "0.00", "10.00"));
    }
}

#[test]
fn what_is_dated_later_is_new() {
    let events = ann_and_bob();
    let mut tracker = tracker(events.clone());
    tracker.erase(customer("ann"), day(5)).unwrap();
    let late = turn("late", 5, Who::visitor("va"));
    assert_eq!(tracker.record(late).unwrap(), Recorded::Dropped(DropReason::Erased));
    let new =
        [turn("back", 6, Who::visitor("va")), order("9", 7, Who::visitor("va").customer("ann"), "1.00")];
    assert_eq!(tracker.extend(new).unwrap().new, 2);
    assert_eq!(totals(&tracker), told("16.00", "0.00", "10.00"));
    assert_eq!(tracker.journeys(&customer("ann"), &question())[0].touchpoints.len(), 1);
    // Only what is up to the date goes.
    let erased = tracker.erase(customer("ann"), second(6 * 86_400 + 1)).unwrap();
    assert_eq!(erased.facts.keys().collect::<Vec<_>>(), ["query"]);
    assert_eq!(totals(&tracker), told("16.00", "1.00", "10.00"));
}

#[test]
fn somebody_unknown_leaves_a_tombstone_too() {
    let events = ann_and_bob();
    let mut tracker = clinch::Tracker::new(key());
    let erased = tracker.erase(Subject::from(Who::customer("ann").visitor("va")).order("1"), day(9)).unwrap();
    assert!(erased.is_nothing());
    assert_eq!(erased.identifiers, 2);
    let intake = tracker.extend(events).unwrap();
    // The order was erased before it came: its money still counts.
    assert_eq!((intake.new, intake.dropped[&DropReason::Erased]), (3, 2), "{intake}");
    assert_eq!(totals(&tracker), told("15.00", "0.00", "10.00"));
}

#[test]
fn late_refunds_and_versions_reach_an_erased_order() {
    let events = ann_and_bob();
    let mut tracker = tracker(events.clone());
    erase(&mut tracker, &events, customer("ann"));
    let refund = |id: &str, amount: &str| Event::refund(id, day(400), id, "1", eur(amount));
    assert_eq!(tracker.record(refund("r1", "4.00")).unwrap(), Recorded::New);
    assert_eq!(tracker.record(refund("r1", "4.00")).unwrap(), Recorded::Dropped(DropReason::Erased));
    let seen = |tracker: &Tracker| {
        let mut question = all_models();
        question.as_of = day(500);
        let report = tracker.report(&question).unwrap();
        assert_books_balance(&report);
        (report.totals[0].value.clone(), report.totals[0].erased.value.clone(), report.totals[0].conversions)
    };
    assert_eq!(seen(&tracker), ("11.00".into(), "6.00".into(), 2));
    // The shop tells the order anew, with that refund in it and another one.
    let version = Event::order("v2", day(2), Who::customer("ann"), "1", eur("10.00")).updated_at(day(401));
    let version =
        version.refund(OrderRefund::new("r1", eur("4.00"))).refund(OrderRefund::new("r2", eur("1.00")));
    assert_eq!(tracker.record(version.clone()).unwrap(), Recorded::New);
    assert_eq!(tracker.record(version.clone()).unwrap(), Recorded::Dropped(DropReason::Erased));
    assert_eq!(seen(&tracker), ("10.00".into(), "5.00".into(), 2));
    let _ = tracker.record(version.status(OrderStatus::Cancelled).updated_at(day(402))).unwrap();
    assert_eq!(seen(&tracker), ("5.00".into(), "0.00".into(), 1));
}

#[test]
fn by_choice_the_orders_go_too() {
    let events = ann_and_bob();
    let mut tracker = tracker(events.clone());
    let erased = tracker.erase_with_orders(customer("ann"), question().as_of).unwrap();
    assert_eq!(erased.orders, 1);
    assert_eq!(totals(&tracker), told("5.00", "0.00", "0.00"));
    let before = tracker.clone();
    let intake = tracker.extend(events).unwrap();
    assert_eq!((intake.dropped[&DropReason::Erased], intake.repeated), (3, 2));
    assert!(tracker == before);
    let refund = Event::refund("r", day(400), "r", "1", eur("4.00"));
    assert_eq!(tracker.record(refund).unwrap(), Recorded::Dropped(DropReason::Erased));
    assert_eq!(totals(&tracker), told("5.00", "0.00", "0.00"));
}

#[test]
fn an_order_that_names_nobody_is_erased_by_its_id() {
    let events = vec![
        Event::order("o", day(1), Who::visitor("undefined"), "1", eur("3.00")).into(),
        turn("a", 0, Who::visitor("v9")),
    ];
    let mut tracker = tracker(events.clone());
    let erased = erase(&mut tracker, &events, Subject::of_order("1"));
    assert_eq!((erased.orders, erased.facts["order"], erased.identifiers), (1, 1, 0));
    assert_eq!(totals(&tracker), told("3.00", "0.00", "3.00"));
    assert_eq!(tracker.len(), 1);
}

#[test]
fn a_whole_shop_goes() {
    let mut events = ann_and_bob();
    let mut tracker = tracker(events.clone());
    events.push(turn("after", 30, Who::visitor("vz")));
    let _ = tracker.record(events[5].clone()).unwrap();
    let erased = tracker.erase_shop(day(20)).unwrap();
    assert_eq!((erased.facts.values().sum::<u64>(), erased.orders), (5, 2));
    assert_eq!(tracker.len(), 1);
    let intake = tracker.extend(events).unwrap();
    assert_eq!((intake.dropped[&DropReason::Erased], intake.repeated), (5, 1));
    assert!(tracker.report(&all_models()).unwrap().totals.is_empty());
}

// ---- Whose facts they are ----

/// Everything that somebody else is told about their order.
fn told_of(tracker: &Tracker, order: &str) -> String {
    tracker
        .receipt(order, &all_models())
        .unwrap()
        .map_or_else(|| "none".into(), |receipt| receipt.to_string())
}

#[test]
fn on_a_shared_device_nobody_inherits_what_was_nobodys() {
    let events = vec![
        turn("ann's", 0, Who::visitor("tablet").conversation("c1")),
        login("ann in", 0, Who::conversation("c1").customer("ann")),
        turn("nobody's", 1, Who::visitor("tablet")),
        turn("bob's", 1, Who::visitor("tablet").customer("bob")),
        order("1", 2, Who::visitor("tablet").customer("ann"), "10.00"),
        order("2", 2, Who::visitor("tablet").customer("bob"), "5.00"),
    ];
    let mut tracker = tracker(events.clone());
    let before = told_of(&tracker, "2");
    let erased = erase(&mut tracker, &events, customer("ann"));
    // Ann and her conversation; the tablet is Bob's too.
    assert_eq!((erased.identifiers, erased.shared, erased.facts["query"]), (2, 1, 1));
    assert_eq!(told_of(&tracker, "2"), before, "Bob gets what he got, and not what was nobody's");
    assert_eq!(totals(&tracker), told("15.00", "0.00", "10.00"));
    assert_eq!(report(&tracker).overview.events, 3, "that Ann was on the tablet is no event");
    // Bob goes as well: of the tablet only what was nobody's is left.
    let erased = erase(&mut tracker, &events, customer("bob"));
    assert_eq!((erased.facts["query"], erased.orders), (1, 1));
    assert_eq!(totals(&tracker), told("15.00", "0.00", "15.00"));
    let erased = erase(&mut tracker, &events, visitor("tablet"));
    assert_eq!(erased.facts["query"], 1);
    assert_eq!(tracker.len(), 0, "no stand-in outlives the last fact");
}

#[test]
fn a_shared_device_by_itself_stands_for_what_names_nobody_else() {
    let events = vec![
        turn("nobody's", 1, Who::visitor("tablet")),
        turn("ann's", 1, Who::visitor("tablet").customer("ann")),
        turn("bob's", 1, Who::visitor("tablet").customer("bob")),
    ];
    let mut tracker = tracker(events.clone());
    let erased = erase(&mut tracker, &events, visitor("tablet"));
    assert_eq!((erased.facts["query"], erased.identifiers, erased.shared), (1, 0, 1));
    assert_eq!(tracker.len(), 2);
}

#[test]
fn at_a_kiosk_one_shopper_goes_and_the_others_stay() {
    let kiosk = |cart: &str| Who::visitor("kiosk").cart(cart);
    let mut events: Vec<Event> = Vec::new();
    for (person, total) in [("ann", "1.00"), ("bob", "2.00"), ("eve", "4.00")] {
        events.push(turn(&format!("of {person}"), 0, kiosk(person)));
        events.push(order(person, 1, Who::customer(person).cart(person).visitor("kiosk"), total));
    }
    let mut tracker = tracker(events.clone());
    let before = [told_of(&tracker, "bob"), told_of(&tracker, "eve")];
    let erased = erase(&mut tracker, &events, customer("ann"));
    assert_eq!((erased.identifiers, erased.shared, erased.facts["query"], erased.orders), (2, 1, 1, 1));
    assert_eq!([told_of(&tracker, "bob"), told_of(&tracker, "eve")], before);
    assert_eq!(totals(&tracker), told("7.00", "0.00", "1.00"));
}

#[test]
fn a_family_mailbox_stays_with_the_family() {
    let mail = || Who::email("family@mail.example");
    let events = vec![
        login("ann", 0, mail().customer("ann")),
        login("bob", 0, mail().customer("bob")),
        turn("to the family", 1, mail()),
        turn("ann's", 1, mail().customer("ann")),
        order("1", 2, Who::customer("ann"), "1.00"),
        order("2", 2, Who::customer("bob"), "2.00"),
        order("3", 2, mail(), "4.00"),
    ];
    let mut by_mailbox = tracker(events.clone());
    let erased = erase(&mut by_mailbox, &events, Identifier::new(IdKind::Email, "family@mail.example"));
    assert_eq!((erased.facts["query"], erased.orders, erased.shared), (1, 1, 1));
    assert_eq!(totals(&by_mailbox), told("7.00", "2.00", "4.00"));
    let mut by_customer = tracker(events.clone());
    let before = [told_of(&by_customer, "2"), told_of(&by_customer, "3")];
    let erased = erase(&mut by_customer, &events, customer("ann"));
    assert_eq!((erased.facts["query"], erased.orders, erased.identifiers, erased.shared), (1, 1, 1, 1));
    assert_eq!([told_of(&by_customer, "2"), told_of(&by_customer, "3")], before);
}

#[test]
fn logged_in_as_someone_else_goes_with_the_customer_and_not_with_the_desk() {
    let events = vec![
        turn("shopper", 0, Who::visitor("home")),
        login("login", 1, Who::customer("ann").visitor("home")),
        turn("support", 0, Who::visitor("desk")),
        login("as ann", 2, Who::customer("ann").visitor("desk")),
        login("as bob", 2, Who::customer("bob").visitor("desk")),
        order("1", 3, Who::customer("ann"), "10.00"),
        order("2", 3, Who::customer("bob"), "5.00"),
    ];
    let mut tracker = tracker(events.clone());
    let erased = erase(&mut tracker, &events, customer("ann"));
    assert_eq!((erased.facts["query"], erased.facts["identify"], erased.shared), (1, 2, 1));
    // What support did at its desk is nobody's still, and not Bob's.
    assert_eq!(totals(&tracker), told("15.00", "5.00", "10.00"));
    assert_eq!(tracker.journeys(&visitor("desk"), &question()).len(), 2);
}

#[test]
fn identify_null_names_nobody_and_erases_nobody() {
    let mut events = ann_and_bob();
    events.push(login("null", 1, Who::customer("null").visitor("va")));
    events.push(login("null", 1, Who::customer("null").visitor("vb")));
    let mut tracker = tracker(events.clone());
    let erased = erase(&mut tracker, &events, customer("null"));
    assert_eq!((erased.is_nothing(), erased.identifiers, erased.shared), (true, 0, 0));
    assert_eq!(totals(&tracker), told("15.00", "0.00", "0.00"));
    let erased = erase(&mut tracker, &events, customer("ann"));
    assert_eq!(erased.facts["identify"], 2);
    assert_eq!(totals(&tracker), told("15.00", "0.00", "10.00"));
}

#[test]
fn customers_that_the_shop_merged_go_together() {
    let mut events = ann_and_bob();
    events.push(Event::customer_merged("m", day(3), "ann", "annie").into());
    events.push(order("3", 4, Who::customer("annie"), "2.00"));
    let mut tracker = tracker(events.clone());
    let erased = erase(&mut tracker, &events, customer("annie"));
    assert_eq!((erased.orders, erased.identifiers, erased.facts["customer_merged"]), (2, 5, 1));
    assert_eq!(totals(&tracker), told("17.00", "0.00", "12.00"));
}

#[test]
fn a_withdrawn_claim_still_keeps_apart_what_is_left() {
    let events = vec![
        turn("at the tablet", 0, Who::visitor("tablet")),
        login("in", 1, Who::visitor("tablet").customer("ann")),
        Event::claim_withdrawn("w", day(2), customer("ann"), visitor("tablet")).into(),
        turn("of bob", 1, Who::visitor("tablet").customer("bob")),
        order("1", 3, Who::customer("ann"), "10.00"),
        order("2", 3, Who::customer("bob"), "5.00"),
    ];
    let mut tracker = tracker(events.clone());
    let before = told_of(&tracker, "2");
    assert!(before.contains("at the tablet"));
    erase(&mut tracker, &events, customer("ann"));
    assert_eq!(told_of(&tracker, "2"), before);
}

#[test]
fn a_hub_of_a_hundred_thousand_identifiers_loses_one_or_all() {
    let hub = |number: u32| Who::visitor("hub").conversation(format!("conversation-{number}"));
    let mut events: Vec<Event> =
        (0..100_000).map(|number| turn("asked", i64::from(number % 50), hub(number))).collect();
    for (place, event) in events.iter_mut().enumerate() {
        *event = Event::query(format!("e{place}"), event.at(), event.who().clone()).topic("asked").into();
    }
    events.push(order("1", 60, Who::conversation("conversation-7").customer("ann"), "10.00"));
    events.push(order("2", 60, Who::conversation("conversation-8").customer("bob"), "5.00"));
    let whole = tracker(events.clone());
    let mut without_one = whole.clone();
    let before = told_of(&whole, "2");
    let erased = erase(&mut without_one, &events, customer("ann"));
    assert_eq!((erased.facts["query"], erased.orders, erased.identifiers, erased.shared), (1, 1, 2, 1));
    assert_eq!(without_one.len(), whole.len() - 2 + 2, "two ties tell that the hub is shared");
    assert_eq!(told_of(&without_one, "2"), before);

    // Without customers the hub is one person.
    let events = events[..100_000].to_vec();
    let mut all = tracker(events.clone());
    let erased = erase(&mut all, &events, visitor("hub"));
    assert_eq!((erased.facts["query"], erased.identifiers, all.len()), (100_000, 100_001, 0));
}

// ---- Consent withdrawn ----

#[test]
fn a_withdrawn_consent_may_take_its_touchpoints_along() {
    let mut events = ann_and_bob();
    events.push(Event::consent("no", day(3), Who::customer("ann"), Purpose::Analytics, false).into());
    let mut tracker = tracker(events.clone());
    assert_eq!(totals(&tracker), told("15.00", "10.00", "0.00"));
    let erased = tracker.erase_touchpoints(customer("ann"), day(3)).unwrap();
    assert_eq!((erased.facts["query"], erased.facts.len(), erased.orders), (1, 1, 0));
    let before = tracker.clone();
    let intake = tracker.extend(events).unwrap();
    assert_eq!((intake.new, intake.dropped[&DropReason::Erased]), (0, 1), "{intake}");
    assert!(tracker == before);
    // It is still known whose the visitor is.
    let yes = Event::consent("yes", day(4), Who::customer("ann"), Purpose::Analytics, true);
    let _ = tracker.record(yes).unwrap();
    let again = [turn("again", 5, Who::visitor("va")), order("9", 6, Who::customer("ann"), "1.00")];
    assert_eq!(tracker.extend(again).unwrap().new, 2);
    assert_eq!(values(&report(&tracker), "linear").get("again").map(String::as_str), Some("1.00"));
}

// ---- What others say ----

/// Orders stay when touchpoints go, and with them a version that was somebody else's.
#[test]
fn a_device_in_an_order_that_stays_is_not_the_persons_alone() {
    let old = |who: Identifiers| turn("old", 0, who);
    let events = [
        turn("bob's", 0, Who::conversation("chat").customer("bob")),
        order("1", 1, Who::visitor("tablet").conversation("chat"), "5.00"),
        order("1", 2, Who::visitor("tablet"), "10.00"),
        turn("nobody's", 1, Who::visitor("tablet")),
    ];
    let mut tracker = tracker(events);
    let until = day(5);
    let erased = tracker.erase_touchpoints(visitor("tablet"), until).unwrap();
    assert_eq!((erased.facts["query"], erased.identifiers, erased.shared), (1, 0, 1));
    let bobs = old(Who::visitor("tablet").customer("bob"));
    assert_eq!(tracker.record(bobs).unwrap(), Recorded::New, "the first version was Bob's");
    let nobodys = old(Who::visitor("tablet"));
    assert_eq!(tracker.record(nobodys).unwrap(), Recorded::Dropped(DropReason::Erased));
}

/// What a person is known by since then only is under no stone, where the order that says so stays.
#[test]
fn an_order_that_stays_buries_nobody_whom_it_names_later() {
    let cart = || Who::visitor("ann").cart("basket");
    let events = [
        turn("ann's", 0, Who::visitor("ann")),
        order("1", 1, Who::visitor("ann"), "5.00"),
        order("1", 9, cart(), "10.00"),
    ];
    let mut tracker = tracker(events.clone());
    let erased = tracker.erase_touchpoints(visitor("ann"), day(5)).unwrap();
    assert_eq!((erased.facts["query"], erased.identifiers, erased.shared), (1, 1, 0));
    let late = turn("late", 4, Who::cart("basket"));
    assert_eq!(tracker.record(late.clone()).unwrap(), Recorded::New);
    // When all goes, the order goes whole.
    let mut tracker = self::tracker(events);
    assert_eq!(tracker.erase(visitor("ann"), day(5)).unwrap().identifiers, 2);
    assert_eq!(tracker.record(late).unwrap(), Recorded::Dropped(DropReason::Erased));
}

#[test]
fn what_others_said_of_the_person_is_taken_out_and_stays_out() {
    let events = vec![
        turn("availability", 0, Who::email("ann@mail.example").visitor("va")),
        Event::query("b1", day(0), Who::visitor("vb"))
            .topic("gift for ANN@mail.example")
            .intent("gift")
            .into(),
        Event::query("b2", day(0), Who::visitor("vb"))
            .topic("b2")
            .product("ann%40mail.example")
            .product("p1")
            .into(),
        Event::query("b3", day(0), Who::visitor("vb")).topic("YW5uQG1haWwuZXhhbXBsZQ==").into(),
        Event::add_to_cart("b4", day(0), Who::visitor("vb"), "616e6e406d61696c2e6578616d706c65").into(),
        Event::visit("from-ann@mail.example", day(0), Who::visitor("vb")).into(),
        Event::order("b5", day(1), Who::visitor("vb"), "2", eur("8.00"))
            .line(clinch::OrderLine::new("for ann@mail.example", 1, eur("8.00")))
            .code("ann@mail.example")
            .into(),
    ];
    let mut tracker = tracker(events.clone());
    let erased = erase(&mut tracker, &events, Identifier::new(IdKind::Email, "ann@mail.example"));
    assert_eq!((erased.facts["query"], erased.facts["visit"], erased.mentions), (1, 1, 5), "{erased}");
    let mut question = all_models();
    question.by = clinch::Dimension::ALL.to_vec();
    let report = tracker.report(&question).unwrap();
    assert_books_balance(&report);
    let shown = format!("{report:?} {report} {}", told_of(&tracker, "2")).to_lowercase();
    for said in ["ann@", "yw5u", "616e6e", "ann%40"] {
        assert!(!shown.contains(said), "{said} in {shown}");
    }
    assert!(shown.contains("gift") && shown.contains("b2"), "what said nothing of her stays");
}

#[test]
fn an_order_that_somebody_else_had_before_is_told_without_anybody() {
    let events = vec![
        order("2", 0, Who::visitor("visitor-200"), "0.00"),
        order("0", 0, Who::visitor("visitor-200"), "0.00"),
        Event::order("other", day(0), Who::email("person2@mail.example"), "2", eur("0.00")).into(),
    ];
    let whole = {
        let mut tracker = Tracker::new(key());
        tracker.extend(events.clone()).unwrap();
        tracker
    };
    let mut erased = whole.clone();
    erase(&mut erased, &events, Identifier::new(IdKind::Email, "person2@mail.example"));
    assert_eq!(erased.len(), 1);
    let mut merged = erased.clone();
    merged.merge(&whole).unwrap();
    assert_eq!(merged.len(), 1);
    assert!(merged == erased);
}

#[test]
fn a_version_of_an_erased_order_is_the_same_told_or_merged() {
    let version = |id: &str, days, who| Event::order(id, day(days), who, "1", eur("10.00"));
    let of_bob = || version("older", 1, Who::customer("bob"));
    let mut told = tracker([of_bob().into(), version("newer", 2, Who::customer("ann")).into()]);
    told.erase(customer("ann"), day(5)).unwrap();
    told.erase(customer("bob"), day(8)).unwrap();
    let mut merged = told.clone();
    let _dropped = told.record(of_bob()).unwrap();
    merged.merge(&tracker([of_bob().into()])).unwrap();
    assert!(told == merged);
    let before = told.clone();
    let _dropped = told.record(of_bob()).unwrap();
    told.merge(&merged).unwrap();
    assert!(told == before);
}
