//! One snapshot of every version of the form that was ever released, with the log that it was made of. Each loads for
//! ever. `CLINCH_BLESS=1` writes the one of this version, which changes until it is released.

use clinch::event::jsonl;
use clinch::{Event, Limits, PrivacyLevel, Subject, Tracker};

use crate::{bytes, key};

fn path(name: &str) -> String {
    format!("{}/tests/data/snapshots/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn log() -> Vec<Event> {
    let text = std::fs::read_to_string(path("shop.jsonl")).unwrap();
    jsonl::read(text.as_bytes()).map(|event| event.unwrap()).collect()
}

fn limits(hashed: bool) -> Limits {
    let mut limits = Limits::default();
    (limits.privacy, limits.hash_ids) = (PrivacyLevel::Full, hashed);
    limits
}

#[test]
fn every_version_of_the_form_loads() {
    let all = [("1.0-plain", false, false), ("1.0-hashed", true, false), ("1.0-erased", false, true)];
    for (name, hashed, erased) in all {
        let mut tracker = Tracker::with_limits(key(), limits(hashed));
        tracker.extend(log()).unwrap();
        assert_eq!(tracker.len(), log().len());
        if erased {
            let last = log().iter().map(Event::at).max().unwrap();
            let whom = log().iter().find(|event| event.kind().name() == "order").unwrap().who().clone();
            let summary = tracker
                .erase(whom.iter().fold(Subject::default(), |s, id| s.identifier(id.clone())), last)
                .unwrap();
            assert!(tracker.len() < log().len(), "{summary:?}");
        }
        let name = &format!("{name}.snapshot");
        let path = path(name);
        if std::env::var_os("CLINCH_BLESS").is_some() {
            std::fs::write(&path, bytes(&tracker)).unwrap();
        }
        let golden = std::fs::read(&path).unwrap();
        let back = Tracker::restore(key(), limits(hashed), &golden[..]).unwrap();
        assert!(back == tracker, "{name}");
        assert!(bytes(&tracker) == golden, "{name}: the form has changed");
    }
}
