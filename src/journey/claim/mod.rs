//! Who may claim each of a person's conversions, on what evidence, and who may not.

mod arrange;
mod eligible;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use smallvec::SmallVec;

use crate::fact::Symbol;
use crate::journey::circle::{Cause, Circle, Shopper, Touch, Turn};
use crate::journey::coded::Coded;
use crate::journey::ground::Ground;
use crate::journey::order::OrderState;
use crate::journey::rules::{ProductMatch, Reuse, Unit};
use crate::journey::touchpoint::{Evidence, EvidenceSet, TouchKind};
use crate::reason::{RefuseReason, UnattributedReason};
use crate::time::nanos_of;

/// What a person earned: an order that counts, or a goal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Earned {
    pub(crate) at: i128,
    pub(crate) what: What,
}

/// Which conversion.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    /// Its place among the person's orders.
    Order(u32),
    /// Its row.
    Goal(u32),
}

/// Where a touchpoint comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// The person's own: its place among the touches.
    Own(u32),
    /// Another person's turn, which a code brought in.
    Other(Turn),
}

/// A touchpoint that may claim.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) at: i128,
    pub(crate) rank: u8,
    pub(crate) source: Source,
    pub(crate) cause: Cause,
    pub(crate) kind: TouchKind,
    /// Whether the bot had a part in it.
    pub(crate) bot: bool,
    /// Whether it is a direct visit.
    pub(crate) direct: bool,
    /// Only where the answer asks for it.
    pub(crate) evidence: EvidenceSet,
    /// Engagements folded into it: places among the touches.
    pub(crate) folds: SmallVec<[u32; 4]>,
    /// What else of its conversation stands with it.
    pub(crate) rest: Vec<Standing>,
}

/// What was decided about one conversion.
#[derive(Debug, Default)]
pub(crate) struct Decision {
    pub(crate) path: Vec<Standing>,
    /// How many candidates were refused for each reason.
    pub(crate) refused: [u64; RefuseReason::ALL.len()],
    /// The candidates refused, where they are to be told.
    pub(crate) told: Vec<(Source, RefuseReason)>,
}

/// What an answer needs to know of each claim.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    /// The evidence for each touchpoint.
    pub(crate) evidence: bool,
    /// Each refused candidate.
    pub(crate) refused: bool,
}

/// Decides the conversions of one person, in order of time.
pub(crate) struct Claiming<'c, 'w, 'a> {
    circle: &'c Circle<'w, 'a>,
    shopper: &'c Shopper<'a>,
    ground: Ground,
    asked: Asked,
    /// The instant of the conversion before.
    last: Option<i128>,
    /// Touches that were in the path of an earlier conversion; and turns of others.
    consumed: Vec<bool>,
    consumed_others: BTreeSet<(u32, u32)>,
    coded: Coded,
    /// Turns of others that lie too far back for all conversions to come, by why they may not claim.
    left: [u64; RefuseReason::ALL.len()],
    clicks: usize,
    at: i128,
    order: Option<Bought>,
    whole: bool,
    decision: Decision,
    /// For each own turn in the window: where its draft stands.
    drafted: Vec<u32>,
}

/// The order that is claimed, as candidates are compared with it.
struct Bought {
    handle: u32,
    products: SmallVec<[Symbol; 4]>,
    types: SmallVec<[Symbol; 4]>,
}

const NOT_DRAFTED: u32 = u32::MAX;

impl<'c, 'w, 'a> Claiming<'c, 'w, 'a> {
    pub(crate) fn new(circle: &'c Circle<'w, 'a>, shopper: &'c Shopper<'a>, asked: Asked) -> Self {
        let count = shopper.touches.len();
        let evidence = asked.evidence || !circle.world.plan.evidence_windows.is_empty();
        Self {
            circle,
            shopper,
            ground: Ground::new(circle, shopper),
            asked: Asked { evidence, ..asked },
            last: None,
            consumed: vec![false; if circle.world.rules.reuse == Reuse::Consumed { count } else { 0 }],
            consumed_others: BTreeSet::new(),
            coded: Coded::default(),
            left: Default::default(),
            clicks: 0,
            at: 0,
            order: None,
            whole: false,
            decision: Decision::default(),
            drafted: vec![NOT_DRAFTED; count],
        }
    }

