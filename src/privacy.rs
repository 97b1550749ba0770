//! Whose touchpoints may be used.

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
