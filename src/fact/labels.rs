//! The cap on labels, products and codes, and what a merged tracker needs of it.

use smallvec::SmallVec;

use crate::error::{ErrorKind, Result};
use crate::event::{Kind, KindRef};
use crate::fact::content::ContentRef;
use crate::fact::door::{Parts, RowFact};
use crate::fact::{Fact, Facts};

/// Texts are numbered by sort.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Label,
    Link,
    Discount,
}

type Named<'c> = SmallVec<[(Sort, &'c str); 8]>;

/// The texts of a content that are numbered.
fn of_content<'c>(content: &ContentRef<'c, '_>) -> Named<'c> {
    let mut named = Named::new();
    let mut add = |sort, text: Option<&'c str>| named.extend(text.map(|text| (sort, text)));
    add(Sort::Label, content.channel);
    match content.kind {
        KindRef::Query(query) => {
            let labels = [&query.query, &query.topic, &query.intent, &query.flow, &query.product_type];
            labels.into_iter().chain([&query.language]).for_each(|label| add(Sort::Label, label.as_deref()));
            query.products.iter().for_each(|product| add(Sort::Label, Some(product)));
        }
        KindRef::Recommendation(recommendation) => {
            recommendation.products.iter().for_each(|product| add(Sort::Label, Some(product)));
        }
        KindRef::LinkShared(link) => {
            add(Sort::Link, link.code.as_deref());
            add(Sort::Label, link.product.as_deref());
        }
        KindRef::LinkClick(click) => {
            add(Sort::Link, click.code.as_deref());
            add(Sort::Label, click.product.as_deref());
        }
        KindRef::Visit(visit) => add(Sort::Link, visit.code.as_deref()),
        KindRef::DiscountOffer(offer) => add(Sort::Discount, offer.discount_code.as_deref()),
        KindRef::AddToCart(item) => add(Sort::Label, Some(&item.product)),
        KindRef::RemoveFromCart(item) => add(Sort::Label, Some(&item.product)),
        _ => {}
    }
    named
}

/// The codes of an order.
fn of_order(fact: &Fact) -> Named<'_> {
    let Some(order) = fact.order() else { return Named::new() };
    let links = order.codes.iter().map(|code| (Sort::Link, code.as_str()));
    links.chain(order.discount_codes.iter().map(|code| (Sort::Discount, code.as_str()))).collect()
}

impl Facts {
    fn label_count(&self) -> usize {
        self.contents.texts.len() + self.contents.links.len() + self.contents.discounts.len()
    }

    /// Whether what is here is within the caps on labels and bytes.
    pub(super) fn is_within(&self) -> Result<()> {
        self.fits_named([])?;
        self.fits_bytes(|_| 0)
    }

    fn is_unknown(&self, (sort, text): &(Sort, &str)) -> bool {
        let found = match sort {
            Sort::Label => self.contents.texts.find(text),
            Sort::Link => self.contents.links.find(text),
            Sort::Discount => self.contents.discounts.find(text),
        };
        found.is_none()
    }

    /// Whether the texts of a content fit.
    pub(super) fn fits_labels(&self, content: &ContentRef<'_, '_>) -> Result<()> {
        // Which of them are new is looked for near the cap only.
        if self.has_labels_left(self.limits().values + 8) {
            Ok(())
        } else {
            self.fits_named(of_content(content))
        }
    }

    /// Whether the codes of an order fit.
    pub(super) fn fits_codes(&self, fact: &Fact) -> Result<()> {
        if self.has_labels_left(2 * self.limits().values) { Ok(()) } else { self.fits_named(of_order(fact)) }
    }

    fn has_labels_left(&self, count: usize) -> bool {
        self.label_count().saturating_add(count) as u64 <= self.limits().labels
    }

    fn fits_named<'c>(&self, named: impl IntoIterator<Item = (Sort, &'c str)>) -> Result<()> {
        let mut unknown: Vec<(Sort, &str)> =
            named.into_iter().filter(|named| self.is_unknown(named)).collect();
        unknown.sort_unstable();
        unknown.dedup();
        if self.has_labels_left(unknown.len()) {
            return Ok(());
        }
        Err(ErrorKind::Full { what: "labels", limit: self.limits().labels }.into())
    }

    /// Whether labels and bytes of all that `other` has, and this one does not, fit. What two new facts share is
    /// counted twice in the bytes.
    pub(super) fn fits_all(&self, other: &Self) -> Result<()> {
        let (counts_bytes, counts_labels) =
            (self.limits().bytes != u64::MAX, !self.has_labels_left(other.label_count()));
        if !counts_bytes && !counts_labels {
            return Ok(());
        }
        if counts_labels {
            let texts = other.contents.texts.iter().map(|text| (Sort::Label, text.as_str()));
            let links = other.contents.links.iter().map(|code| (Sort::Link, code.as_str()));
            let discounts = other.contents.discounts.iter().map(|code| (Sort::Discount, code.as_str()));
            self.fits_named(texts.chain(links).chain(discounts))?;
        }
        self.fits_bytes(|held| {
            let bytes = |fact: Fact| match fact.kind {
                _ if held.contains(&fact) => 0,
                Kind::Order(_) | Kind::Refund(_) => held.booked_bytes(&fact),
                _ => held.row_bytes(&RowFact::of(&fact, &Parts::of(&fact), held.hashed())),
            };
            other.facts().map(bytes).fold(0, u64::saturating_add)
        })
    }
}
