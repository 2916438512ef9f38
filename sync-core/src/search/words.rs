//! The words of a text and of a query.

use memchr::memmem::Finder;

use super::fold;
use super::initials::initials;
use crate::receipt_number::ReceiptNumber;

/// Stands between two fields: in no query, so that nothing is found across them.
const BETWEEN: &str = "¶";
/// Parts of a query that count.
const MAX_PARTS: usize = 16;
/// Numbers of so many characters are found by their ends.
const LONG_NUMBER: std::ops::RangeInclusive<usize> = 7..=24;
/// The shortest end of one.
const SHORTEST_END: usize = 4;

/// Whether a character is a word of its own, so that any substring is a phrase of words.
fn stands_alone(c: char) -> bool {
    matches!(c as u32,
        0x2E80..=0x30FF | 0x3130..=0x318F | 0x31A0..=0x31FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF
        | 0xAC00..=0xD7AF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

/// The words of a folded text.
fn words(folded: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut begin = None;
    for (at, c) in folded.char_indices() {
        if c.is_alphanumeric() && !stands_alone(c) {
            begin.get_or_insert(at);
            continue;
        }
        if let Some(begin) = begin.take() {
            out.push(&folded[begin..at]);
        }
        if c.is_alphanumeric() {
            out.push(&folded[at..at + c.len_utf8()]);
        }
    }
    out.extend(begin.map(|begin| &folded[begin..]));
    out
}

/// Digits, the last of them perhaps a letter as on identity cards.
fn is_long_number(word: &str) -> bool {
    LONG_NUMBER.contains(&word.len())
        && word.is_ascii()
        && word.bytes().rev().skip(1).all(|b| b.is_ascii_digit())
}

/// The words of a record's texts, each between spaces: what an index takes in, and what
/// [`SearchQuery::finds`] looks through.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct SearchText(String);

impl SearchText {
    /// Adds the text of a field.
    pub fn add(&mut self, text: &str) {
        let folded = fold(text);
        let words = words(&folded);
        if words.is_empty() {
            return;
        }
        self.add_words(words.iter().copied());
        let numbers = words.iter().filter(|word| is_long_number(word));
        for number in numbers {
            self.add_words((1..=number.len() - SHORTEST_END).map(|at| &number[at..]));
        }
    }

    /// Adds the text of a short field, which may be a name: by the first letters of its Pinyin too.
    pub fn add_short(&mut self, text: &str) {
        self.add(text);
        let initials = initials(&fold(text));
        self.add_words(initials.iter().map(String::as_str));
    }

    fn add_words<'a>(&mut self, words: impl Iterator<Item = &'a str>) {
        let mut words = words.peekable();
        if words.peek().is_none() {
            return;
        }
        if self.0.is_empty() {
            self.0.push(' ');
        }
        for word in words.chain([BETWEEN]) {
            self.0.push_str(word);
            self.0.push(' ');
        }
    }

    /// The words.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Words that must follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPhrase {
    /// With a space between them; letters and digits only.
    pub words: String,
    /// Whether a word that begins with the last one will do.
    pub is_beginning: bool,
}

/// What a person looks for.
#[derive(Debug, Clone)]
pub struct SearchQuery {
    phrases: Vec<SearchPhrase>,
    finders: Vec<Finder<'static>>,
}

impl SearchQuery {
    /// Reads what a person typed; none when that is nothing.
    #[must_use]
    pub fn read(typed: &str) -> Option<Self> {
        // A receipt's number is one word, in whichever groups and signs it was said over a telephone.
        let number = ReceiptNumber::read(typed).ok().map(|n| n.to_string());
        let folded = number.unwrap_or_else(|| fold(typed));
        if folded.is_empty() {
            return None;
        }
        let phrases: Vec<SearchPhrase> = folded
            .split(' ')
            .take(MAX_PARTS)
            .filter_map(|part| {
                let words = words(part);
                let last = words.last()?.chars().next()?;
                Some(SearchPhrase {
                    words: words.join(" "),
                    is_beginning: !stands_alone(last),
                })
            })
            .collect();
        let finders = phrases
            .iter()
            .map(|phrase| {
                let end = if phrase.is_beginning { "" } else { " " };
                Finder::new(&format!(" {}{end}", phrase.words)).into_owned()
            })
            .collect();
        Some(Self { phrases, finders })
    }

    /// What must all be there; nothing is found when this is empty.
    #[must_use]
    pub fn phrases(&self) -> &[SearchPhrase] {
        &self.phrases
    }

    /// Whether words of [`SearchText`] have all of it.
    #[must_use]
    pub fn finds(&self, words: &str) -> bool {
        let mut finders = self.finders.iter();
        !self.finders.is_empty() && finders.all(|f| f.find(words.as_bytes()).is_some())
    }
}

/// Whether a person or a place is called as typed: by a part of the name, or by the beginning of the
/// first letters of its Pinyin.
#[must_use]
pub fn is_called(name: &str, typed: &str) -> bool {
    let (name, typed) = (fold(name), fold(typed));
    name.contains(&typed) || initials(&name).iter().any(|way| way.starts_with(&typed))
}
