//! Answers on their way out: credit as events of GA4 and Segment, customers as flat profiles for a CRM.
//!
//! The crate sends nothing: each function gives the text of a request's body, which the host sends, or of a file. Amounts
//! are written digit by digit and never pass through a float.
//!
//! # Restated, never doubled
//!
//! An event that was sent cannot be taken back, and a refund changes credit that was. So what goes out are *changes*: the
//! host keeps the [`Receipt`] that it sent last, and hands it in again with the new one. What changed between them goes
//! out, less than zero where credit was lost; the sum of all that ever went out is the credit of the newest receipt, to the
//! minor unit ([`changes`]).
//!
//! ```
//! use clinch::outbound::{Ga4, changes};
//! use clinch::{Event, Money, Question, Who, receipt};
//!
//! let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
//! let total = Money::parse("59.90", "EUR".parse()?)?;
//! let mut events: Vec<Event> = vec![
//!     Event::query("e1", at("2026-03-01T10:00:00Z"), Who::visitor("v9")).topic("availability").into(),
//!     Event::order("e2", at("2026-03-02T18:20:00Z"), Who::visitor("v9"), "1001", total).into(),
//! ];
//! let question = Question::new(at("2026-04-01T00:00:00Z"));
//! let first = receipt(events.clone(), &"1001".into(), &question)?.expect("an order that was recorded");
//! let bodies = Ga4::new("1234.5678").bodies(&first, None, "linear").expect("a column of the receipt");
//! assert!(bodies[0].contains(r#""currency":"EUR","value":59.90"#));
//!
//! let part = Money::parse("10.00", "EUR".parse()?)?;
//! events.push(Event::refund("e3", at("2026-03-09T09:00:00Z"), "r1", "1001", part).into());
//! let second = receipt(events, &"1001".into(), &question)?.expect("an order that was recorded");
//! let changed = changes(&second, Some(&first), "linear").expect("a column of the receipt");
//! assert_eq!(changed[0].value.amount(), "-10.00");
//! # Ok::<(), clinch::Error>(())
//! ```

mod ga4;
mod json;
mod profile;
mod segment;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

pub use ga4::Ga4;
pub use profile::{Profile, csv};
pub use segment::Segment;

use crate::credit::Credits;
use crate::journey::{Dimension, Touchpoint};
use crate::money::{Currency, Money};
use crate::receipt::Receipt;
use crate::text::EventId;

/// Credit that a touchpoint gained or lost since it was last told.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Change<'a> {
    /// The touchpoint, as the newer receipt has it; one that is no longer credited as the older has it.
    pub touchpoint: &'a Touchpoint,
    /// By how much; never zero.
    pub value: Money,
    /// What it has in all now, in minor units.
    pub credited: i64,
}

/// What one touchpoint is known by in two receipts.
type Name = (EventId, DateTime<Utc>, Currency);

/// What changed in the credit that `model` gives since the receipt that was `sent`, in the order of the path; then what
/// is credited no longer. Everything, where nothing was sent yet. None if the receipt has no such column.
///
/// The values of all changes that were ever told sum to the credit of the newest receipt, touchpoint by touchpoint.
/// Nothing without a touchpoint is told: what is unattributed stays at home.
pub fn changes<'a>(now: &'a Receipt, sent: Option<&'a Receipt>, model: &str) -> Option<Vec<Change<'a>>> {
    let is_asked = now.claim.is_none() || now.models.iter().any(|credits| credits.model == model);
    if !is_asked {
        return None;
    }
    let mut told: BTreeMap<Name, Vec<(&Touchpoint, i64)>> = BTreeMap::new();
    for (touchpoint, value) in sent.into_iter().flat_map(|sent| credited(sent, model)) {
        told.entry(name(touchpoint, value)).or_default().push((touchpoint, value.minor()));
    }
    // The first of one name goes first.
    told.values_mut().for_each(|values| values.reverse());
    let mut changes = Vec::new();
    for (touchpoint, value) in credited(now, model) {
        let before = told.get_mut(&name(touchpoint, value)).and_then(Vec::pop);
        let minor = value.minor().saturating_sub(before.map_or(0, |(_, minor)| minor));
        let value_of = Money::new(minor, value.currency());
        changes.push(Change { touchpoint, value: value_of, credited: value.minor() });
    }
    for ((.., currency), left) in told {
        for (touchpoint, minor) in left.into_iter().rev() {
            let value = Money::new(minor.saturating_neg(), currency);
            changes.push(Change { touchpoint, value, credited: 0 });
        }
    }
    changes.retain(|change| change.value.minor() != 0);
    Some(changes)
}

fn name(touchpoint: &Touchpoint, value: Money) -> Name {
    (touchpoint.id.clone(), touchpoint.at, value.currency())
}

/// The touchpoints that a model credits, with what it gives them.
fn credited<'a>(receipt: &'a Receipt, model: &str) -> Vec<(&'a Touchpoint, Money)> {
    let Some(claim) = &receipt.claim else { return Vec::new() };
    let credits: Option<&Credits> = receipt.models.iter().find(|credits| credits.model == model);
    // Credits are of a part of the touchpoints, in the same order.
    let mut touchpoints = claim.touchpoints.iter();
    let credits = credits.into_iter().flat_map(|credits| &credits.credits);
    let one = credits.filter_map(|credit| {
        let touchpoint = touchpoints.find(|touchpoint| touchpoint.id == credit.touchpoint)?;
        Some((touchpoint, credit.value?))
    });
    one.collect()
}

/// The labels of a touchpoint that go out, by name; several values of one are joined by a comma and a space.
fn labels(touchpoint: &Touchpoint) -> impl Iterator<Item = (&'static str, String)> {
    let shown = [
        Dimension::Query,
        Dimension::Topic,
        Dimension::Intent,
        Dimension::Flow,
        Dimension::ProductType,
        Dimension::Language,
        Dimension::Channel,
        Dimension::Evidence,
    ];
    shown.into_iter().filter_map(|dimension| {
        let values = touchpoint.values(dimension);
        let texts: Vec<&str> = values.iter().map(|label| label.as_str()).collect();
        (!texts.is_empty()).then(|| (dimension.name(), texts.join(", ")))
    })
}
