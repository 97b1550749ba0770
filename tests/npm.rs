//! The platforms' own client libraries and ours sign and check the same bodies, both directions.
//!
//! Skipped with a line where node is missing or the packages of `tests/npm/package.json` cannot be had.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use clinch::platform::bigcommerce::BigCommerce;
use clinch::platform::shopify::Shopify;
use clinch::platform::{Delivery, Refused};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};

/// Bodies of each scheme; every second one is damaged after it was signed.
const BODIES: usize = 1_000;

/// The packages beside the script, fetched once into the build's own folder; none where they cannot be had.
fn packages() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("npm");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/npm");
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    for name in ["package.json", "check.mjs"] {
        std::fs::copy(source.join(name), folder.join(name)).map_err(|error| error.to_string())?;
    }
    let runs = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&folder).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if !runs("node", &["--version"]) {
        return Err("node is missing".into());
    }
    let is_there = folder.join("node_modules/standardwebhooks").exists()
        && folder.join("node_modules/@shopify/shopify-api").exists();
    let quietly = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1"];
    if !is_there && !runs("npm", &quietly) {
        return Err("the npm packages cannot be had".into());
    }
    Ok(folder)
}

/// A body of JSON with text of all kinds in it, another one for each number.
fn body(number: usize) -> Vec<u8> {
    let odd = ["é", "😀", "\u{2028}", "\\u0000", "\"", "\n", " ", "</script>", "ß", "0"];
    let text: String = (0..number % 97).map(|place| odd[(number * 7 + place * 3) % odd.len()]).collect();
    serde_json::to_vec(&json!({"scope": "x", "number": number, "text": text})).unwrap()
}

fn sign(parts: &[&[u8]]) -> String {
    let mac = Hmac::<sha2::Sha256>::new_from_slice(b"hush").unwrap();
    STANDARD.encode(parts.iter().fold(mac, |mac, part| mac.chain_update(part)).finalize().into_bytes())
}

/// Whether we take this signature for one over the body.
fn ours(scheme: &str, body: &[u8], signature: &str, time: u64, now: DateTime<Utc>) -> bool {
    let outcome = match scheme {
        "shopify" => {
            let headers = [("x-shopify-topic", "some/topic"), ("x-shopify-hmac-sha256", signature)];
            Shopify::new(b"hush").unwrap().receive(&Delivery { headers: &headers, body }, now)
        }
        _ => {
            let time = time.to_string();
            let headers =
                [("webhook-id", "m"), ("webhook-timestamp", &*time), ("webhook-signature", signature)];
            BigCommerce::new(b"hush").unwrap().receive(&Delivery { headers: &headers, body }, now)
        }
    };
    match outcome {
        Err(Refused::Signature) => false,
        Ok(_) | Err(Refused::Json { .. } | Refused::Field(_)) => true,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn official_libraries_agree_in_both_directions() {
    let folder = match packages() {
        Ok(folder) => folder,
        Err(reason) => {
            // To the terminal itself: the harness keeps what a passing test prints.
            let _shown =
                writeln!(std::io::stderr(), "skipped: {reason}; signatures were not compared with npm's");
            return;
        }
    };
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let now = DateTime::<Utc>::from(SystemTime::now());
    let mut asked: Vec<(&str, Vec<u8>, String, bool)> = Vec::new();
    for scheme in ["shopify", "standard"] {
        for number in 0..BODIES {
            let mut body = body(number);
            let signature = match scheme {
                "shopify" => sign(&[&body]),
                _ => format!("v1,{}", sign(&[b"m.", time.to_string().as_bytes(), b".", &body])),
            };
            let is_whole = number % 2 == 0;
            if !is_whole {
                // A digit of the number, so that the body stays text.
                let place = body.iter().position(u8::is_ascii_digit).unwrap();
                body[place] ^= 1;
            }
            asked.push((scheme, body, signature, is_whole));
        }
    }
    let lines: String = asked
        .iter()
        .map(|(scheme, body, signature, _)| {
            let line = json!({"scheme": scheme, "body": STANDARD.encode(body), "signature": signature, "time": time});
            format!("{line}\n")
        })
        .collect();
    let mut node = Command::new("node")
        .arg("check.mjs")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = node.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = node.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let answers: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), asked.len());
    for ((scheme, body, signature, is_whole), answer) in asked.iter().zip(answers) {
        let text = String::from_utf8_lossy(body);
        // What we signed, theirs and ours judge alike.
        assert_eq!(answer["ok"], *is_whole, "{scheme}: theirs on {text}");
        assert_eq!(ours(scheme, body, signature, time, now), *is_whole, "{scheme}: ours on {text}");
        // What they signed, we take.
        assert!(ours(scheme, body, answer["signature"].as_str().unwrap(), time, now), "{scheme}: {text}");
    }
}
