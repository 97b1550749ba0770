//! Asks all peers in turn, compares their answers, and prints the tables.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Options;
use crate::ask::{Ask, FIRST, MODELS, NEXT, Table, difference};
use crate::log::{self, Log};
use crate::ours;

/// All cells of all answers lie this close, as a share of the model's total.
const TOLERANCE: f64 = 1e-6;

/// No further round once a phase has taken so long.
const PATIENCE: Duration = Duration::from_secs(180);

const PYTHON: &str = include_str!("peers.py");
const REQUIREMENTS: &str = include_str!("requirements.txt");

/// A peer and the largest log that it is asked about unless it is named: beyond, a round takes minutes.
const PEERS: [(&str, usize); 8] = [
    ("clinch", usize::MAX),
    ("polars+numpy", usize::MAX),
    ("numpy+pyarrow", usize::MAX),
    ("duckdb", usize::MAX),
    ("polars", usize::MAX),
    ("pandas", 1_000_000),
    ("sqlite", 1_000_000),
    ("loop", 10_000),
];

/// How many rows one at a time a peer is given at most: those that take milliseconds get fewer.
const LIVE: [(&str, usize); 3] = [("clinch", usize::MAX), ("sqlite", usize::MAX), ("duckdb", 300)];

/// Who reads lines of JSON by itself.
const LINES: [&str; 2] = ["clinch", "duckdb"];

/// Without Python and without timing: the log reads back, and clinch answers it.
pub fn check_alone() {
    let folder =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("peers-check-{}", std::process::id()));
    let log = Log::generate(2_000);
    log.write(&folder).expect("room on the disk");
    let read = Log::read(&folder).expect("just written");
    log.write_lines(&folder).expect("room on the disk");
    let lines = std::fs::read(folder.join(log::LINES)).expect("just written");
    std::fs::remove_dir_all(&folder).expect("just written");
    assert!(read.at == log.at && read.id.bytes == log.id.bytes && read.who.offsets == log.who.offsets);
    let mut tracker = ours::tracker();
    ours::feed(&mut tracker, &read, &ours::Names::new(), 0..read.len());
    let report = tracker.report(&ours::question(&FIRST)).expect("an answer");
    let mut by_line = ours::tracker();
    ours::feed_lines(&mut by_line, lines.as_slice());
    let same = by_line.report(&ours::question(&FIRST)).expect("an answer") == report;
    assert!(same, "the lines say what the columns say");
    let table = ours::table(&report, &FIRST);
    for model in 1..MODELS {
        let sum = |model: usize| table.iter().map(|row| row[model]).sum::<f64>();
        assert!(sum(0) > 0.0 && sum(0) == sum(model), "every model gives away the same revenue");
    }
    println!(
        "the log reads back and all models share the same revenue; `cargo bench --bench peers` compares"
    );
}

pub fn run(options: &Options) {
    std::fs::create_dir_all(&options.folder).expect("a folder under target");
    let python = environment(&options.folder);
    println!("# Peers\n");
    for &rows in &options.rows {
        let folder = options.folder.join(Log::folder_name(rows));
        if !folder.join("at.i64").exists() {
            Log::generate(rows).write(&folder).expect("room on the disk");
        }
        describe(&folder, rows);
        if options.phases.iter().any(|phase| phase == "lines") {
            Log::read(&folder).and_then(|log| log.write_lines(&folder)).expect("room on the disk");
        }
        for &threads in &options.threads {
            let mut group = Group::start(options, python.as_deref(), &folder, rows, threads);
            group.run(options);
        }
    }
}

/// What the log holds, so that a reader knows the size of the job.
fn describe(folder: &Path, rows: usize) {
    let log = Log::read(folder).expect("the log's files");
    let count = |kinds: &[u8]| log.kind.iter().filter(|kind| kinds.contains(kind)).count();
    let [touches, purchases, claims] = [&[0, 1][..], &[2], &[3]].map(count);
    println!("## {rows} rows: {touches} touches, {purchases} purchases, {claims} identify rows\n");
}

