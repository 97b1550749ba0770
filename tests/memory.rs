//! Whatever arrives, memory stays under the bound that the limits give.
//!
//! A counting allocator watches every call. `CLINCH_CASES=1000000` is the whole of it.

use allocation_counter::measure;
use chrono::{DateTime, TimeDelta, Utc};
use clinch::{
    ErrorKind, Event, EventRef, Identifiers, Key, Limits, Money, OrderLine, OrderRefund, PrivacyLevel,
    Question, Recorded, RefundLine, Tracker, Who,
};

fn cases() -> u64 {
    std::env::var("CLINCH_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(20_000)
}

/// Numbers from a seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % sides
    }

    /// A text of the longest size that is like no other, or one of a few.
    fn text(&mut self, name: &str) -> String {
        match self.roll(4) {
            0 => format!("{name}{}", self.roll(9)),
            1 => format!("{name}{:016x}", self.roll(u64::MAX)),
            _ => format!("{name}{:x<240}", format!("{:016x}", self.roll(u64::MAX))),
        }
    }

    fn who(&mut self) -> Identifiers {
        match self.roll(6) {
            // A hub, with a conversation of its own each time or with none.
            0 => Who::visitor("hub").conversation(self.text("c")),
            1 => Who::visitor("hub"),
            2 => Who::customer(self.text("k")),
            // Everything at once, from a small pool so that clusters meet.
            3 => Who::visitor(format!("v{}", self.roll(50)))
                .conversation(format!("c{}", self.roll(500)))
                .cart(format!("a{}", self.roll(500)))
                .checkout(format!("o{}", self.roll(500)))
                .email(format!("m{}@mail.example", self.roll(50)))
                .phone(format!("+4917{:07}", self.roll(500)))
                .customer(format!("k{}", self.roll(50))),
            4 => Who::visitor(self.text("v")).cart(self.text("a")),
            _ => Who::conversation(self.text("c")),
        }
    }

    fn at(&mut self) -> DateTime<Utc> {
        let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        start + TimeDelta::milliseconds(self.roll(20_000_000_000) as i64)
    }

    fn order(&mut self) -> Event {
        let money = |minor| Money::new(minor, "EUR".parse().unwrap());
        let name = format!("order {}", self.roll(3_000));
        let mut order = Event::order(self.text("e"), self.at(), self.who(), name, money(100_000));
        for _ in 0..self.roll(40) {
            order = order.line(OrderLine::new(self.text("p"), 1, money(10)).product_type(self.text("t")));
        }
        for _ in 0..self.roll(40) {
            order = order.code(self.text("link")).discount_code(self.text("off"));
        }
        for _ in 0..self.roll(9) {
            let refund = OrderRefund::new(self.text("r"), money(10));
            order = order.refund(refund.line(RefundLine::new(self.text("p"), money(10))));
        }
        order.updated_at(self.at()).into()
    }

    fn event(&mut self) -> Event {
        let (id, at, who) = (self.text("e"), self.at(), self.who());
        match self.roll(12) {
            0..4 => {
                let mut turn =
                    Event::query(id, at, who).text(self.text("why").repeat(9)).query(self.text("q"));
                turn = turn.topic(self.text("t")).intent(self.text("i")).flow(self.text("f"));
                for _ in 0..self.roll(64) {
                    turn = turn.product(self.text("p"));
                }
                turn.product_type(self.text("s")).channel(self.text("web")).into()
            }
            4 => Event::link_shared(id, at, who, "https://shop.example/")
                .code(self.text("link"))
                .turn(self.text("e"))
                .into(),
            // One code in everybody's hands.
            5 => Event::link_click(id, at, who).code("one").turn(self.text("e")).into(),
            6 => Event::discount_offer(id, at, who).discount_code(self.text("off")).into(),
            7 => Event::identify(id, at, who).into(),
            8 => Event::add_to_cart(id, at, who, self.text("p")).turn(self.text("e")).into(),
            9 => Event::visit(id, at, who).channel(self.text("c")).into(),
            _ => self.order(),
        }
    }
}

/// What is on the heap because of a tracker, at rest and at the most.
struct Watched {
    tracker: Tracker,
    now: i64,
    peak: i64,
    full: u64,
}

