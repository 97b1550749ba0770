//! Click ids that advertising networks and mail tools put on links: evidence, with a network to agree with.

use super::split::NameFilter;
use super::wrapper::is_country_suffix;

/// What a click id says about an arrival once its network agrees with the source; the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// An advertisement was paid for; the source tells which kind.
    Paid,
    /// A banner was paid for.
    Display,
    /// On every outbound link of the network, paid or not.
    Shared,
    /// A free listing in a shopping search.
    Listing,
    /// A link in a mail.
    Mail,
    /// A partner's link.
    Affiliate,
}

/// Who writes a click id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Network {
    Google,
    Microsoft,
    Meta,
    TikTok,
    X,
    LinkedIn,
    Reddit,
    Pinterest,
    Quora,
    Snapchat,
    Yandex,
    /// Mail tools and affiliate networks send from everywhere.
    Any,
}

/// A parameter that carries a click id.
pub(super) struct ClickId {
    /// Lower case; compared in any case, since `ScCid` is spelt in many ways.
    name: &'static str,
    pub network: Network,
    pub evidence: Evidence,
}

const fn id(name: &'static str, network: Network, evidence: Evidence) -> ClickId {
    ClickId { name, network, evidence }
}

/// Known click ids, version 2026-11-23, from the networks' help pages and the tools that read them.
///
/// `gclid` alone proves nothing: people share links with their click ids on, so it counts only where the
/// source or the referrer is Google's. `fbclid` is on organic links too. `ctwa_clid` is missing on purpose:
/// it comes in a message, never in a URL.
static CLICK_IDS: [ClickId; 37] = [
    id("gclid", Network::Google, Evidence::Paid),
    id("gbraid", Network::Google, Evidence::Paid),
    id("wbraid", Network::Google, Evidence::Paid),
    id("gclsrc", Network::Google, Evidence::Paid),
    id("gad_source", Network::Google, Evidence::Paid),
    id("dclid", Network::Google, Evidence::Display),
    id("srsltid", Network::Google, Evidence::Listing),
    id("msclkid", Network::Microsoft, Evidence::Paid),
    id("fbclid", Network::Meta, Evidence::Shared),
    id("igshid", Network::Meta, Evidence::Shared),
    id("igsh", Network::Meta, Evidence::Shared),
    id("ttclid", Network::TikTok, Evidence::Paid),
    id("twclid", Network::X, Evidence::Paid),
    id("li_fat_id", Network::LinkedIn, Evidence::Paid),
    id("rdt_cid", Network::Reddit, Evidence::Paid),
    id("epik", Network::Pinterest, Evidence::Paid),
    id("qclid", Network::Quora, Evidence::Paid),
    id("sccid", Network::Snapchat, Evidence::Paid),
    id("yclid", Network::Yandex, Evidence::Paid),
    id("ymclid", Network::Yandex, Evidence::Paid),
    id("irclickid", Network::Any, Evidence::Affiliate),
    id("irclid", Network::Any, Evidence::Affiliate),
    id("irgwc", Network::Any, Evidence::Affiliate),
    id("awc", Network::Any, Evidence::Affiliate),
    id("sscid", Network::Any, Evidence::Affiliate),
    id("tduid", Network::Any, Evidence::Affiliate),
    id("admitad_uid", Network::Any, Evidence::Affiliate),
    id("mc_cid", Network::Any, Evidence::Mail),
    id("mc_eid", Network::Any, Evidence::Mail),
    id("_kx", Network::Any, Evidence::Mail),
    id("mkt_tok", Network::Any, Evidence::Mail),
    id("_hsenc", Network::Any, Evidence::Mail),
    id("_hsmi", Network::Any, Evidence::Mail),
    id("vero_id", Network::Any, Evidence::Mail),
    id("vero_conv", Network::Any, Evidence::Mail),
    id("oly_anon_id", Network::Any, Evidence::Mail),
    id("oly_enc_id", Network::Any, Evidence::Mail),
];

