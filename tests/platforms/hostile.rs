//! Hostile bodies: every field of every payload replaced by every hostile value, and JSON that is none.

use clinch::platform::{Answer, Delivery, Refused};
use serde_json::{Value, json};

use clinch::Identifiers;
use clinch::platform::adobe::Adobe;
use clinch::platform::ga4::Ga4;
use clinch::platform::segment::Segment;
use clinch::platform::telemetry::Telemetry;
use clinch::platform::ucp::Ucp;

use crate::{acp, adobe, analytics, bigcommerce, bytes, chat, json, now, shopify, sign, ucp, woocommerce};

type Read = fn(&[u8]) -> Result<Answer, Refused>;

/// An order of WooCommerce that has everything that is read.
fn full_woocommerce() -> Value {
    woocommerce::order(json!({
        "refunds": [{"id": 726, "reason": "", "total": "-10.00"}], "coupon_lines": [{"id": 1, "code": "tenoff"}],
        "meta_data": [{"id": 1, "key": "_wc_order_attribution_referrer", "value": "https://a.example/"},
            {"id": 2, "key": "_clq", "value": "7zk3"}], "customer_id": 25,
    }))
}

fn credit_memo() -> Value {
    json!({
        "entity_id": 9, "order_id": 3, "order_currency_code": "USD", "grand_total": 27, "state": 2,
        "created_at": "2017-09-01 10:00:00", "items": [{"entity_id": 1, "product_id": 1553, "sku": "a", "row_total": 22}],
    })
}

fn bigcommerce_refunds() -> Value {
    json!({"data": [{"id": 3, "order_id": 118, "created": "2019-03-12T10:00:00Z", "total_amount": 61.95}]})
}

fn read_bigcommerce_order(body: &[u8]) -> Result<Answer, Refused> {
    bigcommerce::shop().order(body, b"", b"")
}

/// A thin body, signed now.
fn read_bigcommerce_thin(body: &[u8]) -> Result<Answer, Refused> {
    let time = now().timestamp().to_string();
    let signature = format!("v1,{}", sign(b"hush", &[b"m.", time.as_bytes(), b".", body]));
    let headers = [("webhook-id", "m"), ("webhook-timestamp", &*time), ("webhook-signature", &*signature)];
    bigcommerce::shop().receive(&Delivery { headers: &headers, body }, now()).map(|received| received.answer)
}

/// What is known of people, carts and visits, in the small bodies of several platforms.
fn small_payloads() -> Vec<(&'static str, Value, Read)> {
    let customer = json!({"id": 5, "email": "ada@example.com", "phone": "+4915112345678"});
    let visit = json!({
        "id": "gid://shopify/CustomerVisit/1", "occurredAt": "2026-03-01T10:00:00Z", "landingPage": "/a",
        "referrerUrl": "https://a.example/", "utmParameters": {"source": "x", "medium": "y"},
    });
    vec![
        (
            "shopify customer",
            json!({"id": 5, "email": "ada@example.com", "phone": "+4915112345678", "updated_at": "2026-03-01T10:00:00Z"}),
            |body| shopify::shop().read("customers/update", body, now()),
        ),
        (
            "shopify merge",
            json!({
                "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/1", "status": "completed", "errors": [],
                "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/2", "admin_graphql_api_job_id": null,
            }),
            |body| shopify::shop().read("customers/merge", body, now()),
        ),
        (
            "shopify redact",
            json!({"shop_id": 1, "shop_domain": "a.myshopify.com", "customer": customer, "orders_to_redact": [7, 8]}),
            |body| shopify::shop().read("customers/redact", body, now()),
        ),
        (
            "shopify edit",
            json!({"order_edit": {"id": 1, "order_id": 2, "line_items": {"additions": [], "removals": []}}}),
            |body| shopify::shop().read("orders/edited", body, now()),
        ),
        (
            "shopify journey",
            json!({"ready": true, "moments": {"nodes": [visit]}, "firstVisit": visit, "lastVisit": visit}),
            |body| shopify::shop().customer_journey(&Identifiers::none().customer("5"), body),
        ),
        (
            "woocommerce customer",
            json!({"id": 25, "email": "a@example.com", "date_modified_gmt": "2017-03-21T19:09:30", "billing": {"email": "", "phone": "5"}}),
            |body| woocommerce::shop().read("customer.updated", body, now()),
        ),
        (
            "adobe quote",
            json!({"entity_id": 4, "customer_id": 3, "customer_email": "a@example.com", "updated_at": "2017-08-21 22:00:00"}),
            |body| Adobe::new().read("quote", body),
        ),
        (
            "bigcommerce thin",
            json!({"scope": "store/cart/converted", "producer": "stores/a", "data": {"type": "cart", "id": "x", "orderId": 2}}),
            read_bigcommerce_thin,
        ),
        (
            "acp completion",
            json!({"buyer": {"email": "a@example.com", "phone_number": "+4915112345678", "customer_id": "5"}}),
            |body| acp::agent().session_completed("cs1", body, now()),
        ),
        (
            "ucp cart",
            json!({"id": "ca1", "attribution": {"gclid": "x"}, "buyer": {"email": "a@example.com"}}),
            |body| Ucp::new().cart(body, now()),
        ),
    ]
}

