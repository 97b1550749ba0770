//! Models from outside the crate: honest ones plug in, hostile ones cannot break a sum.

mod support;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use clinch::{
    BuiltIn, Chosen, Conversion, Dimension, ErrorKind, Event, Identifiers, Model, OrderLine, Path, Question,
    Result, TouchKind, Touchpoint, Tracker, UnattributedReason, Weights, Who, credit, credit_lines, model,
};
use support::*;

/// Later turns weigh more: 1, 2, 3, ...
struct ByPlace;

impl Model for ByPlace {
    fn name(&self) -> &str {
        "by_place"
    }

    fn weigh(&self, path: &Path<'_>, weights: &mut Weights) -> Result<()> {
        weights.extend((1..=path.len()).map(|place| place as f64));
        Ok(())
    }
}

fn who() -> Identifiers {
    Who::visitor("v9")
}

/// Three turns before one order, one turn before another, and an order of nobody.
fn shop() -> Tracker {
    let turn = |id: &str, days| Event::from(Event::query(id, day(days), who()).topic(id));
    let line = OrderLine::new("shirt", 1, eur("7.00"));
    let first = Event::order("o1", day(3), who(), "1", eur("10.01")).line(line);
    let other = || Who::visitor("other");
    tracker([
        turn("a", 0),
        turn("b", 1),
        turn("c", 2),
        first.into(),
        Event::query("d", day(0), other()).topic("d").into(),
        Event::order("o2", day(1), other(), "2", eur("0.07")).into(),
        Event::order("o3", day(1), Who::visitor("nobody"), "3", eur("5.00")).into(),
    ])
}

fn asked(model: Arc<dyn Model>) -> Question {
    let mut asked = question();
    asked.models = vec![BuiltIn::Linear.into(), Chosen::from(model)];
    asked.by = vec![Dimension::Topic, Dimension::Channel];
    asked
}

// ---- Honest models ----

#[test]
fn a_trait_implementation_plugs_in() {
    let (report, receipts) = answer(&shop(), &asked(Arc::new(ByPlace)), &["1", "2", "3"]);
    let expected = map(&[("a", "1.67"), ("b", "3.34"), ("c", "5.00"), ("d", "0.07")]);
    assert_eq!(values(&report, "by_place"), expected);
    assert_eq!(values(&report, "linear")["a"], "3.34");
    assert_eq!(receipts[0].models[1].credits[2].weight, 3.0);
}

#[test]
fn a_closure_plugs_in() {
    let by_place = model::custom("closure", |path, weights| {
        weights.extend((1..=path.len()).map(|place| place as f64));
        Ok(())
    });
    let (report, _) = answer(&shop(), &asked(Arc::new(by_place)), &["1"]);
    assert_eq!(values(&report, "closure")["c"], "5.00");
}

#[test]
fn a_model_is_forwarded_through_every_pointer() {
    fn values(model: impl Model) -> Vec<i64> {
        let conversion = Conversion::order("1", day(1), eur("6.00"));
        let touchpoints = ["a", "b", "c"].map(|id| Touchpoint::new(id, day(0), TouchKind::Query));
        let path = Path::new(&conversion, &touchpoints, Dimension::Topic);
        assert_eq!(model.name(), "by_place");
        let credits = credit(&model, &path).unwrap();
        credits.credits.iter().map(|credit| credit.value.unwrap().minor()).collect()
    }
    let expected = [100, 200, 300];
    assert_eq!(values(ByPlace), expected);
    assert_eq!(values(&ByPlace), expected);
    assert_eq!(values(Box::new(ByPlace)), expected);
    assert_eq!(values(Arc::new(ByPlace)), expected);
    assert_eq!(values(Box::new(ByPlace) as Box<dyn Model>), expected);
    assert_eq!(values(Arc::new(ByPlace) as Arc<dyn Model>), expected);
    assert_eq!(values(&ByPlace as &dyn Model), expected);
    assert_eq!(values(Arc::new(Box::new(ByPlace) as Box<dyn Model>)), expected);
}

