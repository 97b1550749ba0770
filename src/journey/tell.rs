//! Decisions in the words of an answer: touchpoints with their labels, claims, journeys.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::event::Kind;
use crate::fact::{CHANNEL, FLOW, Fact, Handle, INTENT, LANGUAGE, NONE, PRODUCT_TYPE, QUERY, Symbol, TOPIC};
use crate::journey::circle::{Cause, Circle, Shopper};
use crate::journey::claim::{Asked, Claiming, Decision, Earned, Source, Standing, What};
use crate::journey::conversion::{Conversion, ConversionKind};
use crate::journey::path::Path;
use crate::journey::rules::Rules;
use crate::journey::touchpoint::{Dimension, Labels, TouchKind, Touchpoint, add};
use crate::money::Money;
use crate::reason::{RefuseReason, UnattributedReason};
use crate::text::{EventId, Label};
use crate::time::utc_of;

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

/// Values of one dimension, as numbers of texts or of identifiers, each once.
pub(crate) type Symbols = SmallVec<[Symbol; 2]>;

/// From how many values on repeats are found by sorting.
const MANY: usize = 16;

impl Dimension {
    /// The place of its label in a content, where there is one label at most.
    pub(crate) fn label(self) -> Option<usize> {
        place(self)
    }
}

/// The place of a dimension's label in a content.
fn place(dimension: Dimension) -> Option<usize> {
    Some(match dimension {
        Dimension::Query => QUERY,
        Dimension::Topic => TOPIC,
        Dimension::Intent => INTENT,
        Dimension::Flow => FLOW,
        Dimension::ProductType => PRODUCT_TYPE,
        Dimension::Language => LANGUAGE,
        Dimension::Channel => CHANNEL,
        Dimension::Product | Dimension::Conversation | Dimension::Evidence => return None,
    })
}

impl Circle<'_, '_> {
    /// Content and handle of a touchpoint's own event, and of the turn that caused it.
    fn origins(&self, shopper: &Shopper<'_>, standing: &Standing) -> SmallVec<[(u32, Handle); 2]> {
        let mut origins = SmallVec::new();
        match standing.cause {
            Cause::None => {}
            Cause::Own(turn) => {
                let turn = &shopper.touches[turn as usize];
                origins.push((turn.content, turn.handle));
            }
            Cause::Other(turn) => {
                let turn = &shopper.others[turn as usize];
                origins.push((turn.content, turn.handle));
            }
        }
        match standing.source {
            Source::Own(touch) => {
                let touch = &shopper.touches[touch as usize];
                origins.push((touch.content, touch.handle));
            }
            Source::Other(turn) => origins.push((turn.content, turn.handle)),
        }
        origins
    }

    /// The values of a touchpoint in a dimension, in no order; those of evidence are its numbers.
    ///
    /// An engagement has the labels of its turn and its own, but of channel and conversation the turn's alone where
    /// the turn has one.
    pub(crate) fn symbols(
        &self,
        shopper: &Shopper<'_>,
        standing: &Standing,
        dimension: Dimension,
    ) -> Symbols {
        let mut symbols = Symbols::new();
        if dimension == Dimension::Evidence {
            symbols.extend(standing.evidence.strongest().map(|evidence| evidence as Symbol));
            return symbols;
        }
        self.add_symbols(shopper, standing, dimension, &mut symbols);
        for part in &standing.rest {
            self.add_symbols(shopper, part, dimension, &mut symbols);
        }
        if symbols.len() > MANY {
            symbols.sort_unstable();
            symbols.dedup();
        }
        symbols
    }

    fn add_symbols(
        &self,
        shopper: &Shopper<'_>,
        part: &Standing,
        dimension: Dimension,
        symbols: &mut Symbols,
    ) {
        let contents = &self.world.facts.contents;
        let mut put = |symbol: Symbol| {
            // Among many they are looked for when all are there.
            if symbol != NONE && (symbols.len() >= MANY || !symbols.contains(&symbol)) {
                symbols.push(symbol);
            }
        };
        let origins = self.origins(shopper, part);
        match (dimension, place(dimension)) {
            (Dimension::Product, _) => {
                origins
                    .iter()
                    .flat_map(|(content, _)| &contents.get(*content).products)
                    .for_each(|s| put(*s));
                for fold in &part.folds {
                    let content = shopper.touches[*fold as usize].content;
                    contents.get(content).products.iter().for_each(|symbol| put(*symbol));
                }
            }
            (Dimension::Conversation, _) => {
                let conversation = |(_, handle): &(u32, Handle)| self.world.conversation(*handle);
                origins.iter().find_map(conversation).into_iter().for_each(put);
            }
            (Dimension::Channel, _) => {
                let channel = |(content, _): &(u32, Handle)| contents.get(*content).labels[CHANNEL];
                let mut channels = origins.iter().map(channel).filter(|channel| *channel != NONE);
                channels.next().into_iter().for_each(put);
            }
            (_, Some(place)) => {
                origins.iter().for_each(|(content, _)| put(contents.get(*content).labels[place]));
            }
            _ => {}
        }
    }

