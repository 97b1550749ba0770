//! The event log: one JSON object per line (feature `json`).
//!
//! ```
//! use clinch::event::jsonl;
//!
//! let log = r#"
//! {"id":"e1","at":"2026-03-01T10:00:00Z","kind":"query","visitor":"v9","topic":"availability"}
//! {"id":"e2","at":"yesterday","kind":"link_click","visitor":"v9"}
//! "#;
//! let (good, bad): (Vec<_>, Vec<_>) = jsonl::read(log.as_bytes()).partition(|line| line.is_ok());
//! assert_eq!((good.len(), bad.len()), (1, 1));
//! let error = bad.into_iter().next().unwrap().unwrap_err();
//! assert_eq!((error.line, error.field.as_str()), (3, "at"));
//! ```

use std::io::{self, BufRead, ErrorKind};

use memchr::memchr;

use crate::event::fields::{FieldError, Read};
use crate::event::raw::RawObject;
use crate::event::read::event;
use crate::event::{Event, EventRef, PlainTurn};

/// The longest line that is read, in bytes without its end: an order of 10,000 lines fits.
pub const MAX_LINE: usize = 8 << 20;

/// No more lines are read ahead once they have so many bytes.
const MOST_AHEAD: usize = 1 << 16;

/// Why a line gave no event. Reading goes on with the next line, unless the source itself failed.
#[derive(Debug, thiserror::Error)]
#[error("line {line}{}: {reason}", in_field(field))]
pub struct LineError {
    /// Counted from 1.
    pub line: u64,
    /// The field's path, such as `lines[2].total`; empty if the line is no JSON object.
    pub field: String,
    /// What is wrong. It does not repeat values, which may be personal.
    pub reason: String,
    /// Whether the source could not be read any further; it is the last item then.
    pub broken: bool,
}

fn in_field(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!(", field `{field}`") }
}

/// Reads a log line by line; empty lines are passed over. Bytes that are no UTF-8 make a bad line.
pub fn read<R: BufRead>(source: R) -> Reader<R> {
    Reader {
        source,
        line: 0,
        buffer: Vec::new(),
        ends: Vec::new(),
        given: 0,
        has_more: false,
        failed: None,
        broken: false,
    }
}

/// Reads a log that is in memory as a whole; empty lines are passed over.
///
/// The events borrow their text from `log`, which makes it the fastest way: a file of any size can be read in parts
/// that end with a line.
///
/// ```
/// use clinch::event::jsonl;
///
/// let log = br#"{"id":"e1","at":"2026-03-01T10:00:00Z","kind":"query","visitor":"v9","topic":"availability"}"#;
/// let ids: Vec<_> = jsonl::lines(log).map(|event| event.map(|event| event.id)).collect::<Result<_, _>>()?;
/// assert_eq!(ids, ["e1"]);
/// # Ok::<(), jsonl::LineError>(())
/// ```
pub fn lines(log: &[u8]) -> Lines<'_> {
    Lines { rest: log, line: 0 }
}

/// Reads one line.
///
/// # Errors
/// The field and what is wrong with it; the field is empty if the text is no JSON object.
pub fn read_line(line: &[u8]) -> Result<Event, FieldError> {
    borrow_line(line).map(Event::from)
}

/// Reads one line as an event that borrows its text; text with escapes is owned.
///
/// # Errors
/// As [`read_line`].
pub fn borrow_line(line: &[u8]) -> Result<EventRef<'_>, FieldError> {
    read_object(&mut RawObject::new(), line, event)
}

/// Reads a line into an object, which is empty; gives what `say` makes of it, or of what stands there if it is none.
fn read_object<'l, T>(
    object: &mut RawObject<'l>,
    line: &'l [u8],
    say: impl FnOnce(&mut RawObject<'l>, Option<&'static str>) -> Read<T>,
) -> Read<T> {
    // Checking the whole line at once costs less than checking each text in it.
    let read = match std::str::from_utf8(line) {
        Ok(text) => object_of(serde_json::Deserializer::from_str(text), object),
        Err(_) => object_of(serde_json::Deserializer::from_slice(line), object),
    };
    match read {
        Ok(other) => say(object, other),
        Err(error) => {
            let reason = format!("not JSON at column {} ({:?} error)", error.column(), error.classify());
            Err(FieldError { field: String::new(), reason })
        }
    }
}

