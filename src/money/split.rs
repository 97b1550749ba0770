//! The exact split of a total over weights, without sorting and, once its scratch is large enough, without
//! allocation. Reports run it for every purchase under every model.

use std::cmp::Reverse;

use crate::error::{ErrorKind, Result};

/// The largest weight that can be split over: integers up to here are exact in a float too.
pub(crate) const MAX_WEIGHT: u64 = 1 << 53;

/// Up to here a float finds each quotient but for one, see [`divide`].
const NARROW_SIZE: u64 = 1 << 49;

/// Up to here a remainder has a sign bit to spare, see [`divide`].
const NARROW_SUM: u128 = 1 << 62;

/// Up to here remainders are compared each with each.
const FEW: usize = 8;

/// Remainders are told apart by six bits at a time.
const BITS: u32 = 6;
const BUCKETS: usize = 1 << BITS;

/// Room that splits use again and again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    remainders: Vec<u64>,
    band: Vec<(u64, usize)>,
    wide: Vec<(u128, usize)>,
}

/// A total over so many equal weights, as [`Split::parts`] gives it, without a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Even {
    /// What each gets at least, with the total's sign.
    pub(crate) each: i64,
    /// So many of the first get one `unit` more.
    pub(crate) longer: usize,
    /// The total's sign: -1, 0 or 1.
    pub(crate) unit: i64,
}

impl Even {
    /// `total` over `count` equal weights; a count of 0 is taken for 1.
    pub(crate) fn new(total: i64, count: usize) -> Self {
        let (size, count) = (total.unsigned_abs(), count.max(1) as u64);
        let unit = total.signum();
        Self { each: signed(size / count, unit), longer: (size % count) as usize, unit }
    }
}

/// Checked weights with their sum: what several totals over the same weights share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Split<'a> {
    weights: &'a [u64],
    sum: u128,
    equal: bool,
}

impl<'a> Split<'a> {
    /// # Errors
    /// `WeightTooLarge` if one is above 2^53.
    pub(crate) fn new(weights: &'a [u64]) -> Result<Self> {
        let first = weights.first().copied().unwrap_or(0);
        let (mut sum, mut above, mut differ) = (0, 0, 0);
        // So many sum within 64 bits, unless one is refused anyway.
        for chunk in weights.chunks(1 << 10) {
            let mut chunk_sum = 0_u64;
            for weight in chunk {
                chunk_sum = chunk_sum.wrapping_add(*weight);
                // The highest bit says "above": of the weight itself, else of a difference below zero.
                above |= weight | MAX_WEIGHT.wrapping_sub(*weight);
                differ |= weight ^ first;
            }
            sum += u128::from(chunk_sum);
        }
        if above >> 63 == 1 {
            return Err(ErrorKind::WeightTooLarge.into());
        }
        Ok(Self { weights, sum, equal: differ == 0 })
    }

    /// Replaces `parts` by the parts of `total`: what [`apportion`](super::apportion) promises.
    ///
    /// # Errors
    /// `NoWeight` if all weights are zero and the total is not; there are no parts then.
    pub(crate) fn parts(&self, total: i64, parts: &mut Vec<i64>, scratch: &mut Scratch) -> Result<()> {
        parts.clear();
        if total != 0 && self.sum == 0 {
            return Err(ErrorKind::NoWeight.into());
        }
        parts.resize(self.weights.len(), 0);
        self.add([total], parts.as_chunks_mut().0, scratch)
    }

    /// Adds to cell i, place k the part of `totals[k]` for weight i. There are as many cells as weights.
    ///
    /// # Errors
    /// `NoWeight` if all weights are zero and a total is not; nothing is added then.
    pub(crate) fn add<const N: usize>(
        &self,
        totals: [i64; N],
        cells: &mut [[i64; N]],
        scratch: &mut Scratch,
    ) -> Result<()> {
        debug_assert_eq!(self.weights.len(), cells.len());
        if totals == [0; N] {
            return Ok(());
        }
        if self.sum == 0 {
            return Err(ErrorKind::NoWeight.into());
        }
        let is_wide = totals.iter().any(|total| total.unsigned_abs() > NARROW_SIZE) || self.sum > NARROW_SUM;
        if self.equal {
            totals.into_iter().enumerate().for_each(|(which, total)| evenly(total, which, cells));
        } else if is_wide {
            let wide = &mut scratch.wide;
            totals.into_iter().enumerate().for_each(|(which, total)| self.wide(total, which, cells, wide));
        } else if cells.len() <= FEW {
            self.few(totals, cells);
        } else {
            self.many(totals, cells, scratch);
        }
        Ok(())
    }

