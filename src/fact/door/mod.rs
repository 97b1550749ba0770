//! The door: bounds, pseudonyms, and nothing personal in labels.

mod booked;
mod level;
mod screen;

pub(super) use booked::WITHHELD;
pub(super) use screen::{Edges, Screen, decodings};

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use smallvec::SmallVec;

use crate::event::{
    ClaimWithdrawn, EventRef, EventRefOf, Kind, KindRef, PlainTurn, PrivacyLevel, ProductsRef, QueryRef,
};
use crate::fact::cluster::Id;
use crate::fact::content::ContentRef;
pub(super) use crate::fact::door::screen::SHORTEST_SOUGHT;
use crate::fact::tombstone::{Asking, Class, Gone};
use crate::fact::{Fact, Known, LeftOut, Limits, blot};
use crate::id::{IdKind, IdentifierRef, Key, is_junk, siphash128};
use crate::link;
use crate::link::channel::classify;
use crate::money::Money;
use crate::reason::DropReason;
use crate::text::{EventId, OrderId, RefundId};
use crate::time::{Instant, nanos_of, without_leap};

/// Domains of the hash, apart from those of identifiers.
const EVENT_DOMAIN: u8 = 100;
pub(super) const ORDER_DOMAIN: u8 = 101;
pub(super) const REFUND_DOMAIN: u8 = 102;

/// Turns events into facts.
pub(super) struct Door<'a> {
    pub(super) key: &'a Key,
    pub(super) limits: &'a Limits,
    pub(super) gone: &'a Gone,
}

pub(super) type Entry<T> = Result<T, DropReason>;

/// A fact past the door.
pub(super) enum Passed<'c, 'a> {
    Row(RowFact<'c, 'a>),
    /// An order or a refund.
    Booked(Fact),
}

/// A fact that becomes a row: its text is the host's still.
pub(super) struct RowFact<'c, 'a> {
    pub(super) at: Instant,
    pub(super) id: Id<'c>,
    pub(super) turn: Option<Id<'c>>,
    pub(super) who: SmallVec<[Known; 2]>,
    pub(super) content: ContentRef<'c, 'a>,
}

/// What a fact that passed the door before is made of, for [`RowFact`] to borrow.
pub(super) struct Parts<'a> {
    kind: KindRef<'a>,
    channel: Option<Cow<'a, str>>,
}

impl<'a> Parts<'a> {
    pub(super) fn of(fact: &'a Fact) -> Self {
        let channel = fact.channel.as_ref().map(|channel| Cow::Borrowed(channel.as_str()));
        Self { kind: KindRef::from(&fact.kind), channel }
    }
}

impl<'c, 'a> RowFact<'c, 'a> {
    /// The row of a fact that passed the door before.
    pub(super) fn of(fact: &'c Fact, parts: &'c Parts<'a>, hashed: bool) -> Self {
        let stored = |id: &'c EventId| {
            if hashed {
                Id::Hash(u64::from_str_radix(id.as_str(), 16).unwrap_or_default().to_be_bytes())
            } else {
                Id::Text(id.as_str().as_bytes())
            }
        };
        let Fact { at, id, turn, who, junk, left_out, .. } = fact;
        Self {
            at: Instant::new(*at),
            id: stored(id),
            turn: turn.as_ref().map(stored),
            who: who.clone(),
            content: ContentRef {
                kind: &parts.kind,
                channel: parts.channel.as_deref(),
                junk: *junk,
                left_out: *left_out,
            },
        }
    }
}

