//! Channels: through which door a visitor arrived.

use std::fmt;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::click_id::{self, ClickId, Evidence, Network};
use super::code::{Code, LinkError};
use super::host::{is_or_below, is_same_site};
use super::hosts::{self, Kind, Listed};
use super::split::{NameFilter, cut, host_and_path, host_of, path_of_head, scheme, split, trim_link};
use super::tags::{Reader, Tags, Utm, fold_value};

mod rules;

use rules::Test;
pub use rules::{RULES, RULES_VERSION, Rule};

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

/// Where an arrival was put, and by which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// The channel.
    pub channel: Channel,
    /// Name of the rule that decided: one of [`RULES`] or a [`FrontRule`] of the caller.
    pub rule: &'a str,
}

/// A rule of the caller, tried before the built-in ones.
///
/// All conditions that are given must hold; a rule without conditions matches every arrival. Values compare
/// folded (case and runs of white space do not matter), hosts by label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrontRule {
    /// Stands in the verdict.
    pub name: String,
    /// Where matching arrivals go.
    pub channel: Channel,
    /// `utm_source` equals this.
    #[serde(default)]
    pub source: Option<String>,
    /// `utm_medium` equals this.
    #[serde(default)]
    pub medium: Option<String>,
    /// `utm_campaign` starts with this.
    #[serde(default)]
    pub campaign_start: Option<String>,
    /// The referrer's host is this one or below it.
    #[serde(default)]
    pub referrer_host: Option<String>,
}

impl FrontRule {
    /// A rule without conditions; set the fields that must hold.
    pub fn new(name: impl Into<String>, channel: Channel) -> Self {
        Self {
            name: name.into(),
            channel,
            source: None,
            medium: None,
            campaign_start: None,
            referrer_host: None,
        }
    }

    fn matches(&self, facts: &Facts<'_>) -> bool {
        let is = |wanted: &Option<String>, utm| {
            wanted
                .as_ref()
                .is_none_or(|wanted| facts.tags.key(utm).is_some_and(|key| key == fold_value(wanted)))
        };
        let starts = |wanted: &String| {
            facts.tags.key(Utm::Campaign).is_some_and(|key| key.starts_with(fold_value(wanted).as_ref()))
        };
        is(&self.source, Utm::Source)
            && is(&self.medium, Utm::Medium)
            && self.campaign_start.as_ref().is_none_or(starts)
            && self.referrer_host.as_ref().is_none_or(|parent| is_or_below(facts.from.host, parent))
    }
}

/// Puts arrivals into channels: [`Classifier::new`], settings, then [`Classifier::classify`].
///
/// The first rule that matches decides: the caller's in their order, then [`RULES`].
///
/// ```
/// use clinch::link::channel::{Channel, Classifier, FrontRule};
///
/// let mut classifier = Classifier::new();
/// classifier.own_host("shop.example");
/// let found = classifier.classify(Some("https://shop.example/"), Some("https://gemini.google.com/app"));
/// assert_eq!((found.channel, found.rule), (Channel::AiAssistant, "ai_source"));
///
/// let mut partner = FrontRule::new("price_portal", Channel::Affiliates);
/// partner.referrer_host = Some("prices.example".to_owned());
/// classifier.rule(partner);
/// let found = classifier.classify(Some("/p"), Some("https://www.prices.example/top10"));
/// assert_eq!((found.channel, found.rule), (Channel::Affiliates, "price_portal"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Classifier {
    reader: Reader,
    own_hosts: Vec<String>,
    front: Vec<FrontRule>,
}

impl Classifier {
    /// A classifier with the built-in rules that knows no host as its own but the landing page's.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names a host of the shop; default none. Referrers of the same registrable domain are internal.
    pub fn own_host(&mut self, host: &str) -> &mut Self {
        self.own_hosts.push(host.to_owned());
        self
    }

