//! The link vectors: one JSON file, every operation that its `meta` names.
//!
//! `CLINCH_LINK_VECTORS=path cargo test --test links` runs another file of the same form.

use clinch::link::channel::{Channel, Classifier};
use clinch::link::{
    Code, FragmentMode, LeftAlone, Outcome, Policy, Reader, Tagger, Utm, code, lint, same_site, unwrap,
};
use serde_json::{Value, json};

/// Vectors that are known to fail, by id. One that passes all the same fails the test.
const KNOWN_FAILURES: [&str; 0] = [];

/// The vectors of the file that the environment names, else of the two in `tests/data`.
fn vectors() -> Vec<Value> {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");
    match std::env::var("CLINCH_LINK_VECTORS") {
        Ok(path) => vectors_of(&path),
        Err(_) => ["links.json", "links_own.json"]
            .iter()
            .flat_map(|file| vectors_of(&format!("{data}/{file}")))
            .collect(),
    }
}

fn vectors_of(path: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let file: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"));
    file["vectors"].as_array().expect("an array `vectors`").clone()
}

#[test]
fn every_vector_passes() {
    let vectors = vectors();
    assert!(!vectors.is_empty(), "no vector was run");
    let mut wrong = Vec::new();
    for vector in &vectors {
        let id = text(&vector["id"]);
        let known = KNOWN_FAILURES.contains(&id);
        match (run(vector), known) {
            (Ok(()), false) | (Err(_), true) => {}
            (Ok(()), true) => wrong.push(format!("{id}: listed as a known failure, but passes")),
            (Err(found), false) => wrong.push(format!("{id}: expected {}, found {found}", vector["expect"])),
        }
    }
    println!("{} vectors, {} wrong", vectors.len(), wrong.len());
    assert!(wrong.is_empty(), "{} of {} vectors:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Runs one vector; `Err` holds what came out instead.
fn run(vector: &Value) -> Result<(), String> {
    let expect = &vector["expect"];
    let input = &vector["input"];
    match text(&vector["op"]) {
        "tag" => tag(vector),
        "read_utm" => read_utm(vector),
        "classify" => classify(vector),
        "unwrap" => {
            let found = unwrap(text(input));
            let is_same = expect["url"].is_null() && found.is_none();
            check(is_same || expect["url"] == *found.as_deref().unwrap_or(text(input)), found)
        }
        "param_survives" => is(expect, lint::param_survives(text(input))),
        "same_site" => is(expect, same_site(text(&input[0]), text(&input[1]))),
        "alphabet_ok" => is(expect, code::is_alphabet(text(input))),
        "url_safe_raw" => is(expect, code::is_url_safe(text(input))),
        "telegram_start_ok" => is(expect, code::is_telegram_start(text(input))),
        // The canonical form of this crate is the lower-case twin of the vectors' form.
        "normalise" => is(expect, code::fold(text(input)).map(|folded| folded.to_ascii_uppercase())),
        other => Err(format!("an operation that this test does not know: {other}")),
    }
}

fn check(passed: bool, found: impl std::fmt::Debug) -> Result<(), String> {
    if passed { Ok(()) } else { Err(format!("{found:?}")) }
}

fn is(expect: &Value, found: impl serde::Serialize) -> Result<(), String> {
    let found = json!(found);
    if found == *expect { Ok(()) } else { Err(found.to_string()) }
}

fn tag(vector: &Value) -> Result<(), String> {
    let mut tagger = Tagger::new();
    for param in list(&vector["params"]) {
        let name = text(&param[0]);
        let utm = Utm::ALL.into_iter().find(|utm| utm.name() == name);
        tagger.set(utm.unwrap_or_else(|| panic!("not a utm name: {name}")), text(&param[1]));
    }
    tagger.policy(match vector["policy"].as_str() {
        None | Some("keep") => Policy::Keep,
        Some("fill") => Policy::Fill,
        Some("replace") => Policy::Replace,
        Some(other) => panic!("policy {other}"),
    });
    let options = &vector["options"];
    for scheme in list(&options["schemes"]) {
        tagger.allow_scheme(text(scheme));
    }
    match options["fragment"].as_str() {
        None | Some("before") => {}
        Some("hash") => {
            tagger.fragment(FragmentMode::InRoute);
        }
        Some(other) => panic!("fragment {other}"),
    }
    if let Some(bytes) = options["max_len"].as_u64() {
        tagger.max_len(bytes as usize);
    }
    let code = list(&vector["code"]);
    let code = (!code.is_empty()).then(|| {
        tagger.code_param(text(&code[0])).expect("a parameter name");
        Code::new(text(&code[1])).expect("a code")
    });
    let input = text(&vector["input"]);
    let outcome = tagger.tag(input, code.as_ref());
    let expect = &vector["expect"];
    let passed = match &outcome {
        Outcome::Tagged { link, .. } => expect["status"] == "ok" && expect["url"] == **link,
        Outcome::Unchanged(link) => {
            expect["status"] == "unchanged" && (expect["url"].is_null() || expect["url"] == **link)
        }
        Outcome::LeftAlone { link, reason } => {
            assert_eq!(*link, input, "a link left alone is as it was");
            expect["status"] == "skip" && is_reason(*reason, text(&expect["reason"]))
        }
    };
    check(passed, outcome)
}

/// The vectors have their own words for two of the reasons.
fn is_reason(reason: LeftAlone, word: &str) -> bool {
    match reason {
        LeftAlone::ControlCharacter => word.contains("control") || word == "whitespace" || word == "newline",
        LeftAlone::PersonalData => word == "pii" || word.contains("personal"),
        other => other.name() == word,
    }
}

fn read_utm(vector: &Value) -> Result<(), String> {
    let reader = Reader::new();
    let tags = reader.read(text(&vector["input"]));
    let found: serde_json::Map<String, Value> =
        tags.iter().map(|(utm, value)| (utm.name().to_owned(), json!(value))).collect();
    let mut findings: Vec<&str> = tags.findings().map(|finding| finding.name()).collect();
    findings.sort_unstable();
    let mut warnings: Vec<&str> = list(&vector["expect_warnings"]).iter().map(text).collect();
    warnings.sort_unstable();
    let warned = vector["expect_warnings"].is_null() || findings == warnings;
    check(vector["expect"] == Value::Object(found.clone()) && warned, (found, findings))
}

fn classify(vector: &Value) -> Result<(), String> {
    let mut classifier = Classifier::new();
    for host in list(&vector["self_hosts"]) {
        classifier.own_host(text(host));
    }
    let found = classifier.classify(vector["input"].as_str(), vector["referrer"].as_str());
    check(is_channel(found.channel, text(&vector["expect"]["channel"])), found)
}

/// The vectors write channels as GA4 does: `Organic Search`, `Ignored (internal)`.
fn is_channel(channel: Channel, title: &str) -> bool {
    let words: String = title.to_lowercase().replace(['-', ' '], "_");
    match channel {
        Channel::PaymentReturn => words == "ignored_(payment_return)",
        Channel::Internal => words == "ignored_(internal)",
        Channel::MobilePush => words.contains("push"),
        Channel::Affiliates => words.starts_with("affiliate"),
        Channel::AiAssistant => words.starts_with("ai_assistant"),
        Channel::OwnCode => words.starts_with("own") || words.contains("bot") || words.contains("chat"),
        other => words == other.name(),
    }
}