fn read_telemetry(body: &[u8]) -> Result<Answer, Refused> {
    Telemetry::new().read(&Identifiers::none(), body)
}

/// Every payload with the reader that takes it.
fn payloads() -> Vec<(&'static str, Value, Read)> {
    let files: [(&'static str, Read); 12] = [
        ("acp/2026-04-17.refunded-order.json", |body| acp::agent().order(body, now())),
        ("ucp/order.json", |body| Ucp::new().order(body, now())),
        ("content-telemetry/turn-privacy-full.json", read_telemetry),
        ("content-telemetry/session-multi-turn.json", read_telemetry),
        ("content-telemetry/event-standalone-engaged-ctx-token.json", read_telemetry),
        ("shopify/order.json", |body| shopify::shop().read("orders/updated", body, now())),
        ("shopify/order_with_properties.json", |body| shopify::shop().read("orders/updated", body, now())),
        ("shopify/refund.json", |body| shopify::shop().read("refunds/create", body, now())),
        ("shopify/carts.json", |body| shopify::shop().read("carts/update", body, now())),
        ("shopify/abandoned_checkout.json", |body| shopify::shop().read("checkouts/update", body, now())),
        ("woocommerce/order_727.json", |body| woocommerce::shop().read("order.updated", body, now())),
        ("adobe-commerce/order_3.json", |body| Adobe::new().read("order", body)),
    ];
    let made: [(&'static str, Value, Read); 15] = [
        ("whatsapp", chat::whatsapp(), |body| chat::meta().read(body)),
        ("messenger", chat::messenger(), |body| chat::meta().read(body)),
        ("segment order", analytics::order_completed(), |body| Segment::new().read(body)),
        (
            "segment batch",
            json!({"batch": [analytics::track("Product Added", json!({"product_id": "p1", "price": 5}))]}),
            |body| Segment::new().read(body),
        ),
        ("ga4 purchase", analytics::purchase(), |body| Ga4::new().read(body, now())),
        (
            "ga4 cart",
            analytics::ga4(
                "add_to_cart",
                json!({"currency": "EUR", "items": [{"item_id": "a", "price": 5}]}),
            ),
            |body| Ga4::new().read(body, now()),
        ),
        ("bigcommerce cart", bigcommerce::cart(), |body| bigcommerce::shop().cart(body)),
        ("acp session", acp::claim(json!({})), |body| acp::agent().session_created("cs1", body, now())),
        (
            "ucp attribution",
            ucp::order(
                json!({"created_time": "2026-01-15T12:00:00Z", "attribution": {"gclid": "x", "clq": "y"}}),
            ),
            |body| Ucp::new().order(body, now()),
        ),
        ("ucp checkout", ucp::checkout(), |body| Ucp::new().checkout(body, now())),
        ("woocommerce", full_woocommerce(), |body| woocommerce::shop().read("order.updated", body, now())),
        ("adobe", adobe::order(json!({"coupon_code": "A"})), |body| Adobe::new().read("order", body)),
        ("adobe credit memo", credit_memo(), |body| Adobe::new().read("creditmemo", body)),
        ("bigcommerce", bigcommerce::order(json!({})), read_bigcommerce_order),
        ("bigcommerce refunds", bigcommerce_refunds(), |body| {
            bigcommerce::shop().refunds(body, "USD".parse().unwrap())
        }),
    ];
    let files = files.into_iter().map(|(name, read)| (name, json(name), read));
    files.chain(made).chain(small_payloads()).collect()
}

/// Twenty values that a field should not have, as JSON text.
fn hostile_values() -> [String; 20] {
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    [
        "null".into(),
        "true".into(),
        "false".into(),
        "0".into(),
        "-1".into(),
        "1.5".into(),
        "1e400".into(),
        "-0.0".into(),
        "9007199254740993".into(),
        "123456789012345678901234567890".into(),
        "\"\"".into(),
        "\"NaN\"".into(),
        "\"\\u0000\\n\"".into(),
        "\"9999-99-99T99:99:99Z\"".into(),
        "\"99999999999999999999.99\"".into(),
        "[]".into(),
        "{}".into(),
        nested(40),
        r#"[{"name":"clq","value":{"clq":[]}},[null]]"#.into(),
        format!("\"{}\"", "é".repeat(5000)),
    ]
}

/// All places in a value, as the steps that lead there.
fn places(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    found.push(path.clone());
    let mut inside = |name: String, value: &Value| {
        path.push(name);
        places(value, path, found);
        path.pop();
    };
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(n, item)| inside(n.to_string(), item)),
        Value::Object(fields) => fields.iter().for_each(|(name, item)| inside(name.clone(), item)),
        _ => {}
    }
}

