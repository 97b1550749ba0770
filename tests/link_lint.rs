//! Lint, channel rules and previews against their published tables.

use std::collections::HashSet;

use clinch::link::channel::{Channel, Classifier, FrontRule, RULES};
use clinch::link::lint::{self, Stripper, Tool, TrapKind, lint, lint_link};
use clinch::link::preview::{Fetcher, fetcher, is_click};
use clinch::link::{
    Aliases, LeftAlone, LinkFinding, MediumPreset, Outcome, Reader, Tagger, Utm, read, same_site,
};

/// Where the link of a shop's own bot lands, by medium: GA4, Plausible, PostHog, Umami (grid of 2026-05).
const GRID: [(&str, [&str; 4]); 20] = [
    ("chat", ["Unassigned", "Referral", "Direct", "(dropped)"]),
    ("chatbot", ["Unassigned", "Referral", "Direct", "(dropped)"]),
    ("bot", ["Unassigned", "Referral", "Direct", "(dropped)"]),
    ("assistant", ["Unassigned", "Referral", "Direct", "(dropped)"]),
    ("messaging", ["Unassigned", "Referral", "Direct", "(dropped)"]),
    ("conversational", ["Unassigned", "Referral", "Direct", "(dropped)"]),
    ("ai-assistant", ["AI Assistant", "Referral", "Direct", "(dropped)"]),
    ("referral", ["Referral", "Referral", "Referral", "referral"]),
    ("link", ["Referral", "Referral", "Referral", "referral"]),
    ("app", ["Referral", "Referral", "Referral", "referral"]),
    ("social", ["Organic Social", "Organic Social", "Organic Social", "(dropped)"]),
    ("sm", ["Organic Social", "Organic Social", "Organic Social", "(dropped)"]),
    ("sms", ["SMS", "SMS", "Direct", "sms"]),
    ("mcp", ["Paid Other", "Paid Other", "Direct", "(dropped)"]),
    ("whatsapp", ["Unassigned", "Referral", "Direct", "referral"]),
    ("push", ["Mobile Push", "Mobile Push", "Push", "(dropped)"]),
    ("mobile-app", ["Mobile Push", "Mobile Push", "Direct", "referral"]),
    ("video-chat", ["Organic Video", "Organic Video", "Direct", "organicVideo"]),
    ("email", ["Email", "Email", "Email", "email"]),
    ("cpc", ["Paid Other", "Paid Other", "Paid Unknown", "paidAds"]),
];

#[test]
fn each_medium_lands_where_the_grid_says() {
    for (medium, expected) in GRID {
        let report = lint(&[(Utm::Source, "shopbot"), (Utm::Medium, medium)]);
        assert_eq!(report.forecasts.map(|forecast| forecast.channel), expected, "{medium}");
    }
}

#[test]
fn a_campaign_of_shop_is_shopping_in_three_tools() {
    let channels = |campaign| {
        lint(&[(Utm::Source, "shopbot"), (Utm::Medium, "referral"), (Utm::Campaign, campaign)])
            .forecasts
            .map(|forecast| forecast.channel)
    };
    for campaign in ["shopbot-advice", "shopping-help", "e-shop"] {
        let shopping = "Organic Shopping";
        assert_eq!(channels(campaign), [shopping, shopping, shopping, "referral"], "{campaign}");
    }
    for campaign in ["spring-sale", "workshop", "webshop"] {
        assert_eq!(channels(campaign), ["Referral", "Referral", "Referral", "referral"], "{campaign}");
    }
    assert_eq!(channels("cross-network")[..3], ["Cross-network", "Cross-network", "Cross Network"]);
}

#[track_caller]
fn assert_trap(tags: &[(Utm, &str)], kind: TrapKind, tool: Option<Tool>) {
    let report = lint(tags);
    assert!(report.traps.iter().any(|trap| trap.kind == kind && trap.tool == tool), "{:?}", report.traps);
}

