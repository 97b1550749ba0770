//! Published examples and rules of other attribution systems, met to the digit.
//!
//! Each test names its source. Where a source is right, clinch gives its numbers; where it is known to be wrong,
//! the test says what is right. Fitted models (Markov, Shapley) have their oracles elsewhere; two published
//! transforms are no rule of clinch: "frequency" (counts in a path) and decay in whole steps.

mod support;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use clinch::{
    BuiltIn, Chosen, Conversion, Dimension, DirectVisits, Event, Money, Path, RefuseReason, Reuse, Rules,
    Span, TouchKind, Touchpoint, Transform, UnattributedReason, Who, credit, model,
};
use support::*;

/// Touchpoints on one channel each, so many hours before the conversion at day 100. `direct` is a direct visit.
fn touchpoints(path: &[(&str, i64)]) -> Vec<Touchpoint> {
    let touchpoint = |(place, (channel, hours)): (usize, &(&str, i64))| {
        let kind = if *channel == "direct" { TouchKind::Visit } else { TouchKind::Query };
        let at = day(100) - TimeDelta::hours(*hours);
        Touchpoint::new(format!("t{place}"), at, kind).label(Dimension::Channel, *channel)
    };
    path.iter().enumerate().map(touchpoint).collect()
}

/// Channels a day apart, the last one at the conversion: `"A B C"`.
fn daily(path: &str) -> Vec<(&str, i64)> {
    let channels: Vec<&str> = path.split(' ').collect();
    let last = channels.len() as i64 - 1;
    (0..).zip(channels).map(|(place, channel)| (channel, (last - place) * 24)).collect()
}

/// What each touchpoint gets: money as text.
#[track_caller]
fn credited(model: &dyn clinch::Model, value: Money, path: &[(&str, i64)]) -> Vec<String> {
    let (touchpoints, conversion) = (touchpoints(path), Conversion::order("1", day(100), value));
    let path = Path::new(&conversion, &touchpoints, Dimension::Channel);
    let credits = credit(model, &path).unwrap();
    assert_eq!(credits.credits.iter().map(|credit| credit.share.nanos()).sum::<i64>(), 1_000_000_000);
    credits.credits.iter().map(|credit| credit.value.unwrap().amount()).collect()
}

/// The same by the model's name.
#[track_caller]
fn by_name(model: &str, value: Money, path: &[(&str, i64)]) -> Vec<String> {
    credited(&model.parse::<BuiltIn>().unwrap(), value, path)
}

/// What each touchpoint gets of one: units of 10^-9.
#[track_caller]
fn nanos(model: &dyn clinch::Model, path: &[(&str, i64)]) -> Vec<i64> {
    let (touchpoints, conversion) = (touchpoints(path), Conversion::order("1", day(100), eur("0.00")));
    let path = Path::new(&conversion, &touchpoints, Dimension::Channel);
    credit(model, &path).unwrap().credits.iter().map(|credit| credit.share.nanos()).collect()
}

/// Conversions per channel over many paths, each with its number of conversions, in units of 10^-9.
#[track_caller]
fn conversions_by_channel(model: &dyn clinch::Model, paths: &[(&str, i64)]) -> BTreeMap<String, i64> {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for (path, times) in paths {
        let path = daily(path);
        for ((channel, _), nanos) in path.iter().zip(nanos(model, &path)) {
            *sums.entry((*channel).to_owned()).or_default() += nanos * times;
        }
    }
    sums
}

/// Compares units of 10^-9 with published decimals, to half a unit of 10^-`places`.
#[track_caller]
fn assert_published(found: &BTreeMap<String, i64>, published: &[(&str, f64)], times: f64, places: i32) {
    assert_eq!(found.len(), published.len());
    for (channel, number) in published {
        let found = found[*channel] as f64 / 1e9 * times;
        let slack = 0.5000001 * 10_f64.powi(-places);
        assert!((found - number).abs() <= slack, "{channel}: {found}, published {number}");
    }
}

// ---- Adobe Analytics, "Attribution models": one order of $50 ----

/// Paid search 9 days before, social 6 days before, e-mail and then display in the visit that converts.
const ADOBE: [(&str, i64); 4] = [("paid search", 216), ("social", 144), ("email", 0), ("display", 0)];

