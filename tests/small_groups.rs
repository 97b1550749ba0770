//! Small groups: what few people stand behind is withheld, and does not follow from what is shown.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use clinch::testing::assert_books_balance;
use clinch::{Dimension, Event, Key, Money, Question, Report, ReportSet, ShardReport, Tracker, Who};
use proptest::prelude::*;

fn at(minutes: i64) -> DateTime<Utc> {
    "2026-03-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes)
}

/// One person: topics and channels asked about before each order, its currency and its value.
type Person = Vec<(Vec<(u8, u8)>, bool, i64)>;

fn tracker(people: &[Person]) -> Tracker {
    let mut tracker = Tracker::new(Key::new([7; 16]));
    let mut number = 0;
    for (place, person) in people.iter().enumerate() {
        let who = || Who::visitor(format!("visitor {place}"));
        for (turns, dollars, minor) in person {
            for (topic, channel) in turns {
                number += 1;
                let mut turn =
                    Event::query(format!("e{number}"), at(number), who()).query(format!("query {topic}"));
                if *topic > 0 {
                    turn = turn.topic(format!("topic {topic}"));
                }
                let _new = tracker.record(turn.channel(format!("channel {channel}"))).unwrap();
            }
            number += 1;
            let money = Money::new(*minor, if *dollars { "USD" } else { "EUR" }.parse().unwrap());
            let order =
                Event::order(format!("e{number}"), at(number), who(), format!("order {number}"), money);
            let _new = tracker.record(order).unwrap();
        }
    }
    tracker
}

fn question(least: u32) -> Question {
    let mut question = Question::new(at(100_000));
    question.by = vec![Dimension::Topic, Dimension::Channel, Dimension::Query, Dimension::Evidence];
    let models = ["first_touch", "last_touch", "linear", "participation"];
    question.models = models.iter().map(|name| name.parse().unwrap()).collect();
    question.min_group = least;
    question
}

fn minor(text: &str) -> i128 {
    text.replace('.', "").parse().unwrap()
}

/// Unknowns by what they stand for.
type Unknown = (String, String, String);

/// Arithmetic modulo a prime: a system solved in fractions is solved there too, but for chance.
const PRIME: i128 = (1 << 61) - 1;

fn inverse(number: i128) -> i128 {
    let (mut power, mut base, mut left) = (1, number.rem_euclid(PRIME), PRIME - 2);
    while left > 0 {
        if left & 1 == 1 {
            power = power * base % PRIME;
        }
        base = base * base % PRIME;
        left >>= 1;
    }
    power
}

/// Brings rows into reduced form and gives them back, each with the place of its leading one.
fn reduced(mut rows: Vec<Vec<i128>>, width: usize) -> Vec<(usize, Vec<i128>)> {
    let mut done: Vec<(usize, Vec<i128>)> = Vec::new();
    for column in 0..width {
        let Some(place) = rows.iter().position(|row| row[column] != 0) else { continue };
        let mut lead = rows.swap_remove(place);
        let scale = inverse(lead[column]);
        lead.iter_mut().for_each(|cell| *cell = *cell * scale % PRIME);
        for row in rows.iter_mut().chain(done.iter_mut().map(|(_, row)| row)) {
            let factor = row[column];
            row.iter_mut()
                .zip(&lead)
                .for_each(|(cell, lead)| *cell = (*cell - factor * lead).rem_euclid(PRIME));
        }
        done.push((column, lead));
    }
    done
}

