//! What can go wrong, as one small boxed error.

use std::fmt;

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed. A failed call has changed nothing.
///
/// The error is one pointer wide; [`Error::kind`] tells the cases apart.
pub struct Error(Box<ErrorKind>);

/// The cases of an [`Error`], each with the place, what was found and what was expected.
///
/// The list is open: new cases may come with any release.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A text is not an amount of money in its currency.
    #[error("not an amount of {currency}: {problem}")]
    Amount {
        /// ISO 4217 code of the currency that the text was read in.
        currency: &'static str,
        /// What is wrong with the text, without repeating it.
        problem: &'static str,
    },
    /// A text is not the code of a currency.
    #[error("not an ISO 4217 currency code")]
    Currency,
    /// A text is not a span of time such as `30d`.
    #[error("`{found}` is not a span of time: write one number and one of w d h m s ms us ns, as in 30d")]
    Span {
        /// The text.
        found: String,
    },
    /// A name is not one of a fixed list.
    #[error("unknown {what} `{found}`: write one of {}", names.join(", "))]
    UnknownName {
        /// What was to be named.
        what: &'static str,
        /// The text.
        found: String,
        /// The names that there are.
        names: Vec<&'static str>,
    },
    /// A cap on the whole tracker is reached.
    #[error("full: {limit} {what} are kept already; raise the limit")]
    Full {
        /// What there is too much of.
        what: &'static str,
        /// The cap.
        limit: u64,
    },
    /// Columns of events do not fit each other, or one of them is no column.
    #[error("column `{column}`{}: {problem}", row.map_or_else(String::new, |row| format!(", row {row}")))]
    Column {
        /// Its name: that of the field, or `only`.
        column: &'static str,
        /// The row, counted from 0, if it is about one.
        row: Option<usize>,
        /// What is wrong, without repeating a text.
        problem: String,
    },
    /// Two trackers hold pseudonyms under two keys.
    #[error("the two trackers have different keys, so their pseudonyms do not meet")]
    KeyMismatch,
    /// Two trackers have different limits.
    #[error("the two trackers have different limits, so their facts do not compare")]
    LimitsMismatch,
    /// The bytes are none of a snapshot.
    #[error("this is no snapshot: it does not begin as one does")]
    NotASnapshot,
    /// A snapshot is of a version that is not known.
    #[error("the snapshot has version {found} of the form, and this release reads version {known}")]
    SnapshotVersion {
        /// Its major version.
        found: u16,
        /// The major version that is read.
        known: u16,
    },
    /// A snapshot was written under another key.
    #[error("the snapshot was written under another key")]
    SnapshotKey,
    /// A snapshot's ids are kept in another way than the limits say.
    #[error("the snapshot was written with `hash_ids` set to {hashed}: restore it with such limits")]
    SnapshotIds {
        /// Whether its ids are pseudonyms.
        hashed: bool,
    },
    /// A snapshot was torn, or changed since it was written.
    #[error("the snapshot is damaged, restore an older one: section `{section}`: {problem}")]
    SnapshotDamaged {
        /// The part in which it shows.
        section: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// A snapshot holds what the limits that were given would not keep.
    #[error(
        "the snapshot was written under wider limits, restore it with those: section `{section}`: {problem} under these"
    )]
    SnapshotLimits {
        /// The part in which it shows.
        section: &'static str,
        /// What is beyond them.
        problem: &'static str,
    },
    /// What a snapshot is read from or written to failed; the source says why.
    #[error("the snapshot could not be read or written to its end")]
    SnapshotIo {
        /// What the reader or writer reported.
        source: std::io::Error,
    },
    /// The tracker holds what a newer release wrote into its snapshot.
    #[error(
        "{sections} sections of the snapshot were written by a newer release and cannot be looked into: update, or give them up by Tracker::drop_unknown"
    )]
    UnknownSections {
        /// How many.
        sections: usize,
    },
    /// There is something to split and nothing to split it over.
    #[error("nothing to split over: all weights are zero")]
    NoWeight,
    /// A text is not the name of a model.
    #[error(
        "`{found}` is no model: write first_touch, last_touch, last_non_direct, linear, linear_unique, position_based[:a/m/b], j_shaped, inverse_j, time_decay[:7d] or participation"
    )]
    ModelName {
        /// The text.
        found: String,
    },
    /// A model gave weights that nothing can be made of.
    #[error("model `{model}` broke its contract on a path of {touchpoints}: {problem}")]
    BadWeights {
        /// Name of the model.
        model: String,
        /// How many touchpoints the path had.
        touchpoints: usize,
        /// What is wrong with the weights.
        problem: &'static str,
    },
    /// A model could not weigh a path; the source says why.
    #[error("model `{model}` failed on a path of {touchpoints}")]
    ModelFailed {
        /// Name of the model.
        model: String,
        /// How many touchpoints the path had.
        touchpoints: usize,
        /// What the model reported.
        source: Error,
    },
    /// Two columns of one report have one name.
    #[error("model `{model}` is asked for twice")]
    ModelTwice {
        /// The name.
        model: String,
    },
    /// A tracker is asked for a question that it does not watch.
    #[error("question {question} is not watched here: call watch on this tracker first")]
    NotWatched {
        /// Id of the question.
        question: String,
    },
    /// A shard's number is not below the number of shards.
    #[error("there is no shard {shard} of {shards}: they are counted from 0")]
    ShardNumber {
        /// The number.
        shard: u32,
        /// How many shards there are.
        shards: u32,
    },
    /// A report answers another question than the set, or counts other shards.
    #[error("the report of shard {shard} answers another question, or counts other shards, than the set")]
    OtherQuestion {
        /// The shard.
        shard: u32,
    },
    /// A set of shard reports was asked to finish under another question than it was made for.
    #[error(
        "this set answers question {set} and cannot finish {given}: pass the question that it was made for"
    )]
    OtherFinish {
        /// Id of the question that the set answers.
        set: String,
        /// Id of the question that it was given.
        given: String,
    },
    /// Two reports of one shard have one version and different content.
    #[error("shard {shard} reported version {version} twice, with different content")]
    ShardConflict {
        /// The shard.
        shard: u32,
        /// The version.
        version: u64,
    },
    /// A shard's control totals are not those of its sums.
    #[error("the control totals of shard {shard} do not belong to its sums")]
    ControlTotals {
        /// The shard.
        shard: u32,
    },
    /// Not every shard has reported.
    #[error("{missing} shards have not reported yet, among them shard {first}")]
    ShardsMissing {
        /// How many.
        missing: usize,
        /// The first of them.
        first: u32,
    },
    /// A number of journeys or a value is none that can be counted.
    #[error("{what} of {found}: write a finite number below 2^53, and 0 or more where journeys are counted")]
    Outcome {
        /// What it was to count: `conversions`, `value` or `nulls`.
        what: &'static str,
        /// The number.
        found: f64,
    },
    /// Sums become too large to be exact.
    #[error("the sums of {what} reach 10^20: count in larger units")]
    SumTooLarge {
        /// Whose sums.
        what: &'static str,
    },
    /// A Markov chain has no such order.
    #[error("a Markov chain of order {found}: write 1 to 4")]
    MarkovOrder {
        /// The order.
        found: usize,
    },
    /// Counts of one order were to be added to those of another.
    #[error("counts of order {found} do not add to counts of order {expected}")]
    OtherOrder {
        /// The order of the counts that were to be added.
        found: usize,
        /// The order of those they were to be added to.
        expected: usize,
    },
    /// A game has too many labels for all their sets to be asked about.
    #[error("{found} labels have too many sets to ask about each: sample, or take {most} at most")]
    TooManyLabels {
        /// How many.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// Orders that are to be drawn tell no error.
    #[error("{found} orders tell no error: draw 2 at least")]
    TooFewOrders {
        /// How many.
        found: usize,
    },
    /// A caller's function gave no finite number.
    #[error("{what} is no finite number")]
    NotFinite {
        /// What.
        what: &'static str,
    },
    /// A model of times was to weigh paths without.
    #[error("model `{model}` needs the times of touchpoints, which a table of paths has not")]
    NeedsTime {
        /// Name of the model.
        model: String,
    },
    /// A fitted model has no weights that sum to a whole.
    #[error("model `{model}` cannot allocate single conversions: {problem}")]
    NotAllocatable {
        /// Name of the model.
        model: String,
        /// Why.
        problem: &'static str,
    },
    /// More than everybody was to be held out.
    #[error("{found} of a million visitors cannot be held out: write 0 to 1000000")]
    HoldoutShare {
        /// The number.
        found: u32,
    },
    /// A pattern has no such length.
    #[error("patterns of {found} labels: write 1 to 4")]
    PatternLength {
        /// The length.
        found: usize,
    },
    /// There are more patterns than may be tried.
    #[error("more than {limit} patterns: ask for more people per pattern, shorter ones, or a higher bound")]
    TooManyPatterns {
        /// The bound.
        limit: usize,
    },
    /// An integer weight is above 2^53.
    #[error("a weight is above 2^53")]
    WeightTooLarge,
}

impl Error {
    /// Which case it is.
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self(Box::new(kind))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.0)
    }
}