#[test]
fn a_model_is_not_asked_about_an_empty_path() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let model = model::custom("counting", move |path, weights| {
        assert!(!path.is_empty() && weights.as_slice().is_empty());
        counted.fetch_add(1, Ordering::Relaxed);
        weights.extend(path.touchpoints().map(|_| 1.0));
        Ok(())
    });
    let mut asked = asked(Arc::new(model));
    asked.by.truncate(1);
    answer(&shop(), &asked, &[]);
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[test]
fn a_declined_path_is_unattributed_in_that_column_alone() {
    let picky = model::custom("picky", |path, weights| {
        weights.push(f64::NAN);
        if path.len() > 1 {
            weights.decline();
        } else {
            *weights = Weights::default();
            weights.push(1.0);
        }
        Ok(())
    });
    let (report, receipts) = answer(&shop(), &asked(Arc::new(picky)), &["1", "2"]);
    let expected = map(&[("a", "0.00"), ("b", "0.00"), ("c", "0.00"), ("d", "0.07")]);
    assert_eq!(values(&report, "picky"), expected);
    let remainder = &report.tables[0].remainders[0];
    assert_eq!((remainder.model.as_str(), remainder.declined.as_str()), ("picky", "10.01"));
    assert_eq!(remainder.declined_conversions, "1.000000000");
    assert!(receipts[0].models[1].declined && receipts[0].models[1].credits.is_empty());
    assert!(!receipts[1].models[1].declined && receipts[0].lines[1].is_empty());
    assert!(receipts[0].to_string().contains("picky: declined"));
    // What nobody may claim is another matter.
    assert_eq!(report.totals[0].reasons[0].reason, UnattributedReason::NoTouchpoint);
    assert_eq!(values(&report, "linear")["a"], "3.34");
}

// ---- Hostile models ----

/// What a hostile model does with a path.
type Weigh = fn(&Path<'_>, &mut Weights) -> Result<()>;

/// What has to come of it.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Outcome {
    /// Books that balance.
    Exact,
    /// An error that names the model.
    Refused,
}

use Outcome::{Exact, Refused};

fn all(path: &Path<'_>, weights: &mut Weights, weight: f64) -> Result<()> {
    weights.extend(path.touchpoints().map(|_| weight));
    Ok(())
}

/// One weight for the first touchpoint, 1 for the others.
fn first(path: &Path<'_>, weights: &mut Weights, weight: f64) -> Result<()> {
    weights.extend((0..path.len()).map(|place| if place == 0 { weight } else { 1.0 }));
    Ok(())
}

