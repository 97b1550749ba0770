//! The log that every peer reads: made from a seed, kept in typed columns, written as raw files.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use chrono::{DateTime, SecondsFormat};

/// What a row is; the column `kind` holds the number.
pub const TOUCH_BY_VISITOR: u8 = 0;
pub const TOUCH_BY_CUSTOMER: u8 = 1;
pub const PURCHASE: u8 = 2;
pub const IDENTIFY: u8 = 3;

pub const TOPICS: u8 = 40;
pub const CHANNELS: u8 = 6;

const DAY: i64 = 86_400_000;
/// 2025-01-01T00:00:00Z in milliseconds.
const START: i64 = 1_735_689_600_000;
const YEAR: i64 = 365 * DAY;
/// The window that the first question asks for; some purchases lie on its edge.
const EDGE: i64 = 30 * DAY;
/// Counts up when the same size gives another log, so that no old files are read.
const VERSION: u32 = 1;

/// The file with the log as lines of JSON.
pub const LINES: &str = "lines.jsonl";

/// Texts as one run of bytes and the ends of each, as Arrow keeps them.
#[derive(Default)]
pub struct Texts {
    pub bytes: String,
    /// One more than there are texts.
    pub offsets: Vec<u32>,
}

impl Texts {
    fn with_capacity(texts: usize, bytes: usize) -> Self {
        let mut offsets = Vec::with_capacity(texts + 1);
        offsets.push(0);
        Self { bytes: String::with_capacity(bytes), offsets }
    }

    fn push(&mut self, text: &[u8]) {
        self.bytes.push_str(std::str::from_utf8(text).expect("hexadecimal digits"));
        self.offsets.push(u32::try_from(self.bytes.len()).expect("less than 4 GiB of text"));
    }

    pub fn get(&self, row: usize) -> &str {
        let range = self.offsets[row] as usize..self.offsets[row + 1] as usize;
        &self.bytes[range]
    }
}

/// Rows in the order of their arrival.
#[derive(Default)]
pub struct Log {
    /// Event ids: 17 bytes.
    pub id: Texts,
    /// Milliseconds since 1970.
    pub at: Vec<i64>,
    pub kind: Vec<u8>,
    /// The visitor of a touch or an identify row, the customer of a touch or a purchase: 16 to 21 bytes.
    pub who: Texts,
    /// The customer of an identify row, else empty.
    pub customer: Texts,
    pub topic: Vec<u8>,
    pub channel: Vec<u8>,
    /// Revenue of a purchase, else 0.
    pub cents: Vec<i64>,
}

pub fn topic_name(topic: u8) -> String {
    format!("topic-{topic:02}")
}

pub fn channel_name(channel: u8) -> String {
    format!("channel-{channel}")
}

/// SplitMix64 (Steele et al. 2014): a few lines, and the same numbers everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `bound`.
    fn below(&mut self, bound: i64) -> i64 {
        (self.next() % bound.unsigned_abs()) as i64
    }

    /// At least 0, less than 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn mix(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[derive(Clone, Copy)]
struct Row {
    /// When it reaches the log.
    arrival: i64,
    at: i64,
    cents: i64,
    /// Stands for the event id; copies share it.
    number: u32,
    person: u32,
    device: u16,
    kind: u8,
    topic: u8,
    channel: u8,
}

/// Shares of people and of visitors without a name were set so that 10 million rows hold about 9.6 million touches,
/// 290 thousand distinct purchases and 15.6 million pairs of a purchase and a touch in its window.
struct Maker {
    random: Random,
    rows: Vec<Row>,
}

impl Maker {
    fn row(&mut self, kind: u8, at: i64, person: u32, device: u16) -> &mut Row {
        let late = if self.random.below(33) == 0 { self.random.below(2 * DAY) } else { 0 };
        let number = self.rows.len() as u32;
        // The product of two uniform numbers: the first of the labels are met often, the last seldom.
        let topic = (self.random.unit() * self.random.unit() * f64::from(TOPICS)) as u8;
        let channel = (self.random.unit() * self.random.unit() * f64::from(CHANNELS)) as u8;
        self.rows.push(Row {
            arrival: at + late,
            at,
            cents: 0,
            number,
            person,
            device,
            kind,
            topic,
            channel,
        });
        self.rows.last_mut().expect("just pushed")
    }

