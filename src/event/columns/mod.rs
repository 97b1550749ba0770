//! Events as columns: what a data frame, an Arrow batch or a database's result holds, without an event per row.

mod numbers;
mod row;
mod texts;

use std::ops::Range;

use smallvec::SmallVec;

pub use numbers::{Amounts, Numbers, Times};
pub use texts::Texts;

use crate::error::{Error, ErrorKind, Result};
use crate::id::IdKind;

/// Events of one kind as columns, one event per row: what [`Tracker::extend_columns`](crate::Tracker::extend_columns)
/// takes.
///
/// There is a constructor per kind that takes the required columns, and a setter per further column, under the names
/// that the fields have on an [`Event`](crate::Event). Each row says what the event built of the same values says: a
/// missing value is a field that was not set. All columns have as many rows as `at`; [`ColumnsOf::only`] picks the rows
/// of one kind out of a log of many.
///
/// ```
/// use clinch::{Columns, Key, Tracker};
/// use clinch::event::{Amounts, Texts, Times};
///
/// // A log with a row per event: turns (0) and orders (1), labels by number.
/// let kind = [0_u8, 0, 1];
/// let (id, visitor) = (["e1", "e2", "e3"], ["v9", "v9", "v9"]);
/// let at = Times::millis(&[1_772_445_600_000, 1_772_532_000_000, 1_772_533_200_000]);
/// let (topic, topics) = ([0_i8, 1, -1], ["availability", "delivery"]);
/// let (order, cents) = (["", "", "1001"], [0, 0, 5990]);
///
/// let turns = Columns::query(&id, at).visitor(&visitor).topic(Texts::coded(&topic, &topics)).only(&kind, 0);
/// let totals = Amounts::minor(&cents, "EUR".parse()?);
/// let orders = Columns::order(&id, at, &order, totals).visitor(&visitor).only(&kind, 1);
///
/// let mut tracker = Tracker::new(Key::new(*b"sixteen secrets!"));
/// assert_eq!(tracker.extend_columns(&[turns.into(), orders.into()])?.new, 3);
/// # Ok::<(), clinch::Error>(())
/// ```
pub type Columns<'a> = ColumnsOf<'a, KindColumns<'a>>;

