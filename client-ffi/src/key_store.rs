//! What opens a store: a key that the app holds, or one that the phone's key store seals.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::ClientError;

/// Why a key store did not do what it was asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyStoreError {
    /// It is locked, for example before the first unlock after a start: later it may answer.
    #[error("the key store is locked")]
    Locked,
    /// It failed in a way that may pass.
    #[error("the key store failed")]
    Failed,
    /// Its key is gone for good: the lock of the screen was changed, or the app's data came from
    /// another phone.
    #[error("the key is gone from the key store")]
    Invalidated,
}

impl From<KeyStoreError> for ClientError {
    fn from(error: KeyStoreError) -> Self {
        match error {
            KeyStoreError::Locked | KeyStoreError::Failed => Self::KeyUnavailable,
            KeyStoreError::Invalidated => Self::WrongKey,
        }
    }
}

/// The phone's key store, for example Android Keystore or the iOS Keychain.
///
/// What is sealed is 32 random bytes, once, when a store is made. The key store's own key stays
/// where it is.
pub trait KeyStore: Send + Sync {
    /// Seals bytes under a key that never leaves the key store.
    ///
    /// # Errors
    /// [`KeyStoreError`].
    fn wrap(&self, plain: &[u8]) -> Result<Vec<u8>, KeyStoreError>;
    /// Opens what [`KeyStore::wrap`] sealed.
    ///
    /// # Errors
    /// [`KeyStoreError`].
    fn unwrap(&self, sealed: &[u8]) -> Result<Vec<u8>, KeyStoreError>;
}

/// What opens a store.
#[derive(Clone)]
pub enum StoreKey {
    /// A key that the app holds.
    Raw(Zeroizing<[u8; 32]>),
    /// A key that the phone's key store seals.
    KeyStore(Arc<dyn KeyStore>),
}

impl StoreKey {
    /// A key that the app holds.
    #[must_use]
    pub fn raw(key: [u8; 32]) -> Self {
        Self::Raw(Zeroizing::new(key))
    }
}

impl From<[u8; 32]> for StoreKey {
    fn from(key: [u8; 32]) -> Self {
        Self::raw(key)
    }
}

impl std::fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Raw(_) => "Raw(..)",
            Self::KeyStore(_) => "KeyStore(..)",
        })
    }
}
