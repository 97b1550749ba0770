//! Adobe Commerce and Magento 2: every payload as whole events, and RSA signatures.

use clinch::OrderStatus;
use clinch::platform::adobe::{Adobe, RefundSource};
use clinch::platform::{Answer, Delivery, Ignored, ProductKey, Refused};
use serde_json::{Value, json};

use crate::{bytes, json, log, now, payload, refused_field};

pub fn order(changes: Value) -> Value {
    let mut order = json("adobe-commerce/order_3.json");
    order.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    order
}

#[track_caller]
fn read_order(shop: &Adobe, changes: Value) -> Value {
    log(shop.read("order", &bytes(&order(changes))))[0].clone()
}

fn whole_order() -> Value {
    json!([{
        "id": "adobe:order:3:2017-08-21T22:22:20Z", "at": "2017-08-21T22:22:19Z", "kind": "order",
        "cart": "4", "phone": "5125551111", "email": "jdoe@example.com", "customer": "3",
        "order": "3", "total": "165.00", "currency": "USD", "updated_at": "2017-08-21T22:22:20Z",
        "lines": [{"product": "1553", "quantity": 1, "total": "22.00"}],
    }])
}

#[test]
fn order_is_one_whole_event() {
    assert_eq!(log(Adobe::new().read("order", &payload("adobe-commerce/order_3.json"))), whole_order());
    let found =
        json!({"items": [json("adobe-commerce/order_3.json")], "search_criteria": {}, "total_count": 1});
    assert_eq!(log(Adobe::new().read("order", &bytes(&found))), whole_order());
    let submitted = json!({"order": json("adobe-commerce/order_3.json"), "quote": {"entity_id": 4}});
    let topic = "com.adobe.commerce.observer.checkout_submit_all_after";
    assert_eq!(log(Adobe::new().read(topic, &bytes(&submitted))), whole_order());
}

#[test]
fn money_as_text_of_an_event_is_the_same() {
    let order = read_order(&Adobe::new(), json!({"grand_total": "165.000000", "entity_id": "3"}));
    assert_eq!(order, whole_order()[0]);
}

/// A configurable product with the variant chosen (the money is on the parent), and a bundle whose parts have it.
#[test]
fn parent_and_child_rows_are_counted_once() {
    let row = |id: u32, parent: Option<u32>, product: u32, total: &str, discount: &str| {
        json!({
            "item_id": id, "parent_item_id": parent, "product_id": product, "sku": format!("s{product}"),
            "qty_ordered": "1.0000", "row_total": total, "discount_amount": discount,
        })
    };
    let rows = json!([
        row(1, None, 10, "52.0000", "2.0000"),
        row(2, Some(1), 11, "0.0000", "0.0000"),
        row(3, None, 20, "0.0000", "0.0000"),
        row(4, Some(3), 21, "30.0000", "0.0000"),
        row(5, Some(3), 22, "20.0000", "5.0000"),
        row(6, None, 30, "61.0000", "0.0000"),
        row(7, Some(6), 31, "23.0000", "0.0000"),
        row(8, Some(6), 32, "38.0000", "0.0000"),
        row(9, Some(99), 40, "5.0000", "0.0000"),
    ]);
    let lines = read_order(&Adobe::new(), json!({"items": rows}))["lines"].clone();
    let line = |product: &str, total: &str| json!({"product": product, "quantity": 1, "total": total});
    assert_eq!(
        lines,
        json!([line("10", "50.00"), line("20", "45.00"), line("30", "61.00"), line("40", "5.00")])
    );
}

/// Where prices have tax in them the discount has too, and is more than the row without tax: 100.00 with 22 % are
/// 81.97 and a full discount of 100.00, of which 18.03 were tax.
#[test]
fn a_discount_on_prices_with_tax_leaves_what_was_paid_without_tax() {
    let row = |id: u32, parent: Option<u32>, total: &str, discount: &str, tax: Value| {
        json!({
            "item_id": id, "parent_item_id": parent, "product_id": id, "qty_ordered": 1, "row_total": total,
            "discount_amount": discount, "discount_tax_compensation_amount": tax,
        })
    };
    let rows = json!([
        row(1, None, "81.9700", "100.0000", json!("18.0300")),
        row(2, None, "81.9700", "50.0000", json!(9.02)),
        row(3, None, "81.9700", "81.9800", json!(null)),
        // What rounding left of a tax on no discount is not looked at.
        row(4, None, "81.9700", "0.0000", json!(2.2204460492503e-16)),
        // A bundle by its own price, discounted by its parts.
        row(5, None, "61.0000", "0.0000", json!(0)),
        row(6, Some(5), "23.0000", "3.0000", json!(0)),
        row(7, Some(5), "38.0000", "2.0000", json!(0)),
    ]);
    let lines = read_order(&Adobe::new(), json!({"items": rows}))["lines"].clone();
    let totals: Vec<&Value> = lines.as_array().unwrap().iter().map(|line| &line["total"]).collect();
    assert_eq!(totals, ["0.00", "40.99", "0.00", "81.97", "56.00"]);
}