/// The Python of an environment under `target` with the peers' packages in it.
fn environment(folder: &Path) -> Option<PathBuf> {
    let home = folder.join("venv");
    let python = home.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let run =
        |command: &mut Command| command.stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    if !python.exists() && !run(Command::new("python3").args(["-m", "venv"]).arg(&home)) {
        println!("skipped: all peers but clinch (no python3 with venv)\n");
        return None;
    }
    let marker = home.join("installed.txt");
    if std::fs::read_to_string(&marker).is_ok_and(|text| text == REQUIREMENTS) {
        return Some(python);
    }
    // One at a time: a package that cannot be had leaves out its peers only. These say so themselves.
    let install = |package: &str| run(Command::new(&python).args(["-m", "pip", "install", "-q", package]));
    let packages = REQUIREMENTS.lines().filter(|line| !line.starts_with('#'));
    let missing: Vec<&str> = packages.filter(|package| !install(package)).collect();
    if missing.is_empty() {
        std::fs::write(&marker, REQUIREMENTS).expect("a folder under target");
    } else {
        println!("not installed: {}\n", missing.join(", "));
    }
    Some(python)
}

/// One peer's process.
struct Peer {
    name: &'static str,
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts it and waits until it has loaded the log; or the reason why it cannot take part.
    fn start(name: &'static str, command: &mut Command) -> Result<(Self, Value), String> {
        let process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut process = process.map_err(|error| error.to_string())?;
        let input = process.stdin.take().expect("piped");
        let output = BufReader::new(process.stdout.take().expect("piped"));
        let mut peer = Self { name, process, input, output };
        let hello = peer.answer()?;
        Ok((peer, hello))
    }

    fn ask(&mut self, line: &str) -> Result<Value, String> {
        writeln!(self.input, "{line}").map_err(|error| error.to_string())?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Value, String> {
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(|error| error.to_string())?;
        let value: Value =
            serde_json::from_str(&line).map_err(|_| "it ended without an answer".to_owned())?;
        match value["missing"].as_str() {
            Some(reason) => Err(reason.to_owned()),
            None => Ok(value),
        }
    }
}

/// Ends the process that it started, by the end of its input.
impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = writeln!(self.input, "end");
        let _status = self.process.wait();
    }
}

/// What each peer took in one phase.
type Phase = BTreeMap<&'static str, Times>;

/// What one peer took, round by round, and its answer.
#[derive(Default)]
struct Times {
    table: Table,
    wall: Vec<f64>,
    cpu: Vec<f64>,
    megabytes: f64,
}

/// All peers over one log, with so many threads.
struct Group {
    rows: usize,
    threads: usize,
    peers: Vec<Peer>,
}

impl Group {
    fn start(options: &Options, python: Option<&Path>, folder: &Path, rows: usize, threads: usize) -> Self {
        let mut peers = Vec::new();
        let mut versions = BTreeMap::new();
        for (name, most) in PEERS {
            let named = options.peers.iter().any(|peer| peer == name);
            let wanted = if options.peers.is_empty() { rows <= most } else { named };
            if !wanted {
                continue;
            }
            let started = match (name, python) {
                ("clinch", _) => {
                    let exe = std::env::current_exe().expect("the path of this program");
                    Peer::start(name, Command::new(exe).arg("--worker").arg(folder).arg(threads.to_string()))
                }
                (_, None) => continue,
                (_, Some(python)) => {
                    let script = options.folder.join("peers.py");
                    std::fs::write(&script, PYTHON).expect("a folder under target");
                    Peer::start(
                        name,
                        Command::new(python).arg(script).arg(name).arg(folder).arg(threads.to_string()),
                    )
                }
            };
            match started {
                Ok((peer, hello)) => {
                    for (package, version) in hello["versions"].as_object().into_iter().flatten() {
                        versions.insert(package.clone(), version.as_str().unwrap_or_default().to_owned());
                    }
                    peers.push(peer);
                }
                Err(reason) => println!("skipped: {name} ({reason})\n"),
            }
        }
        let versions: Vec<String> =
            versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
        println!("Threads {threads}; {}.\n", versions.join(", "));
        Self { rows, threads, peers }
    }

