//! Whose facts they are, and what may be done with them.

use crate::*;
use chrono::TimeDelta;
use clinch::{
    ConsentPolicy, Event, Evidence, IdKind, Identifier, JourneyBuilder, OrderLine, Purpose, Reuse, Rules,
    UnattributedReason, Unit, Who,
};

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

/// The conversation alone says nothing; the visitor that it was seen with leads to the customer.
#[test]
fn an_identifier_without_a_claim_of_its_own_takes_that_of_a_broader_one() {
    let events = [
        turn("alone", 0, Who::conversation("c1")),
        turn("seen", 1, Who::conversation("c1").visitor("v1")),
        Event::identify("login", day(2), Who::visitor("v1").customer("k1")).into(),
        order("o1", 3, Who::customer("k1"), "10.00"),
    ];
    assert_eq!(linear(events.clone()), map(&[("alone", "5.00"), ("seen", "5.00")]));
    // Two customers at the visitor: it says nothing about the conversation any more.
    let shared = Event::identify("other", day(2), Who::visitor("v1").customer("k2"));
    assert_eq!(linear(events.into_iter().chain([shared.into()])), map(&[]));
}

#[test]
fn an_order_that_only_a_shared_device_joins_to_its_questions_says_so() {
    let first = order("o1", 1, Who::visitor("v1").customer("k1"), "10.00");
    let second = order("o2", 90, Who::visitor("v1").customer("k2"), "10.00");
    let asked = turn("t1", 0, Who::visitor("v1"));
    let alone = claims([asked.clone(), first.clone()], &Rules::default());
    assert_eq!(alone[0].unattributed, None);
    let shared = claims([asked, first.clone(), second.clone()], &Rules::default());
    assert_eq!(shared[0].unattributed, Some(UnattributedReason::SharedIdentifier));
    // The cure that the advice names: a conversation on the order, seen in the question.
    let asked = turn("t1", 0, Who::visitor("v1").conversation("c1"));
    let told = order("o1", 1, Who::visitor("v1").customer("k1").conversation("c1"), "10.00");
    let cured = claims([asked, told, second], &Rules::default());
    assert_eq!(cured[0].touchpoints.len(), 1);
}

#[test]
fn a_restarted_path_leaves_out_what_stands_at_the_instant_of_the_conversion_before() {
    let who = || Who::visitor("v1");
    let events = [turn("t1", 0, who()), order("o1", 0, who(), "10.00"), order("o2", 1, who(), "10.00")];
    let rules = rules(|rules| rules.reuse = Reuse::Restart);
    let claims = claims(events, &rules);
    let found: Vec<usize> = claims.iter().map(|claim| claim.touchpoints.len()).collect();
    assert_eq!(found, [1, 0]);
}

#[test]
fn what_a_shopper_does_unprompted_is_not_the_bots() {
    let cart: Event = Event::add_to_cart("a1", day(0), Who::visitor("v1"), "p1").into();
    let bought: Event = Event::order("o1", day(1), Who::visitor("v1"), "o1", eur("10.00"))
        .line(OrderLine::new("p1", 1, eur("10.00")))
        .into();
    let claim = |events: Vec<Event>| claims(events, &Rules::default()).remove(0);
    let alone = claim(vec![cart.clone(), bought.clone()]);
    assert!(!alone.touchpoints[0].is_bot());
    assert!(!alone.touchpoints[0].evidence.contains(Evidence::RecommendedProduct));
    let asked = turn("t1", 0, Who::visitor("v1").conversation("c1"));
    let caused: Event = Event::add_to_cart("a1", day(0), Who::visitor("v1"), "p1").turn("t1").into();
    let prompted = claim(vec![asked, caused, bought]);
    assert!(prompted.touchpoints[0].is_bot());
    assert!(prompted.touchpoints[0].evidence.contains(Evidence::RecommendedProduct));
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
