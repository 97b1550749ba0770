//! A server that receives the webhooks of all platforms, records what they say and answers as each platform asks.
//!
//! `cargo run --example webhooks [address]` (default `127.0.0.1:0`) prints the address it listens on. Secrets come from
//! the environment: `SHOPIFY_SECRET`, `WOOCOMMERCE_SECRET`, `BIGCOMMERCE_SECRET`, `ACP_SECRET`, `META_SECRET`,
//! `TWILIO_TOKEN`, `SEGMENT_SECRET`, `ADOBE_KEY` (PEM) and `UCP_PROFILE` (JSON); what has none is not served.
//!
//! | request | answer |
//! |---|---|
//! | `POST /<platform>` | 200 at once, before anything slow: Shopify gives up after 5 seconds, Meta and Twilio after 15 |
//! | the same, by what it says | the Agentic Commerce Protocol wants `{"received":true}`, Twilio a reply without messages, all others nothing |
//! | a bad signature, or none | 401, as Shopify's review demands; a body that is too large 413, one that is odd 400 |
//! | `GET /meta?hub.challenge=..` | the challenge, if the token is ours (`META_VERIFY`) |
//! | `GET /adobe?challenge=..` | the challenge |
//! | `GET /report`, `GET /receipt/<order>` | what is known now |
//!
//! What must not be answered late is done late: fetching an order that a thin webhook names goes on a list
//! (`GET /todo`) that another process works off.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};
use clinch::platform::acp::Acp;
use clinch::platform::adobe::Adobe;
use clinch::platform::bigcommerce::BigCommerce;
use clinch::platform::meta::Meta;
use clinch::platform::segment::Segment;
use clinch::platform::shopify::Shopify;
use clinch::platform::twilio::Twilio;
use clinch::platform::ucp::Ucp;
use clinch::platform::woocommerce::WooCommerce;
use clinch::platform::{Answer, Delivery, MAX_BODY_BYTES, Received, Refused, Target};
use clinch::{Key, Question, Tracker};
use tiny_http::{Header, Method, Request, Response, Server};

/// A request that takes longer than this, reading and all, is reported: the least patient platform waits 5 seconds.
const PATIENCE: Duration = Duration::from_secs(4);

/// One endpoint: the delivery, its target and now, to what came of it.
type Endpoint =
    Box<dyn Fn(&Delivery<'_>, &Target<'_>, DateTime<Utc>) -> Result<Received, Refused> + Send + Sync>;
type Endpoints = BTreeMap<&'static str, Endpoint>;

/// What all requests share.
struct Shop {
    tracker: Tracker,
    /// What is to be fetched or erased, one a line.
    todo: Vec<String>,
}

fn secret(name: &str) -> Option<Vec<u8>> {
    std::env::var(name).ok().filter(|secret| !secret.is_empty()).map(String::into_bytes)
}

/// The endpoints whose secrets are known.
fn endpoints() -> Result<Endpoints, Refused> {
    let mut endpoints = Endpoints::new();
    if let Some(secret) = secret("SHOPIFY_SECRET") {
        let shop = Shopify::new(&secret)?;
        endpoints.insert("/shopify", Box::new(move |delivery, _, now| shop.receive(delivery, now)));
    }
    if let Some(secret) = secret("WOOCOMMERCE_SECRET") {
        let shop = WooCommerce::new(&secret)?;
        endpoints.insert("/woocommerce", Box::new(move |delivery, _, now| shop.receive(delivery, now)));
    }
    if let Some(secret) = secret("BIGCOMMERCE_SECRET") {
        let shop = BigCommerce::new(&secret)?;
        endpoints.insert("/bigcommerce", Box::new(move |delivery, _, now| shop.receive(delivery, now)));
    }
    if let Some(key) = secret("ADOBE_KEY") {
        let mut shop = Adobe::new();
        shop.accept(&String::from_utf8_lossy(&key))?;
        endpoints.insert("/adobe", Box::new(move |delivery, _, now| shop.receive(delivery, now)));
    }
    if let Some(secret) = secret("ACP_SECRET") {
        let mut agent = Acp::new(&secret)?;
        agent.currency("EUR".parse().expect("a currency"));
        endpoints.insert("/acp", Box::new(move |delivery, _, now| agent.receive(delivery, now)));
    }
    if let Some(profile) = secret("UCP_PROFILE") {
        let mut agent = Ucp::new();
        agent.accept_keys(&profile)?;
        endpoints.insert("/ucp", Box::new(move |delivery, target, now| agent.receive(target, delivery, now)));
    }
    if let Some(secret) = secret("META_SECRET") {
        let app = Meta::new(&secret)?;
        endpoints.insert("/meta", Box::new(move |delivery, _, now| app.receive(delivery, now)));
    }
    if let Some(token) = secret("TWILIO_TOKEN") {
        let mut account = Twilio::new();
        account.accept(&token)?;
        let receive = move |delivery: &Delivery<'_>, target: &Target<'_>, now| {
            // The address as Twilio was told it, which is not always the one that a proxy passes on.
            account.receive(&format!("http://{}{}", target.authority, target.path), delivery, now)
        };
        endpoints.insert("/twilio", Box::new(receive));
    }
    if let Some(secret) = secret("SEGMENT_SECRET") {
        let mut source = Segment::new();
        source.accept(&secret)?;
        endpoints.insert("/segment", Box::new(move |delivery, _, now| source.receive(delivery, now)));
    }
    Ok(endpoints)
}

/// Status and text of an answer.
type Said = (u16, String);

