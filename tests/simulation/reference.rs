//! The slow, obvious tracker: a list of events, and everything worked out anew from it whenever it is asked.
//!
//! Written from the design alone, for worlds in which no device is used by two people: then a person is whatever
//! identifiers stand together, directly or through others. Nothing of the crate decides anything here.

use std::collections::{BTreeMap, BTreeSet};

/// Hours since the first instant of the world.
pub type Hour = i64;

/// What was said, without any type of the crate. A turn has a topic, and may be about somebody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Said {
    Turn { topic: u8, about: Option<u8> },
    Identify,
    Consent { granted: bool },
    Order { order: u8, version: Hour, cents: i64, paid: bool },
    Refund { refund: u8, order: u8, cents: i64 },
}

/// One event. `names` are numbers of identifiers; a refund has none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    pub at: Hour,
    pub id: u32,
    pub names: BTreeSet<u8>,
    pub said: Said,
}

impl Told {
    fn order(&self) -> Option<u8> {
        match self.said {
            Said::Order { order, .. } | Said::Refund { order, .. } => Some(order),
            _ => None,
        }
    }
}

/// What became of one telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    New,
    Again,
    Refused,
    /// The money of an order that belongs to nobody any more.
    OfErased,
}

/// What became of one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Unknown,
    NotCounted,
    /// Net value in cents, and by model what each turn of the path gets, oldest first.
    Counted(i64, Vec<Vec<(u32, i64)>>),
}

impl Fate {
    /// By model what each turn gets, if it counts.
    pub fn given(&self) -> Option<&Vec<Vec<(u32, i64)>>> {
        match self {
            Self::Counted(_, given) => Some(given),
            Self::Unknown | Self::NotCounted => None,
        }
    }
}

/// Identifiers below this are customers; then come visitors, then conversations.
pub const CUSTOMERS: u8 = 3;

/// From here on they are conversations.
pub const CONVERSATIONS: u8 = 9;

/// How long before an order a turn may lie.
pub const LOOKBACK: Hour = 24 * 20;

/// How long turns are kept.
pub const KEPT: Hour = 24 * 40;

/// The models that it knows, in the order of its answers.
pub const MODELS: [&str; 4] = ["first_touch", "last_touch", "linear", "position_based"];

#[derive(Clone, Debug, Default)]
pub struct Reference {
    events: BTreeSet<Told>,
    /// Up to when events that name an identifier are refused.
    stones: BTreeMap<u8, Hour>,
    /// The same for turns alone.
    stones_of_turns: BTreeMap<u8, Hour>,
    /// The same for events that name exactly these, where others use each of them.
    sets: BTreeMap<BTreeSet<u8>, Hour>,
    sets_of_turns: BTreeMap<BTreeSet<u8>, Hour>,
    /// What is known of erased orders, and whether their money went too.
    erased: BTreeMap<u8, (BTreeSet<Told>, bool)>,
    horizon: Option<Hour>,
}

impl Reference {
    pub fn take(&mut self, told: &Told) -> Heard {
        if let Some((known, without_money)) = told.order().and_then(|order| self.erased.get_mut(&order)) {
            if !*without_money {
                known.insert(told.clone());
            }
            return Heard::OfErased;
        }
        if self.is_refused(told) {
            Heard::Refused
        } else if self.events.insert(told.clone()) {
            Heard::New
        } else {
            Heard::Again
        }
    }

    /// Takes in what another server heard. What one hears too late to be taken in was in time for the other: an order of
    /// somebody erased is an erased order then, and its money is known.
    pub fn merge(&mut self, heard: &[&Told]) {
        let of_erased =
            heard.iter().filter(|told| self.is_buried(told) && matches!(told.said, Said::Order { .. }));
        let erased: BTreeSet<u8> = of_erased.filter_map(|told| told.order()).collect();
        for order in erased {
            let is_of = |told: &Told| told.order() == Some(order);
            let known = self.events.iter().filter(|told| is_of(told)).cloned().collect();
            self.erased.entry(order).or_insert((known, false));
            self.events.retain(|told| !is_of(told));
        }
        for told in heard {
            self.take(told);
        }
    }

    /// Whether it is of somebody who was erased.
    fn is_buried(&self, told: &Told) -> bool {
        named(&self.stones, told) || told.said != Said::Identify && in_set(&self.sets, told)
    }

