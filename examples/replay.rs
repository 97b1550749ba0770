//! Replays an event log, one JSON object per line, and prints who earned what.
//!
//! `cargo run --release --example replay -- --help`

use std::cell::Cell;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, IsTerminal, Write, stderr, stdin, stdout};
use std::process::ExitCode;

use chrono::{DateTime, NaiveDate, Utc};
use clinch::event::KindRef;
use clinch::event::jsonl;
use clinch::{Chosen, Dimension, Earned, EventRef, Intake, Key, Period, Question, Rules, Tracker};
use serde_json::{Map, Value, json};

const HELP: &str = "\
replay [options] [LOG]

LOG is a file with one event per line, `-` for standard input; default the shop in examples/data.

  --model NAME      a column; may be repeated. first_touch, last_touch, last_non_direct, linear,
                    linear_unique, position_based[:30/40/30], j_shaped, inverse_j, time_decay[:7d],
                    participation. Default: six of them
  --by DIMENSION    query, topic, intent, flow, product, product_type, language, channel,
                    conversation, evidence.
                    Default topic
  --lookback SPAN   how far before an order a question may earn, such as 30d. Default 30d
  --unit UNIT       turn, event or conversation. Default turn
  --from, --to      the orders reported: from this instant or date on, and before that one (UTC)
  --as-of INSTANT   later events are not seen. Default the latest in the log
  --goal NAME       credit goals of this name, not orders
  --consent POLICY  assumed or required. Default assumed
  --receipt ORDER   everything that was decided about one order, too
  --json            one JSON object on standard output and nothing else
  --strict          stop at the first bad line; default they are counted and shown

The JSON object: rules (id, text, question, as_of); totals by currency (orders, value, unattributed);
by; rows (label, currency, models by name with value and conversions) by label, then currency;
overview; intake (new, repeated, superseded, dropped by reason, bad_lines); receipt, if asked for.
Amounts are decimal text. All but intake is the same for any order and repetition of the lines.";

/// The log that is read where none is named.
const SHOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/shop.jsonl");

