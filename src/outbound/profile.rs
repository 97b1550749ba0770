//! A customer as one flat row, as a CRM imports it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::SecondsFormat;

use super::json::Object;
use super::labels;
use crate::credit::credit;
use crate::error::Result;
use crate::journey::{ConversionKind, Dimension, Journey, Rules, Touchpoint};
use crate::model::Model;
use crate::money::{Currency, Even, decimal};
use crate::text::Label;

/// What is known of one customer: names and texts, in one row.
///
/// | field | what |
/// |---|---|
/// | `customer` | the id that the host gave |
/// | `model` | which model credited |
/// | `touchpoints`, `orders` | how many; orders that count |
/// | `first_touch_at`, `_id`, `_kind`, `_channel`, `_topic`, ... | the first touchpoint, with each label that it has |
/// | `last_touch_at`, ... | the last one |
/// | `last_query`, `last_query_at` | the latest question that is known by its normalised text |
/// | `net_<currency>` | what their orders came to after refunds |
/// | `unattributed_<currency>` | of it, what no touchpoint earned |
/// | `credited_<currency>_<topic>` | of it, what touchpoints of that topic earned; those without a topic under `none` |
///
/// Net is the sum of unattributed and credited, to the minor unit. What is not known has no field. Names are in lower
/// case with an underscore for anything but letters and digits of ASCII; of two topics that would share a name the
/// second, in the order of their text, ends in `_2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    fields: Vec<(String, String)>,
}

/// Sums of money in minor units.
#[derive(Default)]
struct Sums {
    net: BTreeMap<Currency, i128>,
    unattributed: BTreeMap<Currency, i128>,
    credited: BTreeMap<(Currency, Label), i128>,
    orders: usize,
}

impl Profile {
    /// The row of a customer whose journeys these are, such as `Tracker::journeys` gives for their identifier.
    ///
    /// # Errors
    /// A model that breaks its contract.
    pub fn new(customer: &str, journeys: &[Journey], rules: &Rules, model: &dyn Model) -> Result<Self> {
        let mut sums = Sums::default();
        for claim in journeys.iter().flat_map(|journey| &journey.claims) {
            let ConversionKind::Order(_) = claim.conversion.kind else { continue };
            let Some(value) = claim.conversion.value else { continue };
            sums.orders += 1;
            let (minor, currency) = (i128::from(value.minor()), value.currency());
            *sums.net.entry(currency).or_default() += minor;
            let path = claim.path(rules, Dimension::Topic);
            let credits = credit(model, &path)?;
            if credits.credits.is_empty() {
                *sums.unattributed.entry(currency).or_default() += minor;
            }
            for (touchpoint, part) in path.touchpoints().zip(&credits.credits) {
                let minor = part.value.map_or(0, |value| value.minor());
                sums.add(touchpoint, minor, currency);
            }
        }
        let mut touchpoints: Vec<&Touchpoint> =
            journeys.iter().flat_map(|journey| &journey.touchpoints).collect();
        touchpoints.sort_by_key(|touchpoint| touchpoint.at);
        Ok(Self { fields: fields(customer, model.name(), &touchpoints, &sums) })
    }

    /// Its fields by name, in the order of the table.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The text of one field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields().find(|(given, _)| *given == name).map(|(_, value)| value)
    }

    /// One JSON object whose values are all texts.
    pub fn to_json(&self) -> String {
        let mut object = Object::default();
        self.fields().for_each(|(name, value)| _ = object.text(name, value));
        object.done()
    }
}

impl Sums {
    /// A part of an order's value, split evenly over the topics of the touchpoint, spare units to the earlier.
    fn add(&mut self, touchpoint: &Touchpoint, minor: i64, currency: Currency) {
        let mut topics = touchpoint.values(Dimension::Topic);
        if topics.is_empty() {
            topics.push(Label::from("none"));
        }
        let even = Even::new(minor, topics.len());
        for (place, topic) in topics.into_iter().enumerate() {
            let part = even.each + if place < even.longer { even.unit } else { 0 };
            *self.credited.entry((currency, topic)).or_default() += i128::from(part);
        }
    }
}

