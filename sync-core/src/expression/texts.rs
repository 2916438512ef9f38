//! Texts: patterns, pieces and lists of choices.

use regex_lite::{Regex, RegexBuilder};
use sha2::Digest as _;

use super::numbers;
use crate::limits::MAX_EXPRESSION_TEXT_BYTES;

/// A pattern that a whole text must be. An error says only that it is none.
pub(super) fn pattern(pattern: &str) -> Result<Regex, ()> {
    RegexBuilder::new(&format!("^(?:{})$", plain_hyphens(pattern)))
        .size_limit(MAX_EXPRESSION_TEXT_BYTES)
        .build()
        .map_err(|_| ())
}

/// A pattern in which a hyphen that follows `\\w` and its like in a class is written as the plain one
/// that others read it as.
fn plain_hyphens(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut in_class = false;
    let mut after_kind = false;
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\\' {
            out.push(c);
            let escaped = chars.next();
            out.extend(escaped);
            after_kind = matches!(escaped, Some('w' | 'W' | 'd' | 'D' | 's' | 'S'));
            continue;
        }
        if c == '-' && in_class && after_kind && chars.peek() != Some(&']') {
            out.push('\\');
        }
        match c {
            '[' => in_class = true,
            ']' => in_class = false,
            _ => {}
        }
        after_kind = false;
        out.push(c);
    }
    out
}

/// What is written in Base64, as a text; what is none is empty.
pub(super) fn base64_decode(text: &str) -> String {
    let compact: String = text.split_whitespace().collect();
    let plain = compact.trim_end_matches('=');
    let bytes = data_encoding::BASE64_NOPAD.decode(plain.as_bytes());
    bytes.map_or_else(
        |_| String::new(),
        |bytes| String::from_utf8_lossy(&bytes).into_owned(),
    )
}

/// The digest of a text, in Base64 or as `hex`; none for a way of making one that is not known.
pub(super) fn digest(text: &str, with: &str, form: Option<&str>) -> Option<String> {
    let bytes = match with {
        "SHA-256" => sha2::Sha256::digest(text).to_vec(),
        "SHA-384" => sha2::Sha384::digest(text).to_vec(),
        "SHA-512" => sha2::Sha512::digest(text).to_vec(),
        _ => return None,
    };
    match form {
        None | Some("base64") => Some(data_encoding::BASE64.encode(&bytes)),
        Some("hex") => Some(data_encoding::HEXLOWER.encode(&bytes)),
        _ => None,
    }
}

/// What was chosen of a list, as it is kept: names with spaces between.
pub(super) fn chosen(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
}

/// XPath's `substring()`: characters from 1, both ends rounded.
pub(super) fn substring(text: &str, from: f64, length: Option<f64>) -> String {
    let from = (from + 0.5).floor();
    let end = length.map_or(f64::INFINITY, |length| from + (length + 0.5).floor());
    let inside = |at: usize| {
        let place = numbers::of_count(at) + 1.0;
        place >= from && place < end
    };
    let chars = text.chars().enumerate();
    chars
        .filter(|(at, _)| inside(*at))
        .map(|(_, c)| c)
        .collect()
}

/// XForms' `substr()`: characters from 0 up to before an end, both counted from the end when they are
/// less than 0.
pub(super) fn substr(text: &str, from: f64, end: Option<f64>) -> String {
    let count = numbers::of_count(text.chars().count());
    let place = |at: f64| if at < 0.0 { (count + at).max(0.0) } else { at };
    let (from, end) = (place(from), end.map_or(count, place));
    let inside = |at: usize| (from..end).contains(&numbers::of_count(at));
    let chars = text.chars().enumerate();
    chars
        .filter(|(at, _)| inside(*at))
        .map(|(_, c)| c)
        .collect()
}

/// Each character of one list replaced by that at the same place of another, or taken away.
pub(super) fn translate(text: &str, from: &str, to: &str) -> String {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let replaced = text
        .chars()
        .filter_map(|c| match from.iter().position(|f| *f == c) {
            Some(at) => to.get(at).copied(),
            None => Some(c),
        });
    replaced.collect()
}

/// A text with one space where it has several, and none at its ends.
pub(super) fn normalize_space(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}
