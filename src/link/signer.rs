//! Codes that cannot be forged: made from a counter or from an id of the host, and signed.
//!
//! | form | made from | symbols | tag | chance that one guess passes |
//! |---|---|---|---|---|
//! | standard | counter | 28 | 80 bits | 2^-80, under 10^-24 |
//! | standard | id | 32 | 80 bits | 2^-80 |
//! | long | counter | 38 | 128 bits | 2^-128 |
//! | long | id | 42 | 128 bits | 2^-128 |
//!
//! The tag is HMAC-SHA256 (RFC 2104) cut to its first bits; 80 is the least that RFC 2104 section 5 allows.
//! It doubles as a check symbol: a typing error passes with the same chance as a guess. With k accepted keys
//! the chance is k times as high.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::code::{Code, LinkError, Symbols};

type HmacSha256 = Hmac<Sha256>;

/// How long the tag of a new code is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeForm {
    /// 80 bits, 16 symbols. The default.
    #[default]
    Standard,
    /// 128 bits, 26 symbols: where a code is worth money.
    Long,
}

impl CodeForm {
    const fn tag_symbols(self) -> usize {
        match self {
            Self::Standard => 16,
            Self::Long => 26,
        }
    }

    const fn tag_bytes(self) -> usize {
        match self {
            Self::Standard => 10,
            Self::Long => 16,
        }
    }
}

/// What the first part of a code holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    /// A counter behind a keyed permutation: 60 bits.
    Counter,
    /// A keyed hash of the host's id: 80 bits.
    Id,
}

impl Body {
    const fn symbols(self) -> usize {
        match self {
            Self::Counter => 12,
            Self::Id => 16,
        }
    }
}

/// The four kinds of code, told apart by length alone.
const KINDS: [(Body, CodeForm); 4] = [
    (Body::Counter, CodeForm::Standard),
    (Body::Counter, CodeForm::Long),
    (Body::Id, CodeForm::Standard),
    (Body::Id, CodeForm::Long),
];

/// Counters are under this.
const COUNTERS: u64 = 1 << 60;
const HALF_BITS: u32 = 30;
const HALF_MASK: u32 = (1 << HALF_BITS) - 1;
/// Four rounds make a pseudo-random permutation (Luby and Rackoff 1988). It hides how many links a shop
/// sends; that nobody can forge a code rests on the tag alone.
const ROUNDS: u8 = 4;

/// A secret of the host, from which all keys of the codes are derived. Never printed.
#[derive(Clone)]
pub struct CodeKey {
    order: HmacSha256,
    id: HmacSha256,
    tag: HmacSha256,
}

impl CodeKey {
    /// Takes at least 16 random bytes; 32 are advised.
    ///
    /// # Errors
    /// [`LinkError::ShortKey`] for fewer than 16 bytes.
    pub fn new(secret: &[u8]) -> Result<Self, LinkError> {
        let short = || LinkError::ShortKey { len: secret.len() };
        if secret.len() < 16 {
            return Err(short());
        }
        let master = HmacSha256::new_from_slice(secret).map_err(|_| short())?;
        let derive = |purpose: &[u8]| {
            let bytes = master.clone().chain_update(purpose).finalize().into_bytes();
            HmacSha256::new_from_slice(&bytes).map_err(|_| short())
        };
        Ok(Self {
            order: derive(b"clinch code order 1")?,
            id: derive(b"clinch code id 1")?,
            tag: derive(b"clinch code tag 1")?,
        })
    }

    /// The keyed permutation of counters under 2^60: a Feistel network over two halves of 30 bits.
    fn permute(&self, counter: u64) -> u64 {
        let (left, right) = (0..ROUNDS)
            .fold(halves(counter), |(left, right), round| (right, left ^ self.round(round, right)));
        joined(left, right)
    }

    fn permute_back(&self, body: u64) -> u64 {
        let (left, right) = (0..ROUNDS)
            .rev()
            .fold(halves(body), |(left, right), round| (right ^ self.round(round, left), left));
        joined(left, right)
    }

