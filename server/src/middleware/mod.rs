//! What every request passes: ids, the log line, metrics, problems in the caller's language, headers, limits of rate and time.

mod observe;
mod rate;

pub use observe::{
    DOCS_CSP, HSTS_MAX_AGE_S, REQUEST_ID_HEADER, RequestId, Transport, observe, security_headers,
};
pub use rate::{RateLimiter, Subject};
