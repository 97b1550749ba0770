//! Columns of numbers: codes and offsets of texts, instants, money.

use std::ops::Range;

use chrono::{DateTime, Utc};

use crate::error::Result;
use crate::event::columns::bad;
use crate::money::{Currency, Money};
use crate::time::{Instant, without_leap};

/// Whole numbers of any usual width: places in a list of names, or offsets of texts.
///
/// It is made from a slice with `into`. As a code a negative number stands for a missing value.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<'a>(Width<'a>);

#[derive(Clone, Copy, Debug)]
enum Width<'a> {
    U8(&'a [u8]),
    U16(&'a [u16]),
    U32(&'a [u32]),
    U64(&'a [u64]),
    I8(&'a [i8]),
    I16(&'a [i16]),
    I32(&'a [i32]),
    I64(&'a [i64]),
}

/// The same for slices of every width.
macro_rules! each_width {
    ($numbers:expr, $list:ident => $do:expr) => {
        match $numbers.0 {
            Width::U8($list) => $do,
            Width::U16($list) => $do,
            Width::U32($list) => $do,
            Width::U64($list) => $do,
            Width::I8($list) => $do,
            Width::I16($list) => $do,
            Width::I32($list) => $do,
            Width::I64($list) => $do,
        }
    };
}

macro_rules! from_slices {
    ($($width:ident $number:ty;)*) => {
        $(
            impl<'a> From<&'a [$number]> for Numbers<'a> {
                fn from(numbers: &'a [$number]) -> Self {
                    Self(Width::$width(numbers))
                }
            }

            impl<'a> From<&'a Vec<$number>> for Numbers<'a> {
                fn from(numbers: &'a Vec<$number>) -> Self {
                    Self(Width::$width(numbers))
                }
            }

            impl<'a, const N: usize> From<&'a [$number; N]> for Numbers<'a> {
                fn from(numbers: &'a [$number; N]) -> Self {
                    Self(Width::$width(numbers))
                }
            }
        )*
    };
}

from_slices! { U8 u8; U16 u16; U32 u32; U64 u64; I8 i8; I16 i16; I32 i32; I64 i64; }

impl Numbers<'_> {
    pub(crate) fn len(&self) -> usize {
        each_width!(self, list => list.len())
    }

    /// Whether it is the very same list.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let place = |numbers: &Self| each_width!(numbers, list => (list.as_ptr().addr(), list.len()));
        std::mem::discriminant(&self.0) == std::mem::discriminant(&other.0) && place(self) == place(other)
    }

    /// The number of a row, which is known to be there.
    #[inline]
    pub(crate) fn get(&self, row: usize) -> i64 {
        each_width!(self, list => i128::from(list[row]) as i64)
    }

    /// Lists the rows of a range that hold `code`, counted from its start.
    pub(crate) fn select(&self, range: Range<usize>, code: i64, rows: &mut Vec<u32>) {
        each_width!(self, list => {
            let held = rows.len();
            rows.resize(held + range.len(), 0);
            let mut next = held;
            // Without a branch: kinds come as they like.
            for (row, number) in (0..).zip(&list[range]) {
                rows[next] = row;
                next += usize::from(i128::from(*number) == i128::from(code));
            }
            rows.truncate(next);
        });
    }

    /// Calls `each` with the numbers of some rows, counted from `start`, in order.
    #[inline]
    pub(crate) fn gather(&self, start: usize, rows: &[u32], mut each: impl FnMut(usize, i64)) {
        each_width!(self, list => {
            let list = &list[start..];
            for (place, row) in rows.iter().enumerate() {
                each(place, i128::from(list[*row as usize]) as i64);
            }
        });
    }

    /// Calls `each` with the numbers of some rows and of those after them.
    #[inline]
    pub(crate) fn gather_pairs(&self, start: usize, rows: &[u32], mut each: impl FnMut(usize, i64, i64)) {
        each_width!(self, list => {
            let list = &list[start..];
            for (place, row) in rows.iter().enumerate() {
                let row = *row as usize;
                each(place, i128::from(list[row]) as i64, i128::from(list[row + 1]) as i64);
            }
        });
    }

    /// The first that is not below `end`, with its row. Negative ones are.
    pub(crate) fn beyond(&self, end: usize) -> Option<(usize, i128)> {
        let end = end as i128;
        each_width!(self, list => {
            // The largest of all is found without a branch; where it lies only matters once it is too large.
            let largest = list.iter().fold(0, |largest, number| (*number).max(largest));
            let largest = i128::from(largest);
            let at = || list.iter().position(|number| i128::from(*number) >= end);
            if largest < end || list.is_empty() { None } else { at().map(|row| (row, i128::from(list[row]))) }
        })
    }

    /// The first row whose number is less than the one before it.
    pub(crate) fn descent(&self) -> Option<usize> {
        each_width!(self, list => {
            let steps = || list.iter().zip(list.get(1..).unwrap_or_default());
            let falls = steps().fold(false, |falls, (one, next)| falls | (next < one));
            if falls { steps().position(|(one, next)| next < one).map(|row| row + 1) } else { None }
        })
    }
}

/// Instants as whole numbers since 1970-01-01T00:00:00Z, in the unit that the name of the constructor says; or as
/// `DateTime<Utc>`, with `into`.
#[derive(Clone, Copy, Debug)]
pub struct Times<'a>(Clock<'a>);

#[derive(Clone, Copy, Debug)]
enum Clock<'a> {
    Known(&'a [DateTime<Utc>]),
    /// So many nanoseconds each.
    Counted(&'a [i64], i64),
}

impl<'a> Times<'a> {
    /// Seconds since 1970.
    pub fn seconds(seconds: &'a [i64]) -> Self {
        Self(Clock::Counted(seconds, 1_000_000_000))
    }

    /// Milliseconds since 1970.
    pub fn millis(millis: &'a [i64]) -> Self {
        Self(Clock::Counted(millis, 1_000_000))
    }

    /// Microseconds since 1970.
    pub fn micros(micros: &'a [i64]) -> Self {
        Self(Clock::Counted(micros, 1_000))
    }

    /// Nanoseconds since 1970.
    pub fn nanos(nanos: &'a [i64]) -> Self {
        Self(Clock::Counted(nanos, 1))
    }

    pub(crate) fn len(&self) -> usize {
        match self.0 {
            Clock::Known(instants) => instants.len(),
            Clock::Counted(counts, _) => counts.len(),
        }
    }

    /// The instant of a row, which is known to be in range.
    pub(crate) fn get(&self, row: usize) -> DateTime<Utc> {
        match self.0 {
            Clock::Known(instants) => instants[row],
            Clock::Counted(counts, unit) => instant(counts[row], unit).unwrap_or_default(),
        }
    }

    /// The same in the form in which instants are kept, as second 60 of a minute is not.
    #[inline]
    pub(crate) fn instant(&self, row: usize) -> Instant {
        match self.0 {
            Clock::Known(instants) => Instant::new(without_leap(instants[row])),
            Clock::Counted(counts, unit) => Instant::from_nanos(i128::from(counts[row]) * i128::from(unit)),
        }
    }

    /// Whether it is the very same list.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (Clock::Counted(one, unit), Clock::Counted(other, of)) => std::ptr::eq(one, other) && unit == of,
            (Clock::Known(one), Clock::Known(other)) => std::ptr::eq(one, other),
            _ => false,
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        let Clock::Counted(counts, unit) = self.0 else { return Ok(()) };
        let ends = |(least, most): (i64, i64), count: &i64| (least.min(*count), most.max(*count));
        let (least, most) = counts.iter().fold((0, 0), ends);
        if instant(least, unit).is_some() && instant(most, unit).is_some() {
            return Ok(());
        }
        let row = counts.iter().position(|count| instant(*count, unit).is_none());
        Err(bad("at", row, "the instant is out of range: is it in another unit?"))
    }
}

impl<'a> From<&'a [DateTime<Utc>]> for Times<'a> {
    fn from(instants: &'a [DateTime<Utc>]) -> Self {
        Self(Clock::Known(instants))
    }
}

