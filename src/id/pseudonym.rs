//! Keyed pseudonyms: all that is kept of an identifier.

use std::fmt;

use crate::id::{IdKind, Identifier};
use crate::words;

/// The secret that turns identifiers into pseudonyms. `Debug` shows nothing of it.
///
/// A pseudonym is a keyed 128-bit permutation (Speck128/128, Beaulieu et al. 2013) of a 128-bit hash
/// (SipHash-2-4-128, Aumasson and Bernstein 2012, under a fixed key) of kind and text. Whoever holds the key
/// can unwrap a pseudonym to the hash and wrap it anew, which is how a key is rotated; nobody can unwrap it to
/// the text. The hash is fast, not a password hash: who holds the *key* can still try guesses, as with any
/// pseudonym. Two trackers with the same key can be merged.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Box<Schedule>);

/// Round keys.
#[derive(Clone, PartialEq, Eq)]
struct Schedule {
    /// Of Speck128/128.
    wide: [u64; ROUNDS],
    /// Of Speck64/128.
    narrow: [u32; NARROW_ROUNDS],
}

/// A 128-bit stand-in for one identifier under one [`Key`]. It prints as 32 hexadecimal digits.
///
/// Two halves, the high one first, since a number of 128 bits would take 32 bytes beside the kind of the identifier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym([u64; 2]);

/// Domain of the hash behind [`Key::seed`].
const SEED_DOMAIN: u8 = 120;

/// Rounds of Speck128/128.
const ROUNDS: usize = 32;

/// Rounds of Speck64/128.
const NARROW_ROUNDS: usize = 27;

impl Key {
    /// A key of 16 secret bytes, such as from the host's secret store.
    pub fn new(secret: [u8; 16]) -> Self {
        let secret = u128::from_le_bytes(secret);
        let (mut a, mut b) = (secret as u64, (secret >> 64) as u64);
        let mut wide = [0; ROUNDS];
        for (i, round) in wide.iter_mut().enumerate() {
            *round = a;
            (a, b) = speck_round(a, b, i as u64);
        }
        // The short permutation has a secret of its own, which follows from this one.
        let secret = wrap(&wide, siphash128(SEED_DOMAIN, b"short")).number();
        let narrow = narrow_schedule([0, 32, 64, 96].map(|bits| (secret >> bits) as u32));
        Self(Box::new(Schedule { wide, narrow }))
    }

    /// The pseudonym of an identifier: the same for the same key, kind and text, on every platform.
    pub fn pseudonym(&self, identifier: &Identifier) -> Pseudonym {
        self.pseudonym_of(identifier.kind, &identifier.text)
    }

    /// The pseudonym of an identifier's text in the form that is compared.
    pub(crate) fn pseudonym_of(&self, kind: IdKind, text: &str) -> Pseudonym {
        self.wrap(siphash128(kind as u8, text.as_bytes()))
    }

    /// A number that only the holder of the key knows, apart from all pseudonyms of identifiers.
    pub(crate) fn seed(&self) -> u64 {
        self.wrap(siphash128(SEED_DOMAIN, b"")).words()[0]
    }

    pub(crate) fn wrap(&self, hash: u128) -> Pseudonym {
        wrap(&self.0.wide, hash)
    }

    /// The same for hashes of 64 bits.
    pub(crate) fn wrap_short(&self, hash: u64) -> u64 {
        wrap_narrow(&self.0.narrow, hash)
    }

    /// Back from a short pseudonym to its hash.
    pub(crate) fn unwrap_short(&self, pseudonym: u64) -> u64 {
        let (mut low, mut high) = (pseudonym as u32, (pseudonym >> 32) as u32);
        for round in self.0.narrow.iter().rev() {
            low = (low ^ high).rotate_right(3);
            high = (high ^ round).wrapping_sub(low).rotate_left(8);
        }
        u64::from(high) << 32 | u64::from(low)
    }

