//! One constructor per kind, and setters for what is optional.

use chrono::{DateTime, Utc};

use crate::event::kind::{
    AddToCart, CheckoutStarted, ClaimWithdrawn, Consent, CustomerMerged, DiscountOffer, DiscountRequest,
    Feedback, Goal, Identify, Kind, LinkClick, LinkShared, Products, Purpose, Query, Recommendation,
    RemoveFromCart, Visit,
};
use crate::event::level::PrivacyLevel;
use crate::event::order::{Order, OrderLine, OrderRefund, OrderStatus, Refund, RefundLine};
use crate::event::{Event, EventOf};
use crate::id::{IdKind, Identifier, Identifiers};
use crate::money::Money;
use crate::text::{Code, EventId, Label, OrderId, ProductId, RefundId};

/// Lets an event of one kind stand wherever any event is taken.
macro_rules! into_event {
    ($($kind:ident)*; boxed $($boxed:ident)*) => {
        $(impl From<EventOf<$kind>> for Event {
            fn from(event: EventOf<$kind>) -> Event {
                event.map(Kind::$kind)
            }
        })*
        $(impl From<EventOf<$boxed>> for Event {
            fn from(event: EventOf<$boxed>) -> Event {
                event.map(|kind| Kind::$boxed(Box::new(kind)))
            }
        })*
    };
}

into_event! {
    AddToCart CheckoutStarted ClaimWithdrawn Consent CustomerMerged DiscountOffer DiscountRequest Feedback Goal
    Identify LinkClick LinkShared Recommendation RemoveFromCart Visit; boxed Order Query Refund
}

fn event<K>(id: impl Into<EventId>, at: DateTime<Utc>, who: Identifiers, kind: K) -> EventOf<K> {
    EventOf { id: id.into(), at, who, channel: None, turn: None, kind }
}

/// A cart event's product with the defaults of the rest.
macro_rules! cart_event {
    ($kind:ident, $product:expr) => {
        $kind { product: $product.into(), quantity: 1, price: None }
    };
}

impl Event {
    /// A turn: one question of the shopper and the bot's answer. `id` is the id of the turn.
    pub fn query(id: impl Into<EventId>, at: DateTime<Utc>, who: Identifiers) -> EventOf<Query> {
        event(id, at, who, Query::default())
    }

    /// The bot recommended `products`.
    pub fn recommendation<P: Into<ProductId>>(
        id: impl Into<EventId>,
        at: DateTime<Utc>,
        who: Identifiers,
        products: impl IntoIterator<Item = P>,
    ) -> EventOf<Recommendation> {
        let products: Products = products.into_iter().map(Into::into).collect();
        event(id, at, who, Recommendation { products })
    }

    /// The bot sent the link `url`.
    pub fn link_shared(
        id: impl Into<EventId>,
        at: DateTime<Utc>,
        who: Identifiers,
        url: impl Into<Label>,
    ) -> EventOf<LinkShared> {
        event(id, at, who, LinkShared { url: url.into(), code: None, product: None })
    }

    /// The shopper followed a link of the bot; add its `url`, its `code`, or both.
    pub fn link_click(id: impl Into<EventId>, at: DateTime<Utc>, who: Identifiers) -> EventOf<LinkClick> {
        event(id, at, who, LinkClick::default())
    }

    /// The shopper arrived from anywhere else.
    pub fn visit(id: impl Into<EventId>, at: DateTime<Utc>, who: Identifiers) -> EventOf<Visit> {
        event(id, at, who, Visit::default())
    }

    /// The shopper put one piece of `product` into the cart.
    pub fn add_to_cart(
        id: impl Into<EventId>,
        at: DateTime<Utc>,
        who: Identifiers,
        product: impl Into<ProductId>,
    ) -> EventOf<AddToCart> {
        event(id, at, who, cart_event!(AddToCart, product))
    }

    /// The shopper took one piece of `product` out of the cart.
    pub fn remove_from_cart(
        id: impl Into<EventId>,
        at: DateTime<Utc>,
        who: Identifiers,
        product: impl Into<ProductId>,
    ) -> EventOf<RemoveFromCart> {
        event(id, at, who, cart_event!(RemoveFromCart, product))
    }

    /// The shopper went to the checkout.
    pub fn checkout_started(
        id: impl Into<EventId>,
        at: DateTime<Utc>,
        who: Identifiers,
    ) -> EventOf<CheckoutStarted> {
        event(id, at, who, CheckoutStarted {})
    }

