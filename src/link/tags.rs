//! Reading: the nine UTM names and the code off any landing URL, with a finding for each repair.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::code::{DEFAULT_CODE_PARAM, LinkError, check_param};
use super::escape::{Decoded, Name, decode, is_name};
use super::split::{Parts, fragment_query, pairs, path_of_head, split, trim_link};
use super::wrapper;

/// One of the nine campaign names that analytics tools share (Google help 10917952).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Utm {
    /// `utm_id`: id of the campaign.
    Id,
    /// `utm_source`: who sends the visitor.
    Source,
    /// `utm_medium`: by what means; decides the channel in most tools.
    Medium,
    /// `utm_campaign`: name of the campaign.
    Campaign,
    /// `utm_source_platform`: the platform that bought the traffic.
    SourcePlatform,
    /// `utm_term`: keyword.
    Term,
    /// `utm_content`: which of several links.
    Content,
    /// `utm_creative_format`: accepted but not reported by GA4.
    CreativeFormat,
    /// `utm_marketing_tactic`: accepted but not reported by GA4.
    MarketingTactic,
}

impl Utm {
    /// All nine, in the order of Google's help page.
    pub const ALL: [Self; 9] = [
        Self::Id,
        Self::Source,
        Self::Medium,
        Self::Campaign,
        Self::SourcePlatform,
        Self::Term,
        Self::Content,
        Self::CreativeFormat,
        Self::MarketingTactic,
    ];

    /// The parameter name, in lower case: `utm_source`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id => "utm_id",
            Self::Source => "utm_source",
            Self::Medium => "utm_medium",
            Self::Campaign => "utm_campaign",
            Self::SourcePlatform => "utm_source_platform",
            Self::Term => "utm_term",
            Self::Content => "utm_content",
            Self::CreativeFormat => "utm_creative_format",
            Self::MarketingTactic => "utm_marketing_tactic",
        }
    }

    /// The name that stands behind `utm_` in lower case.
    fn from_rest(rest: &[u8]) -> Option<Self> {
        Some(match rest {
            b"id" => Self::Id,
            b"source" => Self::Source,
            b"medium" => Self::Medium,
            b"campaign" => Self::Campaign,
            b"source_platform" => Self::SourcePlatform,
            b"term" => Self::Term,
            b"content" => Self::Content,
            b"creative_format" => Self::CreativeFormat,
            b"marketing_tactic" => Self::MarketingTactic,
            _ => return None,
        })
    }

    /// The standard name that `raw` is, in any case and with any escapes.
    pub(super) fn of_param(raw: &str) -> Option<Self> {
        if let Some(rest) = raw.strip_prefix("utm_")
            && let Some(utm) = Self::from_rest(rest.as_bytes())
        {
            return Some(utm);
        }
        if !matches!(raw.as_bytes().first(), Some(b'u' | b'U' | b'%')) {
            return None;
        }
        let name = Name::new(raw)?;
        Self::from_rest(name.folded().strip_prefix(b"utm_")?)
    }

    /// The name that lost its underscores to chat markup, or has spaces or back-slashes around them.
    fn of_damaged(folded: &[u8]) -> Option<Self> {
        let kept = |b: &&u8| !matches!(b, b'_' | b' ' | b'\\');
        let rest = || folded.iter().filter(kept);
        Self::ALL.into_iter().find(|utm| utm.name().as_bytes().iter().filter(kept).eq(rest()))
    }
}

/// A repair or a doubt that came with a reading. The reading stands all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LinkFinding {
    /// The name had upper-case letters; other readers lose it.
    NameCase,
    /// The name came again with another value; the first counts.
    Duplicate,
    /// The value was no UTF-8; bad bytes read as U+FFFD.
    InvalidUtf8,
    /// The decoded value still holds an escape such as `%20`; it was not decoded twice.
    DoubleEncoded,
    /// The separator before the name was `&amp;` or another HTML form of `&`.
    HtmlEscapedAmp,
    /// The underscore of the name was lost to chat markup or became a space.
    LostUnderscore,
    /// The name came by an alias of another tool, such as `mtm_campaign`.
    Alias,
    /// The link was wrapped in a known redirect; the tags are those of the inner link.
    Wrapped,
}

