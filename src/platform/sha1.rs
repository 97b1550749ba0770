//! Signatures with SHA-1: what Twilio and Segment use. HMAC does not rest on what is broken in that hash.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};

use super::segment::Segment;
use super::signature::unhex;
use super::twilio::{Twilio, form, message};
use super::{Delivery, Received, Refused};

const TWILIO: &str = "X-Twilio-Signature";
const SEGMENT: &str = "X-Signature";

/// The secrets that may have signed a delivery. Never printed.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<Hmac<sha1::Sha1>>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    fn accept(&mut self, secret: &[u8]) -> Result<(), Refused> {
        if secret.is_empty() {
            return Err(Refused::EmptySecret);
        }
        self.0.push(Hmac::new_from_slice(secret).map_err(|_| Refused::EmptySecret)?);
        Ok(())
    }

    /// Which secret signed, tried in the same steps whatever is wrong.
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
}

impl Twilio {
    /// Accepts what is signed with this auth token of the account; default none, which accepts nothing. An account
    /// has a second one while it is changed.
    ///
    /// # Errors
    /// [`Refused::EmptySecret`].
    pub fn accept(&mut self, token: &[u8]) -> Result<&mut Self, Refused> {
        self.secrets.accept(token)?;
        Ok(self)
    }

    /// Verifies a form and reads it. `url` is the address that Twilio was told to call, byte for byte, with its query.
    ///
    /// # Errors
    /// [`Refused`], and nothing has happened.
    pub fn receive(
        &self,
        url: &str,
        delivery: &Delivery<'_>,
        now: DateTime<Utc>,
    ) -> Result<Received, Refused> {
        delivery.bounded()?;
        let given = STANDARD.decode(delivery.need(TWILIO)?).map_err(|_| Refused::Signature)?;
        let form = form(delivery.body)?;
        // Sorted by name, names and values without anything between.
        let fields = form.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
        let parts: Vec<&[u8]> = std::iter::once(url.as_bytes()).chain(fields).collect();
        let secret = self.secrets.check(&parts, &given)?;
        Ok(Received::new("message", secret, message(&form, now)?))
    }
}

impl Segment {
    /// Accepts what is signed with this shared secret of a webhook destination; default none, which accepts nothing.
    ///
    /// # Errors
    /// [`Refused::EmptySecret`].
    pub fn accept(&mut self, secret: &[u8]) -> Result<&mut Self, Refused> {
        self.secrets.accept(secret)?;
        Ok(self)
    }

    /// Verifies a call of a webhook destination and reads it. `now` is not used, since Segment signs no time; it is
    /// here because every platform's `receive` takes it.
    ///
    /// # Errors
    /// [`Refused`], and nothing has happened.
    pub fn receive(&self, delivery: &Delivery<'_>, _now: DateTime<Utc>) -> Result<Received, Refused> {
        delivery.bounded()?;
        let given = unhex(delivery.need(SEGMENT)?).ok_or(Refused::Signature)?;
        let secret = self.secrets.check(&[delivery.body], &given)?;
        Ok(Received::new("events", secret, self.read(delivery.body)?))
    }
}
