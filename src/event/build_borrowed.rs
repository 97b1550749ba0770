//! One constructor per kind of borrowed event, and setters for what is optional: the same names as on an event.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::event::borrowed::{
    AddToCartRef, ClaimWithdrawnRef, CustomerMergedRef, DiscountOfferRef, DiscountRequestRef, EventRef,
    EventRefOf, GoalRef, KindRef, LinkClickRef, LinkSharedRef, ProductsRef, QueryRef, RecommendationRef,
    RemoveFromCartRef, VisitRef,
};
use crate::event::kind::{CheckoutStarted, Consent, Feedback, Identify, Purpose};
use crate::event::level::PrivacyLevel;
use crate::event::order::{Order, OrderLine, OrderRefund, OrderStatus, Refund, RefundLine};
use crate::id::{IdKind, IdentifierRef, IdentifiersRef};
use crate::money::Money;
use crate::text::{Code, Label, OrderId, RefundId};

/// Lets a borrowed event of one kind stand for one of any kind.
macro_rules! into_event_ref {
    ($($kind:ident($type:ty))*) => {
        $(impl<'a> From<EventRefOf<'a, $type>> for EventRef<'a> {
            #[inline]
            fn from(event: EventRefOf<'a, $type>) -> EventRef<'a> {
                let EventRefOf { id, at, who, channel, turn, kind } = event;
                EventRefOf { id, at, who, channel, turn, kind: KindRef::$kind(kind) }
            }
        }

        impl<'a> From<EventRefOf<'a, $type>> for crate::event::Event {
            fn from(event: EventRefOf<'a, $type>) -> Self {
                Self::from(EventRef::from(event))
            }
        })*
    };
}

into_event_ref! {
    AddToCart(AddToCartRef<'a>) CheckoutStarted(CheckoutStarted) ClaimWithdrawn(ClaimWithdrawnRef<'a>)
    Consent(Consent) CustomerMerged(CustomerMergedRef<'a>) DiscountOffer(DiscountOfferRef<'a>)
    DiscountRequest(DiscountRequestRef<'a>) Feedback(Feedback) Goal(GoalRef<'a>) Identify(Identify)
    LinkClick(LinkClickRef<'a>) LinkShared(LinkSharedRef<'a>) Order(Cow<'a, Order>) Query(QueryRef<'a>)
    Recommendation(RecommendationRef<'a>) Refund(Cow<'a, Refund>) RemoveFromCart(RemoveFromCartRef<'a>)
    Visit(VisitRef<'a>)
}

#[inline]
fn event<'a, K>(id: impl Into<Cow<'a, str>>, at: DateTime<Utc>, kind: K) -> EventRefOf<'a, K> {
    EventRefOf { id: id.into(), at, who: IdentifiersRef::none(), channel: None, turn: None, kind }
}

/// Constructors of kinds whose own fields are `name: Type`, or all optional.
macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident($($field:ident: $type:ty),*) -> $kind:ty { $value:expr })*) => {
        impl<'a> EventRef<'a> {
            $(
                $(#[$doc])*
                #[inline]
                pub fn $name(
                    id: impl Into<Cow<'a, str>>,
                    at: DateTime<Utc>,
                    $($field: $type),*
                ) -> EventRefOf<'a, $kind> {
                    event(id, at, $value)
                }
            )*
        }
    };
}

