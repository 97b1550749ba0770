//! What stays of what is gone: tombstones that refuse a replay, the money of erased orders, and how far back facts
//! are kept.
//!
//! Everything here is a join: two sets of it become one by taking the later instant, the larger version and the
//! union, so that trackers merge in any order.

use std::collections::BTreeMap;

use crate::event::{Kind, OrderStatus};
use crate::fact::{Fact, Known, blot};
use crate::id::{Key, Pseudonym, siphash128};
use crate::money::{Currency, Money};
use crate::reason::DropReason;
use crate::text::OrderId;
use crate::time::nanos_of;

/// Domains of the hash, apart from those of identifiers and ids.
const SET_DOMAIN: u8 = 103;
const TELLING_DOMAIN: u8 = 104;
const GHOST_DOMAIN: u8 = 105;

/// What retention and erasure look at in a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Consent and claims: they say whose facts others are.
    Word,
    Touchpoint,
    /// Orders, refunds and goals.
    Conversion,
}

impl Class {
    /// By the place of the kind among equal instants.
    pub(crate) fn of(rank: usize) -> Self {
        match rank {
            0..=3 => Self::Word,
            4..=14 => Self::Touchpoint,
            _ => Self::Conversion,
        }
    }
}

/// Up to when events are refused, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stone {
    /// Events of all kinds.
    pub(crate) everything: Option<i128>,
    /// Touchpoints alone.
    pub(crate) touchpoints: Option<i128>,
}

impl Stone {
    pub(crate) fn join(&mut self, other: Self) {
        self.everything = self.everything.max(other.everything);
        self.touchpoints = self.touchpoints.max(other.touchpoints);
    }

    pub(crate) fn covers(self, class: Class, at: i128) -> bool {
        let touchpoints = self.touchpoints.filter(|_| class == Class::Touchpoint);
        self.everything.max(touchpoints).is_some_and(|as_of| at <= as_of)
    }

    /// Whether everything of an instant was erased.
    pub(crate) fn buries(self, at: i128) -> bool {
        self.covers(Class::Word, at)
    }

    fn latest(self) -> Option<i128> {
        self.everything.max(self.touchpoints)
    }
}

/// Facts older than these instants are not kept, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Horizons {
    pub(crate) text: Option<i128>,
    pub(crate) touchpoints: Option<i128>,
    pub(crate) orders: Option<i128>,
}

impl Horizons {
    /// Takes the later of each.
    pub(crate) fn join(&mut self, other: Self) {
        self.text = self.text.max(other.text);
        self.touchpoints = self.touchpoints.max(other.touchpoints);
        self.orders = self.orders.max(other.orders);
    }

    /// Whether a fact of a class is too old. Consent and claims live as long as what they are about.
    pub(crate) fn passed(self, class: Class, at: i128) -> bool {
        let horizon = match class {
            Class::Touchpoint => self.touchpoints,
            Class::Conversion => self.orders,
            Class::Word => None,
        };
        horizon.is_some_and(|horizon| at < horizon)
    }

    /// Before it nothing is let in.
    pub(crate) fn everything(self) -> Option<i128> {
        self.touchpoints.min(self.orders)
    }
}

/// One state of an erased order; of two with one date the larger wins, as between versions that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(super) since: i128,
    pub(super) total: Money,
    pub(super) updated_at: Option<i128>,
    pub(super) status: OrderStatus,
}

/// What is kept of an erased order: no identifier, no id, no line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ErasedOrder {
    /// When it was erased last.
    pub(super) as_of: Option<i128>,
    /// Whether its money went too.
    pub(super) without_money: bool,
    /// The latest instant of anything that was told of it.
    pub(super) last: Option<i128>,
    /// The earliest instant of any version.
    pub(super) first: Option<i128>,
    pub(super) newest: Option<Version>,
    /// By the keyed hash of the refund's id: since when, and how much.
    pub(super) refunds: BTreeMap<Pseudonym, (i128, Money)>,
}

/// An erased order as an answer sees it.
#[derive(Debug)]
pub(crate) struct ErasedState {
    pub(crate) at: i128,
    pub(crate) status: OrderStatus,
    pub(crate) currency: Currency,
    pub(crate) net: i64,
    pub(crate) over_refunded: i128,
    /// How many refunds reduce it.
    pub(crate) applied: i64,
    pub(crate) counts: bool,
}