/// What the command line asks for.
struct Options {
    log: Option<String>,
    models: Vec<Chosen>,
    by: Option<Dimension>,
    rules: Rules,
    period: Period,
    as_of: Option<DateTime<Utc>>,
    earned: Earned,
    consent: clinch::ConsentPolicy,
    receipt: Option<String>,
    json: bool,
    strict: bool,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match options().and_then(|options| options.map_or(Ok(()), |options| replay(&options))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("replay: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Option<Options>, Failure> {
    let mut options = Options {
        log: None,
        models: Vec::new(),
        by: None,
        rules: Rules::default(),
        period: Period::ALL,
        as_of: None,
        earned: Earned::Orders,
        consent: clinch::ConsentPolicy::default(),
        receipt: None,
        json: false,
        strict: false,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value; see --help"));
        match argument.as_str() {
            "--help" | "-h" => {
                println!("{HELP}");
                return Ok(None);
            }
            "--model" => options.models.push(value()?.parse()?),
            "--by" => {
                if options.by.replace(value()?.parse()?).is_some() {
                    return Err("one dimension at a time".into());
                }
            }
            "--lookback" => options.rules.lookback = value()?.parse()?,
            "--unit" => options.rules.unit = value()?.parse()?,
            "--from" => options.period.from = Some(instant(&value()?)?),
            "--to" => options.period.to = Some(instant(&value()?)?),
            "--as-of" => options.as_of = Some(instant(&value()?)?),
            "--goal" => options.earned = Earned::Goal(value()?.into()),
            "--consent" => options.consent = value()?.parse()?,
            "--receipt" => options.receipt = Some(value()?),
            "--json" => options.json = true,
            "--strict" => options.strict = true,
            unknown if unknown.starts_with("--") => {
                return Err(format!("unknown option {unknown}; see --help").into());
            }
            log => {
                if options.log.replace(log.to_owned()).is_some() {
                    return Err("one log at a time; `cat a b | replay -` reads several".into());
                }
            }
        }
    }
    Ok(Some(options))
}

/// An instant as in RFC 3339, or a date, which is its first instant in UTC.
fn instant(text: &str) -> Result<DateTime<Utc>, Failure> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Ok(date.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    let at = DateTime::parse_from_rfc3339(text);
    Ok(at
        .map_err(|_| {
            format!("`{text}` is no date such as 2026-03-01 and no instant such as 2026-03-01T10:00:00Z")
        })?
        .to_utc())
}

/// A log that was read.
struct Replayed {
    tracker: Tracker,
    intake: Intake,
    bad_lines: u64,
    latest: DateTime<Utc>,
}

fn replay(options: &Options) -> Result<(), Failure> {
    let log = options.log.as_deref().unwrap_or(SHOP);
    let replayed = if log == "-" {
        read(stdin().lock(), 0, options.strict)?
    } else {
        let file = File::open(log).map_err(|error| format!("{log}: {error}"))?;
        let bytes = file.metadata().map_or(0, |data| data.len());
        read(BufReader::new(file), bytes, options.strict)?
    };
    let mut question = Question::new(options.as_of.unwrap_or(replayed.latest));
    if !options.models.is_empty() {
        question.models = options.models.clone();
    }
    question.by = vec![options.by.unwrap_or_default()];
    question.rules = options.rules.clone();
    question.period = options.period;
    question.earned = options.earned.clone();
    question.consent = options.consent;
    answer(options, &replayed, &question)
}

/// Feeds a log to a tracker. Bad lines go to standard error; progress too, where that is a terminal.
fn read(source: impl BufRead, bytes: u64, strict: bool) -> Result<Replayed, Failure> {
    // A real host takes its key from a secret store. Here it only decides how conversations print.
    let mut tracker = Tracker::new(Key::new(*b"an example's key"));
    let (mut intake, mut bad_lines, mut latest) = (Intake::default(), 0, None);
    let read = Cell::new(0);
    let mut progress = Progress::new(bytes, &read);
    let mut lines = jsonl::read(Counting { source, read: &read });
    while let Some(line) = lines.next_borrowed() {
        match line {
            Ok(event) => {
                latest = latest.max(Some(last_instant(&event)));
                intake.count(tracker.record_ref(event)?);
            }
            Err(error) if strict || error.broken => return Err(error.into()),
            Err(error) => {
                bad_lines += 1;
                eprintln!("bad line: {error}");
            }
        }
        progress.show(intake.total());
    }
    progress.clear();
    // An empty log has no latest instant, and any will do.
    Ok(Replayed { tracker, intake, bad_lines, latest: latest.unwrap_or_default() })
}

/// An order's version may be dated after the event that tells of it.
fn last_instant(event: &EventRef<'_>) -> DateTime<Utc> {
    match &event.kind {
        KindRef::Order(order) => order.updated_at.map_or(event.at, |updated| updated.max(event.at)),
        _ => event.at,
    }
}

fn answer(options: &Options, replayed: &Replayed, question: &Question) -> Result<(), Failure> {
    let report = replayed.tracker.report(question)?;
    let receipt = match &options.receipt {
        Some(order) => {
            let found = replayed.tracker.receipt(order, question)?;
            Some(found.ok_or(format!("no order {order} in the log"))?)
        }
        None => None,
    };
    if options.json {
        let mut object = object(&report, question);
        object.insert("intake".to_owned(), intake(replayed));
        if let Some(receipt) = receipt {
            object.insert("receipt".to_owned(), serde_json::to_value(receipt)?);
        }
        return print(&Value::Object(object).to_string());
    }
    let intake = format!("{}, {} bad lines", replayed.intake, replayed.bad_lines);
    let receipt = receipt.map_or_else(String::new, |receipt| format!("\n\n{receipt}"));
    print(&format!("{intake}\n\n{report}{receipt}"))
}

/// Prints to standard output; a reader that has seen enough, such as `head`, is no failure.
fn print(text: &str) -> Result<(), Failure> {
    match writeln!(stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// The documented JSON object, without what depends on the order of delivery.
fn object(report: &clinch::Report, question: &Question) -> Map<String, Value> {
    let totals: Map<String, Value> = report
        .totals
        .iter()
        .map(|totals| {
            let currency = totals.currency.map_or("none", |currency| currency.code()).to_owned();
            let (orders, value, unattributed) = (totals.conversions, &totals.value, &totals.unattributed);
            (currency, json!({ "orders": orders, "value": value, "unattributed": unattributed }))
        })
        .collect();
    let table = &report.tables[0];
    let rows = table.rows.iter().map(|row| {
        let figure = |figure: &clinch::Figure| {
            (figure.model.clone(), json!({ "value": figure.value, "conversions": figure.conversions }))
        };
        let models: Map<String, Value> = row.models.iter().map(figure).collect();
        json!({ "label": row.label, "currency": row.currency, "models": models })
    });
    let rows: Vec<Value> = rows.collect();
    let rules = json!({
        "id": report.rules,
        "text": question.rules.to_string(),
        "question": report.question,
        "as_of": question.as_of,
    });
    let fields = [
        ("rules", rules),
        ("totals", Value::Object(totals)),
        ("by", json!(table.by)),
        ("rows", Value::Array(rows)),
        ("overview", overview(report)),
    ];
    fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

/// The overview, with what is unattributed by currency and reason.
fn overview(report: &clinch::Report) -> Value {
    let mut overview = json!(report.overview);
    let reasons =
        report.totals.iter().flat_map(|totals| totals.reasons.iter().map(move |reason| (totals, reason)));
    for (totals, reason) in reasons {
        let currency = totals.currency.map_or("none", |currency| currency.code());
        overview["unattributed"][currency][reason.reason.name()] =
            json!({ "conversions": reason.conversions, "value": reason.value });
    }
    overview
}

fn intake(replayed: &Replayed) -> Value {
    let Intake { new, repeated, superseded, dropped, .. } = &replayed.intake;
    let dropped: Map<String, Value> =
        dropped.iter().map(|(reason, count)| (reason.to_string(), json!(count))).collect();
    let bad_lines = replayed.bad_lines;
    json!({ "new": new, "repeated": repeated, "superseded": superseded, "dropped": dropped, "bad_lines": bad_lines })
}

/// A line on a terminal that says how far the reading is.
struct Progress<'a> {
    bytes: u64,
    read: &'a Cell<u64>,
    shown: u64,
    terminal: bool,
}

/// Events between two updates of the progress line.
const STEP: u64 = 10_000;

impl<'a> Progress<'a> {
    fn new(bytes: u64, read: &'a Cell<u64>) -> Self {
        Self { bytes, read, shown: 0, terminal: stderr().is_terminal() }
    }

    fn show(&mut self, events: u64) {
        if self.terminal && events >= self.shown + STEP {
            self.shown = events;
            let percent = (self.read.get() * 100).checked_div(self.bytes);
            eprint!(
                "\r{events} events{}",
                percent.map_or_else(String::new, |percent| format!(", {percent} %"))
            );
        }
    }

    fn clear(&self) {
        if self.shown > 0 {
            eprint!("\r{:40}\r", "");
        }
    }
}

/// Counts the bytes that are taken from a source.
struct Counting<'a, R> {
    source: R,
    read: &'a Cell<u64>,
}

impl<R: BufRead> std::io::Read for Counting<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.read.set(self.read.get() + count as u64);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Counting<'_, R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.source.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.read.set(self.read.get() + count as u64);
        self.source.consume(count);
    }
}