impl LinkFinding {
    /// All findings, in the order in which readings list them.
    pub const ALL: [Self; 8] = [
        Self::NameCase,
        Self::Duplicate,
        Self::InvalidUtf8,
        Self::DoubleEncoded,
        Self::HtmlEscapedAmp,
        Self::LostUnderscore,
        Self::Alias,
        Self::Wrapped,
    ];

    /// Stable name, in lower snake case: `html_escaped_amp`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NameCase => "name_case",
            Self::Duplicate => "duplicate",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::DoubleEncoded => "double_encoded",
            Self::HtmlEscapedAmp => "html_escaped_amp",
            Self::LostUnderscore => "lost_underscore",
            Self::Alias => "alias",
            Self::Wrapped => "wrapped",
        }
    }
}

/// Names of other tools that may stand in for a UTM name, on request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Aliases {
    /// Matomo and Piwik: `mtm_*`, `pk_*`, `piwik_*`, `matomo_*` (`config/global.ini.php` of 2024-10).
    Matomo,
    /// Plausible: `source`, then `ref`, as the source.
    Plausible,
    /// Simple Analytics outside strict mode: `source`, `ref`, `medium`, `campaign`, `content`, `term`.
    SimpleAnalytics,
    /// Shopify's referral code: `ref`, then `source`, then `r`, as the source.
    Shopify,
}

impl Aliases {
    /// Alias and what it stands for; of several for one name the first with a value counts.
    const fn table(self) -> &'static [(&'static str, Utm)] {
        use Utm::{Campaign, Content, Id, Medium, Source, Term};
        match self {
            Self::Matomo => &[
                ("pk_cpn", Campaign),
                ("pk_campaign", Campaign),
                ("piwik_campaign", Campaign),
                ("mtm_campaign", Campaign),
                ("matomo_campaign", Campaign),
                ("pk_kwd", Term),
                ("pk_keyword", Term),
                ("piwik_kwd", Term),
                ("mtm_kwd", Term),
                ("mtm_keyword", Term),
                ("matomo_kwd", Term),
                ("pk_source", Source),
                ("mtm_source", Source),
                ("pk_medium", Medium),
                ("mtm_medium", Medium),
                ("pk_content", Content),
                ("mtm_content", Content),
                ("pk_cid", Id),
                ("mtm_cid", Id),
            ],
            Self::Plausible => &[("source", Source), ("ref", Source)],
            Self::SimpleAnalytics => &[
                ("source", Source),
                ("ref", Source),
                ("medium", Medium),
                ("campaign", Campaign),
                ("content", Content),
                ("term", Term),
            ],
            Self::Shopify => &[("ref", Source), ("source", Source), ("r", Source)],
        }
    }
}

/// Number of slots of a reading: nine tags and the code.
const SLOTS: usize = 10;
const CODE: usize = 9;

/// What a reading found: values, code and findings. Borrows from the URL what needed no decoding.
///
/// ```
/// use clinch::link::{LinkFinding, Utm, read};
///
/// let tags = read("https://shop.example/p?a=1&amp;UTM_Source=Spring%20Sale");
/// assert_eq!(tags.get(Utm::Source), Some("Spring Sale"));
/// assert_eq!(tags.key(Utm::Source).as_deref(), Some("spring sale"));
/// let findings: Vec<_> = tags.findings().collect();
/// assert_eq!(findings, [LinkFinding::NameCase, LinkFinding::HtmlEscapedAmp]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags<'a> {
    slots: [Option<Cow<'a, str>>; SLOTS],
    /// One set of slots per finding.
    marks: [u16; LinkFinding::ALL.len()],
}

