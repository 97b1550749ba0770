//! Who removes which parameter from links on their way.

use serde::{Deserialize, Serialize};

/// Date on which the lists were last read.
pub const STRIP_VERSION: &str = "2026-11-23";

/// Software or a filter list that removes parameters from links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stripper {
    /// Firefox with strict protection, and private windows.
    FirefoxStrict,
    /// Brave, on every navigation.
    BraveNavigation,
    /// Brave, when a link is copied; for some names on some sites only.
    BraveCopy,
    /// DuckDuckGo's browsers and extension.
    DuckDuckGo,
    /// AdGuard's general list.
    AdGuard,
    /// ClearURLs; for some names on some sites or as an option only.
    ClearUrls,
}

use Stripper::{AdGuard, BraveCopy, BraveNavigation, ClearUrls, DuckDuckGo, FirefoxStrict};

/// A name and who removes it.
struct Row {
    name: &'static str,
    by: &'static [Stripper],
}

const fn row(name: &'static str, by: &'static [Stripper]) -> Row {
    Row { name, by }
}

const UTM_FIVE: &[Stripper] = &[BraveCopy, DuckDuckGo, AdGuard, ClearUrls];
const MAIL_IDS: &[Stripper] = &[FirefoxStrict, BraveNavigation, AdGuard, ClearUrls];
const SOME_SITES: &[Stripper] = &[BraveCopy, ClearUrls];

/// Facts from Brave `query-filter.json` and `clean-urls.json`, the Firefox strict list, DuckDuckGo
/// `tracking-parameters.json`, AdGuard `general_url.txt` and ClearURLs `data.min.json`, read up to
/// [`STRIP_VERSION`]: the names that links of a shop may carry. Names compare without case.
const ROWS: [Row; 81] = [
    row("utm_source", UTM_FIVE),
    row("utm_medium", UTM_FIVE),
    row("utm_campaign", UTM_FIVE),
    row("utm_term", UTM_FIVE),
    row("utm_content", UTM_FIVE),
    row("utm_id", &[BraveCopy, AdGuard, ClearUrls]),
    row("utm_source_platform", SOME_SITES),
    row("utm_creative_format", SOME_SITES),
    row("utm_marketing_tactic", SOME_SITES),
    row("gclid", &[BraveNavigation, BraveCopy, DuckDuckGo, AdGuard, ClearUrls]),
    row("wbraid", &[BraveNavigation, BraveCopy, AdGuard]),
    row("gbraid", &[BraveCopy, AdGuard]),
    row("gclsrc", &[AdGuard]),
    row("dclid", &[BraveNavigation, ClearUrls]),
    row("msclkid", &[BraveNavigation, AdGuard, ClearUrls]),
    row("twclid", &[BraveNavigation, AdGuard, ClearUrls]),
    row("fbclid", &[FirefoxStrict, BraveNavigation, DuckDuckGo, AdGuard, ClearUrls]),
    row("ttclid", &[BraveNavigation, BraveCopy]),
    row("irclickid", &[BraveNavigation, BraveCopy, AdGuard]),
    row("irgwc", &[AdGuard]),
    row("yclid", &[BraveNavigation, BraveCopy, AdGuard, ClearUrls]),
    row("ymclid", &[BraveNavigation]),
    row("ysclid", &[BraveNavigation, AdGuard]),
    row("srsltid", &[BraveNavigation]),
    row("igsh", &[BraveNavigation]),
    row("igshid", &[BraveNavigation]),
    row("awc", &[AdGuard]),
    row("sscid", &[AdGuard]),
    row("tduid", &[AdGuard]),
    row("admitad_uid", &[AdGuard]),
    row("clickid", &[AdGuard]),
    row("cmpid", &[AdGuard]),
    row("erid", &[AdGuard]),
    row("mc_eid", MAIL_IDS),
    row("mc_cid", SOME_SITES),
    row("mkt_tok", &[FirefoxStrict, AdGuard, ClearUrls]),
    row("_hsenc", MAIL_IDS),
    row("__hsfp", &[BraveNavigation, AdGuard]),
    row("__hssc", &[BraveNavigation, AdGuard]),
    row("__hstc", &[BraveNavigation, AdGuard]),
    row("hsctatracking", &[BraveNavigation, AdGuard]),
    row("__s", &[FirefoxStrict, BraveNavigation, AdGuard]),
    row("vero_id", &[FirefoxStrict, BraveNavigation, AdGuard]),
    row("vero_conv", &[BraveNavigation, AdGuard]),
    row("oly_anon_id", &[FirefoxStrict, BraveNavigation, AdGuard]),
    row("oly_enc_id", &[FirefoxStrict, BraveNavigation, AdGuard]),
    row("_kx", &[AdGuard]),
    row("_ga", &[AdGuard]),
    row("_gl", &[BraveNavigation, AdGuard]),
    row("_openstat", &[BraveNavigation, AdGuard]),
    row("ml_subscriber", &[BraveNavigation, AdGuard]),
    row("ml_subscriber_hash", &[BraveNavigation, AdGuard]),
    row("wickedid", &[BraveNavigation, AdGuard]),
    row("s_cid", &[BraveNavigation, AdGuard]),
    row("itm_source", &[AdGuard]),
    row("itm_medium", &[AdGuard]),
    row("itm_campaign", &[AdGuard]),
    row("itm_content", &[AdGuard]),
    row("itm_term", &[AdGuard]),
    row("mtm_campaign", &[AdGuard]),
    row("mtm_cid", &[BraveNavigation, AdGuard]),
    row("mtm_content", &[AdGuard]),
    row("mtm_group", &[AdGuard]),
    row("mtm_keyword", &[AdGuard]),
    row("mtm_medium", &[AdGuard]),
    row("mtm_placement", &[AdGuard]),
    row("mtm_source", &[AdGuard]),
    row("pk_campaign", &[AdGuard]),
    row("pk_cid", &[BraveNavigation]),
    row("pk_medium", &[AdGuard]),
    row("pk_source", &[AdGuard]),
    row("spm", &[ClearUrls]),
    row("ref", SOME_SITES),
    row("source", SOME_SITES),
    row("src", SOME_SITES),
    row("tag", SOME_SITES),
    row("qid", SOME_SITES),
    row("cid", SOME_SITES),
    row("sid", SOME_SITES),
    row("s", SOME_SITES),
    row("t", SOME_SITES),
];

/// Who removes a parameter of this name somewhere, in the order of [`Stripper`]; empty if nobody known does.
///
/// Every `utm_` name, whatever follows, is removed by ClearURLs, and so is `mc` with at most one letter
/// before it.
pub fn stripped_by(name: &str) -> Vec<Stripper> {
    let name = name.to_ascii_lowercase();
    if let Some(row) = ROWS.iter().find(|row| row.name == name) {
        return row.by.to_vec();
    }
    let is_utm = name == "utm" || name.starts_with("utm_");
    let is_letter_mc = name.strip_suffix("mc").is_some_and(|before| {
        before.is_empty() || before.len() == 1 && before.bytes().all(|b| b.is_ascii_lowercase())
    });
    if is_utm || is_letter_mc { vec![ClearUrls] } else { Vec::new() }
}

/// Whether no list known here removes a parameter of that name: `clq` survives, `utm_source` and `ref` do not.
///
/// The lists are not complete, so true is no promise.
pub fn param_survives(name: &str) -> bool {
    stripped_by(name).is_empty()
}
