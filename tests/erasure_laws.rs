//! Law 10 over generated worlds: erased is erased, whatever comes again, and whatever is merged.

#[path = "world/mod.rs"]
mod world;

#[path = "support/mod.rs"]
mod support;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clinch::{
    Dimension, Event, IdKind, Identifier, Identifiers, Key, Kind, Money, OrderLine, OrderRefund, Question,
    RefundLine, Subject, Tracker,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use world::{cases_or, end, instant, order_id, start, who};

fn tracker(events: impl IntoIterator<Item = Event>) -> Tracker {
    world::tracker(events)
}

/// A question in all dimensions that is asked after everything.
fn question() -> Question {
    let mut question = world::question();
    question.by = Dimension::ALL.to_vec();
    question
}

/// One or two identifiers, now and then an order.
fn subject() -> impl Strategy<Value = Subject> {
    let any = || select(&IdKind::ALL[..]).prop_flat_map(world::identifier);
    (any(), of(any()), of(order_id())).prop_map(|(one, other, order)| {
        let subject = other.into_iter().fold(Subject::from(one), Subject::identifier);
        order.into_iter().fold(subject, Subject::order)
    })
}

/// Value and number of conversions by currency, and what was refunded without an order.
fn totals(tracker: &Tracker) -> Vec<String> {
    let report = tracker.report(&question()).unwrap();
    support::assert_books_balance(&report);
    let totals = report.totals.iter().filter(|totals| totals.conversions > 0);
    let totals =
        totals.map(|totals| format!("{:?} {} {}", totals.currency, totals.conversions, totals.value));
    let overview = &report.overview;
    totals.chain([format!("{:?} {:?}", overview.not_counted, overview.loose_refunds)]).collect()
}

/// Erasures of a tracker, or of parts of it.
fn erase(tracker: &mut Tracker, subject: &Subject, with_orders: bool) {
    let as_of = end();
    if with_orders {
        tracker.erase_with_orders(subject.clone(), as_of).unwrap();
    } else {
        tracker.erase(subject.clone(), as_of).unwrap();
    }
}

fn merged(trackers: &[&Tracker]) -> Tracker {
    let mut all = trackers[0].clone();
    trackers[1..].iter().for_each(|tracker| all.merge(tracker).unwrap());
    all
}

/// Events as they would stand in a log, since what `Debug` shows names nobody.
fn listed(events: &[Event], subject: &Subject) -> String {
    let lines = events.iter().map(|event| serde_json::to_string(event).unwrap() + "\n");
    let whom = subject
        .identifiers()
        .iter()
        .map(|identifier| format!("{} {}\n", identifier.kind().name(), identifier.as_str()));
    lines.chain(whom).chain([format!("{:?}", subject.orders())]).collect()
}

/// Events by which nobody can be in the path of somebody else: no codes, and no turn named by its id.
fn by_identity_alone(events: &[Event]) -> Vec<Event> {
    let alone = |event: &&Event| {
        event.turn_id().is_none() && !matches!(event.kind(), Kind::LinkShared(_) | Kind::DiscountOffer(_))
    };
    events.iter().filter(alone).cloned().collect()
}

proptest! {
    #![proptest_config(cases_or(300))]

    #[test]
    fn totals_stay_and_a_replay_changes_nothing(events in world::world(40), subject in subject()) {
        let mut tracker = tracker(events.clone());
        let before = totals(&tracker);
        erase(&mut tracker, &subject, false);
        prop_assert_eq!(&before, &totals(&tracker));
        let erased = tracker.clone();
        let intake = tracker.extend(events).unwrap();
        prop_assert!(tracker == erased, "{}", intake);
        prop_assert_eq!(intake.new, 0);
        prop_assert_eq!(tracker.report(&question()).unwrap(), erased.report(&question()).unwrap());
        erase(&mut tracker, &subject, true);
        totals(&tracker);
    }

    #[test]
    fn nobody_else_notices(events in world::world(40), subject in subject()) {
        let mut events = by_identity_alone(&events);
        // An order that one person had and another one has goes with either.
        let mut seen = std::collections::BTreeSet::new();
        events.retain(|event| match event.kind() {
            Kind::Order(order) => seen.insert(order.order.clone()),
            _ => true,
        });
        let mut tracker = tracker(events.clone());
        let receipts = |tracker: &Tracker| -> Vec<Option<String>> {
            let of = |order: u8| tracker.receipt(format!("o{order}"), &question()).unwrap();
            (0..6).map(|order| of(order).map(|receipt| receipt.to_string())).collect()
        };
        let before = receipts(&tracker);
        // What others said of the person goes, and may have counted for them.
        prop_assume!(tracker.erase(subject.clone(), end()).unwrap().mentions == 0);
        for (before, after) in before.into_iter().zip(receipts(&tracker)) {
            // What was refused since nobody could tell whose it was may be gone with one of those.
            let was_shared = before.as_deref().is_some_and(|told| told.contains("unattributed: shared_identifier"))
                && after.as_deref().is_some_and(|told| told.contains("unattributed: no_touchpoint"));
            prop_assert!(after.is_none() || was_shared || before == after, "{before:?}\n{after:?}\n{}", listed(&events, &subject));
        }
    }

    #[test]
    fn erased_trackers_merge_in_any_order(
        events in world::world(40),
        parts in vec(0..3_usize, 40),
        subjects in vec((0..3_usize, subject(), any::<bool>()), 1..3),
    ) {
        let mut shards: Vec<Tracker> = (0..3).map(|_| Tracker::new(Key::new([7; 16]))).collect();
        for (event, part) in events.iter().zip(parts) {
            let _ = shards[part].record(event.clone()).unwrap();
        }
        for (part, subject, with_orders) in &subjects {
            erase(&mut shards[*part], subject, *with_orders);
        }
        let [a, b, c] = [&shards[0], &shards[1], &shards[2]];
        let all = merged(&[a, b, c]);
        prop_assert!(all == merged(&[c, b, a]), "the order of merging");
        prop_assert!(all == merged(&[&merged(&[b, c]), a]), "what is merged first");
        prop_assert!(all == merged(&[&all, a, &all]), "merging twice");
        support::assert_books_balance(&all.report(&question()).unwrap());
        let mut again = all.clone();
        again.merge(&tracker(Vec::new())).unwrap();
        prop_assert!(all == again);
    }

    #[test]
    fn merging_what_was_erased_here_brings_nobody_back(events in world::world(40), subject in subject()) {
        let whole = tracker(events.clone());
        let mut erased = whole.clone();
        erase(&mut erased, &subject, false);
        prop_assert!(merged(&[&erased, &whole]) == erased, "{}", listed(&events, &subject));
        prop_assert!(merged(&[&whole, &erased]) == erased);
    }
}

/// How somebody's identifier may be written into a text.
#[derive(Clone, Copy, Debug)]
enum Way {
    Plain,
    Percent,
    Hex,
    HexUpper,
    Base64,
    Base64Url,
    /// Hexadecimal digits and base64 of UTF-16, as some clients send it.
    WideHex,
    WideBase64,
    /// Coded twice.
    PercentPercent,
    PercentBase64,
    Base64Base64,
}

const WAYS: [Way; 11] = [
    Way::Plain,
    Way::Percent,
    Way::Hex,
    Way::HexUpper,
    Way::Base64,
    Way::Base64Url,
    Way::WideHex,
    Way::WideBase64,
    Way::PercentPercent,
    Way::PercentBase64,
    Way::Base64Base64,
];

impl Way {
    fn write(self, text: &str) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let percent = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let base64 = |bytes: &[u8]| STANDARD.encode(bytes).trim_end_matches('=').to_owned();
        let wide = || text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        match self {
            Self::Plain => text.to_owned(),
            Self::Percent => percent(text),
            Self::Hex => hex(text.as_bytes()),
            Self::HexUpper => hex(text.as_bytes()).to_uppercase(),
            Self::Base64 => base64(text.as_bytes()),
            Self::Base64Url => URL_SAFE_NO_PAD.encode(text),
            Self::WideHex => hex(&wide()),
            Self::WideBase64 => base64(&wide()),
            Self::PercentPercent => percent(text).replace('%', "%25"),
            Self::PercentBase64 => percent(&base64(text.as_bytes())),
            Self::Base64Base64 => base64(base64(text.as_bytes()).as_bytes()),
        }
    }
}