#[test]
fn each_trap_is_named() {
    let with = |medium: &'static str| [(Utm::Source, "shopbot"), (Utm::Medium, medium)];
    assert_trap(&with("mcp"), TrapKind::TakenForPaid, Some(Tool::Ga4));
    assert_trap(&with("social"), TrapKind::TakenForOther, Some(Tool::Plausible));
    assert_trap(&with("chat"), TrapKind::TakenForDirect, Some(Tool::PostHog));
    assert_trap(&with("chat"), TrapKind::Unassigned, Some(Tool::Ga4));
    assert_trap(&with("chat"), TrapKind::Dropped, Some(Tool::Umami));
    assert_trap(&with("Referral"), TrapKind::MixedCase, None);
    assert_trap(&with("referral"), TrapKind::Stripped, None);
    let campaign = |value| [(Utm::Source, "shopbot"), (Utm::Medium, "referral"), (Utm::Campaign, value)];
    assert_trap(&campaign("shopbot"), TrapKind::TakenForShopping, Some(Tool::Ga4));
    assert_trap(&campaign("jane@shop.example"), TrapKind::PersonalData, None);
    assert_trap(&campaign(&"x".repeat(101)), TrapKind::LongValue, None);
    assert_trap(&[(Utm::Medium, "referral")], TrapKind::NoSource, None);
    let long = format!("https://shop.example/{}?utm_source=shopbot", "x".repeat(500));
    let traps = lint_link(&long).traps;
    assert!(traps.iter().any(|trap| trap.kind == TrapKind::LongLink && trap.tool == Some(Tool::Umami)));
    assert!(!traps.iter().any(|trap| trap.kind == TrapKind::LongLink && trap.tool == Some(Tool::PostHog)));
    for kind in TrapKind::ALL {
        assert!(!kind.advice().is_empty());
    }
}

#[test]
fn the_default_preset_has_no_trap_but_stripping() {
    let report = lint(&[(Utm::Source, "shopbot"), (Utm::Medium, MediumPreset::default().value())]);
    assert!(report.traps.iter().all(|trap| trap.kind == TrapKind::Stripped), "{:?}", report.traps);
    assert!(lint(&[]).traps.is_empty());
    // A medium that says that it is paid is no trap.
    let paid = lint(&[(Utm::Source, "google"), (Utm::Medium, "cpc")]);
    assert!(paid.traps.iter().all(|trap| trap.kind == TrapKind::Stripped), "{:?}", paid.traps);
}

#[test]
fn own_parameters_survive_and_others_name_their_strippers() {
    for name in ["clq", "_clq"] {
        assert!(lint::param_survives(name), "{name}");
    }
    assert!(!lint::param_survives("ref"));
    assert_eq!(lint::stripped_by("utm_source")[0], Stripper::BraveCopy);
    assert_eq!(lint::stripped_by("GCLID").len(), 5);
    assert_eq!(lint::stripped_by("utm_anything"), [Stripper::ClearUrls]);
}

#[test]
fn rule_names_are_unique_and_the_last_rule_takes_all() {
    let names: HashSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), RULES.len());
    assert_eq!(RULES.last().map(|rule| rule.name), Some("direct"));
    let channels: HashSet<&str> = Channel::ALL.iter().map(|channel| channel.name()).collect();
    assert_eq!(channels.len(), Channel::ALL.len());
    for channel in Channel::ALL {
        assert!(RULES.iter().any(|rule| rule.channel == channel), "{channel} is never given");
        let json = serde_json::to_string(&channel).expect("JSON");
        assert_eq!(json, format!("\"{channel}\""));
        assert_eq!(serde_json::from_str::<Channel>(&json).expect("JSON"), channel);
    }
}

#[test]
fn names_of_reasons_findings_and_serde_agree() {
    for reason in LeftAlone::ALL {
        assert_eq!(serde_json::to_string(&reason).expect("JSON"), format!("\"{}\"", reason.name()));
        assert!(!reason.advice().is_empty());
    }
    for finding in LinkFinding::ALL {
        assert_eq!(serde_json::to_string(&finding).expect("JSON"), format!("\"{}\"", finding.name()));
    }
}

#[test]
fn a_rule_of_the_caller_comes_first() {
    let mut classifier = Classifier::new();
    let landing = Some("https://shop.example/?utm_source=Partner&utm_medium=cpc&utm_campaign=x-1");
    assert_eq!(classifier.classify(landing, None).rule, "paid_other");
    let mut rule = FrontRule::new("partners", Channel::Affiliates);
    rule.source = Some("partner".to_owned());
    rule.campaign_start = Some("X-".to_owned());
    let other = FrontRule { source: Some("else".to_owned()), ..FrontRule::new("never", Channel::Audio) };
    classifier.rule(other).rule(rule);
    let verdict = classifier.classify(landing, None);
    assert_eq!((verdict.channel, verdict.rule), (Channel::Affiliates, "partners"));
}

