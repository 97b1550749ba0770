//! Account, card and phone numbers.

use smallvec::SmallVec;

use crate::scrub::{Hit, Personal};

/// Fewer digits than this are no number of anybody's.
const FEWEST_DIGITS: usize = 7;

/// The digits of one number that stand together.
#[derive(Clone, Copy)]
struct Group {
    start: usize,
    end: usize,
    /// How many digits it has.
    count: usize,
    /// Where its digits begin among those of the run.
    first: usize,
    /// What stands before it, if another group does.
    gap: Gap,
}

/// What stands between two groups.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// One space or dash.
    Plain,
    /// One dot.
    Dot,
    /// One slash.
    Slash,
    /// Parentheses, or several.
    Other,
}

/// Groups of digits with few separators between them.
#[derive(Default)]
struct Run {
    digits: Vec<u8>,
    groups: Vec<Group>,
    /// Where the plus sign in front of it stands, and the parenthesis that is closed behind the first group.
    plus: Option<usize>,
    paren: Option<usize>,
    /// Whether a letter touches it in front, or behind.
    word_before: bool,
    word_behind: bool,
}

/// A decimal digit: ASCII, full-width, Arabic-Indic or extended Arabic-Indic.
fn digit(c: char) -> Option<u8> {
    let base = match c {
        '0'..='9' => '0',
        '\u{ff10}'..='\u{ff19}' => '\u{ff10}',
        '\u{660}'..='\u{669}' => '\u{660}',
        '\u{6f0}'..='\u{6f9}' => '\u{6f0}',
        _ => return None,
    };
    Some((u32::from(c) - u32::from(base)) as u8)
}

fn gap(c: char) -> Option<Gap> {
    match c {
        ' ' | '-' | '\t' | '\u{a0}' | '\u{2009}' | '\u{202f}' | '\u{2010}'..='\u{2013}' => Some(Gap::Plain),
        '.' => Some(Gap::Dot),
        '/' => Some(Gap::Slash),
        '(' | ')' => Some(Gap::Other),
        _ => None,
    }
}

/// Where `sign` stands, if it does right before `start`.
fn sign(text: &str, start: usize, sign: &str) -> Option<usize> {
    text[..start].ends_with(sign).then(|| start - sign.len())
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Cards and phone numbers.
pub(super) fn cards_and_phones(text: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    if text.chars().filter(|c| digit(*c).is_some()).take(FEWEST_DIGITS).count() < FEWEST_DIGITS {
        return hits;
    }
    let mut before = None;
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        let Some(first) = digit(c) else {
            before = Some(c);
            continue;
        };
        let (plus, paren) =
            (sign(text, start, "+").or_else(|| sign(text, start, "+(")), sign(text, start, "("));
        let mut run = Run { plus, word_before: before.is_some_and(is_word), ..Run::default() };
        run.open(start, c, first, Gap::Other);
        let mut between: SmallVec<[Gap; 3]> = SmallVec::new();
        before = Some(c);
        while let Some(&(at, c)) = chars.peek() {
            if let Some(value) = digit(c) {
                match between.as_slice() {
                    [] => run.extend(at, c, value),
                    [one] => run.open(at, c, value, *one),
                    _ => run.open(at, c, value, Gap::Other),
                }
                between.clear();
            } else if let Some(gap) = gap(c)
                && between.len() < 3
            {
                if c == ')' && run.groups.len() == 1 {
                    run.paren = paren;
                }
                between.push(gap);
            } else {
                run.word_behind = between.is_empty() && is_word(c);
                break;
            }
            before = Some(c);
            chars.next();
        }
        run.find(&mut hits);
    }
    hits
}

impl Run {
    fn open(&mut self, start: usize, c: char, value: u8, gap: Gap) {
        let first = self.digits.len();
        self.digits.push(value);
        self.groups.push(Group { start, end: start + c.len_utf8(), count: 1, first, gap });
    }

    fn extend(&mut self, at: usize, c: char, value: u8) {
        self.digits.push(value);
        if let Some(group) = self.groups.last_mut() {
            group.end = at + c.len_utf8();
            group.count += 1;
        }
    }

    /// Cards first; among what is left of the run, phone numbers.
    fn find(&self, hits: &mut Vec<Hit>) {
        if self.digits.len() < FEWEST_DIGITS {
            return;
        }
        let (mut left, mut place) = (0, 0);
        while place < self.groups.len() {
            if let Some(end) = self.card(place) {
                self.phones(left, place, hits);
                let (start, end_at) = (self.groups[place].start, self.groups[end - 1].end);
                hits.push(Hit { start, end: end_at, kind: Personal::Card });
                (left, place) = (end, end);
            } else {
                place += 1;
            }
        }
        self.phones(left, self.groups.len(), hits);
    }

    /// The groups from `from` to before each end up to `to` that hold at most `most` digits, the longest first.
    fn ends(&self, from: usize, to: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
        let count =
            |end: usize| self.groups[end - 1].first + self.groups[end - 1].count - self.groups[from].first;
        let fitting: SmallVec<[(usize, usize); 20]> =
            (from + 1..=to).map(|end| (end, count(end))).take_while(|(_, digits)| *digits <= most).collect();
        fitting.into_iter().rev()
    }

    /// The end of a card that begins with the group at `from`.
    fn card(&self, from: usize) -> Option<usize> {
        let first = self.groups[from].first;
        if !(2..=6).contains(&self.digits[first]) {
            return None;
        }
        let plain =
            self.groups[from + 1..].iter().take_while(|group| group.gap == Gap::Plain).take(18).count();
        let is_card = |(_, count): &(usize, usize)| *count >= 13 && luhn(&self.digits[first..first + count]);
        self.ends(from, from + 1 + plain, 19).find(is_card).map(|(end, _)| end)
    }