    /// Decides one conversion; they have to be handed in in order.
    pub(crate) fn decide(&mut self, earned: &Earned) -> &Decision {
        self.start(earned.at);
        self.read_clicks();
        if self.circle.world.expired(earned.at) {
            self.finish(earned.at);
            return &self.decision;
        }
        if let What::Order(place) = earned.what {
            self.coded.read_order();
            self.read_order(&self.shopper.orders[place as usize]);
        }
        self.own();
        self.foreign();
        self.match_products();
        self.leave_out_direct_visits();
        self.arrange();
        self.trim();
        self.coded.forget_order();
        self.finish(earned.at);
        &self.decision
    }

    /// Everything up to `at` that may earn, whether or not a conversion followed.
    pub(crate) fn whole(mut self, at: i128) -> Vec<Standing> {
        self.whole = true;
        self.start(at);
        self.own();
        self.arrange();
        self.decision.path
    }

    /// Lets a conversion pass without deciding it.
    pub(crate) fn pass(&mut self, earned: &Earned) {
        self.last = Some(earned.at);
    }

    fn start(&mut self, at: i128) {
        self.at = at;
        self.order = None;
        self.decision.path.clear();
        self.decision.told.clear();
        self.decision.refused = Default::default();
    }

    fn finish(&mut self, at: i128) {
        self.last = Some(at);
        if self.circle.world.rules.reuse != Reuse::Consumed {
            return;
        }
        let parts = self.decision.path.iter().flat_map(|held| std::iter::once(held).chain(&held.rest));
        for part in parts {
            match part.source {
                Source::Own(place) => self.consumed[place as usize] = true,
                Source::Other(turn) => {
                    self.consumed_others.insert((turn.cluster, turn.row));
                }
            }
            part.folds.iter().for_each(|place| self.consumed[*place as usize] = true);
        }
    }

    /// Why nobody may claim a conversion whose path is empty.
    pub(crate) fn unattributed(&self, earned: &Earned) -> UnattributedReason {
        if self.circle.world.expired(earned.at) {
            return UnattributedReason::Expired;
        }
        let refused = &self.decision.refused;
        let total: u64 = refused.iter().sum();
        let all = |reason: RefuseReason| refused[reason as usize] == total;
        let handle = match earned.what {
            What::Order(place) => self.shopper.orders[place as usize].winner.handle,
            What::Goal(row) => self.circle.rows[row as usize].handle,
        };
        if total == 0 && self.circle.people.shared(handle) {
            UnattributedReason::SharedIdentifier
        } else if total == 0 {
            UnattributedReason::NoTouchpoint
        } else if all(RefuseReason::AfterConversion) {
            UnattributedReason::AfterConversion
        } else if !self.shopper.consent {
            UnattributedReason::NoConsent
        } else if all(RefuseReason::OutOfWindow) {
            UnattributedReason::OutOfWindow
        } else {
            UnattributedReason::AllRefused
        }
    }

    pub(crate) fn decision(&self) -> &Decision {
        &self.decision
    }

