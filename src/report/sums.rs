//! Everything a report counts, as one map from what is counted to an integer: it adds, and it takes away.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserializer};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::event::OrderStatus;
use crate::journey::{Dimension, OrderState};
use crate::money::Currency;
use crate::reason::{FieldReason, RefuseReason, UnattributedReason};
use crate::text::Label;

/// The sums of a report before rates, medians and text: an Abelian group in integers.
///
/// [`Sums::merge`] adds, [`Sums::retract`] takes away again, [`Sums::default`] is neutral; zeros are not kept, so
/// equal sums are equal values and equal bytes. Money is in minor units, shares in 10^-9.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    counts: BTreeMap<Key, i128>,
    /// Apart, since there may be one for every order.
    orders: BTreeMap<OrderValue, i128>,
}

/// What an order came to, and whether the bot stands in its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct OrderValue {
    pub(crate) with_bot: bool,
    pub(crate) currency: Currency,
    pub(crate) minor: i64,
}

/// What one number counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Key {
    /// Facts that the answer rests on.
    Events,
    /// Identifiers that were placeholders.
    JunkIdentifiers,
    /// Fields left out.
    FieldsLeftOut(FieldReason),
    /// Times that a link or discount code was handed out where no turn is known.
    CodesWithoutTurn,
    /// Orders known, whether they count or not.
    OrdersKnown,
    /// Orders that are no conversion.
    NotCounted(NotCounted),
    /// Refunds known that found their order, in any currency.
    RefundsApplied(Currency),
    /// Refunds that found no order, or one in another currency: count and minor units.
    RefundsLoose(Currency),
    RefundsLooseValue(Currency),
    /// Given back beyond the total.
    OverRefunded(Currency),
    /// Conversions in the period, and their value.
    Conversions(Option<Currency>),
    Value(Option<Currency>),
    /// Of these, what no touchpoint may claim.
    Unattributed(Option<Currency>, UnattributedReason),
    UnattributedValue(Option<Currency>, UnattributedReason),
    /// What a model gave to a label.
    Credit(Cell, Label),
    CreditValue(Cell, Label),
    /// What a model declined.
    Declined(Cell),
    DeclinedValue(Cell),
    /// What it gave to touchpoints outside the period, in a report by touch date.
    Outside(Cell),
    OutsideValue(Cell),
    /// Participation: conversions with the label, and their value.
    Participation(Cell, Label),
    ParticipationValue(Cell, Label),
    /// Candidates refused in the period's conversions.
    Refused(RefuseReason),
    /// Turns, conversations and people of the period; and those that ended in a conversion.
    Asked(Population),
    Converted(Population),
    /// Orders of one value, with or without the bot in their path.
    Orders(OrderValue),
    /// Turns of a query, and those that ended in a conversion.
    QueryTurns(Label),
    QueryConverted(Label),
    /// Conversions before which a query was asked, and asked again; people without one who did.
    QueryAsked {
        query: Label,
        purchase: bool,
    },
    QueryRepeated {
        query: Label,
        purchase: bool,
    },
    /// Conversions in whose path a query stands.
    QueryInPath(Label),
    /// People with a conversion: any, one that touchpoints may claim, one that none may. These and the next two are
    /// counted where small groups are withheld.
    PeopleEarned(Option<Currency>),
    PeopleClaimed(Option<Currency>),
    PeopleUnclaimed(Option<Currency>, UnattributedReason),
    /// People with a conversion with the bot in its path, or without it.
    PeopleOrdered(Option<Currency>, bool),
    /// People of whose conversions a model gives something to a label.
    PeopleCredited(Cell, Label),
    /// People in the path of whose conversions a query stands.
    PeopleInPath(Label),
}

/// A column of a table in one currency.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Cell {
    pub(crate) by: Dimension,
    pub(crate) currency: Option<Currency>,
    pub(crate) model: Label,
}

/// Why an order is no conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NotCounted {
    /// It was cancelled.
    Cancelled,
    /// It was a test of the shop.
    Test,
    /// It was given back whole.
    Refunded,
}