fn fields(customer: &str, model: &str, touchpoints: &[&Touchpoint], sums: &Sums) -> Vec<(String, String)> {
    let mut fields = vec![
        ("customer".to_owned(), customer.to_owned()),
        ("model".to_owned(), model.to_owned()),
        ("touchpoints".to_owned(), touchpoints.len().to_string()),
        ("orders".to_owned(), sums.orders.to_string()),
    ];
    for (end, touchpoint) in [("first", touchpoints.first()), ("last", touchpoints.last())] {
        let Some(touchpoint) = touchpoint else { continue };
        let mut add = |name: &str, value: String| fields.push((format!("{end}_touch_{name}"), value));
        add("at", touchpoint.at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        add("id", touchpoint.id.as_str().to_owned());
        add("kind", touchpoint.kind.name().to_owned());
        labels(touchpoint).filter(|(name, _)| *name != "evidence").for_each(|(name, value)| add(name, value));
    }
    let asked = touchpoints.iter().rev().find_map(|touchpoint| {
        touchpoint.values(Dimension::Query).into_iter().next_back().map(|query| (query, touchpoint.at))
    });
    if let Some((query, at)) = asked {
        fields.push(("last_query".to_owned(), query.as_str().to_owned()));
        fields.push(("last_query_at".to_owned(), at.to_rfc3339_opts(SecondsFormat::AutoSi, true)));
    }
    let code = |currency: Currency| currency.code().to_ascii_lowercase();
    for (name, by_currency) in [("net", &sums.net), ("unattributed", &sums.unattributed)] {
        for (currency, minor) in by_currency {
            fields.push((format!("{name}_{}", code(*currency)), decimal(*minor, *currency)));
        }
    }
    let mut taken = BTreeSet::new();
    for ((currency, topic), minor) in &sums.credited {
        let plain = format!("credited_{}_{}", code(*currency), slug(topic.as_str()));
        let names = std::iter::once(plain.clone()).chain((2_u32..).map(|n| format!("{plain}_{n}")));
        let free = names.into_iter().find(|name| !taken.contains(name)).unwrap_or(plain);
        taken.insert(free.clone());
        fields.push((free, decimal(*minor, *currency)));
    }
    fields
}

/// A topic as a part of a name.
fn slug(text: &str) -> String {
    let plain = |symbol: char| if symbol.is_ascii_alphanumeric() { symbol.to_ascii_lowercase() } else { '_' };
    text.chars().map(plain).collect()
}

/// Profiles as CSV (RFC 4180): one row each, one column for each field that any of them has, in the order in which they
/// come up; empty where a profile has no such field. A line ends in CR LF.
///
/// Labels are what people wrote, and a spreadsheet takes a cell that begins with `=`, `@`, or `+` or `-` with more behind
/// it than a number, for a formula: such a cell begins with an apostrophe.
pub fn csv(profiles: &[Profile]) -> String {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in profiles.iter().flat_map(|profile| profile.fields()) {
        places.entry(name).or_insert_with(|| {
            names.push(name);
            names.len() - 1
        });
    }
    let mut text = row(&names);
    for profile in profiles {
        let mut values = vec![""; names.len()];
        for (name, value) in profile.fields() {
            values[places[name]] = value;
        }
        text.push_str(&row(&values));
    }
    text
}

fn row(cells: &[&str]) -> String {
    let quoted = |cell: &&str| {
        let cell = if is_formula(cell) { format!("'{cell}") } else { (*cell).to_owned() };
        if cell.contains([',', '"', '\r', '\n']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell
        }
    };
    cells.iter().map(quoted).collect::<Vec<_>>().join(",") + "\r\n"
}

/// Whether a spreadsheet would work something out.
fn is_formula(cell: &str) -> bool {
    let is_number = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match cell.trim_start().split_at_checked(1) {
        Some(("=" | "@", _)) => true,
        Some(("+" | "-", rest)) => !is_number(rest),
        _ => false,
    }
}
