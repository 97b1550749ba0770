//! What is asked again before a purchase and before leaving, and how long it takes.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::journey::{Dimension, Journey, TouchKind, Touchpoint};
use crate::question::Question;
use crate::report::episodes::{Episode, episodes};
use crate::report::segment::Segment;
use crate::text::Label;

/// Where shoppers have to ask again, and what it takes from question to purchase.
///
/// A journey here ends at each conversion that is asked about and begins anew after it; what comes after the last one
/// ends in leaving. It has touchpoints of the lookback window. Times are whole seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Friction {
    /// Id of the question.
    pub question: String,
    /// What rows are: the first dimension of the question.
    pub by: Dimension,
    /// Whose journeys.
    pub segment: Segment,
    /// Touchpoints of journeys that ended in a conversion.
    pub length: Spread,
    /// Touchpoints of journeys that ended in none.
    pub length_left: Spread,
    /// Seconds from the first touchpoint to the conversion.
    pub seconds: Spread,
    /// Values that a turn had, by the number of journeys in which it was asked again, most first; then by value.
    pub rows: Vec<FrictionRow>,
}

/// One value of turns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FrictionRow {
    /// The value.
    pub label: Label,
    /// In journeys that ended in a conversion.
    pub before_conversion: Asked,
    /// In journeys that ended in none.
    pub before_leaving: Asked,
    /// Conversions of whose journey the last turn had it: the deciding turn.
    pub deciding: u64,
    /// Seconds from the deciding turn to the conversion.
    pub seconds: Spread,
}

/// In how many journeys something was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Asked {
    /// At least once.
    pub journeys: u64,
    /// Of these, more than once.
    pub again: u64,
}

/// How numbers spread: order statistics by nearest rank, none of no numbers. The p-th of n is the one at place
/// `ceil(p n)` in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Spread {
    /// How many numbers.
    pub count: u64,
    /// The least.
    pub least: Option<u64>,
    /// Half of them are at most this.
    pub median: Option<u64>,
    /// Nine of ten are.
    pub ninth_decile: Option<u64>,
    /// The largest.
    pub most: Option<u64>,
}

impl Spread {
    fn of(mut numbers: Vec<u64>) -> Self {
        numbers.sort_unstable();
        let rank = |tenths: usize| {
            let place = (numbers.len() * tenths).div_ceil(10);
            numbers.get(place.saturating_sub(1)).copied()
        };
        Self {
            count: numbers.len() as u64,
            least: rank(0),
            median: rank(5),
            ninth_decile: rank(9),
            most: rank(10),
        }
    }
}

/// A row while it is counted.
#[derive(Default)]
struct Counted {
    asked: [Asked; 2],
    seconds: Vec<u64>,
}

