//! Tagging, reading and classifying, each beside the `url` crate doing the same work in the same run.
//!
//! `cargo bench --bench links`. Times are per link over 1,000 links; the last lines check the ratios.

use std::hint::black_box;
use std::time::Instant;

use clinch::link::channel::Classifier;
use clinch::link::{Code, Reader, Tagger, Utm};
use url::Url;

const LINKS: usize = 1_000;

fn main() {
    divan::main();
    summary();
}

/// Links of shops, 68 bytes in the mean: every fourth without a query, every fifth with a fragment.
fn links() -> Vec<String> {
    (0..LINKS)
        .map(|at| {
            let query = match at % 4 {
                0 => String::new(),
                1 => format!("?variant={}", 40_000_012_345_u64 + at as u64),
                2 => format!("?color=dark%20red&size=L&page={at}"),
                _ => format!("?variant={}&currency=EUR&q=b%C3%BCcher", 40_000_012_345_u64 + at as u64),
            };
            let fragment = if at % 5 == 0 { "#reviews" } else { "" };
            format!("https://shop{}.example/collections/all/products/item-{at}{query}{fragment}", at % 7)
        })
        .collect()
}

fn tagger() -> Tagger {
    let mut tagger = Tagger::new();
    tagger
        .set(Utm::Source, "shopbot")
        .set(Utm::Medium, "referral")
        .set(Utm::Campaign, "spring")
        .own_host("www.other-shop.example");
    tagger
}

fn code() -> Code {
    Code::new("7zk3q9t4m2d0x5wa").expect("letters and digits")
}

const OURS: [(&str, &str); 4] = [
    ("utm_source", "shopbot"),
    ("utm_medium", "referral"),
    ("utm_campaign", "spring"),
    ("clq", "7zk3q9t4m2d0x5wa"),
];

fn tag_clinch(tagger: &Tagger, code: &Code, link: &str) -> String {
    tagger.tag(link, Some(code)).into_link()
}

fn tag_url(link: &str) -> String {
    let mut url = Url::parse(link).expect("a URL");
    url.query_pairs_mut().extend_pairs(OURS);
    url.into()
}

fn tagged() -> Vec<String> {
    let (tagger, code) = (tagger(), code());
    links().iter().map(|link| tag_clinch(&tagger, &code, link)).collect()
}

fn read_clinch(reader: &Reader, link: &str) -> usize {
    let tags = reader.read(link);
    tags.iter().map(|(_, value)| value.len()).sum::<usize>() + tags.code().map_or(0, str::len)
}

fn read_url(link: &str) -> usize {
    let url = Url::parse(link).expect("a URL");
    let mut found: [Option<String>; 10] = Default::default();
    for (name, value) in url.query_pairs() {
        let slot = Utm::ALL.iter().position(|utm| utm.name() == name).or((name == "clq").then_some(9));
        if let Some(slot) = slot
            && found[slot].is_none()
        {
            found[slot] = Some(value.into_owned());
        }
    }
    found.iter().flatten().map(String::len).sum()
}

const REFERRERS: [Option<&str>; 8] = [
    None,
    Some("https://www.google.com/"),
    Some("https://l.facebook.com/"),
    Some("https://blog.example.net/2026/post-about-shoes"),
    Some("android-app://com.google.android.gm/"),
    Some("https://chatgpt.com/"),
    Some("https://www.shop.example/cart"),
    Some("https://news.ycombinator.com/item?id=1"),
];

/// Landing pages of a usual day: half of them without tags, a quarter tagged, a quarter with click ids.
fn landings() -> Vec<String> {
    let tails = [
        "",
        "?utm_source=newsletter&utm_medium=email&utm_campaign=spring%20sale",
        "",
        "?gclid=EAIaIQobChMI&variant=40000012345",
        "?variant=40000012345",
        "?utm_source=partner&utm_medium=referral",
        "",
        "?color=red&size=L&utm_source=facebook&utm_medium=paid_social&fbclid=IwAR2",
    ];
    (0..LINKS).map(|at| format!("https://www.shop.example/products/item-{at}{}", tails[at % 8])).collect()
}

