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
    #[error("not an amount in {currency}: {problem}")]
    Amount {
        /// ISO 4217 code of the currency that the text was read in.
        currency: &'static str,
        /// What is wrong with the text, without repeating it.
        problem: &'static str,
    },
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
