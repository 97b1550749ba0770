//! A shop, its webhooks, retries, reordering, clock skew, crashes at any point, torn files, erasures, consent, retention,
//! new keys, shards and restarts, all at once and from one seed, with a slow and obvious reference beside it.
//!
//! `CLINCH_SEEDS` says how many seeds, `CLINCH_SEED` the first one, `CLINCH_THREADS` on how many threads; `CLINCH_SHOW=1`
//! prints what happens in them. What a seed does is a function of the seed alone.

mod host;
mod reference;
mod shop;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use clinch::{Question, Receipt, Recorded, Report, Span, Tracker, Watch};

use host::{Deed, Host, apply};
use reference::{Fate, Heard, KEPT, LOOKBACK, MODELS, Reference, Said, Told};
use shop::{Draws, NAMES, ORDERS, WAYS, event, identifier, instant, world, written};

/// Hours that a world lasts.
const HOURS: u64 = 24 * 60;

fn question() -> Question {
    let mut question = Question::new(instant(HOURS as i64 + 1_000));
    question.rules.lookback = Span::hours(LOOKBACK as u32);
    question.models = MODELS.map(|model| model.parse().expect("a model")).into();
    question
}

/// What the crate says became of an order.
fn fate(receipt: Option<Receipt>) -> Fate {
    let Some(receipt) = receipt else { return Fate::Unknown };
    let Some(claim) = receipt.claim.as_ref().filter(|_| receipt.not_counted.is_none()) else {
        return Fate::NotCounted;
    };
    let minor = |money: Option<clinch::Money>| money.expect("an order has a value").minor();
    let given = receipt.models.iter().map(|model| {
        let credits = model.credits.iter();
        credits.map(|credit| (number(credit.touchpoint.as_str()), minor(credit.value))).collect()
    });
    Fate::Counted(minor(claim.conversion.value), given.collect())
}

fn number(id: &str) -> u32 {
    id[1..].parse().expect("an id of the world")
}

/// What a tracker is as bytes, and its answer.
struct Seen {
    bytes: Vec<u8>,
    report: Report,
}

impl Seen {
    fn new(tracker: &Tracker, question: &Question) -> Self {
        let mut bytes = Vec::new();
        tracker.snapshot(&mut bytes).expect("a snapshot");
        Self { bytes, report: tracker.report(question).expect("a report") }
    }

    /// Everything that the server has and shows.
    fn text(&self, tracker: &Tracker) -> String {
        format!("{}{:?}{tracker:?}", String::from_utf8_lossy(&self.bytes), self.report)
    }
}

fn cents(text: &str) -> i64 {
    text.replace('.', "").parse().expect("an amount")
}

/// Everything that has to hold at every step.
fn check(host: &Host, seen: &Seen, reference: &Reference, question: &Question, seed: u64) {
    let Seen { bytes, report } = seen;
    let mut fates = Vec::new();
    for order in 0..ORDERS {
        let receipt = host.tracker.receipt(format!("order {order}"), question).expect("a receipt");
        fates.push(reference.fate(order));
        assert_eq!(fate(receipt), fates[usize::from(order)], "seed {seed}, order {order}");
    }
    let totals = report.totals.first();
    let told = totals.map_or((0, 0), |totals| (totals.conversions, cents(&totals.value)));
    assert_eq!(told, reference.totals(), "seed {seed}: {report}");
    check_rows(report, &fates, reference, seed);
    let restored = host.restored(bytes);
    assert!(restored == host.tracker, "seed {seed}: a snapshot is not what was written");
    assert_eq!(restored.report(question).expect("a report"), *report, "seed {seed}");
}

/// Each topic has what its turns were given, and with what is credited to nothing that is the whole.
fn check_rows(report: &Report, fates: &[Fate], reference: &Reference, seed: u64) {
    let counted = || fates.iter().filter_map(Fate::given);
    for (model, name) in MODELS.iter().enumerate() {
        let mut given = BTreeMap::new();
        for (turn, cents) in counted().flat_map(|models| &models[model]) {
            *given.entry(reference.topic(*turn)).or_insert(0) += cents;
        }
        let mut shown = BTreeMap::new();
        for row in report.tables.iter().flat_map(|table| &table.rows) {
            // What is said of somebody may be left out of a text.
            let topic = row.label.as_str().strip_prefix("topic ").and_then(|topic| topic.parse().ok());
            *shown.entry(topic).or_insert(0) += cents(&row.models[model].value);
        }
        let credited: i64 = shown.values().sum();
        let nothing = |cents: &mut i64| *cents != 0;
        given.retain(|_, cents| nothing(cents));
        shown.retain(|_, cents| nothing(cents));
        assert_eq!(shown, given, "seed {seed}, {name}: {report}");
        let [whole, rest] = report.totals.iter().fold([0; 2], |[whole, rest], totals| {
            let spared = [&totals.unattributed, &totals.erased.value, &totals.expired.value];
            [whole + cents(&totals.value), rest + spared.map(|text| cents(text)).iter().sum::<i64>()]
        });
        assert_eq!(credited + rest, whole, "seed {seed}, {name}: {report}");
    }
}

