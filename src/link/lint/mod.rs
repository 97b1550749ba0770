//! Lint: what other tools will make of a set of tags, and where the traps are, before a link is sent.
//!
//! ```
//! use clinch::link::{Utm, lint};
//!
//! let report = lint::lint(&[(Utm::Source, "shopbot"), (Utm::Medium, "mcp")]);
//! assert_eq!(report.forecast(lint::Tool::Ga4).channel, "Paid Other");
//! assert_eq!(report.forecast(lint::Tool::Umami).channel, "(dropped)");
//! assert!(report.traps.iter().any(|trap| trap.kind == lint::TrapKind::TakenForPaid));
//! ```

use serde::{Deserialize, Serialize};

use super::guard;
use super::split::{split, trim_link};
use super::tags::{Utm, read};

mod strip;
mod tools;

pub use strip::{STRIP_VERSION, Stripper, param_survives, stripped_by};
pub use tools::{Forecast, TOOLS_VERSION, Tool, forecast};

/// A kind of trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TrapKind {
    /// A tool counts the link as an advertisement although the medium does not say so.
    TakenForPaid,
    /// A tool counts the link as shopping because of the campaign's name.
    TakenForShopping,
    /// The medium puts a link of the shop's own bot among social networks, pushes or videos.
    TakenForOther,
    /// A tool shows the visit as direct, in spite of its tags.
    TakenForDirect,
    /// A tool has no channel for the medium.
    Unassigned,
    /// A tool leaves the visit out of its channel report.
    Dropped,
    /// The value looks like a mail address or phone number; Google forbids it.
    PersonalData,
    /// The value is longer than GA4 keeps.
    LongValue,
    /// The link is longer than a tool or this crate's budget allows.
    LongLink,
    /// The value has upper-case letters: reports will list it beside its lower-case twin.
    MixedCase,
    /// The source is missing while other tags are there.
    NoSource,
    /// Browsers or filter lists remove the parameter.
    Stripped,
}

impl TrapKind {
    /// All kinds.
    pub const ALL: [Self; 12] = [
        Self::TakenForPaid,
        Self::TakenForShopping,
        Self::TakenForOther,
        Self::TakenForDirect,
        Self::Unassigned,
        Self::Dropped,
        Self::PersonalData,
        Self::LongValue,
        Self::LongLink,
        Self::MixedCase,
        Self::NoSource,
        Self::Stripped,
    ];

    /// Why it is a trap and what to do, in one sentence.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::TakenForPaid => "pick a medium without `cp` in it, such as `referral`",
            Self::TakenForShopping => "do not begin a campaign with `shop` and keep `shopping` out of it",
            Self::TakenForOther => "keep `social`, `push`, `mobile` and `video` out of the medium of a bot",
            Self::TakenForDirect => "use the medium `referral`, which every tool knows",
            Self::Unassigned => "use the medium `referral`, or `ai-assistant` where GA4 is all you read",
            Self::Dropped => "use the medium `referral`, `link` or `app`",
            Self::PersonalData => "put an opaque code on the link instead",
            Self::LongValue => "shorten the value to 100 characters",
            Self::LongLink => "shorten the link, or its tags will be cut off",
            Self::MixedCase => "write values in lower case",
            Self::NoSource => "set `utm_source` too",
            Self::Stripped => "do not rely on the parameter; the code parameter `clq` is on no list",
        }
    }
}

/// One trap, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trap {
    /// What kind.
    pub kind: TrapKind,
    /// The name whose value is the trap; `None` for the link as a whole.
    pub utm: Option<Utm>,
    /// The tool that falls into it; `None` if it does not depend on one.
    pub tool: Option<Tool>,
}

/// What the tools will make of a set of tags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// One forecast per tool, in the order of [`Tool::ALL`].
    pub forecasts: [Forecast; 4],
    /// The traps, sorted by kind, then by tool.
    pub traps: Vec<Trap>,
}

impl Report {
    /// The forecast of one tool.
    pub fn forecast(&self, tool: Tool) -> Forecast {
        self.forecasts[tool as usize]
    }
}