    /// Totals and sums of any size, by division in 128 bits: 2^63 times 2^53 is far from the end of these.
    fn wide<const N: usize>(
        &self,
        total: i64,
        which: usize,
        cells: &mut [[i64; N]],
        remainders: &mut Vec<(u128, usize)>,
    ) {
        let (size, unit) = (u128::from(total.unsigned_abs()), total.signum());
        let mut spare = total.unsigned_abs();
        remainders.clear();
        for (place, (cell, weight)) in cells.iter_mut().zip(self.weights).enumerate() {
            let product = size * u128::from(*weight);
            // A part never exceeds the total.
            let quotient = (product / self.sum) as u64;
            spare -= quotient;
            cell[which] += signed(quotient, unit);
            remainders.push((product % self.sum, place));
        }
        let spare = spare as usize;
        if spare > 0 {
            remainders
                .select_nth_unstable_by_key(spare - 1, |(remainder, place)| (Reverse(*remainder), *place));
            remainders[..spare].iter().for_each(|(_, place)| cells[*place][which] += unit);
        }
    }

    /// Up to [`FEW`] narrow weights: remainders are compared each with each.
    fn few<const N: usize>(&self, totals: [i64; N], cells: &mut [[i64; N]]) {
        for (which, total) in totals.into_iter().enumerate() {
            let (divisor, unit) = (self.divisor(total), total.signum());
            let mut spare = divisor.size;
            let mut room = [0; FEW];
            let remainders = &mut room[..cells.len()];
            for ((cell, weight), remainder) in cells.iter_mut().zip(self.weights).zip(&mut *remainders) {
                let (quotient, rest) = divisor.divide(*weight);
                *remainder = rest;
                spare -= quotient;
                cell[which] += signed(quotient, unit);
            }
            for (place, cell) in cells.iter_mut().enumerate() {
                cell[which] += if among_largest(remainders, place, spare as usize) { unit } else { 0 };
            }
        }
    }

    /// More of them: remainders are counted in buckets, and only the last bucket that gets a unit is looked through.
    fn many<const N: usize>(&self, totals: [i64; N], cells: &mut [[i64; N]], scratch: &mut Scratch) {
        let Scratch { remainders, band, .. } = scratch;
        let (divisors, units) = (totals.map(|total| self.divisor(total)), totals.map(i64::signum));
        // Remainders are below the sum, so that six bits are left.
        let shift = (u64::BITS - (self.sum as u64).leading_zeros()).saturating_sub(BITS);
        let mut counts = [[0; BUCKETS]; N];
        let mut spare = divisors.map(|divisor| divisor.size);
        remainders.resize(cells.len() * N, 0);
        let remainders = remainders.as_chunks_mut::<N>().0;
        for ((cell, weight), remainders) in cells.iter_mut().zip(self.weights).zip(&mut *remainders) {
            for which in 0..N {
                let (quotient, rest) = divisors[which].divide(*weight);
                remainders[which] = rest;
                spare[which] -= quotient;
                counts[which][(rest >> shift) as usize % BUCKETS] += 1;
                cell[which] += signed(quotient, units[which]);
            }
        }
        for which in 0..N {
            let (last, spare) = last_bucket(&counts[which], spare[which] as usize);
            // Where the last bucket that gets a unit begins, and where it ends.
            let (low, high, sign) = ((last as u64) << shift, (last as u64 + 1) << shift, units[which] >> 63);
            band.clear();
            for (place, (cell, remainders)) in cells.iter_mut().zip(&*remainders).enumerate() {
                let remainder = remainders[which];
                // 1 if it lies above, with the total's sign: both are up to 2^63, so that the top bit tells. No branch, as
                // half of them do.
                let above = ((high - 1).wrapping_sub(remainder) >> 63) as i64;
                cell[which] += (above ^ sign) - sign;
                if remainder.wrapping_sub(low) < high - low {
                    band.push((remainder, place));
                }
            }
            settle(band, spare, |place| cells[place][which] += units[which]);
        }
    }