/// Which unknowns an attacker finds who knows every label and writes down every sum in the report: each table and
/// model comes to the total, and what is unattributed is the same in all of them.
fn found(full: &Report, shown: &Report) -> BTreeSet<Unknown> {
    let mut unknowns: BTreeMap<Unknown, usize> = BTreeMap::new();
    let mut equations: Vec<(Vec<usize>, i128)> = Vec::new();
    for totals in &shown.totals {
        let currency = totals.currency.unwrap();
        let mut number = |unknown: Unknown| {
            let next = unknowns.len();
            *unknowns.entry(unknown).or_insert(next)
        };
        for (table, whole) in shown.tables.iter().zip(&full.tables) {
            for (place, model) in shown.models.iter().enumerate() {
                let rows = |table: &clinch::Table| -> Vec<(String, i128)> {
                    let rows = table.rows.iter().filter(|row| row.currency == Some(currency));
                    rows.map(|row| (row.label.to_string(), minor(&row.models[place].value))).collect()
                };
                let seen: BTreeMap<String, i128> = rows(table).into_iter().collect();
                let hidden: Vec<String> = rows(whole)
                    .into_iter()
                    .map(|(label, _)| label)
                    .filter(|label| !seen.contains_key(label))
                    .collect();
                let mut terms: Vec<usize> = hidden
                    .into_iter()
                    .map(|label| number((format!("{} {currency}", table.by), model.clone(), label)))
                    .collect();
                if totals.unattributed_withheld && model != "participation" {
                    terms.push(number((currency.to_string(), String::new(), "unattributed".to_owned())));
                }
                if model == "participation" {
                    assert!(seen.get("withheld").is_none_or(|sum| *sum == 0), "nothing of it is shown");
                    continue;
                }
                if let Some(sum) = seen.get("withheld") {
                    equations.push((terms.clone(), *sum));
                }
                if model != "participation" {
                    let visible: i128 =
                        seen.iter().filter(|(label, _)| *label != "withheld").map(|(_, value)| value).sum();
                    let rest = minor(&totals.value) - minor(&totals.unattributed) - visible;
                    equations.push((terms, rest));
                }
            }
        }
    }
    let width = unknowns.len();
    let rows = equations.iter().map(|(terms, sum)| {
        let mut row = vec![0; width + 1];
        terms.iter().for_each(|term| row[*term] = 1);
        row[width] = sum.rem_euclid(PRIME);
        row
    });
    let names: BTreeMap<usize, &Unknown> = unknowns.iter().map(|(name, number)| (*number, name)).collect();
    let solved = reduced(rows.collect(), width);
    let fixed = solved.iter().filter(|(_, row)| row[..width].iter().filter(|cell| **cell != 0).count() == 1);
    fixed.map(|(column, _)| names[column].clone()).collect()
}

/// How many people a model gives something of whose conversions to a row.
fn people_behind(people: &[Person], asked: &Question) -> BTreeMap<Unknown, usize> {
    let mut behind: BTreeMap<Unknown, usize> = BTreeMap::new();
    for person in people {
        // Alone, a person has the same path: nobody shares anything.
        let mut alone = asked.clone();
        alone.min_group = 0;
        let report = tracker(std::slice::from_ref(person)).report(&alone).unwrap();
        for table in &report.tables {
            for row in &table.rows {
                for figure in row.models.iter().filter(|figure| figure.conversions != "0.000000000") {
                    let by = format!("{} {}", table.by, row.currency.unwrap());
                    *behind.entry((by, figure.model.clone(), row.label.to_string())).or_default() += 1;
                }
            }
        }
    }
    behind
}

fn person() -> impl Strategy<Value = Person> {
    let turns = proptest::collection::vec((0..5_u8, 0..3_u8), 0..4);
    proptest::collection::vec((turns, proptest::bool::weighted(0.2), 0..100_000_i64), 1..3)
}

fn cases() -> u32 {
    std::env::var("CLINCH_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(60)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn no_value_of_few_people_is_shown_or_follows(people in proptest::collection::vec(person(), 1..30), least in 2..6_u32) {
        let tracker = tracker(&people);
        let (full, shown) = (tracker.report(&question(0)).unwrap(), tracker.report(&question(least)).unwrap());
        assert_books_balance(&full);
        assert_books_balance(&shown);
        let behind = people_behind(&people, &question(least));
        for table in &shown.tables {
            for row in table.rows.iter().filter(|row| row.label.as_str() != "withheld") {
                for figure in &row.models {
                    let name = (format!("{} {}", table.by, row.currency.unwrap()), figure.model.clone(), row.label.to_string());
                    let count = behind.get(&name).copied().unwrap_or(0);
                    prop_assert!(count == 0 || count >= least as usize, "{:?} of {}\n{}", name, count, shown);
                }
            }
        }
        for values in &shown.overview.order_values {
            // Where these are shown, what touchpoints may claim is, too.
            let totals = shown.totals.iter().find(|totals| totals.currency == Some(values.currency)).unwrap();
            prop_assert!(!totals.unattributed_withheld && values.orders >= u64::from(least), "{}", shown);
        }
        for name in found(&full, &shown) {
            let count = behind.get(&name).copied().unwrap_or(0);
            prop_assert!(count == 0 || count >= least as usize, "{:?} of {} follows\n{}\n{}", name, count, full, shown);
        }
        // Shards that are merged say the same.
        let asked = question(least);
        let one = std::num::NonZeroU32::new(1).unwrap();
        let mut set = ReportSet::new(&asked, one);
        let _new = set.insert(ShardReport::new(0, one, &asked, 1, tracker.sums(&asked).unwrap()).unwrap()).unwrap();
        prop_assert_eq!(set.finish(&asked).unwrap(), shown);
    }
}