#[test]
fn a_code_that_the_signer_refuses_is_no_own_code() {
    let classifier = Classifier::new();
    let landing = Some("https://shop.example/?clq=7zk3q9t4m2&utm_source=x&utm_medium=email");
    assert_eq!(classifier.classify(landing, None).channel, Channel::OwnCode);
    assert_eq!(classifier.classify_checked(landing, None, |_| false).channel, Channel::Email);
    let mut renamed = Classifier::new();
    renamed.code_param("ref").expect("a name");
    assert_eq!(renamed.classify(landing, None).channel, Channel::Email);
    assert_eq!(renamed.classify(Some("/p?ref=7zk3"), None).channel, Channel::OwnCode);
}

#[test]
fn aliases_stand_in_only_where_asked_and_where_nothing_is() {
    let url = "https://shop.example/?pk_cpn=&mtm_campaign=Spring&pk_kwd=shoe&source=a&ref=b&r=c&utm_term=t";
    assert_eq!(read(url).get(Utm::Campaign), None);
    let tags = Reader::new().aliases(Aliases::Matomo).read(url).clone();
    assert_eq!((tags.get(Utm::Campaign), tags.get(Utm::Term)), (Some("Spring"), Some("t")));
    assert_eq!(tags.findings().collect::<Vec<_>>(), [LinkFinding::Alias]);
    assert_eq!(tags.findings_of(Utm::Term).count(), 0);
    assert_eq!(Reader::new().aliases(Aliases::Plausible).read(url).get(Utm::Source), Some("a"));
    assert_eq!(Reader::new().aliases(Aliases::Shopify).read(url).get(Utm::Source), Some("b"));
}

#[test]
fn an_own_site_gets_the_code_and_no_tags() {
    let mut tagger = Tagger::new();
    tagger.set(Utm::Source, "shopbot").own_host("shop.example");
    let code = clinch::link::Code::new("k7").expect("a code");
    for link in ["https://www.shop.example/p", "/p"] {
        assert_eq!(tagger.tag(link, None).left_alone(), Some(LeftAlone::OwnSite));
        assert_eq!(tagger.tag(link, Some(&code)).link(), format!("{link}?clq=k7"));
    }
    assert_eq!(
        tagger.tag("https://evilshop.example/p", None).link(),
        "https://evilshop.example/p?utm_source=shopbot"
    );
    tagger.utm_on_own_site(true);
    assert_eq!(tagger.tag("/p", Some(&code)).link(), "/p?utm_source=shopbot&clq=k7");
}

#[test]
fn what_was_dropped_for_length_is_told() {
    let mut tagger = Tagger::new();
    tagger
        .set(Utm::Term, "t")
        .set(Utm::Source, "s")
        .set(Utm::Medium, "m")
        .set(Utm::Campaign, "c")
        .max_len(40);
    let outcome = tagger.tag("https://shop.example/p", None);
    let Outcome::Tagged { link, dropped } = outcome else { panic!("{outcome:?}") };
    assert_eq!(link, "https://shop.example/p?utm_source=s");
    assert_eq!(dropped, [Utm::Term, Utm::Campaign, Utm::Medium]);
}

#[test]
fn previews_are_no_clicks_and_people_are() {
    let people = [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/140.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/500.0]",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Instagram 350.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 [Pinterest/iOS]",
        "Mozilla/5.0 (Linux; Android 14; CUBOT X18) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36 Telegram-Android/11",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile Safari Line/14.0",
    ];
    for agent in people {
        assert_eq!(fetcher(agent), None, "{agent}");
        assert!(is_click("GET", agent, None));
        assert!(!is_click("HEAD", agent, None));
        assert!(!is_click("GET", agent, Some("prefetch;prerender")));
    }
    let machines = [
        ("WhatsApp/2.24.1 A", Fetcher::Preview),
        ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", Fetcher::Preview),
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", Fetcher::Preview),
        ("TelegramBot (like TwitterBot)", Fetcher::Preview),
        ("Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)", Fetcher::Preview),
        ("Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5", Fetcher::Preview),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Fetcher::Crawler),
        ("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; GPTBot/1.1", Fetcher::Assistant),
        ("curl/8.5.0", Fetcher::Script),
        ("", Fetcher::Script),
        ("SomethingNew/1.0 (+https://new.example/about)", Fetcher::Crawler),
    ];
    for (agent, expected) in machines {
        assert_eq!(fetcher(agent), Some(expected), "{agent}");
        assert!(!is_click("GET", agent, None));
    }
}

#[test]
fn a_link_without_a_host_is_on_no_site() {
    assert!(!same_site("", ""));
    assert!(!same_site("/p", "/p"));
    assert!(same_site("https://shop.example.", "https://www.shop.example/"));
}
