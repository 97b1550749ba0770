//! Fitted models beside ChannelAttribution and do-attribution: same machine, same run, from the file to the answer.
//!
//! ```sh
//! cargo bench --bench paths                                    # 1 million journeys; 10, 50 and 200 labels
//! cargo bench --bench paths -- 100000 10:1 10:2 50:3           # journeys, then labels:order
//! ```
//!
//! One row a journey, ungrouped. clinch is the example `paths` as a process of its own, with all that it does; of the
//! packages reading and fitting are timed and their start is not. Both by CPU seconds on one thread. ChannelAttribution
//! simulates at its default accuracy, where its removal effects are off by percents; clinch and do-attribution are
//! exact. do-attribution is asked at order 1 with the fewest labels alone, since it takes a minute. Without Python, or
//! without a package, a line says what is skipped.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The first needs matplotlib to be imported, and does not say so.
const PACKAGES: [&str; 4] = ["ChannelAttribution==2.2.5", "do-attribution==0.0.2", "pandas", "matplotlib"];

/// Labels and order.
const CASES: [(usize, usize); 7] = [(10, 1), (10, 2), (10, 3), (50, 1), (50, 2), (50, 3), (200, 1)];

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    // `cargo test --benches` runs this without `--bench`: the example then answers a small table, and nobody is asked.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("paths");
    std::fs::create_dir_all(&folder).expect("a folder under target");
    let journeys = arguments.first().map_or(1_000_000, |count| count.parse().expect("a number of journeys"));
    let cases: Vec<(usize, usize)> = match arguments.get(1..) {
        Some(cases) if !cases.is_empty() => cases.iter().map(|case| parse(case)).collect(),
        _ => CASES.to_vec(),
    };
    let example = example();
    if !is_bench {
        let (file, size) = (folder.join("small.csv"), 1_000);
        std::fs::write(&file, table(5, size)).expect("room on the disk");
        assert!(ours(&example, &file, "markov:2").0 >= 0.0);
        return println!("the example answers; `cargo bench --bench paths` compares");
    }
    let python = environment(&folder);
    println!("{journeys} journeys, CPU seconds (wall) from the file to the answer\n");
    println!("labels  model      clinch           package             seconds          x clinch");
    let mut exact_asked = false;
    let mut written = 0;
    for (labels, order) in cases {
        let file = folder.join(format!("{labels}.csv"));
        if written != labels {
            std::fs::write(&file, table(labels, journeys)).expect("room on the disk");
            written = labels;
            let own = ours(&example, &file, "shapley");
            let reading = ours(&example, &file, "participation");
            println!("{labels:>6}  shapley    {} of which reading about {:.3}", seconds(own), reading.0);
        }
        let own = ours(&example, &file, &format!("markov:{order}"));
        for package in ["ChannelAttribution", "do-attribution"] {
            if package == "do-attribution" && std::mem::replace(&mut exact_asked, true) {
                continue;
            }
            let theirs = python.as_deref().and_then(|python| peer(python, package, &file, order));
            let line = theirs.map_or("skipped".to_owned(), |theirs| {
                format!("{}  {:>8.1}", seconds(theirs), theirs.0 / own.0.max(0.01))
            });
            println!("{labels:>6}  markov:{order}   {}  {package:<18}  {line}", seconds(own));
        }
    }
}

fn parse(case: &str) -> (usize, usize) {
    let (labels, order) = case.split_once(':').expect("labels:order");
    (labels.parse().expect("a number of labels"), order.parse().expect("an order"))
}

fn seconds((cpu, wall): (f64, f64)) -> String {
    format!("{cpu:>7.3} ({wall:>6.2})")
}

/// The example beside this program, built if it is not there.
fn example() -> PathBuf {
    let here = std::env::current_exe().expect("a path of this program");
    let path = here.ancestors().nth(2).expect("a folder of the profile").join("examples").join("paths");
    let release = path.ancestors().any(|folder| folder.ends_with("release"));
    let profile = if release { "release" } else { "test" };
    let built = Command::new(env!("CARGO"))
        .args(["build", "-q", "--profile", profile, "--example", "paths"])
        .status();
    assert!(built.expect("cargo").success());
    path
}

/// CPU and wall seconds of the example, told by Linux in steps of 10 ms; elsewhere both are the wall's.
fn ours(example: &Path, file: &Path, model: &str) -> (f64, f64) {
    let (start, before) = (Instant::now(), cpu_of_children());
    let status =
        Command::new(example).args(["--json", "--model", model]).arg(file).stdout(Stdio::null()).status();
    assert!(status.expect("the example").success());
    let wall = start.elapsed().as_secs_f64();
    (before.zip(cpu_of_children()).map_or(wall, |(before, after)| after - before), wall)
}

fn cpu_of_children() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // After the name in brackets, which may hold spaces: user and system time of children that have ended.
    let fields: Vec<&str> = text.rsplit_once(") ")?.1.split(' ').collect();
    Some((fields.get(13)?.parse::<f64>().ok()? + fields.get(14)?.parse::<f64>().ok()?) / 100.0)
}

fn peer(python: &Path, package: &str, file: &Path, order: usize) -> Option<(f64, f64)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/paths.py");
    let output =
        Command::new(python).arg(script).arg(package).arg(file).arg(order.to_string()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (cpu, wall) = text.trim().split_once(' ')?;
    Some((cpu.parse().ok()?, wall.parse().ok()?))
}

/// The Python of an environment under `target` with the packages in it.
fn environment(folder: &Path) -> Option<PathBuf> {
    let (home, quiet) = (folder.join("venv"), Stdio::null);
    let python = home.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let run = |command: &mut Command| command.stdout(quiet()).status().is_ok_and(|status| status.success());
    if !python.exists() && !run(Command::new("python3").args(["-m", "venv"]).arg(&home)) {
        println!("skipped: all packages (no python3 with venv)\n");
        return None;
    }
    for package in PACKAGES {
        if !run(Command::new(&python).args(["-m", "pip", "install", "-q", package])) {
            println!("not installed: {package}\n");
        }
    }
    Some(python)
}

/// Journeys of 3.5 touches in the mean, 20 at most: what follows hangs on the last label, and so does how it ends.
fn table(labels: usize, journeys: usize) -> String {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64 ^ labels as u64;
    let mut draw = move || {
        // xorshift64* (Vigna 2014).
        random ^= random >> 12;
        random ^= random << 25;
        random ^= random >> 27;
        (random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    };
    // Popular labels first; each label has a few that it leads to more often.
    let mut popular = move |last: usize| {
        let place = (draw() * draw() * labels as f64) as usize;
        if draw() < 0.5 { (last * 7 + place / 4 + 1) % labels } else { place }
    };
    let mut coin = {
        let mut state = 0x1234_5678_u64 + labels as u64;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        }
    };
    let mut text = "path,conversions,value,nulls\n".to_owned();
    for _ in 0..journeys {
        let mut last = popular(0);
        let _ = write!(text, "channel_{last}");
        for _ in 1..20 {
            if coin() < 0.2 + 0.15 * (last % 7) as f64 / 6.0 {
                break;
            }
            last = popular(last);
            let _ = write!(text, " > channel_{last}");
        }
        let converts = coin() < 0.02 + 0.2 * (last % 11) as f64 / 10.0;
        let value = if converts { 500 + (coin() * 20_000.0) as u32 } else { 0 };
        let _ = writeln!(
            text,
            ",{},{}.{:02},{}",
            u8::from(converts),
            value / 100,
            value % 100,
            u8::from(!converts)
        );
    }
    text
}