impl Watched {
    fn new(limits: Limits) -> Self {
        let mut tracker = None;
        let info = measure(|| tracker = Some(Tracker::with_limits(Key::new([7; 16]), limits)));
        let tracker = tracker.expect("made");
        Self { tracker, now: info.bytes_current, peak: info.bytes_max as i64, full: 0 }
    }

    fn watch(&mut self, call: impl FnOnce(&mut Tracker) -> bool) {
        let mut fits = true;
        let info = measure(|| fits = call(&mut self.tracker));
        self.peak = self.peak.max(self.now + info.bytes_max as i64);
        self.now += info.bytes_current;
        self.full += u64::from(!fits);
    }
}

/// Delivers `count` events, some of them again, alone and in bulk.
fn deliver(limits: Limits, count: u64, seed: u64) -> Watched {
    let (mut dice, mut watched) = (Dice(seed), Watched::new(limits));
    let mut left = count;
    while left > 0 {
        let batch: Vec<Event> = (0..left.min(1 + dice.roll(2_000))).map(|_| dice.event()).collect();
        left -= batch.len() as u64;
        let again = 1 + dice.roll(3);
        if dice.roll(2) == 0 {
            // Late, and again and again.
            let refs = || (0..again).flat_map(|_| batch.iter().map(EventRef::from));
            watched.watch(|tracker| tracker.extend_refs(refs()).is_ok());
        } else {
            for event in &batch {
                watched.watch(|tracker| tracker.record_ref(event).is_ok());
            }
        }
    }
    watched
}

fn limits(bytes: u64) -> Limits {
    let mut limits = Limits::default();
    (limits.bytes, limits.privacy) = (bytes, PrivacyLevel::Full);
    limits
}

#[test]
fn hostile_events_never_take_more_than_the_bound() {
    for (place, bytes) in [1 << 22, 1 << 24, 1 << 27].into_iter().enumerate() {
        let limits = limits(bytes);
        let most = limits.max_bytes() as i64;
        let mut watched = deliver(limits, cases() / 3, place as u64);
        let Watched { now, peak, full, .. } = watched;
        println!("cap {bytes}: bound {most}, peak {peak}, at rest {now}, {full} calls refused");
        assert!(peak <= most, "{peak} above {most}");
        assert!(now * 12 > most || full == 0, "a bound that says something: {now} of {most}");
        // What an answer leaves behind is in the bound too.
        let asked = Question::new("2027-01-01T00:00:00Z".parse().unwrap());
        watched.watch(|tracker| tracker.report(&asked).is_ok());
        assert!(watched.now <= most, "{} above {most}", watched.now);
    }
}

#[test]
fn the_bound_by_counts_holds_without_a_cap_on_bytes() {
    let mut limits = limits(u64::MAX);
    (limits.facts, limits.identifiers, limits.order_lines) = (300, 700, 40);
    let most = limits.max_bytes() as i64;
    assert!(most < 1 << 30, "{most}");
    let watched = deliver(limits, 3_000, 9);
    assert!(watched.full > 0 && watched.tracker.len() == 300);
    assert!(watched.peak <= most, "{} above {most}", watched.peak);
}

#[test]
fn what_comes_again_and_again_takes_no_memory() {
    let events: Vec<Event> = (0..40).map(|_| ()).scan(Dice(3), |dice, ()| Some(dice.event())).collect();
    let mut watched = Watched::new(limits(u64::MAX));
    watched.watch(|tracker| tracker.extend_refs(events.iter().map(EventRef::from)).is_ok());
    let once = watched.now;
    for _ in 0..5 {
        watched.watch(|tracker| {
            let again = (0..100).flat_map(|_| events.iter().map(EventRef::from));
            tracker.extend_refs(again).is_ok()
        });
    }
    assert!(watched.now <= once * 5 / 4, "{} after {once}", watched.now);
    // A single fact, alone and often: nothing spare stays.
    let once = turn(1, "one");
    let mut watched = Watched::new(limits(u64::MAX));
    watched.watch(|tracker| tracker.extend_refs((0..20_000).map(|_| EventRef::from(&once))).is_ok());
    assert!(watched.now < 20_000, "{}", watched.now);
}

