//! The evidence that codes give: those on clicks up to a conversion, and those on the order itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::fact::Symbol;
use crate::journey::circle::Turn;
use crate::journey::touchpoint::{Evidence, EvidenceSet};

/// Cluster and row of a turn.
type Where = (u32, u32);

/// What codes say of turns, conversion after conversion.
#[derive(Debug, Default)]
pub(crate) struct Coded {
    /// Of the person's own turns, by their place among the touches; empty while no code named one.
    own: Vec<EvidenceSet>,
    /// Of turns of others, as they came up. Those that were left behind are missing.
    others: BTreeMap<u32, (Turn, EvidenceSet)>,
    /// The number of each that came up.
    numbers: BTreeMap<Where, u32>,
    next: u32,
    /// Codes on clicks: a second click says nothing new.
    clicked: BTreeSet<Symbol>,
    /// Whether an order is being read, and what stood where it changed something.
    on_order: bool,
    own_before: Vec<(u32, EvidenceSet)>,
    others_before: Vec<(Where, Option<EvidenceSet>)>,
}

impl Coded {
    /// Whether a click is the first one with its code.
    pub(crate) fn click(&mut self, code: Symbol) -> bool {
        self.clicked.insert(code)
    }

    /// What is added from now on is said by an order's own codes.
    pub(crate) fn read_order(&mut self) {
        self.on_order = true;
    }

    /// What the order's own codes said is not said of the next one.
    pub(crate) fn forget_order(&mut self) {
        self.on_order = false;
        for (place, before) in self.own_before.drain(..).rev() {
            self.own[place as usize] = before;
        }
        for (turn, before) in self.others_before.drain(..).rev() {
            match (before, self.numbers.get(&turn).copied()) {
                (Some(before), Some(number)) => {
                    self.others.entry(number).and_modify(|held| held.1 = before);
                }
                (_, number) => {
                    self.numbers.remove(&turn);
                    number.and_then(|number| self.others.remove(&number));
                }
            }
        }
    }

    /// Adds evidence to one of the person's own turns, of so many touches.
    pub(crate) fn add_own(&mut self, place: u32, count: usize, evidence: Evidence) {
        self.own.resize(count, EvidenceSet::default());
        let held = &mut self.own[place as usize];
        if self.on_order {
            self.own_before.push((place, *held));
        }
        held.add(evidence);
    }

    /// Adds evidence to a turn of another person.
    pub(crate) fn add_other(&mut self, turn: Turn, evidence: Evidence) {
        let place = (turn.cluster, turn.row);
        let number = self.numbers.get(&place).copied();
        if number.is_some_and(|number| !self.others.contains_key(&number)) {
            return;
        }
        let number = number.unwrap_or_else(|| {
            self.next += 1;
            self.numbers.insert(place, self.next);
            self.next
        });
        if self.on_order {
            self.others_before.push((place, self.others.get(&number).map(|held| held.1)));
        }
        self.others.entry(number).or_insert((turn, EvidenceSet::default())).1.add(evidence);
    }

    /// The evidence for one of the person's own turns.
    pub(crate) fn own(&self, place: u32) -> EvidenceSet {
        self.own.get(place as usize).copied().unwrap_or_default()
    }

    /// Turns of others, as they came up.
    pub(crate) fn others(&self) -> Vec<(Turn, EvidenceSet)> {
        self.others.values().copied().collect()
    }

    /// Leaves a turn behind that no later conversion can reach, unless only the order at hand names it; says
    /// whether it did.
    pub(crate) fn leave(&mut self, turn: &Turn) -> bool {
        let place = (turn.cluster, turn.row);
        if self.others_before.contains(&(place, None)) {
            return false;
        }
        let number = self.numbers.get(&place);
        number.and_then(|number| self.others.remove(number)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(row: u32) -> Turn {
        let (at, consent) = (i128::from(row), true);
        Turn { cluster: 1, row, person: 0, at, content: 0, handle: 1, barred: None, consent }
    }

    fn rows(coded: &Coded) -> Vec<u32> {
        coded.others().iter().map(|(turn, _)| turn.row).collect()
    }

    #[test]
    fn what_an_order_said_is_forgotten_and_what_clicks_said_stays() {
        let mut coded = Coded::default();
        assert!(coded.click(3) && !coded.click(3));
        coded.add_own(1, 2, Evidence::Code);
        coded.add_other(turn(9), Evidence::Code);
        coded.read_order();
        coded.add_own(1, 2, Evidence::DiscountCode);
        coded.add_own(0, 2, Evidence::DiscountCode);
        for _twice in 0..2 {
            coded.add_other(turn(5), Evidence::DiscountCode);
            coded.add_other(turn(9), Evidence::DiscountCode);
        }
        assert_eq!(rows(&coded), [9, 5], "as they came up");
        assert_eq!(coded.others()[0].1.iter().count(), 2);
        coded.forget_order();
        assert_eq!(rows(&coded), [9]);
        assert_eq!(coded.others()[0].1.iter().collect::<Vec<_>>(), [Evidence::Code]);
        assert_eq!(coded.own(0), EvidenceSet::default());
        assert_eq!(coded.own(1).iter().collect::<Vec<_>>(), [Evidence::Code]);
    }

    #[test]
    fn a_turn_that_was_left_behind_does_not_come_up_again_but_for_an_order_that_names_it() {
        let mut coded = Coded::default();
        coded.add_other(turn(9), Evidence::Code);
        coded.add_other(turn(8), Evidence::Code);
        assert!(coded.leave(&turn(9)) && !coded.leave(&turn(9)));
        coded.add_other(turn(9), Evidence::Code);
        assert_eq!(rows(&coded), [8]);
        coded.read_order();
        coded.add_other(turn(7), Evidence::Code);
        assert!(!coded.leave(&turn(7)), "the next order may not name it");
        coded.forget_order();
        coded.add_other(turn(7), Evidence::Code);
        assert_eq!(rows(&coded), [8, 7]);
    }
}
