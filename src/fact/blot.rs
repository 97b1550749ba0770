//! Text fields of facts: which of them hold an identifier that is to be erased, and the facts without them.
//!
//! The fields to take out of a fact are remembered by its id, so that the same fact told again is the same without
//! them.

use std::borrow::Cow;

use crate::event::{Kind, RefundLine};
use crate::event::{KindRef, ProductsRef};
use crate::fact::content::Content;
use crate::fact::door::{Screen, WITHHELD};
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
/// hexadecimal digits and in base64.
pub(crate) struct Seeker {
    screen: Screen,
    /// In lower case.
    hex: Vec<String>,
    base64: Vec<String>,
}

/// From how many bytes on an identifier that is no address and no number is known by its text alone.
const SHORTEST_TELLING: usize = 8;

impl Seeker {
    /// None if none of the identifiers is known by its text alone: addresses and phone numbers are, and whatever has
    /// eight bytes or more and is no mere number.
    pub(crate) fn new<'i>(identifiers: impl Iterator<Item = &'i Identifier>) -> Option<Self> {
        let telling = |identifier: &&Identifier| {
            let text = identifier.as_str();
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            match identifier.kind() {
                IdKind::Email => text.len() >= 4,
                IdKind::Phone => digits >= 7,
                _ => text.len() >= SHORTEST_TELLING && digits < text.len(),
            }
        };
        let mut seeker = Self { screen: Screen::default(), hex: Vec::new(), base64: Vec::new() };
        for identifier in identifiers.filter(|identifier| !identifier.is_junk()).filter(telling) {
            let text = identifier.as_str();
            seeker.screen.seek(identifier.kind(), text);
            seeker.hex.push(text.bytes().map(|byte| format!("{byte:02x}")).collect());
            seeker.base64.extend((0..3).map(|offset| base64(text.as_bytes(), offset)));
        }
        (!seeker.hex.is_empty()).then_some(seeker)
    }

    pub(crate) fn holds(&self, text: &str) -> bool {
        if self.screen.holds_identifier(text) {
            return true;
        }
        let shortest = self.hex.iter().chain(&self.base64).map(String::len).min().unwrap_or(usize::MAX);
        if text.len() < shortest {
            return false;
        }
        let folded = text.to_ascii_lowercase();
        let plain = text.replace('-', "+").replace('_', "/");
        self.hex.iter().any(|hex| folded.contains(&**hex))
            || self.base64.iter().any(|coded| plain.contains(&**coded))
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

/// The characters of base64 that a text always has so many bytes after a multiple of three, without those that its
/// neighbours have a part in.
fn base64(text: &[u8], offset: usize) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coded_text_is_found_wherever_it_stands_in_what_was_coded() {
        // "ada@example.com", "xada@example.com" and "xxada@example.com" coded, without their ends.
        assert_eq!(base64(b"ada@example.com", 0), "YWRhQGV4YW1wbGUuY29t");
        assert!("eGFkYUBleGFtcGxlLmNvbQ".contains(&base64(b"ada@example.com", 1)));
        assert!("eHhhZGFAZXhhbXBsZS5jb20".contains(&base64(b"ada@example.com", 2)));
        let email = Identifier::new(IdKind::Email, "Ada@Example.com");
        let seeker = Seeker::new([&email].into_iter()).unwrap();
        for text in [
            "for ADA@example.COM!",
            "ada%40example%2Ecom",
            "6164614065786D706C652E636F6D616461406578616d706c652e636f6d",
            "t=eHhhZGFAZXhhbXBsZS5jb20&u=1",
        ] {
            assert!(seeker.holds(text), "{text}");
        }
        for text in ["ada at example.com", "bob@example.com", "YWRhQGV4YW1wbGUuY29", ""] {
            assert!(!seeker.holds(text), "{text}");
        }
    }

    #[test]
    fn short_ids_and_mere_numbers_are_not_looked_for_in_what_others_say() {
        let of = |kind, text: &str| Seeker::new([&Identifier::new(kind, text)].into_iter()).is_some();
        assert!(
            of(IdKind::Phone, "+4930123456")
                && of(IdKind::Visitor, "visitor-100")
                && of(IdKind::Email, "a@b.c")
        );
        assert!(
            !of(IdKind::Customer, "1001") && !of(IdKind::Customer, "123456789") && !of(IdKind::Visitor, "v9")
        );
        assert!(!of(IdKind::Visitor, "undefined") && !of(IdKind::Phone, "112"));
    }
}
