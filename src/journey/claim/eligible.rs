//! Whether one touchpoint may claim, by itself: its kind, consent, windows, earlier conversions, and its evidence.

use smallvec::SmallVec;

use crate::id::IdKind;
use crate::journey::circle::{Cause, Turn};
use crate::journey::claim::{Claiming, Source, Standing};
use crate::journey::rules::Reuse;
use crate::journey::touchpoint::{Dimension, Evidence, EvidenceSet, TouchKind};
use crate::reason::RefuseReason;

impl Claiming<'_, '_, '_> {
    /// The person's own touchpoint if it may claim, leaving aside what can be said only of the whole path.
    pub(super) fn eligible(
        &self,
        place: u32,
        cause: Cause,
        folds: SmallVec<[u32; 4]>,
    ) -> Result<Standing, RefuseReason> {
        let touch = self.touch(place);
        if !self.shopper.consent {
            return Err(RefuseReason::NoConsent);
        }
        if !touch.may {
            return Err(RefuseReason::KindMayNotEarn);
        }
        if let Some(reason) = touch.barred {
            return Err(reason);
        }
        let caused = cause != Cause::None;
        let mut standing = Standing {
            at: touch.at,
            rank: self.circle.world.facts.contents.rank(touch.content),
            source: Source::Own(place),
            cause,
            kind: touch.kind,
            bot: touch.kind.is_bot(caused),
            direct: touch.kind == TouchKind::Visit && self.circle.world.prepared(touch.content).direct,
            evidence: EvidenceSet::default(),
            folds,
            rest: Vec::new(),
        };
        let consumed = || self.consumed.get(place as usize).is_some_and(|consumed| *consumed);
        self.in_window(&mut standing, consumed)?;
        Ok(standing)
    }

    pub(super) fn eligible_other(&self, turn: Turn, evidence: EvidenceSet) -> Result<Standing, RefuseReason> {
        if turn.at > self.at {
            return Err(RefuseReason::AfterConversion);
        }
        if !self.shopper.consent || !turn.consent {
            return Err(RefuseReason::NoConsent);
        }
        if !self.circle.world.prepared(turn.content).may {
            return Err(RefuseReason::KindMayNotEarn);
        }
        if let Some(reason) = turn.barred {
            return Err(reason);
        }
        let mut standing = Standing {
            at: turn.at,
            rank: self.circle.world.facts.contents.rank(turn.content),
            source: Source::Other(turn),
            cause: Cause::None,
            kind: TouchKind::Query,
            bot: true,
            direct: false,
            evidence,
            folds: SmallVec::new(),
            rest: Vec::new(),
        };
        self.in_window(&mut standing, || self.consumed_others.contains(&(turn.cluster, turn.row)))?;
        Ok(standing)
    }

    /// Whether a touchpoint lies in the window of its kind, or in one that its evidence opens, and was not used up.
    fn in_window(&self, standing: &mut Standing, consumed: impl Fn() -> bool) -> Result<(), RefuseReason> {
        if self.whole {
            standing.evidence = self.evidence(standing);
            return Ok(());
        }
        let (plan, age) = (&self.circle.world.plan, self.at - standing.at);
        let within = |window: u64| age <= i128::from(window);
        let inside = within(plan.window(standing.kind));
        if !inside && !plan.evidence_windows.values().any(|window| within(*window)) {
            return Err(RefuseReason::OutOfWindow);
        }
        match (self.circle.world.rules.reuse, self.last) {
            (Reuse::FirstOnly, Some(_)) => return Err(RefuseReason::NotFirstConversion),
            (Reuse::Restart, Some(last)) if standing.at <= last => {
                return Err(RefuseReason::BeforeEarlierConversion);
            }
            (Reuse::Consumed, _) if consumed() => return Err(RefuseReason::Consumed),
            _ => {}
        }
        if self.asked.evidence {
            standing.evidence = self.evidence(standing);
        }
        let opens =
            |evidence: Evidence| plan.evidence_windows.get(&evidence).is_some_and(|window| within(*window));
        if inside || standing.evidence.iter().any(opens) { Ok(()) } else { Err(RefuseReason::OutOfWindow) }
    }

    pub(super) fn evidence(&self, standing: &Standing) -> EvidenceSet {
        let mut evidence = match standing.source {
            Source::Own(place) => {
                let mut evidence = self.coded.own(place);
                let known = self.shopper.known;
                evidence.add(if known { Evidence::SameCustomer } else { Evidence::SameVisitor });
                evidence
            }
            Source::Other(_) => standing.evidence,
        };
        let Some(bought) = &self.order else { return evidence };
        let names = &self.circle.world.facts.names;
        for kind in [IdKind::Cart, IdKind::Checkout] {
            let Some(wanted) = names.get(bought.handle, kind) else { continue };
            let own = match standing.source {
                Source::Own(place) => self.touch(place).handle,
                Source::Other(turn) => turn.handle,
            };
            let folds = standing.folds.iter().map(|place| self.touch(*place).handle);
            if folds.chain([own]).any(|handle| names.get(handle, kind) == Some(wanted)) {
                evidence.add(Evidence::SameCart);
            }
        }
        let products = self.circle.symbols(self.shopper, standing, Dimension::Product);
        if standing.bot && products.iter().any(|product| bought.products.contains(product)) {
            evidence.add(Evidence::RecommendedProduct);
        }
        evidence
    }
}
