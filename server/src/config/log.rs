//! The log and its engine.

use super::section::{choice, section};

choice! {
    /// The storage engine under the log.
    Engine ("\"sled\" or \"redb\"") {
        /// sled, with an fsync after every flush.
        Sled = "sled",
        /// redb.
        Redb = "redb",
    }
}

section! {
    /// The log: every entry the server has acknowledged.
    LogConfig "log" {
        /// The storage engine. Changing it does not move what is already stored.
        engine: Engine = Engine::Sled, "sled or redb";
        /// Memory the engine may use as cache.
        cache_mib: u64 = 64, "MiB", 1..=1_048_576;
        /// Writes stop before less than this is free on the disk.
        min_free_mib: u64 = 256, "MiB", 16..=1_048_576;
    }
}