/// In the order of `ADOBE`.
const ADOBE_CREDITED: [(&str, [&str; 4]); 8] = [
    ("first_touch", ["50.00", "0.00", "0.00", "0.00"]),
    ("last_touch", ["0.00", "0.00", "0.00", "50.00"]),
    ("linear", ["12.50", "12.50", "12.50", "12.50"]),
    ("linear_unique", ["12.50", "12.50", "12.50", "12.50"]),
    ("position_based", ["20.00", "5.00", "5.00", "20.00"]),
    ("j_shaped", ["10.00", "5.00", "5.00", "30.00"]),
    ("inverse_j", ["30.00", "5.00", "5.00", "10.00"]),
    ("time_decay:7d", ["6.92", "9.32", "16.88", "16.88"]),
];

/// experienceleague.adobe.com, Analytics, attribution/models: visitor container.
#[test]
fn adobe_fifty_dollars_under_every_model() {
    for (model, expected) in ADOBE_CREDITED {
        assert_eq!(by_name(model, money("50.00", "USD"), &ADOBE), expected, "{model}");
    }
}

/// The same page: exact weights of the half-life model before rounding to cents.
#[test]
fn adobe_time_decay_before_rounding() {
    let model = "time_decay:7d".parse::<BuiltIn>().unwrap();
    let shares = nanos(&model, &ADOBE);
    for (nanos, exact) in shares.iter().zip([6.923_333, 9.318_116, 16.879_276, 16.879_276]) {
        assert!((*nanos as f64 * 50.0 / 1e9 - exact).abs() < 5.1e-7, "{nanos} {exact}");
    }
}

/// The same page: visit container, that is a path of the converting visit alone.
#[test]
fn adobe_within_the_converting_visit() {
    let (visit, fifty) = (&ADOBE[2..], money("50.00", "USD"));
    assert_eq!(by_name("first_touch", fifty, visit), ["50.00", "0.00"]);
    assert_eq!(by_name("linear", fifty, visit), ["25.00", "25.00"]);
    assert_eq!(by_name("j_shaped", fifty, visit), ["12.50", "37.50"]);
    assert_eq!(by_name("inverse_j", fifty, visit), ["37.50", "12.50"]);
}

/// The same page, as a journey of visits and an order through the tracker: all models side by side, participation
/// with the full value for each.
#[test]
fn adobe_as_a_journey_through_the_tracker() {
    let who = || Who::visitor("v1");
    let visits = [("e1", -9, "paid search"), ("e2", -6, "social"), ("e3", 0, "email"), ("e4", 0, "display")];
    let mut events: Vec<Event> =
        visits.map(|(id, days, channel)| Event::visit(id, day(days), who()).channel(channel).into()).into();
    events.push(Event::order("e5", day(0), who(), "1001", money("50.00", "USD")).into());
    let mut question = all_models();
    question.by = vec![Dimension::Channel];
    let (report, _) = answer(&tracker(events), &question, &["1001"]);
    for (model, expected) in ADOBE_CREDITED {
        let expected: Vec<(&str, &str)> =
            ADOBE.iter().zip(expected).map(|((channel, _), value)| (*channel, value)).collect();
        assert_eq!(values(&report, model), map(&expected), "{model}");
    }
    let each = ["paid search", "social", "email", "display"].map(|channel| (channel, "50.00"));
    assert_eq!(values(&report, "participation"), map(&each));
}

// ---- Time decay ----

/// Mixpanel and Google Ads: half-life of 7 days.
#[test]
fn time_decay_at_ages_of_28_21_14_and_7_days() {
    let path = [("a", 28 * 24), ("b", 21 * 24), ("c", 14 * 24), ("d", 7 * 24)];
    let model = "time_decay:7d".parse::<BuiltIn>().unwrap();
    assert_eq!(nanos(&model, &path), [66_666_667, 133_333_333, 266_666_667, 533_333_333]);
}

/// coreyhaines31/marketingskills, attribution-models.md, which prints 290 and 3,415 for the second and fourth. In
/// whole units (a currency without decimals) the parts add up: the exact ones end in .20 .44 .88 .04 .45.
#[test]
fn twelve_thousand_over_38_days() {
    let path = [0, 5, 12, 30, 38].map(|day| ("x", (38 - day) * 24));
    let values = by_name("time_decay:7d", money("12000", "JPY"), &path);
    assert_eq!(values, ["175", "287", "575", "3417", "7546"]);
    let values = by_name("time_decay:7d", money("12000.00", "USD"), &path);
    assert_eq!(values, ["175.19", "287.44", "574.88", "3417.04", "7545.45"]);
}

/// PostHog's test of time decay: half-life 1 day, touches 3, 2 and 1 days before.
#[test]
fn posthog_time_decay_of_one_day() {
    let path = [("a", 72), ("b", 48), ("c", 24)];
    assert_eq!(by_name("time_decay:1d", eur("7.00"), &path), ["1.00", "2.00", "4.00"]);
    assert_eq!(by_name("time_decay:24h", eur("7.00"), &path), ["1.00", "2.00", "4.00"]);
}

