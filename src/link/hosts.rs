//! The embedded lists of hosts, apps and source names, found by label in one pass over a host.

use super::wrapper::is_country_suffix;

/// Selection of Matomo's list (CC0) and own facts; the files say where each comes from.
const LISTS: &str = concat!(include_str!("lists/matomo.txt"), include_str!("lists/own.txt"));

/// What a host, an app or a source name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Search,
    Social,
    Video,
    Shopping,
    Ai,
    Email,
    Payment,
    Push,
}

/// A hit in the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub kind: Kind,
    /// The source name stands for advertisements.
    pub ads: bool,
}

/// Open addressing, one slot per entry: offset of the line in [`LISTS`] plus one, 0 for empty, in the lower
/// half; the upper half of the key's hash in the upper half, so that foreign hosts stop here.
const SLOTS: usize = 4096;

static INDEX: [u32; SLOTS] = index();

/// The offset of the line that a slot points to.
const fn line_of(slot: u32) -> Option<usize> {
    (slot as u16 as usize).checked_sub(1)
}

const FNV_START: u32 = 0x811c_9dc5;
const FNV_PRIME: u32 = 0x0100_0193;

const fn step(hash: u32, byte: u8) -> u32 {
    (hash ^ FOLDED[byte as usize] as u32).wrapping_mul(FNV_PRIME)
}

/// [`fold`] by table.
static FOLDED: [u8; 256] = {
    let mut folded = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        folded[byte] = fold(byte as u8);
        byte += 1;
    }
    folded
};

/// ASCII lower case; a space or underscore in a source name counts as a hyphen.
const fn fold(byte: u8) -> u8 {
    match byte {
        b' ' | b'_' => b'-',
        other => other.to_ascii_lowercase(),
    }
}

/// The hash of `*`, from which the hash of a brand under any country goes on.
const ANY_COUNTRY: u32 = step(FNV_START, b'*');

const fn slot_of(hash: u32) -> usize {
    (hash ^ hash >> 15) as usize % SLOTS
}

/// Builds the index while compiling. Keys are hashed from their last byte on, so that one pass over a host
/// meets all its parents.
#[allow(long_running_const_eval)] // some 20,000 steps over two short files, done once by the compiler
const fn index() -> [u32; SLOTS] {
    let text = LISTS.as_bytes();
    assert!(text.len() < u16::MAX as usize);
    let mut slots = [0; SLOTS];
    let mut line = 0;
    while line < text.len() {
        let mut end = line;
        let mut key = line;
        while text[end] != b'\n' {
            if text[end] == b' ' && key == line {
                key = end + 1;
            }
            end += 1;
        }
        if text[line] != b'#' {
            let mut hash = FNV_START;
            let mut at = end;
            while at > key {
                at -= 1;
                hash = step(hash, text[at]);
            }
            let mut slot = slot_of(hash);
            while let Some(held) = line_of(slots[slot])
                && !is_same_key(text, key_of(text, held), key)
            {
                slot = (slot + 1) % SLOTS;
            }
            slots[slot] = hash & 0xFFFF_0000 | (line as u32 + 1);
        }
        line = end + 1;
    }
    slots
}

/// Where the key of the line that starts at `line` starts.
const fn key_of(text: &[u8], line: usize) -> usize {
    let mut at = line;
    while text[at] != b' ' {
        at += 1;
    }
    at + 1
}

const fn is_same_key(text: &[u8], mut a: usize, mut b: usize) -> bool {
    while text[a] == text[b] && text[a] != b'\n' {
        a += 1;
        b += 1;
    }
    text[a] == text[b]
}

/// The line whose key is `head` and then, for a brand under any country, `.*`.
fn find(hash: u32, head: &[u8], any_country: bool) -> Option<&'static str> {
    let mut slot = slot_of(hash);
    while let Some(line) = line_of(INDEX[slot]) {
        if INDEX[slot] >> 16 != hash >> 16 {
            slot = (slot + 1) % SLOTS;
            continue;
        }
        let key = &LISTS.as_bytes()[key_of(LISTS.as_bytes(), line)..];
        if let Some((listed, rest)) = key.split_at_checked(head.len())
            && listed.iter().zip(head).all(|(a, b)| *a == fold(*b))
            && rest.starts_with(if any_country { b".*\n" } else { b"\n" })
        {
            return LISTS[line..].split_once(' ').map(|(kind, _)| kind);
        }
        slot = (slot + 1) % SLOTS;
    }
    None
}

