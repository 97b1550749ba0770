//! Reading and classifying allocate nothing; tagging allocates the new link.

use allocation_counter::measure;
use clinch::link::channel::Classifier;
use clinch::link::{Code, Reader, Tagger, Utm};

const TAGGED: &str =
    "https://shop.example/p?variant=1&utm_source=shopbot&utm_medium=chat&clq=7zk3q9t4m2#reviews";

#[test]
fn reading_a_link_without_escapes_allocates_nothing() {
    let reader = Reader::new();
    let info = measure(|| {
        let tags = reader.read(TAGGED);
        assert_eq!(tags.get(Utm::Source), Some("shopbot"));
        assert_eq!(tags.key(Utm::Medium).as_deref(), Some("chat"));
    });
    assert_eq!(info.count_total, 0);
    // The measure itself works: an escaped value is decoded into a text of its own.
    let info = measure(|| assert_eq!(reader.read("?utm_term=a%20b").get(Utm::Term), Some("a b")));
    assert!(info.count_total > 0);
}

#[test]
fn classifying_allocates_nothing() {
    let mut classifier = Classifier::new();
    classifier.own_host("shop.example");
    let referrers = [
        None,
        Some("https://www.google.co.uk/"),
        Some("https://www.shop.example/"),
        Some("android-app://x/"),
    ];
    for referrer in referrers {
        let info = measure(|| {
            let _ = classifier.classify(Some(TAGGED), referrer);
            let _ = classifier.classify(Some("https://shop.example/?gclid=x"), referrer);
        });
        assert_eq!(info.count_total, 0, "{referrer:?}");
    }
}

#[test]
fn tagging_allocates_once() {
    let mut tagger = Tagger::new();
    tagger.set(Utm::Source, "shopbot").set(Utm::Medium, "referral");
    let code = Code::new("7zk3q9t4m2").expect("a code");
    let info = measure(|| drop(tagger.tag("https://shop.example/p?a=1#reviews", Some(&code))));
    assert_eq!(info.count_total, 1);
}
