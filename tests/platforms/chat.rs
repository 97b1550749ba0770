//! Chat channels: how a shopper came into the chat, as whole visits. The bodies are written by hand after the field
//! lists of the documentation.

use clinch::platform::meta::Meta;
use clinch::platform::twilio::Twilio;
use clinch::platform::{Answer, Delivery, Ignored, Received, Refused};
use clinch::{Event, Key, Money, Question, Tracker, Who};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};

use crate::{at, bytes, events, log, now, refused_field};

pub fn meta() -> Meta {
    Meta::new(b"hush").unwrap()
}

pub fn whatsapp() -> Value {
    json!({"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [{"field": "messages", "value": {
    "messaging_product": "whatsapp", "metadata": {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"},
    "contacts": [{"profile": {"name": "Ada"}, "wa_id": "16505551234"}],
    "messages": [
        {"from": "16505551234", "id": "wamid.HBgLMTY1MDU1NTEyMzQ", "timestamp": "1749416383", "type": "text",
         "text": {"body": "have this in blue?"}, "referral": {
            "source_url": "https://fb.me/3cr4Wqqkv", "source_id": "120226305854810726", "source_type": "ad",
            "headline": "Chat with us", "body": "Summer", "media_type": "image", "image_url": "https://scontent.example/1",
            "ctwa_clid": "Aff-n8ZTODiE79d22KtAwQKj9e_mIEOOj27vDVwFjN80dp4_0NiNhEgpGo0AHemvuSoifXaytfTzcchptiErTKCqTrJ5nW1h7IHYeYymGb5K5J5iTROpBhWAGaIAeUzHL50",
            "welcome_message": {"text": "Hi"}}},
        {"from": "16505551234", "id": "wamid.X", "timestamp": "1749416390", "type": "text", "text": {"body": "thanks"}},
    ]}}]}]})
}