    /// Instants of one person's touches: sessions of about four, no two at the same instant, so that no peer has
    /// to pay for a rule about ties.
    fn instants(&mut self, touches: usize) -> Vec<i64> {
        let mut instants = Vec::with_capacity(touches);
        let mut at = 0;
        for _ in 0..touches {
            let fresh = instants.is_empty() || self.random.below(4) == 0;
            at = if fresh { START + self.random.below(YEAR) } else { at + 1 + self.random.below(600_000) };
            instants.push(at);
        }
        instants.sort_unstable();
        for place in 1..instants.len() {
            instants[place] = instants[place].max(instants[place - 1] + 1);
        }
        instants
    }

    fn person(&mut self, person: u32, touches: usize) {
        let devices = 1 + (touches / 150) as i64;
        let mut buys = false;
        for at in self.instants(touches) {
            let device = self.random.below(devices) as u16;
            let kind = if self.random.below(20) < 9 { TOUCH_BY_VISITOR } else { TOUCH_BY_CUSTOMER };
            self.row(kind, at, person, device);
            if self.random.below(1000) < 32 {
                buys = true;
                self.purchase(person, at);
            }
        }
        for device in 0..devices as u16 {
            let named = if buys { 60 } else { 2 };
            if self.random.below(100) < named {
                let at = START + self.random.below(YEAR);
                self.row(IDENTIFY, at, person, device);
            }
        }
    }

    /// Within two days of a touch; now and then at the touch's very instant or a whole window after it.
    fn purchase(&mut self, person: u32, touch: i64) {
        let after = match self.random.below(64) {
            0 => 0,
            1 => EDGE,
            _ => 60_000 + self.random.below(2 * DAY),
        };
        // About 50,000.00 to 5 million: clinch alone rounds to the cent, which such amounts make too small to see.
        let cents = 5_000_000 + (self.random.unit() * self.random.unit() * 495_000_000.0) as i64;
        self.row(PURCHASE, touch + after, person, 0).cents = cents;
    }
}

impl Log {
    /// The log of so many rows, always the same.
    pub fn generate(rows: usize) -> Self {
        let people = rows * 823 / 10_000;
        let copies = rows / 40;
        let mut maker = Maker { random: Random(20_260_302), rows: Vec::with_capacity(rows + rows / 8) };
        for person in 0..people {
            // Quantiles of a Pareto distribution of shape 1.1: many people with two touches, a few with thousands.
            let rank = (people - person) as f64 - 0.5;
            let touches = (LEAST * (people as f64 / rank).powf(1.0 / 1.1)).min(MOST);
            let touches = touches.floor() as usize + usize::from(maker.random.unit() < touches.fract());
            maker.person(person as u32, touches);
        }
        assert!(maker.rows.len() <= rows - copies, "people leave room for visitors without a name");
        for person in people.. {
            if maker.rows.len() == rows - copies {
                break;
            }
            let at = START + maker.random.below(YEAR);
            maker.row(TOUCH_BY_VISITOR, at, person as u32, 0);
        }
        for _ in 0..copies {
            let place = maker.random.below((rows - copies) as i64) as usize;
            let mut copy = maker.rows[place];
            copy.arrival += maker.random.below(3 * DAY);
            maker.rows.push(copy);
        }
        maker.rows.sort_by_key(|row| row.arrival);
        Self::of(&maker.rows)
    }

    fn of(rows: &[Row]) -> Self {
        let texts = |bytes| Texts::with_capacity(rows.len(), rows.len() * bytes);
        let mut log = Self { id: texts(17), who: texts(19), customer: texts(1), ..Self::default() };
        for row in rows {
            let by_visitor = matches!(row.kind, TOUCH_BY_VISITOR | IDENTIFY);
            log.id.push(format!("e{:016x}", mix(u64::from(row.number))).as_bytes());
            let (visitor, customer) = (visitor(row.person, row.device), customer(row.person));
            log.who.push(if by_visitor { visitor.as_bytes() } else { customer.as_bytes() });
            log.customer.push(if row.kind == IDENTIFY { customer.as_bytes() } else { b"" });
            log.at.push(row.at);
            log.kind.push(row.kind);
            log.topic.push(row.topic);
            log.channel.push(row.channel);
            log.cents.push(row.cents);
        }
        log
    }

