//! Text fields of facts: which of them hold an identifier that is to be erased, and the facts without them.
//!
//! The fields to take out of a fact are remembered by its id, so that the same fact told again is the same without
//! them.

use std::borrow::Cow;

use crate::event::{Kind, RefundLine};
use crate::event::{KindRef, ProductsRef};
use crate::fact::content::Content;
use crate::fact::door::{Edges, SHORTEST_SOUGHT, Screen, WITHHELD, decodings};
use crate::fact::{Fact, LeftOut};
use crate::id::{IdKind, Identifier};
use crate::reason::FieldReason;
use crate::text::{Code, EventId, Label, ProductId};

/// Bits of [`Blot::fields`](crate::fact::Blot).
pub(crate) const CHANNEL: u16 = 1;
const TURN: u16 = 1 << 1;
const TEXT: u16 = 1 << 2;
const QUERY: u16 = 1 << 3;
const TOPIC: u16 = 1 << 4;
const INTENT: u16 = 1 << 5;
const FLOW: u16 = 1 << 6;
const PRODUCT_TYPE: u16 = 1 << 7;
const PRODUCT: u16 = 1 << 8;
const CODE: u16 = 1 << 9;
const GOAL: u16 = 1 << 10;
const LANGUAGE: u16 = 1 << 11;
/// The id itself, or that of a refund: nothing is left of the fact.
pub(crate) const WHOLE: u16 = 1 << 15;

/// Asked of each field with its bit and text: whether to take it out.
type Take<'t> = &'t mut dyn FnMut(u16, &str) -> bool;

/// Takes the fields of a mask out of a fact that becomes a row, and counts them.
pub(crate) fn blot_row(
    fields: u16,
    kind: &mut KindRef<'_>,
    channel: &mut Option<Cow<'_, str>>,
    turn: &mut Option<Cow<'_, str>>,
    left_out: &mut LeftOut,
) {
    if fields != 0 {
        let taken = take_row(kind, channel, turn, &mut |bit, _| fields & bit != 0);
        (0..taken).for_each(|_| left_out.note(FieldReason::IdentifierInField));
    }
}

/// Takes the fields of a mask out of any fact, and counts them in it.
pub(crate) fn blot(fields: u16, fact: &mut Fact) {
    if fields & !WHOLE == 0 {
        return;
    }
    let taken = take(fact, &mut |bit, _| fields & bit != 0);
    (0..taken).for_each(|_| fact.left_out.note(FieldReason::IdentifierInField));
}

fn take(fact: &mut Fact, each: Take<'_>) -> u8 {
    let mut channel = fact.channel.take().map(|channel| Cow::Owned(channel.as_str().to_owned()));
    let mut turn = fact.turn.take().map(|turn| Cow::Owned(turn.as_str().to_owned()));
    let taken = if let Kind::Order(_) | Kind::Refund(_) = fact.kind {
        [(CHANNEL, &mut channel), (TURN, &mut turn)]
            .into_iter()
            .map(|(bit, field)| maybe(bit, field, each))
            .sum::<u8>()
            .saturating_add(take_booked(&mut fact.kind, each))
    } else {
        let mut kind = KindRef::from(&fact.kind);
        let taken = take_row(&mut kind, &mut channel, &mut turn, each);
        fact.kind = Kind::from(kind);
        taken
    };
    fact.channel = channel.map(|channel| Label::from(&*channel));
    fact.turn = turn.map(|turn| EventId::from(&*turn));
    taken
}