#[test]
fn whatsapp_referral_is_one_whole_visit() {
    let visit = log(meta().read(&bytes(&whatsapp())))[0].clone();
    let id = visit["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("whatsapp:visit:") && id.len() == 47, "{id}");
    let link = "?utm_source=whatsapp&utm_medium=paid_social&utm_id=120226305854810726&utm_content=Chat%20with%20us&ctwa_clid=Aff-n8ZTODiE79d22KtAwQKj9e_mIEOOj27vDVwFjN80dp4_0NiNhEgpGo0AHemvuSoifXaytfTzcchptiErTKCqTrJ5nW1h7IHYeYymGb5K5J5iTROpBhWAGaIAeUzHL50";
    assert_eq!(
        visit,
        json!({"id": id, "at": "2025-06-08T20:59:43Z", "kind": "visit", "phone": "+16505551234", "url": link,
            "referrer": "https://fb.me/3cr4Wqqkv"})
    );
    // A post, from an app that writes no click id; and the same delivery again.
    let mut post = whatsapp();
    let referral = &mut post["entry"][0]["changes"][0]["value"]["messages"][0]["referral"];
    *referral = json!({"source_url": "https://fb.me/3cr4Wqqkv", "source_id": "5", "source_type": "post"});
    assert_eq!(log(meta().read(&bytes(&post)))[0]["url"], "?utm_source=whatsapp&utm_medium=social&utm_id=5");
    assert_eq!(log(meta().read(&bytes(&whatsapp())))[0], visit);
}

pub fn messenger() -> Value {
    let of = |more: Value| {
        let mut item = json!({"sender": {"id": "7777"}, "recipient": {"id": "1111"}, "timestamp": 1_458_692_752_478_i64});
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        item
    };
    let ad = json!({"ref": "summer", "ad_id": "6045246247433", "source": "ADS", "type": "OPEN_THREAD",
        "ads_context_data": {"ad_title": "Blue, now", "photo_url": "https://a.example/p", "post_id": "99", "product_id": "1"}});
    let link = json!({"ref": "clq=7zk3q9t4m2&clinch_visitor=v9", "source": "SHORTLINK", "type": "OPEN_THREAD",
        "referer_uri": "https://shop.example/faq"});
    json!({"object": "page", "entry": [{"id": "1111", "time": 1_458_692_752_478_i64, "messaging": [
        of(json!({"message": {"mid": "m1", "text": "hi", "referral": ad}})),
        of(json!({"timestamp": 1_458_692_752_479_i64, "postback": {"payload": "start", "referral": link}})),
        of(json!({"timestamp": 1_458_692_752_480_i64, "referral": {"ref": "7zk3", "source": "SHORTLINK"}})),
        of(json!({"message": {"mid": "m2", "text": "no referral"}})),
    ]}]})
}

#[test]
fn messenger_and_instagram_referrals_are_whole_visits() {
    for (object, channel) in [("page", "messenger"), ("instagram", "instagram")] {
        let mut body = messenger();
        body["object"] = object.into();
        let visits = log(meta().read(&bytes(&body)));
        let id = |n: usize| visits[n]["id"].clone();
        let visitor = format!("{channel}:7777");
        assert_eq!(
            visits,
            json!([
                {"id": id(0), "at": "2016-03-23T00:25:52.478Z", "kind": "visit", "visitor": visitor, "code": "summer",
                 "url": format!("?utm_source={channel}&utm_medium=paid_social&utm_id=6045246247433&utm_content=Blue%2C%20now&ref=summer")},
                {"id": id(1), "at": "2016-03-23T00:25:52.479Z", "kind": "visit", "visitor": "v9", "code": "7zk3q9t4m2",
                 "url": format!("?utm_source={channel}&utm_medium=referral&ref=clq%3D7zk3q9t4m2%26clinch_visitor%3Dv9"),
                 "referrer": "https://shop.example/faq"},
                {"id": id(2), "at": "2016-03-23T00:25:52.480Z", "kind": "visit", "visitor": visitor, "code": "7zk3",
                 "url": format!("?utm_source={channel}&utm_medium=referral&ref=7zk3")},
            ])
        );
    }
}

/// The visit is an arrival by a paid social channel and earns; a code on the link names the turn that sent it.
#[test]
fn a_visit_earns_with_its_evidence() {
    let mut tracker = Tracker::new(Key::new([7; 16]));
    tracker.extend(events(meta().read(&bytes(&whatsapp())))).unwrap();
    let asked = Event::query("e1", at("2016-03-22T20:00:00Z"), Who::conversation("c1")).topic("delivery");
    let shared =
        Event::link_shared("e2", at("2016-03-22T20:00:00Z"), Who::conversation("c1"), "https://m.me/1111");
    tracker.extend([Event::from(asked), shared.turn("e1").code("7zk3q9t4m2").into()]).unwrap();
    tracker.extend(events(meta().read(&bytes(&messenger())))).unwrap();
    let total = Money::parse("59.90", "EUR".parse().unwrap()).unwrap();
    let phone = Who::phone("+1 650 555 1234");
    tracker.record(Event::order("o1", at("2025-06-09T10:00:00Z"), phone, "1001", total)).unwrap();
    tracker
        .record(Event::order("o2", at("2016-03-24T10:00:00Z"), Who::visitor("v9"), "1002", total))
        .unwrap();
    let question = Question::new(at("2026-04-01T00:00:00Z"));
    let paid = tracker.receipt("1001", &question).unwrap().unwrap();
    assert_eq!(paid.claim.unwrap().touchpoints[0].labels.channel[0], "paid_social");
    let coded = tracker.receipt("1002", &question).unwrap().unwrap();
    assert!(coded.to_string().contains("delivery"), "{coded}");
}

#[test]
fn other_bodies_have_no_facts() {
    let none = Ok(Answer::Ignored(Ignored::NothingInIt));
    assert_eq!(meta().read(br#"{"object":"page","entry":[]}"#), none);
    let statuses = br#"{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"statuses":[{}]}}]}]}"#;
    assert_eq!(meta().read(statuses), none);
    assert_eq!(meta().read(br#"{"object":"user","entry":[]}"#), Ok(Answer::Ignored(Ignored::Topic)));
    let mut body = whatsapp();
    body["entry"][0]["changes"][0]["value"]["messages"][0]["timestamp"] = "1.5".into();
    assert_eq!(refused_field(meta().read(&bytes(&body))), "entry[0].changes[0].value.messages[0].timestamp");
}

pub fn hex_signature(secret: &[u8], body: &[u8]) -> String {
    let hex: String = crate::mac(secret, &[body]).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

#[test]
fn meta_signs_with_the_secret_of_the_app() {
    let body = bytes(&whatsapp());
    let signature = hex_signature(b"hush", &body);
    let headers = [("x-hub-signature-256", &*signature)];
    let received = meta().receive(&Delivery { headers: &headers, body: &body }, now()).unwrap();
    assert_eq!((received.topic.as_str(), received.secret), ("whatsapp_business_account", 0));
    assert_eq!(log(Ok(received.answer)), log(meta().read(&body)));
}

pub const FORM: &str = "MessageSid=SM1&SmsMessageSid=SM1&From=whatsapp%3A%2B16505551234&To=whatsapp%3A%2B15550783881&Body=have+this%3F&WaId=16505551234&ReferralBody=Summer&ReferralHeadline=Chat+with+us&ReferralSourceId=1202&ReferralSourceType=ad&ReferralSourceUrl=https%3A%2F%2Ffb.me%2F3cr&ReferralCtwaClid=Aff_1&ReferralNumMedia=0";

#[test]
fn twilio_form_is_one_whole_visit() {
    let visit = log(Twilio::new().read(FORM.as_bytes(), now()))[0].clone();
    let link = "?utm_source=whatsapp&utm_medium=paid_social&utm_id=1202&utm_content=Chat%20with%20us&ctwa_clid=Aff_1";
    assert_eq!(
        visit,
        json!({"id": visit["id"], "at": "2031-01-01T00:00:00Z", "kind": "visit", "phone": "+16505551234", "url": link,
            "referrer": "https://fb.me/3cr"})
    );
    // The same message over Meta and over Twilio is two visits: their ids differ.
    let messenger = "MessageSid=SM2&From=messenger%3A7777&ReferralSourceUrl=https%3A%2F%2Ffb.me%2F3cr";
    assert_eq!(log(Twilio::new().read(messenger.as_bytes(), now()))[0]["visitor"], "messenger:7777");
    let plain = Twilio::new().read(b"MessageSid=SM3&From=%2B16505551234&Body=hi", now());
    assert_eq!(plain, Ok(Answer::Ignored(Ignored::NothingInIt)));
    assert_eq!(refused_field(Twilio::new().read(b"ReferralSourceId=1&From=a", now())), "MessageSid");
    assert_eq!(
        refused_field(Twilio::new().read(b"ReferralSourceId=1&ReferralSourceId=2", now())),
        "ReferralSourceId"
    );
}

fn twilio_signature(token: &[u8], url: &str, form: &str) -> String {
    use base64::Engine as _;
    let mut fields: Vec<(String, String)> =
        url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    fields.sort();
    let text = fields.iter().fold(url.to_owned(), |text, (name, value)| text + name + value);
    let mac = Hmac::<sha1::Sha1>::new_from_slice(token).unwrap().chain_update(text);
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

/// The documented example of Twilio's signature, and everything near it.
#[test]
fn twilio_signs_the_address_and_every_field() {
    let url = "https://example.com/myapp.php?foo=1&bar=2";
    let form =
        "CallSid=CA1234567890ABCDE&Caller=%2B14158675310&Digits=1234&From=%2B14158675310&To=%2B18005551212";
    let signature = "L/OH5YylLD5NRKLltdqwSvS0BnU=";
    assert_eq!(twilio_signature(b"12345", url, form), signature);
    let receive = |tokens: &[&[u8]], url: &str, form: &str, signature: &str| -> Result<Received, Refused> {
        let mut twilio = Twilio::new();
        for token in tokens {
            twilio.accept(token)?;
        }
        let headers = [("X-Twilio-Signature", signature)];
        twilio.receive(url, &Delivery { headers: &headers, body: form.as_bytes() }, now())
    };
    let answer = Answer::Ignored(Ignored::NothingInIt);
    assert_eq!(receive(&[b"12345"], url, form, signature).unwrap().answer, answer);
    assert_eq!(receive(&[b"new", b"12345"], url, form, signature).unwrap().secret, 1);
    let refused = Err(Refused::Signature);
    assert_eq!(receive(&[], url, form, signature), refused);
    assert_eq!(receive(&[b"1234"], url, form, signature), refused);
    assert_eq!(receive(&[b""], url, form, signature), Err(Refused::EmptySecret));
    assert_eq!(receive(&[b"12345"], "https://example.com/myapp.php?foo=1", form, signature), refused);
    assert_eq!(receive(&[b"12345"], url, &form.replace("1234&", "1235&"), signature), refused);
    for cut in 1..signature.len() {
        assert_eq!(receive(&[b"12345"], url, form, &signature[..cut]), refused);
    }
    for place in 0..signature.len() - 1 {
        for bit in 0..6 {
            let mut changed = signature.to_owned().into_bytes();
            changed[place] ^= 1 << bit;
            assert_eq!(receive(&[b"12345"], url, form, &String::from_utf8(changed).unwrap()), refused);
        }
    }
    let unsigned = Twilio::new().receive(url, &Delivery { headers: &[], body: form.as_bytes() }, now());
    assert_eq!(unsigned, Err(Refused::Unsigned { header: "X-Twilio-Signature" }));
}

/// Any bytes are a form; none of them makes it panic.
#[test]
fn hostile_forms_are_answered() {
    for body in [
        &b"%"[..],
        b"%%%=&&==",
        b"From=%FF%FE&ReferralSourceId=%00",
        b"ReferralSourceId=1&From=:&MessageSid=",
        &[0xFF; 999],
    ] {
        let _answer = Twilio::new().read(body, now());
    }
    let long = format!("From={}&MessageSid=x&ReferralSourceId={}", "9".repeat(100_000), "a".repeat(100_000));
    assert_eq!(events(Twilio::new().read(long.as_bytes(), now())).len(), 1);
    assert_eq!(Twilio::new().read(&vec![b'a'; 5 << 20], now()), Err(Refused::TooLarge { bytes: 5 << 20 }));
}
