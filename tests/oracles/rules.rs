//! Published figures of path transforms, and the cases in which systems differ.

use crate::*;
use chrono::TimeDelta;
use clinch::{
    BuiltIn, Chosen, Conversion, Dimension, DirectVisits, Event, Path, RefuseReason, Reuse, Rules, Span,
    Transform, UnattributedReason, Who,
};

// ---- Path transforms ----

#[track_caller]
fn transformed(path: &str, transform: Transform) -> String {
    let (touchpoints, conversion) =
        (touchpoints(&daily(path)), Conversion::order("1", day(100), eur("1.00")));
    let path = Path::transformed(&conversion, &touchpoints, Dimension::Channel, transform);
    let channels: Vec<&str> =
        path.touchpoints().map(|touchpoint| touchpoint.labels.channel[0].as_str()).collect();
    channels.join(" ")
}

/// google/fractribution, README.
#[test]
fn fractribution_transforms() {
    let path = "D A B B C D C C";
    assert_eq!(transformed(path, Transform::All), path);
    assert_eq!(transformed(path, Transform::CollapseRepeats), "D A B C D C");
    assert_eq!(transformed(path, Transform::FirstOfEach), "D A B C");
    assert_eq!(transformed(path, Transform::LastOfEach), "A B D C");
}

/// snowplow/dbt-snowplow-attribution, integration_tests/models/unit_tests/test_path_transformations: raw path,
/// exposure, first, removeIfNotAll(Direct), removeIfLastAndNotAll(Direct), trim 1, trim 2.
const SNOWPLOW: [[&str; 7]; 4] = [
    [
        "Example,Video,Direct,Direct",
        "Example,Video,Direct",
        "Example,Video,Direct",
        "Example,Video",
        "Example,Video",
        "Direct",
        "Direct,Direct",
    ],
    ["Direct,Direct", "Direct", "Direct", "Direct,Direct", "Direct,Direct", "Direct", "Direct,Direct"],
    [
        "a,a,a,Direct,a,Direct,Direct",
        "a,Direct,a,Direct",
        "a,Direct",
        "a,a,a,a",
        "a,a,a,Direct,a",
        "Direct",
        "Direct,Direct",
    ],
    ["Example,Video,", "Example,Video,", "Example,Video,", "Example,Video,", "Example,Video,", "", "Video,"],
];

/// The path of an order after visits on these channels, a day apart.
#[track_caller]
fn visited(path: &str, rules: &Rules, transform: Transform) -> String {
    let who = || Who::visitor("v1");
    let visit = |(place, channel): (i64, &str)| {
        Event::from(Event::visit(format!("e{place}"), day(place), who()).channel(channel))
    };
    let order = Event::order("order", day(20), who(), "1", eur("1.00"));
    let claim = claim((0..).zip(path.split(',')).map(visit).chain([order.into()]), rules);
    let path = Path::transformed(&claim.conversion, &claim.touchpoints, Dimension::Channel, transform);
    let channels: Vec<&str> =
        path.touchpoints().map(|touchpoint| touchpoint.labels.channel[0].as_str()).collect();
    channels.join(",")
}

fn rules(change: impl FnOnce(&mut Rules)) -> Rules {
    let mut rules = Rules::default();
    change(&mut rules);
    rules
}

#[test]
fn snowplow_transforms() {
    let default = Rules::default();
    let not_all = rules(|rules| rules.direct_visits = DirectVisits::OnlyIfNothingElse);
    let not_last = rules(|rules| rules.direct_visits = DirectVisits::NotLast);
    let trim = |count| rules(|rules| rules.last_touchpoints = Some(count));
    for [raw, exposure, first, if_not_all, if_last, trim1, trim2] in SNOWPLOW {
        assert_eq!(visited(raw, &default, Transform::All), raw);
        assert_eq!(visited(raw, &default, Transform::CollapseRepeats), exposure, "exposure of {raw}");
        assert_eq!(visited(raw, &default, Transform::FirstOfEach), first, "first of {raw}");
        assert_eq!(visited(raw, &not_all, Transform::All), if_not_all, "removeIfNotAll of {raw}");
        assert_eq!(visited(raw, &not_last, Transform::All), if_last, "removeIfLastAndNotAll of {raw}");
        assert_eq!(visited(raw, &trim(1), Transform::All), trim1, "trim 1 of {raw}");
        assert_eq!(visited(raw, &trim(2), Transform::All), trim2, "trim 2 of {raw}");
    }
}

