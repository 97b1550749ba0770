//! Damaged, hostile and newer snapshots.

use allocation_counter::measure;
use chrono::TimeDelta;
use clinch::{ErrorKind, Event, Limits, Money, Tracker, Who};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::frames::{Frames, apart, blocks};
use crate::world::{cases, end, question, start, tracker, world};
use crate::{bytes, key, refused, restored};

/// A snapshot of at least so many bytes with everything in it.
fn large(least: usize) -> Vec<u8> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut events: Vec<Event> = Vec::new();
    loop {
        let tree = world(60).new_tree(&mut runner).unwrap();
        events.extend(proptest::strategy::ValueTree::current(&tree));
        let mut tracker = tracker(events.clone());
        for customer in ["c0", "c1"] {
            tracker.erase(Who::customer(customer), end()).unwrap();
        }
        tracker.erase_touchpoints(Who::visitor("v1"), start()).unwrap();
        let written = bytes(&tracker);
        if written.len() >= least {
            return written;
        }
    }
}

/// Many people, several blocks a section.
fn long(seed: usize) -> Vec<u8> {
    let turn = |number: usize| {
        let who = Who::visitor(format!("visitor-{seed}-{}", number / 3));
        Event::query(format!("event-{number}"), start(), who).topic(format!("topic-{}", number % 50))
    };
    let mut tracker = tracker([]);
    tracker.extend((0..9_000).map(turn)).unwrap();
    bytes(&tracker)
}

/// One bit of each byte; with `CLINCH_CASES` all eight.
#[test]
fn every_prefix_and_every_flipped_bit_is_refused() {
    let all = std::env::var_os("CLINCH_CASES").is_some();
    let mut written = large(10_000);
    assert!(restored(&written).len() > 100);
    for end in 0..written.len() {
        let error = refused(&written[..end]);
        assert!(matches!(error.kind(), ErrorKind::SnapshotDamaged { section: "end", .. }), "{end}: {error}");
    }
    for bit in (0..written.len() * 8).filter(|bit| all || bit % 8 == bit / 8 % 8) {
        written[bit / 8] ^= 1 << (bit % 8);
        let error = refused(&written);
        let named = matches!(error.kind(), ErrorKind::SnapshotDamaged { .. } | ErrorKind::NotASnapshot);
        assert!(named, "{bit}: {error}");
        written[bit / 8] ^= 1 << (bit % 8);
    }
    let _whole = restored(&written);
    written.push(0);
    refused(&written);
}

#[test]
fn twenty_thousand_swaps_are_refused() {
    let written = large(10_000);
    let mut random = 1_u64;
    let mut below = |bound: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) as usize % bound
    };
    let mut swapped = 0;
    while swapped < 20_000 {
        let (one, other) = (below(written.len() / 64) * 64, below(written.len() / 64) * 64);
        let mut changed = written.clone();
        changed[one..one + 64].copy_from_slice(&written[other..other + 64]);
        changed[other..other + 64].copy_from_slice(&written[one..one + 64]);
        if changed != written {
            refused(&changed);
            swapped += 1;
        }
    }
}

#[test]
fn whole_blocks_of_this_or_another_snapshot_are_refused_in_another_place() {
    let (one, other) = (long(1), long(2));
    let (places, others) = (blocks(&one), blocks(&other));
    assert!(places.len() > 6 && others.len() == places.len());
    for (_, place, _) in &places {
        for (from, (_, there, _)) in
            others.iter().map(|place| (&other, place)).chain(places.iter().map(|place| (&one, place)))
        {
            let block = &from[there.clone()];
            if block != &one[place.clone()] {
                refused(&[&one[..place.start], block, &one[place.end..]].concat());
            }
        }
        // A block twice, a block less.
        refused(&[&one[..place.end], &one[place.start..]].concat());
        refused(&[&one[..place.start], &one[place.end..]].concat());
    }
}

/// What may become of bytes that say they are a snapshot.
#[track_caller]
fn is_refused_or_canonical(bytes_in: &[u8]) -> bool {
    let mut back = None;
    let info = measure(|| back = Some(Tracker::restore(key(), Limits::default(), bytes_in)));
    assert!(
        info.bytes_max <= 64 * bytes_in.len() as u64 + (256 << 10),
        "{} of {}",
        info.bytes_max,
        bytes_in.len()
    );
    match back.unwrap() {
        Ok(back) => {
            assert_eq!(bytes(&back), bytes_in);
            let _report = back.report(&question()).unwrap();
            false
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.is_ascii() && text.len() < 200, "{text}");
            true
        }
    }
}

/// A change to the bytes of one section.
#[derive(Clone, Debug)]
struct Change {
    section: prop::sample::Index,
    place: prop::sample::Index,
    what: u8,
    bytes: Vec<u8>,
}

fn change() -> impl Strategy<Value = Change> {
    let number =
        prop_oneof![vec(any::<u8>(), 1..4), Just(vec![0xff; 9]), Just(vec![0xff, 0xff, 0xff, 0xff, 7])];
    (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..5_u8, number)
        .prop_map(|(section, place, what, bytes)| Change { section, place, what, bytes })
}

