//! Codes: none can be forged, none collides, and mangled ones come back or are refused as listed.

use std::collections::HashSet;

use clinch::link::signer::{CodeForm, CodeKey, CodeRefusal, Signer};
use clinch::link::{Code, LinkError, Tagger, carrier, code, read};

fn key(seed: u8) -> CodeKey {
    CodeKey::new(&[seed; 32]).expect("32 bytes")
}

fn signer() -> Signer {
    Signer::new(key(7))
}

/// Fifty codes of all four kinds.
fn fifty() -> Vec<(Signer, Code)> {
    let mut long = signer();
    long.form(CodeForm::Long);
    (0..50)
        .map(|at| {
            let signer = if at % 2 == 0 { signer() } else { long.clone() };
            let code = match at % 4 {
                0 | 1 => signer.from_counter(at * 1_000_003).expect("small"),
                _ => signer.from_id(&format!("turn-{at}")),
            };
            (signer, code)
        })
        .collect()
}

#[test]
fn every_one_character_change_of_fifty_codes_is_refused() {
    let mut changes = 0;
    for (signer, code) in fifty() {
        let text = code.as_str();
        assert!(signer.check(text).is_ok());
        for at in 0..text.len() {
            for byte in b' '..=b'~' {
                let mut changed = text.to_owned();
                changed.replace_range(at..=at, &char::from(byte).to_string());
                // Case and look-alikes are read as the same symbol; everything else must be refused.
                if code::fold(&changed).as_deref() == Some(text) {
                    assert_eq!(signer.check(&changed).expect("the same code").code(), &code);
                    continue;
                }
                assert!(signer.check(&changed).is_err(), "{changed} for {text}");
                changes += 1;
            }
        }
    }
    println!("{changes} changes refused");
    assert!(changes > 100_000, "{changes}");
}

#[test]
fn every_dropped_doubled_or_swapped_character_is_refused() {
    for (signer, code) in fifty() {
        let text = code.as_str();
        for at in 0..text.len() {
            let (head, tail) = text.split_at(at);
            let dropped = format!("{head}{}", &tail[1..]);
            let doubled = format!("{head}{}{tail}", &tail[..1]);
            assert!(signer.check(&dropped).is_err() && signer.check(&doubled).is_err());
            if tail.len() > 1 && tail[..1] != tail[1..2] {
                let swapped = format!("{head}{}{}{}", &tail[1..2], &tail[..1], &tail[2..]);
                assert!(signer.check(&swapped).is_err());
            }
        }
    }
}

#[test]
fn one_million_codes_are_distinct_and_lead_back() {
    let signer = signer();
    let mut bodies = HashSet::with_capacity(1_000_000);
    for counter in 0..1_000_000 {
        let code = signer.from_counter(counter).expect("small");
        // The first 12 symbols are the permuted counter: if these differ, so do the codes.
        let body: [u8; 12] = code.as_str().as_bytes()[..12].try_into().expect("12 symbols");
        assert!(bodies.insert(body), "counter {counter}");
        if counter % 1_000 == 0 {
            assert_eq!(signer.check(code.as_str()).expect("ours").counter(), Some(counter));
        }
    }
    assert_eq!(bodies.len(), 1_000_000);
    let last = (1 << 60) - 1;
    let code = signer.from_counter(last).expect("the last one");
    assert_eq!(signer.check(code.as_str()).expect("ours").counter(), Some(last));
    assert_eq!(signer.from_counter(1 << 60), Err(LinkError::BadCounter { found: 1 << 60 }));
}

/// What a mangled code becomes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Accepted,
    Refused(CodeRefusal),
}

