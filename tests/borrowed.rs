//! Events that borrow their text say what the owned ones say.

mod world;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use clinch::event::{OrderLine, jsonl};
use clinch::{
    Event, EventRef, IdKind, Identifier, IdentifierRef, Identifiers, Money, Order, OrderRefund, RefundLine,
    Who,
};
use clinch::{OrderStatus, Purpose};
use proptest::prelude::*;

fn at() -> DateTime<Utc> {
    world::start()
}

fn eur(minor: i64) -> Money {
    Money::new(minor, "EUR".parse().unwrap())
}

proptest! {
    #![proptest_config(world::cases())]

    #[test]
    fn an_event_reads_back_from_what_borrows_it(event in world::event()) {
        let borrowed = EventRef::from(&event);
        prop_assert_eq!(borrowed.id.as_ref(), event.id().as_str());
        prop_assert_eq!(borrowed.clone(), borrowed.clone());
        prop_assert_eq!(Event::from(borrowed), event);
    }

    #[test]
    fn a_log_in_memory_and_a_source_give_the_same_events_and_errors(
        events in world::world(8),
        bad in prop::sample::select(vec!["", "nope", "{}", "\u{feff}", " \t"]),
        end in prop::sample::select(vec!["\n", "\r\n"]),
        after in 0..8_usize,
    ) {
        let mut lines: Vec<String> = events.iter().map(jsonl::write_line).collect();
        lines.insert(after.min(lines.len()), bad.to_owned());
        let log = lines.join(end);
        let owned: Vec<_> = jsonl::read(log.as_bytes()).map(|read| read.map_err(|e| e.to_string())).collect();
        let all = jsonl::lines(log.as_bytes()).map(|read| read.map(Event::from).map_err(|e| e.to_string()));
        prop_assert_eq!(&all.collect::<Vec<_>>(), &owned);
        let mut reader = jsonl::read(log.as_bytes());
        let mut lent = Vec::new();
        while let Some(read) = reader.next_borrowed() {
            lent.push(read.map(Event::from).map_err(|e| e.to_string()));
        }
        prop_assert_eq!(lent, owned);
        // Any other format that serde reads gives the same through `EventRef`.
        for line in &lines {
            let by_serde = serde_json::from_str::<EventRef<'_>>(line).ok().map(Event::from);
            prop_assert_eq!(by_serde, jsonl::read_line(line.as_bytes()).ok());
        }
    }

    #[test]
    fn a_normalised_identifier_is_the_identifier_and_stays_it(text in "[ +0-9a-cA-CßÄΣİ@.-]{0,8}") {
        for kind in IdKind::ALL {
            let normalised = kind.normalised(&text);
            let identifier = Identifier::new(kind, &text);
            prop_assert_eq!(&*normalised, identifier.as_str());
            if kind != IdKind::Email {
                prop_assert_eq!(kind.normalised(&normalised), &*normalised);
            }
        }
        prop_assert_eq!(IdKind::Email.normalised(&text), text.trim().to_lowercase());
    }
}

#[test]
fn what_is_normalised_already_is_not_copied() {
    for (kind, text) in [
        (IdKind::Email, "ada@example.com"),
        (IdKind::Email, " ada@example.com\n"),
        (IdKind::Phone, "+4930123456"),
        (IdKind::Phone, "4930123456 "),
        (IdKind::Visitor, " V9 "),
    ] {
        assert!(matches!(kind.normalised(text), Cow::Borrowed(_)), "{text:?}");
    }
    assert_eq!(IdKind::Email.normalised("Ada@Example.com"), "ada@example.com");
    assert_eq!(IdKind::Phone.normalised("+49+1"), "+491");
}

/// Each constructor of a borrowed event beside its owned namesake.
fn who() -> Identifiers {
    Who::visitor("v9").email("Ada@Example.com")
}

/// What happens in a chat and how shoppers come in, borrowed and owned.
fn of_chats() -> Vec<(EventRef<'static>, Event)> {
    vec![
        (
            EventRef::query("e", at()).topic("t").text("x").product("p").product("q").cost(eur(1)).into(),
            Event::query("e", at(), who()).topic("t").text("x").product("p").product("q").cost(eur(1)).into(),
        ),
        (
            EventRef::query("e", at())
                .query("q")
                .intent("i")
                .flow("f")
                .product_type("shoes")
                .language("de")
                .into(),
            Event::query("e", at(), who())
                .query("q")
                .intent("i")
                .flow("f")
                .product_type("shoes")
                .language("de")
                .into(),
        ),
        (
            EventRef::recommendation("e", at(), ["p", "q"]).into(),
            Event::recommendation("e", at(), who(), ["p", "q"]).into(),
        ),
        (
            EventRef::link_shared("e", at(), "u").code("c").product("p").into(),
            Event::link_shared("e", at(), who(), "u").code("c").product("p").into(),
        ),
        (
            EventRef::link_click("e", at()).url("u").code("c").product("p").turn("t").channel("web").into(),
            Event::link_click("e", at(), who())
                .url("u")
                .code("c")
                .product("p")
                .turn("t")
                .channel("web")
                .into(),
        ),
        (
            EventRef::visit("e", at()).url("u").referrer("r").code("c").into(),
            Event::visit("e", at(), who()).url("u").referrer("r").code("c").into(),
        ),
    ]
}

