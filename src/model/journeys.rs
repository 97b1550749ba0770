//! The paths of journeys as a table.

use std::collections::BTreeSet;

use smallvec::SmallVec;

use crate::error::Result;
use crate::journey::{Conversion, ConversionKind, Dimension, Journey, Touchpoint, Transform, kept};
use crate::model::alphabet::Step;
use crate::model::exact::Exact;
use crate::model::table::{Ends, PathTable};
use crate::money::Currency;
use crate::text::{EventId, Label};

/// Which paths of journeys are taken into a [`PathTable`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PathsBy {
    /// What labels are values of. A touchpoint with several values is one label with all of them, one without any is
    /// a label of its own.
    pub dimension: Dimension,
    /// How repeats of a label are treated. Default all stay.
    pub transform: Transform,
    /// The goal that counts as a conversion. Default none: orders count.
    pub goal: Option<Label>,
    /// The currency of which value is counted; conversions in others count without value. Default none: no value.
    pub currency: Option<Currency>,
}

impl PathsBy {
    /// Paths to orders by a dimension, without value.
    pub fn new(dimension: Dimension) -> Self {
        Self { dimension, transform: Transform::default(), goal: None, currency: None }
    }

    fn asks_for(&self, conversion: &Conversion) -> bool {
        match (&conversion.kind, &self.goal) {
            (ConversionKind::Order(_), None) => true,
            (ConversionKind::Goal { goal, .. }, Some(asked)) => goal == asked,
            _ => false,
        }
    }

    fn value(&self, conversion: &Conversion) -> Exact {
        let value = conversion.value.filter(|value| Some(value.currency()) == self.currency);
        value.map_or(Exact::ZERO, |value| Exact::units(value.minor(), value.currency().exponent().into()))
    }

    /// The labels of touchpoints in order, under the transform.
    fn steps<'t>(&self, touchpoints: impl Iterator<Item = &'t Touchpoint>) -> Vec<Step> {
        let steps: Vec<Step> = touchpoints.map(|touchpoint| touchpoint.values(self.dimension)).collect();
        let mut distinct: Vec<&Step> = Vec::new();
        let number = |step| {
            let known = distinct.iter().position(|held| *held == step);
            known.unwrap_or_else(|| {
                distinct.push(step);
                distinct.len() - 1
            }) as u32
        };
        let keys: Vec<u32> = steps.iter().map(number).collect();
        kept(&keys, self.transform).into_iter().map(|place| steps[place].clone()).collect()
    }
}

impl PathTable {
    /// Adds the paths of one person.
    ///
    /// Each conversion that is asked for is one converting journey over its path, of no label where nothing may claim
    /// it. Touchpoints that stand in no such path are journeys without a conversion: one for those before the first
    /// conversion, one for those between each two, one for those after the last, where there are any.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use clinch::{Dimension, Event, JourneyBuilder, MarkovCounts, Money, Outcome, PathTable, PathsBy, Who};
    ///
    /// let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    /// let mut builder = JourneyBuilder::new();
    /// builder.add(Event::query("e1", at("2026-03-01T10:00:00Z"), Who::visitor("v1")).topic("delivery"))?;
    /// let total = Money::parse("59.90", "EUR".parse()?)?;
    /// builder.add(Event::order("e2", at("2026-03-01T11:00:00Z"), Who::visitor("v1"), "1001", total))?;
    /// builder.add(Event::query("e3", at("2026-03-01T12:00:00Z"), Who::visitor("v1")).topic("returns"))?;
    /// builder.add(Event::query("e4", at("2026-03-02T10:00:00Z"), Who::visitor("v2")).topic("delivery"))?;
    ///
    /// let mut table = PathTable::new();
    /// let mut by = PathsBy::new(Dimension::Topic);
    /// by.currency = Some("EUR".parse()?);
    /// for journey in builder.build(at("2026-04-01T00:00:00Z")) {
    ///     table.add_journey(&journey, &by)?;
    /// }
    /// assert_eq!(table.total(), Outcome { conversions: 1.0, value: 59.9, nulls: 2.0 });
    /// # Ok::<(), clinch::Error>(())
    /// ```
    ///
    /// # Errors
    /// `SumTooLarge` if the table's sums become too large to be exact; the paths before the one that did not fit have
    /// been added.
    pub fn add_journey(&mut self, journey: &Journey, by: &PathsBy) -> Result<()> {
        let asked = || journey.claims.iter().filter(|claim| by.asks_for(&claim.conversion));
        let mut claimed: BTreeSet<&EventId> = BTreeSet::new();
        for claim in asked() {
            let value = by.value(&claim.conversion);
            let ends = Ends { conversions: Exact::whole(1), value, nulls: Exact::ZERO };
            self.add_steps(by.steps(claim.touchpoints.iter()).into_iter(), ends)?;
            claimed.extend(claim.touchpoints.iter().flat_map(parts));
        }
        let left = |touchpoint: &&Touchpoint| !parts(touchpoint).any(|part| claimed.contains(part));
        let mut left: &[&Touchpoint] = &journey.touchpoints.iter().filter(left).collect::<SmallVec<[_; 8]>>();
        let ends = Ends { nulls: Exact::whole(1), ..Ends::default() };
        let conversions = asked().map(|claim| Some(claim.conversion.at)).chain([None]);
        for until in conversions {
            let count = until.map_or(left.len(), |at| left.partition_point(|touchpoint| touchpoint.at <= at));
            let (stretch, rest) = left.split_at(count);
            if !stretch.is_empty() {
                self.add_steps(by.steps(stretch.iter().copied()).into_iter(), ends)?;
            }
            left = rest;
        }
        Ok(())
    }
}

/// The events that a touchpoint is made of.
fn parts(touchpoint: &Touchpoint) -> impl Iterator<Item = &EventId> {
    std::iter::once(&touchpoint.id).chain(&touchpoint.engagements)
}
