//! Short texts one behind the other.

use crate::words::{SHORT, words};

/// Texts behind their lengths, each known by where it starts. At most four gigabytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts(Vec<u8>);

impl Texts {
    /// Writes a text and says where it starts.
    pub(crate) fn write(&mut self, text: &[u8]) -> u32 {
        let place = self.0.len() as u32;
        let mut length = text.len();
        while length > 0x7f {
            self.0.push(length as u8 | 0x80);
            length >>= 7;
        }
        self.0.push(length as u8);
        self.0.extend_from_slice(text);
        place
    }

    /// The same where it does not matter how much room is spare: faster for short texts.
    #[inline]
    pub(super) fn jot(&mut self, text: &[u8]) -> u32 {
        if text.len() > SHORT {
            return self.write(text);
        }
        let place = self.0.len();
        let [one, two, three] = words(text).map(u64::to_le_bytes);
        self.0.push(text.len() as u8);
        // Copied whole and cut, as so many bytes are a few instructions, and a number of them a call.
        self.0.extend_from_slice([one, two, three].as_flattened());
        self.0.truncate(place + 1 + text.len());
        place as u32
    }

    pub(crate) fn read(&self, place: u32) -> &[u8] {
        let (start, length) = self.find(place);
        &self.0[start..start + length]
    }

    /// Where a text begins behind its length, and its length.
    fn find(&self, place: u32) -> (usize, usize) {
        let (mut length, mut shift, mut start) = (0, 0, place as usize);
        loop {
            let byte = self.0[start];
            length |= usize::from(byte & 0x7f) << shift;
            (shift, start) = (shift + 7, start + 1);
            if byte < 0x80 {
                return (start, length);
            }
        }
    }

    /// The bytes that a text takes, its length included.
    fn size(&self, place: u32) -> usize {
        let (start, length) = self.find(place);
        start + length - place as usize
    }

    /// Copies a text as it stands in another one, where it does not matter how much room is spare.
    #[inline]
    pub(super) fn copy(&mut self, other: &Self, place: u32) -> u32 {
        let (here, from) = (self.0.len(), &other.0[place as usize..]);
        match from.first_chunk::<32>() {
            Some(chunk) if chunk[0] < 32 => {
                self.0.extend_from_slice(chunk);
                self.0.truncate(here + 1 + usize::from(chunk[0]));
            }
            _ => self.0.extend_from_slice(&from[..other.size(place)]),
        }
        here as u32
    }

    /// Takes all texts of another one, which then start so much later. That one is empty then and keeps its room.
    pub(super) fn take_from(&mut self, other: &mut Self) {
        if self.0.is_empty() {
            *self = other.take_exact();
        } else {
            self.0.append(&mut other.0);
        }
    }

    /// Adds all texts of another one, which then start so much later.
    pub(crate) fn append(&mut self, other: &Self) -> u32 {
        let shift = self.0.len() as u32;
        self.0.extend_from_slice(&other.0);
        shift
    }

    /// The first byte of them, which is fetched by it.
    pub(crate) fn first(&self) -> u8 {
        self.0.first().copied().unwrap_or_default()
    }

    /// The first byte of what stands at a place, which is fetched by it.
    #[inline]
    pub(super) fn byte(&self, place: u32) -> u8 {
        self.0[place as usize]
    }

    /// How many bytes all of them take.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// All of it in no more room than it needs; this one is empty then and keeps its room.
    pub(crate) fn take_exact(&mut self) -> Self {
        let exact = self.0.as_slice().to_vec();
        self.0.clear();
        Self(exact)
    }

    /// Whether there is room for so many bytes more.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.0.len().saturating_add(bytes).saturating_add(64) < u32::MAX as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_length_are_read_back_however_they_were_written() {
        let bytes: Vec<u8> = (0..300_u32).map(|byte| byte as u8).collect();
        let (mut written, mut jotted) = (Texts::default(), Texts::default());
        let places: Vec<u32> = (0..=bytes.len()).map(|end| written.write(&bytes[..end])).collect();
        for (end, place) in places.iter().enumerate() {
            assert_eq!(jotted.jot(&bytes[..end]), *place, "{end}");
        }
        assert_eq!(written.0, jotted.0);
        // Backwards, so that what stands behind each one differs; the last stands at the very end.
        let mut copied = Texts::default();
        let copies: Vec<u32> = places.iter().rev().map(|place| copied.copy(&written, *place)).collect();
        for (end, place) in copies.iter().rev().enumerate() {
            assert_eq!(copied.read(*place), &bytes[..end]);
        }
        let mut alone = Texts::default();
        let (mut few, place) = (Texts::default(), alone.write(b"short"));
        let shift = few.copy(&alone, place);
        written.take_from(&mut few);
        assert_eq!((written.read(jotted.len() as u32 + shift), few.len()), (&b"short"[..], 0));
    }
}
