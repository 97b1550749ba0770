//! Plain shoppers to whom something happened: a new touch or order is counted with what it changes, not with the whole
//! journey.
//!
//! It serves those who are counted the short way, from their first change on. A touch changes the paths of orders up to
//! a window after it, and one figure each for the others; an order changes what is said of the touches in its window.
//! Anything else that happens to such a shopper is counted with the whole journey, as for everybody.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::fact::{Change, Facts, Handle, IdHashes, NONE, Traits};
use crate::journey::World;
use crate::money::Currency;
use crate::reason::RefuseReason;
use crate::report::plain::{Bought, Plain, Touches};
use crate::report::state::State;
use crate::report::tally::{ASKED, CONVERTED, TURNS, Tally};
use crate::time::{Period, nanos_of, utc_of};

/// How many shoppers are kept; with one more all are forgotten, and met again at their next change.
const MOST: usize = 1 << 16;

/// Where no shopper is kept.
const NOWHERE: u32 = u32::MAX;

/// Shoppers by their cluster.
#[derive(Clone, Default)]
pub(super) struct Shoppers {
    /// By cluster, the place among those held.
    places: Vec<u32>,
    held: Vec<(u32, Shopper)>,
}

impl Shoppers {
    fn place(&self, cluster: u32) -> Option<usize> {
        let place = self.places.get(cluster as usize).filter(|place| **place != NOWHERE)?;
        Some(*place as usize)
    }

    pub(super) fn has(&self, cluster: u32) -> bool {
        self.place(cluster).is_some()
    }

    pub(super) fn get(&self, cluster: u32) -> Option<&Shopper> {
        self.place(cluster).map(|place| &self.held[place].1)
    }

    pub(super) fn get_mut(&mut self, cluster: u32) -> Option<&mut Shopper> {
        self.place(cluster).map(|place| &mut self.held[place].1)
    }

    pub(super) fn insert(&mut self, cluster: u32, shopper: Shopper) {
        self.remove(cluster);
        if self.held.len() == MOST {
            for (cluster, _) in self.held.drain(..) {
                self.places[cluster as usize] = NOWHERE;
            }
        }
        if self.places.len() <= cluster as usize {
            self.places.resize((cluster as usize + 1).next_power_of_two(), NOWHERE);
        }
        self.places[cluster as usize] = self.held.len() as u32;
        self.held.push((cluster, shopper));
    }

    pub(super) fn remove(&mut self, cluster: u32) {
        let Some(place) = self.place(cluster) else { return };
        self.places[cluster as usize] = NOWHERE;
        self.held.swap_remove(place);
        if let Some((moved, _)) = self.held.get(place) {
            self.places[*moved as usize] = place as u32;
        }
    }
}

/// What is known of one plain shopper, who is the only person of a cluster.
#[derive(Clone)]
pub(super) struct Shopper {
    touches: Touches,
    /// In order of time.
    orders: Vec<Order>,
    /// Hashes of the ids of events.
    ids: IdHashes,
    /// Turns in the period, and those of them that stand in the window of an order.
    turns: [u32; 2],
    /// The same by conversation.
    conversations: BTreeMap<Handle, [u32; 2]>,
    /// Of all orders that count.
    value: i128,
}

#[derive(Clone, Copy)]
struct Order {
    at: i64,
    minor: i64,
    currency: Currency,
    low: usize,
    high: usize,
    inside: bool,
}

/// An order that has just come.
pub(super) struct Sale {
    pub(super) at: i64,
    pub(super) minor: i64,
    pub(super) currency: Currency,
    pub(super) inside: bool,
}

/// What is added, and what is taken away.
pub(super) struct Sides<'s> {
    pub(super) here: &'s mut State,
    pub(super) away: &'s mut State,
    pub(super) models: usize,
    pub(super) period: Period,
}

impl Shopper {
    /// The shopper whom the short way has just met.
    pub(super) fn new(world: &World<'_>, number: u32, state: &State, period: Period) -> Option<Self> {
        let plain = state.plain.as_ref().filter(|plain| plain.met() == Some(number))?;
        let (touches, bought) = plain.last();
        let order = |bought: &Bought| {
            let Bought { at, minor, low, high, inside, .. } = *bought;
            let currency = state.tally.currency_at(bought.currency)?;
            Some(Order { at, minor, currency, low, high, inside })
        };
        let rows = &world.cluster(number).rows;
        let mut ids = IdHashes::for_many(rows.len());
        ids.add_all(rows.iter().map(|row| row.id[0]));
        let mut shopper = Self {
            touches: touches.with_room(),
            orders: bought.iter().map(order).collect::<Option<_>>()?,
            ids,
            turns: [0; 2],
            conversations: BTreeMap::new(),
            value: bought.iter().map(|bought| i128::from(bought.minor)).sum(),
        };
        let mut next = 0;
        for place in 0..shopper.touches.at.len() {
            while next < shopper.orders.len() && shopper.orders[next].high <= place {
                next += 1;
            }
            let ended = shopper.orders.get(next).is_some_and(|order| order.low <= place);
            shopper.turn(world, plain, place, period, |turns| {
                turns[0] += 1;
                turns[1] += u32::from(ended);
            });
        }
        Some(shopper)
    }

