//! The facts of one answer, arranged: who they belong to, what caused what, which codes name which turn.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::event::{Kind, Purpose};
use crate::fact::{Fact, Facts};
use crate::id::{IdKind, Key, Pseudonym};
use crate::identity::{self, People};
use crate::journey::order::Ledger;
use crate::journey::rules::Rules;
use crate::journey::touchpoint::TouchKind;
use crate::privacy::ConsentPolicy;
use crate::reason::RefuseReason;
use crate::text::{Code, EventId};
use crate::time::within;

/// What a question makes of the facts before any path is built.
pub(crate) struct World<'a> {
    pub(crate) facts: Vec<&'a Fact>,
    pub(crate) key: &'a Key,
    pub(crate) rules: &'a Rules,
    pub(crate) people: People,
    pub(crate) ledger: Ledger<'a>,
    /// Facts of each person in order, equal event ids once; orders and refunds left aside.
    pub(crate) members: Vec<Vec<usize>>,
    /// The turn that caused each fact.
    pub(crate) causes: Vec<Option<usize>>,
    /// Why a turn may not earn, whatever the conversion.
    pub(crate) barred: Vec<Option<RefuseReason>>,
    /// Whether each person's paths may be built.
    pub(crate) consent: Vec<bool>,
    /// Turns that shared each link code.
    pub(crate) links: Codes<'a>,
    /// Turns that offered each discount code.
    pub(crate) discounts: Codes<'a>,
}

/// The turns behind each code, each once, in order.
#[derive(Default)]
pub(crate) struct Codes<'a> {
    turns: BTreeMap<&'a Code, Vec<usize>>,
    /// Times that a code was shared where no turn is known.
    pub(crate) without_turn: u64,
}

impl<'a> Codes<'a> {
    fn add(&mut self, code: &'a Code, turn: Option<usize>) {
        match turn {
            Some(turn) => {
                let turns = self.turns.entry(code).or_default();
                if let Err(place) = turns.binary_search(&turn) {
                    turns.insert(place, turn);
                }
            }
            None => self.without_turn += 1,
        }
    }

    pub(crate) fn turns(&self, code: &Code) -> &[usize] {
        self.turns.get(code).map_or(&[], Vec::as_slice)
    }
}

impl<'a> World<'a> {
    pub(crate) fn new(
        facts: &'a Facts,
        rules: &'a Rules,
        policy: ConsentPolicy,
        as_of: DateTime<Utc>,
    ) -> Self {
        let key = facts.key();
        let facts: Vec<&Fact> = facts.iter().filter(|fact| fact.seen(as_of)).collect();
        let ledger = Ledger::new(&facts, key);
        let claims: Vec<bool> = ledger.superseded.iter().map(|superseded| !superseded).collect();
        let people = identity::resolve(&facts, &claims, key);
        let members = members(&facts, &people, key);
        let count = facts.len();
        let mut world = Self {
            facts,
            key,
            rules,
            people,
            ledger,
            members,
            causes: vec![None; count],
            barred: vec![None; count],
            consent: Vec::new(),
            links: Codes::default(),
            discounts: Codes::default(),
        };
        world.find_causes();
        world.bar_turns();
        world.consent = world.members.iter().map(|members| world.consents(members, policy)).collect();
        world
    }

    pub(crate) fn person(&self, place: usize) -> usize {
        self.people.of[place] as usize
    }

    /// What was shared and offered first, since a click may name its turn by the code.
    fn find_causes(&mut self) {
        let members = std::mem::take(&mut self.members);
        let indexes: Vec<TurnIndex<'a>> = members.iter().map(|members| self.index(members)).collect();
        let everywhere = self.turns_by_id(&members);
        for (members, index) in members.iter().zip(&indexes) {
            for place in members {
                let fact = self.facts[*place];
                let (codes, code) = match &fact.kind {
                    Kind::LinkShared(link) => (&mut self.links, &link.code),
                    Kind::DiscountOffer(offer) => (&mut self.discounts, &offer.discount_code),
                    _ => continue,
                };
                let cause = index.named(fact, &everywhere).unwrap_or_else(|| index.latest(fact, self.rules));
                self.causes[*place] = cause;
                if let Some(code) = code {
                    codes.add(code, cause);
                }
            }
        }
        for (members, index) in members.iter().zip(&indexes) {
            for place in members {
                let fact = self.facts[*place];
                let engages = TouchKind::of(fact).is_some_and(TouchKind::is_engagement);
                if self.causes[*place].is_none() && (engages || matches!(fact.kind, Kind::Feedback(_))) {
                    let by_code = || self.by_code(*place);
                    let latest = || index.latest(fact, self.rules);
                    self.causes[*place] =
                        index.named(fact, &everywhere).unwrap_or_else(|| by_code().or_else(latest));
                }
            }
        }
        self.members = members;
    }

