//! Makes a whole shop from a seed and writes its event log, in the order in which a host would receive it.
//!
//! ```text
//! cargo run --release --example shop_log -- --seed 7 --shoppers 300 --truth truth.jsonl shop.jsonl
//! ```
//!
//! Without a path the log goes to standard output. `--currencies EUR,EUR,JPY` lists what shoppers pay in (what
//! stands twice is twice as likely), `--days 60` says how long shoppers keep coming. The truth file says of each
//! order which turn really caused it.

use std::error::Error;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::str::FromStr;

use clinch::event::jsonl;
use clinch::testing::{Shop, ShopConfig};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    run(std::env::args().skip(1), &mut io::stdout().lock())
}

/// Does what `args` ask for; without a path the log goes to `out`.
pub fn run(args: impl Iterator<Item = String>, out: &mut impl Write) -> Outcome<()> {
    let asked = Asked::from_args(args)?;
    let progress = Progress { shown: io::stderr().is_terminal() };

    let shoppers = asked.config.shoppers;
    let shop: Shop = (0..shoppers)
        .inspect(|number| progress.show("shoppers", *number as usize, shoppers as usize))
        .map(|number| asked.config.shopper(number))
        .collect();
    let deliveries = shop.deliveries(asked.config.seed);

    let lines = deliveries.iter().enumerate().map(|(written, event)| {
        progress.show("events", written, deliveries.len());
        jsonl::write_line(event)
    });
    match &asked.path {
        Some(path) => write_lines(create(path)?, lines)?,
        None => write_lines(out, lines)?,
    }
    progress.clear();
    if let Some(path) = &asked.truth {
        let lines: Result<Vec<_>, _> = shop.truth.iter().map(serde_json::to_string).collect();
        write_lines(create(path)?, lines?.into_iter())?;
    }

    let single = shop.truth.iter().filter(|truth| truth.single_cause).count();
    eprintln!("{} events, written in {} lines with repeats", shop.events.len(), deliveries.len());
    eprintln!("{} orders, {single} of them with one possible cause", shop.truth.len());
    Ok(())
}

fn create(path: &str) -> Outcome<File> {
    File::create(path).map_err(|error| format!("{path}: {error}").into())
}

fn write_lines(out: impl Write, lines: impl Iterator<Item = String>) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    for line in lines {
        writeln!(out, "{line}")?;
    }
    out.flush()
}

/// What the command line asks for.
struct Asked {
    config: ShopConfig,
    path: Option<String>,
    truth: Option<String>,
}

impl Asked {
    fn from_args(mut args: impl Iterator<Item = String>) -> Outcome<Self> {
        let mut asked = Self { config: ShopConfig::default(), path: None, truth: None };
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or(format!("{arg} needs a value"));
            match arg.as_str() {
                "--seed" => asked.config.seed = parse(&arg, &value()?)?,
                "--shoppers" => asked.config.shoppers = parse(&arg, &value()?)?,
                "--days" => asked.config.days = parse(&arg, &value()?)?,
                "--currencies" => {
                    let codes = value()?;
                    let currencies = codes.split(',').map(|code| parse(&arg, code));
                    asked.config.currencies = currencies.collect::<Outcome<_>>()?;
                }
                "--truth" => asked.truth = Some(value()?),
                path if !path.starts_with('-') && asked.path.is_none() => asked.path = Some(arg),
                _ => return Err(format!("unknown argument {arg}").into()),
            }
        }
        Ok(asked)
    }
}

fn parse<T: FromStr<Err: Display>>(arg: &str, value: &str) -> Outcome<T> {
    value.parse().map_err(|error| format!("{arg} {value}: {error}").into())
}

/// A line on the terminal that says how far a long job is; on anything else nothing at all.
struct Progress {
    shown: bool,
}

impl Progress {
    fn show(&self, what: &str, done: usize, all: usize) {
        if self.shown && done % 10_000 == 9_999 {
            eprint!("\r\x1b[K{} of {all} {what}", done + 1);
        }
    }

    fn clear(&self) {
        if self.shown {
            eprint!("\r\x1b[K");
        }
    }
}