/// The rule's transform reaches reports and receipts, and what it takes out still stands in the candidates.
#[test]
fn the_transform_of_the_rules_shapes_reports_and_receipts() {
    let who = || Who::visitor("v1");
    let turn = |id, days, topic| Event::from(Event::query(id, day(days), who()).topic(topic));
    let order = Event::order("o", day(9), who(), "1", eur("6.00")).into();
    let events = [turn("e1", 0, "a"), turn("e2", 1, "a"), turn("e3", 2, "b"), order];
    let mut question = all_models();
    let tracker = tracker(events);
    assert_eq!(values(&tracker.report(&question).unwrap(), "linear"), map(&[("a", "4.00"), ("b", "2.00")]));
    question.rules.transform = Transform::FirstOfEach;
    let (report, receipts) = answer(&tracker, &question, &["1"]);
    assert_eq!(values(&report, "linear"), map(&[("a", "3.00"), ("b", "3.00")]));
    let path: Vec<&str> = receipts[0].path.iter().map(|id| id.as_str()).collect();
    assert_eq!(path, ["e1", "e3"]);
    assert_eq!(ids(receipts[0].claim.as_ref().unwrap()), ["e1", "e2", "e3"]);
}

// ---- Rules for edge cases ----

/// One turn and one order a given number of nanoseconds later.
#[track_caller]
fn turn_before_order(nanos: i64, rules: &Rules) -> clinch::Claim {
    let who = || Who::visitor("v1");
    let turn = Event::query("turn", day(40) - TimeDelta::nanoseconds(nanos), who());
    claim([turn.into(), Event::order("order", day(40), who(), "1", eur("1.00")).into()], rules)
}

const DAY: i64 = 86_400_000_000_000;

/// w3c/attribution, impl/e2e-tests/lookback.json: 86,400 s are in a window of a day, 86,401 s are not.
#[test]
fn both_ends_of_the_lookback_window_are_inside() {
    let day = rules(|rules| rules.lookback = Span::days(1));
    assert_eq!(ids(&turn_before_order(DAY, &day)), ["turn"]);
    let outside = turn_before_order(86_401 * 1_000_000_000, &day);
    assert_eq!(refused(&outside), [("turn", "out_of_window")]);
    assert_eq!(outside.unattributed, Some(UnattributedReason::OutOfWindow));

    let default = Rules::default();
    assert_eq!(ids(&turn_before_order(30 * DAY, &default)), ["turn"]);
    assert_eq!(refused(&turn_before_order(30 * DAY + 1, &default)), [("turn", "out_of_window")]);
    assert_eq!(ids(&turn_before_order(0, &default)), ["turn"]);
    assert_eq!(ids(&turn_before_order(1, &default)), ["turn"]);
}

/// fractribution admits touchpoints up to a day after the conversion; here there are none.
#[test]
fn a_touchpoint_after_the_conversion_never_claims_it() {
    let after = turn_before_order(-1, &Rules::default());
    assert_eq!(refused(&after), [("turn", "after_conversion")]);
    assert_eq!(after.unattributed, Some(UnattributedReason::AfterConversion));
    let unbounded = rules(|rules| rules.lookback = Span::MAX);
    assert!(ids(&turn_before_order(-1, &unbounded)).is_empty());
    assert_eq!(ids(&turn_before_order(0, &unbounded)), ["turn"]);
}

#[test]
fn a_window_of_no_time_takes_only_the_instant_of_the_conversion() {
    let instant = rules(|rules| rules.lookback = Span::ZERO);
    assert_eq!(ids(&turn_before_order(0, &instant)), ["turn"]);
    assert!(ids(&turn_before_order(1, &instant)).is_empty());
}

