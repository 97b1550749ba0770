//! Attribution of a table of paths: rules, Markov removal effects and Shapley values.
//!
//! ```text
//! cargo run --release --example paths -- [OPTIONS] [FILE]...
//! ```
//!
//! A table is CSV with a header: one row for some journeys of one path, `path,conversions,value,nulls`. Several files
//! are one table; none, or `-`, is standard input. Rows of one path may repeat. A missing column `value` or `nulls` and
//! an empty cell, or `NA`, are 0. Labels are compared as they stand, without the spaces around them.
//!
//! | option | default | |
//! |---|---|---|
//! | `--model NAME[,NAME]...` | `all` | what to print; see below |
//! | `--separator TEXT` | `>` | between the labels of a path |
//! | `--delimiter CHARACTER` | `,` | between columns; `tab` for a tabulator |
//! | `--path NAME` | `path` | name of a column |
//! | `--conversions NAME` | `conversions` or `total_conversions` | |
//! | `--value NAME` | `value` or `total_conversion_value` | |
//! | `--nulls NAME` | `nulls`, `null` or `total_null` | |
//! | `--json` | | `{"model": {"label": {"conversions": .., "value": ..}}, "removal_effects": {"model": {"label": ..}}}` |
//! | `--more` | | reasons, totals, conversion probabilities and transition matrices too |
//!
//! Models: `first_touch`, `last_touch`, `last_non_direct`, `linear`, `linear_unique`, `position_based[:40/20/40]`,
//! `j_shaped`, `inverse_j`, `participation`; `markov[:ORDER][:REMOVAL][:allocated]` with order 1 to 4, or `auto`, and removal
//! `redirect_to_null`, `fail` or `detour`; `shapley[:GAME][:allocated]` with game `on_subsets`, `on_exactly` or `rate`,
//! in the game's own unit; `shapley:ordered`, which JSON tells by position too; `all`. In JSON a model has the name by
//! which it was asked for.
//!
//! What cannot be said is `null` in JSON and `-` in text, with a reason on standard error.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};

use clinch::model::{AtPosition, Markov, OrderChoice, Place};
use clinch::{
    Attribution, BuiltIn, Dimension, Game, MarkovCounts, Negative, PathTable, PerLabel, Removal, Shapley,
    choose_order, shapley_ordered,
};
use csv::StringRecord;
use serde_json::{Map, Value, json};
use smallvec::SmallVec;

type Outcome<T> = Result<T, Box<dyn Error>>;

const USAGE: &str = "usage: paths [--model NAME,..] [--separator TEXT] [--delimiter C] [--path NAME] \
[--conversions NAME] [--value NAME] [--nulls NAME] [--json] [--more] [FILE]..";

/// What `all` stands for.
const ALL: [&str; 15] = [
    "first_touch",
    "last_touch",
    "last_non_direct",
    "linear",
    "linear_unique",
    "position_based",
    "j_shaped",
    "inverse_j",
    "markov:1",
    "markov:2",
    "markov:3",
    "shapley",
    "shapley:on_exactly",
    "shapley:rate",
    "shapley:ordered",
];

fn main() {
    if let Err(error) = run() {
        eprintln!("paths: {error}");
        std::process::exit(2);
    }
}

fn run() -> Outcome<()> {
    let Some(options) = Options::parse(std::env::args().skip(1))? else {
        println!("{USAGE}");
        return Ok(());
    };
    let mut table = PathTable::new();
    for file in &options.files {
        let read = match file.as_str() {
            "-" => read(io::stdin().lock(), &options, &mut table),
            _ => match File::open(file) {
                Ok(file) => read(file, &options, &mut table),
                Err(error) => Err(error.into()),
            },
        };
        read.map_err(|error| format!("{}: {error}", if file == "-" { "standard input" } else { file }))?;
    }
    let answers =
        options.models.iter().map(|model| Answer::new(model, &table)).collect::<Outcome<Vec<_>>>()?;
    answers.iter().for_each(Answer::warn);
    let mut out = BufWriter::new(io::stdout().lock());
    if options.json {
        writeln!(out, "{:#}", in_json(&answers, options.more))?;
    } else {
        answers.iter().try_for_each(|answer| answer.print(&mut out, options.more))?;
    }
    out.flush()?;
    Ok(())
}

