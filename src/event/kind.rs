//! What an event can say.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::error::{Error, ErrorKind};
use crate::event::level::PrivacyLevel;
use crate::event::order::{Order, Refund};
use crate::id::Identifier;
use crate::money::Money;
use crate::text::{Code, Label, ProductId};

/// Products that an event speaks of, in the order given.
pub type Products = SmallVec<[ProductId; 1]>;

/// What happened. The variants stand in the order of equal instants: causes before effects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A shopper agreed to, or refused, the use of data for a purpose.
    Consent(Consent),
    /// Identifiers belong together; nothing else happened.
    Identify(Identify),
    /// The shop itself joined two customers.
    CustomerMerged(CustomerMerged),
    /// A claimed identity is taken back.
    ClaimWithdrawn(ClaimWithdrawn),
    /// Arrival in the shop from anywhere.
    Visit(Visit),
    /// A turn: one question of the shopper and the bot's answer.
    Query(Box<Query>),
    /// The bot recommended products.
    Recommendation(Recommendation),
    /// The bot sent a link.
    LinkShared(LinkShared),
    /// The shopper asked for a discount.
    DiscountRequest(DiscountRequest),
    /// The bot offered a discount.
    DiscountOffer(DiscountOffer),
    /// The shopper followed a link of the bot.
    LinkClick(LinkClick),
    /// The shopper put a product into the cart.
    AddToCart(AddToCart),
    /// The shopper took a product out of the cart.
    RemoveFromCart(RemoveFromCart),
    /// The shopper went to the checkout.
    CheckoutStarted(CheckoutStarted),
    /// The shopper said whether the answer served.
    Feedback(Feedback),
    /// A sign-up, a newsletter, a loyalty programme: a conversion that is no order.
    Goal(Goal),
    /// The state of an order at an instant.
    Order(Box<Order>),
    /// Money given back for an order.
    Refund(Box<Refund>),
}

/// Places of the kinds that stand in books.
pub(crate) const ORDER_RANK: usize = 16;
pub(crate) const REFUND_RANK: usize = 17;

impl Kind {
    /// Its name in the event log, such as `link_click`.
    pub fn name(&self) -> &'static str {
        KIND_NAMES[self.rank()]
    }

    /// Its place among the kinds: the order of equal instants.
    pub(crate) fn rank(&self) -> usize {
        match self {
            Self::Consent(_) => 0,
            Self::Identify(_) => 1,
            Self::CustomerMerged(_) => 2,
            Self::ClaimWithdrawn(_) => 3,
            Self::Visit(_) => 4,
            Self::Query(_) => 5,
            Self::Recommendation(_) => 6,
            Self::LinkShared(_) => 7,
            Self::DiscountRequest(_) => 8,
            Self::DiscountOffer(_) => 9,
            Self::LinkClick(_) => 10,
            Self::AddToCart(_) => 11,
            Self::RemoveFromCart(_) => 12,
            Self::CheckoutStarted(_) => 13,
            Self::Feedback(_) => 14,
            Self::Goal(_) => 15,
            Self::Order(_) => ORDER_RANK,
            Self::Refund(_) => REFUND_RANK,
        }
    }

    /// The products that it speaks of, those of an order's lines left aside.
    pub fn products(&self) -> &[ProductId] {
        match self {
            Self::Query(query) => &query.products,
            Self::Recommendation(recommendation) => &recommendation.products,
            Self::LinkShared(link) => link.product.as_slice(),
            Self::LinkClick(click) => click.product.as_slice(),
            Self::AddToCart(item) => std::slice::from_ref(&item.product),
            Self::RemoveFromCart(item) => std::slice::from_ref(&item.product),
            _ => &[],
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// Names of all kinds in the event log, in the order of equal instants.
pub(crate) const KIND_NAMES: [&str; 18] = [
    "consent",
    "identify",
    "customer_merged",
    "claim_withdrawn",
    "visit",
    "query",
    "recommendation",
    "link_shared",
    "discount_request",
    "discount_offer",
    "link_click",
    "add_to_cart",
    "remove_from_cart",
    "checkout_started",
    "feedback",
    "goal",
    "order",
    "refund",
];

/// One question of a shopper and the bot's answer: the unit that earns credit.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Query {
    /// The question as it was asked. It is kept only where `Limits` say so.
    pub text: Option<Label>,
    /// The normalised question: `have this in blue`.
    pub query: Option<Label>,
    /// What it is about: `availability`.
    pub topic: Option<Label>,
    /// What the shopper wants: `product_question`.
    pub intent: Option<Label>,
    /// The scripted path that it is part of.
    pub flow: Option<Label>,
    /// The kind of product that it is about: `shoes`.
    pub product_type: Option<Label>,
    /// The language that it was asked in, as the host writes it: `de`.
    pub language: Option<Label>,
    /// The products that it is about.
    pub products: Products,
    /// What the answer cost the shop.
    pub cost: Option<Money>,
    /// How much of it may be kept, where the host says so for this turn.
    pub privacy: Option<PrivacyLevel>,
}

/// Products that the bot recommended.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Recommendation {
    /// Which, in the order shown.
    pub products: Products,
}

