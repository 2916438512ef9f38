//! The JSON calls beside the sync: enrolment and tokens.

use gridfold_sync_core::ids::{DeviceId, UserId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::ClientError;
use crate::shell::reply::{JSON, Reply, offline};
use crate::shell::transport::{AsyncTransport, HttpRequest};

#[derive(Debug, Serialize)]
pub(crate) struct EnrolBegin<'a> {
    pub(crate) code: &'a str,
}

#[derive(Debug, Deserialize)]
pub(crate) struct EnrolNonce {
    pub(crate) nonce: String,
    /// Whom the code is for. A server of before does not say.
    #[serde(default)]
    pub(crate) user_id: Option<UserId>,
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
    pub(crate) user_id: UserId,
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

/// Posts JSON and reads JSON.
pub(crate) async fn post<T: DeserializeOwned>(
    transport: &dyn AsyncTransport,
    path: &str,
    body: &impl Serialize,
) -> Result<T, ClientError> {
    read(&send(transport, path, body).await?.body()?)
}

/// Posts JSON.
pub(crate) async fn send(
    transport: &dyn AsyncTransport,
    path: &str,
    body: &impl Serialize,
) -> Result<Reply, ClientError> {
    let body = serde_json::to_vec(body).map_err(|_| ClientError::internal("http/encode"))?;
    let response = transport
        .call(HttpRequest {
            method: "POST".to_owned(),
            path: path.to_owned(),
            headers: vec![("content-type".to_owned(), JSON.to_owned())],
            body,
        })
        .await
        .map_err(offline)?;
    Reply::of(response, JSON)
}

/// Reads the JSON of an answer.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ClientError> {
    // A body that was cut is a broken connection.
    serde_json::from_slice(body).map_err(|_| ClientError::Offline { retry_after: None })
}