impl ErasedOrder {
    fn join(&mut self, other: Self) -> bool {
        let mut before = self.clone();
        self.as_of = self.as_of.max(other.as_of);
        self.without_money |= other.without_money;
        self.last = self.last.max(other.last);
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.newest = self.newest.max(other.newest);
        for (refund, told) in other.refunds {
            self.tell(refund, told);
        }
        if self.without_money {
            (self.first, self.newest) = (None, None);
            self.refunds.clear();
        }
        // How long the tombstone is needed is no news of the order.
        before.last = self.last;
        *self != before
    }

    fn tell(&mut self, refund: Pseudonym, told: (i128, Money)) {
        let held = self.refunds.entry(refund).or_insert(told);
        *held = told.max(*held);
    }

    /// What one fact says of an order's money.
    fn of(fact: &Fact, refund_name: impl Fn(&str) -> Pseudonym) -> Self {
        let mut said = Self { last: Some(nanos_of(fact.at)), ..Self::default() };
        match &fact.kind {
            Kind::Order(order) => {
                let since = nanos_of(fact.since());
                let updated_at = order.updated_at.map(nanos_of);
                said.first = Some(nanos_of(fact.at));
                said.newest = Some(Version { since, total: order.total, updated_at, status: order.status });
                for refund in &order.refunds {
                    said.tell(refund_name(refund.refund.as_str()), (since, refund.amount));
                }
            }
            Kind::Refund(refund) => {
                said.tell(refund_name(refund.refund.as_str()), (nanos_of(fact.at), refund.amount));
            }
            _ => {}
        }
        said
    }

    /// How it stood at an instant; refunds in another currency, or without their order, come apart.
    pub(crate) fn state(&self, now: i128) -> (Option<ErasedState>, Vec<Money>) {
        let refunds = self.refunds.values().filter(|(since, _)| *since <= now).map(|(_, amount)| *amount);
        let (Some(at), Some(newest)) = (self.first.filter(|first| *first <= now), self.newest) else {
            return (None, refunds.collect());
        };
        let currency = newest.total.currency();
        let (fitting, misfits): (Vec<Money>, Vec<Money>) =
            refunds.partition(|amount| amount.currency() == currency);
        let refunded: i128 = fitting.iter().map(|amount| i128::from(amount.minor())).sum();
        let left = i128::from(newest.total.minor()) - refunded;
        // Not above the total, so it fits.
        let net = i64::try_from(left.max(0)).unwrap_or(0);
        let state = ErasedState {
            at,
            status: newest.status,
            currency,
            net,
            over_refunded: (-left).max(0),
            applied: fitting.len() as i64,
            counts: newest.status.counts() && !(refunded > 0 && net == 0),
        };
        (Some(state), misfits)
    }
}

/// What of a fact was taken out since it spoke of somebody else, who was erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blot {
    /// When that was.
    pub(crate) as_of: Option<i128>,
    /// Which fields; see [`Mask`](crate::fact::blot::Mask).
    pub(crate) fields: u16,
}

/// Tombstones and horizons of one set of facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gone {
    /// By identifier.
    pub(crate) names: BTreeMap<Pseudonym, Stone>,
    /// By exactly these identifiers, where each of them is somebody else's too.
    pub(crate) sets: BTreeMap<Pseudonym, Stone>,
    /// Facts of other people that spoke of somebody erased.
    pub(crate) events: BTreeMap<Pseudonym, Blot>,
    /// By order.
    pub(crate) orders: BTreeMap<Pseudonym, ErasedOrder>,
    /// Stand-ins of erased customers on devices that others use too, and when they were erased.
    pub(crate) ghosts: BTreeMap<Pseudonym, i128>,
    /// Everything up to here was erased.
    pub(crate) shop: Option<i128>,
    pub(crate) horizons: Horizons,
}

/// A fact at the door, as tombstones look at it.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) rank: usize,
    pub(crate) at: i128,
    /// Its id and that of its order, the same under every key.
    pub(crate) id: &'a [u8],
    pub(crate) who: &'a [Known],
}

