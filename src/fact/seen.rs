//! Identifiers that were seen before in the same call, by their text: a plain one is neither screened for placeholders
//! nor given its pseudonym again.

use std::hash::Hasher;
use std::hint::black_box;

use crate::fact::index::Mix;
use crate::fact::names::Handle;
use crate::id::{IdKind, siphash128};
use crate::words::{SHORT, words};

/// Texts with the handles of the identifiers that they are. It lives as long as one call.
///
/// Open addressing with linear probing, at most half full, so that a look costs one read of memory.
pub(super) struct Seen {
    slots: Vec<Slot>,
    used: usize,
    seed: u64,
}

/// 32 bytes, two to a line of the cache.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    /// A text of up to [`SHORT`] bytes, filled up with zeros; of a longer one the hash that stands for it everywhere.
    words: [u64; 3],
    /// Kind and length; 0 where nothing stands.
    sort: u32,
    handle: Handle,
}

const FREE: Slot = Slot { words: [0; 3], sort: 0, handle: 0 };

/// The most slots that an identifier has, those included from which they are just moved.
pub(super) const SLOTS_EACH: u64 = 6;

const FIRST: usize = 64;

/// Slots at which all is forgotten instead of doubled: 128 megabytes.
const MOST: usize = 1 << 22;

/// A text as it is looked for.
#[derive(Clone, Copy, Default)]
pub(super) struct Sought {
    words: [u64; 3],
    sort: u32,
    hash: u32,
}

impl Seen {
    pub(super) fn new(seed: u64) -> Self {
        Self { slots: Vec::new(), used: 0, seed }
    }

    #[inline]
    pub(super) fn sought(&self, kind: IdKind, text: &str) -> Sought {
        let bytes = text.as_bytes();
        let sort = (bytes.len().min(SHORT + 1) as u32) << 8 | (kind as u32 + 1);
        let words = if bytes.len() <= SHORT { words(bytes) } else { long(kind, bytes) };
        Sought { words, sort, hash: self.hash(words, sort) }
    }

    #[inline]
    fn hash(&self, words: [u64; 3], sort: u32) -> u32 {
        let mut mix = Mix::new(self.seed ^ u64::from(sort));
        words.into_iter().for_each(|word| mix.write_u64(word));
        mix.short()
    }

    /// Looks for several, whose places are fetched all at once before the first of them is looked at.
    #[inline]
    pub(super) fn find_all(&self, sought: &[Sought], found: &mut [Option<Handle>]) {
        if let Some(mask) = self.slots.len().checked_sub(1) {
            let sort = |sought: &Sought| self.slots[sought.hash as usize & mask].sort;
            black_box(sought.iter().fold(0, |sum, sought| sum ^ sort(sought)));
        }
        for (found, sought) in found.iter_mut().zip(sought) {
            *found = self.find(*sought);
        }
    }

    #[inline]
    pub(super) fn find(&self, sought: Sought) -> Option<Handle> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut place = sought.hash as usize & mask;
        loop {
            let slot = &self.slots[place];
            if slot.sort == sought.sort && slot.words == sought.words {
                return Some(slot.handle);
            }
            if slot.sort == 0 {
                return None;
            }
            place = (place + 1) & mask;
        }
    }

    /// Adds a text, which is not here yet.
    pub(super) fn insert(&mut self, sought: Sought, handle: Handle) {
        if (self.used + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let Sought { words, sort, hash } = sought;
        self.used += 1;
        self.put(hash, Slot { words, sort, handle });
    }

    fn put(&mut self, hash: u32, slot: Slot) {
        let mask = self.slots.len() - 1;
        let mut place = hash as usize & mask;
        while self.slots[place].sort != 0 {
            place = (place + 1) & mask;
        }
        self.slots[place] = slot;
    }

    fn grow(&mut self) {
        if self.slots.len() >= MOST {
            self.slots.fill(FREE);
            self.used = 0;
            return;
        }
        let old = std::mem::take(&mut self.slots);
        self.slots = vec![FREE; (old.len() * 2).max(FIRST)];
        for slot in old.into_iter().filter(|slot| slot.sort != 0) {
            self.put(self.hash(slot.words, slot.sort), slot);
        }
    }
}

/// What stands for a text that is too long for a slot: the hash that its pseudonym wraps, so that what is one here is
/// one there.
#[cold]
fn long(kind: IdKind, bytes: &[u8]) -> [u64; 3] {
    let hash = siphash128(kind as u8, bytes);
    [hash as u64, (hash >> 64) as u64, 0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_found_again_and_no_other() {
        let text = "0123456789abcdefghijklmnopqrstuvwxyz".repeat(2);
        let texts: Vec<&str> = (0..text.len()).map(|end| &text[..end]).collect();
        let mut seen = Seen::new(42);
        for (handle, text) in texts.iter().enumerate() {
            for (more, kind) in [IdKind::Visitor, IdKind::Customer].into_iter().enumerate() {
                let sought = seen.sought(kind, text);
                assert_eq!(seen.find(sought), None, "{text}");
                seen.insert(sought, (handle * 2 + more) as u32);
            }
        }
        // Growing loses none.
        let many: Vec<String> = (0..5_000).map(|number| format!("visitor-{number}")).collect();
        for (handle, text) in many.iter().enumerate() {
            let sought = seen.sought(IdKind::Visitor, text);
            seen.insert(sought, 1_000 + handle as u32);
        }
        for (handle, text) in texts.iter().enumerate() {
            assert_eq!(seen.find(seen.sought(IdKind::Customer, text)), Some(handle as u32 * 2 + 1));
            assert_eq!(seen.find(seen.sought(IdKind::Visitor, text)), Some(handle as u32 * 2));
            assert_eq!(seen.find(seen.sought(IdKind::Cart, text)), None);
        }
        for (handle, text) in many.iter().enumerate() {
            assert_eq!(seen.find(seen.sought(IdKind::Visitor, text)), Some(1_000 + handle as u32));
        }
    }
}
