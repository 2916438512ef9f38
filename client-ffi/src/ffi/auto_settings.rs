//! When to sync without being asked.

/// When to sync without being asked.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AutoSyncSettings {
    /// Seconds after the last sync when nothing happens.
    #[uniffi(default = 900)]
    pub interval_s: u32,
    /// Seconds after a change here, so that several go together.
    #[uniffi(default = 2)]
    pub debounce_s: u32,
}