fn turn(number: usize, label: &str) -> Event {
    let at = "2026-03-01T00:00:00Z".parse().unwrap();
    Event::query(format!("e{number}"), at, Who::visitor(format!("v{number}"))).topic(label).into()
}

#[test]
fn at_the_cap_on_labels_new_ones_are_refused_and_known_ones_taken() {
    let mut limits = Limits::default();
    limits.labels = 2;
    let mut tracker = Tracker::with_limits(Key::new([7; 16]), limits.clone());
    tracker.extend([turn(1, "one"), turn(2, "two")]).unwrap();
    let before = tracker.clone();
    for again in [0, 1] {
        let error = if again == 0 {
            tracker.record(turn(3, "three")).unwrap_err()
        } else {
            tracker.extend([turn(3, "three")]).unwrap_err()
        };
        assert!(matches!(error.kind(), ErrorKind::Full { what: "labels", limit: 2 }), "{error}");
        assert!(tracker == before);
    }
    assert_eq!(tracker.record(turn(1, "one")).unwrap(), Recorded::Repeated);
    assert_eq!(tracker.record(turn(3, "two")).unwrap(), Recorded::New);
    let money = Money::new(5, "EUR".parse().unwrap());
    let order = Event::order("o", "2026-03-01T00:00:00Z".parse().unwrap(), Who::visitor("v1"), "1", money);
    assert!(tracker.record(order.clone().code("c")).is_err());
    assert_eq!(tracker.record(order).unwrap(), Recorded::New);

    let mut other = Tracker::with_limits(Key::new([7; 16]), limits);
    other.extend([turn(4, "three")]).unwrap();
    let before = tracker.clone();
    assert!(tracker.merge(&other).is_err());
    assert!(tracker == before);
}

#[test]
fn at_the_cap_on_bytes_what_is_new_is_refused_and_what_is_here_is_taken() {
    let events: Vec<Event> = (0..2_000).map(|number| turn(number, "one")).collect();
    for bulk in [false, true] {
        let mut tracker = Tracker::with_limits(Key::new([7; 16]), limits(1 << 18));
        let taken = if bulk {
            tracker.extend(events.clone()).unwrap_err();
            tracker.len()
        } else {
            events.iter().take_while(|event| tracker.record_ref(*event).is_ok()).count()
        };
        assert!(taken > 100 && taken < 1_000, "{taken}");
        let before = tracker.clone();
        let error = tracker.record(turn(taken, "one")).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Full { what: "bytes", limit: 0x40000 }), "{error}");
        assert!(tracker == before && tracker.len() == taken);
        assert_eq!(tracker.record(turn(0, "one")).unwrap(), Recorded::Repeated);
        // A merge with itself fits, one with others does not and changes nothing.
        tracker.merge(&before).unwrap();
        let mut other = Tracker::with_limits(Key::new([7; 16]), limits(1 << 18));
        other.extend(events[taken..taken + 50].to_vec()).unwrap();
        assert!(tracker.merge(&other).is_err());
        assert!(tracker == before);
    }
}

#[test]
fn a_tombstone_takes_no_more_than_the_bound_says() {
    let at = DateTime::from_timestamp(1_772_442_000, 0).unwrap();
    let count = 500_u64;
    let mut tracker = Tracker::new(Key::new([1; 16]));
    let order = |number: u64| {
        let total = Money::new(500, "EUR".parse().unwrap());
        let order = Event::order(
            format!("e{number}"),
            at,
            Who::visitor(format!("visitor-{number}")),
            format!("o{number}"),
            total,
        );
        order.refund(OrderRefund::new(format!("r{number}"), total))
    };
    tracker.extend((0..count).map(order)).unwrap();
    let mut left = None;
    let info = measure(|| {
        let mut copy = tracker.clone();
        for number in 0..count {
            let _erased = copy.erase(clinch::Subject::of_order(format!("o{number}")), at).unwrap();
        }
        assert_eq!(copy.len(), 0);
        left = Some(copy);
    });
    let each = info.bytes_current as u64 / count;
    // An identifier, an order and a refund.
    assert!((100..=256 + 1_024 + 256).contains(&each), "{each}");
    drop(left);
}
