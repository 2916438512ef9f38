//! Who is calling.
//!
//! What enters is what a caller presents, and the time; what leaves is who it is, or why not.
//! Secrets never leave except to the one they are for, and nothing here is ever replicated: it lives in `auth.db` in the data directory.

mod access;
mod accounts;
mod audit;
mod clock;
mod cookies;
mod device_rows;
mod devices;
mod directory_copy;
mod enrolment;
mod invitations;
mod known;
mod passwords;
mod phone;
mod phone_list;
mod push;
mod redemption;
mod refresh;
mod refresh_siblings;
mod reports;
mod requests;
mod server_key;
mod store;
mod throttle;
mod together;
mod tokens;
mod witness;

pub use access::{Access, Giver};
pub use accounts::{AccountError, Accounts, LOGIN_MAX_CHARS, Origin, SignInError, SignedIn};
pub(crate) use audit::record;
pub use audit::{
    Actor, Audit, AuditError, AuditEvent, AuditRow, AuditScope, SCOPE_MAX_BYTES, SignedHead,
};
pub use clock::{ClockNotes, newest_time};
pub use cookies::{
    COOKIE_ABSOLUTE_MS, COOKIE_IDLE_MS, COOKIE_USED_EVERY_MS, CookieSession, CookieToken, Cookies,
    csrf_matches, csrf_token,
};
pub use device_rows::{DEVICE_LABEL_MAX_CHARS, DeviceAccess, DeviceAccount, DeviceStanding};
pub use devices::{Devices, LAST_SEEN_EVERY_MS, MAX_CACHE_AGE_MS};
pub use directory_copy::DirectoryCopy;
pub use enrolment::{
    CODE_MAX_TRIES, CODE_TTL_MS, Challenge, Enrolled, Enrolment, EnrolmentCode, EnrolmentStatus,
    Invitation, enrolment_proof_message, fingerprint,
};
pub use invitations::WaitingCode;
pub use known::{KNOWN_BROWSER_MS, Known, KnownBrowser};
pub(crate) use passwords::Stretch;
pub use passwords::{
    ARGON2_LANES, ARGON2_MEMORY_KIB, ARGON2_PASSES, HashCaller, HashPermit, Hasher,
    MAX_CONCURRENT_HASHES, MAX_STRANGERS_HASHES, MAX_WAIT_FOR_HASH_MS, MAX_WAITING_FOR_HASH,
    PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS, Password, PasswordError, check_password,
};
pub use phone_list::Phones;
pub use push::{PushAddress, PushKey, PushSubscriptions, Subscribed};
pub use redemption::{EnrolmentError, Redemption};
pub use refresh::{
    FamilyRevoked, Refresh, RefreshError, RefreshSettings, RefreshToken, Rotated,
    refresh_proof_message,
};
pub use refresh_siblings::REFRESH_GRACE_MS;
pub use reports::{DeviceReport, Reports};
pub use requests::{IDEMPOTENCY_KEY_HOURS, IDEMPOTENCY_KEY_MAX_BYTES, Repeat, Requests};
pub use server_key::ServerKey;
pub(crate) use store::id;
pub use store::{AUTH_DB_FILE_NAME, AuthStore};
pub use throttle::{FIRST_DELAY_MS, FORGET_AFTER_MS, FREE_FAILURES, MAX_DELAY_MS, delay_ms};
pub use together::{AccessToken, Auth, AuthSettings, AuthenticateError, TokenPair, WipeOrder};
pub use tokens::{Claims, TOKEN_MAX_BYTES, TOKEN_TYPE, TokenError, TokenSettings, Tokens};
pub use witness::{LogNotes, Noted, NotedEnd};
