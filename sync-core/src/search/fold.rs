//! What differs in writing and not in meaning is made the same.

use unicode_normalization::UnicodeNormalization as _;

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

/// The text as searches and names compare it; see the module. Folding twice changes nothing more.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut after_latin = false;
    let folded: String = text
        .chars()
        .filter(|c| !is_unseen(*c))
        .nfkd()
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
        .nfc()
        .collect();
    in_one_space(&folded)
}

/// The same with accents, for names that must tell people apart: logins.
#[must_use]
pub fn fold_keeping_accents(text: &str) -> String {
    let plain: String = text.nfkc().collect();
    in_one_space(&plain.to_lowercase().nfc().collect::<String>())
}