    /// Back from a pseudonym to the hash that it wraps: the same number under every key.
    pub(crate) fn unwrap(&self, pseudonym: Pseudonym) -> u128 {
        let [mut low, mut high] = pseudonym.words();
        for round in self.0.wide.iter().rev() {
            low = (low ^ high).rotate_right(3);
            high = (high ^ round).wrapping_sub(low).rotate_left(8);
        }
        u128::from(high) << 64 | u128::from(low)
    }
}

fn wrap(rounds: &[u64; ROUNDS], hash: u128) -> Pseudonym {
    let (mut low, mut high) = (hash as u64, (hash >> 64) as u64);
    for round in rounds {
        (low, high) = speck_round(low, high, *round);
    }
    Pseudonym([high, low])
}

/// The round keys of Speck64/128 from its secret, the lowest word first.
fn narrow_schedule([mut key, mut rest @ ..]: [u32; 4]) -> [u32; NARROW_ROUNDS] {
    let mut rounds = [0; NARROW_ROUNDS];
    for (i, round) in rounds.iter_mut().enumerate() {
        *round = key;
        (key, rest[i % 3]) = narrow_round(key, rest[i % 3], i as u32);
    }
    rounds
}

fn wrap_narrow(rounds: &[u32; NARROW_ROUNDS], hash: u64) -> u64 {
    let (mut low, mut high) = (hash as u32, (hash >> 32) as u32);
    for round in rounds {
        (low, high) = narrow_round(low, high, *round);
    }
    u64::from(high) << 32 | u64::from(low)
}

/// One round of Speck64 on the words (low, high).
fn narrow_round(low: u32, high: u32, key: u32) -> (u32, u32) {
    let high = high.rotate_right(8).wrapping_add(low) ^ key;
    (low.rotate_left(3) ^ high, high)
}

/// One round of Speck128 on the words (low, high).
fn speck_round(low: u64, high: u64, key: u64) -> (u64, u64) {
    let high = high.rotate_right(8).wrapping_add(low) ^ key;
    (low.rotate_left(3) ^ high, high)
}

impl Pseudonym {
    /// Its two halves, the low one first.
    pub(crate) fn words(self) -> [u64; 2] {
        let [high, low] = self.0;
        [low, high]
    }

    fn number(self) -> u128 {
        let [high, low] = self.0;
        u128::from(high) << 64 | u128::from(low)
    }

    pub(crate) fn from_words([low, high]: [u64; 2]) -> Self {
        Self([high, low])
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.number())
    }
}

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// SipHash-2-4 with 128 bits out over `domain` and then `bytes`, under an all-zero key.
///
/// The domain byte keeps a visitor `1` and a customer `1` apart.
pub(crate) fn siphash128(domain: u8, bytes: &[u8]) -> u128 {
    let mut state = Sip::new(0, 0);
    let length = (bytes.len() as u64).wrapping_add(1);
    // The domain is the first byte of the first word.
    let Some((head, rest)) = bytes.split_first_chunk::<7>() else {
        state.absorb(u64::from(domain) | words::last(bytes, bytes.len()) << 8 | length << 56);
        return state.finish();
    };
    let [a, b, c, d, e, f, g] = *head;
    state.absorb(u64::from_le_bytes([domain, a, b, c, d, e, f, g]));
    for word in rest.as_chunks::<8>().0 {
        state.absorb(u64::from_le_bytes(*word));
    }
    state.absorb(words::last(bytes, rest.len() % 8) | length << 56);
    state.finish()
}

/// The state of SipHash-2-4-128.
struct Sip([u64; 4]);

impl Sip {
    fn new(k0: u64, k1: u64) -> Self {
        Self([
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d ^ 0xee,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        ])
    }

