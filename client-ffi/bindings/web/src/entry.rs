//! What the worker calls. Bytes are put into what `room` gives, and each is used once.
#![expect(unsafe_code, reason = "exports keep their names")]

use crate::host;
use crate::instance;
use crate::tasks::run_all;

/// Room for so many bytes.
#[unsafe(no_mangle)]
pub extern "C" fn room(len: usize) -> *mut u8 {
    host::room(len)
}

/// Opens the store; answered as call 0. Bytes: key, language tag, whether it must be there.
#[unsafe(no_mangle)]
pub extern "C" fn open(at: *mut u8, len: usize) {
    instance::open(&host::taken(at, len));
    run_all();
}

/// Makes a call by its name; answered by its id.
#[unsafe(no_mangle)]
pub extern "C" fn call(id: u32, at: *mut u8, len: usize) {
    instance::call(id, host::taken(at, len));
    run_all();
}

/// Watches what the bytes say, as the watch of this id; answered as the call of that id.
#[unsafe(no_mangle)]
pub extern "C" fn watch(id: u32, at: *mut u8, len: usize) {
    instance::watch(id, &host::taken(at, len));
    run_all();
}

/// The page has heard the last event of a watch.
#[unsafe(no_mangle)]
pub extern "C" fn heard(watch: u32) {
    crate::watches::heard(watch);
    run_all();
}

/// Ends a watch.
#[unsafe(no_mangle)]
pub extern "C" fn unwatch(watch: u32) {
    crate::watches::stop(watch);
    run_all();
}

/// A frame for the reader of this id, which is made at its first; answered as the call.
#[unsafe(no_mangle)]
pub extern "C" fn scan(id: u32, reader: u32, at: *mut u8, len: usize) {
    instance::scan(id, reader, &host::taken(at, len));
}

/// Lets a reader go.
#[unsafe(no_mangle)]
pub extern "C" fn unread(reader: u32) {
    instance::unread(reader);
}

/// The answer to an HTTP call.
#[unsafe(no_mangle)]
pub extern "C" fn http_done(id: u32, at: *mut u8, len: usize) {
    crate::http::done(id, &host::taken(at, len));
    run_all();
}

/// How often something was made durable: a call that made it more has written.
#[unsafe(no_mangle)]
pub extern "C" fn flushes() -> u32 {
    crate::opfs::flushes()
}

/// Syncs by itself from now on: seconds between syncs and after a change.
#[unsafe(no_mangle)]
pub extern "C" fn plan(interval_s: u32, debounce_s: u32, now_ms: f64) {
    crate::auto::begin(interval_s, debounce_s, now_ms);
}

/// The network came (1) or went (0), or the page is seen again (2).
#[unsafe(no_mangle)]
pub extern "C" fn plan_hears(what: u32, now_ms: f64) {
    crate::auto::hear(what, now_ms);
}

/// Milliseconds until a sync is due; 0 when it began just now, -1 when none is until something
/// happens.
#[unsafe(no_mangle)]
pub extern "C" fn plan_goes_on(now_ms: f64) -> f64 {
    let wait = crate::auto::go_on(now_ms);
    run_all();
    wait
}

/// The sync that the plan began ended, at this time.
#[unsafe(no_mangle)]
pub extern "C" fn plan_ended(now_ms: f64) {
    crate::auto::ended(now_ms);
}

/// Closes the store.
#[unsafe(no_mangle)]
pub extern "C" fn close() {
    instance::close();
    run_all();
}

/// A key of 32 bytes from a PIN and a salt; answered as call 0.
#[unsafe(no_mangle)]
pub extern "C" fn derive(at: *mut u8, len: usize) {
    instance::derive(&host::taken(at, len));
}
