//! Whether the bot caused it: visitors held out by chance, and what the others did more.

mod lift;
mod people;
mod text;

pub use lift::{ArmFigures, Calibration, Compared, HoldoutReport, RevenueLift, SampleRatio, holdout_report};

pub(crate) use lift::measure;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::choice::choice;
use crate::error::{ErrorKind, Result};
use crate::id::{IdKind, Identifier, Key, Pseudonym, siphash128};
use crate::text::Label;

choice! {
    /// What a visitor of an experiment gets.
    Arm:
    /// The bot.
    #[default]
    Bot "bot";
    /// No bot: what would have happened without it.
    Holdout "holdout";
}

/// What lets a person into an experiment. It has to happen in both arms alike, so that nothing the bot does can be it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Entry {
    /// The first visit in the period.
    #[default]
    Visit,
    /// The first goal of this name in the period, which the host records in both arms, such as where the bot would
    /// have been offered.
    Goal(Label),
}

/// Who is held out: the same visitor always, by a keyed hash.
///
/// The arm is a function of the experiment's key, its salt and the identifier; experiments with other salts are
/// independent of each other. Nobody without the key can tell or choose an arm.
///
/// ```
/// use clinch::{Arm, Holdout, IdKind, Identifier, Key};
///
/// let holdout = Holdout::new(Key::new(*b"sixteen secrets!"), "spring", 100_000)?;
/// let arm = |visitor: u32| holdout.assign(&Identifier::new(IdKind::Visitor, format!("v-{visitor}")));
/// assert_eq!(arm(7), arm(7));
/// let held_out = (0..10_000).filter(|visitor| arm(*visitor) == Arm::Holdout).count();
/// assert!((900..1_100).contains(&held_out));
/// # Ok::<(), clinch::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holdout {
    key: Key,
    salt: Label,
    /// The hash of the salt.
    mixed: u128,
    millionths: u32,
    entry: Entry,
}

/// Domain of the hash of salts, apart from those of identifiers, ids and the key check of snapshots.
const SALT_DOMAIN: u8 = 122;

impl Holdout {
    /// Holds out so many of a million visitors.
    ///
    /// # Errors
    /// `HoldoutShare` for more than a million.
    pub fn new(key: Key, salt: &str, held_out_of_a_million: u32) -> Result<Self> {
        if held_out_of_a_million > 1_000_000 {
            return Err(ErrorKind::HoldoutShare { found: held_out_of_a_million }.into());
        }
        let mixed = siphash128(SALT_DOMAIN, salt.as_bytes());
        let (salt, millionths) = (Label::from(salt), held_out_of_a_million);
        Ok(Self { key, salt, mixed, millionths, entry: Entry::default() })
    }

    /// Sets what lets a person in; default the first visit of the period.
    pub fn entered_by(mut self, entry: Entry) -> Self {
        self.entry = entry;
        self
    }

    /// The arm of a visitor. Ask with the identifier that the visitor's events carry.
    pub fn assign(&self, visitor: &Identifier) -> Arm {
        let unkeyed = Key::new([0; 16]);
        self.arm(unkeyed.unwrap(unkeyed.pseudonym(visitor)))
    }

    /// The arm of an identifier that is kept as a pseudonym under some key.
    fn assign_kept(&self, visitor: Pseudonym, key: &Key) -> Arm {
        self.arm(key.unwrap(visitor))
    }

    fn arm(&self, hash: u128) -> Arm {
        let [_, high] = self.key.wrap(hash ^ self.mixed).words();
        let drawn = (u128::from(high) * 1_000_000) >> 64;
        if drawn < u128::from(self.millionths) { Arm::Holdout } else { Arm::Bot }
    }

    /// Which identifier decides the arm.
    const UNIT: IdKind = IdKind::Visitor;
}

/// The printed form: salt, part and entry, without the key.
impl fmt::Display for Holdout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "salt={} held_out={}/1000000 entry=",
            crate::journey::quoted(self.salt.as_str()),
            self.millionths
        )?;
        match &self.entry {
            Entry::Visit => f.write_str("visit"),
            Entry::Goal(goal) => write!(f, "goal:{}", crate::journey::quoted(goal.as_str())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_pseudonyms_are_assigned_as_their_text_under_any_key() {
        let holdout = Holdout::new(Key::new(*b"experiment's key"), "x", 300_000).unwrap();
        for visitor in 0..200 {
            let visitor = Identifier::new(IdKind::Visitor, format!("v-{visitor}"));
            for key in [Key::new([7; 16]), Key::new(*b"another key here")] {
                assert_eq!(holdout.assign_kept(key.pseudonym(&visitor), &key), holdout.assign(&visitor));
            }
        }
    }

    #[test]
    fn shares_are_met_and_salts_are_independent() {
        let arm = |salt: &str, millionths: u32, visitor: u32| {
            let holdout = Holdout::new(Key::new([3; 16]), salt, millionths).unwrap();
            holdout.assign(&Identifier::new(IdKind::Visitor, format!("v-{visitor}"))) == Arm::Holdout
        };
        let count = |of: &dyn Fn(u32) -> bool| (0..4_000).filter(|visitor| of(*visitor)).count();
        assert_eq!(count(&|visitor| arm("a", 0, visitor)), 0);
        assert_eq!(count(&|visitor| arm("a", 1_000_000, visitor)), 4_000);
        assert!(
            (850..1_150)
                .contains(&count(&|visitor| arm("a", 500_000, visitor) && arm("b", 500_000, visitor)))
        );
        assert!(Holdout::new(Key::new([3; 16]), "a", 1_000_001).is_err());
    }
}
