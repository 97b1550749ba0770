//! From bytes to facts: everything is checked before anything of it can be seen.

use std::io::Read;
use std::ops::Range;

use chrono::{DateTime, Utc};
use smallvec::SmallVec;

use crate::error::{ErrorKind, Result};
use crate::event::Kind;
use crate::fact::booked::{Aside, Booked, Version, What};
use crate::fact::bytes;
use crate::fact::cluster::Cluster;
use crate::fact::content::{Content, NONE};
use crate::fact::names::{Handle, NOBODY};
use crate::fact::rows::{NO_TURN, Row, Rows};
use crate::fact::set::Facts;
use crate::fact::snapshot::decode::Decoder;
use crate::fact::snapshot::frame::{Source, damaged};
use crate::fact::snapshot::plan::{Groups, NO_FIRST};
use crate::fact::snapshot::{CONTENTS, END, GONE, MINOR, MOST_NAMED, ORDERS, SHOPPERS, TEXTS, key_check};
use crate::fact::text::Texts;
use crate::fact::traits::Traits;
use crate::fact::{Known, Limits};
use crate::id::{IdKind, Key, Pseudonym};
use crate::text::OrderId;

/// Reads a snapshot.
pub(crate) fn read(key: Key, limits: Limits, from: impl Read) -> Result<Facts> {
    let (source, head) = Source::new(from)?;
    if head.key_check != key_check(&key) {
        return Err(ErrorKind::SnapshotKey.into());
    }
    if head.hashed != limits.hash_ids {
        return Err(ErrorKind::SnapshotIds { hashed: head.hashed }.into());
    }
    let mut reader = Reader {
        decoder: Decoder::new(source, limits.clone()),
        facts: Facts::new(key, limits),
        briefs: Vec::new(),
        used: vec![true],
        rows: Vec::new(),
        text: Texts::default(),
        shapes: Vec::new(),
        groups: Groups::default(),
        before: None,
    };
    let mut before = 0;
    loop {
        let section = reader.decoder.source.next_section()?;
        if section <= before {
            return Err(reader.decoder.source.damaged("it stands in the wrong place"));
        }
        before = section;
        match section {
            GONE => reader.facts.gone = reader.decoder.gone()?,
            TEXTS => reader.decoder.texts()?,
            CONTENTS => reader.contents()?,
            SHOPPERS => reader.shoppers()?,
            ORDERS => reader.orders()?,
            END => break,
            _ if head.minor > MINOR => reader.keep(section)?,
            _ => return Err(reader.decoder.source.damaged("there is no such section in this version")),
        }
    }
    reader.facts.unknown.set_minor(head.minor);
    reader.finish()
}

/// What has to be known of a content for every row that says it.
#[derive(Clone, Copy)]
struct Brief {
    rank: u8,
    junk: u8,
    used: bool,
    /// Nothing follows from it for its cluster.
    is_plain: bool,
}

struct Reader<R> {
    decoder: Decoder<R>,
    facts: Facts,
    briefs: Vec<Brief>,
    /// Which handles are named.
    used: Vec<bool>,
    /// Of the shopper that is read.
    rows: Vec<Row>,
    text: Texts,
    /// How many identifiers each handle of the shopper stands for, or [`ODD`].
    shapes: Vec<u8>,
    groups: Groups,
    /// Second of the first fact and least identifier of the shopper before.
    before: Option<(i64, u128)>,
}

/// The shape of a set that is not one of each kind, narrow to broad.
const ODD: u8 = u8::MAX;

const NO_IDENTIFIER: &str = "there is no such identifier";

/// The shape of the identifiers that a fact names.
const WHO: &str = "a fact names identifiers that it cannot name";

impl<R: Read> Reader<R> {
    fn keep(&mut self, section: u16) -> Result<()> {
        let mut bytes = Vec::new();
        while !self.decoder.source.is_done()? {
            bytes.extend_from_slice(self.decoder.source.rest());
        }
        self.facts.unknown.push(section, bytes);
        Ok(())
    }

    /// Reads contents, whose bytes stand in order.
    fn contents(&mut self) -> Result<()> {
        let (decoder, facts) = (&mut self.decoder, &mut self.facts);
        let mut before: Vec<u8> = Vec::new();
        while !decoder.source.is_done()? {
            decoder.source.mark();
            let rank = decoder.source.byte()?;
            let (junk, left_out) = decoder.counts()?;
            let channel = decoder.label()?;
            let kind = decoder.kind(rank)?;
            let bytes = decoder.source.since_mark();
            if *bytes <= *before {
                return Err(decoder.source.damaged("contents are not in order"));
            }
            before.clear();
            before.extend_from_slice(bytes);
            if !facts.door().lets_in(&kind) {
                return Err(decoder.source.beyond_limits("a content would not be kept as it is"));
            }
            let id = facts.contents.add(Content { kind, channel, junk, left_out });
            facts.is_within()?;
            let held = facts.contents.get(id);
            let is_plain = held.traits == Traits::default() && held.code == NONE;
            self.briefs.push(Brief { rank, junk, used: false, is_plain });
        }
        Ok(())
    }

