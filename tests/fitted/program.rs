//! `examples/paths.rs`, run as a user runs it.

use serde_json::Value;

use crate::example::{printed, run};
use crate::*;

const TABLE: &str = "path,conversions,value,nulls\n\
    C1 > C2>C3 ,1,10,\n\
    C1,0,,1\n\
    \"C2>C3\",0,0,1\n";

fn json(arguments: &[&str], input: &str) -> Value {
    let arguments: Vec<&str> = ["--json"].iter().chain(arguments).copied().collect();
    serde_json::from_str(&printed("paths", &arguments, input.as_bytes())).unwrap()
}

#[track_caller]
fn refused(arguments: &[&str], input: &str) -> String {
    let output = run("paths", arguments, input.as_bytes());
    assert!(!output.status.success(), "{arguments:?} went well");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[track_caller]
fn assert_number(found: &Value, expected: f64) {
    assert_close(found.as_f64().unwrap_or_else(|| panic!("{found} is no number")), expected, 1e-9);
}

#[test]
fn json_has_models_labels_and_removal_effects() {
    let found = json(&["--model", "markov:1", "--model", "linear,markov:3"], TABLE);
    let keys: Vec<&String> = found.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["linear", "markov:1", "markov:3", "removal_effects"]);
    for (label, credit, effect) in [("C1", 0.2, 0.5), ("C2", 0.4, 1.0), ("C3", 0.4, 1.0)] {
        assert_number(&found["markov:1"][label]["conversions"], credit);
        assert_number(&found["markov:1"][label]["value"], credit * 10.0);
        assert_number(&found["removal_effects"]["markov:1"][label]["conversions"], effect);
        assert_number(&found["removal_effects"]["markov:1"][label]["value"], effect);
        assert_number(&found["markov:3"][label]["conversions"], 1.0 / 3.0);
        assert_number(&found["linear"][label]["value"], 10.0 / 3.0);
    }
}

#[test]
fn more_shows_the_matrix_and_the_totals() {
    let found = json(&["--model=markov", "--more"], TABLE);
    assert_number(&found["conversion_probability"]["markov"], 1.0 / 3.0);
    let matrix = found["transition_matrix"]["markov"].as_array().unwrap();
    let step = matrix.iter().find(|step| step["from"] == "C1" && step["to"] == "C2").unwrap();
    assert_number(&step["probability"], 0.5);
    assert_number(&found["status"]["markov"]["total"]["nulls"], 2.0);
}

#[test]
fn shapley_is_told_in_the_units_of_its_game() {
    let input = "path,conversions,nulls\nA,4,6\nB,2,8\nA>B,6,4\nA>B>C,3,1\nC,0,10\n";
    let found = json(&["--model=shapley,shapley:on_exactly,shapley:rate,shapley:ordered"], input);
    for (model, expected) in [
        ("shapley", [8.0, 6.0, 1.0]),
        ("shapley:on_exactly", [3.0, 2.0, -2.0]),
        ("shapley:rate", [0.45, 0.35, -0.05]),
        ("shapley:ordered", [8.0, 6.0, 1.0]),
    ] {
        for (label, expected) in ["A", "B", "C"].iter().zip(expected) {
            assert_number(&found[model][label]["conversions"], expected);
        }
    }
    let positions = &found["shapley:ordered"]["B"]["positions"];
    assert_number(&positions[0]["conversions"], 2.0);
    assert_number(&positions[1]["conversions"], 4.0);
    assert_eq!(found["removal_effects"], serde_json::json!({}));
}

#[test]
fn an_order_left_to_the_table_shows_its_evidence() {
    let input = "path,conversions,nulls\na>b,500,0\nc>b,0,500\n";
    let found = json(&["--model=markov:auto,markov:2", "--more"], input);
    assert_eq!(found["markov:auto"], found["markov:2"]);
    let choice = &found["order_choice"]["markov:auto"];
    assert_eq!(choice["order"], 2);
    assert_eq!(choice["evidence"].as_array().unwrap().len(), 4);
    let text = printed("paths", &["--model=markov:auto"], input.as_bytes());
    assert!(text.contains("bits a journey"), "{text}");
}

