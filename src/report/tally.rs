//! Sums in the making: plain arrays, by the numbers of labels, currencies and models.

use crate::fact::{Facts, NONE, Symbol};
use crate::journey::{Dimension, label};
use crate::money::Currency;
use crate::question::Question;
use crate::reason::{FieldReason, RefuseReason, UnattributedReason};
use crate::report::collect::NONE_LABEL;
use crate::report::crowd::Crowd;
use crate::report::sums::{Cell, Key, NotCounted, OrderValue, Population, Sums};
use crate::text::Label;

/// What a visit of everybody's paths counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Without a currency, and then each currency as it came up.
    currencies: Vec<Option<Currency>>,
    pub(crate) money: Vec<Money>,
    /// By dimension asked for, then by currency.
    pub(crate) tables: Vec<Vec<Table>>,
    dimensions: Vec<Dimension>,
    pub(crate) refused: [i64; RefuseReason::ALL.len()],
    /// Asked and converted, by population.
    pub(crate) rates: [[i64; 2]; 3],
    /// With the bot, place of the currency, minor units: one entry an order.
    pub(crate) orders: Vec<(bool, u32, i64)>,
    pub(crate) queries: Queries,
    pub(crate) intake: Intake,
    pub(crate) crowd: Crowd,
}

/// What came in; fields left out by reason.
#[derive(Clone, Debug, Default)]
pub(crate) struct Intake {
    pub(crate) events: i64,
    pub(crate) junk: i64,
    pub(crate) left_out: [i64; FieldReason::ALL.len()],
    pub(crate) codes_without_turn: i64,
    pub(crate) orders_known: i64,
    pub(crate) not_counted: [i64; NotCounted::ALL.len()],
}

/// Totals in one currency.
#[derive(Clone, Debug, Default)]
pub(crate) struct Money {
    pub(crate) conversions: i64,
    pub(crate) value: i128,
    pub(crate) unattributed: [(i64, i128); UnattributedReason::ALL.len()],
    pub(crate) refunds_applied: i64,
    pub(crate) refunds_loose: (i64, i128),
    pub(crate) over_refunded: i128,
}

/// Credit in one dimension and currency.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    /// The row of each value, by its number plus one; 0 is the row of no value.
    row_of: Vec<u32>,
    rows: Vec<Symbol>,
    /// Shares and minor units, row by row, model by model.
    cells: Vec<[i128; 2]>,
    /// What each model declined, and what it gave to touchpoints outside the period.
    pub(crate) declined: Vec<[i128; 2]>,
    pub(crate) outside: Vec<[i128; 2]>,
    models: usize,
}

impl Table {
    fn new(models: usize) -> Self {
        let (declined, outside) = (vec![[0; 2]; models], vec![[0; 2]; models]);
        Self { declined, outside, models, ..Self::default() }
    }

    /// The cells of one value's row, one per model.
    pub(crate) fn row(&mut self, symbol: Symbol) -> &mut [[i128; 2]] {
        let place = symbol.wrapping_add(1) as usize;
        if self.row_of.len() <= place {
            self.row_of.resize(place + 1, NONE);
        }
        let mut row = self.row_of[place];
        if row == NONE {
            row = self.rows.len() as u32;
            self.row_of[place] = row;
            self.rows.push(symbol);
            self.cells.resize(self.cells.len() + self.models, [0; 2]);
        }
        &mut self.cells[row as usize * self.models..][..self.models]
    }
}

/// What came of each query, by its number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queries(Vec<[i64; 7]>);

/// Places in the figures of a query.
pub(crate) const TURNS: usize = 0;
pub(crate) const CONVERTED: usize = 1;
pub(crate) const IN_PATH: usize = 2;
/// Asked, and asked again, before a conversion; the two after it are those of people without one.
pub(crate) const ASKED: usize = 3;

impl Queries {
    pub(crate) fn at(&mut self, query: Symbol) -> &mut [i64; 7] {
        let place = query as usize;
        if self.0.len() <= place {
            self.0.resize(place + 1, [0; 7]);
        }
        &mut self.0[place]
    }
}

