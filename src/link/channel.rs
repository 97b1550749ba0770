//! Channels: through which door a visitor arrived.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::host::is_or_below;
use super::split::host_of;
use super::tags::{Utm, read};

/// The class of an arrival.
///
/// The list is open: new channels may come with any release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Channel {
    /// The link carried a code of the shop's own bot.
    OwnCode,
    /// Back from a payment page: no arrival at all.
    PaymentReturn,
    /// From a page of the shop itself: no arrival at all.
    Internal,
    /// A campaign across networks.
    CrossNetwork,
    /// Advertisements on shopping sites.
    PaidShopping,
    /// Advertisements on search engines.
    PaidSearch,
    /// Advertisements on social networks.
    PaidSocial,
    /// Advertisements on video sites.
    PaidVideo,
    /// Banners.
    Display,
    /// Other advertisements.
    PaidOther,
    /// Links on shopping sites.
    OrganicShopping,
    /// Links on social networks.
    OrganicSocial,
    /// Links on video sites.
    OrganicVideo,
    /// Search results.
    OrganicSearch,
    /// An assistant of a third party, such as ChatGPT.
    AiAssistant,
    /// Mail.
    Email,
    /// Affiliate partners.
    Affiliates,
    /// Podcasts and other audio.
    Audio,
    /// Text messages.
    Sms,
    /// Push messages.
    MobilePush,
    /// A link on another site.
    Referral,
    /// No tags and no referrer.
    Direct,
    /// Tags that match no rule.
    Unassigned,
}

impl Channel {
    /// All channels.
    pub const ALL: [Self; 23] = [
        Self::OwnCode,
        Self::PaymentReturn,
        Self::Internal,
        Self::CrossNetwork,
        Self::PaidShopping,
        Self::PaidSearch,
        Self::PaidSocial,
        Self::PaidVideo,
        Self::Display,
        Self::PaidOther,
        Self::OrganicShopping,
        Self::OrganicSocial,
        Self::OrganicVideo,
        Self::OrganicSearch,
        Self::AiAssistant,
        Self::Email,
        Self::Affiliates,
        Self::Audio,
        Self::Sms,
        Self::MobilePush,
        Self::Referral,
        Self::Direct,
        Self::Unassigned,
    ];

    /// Stable name, in lower snake case: `organic_search`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OwnCode => "own_code",
            Self::PaymentReturn => "payment_return",
            Self::Internal => "internal",
            Self::CrossNetwork => "cross_network",
            Self::PaidShopping => "paid_shopping",
            Self::PaidSearch => "paid_search",
            Self::PaidSocial => "paid_social",
            Self::PaidVideo => "paid_video",
            Self::Display => "display",
            Self::PaidOther => "paid_other",
            Self::OrganicShopping => "organic_shopping",
            Self::OrganicSocial => "organic_social",
            Self::OrganicVideo => "organic_video",
            Self::OrganicSearch => "organic_search",
            Self::AiAssistant => "ai_assistant",
            Self::Email => "email",
            Self::Affiliates => "affiliates",
            Self::Audio => "audio",
            Self::Sms => "sms",
            Self::MobilePush => "mobile_push",
            Self::Referral => "referral",
            Self::Direct => "direct",
            Self::Unassigned => "unassigned",
        }
    }

    /// Whether the visitor arrived at all: false for a payment return and for a page of the own site, which
    /// are no touchpoint.
    pub const fn is_arrival(self) -> bool {
        !matches!(self, Self::PaymentReturn | Self::Internal)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The channel of an arrival; `None` where the host has no such text. Any text gives a channel.
///
/// ```
/// use clinch::link::channel::{Channel, classify};
///
/// assert_eq!(classify(Some("https://shop.example/"), None), Channel::Direct);
/// assert_eq!(classify(Some("https://shop.example/?clq=7zk3q9t4m2"), None), Channel::OwnCode);
/// let internal = classify(Some("https://shop.example/p"), Some("https://shop.example/"));
/// assert!(!internal.is_arrival());
/// ```
pub fn classify(landing_url: Option<&str>, referrer: Option<&str>) -> Channel {
    let landing = landing_url.unwrap_or("");
    let tags = read(landing);
    let from = host_of(referrer.unwrap_or(""));
    if tags.code().is_some() {
        return Channel::OwnCode;
    }
    if !from.is_empty() && is_or_below(from, host_of(landing)) {
        return Channel::Internal;
    }
    match tags.get(Utm::Medium) {
        Some("email") => Channel::Email,
        Some("referral") => Channel::Referral,
        Some(_) => Channel::Unassigned,
        None if from.is_empty() => Channel::Direct,
        None => Channel::Referral,
    }
}
