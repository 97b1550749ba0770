//! Everything that was decided about one order, for a person who doubts it.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::credit::{Credits, LineCredits, credit, credit_lines};
use crate::error::Result;
use crate::event::{Event, EventRef, OrderStatus};
use crate::fact::{Facts, Limits};
use crate::id::Key;
use crate::journey::{
    Asked, Cause, Circle, Claim, Claiming, Entered, OrderState, Path, Source, Standing, Touchpoint, What,
    World, read,
};
use crate::money::{Money, decimal};
use crate::question::Question;
use crate::report::NotCounted;
use crate::text::{EventId, OrderId, printed};

/// Everything that was decided about one order: who may claim it and on what evidence, who may not and why, what
/// every model gives, and the rules in force.
///
/// `Display` prints it for a person, serde for a program. A turn of another person, brought in by a code, shows
/// its labels and instant only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Receipt {
    /// The order.
    pub order: OrderId,
    /// The state that its newest version is in.
    pub status: OrderStatus,
    /// Why it is no conversion, if it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_counted: Option<NotCounted>,
    /// Its value before refunds.
    pub total: Money,
    /// The candidates; none for an order that does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// The touchpoints that were left after the path's transform, which is what the models saw.
    pub path: Vec<EventId>,
    /// What each model gives, in the order asked for. Participation gives no shares and is left out.
    pub models: Vec<Credits>,
    /// The same line by line, where the order has lines; one list per model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Vec<LineCredits>>,
    /// Facts after this instant were not seen.
    pub as_of: DateTime<Utc>,
    /// Id of the question.
    pub question: String,
    /// Id of the rules.
    pub rules_id: String,
    /// The rules in force, as printed.
    pub rules: String,
}

/// What stands for the id of another person's turn.
const SOMEBODY: &str = "(another person's turn)";

/// The receipt of one order over the events handed in; none if none of them is that order.
///
/// # Errors
/// A model that breaks its contract, two columns of one name.
pub fn receipt(
    events: impl IntoIterator<Item = impl Into<Event>>,
    order: &OrderId,
    question: &Question,
) -> Result<Option<Receipt>> {
    let mut facts = Facts::new(Key::new([0; 16]), Limits::default());
    for event in events {
        // What the door refuses is no fact: the answer is about facts.
        let _recorded = facts.record(EventRef::from(&event.into()), &mut ())?;
    }
    Receipt::of(&facts, order, question)
}

impl Receipt {
    pub(crate) fn of(facts: &Facts, order: &OrderId, question: &Question) -> Result<Option<Self>> {
        Self::of_kept(facts, facts.order_id(order), question)
    }

    /// The same of an order by its id as it is kept.
    pub(crate) fn of_kept(facts: &Facts, order: OrderId, question: &Question) -> Result<Option<Self>> {
        question.check()?;
        let Some(book) = facts.books.find(&order) else { return Ok(None) };
        let Entered::Order(state) = read(facts.books.get(book), question.as_of, facts) else {
            return Ok(None);
        };
        let number = facts.names.cluster(state.winner.handle);
        let world = World::around(facts, &question.rules, question.consent, question.as_of, number);
        let mut circle = Circle::new(&world, number);
        circle.find_causes();
        let claim = claims(&circle, &order);
        let mut receipt = Self {
            status: state.status,
            not_counted: NotCounted::of(&state),
            total: state.total,
            claim: None,
            path: Vec::new(),
            models: Vec::new(),
            lines: Vec::new(),
            as_of: question.as_of,
            question: question.id(),
            rules_id: question.rules.id(),
            rules: question.rules.to_string(),
            order,
        };
        if let Some((claim, shown)) = claim {
            receipt.credit(&claim, &shown, question)?;
            receipt.claim = Some(shown);
        }
        Ok(Some(receipt))
    }

    /// Credits the claim as it is, since what is hidden may be what a model or a transform looks at, and tells it
    /// under the ids of the claim as it is `shown`.
    fn credit(&mut self, claim: &Claim, shown: &Claim, question: &Question) -> Result<()> {
        let (by, transform) = (question.first_dimension(), question.rules.transform);
        let path = Path::transformed(&claim.conversion, &claim.touchpoints, by, transform);
        // The path is a part of the claim, in the same order.
        let mut pairs = claim.touchpoints.iter().zip(&shown.touchpoints);
        let mut shown = |kept: &Touchpoint| pairs.find(|(held, _)| std::ptr::eq(*held, kept));
        self.path = path.touchpoints().filter_map(|kept| Some(shown(kept)?.1.id.clone())).collect();
        for model in question.models.iter().filter_map(|chosen| chosen.model()) {
            let mut credits = credit(model, &path)?;
            for (part, id) in credits.credits.iter_mut().zip(&self.path) {
                part.touchpoint = id.clone();
            }
            self.models.push(credits);
            if claim.conversion.lines.iter().any(|line| line.product.is_some()) {
                self.lines.push(credit_lines(model, &path)?);
            }
        }
        Ok(())
    }
}

