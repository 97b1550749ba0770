//! The host's one struct: facts go in, answers come out.

mod erase;
mod export;
mod holdings;
mod retain;
mod ties;

pub use export::{Export, ExportedIdentifier};
pub use retain::Expired;

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::event::{Checked, Columns, Event, EventRef};
use crate::experiment::{Holdout, HoldoutReport, measure};
use crate::fact::snapshot::{self, Unknown};
use crate::fact::{Facts, Intake, Limits, Recorded};
use crate::id::{Identifier, Key, Pseudonym};
use crate::journey::{Journey, World, journeys, journeys_of};
use crate::question::Question;
use crate::receipt::Receipt;
use crate::report::{
    Friction, Rank, Report, Review, Segment, SequenceRules, Sequences, Suggester, Suggestion, Sums, Watching,
    collect,
};
use crate::text::OrderId;
use crate::time::Period;

/// Holds a whole shop's facts and answers questions about them.
///
/// Its state is a set: events may come late, twice and in any order, and every answer is a function of the set.
/// It holds a key and limits; everything that shapes an answer is in the [`Question`].
///
/// ```
/// use chrono::{DateTime, Utc};
/// use clinch::{Event, Key, Money, Question, Recorded, Tracker, Who};
///
/// let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
/// let mut tracker = Tracker::new(Key::new(*b"sixteen secrets!"));
/// let turn = Event::query("e1", at("2026-03-01T10:00:00Z"), Who::visitor("v9")).topic("availability");
/// assert_eq!(tracker.record(turn.clone())?, Recorded::New);
/// assert_eq!(tracker.record(turn)?, Recorded::Repeated);
/// let total = Money::parse("59.90", "EUR".parse()?)?;
/// let _ = tracker.record(Event::order("e2", at("2026-03-02T18:20:00Z"), Who::visitor("v9"), "1001", total))?;
///
/// let report = tracker.report(&Question::new(at("2026-04-01T00:00:00Z")))?;
/// let row = &report.tables[0].rows[0];
/// assert_eq!((row.label.as_str(), row.models[0].value.as_str()), ("availability", "59.90"));
/// # Ok::<(), clinch::Error>(())
/// ```
#[derive(Clone)]
pub struct Tracker {
    facts: Facts,
    watching: Watching,
}

/// A question that a [`Tracker`] keeps answered; see [`Tracker::watch`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Watch {
    number: u64,
    /// Id of the question.
    question: String,
}

impl Tracker {
    /// An empty tracker with default limits. Two trackers with one key can be merged.
    pub fn new(key: Key) -> Self {
        Self::with_limits(key, Limits::default())
    }

    /// An empty tracker with other limits.
    pub fn with_limits(key: Key, limits: Limits) -> Self {
        Self { facts: Facts::new(key, limits), watching: Watching::default() }
    }

    /// Takes one event in and says what became of it.
    ///
    /// An event is an immutable fact: of two with one id and different content both are kept, and within a person
    /// the one dated later counts (at one instant the greater by content). Orders are told anew instead: of one
    /// order id the newest version holds, see [`Order`](crate::Order).
    ///
    /// # Errors
    /// `Full` at a cap of the limits; nothing has changed then.
    pub fn record(&mut self, event: impl Into<Event>) -> Result<Recorded> {
        self.record_ref(&event.into())
    }

    /// Takes many events in and counts what became of them.
    ///
    /// # Errors
    /// `Full` at a cap of the limits; the events before the one that did not fit have been taken in, and
    /// delivering all of them again is harmless.
    pub fn extend(&mut self, events: impl IntoIterator<Item = impl Into<Event>>) -> Result<Intake> {
        if self.watching.is_empty() {
            return self.facts.extend(events);
        }
        self.one_by_one(events, |tracker, event| tracker.record(event))
    }

