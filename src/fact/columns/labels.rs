//! Labels of rows by number: each combination is made a content once.

use std::borrow::Cow;
use std::hash::Hasher;

use crate::event::{Columns, KindColumns, KindRef, Numbers, PrivacyLevel, QueryRef, Texts};
use crate::event::{Identify, QueryColumns};
use crate::fact::bulk::Bulk;
use crate::fact::columns::BATCH;
use crate::fact::content::{ContentId, ContentRef};
use crate::fact::door::{SHORTEST_SOUGHT, decodings};
use crate::fact::index::{Index, Mix};
use crate::fact::{LeftOut, Limits};

/// Query, topic, intent, flow, product type, language, product, channel.
const COLUMNS: usize = 8;
const CHANNEL: usize = COLUMNS - 1;

/// Largest table of combinations that is looked up without hashing.
const DIRECT: usize = 1 << 16;

/// A column of labels: codes of few names, or nothing.
type Coded<'a> = Option<(Numbers<'a>, Texts<'a>)>;

/// A combination of codes, each one more than it is; 0 stands for none.
type Codes = [u32; COLUMNS];

/// The combinations of labels in a block of columns.
pub(super) struct Combinations<'a> {
    columns: [Coded<'a>; COLUMNS],
    /// By how much a code of each column counts, where the table is direct.
    strides: [usize; COLUMNS],
    /// The number of a combination by its place; [`UNSEEN`] before it came up. Empty if they are too many for that.
    direct: Vec<u32>,
    index: Index,
    list: Vec<Combination>,
    turns: bool,
    seed: u64,
}

const UNSEEN: u32 = u32::MAX;

/// What is known of one combination.
pub(super) struct Combination {
    codes: Codes,
    /// Its content, once a fact has it.
    content: Option<ContentId>,
    /// Whether each label is short enough; rows with one that is not take the general way.
    fits: bool,
    /// Bytes of the longest label in which an identifier is sought, in lower case.
    longest: usize,
    /// Which bytes these labels consist of, in lower case.
    bytes: [u64; 4],
}

impl Combination {
    /// Whether one of its labels may contain an identifier. `text` is the identifier: of ASCII alone, and no phone number.
    #[inline]
    pub(super) fn may_hold(&self, text: &str) -> bool {
        let sought = text.len() >= SHORTEST_SOUGHT && text.len() <= self.longest;
        sought && text.bytes().all(|byte| has(&self.bytes, byte.to_ascii_lowercase()))
    }

    pub(super) fn fits(&self) -> bool {
        self.fits
    }
}

