//! From a person's facts to the path of one conversion: who may claim it, on what evidence, and who may not.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::event::{Kind, Order};
use crate::fact::Fact;
use crate::id::IdKind;
use crate::journey::conversion::Conversion;
use crate::journey::path::Path;
use crate::journey::rules::{DirectVisits, ProductMatch, Reuse, Rules, Unit};
use crate::journey::touchpoint::{Dimension, Evidence, EvidenceSet, Labels, TouchKind, Touchpoint, add};
use crate::journey::world::{Codes, World};
use crate::reason::{RefuseReason, UnattributedReason};
use crate::text::{Code, EventId, Label};
use crate::time::within;

/// A conversion with the touchpoints that may claim it and those that may not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Claim {
    /// What is claimed.
    pub conversion: Conversion,
    /// Who may claim it, in order.
    pub touchpoints: Vec<Touchpoint>,
    /// Who may not, in order, and why.
    pub refused: Vec<Refused>,
    /// Why nobody may, if that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unattributed: Option<UnattributedReason>,
    /// The events behind each touchpoint, among the facts of the answer.
    #[serde(skip)]
    pub(crate) sources: Vec<Vec<usize>>,
}

impl Claim {
    /// The path that models see, under the transform of the rules.
    pub fn path(&self, rules: &Rules, dimension: Dimension) -> Path<'_> {
        Path::transformed(&self.conversion, &self.touchpoints, dimension, rules.transform)
    }
}

/// A touchpoint that may not claim a conversion.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Refused {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Id of its event.
    pub id: EventId,
    /// What it is.
    pub kind: TouchKind,
    /// Why.
    pub reason: RefuseReason,
    /// Whether it is a turn of another person, which a code named.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub foreign: bool,
}

/// What the conversions before this one leave to it.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    /// The instant of the last one.
    pub(crate) last: Option<DateTime<Utc>>,
    /// Events that were in one of their paths.
    pub(crate) consumed: BTreeSet<usize>,
}

/// A touchpoint in the making.
struct Draft {
    touchpoint: Touchpoint,
    sources: Vec<usize>,
    rank: usize,
}

/// Builds the claim of one conversion.
pub(crate) struct Claiming<'w, 'a> {
    world: &'w World<'a>,
    person: usize,
    at: DateTime<Utc>,
    /// The fact behind the conversion: a goal, or the version of an order that holds.
    converted: usize,
    /// The order, if it is one.
    order: Option<(&'a Fact, &'a Order)>,
    earlier: &'w Earlier,
    drafts: Vec<Draft>,
    refused: Vec<Refused>,
    /// Evidence that codes give to turns, whoever's they are.
    coded: BTreeMap<usize, EvidenceSet>,
    /// Whether it is the whole journey that is asked for: no window, nothing consumed.
    whole: bool,
}

impl<'w, 'a> Claiming<'w, 'a> {
    pub(crate) fn claim(
        world: &'w World<'a>,
        converted: usize,
        conversion: Conversion,
        earlier: &'w Earlier,
    ) -> Claim {
        let mut claiming = Self::new(world, world.person(converted), conversion.at, earlier);
        claiming.converted = converted;
        let fact = world.facts[converted];
        claiming.order = fact.order().map(|order| (fact, order));
        claiming.read_codes();
        claiming.own();
        claiming.foreign();
        claiming.match_products();
        claiming.leave_out_direct_visits();
        claiming.arrange();
        claiming.trim();
        claiming.finish(conversion)
    }

    /// Everything up to `at` that may earn, whether or not a conversion followed.
    pub(crate) fn whole(world: &'w World<'a>, person: usize, at: DateTime<Utc>) -> Vec<Touchpoint> {
        let earlier = Earlier::default();
        let mut claiming = Claiming::new(world, person, at, &earlier);
        claiming.whole = true;
        claiming.own();
        claiming.arrange();
        claiming.drafts.into_iter().map(|draft| draft.touchpoint).collect()
    }