fn classifier() -> Classifier {
    let mut classifier = Classifier::new();
    classifier.own_host("shop.example");
    classifier
}

#[divan::bench_group(counters = [divan::counter::ItemsCount::new(LINKS)])]
mod tag {
    use super::*;

    #[divan::bench]
    fn clinch(bencher: divan::Bencher<'_, '_>) {
        let (links, tagger, code) = (links(), tagger(), code());
        bencher
            .bench_local(|| links.iter().for_each(|link| drop(black_box(tag_clinch(&tagger, &code, link)))));
    }

    #[divan::bench]
    fn url_crate(bencher: divan::Bencher<'_, '_>) {
        let links = links();
        bencher.bench_local(|| links.iter().for_each(|link| drop(black_box(tag_url(link)))));
    }
}

#[divan::bench_group(counters = [divan::counter::ItemsCount::new(LINKS)])]
mod read {
    use super::*;

    #[divan::bench]
    fn clinch(bencher: divan::Bencher<'_, '_>) {
        let (links, reader) = (tagged(), Reader::new());
        bencher.bench_local(|| links.iter().map(|link| read_clinch(&reader, black_box(link))).sum::<usize>());
    }

    #[divan::bench]
    fn url_crate(bencher: divan::Bencher<'_, '_>) {
        let links = tagged();
        bencher.bench_local(|| links.iter().map(|link| read_url(black_box(link))).sum::<usize>());
    }
}

#[divan::bench_group(counters = [divan::counter::ItemsCount::new(LINKS)])]
mod classify {
    use super::*;

    #[divan::bench]
    fn clinch(bencher: divan::Bencher<'_, '_>) {
        let (landings, classifier) = (landings(), classifier());
        bencher.bench_local(|| classify_all(&classifier, &landings));
    }
}

fn classify_all(classifier: &Classifier, landings: &[String]) -> usize {
    let one = |(at, landing): (usize, &String)| {
        classifier.classify(Some(black_box(landing)), REFERRERS[at / 8 % 8]).channel as usize
    };
    landings.iter().enumerate().map(one).sum()
}

/// Work on all links, once.
type Round<'a> = Box<dyn FnMut() -> usize + 'a>;

/// Nanoseconds per link for each kind of work: the median of 201 rounds that take turns, so that a busy
/// machine slows all of them alike.
fn medians_ns<const N: usize>(mut rounds: [Round<'_>; N]) -> [f64; N] {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..201 {
        for (round, times) in rounds.iter_mut().zip(&mut times) {
            let start = Instant::now();
            black_box(round());
            times.push(start.elapsed().as_nanos() as f64 / LINKS as f64);
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    })
}

/// Prints the figures that the documentation states, beside what they have to be.
fn summary() {
    let (plain, tagged, landings) = (links(), tagged(), landings());
    let (tagger, code, reader, classifier) = (tagger(), code(), Reader::new(), classifier());
    let [tag, tag_by_url, read, read_by_url, classify] = medians_ns([
        Box::new(|| plain.iter().map(|link| black_box(tag_clinch(&tagger, &code, link)).len()).sum()),
        Box::new(|| plain.iter().map(|link| black_box(tag_url(link)).len()).sum()),
        Box::new(|| tagged.iter().map(|link| read_clinch(&reader, black_box(link))).sum()),
        Box::new(|| tagged.iter().map(|link| read_url(black_box(link))).sum()),
        Box::new(|| classify_all(&classifier, &landings)),
    ]);
    println!("\nper link, median of 201 rounds over {LINKS} links");
    println!(
        "tag       {tag:6.1} ns (under 130), url {tag_by_url:6.1} ns, {:.1}x (at least 4)",
        tag_by_url / tag
    );
    println!("read      {read:6.1} ns, url {read_by_url:6.1} ns, {:.1}x (at least 5)", read_by_url / read);
    println!("classify  {classify:6.1} ns (under 250)");
}
