//! Segment, RudderStack and GA4: events of analytics as whole events of ours. The bodies are written by hand after the
//! field lists of the documentation.

use clinch::platform::ga4::Ga4;
use clinch::platform::segment::Segment;
use clinch::platform::{Answer, Delivery, Ignored, ProductKey, Refused};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};

use crate::{bytes, log, now, refused_field};

pub fn track(event: &str, properties: Value) -> Value {
    json!({"type": "track", "event": event, "messageId": "m1", "timestamp": "2026-03-01T10:00:00.000Z", "userId": "k4",
        "anonymousId": "v9", "context": {"traits": {"email": "Ada@example.com"}}, "properties": properties})
}

pub fn order_completed() -> Value {
    track(
        "Order Completed",
        json!({
            "checkout_id": "fksdjfsdjfisjf9sdfjsd9f", "order_id": "50314b8e9bcf000000000000", "affiliation": "Google Store",
            "subtotal": 22, "total": 27.5, "revenue": 25.00, "shipping": 3, "tax": 2, "discount": 2.5, "coupon": "hasbros",
            "currency": "USD", "_clq": "7zk3q9t4m2",
            "products": [
                {"product_id": "507f1f77bcf86cd799439011", "sku": "45790-32", "name": "Monopoly", "price": 19, "quantity": 1, "category": "Games"},
                {"product_id": "505bd76785ebb509fc183733", "sku": "46493-32", "name": "Uno", "price": 3, "quantity": 2},
            ],
        }),
    )
}

#[test]
fn order_completed_is_one_whole_event() {
    let expected = json!([{
        "id": "segment:order:50314b8e9bcf000000000000:2026-03-01T10:00:00Z", "at": "2026-03-01T10:00:00Z", "kind": "order",
        "checkout": "fksdjfsdjfisjf9sdfjsd9f", "visitor": "v9", "email": "ada@example.com", "customer": "k4",
        "order": "50314b8e9bcf000000000000", "total": "27.50", "currency": "USD", "updated_at": "2026-03-01T10:00:00Z",
        "status": "paid",
        "lines": [
            {"product": "507f1f77bcf86cd799439011", "product_type": "Games", "quantity": 1, "total": "19.00"},
            {"product": "505bd76785ebb509fc183733", "quantity": 2, "total": "6.00"},
        ],
        "codes": ["7zk3q9t4m2"], "discount_codes": ["hasbros"],
    }]);
    assert_eq!(log(Segment::new().read(&bytes(&order_completed()))), expected);
    let mut by_sku = Segment::new();
    by_sku.product_key(ProductKey::Sku);
    assert_eq!(log(by_sku.read(&bytes(&order_completed())))[0]["lines"][0]["product"], "45790-32");
}

#[track_caller]
fn one(event: &str, properties: Value) -> Value {
    let mut found = log(Segment::new().read(&bytes(&track(event, properties))))[0].clone();
    for shared in ["at", "visitor", "email", "customer"] {
        found.as_object_mut().unwrap().remove(shared);
    }
    found
}

#[test]
fn ecommerce_events_are_read_by_their_names() {
    assert_eq!(
        one(
            "Product Added",
            json!({"cart_id": "c1", "product_id": "p1", "price": "18.99", "quantity": 2, "currency": "EUR"})
        ),
        json!({"id": "segment:m1", "kind": "add_to_cart", "cart": "c1", "product": "p1", "quantity": 2, "price": "18.99", "currency": "EUR"})
    );
    assert_eq!(
        one("Product Removed", json!({"product_id": "p1"})),
        json!({"id": "segment:m1", "kind": "remove_from_cart", "product": "p1", "quantity": 1})
    );
    assert_eq!(
        one("Checkout Started", json!({"checkout_id": "ch1"})),
        json!({"id": "segment:m1", "kind": "checkout_started", "checkout": "ch1"})
    );
    assert_eq!(one("Signed Up", json!({})), json!({"id": "segment:m1", "kind": "goal", "goal": "sign_up"}));
    let refund = log(Segment::new()
        .read(&bytes(&track("Order Refunded", json!({"order_id": "o1", "total": 30, "currency": "USD"})))));
    assert_eq!(
        refund,
        json!([{"id": "segment:m1", "at": "2026-03-01T10:00:00Z", "kind": "refund", "refund": "segment:m1", "order": "o1",
            "amount": "30.00", "currency": "USD"}])
    );
    let cancelled = one("Order Cancelled", json!({"order_id": "o1", "total": "9.99", "currency": "USD"}));
    assert_eq!((&cancelled["status"], &cancelled["total"]), (&json!("cancelled"), &json!("9.99")));
    let other = Segment::new().read(&bytes(&track("Product Viewed", json!({"product_id": "p1"}))));
    assert_eq!(other, Ok(Answer::Ignored(Ignored::NothingInIt)));
    // What a sum of floats left behind is no money.
    let floats =
        track("Order Completed", json!({"order_id": "o1", "total": 195.67000000000002, "currency": "USD"}));
    assert_eq!(refused_field(Segment::new().read(&bytes(&floats))), "properties.total");
    let batch = json!({"batch": [floats]});
    assert_eq!(refused_field(Segment::new().read(&bytes(&batch))), "batch[0].properties.total");
}

