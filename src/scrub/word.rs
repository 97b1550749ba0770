//! Mail addresses and secrets.

use crate::scrub::{Hit, Personal};

/// Words to which secrets are assigned, in lower case; a dash is as good as an underscore. They may be the end of a name
/// of several words, such as `x-api-key` or `resetToken`.
const ASSIGNED: [&str; 24] = [
    "access_key",
    "access_token",
    "api_key",
    "apikey",
    "auth",
    "authorization",
    "client_secret",
    "cvc",
    "cvv",
    "id_token",
    "kennwort",
    "passphrase",
    "passwd",
    "password",
    "passwort",
    "pin",
    "private_key",
    "pwd",
    "refresh_token",
    "secret",
    "secret_key",
    "session",
    "sessionid",
    "token",
];

/// Those that at the end of a name mean something else: a bowling pin, a training session.
const ALONE: [&str; 4] = ["cvc", "cvv", "pin", "session"];

/// What well-known keys begin with, from their vendors' documents: Stripe, GitHub, GitLab, Slack, Shopify, webhooks
/// after Standard Webhooks, AWS, Google, npm, and JSON web tokens.
const PREFIXES: [&str; 26] = [
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "rk_test_",
    "pk_live_",
    "pk_test_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "shpat_",
    "shpss_",
    "shpca_",
    "shppa_",
    "whsec_",
    "AKIA",
    "ASIA",
    "AIza",
    "npm_",
    "eyJ",
];

/// Letters and digits that follow a prefix at the least.
const SHORTEST_BEHIND_PREFIX: usize = 12;

/// Letters and digits that stand together in a secret at the least, and how many of them are digits.
const SHORTEST_RUN: usize = 20;
const FEWEST_DIGITS: usize = 3;

/// How many bytes the at sign at `at` takes, if one is there: plain, full-width or percent-encoded.
fn at_sign(text: &str, at: usize) -> Option<usize> {
    let rest = &text.as_bytes()[at..];
    match rest {
        [b'@', ..] => Some(1),
        [b'%', b'4', b'0', ..] => Some(3),
        [0xef, 0xbc, 0xa0, ..] => Some(3),
        _ => None,
    }
}

/// Mail addresses: each at sign with the name before it and the host behind it.
pub(super) fn emails(text: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    let (mut from, mut at) = (0, 0);
    while at < text.len() {
        let Some(width) = at_sign(text, at) else {
            at += 1;
            continue;
        };
        let name = text[from..at].char_indices().rev().take_while(|(_, c)| is_name(*c)).last();
        let end = host_end(text, at + width);
        if let (Some((start, _)), Some(end)) = (name, end) {
            hits.push(Hit { start: from + start, end, kind: Personal::Email });
            (from, at) = (end, end);
        } else {
            // What stands before belongs to no later address either.
            at += width;
            from = at;
        }
    }
    hits
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '.' | '_' | '-' | '+' | '%' | '\'' | '!' | '#' | '$' | '*' | '~' | '|' | '^')
}

/// The end of the host that begins at `start`: names with dots between them, the last of two letters or more.
fn host_end(text: &str, start: usize) -> Option<usize> {
    let mut end = None;
    let (mut label, mut dots) = (start, 0);
    let is_label = |c: char| c.is_alphanumeric() || c == '-';
    let behind = text[start..].char_indices().map(|(at, c)| (start + at, c)).chain([(text.len(), ' ')]);
    for (at, c) in behind {
        if is_label(c) {
            continue;
        }
        let name = &text[label..at];
        if name.is_empty() {
            break;
        }
        let is_last = name.chars().next().is_some_and(char::is_alphabetic) && name.chars().nth(1).is_some();
        if dots > 0 && is_last {
            end = Some(at);
        }
        if c != '.' {
            break;
        }
        dots += 1;
        label = at + 1;
    }
    end
}

