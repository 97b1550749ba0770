//! What is said of a whole path: which touchpoints fit what was bought, in which order they stand, and how many stay.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::journey::circle::Cause;
use crate::journey::claim::{Claiming, Source, Standing};
use crate::journey::rules::{DirectVisits, ProductMatch, Unit};
use crate::journey::touchpoint::{Dimension, TouchKind};
use crate::reason::RefuseReason;

impl Claiming<'_, '_, '_> {
    pub(super) fn match_products(&mut self) {
        let wanted = self.circle.world.rules.product_match;
        let Some(bought) = self.order.take() else { return };
        if wanted != ProductMatch::Any {
            let (circle, shopper) = (self.circle, self.shopper);
            let matches = |standing: &Standing| {
                let (dimension, list) = match wanted {
                    ProductMatch::SameType => (Dimension::ProductType, &bought.types),
                    _ => (Dimension::Product, &bought.products),
                };
                circle.symbols(shopper, standing, dimension).iter().any(|symbol| list.contains(symbol))
            };
            self.keep(RefuseReason::OtherProduct, matches);
        }
        self.order = Some(bought);
    }

    pub(super) fn leave_out_direct_visits(&mut self) {
        let all_direct = self.decision.path.iter().all(|standing| standing.direct);
        match self.circle.world.rules.direct_visits {
            DirectVisits::May => {}
            DirectVisits::Never => self.keep(RefuseReason::DirectVisit, |standing| !standing.direct),
            _ if all_direct => {}
            DirectVisits::OnlyIfNothingElse => {
                self.keep(RefuseReason::DirectVisit, |standing| !standing.direct);
            }
            DirectVisits::NotLast => {
                self.sort();
                let last = self.decision.path.iter().rposition(|standing| !standing.direct);
                let mut place = 0;
                self.keep(RefuseReason::DirectVisit, |standing| {
                    place += 1;
                    !standing.direct || last.is_some_and(|last| place - 1 < last)
                });
            }
        }
    }

    /// Keeps what passes, and refuses the rest.
    fn keep(&mut self, reason: RefuseReason, passes: impl FnMut(&Standing) -> bool) {
        let (kept, refused): (Vec<Standing>, Vec<Standing>) =
            std::mem::take(&mut self.decision.path).into_iter().partition(passes);
        self.decision.path = kept;
        refused.iter().for_each(|standing| self.refuse(standing.source, reason));
    }

    /// Puts the touchpoints in order, by time, causes before effects, then by id.
    pub(super) fn arrange(&mut self) {
        self.sort();
        if self.circle.world.rules.unit == Unit::Conversation {
            self.group_conversations();
        }
    }

    fn sort(&mut self) {
        let (circle, shopper) = (self.circle, self.shopper);
        let id = |standing: &Standing| circle.source_id(shopper, standing.source);
        let fact = |standing: &Standing| circle.source_fact(shopper, standing.source);
        let by_id = |a: &Standing, b: &Standing| match (a.source, b.source) {
            // Rows stand in the same order.
            (Source::Own(a), Source::Own(b)) => a.cmp(&b),
            // Two people may have turns of one id at one instant: the person's own stands first, then contents decide.
            (Source::Own(_), Source::Other(_)) => id(a).cmp(&id(b)).then(Ordering::Less),
            (Source::Other(_), Source::Own(_)) => id(a).cmp(&id(b)).then(Ordering::Greater),
            _ => id(a).cmp(&id(b)).then_with(|| fact(a).cmp(&fact(b))),
        };
        self.decision.path.sort_by(|a, b| (a.at, a.rank).cmp(&(b.at, b.rank)).then_with(|| by_id(a, b)));
    }

    /// Makes one touchpoint of all those of a conversation. They stand in order: the first one gives id and
    /// instant.
    fn group_conversations(&mut self) {
        let mut places: BTreeMap<u32, usize> = BTreeMap::new();
        let mut grouped: Vec<Standing> = Vec::new();
        // Whether a part of each came over a direct channel.
        let mut direct: Vec<bool> = Vec::new();
        for standing in std::mem::take(&mut self.decision.path) {
            let symbols = self.circle.symbols(self.shopper, &standing, Dimension::Conversation);
            let conversation = symbols.first().copied();
            let place = conversation.and_then(|conversation| places.get(&conversation).copied());
            let is_direct = self.circle.is_direct(self.shopper, &standing);
            match place.map(|place| (&mut grouped[place], &mut direct[place])) {
                Some((held, direct)) => {
                    // A conversation with the bot in it is no visit, whatever began it.
                    if !held.bot {
                        held.kind = standing.kind;
                        held.bot = standing.kind.is_bot(held.cause != Cause::None);
                    }
                    held.evidence.extend(standing.evidence);
                    held.rest.push(standing);
                    *direct |= is_direct;
                    held.direct = held.kind == TouchKind::Visit && *direct;
                }
                None => {
                    places.extend(conversation.map(|conversation| (conversation, grouped.len())));
                    grouped.push(standing);
                    direct.push(is_direct);
                }
            }
        }
        self.decision.path = grouped;
    }

    pub(super) fn trim(&mut self) {
        let Some(count) = self.circle.world.rules.last_touchpoints else { return };
        let surplus = self.decision.path.len().saturating_sub(count as usize);
        let trimmed: Vec<Standing> = self.decision.path.drain(..surplus).collect();
        trimmed.iter().for_each(|standing| self.refuse(standing.source, RefuseReason::Trimmed));
    }
}
