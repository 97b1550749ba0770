//! A conversation, a tagged link, an order, a refund: who earned what is left?
//!
//! `cargo run --release --example quickstart`

use clinch::link::{Code, Tagger, Utm};
use clinch::{Event, Key, Money, OrderLine, Question, Tracker, Who};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let at = |text: &str| text.parse().expect("an instant as in RFC 3339");
    let eur = |text: &str| Money::parse(text, "EUR".parse()?);

    // The key turns identifiers into pseudonyms; a real one comes from the host's secret store.
    let mut tracker = Tracker::new(Key::new(*b"keep me secret!!"));

    // Monday: an anonymous visitor asks the bot, which answers with a tagged link.
    let chat = || Who::visitor("v9").conversation("c1");
    tracker.record(
        Event::query("turn-1", at("2026-03-02T10:00:00Z"), chat())
            .query("have this in blue")
            .topic("availability")
            .channel("web"),
    )?;
    let code = Code::new("7zk3q9t4m2d0x5wa")?;
    let mut tagger = Tagger::new();
    tagger.set(Utm::Source, "shopbot").set(Utm::Medium, "referral");
    let link = tagger.tag("https://shop.example/p/1?color=blue#reviews", Some(&code)).into_link();
    println!("{link}\n");
    tracker.record(
        Event::link_shared("link-1", at("2026-03-02T10:00:05Z"), chat(), link.as_str())
            .code(&code)
            .product("blue-shirt"),
    )?;

    // In the evening the link is opened: its code says which question sent it.
    let later = || Who::visitor("v9");
    tracker.record(Event::link_click("click-1", at("2026-03-02T19:30:00Z"), later()).url(link.as_str()))?;

    // Tuesday: another question, then the order. The shop knows the customer; the visitor id joins the two.
    tracker.record(
        Event::query("turn-2", at("2026-03-03T18:00:00Z"), later().conversation("c2"))
            .query("how long does delivery take")
            .topic("delivery")
            .channel("web"),
    )?;
    let buyer = later().customer("k4");
    tracker.record(
        Event::order("order-1", at("2026-03-03T18:20:00Z"), buyer, "1001", eur("59.90")?)
            .line(OrderLine::new("blue-shirt", 1, eur("59.90")?)),
    )?;

    // A week later a part is given back. What counts is what is left.
    tracker.record(Event::refund("refund-1", at("2026-03-10T09:00:00Z"), "r1", "1001", eur("10.00")?))?;

    let asked = Question::new(at("2026-04-01T00:00:00Z"));
    println!("{}\n", tracker.report(&asked)?);
    println!("{}", tracker.receipt("1001", &asked)?.expect("an order that was recorded"));
    Ok(())
}
