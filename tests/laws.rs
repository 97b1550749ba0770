//! What always holds, over generated worlds. `CLINCH_CASES` asks for more of them.

mod world;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use clinch::{
    Claim, ConsentPolicy, Dated, Dimension, Event, IdKind, Intake, JourneyBuilder, Key, Kind, Money, Path,
    Period, Question, Report, Reuse, Span, Tracker, Transform, Unit, Who,
};
use proptest::prelude::*;
use proptest::sample::select;
use world::{cases, deliveries, end, named, question, start, tracker};

/// Every model by name, those that share first.
const MODELS: [&str; 10] = [
    "first_touch",
    "last_touch",
    "last_non_direct",
    "linear",
    "linear_unique",
    "position_based:30/40/30",
    "j_shaped",
    "inverse_j",
    "time_decay:12h",
    "participation",
];

/// Questions over all rules that change which touchpoints stand in a path.
fn asked() -> impl Strategy<Value = Question> {
    let rules = (
        select(Unit::ALL),
        select(Transform::ALL),
        select(Reuse::ALL),
        select(clinch::DirectVisits::ALL),
        select(clinch::ProductMatch::ALL),
        select(vec![Span::ZERO, Span::hours(1), Span::days(30), Span::MAX]),
        select(vec![None, Some(0), Some(1), Some(3)]),
    );
    let rest = (select(ConsentPolicy::ALL), select(Dated::ALL), any::<bool>(), any::<bool>());
    (rules, rest).prop_map(|(rules, (consent, dated, some_time, unhelpful))| {
        let mut question = question();
        let (unit, transform, reuse, direct, product_match, lookback, last) = rules;
        question.rules.unit = unit;
        question.rules.transform = transform;
        question.rules.reuse = reuse;
        question.rules.direct_visits = direct;
        question.rules.product_match = product_match;
        question.rules.lookback = lookback;
        question.rules.last_touchpoints = last;
        question.rules.unhelpful_may_earn = unhelpful;
        question.consent = consent;
        question.dated = dated;
        if some_time {
            question.period = Period::between(start() + TimeDelta::hours(20), start() + TimeDelta::days(20));
        }
        question.by = Dimension::ALL.to_vec();
        question.models = MODELS.iter().map(|name| name.parse().unwrap()).collect();
        question
    })
}

/// Decimal text as units of its last place.
fn units(text: &str) -> i128 {
    text.replace('.', "").parse().unwrap()
}

/// Rows, what a model left over and what is unattributed sum to the totals, in value and in conversions.
#[track_caller]
fn assert_balanced(report: &Report) {
    for totals in &report.totals {
        let (value, conversions) = (units(&totals.value), i128::from(totals.conversions));
        let without: i128 = totals.reasons.iter().map(|reason| i128::from(reason.conversions)).sum();
        let reasons: i128 = totals.reasons.iter().map(|reason| units(&reason.value)).sum();
        assert_eq!(reasons, units(&totals.unattributed));
        for table in &report.tables {
            for (place, model) in
                report.models.iter().enumerate().filter(|(_, name)| *name != "participation")
            {
                let rows = table.rows.iter().filter(|row| row.currency == totals.currency);
                let mut sums = [units(&totals.unattributed), without * 1_000_000_000];
                for row in [&totals.expired, &totals.erased] {
                    sums[0] += units(&row.value);
                    sums[1] += i128::from(row.count) * 1_000_000_000;
                }
                for figure in rows.map(|row| &row.models[place]) {
                    sums[0] += units(&figure.value);
                    sums[1] += units(&figure.conversions);
                }
                let left = table.remainders.iter().filter(|left| left.model == *model);
                for left in left.filter(|left| left.currency == totals.currency) {
                    sums[0] += units(&left.declined) + units(&left.outside);
                    sums[1] += units(&left.declined_conversions) + units(&left.outside_conversions);
                }
                assert_eq!(sums, [value, conversions * 1_000_000_000], "{model} by {}", table.by);
            }
        }
    }
}