    /// Takes one event in whose text is borrowed: nothing is copied but what is new.
    ///
    /// # Errors
    /// As for [`Tracker::record`].
    pub fn record_ref<'e>(&mut self, event: impl Into<EventRef<'e>>) -> Result<Recorded> {
        if self.watching.is_empty() {
            return self.facts.record(event.into(), &mut ());
        }
        self.facts.record(event.into(), &mut self.watching)
    }

    /// Takes many events in whose text is borrowed: rows of a database, columns, lines of a log.
    ///
    /// ```
    /// use clinch::{EventRef, Key, Tracker};
    ///
    /// let columns = (["e1", "e2"], ["v9", "v9"], ["availability", "delivery"]);
    /// let at: chrono::DateTime<chrono::Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    /// let mut tracker = Tracker::new(Key::new(*b"sixteen secrets!"));
    /// let rows = (0..2).map(|row| EventRef::query(columns.0[row], at).visitor(columns.1[row]).topic(columns.2[row]));
    /// assert_eq!(tracker.extend_refs(rows)?.new, 2);
    /// # Ok::<(), clinch::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Tracker::extend`].
    pub fn extend_refs<'e>(
        &mut self,
        events: impl IntoIterator<Item = impl Into<EventRef<'e>>>,
    ) -> Result<Intake> {
        if self.watching.is_empty() {
            return self.facts.extend_refs(events);
        }
        self.one_by_one(events, |tracker, event| tracker.record_ref(event))
    }

    /// Takes many events in as columns: as they lie in a data frame, an Arrow batch or a database's result.
    ///
    /// The same as [`Tracker::extend_refs`] with an event per row, in much less time. Several blocks are taken in
    /// at once best in one call; whether a row is new or a repetition is the same for any order of blocks and rows.
    /// See [`Columns`] for an example.
    ///
    /// # Errors
    /// `Column` where the columns of a block do not fit each other, with the name of the column and the row; nothing
    /// has changed then. `Full` at a cap of the limits as for [`Tracker::extend`].
    pub fn extend_columns(&mut self, blocks: &[Columns<'_>]) -> Result<Intake> {
        let mut checked = Checked::default();
        blocks.iter().try_for_each(|block| block.check(&mut checked))?;
        if self.watching.is_empty() {
            return self.facts.extend_columns(blocks);
        }
        let rows =
            |block: &'_ Columns<'_>| (0..block.rows()).filter(|row| block.counts(*row)).collect::<Vec<_>>();
        let events = blocks.iter().flat_map(|block| rows(block).into_iter().map(|row| block.event(row)));
        self.one_by_one(events, |tracker, event| tracker.record_ref(event))
    }

    /// Takes in the events of a log as they are read from it (feature `json`); each line that gives no event is told to
    /// `bad`, in order, and reading goes on behind it.
    ///
    /// The same as [`Tracker::extend_refs`] with the events of the log, which need not be in memory as a whole.
    ///
    /// ```
    /// use clinch::event::jsonl;
    /// # use clinch::{Key, Tracker};
    /// # let mut tracker = Tracker::new(Key::new(*b"sixteen secrets!"));
    ///
    /// let log = r#"
    /// {"id":"e1","at":"2026-03-01T10:00:00Z","kind":"query","visitor":"v9","topic":"availability"}
    /// {"id":"e2","at":"yesterday","kind":"link_click","visitor":"v9"}
    /// "#;
    /// let mut bad = Vec::new();
    /// let intake = tracker.extend_lines(&mut jsonl::read(log.as_bytes()), |line| bad.push(line.to_string()))?;
    /// assert_eq!((intake.new, bad.len()), (1, 1));
    /// # Ok::<(), clinch::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Full` at a cap of the limits as for [`Tracker::extend`]; [`Reader::line`](crate::event::jsonl::Reader::line) says
    /// which line did not fit, and those behind it are still in the reader.
    #[cfg(feature = "json")]
    pub fn extend_lines<R: std::io::BufRead>(
        &mut self,
        log: &mut crate::event::jsonl::Reader<R>,
        mut bad: impl FnMut(crate::event::jsonl::LineError),
    ) -> Result<Intake> {
        if self.watching.is_empty() {
            return self.facts.extend_lines(log, bad);
        }
        let mut intake = Intake::default();
        while let Some(read) = log.next_borrowed() {
            match read {
                Ok(event) => intake.count(self.record_ref(event)?),
                Err(error) => bad(error),
            }
        }
        Ok(intake)
    }

    /// Watched questions look at every single event.
    fn one_by_one<E>(
        &mut self,
        events: impl IntoIterator<Item = E>,
        record: impl Fn(&mut Self, E) -> Result<Recorded>,
    ) -> Result<Intake> {
        let mut intake = Intake::default();
        for event in events {
            intake.count(record(self, event)?);
        }
        Ok(intake)
    }

    /// Takes in all facts of another tracker with the same key and limits: a union of sets.
    ///
    /// # Errors
    /// `KeyMismatch`, `LimitsMismatch`, or `Full` at a cap; nothing has changed then.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.watching.forget();
        self.facts.merge(&other.facts)
    }

    /// How many distinct facts it holds.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.facts.len() == 0
    }

    /// The limits that it was made with.
    pub fn limits(&self) -> &Limits {
        self.facts.limits()
    }

    /// The pseudonym under which an identifier shows, such as a conversation in a report.
    pub fn pseudonym(&self, identifier: &Identifier) -> Pseudonym {
        self.facts.key().pseudonym(identifier)
    }

    /// The journeys of everybody whose facts name this identifier: one for a person, several for a shared device,
    /// none for an unknown one, in the order of their first facts.
    pub fn journeys(&self, identifier: &Identifier, question: &Question) -> Vec<Journey> {
        journeys_of(&self.facts, &question.rules, question.consent, question.as_of, identifier)
    }

    /// Everything that was decided about one order; none for an unknown one.
    ///
    /// # Errors
    /// A model that breaks its contract, two columns of one name.
    pub fn receipt(&self, order: impl Into<OrderId>, question: &Question) -> Result<Option<Receipt>> {
        Receipt::of(&self.facts, &order.into(), question)
    }

    /// Answers a question.
    ///
    /// # Errors
    /// A model that breaks its contract, two columns of one name.
    pub fn report(&self, question: &Question) -> Result<Report> {
        Ok(Report::new(&self.sums(question)?, question))
    }

    /// What an experiment has shown: the arms, how they differ, and attributed beside incremental revenue.
    ///
    /// # Errors
    /// As for [`Tracker::report`].
    pub fn holdout(&self, holdout: &Holdout, question: &Question) -> Result<HoldoutReport> {
        measure(&self.facts, holdout, question)
    }

    /// The journeys of everybody, in the order of their first facts, as
    /// [`JourneyBuilder::build`](crate::JourneyBuilder::build) gives them.
    pub fn all_journeys(&self, question: &Question) -> Vec<Journey> {
        journeys(&World::new(&self.facts, &question.rules, question.consent, question.as_of))
    }

    /// Patterns of labels that go with conversions; see [`Sequences::of`].
    ///
    /// # Errors
    /// As for [`Sequences::of`].
    pub fn sequences(&self, question: &Question, rules: &SequenceRules) -> Result<Sequences> {
        Sequences::of(&self.all_journeys(question), question, rules)
    }

    /// What is asked again, and how long it takes to a conversion; see [`Friction::of`].
    pub fn friction(&self, question: &Question, segment: &Segment) -> Friction {
        Friction::of(&self.all_journeys(question), question, segment)
    }

    /// How values do beside others and beside an earlier period; see [`Review::of`].
    ///
    /// # Errors
    /// As for [`Review::of`].
    pub fn review(&self, question: &Question, segment: &Segment, earlier: Option<Period>) -> Result<Review> {
        Review::of(&self.all_journeys(question), question, segment, earlier)
    }

    /// Learns what to suggest under a question; see [`Suggester`].
    pub fn suggester(&self, question: &Question) -> Suggester {
        Suggester::fit(&self.all_journeys(question), question)
    }

    /// What to suggest to a shopper now, best first, by what was learned: one list per person whose facts name the
    /// identifier, in the order of [`Tracker::journeys`]. The journey is that of `question`, so that it may be asked
    /// as of later than what was learned.
    pub fn suggest<'s>(
        &self,
        shopper: &Identifier,
        question: &Question,
        suggester: &'s Suggester,
        rank: Rank,
    ) -> Vec<Vec<&'s Suggestion>> {
        let journeys = self.journeys(shopper, question);
        journeys.iter().map(|journey| suggester.suggest(journey, rank)).collect()
    }

    /// The sums of the answer, which add up over shards.
    ///
    /// # Errors
    /// As for [`Tracker::report`].
    pub fn sums(&self, question: &Question) -> Result<Sums> {
        collect(&self.facts, question)
    }
}

