//! A host as one would write it: a log that is written before anything is acknowledged, snapshots beside it, and a
//! recovery that takes the newest snapshot that restores and what the log has behind it. Real files.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use clinch::{Event, Key, Limits, Recorded, Retention, Span, Tracker};
use serde::{Deserialize, Serialize};

use crate::reference::{Hour, KEPT};
use crate::shop::{Draws, identifier, instant};

/// One line of the log. `Merge` takes in what another server heard, which knows nothing of what was taken away here.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    Event(Event),
    Erase { name: u8, until: Hour, with_orders: bool },
    EraseTurns { name: u8, until: Hour },
    Expire { now: Hour },
    Rotate { key: u8 },
    Merge { heard: Vec<Event> },
}

pub struct Host {
    pub tracker: Tracker,
    folder: PathBuf,
    /// Bytes of whole lines.
    logged: u64,
    key: u8,
    pub crashes: u64,
}

fn limits() -> Limits {
    let (mut limits, mut retention) = (Limits::default(), Retention::default());
    retention.touchpoints = Some(Span::hours(KEPT as u32));
    limits.retention = retention;
    limits
}

fn key(number: u8) -> Key {
    Key::new([number; 16])
}

/// Does it to a tracker that has this key, and says what became of an event.
pub fn apply(tracker: &mut Tracker, number: u8, deed: &Deed) -> Option<Recorded> {
    match deed {
        Deed::Event(event) => return Some(tracker.record(event.clone()).expect("room for it")),
        Deed::Erase { name, until, with_orders: false } => {
            drop(tracker.erase(identifier(*name), instant(*until)).expect("an erasure"));
        }
        Deed::Erase { name, until, with_orders: true } => {
            drop(tracker.erase_with_orders(identifier(*name), instant(*until)).expect("an erasure"));
        }
        Deed::EraseTurns { name, until } => {
            drop(tracker.erase_touchpoints(identifier(*name), instant(*until)).expect("an erasure"));
        }
        Deed::Expire { now } => drop(tracker.expire(instant(*now)).expect("an expiry")),
        Deed::Rotate { key: number } => tracker.rotate(key(*number)).expect("a rotation"),
        Deed::Merge { heard } => {
            let mut shard = Tracker::with_limits(key(number), limits());
            shard.extend(heard.iter().cloned()).expect("room for them");
            tracker.merge(&shard).expect("one key");
        }
    }
    None
}

impl Host {
    pub fn new(folder: &Path) -> Self {
        fs::create_dir_all(folder).expect("a folder");
        fs::write(folder.join("log"), b"").expect("a log");
        let tracker = Tracker::with_limits(key(1), limits());
        Self { tracker, folder: folder.to_owned(), logged: 0, key: 1, crashes: 0 }
    }

    /// Writes a deed down and does it; if it crashes while it is written, the deed has not happened and comes again.
    pub fn act(&mut self, deed: &Deed, draws: &mut Draws) -> Option<Recorded> {
        while !self.write(deed, draws) {}
        let recorded = apply(&mut self.tracker, self.key, deed);
        if let Deed::Rotate { key } = deed {
            self.key = *key;
        }
        recorded
    }

    fn write(&mut self, deed: &Deed, draws: &mut Draws) -> bool {
        let line = serde_json::to_string(deed).expect("JSON") + "\n";
        let mut log = OpenOptions::new().append(true).open(self.folder.join("log")).expect("the log");
        if draws.below(25) == 0 {
            let torn = draws.below(line.len() as u64) as usize;
            log.write_all(&line.as_bytes()[..torn]).expect("room on the disk");
            self.crash(draws);
            return false;
        }
        log.write_all(line.as_bytes()).expect("room on the disk");
        self.logged += line.len() as u64;
        true
    }

    /// Writes a snapshot whose name says what it holds; now and then it is torn, or a bit of it flips.
    pub fn save(&mut self, draws: &mut Draws) {
        let mut bytes = Vec::new();
        self.tracker.snapshot(&mut bytes).expect("a snapshot");
        match draws.below(5) {
            0 => bytes.truncate(draws.below(bytes.len() as u64) as usize),
            1 => {
                let bit = draws.below(bytes.len() as u64 * 8) as usize;
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            _ => {}
        }
        let name = format!("snapshot-{:010}-{}", self.logged, self.key);
        fs::write(self.folder.join(name), bytes).expect("room on the disk");
    }

    /// Loses everything in memory and starts again from the files.
    pub fn crash(&mut self, draws: &mut Draws) {
        self.crashes += 1;
        if draws.below(6) == 0 {
            // A block of the newest snapshot was lost with the power.
            if let Some(path) = self.snapshots().pop() {
                let bytes = fs::read(&path).expect("a snapshot");
                fs::write(&path, &bytes[..bytes.len() - bytes.len().min(64)]).expect("room on the disk");
            }
        }
        let log = fs::read(self.folder.join("log")).expect("the log");
        let whole = log.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        fs::write(self.folder.join("log"), &log[..whole]).expect("room on the disk");
        let (mut tracker, mut from, mut number) = (Tracker::with_limits(key(1), limits()), 0, 1);
        for path in self.snapshots().into_iter().rev() {
            let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
            let mut parts = name.split('-').skip(1);
            let mut part = || parts.next().and_then(|part| part.parse::<u64>().ok()).expect("a number");
            let (end, held) = (part(), part() as u8);
            match Tracker::restore(key(held), limits(), &fs::read(&path).expect("a snapshot")[..]) {
                Ok(restored) => {
                    (tracker, from, number) = (restored, end as usize, held);
                    break;
                }
                Err(_) => fs::remove_file(&path).expect("a file"),
            }
        }
        for line in log[from..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let deed: Deed = serde_json::from_slice(line).expect("a whole line");
            let _recorded = apply(&mut tracker, number, &deed);
            if let Deed::Rotate { key } = deed {
                number = key;
            }
        }
        (self.tracker, self.logged, self.key) = (tracker, whole as u64, number);
    }

    fn snapshots(&self) -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> = fs::read_dir(&self.folder)
            .expect("the folder")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.file_name().is_some_and(|name| name != "log"))
            .collect();
        paths.sort();
        paths
    }

    /// What this server would be with its own past merged in, if an old snapshot comes back.
    pub fn with_its_past(&self) -> Option<Tracker> {
        let mine = format!("-{}", self.key);
        let is_mine = |path: &&PathBuf| path.to_str().is_some_and(|path| path.ends_with(&mine));
        let snapshots = self.snapshots();
        let restored = snapshots.iter().filter(is_mine).find_map(|path| {
            Tracker::restore(key(self.key), limits(), &fs::read(path).expect("a snapshot")[..]).ok()
        });
        restored.map(|past| {
            let mut both = self.tracker.clone();
            both.merge(&past).expect("one key");
            both
        })
    }

    pub fn key(&self) -> u8 {
        self.key
    }

    /// A tracker from the bytes of a snapshot, as after a restart.
    pub fn restored(&self, bytes: &[u8]) -> Tracker {
        Tracker::restore(key(self.key), limits(), bytes).expect("a whole snapshot")
    }

    pub fn next_key(&self) -> u8 {
        self.key + 1
    }
}
