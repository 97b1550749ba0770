//! From hashes to numbers: where something interned stands.

use crate::words;

/// Slots of (hash, number), open addressing with linear probing, at most three quarters full.
///
/// It holds no keys: who asks compares. Eight bytes a slot; the hash alone says where a slot moves to when the
/// table grows, so growing reads no key. Whoever fills it from outside must not know the hash: see [`Mix`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    slots: Vec<(u32, u32)>,
    used: usize,
}

/// Into so many parts numbers are dealt out, each some ten thousand slots where there are millions.
const PARTS: usize = 512;

/// What a slot without a number holds.
const EMPTY: u32 = u32::MAX;

impl Index {
    /// An index of the numbers from `first` on, by their hashes; none if two of them `are_equal`.
    ///
    /// They are dealt out by where they will stand, so that the table is filled part by part, each while it is at hand.
    pub(crate) fn of(
        first: u32,
        hashes: impl ExactSizeIterator<Item = u32> + Clone,
        are_equal: impl Fn(u32, u32) -> bool,
    ) -> Option<Self> {
        let size = (hashes.len() * 4).div_ceil(3).next_power_of_two().max(8);
        let part = |hash: u32| (hash as usize & (size - 1)) / (size / PARTS).max(1);
        let mut ends = [0; PARTS];
        hashes.clone().for_each(|hash| ends[part(hash)] += 1);
        let mut start = 0;
        ends.iter_mut().for_each(|end| start += std::mem::replace(end, start));
        let mut dealt = vec![(0, 0); hashes.len()];
        for (number, hash) in (first..).zip(hashes) {
            let place = &mut ends[part(hash)];
            dealt[*place] = (hash, number);
            *place += 1;
        }
        let mut index = Self { slots: vec![(0, EMPTY); size], used: 0 };
        let is_new = |(hash, number)| index.insert_unless(hash, number, |held| are_equal(held, number));
        dealt.into_iter().all(is_new).then_some(index)
    }

    /// The number under a hash that satisfies `is`.
    pub(crate) fn find(&self, hash: u32, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut place = hash as usize & mask;
        loop {
            let (held, number) = self.slots[place];
            if number == EMPTY {
                return None;
            }
            if held == hash && is(number) {
                return Some(number);
            }
            place = (place + 1) & mask;
        }
    }

    /// Adds a number, which is below `u32::MAX` and not in it yet.
    pub(crate) fn insert(&mut self, hash: u32, number: u32) {
        self.make_room();
        self.used += 1;
        self.put(hash, number);
    }

    /// Adds a number unless there is one under its hash that satisfies `is`; says whether it was added.
    fn insert_unless(&mut self, hash: u32, number: u32, mut is: impl FnMut(u32) -> bool) -> bool {
        self.make_room();
        let mask = self.slots.len() - 1;
        let mut place = hash as usize & mask;
        while self.slots[place].1 != EMPTY {
            let (held, other) = self.slots[place];
            if held == hash && is(other) {
                return false;
            }
            place = (place + 1) & mask;
        }
        self.used += 1;
        self.slots[place] = (hash, number);
        true
    }

    fn make_room(&mut self) {
        if (self.used + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
    }

    /// Takes out a number that stands under this hash.
    pub(crate) fn remove(&mut self, hash: u32, number: u32) {
        let Some(mask) = self.slots.len().checked_sub(1) else { return };
        let mut place = hash as usize & mask;
        while self.slots[place] != (hash, number) {
            if self.slots[place].1 == EMPTY {
                return;
            }
            place = (place + 1) & mask;
        }
        self.used -= 1;
        // What stands behind it moves up, unless it already stands where its hash says.
        let mut next = (place + 1) & mask;
        while self.slots[next].1 != EMPTY {
            let home = self.slots[next].0 as usize & mask;
            if (next.wrapping_sub(home) & mask) >= (next.wrapping_sub(place) & mask) {
                self.slots[place] = self.slots[next];
                place = next;
            }
            next = (next + 1) & mask;
        }
        self.slots[place] = (0, EMPTY);
    }

    fn put(&mut self, hash: u32, number: u32) {
        let mask = self.slots.len() - 1;
        let mut place = hash as usize & mask;
        while self.slots[place].1 != EMPTY {
            place = (place + 1) & mask;
        }
        self.slots[place] = (hash, number);
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(8);
        let old = std::mem::replace(&mut self.slots, vec![(0, EMPTY); size]);
        for (hash, number) in old.into_iter().filter(|(_, number)| *number != EMPTY) {
            self.put(hash, number);
        }
    }
}

/// A keyed hash for tables: fast, no promise beyond spreading what an outsider chooses without knowing the seed.
///
/// Each eight bytes are folded in by one multiplication whose two halves are combined.
#[derive(Clone, Copy)]
pub(crate) struct Mix(u64);

impl Mix {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The hash of one text.
    pub(crate) fn text(self, text: &[u8]) -> u32 {
        let mut mix = self;
        std::hash::Hasher::write(&mut mix, text);
        mix.short()
    }