/// Snapshots.
impl Tracker {
    /// Writes everything that it holds as bytes, from which [`Tracker::restore`] makes it again.
    ///
    /// The same facts under the same key give the same bytes, whatever order they came in, however often, and over
    /// however many trackers that were merged since. The form is told in [`snapshot`](crate::snapshot). It is written
    /// as it is made; beside the facts that takes some five bytes an identifier, 24 a shopper, 36 an order, 20 for what distinct
    /// turns say and 64 kB. What is watched is not part of it.
    ///
    /// Bytes that are damaged are found out, but not by whom: a checksum is no signature. Identifiers stand in it as
    /// pseudonyms, labels and readable ids as they are.
    ///
    /// ```
    /// use clinch::{Event, Key, Limits, Tracker, Who};
    ///
    /// let at = "2026-03-01T10:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    /// let key = || Key::new(*b"sixteen secrets!");
    /// let mut tracker = Tracker::new(key());
    /// tracker.record(Event::query("e1", at, Who::visitor("v9")).topic("availability"))?;
    /// let mut bytes = Vec::new();
    /// tracker.snapshot(&mut bytes)?;
    ///
    /// assert!(Tracker::restore(key(), Limits::default(), &bytes[..])? == tracker);
    /// assert!(Tracker::restore(key(), Limits::default(), &bytes[..bytes.len() - 1]).is_err());
    /// # Ok::<(), clinch::Error>(())
    /// ```
    ///
    /// Tombstones and horizons are part of it: what was erased or expired stays so after a restart.
    ///
    /// # Errors
    /// `SnapshotIo` if the writer fails; what it was given until
    /// then is refused by `restore`.
    pub fn snapshot(&self, to: impl std::io::Write) -> Result<()> {
        snapshot::write(&self.facts, to)
    }

