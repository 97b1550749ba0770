//! What facts say, from bytes; whatever the door would not have let in is refused.

use std::io::Read;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::error::Result;
use crate::event::{
    AddToCart, CheckoutStarted, ClaimWithdrawn, Consent, CustomerMerged, DiscountOffer, DiscountRequest,
    Feedback, Goal, Identify, Kind, LinkClick, LinkShared, Order, OrderLine, OrderRefund, OrderStatus,
    Products, Purpose, Query, Recommendation, Refund, RefundLine, RemoveFromCart, Visit,
};
use crate::fact::snapshot::frame::Source;
use crate::fact::{LeftOut, Limits, WITHHELD};
use crate::id::{IdKind, Identifier};
use crate::money::{Currency, Money};
use crate::text::{Code, Label, OrderId, ProductId};
use crate::time::Instant;

/// A text that is longer than the limits allow.
const TOO_LONG: &str = "a text is too long";
const TOO_MANY: &str = "a list is too long";
const NO_SUCH: &str = "a number stands for nothing";
const NO_UTF8: &str = "a text is not UTF-8";

/// Takes facts apart.
pub(super) struct Decoder<R> {
    pub(super) source: Source<R>,
    pub(super) limits: Limits,
    words: Vec<Arc<str>>,
    /// Which of them were named.
    used: Vec<bool>,
}

impl<R: Read> Decoder<R> {
    pub(super) fn new(source: Source<R>, limits: Limits) -> Self {
        Self { source, limits, words: Vec::new(), used: Vec::new() }
    }

    /// Reads all texts: each later than the one before, and sharing all that it can with it.
    pub(super) fn texts(&mut self) -> Result<()> {
        let longest = self.limits.text_bytes.max(self.limits.question_bytes).max(WITHHELD.len());
        let mut text: Vec<u8> = Vec::new();
        while !self.source.is_done()? {
            let same = self.source.up_to(text.len(), "a text repeats more than there is")?;
            let more = self.source.within(longest - same.min(longest), TOO_LONG)?;
            let end = self.source.take(more)?;
            let in_order = match (text.get(same), end.first()) {
                (Some(before), Some(now)) => now > before,
                (None, Some(_)) => true,
                (_, None) => self.words.is_empty(),
            };
            text.truncate(same);
            text.extend_from_slice(end);
            if !in_order {
                return Err(self.source.damaged("texts are not in order"));
            }
            match std::str::from_utf8(&text) {
                Ok(text) => self.words.push(Arc::from(text)),
                Err(_) => return Err(self.source.damaged(NO_UTF8)),
            }
        }
        self.used = vec![false; self.words.len()];
        Ok(())
    }

    /// Lets go of the texts, once all are named.
    pub(super) fn finish(self) -> Result<Source<R>> {
        if self.used.iter().all(|used| *used) {
            Ok(self.source)
        } else {
            Err(self.source.damaged("a text is named by nothing"))
        }
    }

    fn word(&mut self) -> Result<Arc<str>> {
        let place = self.source.number()?;
        self.word_at(place)
    }

    fn word_at(&mut self, place: u64) -> Result<Arc<str>> {
        match usize::try_from(place).ok().and_then(|place| Some((place, self.words.get(place)?))) {
            Some((place, word)) => {
                self.used[place] = true;
                Ok(word.clone())
            }
            None => Err(self.source.damaged(NO_SUCH)),
        }
    }

    fn maybe<T: From<Arc<str>>>(&mut self) -> Result<Option<T>> {
        match self.source.number()? {
            0 => Ok(None),
            place => Ok(Some(T::from(self.word_at(place - 1)?))),
        }
    }

    /// A label that may be missing, within the limits.
    pub(super) fn label<T: From<Arc<str>> + AsRef<str>>(&mut self) -> Result<Option<T>> {
        let label: Option<T> = self.maybe()?;
        match &label {
            Some(text) if text.as_ref().len() > self.limits.text_bytes => {
                Err(self.source.beyond_limits(TOO_LONG))
            }
            _ => Ok(label),
        }
    }

    fn product(&mut self) -> Result<ProductId> {
        let text = self.word()?;
        if text.len() > self.limits.text_bytes && &*text != WITHHELD {
            return Err(self.source.beyond_limits(TOO_LONG));
        }
        Ok(ProductId::from(text))
    }

    fn list<T>(&mut self, most: usize, mut each: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let count = self.source.within(most, TOO_MANY)?;
        let mut list = Vec::with_capacity(count.min(16));
        for _ in 0..count {
            list.push(each(self)?);
        }
        Ok(list)
    }