/// Reads the one object that the text is; gives what it is if it is none.
fn object_of<'de, R: serde_json::de::Read<'de>>(
    mut text: serde_json::Deserializer<R>,
    object: &mut RawObject<'de>,
) -> serde_json::Result<Option<&'static str>> {
    let other = object.read(&mut text)?;
    text.end().map(|()| other)
}

/// Writes an event as one line, without the line feed.
///
/// What it writes reads back to the same event, provided that all amounts of an order or refund are in its one
/// currency: an order that mixes them, which no tracker takes, has no line of its own.
pub fn write_line(event: &Event) -> String {
    // Every value written is text, a number or a flag, so there is nothing that JSON could refuse.
    serde_json::to_string(event).unwrap_or_default()
}

/// What a line says, a plain turn in fewer words.
pub(crate) enum Said<'l> {
    Turn(PlainTurn<'l>),
    /// Boxed, so that moving what is said moves few words.
    Event(Box<EventRef<'l>>),
}

impl<'l> Said<'l> {
    fn of(object: &mut RawObject<'l>, other: Option<&'static str>) -> Read<Self> {
        match PlainTurn::read(object) {
            Some(turn) if other.is_none() => Ok(Self::Turn(turn)),
            _ => event(object, other).map(|event| Self::Event(Box::new(event))),
        }
    }
}

/// The events of a log and its bad lines, in order. See [`read`].
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    /// The number of the line given out last.
    line: u64,
    /// Lines that were read, with their ends.
    buffer: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
    /// How many of them were given out.
    given: usize,
    /// Whether the source had something at hand behind them.
    has_more: bool,
    /// How it failed there.
    failed: Option<ErrorKind>,
    /// Whether it has been told that it failed.
    broken: bool,
}

