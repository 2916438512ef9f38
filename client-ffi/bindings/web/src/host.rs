//! What the worker does for the library: files, randomness, clock, HTTP, and telling the page.
//!
//! The one place with pointers: each function here is a safe one over what the worker provides.
#![expect(
    unsafe_code,
    reason = "the worker and the library share nothing but this memory"
)]

use gridfold_client::core::search::NormalForm;

mod raw {
    #[link(wasm_import_module = "host")]
    unsafe extern "C" {
        pub(super) fn file_read(slot: u32, at: f64, to: *mut u8, len: usize) -> i32;
        pub(super) fn file_write(slot: u32, at: f64, from: *const u8, len: usize) -> i32;
        pub(super) fn file_flush(slot: u32) -> i32;
        pub(super) fn file_truncate(slot: u32, len: f64) -> i32;
        pub(super) fn file_len(slot: u32) -> f64;
        pub(super) fn normal(
            form: u32,
            from: *const u8,
            len: usize,
            to: *mut u8,
            room: usize,
        ) -> usize;
        pub(super) fn now_ms() -> f64;
        pub(super) fn random(to: *mut u8, len: usize);
        pub(super) fn panicked(text: *const u8, len: usize);
        pub(super) fn http(id: u32, request: *const u8, len: usize);
        pub(super) fn http_abort(id: u32);
        pub(super) fn answer(id: u32, bytes: *const u8, len: usize);
        pub(super) fn event(watch: u32, bytes: *const u8, len: usize);
        pub(super) fn planned(end: u32);
    }
}

/// What a file did not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileTrouble {
    /// No room.
    Full,
    /// Anything else.
    Failed,
}

fn done(result: i32) -> Result<usize, FileTrouble> {
    match result {
        -2 => Err(FileTrouble::Full),
        n => usize::try_from(n).map_err(|_| FileTrouble::Failed),
    }
}

/// A place in a file as JavaScript counts it; files are far below 2^53 bytes.
#[expect(clippy::cast_precision_loss, reason = "files are far below 2^53 bytes")]
fn place(at: u64) -> f64 {
    at as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a length is a whole number that is not negative"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

pub(crate) fn file_read(slot: u32, at: u64, out: &mut [u8]) -> Result<usize, FileTrouble> {
    done(unsafe { raw::file_read(slot, place(at), out.as_mut_ptr(), out.len()) })
}

pub(crate) fn file_write(slot: u32, at: u64, bytes: &[u8]) -> Result<usize, FileTrouble> {
    done(unsafe { raw::file_write(slot, place(at), bytes.as_ptr(), bytes.len()) })
}

pub(crate) fn file_flush(slot: u32) -> Result<(), FileTrouble> {
    done(unsafe { raw::file_flush(slot) }).map(drop)
}

pub(crate) fn file_truncate(slot: u32, len: u64) -> Result<(), FileTrouble> {
    done(unsafe { raw::file_truncate(slot, place(len)) }).map(drop)
}

pub(crate) fn file_len(slot: u32) -> Result<u64, FileTrouble> {
    let len = unsafe { raw::file_len(slot) };
    if len < 0.0 {
        return Err(FileTrouble::Failed);
    }
    Ok(whole(len))
}

/// The clock, in milliseconds since 1970.
#[expect(
    clippy::cast_possible_truncation,
    reason = "milliseconds are whole numbers below 2^53"
)]
pub(crate) fn now_ms() -> i64 {
    unsafe { raw::now_ms() as i64 }
}

pub(crate) fn random(out: &mut [u8]) {
    unsafe { raw::random(out.as_mut_ptr(), out.len()) }
}

/// A text in a normal form of Unicode, as the browser knows it.
pub(crate) fn normal(text: &str, form: NormalForm) -> String {
    let form = match form {
        NormalForm::Nfc => 0,
        NormalForm::Nfkc => 1,
        NormalForm::Nfkd => 2,
    };
    // Most texts become hardly longer; one that does says how long.
    let mut room = 2 * text.len() + 16;
    loop {
        let mut out = vec![0; room];
        let len = unsafe { raw::normal(form, text.as_ptr(), text.len(), out.as_mut_ptr(), room) };
        if len <= room {
            out.truncate(len);
            return String::from_utf8(out).unwrap_or_else(|_| text.to_owned());
        }
        room = len;
    }
}

/// The randomness of all crates below this one.
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(
    to: *mut u8,
    len: usize,
) -> Result<(), getrandom::Error> {
    unsafe { raw::random(to, len) };
    Ok(())
}

pub(crate) fn panicked(text: &str) {
    unsafe { raw::panicked(text.as_ptr(), text.len()) }
}

pub(crate) fn http(id: u32, request: &[u8]) {
    unsafe { raw::http(id, request.as_ptr(), request.len()) }
}

pub(crate) fn http_abort(id: u32) {
    unsafe { raw::http_abort(id) }
}

pub(crate) fn answer(id: u32, bytes: &[u8]) {
    unsafe { raw::answer(id, bytes.as_ptr(), bytes.len()) }
}

pub(crate) fn event(watch: u32, bytes: &[u8]) {
    unsafe { raw::event(watch, bytes.as_ptr(), bytes.len()) }
}

/// A sync of the plan ended: 1 when there is nothing to sync any more.
pub(crate) fn planned(over: bool) {
    unsafe { raw::planned(u32::from(over)) }
}

/// Room for bytes that the worker puts in; `taken` takes it over.
pub(crate) fn room(len: usize) -> *mut u8 {
    let mut bytes = std::mem::ManuallyDrop::new(vec![0u8; len]);
    bytes.as_mut_ptr()
}

/// What the worker put into what `room` gave, which it does once for each.
pub(crate) fn taken(at: *mut u8, len: usize) -> Vec<u8> {
    // `vec![0; len]` has room for `len` bytes and no more.
    unsafe { Vec::from_raw_parts(at, len, len) }
}