    fn shoppers(&mut self) -> Result<()> {
        let count = self.count()?;
        self.rows(0, 0..0, count)?;
        if count == 0 && self.decoder.source.is_done()? {
            return Err(self.decoder.source.damaged("it is empty"));
        }
        while !self.decoder.source.is_done()? {
            self.shopper()?;
        }
        let differ = self.facts.names.index_all();
        if differ { Ok(()) } else { Err(self.decoder.source.damaged("an identifier stands twice")) }
    }

    /// A number of things, for each of which there are bytes still to come.
    fn count(&mut self) -> Result<usize> {
        self.decoder.source.up_to(u32::MAX as usize / 2, "a number is out of range")
    }

    fn shopper(&mut self) -> Result<()> {
        let number = self.facts.clusters.len() as u32;
        let first = self.facts.names.len() as Handle;
        self.shapes.clear();
        let (singles, name) = self.singles(number)?;
        self.groups.reset(singles);
        self.sets(number, first, singles)?;
        if !self.groups.is_one() {
            return Err(self
                .decoder
                .source
                .damaged("identifiers of a shopper have nothing to do with each other"));
        }
        let end = self.facts.names.len() as Handle;
        let mut cluster = Cluster::default();
        cluster.handles.extend(first..end);
        self.facts.clusters.push(cluster);
        let count = self.count()?;
        let second = self.rows(number, first..end, count)?;
        let here = Some((second, name));
        if self.before >= here {
            return Err(self.decoder.source.damaged("shoppers are not in order"));
        }
        self.before = here;
        Ok(())
    }

    /// Reads the identifiers of a shopper and says how many these are, and which is the least.
    fn singles(&mut self, cluster: u32) -> Result<(usize, u128)> {
        let Self { facts, decoder: Decoder { source, .. }, used, shapes, .. } = self;
        let count = source.up_to(u32::MAX as usize / 2, "a number is out of range")?;
        facts.fits(0, count)?;
        let mut ends: Option<(u128, u128)> = None;
        for _ in 0..count {
            let bytes = source.take(17)?;
            let mut name = [0; 16];
            name.copy_from_slice(&bytes[1..]);
            let (kind, name) = (IdKind::ALL.get(usize::from(bytes[0])).copied(), u128::from_be_bytes(name));
            let Some(kind) = kind else { return Err(source.damaged("a kind of identifier is not known")) };
            let known = Known { kind, name: Pseudonym::from_words([name as u64, (name >> 64) as u64]) };
            if ends.is_some_and(|(_, last)| last >= name) {
                return Err(source.damaged("identifiers are not in order"));
            }
            facts.names.append(known, cluster);
            ends = Some((ends.map_or(name, |(first, _)| first), name));
            used.push(false);
            shapes.push(1);
        }
        match ends {
            Some((first, _)) => Ok((count, first)),
            None => Err(source.damaged("a shopper has no identifier")),
        }
    }

    /// Reads the sets of a shopper, whose identifiers have so many handles from the first one on.
    fn sets(&mut self, cluster: u32, first: Handle, singles: usize) -> Result<()> {
        let Self { facts, decoder: Decoder { source, .. }, used, shapes, groups, .. } = self;
        let mut before = SmallVec::<[Handle; 8]>::new();
        for _ in 0..source.up_to(u32::MAX as usize / 2, "a number is out of range")? {
            let size = source.up_to(MOST_NAMED, WHO)?;
            let (mut members, mut who) = (SmallVec::<[Handle; 8]>::new(), SmallVec::<[Known; 8]>::new());
            for _ in 0..size {
                let member = first + source.up_to(singles - 1, NO_IDENTIFIER)? as Handle;
                who.push(facts.names.known(member));
                used[member as usize] = true;
                members.push(member);
                groups.join(members[0] - first, member - first);
            }
            if size < 2 || members <= before {
                return Err(source.damaged("sets of identifiers are not in order"));
            }
            facts.names.append_set(&who, &members, cluster);
            used.push(false);
            shapes.push(if who.is_sorted_by(|a, b| a.kind < b.kind) { size as u8 } else { ODD });
            before = members;
        }
        Ok(())
    }