impl<R: BufRead> Reader<R> {
    /// The number of the line given out last, from 1; 0 before the first and the number of lines after the end.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The next event, which borrows its text from the reader; none at the end of the log.
    ///
    /// ```
    /// # use clinch::event::jsonl;
    /// # let log: &[u8] = b"";
    /// let mut reader = jsonl::read(log);
    /// while let Some(event) = reader.next_borrowed() {
    ///     println!("{}", event?.id);
    /// }
    /// # Ok::<(), jsonl::LineError>(())
    /// ```
    pub fn next_borrowed(&mut self) -> Option<Result<EventRef<'_>, LineError>> {
        loop {
            self.read_ahead(1);
            let Some(end) = self.ends.get(self.given).copied() else { return self.end().map(Err) };
            let start = self.start();
            self.give_out(1);
            if !is_empty(&self.buffer[start..end]) {
                return Some(read_said(&mut RawObject::new(), &self.buffer[start..end], self.line, event));
            }
        }
    }

    /// What there is to say where no line is left.
    fn end(&mut self) -> Option<LineError> {
        let kind = self.failed.take()?;
        (self.line, self.broken) = (self.line + 1, true);
        let reason = format!("the source failed: {kind}");
        Some(LineError { line: self.line, field: String::new(), reason, broken: true })
    }

    /// Reads lines until so many wait to be given out, or the source ends, fails or has nothing more at hand.
    pub(crate) fn read_ahead(&mut self, lines: usize) {
        if self.given == self.ends.len() {
            self.buffer.clear();
            self.ends.clear();
            self.given = 0;
        }
        let wants = |held: &Self| match held.ends.len() - held.given {
            0 => true,
            // Only what is at hand: nobody waits for a line while another one could be looked at.
            waiting => waiting < lines && held.buffer.len() < MOST_AHEAD && held.has_more,
        };
        while wants(self) && self.failed.is_none() && !self.broken {
            let start = self.buffer.len();
            match self.next_line(start) {
                Ok(0) => return,
                Ok(_) => self.ends.push(self.buffer.len()),
                Err(error) => {
                    self.buffer.truncate(start);
                    self.failed = Some(error.kind());
                }
            }
        }
    }

    /// The lines that wait to be given out, with their numbers: what each says, but for empty ones.
    pub(crate) fn ahead(&self) -> impl Iterator<Item = (u64, Result<Said<'_>, LineError>)> {
        let (mut start, mut object) = (self.start(), RawObject::new());
        let lines = self.ends[self.given..].iter().map(move |end| {
            let from = std::mem::replace(&mut start, *end);
            &self.buffer[from..*end]
        });
        let lines = (self.line + 1..).zip(lines).filter(|(_, line)| !is_empty(line));
        lines.map(move |(number, line)| {
            object.clear();
            (number, read_said(&mut object, line, number, Said::of))
        })
    }

    /// How many lines wait to be given out.
    pub(crate) fn ahead_len(&self) -> usize {
        self.ends.len() - self.given
    }

    /// Counts so many of the lines that wait as given out.
    pub(crate) fn give_out(&mut self, lines: usize) {
        self.given += lines;
        self.line += lines as u64;
    }

    /// Where the next line to be given out starts.
    fn start(&self) -> usize {
        self.given.checked_sub(1).map_or(0, |last| self.ends[last])
    }

    /// Reads up to and with the next line feed behind `start`, where the buffer ends; gives the number of bytes. What
    /// is over the limit is passed over.
    fn next_line(&mut self, start: usize) -> io::Result<usize> {
        let mut read = 0;
        loop {
            let held = match self.source.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                held => held?,
            };
            let end = memchr(b'\n', held);
            let used = end.map_or(held.len(), |place| place + 1);
            let room = start + MAX_LINE + "\r\n".len() - self.buffer.len();
            self.buffer.extend_from_slice(&held[..used.min(room)]);
            self.has_more = used < held.len();
            self.source.consume(used);
            read += used;
            if end.is_some() || used == 0 {
                return Ok(read);
            }
        }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Event, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_borrowed().map(|event| event.map(Event::from))
    }
}

/// The events of a log in memory and its bad lines, in order. See [`lines`].
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    rest: &'a [u8],
    line: u64,
}

impl Lines<'_> {
    /// The number of the line read last, from 1; 0 before the first and the number of lines after the end.
    pub fn line(&self) -> u64 {
        self.line
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<EventRef<'a>, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let end = memchr(b'\n', self.rest).map_or(self.rest.len(), |place| place + 1);
            let line;
            (line, self.rest) = self.rest.split_at(end);
            self.line += 1;
            if !is_empty(line) {
                return Some(read_said(&mut RawObject::new(), line, self.line, event));
            }
        }
        None
    }
}

/// A line without its end; a byte order mark counts towards its length.
fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
}

/// Whether nothing stands in a line; one that is too long is never empty.
#[inline]
fn is_empty(line: &[u8]) -> bool {
    if line.first() == Some(&b'{') {
        return false;
    }
    let line = without_end(line);
    line.len() <= MAX_LINE && without_mark(line).trim_ascii_start().is_empty()
}

/// The same with the line's end cut off and its number in an error.
fn read_said<'l, T>(
    object: &mut RawObject<'l>,
    line: &'l [u8],
    number: u64,
    say: impl FnOnce(&mut RawObject<'l>, Option<&'static str>) -> Read<T>,
) -> Result<T, LineError> {
    let line = without_end(line);
    let read = if line.len() > MAX_LINE {
        let reason = format!("longer than {MAX_LINE} bytes");
        Err(FieldError { field: String::new(), reason })
    } else {
        read_object(object, without_mark(line), say)
    };
    read.map_err(|FieldError { field, reason }| LineError { line: number, field, reason, broken: false })
}
