//! Orders as snapshots and refunds as deltas.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::money::Money;
use crate::text::{Code, Label, OrderId, ProductId, RefundId};

/// The state of an order at an instant.
///
/// Of several with one order id the newest by `updated_at` (else by the event's instant) wins, ties by content;
/// the conversion stands at the earliest instant of any. Refunds that any of them carries are united with those
/// that came as events of their own, by refund id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Order {
    /// The shop's id.
    pub order: OrderId,
    /// What was paid, before refunds; not negative.
    pub total: Money,
    /// When the shop last changed it.
    pub updated_at: Option<DateTime<Utc>>,
    /// Whether it counts.
    pub status: OrderStatus,
    /// What was bought.
    pub lines: Vec<OrderLine>,
    /// Link codes that the order carries, in cart attributes for example.
    pub codes: Vec<Code>,
    /// Discount codes that were used.
    pub discount_codes: Vec<Code>,
    /// Refunds so far.
    pub refunds: Vec<OrderRefund>,
    /// The page that the buyer's session began on, with its tags.
    pub url: Option<Label>,
    /// The page that the buyer came from.
    pub referrer: Option<Label>,
}

impl Order {
    /// An order with its required fields only.
    pub(crate) fn new(order: OrderId, total: Money) -> Self {
        Self {
            order,
            total,
            updated_at: None,
            status: OrderStatus::default(),
            lines: Vec::new(),
            codes: Vec::new(),
            discount_codes: Vec::new(),
            refunds: Vec::new(),
            url: None,
            referrer: None,
        }
    }
}

/// Whether an order counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Placed: counts.
    #[default]
    Placed,
    /// Paid: counts.
    Paid,
    /// Cancelled: no conversion, its value is gone everywhere.
    Cancelled,
    /// A test of the shop: no conversion.
    Test,
}

impl OrderStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Placed, Self::Paid, Self::Cancelled, Self::Test];

    /// Its name in the event log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Paid => "paid",
            Self::Cancelled => "cancelled",
            Self::Test => "test",
        }
    }

    /// Whether an order in this state is a conversion.
    pub fn counts(self) -> bool {
        matches!(self, Self::Placed | Self::Paid)
    }
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct OrderLine {
    /// The product bought.
    pub product: ProductId,
    /// Its kind: `shoes`.
    pub product_type: Option<Label>,
    /// How many.
    pub quantity: u32,
    /// What the line came to, in the currency of the order; not negative.
    pub total: Money,
}

impl OrderLine {
    /// A line of `quantity` pieces of one product that came to `total` together.
    pub fn new(product: impl Into<ProductId>, quantity: u32, total: Money) -> Self {
        Self { product: product.into(), product_type: None, quantity, total }
    }

    /// The kind of product.
    pub fn product_type(mut self, product_type: impl Into<Label>) -> Self {
        self.product_type = Some(product_type.into());
        self
    }
}

/// A refund that an order's snapshot carries.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct OrderRefund {
    /// The shop's id of it, unique within the order.
    pub refund: RefundId,
    /// What was given back, in the currency of the order; not negative.
    pub amount: Money,
    /// For which lines; none spreads it over all lines by what is left of them.
    pub lines: Vec<RefundLine>,
}

impl OrderRefund {
    /// A refund without lines.
    pub fn new(refund: impl Into<RefundId>, amount: Money) -> Self {
        Self { refund: refund.into(), amount, lines: Vec::new() }
    }

    /// Adds a line that was given back.
    pub fn line(mut self, line: RefundLine) -> Self {
        self.lines.push(line);
        self
    }
}

/// What was given back for one product of an order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct RefundLine {
    /// The product.
    pub product: ProductId,
    /// How much of the refund falls on it.
    pub amount: Money,
}

impl RefundLine {
    /// So much for this product.
    pub fn new(product: impl Into<ProductId>, amount: Money) -> Self {
        Self { product: product.into(), amount }
    }
}

/// Money given back for an order; it may come before the order, and needs no identifier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Refund {
    /// The shop's id of it, unique within the order.
    pub refund: RefundId,
    /// The order.
    pub order: OrderId,
    /// What was given back; not negative.
    pub amount: Money,
    /// For which lines; none spreads it over all lines by what is left of them.
    pub lines: Vec<RefundLine>,
}