impl Tally {
    pub(crate) fn new(question: &Question) -> Self {
        // A dimension asked for twice has one set of sums, which must not count twice.
        let mut dimensions = question.by.clone();
        dimensions.sort_unstable();
        dimensions.dedup();
        let tables = vec![Vec::new(); dimensions.len()];
        Self { dimensions, tables, crowd: Crowd::new(question), ..Self::default() }
    }

    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions.len()
    }

    pub(crate) fn dimension(&self, place: usize) -> Dimension {
        self.dimensions[place]
    }

    /// The place of a currency.
    pub(crate) fn currency(&mut self, currency: Option<Currency>, models: usize) -> usize {
        if let Some(place) = self.currencies.iter().position(|held| *held == currency) {
            return place;
        }
        self.currencies.push(currency);
        self.money.push(Money::default());
        self.tables.iter_mut().for_each(|tables| tables.push(Table::new(models)));
        self.currencies.len() - 1
    }

    pub(crate) fn currency_at(&self, place: usize) -> Option<Currency> {
        self.currencies[place]
    }

    /// Adds what another one counted.
    #[cfg(feature = "parallel")]
    pub(crate) fn add(&mut self, other: &Self) {
        let models = other.tables.iter().flatten().map(|table| table.models).next().unwrap_or_default();
        let places: Vec<usize> =
            other.currencies.iter().map(|currency| self.currency(*currency, models)).collect();
        for (money, place) in other.money.iter().zip(&places) {
            self.money[*place].add(money);
        }
        for (tables, more) in self.tables.iter_mut().zip(&other.tables) {
            for (table, place) in more.iter().zip(&places) {
                tables[*place].add(table);
            }
        }
        self.crowd.add(&other.crowd, &places);
        add_each(&mut self.refused, &other.refused);
        self.rates.iter_mut().zip(&other.rates).for_each(|(rate, more)| add_each(rate, more));
        let order =
            |(with_bot, place, minor): &(bool, u32, i64)| (*with_bot, places[*place as usize] as u32, *minor);
        self.orders.extend(other.orders.iter().map(order));
        for (query, figures) in (0..).zip(&other.queries.0).filter(|(_, figures)| **figures != [0; 7]) {
            add_each(self.queries.at(query), figures);
        }
        let Intake { events, junk, left_out, codes_without_turn, orders_known, not_counted } = &other.intake;
        self.intake.events += events;
        self.intake.junk += junk;
        add_each(&mut self.intake.left_out, left_out);
        self.intake.codes_without_turn += codes_without_turn;
        self.intake.orders_known += orders_known;
        add_each(&mut self.intake.not_counted, not_counted);
    }

    /// Adds everything up under the names of things.
    pub(crate) fn sums(&self, facts: &Facts, question: &Question) -> Sums {
        let mut sums = Sums::default();
        self.add_intake(&mut sums);
        self.crowd.sums(&mut sums, facts, question, (&self.currencies, &self.dimensions));
        for (place, money) in self.money.iter().enumerate() {
            self.add_money(&mut sums, self.currencies[place], money);
        }
        for (tables, by) in self.tables.iter().zip(&self.dimensions) {
            for (table, currency) in tables.iter().zip(&self.currencies) {
                add_table(&mut sums, table, *by, *currency, facts, question);
            }
        }
        sums.add_orders(self.order_values());
        for (query, figures) in (0..).zip(&self.queries.0).filter(|(_, figures)| **figures != [0; 7]) {
            let query = facts.contents.texts.get(query).clone();
            add_query(&mut sums, &query, figures);
        }
        sums
    }

    /// How many orders there are of each value, in order; none from now on.
    pub(crate) fn take_orders(&mut self) -> Vec<(OrderValue, i128)> {
        let values = self.order_values();
        self.orders.clear();
        values
    }

    /// How many orders there are of each value, in order.
    fn order_values(&self) -> Vec<(OrderValue, i128)> {
        let value = |(with_bot, place, minor): &(bool, u32, i64)| {
            let currency = self.currencies[*place as usize]?;
            Some(OrderValue { with_bot: *with_bot, currency, minor: *minor })
        };
        let mut values: Vec<OrderValue> = self.orders.iter().filter_map(value).collect();
        values.sort_unstable();
        values.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as i128)).collect()
    }

    fn add_intake(&self, sums: &mut Sums) {
        let Intake { events, junk, left_out, codes_without_turn, orders_known, not_counted } = &self.intake;
        sums.add(&Key::Events, (*events).into());
        sums.add(&Key::JunkIdentifiers, (*junk).into());
        for (reason, count) in FieldReason::ALL.iter().zip(left_out) {
            sums.add(&Key::FieldsLeftOut(*reason), (*count).into());
        }
        sums.add(&Key::CodesWithoutTurn, (*codes_without_turn).into());
        sums.add(&Key::OrdersKnown, (*orders_known).into());
        for (reason, count) in NotCounted::ALL.iter().zip(not_counted) {
            sums.add(&Key::NotCounted(*reason), (*count).into());
        }
        for (reason, count) in RefuseReason::ALL.iter().zip(self.refused) {
            sums.add(&Key::Refused(*reason), count.into());
        }
        let populations = [Population::Turns, Population::Conversations, Population::People];
        for (population, [asked, converted]) in populations.into_iter().zip(self.rates) {
            sums.add(&Key::Asked(population), asked.into());
            sums.add(&Key::Converted(population), converted.into());
        }
    }

    fn add_money(&self, sums: &mut Sums, currency: Option<Currency>, money: &Money) {
        sums.add(&Key::Conversions(currency), money.conversions.into());
        sums.add(&Key::Value(currency), money.value);
        for (reason, (count, value)) in UnattributedReason::ALL.iter().zip(money.unattributed) {
            sums.add(&Key::Unattributed(currency, *reason), count.into());
            sums.add(&Key::UnattributedValue(currency, *reason), value);
        }
        if let Some(currency) = currency {
            sums.add(&Key::RefundsApplied(currency), money.refunds_applied.into());
            sums.add(&Key::RefundsLoose(currency), money.refunds_loose.0.into());
            sums.add(&Key::RefundsLooseValue(currency), money.refunds_loose.1);
            sums.add(&Key::OverRefunded(currency), money.over_refunded);
        }
    }
}

