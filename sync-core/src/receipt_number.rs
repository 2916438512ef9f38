//! The number of a receipt: twenty digits, of which the last two are checked (ISO/IEC 7064, MOD 97-10).
//!
//! Why digits, why so many and what they hold against guessing: `docs/adr/0032`.

use std::fmt;

/// Digits of a number, the two that are checked included.
pub const RECEIPT_DIGITS: usize = 20;
/// Digits that are drawn.
const DRAWN: u32 = 18;
/// Digits that are read out in one breath.
const GROUP: usize = 4;
/// Longest text that is looked at: a number with a link before it.
const MAX_TYPED_CHARS: usize = 400;

/// The number of a receipt. It is unique without a server, since it is drawn.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiptNumber([u8; RECEIPT_DIGITS]);

/// Why what somebody typed is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mistyped {
    /// It has another count of digits, or signs that are none.
    #[error("a receipt's number has {RECEIPT_DIGITS} digits")]
    NotANumber,
    /// The digits that are checked do not fit: one is wrong, or two changed places.
    #[error("one of the digits is wrong, or two changed places")]
    WrongDigit,
}

/// The remainder that a whole number leaves.
fn remainder(digits: &[u8]) -> u32 {
    digits
        .iter()
        .fold(0, |rest, digit| (rest * 10 + u32::from(*digit)) % 97)
}

/// The digit that somebody means: of any width, as a Chinese numeral, as it is said over a telephone, or as the letter
/// that looks like it.
fn digit(typed: char) -> Option<u8> {
    let plain = match typed {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(typed as u32 - 0xfee0).unwrap_or(typed),
        other => other,
    };
    Some(match plain.to_ascii_uppercase() {
        '0' | 'O' | 'Q' | 'D' | '〇' | '零' | '洞' => 0,
        '1' | 'I' | 'L' | '|' | '一' | '壹' | '幺' => 1,
        '2' | 'Z' | '二' | '贰' | '两' => 2,
        '3' | '三' | '叁' => 3,
        '4' | '四' | '肆' => 4,
        '5' | 'S' | '五' | '伍' => 5,
        '6' | 'G' | '六' | '陆' => 6,
        '7' | '七' | '柒' | '拐' => 7,
        '8' | 'B' | '八' | '捌' => 8,
        '9' | '九' | '玖' | '勾' => 9,
        _ => return None,
    })
}

/// What stands between digits and says nothing.
fn is_gap(typed: char) -> bool {
    typed.is_whitespace()
        || matches!(
            typed,
            '-' | '_' | '.' | ',' | '/' | ':' | '\u{b7}' | '\u{2010}'..='\u{2015}' | '\u{2212}'
                | '\u{200b}'..='\u{200d}' | '\u{feff}' | '\u{3001}' | '\u{3002}' | '\u{ff0c}'
                | '\u{ff0d}' | '\u{ff0e}' | '\u{ff1a}' | '\u{30fb}'
        )
}

impl ReceiptNumber {
    /// Draws a number: `random` are bytes of the platform's randomness.
    #[must_use]
    pub fn from_random(random: [u8; 16]) -> Self {
        // 128 bits over 18 digits: no digit is likelier than another by more than one in 10^20.
        let drawn = u128::from_be_bytes(random) % 10u128.pow(DRAWN);
        let mut digits = [0; RECEIPT_DIGITS];
        let mut rest = drawn;
        for place in digits[..DRAWN as usize].iter_mut().rev() {
            *place = u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
        let check = 98 - remainder(&digits);
        digits[RECEIPT_DIGITS - 2] = u8::try_from(check / 10).unwrap_or(0);
        digits[RECEIPT_DIGITS - 1] = u8::try_from(check % 10).unwrap_or(0);
        Self(digits)
    }

    /// The number that a field holds: its digits and nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; RECEIPT_DIGITS] = text.as_bytes().try_into().ok()?;
        let all = bytes.iter().all(u8::is_ascii_digit);
        Self::checked(bytes.map(|b| b.wrapping_sub(b'0')))
            .ok()
            .filter(|_| all)
    }

    /// The number that somebody typed, pasted or scanned: in digits of any width, with or without gaps, with letters
    /// that look like digits, in Chinese numerals, or behind the `#` of a link.
    ///
    /// # Errors
    /// [`Mistyped`].
    pub fn read(typed: &str) -> Result<Self, Mistyped> {
        if typed.chars().nth(MAX_TYPED_CHARS).is_some() {
            return Err(Mistyped::NotANumber);
        }
        let behind = typed.rsplit(['#', '\u{ff03}']).next().unwrap_or(typed);
        let mut digits = [0; RECEIPT_DIGITS];
        let mut count = 0;
        for typed in behind.chars().filter(|c| !is_gap(*c)) {
            let place = digits.get_mut(count).ok_or(Mistyped::NotANumber)?;
            *place = digit(typed).ok_or(Mistyped::NotANumber)?;
            count += 1;
        }
        if count < RECEIPT_DIGITS {
            return Err(Mistyped::NotANumber);
        }
        Self::checked(digits)
    }

    fn checked(digits: [u8; RECEIPT_DIGITS]) -> Result<Self, Mistyped> {
        // 99, 00 and 01 at the end leave what 02, 97 and 98 leave: only what is made is a number.
        let last = digits[RECEIPT_DIGITS - 2] * 10 + digits[RECEIPT_DIGITS - 1];
        if (2..=98).contains(&last) && remainder(&digits) == 1 {
            Ok(Self(digits))
        } else {
            Err(Mistyped::WrongDigit)
        }
    }

    /// The number in groups, as it is read out.
    #[must_use]
    pub fn grouped(&self) -> String {
        let groups = self.0.chunks(GROUP).map(text);
        groups.collect::<Vec<_>>().join(" ")
    }
}

fn text(digits: &[u8]) -> String {
    digits.iter().map(|d| char::from(b'0' + d % 10)).collect()
}

impl fmt::Display for ReceiptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(&self.0))
    }
}

/// Whoever has it may ask by it: no log shows it.
impl fmt::Debug for ReceiptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReceiptNumber(…)")
    }
}

/// What stands in the QR code: the page of the server, the number behind the `#`, which browsers never send.
#[must_use]
pub fn receipt_link(server_url: &str, number: &ReceiptNumber) -> String {
    format!("{}/r/#{number}", server_url.trim_end_matches('/'))
}
