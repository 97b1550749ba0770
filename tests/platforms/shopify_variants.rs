//! Shopify: what shops of several currencies, guests and the admin's own test deliveries send besides.

use clinch::platform::shopify::MoneySide;
use clinch::platform::{Answer, Privacy};
use clinch::{Identifiers, Who};
use serde_json::{Value, json};

use crate::shopify::{order, shop};
use crate::{at, bytes, events, log, now, refused_field};

/// An amount on the shop's side in USD and on the buyer's in EUR.
fn set(shop: &str, buyer: &str) -> Value {
    json!({
        "shop_money": {"amount": shop, "currency_code": "USD"},
        "presentment_money": {"amount": buyer, "currency_code": "EUR"},
    })
}

/// A line and its tax (22.00 and 4.40 USD, 20.00 and 4.00 EUR), shipping (5.49 USD, 5.00 EUR), less a euro kept.
fn refund(changes: Value) -> Value {
    let mut refund = json!({
        "id": 9, "order_id": 1, "created_at": "2026-03-05T00:00:00Z",
        "refund_line_items": [{
            "quantity": 1, "subtotal": 22.0, "subtotal_set": set("22.00", "20.00"), "total_tax_set": set("4.40", "4.00"),
            "line_item": {"id": 1, "product_id": 7, "price": "22.00", "price_set": set("22.00", "20.00")},
        }],
        "refund_shipping_lines": [{"subtotal_amount_set": set("5.49", "5.00"), "tax_amount_set": set("0.00", "0.00")}],
        "order_adjustments": [{"kind": "refund_discrepancy", "amount_set": set("1.10", "1.00"), "tax_amount_set": set("0.00", "0.00")}],
        "total_duties_set": set("0.00", "0.00"),
        "transactions": [
            {"kind": "refund", "status": "failure", "amount": "28.00", "currency": "EUR"},
            {"kind": "refund", "status": "success", "amount": "20.00", "currency": "EUR"},
            {"kind": "refund", "status": "success", "amount": "8.00", "currency": "EUR"},
        ],
    });
    refund.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    refund
}

fn with_refund(refund: &Value) -> Vec<u8> {
    bytes(&order(json!({
        "id": 1, "currency": "USD", "presentment_currency": "EUR", "total_price": "110.00",
        "total_price_set": set("110.00", "100.00"), "refunds": [refund],
        "line_items": [{"id": 1, "product_id": 7, "quantity": 5, "price": "22.00", "price_set": set("22.00", "20.00")}],
    })))
}

#[test]
fn a_refund_in_the_buyers_currency_counts_by_the_shops_side_of_its_sets() {
    let (shop, mut buyers) = (shop(), shop());
    buyers.money_side(MoneySide::Presentment);
    let refund = refund(json!({}));
    for (shop, amount, currency) in [(&shop, "30.79", "USD"), (&buyers, "28.00", "EUR")] {
        let expected = json!([{
            "id": "shopify:refund:9", "at": "2026-03-05T00:00:00Z", "kind": "refund", "refund": "9", "order": "1",
            "amount": amount, "currency": currency, "lines": [{"product": "7", "amount": amount}],
        }]);
        assert_eq!(log(shop.read("refunds/create", &bytes(&refund), now())), expected);
        let inside = log(shop.read("orders/updated", &with_refund(&refund), now()))[0]["refunds"].clone();
        assert_eq!(
            inside,
            json!([{"refund": "9", "amount": amount, "lines": [{"product": "7", "amount": amount}]}])
        );
    }
}

#[test]
fn shipping_of_older_bodies_stands_in_the_adjustments_and_counts_once() {
    let shipping = json!({"kind": "shipping_refund", "amount_set": set("-5.49", "-5.00"), "tax_amount_set": set("0.00", "0.00")});
    let kept = refund(json!({}))["order_adjustments"][0].clone();
    for changes in [
        json!({"refund_shipping_lines": null, "order_adjustments": [kept, shipping]}),
        json!({"order_adjustments": [kept, shipping]}),
    ] {
        let read = log(shop().read("refunds/create", &bytes(&refund(changes)), now()));
        assert_eq!(read[0]["amount"], "30.79");
    }
}

#[test]
fn what_the_sets_do_not_come_to_is_refused_by_its_transaction() {
    let mut odd_currency = refund(json!({}));
    odd_currency["refund_line_items"][0]["total_tax_set"]["presentment_money"]["currency_code"] =
        "GBP".into();
    for refund in [
        refund(json!({"order_adjustments": []})),
        refund(
            json!({"refund_line_items": [], "refund_shipping_lines": [], "order_adjustments": [], "total_duties_set": null}),
        ),
        odd_currency,
    ] {
        let read = shop().read("orders/updated", &with_refund(&refund), now());
        assert_eq!(refused_field(read), "refunds[0].transactions[1].currency", "{refund}");
    }
    let mut mixed = refund(json!({}));
    mixed["transactions"][2]["currency"] = "USD".into();
    let read = shop().read("refunds/create", &bytes(&mixed), now());
    assert_eq!(refused_field(read), "transactions[2].currency");
}

