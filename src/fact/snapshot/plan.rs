//! What is to be written and in which order: nothing of it depends on the order of arrival.
//!
//! In memory things are numbered as they came, and numbers may be taken that no fact uses any more: those of a call
//! that failed, or of what was erased. Written are the things that facts use, in an order of their own.

use chrono::{DateTime, Utc};
use smallvec::SmallVec;

use crate::fact::book::Book;
use crate::fact::cluster::Cluster;
use crate::fact::content::{Content, ContentId};
use crate::fact::names::Handle;
use crate::fact::set::Facts;
use crate::fact::snapshot::MOST_NAMED;
use crate::fact::snapshot::encode::{Pen, Words, each_booked_text, each_text, in_order};

/// The order of everything, and numbers for what is named by number. Beside the facts it takes about five bytes an
/// identifier, 24 a shopper, 36 an order, 20 a content and 30 a text.
pub(super) struct Plan<'f> {
    pub(super) facts: &'f Facts,
    pub(super) words: Words<'f>,
    /// All texts in order.
    pub(super) texts: Vec<&'f str>,
    /// Contents as bytes one after the other, and where each begins and ends, in order.
    pub(super) contents: Vec<u8>,
    pub(super) content_ends: Vec<(usize, usize)>,
    /// The new number of each content that is used.
    pub(super) content_numbers: Vec<u32>,
    /// Shoppers by their least identifier.
    pub(super) shoppers: Vec<Shopper>,
    /// Numbers of books with facts in them, by the instant of their first fact and by order id: that is about how they
    /// stand in memory.
    pub(super) books: Vec<u32>,
    /// Which handles facts use.
    pub(super) used: Vec<bool>,
}

/// Identifiers that facts join, directly or through others: a cluster, or a part of one whose facts were taken out.
///
/// Shoppers stand by the second of their first fact that is about no order: that is about how they stand in memory,
/// which is then read from front to end. Those without come first; equal ones stand by their least pseudonym.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shopper {
    first: i64,
    /// High bits of the least pseudonym.
    name: u64,
    pub(super) cluster: u32,
    /// Which part of its cluster.
    pub(super) part: u32,
}

/// What stands for the second of a first fact where there is none.
pub(super) const NO_FIRST: i64 = i64::MIN;

/// The identifiers in a cluster that facts use, and the sets of them. Room that is used again for the next cluster.
#[derive(Default)]
pub(super) struct Kin {
    /// Identifiers by pseudonym.
    pub(super) singles: Vec<(u128, Handle)>,
    /// Sets by their members.
    pub(super) sets: Vec<Set>,
    places: Vec<(Handle, u32)>,
    groups: Groups,
    /// The part of each identifier, by its place; parts stand by their first.
    parts: Vec<u32>,
    pub(super) count: u32,
}

/// The places of members among the identifiers, counted from one and filled up with zeros, and the set's handle.
pub(super) type Set = ([u32; MOST_NAMED], Handle);

impl<'f> Plan<'f> {
    pub(super) fn new(facts: &'f Facts) -> Self {
        let mut used_contents = vec![false; facts.contents.iter().len()];
        let mut used = vec![false; facts.names.len()];
        for booked in facts.books.iter().flat_map(Book::facts) {
            used[booked.handle as usize] = true;
        }
        for cluster in facts.clusters.iter() {
            for row in cluster.rows.iter() {
                used_contents[row.content as usize] = true;
                used[row.handle as usize] = true;
            }
        }
        for set in 0..used.len() {
            if used[set] {
                for member in facts.names.members(set as Handle) {
                    used[member as usize] = true;
                }
            }
        }
        let books = books_in_order(facts);
        let words = Words::new(facts.key().seed());
        let mut plan = Self {
            facts,
            words,
            texts: Vec::new(),
            contents: Vec::new(),
            content_ends: Vec::new(),
            content_numbers: vec![0; used_contents.len()],
            shoppers: Vec::new(),
            books,
            used,
        };
        plan.note_texts(&used_contents);
        plan.sort_contents(&used_contents);
        plan.sort_shoppers();
        plan
    }

