//! Randomness, hashing and the text forms of secrets. Nothing here has a clock or a store.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::{Builder, Uuid};

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandomness;

pub(crate) fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// A new UUIDv7 whose time is the one passed in.
pub(crate) fn new_id(now_ms: i64) -> Result<Uuid, NoRandomness> {
    let millis = u64::try_from(now_ms).unwrap_or(0);
    Ok(Builder::from_unix_timestamp_millis(millis, &random::<10>()?).into_uuid())
}

/// SHA-256 under a label, each part preceded by its length so that no two lists of parts collide.
pub(crate) fn labelled_hash(label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in std::iter::once(&label.as_bytes()).chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Crockford base32 in groups of four or five letters joined by hyphens.
pub(crate) fn crockford(bytes: &[u8], group: usize) -> String {
    let letters = (bytes.len() * 8).div_ceil(5);
    let mut text = String::with_capacity(letters + letters / group);
    for i in 0..letters {
        let value = (0..5).fold(0usize, |value, bit| {
            let at = i * 5 + bit;
            let one = bytes
                .get(at / 8)
                .is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
            value << 1 | usize::from(one)
        });
        if i > 0 && i % group == 0 {
            text.push('-');
        }
        text.push(char::from(CROCKFORD[value]));
    }
    text
}

/// Reads what [`crockford`] wrote, as a person may type it: any case, spaces, hyphens, `O` for 0, `I` and `L` for 1.
pub(crate) fn from_crockford<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0u8; N];
    let mut bits = 0usize;
    for letter in text.chars().filter(|c| !matches!(c, '-' | ' ')) {
        let value = match letter.to_ascii_uppercase() {
            'O' => 0,
            'I' | 'L' => 1,
            other => CROCKFORD.iter().position(|c| char::from(*c) == other)?,
        };
        for bit in (0..5).rev() {
            let one = u8::try_from(value >> bit & 1).unwrap_or(0);
            match bytes.get_mut(bits / 8) {
                Some(byte) => *byte |= one << (7 - bits % 8),
                None if one == 1 || bits >= N * 8 + 4 => return None,
                None => {}
            }
            bits += 1;
        }
    }
    (bits >= N * 8).then_some(bytes)
}

/// Gives a secret type a `Debug` that shows nothing.
macro_rules! redacted {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+};
}
pub(crate) use redacted;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crockford_survives_how_people_type() {
        let bytes = *b"\x00\x44\x32\x14\xc7\x42\x54\xb6\x35\xcf\x84\x65\x3a\x56\xd7\xc6";
        let text = crockford(&bytes, 5);
        assert_eq!(text, "01234-56789-ABCDE-FGHJK-MNPQR-R");
        assert_eq!(from_crockford(&text), Some(bytes));
        let typed = text
            .to_lowercase()
            .replace('-', " ")
            .replacen("01", "oI", 1);
        assert_eq!(from_crockford(&typed), Some(bytes));
        assert_eq!(from_crockford::<16>(&text[1..]), None);
        assert_eq!(from_crockford::<16>(&format!("{text}0")), None);
        assert_eq!(from_crockford::<16>(&text.replace('A', "U")), None);
    }

    #[test]
    fn labelled_hashes_do_not_collide_across_part_boundaries() {
        assert_ne!(
            labelled_hash("l", &[b"ab", b"c"]),
            labelled_hash("l", &[b"a", b"bc"])
        );
        assert_ne!(labelled_hash("l", &[b"a"]), labelled_hash("m", &[b"a"]));
    }
}