    /// Phone numbers among the groups from `from` to before `to`.
    fn phones(&self, from: usize, to: usize, hits: &mut Vec<Hit>) {
        let mut place = from;
        while place < to {
            if let Some(end) = self.phone(place, to) {
                let lead = self.plus.or(self.paren.filter(|_| end > 1)).filter(|_| place == 0);
                let start = lead.unwrap_or(self.groups[place].start);
                hits.push(Hit { start, end: self.groups[end - 1].end, kind: Personal::Phone });
                place = end;
            } else {
                place += if self.is_date(place, to) { 3 } else { 1 };
            }
        }
    }

    fn phone(&self, from: usize, to: usize) -> Option<usize> {
        let plus = self.plus.is_some() && from == 0;
        if (from == 0 && self.word_before) || (!plus && self.is_date(from, to)) {
            return None;
        }
        let whole = |end: usize| end < self.groups.len() || !self.word_behind;
        let first = self.groups[from].first;
        let is_phone = |(end, count): &(usize, usize)| {
            let groups = &self.groups[from..*end];
            let apart = |gap: Gap| groups[1..].iter().all(|group| group.gap == gap);
            let several =
                apart(Gap::Plain) && groups.len() <= 5 && groups.iter().all(|group| group.count >= 2);
            let counts = || groups.iter().map(|group| group.count);
            whole(*end)
                && (plus && (7..=15).contains(count)
                    || self.digits[first] == 0 && (9..=17).contains(count)
                    || several && (10..=19).contains(count)
                    || apart(Gap::Dot) && counts().eq([3, 3, 4])
                    || groups[1..].iter().any(|group| group.gap == Gap::Other) && (10..=15).contains(count))
        };
        self.ends(from, to, 19).find(is_phone).map(|(end, _)| end)
    }

    /// Whether three groups are a date: day, month and year, or the other way round, with one kind of separator.
    fn is_date(&self, from: usize, to: usize) -> bool {
        let Some([a, b, c]) = self.groups[from..to].first_chunk::<3>() else { return false };
        let counts = (a.count, b.count, c.count);
        b.gap == c.gap && b.gap != Gap::Other && matches!(counts, (1..=2, 1..=2, 4) | (4, 1..=2, 1..=2))
    }
}

/// Whether the last digit is the one that the others ask for (ISO/IEC 7812-1, annex B).
fn luhn(digits: &[u8]) -> bool {
    let doubled = |(place, digit): (usize, &u8)| match digit * 2 {
        _ if place % 2 == 0 => u32::from(*digit),
        twice if twice > 9 => u32::from(twice - 9),
        twice => u32::from(twice),
    };
    digits.iter().rev().enumerate().map(doubled).sum::<u32>() % 10 == 0
}

/// International bank account numbers.
pub(super) fn ibans(text: &str) -> Vec<Hit> {
    let bytes = text.as_bytes();
    let mut hits = Vec::new();
    let mut place = 0;
    while place + 15 <= bytes.len() {
        let starts = bytes[place].is_ascii_alphabetic()
            && bytes[place + 1].is_ascii_alphabetic()
            && bytes[place + 2].is_ascii_digit()
            && bytes[place + 3].is_ascii_digit()
            && (place == 0 || !bytes[place - 1].is_ascii_alphanumeric());
        match starts.then(|| iban_end(bytes, place)).flatten() {
            Some(end) => {
                hits.push(Hit { start: place, end, kind: Personal::Iban });
                place = end;
            }
            None => place += 1,
        }
    }
    hits
}

/// The end of the longest account number that begins at `start`.
fn iban_end(bytes: &[u8], start: usize) -> Option<usize> {
    let head = &bytes[start..start + 4];
    let (mut rest, mut count, mut found) = (0, 4, None);
    let mut at = start + 4;
    while let Some(byte) = bytes.get(at) {
        if byte.is_ascii_alphanumeric() && count < 34 {
            rest = fed(rest, *byte);
            count += 1;
            let ends = bytes.get(at + 1).is_none_or(|next| !next.is_ascii_alphanumeric());
            if ends && count >= 15 && head.iter().fold(rest, |rest, byte| fed(rest, *byte)) == 1 {
                found = Some(at + 1);
            }
        } else if !(matches!(byte, b' ' | b'-') && bytes[at - 1].is_ascii_alphanumeric()) {
            break;
        }
        at += 1;
    }
    found
}

/// The remainder modulo 97 after one more letter or digit; letters count from 10 on (ISO 13616-1).
fn fed(rest: u32, byte: u8) -> u32 {
    let value = char::from(byte).to_digit(36).unwrap_or_default();
    (rest * if value < 10 { 10 } else { 100 } + value) % 97
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_those_of_published_numbers() {
        let digits = |text: &str| text.bytes().map(|byte| byte - b'0').collect::<Vec<u8>>();
        // Test numbers that card schemes publish, and the example of ISO/IEC 7812-1.
        for card in
            ["4111111111111111", "5555555555554444", "378282246310005", "30569309025904", "79927398713"]
        {
            assert!(luhn(&digits(card)), "{card}");
            let mut wrong = digits(card);
            wrong[3] = (wrong[3] + 1) % 10;
            assert!(!luhn(&wrong), "{card}");
        }
        // Examples of the registry of IBANs.
        for iban in [
            "DE89370400440532013000",
            "GB29NWBK60161331926819",
            "NO9386011117947",
            "FR1420041010050500013M02606",
        ] {
            assert_eq!(iban_end(iban.as_bytes(), 0), Some(iban.len()), "{iban}");
        }
    }
}