    fn note_texts(&mut self, used: &[bool]) {
        let facts = self.facts;
        for (held, used) in facts.contents.iter().zip(used) {
            if *used {
                let Content { kind, channel, .. } = &held.content;
                each_text(kind, channel.as_ref(), |text| self.words.note(text));
            }
        }
        for booked in facts.books.iter().flat_map(Book::facts) {
            each_booked_text(booked, |text| self.words.note(text));
        }
        self.texts = self.words.sort();
    }

    /// Contents stand in the order of their bytes.
    fn sort_contents(&mut self, used: &[bool]) {
        let mut told: Vec<(usize, usize, ContentId)> = Vec::new();
        let mut pen = Pen { bytes: &mut self.contents, words: &self.words, hashed: self.facts.hashed() };
        for ((held, used), number) in self.facts.contents.iter().zip(used).zip(0..) {
            if *used {
                let start = pen.bytes.len();
                pen.content(&held.content);
                told.push((start, pen.bytes.len(), number));
            }
        }
        let order = in_order(told.iter().map(|(start, end, _)| &self.contents[*start..*end]));
        for (place, number) in order.iter().zip(0..) {
            let (start, end, content) = told[*place as usize];
            self.content_numbers[content as usize] = number;
            self.content_ends.push((start, end));
        }
    }

    fn sort_shoppers(&mut self) {
        let mut shoppers = Vec::new();
        let mut kin = Kin::default();
        for (cluster, number) in self.facts.clusters.iter().zip(0..) {
            self.look(cluster, &mut kin);
            for part in 0..kin.count {
                let first =
                    cluster.rows.iter().find(|row| kin.count == 1 || kin.has(part, self.single(row.handle)));
                let first = first.map_or(NO_FIRST, |row| row.at.parts().0);
                let name = kin.of_part(part).next().map_or(0, |(name, _)| (name >> 64) as u64);
                shoppers.push(Shopper { first, name, cluster: number, part });
            }
        }
        // Of two whose first second and half a pseudonym are the same, which nobody will see, the rest decides.
        let name = |shopper: &Shopper| {
            let mut kin = Kin::default();
            self.look(&self.facts.clusters[shopper.cluster as usize], &mut kin);
            kin.of_part(shopper.part).next().map_or(0, |(name, _)| name)
        };
        shoppers.sort_by(|a: &Shopper, b: &Shopper| {
            (a.first, a.name).cmp(&(b.first, b.name)).then_with(|| name(a).cmp(&name(b)))
        });
        self.shoppers = shoppers;
    }

    /// The identifier itself, or the first of a set.
    fn single(&self, handle: Handle) -> Handle {
        self.facts.names.members(handle).first().copied().unwrap_or(handle)
    }

    /// The pseudonym of an identifier as a number.
    fn name(&self, handle: Handle) -> u128 {
        let [low, high] = self.facts.pseudonym(handle).words();
        u128::from(high) << 64 | u128::from(low)
    }

    /// Looks at the identifiers of a cluster.
    pub(super) fn look(&self, cluster: &Cluster, kin: &mut Kin) {
        let names = &self.facts.names;
        let Kin { singles, sets, places, groups, parts, count } = kin;
        singles.clear();
        sets.clear();
        places.clear();
        parts.clear();
        let used = || cluster.handles.iter().copied().filter(|handle| self.used[*handle as usize]);
        singles
            .extend(used().filter(|handle| !names.is_set(*handle)).map(|single| (self.name(single), single)));
        if singles.len() > 1 {
            singles.sort_unstable();
        }
        if singles.len() > LINE {
            places.extend(singles.iter().map(|(_, handle)| *handle).zip(0..));
            places.sort_unstable();
        }
        groups.reset(singles.len());
        for set in used().filter(|handle| names.is_set(*handle)) {
            let mut members = [0; MOST_NAMED];
            for (place, member) in members.iter_mut().zip(names.members(set)) {
                let found = if places.is_empty() {
                    singles.iter().position(|(_, single)| *single == member)
                } else {
                    let found = places.binary_search_by_key(&member, |(handle, _)| *handle);
                    found.ok().map(|found| places[found].1 as usize)
                };
                *place = found.unwrap_or_default() as u32 + 1;
            }
            for member in members[1..].iter().take_while(|member| **member > 0) {
                groups.join(members[0] - 1, member - 1);
            }
            sets.push((members, set));
        }
        sets.sort_unstable();
        *count = 0;
        for place in 0..singles.len() as u32 {
            // A root comes before all that it is the root of.
            let root = groups.root(place);
            let part =
                if root == place { std::mem::replace(count, *count + 1) } else { parts[root as usize] };
            parts.push(part);
        }
    }
}

