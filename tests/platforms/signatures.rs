//! Signatures: the known vectors, and everything near a right one.

use clinch::platform::{Answer, Delivery, Fetch, Received, Refused, Secrets};
use serde_json::json;

use crate::{at, now, shopify, sign};

type Outcome = Result<Received, Refused>;

/// One platform: how it signs under a secret, and how a shop with these secrets receives.
struct Scheme {
    name: &'static str,
    header: &'static str,
    sign: fn(&[u8], &[u8]) -> String,
    others: &'static [(&'static str, &'static str)],
    receive: fn(&[&[u8]], &Delivery<'_>) -> Outcome,
}

fn shopify_receive(secrets: &[&[u8]], delivery: &Delivery<'_>) -> Outcome {
    let mut shop = clinch::platform::shopify::Shopify::new(secrets[0])?;
    for secret in &secrets[1..] {
        shop.accept(secret)?;
    }
    shop.receive(delivery, now())
}

fn woocommerce_receive(secrets: &[&[u8]], delivery: &Delivery<'_>) -> Outcome {
    let mut shop = clinch::platform::woocommerce::WooCommerce::new(secrets[0])?;
    for secret in &secrets[1..] {
        shop.accept(secret)?;
    }
    shop.receive(delivery, now())
}

fn bigcommerce_receive(secrets: &[&[u8]], delivery: &Delivery<'_>) -> Outcome {
    let mut shop = clinch::platform::bigcommerce::BigCommerce::new(secrets[0])?;
    for secret in &secrets[1..] {
        shop.accept(secret)?;
    }
    shop.receive(delivery, now())
}

/// `now()` in Unix seconds.
const NOW: &str = "1924992000";

fn meta_receive(secrets: &[&[u8]], delivery: &Delivery<'_>) -> Outcome {
    let mut app = clinch::platform::meta::Meta::new(secrets[0])?;
    for secret in &secrets[1..] {
        app.accept(secret)?;
    }
    app.receive(delivery, now())
}

fn acp_receive(secrets: &[&[u8]], delivery: &Delivery<'_>) -> Outcome {
    let mut agent = clinch::platform::acp::Acp::new(secrets[0])?;
    for secret in &secrets[1..] {
        agent.accept(secret)?;
    }
    agent.receive(delivery, now())
}

fn schemes() -> Vec<Scheme> {
    vec![
        Scheme {
            name: "meta",
            header: "x-hub-signature-256",
            sign: |secret, body| crate::chat::hex_signature(secret, body),
            others: &[],
            receive: meta_receive,
        },
        Scheme {
            name: "acp",
            header: "merchant-signature",
            sign: |secret, body| crate::acp::hex_signature(secret, NOW, body),
            others: &[],
            receive: acp_receive,
        },
        Scheme {
            name: "shopify",
            header: "x-shopify-hmac-sha256",
            sign: |secret, body| sign(secret, &[body]),
            others: &[("X-Shopify-Topic", "some/topic")],
            receive: shopify_receive,
        },
        Scheme {
            name: "woocommerce",
            header: "x-wc-webhook-signature",
            sign: |secret, body| sign(secret, &[body]),
            others: &[("X-WC-Webhook-Topic", "some.topic")],
            receive: woocommerce_receive,
        },
        Scheme {
            name: "bigcommerce",
            header: "webhook-signature",
            sign: |secret, body| format!("v1,{}", sign(secret, &[b"m.", NOW.as_bytes(), b".", body])),
            others: &[("Webhook-Id", "m"), ("Webhook-Timestamp", NOW)],
            receive: bigcommerce_receive,
        },
    ]
}

impl Scheme {
    fn outcome(&self, secrets: &[&[u8]], signature: &str, body: &[u8]) -> Outcome {
        let mut headers = self.others.to_vec();
        headers.push((self.header, signature));
        (self.receive)(secrets, &Delivery { headers: &headers, body })
    }

