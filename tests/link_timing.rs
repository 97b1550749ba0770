//! Verification takes the same number of instructions wherever the first wrong symbol is.
//!
//! Counted by valgrind's callgrind around one call; where valgrind is missing, the test says so and passes.

use std::process::Command;

use clinch::link::signer::{CodeForm, CodeKey, Signer};

/// Set for the child process that valgrind watches.
const CHILD: &str = "CLINCH_LINK_CALLGRIND_CODE";

fn signer() -> Signer {
    let mut signer = Signer::new(CodeKey::new(&[7; 32]).expect("32 bytes"));
    signer.accept(CodeKey::new(&[8; 32]).expect("32 bytes"));
    signer
}

#[inline(never)]
fn check_once(signer: &Signer, text: &str) -> bool {
    signer.check(text).is_ok()
}

/// What the child does: nothing in an ordinary run.
#[test]
fn child_checks_one_code() {
    if let Ok(text) = std::env::var(CHILD) {
        assert!(!check_once(&signer(), &text), "the parent asks about wrong codes only");
    }
}

/// Instructions inside `check_once`.
fn count(text: &str) -> u64 {
    let exe = std::env::current_exe().expect("this test");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=*check_once*", "--callgrind-out-file=/dev/null"])
        .arg(exe)
        .args(["--exact", "child_checks_one_code", "--test-threads=1"])
        .env(CHILD, text)
        .output()
        .expect("valgrind runs");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    let line = log.lines().find(|line| line.contains("Collected :")).unwrap_or_else(|| panic!("{log}"));
    let digits = line.rsplit(':').next().expect("a count").trim();
    digits.parse().unwrap_or_else(|_| panic!("{line}"))
}

#[test]
fn a_wrong_code_costs_the_same_wherever_it_is_wrong() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("skipped: valgrind is not installed");
        return;
    }
    for form in [CodeForm::Standard, CodeForm::Long] {
        let code = signer().form(form).from_counter(41).expect("small");
        let text = code.as_str();
        let wrong_at = |at: usize| {
            let other = if text.as_bytes()[at] == b'0' { "7" } else { "0" };
            format!("{}{other}{}", &text[..at], &text[at + 1..])
        };
        // In the tag: first, second, middle, last; and in the body.
        let places = [12, 13, 12 + (text.len() - 12) / 2, text.len() - 1, 0, 11];
        let counts = places.map(|at| count(&wrong_at(at)));
        println!("{form:?}: {} instructions", counts[0]);
        assert!(counts[0] > 1_000, "something was counted: {counts:?}");
        assert!(counts.iter().all(|count| *count == counts[0]), "{places:?} cost {counts:?}");
    }
}