/// What the user asks for.
struct Options {
    models: Vec<String>,
    separator: String,
    delimiter: u8,
    /// Names of columns that the user gave: path, conversions, value, nulls.
    columns: [Option<String>; 4],
    json: bool,
    more: bool,
    files: Vec<String>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Outcome<Option<Self>> {
        let mut options = Self {
            models: Vec::new(),
            separator: ">".to_owned(),
            delimiter: b',',
            columns: Default::default(),
            json: false,
            more: false,
            files: Vec::new(),
        };
        while let Some(argument) = arguments.next() {
            // `--separator=X` and `--separator X` are the same.
            let (name, mut given) = match argument.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
                _ => (argument.as_str(), None),
            };
            let mut value = || {
                let value = given.take().or_else(|| arguments.next());
                value.ok_or_else(|| format!("{name} needs a value\n{USAGE}"))
            };
            match name {
                "--model" | "--models" => {
                    options.models.extend(value()?.split(',').map(|model| model.trim().to_owned()));
                }
                "--separator" | "--sep" => options.separator = value()?,
                "--delimiter" => options.delimiter = delimiter(&value()?)?,
                "--path" => options.columns[0] = Some(value()?),
                "--conversions" => options.columns[1] = Some(value()?),
                "--value" => options.columns[2] = Some(value()?),
                "--nulls" => options.columns[3] = Some(value()?),
                "--json" => options.json = true,
                "--more" => options.more = true,
                "--help" | "-h" => return Ok(None),
                _ if name.starts_with("--") => return Err(format!("unknown option {name}\n{USAGE}").into()),
                _ => options.files.push(argument.clone()),
            }
            if let Some(value) = given {
                return Err(format!("{name} takes no value, but `{value}` was given").into());
            }
        }
        if options.separator.is_empty() {
            return Err("the separator is empty: a path could not be cut anywhere".into());
        }
        if options.files.is_empty() {
            options.files.push("-".to_owned());
        }
        options.name_models();
        Ok(Some(options))
    }

    /// Puts all models in place of `all` or none, each once.
    fn name_models(&mut self) {
        if self.models.is_empty() {
            self.models.push("all".to_owned());
        }
        let asked = std::mem::take(&mut self.models);
        for model in asked {
            let names = if model == "all" { ALL.map(str::to_owned).to_vec() } else { vec![model] };
            for name in names {
                if !self.models.contains(&name) {
                    self.models.push(name);
                }
            }
        }
    }
}

fn delimiter(text: &str) -> Outcome<u8> {
    match text.as_bytes() {
        _ if text == "tab" || text == "\\t" => Ok(b'\t'),
        [one] if one.is_ascii() && !matches!(one, b'"' | b'\n' | b'\r') => Ok(*one),
        _ => Err(format!("`{text}` is no delimiter: write one character, or `tab`").into()),
    }
}

/// Where the columns of a table are.
struct Columns {
    path: usize,
    conversions: usize,
    value: Option<usize>,
    nulls: Option<usize>,
}

impl Columns {
    /// The usual names, the first of which the header has.
    const USUAL: [&[&str]; 4] = [
        &["path"],
        &["conversions", "total_conversions"],
        &["value", "total_conversion_value"],
        &["nulls", "null", "total_null"],
    ];

    fn find(header: &StringRecord, given: &[Option<String>; 4]) -> Outcome<Self> {
        let names: Vec<&str> = header.iter().map(str::trim).collect();
        let place = |which: usize| -> Outcome<Option<usize>> {
            let find = |name: &str| names.iter().position(|held| *held == name);
            match &given[which] {
                None => Ok(Self::USUAL[which].iter().find_map(|name| find(name))),
                Some(name) => match find(name) {
                    Some(place) => Ok(Some(place)),
                    None => Err(format!("there is no column `{name}`, only {}", names.join(", ")).into()),
                },
            }
        };
        let needed = |which: usize, option: &str| {
            let message = || {
                let [usual, ..] = Self::USUAL[which] else { unreachable!() };
                format!("there is no column `{usual}`, only {}; name it with {option}", names.join(", "))
            };
            Ok::<usize, Box<dyn Error>>(place(which)?.ok_or_else(message)?)
        };
        let (path, conversions) = (needed(0, "--path")?, needed(1, "--conversions")?);
        Ok(Self { path, conversions, value: place(2)?, nulls: place(3)? })
    }
}

