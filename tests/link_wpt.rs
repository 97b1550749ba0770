//! The WHATWG URL test data through every reader and writer: no panic, and no byte that was not ours changes.

use clinch::link::channel::classify;
use clinch::link::{
    Code, FragmentMode, LeftAlone, Outcome, Policy, Tagger, Utm, lint, read, same_site, unwrap,
};
use serde_json::Value;

fn inputs() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/links_urltestdata.json");
    let text = std::fs::read_to_string(path).expect("the test data is there");
    let cases: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    // Texts between the cases are comments.
    cases
        .iter()
        .filter(|case| case.is_object())
        .map(|case| case["input"].as_str().expect("an input").to_owned())
        .collect()
}

/// What the browser would drop around a link.
fn trimmed(link: &str) -> &str {
    link.trim_matches(|c: char| c <= ' ')
}

#[track_caller]
fn assert_only_ours_was_added(input: &str, tagged: &str) {
    let link = trimmed(input);
    let before = link.find('#').unwrap_or(link.len());
    let (before, fragment) = link.split_at(before);
    let at = tagged.len() - fragment.len();
    assert!(tagged.starts_with(before), "prefix of {input:?} in {tagged:?}");
    assert_eq!(&tagged[at..], fragment, "suffix of {input:?} in {tagged:?}");
    let added = &tagged[before.len()..at];
    let ours = added.trim_start_matches(['/', '?', '&']);
    assert_eq!(ours, "utm_source=shopbot&utm_medium=referral&clq=7zk3q9t4m2", "{input:?}");
    assert!(added.len() - ours.len() <= 2, "{input:?} to {tagged:?}");
}

#[test]
fn all_869_cases_keep_prefix_and_suffix() {
    let inputs = inputs();
    assert_eq!(inputs.len(), 869);
    let mut tagger = Tagger::new();
    tagger.set(Utm::Source, "shopbot").set(Utm::Medium, "referral");
    let code = Code::new("7zk3q9t4m2").expect("a code");
    let (mut tagged, mut left) = (0, 0);
    for input in &inputs {
        match tagger.tag(input, Some(&code)) {
            Outcome::Tagged { link, dropped } => {
                assert!(dropped.is_empty());
                assert_only_ours_was_added(input, &link);
                let tags = read(&link);
                assert_eq!(tags.get(Utm::Source), Some("shopbot"), "{link:?}");
                assert_eq!(tags.code(), Some("7zk3q9t4m2"), "{link:?}");
                tagged += 1;
            }
            Outcome::Unchanged(link) => panic!("a code was to be written: {link:?}"),
            Outcome::LeftAlone { link, reason } => {
                assert_eq!(link, input);
                assert_ne!(reason, LeftAlone::Signed, "no case is signed: {input:?}");
                left += 1;
            }
        }
    }
    println!("869 cases: {tagged} tagged, {left} left alone");
    assert!(tagged > 300 && left > 300, "{tagged} tagged, {left} left alone");
}

#[test]
fn no_case_panics_in_any_function() {
    let inputs = inputs();
    let mut tagger = Tagger::new();
    tagger
        .set(Utm::Source, "shopbot")
        .policy(Policy::Replace)
        .fragment(FragmentMode::InRoute)
        .own_host("example.org")
        .allow_scheme("foo");
    for input in &inputs {
        let _ = tagger.tag(input, None);
        let _ = read(input).iter().count();
        let _ = unwrap(input);
        let _ = lint::lint_link(input);
        for other in ["https://example.org/", "", input] {
            assert!(!classify(Some(input), Some(other)).name().is_empty());
            assert!(!classify(Some(other), Some(input)).name().is_empty());
            let _ = same_site(input, other);
        }
    }
}
