//! Shopify: every payload as whole events.

use clinch::platform::shopify::{MoneySide, OrderValue, Shopify};
use clinch::platform::{Answer, Carriers, Fetch, Ignored, Privacy, ProductKey};
use clinch::{OrderStatus, Who};
use serde_json::{Value, json};

use crate::{bytes, events, json, log, now, payload, refused_field};

pub fn shop() -> Shopify {
    Shopify::new(b"hush").unwrap()
}

#[track_caller]
fn read(topic: &str, body: &[u8]) -> Value {
    log(shop().read(topic, body, now()))
}

/// An order of one line, as webhooks write it, with these fields changed.
pub fn order(changes: Value) -> Value {
    let mut order = json!({
        "id": 9_007_199_254_740_993_u64, "currency": "EUR", "total_price": "50.00",
        "created_at": "2026-03-02T18:20:00+01:00", "updated_at": "2026-03-02T18:20:05+01:00",
        "financial_status": "paid", "checkout_token": "ch1", "source_name": "web",
        "line_items": [{"id": 11, "product_id": 7, "variant_id": 71, "sku": "A-7", "quantity": 2, "price": "25.00"}],
    });
    let fields = order.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        fields.insert(name.clone(), value.clone());
    }
    order
}

#[track_caller]
fn read_order(shop: &Shopify, changes: Value) -> Value {
    log(shop.read("orders/updated", &bytes(&order(changes)), now()))[0].clone()
}

#[test]
fn order_is_one_whole_event() {
    let expected = json!([{
        "id": "shopify:order:450789469:2008-01-10T16:00:00Z", "at": "2008-01-10T16:00:00Z", "kind": "order",
        "cart": "68778783ad298f1c80c3bafcddeea02f", "email": "bob.norman@hostmail.com", "customer": "207119551",
        "channel": "web", "order": "450789469", "total": "409.94", "currency": "USD",
        "updated_at": "2008-01-10T16:00:00Z",
        "lines": [
            {"product": "632910392", "quantity": 1, "total": "199.00"},
            {"product": "632910392", "quantity": 1, "total": "199.00"},
            {"product": "632910392", "quantity": 1, "total": "199.00"},
        ],
        "discount_codes": ["TENOFF"],
        "url": "http://www.example.com?source=abc", "referrer": "http://www.otherexample.com",
    }]);
    for topic in ["create", "paid", "updated", "cancelled", "fulfilled", "partially_fulfilled"] {
        assert_eq!(read(&format!("orders/{topic}"), &payload("shopify/order.json")), expected, "{topic}");
    }
    // The body of a webhook is not wrapped.
    assert_eq!(read("orders/create", &bytes(&json("shopify/order.json")["order"])), expected);
}

#[test]
fn refund_is_the_money_that_moved_split_over_its_lines() {
    let expected = json!([{
        "id": "shopify:refund:509562969", "at": "2016-03-22T15:15:00Z", "kind": "refund",
        "refund": "509562969", "order": "450789469", "amount": "209.00", "currency": "USD",
        "lines": [{"product": "632910392", "amount": "104.50"}, {"product": "632910392", "amount": "104.50"}],
    }]);
    assert_eq!(read("refunds/create", &payload("shopify/refund.json")), expected);
}

