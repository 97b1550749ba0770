//! What one model gives to the touches of one order's path.

use crate::credit::{ONE, integers};
use crate::error::Result;
use crate::money::{Even, Split};
use crate::report::plain::{Bought, Flags, Length, Scratch, Way};

/// Where one model's gifts for one order go.
pub(super) struct Given<'s> {
    pub(super) scratch: &'s mut Scratch,
    pub(super) flags: &'s [Flags],
    pub(super) models: usize,
    pub(super) model: usize,
}

impl Given<'_> {
    pub(super) fn give(&mut self, way: &Way, order: Bought) -> Result<()> {
        let Bought { minor, low, high, .. } = order;
        match way {
            Way::Decay(_, place) if high - low == 1 => self.alone(*place, low, [ONE, minor]),
            _ if high - low == 1 => self.one(low, minor),
            Way::First => self.one(low, minor),
            Way::Last => self.one(high - 1, minor),
            Way::LastNonDirect => {
                let content = &self.scratch.touches.content[low..high];
                let last = content.iter().rposition(|content| !self.flags[*content as usize].direct);
                self.one(last.map_or(high - 1, |last| low + last), minor);
            }
            Way::Linear => self.evenly(low, high, minor),
            Way::Positions(shares, model) => {
                let between = (high - low).saturating_sub(2) as u64;
                let largest = shares.iter().max().copied().unwrap_or_default();
                if largest.saturating_mul(between.max(1)) <= 1 << 53 {
                    self.by_position(*shares, low, high, minor);
                } else {
                    self.scratch.weights.clear();
                    model.weigh_steps(&Length(high - low), &mut self.scratch.weights);
                    let weights = self.scratch.weights.as_slice();
                    self.scratch.units = integers(weights, weights.iter().copied().fold(0.0, f64::max));
                    let Scratch { units, shares, values, room, .. } = &mut *self.scratch;
                    let split = Split::new(units)?;
                    split.parts(ONE, shares, room)?;
                    split.parts(minor, values, room)?;
                    for place in 0..high - low {
                        for which in 0..2 {
                            let part = [&self.scratch.shares, &self.scratch.values][which][place];
                            self.range(low + place, low + place + 1, part, which);
                        }
                    }
                }
            }
            Way::Decay(half_life, place) => {
                let Scratch { factors, units, alone, room, start, .. } = &mut *self.scratch;
                let (low, high) = (low - *start, high - *start);
                half_life.weights(&factors[low..high], units);
                let cells = &mut alone[*place * (factors.len() + 1)..][low..high];
                Split::new(units)?.add([ONE, minor], cells, room)?;
            }
        }
        Ok(())
    }

    fn at(&mut self, touch: usize) -> &mut [i64; 2] {
        &mut self.scratch.from[(touch - self.scratch.start) * self.models + self.model]
    }

    /// Gives so much to each touch of a range.
    fn range(&mut self, low: usize, high: usize, part: i64, which: usize) {
        self.at(low)[which] += part;
        self.at(high)[which] -= part;
    }

    fn one(&mut self, touch: usize, minor: i64) {
        for (which, total) in [ONE, minor].into_iter().enumerate() {
            self.range(touch, touch + 1, total, which);
        }
    }

    fn evenly(&mut self, low: usize, high: usize, minor: i64) {
        for (which, total) in [ONE, minor].into_iter().enumerate() {
            let Even { each, longer, unit } = Even::new(total, high - low);
            self.range(low, high, each, which);
            self.range(low, low + longer, unit, which);
        }
    }

    /// Of a path of n touches, the weights are a (n - 2) for the first, m for each between, b (n - 2) for the last;
    /// spare units go by the largest of three remainders.
    fn by_position(&mut self, [first, middle, last]: [u64; 3], low: usize, high: usize, minor: i64) {
        let between = (high - low - 2) as u64;
        let (ends, middles) = match between {
            0 if first + last == 0 => ([1, 1], 0),
            0 => ([first, last], 0),
            _ => ([first * between, last * between], middle),
        };
        let sum = u128::from(ends[0]) + u128::from(ends[1]) + u128::from(middles) * u128::from(between);
        for (which, total) in [ONE, minor].into_iter().enumerate() {
            let total = total.unsigned_abs();
            let split = |weight: u64| divide(u128::from(total) * u128::from(weight), sum);
            let [(one, left_one), (mid, left_mid), (two, left_two)] =
                [split(ends[0]), split(middles), split(ends[1])];
            let mut spare = total - one - two - mid * between;
            let mut order = [(left_one, 0_u8, 1), (left_mid, 1, between), (left_two, 2, 1)];
            order.sort_by_key(|(left, place, _)| (std::cmp::Reverse(*left), *place));
            let mut more = [0_u64; 3];
            for (_, place, count) in order {
                more[usize::from(place)] = spare.min(count);
                spare -= spare.min(count);
            }
            self.range(low, low + 1, (one + more[0]) as i64, which);
            self.range(low + 1, high - 1, mid as i64, which);
            self.range(low + 1, low + 1 + more[1] as usize, 1, which);
            self.range(high - 1, high, (two + more[2]) as i64, which);
        }
    }

    /// Gives share and value to one touch under a model that looks at each pair.
    fn alone(&mut self, place: usize, touch: usize, more: [i64; 2]) {
        let Scratch { alone, factors, start, .. } = &mut *self.scratch;
        let cell = &mut alone[place * (factors.len() + 1) + touch - *start];
        *cell = [cell[0] + more[0], cell[1] + more[1]];
    }
}

/// Quotient and remainder, by the hardware where the numbers have 64 bits. The quotient is below 2^64.
fn divide(number: u128, by: u128) -> (u64, u128) {
    match (u64::try_from(number), u64::try_from(by)) {
        (Ok(number), Ok(by)) => (number / by, u128::from(number % by)),
        _ => ((number / by) as u64, number % by),
    }
}
