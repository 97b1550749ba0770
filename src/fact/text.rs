//! Short texts one behind the other.

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
    pub(crate) fn size(&self, place: u32) -> usize {
        let (start, length) = self.find(place);
        start + length - place as usize
    }

    /// Copies a text as it stands in another one.
    pub(crate) fn copy(&mut self, other: &Self, place: u32) -> u32 {
        let here = self.0.len() as u32;
        self.0.extend_from_slice(&other.0[place as usize..][..other.size(place)]);
        here
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

    pub(crate) fn reserve(&mut self, bytes: usize) {
        if self.0.is_empty() {
            self.0.reserve_exact(bytes);
        } else {
            self.0.reserve(bytes);
        }
    }

    /// Whether there is room for so many bytes more.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.0.len().saturating_add(bytes).saturating_add(64) < u32::MAX as usize
    }
}
