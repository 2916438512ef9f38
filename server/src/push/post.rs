//! Posting: one message to a push service, and what its answer means.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use ureq::tls::TlsConfig;

/// How long a push service may keep a message for a phone that is off.
const TTL_S: u32 = 86_400;
/// A message that waits at the push service is replaced by the next under this name.
const TOPIC: &str = "news";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);
/// Nothing of an answer's body is read; this is of its header.
const MAX_ANSWER_BYTES: usize = 16 << 10;

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Posted {
    /// The service has it.
    Taken,
    /// The phone is not there any more.
    Gone,
    /// The service takes nothing now, and says perhaps for how long.
    Later(Option<u64>),
    /// The service takes no such message.
    Refused(u16),
    /// The service was not reached.
    Unreachable,
}

/// Whoever posts.
#[derive(Debug)]
pub(super) struct Postman(ureq::Agent);

impl Postman {
    pub(super) fn new() -> Self {
        // The primitives that the server listens with.
        let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(crypto);
        let agent = ureq::Agent::config_builder()
            .tls_config(tls.build())
            .http_status_as_error(false)
            // Where a service would send on to was not judged.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(MAX_ANSWER_BYTES)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(TIMEOUT))
            .user_agent("gridfold")
            .build()
            .new_agent();
        Self(agent)
    }

    pub(super) fn post(&self, endpoint: &str, vapid: &str, message: &[u8]) -> Posted {
        let answer = self
            .0
            .post(endpoint)
            .header("authorization", vapid)
            .header("content-encoding", "aes128gcm")
            .header("content-type", "application/octet-stream")
            .header("ttl", TTL_S.to_string())
            .header("urgency", "normal")
            .header("topic", TOPIC)
            .send(message);
        let Ok(answer) = answer else {
            return Posted::Unreachable;
        };
        match answer.status() {
            status if status.is_success() => Posted::Taken,
            StatusCode::NOT_FOUND | StatusCode::GONE => Posted::Gone,
            status if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() => {
                let after = answer.headers().get("retry-after");
                Posted::Later(after.and_then(|s| s.to_str().ok()?.trim().parse().ok()))
            }
            status => Posted::Refused(status.as_u16()),
        }
    }
}
