//! BigCommerce: thin bodies, orders of the V2 API and refunds of the V3 API, as whole events. The bodies are written by
//! hand after the field lists of the documentation, whose samples have no licence.

use chrono::TimeDelta;
use clinch::platform::bigcommerce::BigCommerce;
use clinch::platform::{Answer, Delivery, Fetch, Ignored, ProductKey, Received, Refused};
use clinch::{IdKind, Identifier, OrderStatus};
use serde_json::{Value, json};

use crate::{at, bytes, log, refused_field, sign};

pub fn shop() -> BigCommerce {
    BigCommerce::new(b"hush").unwrap()
}

/// Signed at this second of 2021-02-25T14:55:30Z.
fn receive(shop: &BigCommerce, time: &str, now: &str, body: &[u8]) -> Result<Received, Refused> {
    let signature = format!("v1,{}", sign(b"hush", &[b"msg_1.", time.as_bytes(), b".", body]));
    let headers = [("webhook-id", "msg_1"), ("webhook-timestamp", time), ("webhook-signature", &*signature)];
    shop.receive(&Delivery { headers: &headers, body }, at(now))
}

pub fn order(changes: Value) -> Value {
    let mut order = json!({
        "id": 118, "status_id": 11, "cart_id": "6d6f1f6c-1a7e-4f8e-9d5f-0c1d2e3f4a5b", "customer_id": 11,
        "date_created": "Tue, 05 Mar 2019 21:40:11 +0000", "date_modified": "Mon, 11 Mar 2019 15:17:25 +0000",
        "total_inc_tax": "361.9500", "currency_code": "EUR", "default_currency_code": "USD", "is_deleted": false,
        "order_source": "www", "billing_address": {"email": "Jane@example.com", "phone": "5125551111"},
    });
    order.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    order
}

const PRODUCTS: &[u8] =
    br#"[{"id":1,"product_id":77,"variant_id":771,"sku":"A","quantity":2,"total_inc_tax":"300.0000"},
    {"id":2,"product_id":0,"variant_id":0,"sku":"","quantity":1,"total_inc_tax":"61.9500"}]"#;

#[track_caller]
fn read_order(shop: &BigCommerce, changes: Value) -> Value {
    log(shop.order(&bytes(&order(changes)), PRODUCTS, b""))[0].clone()
}