/// Networks by the second-level name of their hosts and by the start of source names.
const NETWORK_NAMES: [(Network, &[&str]); 11] = [
    (
        Network::Google,
        &[
            "google",
            "adwords",
            "googleads",
            "youtube",
            "yt",
            "dv360",
            "doubleclick",
            "googleadservices",
            "gmail",
        ],
    ),
    (Network::Microsoft, &["bing", "bingads", "microsoft", "msn", "yahoo", "duckduckgo", "ecosia"]),
    (Network::Meta, &["facebook", "fb", "instagram", "ig", "meta", "messenger", "threads", "whatsapp"]),
    (Network::TikTok, &["tiktok", "zhiliaoapp"]),
    (Network::X, &["x", "twitter", "t.co"]),
    (Network::LinkedIn, &["linkedin", "lnkd"]),
    (Network::Reddit, &["reddit"]),
    (Network::Pinterest, &["pinterest", "pin"]),
    (Network::Quora, &["quora"]),
    (Network::Snapchat, &["snapchat", "snap"]),
    (Network::Yandex, &["yandex", "ya"]),
];

static FILTER: NameFilter = {
    let mut filter = NameFilter::new();
    let mut at = 0;
    while at < CLICK_IDS.len() {
        filter = filter.with(CLICK_IDS[at].name);
        at += 1;
    }
    filter
};

/// Whether a parameter name may be a click id. Nearly every other name is told apart here.
pub(super) fn may_be(name: &str) -> bool {
    FILTER.may_have(name)
}

/// Length, first and last byte of a name in one number, without case.
const fn print(name: &[u8]) -> u32 {
    match name {
        [first, .., last] => (name.len() as u32) << 16 | (*first as u32 | 0x20) << 8 | *last as u32 | 0x20,
        _ => 0,
    }
}

static PRINTS: [u32; CLICK_IDS.len()] = {
    let mut prints = [0; CLICK_IDS.len()];
    let mut at = 0;
    while at < CLICK_IDS.len() {
        prints[at] = print(CLICK_IDS[at].name.as_bytes());
        at += 1;
    }
    prints
};

/// The click id that a parameter name is.
pub(super) fn find(name: &str) -> Option<&'static ClickId> {
    let print = print(name.as_bytes());
    let known = PRINTS.iter().zip(&CLICK_IDS).filter(|(known, _)| **known == print);
    known.map(|(_, id)| id).find(|id| id.name.eq_ignore_ascii_case(name))
}

/// Whether a name is that of a parameter with a click id.
#[cfg(feature = "platforms")]
pub(crate) fn is_click_id(name: &str) -> bool {
    find(name).is_some()
}

impl Network {
    /// Whether a source name or a host is one of this network.
    pub fn fits(self, source: &str) -> bool {
        if self == Self::Any {
            return true;
        }
        let names =
            NETWORK_NAMES.iter().find(|(network, _)| *network == self).map_or(&[][..], |(_, names)| names);
        let brand = brand(source);
        // `facebook-ads`, `google_shopping`: the first word names the network.
        let word = brand.split(['-', '_', ' ']).next().unwrap_or(brand);
        names.iter().any(|name| name.eq_ignore_ascii_case(word) || name.eq_ignore_ascii_case(source))
    }
}

/// The label before the country or top-level suffix: `google` of `www.google.co.uk`; a plain name is itself.
fn brand(source: &str) -> &str {
    let Some((before, top)) = source.rsplit_once('.') else { return source };
    let (before, second) = before.rsplit_once('.').unwrap_or(("", before));
    let is_pair = !before.is_empty() && is_country_suffix(&source[before.len() + 1..]) && top.len() == 2;
    if is_pair { before.rsplit('.').next().unwrap_or(before) } else { second }
}

/// The maker of an app by its package name: `google` of `com.google.android.youtube`.
pub(super) fn app_brand(package: &str) -> &str {
    package.split('.').nth(1).unwrap_or(package)
}
