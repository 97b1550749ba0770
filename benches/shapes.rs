//! What awkward shapes of facts cost at full size: `cargo bench --bench shapes [-- <facts> <shape>..]`.
//!
//! Prints the time of recording and of one report, for each shape at half the size and at the size: twice the facts
//! should take about twice the time. A million facts unless said otherwise.

#[path = "../tests/shapes/mod.rs"]
mod shapes;

use std::time::{Duration, Instant};

use shapes::{SHAPES, Shape, question, record_all, report_all};

fn times(shape: &Shape, count: usize) -> [Duration; 2] {
    let events = (shape.events)(count);
    let start = Instant::now();
    let tracker = record_all(events);
    let recorded = start.elapsed();
    let start = Instant::now();
    let report = report_all(&tracker, &question(shape));
    let reported = start.elapsed();
    assert!(report.to_string().len() > 100, "something was reported");
    [recorded, reported]
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let count = words.first().and_then(|word| word.parse().ok());
    let names = &words[usize::from(count.is_some())..];
    let count = count.unwrap_or(1_000_000);
    println!(
        "{:20} {:>9} {:>10} {:>10} {:>6} {:>6}",
        "shape", "facts", "record ms", "report ms", "ratio", "ratio"
    );
    for shape in SHAPES.iter().filter(|shape| names.is_empty() || names.iter().any(|name| name == shape.name))
    {
        let (half, whole) = (times(shape, count / 2), times(shape, count));
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let ratio = |place: usize| whole[place].as_secs_f64() / half[place].as_secs_f64();
        let [record, report] = whole.map(ms);
        println!(
            "{:20} {count:>9} {record:>10.1} {report:>10.1} {:>6.2} {:>6.2}",
            shape.name,
            ratio(0),
            ratio(1)
        );
    }
}
