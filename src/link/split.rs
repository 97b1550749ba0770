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
    let (before, fragment) = cut_far(link, '#');
    let (head, query) = cut_far(before, '?');
    Parts { head, query, fragment }
}

/// [`cut`] for a mark that is far off: the library's search looks at many bytes at a time.
fn cut_far(text: &str, mark: char) -> (&str, Option<&str>) {
    match text.find(mark) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

/// `text` up to the first `byte` (ASCII), and what follows it where there is one.
pub(super) fn cut(text: &str, byte: u8) -> (&str, Option<&str>) {
    match text.as_bytes().iter().position(|&b| b == byte) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

/// Drops C0 control characters and spaces at both ends, as browsers do before they parse.
pub(super) fn trim_link(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ')
}

/// The scheme of a head and the rest behind its colon, or `None` for a relative link.
///
/// RFC 3986 section 3.1: a letter, then letters, digits, `+`, `-` or `.`.
pub(super) fn scheme(head: &str) -> Option<(&str, &str)> {
    let colon = head
        .bytes()
        .position(|b| !matches!(b, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'+' | b'-' | b'.'))?;
    let starts_well = head.as_bytes()[0].is_ascii_alphabetic();
    (starts_well && head.as_bytes()[colon] == b':').then(|| (&head[..colon], &head[colon + 1..]))
}

/// The authority and the path of what follows a scheme, or of a scheme-relative link.
///
/// `None` without `//`. A backslash ends the authority as in browsers.
pub(super) fn authority(rest: &str) -> Option<(&str, &str)> {
    let rest = rest.strip_prefix("//")?;
    let end = rest.bytes().position(|b| matches!(b, b'/' | b'\\')).unwrap_or(rest.len());
    Some((&rest[..end], &rest[end..]))
}

/// The host of an authority: no user info, no port, no trailing dot; an IPv6 literal keeps its brackets.
pub(super) fn host(authority: &str) -> &str {
    let start = authority.bytes().rposition(|b| b == b'@').map_or(0, |at| at + 1);
    let host = &authority[start..];
    if host.starts_with('[') {
        return host.find(']').map_or(host, |end| &host[..=end]);
    }
    let host = cut(host, b':').0;
    host.strip_suffix('.').unwrap_or(host)
}

/// The host of a link with an authority, as written; empty where there is none.
pub(super) fn host_of(link: &str) -> &str {
    host_of_head(split(trim_link(link)).head)
}

/// [`host_of`] by the part before the query.
pub(super) fn host_of_head(head: &str) -> &str {
    let rest = scheme(head).map_or(head, |(_, rest)| rest);
    authority(rest).map_or("", |(authority, _)| host(authority))
}

/// The query that a fragment carries: behind the `?` of a route (`#/p?a=1`), or all of it (`#a=1`).
///
/// A text directive (`:~:`) belongs to the browser and is cut off. Gives the byte offset in `fragment`
/// at which the query starts, and the query.
pub(super) fn fragment_query(fragment: &str) -> Option<(usize, &str)> {
    let own = fragment.split_once(":~:").map_or(fragment, |(own, _)| own);
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
        let mark = bytes.iter().position(|b| matches!(b, b'=' | b'&')).unwrap_or(bytes.len());
        let (equals, end) = match bytes.get(mark) {
            Some(b'=') => {
                let value = &bytes[mark + 1..];
                let len = value.iter().position(|b| *b == b'&').unwrap_or(value.len());
                (Some(mark), mark + 1 + len)
            }
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
