//! Money: reading, printing and splitting, each against a slow reference that shares no code with the library.

use std::collections::BTreeSet;

use clinch::{Currency, ErrorKind, Money, apportion};
use proptest::prelude::*;

fn currency(code: &str) -> Currency {
    code.parse().unwrap()
}

/// Hands out whole shares first, then one unit at a time to whoever is owed most, the earlier first.
fn slow_split(total: i64, weights: &[u64]) -> Vec<i64> {
    let sum: i64 = weights.iter().map(|weight| *weight as i64).sum();
    let size = total.abs();
    let mut parts: Vec<i64> = weights.iter().map(|weight| size * *weight as i64 / sum).collect();
    let owed = |parts: &[i64], i: usize| size * weights[i] as i64 - parts[i] * sum;
    while parts.iter().sum::<i64>() < size {
        let mut most = 0;
        for i in 1..parts.len() {
            if owed(&parts, i) > owed(&parts, most) {
                most = i;
            }
        }
        parts[most] += 1;
    }
    parts.into_iter().map(|part| part * total.signum()).collect()
}

/// All vectors of `len` weights from 0 to 6.
fn weight_vectors(len: u32) -> impl Iterator<Item = Vec<u64>> {
    (0..7_u64.pow(len)).map(move |number| (0..len).map(|place| number / 7_u64.pow(place) % 7).collect())
}

#[test]
fn all_small_splits_are_exact_fair_and_tied_to_the_earlier() {
    let mut splits = 0;
    for weights in (1..=4).flat_map(weight_vectors) {
        let sum: i64 = weights.iter().map(|weight| *weight as i64).sum();
        for total in -200..=200 {
            if sum == 0 {
                assert_eq!(apportion(total, &weights).is_ok(), total == 0);
                continue;
            }
            let parts = apportion(total, &weights).unwrap();
            assert_eq!(parts.iter().sum::<i64>(), total, "{total} over {weights:?}");
            for (part, weight) in parts.iter().zip(&weights) {
                let (exact, held) = (total * *weight as i64, part * sum);
                assert!((exact - held).abs() < sum, "{total} over {weights:?}: {parts:?}");
                assert!(*weight > 0 || *part == 0, "{total} over {weights:?}: {parts:?}");
            }
            assert_eq!(parts, slow_split(total, &weights), "{total} over {weights:?}");
            splits += 1;
        }
    }
    // 7 + 49 + 343 + 2401 vectors less the four of zeros, times 401 totals.
    assert_eq!(splits, (2_800 - 4) * 401);
}

#[test]
fn known_splits_come_out_to_the_cent() {
    for (total, weights, parts) in [
        (14_000, vec![1, 1, 1], vec![4_667, 4_667, 4_666]),
        (6_650, vec![1, 1], vec![3_325, 3_325]),
        (5, vec![3, 7], vec![2, 3]),
        (1, vec![1, 1], vec![1, 0]),
        (-1, vec![1, 1], vec![-1, 0]),
        (100, vec![0, 1, 0], vec![0, 100, 0]),
        (0, vec![1, 2], vec![0, 0]),
        (9_999, vec![4, 2, 4], vec![4_000, 2_000, 3_999]),
    ] {
        assert_eq!(apportion(total, &weights).unwrap(), parts, "{total} over {weights:?}");
    }
}