const HOSTILE: [(&str, Outcome, Weigh); 30] = [
    ("nan", Refused, |path, weights| first(path, weights, f64::NAN)),
    ("all_nan", Refused, |path, weights| all(path, weights, f64::NAN)),
    ("infinite", Refused, |path, weights| first(path, weights, f64::INFINITY)),
    ("all_infinite", Refused, |path, weights| all(path, weights, f64::INFINITY)),
    ("minus_infinite", Refused, |path, weights| first(path, weights, f64::NEG_INFINITY)),
    ("negative", Refused, |path, weights| first(path, weights, -1.0)),
    ("slightly_negative", Refused, |path, weights| first(path, weights, -5e-324)),
    ("minus_zero_among_others", Exact, |path, weights| {
        weights.extend((1..=path.len()).map(|place| if place < path.len() { -0.0 } else { 1.0 }));
        Ok(())
    }),
    ("all_minus_zero", Refused, |path, weights| all(path, weights, -0.0)),
    ("all_zero", Refused, |path, weights| all(path, weights, 0.0)),
    ("too_few", Refused, |path, weights| {
        weights.extend((1..path.len()).map(|_| 1.0));
        Ok(())
    }),
    ("too_many", Refused, |path, weights| all(path, weights, 1.0).map(|()| weights.push(1.0))),
    ("far_too_many", Refused, |_, weights| {
        weights.extend((0..100_000).map(f64::from));
        Ok(())
    }),
    ("none", Refused, |_, _| Ok(())),
    ("subnormal", Exact, |path, weights| all(path, weights, 5e-324)),
    ("one_subnormal", Exact, |path, weights| first(path, weights, 5e-324)),
    ("largest", Exact, |path, weights| all(path, weights, f64::MAX)),
    ("largest_beside_smallest", Exact, |path, weights| {
        weights.extend((0..path.len()).map(|place| if place % 2 == 0 { f64::MAX } else { 5e-324 }));
        Ok(())
    }),
    ("above_the_integers", Exact, |path, weights| first(path, weights, 9_007_199_254_740_993.0)),
    ("just_below_one", Exact, |path, weights| first(path, weights, 1.0 - f64::EPSILON)),
    ("irrational", Exact, |path, weights| {
        weights.extend((1..=path.len()).map(|place| (place as f64).sqrt() * std::f64::consts::PI));
        Ok(())
    }),
    ("thirds", Exact, |path, weights| all(path, weights, 1.0 / 3.0)),
    ("error", Refused, |_, _| Err("USDX".parse::<clinch::Currency>().unwrap_err())),
    ("error_after_pushing", Refused, |path, weights| {
        all(path, weights, 1.0)?;
        Err(ErrorKind::NoWeight.into())
    }),
    ("error_in_anothers_name", Refused, |path, _| {
        let (model, touchpoints, problem) = ("linear".to_owned(), path.len(), "made up");
        Err(ErrorKind::BadWeights { model, touchpoints, problem }.into())
    }),
    ("declines", Exact, |_, weights| {
        weights.decline();
        Ok(())
    }),
    ("declines_after_pushing_nonsense", Exact, |path, weights| {
        all(path, weights, f64::NAN)?;
        weights.decline();
        weights.push(-1.0);
        Ok(())
    }),
    ("declines_with_an_error", Refused, |_, weights| {
        weights.decline();
        Err(ErrorKind::NoWeight.into())
    }),
    ("clears_and_starts_anew", Exact, |path, weights| {
        weights.push(f64::NAN);
        *weights = Weights::default();
        all(path, weights, 1.0)
    }),
    ("grows_with_the_path", Exact, |path, weights| {
        weights.extend((0..path.len()).map(|place| 2.0_f64.powi(place as i32 * 300)));
        Ok(())
    }),
];

#[test]
fn hostile_weights_give_exact_books_or_an_error_that_names_the_model() {
    let tracker = shop();
    let (before, untouched) = (tracker.clone(), answer(&tracker, &question(), &["1", "2", "3"]));
    for (name, outcome, weigh) in HOSTILE {
        let asked = asked(Arc::new(model::custom(name, weigh)));
        match tracker.report(&asked) {
            Ok(report) => {
                assert_eq!(outcome, Exact, "{name}");
                assert_books_balance(&report);
                assert_eq!(values(&report, "linear")["a"], "3.34", "{name}");
                for order in ["1", "2", "3"] {
                    assert_receipt_balances(&tracker.receipt(order, &asked).unwrap().unwrap());
                }
            }
            Err(error) => {
                assert_eq!(outcome, Refused, "{name}: {error}");
                assert!(error.to_string().contains(&format!("`{name}`")), "{error} does not name {name}");
                let receipt = tracker.receipt("1", &asked).unwrap_err();
                assert!(receipt.to_string().contains(&format!("`{name}`")), "{receipt}");
                assert!(tracker.sums(&asked).is_err());
                // An order without a path asks no model.
                assert!(tracker.receipt("3", &asked).is_ok());
            }
        }
        assert!(tracker == before, "{name}");
        assert_eq!(answer(&tracker, &question(), &["1", "2", "3"]), untouched, "{name}");
    }
}

#[test]
fn hostile_weights_on_a_path_of_ones_own() {
    for value in ["0.00", "0.01", "10.01", "92233720368547758.07"] {
        let mut conversion = Conversion::order("1", day(1), eur(value));
        conversion.lines.clear();
        let touchpoints = ["a", "b", "c", "d"].map(|id| Touchpoint::new(id, day(0), TouchKind::Query));
        let path = Path::new(&conversion, &touchpoints, Dimension::Topic);
        for (name, outcome, weigh) in HOSTILE {
            let model = model::custom(name, weigh);
            let result = credit(&model, &path);
            assert_eq!(result.is_ok(), outcome == Exact, "{name}");
            assert_eq!(credit_lines(&model, &path).is_ok(), outcome == Exact, "{name}");
            let Ok(credits) = result else { continue };
            let sum: i64 = credits.credits.iter().map(|credit| credit.value.unwrap().minor()).sum();
            assert!(credits.declined || sum == eur(value).minor(), "{name}");
            for credit in &credits.credits {
                assert!(credit.weight != 0.0 || credit.value.unwrap().minor() == 0, "{name}");
                assert!(credit.value.unwrap().minor() >= 0 && credit.weight.is_finite(), "{name}");
            }
        }
    }
}

