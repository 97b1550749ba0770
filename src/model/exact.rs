//! Amounts of paths as integers, so that sums do not depend on order.

use std::fmt;
use std::ops::{Add, AddAssign};

use serde::de::{self, Deserialize, Deserializer};
use serde::{Serialize, Serializer};

/// A decimal number of 18 places: up to 1.7 * 10^20 of either sign. A text in serialised form.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Exact(i128);

const DECIMALS: usize = 18;
const ONE: i128 = 10_i128.pow(DECIMALS as u32);

/// What one amount has to stay below, so that whole numbers are exact as floats.
const LARGEST: f64 = 9_007_199_254_740_992.0;

impl Exact {
    pub(crate) const ZERO: Self = Self(0);

    /// The number itself, rounded to 18 decimals; none if it is not finite or reaches 2^53.
    pub(crate) fn new(number: f64) -> Option<Self> {
        if number.is_nan() || number.abs() >= LARGEST {
            return None;
        }
        // Most are whole numbers, and conversions by way of 64 bits are instructions of the machine.
        let whole = number as i64;
        if whole as f64 == number {
            return Some(Self::whole(whole));
        }
        let rest = (number - whole as f64) * ONE as f64;
        let nearest = if rest < 0.0 { rest - 0.5 } else { rest + 0.5 };
        Some(Self(i128::from(whole) * ONE + i128::from(nearest as i64)))
    }

    /// A whole number.
    pub(crate) fn whole(number: i64) -> Self {
        Self(i128::from(number) * ONE)
    }

    /// A number of units of 10^-`decimals`; `decimals` is 18 at most.
    pub(crate) fn units(number: i64, decimals: u32) -> Self {
        Self(i128::from(number) * 10_i128.pow(DECIMALS as u32 - decimals))
    }

    /// The nearest float, or one beside it; whole numbers below 2^53 are exact.
    pub(crate) fn to_f64(self) -> f64 {
        (self.0 / ONE) as f64 + (self.0 % ONE) as f64 / ONE as f64
    }

    pub(crate) fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn is_negative(self) -> bool {
        self.0 < 0
    }

    pub(crate) fn abs(self) -> Self {
        Self(self.0.abs())
    }

    pub(crate) fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// So many times.
    pub(crate) fn checked_mul(self, times: usize) -> Option<Self> {
        self.0.checked_mul(times as i128).map(Self)
    }
}

/// Sums stay in range because tables check the sum of all.
impl Add for Exact {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Exact {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0.unsigned_abs() / ONE as u128, self.0.unsigned_abs() % ONE as u128);
        let sign = if self.0 < 0 { "-" } else { "" };
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{fraction:0DECIMALS$}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

impl fmt::Debug for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| de::Error::custom("an amount is a decimal number of at most 18 places"))
    }
}

/// Reads what `Display` writes, and zeros around it.
fn parse(text: &str) -> Option<Exact> {
    let (sign, plain) = text.strip_prefix('-').map_or((1, text), |plain| (-1, plain));
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > DECIMALS {
        return None;
    }
    let fraction: i128 = format!("{fraction:0<DECIMALS$}").parse().ok()?;
    let whole = whole.parse::<i128>().ok()?.checked_mul(ONE)?;
    Some(Exact(sign * whole.checked_add(fraction)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_and_decimals_come_back() {
        for number in [0.0, 1.0, -1.0, 3e6, 12.34, -0.1, 94.42, 9_007_199_254_740_991.0, 0.000_000_001] {
            let exact = Exact::new(number).unwrap();
            assert_eq!(exact.to_f64(), number);
            assert_eq!(parse(&exact.to_string()), Some(exact));
        }
        assert_eq!(Exact::new(0.1).unwrap().to_string(), "0.1");
        assert_eq!(Exact::whole(-7).to_string(), "-7");
        let tenths = (0..10).map(|_| Exact::new(0.1).unwrap()).fold(Exact::ZERO, Add::add);
        assert_eq!(tenths, Exact::whole(1));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for number in [f64::NAN, f64::INFINITY, -f64::INFINITY, LARGEST, -LARGEST] {
            assert_eq!(Exact::new(number), None);
        }
        let long = "0.0000000000000000001";
        for text in ["", "-", ".", "1.", ".5", "1e3", "+1", " 1", long, "999999999999999999999999"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
