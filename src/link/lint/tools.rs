//! How GA4, Plausible, PostHog and Umami name the channel of a tagged link: their rules as data.

use serde::{Deserialize, Serialize};

use crate::link::hosts::{self, Kind};

/// Date of the last check of the rules against their sources.
pub const TOOLS_VERSION: &str = "2026-11-23";

/// An analytics tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    /// Google Analytics 4, default channel group (help 9756891, with AI Assistant of 2026-05-13).
    Ga4,
    /// Plausible (`acquisition.ex`, newest of 2026).
    Plausible,
    /// PostHog (`channel_type.py`, 2026).
    PostHog,
    /// Umami (`getChannelMetrics.ts`, 2026-05).
    Umami,
}

impl Tool {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Ga4, Self::Plausible, Self::PostHog, Self::Umami];

    const fn rules(self) -> &'static [Rule] {
        match self {
            Self::Ga4 => &GA4,
            Self::Plausible => &PLAUSIBLE,
            Self::PostHog => &POSTHOG,
            Self::Umami => &UMAMI,
        }
    }
}

/// What one tool will call a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// Which tool.
    pub tool: Tool,
    /// The channel in the tool's own words; `(dropped)` if it is in no report.
    pub channel: &'static str,
    #[serde(skip)]
    pub(super) by_campaign: bool,
    #[serde(skip)]
    pub(super) by_source: bool,
    #[serde(skip)]
    pub(super) says_paid: bool,
    #[serde(skip)]
    pub(super) is_tagged: bool,
}

/// Umami leaves the visit out of its channel report.
pub(super) const DROPPED: &str = "(dropped)";

/// One row of a tool's table: the first whose checks all hold names the channel.
struct Rule {
    channel: &'static str,
    all: &'static [Check],
}

const fn rule(channel: &'static str, all: &'static [Check]) -> Rule {
    Rule { channel, all }
}

