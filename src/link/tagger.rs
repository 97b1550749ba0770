//! Writing: tags and a code spliced onto a link, every other byte as it was.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::code::{Code, DEFAULT_CODE_PARAM, LinkError, check_param};
use super::escape::{decode, encode_into, is_name};
use super::split::{authority, cut, fragment_query, host, scheme, split, trim_link};
use super::tags::Utm;
use super::{guard, host, wrapper};

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

/// The default length budget, in bytes: the limit of the sitemap protocol, far under what servers take.
const DEFAULT_MAX_LEN: usize = 2048;

/// Writes tags and codes onto links: [`Tagger::new`], settings, then [`Tagger::tag`] per link.
///
/// Deterministic, and idempotent: tagging a tagged link with the same settings gives the same bytes.
///
/// ```
/// use clinch::link::{LeftAlone, Tagger, Utm};
///
/// let mut tagger = Tagger::new();
/// tagger.set(Utm::Source, "shopbot").set(Utm::Campaign, "Spring Sale");
/// let tagged = tagger.tag("/p?color=red", None);
/// assert_eq!(tagged.link(), "/p?color=red&utm_source=shopbot&utm_campaign=Spring%20Sale");
/// let signed = tagger.tag("https://d.example/v.mp4?Expires=1&Signature=x&Key-Pair-Id=K", None);
/// assert_eq!(signed.left_alone(), Some(LeftAlone::Signed));
/// ```
#[derive(Clone, Debug)]
pub struct Tagger {
    pairs: Vec<Pair>,
    policy: Policy,
    fragment: FragmentMode,
    max_len: usize,
    code_param: String,
    schemes: Vec<String>,
    own_hosts: Vec<String>,
    utm_on_own_site: bool,
}

/// One tag, ready to be copied.
#[derive(Clone, Debug)]
struct Pair {
    utm: Utm,
    /// `utm_source=shopbot`, escaped.
    text: String,
    personal: bool,
}

impl Default for Tagger {
    fn default() -> Self {
        Self::new()
    }
}

impl Tagger {
    /// A tagger that sets no tag yet.
    pub fn new() -> Self {
        Self {
            pairs: Vec::new(),
            policy: Policy::default(),
            fragment: FragmentMode::default(),
            max_len: DEFAULT_MAX_LEN,
            code_param: DEFAULT_CODE_PARAM.to_owned(),
            schemes: Vec::new(),
            own_hosts: Vec::new(),
            utm_on_own_site: false,
        }
    }

    /// Sets a tag; default none. Tags are written in the order in which they were first set.
    ///
    /// White space around the value is dropped, since readers drop it. An empty value takes the tag back.
    /// A value that looks like a mail address or phone number leaves all links alone
    /// ([`LeftAlone::PersonalData`]).
    pub fn set(&mut self, utm: Utm, value: &str) -> &mut Self {
        let value = value.trim();
        let mut text = format!("{}=", utm.name());
        encode_into(value, &mut text);
        let pair = Pair { utm, text, personal: guard::is_personal(value) };
        match self.pairs.iter().position(|held| held.utm == utm) {
            Some(at) if value.is_empty() => {
                self.pairs.remove(at);
            }
            Some(at) => self.pairs[at] = pair,
            None if value.is_empty() => {}
            None => self.pairs.push(pair),
        }
        self
    }

    /// Sets `utm_medium` to a preset.
    pub fn medium(&mut self, preset: MediumPreset) -> &mut Self {
        self.set(Utm::Medium, preset.value())
    }

    /// What to do with tags that a link has already; default [`Policy::Keep`].
    pub fn policy(&mut self, policy: Policy) -> &mut Self {
        self.policy = policy;
        self
    }

    /// Where tags go on links with a fragment; default [`FragmentMode::Before`].
    pub fn fragment(&mut self, mode: FragmentMode) -> &mut Self {
        self.fragment = mode;
        self
    }

    /// The longest link to make, in bytes, inclusive; default 2,048.
    ///
    /// What does not fit is dropped whole, the least useful first: other tags from the last one on, then
    /// campaign, medium, source, and the code last. Bytes of the link are never dropped.
    pub fn max_len(&mut self, bytes: usize) -> &mut Self {
        self.max_len = bytes;
        self
    }

