//! The door: bounds, pseudonyms, and nothing personal in labels.

mod booked;
mod screen;

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::event::{EventRef, EventRefOf, KindRef, LinkSharedRef, QueryRef};
use crate::fact::cluster::Id;
use crate::fact::content::ContentRef;
use crate::fact::door::screen::Screen;
use crate::fact::{Fact, Known, Limits};
use crate::id::{IdKind, Identifier, IdentifierRef, Key, is_junk, siphash128};
use crate::link;
use crate::link::channel::classify;
use crate::money::Money;
use crate::reason::DropReason;
use crate::text::{EventId, OrderId, RefundId};
use crate::time::{Instant, without_leap};

/// Domains of the hash, apart from those of identifiers.
const EVENT_DOMAIN: u8 = 100;
const ORDER_DOMAIN: u8 = 101;
const REFUND_DOMAIN: u8 = 102;

/// Turns events into facts.
pub(super) struct Door<'a> {
    pub(super) key: &'a Key,
    pub(super) limits: &'a Limits,
}

pub(super) type Entry<T> = Result<T, DropReason>;

/// A fact past the door.
pub(super) enum Passed<'a> {
    Row(RowFact<'a>),
    /// An order or a refund.
    Booked(Fact),
}

/// A fact that becomes a row: its text is the host's still.
pub(super) struct RowFact<'a> {
    pub(super) at: Instant,
    pub(super) id: Stored<'a>,
    pub(super) turn: Option<Stored<'a>>,
    pub(super) who: SmallVec<[Known; 2]>,
    pub(super) content: ContentRef<'a>,
}

/// An id in the form in which it is kept.
pub(super) enum Stored<'a> {
    Text(Cow<'a, str>),
    Hash([u8; 8]),
}

impl Stored<'_> {
    pub(super) fn as_id(&self) -> Id<'_> {
        match self {
            Self::Text(id) => Id::Text(id.as_bytes()),
            Self::Hash(bytes) => Id::Hash(*bytes),
        }
    }
}

impl<'a> RowFact<'a> {
    /// The row of a fact that passed the door before.
    pub(super) fn of(fact: &'a Fact, hashed: bool) -> Self {
        let stored = |id: &'a EventId| {
            if hashed {
                Stored::Hash(u64::from_str_radix(id.as_str(), 16).unwrap_or_default().to_be_bytes())
            } else {
                Stored::Text(Cow::Borrowed(id.as_str()))
            }
        };
        let Fact { at, id, kind, channel, turn, who, junk, withheld } = fact;
        Self {
            at: Instant::new(*at),
            id: stored(id),
            turn: turn.as_ref().map(stored),
            who: who.clone(),
            content: ContentRef {
                kind: KindRef::from(kind),
                channel: channel.as_ref().map(|channel| Cow::Borrowed(channel.as_str())),
                junk: *junk,
                withheld: *withheld,
            },
        }
    }
}

/// Whether `a` is the version of an order that wins over `b`: newer, ties by content.
pub(crate) fn newer(a: &Fact, b: &Fact, key: &Key) -> bool {
    a.version().cmp(&b.version()).then_with(|| a.content_key(key).cmp(&b.content_key(key))).is_gt()
}

