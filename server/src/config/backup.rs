//! Backups, and what outlives the data directory.

use std::path::PathBuf;

use super::section::section;

section! {
    /// Backups, and what outlives the data directory.
    BackupConfig "backup" {
        /// A file on another disk in which every erasure is noted, besides the one beside each backup. A restore that finds it erases again what a backup would bring back.
        erasures: Option<PathBuf> = None, "path";
    }
}
