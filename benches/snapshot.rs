//! What snapshots cost: `cargo bench --bench snapshot [-- <facts> <shape>..]`.
//!
//! For each shape of facts, two million unless said otherwise: bytes a fact, writing and restoring in megabytes of
//! snapshot a second, what recording the same events by `extend` takes, and how many times faster restoring is. Times
//! are processor time where the system tells it (Linux), so that other work on the machine does not count.

#[path = "../tests/shapes/mod.rs"]
#[allow(dead_code)]
mod shapes;

use std::time::Instant;

use clinch::{Key, Limits, Tracker};
use shapes::SHAPES;

/// What is run unless shapes are named.
const USUAL: [&str; 5] = ["ordinary", "many_people", "one_person", "many_orders", "new_labels"];

fn key() -> Key {
    Key::new(*b"sixteen secrets!")
}

/// Seconds that this process has computed.
fn processor_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    Some(text.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}

fn timed<T>(what: impl FnOnce() -> T) -> (T, f64) {
    let (wall, before) = (Instant::now(), processor_seconds());
    let done = what();
    let wall = wall.elapsed().as_secs_f64();
    (done, before.zip(processor_seconds()).map_or(wall, |(before, after)| after - before))
}

/// Set for child processes: what is to be done.
const CHILD: &str = "CLINCH_SNAPSHOT_BENCH";

/// Records a shape's events and writes a snapshot to a file; prints facts, and seconds of recording and of writing.
fn fill(name: &str, count: usize, path: &str) {
    let shape = SHAPES.iter().find(|shape| shape.name == name).expect("a shape");
    let events = (shape.events)(count);
    let mut tracker = Tracker::new(key());
    let (recorded, extend) = timed(|| tracker.extend(events));
    recorded.expect("room for them");
    let mut bytes = Vec::new();
    tracker.snapshot(&mut bytes).expect("room for it");
    std::fs::write(path, &bytes).expect("a file");
    bytes.clear();
    let (written, write) = timed(|| tracker.snapshot(&mut bytes));
    written.expect("room for it");
    println!("{} {extend} {write}", tracker.len());
}

/// Restores from a file; prints facts and seconds.
fn restore(path: &str) {
    let bytes = std::fs::read(path).expect("a file");
    let (back, seconds) = timed(|| Tracker::restore(key(), Limits::default(), &bytes[..]));
    let back = back.expect("a snapshot");
    println!("{} {seconds}", back.len());
}

/// What a process of its own prints, so that no measure depends on what others left of the heap.
fn apart(what: String) -> Vec<f64> {
    let exe = std::env::current_exe().expect("this program");
    let output = std::process::Command::new(exe).env(CHILD, &what).output().expect("it runs");
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().map(|number| number.parse().expect("a number")).collect()
}

fn main() {
    if let Ok(what) = std::env::var(CHILD) {
        match *what.split(' ').collect::<Vec<_>>() {
            ["fill", name, count, path] => fill(name, count.parse().expect("a count"), path),
            ["restore", path] => restore(path),
            _ => panic!("{what}"),
        }
        return;
    }
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let count = words.first().and_then(|word| word.parse().ok());
    let names = &words[usize::from(count.is_some())..];
    let count: usize = count.unwrap_or(2_000_000);
    println!(
        "{:20} {:>9} {:>10} {:>10} {:>12} {:>10} {:>9} {:>10} {:>6}",
        "shape",
        "facts",
        "bytes each",
        "write MB/s",
        "restore MB/s",
        "extend ns",
        "write ns",
        "restore ns",
        "times"
    );
    let asked = |name: &str| {
        if names.is_empty() { USUAL.contains(&name) } else { names.iter().any(|asked| asked == name) }
    };
    let path = std::env::temp_dir().join(format!("clinch-bench-{}.snapshot", std::process::id()));
    let path = path.to_str().expect("a path in UTF-8");
    for shape in SHAPES.iter().filter(|shape| asked(shape.name)) {
        let [facts, extend, write] = apart(format!("fill {} {count} {path}", shape.name))[..] else {
            continue;
        };
        let [back, restore] = apart(format!("restore {path}"))[..] else { continue };
        assert!(back == facts, "all of it is back");
        let bytes = std::fs::metadata(path).expect("a file").len() as f64;
        let speed = |seconds: f64| bytes / 1e6 / seconds;
        let each = |seconds: f64| seconds * 1e9 / facts;
        println!(
            "{:20} {facts:>9} {:>10.1} {:>10.0} {:>12.0} {:>10.0} {:>9.0} {:>10.0} {:>6.1}",
            shape.name,
            bytes / facts,
            speed(write),
            speed(restore),
            each(extend),
            each(write),
            each(restore),
            extend / restore,
        );
    }
    let _gone = std::fs::remove_file(path);
}
