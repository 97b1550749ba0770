//! What the rules make of each content, worked out once for a whole answer.

use std::collections::BTreeMap;

use crate::event::Kind;
use crate::fact::{CHANNEL, Contents, Held, NONE, QUERY};
use crate::journey::rules::Rules;
use crate::journey::touchpoint::{Evidence, TouchKind, direct_channel};
use crate::reason::RefuseReason;

/// What a content is to the rules.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prepared {
    /// The kind of touchpoint that it can be, if any.
    pub(crate) touch: Option<TouchKind>,
    /// Whether that kind may earn.
    pub(crate) may: bool,
    /// Whether its intent may not.
    pub(crate) excluded: bool,
    /// Whether its channel is that of direct visits.
    pub(crate) direct: bool,
}

/// Rules in the form in which they are applied.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    contents: Vec<Prepared>,
    /// The lookback window of each kind, in nanoseconds, by the number of the kind.
    windows: [u64; TouchKind::ALL.len()],
    /// Longer windows that evidence opens.
    pub(crate) evidence_windows: BTreeMap<Evidence, u64>,
    /// The longest window of all: what lies further back is out.
    pub(crate) longest: u64,
    /// Whether any turn has a query.
    pub(crate) has_queries: bool,
}

impl Plan {
    pub(crate) fn new(contents: &Contents, rules: &Rules) -> Self {
        let mut plan = Self::bare(rules);
        plan.grow(contents, rules);
        plan
    }

    /// The same without the contents, for an answer that looks at few of them.
    pub(crate) fn bare(rules: &Rules) -> Self {
        let mut windows = [rules.lookback.as_nanos(); TouchKind::ALL.len()];
        for (kind, window) in &rules.kind_windows {
            windows[*kind as usize] = window.as_nanos();
        }
        let evidence_windows: BTreeMap<Evidence, u64> =
            rules.evidence_windows.iter().map(|(evidence, window)| (*evidence, window.as_nanos())).collect();
        let longest = windows.iter().chain(evidence_windows.values()).copied().max().unwrap_or_default();
        Self { contents: Vec::new(), windows, evidence_windows, longest, has_queries: false }
    }

    /// Takes in the contents that have come since.
    pub(crate) fn grow(&mut self, contents: &Contents, rules: &Rules) {
        let known = self.contents.len();
        if known == contents.iter().len() {
            return;
        }
        let excludes = rules.excludes();
        let prepared = |held: &Held| prepare(held, rules, &excludes);
        self.has_queries |= contents.iter().skip(known).any(|held| held.labels[QUERY] != NONE);
        self.contents.extend(contents.iter().skip(known).map(prepared));
    }

    /// How many contents it knows.
    pub(crate) fn len(&self) -> usize {
        self.contents.len()
    }

    /// What a content is that it knows.
    pub(crate) fn get(&self, content: u32) -> Prepared {
        self.contents[content as usize]
    }

    /// What any content is.
    pub(crate) fn prepared(&self, content: u32, contents: &Contents, rules: &Rules) -> Prepared {
        let known = self.contents.get(content as usize).copied();
        known.unwrap_or_else(|| prepare(contents.get(content), rules, |intent| rules.excludes()(intent)))
    }

    pub(crate) fn window(&self, kind: TouchKind) -> u64 {
        self.windows[kind as usize]
    }
}

fn prepare(held: &Held, rules: &Rules, excludes: impl Fn(&str) -> bool) -> Prepared {
    let touch = TouchKind::of(&held.content);
    let intent = match &held.content.kind {
        Kind::Query(query) => query.intent.as_ref(),
        _ => None,
    };
    Prepared {
        touch,
        may: touch.is_some_and(|touch| rules.kinds.contains(&touch)),
        excluded: intent.is_some_and(|intent| excludes(intent.as_str())),
        direct: held.labels[CHANNEL] != NONE && direct_channel(held.content.channel.as_ref()),
    }
}

/// Why a turn may not earn for what it is, whatever the conversion.
pub(crate) fn barred(prepared: Prepared) -> Option<RefuseReason> {
    prepared.excluded.then_some(RefuseReason::ExcludedIntent)
}