    /// Reads the rows of a cluster, whose handles these are; nobody's has none. Says in which second the first is.
    fn rows(&mut self, number: u32, handles: Range<Handle>, count: usize) -> Result<i64> {
        self.facts.fits(count, 0)?;
        self.facts.fits_bytes(|_| bytes::rows(count, 0))?;
        let (mut traits, mut first, mut second) = (Traits::default(), NO_FIRST, None);
        for _ in 0..count {
            let (row, now) = self.row(&handles, second)?;
            if second.is_none() {
                first = now;
            }
            second = Some(now);
            let is_after = |before: &Row| {
                let rank = |row: &Row| self.briefs[row.content as usize].rank;
                let (text, hashed) = (&self.text, self.facts.hashed());
                before.at < row.at || is_before((before, rank(before)), (&row, rank(&row)), text, hashed)
            };
            if !self.rows.last().is_none_or(is_after) {
                return Err(self.decoder.source.damaged("facts are not in order"));
            }
            let brief = &mut self.briefs[row.content as usize];
            brief.used = true;
            self.used[row.handle as usize] = true;
            if brief.is_plain {
                self.facts.names.set_claims(row.handle);
            } else {
                traits.add(self.facts.contents.get(row.content).traits);
                self.facts.note_use(row.content, row.handle);
            }
            self.rows.push(row);
        }
        self.facts.count_rows(count);
        self.facts.id_bytes += self.text.len() as u64;
        self.facts.is_within()?;
        let cluster = &mut self.facts.clusters[number as usize];
        cluster.traits = traits;
        cluster.rows = Rows::of_sorted(self.rows.as_slice().to_vec());
        cluster.text = self.text.take_exact();
        self.rows.clear();
        Ok(first)
    }

    /// Reads a row; gives the second that it is in, too.
    fn row(&mut self, handles: &Range<Handle>, before: Option<i64>) -> Result<(Row, i64)> {
        let (second, nanos) = match before {
            None => self.decoder.signed_time()?,
            Some(before) => {
                let (seconds, nanos) = self.decoder.time()?;
                (before.saturating_add_unsigned(seconds), nanos)
            }
        };
        let at = self.decoder.instant_of(second, nanos)?;
        let source = &mut self.decoder.source;
        let number = source.number()?;
        let Some(brief) = self.briefs.get((number >> 1) as usize).copied() else {
            return Err(source.damaged("there is no such content"));
        };
        let content = (number >> 1) as u32;
        let (handle, shape) = if handles.is_empty() {
            (NOBODY, 0)
        } else {
            let place = source.up_to(handles.len() - 1, NO_IDENTIFIER)?;
            (handles.start + place as Handle, self.shapes[place])
        };
        let named = usize::from(shape) + usize::from(brief.junk);
        let is_claim = matches!(brief.rank, 2 | 3);
        let may_name =
            if is_claim { self.may_claim(content, brief, handle) } else { (1..=MOST_NAMED).contains(&named) }
                || self.is_tie(brief, handle);
        if !may_name {
            return Err(self.decoder.source.damaged(WHO));
        }
        let has_turn = number & 1 == 1;
        if self.facts.hashed() {
            let mut id = [0; 8];
            id.copy_from_slice(self.decoder.source.take(8)?);
            let id = u64::from_be_bytes(id);
            let turn = if has_turn { self.text.write(self.decoder.source.take(8)?) } else { NO_TURN };
            return Ok((Row { at, id: [id as u32, (id >> 32) as u32], content, handle, turn }, second));
        }
        let id = self.id(false)?;
        let turn = if has_turn { self.id(true)?[1] } else { NO_TURN };
        Ok((Row { at, id, content, handle, turn }, second))
    }

    /// Reads an id; gives a hash of it, and where it stands.
    fn id(&mut self, may_be_empty: bool) -> Result<[u32; 2]> {
        let Self { facts, decoder: Decoder { source, limits, .. }, text, .. } = self;
        let count = source.within(limits.text_bytes, "an id is too long")?;
        if !text.has_room(count + 32) {
            return Err(
                ErrorKind::Full { what: "bytes of ids of one shopper", limit: u64::from(u32::MAX) }.into()
            );
        }
        let id = source.take(count)?;
        if (id.is_ascii() || std::str::from_utf8(id).is_ok()) && (may_be_empty || count > 0) {
            Ok([facts.tag(id), text.write(id)])
        } else {
            Err(source.damaged("an id is empty or not UTF-8"))
        }
    }

    /// Whether a claim or the withdrawal of one can name these identifiers.
    fn may_claim(&self, content: u32, brief: Brief, handle: Handle) -> bool {
        let names = &self.facts.names;
        let members = names.members(handle);
        let kinds: SmallVec<[IdKind; 8]> = members.iter().map(|member| names.kind(*member)).collect();
        let of_these = match &self.facts.contents.get(content).content.kind {
            Kind::ClaimWithdrawn(claim) => {
                let two = [claim.one.kind(), claim.other.kind()];
                if let [one] = *kinds { two.contains(&one) } else { kinds.is_empty() || *kinds == two }
            }
            _ => kinds.iter().all(|kind| *kind == IdKind::Customer),
        };
        of_these && kinds.len() + usize::from(brief.junk) == 2
    }