impl<'a> From<&'a Vec<DateTime<Utc>>> for Times<'a> {
    fn from(instants: &'a Vec<DateTime<Utc>>) -> Self {
        Self(Clock::Known(instants))
    }
}

impl<'a, const N: usize> From<&'a [DateTime<Utc>; N]> for Times<'a> {
    fn from(instants: &'a [DateTime<Utc>; N]) -> Self {
        Self(Clock::Known(instants))
    }
}

/// The instant of a count of units, if a calendar has it.
fn instant(count: i64, unit: i64) -> Option<DateTime<Utc>> {
    let each = 1_000_000_000 / unit;
    DateTime::from_timestamp(count.div_euclid(each), (count.rem_euclid(each) * unit) as u32)
}

/// Amounts of money as whole minor units (cents, yen, fils); or as [`Money`], with `into`.
#[derive(Clone, Copy, Debug)]
pub struct Amounts<'a>(Sum<'a>);

#[derive(Clone, Copy, Debug)]
enum Sum<'a> {
    Known(&'a [Money]),
    Minor(&'a [i64], Currency),
    Coded(&'a [i64], Numbers<'a>, &'a [Currency]),
}

impl<'a> Amounts<'a> {
    /// Minor units, all in one currency.
    pub fn minor(minor: &'a [i64], currency: Currency) -> Self {
        Self(Sum::Minor(minor, currency))
    }

    /// Minor units, each in the currency that its code stands for: a place in `currencies`.
    pub fn minor_in(minor: &'a [i64], codes: impl Into<Numbers<'a>>, currencies: &'a [Currency]) -> Self {
        Self(Sum::Coded(minor, codes.into(), currencies))
    }

    pub(crate) fn get(&self, row: usize) -> Money {
        match self.0 {
            Sum::Known(amounts) => amounts[row],
            Sum::Minor(minor, currency) => Money::new(minor[row], currency),
            Sum::Coded(minor, codes, currencies) => {
                Money::new(minor[row], currencies[codes.get(row) as usize])
            }
        }
    }

    pub(crate) fn check(&self, name: &'static str, rows: usize) -> Result<()> {
        let (len, codes) = match self.0 {
            Sum::Known(amounts) => (amounts.len(), None),
            Sum::Minor(minor, _) => (minor.len(), None),
            Sum::Coded(minor, codes, currencies) => (minor.len(), Some((codes, currencies.len()))),
        };
        super::same_length(name, len, rows)?;
        let Some((codes, currencies)) = codes else { return Ok(()) };
        super::same_length(name, codes.len(), rows)?;
        let missing = (0..rows).find(|row| codes.get(*row) < 0).map(|row| (row, i128::from(codes.get(row))));
        match codes.beyond(currencies).or(missing) {
            Some((row, code)) => {
                Err(bad(name, Some(row), format!("code {code} stands for none of {currencies} currencies")))
            }
            None => Ok(()),
        }
    }
}

impl<'a> From<&'a [Money]> for Amounts<'a> {
    fn from(amounts: &'a [Money]) -> Self {
        Self(Sum::Known(amounts))
    }
}

impl<'a> From<&'a Vec<Money>> for Amounts<'a> {
    fn from(amounts: &'a Vec<Money>) -> Self {
        Self(Sum::Known(amounts))
    }
}

impl<'a, const N: usize> From<&'a [Money; N]> for Amounts<'a> {
    fn from(amounts: &'a [Money; N]) -> Self {
        Self(Sum::Known(amounts))
    }
}
