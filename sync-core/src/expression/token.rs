//! The words of an expression.

use super::error::{ExpressionError, Fault};

/// One word, and the place in bytes where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub at: usize,
    pub token: Token,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Text(String),
    Number(f64),
    /// A name, with its prefix.
    Name(String),
    /// `${name}`.
    Question(String),
    /// A sign, or a word that is an operator where it stands.
    Sign(&'static str),
}

/// Longer ones first.
const SIGNS: [&str; 24] = [
    "::", "//", "..", "!=", "<=", ">=", "(", ")", "[", "]", ".", "@", ",", "/", "|", "+", "-", "=",
    "<", ">", "*", "$", "{", "}",
];
const WORDS: [&str; 4] = ["or", "and", "mod", "div"];

/// The words of a text.
pub(super) fn words(text: &str) -> Result<Vec<Word>, ExpressionError> {
    let mut out: Vec<Word> = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let rest = &text[at..];
        let (token, length) =
            next(rest, c, after_value(out.last())).map_err(|fault| error(text, at, fault))?;
        out.push(Word { at, token });
        at += length;
    }
    Ok(out)
}

/// An error at a place in bytes.
pub(super) fn error(text: &str, at: usize, fault: Fault) -> ExpressionError {
    let before = text.get(..at).unwrap_or(text);
    ExpressionError {
        at: before.chars().count() + 1,
        fault,
    }
}

/// After a value `*` and some names are operators: XPath 1.0, 3.7.
fn after_value(last: Option<&Word>) -> bool {
    match last.map(|word| &word.token) {
        None => false,
        Some(Token::Sign(sign)) => matches!(*sign, ")" | "]" | "." | ".." | "any"),
        Some(_) => true,
    }
}

fn next(rest: &str, c: char, after_value: bool) -> Result<(Token, usize), Fault> {
    if c == '\'' || c == '"' {
        let inner = &rest[1..];
        let end = inner.find(c).ok_or(Fault::OpenText)?;
        return Ok((Token::Text(inner[..end].to_owned()), end + 2));
    }
    let mut following = rest.chars().skip(1);
    if c.is_ascii_digit() || (c == '.' && following.next().is_some_and(|n| n.is_ascii_digit())) {
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let number = &rest[..end];
        let parsed = number.parse().ok().filter(|n: &f64| n.is_finite());
        let parsed = parsed.ok_or_else(|| Fault::BadNumber(number.to_owned()))?;
        return Ok((Token::Number(parsed), end));
    }
    if let Some(inner) = rest.strip_prefix("${") {
        let (name, _) = inner.split_once('}').ok_or(Fault::BadCharacter('$'))?;
        let trimmed = name.trim();
        if trimmed.is_empty() || name_length(trimmed) != trimmed.len() {
            return Err(Fault::BadCharacter('$'));
        }
        return Ok((Token::Question(trimmed.to_owned()), name.len() + 3));
    }
    if begins_name(c) {
        let length = name_length(rest);
        let name = &rest[..length];
        if let Some(word) = WORDS.iter().find(|w| after_value && **w == name) {
            return Ok((Token::Sign(word), length));
        }
        return Ok((Token::Name(name.to_owned()), length));
    }
    let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
    match sign {
        Some(&"*") if !after_value => Ok((Token::Sign("any"), 1)),
        Some(&("$" | "{" | "}")) | None => Err(Fault::BadCharacter(c)),
        Some(sign) => Ok((Token::Sign(sign), sign.len())),
    }
}

fn begins_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

/// How many bytes of a text are a name, with one prefix.
fn name_length(text: &str) -> usize {
    let part = |text: &str| {
        let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        text.find(|c: char| !goes_on(c)).unwrap_or(text.len())
    };
    if !text.starts_with(begins_name) {
        return 0;
    }
    let first = part(text);
    match text[first..].strip_prefix(':') {
        Some(local) if local.starts_with(begins_name) => first + 1 + part(local),
        _ => first,
    }
}