impl Door<'_> {
    /// Whether it looks at more than the event, the limits and the key, since something was erased or is too old. Without
    /// that, columns and plain turns go around [`Door::enter`]; so whatever else it is told to look at belongs here.
    pub(super) fn has_memory(&self) -> bool {
        !self.gone.is_empty()
    }

    /// Whether it lets a turn in as it is, if its identifier is plain: at a level that leaves labels, with an id that is
    /// not too long, and with labels shorter than the identifier, which cannot contain it and are not too long if it is
    /// not.
    #[inline]
    pub(super) fn lets_in_as_is(&self, turn: &PlainTurn<'_>) -> bool {
        let PlainTurn { id, turn: cause, who: (_, text), labels, .. } = turn;
        let is_short =
            |label: &Option<&str>| label.is_none_or(|label| label.len() < text.len() && label.is_ascii());
        let longest = id.len().max(cause.map_or(0, str::len));
        !id.is_empty()
            && longest <= self.limits.text_bytes
            && self.limits.privacy >= PrivacyLevel::Intent
            && labels.iter().all(is_short)
    }

    /// The identifier, if its text is plain: kept as it stands, no placeholder, not too long, and ASCII, so that labels
    /// are searched for it letter by letter. No phone number is: it is sought by its digits.
    pub(super) fn known_if_plain(&self, kind: IdKind, text: &str) -> Option<Known> {
        let fits = text.len() <= self.limits.text_bytes && is_plain(kind, text);
        fits.then(|| Known { kind, name: self.key.pseudonym_of(kind, text) })
    }

    /// The row that [`Door::enter`] makes of a turn that says all that `event` does, if there is nothing about it to look
    /// at more closely.
    pub(super) fn enter_plain<'c, 'a>(
        &self,
        turn: &PlainTurn<'c>,
        event: &'c EventRef<'a>,
    ) -> Option<RowFact<'c, 'a>> {
        let (kind, text) = turn.who;
        if self.has_memory() || !self.lets_in_as_is(turn) {
            return None;
        }
        let who = SmallVec::from_slice(&[self.known_if_plain(kind, text)?]);
        let channel = event.channel.as_deref();
        let content = ContentRef { kind: &event.kind, channel, junk: 0, left_out: LeftOut::default() };
        let (id, cause) = (self.stored(turn.id), turn.turn.map(|turn| self.stored(turn)));
        Some(RowFact { at: turn.at, id, turn: cause, who, content })
    }

    /// Lets an event in; what it must not say is taken out of it.
    pub(super) fn enter<'c, 'a>(&self, event: &'c mut EventRef<'a>) -> Entry<Passed<'c, 'a>> {
        let (mut junk, mut nobody) = (0, true);
        let mut who: SmallVec<[Known; 2]> = SmallVec::new();
        let mut screen = Screen::default();
        each_named(event, |kind, text| {
            self.bounded(text)?;
            nobody = false;
            if is_junk(kind, text) {
                junk += 1;
            } else {
                who.push(Known { kind, name: self.key.pseudonym_of(kind, text) });
                screen.seek(kind, text);
            }
            Ok(())
        })?;
        let EventRefOf { id, at, channel, turn, kind, .. } = event;
        if nobody && !matches!(kind, KindRef::Refund(_)) {
            return Err(DropReason::NoIdentifier);
        }
        self.id(id)?;
        if !self.gone.is_empty() {
            self.living(id, without_leap(*at), kind, &who)?;
        }
        let derived = Derived::of(kind, self.limits.text_bytes);
        screen.take(channel);
        if channel.is_none() {
            *channel = derived.channel.map(Cow::Borrowed);
        }
        self.bounded_option(channel.as_ref())?;
        self.bounded_option(turn.as_ref())?;
        if let KindRef::Order(_) | KindRef::Refund(_) = kind {
            let head =
                booked::Head { id, at: *at, channel: channel.as_deref(), turn: turn.as_deref(), who, junk };
            return self.booked(head, kind, derived.code, screen).map(Passed::Booked);
        }
        self.kind(kind, derived.code, &mut screen)?;
        if !self.gone.events.is_empty() {
            let id = self.kept_id(id, kind);
            let asking = Asking { rank: kind.rank(), at: nanos_of(without_leap(*at)), id: &id, who: &who };
            let fields = self.gone.blot(asking, self.key);
            blot::blot_row(fields, kind, channel, turn, &mut screen.left_out);
        }
        // After it was looked at: what was left out of it counts the same whenever it comes.
        self.forget_old_text(without_leap(*at), kind);
        let content = ContentRef { kind, channel: channel.as_deref(), junk, left_out: screen.left_out };
        let (at, id) = (Instant::new(without_leap(*at)), self.stored(id));
        Ok(Passed::Row(RowFact { at, id, turn: turn.as_deref().map(|turn| self.stored(turn)), who, content }))
    }

    /// Whether what a fact says, which is no order and no refund, would be kept as it is.
    pub(super) fn lets_in(&self, kind: &Kind) -> bool {
        let mut let_in = KindRef::from(kind);
        self.kind(&mut let_in, None, &mut Screen::default()).is_ok() && let_in == KindRef::from(kind)
    }

    /// Refuses what was erased or is too old. What an erased order still has to be told is its money, which has no
    /// owner: it passes.
    fn living(&self, id: &str, at: DateTime<Utc>, kind: &KindRef<'_>, who: &[Known]) -> Entry<()> {
        let order = match kind {
            KindRef::Order(order) => Some(&order.order),
            KindRef::Refund(refund) => Some(&refund.order),
            _ => None,
        };
        if let Some(order) = order.filter(|_| !self.gone.orders.is_empty()) {
            let name = self.key.wrap(siphash128(ORDER_DOMAIN, order.as_str().as_bytes()));
            if self.gone.orders.contains_key(&name) {
                return Ok(());
            }
        }
        // Of consent and claims that are here the old ones stay as long as they matter; no more of them come in.
        let at = nanos_of(at);
        if Class::of(kind.rank()) == Class::Word
            && self.gone.horizons.everything().is_some_and(|end| at < end)
        {
            return Err(DropReason::TooOld);
        }
        let id = self.kept_id(id, kind);
        let asking = Asking { rank: kind.rank(), at, id: &id, who };
        self.gone.refuses(asking, self.key).map_or(Ok(()), Err)
    }

    /// Leaves out the text of a question that is older than texts are kept.
    fn forget_old_text(&self, at: DateTime<Utc>, kind: &mut KindRef<'_>) {
        if let KindRef::Query(query) = kind
            && self.gone.horizons.text.is_some_and(|horizon| nanos_of(at) < horizon)
        {
            query.text = None;
        }
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
    pub(super) fn stored<'c>(&self, id: &'c str) -> Id<'c> {
        if !self.limits.hash_ids {
            return Id::Text(id.as_bytes());
        }
        Id::Hash(self.key.wrap_short(self.short_hash(id)).to_be_bytes())
    }

    /// The hash that the pseudonym of an event's id wraps.
    pub(super) fn short_hash(&self, id: &str) -> u64 {
        siphash128(EVENT_DOMAIN, id.as_bytes()) as u64
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

    fn kind(&self, kind: &mut KindRef<'_>, code: Option<String>, screen: &mut Screen) -> Entry<()> {
        match kind {
            KindRef::Query(query) => self.query(query, screen)?,
            KindRef::Recommendation(recommendation) => {
                self.values(recommendation.products.len())?;
                self.products(&mut recommendation.products, screen)?;
            }
            KindRef::LinkShared(link) => {
                link.url = Cow::Borrowed("");
                self.link_code(&mut link.code, code, screen)?;
                self.label(&mut link.product, screen)?;
            }
            KindRef::LinkClick(click) => {
                click.url = None;
                self.link_code(&mut click.code, code, screen)?;
                self.label(&mut click.product, screen)?;
            }
            KindRef::Visit(visit) => {
                (visit.url, visit.referrer) = (None, None);
                self.link_code(&mut visit.code, code, screen)?;
            }
            KindRef::AddToCart(item) => self.needed(&item.product, screen)?,
            KindRef::RemoveFromCart(item) => self.needed(&item.product, screen)?,
            KindRef::DiscountRequest(request) => self.label(&mut request.discount_code, screen)?,
            KindRef::DiscountOffer(offer) => self.label(&mut offer.discount_code, screen)?,
            KindRef::Goal(goal) => {
                self.needed(&goal.goal, screen)?;
                not_negative(goal.value.iter().copied())?;
            }
            KindRef::ClaimWithdrawn(claim) => {
                // As the two stand in a fact.
                let mut kinds = [claim.one.kind, claim.other.kind];
                kinds.sort_unstable();
                (claim.one, claim.other) = (blank(kinds[0]), blank(kinds[1]));
            }
            KindRef::CustomerMerged(merged) => {
                (merged.from, merged.into) = (Cow::Borrowed(""), Cow::Borrowed(""));
            }
            KindRef::CheckoutStarted(_)
            | KindRef::Feedback(_)
            | KindRef::Identify(_)
            | KindRef::Consent(_)
            | KindRef::Order(_)
            | KindRef::Refund(_) => {}
        }
        Ok(())
    }

    fn query(&self, query: &mut QueryRef<'_>, screen: &mut Screen) -> Entry<()> {
        level::lower(query, self.limits, &mut screen.left_out);
        screen.take(&mut query.text);
        let QueryRef { query: asked, topic, intent, flow, product_type, language, .. } = query;
        for label in [asked, topic, intent, flow, product_type, language] {
            self.label(label, screen)?;
        }
        self.values(query.products.len())?;
        self.products(&mut query.products, screen)?;
        not_negative(query.cost.iter().copied())
    }

    /// A label that may be missing: left out and counted if it contains an identifier.
    fn label(&self, label: &mut Option<Cow<'_, str>>, screen: &mut Screen) -> Entry<()> {
        self.bounded_option(label.as_ref())?;
        screen.take(label);
        Ok(())
    }

    /// A link code, its own or the one on the link, in the form in which codes are compared: without what a mail
    /// program or a shopper may have done to it, case and surrounding space.
    fn link_code(
        &self,
        code: &mut Option<Cow<'_, str>>,
        on_link: Option<String>,
        screen: &mut Screen,
    ) -> Entry<()> {
        if code.is_none() {
            *code = on_link.map(Cow::Owned);
        }
        self.label(code, screen)?;
        if let Some(code) = code {
            let plain =
                code.trim().len() == code.len() && !code.bytes().any(|byte| byte.is_ascii_uppercase());
            if !plain {
                *code = Cow::Owned(code.trim().to_ascii_lowercase());
            }
        }
        Ok(())
    }

    /// A label that the event is nothing without.
    fn needed(&self, label: &str, screen: &Screen) -> Entry<()> {
        self.bounded(label)?;
        if screen.holds_identifier(label) { Err(DropReason::IdentifierInField) } else { Ok(()) }
    }

    /// A list of products without those that contain an identifier.
    fn products(&self, products: &mut ProductsRef<'_>, screen: &mut Screen) -> Entry<()> {
        let before = screen.left_out;
        for product in products.iter() {
            self.bounded(product)?;
            screen.note(product);
        }
        if screen.left_out != before {
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

/// Whether an identifier is [plain](Door::known_if_plain), however long it is.
fn is_plain(kind: IdKind, text: &str) -> bool {
    kind != IdKind::Phone && text.is_ascii() && kind.normalised(text) == text && !is_junk(kind, text)
}

/// Calls `each` with the identifiers of an event in the form in which they are compared, those inside a claim
/// included; the two of a withdrawn claim in the order in which they stand in a fact.
fn each_named(event: &EventRef<'_>, mut each: impl FnMut(IdKind, &str) -> Entry<()>) -> Entry<()> {
    match &event.kind {
        KindRef::ClaimWithdrawn(claim) => {
            let (one, other) = (claim.one.clone().into(), claim.other.clone().into());
            let claim = ClaimWithdrawn::between(one, other);
            [&claim.one, &claim.other].into_iter().try_for_each(|named| each(named.kind(), named.as_str()))
        }
        KindRef::CustomerMerged(merged) => {
            let kind = IdKind::Customer;
            [&merged.from, &merged.into].into_iter().try_for_each(|text| each(kind, &kind.normalised(text)))
        }
        _ => event.who.iter().try_for_each(|named| each(named.kind, &named.kind.normalised(&named.text))),
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
    code: Option<String>,
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
            code.map(ToOwned::to_owned)
        });
        Self { code, channel: arrival.then(|| classify(url, referrer).name()) }
    }
}
