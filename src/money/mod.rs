//! Money in integer minor units, and the only function that splits it.

mod currency;
mod split;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use currency::Currency;
pub(crate) use split::{Even, MAX_WEIGHT, Scratch, Split};

use crate::error::{Error, ErrorKind, Result};

/// An amount in minor units (cents, yen, fils) of one currency.
///
/// Read from decimal text without a float and printed back the same way. Amounts of two currencies are never
/// added. A single amount fits an `i64` of minor units; sums are kept in `i128`.
///
/// ```
/// use clinch::{Currency, Money};
///
/// let eur: Currency = "EUR".parse()?;
/// let price = Money::parse("59.90", eur)?;
/// assert_eq!((price.minor(), price.to_string()), (5990, "59.90 EUR".to_owned()));
/// assert!(Money::parse("59.901", eur).is_err());
/// # Ok::<(), clinch::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// So many minor units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads decimal text such as `59.90`, `-3`, `0.5`.
    ///
    /// # Errors
    /// `Amount` if the text has more decimals than the currency (also if they are zeros), an exponent, a plus
    /// sign, a space, a missing digit before or after the point, or does not fit.
    pub fn parse(text: &str, currency: Currency) -> Result<Self> {
        let fail = |problem| Error::from(ErrorKind::Amount { currency: currency.code(), problem });
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(fail("no digit after the point")),
            Some(parts) => parts,
            None => (digits, ""),
        };
        if whole.is_empty() {
            return Err(fail("no digit before the point"));
        }
        let exponent = usize::from(currency.exponent());
        if fraction.len() > exponent {
            return Err(fail("more decimals than the currency has"));
        }
        let padding = std::iter::repeat_n(b'0', exponent - fraction.len());
        let mut minor: i64 = 0;
        for byte in whole.bytes().chain(fraction.bytes()).chain(padding) {
            if !byte.is_ascii_digit() {
                return Err(fail("only digits and one point are allowed"));
            }
            // Counted down, so that the lowest `i64` reads back too.
            let digit = i64::from(byte - b'0');
            let next = minor.checked_mul(10).and_then(|tens| tens.checked_sub(digit));
            minor = next.ok_or_else(|| fail("too large"))?;
        }
        let minor = if negative { Some(minor) } else { minor.checked_neg() };
        Ok(Self { minor: minor.ok_or_else(|| fail("too large"))?, currency })
    }

    /// Its minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// Its currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The amount as decimal text with all decimals of its currency, without the currency: `59.90`.
    pub fn amount(self) -> String {
        decimal(i128::from(self.minor), self.currency)
    }
}

/// Reads what `Display` writes: an amount, a space, a currency.
impl FromStr for Money {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (amount, currency) = text.split_once(' ').ok_or(ErrorKind::Currency)?;
        Self::parse(amount, currency.parse()?)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount(), self.currency)
    }
}

/// The form in which money is stored: `{"amount":"59.90","currency":"EUR"}`.
#[derive(Serialize, Deserialize)]
struct Written {
    amount: String,
    currency: Currency,
}

impl Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written { amount: self.amount(), currency: self.currency }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        Self::parse(&written.amount, written.currency).map_err(serde::de::Error::custom)
    }
}

/// A sum of minor units as decimal text with all decimals of the currency.
pub(crate) fn decimal(minor: i128, currency: Currency) -> String {
    fixed_point(minor, usize::from(currency.exponent()))
}

/// A number of units of 10^-`decimals` as decimal text.
pub(crate) fn fixed_point(units: i128, decimals: usize) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    let point = if decimals == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// Splits `total` over `weights` to the unit: one part per weight, in order.
///
/// The parts sum to `total` exactly, also when it is negative, and each is less than one unit away from its
/// exact share. Spare units go to the largest remainders, ties to the earlier (largest remainder method,
/// Hamilton 1792). A weight of 0 gets 0. No weights and a `total` of 0 give no parts.
///
/// ```
/// assert_eq!(clinch::apportion(14_000, &[1, 1, 1])?, [4667, 4667, 4666]);
/// assert_eq!(clinch::apportion(5, &[3, 7])?, [2, 3]);
/// # Ok::<(), clinch::Error>(())
/// ```
///
/// # Errors
/// `NoWeight` if all weights are zero (or there are none) and the total is not, `WeightTooLarge` if one is
/// above 2^53.
pub fn apportion(total: i64, weights: &[u64]) -> Result<Vec<i64>> {
    let mut parts = Vec::new();
    Split::new(weights)?.parts(total, &mut parts, &mut Scratch::default())?;
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str, code: &str) -> Result<Money> {
        Money::parse(text, code.parse().unwrap())
    }

    #[test]
    fn amounts_read_and_print_back_in_every_exponent() {
        for (text, code, minor) in [
            ("59.90", "EUR", 5990),
            ("59.9", "EUR", 5990),
            ("59", "EUR", 5900),
            ("-0.01", "USD", -1),
            ("1200", "JPY", 1200),
            ("1.234", "KWD", 1234),
            ("0.0001", "CLF", 1),
            ("92233720368547758.07", "EUR", i64::MAX),
            ("-92233720368547758.08", "EUR", i64::MIN),
        ] {
            let read = money(text, code).unwrap();
            assert_eq!(read.minor(), minor, "{text} {code}");
            assert_eq!(money(&read.amount(), code).unwrap(), read);
        }
        assert_eq!("59.90 EUR".parse::<Money>().unwrap().to_string(), "59.90 EUR");
        for text in ["59.90", "EUR 59.90", "59.90EUR", "59.90  EUR", " 59.90 EUR", ""] {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
        assert_eq!(money("5", "EUR").unwrap().amount(), "5.00");
        assert_eq!(money("-0.05", "EUR").unwrap().to_string(), "-0.05 EUR");
    }

    #[test]
    fn anything_but_plain_decimals_is_refused() {
        for text in [
            "", "-", ".", "1.", ".5", "+1", " 1", "1 ", "1e3", "1,5", "1.2.3", "--1", "NaN", "inf", "1_0",
            "٣",
        ] {
            assert!(money(text, "EUR").is_err(), "{text}");
        }
        assert!(money("1.234", "EUR").is_err() && money("1.0", "JPY").is_err());
        assert!(money("92233720368547758.08", "EUR").is_err());
    }

    #[test]
    fn lowest_and_highest_amounts_split_without_overflow() {
        for total in [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX] {
            let parts = apportion(total, &[MAX_WEIGHT, 1, MAX_WEIGHT]).unwrap();
            assert_eq!(parts.iter().map(|part| i128::from(*part)).sum::<i128>(), i128::from(total));
        }
        assert!(apportion(1, &[]).is_err() && apportion(1, &[0, 0]).is_err());
        assert!(apportion(0, &[]).unwrap().is_empty());
        assert!(apportion(1, &[MAX_WEIGHT + 1]).is_err());
    }
}