    /// Whether a touchpoint's channel is that of direct visits.
    pub(crate) fn is_direct(&self, shopper: &Shopper<'_>, part: &Standing) -> bool {
        let contents = &self.world.facts.contents;
        let origins = self.origins(shopper, part);
        let mut channels =
            origins.iter().filter(|(content, _)| contents.get(*content).labels[CHANNEL] != NONE);
        channels.next().is_some_and(|(content, _)| self.world.prepared(*content).direct)
    }

    /// The text of a value.
    pub(crate) fn label(&self, dimension: Dimension, symbol: Symbol) -> Label {
        label(self.world.facts, dimension, symbol)
    }

    /// The values of a touchpoint in a dimension, in text order.
    pub(crate) fn values(&self, shopper: &Shopper<'_>, standing: &Standing, dimension: Dimension) -> Symbols {
        let mut symbols = self.symbols(shopper, standing, dimension);
        if symbols.len() > 1 {
            symbols.sort_by_cached_key(|symbol| self.label(dimension, *symbol));
        }
        symbols
    }

    fn labels(&self, shopper: &Shopper<'_>, standing: &Standing) -> Labels {
        let values = |dimension| {
            let symbols = self.symbols(shopper, standing, dimension);
            let mut values = SmallVec::new();
            symbols.iter().for_each(|symbol| add(&mut values, self.label(dimension, *symbol)));
            values
        };
        Labels {
            query: values(Dimension::Query),
            topic: values(Dimension::Topic),
            intent: values(Dimension::Intent),
            flow: values(Dimension::Flow),
            product: values(Dimension::Product),
            product_type: values(Dimension::ProductType),
            language: values(Dimension::Language),
            channel: values(Dimension::Channel),
            conversation: values(Dimension::Conversation),
        }
    }

    /// The id of a touchpoint's event.
    pub(crate) fn source_id(&self, shopper: &Shopper<'_>, source: Source) -> EventId {
        match source {
            Source::Own(touch) => self.touch_id(shopper, touch),
            Source::Other(turn) => self.world.turn_id(turn),
        }
    }

    /// What an answer cost.
    fn cost(&self, shopper: &Shopper<'_>, source: Source) -> Option<Money> {
        let content = match source {
            Source::Own(touch) => self.rows[shopper.touches[touch as usize].row as usize].content,
            Source::Other(turn) => self.world.cluster(turn.cluster).rows.get(turn.row as usize)?.content,
        };
        match &self.world.facts.contents.get(content).content.kind {
            Kind::Query(query) => query.cost,
            _ => None,
        }
    }

    /// The fact behind a touchpoint.
    pub(crate) fn source_fact(&self, shopper: &Shopper<'_>, source: Source) -> Option<Fact> {
        let facts = self.world.facts;
        match source {
            Source::Own(touch) => {
                let row = &self.rows[shopper.touches[touch as usize].row as usize];
                Some(facts.fact(self.cluster, row))
            }
            Source::Other(turn) => {
                let cluster = self.world.cluster(turn.cluster);
                cluster.rows.get(turn.row as usize).map(|row| facts.fact(cluster, row))
            }
        }
    }

    fn touch_id(&self, shopper: &Shopper<'_>, touch: u32) -> EventId {
        let row = &self.rows[shopper.touches[touch as usize].row as usize];
        self.world.facts.event_id(self.cluster, row)
    }

