//! A day of webhooks for one order, in any order and any number of times, gives one report.

use clinch::{Event, Key, Question, Tracker, Who};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{at, bytes, events, now, shopify};

/// The report and receipt after these events.
fn answers(recorded: &[Event], order: &str) -> (String, String) {
    let mut tracker = Tracker::new(Key::new([7; 16]));
    tracker.extend(recorded.iter().cloned()).unwrap();
    let question = Question::new(at("2026-04-01T00:00:00Z"));
    let receipt = tracker.receipt(order, &question).unwrap();
    (
        tracker.report(&question).unwrap().to_string(),
        receipt.map(|receipt| receipt.to_string()).unwrap_or_default(),
    )
}

fn turn() -> Event {
    let who = Who::cart("cart1").conversation("c1");
    Event::query("e1", at("2026-03-01T09:00:00Z"), who).topic("availability").into()
}

/// Deliveries as events: what each delivery says.
fn shopify_day() -> Vec<Vec<Event>> {
    let refund = |id: u32, amount: &str, hour: u32| {
        json!({
            "id": id, "order_id": 1001, "created_at": format!("2026-03-01T{hour}:00:00Z"),
            "refund_line_items": [{"quantity": 1, "line_item": {"id": 1, "product_id": 7, "price": "25.00"}}],
            "transactions": [{"kind": "refund", "status": "success", "amount": amount, "currency": "EUR"}],
        })
    };
    let order = |hour: u32, financial: &str, refunds: Value| {
        json!({
            "id": 1001, "currency": "EUR", "total_price": "59.90", "created_at": "2026-03-01T10:00:00Z",
            "updated_at": format!("2026-03-01T{hour}:00:00Z"), "financial_status": financial, "cart_token": "cart1",
            "email": "ada@example.com", "refunds": refunds,
            "line_items": [{"id": 1, "product_id": 7, "quantity": 2, "price": "25.00"}],
        })
    };
    let (first, second) = (refund(1, "10.00", 13), refund(2, "49.90", 15));
    [
        ("orders/create", order(10, "pending", json!([]))),
        ("orders/paid", order(11, "paid", json!([]))),
        ("orders/updated", order(11, "paid", json!([]))),
        ("orders/updated", order(12, "paid", json!([]))),
        ("refunds/create", first.clone()),
        ("orders/updated", order(14, "partially_refunded", json!([first]))),
        ("refunds/create", second),
    ]
    .map(|(topic, body)| events(shopify::shop().read(topic, &bytes(&body), now())))
    .to_vec()
}

/// Deliveries in a drawn order, each one to four times.
fn deliveries(count: usize) -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1_usize..=4, count)
        .prop_map(|times| {
            times.iter().enumerate().flat_map(|(n, times)| std::iter::repeat_n(n, *times)).collect()
        })
        .prop_flat_map(|all: Vec<usize>| Just(all).prop_shuffle())
}

#[track_caller]
fn one_report(day: &[Vec<Event>], order: &str, drawn: &[usize]) {
    let straight: Vec<Event> = day.iter().flatten().cloned().chain([turn()]).collect();
    let shuffled: Vec<Event> =
        [turn()].into_iter().chain(drawn.iter().flat_map(|n| day[*n].clone())).collect();
    assert_eq!(answers(&straight, order), answers(&shuffled, order));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn shopify_day_gives_one_report(drawn in deliveries(7)) {
        one_report(&shopify_day(), "1001", &drawn);
    }
}

/// The positive half: before the full refund the turn has its credit, after it nothing is left.
#[test]
fn shopify_refunds_take_credit_back_to_the_cent() {
    let day = shopify_day();
    let before: Vec<Event> = day[..6].iter().flatten().cloned().chain([turn()]).collect();
    let (report, receipt) = answers(&before, "1001");
    assert!(report.contains("49.90") && receipt.contains("availability"), "{report}\n{receipt}");
    let after: Vec<Event> = day.iter().flatten().cloned().chain([turn()]).collect();
    assert!(!answers(&after, "1001").0.contains("49.90"));
}

/// `order.json` and `abandoned_checkout.json` share a cart: a turn in that cart earns the order.
#[test]
fn checkout_and_order_of_one_cart_are_one_journey() {
    let who = Who::cart("68778783ad298f1c80c3bafcddeea02f").conversation("c1");
    let asked = Event::query("e1", at("2008-01-10T15:00:00Z"), who).topic("availability");
    let mut recorded = vec![asked.into()];
    for (topic, name) in
        [("orders/create", "shopify/order.json"), ("checkouts/create", "shopify/abandoned_checkout.json")]
    {
        recorded.extend(events(shopify::shop().read(topic, &crate::payload(name), now())));
    }
    let mut tracker = Tracker::new(Key::new([7; 16]));
    tracker.extend(recorded).unwrap();
    let question = Question::new(at("2026-04-01T00:00:00Z"));
    let receipt = tracker.receipt("450789469", &question).unwrap().unwrap().to_string();
    assert!(receipt.contains("availability") && receipt.contains("409.94"), "{receipt}");
}
