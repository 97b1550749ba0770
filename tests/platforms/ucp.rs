//! The Universal Commerce Protocol: orders, attribution and consents as whole events; signed messages.

use clinch::platform::ucp::Ucp;
use clinch::platform::{Answer, Delivery, Ignored, Received, Refused, Target};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};

use crate::{at, bytes, json, log, now, payload, refused_field};

#[test]
fn order_is_one_whole_event() {
    let expected = json!([{
        "id": "ucp:order:order_abc123:2031-01-01T00:00:00Z", "at": "2031-01-01T00:00:00Z", "kind": "order",
        "checkout": "checkout_xyz789", "order": "order_abc123", "total": "153.42", "currency": "USD",
        "updated_at": "2031-01-01T00:00:00Z", "status": "paid",
        "lines": [
            {"product": "prod_shoes", "quantity": 3, "total": "90.00"},
            {"product": "prod_shirts", "quantity": 2, "total": "40.00"},
        ],
        "refunds": [{"refund": "adj_1", "amount": "30.00"}],
    }]);
    assert_eq!(log(Ucp::new().order(&payload("ucp/order.json"), now())), expected);
    let measured = log(Ucp::new().order(&payload("ucp/order_by_measure.json"), now()));
    assert_eq!(measured[0]["lines"], json!([{"product": "var_bananas", "quantity": 1, "total": "1.58"}]));
    assert_eq!(measured[0]["refunds"], json!([{"refund": "adj_1", "amount": "0.08"}]));
}

pub fn order(changes: Value) -> Value {
    let mut order = json("ucp/order.json");
    order.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    order
}

#[test]
fn attribution_becomes_the_tags_of_the_landing_link() {
    let order = order(json!({
        "created_time": "2026-01-15T12:00:00Z", "buyer": {"email": "ada@example.com", "phone_number": "+14155550123"},
        "attribution": {
            "campaign_id": "18234567890", "campaign_source": "google", "campaign_medium": "cpc",
            "campaign_name": "spring 2026", "gclid": "EAIaIQobChMI_x", "utm_term": "blue", "session_key": "abc",
            "clq": "7zk3q9t4m2", "clinch_conversation": "c1", "clinch_visitor": "v9",
        },
    }));
    let order = &log(Ucp::new().order(&bytes(&order), now()))[0];
    assert_eq!(
        order["url"],
        "?utm_id=18234567890&utm_medium=cpc&utm_campaign=spring%202026&utm_source=google&gclid=EAIaIQobChMI_x&utm_term=blue"
    );
    assert_eq!((&order["codes"], &order["conversation"]), (&json!(["7zk3q9t4m2"]), &json!("c1")));
    assert_eq!(
        (&order["visitor"], &order["email"], &order["phone"]),
        (&json!("v9"), &json!("ada@example.com"), &json!("+14155550123"))
    );
    assert_eq!(
        (&order["at"], &order["id"]),
        (&json!("2026-01-15T12:00:00Z"), &json!("ucp:order:order_abc123:2026-01-15T12:00:00Z"))
    );
}

#[test]
fn an_exchange_adds_to_the_total() {
    let one = |id: &str, status: &str, amount: i64| json!({"id": id, "type": "exchange", "status": status, "totals": [{"type": "total", "amount": amount}]});
    let order = order(
        json!({"adjustments": [one("a", "completed", 500), one("b", "completed", -200), one("c", "pending", 900)]}),
    );
    let order = &log(Ucp::new().order(&bytes(&order), now()))[0];
    assert_eq!(
        (&order["total"], &order["refunds"]),
        (&json!("158.42"), &json!([{"refund": "b", "amount": "2.00"}]))
    );
}

pub fn checkout() -> Value {
    let said =
        |granted: bool, source: &str| json!({"granted": granted, "source": source, "description": "x"});
    json!({
        "id": "chk_1", "status": "incomplete", "currency": "USD", "line_items": [], "totals": [],
        "attribution": {"campaign_source": "gemini", "clq": "7zk3"},
        "buyer": {"email": "ada@example.com", "consent": {
            "dev.ucp.consent.analytics": said(false, "platform"), "dev.ucp.consent.marketing": said(true, "business"),
            "dev.ucp.consent.sale_or_sharing": said(true, "platform"), "com.example.other": said(true, "platform"),
        }},
    })
}