#[test]
fn pages_are_arrivals_only_where_somebody_sent_the_visitor() {
    let page = |url: &str, referrer: &str, campaign: Value| {
        let call = json!({"type": "page", "messageId": "m1", "timestamp": "2026-03-01T10:00:00Z", "anonymousId": "v9",
            "properties": {"url": url, "referrer": referrer}, "context": {"campaign": campaign}});
        Segment::new().read(&bytes(&call))
    };
    let url_of = |answer| log(answer)[0]["url"].clone();
    let tagged = "https://shop.example/?utm_source=mail";
    assert_eq!(url_of(page(tagged, "", json!({}))), tagged);
    let clicked = "https://shop.example/?gclid=x#a";
    assert_eq!(url_of(page(clicked, "", json!({}))), clicked);
    let coded = "https://shop.example/?clq=7zk3";
    assert_eq!(url_of(page(coded, "https://shop.example/p", json!({}))), coded);
    let sent = log(page("https://shop.example/", "https://www.google.com/", json!({})));
    assert_eq!(
        (&sent[0]["url"], &sent[0]["referrer"]),
        (&json!("https://shop.example/"), &json!("https://www.google.com/"))
    );
    let campaign = json!({"name": "spring", "source": "news", "medium": "email"});
    assert_eq!(
        url_of(page("https://shop.example/", "", campaign)),
        "?utm_source=news&utm_medium=email&utm_campaign=spring"
    );
    let none = Ok(Answer::Ignored(Ignored::NothingInIt));
    assert_eq!(page("https://shop.example/p", "", json!({})), none);
    assert_eq!(page("https://shop.example/p", "https://www.shop.example/", json!({})), none);
}

#[test]
fn identities_belong_together() {
    let identify = json!({"type": "identify", "messageId": "m2", "timestamp": "2026-03-01T10:00:00Z", "anonymousId": "v9",
        "userId": "k4", "traits": {"email": "ada@example.com", "phone": "+1 650 555 1234"}});
    let alias = json!({"type": "alias", "messageId": "m3", "originalTimestamp": "2026-03-01T10:00:00Z", "previousId": "v9", "userId": "k4"});
    let lone =
        json!({"type": "identify", "messageId": "m4", "timestamp": "2026-03-01T10:00:00Z", "userId": "k4"});
    let batch = json!({"batch": [identify, alias, lone, {"type": "group", "groupId": "x"}]});
    assert_eq!(
        log(Segment::new().read(&bytes(&batch))),
        json!([
            {"id": "segment:m2", "at": "2026-03-01T10:00:00Z", "kind": "identify", "visitor": "v9", "phone": "+16505551234",
             "email": "ada@example.com", "customer": "k4"},
            {"id": "segment:m3", "at": "2026-03-01T10:00:00Z", "kind": "identify", "visitor": "v9", "customer": "k4"},
        ])
    );
}

#[test]
fn segment_signs_with_a_shared_secret() {
    let body = bytes(&order_completed());
    let mac =
        Hmac::<sha1::Sha1>::new_from_slice(b"hush").unwrap().chain_update(&body).finalize().into_bytes();
    let signature: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    let receive = |secret: &[u8], signature: &str, body: &[u8]| {
        let mut segment = Segment::new();
        segment.accept(secret)?;
        segment.receive(&Delivery { headers: &[("x-signature", signature)], body }, now())
    };
    let received = receive(b"hush", &signature, &body).unwrap();
    assert_eq!(Ok(received.answer), Segment::new().read(&body));
    assert_eq!(receive(b"", &signature, &body), Err(Refused::EmptySecret));
    for (secret, signature, body) in [
        (&b"Hush"[..], &*signature, &body[..]),
        (b"hush", &signature[..39], &body),
        (b"hush", &signature[..38], &body),
        (b"hush", &signature, &body[1..]),
    ] {
        assert_eq!(receive(secret, signature, body), Err(Refused::Signature));
    }
}

pub fn ga4(name: &str, params: Value) -> Value {
    json!({"client_id": "1234.5678", "user_id": "k4", "timestamp_micros": 1_772_359_200_000_001_i64,
        "events": [{"name": name, "params": params}]})
}

pub fn purchase() -> Value {
    ga4(
        "purchase",
        json!({"transaction_id": "T_12345", "value": 30.03, "tax": 4.9, "shipping": 5.99, "currency": "USD", "coupon": "SUMMER_FUN",
            "clq": "7zk3", "items": [
                {"item_id": "SKU_12345", "item_name": "Stan", "item_category": "Apparel", "price": 10.01, "quantity": 3},
                {"item_id": "SKU_12346", "item_variant": "grey"}]}),
    )
}

