//! The largest remainder method without memory of its own: what reports share values by.

use crate::error::{ErrorKind, Result};
use crate::money::MAX_WEIGHT;

/// Room for a split, used again and again.
#[derive(Debug, Default)]
pub(crate) struct Room {
    remainders: Vec<u64>,
    sorted: Vec<u64>,
}

/// How many parts are few: their remainders are compared one by one.
const FEW: usize = 8;

/// Splits `total` over `weights` as [`apportion`](crate::apportion) does, into `parts`.
pub(crate) fn split_into(total: i64, weights: &[u64], parts: &mut Vec<i64>, room: &mut Room) -> Result<()> {
    parts.clear();
    let mut largest = 0;
    let mut equal = true;
    let mut sum = 0_u128;
    for weight in weights {
        largest = largest.max(*weight);
        equal &= *weight == weights[0];
        sum += u128::from(*weight);
    }
    if largest > MAX_WEIGHT {
        return Err(ErrorKind::WeightTooLarge.into());
    }
    if sum == 0 {
        if total != 0 {
            return Err(ErrorKind::NoWeight.into());
        }
        parts.resize(weights.len(), 0);
    } else if equal {
        split_even(total, weights.len(), parts);
    } else if (0..1 << 50).contains(&total) && sum < 1 << 62 {
        split_small(total as u64, sum as u64, weights, parts, room);
    } else {
        split_any(total, sum, weights, parts);
    }
    Ok(())
}

/// What each of `count` equal parts of a total gets, and how many of the first get one more (of a negative total:
/// one less).
pub(crate) fn even(total: i64, count: usize) -> (i64, usize) {
    let count = count.max(1) as i64;
    (total / count, (total % count).unsigned_abs() as usize)
}

fn split_even(total: i64, count: usize, parts: &mut Vec<i64>) {
    let (part, more) = even(total, count);
    // With nothing over, the sum may lie beyond the range and is not used.
    parts.resize(more, part.wrapping_add(total.signum()));
    parts.resize(count, part);
}

/// For a total below 2^50 and a sum of weights below 2^62.
///
/// A part's quotient is guessed by one multiplication of floats. The two roundings before it and its own are off by
/// less than 2^-51 of a number below 2^50, so the guess is off by less than one, and cut to an integer by at most one.
/// What is left over is exact modulo 2^64 and lies between minus the sum and twice the sum, so it tells which.
fn split_small(total: u64, sum: u64, weights: &[u64], parts: &mut Vec<i64>, room: &mut Room) {
    let ratio = total as f64 / sum as f64;
    let mut given = 0;
    parts.resize(weights.len(), 0);
    room.remainders.clear();
    room.remainders.resize(weights.len(), 0);
    for ((weight, slot), remainder) in weights.iter().zip(&mut *parts).zip(&mut room.remainders) {
        let mut part = (ratio * *weight as f64) as u64;
        let mut left = total.wrapping_mul(*weight).wrapping_sub(part.wrapping_mul(sum)) as i64;
        if left < 0 {
            part -= 1;
            left += sum as i64;
        } else if left >= sum as i64 {
            part += 1;
            left -= sum as i64;
        }
        given += part;
        *slot = part as i64;
        *remainder = left as u64;
    }
    give_spare((total - given) as usize, sum, parts, room);
}

/// Adds one to the `spare` parts with the largest remainders, ties to the earlier.
fn give_spare(spare: usize, sum: u64, parts: &mut [i64], room: &mut Room) {
    if spare == 0 {
        return;
    }
    let Room { remainders, sorted } = room;
    if spare == 1 {
        // The first of the largest.
        let (mut place, mut most) = (0, remainders[0]);
        for (next, left) in remainders.iter().enumerate().skip(1) {
            if *left > most {
                (place, most) = (next, *left);
            }
        }
        parts[place] += 1;
        return;
    }
    let threshold = threshold(spare, sum, remainders, sorted);
    // Without a branch that nobody can foresee.
    let mut above = 0;
    for (part, left) in parts.iter_mut().zip(&*remainders) {
        let more = *left > threshold;
        *part += i64::from(more);
        above += usize::from(more);
    }
    let ties = parts.iter_mut().zip(remainders).filter(|(_, left)| **left == threshold);
    ties.take(spare - above).for_each(|(part, _)| *part += 1);
}

