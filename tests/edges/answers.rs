//! What questions ask, and what answers do not tell.

use crate::*;
use chrono::TimeDelta;
use clinch::{
    Chosen, Dated, Dimension, DropReason, Earned, Error, ErrorKind, Event, FieldReason, IdKind, Identifier,
    Limits, OrderLine, Period, PrivacyLevel, Question, Recorded, Span, Tracker, UnattributedReason, Unit,
    Who,
};

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
    limits.privacy = PrivacyLevel::Full;
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
    assert_eq!(report.overview.fields_left_out, BTreeMap::from([(FieldReason::IdentifierInField, 13)]));
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

#[test]
fn a_label_that_reads_none_takes_part_once_beside_a_missing_one() {
    let turn = |id: &str| Event::query(id, day(0), Who::visitor("v9"));
    let bought = Event::order("bought", day(1), Who::visitor("v9"), "1001", eur("10.00"));
    let events: [Event; 3] = [turn("e1").topic("none").into(), turn("e2").into(), bought.into()];
    let mut question = question();
    question.models = vec!["participation".parse().unwrap()];
    let report = clinch::report(events, &question).unwrap();
    let rows = &report.tables[0].rows;
    assert_eq!((rows.len(), rows[0].label.as_str(), rows[0].models[0].value.as_str()), (1, "none", "10.00"));
    assert_eq!(rows[0].models[0].conversions, "1.000000000");
}
