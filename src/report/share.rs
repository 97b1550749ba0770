//! One conversion's value shared over its path: under every model, in every dimension asked for.

use std::collections::BTreeMap;

use crate::credit::{ONE, integers, weigh};
use crate::error::Result;
use crate::fact::{NONE, Symbol};
use crate::journey::{
    Circle, Conversion, Decision, Dimension, Earned, Path, Shopper, Standing, Symbols, Touchpoint, kept,
};
use crate::model::{BuiltIn, Chosen, Model, Steps, Weights};
use crate::money::apportion;
use crate::question::Question;
use crate::report::collect::{NONE_LABEL, dated_inside};
use crate::report::crowd::Group;
use crate::report::tally::Tally;

/// Shares values over paths.
pub(crate) struct Sharing<'q> {
    question: &'q Question,
    weights: Weights,
    /// Whether a model of the host's own wants to see touchpoints.
    custom: bool,
}

/// A path as the rule models look at it.
struct Standings<'p> {
    kept: &'p [usize],
    path: &'p [Standing],
    keys: &'p [u32],
}

impl Steps for Standings<'_> {
    fn len(&self) -> usize {
        self.kept.len()
    }

    fn is_direct(&self, place: usize) -> bool {
        self.path[self.kept[place]].direct
    }

    fn key(&self, place: usize) -> usize {
        self.keys[place] as usize
    }

    fn nanos(&self, place: usize) -> i128 {
        self.path[self.kept[place]].at
    }
}

impl<'q> Sharing<'q> {
    pub(crate) fn new(question: &'q Question) -> Self {
        let custom = question.models.iter().any(|chosen| matches!(chosen, Chosen::Custom(_)));
        Self { question, weights: Weights::default(), custom }
    }

    #[expect(clippy::too_many_arguments, reason = "one conversion with all that surrounds it")]
    pub(crate) fn share(
        &mut self,
        tally: &mut Tally,
        currency: usize,
        circle: &Circle<'_, '_>,
        shopper: &Shopper<'_>,
        earned: &Earned,
        decision: &Decision,
        minor: i64,
    ) -> Result<()> {
        let told: Option<(Conversion, Vec<Touchpoint>)> = self.custom.then(|| {
            let touchpoints = decision.path.iter().map(|standing| circle.touchpoint(shopper, standing));
            (circle.conversion(shopper, earned), touchpoints.collect())
        });
        for place in 0..tally.dimensions() {
            let by = tally.dimension(place);
            let path = &decision.path;
            let values: Vec<Symbols> =
                path.iter().map(|standing| circle.values(shopper, standing, by)).collect();
            let keys = keys(&values);
            let kept = kept(&keys, self.question.rules.transform);
            let keys = renumbered(&keys, &kept);
            let steps = Standings { kept: &kept, path, keys: &keys };
            for (model, chosen) in self.question.models.iter().enumerate() {
                let units = match chosen {
                    Chosen::BuiltIn(built_in) => Some(self.units(built_in, &steps)),
                    Chosen::Participation => {
                        // A missing value and one that reads like it share a row.
                        let none = circle.world.facts.contents.texts.find(NONE_LABEL);
                        let none = none.filter(|_| by.is_label()).unwrap_or(NONE);
                        let places = (place, currency, model);
                        self.participate(tally, places, &steps, (&values, none), minor);
                        continue;
                    }
                    Chosen::Custom(custom) => self.custom_units(custom, told.as_ref(), by)?,
                };
                let Tally { tables, crowd, .. } = &mut *tally;
                let table = &mut tables[place][currency];
                let Some(units) = units else {
                    table.declined[model][0] += i128::from(ONE);
                    table.declined[model][1] += i128::from(minor);
                    continue;
                };
                let (shares, parts) = (apportion(ONE, &units)?, apportion(minor, &units)?);
                for ((held, share), value) in kept.iter().zip(shares).zip(parts) {
                    if !dated_inside(self.question, path[*held].at) {
                        table.outside[model][0] += i128::from(share);
                        table.outside[model][1] += i128::from(value);
                        continue;
                    }
                    let mut stand = |symbol| crowd.note(Group::Row { by: place, currency, model, symbol });
                    give(table, &values[*held], model, share, value, &mut stand)?;
                }
            }
        }
        Ok(())
    }

