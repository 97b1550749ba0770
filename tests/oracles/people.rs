//! Who is who, against the rules as `Identifiers` states them, worked out anew from a list by the slowest way.

use std::collections::{BTreeMap, BTreeSet};

use clinch::{Event, IdKind, Identifier, Identifiers, JourneyBuilder, Limits, OrderStatus, Tracker};
use proptest::prelude::*;

use crate::*;

/// Places of a kind and a number, narrow to broad: carts, conversations, visitors, mailboxes, customers.
const KINDS: [IdKind; 5] =
    [IdKind::Cart, IdKind::Conversation, IdKind::Visitor, IdKind::Email, IdKind::Customer];
const MAILBOX: u8 = 3;
const CUSTOMER: u8 = 4;

/// How many there are of each.
const OF_EACH: u8 = 3;

type Name = (u8, u8);

#[derive(Clone, Debug)]
enum Said {
    Turn,
    Login,
    /// A version of an order.
    Order {
        order: u8,
        version: i64,
        paid: bool,
    },
    Refund {
        order: u8,
    },
    Merged {
        from: u8,
        into: u8,
    },
}

#[derive(Clone, Debug)]
struct Told {
    at: i64,
    names: BTreeSet<Name>,
    said: Said,
}

fn identifier((kind, number): Name) -> Identifier {
    let text =
        if kind == MAILBOX { format!("m{number}@mail.example") } else { format!("name-{kind}-{number}") };
    Identifier::new(KINDS[usize::from(kind)], text)
}

fn event(place: usize, told: &Told) -> Event {
    let mut who = Identifiers::none();
    told.names.iter().for_each(|name| who.set(identifier(*name)));
    let (id, at) = (format!("e{place}"), hour(told.at));
    match told.said {
        Said::Turn => Event::query(id, at, who).topic("size").into(),
        Said::Login => Event::identify(id, at, who).into(),
        Said::Order { order, version, paid } => {
            let status = if paid { OrderStatus::Paid } else { OrderStatus::Cancelled };
            let told = Event::order(id, at, who, format!("o{order}"), eur("97.00")).status(status);
            told.updated_at(second(version)).into()
        }
        Said::Refund { order } => {
            let refund = Event::from(Event::refund(id, at, "r", format!("o{order}"), eur("1.00")));
            // In the log a refund may name somebody too.
            let mut line = serde_json::to_value(&refund).unwrap();
            for name in who.iter() {
                line[name.kind().name()] = name.as_str().into();
            }
            serde_json::from_value(line).unwrap()
        }
        Said::Merged { from, into } => {
            let customer = |number| identifier((CUSTOMER, number)).as_str().to_owned();
            Event::customer_merged(id, at, customer(from), customer(into)).into()
        }
    }
}

/// A person: whoever is known under a name, or anonymous identifiers together.
type Person = BTreeSet<Name>;

struct Rules<'t> {
    all: &'t [Told],
    claims: Vec<&'t BTreeSet<Name>>,
}

impl<'t> Rules<'t> {
    fn new(all: &'t [Told]) -> Self {
        let holds = |told: &&Told| match told.said {
            Said::Order { order, .. } => winner(all, order).is_some_and(|winner| std::ptr::eq(winner, *told)),
            _ => true,
        };
        Self { all, claims: all.iter().filter(holds).map(|told| &told.names).collect() }
    }

    fn with(&self, name: Name) -> impl Iterator<Item = &BTreeSet<Name>> {
        self.claims.iter().copied().filter(move |names| names.contains(&name))
    }

    /// The customers that the shop merged with one, itself included.
    fn merged(&self, customer: u8) -> Person {
        let mut all = Person::from([(CUSTOMER, customer)]);
        loop {
            let before = all.len();
            for told in self.all {
                if let Said::Merged { from, into } = told.said {
                    let both = [(CUSTOMER, from), (CUSTOMER, into)];
                    if both.iter().any(|one| all.contains(one)) {
                        all.extend(both);
                    }
                }
            }
            if all.len() == before {
                return all;
            }
        }
    }