/// The smallest of the `spare` largest remainders.
fn threshold(spare: usize, sum: u64, remainders: &[u64], sorted: &mut Vec<u64>) -> u64 {
    let count = remainders.len();
    if count > FEW {
        // Remainders of many parts lie about evenly below the sum: only those near where the threshold then has to
        // lie are put in order.
        let guess = sum as f64 * (count - spare) as f64 / count as f64;
        let reach = sum as f64 * 1.3 / (count as f64).sqrt();
        let (low, high) = ((guess - reach).max(0.0) as u64, (guess + reach) as u64);
        sorted.clear();
        sorted.resize(count, 0);
        let (mut above, mut near) = (0, 0);
        for left in remainders {
            sorted[near] = *left;
            above += usize::from(*left >= high);
            near += usize::from(*left >= low) & usize::from(*left < high);
        }
        sorted.truncate(near);
        if above < spare && above + near >= spare {
            return *sorted.select_nth_unstable(near - (spare - above)).1;
        }
    }
    sorted.clear();
    sorted.extend_from_slice(remainders);
    *sorted.select_nth_unstable(count - spare).1
}

/// For all numbers there are.
fn split_any(total: i64, sum: u128, weights: &[u64], parts: &mut Vec<i64>) {
    let size = u128::from(total.unsigned_abs());
    let mut spare = size;
    let mut remainders = Vec::with_capacity(weights.len());
    for weight in weights {
        let product = size * u128::from(*weight);
        spare -= product / sum;
        parts.push((product / sum) as u64 as i64);
        remainders.push(product % sum);
    }
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|a, b| remainders[*b].cmp(&remainders[*a]));
    order[..spare as usize].iter().for_each(|place| parts[*place] = parts[*place].wrapping_add(1));
    if total < 0 {
        // The size of the least total there is stands in the sign bit: turning the sign leaves it as it has to be.
        parts.iter_mut().for_each(|part| *part = part.wrapping_neg());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The method as it is written down, in numbers that hold everything.
    fn by_sorting(total: i64, weights: &[u64]) -> Vec<i64> {
        let sum: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
        let size = i128::from(total).abs();
        let mut parts: Vec<i128> = weights.iter().map(|weight| size * i128::from(*weight) / sum).collect();
        let left = |place: &usize| size * i128::from(weights[*place]) % sum;
        let mut order: Vec<usize> = (0..weights.len()).collect();
        order.sort_by_key(|place| std::cmp::Reverse(left(place)));
        let spare = size - parts.iter().sum::<i128>();
        order[..spare as usize].iter().for_each(|place| parts[*place] += 1);
        parts.iter().map(|part| (part * i128::from(total.signum())) as i64).collect()
    }

    #[test]
    fn every_way_of_splitting_gives_what_sorting_gives() {
        let mut state = 1_u64;
        let mut next = move || {
            state = state.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(0x9e37_79b9);
            let mixed = (state ^ state >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
            mixed ^ mixed >> 32
        };
        let (mut parts, mut room) = (Vec::new(), Room::default());
        for round in 0..40_000 {
            let count = 1 + next() as usize % if round % 50 == 0 { 700 } else { 70 };
            let bits = next() % 54;
            let few = next() % 3 == 0;
            let mut weights: Vec<u64> = (0..count)
                .map(|_| if few { next() % 4 } else { (next() >> 11).min(MAX_WEIGHT) >> (53 - bits.min(53)) })
                .collect();
            if next() % 5 == 0 {
                // Weights that halve from one to the next.
                weights
                    .iter_mut()
                    .enumerate()
                    .for_each(|(place, weight)| *weight = MAX_WEIGHT >> (place % 53));
            }
            weights[0] = weights[0].max(1);
            let total = match next() % 6 {
                0 => 1_000_000_000,
                1 => (next() % 1_000_000) as i64,
                2 => (next() % 3) as i64,
                3 => (next() >> (next() % 64)) as i64,
                4 => [i64::MIN, i64::MAX, -1, 1 << 50, (1 << 50) - 1][next() as usize % 5],
                _ => -((next() % 100_000) as i64),
            };
            split_into(total, &weights, &mut parts, &mut room).unwrap();
            assert_eq!(parts, by_sorting(total, &weights), "{total} over {weights:?}");
        }
    }
}