    #[track_caller]
    fn refuses(&self, secrets: &[&[u8]], signature: &str, body: &[u8]) {
        let outcome = self.outcome(secrets, signature, body);
        let is_refusal = matches!(outcome, Err(Refused::Signature | Refused::Unsigned { .. }));
        assert!(is_refusal, "{}: {signature:?} {outcome:?}", self.name);
        assert_eq!(outcome.unwrap_err().status(), 401);
    }
}

/// A body of 2 KB that is JSON.
fn two_kilobytes() -> Vec<u8> {
    let mut body =
        serde_json::to_vec(&json!({"scope": "x", "type": "x", "object": "x", "pad": "x".repeat(2000)}))
            .unwrap();
    body.resize(2048, b' ');
    body
}

#[test]
fn the_known_vector_is_ours() {
    let body = br#"{"id":1,"total":"10.00"}"#;
    let signature = "0h52yAQCmdloUXigxoXzWjY8KZftCRo/kmLTGy+hnVU=";
    assert_eq!(sign(b"hush", &[body]), signature);
    for scheme in schemes() {
        if matches!(scheme.name, "shopify" | "woocommerce") {
            assert_eq!(scheme.outcome(&[b"hush"], signature, body).unwrap().secret, 0, "{}", scheme.name);
        }
    }
}

/// Whether two texts differ in the case of their 64 digits at the end only.
fn same_digits(changed: &str, right: &str) -> bool {
    let digits = right.len() - 64;
    changed[..digits] == right[..digits] && changed[digits..].eq_ignore_ascii_case(&right[digits..])
}

#[test]
fn nothing_near_a_right_signature_passes() {
    let body = two_kilobytes();
    for scheme in schemes() {
        let right = (scheme.sign)(b"hush", &body);
        assert!(scheme.outcome(&[b"hush"], &right, &body).is_ok(), "{}", scheme.name);
        assert!(
            scheme.outcome(&[b"hush"], &format!(" {right} "), &body).is_ok(),
            "space around is the server's"
        );
        for cut in 0..right.len() {
            scheme.refuses(&[b"hush"], &right[..cut], &body);
        }
        for place in 0..right.len() {
            for bit in 0..7 {
                let mut changed = right.clone().into_bytes();
                changed[place] ^= 1 << bit;
                let changed = String::from_utf8(changed).unwrap();
                // Hexadecimal digits are of either case.
                let is_same = changed.trim() == right
                    || (matches!(scheme.name, "acp" | "meta") && same_digits(&changed, &right));
                if !is_same {
                    scheme.refuses(&[b"hush"], &changed, &body);
                }
            }
        }
        for other in [
            format!("{right}="),
            format!("{right}A"),
            format!("{right}{right}"),
            "=".repeat(44),
            "é".repeat(30),
        ] {
            scheme.refuses(&[b"hush"], &other, &body);
        }
        scheme.refuses(&[b"Hush"], &right, &body);
        scheme.refuses(&[b"hush\0\0"], &right, &[&body[..], b" "].concat());
    }
}

#[test]
fn each_changed_bit_of_a_body_is_refused() {
    let body = two_kilobytes();
    for scheme in schemes() {
        let right = (scheme.sign)(b"hush", &body);
        let mut changed = body.clone();
        for place in 0..body.len() {
            for bit in 0..8 {
                changed[place] ^= 1 << bit;
                let outcome = scheme.outcome(&[b"hush"], &right, &changed);
                assert_eq!(outcome, Err(Refused::Signature), "{} {place}.{bit}", scheme.name);
                changed[place] ^= 1 << bit;
            }
        }
        for cut in [0, 1, 2047] {
            scheme.refuses(&[b"hush"], &right, &body[..cut]);
        }
    }
}

#[test]
fn empty_secret_is_an_error_when_it_is_set() {
    let delivery = Delivery { headers: &[], body: b"" };
    for scheme in schemes() {
        assert_eq!((scheme.receive)(&[b""], &delivery), Err(Refused::EmptySecret), "{}", scheme.name);
        assert_eq!(
            (scheme.receive)(&[b"hush", b""], &delivery),
            Err(Refused::EmptySecret),
            "{}",
            scheme.name
        );
    }
    assert_eq!(format!("{:?}", Secrets::new(b"hush").unwrap()), "Secrets(1)");
}

#[test]
fn several_secrets_are_tried_and_the_one_that_signed_is_named() {
    let body = two_kilobytes();
    for scheme in schemes() {
        let [old, new] = [b"old".as_slice(), b"new"].map(|secret| (scheme.sign)(secret, &body));
        let signed_by =
            |secrets: &[&[u8]], signature: &str| scheme.outcome(secrets, signature, &body).map(|r| r.secret);
        assert_eq!(signed_by(&[b"old"], &old), Ok(0));
        assert_eq!((signed_by(&[b"new", b"old"], &old), signed_by(&[b"new", b"old"], &new)), (Ok(1), Ok(0)));
        // Rotated: the old one is gone.
        assert_eq!(
            (signed_by(&[b"new"], &old), signed_by(&[b"new"], &new)),
            (Err(Refused::Signature), Ok(0))
        );
        assert_eq!(signed_by(&[b"new", b"new"], &new), Ok(0));
    }
}

#[test]
fn headers_are_found_in_any_case_and_never_twice() {
    let body = two_kilobytes();
    for scheme in schemes() {
        let right = (scheme.sign)(b"hush", &body);
        let (upper, others) = (scheme.header.to_uppercase(), scheme.others);
        let with = |more: &[(&'static str, &str)], name: &str| {
            let mut headers: Vec<(&str, &str)> = others.to_vec();
            headers.push((name, &right));
            headers.extend_from_slice(more);
            (scheme.receive)(&[b"hush"], &Delivery { headers: &headers, body: &body })
        };
        assert!(with(&[], &upper).is_ok() && with(&[("Other", "x")], scheme.header).is_ok());
        assert!(matches!(with(&[(scheme.header, "x")], &upper), Err(Refused::HeaderTwice { .. })));
        scheme.refuses(&[b"hush"], "", &body);
    }
}

#[test]
fn shopify_sends_headers_under_two_prefixes() {
    let body = br#"{"order_edit":{"order_id":7}}"#;
    let signature = sign(b"hush", &[body]);
    for prefix in ["X-Shopify-", "shopify-"] {
        let names =
            ["Topic", "Hmac-Sha256", "Shop-Domain", "Webhook-Id"].map(|name| format!("{prefix}{name}"));
        let headers = [
            (&*names[0], "orders/edited"),
            (&*names[1], &*signature),
            (&*names[2], "a.myshopify.com"),
            (&*names[3], "w1"),
        ];
        let received = shopify::shop().receive(&Delivery { headers: &headers, body }, now()).unwrap();
        assert_eq!(received.topic, "orders/edited");
        assert_eq!(
            (received.store.unwrap().as_str(), received.delivery.unwrap().as_str()),
            ("a.myshopify.com", "w1")
        );
        assert_eq!(received.answer, Answer::Fetch(Fetch::Order("7".into())));
    }
}

#[test]
fn a_merge_is_dated_by_its_header_or_by_now() {
    let body = br#"{"admin_graphql_api_customer_kept_id":"1","admin_graphql_api_customer_deleted_id":"2","status":"completed"}"#;
    let signature = sign(b"hush", &[body]);
    let dated = |more: &[(&str, &str)]| {
        let mut headers =
            vec![("x-shopify-topic", "customers/merge"), ("x-shopify-hmac-sha256", &*signature)];
        headers.extend_from_slice(more);
        let received = shopify::shop().receive(&Delivery { headers: &headers, body }, now());
        crate::events(received.map(|received| received.answer))[0].at()
    };
    assert_eq!(dated(&[]), now());
    let instant = "2026-03-01T10:00:00.123456789Z";
    assert_eq!(dated(&[("X-Shopify-Triggered-At", instant)]), at(instant));
}

#[test]
fn a_body_beyond_the_bound_is_refused_first() {
    let body = vec![b' '; 10 << 20];
    for scheme in schemes() {
        let outcome = scheme.outcome(&[b"hush"], "x", &body);
        assert_eq!(outcome, Err(Refused::TooLarge { bytes: body.len() }));
        assert_eq!(outcome.unwrap_err().status(), 413);
    }
}