/// Any order, any repetition and any split over shards gives one set, before anything is taken away.
fn check_shards(all: &[Told], draws: &mut Draws, seed: u64) {
    let empty = || Tracker::new(clinch::Key::new([3; 16]));
    let mut once = empty();
    once.extend(all.iter().map(event)).expect("room");
    let mut parts = [empty(), empty(), empty()];
    let mut order: Vec<(u64, &Told)> = all.iter().chain(all).map(|told| (draws.next(), told)).collect();
    order.sort_by_key(|(place, _)| *place);
    for (place, told) in order {
        let _recorded = parts[(place % 3) as usize].record(event(told)).expect("room");
    }
    let [mut one, two, three] = parts;
    one.merge(&three).expect("one key");
    one.merge(&two).expect("one key");
    assert!(one == once, "seed {seed}: shards");
    assert_eq!(one.report(&question()).expect("a report"), once.report(&question()).expect("a report"));
}

/// When the host lets go of what is old: now, or when something was just as old as it may be.
fn expiry(all: &[Told], now: i64, draws: &mut Draws) -> i64 {
    let ends = all.iter().map(|told| told.at + KEPT).filter(|end| *end <= now);
    ends.max().filter(|_| draws.below(2) == 0).unwrap_or(now)
}

/// What one seed went through.
#[derive(Default)]
struct Went {
    steps: u64,
    crashes: u64,
    /// Shards merged, and erasures of somebody whom others spoke of.
    merges: u64,
    silenced: u64,
}

impl Went {
    fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.crashes += other.crashes;
        self.merges += other.merges;
        self.silenced += other.silenced;
    }
}

/// A server, the reference beside it, and what may not be seen of it any more.
struct Life<'w> {
    host: Host,
    reference: Reference,
    draws: Draws,
    seed: u64,
    question: Question,
    watch: Option<Watch>,
    /// Ids of what the server was told, and the names that nothing it has may spell out.
    heard: BTreeSet<u32>,
    silent: BTreeSet<u8>,
    /// What another server was told, and this one was not yet.
    elsewhere: Vec<&'w Told>,
    went: Went,
}

impl<'w> Life<'w> {
    /// Both take in what was told, and say the same of it.
    fn tell(&mut self, told: &Told) {
        let recorded = self.host.act(&Deed::Event(event(told)), &mut self.draws).expect("an event");
        self.hear(told);
        let heard = self.reference.take(told);
        let Told { said, .. } = told;
        let agrees = match heard {
            Heard::New => matches!(recorded, Recorded::New | Recorded::Superseded),
            // Of claims only that they hold is kept when what made them goes.
            Heard::Again if *said == Said::Identify => !matches!(recorded, Recorded::Dropped(_)),
            Heard::Again => matches!(recorded, Recorded::Repeated | Recorded::Superseded),
            Heard::Refused => matches!(recorded, Recorded::Dropped(_)),
            Heard::OfErased => matches!(recorded, Recorded::New | Recorded::Dropped(_)),
        };
        assert!(agrees, "seed {}: {told:?} was {recorded:?}, not {heard:?}", self.seed);
    }

    /// Who is spoken of for the first time after an erasure is spoken of again.
    fn hear(&mut self, told: &Told) {
        if self.heard.insert(told.id)
            && let Said::Turn { about: Some(name), .. } = told.said
        {
            self.silent.remove(&name);
        }
    }

    fn act(&mut self, deed: &Deed) {
        if std::env::var_os("CLINCH_SHOW").is_some() {
            println!("{deed:?}");
        }
        if let Deed::Erase { name, .. } = deed {
            let shown = self.seen().text(&self.host.tracker);
            self.went.silenced += u64::from(spells(&shown, *name));
        }
        let _recorded = self.host.act(deed, &mut self.draws);
        match deed {
            Deed::Erase { name, until, with_orders } => {
                self.reference.erase(*name, *until, *with_orders);
                self.silent.insert(*name);
            }
            Deed::EraseTurns { name, until } => self.reference.erase_turns(*name, *until),
            Deed::Expire { now } => self.reference.expire(*now),
            Deed::Merge { .. } => {
                self.went.merges += 1;
                let heard = std::mem::take(&mut self.elsewhere);
                heard.iter().for_each(|told| self.hear(told));
                self.reference.merge(&heard);
            }
            Deed::Event(_) | Deed::Rotate { .. } => {}
        }
        if let Some(both) = self.host.with_its_past() {
            assert!(told_alike(&both, &self.host.tracker), "seed {}: {deed:?}, then its own past", self.seed);
        }
    }

