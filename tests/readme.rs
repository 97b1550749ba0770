//! The README shows what the examples print. `CLINCH_BLESS=1 cargo test --test readme` writes it anew.

mod example;

use std::path::Path;

use example::printed;

/// Lines of `replay` that the README shows.
const LINES_OF_REPLAY: usize = 33;

#[test]
fn first_screen_is_what_the_examples_print() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let replay = printed("replay", &[], b"");
    let replay: Vec<&str> = replay.lines().take(LINES_OF_REPLAY).collect();
    let blocks = [
        ("quickstart", printed("quickstart", &[], b"")),
        ("replay", replay.join("\n")),
        ("holdout", printed("holdout", &[], b"")),
    ];
    let mut expected = readme.clone();
    for (name, text) in blocks {
        assert!(text.lines().count() > 10, "{name} printed next to nothing");
        let start = expected.find(&format!("<!-- {name} -->")).unwrap();
        let end = start + expected[start..].find("<!-- end -->").unwrap();
        let block = format!("<!-- {name} -->\n```text\n{}\n```\n", text.trim_end());
        expected.replace_range(start..end, &block);
    }
    if std::env::var_os("CLINCH_BLESS").is_some() {
        std::fs::write(&path, &expected).unwrap();
    } else {
        assert!(readme == expected, "the README is old: run CLINCH_BLESS=1 cargo test --test readme");
    }
}
