//! Blocks and sections: bytes on their way out and in, none of them used before its checksum has been seen.

use std::io::{self, Read, Write};

use crate::error::{Error, ErrorKind, Result};
use crate::fact::snapshot::crc::Crc;
use crate::fact::snapshot::{BLOCK, MAGIC, MAJOR, section_name};

/// What stands before the blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) minor: u16,
    /// Ids are kept as pseudonyms.
    pub(super) hashed: bool,
    /// What only the holder of the key knows.
    pub(super) key_check: [u8; 16],
}

/// Bits of a block's flags.
const LAST: u16 = 1;

/// Bits of the head's flags.
const HASHED: u32 = 1;

/// Bytes of the head and of a block's head, checksums included.
const HEAD: usize = 40;
const BLOCK_HEAD: usize = 16;

/// Writes sections in blocks.
pub(super) struct Sink<W> {
    out: W,
    crc: Crc,
    /// What was put and not written yet.
    pub(super) bytes: Vec<u8>,
    section: u16,
}

impl<W: Write> Sink<W> {
    /// Writes the head.
    pub(super) fn new(out: W, head: Head) -> Result<Self> {
        let mut bytes = Vec::with_capacity(2 * BLOCK);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&MAJOR.to_le_bytes());
        bytes.extend_from_slice(&head.minor.to_le_bytes());
        bytes.extend_from_slice(&if head.hashed { HASHED } else { 0 }.to_le_bytes());
        bytes.extend_from_slice(&head.key_check);
        let mut sink = Self { out, crc: Crc::new(), bytes, section: 0 };
        sink.checked(0, sink.bytes.len())?;
        sink.bytes.clear();
        Ok(sink)
    }

    /// Begins a section; one that gets no bytes is not written.
    pub(super) fn begin(&mut self, section: u16) {
        self.section = section;
    }

    /// Writes full blocks, once there is more than one block's worth.
    pub(super) fn spill(&mut self) -> Result<()> {
        if self.bytes.len() <= BLOCK {
            return Ok(());
        }
        let mut start = 0;
        while self.bytes.len() - start > BLOCK {
            self.block(start, BLOCK, 0)?;
            start += BLOCK;
        }
        self.bytes.drain(..start);
        Ok(())
    }

    /// Ends the section.
    pub(super) fn end(&mut self) -> Result<()> {
        self.spill()?;
        if !self.bytes.is_empty() {
            self.block(0, self.bytes.len(), LAST)?;
            self.bytes.clear();
        }
        Ok(())
    }

    /// Hands over everything to the writer.
    pub(super) fn finish(mut self) -> Result<()> {
        self.out.flush().map_err(failed)
    }

    fn block(&mut self, start: usize, length: usize, flags: u16) -> Result<()> {
        let mut head = [0; BLOCK_HEAD];
        head[..2].copy_from_slice(&self.section.to_le_bytes());
        head[2..4].copy_from_slice(&flags.to_le_bytes());
        head[4..8].copy_from_slice(&(length as u32).to_le_bytes());
        self.crc.add(&head[..8]);
        head[8..].copy_from_slice(&self.crc.sum().to_le_bytes());
        self.out.write_all(&head).map_err(failed)?;
        self.checked(start, length)
    }

    fn checked(&mut self, start: usize, length: usize) -> Result<()> {
        let bytes = &self.bytes[start..start + length];
        self.crc.add(bytes);
        self.out.write_all(bytes).map_err(failed)?;
        self.out.write_all(&self.crc.sum().to_le_bytes()).map_err(failed)
    }
}

/// Reads sections out of blocks whose checksums are right.
pub(super) struct Source<R> {
    from: R,
    crc: Crc,
    bytes: Vec<u8>,
    /// What was taken already.
    start: usize,
    section: u16,
    /// Whether the last block of the section has been read.
    last: bool,
    /// From where on bytes are kept although they have been taken.
    mark: Option<usize>,
}

impl<R: Read> Source<R> {
    /// Reads the head.
    pub(super) fn new(mut from: R) -> Result<(Self, Head)> {
        let mut bytes = [0; HEAD];
        let mut crc = Crc::new();
        exactly(&mut from, &mut bytes)?;
        if bytes[..8] != MAGIC {
            return Err(ErrorKind::NotASnapshot.into());
        }
        crc.add(&bytes[..32]);
        if bytes[32..] != crc.sum().to_le_bytes() {
            return Err(damaged("head", "its checksum is wrong"));
        }
        let number = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        if number(8) != MAJOR {
            return Err(ErrorKind::SnapshotVersion { found: number(8), known: MAJOR }.into());
        }
        let hashed = match (number(12), number(14)) {
            (0, 0) => false,
            (1, 0) => true,
            _ => return Err(damaged("head", "its flags mean nothing")),
        };
        let mut key_check = [0; 16];
        key_check.copy_from_slice(&bytes[16..32]);
        let head = Head { minor: number(10), hashed, key_check };
        Ok((Self { from, crc, bytes: Vec::new(), start: 0, section: 0, last: true, mark: None }, head))
    }

    /// Goes to the next section, once all of this one has been taken, and says which it is.
    pub(super) fn next_section(&mut self) -> Result<u16> {
        if !self.is_done()? {
            return Err(self.damaged("it goes on where it should end"));
        }
        self.block()?;
        Ok(self.section)
    }

