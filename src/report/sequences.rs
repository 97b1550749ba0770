//! Which patterns of labels, in order, go with conversions.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::error::{ErrorKind, Result};
use crate::journey::{Dimension, Journey};
use crate::question::Question;
use crate::report::episodes::first_episode;
use crate::statistics::{Discovery, Estimate, Proportion, fisher_test, lift};
use crate::text::Label;

/// What patterns to look for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SequenceRules {
    /// How many labels a pattern has at most: 1 to 4. Default 3.
    pub longest: usize,
    /// Whether other touchpoints may lie between those of a pattern. Default yes.
    pub gaps: bool,
    /// How many people a pattern has to be seen with before it is tried, whether or not they converted. Default 20.
    pub least_people: u64,
    /// Which of all findings may be false. Default 0.05.
    pub false_discoveries: f64,
    /// How that is controlled. Default whatever the patterns have to do with each other.
    pub discovery: Discovery,
    /// How many patterns are tried at most; more are an error. Default 100,000.
    pub most_patterns: usize,
}

impl Default for SequenceRules {
    fn default() -> Self {
        Self {
            longest: 3,
            gaps: true,
            least_people: 20,
            false_discoveries: 0.05,
            discovery: Discovery::default(),
            most_patterns: 100_000,
        }
    }
}

/// The longest pattern that is looked for.
const LONGEST: usize = 4;

/// Patterns and what goes with them. That a pattern goes with conversions does not say that it causes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sequences {
    /// Id of the question.
    pub question: String,
    /// What patterns are of: the first dimension of the question.
    pub by: Dimension,
    /// People with a touchpoint who converted, of all of them: the base rate.
    pub base: Proportion,
    /// Every pattern that was tried, the least `q` first, then by labels.
    pub patterns: Vec<Pattern>,
}

/// One pattern. Every person counts once: with what led to the first conversion of the period, or else with everything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pattern {
    /// Its labels, in order of time.
    pub labels: Vec<Label>,
    /// People who converted, of those with the pattern.
    pub converted: Proportion,
    /// Their rate over the base rate; none if nobody converted.
    pub lift: Option<Estimate>,
    /// p-value of Fisher's exact test that people with and without it convert alike.
    pub p: f64,
    /// The least false-discovery rate at which it is a finding, over all patterns tried.
    pub q: f64,
    /// Whether it is one at the rate asked for.
    pub finding: bool,
}

/// The values of one touchpoint.
type Step = SmallVec<[u32; 2]>;

/// Where a pattern has been seen so far: whose, and the place after its last touchpoint.
type Seen = Vec<(u32, u32)>;

impl Sequences {
    /// Looks for patterns in the journeys of everybody.
    ///
    /// Touchpoints without a value in the dimension are passed over. All patterns up to the longest that enough people
    /// show are tried, found by growing prefixes (Pei et al. 2001, PrefixSpan).
    ///
    /// # Errors
    /// `PatternLength` unless patterns have 1 to 4 labels, `TooManyPatterns` above the bound.
    pub fn of(journeys: &[Journey], question: &Question, rules: &SequenceRules) -> Result<Self> {
        if !(1..=LONGEST).contains(&rules.longest) {
            return Err(ErrorKind::PatternLength { found: rules.longest }.into());
        }
        let by = question.first_dimension();
        let episodes: Vec<_> =
            journeys.iter().filter_map(|journey| first_episode(journey, question)).collect();
        let values = |episode: &crate::report::episodes::Episode<'_>| -> Vec<_> {
            let values = episode.steps.iter().map(|step| step.values(by));
            values.filter(|values| !values.is_empty()).collect()
        };
        let steps: Vec<Vec<_>> = episodes.iter().map(values).collect();
        let labels: BTreeSet<&Label> = steps.iter().flatten().flatten().collect();
        let labels: Vec<&Label> = labels.into_iter().collect();
        let number = |label: &Label| labels.binary_search(&label).unwrap_or_default() as u32;
        let numbered = |steps: &Vec<smallvec::SmallVec<[Label; 1]>>| -> Vec<Step> {
            steps.iter().map(|values| values.iter().map(number).collect()).collect()
        };
        let mut search = Search {
            rules,
            people: steps.iter().map(numbered).collect(),
            converted: episodes.iter().map(|episode| episode.end.is_some()).collect(),
            found: Vec::new(),
        };
        let converted = search.converted.iter().filter(|converted| **converted).count() as u64;
        let base = (converted, search.people.len() as u64);
        let start = search.start();
        search.grow(&mut Vec::new(), &start)?;
        let patterns = patterns(&search.found, &labels, base, rules);
        Ok(Self { question: question.id(), by, base: Proportion::new(base.0, base.1), patterns })
    }
}

