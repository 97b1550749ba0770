//! Links that must not be touched and values that must not be written: the rules as data.

use super::split::NameFilter;

/// One name that signature schemes put into a query.
struct SignName {
    name: &'static str,
    bit: u32,
}

const fn sign(name: &'static str, bit: u32) -> SignName {
    SignName { name, bit }
}

/// Names of signature schemes, in ASCII lower case. Several spellings may share a bit.
///
/// 2026-11, from the vendors' documents: AWS SigV4 and SigV2, CloudFront, Google Cloud Storage, Azure SAS,
/// Alibaba OSS, Tencent COS, Bunny CDN, nginx `secure_link`, Meta CDN, Laravel and Symfony signed routes,
/// Shopify app proxies.
const SIGN_NAMES: [SignName; 25] = [
    sign("x-amz-signature", 0),
    sign("x-amz-credential", 1),
    sign("x-amz-algorithm", 1),
    sign("x-goog-signature", 2),
    sign("x-goog-credential", 3),
    sign("x-goog-algorithm", 3),
    sign("signature", 4),
    sign("expires", 5),
    sign("key-pair-id", 6),
    sign("awsaccesskeyid", 7),
    sign("googleaccessid", 7),
    sign("ossaccesskeyid", 7),
    sign("sig", 8),
    sign("se", 9),
    sign("sv", 9),
    sign("token", 10),
    sign("hmac", 11),
    sign("timestamp", 12),
    sign("md5", 13),
    sign("oh", 14),
    sign("oe", 15),
    sign("q-signature", 16),
    sign("q-ak", 17),
    sign("x-oss-signature", 18),
    sign("x-oss-credential", 19),
];

/// Sets of bits that together say that the query is signed; never one name alone.
const SIGNED: [u32; 17] = [
    both(0, 1),
    both(2, 3),
    both(4, 5),
    both(4, 6),
    both(4, 7),
    both(4, 12),
    both(8, 5),
    both(8, 9),
    both(10, 5),
    both(11, 5),
    both(11, 12),
    both(13, 5),
    both(14, 15),
    both(16, 17),
    both(18, 19),
    both(0, 5),
    both(2, 5),
];

const fn both(a: u32, b: u32) -> u32 {
    1 << a | 1 << b
}

static SIGN_FILTER: NameFilter = {
    let mut filter = NameFilter::new();
    let mut at = 0;
    while at < SIGN_NAMES.len() {
        filter = filter.with(SIGN_NAMES[at].name);
        at += 1;
    }
    filter
};

/// The bit of one parameter name, 0 for names of no scheme.
pub(super) fn sign_bit(name: &str) -> u32 {
    if !SIGN_FILTER.may_have(name) {
        return 0;
    }
    SIGN_NAMES.iter().find(|known| known.name.eq_ignore_ascii_case(name)).map_or(0, |known| 1 << known.bit)
}

/// Whether the collected bits of a query make a signature.
pub(super) fn is_signed(bits: u32) -> bool {
    bits != 0 && SIGNED.iter().any(|rule| bits & rule == *rule)
}

/// Marks of a placeholder that is filled in later, anywhere in a link.
const TEMPLATE_ANYWHERE: [&str; 4] = ["{{", "{%", "${", "<%"];
/// Marks that mean a placeholder before the query; in a query they are advertisers' macros.
const TEMPLATE_IN_HEAD: [&str; 4] = ["{", "*|", "[[", "<"];

/// What a link's bytes give away at one glance.
#[derive(Clone, Copy)]
pub(super) struct Glance(u8);

impl Glance {
    const CONTROL: u8 = 1;
    const TEMPLATE: u8 = 2;
    /// May be part of a placeholder before the query.
    const HEAD_MARK: u8 = 4;

    /// Looks at all bytes, sixteen side by side: written so that the compiler makes vectors of it.
    pub fn of(link: &str) -> Self {
        let bytes = link.as_bytes();
        let Some(last) = bytes.last_chunk::<16>() else {
            return Self(bytes.iter().fold(0, |all, byte| all | Self::of_byte(*byte)));
        };
        let mut seen = [0; 16];
        // The last chunk overlaps the one before; seeing a byte twice changes nothing.
        for chunk in bytes.as_chunks::<16>().0.iter().chain([last]) {
            for at in 0..16 {
                seen[at] |= Self::of_byte(chunk[at]);
            }
        }
        Self(seen.iter().fold(0, |all, lane| all | lane))
    }

    /// The marks of one byte, without a branch.
    #[inline]
    fn of_byte(byte: u8) -> u8 {
        let is = |mark: u8| u8::from(byte == mark);
        let control = u8::from(byte < b' ') | is(0x7F);
        let template = is(b'{') | is(b'<');
        let in_head = is(b'[') | is(b'*') | is(b'%');
        (control * Self::CONTROL) | (template * Self::TEMPLATE) | (in_head * Self::HEAD_MARK)
    }

    /// A C0 control character or DEL is inside, such as a line break.
    pub fn has_control(self) -> bool {
        self.0 & Self::CONTROL != 0
    }

    /// Whether `link` (with `head` before its query) holds a placeholder.
    pub fn is_template(self, link: &str, head: &str) -> bool {
        if self.0 == 0 {
            return false;
        }
        if Self::of(head).0 != 0 {
            let has_macro = head.split_once("%%").is_some_and(|(_, rest)| rest.contains("%%"));
            if has_macro || TEMPLATE_IN_HEAD.iter().any(|mark| head.contains(mark)) {
                return true;
            }
        }
        self.0 & Self::TEMPLATE != 0 && TEMPLATE_ANYWHERE.iter().any(|mark| link.contains(mark))
    }
}

/// Whether a value looks like a mail address or an international phone number.
///
/// Google forbids both in tags (help 6366371). A phone number is a `+` and 9 or more digits, spaces, hyphens,
/// dots and brackets between them; a number without `+` may be a product number and passes.
pub(super) fn is_personal(value: &str) -> bool {
    let decoded = super::escape::decode(value).text;
    [value, &decoded].into_iter().any(|text| has_mail(text) || has_phone(text))
}

fn has_mail(text: &str) -> bool {
    text.match_indices('@').any(|(at, _)| {
        let before =
            text[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || "_-+.".contains(c));
        let domain: &str =
            text[at + 1..].split(|c: char| !c.is_alphanumeric() && c != '.' && c != '-').next().unwrap_or("");
        let dotted =
            domain.rsplit_once('.').is_some_and(|(host, top)| !host.is_empty() && top.chars().count() >= 2);
        before && dotted
    })
}

fn has_phone(text: &str) -> bool {
    text.match_indices('+').any(|(at, _)| {
        let mut digits = 0;
        for byte in text[at + 1..].bytes() {
            match byte {
                b'0'..=b'9' => digits += 1,
                b' ' | b'-' | b'.' | b'(' | b')' => {}
                _ => break,
            }
        }
        digits >= 9
    })
}
