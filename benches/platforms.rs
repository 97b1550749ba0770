//! A webhook from raw bytes to an event, beside a bare parse of the same bytes in the same run.
//!
//! `cargo bench --bench platforms`. The body is a Shopify order of 16 KB. The last lines are the ratios: of medians on
//! the clock, of time on the processor (Linux), and of instructions (where valgrind is installed; its processor has no
//! instructions for SHA-256, so that the signature weighs several times there what it does in earnest).

use std::hint::black_box;
use std::time::{Duration, Instant};

use base64::Engine as _;
use clinch::platform::Delivery;
use clinch::platform::shopify::Shopify;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;

/// Samples of each side, taken in turn.
const SAMPLES: usize = 2_001;

/// Calls of each side for the time on the processor.
const ROUNDS: usize = 2_000;

/// Calls of each side whose instructions are counted.
const COUNTED: &str = "20";

/// The documented order with its lines repeated to 16 KB.
fn order() -> Vec<u8> {
    let text = include_str!("../tests/data/platforms/shopify/order.json");
    let mut order: Value = serde_json::from_str(text).expect("a payload");
    let order = &mut order["order"];
    let line = order["line_items"][0].clone();
    while serde_json::to_vec(order).expect("a value").len() < 16 << 10 {
        order["line_items"].as_array_mut().expect("lines").push(line.clone());
    }
    serde_json::to_vec(order).expect("a value")
}

/// The order with its signature, and who receives it.
struct Case {
    body: Vec<u8>,
    signature: String,
    shop: Shopify,
}

impl Case {
    fn new() -> Self {
        let body = order();
        let mac = Hmac::<sha2::Sha256>::new_from_slice(b"hush").expect("a key").chain_update(&body);
        let signature = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
        Self { body, signature, shop: Shopify::new(b"hush").expect("a secret") }
    }

    fn receive(&self) {
        let headers = [("x-shopify-topic", "orders/updated"), ("x-shopify-hmac-sha256", &*self.signature)];
        let delivery = Delivery { headers: &headers, body: &self.body };
        let now = chrono::DateTime::UNIX_EPOCH;
        drop(black_box(self.shop.receive(black_box(&delivery), now).expect("genuine")));
    }

    fn read(&self) {
        let now = chrono::DateTime::UNIX_EPOCH;
        drop(black_box(self.shop.read("orders/updated", black_box(&self.body), now).expect("an order")));
    }

    fn bare(&self) {
        drop(black_box(serde_json::from_slice::<Value>(black_box(&self.body)).expect("JSON")));
    }

    fn hmac(&self) {
        let mac = Hmac::<sha2::Sha256>::new_from_slice(b"hush").expect("a key");
        black_box(mac.chain_update(black_box(&self.body)).finalize());
    }
}

/// One side so many times, for a counter of instructions.
fn counted(side: &str, rounds: usize) {
    let case = Case::new();
    let work = match side {
        "receive" => Case::receive,
        "read" => Case::read,
        _ => Case::bare,
    };
    (0..rounds).for_each(|_| work(&case));
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Nanoseconds that this process has spent on a processor.
fn on_processor() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok()
}

/// Time on the processor of `ROUNDS` calls.
fn cost(mut work: impl FnMut()) -> Option<u64> {
    let before = on_processor()?;
    (0..ROUNDS).for_each(|_| work());
    Some(on_processor()? - before)
}

/// Instructions of `COUNTED` calls of one side beyond those of none, as callgrind counts them.
fn instructions(side: &str) -> Option<u64> {
    let count = |rounds: &str| {
        let mut command = std::process::Command::new("valgrind");
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
        command.arg(std::env::current_exe().ok()?).args(["count", side, rounds]);
        let told = String::from_utf8(command.output().ok()?.stderr).ok()?;
        let line = told.lines().find(|line| line.contains("Collected :"))?;
        line.rsplit(' ').next()?.parse::<u64>().ok()
    };
    Some(count(COUNTED)? - count("0")?)
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, count, side, rounds] = &arguments[..]
        && count == "count"
    {
        return counted(side, rounds.parse().expect("a number"));
    }
    let case = Case::new();
    let mut times: [Vec<Duration>; 4] = Default::default();
    for _ in 0..SAMPLES {
        times[0].push(timed(|| case.receive()));
        times[1].push(timed(|| case.read()));
        times[2].push(timed(|| case.bare()));
        times[3].push(timed(|| case.hmac()));
    }
    let [whole, read, bare, hmac] = times.map(median);
    for (name, time) in [("verify + read", whole), ("read", read), ("serde_json Value", bare), ("HMAC", hmac)]
    {
        let per_second = case.body.len() as f64 / time.as_secs_f64() / 1e6;
        println!("{name:<17} {:>7.1} us  {per_second:>6.0} MB/s", time.as_secs_f64() * 1e6);
    }
    let ratio = |time: Duration| time.as_secs_f64() / bare.as_secs_f64();
    println!(
        "{} bytes; of serde_json's time: verify + read {:.2}x, read {:.2}x",
        case.body.len(),
        ratio(whole),
        ratio(read)
    );
    let share = |part: Option<u64>, of: Option<u64>| match (part, of) {
        (Some(part), Some(of)) if of > 0 => format!("{:.2}x", part as f64 / of as f64),
        _ => "not measured".to_owned(),
    };
    let [whole, read, bare] = [Case::receive, Case::read, Case::bare].map(|work| cost(|| work(&case)));
    println!("on the processor: verify + read {}, read {}", share(whole, bare), share(read, bare));
    let [whole, read, bare] = ["receive", "read", "bare"].map(instructions);
    println!("in instructions: verify + read {}, read {}", share(whole, bare), share(read, bare));
}
