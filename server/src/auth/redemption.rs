//! What a phone brings to redeem a code, and why it is not let in.

use uuid::Uuid;

use crate::keys::{NoRandomness, StoreError};

/// What a phone brings to redeem a code.
#[derive(Debug)]
pub struct Redemption<'a> {
    /// The code as typed or scanned.
    pub code: &'a str,
    /// The device's ed25519 key.
    pub public_key: [u8; 32],
    /// Its signature over [`super::enrolment_proof_message`].
    pub proof: [u8; 64],
    /// Devices the user may have.
    pub max_devices: u32,
}

/// Why enrolment did not happen.
#[derive(Debug, thiserror::Error)]
pub enum EnrolmentError {
    /// Not a code, or one withdrawn.
    #[error("this code is not valid; ask for a new one")]
    Invalid,
    /// Too late.
    #[error("this code has expired; ask for a new one")]
    Expired,
    /// Another device has used it.
    #[error("this code was already used; ask for a new one")]
    AlreadyUsed,
    /// Too many failed proofs.
    #[error("this code was tried too often; ask for a new one")]
    TooManyTries,
    /// The proof does not verify.
    #[error("the device did not prove that it holds its key")]
    BadProof,
    /// The user has as many devices as allowed.
    #[error("this user already has {limit} devices; revoke one first")]
    TooManyDevices {
        /// The limit.
        limit: u32,
    },
    /// The phone is another user's.
    #[error(
        "this phone is another user's; hand it on by signing that user out, or set the phone up anew"
    )]
    AnothersPhone,
    /// The phone was told to erase itself.
    #[error("this phone must erase its data")]
    Wipe(Uuid),
    /// The user was blocked.
    #[error("this user may no longer sign in")]
    UserBlocked,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for EnrolmentError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<NoRandomness> for EnrolmentError {
    fn from(error: NoRandomness) -> Self {
        Self::Store(error.into())
    }
}