    /// A touchpoint as it is told.
    pub(crate) fn touchpoint(&self, shopper: &Shopper<'_>, standing: &Standing) -> Touchpoint {
        let turn = match standing.cause {
            Cause::None => None,
            Cause::Own(turn) => Some(self.touch_id(shopper, turn)),
            Cause::Other(turn) => Some(self.world.turn_id(shopper.others[turn as usize])),
        };
        let folds = |part: &Standing| part.folds.iter().map(|fold| self.touch_id(shopper, *fold)).collect();
        let mut engagements: Vec<EventId> = folds(standing);
        for part in &standing.rest {
            engagements.push(self.source_id(shopper, part.source));
            engagements.extend::<Vec<EventId>>(folds(part));
        }
        Touchpoint {
            id: self.source_id(shopper, standing.source),
            at: utc_of(standing.at),
            kind: standing.kind,
            turn,
            labels: self.labels(shopper, standing),
            evidence: standing.evidence,
            engagements,
            foreign: matches!(standing.source, Source::Other(_)),
            cost: self.cost(shopper, standing.source),
        }
    }

    /// Which conversion it is, with its id.
    pub(crate) fn kind(&self, shopper: &Shopper<'_>, what: What) -> ConversionKind {
        match what {
            What::Order(place) => ConversionKind::Order(shopper.orders[place as usize].id.clone()),
            What::Goal(row) => {
                let row = &self.rows[row as usize];
                let goal = match &self.world.facts.contents.get(row.content).content.kind {
                    Kind::Goal(goal) => goal.goal.clone(),
                    _ => Label::from(""),
                };
                ConversionKind::Goal { goal, event: self.world.facts.event_id(self.cluster, row) }
            }
        }
    }

    /// A conversion as it is told.
    pub(crate) fn conversion(&self, shopper: &Shopper<'_>, earned: &Earned) -> Conversion {
        match earned.what {
            What::Order(place) => shopper.orders[place as usize].conversion(),
            What::Goal(row) => {
                let value = match &self.world.facts.contents.get(self.rows[row as usize].content).content.kind
                {
                    Kind::Goal(goal) => goal.value,
                    _ => None,
                };
                let (kind, at) = (self.kind(shopper, earned.what), utc_of(earned.at));
                Conversion { kind, at, total: value, value, over_refunded: 0, lines: Vec::new() }
            }
        }
    }

    fn refused(&self, shopper: &Shopper<'_>, source: Source, reason: RefuseReason) -> Refused {
        let (at, kind, foreign) = match source {
            Source::Own(touch) => {
                let touch = &shopper.touches[touch as usize];
                (touch.at, touch.kind, false)
            }
            Source::Other(turn) => (turn.at, TouchKind::Query, true),
        };
        Refused { at: utc_of(at), id: self.source_id(shopper, source), kind, reason, foreign }
    }

    /// A decision as it is told.
    pub(crate) fn claim(
        &self,
        shopper: &Shopper<'_>,
        earned: &Earned,
        decision: &Decision,
        unattributed: impl FnOnce() -> UnattributedReason,
    ) -> Claim {
        let told = decision.told.iter();
        let mut refused: Vec<Refused> =
            told.map(|(source, reason)| self.refused(shopper, *source, *reason)).collect();
        refused.sort();
        Claim {
            conversion: self.conversion(shopper, earned),
            touchpoints: decision.path.iter().map(|standing| self.touchpoint(shopper, standing)).collect(),
            refused,
            unattributed: decision.path.is_empty().then(unattributed),
        }
    }

    /// All claims of a person, told in full.
    pub(crate) fn claims(&self, shopper: &Shopper<'_>) -> Vec<Claim> {
        let mut claiming = Claiming::new(self, shopper, Asked { evidence: true, refused: true });
        let mut claims = Vec::new();
        for earned in self.earned(shopper) {
            claiming.decide(&earned);
            let unattributed = || claiming.unattributed(&earned);
            claims.push(self.claim(shopper, &earned, claiming.decision(), unattributed));
        }
        claims
    }
}

/// The text of a value.
pub(crate) fn label(facts: &crate::fact::Facts, dimension: Dimension, symbol: Symbol) -> Label {
    use crate::journey::touchpoint::Evidence;
    match dimension {
        Dimension::Evidence => {
            Label::from(Evidence::ALL.get(symbol as usize).map_or("", |evidence| evidence.name()))
        }
        Dimension::Conversation => Label::from(facts.pseudonym(symbol).to_string()),
        _ => facts.contents.texts.get(symbol).clone(),
    }
}