    pub fn len(&self) -> usize {
        self.at.len()
    }

    /// What the files of a log of so many rows are called.
    pub fn folder_name(rows: usize) -> String {
        format!("log-v{VERSION}-{rows}")
    }

    /// One file per column, little-endian, nothing to parse. The last file stands for all of them.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let put = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes);
        let words =
            |numbers: &[i64]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>();
        for (name, texts) in [("id", &self.id), ("who", &self.who), ("customer", &self.customer)] {
            put(&format!("{name}.bytes"), texts.bytes.as_bytes())?;
            let offsets: Vec<u8> = texts.offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect();
            put(&format!("{name}.u32"), &offsets)?;
        }
        put("kind.u8", &self.kind)?;
        put("topic.u8", &self.topic)?;
        put("channel.u8", &self.channel)?;
        put("cents.i64", &words(&self.cents))?;
        put("at.i64", &words(&self.at))
    }

    /// The same as one JSON object a line, if that file is not there yet.
    pub fn write_lines(&self, folder: &Path) -> io::Result<()> {
        let (path, part) = (folder.join(LINES), folder.join("lines.part"));
        if path.exists() {
            return Ok(());
        }
        let mut out = io::BufWriter::new(fs::File::create(&part)?);
        for row in 0..self.len() {
            let at = DateTime::from_timestamp_millis(self.at[row]).expect("an instant in range");
            let (id, who) = (self.id.get(row), self.who.get(row));
            let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
            let (topic, channel) = (topic_name(self.topic[row]), channel_name(self.channel[row]));
            write!(out, r#"{{"id":"{id}","at":"{at}","kind":"#)?;
            match self.kind[row] {
                PURCHASE => {
                    let (whole, cents) = (self.cents[row] / 100, self.cents[row] % 100);
                    write!(
                        out,
                        r#""order","customer":"{who}","order":"{id}","total":"{whole}.{cents:02}","#
                    )?;
                    writeln!(out, r#""currency":"EUR"}}"#)?;
                }
                IDENTIFY => {
                    let customer = self.customer.get(row);
                    writeln!(out, r#""identify","visitor":"{who}","customer":"{customer}"}}"#)?;
                }
                kind => {
                    let name = if kind == TOUCH_BY_VISITOR { "visitor" } else { "customer" };
                    write!(out, r#""query","{name}":"{who}","topic":"{topic}","channel":"{channel}"}}"#)?;
                    writeln!(out)?;
                }
            }
        }
        out.flush()?;
        fs::rename(part, path)
    }

    pub fn read(folder: &Path) -> io::Result<Self> {
        let get = |name: &str| fs::read(folder.join(name));
        let words = |name: &str| -> io::Result<Vec<i64>> {
            let bytes = get(name)?;
            Ok(bytes.as_chunks::<8>().0.iter().map(|word| i64::from_le_bytes(*word)).collect())
        };
        let texts = |name: &str| -> io::Result<Texts> {
            let offsets = get(&format!("{name}.u32"))?;
            let offsets = offsets.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
            let bytes = String::from_utf8(get(&format!("{name}.bytes"))?).expect("hexadecimal digits");
            Ok(Texts { bytes, offsets })
        };
        Ok(Self {
            id: texts("id")?,
            at: words("at.i64")?,
            kind: get("kind.u8")?,
            who: texts("who")?,
            customer: texts("customer")?,
            topic: get("topic.u8")?,
            channel: get("channel.u8")?,
            cents: words("cents.i64")?,
        })
    }
}

/// Touches of the least and the most active person.
const LEAST: f64 = 1.62;
const MOST: f64 = 5_300.0;

/// 16 to 21 bytes.
fn visitor(person: u32, device: u16) -> String {
    let number = mix(0x5eed_0000_0000_0000 ^ u64::from(device) << 32 ^ u64::from(person));
    let more = (number % 6) as usize;
    format!("{number:016x}{:.more$}", "a0b1c")
}

/// 16 to 21 bytes, never those of a visitor.
fn customer(person: u32) -> String {
    let number = mix(0xc057_0000_0000_0000 ^ u64::from(person));
    let more = (number % 6) as usize;
    format!("k{:015x}{:.more$}", number >> 4, "d2e3f")
}
