//! What a tagger may be told, and what it answers.

use serde::{Deserialize, Serialize};

use super::tags::Utm;

/// What to do with a link that has campaign tags already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// If any of the nine names has a value, write no tag: a set is never mixed. The default.
    #[default]
    Keep,
    /// Write the names that have no value.
    Fill,
    /// Remove all nine names, also those that we do not set, then write ours.
    Replace,
}

/// Where tags go on a link with a fragment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FragmentMode {
    /// Into the query, before `#`. The default, and right for all but hash routers.
    #[default]
    Before,
    /// Into the query of a route such as `#/product/42` or `#!/product/42`; other fragments as `Before`.
    InRoute,
}

/// Why a link was left as it is. Sending it is fine; it will not carry tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LeftAlone {
    /// Nothing but white space.
    Empty,
    /// A jump inside the page (`#reviews`).
    FragmentOnly,
    /// A line break, tab or other control character inside.
    ControlCharacter,
    /// A placeholder such as `{{product.url}}` is still to be filled in.
    Template,
    /// A scheme that is neither `http` nor `https` nor allowed.
    Scheme,
    /// `http` or `https` without a host.
    NoAuthority,
    /// The query is signed; one more pair would make it invalid.
    Signed,
    /// A redirect of a known service around the real link.
    Wrapper,
    /// A tag's value looks like a mail address or a phone number.
    PersonalData,
    /// A link to the own site, where UTM tags would restart the visit, and no code to write.
    OwnSite,
    /// Nothing of ours fits into the length budget.
    TooLong,
}

impl LeftAlone {
    /// All reasons.
    pub const ALL: [Self; 11] = [
        Self::Empty,
        Self::FragmentOnly,
        Self::ControlCharacter,
        Self::Template,
        Self::Scheme,
        Self::NoAuthority,
        Self::Signed,
        Self::Wrapper,
        Self::PersonalData,
        Self::OwnSite,
        Self::TooLong,
    ];

    /// Stable name, in lower snake case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::FragmentOnly => "fragment_only",
            Self::ControlCharacter => "control_character",
            Self::Template => "template",
            Self::Scheme => "scheme",
            Self::NoAuthority => "no_authority",
            Self::Signed => "signed",
            Self::Wrapper => "wrapper",
            Self::PersonalData => "personal_data",
            Self::OwnSite => "own_site",
            Self::TooLong => "too_long",
        }
    }

    /// One sentence on what to do about it.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Empty => "give a link",
            Self::FragmentOnly => "link to the page itself; a jump inside a page makes no request",
            Self::ControlCharacter => "remove the line break or control character from the link",
            Self::Template => "tag the link after its placeholders are filled in",
            Self::Scheme => "allow the scheme of your app with `allow_scheme`, or leave the link as it is",
            Self::NoAuthority => "write the link with `//` and a host",
            Self::Signed => "have the signer add the tags before it signs",
            Self::Wrapper => "tag the inner link and wrap it again",
            Self::PersonalData => "use an opaque code instead of a mail address or phone number",
            Self::OwnSite => "pass a code, or ask for tags with `utm_on_own_site`",
            Self::TooLong => "shorten the link or raise `max_len`",
        }
    }
}

/// What became of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// The link carries what was asked for, except the names in `dropped`.
    Tagged {
        /// The new link.
        link: String,
        /// Tags that did not fit into the length budget, the least useful first.
        dropped: Vec<Utm>,
    },
    /// The policy left nothing to write.
    Unchanged(&'a str),
    /// The link must not be touched.
    LeftAlone {
        /// The link as given.
        link: &'a str,
        /// Why.
        reason: LeftAlone,
    },
}

impl Outcome<'_> {
    /// The link to send, tagged or not.
    pub fn link(&self) -> &str {
        match self {
            Self::Tagged { link, .. } => link,
            Self::Unchanged(link) | Self::LeftAlone { link, .. } => link,
        }
    }

    /// The link to send, tagged or not, as an own text.
    pub fn into_link(self) -> String {
        match self {
            Self::Tagged { link, .. } => link,
            Self::Unchanged(link) | Self::LeftAlone { link, .. } => link.to_owned(),
        }
    }

    /// Why the link was left alone, if it was.
    pub fn left_alone(&self) -> Option<LeftAlone> {
        match self {
            Self::LeftAlone { reason, .. } => Some(*reason),
            _ => None,
        }
    }
}

/// A value for `utm_medium` that a shop's own bot can use, with the reason for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MediumPreset {
    /// `referral`: the same channel, Referral, in GA4, Plausible, PostHog and Umami. The default.
    #[default]
    Referral,
    /// `ai-assistant`: GA4 files it under AI Assistant, together with third-party assistants; Plausible under
    /// Referral, PostHog under Direct, and Umami drops it.
    AiAssistant,
    /// `chat`: for own reports only; GA4 calls it Unassigned, PostHog Direct, and Umami drops it.
    Chat,
}

impl MediumPreset {
    /// The value to write.
    pub const fn value(self) -> &'static str {
        match self {
            Self::Referral => "referral",
            Self::AiAssistant => "ai-assistant",
            Self::Chat => "chat",
        }
    }
}
