//! A link cut into head, query and fragment by text alone.

/// The three pieces of a link; joined with `?` and `#` they give the text back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<'a> {
    /// Scheme, authority and path: all before the first `?` and the first `#`.
    pub head: &'a str,
    /// What stands between the first `?` and the first `#`; a second `?` is data.
    pub query: Option<&'a str>,
    /// What stands behind the first `#`.
    pub fragment: Option<&'a str>,
}

/// Cuts `link` at the first `#`, then at the first `?` before it.
pub(super) fn split(link: &str) -> Parts<'_> {
    let (before, fragment) = cut(link, b'#');
    let (head, query) = cut(before, b'?');
    Parts { head, query, fragment }
}

/// `text` up to the first `byte` (ASCII), and what follows it where there is one.
#[inline]
pub(super) fn cut(text: &str, byte: u8) -> (&str, Option<&str>) {
    let at = position(text.as_bytes(), byte, byte);
    (&text[..at], text.get(at + 1..))
}

/// Where `a` or `b` first stands, or the length.
///
/// Eight bytes at a time: a loop over single bytes ends unforeseeably, and each such end costs as much as
/// looking at many bytes.
#[inline]
pub(super) fn position(bytes: &[u8], a: u8, b: u8) -> usize {
    let mut at = 0;
    while let Some(chunk) = bytes[at..].first_chunk::<8>() {
        let hits = hits(*chunk, a) | hits(*chunk, b);
        if hits != 0 {
            return at + first_hit(hits);
        }
        at += 8;
    }
    let Some(last) = bytes.last_chunk::<8>() else {
        return bytes.iter().position(|byte| *byte == a || *byte == b).unwrap_or(bytes.len());
    };
    if at == bytes.len() {
        return at;
    }
    // The last eight overlap what was looked at already, which held no hit.
    let hits = hits(*last, a) | hits(*last, b);
    if hits == 0 { bytes.len() } else { bytes.len() - 8 + first_hit(hits) }
}

/// The top bit of each byte that is `wanted`; bits above the first such byte may be wrong.
#[inline]
fn hits(chunk: [u8; 8], wanted: u8) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let zeroed = u64::from_le_bytes(chunk) ^ (ONES * u64::from(wanted));
    zeroed.wrapping_sub(ONES) & !zeroed & (ONES << 7)
}

fn first_hit(hits: u64) -> usize {
    hits.trailing_zeros() as usize / 8
}

/// Drops C0 control characters and spaces at both ends, as browsers do before they parse.
pub(super) fn trim_link(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ')
}

/// The scheme of a head and the rest behind its colon, or `None` for a relative link.
///
/// RFC 3986 section 3.1: a letter, then letters, digits, `+`, `-` or `.`.
pub(super) fn scheme(head: &str) -> Option<(&str, &str)> {
    if let Some(rest) = head.strip_prefix("https:") {
        return Some((&head[..5], rest));
    }
    let part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    let colon = head.as_bytes().iter().position(|b| !part(b))?;
    let starts_well = head.as_bytes()[0].is_ascii_alphabetic();
    (starts_well && head.as_bytes()[colon] == b':').then(|| (&head[..colon], &head[colon + 1..]))
}

/// The host and the path of what follows a scheme, or of a scheme-relative link; `None` without `//`.
///
/// The host comes without user info, port and trailing dot, an IPv6 literal with its brackets. A backslash
/// ends the authority as in browsers.
pub(super) fn host_and_path(rest: &str) -> Option<(&str, &str)> {
    let rest = rest.strip_prefix("//")?;
    let end = position(rest.as_bytes(), b'/', b'\\');
    let (authority, path) = rest.split_at(end);
    let mut host = authority;
    // User info and port are rare: one look tells that there is neither.
    if position(authority.as_bytes(), b'@', b':') < authority.len() {
        host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        host = match host.find(']') {
            Some(bracket) if host.starts_with('[') => &host[..=bracket],
            _ => cut(host, b':').0,
        };
    }
    Some((host.strip_suffix('.').unwrap_or(host), path))
}

/// The host of a link with an authority, as written; empty where there is none.
pub(super) fn host_of(link: &str) -> &str {
    path_of_head(split(trim_link(link)).head).0
}

/// Host and path by the part before the query; both empty where there is no authority.
pub(super) fn path_of_head(head: &str) -> (&str, &str) {
    let rest = scheme(head).map_or(head, |(_, rest)| rest);
    host_and_path(rest).unwrap_or(("", ""))
}

/// The query that a fragment carries: behind the `?` of a route (`#/p?a=1`), or all of it (`#a=1`).
///
/// A text directive (`:~:`) belongs to the browser and is cut off. Gives the byte offset in `fragment`
/// at which the query starts, and the query.
pub(super) fn fragment_query(fragment: &str) -> Option<(usize, &str)> {
    let directive =
        if position(fragment.as_bytes(), b'~', b'~') < fragment.len() { fragment.find(":~:") } else { None };
    let own = &fragment[..directive.unwrap_or(fragment.len())];
    let mark = own.find('?');
    let is_pairs = !own.starts_with(['/', '!']) && own[..mark.unwrap_or(own.len())].contains('=');
    if is_pairs {
        return Some((0, own));
    }
    let start = mark? + 1;
    Some((start, &own[start..]))
}

/// The pairs of a query, undecoded: a name, and a value where there is a `=`. Empty pairs come too.
pub(super) struct Pairs<'a> {
    rest: Option<&'a str>,
}

/// Iterates over the pairs of a query.
pub(super) fn pairs(query: &str) -> Pairs<'_> {
    Pairs { rest: Some(query) }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, Option<&'a str>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest?;
        let bytes = rest.as_bytes();
        let mark = position(bytes, b'=', b'&');
        let (equals, end) = match bytes.get(mark) {
            Some(b'=') => (Some(mark), mark + 1 + position(&bytes[mark + 1..], b'&', b'&')),
            _ => (None, mark),
        };
        self.rest = rest.get(end + 1..);
        Some(match equals {
            Some(at) => (&rest[..at], Some(&rest[at + 1..end])),
            None => (&rest[..end], None),
        })
    }
}

/// Names sorted by length and first letter, to refuse nearly every foreign name in one step.
pub(super) struct NameFilter([u32; 32]);

impl NameFilter {
    /// An empty filter.
    pub const fn new() -> Self {
        Self([0; 32])
    }

    /// With a name of under 32 bytes added.
    pub const fn with(mut self, name: &str) -> Self {
        self.0[name.len()] |= Self::bit(name.as_bytes()[0]);
        self
    }

    /// Letters of either case share a bit, and so do some other bytes.
    const fn bit(first: u8) -> u32 {
        1 << (first & 31)
    }

    /// Whether an added name has this length and first letter, in any case.
    pub fn may_have(&self, name: &str) -> bool {
        let bytes = name.as_bytes();
        match (bytes.first(), self.0.get(bytes.len())) {
            (Some(first), Some(bits)) => bits & Self::bit(*first) != 0,
            _ => false,
        }
    }
}
