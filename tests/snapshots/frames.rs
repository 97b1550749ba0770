//! The outer form of snapshots, written a second time from its description: head, blocks, sections, checksums.

/// CRC-64/XZ, a bit at a time.
fn add(sum: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(sum, |sum, byte| {
        (0..8).fold(sum ^ u64::from(*byte), |sum, _| (sum >> 1) ^ ((sum & 1) * 0xc96c_5795_d787_0f42))
    })
}

/// A snapshot taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Frames {
    /// The first 32 bytes.
    pub head: Vec<u8>,
    /// Numbers and bytes of sections.
    pub sections: Vec<(u16, Vec<u8>)>,
}

/// Takes a whole snapshot apart.
#[track_caller]
pub fn apart(bytes: &[u8]) -> Frames {
    let mut frames = Frames { head: bytes[..32].to_vec(), sections: Vec::new() };
    for (section, _, block) in blocks(bytes) {
        match frames.sections.last_mut() {
            Some((last, bytes)) if *last == section => bytes.extend_from_slice(block),
            _ => frames.sections.push((section, block.to_vec())),
        }
    }
    frames
}

/// Section, place and bytes of every block.
#[track_caller]
pub fn blocks(bytes: &[u8]) -> Vec<(u16, std::ops::Range<usize>, &[u8])> {
    let number = |at: usize, count: usize| {
        bytes[at..at + count].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    };
    let mut sum = add(u64::MAX, &bytes[..32]);
    assert_eq!(number(32, 8), !sum);
    let (mut at, mut blocks) = (40, Vec::new());
    while at < bytes.len() {
        let length = number(at + 4, 4) as usize;
        sum = add(sum, &bytes[at..at + 8]);
        assert_eq!(number(at + 8, 8), !sum);
        let block = &bytes[at + 16..at + 16 + length];
        sum = add(sum, block);
        assert_eq!(number(at + 16 + length, 8), !sum);
        blocks.push((number(at, 2) as u16, at..at + 24 + length, block));
        at += 24 + length;
    }
    blocks
}

impl Frames {
    /// The bytes, with checksums that are right.
    pub fn together(&self) -> Vec<u8> {
        let mut bytes = self.head.clone();
        let mut sum = add(u64::MAX, &bytes);
        bytes.extend((!sum).to_le_bytes());
        for (section, all) in &self.sections {
            let count = all.chunks(1 << 16).len();
            for (place, block) in all.chunks(1 << 16).enumerate() {
                let mut head = section.to_le_bytes().to_vec();
                head.extend(u16::from(place + 1 == count).to_le_bytes());
                head.extend((block.len() as u32).to_le_bytes());
                sum = add(sum, &head);
                bytes.extend(head);
                bytes.extend((!sum).to_le_bytes());
                sum = add(sum, block);
                bytes.extend(block);
                bytes.extend((!sum).to_le_bytes());
            }
        }
        bytes
    }
}
