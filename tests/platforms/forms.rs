//! The forms in which platforms write one instant, one id and one amount: all exact, or an error that names the field.

use clinch::platform::Answer;
use clinch::platform::Refused;
use clinch::platform::adobe::Adobe;
use clinch::platform::ga4::Ga4;
use clinch::platform::ucp::Ucp;
use clinch::{Event, Kind};
use serde_json::{Value, json};

use crate::{acp, adobe, at, bigcommerce, bytes, chat, events, now, shopify, ucp, woocommerce};

type Outcome = Result<Answer, Refused>;

/// A reader that takes the text for the instant of its payload, and such a text.
type Written = (fn(&str) -> Outcome, &'static str);

fn adobe_at(text: &str) -> Outcome {
    Adobe::new().read("order", &bytes(&adobe::order(json!({"created_at": text, "updated_at": text}))))
}

fn woocommerce_at(text: &str) -> Outcome {
    let order = woocommerce::order(json!({"date_created_gmt": text, "date_modified_gmt": text}));
    woocommerce::shop().read("order.updated", &bytes(&order), now())
}

fn bigcommerce_at(text: &str) -> Outcome {
    let order = bigcommerce::order(json!({"date_created": text, "date_modified": text}));
    bigcommerce::shop().order(&bytes(&order), b"", b"")
}

fn ucp_at(text: &str) -> Outcome {
    Ucp::new().order(&bytes(&ucp::order(json!({"created_time": text}))), now())
}

fn whatsapp_at(text: &str) -> Outcome {
    let mut body = chat::whatsapp();
    body["entry"][0]["changes"][0]["value"]["messages"][0]["timestamp"] = text.into();
    chat::meta().read(&bytes(&body))
}

fn messenger_at(text: &str) -> Outcome {
    let mut body = chat::messenger();
    body["entry"][0]["messaging"][0]["timestamp"] = text.parse::<u64>().map_or(text.into(), Value::from);
    chat::meta().read(&bytes(&body))
}

fn ga4_at(text: &str) -> Outcome {
    let event = json!({"client_id": "1", "timestamp_micros": text, "events": [{"name": "begin_checkout", "params": {}}]});
    Ga4::new().read(&bytes(&event), now())
}

#[test]
fn one_instant_in_every_form_is_one_instant() {
    let forms: [Written; 9] = [
        (ucp_at, "2026-03-01T11:30:00+01:30"),
        (ucp_at, "2026-03-01T10:00:00.000Z"),
        (woocommerce_at, "2026-03-01T10:00:00"),
        (adobe_at, "2026-03-01 10:00:00"),
        (bigcommerce_at, "Sun, 01 Mar 2026 10:00:00 +0000"),
        (bigcommerce_at, "Sun, 01 Mar 2026 05:00:00 -0500"),
        (whatsapp_at, "1772359200"),
        (messenger_at, "1772359200000"),
        (ga4_at, "1772359200000000"),
    ];
    for (read, text) in forms {
        assert_eq!(events(read(text))[0].at(), at("2026-03-01T10:00:00Z"), "{text}");
    }
    for (read, text) in [
        (ucp_at as fn(&str) -> Outcome, "2026-03-01T10:00:00"),
        (ucp_at, "2026-02-30T10:00:00Z"),
        (woocommerce_at, "2026-03-01"),
        (adobe_at, "01.03.2026 10:00"),
        (bigcommerce_at, "Mon, 01 Mar 2026 10:00:00 +0000"),
        (whatsapp_at, "1772359200.5"),
        (messenger_at, "-1"),
        (ga4_at, "99999999999999999999"),
    ] {
        assert!(matches!(read(text), Err(Refused::Field(_))), "{text}");
    }
}

/// 59.90 as text, as a number, with an exponent, with zeros behind it, and in minor units.
#[test]
fn one_amount_in_every_form_is_one_amount() {
    let total = |outcome: Outcome| {
        let event: Event = events(outcome).remove(0);
        let Kind::Order(order) = event.kind() else { panic!("{event:?}") };
        (order.total.minor(), order.order.as_str().to_owned())
    };
    // The largest id that a float of 64 bits holds, and two more.
    let id = "9007199254740993";
    for amount in ["59.90", "59.9", "59.9000", "5990e-2", "0.599E2", "\"59.90\"", "\"59.9000\""] {
        let body = format!(
            r#"{{"entity_id":{id},"order_currency_code":"EUR","grand_total":{amount},"created_at":"2026-03-01 10:00:00"}}"#
        );
        assert_eq!(total(Adobe::new().read("order", body.as_bytes())), (5990, id.into()), "{amount}");
    }
    for amount in ["5990", "5990.0", "599e1", "\"5990\""] {
        let body =
            format!(r#"{{"id":{id},"currency":"eur","totals":[{{"type":"total","amount":{amount}}}]}}"#);
        assert_eq!(total(acp::agent().order(body.as_bytes(), now())), (5990, id.into()), "{amount}");
    }
    let body = format!(
        r#"{{"id":{id},"currency":"EUR","total_price":"59.90","created_at":"2026-03-01T10:00:00Z","updated_at":"2026-03-01T10:00:00Z"}}"#
    );
    assert_eq!(total(shopify::shop().read("orders/paid", body.as_bytes(), now())), (5990, id.into()));
    for amount in ["59.901", "1e400", "\"59,90\"", "\"+59.90\"", "true", "59.90000000000001", "[]", "\"\""] {
        let body = format!(
            r#"{{"entity_id":1,"order_currency_code":"EUR","grand_total":{amount},"created_at":"2026-03-01 10:00:00"}}"#
        );
        let refused = Adobe::new().read("order", body.as_bytes());
        assert!(
            matches!(&refused, Err(Refused::Field(error)) if error.field == "grand_total"),
            "{amount} {refused:?}"
        );
    }
}
