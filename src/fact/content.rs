//! What facts say, each distinct content once.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use smallvec::SmallVec;

use crate::event::{Identify, Kind, KindRef, ProductsRef, QueryRef};
use crate::fact::LeftOut;
use crate::fact::bytes;
use crate::fact::index::{Index, Mix};
use crate::fact::traits::Traits;
use crate::text::{Code, Label, ProductId};

/// What a fact says apart from when, by whom and under which id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Content {
    pub(crate) kind: Kind,
    pub(crate) channel: Option<Label>,
    /// Identifiers that were placeholders and are left out.
    pub(crate) junk: u8,
    /// Fields that are left out, by reason.
    pub(crate) left_out: LeftOut,
}

/// The same with the host's text, to be looked up without a copy.
#[derive(Clone, Debug)]
pub(crate) struct ContentRef<'c, 'a> {
    pub(crate) kind: &'c KindRef<'a>,
    pub(crate) channel: Option<&'c str>,
    pub(crate) junk: u8,
    pub(crate) left_out: LeftOut,
}

impl ContentRef<'_, '_> {
    fn is(&self, content: &Content) -> bool {
        self.junk == content.junk
            && self.left_out == content.left_out
            && content.channel.as_ref().map(Label::as_str) == self.channel
            && same_kind(&content.kind, self.kind)
    }

    fn hash(&self, mut mix: Mix) -> u32 {
        let text = |mix: &mut Mix, text: Option<&str>| match text {
            Some(text) => mix.write(text.as_bytes()),
            None => mix.write_u8(0xff),
        };
        text(&mut mix, self.channel);
        mix.write_u8(self.kind.rank() as u8);
        match self.kind {
            KindRef::Query(query) => {
                let QueryRef { text, query: asked, topic, intent, flow, product_type, language, .. } = query;
                let texts = [text, asked, topic, intent, flow, product_type, language];
                for (place, text) in texts.into_iter().enumerate() {
                    if let Some(text) = text {
                        mix.write_usize(place);
                        mix.write(text.as_bytes());
                    }
                }
                query.products.iter().for_each(|product| mix.write(product.as_bytes()));
                query.cost.hash(&mut mix);
            }
            KindRef::LinkClick(click) => {
                text(&mut mix, click.code.as_deref());
                text(&mut mix, click.product.as_deref());
            }
            KindRef::Visit(visit) => text(&mut mix, visit.code.as_deref()),
            KindRef::Identify(_) | KindRef::CheckoutStarted(_) => {}
            kind => Kind::from(kind.clone()).hash(&mut mix),
        }
        mix.write_u64(u64::from(self.junk) << 24 | u64::from(self.left_out.number()));
        mix.short()
    }

    fn to_content(&self) -> Content {
        let Self { kind, channel, junk, left_out } = *self;
        Content { kind: Kind::from(kind.clone()), channel: channel.map(Label::from), junk, left_out }
    }
}

fn same<T: AsRef<str>>(held: &Option<T>, other: &Option<Cow<'_, str>>) -> bool {
    held.as_ref().map(AsRef::as_ref) == other.as_deref()
}