fn changed(mut frames: Frames, changes: &[Change]) -> Vec<u8> {
    for Change { section, place, what, bytes } in changes {
        let section = section.index(frames.sections.len());
        let held = &mut frames.sections[section].1;
        let place = if held.is_empty() { 0 } else { place.index(held.len()) };
        let end = (place + bytes.len()).min(held.len());
        match what {
            0 => drop(held.splice(place..end, bytes.iter().copied())),
            1 => drop(held.splice(place..place, bytes.iter().copied())),
            2 => drop(held.drain(place..end)),
            3 => held.iter_mut().skip(place).take(1).for_each(|byte| *byte ^= 1 << (bytes[0] % 8)),
            _ => held.iter_mut().skip(place).take(1).for_each(|byte| *byte = byte.wrapping_add(1)),
        }
    }
    frames.sections.retain(|(_, bytes)| !bytes.is_empty());
    frames.together()
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn garbage_is_refused(garbage in vec(any::<u8>(), 0..300), behind in 0..48_usize) {
        let mut head = bytes(&tracker([]))[..behind].to_vec();
        head.extend(garbage);
        prop_assert!(is_refused_or_canonical(&head));
    }

    #[test]
    fn with_right_checksums_what_is_taken_is_what_would_be_written(events in world(25), changes in vec(change(), 1..4), erased in any::<bool>()) {
        let mut tracker = tracker(events);
        if erased {
            tracker.erase(Who::visitor("v1").customer("c1"), end()).unwrap();
        }
        let written = bytes(&tracker);
        prop_assert_eq!(&apart(&written).together(), &written);
        let _either = is_refused_or_canonical(&changed(apart(&written), &changes));
    }
}

#[test]
fn lengths_that_are_not_there_allocate_nothing() {
    let mut frames = apart(&bytes(&tracker([])));
    for section in [5, 10, 20, 30, 40] {
        for count in [&[0xff; 9][..], &[0xff, 0xff, 0xff, 0xff, 0x07], &[0xff, 0xff, 0x7f]] {
            for before in 0..40 {
                let mut bytes = vec![0; before];
                bytes.extend(count);
                bytes.push(1);
                frames.sections.insert(0, (section, bytes));
                assert!(is_refused_or_canonical(&frames.together()));
                frames.sections.remove(0);
            }
        }
    }
}

/// A snapshot as a newer minor version may write it.
fn newer() -> (Vec<u8>, Vec<u8>) {
    let plain = large(2_000);
    let mut frames = apart(&plain);
    frames.head[10] = 1;
    frames.sections.insert(3, (25, b"what this version cannot know".to_vec()));
    let end = frames.sections.len() - 1;
    frames.sections.insert(end, (60, vec![7; 200_000]));
    (plain, frames.together())
}

#[test]
fn sections_of_a_newer_minor_version_survive_until_they_are_dropped() {
    let (plain, newer) = newer();
    let mut back = restored(&newer);
    assert_eq!(back.unknown_sections(), 2);
    assert!(bytes(&back) == newer);
    assert!(bytes(&restored(&bytes(&back))) == newer);
    // What is unknown of one cannot be put together with what is known of another.
    let mut other = restored(&plain);
    for (one, other) in [(&mut other, &back.clone()), (&mut back, &restored(&plain))] {
        let error = one.merge(other).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::UnknownSections { sections: 2 }), "{error}");
    }
    back.merge(&restored(&newer)).unwrap();
    assert!(back != restored(&plain));
    back.drop_unknown();
    assert!(back.unknown_sections() == 0 && back == restored(&plain) && bytes(&back) == plain);
    back.merge(&restored(&plain)).unwrap();
}

#[test]
fn a_newer_major_version_is_refused_by_name_and_unknown_sections_of_this_one_are_damage() {
    let (_, newer) = newer();
    let mut frames = apart(&newer);
    frames.head[8] = 2;
    let error = refused(&frames.together());
    assert!(matches!(error.kind(), ErrorKind::SnapshotVersion { found: 2, known: 1 }), "{error}");
    frames.head[8] = 1;
    frames.head[10] = 0;
    assert!(refused(&frames.together()).to_string().contains("no such section"));
}

/// What each stands once is looked at when all of a section is read.
#[test]
fn an_order_or_an_identifier_that_stands_twice_is_damage() {
    let order = |id: &str, hours| {
        let total = Money::new(1_000, "EUR".parse().unwrap());
        Event::order("paid", start() + TimeDelta::hours(hours), Who::visitor("ann"), id, total)
    };
    let told = bytes(&tracker([order("order one", 1).into(), order("order two", 2).into()]));
    let twice = |bytes: &[u8], section: u16, change: &dyn Fn(&mut Vec<u8>)| {
        let mut frames = apart(bytes);
        let held = frames.sections.iter_mut().find(|(number, _)| *number == section).expect("a section");
        change(&mut held.1);
        refused(&frames.together()).to_string()
    };
    let error = twice(&told, 40, &|bytes| {
        let place = bytes.windows(9).position(|id| id == b"order two").expect("the second");
        bytes[place + 6..place + 9].copy_from_slice(b"one");
    });
    assert!(error.contains("orders") && error.contains("an order stands twice"), "{error}");
    let turn = |id: &str, who: &str, hours| {
        Event::query(id, start() + TimeDelta::hours(hours), Who::visitor(who)).topic("availability")
    };
    let told = bytes(&tracker([turn("e1", "ann", 1).into(), turn("e2", "bob", 2).into()]));
    let error = twice(&told, 30, &|bytes| {
        // Behind the number of nobody's facts two shoppers of one size, each with the number of its identifiers first.
        let second = 1 + (bytes.len() - 1) / 2;
        bytes.copy_within(2..19, second + 1);
    });
    assert!(error.contains("shoppers") && error.contains("an identifier stands twice"), "{error}");
}
