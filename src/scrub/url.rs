//! Links: each part is looked at as it reads when decoded.

use std::borrow::Cow;

use crate::link;
use crate::scrub::{Found, Personal, Scrubbed, Secrets, word};

/// How often a part may be percent-encoded.
const MOST_DECODINGS: usize = 3;

/// Names whose values are personal whatever they read, in lower case; words for secrets beside them.
const NAMES: [(&str, Personal); 22] = [
    ("e-mail", Personal::Email),
    ("e_mail", Personal::Email),
    ("email", Personal::Email),
    ("emailaddress", Personal::Email),
    ("mail", Personal::Email),
    ("user_email", Personal::Email),
    ("iban", Personal::Iban),
    ("card", Personal::Card),
    ("cardnumber", Personal::Card),
    ("mobile", Personal::Phone),
    ("msisdn", Personal::Phone),
    ("phone", Personal::Phone),
    ("tel", Personal::Phone),
    ("telephone", Personal::Phone),
    ("jwt", Personal::Secret),
    ("key", Personal::Secret),
    ("pass", Personal::Secret),
    ("session_id", Personal::Secret),
    ("sid", Personal::Secret),
    ("sig", Personal::Secret),
    ("signature", Personal::Secret),
    ("hmac", Personal::Secret),
];

/// Copies a link part by part; what is replaced makes it differ from what was there.
struct Writer {
    text: String,
    found: Found,
}

pub(super) fn scrub(url: &str) -> Scrubbed<'_> {
    let mut writer = Writer { text: String::with_capacity(url.len()), found: Found::default() };
    let (before, fragment) = cut(url, '#');
    let (head, query) = cut(before, '?');
    writer.head(head);
    if let Some(query) = query {
        writer.text.push('?');
        writer.pairs(query);
    }
    if let Some(fragment) = fragment {
        writer.text.push('#');
        // Tokens come back from sign-ins as pairs in the fragment.
        if fragment.contains('=') { writer.pairs(fragment) } else { writer.segments(fragment) }
    }
    let Writer { text, found } = writer;
    if found.is_empty() {
        Scrubbed { text: Cow::Borrowed(url), found }
    } else {
        Scrubbed { text: Cow::Owned(text), found }
    }
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, behind)| (before, Some(behind)))
}

impl Writer {
    /// Scheme, user, host and path.
    fn head(&mut self, head: &str) {
        let is_scheme =
            |scheme: &str| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        let leads = |at: &usize| *at == 0 || head[..*at].strip_suffix(':').is_some_and(is_scheme);
        let start = head.find("//").filter(leads).map(|at| at + 2);
        let Some(start) = start else { return self.segments(head) };
        let host = start + head[start..].find('/').unwrap_or(head.len() - start);
        let authority = &head[start..host];
        if authority.contains(|c: char| c.is_whitespace() || c.is_control()) {
            // No host at all.
            return self.segments(head);
        }
        match authority.rsplit_once('@') {
            Some((user, host)) if user != Personal::Secret.mark() => {
                self.text.push_str(&head[..start]);
                self.mark(Personal::Secret);
                self.text.push('@');
                self.text.push_str(host);
            }
            _ => self.text.push_str(&head[..host]),
        }
        self.segments(&head[host..]);
    }

    fn segments(&mut self, path: &str) {
        for (place, segment) in path.split('/').enumerate() {
            if place > 0 {
                self.text.push('/');
            }
            self.part(segment, Secrets::Taken, false);
        }
    }

    fn pairs(&mut self, query: &str) {
        for (place, pair) in query.split('&').enumerate() {
            if place > 0 {
                self.text.push('&');
            }
            match pair.split_once('=') {
                Some((name, value)) => self.pair(name, value),
                None => self.part(pair, Secrets::Taken, true),
            }
        }
    }

    fn pair(&mut self, name: &str, value: &str) {
        let written = link::unescaped(name);
        let read = written.to_ascii_lowercase();
        let named = NAMES.iter().find(|(held, _)| *held == read).map(|(_, kind)| *kind);
        let kind = named.or_else(|| word::is_secret_name(&written).then_some(Personal::Secret));
        let opaque = read.starts_with("utm_") || read == link::DEFAULT_CODE_PARAM;
        self.part(name, Secrets::Taken, true);
        self.text.push('=');
        match kind {
            Some(kind) if !value.is_empty() && value != kind.mark() => self.mark(kind),
            Some(_) => self.text.push_str(value),
            None => self.part(value, if opaque { Secrets::Left } else { Secrets::Taken }, true),
        }
    }

    fn mark(&mut self, kind: Personal) {
        self.found.note(kind);
        self.text.push_str(kind.mark());
    }

    /// One part: as it stands, unless something is found in what it reads.
    fn part(&mut self, part: &str, secrets: Secrets, in_query: bool) {
        let Some(read) = decoded(part) else { return self.mark(Personal::Secret) };
        let mut left = super::scrub(&read, secrets);
        // A plus sign is a space to those who read forms, and itself to those who wrote a phone number.
        let spaced = part.replace('+', " ");
        let spaced = decoded(&spaced).filter(|_| in_query && part.contains('+')).unwrap_or_default();
        let in_form = super::scrub(&spaced, secrets);
        if !in_form.found.is_empty() {
            left = in_form;
        }
        if left.found.is_empty() {
            return self.text.push_str(part);
        }
        self.found.add(left.found);
        for piece in left.text.split_inclusive(['(', ')']) {
            // Marks stay legible: parentheses need no encoding in any part of a link (RFC 3986 section 2.2).
            let plain = piece.trim_end_matches(['(', ')']);
            link::encode_into(plain, &mut self.text);
            self.text.push_str(&piece[plain.len()..]);
        }
    }
}

/// A part as it reads; none if it is encoded too often.
fn decoded(part: &str) -> Option<Cow<'_, str>> {
    let mut read = Cow::Borrowed(part);
    for _ in 0..MOST_DECODINGS {
        if read.contains('%') {
            read = Cow::Owned(link::unescaped(&read));
        }
    }
    (!read.contains('%') || link::unescaped(&read) == *read).then_some(read)
}