    fn round(&self, round: u8, half: u32) -> u32 {
        let bytes =
            self.order.clone().chain_update([round]).chain_update(half.to_be_bytes()).finalize().into_bytes();
        u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) & HALF_MASK
    }

    /// The tag's computation over one body, before it is cut. Body and form are signed along, so that no
    /// code of one kind can be cut or stretched to another.
    fn tag(&self, body: Body, form: CodeForm, bits: u128) -> HmacSha256 {
        let kind = [body as u8, form as u8];
        self.tag.clone().chain_update(kind).chain_update(bits.to_be_bytes())
    }
}

impl fmt::Debug for CodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeKey(..)")
    }
}

#[allow(clippy::cast_possible_truncation)] // both halves are masked to 30 bits
const fn halves(bits: u64) -> (u32, u32) {
    ((bits >> HALF_BITS) as u32 & HALF_MASK, bits as u32 & HALF_MASK)
}

const fn joined(left: u32, right: u32) -> u64 {
    (left as u64) << HALF_BITS | right as u64
}

/// Why a text is no genuine code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CodeRefusal {
    /// The text has symbols that no code has, or none at all.
    #[error("not the text of a code")]
    NotACode,
    /// No kind of code is that long.
    #[error("no code has this length")]
    Length,
    /// The tag fits none of the accepted keys: forged, damaged or signed by a key that was dropped.
    #[error("the code was not signed by an accepted key")]
    NotSigned,
}

/// A code that was checked and found genuine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genuine {
    code: Code,
    counter: Option<u64>,
    key: usize,
}

impl Genuine {
    /// The code in its canonical form, whatever form it came back in.
    pub fn code(&self) -> &Code {
        &self.code
    }

    /// The counter that the code was made from; `None` for a code made from an id.
    pub fn counter(&self) -> Option<u64> {
        self.counter
    }

    /// Which key signed it: 0 for the current one, then the older ones in the order in which they were added.
    pub fn key(&self) -> usize {
        self.key
    }
}

/// Makes and checks codes: [`Signer::new`], settings, then [`Signer::from_counter`] and [`Signer::check`].
///
/// ```
/// use clinch::link::signer::{CodeKey, Signer};
///
/// let key = CodeKey::new(b"32 random bytes of the host's own")?;
/// let signer = Signer::new(key);
/// let code = signer.from_counter(41)?;
/// assert_eq!(code.as_str().len(), 28);
/// // Back from a chat, in capitals and in groups.
/// let genuine = signer.check(&code.readable()).expect("the same code");
/// assert_eq!((genuine.code(), genuine.counter()), (&code, Some(41)));
/// // Damaged in one place.
/// let mut other = code.as_str().to_owned();
/// let last = if other.pop() == Some('0') { '1' } else { '0' };
/// other.push(last);
/// assert!(signer.check(&other).is_err());
/// # Ok::<(), clinch::link::LinkError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Signer {
    keys: Vec<CodeKey>,
    form: CodeForm,
}

impl Signer {
    /// A signer with `current` as its only key.
    pub fn new(current: CodeKey) -> Self {
        Self { keys: vec![current], form: CodeForm::default() }
    }

    /// Also accepts codes of an older key; default none. New codes are signed with the current key.
    ///
    /// To rotate, make the new key current and accept the old one for as long as old links are followed.
    pub fn accept(&mut self, older: CodeKey) -> &mut Self {
        self.keys.push(older);
        self
    }

    /// The form of new codes; default [`CodeForm::Standard`]. Both forms are always accepted.
    pub fn form(&mut self, form: CodeForm) -> &mut Self {
        self.form = form;
        self
    }