/// Columns of events of one kind while they are put together; they turn into [`Columns`] with `into`.
#[derive(Clone, Debug)]
pub struct ColumnsOf<'a, K> {
    pub(crate) id: Texts<'a>,
    pub(crate) at: Times<'a>,
    /// At most one of each kind, narrow to broad.
    pub(crate) who: SmallVec<[(IdKind, Texts<'a>); 4]>,
    pub(crate) channel: Option<Texts<'a>>,
    pub(crate) turn: Option<Texts<'a>>,
    only: Option<(Numbers<'a>, i64)>,
    pub(crate) kind: K,
}

/// The columns of a kind's own fields.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "a host makes a handful of blocks, each of very many rows")]
pub enum KindColumns<'a> {
    /// Turns.
    Query(QueryColumns<'a>),
    /// Identifiers that belong together.
    Identify(IdentifyColumns),
    /// Arrivals in the shop.
    Visit(VisitColumns<'a>),
    /// Followed links.
    LinkClick(LinkClickColumns<'a>),
    /// Orders.
    Order(OrderColumns<'a>),
    /// Refunds.
    Refund(RefundColumns<'a>),
}

/// Columns of turns.
#[derive(Clone, Debug, Default)]
pub struct QueryColumns<'a> {
    pub(crate) text: Option<Texts<'a>>,
    pub(crate) query: Option<Texts<'a>>,
    pub(crate) topic: Option<Texts<'a>>,
    pub(crate) intent: Option<Texts<'a>>,
    pub(crate) flow: Option<Texts<'a>>,
    pub(crate) product_type: Option<Texts<'a>>,
    pub(crate) language: Option<Texts<'a>>,
    pub(crate) product: Option<Texts<'a>>,
}

/// Columns of `identify` events, which have identifiers only.
#[derive(Clone, Copy, Debug, Default)]
pub struct IdentifyColumns {}

/// Columns of visits.
#[derive(Clone, Debug, Default)]
pub struct VisitColumns<'a> {
    pub(crate) url: Option<Texts<'a>>,
    pub(crate) referrer: Option<Texts<'a>>,
    pub(crate) code: Option<Texts<'a>>,
}

/// Columns of clicks.
#[derive(Clone, Debug, Default)]
pub struct LinkClickColumns<'a> {
    pub(crate) url: Option<Texts<'a>>,
    pub(crate) code: Option<Texts<'a>>,
    pub(crate) product: Option<Texts<'a>>,
}

/// Columns of orders.
#[derive(Clone, Debug)]
pub struct OrderColumns<'a> {
    pub(crate) order: Texts<'a>,
    pub(crate) total: Amounts<'a>,
    pub(crate) code: Option<Texts<'a>>,
    pub(crate) discount_code: Option<Texts<'a>>,
}

/// Columns of refunds.
#[derive(Clone, Debug)]
pub struct RefundColumns<'a> {
    pub(crate) refund: Texts<'a>,
    pub(crate) order: Texts<'a>,
    pub(crate) amount: Amounts<'a>,
}

fn columns<'a, K>(id: impl Into<Texts<'a>>, at: impl Into<Times<'a>>, kind: K) -> ColumnsOf<'a, K> {
    let (id, at) = (id.into(), at.into());
    ColumnsOf { id, at, who: SmallVec::new(), channel: None, turn: None, only: None, kind }
}

impl<'a> Columns<'a> {
    /// Turns: questions of shoppers and the bot's answers. `id` is the id of the turn.
    pub fn query(id: impl Into<Texts<'a>>, at: impl Into<Times<'a>>) -> ColumnsOf<'a, QueryColumns<'a>> {
        columns(id, at, QueryColumns::default())
    }

    /// The identifiers of a row belong together.
    pub fn identify(id: impl Into<Texts<'a>>, at: impl Into<Times<'a>>) -> ColumnsOf<'a, IdentifyColumns> {
        columns(id, at, IdentifyColumns {})
    }

    /// Shoppers arrived from anywhere else than a link of the bot.
    pub fn visit(id: impl Into<Texts<'a>>, at: impl Into<Times<'a>>) -> ColumnsOf<'a, VisitColumns<'a>> {
        columns(id, at, VisitColumns::default())
    }

    /// Shoppers followed links of the bot; add the column `url`, `code`, or both.
    pub fn link_click(
        id: impl Into<Texts<'a>>,
        at: impl Into<Times<'a>>,
    ) -> ColumnsOf<'a, LinkClickColumns<'a>> {
        columns(id, at, LinkClickColumns::default())
    }

    /// Orders were placed, or changed. Orders with lines, refunds inside them or a status are
    /// [events](crate::EventRef::order).
    pub fn order(
        id: impl Into<Texts<'a>>,
        at: impl Into<Times<'a>>,
        order: impl Into<Texts<'a>>,
        total: impl Into<Amounts<'a>>,
    ) -> ColumnsOf<'a, OrderColumns<'a>> {
        let (order, total) = (order.into(), total.into());
        columns(id, at, OrderColumns { order, total, code: None, discount_code: None })
    }

    /// Money was given back for orders.
    pub fn refund(
        id: impl Into<Texts<'a>>,
        at: impl Into<Times<'a>>,
        refund: impl Into<Texts<'a>>,
        order: impl Into<Texts<'a>>,
        amount: impl Into<Amounts<'a>>,
    ) -> ColumnsOf<'a, RefundColumns<'a>> {
        let (refund, order, amount) = (refund.into(), order.into(), amount.into());
        columns(id, at, RefundColumns { refund, order, amount })
    }
}

