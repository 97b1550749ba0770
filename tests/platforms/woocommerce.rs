//! WooCommerce: every payload as whole events.

use clinch::OrderStatus;
use clinch::platform::woocommerce::WooCommerce;
use clinch::platform::{Answer, Delivery, Ignored, ProductKey, Refused};
use serde_json::{Value, json};

use crate::{bytes, json, log, now, payload, refused_field};

pub fn shop() -> WooCommerce {
    WooCommerce::new(b"hush").unwrap()
}

/// `order_727.json` with these fields changed.
pub fn order(changes: Value) -> Value {
    let mut order = json("woocommerce/order_727.json");
    order.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    order
}

#[track_caller]
fn read_order(shop: &WooCommerce, changes: Value) -> Value {
    log(shop.read("order.updated", &bytes(&order(changes)), now()))[0].clone()
}

#[test]
fn order_is_one_whole_event_dated_in_gmt() {
    let expected = json!([{
        "id": "woocommerce:order:727:2017-03-22T19:28:08Z", "at": "2017-03-22T19:28:02Z", "kind": "order",
        "checkout": "wc_order_58d2d042d1d", "email": "john.doe@example.com", "phone": "5555555555",
        "channel": "rest-api", "order": "727", "total": "29.35", "currency": "USD",
        "updated_at": "2017-03-22T19:28:08Z", "status": "paid",
        "lines": [
            {"product": "93", "quantity": 2, "total": "6.00"},
            {"product": "22", "quantity": 1, "total": "12.00"},
        ],
    }]);
    for topic in ["order.created", "order.updated", "order.restored"] {
        assert_eq!(
            log(shop().read(topic, &payload("woocommerce/order_727.json"), now())),
            expected,
            "{topic}"
        );
    }
    let list = json!([json("woocommerce/order_727.json")]);
    assert_eq!(log(shop().read("order.updated", &bytes(&list), now())), expected);
}

#[test]
fn attribution_metadata_is_landing_page_and_referrer() {
    let meta = |key: &str, value: Value| json!({"id": 1, "key": key, "value": value});
    let rows = json!([
        meta("_other", json!({"_wc_order_attribution_referrer": "no"})),
        meta("_wc_order_attribution_source_type", json!("utm")),
        meta("_wc_order_attribution_referrer", json!("https://www.google.com/")),
        meta("_wc_order_attribution_session_entry", json!("https://shop.example/p/1?clq=7zk3q9t4m2d0x5wa")),
        meta("_clq", json!("7zk4")),
        meta("clinch_visitor", json!("v9")),
        meta("clq", json!([{"clq": "no"}])),
    ]);
    let order = read_order(&shop(), json!({"meta_data": rows}));
    assert_eq!(order["referrer"], "https://www.google.com/");
    assert_eq!(order["url"], "https://shop.example/p/1?clq=7zk3q9t4m2d0x5wa");
    assert_eq!((&order["codes"], &order["visitor"]), (&json!(["7zk4"]), &json!("v9")));
    for odd in [json!("(none)"), json!(""), json!(7), json!(null), json!({"a": 1})] {
        let rows = json!([meta("_wc_order_attribution_referrer", odd), 5, null, {"key": 1}, {"value": "x"}]);
        assert_eq!(read_order(&shop(), json!({"meta_data": rows})).get("referrer"), None);
    }
}

#[test]
fn attribution_metadata_gives_the_tags_that_the_landing_page_lacks() {
    let url = |rows: &[(&str, &str)]| {
        let row = |(key, value): &(&str, &str)| json!({"id": 1, "key": format!("_wc_order_attribution_{key}"), "value": value});
        let meta: Vec<Value> = rows.iter().map(row).collect();
        read_order(&shop(), json!({"meta_data": meta})).get("url").cloned()
    };
    let tags = [
        ("source_type", "utm"),
        ("utm_source", "whatsapp"),
        ("utm_medium", "social"),
        ("utm_campaign", "spring sale"),
        ("utm_content", "(none)"),
        ("utm_term", ""),
        ("device_type", "Mobile"),
    ];
    let trail = json!("?utm_source=whatsapp&utm_medium=social&utm_campaign=spring%20sale");
    assert_eq!(url(&tags), Some(trail.clone()));
    let entered = |page: &'static str| [&tags[..], &[("session_entry", page)]].concat();
    assert_eq!(url(&entered("https://shop.example/p/1")), Some(trail));
    // Tags and codes of the page's own stay.
    for page in ["https://shop.example/p/1?utm_source=bot", "https://shop.example/p/1?clq=7zk3q9t4m2d0x5wa"] {
        assert_eq!(url(&entered(page)), Some(json!(page)));
    }
    // What the plugin made of a referrer is no tag on a link.
    for kind in ["organic", "referral", "typein", "admin"] {
        let found = [("source_type", kind), ("utm_source", "google"), ("utm_medium", "organic")];
        assert_eq!(url(&found), None, "{kind}");
    }
}

#[test]
fn refunds_inside_an_order_are_negative_and_coupons_are_codes() {
    let order = read_order(
        &shop(),
        json!({
            "refunds": [{"id": 726, "reason": "", "total": "-10.00"}, {"id": 725, "refund": "", "total": "-9.0000"}],
            "coupon_lines": [{"id": 1, "code": "tenoff", "discount": "10.00"}], "customer_id": 25,
        }),
    );
    assert_eq!(
        order["refunds"],
        json!([{"refund": "726", "amount": "10.00"}, {"refund": "725", "amount": "9.00"}])
    );
    assert_eq!((&order["discount_codes"], &order["customer"]), (&json!(["tenoff"]), &json!("25")));
    let positive = bytes(&self::order(json!({"refunds": [{"id": 726, "total": "10.00"}]})));
    assert_eq!(refused_field(shop().read("order.updated", &positive, now())), "refunds[0].total");
}

