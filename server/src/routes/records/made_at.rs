//! What the headers of a write say of it: what it was made at (`If-Match`, or `base` in its body), and its name (`Idempotency-Key`).

use std::time::Instant;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::IntoParams;

use super::body::RecordBody;
use super::once::Once;
use super::result::EditResult;
use crate::admit::{Base, Heads};
use crate::auth::IDEMPOTENCY_KEY_MAX_BYTES;
use crate::problem::{Answer, Problem};
use crate::routes::Api;
use crate::words::said;

/// What a write of an existing record was made at, for the description: [`MadeAt`] reads it.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described")]
pub(super) struct SeenState {
    /// What its author saw: the `ETag` of the record as it was read.
    #[param(rename = "If-Match", nullable = false)]
    if_match: Option<String>,
}

/// The name of a write, for the description.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described")]
pub(super) struct OnceName {
    /// For 24 hours the same request of the same user with the same name, of up to 128 bytes, happens once and answers the same.
    #[param(rename = "Idempotency-Key", nullable = false)]
    idempotency_key: Option<String>,
}

/// When a write was asked for, and what its header says that it was made at.
#[derive(Debug)]
pub struct MadeAt {
    asked: Instant,
    if_match: Option<Heads>,
    key: Option<String>,
}

fn bad(what: &str) -> Problem {
    Problem::bad_request_in(said!("base_unreadable", what = what))
}

impl FromRequestParts<Api> for MadeAt {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Problem> {
        let asked = Instant::now();
        let if_match = match parts.headers.get(header::IF_MATCH) {
            None => None,
            Some(value) => {
                let text = value.to_str().map_err(|_| bad("If-Match"))?.trim();
                // A proxy that compresses makes a tag a weak one.
                let tag = text.strip_prefix("W/").unwrap_or(text);
                match tag {
                    "*" => None,
                    tag => Some(read_tag(tag).ok_or_else(|| bad("If-Match"))?),
                }
            }
        };
        let key = parts.headers.get("idempotency-key").map(read_key);
        Ok(Self {
            asked,
            if_match,
            key: key.transpose()?,
        })
    }
}

fn read_key(value: &HeaderValue) -> Answer<String> {
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() || text.len() > IDEMPOTENCY_KEY_MAX_BYTES {
        return Err(Problem::bad_request(format!(
            "Idempotency-Key must have 1 to {IDEMPOTENCY_KEY_MAX_BYTES} characters of ASCII"
        )));
    }
    Ok(text.to_owned())
}

fn read_tag(tag: &str) -> Option<Heads> {
    Heads::parse(tag.strip_prefix('"')?.strip_suffix('"')?)
}

impl MadeAt {
    /// The request by its name, with all that it asks for.
    pub(crate) fn once(&self, path: &str, asked: &impl Serialize) -> Once {
        let base = self.if_match.as_ref().map(ToString::to_string);
        Once::new(self.key.clone(), path, &base.unwrap_or_default(), asked)
    }

    /// The base of a write: the header's, or that of the body, or the newest.
    ///
    /// # Errors
    /// When it cannot be read, or the two say different things.
    pub fn base(&self, given: Option<&str>) -> Answer<Base> {
        let given = match given {
            None => None,
            Some(text) => Some(
                Heads::parse(text)
                    .or_else(|| read_tag(text))
                    .ok_or_else(|| bad("base"))?,
            ),
        };
        Ok(match (self.if_match.clone(), given) {
            (Some(a), Some(b)) if a != b => {
                return Err(Problem::bad_request_in(said!("base_twice")));
            }
            (Some(heads), _) | (None, Some(heads)) => Base::At(heads),
            (None, None) => Base::Newest(Some(self.asked)),
        })
    }
}

/// An answer that shows a record, with the record's heads as its tag.
#[derive(Debug)]
pub struct Tagged<T>(pub T);

/// What shows a record.
pub trait ShowsRecord {
    /// Its heads; none when it shows none.
    fn heads(&self) -> Option<&str>;
}

impl ShowsRecord for RecordBody {
    fn heads(&self) -> Option<&str> {
        self.row.heads.as_deref()
    }
}

impl ShowsRecord for EditResult {
    fn heads(&self) -> Option<&str> {
        self.record.as_ref()?.row.heads.as_deref()
    }
}

impl<T: ShowsRecord + Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let tag = self.0.heads().map(|heads| format!("\"{heads}\""));
        let tag = tag.and_then(|tag| HeaderValue::from_str(&tag).ok());
        let mut response = Json(self.0).into_response();
        if let Some(tag) = tag {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}