#[test]
fn text_shows_credits_and_effects() {
    let text = printed("paths", &["--model", "markov:1", "--more"], TABLE.as_bytes());
    let row = text.lines().find(|line| line.starts_with("C1")).unwrap();
    assert_eq!(
        row.split_whitespace().collect::<Vec<_>>(),
        ["C1", "0.200000", "2.000000", "0.500000", "0.500000"]
    );
    assert!(text.contains("P(conversion) 0.333333"), "{text}");
    assert!(text.lines().any(|line| line.split_whitespace().eq(["C3", "(null)", "0.500000"])), "{text}");
}

#[test]
fn columns_and_separators_go_by_other_names() {
    let names =
        "total_null;total_conversion_value;total_conversions;path\n1;0;0;C1\n0;10;1;C1-C2-C3\n1;0;0;C2-C3\n";
    let expected = json(&[], TABLE);
    assert_eq!(json(&["--separator", "-", "--delimiter", ";"], names), expected);
    let own = "way\tsold\tlost\nC1\t0\t1\nC1 / C2 / C3\t1\t0\nC2 / C3\t0\t1\n";
    let flags = [
        "--separator=/",
        "--delimiter=tab",
        "--path=way",
        "--conversions=sold",
        "--nulls=lost",
        "--model=markov",
    ];
    let found = json(&flags, own);
    assert_number(&found["markov"]["C2"]["conversions"], 0.4);
    assert_number(&found["markov"]["C2"]["value"], 0.0);
}

#[test]
fn rows_may_repeat_and_nulls_may_be_missing() {
    let found = json(&["--model=markov"], "path,conversions\na>b,1\nb,2\na>b,1\n");
    let once = json(&["--model=markov"], "path,conversions,nulls\nb,2,\na>b,2,NA\n");
    assert_eq!(found, once);
    assert_number(&found["markov"]["b"]["conversions"], 8.0 / 3.0);
}

#[test]
fn labels_keep_their_case_and_their_quotes() {
    let input = "path,conversions\n\"Say \"\"hi\"\", a>A\",1\na,1\n";
    let found = json(&["--model=linear"], input);
    let labels: Vec<&String> = found["linear"].as_object().unwrap().keys().collect();
    assert_eq!(labels, ["A", "Say \"hi\", a", "a"]);
}

/// As spreadsheets, R and old systems write them.
#[test]
fn tables_come_in_many_forms() {
    let expected =
        json(&["--model=markov:2,linear"], "path,conversions,value,nulls\na > b,1,10,2\nb,2,5.5,0\n");
    for form in [
        "\u{feff}path,conversions,value,nulls\r\na > b,1,10,2\r\nb,2,5.5,0\r\n",
        "\u{feff}\"path\",\"conversions\",\"value\",\"nulls\"\r\n\"a>b\",\"1\",\"10\",\"2\"\r\n\"b\",\"2\",\"5.5\",\"\"",
        "path,conversions,value,nulls\ra > b,1,10,2\rb,2,5.5,0\r",
        "\n\npath,conversions,value,nulls\n\n  a  >  b  , 1 ,1e1, 2\nb,+2,5.50,NA\n\n",
        "x,nulls,value,conversions,path\nq,2,10,1,a > b\n,0,5.5,2.,b\n",
        "path,conversions,value,nulls\na > b,1,10,1\nb,1,2.75,\na > b,0,0,1\nb,1.0,2.75,0\n",
    ] {
        assert_eq!(json(&["--model=markov:2,linear"], form), expected, "{form:?}");
    }
    let arrows = "path,conversions,value,nulls\na -> b,1,10,2\nb,2,5.5,0\n";
    assert_eq!(json(&["--model=markov:2,linear", "--sep", "->"], arrows), expected);
}

/// Sums beyond 2^53 stay exact; what no float holds exactly is refused, and so are sums of 10^20.
#[test]
fn huge_counts_are_exact_or_refused() {
    let most =
        "path,conversions,value,nulls\na>b,9007199254740991,9007199254740991,0\nb,9007199254740991,1,0\n";
    let found = json(&["--model=markov,shapley"], most);
    let number = |model: &str, label: &str| found[model][label]["conversions"].as_f64().unwrap();
    let all = 2.0 * 9_007_199_254_740_991.0;
    assert_close(number("markov", "a") / all, 1.0 / 3.0, 1e-15);
    assert_close(number("shapley", "a") / all, 0.25, 1e-15);
    let head = "path,conversions\n";
    assert!(refused(&[], &format!("{head}a,9007199254740992\n")).contains("below 2^53"));
    let many = format!("{head}{}", "a>b>c,9007199254740991\n".repeat(6_000));
    assert!(refused(&[], &many).contains("reach 10^20"));
}

