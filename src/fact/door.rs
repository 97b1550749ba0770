//! The door: bounds, pseudonyms, and nothing personal in labels.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::event::{Event, Kind, LinkShared, Order, Query, RefundLine};
use crate::fact::{Fact, Known, Limits};
use crate::id::{IdKind, Identifier, Identifiers, Key, siphash128};
use crate::link;
use crate::link::channel::classify;
use crate::money::Money;
use crate::reason::DropReason;
use crate::text::{Code, EventId, Label, OrderId, ProductId, RefundId};
use crate::time::without_leap;

/// Identifiers shorter than this are not looked for in labels: they would be found by chance.
const SHORTEST_SOUGHT: usize = 4;

/// Digits from which on a phone number is sought however it is spaced.
const SHORTEST_PHONE: usize = 7;

/// What a product of an order line reads when its own text contained an identifier.
const WITHHELD: &str = "(withheld)";

/// Domains of the hash, apart from those of identifiers.
const EVENT_DOMAIN: u8 = 100;
const ORDER_DOMAIN: u8 = 101;
const REFUND_DOMAIN: u8 = 102;

/// Turns events into facts.
pub(super) struct Door<'a> {
    pub(super) key: &'a Key,
    pub(super) limits: &'a Limits,
}

type Entry<T> = Result<T, DropReason>;

/// Whether `a` is the version of an order that wins over `b`: newer, ties by content.
pub(crate) fn newer(a: &Fact, b: &Fact, key: &Key) -> bool {
    a.version().cmp(&b.version()).then_with(|| a.content_key(key).cmp(&b.content_key(key))).is_gt()
}