/// Lines of 414.95 and a refund of 85.00: net falls by 85.00, split as 195.66 to 219.29.
#[test]
fn refunded_lines_beyond_the_money_weigh_and_do_not_count() {
    let refund = json!({
        "id": 890088186047892319_u64, "order_id": 820982911946154508_u64, "created_at": "2021-12-31T19:00:00-05:00",
        "processed_at": "2021-12-31T20:00:00-05:00",
        "refund_line_items": [
            {"quantity": 1, "subtotal": 195.66, "line_item": {"id": 1, "product_id": 788032119674292922_u64}},
            {"quantity": 1, "subtotal": 219.29, "line_item": {"id": 2, "product_id": null}},
        ],
        "transactions": [
            {"kind": "refund", "status": "success", "amount": "80.00", "currency": "XXX"},
            {"kind": "refund", "status": "success", "amount": "5.00", "currency": null},
            {"kind": "refund", "status": "failure", "amount": "999.00", "currency": "USD"},
            {"kind": "sale", "status": "success", "amount": "999.00", "currency": "USD"},
        ],
    });
    let mut shop = shop();
    let body = bytes(&refund);
    assert_eq!(refused_field(shop.read("refunds/create", &body, now())), "transactions[0].currency");
    shop.currency("USD".parse().unwrap());
    let expected = json!([{
        "id": "shopify:refund:890088186047892319", "at": "2022-01-01T01:00:00Z", "kind": "refund",
        "refund": "890088186047892319", "order": "820982911946154508", "amount": "85.00", "currency": "USD",
        "lines": [{"product": "788032119674292922", "amount": "40.08"}, {"product": "line:2", "amount": "44.92"}],
    }]);
    assert_eq!(log(shop.read("refunds/create", &body, now())), expected);
    // Inside an order it is the same refund, in the order's currency.
    let inside = read_order(&shop, json!({"currency": "USD", "refunds": [refund]}));
    assert_eq!(inside["refunds"][0]["amount"], expected[0]["amount"]);
    assert_eq!(inside["refunds"][0]["lines"], expected[0]["lines"]);
}

#[test]
fn refund_that_moved_no_money_is_nothing_yet() {
    let mut refund = json("shopify/refund.json");
    refund["refund"]["transactions"][0]["status"] = "pending".into();
    let answer = shop().read("refunds/create", &bytes(&refund), now());
    assert_eq!(answer, Ok(Answer::Ignored(Ignored::NothingInIt)));
}

#[test]
fn cart_holds_each_product_once() {
    let expected = json!([
        {
            "id": "shopify:cart:752c9bc70d5b279dd5f437fee2a901e8:1", "at": "2012-02-13T19:39:37Z",
            "kind": "add_to_cart", "cart": "3eed8183d4281db6ea82ee2b8f23e9cc", "product": "1", "quantity": 1,
        },
        {
            "id": "shopify:cart:631f28661d399b42d4614d0b98461d14:1", "at": "2012-02-13T19:39:12Z",
            "kind": "add_to_cart", "cart": "49801807939c296be1e9a4bf6783a705", "product": "1", "quantity": 1,
        },
    ]);
    assert_eq!(read("carts/update", &payload("shopify/carts.json")), expected);
    let mut shop = shop();
    shop.currency("EUR".parse().unwrap());
    let cart = json!({"token": "c1", "updated_at": "2026-03-01T10:00:00Z", "line_items": [
        {"product_id": 7, "quantity": 2, "price": "5.00", "properties": {"_clinch_visitor": "v9"}},
        {"product_id": 8, "quantity": 0, "price": "5.00", "properties": null},
        {"product_id": 7, "quantity": 1, "price": "5.00", "properties": {}},
    ]});
    let expected = json!([{
        "id": "shopify:cart:2892fc8db5f38eb5eb73dbb32b735c57:7", "at": "2026-03-01T10:00:00Z", "kind": "add_to_cart", "cart": "c1",
        "visitor": "v9", "product": "7", "quantity": 3, "price": "5.00", "currency": "EUR",
    }]);
    assert_eq!(log(shop.read("carts/create", &bytes(&cart), now())), expected);
}

#[test]
fn checkout_starts_and_ties_cart_and_mailbox_of_the_order() {
    let expected = json!([
        {
            "id": "shopify:checkout:48096f1da0647d0bd956394bbffb47d5", "at": "2012-10-12T11:05:27Z",
            "kind": "checkout_started", "checkout": "2a1ace52255252df566af0faaedfbfa7",
        },
        {
            "id": "shopify:checkout:48096f1da0647d0bd956394bbffb47d5:2012-10-12T11:05:27Z",
            "at": "2012-10-12T11:05:27Z", "kind": "identify",
            "checkout": "2a1ace52255252df566af0faaedfbfa7", "cart": "68778783ad298f1c80c3bafcddeea02f",
            "email": "bob.norman@hostmail.com", "customer": "207119551",
        },
    ]);
    let checkout = read("checkouts/update", &payload("shopify/abandoned_checkout.json"));
    assert_eq!(checkout, expected);
    let order = read("orders/create", &payload("shopify/order.json"));
    assert_eq!(order[0]["cart"], checkout[1]["cart"]);
}

