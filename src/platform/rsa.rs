//! Signatures under a public key: RSA with SHA-256 (PKCS #1 v1.5).
//!
//! Of the crates that verify these, `rsa` is plain Rust and shares its hash with the rest; ring and aws-lc-rs bring C
//! and assembler. The timing weakness known of `rsa` (RUSTSEC-2023-0071) is one of private keys, and there is none here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::PublicKey;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::DecodePublicKey;
use rsa::signature::Verifier;
use rsa::traits::PublicKeyParts;
use sha2::Sha256;

use super::Refused;

/// The least size of a key: 2048 bits.
const LEAST_BYTES: usize = 256;

/// The public keys that may have signed a delivery.
#[derive(Clone, Debug, Default)]
pub(super) struct PublicKeys(Vec<VerifyingKey<Sha256>>);

impl PublicKeys {
    pub(super) fn accept(&mut self, pem: &str) -> Result<(), Refused> {
        let key = PublicKey::from_public_key_pem(pem.trim()).map_err(|_| Refused::PublicKey)?;
        if key.size() < LEAST_BYTES {
            return Err(Refused::PublicKey);
        }
        self.0.push(VerifyingKey::new(key));
        Ok(())
    }

    /// Under which key the base64 text `signature` was made over `signed`.
    pub(super) fn check(&self, signed: &[u8], signature: &str) -> Result<usize, Refused> {
        let given = STANDARD.decode(signature).map_err(|_| Refused::Signature)?;
        let given = Signature::try_from(given.as_slice()).map_err(|_| Refused::Signature)?;
        let is_right = |key: &VerifyingKey<Sha256>| key.verify(signed, &given).is_ok();
        self.0.iter().position(is_right).ok_or(Refused::Signature)
    }
}