/// Whether two kinds past the door say the same; links and identifiers are gone there.
fn same_kind(held: &Kind, kind: &KindRef<'_>) -> bool {
    let products = |held: &[ProductId], products: &ProductsRef<'_>| {
        held.iter().map(ProductId::as_str).eq(products.iter())
    };
    match (held, kind) {
        (Kind::Query(held), KindRef::Query(query)) => {
            same(&held.topic, &query.topic)
                && same(&held.query, &query.query)
                && same(&held.intent, &query.intent)
                && same(&held.flow, &query.flow)
                && same(&held.product_type, &query.product_type)
                && same(&held.language, &query.language)
                && same(&held.text, &query.text)
                && products(&held.products, &query.products)
                && held.cost == query.cost
        }
        (Kind::Recommendation(held), KindRef::Recommendation(other)) => {
            products(&held.products, &other.products)
        }
        (Kind::LinkShared(held), KindRef::LinkShared(link)) => {
            same(&held.code, &link.code) && same(&held.product, &link.product)
        }
        (Kind::LinkClick(held), KindRef::LinkClick(click)) => {
            same(&held.code, &click.code) && same(&held.product, &click.product)
        }
        (Kind::Visit(held), KindRef::Visit(visit)) => same(&held.code, &visit.code),
        (Kind::DiscountRequest(held), KindRef::DiscountRequest(other)) => {
            same(&held.discount_code, &other.discount_code)
        }
        (Kind::DiscountOffer(held), KindRef::DiscountOffer(other)) => {
            same(&held.discount_code, &other.discount_code)
        }
        (Kind::AddToCart(held), KindRef::AddToCart(item)) => {
            held.product.as_str() == item.product
                && (held.quantity, held.price) == (item.quantity, item.price)
        }
        (Kind::RemoveFromCart(held), KindRef::RemoveFromCart(item)) => {
            held.product.as_str() == item.product
                && (held.quantity, held.price) == (item.quantity, item.price)
        }
        (Kind::Goal(held), KindRef::Goal(goal)) => {
            held.goal.as_str() == goal.goal && held.value == goal.value
        }
        (Kind::Feedback(held), KindRef::Feedback(other)) => held == other,
        (Kind::Consent(held), KindRef::Consent(other)) => held == other,
        (Kind::ClaimWithdrawn(held), KindRef::ClaimWithdrawn(other)) => {
            (held.one.kind(), held.other.kind()) == (other.one.kind, other.other.kind)
        }
        (held, other) => held.rank() == other.rank(),
    }
}

/// The number of a content among all.
pub(crate) type ContentId = u32;

/// The number of a text among those of its sort.
pub(crate) type Symbol = u32;

/// No text.
pub(crate) const NONE: Symbol = u32::MAX;

/// A content with its labels as numbers.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) content: Content,
    /// Query, topic, intent, flow, product type and channel, in this order, [`NONE`] where there is none.
    pub(crate) labels: [Symbol; LABELS],
    /// The products that it speaks of, each once, in text order.
    pub(crate) products: SmallVec<[Symbol; 2]>,
    /// The link code or discount code in it, among codes of its sort.
    pub(crate) code: Symbol,
    /// The place of its kind among equal instants.
    pub(crate) rank: u8,
    /// What a cluster has to be asked about because of it.
    pub(crate) traits: Traits,
}

fn hash_of(content: &Content, seed: u64) -> u32 {
    with_ref(content, |content| content.hash(Mix::new(seed)))
}

fn with_ref<T>(content: &Content, what: impl FnOnce(&ContentRef<'_, '_>) -> T) -> T {
    let Content { kind, channel, junk, left_out } = content;
    let (kind, channel) = (&KindRef::from(kind), channel.as_ref().map(Label::as_str));
    what(&ContentRef { kind, channel, junk: *junk, left_out: *left_out })
}

impl Held {
    /// Whether a fact that says it claims its identifiers and hands out or uses no code.
    pub(super) fn only_claims(&self) -> bool {
        self.code == NONE && !matches!(self.content.kind, Kind::ClaimWithdrawn(_))
    }

    /// What stands where a content was.
    fn nothing() -> Self {
        let content = Content {
            kind: Kind::Identify(Identify::default()),
            channel: None,
            junk: 0,
            left_out: LeftOut::default(),
        };
        Self {
            content,
            labels: [NONE; LABELS],
            products: SmallVec::new(),
            code: NONE,
            rank: 0,
            traits: Traits::default(),
        }
    }
}

/// Places in [`Held::labels`].
pub(crate) const QUERY: usize = 0;
pub(crate) const TOPIC: usize = 1;
pub(crate) const INTENT: usize = 2;
pub(crate) const FLOW: usize = 3;
pub(crate) const PRODUCT_TYPE: usize = 4;
pub(crate) const CHANNEL: usize = 5;
pub(crate) const LANGUAGE: usize = 6;

/// How many there are.
const LABELS: usize = 7;

/// All contents, and the texts in them. A turn with labels that were seen together before costs nothing here.
#[derive(Clone, Debug)]
pub(crate) struct Contents {
    held: Vec<Held>,
    index: Index,
    pub(crate) texts: Texts<Label>,
    /// Codes on links.
    pub(crate) links: Texts<Code>,
    /// Discount codes.
    pub(crate) discounts: Texts<Code>,
    /// What they take.
    bytes: u64,
    /// Numbers of contents that no fact has any more. They are not given out again, since whoever counts by numbers
    /// relies on what each stands for; when they are many, all are numbered anew.
    blank: BTreeSet<ContentId>,
    seed: u64,
}