#[test]
fn hostile_properties_hold_no_code_and_break_nothing() {
    let mut order = json("shopify/order_with_properties.json");
    let read_code = |order: &Value| read("orders/create", &bytes(order))[0].get("codes").cloned();
    assert_eq!(read_code(&order), None);
    let lines = order["order"]["line_items"].as_array_mut().unwrap();
    lines[0]["properties"].as_array_mut().unwrap().push(json!({"name": "__CLQ", "value": " 7zk3 "}));
    lines[1]["properties"] = json!([{"name": "clq", "value": {"clq": "no"}}, {"name": "clq", "value": 7}]);
    order["order"]["note_attributes"] = json!([
        {"name": "_clq", "value": "7zk4"}, {"name": "clq", "value": "7zk3"}, {"name": "clq", "value": null},
        {"name": 5, "value": "x"}, "clq", null, {"name": "clq", "value": "y".repeat(257)}, {"name": "clq"},
    ]);
    assert_eq!(read_code(&order), Some(json!(["7zk4", "7zk3", "7"])));
}

#[test]
fn properties_are_read_in_each_odd_shape() {
    for (properties, codes) in [
        (Value::Null, None),
        (json("shopify/line_item_properties_empty_object.json")["properties"].clone(), None),
        (json("shopify/line_item_properties_object.json")["properties"].clone(), None),
        (json!({"name": "_clq", "value": 3}), Some(json!(["3"]))),
        (json!({"_clq": "abc", "size": "M"}), Some(json!(["abc"]))),
        (json!([{"name": "_clq", "value": "a"}, {"name": "_clq", "value": "b"}]), Some(json!(["a", "b"]))),
        (json!("clq"), None),
    ] {
        let line =
            json!([{"id": 1, "product_id": 7, "quantity": 1, "price": "5.00", "properties": properties}]);
        let order = read_order(&shop(), json!({"line_items": line}));
        assert_eq!(order.get("codes"), codes.as_ref(), "{properties}");
    }
}

#[test]
fn nobody_can_have_an_order_refused_by_many_codes() {
    let many: Vec<Value> = (0..100).map(|n| json!({"name": "clq", "value": format!("c{n}")})).collect();
    let order = read_order(&shop(), json!({"note_attributes": many}));
    assert_eq!(order["codes"].as_array().unwrap().len(), Carriers::MOST_CODES);
}

#[test]
fn carriers_name_conversation_and_visitor() {
    let mut carriers = Carriers::default();
    carriers.visitor = vec!["_bot_visitor".to_owned()];
    let mut shop = shop();
    shop.carriers(carriers);
    let attributes = json!([
        {"name": "clinch_conversation", "value": "c1"}, {"name": "BOT_VISITOR", "value": "v9"},
        {"name": "clinch_visitor", "value": "other"},
    ]);
    let order = read_order(&shop, json!({"note_attributes": attributes}));
    assert_eq!((&order["conversation"], &order["visitor"]), (&json!("c1"), &json!("v9")));
}

#[test]
fn ids_beyond_a_float_are_exact() {
    let order = read_order(&shop(), json!({}));
    assert_eq!(order["order"], "9007199254740993");
    let body = serde_json::to_string(&self::order(json!({})))
        .unwrap()
        .replace("9007199254740993", "18446744073709551617000000001");
    let event = log(shop().read("orders/create", body.as_bytes(), now()));
    assert_eq!(event[0]["order"], "18446744073709551617000000001");
}

#[test]
fn an_order_without_a_name_still_counts() {
    let order = read_order(&shop(), json!({"checkout_token": null, "source_name": "pos"}));
    assert_eq!(order["checkout"], "shopify:order:9007199254740993");
    assert_eq!(order["channel"], "pos");
}

