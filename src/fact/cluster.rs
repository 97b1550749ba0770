//! Clusters: facts whose identifiers were seen together, directly or through others.
//!
//! Who is who is decided inside a cluster and by nothing outside it, so a cluster is what an answer visits and
//! what a new fact touches.

use std::cmp::Ordering;
use std::sync::OnceLock;

use smallvec::SmallVec;

use crate::fact::IdHashes;
use crate::fact::content::Contents;
use crate::fact::names::Handle;
use crate::fact::rows::{NO_TURN, Place, Row, Rows};
use crate::fact::text::Texts;
use crate::fact::traits::Traits;
use crate::identity::People;
use crate::time::Instant;

/// The facts of one cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cluster {
    /// By instant, kind and id.
    pub(crate) rows: Rows,
    /// Ids of events, and of the turns that they name.
    pub(crate) text: Texts,
    /// Identifiers and sets of them.
    pub(crate) handles: SmallVec<[Handle; 4]>,
    /// Orders and refunds of which a fact is in it, by order.
    pub(crate) books: SmallVec<[u32; 2]>,
    pub(crate) traits: Traits,
    /// Whether two events have one id, once it has been asked for.
    repeats: OnceLock<bool>,
    /// Whose facts these are, once it has been asked for.
    pub(crate) people: OnceLock<Box<People>>,
}

/// An id as it is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Id<'a> {
    Text(&'a [u8]),
    /// Under `Limits::hash_ids`, most significant byte first.
    Hash([u8; 8]),
}

impl Id<'_> {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text,
            Self::Hash(bytes) => bytes,
        }
    }
}

/// A fact on its way into a cluster.
#[derive(Clone, Copy)]
pub(crate) struct Draft<'a> {
    pub(crate) at: Instant,
    pub(crate) id: Id<'a>,
    /// A hash of the id.
    pub(crate) tag: u32,
    pub(crate) content: u32,
    pub(crate) handle: Handle,
    pub(crate) turn: Option<Id<'a>>,
}

/// Up to so many rows are copied into a list of just the right size where others come to them: two kilobytes, which
/// cost about what a place for each of the others does.
const SMALL: usize = 64;

impl Cluster {
    /// Where a fact has to stand, unless it is here already.
    pub(crate) fn search(&self, draft: &Draft<'_>, contents: &Contents) -> Result<Row, Place> {
        self.rows.search(|row| self.compare(row, draft, contents))
    }

    fn compare(&self, row: &Row, draft: &Draft<'_>, contents: &Contents) -> Ordering {
        let by_kind = || contents.rank(row.content).cmp(&contents.rank(draft.content));
        let by_id = || {
            let hashed = matches!(draft.id, Id::Hash(_));
            self.id_of(row, hashed).bytes().cmp(draft.id.bytes())
        };
        let by_turn = || match (self.turn(row), &draft.turn) {
            (Some(held), Some(turn)) => held.cmp(turn.bytes()),
            (held, turn) => held.is_some().cmp(&turn.is_some()),
        };
        // What comes after the id decides nothing but where equal ones stand.
        row.at
            .cmp(&draft.at)
            .then_with(by_kind)
            .then_with(by_id)
            .then_with(|| (row.content, row.handle).cmp(&(draft.content, draft.handle)))
            .then_with(by_turn)
    }

    /// Adds a fact where it has to stand.
    pub(crate) fn insert(&mut self, place: Place, draft: &Draft<'_>) {
        if self.repeats.get() == Some(&false) && self.may_have(draft) {
            self.repeats.take();
        }
        let id = match draft.id {
            Id::Hash(bytes) => {
                let number = u64::from_be_bytes(bytes);
                [number as u32, (number >> 32) as u32]
            }
            Id::Text(text) => [draft.tag, self.text.write(text)],
        };
        let turn = draft.turn.map_or(NO_TURN, |turn| self.text.write(turn.bytes()));
        let Draft { at, content, handle, .. } = *draft;
        self.rows.insert(place, Row { at, id, content, handle, turn });
    }

    /// Whether an event may have the same id. Of very many rows it is not asked: they may.
    fn may_have(&self, draft: &Draft<'_>) -> bool {
        let tag = match draft.id {
            Id::Hash(bytes) => u64::from_be_bytes(bytes) as u32,
            Id::Text(_) => draft.tag,
        };
        match &self.rows {
            Rows::Few(rows) => rows.iter().any(|row| row.id[0] == tag),
            Rows::Many(_) => true,
        }
    }