impl Contents {
    pub(crate) fn new(seed: u64) -> Self {
        let (texts, links, discounts) = (Texts::new(seed), Texts::new(seed), Texts::new(seed));
        let blank = BTreeSet::new();
        Self { held: Vec::new(), index: Index::default(), texts, links, discounts, bytes: 0, blank, seed }
    }

    /// What all contents take, the texts in them included.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn get(&self, id: ContentId) -> &Held {
        &self.held[id as usize]
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Held> {
        self.held.iter()
    }

    pub(crate) fn rank(&self, id: ContentId) -> u8 {
        self.held[id as usize].rank
    }

    pub(crate) fn find(&self, content: &ContentRef<'_, '_>) -> Option<ContentId> {
        let hash = content.hash(Mix::new(self.seed));
        self.index.find(hash, |id| content.is(&self.held[id as usize].content))
    }

    /// The number of a content, given to it now if it is new.
    pub(crate) fn intern(&mut self, content: &ContentRef<'_, '_>) -> ContentId {
        let hash = content.hash(Mix::new(self.seed));
        if let Some(id) = self.index.find(hash, |id| content.is(&self.held[id as usize].content)) {
            return id;
        }
        self.bytes += bytes::content(content);
        self.push(hash, content.to_content())
    }

    /// Adds a content that is not here yet.
    pub(crate) fn add(&mut self, content: Content) -> ContentId {
        let kind = KindRef::from(&content.kind);
        let channel = content.channel.as_ref().map(Label::as_str);
        let told = ContentRef { kind: &kind, channel, junk: content.junk, left_out: content.left_out };
        let hash = told.hash(Mix::new(self.seed));
        self.bytes += bytes::content(&told);
        drop(kind);
        self.push(hash, content)
    }

    fn push(&mut self, hash: u32, content: Content) -> ContentId {
        let id = self.held.len() as u32;
        let held = self.read(content);
        self.held.push(held);
        self.index.insert(hash, id);
        id
    }

    /// Lets go of contents that are not `used`, and of texts that stand in none that is. Codes that an order carries
    /// are `ordered`, those on links first. Says under which number each content stands from now on, if they have
    /// been numbered anew.
    pub(crate) fn keep(&mut self, used: &[bool], ordered: [&BTreeSet<Symbol>; 2]) -> Option<Vec<ContentId>> {
        for id in (0..self.held.len() as u32).filter(|id| !used[*id as usize]) {
            if self.blank.insert(id) {
                let held = std::mem::replace(&mut self.held[id as usize], Held::nothing());
                self.index.remove(hash_of(&held.content, self.seed), id);
                self.bytes -= with_ref(&held.content, bytes::content);
            }
        }
        self.keep_texts(ordered);
        (self.blank.len() * 8 > self.held.len()).then(|| self.number_anew())
    }

    fn number_anew(&mut self) -> Vec<ContentId> {
        let old = std::mem::take(&mut self.held);
        let mut moved = vec![NONE; old.len()];
        self.held.reserve_exact(old.len() - self.blank.len());
        self.index = Index::default();
        for (id, held) in (0..).zip(old) {
            if !self.blank.contains(&id) {
                let new = self.held.len() as u32;
                moved[id as usize] = new;
                self.index.insert(hash_of(&held.content, self.seed), new);
                self.held.push(held);
            }
        }
        self.blank.clear();
        moved
    }

    fn keep_texts(&mut self, ordered: [&BTreeSet<Symbol>; 2]) {
        let mut texts = vec![false; self.texts.list.len()];
        let mut links = vec![false; self.links.list.len()];
        let mut discounts = vec![false; self.discounts.list.len()];
        for held in &self.held {
            let labels = held.labels.iter().chain(&held.products).filter(|symbol| **symbol != NONE);
            labels.for_each(|symbol| texts[*symbol as usize] = true);
            if held.code != NONE {
                let is_discount = matches!(held.content.kind, Kind::DiscountOffer(_));
                let codes = if is_discount { &mut discounts } else { &mut links };
                codes[held.code as usize] = true;
            }
        }
        ordered[0].iter().for_each(|symbol| links[*symbol as usize] = true);
        ordered[1].iter().for_each(|symbol| discounts[*symbol as usize] = true);
        self.texts.keep(&texts);
        self.links.keep(&links);
        self.discounts.keep(&discounts);
    }