/// Adds the rows of a file to a table.
fn read(file: impl Read, options: &Options, table: &mut PathTable) -> Outcome<()> {
    let mut reader = csv::ReaderBuilder::new().delimiter(options.delimiter).from_reader(file);
    let header = reader.headers()?.clone();
    if header.is_empty() {
        return Err("the file is empty: its first line names the columns".into());
    }
    let columns = Columns::find(&header, &options.columns)?;
    let mut record = StringRecord::new();
    // Errors of the reader name the line themselves.
    while reader.read_record(&mut record)? {
        add_row(&record, &columns, &options.separator, table).map_err(|error| {
            let line = record.position().map_or(0, |position| position.line());
            format!("line {line}: {error}")
        })?;
    }
    Ok(())
}

fn add_row(record: &StringRecord, columns: &Columns, separator: &str, table: &mut PathTable) -> Outcome<()> {
    let text = |column: usize| record[column].trim_ascii();
    let optional = |name: &str, column: Option<usize>| match column {
        Some(column) => number(name, text(column)),
        None => Ok(0.0),
    };
    let outcome = clinch::Outcome {
        conversions: number("conversions", text(columns.conversions))?,
        value: optional("value", columns.value)?,
        nulls: optional("nulls", columns.nulls)?,
    };
    let path = text(columns.path);
    if path.is_empty() {
        return Ok(table.add([""; 0], outcome)?);
    }
    let labels = cut(path, separator);
    if let Some(place) = labels.iter().position(|label| label.is_empty()) {
        return Err(format!("label {} of the path `{path}` is empty", place + 1).into());
    }
    Ok(table.add(labels, outcome)?)
}

/// The labels of a path. Most separators are one byte and most labels short: a plain loop is faster than a search.
fn cut<'t>(path: &'t str, separator: &str) -> SmallVec<[&'t str; 32]> {
    let &[separator] = separator.as_bytes() else {
        return path.split(separator).map(str::trim_ascii).collect();
    };
    let (mut labels, mut start) = (SmallVec::new(), 0);
    for (place, byte) in path.bytes().enumerate() {
        if byte == separator {
            labels.push(path[start..place].trim_ascii());
            start = place + 1;
        }
    }
    labels.push(path[start..].trim_ascii());
    labels
}

/// A cell as a number; nothing and `NA` are 0.
fn number(column: &str, text: &str) -> Outcome<f64> {
    if text.is_empty() || text == "NA" {
        return Ok(0.0);
    }
    let read = plain(text).map_or_else(|| text.parse(), Ok);
    read.map_err(|_| format!("{column} `{text}` is not a number").into())
}

/// Decimals of up to 15 digits: both numbers are exact then, and the quotient is the nearest to what was written.
fn plain(text: &str) -> Option<f64> {
    const POWERS: [f64; 16] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let (mut digits, mut sum, mut point) = (0, 0_u64, None);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' if digits < 15 => {
                digits += 1;
                sum = sum * 10 + u64::from(byte - b'0');
            }
            b'.' if point.is_none() => point = Some(digits),
            _ => return None,
        }
    }
    let decimals = digits - point.unwrap_or(digits);
    (digits > 0).then(|| sum as f64 / POWERS[decimals])
}

/// What one model says of the table.
struct Answer {
    /// As it was asked for.
    name: String,
    attribution: Attribution,
    /// For models with removal effects.
    markov: Option<Markov>,
    /// Why the order is what it is, where it was left to the table.
    choice: Option<OrderChoice>,
    /// What each label gets by position, where that is told.
    positions: Vec<Vec<AtPosition>>,
}

