//! Whose touchpoints may be used, and what is kept of whom for how long.
//!
//! | duty | call |
//! |---|---|
//! | consent, and its withdrawal (GDPR 6 and 7) | [`Event::consent`](crate::Event::consent): the last word counts; [`Question::consent`](crate::Question::consent) says what counts without one |
//! | the other purposes, such as sale or sharing (CCPA 1798.120), and `Sec-GPC` | [`Event::global_privacy_control`](crate::Event::global_privacy_control); [`Tracker::last_word`](crate::Tracker::last_word) before anything is sent on |
//! | access and portability (GDPR 15 and 20, CCPA know, a platform's `customers/data_request`) | [`Tracker::export`](crate::Tracker::export) |
//! | erasing what came before a withdrawal | [`Tracker::erase_touchpoints`](crate::Tracker::erase_touchpoints) |
//! | erasure (GDPR 17, CCPA delete, a platform's `customers/redact`) | [`Tracker::erase`](crate::Tracker::erase), [`Tracker::erase_with_orders`](crate::Tracker::erase_with_orders) |
//! | a shop that leaves (`shop/redact`) | [`Tracker::erase_shop`](crate::Tracker::erase_shop) |
//! | storage limitation (GDPR 5(1)(e)) | [`Limits::retention`](crate::Limits::retention) and [`Tracker::expire`](crate::Tracker::expire) |
//! | pseudonymisation (GDPR 4(5)), change of keys | [`Key`](crate::Key), [`Tracker::rotate`](crate::Tracker::rotate) |
//! | data minimisation (GDPR 5(1)(c)) | [`Limits::privacy`](crate::Limits::privacy), [`Limits::hash_ids`](crate::Limits::hash_ids), [`scrub`](crate::scrub) |
//! | statistical disclosure: small groups | [`Question::min_group`](crate::Question::min_group) |
//! | rectification (GDPR 16) | a newer version of an [`Order`](crate::Order); [`Event::claim_withdrawn`](crate::Event::claim_withdrawn) for who is who |
//! | restriction and objection (GDPR 18 and 21) | a denial told by [`Event::consent`](crate::Event::consent): nothing of the person is credited while it is the last word |
//! | accountability (GDPR 5(2)) | [`Report::asked`](crate::Report::asked) says which policy was on, [`Overview::refused`](crate::Overview::refused) how many touchpoints it left out, [`Totals::erased`](crate::Totals::erased) what is erased; [`Erased`] what one erasure removed |
//! | integrity and availability (GDPR 32), erasures that survive a restart | [`Tracker::snapshot`](crate::Tracker::snapshot), [`Tracker::restore`](crate::Tracker::restore) |
//!
//! Texts that others wrote are searched for the identifiers that an erasure is given: give it all that the host knows,
//! since what is kept of the others is pseudonyms. A text that comes for the first time after the erasure is not searched.

mod subject;

pub use subject::{Erased, Subject};

use crate::choice::choice;

choice! {
    /// What counts where a person has said nothing about analytics.
    ///
    /// A person's last word counts (by time; of two at one instant the denial), whatever the policy.
    ConsentPolicy:
    /// Consent is assumed until it is denied.
    #[default]
    Assumed "assumed";
    /// Nothing is credited without consent.
    Required "required";
}

impl ConsentPolicy {
    /// Whether touchpoints of a person whose last word is `said` may be used.
    pub fn allows(self, said: Option<bool>) -> bool {
        said.unwrap_or(self == Self::Assumed)
    }
}
