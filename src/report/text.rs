//! The report as aligned text.

use std::fmt;

use chrono::SecondsFormat;

use crate::money::Currency;
use crate::report::overview::{Overview, Rate};
use crate::report::{Remainder, Report, Row, Table, Totals};
use crate::text::printed;

/// How many queries the overview shows; serde has them all.
const QUERIES_SHOWN: usize = 10;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for totals in &self.totals {
            write_totals(f, totals)?;
        }
        for table in &self.tables {
            writeln!(f)?;
            self.write_table(f, table)?;
        }
        writeln!(f)?;
        if self.min_group > 0 {
            writeln!(f, "withheld: what fewer than {} people stand behind", self.min_group)?;
        }
        write_overview(f, &self.overview)?;
        write!(f, "as of {}  ", self.as_of.to_rfc3339_opts(SecondsFormat::AutoSi, true))?;
        if !self.period.is_all() {
            write!(f, "period {}  ", self.period)?;
        }
        write!(f, "question {}  rules {}  version {}", self.question, self.rules, self.version)
    }
}

fn write_totals(f: &mut fmt::Formatter<'_>, totals: &Totals) -> fmt::Result {
    let unit = totals.currency.map_or("(no value)", Currency::code);
    let Totals { conversions, value, .. } = totals;
    let unattributed = if totals.unattributed_withheld { "withheld" } else { &totals.unattributed };
    writeln!(f, "{unit}  conversions {conversions}  value {value}  unattributed {unattributed}")?;
    for reason in &totals.reasons {
        writeln!(f, "  {} of them unattributed, {}: {}", reason.conversions, reason.reason, reason.value)?;
    }
    for (name, row) in [("expired", &totals.expired), ("erased", &totals.erased)] {
        if row.count > 0 {
            writeln!(f, "  {} {name}: {}", row.count, row.value)?;
        }
    }
    if !is_nothing(&totals.over_refunded) {
        writeln!(f, "  refunded beyond the total: {}", totals.over_refunded)?;
    }
    Ok(())
}

/// Whether decimal text says zero, or nothing.
fn is_nothing(amount: &str) -> bool {
    !amount.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
}

impl Report {
    fn write_table(&self, f: &mut fmt::Formatter<'_>, table: &Table) -> fmt::Result {
        let mut lines = vec![self.header(table.by.name())];
        let mut rows: Vec<&Row> = table.rows.iter().collect();
        // What earned most stands first: by currency, then by the first column.
        rows.sort_by(|a, b| {
            // Amounts of one currency have the same decimals, so their digits compare.
            let digits =
                |row: &Row| row.models.first().and_then(|figure| figure.value.replace('.', "").parse().ok());
            let value = |row: &Row| digits(row).unwrap_or(0_i128);
            a.currency.cmp(&b.currency).then(value(b).cmp(&value(a))).then(a.label.cmp(&b.label))
        });
        for row in rows {
            let mut line = vec![
                printed(row.label.as_str()).into_owned(),
                row.currency.map_or("", Currency::code).to_owned(),
            ];
            let value = |figure: &crate::report::Figure| {
                if row.currency.is_some() { figure.value.clone() } else { figure.conversions.clone() }
            };
            line.extend(row.models.iter().map(value));
            lines.push(line);
        }
        for totals in &self.totals {
            let unit = totals.currency.map_or("", Currency::code);
            let value = if totals.unattributed_withheld { "withheld" } else { &totals.unattributed };
            lines.push(self.same_in_all("(unattributed)", unit, value));
        }
        for totals in &self.totals {
            for (name, row) in [("(expired)", &totals.expired), ("(erased)", &totals.erased)] {
                if row.count > 0 {
                    let unit = totals.currency.map_or("", Currency::code);
                    lines.push(self.same_in_all(name, unit, &row.value));
                }
            }
        }
        for totals in &self.totals {
            let unit = totals.currency.map_or("", Currency::code);
            let left = |model: &str| {
                table.remainders.iter().find(|left| left.model == model && left.currency == totals.currency)
            };
            let declined: fn(&Remainder) -> &str = |left| &left.declined;
            let outside: fn(&Remainder) -> &str = |left| &left.outside;
            let kinds = [("(declined)", declined), ("(outside the period)", outside)];
            for (name, amount) in kinds {
                let amounts = self.models.iter().map(|model| left(model).map_or("", amount).to_owned());
                let amounts: Vec<String> = amounts.collect();
                if amounts.iter().any(|amount| !is_nothing(amount)) {
                    lines.push([name.to_owned(), unit.to_owned()].into_iter().chain(amounts).collect());
                }
            }
        }
        write_aligned(f, &lines, 2)
    }