/// So many people with one order of so much behind one turn.
fn crowd(count: usize, topic: u8, channel: u8, minor: i64) -> Vec<Person> {
    vec![vec![(vec![(topic, channel)], false, minor)]; count]
}

fn rows(report: &Report, by: Dimension) -> BTreeMap<String, String> {
    let table = report.tables.iter().find(|table| table.by == by).unwrap();
    table.rows.iter().map(|row| (row.label.to_string(), row.models[0].value.clone())).collect()
}

fn map(rows: &[(&str, &str)]) -> BTreeMap<String, String> {
    rows.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_small_row_takes_the_smallest_large_one_with_it() {
    let people = [crowd(1, 1, 0, 900), crowd(5, 2, 0, 100), crowd(6, 3, 0, 100)].concat();
    let tracker = tracker(&people);
    let shown = tracker.report(&question(3)).unwrap();
    assert_eq!(rows(&shown, Dimension::Topic), map(&[("topic 3", "6.00"), ("withheld", "14.00")]));
    assert_eq!(rows(&shown, Dimension::Channel), map(&[("channel 0", "20.00")]));
    assert_eq!((shown.min_group, shown.tables[0].withheld_rows, shown.tables[1].withheld_rows), (3, 2, 0));
    assert!(shown.to_string().contains("withheld: what fewer than 3 people stand behind"));
    assert!(shown.asked.contains("min_group=3"));
    let full = tracker.report(&question(0)).unwrap();
    assert_eq!(rows(&full, Dimension::Topic)["topic 1"], "9.00");
    assert!(!full.asked.contains("min_group") && !full.to_string().contains("withheld"));
    assert_eq!(tracker.report(&question(1)).unwrap().tables[0].rows, full.tables[0].rows);
}

#[test]
fn what_is_unattributed_of_one_person_goes_with_a_row_of_every_table() {
    let people = [crowd(5, 1, 0, 100), crowd(4, 2, 1, 100), vec![vec![(vec![], false, 700)]]].concat();
    let shown = tracker(&people).report(&question(3)).unwrap();
    assert!(shown.totals[0].unattributed_withheld && shown.totals[0].reasons.is_empty());
    assert_eq!((shown.totals[0].value.as_str(), shown.totals[0].unattributed.as_str()), ("16.00", "0.00"));
    assert_eq!(rows(&shown, Dimension::Topic), map(&[("topic 1", "5.00"), ("withheld", "11.00")]));
    assert_eq!(rows(&shown, Dimension::Channel), map(&[("channel 0", "5.00"), ("withheld", "11.00")]));
    assert_eq!(rows(&shown, Dimension::Evidence), map(&[("withheld", "16.00")]));
    assert!(shown.overview.order_values.is_empty());
    assert_books_balance(&shown);
}

#[test]
fn a_currency_of_few_people_is_not_shown_at_all() {
    let mut people = crowd(5, 1, 0, 100);
    people.push(vec![(vec![(1, 0)], true, 4_200)]);
    let shown = tracker(&people).report(&question(3)).unwrap();
    assert_eq!((shown.totals.len(), shown.withheld_currencies), (1, 1));
    assert_eq!(rows(&shown, Dimension::Topic), map(&[("topic 1", "5.00")]));
    let told = format!("{shown} {}", serde_json::to_string(&shown).unwrap());
    assert!(!told.contains("USD") && !told.contains("42.00"), "{told}");
    // Of very few people altogether nothing is.
    let shown = tracker(&crowd(2, 1, 0, 100)).report(&question(3)).unwrap();
    assert!(shown.totals.is_empty() && shown.tables.iter().all(|table| table.rows.is_empty()));
    assert!(shown.overview.rates_withheld && shown.overview.queries.is_empty());
}

#[test]
fn several_rows_of_one_person_are_a_group_of_one() {
    let mut people = [crowd(5, 1, 0, 100), crowd(5, 4, 0, 100)].concat();
    people.push(vec![(vec![(2, 0), (3, 0)], false, 9_900)]);
    let shown = tracker(&people).report(&question(3)).unwrap();
    // Alone the two would come to the order of the one.
    let topics = rows(&shown, Dimension::Topic);
    assert_eq!(topics.len(), 2);
    assert_eq!(topics["withheld"], "104.00");
}

#[test]
fn the_attacker_finds_a_row_that_is_withheld_alone() {
    let people = [crowd(1, 1, 0, 900), crowd(5, 2, 0, 100)].concat();
    let full = tracker(&people).report(&question(0)).unwrap();
    let mut naive = full.clone();
    naive.tables[0].rows[0].label = "withheld".into();
    naive.tables[0].rows[0].models[3].value = "0.00".to_owned();
    let found = found(&full, &naive);
    assert!(
        found.contains(&("topic EUR".to_owned(), "linear".to_owned(), "topic 1".to_owned())),
        "{found:?}"
    );
}

#[test]
fn an_erased_order_of_few_is_not_shown_by_itself() {
    let people = [crowd(5, 1, 0, 100), crowd(4, 2, 1, 100), crowd(1, 1, 0, 9_900)].concat();
    let mut tracker = tracker(&people);
    tracker.erase(Who::visitor("visitor 9"), at(100_000)).unwrap();
    let shown = tracker.report(&question(3)).unwrap();
    assert_books_balance(&shown);
    let totals = &shown.totals[0];
    assert!(totals.unattributed_withheld && totals.erased.count == 0, "{shown}");
    assert_eq!((totals.value.as_str(), totals.erased.value.as_str()), ("108.00", "0.00"));
    assert_eq!(rows(&shown, Dimension::Topic), map(&[("topic 1", "5.00"), ("withheld", "103.00")]));
    assert!(!format!("{shown:?} {shown}").contains("99.00"));
    // Of many it stands by itself, and so it does where all are shown.
    for place in 5..8 {
        tracker.erase(Who::visitor(format!("visitor {place}")), at(100_000)).unwrap();
    }
    let shown = tracker.report(&question(3)).unwrap();
    assert_books_balance(&shown);
    assert_eq!((shown.totals[0].erased.count, shown.totals[0].erased.value.as_str()), (4, "102.00"));
    assert_eq!(tracker.report(&question(0)).unwrap().totals[0].erased.count, 4);
}

#[test]
fn a_query_that_one_buyer_asked_often_is_a_query_of_one_buyer() {
    let asking = |query: &str, who: &str, number: i64| -> Event {
        Event::query(format!("e{number}"), at(number), Who::visitor(who)).query(query).into()
    };
    let buying = |who: &str, number: i64| -> Event {
        let money = Money::new(100, "EUR".parse().unwrap());
        Event::order(format!("e{number}"), at(number), Who::visitor(who), format!("{number}"), money).into()
    };
    let mut events = Vec::new();
    for number in 0..4 {
        // One buys again and again; six ask and buy nothing.
        events.extend([asking("rare", "buyer", number * 10), buying("buyer", number * 10 + 1)]);
    }
    for number in 0..6 {
        let (idle, happy) = (format!("idle {number}"), format!("happy {number}"));
        for (place, query) in ["rare", "usual", "common"].into_iter().enumerate() {
            events.push(asking(query, &idle, 100 + number * 10 + place as i64));
        }
        for (place, query) in ["usual", "common"].into_iter().enumerate() {
            events.push(asking(query, &happy, 200 + number * 10 + place as i64));
        }
        events.extend([asking("usual", &happy, 205 + number * 10), buying(&happy, 206 + number * 10)]);
    }
    let mut tracker = Tracker::new(Key::new([7; 16]));
    tracker.extend(events).unwrap();
    let queries = |least: u32| -> Vec<(String, u64)> {
        let report = tracker.report(&question(least)).unwrap();
        report.overview.queries.iter().map(|query| (query.query.to_string(), query.conversions)).collect()
    };
    assert!(queries(0).contains(&("rare".to_owned(), 4)));
    // What goes with it, so that it does not follow from all turns, is the smaller one of the others.
    assert_eq!(queries(3), [("usual".to_owned(), 6)]);
}
