//! HTTP Message Signatures (RFC 9421) as the Universal Commerce Protocol uses them: ECDSA on P-256 with SHA-256, over
//! the target, named headers and the digest of the body (RFC 9530).
//!
//! Of the crates that verify these, `p256` is plain Rust and shares its hash with the rest; ring and aws-lc-rs bring
//! C and assembler, and crates for the whole of RFC 9421 bring an HTTP stack.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

use super::json;
use super::read::{Object, Read};
use super::ucp::Ucp;
use super::{Delivery, Received, Refused, bounded, events};

/// More signatures than this on one request are not tried.
const MOST_SIGNATURES: usize = 8;

/// More components than this in one signature are not read.
const MOST_COMPONENTS: usize = 32;

const INPUT: &str = "Signature-Input";
const SIGNATURE: &str = "Signature";
const DIGEST: &str = "Content-Digest";

/// Headers that a signature must cover where the request has them.
const COVERED_IF_THERE: [&str; 3] = ["idempotency-key", "ucp-agent", "signature-agent"];

/// Where a request was sent to, as it stood in its first line and its `Host` header.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// `POST`.
    pub method: &'a str,
    /// The host, with its port unless it is the usual one: `platform.example.com`.
    pub authority: &'a str,
    /// The path: `/webhooks/ucp/orders`.
    pub path: &'a str,
    /// What stands behind the question mark, where there is one.
    pub query: Option<&'a str>,
}

/// Public keys by their ids.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys(Vec<(String, VerifyingKey)>);

impl Ucp {
    /// Accepts what is signed under the keys of a profile or a JWK set: `keys`, those on P-256 that may verify. Keys
    /// of other kinds are passed over, as the protocol wants it. The host fetches profiles, keeps them for as long as
    /// they may be kept, and makes a new value when a key was taken back.
    ///
    /// # Errors
    /// [`Refused::TooLarge`], [`Refused::Json`], [`Refused::Field`]; [`Refused::PublicKey`] if no key is usable.
    pub fn accept_keys(&mut self, profile: &[u8]) -> Result<&mut Self, Refused> {
        bounded(profile)?;
        let json = json::parse(profile)?;
        let usable: Vec<_> = Object::of(&json)?.objects("keys", jwk)?.into_iter().flatten().collect();
        if usable.is_empty() {
            return Err(Refused::PublicKey);
        }
        self.keys.0.extend(usable);
        Ok(self)
    }

    /// Verifies an order webhook and reads it. `now` dates only an order without a date of its own that came without
    /// `Webhook-Timestamp`: UCP is protected from replay by versions, so a delivery is never too old. The protocol does
    /// not have that header signed: only a date in the body is a version that nobody on the way can change. The secret
    /// of the answer is the place of the key among those accepted.
    ///
    /// # Errors
    /// [`Refused`], and nothing has happened.
    pub fn receive(
        &self,
        target: &Target<'_>,
        delivery: &Delivery<'_>,
        now: DateTime<Utc>,
    ) -> Result<Received, Refused> {
        delivery.bounded()?;
        let secret = self.keys.check(target, delivery)?;
        let json = json::parse(delivery.body)?;
        let order = Object::of(&json)?;
        let seconds = delivery.header("Webhook-Timestamp")?;
        let seconds = seconds.map(|text| text.parse().ok().and_then(|at| DateTime::from_timestamp(at, 0)));
        let at = seconds.map_or(Ok(now), |at| at.ok_or(Refused::Stale))?;
        let answer = events(vec![self.snapshot(order, at)?]);
        Ok(Received::new("order", secret, answer).delivered_as(delivery.header("Webhook-Id")?))
    }
}

/// A key and its id, if this crate can verify with it.
fn jwk(key: Object<'_>) -> Read<Option<(String, VerifyingKey)>> {
    let is_kind = key.text("kty")? == Some("EC") && key.text("crv")? == Some("P-256");
    let operations = key.get("key_ops")?.is_some().then(|| key.list("key_ops")).transpose()?;
    let is_verify =
        |operation: &json::Json<'_>| matches!(operation, json::Json::Text(text) if text == "verify");
    let may_verify =
        operations.is_none_or(|all| all.iter().any(is_verify)) && key.text("use")? != Some("enc");
    if !is_kind || !may_verify {
        return Ok(None);
    }
    let coordinate = |field: &str| -> Read<Option<[u8; 32]>> {
        let bytes = URL_SAFE_NO_PAD.decode(key.need_text(field)?).ok();
        Ok(bytes.and_then(|bytes| bytes.try_into().ok()))
    };
    let (Some(x), Some(y)) = (coordinate("x")?, coordinate("y")?) else { return Ok(None) };
    let point = [&[4_u8][..], &x, &y].concat();
    let id = key.need_text("kid")?.to_owned();
    Ok(VerifyingKey::from_sec1_bytes(&point).ok().map(|key| (id, key)))
}

