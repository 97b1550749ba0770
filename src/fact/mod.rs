//! What is kept of an event: a fact without identifiers in the clear, without links, in a set without an order.

pub(crate) mod ahead;
mod blot;
mod book;
mod booked;
mod bulk;
mod bytes;
mod cluster;
mod columns;
mod content;
mod door;
mod expire;
mod id_hashes;
mod index;
mod intake;
mod labels;
mod left_out;
mod limits;
#[cfg(feature = "json")]
mod lines;
mod names;
mod pieces;
mod remove;
mod rotate;
mod rows;
mod seen;
mod seen_labels;
mod set;
mod settle;
pub(crate) mod snapshot;
mod text;
mod tie;
mod tombstone;
mod traits;
mod witness;

use chrono::{DateTime, Utc};
use smallvec::SmallVec;

pub(crate) use blot::{Seeker, WHOLE};
pub(crate) use book::Book;
pub(crate) use booked::{Booked, Version};
pub(crate) use cluster::Cluster;
pub(crate) use content::{
    CHANNEL, Content, Contents, FLOW, Held, INTENT, LANGUAGE, NONE, PRODUCT_TYPE, QUERY, Symbol, TOPIC,
};
use door::WITHHELD;
pub(crate) use id_hashes::IdHashes;
pub(crate) use index::{Index, Mix};
pub use intake::{Intake, Recorded};
pub(crate) use left_out::LeftOut;
pub use limits::{Limits, Retention};
pub(crate) use names::{Handle, NOBODY, Names};
pub(crate) use rows::Row;
pub(crate) use set::Facts;
pub(crate) use tie::Tie;
pub(crate) use tombstone::{Blot, Class, ErasedState, Stone, ghost_of, set_name};
pub(crate) use traits::Traits;
pub(crate) use witness::{Change, Witness};

use crate::event::{Kind, Order, Refund};
use crate::id::{IdKind, Key, Pseudonym};
use crate::text::{EventId, Label};

/// One identifier of a fact, under the tracker's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Known {
    pub(crate) kind: IdKind,
    pub(crate) name: Pseudonym,
}

/// An event as it is kept. The order of fields is the order of facts: by time, causes before effects, by id,
/// then by content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) at: DateTime<Utc>,
    pub(crate) id: EventId,
    /// Links are taken out, so are the identifiers of claims: these stand in `who`.
    pub(crate) kind: Kind,
    pub(crate) channel: Option<Label>,
    pub(crate) turn: Option<EventId>,
    /// Narrow to broad; for a withdrawn claim and merged customers just the two, in the order given.
    pub(crate) who: SmallVec<[Known; 2]>,
    /// Identifiers that were placeholders and are left out.
    pub(crate) junk: u8,
    /// Fields that are left out, by reason.
    pub(crate) left_out: LeftOut,
}

impl Fact {
    pub(crate) fn order(&self) -> Option<&Order> {
        match &self.kind {
            Kind::Order(order) => Some(order),
            _ => None,
        }
    }

    pub(crate) fn refund(&self) -> Option<&Refund> {
        match &self.kind {
            Kind::Refund(refund) => Some(refund),
            _ => None,
        }
    }

    /// Since when an order's snapshot holds: the instant that decides between versions.
    pub(crate) fn since(&self) -> DateTime<Utc> {
        self.order().and_then(|order| order.updated_at).unwrap_or(self.at)
    }

    fn sort_key(&self) -> impl Ord + '_ {
        let Self { at, id, kind, channel, turn, who, junk, left_out } = self;
        (at, kind.rank(), id, kind, (channel, turn, who, junk, left_out))
    }

    /// Content alone, the same under every key: what decides between two that differ in nothing that counts.
    pub(crate) fn content_key<'a>(&'a self, key: &Key) -> impl Ord + use<'a> {
        let Self { at, id, kind, channel, turn, who, junk, left_out } = self;
        let who: SmallVec<[(IdKind, u128); 3]> =
            who.iter().map(|known| (known.kind, key.unwrap(known.name))).collect();
        (kind, at, id, channel, turn, (who, junk, left_out))
    }
}

impl PartialOrd for Fact {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fact {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.sort_key().cmp(&other.sort_key())
    }
}
