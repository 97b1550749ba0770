//! One row of columns as an event.

use crate::event::columns::{
    Columns, KindColumns, LinkClickColumns, OrderColumns, QueryColumns, RefundColumns, Texts, VisitColumns,
};
use crate::event::{EventRef, EventRefOf};

/// Sets fields whose column has a value in a row.
macro_rules! set {
    ($event:ident, $row:ident: $($field:ident)*) => {
        $(if let Some(value) = $field.and_then(|texts| texts.get($row)) {
            $event = $event.$field(value);
        })*
    };
}

impl<'a> Columns<'a> {
    /// The event that a row stands for. The columns are known to fit.
    pub(crate) fn event(&self, row: usize) -> EventRef<'a> {
        let (id, at) = (self.id.get(row).unwrap_or_default(), self.at.get(row));
        let needed = |texts: &Texts<'a>| texts.get(row).unwrap_or_default();
        match &self.kind {
            KindColumns::Query(own) => {
                let QueryColumns { text, query, topic, intent, flow, product_type, language, product } = own;
                let mut event = EventRef::query(id, at);
                set!(event, row: text query topic intent flow product_type language product);
                self.with_head(event, row)
            }
            KindColumns::Identify(_) => self.with_head(EventRef::identify(id, at), row),
            KindColumns::Visit(VisitColumns { url, referrer, code }) => {
                let mut event = EventRef::visit(id, at);
                set!(event, row: url referrer code);
                self.with_head(event, row)
            }
            KindColumns::LinkClick(LinkClickColumns { url, code, product }) => {
                let mut event = EventRef::link_click(id, at);
                set!(event, row: url code product);
                self.with_head(event, row)
            }
            KindColumns::Order(OrderColumns { order, total, code, discount_code }) => {
                let mut event = EventRef::order(id, at, needed(order), total.get(row));
                set!(event, row: code discount_code);
                self.with_head(event, row)
            }
            KindColumns::Refund(RefundColumns { refund, order, amount }) => {
                self.with_head(EventRef::refund(id, at, needed(refund), needed(order), amount.get(row)), row)
            }
        }
    }

    /// With what events of all kinds have.
    fn with_head<K>(&self, mut event: EventRefOf<'a, K>, row: usize) -> EventRef<'a>
    where
        EventRef<'a>: From<EventRefOf<'a, K>>,
    {
        let (channel, turn) = (self.channel, self.turn);
        set!(event, row: channel turn);
        for (kind, texts) in &self.who {
            if let Some(text) = texts.get(row) {
                event.who.set(*kind, text);
            }
        }
        event.into()
    }
}
