//! The JSON calls beside the sync: enrolment and tokens; and what error answers mean.

use gridfold_sync_core::entry::{Signature, wipe_statement};
use gridfold_sync_core::ids::DeviceId;
use gridfold_sync_core::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::ClientError;
use crate::shell::state::Account;
use crate::shell::transport::{
    HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind,
};

/// The code by which a server says that the device may never sync again.
const DEVICE_REVOKED: &str = "device_revoked";
const DEVICE_WIPED: &str = "device_wiped";

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
    pub(crate) device_id: DeviceId,
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
    wipe: Option<WipeOrder>,
}

/// The order to erase everything, as the server signs it.
#[derive(Debug, Deserialize)]
struct WipeOrder {
    device_id: DeviceId,
    at_ms: i64,
    signature: String,
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
    /// Said to be told to erase itself: words, which may be anybody's and destroy nothing.
    pub(crate) fn is_wiped(&self) -> bool {
        self.code.as_deref() == Some(DEVICE_WIPED)
    }
    /// Ordered to erase everything, by the server of this account and this device alone.
    pub(crate) fn orders_wipe(&self, account: &Account) -> bool {
        let Some(order) = &self.wipe else {
            return false;
        };
        let signature = unhex(&order.signature).and_then(|bytes| bytes.try_into().ok());
        let statement = wipe_statement(order.device_id, Timestamp(order.at_ms));
        order.device_id == account.device
            && signature.is_some_and(|s| account.server_key().verify(&statement, &Signature(s)))
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
    if problem.is_revoked() || problem.is_wiped() {
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
    let response = send(transport, path, body)?;
    if response.status != 200 {
        return Err(failure(&response));
    }
    read(&response)
}

/// Posts JSON.
pub(crate) fn send(
    transport: &dyn Transport,
    path: &str,
    body: &impl Serialize,
) -> Result<HttpResponse, ClientError> {
    let body = serde_json::to_vec(body).map_err(|_| ClientError::internal("http/encode"))?;
    transport
        .call(HttpRequest {
            method: "POST".to_owned(),
            path: path.to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body,
        })
        .map_err(offline)
}

/// Reads the JSON of an answer.
pub(crate) fn read<T: DeserializeOwned>(response: &HttpResponse) -> Result<T, ClientError> {
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