impl Door<'_> {
    pub(super) fn enter<'a>(&self, event: EventRef<'a>) -> Entry<Passed<'a>> {
        let EventRefOf { id, at, who, channel, turn, kind } = event;
        let (named, kind) = named(who.into_iter().collect(), kind);
        for (_, text) in &named {
            self.bounded(text)?;
        }
        let booked = matches!(kind, KindRef::Order(_) | KindRef::Refund(_));
        if named.is_empty() && !matches!(kind, KindRef::Refund(_)) {
            return Err(DropReason::NoIdentifier);
        }
        self.id(&id)?;
        let mut junk = 0;
        let mut who: SmallVec<[Known; 2]> = SmallVec::new();
        let mut screen = Screen::default();
        for (kind, text) in &named {
            if is_junk(*kind, text) {
                junk += 1;
            } else {
                who.push(Known { kind: *kind, name: self.key.pseudonym_of(*kind, text) });
                screen.seek(*kind, text);
            }
        }
        let derived = Derived::of(&kind, self.limits.text_bytes);
        let channel = screen.optional(channel)?.or(derived.channel.map(Cow::Borrowed));
        self.bounded_option(channel.as_ref())?;
        self.bounded_option(turn.as_ref())?;
        if booked {
            let channel = channel.map(|channel| (&*channel).into());
            let head = booked::Head { id, at, channel, turn, who, junk };
            return self.booked(head, kind, derived.code, screen).map(Passed::Booked);
        }
        let kind = self.kind(kind, derived.code, &mut screen)?;
        let content = ContentRef { kind, channel, junk, withheld: screen.withheld };
        let (at, id) = (Instant::new(without_leap(at)), self.stored(id));
        Ok(Passed::Row(RowFact { at, id, turn: turn.map(|turn| self.stored(turn)), who, content }))
    }

    pub(super) fn order_id(&self, id: &OrderId) -> OrderId {
        self.hashed(ORDER_DOMAIN, id.clone())
    }

    fn refund_id(&self, id: RefundId) -> Entry<RefundId> {
        self.id(id.as_str())?;
        Ok(self.hashed(REFUND_DOMAIN, id))
    }

    /// The id of an event as it is kept. A pseudonym has half as many bits as others: it is compared with the ids
    /// of one shop only.
    fn stored<'a>(&self, id: Cow<'a, str>) -> Stored<'a> {
        if !self.limits.hash_ids {
            return Stored::Text(id);
        }
        let [number, _] = self.key.wrap(siphash128(EVENT_DOMAIN, id.as_bytes())).words();
        Stored::Hash(number.to_be_bytes())
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

    fn kind<'a>(
        &self,
        kind: KindRef<'a>,
        code: Option<Cow<'a, str>>,
        screen: &mut Screen,
    ) -> Entry<KindRef<'a>> {
        Ok(match kind {
            KindRef::Query(query) => KindRef::Query(self.query(query, screen)?),
            KindRef::Recommendation(mut recommendation) => {
                self.values(recommendation.products.len())?;
                self.products(&mut recommendation.products, screen)?;
                KindRef::Recommendation(recommendation)
            }
            KindRef::LinkShared(link) => KindRef::LinkShared(LinkSharedRef {
                url: Cow::Borrowed(""),
                code: self.link_code(link.code.or(code), screen)?,
                product: self.label(link.product, screen)?,
            }),
            KindRef::LinkClick(mut click) => {
                click.url = None;
                click.code = self.link_code(click.code.or(code), screen)?;
                click.product = self.label(click.product, screen)?;
                KindRef::LinkClick(click)
            }
            KindRef::Visit(mut visit) => {
                (visit.url, visit.referrer) = (None, None);
                visit.code = self.link_code(visit.code.or(code), screen)?;
                KindRef::Visit(visit)
            }
            KindRef::AddToCart(mut item) => {
                item.product = self.needed(item.product, screen)?;
                KindRef::AddToCart(item)
            }
            KindRef::RemoveFromCart(mut item) => {
                item.product = self.needed(item.product, screen)?;
                KindRef::RemoveFromCart(item)
            }
            KindRef::DiscountRequest(mut request) => {
                request.discount_code = self.label(request.discount_code, screen)?;
                KindRef::DiscountRequest(request)
            }
            KindRef::DiscountOffer(mut offer) => {
                offer.discount_code = self.label(offer.discount_code, screen)?;
                KindRef::DiscountOffer(offer)
            }
            KindRef::Goal(mut goal) => {
                goal.goal = self.needed(goal.goal, screen)?;
                not_negative(goal.value.iter().copied())?;
                KindRef::Goal(goal)
            }
            KindRef::ClaimWithdrawn(mut claim) => {
                (claim.one, claim.other) = (blank(claim.one.kind), blank(claim.other.kind));
                KindRef::ClaimWithdrawn(claim)
            }
            KindRef::CustomerMerged(mut merged) => {
                (merged.from, merged.into) = (Cow::Borrowed(""), Cow::Borrowed(""));
                KindRef::CustomerMerged(merged)
            }
            kind @ (KindRef::CheckoutStarted(_)
            | KindRef::Feedback(_)
            | KindRef::Identify(_)
            | KindRef::Consent(_)
            | KindRef::Order(_)
            | KindRef::Refund(_)) => kind,
        })
    }

    fn query<'a>(&self, mut query: QueryRef<'a>, screen: &mut Screen) -> Entry<QueryRef<'a>> {
        let kept = |text: &Cow<'a, str>| self.limits.keep_text && text.len() <= self.limits.question_bytes;
        query.text = screen.optional(query.text.filter(kept))?;
        query.query = self.label(query.query, screen)?;
        query.topic = self.label(query.topic, screen)?;
        query.intent = self.label(query.intent, screen)?;
        query.flow = self.label(query.flow, screen)?;
        query.product_type = self.label(query.product_type, screen)?;
        self.values(query.products.len())?;
        self.products(&mut query.products, screen)?;
        not_negative(query.cost.iter().copied())?;
        Ok(query)
    }

    /// A label that may be missing: left out and counted if it contains an identifier.
    fn label<T: AsRef<str>>(&self, label: Option<T>, screen: &mut Screen) -> Entry<Option<T>> {
        self.bounded_option(label.as_ref())?;
        screen.optional(label)
    }

    /// A link code in the form in which codes are compared: without what a mail program or a shopper may have done
    /// to it, case and surrounding space.
    fn link_code<'a>(&self, code: Option<Cow<'a, str>>, screen: &mut Screen) -> Entry<Option<Cow<'a, str>>> {
        Ok(self.label(code, screen)?.map(|code| {
            let plain =
                code.trim().len() == code.len() && !code.bytes().any(|byte| byte.is_ascii_uppercase());
            if plain { code } else { Cow::Owned(code.trim().to_ascii_lowercase()) }
        }))
    }

    /// A label that the event is nothing without.
    fn needed<T: AsRef<str>>(&self, label: T, screen: &mut Screen) -> Entry<T> {
        self.bounded(label.as_ref())?;
        if screen.holds_identifier(label.as_ref()) { Err(DropReason::IdentifierInField) } else { Ok(label) }
    }

    /// A list of products without those that contain an identifier.
    fn products(&self, products: &mut crate::event::ProductsRef<'_>, screen: &mut Screen) -> Entry<()> {
        let before = screen.withheld;
        for product in products.iter() {
            self.bounded(product)?;
            screen.optional(Some(product))?;
        }
        if screen.withheld != before {
            let kept: Vec<String> = products
                .iter()
                .filter(|product| !screen.holds_identifier(product))
                .map(ToOwned::to_owned)
                .collect();
            *products = kept.into_iter().collect();
        }
        Ok(())
    }
}

