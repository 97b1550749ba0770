//! The built-in rules, in order, as data.

use super::Channel;
use crate::link::click_id::Evidence;
use crate::link::hosts::Kind;

/// Version of [`RULES`] and of the lists behind them: the date of the last change.
pub const RULES_VERSION: &str = "2026-11-23";

/// One built-in rule. It matches if all its tests hold; the first that matches decides.
pub struct Rule {
    /// Stable name, in lower snake case.
    pub name: &'static str,
    /// Where matching arrivals go.
    pub channel: Channel,
    pub(super) all: &'static [Test],
}

/// One condition on an arrival. Texts compare without ASCII case.
#[derive(Clone, Copy)]
pub(super) enum Test {
    /// The link carries a genuine code.
    OwnCode,
    /// `utm_nooverride=1` is on the link.
    ReturnMark,
    /// The referrer is a page of the shop.
    Internal,
    /// The medium, the source or a fitting click id says that the arrival was paid for.
    Paid,
    /// The source, or without one the referrer, is listed as this.
    Source(Kind),
    /// The referrer is listed as this.
    Referrer(Kind),
    /// The strongest fitting click id says this.
    Click(Evidence),
    /// The medium is one of these.
    MediumIs(&'static [&'static str]),
    /// The source is one of these.
    SourceIs(&'static [&'static str]),
    /// A word of the medium is one of these.
    MediumHas(&'static [&'static str]),
    /// A word of the source is one of these.
    SourceHas(&'static [&'static str]),
    /// A word of the campaign is one of these.
    CampaignHas(&'static [&'static str]),
    /// The campaign contains this.
    CampaignIn(&'static str),
    /// No `utm_medium`.
    NoMedium,
    /// `utm_source` or `utm_medium` has a value.
    Tagged,
    /// Any of the nine names has a value.
    AnyTag,
    /// A usable referrer came along.
    HasReferrer,
    /// No usable referrer.
    NoReferrer,
}

/// Media that mean a paid arrival, beside all that begin with `paid`.
///
/// Exact names and not the pattern `.*cp.*` of GA4 and Plausible, which takes `mcp` for paid.
pub(super) const PAID_MEDIA: [&str; 11] =
    ["cpc", "ppc", "cpa", "cpv", "cpl", "cpi", "cpe", "cpp", "retargeting", "remarketing", "sem"];

const EMAIL: &[&str] = &["email", "e-mail", "e_mail", "e mail", "mail", "newsletter"];
const SOCIAL: &[&str] = &[
    "social",
    "social-network",
    "social-media",
    "sm",
    "social network",
    "social media",
    "social_network",
    "social_media",
];
const AFFILIATE: &[&str] = &["affiliate", "affiliates", "affiliation", "partnership", "partnerships"];

impl Test {
    /// The bit that must hold for this test to hold. For a test on a text it says that there is one; any
    /// other test is its bit.
    pub(super) const fn sign(self) -> u64 {
        1 << match self {
            Self::OwnCode => 0,
            Self::ReturnMark => 1,
            Self::Internal => 2,
            Self::Paid => 3,
            Self::MediumIs(_) | Self::MediumHas(_) => 4,
            Self::SourceIs(_) | Self::SourceHas(_) => 5,
            Self::CampaignIn(_) | Self::CampaignHas(_) => 6,
            Self::NoMedium => 7,
            Self::Tagged => 8,
            Self::AnyTag => 9,
            Self::HasReferrer => 10,
            Self::NoReferrer => 11,
            Self::Source(kind) => 16 + kind as u32,
            Self::Referrer(kind) => 32 + kind as u32,
            Self::Click(evidence) => 48 + evidence as u32,
        }
    }
}

const fn rule(name: &'static str, channel: Channel, all: &'static [Test]) -> Rule {
    Rule { name, channel, all }
}

/// What must hold before a rule's tests are looked at, for each of [`RULES`]: the signs of all its tests.
pub(super) static SIGNS: [u64; RULES.len()] = {
    let mut signs = [0; RULES.len()];
    let mut at = 0;
    while at < RULES.len() {
        let mut test = 0;
        while test < RULES[at].all.len() {
            signs[at] |= RULES[at].all[test].sign();
            test += 1;
        }
        at += 1;
    }
    signs
};

