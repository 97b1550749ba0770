//! The figures that need no model: rates, order values, repeated queries, and what was left out.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::money::{Currency, decimal};
use crate::reason::FieldReason;
use crate::report::sums::{Key, NotCounted, Population, Sums};
use crate::report::told;
use crate::text::Label;

/// What a shop asks about its bot every week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Overview {
    /// Turns of the period that stand in the path of a conversion.
    pub turns: Rate,
    /// Conversations with at least one such turn.
    pub conversations: Rate,
    /// People with at least one such turn, of those who asked anything.
    pub people: Rate,
    /// Value of the period's conversions with the bot in their path, and without it, per currency.
    pub order_values: Vec<OrderValues>,
    /// Every query of the period with what came of it, by query.
    pub queries: Vec<QueryFigures>,
    /// Orders that are no conversion, by reason.
    pub not_counted: BTreeMap<String, u64>,
    /// Candidates that were refused in the period's conversions, by reason.
    pub refused: BTreeMap<String, u64>,
    /// Refunds that reduce an order, per currency.
    pub refunds: BTreeMap<Currency, u64>,
    /// Refunds without their order, or in another currency than it: they reduce nothing yet.
    pub loose_refunds: BTreeMap<Currency, Count>,
    /// Codes handed out where no turn is known.
    pub codes_without_turn: u64,
    /// Identifiers that were placeholders such as `undefined`; they link nothing.
    pub junk_identifiers: u64,
    /// Fields left out of what was kept, by reason; see [`FieldReason`].
    pub fields_left_out: BTreeMap<FieldReason, u64>,
    /// Facts that the answer rests on. What tells that an erased customer shared a device with somebody is none.
    pub events: u64,
    /// Whether the rates above are withheld, and none of them says anything: too few people asked, or bought.
    pub rates_withheld: bool,
}

/// A share of a population, never over one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rate {
    /// Those that ended in a conversion.
    pub converted: u64,
    /// All of them.
    pub of: u64,
}

impl Rate {
    /// Per cent with one decimal, half to even; none of an empty population.
    ///
    /// ```
    /// # let sums = clinch::Sums::default();
    /// # let question = clinch::Question::new("2026-04-01T00:00:00Z".parse().unwrap());
    /// let report = clinch::Report::new(&sums, &question);
    /// assert_eq!(report.overview.turns.percent(), None);
    /// ```
    pub fn percent(self) -> Option<String> {
        let of = i128::from(self.of);
        (of > 0)
            .then(|| crate::money::fixed_point(divide_half_even(i128::from(self.converted) * 1000, of), 1))
    }
}

/// How many, and what they come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Count {
    /// How many.
    pub count: u64,
    /// What they come to, as decimal text.
    pub value: String,
}

/// Order values in one currency. Means and medians are rounded to the minor unit, half to even.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OrderValues {
    /// The currency.
    pub currency: Currency,
    /// Whether the bot stands in the path.
    pub with_bot: bool,
    /// How many orders there are.
    pub orders: u64,
    /// Their value after refunds, divided by their number.
    pub mean: String,
    /// The middle one by value; of an even number the mean of the middle two.
    pub median: String,
}

/// What came of one query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QueryFigures {
    /// The normalised question.
    pub query: Label,
    /// Turns that asked it, and those that stand in the path of a conversion.
    pub turns: Rate,
    /// Conversions in whose path it stands.
    pub conversions: u64,
    /// Conversions before which it was asked within the lookback window, and before which it was asked again.
    pub repeated_before_conversion: Rate,
    /// People without a conversion who asked it, and who asked it again.
    pub repeated_without_conversion: Rate,
}

impl Overview {
    pub(super) fn new(sums: &Sums) -> Self {
        let count = |key: Key| told(sums.get(&key));
        let rate = |population| Rate {
            converted: count(Key::Converted(population)),
            of: count(Key::Asked(population)),
        };
        let not_counted =
            NotCounted::ALL.map(|reason| (reason.name().to_owned(), count(Key::NotCounted(reason))));
        let mut overview = Self {
            turns: rate(Population::Turns),
            conversations: rate(Population::Conversations),
            people: rate(Population::People),
            order_values: order_values(sums),
            queries: queries(sums),
            not_counted: not_counted.into_iter().filter(|(_, count)| *count > 0).collect(),
            refused: BTreeMap::new(),
            refunds: BTreeMap::new(),
            loose_refunds: BTreeMap::new(),
            codes_without_turn: count(Key::CodesWithoutTurn),
            junk_identifiers: count(Key::JunkIdentifiers),
            fields_left_out: BTreeMap::new(),
            events: count(Key::Events),
            rates_withheld: false,
        };
        for (key, number) in sums.iter() {
            match key {
                Key::Refused(reason) => {
                    overview.refused.insert(reason.name().to_owned(), told(number));
                }
                Key::FieldsLeftOut(reason) => {
                    overview.fields_left_out.insert(*reason, told(number));
                }
                Key::RefundsApplied(currency) => {
                    overview.refunds.insert(*currency, told(number));
                }
                Key::RefundsLoose(currency) => {
                    let value = decimal(sums.get(&Key::RefundsLooseValue(*currency)), *currency);
                    overview.loose_refunds.insert(*currency, Count { count: told(number), value });
                }
                _ => {}
            }
        }
        overview
    }
}