    fn seen(&self) -> Seen {
        Seen::new(&self.host.tracker, &self.question)
    }

    /// What may happen beside an event.
    fn deed(&mut self, all: &[Told], now: i64) -> Option<Deed> {
        let (name, until) = (self.draws.below(u64::from(NAMES)) as u8, now);
        Some(match self.draws.below(40) {
            0 | 1 => Deed::Erase { name, until, with_orders: self.draws.below(3) == 0 },
            2 => Deed::EraseTurns { name, until },
            3 => Deed::Expire { now: expiry(all, now, &mut self.draws) },
            4 => Deed::Rotate { key: self.host.next_key() },
            5..8 if !self.elsewhere.is_empty() => {
                Deed::Merge { heard: self.elsewhere.iter().map(|told| event(told)).collect() }
            }
            _ => return None,
        })
    }

    fn step(&mut self, all: &'w [Told], now: i64, told: &'w Told) {
        if std::env::var_os("CLINCH_SHOW").is_some() {
            println!("{now} {told:?}");
        }
        if self.draws.below(8) == 0 {
            self.elsewhere.push(told);
        } else {
            self.tell(told);
        }
        if let Some(deed) = self.deed(all, now) {
            self.act(&deed);
        }
        match self.draws.below(12) {
            0 | 1 => self.host.save(&mut self.draws),
            2 => self.host.crash(&mut self.draws),
            _ => {}
        }
    }

    fn watch(&mut self) {
        self.watch = Some(self.host.tracker.watch(&self.question).expect("an answer"));
    }

    fn check(&mut self) {
        let seen = self.seen();
        check(&self.host, &seen, &self.reference, &self.question, self.seed);
        if self.went.crashes != self.host.crashes {
            self.went.crashes = self.host.crashes;
            self.watch();
        }
        if let Some(watch) = &self.watch {
            let watched = self.host.tracker.watched(watch).expect("an answer");
            assert_eq!(watched, seen.report, "seed {}: watched", self.seed);
        }
        if !self.silent.is_empty() {
            let shown = seen.text(&self.host.tracker);
            let spelt = self.silent.iter().find(|name| spells(&shown, **name));
            assert!(spelt.is_none(), "seed {}: {spelt:?} is spelt out", self.seed);
        }
        self.went.steps += 1;
    }

    /// Whatever was refused for one reason may be told now of an order that was erased since; after that whatever comes
    /// again changes nothing.
    fn tell_all_again(&mut self, all: &'w [Told]) {
        all.iter().for_each(|told| self.tell(told));
        self.check();
        let before = self.host.tracker.clone();
        for told in all {
            let key = self.host.key();
            let _recorded = apply(&mut self.host.tracker, key, &Deed::Event(event(told)));
            assert!(self.host.tracker == before, "seed {}: {told:?} again changed something", self.seed);
        }
        self.elsewhere = all.iter().rev().collect();
        let shard = Deed::Merge { heard: self.elsewhere.iter().map(|told| event(told)).collect() };
        self.act(&shard);
        self.check();
        let (before, key) = (self.host.tracker.clone(), self.host.key());
        let _merged = apply(&mut self.host.tracker, key, &shard);
        assert!(self.host.tracker == before, "seed {}: the same shard again changed something", self.seed);
    }
}

/// Whether two trackers tell everybody the same. How long a tombstone is needed may differ: a version of an erased order
/// that comes again, of somebody erased later, moves the order's on. So may what erased people left behind, which a later
/// erasure sweeps away: it is nobody's, and no event.
fn told_alike(one: &Tracker, other: &Tracker) -> bool {
    let question = question();
    let of = |tracker: &Tracker, name| tracker.export(identifier(name), &question).expect("an export");
    let told = |tracker: &Tracker| tracker.report(&question).expect("a report");
    told(one) == told(other) && (0..NAMES).all(|name| of(one, name) == of(other, name))
}

/// Whether a name is spelt out, in any way of writing.
fn spells(shown: &str, name: u8) -> bool {
    (0..WAYS).any(|way| shown.contains(&written(name, way)))
}