/// DP6 counts steps of a week: ages 14, 12 and 0 give 1/7, 2/7, 4/7 in its code and 25/25/50 in its README.
/// Here age counts to the nanosecond, so that 12 days lie strictly between.
#[test]
fn time_decay_has_no_steps() {
    let model = "time_decay:7d".parse::<BuiltIn>().unwrap();
    let shares = nanos(&model, &[("a", 14 * 24), ("b", 12 * 24), ("c", 0)]);
    assert!((shares[2] - shares[0] * 4).abs() <= 4, "{shares:?}");
    let ratio = shares[1] as f64 / shares[0] as f64;
    assert!((ratio - (2.0_f64 / 7.0).exp2()).abs() < 1e-7, "{ratio}");
}

/// mta's hazard reads `timedelta.seconds`, so that whole days vanish.
#[test]
fn time_decay_counts_whole_days() {
    let model = "time_decay:1d".parse::<BuiltIn>().unwrap();
    assert_eq!(nanos(&model, &[("a", 72), ("b", 0)]), [111_111_111, 888_888_889]);
}

/// An old touchpoint and a tiny half-life: exponents are relative to the newest, so nothing is divided by zero.
#[test]
fn one_old_touchpoint_gets_everything_at_any_half_life() {
    for model in ["time_decay:1ns", "time_decay:1s", "time_decay:7d", "time_decay:10000d"] {
        assert_eq!(by_name(model, eur("9.99"), &[("a", 29 * 24)]), ["9.99"]);
        assert_eq!(by_name(model, eur("9.99"), &[("a", 700), ("b", 700)]), ["5.00", "4.99"]);
    }
    assert_eq!(by_name("time_decay:1ns", eur("9.99"), &[("a", 700), ("b", 699)]), ["0.00", "9.99"]);
}

// ---- DP6, tests/test_mam.py: nine paths, value 3 each, order A/B/C ----

const DP6: [(&str, i64); 9] = [
    ("A", 1),
    ("A B", 1),
    ("A B C", 1),
    ("B", 1),
    ("B A", 1),
    ("B C A", 1),
    ("C", 1),
    ("C A", 1),
    ("C B A", 1),
];

#[test]
fn dp6_nine_paths() {
    for (model, published) in [
        ("first_touch", [9.0, 9.0, 9.0]),
        ("last_touch", [15.0, 6.0, 6.0]),
        ("linear", [10.5, 9.0, 7.5]),
        ("linear_unique", [10.5, 9.0, 7.5]),
        ("position_based", [11.1, 8.4, 7.5]),
        ("time_decay:24h", [11.857_143, 8.142_857, 7.0]),
    ] {
        let published = [("A", published[0]), ("B", published[1]), ("C", published[2])];
        let found = conversions_by_channel(&model.parse::<BuiltIn>().unwrap(), &DP6);
        assert_published(&found, &published, 3.0, 6);
    }
}

/// Weights 1, 2, ..., n by place: no built-in model, a closure.
#[test]
fn dp6_nine_paths_by_place() {
    let model = model::custom("by_place", |path, weights| {
        weights.extend((1..=path.len()).map(|place| place as f64));
        Ok(())
    });
    let found = conversions_by_channel(&model, &DP6);
    assert_published(&found, &[("A", 11.5), ("B", 8.5), ("C", 7.0)], 3.0, 6);
}

/// Last non-A with A as direct visits, whole journeys: a path of A alone falls back to A.
#[test]
fn dp6_nine_paths_last_non_direct() {
    let mut events: Vec<Event> = Vec::new();
    for (shopper, (path, _)) in DP6.iter().enumerate() {
        let who = || Who::visitor(format!("visitor {shopper}"));
        for (place, channel) in (0..).zip(path.split(' ')) {
            let id = format!("{shopper}-{place}");
            events.push(match channel {
                "A" => Event::visit(id, day(place), who()).into(),
                _ => Event::query(id, day(place), who()).channel(channel).into(),
            });
        }
        events.push(
            Event::order(format!("o{shopper}"), day(5), who(), format!("{shopper}"), eur("3.00")).into(),
        );
    }
    let mut question = all_models();
    question.by = vec![Dimension::Channel];
    let (report, _) = answer(&tracker(events), &question, &["0", "8"]);
    let row = |a, b, c| map(&[("direct", a), ("B", b), ("C", c)]);
    assert_eq!(values(&report, "last_non_direct"), row("3.00", "12.00", "12.00"));
    assert_eq!(values(&report, "first_touch"), row("9.00", "9.00", "9.00"));
    assert_eq!(values(&report, "last_touch"), row("15.00", "6.00", "6.00"));
    assert_eq!(values(&report, "linear"), row("10.50", "9.00", "7.50"));
    assert_eq!(values(&report, "position_based"), row("11.10", "8.40", "7.50"));
    assert_eq!(conversions(&report, "first_touch")["B"], "3.000000000");
}

