//! A whole shop from a seed, with the truth beside it.

mod catalogue;
mod order;
mod shopper;
mod story;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::money::{Currency, Money};
use crate::testing::random::Random;
use crate::text::{EventId, OrderId};

use shopper::Shopper;

/// What a generated shop is like. The same configuration always gives the same shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopConfig {
    /// Another seed, another shop. 1 by default.
    pub seed: u64,
    /// How many shoppers; two people who share a device count as one. 400 by default. The first hundred of a
    /// thousand shoppers are the same as a hundred.
    pub shoppers: u32,
    /// The first instant of the shop. The start of March 2026 (UTC) by default.
    pub start: DateTime<Utc>,
    /// Each shopper comes for the first time within so many days, and what follows from it may take some months
    /// more. 60 by default; 0 counts as 1, and more than 36,500 as that. No instant is after the last one that
    /// chrono can represent.
    pub days: u32,
    /// Each shopper pays in one of these, taken with equal chance: what stands twice is twice as likely. EUR by
    /// default. Without a currency there is no shop: no events and no truth.
    pub currencies: Vec<Currency>,
}

impl Default for ShopConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            shoppers: 400,
            start: DateTime::UNIX_EPOCH + TimeDelta::days(20_513),
            days: 60,
            currencies: "EUR".parse().into_iter().collect(),
        }
    }
}

impl ShopConfig {
    /// One shopper's part of the shop, `number` from 0; collecting the parts gives the shop:
    ///
    /// ```
    /// use clinch::testing::{Shop, ShopConfig};
    ///
    /// let config = ShopConfig { shoppers: 5, ..ShopConfig::default() };
    /// let shop: Shop = (0..5).map(|number| config.shopper(number)).collect();
    /// assert_eq!(shop, Shop::generate(&config));
    /// ```
    pub fn shopper(&self, number: u32) -> Shop {
        let mut random = Random::new(self.seed, u64::from(number));
        match random.pick_of(&self.currencies) {
            Some(&currency) => Shopper::new(self, number, currency, random).live(),
            None => Shop::default(),
        }
    }
}

/// The events of a shop, and what truly caused its orders.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shop {
    /// Every event once, by instant; at equal instants causes before effects, then by id.
    pub events: Vec<Event>,
    /// One entry per order, by order id.
    pub truth: Vec<Truth>,
}

/// What truly caused one order, whether or not its events can show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Truth {
    /// The order.
    pub order: OrderId,
    /// The turn that caused it; none if the shopper would have bought without the bot.
    pub turn: Option<EventId>,
    /// Whether the events are sure to leave no other cause: the order is a conversion, and under the default rules,
    /// as of any instant after the last event, its path is the touchpoint of `turn` alone. Every model that gives
    /// credit away then gives that turn all of `net`. Where it is false, nothing is promised about the path.
    pub single_cause: bool,
    /// Whether it counts: not cancelled, no test, and not refunded to nothing. An order that cost nothing counts.
    pub conversion: bool,
    /// What is left of it after edits, cancellation and refunds; never below zero.
    pub net: Money,
}

impl Shop {
    /// Makes the shop of a configuration.
    ///
    /// Shoppers ask over several channels and devices, are anonymous first and known later, share devices,
    /// click links, fill carts, ask for discounts, refuse consent; orders are edited, cancelled, refunded in
    /// every way, or tests. What one shopper does depends on the seed and on the shopper's number only.
    pub fn generate(config: &ShopConfig) -> Self {
        (0..config.shoppers).map(|number| config.shopper(number)).collect()
    }

    /// The events as a host receives them: at least once, some late, in the order of arrival.
    ///
    /// Of a hundred events about 85 arrive within seconds, 10 within a day, 5 within ten days; and 8 arrive once
    /// more within ten days. `seed` decides which: every seed gives the same facts in another order.
    pub fn deliveries(&self, seed: u64) -> Vec<Event> {
        const DAY: u32 = 86_400;
        let mut random = Random::new(seed, u64::MAX);
        let mut arrivals = Vec::with_capacity(self.events.len() + self.events.len() / 8);
        for event in &self.events {
            let late_seconds = match random.below(100) {
                0..85 => random.between(0, 5),
                85..95 => random.between(6, DAY),
                _ => random.between(DAY, 10 * DAY),
            };
            let arrival = event.at().timestamp() + i64::from(late_seconds);
            arrivals.push((arrival, random.next(), event));
            if random.chance(8) {
                arrivals.push((arrival + i64::from(random.between(1, 10 * DAY)), random.next(), event));
            }
        }
        arrivals.sort_by_key(|(arrival, tie, _)| (*arrival, *tie));
        arrivals.into_iter().map(|(_, _, event)| event.clone()).collect()
    }
}

/// Puts parts of a shop together.
impl FromIterator<Shop> for Shop {
    fn from_iter<T: IntoIterator<Item = Shop>>(parts: T) -> Self {
        let mut whole = Self::default();
        for part in parts {
            whole.events.extend(part.events);
            whole.truth.extend(part.truth);
        }
        whole.events.sort_by(|a, b| {
            let place = |event: &Event| (event.at(), event.kind().rank());
            place(a).cmp(&place(b)).then_with(|| a.id().cmp(b.id()))
        });
        whole.truth.sort_by(|a, b| a.order.cmp(&b.order));
        whole
    }
}
