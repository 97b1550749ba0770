//! One pass over everybody's paths: all models and dimensions asked for, and what the overview counts.

use std::collections::{BTreeMap, BTreeSet};

use crate::credit::{ONE, weigh};
use crate::error::Result;
use crate::event::Kind;
use crate::fact::Facts;
use crate::id::{IdKind, Pseudonym};
use crate::journey::{Claim, Dimension, OrderState, Path, Touchpoint, World};
use crate::model::{Model, Weights};
use crate::money::apportion;
use crate::question::{Dated, Question};
use crate::report::sums::{Cell, Key, NotCounted, Population, Sums};
use crate::text::Label;
use crate::time::within;

/// What a row is called where a touchpoint has no value in the dimension.
pub(crate) const NONE: &str = "none";

/// The sums that answer a question.
pub(crate) fn collect(facts: &Facts, question: &Question) -> Result<Sums> {
    question.check()?;
    let world = World::new(facts, &question.rules, question.consent, question.as_of);
    let orders = world.orders_by_person();
    let claims: Vec<Vec<Claim>> =
        orders.iter().enumerate().map(|(person, orders)| world.claims(person, orders)).collect();
    let mut collector = Collector { question, sums: Sums::default(), weights: Weights::default() };
    collector.intake(&world, &orders);
    for claim in claims.iter().flatten() {
        collector.claim(claim)?;
    }
    collector.rates(&world, &claims);
    collector.repeats(&world, &claims);
    Ok(collector.sums)
}

struct Collector<'q> {
    question: &'q Question,
    sums: Sums,
    weights: Weights,
}

