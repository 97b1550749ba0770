//! Hosts compared by label, never by substring.

use std::borrow::Cow;

use super::split::host_of;

/// Whether `host` is `parent` or a host below it; ASCII case and a trailing dot do not matter.
pub(super) fn is_or_below(host: &str, parent: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let parent = parent.strip_suffix('.').unwrap_or(parent);
    let Some(at) = host.len().checked_sub(parent.len()) else { return false };
    let (before, end) = host.as_bytes().split_at(at);
    !parent.is_empty()
        && end.eq_ignore_ascii_case(parent.as_bytes())
        && matches!(before.last(), None | Some(b'.'))
}

/// Whether two links lead to the same registrable domain, the part of a host that one owner holds.
///
/// Case, port, user info, a trailing dot and the spelling of an international name do not matter. Addresses
/// and names of one label are the same only if they are equal. A link without a host is on no site.
///
/// With feature `psl` the registrable domain follows the public suffix list, its private section included:
/// `alice.github.io` and `bob.github.io` are two sites. Without it a list of the most common suffixes of two
/// labels decides, and a shop under another one, such as `shop.k12.tr`, is one site with its neighbours.
///
/// ```
/// use clinch::link::same_site;
///
/// assert!(same_site("https://www.shop.co.uk/", "https://SHOP.co.uk:443/p"));
/// assert!(!same_site("https://evilshop.example/", "https://shop.example/"));
/// ```
pub fn same_site(a: &str, b: &str) -> bool {
    is_same_site(host_of(a), host_of(b))
}

/// [`same_site`] of two hosts.
pub(super) fn is_same_site(a: &str, b: &str) -> bool {
    if a.is_empty() || b.is_empty() {
        return false;
    }
    if a.eq_ignore_ascii_case(b) {
        return true;
    }
    if differ_at_the_end(a, b) {
        return false;
    }
    let (a, b) = (canonical(a), canonical(b));
    a == b || registrable(&a).is_some_and(|site| registrable(&b) == Some(site))
}

/// Whether two hosts cannot share a registrable domain, which has two labels at least. Nearly all pairs are
/// told apart here; false says nothing.
fn differ_at_the_end(a: &str, b: &str) -> bool {
    let (a, b) = (a.strip_suffix('.').unwrap_or(a), b.strip_suffix('.').unwrap_or(b));
    // International names and addresses have other spellings; these go the long way.
    let is_name = |host: &str| host.as_bytes().last().is_some_and(u8::is_ascii_alphabetic);
    is_name(a) && is_name(b) && shared_labels(a.as_bytes(), b.as_bytes()) < 2 && a.is_ascii() && b.is_ascii()
}

/// How many whole labels two hosts share at their ends, in any case.
fn shared_labels(a: &[u8], b: &[u8]) -> usize {
    let mut labels = 0;
    for (x, y) in a.iter().rev().zip(b.iter().rev()) {
        if !x.eq_ignore_ascii_case(y) {
            return labels;
        }
        labels += usize::from(*x == b'.');
    }
    // One host is the end of the other: if a dot precedes it there, its first label is shared too.
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let before = (long.len() - short.len()).checked_sub(1).map(|at| long[at]);
    labels + usize::from(before.is_none_or(|b| b == b'.'))
}

/// Lower case and punycode, without a trailing dot; addresses in their canonical form.
fn canonical(host: &str) -> Cow<'_, str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_plain = host.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
        && !host.contains("xn--")
        && !host.as_bytes().last().is_some_and(u8::is_ascii_digit);
    if is_plain {
        return Cow::Borrowed(host);
    }
    match url::Host::parse(host) {
        Ok(parsed) => Cow::Owned(parsed.to_string()),
        Err(_) => Cow::Owned(host.to_lowercase()),
    }
}

/// The registrable domain of a canonical host; `None` for addresses, single labels and public suffixes.
fn registrable(host: &str) -> Option<&str> {
    let is_number = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
    let is_address = host.starts_with('[') || host.rsplit('.').next().is_none_or(is_number);
    if is_address { None } else { registrable_name(host) }
}

#[cfg(feature = "psl")]
fn registrable_name(host: &str) -> Option<&str> {
    psl::domain_str(host)
}

/// Suffixes of two labels that are in wide use, 2026-11; the rest is taken for one label.
#[cfg(not(feature = "psl"))]
const SECOND_LEVEL: [&str; 14] =
    ["co", "com", "org", "net", "gov", "edu", "ac", "gob", "gouv", "or", "ne", "go", "ltd", "plc"];

/// Services that give each customer a name of their own, as in the private section of the public suffix list.
#[cfg(not(feature = "psl"))]
const SHARED_HOSTS: [&str; 16] = [
    "azurewebsites.net",
    "blogspot.com",
    "cloudfront.net",
    "firebaseapp.com",
    "fly.dev",
    "github.io",
    "gitlab.io",
    "herokuapp.com",
    "myshopify.com",
    "netlify.app",
    "onrender.com",
    "pages.dev",
    "vercel.app",
    "web.app",
    "wixsite.com",
    "workers.dev",
];

#[cfg(not(feature = "psl"))]
fn registrable_name(host: &str) -> Option<&str> {
    let last_two = last_labels(host, 2)?;
    let (second, top) = last_two.split_once('.')?;
    let is_suffix = SHARED_HOSTS.contains(&last_two) || top.len() == 2 && SECOND_LEVEL.contains(&second);
    last_labels(host, if is_suffix { 3 } else { 2 })
}

/// The last `count` labels of a host, `None` if it has fewer.
#[cfg(not(feature = "psl"))]
fn last_labels(host: &str, count: usize) -> Option<&str> {
    let mut dots = host.rmatch_indices('.').map(|(at, _)| at + 1);
    match dots.nth(count - 1) {
        Some(start) => Some(&host[start..]),
        None => (host.split('.').count() == count).then_some(host),
    }
}
