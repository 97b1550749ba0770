//! Numbers that look random and follow from a seed.

/// SplitMix64 (Steele, Lea, Flood 2014): a counter with a strong output mix, so that neighbouring seeds and
/// streams share nothing. Good enough to make a shop, and no secret.
#[derive(Clone, Debug)]
pub(super) struct Random {
    state: u64,
}

/// The odd constant nearest to 2^64 divided by the golden ratio.
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

impl Random {
    /// The numbers of one stream under a seed.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut seeded = Self { state: seed };
        Self { state: seeded.next() ^ stream.wrapping_mul(GAMMA) }
    }

    /// The next number, over all of `u64`.
    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GAMMA);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to but without `end`; 0 if there is none. The bias (Lemire 2019) is below `end` / 2^64.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// A number from `low` to `high`, both ends in.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(u64::from(high.saturating_sub(low)) + 1) as u32
    }

    /// True in so many of a hundred cases.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < u64::from(percent)
    }

    /// One of a fixed list.
    pub(super) fn pick<'a, T, const N: usize>(&mut self, items: &'a [T; N]) -> &'a T {
        const { assert!(N > 0, "there is nothing to pick from") }
        &items[self.below(N as u64) as usize]
    }

    /// One of a list that may be empty.
    pub(super) fn pick_of<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len() as u64) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix64_meets_its_published_vector() {
        // The first outputs for the state 1234567, as in Rosetta Code's reference and Vigna's splitmix64.c.
        let mut random = Random { state: 1_234_567 };
        let first: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn ranges_keep_their_ends_and_reach_them() {
        let mut random = Random::new(1, 2);
        let drawn: Vec<u32> = (0..1000).map(|_| random.between(3, 6)).collect();
        assert!((3..=6).all(|wanted| drawn.contains(&wanted)));
        assert!(drawn.iter().all(|drawn| (3..=6).contains(drawn)));
        assert_eq!((random.below(0), random.below(1)), (0, 0));
        assert!(random.pick_of::<u8>(&[]).is_none() && !random.chance(0) && random.chance(100));
    }
}