fn order_values(sums: &Sums) -> Vec<OrderValues> {
    let mut groups: BTreeMap<(Currency, bool), Vec<(i64, i128)>> = BTreeMap::new();
    for (value, number) in sums.orders() {
        // They stand in order, so that the values of a group come in order.
        groups.entry((value.currency, !value.with_bot)).or_default().push((value.minor, number.max(0)));
    }
    let values = groups.into_iter().map(|((currency, without_bot), values)| {
        let orders: i128 = values.iter().map(|(_, count)| count).sum();
        let sum: i128 = values.iter().map(|(minor, count)| i128::from(*minor) * count).sum();
        let middle = nth(&values, (orders - 1) / 2) + nth(&values, orders / 2);
        OrderValues {
            currency,
            with_bot: !without_bot,
            orders: told(orders),
            mean: decimal(divide_half_even(sum, orders.max(1)), currency),
            median: decimal(divide_half_even(middle, 2), currency),
        }
    });
    values.collect()
}

/// The value at a place among values with their counts.
fn nth(values: &[(i64, i128)], place: i128) -> i128 {
    let mut passed = 0;
    let found = values.iter().find(|(_, count)| {
        passed += count;
        passed > place
    });
    found.map_or(0, |(minor, _)| i128::from(*minor))
}

/// Rounds to the nearest, half to even, for a divisor above zero.
pub(super) fn divide_half_even(number: i128, by: i128) -> i128 {
    let (floor, rest) = (number.div_euclid(by), number.rem_euclid(by));
    match (rest * 2).cmp(&by) {
        std::cmp::Ordering::Less => floor,
        std::cmp::Ordering::Greater => floor + 1,
        std::cmp::Ordering::Equal => floor + floor.rem_euclid(2),
    }
}

fn queries(sums: &Sums) -> Vec<QueryFigures> {
    let names: BTreeSet<&Label> = sums
        .iter()
        .filter_map(|(key, _)| match key {
            Key::QueryTurns(query) | Key::QueryInPath(query) | Key::QueryAsked { query, .. } => Some(query),
            _ => None,
        })
        .collect();
    let figures = |query: &Label| {
        let count = |key: Key| told(sums.get(&key));
        let repeated = |purchase| Rate {
            converted: count(Key::QueryRepeated { query: query.clone(), purchase }),
            of: count(Key::QueryAsked { query: query.clone(), purchase }),
        };
        QueryFigures {
            query: query.clone(),
            turns: Rate {
                converted: count(Key::QueryConverted(query.clone())),
                of: count(Key::QueryTurns(query.clone())),
            },
            conversions: count(Key::QueryInPath(query.clone())),
            repeated_before_conversion: repeated(true),
            repeated_without_conversion: repeated(false),
        }
    };
    names.into_iter().map(figures).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sums::OrderValue;

    #[test]
    fn halves_round_to_even() {
        for (number, by, rounded) in [(5, 2, 2), (7, 2, 4), (-5, 2, -2), (-7, 2, -4), (2, 3, 1), (1, 3, 0)] {
            assert_eq!(divide_half_even(number, by), rounded, "{number}/{by}");
        }
    }

    #[test]
    fn the_median_counts_values_as_often_as_they_stand() {
        let values = [(100, 2), (200, 1), (900, 1)];
        assert_eq!((nth(&values, 1), nth(&values, 2)), (100, 200));
        let mut sums = Sums::default();
        for (minor, count) in values {
            let currency = "EUR".parse().unwrap();
            sums.add(&Key::Orders(OrderValue { with_bot: true, currency, minor }), count);
        }
        let values = &order_values(&sums)[0];
        assert_eq!((values.mean.as_str(), values.median.as_str()), ("3.25", "1.50"));
    }
}