    /// Writes the code under another name; default `clq`. Shopify records `ref` by itself.
    ///
    /// # Errors
    /// [`LinkError::BadParam`] unless it is 1 to 40 ASCII letters, digits, `-` and `_`.
    pub fn code_param(&mut self, name: &str) -> Result<&mut Self, LinkError> {
        check_param(name)?;
        name.clone_into(&mut self.code_param);
        Ok(self)
    }

    /// Also tags links with this scheme, such as that of the shop's app; default `http` and `https` only.
    pub fn allow_scheme(&mut self, scheme: &str) -> &mut Self {
        self.schemes.push(scheme.to_owned());
        self
    }

    /// Names a host of the shop itself; default none.
    ///
    /// Links to it and below it, and relative links, then get the code but no UTM tags: a tag on an inner
    /// link starts a new visit in most tools and hides where the visitor came from.
    pub fn own_host(&mut self, host: &str) -> &mut Self {
        self.own_hosts.push(host.to_owned());
        self
    }

    /// Writes UTM tags on links to the own site too; default false.
    pub fn utm_on_own_site(&mut self, yes: bool) -> &mut Self {
        self.utm_on_own_site = yes;
        self
    }

    /// Tags one link with the tags that were set, then `code`.
    ///
    /// Everything that was in the link stays byte for byte, with three exceptions: white space around it is
    /// dropped, an empty path behind a host becomes `/`, and what the policy removes. Every earlier pair with
    /// the code's name goes, the code stands once and last. A name with an empty value counts as missing.
    pub fn tag<'a>(&self, link: &'a str, code: Option<&Code>) -> Outcome<'a> {
        let text = trim_link(link);
        let leave = |reason| Outcome::LeftAlone { link, reason };
        let place = match self.place(text) {
            Ok(place) => place,
            Err(reason) => return leave(reason),
        };
        if self.pairs.iter().any(|pair| pair.personal) {
            return leave(LeftAlone::PersonalData);
        }
        let seen = self.look(&place);
        let asked = if place.own_site && !self.utm_on_own_site {
            if code.is_none() {
                return leave(LeftAlone::OwnSite);
            }
            0
        } else {
            self.wanted(&seen)
        };
        let drop_tags = self.policy == Policy::Replace && asked != 0 && seen.has_tag;
        let drop_code = code.is_some() && seen.has_code;
        if asked == 0 && code.is_none() {
            return Outcome::Unchanged(link);
        }
        let removal = Removal { tags: drop_tags, code: drop_code.then_some(self.code_param.as_str()) };
        let frame = Frame::new(&place, removal, self.fragment);
        match self.fit(&frame, asked, code) {
            Some((kept, dropped)) => Outcome::Tagged { link: self.write(&frame, kept, code), dropped },
            None => leave(LeftAlone::TooLong),
        }
    }

    /// Checks that the link may be touched and cuts it up.
    fn place<'a>(&self, text: &'a str) -> Result<Place<'a>, LeftAlone> {
        if text.is_empty() {
            return Err(LeftAlone::Empty);
        }
        if guard::has_control(text) {
            return Err(LeftAlone::ControlCharacter);
        }
        let parts = split(text);
        if guard::is_template(text, parts.head) {
            return Err(LeftAlone::Template);
        }
        if parts.head.is_empty() && parts.query.is_none() {
            return Err(LeftAlone::FragmentOnly);
        }
        let found = scheme(parts.head);
        let is_web = found
            .is_none_or(|(name, _)| name.eq_ignore_ascii_case("https") || name.eq_ignore_ascii_case("http"));
        let rest = match found {
            None => parts.head,
            Some((name, rest))
                if is_web || self.schemes.iter().any(|known| known.eq_ignore_ascii_case(name)) =>
            {
                rest
            }
            Some(_) => return Err(LeftAlone::Scheme),
        };
        let authority = authority(rest);
        let needs_host = is_web && (found.is_some() || rest.starts_with("//"));
        let host = authority.map(|(authority, _)| host(authority));
        if needs_host && host.is_none_or(str::is_empty) {
            return Err(LeftAlone::NoAuthority);
        }
        if parts.query.is_some_and(is_signed) {
            return Err(LeftAlone::Signed);
        }
        if is_web && host.is_some() && wrapper::open(text).is_some() {
            return Err(LeftAlone::Wrapper);
        }
        let own_site = !self.own_hosts.is_empty()
            && host.is_none_or(|host| self.own_hosts.iter().any(|own| host::is_or_below(host, own)));
        Ok(Place {
            head: parts.head,
            query: parts.query,
            fragment: parts.fragment,
            bare_host: authority.is_some_and(|(_, path)| path.is_empty()),
            own_site,
        })
    }

    /// Finds tags and the code that the link has already, wherever a reader would find them.
    fn look(&self, place: &Place<'_>) -> Seen {
        let mut seen = Seen::default();
        let in_fragment = place.fragment.and_then(fragment_query).map(|(_, query)| query);
        for pair in place.query.into_iter().chain(in_fragment).flat_map(|query| query.split('&')) {
            let (name, value) = cut(pair, b'=');
            if let Some(utm) = Utm::of_param(name) {
                seen.has_tag = true;
                if value.is_some_and(|value| !decode(value).text.is_empty()) {
                    seen.filled |= 1 << utm as u16;
                }
            } else if is_name(name, &self.code_param) {
                seen.has_code = true;
            }
        }
        seen
    }

    /// Which of `pairs` the policy wants written, as bits by position.
    fn wanted(&self, seen: &Seen) -> u16 {
        let missing = |pair: &Pair| match self.policy {
            Policy::Keep => seen.filled == 0,
            Policy::Fill => seen.filled >> pair.utm as u16 & 1 == 0,
            Policy::Replace => true,
        };
        let bits = self.pairs.iter().enumerate().filter(|(_, pair)| missing(pair));
        bits.fold(0, |set, (at, _)| set | 1 << at)
    }

    /// Drops tags until the link fits; the kept ones as bits, and the dropped names in order.
    fn fit(&self, frame: &Frame<'_>, asked: u16, code: Option<&Code>) -> Option<(u16, Vec<Utm>)> {
        let code_len = code.map_or(0, |code| 1 + self.code_param.len() + 1 + code.as_str().len());
        let len_of = |kept: u16| {
            let tags = self.pairs.iter().enumerate().filter(|(at, _)| kept >> at & 1 != 0);
            let ours: usize = tags.map(|(_, pair)| pair.text.len() + 1).sum::<usize>() + code_len;
            // The first of ours needs no `&` where the query is empty or ends in one, but then `?` may be new.
            frame.len() + frame.lead().len() + ours - 1
        };
        let mut kept = asked;
        let mut dropped = Vec::new();
        while kept != 0 || code.is_some() {
            if len_of(kept) <= self.max_len {
                return Some((kept, dropped));
            }
            let held = (0..self.pairs.len()).filter(|at| kept >> at & 1 != 0);
            let least = held.max_by_key(|&at| (drop_rank(self.pairs[at].utm), at))?;
            kept &= !(1 << least);
            dropped.push(self.pairs[least].utm);
        }
        None
    }

    fn write(&self, frame: &Frame<'_>, kept: u16, code: Option<&Code>) -> String {
        let ours: usize = self.pairs.iter().map(|pair| pair.text.len() + 1).sum();
        let mut link = String::with_capacity(frame.len() + ours + self.code_param.len() + 70);
        frame.write_before(&mut link);
        let mut separator = frame.lead();
        for (at, pair) in self.pairs.iter().enumerate() {
            if kept >> at & 1 != 0 {
                link.push_str(separator);
                link.push_str(&pair.text);
                separator = "&";
            }
        }
        if let Some(code) = code {
            link.push_str(separator);
            link.push_str(&self.code_param);
            link.push('=');
            link.push_str(code.as_str());
        }
        frame.write_after(&mut link);
        link
    }
}