#[test]
fn state_decides_what_counts() {
    for (changes, status) in [
        (json!({}), "paid"),
        (json!({"financial_status": "pending"}), ""),
        (json!({"financial_status": null}), ""),
        (json!({"financial_status": "refunded"}), "paid"),
        (json!({"financial_status": "voided"}), "cancelled"),
        (json!({"cancelled_at": "2026-03-03T00:00:00Z"}), "cancelled"),
        (json!({"test": true, "financial_status": "voided"}), "test"),
    ] {
        // The event log leaves `placed` out.
        let order = read_order(&shop(), changes.clone());
        assert_eq!(order.get("status").and_then(Value::as_str).unwrap_or_default(), status, "{changes}");
    }
    let mut shop = shop();
    shop.status("pending", OrderStatus::Cancelled);
    assert_eq!(read_order(&shop, json!({"financial_status": "pending"}))["status"], "cancelled");
}

#[test]
fn imported_order_stands_where_it_was_placed() {
    let order = read_order(&shop(), json!({"processed_at": "2020-01-01T00:00:00Z"}));
    assert_eq!(order["at"], "2020-01-01T00:00:00Z");
    assert_eq!(order["id"], "shopify:order:9007199254740993:2026-03-02T17:20:05Z");
}

#[test]
fn lines_are_worth_what_was_paid_for_them() {
    let line = |more: Value| {
        let mut line = json!({"id": 1, "product_id": 7, "quantity": 3, "price": "10.00"});
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        read_order(&shop(), json!({"line_items": [line]}))["lines"][0]["total"].clone()
    };
    assert_eq!(line(json!({})), "30.00");
    assert_eq!(line(json!({"total_discount": "5.00"})), "25.00");
    let parts = json!([{"amount": "5.00"}, {"amount": 2.5}]);
    assert_eq!(line(json!({"total_discount": "5.00", "discount_allocations": parts})), "22.50");
}

#[test]
fn each_side_of_the_money_is_counted_in_its_own_currency() {
    let set = |shop: &str, buyer: &str| {
        json!({
            "shop_money": {"amount": shop, "currency_code": "USD"},
            "presentment_money": {"amount": buyer, "currency_code": "JPY"},
        })
    };
    let changes = json!({
        "currency": "USD", "presentment_currency": "JPY", "total_price": "10.50",
        "total_price_set": set("10.50", "1600"),
        "line_items": [{"id": 1, "product_id": 7, "quantity": 1, "price": "10.50", "price_set": set("10.50", "1600")}],
    });
    let order = read_order(&shop(), changes.clone());
    assert_eq!((&order["total"], &order["currency"]), (&json!("10.50"), &json!("USD")));
    let mut buyers = shop();
    buyers.money_side(MoneySide::Presentment);
    let order = read_order(&buyers, changes.clone());
    assert_eq!((&order["total"], &order["currency"]), (&json!("1600"), &json!("JPY")));
    assert_eq!(order["lines"][0]["total"], "1600");
    // A refund in the buyer's currency does not pass for the shop's.
    let mut refunded = changes;
    refunded["refunds"] = json!([{
        "id": 1, "created_at": "2026-03-05T00:00:00Z",
        "transactions": [{"kind": "refund", "status": "success", "amount": "600", "currency": "JPY"}],
    }]);
    let body = bytes(&self::order(refunded.clone()));
    let refused = refused_field(shop().read("orders/updated", &body, now()));
    assert_eq!(refused, "refunds[0].transactions[0].currency");
    assert_eq!(read_order(&buyers, refunded)["refunds"], json!([{"refund": "1", "amount": "600"}]));
    // Without sets, plain amounts are not taken for the buyer's.
    let plain = json!({"currency": "USD", "presentment_currency": "JPY"});
    let refused = refused_field(buyers.read("orders/updated", &bytes(&self::order(plain)), now()));
    assert_eq!(refused, "line_items[0].price");
}

