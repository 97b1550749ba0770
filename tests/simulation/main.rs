//! A shop, its webhooks, retries, reordering, clock skew, crashes at any point, torn files, erasures, consent, retention,
//! new keys, shards and restarts, all at once and from one seed, with a slow and obvious reference beside it.
//!
//! `CLINCH_SEEDS` says how many seeds, `CLINCH_SEED` the first one; `CLINCH_SHOW=1` prints what happens in them. What a seed
//! does is a function of the seed alone.

mod host;
mod reference;
mod shop;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use clinch::{Question, Receipt, Span, Tracker};

use host::{Deed, Host, apply};
use reference::{Fate, KEPT, LOOKBACK, MODELS, Reference, Told};
use shop::{Draws, NAMES, ORDERS, event, instant, world};

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
    let cents = |money: Option<clinch::Money>| money.expect("an order has a value").minor();
    let given = receipt.models.iter().map(|model| {
        let credits = model.credits.iter();
        credits.map(|credit| (number(credit.touchpoint.as_str()), cents(credit.value))).collect()
    });
    Fate::Counted(cents(claim.conversion.value), given.collect())
}

fn number(id: &str) -> u32 {
    id[1..].parse().expect("an id of the world")
}

/// Everything that has to hold at every step.
fn check(host: &mut Host, reference: &Reference, seed: u64) {
    let question = question();
    let report = host.tracker.report(&question).expect("a report");
    for order in 0..ORDERS {
        let receipt = host.tracker.receipt(format!("order {order}"), &question).expect("a receipt");
        assert_eq!(fate(receipt), reference.fate(order), "seed {seed}, order {order}");
    }
    let totals = report.totals.first();
    let told = totals.map_or((0, 0), |totals| {
        (totals.conversions, totals.value.replace('.', "").parse().expect("an amount"))
    });
    assert_eq!(told, reference.totals(), "seed {seed}: {report}");
    // What is credited and what is not are the whole.
    for totals in &report.totals {
        for table in &report.tables {
            for (model, name) in MODELS.iter().enumerate() {
                let cents = |text: &str| text.replace('.', "").parse::<i64>().expect("an amount");
                let rows = table.rows.iter().filter(|row| row.currency == totals.currency);
                let credited: i64 = rows.map(|row| cents(&row.models[model].value)).sum();
                let rest =
                    cents(&totals.unattributed) + cents(&totals.erased.value) + cents(&totals.expired.value);
                assert_eq!(credited + rest, cents(&totals.value), "seed {seed}, {name}: {report}");
            }
        }
    }
    let mut bytes = Vec::new();
    host.tracker.snapshot(&mut bytes).expect("a snapshot");
    let restored = host.restored(&bytes);
    assert!(restored == host.tracker, "seed {seed}: a snapshot is not what was written");
    assert_eq!(restored.report(&question).expect("a report"), report, "seed {seed}");
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
    let (mut host, mut reference) = (Host::new(folder), Reference::default());
    let watch_at = draws.below(arriving.len() as u64) as usize;
    let mut watch = None;
    let mut went = Went::default();
    for (step, (now, told)) in arriving.into_iter().enumerate() {
        let crashes = host.crashes;
        // A webhook that is not acknowledged comes again.
        while !host.act(&Deed::Event(event(told)), &mut draws) {}
        if std::env::var_os("CLINCH_SHOW").is_some() {
            println!("{now} {told:?}");
        }
        reference.take(told);
        let (name, until) = (draws.below(u64::from(NAMES)) as u8, now);
        let deed = match draws.below(40) {
            0 | 1 => Some(Deed::Erase { name, until, with_orders: draws.below(3) == 0 }),
            2 => Some(Deed::EraseTurns { name, until }),
            3 => Some(Deed::Expire { now: expiry(&all, now, &mut draws) }),
            4 => Some(Deed::Rotate { key: host.next_key() }),
            _ => None,
        };
        if let Some(deed) = deed {
            if std::env::var_os("CLINCH_SHOW").is_some() {
                println!("{now} {deed:?}");
            }
            while !host.act(&deed, &mut draws) {}
            match deed {
                Deed::Erase { name, until, with_orders } => reference.erase(name, until, with_orders),
                Deed::EraseTurns { name, until } => reference.erase_turns(name, until),
                Deed::Expire { now } => reference.expire(now),
                Deed::Event(_) | Deed::Rotate { .. } => {}
            }
        }
        match draws.below(12) {
            0 | 1 => host.save(&mut draws),
            2 => host.crash(&mut draws),
            _ => {}
        }
        if step == watch_at || host.crashes != crashes {
            watch = Some(host.tracker.watch(&question()).expect("an answer"));
        }
        if let Some(watch) = &watch {
            let fresh = host.tracker.report(&question()).expect("an answer");
            assert_eq!(host.tracker.watched(watch).expect("an answer"), fresh, "seed {seed}: watched");
        }
        check(&mut host, &reference, seed);
        went.steps += 1;
    }
    // Whatever was refused for one reason may be told now of an order that was erased since; after that whatever comes
    // again changes nothing.
    for told in &all {
        apply(&mut host.tracker, &Deed::Event(event(told)));
        reference.take(told);
    }
    check(&mut host, &reference, seed);
    let before = host.tracker.clone();
    for told in &all {
        apply(&mut host.tracker, &Deed::Event(event(told)));
        assert!(host.tracker == before, "seed {seed}: {told:?} again changed something");
    }
    went.crashes = host.crashes;
    went
}

