//! What must have been chosen in fields, as one word of a query: `needs:meals,repair;follow_up:true`.

use gridfold_sync_core::ids::FieldKey;

use crate::problem::{Answer, Problem};
use crate::views::Chosen;
use crate::words::said;

/// Most fields that are asked for at once.
const MAX_FIELDS: usize = 8;
/// Most values of one of them.
const MAX_VALUES: usize = 200;

/// A text of which nothing but letters, digits and `-_.~` stands as it is.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The other way; none where a percent sign stands for nothing.
fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
        out.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(out).ok()
}

/// Reads conditions on what was chosen.
pub(crate) fn read_values(text: &str) -> Answer<Vec<Chosen>> {
    let wrong = || Problem::bad_request_in(said!("values_wrong"));
    let mut out = Vec::new();
    for part in text.split(';').filter(|part| !part.trim().is_empty()) {
        let (field, values) = part.split_once(':').ok_or_else(wrong)?;
        let values = values
            .split(',')
            .filter(|value| !value.is_empty())
            .map(|value| decoded(value).ok_or_else(wrong))
            .collect::<Answer<Vec<_>>>()?;
        let field = FieldKey::new(field.trim()).map_err(|_| wrong())?;
        out.push(Chosen { field, values });
    }
    if out.len() > MAX_FIELDS || out.iter().any(|chosen| chosen.values.len() > MAX_VALUES) {
        return Err(wrong());
    }
    Ok(out)
}

/// Says them.
pub(crate) fn say_values(all: &[Chosen]) -> String {
    let part = |chosen: &Chosen| {
        let values: Vec<String> = chosen.values.iter().map(|value| encoded(value)).collect();
        format!("{}:{}", chosen.field, values.join(","))
    };
    all.iter().map(part).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_are_said() {
        let text = "needs:meals,repair;kind:a%2Cb%3B%3A%25;follow_up:";
        let read = read_values(text).unwrap();
        assert_eq!(read[1].values, ["a,b;:%"]);
        assert!(read[2].values.is_empty());
        assert_eq!(say_values(&read), text);
        for bad in ["needs", "needs:%", "needs:%4", "needs:%FF", "a b:1"] {
            assert!(read_values(bad).is_err(), "{bad}");
        }
    }
}
