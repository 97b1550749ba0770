//! Runs the examples as a user would.
#![allow(dead_code)]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// An example that `cargo test` has built beside the tests; built now if it has not.
pub fn path(name: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let path = here.ancestors().nth(2).unwrap().join("examples").join(name);
    if !path.exists() {
        let built =
            Command::new(env!("CARGO")).args(["build", "--profile", "test", "--example", name]).status();
        assert!(built.unwrap().success());
    }
    path
}

/// What an example does with these arguments and this standard input.
pub fn run(name: &str, arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(path(name));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // An example that needs no input may close it: that is no failure of the test.
    let writer = std::thread::spawn(move || stdin.write_all(&input).is_ok());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// What it prints to standard output when all goes well.
#[track_caller]
pub fn printed(name: &str, arguments: &[&str], input: &[u8]) -> String {
    let output = run(name, arguments, input);
    assert!(output.status.success(), "{name} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
