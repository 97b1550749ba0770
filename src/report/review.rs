//! How values do: compared with all others, with an earlier period, and with what their answers cost.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::credit::credit;
use crate::error::Result;
use crate::experiment::Compared;
use crate::journey::{Dimension, Journey, Touchpoint};
use crate::money::{Currency, Even, decimal};
use crate::question::Question;
use crate::report::episodes::{Episode, episodes};
use crate::report::overview::divide_half_even;
use crate::report::segment::Segment;
use crate::statistics::{Discovery, Proportion};
use crate::text::Label;
use crate::time::Period;

/// A change is significant where its false-discovery rate is at most this.
const LEVEL: f64 = 0.05;

/// Values of one dimension by what they leave on the table.
///
/// A journey here ends at each conversion that is asked about and begins anew after it. It counts for every value that
/// one of its touchpoints has. That journeys with a value convert less does not say that the value is why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Review {
    /// Id of the question.
    pub question: String,
    /// What rows are: the first dimension of the question.
    pub by: Dimension,
    /// Whose journeys.
    pub segment: Segment,
    /// All journeys of the segment.
    pub all: Performance,
    /// The same in the earlier period, if there is one.
    pub before: Option<Performance>,
    /// How the two periods differ: now beside before.
    pub change: Option<Compared>,
    /// One per value, the one with most lost conversions first; then by value.
    pub rows: Vec<ReviewRow>,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReviewRow {
    /// The value.
    pub label: Label,
    /// Journeys with it.
    pub now: Performance,
    /// Journeys with it beside those without.
    pub beside: Compared,
    /// Conversions that there would be more if its journeys converted like all of the segment, rounded half to even;
    /// 0 for values that do as well or better.
    pub lost: u64,
    /// What these would have been worth, at the mean value of a conversion of the segment.
    pub lost_value: BTreeMap<Currency, String>,
    /// Journeys with it in the earlier period, if there is one.
    pub before: Option<Performance>,
    /// How its two periods differ: now beside before.
    pub change: Option<Compared>,
    /// The least false-discovery rate at which the change is one, over all rows that were compared.
    pub q: Option<f64>,
    /// Whether that is at most 0.05.
    pub changed: bool,
}

/// What became of journeys, and what answers cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Performance {
    /// Journeys that ended in a conversion, of all.
    pub converted: Proportion,
    /// What these conversions are worth after refunds.
    pub value: BTreeMap<Currency, String>,
    /// Answers: turns for which a cost was recorded.
    pub answers: u64,
    /// What they cost.
    pub cost: BTreeMap<Currency, String>,
    /// What one of them cost on average, rounded to the minor unit, half to even.
    pub cost_per_answer: BTreeMap<Currency, String>,
    /// What the first model of the question credits to touchpoints with the value; to all touchpoints in all.
    pub credited: BTreeMap<Currency, String>,
    /// Credited money over cost, in thousandths rounded half to even: 2500 is two and a half times the cost. Only in
    /// currencies in which there is a cost.
    pub return_per_mille: BTreeMap<Currency, i64>,
}

/// Sums by currency, in minor units.
type Minor = BTreeMap<Currency, i128>;

/// A performance while it is counted.
#[derive(Clone, Default)]
struct Tally {
    converted: u64,
    journeys: u64,
    answers: u64,
    value: Minor,
    cost: Minor,
    credited: Minor,
}

impl Tally {
    fn told(&self) -> Performance {
        let texts = |sums: &Minor| -> BTreeMap<Currency, String> {
            sums.iter().map(|(currency, minor)| (*currency, decimal(*minor, *currency))).collect()
        };
        let each = |minor: &i128| divide_half_even(*minor, i128::from(self.answers.max(1)));
        let returned = |(currency, cost): (&Currency, &i128)| {
            let credited = self.credited.get(currency).copied().unwrap_or(0);
            let per_mille = (*cost > 0).then(|| divide_half_even(credited.saturating_mul(1000), *cost))?;
            Some((*currency, i64::try_from(per_mille).unwrap_or(i64::MAX)))
        };
        Performance {
            converted: Proportion::new(self.converted, self.journeys),
            value: texts(&self.value),
            answers: self.answers,
            cost: texts(&self.cost),
            cost_per_answer: self
                .cost
                .iter()
                .map(|(currency, minor)| (*currency, decimal(each(minor), *currency)))
                .collect(),
            credited: texts(&self.credited),
            return_per_mille: self.cost.iter().filter_map(returned).collect(),
        }
    }

    fn rate(&self) -> (u64, u64) {
        (self.converted, self.journeys)
    }

