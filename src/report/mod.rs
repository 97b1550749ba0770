//! Reports: credit grouped, beside what was not credited, and the questions a shop asks every week.

mod collect;
mod crowd;
mod episodes;
mod erased;
mod friction;
mod live;
mod overview;
mod plain;
mod review;
mod segment;
mod sequences;
mod share;
mod state;
mod suggest;
mod sums;
mod tally;
mod text;
mod withhold;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use collect::collect;
pub use friction::{Asked, Friction, FrictionRow, Spread};
pub(crate) use live::Watching;
pub use overview::{Count, OrderValues, Overview, QueryFigures, Rate};
pub use review::{Performance, Review, ReviewRow};
pub use segment::{Segment, Shoppers};
pub use sequences::{Pattern, SequenceRules, Sequences};
pub use suggest::{Rank, Suggester, Suggestion};
pub(crate) use sums::Key as SumKey;
pub use sums::{NotCounted, Sums};

use chrono::{DateTime, Utc};

use crate::error::Result;
use crate::event::{Event, EventRef};
use crate::fact::{Facts, Limits};
use crate::id::Key as Secret;
use crate::journey::Dimension;
use crate::money::{Currency, decimal};
use crate::question::{Question, RESULT_VERSION};
use crate::reason::UnattributedReason;
use crate::report::sums::{Cell, Key};
use crate::text::Label;
use crate::time::Period;

/// The answer to a question over many people's facts.
///
/// The books balance in each currency, dimension and model that shares: rows + declined + outside the period +
/// unattributed + expired + erased = value, to the minor unit, and the same for conversions in 10^-9. `Display` prints it for a
/// person, serde for a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// Id of the question; see [`Question::id`].
    pub question: String,
    /// The question as printed.
    pub asked: String,
    /// As of when it was asked.
    pub as_of: DateTime<Utc>,
    /// The period it covers.
    pub period: Period,
    /// Id of the rules in force.
    pub rules: String,
    /// The crate's result version.
    pub version: u32,
    /// Names of the columns, in the order asked for.
    pub models: Vec<String>,
    /// Per currency; goals without a value stand under none.
    pub totals: Vec<Totals>,
    /// One per dimension asked for.
    pub tables: Vec<Table>,
    /// The figures that need no model.
    pub overview: Overview,
    /// How many people stand behind whatever is shown at least; see [`Question::min_group`]. 0 where groups of any
    /// size are shown.
    pub min_group: u32,
    /// Currencies with fewer people than that, of which nothing is shown.
    pub withheld_currencies: u64,
}

/// Conversions of the period in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Totals {
    /// The currency; none for goals without a value.
    pub currency: Option<Currency>,
    /// How many conversions there are.
    pub conversions: u64,
    /// Their value after refunds, as decimal text.
    pub value: String,
    /// Of it, the value that no touchpoint may claim.
    pub unattributed: String,
    /// Whether that value is withheld: it is in the rows `withheld` of all tables then, and shows as zero here. So does
    /// what is expired or erased, where few people or orders stand behind that.
    pub unattributed_withheld: bool,
    /// Of the conversions, those that no touchpoint may claim, by reason.
    pub reasons: Vec<Unattributed>,
    /// Conversions whose window reaches back behind what is kept of touchpoints: whole, whatever is left of their
    /// paths.
    pub expired: Count,
    /// Orders of people who were erased.
    pub erased: Count,
    /// What was given back beyond the totals of orders.
    pub over_refunded: String,
}

/// Conversions that are credited to nothing, for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unattributed {
    /// Why.
    pub reason: UnattributedReason,
    /// How many.
    pub conversions: u64,
    /// Their value.
    pub value: String,
}

/// Credit by one dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Table {
    /// What it groups by.
    pub by: Dimension,
    /// Rows by label, then currency. Touchpoints without a value stand under `none`.
    pub rows: Vec<Row>,
    /// What models left over, by currency: declined paths, and touchpoints outside the period.
    pub remainders: Vec<Remainder>,
    /// How many rows are in the rows `withheld`.
    pub withheld_rows: u64,
}

/// Credit of one label in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Row {
    /// The label.
    pub label: Label,
    /// The currency; none for goals without a value.
    pub currency: Option<Currency>,
    /// One per model, in the order of the report's models.
    pub models: Vec<Figure>,
}

/// What one model gives one label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Figure {
    /// Name of the model.
    pub model: String,
    /// Value as decimal text of the row's currency; `0` without one.
    pub value: String,
    /// Conversions, with nine decimals.
    pub conversions: String,
}

/// What one model gives to no row, in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Remainder {
    /// Name of the model.
    pub model: String,
    /// The currency; none for goals without a value.
    pub currency: Option<Currency>,
    /// Value of declined paths.
    pub declined: String,
    /// Declined conversions, with nine decimals.
    pub declined_conversions: String,
    /// Value given to touchpoints outside the period, in a report by touch date.
    pub outside: String,
    /// The same in conversions, with nine decimals.
    pub outside_conversions: String,
}

/// Answers a question over the events handed in, as a tracker with the same facts would.
///
/// Events may stand in any order and any number of times; those that are refused at the door are left out (a
/// [`Tracker`](crate::Tracker) tells which).
///
/// # Errors
/// A model that breaks its contract, two columns of one name.
pub fn report(events: impl IntoIterator<Item = impl Into<Event>>, question: &Question) -> Result<Report> {
    let mut facts = Facts::new(Secret::new([0; 16]), Limits::default());
    for event in events {
        // What the door refuses is no fact: the answer is about facts.
        let _recorded = facts.record(EventRef::from(&event.into()), &mut ())?;
    }
    Ok(Report::new(&collect(&facts, question)?, question))
}