/// How early a tag is dropped when the link is too long: the highest first.
const fn drop_rank(utm: Utm) -> u8 {
    match utm {
        Utm::Source => 0,
        Utm::Medium => 1,
        Utm::Campaign => 2,
        _ => 3,
    }
}

fn is_signed(query: &str) -> bool {
    let names = query.split('&').map(|pair| cut(pair, b'=').0);
    guard::is_signed(names.fold(0, |bits, name| bits | guard::sign_bit(name)))
}

/// A link that may be touched, cut up.
struct Place<'a> {
    head: &'a str,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
    /// The head ends right behind the host.
    bare_host: bool,
    own_site: bool,
}

/// What of ours a link has already.
#[derive(Default)]
struct Seen {
    /// Names with a value, by `Utm as u16`.
    filled: u16,
    /// Any of the nine names, with or without a value.
    has_tag: bool,
    has_code: bool,
}

/// Which pairs go.
#[derive(Clone, Copy)]
struct Removal<'a> {
    tags: bool,
    code: Option<&'a str>,
}

impl Removal<'_> {
    fn is_none(self) -> bool {
        !self.tags && self.code.is_none()
    }

    fn takes(self, pair: &str) -> bool {
        let name = cut(pair, b'=').0;
        self.tags && Utm::of_param(name).is_some() || self.code.is_some_and(|code| is_name(name, code))
    }

    /// A query without the pairs that go; each takes the `&` behind it along, the last one the `&` before it.
    /// An empty pair keeps its `&`, so that tagging twice gives the same bytes.
    fn apply<'a>(self, query: &'a str) -> Cow<'a, str> {
        if self.is_none() || !query.split('&').any(|pair| self.takes(pair)) {
            return query.into();
        }
        let mut kept = String::with_capacity(query.len());
        let mut pairs = query.split('&').filter(|pair| !self.takes(pair));
        let mut last = pairs.next();
        kept.push_str(last.unwrap_or(""));
        for pair in pairs {
            kept.push('&');
            kept.push_str(pair);
            last = Some(pair);
        }
        let ends_in_removed = query.rsplit('&').next().is_some_and(|pair| self.takes(pair));
        if ends_in_removed && last == Some("") {
            kept.push('&');
        }
        kept.into()
    }
}

