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

/// The identifiers that are looked for.
#[derive(Default)]
pub(crate) struct Screen {
    /// In lower case.
    sought: SmallVec<[Sought; 2]>,
    /// The digits of a phone number: in labels it may be spaced in any way.
    phone: Option<String>,
    pub(crate) left_out: LeftOut,
}

/// An identifier in lower case: in place while it is short.
type Sought = SmallVec<[u8; 32]>;

impl Screen {
    pub(crate) fn seek(&mut self, kind: IdKind, text: &str) {
        if text.len() >= SHORTEST_SOUGHT {
            if text.is_ascii() {
                let mut folded = Sought::from_slice(text.as_bytes());
                folded.make_ascii_lowercase();
                self.sought.push(folded);
            } else {
                self.sought.push(Sought::from_slice(text.to_lowercase().as_bytes()));
            }
        }
        if kind == IdKind::Phone {
            self.phone = Some(digits(text)).filter(|digits| digits.len() >= SHORTEST_PHONE);
        }
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
    pub(crate) fn holds_identifier(&self, text: &str) -> bool {
        if text.len() < SHORTEST_SOUGHT || self.sought.is_empty() {
            return false;
        }
        if text.is_ascii() {
            // Lower case and decoding make no ASCII text longer.
            let shortest = self.sought.iter().map(SmallVec::len).min().unwrap_or_default();
            let phone = self.phone.as_ref().map_or(usize::MAX, String::len);
            if text.len() < shortest.min(phone) {
                return false;
            }
        }
        let folded = text.to_lowercase();
        self.holds(&folded) || (folded.contains('%') && self.holds(&link::unescaped(&folded)))
    }

    fn holds(&self, text: &str) -> bool {
        let found = |sought: &Sought| text.as_bytes().windows(sought.len()).any(|window| window == &**sought);
        let spaced = || self.phone.as_ref().is_some_and(|phone| digits(text).contains(&**phone));
        self.sought.iter().any(found) || spaced()
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}