/// Credit of every row, without what counts events.
fn credited(report: &Report) -> (Vec<clinch::Table>, Vec<(String, String)>) {
    let totals = report.totals.iter().map(|totals| (totals.value.clone(), totals.unattributed.clone()));
    let worth = |row: &&clinch::Row| row.models.iter().any(|figure| units(&figure.conversions) > 0);
    let tables = report.tables.iter().map(|table| {
        let mut table = table.clone();
        table.rows = table.rows.iter().filter(worth).cloned().collect();
        table
    });
    (tables.collect(), totals.collect())
}

fn claims(events: &[Event], question: &Question) -> Vec<Claim> {
    let mut builder = JourneyBuilder::new();
    builder.rules(question.rules.clone()).consent(question.consent);
    for event in events {
        let _recorded = builder.add(event.clone()).unwrap();
    }
    builder.build(question.as_of).into_iter().flat_map(|journey| journey.claims).collect()
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn law_1_books_balance(events in world::world(40), question in asked()) {
        assert_balanced(&tracker(events).report(&question).unwrap());
    }

    #[test]
    fn law_1_each_credit_is_less_than_a_unit_off_its_exact_share(events in world::world(40)) {
        let question = question();
        for claim in claims(&events, &question) {
            let path = Path::new(&claim.conversion, &claim.touchpoints, Dimension::Topic);
            for model in &question.models {
                let credits = clinch::credit(model.model().unwrap(), &path).unwrap().credits;
                let sum: f64 = credits.iter().map(|credit| credit.weight).sum();
                let Some(value) = claim.conversion.value.filter(|value| value.minor() < 1 << 40) else { continue };
                for credit in &credits {
                    let exact = value.minor() as f64 * credit.weight / sum;
                    let given = credit.value.unwrap().minor() as f64;
                    prop_assert!((exact - given).abs() < 1.0 + 1e-6, "{} {exact} {given}", credits.len());
                }
                let given: i64 = credits.iter().map(|credit| credit.value.unwrap().minor()).sum();
                let shares: i64 = credits.iter().map(|credit| credit.share.nanos()).sum();
                prop_assert!(credits.is_empty() || (given, shares) == (value.minor(), 1_000_000_000));
                for lines in clinch::credit_lines(model.model().unwrap(), &path).unwrap() {
                    let given: i64 = lines.values.iter().map(|value| value.minor()).sum();
                    prop_assert_eq!(given, lines.line.value.minor());
                }
            }
            let lines: i64 = claim.conversion.lines.iter().map(|line| line.value.minor()).sum();
            prop_assert!(claim.conversion.lines.is_empty() || Some(lines) == claim.conversion.value.map(Money::minor));
        }
    }

    #[test]
    fn law_2_order_and_repetition_do_not_matter((events, delivered) in deliveries(40), cut in 0..80_usize) {
        let question = question();
        let once = tracker(events.clone());
        let mut again = Tracker::new(Key::new([7; 16]));
        let cut = cut.min(delivered.len());
        again.extend(delivered[..cut].iter().cloned()).unwrap();
        again.extend(delivered[cut..].iter().cloned()).unwrap();
        prop_assert!(once == again);
        let report = once.report(&question).unwrap();
        let bytes = serde_json::to_string(&report).unwrap();
        prop_assert_eq!(&bytes, &serde_json::to_string(&again.report(&question).unwrap()).unwrap());
        prop_assert_eq!(&bytes, &serde_json::to_string(&clinch::report(delivered, &question).unwrap()).unwrap());
        for order in (0..6).map(|number| format!("o{number}")) {
            prop_assert_eq!(once.receipt(&order, &question).unwrap(), again.receipt(&order, &question).unwrap());
        }
        // A change that is a change shows.
        let other = tracker(events.into_iter().chain([
            Event::query("more", start(), Who::visitor("somebody new")).into(),
        ]));
        prop_assert!(once != other);
    }

    #[test]
    fn law_3_trackers_merge_to_one(events in world::world(40), places in prop::collection::vec(0..3_usize, 40)) {
        let whole = tracker(events.clone());
        let part = |place: usize| {
            tracker(events.iter().zip(&places).filter(|(_, at)| **at == place).map(|(event, _)| event.clone()))
        };
        let merged = |order: [usize; 4]| {
            let mut all = part(order[0]);
            order[1..].iter().for_each(|place| all.merge(&part(*place)).unwrap());
            all
        };
        prop_assert!(merged([0, 1, 2, 1]) == whole);
        prop_assert!(merged([2, 1, 0, 0]) == whole);
        let mut grouped = part(0);
        grouped.merge(&merged([1, 2, 2, 1])).unwrap();
        let question = question();
        prop_assert_eq!(grouped.report(&question).unwrap(), whole.report(&question).unwrap());
        prop_assert!(grouped == whole);
    }

    #[test]
    fn law_5_refunds_leave_the_credit_that_the_net_value_would_have_earned(
        events in world::world(30),
        total in 0..20_000_i64,
        refunds in prop::collection::vec(0..9_000_i64, 0..4),
        place in 0..1_000_usize,
    ) {
        let money = |minor| Money::new(minor, "EUR".parse().unwrap());
        let order = |minor| -> Event {
            Event::order("the-order", start() + TimeDelta::days(9), Who::visitor(named(IdKind::Visitor, 0)), "the-order", money(minor)).into()
        };
        let given_back = refunds.iter().enumerate().map(|(place, minor)| -> Event {
            Event::refund(format!("back{place}"), start(), format!("r{place}"), "the-order", money(*minor)).into()
        });
        let mut with: Vec<Event> = events.iter().cloned().chain([order(total)]).chain(given_back).collect();
        let middle = place % with.len().max(1);
        with.rotate_left(middle);
        let net = (total - refunds.iter().sum::<i64>()).max(0);
        let gone = net == 0 && refunds.iter().sum::<i64>() > 0;
        let without: Vec<Event> = events.into_iter().chain((!gone).then(|| order(net))).collect();
        let mut question = question();
        question.by = Dimension::ALL.to_vec();
        let [with, without] = [with, without].map(|events| tracker(events).report(&question).unwrap());
        // An order that is gone leaves its other claims: an order makes them, whatever it is worth.
        if !gone {
            prop_assert_eq!(credited(&with), credited(&without));
        }
        let over = (refunds.iter().sum::<i64>() - total).max(0);
        let told = with.totals.iter().find(|totals| totals.currency == "EUR".parse().ok());
        prop_assert!(told.is_some_and(|totals| units(&totals.over_refunded) >= i128::from(over)) || over == 0);
    }

    #[test]
    fn law_5_a_full_refund_leaves_every_row_at_zero(total in 1..20_000_i64, parts in 1..5_i64, turns in 0..4_u8) {
        let money = |minor| Money::new(minor, "EUR".parse().unwrap());
        let who = || Who::visitor("v9");
        let asked = (0..turns).map(|n| -> Event { Event::query(format!("e{n}"), start(), who()).topic("a").into() });
        let order: Event = Event::order("order", start(), who(), "1", money(total)).into();
        let mut events: Vec<Event> = asked.chain([order]).collect();
        let before = tracker(events.clone()).report(&question()).unwrap();
        prop_assert_eq!(units(&before.totals[0].value), i128::from(total));
        let shares = clinch::apportion(total, &vec![1; parts as usize]).unwrap();
        events.extend(shares.iter().enumerate().map(|(n, minor)| -> Event {
            Event::refund(format!("back{n}"), start(), format!("r{n}"), "1", money(*minor)).into()
        }));
        let after = tracker(events).report(&question()).unwrap();
        prop_assert!(after.totals.iter().all(|totals| totals.conversions == 0 && units(&totals.value) == 0));
        prop_assert!(after.tables[0].rows.is_empty());
        prop_assert_eq!(after.overview.not_counted.get("refunded"), Some(&1));
    }

    #[test]
    fn law_6_nothing_disappears((events, delivered) in deliveries(40)) {
        let count = |events: &[Event]| {
            let mut tracker = Tracker::new(Key::new([7; 16]));
            (tracker.extend(events.iter().cloned()).unwrap(), tracker.len() as u64)
        };
        let (intake, held) = count(&delivered);
        prop_assert_eq!(intake.total(), delivered.len() as u64);
        prop_assert_eq!(intake.new + intake.superseded, held);
        let (once, held_once) = count(&events);
        prop_assert_eq!(held, held_once);
        prop_assert_eq!(once.new + once.superseded, held);
        let fits = |event: &&Event| !event.who().is_empty() || matches!(event.kind(), Kind::Refund(_) | Kind::ClaimWithdrawn(_) | Kind::CustomerMerged(_));
        prop_assert!(intake != Intake::default() || delivered.is_empty());
        prop_assert!(held > 0 || !events.iter().any(|event| fits(&event) && matches!(event.kind(), Kind::Refund(_))));
    }

    #[test]
    fn law_6_every_order_is_credited_unattributed_or_not_counted(events in world::world(40)) {
        let question = question();
        let tracker = tracker(events.clone());
        for event in &events {
            let Kind::Order(order) = event.kind() else { continue };
            let Some(receipt) = tracker.receipt(&order.order, &question).unwrap() else {
                // Refused at the door: it names nobody.
                prop_assert!(event.who().is_empty());
                continue;
            };
            prop_assert!(receipt.not_counted.is_some() != receipt.claim.is_some());
            if let Some(claim) = receipt.claim {
                prop_assert!(claim.touchpoints.is_empty() == claim.unattributed.is_some());
            }
        }
    }

    #[test]
    fn law_7_nothing_after_outside_or_without_consent(events in world::world(40), question in asked()) {
        let denied: Vec<&Event> = events.iter().filter(|event| matches!(event.kind(), Kind::Consent(_))).collect();
        for claim in claims(&events, &question) {
            for touchpoint in &claim.touchpoints {
                prop_assert!(touchpoint.at <= claim.conversion.at);
                let age = claim.conversion.at - touchpoint.at;
                let window = i128::from(question.rules.lookback.as_nanos());
                prop_assert!(age.num_nanoseconds().is_none_or(|age| i128::from(age) <= window) || window == i128::from(u64::MAX));
            }
            prop_assert!(claim.touchpoints.is_sorted_by(|a, b| a.at <= b.at));
            // Nobody has agreed to anything: where consent is required, nothing is credited.
            if denied.is_empty() && question.consent == ConsentPolicy::Required {
                prop_assert!(claim.touchpoints.is_empty());
            }
        }
    }

    #[test]
    fn law_7_a_denial_empties_the_paths_and_a_later_grant_fills_them(turns in 1..5_u8, hours in 1..100_i64) {
        let who = || Who::visitor("v9");
        let asked = (0..turns).map(|n| -> Event { Event::query(format!("e{n}"), start(), who()).into() });
        let order = Event::order("order", start() + TimeDelta::hours(1), who(), "1", Money::new(100, "EUR".parse().unwrap()));
        let mut events: Vec<Event> = asked.chain([order.into()]).collect();
        let found = |events: &[Event]| claims(events, &question())[0].touchpoints.len();
        prop_assert_eq!(found(&events), usize::from(turns));
        let word = |id: &str, hours, granted| -> Event {
            Event::consent(id, start() + TimeDelta::hours(hours), who(), clinch::Purpose::Analytics, granted).into()
        };
        events.push(word("no", hours, false));
        prop_assert_eq!(found(&events), 0);
        events.push(word("tie", hours, true));
        prop_assert_eq!(found(&events), 0);
        events.push(word("yes", hours + 1, true));
        prop_assert_eq!(found(&events), usize::from(turns));
    }

    #[test]
    fn law_8_a_model_cannot_break_the_books(
        events in world::world(30),
        weights in prop::collection::vec(prop_oneof![Just(0.0), Just(f64::NAN), Just(f64::INFINITY), Just(-1.0), any::<f64>(), 0.0..9.0], 0..6),
        decline in any::<bool>(),
    ) {
        let tracker = tracker(events);
        let before = tracker.clone();
        let mut question = question();
        let weights = weights.clone();
        let hostile = clinch::model::custom("hostile", move |path, given| {
            given.extend(weights.iter().copied().cycle().take(if weights.len() > 4 { weights.len() } else { path.len() }));
            if decline && path.len() % 2 == 0 { given.decline() }
            Ok(())
        });
        let hostile: std::sync::Arc<dyn clinch::Model> = std::sync::Arc::new(hostile);
        question.models.push(hostile.into());
        match tracker.report(&question) {
            Ok(report) => assert_balanced(&report),
            Err(error) => prop_assert!(error.to_string().contains("`hostile`"), "{error}"),
        }
        prop_assert!(tracker == before);
    }

    #[test]
    fn law_9_a_claim_withdrawn_never_came(here in world::world(20), there in world::world(20), at in world::instant()) {
        // Two worlds without a common identifier, order or code.
        let there: Vec<Event> = there.iter().map(moved).collect();
        let apart: Vec<Event> = here.iter().chain(&there).cloned().collect();
        let one = clinch::Identifier::new(IdKind::Visitor, named(IdKind::Visitor, 0));
        let other = clinch::Identifier::new(IdKind::Customer, format!("far-{}", named(IdKind::Customer, 0)));
        let mut who = clinch::Identifiers::from(one.clone());
        who.set(other.clone());
        let link: Event = Event::identify("link", at, who).into();
        let back: Event = Event::claim_withdrawn("back", at + TimeDelta::seconds(1), one, other).into();
        let mut question = question();
        question.by = Dimension::ALL.to_vec();
        let asks = |more: &[Event]| {
            credited(&tracker(apart.iter().chain(more).cloned()).report(&question).unwrap())
        };
        prop_assert_eq!(asks(&[]), asks(&[link, back]));
    }

    #[test]
    fn law_9_two_customers_are_never_joined_by_inference(events in world::world(40)) {
        let merged = |event: &Event| matches!(event.kind(), Kind::CustomerMerged(_));
        let events: Vec<Event> = events.into_iter().filter(|event| !merged(event)).collect();
        // By event id, where it is used once: the customer that the event names.
        let mut named: BTreeMap<&str, Vec<Option<&str>>> = BTreeMap::new();
        for event in &events {
            let customer = event.who().get(IdKind::Customer).filter(|customer| !customer.is_junk());
            named.entry(event.id().as_str()).or_default().push(customer.map(|customer| customer.as_str()));
        }
        let tracker = tracker(events.clone());
        for event in &events {
            let Kind::Order(order) = event.kind() else { continue };
            let versions = events.iter().filter(|other| matches!(other.kind(), Kind::Order(version) if version.order == order.order));
            let buyer = event.who().get(IdKind::Customer).filter(|customer| !customer.is_junk());
            if versions.count() > 1 || buyer.is_none() {
                continue;
            }
            let Some(receipt) = tracker.receipt(&order.order, &question()).unwrap() else { continue };
            for touchpoint in receipt.claim.iter().flat_map(|claim| &claim.touchpoints).filter(|touchpoint| !touchpoint.foreign) {
                if let Some([Some(customer)]) = named.get(touchpoint.id.as_str()).map(Vec::as_slice) {
                    prop_assert_eq!(Some(*customer), buyer.map(|buyer| buyer.as_str()));
                }
            }
        }
    }

    #[test]
    fn law_11_no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
        for line in clinch::event::jsonl::read(bytes.as_slice()) {
            prop_assert!(line.is_err());
        }
        let _ = (clinch::link::read(&text), clinch::link::channel::classify(Some(&text), Some(&text)));
        let _ = clinch::link::Tagger::new().set(clinch::link::Utm::Source, &text).tag(&text, None);
        let _ = (text.parse::<clinch::Chosen>(), text.parse::<Span>(), text.parse::<clinch::Currency>());
        let _ = Money::parse(&text, "EUR".parse().unwrap());
    }

    #[test]
    fn law_11_no_field_panics(event in world::event(), field in 0..20_usize, hostile in select(HOSTILE)) {
        let line = clinch::event::jsonl::write_line(&event);
        let mut object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&line).unwrap();
        let name = object.keys().nth(field % object.len()).unwrap().clone();
        object.insert(name, serde_json::from_str(hostile).unwrap());
        let changed = serde_json::to_vec(&object).unwrap();
        if let Ok(event) = clinch::event::jsonl::read_line(&changed) {
            let tracker = tracker([event]);
            prop_assert!(tracker.report(&question()).is_ok());
        }
    }

    #[test]
    fn law_13_shifting_all_times_changes_no_credit(events in world::world(30), days in -300..300_i64) {
        let mut question = question();
        question.by = Dimension::ALL.to_vec();
        let shift = TimeDelta::days(days);
        let moved: Vec<Event> = events.iter().map(|event| shifted(event, shift)).collect();
        let here = tracker(events).report(&question).unwrap();
        question.as_of = end() + shift;
        prop_assert_eq!(credited(&here), credited(&tracker(moved).report(&question).unwrap()));
    }

    #[test]
    fn law_13_the_key_changes_no_number(events in world::world(30), secret in any::<[u8; 16]>()) {
        let mut question = question();
        question.by = Dimension::ALL.iter().copied().filter(|by| *by != Dimension::Conversation).collect();
        let mut other = Tracker::new(Key::new(secret));
        other.extend(events.iter().cloned()).unwrap();
        prop_assert_eq!(tracker(events).report(&question).unwrap(), other.report(&question).unwrap());
    }
}