impl NotCounted {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cancelled, Self::Test, Self::Refunded];

    /// Why an order is no conversion, if it is none.
    pub(crate) fn of(state: &OrderState<'_>) -> Option<Self> {
        match state.status {
            OrderStatus::Cancelled => Some(Self::Cancelled),
            OrderStatus::Test => Some(Self::Test),
            _ if !state.counts() => Some(Self::Refunded),
            _ => None,
        }
    }

    /// Its stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Test => "test",
            Self::Refunded => "refunded",
        }
    }
}

impl fmt::Display for NotCounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a rate is a share of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Population {
    Turns,
    Conversations,
    People,
}

impl Sums {
    /// Adds the sums of other facts.
    pub fn merge(&mut self, other: &Self) {
        other.counts.iter().for_each(|(key, number)| add(&mut self.counts, key, *number));
        other.orders.iter().for_each(|(key, number)| add(&mut self.orders, key, *number));
    }

    /// Takes away sums that were added before: merging and retracting the same leaves what there was.
    pub fn retract(&mut self, other: &Self) {
        other.counts.iter().for_each(|(key, number)| add(&mut self.counts, key, -number));
        other.orders.iter().for_each(|(key, number)| add(&mut self.orders, key, -number));
    }

    /// Whether nothing is counted.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.orders.is_empty()
    }

    pub(crate) fn add(&mut self, key: &Key, number: i128) {
        match key {
            Key::Orders(value) => add(&mut self.orders, value, number),
            key => add(&mut self.counts, key, number),
        }
    }

    /// Adds counts of order values, which come in order.
    pub(crate) fn add_orders(&mut self, values: Vec<(OrderValue, i128)>) {
        if self.orders.is_empty() {
            self.orders = values.into_iter().collect();
        } else {
            values.iter().for_each(|(value, count)| add(&mut self.orders, value, *count));
        }
    }

    pub(crate) fn get(&self, key: &Key) -> i128 {
        match key {
            Key::Orders(value) => self.orders.get(value).copied().unwrap_or(0),
            key => self.counts.get(key).copied().unwrap_or(0),
        }
    }

    /// All but the order values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Key, i128)> {
        self.counts.iter().map(|(key, number)| (key, *number))
    }

    /// How many orders there are of each value, in order.
    pub(crate) fn orders(&self) -> impl Iterator<Item = (&OrderValue, i128)> {
        self.orders.iter().map(|(value, count)| (value, *count))
    }
}

/// Adds to one number, of which none is kept that is zero.
fn add<K: Ord + Clone>(numbers: &mut BTreeMap<K, i128>, key: &K, number: i128) {
    if number == 0 {
        return;
    }
    let Some(held) = numbers.get_mut(key) else {
        numbers.insert(key.clone(), number);
        return;
    };
    *held += number;
    if *held == 0 {
        numbers.remove(key);
    }
}

/// As a list of pairs; numbers as text, since not every reader takes integers of 128 bits.
impl Serialize for Sums {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // In the order of keys, among which those of orders have a place.
        let counts = self.counts.iter().map(|(key, number)| (key.clone(), number));
        let orders = self.orders.iter().map(|(value, number)| (Key::Orders(*value), number));
        let before = |key: &Key| self.orders.keys().next().is_none_or(|value| *key < Key::Orders(*value));
        let (first, last) =
            (counts.clone().filter(|(key, _)| before(key)), counts.filter(|(key, _)| !before(key)));
        serializer.collect_seq(first.chain(orders).chain(last).map(|(key, number)| (key, number.to_string())))
    }
}

impl<'de> Deserialize<'de> for Sums {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut sums = Self::default();
        for (key, number) in Vec::<(Key, String)>::deserialize(deserializer)? {
            let number: i128 = number.parse().map_err(|_| de::Error::custom("a sum is a whole number"))?;
            // Far above any sum of 2^63 facts of 2^63 units, and far enough from the end to add such sums up.
            if number.unsigned_abs() >= 1 << 126 || number == 0 || sums.get(&key) != 0 {
                return Err(de::Error::custom("sums stand once each, and are neither zero nor out of range"));
            }
            sums.add(&key, number);
        }
        Ok(sums)
    }
}
