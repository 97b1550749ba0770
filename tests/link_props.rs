//! Laws of the link module over generated input, and a differential test against the `url` crate.

use clinch::link::channel::{Channel, Classifier, classify};
use clinch::link::{
    Aliases, Code, FragmentMode, LeftAlone, LinkFinding, Outcome, Policy, Reader, Tagger, Utm, lint, read,
    same_site, unwrap,
};
use proptest::collection::vec;
use proptest::prelude::*;
use url::Url;

fn utm() -> impl Strategy<Value = Utm> {
    (0..Utm::ALL.len()).prop_map(|at| Utm::ALL[at])
}

/// Values as readers give them back: no white space around, not empty.
fn value() -> impl Strategy<Value = String> {
    let any = prop_oneof![
        4 => "[a-z0-9_-]{1,12}",
        2 => "[ -~]{1,16}",
        2 => "\\PC{1,8}",
        1 => any::<String>(),
    ];
    any.prop_map(|text| text.trim().to_owned()).prop_filter("not empty", |text| !text.is_empty())
}

fn tags() -> impl Strategy<Value = Vec<(Utm, String)>> {
    vec((utm(), value()), 1..5).prop_map(|mut tags| {
        tags.sort_by_key(|(utm, _)| *utm);
        tags.dedup_by_key(|(utm, _)| *utm);
        tags
    })
}

fn pair() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,8}=[a-zA-Z0-9%+.:/@,;\\[\\]]{0,12}",
        1 => "[a-z\\[\\]$.]{1,8}",
        1 => Just(String::new()),
        1 => "utm_(source|medium|term|id)=[a-z]{0,4}",
        1 => "(UTM_Source|utm%5Fterm|utmsource|amp;utm_source|clq|CLQ)=[a-z]{0,4}",
    ]
}

fn query() -> impl Strategy<Value = String> {
    vec(pair(), 0..5).prop_map(|pairs| pairs.join("&"))
}

fn host() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("shop.example"),
        Just("SHOP.Example:443"),
        Just("bücher.example"),
        Just("user:p%40ss@shop.example:8443"),
        Just("[2001:db8::1]"),
    ]
}

fn link() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        Just(String::new()),
        Just("#reviews".to_owned()),
        Just("#:~:text=red%20shoe".to_owned()),
        query().prop_map(|query| format!("#/p?{query}")),
        query().prop_map(|query| format!("#{query}")),
    ];
    (host(), "(/[a-zA-Z0-9.%é_-]{0,8}){0,3}", prop::option::of(query()), fragment).prop_map(
        |(host, path, query, fragment)| {
            // Two `%%` would be an advertiser's macro.
            let path = if path.contains("%%") { path.replace('%', "") } else { path };
            let query = query.map_or(String::new(), |query| format!("?{query}"));
            format!("https://{host}{path}{query}{fragment}")
        },
    )
}

fn tagger_of(tags: &[(Utm, String)], policy: Policy) -> Tagger {
    let mut tagger = Tagger::new();
    tagger.policy(policy).max_len(usize::MAX);
    for (utm, value) in tags {
        tagger.set(*utm, value);
    }
    tagger
}