fn take_row(
    kind: &mut KindRef<'_>,
    channel: &mut Option<Cow<'_, str>>,
    turn: &mut Option<Cow<'_, str>>,
    each: Take<'_>,
) -> u8 {
    let taken = maybe(CHANNEL, channel, each) + maybe(TURN, turn, each);
    taken.saturating_add(match kind {
        KindRef::Query(query) => {
            let labels = [
                (TEXT, &mut query.text),
                (QUERY, &mut query.query),
                (TOPIC, &mut query.topic),
                (INTENT, &mut query.intent),
                (FLOW, &mut query.flow),
                (PRODUCT_TYPE, &mut query.product_type),
                (LANGUAGE, &mut query.language),
            ];
            let taken: u8 = labels.into_iter().map(|(bit, label)| maybe(bit, label, each)).sum();
            taken.saturating_add(products(&mut query.products, each))
        }
        KindRef::Recommendation(other) => products(&mut other.products, each),
        KindRef::LinkShared(link) => {
            maybe(CODE, &mut link.code, each) + maybe(PRODUCT, &mut link.product, each)
        }
        KindRef::LinkClick(click) => {
            maybe(CODE, &mut click.code, each) + maybe(PRODUCT, &mut click.product, each)
        }
        KindRef::Visit(visit) => maybe(CODE, &mut visit.code, each),
        KindRef::DiscountRequest(request) => maybe(CODE, &mut request.discount_code, each),
        KindRef::DiscountOffer(offer) => maybe(CODE, &mut offer.discount_code, each),
        KindRef::AddToCart(item) => needed(PRODUCT, &mut item.product, each),
        KindRef::RemoveFromCart(item) => needed(PRODUCT, &mut item.product, each),
        KindRef::Goal(goal) => needed(GOAL, &mut goal.goal, each),
        KindRef::Consent(_)
        | KindRef::Identify(_)
        | KindRef::CustomerMerged(_)
        | KindRef::ClaimWithdrawn(_)
        | KindRef::CheckoutStarted(_)
        | KindRef::Feedback(_)
        | KindRef::Order(_)
        | KindRef::Refund(_) => 0,
    })
}

fn take_booked(kind: &mut Kind, each: Take<'_>) -> u8 {
    let mut taken = 0_u8;
    let mut product = |product: &mut ProductId, each: Take<'_>| {
        let mut text = Cow::Owned(product.as_str().to_owned());
        taken = taken.saturating_add(needed(PRODUCT, &mut text, each));
        *product = ProductId::from(&*text);
    };
    let mut refunded = |lines: &mut [RefundLine], each: Take<'_>| {
        lines.iter_mut().for_each(|line| product(&mut line.product, each));
    };
    match kind {
        Kind::Order(order) => {
            order.refunds.iter_mut().for_each(|refund| refunded(&mut refund.lines, each));
            order.lines.iter_mut().for_each(|line| product(&mut line.product, each));
            for line in &mut order.lines {
                let gone = line.product_type.as_ref().is_some_and(|text| each(PRODUCT_TYPE, text.as_str()));
                line.product_type.take_if(|_| gone);
                taken = taken.saturating_add(u8::from(gone));
            }
            for codes in [&mut order.codes, &mut order.discount_codes] {
                let before = codes.len();
                codes.retain(|code: &Code| !each(CODE, code.as_str()));
                taken = taken.saturating_add(u8::try_from(before - codes.len()).unwrap_or(u8::MAX));
            }
        }
        Kind::Refund(refund) => refunded(&mut refund.lines, each),
        _ => {}
    }
    taken
}

fn maybe(bit: u16, field: &mut Option<Cow<'_, str>>, each: Take<'_>) -> u8 {
    u8::from(field.take_if(|text| each(bit, text)).is_some())
}

fn needed(bit: u16, field: &mut Cow<'_, str>, each: Take<'_>) -> u8 {
    let gone = &**field != WITHHELD && each(bit, field);
    if gone {
        *field = Cow::Borrowed(WITHHELD);
    }
    u8::from(gone)
}

fn products(products: &mut ProductsRef<'_>, each: Take<'_>) -> u8 {
    let kept: Vec<String> =
        products.iter().filter(|product| !each(PRODUCT, product)).map(ToOwned::to_owned).collect();
    let taken = products.len() - kept.len();
    if taken > 0 {
        *products = kept.into_iter().collect();
    }
    u8::try_from(taken).unwrap_or(u8::MAX)
}

