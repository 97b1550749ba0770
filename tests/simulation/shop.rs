//! The shop's small world: who does what, in which order it arrives, and what happens to the server meanwhile.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use clinch::event::Purpose;
use clinch::{Event, IdKind, Identifier, Identifiers, Money, OrderStatus};

use crate::reference::{Hour, LOOKBACK, Said, Told};

/// Numbers that look random and follow from a seed: SplitMix64 (Steele, Lea, Flood 2014).
pub struct Draws(pub u64);

impl Draws {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }
}

/// Customers 0 to 2; customer c alone uses visitors 3 + 2c and 4 + 2c, and the conversation 9 + c.
pub const PEOPLE: u64 = 3;
pub const NAMES: u8 = 12;
pub const ORDERS: u8 = 5;

pub fn identifier(name: u8) -> Identifier {
    match name {
        0..3 => Identifier::new(IdKind::Customer, format!("customer-{name}00")),
        3..9 => Identifier::new(IdKind::Visitor, format!("visitor-{name}00")),
        _ => Identifier::new(IdKind::Conversation, format!("conversation-{name}00")),
    }
}

pub fn instant(hour: Hour) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_323_200, 0).expect("an instant") + TimeDelta::hours(hour)
}

/// What happens in the world, told once each.
pub fn world(draws: &mut Draws, hours: u64) -> Vec<Told> {
    let count = 8 + draws.below(25) as u32;
    let mut versions = BTreeSet::new();
    let mut all: Vec<Told> = Vec::new();
    for id in 0..count {
        // One in four happens at the hour of another, one in eight at the edge of its window.
        let at = match draws.below(8) {
            kind @ 0..3 if id > 0 => {
                let other = all[draws.below(u64::from(id)) as usize].at;
                let away = if kind < 2 { 0 } else { LOOKBACK };
                if draws.below(2) == 0 { (other + away).min(hours as Hour) } else { (other - away).max(0) }
            }
            _ => draws.below(hours) as Hour,
        };
        all.push(told(draws, id, at, &mut versions));
    }
    all
}

fn told(draws: &mut Draws, id: u32, at: Hour, versions: &mut BTreeSet<(u8, Hour)>) -> Told {
    let person = draws.below(PEOPLE) as u8;
    let own = [person, 3 + 2 * person, 4 + 2 * person, 9 + person];
    let mut names: BTreeSet<u8> = [own[draws.below(4) as usize]].into();
    if draws.below(3) == 0 {
        names.insert(own[draws.below(4) as usize]);
    }
    // One of each kind.
    if names.contains(&own[1]) && names.contains(&own[2]) {
        names.remove(&own[2]);
    }
    let said = match draws.below(20) {
        0..=8 => {
            let about = (draws.below(3) == 0).then(|| draws.below(u64::from(NAMES)) as u8);
            Said::Turn { topic: draws.below(4) as u8, about }
        }
        9..=11 => {
            names = [person, own[1 + draws.below(3) as usize]].into();
            Said::Identify
        }
        12 | 13 => Said::Consent { granted: draws.below(2) == 0 },
        14..=17 => {
            let order = draws.below(u64::from(ORDERS)) as u8;
            let mut version = at + draws.below(50) as Hour;
            // No two versions of an order are equally new.
            while !versions.insert((order, version)) {
                version += 1;
            }
            let cents = draws.below(20_000) as i64;
            Said::Order { order, version, cents, paid: draws.below(6) > 0 }
        }
        _ => {
            names.clear();
            let (refund, order) = (draws.below(3) as u8, draws.below(u64::from(ORDERS)) as u8);
            Said::Refund { refund, order, cents: draws.below(9_000) as i64 }
        }
    };
    Told { at, id, names, said }
}

/// How many ways of writing there are.
pub const WAYS: u8 = 4;

/// An identifier as it may stand in what somebody says: plain, percent-coded, in hexadecimal digits, in base64.
pub fn written(name: u8, way: u8) -> String {
    let named = identifier(name);
    let text = named.as_str();
    match way {
        0 => text.to_owned(),
        1 => text.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        2 => text.bytes().map(|byte| format!("{byte:02x}")).collect(),
        _ => STANDARD.encode(text).trim_end_matches('=').to_owned(),
    }
}

/// The same for the crate.
pub fn event(told: &Told) -> Event {
    let mut who = Identifiers::none();
    told.names.iter().for_each(|name| who.set(identifier(*name)));
    // As long as each other, so that they stand in the order of their numbers.
    let (id, at) = (format!("e{:07}", told.id), instant(told.at));
    let euros = |cents| Money::new(cents, "EUR".parse().expect("a currency"));
    match told.said {
        Said::Turn { topic, about: None } => Event::query(id, at, who).topic(format!("topic {topic}")).into(),
        Said::Turn { topic, about: Some(name) } => {
            Event::query(id, at, who).topic(format!("a gift for {}", written(name, topic))).into()
        }
        Said::Identify => Event::identify(id, at, who).into(),
        Said::Consent { granted } => Event::consent(id, at, who, Purpose::Analytics, granted).into(),
        Said::Order { order, version, cents, paid } => {
            let status = if paid { OrderStatus::Paid } else { OrderStatus::Cancelled };
            let order = Event::order(id, at, who, format!("order {order}"), euros(cents));
            order.updated_at(instant(version)).status(status).into()
        }
        Said::Refund { refund, order, cents } => {
            Event::refund(id, at, format!("refund {refund}"), format!("order {order}"), euros(cents)).into()
        }
    }
}