#[test]
fn edges_are_defined() {
    let all = |input: &str| json(&[], &format!("path,conversions,value,nulls\n{input}"));
    let number = |found: &Value, model: &str, label: &str| found[model][label]["conversions"].as_f64();
    for model in ["linear", "markov:1", "markov:2", "markov:3"] {
        // One label gets everything, nulls or not, however often it repeats.
        let single = all("a,2,5,3\na>a>a,1,,\n");
        assert_close(number(&single, model, "a").unwrap(), 3.0, 1e-12);
        assert_close(single[model]["a"]["value"].as_f64().unwrap(), 5.0, 1e-12);
        // Nothing converted: everybody has nothing.
        assert_eq!(number(&all("a>b,0,0,3\n"), model, "b"), Some(0.0));
        // A label of null paths alone is there, with nothing.
        let silent = all("a,1,1,0\nb>c,0,0,3\n");
        assert_eq!((number(&silent, model, "c"), number(&silent, model, "a")), (Some(0.0), Some(1.0)));
        // A million journeys of one path are like one.
        let million = all("a>b>a,1000000,2500000,0\n");
        let once = all("a>b>a,1,2.5,0\n");
        let [million, once] = [million, once].map(|found| number(&found, model, "a").unwrap());
        assert_close(million, once * 1e6, 1e-6);
        // Journeys may be parts of one.
        assert_close(
            number(&all("a>b,0.5,,0.5\nb,1.5,,\n"), model, "b").unwrap(),
            number(&all("a>b,1,,1\nb,3,,\n"), model, "b").unwrap() / 2.0,
            1e-12,
        );
    }
    let none = all("");
    assert_eq!(none["markov:1"], serde_json::json!({}));
    // Nothing to say of effects where nothing converted.
    assert_eq!(all("a>b,0,0,3\n")["removal_effects"]["markov:1"]["a"]["conversions"], Value::Null);
}

#[test]
fn conversions_without_a_label_are_credited_to_nothing() {
    let output = run(
        "paths",
        &["--json", "--more", "--model=linear,markov"],
        b"path,conversions,value\na,2,10\n,1,7\nb,0,3\n",
    );
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    for model in ["linear", "markov"] {
        assert_number(&found[model]["a"]["conversions"], 2.0);
        assert_number(&found[model]["a"]["value"], 10.0);
        assert_number(&found["status"][model]["unattributed"]["conversions"], 1.0);
        assert_number(&found["status"][model]["unattributed"]["value"], 10.0);
    }
    assert!(String::from_utf8(output.stderr).unwrap().contains("credited to no label"));
}

#[test]
fn errors_name_line_and_way_out() {
    let head = "path,conversions,value,nulls\n";
    for (input, parts) in [
        (format!("{head}a,1,1,1\na,x,1,1\n"), ["line 3", "conversions `x` is not a number"]),
        (format!("{head}a,-1,1,1\n"), ["line 2", "conversions of -1"]),
        (format!("{head}a,1,inf,1\n"), ["line 2", "value of inf"]),
        (format!("{head}a>>b,1,1,1\n"), ["line 2", "label 2 of the path `a>>b` is empty"]),
        (format!("{head}a,1,1\n"), ["line: 2", "3 fields"]),
        ("route,conversions\na,1\n".to_owned(), ["no column `path`", "--path"]),
        ("path,sold\na,1\n".to_owned(), ["no column `conversions`, only path, sold", "--conversions"]),
        (String::new(), ["standard input", "empty"]),
    ] {
        let error = refused(&["--json"], &input);
        parts.iter().for_each(|part| assert!(error.contains(part), "{part}: {error}"));
    }
    for (arguments, part) in [
        (["--model", "markov:5"], "order 5"),
        (["--model", "markow"], "`markow` is no model"),
        (["--model", "time_decay"], "needs the times"),
        (["--value", "price"], "no column `price`, only path"),
        (["--separator", ""], "separator is empty"),
        (["--delimiter", "ab"], "one character"),
        (["--frobnicate", "x"], "unknown option --frobnicate"),
        (["--json=1", "-"], "takes no value"),
        (["no such file.csv", "-"], "no such file.csv"),
    ] {
        let error = refused(&arguments, TABLE);
        assert!(error.contains(part), "{part}: {error}");
    }
}