#[test]
fn what_cannot_be_split_is_refused_by_name() {
    assert!(matches!(apportion(1, &[]).unwrap_err().kind(), ErrorKind::NoWeight));
    assert!(matches!(apportion(-1, &[0, 0]).unwrap_err().kind(), ErrorKind::NoWeight));
    assert_eq!(apportion(0, &[0, 0]).unwrap(), [0, 0]);
    assert_eq!(apportion(0, &[]).unwrap(), [0_i64; 0]);
    assert!(matches!(apportion(1, &[(1 << 53) + 1]).unwrap_err().kind(), ErrorKind::WeightTooLarge));
    assert_eq!(apportion(7, &[1 << 53]).unwrap(), [7]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn large_splits_sum_exactly_and_stay_within_a_unit(
        total: i64,
        weights in prop::collection::vec(prop_oneof![0_u64..=3, 0..=1_u64 << 53], 1..40),
    ) {
        let sum: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
        prop_assume!(sum > 0);
        let parts = apportion(total, &weights).unwrap();
        prop_assert_eq!(parts.iter().map(|part| i128::from(*part)).sum::<i128>(), i128::from(total));
        for (part, weight) in parts.iter().zip(&weights) {
            let exact = i128::from(total) * i128::from(*weight);
            prop_assert!((exact - i128::from(*part) * sum).abs() < sum);
        }
    }

    #[test]
    fn every_amount_prints_and_reads_back(minor: i64, code in prop::sample::select(vec!["EUR", "JPY", "KWD", "CLF"])) {
        let money = Money::new(minor, currency(code));
        prop_assert_eq!(Money::parse(&money.amount(), currency(code)).unwrap(), money);
        let written = serde_json::to_string(&money).unwrap();
        prop_assert_eq!(serde_json::from_str::<Money>(&written).unwrap(), money);
    }
}

/// All texts of up to `longest` characters over `alphabet`.
fn texts(alphabet: &[char], longest: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut from = 0;
    for _ in 0..longest {
        let upto = all.len();
        for i in from..upto {
            all.extend(alphabet.iter().map(|c| format!("{}{c}", all[i])).collect::<Vec<_>>());
        }
        from = upto;
    }
    all
}

/// Minor units by the grammar `-? digit+ ( . digit{1,exponent} )?`, with the digits counted up one by one.
fn slow_parse(text: &str, exponent: usize) -> Option<i64> {
    let (sign, unsigned) = text.strip_prefix('-').map_or((1, text), |unsigned| (-1, unsigned));
    let parts: Vec<&str> = unsigned.split('.').collect();
    let plain = |part: &str| !part.is_empty() && part.chars().all(|c| "0123456789".contains(c));
    let fraction = match parts[..] {
        [whole] if plain(whole) => "",
        [whole, fraction] if plain(whole) && plain(fraction) && fraction.len() <= exponent => fraction,
        _ => return None,
    };
    let digits = format!("{}{fraction:0<exponent$}", parts[0]);
    Some(sign * digits.chars().fold(0, |sum, c| sum * 10 + "0123456789".find(c).unwrap() as i64))
}

#[test]
fn all_short_texts_read_as_the_grammar_says() {
    let texts = texts(&['0', '1', '9', '.', '-', '+'], 6);
    assert_eq!(texts.len(), 1 + 6 + 36 + 216 + 1_296 + 7_776 + 46_656);
    for (code, exponent) in [("JPY", 0), ("EUR", 2), ("KWD", 3), ("CLF", 4)] {
        let mut amounts = BTreeSet::new();
        for text in &texts {
            let read = Money::parse(text, currency(code)).ok().map(Money::minor);
            assert_eq!(read, slow_parse(text, exponent), "{text:?} in {code}");
            amounts.extend(read);
        }
        assert!(amounts.len() > 500, "{code}");
    }
}

#[test]
fn currencies_agree_with_an_independent_table() {
    use iso_currency::IntoEnumIterator;
    // Codes that have no minor unit at all (metals, units of account, the test code): ours count whole units.
    let exponents =
        |theirs: iso_currency::Currency| (theirs.code().to_owned(), theirs.exponent().unwrap_or(0));
    let theirs: BTreeSet<(String, u16)> = iso_currency::Currency::iter().map(exponents).collect();
    let row = |currency: Currency| (currency.code().to_owned(), u16::from(currency.exponent()));
    let ours: BTreeSet<(String, u16)> = Currency::all().map(row).collect();

    let names = |rows: Vec<&(String, u16)>| {
        rows.iter().map(|(code, exponent)| format!("{code}{exponent}")).collect::<Vec<_>>()
    };
    assert_eq!(names(ours.difference(&theirs).collect()), ONLY_OURS);
    assert_eq!(names(theirs.difference(&ours).collect()), ONLY_THEIRS);
    assert!(ours.intersection(&theirs).count() > 150);
}

/// Codes withdrawn in or after 2011, which iso_currency 0.7 lacks and which old orders still name.
const ONLY_OURS: [&str; 9] = ["ANG2", "BYR0", "EEK2", "LTL2", "LVL2", "MRO2", "STD2", "VEF2", "ZMK2"];
/// Rows of iso_currency 0.7 that we lack.
const ONLY_THEIRS: [&str; 0] = [];
