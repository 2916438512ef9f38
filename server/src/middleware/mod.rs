//! What every request passes: ids, the log line, metrics, problems in the caller's language, headers, limits of rate, room, memory and time.

mod intake;
mod observe;
mod rate;

pub use intake::{
    BODY_MEMORY_BYTES, BODY_WINDOW, DECODING_BYTES, Held, Intake, KnownDevice, MAX_BODY_TIME,
    MAX_DEVICE_BODIES, MAX_EXPORTS, MAX_EXPORTS_PER_DEVICE, MAX_REQUESTS_UNDER_WAY,
    MAX_STRANGER_BODIES, MAX_STRANGER_BODY_BYTES, MAX_SYNCS_PER_DEVICE, MEMORY_WAIT,
    MIN_BODY_BYTES, SMALL_DECODED_BYTES, SMALL_DECODING_BYTES, UnderWay,
};
pub use observe::{
    DOCS_CSP, HSTS_MAX_AGE_S, REQUEST_ID_HEADER, RequestId, Transport, observe, security_headers,
};
pub use rate::{RateLimiter, Subject};