/// A condition in the tools' tables. Texts compare in lower case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Check {
    /// The source is listed as this kind.
    Source(Kind),
    /// The source is one of these.
    SourceIs(&'static [&'static str]),
    /// The source contains this.
    SourceHas(&'static str),
    /// The source starts with this.
    SourceStarts(&'static str),
    /// The medium is one of these.
    MediumIs(&'static [&'static str]),
    /// The medium contains one of these.
    MediumHas(&'static [&'static str]),
    /// The medium starts with this.
    MediumStarts(&'static str),
    /// The medium ends in this.
    MediumEnds(&'static str),
    /// The medium matches `^(.*cp.*|ppc|retargeting|paid.*)$`.
    PaidPattern,
    /// PostHog's paid media: a list, or beginning with `paid`.
    PaidList,
    /// The campaign contains this.
    CampaignHas(&'static str),
    /// The campaign matches `^(.*(([^a-df-z]|^)shop|shopping).*)$`.
    ShopCampaign,
    /// There is a source.
    AnySource,
    /// There is no tag at all.
    Untagged,
}

use Check::{
    AnySource, CampaignHas, MediumEnds, MediumHas, MediumIs, MediumStarts, PaidList, PaidPattern,
    ShopCampaign, Source, SourceHas, SourceIs, SourceStarts, Untagged,
};

const DISPLAY: &[&str] = &["display", "banner", "expandable", "interstitial", "cpm"];
const SOCIAL: &[&str] = &["social", "social-network", "social-media", "sm", "social network", "social media"];
const EMAIL: &[&str] = &["email", "e-mail", "e_mail", "e mail"];

static GA4: [Rule; 30] = [
    rule("Direct", &[Untagged]),
    rule("Direct", &[SourceIs(&["(direct)"]), MediumIs(&["(not set)", "(none)"])]),
    rule("Cross-network", &[CampaignHas("cross-network")]),
    rule("Paid Shopping", &[Source(Kind::Shopping), PaidPattern]),
    rule("Paid Shopping", &[ShopCampaign, PaidPattern]),
    rule("Paid Search", &[Source(Kind::Search), PaidPattern]),
    rule("Paid Social", &[Source(Kind::Social), PaidPattern]),
    rule("Paid Video", &[Source(Kind::Video), PaidPattern]),
    rule("Display", &[MediumIs(DISPLAY)]),
    rule("Paid Other", &[PaidPattern]),
    rule("Organic Shopping", &[Source(Kind::Shopping)]),
    rule("Organic Shopping", &[ShopCampaign]),
    rule("Organic Social", &[Source(Kind::Social)]),
    rule("Organic Social", &[MediumIs(SOCIAL)]),
    rule("Organic Video", &[Source(Kind::Video)]),
    rule("Organic Video", &[MediumHas(&["video"])]),
    rule("Organic Search", &[Source(Kind::Search)]),
    rule("Organic Search", &[MediumIs(&["organic"])]),
    rule("AI Assistant", &[MediumIs(&["ai-assistant"])]),
    rule("Referral", &[MediumIs(&["referral", "app", "link"])]),
    rule("Email", &[SourceIs(EMAIL)]),
    rule("Email", &[MediumIs(EMAIL)]),
    rule("Affiliates", &[MediumIs(&["affiliate"])]),
    rule("Audio", &[MediumIs(&["audio"])]),
    rule("SMS", &[SourceIs(&["sms"])]),
    rule("SMS", &[MediumIs(&["sms"])]),
    rule("Mobile Push", &[MediumEnds("push")]),
    rule("Mobile Push", &[MediumHas(&["mobile", "notification"])]),
    rule("Mobile Push", &[SourceIs(&["firebase"])]),
    rule("Unassigned", &[]),
];

static PLAUSIBLE: [Rule; 31] = [
    rule("Direct", &[Untagged]),
    rule("Cross-network", &[CampaignHas("cross-network")]),
    rule("Paid Shopping", &[Source(Kind::Shopping), PaidPattern]),
    rule("Paid Shopping", &[ShopCampaign, PaidPattern]),
    rule("Paid Search", &[Source(Kind::Search), PaidPattern]),
    rule("Paid Social", &[Source(Kind::Social), PaidPattern]),
    rule("Paid Video", &[Source(Kind::Video), PaidPattern]),
    rule("Display", &[MediumIs(DISPLAY)]),
    rule("Paid Other", &[PaidPattern]),
    rule("Organic Shopping", &[Source(Kind::Shopping)]),
    rule("Organic Shopping", &[ShopCampaign]),
    rule("Organic Social", &[Source(Kind::Social)]),
    rule("Organic Social", &[MediumIs(SOCIAL)]),
    rule("Organic Video", &[Source(Kind::Video)]),
    rule("Organic Video", &[MediumHas(&["video"])]),
    rule("AI Assistants", &[Source(Kind::Ai)]),
    rule("Organic Search", &[Source(Kind::Search)]),
    rule("Organic Search", &[MediumIs(&["organic"])]),
    rule("Email", &[SourceIs(EMAIL)]),
    rule("Email", &[MediumIs(EMAIL)]),
    rule("Email", &[SourceHas("newsletter")]),
    rule("Email", &[MediumHas(&["newsletter"])]),
    rule("Affiliates", &[MediumIs(&["affiliate"])]),
    rule("Audio", &[MediumIs(&["audio"])]),
    rule("SMS", &[SourceIs(&["sms"])]),
    rule("SMS", &[MediumIs(&["sms"])]),
    rule("Mobile Push", &[MediumEnds("push")]),
    rule("Mobile Push", &[MediumHas(&["mobile", "notification"])]),
    rule("Mobile Push", &[SourceIs(&["firebase"])]),
    rule("Referral", &[AnySource]),
    rule("Direct", &[]),
];

static POSTHOG: [Rule; 27] = [
    rule("Direct", &[Untagged]),
    rule("Cross Network", &[CampaignHas("cross-network")]),
    rule("Paid Shopping", &[Source(Kind::Shopping), PaidList]),
    rule("Paid Search", &[Source(Kind::Search), PaidList]),
    rule("Paid Social", &[Source(Kind::Social), PaidList]),
    rule("Paid Video", &[Source(Kind::Video), PaidList]),
    rule("Paid Shopping", &[ShopCampaign, PaidList]),
    rule("Paid Video", &[CampaignHas("video"), PaidList]),
    rule("Paid Unknown", &[PaidList]),
    rule("AI", &[Source(Kind::Ai)]),
    rule("Organic Shopping", &[Source(Kind::Shopping)]),
    rule("Organic Search", &[Source(Kind::Search)]),
    rule("Organic Social", &[Source(Kind::Social)]),
    rule("Organic Video", &[Source(Kind::Video)]),
    rule("Organic Shopping", &[ShopCampaign]),
    rule("Affiliate", &[MediumIs(&["affiliate", "partnership", "partnerships"])]),
    rule("Referral", &[MediumIs(&["referral", "app", "link"])]),
    rule("Audio", &[MediumIs(&["audio"])]),
    rule("Display", &[MediumIs(DISPLAY)]),
    rule("Email", &[MediumIs(EMAIL)]),
    rule("Push", &[MediumIs(&["mobile", "notification", "push"])]),
    rule("Push", &[MediumEnds("push")]),
    rule("Organic Social", &[MediumIs(SOCIAL)]),
    rule("Organic Search", &[MediumIs(&["organic"])]),
    rule("Organic Video", &[MediumIs(&["video"])]),
    rule("Organic Video", &[CampaignHas("video")]),
    rule("Direct", &[]),
];

static UMAMI: [Rule; 12] = [
    rule("direct", &[Untagged]),
    // Substrings of the query, three of which a set of tags can contain.
    rule("paidAds", &[SourceStarts("google")]),
    rule("paidAds", &[MediumStarts("cpc")]),
    rule("paidAds", &[MediumStarts("paid")]),
    rule("referral", &[MediumHas(&["referral", "app", "link"])]),
    rule("affiliate", &[MediumHas(&["affiliate"])]),
    rule("sms", &[MediumHas(&["sms"])]),
    rule("organicSearch", &[MediumHas(&["organic"])]),
    rule("email", &[MediumHas(&["email", "mail"])]),
    rule("organicShopping", &[MediumHas(&["shopping"])]),
    rule("organicVideo", &[MediumHas(&["video"])]),
    rule(DROPPED, &[]),
];

/// The channel that `tool` will show for a link without a referrer that carries these tags.
pub fn forecast(tool: Tool, source: Option<&str>, medium: Option<&str>, campaign: Option<&str>) -> Forecast {
    let lower = |value: Option<&str>| value.unwrap_or("").trim().to_lowercase();
    let tags = Lowered { source: lower(source), medium: lower(medium), campaign: lower(campaign) };
    let rules = tool.rules();
    let rule = rules.iter().find(|rule| rule.all.iter().all(|check| tags.hold(*check)));
    let all = rule.map_or(&[][..], |rule| rule.all);
    let has = |fits: fn(&Check) -> bool| all.iter().any(fits);
    Forecast {
        tool,
        channel: rule.map_or("Unassigned", |rule| rule.channel),
        by_campaign: has(|check| matches!(check, ShopCampaign | CampaignHas(_))),
        by_source: has(|check| matches!(check, Source(_) | SourceIs(_) | SourceHas(_) | SourceStarts(_))),
        says_paid: tags.says_paid(),
        is_tagged: !tags.hold(Untagged),
    }
}

/// The tags that decide, in lower case; empty where missing.
struct Lowered {
    source: String,
    medium: String,
    campaign: String,
}

impl Lowered {
    fn hold(&self, check: Check) -> bool {
        let (source, medium) = (self.source.as_str(), self.medium.as_str());
        match check {
            Source(kind) => {
                let listed =
                    if source.contains('.') { hosts::by_host(source) } else { hosts::by_name(source) };
                listed.is_some_and(|listed| listed.kind == kind)
            }
            SourceIs(names) => names.contains(&source),
            SourceHas(text) => source.contains(text),
            SourceStarts(text) => source.starts_with(text),
            MediumIs(names) => names.contains(&medium),
            MediumHas(texts) => texts.iter().any(|text| medium.contains(text)),
            MediumStarts(text) => medium.starts_with(text),
            MediumEnds(text) => medium.ends_with(text),
            PaidPattern => {
                medium.contains("cp") || matches!(medium, "ppc" | "retargeting") || medium.starts_with("paid")
            }
            PaidList => {
                ["cpc", "cpm", "cpv", "cpa", "ppc", "retargeting"].contains(&medium)
                    || medium.starts_with("paid")
            }
            CampaignHas(text) => self.campaign.contains(text),
            ShopCampaign => is_shop_campaign(&self.campaign),
            AnySource => !source.is_empty(),
            Untagged => source.is_empty() && medium.is_empty() && self.campaign.is_empty(),
        }
    }

    /// Whether the medium says by a whole word that the link was paid for.
    fn says_paid(&self) -> bool {
        let words = ["cpc", "ppc", "cpm", "cpv", "cpa", "cpl", "cpp", "retargeting", "remarketing", "paid"];
        self.medium.split(|c: char| !c.is_alphanumeric()).any(|word| words.contains(&word))
            || self.medium.starts_with("paid")
    }
}

/// `^(.*(([^a-df-z]|^)shop|shopping).*)$`: `shop` at the start or behind anything but a letter other than `e`.
fn is_shop_campaign(campaign: &str) -> bool {
    let is_border =
        |before: &str| before.chars().next_back().is_none_or(|c| !matches!(c, 'a'..='d' | 'f'..='z'));
    campaign.contains("shopping") || campaign.match_indices("shop").any(|(at, _)| is_border(&campaign[..at]))
}