#[test]
fn status_decides_what_counts_and_the_host_may_differ() {
    for (status, counts_as) in [
        ("processing", "paid"),
        ("completed", "paid"),
        ("refunded", "paid"),
        ("on-hold", ""),
        ("shipped", ""),
        ("pending", "cancelled"),
        ("checkout-draft", "cancelled"),
        ("failed", "cancelled"),
        ("cancelled", "cancelled"),
        ("trash", "cancelled"),
    ] {
        let order = read_order(&shop(), json!({"status": status}));
        assert_eq!(order.get("status").and_then(Value::as_str).unwrap_or_default(), counts_as, "{status}");
    }
    let mut shop = shop();
    shop.status("pending", OrderStatus::Placed).status("quote", OrderStatus::Test);
    assert_eq!(read_order(&shop, json!({"status": "pending"})).get("status"), None);
    assert_eq!(read_order(&shop, json!({"status": "quote"}))["status"], "test");
}

#[test]
fn product_falls_back_where_the_shop_left_it_out() {
    let products = |key: ProductKey| {
        let mut shop = shop();
        shop.product_key(key);
        let lines = read_order(&shop, json!({}))["lines"].clone();
        (lines[0]["product"].clone(), lines[1]["product"].clone())
    };
    assert_eq!(products(ProductKey::Product), (json!("93"), json!("22")));
    assert_eq!(products(ProductKey::Variant), (json!("93"), json!("23")));
    assert_eq!(products(ProductKey::Sku), (json!("93"), json!("Bar3")));
}

#[test]
fn weighed_goods_are_one_piece() {
    for (quantity, pieces) in
        [(json!(1.5), 1), (json!("0.25"), 1), (json!("2.000"), 2), (json!(3.0), 3), (json!(0), 0)]
    {
        let line = json!([{"id": 1, "product_id": 93, "quantity": quantity, "total": "6.00"}]);
        assert_eq!(
            read_order(&shop(), json!({"line_items": line}))["lines"][0]["quantity"],
            pieces,
            "{quantity}"
        );
    }
}

#[test]
fn the_ping_of_a_new_webhook_is_the_only_unsigned_answer() {
    let receive = |body: &[u8]| {
        let headers = [("X-WC-Webhook-Source", "https://shop.example/")];
        shop().receive(&Delivery { headers: &headers, body }, now())
    };
    let ping = receive(b"webhook_id=17").unwrap();
    assert_eq!((ping.topic.as_str(), ping.answer), ("ping", Answer::Ignored(Ignored::Ping)));
    assert_eq!(ping.store.unwrap(), "https://shop.example/");
    for body in [&b"webhook_id="[..], b"webhook_id=1&a=2", b"webhook_id=x", b"webhook_id=-1", b"", b"{}"] {
        assert_eq!(receive(body), Err(Refused::Unsigned { header: "X-WC-Webhook-Signature" }));
    }
}

#[test]
fn deletions_and_customers() {
    let read = |topic: &str, body: Value| shop().read(topic, &bytes(&body), now());
    assert_eq!(read("order.deleted", json!({"id": 727})), Ok(Answer::Deleted("727".into())));
    assert_eq!(read("coupon.created", json!({"id": 1})), Ok(Answer::Ignored(Ignored::Topic)));
    let customer = json!({
        "id": 25, "email": "John.Doe@example.com", "date_created_gmt": "2017-03-21T19:09:28",
        "date_modified_gmt": "2017-03-21T19:09:30", "billing": {"email": "", "phone": "(555) 555-5555"},
    });
    let expected = json!([{
        "id": "woocommerce:customer:0675065d9329efa1df04c7c41bdb1c53:2017-03-21T19:09:30Z", "at": "2017-03-21T19:09:30Z", "kind": "identify",
        "phone": "5555555555", "email": "john.doe@example.com", "customer": "25",
    }]);
    assert_eq!(log(read("customer.updated", customer)), expected);
}

#[test]
fn errors_name_the_path_of_the_field() {
    for (changes, path) in [
        (json!({"currency": "BTC"}), "currency"),
        (json!({"date_created_gmt": null}), "date_created_gmt"),
        (json!({"date_modified_gmt": "0000-00-00 00:00:00"}), "date_modified_gmt"),
        (json!({"total": "29.355"}), "total"),
        (json!({"status": null}), "status"),
        (json!({"billing": {"email": {}}}), "billing.email"),
        (json!({"line_items": [{"id": 1, "quantity": -1.5, "total": "1"}]}), "line_items[0].quantity"),
        (json!({"line_items": [{"id": 1, "quantity": 1, "total": 1e300}]}), "line_items[0].total"),
        (json!({"coupon_lines": {}}), "coupon_lines"),
    ] {
        let read = shop().read("order.updated", &bytes(&order(changes.clone())), now());
        assert_eq!(refused_field(read), path, "{changes}");
    }
    let list = json!([json("woocommerce/order_727.json"), order(json!({"total": []}))]);
    assert_eq!(refused_field(shop().read("order.updated", &bytes(&list), now())), "[1].total");
}