    fn run(&mut self, options: &Options) {
        let rounds = options.rounds.unwrap_or(match self.rows {
            ..500_000 => 15,
            500_000..5_000_000 => 7,
            _ => 3,
        });
        let asked = |phase: &str| options.phases.iter().any(|asked| asked == phase);
        // Cold comes first whatever is asked: what it leaves with clinch is what warm questions are put to.
        let (times, first) = self.phase("cold", "cold", &FIRST, if asked("cold") { rounds } else { 0 });
        if asked("cold") {
            self.print("The first question, from the raw log", &times);
        }
        if asked("warm") || asked("raw") {
            if asked("warm") {
                let (times, _) = self.phase("warm", "warm", &NEXT, rounds * 2);
                self.print(
                    "The next question, another dimension and model, over tables cleaned by hand",
                    &times,
                );
            }
            if asked("raw") {
                let (raw, _) = self.phase("cold", "warm", &NEXT, rounds);
                self.print("The next question, from the raw log again (clinch: from what it holds)", &raw);
            }
        }
        if asked("live") {
            self.live(options.live, &first);
        }
        if asked("lines") {
            self.peers.retain(|peer| LINES.contains(&peer.name));
            let (times, table) = self.phase("lines", "lines", &FIRST, rounds);
            assert!(difference(&first, &table) <= TOLERANCE, "the lines say what the columns say");
            self.print("The first question, from a file of JSON lines", &times);
        }
    }

