//! The facts of a cluster in order: in one piece while they are few, in sorted chunks when they are many.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::fact::content::ContentId;
use crate::fact::names::Handle;
use crate::time::Instant;

/// One fact that is no order and no refund. 32 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) at: Instant,
    /// Under `Limits::hash_ids` the id itself; else a hash of the id and the place of its text.
    pub(crate) id: [u32; 2],
    pub(crate) content: ContentId,
    pub(crate) handle: Handle,
    /// The place of the id of the turn that it names, or [`NO_TURN`].
    pub(crate) turn: u32,
}

const _: () = assert!(size_of::<Row>() == 32);

/// Where no turn is named.
pub(crate) const NO_TURN: u32 = u32::MAX;

/// Rows of a cluster in the order that its owner gives them.
#[derive(Clone, Debug)]
pub(crate) enum Rows {
    /// Up to [`FEW`] rows.
    Few(Vec<Row>),
    /// Any number: chunks of at most [`CHUNK`] rows, none of them empty, so that a late row moves few others.
    Many(Vec<Vec<Row>>),
}

/// From how many rows on they stand in chunks.
const FEW: usize = 512;

const CHUNK: usize = 512;

impl Default for Rows {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Few(rows) => rows.len(),
            Self::Many(chunks) => chunks.iter().map(Vec::len).sum(),
        }
    }

    /// All of them in one piece.
    pub(crate) fn all(&self) -> Cow<'_, [Row]> {
        match self {
            Self::Few(rows) => Cow::Borrowed(rows),
            Self::Many(chunks) => Cow::Owned(chunks.concat()),
        }
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Row> {
        let (few, many): (&[Row], &[Vec<Row>]) = match self {
            Self::Few(rows) => (rows, &[]),
            Self::Many(chunks) => (&[], chunks),
        };
        few.iter().chain(many.iter().flatten())
    }

    pub(crate) fn first(&self) -> Option<&Row> {
        match self {
            Self::Few(rows) => rows.first(),
            Self::Many(chunks) => chunks.first()?.first(),
        }
    }

    pub(crate) fn last(&self) -> Option<&Row> {
        match self {
            Self::Few(rows) => rows.last(),
            Self::Many(chunks) => chunks.last()?.last(),
        }
    }

    /// The row at a place in the order.
    pub(crate) fn get(&self, place: usize) -> Option<&Row> {
        match self {
            Self::Few(rows) => rows.get(place),
            Self::Many(chunks) => {
                let mut rest = place;
                chunks.iter().find_map(|chunk| {
                    let found = chunk.get(rest);
                    rest = rest.wrapping_sub(chunk.len());
                    found
                })
            }
        }
    }

    /// The row for which `compare` says `Equal`; else where a row would have to stand.
    pub(crate) fn search(&self, compare: impl Fn(&Row) -> Ordering) -> Result<Row, Place> {
        let (chunk, rows) = match self {
            Self::Few(rows) => (0, rows.as_slice()),
            Self::Many(chunks) => {
                let after = chunks.partition_point(|chunk| compare(&chunk[0]).is_le());
                let chunk = after.saturating_sub(1);
                (chunk, chunks[chunk].as_slice())
            }
        };
        // Most rows come in the order of time.
        if rows.last().is_none_or(|last| compare(last).is_lt()) {
            return Err(Place { chunk, row: rows.len() });
        }
        rows.binary_search_by(compare).map(|row| rows[row]).map_err(|row| Place { chunk, row })
    }

    /// Puts a row where [`Rows::search`] said.
    pub(crate) fn insert(&mut self, place: Place, row: Row) {
        match self {
            Self::Few(rows) => {
                if rows.len() == rows.capacity() {
                    rows.reserve_exact(2 + rows.len() / 4);
                }
                rows.insert(place.row, row);
                if rows.len() > FEW {
                    *self = Self::of_sorted(std::mem::take(rows));
                }
            }
            Self::Many(chunks) => {
                let chunk = &mut chunks[place.chunk];
                chunk.insert(place.row, row);
                if chunk.len() > CHUNK {
                    // Full chunks behind rows that come in order, half full ones elsewhere.
                    let end = place.row + 1 == chunk.len();
                    let rest = chunk.split_off(if end { CHUNK } else { CHUNK / 2 });
                    chunk.shrink_to_fit();
                    chunks.insert(place.chunk + 1, rest);
                }
            }
        }
    }

    /// Numbers contents anew, in the order in which they were numbered before.
    pub(crate) fn renumber(&mut self, moved: &[ContentId]) {
        let rows: &mut dyn Iterator<Item = &mut Row> = match self {
            Self::Few(rows) => &mut rows.iter_mut(),
            Self::Many(chunks) => &mut chunks.iter_mut().flatten(),
        };
        rows.for_each(|row| row.content = moved[row.content as usize]);
    }

    /// Rows that stand in order already.
    pub(crate) fn of_sorted(mut rows: Vec<Row>) -> Self {
        if rows.len() <= FEW {
            if rows.capacity() > 2 * rows.len() {
                // Of many that came again few were new.
                rows.shrink_to_fit();
            }
            Self::Few(rows)
        } else {
            Self::Many(rows.chunks(CHUNK * 3 / 4).map(<[Row]>::to_vec).collect())
        }
    }
}

/// Where a row has to stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    chunk: usize,
    row: usize,
}
