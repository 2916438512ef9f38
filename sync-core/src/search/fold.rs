//! What differs in writing and not in meaning is made the same.

use super::normal::{NormalForm, normal};

/// Characters that nobody sees: zero-width ones, soft hyphens, variation selectors, controls.
fn is_unseen(c: char) -> bool {
    matches!(c as u32,
        0xAD | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x2064 | 0xFE00..=0xFE0F | 0xFEFF | 0xE0100..=0xE01EF)
        || (c.is_control() && !c.is_whitespace())
}

fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c as u32, 0xC0..=0x24F | 0x1E00..=0x1EFF)
}

/// An accent, once letters are taken apart. Those of kana and Hangul are elsewhere and stay.
fn is_accent(c: char) -> bool {
    matches!(c as u32, 0x300..=0x36F)
}

fn in_one_space(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// What a character of everyday Chinese or English becomes whatever stands beside it; none for others.
fn alone(c: char) -> Option<char> {
    match c as u32 {
        0x20..=0x7E | 0x09 | 0x0A | 0x0D => Some(c.to_ascii_lowercase()),
        // Ideographs, the comma and the full stop between them, quotes and dashes.
        0x4E00..=0x9FFF | 0x3001 | 0x3002 | 0x2014 | 0x201C | 0x201D => Some(c),
        // Full width.
        full @ 0xFF01..=0xFF5E => char::from_u32(full - 0xFEE0).map(|c| c.to_ascii_lowercase()),
        0x3000 => Some(' '),
        _ => None,
    }
}

/// The text as searches and names compare it; see the module. Folding twice changes nothing more.
#[must_use]
pub fn fold(text: &str) -> String {
    // Most texts are of such characters only, and tables are dear.
    let folded = text.chars().map(alone).collect::<Option<String>>();
    in_one_space(&folded.unwrap_or_else(|| folded_by_tables(text)))
}

fn folded_by_tables(text: &str) -> String {
    let seen: String = text.chars().filter(|c| !is_unseen(*c)).collect();
    let mut after_latin = false;
    let folded: String = normal(&seen, NormalForm::Nfkd)
        .chars()
        .flat_map(char::to_lowercase)
        // The two small sigmas are one letter.
        .map(|c| if c == 'ς' { 'σ' } else { c })
        .filter(|c| {
            if is_accent(*c) {
                return !after_latin;
            }
            after_latin = is_latin(*c);
            true
        })
        .collect();
    normal(&folded, NormalForm::Nfc)
}

/// The same with accents, for names that must tell people apart: logins.
#[must_use]
pub fn fold_keeping_accents(text: &str) -> String {
    let plain = normal(text, NormalForm::Nfkc);
    in_one_space(&normal(&plain.to_lowercase(), NormalForm::Nfc))
}
