//! Signatures with a shared secret, over raw bytes and in constant time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Delivery, Refused};

/// The id of the delivery, its time in Unix seconds, and its signatures.
const STANDARD_WEBHOOKS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

const MERCHANT_SIGNATURE: &str = "Merchant-Signature";

/// More signatures than this in one header are not tried: each costs a pass over the body.
const MOST_SIGNATURES: usize = 8;

type HmacSha256 = Hmac<Sha256>;

/// The secrets that may have signed a delivery: one, or several while one is changed. Never printed.
#[derive(Clone)]
pub struct Secrets(Vec<HmacSha256>);

impl Secrets {
    /// One secret, as raw bytes.
    ///
    /// # Errors
    /// [`Refused::EmptySecret`] if there is no byte in it.
    pub fn new(secret: &[u8]) -> Result<Self, Refused> {
        let mut secrets = Self(Vec::with_capacity(1));
        secrets.accept(secret)?;
        Ok(secrets)
    }

    /// Another secret beside those before.
    ///
    /// # Errors
    /// [`Refused::EmptySecret`] if there is no byte in it.
    pub fn accept(&mut self, secret: &[u8]) -> Result<&mut Self, Refused> {
        if secret.is_empty() {
            return Err(Refused::EmptySecret);
        }
        self.0.push(HmacSha256::new_from_slice(secret).map_err(|_| Refused::EmptySecret)?);
        Ok(self)
    }

    /// Which secret made the base64 text `signature` over `parts` in a row.
    ///
    /// Every secret is tried on every text of the right length, and each comparison takes the same steps: how long
    /// a refusal takes does not tell which byte was wrong.
    pub(super) fn check_base64(&self, parts: &[&[u8]], signature: &str) -> Result<usize, Refused> {
        // Strict: 44 symbols, the padding in place, no bit set beyond the last byte.
        self.check(parts, &STANDARD.decode(signature).map_err(|_| Refused::Signature)?)
    }

    /// The same for hexadecimal digits, of either case.
    pub(super) fn check_hex(&self, parts: &[&[u8]], signature: &str) -> Result<usize, Refused> {
        self.check(parts, &unhex(signature).ok_or(Refused::Signature)?)
    }

    fn check(&self, parts: &[&[u8]], given: &[u8]) -> Result<usize, Refused> {
        let mut signed_by = None;
        for (at, secret) in self.0.iter().enumerate().rev() {
            let mac = parts.iter().fold(secret.clone(), |mac, part| mac.chain_update(part));
            if mac.verify_slice(given).is_ok() {
                signed_by = Some(at);
            }
        }
        signed_by.ok_or(Refused::Signature)
    }

    /// Standard Webhooks: which secret signed, and the id of the delivery. The header may hold several signatures,
    /// of which those of version 1 are tried. The time counts only once it is known to be signed.
    pub(super) fn check_standard<'a>(
        &self,
        delivery: &Delivery<'a>,
        now: DateTime<Utc>,
        tolerance: TimeDelta,
    ) -> Result<(&'a str, usize), Refused> {
        let [id, time, signatures] = STANDARD_WEBHOOKS.map(|header| {
            delivery.header(header).and_then(|value| value.ok_or(Refused::Unsigned { header }))
        });
        let (id, time, signatures) = (id?, time?, signatures?);
        let parts: [&[u8]; 5] = [id.as_bytes(), b".", time.as_bytes(), b".", delivery.body];
        let given = signatures.split(' ').filter_map(|one| one.strip_prefix("v1,"));
        let checked = given.take(MOST_SIGNATURES).map(|one| self.check_base64(&parts, one));
        let secret = checked.fold(Err(Refused::Signature), Result::or)?;
        fresh(time, now, tolerance)?;
        Ok((id, secret))
    }

    /// `t=<Unix seconds>,v1=<64 hexadecimal digits>` over the time, a point and the body, as the Agentic Commerce
    /// Protocol signs: the signed time, and which secret signed.
    pub(super) fn check_merchant(
        &self,
        delivery: &Delivery<'_>,
        now: DateTime<Utc>,
        tolerance: TimeDelta,
    ) -> Result<(DateTime<Utc>, usize), Refused> {
        let given = delivery.need(MERCHANT_SIGNATURE)?;
        let parts = given.strip_prefix("t=").and_then(|rest| rest.split_once(",v1="));
        let (time, signature) = parts.ok_or(Refused::Signature)?;
        let secret = self.check_hex(&[time.as_bytes(), b".", delivery.body], signature)?;
        Ok((fresh(time, now, tolerance)?, secret))
    }
}

/// The instant of a signed time in Unix seconds, if it is near enough to now.
fn fresh(time: &str, now: DateTime<Utc>, tolerance: TimeDelta) -> Result<DateTime<Utc>, Refused> {
    let is_plain = time.bytes().all(|byte| byte.is_ascii_digit());
    let time = time.parse().ok().filter(|_| is_plain);
    let at = time.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).ok_or(Refused::Stale)?;
    if (now - at).abs() > tolerance { Err(Refused::Stale) } else { Ok(at) }
}

/// Pairs of hexadecimal digits as bytes.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| if let [high, low] = *pair { Some(digit(high)? << 4 | digit(low)?) } else { None })
        .collect()
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}