#[test]
fn credit_memo_is_a_refund_split_over_its_rows() {
    let memo = |state: u8| {
        json!({
            "entity_id": 9, "order_id": 3, "order_currency_code": "USD", "grand_total": 27, "state": state,
            "created_at": "2017-09-01 10:00:00", "items": [
                {"entity_id": 1, "product_id": 1553, "sku": "a", "row_total": 22}, {"entity_id": 2, "product_id": 7, "row_total": 0},
                {"entity_id": 3, "product_id": 8, "row_total": null},
            ],
        })
    };
    let expected = json!([{
        "id": "adobe:refund:9", "at": "2017-09-01T10:00:00Z", "kind": "refund", "refund": "9", "order": "3",
        "amount": "27.00", "currency": "USD", "lines": [{"product": "1553", "amount": "27.00"}],
    }]);
    for topic in ["creditmemo", "com.adobe.commerce.observer.sales_order_creditmemo_save_after"] {
        assert_eq!(log(Adobe::new().read(topic, &bytes(&memo(2)))), expected);
    }
    assert_eq!(Adobe::new().read("creditmemo", &bytes(&memo(3))), Ok(Answer::Ignored(Ignored::NothingInIt)));
}

#[test]
fn what_was_refunded_counts_from_one_source() {
    let changes = json!({"total_refunded": "27.0000"});
    assert_eq!(read_order(&Adobe::new(), changes.clone()).get("refunds"), None);
    let mut shop = Adobe::new();
    shop.refund_source(RefundSource::OrderTotal);
    let refunds = read_order(&shop, changes)["refunds"].clone();
    assert_eq!(refunds, json!([{"refund": "total_refunded", "amount": "27.00"}]));
}

#[test]
fn state_guest_and_carriers() {
    for (state, counts_as) in [
        ("new", ""),
        ("holded", ""),
        ("payment_review", ""),
        ("processing", "paid"),
        ("complete", "paid"),
        ("closed", "paid"),
        ("pending_payment", "cancelled"),
        ("canceled", "cancelled"),
    ] {
        let order = read_order(&Adobe::new(), json!({"state": state}));
        assert_eq!(order.get("status").and_then(Value::as_str).unwrap_or_default(), counts_as, "{state}");
    }
    let mut shop = Adobe::new();
    shop.status("pending_payment", OrderStatus::Placed).product_key(ProductKey::Sku);
    let order = read_order(
        &shop,
        json!({
            "state": "pending_payment", "customer_id": null, "customer_is_guest": 1, "coupon_code": "TENOFF",
            "extension_attributes": {"clq": "7zk3", "clinch_conversation": "c1", "shipping_assignments": []},
        }),
    );
    assert_eq!((order.get("status"), order.get("customer")), (None, None));
    assert_eq!((&order["codes"], &order["conversation"]), (&json!(["7zk3"]), &json!("c1")));
    assert_eq!(
        (&order["discount_codes"], &order["lines"][0]["product"]),
        (&json!(["TENOFF"]), &json!("WS12-M-Orange"))
    );
}

