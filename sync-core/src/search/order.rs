//! The order of names.

use super::fold;

/// Most characters of a key: names that begin alike for so long stand in no order.
pub const NATURAL_KEY_CHARS: usize = 64;

/// Digits that are compared as one number: its length must be a character before the small letters.
const MAX_DIGITS: usize = 40;

/// What a list by name is ordered by, character by character: names folded as for searching, a
/// number before a larger one. `2号` stands before `10号`, `002` where `2` does.
#[must_use]
pub fn natural_key(name: &str) -> String {
    // Folding makes no text shorter than this from one that is longer, but for what is not seen.
    let begin: String = name.chars().take(4 * NATURAL_KEY_CHARS).collect();
    let folded = fold(&begin);
    let mut out = String::with_capacity(folded.len() + 8);
    let mut rest = folded.as_str();
    while let Some(c) = rest.chars().next() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let (run, after) = rest.split_at(digits.min(MAX_DIGITS));
        let number = run.trim_start_matches('0');
        // How long a number is tells first which is larger.
        out.push(char::from(b'0' + number.len() as u8));
        out.push_str(number);
        rest = after;
    }
    out.chars().take(NATURAL_KEY_CHARS).collect()
}