    fn is_refused(&self, told: &Told) -> bool {
        let is_turn = matches!(told.said, Said::Turn { .. });
        self.is_buried(told)
            || is_turn
                && (named(&self.stones_of_turns, told)
                    || in_set(&self.sets_of_turns, told)
                    || self.horizon.is_some_and(|end| told.at < end))
    }

    /// Names that stand together in a fact that claims so: in any but a version of an order that does not hold.
    fn claims(&self) -> Vec<&BTreeSet<u8>> {
        let winners: BTreeSet<&Told> =
            self.orders().into_iter().filter_map(|order| self.winner(order)).collect();
        let claims = |told: &&Told| !matches!(told.said, Said::Order { .. }) || winners.contains(told);
        self.events.iter().filter(claims).map(|told| &told.names).collect()
    }

    /// The customer who claims a device or a conversation; here it is at most one.
    ///
    /// A device is claimed by the customer named with it, or with a conversation seen on it. A conversation is claimed
    /// by the customer named with it, else by that of a device that it was seen on.
    fn claimed_by(name: u8, claims: &[&BTreeSet<u8>]) -> Option<u8> {
        let with = |name: u8| claims.iter().filter(move |names| names.contains(&name)).copied();
        let named = |name: u8| {
            with(name).find_map(|names| names.first().filter(|first| **first < CUSTOMERS).copied())
        };
        let seen =
            |name: u8, is: fn(u8) -> bool| with(name).flatten().copied().filter(move |other| is(*other));
        let of_device = |device: u8| {
            named(device).or_else(|| seen(device, |other| other >= CONVERSATIONS).find_map(named))
        };
        if name < CONVERSATIONS {
            of_device(name)
        } else {
            named(name).or_else(|| {
                seen(name, |other| (CUSTOMERS..CONVERSATIONS).contains(&other)).find_map(of_device)
            })
        }
    }

    /// Whose the facts are that name these: the customer named, the one who claims the narrowest of them that is
    /// claimed, or the anonymous person that they form.
    fn person(&self, names: &BTreeSet<u8>) -> BTreeSet<u8> {
        Self::person_of(names, &self.claims())
    }

    fn person_of(names: &BTreeSet<u8>, claims: &[&BTreeSet<u8>]) -> BTreeSet<u8> {
        if let Some(customer) = names.first().filter(|name| **name < CUSTOMERS) {
            return [*customer].into();
        }
        if let Some(customer) = names.iter().rev().find_map(|name| Self::claimed_by(*name, claims)) {
            return [customer].into();
        }
        // Anonymous people connect through what nobody claims. A version that does not hold claims nothing: it is that
        // of the narrowest.
        let mut person: BTreeSet<u8> = names.last().copied().into_iter().collect();
        loop {
            let more: BTreeSet<u8> = claims
                .iter()
                .filter(|together| !together.is_disjoint(&person))
                .flat_map(|together| together.iter().copied())
                .filter(|name| *name >= CUSTOMERS && Self::claimed_by(*name, claims).is_none())
                .collect();
            if more.is_subset(&person) {
                return person;
            }
            person.extend(more);
        }
    }

    /// The facts of a person.
    fn facts_of(&self, person: &BTreeSet<u8>) -> Vec<&Told> {
        let claims = self.claims();
        let is_of = |told: &&Told| !told.names.is_empty() && Self::person_of(&told.names, &claims) == *person;
        self.events.iter().filter(is_of).collect()
    }

    fn orders(&self) -> BTreeSet<u8> {
        self.events.iter().filter_map(Told::order).collect()
    }

    /// The newest version of an order; no two are equally new.
    fn winner(&self, order: u8) -> Option<&Told> {
        winner(&self.events, order)
    }

