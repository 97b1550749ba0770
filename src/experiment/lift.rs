//! What the arms did, how they differ, and how that compares with what models attribute.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::event::{Event, EventRef};
use crate::experiment::people::{Participant, participants};
use crate::experiment::{Arm, Holdout};
use crate::fact::{Facts, Limits};
use crate::id::Key;
use crate::journey::World;
use crate::money::{Currency, decimal};
use crate::question::Question;
use crate::reason::NoLiftReason;
use crate::statistics::{
    Estimate, Interval, Moments, Proportion, adjusted_by, binomial_test, difference, fisher_test,
    mean_difference, ratio,
};

/// So many people of each arm have to have converted, and so many not, before rates are compared.
const LEAST_CONVERTED: u64 = 10;

/// So many people of each arm have to have spent something before revenue is compared.
const LEAST_BUYERS: usize = 100;

/// Below this p-value the arms' sizes are not what was asked for.
const SAMPLE_RATIO_LEVEL: f64 = 0.001;

/// What an experiment has shown so far. Everybody is compared by the arm that they were assigned to, whatever they
/// did with the bot.
///
/// Intervals are of 95 %; each estimate hangs on the set of facts alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HoldoutReport {
    /// Id of the question.
    pub question: String,
    /// The experiment, as printed.
    pub holdout: String,
    /// Those with the bot, then those without.
    pub arms: [ArmFigures; 2],
    /// People who entered but have not agreed to analytics: they are in no arm.
    pub withheld: u64,
    /// Whether the arms are as large as they should be. Where they are not, something loses people of one arm, and no
    /// comparison of them holds.
    pub sample_ratio: SampleRatio,
    /// Conversion rates.
    pub conversion: Compared,
    /// Revenue, per currency that anybody paid in.
    pub revenue: Vec<RevenueLift>,
}

/// One arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ArmFigures {
    /// Which.
    pub arm: Arm,
    /// People who converted after they entered, of all who entered.
    pub converted: Proportion,
    /// Of all, those with whom the bot did something. In the holdout there should be none.
    pub exposed: u64,
    /// Of all, those who were also seen under an identifier of the other arm.
    pub mixed: u64,
}

/// Whether arms are as large as they should be: the exact binomial test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SampleRatio {
    /// The probability of sizes that are as improbable as these or more.
    pub p: f64,
    /// Whether it is above 0.001.
    pub holds: bool,
}

/// Two conversion rates: with the bot, beside the holdout.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Compared {
    /// Why there is no comparison, if there is none: fewer than 10 people of an arm have converted, or fewer than 10
    /// have not.
    pub reason: Option<NoLiftReason>,
    /// The first rate minus the second.
    pub difference: Option<Estimate>,
    /// The first rate over the second.
    pub ratio: Option<Estimate>,
    /// p-value of Fisher's exact test that there is no difference.
    pub p: Option<f64>,
}

/// Revenue per person in one currency, in minor units: with the bot, beside the holdout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RevenueLift {
    /// The currency.
    pub currency: Currency,
    /// What each arm has earned, as decimal text: with the bot, then without.
    pub earned: [String; 2],
    /// Mean of each arm.
    pub means: Option<[f64; 2]>,
    /// Why there is no comparison, if there is none: fewer than 100 people of an arm have paid.
    pub reason: Option<NoLiftReason>,
    /// The difference of the means.
    pub difference: Option<Estimate>,
    /// The same with what chance gave people before the period taken out, where anybody paid then: its interval is
    /// narrower the better earlier revenue foretells later.
    pub adjusted: Option<Estimate>,
    /// The narrower of the two, times the people with the bot: what the bot has earned that would not have been.
    pub incremental: Option<Estimate>,
    /// What each model that shares attributes to the bot's touchpoints, of people with the bot.
    pub attributed: Vec<Calibration>,
}

/// What a model attributes beside what the bot caused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Calibration {
    /// Name of the model.
    pub model: String,
    /// What it attributes, as decimal text.
    pub attributed: String,
    /// Incremental over attributed revenue: what a credited cent is worth. None without either.
    pub factor: Option<Estimate>,
}

/// Answers what an experiment has shown over the events handed in, as a tracker with the same facts would.
///
/// # Errors
/// As for [`report`](crate::report()).
pub fn holdout_report(
    events: impl IntoIterator<Item = impl Into<Event>>,
    holdout: &Holdout,
    question: &Question,
) -> Result<HoldoutReport> {
    let mut facts = Facts::new(Key::new([0; 16]), Limits::default());
    for event in events {
        // What the door refuses is no fact: the answer is about facts.
        let _recorded = facts.record(EventRef::from(&event.into()), &mut ())?;
    }
    measure(&facts, holdout, question)
}

/// What the facts say of an experiment.
pub(crate) fn measure(facts: &Facts, holdout: &Holdout, question: &Question) -> Result<HoldoutReport> {
    question.check()?;
    let world = World::new(facts, &question.rules, question.consent, question.as_of);
    let (people, withheld) = participants(&world, holdout, question)?;
    let arms = [Arm::Bot, Arm::Holdout].map(|arm| figures(arm, &people));
    let [bot, held] = [&arms[0].converted, &arms[1].converted];
    let p = binomial_test(held.of, bot.of + held.of, holdout.millionths);
    let currencies: BTreeSet<Currency> = people.iter().flat_map(|one| one.value.keys().copied()).collect();
    let revenue = currencies.into_iter().map(|currency| revenue(&people, currency, question));
    Ok(HoldoutReport {
        question: question.id(),
        holdout: holdout.to_string(),
        withheld,
        sample_ratio: SampleRatio { p, holds: p > SAMPLE_RATIO_LEVEL },
        conversion: Compared::new((bot.count, bot.of), (held.count, held.of)),
        revenue: revenue.collect(),
        arms,
    })
}