    /// Asks everybody in turn, round by round, after one round that only compares the answers.
    ///
    /// # Panics
    /// Where two answers differ by more than the tolerance.
    fn phase(&mut self, of_peers: &str, of_clinch: &str, ask: &Ask, rounds: usize) -> (Phase, Table) {
        let start = Instant::now();
        let mut times = Phase::new();
        let mut reference: Option<(&'static str, Table)> = None;
        for round in 0..=rounds {
            if round > 1 && start.elapsed() > PATIENCE {
                break;
            }
            let count = self.peers.len();
            let mut failed = Vec::new();
            for step in 0..count {
                // In another order each time, so that none always follows the same.
                let peer = &mut self.peers[(step + round) % count];
                let phase = if peer.name == "clinch" { of_clinch } else { of_peers };
                let answer = match peer.ask(&format!("{phase} {}", ask.words())) {
                    Ok(answer) => answer,
                    Err(reason) => {
                        failed.push((peer.name, reason));
                        continue;
                    }
                };
                let table: Table =
                    serde_json::from_value(answer["table"].clone()).expect("a table of numbers");
                let (first, expected) = reference.get_or_insert_with(|| (peer.name, table.clone()));
                let gap = difference(expected, &table);
                assert!(gap <= TOLERANCE, "{} and {first} differ by {gap:e} of a model's total", peer.name);
                let entry = times.entry(peer.name).or_default();
                if round == 0 {
                    entry.table = table;
                } else {
                    entry.wall.push(answer["wall"].as_f64().expect("seconds"));
                    entry.cpu.extend(answer["cpu"].as_f64());
                    entry.megabytes = entry.megabytes.max(answer["megabytes"].as_f64().unwrap_or(0.0));
                }
            }
            for (name, reason) in failed {
                println!("left out from here: {name} ({reason})\n");
                self.peers.retain(|peer| peer.name != name);
                times.remove(name);
            }
            if round == 0 {
                tell_agreement(&times);
            }
        }
        (times, reference.expect("somebody answers").1)
    }

    /// One row per peer, the fastest first.
    fn print(&self, title: &str, times: &Phase) {
        let rounds = times.values().map(|times| times.wall.len()).max().unwrap_or(0);
        println!("### {title}: {} rows, {} threads, {rounds} rounds\n", self.rows, self.threads);
        println!("| peer | wall s | min-max | CPU s | peak MB | x clinch, wall | x clinch, CPU |");
        println!("|---|---|---|---|---|---|---|");
        let Some(ours) = times.get("clinch").or(times.values().next()) else { return };
        let mut order: Vec<(&&str, &Times)> = times.iter().collect();
        order.sort_by(|a, b| median(&a.1.wall).total_cmp(&median(&b.1.wall)));
        for (name, times) in order {
            let (least, most) = (times.wall.iter().copied().fold(f64::MAX, f64::min), max(&times.wall));
            println!(
                "| {name} | {:.4} | {least:.4}-{most:.4} | {:.4} | {:.0} | {:.2} | {:.2} |",
                median(&times.wall),
                median(&times.cpu),
                times.megabytes,
                ratio(&times.wall, &ours.wall),
                ratio(&times.cpu, &ours.cpu),
            );
        }
        println!();
    }

    /// Rows one at a time. Where the answer is kept up to date, it has to be that of the whole log in the end.
    fn live(&mut self, count: usize, expected: &Table) {
        println!("### One row at a time: the last of {} rows\n", self.rows);
        println!("| peer | rows | us a row, mean | p50 | p99 |");
        println!("|---|---|---|---|---|");
        for peer in &mut self.peers {
            let Some((_, most)) = LIVE.iter().find(|(name, _)| *name == peer.name) else { continue };
            let count = count.min(*most).min(self.rows / 10);
            match peer.ask(&format!("live {count}")) {
                Ok(answer) => {
                    let table: Table =
                        serde_json::from_value(answer["table"].clone()).expect("a table of numbers");
                    let gap = difference(expected, &table);
                    assert!(gap <= TOLERANCE, "{} is wrong after live rows: by {gap:e}", peer.name);
                    let mut micros: Vec<f64> =
                        serde_json::from_value(answer["micros"].clone()).expect("a list of numbers");
                    micros.sort_by(f64::total_cmp);
                    let mean = micros.iter().sum::<f64>() / micros.len() as f64;
                    let at = |share: usize| micros[(micros.len() * share / 100).min(micros.len() - 1)];
                    println!("| {} | {count} | {mean:.2} | {:.2} | {:.2} |", peer.name, at(50), at(99));
                }
                Err(reason) => println!("| {} | {reason} | | | |", peer.name),
            }
        }
        println!();
    }
}

/// How far apart the answers are: those of all peers among each other, and clinch, which rounds, from them.
fn tell_agreement(times: &Phase) {
    let others: Vec<&Table> =
        times.iter().filter(|(name, _)| **name != "clinch").map(|(_, times)| &times.table).collect();
    let pairs = others.iter().flat_map(|one| others.iter().map(|other| difference(one, other)));
    let among = pairs.fold(0.0, f64::max);
    print!("All {} answers agree: among peers to {among:.0e} of a model's total", times.len());
    if let Some(ours) = times.get("clinch") {
        let gap = others.iter().map(|other| difference(&ours.table, other)).fold(0.0, f64::max);
        print!(", clinch (to the cent) with them to {gap:.0e}");
    }
    println!(".\n");
}

fn max(numbers: &[f64]) -> f64 {
    numbers.iter().copied().fold(0.0, f64::max)
}

fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => sorted[count / 2],
        count => (sorted[count / 2 - 1] + sorted[count / 2]) / 2.0,
    }
}

/// The median of ratios within one round, which a busy machine disturbs less than a ratio of medians.
fn ratio(theirs: &[f64], ours: &[f64]) -> f64 {
    median(&theirs.iter().zip(ours).map(|(theirs, ours)| theirs / ours).collect::<Vec<_>>())
}
