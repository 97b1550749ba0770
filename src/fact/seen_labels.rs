//! Labels of plain turns that were seen before in the same call, with the content that they are.

use std::hash::Hasher;

use crate::fact::content::ContentId;
use crate::fact::index::Mix;

/// Bytes of a slot: each label behind its place and its length.
const ROOM: usize = 56;

/// How many sets of labels are remembered.
const SLOTS: usize = 1 << 10;

/// What it takes: 64 kilobytes, which stay at hand.
pub(super) const BYTES: usize = SLOTS * size_of::<Slot>();

/// Sets of labels with their contents. Of two that would stand in one place the later one does.
pub(super) struct SeenLabels {
    slots: Vec<Slot>,
    seed: u64,
}

#[derive(Clone, Copy)]
struct Slot {
    words: [u64; ROOM / 8],
    content: ContentId,
    is_used: bool,
}

const FREE: Slot = Slot { words: [0; ROOM / 8], content: 0, is_used: false };

/// SoughtLabels as they are looked for.
#[derive(Clone, Copy)]
pub(super) struct SoughtLabels {
    words: [u64; ROOM / 8],
    place: usize,
}

impl SeenLabels {
    pub(super) fn new(seed: u64) -> Self {
        Self { slots: Vec::new(), seed }
    }

    /// None if the labels are too long together.
    #[inline]
    pub(super) fn sought(&self, labels: &[Option<&str>]) -> Option<SoughtLabels> {
        let (mut bytes, mut end) = ([0; ROOM], 0);
        for (place, label) in (1..).zip(labels) {
            let Some(label) = label else { continue };
            let (start, length) = (end + 2, label.len());
            end = start + length;
            bytes.get_mut(start..end)?.copy_from_slice(label.as_bytes());
            (bytes[start - 2], bytes[start - 1]) = (place, length as u8);
        }
        let mut mix = Mix::new(self.seed);
        let (mut words, used) = ([0; ROOM / 8], end.div_ceil(8));
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0).take(used) {
            *word = u64::from_le_bytes(*bytes);
            mix.write_u64(*word);
        }
        Some(SoughtLabels { words, place: mix.short() as usize % SLOTS })
    }

    #[inline]
    pub(super) fn find(&self, labels: SoughtLabels) -> Option<ContentId> {
        let slot = self.slots.get(labels.place)?;
        (slot.is_used && slot.words == labels.words).then_some(slot.content)
    }

    pub(super) fn put(&mut self, labels: SoughtLabels, content: ContentId) {
        self.slots.resize(SLOTS, FREE);
        self.slots[labels.place] = Slot { words: labels.words, content, is_used: true };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_found_under_what_was_seen_last_and_no_others() {
        let texts: Vec<String> = (0..300).map(|number| format!("label-{number}")).collect();
        let sets: Vec<[Option<&str>; 3]> = texts
            .iter()
            .flat_map(|text| {
                let text = Some(text.as_str());
                [[text, None, None], [None, text, None], [None, text, Some("web")], [text, text, text]]
            })
            .chain([[None; 3], [Some(""), None, None], [None, Some(""), None]])
            .collect();
        let mut seen = SeenLabels::new(42);
        for (content, labels) in (0..).zip(&sets) {
            let labels = seen.sought(labels).unwrap();
            assert_eq!(seen.find(labels), None);
            seen.put(labels, content);
            assert_eq!(seen.find(labels), Some(content));
        }
        let found = |(content, labels): &(u32, &[Option<&str>; 3])| {
            let found = seen.find(seen.sought(*labels).unwrap());
            assert!(found.is_none_or(|found| found == *content), "{labels:?}");
            found.is_some()
        };
        let remembered = (0..).zip(&sets).filter(found).count();
        assert!(remembered > SLOTS / 3 && remembered < sets.len(), "{remembered}");
    }

    #[test]
    fn labels_of_more_bytes_than_there_is_room_for_are_not_looked_for() {
        let (seen, text) = (SeenLabels::new(42), "x".repeat(ROOM));
        assert!(seen.sought(&[Some(&text[2..])]).is_some());
        assert!(seen.sought(&[Some(&text[1..])]).is_none());
        assert!(seen.sought(&[Some(&text[..20]), Some(&text[..20]), Some(&text[..20])]).is_none());
        assert!(seen.sought(&[Some("a"), Some(&text)]).is_none());
    }
}
