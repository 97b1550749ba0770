//! What an erased person leaves on identifiers that others use too: that somebody shared them.
//!
//! Without it the next one in line would inherit what was done on a shared device by nobody in particular. The ties
//! are claims and say nothing else; in the place of the person's own identifiers stand stand-ins that lead back to
//! nobody. Who is who among all others stays as it was.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::event::{ClaimWithdrawn, Identify, Kind};
use crate::fact::{Fact, Facts, Known, LeftOut, ghost_of, set_name};
use crate::id::{Identifier, Pseudonym};
use crate::text::EventId;
use crate::tracker::holdings::{Held, Holdings};

/// Claims in the place of facts that go.
#[derive(Default)]
pub(super) struct Ties {
    pub(super) facts: Vec<Fact>,
    /// The stand-ins in them.
    pub(super) ghosts: BTreeSet<Pseudonym>,
}

/// Equal ties, with the first and the last instant of them.
type Spans = BTreeMap<(bool, Vec<Known>), (DateTime<Utc>, DateTime<Utc>)>;

impl Ties {
    /// What is left of a person who goes whole.
    pub(super) fn of(facts: &Facts, holdings: &Holdings) -> Self {
        let is_shared = |known: &Known| holdings.identifiers.get(known).is_some_and(|shared| *shared);
        if !holdings.identifiers.values().any(|shared| *shared) {
            return Self::default();
        }
        let mut people: BTreeMap<(u32, u32), Vec<&Held>> = BTreeMap::new();
        for held in holdings.facts.iter().filter(|held| held.claims) {
            people.entry(held.person).or_default().push(held);
        }
        let (mut spans, mut ghosts) = (Spans::new(), BTreeSet::new());
        for held in people.into_values() {
            let person = Person { held, facts, is_shared: &is_shared };
            person.leave(&mut spans, &mut ghosts);
        }
        let used: BTreeSet<Pseudonym> = spans
            .keys()
            .flat_map(|(_, who)| who)
            .map(|known| known.name)
            .filter(|name| ghosts.contains(name))
            .collect();
        Self { facts: told(facts, spans), ghosts: used }
    }

    /// What is left of a person who stays, and only some of whose facts go.
    pub(super) fn as_they_were(facts: &Facts, holdings: &Holdings) -> Self {
        let mut spans = Spans::new();
        for held in holdings.facts.iter().filter(|held| held.claims && held.fact.who.len() > 1) {
            note(&mut spans, held, held.fact.who.to_vec());
        }
        Self { facts: told(facts, spans), ghosts: BTreeSet::new() }
    }
}

struct Person<'h> {
    held: Vec<&'h Held>,
    facts: &'h Facts,
    is_shared: &'h dyn Fn(&Known) -> bool,
}

impl Person<'_> {
    /// Notes the claims that stay of one person.
    ///
    /// Nobody can claim anything through somebody unknown: what others shared with each other stays, and that is all.
    /// Of a known person all claims stay that reach a shared identifier through devices, carts and the like, and those
    /// between strong identifiers.
    fn leave(&self, spans: &mut Spans, ghosts: &mut BTreeSet<Pseudonym>) {
        let known = self.held.iter().any(|held| held.known);
        let named = self.held.iter().flat_map(|held| &held.fact.who);
        let own: BTreeSet<Known> = named.filter(|named| !(self.is_shared)(named)).copied().collect();
        let stand_ins: BTreeMap<Known, Known> =
            own.iter().filter(|_| known).map(|own| (*own, ghost_of(*own, self.facts.key()))).collect();
        ghosts.extend(stand_ins.values().map(|ghost| ghost.name));
        let stand_in = |named: &Known| {
            if (self.is_shared)(named) { Some(*named) } else { stand_ins.get(named).copied() }
        };
        let reached = self.reached();
        for (held, reached) in self.held.iter().zip(reached) {
            let who = &held.fact.who;
            let left: Vec<Known> = if reached {
                who.iter().filter_map(stand_in).collect()
            } else {
                who.iter().filter(|named| named.kind.is_strong()).filter_map(stand_in).collect()
            };
            // Of a pair that was parted both stay, or nothing.
            if left.len() > 1 && (!held.withdraws() || left.len() == who.len()) {
                note(spans, held, left);
            }
        }
    }

    /// Which facts name a shared identifier, or a device, cart or the like that such a fact names too, and so on.
    fn reached(&self) -> Vec<bool> {
        let mut naming: BTreeMap<Known, Vec<usize>> = BTreeMap::new();
        for (place, held) in self.held.iter().enumerate() {
            let weak = held.fact.who.iter().filter(|named| !named.kind.is_strong());
            weak.for_each(|named| naming.entry(*named).or_default().push(place));
        }
        let shares = |held: &&Held| held.fact.who.iter().any(self.is_shared);
        let mut reached: Vec<bool> = self.held.iter().map(shares).collect();
        let mut next: Vec<usize> = (0..reached.len()).filter(|place| reached[*place]).collect();
        while let Some(place) = next.pop() {
            for named in &self.held[place].fact.who {
                for other in naming.remove(named).into_iter().flatten() {
                    if !std::mem::replace(&mut reached[other], true) {
                        next.push(other);
                    }
                }
            }
        }
        reached
    }
}

fn note(spans: &mut Spans, held: &Held, mut who: Vec<Known>) {
    // A customer merged into themselves claims nothing.
    who.dedup();
    if who.len() < 2 {
        return;
    }
    let at = held.fact.at;
    let span = spans.entry((held.withdraws(), who)).or_insert((at, at));
    *span = (span.0.min(at), span.1.max(at));
}

fn told(facts: &Facts, spans: Spans) -> Vec<Fact> {
    let ties = spans.into_iter().flat_map(|((withdraws, who), (first, last))| {
        let other = (last != first).then_some(last);
        [first].into_iter().chain(other).map(move |at| (withdraws, who.clone(), at))
    });
    ties.map(|(withdraws, who, at)| tie(facts, withdraws, &who, at)).collect()
}

/// A claim between identifiers that says nothing else, or takes one back.
fn tie(facts: &Facts, withdraws: bool, who: &[Known], at: DateTime<Utc>) -> Fact {
    let blank = |known: &Known| Identifier::new(known.kind, "");
    let kind = match who {
        [one, other] if withdraws => Kind::ClaimWithdrawn(ClaimWithdrawn::between(blank(one), blank(other))),
        _ => Kind::Identify(Identify::default()),
    };
    let number = facts.key().unwrap(set_name(who, facts.key())) as u64;
    let number = if facts.hashed() { facts.key().wrap_short(number) } else { number };
    let (id, who) = (EventId::from(format!("{number:016x}")), who.iter().copied().collect());
    Fact { at, id, kind, channel: None, turn: None, who, junk: 0, left_out: LeftOut::default() }
}
