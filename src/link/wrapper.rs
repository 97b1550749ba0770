//! Redirect wrappers: links of a known service around the link that is meant.

use super::escape::{decode, is_name};
use super::split::{host_and_path, pairs, scheme, split, trim_link};

/// How a wrapper carries the inner link.
#[derive(Clone, Copy)]
enum Carries {
    /// In the first of these parameters that is a web link.
    Param(&'static [&'static str]),
    /// Behind these path beginnings, `s/` in front meaning `https`.
    AmpPath(&'static [&'static str]),
    /// Between `__` and `__` in the path.
    Underscores,
}

struct Wrapper {
    /// The host, or with a leading dot any host below it, or with `.*` behind it under any country.
    host: &'static str,
    /// What the path starts with.
    path: &'static str,
    carries: Carries,
}

const fn param(host: &'static str, path: &'static str, names: &'static [&'static str]) -> Wrapper {
    Wrapper { host, path, carries: Carries::Param(names) }
}

/// Known wrappers, 2026-11, from the services' own links. Only a listed host is opened: anything else could
/// name any target in its query.
const WRAPPERS: [Wrapper; 28] = [
    param("l.facebook.com", "/l.php", &["u"]),
    param("lm.facebook.com", "/l.php", &["u"]),
    param("www.facebook.com", "/flx/warn", &["u"]),
    param("l.instagram.com", "/", &["u"]),
    param("l.messenger.com", "/l.php", &["u"]),
    param("l.workplace.com", "/l.php", &["u"]),
    param("l.threads.com", "/", &["u"]),
    param("l.threads.net", "/", &["u"]),
    param("google.*", "/url", &["url", "q"]),
    param("www.google.*", "/url", &["url", "q"]),
    Wrapper { host: "google.*", path: "/amp/", carries: Carries::AmpPath(&["/amp/"]) },
    Wrapper { host: "www.google.*", path: "/amp/", carries: Carries::AmpPath(&["/amp/"]) },
    Wrapper { host: ".cdn.ampproject.org", path: "/", carries: Carries::AmpPath(&["/c/", "/v/", "/a/"]) },
    param(".safelinks.protection.outlook.com", "/", &["url"]),
    Wrapper { host: "urldefense.com", path: "/v3/", carries: Carries::Underscores },
    param("www.youtube.com", "/redirect", &["q"]),
    param("t.umblr.com", "/redirect", &["z"]),
    param("out.reddit.com", "/", &["url"]),
    param("steamcommunity.com", "/linkfilter", &["url", "u"]),
    param("slack-redir.net", "/link", &["url"]),
    param("vk.com", "/away.php", &["to"]),
    param("away.vk.com", "/away.php", &["to"]),
    param("www.linkedin.com", "/redir/", &["url"]),
    param("www.linkedin.com", "/safety/go", &["url"]),
    param("duckduckgo.com", "/l/", &["uddg"]),
    param("link.zhihu.com", "/", &["target"]),
    param("exit.sc", "/", &["url"]),
    param("bing.com", "/safety/redirect", &["url"]),
];

/// The deepest nesting that is followed.
const MAX_LEVELS: usize = 3;

/// Opens known redirect wrappers around a link, without network, at most three levels deep.
///
/// `None` when `link` is no known wrapper. Only `http` and `https` come out, and only listed hosts are
/// opened, so the result is never a target that an unknown service chose.
///
/// ```
/// use clinch::link::unwrap;
///
/// let inner = unwrap("https://l.facebook.com/l.php?u=https%3A%2F%2Fshop.example%2Fp%3Fclq%3DK7&h=AT0");
/// assert_eq!(inner.as_deref(), Some("https://shop.example/p?clq=K7"));
/// assert_eq!(unwrap("https://other.example/l.php?u=https%3A%2F%2Fshop.example%2F"), None);
/// ```
pub fn unwrap(link: &str) -> Option<String> {
    let mut inner = open(link)?;
    for _ in 1..MAX_LEVELS {
        match open(&inner) {
            Some(next) => inner = next,
            None => break,
        }
    }
    Some(inner)
}