    /// The known people that some names say by themselves: rules 1 and 2.
    fn says(&self, names: &BTreeSet<Name>) -> Option<Person> {
        if let Some((_, customer)) = names.iter().find(|(kind, _)| *kind == CUSTOMER) {
            return Some(self.merged(*customer));
        }
        let mailbox = *names.iter().find(|(kind, _)| *kind == MAILBOX)?;
        let named = self.with(mailbox).flatten().filter(|(kind, _)| *kind == CUSTOMER);
        let customers: BTreeSet<Person> = named.map(|(_, customer)| self.merged(*customer)).collect();
        match customers.len() {
            0 => Some([mailbox].into()),
            1 => customers.into_iter().next(),
            _ => None,
        }
    }

    fn seen_with(&self, name: Name) -> BTreeSet<Name> {
        self.with(name).flatten().copied().filter(|(kind, _)| *kind < MAILBOX).collect()
    }

    /// Who claims an identifier, directly or by a narrower one seen with it.
    fn own(&self, name: Name) -> BTreeSet<Person> {
        let direct = self.with(name).filter_map(|names| self.says(names));
        let narrower = self.seen_with(name).into_iter().filter(|other| other.0 < name.0);
        direct.chain(narrower.flat_map(|other| self.own(other))).collect()
    }

    /// The same; without any such claim, through a broader one.
    fn claimants(&self, name: Name) -> BTreeSet<Person> {
        let own = self.own(name);
        if !own.is_empty() {
            return own;
        }
        let broader = self.seen_with(name).into_iter().filter(|other| other.0 > name.0);
        broader.flat_map(|other| self.claimants(other)).collect()
    }

    fn person(&self, names: &BTreeSet<Name>) -> Person {
        if let Some(known) = self.says(names) {
            return known;
        }
        let weak = || names.iter().copied().filter(|(kind, _)| *kind < MAILBOX);
        let decided = weak().map(|name| self.claimants(name)).find(|claimants| claimants.len() == 1);
        if let Some(known) = decided.and_then(|claimants| claimants.into_iter().next()) {
            return known;
        }
        let is_free = |name: &Name| name.0 < MAILBOX && self.own(*name).is_empty();
        let Some(first) = weak().find(is_free) else {
            return names.first().copied().into_iter().collect();
        };
        let mut person = Person::from([first]);
        loop {
            let near = person.iter().flat_map(|name| self.seen_with(*name)).filter(is_free);
            let more: Person = near.chain(person.iter().copied()).collect();
            if more.len() == person.len() {
                return person;
            }
            person = more;
        }
    }
}

fn winner(all: &[Told], of: u8) -> Option<&Told> {
    let version = |told: &&Told| match told.said {
        Said::Order { order, version, .. } if order == of => Some((version, told.at)),
        _ => None,
    };
    all.iter().filter(|told| version(told).is_some()).max_by_key(version)
}

fn names() -> impl Strategy<Value = BTreeSet<Name>> {
    // Few have names that say who they are.
    let kind = prop_oneof![4 => 0..MAILBOX, 1 => Just(MAILBOX), 2 => Just(CUSTOMER)];
    let of_each = prop::collection::btree_map(kind, 0..OF_EACH, 1..4);
    of_each.prop_map(|names: BTreeMap<u8, u8>| names.into_iter().collect())
}

fn told() -> impl Strategy<Value = Told> {
    let order = (0..3_u8, 0..200_i64, 0..6_u8);
    let said = prop_oneof![
        6 => Just(Said::Turn),
        3 => Just(Said::Login),
        4 => order.prop_map(|(order, version, paid)| Said::Order { order, version, paid: paid > 0 }),
        1 => (0..3_u8).prop_map(|order| Said::Refund { order }),
        1 => (0..OF_EACH, 0..OF_EACH).prop_map(|(from, into)| Said::Merged { from, into }),
    ];
    (names(), said).prop_map(|(names, said)| {
        let names = if matches!(said, Said::Merged { .. }) { BTreeSet::new() } else { names };
        Told { at: 0, names, said }
    })
}