    /// Erases the person of an identifier up to an hour. With orders their money goes too.
    pub fn erase(&mut self, name: u8, until: Hour, with_orders: bool) {
        let person = self.person(&[name].into());
        let own: BTreeSet<Told> = self.facts_of(&person).into_iter().cloned().collect();
        let is_own = |told: &Told| own.contains(told);
        let gone: Vec<Told> = own.iter().filter(|told| told.at <= until).cloned().collect();
        let mut orders = BTreeSet::new();
        for told in &gone {
            if let Said::Order { order, .. } = told.said {
                orders.insert(order);
                let known: BTreeSet<Told> =
                    self.events.iter().filter(|told| told.order() == Some(order)).cloned().collect();
                let known = if with_orders { BTreeSet::new() } else { known };
                self.erased.entry(order).or_insert((known, with_orders));
            }
        }
        let erased = &self.erased;
        self.events.retain(|told| told.order().is_none_or(|order| !erased.contains_key(&order)));
        let shared = |name: &u8, events: &BTreeSet<Told>| {
            events.iter().any(|told| !is_own(told) && told.names.contains(name))
        };
        // An order goes whole, and with it the versions that were told after that hour.
        let goes =
            |told: &&Told| told.at <= until || told.order().is_some_and(|order| orders.contains(&order));
        let named: BTreeSet<u8> =
            own.iter().filter(goes).flat_map(|told| told.names.iter().copied()).chain([name]).collect();
        let shared: BTreeSet<u8> = named.iter().copied().filter(|name| shared(name, &self.events)).collect();
        // Mere claims between what others use say nothing of the person.
        let stays = |told: &Told| told.said == Said::Identify && told.names.is_subset(&shared);
        self.events.retain(|told| told.at > until || !is_own(told) || stays(told));
        for told in gone.iter().filter(|told| told.names.is_subset(&shared) && told.order().is_none()) {
            later(&mut self.sets, told.names.clone(), until);
        }
        named.difference(&shared).for_each(|name| later(&mut self.stones, *name, until));
    }

    /// Erases the turns of a person.
    pub fn erase_turns(&mut self, name: u8, until: Hour) {
        let person = self.person(&[name].into());
        let own: BTreeSet<Told> = self.facts_of(&person).into_iter().cloned().collect();
        let is_own = |told: &Told| own.contains(told);
        let goes = |told: &Told| told.at <= until && matches!(told.said, Said::Turn { .. }) && is_own(told);
        let gone: Vec<Told> = self.events.iter().filter(|told| goes(told)).cloned().collect();
        let shared: BTreeSet<u8> = (0..=u8::MAX)
            .filter(|name| self.events.iter().any(|told| !is_own(told) && told.names.contains(name)))
            .collect();
        self.events.retain(|told| !goes(told));
        // Everything that the person was known by then is under the stone.
        let mut named: BTreeSet<u8> = self
            .events
            .iter()
            .chain(&gone)
            .filter(|told| is_own(told) && told.at <= until)
            .flat_map(|told| told.names.clone())
            .collect();
        named.insert(name);
        for told in gone {
            if told.names.is_subset(&shared) {
                later(&mut self.sets_of_turns, told.names.clone(), until);
            }
            // Who is who stays known: what turns claimed is claimed on.
            if told.names.len() > 1 {
                self.events.insert(Told { said: Said::Identify, id: told.id + 1_000_000, ..told });
            }
        }
        named.difference(&shared).for_each(|name| later(&mut self.stones_of_turns, *name, until));
    }

    /// Lets go of turns that are too old.
    pub fn expire(&mut self, now: Hour) {
        self.horizon = self.horizon.max(Some(now - KEPT));
        let horizon = now - KEPT;
        self.events.retain(|told| !matches!(told.said, Said::Turn { .. }) || told.at >= horizon);
    }

    /// What became of an order.
    pub fn fate(&self, order: u8) -> Fate {
        let Some((at, net, counts)) = state(&self.events, order) else { return Fate::Unknown };
        let Some(winner) = self.winner(order) else { return Fate::Unknown };
        if !counts {
            return Fate::NotCounted;
        }
        let person = self.person(&winner.names);
        let mine = self.facts_of(&person);
        let word = mine.iter().filter_map(|told| match told.said {
            // Of two words at one hour the refusal counts.
            Said::Consent { granted } => Some((told.at, !granted)),
            _ => None,
        });
        let refused = word.max().is_some_and(|(_, refused)| refused);
        // Of whose window something is gone already nothing is credited.
        let cut = self.horizon.is_some_and(|horizon| at - LOOKBACK < horizon);
        let path: Vec<u32> = mine
            .iter()
            .filter(|_| !cut)
            .filter(|told| matches!(told.said, Said::Turn { .. }) && !refused)
            .filter(|told| (at - LOOKBACK..=at).contains(&told.at))
            .map(|told| told.id)
            .collect();
        let shares = (0..MODELS.len()).map(|model| {
            let weights = weights(model, path.len());
            path.iter().copied().zip(split(net, &weights)).collect()
        });
        Fate::Counted(net, shares.collect())
    }

