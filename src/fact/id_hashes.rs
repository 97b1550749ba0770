//! Hashes of ids, as a set.

/// A table with linear probing, at most half full. 0 and 1 count as one hash.
#[derive(Clone, Debug)]
pub(crate) struct IdHashes {
    /// 0 where none stands.
    slots: Vec<u32>,
    used: usize,
}

impl IdHashes {
    /// An empty one with room for twice as many.
    pub(crate) fn for_many(count: usize) -> Self {
        Self { slots: vec![0; (count * 4).next_power_of_two().max(8)], used: 0 }
    }

    pub(crate) fn has(&self, hash: u32) -> bool {
        self.slots[self.find(hash)] != 0
    }

    /// Adds a hash; says whether it was not here yet.
    pub(crate) fn insert(&mut self, hash: u32) -> bool {
        let place = self.find(hash);
        if self.slots[place] != 0 {
            return false;
        }
        self.slots[place] = hash.max(1);
        self.used += 1;
        if self.used * 2 > self.slots.len() {
            let old = std::mem::replace(self, Self::for_many(self.used));
            self.add_all(old.slots.into_iter().filter(|hash| *hash != 0));
        }
        true
    }

    pub(crate) fn add_all(&mut self, hashes: impl Iterator<Item = u32>) {
        for hash in hashes {
            let _new = self.insert(hash);
        }
    }

    /// Where a hash stands, or would.
    fn find(&self, hash: u32) -> usize {
        let (hash, mask) = (hash.max(1), self.slots.len() - 1);
        let mut place = hash as usize & mask;
        while self.slots[place] != 0 && self.slots[place] != hash {
            place = (place + 1) & mask;
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_here_and_nothing_else() {
        let mut hashes = IdHashes::for_many(0);
        for hash in (2..4_000).step_by(3) {
            assert!(
                !hashes.has(hash) && hashes.insert(hash) && hashes.has(hash) && !hashes.insert(hash),
                "{hash}"
            );
        }
        assert!((2..4_000).all(|hash| hashes.has(hash) == (hash % 3 == 2)));
        // One place for all of them, and the end of the table.
        let mut hashes = IdHashes::for_many(4);
        let some = [15, 31, 47, u32::MAX, 14, 0];
        assert!(some.iter().all(|hash| hashes.insert(*hash)));
        assert!(some.iter().all(|hash| hashes.has(*hash)) && hashes.has(1) && !hashes.has(63));
    }
}