    /// Makes the tracker that a snapshot was written of.
    ///
    /// The reader has to end where the snapshot ends. All of it is checked before there is a tracker: a snapshot that
    /// is torn off anywhere, or in which one bit has changed, is always refused, and any other change but for one in
    /// 2^64. Nothing is allocated for what is announced but not there; what is read takes at most 64 times its bytes.
    ///
    /// The limits need not be those that it was written under, as long as they would keep every fact as it is:
    /// higher ones hold from now on, and what was refused before may be delivered again. Only `hash_ids` has to be
    /// the same. To go on under lower ones, restore with the old, let [`Tracker::expire`] take what is too much (texts by
    /// `Limits::retention`), and write a snapshot anew.
    ///
    /// # Errors
    /// `NotASnapshot`, `SnapshotVersion`, `SnapshotKey`, `SnapshotIds`, `SnapshotDamaged`, `SnapshotLimits` for facts beyond the
    /// limits, `Full` beyond a cap of the limits, `SnapshotIo` if the reader fails.
    pub fn restore(key: Key, limits: Limits, from: impl std::io::Read) -> Result<Self> {
        Ok(Self { facts: snapshot::read(key, limits, from)?, watching: Watching::default() })
    }

    /// How many sections its snapshot had that only a newer release understands.
    ///
    /// They are kept and written back by [`Tracker::snapshot`], and trackers that differ in them are not merged.
    pub fn unknown_sections(&self) -> usize {
        self.facts.unknown.len()
    }

    /// Refuses to take facts away while there is something that cannot be looked into.
    fn can_take_away(&self) -> Result<()> {
        match self.unknown_sections() {
            0 => Ok(()),
            sections => Err(ErrorKind::UnknownSections { sections }.into()),
        }
    }

