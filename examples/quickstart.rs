//! A conversation, a tagged link, an order, a refund: who earned what is left?
//!
//! `cargo run --release --example quickstart`

use clinch::{Event, Key, Money, Question, Result, Tracker, Who};

fn main() -> Result<()> {
    let at = |text: &str| text.parse().expect("an instant as in RFC 3339");
    let eur = |text: &str| Money::parse(text, "EUR".parse()?);

    // The key turns identifiers into pseudonyms; a real one comes from the host's secret store.
    let mut tracker = Tracker::new(Key::new(*b"keep me secret!!"));

    // Monday: an anonymous visitor asks the bot, and later follows the link that it sent.
    let chat = || Who::visitor("v9").conversation("c1");
    let question = Event::query("turn-1", at("2026-03-02T10:00:00Z"), chat())
        .query("have this in blue")
        .topic("availability")
        .channel("web");
    let link = Event::link_shared(
        "link-1",
        at("2026-03-02T10:00:05Z"),
        chat(),
        "https://shop.example/p/1?clq=7zk3q9t4",
    )
    .turn("turn-1")
    .product("blue-shirt");
    let click = Event::link_click("click-1", at("2026-03-02T10:00:40Z"), chat())
        .url("https://shop.example/p/1?clq=7zk3q9t4")
        .product("blue-shirt");

    // Tuesday: another question, then the order. The shop knows the customer; the visitor id joins the two.
    let second = Event::query("turn-2", at("2026-03-03T18:00:00Z"), Who::visitor("v9").conversation("c2"))
        .query("how long does delivery take")
        .topic("delivery")
        .channel("whatsapp");
    let buyer = Who::customer("k4").visitor("v9");
    let order = Event::order("order-1", at("2026-03-03T18:20:00Z"), buyer, "1001", eur("59.90")?)
        .line(clinch::OrderLine::new("blue-shirt", 1, eur("59.90")?));

    // A week later a part is given back. What counts is what is left.
    let refund = Event::refund("refund-1", at("2026-03-10T09:00:00Z"), "r1", "1001", eur("10.00")?);

    let events: [Event; 6] =
        [question.into(), link.into(), click.into(), second.into(), order.into(), refund.into()];
    let intake = tracker.extend(events)?;
    println!("{intake}\n");

    let asked = Question::new(at("2026-04-01T00:00:00Z"));
    println!("{}\n", tracker.report(&asked)?);
    if let Some(receipt) = tracker.receipt("1001", &asked)? {
        println!("{receipt}");
    }
    Ok(())
}
