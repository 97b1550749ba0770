//! Writing: tags and a code spliced onto a link, every other byte as it was.

use super::code::{Code, DEFAULT_CODE_PARAM, LinkError, check_param};
use super::escape::encode_into;
use super::outcome::{FragmentMode, LeftAlone, MediumPreset, Outcome, Policy};
use super::splice::{Frame, Place, Removal, Seen};
use super::tags::Utm;
use super::{guard, host};

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
    /// All pairs, joined by `&`.
    joined: String,
    /// All pairs and the start of the code, as most links get them.
    joined_with_code: String,
    policy: Policy,
    fragment: FragmentMode,
    max_len: usize,
    /// The code's name with its `=`.
    code_start: String,
    schemes: Vec<String>,
    own_hosts: Vec<String>,
    /// Some value looks like a mail address or phone number.
    is_personal: bool,
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
            joined: String::new(),
            joined_with_code: format!("{DEFAULT_CODE_PARAM}="),
            policy: Policy::default(),
            fragment: FragmentMode::default(),
            max_len: DEFAULT_MAX_LEN,
            code_start: format!("{DEFAULT_CODE_PARAM}="),
            schemes: Vec::new(),
            own_hosts: Vec::new(),
            is_personal: false,
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
        self.join();
        self.is_personal = self.pairs.iter().any(|pair| pair.personal);
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
        self.code_start = format!("{name}=");
        self.join();
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
        let leave = |reason| Outcome::LeftAlone { link, reason };
        let place = match Place::find(link, &self.schemes) {
            Ok(place) => place,
            Err(reason) => return leave(reason),
        };
        let seen = place.look(&self.code_start[..self.code_start.len() - 1]);
        if let Err(reason) = place.check(&seen) {
            return leave(reason);
        }
        if self.is_personal {
            return leave(LeftAlone::PersonalData);
        }
        let asked = if self.utm_on_own_site || !self.is_own(&place) {
            self.wanted(&seen)
        } else if code.is_some() {
            0
        } else {
            return leave(LeftAlone::OwnSite);
        };
        if asked == 0 && code.is_none() {
            return Outcome::Unchanged(link);
        }
        let removal = Removal {
            tags: asked != 0 && self.policy == Policy::Replace && seen.has_tag,
            code: (code.is_some() && seen.has_code).then(|| &self.code_start[..self.code_start.len() - 1]),
        };
        let frame = Frame::new(&place, removal, self.fragment);
        match self.fit(&frame, asked, code) {
            Some((kept, dropped)) => Outcome::Tagged { link: self.write(&frame, kept, code), dropped },
            None => leave(LeftAlone::TooLong),
        }
    }

    /// Joins once what is copied onto every link.
    fn join(&mut self) {
        let texts: Vec<&str> = self.pairs.iter().map(|pair| pair.text.as_str()).collect();
        self.joined = texts.join("&");
        let separator = if texts.is_empty() { "" } else { "&" };
        self.joined_with_code = format!("{}{separator}{}", self.joined, self.code_start);
    }

    fn is_own(&self, place: &Place<'_>) -> bool {
        !self.own_hosts.is_empty()
            && place.host.is_none_or(|host| self.own_hosts.iter().any(|own| host::is_or_below(host, own)))
    }

    /// Which of `pairs` the policy wants written, as bits by position.
    fn wanted(&self, seen: &Seen) -> u16 {
        let all = (1 << self.pairs.len()) - 1;
        match self.policy {
            Policy::Keep if seen.filled == 0 => all,
            Policy::Keep => 0,
            Policy::Replace => all,
            Policy::Fill => {
                let missing = |(_, pair): &(usize, &Pair)| seen.filled >> pair.utm as u16 & 1 == 0;
                self.pairs.iter().enumerate().filter(missing).fold(0, |set, (at, _)| set | 1 << at)
            }
        }
    }

    fn is_all(&self, bits: u16) -> bool {
        bits.count_ones() as usize == self.pairs.len()
    }

    /// The pairs whose bit is set, in writing order.
    fn kept(&self, bits: u16) -> impl Iterator<Item = &Pair> {
        self.pairs.iter().enumerate().filter(move |(at, _)| bits >> at & 1 != 0).map(|(_, pair)| pair)
    }

    /// Bytes of ours with the separators between them.
    fn len_of(&self, bits: u16, code: Option<&Code>) -> usize {
        let tags = if self.is_all(bits) && bits != 0 {
            self.joined.len() + 1
        } else {
            self.kept(bits).map(|pair| pair.text.len() + 1).sum()
        };
        let code = code.map_or(0, |code| self.code_start.len() + code.as_str().len() + 1);
        (tags + code).saturating_sub(1)
    }

    /// Drops tags until the link fits; the kept ones as bits, and the dropped names in order.
    fn fit(&self, frame: &Frame<'_>, asked: u16, code: Option<&Code>) -> Option<(u16, Vec<Utm>)> {
        let mut kept = asked;
        let mut dropped = Vec::new();
        while frame.len() + self.len_of(kept, code) > self.max_len {
            let held = (0..self.pairs.len()).filter(|at| kept >> at & 1 != 0);
            let least = held.max_by_key(|&at| (drop_rank(self.pairs[at].utm), at))?;
            kept &= !(1 << least);
            dropped.push(self.pairs[least].utm);
        }
        (kept != 0 || code.is_some()).then_some((kept, dropped))
    }

    fn write(&self, frame: &Frame<'_>, kept: u16, code: Option<&Code>) -> String {
        let mut link = String::with_capacity(frame.len() + self.len_of(kept, code));
        link.push_str(&frame.before);
        link.push_str(frame.lead);
        match code {
            Some(code) if self.is_all(kept) => {
                link.push_str(&self.joined_with_code);
                link.push_str(code.as_str());
            }
            None if self.is_all(kept) => link.push_str(&self.joined),
            _ => self.write_kept(&mut link, kept, code),
        }
        if !frame.after.is_empty() {
            link.push_str(&frame.after);
        }
        link
    }

    /// The rarer way, where some tags are not written.
    fn write_kept(&self, link: &mut String, kept: u16, code: Option<&Code>) {
        let mut separator = "";
        for pair in self.kept(kept) {
            link.push_str(separator);
            link.push_str(&pair.text);
            separator = "&";
        }
        if let Some(code) = code {
            link.push_str(separator);
            link.push_str(&self.code_start);
            link.push_str(code.as_str());
        }
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
