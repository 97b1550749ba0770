//! Signatures with a shared secret, over raw bytes and in constant time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Refused;

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
        let given = STANDARD.decode(signature).map_err(|_| Refused::Signature)?;
        let mut signed_by = None;
        for (at, secret) in self.0.iter().enumerate().rev() {
            let mac = parts.iter().fold(secret.clone(), |mac, part| mac.chain_update(part));
            if mac.verify_slice(&given).is_ok() {
                signed_by = Some(at);
            }
        }
        signed_by.ok_or(Refused::Signature)
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}
