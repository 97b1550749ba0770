//! What is gone, as bytes: tombstones, the money of erased orders, and horizons.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use crate::error::Result;
use crate::event::OrderStatus;
use crate::fact::snapshot::decode::Decoder;
use crate::fact::snapshot::encode::{Pen, Words};
use crate::fact::snapshot::frame::{Sink, put};
use crate::fact::tombstone::{Blot, ErasedOrder, Gone, Horizons, Stone, Version};
use crate::id::Pseudonym;
use crate::time::Instant;

/// Writes what is gone, if anything is.
pub(super) fn write<W: Write>(gone: &Gone, words: &Words<'_>, sink: &mut Sink<W>) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let Gone { names, sets, events, orders, ghosts, shop, horizons } = gone;
    let mut pen = Pen { bytes: &mut sink.bytes, words, hashed: false };
    [horizons.text, horizons.touchpoints, horizons.orders, *shop]
        .into_iter()
        .for_each(|at| pen.maybe_instant(at));
    for stones in [names, sets] {
        map(stones, words, sink, |pen, stone| {
            pen.maybe_instant(stone.everything);
            pen.maybe_instant(stone.touchpoints);
        })?;
    }
    map(events, words, sink, |pen, blot| {
        pen.maybe_instant(blot.as_of);
        pen.number(u64::from(blot.fields));
    })?;
    map(ghosts, words, sink, |pen, as_of| pen.instant(Instant::from_nanos(*as_of)))?;
    map(orders, words, sink, order)
}

/// Writes a map by pseudonym, in order.
fn map<W: Write, T>(
    map: &BTreeMap<Pseudonym, T>,
    words: &Words<'_>,
    sink: &mut Sink<W>,
    each: impl Fn(&mut Pen<'_, '_>, &T),
) -> Result<()> {
    put(&mut sink.bytes, map.len() as u64);
    for (name, value) in map {
        let mut pen = Pen { bytes: &mut sink.bytes, words, hashed: false };
        pen.name(*name);
        each(&mut pen, value);
        sink.spill()?;
    }
    Ok(())
}

fn order(pen: &mut Pen<'_, '_>, order: &ErasedOrder) {
    let ErasedOrder { as_of, without_money, last, first, newest, refunds } = order;
    pen.number(u64::from(*without_money));
    [as_of, last, first].into_iter().for_each(|at| pen.maybe_instant(*at));
    pen.number(u64::from(newest.is_some()));
    if let Some(Version { since, total, updated_at, status }) = newest {
        pen.instant(Instant::from_nanos(*since));
        pen.money(&Some(*total));
        pen.maybe_instant(*updated_at);
        pen.status(*status);
    }
    pen.number(refunds.len() as u64);
    for (name, (since, amount)) in refunds {
        pen.name(*name);
        pen.instant(Instant::from_nanos(*since));
        pen.money(&Some(*amount));
    }
}

impl Pen<'_, '_> {
    /// The highest byte first, so that the bytes stand in the order of pseudonyms.
    fn name(&mut self, name: Pseudonym) {
        let [low, high] = name.words();
        self.bytes.extend_from_slice(&(u128::from(high) << 64 | u128::from(low)).to_be_bytes());
    }

    fn maybe_instant(&mut self, nanos: Option<i128>) {
        self.number(u64::from(nanos.is_some()));
        nanos.into_iter().for_each(|nanos| self.instant(Instant::from_nanos(nanos)));
    }
}

impl<R: Read> Decoder<R> {
    /// Reads what is gone.
    pub(super) fn gone(&mut self) -> Result<Gone> {
        let horizons = Horizons {
            text: self.maybe_nanos()?,
            touchpoints: self.maybe_nanos()?,
            orders: self.maybe_nanos()?,
        };
        let shop = self.maybe_nanos()?;
        let stone =
            |own: &mut Self| Ok(Stone { everything: own.maybe_nanos()?, touchpoints: own.maybe_nanos()? });
        let (names, sets) = (self.by_name(stone)?, self.by_name(stone)?);
        let events = self.by_name(|own| {
            let as_of = own.maybe_nanos()?;
            Ok(Blot { as_of, fields: own.source.up_to(usize::from(u16::MAX), NO_FIELD)? as u16 })
        })?;
        let ghosts = self.by_name(|own| Ok(own.instant()?.nanos()))?;
        let gone =
            Gone { names, sets, events, orders: self.by_name(Self::erased_order)?, ghosts, shop, horizons };
        if gone.is_empty() || !self.source.is_done()? {
            return Err(self.source.damaged("it is empty, or more follows"));
        }
        Ok(gone)
    }

    fn erased_order(&mut self) -> Result<ErasedOrder> {
        let without_money = self.flag()?;
        let (as_of, last, first) = (self.maybe_nanos()?, self.maybe_nanos()?, self.maybe_nanos()?);
        let newest = if self.flag()? { Some(self.version()?) } else { None };
        let refunds = self.by_name(|own| {
            let since = own.instant()?.nanos();
            match own.money()? {
                Some(amount) => Ok((since, amount)),
                None => Err(own.source.damaged(NO_MONEY)),
            }
        })?;
        let has_money = newest.is_some() || !refunds.is_empty();
        if first.is_some() != newest.is_some() || (without_money && has_money) {
            return Err(self.source.damaged(NO_MONEY));
        }
        Ok(ErasedOrder { as_of, without_money, last, first, newest, refunds })
    }

    fn version(&mut self) -> Result<Version> {
        let since = self.instant()?.nanos();
        let Some(total) = self.money()? else { return Err(self.source.damaged(NO_MONEY)) };
        let updated_at = self.maybe_nanos()?;
        Ok(Version { since, total, updated_at, status: self.one_of(&OrderStatus::ALL)? })
    }

    /// Reads a map by pseudonym.
    fn by_name<T>(&mut self, mut each: impl FnMut(&mut Self) -> Result<T>) -> Result<BTreeMap<Pseudonym, T>> {
        let count = self.source.up_to(u32::MAX as usize / 2, "a number is out of range")?;
        let mut map = BTreeMap::new();
        for _ in 0..count {
            let mut name = [0; 16];
            name.copy_from_slice(self.source.take(16)?);
            let name = u128::from_be_bytes(name);
            let name = Pseudonym::from_words([name as u64, (name >> 64) as u64]);
            if map.last_key_value().is_some_and(|(last, _)| *last >= name) {
                return Err(self.source.damaged("tombstones are not in order"));
            }
            let value = each(self)?;
            map.insert(name, value);
        }
        Ok(map)
    }

    fn maybe_nanos(&mut self) -> Result<Option<i128>> {
        Ok(if self.flag()? { Some(self.instant()?.nanos()) } else { None })
    }
}

const NO_FIELD: &str = "there are no such fields";
const NO_MONEY: &str = "the money of an erased order does not fit together";
