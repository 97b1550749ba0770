//! The `utm_*` names and the code: written onto a link by splicing, read from any link.

use std::borrow::Cow;

use crate::error::{ErrorKind, Result};
use crate::link::CODE_PARAMETER;
use crate::link::percent::{decoded, encode, form_decoded};

/// What a link says about where it came from. Values are decoded and trimmed; empty ones count as missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tags<'a> {
    /// `utm_id`
    pub id: Option<Cow<'a, str>>,
    /// `utm_source`
    pub source: Option<Cow<'a, str>>,
    /// `utm_medium`
    pub medium: Option<Cow<'a, str>>,
    /// `utm_campaign`
    pub campaign: Option<Cow<'a, str>>,
    /// `utm_source_platform`
    pub source_platform: Option<Cow<'a, str>>,
    /// `utm_term`
    pub term: Option<Cow<'a, str>>,
    /// `utm_content`
    pub content: Option<Cow<'a, str>>,
    /// `utm_creative_format`
    pub creative_format: Option<Cow<'a, str>>,
    /// `utm_marketing_tactic`
    pub marketing_tactic: Option<Cow<'a, str>>,
    /// The unique code, in the parameter `clq`.
    pub code: Option<Cow<'a, str>>,
}

impl<'a> Tags<'a> {
    /// Reads a link, or anything that was handed in as one: never an error.
    ///
    /// Names in any case and escaping; the query first, then a query inside the fragment; of several values the
    /// first that is not empty.
    pub fn read(url: &'a str) -> Self {
        let mut tags = Self::default();
        let (before, fragment) = url.split_once('#').unwrap_or((url, ""));
        let query = before.split_once('?').map_or("", |(_, query)| query);
        let inner = fragment.split_once('?').map_or(fragment, |(_, query)| query);
        for pair in query.split('&').chain(inner.split('&')) {
            let Some((name, value)) = pair.split_once('=') else { continue };
            let Some(slot) = tags.slot(&decoded(name).to_ascii_lowercase()) else { continue };
            if slot.is_none() {
                *slot = Some(trimmed(form_decoded(value))).filter(|value| !value.is_empty());
            }
        }
        tags
    }

    /// Whether any of the nine `utm_*` names has a value.
    pub fn is_tagged(&self) -> bool {
        let Self { id, source, medium, campaign, source_platform, term, content, .. } = self;
        let rest = [&self.creative_format, &self.marketing_tactic];
        [id, source, medium, campaign, source_platform, term, content]
            .into_iter()
            .chain(rest)
            .any(Option::is_some)
    }

    fn slot(&mut self, name: &str) -> Option<&mut Option<Cow<'a, str>>> {
        Some(match name {
            "utm_id" => &mut self.id,
            "utm_source" => &mut self.source,
            "utm_medium" => &mut self.medium,
            "utm_campaign" => &mut self.campaign,
            "utm_source_platform" => &mut self.source_platform,
            "utm_term" => &mut self.term,
            "utm_content" => &mut self.content,
            "utm_creative_format" => &mut self.creative_format,
            "utm_marketing_tactic" => &mut self.marketing_tactic,
            CODE_PARAMETER => &mut self.code,
            _ => return None,
        })
    }
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

/// Writes tags and a code onto links; everything else of a link stays byte for byte.
///
/// Defaults: medium `referral`, which the common tools put into one and the same channel; nothing else is set.
#[derive(Clone, Debug)]
pub struct Tagger {
    source: Option<String>,
    medium: Option<String>,
    campaign: Option<String>,
    term: Option<String>,
    content: Option<String>,
    code: Option<String>,
}

impl Default for Tagger {
    fn default() -> Self {
        Self::new()
    }
}

/// Setters of one text each.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $($(#[$doc])*
        pub fn $name(&mut self, $name: impl Into<String>) -> &mut Self {
            self.$name = Some($name.into());
            self
        })*
    };
}

impl Tagger {
    /// A tagger with the defaults.
    pub fn new() -> Self {
        let medium = Some("referral".to_owned());
        Self { source: None, medium, campaign: None, term: None, content: None, code: None }
    }

    setters! {
        /// Sets `utm_source`; default none. Without one no `utm_*` is written.
        source
        /// Sets `utm_medium`; default `referral`.
        medium
        /// Sets `utm_campaign`; default none.
        campaign
        /// Sets `utm_term`; default none.
        term
        /// Sets `utm_content`; default none.
        content
        /// Sets the unique code of the link; default none.
        code
    }