impl Door<'_> {
    pub(super) fn enter(&self, event: Event) -> Entry<Fact> {
        let Event { id, at, who, channel, turn, kind } = event;
        let named = self.named(who, &kind);
        for identifier in &named {
            self.bounded(identifier.as_str())?;
        }
        if named.is_empty() && !matches!(kind, Kind::Refund(_)) {
            return Err(DropReason::NoIdentifier);
        }
        self.id(id.as_str())?;
        let mut screen = Screen { sought: sought(&named), phone: phone(&named), withheld: 0 };
        let derived = Derived::of(&kind, &self.limits.text_bytes);
        let channel = screen.optional(channel)?.or(derived.channel);
        self.bounded_option(channel.as_ref())?;
        self.bounded_option(turn.as_ref())?;
        let kind = self.kind(kind, derived.code, &mut screen)?;
        let junk = named.iter().filter(|identifier| identifier.is_junk()).count() as u8;
        let known =
            |identifier: &Identifier| Known { kind: identifier.kind(), name: self.key.pseudonym(identifier) };
        let who = named.iter().filter(|identifier| !identifier.is_junk()).map(known).collect();
        let event_id = |id: EventId| self.event_id(id);
        Ok(Fact {
            at: without_leap(at),
            id: event_id(id),
            kind,
            channel,
            turn: turn.map(event_id),
            who,
            junk,
            withheld: screen.withheld,
        })
    }

    /// The identifiers of an event, those inside a claim included.
    fn named(&self, who: Identifiers, kind: &Kind) -> SmallVec<[Identifier; 3]> {
        match kind {
            Kind::ClaimWithdrawn(claim) => [claim.one.clone(), claim.other.clone()].into_iter().collect(),
            Kind::CustomerMerged(merged) => [merged.from.clone(), merged.into.clone()].into_iter().collect(),
            _ => who.iter().cloned().collect(),
        }
    }

    pub(super) fn order_id(&self, id: &OrderId) -> OrderId {
        self.hashed(ORDER_DOMAIN, id.clone())
    }

    /// The id of an event as it is kept. A pseudonym has half as many bits as others: it is compared with the ids
    /// of one shop only.
    fn event_id(&self, id: EventId) -> EventId {
        if !self.limits.hash_ids {
            return id;
        }
        let [number, _] = self.key.wrap(siphash128(EVENT_DOMAIN, id.as_str().as_bytes())).words();
        EventId::from(format!("{number:016x}"))
    }

    /// An id as it is kept: readable, or as a pseudonym where the limits ask for it.
    fn hashed<T: AsRef<str> + From<String>>(&self, domain: u8, id: T) -> T {
        if !self.limits.hash_ids {
            return id;
        }
        T::from(self.key.wrap(siphash128(domain, id.as_ref().as_bytes())).to_string())
    }

    fn bounded(&self, text: &str) -> Entry<()> {
        if text.len() > self.limits.text_bytes { Err(DropReason::TextTooLong) } else { Ok(()) }
    }

    fn bounded_option(&self, text: Option<&impl AsRef<str>>) -> Entry<()> {
        text.map_or(Ok(()), |text| self.bounded(text.as_ref()))
    }

    fn id(&self, text: &str) -> Entry<()> {
        if text.is_empty() { Err(DropReason::EmptyId) } else { self.bounded(text) }
    }

    fn values(&self, count: usize) -> Entry<()> {
        if count > self.limits.values { Err(DropReason::TooManyValues) } else { Ok(()) }
    }

    fn kind(&self, kind: Kind, code: Option<Code>, screen: &mut Screen<'_>) -> Entry<Kind> {
        Ok(match kind {
            Kind::Query(query) => Kind::Query(Box::new(self.query(*query, screen)?)),
            Kind::Recommendation(mut recommendation) => {
                self.values(recommendation.products.len())?;
                self.list(&mut recommendation.products, screen)?;
                Kind::Recommendation(recommendation)
            }
            Kind::LinkShared(link) => Kind::LinkShared(LinkShared {
                url: Label::from(""),
                code: self.link_code(link.code.or(code), screen)?,
                product: self.label(link.product, screen)?,
            }),
            Kind::LinkClick(mut click) => {
                click.url = None;
                click.code = self.link_code(click.code.or(code), screen)?;
                click.product = self.label(click.product, screen)?;
                Kind::LinkClick(click)
            }
            Kind::Visit(mut visit) => {
                (visit.url, visit.referrer) = (None, None);
                visit.code = self.link_code(visit.code.or(code), screen)?;
                Kind::Visit(visit)
            }
            Kind::AddToCart(mut item) => {
                item.product = self.needed(item.product, screen)?;
                Kind::AddToCart(item)
            }
            Kind::RemoveFromCart(mut item) => {
                item.product = self.needed(item.product, screen)?;
                Kind::RemoveFromCart(item)
            }
            Kind::DiscountRequest(mut request) => {
                request.discount_code = self.label(request.discount_code, screen)?;
                Kind::DiscountRequest(request)
            }
            Kind::DiscountOffer(mut offer) => {
                offer.discount_code = self.label(offer.discount_code, screen)?;
                Kind::DiscountOffer(offer)
            }
            Kind::Goal(mut goal) => {
                goal.goal = self.needed(goal.goal, screen)?;
                not_negative(goal.value.iter().copied())?;
                Kind::Goal(goal)
            }
            Kind::Order(order) => Kind::Order(Box::new(self.order(*order, code, screen)?)),
            Kind::Refund(mut refund) => {
                refund.refund = self.refund_id(refund.refund)?;
                self.id(refund.order.as_str())?;
                refund.order = self.order_id(&refund.order);
                self.refund_lines(&mut refund.lines, refund.amount, screen)?;
                Kind::Refund(refund)
            }
            Kind::ClaimWithdrawn(mut claim) => {
                (claim.one, claim.other) = (claim.one.blank(), claim.other.blank());
                Kind::ClaimWithdrawn(claim)
            }
            Kind::CustomerMerged(mut merged) => {
                (merged.from, merged.into) = (merged.from.blank(), merged.into.blank());
                Kind::CustomerMerged(merged)
            }
            kind @ (Kind::CheckoutStarted(_) | Kind::Feedback(_) | Kind::Identify(_) | Kind::Consent(_)) => {
                kind
            }
        })
    }

    fn query(&self, mut query: Query, screen: &mut Screen<'_>) -> Entry<Query> {
        let kept = |text: &Label| self.limits.keep_text && text.as_str().len() <= self.limits.question_bytes;
        query.text = screen.optional(query.text.filter(kept))?;
        query.query = self.label(query.query, screen)?;
        query.topic = self.label(query.topic, screen)?;
        query.intent = self.label(query.intent, screen)?;
        query.flow = self.label(query.flow, screen)?;
        query.product_type = self.label(query.product_type, screen)?;
        self.values(query.products.len())?;
        self.list(&mut query.products, screen)?;
        not_negative(query.cost.iter().copied())?;
        Ok(query)
    }

    fn order(&self, mut order: Order, code: Option<Code>, screen: &mut Screen<'_>) -> Entry<Order> {
        (order.url, order.referrer) = (None, None);
        self.id(order.order.as_str())?;
        order.order = self.order_id(&order.order);
        order.updated_at = order.updated_at.map(without_leap);
        if order.lines.len() > self.limits.order_lines || order.refunds.len() > self.limits.order_lines {
            return Err(DropReason::TooManyLines);
        }
        let currency = order.total.currency();
        let lines = order.lines.iter().map(|line| line.total);
        let refunds = order.refunds.iter().map(|refund| refund.amount);
        for amount in lines.chain(refunds) {
            if amount.currency() != currency {
                return Err(DropReason::MixedCurrencies);
            }
        }
        not_negative(order.lines.iter().map(|line| line.total).chain([order.total]))?;
        for line in &mut order.lines {
            line.product = self.kept(std::mem::replace(&mut line.product, ProductId::from("")), screen)?;
            line.product_type = self.label(line.product_type.take(), screen)?;
        }
        for refund in &mut order.refunds {
            refund.refund = self.refund_id(refund.refund.clone())?;
            self.refund_lines(&mut refund.lines, refund.amount, screen)?;
        }
        order.codes.extend(code);
        order.codes.iter_mut().for_each(|code| *code = folded_code(code));
        self.values(order.codes.len())?;
        self.values(order.discount_codes.len())?;
        self.list(&mut order.codes, screen)?;
        self.list(&mut order.discount_codes, screen)?;
        // Which code stands first says nothing: equal sets are equal facts.
        order.codes.sort_unstable();
        order.codes.dedup();
        order.discount_codes.sort_unstable();
        order.discount_codes.dedup();
        Ok(order)
    }

    fn refund_id(&self, id: RefundId) -> Entry<RefundId> {
        self.id(id.as_str())?;
        Ok(self.hashed(REFUND_DOMAIN, id))
    }

    fn refund_lines(&self, lines: &mut [RefundLine], amount: Money, screen: &mut Screen<'_>) -> Entry<()> {
        if lines.len() > self.limits.order_lines {
            return Err(DropReason::TooManyLines);
        }
        if lines.iter().any(|line| line.amount.currency() != amount.currency()) {
            return Err(DropReason::MixedCurrencies);
        }
        not_negative(lines.iter().map(|line| line.amount).chain([amount]))?;
        for line in lines {
            line.product = self.kept(std::mem::replace(&mut line.product, ProductId::from("")), screen)?;
        }
        Ok(())
    }

    /// A label that may be missing: left out and counted if it contains an identifier.
    fn label<T: AsRef<str>>(&self, label: Option<T>, screen: &mut Screen<'_>) -> Entry<Option<T>> {
        self.bounded_option(label.as_ref())?;
        screen.optional(label)
    }

    /// A link code in the form in which codes are compared.
    fn link_code(&self, code: Option<Code>, screen: &mut Screen<'_>) -> Entry<Option<Code>> {
        Ok(self.label(code, screen)?.as_ref().map(folded_code))
    }

    /// A label that the event is nothing without.
    fn needed<T: AsRef<str>>(&self, label: T, screen: &mut Screen<'_>) -> Entry<T> {
        self.bounded(label.as_ref())?;
        if screen.holds_identifier(label.as_ref()) { Err(DropReason::IdentifierInField) } else { Ok(label) }
    }

    /// A product of an order line: money stays, the name goes.
    fn kept(&self, product: ProductId, screen: &mut Screen<'_>) -> Entry<ProductId> {
        Ok(self.label(Some(product), screen)?.unwrap_or_else(|| ProductId::from(WITHHELD)))
    }

    /// A list of labels without those that contain an identifier.
    fn list<L, T: AsRef<str>>(&self, list: &mut L, screen: &mut Screen<'_>) -> Entry<()>
    where
        L: Default + IntoIterator<Item = T> + Extend<T>,
    {
        let mut kept = L::default();
        for label in std::mem::take(list) {
            kept.extend(self.label(Some(label), screen)?);
        }
        *list = kept;
        Ok(())
    }
}