fn has(bytes: &[u64; 4], byte: u8) -> bool {
    bytes[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
}

impl<'a> Combinations<'a> {
    /// The labels of a block whose rows the short way can take: turns and `identify` events, all of whose labels are
    /// told by number.
    pub(super) fn of(block: &Columns<'a>, limits: &Limits, seed: u64) -> Option<Self> {
        let none = None;
        let [query, topic, intent, flow, product_type, language, product] = match &block.kind {
            KindColumns::Query(own) => {
                let QueryColumns { text, query, topic, intent, flow, product_type, language, product } = own;
                // Text that the limits leave out is left out without being counted.
                let text_kept = text.is_some() && limits.privacy == PrivacyLevel::Full;
                if text_kept || limits.privacy < PrivacyLevel::Intent || limits.values == 0 {
                    return None;
                }
                [query, topic, intent, flow, product_type, language, product]
            }
            KindColumns::Identify(_) => [&none; COLUMNS - 1],
            _ => return None,
        };
        let mut columns = [None; COLUMNS];
        let (mut strides, mut size) = ([0; COLUMNS], 1_usize);
        let all = [query, topic, intent, flow, product_type, language, product, &block.channel];
        for (place, texts) in all.into_iter().enumerate() {
            let Some(texts) = texts else { continue };
            let (codes, count) = texts.codes()?;
            strides[place] = size;
            size = size.saturating_mul(count.saturating_add(1));
            columns[place] = Some((codes, *texts));
        }
        let direct = if size <= DIRECT { vec![UNSEEN; size] } else { Vec::new() };
        let turns = matches!(block.kind, KindColumns::Query(_));
        Some(Self { columns, strides, direct, index: Index::default(), list: Vec::new(), turns, seed })
    }

    /// The numbers of the combinations in some rows, counted from `start`; those that are new are given theirs now.
    pub(super) fn numbers(&mut self, start: usize, rows: &[u32], limits: &Limits, numbers: &mut [u32]) {
        let mut places = [0_usize; BATCH];
        for (column, stride) in self.columns.iter().zip(self.strides) {
            if let Some((codes, _)) = column {
                // Where there are too many combinations the strides are no places, and nothing is looked up by them.
                let step = |code: i64| ((code.max(-1) + 1) as usize).wrapping_mul(stride);
                codes.gather(start, rows, |place, code| {
                    places[place] = places[place].wrapping_add(step(code))
                });
            }
        }
        for ((number, place), row) in numbers.iter_mut().zip(places).zip(rows) {
            *number = match self.direct.get(place) {
                Some(known) if *known != UNSEEN => *known,
                _ => self.number(start + *row as usize, place, limits),
            };
        }
    }

    fn number(&mut self, row: usize, place: usize, limits: &Limits) -> u32 {
        let code = |column: &Coded<'a>| {
            column.as_ref().map_or(0, |(codes, _)| codes.get(row).max(-1).wrapping_add(1) as u32)
        };
        let codes = std::array::from_fn(|place| code(&self.columns[place]));
        if self.direct.is_empty() {
            return self.hashed(codes, limits);
        }
        let number = self.add(codes, limits);
        self.direct[place] = number;
        number
    }

    fn hashed(&mut self, codes: Codes, limits: &Limits) -> u32 {
        let mut mix = Mix::new(self.seed);
        codes.into_iter().for_each(|code| mix.write_u32(code));
        let hash = mix.short();
        if let Some(number) = self.index.find(hash, |number| self.list[number as usize].codes == codes) {
            return number;
        }
        let number = self.add(codes, limits);
        self.index.insert(hash, number);
        number
    }

    pub(super) fn get(&self, number: u32) -> &Combination {
        &self.list[number as usize]
    }

    fn add(&mut self, codes: Codes, limits: &Limits) -> u32 {
        let mut combination = Combination { codes, content: None, fits: true, longest: 0, bytes: [0; 4] };
        for label in self.labels(&codes).into_iter().flatten() {
            combination.fits &= label.len() <= limits.text_bytes;
            if label.len() >= SHORTEST_SOUGHT {
                combination.note(label);
            }
        }
        self.list.push(combination);
        self.list.len() as u32 - 1
    }

    fn labels(&self, codes: &Codes) -> [Option<&'a str>; COLUMNS] {
        std::array::from_fn(|place| {
            let (_, texts) = self.columns[place].as_ref()?;
            texts.name(codes[place].checked_sub(1)? as usize)
        })
    }

    /// The content of a combination; none if there are too many labels. No label of it contains an identifier of the fact that asks.
    pub(super) fn content(&mut self, number: u32, bulk: &mut Bulk<'_>) -> Option<ContentId> {
        if let Some(content) = self.list[number as usize].content {
            return Some(content);
        }
        let labels = self.labels(&self.list[number as usize].codes);
        let channel = labels[CHANNEL];
        let [query, topic, intent, flow, product_type, language, product, _] =
            labels.map(|label| label.map(Cow::Borrowed));
        let kind = if self.turns {
            let products = product.into_iter().collect();
            let rest = QueryRef::default();
            let turn = QueryRef { query, topic, intent, flow, product_type, language, products, ..rest };
            KindRef::Query(turn)
        } else {
            KindRef::Identify(Identify {})
        };
        let content = ContentRef { kind: &kind, channel, junk: 0, left_out: LeftOut::default() };
        let content = bulk.content(&content)?;
        self.list[number as usize].content = Some(content);
        Some(content)
    }
}

impl Combination {
    /// Notes a label in lower case, as it stands and percent-decoded.
    fn note(&mut self, label: &str) {
        for text in
            std::iter::once(label.to_lowercase()).chain(decodings(label).map(|plain| plain.to_lowercase()))
        {
            self.longest = self.longest.max(text.len());
            for byte in text.bytes() {
                self.bytes[usize::from(byte >> 6)] |= 1 << (byte & 63);
            }
        }
    }
}