/// The bytes that stay, and where ours go in between.
struct Frame<'a> {
    head: &'a str,
    slash: &'static str,
    query: Option<Cow<'a, str>>,
    /// The part of the fragment before our place: all of it for a route, nothing otherwise.
    route: Option<Cow<'a, str>>,
    /// What follows ours, with its `#`.
    tail: Option<Cow<'a, str>>,
}

impl<'a> Frame<'a> {
    fn new(place: &Place<'a>, removal: Removal<'_>, mode: FragmentMode) -> Self {
        let query = place.query.map(|query| removal.apply(query));
        let mut frame = Self {
            head: place.head,
            slash: if place.bare_host { "/" } else { "" },
            query,
            route: None,
            tail: None,
        };
        let Some(fragment) = place.fragment else { return frame };
        let is_route = mode == FragmentMode::InRoute && fragment.starts_with(['/', '!']);
        let (own, anchor) = if is_route {
            fragment.split_at(fragment.find('#').unwrap_or(fragment.len()))
        } else {
            (fragment, "")
        };
        let own = match fragment_query(own) {
            Some((start, query)) if !removal.is_none() => {
                let end = start + query.len();
                format!("{}{}{}", &own[..start], removal.apply(query), &own[end..]).into()
            }
            _ => own.into(),
        };
        if is_route {
            frame.route = Some(own);
            frame.tail = (!anchor.is_empty()).then(|| anchor.into());
        } else {
            frame.tail = Some(own);
        }
        frame
    }

    /// The text that ours are appended to.
    fn open_query(&self) -> Option<&str> {
        match &self.route {
            Some(route) => cut(route, b'?').1,
            None => self.query.as_deref(),
        }
    }

    /// What stands before the first of ours.
    fn lead(&self) -> &'static str {
        match self.open_query() {
            None => "?",
            Some(query) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        }
    }

    /// Bytes that stay, with the marks `?` and `#` between them.
    fn len(&self) -> usize {
        let marked = |part: &Option<Cow<'_, str>>| part.as_ref().map_or(0, |text| text.len() + 1);
        let tail_mark = usize::from(self.route.is_some() && self.tail.is_some());
        self.head.len() + self.slash.len() + marked(&self.query) + marked(&self.route) + marked(&self.tail)
            - tail_mark
    }

    fn write_before(&self, link: &mut String) {
        link.push_str(self.head);
        link.push_str(self.slash);
        if let Some(query) = &self.query {
            link.push('?');
            link.push_str(query);
        }
        if let Some(route) = &self.route {
            link.push('#');
            link.push_str(route);
        }
    }

    fn write_after(&self, link: &mut String) {
        if let Some(tail) = &self.tail {
            if self.route.is_none() {
                link.push('#');
            }
            link.push_str(tail);
        }
    }
}