/// One setter per kind of identifier.
macro_rules! seen_with {
    ($($name:ident $kind:ident $what:literal;)*) => {
        $(
            #[doc = concat!("Seen with ", $what, ", where the column names one; replaces a column set before.")]
            pub fn $name(mut self, texts: impl Into<Texts<'a>>) -> Self {
                self.see(IdKind::$kind, texts.into());
                self
            }
        )*
    };
}

impl<'a, K> ColumnsOf<'a, K> {
    seen_with! {
        checkout Checkout "a checkout";
        cart Cart "a cart";
        conversation Conversation "a conversation";
        visitor Visitor "a visitor";
        phone Phone "a phone number";
        email Email "an e-mail address";
        customer Customer "a customer";
    }

    fn see(&mut self, kind: IdKind, texts: Texts<'a>) {
        match self.who.binary_search_by_key(&kind, |(held, _)| *held) {
            Ok(place) => self.who[place] = (kind, texts),
            Err(place) => self.who.insert(place, (kind, texts)),
        }
    }

    /// Where it happened: `web`, `whatsapp`, `email`, ...
    pub fn channel(mut self, channel: impl Into<Texts<'a>>) -> Self {
        self.channel = Some(channel.into());
        self
    }

    /// The turn that caused it.
    pub fn turn(mut self, turn: impl Into<Texts<'a>>) -> Self {
        self.turn = Some(turn.into());
        self
    }

    /// Only the rows in which `codes` holds `code`, such as those of one kind in a log of many. The others count
    /// for nothing, but their values too have to be in range.
    pub fn only(mut self, codes: impl Into<Numbers<'a>>, code: i64) -> Self {
        self.only = Some((codes.into(), code));
        self
    }

    /// How many rows the columns have, those left out by [`ColumnsOf::only`] included.
    pub(crate) fn rows(&self) -> usize {
        self.at.len()
    }

    /// Lists the rows of a range that count, counted from its start; the range has at most 2^32.
    pub(crate) fn select(&self, range: Range<usize>, rows: &mut Vec<u32>) {
        match &self.only {
            Some((codes, code)) => codes.select(range, *code, rows),
            None => rows.extend((0..).take(range.len())),
        }
    }

    /// Whether a row counts.
    #[inline]
    pub(crate) fn counts(&self, row: usize) -> bool {
        self.only.is_none_or(|(codes, code)| codes.get(row) == code)
    }
}

