//! Texts that are no identifiers, as data.

use crate::id::IdKind;

/// Whether a text only stands where an identifier is missing.
pub(crate) fn is_junk(kind: IdKind, text: &str) -> bool {
    let text = text.trim();
    if text.bytes().all(|c| matches!(c, b'0' | b'-' | b'_' | b'.' | b'+' | b' ')) {
        return true;
    }
    if text.len() <= LONGEST && listed(JUNK, text) {
        return true;
    }
    let mailbox = || text.split_once('@').map(|(mailbox, _)| mailbox);
    kind == IdKind::Email && mailbox().is_none_or(|name| listed(ROLE_MAILBOXES, name))
}

/// Length of the longest of [`JUNK`].
const LONGEST: usize = 17;

/// Whether a text is in a sorted list of lower-case texts, in any case.
fn listed(list: &[&str], text: &str) -> bool {
    let folded = || text.bytes().map(|byte| byte.to_ascii_lowercase());
    list.binary_search_by(|entry| entry.bytes().cmp(folded())).is_ok()
}

/// Texts that stand where an identifier is missing, lower case and sorted. Texts of nothing but zeros and
/// separators, the nil UUID among them, are junk without being listed.
pub const JUNK: &[&str] = &[
    "",
    "$device_id",
    "(none)",
    "(not set)",
    "(null)",
    "*",
    "-1",
    "[]",
    "[object object]",
    "anonymous",
    "anonymous_user",
    "anonymoususer",
    "deleted",
    "distinct_id",
    "email",
    "empty",
    "false",
    "guest",
    "id",
    "infinity",
    "invalid",
    "n/a",
    "na",
    "nan",
    "nil",
    "no_id",
    "none",
    "not set",
    "not_authenticated",
    "null",
    "true",
    "undefined",
    "unknown",
    "unset",
    "user_id",
    "void",
    "{}",
];

/// Mailboxes of a role, not of a person: the part before the `@`, lower case and sorted.
pub const ROLE_MAILBOXES: &[&str] = &[
    "abuse",
    "admin",
    "administrator",
    "billing",
    "contact",
    "do-not-reply",
    "donotreply",
    "hello",
    "help",
    "hostmaster",
    "info",
    "mail",
    "mailer-daemon",
    "marketing",
    "no-reply",
    "no_reply",
    "noreply",
    "office",
    "orders",
    "postmaster",
    "sales",
    "service",
    "shop",
    "support",
    "team",
    "webmaster",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Identifier;

    #[test]
    fn junk_lists_are_sorted_so_that_search_finds_every_entry() {
        assert!(JUNK.is_sorted() && ROLE_MAILBOXES.is_sorted());
        assert_eq!(JUNK.iter().map(|text| text.len()).max(), Some(LONGEST));
        for text in JUNK {
            assert!(Identifier::new(IdKind::Visitor, text).is_junk(), "{text}");
        }
        for text in ["0", "000", "00000000-0000-0000-0000-000000000000", " NULL ", "Undefined"] {
            assert!(Identifier::new(IdKind::Customer, text).is_junk(), "{text}");
        }
        for text in ["v9", "1", "10", "annul", "a@shop.example", "info"] {
            assert!(!Identifier::new(IdKind::Visitor, text).is_junk(), "{text}");
        }
        assert!(Identifier::new(IdKind::Email, "No-Reply@shop.example").is_junk());
        assert!(Identifier::new(IdKind::Email, "no mailbox").is_junk());
        assert!(!Identifier::new(IdKind::Email, "ada@shop.example").is_junk());
    }
}
