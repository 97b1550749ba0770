//! What erased orders come to: they have no person, so nothing may claim them, and nothing is lost of the books.

use crate::event::OrderStatus;
use crate::fact::{ErasedState, Facts};
use crate::question::{Dated, Earned, Question};
use crate::reason::UnattributedReason;
use crate::report::sums::{NotCounted, Sums};
use crate::report::tally::Tally;
use crate::time::{nanos_of, utc_of};

/// What the erased orders that a question asks about come to. There are few: they are counted anew for every answer.
pub(super) fn sums(facts: &Facts, question: &Question) -> Sums {
    let mut tally = Tally::new(question);
    count(facts, question, &mut tally);
    tally.sums(facts, question)
}

fn count(facts: &Facts, question: &Question, tally: &mut Tally) {
    let models = question.models.len();
    for order in facts.gone.orders.values() {
        let (state, loose) = order.state(nanos_of(question.as_of));
        for refund in loose {
            let place = tally.currency(Some(refund.currency()), models);
            let held = &mut tally.money[place].refunds_loose;
            *held = (held.0 + 1, held.1 + i128::from(refund.minor()));
        }
        let Some(state) = state else { continue };
        if question.dated != Dated::ByTouch && !question.period.contains(utc_of(state.at)) {
            continue;
        }
        tally.intake.orders_known += 1;
        let place = tally.currency(Some(state.currency), models);
        let money = &mut tally.money[place];
        money.refunds_applied += state.applied;
        money.over_refunded += state.over_refunded;
        if let Some(reason) = not_counted(&state) {
            tally.intake.not_counted[reason as usize] += 1;
        } else if matches!(question.earned, Earned::Orders) {
            money.conversions += 1;
            money.value += i128::from(state.net);
            let held = &mut money.unattributed[UnattributedReason::Erased as usize];
            *held = (held.0 + 1, held.1 + i128::from(state.net));
        }
    }
}

fn not_counted(state: &ErasedState) -> Option<NotCounted> {
    match state.status {
        OrderStatus::Cancelled => Some(NotCounted::Cancelled),
        OrderStatus::Test => Some(NotCounted::Test),
        _ => (!state.counts).then_some(NotCounted::Refunded),
    }
}
