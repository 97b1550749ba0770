//! A day of webhooks for one order, in any order and any number of times, gives one report.

use clinch::{Event, Key, Question, Tracker, Who};
use proptest::prelude::*;
use serde_json::{Value, json};

use clinch::platform::adobe::Adobe;
use clinch::platform::ucp::Ucp;

use crate::{acp, at, bigcommerce, bytes, events, now, shopify, woocommerce};

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

/// A turn in the order's cart, of the order's mailbox.
fn turn() -> Event {
    let who = Who::cart("cart1").conversation("c1").email("ada@example.com");
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

fn woocommerce_day() -> Vec<Vec<Event>> {
    let order = |hour: u32, status: &str, refunds: Value| {
        json!({
            "id": 1001, "currency": "EUR", "total": "59.90", "status": status, "order_key": "wc_order_1",
            "date_created_gmt": "2026-03-01T10:00:00", "date_modified_gmt": format!("2026-03-01T{hour}:00:00"),
            "billing": {"email": "ada@example.com"}, "refunds": refunds, "meta_data": [{"key": "clq", "value": "7zk3"}],
            "line_items": [{"id": 1, "product_id": 7, "quantity": 2, "total": "50.00"}],
        })
    };
    let [first, second] =
        [("1", "-10.00"), ("2", "-49.90")].map(|(id, total)| json!({"id": id, "total": total}));
    [
        order(10, "pending", json!([])),
        order(11, "processing", json!([])),
        order(11, "processing", json!([])),
        order(12, "completed", json!([])),
        order(13, "completed", json!([])),
        order(14, "completed", json!([first])),
        order(15, "refunded", json!([first, second])),
    ]
    .map(|body| events(woocommerce::shop().read("order.updated", &bytes(&body), now())))
    .to_vec()
}

fn adobe_day() -> Vec<Vec<Event>> {
    let order = |hour: u32, state: &str| {
        json!({
            "entity_id": 1001, "increment_id": "000001001", "order_currency_code": "EUR", "grand_total": 59.9,
            "state": state, "created_at": "2026-03-01 10:00:00", "updated_at": format!("2026-03-01 {hour}:00:00"),
            "quote_id": "cart1", "customer_email": "ada@example.com", "total_refunded": 10,
            "items": [{"item_id": 1, "product_id": 7, "qty_ordered": 2, "row_total": 50}],
        })
    };
    let memo = |id: u32, amount: &str, hour: u32| {
        json!({
            "entity_id": id, "order_id": 1001, "order_currency_code": "EUR", "grand_total": amount,
            "created_at": format!("2026-03-01 {hour}:00:00"), "items": [{"product_id": 7, "row_total": 25}],
        })
    };
    [
        ("order", order(10, "pending_payment")),
        ("order", order(11, "processing")),
        ("order", order(12, "processing")),
        ("order", order(12, "processing")),
        ("order", order(13, "complete")),
        ("creditmemo", memo(1, "10.0000", 14)),
        ("creditmemo", memo(2, "49.9000", 15)),
    ]
    .map(|(topic, body)| events(Adobe::new().read(topic, &bytes(&body))))
    .to_vec()
}

fn bigcommerce_day() -> Vec<Vec<Event>> {
    let order = |hour: u32, status_id: u32| {
        let order = bigcommerce::order(json!({
            "id": 1001, "status_id": status_id, "cart_id": "cart1", "total_inc_tax": "59.9000",
            "default_currency_code": "EUR", "customer_id": 0,
            "billing_address": {"email": "ada@example.com"}, "date_created": "Sun, 01 Mar 2026 10:00:00 +0000",
            "date_modified": format!("Sun, 01 Mar 2026 {hour}:00:00 +0000"),
        }));
        let products = br#"[{"id":1,"product_id":7,"quantity":2,"total_inc_tax":"50.0000"}]"#;
        events(bigcommerce::shop().order(&bytes(&order), products, b""))
    };
    let refunds = |refunds: &[(u32, f64)]| {
        let one = |(id, amount): &(u32, f64)| json!({"id": id, "order_id": 1001, "total_amount": amount, "created": "2026-03-01T14:00:00Z"});
        let body = json!({"data": refunds.iter().map(one).collect::<Vec<_>>()});
        events(bigcommerce::shop().refunds(&bytes(&body), "EUR".parse().unwrap()))
    };
    let (first, second) = ((1, 10.0), (2, 49.9));
    vec![
        order(10, 0),
        order(11, 7),
        order(12, 11),
        order(12, 11),
        order(13, 2),
        refunds(&[first]),
        refunds(&[first, second]),
    ]
}

/// Created, paid, changed and refunded twice, as whole states.
fn acp_day() -> Vec<Vec<Event>> {
    let order = |hour: u32, status: &str, refunds: &[(&str, u64)]| {
        let adjustment = |(id, amount): &(&str, u64)| json!({"id": id, "type": "refund", "status": "completed", "amount": amount});
        let refunded: u64 = refunds.iter().map(|(_, amount)| amount).sum();
        let order = json!({
            "id": "1001", "checkout_session_id": "cs1", "status": status, "buyer": {"email": "ada@example.com"},
            "line_items": [{"id": "li1", "product_id": "7", "quantity": {"ordered": 2}, "subtotal": 5000}],
            "adjustments": refunds.iter().map(adjustment).collect::<Vec<_>>(),
            "totals": [{"type": "total", "amount": 5990}, {"type": "amount_refunded", "amount": refunded}],
        });
        let mut agent = acp::agent();
        agent.currency("EUR".parse().unwrap());
        events(agent.order(&bytes(&order), at(&format!("2026-03-01T{hour}:00:00Z"))))
    };
    vec![
        order(10, "created", &[]),
        order(11, "confirmed", &[]),
        order(11, "confirmed", &[]),
        order(12, "processing", &[]),
        order(13, "shipped", &[]),
        order(14, "completed", &[("r1", 1000)]),
        order(15, "completed", &[("r1", 1000), ("r2", 4990)]),
    ]
}

fn ucp_day() -> Vec<Vec<Event>> {
    let order = |hour: u32, refunds: &[(&str, i64)]| {
        let adjustment = |(id, amount): &(&str, i64)| json!({"id": id, "type": "refund", "status": "completed", "totals": [{"type": "total", "amount": amount}]});
        let order = json!({
            "id": "1001", "checkout_id": "cs1", "currency": "EUR", "buyer": {"email": "ada@example.com"},
            "created_time": format!("2026-03-01T{hour}:00:00Z"),
            "line_items": [{"id": "li1", "item": {"id": "7"}, "quantity": {"total": 2}, "totals": [{"type": "total", "amount": 5000}]}],
            "adjustments": refunds.iter().map(adjustment).collect::<Vec<_>>(),
            "totals": [{"type": "total", "amount": 5990}],
        });
        events(Ucp::new().order(&bytes(&order), now()))
    };
    let (first, second) = (("r1", -1000), ("r2", -4990));
    vec![
        order(10, &[]),
        order(11, &[]),
        order(11, &[]),
        order(12, &[]),
        order(13, &[]),
        order(14, &[first]),
        order(15, &[first, second]),
    ]
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

    #[test]
    fn woocommerce_day_gives_one_report(drawn in deliveries(7)) {
        one_report(&woocommerce_day(), "1001", &drawn);
    }

    #[test]
    fn adobe_day_gives_one_report(drawn in deliveries(7)) {
        one_report(&adobe_day(), "1001", &drawn);
    }

    #[test]
    fn bigcommerce_day_gives_one_report(drawn in deliveries(7)) {
        one_report(&bigcommerce_day(), "1001", &drawn);
    }

    #[test]
    fn acp_day_gives_one_report(drawn in deliveries(7)) {
        one_report(&acp_day(), "1001", &drawn);
    }

    #[test]
    fn ucp_day_gives_one_report(drawn in deliveries(7)) {
        one_report(&ucp_day(), "1001", &drawn);
    }
}

/// The positive half: before the full refund the turn has its credit, after it nothing is left.
#[test]
fn refunds_take_credit_back_to_the_cent() {
    let days = [shopify_day(), woocommerce_day(), adobe_day(), bigcommerce_day(), acp_day(), ucp_day()];
    for (platform, day) in
        ["shopify", "woocommerce", "adobe", "bigcommerce", "acp", "ucp"].into_iter().zip(days)
    {
        let before: Vec<Event> = day[..6].iter().flatten().cloned().chain([turn()]).collect();
        let (report, receipt) = answers(&before, "1001");
        let is_credited = report.contains("49.90") && receipt.contains("availability");
        assert!(is_credited, "{platform}: {report}\n{receipt}");
        let after: Vec<Event> = day.iter().flatten().cloned().chain([turn()]).collect();
        assert!(!answers(&after, "1001").0.contains("49.90"), "{platform}");
    }
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
