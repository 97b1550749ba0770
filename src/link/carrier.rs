//! Carriers: how a code travels where a query parameter cannot.
//!
//! | carrier | how | comes back |
//! |---|---|---|
//! | query parameter | [`Tagger::tag`](super::Tagger::tag), default `clq` | on the landing URL |
//! | Shopify `ref` | [`SHOPIFY_PARAM`] as the tagger's `code_param` | as the visit's referral code |
//! | cart attribute | [`cart_attribute`] | on the order |
//! | line property | [`line_property`] | on the order's line |
//! | path segment | [`path_segment`] | in the path of the landing URL |
//! | Telegram | [`telegram_start`] | in the message `/start CODE` |
//! | Messenger, Instagram | [`messenger_ref`] | in the webhook's `ref` |
//! | WhatsApp | [`whatsapp_text`] | in the text of the first message: [`codes_in`] |

use super::code::{Code, LinkError, fold};
use super::escape::encode_into;
use super::split::{split, trim_link};

/// The parameter that Shopify records by itself as a visit's referral code.
///
/// Some privacy lists remove it ([`param_survives`](super::lint::param_survives) is false); `clq` survives.
pub const SHOPIFY_PARAM: &str = "ref";

/// Name of the cart attribute and of the line property. Shops hide names with a leading `_` from shoppers.
pub const HIDDEN_NAME: &str = "_clq";

/// Name and value of a cart attribute (`attributes[_clq]` in a cart permalink or form).
pub fn cart_attribute(code: &Code) -> (&'static str, &str) {
    (HIDDEN_NAME, code.as_str())
}

/// Name and value of a line property (`properties[_clq]` in a product form).
pub fn line_property(code: &Code) -> (&'static str, &str) {
    (HIDDEN_NAME, code.as_str())
}

/// A link with the code as the last segment of its path: `https://shop.example/c/7zk3q9t4m2?a=1`.
///
/// Query and fragment stay byte for byte; a slash at the end of the path is used and not doubled.
///
/// ```
/// use clinch::link::{Code, carrier};
///
/// let link = carrier::path_segment("https://shop.example/c?a=1", &Code::new("7zk3q9t4m2")?);
/// assert_eq!(link, "https://shop.example/c/7zk3q9t4m2?a=1");
/// # Ok::<(), clinch::link::LinkError>(())
/// ```
pub fn path_segment(link: &str, code: &Code) -> String {
    let link = trim_link(link);
    let head = split(link).head;
    let slash = if head.ends_with('/') { "" } else { "/" };
    format!("{head}{slash}{code}{}", &link[head.len()..])
}

/// A link that starts a Telegram bot with the code: `https://t.me/my_bot?start=7zk3q9t4m2`.
///
/// # Errors
/// [`LinkError::BadTarget`] unless `bot` is 5 to 32 ASCII letters, digits and `_`.
pub fn telegram_start(bot: &str, code: &Code) -> Result<String, LinkError> {
    let fits = (5..=32).contains(&bot.len()) && bot.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    check(fits, "Telegram bot", bot)?;
    Ok(format!("https://t.me/{bot}?start={code}"))
}

/// A link that opens a Messenger conversation with the code: `https://m.me/page?ref=7zk3q9t4m2`.
///
/// The same query works on `ig.me/m/` for accounts with ice breakers.
///
/// # Errors
/// [`LinkError::BadTarget`] unless `page` is 1 to 64 ASCII letters, digits and dots.
pub fn messenger_ref(page: &str, code: &Code) -> Result<String, LinkError> {
    let fits = (1..=64).contains(&page.len()) && page.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
    check(fits, "Messenger page", page)?;
    Ok(format!("https://m.me/{page}?ref={code}"))
}

/// A link that opens WhatsApp with `text` and the readable code behind it, for the shopper to send.
///
/// WhatsApp carries nothing but this text, so the code stands in it in capitals and groups; [`codes_in`]
/// finds it again. `phone` is the number with country code, digits only.
///
/// ```
/// use clinch::link::{Code, carrier};
///
/// let code = Code::new("7zk3q9t4m2")?;
/// let link = carrier::whatsapp_text("31201234567", "Hi!", &code)?;
/// assert_eq!(link, "https://wa.me/31201234567?text=Hi%21%20%28ref%207ZK3-Q9T4-M2%29");
/// assert_eq!(carrier::codes_in("Hi! (ref 7ZK3-Q9T4-M2)").collect::<Vec<_>>(), ["7zk3q9t4m2"]);
/// # Ok::<(), clinch::link::LinkError>(())
/// ```
///
/// # Errors
/// [`LinkError::BadTarget`] unless `phone` is 7 to 15 digits (E.164 without the plus).
pub fn whatsapp_text(phone: &str, text: &str, code: &Code) -> Result<String, LinkError> {
    let fits = (7..=15).contains(&phone.len()) && phone.bytes().all(|b| b.is_ascii_digit());
    check(fits, "phone number", phone)?;
    let mut link = format!("https://wa.me/{phone}?text=");
    encode_into(&format!("{text} (ref {})", code.readable()), &mut link);
    Ok(link)
}

/// The words of a message that may be codes, in their canonical form and in order.
///
/// A candidate has 8 to 64 symbols of the alphabet, with a digit and a letter among them; ordinary words and
/// numbers have not. The signer's check, or the host's table, tells which is one.
pub fn codes_in(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.filter_map(fold).filter(|word| {
        (8..=64).contains(&word.len())
            && word.bytes().any(|b| b.is_ascii_digit())
            && word.bytes().any(|b| b.is_ascii_alphabetic())
    })
}

fn check(fits: bool, expected: &'static str, found: &str) -> Result<(), LinkError> {
    if fits { Ok(()) } else { Err(LinkError::BadTarget { expected, len: found.len() }) }
}
