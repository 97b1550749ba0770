//! Fetches that are no clicks: link previews, mail scanners, crawlers and scripts.
//!
//! Chats and mail programs fetch a link before any human does. A fetch of a coded link by one of these must
//! not become a `link_click` event, or a machine earns the credit.

use serde::{Deserialize, Serialize};

/// Version of the list: the date of the last change.
pub const LIST_VERSION: &str = "2026-11-23";

/// What fetched a link instead of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fetcher {
    /// A chat or social network that draws a card for the link.
    Preview,
    /// A mail filter that opens links to check them.
    MailScanner,
    /// A search engine or archive.
    Crawler,
    /// An assistant or the collector behind one.
    Assistant,
    /// A script, a monitor or a headless browser.
    Script,
}

/// Where in the user agent a mark stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Anywhere,
}

struct Mark {
    text: &'static str,
    at: At,
    fetcher: Fetcher,
}

const fn mark(text: &'static str, fetcher: Fetcher) -> Mark {
    Mark { text, at: At::Anywhere, fetcher }
}

const fn start(text: &'static str, fetcher: Fetcher) -> Mark {
    Mark { text, at: At::Start, fetcher }
}

/// Marks in user agents, version [`LIST_VERSION`], from the services' own pages; compared without case.
///
/// Apps whose built-in browser has a similar name are kept apart: `Telegram-Android` is a person,
/// `TelegramBot` is not; `[Pinterest/Android]` is a person, `Pinterestbot` is not.
const MARKS: [Mark; 69] = [
    start("whatsapp/", Fetcher::Preview),
    mark("facebookexternalhit", Fetcher::Preview),
    mark("facebot", Fetcher::Preview),
    mark("meta-externalfetcher", Fetcher::Preview),
    mark("twitterbot", Fetcher::Preview),
    mark("slackbot", Fetcher::Preview),
    mark("slack-imgproxy", Fetcher::Preview),
    mark("telegrambot", Fetcher::Preview),
    mark("discordbot", Fetcher::Preview),
    mark("linkedinbot", Fetcher::Preview),
    mark("skypeuripreview", Fetcher::Preview),
    mark("microsoftpreview", Fetcher::Preview),
    mark("bingpreview", Fetcher::Preview),
    mark("line-poker", Fetcher::Preview),
    mark("kakaotalk-scrap", Fetcher::Preview),
    mark("vkshare", Fetcher::Preview),
    mark("redditbot", Fetcher::Preview),
    mark("pinterestbot", Fetcher::Preview),
    start("pinterest/", Fetcher::Preview),
    mark("snap url preview", Fetcher::Preview),
    mark("bluesky cardyb", Fetcher::Preview),
    start("mastodon/", Fetcher::Preview),
    mark("iframely", Fetcher::Preview),
    mark("embedly", Fetcher::Preview),
    mark("yahoo link preview", Fetcher::Preview),
    mark("developers.google.com/+/web/snippet", Fetcher::Preview),
    mark("google-pagerenderer", Fetcher::Preview),
    mark("google-read-aloud", Fetcher::Preview),
    mark("chat.zalo", Fetcher::Preview),
    mark("zalobot", Fetcher::Preview),
    mark("signal-desktop", Fetcher::Preview),
    mark("googleimageproxy", Fetcher::MailScanner),
    mark("yahoomailproxy", Fetcher::MailScanner),
    mark("barracuda", Fetcher::MailScanner),
    mark("mimecast", Fetcher::MailScanner),
    mark("proofpoint", Fetcher::MailScanner),
    mark("ms-office", Fetcher::MailScanner),
    mark("microsoft office existence discovery", Fetcher::MailScanner),
    mark("symantec", Fetcher::MailScanner),
    mark("googlebot", Fetcher::Crawler),
    mark("google-inspectiontool", Fetcher::Crawler),
    mark("adsbot-google", Fetcher::Crawler),
    mark("mediapartners-google", Fetcher::Crawler),
    mark("bingbot", Fetcher::Crawler),
    mark("adidxbot", Fetcher::Crawler),
    mark("applebot", Fetcher::Crawler),
    mark("duckduckbot", Fetcher::Crawler),
    mark("yandex.com/bots", Fetcher::Crawler),
    mark("baiduspider", Fetcher::Crawler),
    mark("petalbot", Fetcher::Crawler),
    mark("ia_archiver", Fetcher::Crawler),
    mark("gptbot", Fetcher::Assistant),
    mark("chatgpt-user", Fetcher::Assistant),
    mark("oai-searchbot", Fetcher::Assistant),
    mark("claudebot", Fetcher::Assistant),
    mark("claude-user", Fetcher::Assistant),
    mark("perplexitybot", Fetcher::Assistant),
    mark("perplexity-user", Fetcher::Assistant),
    mark("mistralai-user", Fetcher::Assistant),
    mark("meta-externalagent", Fetcher::Assistant),
    mark("bytespider", Fetcher::Assistant),
    start("curl/", Fetcher::Script),
    start("wget/", Fetcher::Script),
    start("python-", Fetcher::Script),
    start("go-http-client", Fetcher::Script),
    start("node-fetch", Fetcher::Script),
    start("axios/", Fetcher::Script),
    mark("headlesschrome", Fetcher::Script),
    // Programs that name a page about themselves; browsers do not.
    mark("+http", Fetcher::Crawler),
];

/// What a user agent belongs to, if not to a person's browser. The first mark of the list decides.
///
/// An empty user agent is a script's. The list is not complete: scanners that pose as a browser pass.
///
/// ```
/// use clinch::link::preview::{Fetcher, fetcher};
///
/// assert_eq!(fetcher("WhatsApp/2.23.20.0"), Some(Fetcher::Preview));
/// assert_eq!(fetcher("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Telegram-iOS"), None);
/// ```
pub fn fetcher(user_agent: &str) -> Option<Fetcher> {
    let agent = user_agent.trim().as_bytes();
    if agent.is_empty() {
        return Some(Fetcher::Script);
    }
    let fits = |mark: &&Mark| {
        let text = mark.text.as_bytes();
        match mark.at {
            At::Start => agent.get(..text.len()).is_some_and(|head| head.eq_ignore_ascii_case(text)),
            At::Anywhere => agent.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text)),
        }
    };
    MARKS.iter().find(fits).map(|mark| mark.fetcher)
}

/// Whether a request for a coded link is a person's click.
///
/// It is not if the method is anything but `GET` (X sends `HEAD`), if the `Sec-Purpose`, `Purpose` or `X-Moz`
/// header (`purpose`, whichever came) speaks of a prefetch, preview or prerender, or if [`fetcher`] knows the
/// user agent.
pub fn is_click(method: &str, user_agent: &str, purpose: Option<&str>) -> bool {
    let ahead = purpose.is_some_and(|purpose| {
        let purpose = purpose.to_ascii_lowercase();
        ["prefetch", "preview", "prerender"].iter().any(|word| purpose.contains(word))
    });
    method.eq_ignore_ascii_case("GET") && !ahead && fetcher(user_agent).is_none()
}
