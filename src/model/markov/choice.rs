//! How many labels a chain should remember, by what it says of journeys that it was not fitted to.

use serde::Serialize;

use crate::model::log::log2;
use crate::model::markov::MarkovCounts;
use crate::model::table::PathTable;

/// Parts of the journeys, each of which is told from the others.
const FOLDS: usize = 10;

/// Orders that are compared.
const ORDERS: usize = 4;

/// The order that held-out journeys speak for, with the evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct OrderChoice {
    /// The lowest order that is not behind the best by more than one standard error; none without journeys.
    pub order: Option<usize>,
    /// One for each order from 1 to 4; none without journeys.
    pub evidence: Vec<OrderEvidence>,
}

/// What held-out journeys say of one order.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct OrderEvidence {
    /// The order.
    pub order: usize,
    /// How many states its chain has.
    pub states: usize,
    /// Bits that a journey of the left-out part takes to tell under the chain of the others, end included: minus the
    /// mean binary logarithm of its likelihood. Lower is better.
    pub bits_per_journey: f64,
    /// How many more bits than the best order's.
    pub behind_best: f64,
    /// The standard error of that difference over the parts.
    pub standard_error: f64,
}

/// Compares orders 1 to 4 by ten-fold held-out likelihood.
///
/// Journeys are dealt out in the order of their paths, so that the parts are alike and nothing is drawn at random. What
/// follows after the last k labels is estimated from the other nine parts, with a part of the probability kept for what
/// was not seen there: as much as there were different things seen, told by the order below (Witten and Bell 1991,
/// method C); the lowest knows labels and ends as equally probable. The start counts as a label before the first, and a
/// longer context that the shorter one implies says nothing new.
///
/// The evidence speaks of how well a chain foretells journeys. Removal effects move towards participation with the
/// order whatever it says.
///
/// ```
/// use clinch::{Outcome, PathTable, choose_order};
///
/// // Who came by a and then b buys; who came by c and then b does not: one label is too few to tell.
/// let mut table = PathTable::new();
/// table.add(["a", "b"], Outcome { conversions: 500.0, ..Outcome::default() })?;
/// table.add(["c", "b"], Outcome { nulls: 500.0, ..Outcome::default() })?;
/// let choice = choose_order(&table);
/// assert_eq!(choice.order, Some(2));
/// assert!(choice.evidence[0].behind_best > 0.9);
/// # Ok::<(), clinch::Error>(())
/// ```
pub fn choose_order(table: &PathTable) -> OrderChoice {
    let told = Told::of(table);
    let journeys: f64 = told.journeys.iter().sum();
    if journeys == 0.0 {
        return OrderChoice { order: None, evidence: Vec::new() };
    }
    let bits: Vec<f64> = told.bits.iter().map(|bits| bits.iter().sum::<f64>() / journeys).collect();
    let best = (0..ORDERS).fold(0, |best, order| if bits[order] < bits[best] { order } else { best });
    let states = |order: usize| MarkovCounts::of(table, order).map_or(0, |counts| counts.states());
    let evidence: Vec<OrderEvidence> = (0..ORDERS)
        .map(|place| OrderEvidence {
            order: place + 1,
            states: states(place + 1),
            bits_per_journey: bits[place],
            behind_best: bits[place] - bits[best],
            standard_error: told.standard_error(place, best),
        })
        .collect();
    let order = evidence.iter().find(|one| one.behind_best <= one.standard_error).map(|one| one.order);
    OrderChoice { order, evidence }
}

/// What left-out journeys take to tell.
struct Told {
    /// Journeys of each part.
    journeys: [f64; FOLDS],
    /// For each order from 1 on the bits of each part.
    bits: [[f64; FOLDS]; ORDERS],
}

impl Told {
    fn of(table: &PathTable) -> Self {
        let mut steps = Steps::of(table);
        steps.events.sort_unstable_by_key(|event| (event.context, event.symbol, event.journeys));
        let mut told = Self { journeys: steps.folds, bits: [[0.0; FOLDS]; ORDERS] };
        let symbols = steps.symbols;
        let mut scratch = vec![NONE; symbols];
        let equal = Level { symbols: Vec::new(), even: 1.0 / symbols as f64 };
        let alone = Level::of(&steps, &steps.events, &equal, &mut scratch);
        told.visit(&steps, &steps.events, 0, &alone, &mut scratch);
        told
    }

    /// Steps with one context of `order` labels, and what is said of them.
    fn visit(&mut self, steps: &Steps, events: &[Event], order: usize, level: &Level, scratch: &mut [usize]) {
        if let Some(bits) = order.checked_sub(1).map(|place| &mut self.bits[place]) {
            for (_, counts, chances) in &level.symbols {
                for ((bits, count), chance) in bits.iter_mut().zip(counts).zip(chances) {
                    if *count > 0.0 {
                        *bits -= count * log2(*chance);
                    }
                }
            }
        }
        if order == ORDERS {
            return;
        }
        let shift = 32 * (ORDERS - 1 - order);
        for same in events.chunk_by(|a, b| a.context >> shift == b.context >> shift) {
            // A context that never differs says nothing new.
            if order > 0 && same.len() == events.len() {
                self.visit(steps, same, order + 1, level, scratch);
            } else {
                let longer = Level::of(steps, same, level, scratch);
                self.visit(steps, same, order + 1, &longer, scratch);
            }
        }
    }

