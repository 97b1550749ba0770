//! What a fact asks of those who read the facts beside it.

use crate::event::Kind;
use crate::fact::LeftOut;
use crate::fact::content::Content;

/// What has to be looked at in a cluster; what never came up costs an answer nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traits {
    /// A claim was withdrawn.
    pub(crate) withdrawals: bool,
    /// There are engagements or feedback, which have a cause.
    pub(crate) causes: bool,
    /// There are words on consent.
    pub(crate) consent: bool,
    /// A link code or a discount code was handed out or used.
    pub(crate) codes: bool,
    /// A goal was reached.
    pub(crate) goals: bool,
    /// A placeholder or a field left out was counted.
    pub(crate) counted: bool,
}

impl Traits {
    /// Those of a fact with this content, which may carry a code.
    pub(super) fn of(content: &Content, coded: bool) -> Self {
        let counted = content.junk > 0 || content.left_out != LeftOut::default();
        let mut traits = Self { counted, ..Self::default() };
        match &content.kind {
            Kind::ClaimWithdrawn(_) => traits.withdrawals = true,
            Kind::Consent(_) => traits.consent = true,
            Kind::Goal(_) => traits.goals = true,
            Kind::LinkShared(_) | Kind::DiscountOffer(_) | Kind::LinkClick(_) => {
                traits.causes = true;
                traits.codes = coded;
            }
            Kind::Visit(_) => traits.codes = coded,
            Kind::Recommendation(_)
            | Kind::AddToCart(_)
            | Kind::RemoveFromCart(_)
            | Kind::CheckoutStarted(_)
            | Kind::DiscountRequest(_)
            | Kind::Feedback(_) => traits.causes = true,
            _ => {}
        }
        traits
    }

    /// Adds what others have.
    #[inline]
    pub(crate) fn add(&mut self, other: Self) {
        self.withdrawals |= other.withdrawals;
        self.causes |= other.causes;
        self.consent |= other.consent;
        self.codes |= other.codes;
        self.goals |= other.goals;
        self.counted |= other.counted;
    }
}