impl Keys {
    /// Which key signed the request. One good signature is enough; which of its parts was wrong is not told.
    fn check(&self, target: &Target<'_>, delivery: &Delivery<'_>) -> Result<usize, Refused> {
        let inputs = delivery.need(INPUT)?;
        let signatures = delivery.need(SIGNATURE)?;
        let digest = delivery.need(DIGEST)?;
        let body = STANDARD.encode(Sha256::digest(delivery.body));
        if !members(digest).any(|(name, value)| name == "sha-256" && value == format!(":{body}:")) {
            return Err(Refused::Signature);
        }
        for (label, input) in members(inputs).take(MOST_SIGNATURES) {
            let signature = members(signatures).find(|(name, _)| *name == label);
            let signature = signature.and_then(|(_, value)| value.strip_prefix(':')?.strip_suffix(':'));
            let signature = signature.and_then(|text| STANDARD.decode(text).ok());
            let signature = signature.and_then(|bytes| Signature::from_slice(&bytes).ok());
            let (Some(signature), Some(input)) = (signature, Input::read(input)) else { continue };
            let Some(base) = input.base(target, delivery)? else { continue };
            let is_right = |(id, key): &(String, VerifyingKey)| {
                id == input.key && key.verify(base.as_bytes(), &signature).is_ok()
            };
            if let Some(place) = self.0.iter().position(is_right) {
                return Ok(place);
            }
        }
        Err(Refused::Signature)
    }
}

/// Members of a dictionary (RFC 8941), values as they stand: commas inside quotes and parentheses do not part them.
fn members(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let (mut depth, mut quoted) = (0_u32, false);
    let parts = text.split(move |symbol: char| {
        match symbol {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        symbol == ',' && !quoted && depth == 0
    });
    parts.filter_map(|part| part.trim().split_once('='))
}

/// What one signature covers.
struct Input<'a> {
    components: Vec<&'a str>,
    key: &'a str,
    /// As it stands in the header, which is what was signed.
    whole: &'a str,
}

impl<'a> Input<'a> {
    /// `("@method" "@path");keyid="k"`. Components with parameters are not read.
    fn read(whole: &'a str) -> Option<Self> {
        let (list, parameters) = whole.strip_prefix('(')?.split_once(')')?;
        let components: Option<Vec<&str>> = list
            .split(' ')
            .filter(|part| !part.is_empty())
            .take(MOST_COMPONENTS + 1)
            .map(|part| part.strip_prefix('"')?.strip_suffix('"'))
            .collect();
        let components = components.filter(|all| all.len() <= MOST_COMPONENTS)?;
        let key = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("keyid="))?;
        Some(Self { components, key: key.strip_prefix('"')?.strip_suffix('"')?, whole })
    }

    /// The text that was signed; none if it does not cover what it has to, or covers what is not there.
    fn base(&self, target: &Target<'_>, delivery: &Delivery<'_>) -> Result<Option<String>, Refused> {
        let covers = |name: &str| self.components.contains(&name);
        let mut needed = vec!["@method", "@authority", "@path", "content-digest", "content-type"];
        if target.query.is_some() {
            needed.push("@query");
        }
        for name in COVERED_IF_THERE {
            if delivery.header(name)?.is_some() {
                needed.push(name);
            }
        }
        if !needed.into_iter().all(covers) {
            return Ok(None);
        }
        let mut base = String::new();
        for name in &self.components {
            let value = match *name {
                "@method" => target.method.to_owned(),
                "@authority" => target.authority.to_ascii_lowercase(),
                "@path" => target.path.to_owned(),
                "@query" => format!("?{}", target.query.unwrap_or_default()),
                name if name.starts_with('@') => return Ok(None),
                name => match delivery
                    .headers
                    .iter()
                    .filter(|(given, _)| given.eq_ignore_ascii_case(name))
                    .count()
                {
                    1 => named(delivery, name),
                    _ => return Ok(None),
                },
            };
            base.push_str(&format!("\"{name}\": {value}\n"));
        }
        base.push_str(&format!("\"@signature-params\": {}", self.whole));
        Ok(Some(base))
    }
}

/// The value of a header that is there once.
fn named(delivery: &Delivery<'_>, name: &str) -> String {
    let found = delivery.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
    found.map_or("", |(_, value)| value.trim()).to_owned()
}
