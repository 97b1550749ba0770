//! Tagged links: how a click leads back to the turn that sent it.
use std::borrow::Cow;
pub(crate) fn code_on(url: &str) -> Option<Cow<'_, str>> {
    let query = url.split_once('?')?.1;
    query.split(['&', '#']).find_map(|pair| pair.strip_prefix("clq=")).map(Cow::Borrowed)
}
pub(crate) fn channel_name(url: Option<&str>, referrer: Option<&str>) -> &'static str {
    if url.is_some_and(|u| u.contains("utm_")) {
        "campaign"
    } else if referrer.is_some() {
        "referral"
    } else {
        "direct"
    }
}
pub(crate) fn percent_decoded(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}
