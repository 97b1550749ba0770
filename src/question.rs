//! One question: everything that shapes an answer, as one value.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};

use crate::choice::choice;
use crate::error::{ErrorKind, Result};
use crate::journey::{ConversionKind, Dimension, Rules, fingerprint, quoted};
use crate::model::{BuiltIn, Chosen, PositionBased, TimeDecay};
use crate::privacy::ConsentPolicy;
use crate::text::Label;
use crate::time::Period;

/// Counts up when the same question to the same facts may give other numbers than with the release before.
pub const RESULT_VERSION: u32 = 1;

choice! {
    /// Which date puts credit into the reporting period.
    Dated:
    /// That of the conversion: what earned last week's revenue?
    #[default]
    ByConversion "by_conversion";
    /// That of the touchpoint: what did last week's conversations earn?
    ByTouch "by_touch";
}

/// Which conversions are credited. Orders and goals are never added together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Earned {
    /// Orders.
    #[default]
    Orders,
    /// Goals of this name.
    Goal(Label),
}

/// Everything that shapes an answer: which rules, models and dimensions, over which period, as of when.
///
/// All but `as_of` has a default. Its id stands on every answer; answers to different questions are never merged.
///
/// ```
/// use clinch::{Dimension, Question};
///
/// let mut question = Question::new("2026-04-01T00:00:00Z".parse().unwrap());
/// question.by = vec![Dimension::Topic, Dimension::Channel];
/// question.models = vec!["linear".parse()?, "time_decay:7d".parse()?];
/// question.rules.lookback = "14d".parse()?;
/// # Ok::<(), clinch::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Question {
    /// Facts after this instant are not seen.
    pub as_of: DateTime<Utc>,
    /// What may claim what. Default [`Rules::default`].
    pub rules: Rules,
    /// Columns, side by side over the same paths. Default first touch, last touch, last non-direct, linear,
    /// position-based and time decay of 7 days.
    pub models: Vec<Chosen>,
    /// What to group by, each by itself. Default topic.
    pub by: Vec<Dimension>,
    /// What is reported. Default all of time.
    pub period: Period,
    /// Which date puts credit into the period. Default that of the conversion.
    pub dated: Dated,
    /// Which conversions are credited. Default orders.
    pub earned: Earned,
    /// What counts where a person has said nothing about analytics. Default consent is assumed.
    pub consent: ConsentPolicy,
    /// How many people have to stand behind each figure of a report that is shown. Default 0: all are shown.
    ///
    /// A row that fewer people stand behind, under any model, goes into the row `withheld` of its table and currency,
    /// and with it, so that none follows by subtraction: what models left over, the smallest row that is large enough
    /// under every model, and what is unattributed where few people stand behind that, or behind one of its reasons,
    /// or behind all that is attributed, or where few conversions are expired or erased, which then go there too. A
    /// currency with fewer people is not shown at all. Books balance as before, the row `withheld` included, in which participation, having no total, shows as zero. Of the overview, rates, order values and queries of few people are left out, and
    /// refunds without their order.
    ///
    /// What is protected: no value of a withheld row follows from the sums in one report, whatever its dimensions,
    /// models and currencies. What is not: two reports that differ by few people (other periods, rules or instants,
    /// or one with small groups shown) may be subtracted from each other, so a host publishes reports of fixed periods
    /// and one question; a value that cannot be below zero is bounded by the sum that it is in; somebody who knows
    /// all others in a group knows the last. [`Sums`](crate::Sums), receipts, journeys, sequences, friction,
    /// reviews, suggestions and the results of a holdout are for the host alone: nothing is withheld in them.
    pub min_group: u32,
}

impl Question {
    /// A question with all defaults.
    pub fn new(as_of: DateTime<Utc>) -> Self {
        Self {
            as_of,
            rules: Rules::default(),
            models: vec![
                BuiltIn::FirstTouch.into(),
                BuiltIn::LastTouch.into(),
                BuiltIn::LastNonDirect.into(),
                BuiltIn::Linear.into(),
                BuiltIn::PositionBased(PositionBased::standard()).into(),
                BuiltIn::TimeDecay(TimeDecay::standard()).into(),
            ],
            by: vec![Dimension::default()],
            period: Period::ALL,
            dated: Dated::default(),
            earned: Earned::default(),
            consent: ConsentPolicy::default(),
            min_group: 0,
        }
    }

    /// 16 hexadecimal digits over the printed form, the rules' id and the result version.
    pub fn id(&self) -> String {
        fingerprint(&format!("v{RESULT_VERSION} {} {self}", self.rules.id()))
    }

    /// Whether conversions of this kind are asked about.
    pub(crate) fn asks_about(&self, kind: &ConversionKind) -> bool {
        match (&self.earned, kind) {
            (Earned::Orders, ConversionKind::Order(_)) => true,
            (Earned::Goal(asked), ConversionKind::Goal { goal, .. }) => asked == goal,
            _ => false,
        }
    }

    /// The dimension that models see, where they are asked once for all: the first.
    pub(crate) fn first_dimension(&self) -> Dimension {
        self.by.first().copied().unwrap_or_default()
    }

    /// Refuses a question with two columns of one name.
    pub(crate) fn check(&self) -> Result<()> {
        let mut names = BTreeSet::new();
        match self.models.iter().find(|model| !names.insert(model.name())) {
            Some(model) => Err(ErrorKind::ModelTwice { model: model.name().to_owned() }.into()),
            None => Ok(()),
        }
    }
}

/// The printed form: every part under its name.
impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { as_of, rules, models, by, period, dated, earned, consent, min_group } = self;
        let models: Vec<_> = models.iter().map(|model| quoted(model.name())).collect();
        let by: Vec<&str> = by.iter().map(|dimension| dimension.name()).collect();
        write!(f, "as_of={} models={} by={} ", as_of.to_rfc3339(), models.join(","), by.join(","))?;
        match earned {
            Earned::Orders => f.write_str("earned=orders")?,
            Earned::Goal(goal) => write!(f, "earned=goal:{}", quoted(goal.as_str()))?,
        }
        if *min_group > 0 {
            write!(f, " min_group={min_group}")?;
        }
        write!(f, " period={period} dated={dated} consent={consent} {rules}")
    }
}