/// Prefixes and who shows them.
struct Search<'r> {
    rules: &'r SequenceRules,
    people: Vec<Vec<Step>>,
    converted: Vec<bool>,
    /// Labels, people who converted, and people.
    found: Vec<(Vec<u32>, u64, u64)>,
}

impl Search<'_> {
    /// Where patterns may begin: anywhere without gaps, and from the first touchpoint on with them.
    fn start(&self) -> Seen {
        let mut seen = Seen::new();
        for (person, steps) in (0..).zip(&self.people) {
            let places = if self.rules.gaps { steps.len().min(1) } else { steps.len() };
            seen.extend((0..places as u32).map(|place| (person, place)));
        }
        seen
    }

    /// Tries every label after a prefix. Never deeper than the longest pattern.
    fn grow(&mut self, prefix: &mut Vec<u32>, seen: &Seen) -> Result<()> {
        if prefix.len() == self.rules.longest {
            return Ok(());
        }
        for (label, seen) in self.next(seen) {
            let mut people: Vec<u32> = seen.iter().map(|(person, _)| *person).collect();
            people.dedup();
            if (people.len() as u64) < self.rules.least_people.max(1) {
                continue;
            }
            if self.found.len() >= self.rules.most_patterns {
                return Err(ErrorKind::TooManyPatterns { limit: self.rules.most_patterns }.into());
            }
            let converted = people.iter().filter(|person| self.converted[**person as usize]).count();
            prefix.push(label);
            self.found.push((prefix.clone(), converted as u64, people.len() as u64));
            self.grow(prefix, &seen)?;
            prefix.pop();
        }
        Ok(())
    }

    /// Who goes on with which label. With gaps the earliest place suffices: whatever follows a later one follows it.
    fn next(&self, seen: &Seen) -> BTreeMap<u32, Seen> {
        let mut next: BTreeMap<u32, Seen> = BTreeMap::new();
        for (person, place) in seen {
            let rest = self.people[*person as usize].iter().enumerate().skip(*place as usize);
            let reach = if self.rules.gaps { usize::MAX } else { 1 };
            for (place, step) in rest.take(reach) {
                for label in step {
                    let seen = next.entry(*label).or_default();
                    if !self.rules.gaps || seen.last().is_none_or(|(last, _)| last != person) {
                        seen.push((*person, place as u32 + 1));
                    }
                }
            }
        }
        next
    }
}

fn patterns(
    found: &[(Vec<u32>, u64, u64)],
    labels: &[&Label],
    base: (u64, u64),
    rules: &SequenceRules,
) -> Vec<Pattern> {
    let rest = |converted: u64, people: u64| (base.0 - converted, base.1 - people);
    let p = |(_, converted, people): &(Vec<u32>, u64, u64)| {
        fisher_test((*converted, *people), rest(*converted, *people))
    };
    let p: Vec<f64> = found.iter().map(p).collect();
    let adjusted = rules.discovery.adjust(&p);
    let pattern = |(place, (numbers, converted, people)): (usize, &(Vec<u32>, u64, u64))| {
        let (rate, all) = (*converted as f64 / *people as f64, base.0 as f64 / base.1 as f64);
        let interval = || lift((*converted, *people), rest(*converted, *people));
        Pattern {
            labels: numbers.iter().map(|number| labels[*number as usize].clone()).collect(),
            converted: Proportion::new(*converted, *people),
            lift: (base.0 > 0).then(|| Estimate { value: rate / all, interval: interval() }),
            p: p[place],
            q: adjusted[place],
            finding: adjusted[place] <= rules.false_discoveries,
        }
    };
    let mut patterns: Vec<Pattern> = found.iter().enumerate().map(pattern).collect();
    patterns.sort_by(|a, b| a.q.total_cmp(&b.q).then_with(|| a.labels.cmp(&b.labels)));
    patterns
}