/// Looks for identifiers in the texts of facts that do not name them: as they stand, in any case, percent-coded, in
/// hexadecimal digits and in base64, and these one in the other; in UTF-16 too.
pub(crate) struct Seeker {
    screen: Screen,
    /// Bytes of the shortest of them.
    shortest: usize,
    /// Base64 in lower case, which is what is left of it in a link code.
    folded: Vec<String>,
}

/// From how many bytes on an identifier is looked for within words.
const SHORTEST_TELLING: usize = 8;

/// From how many digits on a mere number is looked for: shorter ones count everything in a shop.
const SHORTEST_NUMBER: usize = 10;

/// How many codings may lie on top of each other, percent signs aside.
const MOST_CODINGS: usize = 2;

impl Seeker {
    /// None if none of the identifiers is known by its text alone: mere numbers of less than ten digits, unless they
    /// are phone numbers of seven or more, and whatever has less than four bytes.
    pub(crate) fn new<'i>(identifiers: impl Iterator<Item = &'i Identifier>) -> Option<Self> {
        let (mut screen, mut folded) = (Screen::default(), Vec::new());
        for identifier in identifiers.filter(|identifier| !identifier.is_junk()) {
            let (kind, text) = (identifier.kind(), identifier.as_str());
            if let Some(edges) = edges(kind, text) {
                screen.seek_between(kind, text, edges);
                if text.len() >= SHORTEST_TELLING {
                    folded.extend((0..3).map(|offset| base64_folded(text.as_bytes(), offset)));
                }
            }
        }
        let shortest = screen.shortest()?;
        Some(Self { screen, shortest, folded })
    }

    pub(crate) fn holds(&self, text: &str) -> bool {
        // Lower case and decoding make no ASCII text longer.
        if text.is_ascii() && text.len() < self.shortest {
            return false;
        }
        self.reads(text) || decodings(text).any(|plain| self.reads(&plain))
    }

    /// Whether one stands in a text whose percent signs are decoded, plain or coded.
    fn reads(&self, text: &str) -> bool {
        let wide = text.contains('\0').then(|| text.replace('\0', ""));
        let text = wide.as_deref().unwrap_or(text);
        let folded = text.to_lowercase();
        self.screen.holds(folded.as_bytes())
            || self.in_folded_base64(&folded)
            || self.in_codes(text.as_bytes(), MOST_CODINGS)
    }

    fn in_folded_base64(&self, folded: &str) -> bool {
        if self.folded.iter().all(|coded| folded.len() < coded.len()) {
            return false;
        }
        let plain = folded.replace('-', "+").replace('_', "/");
        self.folded.iter().any(|coded| plain.contains(&**coded))
    }

    fn in_codes(&self, text: &[u8], codings: usize) -> bool {
        CODINGS.iter().any(|coding| {
            let runs = text.split(|byte| (coding.value)(*byte).is_none());
            runs.filter(|run| run.len() * coding.bits >= self.shortest * 8).any(|run| {
                let mut read = (0..coding.period).filter_map(|from| run.get(from..));
                read.any(|run| self.in_bytes(coding.decoded(run), codings - 1))
            })
        })
    }

    /// Whether one stands in bytes that were coded, plain or coded once more.
    fn in_bytes(&self, mut bytes: Vec<u8>, codings: usize) -> bool {
        // In UTF-16 every other byte of ASCII text is zero.
        bytes.retain(|byte| *byte != 0);
        if self.screen.holds(&bytes.to_ascii_lowercase()) {
            return true;
        }
        let legible = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
        let pieces = bytes.split(|byte| !legible(byte)).filter(|piece| piece.len() > self.shortest);
        codings > 0
            && pieces.filter_map(|piece| std::str::from_utf8(piece).ok()).any(|piece| {
                self.in_codes(piece.as_bytes(), codings)
                    || decodings(piece).any(|plain| {
                        self.screen.holds(plain.to_lowercase().as_bytes())
                            || self.in_codes(plain.as_bytes(), codings)
                    })
            })
    }

    /// Whether any text of a content holds one.
    pub(crate) fn in_content(&self, content: &Content) -> bool {
        let Content { kind, channel, .. } = content;
        let mut kind = KindRef::from(kind);
        let mut channel = channel.as_ref().map(|channel| Cow::Borrowed(channel.as_str()));
        let mut found = false;
        take_row(&mut kind, &mut channel, &mut None, &mut |_, text| {
            found |= self.holds(text);
            false
        });
        found
    }

    /// The fields of a fact that hold one; ids of events and turns that are pseudonyms hold none.
    pub(crate) fn fields(&self, fact: &Fact, hashed: bool) -> u16 {
        let mut fields = 0;
        let mut copy = fact.clone();
        if hashed {
            copy.turn = None;
        }
        take(&mut copy, &mut |bit, text| {
            fields |= if self.holds(text) { bit } else { 0 };
            false
        });
        if !hashed && self.holds(fact.id.as_str()) {
            fields |= WHOLE;
        }
        fields
    }

    /// Whether an order's id, or that of a refund, holds one.
    pub(crate) fn in_ids(&self, fact: &Fact) -> bool {
        match &fact.kind {
            Kind::Order(order) => {
                let refunds = order.refunds.iter().map(|refund| refund.refund.as_str());
                refunds.chain([order.order.as_str()]).any(|id| self.holds(id))
            }
            Kind::Refund(refund) => self.holds(refund.order.as_str()) || self.holds(refund.refund.as_str()),
            _ => false,
        }
    }
}

