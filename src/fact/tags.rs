//! Hashes of ids, as a set.

/// A table with linear probing, at most half full. Which hash is 0 is not told from which is 1: to whoever asks, both
/// are in it or neither.
#[derive(Clone, Debug)]
pub(crate) struct Tags {
    /// 0 where none stands.
    slots: Vec<u32>,
    used: usize,
}

impl Tags {
    /// An empty one with room for twice as many.
    pub(crate) fn for_many(count: usize) -> Self {
        Self { slots: vec![0; (count * 4).next_power_of_two().max(8)], used: 0 }
    }

    pub(crate) fn has(&self, tag: u32) -> bool {
        self.slots[self.find(tag)] != 0
    }

    /// Adds a hash; says whether it was not here yet.
    pub(crate) fn insert(&mut self, tag: u32) -> bool {
        let place = self.find(tag);
        if self.slots[place] != 0 {
            return false;
        }
        self.slots[place] = tag.max(1);
        self.used += 1;
        if self.used * 2 > self.slots.len() {
            let old = std::mem::replace(self, Self::for_many(self.used));
            self.add_all(old.slots.into_iter().filter(|tag| *tag != 0));
        }
        true
    }

    pub(crate) fn add_all(&mut self, tags: impl Iterator<Item = u32>) {
        for tag in tags {
            let _new = self.insert(tag);
        }
    }

    /// Where a hash stands, or would.
    fn find(&self, tag: u32) -> usize {
        let (tag, mask) = (tag.max(1), self.slots.len() - 1);
        let mut place = tag as usize & mask;
        while self.slots[place] != 0 && self.slots[place] != tag {
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
        let mut tags = Tags::for_many(0);
        for tag in (2..4_000).step_by(3) {
            assert!(!tags.has(tag) && tags.insert(tag) && tags.has(tag) && !tags.insert(tag), "{tag}");
        }
        assert!((2..4_000).all(|tag| tags.has(tag) == (tag % 3 == 2)));
        // One place for all of them, and the end of the table.
        let mut tags = Tags::for_many(4);
        let hashes = [15, 31, 47, u32::MAX, 14, 0];
        assert!(hashes.iter().all(|tag| tags.insert(*tag)));
        assert!(hashes.iter().all(|tag| tags.has(*tag)) && tags.has(1) && !tags.has(63));
    }
}