/// Opens one level.
pub(super) fn open(link: &str) -> Option<String> {
    let parts = split(trim_link(link));
    let (scheme, rest) = scheme(parts.head).map_or(("https", parts.head), |found| found);
    let (host, path) = host_and_path(rest)?;
    if host.is_empty() || !is_web_scheme(scheme) {
        return None;
    }
    let path = if path.is_empty() { "/" } else { path };
    let fits = |wrapper: &&Wrapper| is_host(host, wrapper.host) && path.starts_with(wrapper.path);
    WRAPPERS.iter().filter(fits).find_map(|wrapper| match wrapper.carries {
        Carries::Param(names) => names.iter().find_map(|name| web_param(parts.query?, name)),
        Carries::AmpPath(starts) => amp_target(path, starts, parts.query),
        Carries::Underscores => {
            let (target, _) = path.split_once("__")?.1.split_once("__")?;
            is_web_link(target).then(|| target.to_owned())
        }
    })
}

/// Whether a parameter's value may be a whole link, by its first byte. Nearly every value is not.
pub(super) fn may_be_target(value: &str) -> bool {
    matches!(value.as_bytes(), [b'h' | b'H' | b'%' | b'+' | b' ', _, ..])
}

/// Whether a path may hold the inner link, by its start: `/amp/`, `/c/`, `/v/`, `/a/`, `/v3/`.
pub(super) fn may_be_target_path(path: &str) -> bool {
    matches!(path.as_bytes(), [b'/', b'a' | b'c' | b'v', b'/' | b'm' | b'3', ..])
}

fn is_host(host: &str, pattern: &str) -> bool {
    if let Some(brand) = pattern.strip_suffix(".*") {
        let Some((head, top)) = host.split_at_checked(brand.len()) else { return false };
        return head.eq_ignore_ascii_case(brand) && top.strip_prefix('.').is_some_and(is_country_suffix);
    }
    let Some(at) = host.len().checked_sub(pattern.len()) else { return false };
    let fits = host.as_bytes()[at..].eq_ignore_ascii_case(pattern.as_bytes());
    fits && (at == 0 || pattern.starts_with('.'))
}

/// `com`, a two-letter country, or `co` or `com` and a country.
pub(super) fn is_country_suffix(top: &str) -> bool {
    let country = |a: u8, b: u8| a.is_ascii_alphabetic() && b.is_ascii_alphabetic();
    match *top.as_bytes() {
        [a, b] => country(a, b),
        [_, _, _] => top.eq_ignore_ascii_case("com"),
        [_, _, b'.', a, b] => country(a, b) && top[..2].eq_ignore_ascii_case("co"),
        [_, _, _, b'.', a, b] => country(a, b) && top[..3].eq_ignore_ascii_case("com"),
        _ => false,
    }
}

fn is_web_scheme(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
}

/// Whether `text` is an absolute `http` or `https` link with a host.
fn is_web_link(text: &str) -> bool {
    let head = split(text).head;
    scheme(head).is_some_and(|(scheme, rest)| {
        is_web_scheme(scheme) && host_and_path(rest).is_some_and(|(host, _)| !host.is_empty())
    })
}

fn web_param(query: &str, name: &str) -> Option<String> {
    let values = pairs(query).filter(|(raw, _)| is_name(raw, name)).filter_map(|(_, value)| value);
    values.map(|value| decode(value).text).find(|text| is_web_link(text)).map(|text| text.into_owned())
}

fn amp_target(path: &str, starts: &[&str], query: Option<&str>) -> Option<String> {
    let rest = starts.iter().find_map(|start| path.strip_prefix(start))?;
    let (scheme, rest) = rest.strip_prefix("s/").map_or(("http", rest), |rest| ("https", rest));
    let host = rest.split('/').next().unwrap_or("");
    if !host.contains('.') || host.contains(['@', '\\']) {
        return None;
    }
    let mark = if query.is_some() { "?" } else { "" };
    Some(format!("{scheme}://{rest}{mark}{}", query.unwrap_or("")))
}