/// What must not touch an identifier for it to be meant; none if it is not known by its text alone.
fn edges(kind: IdKind, text: &str) -> Option<Edges> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    match kind {
        _ if text.len() < SHORTEST_SOUGHT => None,
        IdKind::Email => Some(Edges::Free),
        IdKind::Phone => (digits >= 7).then_some(Edges::Free),
        _ if digits == text.len() => (digits >= SHORTEST_NUMBER).then_some(Edges::Number),
        _ if text.len() < SHORTEST_TELLING => Some(Edges::Word),
        _ => Some(Edges::Free),
    }
}

/// A way to write bytes in characters that stand for some bits each.
struct Coding {
    bits: usize,
    /// After how many characters a byte begins with a character again.
    period: usize,
    value: fn(u8) -> Option<u8>,
}

/// Hexadecimal digits, and base64 with either pair of signs (RFC 4648 sections 4, 5 and 8).
const CODINGS: [Coding; 2] = [
    Coding { bits: 4, period: 2, value: |byte| char::from(byte).to_digit(16).map(|digit| digit as u8) },
    Coding { bits: 6, period: 4, value: base64_digit },
];

fn base64_digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// The characters of base64, in lower case, that a text always has so many bytes after a multiple of three, without
/// those that its neighbours have a part in.
fn base64_folded(text: &[u8], offset: usize) -> String {
    const DIGITS: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = |bit: usize| {
        (bit / 8).checked_sub(offset).and_then(|place| text.get(place)).map(|byte| byte >> (7 - bit % 8) & 1)
    };
    let first = (offset * 8).div_ceil(6);
    let last = (offset + text.len()) * 8 / 6;
    let digit = |place: usize| {
        let value = (0..6).fold(0, |value, bit| value << 1 | bits(place * 6 + bit).unwrap_or(0));
        char::from(DIGITS[usize::from(value)])
    };
    (first..last).map(digit).collect()
}