    fn units(&mut self, model: &BuiltIn, steps: &impl Steps) -> Vec<u64> {
        self.weights.clear();
        model.weigh_steps(steps, &mut self.weights);
        let largest = self.weights.as_slice().iter().copied().fold(0.0, f64::max);
        integers(self.weights.as_slice(), largest)
    }

    fn custom_units(
        &mut self,
        model: &dyn Model,
        told: Option<&(Conversion, Vec<Touchpoint>)>,
        by: Dimension,
    ) -> Result<Option<Vec<u64>>> {
        let Some((conversion, touchpoints)) = told else { return Ok(None) };
        let path = Path::transformed(conversion, touchpoints, by, self.question.rules.transform);
        weigh(model, &path, &mut self.weights)
    }

    fn participate(
        &self,
        tally: &mut Tally,
        (dimension, currency, model): (usize, usize, usize),
        steps: &Standings<'_>,
        (values, none): (&[Symbols], Symbol),
        minor: i64,
    ) {
        let inside = steps.kept.iter().filter(|place| dated_inside(self.question, steps.path[**place].at));
        let mut distinct: Vec<u32> = Vec::new();
        for place in inside {
            distinct.extend_from_slice(&values[*place]);
            if values[*place].is_empty() {
                distinct.push(none);
            }
        }
        distinct.sort_unstable();
        distinct.dedup();
        for symbol in distinct {
            tally.crowd.note(Group::Row { by: dimension, currency, model, symbol });
            let cell = &mut tally.tables[dimension][currency].row(symbol)[model];
            cell[0] += i128::from(ONE);
            cell[1] += i128::from(minor);
        }
    }
}

/// Splits a credit evenly over the values of its touchpoint, in text order.
fn give(
    table: &mut crate::report::tally::Table,
    values: &Symbols,
    model: usize,
    share: i64,
    value: i64,
    stand: &mut impl FnMut(Symbol),
) -> Result<()> {
    let mut put = |symbol, share, value| {
        if share != 0 || value != 0 {
            stand(symbol);
        }
        let cell = &mut table.row(symbol)[model];
        cell[0] += i128::from(share);
        cell[1] += i128::from(value);
    };
    match values.as_slice() {
        [] => put(NONE, share, value),
        [one] => put(*one, share, value),
        several => {
            let even = vec![1; several.len()];
            let parts = apportion(share, &even)?.into_iter().zip(apportion(value, &even)?);
            several.iter().zip(parts).for_each(|(symbol, (share, value))| put(*symbol, share, value));
        }
    }
    Ok(())
}

/// Numbers sets of values: equal sets, equal numbers.
fn keys(values: &[Symbols]) -> Vec<u32> {
    let mut seen: BTreeMap<&Symbols, u32> = BTreeMap::new();
    let mut number = |values| {
        let next = seen.len() as u32;
        *seen.entry(values).or_insert(next)
    };
    values.iter().map(&mut number).collect()
}

/// Keys of the places that stayed, numbered by first appearance.
fn renumbered(keys: &[u32], kept: &[usize]) -> Vec<u32> {
    let mut numbers = vec![NONE; keys.len()];
    let mut next = 0;
    let mut number = |place: &usize| {
        let held = &mut numbers[keys[*place] as usize];
        if *held == NONE {
            (*held, next) = (next, next + 1);
        }
        *held
    };
    kept.iter().map(&mut number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_values_are_numbered_by_first_appearance() {
        let sets = [&[7][..], &[3], &[7], &[3, 7], &[], &[3]];
        let values: Vec<Symbols> = sets.into_iter().map(Symbols::from_slice).collect();
        assert_eq!(keys(&values), [0, 1, 0, 2, 3, 1]);
    }
}