    /// Reads the code from another parameter; default `clq`.
    ///
    /// # Errors
    /// [`LinkError::BadParam`] unless it is 1 to 40 ASCII letters, digits, `-` and `_`.
    pub fn code_param(&mut self, name: &str) -> Result<&mut Self, LinkError> {
        self.reader.code_param(name)?;
        Ok(self)
    }

    /// Adds a rule behind those added before and in front of the built-in ones; default none.
    pub fn rule(&mut self, rule: FrontRule) -> &mut Self {
        self.front.push(rule);
        self
    }

    /// Classifies an arrival; `None` or an empty text where the host has none. Any text gives a verdict.
    ///
    /// A code counts as the shop's own if it has the form of one (see [`Code`]). A host that signs its codes
    /// uses [`Classifier::classify_checked`], or anybody could write a code onto a link.
    pub fn classify(&self, landing_url: Option<&str>, referrer: Option<&str>) -> Verdict<'_> {
        self.classify_checked(landing_url, referrer, Code::is_text)
    }

    /// Classifies an arrival, with `is_own` saying whether the text of a code is genuine.
    ///
    /// `is_own` is called at most once, with the text as it was read; the signer's check folds it.
    pub fn classify_checked(
        &self,
        landing_url: Option<&str>,
        referrer: Option<&str>,
        is_own: impl FnOnce(&str) -> bool,
    ) -> Verdict<'_> {
        let landing = landing_url.unwrap_or("");
        let facts = self.gather(landing, referrer.unwrap_or(""), is_own);
        if let Some(rule) = self.front.iter().find(|rule| rule.matches(&facts)) {
            return Verdict { channel: rule.channel, rule: &rule.name };
        }
        let signs = facts.signs();
        // The signs of all rules stand side by side, since nearly every rule stops there.
        let tried = rules::SIGNS.iter().zip(&RULES).filter(|(needed, _)| **needed & !signs == 0);
        let rule = tried.map(|(_, rule)| rule).find(|rule| rule.all.iter().all(|test| facts.hold(*test)));
        match rule {
            Some(rule) => Verdict { channel: rule.channel, rule: rule.name },
            None => Verdict { channel: Channel::Unassigned, rule: "none" },
        }
    }

    /// Whether a referrer is on the site of an own host or of the landing page.
    fn is_internal(&self, from: &str, landing: &str) -> bool {
        if self.own_hosts.iter().any(|own| is_same_site(from, own)) {
            return true;
        }
        // A landing page below an own host is on a site that was compared already.
        !self.own_hosts.iter().any(|own| is_or_below(landing, own)) && is_same_site(from, landing)
    }

    fn gather<'a>(
        &self,
        landing: &'a str,
        referrer: &'a str,
        is_own: impl FnOnce(&str) -> bool,
    ) -> Facts<'a> {
        let parts = split(trim_link(landing));
        let mut marks = Marks::default();
        let (landing_host, path) = path_of_head(parts.head);
        let tags = self.reader.read_parts(landing, &parts, path, |name, value| marks.take(name, value));
        let mut from = if marks.ignore_referrer { Origin::NONE } else { Origin::of(referrer) };
        let is_internal = !from.is_app && !from.host.is_empty() && self.is_internal(from.host, landing_host);
        if !is_internal {
            from.listed = from.look_up();
        }
        let source = match tags.get(Utm::Source) {
            Some(source) if source.contains('.') => hosts::by_host(source_host(source)),
            Some(source) => hosts::by_name(source),
            None => from.listed,
        };
        let is_own_code = tags.code().is_some_and(is_own);
        let evidence = marks.evidence(tags.get(Utm::Source), &from);
        let is_paid = is_paid(tags.get(Utm::Medium), source, evidence);
        Facts { tags, marks, from, source, is_internal, is_own_code, evidence, is_paid }
    }
}

/// The channel of an arrival by the built-in rules, without knowledge of the shop's hosts.
///
/// `None` where the host has no such text. Any text gives a channel.
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
    const CLASSIFIER: Classifier =
        Classifier { reader: Reader::new(), own_hosts: Vec::new(), front: Vec::new() };
    CLASSIFIER.classify(landing_url, referrer).channel
}

