//! Reports of many shards that add up exactly, and only once each.
//!
//! A host that splits its shoppers over several trackers or tasks routes each event by [`shard_of`], lets every
//! shard make a [`ShardReport`], and puts these into a [`ReportSet`]. The set counts a shard once however often
//! its report is delivered: engines have been seen to hand over a partial result twice after a crash.
//!
//! The parts are the whole where no person, code or order crosses shards: see [`shard_of`].

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::error::{ErrorKind, Result};
use crate::money::{Currency, decimal};
use crate::question::Question;
use crate::reason::UnattributedReason;
use crate::report::{Report, SumKey, Sums};

/// The shard that a routing key belongs to, from 0 to below `shards`.
///
/// The routing key is the host's choice, and it decides whether the parts are the whole: a person, an order or a code in
/// two shards is two. Good keys are what never crosses: the shop or the market, or the id of a shopper whom the host has
/// put together itself. A visitor's id is wrong as soon as visitors log in, and an event without a key of its own goes
/// where its order or its turn went: a refund by a map from orders to shards. What went elsewhere shows in [`Control`]:
/// refunds without their order, codes without their turn; a person who was split does not show.
///
/// Any language can repeat it: FNV-1a over the bytes (64 bits, offset basis `cbf29ce484222325`, prime
/// `100000001b3`); then `h ^= h >> 33`, `h *= ff51afd7ed558ccd` modulo 2^64, `h ^= h >> 33`; then the high 64 bits
/// of the 128-bit product `h * shards`. All numbers in hexadecimal are unsigned.
///
/// ```
/// let four = std::num::NonZeroU32::new(4).unwrap();
/// assert_eq!(clinch::shard_of(b"customer-1", four), 3);
/// assert_eq!(clinch::shard_of(b"customer-2", four), 0);
/// ```
pub fn shard_of(routing_key: &[u8], shards: NonZeroU32) -> u32 {
    let fnv = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let mut hash = routing_key.iter().fold(0xcbf2_9ce4_8422_2325, fnv);
    hash = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    // Below `shards`, so it fits.
    ((u128::from(hash) * u128::from(shards.get())) >> 64) as u32
}

/// What one shard says, with totals by which it can be checked against its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ShardReport {
    /// Which shard, from 0.
    pub shard: u32,
    /// Of how many.
    pub shards: NonZeroU32,
    /// Id of the question; see [`Question::id`].
    pub question: String,
    /// Counts up with every new result of this shard, such as the offset that its source was read to.
    pub version: u64,
    /// Totals for comparison with the source.
    pub control: Control,
    /// The sums.
    pub sums: Sums,
}

/// Totals of one shard, or of all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Control {
    /// Distinct facts.
    pub events: u64,
    /// Orders known in the period, whether they count or not.
    pub orders: u64,
    /// Refunds without their order, whose order may be in another shard.
    pub refunds_without_order: u64,
    /// Codes without their turn, whose turn may be in another shard.
    pub codes_without_turn: u64,
    /// Money, per currency.
    pub money: BTreeMap<Currency, ControlMoney>,
}

/// Money of one currency, as decimal text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ControlMoney {
    /// Refunds that reduce an order.
    pub refunds: u64,
    /// Value of conversions after refunds.
    pub net: String,
    /// Of it, what touchpoints may claim.
    pub credited: String,
    /// Of it, what none may.
    pub unattributed: String,
    /// Of it, what has no path any more, since touchpoints are not kept that long.
    pub expired: String,
    /// Of it, what belongs to people who were erased.
    pub erased: String,
}

impl Control {
    /// The totals that the sums imply.
    pub fn of(sums: &Sums) -> Self {
        let mut control = Self::default();
        let mut money: BTreeMap<Currency, [i128; 5]> = BTreeMap::new();
        let count = |number: i128| u64::try_from(number.max(0)).unwrap_or(u64::MAX);
        for (key, number) in sums.iter() {
            match key {
                SumKey::Events => control.events = count(number),
                SumKey::OrdersKnown => control.orders = count(number),
                SumKey::CodesWithoutTurn => control.codes_without_turn = count(number),
                SumKey::RefundsLoose(_) => control.refunds_without_order += count(number),
                SumKey::RefundsApplied(currency) => money.entry(*currency).or_default()[0] += number,
                SumKey::Value(Some(currency)) => money.entry(*currency).or_default()[1] += number,
                SumKey::UnattributedValue(Some(currency), reason) => {
                    let place = match reason {
                        UnattributedReason::Expired => 3,
                        UnattributedReason::Erased => 4,
                        _ => 2,
                    };
                    money.entry(*currency).or_default()[place] += number;
                }
                _ => {}
            }
        }
        let told = |(currency, [refunds, net, unattributed, expired, erased]): (Currency, [i128; 5])| {
            let money = ControlMoney {
                refunds: count(refunds),
                net: decimal(net, currency),
                credited: decimal(net - unattributed - expired - erased, currency),
                unattributed: decimal(unattributed, currency),
                expired: decimal(expired, currency),
                erased: decimal(erased, currency),
            };
            (currency, money)
        };
        control.money = money.into_iter().map(told).collect();
        control
    }
}