#[test]
fn forty_mangled_forms_are_accepted_or_refused_as_listed() {
    use Fate::{Accepted, Refused};
    let (not_a_code, length, not_signed) =
        (Refused(CodeRefusal::NotACode), Refused(CodeRefusal::Length), Refused(CodeRefusal::NotSigned));
    let signer = signer();
    // The list needs a code with both digits that have look-alikes.
    let mut codes = (0..).map(|counter| signer.from_counter(counter).expect("small"));
    let code = codes.find(|code| ['0', '1', 'a'].iter().all(|c| code.as_str().contains(*c))).expect("one");
    let text = code.as_str();
    let upper = text.to_uppercase();
    let readable = code.readable();
    let cut = |n: usize| text[..text.len() - n].to_owned();
    let forms: [(&str, String, Fate); 40] = [
        ("as it is", text.to_owned(), Accepted),
        ("upper case", upper.clone(), Accepted),
        ("one letter in capitals", format!("{}{}", &upper[..9], &text[9..]), Accepted),
        ("in groups", readable.clone(), Accepted),
        ("in groups, lower case", readable.to_lowercase(), Accepted),
        ("groups of spaces", readable.replace('-', " "), Accepted),
        ("o for 0", text.replace('0', "o"), Accepted),
        ("O for 0", text.replace('0', "O"), Accepted),
        ("l for 1", text.replace('1', "l"), Accepted),
        ("I for 1", text.replace('1', "I"), Accepted),
        ("i for 1 in capitals", upper.replace('1', "i"), Accepted),
        ("space before", format!("  {text}"), Accepted),
        ("space behind", format!("{text} "), Accepted),
        ("line break behind", format!("{text}\r\n"), Accepted),
        ("tab before", format!("\t{text}"), Accepted),
        ("full stop behind", format!("{text}."), Accepted),
        ("comma behind", format!("{text},"), Accepted),
        ("in brackets", format!("({text})"), Accepted),
        ("in quotes", format!("\"{text}\""), Accepted),
        ("in typographic quotes", format!("\u{201C}{text}\u{201D}"), Accepted),
        ("in asterisks", format!("**{text}**"), Accepted),
        ("zero-width space inside", format!("{}\u{200B}{}", &text[..5], &text[5..]), Accepted),
        ("soft hyphen inside", format!("{}\u{AD}{}", &text[..5], &text[5..]), Accepted),
        ("typographic hyphens", readable.replace('-', "\u{2011}"), Accepted),
        ("byte order mark before", format!("\u{FEFF}{text}"), Accepted),
        ("nothing", String::new(), not_a_code),
        ("only hyphens", "----".to_owned(), not_a_code),
        ("u inside", format!("{}u", cut(1)), not_a_code),
        ("underscore inside", format!("{}_{}", &text[..5], &text[5..]), not_a_code),
        ("escaped once more", format!("{}%20{}", &text[..5], &text[5..]), not_a_code),
        ("full-width letters", text.replace('a', "\u{FF41}").replace('0', "\u{FF10}"), not_a_code),
        ("a Cyrillic letter", format!("{}\u{430}", cut(1)), not_a_code),
        ("65 symbols", "0".repeat(65), not_a_code),
        ("one symbol short", cut(1), length),
        ("one symbol more", format!("{text}0"), length),
        ("half of it", cut(14), length),
        ("twice", format!("{text}{text}"), length),
        ("reversed", text.chars().rev().collect(), not_signed),
        ("all zeros", "0".repeat(28), not_signed),
        (
            "tag of another code",
            format!("{}{}", &text[..12], &signer.from_counter(1 << 40).expect("small").as_str()[12..]),
            not_signed,
        ),
    ];
    for (what, mangled, fate) in forms {
        let found = match signer.check(&mangled) {
            Ok(genuine) => {
                assert_eq!(genuine.code(), &code, "{what}");
                Accepted
            }
            Err(refusal) => Refused(refusal),
        };
        assert_eq!(found, fate, "{what}: {mangled}");
    }
}

#[test]
fn a_rotated_key_still_accepts_and_a_foreign_key_does_not() {
    let old = Signer::new(key(1)).from_counter(9).expect("small");
    let mut rotated = Signer::new(key(2));
    assert_eq!(rotated.check(old.as_str()), Err(CodeRefusal::NotSigned));
    rotated.accept(key(3)).accept(key(1));
    let genuine = rotated.check(old.as_str()).expect("an older key");
    assert_eq!((genuine.key(), genuine.counter()), (2, Some(9)));
    let new = rotated.from_counter(9).expect("small");
    assert_ne!(new, old);
    assert_eq!(rotated.check(new.as_str()).expect("the current key").key(), 0);
}

