//! Models by name.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::journey::Path;
use crate::model::{Allocation, BuiltIn, Custom, Model, Participation, PositionBased, TimeDecay, Weights};

impl FromStr for BuiltIn {
    type Err = Error;

    /// `first_touch`, `last_touch`, `last_non_direct`, `linear`, `linear_unique`, `position_based` (40/20/40),
    /// `position_based:30/40/30`, `j_shaped`, `inverse_j`, `time_decay` (7d), `time_decay:12h`.
    fn from_str(text: &str) -> Result<Self> {
        let bad = || Error::from(ErrorKind::ModelName { found: text.to_owned() });
        Ok(match text {
            "first_touch" => Self::FirstTouch,
            "last_touch" => Self::LastTouch,
            "last_non_direct" => Self::LastNonDirect,
            "linear" => Self::Linear,
            "linear_unique" => Self::LinearUnique,
            "position_based" => Self::PositionBased(PositionBased::standard()),
            "j_shaped" => Self::JShaped,
            "inverse_j" => Self::InverseJ,
            "time_decay" => Self::TimeDecay(TimeDecay::standard()),
            _ => match text.split_once(':') {
                Some(("position_based", shares)) => Self::PositionBased(PositionBased::parse(shares)?),
                Some(("time_decay", span)) => {
                    Self::TimeDecay(TimeDecay::new(span.parse().map_err(|_| bad())?).map_err(|_| bad())?)
                }
                _ => return Err(bad()),
            },
        })
    }
}

impl fmt::Display for BuiltIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A column of a report: a rule model, a model of the host's own, or participation.
///
/// It parses from the name of a rule model or `participation`, and prints the name of what it is.
#[derive(Clone)]
#[non_exhaustive]
pub enum Chosen {
    /// A rule model.
    BuiltIn(BuiltIn),
    /// Full value to each label; a column without a total.
    Participation,
    /// A model of the host's own, under the name that it gave when it was chosen.
    Custom(Named),
}

/// A model under the name that it gave when it was chosen.
///
/// Reports are put together by the names of their columns, so a model that changed its name in between would
/// lose its credit.
#[derive(Clone)]
pub struct Named {
    name: Arc<str>,
    model: Arc<dyn Model>,
}

impl Model for Named {
    fn name(&self) -> &str {
        &self.name
    }

    fn weigh(&self, path: &Path<'_>, weights: &mut Weights) -> Result<()> {
        self.model.weigh(path, weights)
    }
}

impl Chosen {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::BuiltIn(model) => model.name(),
            Self::Participation => Participation::NAME,
            Self::Custom(model) => model.name(),
        }
    }

    /// The model, unless it is participation, which shares nothing.
    pub fn model(&self) -> Option<&dyn Model> {
        match self {
            Self::BuiltIn(model) => Some(model),
            Self::Participation => None,
            Self::Custom(model) => Some(model),
        }
    }
}

impl FromStr for Chosen {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == Participation::NAME { Ok(Self::Participation) } else { text.parse().map(Self::BuiltIn) }
    }
}

impl From<BuiltIn> for Chosen {
    fn from(model: BuiltIn) -> Self {
        Self::BuiltIn(model)
    }
}

impl From<Participation> for Chosen {
    fn from(_: Participation) -> Self {
        Self::Participation
    }
}

impl From<Arc<dyn Model>> for Chosen {
    fn from(model: Arc<dyn Model>) -> Self {
        Self::Custom(Named { name: Arc::from(model.name()), model })
    }
}

impl From<Allocation> for Chosen {
    fn from(model: Allocation) -> Self {
        (Arc::new(model) as Arc<dyn Model>).into()
    }
}

impl<F> From<Custom<F>> for Chosen
where
    Custom<F>: Model + 'static,
{
    fn from(model: Custom<F>) -> Self {
        (Arc::new(model) as Arc<dyn Model>).into()
    }
}

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.name(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_and_prints_back() {
        for name in [
            "first_touch",
            "last_touch",
            "last_non_direct",
            "linear",
            "linear_unique",
            "position_based",
            "position_based:30/40/30",
            "position_based:33.3/33.4/33.3",
            "j_shaped",
            "inverse_j",
            "time_decay:7d",
            "time_decay:12h",
            "participation",
        ] {
            assert_eq!(name.parse::<Chosen>().unwrap().to_string(), name);
        }
        assert_eq!("position_based:40/20/40".parse::<Chosen>().unwrap().to_string(), "position_based");
        assert_eq!("time_decay:168h".parse::<Chosen>().unwrap().to_string(), "time_decay:7d");
    }

    #[test]
    fn what_is_no_model_is_refused_by_name() {
        for name in [
            "",
            "Linear",
            "linear:2",
            "position_based:",
            "position_based:1/2",
            "position_based:1/2/3/4",
            "position_based:0/0/0",
            "position_based:-1/2/3",
            "position_based:1e9/2/3",
            "position_based:1/1/9999999",
            "time_decay:0d",
            "time_decay:7",
            "time_decay:-7d",
        ] {
            let error = name.parse::<Chosen>().unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
