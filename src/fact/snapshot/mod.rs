//! Snapshots: a set of facts as bytes, the same bytes for the same set. The form is told in `crate::snapshot`.

mod crc;
mod decode;
mod encode;
mod frame;
mod gone;
mod plan;
mod read;
mod write;

pub(crate) use read::read;
pub(crate) use write::write;

use crate::id::{IdKind, Key};

/// What a snapshot begins with.
pub(crate) const MAGIC: [u8; 8] = *b"\x93clinch\n";

/// The version of the form: another one is refused.
pub const MAJOR: u16 = 1;
/// The version of the form within its major version: what a newer one adds is kept.
pub const MINOR: u16 = 0;

/// Most bytes of a section in one block; all blocks of a section but its last have as many.
pub(crate) const BLOCK: usize = 1 << 16;

/// Sections, in the order in which they stand. What is between them is for newer minor versions.
const GONE: u16 = 5;
const TEXTS: u16 = 10;
const CONTENTS: u16 = 20;
const SHOPPERS: u16 = 30;
const ORDERS: u16 = 40;
const END: u16 = u16::MAX;

/// Most identifiers of one fact: one of each kind.
const MOST_NAMED: usize = IdKind::ALL.len();

fn section_name(section: u16) -> &'static str {
    match section {
        GONE => "gone",
        TEXTS => "texts",
        CONTENTS => "contents",
        SHOPPERS => "shoppers",
        ORDERS => "orders",
        END => "end",
        _ => "of another version",
    }
}

/// Domain of the hash behind the key check, apart from those of identifiers and ids.
const KEY_DOMAIN: u8 = 121;

/// What only the holder of a key can say, and what says nothing of the key.
fn key_check(key: &Key) -> [u8; 16] {
    let [low, high] = key.wrap(crate::id::siphash128(KEY_DOMAIN, b"")).words();
    (u128::from(high) << 64 | u128::from(low)).to_le_bytes()
}

/// Sections that a newer minor version wrote: kept as they are, and written back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unknown {
    /// The version that wrote them.
    minor: u16,
    /// Numbers and bytes, by number.
    sections: Vec<(u16, Vec<u8>)>,
}

impl Unknown {
    fn push(&mut self, section: u16, bytes: Vec<u8>) {
        self.sections.push((section, bytes));
    }

    /// Says which version wrote them, if there are any.
    fn set_minor(&mut self, minor: u16) {
        self.minor = if self.sections.is_empty() { 0 } else { minor };
    }

    pub(crate) fn len(&self) -> usize {
        self.sections.len()
    }
}
