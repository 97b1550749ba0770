//! Columns of text.

use std::fmt;

use crate::error::Result;
use crate::event::columns::{Numbers, bad, same_length};

/// A column of text, one per row, in whatever form the host holds it. `Debug` shows none of it.
///
/// | the host holds | it hands over |
/// |---|---|
/// | `Vec<String>`, `[&str]`, `[Option<&str>]` | `(&texts).into()`, done by every constructor and setter |
/// | one run of text and the offsets of each, as Arrow and databases keep them | [`Texts::packed`] |
/// | small whole numbers and the names that they stand for | [`Texts::coded`] |
/// | one text for all rows | [`Texts::all`] |
///
/// An empty text is a missing value, as in a CSV file: an empty label is none, an empty identifier was not seen.
///
/// ```
/// use clinch::event::Texts;
///
/// let listed = Texts::from(&["v9", "", "v12"]);
/// let packed = Texts::packed("v9v12", &[0, 2, 2, 5]);
/// let coded = Texts::coded(&[1_i8, -1, 0], &["v12", "v9"]);
/// for row in 0..3 {
///     assert_eq!(listed.get(row), packed.get(row));
///     assert_eq!(listed.get(row), coded.get(row));
/// }
/// assert_eq!((listed.get(1), listed.get(2)), (None, Some("v12")));
/// ```
#[derive(Clone, Copy)]
pub struct Texts<'a>(Form<'a>);

#[derive(Clone, Copy)]
enum Form<'a> {
    Plain(Plain<'a>),
    Coded(Numbers<'a>, Plain<'a>),
    /// Names that are coded themselves: refused when the columns are checked.
    Nested,
}

#[derive(Clone, Copy)]
enum Plain<'a> {
    All(&'a str),
    List(&'a [&'a str]),
    Maybe(&'a [Option<&'a str>]),
    Owned(&'a [String]),
    Packed(&'a str, Numbers<'a>),
}

impl<'a> Texts<'a> {
    /// One text for every row.
    pub fn all(text: &'a str) -> Self {
        Self(Form::Plain(Plain::All(text)))
    }

    /// Texts one behind the other in `bytes`: that of row `i` from `offsets[i]` to `offsets[i + 1]`, so there is one
    /// offset more than there are rows.
    pub fn packed(bytes: &'a str, offsets: impl Into<Numbers<'a>>) -> Self {
        Self(Form::Plain(Plain::Packed(bytes, offsets.into())))
    }

    /// Texts by number: that of row `i` is `names[codes[i]]`, and a negative code is a missing value. What is told of
    /// few names this way is taken in fastest.
    pub fn coded(codes: impl Into<Numbers<'a>>, names: impl Into<Texts<'a>>) -> Self {
        match names.into().0 {
            Form::Plain(names) => Self(Form::Coded(codes.into(), names)),
            _ => Self(Form::Nested),
        }
    }

    /// The text of a row, counted from 0; none if it is missing, or the row is.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&'a str> {
        let text = match &self.0 {
            Form::Plain(plain) => plain.get(row),
            Form::Coded(codes, names) if row < codes.len() => {
                names.get(usize::try_from(codes.get(row)).ok()?)
            }
            _ => None,
        };
        text.filter(|text| !text.is_empty())
    }

    /// The texts of some rows, counted from `start`; empty where one is missing. The column is known to be well.
    pub(crate) fn gather(&self, start: usize, rows: &[u32], texts: &mut [&'a str]) {
        if let Form::Plain(Plain::Packed(bytes, offsets)) = &self.0 {
            offsets.gather_pairs(start, rows, |place, from, to| {
                texts[place] = bytes.get(from as usize..to as usize).unwrap_or_default();
            });
            return;
        }
        for (text, row) in texts.iter_mut().zip(rows) {
            *text = self.get(start + *row as usize).unwrap_or_default();
        }
    }

    /// Its codes and how many names they stand for, if it has some.
    pub(crate) fn codes(&self) -> Option<(Numbers<'a>, usize)> {
        match &self.0 {
            Form::Coded(codes, names) => names.len().map(|len| (*codes, len)),
            _ => None,
        }
    }

    /// The name that a code stands for.
    pub(crate) fn name(&self, code: usize) -> Option<&'a str> {
        match &self.0 {
            Form::Coded(_, names) => names.get(code).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    /// Whether it is the very same column. One text for all rows, of which nothing has to be checked, is never told.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Form::Plain(one), Form::Plain(other)) => one.is_same(other),
            (Form::Coded(codes, names), Form::Coded(others, of)) => {
                codes.is_same(others) && names.is_same(of)
            }
            _ => false,
        }
    }

    /// Whether it has a text for each row, or one for all.
    pub(crate) fn check_length(&self, column: &'static str, rows: usize) -> Result<()> {
        let len = match &self.0 {
            Form::Plain(plain) => plain.len(),
            Form::Coded(codes, _) => Some(codes.len()),
            Form::Nested => None,
        };
        len.map_or(Ok(()), |len| same_length(column, len, rows))
    }

    /// Whether it has a text for each row, or one for all, and its values are in range.
    pub(crate) fn check(&self, column: &'static str, rows: usize) -> Result<()> {
        match &self.0 {
            Form::Plain(plain) => {
                if let Plain::Packed(bytes, offsets) = plain {
                    packed_well(bytes, *offsets, column)?;
                }
                self.check_length(column, rows)
            }
            Form::Nested => Err(bad(column, None, "the names behind its codes have codes themselves")),
            Form::Coded(codes, names) => {
                self.check_length(column, rows)?;
                if let Plain::Packed(bytes, offsets) = names {
                    packed_well(bytes, *offsets, column)?;
                }
                let Some(count) = names.len() else { return Ok(()) };
                match codes.beyond(count) {
                    Some((row, code)) => {
                        Err(bad(column, Some(row), format!("code {code} stands for none of {count} names")))
                    }
                    None => Ok(()),
                }
            }
        }
    }
}

