//! Counts in serialised form, checked when they are read.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;

use crate::model::alphabet::Step;
use crate::model::exact::Exact;
use crate::model::markov::counts::{MarkovCounts, Presence};
use crate::model::table::Ends;

/// Labels in text order; states as places of labels, oldest first, in order; steps as places of states, in order;
/// amounts as decimal text.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    order: usize,
    labels: Vec<LabelForm>,
    states: Vec<StateForm>,
    /// From, to, journeys.
    steps: Vec<(u32, u32, Exact)>,
    unattributed: Ends,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LabelForm {
    label: Step,
    /// Journeys that have it.
    with: Ends,
    /// Journeys that have no other.
    alone: Ends,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateForm {
    labels: SmallVec<[u32; 4]>,
    /// Journeys that begin here.
    first: Exact,
    /// Journeys that end here.
    ends: Ends,
}

impl Serialize for MarkovCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let counts = self.ordered();
        let label = |(label, Presence { with, alone })| LabelForm { label, with, alone };
        let state = |(labels, first, ends)| StateForm { labels, first, ends };
        let form = Form {
            order: self.order(),
            labels: counts.labels.into_iter().zip(counts.presence).map(label).collect(),
            states: counts.states.into_iter().map(state).collect(),
            steps: counts.arcs,
            unattributed: self.unattributed,
        };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for MarkovCounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Form::deserialize(deserializer)?.counts().map_err(D::Error::custom)
    }
}

impl Form {
    fn counts(self) -> Result<MarkovCounts, String> {
        let mut counts = MarkovCounts::new(self.order).map_err(|error| error.to_string())?;
        for LabelForm { label, with, alone } in &self.labels {
            counts.put_label(label, Presence { with: *with, alone: *alone })?;
        }
        for StateForm { labels, first, ends } in &self.states {
            counts.put_state(labels, *first, *ends)?;
        }
        for (from, to, journeys) in &self.steps {
            counts.put_arc(*from, *to, *journeys)?;
        }
        counts.put_unattributed(self.unattributed)?;
        counts.check_flow()?;
        Ok(counts)
    }
}