/// Windows are exact time: a window of a day does not reach to the morning before (Snowplow's DATEDIFF does).
#[test]
fn windows_are_no_calendar_days() {
    let who = || Who::visitor("v1");
    let turn = |id, instant| Event::from(Event::query(id, at(instant), who()));
    let order = Event::order("order", at("2026-03-02T20:00:00Z"), who(), "1", eur("1.00"));
    let events =
        [turn("morning", "2026-03-01T08:00:00Z"), turn("night", "2026-03-01T23:00:00Z"), order.into()];
    let claim = claim(events, &rules(|rules| rules.lookback = Span::days(1)));
    assert_eq!(ids(&claim), ["night"]);
}

/// Snowplow leaves equal instants undefined, Umami counts them twice: here kind, then id, decide.
#[test]
fn equal_instants_are_ordered_by_kind_and_then_by_id() {
    let who = || Who::visitor("v1");
    let events: [Event; 5] = [
        Event::order("a", day(0), who(), "1", eur("1.00")).into(),
        Event::add_to_cart("b", day(0), who(), "p1").into(),
        Event::query("d", day(0), who()).into(),
        Event::query("c", day(0), who()).into(),
        Event::visit("e", day(0), who()).into(),
    ];
    assert_eq!(ids(&claim(events, &Rules::default())), ["e", "c", "d", "b"]);
}

/// PostHog finds the ends of a path by instant, so that equal ones share: here the ends are places.
#[test]
fn position_based_finds_the_ends_by_place() {
    let path = [("a", 5), ("b", 5), ("c", 5), ("d", 5)];
    assert_eq!(by_name("position_based", eur("10.00"), &path), ["4.00", "1.00", "1.00", "4.00"]);
    assert_eq!(by_name("first_touch", eur("10.00"), &path), ["10.00", "0.00", "0.00", "0.00"]);
}

#[test]
fn two_orders_in_one_second_are_two_conversions() {
    let who = || Who::visitor("v1");
    let order = |id| Event::from(Event::order(id, day(1), who(), id, eur("10.00")));
    let events = [Event::query("turn", day(0), who()).topic("size").into(), order("o1"), order("o2")];
    let (report, _) = answer(&tracker(events), &all_models(), &["o1", "o2"]);
    assert_eq!((report.totals[0].conversions, report.totals[0].value.as_str()), (2, "20.00"));
    assert_eq!(values(&report, "linear"), map(&[("size", "20.00")]));
}

/// Snowplow's totals lose paths without touchpoints.
#[test]
fn an_order_without_touchpoints_stays_in_the_total() {
    let who = || Who::visitor("v1");
    let alone = Event::order("o2", day(1), Who::visitor("somebody else"), "2", eur("7.00"));
    let events: [Event; 3] = [
        Event::query("turn", day(0), who()).topic("size").into(),
        Event::order("o1", day(1), who(), "1", eur("10.00")).into(),
        alone.into(),
    ];
    let (report, receipts) = answer(&tracker(events), &all_models(), &["1", "2"]);
    let totals = &report.totals[0];
    assert_eq!((totals.value.as_str(), totals.unattributed.as_str()), ("17.00", "7.00"));
    assert_eq!(totals.reasons[0].reason, UnattributedReason::NoTouchpoint);
    assert!(receipts[1].models.iter().all(|credits| credits.credits.is_empty() && !credits.declined));
}

#[test]
fn one_touchpoint_gets_everything_in_every_model() {
    for model in SHARING {
        for channel in ["direct", "whatsapp"] {
            assert_eq!(by_name(model, eur("59.90"), &[(channel, 12)]), ["59.90"], "{model}");
        }
    }
    for model in ["position_based:0/100/0", "position_based:100/0/0", "position_based:0/0/1"] {
        assert_eq!(by_name(model, eur("59.90"), &[("a", 12)]), ["59.90"], "{model}");
    }
}

/// Adobe, mta and Mixpanel renormalise; DP6 gives each end half of the middle, PostHog a half each.
#[test]
fn two_touchpoints_share_in_the_proportion_of_the_ends() {
    let two = [("a", 2), ("b", 1)];
    for (model, values) in [
        ("position_based", ["5.00", "5.00"]),
        ("j_shaped", ["2.50", "7.50"]),
        ("inverse_j", ["7.50", "2.50"]),
        ("position_based:30/40/10", ["7.50", "2.50"]),
        ("position_based:0/40/10", ["0.00", "10.00"]),
        ("position_based:0/100/0", ["5.00", "5.00"]),
    ] {
        assert_eq!(by_name(model, eur("10.00"), &two), values, "{model}");
    }
}