/// Steps as an error names them: `order.line_items[0].price`.
fn shown(steps: &[String]) -> String {
    steps.iter().fold(String::new(), |path, step| match step.parse::<usize>() {
        Ok(place) => format!("{path}[{place}]"),
        Err(_) if path.is_empty() => step.clone(),
        Err(_) => format!("{path}.{step}"),
    })
}

#[test]
fn every_field_survives_every_hostile_value_and_an_error_names_it() {
    const MARK: &str = "put the hostile value here";
    for (name, whole, read) in payloads() {
        let (mut found, mut refused) = (Vec::new(), 0);
        places(&whole, &mut Vec::new(), &mut found);
        for steps in &found {
            let mut changed = whole.clone();
            let pointer: String =
                steps.iter().map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect();
            *changed.pointer_mut(&pointer).unwrap() = json!(MARK);
            let text = serde_json::to_string(&changed).unwrap();
            for value in hostile_values() {
                let body = text.replace(&format!("\"{MARK}\""), &value);
                match read(body.as_bytes()) {
                    Ok(_) => {}
                    Err(Refused::Field(error)) => {
                        refused += 1;
                        // The field itself, one inside it, or a field that was needed around it.
                        let place = shown(steps);
                        let near = error.field.starts_with(&place) || place.starts_with(&error.field);
                        // Without its wrapper a body is read bare.
                        assert!(near || steps.len() == 1, "{name} {place}: {error}");
                    }
                    Err(Refused::Json { problem: "nested too deeply", .. }) => {}
                    Err(other) => panic!("{name} {steps:?} {value}: {other}"),
                }
            }
        }
        assert!(refused >= 10, "{name}: {refused} refusals in {} places", found.len());
    }
}

#[test]
fn what_is_no_json_is_refused_with_its_byte() {
    for (name, whole, read) in payloads() {
        let whole = bytes(&whole);
        for cut in 0..whole.len() {
            assert!(matches!(read(&whole[..cut]), Err(Refused::Json { .. })), "{name} cut at {cut}");
        }
        for place in (0..whole.len()).step_by(7) {
            let mut changed = whole.clone();
            changed[place] = 0xFF;
            assert_eq!(read(&changed), Err(Refused::Json { at: place, problem: "not UTF-8" }), "{name}");
        }
        let deep = "[".repeat(3 << 20);
        assert!(matches!(read(deep.as_bytes()), Err(Refused::Json { problem: "nested too deeply", .. })));
        assert_eq!(read(&vec![b'['; 10 << 20]), Err(Refused::TooLarge { bytes: 10 << 20 }));
        for odd in ["null", "1e400", "[[]]", "\"\"", "[{}]"] {
            assert!(matches!(read(odd.as_bytes()), Err(Refused::Field(_))), "{name} {odd}");
        }
    }
}

#[test]
fn memory_for_a_body_is_bounded() {
    let bound = clinch::platform::MAX_BODY_BYTES;
    for one in ["0,", "[],", "{},", "{\"\":0},", "\"\",", "\"\\n\","] {
        let body = format!("{{\"line_items\":[{}0]}}", one.repeat((bound - 20) / one.len()));
        let mut outcome = None;
        let used = allocation_counter::measure(|| {
            outcome = Some(shopify::shop().read("orders/updated", body.as_bytes(), now()));
        });
        assert!(matches!(outcome, Some(Err(Refused::Field(_)))), "{one}");
        assert!(used.bytes_max < 64 * bound as u64, "{one}: {} times", used.bytes_max / bound as u64);
    }
}
