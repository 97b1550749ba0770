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

use std::io::{BufRead, Read};

use crate::event::Event;
use crate::event::raw::Raw;
use crate::event::read::{FieldError, event};

/// The longest line that is read, in bytes without its end: an order of 10,000 lines fits.
pub const MAX_LINE: usize = 8 << 20;

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
    Reader { source, line: 0, buffer: Vec::new(), broken: false }
}

/// Reads one line.
///
/// # Errors
/// The field and what is wrong with it; the field is empty if the text is no JSON object.
pub fn read_line(line: &[u8]) -> Result<Event, FieldError> {
    match serde_json::from_slice::<Raw<'_>>(line) {
        Ok(raw) => event(raw),
        Err(error) => {
            let reason = format!("not JSON at column {} ({:?} error)", error.column(), error.classify());
            Err(FieldError { field: String::new(), reason })
        }
    }
}

/// Writes an event as one line, without the line feed.
///
/// What it writes reads back to the same event, provided that all amounts of an order or refund are in its one
/// currency: an order that mixes them, which no tracker takes, has no line of its own.
pub fn write_line(event: &Event) -> String {
    // Every value written is text, a number or a flag, so there is nothing that JSON could refuse.
    serde_json::to_string(event).unwrap_or_default()
}

/// The events of a log and its bad lines, in order. See [`read`].
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    line: u64,
    buffer: Vec<u8>,
    broken: bool,
}

impl<R: BufRead> Reader<R> {
    /// The number of the line read last, from 1; 0 before the first and the number of lines after the end.
    pub fn line(&self) -> u64 {
        self.line
    }

    fn error(&self, error: FieldError) -> LineError {
        LineError { line: self.line, field: error.field, reason: error.reason, broken: self.broken }
    }

    /// Reads up to and with the next line feed; gives the number of bytes. What is over the limit is passed over.
    fn next_line(&mut self) -> std::io::Result<usize> {
        self.buffer.clear();
        let limit = (MAX_LINE + "\r\n".len()) as u64;
        let read = self.source.by_ref().take(limit).read_until(b'\n', &mut self.buffer)?;
        if read as u64 == limit && !self.buffer.ends_with(b"\n") {
            self.pass_over_rest()?;
        }
        Ok(read)
    }

    fn pass_over_rest(&mut self) -> std::io::Result<()> {
        loop {
            let held = self.source.fill_buf()?;
            let end = held.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(held.len(), |place| place + 1);
            self.source.consume(used);
            if end.is_some() || used == 0 {
                return Ok(());
            }
        }
    }

    /// What the line read last says; none if it is empty.
    fn event(&self) -> Option<Result<Event, FieldError>> {
        let line = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        if line.len() > MAX_LINE {
            let reason = format!("longer than {MAX_LINE} bytes");
            return Some(Err(FieldError { field: String::new(), reason }));
        }
        if text.trim_ascii().is_empty() { None } else { Some(read_line(text)) }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Event, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.broken {
            let read = self.next_line();
            if matches!(read, Ok(0)) {
                return None;
            }
            self.line += 1;
            let event = match read {
                Ok(_) => self.event(),
                Err(error) => {
                    self.broken = true;
                    let reason = format!("the source failed: {}", error.kind());
                    Some(Err(FieldError { field: String::new(), reason }))
                }
            };
            if let Some(event) = event {
                return Some(event.map_err(|error| self.error(error)));
            }
        }
        None
    }
}