/// What happens in the shop.
fn of_shops() -> Vec<(EventRef<'static>, Event)> {
    vec![
        (
            EventRef::add_to_cart("e", at(), "p").quantity(2).price(eur(5)).into(),
            Event::add_to_cart("e", at(), who(), "p").quantity(2).price(eur(5)).into(),
        ),
        (
            EventRef::remove_from_cart("e", at(), "p").quantity(2).price(eur(5)).into(),
            Event::remove_from_cart("e", at(), who(), "p").quantity(2).price(eur(5)).into(),
        ),
        (EventRef::checkout_started("e", at()).into(), Event::checkout_started("e", at(), who()).into()),
        (
            EventRef::discount_request("e", at()).discount_code("d").into(),
            Event::discount_request("e", at(), who()).discount_code("d").into(),
        ),
        (
            EventRef::discount_offer("e", at()).discount_code("d").into(),
            Event::discount_offer("e", at(), who()).discount_code("d").into(),
        ),
        (EventRef::feedback("e", at(), true).into(), Event::feedback("e", at(), who(), true).into()),
        (EventRef::identify("e", at()).into(), Event::identify("e", at(), who()).into()),
        (
            EventRef::goal("e", at(), "sign_up").value(eur(7)).into(),
            Event::goal("e", at(), who(), "sign_up").value(eur(7)).into(),
        ),
        (
            EventRef::consent("e", at(), Purpose::Analytics, true).into(),
            Event::consent("e", at(), who(), Purpose::Analytics, true).into(),
        ),
    ]
}

#[test]
fn every_kind_is_built_the_same_way_borrowed_or_owned() {
    let cart = || IdentifierRef::new(IdKind::Cart, "c1");
    for (borrowed, owned) in of_chats().into_iter().chain(of_shops()) {
        let mut borrowed = borrowed.email("Ada@Example.com").visitor("v1");
        borrowed.who.set(IdKind::Visitor, "v9");
        assert_eq!(Event::from(borrowed), owned);
    }
    let customer = Identifier::new(IdKind::Customer, "k1");
    let withdrawn = EventRef::claim_withdrawn("e", at(), IdentifierRef::from(&customer), cart());
    let owned = Event::claim_withdrawn("e", at(), cart().into(), customer.clone());
    assert_eq!(Event::from(withdrawn), Event::from(owned));
    let merged = EventRef::customer_merged("e", at(), "k1", "k2");
    assert_eq!(Event::from(merged), Event::from(Event::customer_merged("e", at(), "k1", "k2")));
}

#[test]
fn orders_and_refunds_are_built_the_same_way_borrowed_or_owned() {
    macro_rules! built {
        ($event:expr) => {
            $event
                .updated_at(at())
                .status(OrderStatus::Paid)
                .line(OrderLine::new("p", 1, eur(5990)))
                .code("c")
                .discount_code("d")
                .refund(OrderRefund::new("r", eur(1)))
                .url("u")
                .referrer("f")
        };
    }
    let borrowed = built!(EventRef::order("e", at(), "1001", eur(5990))).customer("k1");
    let owned = built!(Event::order("e", at(), Who::customer("k1"), "1001", eur(5990)));
    assert_eq!(Event::from(borrowed), Event::from(owned));
    let line = || RefundLine::new("p", eur(1));
    let borrowed = EventRef::refund("e", at(), "r", "1001", eur(1)).line(line());
    let owned = Event::refund("e", at(), "r", "1001", eur(1)).line(line());
    assert_eq!(Event::from(borrowed), Event::from(owned));
}

#[test]
fn an_order_is_changed_on_a_copy_of_what_is_borrowed() {
    let owned = Event::from(Event::order("e", at(), Who::customer("k1"), "1001", eur(5990)));
    let mut borrowed = EventRef::from(&owned);
    let clinch::KindRef::Order(order) = &mut borrowed.kind else { panic!("an order") };
    let order: &mut Order = order.to_mut();
    order.total = eur(1);
    assert_ne!(Event::from(borrowed), owned);
    let clinch::Kind::Order(held) = owned.kind() else { panic!("an order") };
    assert_eq!(held.total, eur(5990));
}

#[test]
fn debug_shows_no_identifier_of_a_borrowed_event() {
    let cart = IdentifierRef::new(IdKind::Cart, "secret-cart");
    let customer = IdentifierRef::new(IdKind::Customer, "secret-customer");
    let seen = EventRef::query("e", at()).email("secret@example.com").topic("availability");
    let shown = format!("{seen:?} {:?}", EventRef::claim_withdrawn("e", at(), cart, customer));
    assert!(shown.contains("email(..)") && shown.contains("availability") && shown.contains("cart(..)"));
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn nothing_is_allocated_for_a_turn_of_columns_or_of_an_event() {
    let owned: Event = Event::query("e", at(), Who::visitor("v9").conversation("c").email("a@example.com"))
        .topic("t")
        .product("p")
        .product("q")
        .product("r")
        .into();
    let counted = allocation_counter::measure(|| {
        let row = EventRef::query("e", at()).visitor("v9").conversation("c").topic("t").product("p");
        std::hint::black_box(EventRef::from(row));
        std::hint::black_box(EventRef::from(&owned));
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn nothing_is_allocated_for_a_turn_read_from_a_line() {
    let read = |line: &str| {
        let counted = allocation_counter::measure(|| {
            std::hint::black_box(jsonl::borrow_line(line.as_bytes()).unwrap());
        });
        counted.count_total
    };
    let turn = |more: &str| {
        format!(
            r#"{{"id":"e","at":"2026-03-01T10:00:00.5+02:00","kind":"query","visitor":"v9","email":"A@b","shop":{{}},
            "topic":"größe","cost":"0.01","cost_currency":"eur","products":["p"]{more}}}"#
        )
    };
    assert_eq!(read(&turn("")), 0);
    // The measure itself works: text with escapes is decoded into a text of its own.
    assert!(read(&turn(r#","text":"a\"b""#)) > 0);
}