    /// The hash as an [`Index`] takes it.
    pub(crate) fn short(self) -> u32 {
        (fold(self.0, 0x9e37_79b9_7f4a_7c15) >> 32) as u32
    }
}

impl std::hash::Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for word in bytes.as_chunks::<8>().0 {
            self.write_u64(u64::from_le_bytes(*word));
        }
        self.write_u64(words::last(bytes, bytes.len() % 8) ^ (bytes.len() as u64) << 56);
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = fold(self.0 ^ number, 0xa076_1d64_78bd_642f ^ self.0.rotate_left(32));
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b | 1);
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_after_growing_and_under_equal_hashes() {
        let mut index = Index::default();
        assert_eq!(index.find(7, |_| true), None);
        for number in 0..1_000 {
            index.insert(number % 10, number);
        }
        for number in 0..1_000 {
            assert_eq!(index.find(number % 10, |held| held == number), Some(number));
        }
        assert_eq!(index.find(3, |held| held == 4), None);
        for number in 0..2_000 {
            assert_eq!(index.insert_unless(number % 10, number, |held| held == number), number >= 1_000);
        }
        assert!((0..2_000).all(|number| index.find(number % 10, |held| held == number) == Some(number)));
    }

    #[test]
    fn an_index_of_many_is_that_of_one_after_the_other() {
        for count in [0, 1, 5, 6, 7, 1_000, 100_000_u32] {
            let hash = |number: u32| number.wrapping_mul(0x9e37_79b9) % 70_000;
            let hashes = (3..count + 3).map(hash);
            let index = Index::of(3, hashes.clone(), |_, _| false).unwrap();
            let mut grown = Index::default();
            (3..).zip(hashes).for_each(|(number, hash)| grown.insert(hash, number));
            assert_eq!(index.used, grown.used);
            assert_eq!(index.slots.len(), grown.slots.len().max(8), "{count}");
            assert!((3..count + 3).all(|number| index.find(hash(number), |held| held == number).is_some()));
        }
        let hashes = [7, 9, 7].into_iter();
        assert!(Index::of(0, hashes.clone(), |one, other| one + other == 2).is_none());
        assert!(Index::of(0, hashes, |one, other| one + other == 1).is_some());
    }

    #[test]
    fn what_is_taken_out_is_gone_and_everything_else_is_found() {
        let hash = |number: u32| number % 7 * 5;
        let mut index = Index::default();
        (0..200).for_each(|number| index.insert(hash(number), number));
        for step in [3_usize, 2, 5] {
            for number in (0..200).step_by(step) {
                index.remove(hash(number), number);
                index.remove(hash(number), number);
            }
            let gone = |number: u32| {
                [3, 2, 5]
                    .into_iter()
                    .take_while(|done| *done != step as u32)
                    .any(|done| number.is_multiple_of(done))
            };
            for number in 0..200 {
                let kept = !gone(number) && number % step as u32 != 0;
                assert_eq!(
                    index.find(hash(number), |held| held == number).is_some(),
                    kept,
                    "{number} {step}"
                );
            }
        }
        (0..200).step_by(2).for_each(|number| index.insert(hash(number), number));
        assert_eq!(index.find(hash(44), |held| held == 44), Some(44));
    }

    #[test]
    fn texts_that_differ_in_length_or_place_hash_apart() {
        let hash = |text: &[u8]| Mix::new(42).text(text);
        let texts: [&[u8]; 6] = [b"", b"\0", b"a", b"a\0", b"12345678", b"12345678\0"];
        for (place, one) in texts.iter().enumerate() {
            texts[place + 1..].iter().for_each(|other| assert_ne!(hash(one), hash(other)));
        }
    }
}