/// A model that says another name each time.
#[derive(Default)]
struct Nameless {
    calls: AtomicUsize,
}

impl Model for Nameless {
    fn name(&self) -> &str {
        ["one", "two", "linear", "participation"][self.calls.fetch_add(1, Ordering::Relaxed) % 4]
    }

    fn weigh(&self, path: &Path<'_>, weights: &mut Weights) -> Result<()> {
        all(path, weights, 1.0)
    }
}

#[test]
fn a_model_that_changes_its_name_keeps_the_first() {
    let mut asked = question();
    asked.models = vec![Chosen::from(Arc::new(Nameless::default()) as Arc<dyn Model>)];
    let (report, receipts) = answer(&shop(), &asked, &["1"]);
    assert_eq!(report.models, ["one"]);
    assert_eq!(values(&report, "one")["a"], "3.34");
    assert_eq!(receipts[0].models[0].model, "one");
    assert_eq!(asked.id(), asked.id());
}

#[test]
fn names_of_built_in_models_can_be_taken_only_once() {
    for name in ["linear", "participation", ""] {
        let mut asked = asked(Arc::new(model::custom(name, |path, weights| first(path, weights, 3.0))));
        let alone = asked.models.pop().unwrap();
        asked.models = models(&["linear", "participation"]);
        asked.models.push(alone.clone());
        let report = shop().report(&asked);
        assert_eq!(report.is_ok(), name.is_empty(), "{name}");
        // Alone it is what it is, under that name too.
        asked.models = vec![alone];
        let report = shop().report(&asked).unwrap();
        assert_eq!(report.tables[0].rows[0].models[0].value, "6.01");
    }
}

/// A model that gives other weights each time it is asked.
#[test]
fn a_model_that_changes_its_mind_balances_each_time() {
    let calls = AtomicUsize::new(0);
    let fickle = model::custom("fickle", move |path, weights| {
        let call = calls.fetch_add(1, Ordering::Relaxed);
        weights.extend((0..path.len()).map(|place| ((place + call) % 5 + 1) as f64));
        Ok(())
    });
    let asked = asked(Arc::new(fickle));
    for _ in 0..10 {
        answer(&shop(), &asked, &["1", "2", "3"]);
    }
}

#[test]
fn a_model_that_panics_leaves_the_tracker_as_it_was() {
    let tracker = shop();
    let (before, report) = (tracker.clone(), tracker.report(&question()).unwrap());
    let panicking = asked(Arc::new(model::custom("panicking", |path, weights| {
        weights.push(1.0);
        // Not of the last touchpoint: a place that no path has.
        weights.push(path.key(path.len()) as f64);
        Ok(())
    })));
    let caught = std::panic::catch_unwind(AssertUnwindSafe(|| tracker.report(&panicking).is_ok()));
    assert!(caught.is_err());
    assert!(tracker == before);
    assert_eq!(tracker.report(&question()).unwrap(), report);
}

#[test]
fn an_error_of_a_model_leads_to_its_source() {
    let failing = asked(Arc::new(model::custom("failing", |_, _| Err(ErrorKind::NoWeight.into()))));
    let error = shop().report(&failing).unwrap_err();
    let source = std::error::Error::source(&error).expect("what the model said");
    assert_eq!(source.to_string(), "nothing to split over: all weights are zero");
    // Crediting a path by hand says the same.
    let conversion = Conversion::order("1", day(1), eur("1.00"));
    let touchpoints = [Touchpoint::new("a", day(0), TouchKind::Query)];
    let path = Path::new(&conversion, &touchpoints, Dimension::Topic);
    let model = model::custom("failing", |_, _| Err(ErrorKind::NoWeight.into()));
    assert!(credit(&model, &path).unwrap_err().to_string().contains("`failing`"));
}