    fn journey(&mut self, episode: &Episode<'_>) {
        self.journeys += 1;
        let Some(end) = episode.end else { return };
        self.converted += 1;
        if let Some(value) = end.value {
            *self.value.entry(value.currency()).or_default() += i128::from(value.minor());
        }
    }

    fn answer(&mut self, step: &Touchpoint) {
        let Some(cost) = step.cost else { return };
        self.answers += 1;
        *self.cost.entry(cost.currency()).or_default() += i128::from(cost.minor());
    }
}

/// What one period says: all journeys, and those by value.
#[derive(Default)]
struct Counted {
    all: Tally,
    rows: BTreeMap<Label, Tally>,
}

impl Counted {
    fn of(journeys: &[Journey], question: &Question, segment: &Segment) -> Result<Self> {
        let (by, mut counted) = (question.first_dimension(), Self::default());
        for journey in journeys {
            let told = episodes(journey, question);
            for episode in told.iter().filter(|episode| segment.has(journey, episode)) {
                counted.episode(episode, by);
                counted.credit(journey, episode, question)?;
            }
        }
        Ok(counted)
    }

    fn episode(&mut self, episode: &Episode<'_>, by: Dimension) {
        self.all.journey(episode);
        let labels: BTreeSet<Label> = episode.steps.iter().flat_map(|step| step.values(by)).collect();
        labels.into_iter().for_each(|label| self.rows.entry(label).or_default().journey(episode));
        for step in &episode.steps {
            self.all.answer(step);
            step.values(by).into_iter().for_each(|label| self.rows.entry(label).or_default().answer(step));
        }
    }

    /// What the first model gives to each value, several values of one touchpoint sharing evenly.
    fn credit(&mut self, journey: &Journey, episode: &Episode<'_>, question: &Question) -> Result<()> {
        let Some(end) = episode.end else { return Ok(()) };
        let Some(model) = question.models.iter().find_map(|chosen| chosen.model()) else { return Ok(()) };
        let Some(claim) = journey.claims.iter().find(|claim| claim.conversion == *end) else { return Ok(()) };
        let by = question.first_dimension();
        let path = claim.path(&question.rules, by);
        for (touchpoint, part) in path.touchpoints().zip(&credit(model, &path)?.credits) {
            let Some(value) = part.value else { continue };
            let currency = value.currency();
            *self.all.credited.entry(currency).or_default() += i128::from(value.minor());
            let labels = touchpoint.values(by);
            let even = Even::new(value.minor(), labels.len());
            for (place, label) in labels.into_iter().enumerate() {
                let part = even.each + if place < even.longer { even.unit } else { 0 };
                let row = self.rows.entry(label).or_default();
                *row.credited.entry(currency).or_default() += i128::from(part);
            }
        }
        Ok(())
    }
}

impl Review {
    /// Looks at the journeys of everybody in the period of the question, and beside it in an earlier one.
    ///
    /// ```
    /// use clinch::{Event, JourneyBuilder, Money, Question, Review, Segment, Who};
    ///
    /// let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    /// let mut builder = JourneyBuilder::new();
    /// for shopper in 0..40 {
    ///     let who = || Who::visitor(format!("v-{shopper}"));
    ///     let flow = if shopper % 2 == 0 { "sizes" } else { "returns" };
    ///     builder.add(Event::query(format!("a-{shopper}"), at("2026-03-01T10:00:00Z"), who()).flow(flow))?;
    ///     // 15 of 20 journeys through sizes sell, 5 of 20 through returns.
    ///     if (flow == "sizes") == (shopper % 8 < 6) {
    ///         let total = Money::parse("20.00", "EUR".parse()?)?;
    ///         builder.add(Event::order(format!("b-{shopper}"), at("2026-03-01T11:00:00Z"), who(), format!("{shopper}"), total))?;
    ///     }
    /// }
    /// let mut question = Question::new(at("2026-04-01T00:00:00Z"));
    /// question.by = vec![clinch::Dimension::Flow];
    /// let review = Review::of(&builder.build(question.as_of), &question, &Segment::all(), None)?;
    /// let row = &review.rows[0];
    /// // Half of all convert; with returns 5 of 20 do.
    /// assert_eq!((row.label.as_str(), row.lost), ("returns", 5));
    /// assert_eq!(row.lost_value[&"EUR".parse()?], "100.00");
    /// # Ok::<(), clinch::Error>(())
    /// ```
    ///
    /// # Errors
    /// A model that breaks its contract.
    pub fn of(
        journeys: &[Journey],
        question: &Question,
        segment: &Segment,
        earlier: Option<Period>,
    ) -> Result<Self> {
        let now = Counted::of(journeys, question, segment)?;
        let before = earlier.map(|period| {
            let mut question = question.clone();
            question.period = period;
            Counted::of(journeys, &question, segment)
        });
        let before = before.transpose()?;
        let nothing = Tally::default();
        let labels: BTreeSet<&Label> =
            now.rows.keys().chain(before.iter().flat_map(|before| before.rows.keys())).collect();
        let row = |label: &Label| {
            let held = now.rows.get(label).unwrap_or(&nothing);
            let then = before.as_ref().map(|before| before.rows.get(label).unwrap_or(&nothing));
            row(label, held, then, &now.all)
        };
        let mut rows: Vec<ReviewRow> = labels.into_iter().map(row).collect();
        adjust(&mut rows);
        rows.sort_by(|a, b| b.lost.cmp(&a.lost).then_with(|| a.label.cmp(&b.label)));
        let then = before.as_ref().map(|before| &before.all);
        Ok(Self {
            question: question.id(),
            by: question.first_dimension(),
            segment: segment.clone(),
            all: now.all.told(),
            before: then.map(Tally::told),
            change: then.map(|then| Compared::new(now.all.rate(), then.rate())),
            rows,
        })
    }
}

