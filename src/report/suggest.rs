//! What to answer next: fitted once, asked in microseconds.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use smallvec::SmallVec;

use crate::journey::{Dimension, Journey};
use crate::money::{Currency, Money};
use crate::question::Question;
use crate::report::episodes::{Episode, episodes, open};
use crate::report::overview::divide_half_even;
use crate::statistics::Proportion;
use crate::text::Label;

/// How many labels a context remembers.
const REMEMBERED: usize = 3;

/// Of how many journeys a suggestion has to be made, if not said otherwise.
const LEAST_JOURNEYS: u64 = 30;

/// What suggestions are ranked by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rank {
    /// The chance of a conversion.
    #[default]
    Chance,
    /// The expected value in one currency.
    Value(Currency),
}

/// What follows what in everybody's journeys, and what came of it.
///
/// A journey here ends at each conversion that is asked about and begins anew after it. A context is the last three
/// labels or fewer of the journey so far. What has come after a context in too few journeys is taken from the context
/// one shorter, down to none at all.
///
/// ```
/// use clinch::{Event, JourneyBuilder, Money, Question, Rank, Suggester, Who};
///
/// let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
/// let mut builder = JourneyBuilder::new();
/// for shopper in 0..90 {
///     let who = || Who::visitor(format!("v-{shopper}"));
///     let second = if shopper % 3 == 0 { "discount" } else { "delivery" };
///     builder.add(Event::query(format!("a-{shopper}"), at("2026-03-01T10:00:00Z"), who()).topic("size"))?;
///     builder.add(Event::query(format!("b-{shopper}"), at("2026-03-01T10:05:00Z"), who()).topic(second))?;
///     if second == "discount" || shopper % 2 == 0 {
///         let total = Money::parse("20.00", "EUR".parse()?)?;
///         builder.add(Event::order(format!("c-{shopper}"), at("2026-03-01T11:00:00Z"), who(), format!("{shopper}"), total))?;
///     }
/// }
/// let question = Question::new(at("2026-04-01T00:00:00Z"));
/// let suggester = Suggester::fit(&builder.build(question.as_of), &question);
/// let first = suggester.after(["size"], Rank::Chance)[0];
/// assert_eq!((first.label.as_str(), first.context, first.converted.count, first.converted.of), ("discount", 1, 30, 30));
/// # Ok::<(), clinch::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Suggester {
    question: Question,
    least_journeys: u64,
    /// Values of one touchpoint, numbered by their place.
    sets: Vec<Vec<Label>>,
    contexts: BTreeMap<Context, Vec<Suggestion>>,
}

/// A label that may come next.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Suggestion {
    /// The label.
    pub label: Label,
    /// How many of the last labels it rests on.
    pub context: usize,
    /// Journeys that converted after it, of those that came to it from that context.
    pub converted: Proportion,
    /// Expected value of such a journey per currency, rounded to the minor unit, half to even.
    pub expected: Vec<Money>,
    /// What such journeys were worth, in minor units.
    #[serde(skip)]
    worth: BTreeMap<Currency, i128>,
}

/// Numbers of the last sets of labels, oldest first.
type Context = SmallVec<[u32; REMEMBERED]>;

/// Journeys that converted, journeys, and what they were worth.
#[derive(Default)]
struct Came {
    converted: u64,
    journeys: u64,
    worth: BTreeMap<Currency, i128>,
}

