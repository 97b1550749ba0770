//! Small groups: what fewer people than asked for stand behind is not shown, nor does it follow from what is.
//!
//! Rows of one dimension, currency and model, what the model left over and what is unattributed add up to a total
//! that is shown. So a row that is withheld alone would follow by subtraction. Withheld rows go into one row together,
//! with what the model left over and, where that is small too, with what is unattributed; and with them goes the
//! smallest row that is large enough in every model. That row is why the sum itself stands for enough people: several
//! small rows may all be of one person.

use std::collections::{BTreeMap, BTreeSet};

use crate::money::Currency;
use crate::reason::UnattributedReason;
use crate::report::sums::{Cell, Key, Sums};
use crate::report::{Count, Figure, Overview, Rate, Report, Row, Table, amount, nine};
use crate::text::Label;

/// What the row of withheld rows is called.
pub(super) const WITHHELD_LABEL: &str = "withheld";

/// Rows of one table in one currency.
struct Group<'r> {
    sums: &'r Sums,
    models: &'r [String],
    table: &'r Table,
    currency: Option<Currency>,
    least: i128,
}

/// What is withheld in one table and currency, and whether what is unattributed has to go too.
struct Plan {
    rows: BTreeSet<Label>,
    unattributed: bool,
}

/// Takes small groups out of a report that the sums made.
pub(super) fn withhold(report: &mut Report, sums: &Sums, least: u32) {
    report.min_group = least;
    let least = i128::from(least);
    let shown = |totals: &super::Totals| sums.get(&Key::PeopleEarned(totals.currency)) >= least;
    let currencies = report.totals.len();
    report.totals.retain(shown);
    report.withheld_currencies = (currencies - report.totals.len()) as u64;
    let shown: BTreeSet<Option<Currency>> = report.totals.iter().map(|totals| totals.currency).collect();
    for table in &mut report.tables {
        table.rows.retain(|row| shown.contains(&row.currency));
        table.remainders.retain(|left| shown.contains(&left.currency));
    }
    let mut hidden = BTreeSet::new();
    for place in 0..report.totals.len() {
        let currency = report.totals[place].currency;
        let own = own_rows_of_few(sums, currency, least);
        let (plans, unattributed) = plans(report, sums, currency, least);
        for (table, plan) in report.tables.iter_mut().zip(plans) {
            fold(table, sums, &report.models, currency, (&plan, &own));
        }
        let totals = &mut report.totals[place];
        for reason in own {
            let shown =
                if reason == UnattributedReason::Erased { &mut totals.erased } else { &mut totals.expired };
            *shown = Count { count: 0, value: amount(0, currency) };
        }
        totals.over_refunded = amount(0, currency);
        if unattributed {
            hidden.insert(currency);
            (totals.unattributed, totals.unattributed_withheld) = (amount(0, currency), true);
            totals.reasons.clear();
        }
    }
    let is_shown = |currency: Currency| shown.contains(&Some(currency)) && !hidden.contains(&Some(currency));
    overview(&mut report.overview, sums, least, &is_shown);
}

/// Which of the rows beside what is unattributed few stand behind. Nobody knows whose an erased order was: it counts as one
/// person's.
fn own_rows_of_few(sums: &Sums, currency: Option<Currency>, least: i128) -> Vec<UnattributedReason> {
    let behind = |reason: UnattributedReason| match reason {
        UnattributedReason::Erased => Key::Unattributed(currency, reason),
        _ => Key::PeopleUnclaimed(currency, reason),
    };
    let own = UnattributedReason::ALL.iter().copied().filter(|reason| reason.has_own_row());
    own.filter(|reason| (1..least).contains(&sums.get(&behind(*reason)))).collect()
}

/// What has to go, table by table. What is unattributed goes in all of them or in none.
fn plans(report: &Report, sums: &Sums, currency: Option<Currency>, least: i128) -> (Vec<Plan>, bool) {
    let few = |key: Key| (1..least).contains(&sums.get(&key));
    let reason = |reason: &UnattributedReason| few(Key::PeopleUnclaimed(currency, *reason));
    let mut unattributed = few(Key::PeopleClaimed(currency))
        || UnattributedReason::ALL.iter().any(reason)
        || !own_rows_of_few(sums, currency, least).is_empty();
    loop {
        let plan =
            |table: &Table| Group { sums, models: &report.models, table, currency, least }.plan(unattributed);
        let plans: Vec<Plan> = report.tables.iter().map(plan).collect();
        if unattributed || !plans.iter().any(|plan| plan.unattributed) {
            return (plans, unattributed);
        }
        unattributed = true;
    }
}