/// DP6's Shapley with `values_col="conversions"` returns 9+7+7 = 23 credits for nine conversions.
#[test]
fn nine_conversions_give_nine_credits_in_every_model() {
    for model in SHARING {
        let found = conversions_by_channel(&model.parse::<BuiltIn>().unwrap(), &DP6);
        assert_eq!(found.values().sum::<i64>(), 9_000_000_000, "{model}");
    }
}

// ---- Linear per distinct label: mta `share="same"`, equal to simplified Shapley (Zhao et al. 2018) ----

/// eeghor/mta, tests: a 4c, a>b 6c; a>b>c>d 10c.
#[test]
fn linear_unique_meets_mta() {
    let found = conversions_by_channel(&BuiltIn::LinearUnique, &[("a", 4), ("a b", 6)]);
    assert_published(&found, &[("a", 7.0), ("b", 3.0)], 1.0, 8);
    let found = conversions_by_channel(&BuiltIn::LinearUnique, &[("a b c d", 10)]);
    assert_published(&found, &[("a", 2.5), ("b", 2.5), ("c", 2.5), ("d", 2.5)], 1.0, 9);
}

/// Subset-sum Shapley on A 4c, B 2c, AB 6c, ABC 3c: 8, 6, 1, which is the linear model per label.
#[test]
fn linear_unique_meets_subset_sum_shapley() {
    let paths = [("A", 4), ("B", 2), ("A B", 6), ("A B C", 3)];
    let found = conversions_by_channel(&BuiltIn::LinearUnique, &paths);
    assert_published(&found, &[("A", 8.0), ("B", 6.0), ("C", 1.0)], 1.0, 7);
}

/// ianchute/shapley-attribution-model, README: converting journeys [1,2,3] [1,2] [1] [1,2,1,3].
#[test]
fn linear_unique_meets_simplified_shapley_and_linear_does_not() {
    let paths = [("1 2 3", 1), ("1 2", 1), ("1", 1), ("1 2 1 3", 1)];
    let found = |model: BuiltIn| conversions_by_channel(&model, &paths);
    let published = |numbers: [f64; 3]| [("1", numbers[0]), ("2", numbers[1]), ("3", numbers[2])];
    assert_published(&found(BuiltIn::LinearUnique), &published([2.1667, 1.1667, 0.6667]), 1.0, 4);
    assert_published(&found(BuiltIn::Linear), &published([2.3333, 1.0833, 0.5833]), 1.0, 4);
    let position = "position_based".parse::<BuiltIn>().unwrap();
    assert_published(&found(position), &published([2.4, 0.8, 0.8]), 1.0, 8);
}

/// PostHog, linear with one channel three times: .75 and .25; per label it is a half each.
#[test]
fn a_repeated_channel_counts_per_touchpoint_or_per_label_under_two_names() {
    let path = daily("a a b a");
    assert_eq!(by_name("linear", eur("1.00"), &path), ["0.25"; 4]);
    assert_eq!(by_name("linear_unique", eur("6.00"), &path), ["1.00", "1.00", "3.00", "1.00"]);
}

/// `OrderedShapley` of the package `shap` ignores whether a journey converted: 6.0 credits for 4 conversions.
#[test]
fn journeys_without_a_conversion_earn_nothing() {
    let mut events: Vec<Event> = Vec::new();
    for (shopper, converts) in [true, true, true, true, false, false].into_iter().enumerate() {
        let who = || Who::visitor(format!("visitor {shopper}"));
        events.push(Event::query(format!("q{shopper}"), day(0), who()).topic("size").into());
        if converts {
            events.push(
                Event::order(format!("o{shopper}"), day(1), who(), format!("{shopper}"), eur("1.00")).into(),
            );
        }
    }
    let (report, _) = answer(&tracker(events), &all_models(), &[]);
    for model in SHARING {
        assert_eq!(conversions(&report, model), map(&[("size", "4.000000000")]), "{model}");
    }
    assert_eq!(report.overview.people.percent().as_deref(), Some("66.7"));
}

