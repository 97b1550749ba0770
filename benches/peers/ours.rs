//! clinch as one of the peers: the same columns in, the same tables out.

use std::io::BufRead;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use clinch::event::{Amounts, Texts, Times, jsonl};
use clinch::{Columns, Currency, Dimension, EventRef, Key, Money, Question, Report, Span, Tracker};

use crate::ask::{Ask, MODELS, Table};
use crate::log::{self, Log};

/// Names of the labels, made once: a host has them at hand.
pub struct Names {
    topics: Vec<String>,
    channels: Vec<String>,
    currency: Currency,
}

impl Names {
    pub fn new() -> Self {
        Self {
            topics: (0..log::TOPICS).map(log::topic_name).collect(),
            channels: (0..log::CHANNELS).map(log::channel_name).collect(),
            currency: "EUR".parse().expect("a currency"),
        }
    }
}

/// THE PLACE WHERE ROWS ARE FED: columns to tracker, as they lie in the log. Its time counts.
pub fn feed(tracker: &mut Tracker, log: &Log, names: &Names, rows: std::ops::Range<usize>) {
    let (id, who, customer) = (texts(&log.id, &rows), texts(&log.who, &rows), texts(&log.customer, &rows));
    let at = Times::millis(&log.at[rows.clone()]);
    let topic = Texts::coded(&log.topic[rows.clone()], &names.topics);
    let channel = Texts::coded(&log.channel[rows.clone()], &names.channels);
    let totals = Amounts::minor(&log.cents[rows.clone()], names.currency);
    let kind = &log.kind[rows];
    let touches = || Columns::query(id, at).topic(topic).channel(channel);
    let blocks = [
        touches().visitor(who).only(kind, log::TOUCH_BY_VISITOR.into()).into(),
        touches().customer(who).only(kind, log::TOUCH_BY_CUSTOMER.into()).into(),
        Columns::order(id, at, id, totals).customer(who).only(kind, log::PURCHASE.into()).into(),
        Columns::identify(id, at).visitor(who).customer(customer).only(kind, log::IDENTIFY.into()).into(),
    ];
    tracker.extend_columns(&blocks).expect("room for them");
}

/// Lines of JSON to tracker, as they are read.
pub fn feed_lines(tracker: &mut Tracker, lines: impl BufRead) {
    let bad = |line| panic!("a line that reads: {line}");
    tracker.extend_lines(&mut jsonl::read(lines), bad).expect("room for them");
}

fn texts<'l>(texts: &'l log::Texts, rows: &std::ops::Range<usize>) -> Texts<'l> {
    Texts::packed(&texts.bytes, &texts.offsets[rows.start..=rows.end])
}

/// One row as an event.
fn event<'l>(log: &'l Log, names: &'l Names, row: usize) -> EventRef<'l> {
    let (id, who) = (log.id.get(row), log.who.get(row));
    let at = DateTime::from_timestamp_millis(log.at[row]).expect("an instant in range");
    let touch = || {
        let (topic, channel) = (log.topic[row] as usize, log.channel[row] as usize);
        EventRef::query(id, at).topic(&names.topics[topic]).channel(&names.channels[channel])
    };
    match log.kind[row] {
        log::TOUCH_BY_VISITOR => touch().visitor(who).into(),
        log::TOUCH_BY_CUSTOMER => touch().customer(who).into(),
        log::PURCHASE => {
            let total = Money::new(log.cents[row], names.currency);
            EventRef::order(id, at, id, total).customer(who).into()
        }
        _ => EventRef::identify(id, at).visitor(who).customer(log.customer.get(row)).into(),
    }
}

pub fn tracker() -> Tracker {
    Tracker::new(Key::new(*b"sixteen secrets!"))
}

/// The question in clinch's terms, over all that was ever recorded.
pub fn question(ask: &Ask) -> Question {
    let as_of: DateTime<Utc> = "2030-01-01T00:00:00Z".parse().expect("an instant");
    let mut question = Question::new(as_of);
    question.rules.lookback = Span::days(ask.window_days);
    question.by = vec![if ask.by_channel { Dimension::Channel } else { Dimension::Topic }];
    let decay = format!("time_decay:{}d", ask.half_life_days);
    let models = ["first_touch", "last_touch", "linear", "position_based", &decay];
    question.models = models.map(|model| model.parse().expect("a model")).into();
    question
}

/// The answer in cents, one row per label in the order of their names.
pub fn table(report: &Report, ask: &Ask) -> Table {
    let labels = ask.labels();
    let mut table = vec![[0.0; MODELS]; labels.len()];
    for row in &report.tables[0].rows {
        let place = labels.iter().position(|label| label == row.label.as_str()).expect("a label of the log");
        for (cell, figure) in table[place].iter_mut().zip(&row.models) {
            let cents: i64 = figure.value.replace('.', "").parse().expect("an amount");
            *cell = cents as f64;
        }
    }
    table
}

/// Rows one at a time into a tracker that watches the question, the answer up to date after each: what each took, and
/// the answer in the end.
pub fn live(
    tracker: &mut Tracker,
    log: &Log,
    names: &Names,
    rows: std::ops::Range<usize>,
    question: &Question,
) -> (Vec<Duration>, Report) {
    let watch = tracker.watch(question).expect("an answer");
    let step = |row| {
        let start = Instant::now();
        let _recorded = tracker.record_ref(event(log, names, row)).expect("room for it");
        tracker.settle().expect("an answer");
        start.elapsed()
    };
    let took = rows.map(step).collect();
    (took, tracker.watched(&watch).expect("an answer"))
}
