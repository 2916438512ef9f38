//! Addresses: which URLs that phones give are written to. A phone is not believed: with any URL it could make the
//! server ask whatever it reaches.

use axum::http::Uri;

use super::message::seal;
use crate::auth::PushAddress;
use crate::config::{PushServices, origin_of};

/// The longest URL of a push service, in bytes.
const MAX_ENDPOINT_BYTES: usize = 2_048;

/// Hosts of the browsers' makers.
const HOSTS: [&str; 3] = [
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "web.push.apple.com",
];
/// What ends the names of more of them.
const ENDINGS: [&str; 3] = [
    ".push.services.mozilla.com",
    ".notify.windows.com",
    ".push.apple.com",
];

/// Why an address is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressError {
    /// It is of no push service that this server writes to.
    UnknownService,
    /// Its keys are none.
    Keys,
}

/// The origin of the push service that a URL is of, if this server writes to it.
pub(super) fn service_of(endpoint: &str, more: &PushServices) -> Option<String> {
    if endpoint.len() > MAX_ENDPOINT_BYTES {
        return None;
    }
    let uri: Uri = endpoint.parse().ok()?;
    let origin = origin_of(&uri)?;
    if more.contains(&origin) {
        return Some(origin);
    }
    // With a port of its own it is another service.
    let host = origin.strip_prefix("https://")?;
    let is_known = HOSTS.contains(&host) || ENDINGS.iter().any(|end| host.ends_with(end));
    is_known.then_some(origin)
}

/// Whether this server can write to an address.
///
/// # Errors
/// [`AddressError`].
pub fn check_address(address: &PushAddress, more: &PushServices) -> Result<(), AddressError> {
    service_of(&address.endpoint, more).ok_or(AddressError::UnknownService)?;
    // What cannot be sealed to is found out now, and not when there is news.
    seal(address, b"").ok_or(AddressError::Keys)?;
    Ok(())
}