impl Group<'_> {
    fn plan(&self, unattributed: bool) -> Plan {
        let labels: Vec<&Label> = self
            .table
            .rows
            .iter()
            .filter(|row| row.currency == self.currency)
            .map(|row| &row.label)
            .collect();
        let small = |label: &&&Label| label.as_str() == WITHHELD_LABEL || self.is_small(label);
        let mut rows: BTreeSet<Label> = labels.iter().filter(small).map(|label| (**label).clone()).collect();
        let left_over = self.table.remainders.iter().any(|left| left.currency == self.currency);
        if rows.is_empty() && !left_over && !unattributed {
            return Plan { rows, unattributed };
        }
        // None of the small rows is large in every model.
        let whole =
            labels.iter().filter(|label| !rows.contains(**label)).map(|label| (self.fewest(label), *label));
        match whole.filter(|(fewest, _)| *fewest >= self.least).min() {
            Some((_, label)) => {
                rows.insert(label.clone());
            }
            None => rows.extend(labels.into_iter().cloned()),
        }
        let alone = rows.len() < 2 && rows.iter().any(|label| self.fewest(label) < self.least);
        Plan { unattributed: unattributed || alone, rows }
    }

    /// How many people each model's figure stands for.
    fn people(&self, label: &Label) -> impl Iterator<Item = i128> {
        let cell =
            |model: &String| Cell { by: self.table.by, currency: self.currency, model: Label::from(model) };
        self.models.iter().map(move |model| self.sums.get(&Key::PeopleCredited(cell(model), label.clone())))
    }

    fn is_small(&self, label: &Label) -> bool {
        self.people(label).any(|people| (1..self.least).contains(&people))
    }

    fn fewest(&self, label: &Label) -> i128 {
        self.people(label).min().unwrap_or_default()
    }
}

/// Puts rows, and what is left over, into the row of withheld rows.
fn fold(
    table: &mut Table,
    sums: &Sums,
    models: &[String],
    currency: Option<Currency>,
    (plan, own): (&Plan, &[UnattributedReason]),
) {
    if plan.rows.is_empty()
        && !plan.unattributed
        && !table.remainders.iter().any(|left| left.currency == currency)
    {
        return;
    }
    let figure = |model: &String| {
        let cell = || Cell { by: table.by, currency, model: Label::from(model) };
        let mut given = [0, 0];
        let mut add =
            |keys: [Key; 2]| keys.iter().zip(&mut given).for_each(|(key, sum)| *sum += sums.get(key));
        // Participation has no total: a row of it that nobody can subtract from is one that nobody needs.
        if model != crate::model::Participation::NAME {
            for label in &plan.rows {
                add([Key::CreditValue(cell(), label.clone()), Key::Credit(cell(), label.clone())]);
            }
            add([Key::DeclinedValue(cell()), Key::Declined(cell())]);
            add([Key::OutsideValue(cell()), Key::Outside(cell())]);
            if plan.unattributed {
                let [value, conversions] = unattributed(sums, currency, own);
                given = [given[0] + value, given[1] + conversions];
            }
        }
        Figure { model: model.clone(), value: amount(given[0], currency), conversions: nine(given[1]) }
    };
    let row =
        Row { label: Label::from(WITHHELD_LABEL), currency, models: models.iter().map(figure).collect() };
    table.withheld_rows += plan.rows.len() as u64;
    table.rows.retain(|row| row.currency != currency || !plan.rows.contains(&row.label));
    table.remainders.retain(|left| left.currency != currency);
    let place = table.rows.partition_point(|held| (&held.label, held.currency) < (&row.label, row.currency));
    table.rows.insert(place, row);
}

/// Value and units of 10^-9 of what no touchpoint may claim, these rows of their own included.
fn unattributed(sums: &Sums, currency: Option<Currency>, own: &[UnattributedReason]) -> [i128; 2] {
    let mut all = [0, 0];
    let goes = |reason: &UnattributedReason| !reason.has_own_row() || own.contains(reason);
    for (key, number) in sums.iter() {
        match key {
            Key::UnattributedValue(held, reason) if *held == currency && goes(reason) => {
                all[0] += number;
            }
            Key::Unattributed(held, reason) if *held == currency && goes(reason) => {
                all[1] += number * 1_000_000_000;
            }
            _ => {}
        }
    }
    all
}

/// Figures of few people, and those from which hidden ones would follow.
fn overview(overview: &mut Overview, sums: &Sums, least: i128, is_shown: &dyn Fn(Currency) -> bool) {
    let few = |count: u64| (1..least).contains(&i128::from(count));
    if few(overview.people.of) || few(overview.people.converted) {
        (overview.turns, overview.conversations, overview.people) = Default::default();
        overview.rates_withheld = true;
    }
    let people = |currency, with_bot| sums.get(&Key::PeopleOrdered(Some(currency), with_bot));
    overview.order_values.retain(|values| {
        let enough = |with_bot| !(1..least).contains(&people(values.currency, with_bot));
        is_shown(values.currency) && enough(true) && enough(false)
    });
    overview.refunds.retain(|currency, _| is_shown(*currency));
    overview.loose_refunds = BTreeMap::new();
    // People without a conversion are counted once for each query that they asked.
    let asked = |rate: Rate| i128::from(rate.of) >= least;
    let before = overview.queries.len();
    overview.queries.retain(|query| {
        let in_path = sums.get(&Key::PeopleInPath(query.query.clone()));
        let few_bought = (1..least).contains(&in_path) || few(query.repeated_before_conversion.of);
        asked(query.repeated_without_conversion) && !few_bought && !few(query.turns.converted)
    });
    if overview.queries.len() < before {
        let fewest = overview.queries.iter().map(|query| query.turns.of).min();
        if let Some(place) = overview.queries.iter().position(|query| Some(query.turns.of) == fewest) {
            overview.queries.remove(place);
        }
    }
}