/// Reads the kind of a line; its first two letters tell the kinds apart.
fn listed(kind: &str) -> Option<Listed> {
    let ads = kind.ends_with("-ads");
    let kind = match kind.as_bytes() {
        [b's', b'e', ..] | [b'p', b'o', ..] => Kind::Search, // a portal, too
        [b's', b'o', ..] => Kind::Social,
        [b'v', b'i', ..] => Kind::Video,
        [b's', b'h', ..] => Kind::Shopping,
        [b'a', b'i', ..] => Kind::Ai,
        [b'e', b'm', ..] => Kind::Email,
        [b'p', b'a', ..] => Kind::Payment,
        [b'p', b'u', ..] => Kind::Push,
        _ => return None,
    };
    Some(Listed { kind, ads })
}

/// What an app id or a source name without a dot is: the whole text must be listed.
pub(super) fn by_name(name: &str) -> Option<Listed> {
    let hash = name.bytes().rev().fold(FNV_START, step);
    listed(find(hash, name.as_bytes(), false)?)
}

/// What a host is: the longest listed parent decides, compared label by label.
///
/// A portal stands for itself and for its search subdomains only, so `mail.google.com` is mail by its own
/// entry and `docs.google.com` is nothing.
pub(super) fn by_host(host: &str) -> Option<Listed> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let bytes = host.as_bytes();
    let mut hash = FNV_START;
    let mut country_hash = FNV_START;
    // Where the country suffix starts that the hash of a brand under any country stands for; 0 for none.
    let mut suffix = 0;
    let mut best = None;
    let mut is_top = true;
    for at in (0..bytes.len()).rev() {
        hash = step(hash, bytes[at]);
        country_hash = step(country_hash, bytes[at]);
        if at != 0 && bytes[at - 1] != b'.' {
            continue;
        }
        // A key of one label is a source name and no host.
        if !is_top && let Some(kind) = find(hash, &bytes[at..], false) {
            best = Some((kind, at));
        } else if suffix != 0
            && let Some(kind) = find(country_hash, &bytes[at..suffix - 1], true)
        {
            best = Some((kind, at));
        }
        is_top = false;
        if is_country_suffix(&host[at..]) {
            suffix = at;
            country_hash = ANY_COUNTRY;
        }
    }
    let (kind, at) = best?;
    let below = &host[..at.saturating_sub(1)];
    if kind == "portal" && !below.split('.').all(is_search_label) {
        return None;
    }
    listed(kind)
}

/// Subdomains of a portal that show search results: a language, or one of these names.
fn is_search_label(label: &str) -> bool {
    const NAMES: [&str; 15] = [
        "",
        "www",
        "m",
        "mobile",
        "search",
        "images",
        "image",
        "video",
        "maps",
        "scholar",
        "books",
        "blogsearch",
        "encrypted",
        "cse",
        "ipv6",
    ];
    label.len() == 2 || NAMES.iter().any(|name| name.eq_ignore_ascii_case(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [&str; 9] =
        ["search", "portal", "social", "video", "shopping", "ai", "email", "payment", "push"];

    #[test]
    fn every_line_of_the_lists_is_found_with_its_kind() {
        let lines = || LISTS.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_once(' '));
        assert!(lines().count() > 600);
        for (kind, key) in lines().map(|line| line.expect("a kind and a key")) {
            let plain = kind.strip_suffix("-ads").unwrap_or(kind);
            assert!(KINDS.contains(&plain), "{kind} {key}");
            let expected = listed(kind);
            let found = match key.strip_suffix(".*") {
                Some(brand) => by_host(&format!("{brand}.co.nz")),
                None if key.contains('.') && !key.starts_with("com.") => by_host(key),
                None => by_name(key),
            };
            // A key that stands in both files counts as the later one says.
            let later = lines().flatten().filter(|(_, other)| *other == key).count() > 1;
            assert!(found == expected || later, "{kind} {key}: {found:?}");
        }
    }

    #[test]
    fn a_host_is_found_by_whole_labels_only() {
        let kind = |host| by_host(host).map(|listed| listed.kind);
        assert_eq!(kind("WWW.Google.COM."), Some(Kind::Search));
        assert_eq!(kind("gemini.google.com"), Some(Kind::Ai));
        assert_eq!(kind("mail.google.com"), Some(Kind::Email));
        assert_eq!(kind("www.amazon.com.br"), Some(Kind::Shopping));
        assert_eq!(kind("shopping.google.co.uk"), Some(Kind::Shopping));
        for foreign in
            ["", ".", "com", "google", "google.bad.test", "notgoogle.com", "docs.google.com", "x.com.test"]
        {
            assert_eq!(kind(foreign), None, "{foreign}");
        }
        assert_eq!(by_name("Google Ads"), Some(Listed { kind: Kind::Search, ads: true }));
        assert_eq!(by_name("googl"), None);
    }
}