    /// Gives up what only a newer release understands.
    pub fn drop_unknown(&mut self) {
        self.facts.unknown = Unknown::default();
    }
}

/// Watched questions.
impl Tracker {
    /// Keeps a question answered from now on: every event that comes in changes the answer at the cost of the
    /// journeys that it changes, not of the shop.
    ///
    /// [`Tracker::watched`] reads the answer; it equals what [`Tracker::report`] would say, byte for byte, after late
    /// events, refunds, withdrawn claims and whatever else comes. Facts after the question's `as_of` are not seen,
    /// so a view of what is going on asks as of an instant that lies ahead. Beginning to watch costs one report. A
    /// clone of the tracker watches the same questions.
    ///
    /// ```
    /// use chrono::{DateTime, Utc};
    /// use clinch::{Event, Key, Money, Question, Tracker, Who};
    ///
    /// let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    /// let mut tracker = Tracker::new(Key::new(*b"sixteen secrets!"));
    /// let watch = tracker.watch(&Question::new(at("2027-01-01T00:00:00Z")))?;
    ///
    /// tracker.record(Event::query("e1", at("2026-03-01T10:00:00Z"), Who::visitor("v9")).topic("availability"))?;
    /// let total = Money::parse("59.90", "EUR".parse()?)?;
    /// tracker.record(Event::order("e2", at("2026-03-02T18:20:00Z"), Who::visitor("v9"), "1001", total))?;
    /// assert_eq!(tracker.watched(&watch)?.totals[0].value, "59.90");
    ///
    /// let back = Money::parse("10.00", "EUR".parse()?)?;
    /// tracker.record(Event::refund("e3", at("2026-03-09T09:00:00Z"), "r1", "1001", back))?;
    /// assert_eq!(tracker.watched(&watch)?.totals[0].value, "49.90");
    /// # Ok::<(), clinch::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Tracker::report`]; nothing is watched then.
    pub fn watch(&mut self, question: &Question) -> Result<Watch> {
        let number = self.watching.begin(&self.facts, question)?;
        Ok(Watch { number, question: question.id() })
    }

    /// The answer to a watched question as of the last event.
    ///
    /// What came in since the last look is added up now, unless [`Tracker::settle`] was called in between. Where
    /// very many people see each other through one code or one turn, and after [`Tracker::merge`], that is the cost
    /// of a whole report.
    ///
    /// # Errors
    /// `NotWatched` for a question that this tracker does not watch; else as for [`Tracker::report`].
    pub fn watched(&mut self, watch: &Watch) -> Result<Report> {
        let sums = self.watched_sums(watch)?;
        let question = self.watching.question(watch.number).ok_or_else(|| not_watched(watch))?;
        Ok(Report::new(&sums, question))
    }

    /// The sums of the answer to a watched question, which add up over shards.
    ///
    /// # Errors
    /// As for [`Tracker::watched`].
    pub fn watched_sums(&mut self, watch: &Watch) -> Result<Sums> {
        let known = self.watching.question(watch.number).is_some_and(|held| held.id() == watch.question);
        let sums = if known { self.watching.sums(&self.facts, watch.number)? } else { None };
        sums.ok_or_else(|| not_watched(watch))
    }

    /// Brings the answers to all watched questions up to date, so that the next look at them costs nothing more.
    ///
    /// # Errors
    /// A model that breaks its contract.
    pub fn settle(&mut self) -> Result<()> {
        self.watching.settle(&self.facts)
    }

    /// Watches a question no longer.
    pub fn unwatch(&mut self, watch: Watch) {
        self.watching.end(watch.number);
    }
}

fn not_watched(watch: &Watch) -> Error {
    ErrorKind::NotWatched { question: watch.question.clone() }.into()
}

/// Two trackers are equal if they hold the same facts under the same key and limits, whatever they watch.
impl PartialEq for Tracker {
    fn eq(&self, other: &Self) -> bool {
        self.facts == other.facts
    }
}

/// Shows how much it holds, and nothing of it.
impl fmt::Debug for Tracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tracker({} facts)", self.len())
    }
}