/// Values that are wrong, or nearly right, in most fields.
const HOSTILE: &[&str] = &[
    "null",
    "true",
    "0",
    "-1",
    "18446744073709551615",
    "1e308",
    "1.5",
    "\"\"",
    "\" \"",
    "\"undefined\"",
    "\"9999-12-31T23:59:60Z\"",
    "\"0000-01-01T00:00:00Z\"",
    "\"-92233720368547758.08\"",
    "\"\\u0000\\ufeff\\u202e\"",
    "[]",
    "[null]",
    "[[[]]]",
    "{}",
    "{\"a\":{}}",
    "\"XXX\"",
];

/// The same event in a world of other identifiers, orders, codes and ids.
fn moved(event: &Event) -> Event {
    let line = clinch::event::jsonl::write_line(event);
    let mut object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&line).unwrap();
    let mut text = |name: &str| {
        if let Some(serde_json::Value::String(held)) = object.get(name).cloned() {
            object.insert(name.to_owned(), format!("far-{held}").into());
        }
    };
    IdKind::ALL.iter().for_each(|kind| text(kind.name()));
    ["id", "turn", "order", "code", "discount_code", "from", "into"].iter().for_each(|name| text(name));
    for name in ["codes", "discount_codes"] {
        for code in object.get_mut(name).and_then(|codes| codes.as_array_mut()).into_iter().flatten() {
            *code = format!("far-{}", code.as_str().unwrap()).into();
        }
    }
    object.remove("url");
    if object["kind"] == "link_shared" {
        object.insert("url".to_owned(), "https://shop.example/".into());
    }
    clinch::event::jsonl::read_line(&serde_json::to_vec(&object).unwrap()).unwrap()
}

fn shifted(event: &Event, by: TimeDelta) -> Event {
    let line = clinch::event::jsonl::write_line(event);
    let mut object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&line).unwrap();
    for name in ["at", "updated_at"] {
        if let Some(at) = object.get(name).and_then(|at| at.as_str()) {
            let at: chrono::DateTime<chrono::Utc> = at.parse().unwrap();
            object.insert(name.to_owned(), serde_json::to_value(at + by).unwrap());
        }
    }
    clinch::event::jsonl::read_line(&serde_json::to_vec(&object).unwrap()).unwrap()
}

/// Law 13, the part that can be read: nothing in the sources reaches for the world outside.
#[test]
fn law_13_the_sources_use_no_clock_thread_file_or_random_number() {
    let impure = [
        "Utc::now",
        "Local::now",
        "SystemTime",
        "Instant::now",
        "std::fs",
        "std::net",
        "std::env",
        "std::thread",
        "HashMap",
        "HashSet",
        "static mut",
        "thread_local",
        "RandomState",
    ];
    let mut files = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    let mut read = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            assert!(!impure.iter().any(|word| line.contains(word)), "{}: {line}", path.display());
        }
        read += 1;
    }
    assert!(read > 20, "{read} files");
}