/// Lints a set of tags for links of the shop's own bot, which arrive without a referrer.
///
/// Of two values for one name the first counts; empty values count as missing.
pub fn lint(tags: &[(Utm, &str)]) -> Report {
    let get = |utm| {
        tags.iter().find(|(name, value)| *name == utm && !value.trim().is_empty()).map(|(_, value)| *value)
    };
    let forecasts =
        Tool::ALL.map(|tool| forecast(tool, get(Utm::Source), get(Utm::Medium), get(Utm::Campaign)));
    let mut traps = Vec::new();
    for found in &forecasts {
        let tool = Some(found.tool);
        traps.extend(trap_of(found).map(|(kind, utm)| Trap { kind, utm: Some(utm), tool }));
    }
    for utm in Utm::ALL {
        let Some(value) = get(utm) else { continue };
        let doubts = [
            (TrapKind::PersonalData, guard::is_personal(value)),
            (TrapKind::LongValue, value.chars().count() > GA4_MAX_VALUE),
            (TrapKind::MixedCase, value.chars().any(char::is_uppercase)),
            (TrapKind::Stripped, !param_survives(utm.name())),
        ];
        let held = doubts.into_iter().filter(|(_, holds)| *holds);
        traps.extend(held.map(|(kind, _)| Trap { kind, utm: Some(utm), tool: None }));
    }
    let has_some = Utm::ALL.into_iter().any(|utm| get(utm).is_some());
    if has_some && get(Utm::Source).is_none() {
        traps.push(Trap { kind: TrapKind::NoSource, utm: Some(Utm::Source), tool: None });
    }
    traps.sort_by_key(|trap| (trap.kind, trap.tool, trap.utm));
    Report { forecasts, traps }
}

/// Lints the tags that a link carries, and its length.
pub fn lint_link(link: &str) -> Report {
    let tags = read(link);
    let held: Vec<(Utm, &str)> = tags.iter().collect();
    let mut report = lint(&held);
    let link = trim_link(link);
    let parts = split(link);
    let limits = [
        (None, link.len() > MAX_LINK),
        (Some(Tool::Plausible), link.len() > PLAUSIBLE_MAX_LINK),
        (Some(Tool::PostHog), link.len() > POSTHOG_MAX_LINK),
        (
            Some(Tool::Umami),
            parts.head.len() + parts.query.map_or(0, |query| query.len() + 1) > UMAMI_MAX_LINK,
        ),
    ];
    let over = limits.into_iter().filter(|(_, over)| *over);
    report.traps.extend(over.map(|(tool, _)| Trap { kind: TrapKind::LongLink, utm: None, tool }));
    report.traps.sort_by_key(|trap| (trap.kind, trap.tool, trap.utm));
    report
}

/// GA4 keeps this many characters of a parameter's value (limits of 2026-11).
const GA4_MAX_VALUE: usize = 100;
/// This crate's default budget, the limit of the sitemap protocol.
const MAX_LINK: usize = 2048;
/// Plausible refuses longer addresses (`MAX_URL_LEN`, 2026-11).
const PLAUSIBLE_MAX_LINK: usize = 2000;
/// PostHog keeps this much of a URL (2026-11).
const POSTHOG_MAX_LINK: usize = 1000;
/// Umami cuts addresses here (2026-05).
const UMAMI_MAX_LINK: usize = 500;

/// The trap that a forecast shows, with the name that leads into it.
fn trap_of(found: &Forecast) -> Option<(TrapKind, Utm)> {
    let channel = found.channel;
    if channel.starts_with("Paid") || channel == "paidAds" {
        return (!found.says_paid).then_some((TrapKind::TakenForPaid, Utm::Medium));
    }
    match channel {
        "Organic Shopping" | "organicShopping" if found.by_campaign => {
            Some((TrapKind::TakenForShopping, Utm::Campaign))
        }
        "Cross-network" => Some((TrapKind::TakenForOther, Utm::Campaign)),
        "Organic Social" | "Organic Video" | "organicVideo" | "Mobile Push" | "Push" if !found.by_source => {
            Some((TrapKind::TakenForOther, Utm::Medium))
        }
        "Direct" | "direct" if found.is_tagged => Some((TrapKind::TakenForDirect, Utm::Medium)),
        "Unassigned" => Some((TrapKind::Unassigned, Utm::Medium)),
        tools::DROPPED => Some((TrapKind::Dropped, Utm::Medium)),
        _ => None,
    }
}