/// All that the rules look at.
struct Facts<'a> {
    tags: Tags<'a>,
    marks: Marks,
    from: Origin<'a>,
    /// What the source is: the tag if there is one, else the referrer.
    source: Option<Listed>,
    is_internal: bool,
    is_own_code: bool,
    /// What a click id says whose network agrees with the source.
    evidence: Option<Evidence>,
    is_paid: bool,
}

impl Facts<'_> {
    /// The signs that hold, as bits.
    fn signs(&self) -> u64 {
        let tag = |utm| self.tags.get(utm).is_some();
        let (source, medium, has_host) = (tag(Utm::Source), tag(Utm::Medium), !self.from.host.is_empty());
        let kinds = self.source.map_or(0, |listed| Test::Source(listed.kind).sign())
            | self.from.listed.map_or(0, |listed| Test::Referrer(listed.kind).sign())
            | self.evidence.map_or(0, |evidence| Test::Click(evidence).sign());
        let signs = [
            (Test::OwnCode, self.is_own_code),
            (Test::ReturnMark, self.marks.no_override),
            (Test::Internal, self.is_internal),
            (Test::Paid, self.is_paid),
            (Test::MediumIs(&[]), medium),
            (Test::SourceIs(&[]), source),
            (Test::CampaignIn(""), tag(Utm::Campaign)),
            (Test::NoMedium, !medium),
            (Test::Tagged, source || medium),
            (Test::AnyTag, !self.tags.is_empty()),
            (Test::HasReferrer, has_host),
            (Test::NoReferrer, !has_host),
        ];
        signs.iter().fold(kinds, |all, (test, holds)| all | (test.sign() * u64::from(*holds)))
    }

    /// Whether a test on a text holds, given that its sign does; the others are their signs.
    fn hold(&self, test: Test) -> bool {
        let tag = |utm| self.tags.get(utm).unwrap_or("");
        match test {
            Test::MediumIs(names) => is_any(tag(Utm::Medium), names),
            Test::SourceIs(names) => is_any(tag(Utm::Source), names),
            Test::MediumHas(words) => has_word(tag(Utm::Medium), words),
            Test::SourceHas(words) => has_word(tag(Utm::Source), words),
            Test::CampaignHas(words) => has_word(tag(Utm::Campaign), words),
            Test::CampaignIn(text) => contains_folded(tag(Utm::Campaign), text),
            _ => true,
        }
    }
}

/// Whether the medium, the source's name or a fitting click id says that the arrival was paid for.
fn is_paid(medium: Option<&str>, source: Option<Listed>, evidence: Option<Evidence>) -> bool {
    let by_medium = medium.is_some_and(|medium| {
        let is_cpm = medium.eq_ignore_ascii_case("cpm") && source.is_some();
        is_cpm || starts_folded(medium, "paid") || is_any(medium, &rules::PAID_MEDIA)
    });
    by_medium || source.is_some_and(|source| source.ads) || evidence == Some(Evidence::Paid)
}

/// Names of [`Marks`] that are no click ids.
static MARK_NAMES: NameFilter =
    NameFilter::new().with("utm_nooverride").with("ignore_referer").with("ignore_referrer");

/// Marks on the landing URL that are not tags.
#[derive(Default)]
struct Marks {
    /// `utm_nooverride=1`: a payment plug-in wrote the return link.
    no_override: bool,
    /// `ignore_referrer=1`: the page asks analytics to forget the referrer.
    ignore_referrer: bool,
    /// The click ids that have a value.
    click_ids: SmallVec<[&'static ClickId; 4]>,
}

impl Marks {
    /// Takes a parameter in that is no tag.
    fn take(&mut self, name: &str, value: &str) {
        if !MARK_NAMES.may_have(name) && !click_id::may_be(name) {
            return;
        }
        let is_set = || is_any(value, &["1", "true"]);
        match name.len() {
            14 if name.eq_ignore_ascii_case("utm_nooverride") => self.no_override |= is_set(),
            14 if name.eq_ignore_ascii_case("ignore_referer") => self.ignore_referrer |= is_set(),
            15 if name.eq_ignore_ascii_case("ignore_referrer") => self.ignore_referrer |= is_set(),
            _ if !value.is_empty() => self.click_ids.extend(click_id::find(name)),
            _ => {}
        }
    }