fn is_personal(outcome: &Outcome<'_>) -> bool {
    outcome.left_alone() == Some(LeftAlone::PersonalData)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_is_read_back(tags in tags(), link in link(), code in "[0-9a-z]{1,32}") {
        let tagger = tagger_of(&tags, Policy::Replace);
        let code = Code::new(code).expect("letters and digits");
        let outcome = tagger.tag(&link, Some(&code));
        if is_personal(&outcome) {
            return Ok(());
        }
        let Outcome::Tagged { link: tagged, dropped } = &outcome else {
            return Err(TestCaseError::fail(format!("{outcome:?}")));
        };
        prop_assert!(dropped.is_empty());
        let found = read(tagged);
        prop_assert_eq!(found.code(), Some(code.as_str()));
        for (utm, value) in &tags {
            prop_assert_eq!(found.get(*utm), Some(value.as_str()), "{} in {}", utm.name(), tagged);
        }
        // Twice gives the same bytes.
        let again = tagger.tag(tagged, Some(&code));
        prop_assert_eq!(again.link(), tagged);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_kept_or_filled_link_keeps_every_old_tag(tags in tags(), link in link(), fill in any::<bool>()) {
        let policy = if fill { Policy::Fill } else { Policy::Keep };
        let tagger = tagger_of(&tags, policy);
        let old = read(&link);
        let outcome = tagger.tag(&link, None);
        let new = read(outcome.link());
        for (utm, value) in old.iter() {
            // A damaged name is repaired only when reading, so a whole one of ours may come before it.
            if old.findings_of(utm).all(|finding| !matches!(finding, LinkFinding::LostUnderscore | LinkFinding::HtmlEscapedAmp)) {
                prop_assert_eq!(new.get(utm), Some(value));
            }
        }
        let again = tagger.tag(outcome.link(), None);
        prop_assert_eq!(again.link(), outcome.link());
    }

    #[test]
    fn a_tagged_link_is_the_old_one_and_ours_to_the_url_crate(
        tags in tags(),
        link in link(),
        code in "[0-9a-z]{1,32}",
    ) {
        let mut tagger = tagger_of(&tags, Policy::Keep);
        tagger.code_param("zcode").expect("a name");
        let code = Code::new(code).expect("letters and digits");
        let outcome = tagger.tag(&link, Some(&code));
        let Outcome::Tagged { link: tagged, .. } = &outcome else {
            prop_assert!(is_personal(&outcome), "{:?}", outcome);
            return Ok(());
        };
        let (old, new) = (Url::parse(&link).expect("a URL"), Url::parse(tagged).expect("still a URL"));
        prop_assert_eq!(old.origin(), new.origin());
        prop_assert_eq!(old.path(), new.path());
        prop_assert_eq!(old.username(), new.username());
        prop_assert_eq!(old.password(), new.password());
        prop_assert_eq!(old.fragment(), new.fragment());
        let kept = !has_standard_tag(&link);
        let ours = tags.iter().filter(|_| kept).map(|(utm, value)| (utm.name().to_owned(), value.clone()));
        let expected: Vec<(String, String)> = old
            .query_pairs()
            .into_owned()
            .chain(ours)
            .chain([("zcode".to_owned(), code.as_str().to_owned())])
            .collect();
        prop_assert_eq!(new.query_pairs().into_owned().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_replaced_link_loses_nothing_but_standard_tags(tags in tags(), link in link()) {
        let tagger = tagger_of(&tags, Policy::Replace);
        let outcome = tagger.tag(&link, None);
        let Outcome::Tagged { link: tagged, .. } = &outcome else { return Ok(()) };
        let is_other = |(name, _): &(String, String)| {
            !Utm::ALL.iter().any(|utm| utm.name().eq_ignore_ascii_case(name))
        };
        let pairs = |link: &str| -> Vec<(String, String)> {
            let url = Url::parse(link).expect("a URL");
            url.query_pairs().into_owned().filter(is_other).collect()
        };
        // Removing may leave no pair, or one fewer empty pair between two `&`; never a named one.
        prop_assert_eq!(pairs(&link), pairs(tagged));
    }

    #[test]
    fn no_text_panics(text in any::<String>(), other in "\\PC{0,40}", mode in any::<bool>()) {
        let mut tagger = tagger_of(&[(Utm::Source, "shopbot".to_owned())], Policy::Replace);
        tagger.own_host(&other).allow_scheme("app");
        if mode {
            tagger.fragment(FragmentMode::InRoute);
        }
        for link in [text.as_str(), other.as_str(), &format!("https://{other}?{text}#{text}")] {
            let outcome = tagger.tag(link, None);
            prop_assert!(outcome.left_alone().is_none() || outcome.link() == link);
            let mut reader = Reader::new();
            reader.aliases(Aliases::Matomo).aliases(Aliases::Shopify);
            let _ = reader.read(link).findings().count();
            let _ = (unwrap(link), same_site(link, &other), lint::lint_link(link));
            let _ = classify(Some(link), Some(&other));
            let _ = classify(Some(&other), Some(link));
        }
    }

    #[test]
    fn a_set_that_is_tagged_has_one_channel_whatever_the_case(source in "[a-z]{1,8}", medium in "[a-z]{1,8}") {
        let landing = |source: &str, medium: &str| format!("/p?utm_source={source}&utm_medium={medium}");
        let lower = classify(Some(&landing(&source, &medium)), None);
        let upper = classify(Some(&landing(&source.to_uppercase(), &medium.to_uppercase())), None);
        prop_assert_eq!(lower, upper);
        prop_assert_ne!(lower, Channel::Direct);
    }

    #[test]
    fn a_referrer_below_an_own_host_is_internal(label in "[a-z]{1,8}", path in "/[a-z]{0,8}") {
        let mut classifier = Classifier::new();
        classifier.own_host("shop.example");
        let inside = format!("https://{label}.shop.example{path}");
        prop_assert_eq!(classifier.classify(Some("/p"), Some(&inside)).channel, Channel::Internal);
        let beside = format!("https://{label}shop.example{path}");
        prop_assert_eq!(classifier.classify(Some("/p"), Some(&beside)).channel, Channel::Referral);
    }
}

/// Whether a whole standard name has a value where a reader looks, by the `url` crate's reckoning.
fn has_standard_tag(link: &str) -> bool {
    let url = Url::parse(link).expect("a URL");
    let fragment = url.fragment().unwrap_or("").to_owned();
    let inner = match fragment.split_once(":~:").map_or(fragment.as_str(), |(own, _)| own) {
        own if own.starts_with('/') => own.split_once('?').map_or("", |(_, query)| query).to_owned(),
        own if own.split('?').next().is_some_and(|first| first.contains('=')) => own.to_owned(),
        own => own.split_once('?').map_or("", |(_, query)| query).to_owned(),
    };
    let all =
        url.query_pairs().into_owned().chain(url::form_urlencoded::parse(inner.as_bytes()).into_owned());
    let mut named = all.filter(|(name, _)| Utm::ALL.iter().any(|utm| utm.name().eq_ignore_ascii_case(name)));
    named.any(|(_, value)| !value.trim().is_empty())
}
