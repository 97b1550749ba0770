//! The rule models.

use crate::error::{ErrorKind, Result};
use crate::journey::Path;
use crate::model::decay::HalfLife;
use crate::model::{Model, Weights};
use crate::money::MAX_WEIGHT;
use crate::time::{Span, nanos_of};

/// A rule model. It parses from its name and prints back to it.
///
/// ```
/// use clinch::{BuiltIn, Model};
///
/// let model: BuiltIn = "position_based:30/40/30".parse()?;
/// assert_eq!(model.name(), "position_based:30/40/30");
/// assert_eq!("time_decay".parse::<BuiltIn>()?.name(), "time_decay:7d");
/// # Ok::<(), clinch::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuiltIn {
    /// The whole to the first touchpoint. Ties in time were settled by the path's order.
    FirstTouch,
    /// The whole to the last touchpoint.
    LastTouch,
    /// The whole to the last touchpoint that is no direct visit; if all are, to the last (GA4, Shopify, Matomo).
    LastNonDirect,
    /// The same for each touchpoint.
    Linear,
    /// The same for each distinct label, split evenly over its touchpoints (mta's `share="same"`; equal to the
    /// Shapley value of the additive game, Zhao et al. 2018).
    LinearUnique,
    /// A share for the first, one for the last, the rest evenly over those between.
    PositionBased(PositionBased),
    /// Position-based 20/20/60 (Adobe: J-shaped).
    JShaped,
    /// Position-based 60/20/20 (Adobe: inverse J).
    InverseJ,
    /// Half as much for every half-life of age.
    TimeDecay(TimeDecay),
}

/// Position-based weights: first, all between together, last.
///
/// 1 touchpoint: the whole. 2: first and last in their proportion (1/2 each if both are 0). More: `first`,
/// `middle` / (n - 2) each, `last`. Source: Adobe Analytics, "Attribution models", custom; with 40/20/40 also
/// PostHog, Snowplow and Matomo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PositionBased {
    /// In millionths.
    shares: [u64; 3],
    pub(super) name: String,
}

/// Decimals that a position's share may have.
const DECIMALS: usize = 6;

impl PositionBased {
    /// 40/20/40.
    pub fn standard() -> Self {
        Self { shares: [40, 20, 40].map(|share| share * 1_000_000), name: "position_based".to_owned() }
    }

    /// Shares as written between slashes: `30/40/30`. They count in proportion and need not sum to 100.
    ///
    /// # Errors
    /// `ModelName` if there are not three numbers of at most six decimals below a million, or all are zero.
    pub fn parse(text: &str) -> Result<Self> {
        let bad = || ErrorKind::ModelName { found: format!("position_based:{text}") };
        let mut shares = [0; 3];
        let mut parts = text.split('/');
        for share in &mut shares {
            *share = parts.next().and_then(millionths).ok_or_else(bad)?;
        }
        if parts.next().is_some() || shares == [0; 3] {
            return Err(bad().into());
        }
        let standard = Self::standard();
        if shares == standard.shares {
            return Ok(standard);
        }
        Ok(Self { shares, name: format!("position_based:{text}") })
    }
}

impl PositionBased {
    /// First, middle and last, in one unit.
    pub(crate) fn shares(&self) -> [u64; 3] {
        self.shares
    }
}

/// Plain decimal text below a million, in millionths.
fn millionths(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 6 || fraction.len() > DECIMALS || !digits(whole) || !digits(fraction)
    {
        return None;
    }
    format!("{whole}{fraction:0<DECIMALS$}").parse().ok()
}

fn weigh_positions([first, middle, last]: [u64; 3], count: usize, weights: &mut Weights) {
    match count {
        1 => weights.push(1.0),
        2 if first + last == 0 => weights.extend([1.0, 1.0]),
        2 => weights.extend([first as f64, last as f64]),
        _ => {
            // Times the number of those between, so that all are integers and no share is rounded.
            let between = count - 2;
            let scaled = |share: u64| share as f64 * between as f64;
            weights.push(scaled(first));
            weights.extend(std::iter::repeat_n(middle as f64, between));
            weights.push(scaled(last));
        }
    }
}

/// Weights that halve with every half-life of age.
///
/// A touchpoint of age a weighs 2^(-(a - a_newest) / half-life), so that the newest weighs 1 and nothing
/// underflows to zero with it. Weights are rounded to the nearest multiple of 2^-53; more than 54 half-lives older
/// than the newest is 0. 1 touchpoint: the whole. Source: Adobe, Mixpanel and Google Ads, all with 7 days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeDecay {
    half_life: Span,
    pub(super) name: String,
}

impl TimeDecay {
    /// A half-life above zero.
    ///
    /// # Errors
    /// `ModelName` if it is zero.
    pub fn new(half_life: Span) -> Result<Self> {
        let name = format!("time_decay:{half_life}");
        if half_life.is_zero() {
            Err(ErrorKind::ModelName { found: name }.into())
        } else {
            Ok(Self { half_life, name })
        }
    }