impl Friction {
    /// Looks at the journeys of everybody.
    ///
    /// ```
    /// use clinch::{Event, Friction, JourneyBuilder, Money, Question, Segment, Who};
    ///
    /// let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    /// let who = || Who::visitor("v1");
    /// let mut builder = JourneyBuilder::new();
    /// builder.add(Event::query("a", at("2026-03-01T10:00:00Z"), who()).topic("delivery"))?;
    /// builder.add(Event::query("b", at("2026-03-01T10:02:00Z"), who()).topic("delivery"))?;
    /// let total = Money::parse("20.00", "EUR".parse()?)?;
    /// builder.add(Event::order("c", at("2026-03-01T10:05:00Z"), who(), "1001", total))?;
    /// let question = Question::new(at("2026-04-01T00:00:00Z"));
    /// let friction = Friction::of(&builder.build(question.as_of), &question, &Segment::all());
    /// let row = &friction.rows[0];
    /// assert_eq!((row.label.as_str(), row.before_conversion.journeys, row.before_conversion.again), ("delivery", 1, 1));
    /// assert_eq!((row.deciding, row.seconds.median, friction.seconds.median), (1, Some(180), Some(300)));
    /// # Ok::<(), clinch::Error>(())
    /// ```
    pub fn of(journeys: &[Journey], question: &Question, segment: &Segment) -> Self {
        let by = question.first_dimension();
        let (mut lengths, mut seconds) = ([Vec::new(), Vec::new()], Vec::new());
        let mut rows: BTreeMap<Label, Counted> = BTreeMap::new();
        for journey in journeys {
            let told = episodes(journey, question);
            for episode in told.iter().filter(|episode| segment.has(journey, episode)) {
                let left = usize::from(episode.end.is_none());
                lengths[left].push(episode.steps.len() as u64);
                if let (Some(end), Some(first)) = (episode.end, episode.steps.first()) {
                    seconds.push(between(first, end.at));
                }
                count(episode, by, left, &mut rows);
            }
        }
        let [length, length_left] = lengths.map(Spread::of);
        let row = |(label, counted): (Label, Counted)| FrictionRow {
            label,
            before_conversion: counted.asked[0],
            before_leaving: counted.asked[1],
            deciding: counted.seconds.len() as u64,
            seconds: Spread::of(counted.seconds),
        };
        let mut rows: Vec<FrictionRow> = rows.into_iter().map(row).collect();
        let again = |row: &FrictionRow| row.before_conversion.again + row.before_leaving.again;
        rows.sort_by(|a, b| again(b).cmp(&again(a)).then_with(|| a.label.cmp(&b.label)));
        let (question, segment, seconds) = (question.id(), segment.clone(), Spread::of(seconds));
        Self { question, by, segment, length, length_left, seconds, rows }
    }
}

/// Counts what was asked in one journey.
fn count(episode: &Episode<'_>, by: Dimension, left: usize, rows: &mut BTreeMap<Label, Counted>) {
    let turns = || episode.steps.iter().filter(|step| step.kind == TouchKind::Query);
    let mut asked: BTreeMap<Label, u64> = BTreeMap::new();
    for label in turns().flat_map(|turn| turn.values(by)) {
        *asked.entry(label).or_default() += 1;
    }
    for (label, times) in asked {
        let asked = &mut rows.entry(label).or_default().asked[left];
        asked.journeys += 1;
        asked.again += u64::from(times > 1);
    }
    if let (Some(end), Some(last)) = (episode.end, turns().next_back()) {
        for label in last.values(by) {
            rows.entry(label).or_default().seconds.push(between(last, end.at));
        }
    }
}

/// Whole seconds from a touchpoint to an instant that is not before it.
fn between(from: &Touchpoint, to: chrono::DateTime<chrono::Utc>) -> u64 {
    (to - from.at).num_seconds().unsigned_abs()
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.median, self.ninth_decile, self.most) {
            (Some(least), Some(median), Some(ninth), Some(most)) => {
                write!(f, "{least} to {most}, half up to {median}, nine of ten up to {ninth}")
            }
            _ => f.write_str("-"),
        }
    }
}

impl fmt::Display for Friction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} journeys to a conversion, touchpoints: {}", self.length.count, self.length)?;
        writeln!(f, "{} journeys without, touchpoints: {}", self.length_left.count, self.length_left)?;
        writeln!(f, "seconds to a conversion: {}", self.seconds)?;
        let width = self.rows.iter().map(|row| row.label.as_str().chars().count()).max().unwrap_or(0).max(8);
        writeln!(
            f,
            "{:<width$}  {:>9} {:>6}  {:>9} {:>6}  {:>8} {:>9}",
            self.by, "converted", "again", "left", "again", "deciding", "seconds"
        )?;
        for row in &self.rows {
            let FrictionRow { label, before_conversion, before_leaving, deciding, seconds } = row;
            let median = seconds.median.map_or_else(|| "-".to_owned(), |median| median.to_string());
            writeln!(
                f,
                "{label:<width$}  {:>9} {:>6}  {:>9} {:>6}  {deciding:>8} {median:>9}",
                before_conversion.journeys,
                before_conversion.again,
                before_leaving.journeys,
                before_leaving.again
            )?;
        }
        Ok(())
    }
}