impl<'a> Tags<'a> {
    /// The value of a name: decoded and trimmed, otherwise as written. Never empty.
    pub fn get(&self, utm: Utm) -> Option<&str> {
        self.slots[utm as usize].as_deref()
    }

    /// The value folded for grouping: lower case, runs of white space as one space.
    ///
    /// `Spring  SALE` and `spring sale` share the key `spring sale`; [`Tags::get`] keeps both as written.
    pub fn key(&self, utm: Utm) -> Option<Cow<'_, str>> {
        self.get(utm).map(fold_value)
    }

    /// The code parameter's value as read; see [`Code::folded`](super::Code::folded) for comparing.
    pub fn code(&self) -> Option<&str> {
        self.slots[CODE].as_deref()
    }

    /// All names that have a value, with it, in the order of [`Utm::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Utm, &str)> {
        Utm::ALL.into_iter().filter_map(|utm| Some((utm, self.get(utm)?)))
    }

    /// Whether none of the nine names has a value; the code does not count.
    pub fn is_empty(&self) -> bool {
        self.slots[..CODE].iter().all(Option::is_none)
    }

    /// The findings, each once, in the order of [`LinkFinding::ALL`].
    pub fn findings(&self) -> impl Iterator<Item = LinkFinding> {
        LinkFinding::ALL.into_iter().filter(|&finding| self.marks[finding as usize] != 0)
    }

    /// The findings about one name, in the order of [`LinkFinding::ALL`].
    pub fn findings_of(&self, utm: Utm) -> impl Iterator<Item = LinkFinding> {
        LinkFinding::ALL
            .into_iter()
            .filter(move |&finding| self.marks[finding as usize] >> utm as u16 & 1 != 0)
    }

    fn mark(&mut self, finding: LinkFinding, slot: usize) {
        self.marks[finding as usize] |= 1 << slot;
    }

    fn is_marked(&self, finding: LinkFinding, slot: usize) -> bool {
        self.marks[finding as usize] >> slot & 1 != 0
    }

    /// Takes one value of a name in; returns whether it had one.
    fn take(&mut self, hit: Hit, value: &'a str) {
        let Decoded { text, lossy, escaped_twice } = decode(value);
        if text.is_empty() {
            return;
        }
        let slot = hit.slot;
        let is_plain = !(hit.upper || hit.html || hit.guessed || lossy || escaped_twice);
        if is_plain && self.slots[slot].is_none() {
            self.slots[slot] = Some(text);
            return;
        }
        let is_damaged = hit.html || hit.guessed;
        let held_damaged = self.is_marked(LinkFinding::LostUnderscore, slot)
            || self.is_marked(LinkFinding::HtmlEscapedAmp, slot);
        match &self.slots[slot] {
            // A whole name beats a damaged one: what a tagger wrote is read back.
            Some(_) if is_damaged && !held_damaged => return,
            Some(_) if held_damaged && !is_damaged => {
                self.marks.iter_mut().for_each(|set| *set &= !(1 << slot))
            }
            Some(first) => {
                if *first != text {
                    self.mark(LinkFinding::Duplicate, slot);
                }
                return;
            }
            None => {}
        }
        self.slots[slot] = Some(text);
        let seen = [
            (LinkFinding::NameCase, hit.upper),
            (LinkFinding::InvalidUtf8, lossy),
            (LinkFinding::DoubleEncoded, escaped_twice),
            (LinkFinding::HtmlEscapedAmp, hit.html),
            (LinkFinding::LostUnderscore, hit.guessed),
        ];
        for (finding, _) in seen.into_iter().filter(|(_, is_so)| *is_so) {
            self.mark(finding, slot);
        }
    }

    fn into_owned<'b>(self) -> Tags<'b> {
        let slots = self.slots.map(|slot| slot.map(|text| Cow::Owned(text.into_owned())));
        Tags { slots, marks: self.marks }
    }
}

