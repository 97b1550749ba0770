//! Who takes part, in which arm, and what they did.

use std::collections::BTreeMap;

use crate::credit::credit;
use crate::error::Result;
use crate::event::Kind;
use crate::experiment::{Arm, Entry, Holdout};
use crate::fact::Handle;
use crate::journey::{Circle, Dimension, Shopper, TouchKind, World};
use crate::money::Currency;
use crate::question::Question;
use crate::time::{nanos_of, utc_of};

/// One person who takes part.
#[derive(Debug, Default)]
pub(super) struct Participant {
    pub(super) arm: Arm,
    /// Whether the bot did something with them.
    pub(super) exposed: bool,
    /// Whether they were seen under identifiers of both arms.
    pub(super) mixed: bool,
    pub(super) converted: bool,
    /// What their conversions after entry are worth, in minor units.
    pub(super) value: BTreeMap<Currency, i128>,
    /// What those before the period are worth.
    pub(super) before: BTreeMap<Currency, i128>,
    /// What each model gives to the bot of their conversions after entry, in the order asked for.
    pub(super) attributed: BTreeMap<Currency, Vec<i128>>,
}

/// Everybody who takes part, in no order that means anything, and how many were left out for want of consent.
pub(super) fn participants(
    world: &World<'_>,
    holdout: &Holdout,
    question: &Question,
) -> Result<(Vec<Participant>, u64)> {
    let (mut found, mut withheld) = (Vec::new(), 0);
    // Facts in cluster 0 name nobody.
    for number in world.clusters().filter(|number| *number != 0) {
        let mut circle = Circle::new(world, number);
        circle.find_causes();
        for shopper in &circle.shoppers {
            let Some((entered, arm, mixed)) = entry(&circle, shopper, holdout, question) else { continue };
            if shopper.consent {
                let participant = Participant { arm, mixed, ..Participant::default() };
                found.push(participant.lived(&circle, shopper, question, entered)?);
            } else {
                withheld += 1;
            }
        }
    }
    Ok((found, withheld))
}

/// When a person entered, in which arm, and whether the person was seen in both.
///
/// The arm is that of the first visitor that an entry names: people whose devices fall into two arms stay where
/// they began, since leaving them out would leave more of them out of the smaller arm.
fn entry(
    circle: &Circle<'_, '_>,
    shopper: &Shopper<'_>,
    holdout: &Holdout,
    question: &Question,
) -> Option<(i128, Arm, bool)> {
    let facts = circle.world.facts;
    let mut entries: Vec<(i128, Handle)> = match &holdout.entry {
        Entry::Visit => {
            let visits = shopper.touches.iter().filter(|touch| touch.kind == TouchKind::Visit);
            visits.map(|touch| (touch.at, touch.handle)).collect()
        }
        Entry::Goal(wanted) => {
            let rows = shopper.goals.iter().map(|row| &circle.rows[*row as usize]);
            let rows = rows.filter(|row| match &facts.contents.get(row.content).content.kind {
                Kind::Goal(goal) => goal.goal == *wanted,
                _ => false,
            });
            rows.map(|row| (row.at.nanos(), row.handle)).collect()
        }
    };
    entries.retain(|(at, _)| question.period.contains(utc_of(*at)));
    let named = entries.iter().filter_map(|(at, handle)| {
        let visitor = facts.names.get(*handle, Holdout::UNIT)?;
        let name = facts.names.known(visitor).name;
        Some((*at, facts.key().unwrap(name), holdout.assign_kept(name, facts.key())))
    });
    let named: Vec<(i128, u128, Arm)> = named.collect();
    let (at, _, arm) = *named.iter().min()?;
    Some((at, arm, named.iter().any(|(.., other)| *other != arm)))
}

impl Participant {
    fn lived(
        mut self,
        circle: &Circle<'_, '_>,
        shopper: &Shopper<'_>,
        question: &Question,
        entered: i128,
    ) -> Result<Self> {
        let inside = |at: i128| at >= entered && question.period.contains(utc_of(at));
        self.exposed = shopper.touches.iter().any(|touch| touch.kind.is_bot(false) && inside(touch.at));
        let start = question.period.from.map(nanos_of);
        for claim in circle.claims(shopper) {
            if !question.asks_about(&claim.conversion.kind) {
                continue;
            }
            let at = nanos_of(claim.conversion.at);
            if inside(at) {
                self.converted = true;
                self.earned(&claim, question)?;
            } else if let (Some(value), true) =
                (claim.conversion.value, start.is_some_and(|start| at < start))
            {
                *self.before.entry(value.currency()).or_default() += i128::from(value.minor());
            }
        }
        Ok(self)
    }

    fn earned(&mut self, claim: &crate::Claim, question: &Question) -> Result<()> {
        let Some(value) = claim.conversion.value else { return Ok(()) };
        *self.value.entry(value.currency()).or_default() += i128::from(value.minor());
        let models: Vec<_> = question.models.iter().filter_map(|chosen| chosen.model()).collect();
        let attributed = self.attributed.entry(value.currency()).or_insert_with(|| vec![0; models.len()]);
        let path = claim.path(&question.rules, question.by.first().copied().unwrap_or(Dimension::Topic));
        for (sum, model) in attributed.iter_mut().zip(models) {
            let credits = credit(model, &path)?;
            let of_bot =
                path.touchpoints().zip(&credits.credits).filter(|(touchpoint, _)| touchpoint.is_bot());
            *sum += of_bot
                .filter_map(|(_, credit)| credit.value)
                .map(|value| i128::from(value.minor()))
                .sum::<i128>();
        }
        Ok(())
    }
}
