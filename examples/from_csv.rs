//! Turns two public data sets into event logs on standard output.
//!
//! ```text
//! cargo run --example from_csv -- online_retail FILE
//! cargo run --example from_csv -- ra_attribution EVENTS ORDERS
//! ```
//!
//! Every row becomes part of an event or is named on standard error with the reason; none is lost in silence.
//! Money goes from text to minor units without a float. Times without a zone are taken as UTC.

use std::collections::HashMap;
use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};

use chrono::{DateTime, NaiveDateTime, Utc};
use clinch::event::{OrderLine, RefundLine, jsonl};
use clinch::{Currency, Event, Identifiers, Money, Who};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let open = |path: &str| File::open(path).map_err(|error| format!("{path}: {error}"));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let log = match args[..] {
        ["online_retail", file] => online_retail(open(file)?)?,
        ["ra_attribution", events, orders] => ra_attribution(open(events)?, open(orders)?)?,
        _ => return Err("usage: from_csv online_retail FILE | ra_attribution EVENTS ORDERS".into()),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    for event in &log.events {
        writeln!(out, "{}", jsonl::write_line(event))?;
    }
    out.flush()?;
    log.unusable.iter().for_each(|reason| eprintln!("unusable: {reason}"));
    eprintln!("{} events from {} rows, {} rows unusable", log.events.len(), log.rows, log.unusable.len());
    Ok(())
}

/// What came of a file.
#[derive(Default)]
pub struct Log {
    /// The events by instant.
    pub events: Vec<Event>,
    /// How many rows were read, the header left aside.
    pub rows: usize,
    /// Why a row is in no event, with its line; one entry per row.
    pub unusable: Vec<String>,
}

impl Log {
    /// Hands each row to `take`; what it refuses is unusable.
    fn rows<T: DeserializeOwned>(
        &mut self,
        file: impl Read,
        mut take: impl FnMut(T) -> Outcome<()>,
    ) -> Outcome<()> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
        let headers = reader.headers()?.clone();
        for record in reader.records() {
            let record = record?;
            self.rows += 1;
            let line = record.position().map_or(0, |position| position.line());
            let taken = if record.len() == headers.len() {
                record.deserialize(Some(&headers)).map_err(Into::into).and_then(&mut take)
            } else {
                Err(format!("{} fields, not {}", record.len(), headers.len()).into())
            };
            if let Err(reason) = taken {
                self.unusable.push(format!("line {line}: {reason}"));
            }
        }
        Ok(())
    }
}

/// An order while its lines come in, one row each.
struct Invoice {
    id: String,
    at: DateTime<Utc>,
    /// Empty if the file does not say.
    customer: String,
    currency: Currency,
    lines: Vec<OrderLine>,
}

impl Invoice {
    /// The sum of the lines. An order without a customer is known by its checkout alone.
    fn into_event(self) -> Outcome<Event> {
        let sum = self.lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(line.total.minor()));
        let total = Money::new(sum.ok_or("the order's total is too large")?, self.currency);
        let who =
            if self.customer.is_empty() { Who::checkout(&self.id) } else { Who::customer(&self.customer) };
        let order = Event::order(format!("order-{}", self.id), self.at, who, &self.id, total);
        Ok(self.lines.into_iter().fold(order, |order, line| order.line(line)).into())
    }
}

/// Orders in the order in which their first rows came.
#[derive(Default)]
struct Invoices {
    all: Vec<Invoice>,
    places: HashMap<String, usize>,
}

impl Invoices {
    /// The row's order, which must agree with the order's earlier rows.
    fn of(&mut self, row: Invoice) -> Outcome<&mut Invoice> {
        let place = *self.places.entry(row.id.clone()).or_insert(self.all.len());
        if place == self.all.len() {
            self.all.push(row);
        } else if self.all[place].customer != row.customer || self.all[place].currency != row.currency {
            return Err("another customer or currency than in the order's earlier rows".into());
        }
        Ok(&mut self.all[place])
    }