fn not_negative(amounts: impl IntoIterator<Item = Money>) -> Entry<()> {
    if amounts.into_iter().any(|amount| amount.minor() < 0) {
        Err(DropReason::NegativeAmount)
    } else {
        Ok(())
    }
}

/// A link code without what a mail program or a shopper may have done to it: case and surrounding space.
fn folded_code(code: &Code) -> Code {
    Code::from(code.as_str().trim().to_ascii_lowercase())
}

/// What a link says before it is forgotten.
struct Derived {
    code: Option<Code>,
    channel: Option<Label>,
}

impl Derived {
    fn of(kind: &Kind, longest: &usize) -> Self {
        let (url, referrer, arrival) = match kind {
            Kind::LinkShared(link) => (Some(&link.url), None, false),
            Kind::LinkClick(click) => (click.url.as_ref(), None, false),
            Kind::Visit(visit) => (visit.url.as_ref(), visit.referrer.as_ref(), true),
            Kind::Order(order) => (order.url.as_ref(), order.referrer.as_ref(), false),
            _ => (None, None, false),
        };
        let url = url.map(Label::as_str);
        let code =
            url.and_then(|url| link::read(url).code().filter(|code| code.len() <= *longest).map(Code::from));
        let classify = || Label::from(classify(url, referrer.map(Label::as_str)).name());
        Self { code, channel: arrival.then(classify) }
    }
}

