//! Conversions: what earns.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::money::{Currency, Money};
use crate::text::{EventId, Label, OrderId, ProductId};

/// An order, or a goal with or without a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Conversion {
    /// Which.
    pub kind: ConversionKind,
    /// When: for an order the earliest instant of any of its versions.
    pub at: DateTime<Utc>,
    /// Its value before refunds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
    /// Its value after refunds, never below zero: what is credited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Money>,
    /// What was given back beyond the total, in minor units.
    #[serde(default)]
    pub over_refunded: i128,
    /// What is left of each line of an order, then of what stands on no line (shipping); they sum to the value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
}

/// What kind of conversion it is, with its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConversionKind {
    /// A goal reached in an event.
    Goal {
        /// Its name.
        goal: Label,
        /// The event.
        event: EventId,
    },
    /// An order.
    Order(OrderId),
}

impl ConversionKind {
    /// The id of the order, or of the goal's event.
    pub fn id(&self) -> &str {
        match self {
            Self::Goal { event, .. } => event.as_str(),
            Self::Order(order) => order.as_str(),
        }
    }
}

impl fmt::Display for ConversionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Goal { goal, event } => write!(f, "goal {goal} ({event})"),
            Self::Order(order) => write!(f, "order {order}"),
        }
    }
}

/// One line of an order after refunds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Line {
    /// The product, or none for what stands on no line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<ProductId>,
    /// Its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_type: Option<Label>,
    /// What is left of it.
    pub value: Money,
}

impl Conversion {
    /// An order without lines and refunds; for tests of models and for hosts with paths of their own.
    pub fn order(id: impl Into<OrderId>, at: DateTime<Utc>, value: Money) -> Self {
        let kind = ConversionKind::Order(id.into());
        Self { kind, at, total: Some(value), value: Some(value), over_refunded: 0, lines: Vec::new() }
    }

    /// The currency, unless it is a goal without a value.
    pub fn currency(&self) -> Option<Currency> {
        self.value.map(Money::currency)
    }
}