/// A link that the bot sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct LinkShared {
    /// The link.
    pub url: Label,
    /// The unique code on it; read from the link where it is missing.
    pub code: Option<Code>,
    /// The product behind it.
    pub product: Option<ProductId>,
}

/// A click on a link of the bot.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct LinkClick {
    /// The link that was followed.
    pub url: Option<Label>,
    /// The unique code on it; read from the link where it is missing.
    pub code: Option<Code>,
    /// The product behind it.
    pub product: Option<ProductId>,
}

/// Arrival in the shop from anywhere. Its channel follows from link and referrer unless it is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Visit {
    /// The page it began on, with its tags.
    pub url: Option<Label>,
    /// The page it came from.
    pub referrer: Option<Label>,
    /// The unique code on the link, where it was one of the bot's; read from the link where it is missing.
    pub code: Option<Code>,
}

/// A product put into the cart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct AddToCart {
    /// Which.
    pub product: ProductId,
    /// How many, 1 unless said.
    pub quantity: u32,
    /// Price of one.
    pub price: Option<Money>,
}

/// A product taken out of the cart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct RemoveFromCart {
    /// Which.
    pub product: ProductId,
    /// How many, 1 unless said.
    pub quantity: u32,
    /// Price of one.
    pub price: Option<Money>,
}

/// The checkout was entered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct CheckoutStarted {}

/// A discount was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct DiscountRequest {
    /// The code that came of it, if one did.
    pub discount_code: Option<Code>,
}

/// A discount was offered by the bot.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct DiscountOffer {
    /// The code that was offered. On an order it names the turn, if exactly one turn ever offered it.
    pub discount_code: Option<Code>,
}

/// Whether the answer of a turn served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Feedback {
    /// True if it did.
    pub helpful: bool,
}

/// Identifiers belong together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Identify {}

/// A conversion that is no order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Goal {
    /// Its name: `sign_up`, `newsletter`, `loyalty`.
    pub goal: Label,
    /// What it is worth to the shop, if it has a value.
    pub value: Option<Money>,
}

/// A person's word on one purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Consent {
    /// What it is about.
    pub purpose: Purpose,
    /// Granted or denied.
    pub granted: bool,
}

/// What data may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Measuring what earned an order: the purpose that gates paths.
    Analytics,
    /// Advertising.
    Marketing,
    /// Remembering settings.
    Preferences,
    /// Selling or sharing with others (California).
    SaleOrSharing,
}

impl Purpose {
    /// All purposes.
    pub const ALL: [Self; 4] = [Self::Analytics, Self::Marketing, Self::Preferences, Self::SaleOrSharing];

    /// Its name in the event log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Analytics => "analytics",
            Self::Marketing => "marketing",
            Self::Preferences => "preferences",
            Self::SaleOrSharing => "sale_or_sharing",
        }
    }
}

impl std::str::FromStr for Purpose {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let named = Self::ALL.into_iter().find(|purpose| purpose.name() == text);
        named.ok_or_else(|| {
            let names = Self::ALL.iter().map(|purpose| purpose.name()).collect();
            ErrorKind::UnknownName { what: "purpose", found: text.to_owned(), names }.into()
        })
    }
}

/// Two identifiers whose claimed identity is taken back.
///
/// No path joins them until a later event names both again. Which of the two was named first does not matter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct ClaimWithdrawn {
    /// The one of the narrower kind; of one kind, the one whose text comes first.
    pub one: Identifier,
    /// The other.
    pub other: Identifier,
}

impl ClaimWithdrawn {
    /// The same value for either order, so that copies of a withdrawal are one fact.
    pub(crate) fn between(one: Identifier, other: Identifier) -> Self {
        if one <= other { Self { one, other } } else { Self { one: other, other: one } }
    }
}

/// Two customers that the shop itself joined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct CustomerMerged {
    /// The customer that is no more.
    pub from: Identifier,
    /// The customer that stays.
    pub into: Identifier,
}
