//! Identifiers as text that is borrowed from a column, a database row or a line of a log.

use std::borrow::Cow;
use std::fmt;

use smallvec::SmallVec;

use crate::id::{IdKind, Identifier, Identifiers};

/// An [`Identifier`] as it was written: borrowed where it can be, and not normalised yet. `Debug` shows its kind
/// only.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentifierRef<'a> {
    /// What it identifies.
    pub kind: IdKind,
    /// The text as it was written; [`IdKind::normalised`] gives the form that is compared.
    pub text: Cow<'a, str>,
}

impl<'a> IdentifierRef<'a> {
    /// An identifier of `kind`.
    #[inline]
    pub fn new(kind: IdKind, text: impl Into<Cow<'a, str>>) -> Self {
        Self { kind, text: text.into() }
    }
}

impl fmt::Debug for IdentifierRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(..)", self.kind.name())
    }
}

impl<'a> From<&'a Identifier> for IdentifierRef<'a> {
    #[inline]
    fn from(identifier: &'a Identifier) -> Self {
        Self { kind: identifier.kind, text: Cow::Borrowed(&identifier.text) }
    }
}

impl From<IdentifierRef<'_>> for Identifier {
    fn from(identifier: IdentifierRef<'_>) -> Self {
        Identifier::new(identifier.kind, identifier.text)
    }
}

/// [`Identifiers`] whose text is borrowed: at most one of each kind, narrow to broad. `Debug` shows kinds only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct IdentifiersRef<'a>(SmallVec<[IdentifierRef<'a>; 4]>);

impl<'a> IdentifiersRef<'a> {
    /// Nobody seen.
    #[inline]
    pub fn none() -> Self {
        Self(SmallVec::new())
    }

    /// Adds an identifier, or replaces the one of its kind.
    #[inline]
    pub fn set(&mut self, kind: IdKind, text: impl Into<Cow<'a, str>>) {
        let identifier = IdentifierRef::new(kind, text);
        // From the broad end: who reads them narrow to broad only ever appends.
        match self.0.iter().rposition(|held| held.kind <= kind) {
            None => self.0.insert(0, identifier),
            Some(at) if self.0[at].kind == kind => self.0[at] = identifier,
            Some(at) => self.0.insert(at + 1, identifier),
        }
    }

    /// The text of the identifier of `kind`, if one was seen.
    pub fn get(&self, kind: IdKind) -> Option<&str> {
        self.0.iter().find(|held| held.kind == kind).map(|held| &*held.text)
    }

    /// All of them, narrow to broad.
    #[inline]
    pub fn iter(&self) -> std::slice::Iter<'_, IdentifierRef<'a>> {
        self.0.iter()
    }

    /// How many there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody was seen.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for IdentifiersRef<'a> {
    type Item = IdentifierRef<'a>;
    type IntoIter = smallvec::IntoIter<[IdentifierRef<'a>; 4]>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, 'held> IntoIterator for &'held IdentifiersRef<'a> {
    type Item = &'held IdentifierRef<'a>;
    type IntoIter = std::slice::Iter<'held, IdentifierRef<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> From<&'a Identifiers> for IdentifiersRef<'a> {
    fn from(who: &'a Identifiers) -> Self {
        // Already one of each kind and in order. An event with five or more takes memory for the list.
        Self(who.iter().map(IdentifierRef::from).collect())
    }
}

impl From<IdentifiersRef<'_>> for Identifiers {
    fn from(who: IdentifiersRef<'_>) -> Self {
        // In order and one of each kind already.
        Self(who.0.into_iter().map(Identifier::from).collect())
    }
}

impl fmt::Debug for IdentifiersRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}