    fn touch(&self, place: u32) -> &'c Touch {
        &self.shopper.touches[place as usize]
    }

    fn refuse(&mut self, source: Source, reason: RefuseReason) {
        self.decision.refused[reason as usize] += 1;
        if self.asked.refused {
            self.decision.told.push((source, reason));
        }
    }

    /// Which turns the codes on the person's clicks, up to now, name.
    fn read_clicks(&mut self) {
        let (world, shopper) = (self.circle.world, self.shopper);
        while let Some((_, code)) = shopper.uses.get(self.clicks).filter(|(at, _)| *at <= self.at) {
            if self.coded.click(*code) {
                self.read_code(world.remote.links.get(code), Evidence::Code, 0..shopper.touches.len());
            }
            self.clicks += 1;
        }
    }

    fn read_order(&mut self, state: &'c OrderState<'a>) {
        let (world, version) = (self.circle.world, state.version);
        let contents = &world.facts.contents;
        let range = self.ground.range(&self.shopper.touches, self.at, self.everything());
        for code in version.codes() {
            let turns = contents.links.find(code.as_str()).and_then(|code| world.remote.links.get(&code));
            self.read_code(turns, Evidence::Code, range.clone());
        }
        for code in version.discount_codes() {
            let code = contents.discounts.find(code.as_str());
            let turns = code.and_then(|code| world.remote.discounts.get(&code));
            self.read_code(turns, Evidence::DiscountCode, range.clone());
        }
        let products_matter = self.asked.evidence || world.rules.product_match != ProductMatch::Any;
        let lines = if products_matter { version.lines() } else { &[] };
        let products = lines.iter().filter_map(|line| contents.texts.find(line.product.as_str()));
        let types = lines.iter().filter_map(|line| contents.texts.find(line.product_type.as_ref()?.as_str()));
        self.order = Some(Bought {
            handle: state.winner.handle,
            products: products.collect(),
            types: types.collect(),
        });
    }

    /// The one turn that a code names; of several only the person's own, as far as they stand in a range of the
    /// touches.
    fn read_code(&mut self, turns: Option<&Vec<Turn>>, evidence: Evidence, range: std::ops::Range<usize>) {
        let Some(turns) = turns else { return };
        let (touches, mut own) = (&self.shopper.touches, self.circle.own_turns(self.shopper, turns));
        if let ([only], []) = (turns.as_slice(), own) {
            self.coded.add_other(*only, evidence);
        }
        let Some([first, .., last] | [first @ last]) = touches.get(range) else { return };
        own = &own[own.partition_point(|turn| turn.row < first.row)..];
        own = &own[..own.partition_point(|turn| turn.row <= last.row)];
        for turn in own {
            let place = touches.partition_point(|touch| touch.row < turn.row);
            self.coded.add_own(place as u32, touches.len(), evidence);
        }
    }

    /// Whether every candidate has to be looked at by itself, however far back it lies.
    fn everything(&self) -> bool {
        self.whole || self.asked.refused
    }

    /// The person's own touchpoints: turns with what they caused, and what stands alone.
    fn own(&mut self) {
        let everything = self.everything();
        let range = self.ground.range(&self.shopper.touches, self.at, everything);
        self.ground.count_outside(&range, &mut self.decision.refused);
        if everything {
            for place in range.end..self.shopper.touches.len() {
                if self.touch(place as u32).may {
                    self.refuse(Source::Own(place as u32), RefuseReason::AfterConversion);
                }
            }
        } else {
            self.decision.refused[RefuseReason::AfterConversion as usize] += self.ground.after(range.end);
        }
        let folds = self.folds_ahead(range.clone());
        self.own_turns(range.clone(), folds.as_deref());
        for place in range.clone() {
            let place = place as u32;
            let touch = self.touch(place);
            if touch.kind == TouchKind::Query {
                continue;
            }
            let draft = self.draft_of(touch.cause);
            if draft == NOT_DRAFTED {
                self.stand_alone(place);
            } else if folds.is_none() {
                let standing = &mut self.decision.path[draft as usize];
                standing.folds.push(place);
            }
        }
        if self.asked.evidence && folds.is_none() {
            for place in range.clone().filter(|place| self.drafted[*place] != NOT_DRAFTED) {
                let draft = self.drafted[place] as usize;
                let evidence = self.evidence(&self.decision.path[draft]);
                self.decision.path[draft].evidence = evidence;
            }
        }
        self.drafted[range].fill(NOT_DRAFTED);
    }

    /// The draft that an engagement folds into.
    fn draft_of(&self, cause: Cause) -> u32 {
        match cause {
            Cause::Own(turn) if self.circle.world.rules.unit != Unit::Event => self.drafted[turn as usize],
            _ => NOT_DRAFTED,
        }
    }

    /// What each turn caused, as (turn, engagement), where it has to be known ahead: the evidence that an engagement
    /// brings may open a window to its turn.
    fn folds_ahead(&self, range: std::ops::Range<usize>) -> Option<Vec<(u32, u32)>> {
        if self.circle.world.plan.evidence_windows.is_empty() || self.circle.world.rules.unit == Unit::Event {
            return None;
        }
        let cause = |place: usize| match self.touch(place as u32).cause {
            Cause::Own(turn) => Some((turn, place as u32)),
            _ => None,
        };
        let mut folds: Vec<(u32, u32)> = range.filter_map(cause).collect();
        folds.sort_unstable();
        Some(folds)
    }

    fn own_turns(&mut self, range: std::ops::Range<usize>, folds: Option<&[(u32, u32)]>) {
        for place in range {
            if self.touch(place as u32).kind != TouchKind::Query {
                continue;
            }
            let caused = folds.map_or(&[][..], |folds| {
                let start = folds.partition_point(|(turn, _)| (*turn as usize) < place);
                let end = folds.partition_point(|(turn, _)| *turn as usize <= place);
                &folds[start..end]
            });
            let caused = caused.iter().map(|(_, engagement)| *engagement).collect();
            match self.eligible(place as u32, Cause::None, caused) {
                Ok(standing) => {
                    self.drafted[place] = self.decision.path.len() as u32;
                    self.decision.path.push(standing);
                }
                Err(reason) => self.refuse(Source::Own(place as u32), reason),
            }
        }
    }

    /// An engagement or a visit as a touchpoint of its own. It carries the labels of the turn that caused it, and
    /// shares the fate of a turn that is refused for what it is.
    fn stand_alone(&mut self, place: u32) {
        let touch = self.touch(place);
        if !touch.may {
            return;
        }
        let verdict = self.ground.refused_for_good(self.shopper, touch.cause);
        match verdict.map_or_else(|| self.eligible(place, touch.cause, SmallVec::new()), Err) {
            Ok(standing) => self.decision.path.push(standing),
            Err(reason) => self.refuse(Source::Own(place), reason),
        }
    }

    /// Turns of other people that a code names.
    fn foreign(&mut self) {
        let oldest = self.at - i128::from(self.circle.world.plan.longest);
        for (held, left) in self.decision.refused.iter_mut().zip(self.left) {
            *held += left;
        }
        for (turn, evidence) in self.coded.others() {
            match self.eligible_other(turn, evidence) {
                Ok(standing) => self.decision.path.push(standing),
                Err(reason) => {
                    self.refuse(Source::Other(turn), reason);
                    // Conversions come in order of time: for all later ones it is as far back.
                    if !self.everything() && turn.at < oldest && self.coded.leave(&turn) {
                        self.left[reason as usize] += 1;
                    }
                }
            }
        }
    }
}

impl<'a> Circle<'_, 'a> {
    /// A person's conversions in order of time; at one instant goals stand before orders, then by id.
    pub(crate) fn earned(&self, shopper: &Shopper<'a>) -> Vec<Earned> {
        let orders = (0..).zip(&shopper.orders).filter(|(_, state)| state.counts());
        let at = |at: DateTime<Utc>| nanos_of(at);
        let orders = orders.map(|(place, state)| Earned { at: at(state.at), what: What::Order(place) });
        let goal = |row: &u32| Earned { at: self.rows[*row as usize].at.nanos(), what: What::Goal(*row) };
        let mut earned: Vec<Earned> = orders.chain(shopper.goals.iter().map(goal)).collect();
        earned.sort_by(|a, b| {
            a.at.cmp(&b.at).then_with(|| match (a.what, b.what) {
                // Orders were read in the order of their ids.
                (What::Order(a), What::Order(b)) => a.cmp(&b),
                _ => self.kind(shopper, a.what).cmp(&self.kind(shopper, b.what)),
            })
        });
        earned
    }
}
