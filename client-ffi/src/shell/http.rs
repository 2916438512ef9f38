//! The JSON calls beside the sync: enrolment and tokens; and what error answers mean.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::ClientError;
use crate::shell::transport::{
    HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind,
};

/// The code by which a server says that the device may never sync again.
const DEVICE_REVOKED: &str = "device_revoked";
pub(crate) const DEVICE_WIPED: &str = "device_wiped";

#[derive(Debug, Serialize)]
pub(crate) struct EnrolBegin<'a> {
    pub(crate) code: &'a str,
}

#[derive(Debug, Deserialize)]
pub(crate) struct EnrolNonce {
    pub(crate) nonce: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct EnrolFinish<'a> {
    pub(crate) code: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) public_key: String,
    pub(crate) signature: String,
    pub(crate) label: &'a str,
}

#[derive(Deserialize)]
pub(crate) struct Enrolled {
    pub(crate) device_id: gridfold_sync_core::ids::DeviceId,
    pub(crate) user_id: gridfold_sync_core::ids::UserId,
    pub(crate) user_name: String,
    pub(crate) server_public_key: String,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) directory: gridfold_sync_core::directory::DirectoryScope,
}

#[derive(Serialize)]
pub(crate) struct Wiped {
    pub(crate) signature: String,
}

#[derive(Serialize)]
pub(crate) struct Refresh<'a> {
    pub(crate) refresh_token: &'a str,
}

#[derive(Deserialize)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

/// An error answer, RFC 9457.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    pub(crate) code: Option<String>,
    pub(crate) retry_after_s: Option<u64>,
}

impl Problem {
    pub(crate) fn of(response: &HttpResponse) -> Self {
        let mut problem: Self = serde_json::from_slice(&response.body).unwrap_or_default();
        if problem.retry_after_s.is_none() {
            problem.retry_after_s = response
                .header("retry-after")
                .and_then(|s| s.trim().parse().ok());
        }
        problem
    }
    /// Switched off: what is here stays, since switching on again must lose nothing.
    pub(crate) fn is_revoked(&self) -> bool {
        self.code.as_deref() == Some(DEVICE_REVOKED)
    }
    /// Told to erase itself.
    pub(crate) fn is_wiped(&self) -> bool {
        self.code.as_deref() == Some(DEVICE_WIPED)
    }
}

pub(crate) fn offline(error: TransportError) -> ClientError {
    match error.kind {
        TransportErrorKind::Tls => ClientError::internal("transport/tls"),
        TransportErrorKind::Unreachable
        | TransportErrorKind::Interrupted
        | TransportErrorKind::Timeout => ClientError::Offline { retry_after: None },
    }
}

/// What an answer that is not 200 means.
pub(crate) fn failure(response: &HttpResponse) -> ClientError {
    let problem = Problem::of(response);
    if problem.is_revoked() {
        return ClientError::Revoked;
    }
    if problem.code.as_deref() == Some("update_required") {
        return ClientError::UpdateRequired;
    }
    match response.status {
        401 => ClientError::SignInRequired,
        426 => ClientError::UpdateRequired,
        408 | 429 | 500..=599 => ClientError::Offline {
            retry_after: problem.retry_after_s,
        },
        status => match problem.code {
            Some(code) => ClientError::Rejected { code, field: None },
            None => ClientError::Internal {
                reference: format!("http/{status}"),
            },
        },
    }
}

/// Posts JSON and reads JSON.
pub(crate) fn post<T: DeserializeOwned>(
    transport: &dyn Transport,
    path: &str,
    body: &impl Serialize,
) -> Result<T, ClientError> {
    let body = serde_json::to_vec(body).map_err(|_| ClientError::internal("http/encode"))?;
    let response = transport
        .call(HttpRequest {
            method: "POST".to_owned(),
            path: path.to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body,
        })
        .map_err(offline)?;
    if response.status != 200 {
        return Err(failure(&response));
    }
    // A body that was cut is a broken connection.
    serde_json::from_slice(&response.body).map_err(|_| ClientError::Offline { retry_after: None })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok())
        .collect()
}