/// Test deliveries write no currency, or that there is none.
#[test]
fn a_refund_whose_money_names_no_currency_has_that_of_its_sets() {
    let paid = |currency: Value, amount: &str| json!([{"kind": "refund", "status": "success", "amount": amount, "currency": currency}]);
    for currency in [json!(null), json!("XXX")] {
        let refund = refund(json!({"transactions": paid(currency, "28.00")}));
        assert_eq!(log(shop().read("refunds/create", &bytes(&refund), now()))[0]["amount"], "30.79");
    }
    let plain = json!({"shop_money": {"amount": "5.00", "currency_code": "EUR"}, "presentment_money": {"amount": "5.00", "currency_code": "EUR"}});
    let line = json!([{"quantity": 1, "subtotal_set": plain, "line_item": {"id": 1, "product_id": 7}}]);
    let refund = json!({
        "id": 9, "order_id": 1, "created_at": "2026-03-05T00:00:00Z", "refund_line_items": line,
        "transactions": paid(json!("XXX"), "3.00"),
    });
    let read = log(shop().read("refunds/create", &bytes(&refund), now()));
    assert_eq!((&read[0]["amount"], &read[0]["currency"]), (&json!("3.00"), &json!("EUR")));
}

/// 3 x 11.00 USD against a full discount of 30.00 EUR, which is 33.01 USD.
#[test]
fn a_converted_discount_that_is_a_cent_more_than_its_line_refuses_no_order() {
    let line = json!([{"id": 1, "product_id": 7, "quantity": 3, "price": "11.00", "discount_allocations": [{"amount": "33.01"}]}]);
    let read = log(shop().read("orders/updated", &bytes(&order(json!({"line_items": line}))), now()));
    assert_eq!(read[0]["lines"], json!([{"product": "7", "quantity": 3, "total": "0.00"}]));
}

#[test]
fn what_has_no_date_of_its_own_is_dated_by_what_is_there() {
    let order = log(shop().read("orders/updated", &bytes(&order(json!({"updated_at": null}))), now()));
    assert_eq!(order[0]["updated_at"], "2026-03-02T17:20:00Z");
    let cart = json!({"token": "c1", "created_at": "2026-03-01T10:00:00Z", "line_items": [{"product_id": 7, "quantity": 1}]});
    assert_eq!(events(shop().read("carts/create", &bytes(&cart), now()))[0].at(), at("2026-03-01T10:00:00Z"));
    let customer = |more: Value| {
        let mut customer =
            json!({"id": 5, "email": "ada@example.com", "created_at": null, "updated_at": null});
        customer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        events(shop().read("customers/create", &bytes(&customer), now()))[0].at()
    };
    assert_eq!(customer(json!({})), now());
    assert_eq!(customer(json!({"created_at": "2026-03-01T10:00:00Z"})), at("2026-03-01T10:00:00Z"));
}

#[test]
fn a_guest_is_redacted_by_orders_alone() {
    let read = |customer: Value, orders: Value| {
        let body =
            json!({"shop_domain": "a.myshopify.com", "customer": customer, "orders_to_redact": orders});
        shop().read("customers/redact", &bytes(&body), now())
    };
    let erase = |who: Identifiers| Ok(Answer::Privacy(Privacy::Erase { who, orders: vec!["7".into()] }));
    for nobody in [json!(null), json!({"id": null, "email": "", "phone": null})] {
        assert_eq!(read(nobody.clone(), json!([7])), erase(Identifiers::none()));
        assert_eq!(refused_field(read(nobody, json!([]))), "customer");
    }
    assert_eq!(read(json!({"id": 5}), json!([7])), erase(Who::customer("5")));
}

#[test]
fn tags_that_shopify_kept_stand_for_those_that_the_landing_page_lacks() {
    let visit = |page: &str, tags: Value| json!({"id": "gid://shopify/CustomerVisit/1", "occurredAt": "2026-03-01T10:00:00Z", "landingPage": page, "utmParameters": tags});
    let url = |page: &str, tags: Value| {
        let edges = json!({"edges": [{"cursor": "x", "node": visit(page, tags)}]});
        let summary = json!({"ready": true, "moments": edges, "firstVisit": visit(page, json!(null))});
        log(shop().customer_journey(&Who::customer("5"), &bytes(&summary)))[0]["url"].clone()
    };
    let tags = || json!({"source": "whatsapp", "medium": "social", "campaign": "spring sale", "term": null, "content": ""});
    let trail = "?utm_source=whatsapp&utm_medium=social&utm_campaign=spring%20sale";
    assert_eq!(url("https://shop.example/p/1", tags()), trail);
    assert_eq!(url("https://shop.example/p/1", json!(null)), "https://shop.example/p/1");
    for own in ["https://shop.example/?utm_source=bot", "https://shop.example/?clq=7zk3q9t4m2d0x5wa"] {
        assert_eq!(url(own, tags()), own);
    }
}

/// The storefront's APIs hang a key on to a cart's token, which its order does not have.
#[test]
fn a_cart_is_the_same_with_and_without_its_key() {
    let cart = |token: &str| json!({"token": token, "updated_at": "2026-03-01T10:00:00Z", "line_items": [{"product_id": 7, "quantity": 1}]});
    let read = |token: &str| events(shop().read("carts/update", &bytes(&cart(token)), now())).remove(0);
    assert_eq!(read("Z2NwLXVz?key=6c3e"), read("Z2NwLXVz"));
    let order =
        |token: &str| log(shop().read("orders/updated", &bytes(&order(json!({"cart_token": token}))), now()));
    assert_eq!(order("Z2NwLXVz?key=6c3e"), order("Z2NwLXVz"));
    assert_eq!(order("Z2NwLXVz")[0]["cart"], "Z2NwLXVz");
}
