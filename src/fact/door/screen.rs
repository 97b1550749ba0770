//! Looks for an event's own identifiers in its other fields.

use smallvec::SmallVec;

use crate::fact::LeftOut;
use crate::id::IdKind;
use crate::link;
use crate::reason::FieldReason;

/// Identifiers shorter than this are not looked for in labels: they would be found by chance.
pub(crate) const SHORTEST_SOUGHT: usize = 4;

/// Digits from which on a phone number is sought however it is spaced.
const SHORTEST_PHONE: usize = 7;

/// How often a text may be percent-coded.
pub(crate) const MOST_DECODINGS: usize = 3;

/// The identifiers that are looked for.
#[derive(Default)]
pub(crate) struct Screen {
    sought: SmallVec<[Sought; 2]>,
    /// Bytes of the shortest that is looked for; none if nothing is.
    shortest: Option<usize>,
    /// The digits of phone numbers: in labels they may be spaced in any way.
    phones: SmallVec<[String; 1]>,
    pub(crate) left_out: LeftOut,
}

struct Sought {
    /// In lower case: in place while it is short.
    text: SmallVec<[u8; 32]>,
    edges: Edges,
}

/// What must not touch an identifier: a short one, or a number, may be a part of something else by chance.
#[derive(Clone, Copy)]
pub(crate) enum Edges {
    Free,
    /// Letters and digits.
    Word,
    /// Digits.
    Number,
}

impl Edges {
    fn fit(self, before: Option<&u8>, behind: Option<&u8>) -> bool {
        let touches = |byte: &u8| match self {
            Self::Free => false,
            Self::Word => byte.is_ascii_alphanumeric(),
            Self::Number => byte.is_ascii_digit(),
        };
        ![before, behind].into_iter().flatten().any(touches)
    }
}

impl Screen {
    pub(crate) fn seek(&mut self, kind: IdKind, text: &str) {
        self.seek_between(kind, text, Edges::Free);
    }

    pub(crate) fn seek_between(&mut self, kind: IdKind, text: &str, edges: Edges) {
        if text.len() >= SHORTEST_SOUGHT {
            let text = if text.is_ascii() {
                let mut folded = SmallVec::from_slice(text.as_bytes());
                folded.make_ascii_lowercase();
                folded
            } else {
                SmallVec::from_slice(text.to_lowercase().as_bytes())
            };
            self.note_length(text.len());
            self.sought.push(Sought { text, edges });
        }
        if kind == IdKind::Phone {
            let digits = digits(text.as_bytes());
            if digits.len() >= SHORTEST_PHONE {
                self.note_length(digits.len());
                self.phones.push(digits);
            }
        }
    }

    fn note_length(&mut self, length: usize) {
        self.shortest = Some(self.shortest.map_or(length, |shortest| shortest.min(length)));
    }

    /// Bytes of the shortest that is looked for; none if nothing is.
    pub(crate) fn shortest(&self) -> Option<usize> {
        self.shortest
    }

    /// Takes a field out and counts it if it contains one.
    pub(crate) fn take<T: AsRef<str>>(&mut self, label: &mut Option<T>) {
        if label.as_ref().is_some_and(|label| self.note(label.as_ref())) {
            *label = None;
        }
    }

    /// Counts a field if it contains one, and says whether it does.
    pub(crate) fn note(&mut self, text: &str) -> bool {
        let holds = self.holds_identifier(text);
        if holds {
            self.left_out.note(FieldReason::IdentifierInField);
        }
        holds
    }

    /// Whether `text` contains one, in any case, as it stands or percent-coded.
    #[inline]
    pub(crate) fn holds_identifier(&self, text: &str) -> bool {
        let Some(shortest) = self.shortest.filter(|_| text.len() >= SHORTEST_SOUGHT) else { return false };
        // Lower case and decoding make no ASCII text longer.
        if text.len() < shortest && text.is_ascii() {
            return false;
        }
        self.does_hold(text)
    }

    fn does_hold(&self, text: &str) -> bool {
        self.holds(text.to_lowercase().as_bytes())
            || decodings(text).any(|plain| self.holds(plain.to_lowercase().as_bytes()))
    }

    /// Whether a text in lower case contains one.
    pub(crate) fn holds(&self, text: &[u8]) -> bool {
        let found = |sought: &Sought| {
            let length = sought.text.len();
            let mut windows = text.windows(length).enumerate();
            windows.any(|(at, window)| {
                let before = at.checked_sub(1).and_then(|place| text.get(place));
                window == &*sought.text && sought.edges.fit(before, text.get(at + length))
            })
        };
        let spaced = || {
            let digits = digits(text);
            self.phones.iter().any(|phone| digits.contains(&**phone))
        };
        self.sought.iter().any(found) || (!self.phones.is_empty() && spaced())
    }
}

/// What a text reads when it is decoded once, twice and so on, as long as that changes it.
pub(crate) fn decodings(text: &str) -> impl Iterator<Item = String> {
    let decoded = |text: &str| {
        Some(text).filter(|text| text.contains('%')).map(link::unescaped).filter(|plain| plain != text)
    };
    std::iter::successors(decoded(text), move |plain| decoded(plain)).take(MOST_DECODINGS)
}

fn digits(text: &[u8]) -> String {
    text.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_any_case_are_found_behind_percent_signs() {
        let mut screen = Screen::default();
        screen.seek(IdKind::Visitor, "AbC-9xZ");
        for text in ["abc-9XZ", "%41%62%43-9x%5a", "%61BC%2d9xz!", "%2541bc-9xz", "%252541bC-9xz"] {
            assert!(screen.holds_identifier(text), "{text}");
        }
        for text in ["abc-9x", "%41%62%43-9x%5", "", "%", "abc%209xz"] {
            assert!(!screen.holds_identifier(text), "{text}");
        }
    }

    #[test]
    fn of_several_phone_numbers_each_is_found_however_it_is_spaced() {
        let mut screen = Screen::default();
        screen.seek(IdKind::Phone, "+4930123456");
        screen.seek(IdKind::Phone, "+14155550123");
        for text in ["call +49 30 123-456", "1 (415) 555-0123"] {
            assert!(screen.holds_identifier(text), "{text}");
        }
        assert!(!screen.holds_identifier("call +49 30 123-457"));
    }
}