    /// The shopper asked for a discount.
    pub fn discount_request(
        id: impl Into<EventId>,
        at: DateTime<Utc>,
        who: Identifiers,
    ) -> EventOf<DiscountRequest> {
        event(id, at, who, DiscountRequest::default())
    }

    /// The bot offered a discount.
    pub fn discount_offer(
        id: impl Into<EventId>,
        at: DateTime<Utc>,
        who: Identifiers,
    ) -> EventOf<DiscountOffer> {
        event(id, at, who, DiscountOffer::default())
    }

    /// The shopper said whether the answer served; `turn` names which, else it is the latest of the conversation.
    pub fn feedback(
        id: impl Into<EventId>,
        at: DateTime<Utc>,
        who: Identifiers,
        helpful: bool,
    ) -> EventOf<Feedback> {
        event(id, at, who, Feedback { helpful })
    }

    /// The identifiers of `who` belong together.
    pub fn identify(id: impl Into<EventId>, at: DateTime<Utc>, who: Identifiers) -> EventOf<Identify> {
        event(id, at, who, Identify {})
    }

    /// An order was placed, or changed: its whole state.
    pub fn order(
        id: impl Into<EventId>,
        at: DateTime<Utc>,
        who: Identifiers,
        order: impl Into<OrderId>,
        total: Money,
    ) -> EventOf<Order> {
        event(id, at, who, Order::new(order.into(), total))
    }

    /// Money was given back for an order. It needs no identifier, since the order has some.
    pub fn refund(
        id: impl Into<EventId>,
        at: DateTime<Utc>,
        refund: impl Into<RefundId>,
        order: impl Into<OrderId>,
        amount: Money,
    ) -> EventOf<Refund> {
        let refund = Refund { refund: refund.into(), order: order.into(), amount, lines: Vec::new() };
        event(id, at, Identifiers::none(), refund)
    }

    /// The shopper reached a goal such as `sign_up`.
    pub fn goal(
        id: impl Into<EventId>,
        at: DateTime<Utc>,
        who: Identifiers,
        goal: impl Into<Label>,
    ) -> EventOf<Goal> {
        event(id, at, who, Goal { goal: goal.into(), value: None })
    }

    /// The shopper's browser objects to the sale or sharing of their data: the header `Sec-GPC` with the value `1`. Any other
    /// value, or none, says nothing.
    ///
    /// Under the CCPA (regulations, section 7025) it counts as an opt-out for the browser, and for the person where they
    /// are known: name the visitor, and the customer if there is one. Source: Global Privacy Control, W3C draft.
    ///
    /// ```
    /// use clinch::{Event, Who};
    ///
    /// let at = "2026-03-01T10:00:00Z".parse().unwrap();
    /// assert!(Event::global_privacy_control("g1", at, Who::visitor("v9"), Some("1")).is_some());
    /// assert!(Event::global_privacy_control("g1", at, Who::visitor("v9"), Some("0")).is_none());
    /// ```
    pub fn global_privacy_control(
        id: impl Into<EventId>,
        at: DateTime<Utc>,
        who: Identifiers,
        sec_gpc: Option<&str>,
    ) -> Option<EventOf<Consent>> {
        let objects = sec_gpc.is_some_and(|value| value.trim() == "1");
        objects.then(|| Self::consent(id, at, who, Purpose::SaleOrSharing, false))
    }

    /// The shopper agreed to a purpose, or refused it.
    pub fn consent(
        id: impl Into<EventId>,
        at: DateTime<Utc>,
        who: Identifiers,
        purpose: Purpose,
        granted: bool,
    ) -> EventOf<Consent> {
        event(id, at, who, Consent { purpose, granted })
    }

    /// The claim that `one` and `other` belong together is taken back.
    pub fn claim_withdrawn(
        id: impl Into<EventId>,
        at: DateTime<Utc>,
        one: Identifier,
        other: Identifier,
    ) -> EventOf<ClaimWithdrawn> {
        event(id, at, Identifiers::none(), ClaimWithdrawn::between(one, other))
    }

    /// The shop joined the customer `from` into the customer `into`.
    pub fn customer_merged(
        id: impl Into<EventId>,
        at: DateTime<Utc>,
        from: impl AsRef<str>,
        into: impl AsRef<str>,
    ) -> EventOf<CustomerMerged> {
        let customer = |text: &str| Identifier::new(IdKind::Customer, text);
        let merged = CustomerMerged { from: customer(from.as_ref()), into: customer(into.as_ref()) };
        event(id, at, Identifiers::none(), merged)
    }
}

