//! What facts say, each distinct content once.

use std::hash::{Hash, Hasher};

use smallvec::SmallVec;

use crate::event::Kind;
use crate::fact::index::{Index, Mix};
use crate::text::{Code, Label};

/// What a fact says apart from when, by whom and under which id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Content {
    pub(crate) kind: Kind,
    pub(crate) channel: Option<Label>,
    /// Identifiers that were placeholders and are left out.
    pub(crate) junk: u8,
    /// Fields that contained an identifier of the same event and are left out.
    pub(crate) withheld: u8,
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
    pub(crate) labels: [Symbol; 6],
    /// The products that it speaks of, each once, in text order.
    pub(crate) products: SmallVec<[Symbol; 2]>,
    /// The link code or discount code in it, among codes of its sort.
    pub(crate) code: Symbol,
    /// The place of its kind among equal instants.
    pub(crate) rank: u8,
}

/// Places in [`Held::labels`].
pub(crate) const QUERY: usize = 0;
pub(crate) const TOPIC: usize = 1;
pub(crate) const INTENT: usize = 2;
pub(crate) const FLOW: usize = 3;
pub(crate) const PRODUCT_TYPE: usize = 4;
pub(crate) const CHANNEL: usize = 5;

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
    seed: u64,
}

impl Contents {
    pub(crate) fn new(seed: u64) -> Self {
        let (texts, links, discounts) = (Texts::new(seed), Texts::new(seed), Texts::new(seed));
        Self { held: Vec::new(), index: Index::default(), texts, links, discounts, seed }
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

    fn hash(&self, content: &Content) -> u32 {
        let mut mix = Mix::new(self.seed);
        content.hash(&mut mix);
        mix.short()
    }

    pub(crate) fn find(&self, content: &Content) -> Option<ContentId> {
        self.index.find(self.hash(content), |id| self.held[id as usize].content == *content)
    }

    /// The number of a content, given to it now if it is new.
    pub(crate) fn intern(&mut self, content: Content) -> ContentId {
        let hash = self.hash(&content);
        if let Some(id) = self.index.find(hash, |id| self.held[id as usize].content == content) {
            return id;
        }
        let id = self.held.len() as u32;
        let held = self.read(content);
        self.held.push(held);
        self.index.insert(hash, id);
        id
    }

    fn read(&mut self, content: Content) -> Held {
        let texts = &mut self.texts;
        let mut symbol = |label: &Option<Label>| label.as_ref().map_or(NONE, |label| texts.intern(label));
        let mut labels = [NONE; 6];
        if let Kind::Query(query) = &content.kind {
            labels[QUERY] = symbol(&query.query);
            labels[TOPIC] = symbol(&query.topic);
            labels[INTENT] = symbol(&query.intent);
            labels[FLOW] = symbol(&query.flow);
            labels[PRODUCT_TYPE] = symbol(&query.product_type);
        }
        labels[CHANNEL] = symbol(&content.channel);
        let mut products: Vec<Label> = content.kind.products().iter().map(Label::from).collect();
        products.sort_unstable();
        products.dedup();
        let products = products.iter().map(|product| self.texts.intern(product)).collect();
        let code = self.code(&content.kind);
        let rank = content.kind.rank() as u8;
        Held { content, labels, products, code, rank }
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
    seed: u64,
}

impl<T: AsRef<str> + Clone> Texts<T> {
    fn new(seed: u64) -> Self {
        Self { list: Vec::new(), index: Index::default(), seed }
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
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
            let symbol = self.list.len() as u32;
            self.list.push(text.clone());
            self.index.insert(hash, symbol);
            symbol
        })
    }
}
