//! What reading the event log costs: `cargo bench --bench json`.
//!
//! Lines of 206 bytes with 13 fields, the same in every run: `log_of(10_000)` stays in the cache of most machines,
//! `log_of(1_000_000)` in none. `parser` is serde_json alone, which borrows the same fields into a struct and judges
//! none of them; the ratio to it is what is ours. Numbers are for one thread.

use std::fmt::Write;
use std::hint::black_box;

use clinch::event::jsonl;
use clinch::{Event, EventRef};
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};

const SIZES: [usize; 2] = [10_000, 1_000_000];

fn main() {
    divan::main();
}

/// Nine turns and a visit in ten lines, `x` and `lang` being fields that are not known.
fn log_of(lines: usize) -> String {
    let mut log = String::new();
    for n in 0_usize..lines {
        let (kind, day, second) = (if n % 10 == 9 { "visit" } else { "query" }, 1 + n % 28, n % 60);
        let start = log.len();
        let _ =
            write!(log, r#"{{"id":"e{n:06}","at":"2026-03-{day:02}T10:00:{second:02}Z","kind":"{kind}","#);
        let _ = write!(log, r#""visitor":"v{:06}","cart":"c{:06}","topic":"t{:02}","#, n / 6, n / 3, n % 40);
        let _ =
            write!(log, r#""intent":"ask","query":"{:04}","channel":"web","flow":"{}","#, n % 10_000, n % 9);
        let _ = write!(log, r#""turn":"e{:06}","lang":"de","x":""#, n / 2);
        let fill = (206 - "\"}\n".len()).saturating_sub(log.len() - start);
        log.extend(std::iter::repeat_n('x', fill));
        log.push_str("\"}\n");
    }
    log
}

/// What the parser alone makes of a line; `&str`, since serde copies the text of a `Cow` inside an `Option`.
#[derive(serde::Deserialize)]
#[allow(dead_code)]
struct Parsed<'a> {
    id: &'a str,
    at: &'a str,
    kind: &'a str,
    visitor: Option<&'a str>,
    cart: Option<&'a str>,
    topic: Option<&'a str>,
    intent: Option<&'a str>,
    query: Option<&'a str>,
    channel: Option<&'a str>,
    flow: Option<&'a str>,
    turn: Option<&'a str>,
    lang: Option<&'a str>,
    x: Option<&'a str>,
}

fn counted<'a, 'b>(bencher: Bencher<'a, 'b>, log: &str, lines: usize) -> Bencher<'a, 'b> {
    bencher.counter(ItemsCount::new(lines)).counter(BytesCount::new(log.len()))
}

#[divan::bench(args = SIZES, max_time = 3)]
fn parser(bencher: Bencher, lines: usize) {
    let log = log_of(lines);
    counted(bencher, &log, lines).bench_local(|| {
        for line in log.lines() {
            black_box(serde_json::from_str::<Parsed<'_>>(line).expect("a line that parses"));
        }
    });
}

#[divan::bench(args = SIZES, max_time = 3)]
fn borrowed_events(bencher: Bencher, lines: usize) {
    let log = log_of(lines);
    counted(bencher, &log, lines).bench_local(|| {
        for event in jsonl::lines(log.as_bytes()) {
            black_box::<EventRef<'_>>(event.expect("a line that reads"));
        }
    });
}

#[divan::bench(args = SIZES, max_time = 3)]
fn borrowed_events_of_a_source(bencher: Bencher, lines: usize) {
    let log = log_of(lines);
    counted(bencher, &log, lines).bench_local(|| {
        let mut reader = jsonl::read(log.as_bytes());
        while let Some(event) = reader.next_borrowed() {
            black_box::<EventRef<'_>>(event.expect("a line that reads"));
        }
    });
}

#[divan::bench(args = SIZES, max_time = 3)]
fn events(bencher: Bencher, lines: usize) {
    let log = log_of(lines);
    counted(bencher, &log, lines).bench_local(|| {
        for event in jsonl::read(log.as_bytes()) {
            black_box::<Event>(event.expect("a line that reads"));
        }
    });
}