/// Lower case, white space runs as one space; borrowed where that changes nothing.
pub(super) fn fold_value(value: &str) -> Cow<'_, str> {
    let is_folded = value
        .bytes()
        .all(|b| b.is_ascii() && !b.is_ascii_uppercase() && (b == b' ' || !b.is_ascii_whitespace()))
        && !value.contains("  ");
    if is_folded {
        return Cow::Borrowed(value);
    }
    let lower = value.to_lowercase();
    Cow::Owned(lower.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A parameter that means something to us.
#[derive(Clone, Copy)]
struct Hit {
    slot: usize,
    upper: bool,
    html: bool,
    guessed: bool,
}

/// Reads landing URLs: [`Reader::new`], settings, then [`Reader::read`].
#[derive(Clone, Debug)]
pub struct Reader {
    code_param: Cow<'static, str>,
    aliases: Vec<Aliases>,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// A reader of the nine names and of the code under [`DEFAULT_CODE_PARAM`], without aliases.
    pub const fn new() -> Self {
        Self { code_param: Cow::Borrowed(DEFAULT_CODE_PARAM), aliases: Vec::new() }
    }

    /// Reads the code from another parameter; default `clq`. Case does not matter.
    ///
    /// # Errors
    /// [`LinkError::BadParam`] unless it is 1 to 40 ASCII letters, digits, `-` and `_`.
    pub fn code_param(&mut self, name: &str) -> Result<&mut Self, LinkError> {
        check_param(name)?;
        self.code_param = Cow::Owned(name.to_ascii_lowercase());
        Ok(self)
    }

    /// Also reads the names of another tool, where the UTM name has no value; default none.
    ///
    /// Called several times, the sets are tried in that order.
    pub fn aliases(&mut self, aliases: Aliases) -> &mut Self {
        self.aliases.push(aliases);
        self
    }

    /// Reads a landing URL, absolute or relative: any text gives a reading, never an error.
    ///
    /// The query comes before a query in the fragment. The first value that is not empty counts. Names match
    /// in any case and with any escapes; `+` is a space in values; `;` separates nothing. A known redirect
    /// wrapper is opened first. Nothing is allocated unless a value is escaped or the link is wrapped.
    pub fn read<'a>(&self, url: &'a str) -> Tags<'a> {
        let parts = split(trim_link(url));
        self.read_parts(url, &parts, path_of_head(parts.head).1, |_, _| {})
    }

    /// [`Reader::read`] of a link that is cut up already, with a look at all pairs that mean nothing here.
    pub(super) fn read_parts<'a>(
        &self,
        url: &'a str,
        parts: &Parts<'a>,
        path: &str,
        mut other: impl FnMut(&str, &str),
    ) -> Tags<'a> {
        let mut tags = Tags::default();
        let may_wrap = self.collect(parts, &mut tags, &mut other) || wrapper::may_be_target_path(path);
        if may_wrap && let Some(inner) = wrapper::unwrap(url) {
            return self.read_inner(&inner, other);
        }
        for alias in &self.aliases {
            take_aliases(*alias, parts, &mut tags);
        }
        tags
    }

    /// Reads what was found inside a wrapper.
    fn read_inner<'b>(&self, inner: &str, mut other: impl FnMut(&str, &str)) -> Tags<'b> {
        let mut tags = Tags::default();
        let parts = split(inner);
        self.collect(&parts, &mut tags, &mut other);
        for alias in &self.aliases {
            take_aliases(*alias, &parts, &mut tags);
        }
        for slot in 0..SLOTS {
            if tags.slots[slot].is_some() {
                tags.mark(LinkFinding::Wrapped, slot);
            }
        }
        tags.into_owned()
    }

    /// Takes all pairs in; returns whether some value may be a whole link.
    fn collect<'a>(
        &self,
        parts: &Parts<'a>,
        tags: &mut Tags<'a>,
        other: &mut impl FnMut(&str, &str),
    ) -> bool {
        let mut may_wrap = false;
        for query in queries(parts) {
            for (name, value) in pairs(query) {
                let Some(value) = value else { continue };
                if let Some(hit) = self.identify(name) {
                    tags.take(hit, value);
                } else {
                    may_wrap |= wrapper::may_be_target(value);
                    other(name, value);
                }
            }
        }
        may_wrap
    }

    fn identify(&self, raw: &str) -> Option<Hit> {
        let exact = |slot| Some(Hit { slot, upper: false, html: false, guessed: false });
        if let Some(rest) = raw.strip_prefix("utm_")
            && let Some(utm) = Utm::from_rest(rest.as_bytes())
        {
            return exact(utm as usize);
        }
        if raw == self.code_param {
            return exact(CODE);
        }
        let may_be_ours = match raw.as_bytes() {
            [] => false,
            [b'u' | b'U' | b'%' | b'#', ..] => true,
            [first, ..] if first.eq_ignore_ascii_case(&self.code_param.as_bytes()[0]) => true,
            // What HTML escaping leaves of `&` begins so.
            [b'a' | b'A' | b'0' | b'3' | b'x' | b'X', ..] => raw.contains(';'),
            _ => false,
        };
        if !may_be_ours {
            return None;
        }
        let name = Name::new(raw)?;
        let (folded, html) = strip_html_amp(name.folded());
        let hit = |slot, guessed| Some(Hit { slot, upper: name.upper, html, guessed });
        if folded == self.code_param.as_bytes() {
            return hit(CODE, false);
        }
        match folded.strip_prefix(b"utm_").and_then(Utm::from_rest) {
            Some(utm) => hit(utm as usize, false),
            None => hit(Utm::of_damaged(folded)? as usize, true),
        }
    }
}