impl Suggester {
    /// Learns from the journeys of everybody, by the first dimension of the question.
    pub fn fit(journeys: &[Journey], question: &Question) -> Self {
        let by = question.first_dimension();
        let episodes: Vec<(Vec<Vec<Label>>, Episode<'_>)> = journeys
            .iter()
            .flat_map(|journey| episodes(journey, question))
            .map(|episode| (labels(&episode, by), episode))
            .collect();
        let sets: BTreeSet<&Vec<Label>> = episodes.iter().flat_map(|(steps, _)| steps).collect();
        let sets: Vec<Vec<Label>> = sets.into_iter().cloned().collect();
        let mut came: BTreeMap<Context, BTreeMap<&Label, Came>> = BTreeMap::new();
        for (steps, episode) in &episodes {
            let numbers: Vec<u32> =
                steps.iter().map(|set| sets.binary_search(set).unwrap_or_default() as u32).collect();
            let mut seen: BTreeSet<(Context, &Label)> = BTreeSet::new();
            for (place, set) in steps.iter().enumerate() {
                for length in 0..=place.min(REMEMBERED) {
                    let context = Context::from_slice(&numbers[place - length..place]);
                    seen.extend(set.iter().map(|label| (context.clone(), label)));
                }
            }
            for (context, label) in seen {
                came.entry(context).or_default().entry(label).or_default().count(episode);
            }
        }
        let told = came.into_iter().map(|(context, came)| {
            let length = context.len();
            (context, came.into_iter().map(|(label, came)| came.told(label, length)).collect())
        });
        let contexts = told.collect();
        Self { question: question.clone(), least_journeys: LEAST_JOURNEYS, sets, contexts }
    }

    /// Sets of how many journeys a suggestion has to be made; default 30. What is thinner is taken from a shorter
    /// context, or not suggested.
    pub fn least_journeys(mut self, journeys: u64) -> Self {
        self.least_journeys = journeys;
        self
    }

    /// The question that it was fitted under.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// What may follow these labels, oldest first; best first, ties to what rests on more journeys, then by label.
    pub fn after<L: AsRef<str>>(&self, labels: impl IntoIterator<Item = L>, rank: Rank) -> Vec<&Suggestion> {
        let sets: Vec<SmallVec<[Label; 1]>> =
            labels.into_iter().map(|label| SmallVec::from_iter([Label::from(label.as_ref())])).collect();
        self.ranked(&sets, rank)
    }

    /// What may follow a running journey: its touchpoints after the last conversion that is asked about.
    pub fn suggest(&self, journey: &Journey, rank: Rank) -> Vec<&Suggestion> {
        let running = open(journey, &self.question);
        let sets: Vec<SmallVec<[Label; 1]>> =
            labels(&running, self.question.first_dimension()).into_iter().map(SmallVec::from_vec).collect();
        self.ranked(&sets, rank)
    }

    fn ranked(&self, sets: &[SmallVec<[Label; 1]>], rank: Rank) -> Vec<&Suggestion> {
        let last = &sets[sets.len().saturating_sub(REMEMBERED)..];
        // A set that nobody had breaks the context off behind it.
        let known =
            last.iter().rev().map_while(|set| self.sets.binary_search_by(|held| held[..].cmp(set)).ok());
        let mut context: Context = known.map(|number| number as u32).collect();
        context.reverse();
        let mut found: Vec<&Suggestion> = Vec::new();
        let mut taken: BTreeSet<&Label> = BTreeSet::new();
        for start in 0..=context.len() {
            let held = self.contexts.get(&context[start..]).into_iter().flatten();
            let enough = held.filter(|one| one.converted.of >= self.least_journeys.max(1));
            found.extend(enough.filter(|one| taken.insert(&one.label)));
        }
        found.sort_by(|a, b| {
            let order = match rank {
                Rank::Chance => {
                    let cross = |a: &Suggestion, b: &Suggestion| {
                        u128::from(a.converted.count) * u128::from(b.converted.of)
                    };
                    cross(b, a).cmp(&cross(a, b))
                }
                Rank::Value(currency) => b.mean(currency).total_cmp(&a.mean(currency)),
            };
            order.then(b.converted.of.cmp(&a.converted.of)).then_with(|| a.label.cmp(&b.label))
        });
        found
    }
}

impl Suggestion {
    fn mean(&self, currency: Currency) -> f64 {
        self.worth.get(&currency).map_or(0.0, |worth| *worth as f64 / self.converted.of as f64)
    }
}

impl Came {
    fn count(&mut self, episode: &Episode<'_>) {
        self.journeys += 1;
        let Some(conversion) = episode.end else { return };
        self.converted += 1;
        if let Some(value) = conversion.value {
            *self.worth.entry(value.currency()).or_default() += i128::from(value.minor());
        }
    }

    fn told(self, label: &Label, context: usize) -> Suggestion {
        let Self { converted, journeys, worth } = self;
        let mean = |(currency, worth): (&Currency, &i128)| {
            let mean = divide_half_even(*worth, i128::from(journeys.max(1)));
            Money::new(i64::try_from(mean).unwrap_or(i64::MAX), *currency)
        };
        let (expected, converted) = (worth.iter().map(mean).collect(), Proportion::new(converted, journeys));
        Suggestion { label: label.clone(), context, converted, expected, worth }
    }
}

/// The values of each touchpoint that has some.
fn labels(episode: &Episode<'_>, by: Dimension) -> Vec<Vec<Label>> {
    let values = episode.steps.iter().map(|step| step.values(by).into_vec());
    values.filter(|values| !values.is_empty()).collect()
}
