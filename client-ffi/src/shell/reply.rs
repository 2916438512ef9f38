//! Replies: what a phone takes for an answer of its server, whichever call it made.
//!
//! What enters: any HTTP response, of the server or of whatever stands between: a sign-in page, a
//! proxy, a redirect. What leaves: the body that was asked for, or a problem of the server. What
//! never happens here: a conclusion from a status alone, which anybody may give.

use gridfold_sync_core::codec::array_from_hex;
use gridfold_sync_core::entry::{Signature, wipe_statement};
use gridfold_sync_core::ids::DeviceId;
use gridfold_sync_core::time::Timestamp;
use serde::Deserialize;

use crate::error::ClientError;
use crate::shell::state::Account;
use crate::shell::transport::{HttpResponse, TransportError};

/// The media type of JSON bodies.
pub(crate) const JSON: &str = "application/json";
/// The media type of a problem, RFC 9457.
const PROBLEM: &str = "application/problem+json";
/// What the type of the server's problems begins with; the code follows.
const PROBLEM_TYPE: &str = "urn:gridfold:problem:";
/// The server gives each of its answers one, also those that have no body.
const REQUEST_ID: &str = "x-request-id";

/// The code by which a server says that the device may never sync again.
const DEVICE_REVOKED: &str = "device_revoked";
const DEVICE_WIPED: &str = "device_wiped";
const UPDATE_REQUIRED: &str = "update_required";

/// A server that asks for more is asked again after this all the same: a wrong number must not
/// hold a phone back for days.
const MAX_RETRY_AFTER_S: u64 = 3_600;

/// What came back, when it says anything.
#[derive(Debug)]
pub(crate) enum Reply {
    /// What was asked for.
    Body(Vec<u8>),
    /// The server says why not.
    Problem(Problem),
    /// Somebody between the two takes no body of this size: smaller ones may pass.
    Narrow,
}

impl Reply {
    /// Reads a response to a call that is answered in this media type.
    ///
    /// # Errors
    /// [`ClientError::Offline`] for what is not the server's: nobody answered.
    pub(crate) fn of(response: HttpResponse, media_type: &str) -> Result<Self, ClientError> {
        if response.status == 200 && is_of(&response, media_type) {
            return Ok(Self::Body(response.body));
        }
        match Problem::of(&response) {
            Some(problem) => Ok(Self::Problem(problem)),
            None if response.status == 413 => Ok(Self::Narrow),
            None => Err(NOBODY),
        }
    }

    /// Reads a response that has no body when it went well; none for what is not the server's.
    pub(crate) fn done(response: &HttpResponse) -> Option<Result<(), Problem>> {
        if response.status == 204 && response.header(REQUEST_ID).is_some() {
            return Some(Ok(()));
        }
        Problem::of(response).map(Err)
    }

    /// The body.
    ///
    /// # Errors
    /// By what the app does next.
    pub(crate) fn body(self) -> Result<Vec<u8>, ClientError> {
        match self {
            Self::Body(body) => Ok(body),
            Self::Problem(problem) => Err(problem.into()),
            Self::Narrow => Err(NOBODY),
        }
    }
}

const NOBODY: ClientError = ClientError::Offline { retry_after: None };

/// Whether the body is said to be of this media type, whatever its parameters.
fn is_of(response: &HttpResponse, media_type: &str) -> bool {
    let said = response.header("content-type").unwrap_or_default();
    let bare = said.split(';').next().unwrap_or_default();
    bare.trim().eq_ignore_ascii_case(media_type)
}

/// What a call without an answer means. A wrong certificate is one more thing that stands between:
/// it passes when the phone leaves that network.
pub(crate) fn offline(_: TransportError) -> ClientError {
    NOBODY
}

/// An error answer of the server.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    pub(crate) code: String,
    retry_after_s: Option<u64>,
    wipe: Option<WipeOrder>,
}

#[derive(Deserialize)]
struct ProblemBody {
    #[serde(rename = "type")]
    kind: String,
    code: String,
    #[serde(default)]
    retry_after_s: Option<u64>,
    // What cannot be read orders nothing; the code says what it says.
    #[serde(default)]
    wipe: Option<serde_json::Value>,
}

/// The order to erase everything, as the server signs it.
#[derive(Debug, Deserialize)]
struct WipeOrder {
    device_id: DeviceId,
    at_ms: i64,
    signature: String,
}

impl Problem {
    fn of(response: &HttpResponse) -> Option<Self> {
        if response.status < 400 || !is_of(response, PROBLEM) {
            return None;
        }
        let body: ProblemBody = serde_json::from_slice(&response.body).ok()?;
        if body.kind.strip_prefix(PROBLEM_TYPE)? != body.code {
            return None;
        }
        let header = response.header("retry-after");
        Some(Self {
            status: response.status,
            code: body.code,
            retry_after_s: body
                .retry_after_s
                .or_else(|| header.and_then(|s| s.trim().parse().ok()))
                .map(|s| s.min(MAX_RETRY_AFTER_S)),
            wipe: body.wipe.and_then(|w| serde_json::from_value(w).ok()),
        })
    }
    /// Switched off: what is here stays, since switching on again must lose nothing.
    pub(crate) fn is_revoked(&self) -> bool {
        self.code == DEVICE_REVOKED
    }
    /// Said to be told to erase itself: words, which may be anybody's and destroy nothing.
    pub(crate) fn is_wiped(&self) -> bool {
        self.code == DEVICE_WIPED
    }
    /// Ordered to erase everything, by the server of this account and this device alone.
    pub(crate) fn orders_wipe(&self, account: &Account) -> bool {
        let Some(order) = &self.wipe else {
            return false;
        };
        let signature = array_from_hex(&order.signature);
        let statement = wipe_statement(order.device_id, Timestamp(order.at_ms));
        order.device_id == account.device
            && signature.is_some_and(|s| account.server_key().verify(&statement, &Signature(s)))
    }
}

impl From<Problem> for ClientError {
    fn from(problem: Problem) -> Self {
        if problem.is_revoked() || problem.is_wiped() {
            return Self::Revoked;
        }
        if problem.code == UPDATE_REQUIRED {
            return Self::UpdateRequired;
        }
        match problem.status {
            401 => Self::SignInRequired,
            408 | 429 | 500..=599 => Self::Offline {
                retry_after: problem.retry_after_s,
            },
            _ => Self::rejected(&problem.code),
        }
    }
}