    /// Whether it is a claim that an erasure left in place of others, which may name several of a kind.
    fn is_tie(&self, brief: Brief, handle: Handle) -> bool {
        let who = self.facts.names.who(handle);
        let is_one = |(place, known): (usize, &Known)| !who[..place].contains(known);
        brief.rank == 1
            && brief.junk == 0
            && who.len() > 1
            && who.is_sorted_by(|a, b| a.kind <= b.kind)
            && who.iter().enumerate().all(is_one)
    }

    fn orders(&mut self) -> Result<()> {
        let (mut before, mut hashes): (Option<(DateTime<Utc>, OrderId)>, _) = (None, Vec::new());
        while !self.decoder.source.is_done()? {
            let order: OrderId = self.decoder.id(16, false)?;
            let count = self.count()?;
            if count == 0 {
                return Err(self.decoder.source.damaged("nothing is said of an order"));
            }
            hashes.push(self.facts.books.hash(&order));
            let book = self.facts.books.append(&order);
            for place in 0..count {
                self.facts.fits(1, 0)?;
                let booked = self.booked(&order)?;
                if place == 0 {
                    let first = Some((booked.at, order.clone()));
                    if before.is_some() && before >= first {
                        return Err(self.decoder.source.damaged("orders are not in order"));
                    }
                    before = first;
                }
                let last = self.facts.books.get(book).last();
                if last.is_some_and(|last| last.compare(&booked, &self.facts.names).is_ge()) {
                    return Err(self.decoder.source.damaged("facts about an order are not in order"));
                }
                let _recorded = self.facts.file(book, booked);
                self.facts.is_within()?;
            }
        }
        let differ = self.facts.books.index_all(&hashes);
        if differ { Ok(()) } else { Err(self.decoder.source.damaged("an order stands twice")) }
    }

    /// One version of an order, or one refund.
    fn booked(&mut self, order: &OrderId) -> Result<Booked> {
        let decoder = &mut self.decoder;
        let flags = decoder.source.byte()?;
        if flags > 3 {
            return Err(decoder.source.damaged("a kind of fact is not known"));
        }
        let (at, id) = (decoder.utc()?, decoder.id(8, false)?);
        let turn = if flags & 2 == 2 { Some(decoder.id(8, true)?) } else { None };
        let handle =
            decoder.source.up_to(self.facts.names.len() - 1, "there is no such identifier")? as Handle;
        let (junk, left_out) = decoder.counts()?;
        let channel = decoder.label()?;
        let is_refund = flags & 1 == 1;
        let what = if is_refund {
            What::Refund(Box::new(decoder.refund(order.clone())?))
        } else {
            What::Version(Version::of(decoder.order(order.clone())?))
        };
        let who = self.facts.names.who(handle);
        let count = who.len() + usize::from(junk);
        let named =
            who.is_sorted_by(|a, b| a.kind < b.kind) && count <= MOST_NAMED && (count > 0 || is_refund);
        if !named {
            return Err(decoder.source.damaged(WHO));
        }
        self.used[handle as usize] = true;
        Ok(Booked { at, id, handle, junk, left_out, what, aside: Aside::of(channel, turn) })
    }

    /// Reads the totals; nothing that is there may be unused, and nothing may follow.
    fn finish(mut self) -> Result<Facts> {
        let (facts, identifiers) = (self.decoder.source.number()?, self.decoder.source.number()?);
        let told = (self.facts.len() as u64, self.facts.names.identifiers() as u64);
        let are_used = self.used.iter().all(|used| *used) && self.briefs.iter().all(|brief| brief.used);
        if (facts, identifiers) != told || !self.decoder.source.is_done()? || !are_used {
            return Err(damaged("end", "its totals are not those of what stands before it"));
        }
        self.decoder.finish()?.finish()?;
        if self.facts.is_settled() {
            Ok(self.facts)
        } else {
            Err(damaged("gone", "a fact is here that its tombstones refuse"))
        }
    }
}

/// Whether a row that is not later than another, by its instant, still stands before it.
fn is_before((a, a_rank): (&Row, u8), (b, b_rank): (&Row, u8), text: &Texts, hashed: bool) -> bool {
    let id = |row: &Row| if hashed { [row.id[1], row.id[0]] } else { [0; 2] };
    let by_id = || if hashed { id(a).cmp(&id(b)) } else { text.read(a.id[1]).cmp(text.read(b.id[1])) };
    let turn = |row: &Row| (row.turn != NO_TURN).then(|| text.read(row.turn));
    let order = a_rank.cmp(&b_rank).then_with(by_id);
    let order = order.then_with(|| (a.content, a.handle).cmp(&(b.content, b.handle)));
    a.at == b.at && order.then_with(|| turn(a).cmp(&turn(b))).is_lt()
}