/// The same text in lower, upper and mixed case.
fn cases_of(text: &str) -> [String; 3] {
    let title = text[..1].to_uppercase() + &text[1..];
    [text.to_owned(), text.to_uppercase(), title]
}

/// A text with an identifier of some person in it, in some case and written in some way, among other text.
fn planted() -> impl Strategy<Value = String> {
    let whose = (select(&IdKind::ALL[..]), 0..3_u8, 0..3_usize, select(&WAYS[..]), 0..4_u8);
    let planted = whose.prop_map(|(kind, number, case, way, around)| {
        let text = way.write(&cases_of(&world::named(kind, number))[case]);
        match around {
            0 | 1 => text,
            2 => format!("see {text}, or \"{text}\""),
            _ => format!("id-{text}.-"),
        }
    });
    prop_oneof![3 => planted, 1 => (0..3_u8).prop_map(|number| format!("plain{number}"))]
}

/// An event with planted identifiers in every text field that its kind has.
fn talkative() -> impl Strategy<Value = Event> {
    let texts = vec(planted(), 10);
    (0..60_u8, instant(), who(), 0..12_u8, texts, order_id(), 0..500_i64).prop_map(
        |(number, at, who, what, texts, order, minor)| {
            let [a, b, c, d, e, f, g, h, i, j]: [String; 10] = texts.try_into().unwrap();
            let id = if number % 7 == 0 { format!("{a}-{number}") } else { format!("e{number}") };
            match what {
                0..=3 => Event::query(id, at, who)
                    .query(b)
                    .topic(c)
                    .intent(d)
                    .flow(e)
                    .product_type(f)
                    .product(g)
                    .product(h)
                    .channel(i)
                    .text(j)
                    .into(),
                4 => Event::link_click(id, at, who)
                    .url(format!("https://shop.example/?clq={b}&x={c}"))
                    .code(d)
                    .product(e)
                    .channel(f)
                    .turn(g)
                    .into(),
                5 => Event::link_shared(id, at, who, format!("https://shop.example/{b}"))
                    .code(c)
                    .product(d)
                    .turn(e)
                    .into(),
                6 => Event::add_to_cart(id, at, who, b).channel(c).into(),
                7 => Event::goal(id, at, who, b).channel(c).into(),
                8 => Event::discount_offer(id, at, who).discount_code(b).turn(c).into(),
                9 => Event::visit(id, at, who).url(b).referrer(c).channel(d).into(),
                10 => Event::refund(id, at, f, order, Money::new(minor, "EUR".parse().unwrap()))
                    .line(RefundLine::new(b, Money::new(minor, "EUR".parse().unwrap())))
                    .into(),
                _ => {
                    let money = Money::new(minor, "EUR".parse().unwrap());
                    Event::order(id, at, who, if number % 5 == 0 { b } else { order }, money)
                        .line(OrderLine::new(c, 1, money).product_type(d))
                        .code(e)
                        .discount_code(f)
                        .channel(g)
                        .refund(OrderRefund::new(h, money).line(RefundLine::new(i, money)))
                        .url(format!("https://shop.example/?clq={j}"))
                        .into()
                }
            }
        },
    )
}