#[test]
fn current_value_is_net_after_an_edit_that_moved_no_money() {
    let mut shop = shop();
    shop.order_value(OrderValue::Current);
    let order = read_order(
        &shop,
        json!({
            "total_price": "50.00", "current_total_price": "20.00",
            "refunds": [
                {"id": 1, "created_at": "2026-03-05T00:00:00Z", "transactions": []},
                {"id": 2, "created_at": "2026-03-05T00:00:00Z",
                 "transactions": [{"kind": "refund", "status": "success", "amount": "5.00", "currency": "EUR"}]},
            ],
        }),
    );
    assert_eq!(
        (&order["total"], &order["refunds"]),
        (&json!("25.00"), &json!([{"refund": "2", "amount": "5.00"}]))
    );
}

#[test]
fn product_is_the_id_that_the_bot_uses() {
    for (key, product) in [(ProductKey::Product, "7"), (ProductKey::Variant, "71"), (ProductKey::Sku, "A-7")]
    {
        let mut shop = shop();
        shop.product_key(key);
        assert_eq!(read_order(&shop, json!({}))["lines"][0]["product"], product);
    }
}

#[test]
fn wallet_page_is_no_landing_page() {
    let order = read_order(&shop(), json!({"landing_site": "/wallets/checkouts.json"}));
    assert_eq!(order.get("url"), None);
    let order = read_order(&shop(), json!({"landing_site": "/products/a?clq=7zk3q9t4m2d0x5wa"}));
    assert_eq!(order["url"], "/products/a?clq=7zk3q9t4m2d0x5wa");
}

#[test]
fn customers_are_joined_only_when_the_shop_did() {
    let merge = |status: &str, errors: Value| {
        bytes(&json!({
            "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/1",
            "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/2",
            "admin_graphql_api_job_id": null, "status": status, "errors": errors,
        }))
    };
    let read = |body: &[u8]| shop().read("customers/merge", body, crate::at("2026-03-01T00:00:00Z"));
    let expected = json!([{
        "id": "shopify:merge:d2fcbc0a22ef1e408e104f193f812197:58211432ceaf4659e0b5d790a73e5a08", "at": "2026-03-01T00:00:00Z", "kind": "customer_merged", "from": "2", "into": "1",
    }]);
    assert_eq!(log(read(&merge("completed", json!([])))), expected);
    let failed = json!([{"customer_ids": [1], "field": "merge_in_progress", "message": "merging"}]);
    for body in [merge("failed", failed.clone()), merge("failed", json!([])), merge("completed", failed)] {
        assert_eq!(read(&body), Ok(Answer::Ignored(Ignored::MergeFailed)));
    }
}

#[test]
fn privacy_requests_name_person_and_orders() {
    let customer = json!({"id": 191167, "email": "john@example.com", "phone": "555-625-1199"});
    let who = || Who::customer("191167").email("john@example.com").phone("5556251199");
    let body = json!({
        "shop_id": 954889, "shop_domain": "a.myshopify.com", "customer": customer,
        "orders_requested": [299938, 280263], "orders_to_redact": [299938], "data_request": {"id": 9999},
    });
    let read = |topic: &str| shop().read(topic, &bytes(&body), now()).unwrap();
    let orders = vec!["299938".into(), "280263".into()];
    assert_eq!(read("customers/data_request"), Answer::Privacy(Privacy::Export { who: who(), orders }));
    let erase = Privacy::Erase { who: who(), orders: vec!["299938".into()] };
    assert_eq!(read("customers/redact"), Answer::Privacy(erase));
    assert_eq!(read("shop/redact"), Answer::Privacy(Privacy::EraseShop));
}

#[test]
fn what_is_no_snapshot_says_what_to_do() {
    let read = |topic: &str, body: Value| shop().read(topic, &bytes(&body), now()).unwrap();
    let edit = json!({"order_edit": {"id": 78912328793_u64, "order_id": 45678123, "line_items": {}}});
    assert_eq!(read("orders/edited", edit), Answer::Fetch(Fetch::Order("45678123".into())));
    assert_eq!(
        read("orders/delete", json!({"id": 820982911946154508_u64})),
        Answer::Deleted("820982911946154508".into())
    );
    assert_eq!(read("products/update", json!({"id": 1})), Answer::Ignored(Ignored::Topic));
    assert_eq!(
        read("carts/create", json!({"token": "c", "updated_at": "2026-03-01T10:00:00Z"})),
        Answer::Ignored(Ignored::NothingInIt)
    );
}