impl Answer {
    fn new(name: &str, table: &PathTable) -> Outcome<Self> {
        let rule = |attribution| Self::plain(name, attribution);
        let mut parts = name.split(':');
        match parts.next() {
            Some("markov") => Self::markov(name, parts, table),
            Some("shapley") => Self::shapley(name, parts, table),
            Some("participation") if name == "participation" => Ok(rule(table.participation())),
            _ => Ok(rule(table.attribution(&name.parse::<BuiltIn>().map_err(|_| unknown(name))?)?)),
        }
    }

    fn plain(name: &str, attribution: Attribution) -> Self {
        Self { name: name.to_owned(), attribution, markov: None, choice: None, positions: Vec::new() }
    }

    /// `shapley[:GAME][:allocated]` or `shapley:ordered`.
    fn shapley<'n>(name: &str, parts: impl Iterator<Item = &'n str>, table: &PathTable) -> Outcome<Self> {
        let (mut game, mut allocated, mut positions) = (Game::default(), false, Vec::new());
        for part in parts {
            match part {
                "allocated" => allocated = true,
                "ordered" if name == "shapley:ordered" => {
                    positions = shapley_ordered(table).into_iter().map(|row| row.positions).collect();
                }
                // The short form too.
                "exactly" | "exact" => game = Game::OnExactly,
                _ => game = part.parse().map_err(|_| unknown(name))?,
            }
        }
        let shapley = Shapley::fit(table, game);
        let mut attribution = shapley.attribution().clone();
        if allocated {
            let allocation = shapley.allocation(Dimension::default(), Negative::default())?;
            return Ok(Self::plain(name, allocation.attribution(table)));
        }
        // The values themselves, also where they are no shares.
        attribution.labels = shapley.values().to_vec();
        attribution.no_conversions = None;
        attribution.no_value = None;
        Ok(Self { positions, ..Self::plain(name, attribution) })
    }

    /// `markov[:ORDER][:REMOVAL][:allocated]`.
    fn markov<'n>(name: &str, parts: impl Iterator<Item = &'n str>, table: &PathTable) -> Outcome<Self> {
        let (mut order, mut removal, mut allocated) = (1, Removal::default(), false);
        let mut choice = None;
        for part in parts {
            if let Ok(number) = part.parse() {
                order = number;
            } else if part == "auto" {
                let found = choose_order(table);
                order = found.order.unwrap_or(1);
                choice = Some(found);
            } else if part == "allocated" {
                allocated = true;
            } else {
                removal = part.parse().map_err(|_| unknown(name))?;
            }
        }
        let markov = MarkovCounts::of(table, order)?.fit(removal);
        let attribution = if allocated {
            markov.allocation(Dimension::default(), Negative::default())?.attribution(table)
        } else {
            markov.attribution().clone()
        };
        Ok(Self { markov: Some(markov), choice, ..Self::plain(name, attribution) })
    }

    /// Says on standard error what could not be said.
    fn warn(&self) {
        let Attribution { no_conversions, no_value, total, unattributed, .. } = &self.attribution;
        if let Some(reason) = no_conversions {
            eprintln!("{}: no shares of conversions ({reason}): {}", self.name, reason.advice());
        }
        if let Some(reason) = no_value.filter(|_| total.value != 0.0) {
            eprintln!("{}: no shares of value ({reason}): {}", self.name, reason.advice());
        }
        if unattributed.conversions != 0.0 || unattributed.value != 0.0 {
            let clinch::Outcome { conversions, value, .. } = unattributed;
            eprintln!(
                "{}: {conversions} conversions and a value of {value} are credited to no label",
                self.name
            );
        }
    }

    fn print(&self, out: &mut impl Write, more: bool) -> Outcome<()> {
        let mut rows = vec![["", "conversions", "value"].map(str::to_owned).to_vec()];
        rows[0][0] = self.name.clone();
        if self.markov.is_some() {
            rows[0].extend(["effect on conversions", "effect on value"].map(str::to_owned));
        }
        let effects = self.markov.iter().flat_map(|markov| markov.removal_effects());
        let mut effects = effects.map(|effect| [effect.conversions, effect.value]);
        for row in &self.attribution.labels {
            let mut cells = vec![printable(&row.name())];
            cells.extend([row.conversions, row.value].map(cell));
            cells.extend(effects.next().into_iter().flatten().map(cell));
            rows.push(cells);
        }
        print_table(out, &rows)?;
        if let Some(choice) = &self.choice {
            let names = ["order", "states", "bits a journey", "behind the best", "standard error"];
            let mut rows = vec![names.map(str::to_owned).to_vec()];
            rows.extend(choice.evidence.iter().map(|of| {
                let bits =
                    [of.bits_per_journey, of.behind_best, of.standard_error].map(|bits| cell(Some(bits)));
                [of.order.to_string(), of.states.to_string()].into_iter().chain(bits).collect()
            }));
            print_table(out, &rows)?;
        }
        if let Some(markov) = self.markov.as_ref().filter(|_| more) {
            let [chance, value] = [markov.conversion_probability(), markov.value_per_journey()].map(cell);
            writeln!(out, "P(conversion) {chance}, value of a journey {value}\n")?;
            let mut rows = vec![["from", "to", "probability"].map(str::to_owned).to_vec()];
            rows.extend(markov.transitions().map(|step| {
                vec![
                    printable(&step.from.to_string()),
                    printable(&step.to.to_string()),
                    cell(Some(step.probability)),
                ]
            }));
            print_table(out, &rows)?;
        }
        Ok(())
    }
}