    /// The link with tags and code before its fragment.
    ///
    /// A link that has tags keeps them all and gets none of ours; one that has a code keeps it.
    ///
    /// # Errors
    /// `NotTaggable` if it is no web link (`mailto:`, `tel:`, ...), has no host or path, or contains spaces or
    /// control characters.
    pub fn tag(&self, url: &str) -> Result<String> {
        let scheme = url.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| is_scheme(scheme));
        let web = |scheme: &str| ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
        if scheme.is_some_and(|scheme| !web(scheme)) {
            return Err(ErrorKind::NotTaggable { problem: "its scheme is not http or https" }.into());
        }
        if url.is_empty() || url.starts_with('#') {
            return Err(ErrorKind::NotTaggable { problem: "there is no host or path" }.into());
        }
        if url.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return Err(
                ErrorKind::NotTaggable { problem: "it contains a space or a control character" }.into()
            );
        }
        let (before, fragment) = match url.find('#') {
            Some(place) => url.split_at(place),
            None => (url, ""),
        };
        let mut link = String::with_capacity(url.len() + 128);
        link.push_str(before);
        let here = Tags::read(url);
        for (name, value) in self.pairs(&here) {
            link.push(if link.contains('?') { '&' } else { '?' });
            if link.ends_with("?&") || link.ends_with("&&") {
                link.pop();
            }
            link.push_str(name);
            link.push('=');
            encode(value, &mut link);
        }
        link.push_str(fragment);
        Ok(link)
    }

    fn pairs(&self, here: &Tags<'_>) -> impl Iterator<Item = (&'static str, &str)> {
        let tags = [
            ("utm_source", &self.source),
            ("utm_medium", &self.medium),
            ("utm_campaign", &self.campaign),
            ("utm_term", &self.term),
            ("utm_content", &self.content),
        ];
        let tagging = self.source.is_some() && !here.is_tagged();
        let code = (CODE_PARAMETER, if here.code.is_none() { &self.code } else { &None });
        let tags = tags.into_iter().filter(move |_| tagging).chain([code]);
        tags.filter_map(|(name, value)| value.as_deref().map(|value| (name, value)))
    }
}

/// Whether text before a colon is a scheme, and not the start of a path or a host with a port.
fn is_scheme(text: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-');
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tagger() -> Tagger {
        let mut tagger = Tagger::new();
        tagger.source("bot").code("7zk3");
        tagger
    }

    #[test]
    fn everything_else_stays_byte_for_byte() {
        let ours = "utm_source=bot&utm_medium=referral&clq=7zk3";
        for (link, tagged) in [
            ("https://shop.example/p", format!("https://shop.example/p?{ours}")),
            ("https://shop.example/p?", format!("https://shop.example/p?{ours}")),
            ("https://shop.example/p?a=%E9&&b", format!("https://shop.example/p?a=%E9&&b&{ours}")),
            ("https://shop.example/p?a=1&", format!("https://shop.example/p?a=1&{ours}")),
            ("/p/1#top?x", format!("/p/1?{ours}#top?x")),
            ("//SHOP.example:443/ü", format!("//SHOP.example:443/ü?{ours}")),
            ("HTTP://shop.example/a:b", format!("HTTP://shop.example/a:b?{ours}")),
        ] {
            assert_eq!(tagger().tag(link).unwrap(), tagged);
        }
        for link in
            ["mailto:a@shop.example", "tel:+49", "javascript:x", "#top", "", "https://shop.example/a b"]
        {
            assert!(tagger().tag(link).is_err(), "{link}");
        }
    }

    #[test]
    fn tags_and_codes_that_are_there_stay_alone() {
        let tagged = tagger().tag("/p?UTM_Source=mail").unwrap();
        assert_eq!(tagged, "/p?UTM_Source=mail&clq=7zk3");
        assert_eq!(tagger().tag(&tagged).unwrap(), tagged);
        assert_eq!(
            tagger().tag("/p?utm_source=").unwrap(),
            "/p?utm_source=&utm_source=bot&utm_medium=referral&clq=7zk3"
        );
    }

    #[test]
    fn reading_takes_the_first_that_is_not_empty() {
        let tags =
            Tags::read("/p?utm_source=&utm_source=a+b&UTM%5FMEDIUM=x#/r?utm_campaign=late&utm_source=c");
        assert_eq!(tags.source.as_deref(), Some("a b"));
        assert_eq!(tags.medium.as_deref(), Some("x"));
        assert_eq!(tags.campaign.as_deref(), Some("late"));
        assert_eq!(Tags::read("?=&=&%%%&utm_source"), Tags::default());
    }
}