#[cfg(feature = "parallel")]
fn add_each(numbers: &mut [i64], more: &[i64]) {
    numbers.iter_mut().zip(more).for_each(|(number, more)| *number += more);
}

#[cfg(feature = "parallel")]
impl Money {
    fn add(&mut self, other: &Self) {
        let Self { conversions, value, unattributed, refunds_applied, refunds_loose, over_refunded } = other;
        self.conversions += conversions;
        self.value += value;
        for (held, (count, value)) in self.unattributed.iter_mut().zip(unattributed) {
            *held = (held.0 + count, held.1 + value);
        }
        self.refunds_applied += refunds_applied;
        self.refunds_loose = (self.refunds_loose.0 + refunds_loose.0, self.refunds_loose.1 + refunds_loose.1);
        self.over_refunded += over_refunded;
    }
}

#[cfg(feature = "parallel")]
impl Table {
    fn add(&mut self, other: &Self) {
        let add = |cell: &mut [i128; 2], more: &[i128; 2]| *cell = [cell[0] + more[0], cell[1] + more[1]];
        for (symbol, cells) in other.rows.iter().zip(other.cells.chunks(other.models.max(1))) {
            self.row(*symbol).iter_mut().zip(cells).for_each(|(cell, more)| add(cell, more));
        }
        for (mine, theirs) in [(&mut self.declined, &other.declined), (&mut self.outside, &other.outside)] {
            mine.iter_mut().zip(theirs).for_each(|(cell, more)| add(cell, more));
        }
    }
}

fn add_table(
    sums: &mut Sums,
    table: &Table,
    by: Dimension,
    currency: Option<Currency>,
    facts: &Facts,
    question: &Question,
) {
    for (place, chosen) in question.models.iter().enumerate() {
        let cell = || Cell { by, currency, model: Label::from(chosen.name()) };
        for (row, symbol) in table.rows.iter().enumerate() {
            let [share, value] = table.cells[row * table.models + place];
            if share == 0 && value == 0 {
                continue;
            }
            let label = if *symbol == NONE { Label::from(NONE_LABEL) } else { label(facts, by, *symbol) };
            let keys = match chosen.model() {
                Some(_) => [Key::Credit(cell(), label.clone()), Key::CreditValue(cell(), label)],
                None => [Key::Participation(cell(), label.clone()), Key::ParticipationValue(cell(), label)],
            };
            sums.add(&keys[0], share);
            sums.add(&keys[1], value);
        }
        let [share, value] = table.declined[place];
        sums.add(&Key::Declined(cell()), share);
        sums.add(&Key::DeclinedValue(cell()), value);
        let [share, value] = table.outside[place];
        sums.add(&Key::Outside(cell()), share);
        sums.add(&Key::OutsideValue(cell()), value);
    }
}

fn add_query(sums: &mut Sums, query: &Label, figures: &[i64; 7]) {
    let query = || query.clone();
    let keys = [
        Key::QueryTurns(query()),
        Key::QueryConverted(query()),
        Key::QueryInPath(query()),
        Key::QueryAsked { query: query(), purchase: true },
        Key::QueryRepeated { query: query(), purchase: true },
        Key::QueryAsked { query: query(), purchase: false },
        Key::QueryRepeated { query: query(), purchase: false },
    ];
    for (key, figure) in keys.iter().zip(figures) {
        sums.add(key, (*figure).into());
    }
}