#[test]
fn three_and_more_touchpoints_share_the_middle_evenly() {
    let four = daily("a b c d");
    assert_eq!(by_name("position_based:30/40/30", eur("10.00"), &four), ["3.00", "2.00", "2.00", "3.00"]);
    assert_eq!(by_name("position_based:3/4/3", eur("10.00"), &four), ["3.00", "2.00", "2.00", "3.00"]);
    assert_eq!(by_name("position_based:0/1/0", eur("10.00"), &four), ["0.00", "5.00", "5.00", "0.00"]);
    assert_eq!(by_name("position_based", eur("10.00"), &daily("a b c")), ["4.00", "2.00", "4.00"]);
}

/// GA4, Shopify and Matomo: direct gets the credit only if all of the path is direct, and then the last visit.
#[test]
fn last_non_direct_falls_back_to_the_last_touch() {
    assert_eq!(by_name("last_non_direct", eur("9.00"), &daily("direct direct")), ["0.00", "9.00"]);
    let path = daily("a b direct direct");
    assert_eq!(by_name("last_non_direct", eur("9.00"), &path), ["0.00", "9.00", "0.00", "0.00"]);
    // Whoever wants no fallback says so in the rules, and sees the value as unattributed.
    let who = || Who::visitor("v1");
    let events: [Event; 2] =
        [Event::visit("e1", day(0), who()).into(), Event::order("o", day(1), who(), "1", eur("9.00")).into()];
    let never = rules(|rules| rules.direct_visits = DirectVisits::Never);
    let claim = claim(events.clone(), &never);
    assert_eq!(refused(&claim), [("e1", "direct_visit")]);
    assert_eq!(claim.unattributed, Some(UnattributedReason::AllRefused));
    assert_eq!(ids(&support::claim(events, &Rules::default())), ["e1"]);
}

/// PostHog excludes before weighting, so that the credit moves to the rest.
#[test]
fn what_is_excluded_leaves_its_credit_to_the_rest() {
    let who = || Who::visitor("v1");
    let turn = |id, days, intent| Event::from(Event::query(id, day(days), who()).topic(id).intent(intent));
    let order = Event::order("o", day(9), who(), "1", eur("10.00")).into();
    let events = [
        turn("size", 0, "product_question"),
        turn("fit", 1, "product_question"),
        turn("late", 2, "order status"),
        order,
    ];
    let (report, receipts) = answer(&tracker(events), &all_models(), &["1"]);
    assert_eq!(values(&report, "linear"), map(&[("size", "5.00"), ("fit", "5.00")]));
    assert_eq!(values(&report, "last_touch"), map(&[("size", "0.00"), ("fit", "10.00")]));
    let claim = receipts[0].claim.as_ref().unwrap();
    assert_eq!(refused(claim), [("late", RefuseReason::ExcludedIntent.name())]);
}