fn figures(arm: Arm, people: &[Participant]) -> ArmFigures {
    let count = |wanted: fn(&Participant) -> bool| {
        people.iter().filter(|one| one.arm == arm && wanted(one)).count() as u64
    };
    ArmFigures {
        arm,
        converted: Proportion::new(count(|one| one.converted), count(|_| true)),
        exposed: count(|one| one.exposed),
        mixed: count(|one| one.mixed),
    }
}

impl Compared {
    /// Compares two independent groups: who converted, of how many.
    pub(crate) fn new(a: (u64, u64), b: (u64, u64)) -> Self {
        let reason = if a.1 == 0 || b.1 == 0 {
            Some(NoLiftReason::EmptyGroup)
        } else if [a.0, b.0, a.1 - a.0, b.1 - b.0].iter().any(|count| *count < LEAST_CONVERTED) {
            Some(NoLiftReason::TooFewConversions)
        } else {
            None
        };
        if reason.is_some() {
            return Self { reason, difference: None, ratio: None, p: None };
        }
        let (p, q) = (a.0 as f64 / a.1 as f64, b.0 as f64 / b.1 as f64);
        Self {
            reason,
            difference: Some(Estimate { value: p - q, interval: difference(a, b) }),
            ratio: Some(Estimate { value: p / q, interval: ratio(a, b) }),
            p: Some(fisher_test(a, b)),
        }
    }
}

/// What people of each arm paid, and before; sorted, since sums of floats hang on the order.
type Paid = [Vec<(f64, f64)>; 2];

fn revenue(people: &[Participant], currency: Currency, question: &Question) -> RevenueLift {
    let mut paid: Paid = Default::default();
    let mut earned = [0_i128; 2];
    for one in people {
        let of =
            |money: &std::collections::BTreeMap<Currency, i128>| money.get(&currency).copied().unwrap_or(0);
        paid[one.arm as usize].push((of(&one.value) as f64, of(&one.before) as f64));
        earned[one.arm as usize] += of(&one.value);
    }
    for arm in &mut paid {
        arm.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    }
    let reason = if paid.iter().any(Vec::is_empty) {
        Some(NoLiftReason::EmptyGroup)
    } else if paid.iter().any(|arm| buyers(arm) < LEAST_BUYERS) {
        Some(NoLiftReason::TooFewConversions)
    } else {
        None
    };
    let means =
        (reason != Some(NoLiftReason::EmptyGroup)).then(|| paid.each_ref().map(|arm| moments(arm, 0.0).mean));
    let known = reason.is_none();
    let difference = known.then(|| estimate(&paid, 0.0));
    let adjusted = if known { adjusted(&paid) } else { None };
    let narrow =
        [adjusted, difference].into_iter().flatten().reduce(|a, b| if width(&b) < width(&a) { b } else { a });
    let incremental = narrow.map(|narrow| scaled(&narrow, paid[0].len() as f64));
    RevenueLift {
        currency,
        earned: earned.map(|earned| decimal(earned, currency)),
        means,
        reason,
        difference,
        adjusted,
        attributed: calibrations(people, currency, question, incremental),
        incremental,
    }
}

fn buyers(arm: &[(f64, f64)]) -> usize {
    arm.iter().filter(|paid| paid.0 > 0.0).count()
}

fn moments(arm: &[(f64, f64)], slope: f64) -> Moments {
    let values: Vec<f64> = arm.iter().map(|(later, earlier)| later - slope * earlier).collect();
    Moments::of(&values)
}

/// The difference of means; with a slope, of values less what earlier ones foretell.
fn estimate(paid: &Paid, slope: f64) -> Estimate {
    let [bot, held] = paid.each_ref().map(|arm| moments(arm, slope));
    Estimate { value: bot.mean - held.mean, interval: mean_difference(&bot, &held) }
}

fn adjusted(paid: &Paid) -> Option<Estimate> {
    let pairs: Vec<(f64, f64)> = paid.concat();
    adjusted_by(&pairs).map(|slope| estimate(paid, slope))
}

fn width(estimate: &Estimate) -> f64 {
    estimate.interval.high.map_or(f64::INFINITY, |high| high - estimate.interval.low)
}

/// Times a number above zero.
fn scaled(estimate: &Estimate, by: f64) -> Estimate {
    let Estimate { value, interval } = *estimate;
    let interval = Interval { low: interval.low * by, high: interval.high.map(|high| high * by) };
    Estimate { value: value * by, interval }
}

fn calibrations(
    people: &[Participant],
    currency: Currency,
    question: &Question,
    incremental: Option<Estimate>,
) -> Vec<Calibration> {
    let models = question.models.iter().filter_map(|chosen| chosen.model());
    let calibration = |(place, model): (usize, &dyn crate::Model)| {
        let with_bot = people.iter().filter(|one| one.arm == Arm::Bot);
        let given = with_bot.filter_map(|one| one.attributed.get(&currency)?.get(place));
        let attributed: i128 = given.sum();
        let factor = incremental.filter(|_| attributed > 0);
        Calibration {
            model: model.name().to_owned(),
            attributed: decimal(attributed, currency),
            factor: factor.map(|incremental| scaled(&incremental, 1.0 / attributed as f64)),
        }
    };
    models.enumerate().map(calibration).collect()
}
