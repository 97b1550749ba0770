//! Twice the facts take about twice the instructions, wherever the facts pile up.
//!
//! Counted by valgrind's callgrind around recording and around one report; where valgrind is missing, the tests say
//! so and pass. `cargo bench --bench shapes` does the same at full size by the clock.

mod shapes;

use std::path::PathBuf;
use std::process::Command;

use shapes::{SHAPES, Shape, question, record_all, report_all};

/// Set for the child process that valgrind watches: the name of a shape, and how many facts.
const CHILD: &str = "CLINCH_GROWTH";

/// How many facts; the other count is twice that. Well beyond the 512 rows from which on they stand in chunks.
const FACTS: usize = 2_048;

/// An index that doubles at the larger size alone adds its share; the square of anything would come to 4.
const MOST: f64 = 2.3;

/// What the child does: nothing in an ordinary run.
#[test]
fn child_records_and_reports() {
    let Ok(text) = std::env::var(CHILD) else { return };
    let (name, count) = text.split_once(' ').expect("a name and a count");
    let shape = SHAPES.iter().find(|shape| shape.name == name).expect("a shape");
    let tracker = record_all((shape.events)(count.parse().expect("a count")));
    report_all(&tracker, &question(shape));
}

/// Instructions of recording, and of reporting.
fn count(shape: &Shape, facts: usize) -> [u64; 2] {
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("growth.{}.{facts}", shape.name));
    let exe = std::env::current_exe().expect("this test");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=*record_all*", "--toggle-collect=*report_all*"])
        // One file of what was collected before the report, one of what came after.
        .args(["--dump-before=*shapes::question*", &format!("--callgrind-out-file={}", out.display())])
        .arg(exe)
        .args(["--exact", "child_records_and_reports", "--test-threads=1"])
        .env(CHILD, format!("{} {facts}", shape.name))
        .output()
        .expect("valgrind runs");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    [".1", ""].map(|part| {
        let path = format!("{}{part}", out.display());
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}\n{log}"));
        let _gone = std::fs::remove_file(&path);
        let total = text.lines().rev().find_map(|line| line.strip_prefix("totals: ")).expect("a total");
        total.trim().parse().expect("a count")
    })
}

#[track_caller]
fn grows_in_step(name: &str) {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("skipped: valgrind is not installed");
        return;
    }
    let shape = SHAPES.iter().find(|shape| shape.name == name).expect("a shape");
    let (one, two) = (count(shape, FACTS), count(shape, 2 * FACTS));
    for (what, (one, two)) in ["record", "report"].into_iter().zip(one.into_iter().zip(two)) {
        let ratio = two as f64 / one as f64;
        println!("{name:20} {what} {two:>12} {ratio:.2}");
        assert!(one > 100_000, "something was counted: {one}");
        assert!(ratio <= MOST, "{name}: {what} takes {ratio:.2} times as much for twice the facts");
    }
}

/// A test for each shape, and the list of those that have one.
macro_rules! grow {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                grows_in_step(stringify!($name));
            }
        )*

        #[test]
        fn every_shape_has_a_test() {
            let names: Vec<&str> = shapes::SHAPES.iter().map(|shape| shape.name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

grow! {
    ordinary
    one_person
    many_people
    hub_visitor
    hub_mailbox
    chain_of_visitors
    chain_of_customers
    many_handles
    many_withdrawals
    one_instant
    reverse_arrival
    one_event_id
    one_order
    one_order_of_many
    many_codes
    one_code
    one_discount_code
    turns_of_others
    codes_of_others
    nobody
    new_labels
    first_of_each
    last_of_each
    by_conversation
    one_conversation
    many_engagements
    many_orders
}
