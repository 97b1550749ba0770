//! Clusters: facts whose identifiers were seen together, directly or through others.
//!
//! Who is who is decided inside a cluster and by nothing outside it, so a cluster is what an answer visits and
//! what a new fact touches.

use std::cmp::Ordering;
use std::sync::OnceLock;

use smallvec::SmallVec;

use crate::fact::content::Contents;
use crate::fact::names::Handle;
use crate::fact::rows::{NO_TURN, Place, Row, Rows};
use crate::identity::People;
use crate::time::Instant;

/// The facts of one cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cluster {
    /// By instant, kind and id.
    pub(crate) rows: Rows,
    /// Ids of events, and of the turns that they name.
    text: Vec<u8>,
    /// Identifiers and sets of them.
    pub(crate) handles: SmallVec<[Handle; 4]>,
    /// Orders and refunds of which a fact is in it, by order.
    pub(crate) books: SmallVec<[u32; 2]>,
    pub(crate) traits: Traits,
    /// Whose facts these are, once it has been asked for.
    pub(crate) people: OnceLock<Box<People>>,
}

/// What has to be looked at in a cluster; what never came up costs an answer nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traits {
    /// Two events may have one id.
    pub(crate) repeats: bool,
    /// A claim was withdrawn.
    pub(crate) withdrawals: bool,
    /// There are engagements or feedback, which have a cause.
    pub(crate) causes: bool,
    /// There are words on consent.
    pub(crate) consent: bool,
    /// A link code or a discount code was handed out or used.
    pub(crate) codes: bool,
    /// A goal was reached.
    pub(crate) goals: bool,
    /// A placeholder or a withheld field was counted.
    pub(crate) counted: bool,
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

impl Cluster {
    /// Where a fact has to stand, unless it is here already.
    pub(crate) fn search(&self, draft: &Draft<'_>, contents: &Contents) -> Result<Row, Place> {
        self.rows.search(|row| self.compare(row, draft, contents))
    }

    fn compare(&self, row: &Row, draft: &Draft<'_>, contents: &Contents) -> Ordering {
        let by_kind = || contents.rank(row.content).cmp(&contents.rank(draft.content));
        let by_id = || self.id(row, draft.id).bytes().cmp(draft.id.bytes());
        let by_turn = || {
            let turn = self.turn(row);
            turn.map(|turn| turn.to_vec()).cmp(&draft.turn.map(|turn| turn.bytes().to_vec()))
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
        if !self.traits.repeats {
            self.traits.repeats = self.has_tag(draft);
        }
        let id = match draft.id {
            Id::Hash(bytes) => {
                let number = u64::from_be_bytes(bytes);
                [number as u32, (number >> 32) as u32]
            }
            Id::Text(text) => [draft.tag, self.write(text)],
        };
        let turn = draft.turn.map_or(NO_TURN, |turn| self.write(turn.bytes()));
        let Draft { at, content, handle, .. } = *draft;
        self.rows.insert(place, Row { at, id, content, handle, turn });
    }

    /// Whether an event may have the same id. Of very many rows it is not asked: they may.
    fn has_tag(&self, draft: &Draft<'_>) -> bool {
        let tag = match draft.id {
            Id::Hash(bytes) => u64::from_be_bytes(bytes) as u32,
            Id::Text(_) => draft.tag,
        };
        match &self.rows {
            Rows::Few(rows) => rows.iter().any(|row| row.id[0] == tag),
            Rows::Many(_) => true,
        }
    }

    /// Writes a text behind its length.
    fn write(&mut self, text: &[u8]) -> u32 {
        let place = self.text.len() as u32;
        let mut length = text.len();
        while length > 0x7f {
            self.text.push(length as u8 | 0x80);
            length >>= 7;
        }
        self.text.push(length as u8);
        self.text.extend_from_slice(text);
        place
    }

    fn read(&self, place: u32) -> &[u8] {
        let (mut length, mut shift, mut start) = (0, 0, place as usize);
        loop {
            let byte = self.text[start];
            length |= usize::from(byte & 0x7f) << shift;
            (shift, start) = (shift + 7, start + 1);
            if byte < 0x80 {
                return &self.text[start..start + length];
            }
        }
    }

    /// The id of a row, in the form of another one.
    fn id(&self, row: &Row, like: Id<'_>) -> Id<'_> {
        self.id_of(row, matches!(like, Id::Hash(_)))
    }

    pub(crate) fn id_of(&self, row: &Row, hashed: bool) -> Id<'_> {
        if hashed {
            Id::Hash((u64::from(row.id[1]) << 32 | u64::from(row.id[0])).to_be_bytes())
        } else {
            Id::Text(self.read(row.id[1]))
        }
    }

    /// The id of the turn that a row names.
    pub(crate) fn turn(&self, row: &Row) -> Option<&[u8]> {
        (row.turn != NO_TURN).then(|| self.read(row.turn))
    }

    /// Whether its texts have room for so many bytes more.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.text.len() + bytes < u32::MAX as usize
    }

    /// Takes in all that `other` has, and what it was is forgotten.
    pub(crate) fn absorb(&mut self, other: Self, contents: &Contents, hashed: bool) {
        let shift = self.text.len() as u32;
        self.text.extend_from_slice(&other.text);
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
        self.traits = self.traits.union(other.traits);
        if other.rows.len() * 8 < self.rows.len() {
            // A hub takes in many small clusters, one after the other.
            for row in other.rows.iter().map(moved) {
                let tagged = || self.rows.iter().any(|held| held.id[0] == row.id[0]);
                self.traits.repeats = self.traits.repeats || matches!(self.rows, Rows::Many(_)) || tagged();
                if let Err(place) = self.rows.search(|held| self.compare_rows(held, &row, contents, hashed)) {
                    self.rows.insert(place, row);
                }
            }
        } else {
            let mut rows = std::mem::take(&mut self.rows).all().into_owned();
            rows.extend(other.rows.iter().map(moved));
            rows.sort_by(|a, b| self.compare_rows(a, b, contents, hashed));
            self.traits.repeats = self.traits.repeats || repeats(&rows);
            self.rows = Rows::of_sorted(rows);
        }
        self.handles.extend(other.handles);
        for book in other.books {
            self.add_book(book);
        }
        self.people = OnceLock::new();
    }

    fn compare_rows(&self, a: &Row, b: &Row, contents: &Contents, hashed: bool) -> Ordering {
        a.at.cmp(&b.at)
            .then_with(|| contents.rank(a.content).cmp(&contents.rank(b.content)))
            .then_with(|| self.id_of(a, hashed).bytes().cmp(self.id_of(b, hashed).bytes()))
            .then_with(|| (a.content, a.handle).cmp(&(b.content, b.handle)))
            .then_with(|| self.turn(a).cmp(&self.turn(b)))
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

/// Whether two rows may have one id.
fn repeats(rows: &[Row]) -> bool {
    let mut tags: Vec<u32> = rows.iter().map(|row| row.id[0]).collect();
    tags.sort_unstable();
    tags.windows(2).any(|pair| pair[0] == pair[1])
}

impl Traits {
    fn union(self, other: Self) -> Self {
        Self {
            repeats: self.repeats || other.repeats,
            withdrawals: self.withdrawals || other.withdrawals,
            causes: self.causes || other.causes,
            consent: self.consent || other.consent,
            codes: self.codes || other.codes,
            goals: self.goals || other.goals,
            counted: self.counted || other.counted,
        }
    }
}