// ---- Money: snowplow/dbt-snowplow-attribution, expected CSV; snowplow/dbt-snowplow-fractribution ----

/// 140.00 over three touchpoints: each row shows 46.666666666667 there, which adds up to 140.01 in cents.
#[test]
fn snowplow_140_to_the_cent() {
    let path = daily("direct organic direct");
    assert_eq!(by_name("linear", money("140.00", "USD"), &path), ["46.67", "46.67", "46.66"]);
    assert_eq!(by_name("position_based", money("140.00", "USD"), &path), ["56.00", "28.00", "56.00"]);
    assert_eq!(by_name("first_touch", money("140.00", "USD"), &path), ["140.00", "0.00", "0.00"]);
    assert_eq!(by_name("last_touch", money("140.00", "USD"), &path), ["0.00", "0.00", "140.00"]);
    assert_eq!(by_name("last_non_direct", money("140.00", "USD"), &path), ["0.00", "140.00", "0.00"]);
}

#[test]
fn snowplow_66_50_to_the_cent() {
    let path = daily("display organic");
    for model in ["linear", "position_based"] {
        assert_eq!(by_name(model, money("66.50", "USD"), &path), ["33.25", "33.25"], "{model}");
    }
    for model in SHARING {
        assert_eq!(by_name(model, money("66.50", "USD"), &daily("organic")), ["66.50"], "{model}");
    }
}

/// fractribution's last touch on its test set: Direct 4 / 234.42, Organic_Search 1 / 66.5, Video 1 / 200, beside
/// journeys that do not convert.
#[test]
fn fractribution_last_touch_totals() {
    let converting = [
        ("Direct", "31.47"),
        ("Direct", "31.47"),
        ("Direct", "31.48"),
        ("Organic_Search", "66.50"),
        ("Video", "200.00"),
        ("Organic_Search Direct", "140.00"),
    ];
    let others = ["Direct", "Organic_Search", "Referral Direct", "Video", "Organic_Search Paid_Search_Other"];
    let mut events: Vec<Event> = Vec::new();
    let paths = converting.iter().map(|(path, value)| (*path, Some(*value)));
    for (shopper, (path, value)) in paths.chain(others.map(|path| (path, None))).enumerate() {
        let who = || Who::visitor(format!("visitor {shopper}"));
        for (place, channel) in (0..).zip(path.split(' ')) {
            let id = format!("{shopper}-{place}");
            events.push(Event::visit(id, day(place), who()).channel(channel).into());
        }
        let order =
            |value| Event::order(format!("o{shopper}"), day(5), who(), shopper.to_string(), eur(value));
        events.extend(value.map(|value| Event::from(order(value))));
    }
    let mut question = all_models();
    question.by = vec![Dimension::Channel];
    let (report, _) = answer(&tracker(events), &question, &[]);
    let last = map(&[("Direct", "234.42"), ("Organic_Search", "66.50"), ("Video", "200.00")]);
    assert_eq!(values(&report, "last_touch"), last);
    assert_eq!(conversions(&report, "last_touch")["Direct"], "4.000000000");
    assert_eq!(values(&report, "first_touch")["Organic_Search"], "206.50");
    // A touchpoint on a direct visit gives way to the one before it, in this model alone.
    assert_eq!(values(&report, "last_non_direct")["Organic_Search"], "206.50");
}

/// w3c/attribution, impl/src/allocate.test.ts: credits are integers, sum to the value, and each is off its exact
/// share by less than one. There the spare unit is drawn by lot; here its owner is fixed.
#[test]
fn credits_are_integers_less_than_one_off_their_exact_share() {
    for value in 0..=40_i64 {
        for weights in [[1, 1, 1], [1, 2, 4], [0, 3, 5], [6, 6, 1], [0, 0, 1]] {
            let model = model::custom("given", |_, out| {
                out.extend(weights.map(f64::from));
                Ok(())
            });
            let eur = "EUR".parse().unwrap();
            let values = credited(&model, Money::new(value, eur), &daily("a b c"));
            let parts: Vec<i64> = values.iter().map(|value| units(value) as i64).collect();
            assert_eq!(parts.iter().sum::<i64>(), value);
            let sum: i32 = weights.iter().sum();
            for (part, weight) in parts.iter().zip(weights) {
                let off = part * i64::from(sum) - value * i64::from(weight);
                assert!(off.abs() < i64::from(sum), "{value} {weights:?} {parts:?}");
                assert!(weight > 0 || *part == 0);
            }
        }
    }
}

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
    assert_eq!(after.unattributed, Some(UnattributedReason::NoTouchpoint));
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
