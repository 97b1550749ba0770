//! What is a touchpoint, what caused it, and whose code it was.

use crate::*;
use chrono::TimeDelta;
use clinch::{
    Dimension, Event, Evidence, IdKind, Identifier, Identifiers, OrderLine, ProductMatch, Purpose, Rules,
    Span, TouchKind, UnattributedReason, Unit, Who,
};

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

#[test]
fn a_link_code_survives_case_and_space() {
    let events: [Event; 3] = [
        turn("t1", 0, Who::visitor("v1").conversation("c1")),
        Event::link_shared("l1", day(0), Who::visitor("v1").conversation("c1"), "https://shop.example/")
            .code("7zk3q9t4m2")
            .into(),
        Event::order("o1", day(1), Who::customer("k1"), "o1", eur("10.00")).code(" 7ZK3Q9T4M2").into(),
    ];
    assert_eq!(linear(events), map(&[("t1", "10.00")]));
}

#[test]
fn nobody_arrives_from_a_payment_page_or_from_the_shop_itself() {
    let visit = |id, referrer| -> Event {
        Event::visit(id, day(0), Who::visitor("v1"))
            .url("https://shop.example/thanks")
            .referrer(referrer)
            .into()
    };
    let bought = || order("o1", 1, Who::visitor("v1"), "10.00");
    let found = |event| ids(&claim([event, bought()], &Rules::default())).len();
    assert_eq!(found(visit("own", "https://shop.example/cart")), 0);
    assert_eq!(found(visit("paid", "https://checkout.stripe.com/c/pay")), 0);
    assert_eq!(found(visit("news", "https://news.example/")), 1);
}

#[test]
fn turns_of_one_id_and_instant_stand_by_what_they_say() {
    let at = day(0);
    // Two people's turns have one id; each has a link that the buyer followed.
    let asked = |who: &str, topic: &str| Event::query("turn", at, Who::visitor(who)).topic(topic);
    let shared = |id: &str, who: &str| {
        let link = Event::link_shared(id, at, Who::visitor(who), "https://shop.example/");
        link.turn("turn").code(format!("7zk3q9t0{}", &who[..1]))
    };
    let clicked = |id: &str, who: &str| {
        Event::link_click(id, at, Who::visitor("buyer")).code(format!("7zk3q9t0{}", &who[..1]))
    };
    let bought = Event::order("bought", day(1), Who::visitor("buyer"), "1001", eur("10.00"));
    let events: [Event; 7] = [
        asked("first", "size").into(),
        asked("second", "colour").into(),
        shared("s1", "first").into(),
        shared("s2", "second").into(),
        clicked("c1", "first").into(),
        clicked("c2", "second").into(),
        bought.into(),
    ];
    let told = |events: Vec<Event>| {
        let receipt = clinch::receipt(events, &"1001".into(), &all_models()).unwrap().unwrap();
        let claim = receipt.claim.as_ref().unwrap();
        let foreign = claim.touchpoints.iter().filter(|held| held.foreign);
        let topics: Vec<&str> = foreign.map(|held| held.labels.topic[0].as_str()).collect();
        // Not in the order of the clicks that brought them in.
        assert_eq!(topics, ["colour", "size"]);
        serde_json::to_string(&receipt).unwrap()
    };
    let plain = told(events.to_vec());
    assert_eq!(told(events.iter().rev().cloned().collect()), plain);
    assert_eq!(told(events.iter().cycle().skip(1).take(14).cloned().collect()), plain);
}
