//! Spans of time as configuration, and exact arithmetic on instants.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use serde::{Deserialize, Serialize};

use crate::error::{ErrorKind, Result};

/// A length of time, zero or longer, in whole nanoseconds up to 584 years.
///
/// It reads and prints as one number and one unit of `w d h m s ms us ns`: `30d`, `90m`, `0s`. A day is exactly
/// 24 hours. Printing picks the largest unit (up to days) that needs no fraction, so `168h` prints as `7d`.
///
/// ```
/// use clinch::Span;
///
/// assert_eq!("168h".parse::<Span>()?, Span::days(7));
/// assert_eq!(Span::days(7).to_string(), "7d");
/// # Ok::<(), clinch::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span {
    nanos: u64,
}

/// Units of a [`Span`] with their nanoseconds, largest first.
const UNITS: [(&str, u64); 8] = [
    ("w", 7 * 86_400_000_000_000),
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self { nanos: 0 };
    /// The longest span: as a lookback window it reaches back to any event that a shop can have.
    pub const MAX: Self = Self { nanos: u64::MAX };

    /// So many days of 24 hours; more than fit give [`Span::MAX`].
    pub const fn days(days: u32) -> Self {
        Self { nanos: (days as u64).saturating_mul(86_400_000_000_000) }
    }

    /// So many hours.
    pub const fn hours(hours: u32) -> Self {
        Self { nanos: (hours as u64).saturating_mul(3_600_000_000_000) }
    }

    /// So many minutes.
    pub const fn minutes(minutes: u32) -> Self {
        Self { nanos: minutes as u64 * 60_000_000_000 }
    }

    /// So many seconds.
    pub const fn seconds(seconds: u32) -> Self {
        Self { nanos: seconds as u64 * 1_000_000_000 }
    }

    /// Its nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.nanos
    }

    /// Whether it is no time at all.
    pub const fn is_zero(self) -> bool {
        self.nanos == 0
    }
}

impl FromStr for Span {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || ErrorKind::Span { found: text.to_owned() };
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(bad)?;
        let number: u64 = number.parse().map_err(|_| bad())?;
        let nanos = number.checked_mul(*scale).ok_or_else(bad)?;
        Ok(Self { nanos })
    }
}

impl TryFrom<String> for Span {
    type Error = crate::Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return f.write_str("0s");
        }
        let fits = |unit: &&(&str, u64)| self.nanos.is_multiple_of(unit.1);
        let (name, scale) = UNITS[1..].iter().find(fits).unwrap_or(&("ns", 1));
        write!(f, "{}{name}", self.nanos / scale)
    }
}

/// The conversions, or the touchpoints, that a report covers: from an instant on and before another one.
///
/// Both ends may be open. `from` belongs to the period and `to` does not, so that months laid end to end count
/// each instant once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Period {
    /// First instant inside, or none for "since ever".
    pub from: Option<DateTime<Utc>>,
    /// First instant after, or none for "until ever".
    pub to: Option<DateTime<Utc>>,
}

impl Period {
    /// All of time.
    pub const ALL: Self = Self { from: None, to: None };

    /// From `from` on and before `to`. An end that is not after the start gives an empty period.
    pub fn between(from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        Self { from: Some(from), to: Some(to) }
    }

    /// Whether it has no ends.
    pub(crate) fn is_all(&self) -> bool {
        *self == Self::ALL
    }

    /// Whether `at` lies inside.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |at: Option<DateTime<Utc>>| at.map_or_else(String::new, |at| at.to_rfc3339());
        write!(f, "[{}..{})", end(self.from), end(self.to))
    }
}

/// An instant as it is kept: nanoseconds since 1970 in 96 bits, which hold all of chrono's range.
///
/// Twelve bytes with an alignment of four, so that a row of a journey packs without gaps.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Instant([u32; 3]);

impl Instant {
    pub(crate) fn new(at: DateTime<Utc>) -> Self {
        Self::from_nanos(nanos_of(at))
    }

    /// From nanoseconds that an instant of chrono comes to.
    pub(crate) fn from_nanos(nanos: i128) -> Self {
        Self([nanos as u32, (nanos >> 32) as u32, (nanos >> 64) as u32])
    }

    pub(crate) fn nanos(self) -> i128 {
        let [low, middle, high] = self.0;
        i128::from(high as i32) << 64 | i128::from(u64::from(middle) << 32 | u64::from(low))
    }

    pub(crate) fn utc(self) -> DateTime<Utc> {
        utc_of(self.nanos())
    }

    /// Whole seconds since 1970, and nanoseconds behind them.
    pub(crate) fn parts(self) -> (i64, u32) {
        parts_of(self.nanos())
    }