    /// The strongest click id whose network agrees with the source: the tag if there is one, else the
    /// referrer. Without either, only ids count that need no agreement, and those that say where a link was
    /// shared.
    fn evidence(&self, tag: Option<&str>, from: &Origin<'_>) -> Option<Evidence> {
        let source = match tag {
            Some(source) => source,
            None if from.is_app => click_id::app_brand(from.host),
            None => from.host,
        };
        let fits = |id: &&&ClickId| {
            let unknown = source.is_empty() && id.evidence == Evidence::Shared;
            unknown || id.network == Network::Any || !source.is_empty() && id.network.fits(source)
        };
        self.click_ids.iter().filter(fits).map(|id| id.evidence).min()
    }
}

/// The referrer: a web host or an app, and what the lists say of it.
#[derive(Clone, Copy)]
struct Origin<'a> {
    /// Host or package name; empty without a usable referrer.
    host: &'a str,
    is_app: bool,
    path: &'a str,
    /// What the lists say; not asked for a page of the shop.
    listed: Option<Listed>,
}

impl<'a> Origin<'a> {
    const NONE: Self = Self { host: "", is_app: false, path: "", listed: None };

    fn of(referrer: &'a str) -> Self {
        let head = split(trim_link(referrer)).head;
        let Some((scheme, rest)) = scheme(head) else { return Self::NONE };
        let Some((host, path)) = host_and_path(rest) else { return Self::NONE };
        let is = |name| scheme.eq_ignore_ascii_case(name);
        let is_app = is("android-app") || is("ios-app");
        if is_app || is("https") || is("http") {
            Self { host, is_app, path, listed: None }
        } else {
            Self::NONE
        }
    }

    fn look_up(&self) -> Option<Listed> {
        if self.is_app {
            hosts::by_name(self.host)
        } else {
            by_path(self.host, self.path).or_else(|| hosts::by_host(self.host))
        }
    }
}

/// Hosts of which one part is something else, by host and start of the path.
const BY_PATH: [(&str, &str, Kind); 3] = [
    // Matomo's list, revision named in `lists/matomo.txt`.
    ("x.com", "/i/grok", Kind::Ai),
    ("bing.com", "/chat", Kind::Ai),
    ("google.com", "/shopping", Kind::Shopping),
];

fn by_path(host: &str, path: &str) -> Option<Listed> {
    if path.len() < 2 {
        return None;
    }
    let fits = |(of, start, _): &&(&str, &str, Kind)| {
        let next = path.strip_prefix(start).map(|rest| rest.as_bytes().first().copied());
        matches!(next, Some(None | Some(b'/'))) && is_or_below(host, of)
    };
    BY_PATH.iter().find(fits).map(|(_, _, kind)| Listed { kind: *kind, ads: false })
}

/// The host that a source with a dot names, whether or not it is written as a link.
fn source_host(source: &str) -> &str {
    let host = host_of(source);
    if host.is_empty() { cut(source, b'/').0 } else { host }
}

fn is_any(value: &str, names: &[&str]) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(value))
}

/// Whether one of the words of `value` (letters and digits in a row) is one of `words`.
fn has_word(value: &str, words: &[&str]) -> bool {
    value.split(|c: char| !c.is_alphanumeric()).any(|word| is_any(word, words))
}

fn starts_folded(value: &str, start: &str) -> bool {
    value.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

fn contains_folded(value: &str, text: &str) -> bool {
    value.as_bytes().windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()))
}