/// Looks for an event's own identifiers in its other fields.
struct Screen<'a> {
    sought: SmallVec<[Cow<'a, str>; 3]>,
    /// The digits of a phone number: in labels it may be spaced in any way.
    phone: Option<String>,
    withheld: u8,
}

fn sought(named: &[Identifier]) -> SmallVec<[Cow<'_, str>; 3]> {
    let long = named.iter().filter(|identifier| identifier.as_str().len() >= SHORTEST_SOUGHT);
    let folded = |identifier: &Identifier| Cow::Owned(identifier.as_str().to_lowercase());
    long.filter(|identifier| !identifier.is_junk()).map(folded).collect()
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn phone(named: &[Identifier]) -> Option<String> {
    let phone =
        named.iter().find(|identifier| identifier.kind() == IdKind::Phone && !identifier.is_junk())?;
    Some(digits(phone.as_str())).filter(|digits| digits.len() >= SHORTEST_PHONE)
}

impl Screen<'_> {
    fn optional<T: AsRef<str>>(&mut self, label: Option<T>) -> Entry<Option<T>> {
        Ok(match label {
            Some(label) if self.holds_identifier(label.as_ref()) => {
                self.withheld = self.withheld.saturating_add(1);
                None
            }
            label => label,
        })
    }

    /// Whether `text` contains one, in any case, as it stands or percent-coded.
    fn holds_identifier(&self, text: &str) -> bool {
        if self.sought.is_empty() || text.len() < SHORTEST_SOUGHT {
            return false;
        }
        let folded = text.to_lowercase();
        let found = |text: &str| self.sought.iter().any(|identifier| text.contains(&**identifier));
        let spaced = |text: &str| self.phone.as_ref().is_some_and(|phone| digits(text).contains(&**phone));
        let holds = |text: &str| found(text) || spaced(text);
        holds(&folded) || (folded.contains('%') && holds(&link::unescaped(&folded)))
    }
}