    fn into_events(self) -> impl Iterator<Item = Outcome<Event>> {
        self.all.into_iter().map(Invoice::into_event)
    }
}

fn instant(text: &str, format: &str) -> Outcome<DateTime<Utc>> {
    let naive = NaiveDateTime::parse_from_str(text, format);
    Ok(naive.map_err(|_| "the time is not in the form of this file")?.and_utc())
}

/// One line of an invoice of "Online Retail".
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RetailRow {
    invoice_no: String,
    stock_code: String,
    quantity: i64,
    invoice_date: String,
    unit_price: String,
    #[serde(rename = "CustomerID")]
    customer: String,
}

impl RetailRow {
    /// Its invoice without lines, its pieces and what they came to.
    fn read(&self, pounds: Currency) -> Outcome<(Invoice, u32, Money)> {
        let pieces = u32::try_from(self.quantity.unsigned_abs())?;
        let price = Money::parse(&self.unit_price, pounds)?.minor();
        let total = price.checked_mul(i64::from(pieces)).filter(|total| *total >= 0);
        let total = total.ok_or("the amount is negative or too large")?;
        let invoice = Invoice {
            id: self.invoice_no.clone(),
            at: instant(&self.invoice_date, "%m/%d/%y %H:%M")?,
            customer: self.customer.clone(),
            currency: pounds,
            lines: Vec::new(),
        };
        Ok((invoice, pieces, Money::new(total, pounds)))
    }
}

/// Invoices become orders in GBP. A line of a cancellation (`C` before the number, negative quantity) becomes a
/// refund of the customer's latest earlier order with as many pieces of that product left. Where the file has no
/// such order, the refund names the cancellation's own number: it stays visible as a refund without its order,
/// and takes no credit from anybody.
pub fn online_retail(file: impl Read) -> Outcome<Log> {
    let pounds: Currency = "GBP".parse()?;
    let (mut log, mut orders, mut cancelled) = (Log::default(), Invoices::default(), Vec::new());
    log.rows(file, |row: RetailRow| {
        let (invoice, pieces, total) = row.read(pounds)?;
        match (row.invoice_no.starts_with('C'), row.quantity > 0) {
            (false, true) => {
                orders.of(invoice)?.lines.push(OrderLine::new(row.stock_code, pieces, total));
            }
            (true, false) => cancelled.push((invoice, OrderLine::new(row.stock_code, pieces, total))),
            _ => return Err("the quantity's sign does not fit the invoice".into()),
        }
        Ok(())
    })?;

    let mut returned: HashMap<(String, String), u32> = HashMap::new();
    for (place, (note, line)) in cancelled.into_iter().enumerate() {
        let product = line.product.to_string();
        let fitting = orders.all.iter().filter(|order| {
            let bought = order.lines.iter().filter(|bought| bought.product == line.product);
            let gone = returned.get(&(order.id.clone(), product.clone())).copied().unwrap_or(0);
            let pieces: u64 = bought.map(|bought| u64::from(bought.quantity)).sum();
            !note.customer.is_empty()
                && order.customer == note.customer
                && order.at <= note.at
                && pieces >= u64::from(gone) + u64::from(line.quantity)
        });
        let order = fitting.max_by_key(|order| order.at).map_or(&note.id, |order| &order.id);
        *returned.entry((order.clone(), product)).or_default() += line.quantity;
        let id = format!("{}-{place}", note.id);
        let refund = Event::refund(&id, note.at, &id, order, line.total);
        log.events.push(refund.line(RefundLine::new(&line.product, line.total)).into());
    }
    let mut events = orders.into_events().collect::<Outcome<Vec<_>>>()?;
    events.append(&mut log.events);
    events.sort_by_key(Event::at);
    Ok(Log { events, ..log })
}

/// The shop's own host: a page reached from it is no arrival.
const OWN_HOST: &str = "retailer.com";