    /// From whole seconds and less than a second of nanoseconds, if chrono has such an instant.
    pub(crate) fn from_parts(seconds: i64, nanos: u32) -> Option<Self> {
        let ends = DateTime::<Utc>::MIN_UTC.timestamp()..=DateTime::<Utc>::MAX_UTC.timestamp();
        let is_one = ends.contains(&seconds) && nanos < 1_000_000_000;
        is_one.then(|| Self::from_nanos(i128::from(seconds) * 1_000_000_000 + i128::from(nanos)))
    }
}

impl PartialOrd for Instant {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Instant {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.nanos().cmp(&other.nanos())
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.utc(), f)
    }
}

/// Nanoseconds since 1970.
pub(crate) fn nanos_of(at: DateTime<Utc>) -> i128 {
    i128::from(at.timestamp()) * 1_000_000_000 + i128::from(at.timestamp_subsec_nanos())
}

/// The instant of so many nanoseconds since 1970, which came from one.
pub(crate) fn utc_of(nanos: i128) -> DateTime<Utc> {
    let (seconds, rest) = parts_of(nanos);
    DateTime::from_timestamp(seconds, rest).unwrap_or_default()
}

/// Whole seconds since 1970, and nanoseconds behind them.
fn parts_of(nanos: i128) -> (i64, u32) {
    match i64::try_from(nanos) {
        // Much faster, and right from 1678 to 2261.
        Ok(nanos) => (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000) as u32),
        Err(_) => (nanos.div_euclid(1_000_000_000) as i64, nanos.rem_euclid(1_000_000_000) as u32),
    }
}

/// Nanoseconds from `earlier` to `later`, negative if they stand the other way round. Never overflows.
pub(crate) fn nanos_between(earlier: DateTime<Utc>, later: DateTime<Utc>) -> i128 {
    nanos_of(later) - nanos_of(earlier)
}

/// A leap second (`23:59:60`) is taken as the second before it, so that instants have one order.
pub(crate) fn without_leap(at: DateTime<Utc>) -> DateTime<Utc> {
    match at.nanosecond().checked_sub(1_000_000_000) {
        Some(nanos) => at.with_nanosecond(nanos).unwrap_or(at),
        None => at,
    }
}

/// A span as chrono's type, for adding to instants that are known to be in range.
impl From<Span> for TimeDelta {
    fn from(span: Span) -> Self {
        TimeDelta::seconds((span.nanos / 1_000_000_000) as i64)
            + TimeDelta::nanoseconds((span.nanos % 1_000_000_000) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_and_print_back() {
        for text in ["30d", "7d", "90m", "1h", "36h", "1s", "250ms", "3us", "7ns", "0s"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("2w".parse::<Span>().unwrap().to_string(), "14d");
        assert_eq!("0d".parse::<Span>().unwrap(), Span::ZERO);
        for text in ["", "d", "30", "30 d", "-1d", "+1d", "1.5d", "1y", "99999999999999999999d", "9999999w"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn kept_instants_come_back_and_stand_in_order_to_both_ends_of_time() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let instants = [
            DateTime::<Utc>::MIN_UTC,
            at("1677-09-21T00:12:43Z"),
            at("1969-12-31T23:59:59.999999999Z"),
            at("1970-01-01T00:00:00Z"),
            at("2026-03-01T00:00:00.000000001Z"),
            at("2262-04-11T23:47:17Z"),
            DateTime::<Utc>::MAX_UTC,
        ];
        let kept = instants.map(Instant::new);
        assert_eq!(kept.map(Instant::utc), instants);
        assert!(kept.is_sorted_by(|a, b| a < b));
        let parts = kept.map(Instant::parts);
        assert_eq!(parts.map(|(seconds, nanos)| Instant::from_parts(seconds, nanos)), kept.map(Some));
        assert_eq!(parts[2], (-1, 999_999_999));
        let after = DateTime::<Utc>::MAX_UTC.timestamp() + 1;
        assert_eq!((Instant::from_parts(after, 0), Instant::from_parts(0, 1_000_000_000)), (None, None));
    }

    #[test]
    fn a_period_takes_its_start_and_leaves_its_end() {
        let at = |day| format!("2026-03-{day:02}T00:00:00Z").parse().unwrap();
        let period = Period::between(at(1), at(2));
        assert!(period.contains(at(1)) && !period.contains(at(2)));
        assert!(Period::ALL.contains(at(9)) && !Period::between(at(2), at(1)).contains(at(1)));
    }

    #[test]
    fn a_leap_second_is_taken_as_the_second_before() {
        let leap: DateTime<Utc> = "2016-12-31T23:59:60.5Z".parse().unwrap();
        assert_eq!(without_leap(leap), "2016-12-31T23:59:59.5Z".parse::<DateTime<Utc>>().unwrap());
    }
}