impl<'a> Plain<'a> {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(one), Self::List(other)) => std::ptr::eq(*one, *other),
            (Self::Maybe(one), Self::Maybe(other)) => std::ptr::eq(*one, *other),
            (Self::Owned(one), Self::Owned(other)) => std::ptr::eq(*one, *other),
            (Self::Packed(one, starts), Self::Packed(other, of)) => {
                std::ptr::eq(*one, *other) && starts.is_same(of)
            }
            _ => false,
        }
    }

    /// How many texts there are; none if there is one for every row.
    fn len(&self) -> Option<usize> {
        match self {
            Self::All(_) => None,
            Self::List(texts) => Some(texts.len()),
            Self::Maybe(texts) => Some(texts.len()),
            Self::Owned(texts) => Some(texts.len()),
            Self::Packed(_, offsets) => Some(offsets.len().saturating_sub(1)),
        }
    }

    #[inline]
    fn get(&self, row: usize) -> Option<&'a str> {
        match self {
            Self::All(text) => Some(text),
            Self::List(texts) => texts.get(row).copied(),
            Self::Maybe(texts) => texts.get(row).copied().flatten(),
            Self::Owned(texts) => texts.get(row).map(String::as_str),
            Self::Packed(bytes, offsets) if row + 1 < offsets.len() => {
                bytes.get(offsets.get(row) as usize..offsets.get(row + 1) as usize)
            }
            Self::Packed(..) => None,
        }
    }
}

/// Whether offsets cut a run of text into texts.
fn packed_well(bytes: &str, offsets: Numbers<'_>, column: &'static str) -> Result<()> {
    if offsets.len() == 0 {
        return Err(bad(column, None, "it has no offset, and needs one more than there are rows"));
    }
    // An offset ends the row before it.
    let row = |offset: usize| Some(offset.saturating_sub(1));
    if let Some(at) = offsets.descent() {
        return Err(bad(column, row(at), "its text ends before it starts"));
    }
    if offsets.get(0) < 0 {
        return Err(bad(column, Some(0), "its text starts before the first byte"));
    }
    // They ascend, so the last is the largest.
    let last = offsets.len() - 1;
    if let (true, Some((at, offset))) =
        (offsets.get(last) as u64 > bytes.len() as u64, offsets.beyond(bytes.len() + 1))
    {
        let (at, len) = (row(at), bytes.len());
        return Err(bad(column, at, format!("its text ends at byte {offset}, and there are {len} bytes")));
    }
    if bytes.is_ascii() {
        return Ok(());
    }
    match (0..offsets.len()).find(|at| !bytes.is_char_boundary(offsets.get(*at) as usize)) {
        Some(at) => Err(bad(column, row(at), "its text ends inside a character")),
        None => Ok(()),
    }
}

macro_rules! from_lists {
    ($($form:ident $text:ty;)*) => {
        $(
            impl<'a> From<&'a [$text]> for Texts<'a> {
                fn from(texts: &'a [$text]) -> Self {
                    Self(Form::Plain(Plain::$form(texts)))
                }
            }

            impl<'a> From<&'a Vec<$text>> for Texts<'a> {
                fn from(texts: &'a Vec<$text>) -> Self {
                    Self(Form::Plain(Plain::$form(texts)))
                }
            }

            impl<'a, const N: usize> From<&'a [$text; N]> for Texts<'a> {
                fn from(texts: &'a [$text; N]) -> Self {
                    Self(Form::Plain(Plain::$form(texts)))
                }
            }
        )*
    };
}

from_lists! { List &'a str; Maybe Option<&'a str>; Owned String; }

impl fmt::Debug for Texts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (form, len) = match &self.0 {
            Form::Plain(plain) => ("plain", plain.len()),
            Form::Coded(codes, _) => ("coded", Some(codes.len())),
            Form::Nested => ("nested", None),
        };
        match len {
            Some(len) => write!(f, "Texts({form}, {len} rows)"),
            None => write!(f, "Texts({form})"),
        }
    }
}
