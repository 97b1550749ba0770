//! Touchpoints: what may earn, with its labels and the evidence for it.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::choice::choice;
use crate::event::Kind;
use crate::fact::Content;
use crate::link::channel::Channel;
use crate::money::Money;
use crate::text::{EventId, Label};

choice! {
    /// The kinds of event that can be a touchpoint, or be folded into one.
    TouchKind:
    /// Arrival from anywhere.
    Visit "visit";
    /// A turn.
    #[default]
    Query "query";
    /// The bot recommended products.
    Recommendation "recommendation";
    /// The bot sent a link.
    LinkShared "link_shared";
    /// The shopper asked for a discount.
    DiscountRequest "discount_request";
    /// The bot offered a discount.
    DiscountOffer "discount_offer";
    /// The shopper followed a link of the bot.
    LinkClick "link_click";
    /// The shopper put a product into the cart.
    AddToCart "add_to_cart";
    /// The shopper took a product out of the cart.
    RemoveFromCart "remove_from_cart";
    /// The shopper went to the checkout.
    CheckoutStarted "checkout_started";
}

impl TouchKind {
    /// The kinds that may earn by default: what the shopper did, and what the bot recommended.
    pub const EARNING: [Self; 6] = [
        Self::Visit,
        Self::Query,
        Self::Recommendation,
        Self::DiscountRequest,
        Self::LinkClick,
        Self::AddToCart,
    ];

    /// The kind of touchpoint that an event can be, if any.
    ///
    /// A payment return and a page of the shop itself are visits on which nobody arrived.
    pub(crate) fn of(content: &Content) -> Option<Self> {
        let arrived = |channel: &Label| !NO_ARRIVAL.iter().any(|none| none.name() == channel.as_str());
        Some(match &content.kind {
            Kind::Visit(_) if !content.channel.as_ref().is_none_or(arrived) => return None,
            Kind::Visit(_) => Self::Visit,
            Kind::Query(_) => Self::Query,
            Kind::Recommendation(_) => Self::Recommendation,
            Kind::LinkShared(_) => Self::LinkShared,
            Kind::DiscountRequest(_) => Self::DiscountRequest,
            Kind::DiscountOffer(_) => Self::DiscountOffer,
            Kind::LinkClick(_) => Self::LinkClick,
            Kind::AddToCart(_) => Self::AddToCart,
            Kind::RemoveFromCart(_) => Self::RemoveFromCart,
            Kind::CheckoutStarted(_) => Self::CheckoutStarted,
            _ => return None,
        })
    }

    /// Whether the bot had a part in it, where a turn caused it or none did.
    pub(crate) fn is_bot(self, caused: bool) -> bool {
        match self {
            Self::Visit => false,
            Self::AddToCart | Self::RemoveFromCart | Self::CheckoutStarted => caused,
            _ => true,
        }
    }

    /// Whether a turn can have caused it.
    pub(crate) fn is_engagement(self) -> bool {
        !matches!(self, Self::Visit | Self::Query)
    }
}

choice! {
    /// Why a touchpoint may claim a conversion, strongest first.
    Evidence:
    /// A unique link code, on the order or on a click of the buyer, names the turn.
    Code "code";
    /// A discount code on the order was offered by this turn.
    DiscountCode "discount_code";
    /// The bot spoke in it of a product that is in the order.
    RecommendedProduct "recommended_product";
    /// It was seen with the same cart or checkout.
    SameCart "same_cart";
    /// It belongs to the same known customer.
    SameCustomer "same_customer";
    /// It belongs to the same anonymous visitor.
    #[default]
    SameVisitor "same_visitor";
}

/// A set of [`Evidence`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EvidenceSet(u8);

impl EvidenceSet {
    pub(crate) fn add(&mut self, evidence: Evidence) {
        self.0 |= 1 << evidence as u8;
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether it is in the set.
    pub fn contains(self, evidence: Evidence) -> bool {
        self.0 & 1 << evidence as u8 != 0
    }

    /// All of it, strongest first.
    pub fn iter(self) -> impl Iterator<Item = Evidence> {
        Evidence::ALL.iter().copied().filter(move |evidence| self.contains(*evidence))
    }

    /// The strongest, by which reports group; none only for the empty set.
    pub fn strongest(self) -> Option<Evidence> {
        self.iter().next()
    }
}

impl Serialize for EvidenceSet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for EvidenceSet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut set = Self::default();
        Vec::deserialize(deserializer)?.into_iter().for_each(|evidence| set.add(evidence));
        Ok(set)
    }
}

impl fmt::Display for EvidenceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Evidence::name).collect();
        f.pad(&names.join(", "))
    }
}

choice! {
    /// What reports group by.
    Dimension:
    /// The normalised question.
    Query "query";
    /// What it is about.
    #[default]
    Topic "topic";
    /// What the shopper wants.
    Intent "intent";
    /// The scripted path.
    Flow "flow";
    /// The products that the touchpoint spoke of.
    Product "product";
    /// The kind of product that it spoke of.
    ProductType "product_type";
    /// The language that the question was asked in.
    Language "language";
    /// Where it happened.
    Channel "channel";
    /// The conversation, as a pseudonym.
    Conversation "conversation";
    /// Why it may claim: the strongest evidence.
    Evidence "evidence";
}

impl Dimension {
    /// Whether its values are texts of events.
    pub(crate) fn is_label(self) -> bool {
        !matches!(self, Self::Conversation | Self::Evidence)
    }
}

