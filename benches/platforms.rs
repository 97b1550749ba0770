//! A webhook from raw bytes to an event, beside a bare parse of the same bytes in the same run.
//!
//! `cargo bench --bench platforms`. The body is a Shopify order of 16 KB; the last lines check the ratio.

use std::hint::black_box;
use std::time::{Duration, Instant};

use base64::Engine as _;
use clinch::platform::Delivery;
use clinch::platform::shopify::Shopify;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;

/// Samples of each side, taken in turn.
const SAMPLES: usize = 2_001;

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

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn main() {
    let body = order();
    let mac = Hmac::<sha2::Sha256>::new_from_slice(b"hush").expect("a key").chain_update(&body);
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.clone().finalize().into_bytes());
    let shop = Shopify::new(b"hush").expect("a secret");
    let headers = [("x-shopify-topic", "orders/updated"), ("x-shopify-hmac-sha256", &*signature)];
    let delivery = Delivery { headers: &headers, body: &body };
    let now = "2026-03-01T10:00:00Z".parse().expect("an instant");
    let mut times: [Vec<Duration>; 4] = Default::default();
    for _ in 0..SAMPLES {
        times[0].push(timed(|| drop(black_box(shop.receive(black_box(&delivery), now).expect("genuine")))));
        times[1].push(timed(|| {
            drop(black_box(shop.read("orders/updated", black_box(&body), now).expect("an order")));
        }));
        times[2].push(timed(|| {
            drop(black_box(serde_json::from_slice::<Value>(black_box(&body)).expect("JSON")));
        }));
        times[3].push(timed(|| {
            let mac = Hmac::<sha2::Sha256>::new_from_slice(b"hush").expect("a key");
            black_box(mac.chain_update(black_box(&body)).finalize());
        }));
    }
    let [whole, read, bare, hmac] = times.map(median);
    for (name, time) in [("verify + read", whole), ("read", read), ("serde_json Value", bare), ("HMAC", hmac)]
    {
        let per_second = body.len() as f64 / time.as_secs_f64() / 1e6;
        println!("{name:<17} {:>7.1} us  {per_second:>6.0} MB/s", time.as_secs_f64() * 1e6);
    }
    let ratio = |time: Duration| time.as_secs_f64() / bare.as_secs_f64();
    println!(
        "{} bytes; of serde_json's time: verify + read {:.2}x, read {:.2}x",
        body.len(),
        ratio(whole),
        ratio(read)
    );
}