/// Books with facts in them, by instant and order id.
fn books_in_order(facts: &Facts) -> Vec<u32> {
    let first = |book: &Book| book.first().map(|held| held.at);
    let told = (0..).zip(facts.books.iter()).filter_map(|(number, book)| Some((first(book)?, number)));
    let mut books: Vec<(DateTime<Utc>, u32)> = told.collect();
    let order = |number: u32| &facts.books.get(number).order;
    // Most orders came in the order of time, which the stable sort makes use of.
    books.sort_by_key(|(at, _)| *at);
    for same in books.chunk_by_mut(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
        same.sort_unstable_by(|a, b| order(a.1).cmp(order(b.1)));
    }
    books.into_iter().map(|(_, number)| number).collect()
}

/// Up to so many identifiers are searched one by one.
const LINE: usize = 16;

impl Kin {
    /// The identifiers of one part.
    pub(super) fn of_part(&self, part: u32) -> impl Iterator<Item = (u128, Handle)> {
        let singles = self.singles.iter().zip(&self.parts);
        singles.filter(move |(_, of)| **of == part).map(|(single, _)| *single)
    }

    /// The sets of one part.
    pub(super) fn sets_of_part(&self, part: u32) -> impl Iterator<Item = &Set> + Clone {
        self.sets.iter().filter(move |(members, _)| self.parts[members[0] as usize - 1] == part)
    }

    fn has(&self, part: u32, single: Handle) -> bool {
        self.of_part(part).any(|(_, handle)| handle == single)
    }

    /// The place of an identifier in its part, both by their places among all, counted from one.
    pub(super) fn place(&self, member: u32) -> u32 {
        let place = member as usize - 1;
        if self.count == 1 {
            return place as u32;
        }
        self.parts[..place].iter().filter(|part| **part == self.parts[place]).count() as u32
    }
}

impl Pen<'_, '_> {
    /// A content, its kind first.
    fn content(&mut self, content: &Content) {
        let Content { kind, channel, junk, left_out } = content;
        self.bytes.push(kind.rank() as u8);
        self.counts(*junk, left_out.counts());
        self.maybe(channel);
        self.kind(kind);
    }

    /// Placeholders, and fields that were left out by reason.
    pub(super) fn counts(&mut self, junk: u8, left_out: impl IntoIterator<Item = u8>) {
        let left_out = left_out.into_iter().zip(0..).filter(|(count, _)| *count > 0);
        let left_out: SmallVec<[(u8, u8); 4]> = left_out.collect();
        self.bytes.extend([junk, left_out.len() as u8]);
        self.bytes.extend(left_out.iter().flat_map(|(count, reason)| [*reason, *count]));
    }
}

/// Numbers that belong together.
#[derive(Default)]
pub(super) struct Groups(Vec<u32>);

impl Groups {
    /// So many numbers, each by itself.
    pub(super) fn reset(&mut self, count: usize) {
        self.0.clear();
        self.0.extend(0..count as u32);
    }

    fn root(&mut self, mut number: u32) -> u32 {
        while self.0[number as usize] != number {
            let above = self.0[self.0[number as usize] as usize];
            self.0[number as usize] = above;
            number = above;
        }
        number
    }

    /// The lesser of two roots stays one.
    pub(super) fn join(&mut self, one: u32, other: u32) {
        let (one, other) = (self.root(one), self.root(other));
        self.0[one.max(other) as usize] = one.min(other);
    }

    pub(super) fn is_one(&mut self) -> bool {
        (0..self.0.len() as u32).all(|number| self.root(number) == 0)
    }
}