    /// Whether two events have one id.
    pub(crate) fn has_repeats(&self, hashed: bool) -> bool {
        *self.repeats.get_or_init(|| {
            let rows = self.rows.all();
            let same = |a: &Row, b: &Row| self.id_of(a, hashed).bytes() == self.id_of(b, hashed).bytes();
            if rows.len() <= 16 {
                let held = |(place, row): (usize, &Row)| {
                    rows[..place].iter().any(|held| held.id[0] == row.id[0] && same(held, row))
                };
                return rows.iter().enumerate().any(held);
            }
            let mut seen = IdHashes::for_many(rows.len());
            if rows.iter().all(|row| seen.insert(row.id[0])) {
                return false;
            }
            let mut tags: Vec<(u32, u32)> =
                (0..).zip(rows.iter()).map(|(place, row)| (row.id[0], place)).collect();
            tags.sort_unstable();
            // One hash of several ids is rare, and of many by nobody's doing: the seed is secret.
            tags.chunk_by(|a, b| a.0 == b.0).filter(|run| run.len() > 1).any(|run| {
                let mut ids: Vec<_> =
                    run.iter().map(|(_, place)| self.id_of(&rows[*place as usize], hashed)).collect();
                ids.sort_unstable_by(|a, b| a.bytes().cmp(b.bytes()));
                ids.windows(2).any(|pair| pair[0].bytes() == pair[1].bytes())
            })
        })
    }

    pub(crate) fn id_of(&self, row: &Row, hashed: bool) -> Id<'_> {
        if hashed {
            Id::Hash((u64::from(row.id[1]) << 32 | u64::from(row.id[0])).to_be_bytes())
        } else {
            Id::Text(self.text.read(row.id[1]))
        }
    }

    /// The id of the turn that a row names.
    pub(crate) fn turn(&self, row: &Row) -> Option<&[u8]> {
        (row.turn != NO_TURN).then(|| self.text.read(row.turn))
    }

    /// Whether its texts have room for so many bytes more.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.text.has_room(bytes)
    }

    /// Takes in all that `other` has, and what it was is forgotten.
    pub(crate) fn absorb(&mut self, other: Self, contents: &Contents, hashed: bool) {
        let shift = self.text.append(&other.text);
        let moved = |row: &Row| {
            let mut row = *row;
            if !hashed {
                row.id[1] += shift;
            }
            if row.turn != NO_TURN {
                row.turn += shift;
            }
            row
        };
        self.traits.add(other.traits);
        let rows: Vec<Row> = other.rows.iter().map(moved).collect();
        self.merge_rows(&rows, contents, hashed);
        self.handles.extend(other.handles);
        for book in other.books {
            self.add_book(book);
        }
        self.people = OnceLock::new();
    }

    /// Puts rows among those that are here, none of which equals one of them; their texts are here already.
    pub(crate) fn merge_rows(&mut self, more: &[Row], contents: &Contents, hashed: bool) {
        if more.is_empty() {
            return;
        }
        self.repeats.take();
        if self.rows.len() == 0 {
            self.rows = Rows::of_sorted(more.to_vec());
            return;
        }
        let text = &self.text;
        let by_order = |a: &Row, b: &Row| compare((a, text), (b, text), contents, hashed);
        if more.len() * 8 < self.rows.len() && self.rows.len() > SMALL {
            // A hub takes in many small clusters, one after the other.
            for row in more {
                if let Err(place) = self.rows.search(|held| by_order(held, row)) {
                    self.rows.insert(place, *row);
                }
            }
        } else {
            let mut rows = Vec::with_capacity(self.rows.len() + more.len());
            rows.extend(std::mem::take(&mut self.rows).iter());
            rows.extend(more);
            rows.sort_by(by_order);
            self.rows = Rows::of_sorted(rows);
        }
    }

    pub(crate) fn add_book(&mut self, book: u32) {
        if let Err(place) = self.books.binary_search(&book) {
            self.books.insert(place, book);
        }
    }

    /// How much it holds: the larger one stays when two become one.
    pub(crate) fn weight(&self) -> usize {
        self.rows.len() + self.handles.len() + self.books.len()
    }
}

/// The order of rows, whose texts may stand apart: by instant, kind and id; what comes after the id decides nothing
/// but where equal ones stand.
pub(crate) fn compare(
    (a, a_text): (&Row, &Texts),
    (b, b_text): (&Row, &Texts),
    contents: &Contents,
    hashed: bool,
) -> Ordering {
    let by_id = || {
        if hashed {
            [a.id[1], a.id[0]].cmp(&[b.id[1], b.id[0]])
        } else {
            a_text.read(a.id[1]).cmp(b_text.read(b.id[1]))
        }
    };
    let turn = |row: &Row| row.turn != NO_TURN;
    let by_turn = || match (turn(a), turn(b)) {
        (true, true) => a_text.read(a.turn).cmp(b_text.read(b.turn)),
        (a, b) => a.cmp(&b),
    };
    a.at.cmp(&b.at)
        .then_with(|| contents.rank(a.content).cmp(&contents.rank(b.content)))
        .then_with(by_id)
        .then_with(|| (a.content, a.handle).cmp(&(b.content, b.handle)))
        .then_with(by_turn)
}
