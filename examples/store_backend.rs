//! A store backend with tables of its own: one shopper's rows in, credits back in one transaction. No tracker.
//!
//! `cargo run --release --example store_backend [FILE]`
//!
//! FILE is an SQLite database, made and filled if it is not there; default one in the temporary directory, which
//! is removed at the end. Running it twice on one file leaves the same credits.
//!
//! The way: `load_shopper` picks the rows of one customer and whatever shares an identifier, an order, a turn or
//! a code with them; `JourneyBuilder` makes paths of the events; `credit` and `credit_lines` make money of each
//! path under several models; `save_credits` replaces what stood there for the orders it speaks of.

use std::path::Path as FilePath;

use chrono::{DateTime, Utc};
use clinch::{
    Chosen, Claim, ConversionKind, Dimension, Event, Identifiers, JourneyBuilder, Money, OrderLine, Path,
    Rules, Who, credit, credit_lines,
};
use rusqlite::{Connection, Row, params};

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// Columns of the answer, side by side over the same paths.
pub const MODELS: [&str; 4] = ["first_touch", "last_touch", "linear", "time_decay:7d"];

/// Later rows are not seen. A real backend takes the instant at which its job began.
pub const AS_OF: &str = "2026-07-01T00:00:00Z";

/// Amounts are minor units (cents, yen) beside their currency, instants are RFC 3339 text.
///
/// `names` lists which fact names what: two facts that name the same thing belong into one load. Without an index
/// on each of these columns a real shop would scan its tables here.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS customers (customer TEXT PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS logins (
        login INTEGER PRIMARY KEY, at TEXT NOT NULL, visitor TEXT NOT NULL, customer TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS chat_turns (
        turn TEXT PRIMARY KEY, at TEXT NOT NULL, visitor TEXT, customer TEXT, conversation TEXT NOT NULL,
        channel TEXT NOT NULL, query TEXT NOT NULL, topic TEXT NOT NULL, intent TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS links (
        code TEXT PRIMARY KEY, at TEXT NOT NULL, turn TEXT NOT NULL, url TEXT NOT NULL, product TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS link_clicks (
        click INTEGER PRIMARY KEY, at TEXT NOT NULL, visitor TEXT NOT NULL, code TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS orders (
        order_no TEXT PRIMARY KEY, at TEXT NOT NULL, customer TEXT NOT NULL, visitor TEXT, code TEXT,
        total INTEGER NOT NULL, currency TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS order_lines (
        order_no TEXT NOT NULL, line INTEGER NOT NULL, product TEXT NOT NULL, quantity INTEGER NOT NULL,
        total INTEGER NOT NULL, PRIMARY KEY (order_no, line));
    CREATE TABLE IF NOT EXISTS refunds (
        refund TEXT PRIMARY KEY, at TEXT NOT NULL, order_no TEXT NOT NULL, amount INTEGER NOT NULL,
        currency TEXT NOT NULL);

    CREATE TABLE IF NOT EXISTS credits (
        order_no TEXT NOT NULL, model TEXT NOT NULL, touchpoint TEXT, unattributed TEXT,
        share TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL, rules TEXT NOT NULL,
        UNIQUE (order_no, model, touchpoint), CHECK ((touchpoint IS NULL) <> (unattributed IS NULL)));
    CREATE TABLE IF NOT EXISTS line_credits (
        order_no TEXT NOT NULL, model TEXT NOT NULL, line INTEGER NOT NULL, touchpoint TEXT NOT NULL,
        amount INTEGER NOT NULL, currency TEXT NOT NULL,
        PRIMARY KEY (order_no, model, line, touchpoint));

    CREATE VIEW IF NOT EXISTS names (fact, kind, value) AS
        SELECT 'login ' || login, 'visitor', visitor FROM logins
        UNION ALL SELECT 'login ' || login, 'customer', customer FROM logins
        UNION ALL SELECT 'turn ' || turn, 'turn', turn FROM chat_turns
        UNION ALL SELECT 'turn ' || turn, 'visitor', visitor FROM chat_turns
        UNION ALL SELECT 'turn ' || turn, 'customer', customer FROM chat_turns
        UNION ALL SELECT 'turn ' || turn, 'conversation', conversation FROM chat_turns
        UNION ALL SELECT 'link ' || code, 'code', code FROM links
        UNION ALL SELECT 'link ' || code, 'turn', turn FROM links
        UNION ALL SELECT 'click ' || click, 'visitor', visitor FROM link_clicks
        UNION ALL SELECT 'click ' || click, 'code', code FROM link_clicks
        UNION ALL SELECT 'order ' || order_no, 'order', order_no FROM orders
        UNION ALL SELECT 'order ' || order_no, 'customer', customer FROM orders
        UNION ALL SELECT 'order ' || order_no, 'visitor', visitor FROM orders
        UNION ALL SELECT 'order ' || order_no, 'code', code FROM orders
        UNION ALL SELECT 'refund ' || refund, 'order', order_no FROM refunds;";

/// k4 asks on the phone before logging in there, follows a link, asks again on WhatsApp and buys. A second order
/// comes through a link that the bot gave to k5. The tablet `v1` is used by both, so what was asked there without
/// a login is nobody's. `t4` asks where the parcel is: that sells nothing. Order 1004 is months later. k6 has
/// nothing to do with either, and is in no load but their own.
const SHOP: &str = "
    INSERT INTO customers VALUES ('k4'), ('k5'), ('k6');
    INSERT INTO logins VALUES
        (1, '2026-03-03T17:55:00Z', 'v9', 'k4'), (2, '2026-02-01T08:00:00Z', 'v1', 'k4'),
        (3, '2026-02-02T08:00:00Z', 'v1', 'k5');
    INSERT INTO chat_turns VALUES
        ('t1', '2026-03-02T10:00:00Z', 'v9', NULL, 'c1', 'web', 'have this in blue', 'availability', 'product'),
        ('t2', '2026-03-03T18:00:00Z', NULL, 'k4', 'c2', 'whatsapp', 'how long to deliver', 'delivery', 'product'),
        ('t3', '2026-03-05T12:00:00Z', NULL, 'k5', 'c3', 'web', 'gift for a tea lover', 'gifts', 'advice'),
        ('t4', '2026-03-06T09:00:00Z', NULL, 'k4', 'c4', 'web', 'where is my parcel', 'parcel', 'order_status'),
        ('t5', '2026-03-02T20:00:00Z', 'v1', NULL, 'c5', 'web', 'is it machine washable', 'care', 'product'),
        ('t6', '2026-03-08T07:00:00Z', NULL, 'k6', 'c6', 'web', 'do you have gift cards', 'gifts', 'product');
    INSERT INTO links VALUES
        ('7zk3q9t4', '2026-03-02T10:00:05Z', 't1', 'https://shop.example/p/1?clq=7zk3q9t4', 'blue-shirt'),
        ('m2d0x5wa', '2026-03-05T12:00:05Z', 't3', 'https://shop.example/p/7?clq=m2d0x5wa', 'teapot');
    INSERT INTO link_clicks VALUES (1, '2026-03-02T10:00:40Z', 'v9', '7zk3q9t4');
    INSERT INTO orders VALUES
        ('1001', '2026-03-03T18:20:00Z', 'k4', 'v9', NULL, 6490, 'EUR'),
        ('1002', '2026-03-07T21:00:00Z', 'k4', NULL, 'm2d0x5wa', 12000, 'JPY'),
        ('1003', '2026-03-08T21:00:00Z', 'k5', NULL, NULL, 1999, 'EUR'),
        ('1004', '2026-06-20T08:00:00Z', 'k4', NULL, NULL, 2500, 'EUR'),
        ('1005', '2026-03-08T07:30:00Z', 'k6', NULL, NULL, 5000, 'EUR');
    INSERT INTO order_lines VALUES
        ('1001', 1, 'blue-shirt', 1, 3990), ('1001', 2, 'socks', 2, 2000),
        ('1002', 1, 'teapot', 1, 12000), ('1003', 1, 'mug', 1, 1999);";

/// What a later refund writes: 10.00 EUR of order 1001, for no line in particular.
pub const REFUND: &str =
    "INSERT OR IGNORE INTO refunds VALUES ('r1', '2026-03-10T09:00:00Z', '1001', 1000, 'EUR')";

fn main() -> Result<()> {
    let given = std::env::args_os().nth(1);
    let file = match &given {
        Some(file) => file.into(),
        None => std::env::temp_dir().join(format!("clinch-store-{}.sqlite", std::process::id())),
    };
    println!("the shop's database: {}", file.display());
    let mut db = open_shop(&file)?;
    println!("\nas it is\n{}", credit_everybody(&mut db)?);
    let before = credit_rows(&db)?;
    credit_everybody(&mut db)?;
    let same = if credit_rows(&db)? == before { "the same" } else { "other" };
    println!("once more: {same} {} rows", before.len());
    db.execute(REFUND, [])?;
    println!("\nafter a refund of 10.00 EUR for order 1001\n{}", credit_everybody(&mut db)?);
    drop(db);
    if given.is_none() {
        std::fs::remove_file(&file)?;
    }
    Ok(())
}

/// Opens the shop's database; makes the tables and fills them if they are not there.
pub fn open_shop(file: &FilePath) -> Result<Connection> {
    let mut db = Connection::open(file)?;
    let tx = db.transaction()?;
    tx.execute_batch(SCHEMA)?;
    let empty: bool = tx.query_row("SELECT NOT EXISTS (SELECT 1 FROM customers)", [], |row| row.get(0))?;
    if empty {
        tx.execute_batch(SHOP)?;
    }
    tx.commit()?;
    Ok(db)
}

/// Credits shopper after shopper, each in a transaction of its own. Says what it did.
pub fn credit_everybody(db: &mut Connection) -> Result<String> {
    let customers = column(db, "SELECT customer FROM customers ORDER BY customer")?;
    customers.iter().map(|customer| credit_shopper(db, customer)).collect()
}

/// What stands in the two tables of credits, one text per row.
fn credit_rows(db: &Connection) -> Result<Vec<String>> {
    let whole =
        "SELECT concat_ws(' ', order_no, model, touchpoint, unattributed, share, amount, currency, rules)
        FROM credits ORDER BY 1";
    let by_line = "SELECT concat_ws(' ', order_no, model, line, touchpoint, amount, currency)
        FROM line_credits ORDER BY 1";
    Ok([column(db, whole)?, column(db, by_line)?].concat())
}

fn column(db: &Connection, sql: &str) -> Result<Vec<String>> {
    let mut statement = db.prepare(sql)?;
    let texts = statement.query_map([], |row| row.get(0))?;
    Ok(texts.collect::<Result<_, _>>()?)
}

/// The whole job for one shopper: load, credit, save. Says what it did.
pub fn credit_shopper(db: &mut Connection, customer: &str) -> Result<String> {
    let events = load_shopper(db, customer)?;
    let all: i64 = db.query_row("SELECT COUNT(DISTINCT fact) FROM names", [], |row| row.get(0))?;
    let mut told = format!("  {customer}: {} of {all} rows loaded\n", events.len());
    let rules = Rules::default();
    let mut orders = Vec::new();
    for claim in claims(events, &rules)? {
        // The load brings in some rows of other people; their orders are credited when it is their turn.
        if owner(db, &claim)?.as_deref() == Some(customer) {
            let credited = CreditedOrder::new(&claim, &rules)?;
            told += &credited.told(&claim);
            orders.push(credited);
        }
    }
    save_credits(db, customer, &orders, &rules)?;
    Ok(told)
}

/// The events of one shopper, and of whoever shares a visitor, conversation, order, turn or code with them.
///
/// Sharing is followed until nothing new turns up: whether a tablet is one person's shows only in the rows of
/// everybody who used it.
pub fn load_shopper(db: &Connection, customer: &str) -> Result<Vec<Event>> {
    db.execute_batch("CREATE TEMP TABLE IF NOT EXISTS loaded (fact TEXT PRIMARY KEY); DELETE FROM loaded;")?;
    db.execute(
        "INSERT INTO loaded
         WITH RECURSIVE reached (fact) AS (
             SELECT fact FROM names WHERE kind = 'customer' AND value = ?1
             UNION
             SELECT other.fact FROM reached
             JOIN names AS mine ON mine.fact = reached.fact
             JOIN names AS other ON other.kind = mine.kind AND other.value = mine.value)
         SELECT fact FROM reached",
        [customer],
    )?;
    load(db)
}

/// The events of the whole shop.
pub fn load_everybody(db: &Connection) -> Result<Vec<Event>> {
    db.execute_batch(
        "CREATE TEMP TABLE IF NOT EXISTS loaded (fact TEXT PRIMARY KEY); DELETE FROM loaded;
         INSERT INTO loaded SELECT DISTINCT fact FROM names;",
    )?;
    load(db)
}

/// Turns the rows whose facts stand in `loaded` into events. Ids get the table's name where two tables number
/// alike; those of turns stay, since credits lead back to the chat log by them.
fn load(db: &Connection) -> Result<Vec<Event>> {
    let logins = "SELECT login, at, visitor, customer FROM logins WHERE 'login ' || login IN loaded";
    let turns =
        "SELECT turn, at, visitor, customer, conversation, channel, query, topic, intent FROM chat_turns
        WHERE 'turn ' || turn IN loaded";
    let links = "SELECT links.code, links.at, links.turn, links.url, links.product, conversation
        FROM links JOIN chat_turns USING (turn) WHERE 'link ' || links.code IN loaded";
    let clicks = "SELECT click, at, visitor, code FROM link_clicks WHERE 'click ' || click IN loaded";
    let refunds =
        "SELECT refund, at, order_no, amount, currency FROM refunds WHERE 'refund ' || refund IN loaded";
    let mut events = Vec::new();
    read(db, logins, &mut events, |row| {
        let who = Who::visitor(text(row, 2)?).customer(text(row, 3)?);
        Ok(Event::identify(format!("login {}", row.get::<_, i64>(0)?), at(row)?, who).into())
    })?;
    read(db, turns, &mut events, |row| {
        let who = seen(row, 2, 3)?.conversation(text(row, 4)?);
        let turn = Event::query(text(row, 0)?, at(row)?, who).channel(text(row, 5)?).query(text(row, 6)?);
        Ok(turn.topic(text(row, 7)?).intent(text(row, 8)?).into())
    })?;
    read(db, links, &mut events, |row| {
        let (code, who) = (text(row, 0)?, Who::conversation(text(row, 5)?));
        let link = Event::link_shared(format!("link {code}"), at(row)?, who, text(row, 3)?).code(code);
        Ok(link.turn(text(row, 2)?).product(text(row, 4)?).into())
    })?;
    read(db, clicks, &mut events, |row| {
        let (id, who) = (format!("click {}", row.get::<_, i64>(0)?), Who::visitor(text(row, 2)?));
        Ok(Event::link_click(id, at(row)?, who).code(text(row, 3)?).into())
    })?;
    read(db, refunds, &mut events, |row| {
        let refund = text(row, 0)?;
        let id = format!("refund {refund}");
        Ok(Event::refund(id, at(row)?, refund, text(row, 2)?, money(row, 3, 4)?).into())
    })?;
    load_orders(db, &mut events)?;
    Ok(events)
}

fn load_orders(db: &Connection, events: &mut Vec<Event>) -> Result<()> {
    let orders = "SELECT order_no, at, customer, visitor, code, total, currency FROM orders
        WHERE 'order ' || order_no IN loaded";
    let lines = "SELECT product, quantity, total, ?2 FROM order_lines WHERE order_no = ?1 ORDER BY line";
    let mut lines = db.prepare(lines)?;
    read(db, orders, events, |row| {
        let (number, who) = (text(row, 0)?, seen(row, 3, 2)?);
        let mut order = Event::order(format!("order {number}"), at(row)?, who, &number, money(row, 5, 6)?);
        if let Some(code) = row.get::<_, Option<String>>(4)? {
            order = order.code(code);
        }
        let mut rows = lines.query(params![number, text(row, 6)?])?;
        while let Some(row) = rows.next()? {
            order = order.line(OrderLine::new(text(row, 0)?, row.get(1)?, money(row, 2, 3)?));
        }
        Ok(order.into())
    })
}

/// Runs a query and adds one event per row.
fn read(
    db: &Connection,
    sql: &str,
    events: &mut Vec<Event>,
    mut event: impl FnMut(&Row<'_>) -> Result<Event>,
) -> Result<()> {
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        events.push(event(row)?);
    }
    Ok(())
}

fn text(row: &Row<'_>, column: usize) -> Result<String> {
    Ok(row.get(column)?)
}

/// Every query has its instant in the second column.
fn at(row: &Row<'_>) -> Result<DateTime<Utc>> {
    Ok(text(row, 1)?.parse()?)
}

fn money(row: &Row<'_>, minor: usize, currency: usize) -> Result<Money> {
    Ok(Money::new(row.get(minor)?, text(row, currency)?.parse()?))
}

/// The visitor and the customer of a row, as far as it knows them.
fn seen(row: &Row<'_>, visitor: usize, customer: usize) -> Result<Identifiers> {
    let mut who = Identifiers::none();
    if let Some(visitor) = row.get::<_, Option<String>>(visitor)? {
        who = who.visitor(visitor);
    }
    if let Some(customer) = row.get::<_, Option<String>>(customer)? {
        who = who.customer(customer);
    }
    Ok(who)
}

/// One claim per conversion of everybody in the events.
fn claims(events: Vec<Event>, rules: &Rules) -> Result<Vec<Claim>> {
    let mut builder = JourneyBuilder::new();
    builder.rules(rules.clone());
    for event in events {
        if let clinch::Recorded::Dropped(reason) = builder.add(event)? {
            eprintln!("a row was dropped: {reason}. {}", reason.advice());
        }
    }
    Ok(builder.build(AS_OF.parse()?).into_iter().flat_map(|journey| journey.claims).collect())
}

/// Whose order it is, as the shop's own table says.
fn owner(db: &Connection, claim: &Claim) -> Result<Option<String>> {
    let ConversionKind::Order(order) = &claim.conversion.kind else { return Ok(None) };
    let sql = "SELECT customer FROM orders WHERE order_no = ?1";
    Ok(Some(db.query_row(sql, [order.as_str()], |row| row.get(0))?))
}

/// What goes into `credits` and `line_credits` for one order.
struct CreditedOrder {
    order: String,
    credits: Vec<OrderCredit>,
    lines: Vec<LineCredit>,
}

/// One row of `credits`: to a touchpoint, or to nothing with the reason.
struct OrderCredit {
    model: String,
    to: Result<String, String>,
    share: String,
    value: Money,
}

/// One row of `line_credits`; line 0 is what stands on no line, such as shipping.
struct LineCredit {
    model: String,
    line: usize,
    touchpoint: String,
    value: Money,
}

impl CreditedOrder {
    fn new(claim: &Claim, rules: &Rules) -> Result<Self> {
        let conversion = &claim.conversion;
        let path = Path::transformed(conversion, &claim.touchpoints, Dimension::Topic, rules.transform);
        let value = conversion.value.ok_or("an order without a value")?;
        let mut credited =
            Self { order: conversion.kind.id().to_owned(), credits: Vec::new(), lines: Vec::new() };
        for name in MODELS {
            let chosen: Chosen = name.parse()?;
            let model = chosen.model().ok_or("participation shares nothing")?;
            let credits = credit(model, &path)?;
            if let Some(reason) = claim.unattributed {
                credited.add(name, Err(reason.to_string()), "1.000000000", value);
            }
            for part in credits.credits {
                let given = part.value.ok_or("an order without a value")?;
                credited.add(name, Ok(part.touchpoint.to_string()), &part.share.to_string(), given);
            }
            for (place, line) in credit_lines(model, &path)?.into_iter().enumerate() {
                let number = if line.line.product.is_some() { place + 1 } else { 0 };
                for (touchpoint, value) in path.touchpoints().zip(line.values) {
                    let (model, touchpoint) = (name.to_owned(), touchpoint.id.to_string());
                    credited.lines.push(LineCredit { model, line: number, touchpoint, value });
                }
            }
        }
        Ok(credited)
    }

    fn add(&mut self, model: &str, to: Result<String, String>, share: &str, value: Money) {
        self.credits.push(OrderCredit { model: model.to_owned(), to, share: share.to_owned(), value });
    }

    /// The order, who was refused and why, and what each model gives.
    fn told(&self, claim: &Claim) -> String {
        let amount = |value: Option<Money>| value.map_or_else(String::new, |value| value.to_string());
        let (total, net) = (amount(claim.conversion.total), amount(claim.conversion.value));
        let mut told = format!("    order {}: {total}, of which {net} kept\n", self.order);
        for refused in &claim.refused {
            told += &format!("      {} refused: {}\n", refused.id, refused.reason);
        }
        for model in MODELS {
            let rows = self.credits.iter().filter(|row| row.model == model);
            let part = |row: &OrderCredit| match &row.to {
                Ok(touchpoint) => format!("{touchpoint} {}", row.value.amount()),
                Err(reason) => format!("unattributed ({reason}) {}", row.value.amount()),
            };
            told += &format!("      {model:13} {}\n", rows.map(part).collect::<Vec<_>>().join(", "));
        }
        told
    }
}

/// Replaces the credits of a customer's orders, all or none.
///
/// What stood there goes first, also for orders that no longer count, so that running it twice changes nothing
/// and a refund leaves no row behind.
fn save_credits(db: &mut Connection, customer: &str, orders: &[CreditedOrder], rules: &Rules) -> Result<()> {
    let tx = db.transaction()?;
    let own = "order_no IN (SELECT order_no FROM orders WHERE customer = ?1)";
    tx.execute(&format!("DELETE FROM credits WHERE {own}"), [customer])?;
    tx.execute(&format!("DELETE FROM line_credits WHERE {own}"), [customer])?;
    {
        let mut whole = tx.prepare("INSERT INTO credits VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
        let mut by_line = tx.prepare("INSERT INTO line_credits VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        for CreditedOrder { order, credits, lines } in orders {
            for OrderCredit { model, to, share, value } in credits {
                let (to, reason) = (to.as_ref().ok(), to.as_ref().err());
                let (minor, currency) = (value.minor(), value.currency().code());
                whole.execute(params![order, model, to, reason, share, minor, currency, rules.id()])?;
            }
            for LineCredit { model, line, touchpoint, value } in lines {
                let (minor, currency) = (value.minor(), value.currency().code());
                by_line.execute(params![order, model, *line as i64, touchpoint, minor, currency])?;
            }
        }
    }
    Ok(tx.commit()?)
}
