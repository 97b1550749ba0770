//! How a host keeps a tracker over restarts: snapshots in files, and the log for what came since.
//!
//! `cargo run --example snapshots`
//!
//! The crate turns a tracker into bytes and back; files are the host's. A file that is being written may be torn by a
//! crash, so a snapshot is written beside the one that is there, brought to the disk, and only then given its name. The
//! one before is kept as well: should the newest not load, the older one and more of the log give the same tracker.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clinch::event::jsonl;
use clinch::{Event, Key, Limits, Tracker, Who};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn key() -> Key {
    Key::new(*b"from your vault!")
}

fn newest(folder: &Path) -> PathBuf {
    folder.join("clinch.snapshot")
}

fn before(folder: &Path) -> PathBuf {
    folder.join("clinch.snapshot.before")
}

/// Writes a snapshot such that after a crash at any point at least one whole snapshot is there.
fn save(tracker: &Tracker, folder: &Path) -> Outcome<()> {
    let beside = folder.join("clinch.snapshot.new");
    let mut file = BufWriter::new(File::create(&beside)?);
    tracker.snapshot(&mut file)?;
    // Its bytes are on the disk before it gets its name.
    file.into_inner()?.sync_all()?;
    if newest(folder).exists() {
        fs::rename(newest(folder), before(folder))?;
    }
    fs::rename(&beside, newest(folder))?;
    // The names are on the disk, too; where folders cannot be opened, renaming is as safe as the system makes it.
    if let Ok(folder) = File::open(folder) {
        folder.sync_all()?;
    }
    Ok(())
}

/// The tracker of the newest snapshot that is whole, or an empty one where there never was any.
fn load(folder: &Path) -> Outcome<Tracker> {
    let mut failure = None;
    for path in [newest(folder), before(folder)] {
        match File::open(&path) {
            Ok(file) => match Tracker::restore(key(), Limits::default(), BufReader::new(file)) {
                Ok(tracker) => return Ok(tracker),
                Err(error) => {
                    eprintln!("{}: {error}", path.display());
                    failure = Some(error);
                }
            },
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    // With snapshots that do not load, starting with nothing would look as if all were well.
    failure.map_or_else(|| Ok(Tracker::new(key())), |error| Err(error.into()))
}

/// Delivers the log again. What the snapshot has already is repeated and changes nothing, so where exactly to begin
/// does not matter, as long as it is not too late: keep the log from the *older* snapshot on.
fn catch_up(tracker: &mut Tracker, log: &Path) -> Outcome<()> {
    for event in jsonl::read(BufReader::new(File::open(log)?)) {
        let _recorded = tracker.record(event?)?;
    }
    Ok(())
}

fn main() -> Outcome<()> {
    let folder = std::env::temp_dir().join(format!("clinch-snapshots-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let path = folder.join("events.jsonl");
    let mut log = File::create(&path)?;
    let at: DateTime<Utc> = "2026-03-01T10:00:00Z".parse()?;

    let mut tracker = load(&folder)?;
    for number in 0..300 {
        let turn = Event::query(format!("e{number}"), at, Who::visitor(format!("v{}", number % 40)));
        let event = Event::from(turn.topic(["availability", "delivery", "size"][number % 3]));
        // First the log, then the tracker.
        writeln!(log, "{}", jsonl::write_line(&event))?;
        let _recorded = tracker.record(event)?;
        if number % 100 == 99 && number < 250 {
            save(&tracker, &folder)?;
        }
    }
    println!(
        "{} facts in memory, the newest snapshot is {} bytes",
        tracker.len(),
        fs::metadata(newest(&folder))?.len()
    );

    // The server dies, and the disk has torn the newest snapshot.
    let whole = fs::read(newest(&folder))?;
    fs::write(newest(&folder), &whole[..whole.len() / 2])?;
    let mut back = load(&folder)?;
    println!("{} facts in the snapshot before", back.len());
    catch_up(&mut back, &path)?;
    println!("{} facts after the log; the same as before the crash: {}", back.len(), back == tracker);
    assert!(back == tracker);
    fs::remove_dir_all(&folder)?;
    Ok(())
}
