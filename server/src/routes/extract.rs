//! Extractors whose refusals are problems.

use axum::body::{Bytes, HttpBody as _};
use axum::extract::rejection::{BytesRejection, JsonRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use gridfold_sync_core::codec::array_from_hex;
use serde::de::DeserializeOwned;

use crate::middleware::{Held, KnownDevice};
use crate::problem::{Answer, Code, Problem};

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let request = whole(request).await?;
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(JsonRejection::BytesRejection(rejection)) => Err(bytes(&rejection)),
            Err(JsonRejection::MissingJsonContentType(_)) => {
                Err(Problem::new(Code::UnsupportedMediaType).because("send application/json"))
            }
            // What the parser says names keys and types, and may repeat a value: only the place is told.
            Err(JsonRejection::JsonSyntaxError(_)) => {
                Err(Problem::bad_request("the body is not JSON"))
            }
            Err(_) => Err(Problem::bad_request(
                "the JSON lacks a key or has a value of another type than /docs says",
            )),
        }
    }
}

/// The body as it is.
#[derive(Debug)]
pub struct RawBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let request = whole(request).await?;
        Bytes::from_request(request, state)
            .await
            .map(Self)
            .map_err(|e| bytes(&e))
    }
}

/// A request whose body has come, by the rules of the intake.
async fn whole(request: Request) -> Result<Request, Problem> {
    let Some(held) = request.extensions().get::<Held>().cloned() else {
        return Ok(request);
    };
    let known = request.extensions().get::<KnownDevice>().copied();
    let (parts, body) = request.into_parts();
    // One without a body has its room already.
    let body = match body.is_end_stream() {
        true => body,
        false => held.read(body, known).await?.into(),
    };
    Ok(Request::from_parts(parts, body))
}

fn bytes(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(Code::TooLarge)
    } else {
        Problem::bad_request("the body did not arrive whole")
    }
}

/// The query.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Query::<T>::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|_| Problem::bad_request("the query has a value that does not fit; see /docs"))
    }
}

/// The parts of the path. One that is no id is one that does not exist.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::<T>::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|_| Problem::not_found())
    }
}

/// Reads so many bytes of hexadecimal.
pub(crate) fn read_hex<const N: usize>(text: &str, what: &str) -> Answer<[u8; N]> {
    array_from_hex(text)
        .ok_or_else(|| Problem::bad_request(format!("{what} must be {} hexadecimal digits", 2 * N)))
}