#[test]
fn quote_ties_cart_and_customer() {
    let quote = json!({"entity_id": 4, "customer_id": 3, "customer_email": "jdoe@example.com", "updated_at": "2017-08-21 22:00:00"});
    let expected = json!([{
        "id": "adobe:quote:3fa05071a539477563c0c957b37a3a8d:2017-08-21T22:00:00Z", "at": "2017-08-21T22:00:00Z", "kind": "identify",
        "cart": "4", "email": "jdoe@example.com", "customer": "3",
    }]);
    assert_eq!(
        log(Adobe::new().read("com.adobe.commerce.observer.sales_quote_save_after", &bytes(&quote))),
        expected
    );
    assert_eq!(
        Adobe::new().read("quote", br#"{"id":4,"created_at":"2017-08-21 22:00:00"}"#),
        Ok(Answer::Ignored(Ignored::NothingInIt))
    );
}

#[test]
fn errors_name_the_path_of_the_field() {
    for (changes, path) in [
        (json!({"order_currency_code": null}), "order_currency_code"),
        (json!({"grand_total": 165.001}), "grand_total"),
        (json!({"created_at": "2017-08-21"}), "created_at"),
        (
            json!({"items": [{"item_id": 1, "product_id": 1, "qty_ordered": 1, "row_total": 1, "discount_amount": -2}]}),
            "items[0].discount_amount",
        ),
        (json!({"billing_address": {"telephone": []}}), "billing_address.telephone"),
    ] {
        assert_eq!(
            refused_field(Adobe::new().read("order", &bytes(&order(changes.clone())))),
            path,
            "{changes}"
        );
    }
}

mod rsa {
    use super::*;

    fn text(name: &str) -> String {
        String::from_utf8(payload(&format!("keys/{name}"))).unwrap()
    }

    fn shop() -> Adobe {
        let mut shop = Adobe::new();
        shop.accept(&text("rsa_2048_public.pem")).unwrap();
        shop
    }

    fn receive(shop: &Adobe, signature: &str, body: &[u8]) -> Result<clinch::platform::Received, Refused> {
        let headers = [("X-Adobe-Digital-Signature-1", signature)];
        shop.receive(&Delivery { headers: &headers, body }, now())
    }

    #[test]
    fn event_is_verified_over_the_body_and_read() {
        let (body, signature) = (payload("keys/event_2048.json"), text("event_signature.txt"));
        let received = receive(&shop(), &signature, &body).unwrap();
        assert_eq!(received.topic, "com.adobe.commerce.observer.sales_order_save_commit_after");
        assert_eq!((received.delivery.unwrap().as_str(), received.secret), ("ev-1", 0));
        let order = log(Ok(received.answer));
        assert_eq!(
            (&order[0]["total"], &order[0]["lines"]),
            (&whole_order()[0]["total"], &whole_order()[0]["lines"])
        );
        // Either of two signatures is enough, under any accepted key.
        let mut rotated = Adobe::new();
        rotated.accept(&text("other_2048_public.pem")).unwrap().accept(&text("rsa_2048_public.pem")).unwrap();
        let headers =
            [("x-adobe-digital-signature-1", "AAAA"), ("x-adobe-digital-signature-2", signature.trim())];
        assert_eq!(rotated.receive(&Delivery { headers: &headers, body: &body }, now()).unwrap().secret, 1);
    }

    #[test]
    fn a_batch_is_all_that_its_events_say() {
        let (body, signature) = (payload("keys/batch_2048.json"), text("batch_signature.txt"));
        let mut shop = Adobe::new();
        shop.accept(&text("batch_2048_public.pem")).unwrap();
        let received = receive(&shop, &signature, &body).unwrap();
        assert_eq!((received.topic.as_str(), received.delivery.clone()), ("batch", None));
        let orders = log(Ok(received.answer));
        let ids: Vec<&Value> = orders.as_array().unwrap().iter().map(|order| &order["order"]).collect();
        assert_eq!(ids, ["3", "4"]);
        assert_eq!(orders[0]["total"], whole_order()[0]["total"]);
    }

    #[test]
    fn webhook_is_verified_over_the_base64_of_the_body() {
        let (body, signature) = (payload("adobe-commerce/order_3.json"), text("webhook_signature.txt"));
        let headers =
            [("x-adobe-commerce-webhook-signature", signature.trim()), ("x-adobe-commerce-request-id", "r1")];
        let received = shop().receive_webhook("order", &Delivery { headers: &headers, body: &body }).unwrap();
        assert_eq!(received.delivery.clone().unwrap(), "r1");
        assert_eq!(log(Ok(received.answer)), whole_order());
        // One form does not pass for the other.
        assert_eq!(receive(&shop(), signature.trim(), &body), Err(Refused::Signature));
    }

    #[test]
    fn each_changed_bit_and_each_prefix_is_refused() {
        let (mut body, signature) = (payload("keys/event_2048.json"), text("event_signature.txt"));
        let (shop, signature) = (shop(), signature.trim());
        for place in 0..body.len() {
            for bit in 0..8 {
                body[place] ^= 1 << bit;
                assert_eq!(receive(&shop, signature, &body), Err(Refused::Signature), "{place}.{bit}");
                body[place] ^= 1 << bit;
            }
        }
        for cut in 1..signature.len() {
            assert_eq!(receive(&shop, &signature[..cut], &body), Err(Refused::Signature));
        }
        for place in 0..signature.len() {
            let mut changed = signature.as_bytes().to_vec();
            changed[place] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(receive(&shop, &changed, &body), Err(Refused::Signature));
        }
    }

    #[test]
    fn keys_are_checked_when_they_are_set_and_none_accepts_nothing() {
        let (body, signature) = (payload("keys/event_2048.json"), text("event_signature.txt"));
        let key = text("rsa_2048_public.pem");
        let private = key.replace("PUBLIC", "PRIVATE");
        for bad in ["", "x", &text("rsa_1024_public.pem"), &private, &key[..200]] {
            assert_eq!(Adobe::new().accept(bad).err(), Some(Refused::PublicKey));
        }
        assert_eq!(receive(&Adobe::new(), &signature, &body), Err(Refused::Signature));
        let mut other = Adobe::new();
        other.accept(&text("other_2048_public.pem")).unwrap();
        assert_eq!(receive(&other, &signature, &body), Err(Refused::Signature));
        let unsigned = shop().receive(&Delivery { headers: &[], body: &body }, now());
        assert_eq!(unsigned, Err(Refused::Unsigned { header: "x-adobe-digital-signature-1" }));
    }
}
