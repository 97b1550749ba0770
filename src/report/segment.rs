//! Which journeys an answer is about.

use serde::{Deserialize, Serialize};

use crate::choice::choice;
use crate::journey::{ConversionKind, Dimension, Journey, Touchpoint};
use crate::report::episodes::Episode;
use crate::text::Label;

choice! {
    /// Whether a shopper has bought before.
    Shoppers:
    /// No order that counts lies before the journey.
    #[default]
    New "new";
    /// At least one does.
    Returning "returning";
}

/// A part of all journeys: those for which everything asked holds. The default is all of them.
///
/// A segment is chosen by what was said in a journey, so comparing segments compares shoppers too: it says where to
/// look and not what to blame.
///
/// [`Tracker::friction`](crate::Tracker::friction) and [`Tracker::review`](crate::Tracker::review) take one. For
/// everything that is made of journeys, such as [`Sequences::of`](crate::Sequences::of) and
/// [`Suggester::fit`](crate::Suggester::fit), [`Segment::includes`] chooses them.
///
/// ```
/// use clinch::{Dimension, Event, JourneyBuilder, Segment, Who};
///
/// let at: chrono::DateTime<chrono::Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
/// let mut builder = JourneyBuilder::new();
/// builder.add(Event::query("e1", at, Who::visitor("v1")).topic("size").language("de"))?;
/// builder.add(Event::query("e2", at, Who::visitor("v2")).topic("size").language("fr"))?;
/// let german = Segment::all().having(Dimension::Language, "de");
/// assert_eq!(builder.build(at).iter().filter(|journey| german.includes(journey)).count(), 1);
/// # Ok::<(), clinch::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The journey has a touchpoint with this value, for each pair: a topic, an intent, a product type, a channel, a
    /// language. Evidence is known of conversions alone, and to ask for it would be to ask for these: nothing has it.
    pub having: Vec<(Dimension, Label)>,
    /// Whether the shopper had bought before it began; none for either.
    pub shoppers: Option<Shoppers>,
}

impl Segment {
    /// All journeys.
    pub fn all() -> Self {
        Self::default()
    }

    /// Only journeys with this value.
    pub fn having(mut self, dimension: Dimension, value: impl Into<Label>) -> Self {
        self.having.push((dimension, value.into()));
        self
    }

    /// Only journeys of such shoppers.
    pub fn shoppers(mut self, shoppers: Shoppers) -> Self {
        self.shoppers = Some(shoppers);
        self
    }

    /// Whether a whole journey is in it: by all of its touchpoints, and by what had been bought before the first.
    pub fn includes(&self, journey: &Journey) -> bool {
        self.holds(journey, &journey.touchpoints.iter().collect::<Vec<_>>())
    }

    pub(super) fn has(&self, journey: &Journey, episode: &Episode<'_>) -> bool {
        self.holds(journey, &episode.steps)
    }

    fn holds(&self, journey: &Journey, steps: &[&Touchpoint]) -> bool {
        let said = |(dimension, wanted): &(Dimension, Label)| {
            *dimension != Dimension::Evidence
                && steps.iter().any(|step| step.values(*dimension).contains(wanted))
        };
        let shoppers = || match steps.first() {
            Some(first) if has_bought(journey, first.at) => Shoppers::Returning,
            _ => Shoppers::New,
        };
        self.having.iter().all(said) && self.shoppers.is_none_or(|wanted| wanted == shoppers())
    }
}

/// Whether an order that counts lies before an instant.
fn has_bought(journey: &Journey, before: chrono::DateTime<chrono::Utc>) -> bool {
    let orders =
        journey.claims.iter().filter(|claim| matches!(claim.conversion.kind, ConversionKind::Order(_)));
    orders.map(|claim| claim.conversion.at).any(|at| at < before)
}
