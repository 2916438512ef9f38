//! Reading and writing bytes: LEB128 varints, length-prefixed strings, with every read bounded.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

/// Bytes that do not decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end before the value does.
    #[error("the bytes end too early")]
    Truncated,
    /// A number, tag, count or length outside its range.
    #[error("a value is outside its range: {0}")]
    OutOfRange(&'static str),
    /// Text that is not UTF-8.
    #[error("text is not UTF-8")]
    NotUtf8,
    /// Bytes left after the last value.
    #[error("bytes are left over")]
    Leftover,
    /// Larger than a named limit.
    #[error("larger than the limit: {0}")]
    TooLarge(&'static str),
    /// The compressed frame is damaged.
    #[error("the compressed frame is damaged")]
    BadFrame,
    /// A version this build does not know.
    #[error("unknown version")]
    UnknownVersion,
}

/// Appends an unsigned LEB128 varint.
pub fn put_u64(out: &mut Vec<u8>, mut n: u64) {
    loop {
        let byte = (n & 0x7f) as u8;
        n >>= 7;
        if n == 0 {
            out.push(byte);
            return;
        }
        out.push(byte | 0x80);
    }
}

/// Appends a signed number, zigzag then varint.
pub fn put_i64(out: &mut Vec<u8>, n: i64) {
    put_u64(out, zigzag(n));
}

/// Maps small signed numbers to small unsigned ones.
#[must_use]
pub fn zigzag(n: i64) -> u64 {
    ((n << 1) ^ (n >> 63)) as u64
}

/// The inverse of [`zigzag`].
#[must_use]
pub fn unzigzag(n: u64) -> i64 {
    ((n >> 1) as i64) ^ -((n & 1) as i64)
}

/// Appends a length and the bytes.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u64(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a length and the text.
pub fn put_str(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

/// A bounded reader over bytes.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }
    /// Bytes not read yet.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.bytes.len()
    }
    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], DecodeError> {
        if n > self.bytes.len() {
            return Err(DecodeError::Truncated);
        }
        let (head, tail) = self.bytes.split_at(n);
        self.bytes = tail;
        Ok(head)
    }
    /// The next byte.
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(self.take(1)?[0])
    }
    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }
    /// An unsigned varint; only the shortest form is accepted, so that bytes are canonical.
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(DecodeError::OutOfRange("varint"));
            }
            n |= bits << shift;
            if byte & 0x80 == 0 {
                return if byte == 0 && shift > 0 {
                    Err(DecodeError::OutOfRange("varint"))
                } else {
                    Ok(n)
                };
            }
        }
        Err(DecodeError::OutOfRange("varint"))
    }
    /// A signed varint.
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        self.u64().map(unzigzag)
    }
    /// An unsigned varint of at most `max`.
    pub fn bounded(&mut self, max: usize, what: &'static str) -> Result<usize, DecodeError> {
        let n = self.u64()?;
        match usize::try_from(n) {
            Ok(n) if n <= max => Ok(n),
            _ => Err(DecodeError::TooLarge(what)),
        }
    }
    /// A `u32` varint.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        u32::try_from(self.u64()?).map_err(|_| DecodeError::OutOfRange("u32"))
    }
    /// A count of things that take at least one byte each: never more than the bytes left.
    pub fn count(&mut self, max: usize, what: &'static str) -> Result<usize, DecodeError> {
        let n = self.bounded(max, what)?;
        if n > self.remaining() {
            Err(DecodeError::Truncated)
        } else {
            Ok(n)
        }
    }
    /// Length-prefixed bytes of at most `max`.
    pub fn bytes(&mut self, max: usize) -> Result<&'a [u8], DecodeError> {
        let n = self.bounded(max, "bytes")?;
        self.take(n)
    }
    /// Length-prefixed text of at most `max` bytes.
    pub fn str(&mut self, max: usize) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.bytes(max)?).map_err(|_| DecodeError::NotUtf8)
    }
    /// Checks that nothing is left.
    pub fn finish(self) -> Result<(), DecodeError> {
        if self.bytes.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::Leftover)
        }
    }
}

/// Bytes in hexadecimal, in small letters.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// The bytes of hexadecimal in letters of either size; none of anything else.
#[must_use]
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()
}

/// So many bytes of hexadecimal; none of more or fewer.
#[must_use]
pub fn array_from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    from_hex(text)?.try_into().ok()
}
