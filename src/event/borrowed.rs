//! Events whose text is borrowed: columns, database rows and lines of a log are read as these, without a copy.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use smallvec::SmallVec;

use crate::event::kind::{CheckoutStarted, Consent, Feedback, Identify, Products};
use crate::event::level::PrivacyLevel;
use crate::event::order::{Order, Refund};
use crate::id::{IdentifierRef, IdentifiersRef};
use crate::money::Money;
use crate::text::ProductId;

/// An [`Event`](crate::Event) of any kind whose text is borrowed.
///
/// It is built like an event, one constructor per kind, and read from the same lines; feature `json` has
/// `event::jsonl::lines`. Nothing is allocated but for orders, refunds, more than four identifiers, and more than one
/// product that was not borrowed from an event.
///
/// ```
/// use clinch::{Event, EventRef, Who};
///
/// let at: chrono::DateTime<chrono::Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
/// let row = ("e1", "v9", "availability");
/// let turn = EventRef::query(row.0, at).visitor(row.1).topic(row.2);
/// let owned: Event = Event::query("e1", at, Who::visitor("v9")).topic("availability").into();
/// assert_eq!(Event::from(turn), owned);
/// assert_eq!(EventRef::from(&owned).id, "e1");
/// ```
pub type EventRef<'a> = EventRefOf<'a, KindRef<'a>>;

/// An event of one kind whose text is borrowed; it turns into an [`EventRef`] with `into`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EventRefOf<'a, K> {
    /// The host's id of this event, its idempotency key.
    pub id: Cow<'a, str>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The identifiers seen in it.
    pub who: IdentifiersRef<'a>,
    /// Where it happened: `web`, `whatsapp`, `email`, ...
    pub channel: Option<Cow<'a, str>>,
    /// The turn that caused it, where the host knows.
    pub turn: Option<Cow<'a, str>>,
    /// What happened.
    pub kind: K,
}

/// What happened: [`Kind`](crate::Kind) with borrowed text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum KindRef<'a> {
    /// A shopper agreed to, or refused, the use of data for a purpose.
    Consent(Consent),
    /// Identifiers belong together; nothing else happened.
    Identify(Identify),
    /// The shop itself joined two customers.
    CustomerMerged(CustomerMergedRef<'a>),
    /// A claimed identity is taken back.
    ClaimWithdrawn(ClaimWithdrawnRef<'a>),
    /// Arrival in the shop from anywhere.
    Visit(VisitRef<'a>),
    /// A turn: one question of the shopper and the bot's answer.
    Query(QueryRef<'a>),
    /// The bot recommended products.
    Recommendation(RecommendationRef<'a>),
    /// The bot sent a link.
    LinkShared(LinkSharedRef<'a>),
    /// The shopper asked for a discount.
    DiscountRequest(DiscountRequestRef<'a>),
    /// The bot offered a discount.
    DiscountOffer(DiscountOfferRef<'a>),
    /// The shopper followed a link of the bot.
    LinkClick(LinkClickRef<'a>),
    /// The shopper put a product into the cart.
    AddToCart(AddToCartRef<'a>),
    /// The shopper took a product out of the cart.
    RemoveFromCart(RemoveFromCartRef<'a>),
    /// The shopper went to the checkout.
    CheckoutStarted(CheckoutStarted),
    /// The shopper said whether the answer served.
    Feedback(Feedback),
    /// A sign-up, a newsletter, a loyalty programme: a conversion that is no order.
    Goal(GoalRef<'a>),
    /// The state of an order at an instant: read from text it is owned.
    Order(Cow<'a, Order>),
    /// Money given back for an order: read from text it is owned.
    Refund(Cow<'a, Refund>),
}

impl KindRef<'_> {
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
            Self::Order(_) => 16,
            Self::Refund(_) => 17,
        }
    }
}

/// [`Query`](crate::event::Query) with borrowed text.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct QueryRef<'a> {
    /// The question as it was asked.
    pub text: Option<Cow<'a, str>>,
    /// The normalised question.
    pub query: Option<Cow<'a, str>>,
    /// What it is about.
    pub topic: Option<Cow<'a, str>>,
    /// What the shopper wants.
    pub intent: Option<Cow<'a, str>>,
    /// The scripted path that it is part of.
    pub flow: Option<Cow<'a, str>>,
    /// The kind of product that it is about.
    pub product_type: Option<Cow<'a, str>>,
    /// The language that it was asked in: `de`.
    pub language: Option<Cow<'a, str>>,
    /// The products that it is about.
    pub products: ProductsRef<'a>,
    /// What the answer cost the shop.
    pub cost: Option<Money>,
    /// How much of it may be kept, where the host says so for this turn.
    pub privacy: Option<PrivacyLevel>,
}

/// [`Recommendation`](crate::event::Recommendation) with borrowed text.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RecommendationRef<'a> {
    /// Which, in the order shown.
    pub products: ProductsRef<'a>,
}

/// [`LinkShared`](crate::event::LinkShared) with borrowed text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LinkSharedRef<'a> {
    /// The link.
    pub url: Cow<'a, str>,
    /// The unique code on it.
    pub code: Option<Cow<'a, str>>,
    /// The product behind it.
    pub product: Option<Cow<'a, str>>,
}

/// [`LinkClick`](crate::event::LinkClick) with borrowed text.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct LinkClickRef<'a> {
    /// The link that was followed.
    pub url: Option<Cow<'a, str>>,
    /// The unique code on it.
    pub code: Option<Cow<'a, str>>,
    /// The product behind it.
    pub product: Option<Cow<'a, str>>,
}

/// [`Visit`](crate::event::Visit) with borrowed text.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct VisitRef<'a> {
    /// The page it began on.
    pub url: Option<Cow<'a, str>>,
    /// The page it came from.
    pub referrer: Option<Cow<'a, str>>,
    /// The unique code on the link.
    pub code: Option<Cow<'a, str>>,
}

/// [`AddToCart`](crate::event::AddToCart) with borrowed text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AddToCartRef<'a> {
    /// Which.
    pub product: Cow<'a, str>,
    /// How many.
    pub quantity: u32,
    /// Price of one.
    pub price: Option<Money>,
}

/// [`RemoveFromCart`](crate::event::RemoveFromCart) with borrowed text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RemoveFromCartRef<'a> {
    /// Which.
    pub product: Cow<'a, str>,
    /// How many.
    pub quantity: u32,
    /// Price of one.
    pub price: Option<Money>,
}

/// [`DiscountRequest`](crate::event::DiscountRequest) with borrowed text.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DiscountRequestRef<'a> {
    /// The code that came of it.
    pub discount_code: Option<Cow<'a, str>>,
}

/// [`DiscountOffer`](crate::event::DiscountOffer) with borrowed text.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DiscountOfferRef<'a> {
    /// The code that was offered.
    pub discount_code: Option<Cow<'a, str>>,
}

/// [`Goal`](crate::event::Goal) with borrowed text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct GoalRef<'a> {
    /// Its name.
    pub goal: Cow<'a, str>,
    /// What it is worth to the shop.
    pub value: Option<Money>,
}

