//! What a model sees: the touchpoints that may claim one conversion, in order.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use crate::journey::conversion::Conversion;
use crate::journey::rules::Transform;
use crate::journey::touchpoint::{Dimension, Touchpoint, Values};
use crate::time::nanos_between;

/// The touchpoints that may claim one conversion, oldest first, numbered from 0.
///
/// Models that count labels ask for [`Path::key`]: two touchpoints have one key exactly if they have the same
/// values in the dimension that the path was made for (no value is a label too). Keys are numbered by first
/// appearance.
#[derive(Clone, Debug)]
pub struct Path<'a> {
    conversion: &'a Conversion,
    touchpoints: SmallVec<[&'a Touchpoint; 8]>,
    keys: SmallVec<[u32; 8]>,
}

impl<'a> Path<'a> {
    /// A path over `touchpoints`, which stand oldest first and none of them after the conversion.
    pub fn new(conversion: &'a Conversion, touchpoints: &'a [Touchpoint], dimension: Dimension) -> Self {
        Self::transformed(conversion, touchpoints, dimension, Transform::All)
    }

    /// The same with repeats of a label treated as `transform` says.
    ///
    /// ```
    /// use clinch::{Conversion, Dimension, Money, Path, TouchKind, Touchpoint, Transform};
    ///
    /// let at = "2026-03-01T10:00:00Z".parse().unwrap();
    /// let topics = ["D", "A", "B", "B", "C", "D", "C", "C"];
    /// let touchpoints = topics.map(|topic| {
    ///     Touchpoint::new(topic, at, TouchKind::Query).label(Dimension::Topic, topic)
    /// });
    /// let conversion = Conversion::order("1", at, Money::parse("1.00", "EUR".parse()?)?);
    /// let path = |transform| {
    ///     let path = Path::transformed(&conversion, &touchpoints, Dimension::Topic, transform);
    ///     path.touchpoints().map(|touchpoint| touchpoint.id.as_str()).collect::<String>()
    /// };
    /// assert_eq!(path(Transform::All), "DABBCDCC");
    /// assert_eq!(path(Transform::CollapseRepeats), "DABCDC");
    /// assert_eq!(path(Transform::FirstOfEach), "DABC");
    /// assert_eq!(path(Transform::LastOfEach), "ABDC");
    /// # Ok::<(), clinch::Error>(())
    /// ```
    pub fn transformed(
        conversion: &'a Conversion,
        touchpoints: &'a [Touchpoint],
        dimension: Dimension,
        transform: Transform,
    ) -> Self {
        let keys = keys(touchpoints, dimension);
        let kept = kept(&keys, transform);
        let mut renumbered = BTreeMap::new();
        let mut renumber = |key: u32| {
            let next = renumbered.len() as u32;
            *renumbered.entry(key).or_insert(next)
        };
        Self {
            conversion,
            touchpoints: kept.iter().map(|place| &touchpoints[*place]).collect(),
            keys: kept.iter().map(|place| renumber(keys[*place])).collect(),
        }
    }

    /// What is claimed.
    pub fn conversion(&self) -> &'a Conversion {
        self.conversion
    }

    /// How many touchpoints there are.
    pub fn len(&self) -> usize {
        self.touchpoints.len()
    }

    /// Whether nothing may claim the conversion.
    pub fn is_empty(&self) -> bool {
        self.touchpoints.is_empty()
    }

    /// The touchpoints, oldest first.
    pub fn touchpoints(&self) -> impl DoubleEndedIterator<Item = &'a Touchpoint> + ExactSizeIterator {
        self.touchpoints.iter().copied()
    }

    pub(crate) fn touchpoint(&self, place: usize) -> &'a Touchpoint {
        self.touchpoints[place]
    }

    /// The number of a touchpoint's label: equal numbers, equal labels. It is less than the path's length.
    ///
    /// # Panics
    /// If `place` is not below [`Path::len`].
    pub fn key(&self, place: usize) -> usize {
        self.keys[place] as usize
    }

    /// How long before the conversion a touchpoint happened, in nanoseconds; 0 at the same instant.
    ///
    /// # Panics
    /// If `place` is not below [`Path::len`].
    pub fn age_nanos(&self, place: usize) -> u64 {
        let nanos = nanos_between(self.touchpoints[place].at, self.conversion.at);
        u64::try_from(nanos.max(0)).unwrap_or(u64::MAX)
    }
}

/// The places that stay under a transform. Keys are numbered by first appearance.
pub(crate) fn kept(keys: &[u32], transform: Transform) -> Vec<usize> {
    let places = 0..keys.len();
    match transform {
        Transform::All => places.collect(),
        Transform::CollapseRepeats => {
            places.filter(|place| *place == 0 || keys[*place] != keys[*place - 1]).collect()
        }
        Transform::FirstOfEach => {
            let mut next = 0;
            let is_first = |place: &usize| {
                let first = keys[*place] == next;
                next += u32::from(first);
                first
            };
            places.filter(is_first).collect()
        }
        Transform::LastOfEach => {
            let mut last = vec![0; keys.len()];
            places.clone().for_each(|place| last[keys[place] as usize] = place);
            places.filter(|place| last[keys[*place] as usize] == *place).collect()
        }
    }
}

/// Numbers label sets by first appearance.
fn keys(touchpoints: &[Touchpoint], dimension: Dimension) -> SmallVec<[u32; 8]> {
    let mut seen: BTreeMap<Values, u32> = BTreeMap::new();
    let number = |touchpoint: &Touchpoint| {
        let next = seen.len() as u32;
        *seen.entry(touchpoint.values(dimension)).or_insert(next)
    };
    touchpoints.iter().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transform_keeps_the_first_or_the_last_of_each() {
        let keys = [0, 1, 0, 2, 3, 1];
        assert_eq!(kept(&keys, Transform::All), [0, 1, 2, 3, 4, 5]);
        assert_eq!(kept(&keys, Transform::FirstOfEach), [0, 1, 3, 4]);
        assert_eq!(kept(&keys, Transform::LastOfEach), [2, 3, 4, 5]);
        assert_eq!(kept(&[0, 0, 1, 0], Transform::CollapseRepeats), [0, 2, 3]);
    }
}