impl Collector<'_> {
    fn add(&mut self, key: Key, number: impl Into<i128>) {
        self.sums.add(&key, number.into());
    }

    /// What came in, and what became of orders and refunds.
    fn intake(&mut self, world: &World<'_>, orders: &[Vec<&OrderState<'_>>]) {
        for fact in &world.facts {
            self.add(Key::JunkIdentifiers, fact.junk);
            self.add(Key::WithheldFields, fact.withheld);
        }
        self.add(Key::Events, world.facts.len() as i128);
        let without_turn = world.links.without_turn + world.discounts.without_turn;
        self.add(Key::CodesWithoutTurn, without_turn);
        let misfits = orders.iter().flatten().flat_map(|state| &state.misfits);
        for refund in misfits.chain(&world.ledger.orphans) {
            self.add(Key::RefundsLoose(refund.currency()), 1);
            self.add(Key::RefundsLooseValue(refund.currency()), refund.minor());
        }
        for state in orders.iter().flatten() {
            let in_period = self.question.dated == Dated::ByTouch || self.question.period.contains(state.at);
            if !in_period {
                continue;
            }
            self.add(Key::OrdersKnown, 1);
            self.add(Key::RefundsApplied(state.currency()), state.applied() as i128);
            self.add(Key::OverRefunded(state.currency()), state.over_refunded());
            if let Some(reason) = NotCounted::of(state) {
                self.sums.count(Key::NotCounted(reason));
            }
        }
    }

    fn claim(&mut self, claim: &Claim) -> Result<()> {
        let (question, conversion) = (self.question, &claim.conversion);
        let by_touch = question.dated == Dated::ByTouch;
        if !question.asks_about(&conversion.kind) || !(by_touch || question.period.contains(conversion.at)) {
            return Ok(());
        }
        let currency = conversion.currency();
        self.sums.count(Key::Conversions(currency));
        self.add(Key::Value(currency), conversion.minor());
        for refused in &claim.refused {
            self.sums.count(Key::Refused(refused.reason));
        }
        if let Some(value) = conversion.value {
            let with_bot = claim.touchpoints.iter().any(Touchpoint::is_bot);
            self.sums.count(Key::Orders { with_bot, currency: value.currency(), minor: value.minor() });
        }
        let queries: BTreeSet<&Label> =
            claim.touchpoints.iter().flat_map(|touchpoint| &touchpoint.labels.query).collect();
        for query in queries {
            self.sums.count(Key::QueryInPath(query.clone()));
        }
        if let Some(reason) = claim.unattributed {
            self.sums.count(Key::Unattributed(currency, reason));
            self.add(Key::UnattributedValue(currency, reason), conversion.minor());
            return Ok(());
        }
        // A dimension asked for twice has one set of sums, which must not count twice.
        let dimensions: BTreeSet<Dimension> = question.by.iter().copied().collect();
        for by in dimensions {
            let path = Path::transformed(conversion, &claim.touchpoints, by, question.rules.transform);
            for chosen in &question.models {
                let cell = Cell { by, currency, model: Label::from(chosen.name()) };
                match chosen.model() {
                    Some(model) => self.credit(model, &path, cell)?,
                    None => self.participate(&path, &cell),
                }
            }
        }
        Ok(())
    }

    fn credit(&mut self, model: &dyn Model, path: &Path<'_>, cell: Cell) -> Result<()> {
        let minor = path.conversion().minor();
        let Some(units) = weigh(model, path, &mut self.weights)? else {
            self.add(Key::Declined(cell.clone()), ONE);
            self.add(Key::DeclinedValue(cell), minor);
            return Ok(());
        };
        let (shares, values) = (apportion(ONE, &units)?, apportion(minor, &units)?);
        for (touchpoint, (share, value)) in path.touchpoints().zip(shares.into_iter().zip(values)) {
            if !self.dated_inside(touchpoint) {
                self.add(Key::Outside(cell.clone()), share);
                self.add(Key::OutsideValue(cell.clone()), value);
                continue;
            }
            let labels = labels(touchpoint, cell.by);
            let even = vec![1; labels.len()];
            let parts = apportion(share, &even)?.into_iter().zip(apportion(value, &even)?);
            for (label, (share, value)) in labels.into_iter().zip(parts) {
                self.add(Key::Credit(cell.clone(), label.clone()), share);
                self.add(Key::CreditValue(cell.clone(), label), value);
            }
        }
        Ok(())
    }

    fn participate(&mut self, path: &Path<'_>, cell: &Cell) {
        let inside = path.touchpoints().filter(|touchpoint| self.dated_inside(touchpoint));
        let distinct: BTreeSet<Label> = inside.flat_map(|touchpoint| labels(touchpoint, cell.by)).collect();
        for label in distinct {
            self.add(Key::Participation(cell.clone(), label.clone()), ONE);
            self.add(Key::ParticipationValue(cell.clone(), label), path.conversion().minor());
        }
    }

    fn dated_inside(&self, touchpoint: &Touchpoint) -> bool {
        self.question.dated == Dated::ByConversion || self.question.period.contains(touchpoint.at)
    }

    /// Turns, conversations and people, and which of them ended in a conversion that is asked about.
    fn rates(&mut self, world: &World<'_>, claims: &[Vec<Claim>]) {
        let asked = claims.iter().flatten().filter(|claim| self.question.asks_about(&claim.conversion.kind));
        let converted: BTreeSet<usize> =
            asked.flat_map(|claim| claim.sources.iter().flatten().copied()).collect();
        let mut conversations: BTreeMap<Pseudonym, bool> = BTreeMap::new();
        for (person, members) in world.members.iter().enumerate().filter(|(person, _)| world.consent[*person])
        {
            let mut people = None;
            for place in members {
                let fact = world.facts[*place];
                let Kind::Query(query) = &fact.kind else { continue };
                if !self.question.period.contains(fact.at) {
                    continue;
                }
                debug_assert_eq!(world.person(*place), person);
                let ended = converted.contains(place);
                self.ask(Population::Turns, ended);
                *people.get_or_insert(false) |= ended;
                if let Some(conversation) = fact.get(IdKind::Conversation) {
                    *conversations.entry(conversation).or_default() |= ended;
                }
                if let Some(query) = &query.query {
                    self.sums.count(Key::QueryTurns(query.clone()));
                    self.add(Key::QueryConverted(query.clone()), i128::from(ended));
                }
            }
            if let Some(ended) = people {
                self.ask(Population::People, ended);
            }
        }
        conversations.into_values().for_each(|ended| self.ask(Population::Conversations, ended));
    }

    fn ask(&mut self, population: Population, ended: bool) {
        self.sums.count(Key::Asked(population));
        self.add(Key::Converted(population), i128::from(ended));
    }

    /// Queries asked again before a conversion, against those of people who have none.
    fn repeats(&mut self, world: &World<'_>, claims: &[Vec<Claim>]) {
        let question = self.question;
        let people = world.members.iter().zip(claims).zip(&world.consent);
        for ((members, claims), _) in people.filter(|(_, consent)| **consent) {
            let turns: Vec<_> = members.iter().map(|place| world.facts[*place]).collect();
            let asks = |claim: &&Claim| question.asks_about(&claim.conversion.kind);
            let mut since = None;
            for claim in claims.iter().filter(asks) {
                let at = claim.conversion.at;
                let before = |at_turn| {
                    within(at_turn, at, question.rules.lookback) && since.is_none_or(|since| at_turn > since)
                };
                if question.period.contains(at) {
                    self.repeated(turns.iter().filter(|fact| before(fact.at)).map(|fact| &fact.kind), true);
                }
                since = Some(at);
            }
            if since.is_none() {
                let asked = turns.iter().filter(|fact| question.period.contains(fact.at));
                self.repeated(asked.map(|fact| &fact.kind), false);
            }
        }
    }

    fn repeated<'a>(&mut self, kinds: impl Iterator<Item = &'a Kind>, purchase: bool) {
        let mut times: BTreeMap<&Label, u32> = BTreeMap::new();
        for kind in kinds {
            if let Kind::Query(query) = kind {
                query.query.iter().for_each(|query| *times.entry(query).or_default() += 1);
            }
        }
        for (query, times) in times {
            self.sums.count(Key::QueryAsked { query: query.clone(), purchase });
            let again = i128::from(times > 1);
            self.add(Key::QueryRepeated { query: query.clone(), purchase }, again);
        }
    }
}

/// The rows that a touchpoint's credit goes to.
fn labels(touchpoint: &Touchpoint, by: Dimension) -> smallvec::SmallVec<[Label; 1]> {
    let mut labels = touchpoint.values(by);
    if labels.is_empty() {
        labels.push(Label::from(NONE));
    }
    labels
}

impl NotCounted {
    /// Why an order is no conversion, if it is none.
    pub(crate) fn of(state: &OrderState<'_>) -> Option<Self> {
        use crate::event::OrderStatus;
        match state.status {
            OrderStatus::Cancelled => Some(Self::Cancelled),
            OrderStatus::Test => Some(Self::Test),
            _ if !state.counts() => Some(Self::Refunded),
            _ => None,
        }
    }
}
