//! Numbers: from texts, to texts without exponents, and rounded as they are written.

/// A number of a whole one; past 2^53 the nearest.
#[expect(
    clippy::cast_precision_loss,
    reason = "days and milliseconds of any year lie well under 2^53"
)]
pub(super) fn of(whole: i64) -> f64 {
    whole as f64
}

/// A number of a count.
pub(super) fn of_count(count: usize) -> f64 {
    i64::try_from(count).map_or(f64::INFINITY, of)
}

/// A whole number, when it is one that fits.
#[expect(
    clippy::cast_possible_truncation,
    reason = "held to what a whole number of 64 bits can be"
)]
pub(super) fn whole(number: f64) -> Option<i64> {
    let floor = number.floor();
    (floor.abs() < 9e15).then_some(floor as i64)
}

/// The number that a text is: digits with one point and a sign. No exponent, no comma.
pub(super) fn parse(text: &str) -> f64 {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_digit = |c: char| c.is_ascii_digit() || c == '.';
    match digits.chars().any(|c| c.is_ascii_digit()) && digits.chars().all(is_digit) {
        true => text.parse().unwrap_or(f64::NAN),
        false => f64::NAN,
    }
}

/// As it is written: never with an exponent, and empty for what is no number.
pub(super) fn to_text(number: f64) -> String {
    if number.is_nan() {
        return String::new();
    }
    if number.is_infinite() {
        let sign = if number < 0.0 { "-" } else { "" };
        return format!("{sign}Infinity");
    }
    if number == 0.0 {
        return "0".to_owned();
    }
    format!("{number}")
}

/// Rounded to so many places of its decimal text, half towards what is more; fewer than none are
/// tens, hundreds and so on.
pub(super) fn round(number: f64, places: i64) -> f64 {
    if !number.is_finite() {
        return number;
    }
    let text = to_text(number.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits: Vec<u8> = whole
        .bytes()
        .chain(fraction.bytes())
        .map(|b| b - b'0')
        .collect();
    let Ok(places) = i32::try_from(places.clamp(-400, 400)) else {
        return number;
    };
    let point = i32::try_from(whole.len()).unwrap_or(i32::MAX);
    let kept = point.saturating_add(places);
    let Ok(kept) = usize::try_from(kept) else {
        return 0.0;
    };
    if kept >= digits.len() {
        return number;
    }
    let (head, tail) = digits.split_at(kept);
    let rest = tail.first().copied().unwrap_or(0);
    let has_more = tail.iter().skip(1).any(|d| *d > 0);
    let up = match number < 0.0 {
        false => rest >= 5,
        true => rest > 5 || (rest == 5 && has_more),
    };
    let mut head = head.to_vec();
    let mut carry = up;
    for digit in head.iter_mut().rev() {
        if !carry {
            break;
        }
        carry = *digit == 9;
        *digit = if carry { 0 } else { *digit + 1 };
    }
    let mut written = String::with_capacity(head.len() + 8);
    if number < 0.0 {
        written.push('-');
    }
    if carry {
        written.push('1');
    }
    written.extend(head.iter().map(|d| char::from(b'0' + d)));
    if written.is_empty() || written == "-" {
        written.push('0');
    }
    format!("{written}e{}", -places).parse().unwrap_or(number)
}