/// Everything that a tracker shows of what it holds.
fn shown(tracker: &Tracker, orders: &[String]) -> String {
    let report = tracker.report(&question()).unwrap();
    let mut shown =
        format!("{report}\n{report:?}\n{tracker:?}\n{}\n", serde_json::to_string(&report).unwrap());
    for order in orders {
        let receipt = tracker.receipt(order.as_str(), &question()).unwrap();
        shown += &format!("{receipt:?}\n{}\n", receipt.as_ref().map(ToString::to_string).unwrap_or_default());
    }
    for kind in IdKind::ALL {
        for number in 0..3 {
            let identifier = Identifier::new(kind, world::named(kind, number));
            shown += &format!("{:?}\n", tracker.journeys(&identifier, &question()));
            let export = tracker.export(identifier, &question()).unwrap();
            shown += &format!("{export:?}\n{}\n", serde_json::to_string(&export).unwrap());
        }
    }
    let mut bytes = Vec::new();
    tracker.snapshot(&mut bytes).unwrap();
    shown + &String::from_utf8_lossy(&bytes)
}

/// The forms in which an identifier must not be found. What base64 makes of its last byte depends on what follows.
fn forms(identifier: &Identifier) -> Vec<String> {
    let of = |way: Way| cases_of(identifier.as_str()).map(|text| way.write(&text));
    let mut forms: Vec<String> = WAYS.into_iter().flat_map(of).collect();
    forms.extend(cases_of(identifier.as_str()).map(|text| text.replace('@', "%40").replace('+', "%2B")));
    let cut = |text: String| {
        let mut form = Way::Base64.write(&text);
        form.truncate(text.len() * 8 / 6);
        form
    };
    forms.extend(cases_of(identifier.as_str()).map(cut));
    forms
}

