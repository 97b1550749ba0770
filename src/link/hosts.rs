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

fn listed(kind: &str) -> Option<Listed> {
    let (plain, ads) = kind.strip_suffix("-ads").map_or((kind, false), |plain| (plain, true));
    let kind = match plain {
        "search" | "portal" => Kind::Search,
        "social" => Kind::Social,
        "video" => Kind::Video,
        "shopping" => Kind::Shopping,
        "ai" => Kind::Ai,
        "email" => Kind::Email,
        "payment" => Kind::Payment,
        "push" => Kind::Push,
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
    let mut country_hash = None;
    let mut best = None;
    let mut label_end = bytes.len();
    for at in (0..bytes.len()).rev() {
        hash = step(hash, bytes[at]);
        country_hash = country_hash.map(|hash| step(hash, bytes[at]));
        if at != 0 && bytes[at - 1] != b'.' {
            continue;
        }
        let hit =
            find(hash, &bytes[at..], false).or_else(|| find(country_hash?, &bytes[at..label_end], true));
        if let Some(kind) = hit {
            best = Some((kind, at));
        }
        if is_country_suffix(&host[at..]) {
            country_hash = Some(ANY_COUNTRY);
            label_end = at.saturating_sub(1);
        } else {
            country_hash = None;
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
