//! A link cut open for writing: what may be touched, what is there already, and where ours go.

use std::borrow::Cow;

use super::escape::{decode, is_name};
use super::guard::{self, Glance};
use super::outcome::{FragmentMode, LeftAlone};
use super::split::{Parts, cut, fragment_query, host_and_path, pairs, scheme, split, trim_link};
use super::tags::Utm;
use super::wrapper;

/// A link of a kind that may be touched, cut up.
pub(super) struct Place<'a> {
    /// The whole link, trimmed.
    text: &'a str,
    parts: Parts<'a>,
    /// The path, or the whole head of a relative link.
    path: &'a str,
    /// The host; `None` for relative links.
    pub host: Option<&'a str>,
    is_web: bool,
}

/// What of ours, and of others, a link has already.
#[derive(Default)]
pub(super) struct Seen {
    /// Names with a value, by `Utm as u16`.
    pub filled: u16,
    /// Any of the nine names, with or without a value.
    pub has_tag: bool,
    pub has_code: bool,
    /// Names of signature schemes.
    signature: u32,
    /// Some value may be a whole link.
    may_wrap: bool,
}

impl<'a> Place<'a> {
    /// Cuts a link up, unless it is of a kind that is left alone.
    pub fn find(link: &'a str, schemes: &[String]) -> Result<Self, LeftAlone> {
        let text = trim_link(link);
        if text.is_empty() {
            return Err(LeftAlone::Empty);
        }
        let glance = Glance::of(text);
        if glance.has_control() {
            return Err(LeftAlone::ControlCharacter);
        }
        let parts = split(text);
        if glance.is_template(text, parts.head) {
            return Err(LeftAlone::Template);
        }
        if parts.head.is_empty() && parts.query.is_none() {
            return Err(LeftAlone::FragmentOnly);
        }
        let (is_web, after_scheme) = match scheme(parts.head) {
            None => (true, parts.head),
            Some((name, rest)) => {
                let is_web = name.eq_ignore_ascii_case("https") || name.eq_ignore_ascii_case("http");
                if !is_web && !schemes.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                    return Err(LeftAlone::Scheme);
                }
                (is_web, rest)
            }
        };
        let found = host_and_path(after_scheme);
        let host = found.map(|(host, _)| host);
        let is_absolute = after_scheme.len() < parts.head.len() || found.is_some();
        if is_web && is_absolute && host.is_none_or(str::is_empty) {
            return Err(LeftAlone::NoAuthority);
        }
        Ok(Self { text, parts, path: found.map_or(after_scheme, |(_, path)| path), host, is_web })
    }

    /// Finds what the link has already, wherever a reader would find it.
    pub fn look(&self, code_param: &str) -> Seen {
        let mut seen = Seen::default();
        if let Some(query) = self.parts.query {
            for (name, value) in pairs(query) {
                seen.take(name, value, code_param);
                seen.signature |= guard::sign_bit(name);
                seen.may_wrap |= value.is_some_and(wrapper::may_be_target);
            }
        }
        if let Some((_, query)) = self.parts.fragment.and_then(fragment_query) {
            pairs(query).for_each(|(name, value)| seen.take(name, value, code_param));
        }
        seen
    }

    /// Refuses signed links and wrappers.
    pub fn check(&self, seen: &Seen) -> Result<(), LeftAlone> {
        if guard::is_signed(seen.signature) {
            return Err(LeftAlone::Signed);
        }
        let may_wrap = seen.may_wrap || wrapper::may_be_target_path(self.path);
        if may_wrap && self.is_web && wrapper::open(self.text).is_some() {
            return Err(LeftAlone::Wrapper);
        }
        Ok(())
    }
}

impl Seen {
    fn take(&mut self, name: &str, value: Option<&str>, code_param: &str) {
        if let Some(utm) = Utm::of_param(name) {
            self.has_tag = true;
            if value.is_some_and(|value| !decode(value).text.is_empty()) {
                self.filled |= 1 << utm as u16;
            }
        } else {
            self.has_code |= is_name(name, code_param);
        }
    }
}

/// Which pairs go.
#[derive(Clone, Copy)]
pub(super) struct Removal<'a> {
    /// All nine names.
    pub tags: bool,
    /// The code under this name.
    pub code: Option<&'a str>,
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

/// The bytes that stay, before and behind ours.
pub(super) struct Frame<'a> {
    pub before: Cow<'a, str>,
    /// What joins ours to what stands before: `?`, `&` or nothing.
    pub lead: &'static str,
    pub after: Cow<'a, str>,
}

impl<'a> Frame<'a> {
    pub fn new(place: &Place<'a>, removal: Removal<'_>, mode: FragmentMode) -> Self {
        let Parts { head, query, fragment } = place.parts;
        let is_route = mode == FragmentMode::InRoute
            && fragment.is_some_and(|fragment| fragment.starts_with(['/', '!']));
        let is_bare = place.host.is_some() && place.path.is_empty();
        if is_route || is_bare || !removal.is_none() {
            return Self::rebuilt(place, removal, is_route, is_bare);
        }
        let (before, after) = place.text.split_at(head.len() + query.map_or(0, |query| query.len() + 1));
        Self { before: before.into(), lead: lead(query), after: after.into() }
    }

    /// The rarer way, for links of which more than one place changes.
    fn rebuilt(place: &Place<'a>, removal: Removal<'_>, is_route: bool, is_bare: bool) -> Self {
        let Parts { head, query, fragment } = place.parts;
        let mut before = head.to_owned();
        if is_bare {
            before.push('/');
        }
        let query = query.map(|query| removal.apply(query));
        if let Some(query) = &query {
            before.push('?');
            before.push_str(query);
        }
        let Some(fragment) = fragment else {
            return Self { before: before.into(), lead: lead(query.as_deref()), after: "".into() };
        };
        let anchor = if is_route { fragment.find('#') } else { None };
        let (own, anchor) = fragment.split_at(anchor.unwrap_or(fragment.len()));
        let own = match fragment_query(own) {
            Some((start, inner)) => {
                let (route, end) = (&own[..start], &own[start + inner.len()..]);
                Cow::Owned(format!("{route}{}{end}", removal.apply(inner)))
            }
            None => Cow::Borrowed(own),
        };
        if is_route {
            let lead = lead(cut(&own, b'?').1);
            before.push('#');
            before.push_str(&own);
            Self { before: before.into(), lead, after: anchor.into() }
        } else {
            Self { before: before.into(), lead: lead(query.as_deref()), after: format!("#{own}").into() }
        }
    }

    /// Bytes that stay, and the joint.
    pub fn len(&self) -> usize {
        self.before.len() + self.lead.len() + self.after.len()
    }
}

/// What joins ours to a query: an empty one and one that ends in `&` need nothing.
fn lead(query: Option<&str>) -> &'static str {
    match query {
        None => "?",
        Some(query) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    }
}