impl Report {
    /// What the sums say, for the question that they answer.
    pub fn new(sums: &Sums, question: &Question) -> Self {
        let models: Vec<String> = question.models.iter().map(|model| model.name().to_owned()).collect();
        let totals = totals(sums);
        let currencies: Vec<Option<Currency>> = totals.iter().map(|totals| totals.currency).collect();
        let table = |by: &Dimension| Table {
            by: *by,
            rows: rows(sums, *by, &models),
            remainders: remainders(sums, *by, &models, &currencies),
            withheld_rows: 0,
        };
        let mut report = Self {
            question: question.id(),
            asked: question.to_string(),
            as_of: question.as_of,
            period: question.period,
            rules: question.rules.id(),
            version: RESULT_VERSION,
            totals,
            tables: question.by.iter().map(table).collect(),
            overview: Overview::new(sums),
            min_group: 0,
            withheld_currencies: 0,
            models,
        };
        if question.min_group > 0 {
            withhold::withhold(&mut report, sums, question.min_group);
        }
        report
    }
}

/// An amount as decimal text; goals without a value have no decimals.
pub(super) fn amount(minor: i128, currency: Option<Currency>) -> String {
    currency.map_or_else(|| minor.to_string(), |currency| decimal(minor, currency))
}

/// Units of 10^-9 as text.
fn nine(nanos: i128) -> String {
    crate::money::fixed_point(nanos, 9)
}

/// A count as it is told; sums that were retracted too often show as zero.
pub(super) fn told(count: i128) -> u64 {
    u64::try_from(count.max(0)).unwrap_or(u64::MAX)
}

fn totals(sums: &Sums) -> Vec<Totals> {
    let currencies = sums.iter().filter_map(|(key, _)| match key {
        Key::Conversions(currency) | Key::Value(currency) => Some(*currency),
        Key::OverRefunded(currency) => Some(Some(*currency)),
        _ => None,
    });
    let currencies: std::collections::BTreeSet<Option<Currency>> = currencies.collect();
    let of_currency = |currency: Option<Currency>| {
        let reasons = UnattributedReason::ALL.iter().map(|reason| Unattributed {
            reason: *reason,
            conversions: told(sums.get(&Key::Unattributed(currency, *reason))),
            value: amount(sums.get(&Key::UnattributedValue(currency, *reason)), currency),
        });
        let reasons = reasons.filter(|reason| !reason.reason.has_own_row());
        let own = UnattributedReason::ALL.iter().filter(|reason| !reason.has_own_row());
        let values = own.map(|reason| Key::UnattributedValue(currency, *reason));
        let row = |reason| Count {
            count: told(sums.get(&Key::Unattributed(currency, reason))),
            value: amount(sums.get(&Key::UnattributedValue(currency, reason)), currency),
        };
        Totals {
            expired: row(UnattributedReason::Expired),
            erased: row(UnattributedReason::Erased),
            currency,
            conversions: told(sums.get(&Key::Conversions(currency))),
            value: amount(sums.get(&Key::Value(currency)), currency),
            unattributed: amount(values.map(|key| sums.get(&key)).sum(), currency),
            unattributed_withheld: false,
            reasons: reasons.filter(|reason| reason.conversions > 0).collect(),
            over_refunded: amount(
                currency.map_or(0, |currency| sums.get(&Key::OverRefunded(currency))),
                currency,
            ),
        }
    };
    currencies.into_iter().map(of_currency).collect()
}

/// Minor units and units of 10^-9 by model.
type Given<'a> = BTreeMap<&'a str, [i128; 2]>;

fn rows(sums: &Sums, by: Dimension, models: &[String]) -> Vec<Row> {
    let mut rows: BTreeMap<(&Label, Option<Currency>), Given<'_>> = BTreeMap::new();
    for (key, number) in sums.iter() {
        let (cell, label, which) = match key {
            Key::CreditValue(cell, label) | Key::ParticipationValue(cell, label) => (cell, label, 0),
            Key::Credit(cell, label) | Key::Participation(cell, label) => (cell, label, 1),
            _ => continue,
        };
        if cell.by == by {
            let given = rows.entry((label, cell.currency)).or_default();
            given.entry(cell.model.as_str()).or_default()[which] += number;
        }
    }
    let figure = |model: &String, given: &Given<'_>, currency| {
        let [value, nanos] = given.get(model.as_str()).copied().unwrap_or_default();
        Figure { model: model.clone(), value: amount(value, currency), conversions: nine(nanos) }
    };
    let rows = rows.into_iter().map(|((label, currency), given)| Row {
        label: label.clone(),
        currency,
        models: models.iter().map(|model| figure(model, &given, currency)).collect(),
    });
    rows.collect()
}

fn remainders(
    sums: &Sums,
    by: Dimension,
    models: &[String],
    currencies: &[Option<Currency>],
) -> Vec<Remainder> {
    let pairs = currencies.iter().flat_map(|currency| models.iter().map(|model| (*currency, model)));
    let remainder = |(currency, model): (Option<Currency>, &String)| {
        let cell = || Cell { by, currency, model: Label::from(model) };
        let numbers = [
            Key::DeclinedValue(cell()),
            Key::Declined(cell()),
            Key::OutsideValue(cell()),
            Key::Outside(cell()),
        ]
        .map(|key| sums.get(&key));
        let [declined, declined_conversions, outside, outside_conversions] = numbers;
        (numbers != [0; 4]).then(|| Remainder {
            model: model.clone(),
            currency,
            declined: amount(declined, currency),
            declined_conversions: nine(declined_conversions),
            outside: amount(outside, currency),
            outside_conversions: nine(outside_conversions),
        })
    };
    pairs.filter_map(remainder).collect()
}
