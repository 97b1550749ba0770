//! Identifiers that were seen before in the same call, by their text: what has passed the door once is neither
//! screened for placeholders nor hashed with a key again.

use std::hash::Hasher;

use crate::fact::index::Mix;
use crate::fact::names::Handle;
use crate::id::IdKind;
use crate::words::{SHORT, words};

/// Texts with the handles of the identifiers that they are. It lives as long as one call.
///
/// Open addressing with linear probing, at most half full. A text of up to [`SHORT`] bytes stands in its slot, which so
/// takes one look into memory; a longer one is compared where the host holds it.
pub(super) struct Seen<'a> {
    slots: Vec<Slot>,
    long: Vec<&'a str>,
    used: usize,
    seed: u64,
}

/// 32 bytes, two to a line of the cache.
#[derive(Clone, Copy)]
struct Slot {
    /// The text, filled up with zeros; or, of a long one, its place among those.
    words: [u64; 3],
    /// Kind and length; 0 where nothing stands.
    sort: u32,
    handle: Handle,
}

const FREE: Slot = Slot { words: [0; 3], sort: 0, handle: 0 };

/// Slots at which all is forgotten instead of doubled: 128 megabytes.
const MOST: usize = 1 << 22;

/// A text as it is looked for.
#[derive(Clone, Copy)]
pub(super) struct Sought<'a> {
    pub(super) text: &'a str,
    words: [u64; 3],
    sort: u32,
    hash: u32,
}

impl<'a> Seen<'a> {
    pub(super) fn new(seed: u64) -> Self {
        Self { slots: vec![FREE; 1 << 10], long: Vec::new(), used: 0, seed }
    }

    #[inline]
    pub(super) fn sought(&self, kind: IdKind, text: &'a str) -> Sought<'a> {
        let bytes = text.as_bytes();
        let sort = (bytes.len().min(SHORT + 1) as u32) << 8 | (kind as u32 + 1);
        let mut mix = Mix::new(self.seed ^ u64::from(sort));
        let words = if bytes.len() <= SHORT {
            let words = words(bytes);
            words.into_iter().for_each(|word| mix.write_u64(word));
            words
        } else {
            mix.write(bytes);
            [0; 3]
        };
        Sought { text, words, sort, hash: mix.short() }
    }

    #[inline]
    pub(super) fn find(&self, sought: &Sought<'a>) -> Option<Handle> {
        let mask = self.slots.len() - 1;
        let mut place = sought.hash as usize & mask;
        loop {
            let slot = &self.slots[place];
            if slot.sort == sought.sort && self.same(slot, sought) {
                return Some(slot.handle);
            }
            if slot.sort == 0 {
                return None;
            }
            place = (place + 1) & mask;
        }
    }

    #[inline]
    fn same(&self, slot: &Slot, sought: &Sought<'a>) -> bool {
        if sought.text.len() <= SHORT {
            slot.words == sought.words
        } else {
            self.long[slot.words[0] as usize] == sought.text
        }
    }

    /// Adds a text, which is not here yet.
    pub(super) fn insert(&mut self, sought: &Sought<'a>, handle: Handle) {
        if (self.used + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let mut words = sought.words;
        if sought.text.len() > SHORT {
            words = [self.long.len() as u64, u64::from(sought.hash), 0];
            self.long.push(sought.text);
        }
        self.used += 1;
        self.put(sought.hash, Slot { words, sort: sought.sort, handle });
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
            self.long.clear();
            self.used = 0;
            return;
        }
        let old = std::mem::take(&mut self.slots);
        self.slots = vec![FREE; old.len() * 2];
        for slot in old.into_iter().filter(|slot| slot.sort != 0) {
            let hash = if slot.sort >> 8 > SHORT as u32 {
                slot.words[1] as u32
            } else {
                let mut mix = Mix::new(self.seed ^ u64::from(slot.sort));
                slot.words.into_iter().for_each(|word| mix.write_u64(word));
                mix.short()
            };
            self.put(hash, slot);
        }
    }
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
                assert_eq!(seen.find(&sought), None, "{text}");
                seen.insert(&sought, (handle * 2 + more) as u32);
            }
        }
        // Growing loses none.
        let many: Vec<String> = (0..5_000).map(|number| format!("visitor-{number}")).collect();
        for (handle, text) in many.iter().enumerate() {
            let sought = seen.sought(IdKind::Visitor, text);
            seen.insert(&sought, 1_000 + handle as u32);
        }
        for (handle, text) in texts.iter().enumerate() {
            assert_eq!(seen.find(&seen.sought(IdKind::Customer, text)), Some(handle as u32 * 2 + 1));
            assert_eq!(seen.find(&seen.sought(IdKind::Visitor, text)), Some(handle as u32 * 2));
            assert_eq!(seen.find(&seen.sought(IdKind::Cart, text)), None);
        }
        for (handle, text) in many.iter().enumerate() {
            assert_eq!(seen.find(&seen.sought(IdKind::Visitor, text)), Some(1_000 + handle as u32));
        }
    }
}