/// Everything at an hour of its own, in any order; no two versions of an order are equally new.
fn world() -> impl Strategy<Value = Vec<Told>> {
    let hours = |mut all: Vec<Told>| {
        for (place, told) in all.iter_mut().enumerate() {
            told.at = place as i64;
            if let Said::Order { version, .. } = &mut told.said {
                *version = *version * 100 + place as i64;
            }
        }
        Just(all).prop_shuffle()
    };
    prop::collection::vec(told(), 1..22).prop_flat_map(hours)
}

/// Turns of each person, as far as they have any.
fn turns(all: &[Told]) -> BTreeSet<BTreeSet<i64>> {
    let rules = Rules::new(all);
    let mut turns: BTreeMap<Person, BTreeSet<i64>> = BTreeMap::new();
    for told in all.iter().filter(|told| matches!(told.said, Said::Turn)) {
        turns.entry(rules.person(&told.names)).or_default().insert(told.at);
    }
    turns.into_values().collect()
}

/// The path of an order that counts: the turns of its person up to the earliest of its versions.
fn path(all: &[Told], of: u8) -> Option<BTreeSet<i64>> {
    let winner = winner(all, of).filter(|winner| matches!(winner.said, Said::Order { paid: true, .. }))?;
    let is_version = |told: &&Told| matches!(told.said, Said::Order { order, .. } if order == of);
    let at = all.iter().filter(is_version).map(|told| told.at).min()?;
    let rules = Rules::new(all);
    let person = rules.person(&winner.names);
    let turns = all.iter().filter(|told| matches!(told.said, Said::Turn) && told.at <= at);
    Some(turns.filter(|told| rules.person(&told.names) == person).map(|told| told.at).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(
        std::env::var("CLINCH_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400)
    ))]

    /// Also while it is told, since what was worked out once is kept.
    #[test]
    fn facts_belong_to_whom_the_rules_say(all in world(), patience in 1..6_usize) {
        let mut tracker = Tracker::new(key());
        let question = question();
        for (place, told) in all.iter().enumerate() {
            let _recorded = tracker.record(event(told.at as usize, told)).unwrap();
            if place % patience != 0 && place + 1 != all.len() {
                continue;
            }
            let known = &all[..=place];
            for order in 0..3 {
                let receipt = tracker.receipt(format!("o{order}"), &question).unwrap();
                let counted = receipt.filter(|receipt| receipt.claim.is_some());
                let shown = counted.map(|receipt| {
                    receipt.path.iter().map(|id| id.as_str()[1..].parse().unwrap()).collect::<BTreeSet<i64>>()
                });
                prop_assert_eq!(shown, path(known, order), "order {}: {:?}", order, known);
            }
            let mut bytes = Vec::new();
            tracker.snapshot(&mut bytes).unwrap();
            let restored = Tracker::restore(key(), Limits::default(), &bytes[..]).unwrap();
            prop_assert_eq!(tracker.report(&question).unwrap(), restored.report(&question).unwrap());
        }
        let mut builder = JourneyBuilder::new();
        builder.extend(all.iter().map(|told| event(told.at as usize, told))).unwrap();
        let journeys = builder.build(question.as_of);
        let shown = journeys.iter().map(|journey| {
            let ids = journey.touchpoints.iter().map(|touchpoint| touchpoint.id.as_str()[1..].parse().unwrap());
            ids.collect::<BTreeSet<i64>>()
        });
        let shown: BTreeSet<BTreeSet<i64>> = shown.filter(|turns| !turns.is_empty()).collect();
        prop_assert_eq!(shown, turns(&all), "{:?}", all);
    }
}