#[test]
fn the_known_vectors_pass() {
    let body = br#"{"scope":"store/order/created"}"#;
    let at_1614265330 = "2021-02-25T15:02:10Z";
    let headers = [
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", "v1,7z2fztWh06c72+57pZfKQY82d93pWMFQuRl5qty92gY="),
    ];
    // The signature is right; the body lacks the order.
    let received = shop().receive(&Delivery { headers: &headers, body }, at(at_1614265330));
    assert_eq!(refused_field(received.map(|received| received.answer)), "data");
    // The public vector of Standard Webhooks: its key is base64 there, and its body is no webhook of ours.
    use base64::Engine as _;
    let key = base64::engine::general_purpose::STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let headers = [
        ("Webhook-Id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("Webhook-Timestamp", "1614265330"),
        ("Webhook-Signature", "v1a,x v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ];
    let delivery = Delivery { headers: &headers, body: br#"{"test": 2432232314}"# };
    let received = BigCommerce::new(&key).unwrap().receive(&delivery, at(at_1614265330));
    assert_eq!(refused_field(received.map(|received| received.answer)), "scope");
}

#[test]
fn thin_bodies_say_what_to_fetch() {
    let read = |body: Value| receive(&shop(), "1614265330", "2021-02-25T15:02:10Z", &bytes(&body)).unwrap();
    let thin = |scope: &str, data: Value| {
        json!({"scope": scope, "store_id": "1025646", "data": data,
        "hash": "dd70c0976e06b67aaf671e73f49dcb79230ebf9d", "created_at": 1561479335, "producer": "stores/abc"})
    };
    let order = || Answer::Fetch(Fetch::Order("250".into()));
    for event in ["created", "updated", "archived", "statusUpdated"] {
        let received = read(thin(&format!("store/order/{event}"), json!({"type": "order", "id": 250})));
        assert_eq!(received.answer, order());
        assert_eq!(
            (received.store.unwrap().as_str(), received.delivery.unwrap().as_str()),
            ("stores/abc", "msg_1")
        );
    }
    let refund =
        thin("store/order/refund/created", json!({"type": "order", "id": 250, "refund": {"refund_id": 3}}));
    assert_eq!(read(refund).answer, Answer::Fetch(Fetch::Refunds("250".into())));
    let converted =
        thin("store/cart/converted", json!({"type": "cart", "id": "09346904-4175", "orderId": 250}));
    assert_eq!(read(converted).answer, order());
    let cart = || Answer::Fetch(Fetch::Cart(Identifier::new(IdKind::Cart, "09346904-4175")));
    for event in ["created", "updated"] {
        let body = thin(&format!("store/cart/{event}"), json!({"type": "cart", "id": "09346904-4175"}));
        assert_eq!(read(body).answer, cart());
    }
    for event in ["couponApplied", "lineItem/created", "lineItem/updated", "lineItem/deleted"] {
        let data = json!({"type": "cart_line_item", "id": "x", "cartId": "09346904-4175"});
        assert_eq!(read(thin(&format!("store/cart/{event}"), data)).answer, cart());
    }
    // A coupon's event names the cart as its own.
    let coupon = json!({"type": "cart", "id": "09346904-4175", "couponId": 1});
    assert_eq!(read(thin("store/cart/couponApplied", coupon)).answer, cart());
    // The same of one channel.
    assert_eq!(read(thin("store/channel/1/order/updated", json!({"order_id": 250}))).answer, order());
    for event in ["cart/created", "cart/lineItems/created", "cart/lineItem/updated"] {
        let data = json!({"cart_id": "09346904-4175", "cart_item_id": "x"});
        assert_eq!(read(thin(&format!("store/channel/1/{event}"), data)).answer, cart(), "{event}");
    }
    for other in ["store/channel/1/product/assigned", "store/channel/created", "channel/1/order/updated"] {
        assert_eq!(read(thin(other, json!({"id": 250}))).answer, Answer::Ignored(Ignored::Topic), "{other}");
    }
    assert_eq!(format!("{:?}", cart()), "Fetch(Cart(cart(..)))");
    let abandoned = thin("store/cart/abandoned", json!({"type": "cart", "token": "x"}));
    assert_eq!(read(abandoned).answer, Answer::Ignored(Ignored::Topic));
}

#[test]
fn stale_future_and_overflowing_times_are_refused() {
    let body = br#"{"scope":"store/x"}"#;
    let with = |time: &str, now: &str| receive(&shop(), time, now, body).map(|_| ());
    assert_eq!(with("1614265330", "2021-02-25T15:07:10Z"), Ok(()));
    assert_eq!(with("1614265330", "2021-02-25T14:57:10Z"), Ok(()));
    assert_eq!(with("1614265330", "2021-02-25T15:07:10.001Z"), Err(Refused::Stale));
    assert_eq!(with("1614265330", "2021-02-25T14:57:09.999Z"), Err(Refused::Stale));
    for time in [
        "0",
        "-1614265330",
        "+1614265330",
        "1614265330.0",
        "1614265330000",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "99999999999999999999999999",
        "x",
        "1e9",
        "8210266876799",
    ] {
        assert_eq!(with(time, "2021-02-25T15:02:10Z"), Err(Refused::Stale), "{time}");
    }
    let ends = [chrono::DateTime::<chrono::Utc>::MIN_UTC, chrono::DateTime::<chrono::Utc>::MAX_UTC];
    for now in ends {
        let signature = format!("v1,{}", sign(b"hush", &[b"msg_1.1614265330.", body]));
        let headers = [
            ("webhook-id", "msg_1"),
            ("webhook-timestamp", "1614265330"),
            ("webhook-signature", &*signature),
        ];
        assert_eq!(shop().receive(&Delivery { headers: &headers, body }, now), Err(Refused::Stale));
    }
    let mut wide = shop();
    wide.tolerance(TimeDelta::days(3));
    assert!(receive(&wide, "1614265330", "2021-02-28T00:00:00Z", body).is_ok());
    // An unsigned time is not looked at: what is wrong first is the signature.
    let headers = [
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", "-9223372036854775808"),
        ("webhook-signature", "v1,AAAA"),
    ];
    assert_eq!(
        shop().receive(&Delivery { headers: &headers, body }, at("2021-02-25T15:02:10Z")),
        Err(Refused::Signature)
    );
}

#[test]
fn order_with_lines_and_coupons_is_one_whole_event() {
    let coupons = br#"[{"id":1,"coupon_id":1,"code":"S2549JM0Y","amount":"5.0000"}]"#;
    let expected = json!([{
        "id": "bigcommerce:order:118:2019-03-11T15:17:25Z", "at": "2019-03-05T21:40:11Z", "kind": "order",
        "cart": "6d6f1f6c-1a7e-4f8e-9d5f-0c1d2e3f4a5b", "phone": "5125551111", "email": "jane@example.com",
        "customer": "11", "channel": "www", "order": "118", "total": "361.95", "currency": "USD",
        "updated_at": "2019-03-11T15:17:25Z", "status": "paid",
        "lines": [
            {"product": "77", "quantity": 2, "total": "300.00"}, {"product": "line:2", "quantity": 1, "total": "61.95"},
        ],
        "discount_codes": ["S2549JM0Y"],
    }]);
    assert_eq!(log(shop().order(&bytes(&order(json!({}))), PRODUCTS, coupons)), expected);
}

#[test]
fn an_order_that_is_not_complete_is_no_conversion_yet() {
    for (changes, counts_as) in [
        (json!({"status_id": 0}), "cancelled"),
        (json!({"status_id": 5}), "cancelled"),
        (json!({"status_id": 6}), "cancelled"),
        (json!({"status_id": 1}), ""),
        (json!({"status_id": 7}), ""),
        (json!({"status_id": 12}), ""),
        (json!({"status_id": 13}), ""),
        (json!({"status_id": 14}), "paid"),
        (json!({"status_id": 4}), "paid"),
        (json!({"status_id": 99}), ""),
        (json!({"is_deleted": true}), "cancelled"),
    ] {
        let order = read_order(&shop(), changes.clone());
        assert_eq!(order.get("status").and_then(Value::as_str).unwrap_or_default(), counts_as, "{changes}");
    }
    let mut shop = shop();
    shop.status(7, OrderStatus::Cancelled).product_key(ProductKey::Variant);
    let order = read_order(&shop, json!({"status_id": 7, "customer_id": 0}));
    assert_eq!((&order["status"], order.get("customer")), (&json!("cancelled"), None));
    assert_eq!(order["lines"][0]["product"], "771");
}

pub fn cart() -> Value {
    json!({"data": {
        "id": "bc218c65", "customer_id": 11, "email": "Jane@example.com", "currency": {"code": "USD"},
        "created_time": "2019-03-05T21:40:11+00:00", "updated_time": "2019-03-05T21:45:00+00:00",
        "line_items": {
            "physical_items": [
                {"id": "l1", "product_id": 77, "variant_id": 771, "sku": "A", "quantity": 2, "sale_price": 150},
                {"id": "l2", "product_id": 77, "variant_id": 772, "sku": "B", "quantity": 1, "sale_price": 150},
            ],
            "digital_items": [{"id": "l3", "product_id": 78, "quantity": 1, "sale_price": 9.5}],
            "gift_certificates": [{"id": "l4", "amount": 5}],
        },
    }, "meta": {}})
}

#[test]
fn cart_holds_each_product_once() {
    let events = log(shop().cart(&bytes(&cart())));
    let mut expected = json!([
        {"product": "77", "quantity": 3, "price": "150.00"},
        {"product": "78", "quantity": 1, "price": "9.50"},
    ]);
    for (event, found) in expected.as_array_mut().unwrap().iter_mut().zip(events.as_array().unwrap()) {
        let shared = json!({"at": "2019-03-05T21:45:00Z", "kind": "add_to_cart", "currency": "USD", "id": found["id"],
            "cart": "bc218c65", "customer": "11", "email": "jane@example.com"});
        event.as_object_mut().unwrap().extend(shared.as_object().unwrap().clone());
    }
    assert_eq!(events, expected);
    let empty = json!({"data": {"id": "x", "updated_time": "2019-03-05T21:45:00Z", "line_items": {}}});
    assert_eq!(shop().cart(&bytes(&empty)), Ok(Answer::Ignored(Ignored::NothingInIt)));
    assert_eq!(refused_field(shop().cart(b"{}")), "data");
}

#[test]
fn refunds_are_in_the_currency_of_the_order() {
    let refunds =
        br#"{"data":[{"id":3,"order_id":118,"created":"2019-03-12T10:00:00+00:00","total_amount":61.95,
        "items":[{"item_type":"PRODUCT","item_id":2}]}],"meta":{}}"#;
    let expected = json!([{
        "id": "bigcommerce:refund:3", "at": "2019-03-12T10:00:00Z", "kind": "refund", "refund": "3", "order": "118",
        "amount": "61.95", "currency": "USD",
    }]);
    assert_eq!(log(shop().refunds(refunds, "USD".parse().unwrap())), expected);
    let wrong = shop().refunds(refunds, "JPY".parse().unwrap());
    assert_eq!(refused_field(wrong), "data[0].total_amount");
}

#[test]
fn what_a_provider_declined_was_not_refunded() {
    let payment = |amount: f64, is_declined: bool| json!({"provider_id": "x", "amount": amount, "is_declined": is_declined, "declined_message": ""});
    let refund = |id: u32, payments: Value| json!({"id": id, "order_id": 118, "created": "Tue, 12 Mar 2019 10:00:00 +0000", "total_amount": 61.95, "payments": payments});
    let refunds = json!({"data": [
        refund(1, json!([payment(61.95, false)])), refund(2, json!([payment(60.0, true), payment(1.95, false)])),
        refund(3, json!([payment(61.95, true)])), refund(4, json!([])),
    ]});
    let read = log(shop().refunds(&bytes(&refunds), "USD".parse().unwrap()));
    let amounts: Vec<(&Value, &Value)> =
        read.as_array().unwrap().iter().map(|refund| (&refund["refund"], &refund["amount"])).collect();
    let expected =
        [("1", "61.95"), ("2", "1.95"), ("4", "61.95")].map(|(id, amount)| (json!(id), json!(amount)));
    assert_eq!(amounts, expected.iter().map(|(id, amount)| (id, amount)).collect::<Vec<_>>());
    assert_eq!(read[0]["at"], "2019-03-12T10:00:00Z");
    let nothing = json!({"data": [refund(3, json!([payment(61.95, true)]))]});
    assert_eq!(
        shop().refunds(&bytes(&nothing), "USD".parse().unwrap()),
        Ok(Answer::Ignored(Ignored::NothingInIt))
    );
}

#[test]
fn errors_name_the_path_of_the_field() {
    for (changes, path) in [
        (json!({"default_currency_code": null}), "default_currency_code"),
        (json!({"date_created": "2019-03-05 21:40:11"}), "date_created"),
        (json!({"total_inc_tax": "361.9510"}), "total_inc_tax"),
        (json!({"status_id": 1.5}), "status_id"),
    ] {
        let read = shop().order(&bytes(&order(changes.clone())), b"[]", b"");
        assert_eq!(refused_field(read), path, "{changes}");
    }
    let good = bytes(&order(json!({})));
    assert_eq!(refused_field(shop().order(&good, b"{}", b"")), "products");
    assert_eq!(refused_field(shop().order(&good, br#"[{"id":1}]"#, b"")), "products[0].quantity");
    assert_eq!(refused_field(shop().order(&good, b"", b"[{}]")), "coupons[0].code");
}
