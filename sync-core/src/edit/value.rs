//! The values that fields take.

use std::fmt;

use crate::codec::{DecodeError, Reader, put_i64, put_str, put_u64};
use crate::ids::{ChoiceKey, RecordId, UserId};
use crate::limits::MAX_PAYLOAD_BYTES;
use crate::time::{Timestamp, format_date};

/// A decimal number: `mantissa / 10^scale`, kept as it was written (`1.50` is not `1.5`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// All digits without the point.
    pub mantissa: i64,
    /// Digits after the point, 0 to 18.
    pub scale: u8,
}

impl Decimal {
    /// Reads `-12.50`; `None` for anything else or more than 18 digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, scale) = match text.split_once('.') {
            Some((whole, fraction)) => (format!("{whole}{fraction}"), fraction.len()),
            None => (text.to_owned(), 0),
        };
        let bare = digits.strip_prefix('-').unwrap_or(&digits);
        if bare.is_empty() || bare.len() > 18 || !bare.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(Self {
            mantissa: digits.parse().ok()?,
            scale: u8::try_from(scale).ok()?,
        })
    }
    /// Compares by value, so that `1.50` and `1.5` are equal here.
    #[must_use]
    pub fn compare(self, other: Self) -> std::cmp::Ordering {
        let scale = self.scale.max(other.scale);
        let up = |d: Self| {
            i128::from(d.mantissa) * 10i128.pow(u32::from(scale.min(18) - d.scale.min(18)))
        };
        up(self).cmp(&up(other))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = usize::from(self.scale);
        let digits = format!(
            "{:0>width$}",
            self.mantissa.unsigned_abs(),
            width = scale + 1
        );
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let sign = if self.mantissa < 0 { "-" } else { "" };
        if scale == 0 {
            write!(f, "{sign}{whole}")
        } else {
            write!(f, "{sign}{whole}.{fraction}")
        }
    }
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// Short text, replaced as a whole.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A decimal number.
    Decimal(Decimal),
    /// Yes or no.
    Boolean(bool),
    /// A day, counted from 1970-01-01.
    Date(i32),
    /// A moment.
    DateTime(Timestamp),
    /// One choice of a list.
    Choice(ChoiceKey),
    /// A place on the ground in WGS 84, in units of 1e-7 degree.
    Geopoint {
        /// Latitude × 10⁷.
        lat_e7: i32,
        /// Longitude × 10⁷.
        lon_e7: i32,
    },
    /// Another record.
    Reference(RecordId),
    /// Somebody with an account.
    Person {
        /// Who.
        user: UserId,
        /// What they were called when it was written, for where the directory does not know them.
        name: String,
    },
}

impl Value {
    /// Number of the kind of value, part of the wire format.
    #[must_use]
    pub fn tag(&self) -> u8 {
        match self {
            Self::Text(_) => 0,
            Self::Integer(_) => 1,
            Self::Decimal(_) => 2,
            Self::Boolean(_) => 3,
            Self::Date(_) => 4,
            Self::DateTime(_) => 5,
            Self::Choice(_) => 6,
            Self::Geopoint { .. } => 7,
            Self::Reference(_) => 8,
            Self::Person { .. } => 9,
        }
    }

    /// Appends the tag and the value.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.tag());
        match self {
            Self::Text(text) => put_str(out, text),
            Self::Integer(n) => put_i64(out, *n),
            Self::Decimal(d) => {
                put_i64(out, d.mantissa);
                out.push(d.scale);
            }
            Self::Boolean(b) => out.push(u8::from(*b)),
            Self::Date(days) => put_i64(out, i64::from(*days)),
            Self::DateTime(at) => put_i64(out, at.millis()),
            Self::Choice(key) => put_str(out, key.as_str()),
            Self::Geopoint { lat_e7, lon_e7 } => {
                put_i64(out, i64::from(*lat_e7));
                put_i64(out, i64::from(*lon_e7));
            }
            Self::Reference(id) => out.extend_from_slice(&id.bytes()),
            Self::Person { user, name } => {
                out.extend_from_slice(&user.bytes());
                put_str(out, name);
            }
        }
    }

    /// Reads what [`Value::encode`] wrote.
    ///
    /// # Errors
    /// [`DecodeError`] for anything else.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let small = |n: i64| i32::try_from(n).map_err(|_| DecodeError::OutOfRange("i32"));
        Ok(match r.u8()? {
            0 => Self::Text(r.str(MAX_PAYLOAD_BYTES)?.to_owned()),
            1 => Self::Integer(r.i64()?),
            2 => {
                let (mantissa, scale) = (r.i64()?, r.u8()?);
                if scale > 18 {
                    return Err(DecodeError::OutOfRange("decimal scale"));
                }
                Self::Decimal(Decimal { mantissa, scale })
            }
            3 => match r.u8()? {
                0 => Self::Boolean(false),
                1 => Self::Boolean(true),
                _ => return Err(DecodeError::OutOfRange("boolean")),
            },
            4 => Self::Date(small(r.i64()?)?),
            5 => Self::DateTime(Timestamp(r.i64()?)),
            6 => Self::Choice(read_choice(r)?),
            7 => Self::Geopoint {
                lat_e7: small(r.i64()?)?,
                lon_e7: small(r.i64()?)?,
            },
            8 => Self::Reference(RecordId::from_bytes(r.array()?)),
            9 => Self::Person {
                user: UserId::from_bytes(r.array()?),
                name: r.str(MAX_PAYLOAD_BYTES)?.to_owned(),
            },
            _ => return Err(DecodeError::OutOfRange("value tag")),
        })
    }

    /// The value as people and JSON see it: text, number, boolean, ISO date, a place or a person as
    /// an object, or an id.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Integer(n) => (*n).into(),
            Self::Decimal(d) => d.to_string().into(),
            Self::Boolean(b) => (*b).into(),
            Self::Date(days) => format_date(i64::from(*days)).into(),
            Self::DateTime(at) => at.to_rfc3339().into(),
            Self::Choice(key) => key.as_str().into(),
            Self::Geopoint { lat_e7, lon_e7 } => serde_json::json!({
                "lat": f64::from(*lat_e7) / 1e7,
                "lon": f64::from(*lon_e7) / 1e7,
            }),
            Self::Reference(id) => id.to_string().into(),
            Self::Person { user, name } => {
                serde_json::json!({ "user_id": user.to_string(), "name": name })
            }
        }
    }
}

pub(crate) fn read_choice(r: &mut Reader<'_>) -> Result<ChoiceKey, DecodeError> {
    ChoiceKey::new(r.str(crate::limits::MAX_NAME_BYTES)?)
        .map_err(|_| DecodeError::OutOfRange("choice"))
}

/// Appends a count.
pub(crate) fn put_len(out: &mut Vec<u8>, n: usize) {
    put_u64(out, n as u64);
}