    /// Calls `note` with the figures of the person and the conversation of a touch, if it is a turn in the period.
    fn turn(
        &mut self,
        world: &World<'_>,
        plain: &Plain,
        place: usize,
        period: Period,
        mut note: impl FnMut(&mut [u32; 2]),
    ) {
        let Touches { at, content, handle } = &self.touches;
        if plain.flags(content[place]).turn && inside(period, at[place]) {
            note(&mut self.turns);
            if let Some(conversation) = talk(world, handle[place]) {
                note(self.conversations.entry(conversation).or_default());
            }
        }
    }

    /// Whether a change is a new touch or order that can be counted by itself.
    pub(super) fn takes(&self, facts: &Facts, change: &Change<'_>, plain: &Plain, now: i128) -> bool {
        let known = |handle: Handle| !facts.names.is_unclaimed_set(handle);
        if let Some(row) = change.row {
            let held = facts.contents.get(row.content);
            let flags = plain.flags(row.content);
            let at = i64::try_from(row.at.nanos());
            return held.traits == Traits::default()
                && !flags.blocks
                && row.at.nanos() <= now
                && known(row.handle)
                && !self.ids.has(row.tag)
                && at.is_ok_and(|at| !flags.touch || self.touches.at.binary_search(&at).is_err());
        }
        let Some((fact, handle)) = change.order else { return false };
        fact.order().is_some_and(|order| {
            order.codes.is_empty()
                && order.discount_codes.is_empty()
                && change.book.is_none()
                && nanos_of(fact.at.max(fact.since())) <= now
                && i64::try_from(nanos_of(fact.at)).is_ok()
                && self.value + i128::from(order.total.minor()) < 1 << 62
                && known(handle)
        })
    }

    /// Counts a new row.
    pub(super) fn row(
        &mut self,
        world: &World<'_>,
        change: &Change<'_>,
        sides: &mut Sides<'_>,
    ) -> Result<()> {
        let (Some(row), Some(plain)) = (change.row, &sides.here.plain) else { return Ok(()) };
        sides.here.tally.intake.events += 1;
        let _new = self.ids.insert(row.tag);
        let (flags, window) = (plain.flags(row.content), plain.window());
        let Some(at) = i64::try_from(row.at.nanos()).ok().filter(|_| flags.touch) else { return Ok(()) };
        let count = self.touches.at.len();
        let first = self.orders.partition_point(|order| order.at < at);
        let later = self.orders[first..].partition_point(|order| order.at.saturating_sub(window) <= at);
        // Orders without a path say why, and that may change.
        let (mut start, mut end) = (first, first + later);
        while start > 0 && self.orders[start - 1].low == count {
            start -= 1;
        }
        while end < self.orders.len() && self.orders[end].high == 0 {
            end += 1;
        }
        let inside_of = |orders: &[Order]| orders.iter().filter(|order| order.inside).count() as i64;
        let refused = &mut sides.here.tally.refused;
        refused[RefuseReason::AfterConversion as usize] += inside_of(&self.orders[..start]);
        refused[RefuseReason::OutOfWindow as usize] += inside_of(&self.orders[end..]);
        self.count(start..end, sides.away, sides.models)?;
        if self.orders.is_empty() {
            self.asked_by_no_buyer(flags.query, at, sides);
        }
        let place = self.touches.at.partition_point(|time| *time < at);
        self.touches.at.insert(place, at);
        self.touches.content.insert(place, row.content);
        self.touches.handle.insert(place, row.handle);
        for order in &mut self.orders[first..first + later] {
            order.high += 1;
        }
        for order in &mut self.orders[first + later..] {
            (order.low, order.high) = (order.low + 1, order.high + 1);
        }
        self.count(start..end, sides.here, sides.models)?;
        self.rate(world, place, later > 0, sides);
        Ok(())
    }

    /// Counts a query of somebody who has bought nothing.
    fn asked_by_no_buyer(&self, query: u32, at: i64, sides: &mut Sides<'_>) {
        let State { tally, plain: Some(plain) } = &mut *sides.here else { return };
        if query == NONE || !inside(sides.period, at) {
            return;
        }
        let Touches { at, content, .. } = &self.touches;
        let asked = at
            .iter()
            .zip(content)
            .filter(|(at, content)| plain.flags(**content).query == query && inside(sides.period, **at));
        match asked.take(2).count() {
            0 => tally.queries.at(query)[ASKED + 2] += 1,
            1 => tally.queries.at(query)[ASKED + 3] += 1,
            _ => {}
        }
    }