/// The built-in rules in order, version [`RULES_VERSION`]. The last one always matches.
///
/// Modelled on GA4's documented channels (help 9756891), with these differences: own codes, payment returns
/// and internal referrers come first; media compare as whole names, so that `mcp` is not paid and
/// `mobile-app` is not push; a campaign that begins with `shop` is not shopping; a click id needs a source
/// that fits; a medium that names a channel beats a listed source; a source counts as an advertisement by
/// its name (`fb-ads`) as in Plausible.
pub static RULES: [Rule; 47] = [
    rule("own_code", Channel::OwnCode, &[Test::OwnCode]),
    rule("return_mark", Channel::PaymentReturn, &[Test::ReturnMark]),
    rule("payment_host", Channel::PaymentReturn, &[Test::Referrer(Kind::Payment)]),
    rule("internal", Channel::Internal, &[Test::Internal]),
    rule("cross_network", Channel::CrossNetwork, &[Test::CampaignIn("cross-network")]),
    rule("display_click", Channel::Display, &[Test::Click(Evidence::Display)]),
    rule("paid_shopping", Channel::PaidShopping, &[Test::Paid, Test::Source(Kind::Shopping)]),
    rule("paid_shopping_campaign", Channel::PaidShopping, &[Test::Paid, Test::CampaignHas(&["shopping"])]),
    rule("paid_search", Channel::PaidSearch, &[Test::Paid, Test::Source(Kind::Search)]),
    rule("paid_social", Channel::PaidSocial, &[Test::Paid, Test::Source(Kind::Social)]),
    rule("paid_video", Channel::PaidVideo, &[Test::Paid, Test::Source(Kind::Video)]),
    rule("paid_search_medium", Channel::PaidSearch, &[Test::Paid, Test::MediumHas(&["search", "sem"])]),
    rule(
        "paid_social_medium",
        Channel::PaidSocial,
        &[Test::Paid, Test::MediumHas(&["social", "paidsocial"])],
    ),
    rule("paid_video_medium", Channel::PaidVideo, &[Test::Paid, Test::MediumHas(&["video", "paidvideo"])]),
    rule("paid_shopping_medium", Channel::PaidShopping, &[Test::Paid, Test::MediumHas(&["shopping"])]),
    rule(
        "display",
        Channel::Display,
        &[Test::MediumIs(&["display", "banner", "expandable", "interstitial", "cpm"])],
    ),
    rule("paid_other", Channel::PaidOther, &[Test::Paid]),
    rule("affiliate_medium", Channel::Affiliates, &[Test::MediumIs(AFFILIATE)]),
    rule("email_medium", Channel::Email, &[Test::MediumIs(EMAIL)]),
    rule("newsletter_medium", Channel::Email, &[Test::MediumHas(&["newsletter"])]),
    rule("sms_medium", Channel::Sms, &[Test::MediumIs(&["sms", "mms"])]),
    rule("audio_medium", Channel::Audio, &[Test::MediumIs(&["audio", "podcast"])]),
    rule(
        "push_medium",
        Channel::MobilePush,
        &[Test::MediumHas(&["push", "webpush", "notification", "notifications"])],
    ),
    rule("mobile_medium", Channel::MobilePush, &[Test::MediumIs(&["mobile"])]),
    rule(
        "ai_medium",
        Channel::AiAssistant,
        &[Test::MediumIs(&["ai-assistant", "ai_assistant", "ai assistant"])],
    ),
    rule("email_source", Channel::Email, &[Test::SourceIs(EMAIL)]),
    rule("newsletter_source", Channel::Email, &[Test::SourceHas(&["newsletter"]), Test::NoMedium]),
    rule("sms_source", Channel::Sms, &[Test::SourceIs(&["sms"])]),
    rule("push_source", Channel::MobilePush, &[Test::Source(Kind::Push)]),
    rule("ai_source", Channel::AiAssistant, &[Test::Source(Kind::Ai)]),
    rule("shopping_listing", Channel::OrganicShopping, &[Test::Click(Evidence::Listing)]),
    rule("shopping_source", Channel::OrganicShopping, &[Test::Source(Kind::Shopping)]),
    rule("social_source", Channel::OrganicSocial, &[Test::Source(Kind::Social)]),
    rule("social_medium", Channel::OrganicSocial, &[Test::MediumIs(SOCIAL)]),
    rule("video_source", Channel::OrganicVideo, &[Test::Source(Kind::Video)]),
    rule(
        "video_medium",
        Channel::OrganicVideo,
        &[Test::MediumIs(&["video", "organic-video", "organic_video"])],
    ),
    rule("search_source", Channel::OrganicSearch, &[Test::Source(Kind::Search)]),
    rule("organic_medium", Channel::OrganicSearch, &[Test::MediumIs(&["organic"])]),
    rule("mail_host", Channel::Email, &[Test::Source(Kind::Email)]),
    rule("referral_medium", Channel::Referral, &[Test::MediumIs(&["referral", "app", "link"])]),
    rule("unassigned_tags", Channel::Unassigned, &[Test::Tagged]),
    rule("affiliate_click", Channel::Affiliates, &[Test::Click(Evidence::Affiliate)]),
    rule("mail_click", Channel::Email, &[Test::Click(Evidence::Mail), Test::NoReferrer]),
    rule("shared_click", Channel::OrganicSocial, &[Test::Click(Evidence::Shared)]),
    rule("referral", Channel::Referral, &[Test::HasReferrer]),
    rule("unassigned_campaign", Channel::Unassigned, &[Test::AnyTag]),
    rule("direct", Channel::Direct, &[]),
];