/// The claim of an order that counts, as it is and as it is shown.
fn claims(circle: &Circle<'_, '_>, order: &OrderId) -> Option<(Claim, Claim)> {
    let has = |state: &OrderState<'_>| state.id == order;
    let shopper = circle.shoppers.iter().find(|shopper| shopper.orders.iter().any(has))?;
    let mut claiming = Claiming::new(circle, shopper, Asked { evidence: true, refused: true });
    for earned in circle.earned(shopper) {
        claiming.decide(&earned);
        if let What::Order(place) = earned.what
            && has(&shopper.orders[place as usize])
        {
            let decision = claiming.decision();
            let claim = circle.claim(shopper, &earned, decision, || claiming.unattributed(&earned));
            let mut shown = claim.clone();
            redact(&mut shown, &decision.path);
            return Some((claim, shown));
        }
    }
    None
}

/// Takes out what would tell one person about another.
fn redact(claim: &mut Claim, path: &[Standing]) {
    let foreign = |source: Source| matches!(source, Source::Other(_));
    for (touchpoint, standing) in claim.touchpoints.iter_mut().zip(path) {
        let caused = matches!(standing.cause, Cause::Other(_));
        if foreign(standing.source) {
            touchpoint.id = EventId::from(SOMEBODY);
        }
        if caused {
            touchpoint.turn = touchpoint.turn.take().map(|_| EventId::from(SOMEBODY));
        }
        if caused || foreign(standing.source) {
            touchpoint.labels.conversation.clear();
        }
        // Engagements stand in the order of what they came from: the folded ones, then each other part and its own.
        let mut place = standing.folds.len();
        for part in &standing.rest {
            if foreign(part.source) {
                touchpoint.engagements[place] = EventId::from(SOMEBODY);
            }
            place += 1 + part.folds.len();
        }
    }
    for refused in claim.refused.iter_mut().filter(|refused| refused.foreign) {
        refused.id = EventId::from(SOMEBODY);
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "order {}, {}", printed(self.order.as_str()), self.total)?;
        match (&self.claim, self.not_counted) {
            (Some(claim), _) => {
                write!(f, ", placed {}", instant(claim.conversion.at))?;
                if let Some(value) = claim.conversion.value.filter(|value| *value != self.total) {
                    write!(f, ", {value} after refunds")?;
                }
                if claim.conversion.over_refunded > 0 {
                    let over = decimal(claim.conversion.over_refunded, self.total.currency());
                    write!(f, " ({over} refunded beyond the total)")?;
                }
                writeln!(f)?;
                self.write_claim(f, claim)?;
            }
            (None, Some(reason)) => writeln!(f, ": no conversion, {reason}")?,
            (None, None) => writeln!(f)?,
        }
        writeln!(f, "as of {}, question {}, rules {}", instant(self.as_of), self.question, self.rules_id)?;
        write!(f, "{}", self.rules)
    }
}

impl Receipt {
    fn write_claim(&self, f: &mut fmt::Formatter<'_>, claim: &Claim) -> fmt::Result {
        for (place, touchpoint) in claim.touchpoints.iter().enumerate() {
            let labels = touchpoint.labels.query.iter().chain(&touchpoint.labels.topic);
            let labels: Vec<_> = labels.map(|label| printed(label.as_str())).collect();
            let (at, kind, id) = (instant(touchpoint.at), touchpoint.kind, printed(touchpoint.id.as_str()));
            write!(
                f,
                "  {}. {at} {kind} {id} [{}] by {}",
                place + 1,
                labels.join("; "),
                touchpoint.evidence
            )?;
            let folded: Vec<_> = touchpoint.engagements.iter().map(|id| printed(id.as_str())).collect();
            writeln!(f, "{}{}", if folded.is_empty() { "" } else { " with " }, folded.join(", "))?;
        }
        for refused in &claim.refused {
            let (at, kind, reason) = (instant(refused.at), refused.kind, refused.reason);
            let id = printed(refused.id.as_str());
            writeln!(f, "  -- {at} {kind} {id} refused: {reason}")?;
        }
        if let Some(reason) = claim.unattributed {
            writeln!(f, "  unattributed: {reason}. {}", reason.advice())?;
        }
        for credits in &self.models {
            let part = |credit: &crate::credit::Credit| {
                let value = credit.value.map_or_else(String::new, |value| value.amount());
                format!("{} {value} ({})", printed(credit.touchpoint.as_str()), credit.share)
            };
            let parts: Vec<String> = credits.credits.iter().map(part).collect();
            let told = if credits.declined { "declined".to_owned() } else { parts.join(", ") };
            if !told.is_empty() {
                writeln!(f, "  {}: {told}", printed(&credits.model))?;
            }
        }
        Ok(())
    }
}