    fn standard_error(&self, order: usize, best: usize) -> f64 {
        let parts: Vec<f64> = (0..FOLDS)
            .filter(|fold| self.journeys[*fold] > 0.0)
            .map(|fold| (self.bits[order][fold] - self.bits[best][fold]) / self.journeys[fold])
            .collect();
        let count = parts.len() as f64;
        let mean = parts.iter().sum::<f64>() / count;
        let squares: f64 = parts.iter().map(|part| (part - mean) * (part - mean)).sum();
        if count < 2.0 { 0.0 } else { (squares / (count - 1.0) / count).sqrt() }
    }
}

/// One step of the journeys of one path.
#[derive(Clone, Copy)]
struct Event {
    /// The last labels, newest highest, counted from 1; 0 before the first.
    context: u128,
    symbol: u32,
    /// Where the journeys that take it stand in `Steps::journeys`.
    journeys: u32,
}

/// All steps of all journeys.
struct Steps {
    /// Labels, conversion and null.
    symbols: usize,
    events: Vec<Event>,
    /// How many journeys of each part.
    journeys: Vec<[f64; FOLDS]>,
    folds: [f64; FOLDS],
}

impl Steps {
    fn of(table: &PathTable) -> Self {
        let paths = table.canonical();
        let labels = paths.labels.len() as u32;
        let mut steps = Self {
            symbols: labels as usize + 2,
            events: Vec::new(),
            journeys: Vec::new(),
            folds: [0.0; FOLDS],
        };
        let mut next = 0;
        for (path, ends) in paths.rows().filter(|(path, _)| !path.is_empty()) {
            let ends = [ends.conversions, ends.nulls].map(|count| deal(count.to_f64(), &mut next));
            let all = std::array::from_fn(|fold| ends[0][fold] + ends[1][fold]);
            if all == [0.0; FOLDS] {
                continue;
            }
            let mut context = 0;
            let number = steps.put(all);
            for label in path {
                steps.events.push(Event { context, symbol: *label, journeys: number });
                context = context >> 32 | u128::from(label + 1) << 96;
            }
            for (symbol, ends) in [labels, labels + 1].into_iter().zip(ends) {
                if ends != [0.0; FOLDS] {
                    let journeys = steps.put(ends);
                    steps.events.push(Event { context, symbol, journeys });
                }
            }
            steps.folds.iter_mut().zip(all).for_each(|(sum, count)| *sum += count);
        }
        steps
    }

    fn put(&mut self, journeys: [f64; FOLDS]) -> u32 {
        self.journeys.push(journeys);
        self.journeys.len() as u32 - 1
    }
}

/// Deals journeys out to the parts in turn, beginning where the last left off; a fraction goes to the next in turn.
fn deal(count: f64, next: &mut usize) -> [f64; FOLDS] {
    let each = (count / FOLDS as f64).floor();
    let mut dealt = [each; FOLDS];
    let mut left = count - each * FOLDS as f64;
    while left > 0.0 {
        dealt[*next] += left.min(1.0);
        left -= left.min(1.0);
        *next = (*next + 1) % FOLDS;
    }
    dealt
}

/// Where a symbol has no place.
const NONE: usize = usize::MAX;

/// What follows one context.
struct Level {
    /// In order: symbol, journeys of each part that took it, and its chance told from the other parts.
    symbols: Vec<(u32, [f64; FOLDS], [f64; FOLDS])>,
    /// The chance of any other symbol.
    even: f64,
}

impl Level {
    fn of(steps: &Steps, events: &[Event], below: &Self, scratch: &mut [usize]) -> Self {
        let mut symbols: Vec<(u32, [f64; FOLDS], [f64; FOLDS])> = Vec::new();
        let mut all = [0.0; FOLDS];
        for event in events {
            let place = &mut scratch[event.symbol as usize];
            if *place == NONE {
                *place = symbols.len();
                symbols.push((event.symbol, [0.0; FOLDS], [0.0; FOLDS]));
            }
            let journeys = &steps.journeys[event.journeys as usize];
            let held = &mut symbols[*place].1;
            held.iter_mut().zip(journeys).for_each(|(held, count)| *held += count);
            all.iter_mut().zip(journeys).for_each(|(all, count)| *all += count);
        }
        symbols.iter().for_each(|(symbol, ..)| scratch[*symbol as usize] = NONE);
        symbols.sort_unstable_by_key(|(symbol, ..)| *symbol);
        let whole: f64 = all.iter().sum();
        let sums: Vec<f64> = symbols.iter().map(|(_, counts, _)| counts.iter().sum()).collect();
        for fold in 0..FOLDS {
            let seen = whole - all[fold];
            let others = |place: usize, counts: &[f64; FOLDS]| (sums[place] - counts[fold]).max(0.0);
            let kinds =
                symbols.iter().enumerate().filter(|(place, (_, counts, _))| others(*place, counts) > 0.0);
            let kinds = kinds.count() as f64;
            for (place, (symbol, counts, chances)) in symbols.iter_mut().enumerate() {
                let lower = below.chance(*symbol, fold);
                let known = others(place, counts);
                chances[fold] = if kinds > 0.0 { (known + kinds * lower) / (seen + kinds) } else { lower };
            }
        }
        Self { symbols, even: 0.0 }
    }

    fn chance(&self, symbol: u32, fold: usize) -> f64 {
        let found = self.symbols.binary_search_by_key(&symbol, |(symbol, ..)| *symbol);
        found.map_or(self.even, |place| self.symbols[place].2[fold])
    }
}