/// [`ClaimWithdrawn`](crate::event::ClaimWithdrawn) with borrowed text: the two stand in any order.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClaimWithdrawnRef<'a> {
    /// One of the two identifiers.
    pub one: IdentifierRef<'a>,
    /// The other.
    pub other: IdentifierRef<'a>,
}

/// [`CustomerMerged`](crate::event::CustomerMerged) with borrowed text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CustomerMergedRef<'a> {
    /// The customer that is no more.
    pub from: Cow<'a, str>,
    /// The customer that stays.
    pub into: Cow<'a, str>,
}

/// Products that an event speaks of, in the order given: those of an event as it holds them, or texts.
#[derive(Clone, Debug)]
pub struct ProductsRef<'a>(List<'a>);

#[derive(Clone, Debug)]
enum List<'a> {
    Held(&'a [ProductId]),
    Texts(SmallVec<[Cow<'a, str>; 1]>),
}

impl<'a> ProductsRef<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            List::Held(products) => products.len(),
            List::Texts(texts) => texts.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The product at a place, counted from 0.
    pub fn get(&self, place: usize) -> Option<&str> {
        match &self.0 {
            List::Held(products) => products.get(place).map(ProductId::as_str),
            List::Texts(texts) => texts.get(place).map(|text| &**text),
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|place| self.get(place).unwrap_or_default())
    }

    /// Adds one.
    pub fn push(&mut self, product: impl Into<Cow<'a, str>>) {
        if let List::Held(products) = self.0 {
            self.0 = List::Texts(products.iter().map(|held| Cow::Borrowed(held.as_str())).collect());
        }
        if let List::Texts(texts) = &mut self.0 {
            texts.push(product.into());
        }
    }
}

impl Default for ProductsRef<'_> {
    fn default() -> Self {
        Self(List::Held(&[]))
    }
}

impl PartialEq for ProductsRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<'a> From<&'a [ProductId]> for ProductsRef<'a> {
    fn from(products: &'a [ProductId]) -> Self {
        Self(List::Held(products))
    }
}

impl<'a> From<SmallVec<[Cow<'a, str>; 1]>> for ProductsRef<'a> {
    fn from(texts: SmallVec<[Cow<'a, str>; 1]>) -> Self {
        Self(List::Texts(texts))
    }
}

impl<'a, P: Into<Cow<'a, str>>> FromIterator<P> for ProductsRef<'a> {
    fn from_iter<I: IntoIterator<Item = P>>(products: I) -> Self {
        Self(List::Texts(products.into_iter().map(Into::into).collect()))
    }
}

impl From<ProductsRef<'_>> for Products {
    fn from(products: ProductsRef<'_>) -> Self {
        match products.0 {
            List::Held(products) => products.iter().cloned().collect(),
            List::Texts(texts) => texts.iter().map(|text| ProductId::from(&**text)).collect(),
        }
    }
}
