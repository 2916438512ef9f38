//! What one request, device or address may ask for.

use super::section::section;

section! {
    /// What one request, device or address may ask for. Past one: 413, 429 or 503, and nothing half done.
    /// The limits of the protocol itself are the same on every phone and server: `docs/PROTOCOL.md` names them.
    LimitsConfig "limits" {
        /// The largest request body on the wire.
        body_bytes: usize = 4 * 1024 * 1024, "bytes", 1_024..=67_108_864;
        /// Requests one device may make in a minute.
        device_requests_per_minute: u32 = 60, "requests", 1..=100_000;
        /// Requests one address may make in a minute before it is known whose they are: sign-in, enrolment, refresh.
        address_requests_per_minute: u32 = 30, "requests", 1..=100_000;
        /// Requests by the numbers of receipts that all addresses together may make in a minute.
        receipt_requests_per_minute: u32 = 3_000, "requests", 1..=1_000_000;
        /// How long the writer works for one device while others wait; then it is their turn.
        write_turn_ms: u32 = 10, "ms", 0..=1_000;
        /// Time of the writer that one device may take ahead of its share of a tenth.
        device_write_s: u32 = 20, "s", 0..=3_600;
        /// Devices one worker may have at a time.
        devices_per_worker: u32 = 3, "devices", 1..=100;
    }
}