impl ShardReport {
    /// The report of shard number `shard` of `shards`, made from the shard's sums.
    ///
    /// # Errors
    /// `ShardNumber` if `shard` is not below `shards`.
    pub fn new(
        shard: u32,
        shards: NonZeroU32,
        question: &Question,
        version: u64,
        sums: Sums,
    ) -> Result<Self> {
        if shard >= shards.get() {
            return Err(ErrorKind::ShardNumber { shard, shards: shards.get() }.into());
        }
        Ok(Self { shard, shards, question: question.id(), version, control: Control::of(&sums), sums })
    }
}

/// What became of a shard's report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Inserted {
    /// The first of its shard.
    New,
    /// The same as the one that is here; it is counted once.
    Repeated,
    /// Newer than the one that was here, which it replaces.
    Replaced,
    /// Older than the one that is here, which stays.
    Outdated,
}

/// The reports of all shards under one question: each shard counts once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportSet {
    question: String,
    shards: NonZeroU32,
    reports: BTreeMap<u32, ShardReport>,
}

impl ReportSet {
    /// An empty set that waits for `shards` reports.
    pub fn new(question: &Question, shards: NonZeroU32) -> Self {
        Self { question: question.id(), shards, reports: BTreeMap::new() }
    }

    /// Takes a shard's report, in any order and any number of times; the highest version of a shard stays.
    ///
    /// # Errors
    /// `OtherQuestion` if it answers another question or counts other shards, `ShardNumber` if it is none of
    /// these, `ShardConflict` if the same version came with other content, `ControlTotals` if its totals are not
    /// those of its sums. Nothing has changed then.
    pub fn insert(&mut self, report: ShardReport) -> Result<Inserted> {
        let shard = report.shard;
        if report.question != self.question || report.shards != self.shards {
            return Err(ErrorKind::OtherQuestion { shard }.into());
        }
        if shard >= self.shards.get() {
            return Err(ErrorKind::ShardNumber { shard, shards: self.shards.get() }.into());
        }
        if report.control != Control::of(&report.sums) {
            return Err(ErrorKind::ControlTotals { shard }.into());
        }
        let inserted = match self.reports.get(&shard) {
            None => Inserted::New,
            Some(held) if held.version > report.version => return Ok(Inserted::Outdated),
            Some(held) if held.version < report.version => Inserted::Replaced,
            Some(held) if *held == report => return Ok(Inserted::Repeated),
            Some(_) => return Err(ErrorKind::ShardConflict { shard, version: report.version }.into()),
        };
        self.reports.insert(shard, report);
        Ok(inserted)
    }

    /// Takes in the reports of another set under the same question.
    ///
    /// # Errors
    /// As for [`ReportSet::insert`]; nothing has changed then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        let mut merged = self.clone();
        for report in other.reports.values() {
            let _inserted = merged.insert(report.clone())?;
        }
        *self = merged;
        Ok(())
    }

    /// The shards that have not reported yet.
    pub fn missing(&self) -> Vec<u32> {
        (0..self.shards.get()).filter(|shard| !self.reports.contains_key(shard)).collect()
    }

    /// The sums of all shards.
    ///
    /// # Errors
    /// `ShardsMissing` while a shard has not reported.
    pub fn sums(&self) -> Result<Sums> {
        let missing = self.shards.get() as usize - self.reports.len();
        if missing > 0 {
            let first = self.missing().first().copied().unwrap_or_default();
            return Err(ErrorKind::ShardsMissing { missing, first }.into());
        }
        let mut sums = Sums::default();
        self.reports.values().for_each(|report| sums.merge(&report.sums));
        Ok(sums)
    }

    /// The report of the whole.
    ///
    /// # Errors
    /// `ShardsMissing` while a shard has not reported, `OtherFinish` if the set answers another question.
    pub fn finish(&self, question: &Question) -> Result<Report> {
        if question.id() != self.question {
            let (set, given) = (self.question.clone(), question.id());
            return Err(ErrorKind::OtherFinish { set, given }.into());
        }
        Ok(Report::new(&self.sums()?, question))
    }
}
