//! Long lists that stay where they are.

use std::ops::{Index, IndexMut, Range};

/// Items in pieces of [`PIECE`]. One more moves no others but in the first piece, which grows as it is filled: no single
/// event waits for a long list to be copied, and what is spare is less than a piece.
#[derive(Clone, Debug)]
pub(crate) struct Long<T> {
    /// All but the last have as many as a piece holds.
    pieces: Vec<Vec<T>>,
    len: usize,
}

/// How many items a piece holds.
pub(crate) const PIECE: usize = 1 << 10;

impl<T> Long<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn push(&mut self, item: T) {
        if self.len.is_multiple_of(PIECE) {
            let room = if self.len == 0 { 0 } else { PIECE };
            self.pieces.push(Vec::with_capacity(room));
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.push(item);
            self.len += 1;
        }
    }

    /// The items at some places, all of which are there.
    pub(crate) fn range(
        &self,
        places: Range<usize>,
    ) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator + Clone {
        places.map(|place| &self[place])
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator + Clone {
        self.range(0..self.len)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.pieces.iter_mut().flatten()
    }

    /// The pieces, for whoever shares them among threads.
    pub(crate) fn pieces_mut(&mut self) -> &mut [Vec<T>] {
        &mut self.pieces
    }
}

impl<T> Default for Long<T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), len: 0 }
    }
}

impl<T> From<T> for Long<T> {
    fn from(item: T) -> Self {
        let mut long = Self::default();
        long.push(item);
        long
    }
}

impl<T> Index<usize> for Long<T> {
    type Output = T;

    #[inline]
    fn index(&self, place: usize) -> &T {
        &self.pieces[place / PIECE][place % PIECE]
    }
}

impl<T> IndexMut<usize> for Long<T> {
    #[inline]
    fn index_mut(&mut self, place: usize) -> &mut T {
        &mut self.pieces[place / PIECE][place % PIECE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_stand_in_order_and_stay_where_they_are() {
        let mut long = Long::default();
        assert_eq!((long.len(), long.iter().next()), (0, None));
        let mut places = Vec::new();
        for item in 0..PIECE * 2 + 7 {
            long.push(item);
            assert_eq!((long.len(), long[item]), (item + 1, item));
            if item >= PIECE {
                places.push(&raw const long[item]);
            }
        }
        let stayed = places.iter().zip(PIECE..).all(|(place, item)| std::ptr::eq(*place, &long[item]));
        assert!(stayed);
        assert!(long.iter().copied().eq(0..PIECE * 2 + 7));
        assert!(long.iter().rev().copied().eq((0..PIECE * 2 + 7).rev()));
        assert!(long.range(PIECE - 2..PIECE + 2).copied().eq(PIECE - 2..PIECE + 2));
        long.iter_mut().for_each(|item| *item *= 2);
        long[PIECE] += 1;
        assert_eq!((long[PIECE - 1], long[PIECE]), (PIECE * 2 - 2, PIECE * 2 + 1));
        let lengths: Vec<usize> = long.pieces_mut().iter().map(Vec::len).collect();
        assert_eq!(lengths, [PIECE, PIECE, 7]);
    }
}