#[test]
fn the_text_of_a_code_is_fixed() {
    // Golden: links in the wild must still be accepted by later versions.
    let signer = Signer::new(CodeKey::new(b"0123456789abcdef0123456789abcdef").expect("32 bytes"));
    let mut long = signer.clone();
    long.form(CodeForm::Long);
    let found = [
        signer.from_counter(0).expect("small"),
        signer.from_counter(1).expect("small"),
        signer.from_id("e1"),
        long.from_counter(1).expect("small"),
        long.from_id("e1"),
    ];
    let texts: Vec<&str> = found.iter().map(Code::as_str).collect();
    assert_eq!(texts, GOLDEN);
}

const GOLDEN: [&str; 5] = [
    "49zma4mrmzxck3xamhcj5gr2t3cz",
    "c6zwp92pmra15a49x6esz37zey9q",
    "4sxj5tdve6gckg07s7fh7s5tp5bq2tr3",
    "c6zwp92pmra10ndpfdefywrnftbv0penzar5ne",
    "4sxj5tdve6gckg075rfzfspedvmzy5a93ttjtyb4xv",
];

#[test]
fn a_key_is_never_printed_and_never_short() {
    let signer = signer();
    assert_eq!(format!("{:?}", key(7)), "CodeKey(..)");
    assert!(!format!("{signer:?}").contains('7'), "{signer:?}");
    for len in [0, 15] {
        assert_eq!(CodeKey::new(&vec![1; len]).err(), Some(LinkError::ShortKey { len }));
    }
}

#[test]
fn every_carrier_brings_the_code_back() {
    let signer = signer();
    let code = signer.from_counter(5).expect("small");
    let is_back = |text: &str| assert_eq!(signer.check(text).expect(text).code(), &code);

    let tagged = Tagger::new().tag("https://shop.example/p", Some(&code)).into_link();
    is_back(read(&tagged).code().expect("clq"));
    let mut shopify = Tagger::new();
    shopify.code_param(carrier::SHOPIFY_PARAM).expect("a name");
    assert_eq!(shopify.tag("/p", Some(&code)).link(), format!("/p?ref={code}"));
    assert_eq!(carrier::cart_attribute(&code), ("_clq", code.as_str()));
    assert_eq!(carrier::line_property(&code), ("_clq", code.as_str()));
    let path = carrier::path_segment("https://shop.example/c/?a=1#x", &code);
    assert_eq!(path, format!("https://shop.example/c/{code}?a=1#x"));
    let telegram = carrier::telegram_start("my_shop_bot", &code).expect("a bot");
    is_back(telegram.strip_prefix("https://t.me/my_shop_bot?start=").expect("start"));
    assert!(code::is_telegram_start(code.as_str()));
    is_back(&carrier::codes_in(&format!("/start {code}")).next().expect("one"));
    let messenger = carrier::messenger_ref("my.shop", &code).expect("a page");
    is_back(messenger.strip_prefix("https://m.me/my.shop?ref=").expect("ref"));
    let whatsapp = carrier::whatsapp_text("31201234567", "Hello, is it in stock?", &code).expect("a number");
    let url = url::Url::parse(&whatsapp).expect("a URL");
    let (_, text) = url.query_pairs().next().expect("a text");
    let found: Vec<String> = carrier::codes_in(&text).collect();
    assert_eq!(found, [code.as_str()]);
    assert_eq!(carrier::codes_in("is the ABC-12 in 2026 for 49.90 at https://shop.example").count(), 0);

    for bad in ["", "a b", "bot?x=1"] {
        assert!(carrier::telegram_start(bad, &code).is_err());
        assert!(carrier::messenger_ref(bad, &code).is_err());
        assert!(carrier::whatsapp_text(bad, "", &code).is_err());
    }
}

#[test]
fn a_text_that_is_no_code_is_refused_at_the_door() {
    for bad in ["", "a b", "a_b", "a-b", "é", &"a".repeat(65)] {
        assert_eq!(Code::new(bad), Err(LinkError::BadCode { len: bad.len() }));
    }
    assert!(serde_json::from_str::<Code>("\"a b\"").is_err());
    let code: Code = serde_json::from_str("\"7ZK3Q9T4M2\"").expect("a code");
    assert_eq!(code.folded(), "7zk3q9t4m2");
    assert_eq!(serde_json::to_string(&code).expect("JSON"), "\"7ZK3Q9T4M2\"");
}
