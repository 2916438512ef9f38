//! Values as UniFFI's buffers have them, which `ts/codec.ts` reads and writes.

use gridfold_client::UniFfiTag;
use gridfold_client::ffi::ClientError;
use uniffi::{Lift, Lower};

/// What the page gets: 0 and a value, 1 and an error of the library, or 2.
pub(crate) type Answer = Vec<u8>;

/// The bytes are not what the call takes.
#[derive(Debug)]
pub(crate) struct Malformed;

impl Malformed {
    /// As an answer.
    pub(crate) fn answer() -> Answer {
        vec![2]
    }
}

/// Arguments, one after the other.
pub(crate) struct Arguments<'a> {
    left: &'a [u8],
}

impl<'a> Arguments<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self { left: bytes }
    }

    pub(crate) fn next<T: Lift<UniFfiTag>>(&mut self) -> Result<T, Malformed> {
        T::try_read(&mut self.left).map_err(|_| Malformed)
    }

    pub(crate) fn left(&self) -> &'a [u8] {
        self.left
    }
}

pub(crate) fn answer<T: Lower<UniFfiTag>>(value: T) -> Answer {
    let mut out = vec![0];
    T::write(value, &mut out);
    out
}

pub(crate) fn failing_answer<T: Lower<UniFfiTag>>(result: Result<T, ClientError>) -> Answer {
    match result {
        Ok(value) => answer(value),
        Err(error) => failed(error),
    }
}

/// The answer of a call that gives nothing.
pub(crate) fn done(result: Result<(), ClientError>) -> Answer {
    match result {
        Ok(()) => vec![0],
        Err(error) => failed(error),
    }
}

pub(crate) fn failed(error: ClientError) -> Answer {
    let mut out = vec![1];
    <ClientError as Lower<UniFfiTag>>::write(error, &mut out);
    out
}

/// A value alone.
pub(crate) fn plain<T: Lower<UniFfiTag>>(value: T) -> Vec<u8> {
    let mut out = Vec::new();
    T::write(value, &mut out);
    out
}