    /// 7 days.
    pub fn standard() -> Self {
        Self { half_life: Span::days(7), name: "time_decay:7d".to_owned() }
    }

    /// The half-life.
    pub fn half_life(&self) -> Span {
        self.half_life
    }

    fn weigh(&self, steps: &impl Steps, weights: &mut Weights) {
        let half_life = HalfLife::new(self.half_life.as_nanos());
        let newest = half_life.factor(steps.nanos(steps.len() - 1));
        // Divided by a power of two, so that the crate's integers are these again.
        let weight = |instant| half_life.weight(newest, instant) as f64 / MAX_WEIGHT as f64;
        let older = (0..steps.len() - 1).map(|place| half_life.factor(steps.nanos(place)));
        weights.extend(older.map(weight));
        weights.push(weight(newest));
    }
}

/// Full value to every distinct label of a path: it answers "which orders had it at all".
///
/// It is no [`Model`], since it does not share: what it gives does not sum to the value, cannot be added to
/// credits, and has columns of its own in a report, without a total. Source: Adobe Analytics, participation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Participation;

impl Participation {
    /// Its name in reports.
    pub const NAME: &'static str = "participation";
}

impl Model for BuiltIn {
    fn name(&self) -> &str {
        match self {
            Self::FirstTouch => "first_touch",
            Self::LastTouch => "last_touch",
            Self::LastNonDirect => "last_non_direct",
            Self::Linear => "linear",
            Self::LinearUnique => "linear_unique",
            Self::PositionBased(model) => &model.name,
            Self::JShaped => "j_shaped",
            Self::InverseJ => "inverse_j",
            Self::TimeDecay(model) => &model.name,
        }
    }

    fn weigh(&self, path: &Path<'_>, weights: &mut Weights) -> Result<()> {
        self.weigh_steps(path, weights);
        Ok(())
    }
}

/// A path as far as the rule models look at it.
pub(crate) trait Steps {
    /// How many touchpoints there are: one or more.
    fn len(&self) -> usize;

    /// Whether one is a direct visit.
    fn is_direct(&self, place: usize) -> bool;

    /// The number of its label, as in [`Path::key`].
    fn key(&self, place: usize) -> usize;

    /// When it happened, in nanoseconds since 1970.
    fn nanos(&self, place: usize) -> i128;
}

impl Steps for Path<'_> {
    fn len(&self) -> usize {
        Path::len(self)
    }

    fn is_direct(&self, place: usize) -> bool {
        self.touchpoint(place).is_direct()
    }

    fn key(&self, place: usize) -> usize {
        Path::key(self, place)
    }

    fn nanos(&self, place: usize) -> i128 {
        nanos_of(self.touchpoint(place).at)
    }
}

impl BuiltIn {
    pub(crate) fn weigh_steps(&self, steps: &impl Steps, weights: &mut Weights) {
        let count = steps.len();
        match self {
            Self::FirstTouch => weights.single(0, count),
            Self::LastTouch => weights.single(count - 1, count),
            Self::LastNonDirect => {
                let last = (0..count).rev().find(|place| !steps.is_direct(*place));
                weights.single(last.unwrap_or(count - 1), count);
            }
            Self::Linear => weights.extend(std::iter::repeat_n(1.0, count)),
            Self::LinearUnique => weigh_labels(steps, weights),
            Self::PositionBased(model) => weigh_positions(model.shares, count, weights),
            Self::JShaped => weigh_positions([20, 20, 60], count, weights),
            Self::InverseJ => weigh_positions([60, 20, 20], count, weights),
            Self::TimeDecay(model) => model.weigh(steps, weights),
        }
    }
}

/// Each label weighs the same: a touchpoint weighs 1 / (touchpoints of its label).
fn weigh_labels(steps: &impl Steps, weights: &mut Weights) {
    let mut counts = vec![0_u64; steps.len()];
    (0..steps.len()).for_each(|place| counts[steps.key(place)] += 1);
    // Over a common multiple the weights are integers and no share is rounded; without one they are fractions.
    let multiple =
        counts.iter().filter(|count| **count > 0).try_fold(1_u64, |multiple, count| lcm(multiple, *count));
    weights.extend((0..steps.len()).map(|place| {
        let count = counts[steps.key(place)];
        multiple.map_or_else(|| 1.0 / count as f64, |multiple| (multiple / count) as f64)
    }));
}

/// The least common multiple, if it is exact as a float.
fn lcm(a: u64, b: u64) -> Option<u64> {
    let (mut x, mut y) = (a, b);
    while y > 0 {
        (x, y) = (y, x % y);
    }
    (a / x).checked_mul(b).filter(|multiple| *multiple <= crate::money::MAX_WEIGHT)
}