impl Gone {
    pub(crate) fn is_empty(&self) -> bool {
        let Self { names, sets, events, orders, ghosts, shop, horizons } = self;
        let maps = [names.len(), sets.len(), events.len(), orders.len(), ghosts.len()];
        maps == [0; 5] && shop.is_none() && *horizons == Horizons::default()
    }

    /// Why a fact may not come in, if it may not.
    pub(crate) fn refuses(&self, asking: Asking<'_>, key: &Key) -> Option<DropReason> {
        let Asking { rank, at, who, .. } = asking;
        let passed = self.passes(Class::of(rank), at, self.stone(who, rank, key));
        passed.err().or((self.blot(asking, key) & blot::WHOLE != 0).then_some(DropReason::Erased))
    }

    /// Whether a fact of a class may stay, whose identifiers have this stone.
    pub(crate) fn passes(&self, class: Class, at: i128, stone: Stone) -> Result<(), DropReason> {
        if self.horizons.passed(class, at) {
            Err(DropReason::TooOld)
        } else if stone.covers(class, at) || self.shop.is_some_and(|as_of| at <= as_of) {
            Err(DropReason::Erased)
        } else {
            Ok(())
        }
    }

    /// What is refused of facts that name these identifiers.
    ///
    /// A mere claim that identifiers of other people belong together says nothing of whom was erased: only by name.
    pub(crate) fn stone(&self, who: &[Known], rank: usize, key: &Key) -> Stone {
        let mut stone = Stone::default();
        who.iter().filter_map(|known| self.names.get(&known.name)).for_each(|held| stone.join(*held));
        if !self.sets.is_empty() && !who.is_empty() && !matches!(rank, 1..=3) {
            self.sets.get(&set_name(who, key)).into_iter().for_each(|held| stone.join(*held));
        }
        stone
    }

    /// Which fields of a fact are taken out; 0 for nearly all.
    pub(crate) fn blot(&self, asking: Asking<'_>, key: &Key) -> u16 {
        if self.events.is_empty() {
            return 0;
        }
        self.events.get(&event_name(asking, key)).map_or(0, |blot| blot.fields)
    }

    /// Whether it names the stand-in of an erased customer.
    pub(crate) fn is_ghostly(&self, who: &[Known]) -> bool {
        !self.ghosts.is_empty() && who.iter().any(|known| self.ghosts.contains_key(&known.name))
    }

    /// Takes the money of an order's fact in, if the order was erased; says whether that changed anything.
    pub(crate) fn absorb(
        &mut self,
        order: Pseudonym,
        fact: &Fact,
        refund_name: impl Fn(&str) -> Pseudonym,
    ) -> Option<bool> {
        let held = self.orders.get_mut(&order)?;
        Some(held.join(ErasedOrder::of(fact, refund_name)))
    }

    /// Lets go of all tombstones but that of the shop.
    pub(crate) fn forget_people(&mut self) {
        let Self { shop, horizons, .. } = *self;
        *self = Self { shop, horizons, ..Self::default() };
    }

    /// Lays the tombstone of an order.
    pub(crate) fn bury_order(&mut self, order: Pseudonym, as_of: i128, without_money: bool) {
        let stone = ErasedOrder { as_of: Some(as_of), without_money, ..ErasedOrder::default() };
        self.orders.entry(order).or_default().join(stone);
    }

    /// Takes the tombstones and horizons of another one in.
    pub(crate) fn join(&mut self, other: &Self) {
        let Self { names, sets, events, orders, ghosts, shop, horizons } = other;
        names.iter().for_each(|(name, stone)| self.names.entry(*name).or_default().join(*stone));
        sets.iter().for_each(|(name, stone)| self.sets.entry(*name).or_default().join(*stone));
        for (name, blot) in events {
            let held = self.events.entry(*name).or_default();
            *held = Blot { as_of: held.as_of.max(blot.as_of), fields: held.fields | blot.fields };
        }
        for (name, as_of) in ghosts {
            let held = self.ghosts.entry(*name).or_insert(*as_of);
            *held = (*held).max(*as_of);
        }
        for (name, order) in orders {
            self.orders.entry(*name).or_default().join(order.clone());
        }
        self.shop = self.shop.max(*shop);
        self.horizons.join(*horizons);
    }

