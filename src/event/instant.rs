//! Instants of the event log.

use chrono::{DateTime, Utc};

/// Reads an RFC 3339 instant, and years beyond 9999 or before 0 with their sign.
pub(super) fn read(text: &str) -> Option<DateTime<Utc>> {
    let read = usual(text.as_bytes()).and_then(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos));
    read.or_else(|| {
        // RFC 3339 ends with the year 9999. Years beyond have a sign, which chrono reads elsewhere only.
        let signed = text.starts_with(['+', '-']);
        let read = if signed { text.parse() } else { DateTime::parse_from_rfc3339(text) };
        read.ok().map(|at| at.to_utc())
    })
}

/// Seconds since 1970 and nanoseconds of the form that nearly all logs have, `2026-03-01T10:00:00.123Z` with any offset,
/// in a fifth of chrono's time. None also where chrono knows more: leap seconds, lower case, a space for the `T`, more
/// than nine decimals.
pub(super) fn usual(text: &[u8]) -> Option<(i64, u32)> {
    let (head, rest) = text.split_first_chunk::<19>()?;
    let [century, _, year, _, _, month, ..] = pairs(head.first_chunk()?, b"0000-00-")?;
    let [day, ..] = pairs(head[8..].first_chunk()?, b"00T00:00")?;
    let [hour, _, _, minute, _, _, second, _] = pairs(head.last_chunk()?, b"00:00:00")?;
    let year = 100 * century + year;
    if !(1..=12).contains(&month) || day < 1 || day > days_of(year, month) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (nanos, zone) = fraction(rest)?;
    let offset = match *zone {
        [b'Z'] => 0,
        [sign @ (b'+' | b'-'), ref clock @ ..] if clock.len() == 5 && clock[2] == b':' => {
            let (hours, minutes) = (two(clock, 0), two(clock, 3));
            if hours > 23 || minutes > 59 {
                return None;
            }
            let offset = 3_600 * hours + 60 * minutes;
            if sign == b'+' { offset } else { -offset }
        }
        _ => return None,
    };
    let seconds = 86_400 * days_since_1970(year, month, day) + 3_600 * hour + 60 * minute + second - offset;
    Some((seconds, nanos))
}

/// The number that each byte makes with the one behind it where both are digits; none unless there are digits where
/// `form` has zeros, and the same as in `form` elsewhere.
#[inline]
fn pairs(text: &[u8; 8], form: &[u8; 8]) -> Option<[i64; 8]> {
    const HIGH: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    // Added to what a byte is above the form's: reaches 16 beyond 9 where a digit stands, beyond 0 elsewhere.
    let most = form.map(|byte| if byte == b'0' { 6 } else { 15 });
    let digits = u64::from_le_bytes(*text) ^ u64::from_le_bytes(*form);
    let is_form = (digits | digits.wrapping_add(u64::from_le_bytes(most))) & HIGH == 0;
    // Ten times a digit and another one stay below 256.
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8).to_le_bytes();
    is_form.then_some(pairs.map(i64::from))
}

/// The number that two digits make, or one that is out of every range.
#[inline]
fn two(text: &[u8], at: usize) -> i64 {
    let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
    let is_odd = tens.max(ones) > 9;
    10 * i64::from(tens) + i64::from(ones) + if is_odd { 10_000 } else { 0 }
}

/// Nanoseconds from up to nine decimals, and what follows them.
#[inline]
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    if let [b'.', a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', b'Z'] = text {
        let digit = |digit: &u8| u32::from(digit - b'0');
        return Some(((digit(a) * 100 + digit(b) * 10 + digit(c)) * 1_000_000, &text[4..]));
    }
    let Some(decimals) = text.strip_prefix(b".") else { return Some((0, text)) };
    let count = decimals.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&count) {
        return None;
    }
    let value = decimals[..count].iter().fold(0, |sum, digit| 10 * sum + u32::from(digit - b'0'));
    Some((value * 10_u32.pow(9 - count as u32), &decimals[count..]))
}

fn days_of(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1 January 1970 in the Gregorian calendar, years counted from March (Hinnant, "chrono-compatible
/// low-level date algorithms", `days_from_civil`), for years from 0 on.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // One more era of 400 years keeps the year before March of year 0 positive.
    let year = year + 400 - i64::from(month <= 2);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468 - 146_097
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As `read` without the quick way.
    fn by_chrono(text: &str) -> Option<DateTime<Utc>> {
        let signed = text.starts_with(['+', '-']);
        let read = if signed { text.parse() } else { DateTime::parse_from_rfc3339(text) };
        read.ok().map(|at| at.to_utc())
    }

    /// As `read` without chrono.
    fn usually(text: &str) -> Option<DateTime<Utc>> {
        usual(text.as_bytes()).and_then(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos))
    }

    /// Nearly an instant: every part may be a little wrong.
    fn nearly() -> impl Strategy<Value = String> {
        let date = "[0-9]{3,5}-(0[0-9]|1[0-3]|[0-9])-([0-2][0-9]|3[0-2]|[0-9])";
        let clock = "([01][0-9]|2[0-5]|[0-9]):([0-5][0-9]|6[01]):([0-5][0-9]|6[01])";
        let fraction = "(|\\.[0-9]{0,10}|,5|\\.[0-9]x)";
        let zone =
            "(Z|z|||[+-]([01][0-9]|2[0-5]):([0-5][0-9]|6[01])|[+-][0-9]{2}|[+-][0-9]{4}|\u{2212}01:00)";
        (date, "(T|T|T|t| |  |_)", clock, fraction, zone)
            .prop_map(|(date, t, clock, fraction, zone)| format!("{date}{t}{clock}{fraction}{zone}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(20_000) })]

        #[test]
        fn what_is_read_is_what_chrono_reads(text in nearly()) {
            prop_assert_eq!(read(&text), by_chrono(&text));
            if let Some(at) = usually(&text) {
                prop_assert_eq!(Some(at), by_chrono(&text));
            }
        }

        #[test]
        fn one_other_byte_is_read_as_chrono_reads_it(place in 0..29_usize, byte in 0..128_u8) {
            let mut text = *b"2026-02-28T23:59:59.12+02:00 ";
            text[place] = byte;
            let text = std::str::from_utf8(&text[..28]).unwrap();
            prop_assert_eq!(read(text), by_chrono(text));
        }
    }

    #[test]
    fn every_day_of_ten_thousand_years_is_the_day_of_chrono() {
        let mut day = chrono::NaiveDate::from_ymd_opt(0, 1, 1).unwrap();
        let mut last = None;
        while day.to_string().len() == 10 {
            let text = format!("{day}T23:00:00.5-01:30");
            assert_eq!(usually(&text), by_chrono(&text), "{text}");
            last = usually(&text).or(last);
            day = day.succ_opt().unwrap();
        }
        assert_eq!(last, by_chrono("9999-12-31T23:00:00.5-01:30"));
    }

    #[test]
    fn the_usual_forms_need_no_chrono() {
        for text in [
            "2026-03-01T10:00:00Z",
            "2026-03-01T10:00:00.123456789Z",
            "2026-03-01T10:00:00+02:00",
            "0000-01-01T00:00:00-23:59",
        ] {
            assert!(usually(text).is_some(), "{text}");
        }
    }
}
