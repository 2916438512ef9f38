//! What one request, device or address may ask for.

use super::section::section;

section! {
    /// What one request, device or address may ask for. Past one: 413, 429 or 503, and nothing half done.
    LimitsConfig "limits" {
        /// The largest request body on the wire.
        body_bytes: usize = 4 * 1024 * 1024, "bytes", 1_024..=67_108_864;
        /// The largest request body after decompression.
        body_decompressed_bytes: usize = 16 * 1024 * 1024, "bytes", 1_024..=268_435_456;
        /// The largest payload of one entry. The log cannot hold larger ones.
        payload_bytes: usize = 64 * 1024, "bytes", 256..=65_536;
        /// Operations one edit may hold.
        ops_per_edit: usize = 1_000, "operations", 1..=10_000;
        /// Entries one push may hold.
        entries_per_push: usize = 512, "entries", 1..=10_000;
        /// Requests one device may make in a minute.
        device_requests_per_minute: u32 = 60, "requests", 1..=100_000;
        /// Requests one address may make in a minute before it is known whose they are: sign-in, enrolment, refresh.
        address_requests_per_minute: u32 = 30, "requests", 1..=100_000;
        /// Devices one worker may have at a time.
        devices_per_worker: u32 = 3, "devices", 1..=100;
    }
}
