//! Personal text is taken out of texts and links, and nothing else is.

use std::borrow::Cow;

use clinch::scrub::{self, Personal, Scrubbed};
use proptest::prelude::*;

fn told(scrubbed: &Scrubbed<'_>) -> Vec<(Personal, u32)> {
    scrubbed.found.iter().collect()
}

#[test]
fn each_kind_is_found_as_it_is_written() {
    use Personal::{Card, Email, Iban, Phone, Secret};
    for (kind, text) in [
        (Email, "ann@mail.example"),
        (Email, "Ann.Smith+shop@mail.shop-one.example"),
        (Email, "ann%40mail.example"),
        (Email, "j\u{f6}rg@b\u{fc}cher.example"),
        (Email, "ann\u{ff20}mail.example"),
        (Card, "4111111111111111"),
        (Card, "4111 1111 1111 1111"),
        (Card, "5555-5555-5555-4444"),
        (Card, "3782 822463 10005"),
        (Card, "\u{ff14}111111111111111"),
        (Iban, "DE89370400440532013000"),
        (Iban, "DE89 3704 0044 0532 0130 00"),
        (Iban, "gb29 nwbk 6016 1331 9268 19"),
        (Phone, "+49 170 1234567"),
        (Phone, "+1 (555) 123-4567"),
        (Phone, "(555) 123-4567"),
        (Phone, "555.123.4567"),
        (Phone, "0170/1234567"),
        (Phone, "06 12 34 56 78"),
        (Phone, "0049 30 123456"),
        (Phone, "13800138000"),
        (Phone, "98765 43210"),
        (Phone, "4111 1111 1111 1112"),
        (Phone, "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}\u{667}\u{668}\u{669}\u{660}"),
        (Secret, "sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
        (Secret, "550e8400-e29b-41d4-a716-446655440000"),
        (Secret, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"),
        (Secret, "d41d8cd98f00b204e9800998ecf8427e"),
        (Secret, "abc/def+q6Zt1v9Kw3Xy7Bn5Lm2Pa8Rs4T=="),
    ] {
        for (before, behind) in
            [("", ""), ("it is ", " please"), ("(", ")"), ("\u{2192}", ", ok"), ("\"", "\".")]
        {
            let whole = format!("{before}{text}{behind}");
            let scrubbed = scrub::text(&whole);
            assert_eq!(scrubbed.text, format!("{before}({kind}){behind}"), "{whole}");
            assert_eq!(told(&scrubbed), [(kind, 1)], "{whole}");
        }
    }
    for (text, left) in [
        ("password: hunter2, thanks", "password: (secret), thanks"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer (secret)"),
        ("cvc = 123", "cvc = (secret)"),
        ("x-api-key: abc", "x-api-key: (secret)"),
        ("aws_secret_access_key=wJalr/K7MD", "aws_secret_access_key=(secret)"),
        ("resetToken=abc my-password = hunter2", "resetToken=(secret) my-password = (secret)"),
        ("mailto:ann@mail.example?subject=hi", "mailto:(email)?subject=hi"),
        ("a@b.example,c@d.example", "(email),(email)"),
        ("card 4111 1111 1111 1111 phone 0170 1234567", "card (card) phone (phone)"),
        ("4111 1111 1111 1111 5555 5555 5555 4444", "(card) (card)"),
    ] {
        assert_eq!(scrub::text(text).text, left);
    }
}

#[test]
fn what_is_not_personal_stays_as_it_is_and_is_not_copied() {
    for text in [
        "",
        "do you have this in blue, size 42?",
        "where is order 100042 of 2026-03-01 10:30, paid 1.234,56 EUR?",
        "from 01.03.2026 to 31.03.2026",
        "sku AB12345678901234",
        "follow @clinch or me@home",
        "size-42-in-blue-100-cotton-for-my-grandmother",
        "internationalisationsframework",
        "token ring and password managers",
        "price: 12345678",
        "bowling-pin: 3 EUR, training-session: 9 am",
        "monkey: 3, brokentoken: 4",
        "@.@..@ %40 ((( +++ ---",
    ] {
        let scrubbed = scrub::text(text);
        assert!(matches!(scrubbed.text, Cow::Borrowed(same) if same == text), "{text}: {scrubbed:?}");
        assert!(scrubbed.found.is_empty() && scrubbed.found.total() == 0);
    }
}

#[test]
fn links_are_read_decoded_and_by_name() {
    for (link, left) in [
        ("https://shop.example/p/1?size=42#top", "https://shop.example/p/1?size=42#top"),
        ("https://shop.example/?mail=ann%40mail.example&x=1", "https://shop.example/?mail=(email)&x=1"),
        ("https://shop.example/?utm_content=ann%40mail.example", "https://shop.example/?utm_content=(email)"),
        ("https://shop.example/?q=hi%20ann%2540mail.example", "https://shop.example/?q=hi%20(email)"),
        ("https://shop.example/?q=call+0170+1234567", "https://shop.example/?q=call%20(phone)"),
        ("https://shop.example/?q=%2B49170123456", "https://shop.example/?q=(phone)"),
        ("https://shop.example/?to=+49170123456", "https://shop.example/?to=%20(phone)"),
        ("https://shop.example/u/ann@mail.example/orders", "https://shop.example/u/(email)/orders"),
        (
            "https://shop.example/cb#access_token=abc&state=x",
            "https://shop.example/cb#access_token=(secret)&state=x",
        ),
        ("https://u:p@shop.example/", "https://(secret)@shop.example/"),
        ("//u@shop.example", "//(secret)@shop.example"),
        ("/p/1?SID=42&sid=&x", "/p/1?SID=(secret)&sid=&x"),
        (
            "/p?user%5Bpassword%5D=x&accessToken=y&reset-token=z&sort_key=price",
            "/p?user%5Bpassword%5D=(secret)&accessToken=(secret)&reset-token=(secret)&sort_key=price",
        ),
        ("?to=https%3A%2F%2Fa.example%2F%3Ftoken%3Dabc", "?to=https%3A%2F%2Fa.example%2F%3Ftoken%3D(secret)"),
        ("/%2525252525", "/(secret)"),
        (
            "https://shop.example/?utm_id=q6Zt1v9Kw3Xy7Bn5Lm2Pa8Rs4T&clq=7zk3q9t4m2d0x5wa7zk3q9t4m2",
            "https://shop.example/?utm_id=q6Zt1v9Kw3Xy7Bn5Lm2Pa8Rs4T&clq=7zk3q9t4m2d0x5wa7zk3q9t4m2",
        ),
        ("", ""),
    ] {
        let scrubbed = scrub::url(link);
        assert_eq!(scrubbed.text, left);
        assert_eq!(scrubbed.found.is_empty(), link == left && matches!(scrubbed.text, Cow::Borrowed(_)));
    }
}

#[test]
fn found_says_how_many_and_never_what() {
    let scrubbed = scrub::text("ann@mail.example bob@mail.example 4111111111111111");
    assert_eq!(serde_json::to_string(&scrubbed.found).unwrap(), "[2,0,1,0,0]");
    assert!(!format!("{scrubbed:?}").contains("ann"));
    assert_eq!(Personal::ALL.map(Personal::name), ["email", "iban", "card", "phone", "secret"]);
}

/// Text in which personal parts, near misses and separators stand close together.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ a-z0-9@.+/()%=:_-]{0,12}",
        "[0-9]{1,20}",
        "[0-9 .()+-]{1,24}",
        "\\PC{0,6}",
        proptest::sample::select(
            &[
                "ann@mail.example",
                "%40",
                "%2540",
                "4111 1111 1111 1111",
                "+49 170 1234567",
                "DE89370400440532013000",
                "password:",
                "token=",
                "bearer ",
                "(email)",
                "(card)",
                "550e8400-e29b-41d4-a716-446655440000",
                "sk_live_",
                "q6Zt1v9Kw3Xy7Bn5Lm2Pa8Rs4T",
                "https://",
                "?",
                "&",
                "#",
                "0",
                "\u{661}",
            ][..]
        )
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn cases() -> u32 {
    std::env::var("CLINCH_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2_000)
}

/// The numbers and addresses that a scrubbed text must not hold, looked for by another way: all windows of digits.
fn has_bare_card(text: &str) -> bool {
    if !text.is_ascii() {
        return false;
    }
    let bytes = text.as_bytes();
    let is_digit = |place: usize| bytes.get(place).is_some_and(u8::is_ascii_digit);
    (0..bytes.len()).any(|start| {
        let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if start > 0 && is_digit(start - 1)
            || !(13..=19).contains(&length)
            || !(b'2'..=b'6').contains(&bytes[start])
        {
            return false;
        }
        let mut sum = 0;
        for (place, byte) in bytes[start..start + length].iter().rev().enumerate() {
            let digit = u32::from(byte - b'0');
            sum += if place % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { digit };
        }
        sum % 10 == 0
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn scrubbing_twice_finds_nothing_more(text in hostile()) {
        for scrub in [scrub::text, scrub::url] {
            let once = scrub(&text);
            let twice = scrub(&once.text);
            prop_assert_eq!(&twice.text, &once.text, "{}", text);
            prop_assert!(twice.found.is_empty(), "{} -> {}: {:?}", text, once.text, twice.found);
        }
    }

    #[test]
    fn what_is_counted_is_what_was_replaced(text in hostile()) {
        let scrubbed = scrub::text(&text);
        prop_assert_eq!(matches!(scrubbed.text, Cow::Borrowed(_)), scrubbed.found.is_empty());
        let marks = |text: &str| Personal::ALL.map(|kind| text.matches(&format!("({kind})")).count()).iter().sum::<usize>();
        prop_assert!(marks(&scrubbed.text) <= marks(&text) + scrubbed.found.total() as usize);
        prop_assert!(!has_bare_card(&scrubbed.text), "{}", scrubbed.text);
    }

    /// Whatever stands around them, addresses and numbers with spaces around them are gone.
    #[test]
    fn planted_ones_are_gone(before in hostile(), behind in hostile(), name in "[a-z]{3,8}[0-9]{2}", number in 1_000_000..9_999_999_u32) {
        let text = format!("{before} {name}@mail.example ; +49 171 {number} ; {behind}");
        for scrub in [scrub::text, scrub::url] {
            let left = scrub(&text).text.into_owned();
            prop_assert!(!left.contains(&format!("{name}@")) && !left.contains(&number.to_string())
                || before.contains(&name) || before.contains(&number.to_string())
                || behind.contains(&name) || behind.contains(&number.to_string()), "{text} -> {left}");
        }
    }
}

/// Set for the child process that valgrind watches: which text, and how long.
const CHILD: &str = "CLINCH_SCRUB";

/// Texts that invite looking at the same bytes again and again.
const LONG: [&str; 10] = [
    "@",
    "a@",
    "a@b.",
    "1 ",
    "4111 1111 1111 1111 ",
    "DE89 3704 ",
    "%25",
    "token:",
    "a-b_c+d/e=",
    "0170-1234567/",
];

#[test]
fn child_scrubs() {
    let Ok(text) = std::env::var(CHILD) else { return };
    let (which, length) = text.split_once(' ').expect("which and how long");
    let piece = LONG[which.parse::<usize>().expect("a number")];
    let text = piece.repeat(length.parse::<usize>().expect("a length") / piece.len());
    println!("{} found", scrub_both(&text));
}

/// What is counted.
#[inline(never)]
fn scrub_both(text: &str) -> u32 {
    scrub::text(text).found.total() + scrub::url(text).found.total()
}

#[test]
fn twice_the_text_takes_twice_the_instructions() {
    if std::process::Command::new("valgrind").arg("--version").output().is_err() {
        println!("skipped: valgrind is not installed");
        return;
    }
    let count = |which: usize, length: usize| -> u64 {
        let output = std::process::Command::new("valgrind")
            .args(["--tool=callgrind", "--toggle-collect=*scrub_both*", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe().expect("this test"))
            .args(["--exact", "child_scrubs", "--test-threads=1"])
            .env(CHILD, format!("{which} {length}"))
            .output()
            .expect("valgrind runs");
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        let counted = log.lines().find_map(|line| line.split_once("Collected :")).expect("a count");
        counted.1.trim().parse().expect("a number")
    };
    let which = if std::env::var("CLINCH_CASES").is_ok() { 0..LONG.len() } else { 4..7 };
    for place in which {
        let (one, two) = (count(place, 20_000), count(place, 40_000));
        let ratio = two as f64 / one as f64;
        println!("{:24} {two:>10} {ratio:.2}", LONG[place]);
        assert!(one > 20_000, "something was counted: {one}");
        assert!(ratio < 2.3, "{}: {ratio:.2} times as much for twice the text", LONG[place]);
    }
}
