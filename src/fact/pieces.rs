//! Long lists in pieces that stay where they are.

use std::ops::{Index, IndexMut, Range};

/// A list in pieces of [`PIECE`] items. No more than one piece is moved as it grows, so that nobody waits for a long
/// list to be copied, and less than a piece is spare.
#[derive(Clone, Debug)]
pub(crate) struct Pieces<T> {
    /// All but the last have as many as a piece holds.
    pieces: Vec<Vec<T>>,
    len: usize,
}

/// How many items a piece holds: the list of the pieces of ten million shoppers stays at hand, and a piece is no burden
/// to a small shop.
pub(crate) const PIECE: usize = 1 << 10;

impl<T> Pieces<T> {
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
    pub(crate) fn range(&self, places: Range<usize>) -> impl ExactSizeIterator<Item = &T> + Clone {
        places.map(|place| &self[place])
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &T> + Clone {
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

impl<T> Default for Pieces<T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), len: 0 }
    }
}

impl<T> From<T> for Pieces<T> {
    fn from(item: T) -> Self {
        let mut list = Self::default();
        list.push(item);
        list
    }
}

impl<T> Index<usize> for Pieces<T> {
    type Output = T;

    #[inline]
    fn index(&self, place: usize) -> &T {
        &self.pieces[place / PIECE][place % PIECE]
    }
}

impl<T> IndexMut<usize> for Pieces<T> {
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
        let mut list = Pieces::default();
        assert_eq!((list.len(), list.iter().next()), (0, None));
        let mut places = Vec::new();
        for item in 0..PIECE * 2 + 7 {
            list.push(item);
            assert_eq!((list.len(), list[item]), (item + 1, item));
            if item >= PIECE {
                places.push(&raw const list[item]);
            }
        }
        let stayed = places.iter().zip(PIECE..).all(|(place, item)| std::ptr::eq(*place, &list[item]));
        assert!(stayed);
        assert!(list.iter().copied().eq(0..PIECE * 2 + 7));
        assert!(list.range(PIECE - 2..PIECE + 2).copied().eq(PIECE - 2..PIECE + 2));
        list.iter_mut().for_each(|item| *item *= 2);
        list[PIECE] += 1;
        assert_eq!((list[PIECE - 1], list[PIECE]), (PIECE * 2 - 2, PIECE * 2 + 1));
        let lengths: Vec<usize> = list.pieces_mut().iter().map(Vec::len).collect();
        assert_eq!(lengths, [PIECE, PIECE, 7]);
    }
}
