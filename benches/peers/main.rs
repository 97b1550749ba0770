//! The same question put to clinch and to its strongest peers, on the same log, in the same run:
//! `cargo bench --bench peers`, or with options after `--`: see README.md in this folder.
//!
//! Nothing is timed before all peers have given the same answer. Each peer, clinch among them, is a process of its own
//! that loads the log once and answers on each line of its standard input; one driver asks them in turn.

mod ask;
mod driver;
mod log;
mod ours;
mod process;
mod worker;

use std::path::PathBuf;

/// What the command line asks for.
pub struct Options {
    /// Sizes of the log, small to large.
    pub rows: Vec<usize>,
    /// Rounds that count; each asks every peer once. Default: by size.
    pub rounds: Option<usize>,
    /// Numbers of threads, one after the other.
    pub threads: Vec<usize>,
    /// Only these peers, also where they would be left out for their size.
    pub peers: Vec<String>,
    /// Of `cold`, `warm`, `raw`, `live`, `lines`.
    pub phases: Vec<String>,
    /// Rows that are recorded one at a time.
    pub live: usize,
    /// Where logs, the Python environment and its packages go.
    pub folder: PathBuf,
}

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "--worker") {
        return worker::run(&arguments[1..]);
    }
    // `cargo test --all-targets` runs benches too, without this flag: the log and the arithmetic are checked then.
    let Some(place) = arguments.iter().position(|argument| argument == "--bench") else {
        return driver::check_alone();
    };
    arguments.remove(place);
    match options(&arguments) {
        Ok(options) => driver::run(&options),
        Err(message) => {
            eprintln!("{message}");
            std::process::exit(2);
        }
    }
}

fn options(arguments: &[String]) -> Result<Options, String> {
    let mut options = Options {
        rows: vec![10_000, 1_000_000],
        rounds: None,
        threads: vec![1, 2],
        peers: Vec::new(),
        phases: ["cold", "warm", "raw", "live", "lines"].map(String::from).into(),
        live: 20_000,
        folder: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("peers"),
    };
    let mut arguments = arguments.iter();
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name}: no value"))?;
        let texts = || value.split(',').map(String::from).collect();
        let number =
            |text: &str| text.replace('_', "").parse().map_err(|_| format!("{name}: not a number: {text}"));
        let numbers = || value.split(',').map(number).collect::<Result<Vec<usize>, String>>();
        match name.as_str() {
            "--rows" => options.rows = numbers()?,
            "--rounds" => options.rounds = Some(number(value)?.max(1)),
            "--threads" => options.threads = numbers()?,
            "--peers" => options.peers = texts(),
            "--phases" => options.phases = texts(),
            "--live" => options.live = number(value)?,
            _ => return Err(format!("{name}: no such option; see benches/peers/README.md")),
        }
    }
    Ok(options)
}