    pub(super) fn flag(&mut self) -> Result<bool> {
        match self.source.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.source.damaged(NO_SUCH)),
        }
    }

    pub(super) fn one_of<T: Copy>(&mut self, all: &[T]) -> Result<T> {
        let place = self.source.byte()?;
        all.get(usize::from(place)).copied().ok_or_else(|| self.source.damaged(NO_SUCH))
    }

    pub(super) fn id_kind(&mut self) -> Result<IdKind> {
        self.one_of(&IdKind::ALL)
    }

    fn currency(&mut self) -> Result<Currency> {
        let mut code = [0; 3];
        code.copy_from_slice(self.source.take(3)?);
        let known = std::str::from_utf8(&code).ok().and_then(|code| code.parse::<Currency>().ok());
        let known = known.filter(|currency| currency.code().as_bytes() == code);
        known.ok_or_else(|| self.source.damaged("a currency is not known"))
    }

    fn amount(&mut self, currency: Currency) -> Result<Money> {
        match i64::try_from(self.source.number()?) {
            Ok(minor) => Ok(Money::new(minor, currency)),
            Err(_) => Err(self.source.damaged("an amount is too large")),
        }
    }

    pub(super) fn money(&mut self) -> Result<Option<Money>> {
        if !self.flag()? {
            return Ok(None);
        }
        let currency = self.currency()?;
        self.amount(currency).map(Some)
    }

    fn quantity(&mut self) -> Result<u32> {
        Ok(self.source.up_to(u32::MAX as usize, "a quantity is too large")? as u32)
    }

    /// An id within the limits; a pseudonym of so many bytes where ids are pseudonyms.
    pub(super) fn id<T: for<'t> From<&'t str>>(&mut self, bytes: usize, may_be_empty: bool) -> Result<T> {
        if self.limits.hash_ids {
            let id = self.source.take(bytes)?;
            let mut text = String::with_capacity(2 * bytes);
            for byte in id {
                let digit = |digit: u8| char::from_digit(u32::from(digit), 16).unwrap_or_default();
                text.extend([digit(byte >> 4), digit(byte & 0xf)]);
            }
            return Ok(T::from(&text));
        }
        let count = self.source.within(self.limits.text_bytes, TOO_LONG)?;
        if count == 0 && !may_be_empty {
            return Err(self.source.damaged("an id is empty"));
        }
        match std::str::from_utf8(self.source.take(count)?) {
            Ok(text) => Ok(T::from(text)),
            Err(_) => Err(self.source.damaged(NO_UTF8)),
        }
    }

    /// An instant by itself.
    pub(super) fn instant(&mut self) -> Result<Instant> {
        let (seconds, nanos) = self.signed_time()?;
        self.instant_of(seconds, nanos)
    }

    pub(super) fn signed_time(&mut self) -> Result<(i64, u32)> {
        let (seconds, nanos) = self.time()?;
        Ok((unzigzag(seconds), nanos))
    }

    pub(super) fn instant_of(&self, seconds: i64, nanos: u32) -> Result<Instant> {
        Instant::from_parts(seconds, nanos).ok_or_else(|| self.source.damaged("an instant is out of range"))
    }

    /// Seconds and nanoseconds, in their shortest form.
    pub(super) fn time(&mut self) -> Result<(u64, u32)> {
        let number = self.source.number()?;
        let seconds = number >> 2;
        let nanos_of_unit = match number & 3 {
            0 => return Ok((seconds, 0)),
            1 => 1_000_000,
            2 => 1_000,
            _ => 1,
        };
        let rest = self.source.up_to(999_999_999, "a fraction of a second is a second or more")? as u32;
        let shortest = !rest.is_multiple_of(1_000) || (nanos_of_unit == 1_000_000 && rest > 0);
        match rest.checked_mul(nanos_of_unit).filter(|nanos| *nanos < 1_000_000_000) {
            Some(nanos) if shortest => Ok((seconds, nanos)),
            _ => Err(self.source.damaged("an instant is not in its shortest form")),
        }
    }

    /// Placeholders, and fields that were left out.
    pub(super) fn counts(&mut self) -> Result<(u8, LeftOut)> {
        let (junk, reasons) = (self.source.byte()?, self.source.byte()?);
        let mut counts = LeftOut::default().counts();
        let mut next = 0;
        for _ in 0..reasons {
            let (reason, count) = (self.source.byte()?, self.source.byte()?);
            if reason < next || count == 0 || usize::from(reason) >= counts.len() {
                return Err(self.source.damaged(NO_SUCH));
            }
            counts[usize::from(reason)] = count;
            next = reason + 1;
        }
        Ok((junk, LeftOut::of_counts(counts)))
    }

    /// What a fact says that is no order and no refund.
    pub(super) fn kind(&mut self, rank: u8) -> Result<Kind> {
        let products = |own: &mut Self| own.list(own.limits.values, Self::product).map(Products::from);
        Ok(match rank {
            0 => {
                let (purpose, granted) = (self.one_of(&Purpose::ALL)?, self.flag()?);
                Kind::Consent(Consent { purpose, granted })
            }
            1 => Kind::Identify(Identify {}),
            2 => {
                let blank = || Identifier::new(IdKind::Customer, "");
                Kind::CustomerMerged(CustomerMerged { from: blank(), into: blank() })
            }
            3 => {
                let (one, other) = (self.id_kind()?, self.id_kind()?);
                let blank = |kind| Identifier::new(kind, "");
                Kind::ClaimWithdrawn(ClaimWithdrawn { one: blank(one), other: blank(other) })
            }
            4 => Kind::Visit(Visit { url: None, referrer: None, code: self.maybe()? }),
            5 => Kind::Query(Box::new(Query {
                text: self.maybe()?,
                query: self.maybe()?,
                topic: self.maybe()?,
                intent: self.maybe()?,
                flow: self.maybe()?,
                product_type: self.maybe()?,
                language: self.maybe()?,
                products: products(self)?,
                cost: self.money()?,
                privacy: None,
            })),
            6 => Kind::Recommendation(Recommendation { products: products(self)? }),
            7 => {
                let url = Label::from("");
                Kind::LinkShared(LinkShared { url, code: self.maybe()?, product: self.maybe()? })
            }
            8 => Kind::DiscountRequest(DiscountRequest { discount_code: self.maybe()? }),
            9 => Kind::DiscountOffer(DiscountOffer { discount_code: self.maybe()? }),
            10 => Kind::LinkClick(LinkClick { url: None, code: self.maybe()?, product: self.maybe()? }),
            11 => {
                let (product, quantity) = (self.product()?, self.quantity()?);
                Kind::AddToCart(AddToCart { product, quantity, price: self.money()? })
            }
            12 => {
                let (product, quantity) = (self.product()?, self.quantity()?);
                Kind::RemoveFromCart(RemoveFromCart { product, quantity, price: self.money()? })
            }
            13 => Kind::CheckoutStarted(CheckoutStarted {}),
            14 => Kind::Feedback(Feedback { helpful: self.flag()? }),
            15 => Kind::Goal(Goal { goal: Label::from(self.word()?), value: self.money()? }),
            _ => return Err(self.source.damaged("a kind of event is not known")),
        })
    }

    /// An order, but for its id.
    pub(super) fn order(&mut self, order: OrderId) -> Result<Order> {
        let currency = self.currency()?;
        let total = self.amount(currency)?;
        let status = self.one_of(&OrderStatus::ALL)?;
        let updated_at = if self.flag()? { Some(self.instant()?.utc()) } else { None };
        let most = self.limits.order_lines;
        let lines = self.list(most, |own| {
            let (product, product_type) = (own.product()?, own.label()?);
            Ok(OrderLine { product, product_type, quantity: own.quantity()?, total: own.amount(currency)? })
        })?;
        let (codes, discount_codes) = (self.codes(true)?, self.codes(false)?);
        let refunds: Vec<OrderRefund> = self.list(most, |own| {
            let (refund, amount) = (own.id(16, false)?, own.amount(currency)?);
            Ok(OrderRefund { refund, amount, lines: own.refund_lines(currency)? })
        })?;
        if refunds.iter().map(|refund| refund.lines.len()).sum::<usize>() > most {
            return Err(self.source.beyond_limits(TOO_MANY));
        }
        let (url, referrer) = (None, None);
        Ok(Order { order, total, updated_at, status, lines, codes, discount_codes, refunds, url, referrer })
    }

    /// Codes of an order, each once; those of links in the form in which they are compared.
    fn codes(&mut self, of_links: bool) -> Result<Vec<Code>> {
        let codes: Vec<Code> = self.list(self.limits.values, |own| {
            let code: Arc<str> = own.word()?;
            let plain =
                code.trim().len() == code.len() && !code.bytes().any(|byte| byte.is_ascii_uppercase());
            if code.len() > own.limits.text_bytes || (of_links && !plain) {
                return Err(own.source.damaged("a code is not as it would be kept"));
            }
            Ok(Code::from(code))
        })?;
        let in_order = codes.windows(2).all(|pair| pair[0] < pair[1]);
        if in_order { Ok(codes) } else { Err(self.source.damaged("codes are not in order")) }
    }

    pub(super) fn refund(&mut self, order: OrderId) -> Result<Refund> {
        let refund = self.id(16, false)?;
        let currency = self.currency()?;
        let amount = self.amount(currency)?;
        Ok(Refund { refund, order, amount, lines: self.refund_lines(currency)? })
    }

    fn refund_lines(&mut self, currency: Currency) -> Result<Vec<RefundLine>> {
        self.list(self.limits.order_lines, |own| {
            Ok(RefundLine { product: own.product()?, amount: own.amount(currency)? })
        })
    }

    /// An instant as facts about orders have it.
    pub(super) fn utc(&mut self) -> Result<DateTime<Utc>> {
        Ok(self.instant()?.utc())
    }
}

/// Back from 0, -1, 1, -2, ...
fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}
