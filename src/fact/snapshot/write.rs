//! From facts to bytes.

use std::io::Write;

use crate::error::Result;
use crate::fact::ahead::{self, AHEAD};
use crate::fact::book::Book;
use crate::fact::booked::Booked;
use crate::fact::cluster::Cluster;
use crate::fact::rows::Row;
use crate::fact::set::Facts;
use crate::fact::snapshot::encode::{Pen, kind_number};
use crate::fact::snapshot::frame::{Head, Sink, put};
use crate::fact::snapshot::gone;
use crate::fact::snapshot::plan::{Kin, Plan, Shopper};
use crate::fact::snapshot::{CONTENTS, END, GONE, MINOR, ORDERS, SHOPPERS, TEXTS, key_check};
use crate::time::Instant;

/// Writes a snapshot of the facts.
pub(crate) fn write(facts: &Facts, out: impl Write) -> Result<()> {
    let unknown = &facts.unknown;
    let minor = if unknown.len() == 0 { MINOR } else { unknown.minor };
    let head = Head { minor, hashed: facts.hashed(), key_check: key_check(facts.key()) };
    let sink = Sink::new(out, head)?;
    let plan = Plan::new(facts);
    let numbers = vec![0; facts.names.len()];
    let mut writer = Writer { plan, sink, numbers, next: 1, identifiers: 0, from: 0 };
    writer.section(GONE, |writer| gone::write(&facts.gone, &writer.plan.words, &mut writer.sink))?;
    writer.section(TEXTS, Writer::texts)?;
    writer.section(CONTENTS, Writer::contents)?;
    writer.section(SHOPPERS, Writer::shoppers)?;
    writer.section(ORDERS, Writer::orders)?;
    writer.section(END, Writer::totals)?;
    writer.sink.finish()
}

struct Writer<'f, W> {
    plan: Plan<'f>,
    sink: Sink<W>,
    /// The new numbers of handles; zero is nobody.
    numbers: Vec<u32>,
    next: u32,
    identifiers: u64,
    /// The section that comes next.
    from: u16,
}