#[test]
fn checkout_says_who_came_from_where_and_agreed_to_what() {
    let events = log(Ucp::new().checkout(&bytes(&checkout()), now()));
    let (at, who) = ("2031-01-01T00:00:00Z", json!({"checkout": "chk_1", "email": "ada@example.com"}));
    let expect = |kind: &str, more: Value| {
        let mut event = json!({"at": at, "kind": kind});
        event.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let mut ids = Vec::new();
    let mut bare = events.clone();
    for event in bare.as_array_mut().unwrap() {
        ids.push(event.as_object_mut().unwrap().remove("id").unwrap().as_str().unwrap().to_owned());
    }
    assert_eq!(
        bare,
        json!([
            {"at": at, "kind": "checkout_started", "checkout": "chk_1"},
            expect("identify", json!({})),
            expect("visit", json!({"url": "?utm_source=gemini", "code": "7zk3"})),
            expect("consent", json!({"purpose": "analytics", "granted": false})),
            expect("consent", json!({"purpose": "sale_or_sharing", "granted": true})),
        ])
    );
    // No identifier stands in an event's id.
    assert!(ids.iter().all(|id| id.starts_with("ucp:checkout:") && !id.contains("chk_1")), "{ids:?}");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5);
    let cart = json!({"id": "ca_1", "attribution": {"gclid": "x"}});
    assert_eq!(log(Ucp::new().cart(&bytes(&cart), now()))[0]["cart"], "ca_1");
    assert_eq!(Ucp::new().cart(br#"{"id":"ca_1"}"#, now()), Ok(Answer::Ignored(Ignored::NothingInIt)));
}

#[test]
fn errors_name_the_path_of_the_field() {
    for (changes, path) in [
        (json!({"currency": "us"}), "currency"),
        (json!({"attribution": {"gclid": 5}}), "attribution.gclid"),
        (json!({"attribution": []}), "attribution"),
        (json!({"created_time": "2026-01-15 12:00:00"}), "created_time"),
        (json!({"totals": [{"type": "total", "amount": "1.5"}]}), "totals[0].amount"),
        (
            json!({"adjustments": [{"id": "a", "status": "completed", "totals": [{"type": "total", "amount": i64::MIN}]}]}),
            "adjustments[0].totals",
        ),
        (json!({"line_items": [{"id": "x", "quantity": {"total": 1}, "totals": []}]}), "line_items[0].item"),
    ] {
        assert_eq!(
            refused_field(Ucp::new().order(&bytes(&order(changes.clone())), now())),
            path,
            "{changes}"
        );
    }
}

const COVERED: &str =
    r#"("@method" "@authority" "@path" "ucp-agent" "content-digest" "content-type");keyid="merchant-2026""#;
const AGENT: &str = r#"profile="https://merchant.example/.well-known/ucp""#;
const TARGET: Target<'_> =
    Target { method: "POST", authority: "Platform.example.com", path: "/webhooks/ucp/orders", query: None };

fn text(name: &str) -> String {
    String::from_utf8(payload(name)).unwrap().trim().to_owned()
}

fn receive(target: &Target<'_>, changes: &[(&str, &str)], body: &[u8]) -> Result<Received, Refused> {
    let mut shop = Ucp::new();
    shop.accept_keys(&payload("keys/ucp_profile.json")).unwrap();
    let (digest, signature) =
        (text("keys/ucp_digest.txt"), format!("sig1=:{}:", text("keys/ucp_signature.txt")));
    let input = format!("sig1={COVERED}");
    let mut headers = vec![
        ("Content-Type", "application/json"),
        ("UCP-Agent", AGENT),
        ("Content-Digest", &digest),
        ("Signature-Input", &input),
        ("Signature", &signature),
        ("Webhook-Id", "w1"),
        ("Webhook-Timestamp", "1768478400"),
    ];
    for (name, value) in changes {
        headers.retain(|(given, _)| given != name);
        if !value.is_empty() {
            headers.push((name, value));
        }
    }
    shop.receive(target, &Delivery { headers: &headers, body }, now())
}

/// The signature was made with OpenSSL.
#[test]
fn a_message_signed_elsewhere_passes() {
    let body = payload("ucp/order.json");
    let received = receive(&TARGET, &[], &body).unwrap();
    assert_eq!((received.secret, received.delivery.clone().unwrap().as_str()), (0, "w1"));
    let order = &log(Ok(received.answer))[0];
    assert_eq!((&order["at"], &order["order"]), (&json!("2026-01-15T12:00:00Z"), &json!("order_abc123")));
    // Another signature beside it, by a key that is not known here, does no harm.
    let both = format!(
        "wba=(\"@authority\" \"signature-agent\";key=\"wba\");keyid=\"x\";tag=\"web-bot-auth\", sig1={COVERED}"
    );
    let signatures = format!("wba=:AAAA:, sig1=:{}:", text("keys/ucp_signature.txt"));
    assert!(receive(&TARGET, &[("Signature-Input", &both), ("Signature", &signatures)], &body).is_ok());
}

#[test]
fn whatever_is_not_covered_or_was_changed_is_refused() {
    let body = payload("ucp/order.json");
    let refused = |target: &Target<'_>, changes: &[(&str, &str)], body: &[u8]| {
        let outcome = receive(target, changes, body);
        assert_eq!(outcome, Err(Refused::Signature), "{target:?} {changes:?}");
    };
    refused(&Target { method: "PUT", ..TARGET }, &[], &body);
    refused(&Target { authority: "other.example.com", ..TARGET }, &[], &body);
    refused(&Target { path: "/webhooks/ucp/other", ..TARGET }, &[], &body);
    refused(&Target { query: Some("a=b"), ..TARGET }, &[], &body);
    refused(&TARGET, &[("Content-Type", "text/plain")], &body);
    refused(&TARGET, &[("UCP-Agent", "profile=\"https://evil.example\"")], &body);
    refused(&TARGET, &[("Idempotency-Key", "k")], &body);
    refused(&TARGET, &[("Content-Digest", "sha-256=:AAAA:")], &body);
    refused(&TARGET, &[("Signature-Input", "sig1=();keyid=\"merchant-2026\"")], &body);
    refused(&TARGET, &[("Signature-Input", &format!("sig1={}", COVERED.replace("2026", "2025")))], &body);
    refused(&TARGET, &[("Signature-Input", "sig1")], &body);
    refused(&TARGET, &[("Signature", "sig1=:AAAA:")], &body);
    refused(&TARGET, &[("Signature", "sig2=:AAAA:")], &body);
    for cut in [0, 1, body.len() - 1] {
        refused(&TARGET, &[], &body[..cut]);
    }
    for header in ["Content-Digest", "Signature-Input", "Signature"] {
        assert_eq!(receive(&TARGET, &[(header, "")], &body), Err(Refused::Unsigned { header }));
    }
    assert_eq!(
        receive(&TARGET, &[("Webhook-Timestamp", "99999999999999999999")], &body),
        Err(Refused::Stale)
    );
    let signature = text("keys/ucp_signature.txt");
    for place in (0..signature.len() - 2).step_by(3) {
        for bit in 0..6 {
            let mut changed = signature.clone().into_bytes();
            changed[place] ^= 1 << bit;
            let changed = format!("sig1=:{}:", String::from_utf8(changed).unwrap());
            refused(&TARGET, &[("Signature", &changed)], &body);
        }
    }
}

/// Signs with a key of our own: another size of body, a query, an idempotency key, each bit of the body.
#[test]
fn each_changed_bit_of_a_body_is_refused() {
    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let point = key.verifying_key().to_sec1_point(false);
    let b64 = |bytes: &[u8]| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    };
    let profile = json!({"keys": [{"kid": "k", "kty": "EC", "crv": "P-256", "x": b64(point.x().unwrap()), "y": b64(point.y().unwrap())}]});
    let mut shop = Ucp::new();
    shop.accept_keys(&bytes(&profile)).unwrap();
    let mut body = bytes(&order(json!({"fulfillment": null})));
    body.resize(2048, b' ');
    use base64::Engine as _;
    use sha2::Digest as _;
    let std64 = base64::engine::general_purpose::STANDARD;
    let digest = format!("sha-256=:{}:", std64.encode(sha2::Sha256::digest(&body)));
    let params = r#"("@method" "@authority" "@path" "@query" "idempotency-key" "content-digest" "content-type");created=1;keyid="k""#;
    let base = format!(
        "\"@method\": POST\n\"@authority\": p.example\n\"@path\": /w\n\"@query\": ?a=b\n\"idempotency-key\": i1\n\"content-digest\": {digest}\n\"content-type\": application/json\n\"@signature-params\": {params}"
    );
    let signature: Signature = key.sign(base.as_bytes());
    let (signature, input) = (format!("s=:{}:", std64.encode(signature.to_bytes())), format!("s={params}"));
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "i1"),
        ("content-digest", &*digest),
        ("signature-input", &*input),
        ("signature", &*signature),
    ];
    let target = Target { method: "POST", authority: "p.example", path: "/w", query: Some("a=b") };
    let outcome = |body: &[u8]| {
        shop.receive(&target, &Delivery { headers: &headers, body }, at("2026-03-01T00:00:00Z"))
    };
    assert!(outcome(&body).is_ok());
    for place in 0..body.len() {
        for bit in 0..8 {
            body[place] ^= 1 << bit;
            assert_eq!(outcome(&body), Err(Refused::Signature));
            body[place] ^= 1 << bit;
        }
    }
}

#[test]
fn keys_that_cannot_verify_are_passed_over() {
    let profile = json("keys/ucp_profile.json");
    let accept = |change: fn(&mut Value)| {
        let mut profile = profile.clone();
        change(&mut profile["keys"][1]);
        Ucp::new().accept_keys(&bytes(&profile)).map(|_| ())
    };
    assert_eq!(accept(|_| {}), Ok(()));
    assert_eq!(accept(|key| key["key_ops"] = json!(["verify"])), Ok(()));
    for change in [
        (|key| key["use"] = "enc".into()) as fn(&mut Value),
        |key| key["key_ops"] = json!(["sign"]),
        |key| key["crv"] = "P-384".into(),
        |key| key["x"] = "AAAA".into(),
        |key| key["y"] = key["x"].clone(),
    ] {
        assert_eq!(accept(change), Err(Refused::PublicKey));
    }
    assert_eq!(Ucp::new().accept_keys(b"{}").map(|_| ()), Err(Refused::PublicKey));
    assert_eq!(refused_field(Ucp::new().accept_keys(b"[]").map(|_| Answer::Ignored(Ignored::Ping))), "");
}