/// An identifier's kind and its text in the form that is compared.
type Named<'a> = SmallVec<[(IdKind, Cow<'a, str>); 3]>;

/// The identifiers of an event, those inside a claim included. A withdrawn claim comes back in the order in which
/// its two stand in a fact.
fn named<'a>(who: SmallVec<[IdentifierRef<'a>; 4]>, kind: KindRef<'a>) -> (Named<'a>, KindRef<'a>) {
    let normalised = |kind: IdKind, text: Cow<'a, str>| match text {
        Cow::Borrowed(text) => (kind, kind.normalised(text)),
        Cow::Owned(text) => (kind, Cow::Owned(kind.normalised(&text).into_owned())),
    };
    match kind {
        KindRef::ClaimWithdrawn(claim) => {
            let (one, other) = (Identifier::from(claim.one), Identifier::from(claim.other));
            let claim = crate::event::ClaimWithdrawn::between(one, other);
            let text = |identifier: &Identifier| Cow::Owned(identifier.as_str().to_owned());
            let pair = [&claim.one, &claim.other];
            let named = pair.map(|identifier| (identifier.kind(), text(identifier)));
            let claim = crate::event::ClaimWithdrawnRef {
                one: IdentifierRef::new(claim.one.kind(), ""),
                other: IdentifierRef::new(claim.other.kind(), ""),
            };
            (named.into_iter().collect(), KindRef::ClaimWithdrawn(claim))
        }
        KindRef::CustomerMerged(mut merged) => {
            let texts = [&mut merged.from, &mut merged.into].map(std::mem::take);
            let named = texts.map(|text| normalised(IdKind::Customer, text));
            (named.into_iter().collect(), KindRef::CustomerMerged(merged))
        }
        kind => (who.into_iter().map(|held| normalised(held.kind, held.text)).collect(), kind),
    }
}

fn blank(kind: IdKind) -> IdentifierRef<'static> {
    IdentifierRef::new(kind, "")
}

fn not_negative(amounts: impl IntoIterator<Item = Money>) -> Entry<()> {
    if amounts.into_iter().any(|amount| amount.minor() < 0) {
        Err(DropReason::NegativeAmount)
    } else {
        Ok(())
    }
}

/// What a link says before it is forgotten.
struct Derived {
    code: Option<Cow<'static, str>>,
    channel: Option<&'static str>,
}

impl Derived {
    fn of(kind: &KindRef<'_>, longest: usize) -> Self {
        let (url, referrer, arrival) = match kind {
            KindRef::LinkShared(link) => (Some(&*link.url), None, false),
            KindRef::LinkClick(click) => (click.url.as_deref(), None, false),
            KindRef::Visit(visit) => (visit.url.as_deref(), visit.referrer.as_deref(), true),
            KindRef::Order(order) => (order.url.as_ref().map(crate::Label::as_str), None, false),
            _ => (None, None, false),
        };
        let code = url.and_then(|url| {
            let tags = link::read(url);
            let code = tags.code().filter(|code| code.len() <= longest);
            code.map(|code| Cow::Owned(code.to_owned()))
        });
        Self { code, channel: arrival.then(|| classify(url, referrer).name()) }
    }
}