fn unknown(name: &str) -> String {
    format!(
        "`{name}` is no model: write {}, participation, markov[:ORDER|:auto][:redirect_to_null|:fail|:detour][:allocated] or \
shapley[:on_subsets|:on_exactly|:rate][:allocated]",
        ALL.join(", ")
    )
}

fn cell(number: Option<f64>) -> String {
    number.map_or("-".to_owned(), |number| format!("{number:.6}"))
}

/// Without control characters, so that no label writes a line of its own.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The first column to the left, numbers to the right.
fn print_table(out: &mut impl Write, rows: &[Vec<String>]) -> Outcome<()> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    writeln!(out)?;
    Ok(())
}

fn in_json(answers: &[Answer], more: bool) -> Value {
    let (mut all, mut effects) = (Map::new(), Map::new());
    for answer in answers {
        let mut labels = per_label(&answer.attribution.labels);
        for (row, positions) in answer.attribution.labels.iter().zip(&answer.positions) {
            labels[row.name()]["positions"] = json!(positions);
        }
        all.insert(answer.name.clone(), labels);
        if let Some(markov) = &answer.markov {
            effects.insert(answer.name.clone(), per_label(markov.removal_effects()));
        }
    }
    all.insert("removal_effects".to_owned(), effects.into());
    if more {
        let each = |tell: &dyn Fn(&Answer) -> Option<Value>| -> Value {
            let told = answers.iter().filter_map(|answer| Some((answer.name.clone(), tell(answer)?)));
            told.collect::<Map<_, _>>().into()
        };
        let of_markov = |tell: fn(&Markov) -> Value| move |answer: &Answer| answer.markov.as_ref().map(tell);
        let matrix = |markov: &Markov| {
            markov.transitions().map(|step| transition(&step.from, &step.to, step.probability)).collect()
        };
        all.insert("transition_matrix".to_owned(), each(&of_markov(matrix)));
        let chance = |markov: &Markov| json!(markov.conversion_probability());
        all.insert("conversion_probability".to_owned(), each(&of_markov(chance)));
        let status = |answer: &Answer| {
            let Attribution { no_conversions, no_value, total, unattributed, .. } = &answer.attribution;
            Some(json!({
                "no_conversions": no_conversions, "no_value": no_value, "total": total, "unattributed": unattributed,
            }))
        };
        all.insert("status".to_owned(), each(&status));
        all.insert(
            "order_choice".to_owned(),
            each(&|answer| answer.choice.as_ref().map(|choice| json!(choice))),
        );
    }
    all.into()
}

fn per_label(rows: &[PerLabel]) -> Value {
    let row = |row: &PerLabel| (row.name(), json!({ "conversions": row.conversions, "value": row.value }));
    rows.iter().map(row).collect::<Map<_, _>>().into()
}

fn transition(from: &Place, to: &Place, probability: f64) -> Value {
    json!({ "from": from.to_string(), "to": to.to_string(), "probability": probability })
}