#[track_caller]
fn assert_silent(shown: &str, identifier: &Identifier) {
    for form in forms(identifier) {
        assert!(!shown.contains(&form), "{form} stands in\n{shown}");
    }
}

/// The identifiers of one person by number.
fn everything_of(number: u8) -> Vec<Identifier> {
    IdKind::ALL.into_iter().map(|kind| Identifier::new(kind, world::named(kind, number))).collect()
}

proptest! {
    #![proptest_config(cases_or(300))]

    #[test]
    fn no_byte_of_an_identifier_is_left_anywhere(events in vec(talkative(), 1..25), number in 0..3_u8) {
        let mut limits = clinch::Limits::default();
        limits.privacy = clinch::PrivacyLevel::Full;
        let mut tracker = Tracker::with_limits(Key::new([7; 16]), limits);
        tracker.extend(events.clone()).unwrap();
        let orders: Vec<String> = events.iter().filter_map(|event| match event.kind() {
            Kind::Order(order) => Some(order.order.as_str().to_owned()),
            _ => None,
        }).collect();
        let before = totals(&tracker);
        let identifiers = everything_of(number);
        let subject = identifiers.iter().cloned().fold(Subject::default(), Subject::identifier);
        tracker.erase(subject, end()).unwrap();
        let after = shown(&tracker, &orders);
        identifiers.iter().for_each(|identifier| assert_silent(&after, identifier));
        prop_assert_eq!(before, totals(&tracker));
        let erased = tracker.clone();
        let intake = tracker.extend(events).unwrap();
        prop_assert!(tracker == erased, "{}", intake);
        prop_assert_eq!(shown(&tracker, &orders), after);
    }
}

#[test]
fn before_an_erasure_what_others_planted_is_seen() {
    let plant = |way: Way| {
        let who = Identifiers::from(Identifier::new(IdKind::Visitor, "visitor-100"));
        let said = way.write("person2@mail.example");
        let turn: Event = Event::query("e1", start(), who.clone()).topic(said).into();
        let total = Money::new(500, "EUR".parse().unwrap());
        [turn, Event::order("e2", end(), who, "o1", total).into()]
    };
    for way in WAYS {
        let mut question = question();
        question.rules.lookback = "500d".parse().unwrap();
        let shown = tracker(plant(way)).report(&question).unwrap().to_string();
        assert!(shown.contains(&way.write("person2@mail.example")[..4]), "{way:?}\n{shown}");
    }
}