    fn index(&self, members: &[usize]) -> TurnIndex<'a> {
        let mut index = TurnIndex::default();
        for place in members {
            let fact = self.facts[*place];
            if matches!(fact.kind, Kind::Query(_)) {
                index.by_id.insert(&fact.id, *place);
                if let Some(conversation) = fact.get(IdKind::Conversation) {
                    index.by_conversation.entry(conversation).or_default().push((fact.at, *place));
                }
            }
        }
        index
    }

    /// Turns by id over all people; an id that two people use names nobody's turn.
    fn turns_by_id(&self, members: &[Vec<usize>]) -> BTreeMap<&'a EventId, Option<usize>> {
        let mut turns = BTreeMap::new();
        for place in members.iter().flatten() {
            let fact = self.facts[*place];
            if matches!(fact.kind, Kind::Query(_)) {
                turns.entry(&fact.id).and_modify(|held| *held = None).or_insert(Some(*place));
            }
        }
        turns
    }

    /// The turn that the code on a click names: the only one, or the only one of the same person.
    fn by_code(&self, place: usize) -> Option<usize> {
        let Kind::LinkClick(click) = &self.facts[place].kind else { return None };
        let turns = self.links.turns(click.code.as_ref()?);
        let person = self.person(place);
        let mut own = turns.iter().copied().filter(|turn| self.person(*turn) == person);
        match turns {
            [only] => Some(*only),
            _ => own.next().filter(|_| own.next().is_none()),
        }
    }

    fn bar_turns(&mut self) {
        let excludes = self.rules.excludes();
        let mut verdicts: BTreeMap<usize, (DateTime<Utc>, bool)> = BTreeMap::new();
        for place in self.members.iter().flatten() {
            let fact = self.facts[*place];
            match &fact.kind {
                Kind::Query(query) => {
                    let excluded = query.intent.as_ref().is_some_and(|intent| excludes(intent.as_str()));
                    self.barred[*place] = excluded.then_some(RefuseReason::ExcludedIntent);
                }
                Kind::Feedback(feedback) => {
                    if let Some(turn) =
                        self.causes[*place].filter(|turn| self.person(*turn) == self.person(*place))
                    {
                        // The last word counts; of two at one instant the unhelpful one.
                        let said = (fact.at, !feedback.helpful);
                        let held = verdicts.entry(turn).or_insert(said);
                        *held = said.max(*held);
                    }
                }
                _ => {}
            }
        }
        for (turn, (_, unhelpful)) in verdicts {
            if unhelpful && !self.rules.unhelpful_may_earn && self.barred[turn].is_none() {
                self.barred[turn] = Some(RefuseReason::Unhelpful);
            }
        }
    }

    /// The last word on analytics counts; of two at one instant the denial.
    fn consents(&self, members: &[usize], policy: ConsentPolicy) -> bool {
        let words = members.iter().filter_map(|place| match &self.facts[*place].kind {
            Kind::Consent(consent) if consent.purpose == Purpose::Analytics => {
                Some((self.facts[*place].at, !consent.granted))
            }
            _ => None,
        });
        policy.allows(words.max().map(|(_, denied)| !denied))
    }
}

/// A person's facts in order, of equal event ids the newest (ties by content).
fn members(facts: &[&Fact], people: &People, key: &Key) -> Vec<Vec<usize>> {
    let mut members = vec![Vec::new(); people.known.len()];
    for (place, fact) in facts.iter().enumerate() {
        if fact.order().is_none() && fact.refund().is_none() {
            members[people.of[place] as usize].push(place);
        }
    }
    for members in &mut members {
        let mut winners: BTreeMap<&EventId, usize> = BTreeMap::new();
        for place in members.iter() {
            let held = winners.entry(&facts[*place].id).or_insert(*place);
            let rank = |place: usize| (facts[place].at, facts[place].content_key(key));
            if held != place && rank(*place) > rank(*held) {
                *held = *place;
            }
        }
        if winners.len() < members.len() {
            members.retain(|place| winners.get(&facts[*place].id) == Some(place));
        }
    }
    members
}

/// A person's turns by id and by conversation.
#[derive(Default)]
struct TurnIndex<'a> {
    by_id: BTreeMap<&'a EventId, usize>,
    by_conversation: BTreeMap<Pseudonym, Vec<(DateTime<Utc>, usize)>>,
}

impl TurnIndex<'_> {
    /// The turn that the fact itself names, its own person's before anyone's: inner `None` if there is none.
    fn named(&self, fact: &Fact, everywhere: &BTreeMap<&EventId, Option<usize>>) -> Option<Option<usize>> {
        let anyones = |turn| everywhere.get(turn).copied().flatten();
        fact.turn.as_ref().map(|turn| self.by_id.get(turn).copied().or_else(|| anyones(turn)))
    }

    /// The latest turn of the same conversation, at most a session gap before.
    fn latest(&self, fact: &Fact, rules: &Rules) -> Option<usize> {
        let turns = self.by_conversation.get(&fact.get(IdKind::Conversation)?)?;
        let before = turns.partition_point(|(at, _)| *at <= fact.at);
        let (at, turn) = *turns.get(before.checked_sub(1)?)?;
        within(at, fact.at, rules.session_gap).then_some(turn)
    }
}