#[test]
fn nothing_that_happens_to_a_shop_and_its_server_makes_an_answer_wrong() {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
    };
    let (first, seeds) = (number("CLINCH_SEED", 1), number("CLINCH_SEEDS", 1_000));
    let threads =
        std::thread::available_parallelism().map_or(1, |count| count.get() as u64).min(seeds.max(1));
    let (steps, crashes) = (AtomicU64::new(0), AtomicU64::new(0));
    let root = std::env::temp_dir().join(format!("clinch-simulation-{}", std::process::id()));
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                let (steps, crashes, root) = (&steps, &crashes, &root);
                scope.spawn(move || {
                    for seed in (first + thread..first + seeds).step_by(threads as usize) {
                        let folder = root.join(thread.to_string());
                        let went = live(seed, &folder);
                        std::fs::remove_dir_all(&folder).expect("the folder of this seed");
                        steps.fetch_add(went.steps, Ordering::Relaxed);
                        crashes.fetch_add(went.crashes, Ordering::Relaxed);
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
    let (steps, crashes) = (steps.into_inner(), crashes.into_inner());
    println!("{seeds} seeds from {first}, {steps} steps, {crashes} crashes");
    assert!(steps > seeds * 5 && crashes * 2 > seeds, "the world was alive");
}

/// The reference is right where the answer is known.
#[test]
fn the_reference_meets_a_count_by_hand() {
    use reference::Said;
    let told = |at, id, names: &[u8], said| Told { at, id, names: names.iter().copied().collect(), said };
    let mut reference = Reference::default();
    reference.take(&told(0, 1, &[3], Said::Turn { topic: 0 }));
    reference.take(&told(5, 2, &[0], Said::Turn { topic: 1 }));
    reference.take(&told(6, 3, &[0, 3], Said::Identify));
    reference.take(&told(9, 4, &[0], Said::Order { order: 0, version: 9, cents: 101, paid: true }));
    let Fate::Counted(net, given) = reference.fate(0) else { panic!("an order that counts") };
    assert_eq!(net, 101);
    // First touch, then linear.
    assert_eq!(given[0], [(1, 101), (2, 0)]);
    assert_eq!(given[2], [(1, 51), (2, 50)]);
    reference.take(&told(10, 5, &[], Said::Refund { refund: 0, order: 0, cents: 41 }));
    assert_eq!(reference.totals(), (1, 60));
    reference.erase(3, 20, false);
    assert_eq!((reference.fate(0), reference.totals()), (Fate::Unknown, (1, 60)));
}
