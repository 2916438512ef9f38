//! Text for full-text search: every Chinese, Japanese or Korean character is a word of its own, so
//! that any substring is a phrase of words.

fn stands_alone(c: char) -> bool {
    matches!(c as u32,
        0x2E80..=0x30FF | 0x3130..=0x318F | 0x31A0..=0x31FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF
        | 0xAC00..=0xD7AF | 0xF900..=0xFAFF | 0x20000..=0x3134F)
}

/// The text with a space around each character that stands alone.
#[must_use]
pub fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 4 / 3 + 8);
    for c in text.chars() {
        if stands_alone(c) {
            out.push(' ');
            out.push(c);
            out.push(' ');
        } else {
            out.push(c);
        }
    }
    out
}

/// The match expression for what a person typed, over these columns: each word, separated by white
/// space, must be there; a word is a phrase of its characters, its last Latin part a beginning.
/// None when nothing searchable was typed.
#[must_use]
pub fn match_expression(typed: &str, columns: &[&str]) -> Option<String> {
    let mut terms = Vec::new();
    for word in typed.split_whitespace().take(16) {
        let phrase: String = segment(word)
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { ' ' })
            .collect::<String>()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        if phrase.is_empty() {
            continue;
        }
        let prefix = if phrase.chars().last().is_some_and(stands_alone) {
            ""
        } else {
            "*"
        };
        terms.push(format!("\"{phrase}\"{prefix}"));
    }
    if terms.is_empty() || columns.is_empty() {
        return None;
    }
    Some(format!(
        "{{{}}} : ({})",
        columns.join(" "),
        terms.join(" AND ")
    ))
}