#[test]
fn customer_ties_its_identifiers() {
    let customer =
        json!({"id": 5, "email": "Ada@Example.com", "phone": null, "updated_at": "2026-03-01T10:00:00Z"});
    let expected = json!([{
        "id": "shopify:customer:b18da49783cee4bc766776df7bd8610d:2026-03-01T10:00:00Z", "at": "2026-03-01T10:00:00Z", "kind": "identify",
        "email": "ada@example.com", "customer": "5",
    }]);
    assert_eq!(read("customers/update", &bytes(&customer)), expected);
}

#[test]
fn journey_summary_becomes_visits_once_it_is_ready() {
    let visit = |id: u8, page: &str| {
        json!({
            "id": format!("gid://shopify/CustomerVisit/{id}"), "occurredAt": format!("2026-03-0{id}T10:00:00Z"),
            "landingPage": page, "referrerUrl": "https://www.google.com/",
        })
    };
    let who = Who::customer("5");
    let read =
        |summary: Value| shop().customer_journey(&who, &bytes(&json!({"customerJourneySummary": summary})));
    let event = |id: u8, page: &str| {
        json!({
            "id": format!("shopify:visit:{id}"), "at": format!("2026-03-0{id}T10:00:00Z"), "kind": "visit",
            "customer": "5", "url": page, "referrer": "https://www.google.com/",
        })
    };
    let ends =
        json!({"ready": true, "firstVisit": visit(1, "/a"), "lastVisit": visit(2, "/b"), "moments": null});
    assert_eq!(log(read(ends)), json!([event(1, "/a"), event(2, "/b")]));
    let one = json!({"ready": true, "firstVisit": visit(1, "/a"), "lastVisit": visit(1, "/a")});
    assert_eq!(log(read(one)), json!([event(1, "/a")]));
    let nodes = json!([visit(1, "/a"), visit(2, "/b"), visit(3, "/c")]);
    let moments = json!({"ready": true, "moments": {"nodes": nodes}, "firstVisit": visit(1, "/a")});
    assert_eq!(events(read(moments)).len(), 3);
    assert_eq!(read(json!({"ready": false, "firstVisit": null})), Ok(Answer::Ignored(Ignored::NotReady)));
}

#[test]
fn errors_name_the_path_of_the_field() {
    for (changes, path) in [
        (json!({"id": 1.5}), "id"),
        (json!({"currency": "usd dollars"}), "currency"),
        (json!({"total_price": "50.001"}), "total_price"),
        (json!({"total_price": "-1.00"}), "total_price"),
        (json!({"updated_at": "2026-03-02"}), "updated_at"),
        (json!({"updated_at": "2026-03-02T10:00:00"}), "updated_at"),
        (json!({"created_at": null}), "created_at"),
        (json!({"customer": {"id": true}}), "customer.id"),
        (json!({"customer": []}), "customer"),
        (json!({"line_items": [{"id": 1, "quantity": 1.5, "price": "1"}]}), "line_items[0].quantity"),
        (json!({"line_items": [1]}), "line_items[0]"),
        (json!({"discount_codes": [{"code": "A"}, {"code": []}]}), "discount_codes[1].code"),
        (
            json!({"total_price_set": {"shop_money": {"amount": "1.234"}}}),
            "total_price_set.shop_money.amount",
        ),
    ] {
        let read = shop().read("orders/updated", &bytes(&order(changes.clone())), now());
        assert_eq!(refused_field(read), path, "{changes}");
    }
    let twice = br#"{"id":1,"id":2,"currency":"EUR"}"#;
    assert_eq!(refused_field(shop().read("orders/delete", twice, now())), "id");
}
