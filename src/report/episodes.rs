//! Journeys cut at their conversions: what led to each, and what led to none.

use crate::journey::{Conversion, Journey, Touchpoint};
use crate::question::Question;
use crate::time::nanos_of;

/// Touchpoints in order, and the conversion that they ended in, if any.
#[derive(Clone, Debug)]
pub(super) struct Episode<'j> {
    pub(super) steps: Vec<&'j Touchpoint>,
    pub(super) end: Option<&'j Conversion>,
}

/// All episodes of a person that have touchpoints: one before each conversion that is asked about, from the one before
/// it on, and what came after the last.
pub(super) fn episodes<'j>(journey: &'j Journey, question: &Question) -> Vec<Episode<'j>> {
    let (mut found, mut since) = (Vec::new(), None);
    for claim in &journey.claims {
        let conversion = &claim.conversion;
        if !question.asks_about(&conversion.kind) {
            continue;
        }
        if question.period.contains(conversion.at) {
            let steps = claim.touchpoints.iter().filter(|step| since.is_none_or(|since| step.at > since));
            found.push(Episode { steps: steps.collect(), end: Some(conversion) });
        }
        since = Some(conversion.at);
    }
    found.push(open(journey, question));
    found.retain(|episode| !episode.steps.is_empty());
    found
}

/// One episode per person, so that people stand for themselves: what led to the first conversion of the period, or
/// everything if there is none. None for people without touchpoints.
pub(super) fn first_episode<'j>(journey: &'j Journey, question: &Question) -> Option<Episode<'j>> {
    let mut claims = journey.claims.iter().filter(|claim| question.asks_about(&claim.conversion.kind));
    let episode = match claims.find(|claim| question.period.contains(claim.conversion.at)) {
        Some(claim) => Episode { steps: claim.touchpoints.iter().collect(), end: Some(&claim.conversion) },
        None => open(journey, question),
    };
    (!episode.steps.is_empty()).then_some(episode)
}

/// What has led to no conversion yet: touchpoints of the period after the last one that is asked about. Of these the
/// last stretch as long as the lookback window, which is as much as a conversion would have seen.
pub(super) fn open<'j>(journey: &'j Journey, question: &Question) -> Episode<'j> {
    let asked = journey.claims.iter().filter(|claim| question.asks_about(&claim.conversion.kind));
    let since = asked.map(|claim| claim.conversion.at).max();
    let inside =
        |step: &&Touchpoint| since.is_none_or(|since| step.at > since) && question.period.contains(step.at);
    let mut steps: Vec<&Touchpoint> = journey.touchpoints.iter().filter(inside).collect();
    if let Some(last) = steps.last().map(|step| nanos_of(step.at)) {
        let lookback = i128::from(question.rules.lookback.as_nanos());
        steps.retain(|step| last - nanos_of(step.at) <= lookback);
    }
    Episode { steps, end: None }
}