fn live(seed: u64, folder: &Path) -> Went {
    let mut draws = Draws(seed);
    let all = world(&mut draws, HOURS);
    check_shards(&all, &mut draws, seed);
    // Each arrives once to three times, roughly in the order of time, some much too late.
    let mut arriving: Vec<(i64, &Told)> = Vec::new();
    for told in &all {
        for _ in 0..1 + draws.below(3) {
            let late = if draws.below(6) == 0 { draws.below(HOURS) } else { draws.below(30) };
            arriving.push((told.at + late as i64 - 5, told));
        }
    }
    arriving.sort();
    let watch_at = draws.below(arriving.len() as u64) as usize;
    let mut life = Life {
        host: Host::new(folder),
        reference: Reference::default(),
        draws,
        seed,
        question: question(),
        watch: None,
        heard: BTreeSet::new(),
        silent: BTreeSet::new(),
        elsewhere: Vec::new(),
        went: Went::default(),
    };
    for (step, (now, told)) in arriving.into_iter().enumerate() {
        life.step(&all, now, told);
        if step == watch_at {
            life.watch();
        }
        life.check();
    }
    life.tell_all_again(&all);
    life.went
}

/// Tells the other threads to stop when this one fails.
struct Alarm<'a>(&'a AtomicBool);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
fn nothing_that_happens_to_a_shop_and_its_server_makes_an_answer_wrong() {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
    };
    let (first, seeds) = (number("CLINCH_SEED", 1), number("CLINCH_SEEDS", 1_000));
    let cores = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let threads = number("CLINCH_THREADS", cores).clamp(1, seeds.max(1));
    let (next, failed, all) = (AtomicU64::new(first), AtomicBool::new(false), Mutex::new(Went::default()));
    let root = std::env::temp_dir().join(format!("clinch-simulation-{}", std::process::id()));
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                let (next, failed, all, folder) = (&next, &failed, &all, root.join(thread.to_string()));
                scope.spawn(move || {
                    let _alarm = Alarm(failed);
                    while !failed.load(Ordering::Relaxed) {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= first + seeds {
                            break;
                        }
                        let went = live(seed, &folder);
                        std::fs::remove_dir_all(&folder).expect("the folder of this seed");
                        all.lock().expect("no thread fails here").add(&went);
                        if (seed + 1 - first).is_multiple_of(10_000) {
                            println!("{} seeds begun", seed + 1 - first);
                        }
                    }
                })
            })
            .collect();
        for worker in workers {
            if let Err(panic) = worker.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
    std::fs::remove_dir_all(&root).expect("the folder of all seeds");
    let Went { steps, crashes, merges, silenced } = all.into_inner().expect("no thread fails here");
    println!(
        "{seeds} seeds from {first}, {steps} steps, {crashes} crashes, {merges} merges, {silenced} silenced"
    );
    // Few seeds may be quiet ones.
    if seeds < 100 {
        return;
    }
    assert!(steps > seeds * 5 && crashes * 2 > seeds && merges * 4 > seeds, "the world was alive");
    assert!(silenced * 50 > seeds, "there was something to silence");
}

/// The reference is right where the answer is known.
#[test]
fn the_reference_meets_a_count_by_hand() {
    let told = |at, id, names: &[u8], said| Told { at, id, names: names.iter().copied().collect(), said };
    let mut reference = Reference::default();
    for said in [
        told(0, 1, &[3], Said::Turn { topic: 0, about: None }),
        told(5, 2, &[0], Said::Turn { topic: 1, about: None }),
        told(6, 3, &[0, 3], Said::Identify),
        told(9, 4, &[0], Said::Order { order: 0, version: 9, cents: 101, paid: true }),
    ] {
        assert_eq!((reference.take(&said), reference.take(&said)), (Heard::New, Heard::Again));
    }
    let Fate::Counted(net, given) = reference.fate(0) else { panic!("an order that counts") };
    assert_eq!(net, 101);
    // First touch, then linear.
    assert_eq!(given[0], [(1, 101), (2, 0)]);
    assert_eq!(given[2], [(1, 51), (2, 50)]);
    let refund = |id| told(10, id, &[], Said::Refund { refund: 0, order: 0, cents: 41 });
    assert_eq!(reference.take(&refund(5)), Heard::New);
    assert_eq!(reference.totals(), (1, 60));
    reference.erase(3, 20, false);
    assert_eq!((reference.fate(0), reference.totals()), (Fate::Unknown, (1, 60)));
    assert_eq!(reference.take(&refund(6)), Heard::OfErased);
    assert_eq!(reference.take(&told(20, 7, &[0], Said::Identify)), Heard::Refused);
    assert_eq!(reference.take(&told(21, 8, &[0], Said::Identify)), Heard::New);
}
