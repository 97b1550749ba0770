//! The webhook server of the examples as a process of its own, driven over real HTTP.

mod example;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use sha2::Digest as _;

/// The shortest time in which a platform wants its answer (Shopify).
const LIMIT: Duration = Duration::from_secs(5);

struct Server {
    process: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _status = self.process.wait();
    }
}

fn payload(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/data/platforms/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn text(name: &str) -> String {
    String::from_utf8(payload(name)).unwrap().trim().to_owned()
}

fn ucp_key() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

fn ucp_profile() -> String {
    let point = ucp_key().verifying_key().to_sec1_point(false);
    let [x, y] = [point.x().unwrap(), point.y().unwrap()].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!(r#"{{"keys":[{{"kid":"k","kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}]}}"#)
}

impl Server {
    fn start() -> Self {
        let mut command = Command::new(example::path("webhooks"));
        for name in [
            "SHOPIFY_SECRET",
            "WOOCOMMERCE_SECRET",
            "BIGCOMMERCE_SECRET",
            "ACP_SECRET",
            "META_SECRET",
            "META_VERIFY",
            "TWILIO_TOKEN",
            "SEGMENT_SECRET",
        ] {
            command.env(name, "hush");
        }
        command.env("ADOBE_KEY", text("keys/rsa_2048_public.pem")).env("UCP_PROFILE", ucp_profile());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit_once("http://").unwrap().1.to_owned();
        Self { process, address }
    }

    /// Status and text of the answer to one request.
    fn ask(&self, first: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
        let began = Instant::now();
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let mut head = format!("{first} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        stream.write_all(head.as_bytes()).unwrap();
        // The server may answer and close before it has read all of what is too large.
        let _sent = stream.write_all(body);
        let mut answer = Vec::new();
        let _read = stream.read_to_end(&mut answer);
        assert!(began.elapsed() < LIMIT, "{first}: {:?}", began.elapsed());
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        let text = answer.split_once("\r\n\r\n").map_or("", |(_, text)| text);
        (status.unwrap_or_else(|| panic!("{first}: {answer:?}")), text.to_owned())
    }

    fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> u16 {
        self.ask(&format!("POST {path}"), headers, body).0
    }

    fn get(&self, path: &str) -> (u16, String) {
        self.ask(&format!("GET {path}"), &[], b"")
    }
}

fn hmac256(parts: &[&[u8]]) -> Vec<u8> {
    let mac = Hmac::<sha2::Sha256>::new_from_slice(b"hush").unwrap();
    parts.iter().fold(mac, |mac, part| mac.chain_update(part)).finalize().into_bytes().to_vec()
}

fn hmac1(parts: &[&[u8]]) -> Vec<u8> {
    let mac = Hmac::<sha1::Sha1>::new_from_slice(b"hush").unwrap();
    parts.iter().fold(mac, |mac, part| mac.chain_update(part)).finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One webhook: where it goes, under which headers, and what it says.
struct Webhook {
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Webhook {
    fn send(&self, server: &Server) -> u16 {
        self.told(server).0
    }

    /// Status and text of the answer.
    fn told(&self, server: &Server) -> (u16, String) {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (*name, &**value)).collect();
        server.ask(&format!("POST {}", self.path), &headers, &self.body)
    }
}

/// A webhook of every platform, signed now.
fn webhooks(server: &Server) -> Vec<Webhook> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().to_string();
    of_stores(&now).into_iter().chain(of_others(server, &now)).collect()
}

fn of_stores(now: &str) -> Vec<Webhook> {
    let shopify = payload("shopify/order.json");
    let woocommerce = payload("woocommerce/order_727.json");
    let bigcommerce =
        br#"{"scope":"store/order/created","producer":"stores/abc","data":{"type":"order","id":250}}"#
            .to_vec();
    let base64 = |parts: &[&[u8]]| STANDARD.encode(hmac256(parts));
    vec![
        Webhook {
            path: "/shopify",
            headers: vec![
                ("X-Shopify-Hmac-Sha256", base64(&[&shopify])),
                ("X-Shopify-Topic", "orders/paid".into()),
            ],
            body: shopify,
        },
        Webhook {
            path: "/woocommerce",
            headers: vec![
                ("X-WC-Webhook-Signature", base64(&[&woocommerce])),
                ("X-WC-Webhook-Topic", "order.updated".into()),
            ],
            body: woocommerce,
        },
        Webhook {
            path: "/bigcommerce",
            headers: vec![
                (
                    "webhook-signature",
                    format!("v1,{}", base64(&[b"m1.", now.as_bytes(), b".", &bigcommerce])),
                ),
                ("webhook-id", "m1".into()),
                ("webhook-timestamp", now.into()),
            ],
            body: bigcommerce,
        },
        Webhook {
            path: "/adobe",
            headers: vec![("x-adobe-digital-signature-1", text("keys/event_signature.txt"))],
            body: payload("keys/event_2048.json"),
        },
    ]
}

/// Of agents, chats and analytics.
fn of_others(server: &Server, now: &str) -> Vec<Webhook> {
    let order = text("acp/2026-04-17.refunded-order.json").replace("\"usd\"", "\"eur\"");
    let acp = format!(r#"{{"type":"order_create","data":{order}}}"#).into_bytes();
    let meta = br#"{"object":"page","entry":[{"messaging":[{"sender":{"id":"7"},"timestamp":1458692752478,"referral":{"ref":"x"}}]}]}"#.to_vec();
    let twilio = b"MessageSid=SM1&From=whatsapp%3A%2B16505551234&ReferralCtwaClid=Aff_1".to_vec();
    let segment = br#"{"type":"track","event":"Order Completed","messageId":"m1","timestamp":"2026-03-01T10:00:00Z","userId":"k4","properties":{"order_id":"s1","total":10,"currency":"EUR"}}"#.to_vec();
    let ucp = payload("ucp/order.json");
    let digest = format!("sha-256=:{}:", STANDARD.encode(sha2::Sha256::digest(&ucp)));
    let params = r#"("@method" "@authority" "@path" "content-digest" "content-type");keyid="k""#;
    let base = format!(
        "\"@method\": POST\n\"@authority\": {}\n\"@path\": /ucp\n\"content-digest\": {digest}\n\"content-type\": application/json\n\"@signature-params\": {params}",
        server.address
    );
    let signature: Signature = ucp_key().sign(base.as_bytes());
    let signed = format!(
        "http://{}/twilioFromwhatsapp:+16505551234MessageSidSM1ReferralCtwaClidAff_1",
        server.address
    );
    vec![
        Webhook {
            path: "/acp",
            headers: vec![(
                "Merchant-Signature",
                format!("t={now},v1={}", hex(&hmac256(&[now.as_bytes(), b".", &acp]))),
            )],
            body: acp,
        },
        Webhook {
            path: "/ucp",
            headers: vec![
                ("Signature", format!("s=:{}:", STANDARD.encode(signature.to_bytes()))),
                ("Signature-Input", format!("s={params}")),
                ("Content-Digest", digest),
                ("Content-Type", "application/json".into()),
            ],
            body: ucp,
        },
        Webhook {
            path: "/meta",
            headers: vec![("X-Hub-Signature-256", format!("sha256={}", hex(&hmac256(&[&meta]))))],
            body: meta,
        },
        Webhook {
            path: "/twilio",
            headers: vec![("X-Twilio-Signature", STANDARD.encode(hmac1(&[signed.as_bytes()])))],
            body: twilio,
        },
        Webhook { path: "/segment", headers: vec![("X-Signature", hex(&hmac1(&[&segment])))], body: segment },
    ]
}

#[test]
fn a_server_answers_every_platform_as_it_asks() {
    let server = Server::start();
    for mut webhook in webhooks(&server) {
        // Again and again: a repeated delivery is answered alike.
        assert_eq!((webhook.send(&server), webhook.send(&server)), (200, 200), "{}", webhook.path);
        let wanted = match webhook.path {
            "/acp" => r#"{"received":true}"#,
            "/twilio" => "<Response/>",
            _ => "",
        };
        assert_eq!(webhook.told(&server), (200, wanted.to_owned()), "{}", webhook.path);
        // Forged, unsigned, of another body.
        let genuine = std::mem::replace(&mut webhook.headers[0].1, "AAAA".into());
        assert_eq!(webhook.send(&server), 401, "{}", webhook.path);
        assert_eq!(server.post(webhook.path, &[], &webhook.body), 401, "{}", webhook.path);
        webhook.headers[0].1 = genuine;
        webhook.body.push(b'1');
        assert_eq!(webhook.send(&server), 401, "{}", webhook.path);
    }
    let (status, report) = server.get("/report");
    assert_eq!(status, 200);
    // Shopify 409.94 and UCP 153.42 - 30.00 in USD; ACP 670.99 - 325.16 and Segment 10.00 in EUR.
    for (order, total) in
        [("450789469", "409.94"), ("order_abc123", "153.42"), ("ord_refund_101", "670.99"), ("s1", "10.00")]
    {
        let (status, receipt) = server.get(&format!("/receipt/{order}"));
        assert!(status == 200 && receipt.contains(total), "{order}: {status} {receipt}\n{report}");
    }
    assert_eq!(server.get("/receipt/none").0, 404);
    // What a thin webhook names is to be fetched, once for each delivery.
    let (_, todo) = server.get("/todo");
    assert_eq!(todo.matches("Fetch(Order(\"250\"))").count(), 3, "{todo}");
}

#[test]
fn odd_requests_are_answered_too() {
    let server = Server::start();
    assert_eq!(server.post("/nobody", &[], b"{}"), 404);
    assert_eq!(server.ask("DELETE /shopify", &[], b"").0, 405);
    let signed = |path: &str, header: &str, body: &[u8]| {
        let signature = STANDARD.encode(hmac256(&[body]));
        let topic = [("X-Shopify-Topic", "orders/paid"), ("X-WC-Webhook-Topic", "order.updated")];
        server.post(path, &[&[(header, &*signature)], &topic[..]].concat(), body)
    };
    assert_eq!(signed("/shopify", "X-Shopify-Hmac-Sha256", b"{"), 400);
    assert_eq!(signed("/shopify", "X-Shopify-Hmac-Sha256", b"{\"id\":1}"), 400);
    assert_eq!(signed("/shopify", "X-Shopify-Hmac-Sha256", &vec![b' '; (4 << 20) + 1]), 413);
    assert_eq!(server.post("/woocommerce", &[], b"webhook_id=17"), 200, "the ping is not signed");
    assert_eq!(server.get("/adobe?challenge=abc%20d"), (200, "abc d".into()));
    assert_eq!(
        server.get("/meta?hub.mode=subscribe&hub.verify_token=hush&hub.challenge=77"),
        (200, "77".into())
    );
    assert_eq!(server.get("/meta?hub.mode=subscribe&hub.verify_token=other&hub.challenge=77").0, 403);
}

/// A sender that hangs in the middle of its body keeps nobody else waiting.
#[test]
fn a_slow_sender_holds_up_nobody() {
    let server = Server::start();
    let mut slow = TcpStream::connect(&server.address).unwrap();
    slow.write_all(b"POST /shopify HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{").unwrap();
    for webhook in webhooks(&server) {
        assert_eq!(webhook.send(&server), 200, "{}", webhook.path);
    }
    drop(slow);
}