impl<K> EventOf<K> {
    /// Where it happened: `web`, `whatsapp`, `email`, ...
    pub fn channel(mut self, channel: impl Into<Label>) -> Self {
        self.channel = Some(channel.into());
        self
    }

    /// The turn that caused it.
    pub fn turn(mut self, turn: impl Into<EventId>) -> Self {
        self.turn = Some(turn.into());
        self
    }

    fn map<T>(self, into: impl FnOnce(K) -> T) -> EventOf<T> {
        let Self { id, at, who, channel, turn, kind } = self;
        EventOf { id, at, who, channel, turn, kind: into(kind) }
    }
}

/// Setters of optional fields: `name(value)` stores `Some(value.into())`.
macro_rules! optional {
    ($kind:ident: $($(#[$doc:meta])* $field:ident $type:ty;)*) => {
        impl EventOf<$kind> {
            $(
                $(#[$doc])*
                pub fn $field(mut self, $field: impl Into<$type>) -> Self {
                    self.kind.$field = Some($field.into());
                    self
                }
            )*
        }
    };
}

/// Setters that add one element: `name(value)` pushes `value.into()` to `field`.
macro_rules! repeated {
    ($kind:ident: $($(#[$doc:meta])* $name:ident $field:ident $type:ty;)*) => {
        impl EventOf<$kind> {
            $(
                $(#[$doc])*
                pub fn $name(mut self, $name: impl Into<$type>) -> Self {
                    self.kind.$field.push($name.into());
                    self
                }
            )*
        }
    };
}

optional! { Query:
    /// The question as it was asked. It is kept only where `Limits` say so.
    text Label;
    /// The normalised question.
    query Label;
    /// What it is about.
    topic Label;
    /// What the shopper wants.
    intent Label;
    /// The scripted path that it is part of.
    flow Label;
    /// The kind of product that it is about.
    product_type Label;
    /// The language that it was asked in.
    language Label;
    /// What the answer cost the shop.
    cost Money;
    /// How much of the turn may be kept; see [`PrivacyLevel`].
    privacy PrivacyLevel;
}
repeated! { Query:
    /// Adds a product that it is about.
    product products ProductId;
}
optional! { LinkShared:
    /// The unique code on the link.
    code Code;
    /// The product behind the link.
    product ProductId;
}
optional! { LinkClick:
    /// The link that was followed.
    url Label;
    /// The unique code on the link.
    code Code;
    /// The product behind the link.
    product ProductId;
}
optional! { Visit:
    /// The page it began on.
    url Label;
    /// The page it came from.
    referrer Label;
    /// The unique code on the link.
    code Code;
}
optional! { AddToCart:
    /// Price of one piece.
    price Money;
}
optional! { RemoveFromCart:
    /// Price of one piece.
    price Money;
}
optional! { DiscountRequest:
    /// The code that came of it.
    discount_code Code;
}
optional! { DiscountOffer:
    /// The code that was offered.
    discount_code Code;
}
optional! { Goal:
    /// What it is worth to the shop.
    value Money;
}
optional! { Order:
    /// When the shop last changed the order.
    updated_at DateTime<Utc>;
    /// The page that the buyer's session began on.
    url Label;
    /// The page that the buyer came from.
    referrer Label;
}
repeated! { Order:
    /// Adds a line.
    line lines OrderLine;
    /// Adds a link code that the order carries.
    code codes Code;
    /// Adds a discount code that was used.
    discount_code discount_codes Code;
    /// Adds a refund that the snapshot carries.
    refund refunds OrderRefund;
}
repeated! { Refund:
    /// Adds a line that was given back.
    line lines RefundLine;
}

impl EventOf<Order> {
    /// Whether the order counts; `placed` unless said.
    pub fn status(mut self, status: OrderStatus) -> Self {
        self.kind.status = status;
        self
    }
}

impl EventOf<AddToCart> {
    /// How many pieces; 1 unless said.
    pub fn quantity(mut self, quantity: u32) -> Self {
        self.kind.quantity = quantity;
        self
    }
}

impl EventOf<RemoveFromCart> {
    /// How many pieces; 1 unless said.
    pub fn quantity(mut self, quantity: u32) -> Self {
        self.kind.quantity = quantity;
        self
    }
}
