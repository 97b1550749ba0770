//! How many instructions the check of a code takes tells nothing about how much of it was right.
//!
//! Counted by valgrind's callgrind, inside one function; where valgrind is missing, a line says so.

use std::process::{Command, Stdio};

use clinch::link::signer::{CodeKey, Signer};

/// Names the place of the first wrong symbol to the run that is counted.
const PLACE: &str = "CLINCH_WRONG_SYMBOL";
/// A counter's code is 12 symbols of body and 16 of tag.
const TAG: std::ops::Range<usize> = 12..28;

fn signer() -> Signer {
    Signer::new(CodeKey::new(b"32 random bytes of the host's own").unwrap())
}

#[inline(never)]
fn counted_check(signer: &Signer, text: &str) -> bool {
    signer.check(text).is_ok()
}

/// The code of one counter, wrong from `place` on: every symbol there is replaced by a neighbour of its kind.
fn wrong_from(place: usize) -> String {
    let code = signer().from_counter(41).unwrap();
    let neighbour = |symbol: char| match symbol {
        '0'..='8' => char::from(symbol as u8 + 1),
        '9' => '0',
        'a' => 'b',
        _ => 'a',
    };
    code.as_str().chars().enumerate().map(|(at, c)| if at < place { c } else { neighbour(c) }).collect()
}

#[test]
fn the_run_that_is_counted() {
    let Ok(place) = std::env::var(PLACE) else { return };
    let text = wrong_from(place.parse().unwrap());
    assert!(!counted_check(&signer(), &text));
}

/// Instructions inside the check, or none where valgrind does not run.
fn instructions(place: usize) -> Option<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*counted_check*"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "the_run_that_is_counted", "--test-threads=1"])
        .env(PLACE, place.to_string())
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    let collected = told.lines().find_map(|line| line.split_once("Collected :"));
    Some(collected.unwrap_or_else(|| panic!("no count in {told}")).1.trim().parse().unwrap())
}

#[test]
fn a_check_takes_as_many_instructions_wherever_the_first_wrong_symbol_is() {
    assert!(TAG.clone().all(|place| signer().check(&wrong_from(place)).is_err()));
    assert!(signer().check(&wrong_from(TAG.end)).is_ok());
    let Some(first) = instructions(TAG.start) else {
        println!("skipped: valgrind is not here");
        return;
    };
    assert!(first > 1_000, "{first} instructions are no check");
    for place in [TAG.start + 1, TAG.start + 7, TAG.end - 1] {
        assert_eq!(instructions(place), Some(first), "first wrong symbol at {place}");
    }
}