    fn new(world: &'w World<'a>, person: usize, at: DateTime<Utc>, earlier: &'w Earlier) -> Self {
        let (drafts, refused, coded) = Default::default();
        Self { world, person, at, converted: 0, order: None, earlier, drafts, refused, coded, whole: false }
    }

    /// Puts the touchpoints in order, by time, causes before effects, then by id.
    fn arrange(&mut self) {
        self.drafts.sort_by(|a, b| {
            let order = |draft: &Draft| (draft.touchpoint.at, draft.rank);
            order(a).cmp(&order(b)).then_with(|| a.touchpoint.id.cmp(&b.touchpoint.id))
        });
        if self.world.rules.unit == Unit::Conversation {
            self.group_conversations();
        }
    }

    fn finish(mut self, conversion: Conversion) -> Claim {
        self.refused.sort();
        let unattributed = self.drafts.is_empty().then(|| self.unattributed());
        let (touchpoints, sources) =
            self.drafts.into_iter().map(|draft| (draft.touchpoint, draft.sources)).unzip();
        Claim { conversion, touchpoints, refused: self.refused, unattributed, sources }
    }

    /// Why nobody may claim the conversion.
    fn unattributed(&self) -> UnattributedReason {
        let all = |wanted| self.refused.iter().all(|refused| refused.reason == wanted);
        if self.refused.is_empty() && self.world.people.shared[self.converted] {
            UnattributedReason::SharedIdentifier
        } else if self.refused.is_empty() {
            UnattributedReason::NoTouchpoint
        } else if all(RefuseReason::AfterConversion) {
            UnattributedReason::AfterConversion
        } else if !self.world.consent[self.person] {
            UnattributedReason::NoConsent
        } else if all(RefuseReason::OutOfWindow) {
            UnattributedReason::OutOfWindow
        } else {
            UnattributedReason::AllRefused
        }
    }