    fn read(&mut self, mut content: Content) -> Held {
        let texts = &mut self.texts;
        // Contents with one label share its text.
        let mut symbol = |label: &mut Option<Label>| {
            let Some(label) = label else { return NONE };
            let symbol = texts.intern(label);
            *label = texts.get(symbol).clone();
            symbol
        };
        let mut labels = [NONE; LABELS];
        if let Kind::Query(query) = &mut content.kind {
            labels[QUERY] = symbol(&mut query.query);
            labels[TOPIC] = symbol(&mut query.topic);
            labels[INTENT] = symbol(&mut query.intent);
            labels[FLOW] = symbol(&mut query.flow);
            labels[PRODUCT_TYPE] = symbol(&mut query.product_type);
            labels[LANGUAGE] = symbol(&mut query.language);
        }
        labels[CHANNEL] = symbol(&mut content.channel);
        let mut products: Vec<Label> = content.kind.products().iter().map(Label::from).collect();
        products.sort_unstable();
        products.dedup();
        let products = products.iter().map(|product| self.texts.intern(product)).collect();
        let code = self.code(&content.kind);
        let rank = content.kind.rank() as u8;
        let traits = Traits::of(&content, code != NONE);
        Held { content, labels, products, code, rank, traits }
    }

    fn code(&mut self, kind: &Kind) -> Symbol {
        let (codes, code) = match kind {
            Kind::LinkShared(link) => (&mut self.links, &link.code),
            Kind::LinkClick(click) => (&mut self.links, &click.code),
            Kind::Visit(visit) => (&mut self.links, &visit.code),
            Kind::DiscountOffer(offer) => (&mut self.discounts, &offer.discount_code),
            _ => return NONE,
        };
        code.as_ref().map_or(NONE, |code| codes.intern(code))
    }
}

/// Texts of one sort, numbered.
#[derive(Clone, Debug)]
pub(crate) struct Texts<T> {
    list: Vec<T>,
    index: Index,
    /// Numbers of texts that nothing has any more.
    free: Vec<Symbol>,
    seed: u64,
}

impl<T: AsRef<str> + Clone + for<'a> From<&'a str>> Texts<T> {
    fn new(seed: u64) -> Self {
        Self { list: Vec::new(), index: Index::default(), free: Vec::new(), seed }
    }

    /// Whether a number is that of a text.
    pub(crate) fn holds(&self, symbol: Symbol) -> bool {
        self.list.get(symbol as usize).is_some_and(|text| self.find(text.as_ref()) == Some(symbol))
    }

    fn keep(&mut self, used: &[bool]) {
        for symbol in (0..self.list.len() as u32).filter(|symbol| !used[*symbol as usize]) {
            if self.holds(symbol) {
                let hash = Mix::new(self.seed).text(self.list[symbol as usize].as_ref().as_bytes());
                self.index.remove(hash, symbol);
                self.list[symbol as usize] = T::from("");
                self.free.push(symbol);
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.list.iter()
    }

    pub(crate) fn get(&self, symbol: Symbol) -> &T {
        &self.list[symbol as usize]
    }

    pub(crate) fn find(&self, text: &str) -> Option<Symbol> {
        let hash = Mix::new(self.seed).text(text.as_bytes());
        self.index.find(hash, |symbol| self.list[symbol as usize].as_ref() == text)
    }

    pub(crate) fn intern(&mut self, text: &T) -> Symbol {
        let hash = Mix::new(self.seed).text(text.as_ref().as_bytes());
        let found = self.index.find(hash, |symbol| self.list[symbol as usize].as_ref() == text.as_ref());
        found.unwrap_or_else(|| {
            let symbol = self.free.pop().unwrap_or(self.list.len() as u32);
            match self.list.get_mut(symbol as usize) {
                Some(free) => *free = text.clone(),
                None => self.list.push(text.clone()),
            }
            self.index.insert(hash, symbol);
            symbol
        })
    }
}