    /// Whether all of the section has been taken.
    pub(super) fn is_done(&mut self) -> Result<bool> {
        if self.start == self.bytes.len() && !self.last {
            self.block()?;
        }
        Ok(self.start == self.bytes.len())
    }

    /// Nothing may follow.
    pub(super) fn finish(mut self) -> Result<()> {
        let mut one = [0];
        loop {
            match self.from.read(&mut one) {
                Ok(0) => return Ok(()),
                Ok(_) => return Err(damaged("end", "something follows it")),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }

    /// What is wrong with the section.
    pub(super) fn damaged(&self, problem: &'static str) -> Error {
        damaged(section_name(self.section), problem)
    }

    /// What is wrong with the section under the limits that were given. Its checksum has been right by then.
    pub(super) fn beyond_limits(&self, problem: &'static str) -> Error {
        ErrorKind::SnapshotLimits { section: section_name(self.section), problem }.into()
    }

    /// The next bytes of the section.
    pub(super) fn take(&mut self, count: usize) -> Result<&[u8]> {
        if self.bytes.len() - self.start < count {
            self.fill(count)?;
        }
        let bytes = &self.bytes[self.start..self.start + count];
        self.start += count;
        Ok(bytes)
    }

    /// All bytes of the section that have been read and not been taken.
    pub(super) fn rest(&mut self) -> &[u8] {
        let start = std::mem::replace(&mut self.start, self.bytes.len());
        &self.bytes[start..]
    }

    /// Remembers what is taken from here on.
    pub(super) fn mark(&mut self) {
        self.mark = Some(self.start);
    }

    /// What was taken since the mark.
    pub(super) fn since_mark(&mut self) -> &[u8] {
        let mark = self.mark.take().unwrap_or(self.start);
        &self.bytes[mark..self.start]
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    /// A number of seven bits a byte, the least first, in as few bytes as it needs.
    #[inline]
    pub(super) fn number(&mut self) -> Result<u64> {
        match self.bytes.get(self.start) {
            Some(byte) if *byte < 0x80 => {
                self.start += 1;
                Ok(u64::from(*byte))
            }
            _ => self.long_number(),
        }
    }

    fn long_number(&mut self) -> Result<u64> {
        let (mut number, mut shift) = (0_u64, 0);
        loop {
            let byte = match self.bytes.get(self.start) {
                Some(byte) => {
                    self.start += 1;
                    *byte
                }
                None => self.byte()?,
            };
            if (shift == 63 && byte > 1) || (shift > 0 && byte == 0) {
                return Err(self.damaged("a number is not in its shortest form"));
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
            shift += 7;
        }
    }

    /// A number of at most so much.
    #[inline]
    pub(super) fn up_to(&mut self, most: usize, problem: &'static str) -> Result<usize> {
        let number = self.number()?;
        if number > most as u64 { Err(self.damaged(problem)) } else { Ok(number as usize) }
    }

    /// A number of at most so much by the limits that were given.
    #[inline]
    pub(super) fn within(&mut self, most: usize, problem: &'static str) -> Result<usize> {
        let number = self.number()?;
        if number > most as u64 { Err(self.beyond_limits(problem)) } else { Ok(number as usize) }
    }

    /// Reads blocks until `count` bytes can be taken.
    fn fill(&mut self, count: usize) -> Result<()> {
        while self.bytes.len() - self.start < count {
            if self.last {
                return Err(self.damaged("it ends too early"));
            }
            self.block()?;
        }
        Ok(())
    }

    /// Reads one block behind what has not been taken yet.
    fn block(&mut self) -> Result<()> {
        let mut head = [0; BLOCK_HEAD];
        exactly(&mut self.from, &mut head)?;
        self.crc.add(&head[..8]);
        if head[8..] != self.crc.sum().to_le_bytes() {
            return Err(damaged("head of a block", "its checksum is wrong"));
        }
        let section = u16::from_le_bytes([head[0], head[1]]);
        let flags = u16::from_le_bytes([head[2], head[3]]);
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let last = flags == LAST;
        let fits = if last { (1..=BLOCK).contains(&length) } else { flags == 0 && length == BLOCK };
        if !fits || (!self.last && section != self.section) {
            return Err(damaged("head of a block", "it does not fit the block before"));
        }
        (self.section, self.last) = (section, last);
        let done = self.mark.unwrap_or(self.start);
        self.bytes.drain(..done);
        self.start -= done;
        self.mark = self.mark.map(|_| 0);
        let start = self.bytes.len();
        self.bytes.resize(start + length, 0);
        exactly(&mut self.from, &mut self.bytes[start..])?;
        self.crc.add(&self.bytes[start..]);
        let mut sum = [0; 8];
        exactly(&mut self.from, &mut sum)?;
        if sum != self.crc.sum().to_le_bytes() { Err(self.damaged("its checksum is wrong")) } else { Ok(()) }
    }
}

/// Puts a number as [`Source::number`] reads it.
pub(super) fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn exactly(from: &mut impl Read, bytes: &mut [u8]) -> Result<()> {
    from.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => damaged("end", "it is missing: the snapshot was torn off"),
        _ => failed(error),
    })
}

pub(super) fn damaged(section: &'static str, problem: &'static str) -> Error {
    ErrorKind::SnapshotDamaged { section, problem }.into()
}

fn failed(source: io::Error) -> Error {
    ErrorKind::SnapshotIo { source }.into()
}
