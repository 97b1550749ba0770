//! Webhooks of store platforms: whole events, signatures, hostile bodies, a day in any order.

mod acp;
mod adobe;
mod analytics;
mod bigcommerce;
mod chat;
mod day;
mod forms;
mod hostile;
mod redact;
mod shopify;
mod shopify_variants;
mod signatures;
mod telemetry;
mod ucp;
mod woocommerce;

use chrono::{DateTime, Utc};
use clinch::Event;
use clinch::platform::{Answer, Refused};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// A payload under `tests/data/platforms/`.
fn payload(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/platforms/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json(name: &str) -> Value {
    serde_json::from_slice(&payload(name)).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// An instant that no payload has: it must not show in any event.
fn now() -> DateTime<Utc> {
    at("2031-01-01T00:00:00Z")
}

/// The events of an answer, as the event log would hold them.
#[track_caller]
fn log(answer: Result<Answer, Refused>) -> Value {
    serde_json::to_value(events(answer)).unwrap()
}

#[track_caller]
fn events(answer: Result<Answer, Refused>) -> Vec<Event> {
    match answer {
        Ok(Answer::Events(events)) => events,
        other => panic!("no events: {other:?}"),
    }
}

/// The path of the field that was refused.
#[track_caller]
fn refused_field(answer: Result<Answer, Refused>) -> String {
    match answer {
        Err(Refused::Field(error)) => error.field,
        other => panic!("no field was refused: {other:?}"),
    }
}

/// HMAC-SHA256(secret, the parts in a row).
fn mac(secret: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    parts.iter().fold(mac, |mac, part| mac.chain_update(part)).finalize().into_bytes().to_vec()
}

/// base64(HMAC-SHA256(secret, the parts in a row)).
fn sign(secret: &[u8], parts: &[&[u8]]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(mac(secret, parts))
}