/// What the request says, read and verified; nobody else waits for a slow sender.
fn receive(endpoint: &Endpoint, request: &mut Request, now: DateTime<Utc>) -> Result<Received, Refused> {
    let mut body = Vec::new();
    // One byte more than is allowed, so that too much is noticed and not read to its end. A body that breaks off has
    // no good signature.
    let most = MAX_BODY_BYTES as u64 + 1;
    let _cut_off = request.as_reader().take(most).read_to_end(&mut body);
    let named = |header: &tiny_http::Header| (header.field.to_string(), header.value.to_string());
    let headers: Vec<(String, String)> = request.headers().iter().map(named).collect();
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    let host = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host"));
    let (path, query) = parts(request.url());
    let target = Target { method: "POST", authority: host.map_or("", |(_, value)| value), path, query };
    endpoint(&Delivery { headers: &headers, body: &body }, &target, now)
}

/// Path and query.
fn parts(url: &str) -> (&str, Option<&str>) {
    url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)))
}

impl Shop {
    /// Records what was received and says so.
    fn take(&mut self, received: Result<Received, Refused>) -> Said {
        let received = match received {
            Ok(received) => received,
            // The reason is for our own log; the sender learns the status only.
            Err(refused) => {
                eprintln!("refused: {refused}");
                return (refused.status(), String::new());
            }
        };
        match received.answer {
            Answer::Events(events) => match self.tracker.extend(events) {
                Ok(_counted) => (Received::STATUS, String::new()),
                // Full: the platform tries again while somebody makes room.
                Err(error) => (503, error.to_string()),
            },
            Answer::Ignored(_) => (Received::STATUS, String::new()),
            other => {
                self.todo.push(format!("{} {other:?}", received.topic));
                (Received::STATUS, String::new())
            }
        }
    }

    fn get(&self, path: &str, query: Option<&str>, now: DateTime<Utc>) -> Said {
        let asked: BTreeMap<String, String> =
            url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
        let question = Question::new(now);
        match (path, path.strip_prefix("/receipt/")) {
            ("/meta", _) => match asked.get("hub.challenge") {
                Some(challenge)
                    if asked.get("hub.verify_token").cloned().map(String::into_bytes)
                        == secret("META_VERIFY") =>
                {
                    (200, challenge.clone())
                }
                _ => (403, String::new()),
            },
            ("/adobe", _) => (200, asked.get("challenge").cloned().unwrap_or_default()),
            ("/todo", _) => (200, self.todo.join("\n")),
            ("/report", _) => match self.tracker.report(&question) {
                Ok(report) => (200, report.to_string()),
                Err(error) => (500, error.to_string()),
            },
            (_, Some(order)) => match self.tracker.receipt(order, &question) {
                Ok(Some(receipt)) => (200, receipt.to_string()),
                Ok(None) => (404, String::new()),
                Err(error) => (500, error.to_string()),
            },
            _ => (404, String::new()),
        }
    }
}

/// What a platform wants to read, and of which type it is, where it wants anything.
fn wanted(path: &str, status: u16) -> Option<(&'static str, &'static str)> {
    let json = "application/json";
    match (path, status) {
        ("/acp", Received::STATUS) => Some((r#"{"received":true}"#, json)),
        ("/acp", 401) => Some((
            r#"{"type":"invalid_request","code":"invalid_signature","message":"The signature was not accepted."}"#,
            json,
        )),
        ("/acp", _) => Some((
            r#"{"type":"invalid_request","code":"invalid_body","message":"The body was not accepted."}"#,
            json,
        )),
        // Plain text would be sent to the shopper.
        ("/twilio", Received::STATUS) => Some(("<Response/>", "text/xml")),
        _ => None,
    }
}

fn answer(endpoints: &Endpoints, shop: &Mutex<Shop>, request: &mut Request) -> Said {
    let now = DateTime::<Utc>::from(SystemTime::now());
    let url = request.url().to_owned();
    let (path, query) = parts(&url);
    let shared = || shop.lock().unwrap_or_else(PoisonError::into_inner);
    match (request.method(), endpoints.get(path)) {
        (Method::Post, Some(endpoint)) => {
            let received = receive(endpoint, request, now);
            shared().take(received)
        }
        (Method::Post, None) => (404, String::new()),
        (Method::Get, _) => shared().get(path, query, now),
        _ => (405, String::new()),
    }
}

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let server = Server::http(&address).map_err(io::Error::other)?;
    let endpoints = Arc::new(endpoints().map_err(io::Error::other)?);
    let tracker = Tracker::new(Key::new(*b"sixteen secrets!"));
    let shop = Arc::new(Mutex::new(Shop { tracker, todo: Vec::new() }));
    println!("listening on http://{}", server.server_addr());
    for mut request in server.incoming_requests() {
        let (endpoints, shop) = (Arc::clone(&endpoints), Arc::clone(&shop));
        std::thread::spawn(move || {
            let began = Instant::now();
            let (status, text) = answer(&endpoints, &shop, &mut request);
            if began.elapsed() > PATIENCE {
                eprintln!("slow: {} {:?}", request.url(), began.elapsed());
            }
            let path = parts(request.url()).0;
            let asked = wanted(path, status).filter(|_| *request.method() == Method::Post);
            let (text, kind) = asked.map_or((text, "text/plain"), |(text, kind)| (text.to_owned(), kind));
            let kind = Header::from_bytes("Content-Type", kind).expect("a header");
            let response = Response::from_string(text).with_status_code(status).with_header(kind);
            // Who hung up meanwhile sends again.
            let _gone = request.respond(response);
        });
    }
    Ok(())
}
