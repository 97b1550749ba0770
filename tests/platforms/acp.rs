//! The Agentic Commerce Protocol: orders and affiliates as whole events.

use clinch::Code;
use clinch::platform::acp::Acp;
use clinch::platform::{Answer, Carriers, Delivery, Fetch, Ignored, Received, Refused};
use serde_json::{Value, json};

use crate::{at, bytes, json, log, now, payload, refused_field};

pub fn agent() -> Acp {
    let mut agent = Acp::new(b"hush").unwrap();
    agent.currency("USD".parse().unwrap());
    agent
}

pub fn hex_signature(secret: &[u8], time: &str, body: &[u8]) -> String {
    let mac = crate::mac(secret, &[time.as_bytes(), b".", body]);
    format!("t={time},v1={}", mac.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// A webhook of this type, signed at `time` and received then.
fn receive(agent: &Acp, time: &str, body: &Value) -> Result<Received, Refused> {
    let body = bytes(body);
    let signature = hex_signature(b"hush", time, &body);
    let headers = [("merchant-signature", &*signature), ("Request-Id", "r1")];
    let now = chrono::DateTime::from_timestamp(time.parse().unwrap(), 0).unwrap();
    agent.receive(&Delivery { headers: &headers, body: &body }, now)
}

#[test]
fn the_known_vector_passes() {
    let body = br#"{"type":"order_create"}"#;
    let signature = "t=1614265330,v1=3ba50cad65733a06ba884ab98b8a681145a2e2aad8bcff40064d9fe708e28441";
    assert_eq!(hex_signature(b"hush", "1614265330", body), signature);
    let outcome = |signature: &str, now: &str| {
        let headers = [("Merchant-Signature", signature)];
        agent().receive(&Delivery { headers: &headers, body }, at(now))
    };
    // The signature is right; the body lacks the order.
    for near in ["2021-02-25T15:02:10Z", "2021-02-25T15:07:10Z", "2021-02-25T14:57:10Z"] {
        assert_eq!(refused_field(outcome(signature, near).map(|received| received.answer)), "data");
    }
    assert_eq!(
        refused_field(
            outcome(
                &signature.to_uppercase().replace("T=", "t=").replace("V1=", "v1="),
                "2021-02-25T15:02:10Z"
            )
            .map(|r| r.answer)
        ),
        "data"
    );
    for far in ["2021-02-25T15:07:10.001Z", "2021-02-25T14:57:09Z", "2031-01-01T00:00:00Z"] {
        assert_eq!(outcome(signature, far), Err(Refused::Stale));
    }
    let digits = signature.rsplit_once('=').unwrap().1;
    for odd in [
        format!("v1={digits},t=1614265330"),
        format!("t=1614265330, v1={digits}"),
        format!("t=1614265330,v0={digits}"),
        format!("t=01614265330,v1={digits}"),
        format!("t=,v1={digits}"),
        format!("t=1614265330,v1={digits},v1={digits}"),
        "t=1614265330,v1=".into(),
        "t=-9223372036854775808,v1=00".into(),
        "1614265330".into(),
    ] {
        assert_eq!(outcome(&odd, "2021-02-25T15:02:10Z"), Err(Refused::Signature), "{odd}");
    }
    for time in
        ["-1", "+1614265330", "9223372036854775807", "99999999999999999999999", "1e9", " 1614265330", ""]
    {
        let signed = hex_signature(b"hush", time, body);
        assert_eq!(outcome(&signed, "2021-02-25T15:02:10Z"), Err(Refused::Stale), "{time}");
    }
}

/// 670.99 charged and 325.16 refunded: net 345.83.
#[test]
fn refunded_order_is_one_whole_event() {
    let expected = json!([{
        "id": "acp:order:ord_refund_101:2026-02-01T14:30:05Z", "at": "2026-02-01T14:30:05Z", "kind": "order",
        "checkout": "cs_jkl789", "order": "ord_refund_101", "total": "670.99", "currency": "USD",
        "updated_at": "2026-02-01T14:30:05Z", "status": "paid",
        "lines": [
            {"product": "prod_headphones_nc", "quantity": 2, "total": "598.00"},
            {"product": "prod_cable_usbc", "quantity": 1, "total": "19.00"},
        ],
        "refunds": [{"refund": "adj_refund_1", "amount": "325.16"}, {"refund": "amount_refunded", "amount": "0.00"}],
    }]);
    let order = json("acp/2026-04-17.refunded-order.json");
    let received = receive(&agent(), "1769956205", &json!({"type": "order_update", "data": order})).unwrap();
    assert_eq!(
        (received.topic.as_str(), received.delivery.clone().unwrap().as_str()),
        ("order_update", "r1")
    );
    assert_eq!(log(Ok(received.answer)), expected);
    let plain = Acp::new(b"hush").unwrap();
    let body = payload("acp/2026-04-17.refunded-order.json");
    assert_eq!(log(plain.order(&body, at("2026-02-01T14:30:05Z"))), expected);
    let unknown = receive(&agent(), "1769956205", &json!({"type": "order_shipped", "data": 1})).unwrap();
    assert_eq!(unknown.answer, Answer::Ignored(Ignored::Topic));
    // Totals are optional in a webhook, and in one that the host fetched they are not.
    let mut bare = json("acp/2026-04-17.refunded-order.json");
    bare.as_object_mut().unwrap().remove("totals");
    let received = receive(&agent(), "1769956205", &json!({"type": "order_update", "data": bare})).unwrap();
    assert_eq!(received.answer, Answer::Fetch(Fetch::Order("ord_refund_101".into())));
    assert_eq!(refused_field(agent().order(&bytes(&bare), now())), "totals");
}

fn order(changes: Value) -> Value {
    let mut order = json!({
        "id": "o1", "checkout_session_id": "cs1", "permalink_url": "https://m.example/o1", "status": "created",
        "line_items": [{"id": "li1", "quantity": {"ordered": 3, "current": 3}, "unit_price": 250}],
        "totals": [{"type": "total", "amount": 750}],
    });
    order.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    order
}

#[track_caller]
fn read(changes: Value) -> Value {
    log(agent().order(&bytes(&order(changes)), now()))[0].clone()
}

#[test]
fn refunds_are_completed_adjustments_and_what_is_refunded_beyond_them() {
    let one = |id: &str, kind: &str, status: &str, amount: u64| json!({"id": id, "type": kind, "status": status, "amount": amount});
    let adjustments = json!([
        one("a", "refund", "completed", 100), one("b", "refund", "pending", 7), one("c", "credit", "completed", 50),
        one("d", "refund", "failed", 9), {"id": "e", "type": "exchange", "status": "completed"},
    ]);
    assert_eq!(
        read(json!({"adjustments": adjustments}))["refunds"],
        json!([{"refund": "a", "amount": "1.00"}, {"refund": "c", "amount": "0.50"}])
    );
    // The sum is known before its parts are, and turns to zero with them.
    let totals = |refunded: u64| json!([{"type": "total", "amount": 750}, {"type": "amount_refunded", "amount": refunded}]);
    assert_eq!(
        read(json!({"totals": totals(150)}))["refunds"],
        json!([{"refund": "amount_refunded", "amount": "1.50"}])
    );
    assert_eq!(
        read(json!({"totals": totals(150), "adjustments": adjustments}))["refunds"][2],
        json!({"refund": "amount_refunded", "amount": "0.00"})
    );
}

#[test]
fn statuses_lines_and_buyers_are_read_as_the_protocol_gives_them() {
    for (status, counts_as) in [
        ("created", ""),
        ("manual_review", ""),
        ("confirmed", "paid"),
        ("processing", "paid"),
        ("shipped", "paid"),
        ("completed", "paid"),
        ("canceled", "cancelled"),
        ("new_one", ""),
    ] {
        let order = read(json!({"status": status}));
        assert_eq!(order.get("status").and_then(Value::as_str).unwrap_or_default(), counts_as, "{status}");
    }
    let order = read(json!({
        "buyer": {"email": "Ada@Example.com", "phone_number": "+1 415 555 0123", "customer_id": "k4"},
        "line_items": [{"id": "li1", "product_id": "p1", "quantity": 2, "subtotal": 500}, {"id": "li2", "quantity": {"ordered": 1}}],
    }));
    assert_eq!(
        order["lines"],
        json!([{"product": "p1", "quantity": 2, "total": "5.00"}, {"product": "line:li2", "quantity": 1, "total": "0.00"}])
    );
    assert_eq!(
        (&order["email"], &order["phone"], &order["customer"]),
        (&json!("ada@example.com"), &json!("+14155550123"), &json!("k4"))
    );
    assert_eq!(read(json!({}))["lines"], json!([{"product": "line:li1", "quantity": 3, "total": "7.50"}]));
}

#[test]
fn errors_name_the_path_of_the_field() {
    let refused = |changes: Value| refused_field(agent().order(&bytes(&order(changes)), now()));
    let total = |total: Value| json!({"totals": [{"type": "total", "amount": total}]});
    for (changes, path) in [
        (total(json!(7.5)), "totals[0].amount"),
        (total(json!("7.50")), "totals[0].amount"),
        (total(json!(-1)), "totals"),
        (total(json!(1e19)), "totals[0].amount"),
        (json!({"totals": []}), "totals"),
        (json!({"totals": [{"type": "total", "amount": 1}, {"type": "total", "amount": 1}]}), "totals"),
        (
            json!({"adjustments": [{"id": "a", "status": "completed", "amount": 1, "currency": "eur"}]}),
            "adjustments[0].currency",
        ),
        (json!({"adjustments": [{"id": "a", "status": "completed", "amount": -1}]}), "adjustments[0].amount"),
        (json!({"adjustments": [{"status": "completed", "amount": 1}]}), "adjustments[0].id"),
        (
            json!({"line_items": [{"id": "l", "quantity": {"ordered": 4_294_967_295_u32}, "unit_price": i64::MAX}]}),
            "line_items[0].unit_price",
        ),
        (json!({"id": null}), "id"),
    ] {
        assert_eq!(refused(changes.clone()), path, "{changes}");
    }
    let plain = Acp::new(b"hush").unwrap();
    assert_eq!(refused_field(plain.order(&bytes(&order(json!({}))), now())), "currency");
    let named = order(json!({"currency": "jpy"}));
    assert_eq!(log(plain.order(&bytes(&named), now()))[0]["total"], "750");
}

pub fn claim(changes: Value) -> Value {
    let mut claim = json!({
        "provider": "impact.com", "token": "atp_01J8Z3WXYZ9ABC", "publisher_id": "pub_123", "campaign_id": "cmp 456",
        "creative_id": "cr_789", "sub_id": "u1=abc&clq=7zk3q9t4m2", "touchpoint": "first",
        "source": {"type": "url", "url": "https://publisher.example/reviews/espresso"},
        "issued_at": "2025-12-17T10:30:00Z", "metadata": {"content_type": "article", "clinch_conversation": "c1", "rank": 1},
    });
    claim.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    json!({"items": [], "affiliate_attribution": claim})
}

#[test]
fn affiliates_are_visits_at_both_ends_of_a_session() {
    let first = log(agent().session_created("cs1", &bytes(&claim(json!({}))), now()));
    let expected = json!([{
        "id": "acp:affiliate:VEIL:first", "at": "2031-01-01T00:00:00Z", "kind": "visit", "checkout": "cs1",
        "conversation": "c1", "channel": "affiliates",
        "url": "?utm_source=impact.com&utm_medium=affiliate&utm_campaign=cmp%20456&utm_content=cr_789&utm_id=pub_123",
        "referrer": "https://publisher.example/reviews/espresso", "code": "7zk3q9t4m2",
    }]);
    assert_eq!(unveiled(first), expected);
    let mut request = claim(json!({"touchpoint": null, "sub_id": null, "source": null, "metadata": null}));
    request["buyer"] = json!({"email": "ada@example.com"});
    let last = log(agent().session_completed("cs1", &bytes(&request), now()));
    assert_eq!(
        (&last[0]["email"], last[0].get("code"), last[0].get("referrer")),
        (&json!("ada@example.com"), None, None)
    );
    assert_eq!(unveiled(last.clone())[0]["id"], "acp:affiliate:VEIL:last");
    assert_eq!(
        (&last[1]["kind"], &last[1]["checkout"], &last[1]["email"]),
        (&json!("identify"), &json!("cs1"), &json!("ada@example.com"))
    );
    let nobody = agent().session_created("cs1", br#"{"items":[]}"#, now());
    assert_eq!(nobody, Ok(Answer::Ignored(Ignored::NothingInIt)));
    // The token is nowhere.
    assert!(!format!("{last}").contains("atp_01J8"));
}

/// The same with the digits that stand for the session replaced.
fn unveiled(mut log: Value) -> Value {
    let id = log[0]["id"].as_str().unwrap().to_owned();
    let (head, end) = id.rsplit_once(':').unwrap();
    let (head, veil) = head.rsplit_once(':').unwrap();
    assert!(veil.len() == 32 && veil.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    log[0]["id"] = format!("{head}:VEIL:{end}").into();
    log
}

#[test]
fn a_claim_is_flat_and_names_nobody() {
    let refused = |changes: Value| match agent().session_created("cs1", &bytes(&claim(changes)), now()) {
        Err(Refused::Field(error)) => (error.field, error.reason),
        other => panic!("{other:?}"),
    };
    let many: serde_json::Map<String, Value> = (0..21).map(|n| (format!("k{n}"), json!(n))).collect();
    for (changes, path) in [
        (json!({"provider": null}), "provider"),
        (json!({"token": null, "publisher_id": null}), "publisher_id"),
        (json!({"touchpoint": "middle"}), "touchpoint"),
        (json!({"metadata": {"a": [1]}}), "metadata.a"),
        (json!({"metadata": many}), "metadata"),
        (json!({"metadata": 1}), "metadata"),
    ] {
        assert_eq!(refused(changes.clone()).0, format!("affiliate_attribution.{path}"), "{changes}");
    }
    for (changes, path) in [
        (json!({"sub_id": "u1=ada@example.com"}), "sub_id"),
        (json!({"campaign_id": "+1 (415) 555-0123"}), "campaign_id"),
        (json!({"creative_id": "x ada.b@mail.example y"}), "creative_id"),
        (json!({"publisher_id": "ada@example.com"}), "publisher_id"),
        (json!({"metadata": {"user_email": "x"}}), "metadata.user_email"),
        (json!({"metadata": {"note": "ada@example.com"}}), "metadata.note"),
    ] {
        let (field, reason) = refused(changes.clone());
        assert_eq!(field, format!("affiliate_attribution.{path}"), "{changes}");
        assert!(reason.starts_with("pii_not_allowed"), "{reason}");
        assert!(!reason.contains("ada"), "the value is not repeated");
    }
    for fine in [
        json!({"campaign_id": "4155550123"}),
        json!({"sub_id": "a+b@c"}),
        json!({"campaign_id": "spring+summer"}),
    ] {
        assert!(agent().session_created("cs1", &bytes(&claim(fine.clone())), now()).is_ok(), "{fine}");
    }
}

#[test]
fn names_of_carriers_are_the_shops() {
    let mut own = agent();
    let mut carriers = Carriers::default();
    carriers.code = vec!["bot".into()];
    own.carriers(carriers);
    let claim = claim(json!({"sub_id": null, "metadata": {"bot": "abc"}}));
    let visit = crate::events(own.session_created("cs1", &bytes(&claim), now())).remove(0);
    let clinch::Kind::Visit(visit) = visit.kind() else { panic!("{visit:?}") };
    assert_eq!(visit.code, Some(Code::from("abc")));
}