/// Secrets: what is assigned to a word for one, and words that look like one.
pub(super) fn secrets(text: &str) -> Vec<Hit> {
    let bytes = text.as_bytes();
    let mut hits: Vec<Hit> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !is_word(bytes[at]) {
            at += 1;
            continue;
        }
        let end = at + bytes[at..].iter().take_while(|byte| is_word(**byte)).count();
        let word = &text[at..end];
        let least = hits.last().map_or(0, |hit| hit.end);
        let found = value_of(text, word, end).or_else(|| {
            let (start, end) = if has_prefix(word) {
                (at, end + bytes[end..].iter().take_while(|byte| is_word(**byte) || **byte == b'.').count())
            } else if is_uuid(word) || has_long_run(word) {
                (at - bytes[least..at].iter().rev().take_while(|byte| is_base64(**byte)).count(), end)
            } else {
                return None;
            };
            Some((start, end + bytes[end..].iter().take_while(|byte| is_base64(**byte)).count()))
        });
        at = end;
        if let Some((start, end)) = found {
            hits.push(Hit { start, end, kind: Personal::Secret });
            at = end;
        }
    }
    hits
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// What may belong to a secret in base64 beside the letters and digits of a word.
fn is_base64(byte: u8) -> bool {
    is_word(byte) || matches!(byte, b'+' | b'/' | b'=')
}

/// The value assigned to `word`, which ends at `end`: behind a colon or equals sign, or behind `bearer`.
fn value_of(text: &str, word: &str, end: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let spaces = |from: usize| from + bytes[from..].iter().take(8).take_while(|byte| **byte == b' ').count();
    if is(word, &["bearer"]) {
        let start = spaces(end);
        let length = bytes[start..].iter().take_while(|byte| is_base64(**byte) || **byte == b'.').count();
        return (start > end && length >= SHORTEST_BEHIND_PREFIX).then_some((start, start + length));
    }
    let sign = spaces(end);
    if !is_secret_name(word) || !matches!(bytes.get(sign), Some(b':' | b'=')) {
        return None;
    }
    let mut start = spaces(sign + 1);
    start += usize::from(matches!(bytes.get(start), Some(b'"' | b'\'')));
    let ends = |c: char| {
        c.is_whitespace() || matches!(c, ',' | ';' | '&' | '"' | '\'' | '<' | '>' | '(' | ')' | '#')
    };
    let length = |from: usize| text[from..].find(ends).unwrap_or(text.len() - from);
    let mut stop = start + length(start);
    if is(&text[start..stop], &["bearer", "basic", "token"]) {
        // Which scheme is no secret; what follows is.
        start = spaces(stop);
        stop = start + length(start);
    }
    (stop > start).then_some((start, stop))
}

fn is(word: &str, names: &[&str]) -> bool {
    names.iter().any(|name| word.eq_ignore_ascii_case(name))
}

/// Whether something of this name holds a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = name.strip_suffix(']').unwrap_or(name).as_bytes();
    ASSIGNED.iter().any(|word| {
        let Some(start) = name.len().checked_sub(word.len()) else { return false };
        let same = |(a, b): (&u8, u8)| if *a == b'-' { b == b'_' } else { a.eq_ignore_ascii_case(&b) };
        name[start..].iter().zip(word.bytes()).all(same)
            && (start == 0 || begins_word(name, start) && !ALONE.contains(word))
    })
}

/// Whether a word of a name begins at `at`: behind a separator, or with a capital letter behind a small one.
fn begins_word(name: &[u8], at: usize) -> bool {
    let before = name[at - 1];
    matches!(before, b'_' | b'-' | b'.' | b'[')
        || before.is_ascii_lowercase() && name[at].is_ascii_uppercase()
}

fn has_prefix(word: &str) -> bool {
    let rest = PREFIXES.iter().find_map(|prefix| word.strip_prefix(prefix));
    rest.is_some_and(|rest| rest.len() >= SHORTEST_BEHIND_PREFIX)
}

fn is_uuid(word: &str) -> bool {
    let dash = |place: usize| matches!(place, 8 | 13 | 18 | 23);
    let fits = |(place, byte): (usize, u8)| if dash(place) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    word.len() == 36 && word.bytes().enumerate().all(fits)
}

fn has_long_run(word: &str) -> bool {
    word.split(['_', '-']).any(|run| {
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        run.len() >= SHORTEST_RUN && digits >= FEWEST_DIGITS && digits < run.len()
    })
}
