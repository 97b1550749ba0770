//! What the values of one dimension were credited.

use crate::fact::{Contents, NONE, Symbol};
use crate::journey::Dimension;
use crate::report::tally::Table;

/// One dimension asked for.
#[derive(Clone)]
pub(super) struct Labels {
    /// The place of the dimension among a content's labels.
    label: usize,
    /// The row of each value, by its number plus one; 0 is the row of no value.
    row_of: Vec<u32>,
    /// The row of each content.
    slots: Vec<u32>,
    /// The value of each row.
    symbols: Vec<Symbol>,
    /// By currency.
    cells: Vec<Cells>,
}

/// Shares and minor units by row and model: the sums are the two together.
#[derive(Clone, Default)]
struct Cells {
    sums: Vec<[i128; 2]>,
    /// What came last, in 64 bits.
    recent: Vec<[i64; 2]>,
    /// How far a recent sum can be from zero.
    most: u64,
}

impl Cells {
    fn settle(&mut self) {
        self.sums.resize(self.recent.len(), [0; 2]);
        for (sum, recent) in self.sums.iter_mut().zip(&mut self.recent) {
            *sum = [sum[0] + i128::from(recent[0]), sum[1] + i128::from(recent[1])];
            *recent = [0; 2];
        }
        self.most = 0;
    }
}

impl Labels {
    /// None for dimensions of which a touch may have several values.
    pub(super) fn new(by: Dimension) -> Option<Self> {
        let label = by.label()?;
        Some(Self { label, row_of: Vec::new(), slots: Vec::new(), symbols: Vec::new(), cells: Vec::new() })
    }

    /// Room for all rows in a currency, and for sums that are up to so far from zero.
    pub(super) fn make_room(&mut self, currency: usize, models: usize, most: u64) {
        if self.cells.len() <= currency {
            self.cells.resize(currency + 1, Cells::default());
        }
        let cells = &mut self.cells[currency];
        cells.recent.resize(self.symbols.len() * models, [0; 2]);
        if cells.most + most > i64::MAX as u64 {
            cells.settle();
        }
        cells.most += most;
    }

    pub(super) fn grow(&mut self, contents: &Contents) {
        for held in contents.iter().skip(self.slots.len()) {
            let symbol = held.labels[self.label];
            let place = symbol.wrapping_add(1) as usize;
            if self.row_of.len() <= place {
                self.row_of.resize(place + 1, NONE);
            }
            if self.row_of[place] == NONE {
                self.row_of[place] = self.symbols.len() as u32;
                self.symbols.push(symbol);
            }
            self.slots.push(self.row_of[place]);
        }
    }

    /// Adds so much to the cells of a touch's row, one per model.
    #[inline]
    pub(super) fn give(&mut self, currency: usize, content: u32, given: &[[i64; 2]]) {
        let row = self.slots[content as usize] as usize;
        let cells = &mut self.cells[currency].recent[row * given.len()..][..given.len()];
        for (cell, given) in cells.iter_mut().zip(given) {
            *cell = [cell[0] + given[0], cell[1] + given[1]];
        }
    }

    /// Puts the sums into the tables of the currencies.
    pub(super) fn finish(&self, tables: &mut [Table], models: usize) {
        for (cells, table) in self.cells.iter().zip(tables) {
            let mut cells = cells.clone();
            cells.settle();
            let given = |cells: &&[[i128; 2]]| cells.iter().any(|cell| *cell != [0; 2]);
            let rows = self.symbols.iter().zip(cells.sums.chunks(models.max(1)));
            for (symbol, cells) in rows.filter(|(_, cells)| given(cells)) {
                for (held, cell) in table.row(*symbol).iter_mut().zip(cells) {
                    *held = [held[0] + cell[0], held[1] + cell[1]];
                }
            }
        }
    }
}