impl<W: Write> Writer<'_, W> {
    /// Writes a section, after those of a newer version that come before it.
    fn section(&mut self, section: u16, write: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let facts = self.plan.facts;
        for (number, bytes) in &facts.unknown.sections {
            if (self.from..section).contains(number) {
                self.sink.begin(*number);
                for piece in bytes.chunks(1 << 16) {
                    self.sink.bytes.extend_from_slice(piece);
                    self.sink.spill()?;
                }
                self.sink.end()?;
            }
        }
        self.from = section;
        self.sink.begin(section);
        write(self)?;
        self.sink.end()
    }

    /// Texts in order, each with how much of the one before it repeats.
    fn texts(&mut self) -> Result<()> {
        let mut before: &[u8] = &[];
        for text in self.plan.texts.iter().map(|text| text.as_bytes()) {
            let same = before.iter().zip(text).take_while(|(a, b)| a == b).count();
            put(&mut self.sink.bytes, same as u64);
            put(&mut self.sink.bytes, (text.len() - same) as u64);
            self.sink.bytes.extend_from_slice(&text[same..]);
            self.sink.spill()?;
            before = text;
        }
        Ok(())
    }

    fn contents(&mut self) -> Result<()> {
        for (start, end) in &self.plan.content_ends {
            self.sink.bytes.extend_from_slice(&self.plan.contents[*start..*end]);
            self.sink.spill()?;
        }
        // They have done their work.
        (self.plan.contents, self.plan.content_ends) = (Vec::new(), Vec::new());
        Ok(())
    }

    fn shoppers(&mut self) -> Result<()> {
        let shoppers = std::mem::take(&mut self.plan.shoppers);
        let nobody = &self.plan.facts.clusters[0];
        if shoppers.is_empty() && nobody.rows.len() == 0 {
            return Ok(());
        }
        put(&mut self.sink.bytes, nobody.rows.len() as u64);
        self.rows(nobody, 0, 0)?;
        let mut kin = Kin::default();
        for shoppers in shoppers.chunks(AHEAD) {
            ahead::of_shoppers(self.plan.facts, shoppers.iter().map(|shopper| shopper.cluster));
            for shopper in shoppers {
                self.shopper(shopper, &mut kin)?;
            }
        }
        Ok(())
    }

    fn shopper(&mut self, shopper: &Shopper, kin: &mut Kin) -> Result<()> {
        let facts = self.plan.facts;
        let cluster = &facts.clusters[shopper.cluster as usize];
        self.plan.look(cluster, kin);
        let first = self.next;
        let bytes = &mut self.sink.bytes;
        put(bytes, kin.of_part(shopper.part).count() as u64);
        for (name, single) in kin.of_part(shopper.part) {
            bytes.push(kind_number(facts.names.kind(single)));
            bytes.extend_from_slice(&name.to_be_bytes());
            self.numbers[single as usize] = self.next;
            self.next += 1;
        }
        self.identifiers += u64::from(self.next - first);
        let sets = kin.sets_of_part(shopper.part);
        put(bytes, sets.clone().count() as u64);
        for (members, set) in sets {
            let members = members.iter().filter(|member| **member > 0);
            put(bytes, members.clone().count() as u64);
            members.for_each(|member| put(bytes, u64::from(kin.place(*member))));
            self.numbers[*set as usize] = self.next;
            self.next += 1;
        }
        let count = if kin.count == 1 {
            cluster.rows.len()
        } else {
            cluster.rows.iter().filter(|row| self.numbers[row.handle as usize] >= first).count()
        };
        put(&mut self.sink.bytes, count as u64);
        self.rows(cluster, first, self.next)
    }

    /// Rows of the handles with the numbers from `first` to before `end`, which are none for nobody's.
    fn rows(&mut self, cluster: &Cluster, first: u32, end: u32) -> Result<()> {
        let plan = &self.plan;
        let hashed = plan.facts.hashed();
        let mut same: Vec<&Row> = Vec::new();
        let mut before = None;
        let number = |row: &Row| self.numbers[row.handle as usize];
        let told = |row: &Row| (plan.content_numbers[row.content as usize], number(row));
        let mut rows = cluster.rows.iter().filter(|row| first == end || (first..end).contains(&number(row)));
        let rank = |row: &Row| plan.facts.contents.rank(row.content);
        let id = |row: &Row| cluster.id_of(row, hashed);
        let is_same = |a: &Row, b: &Row| a.at == b.at && rank(a) == rank(b) && id(a).bytes() == id(b).bytes();
        loop {
            let next = rows.next();
            if !next.is_some_and(|row| same.last().is_none_or(|last| is_same(last, row))) {
                // What comes after the id stands in the order of arrival in memory.
                same.sort_by(|a, b| {
                    told(a).cmp(&told(b)).then_with(|| cluster.turn(a).cmp(&cluster.turn(b)))
                });
                for row in same.drain(..) {
                    let (content, number) = told(row);
                    let mut pen = Pen { bytes: &mut self.sink.bytes, words: &plan.words, hashed };
                    let handle = (first < end).then(|| number - first);
                    before = Some(pen.row(cluster, row, content, handle, before));
                    self.sink.spill()?;
                }
            }
            match next {
                Some(row) => same.push(row),
                None => return Ok(()),
            }
        }
    }

    fn orders(&mut self) -> Result<()> {
        let facts = self.plan.facts;
        for numbers in std::mem::take(&mut self.plan.books).chunks(AHEAD) {
            ahead::of_books(facts, numbers);
            for number in numbers {
                self.book(facts.books.get(*number));
                self.sink.spill()?;
            }
        }
        Ok(())
    }

    fn book(&mut self, book: &Book) {
        let (bytes, words, hashed) = (&mut self.sink.bytes, &self.plan.words, self.plan.facts.hashed());
        let mut pen = Pen { bytes, words, hashed };
        pen.id(book.order.as_str());
        pen.number(book.len() as u64);
        for booked in book.facts() {
            pen.booked(booked, self.numbers[booked.handle as usize]);
        }
    }

    fn totals(&mut self) -> Result<()> {
        put(&mut self.sink.bytes, self.plan.facts.len() as u64);
        put(&mut self.sink.bytes, self.identifiers);
        Ok(())
    }
}

impl Pen<'_, '_> {
    /// One row; the seconds of its instant are told from those before.
    fn row(
        &mut self,
        cluster: &Cluster,
        row: &Row,
        content: u32,
        handle: Option<u32>,
        before: Option<i64>,
    ) -> i64 {
        let (seconds, nanos) = row.at.parts();
        match before {
            None => self.instant(row.at),
            Some(before) => self.time((seconds - before) as u64, nanos),
        }
        let turn = cluster.turn(row);
        self.number(u64::from(content) << 1 | u64::from(turn.is_some()));
        handle.into_iter().for_each(|handle| self.number(u64::from(handle)));
        self.kept_id(cluster.id_of(row, self.hashed).bytes());
        turn.into_iter().for_each(|turn| self.kept_id(turn));
        seconds
    }

    /// An id as a row has it.
    fn kept_id(&mut self, id: &[u8]) {
        if !self.hashed {
            self.number(id.len() as u64);
        }
        self.bytes.extend_from_slice(id);
    }

    fn booked(&mut self, booked: &Booked, handle: u32) {
        let Booked { at, id, junk, left_out, .. } = booked;
        let turn = booked.turn();
        self.bytes.push(u8::from(booked.refund().is_some()) | u8::from(turn.is_some()) << 1);
        self.instant(Instant::new(*at));
        self.id(id.as_str());
        turn.into_iter().for_each(|turn| self.id(turn.as_str()));
        self.number(u64::from(handle));
        self.counts(*junk, left_out.counts());
        self.maybe(&booked.channel());
        booked.version().into_iter().for_each(|version| self.version(version));
        booked.refund().into_iter().for_each(|refund| self.refund(refund));
    }
}