/// Reads with the default [`Reader`].
///
/// ```
/// use clinch::link::{Utm, read};
///
/// let tags = read("/p?utm_source=&utm_source=newsletter&clq=7zk3q9t4m2");
/// assert_eq!(tags.get(Utm::Source), Some("newsletter"));
/// assert_eq!(tags.code(), Some("7zk3q9t4m2"));
/// assert!(read("\u{0}%%%").is_empty());
/// ```
pub fn read(url: &str) -> Tags<'_> {
    const READER: Reader = Reader::new();
    READER.read(url)
}

/// The queries of a link in reading order: the real one, then the one in the fragment.
pub(super) fn queries<'a>(parts: &Parts<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    parts.query.into_iter().chain(parts.fragment.and_then(fragment_query).map(|(_, query)| query))
}

/// Drops what HTML escaping left of `&` in front of a name, however often it was applied.
fn strip_html_amp(mut name: &[u8]) -> (&[u8], bool) {
    const LEFTOVERS: [&[u8]; 7] = [b"amp;", b"#038;", b"038;", b"#38;", b"38;", b"#x26;", b"x26;"];
    let mut found = false;
    while let Some(rest) = LEFTOVERS.iter().find_map(|leftover| name.strip_prefix(*leftover)) {
        name = rest;
        found = true;
    }
    (name, found)
}

fn take_aliases<'a>(aliases: Aliases, parts: &Parts<'a>, tags: &mut Tags<'a>) {
    for (alias, utm) in aliases.table() {
        let slot = *utm as usize;
        if tags.slots[slot].is_some() {
            continue;
        }
        let named = queries(parts).flat_map(pairs).filter(|(name, _)| is_name(name, alias));
        for value in named.filter_map(|(_, value)| value) {
            tags.take(Hit { slot, upper: false, html: false, guessed: false }, value);
        }
        if tags.slots[slot].is_some() {
            tags.mark(LinkFinding::Alias, slot);
        }
    }
}