#[test]
fn purchase_is_one_whole_event() {
    let expected = json!([{
        "id": "ga4:order:T_12345:2026-03-01T10:00:00.000001Z", "at": "2026-03-01T10:00:00.000001Z", "kind": "order",
        "visitor": "1234.5678", "customer": "k4", "order": "T_12345", "total": "30.03", "currency": "USD",
        "updated_at": "2026-03-01T10:00:00.000001Z", "status": "paid",
        "lines": [
            {"product": "SKU_12345", "product_type": "Apparel", "quantity": 3, "total": "30.03"},
            {"product": "SKU_12346", "quantity": 1, "total": "0.00"},
        ],
        "codes": ["7zk3"], "discount_codes": ["SUMMER_FUN"],
    }]);
    assert_eq!(log(Ga4::new().read(&bytes(&purchase()), now())), expected);
}

#[test]
fn events_of_ga4_are_read_by_their_names() {
    let read = |name: &str, params: Value| {
        let mut found = log(Ga4::new().read(&bytes(&ga4(name, params)), now()));
        for event in found.as_array_mut().unwrap() {
            let id = event.as_object_mut().unwrap().remove("id").unwrap();
            let id = id.as_str().unwrap();
            assert!(id.starts_with(&format!("ga4:{name}:")) && !id.contains("1234.5678"), "{id}");
            for shared in ["at", "visitor", "customer"] {
                event.as_object_mut().unwrap().remove(shared);
            }
        }
        found
    };
    let items =
        json!({"currency": "EUR", "items": [{"item_id": "a", "price": 5}, {"item_id": "b", "quantity": 2}]});
    assert_eq!(
        read("add_to_cart", items.clone()),
        json!([{"kind": "add_to_cart", "product": "a", "quantity": 1, "price": "5.00", "currency": "EUR"},
            {"kind": "add_to_cart", "product": "b", "quantity": 2}])
    );
    assert_eq!(
        read("remove_from_cart", items),
        json!([{"kind": "remove_from_cart", "product": "a", "quantity": 1}, {"kind": "remove_from_cart", "product": "b", "quantity": 2}])
    );
    assert_eq!(read("begin_checkout", json!({})), json!([{"kind": "checkout_started"}]));
    assert_eq!(read("sign_up", json!({"method": "Google"})), json!([{"kind": "goal", "goal": "sign_up"}]));
    assert_eq!(
        read("generate_lead", json!({"value": 30.03, "currency": "USD"})),
        json!([{"kind": "goal", "goal": "generate_lead", "value": "30.03", "currency": "USD"}])
    );
    assert_eq!(
        read(
            "page_view",
            json!({"page_location": "https://shop.example/?utm_source=x", "page_referrer": "https://a.example/"})
        ),
        json!([{"kind": "visit", "url": "https://shop.example/?utm_source=x", "referrer": "https://a.example/"}])
    );
    assert_eq!(
        read(
            "campaign_details",
            json!({"campaign": "spring", "source": "google", "medium": "cpc", "campaign_id": "9"})
        ),
        json!([{"kind": "visit", "url": "?utm_source=google&utm_medium=cpc&utm_campaign=spring&utm_id=9"}])
    );
    let refund = log(Ga4::new().read(
        &bytes(&ga4("refund", json!({"transaction_id": "T1", "value": "9.99", "currency": "USD"}))),
        now(),
    ));
    assert_eq!(
        (&refund[0]["order"], &refund[0]["amount"], &refund[0]["refund"]),
        (&json!("T1"), &json!("9.99"), &refund[0]["id"])
    );
    let other = Ga4::new().read(&bytes(&ga4("scroll", json!({}))), now());
    assert_eq!(other, Ok(Answer::Ignored(Ignored::NothingInIt)));
    for (params, path) in [
        (json!({"transaction_id": "T1", "value": 9.999, "currency": "USD"}), "events[0].params.value"),
        (json!({"transaction_id": "T1", "value": 9, "currency": null}), "events[0].params.currency"),
        (json!({"value": 9, "currency": "USD"}), "events[0].params.transaction_id"),
    ] {
        assert_eq!(refused_field(Ga4::new().read(&bytes(&ga4("purchase", params)), now())), path);
    }
}

/// The instant of an event stands before that of the request, and that before now.
#[test]
fn instants_of_ga4_are_microseconds() {
    let mut body = ga4("begin_checkout", json!({}));
    let at = |body: &Value| log(Ga4::new().read(&bytes(body), now()))[0]["at"].clone();
    assert_eq!(at(&body), "2026-03-01T10:00:00.000001Z");
    body["events"][0]["timestamp_micros"] = json!("1772359200000000");
    assert_eq!(at(&body), "2026-03-01T10:00:00Z");
    body["events"][0]["timestamp_micros"] = Value::Null;
    body["timestamp_micros"] = Value::Null;
    assert_eq!(at(&body), "2031-01-01T00:00:00Z");
    for odd in [json!("-1"), json!("+1"), json!(1.5), json!("9223372036854775808"), json!(true), json!("1e3")]
    {
        body["timestamp_micros"] = odd;
        assert_eq!(refused_field(Ga4::new().read(&bytes(&body), now())), "timestamp_micros");
    }
}