/// Setters of one kind's columns.
macro_rules! setters {
    ($kind:ty: $($(#[$doc:meta])* $name:ident;)*) => {
        impl<'a> ColumnsOf<'a, $kind> {
            $(
                $(#[$doc])*
                pub fn $name(mut self, $name: impl Into<Texts<'a>>) -> Self {
                    self.kind.$name = Some($name.into());
                    self
                }
            )*
        }
    };
}

setters! { QueryColumns<'a>:
    /// The question as it was asked. It is kept only where `Limits` say so.
    text;
    /// The normalised question.
    query;
    /// What it is about.
    topic;
    /// What the shopper wants.
    intent;
    /// The scripted path that it is part of.
    flow;
    /// The kind of product that it is about.
    product_type;
    /// The language that it was asked in.
    language;
    /// The product that it is about.
    product;
}
setters! { VisitColumns<'a>:
    /// The page it began on.
    url;
    /// The page it came from.
    referrer;
    /// The unique code on the link.
    code;
}
setters! { LinkClickColumns<'a>:
    /// The link that was followed.
    url;
    /// The unique code on it.
    code;
    /// The product behind it.
    product;
}
setters! { OrderColumns<'a>:
    /// The link code that the order carries.
    code;
    /// The discount code that was used.
    discount_code;
}

macro_rules! into_columns {
    ($($kind:ident($type:ty))*) => {
        $(impl<'a> From<ColumnsOf<'a, $type>> for Columns<'a> {
            fn from(columns: ColumnsOf<'a, $type>) -> Self {
                let ColumnsOf { id, at, who, channel, turn, only, kind } = columns;
                ColumnsOf { id, at, who, channel, turn, only, kind: KindColumns::$kind(kind) }
            }
        })*
    };
}

into_columns! {
    Query(QueryColumns<'a>) Identify(IdentifyColumns) Visit(VisitColumns<'a>) LinkClick(LinkClickColumns<'a>)
    Order(OrderColumns<'a>) Refund(RefundColumns<'a>)
}

/// Of the columns that were looked at so many of the last are remembered.
const REMEMBERED: usize = 32;

/// Columns that were looked at: the blocks of one log share some.
#[derive(Default)]
pub(crate) struct Checked<'a> {
    texts: Vec<Texts<'a>>,
    times: Vec<Times<'a>>,
}

impl<'a> Checked<'a> {
    fn times(&mut self, times: Times<'a>) -> Result<()> {
        if !self.times.iter().rev().take(REMEMBERED).any(|held| held.is_same(&times)) {
            times.check()?;
            self.times.push(times);
        }
        Ok(())
    }

    fn texts(&mut self, column: &'static str, texts: Texts<'a>, rows: usize) -> Result<()> {
        if self.texts.iter().rev().take(REMEMBERED).any(|held| held.is_same(&texts)) {
            return texts.check_length(column, rows);
        }
        texts.check(column, rows)?;
        self.texts.push(texts);
        Ok(())
    }
}

impl<'a> Columns<'a> {
    /// Whether all columns fit each other.
    ///
    /// # Errors
    /// `Column` with the name of the first that does not, and the row.
    pub(crate) fn check(&self, checked: &mut Checked<'a>) -> Result<()> {
        let rows = self.rows();
        checked.times(self.at)?;
        checked.texts("id", self.id, rows)?;
        if let Some((codes, _)) = &self.only {
            same_length("only", codes.len(), rows)?;
        }
        self.who.iter().try_for_each(|(kind, texts)| checked.texts(kind.name(), *texts, rows))?;
        let mut text =
            |name, texts: &Option<Texts<'a>>| texts.map_or(Ok(()), |texts| checked.texts(name, texts, rows));
        text("channel", &self.channel)?;
        text("turn", &self.turn)?;
        match &self.kind {
            KindColumns::Query(own) => {
                let QueryColumns { text: asked, query, topic, intent, flow, product_type, language, product } =
                    own;
                text("text", asked)?;
                text("query", query)?;
                text("topic", topic)?;
                text("intent", intent)?;
                text("flow", flow)?;
                text("product_type", product_type)?;
                text("language", language)?;
                text("product", product)
            }
            KindColumns::Identify(_) => Ok(()),
            KindColumns::Visit(VisitColumns { url, referrer, code }) => {
                text("url", url)?;
                text("referrer", referrer)?;
                text("code", code)
            }
            KindColumns::LinkClick(LinkClickColumns { url, code, product }) => {
                text("url", url)?;
                text("code", code)?;
                text("product", product)
            }
            KindColumns::Order(OrderColumns { order, total, code, discount_code }) => {
                text("order", &Some(*order))?;
                total.check("total", rows)?;
                text("code", code)?;
                text("discount_code", discount_code)
            }
            KindColumns::Refund(RefundColumns { refund, order, amount }) => {
                text("refund", &Some(*refund))?;
                text("order", &Some(*order))?;
                amount.check("amount", rows)
            }
        }
    }
}

fn same_length(column: &'static str, len: usize, rows: usize) -> Result<()> {
    if len == rows {
        return Ok(());
    }
    Err(bad(column, None, format!("it has {len} rows, and the column at has {rows}")))
}

fn bad(column: &'static str, row: Option<usize>, problem: impl Into<String>) -> Error {
    ErrorKind::Column { column, row, problem: problem.into() }.into()
}
