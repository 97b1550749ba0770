//! The README shows what the examples print. `CLINCH_BLESS=1 cargo test --test readme` writes it anew.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Lines of `replay` that the README shows.
const LINES_OF_REPLAY: usize = 33;

/// An example that `cargo test` has built beside this test.
fn example(name: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let path = here.ancestors().nth(2).unwrap().join("examples").join(name);
    if !path.exists() {
        let built =
            Command::new(env!("CARGO")).args(["build", "--profile", "test", "--example", name]).status();
        assert!(built.unwrap().success());
    }
    path
}

fn printed(name: &str) -> String {
    let output = Command::new(example(name)).output().unwrap();
    assert!(output.status.success(), "{name}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn first_screen_is_what_the_examples_print() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let replay: Vec<String> = printed("replay").lines().take(LINES_OF_REPLAY).map(str::to_owned).collect();
    let blocks = [("quickstart", printed("quickstart")), ("replay", replay.join("\n"))];
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
