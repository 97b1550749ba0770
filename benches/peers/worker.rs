//! clinch's own process: answers the same lines as the peers' processes do.

use std::fs::File;
use std::io::{BufRead, BufReader, stdin};
use std::path::PathBuf;
use std::time::Instant;

use clinch::Tracker;
use serde_json::{Value, json};

use crate::ask::{Ask, FIRST};
use crate::log::{LINES, Log};
use crate::ours::{self, Names};
use crate::process::{cpu_seconds, peak_megabytes, reset_peak};

struct Worker {
    folder: PathBuf,
    log: Log,
    names: Names,
    threads: usize,
    /// What the last cold answer left: new questions are put to it.
    held: Tracker,
}

/// `FOLDER THREADS`, as in `--worker FOLDER THREADS`.
pub fn run(arguments: &[String]) {
    let [folder, threads] = arguments else { panic!("usage: --worker FOLDER THREADS") };
    let folder = PathBuf::from(folder);
    let log = Log::read(&folder).expect("the log's files");
    let threads = threads.parse().expect("a number of threads");
    let mut worker = Worker { folder, log, names: Names::new(), threads, held: ours::tracker() };
    reset_peak();
    println!(
        "{}",
        json!({ "versions": { "clinch": env!("CARGO_PKG_VERSION") }, "megabytes": peak_megabytes() })
    );
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    for line in stdin().lock().lines() {
        let line = line.expect("a line");
        let words: Vec<&str> = line.split(' ').collect();
        let answer = match words[..] {
            [phase, by, window, half_life] => {
                let ask = Ask::read(by, window, half_life);
                pool.install(|| worker.answer(phase, &ask))
            }
            ["end"] => return,
            ["live", count] => worker.live(count.parse().expect("a number of rows")),
            _ => panic!("not understood: {line}"),
        };
        println!("{answer}");
    }
}

impl Worker {
    fn answer(&mut self, phase: &str, ask: &Ask) -> Value {
        let question = ours::question(ask);
        if phase != "warm" {
            self.held = ours::tracker();
        }
        let (start, cpu) = (Instant::now(), cpu_seconds(self.threads));
        match phase {
            "warm" => {}
            "lines" => {
                let lines = File::open(self.folder.join(LINES)).expect("the log's lines");
                ours::feed_lines(&mut self.held, BufReader::with_capacity(1 << 18, lines));
            }
            _ => ours::feed(&mut self.held, &self.log, &self.names, 0..self.log.len()),
        }
        let report = self.held.report(&question).expect("an answer");
        let wall = start.elapsed().as_secs_f64();
        let cpu = cpu_seconds(self.threads).zip(cpu).map(|(after, before)| after - before);
        let table = ours::table(&report, ask);
        json!({ "wall": wall, "cpu": cpu, "table": table, "megabytes": peak_megabytes() })
    }

    /// The last `count` rows one at a time, on top of all before them.
    fn live(&mut self, count: usize) -> Value {
        let rows = self.log.len();
        let before = rows.saturating_sub(count);
        self.held = ours::tracker();
        ours::feed(&mut self.held, &self.log, &self.names, 0..before);
        let question = ours::question(&FIRST);
        let (took, report) = ours::live(&mut self.held, &self.log, &self.names, before..rows, &question);
        let micros: Vec<f64> = took.iter().map(|took| took.as_secs_f64() * 1e6).collect();
        json!({ "micros": micros, "table": ours::table(&report, &FIRST) })
    }
}