impl Coding {
    /// The whole bytes in a run of its characters.
    fn decoded(&self, run: &[u8]) -> Vec<u8> {
        let (mut bytes, mut held, mut count) = (Vec::with_capacity(run.len() * self.bits / 8), 0_u32, 0);
        for value in run.iter().filter_map(|byte| (self.value)(*byte)) {
            held = held << self.bits | u32::from(value);
            count += self.bits;
            if count >= 8 {
                count -= 8;
                bytes.push((held >> count) as u8);
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeker(kind: IdKind, text: &str) -> Option<Seeker> {
        Seeker::new([&Identifier::new(kind, text)].into_iter())
    }

    #[track_caller]
    fn assert_finds(kind: IdKind, identifier: &str, texts: &[&str], others: &[&str]) {
        let seeker = seeker(kind, identifier).unwrap();
        texts.iter().for_each(|text| assert!(seeker.holds(text), "{identifier} in {text}"));
        others.iter().for_each(|text| assert!(!seeker.holds(text), "{identifier} in {text}"));
    }

    #[test]
    fn a_coded_text_is_found_wherever_it_stands_in_what_was_coded() {
        // Coded alone and behind one or two bytes; Ada@Example.com; with signs for links; within itself; in UTF-16.
        assert_finds(
            IdKind::Email,
            "Ada@Example.com",
            &[
                "for ADA@example.COM!",
                "ada%40example%2Ecom",
                "%41%44%41%40EXAMPLE.com",
                "ada%2540example.com",
                "6164614065786D706C652E636F6D616461406578616d706c652e636f6d",
                "x5416461404578616D706C652E636F6Dx",
                "YWRhQGV4YW1wbGUuY29t",
                "QWRhQEV4YW1wbGUuY29t",
                "t=eGFkYUBleGFtcGxlLmNvbQ",
                "t=eHhhZGFAZXhhbXBsZS5jb20&u=1",
                "idYWRhQGV4YW1wbGUuY29t-_",
                "YWRhJTQwZXhhbXBsZS5jb20",
                "WVdSaFFHVjRZVzF3YkdVdVkyOXQ",
                "5957526851475634595731776247557559323974",
                "YWRhQGV4YW1wbGUuY29t%3D%3D",
                "%59%57%52%68QGV4YW1wbGUuY29t",
                "YQBkAGEAQABlAHgAYQBtAHAAbABlAC4AYwBvAG0A",
                "a\0d\0a\0@\0e\0x\0a\0m\0p\0l\0e\0.\0c\0o\0m\0",
                "%61%00da%40example.com",
                "ywrhqgv4yw1wbguuy29t",
                "ehhhzgfazxhhbxbszs5jb20",
            ],
            &["ada at example.com", "bob@example.com", "YWRhQGV4YW1wbGUuY29", "", "%", "%2540"],
        );
        assert_finds(IdKind::Visitor, "AbC-9xZ_77", &["%41%62%43-9xz_77", "QWJDLTl4Wl83Nw"], &["abc-9xz_7"]);
    }

    #[test]
    fn short_ids_are_words_and_short_numbers_are_nothing() {
        assert_finds(
            IdKind::Customer,
            "k4x9",
            &["k4x9", "for K4X9!", "see:k4x9,", "%6b4x9", "a3R4OSBrNHg5", "6b347839", "\u{201c}k4x9\u{201d}"],
            &["k4x", "ak4x9", "k4x99", "k4x8"],
        );
        assert_finds(
            IdKind::Customer,
            "7012345678901",
            &["of 7012345678901", "id7012345678901x"],
            &["70123456789012", "17012345678901"],
        );
        let of = |kind, text: &str| seeker(kind, text).is_some();
        assert!(of(IdKind::Phone, "+4930123456") && of(IdKind::Email, "a@b.c"));
        assert!(!of(IdKind::Customer, "1001") && !of(IdKind::Customer, "123456789"));
        assert!(!of(IdKind::Visitor, "v9") && !of(IdKind::Visitor, "undefined") && !of(IdKind::Phone, "112"));
    }
}