/// Values of one label, in text order, each once.
pub type Values = SmallVec<[Label; 1]>;

/// What reports can group a touchpoint by. A list is empty where nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Labels {
    /// The normalised question.
    #[serde(skip_serializing_if = "SmallVec::is_empty")]
    pub query: Values,
    /// What it is about.
    #[serde(skip_serializing_if = "SmallVec::is_empty")]
    pub topic: Values,
    /// What the shopper wants.
    #[serde(skip_serializing_if = "SmallVec::is_empty")]
    pub intent: Values,
    /// The scripted path.
    #[serde(skip_serializing_if = "SmallVec::is_empty")]
    pub flow: Values,
    /// Products that it spoke of.
    #[serde(skip_serializing_if = "SmallVec::is_empty")]
    pub product: Values,
    /// Kinds of product that it spoke of.
    #[serde(skip_serializing_if = "SmallVec::is_empty")]
    pub product_type: Values,
    /// Languages that it was asked in.
    #[serde(skip_serializing_if = "SmallVec::is_empty")]
    pub language: Values,
    /// Where it happened.
    #[serde(skip_serializing_if = "SmallVec::is_empty")]
    pub channel: Values,
    /// The conversation, as a pseudonym.
    #[serde(skip_serializing_if = "SmallVec::is_empty")]
    pub conversation: Values,
}

impl Labels {
    /// The values in a dimension. [`Dimension::Evidence`] is no label: it has none here.
    pub fn get(&self, dimension: Dimension) -> &[Label] {
        match dimension {
            Dimension::Query => &self.query,
            Dimension::Topic => &self.topic,
            Dimension::Intent => &self.intent,
            Dimension::Flow => &self.flow,
            Dimension::Product => &self.product,
            Dimension::ProductType => &self.product_type,
            Dimension::Language => &self.language,
            Dimension::Channel => &self.channel,
            Dimension::Conversation => &self.conversation,
            Dimension::Evidence => &[],
        }
    }
}

/// Adds a value in text order, once.
pub(crate) fn add(values: &mut Values, label: Label) {
    if let Err(place) = values.binary_search(&label) {
        values.insert(place, label);
    }
}

/// Whether a channel is that of visits without tags and referrer.
pub(crate) fn direct_channel(channel: Option<&Label>) -> bool {
    channel.is_some_and(|channel| channel.as_str().eq_ignore_ascii_case(Channel::Direct.name()))
}

/// Channels of visits on which nobody arrived.
const NO_ARRIVAL: [Channel; 2] = [Channel::PaymentReturn, Channel::Internal];

/// Something in a journey that may earn credit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Touchpoint {
    /// Id of its event: for a turn, the id of the turn.
    pub id: EventId,
    /// When it happened; for a turn with engagements the instant of the turn.
    pub at: DateTime<Utc>,
    /// What it is.
    pub kind: TouchKind,
    /// The turn that caused it, where it is an engagement that stands alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<EventId>,
    /// What reports group by.
    pub labels: Labels,
    /// Why it may claim the conversion.
    pub evidence: EvidenceSet,
    /// Engagements that were folded into it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub engagements: Vec<EventId>,
    /// Whether it is a turn of another person, which a code brought in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub foreign: bool,
    /// What the answer cost, where the host recorded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
}

impl Touchpoint {
    /// A touchpoint of one kind without labels; for tests of models and for hosts with paths of their own.
    pub fn new(id: impl Into<EventId>, at: DateTime<Utc>, kind: TouchKind) -> Self {
        let (labels, evidence) = Default::default();
        Self {
            id: id.into(),
            at,
            kind,
            turn: None,
            labels,
            evidence,
            engagements: Vec::new(),
            foreign: false,
            cost: None,
        }
    }

    /// Adds a value in a dimension; evidence is none of the labels and stays as it is.
    pub fn label(mut self, dimension: Dimension, value: impl Into<Label>) -> Self {
        let labels = &mut self.labels;
        let Labels { query, topic, intent, flow, product, product_type, language, channel, conversation } =
            labels;
        let values = match dimension {
            Dimension::Query => query,
            Dimension::Topic => topic,
            Dimension::Intent => intent,
            Dimension::Flow => flow,
            Dimension::Product => product,
            Dimension::ProductType => product_type,
            Dimension::Language => language,
            Dimension::Channel => channel,
            Dimension::Conversation => conversation,
            Dimension::Evidence => return self,
        };
        add(values, value.into());
        self
    }

    /// Whether it is a direct visit: no tags, no referrer.
    pub fn is_direct(&self) -> bool {
        self.kind == TouchKind::Visit && self.labels.channel.iter().any(|label| direct_channel(Some(label)))
    }

    /// Whether the bot had a part in it: everything but visits, and what the shopper did in the shop unprompted (a
    /// product put into the cart that no turn caused).
    pub fn is_bot(&self) -> bool {
        self.kind.is_bot(self.turn.is_some())
    }

    /// Calls `each` with every value that it has in a dimension; not at all if it has none.
    pub(crate) fn values(&self, dimension: Dimension) -> Values {
        match dimension {
            Dimension::Evidence => {
                self.evidence.strongest().map(|evidence| Label::from(evidence.name())).into_iter().collect()
            }
            _ => self.labels.get(dimension).into(),
        }
    }
}