    fn divisor(&self, total: i64) -> Divisor {
        let (size, sum) = (total.unsigned_abs(), self.sum as u64);
        Divisor { size, sum, ratio: size as f64 / sum as f64 }
    }
}

/// A total up to [`NARROW_SIZE`] over a sum up to [`NARROW_SUM`].
#[derive(Clone, Copy)]
struct Divisor {
    size: u64,
    sum: u64,
    ratio: f64,
}

impl Divisor {
    /// Quotient and remainder of `size` * `weight` / `sum`, exactly.
    ///
    /// Say Q is the exact quotient, a real number up to `size`, so up to 2^49. The sum, the ratio and the product
    /// are rounded, each by at most one part in 2^53, while `size` and the weight are exact; so the product is off
    /// by less than Q * 2^-51, a quarter. Adding 2^52 rounds it to the nearest integer q, off by at most one half
    /// more. So |q - Q| < 1, and q is the floor of Q or one above it.
    ///
    /// The remainder `size` * `weight` - q * `sum` then lies between -`sum` and `sum`, which fits 63 bits and a
    /// sign, so that arithmetic modulo 2^64 gives it exactly; it is below zero if q is one above.
    #[inline]
    fn divide(self, weight: u64) -> (u64, u64) {
        const SHIFT: f64 = (1_u64 << 52) as f64;
        let nearest = (self.ratio * (weight as i64 as f64) + SHIFT).to_bits().wrapping_sub(SHIFT.to_bits());
        let rest = self.size.wrapping_mul(weight).wrapping_sub(nearest.wrapping_mul(self.sum));
        // All ones if the rest is below zero.
        let above = (rest as i64 >> 63) as u64;
        (nearest.wrapping_add(above), rest.wrapping_add(self.sum & above))
    }
}

/// `size` with the sign `unit`; 2^63 only occurs with a minus.
#[inline]
fn signed(size: u64, unit: i64) -> i64 {
    (size as i64).wrapping_mul(unit)
}

/// Adds the parts of a total over equal weights.
fn evenly<const N: usize>(total: i64, which: usize, cells: &mut [[i64; N]]) {
    let even = Even::new(total, cells.len());
    cells.iter_mut().for_each(|cell| cell[which] += even.each);
    cells[..even.longer].iter_mut().for_each(|cell| cell[which] += even.unit);
}

/// Whether a remainder is one of the `spare` largest, the earlier before the later.
#[inline]
fn among_largest(remainders: &[u64], place: usize, spare: usize) -> bool {
    let own = remainders[place];
    let before = remainders[..place].iter().filter(|other| **other >= own).count();
    let after = remainders[place + 1..].iter().filter(|other| **other > own).count();
    before + after < spare
}

/// From the highest bucket on, each member gets a spare unit; the bucket where they no longer reach all, and how
/// many are left for it. More members than units are a caller's promise.
fn last_bucket(counts: &[u32; BUCKETS], spare: usize) -> (usize, usize) {
    let mut left = spare;
    for (bucket, count) in counts.iter().enumerate().rev() {
        let count = *count as usize;
        if count > left {
            return (bucket, left);
        }
        left -= count;
    }
    (0, left)
}