    /// What a turn is about: none where that is somebody.
    pub fn topic(&self, turn: u32) -> Option<u8> {
        self.events.iter().find(|told| told.id == turn).and_then(|told| match told.said {
            Said::Turn { topic, about: None } => Some(topic),
            _ => None,
        })
    }

    /// Number and value of all conversions, erased ones included.
    pub fn totals(&self) -> (u64, i64) {
        let kept = self.orders().into_iter().filter_map(|order| state(&self.events, order));
        let erased = self.erased.iter().filter_map(|(order, (known, _))| state(known, *order));
        let counted: Vec<i64> =
            kept.chain(erased).filter(|(_, _, counts)| *counts).map(|(_, net, _)| net).collect();
        (counted.len() as u64, counted.iter().sum())
    }
}

/// Whether a name in it has a stone that is no older than it.
fn named(stones: &BTreeMap<u8, Hour>, told: &Told) -> bool {
    told.names.iter().any(|name| stones.get(name).is_some_and(|until| told.at <= *until))
}

/// The same of exactly its names.
fn in_set(sets: &BTreeMap<BTreeSet<u8>, Hour>, told: &Told) -> bool {
    sets.get(&told.names).is_some_and(|until| told.at <= *until)
}

/// Notes an hour unless a later one is there.
fn later<K: Ord>(stones: &mut BTreeMap<K, Hour>, whose: K, until: Hour) {
    let held = stones.entry(whose).or_insert(until);
    *held = (*held).max(until);
}

fn winner(events: &BTreeSet<Told>, order: u8) -> Option<&Told> {
    let version = |told: &&Told| match told.said {
        Said::Order { order: held, version, .. } if held == order => Some(version),
        _ => None,
    };
    events.iter().filter(|told| version(told).is_some()).max_by_key(version)
}

/// When an order was placed, what is left of it in cents, and whether it counts; none without a version.
fn state(events: &BTreeSet<Told>, order: u8) -> Option<(Hour, i64, bool)> {
    let Said::Order { cents, paid, .. } = winner(events, order)?.said else { return None };
    let (mut at, mut refunds) = (Hour::MAX, BTreeMap::new());
    for told in events.iter().filter(|told| told.order() == Some(order)) {
        match told.said {
            Said::Order { .. } => at = at.min(told.at),
            // The latest telling of a refund counts, of two at one hour the larger.
            Said::Refund { refund, cents, .. } => {
                let held = refunds.entry(refund).or_insert((told.at, cents));
                *held = (*held).max((told.at, cents));
            }
            _ => {}
        }
    }
    let refunded: i64 = refunds.values().map(|(_, cents)| cents).sum();
    let net = (cents - refunded).max(0);
    Some((at, net, paid && !(refunded > 0 && net == 0)))
}

fn weights(model: usize, count: usize) -> Vec<i64> {
    let n = count as i64;
    (0..count)
        .map(|place| {
            let (first, last) = (place == 0, place + 1 == count);
            match (MODELS[model], count) {
                ("first_touch", _) => i64::from(first),
                ("last_touch", _) => i64::from(last),
                ("linear", _) | (_, 1 | 2) => 1,
                // 40 for each end, 20 for all between.
                _ => {
                    if first || last {
                        40 * (n - 2)
                    } else {
                        20
                    }
                }
            }
        })
        .collect()
}

/// The largest remainder, cent by cent, ties to the earlier.
fn split(total: i64, weights: &[i64]) -> Vec<i64> {
    let sum: i64 = weights.iter().sum();
    let mut parts: Vec<i64> = weights.iter().map(|weight| total * weight / sum).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|place| (-(total * weights[*place] % sum), *place));
    let missing = total - parts.iter().sum::<i64>();
    order.into_iter().take(missing as usize).for_each(|place| parts[place] += 1);
    parts
}