fn row(label: &Label, now: &Tally, before: Option<&Tally>, all: &Tally) -> ReviewRow {
    let rest = (all.converted - now.converted, all.journeys - now.journeys);
    // How many more would have converted at the rate of all, times the journeys of all.
    let short = i128::from(all.converted) * i128::from(now.journeys)
        - i128::from(now.converted) * i128::from(all.journeys);
    let (short, of) = (short.max(0), i128::from(all.journeys.max(1)));
    let worth = |(currency, value): (&Currency, &i128)| {
        let minor = divide_half_even(short.saturating_mul(*value), of * i128::from(all.converted.max(1)));
        (*currency, decimal(minor, *currency))
    };
    ReviewRow {
        label: label.clone(),
        now: now.told(),
        beside: Compared::new(now.rate(), rest),
        lost: u64::try_from(divide_half_even(short, of)).unwrap_or(u64::MAX),
        lost_value: all.value.iter().filter(|_| short > 0).map(worth).collect(),
        before: before.map(Tally::told),
        change: before.map(|before| Compared::new(now.rate(), before.rate())),
        q: None,
        changed: false,
    }
}

/// Controls how many of the changes that are called one are none.
fn adjust(rows: &mut [ReviewRow]) {
    let p = |row: &ReviewRow| row.change.and_then(|change| change.p);
    let tried: Vec<f64> = rows.iter().filter_map(p).collect();
    let mut adjusted = Discovery::default().adjust(&tried).into_iter();
    for row in rows.iter_mut().filter(|row| p(row).is_some()) {
        row.q = adjusted.next();
        row.changed = row.q.is_some_and(|q| q <= LEVEL);
    }
}

fn percent(converted: &Proportion) -> String {
    converted.rate.map_or_else(|| "-".to_owned(), |rate| format!("{:.1} %", rate.value * 100.0))
}

fn listed(sums: &BTreeMap<Currency, String>) -> String {
    let sums: Vec<String> = sums.iter().map(|(currency, sum)| format!("{sum} {currency}")).collect();
    if sums.is_empty() { "-".to_owned() } else { sums.join(", ") }
}

impl fmt::Display for Review {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.label.as_str().chars().count()).max().unwrap_or(0).max(8);
        writeln!(
            f,
            "{:<width$} {:>9} {:>8} {:>8} {:>6} {:>16} {:>14}",
            self.by, "journeys", "convert", "before", "lost", "lost value", "cost/answer"
        )?;
        let line = |f: &mut fmt::Formatter<'_>,
                    label: &str,
                    now: &Performance,
                    before: Option<&Performance>,
                    mark| {
            let before = before.map_or_else(|| "-".to_owned(), |before| percent(&before.converted));
            let (of, rate) = (now.converted.of, percent(&now.converted));
            write!(f, "{label:<width$} {of:>9} {rate:>8} {before:>7}{mark}")
        };
        line(f, "all", &self.all, self.before.as_ref(), ' ')?;
        writeln!(f, " {:>6} {:>16} {:>14}", "", "", listed(&self.all.cost_per_answer))?;
        for row in &self.rows {
            let mark = if row.changed { '*' } else { ' ' };
            line(f, row.label.as_str(), &row.now, row.before.as_ref(), mark)?;
            let (lost, cost) = (listed(&row.lost_value), listed(&row.now.cost_per_answer));
            writeln!(f, " {:>6} {lost:>16} {cost:>14}", row.lost)?;
        }
        if self.before.is_some() {
            writeln!(f, "* has changed since: false-discovery rate at most 5 %")?;
        }
        Ok(())
    }
}