    /// Lets go of tombstones whose events are too old to come in anyway, and of erased orders as of others.
    pub(crate) fn expire(&mut self) {
        if let Some(orders) = self.horizons.orders {
            for order in self.orders.values_mut().filter(|order| order.first.is_some_and(|at| at < orders)) {
                order.join(ErasedOrder { without_money: true, ..ErasedOrder::default() });
            }
            self.orders.retain(|_, order| order.as_of.max(order.last).is_some_and(|last| last >= orders));
        }
        let Some(horizon) = self.horizons.everything() else { return };
        let kept = |as_of: Option<i128>| as_of.is_some_and(|as_of| as_of >= horizon);
        self.names.retain(|_, stone| kept(stone.latest()));
        self.sets.retain(|_, stone| kept(stone.latest()));
        self.events.retain(|_, blot| kept(blot.as_of));
        self.ghosts.retain(|_, as_of| kept(Some(*as_of)));
        self.shop = self.shop.filter(|as_of| *as_of >= horizon);
    }

    /// The same under another key.
    pub(crate) fn rewrapped(self, rewrap: impl Fn(Pseudonym) -> Pseudonym) -> Self {
        let Self { names, sets, events, orders, ghosts, shop, horizons } = self;
        let order = |(name, mut order): (Pseudonym, ErasedOrder)| {
            let refunds = std::mem::take(&mut order.refunds);
            order.refunds = refunds.into_iter().map(|(name, told)| (rewrap(name), told)).collect();
            (rewrap(name), order)
        };
        Self {
            names: names.into_iter().map(|(name, stone)| (rewrap(name), stone)).collect(),
            sets: sets.into_iter().map(|(name, stone)| (rewrap(name), stone)).collect(),
            events: events.into_iter().map(|(name, blot)| (rewrap(name), blot)).collect(),
            orders: orders.into_iter().map(order).collect(),
            ghosts: ghosts.into_iter().map(|(name, as_of)| (rewrap(name), as_of)).collect(),
            shop,
            horizons,
        }
    }
}

/// The pseudonym of exactly these identifiers together; the same for the same identifiers under every key, once
/// unwrapped.
pub(crate) fn set_name(who: &[Known], key: &Key) -> Pseudonym {
    let mut hashes: Vec<u128> = who.iter().map(|known| key.unwrap(known.name)).collect();
    hashes.sort_unstable();
    let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect();
    key.wrap(siphash128(SET_DOMAIN, &bytes))
}

/// The pseudonym of one telling of a fact.
pub(crate) fn event_name(asking: Asking<'_>, key: &Key) -> Pseudonym {
    let Asking { rank, at, id, who } = asking;
    let mut bytes = at.to_le_bytes().to_vec();
    bytes.push(rank as u8);
    bytes.extend_from_slice(&key.unwrap(set_name(who, key)).to_le_bytes());
    bytes.extend_from_slice(id);
    key.wrap(siphash128(TELLING_DOMAIN, &bytes))
}

/// What stands for an erased customer where others used the same device: nobody gets back from it to the customer
/// but by trying, with the key in hand.
pub(crate) fn ghost_of(known: Known, key: &Key) -> Known {
    let name = key.wrap(siphash128(GHOST_DOMAIN, &key.unwrap(known.name).to_le_bytes()));
    Known { kind: known.kind, name }
}

/// The keyed hash of the id of an order or refund, whether it is kept readable or is one already.
pub(crate) fn id_name(domain: u8, id: &str, hashed: bool, key: &Key) -> Pseudonym {
    match u128::from_str_radix(id, 16).ok().filter(|_| hashed) {
        Some(number) => Pseudonym::from_words([number as u64, (number >> 64) as u64]),
        None => key.wrap(siphash128(domain, id.as_bytes())),
    }
}

/// The id of an order that a fact is about.
pub(crate) fn order_of(fact: &Fact) -> Option<&OrderId> {
    match &fact.kind {
        Kind::Order(order) => Some(&order.order),
        Kind::Refund(refund) => Some(&refund.order),
        _ => None,
    }
}
