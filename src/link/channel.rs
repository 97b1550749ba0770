//! Ordered rules from tags and referrer to a channel: the first that fits wins.

use url::Url;

use crate::choice::choice;
use crate::link::Tags;

choice! {
    /// Where an arrival came from.
    Channel:
    /// A link of the shop's own bot: it carries a code.
    Chatbot "chatbot";
    /// Medium `email` or a spelling of it.
    Email "email";
    /// Medium `sms`.
    Sms "sms";
    /// Medium `affiliate`.
    Affiliate "affiliate";
    /// Medium `cpc`, `ppc`, `paid...` and such.
    Paid "paid";
    /// An AI assistant, by referrer or source.
    AiAssistant "ai_assistant";
    /// A search engine, by referrer, or medium `organic`.
    OrganicSearch "organic_search";
    /// A social network, by referrer or medium.
    OrganicSocial "organic_social";
    /// Another site, by referrer or medium `referral`.
    Referral "referral";
    /// Tags that fit none of these.
    Other "other";
    /// No tags and no referrer, or the shop's own pages.
    #[default]
    Direct "direct";
}

/// Assistants by host and by `utm_source`. From Matomo's list (CC0) as of July 2026, the entries with a path left
/// out, and the sources that assistants were seen to write.
const ASSISTANTS: &[&str] = &[
    "chatgpt.com",
    "chat.openai.com",
    "openai.com",
    "claude.ai",
    "copilot.microsoft.com",
    "chat.deepseek.com",
    "gemini.google.com",
    "bard.google.com",
    "grok.com",
    "chat.mistral.ai",
    "meta.ai",
    "perplexity.ai",
    "perplexity",
    "chat.qwen.ai",
    "you.com",
];

/// Search engines by the label before the ending: `google` for google.com and google.co.uk.
const SEARCH: &[&str] =
    &["google", "bing", "duckduckgo", "yahoo", "ecosia", "qwant", "baidu", "yandex", "startpage"];

/// Social networks by host.
const SOCIAL: &[&str] = &[
    "facebook.com",
    "instagram.com",
    "t.co",
    "x.com",
    "twitter.com",
    "linkedin.com",
    "lnkd.in",
    "pinterest.com",
    "reddit.com",
    "snapchat.com",
    "tiktok.com",
    "youtube.com",
    "threads.net",
];

impl Channel {
    /// The channel of an arrival: its landing page and the page it came from, where they are known.
    ///
    /// Text that is no link counts as missing, and so does a referrer with the host of the landing page.
    pub fn of(landing: Option<&str>, referrer: Option<&str>) -> Self {
        let tags = landing.map(Tags::read).unwrap_or_default();
        if tags.code.is_some() {
            return Self::Chatbot;
        }
        let landed = landing.and_then(host);
        let from = referrer.and_then(host).filter(|host| Some(host) != landed.as_ref());
        let medium = tags.medium.as_deref().map(str::to_lowercase);
        let source = tags.source.as_deref().map(str::to_lowercase);
        let tagged = medium.as_deref().and_then(by_medium);
        let assistant = |name: &String| ASSISTANTS.iter().any(|known| is_or_below(name, known));
        if source.as_ref().is_some_and(assistant) || from.as_ref().is_some_and(assistant) {
            return tagged.filter(|channel| *channel == Self::Paid).unwrap_or(Self::AiAssistant);
        }
        tagged.or_else(|| from.as_deref().map(by_host)).unwrap_or(if tags.is_tagged() {
            Self::Other
        } else {
            Self::Direct
        })
    }
}

fn by_medium(medium: &str) -> Option<Channel> {
    Some(match medium {
        "email" | "e-mail" | "e_mail" | "e mail" | "newsletter" => Channel::Email,
        "sms" => Channel::Sms,
        "affiliate" | "affiliates" => Channel::Affiliate,
        "cpc" | "cpm" | "cpv" | "cpa" | "ppc" | "retargeting" | "display" | "banner" => Channel::Paid,
        "ai-assistant" => Channel::AiAssistant,
        "organic" => Channel::OrganicSearch,
        "social" | "social-network" | "social-media" | "sm" | "social network" | "social media" => {
            Channel::OrganicSocial
        }
        "referral" | "app" | "link" => Channel::Referral,
        _ if medium.starts_with("paid") => Channel::Paid,
        _ => return None,
    })
}

fn by_host(host: &str) -> Channel {
    if SOCIAL.iter().any(|known| is_or_below(host, known)) {
        return Channel::OrganicSocial;
    }
    // `mail.google.com` is no search: only `www.` may stand before the name.
    let name = host.strip_prefix("www.").unwrap_or(host).split('.').next().unwrap_or_default();
    if SEARCH.contains(&name) { Channel::OrganicSearch } else { Channel::Referral }
}

/// Whether a host is `known` or below it, label by label: `fedex.com` is not below `x.com`.
fn is_or_below(host: &str, known: &str) -> bool {
    host.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The host of a link or of a bare host name, in lower case.
fn host(text: &str) -> Option<String> {
    let parsed = Url::parse(text)
        .ok()
        .filter(Url::has_host)
        .or_else(|| Url::parse(&format!("https://{text}")).ok())?;
    parsed.host_str().map(|host| host.trim_end_matches('.').to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_wins() {
        for (landing, referrer, channel) in [
            (None, None, Channel::Direct),
            (Some("https://shop.example/"), None, Channel::Direct),
            (Some("https://shop.example/"), Some("https://shop.example/cart"), Channel::Direct),
            (Some("https://shop.example/?clq=7zk3&utm_medium=email"), None, Channel::Chatbot),
            (Some("https://shop.example/?utm_medium=E-Mail"), None, Channel::Email),
            (Some("/?utm_source=a&utm_medium=paid_social"), None, Channel::Paid),
            (Some("/?utm_source=a"), None, Channel::Other),
            (None, Some("https://www.google.co.uk/"), Channel::OrganicSearch),
            (None, Some("https://mail.google.com/"), Channel::Referral),
            (None, Some("google.com"), Channel::OrganicSearch),
            (None, Some("https://gemini.google.com/app"), Channel::AiAssistant),
            (Some("/?utm_source=chatgpt.com"), None, Channel::AiAssistant),
            (None, Some("https://l.facebook.com/"), Channel::OrganicSocial),
            (None, Some("https://fedex.com/"), Channel::Referral),
            (None, Some("  not a host  "), Channel::Direct),
        ] {
            assert_eq!(Channel::of(landing, referrer), channel, "{landing:?} {referrer:?}");
        }
    }
}