/// Gives a unit to the place of each of the `spare` largest remainders of a band, which is in order of place.
fn settle(band: &mut Vec<(u64, usize)>, mut spare: usize, mut give: impl FnMut(usize)) {
    while spare > 0 {
        let differ = band.iter().fold(0, |differ, (remainder, _)| differ | (remainder ^ band[0].0));
        if differ == 0 {
            band.iter().take(spare).for_each(|(_, place)| give(*place));
            return;
        }
        if band.len() <= FEW {
            let mut room = [0; FEW];
            let remainders = &mut room[..band.len()];
            remainders.iter_mut().zip(&*band).for_each(|(to, (remainder, _))| *to = *remainder);
            for (rank, (_, place)) in band.iter().enumerate() {
                if among_largest(remainders, rank, spare) {
                    give(*place);
                }
            }
            return;
        }
        // From the highest bit that differs, so that each round tells some apart.
        let shift = (u64::BITS - differ.leading_zeros()).saturating_sub(BITS);
        let bucket = |remainder: u64| (remainder >> shift) as usize % BUCKETS;
        let mut counts = [0; BUCKETS];
        band.iter().for_each(|(remainder, _)| counts[bucket(*remainder)] += 1);
        let (last, left) = last_bucket(&counts, spare);
        band.retain(|(remainder, place)| {
            if bucket(*remainder) > last {
                give(*place);
            }
            bucket(*remainder) == last
        });
        spare = left;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition: divide in 128 bits, sort by remainder, the earlier first.
    fn sorted(total: i64, weights: &[u64]) -> Vec<i64> {
        let size = i128::from(total).abs();
        let sum: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
        let division = |weight: &u64| {
            let product = size * i128::from(*weight);
            (product / sum, product % sum)
        };
        let (mut parts, remainders): (Vec<i128>, Vec<i128>) = weights.iter().map(division).unzip();
        let mut order: Vec<usize> = (0..weights.len()).collect();
        order.sort_by_key(|place| (-remainders[*place], *place));
        let spare = size - parts.iter().sum::<i128>();
        order[..spare as usize].iter().for_each(|place| parts[*place] += 1);
        parts.into_iter().map(|part| (part * i128::from(total.signum())) as i64).collect()
    }

    /// One scratch for all, as it is used.
    #[track_caller]
    fn check(totals: &[i64], weights: &[u64], scratch: &mut Scratch) {
        let split = Split::new(weights).unwrap();
        let mut parts = vec![7; 3];
        for total in totals {
            let found = split.parts(*total, &mut parts, scratch);
            if weights.iter().all(|weight| *weight == 0) {
                assert_eq!(found.is_ok(), *total == 0);
                assert_eq!(parts, vec![0; if *total == 0 { weights.len() } else { 0 }]);
            } else {
                assert_eq!(parts, sorted(*total, weights), "{total} over {weights:?}");
            }
        }
        // Two at once, on top of what is there.
        for pair in totals.windows(2).filter(|_| weights.iter().any(|weight| *weight > 0)) {
            let mut cells = vec![[0; 2]; weights.len()];
            cells[0] = [-pair[0].signum(), 0];
            split.add([pair[0], pair[1]], &mut cells, scratch).unwrap();
            cells[0][0] += pair[0].signum();
            for (which, total) in pair.iter().enumerate() {
                let found: Vec<i64> = cells.iter().map(|cell| cell[which]).collect();
                assert_eq!(found, sorted(*total, weights), "{total} of {pair:?} over {weights:?}");
            }
        }
    }

    fn totals() -> impl Strategy<Value = i64> {
        let edge = 1_i64 << 49;
        prop_oneof![
            any::<i64>(),
            -200..200_i64,
            -1_000_000..1_000_000_i64,
            Just(1_000_000_000),
            // Beyond the edge a float no longer finds each quotient.
            edge / 2..edge * 16,
            edge - 3..edge + 3,
            -edge - 3..-edge + 3,
            prop::sample::select(vec![i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX]),
        ]
    }

    fn weight_lists(longest: usize) -> impl Strategy<Value = Vec<u64>> {
        let one = prop_oneof![
            (0..=53_u32, 0..=MAX_WEIGHT).prop_map(|(bits, weight)| weight >> bits),
            Just(0),
            Just(MAX_WEIGHT),
        ];
        let list = |one: BoxedStrategy<u64>| prop::collection::vec(one, 1..=longest);
        prop_oneof![
            list(one.boxed()),
            list((0..=MAX_WEIGHT).boxed()),
            // Ties everywhere.
            list((0..4_u64).boxed()),
            list((MAX_WEIGHT - 2..=MAX_WEIGHT).boxed()),
            // Halves of halves, where one bucket after another holds almost all.
            list((0..=53_u32).prop_map(|bits| MAX_WEIGHT >> bits).boxed()),
            (1..=longest, 0..=MAX_WEIGHT).prop_map(|(count, weight)| vec![weight; count]),
            // Position-based: equal but for both ends.
            (1..=longest, 1..100_u64, 1..100_u64).prop_map(|(count, end, middle)| {
                let mut weights = vec![middle; count];
                weights[0] = end;
                weights[count - 1] = end;
                weights
            }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]

        #[test]
        fn short_splits_are_those_of_sorting(
            totals in prop::collection::vec(totals(), 1..8),
            weights in weight_lists(12),
        ) {
            check(&totals, &weights, &mut Scratch::default());
        }

        #[test]
        fn splits_are_those_of_sorting(
            totals in prop::collection::vec(totals(), 1..4),
            weights in weight_lists(120),
        ) {
            check(&totals, &weights, &mut Scratch::default());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn long_splits_are_those_of_sorting(
            totals in prop::collection::vec(totals(), 1..4),
            lists in prop::collection::vec(weight_lists(2_000), 2),
        ) {
            let mut scratch = Scratch::default();
            lists.iter().for_each(|weights| check(&totals, weights, &mut scratch));
        }
    }

    #[test]
    fn totals_on_both_sides_of_the_narrow_range_split_alike() {
        let (edge, mut scratch) = (NARROW_SIZE as i64, Scratch::default());
        let totals = [edge - 1, edge, edge + 1, -edge, -edge - 1, i64::MIN, i64::MAX];
        // Sums just up to 2^62 and just above, with quotients up to the total itself.
        for count in [1, 2, 511, 512, 513] {
            for low in [0, 1, MAX_WEIGHT - 1] {
                let mut weights = vec![MAX_WEIGHT; count];
                weights[count / 2] = low;
                check(&totals, &weights, &mut scratch);
            }
        }
        check(&totals, &[MAX_WEIGHT, 1], &mut scratch);
        check(&totals, &[3, MAX_WEIGHT - 1, 0, 1], &mut scratch);
    }

    #[test]
    fn weights_above_the_largest_are_refused_wherever_they_stand() {
        for weight in [MAX_WEIGHT + 1, 1 << 54, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 63) + 5, u64::MAX] {
            for place in [0, 1, 1_023, 1_024, 1_999] {
                let mut weights = vec![MAX_WEIGHT; 2_000];
                weights[place] = weight;
                let error = Split::new(&weights).unwrap_err();
                assert!(matches!(error.kind(), ErrorKind::WeightTooLarge), "{weight}");
            }
        }
        assert!(Split::new(&[MAX_WEIGHT, 0]).is_ok() && Split::new(&[]).is_ok());
    }

    #[test]
    fn even_splits_are_ranges() {
        for (total, count) in [(10, 3), (-10, 3), (2, 5), (0, 4), (i64::MIN, 7), (i64::MAX, 1), (i64::MIN, 1)]
        {
            let even = Even::new(total, count);
            let part = |place| even.each + if place < even.longer { even.unit } else { 0 };
            let parts: Vec<i64> = (0..count).map(part).collect();
            assert_eq!(parts, sorted(total, &vec![1; count]), "{total} over {count}");
        }
    }

    #[test]
    fn a_scratch_once_used_is_not_enlarged() {
        let weights: Vec<u64> = (0..300).map(|place| (place * 7_919) % 1_009).collect();
        let (mut parts, mut scratch) = (Vec::new(), Scratch::default());
        let split = Split::new(&weights).unwrap();
        split.parts(1_000_000, &mut parts, &mut scratch).unwrap();
        let room = |scratch: &Scratch| (scratch.remainders.capacity(), scratch.remainders.as_ptr());
        let before = room(&scratch);
        Split::new(&weights[..200]).unwrap().parts(-99_999, &mut parts, &mut scratch).unwrap();
        split.parts(12_345, &mut parts, &mut scratch).unwrap();
        assert_eq!(room(&scratch), before);
    }
}