    /// The code of a counter: 28 symbols, 38 in the long form.
    ///
    /// Different counters give different codes, without exception, and the counter cannot be told from the
    /// code without the key. [`Genuine::counter`] gives it back.
    ///
    /// # Errors
    /// [`LinkError::BadCounter`] from 2^60 on.
    #[allow(clippy::wrong_self_convention)] // makes a code from a counter, as `u32::from_be_bytes` does from bytes
    pub fn from_counter(&self, counter: u64) -> Result<Code, LinkError> {
        if counter >= COUNTERS {
            return Err(LinkError::BadCounter { found: counter });
        }
        Ok(self.sign(Body::Counter, self.keys[0].permute(counter).into()))
    }

    /// The code of the host's own id, such as the id of a turn: 32 symbols, 42 in the long form.
    ///
    /// The same id gives the same code as long as the key is current. The id cannot be told from the code.
    /// Two of n ids share a code with a chance of n^2 / 2^81: 4 in 10^7 for a thousand million ids.
    #[allow(clippy::wrong_self_convention)] // as above
    pub fn from_id(&self, id: &str) -> Code {
        let bytes = self.keys[0].id.clone().chain_update(id.as_bytes()).finalize().into_bytes();
        let body = bytes[..10].iter().fold(0, |bits, byte| bits << 8 | u128::from(*byte));
        self.sign(Body::Id, body)
    }

    fn sign(&self, body: Body, bits: u128) -> Code {
        let full = self.keys[0].tag(body, self.form, bits).finalize().into_bytes();
        let tag = full[..self.form.tag_bytes()].iter().fold(0, |bits, byte| bits << 8 | u128::from(*byte));
        Code::from_symbols(symbols(bits, body.symbols()).chain(symbols(tag, self.form.tag_symbols())))
    }

    /// Whether a text is a code of ours, and of which counter.
    ///
    /// Case, look-alikes, hyphens, spaces and punctuation around it do not matter; any other change of a
    /// symbol is refused. All keys are tried in constant time, whatever the text: how long a refusal takes
    /// tells nothing about how much of it was right.
    ///
    /// # Errors
    /// A [`CodeRefusal`]. A host that counts [`CodeRefusal::NotSigned`] sees who is guessing.
    pub fn check(&self, text: &str) -> Result<Genuine, CodeRefusal> {
        let read = Symbols::read(text).ok_or(CodeRefusal::NotACode)?;
        let values = read.values();
        let fits = |(body, form): &&(Body, CodeForm)| body.symbols() + form.tag_symbols() == values.len();
        let (body, form) = *KINDS.iter().find(fits).ok_or(CodeRefusal::Length)?;
        let (body_values, tag_values) = values.split_at(body.symbols());
        let bits = number(body_values);
        let tag = number(tag_values).to_be_bytes();
        // 26 symbols hold 130 bits: the first must leave its upper two empty.
        let is_canonical = form == CodeForm::Standard || tag_values[0] < 8;
        let given = &tag[16 - form.tag_bytes()..];
        let mut signed_by = None;
        for (at, key) in self.keys.iter().enumerate().rev() {
            let is_right = key.tag(body, form, bits).verify_truncated_left(given).is_ok();
            if is_right & is_canonical {
                signed_by = Some((at, key));
            }
        }
        let (at, key) = signed_by.ok_or(CodeRefusal::NotSigned)?;
        let counter = match body {
            Body::Counter => u64::try_from(bits).ok().map(|bits| key.permute_back(bits)),
            Body::Id => None,
        };
        Ok(Genuine { code: Code::from_symbols(values.iter().copied()), counter, key: at })
    }
}

/// The lowest 5 * `count` bits as symbol values, the highest first.
fn symbols(bits: u128, count: usize) -> impl Iterator<Item = u8> {
    (0..count).rev().map(move |at| (bits >> (5 * at)) as u8 & 31)
}

/// The number that symbol values spell; bits beyond 128 fall off at the top.
fn number(values: &[u8]) -> u128 {
    values.iter().fold(0, |bits, value| bits << 5 | u128::from(*value))
}