/// Snowplow, PostHog and fractribution reuse touchpoints; DP6 and Nova cut at a conversion; Nova merges all of a
/// person's conversions into one journey, which is none of them.
#[test]
fn reuse_after_an_earlier_conversion_has_four_answers() {
    let who = || Who::visitor("v1");
    let turn = |id, days| Event::from(Event::query(id, day(days), who()));
    let order = |id, days| Event::from(Event::order(id, day(days), who(), id, eur("1.00")));
    let events = [turn("a", 0), turn("b", 1), order("o1", 2), turn("c", 3), order("o2", 4), order("o3", 5)];
    type Expected = (Reuse, [&'static [&'static str]; 3], [Option<&'static str>; 3]);
    let expected: [Expected; 4] = [
        (Reuse::Allowed, [&["a", "b"], &["a", "b", "c"], &["a", "b", "c"]], [None; 3]),
        (Reuse::Consumed, [&["a", "b"], &["c"], &[]], [None, Some("consumed"), Some("consumed")]),
        (
            Reuse::Restart,
            [&["a", "b"], &["c"], &[]],
            [None, Some("before_earlier_conversion"), Some("before_earlier_conversion")],
        ),
        (
            Reuse::FirstOnly,
            [&["a", "b"], &[], &[]],
            [None, Some("not_first_conversion"), Some("not_first_conversion")],
        ),
    ];
    for (reuse, paths, reasons) in expected {
        let claims = claims(events.clone(), &rules(|rules| rules.reuse = reuse));
        for ((claim, path), reason) in claims.iter().zip(paths).zip(reasons) {
            assert_eq!(ids(claim), path, "{reuse}");
            let before =
                claim.refused.iter().filter(|refused| refused.reason != RefuseReason::AfterConversion);
            let found: Vec<&str> = before.map(|refused| refused.reason.name()).collect();
            assert!(found.iter().all(|found| Some(*found) == reason), "{reuse}: {found:?}");
            assert_eq!(found.is_empty(), reason.is_none(), "{reuse}");
        }
    }
}

/// An order that was given back whole is no conversion, so it cuts nothing.
#[test]
fn a_refunded_order_consumes_nothing() {
    let who = || Who::visitor("v1");
    let events: [Event; 4] = [
        Event::query("a", day(0), who()).into(),
        Event::order("o1", day(1), who(), "o1", eur("5.00")).into(),
        Event::refund("r1", day(2), "r1", "o1", eur("5.00")).into(),
        Event::order("o2", day(3), who(), "o2", eur("1.00")).into(),
    ];
    for reuse in [Reuse::Consumed, Reuse::Restart, Reuse::FirstOnly] {
        let claim = claim(events.clone(), &rules(|rules| rules.reuse = reuse));
        assert_eq!((ids(&claim), claim.conversion.kind.id()), (vec!["a"], "o2"), "{reuse}");
    }
    let kept = claims(
        events[..2].iter().chain(&events[3..]).cloned(),
        &rules(|rules| rules.reuse = Reuse::Consumed),
    );
    assert_eq!(kept.iter().map(|claim| claim.touchpoints.len()).collect::<Vec<_>>(), [1, 0]);
}

/// mta rounds to six decimals, Adobe rounds sums of fractions: here the parts of 0.01 over 7 are whole cents.
#[test]
fn fractional_cents_are_given_out_and_never_lost() {
    let seven = daily("a b c d e f g");
    assert_eq!(
        by_name("linear", eur("0.01"), &seven),
        ["0.01", "0.00", "0.00", "0.00", "0.00", "0.00", "0.00"]
    );
    assert_eq!(by_name("linear", eur("0.10"), &daily("a b c")), ["0.04", "0.03", "0.03"]);
    assert_eq!(by_name("linear", money("100", "JPY"), &daily("a b c")), ["34", "33", "33"]);
    assert_eq!(by_name("linear", money("0.100", "KWD"), &daily("a b c")), ["0.034", "0.033", "0.033"]);
}

/// Snowplow derives counts from revenue, which is 0/0 for a free order.
#[test]
fn a_free_order_counts_with_the_same_weights() {
    let who = || Who::visitor("v1");
    let turn = |id: &str, days| Event::from(Event::query(id, day(days), who()).topic(id));
    let free = Event::order("o", day(2), who(), "1", eur("0.00")).into();
    let (report, _) = answer(&tracker([turn("size", 0), turn("fit", 1), free]), &all_models(), &["1"]);
    assert_eq!((report.totals[0].conversions, report.totals[0].value.as_str()), (1, "0.00"));
    assert_eq!(conversions(&report, "linear"), map(&[("size", "0.500000000"), ("fit", "0.500000000")]));
    assert_eq!(values(&report, "linear"), map(&[("size", "0.00"), ("fit", "0.00")]));
}

/// A refund carries the weights of its order: what was asked between the two earns neither.
#[test]
fn a_refund_carries_the_weights_of_its_order() {
    let who = || Who::visitor("v1");
    let turn = |id: &str, days| Event::from(Event::query(id, day(days), who()).topic(id));
    let order = Event::order("o", day(2), who(), "1", eur("10.00")).into();
    let refund = Event::refund("r", day(4), "r1", "1", eur("4.01")).into();
    let events = [turn("size", 0), turn("fit", 1), order, turn("returns", 3), refund];
    let (report, _) = answer(&tracker(events), &all_models(), &["1"]);
    assert_eq!(values(&report, "linear"), map(&[("size", "3.00"), ("fit", "2.99")]));
    assert_eq!(report.totals[0].value, "5.99");
}

/// Snowplow and DP6 join names with ` > `, ChannelAttribution with `>`, fractribution cuts them at `(`.
#[test]
fn no_character_in_a_label_means_anything() {
    let names = ["a > b", "a", "b", "a>b", "a (b)", "a (c)", "a,b", "a\u{0}b", ""];
    let who = || Who::visitor("v1");
    let turn = |(place, name): (i64, &&str)| {
        Event::from(Event::query(format!("e{place}"), day(place), who()).topic(*name))
    };
    let mut events: Vec<Event> = (0..).zip(&names).map(turn).collect();
    events.push(Event::order("o", day(20), who(), "1", eur("9.00")).into());
    let (report, _) = answer(&tracker(events), &all_models(), &["1"]);
    let each = names.map(|name| (name, "1.00"));
    assert_eq!(values(&report, "linear"), map(&each));
    assert_eq!(values(&report, "linear_unique"), map(&each));
}

/// PostHog keeps the last 500 touchpoints; DP6 and Nova keep the alphabetically last four channels, so that of
/// F>E>D>C>B>A three times A and B get nothing.
#[test]
fn no_path_is_cut_short() {
    let path = daily("F E D C B A F E D C B A F E D C B A");
    let found = nanos(&BuiltIn::Linear, &path);
    assert_eq!(found.len(), 18);
    let who = || Who::visitor("v1");
    let turn = |place: i64| {
        Event::from(Event::query(format!("e{place}"), second(place), who()).topic(place.to_string()))
    };
    let order = Event::order("o", day(1), who(), "1", eur("20.00"));
    let (report, _) = answer(&tracker((0..2000).map(turn).chain([order.into()])), &all_models(), &["1"]);
    assert_eq!(report.tables[0].rows.len(), 2000);
    assert!(values(&report, "linear").values().all(|value| value == "0.01"));
    assert_eq!(values(&report, "first_touch")["0"], "20.00");
}

/// fractribution merges the counts of equal transformed paths, but not their revenue.
#[test]
fn equal_paths_add_up_in_count_and_in_money() {
    let mut events: Vec<Event> = Vec::new();
    for (shopper, path) in ["a a b", "a b b", "a b"].iter().enumerate() {
        let who = || Who::visitor(format!("visitor {shopper}"));
        for (place, topic) in (0..).zip(path.split(' ')) {
            events.push(Event::query(format!("{shopper}-{place}"), day(place), who()).topic(topic).into());
        }
        events.push(
            Event::order(format!("o{shopper}"), day(9), who(), shopper.to_string(), eur("10.00")).into(),
        );
    }
    let mut question = all_models();
    question.rules.transform = Transform::CollapseRepeats;
    let (report, _) = answer(&tracker(events), &question, &[]);
    assert_eq!(values(&report, "linear"), map(&[("a", "15.00"), ("b", "15.00")]));
    assert_eq!(conversions(&report, "linear"), map(&[("a", "1.500000000"), ("b", "1.500000000")]));
}

/// Amplitude and Adobe warn that participation sums to more than the whole: here it is no model and has no total.
#[test]
fn participation_is_no_model_that_shares() {
    assert!(Chosen::Participation.model().is_none());
    assert!("participation".parse::<BuiltIn>().is_err());
    assert_eq!("participation".parse::<Chosen>().unwrap().to_string(), "participation");
    let who = || Who::visitor("v1");
    let turn = |id, days, topic| Event::from(Event::query(id, day(days), who()).topic(topic));
    let order = Event::order("o", day(9), who(), "1", eur("10.00")).into();
    let tracker = tracker([turn("e1", 0, "size"), turn("e2", 1, "size"), turn("e3", 2, "fit"), order]);
    let (report, receipts) = answer(&tracker, &all_models(), &["1"]);
    assert_eq!(values(&report, "participation"), map(&[("size", "10.00"), ("fit", "10.00")]));
    assert_eq!(conversions(&report, "participation")["size"], "1.000000000");
    assert!(receipts[0].models.iter().all(|credits| credits.model != "participation"));
}