    /// A row that says the same of every model that shares.
    fn same_in_all(&self, name: &str, unit: &str, value: &str) -> Vec<String> {
        let shares = |model: &String| model != crate::model::Participation::NAME;
        let values =
            self.models.iter().map(|model| if shares(model) { value.to_owned() } else { "-".to_owned() });
        [name.to_owned(), unit.to_owned()].into_iter().chain(values).collect()
    }

    fn header(&self, by: &str) -> Vec<String> {
        [by.to_owned(), String::new()]
            .into_iter()
            .chain(self.models.iter().map(|model| printed(model).into_owned()))
            .collect()
    }
}

/// Writes rows in columns: the first `left` to the left, the rest to the right.
fn write_aligned(f: &mut fmt::Formatter<'_>, lines: &[Vec<String>], left: usize) -> fmt::Result {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for line in lines {
        let mut written = String::new();
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let space = " ".repeat(width - cell.chars().count());
            let gap = if column == 0 { "" } else { "  " };
            written +=
                &if column < left { format!("{gap}{cell}{space}") } else { format!("{gap}{space}{cell}") };
        }
        writeln!(f, "{}", written.trim_end())?;
    }
    Ok(())
}

fn write_overview(f: &mut fmt::Formatter<'_>, overview: &Overview) -> fmt::Result {
    let rates = [
        ("turns", overview.turns),
        ("conversations", overview.conversations),
        ("people who asked", overview.people),
    ];
    for (name, rate) in rates.into_iter().filter(|_| !overview.rates_withheld) {
        writeln!(f, "{name} that end in a conversion: {}", told(rate))?;
    }
    for values in &overview.order_values {
        let bot = if values.with_bot { "with the bot" } else { "without it" };
        let (currency, orders, mean, median) = (values.currency, values.orders, &values.mean, &values.median);
        writeln!(f, "order value {bot}: {orders} x {currency}, mean {mean}, median {median}")?;
    }
    let mut queries: Vec<_> = overview.queries.iter().filter(|query| query.conversions > 0).collect();
    queries.sort_by_key(|query| std::cmp::Reverse(query.conversions));
    if !queries.is_empty() {
        writeln!(f)?;
        let mut lines = vec![
            ["query that leads to sales", "conversions", "turns", "asked again before one", "without one"]
                .map(str::to_owned)
                .to_vec(),
        ];
        lines.extend(queries.iter().take(QUERIES_SHOWN).map(|query| {
            vec![
                printed(query.query.as_str()).into_owned(),
                query.conversions.to_string(),
                told(query.turns),
                told(query.repeated_before_conversion),
                told(query.repeated_without_conversion),
            ]
        }));
        write_aligned(f, &lines, 1)?;
        if queries.len() > QUERIES_SHOWN {
            writeln!(f, "and {} more", queries.len() - QUERIES_SHOWN)?;
        }
        writeln!(f)?;
    }
    for (reason, count) in &overview.not_counted {
        writeln!(f, "orders not counted, {reason}: {count}")?;
    }
    for (reason, count) in &overview.refused {
        writeln!(f, "touchpoints refused, {reason}: {count}")?;
    }
    for (reason, count) in &overview.fields_left_out {
        writeln!(f, "fields left out, {reason}: {count}")?;
    }
    for (currency, loose) in &overview.loose_refunds {
        writeln!(f, "refunds without their order: {} x {currency}, {}", loose.count, loose.value)?;
    }
    let counts = [
        ("codes without their turn", overview.codes_without_turn),
        ("placeholder identifiers", overview.junk_identifiers),
    ];
    for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        writeln!(f, "{name}: {count}")?;
    }
    Ok(())
}

/// `3 of 12 (25.0 %)`
fn told(rate: Rate) -> String {
    let percent = rate.percent().map_or_else(String::new, |percent| format!(" ({percent} %)"));
    format!("{} of {}{percent}", rate.converted, rate.of)
}