    /// Counts a new touch as a turn.
    fn rate(&mut self, world: &World<'_>, place: usize, ended: bool, sides: &mut Sides<'_>) {
        let State { tally, plain: Some(plain) } = &mut *sides.here else { return };
        let (at, content) = (self.touches.at[place], self.touches.content[place]);
        let flags = plain.flags(content);
        if !flags.turn || !inside(sides.period, at) {
            return;
        }
        tally.rates[0][0] += 1;
        if flags.query != NONE {
            tally.queries.at(flags.query)[TURNS] += 1;
        }
        let mut population = 2;
        let rates = &mut tally.rates;
        self.turn(world, plain, place, sides.period, |turns| {
            rates[population][0] += i64::from(turns[0] == 0);
            turns[0] += 1;
            population = 1;
        });
        if ended {
            self.ended(world, place, sides);
        }
    }

    /// Counts that a turn stands in the window of an order for the first time.
    fn ended(&mut self, world: &World<'_>, place: usize, sides: &mut Sides<'_>) {
        let State { tally, plain: Some(plain) } = &mut *sides.here else { return };
        let flags = plain.flags(self.touches.content[place]);
        if !flags.turn || !inside(sides.period, self.touches.at[place]) {
            return;
        }
        tally.rates[0][1] += 1;
        if flags.query != NONE {
            tally.queries.at(flags.query)[CONVERTED] += 1;
        }
        let mut population = 2;
        let rates = &mut tally.rates;
        self.turn(world, plain, place, sides.period, |turns| {
            rates[population][1] += i64::from(turns[1] == 0);
            turns[1] += 1;
            population = 1;
        });
    }

    /// Counts a new order.
    pub(super) fn order(&mut self, world: &World<'_>, sale: &Sale, sides: &mut Sides<'_>) -> Result<()> {
        let Some(window) = sides.here.plain.as_ref().map(Plain::window) else { return Ok(()) };
        let Sale { at, minor, currency, inside } = *sale;
        let times = &self.touches.at;
        let low = times.partition_point(|time| *time < at.saturating_sub(window));
        let high = low + times[low..].partition_point(|time| *time <= at);
        self.value += i128::from(minor);
        let place = self.orders.partition_point(|order| order.at <= at);
        // What was asked again before the next order begins behind this one now.
        self.repeats(place, sides.away, sides.models);
        if self.orders.is_empty() {
            self.with(sides.away, |plain, tally| plain.never_bought(tally));
        }
        let mut next = self.orders.partition_point(|order| order.high <= low);
        for touch in low..high {
            while next < self.orders.len() && self.orders[next].high <= touch {
                next += 1;
            }
            if self.orders.get(next).is_none_or(|order| order.low > touch) {
                self.ended(world, touch, sides);
            }
        }
        self.orders.insert(place, Order { at, minor, currency, low, high, inside });
        self.repeats(place + 1, sides.here, sides.models);
        self.count(place..place + 1, sides.here, sides.models)
    }

    /// Counts some orders as they are now.
    fn count(&mut self, range: std::ops::Range<usize>, state: &mut State, models: usize) -> Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        let (bought, since) = self.bought(range, state, models);
        self.with(state, |plain, tally| plain.orders(&bought, since, tally)).unwrap_or(Ok(()))
    }

    /// Counts what was asked again before one order, if there is one at this place.
    fn repeats(&mut self, place: usize, state: &mut State, models: usize) {
        if place < self.orders.len() {
            let (bought, since) = self.bought(place..place + 1, state, models);
            self.with(state, |plain, tally| plain.repeats(&bought, since, tally));
        }
    }

    /// Some orders as the short way takes them, and where the touches behind the order before them begin.
    fn bought(
        &self,
        range: std::ops::Range<usize>,
        state: &mut State,
        models: usize,
    ) -> (Vec<Bought>, usize) {
        let since = range.start.checked_sub(1).map_or(0, |before| self.orders[before].high);
        let bought = self.orders[range].iter().map(|order| {
            let Order { at, minor, low, high, inside, .. } = *order;
            let currency = state.tally.currency(Some(order.currency), models);
            Bought { at, minor, currency, low, high, inside }
        });
        (bought.collect(), since)
    }

    /// Lends the touches to the short way.
    fn with<T>(&mut self, state: &mut State, work: impl FnOnce(&mut Plain, &mut Tally) -> T) -> Option<T> {
        let State { tally, plain } = state;
        let plain = plain.as_mut()?;
        plain.swap(&mut self.touches);
        let done = work(plain, tally);
        plain.swap(&mut self.touches);
        Some(done)
    }
}

fn inside(period: Period, at: i64) -> bool {
    period.is_all() || period.contains(utc_of(at.into()))
}

/// The conversation that a handle names.
fn talk(world: &World<'_>, handle: Handle) -> Option<Handle> {
    if world.has_conversations { world.conversation(handle) } else { None }
}