/// One web event of `ra_attribution`.
#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct WebRow {
    event_id: String,
    domain_session_id: String,
    user_id: String,
    event_time: String,
    page_url: String,
    page_url_query: String,
    marketing_source: String,
    marketing_medium: String,
    marketing_campaign: String,
    marketing_term: String,
    marketing_content: String,
    referer_url_host: String,
}

impl WebRow {
    fn tags(&self) -> Vec<(&str, &str)> {
        let tags = [
            ("utm_source", &self.marketing_source),
            ("utm_medium", &self.marketing_medium),
            ("utm_campaign", &self.marketing_campaign),
            ("utm_term", &self.marketing_term),
            ("utm_content", &self.marketing_content),
        ];
        tags.into_iter().filter(|tag| !tag.1.is_empty()).map(|(name, value)| (name, value.as_str())).collect()
    }

    fn who(&self) -> Identifiers {
        let who = Who::visitor(&self.domain_session_id);
        if self.user_id.is_empty() { who } else { who.customer(&self.user_id) }
    }

    /// The page with its query and tags, where the file says anything of it.
    fn url(&self) -> Outcome<Option<Url>> {
        let tags = self.tags();
        if self.page_url.is_empty() && self.page_url_query.is_empty() && tags.is_empty() {
            return Ok(None);
        }
        let own = format!("https://{OWN_HOST}/");
        let mut url = Url::parse(if self.page_url.is_empty() { &own } else { &self.page_url })?;
        if url.query().is_none() && !self.page_url_query.is_empty() {
            url.set_query(Some(&self.page_url_query));
        }
        if !tags.is_empty() {
            url.query_pairs_mut().extend_pairs(tags);
        }
        Ok(Some(url))
    }

    /// A visit if tags or another host led here; else it only says that session and customer belong together.
    fn into_event(self) -> Outcome<Event> {
        let at = instant(&self.event_time, "%Y-%m-%d %H:%M:%S%.f")?;
        let foreign = !self.referer_url_host.is_empty() && self.referer_url_host != OWN_HOST;
        if !foreign && self.tags().is_empty() {
            return Ok(Event::identify(&self.event_id, at, self.who()).into());
        }
        let mut visit = Event::visit(&self.event_id, at, self.who());
        if let Some(url) = self.url()? {
            visit = visit.url(url.as_str());
        }
        if foreign {
            visit = visit.referrer(format!("https://{}/", self.referer_url_host));
        }
        Ok(visit.into())
    }
}

/// One order line of `ra_attribution`. It names no product, so each line is a product of its own.
#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
struct LineRow {
    order_line_id: String,
    order_id: String,
    user_id: String,
    order_date: String,
    local_currency: String,
    revenue_local_currency: String,
}

/// Web events become visits, or say whose session it was; order lines become orders in local currency.
pub fn ra_attribution(events: impl Read, orders: impl Read) -> Outcome<Log> {
    let (mut log, mut found, mut invoices) = (Log::default(), Vec::new(), Invoices::default());
    log.rows(events, |row: WebRow| {
        found.push(row.into_event()?);
        Ok(())
    })?;
    log.rows(orders, |row: LineRow| {
        let currency: Currency = row.local_currency.parse()?;
        let total = Money::parse(&row.revenue_local_currency, currency)?;
        let product = format!("{}-{}", row.order_id, row.order_line_id);
        let at = DateTime::parse_from_str(&row.order_date, "%Y-%m-%d %H:%M:%S%.f %z")?.to_utc();
        let invoice = Invoice { id: row.order_id, at, customer: row.user_id, currency, lines: Vec::new() };
        invoices.of(invoice)?.lines.push(OrderLine::new(product, 1, total));
        Ok(())
    })?;
    found.extend(invoices.into_events().collect::<Outcome<Vec<_>>>()?);
    found.sort_by_key(Event::at);
    Ok(Log { events: found, ..log })
}