    fn round(&mut self) {
        let [a, b, c, d] = &mut self.0;
        *a = a.wrapping_add(*b);
        *b = b.rotate_left(13) ^ *a;
        *a = a.rotate_left(32);
        *c = c.wrapping_add(*d);
        *d = d.rotate_left(16) ^ *c;
        *a = a.wrapping_add(*d);
        *d = d.rotate_left(21) ^ *a;
        *c = c.wrapping_add(*b);
        *b = b.rotate_left(17) ^ *c;
        *c = c.rotate_left(32);
    }

    fn absorb(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.round();
        self.0[0] ^= word;
    }

    fn finish(mut self) -> u128 {
        self.0[2] ^= 0xee;
        (0..4).for_each(|_| self.round());
        let low = self.fold();
        self.0[1] ^= 0xdd;
        (0..4).for_each(|_| self.round());
        u128::from(self.fold()) << 64 | u128::from(low)
    }

    fn fold(&self) -> u64 {
        self.0.iter().fold(0, |sum, word| sum ^ word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published vector of Speck128/128 (Beaulieu et al., appendix C).
    #[test]
    fn speck_meets_its_published_vector_and_unwraps() {
        let key = Key::new(0x0f0e0d0c0b0a0908_0706050403020100_u128.to_le_bytes());
        let plain = 0x6c61766975716520_7469206564616d20_u128;
        let wrapped = key.wrap(plain);
        assert_eq!(wrapped.number(), 0xa65d985179783265_7860fedf5c570d18);
        assert_eq!(key.unwrap(wrapped), plain);
    }

    /// Published vector of Speck64/128 (Beaulieu et al., appendix C).
    #[test]
    fn the_short_permutation_meets_its_published_vector_and_unwraps() {
        let rounds = narrow_schedule([0x0302_0100, 0x0b0a_0908, 0x1312_1110, 0x1b1a_1918]);
        assert_eq!(wrap_narrow(&rounds, 0x3b72_6574_7475_432d), 0x8c6f_a548_454e_028b);
        let key = Key::new([5; 16]);
        for hash in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef] {
            assert_eq!(key.unwrap_short(key.wrap_short(hash)), hash);
            assert_ne!(key.wrap_short(hash), Key::new([6; 16]).wrap_short(hash));
        }
    }

    /// First and a later vector of the reference implementation's `vectors_sip128`, key 00..0f.
    #[test]
    fn siphash_meets_its_published_vectors() {
        let hash = |bytes: &[u8]| {
            let mut state = Sip::new(0x0706050403020100, 0x0f0e0d0c0b0a0908);
            let mut chunks = bytes.chunks_exact(8);
            for chunk in &mut chunks {
                state.absorb(u64::from_le_bytes(chunk.try_into().unwrap()));
            }
            let mut last = [0; 8];
            last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
            last[7] = bytes.len() as u8;
            state.absorb(u64::from_le_bytes(last));
            state.finish().to_le_bytes()
        };
        let hex = |bytes: [u8; 16]| bytes.map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(hex(hash(&[])), "a3817f04ba25a8e66df67214c7550293");
        assert_eq!(hex(hash(&[0])), "da87c1d86b99af44347659119b22fc45");
    }

    #[test]
    fn a_hash_is_that_of_the_domain_and_the_bytes_behind_each_other() {
        let bytes: Vec<u8> = (1..=70).collect();
        for end in 0..=bytes.len() {
            let message = [&[9], &bytes[..end]].concat();
            let mut state = Sip::new(0, 0);
            let (words, rest) = message.as_chunks::<8>();
            words.iter().for_each(|word| state.absorb(u64::from_le_bytes(*word)));
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            last[7] = message.len() as u8;
            state.absorb(u64::from_le_bytes(last));
            assert_eq!(siphash128(9, &bytes[..end]), state.finish(), "{end}");
        }
    }

    #[test]
    fn hashing_is_split_over_kinds_and_lengths() {
        assert_ne!(siphash128(3, b"1"), siphash128(6, b"1"));
        assert_ne!(siphash128(3, b""), siphash128(3, b"\0"));
        assert_ne!(siphash128(3, b"1234567"), siphash128(3, b"1234567\0"));
    }
}