constructors! {
    /// A turn: one question of the shopper and the bot's answer. `id` is the id of the turn.
    query() -> QueryRef<'a> { QueryRef::default() }
    /// The bot recommended `products`.
    recommendation(products: impl IntoIterator<Item = impl Into<Cow<'a, str>>>) -> RecommendationRef<'a> {
        RecommendationRef { products: ProductsRef::from_iter(products) }
    }
    /// The bot sent the link `url`.
    link_shared(url: impl Into<Cow<'a, str>>) -> LinkSharedRef<'a> {
        LinkSharedRef { url: url.into(), code: None, product: None }
    }
    /// The shopper followed a link of the bot; add its `url`, its `code`, or both.
    link_click() -> LinkClickRef<'a> { LinkClickRef::default() }
    /// The shopper arrived from anywhere else.
    visit() -> VisitRef<'a> { VisitRef::default() }
    /// The shopper put one piece of `product` into the cart.
    add_to_cart(product: impl Into<Cow<'a, str>>) -> AddToCartRef<'a> {
        AddToCartRef { product: product.into(), quantity: 1, price: None }
    }
    /// The shopper took one piece of `product` out of the cart.
    remove_from_cart(product: impl Into<Cow<'a, str>>) -> RemoveFromCartRef<'a> {
        RemoveFromCartRef { product: product.into(), quantity: 1, price: None }
    }
    /// The shopper went to the checkout.
    checkout_started() -> CheckoutStarted { CheckoutStarted {} }
    /// The shopper asked for a discount.
    discount_request() -> DiscountRequestRef<'a> { DiscountRequestRef::default() }
    /// The bot offered a discount.
    discount_offer() -> DiscountOfferRef<'a> { DiscountOfferRef::default() }
    /// The shopper said whether the answer served; `turn` names which, else it is the latest of the conversation.
    feedback(helpful: bool) -> Feedback { Feedback { helpful } }
    /// The identifiers belong together.
    identify() -> Identify { Identify {} }
    /// An order was placed, or changed: its whole state.
    order(order: impl Into<OrderId>, total: Money) -> Cow<'a, Order> {
        Cow::Owned(Order::new(order.into(), total))
    }
    /// Money was given back for an order. It needs no identifier, since the order has some.
    refund(refund: impl Into<RefundId>, order: impl Into<OrderId>, amount: Money) -> Cow<'a, Refund> {
        Cow::Owned(Refund { refund: refund.into(), order: order.into(), amount, lines: Vec::new() })
    }
    /// The shopper reached a goal such as `sign_up`.
    goal(goal: impl Into<Cow<'a, str>>) -> GoalRef<'a> { GoalRef { goal: goal.into(), value: None } }
    /// The shopper agreed to a purpose, or refused it.
    consent(purpose: Purpose, granted: bool) -> Consent { Consent { purpose, granted } }
    /// The claim that `one` and `other` belong together is taken back.
    claim_withdrawn(one: IdentifierRef<'a>, other: IdentifierRef<'a>) -> ClaimWithdrawnRef<'a> {
        ClaimWithdrawnRef { one, other }
    }
    /// The shop joined the customer `from` into the customer `into`.
    customer_merged(from: impl Into<Cow<'a, str>>, into: impl Into<Cow<'a, str>>) -> CustomerMergedRef<'a> {
        CustomerMergedRef { from: from.into(), into: into.into() }
    }
}

/// One setter per kind of identifier.
macro_rules! seen_with {
    ($($name:ident $kind:ident $what:literal;)*) => {
        impl<'a, K> EventRefOf<'a, K> {
            $(
                #[doc = concat!("Seen with ", $what, "; replaces one that was set before.")]
                #[inline]
                pub fn $name(mut self, text: impl Into<Cow<'a, str>>) -> Self {
                    self.who.set(IdKind::$kind, text);
                    self
                }
            )*
        }
    };
}

seen_with! {
    checkout Checkout "a checkout";
    cart Cart "a cart";
    conversation Conversation "a conversation";
    visitor Visitor "a visitor";
    phone Phone "a phone number";
    email Email "an e-mail address";
    customer Customer "a customer";
}

impl<'a, K> EventRefOf<'a, K> {
    /// Where it happened: `web`, `whatsapp`, `email`, ...
    #[inline]
    pub fn channel(mut self, channel: impl Into<Cow<'a, str>>) -> Self {
        self.channel = Some(channel.into());
        self
    }

    /// The turn that caused it.
    #[inline]
    pub fn turn(mut self, turn: impl Into<Cow<'a, str>>) -> Self {
        self.turn = Some(turn.into());
        self
    }
}

/// Setters of one kind: each takes the kind's own part and the value.
macro_rules! setters {
    ($kind:ty: $($(#[$doc:meta])* $name:ident $type:ty => |$own:ident, $value:ident| $set:expr;)*) => {
        impl<'a> EventRefOf<'a, $kind> {
            $(
                $(#[$doc])*
                #[inline]
                pub fn $name(mut self, $value: impl Into<$type>) -> Self {
                    let ($own, $value) = (&mut self.kind, $value.into());
                    $set;
                    self
                }
            )*
        }
    };
}

setters! { QueryRef<'a>:
    /// The question as it was asked. It is kept only where `Limits` say so.
    text Cow<'a, str> => |own, value| own.text = Some(value);
    /// The normalised question.
    query Cow<'a, str> => |own, value| own.query = Some(value);
    /// What it is about.
    topic Cow<'a, str> => |own, value| own.topic = Some(value);
    /// What the shopper wants.
    intent Cow<'a, str> => |own, value| own.intent = Some(value);
    /// The scripted path that it is part of.
    flow Cow<'a, str> => |own, value| own.flow = Some(value);
    /// The kind of product that it is about.
    product_type Cow<'a, str> => |own, value| own.product_type = Some(value);
    /// The language that it was asked in.
    language Cow<'a, str> => |own, value| own.language = Some(value);
    /// Adds a product that it is about.
    product Cow<'a, str> => |own, value| own.products.push(value);
    /// What the answer cost the shop.
    cost Money => |own, value| own.cost = Some(value);
    /// How much of the turn may be kept; see [`PrivacyLevel`].
    privacy PrivacyLevel => |own, value| own.privacy = Some(value);
}
setters! { LinkSharedRef<'a>:
    /// The unique code on the link.
    code Cow<'a, str> => |own, value| own.code = Some(value);
    /// The product behind the link.
    product Cow<'a, str> => |own, value| own.product = Some(value);
}
setters! { LinkClickRef<'a>:
    /// The link that was followed.
    url Cow<'a, str> => |own, value| own.url = Some(value);
    /// The unique code on the link.
    code Cow<'a, str> => |own, value| own.code = Some(value);
    /// The product behind the link.
    product Cow<'a, str> => |own, value| own.product = Some(value);
}
setters! { VisitRef<'a>:
    /// The page it began on.
    url Cow<'a, str> => |own, value| own.url = Some(value);
    /// The page it came from.
    referrer Cow<'a, str> => |own, value| own.referrer = Some(value);
    /// The unique code on the link.
    code Cow<'a, str> => |own, value| own.code = Some(value);
}
setters! { AddToCartRef<'a>:
    /// Price of one piece.
    price Money => |own, value| own.price = Some(value);
}
setters! { RemoveFromCartRef<'a>:
    /// Price of one piece.
    price Money => |own, value| own.price = Some(value);
}
setters! { DiscountRequestRef<'a>:
    /// The code that came of it.
    discount_code Cow<'a, str> => |own, value| own.discount_code = Some(value);
}
setters! { DiscountOfferRef<'a>:
    /// The code that was offered.
    discount_code Cow<'a, str> => |own, value| own.discount_code = Some(value);
}
setters! { GoalRef<'a>:
    /// What it is worth to the shop.
    value Money => |own, value| own.value = Some(value);
}
setters! { Cow<'a, Order>:
    /// When the shop last changed the order.
    updated_at DateTime<Utc> => |own, value| own.to_mut().updated_at = Some(value);
    /// Whether the order counts; `placed` unless said.
    status OrderStatus => |own, value| own.to_mut().status = value;
    /// Adds a line.
    line OrderLine => |own, value| own.to_mut().lines.push(value);
    /// Adds a link code that the order carries.
    code Code => |own, value| own.to_mut().codes.push(value);
    /// Adds a discount code that was used.
    discount_code Code => |own, value| own.to_mut().discount_codes.push(value);
    /// Adds a refund that the snapshot carries.
    refund OrderRefund => |own, value| own.to_mut().refunds.push(value);
    /// The page that the buyer's session began on.
    url Label => |own, value| own.to_mut().url = Some(value);
    /// The page that the buyer came from.
    referrer Label => |own, value| own.to_mut().referrer = Some(value);
}
setters! { Cow<'a, Refund>:
    /// Adds a line that was given back.
    line RefundLine => |own, value| own.to_mut().lines.push(value);
}

/// Whole numbers are taken as they are: `into` would leave the type of a literal open.
macro_rules! quantity {
    ($($kind:ty),*) => {
        $(impl<'a> EventRefOf<'a, $kind> {
            /// How many pieces; 1 unless said.
            #[inline]
            pub fn quantity(mut self, quantity: u32) -> Self {
                self.kind.quantity = quantity;
                self
            }
        })*
    };
}

quantity!(AddToCartRef<'a>, RemoveFromCartRef<'a>);