    fn fact(&self, place: usize) -> &'a Fact {
        self.world.facts[place]
    }

    fn refuse(&mut self, place: usize, reason: RefuseReason) {
        let fact = self.fact(place);
        if let Some(kind) = TouchKind::of(fact) {
            let foreign = self.world.person(place) != self.person;
            self.refused.push(Refused { at: fact.at, id: fact.id.clone(), kind, reason, foreign });
        }
    }

    /// Which turns the codes on the order, and on the person's clicks up to it, name.
    fn read_codes(&mut self) {
        let world = self.world;
        for place in &world.members[self.person] {
            let fact = world.facts[*place];
            match &fact.kind {
                _ if fact.at > self.at => {}
                Kind::LinkClick(click) => self.read_code(&world.links, click.code.iter(), Evidence::Code),
                Kind::Visit(visit) => self.read_code(&world.links, visit.code.iter(), Evidence::Code),
                _ => {}
            }
        }
        if let Some((_, order)) = self.order {
            self.read_code(&world.links, order.codes.iter(), Evidence::Code);
            self.read_code(&world.discounts, order.discount_codes.iter(), Evidence::DiscountCode);
        }
    }

    /// The one turn that a code names; of several only the person's own.
    fn read_code<'c>(&mut self, codes: &Codes<'_>, read: impl Iterator<Item = &'c Code>, evidence: Evidence) {
        for code in read {
            let turns = codes.turns(code);
            for turn in
                turns.iter().filter(|turn| turns.len() == 1 || self.world.person(**turn) == self.person)
            {
                self.coded.entry(*turn).or_default().add(evidence);
            }
        }
    }

    /// The person's own touchpoints: turns with what they caused, and what stands alone.
    fn own(&mut self) {
        let world = self.world;
        let mut caused: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut alone = Vec::new();
        let mut turns = Vec::new();
        for place in world.members[self.person].iter().copied() {
            let Some(kind) = TouchKind::of(self.fact(place)) else { continue };
            let cause = world.causes[place].filter(|_| kind.is_engagement());
            if self.fact(place).at > self.at {
                if world.rules.kinds.contains(&kind) {
                    self.refuse(place, RefuseReason::AfterConversion);
                }
                continue;
            }
            if kind == TouchKind::Query {
                turns.push(place);
            } else {
                match cause {
                    Some(turn) if world.person(turn) == self.person => {
                        caused.entry(turn).or_default().push(place)
                    }
                    _ => alone.push(place),
                }
            }
        }
        for turn in turns {
            let engagements = caused.remove(&turn).unwrap_or_default();
            alone.extend(self.own_turn(turn, engagements));
        }
        // What is left was caused by a turn after the conversion, by a clock that went wrong.
        alone.extend(caused.into_values().flatten());
        for place in alone {
            self.stand_alone(place);
        }
    }

    /// A turn with its engagements; gives back those that do not fold into it.
    fn own_turn(&mut self, turn: usize, engagements: Vec<usize>) -> Vec<usize> {
        let fold = if self.world.rules.unit == Unit::Event { &[] } else { &*engagements };
        match self.eligible(turn, || self.draft(turn, Some(turn), fold)) {
            Ok(draft) => {
                self.drafts.push(draft);
                if self.world.rules.unit == Unit::Event { engagements } else { Vec::new() }
            }
            Err(reason) => {
                self.refuse(turn, reason);
                engagements
            }
        }
    }

    /// An engagement or a visit as a touchpoint of its own. It carries the labels of the turn that caused it, and
    /// shares the fate of a turn that is refused for what it is.
    fn stand_alone(&mut self, place: usize) {
        let fact = self.fact(place);
        let Some(kind) = TouchKind::of(fact) else { return };
        if !self.world.rules.kinds.contains(&kind) {
            return;
        }
        let cause = self.world.causes[place].filter(|_| kind.is_engagement());
        let verdict = cause.and_then(|turn| self.refused_for_good(turn));
        let eligible = || self.eligible(place, || self.draft(place, cause, &[]));
        match verdict.map_or_else(eligible, Err) {
            Ok(draft) => self.drafts.push(draft),
            Err(reason) => self.refuse(place, reason),
        }
    }

    /// Turns of other people that a code names.
    fn foreign(&mut self) {
        let (world, person) = (self.world, self.person);
        let coded: Vec<usize> = self.coded.keys().copied().collect();
        for turn in coded.into_iter().filter(|turn| world.person(*turn) != person) {
            match self.eligible(turn, || self.draft(turn, Some(turn), &[])) {
                Ok(mut draft) => {
                    draft.touchpoint.foreign = true;
                    self.drafts.push(draft);
                }
                Err(reason) => self.refuse(turn, reason),
            }
        }
    }

    /// Why a turn may not earn for what it is: it takes its engagements with it.
    fn refused_for_good(&self, turn: usize) -> Option<RefuseReason> {
        let consent = self.world.consent[self.world.person(turn)];
        if consent { self.world.barred[turn] } else { Some(RefuseReason::NoConsent) }
    }

    /// The touchpoint at `place` if it may claim, leaving aside what can be said only of the whole path. It is
    /// drafted only where all but its evidence lets it in.
    fn eligible(&self, place: usize, draft: impl FnOnce() -> Draft) -> Result<Draft, RefuseReason> {
        let (world, fact) = (self.world, self.fact(place));
        if fact.at > self.at {
            return Err(RefuseReason::AfterConversion);
        }
        if !world.consent[self.person] || !world.consent[world.person(place)] {
            return Err(RefuseReason::NoConsent);
        }
        let kind = TouchKind::of(fact).filter(|kind| world.rules.kinds.contains(kind));
        let kind = kind.ok_or(RefuseReason::KindMayNotEarn)?;
        if let Some(reason) = world.barred[place] {
            return Err(reason);
        }
        if self.whole {
            return Ok(draft());
        }
        let base = *world.rules.kind_windows.get(&kind).unwrap_or(&world.rules.lookback);
        let windows = &world.rules.evidence_windows;
        let inside = within(fact.at, self.at, base);
        if !inside && !windows.values().any(|window| within(fact.at, self.at, *window)) {
            return Err(RefuseReason::OutOfWindow);
        }
        match world.rules.reuse {
            Reuse::FirstOnly if self.earlier.last.is_some() => return Err(RefuseReason::NotFirstConversion),
            Reuse::Restart if self.earlier.last.is_some_and(|last| fact.at <= last) => {
                return Err(RefuseReason::BeforeEarlierConversion);
            }
            Reuse::Consumed if self.earlier.consumed.contains(&place) => return Err(RefuseReason::Consumed),
            _ => {}
        }
        let draft = draft();
        let opens = |evidence: &Evidence| {
            windows.get(evidence).is_some_and(|window| within(fact.at, self.at, *window))
        };
        if inside || draft.touchpoint.evidence.iter().any(|evidence| opens(&evidence)) {
            Ok(draft)
        } else {
            Err(RefuseReason::OutOfWindow)
        }
    }

    /// The touchpoint of one event with the labels of its turn, and what it folds in.
    fn draft(&self, place: usize, turn: Option<usize>, fold: &[usize]) -> Draft {
        let fact = self.fact(place);
        let kind = TouchKind::of(fact).unwrap_or_default();
        let mut labels = self.labels(place);
        if let Some(turn) = turn.filter(|turn| *turn != place) {
            let mut of_turn = self.labels(turn);
            if !of_turn.channel.is_empty() {
                labels.channel.clear();
            }
            if !of_turn.conversation.is_empty() {
                labels.conversation.clear();
            }
            of_turn.extend(labels);
            labels = of_turn;
        }
        for engagement in fold {
            self.fact(*engagement).kind.products().iter().for_each(|product| {
                add(&mut labels.product, Label::from(product));
            });
        }
        let mut sources = vec![place];
        sources.extend(fold);
        let engagements = fold.iter().map(|place| self.fact(*place).id.clone()).collect();
        let turn = turn.filter(|turn| *turn != place).map(|turn| self.fact(turn).id.clone());
        let (id, at) = (fact.id.clone(), fact.at);
        let evidence = EvidenceSet::default();
        let mut touchpoint = Touchpoint { id, at, kind, turn, labels, evidence, engagements, foreign: false };
        touchpoint.evidence = self.evidence(place, &sources, &touchpoint);
        Draft { touchpoint, sources, rank: fact.kind.rank() }
    }

    /// The labels that an event has by itself.
    fn labels(&self, place: usize) -> Labels {
        let fact = self.fact(place);
        let one = |label: &Option<Label>| label.iter().cloned().collect();
        let mut labels = Labels { channel: one(&fact.channel), ..Labels::default() };
        if let Some(conversation) = fact.get(IdKind::Conversation) {
            labels.conversation.push(Label::from(conversation.to_string()));
        }
        if let Kind::Query(query) = &fact.kind {
            labels.query = one(&query.query);
            labels.topic = one(&query.topic);
            labels.intent = one(&query.intent);
            labels.flow = one(&query.flow);
            labels.product_type = one(&query.product_type);
        }
        fact.kind.products().iter().for_each(|product| add(&mut labels.product, Label::from(product)));
        labels
    }

    fn evidence(&self, place: usize, sources: &[usize], touchpoint: &Touchpoint) -> EvidenceSet {
        let mut evidence = self.coded.get(&place).copied().unwrap_or_default();
        if self.world.person(place) == self.person {
            let known = self.world.people.known[self.person];
            evidence.add(if known { Evidence::SameCustomer } else { Evidence::SameVisitor });
        }
        if let Some((fact, order)) = self.order {
            for kind in [IdKind::Cart, IdKind::Checkout] {
                let same =
                    |place: &usize| fact.get(kind).is_some_and(|id| self.fact(*place).get(kind) == Some(id));
                if sources.iter().any(same) {
                    evidence.add(Evidence::SameCart);
                }
            }
            let bought =
                |label: &Label| order.lines.iter().any(|line| line.product.as_str() == label.as_str());
            if touchpoint.is_bot() && touchpoint.labels.product.iter().any(bought) {
                evidence.add(Evidence::RecommendedProduct);
            }
        }
        evidence
    }

    fn match_products(&mut self) {
        let wanted = self.world.rules.product_match;
        let Some((_, order)) = self.order.filter(|_| wanted != ProductMatch::Any) else { return };
        let matches = |touchpoint: &Touchpoint| {
            let mut lines = order.lines.iter();
            let has = |dimension, text: &str| {
                touchpoint.labels.get(dimension).iter().any(|label| label.as_str() == text)
            };
            match wanted {
                ProductMatch::SameType => lines.any(|line| {
                    line.product_type.as_ref().is_some_and(|kind| has(Dimension::ProductType, kind.as_str()))
                }),
                _ => lines.any(|line| has(Dimension::Product, line.product.as_str())),
            }
        };
        self.keep(RefuseReason::OtherProduct, |draft| matches(&draft.touchpoint));
    }

    fn leave_out_direct_visits(&mut self) {
        let direct = |draft: &Draft| draft.touchpoint.is_direct();
        let all_direct = self.drafts.iter().all(direct);
        match self.world.rules.direct_visits {
            DirectVisits::May => {}
            DirectVisits::Never => self.keep(RefuseReason::DirectVisit, |draft| !direct(draft)),
            _ if all_direct => {}
            DirectVisits::OnlyIfNothingElse => self.keep(RefuseReason::DirectVisit, |draft| !direct(draft)),
            DirectVisits::NotLast => {
                let last = |draft: &Draft| (draft.touchpoint.at, draft.rank, draft.touchpoint.id.clone());
                let last = self.drafts.iter().filter(|draft| !direct(draft)).map(last).max();
                self.keep(RefuseReason::DirectVisit, |draft| {
                    let here = (draft.touchpoint.at, draft.rank, draft.touchpoint.id.clone());
                    !direct(draft) || last.as_ref().is_some_and(|last| here < *last)
                });
            }
        }
    }

    /// Keeps what passes, and refuses the rest.
    fn keep(&mut self, reason: RefuseReason, passes: impl Fn(&Draft) -> bool) {
        let (kept, refused): (Vec<Draft>, Vec<Draft>) =
            std::mem::take(&mut self.drafts).into_iter().partition(passes);
        self.drafts = kept;
        refused.iter().for_each(|draft| self.refuse(draft.sources[0], reason));
    }

    /// Makes one touchpoint of all those of a conversation. They stand in order: the first one gives id and
    /// instant.
    fn group_conversations(&mut self) {
        let mut places: BTreeMap<Label, usize> = BTreeMap::new();
        let mut grouped: Vec<Draft> = Vec::new();
        for draft in std::mem::take(&mut self.drafts) {
            let conversation = draft.touchpoint.labels.conversation.first().cloned();
            match conversation.as_ref().and_then(|conversation| places.get(conversation)) {
                Some(place) => {
                    let Draft { touchpoint, sources, .. } = draft;
                    let held = &mut grouped[*place];
                    held.sources.extend(sources);
                    // A conversation with the bot in it is no visit, whatever began it.
                    if !held.touchpoint.is_bot() {
                        held.touchpoint.kind = touchpoint.kind;
                    }
                    held.touchpoint.labels.extend(touchpoint.labels);
                    held.touchpoint.evidence.extend(touchpoint.evidence);
                    held.touchpoint.engagements.push(touchpoint.id);
                    held.touchpoint.engagements.extend(touchpoint.engagements);
                }
                None => {
                    places.extend(conversation.map(|conversation| (conversation, grouped.len())));
                    grouped.push(draft);
                }
            }
        }
        self.drafts = grouped;
    }

    fn trim(&mut self) {
        let Some(count) = self.world.rules.last_touchpoints else { return };
        let surplus = self.drafts.len().saturating_sub(count as usize);
        let trimmed: Vec<Draft> = self.drafts.drain(..surplus).collect();
        trimmed.iter().for_each(|draft| self.refuse(draft.sources[0], RefuseReason::Trimmed));
    }
}
