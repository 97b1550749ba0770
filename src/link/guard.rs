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

/// What each byte gives away.
static GLANCES: [u8; 256] = {
    let mut glances = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        glances[byte] = match byte as u8 {
            0..b' ' | 0x7F => Glance::CONTROL,
            b'{' | b'<' => Glance::TEMPLATE,
            b'[' | b'*' | b'%' => Glance::HEAD_MARK,
            _ => 0,
        };
        byte += 1;
    }
    glances
};

/// What a link's bytes give away at one glance.
#[derive(Clone, Copy)]
pub(super) struct Glance(u8);

impl Glance {
    const CONTROL: u8 = 1;
    const TEMPLATE: u8 = 2;
    /// May be part of a placeholder before the query.
    const HEAD_MARK: u8 = 4;

    /// Looks at all bytes once, by table: no branch, whatever the bytes.
    pub fn of(link: &str) -> Self {
        Self(link.bytes().fold(0, |seen, b| seen | GLANCES[usize::from(b)]))
    }

    /// A C0 control character or DEL is inside, such as a line break.
    pub fn has_control(self) -> bool {
        self.0 & Self::CONTROL != 0
    }

    /// Whether a link holds a placeholder, from glances at what stands before its query and behind.
    pub fn is_template(head_glance: Self, rest_glance: Self, head: &str, link: &str) -> bool {
        if head_glance.0 & (Self::TEMPLATE | Self::HEAD_MARK) != 0 {
            let has_macro = head.split_once("%%").is_some_and(|(_, rest)| rest.contains("%%"));
            if has_macro || TEMPLATE_IN_HEAD.iter().any(|mark| head.contains(mark)) {
                return true;
            }
        }
        rest_glance.0 & Self::TEMPLATE != 0 && TEMPLATE_ANYWHERE.iter().any(|mark| link.contains(mark))
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
