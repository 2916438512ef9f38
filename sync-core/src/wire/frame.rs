//! Frames: version, a flag, and the content, compressed when that is smaller.

use std::io::Read;

use crate::codec::DecodeError;
use crate::directory::AreasPart;
use crate::limits::{MAX_BODY_DECODED_BYTES, MAX_BODY_WIRE_BYTES};
use crate::wire::{FIRST_WIRE_VERSION, SIGNED_WIRE_VERSION, WIRE_VERSION};

const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
/// Level 19 costs a hundred times the time for a fifth less.
const LEVEL: i32 = 3;
/// Areas of a directory from which on they are compressed by themselves, once for all who are sent
/// the same.
const APART_BYTES: usize = 1 << 16;
/// A frame that asks for a larger window (16 MiB) is refused.
const WINDOW_LOG_MAX: u32 = 24;

/// Puts content into a frame of the first version, which every build reads.
#[must_use]
pub fn seal_frame(content: &[u8]) -> Vec<u8> {
    seal_frame_as(FIRST_WIRE_VERSION, content)
}

/// Puts content of this version into a frame.
#[must_use]
pub fn seal_frame_as(version: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![version];
    pack(content, &mut out);
    out
}

/// Content of an answer, with the areas in it that others are sent too, and where they begin.
pub(super) struct Content<'a> {
    pub(super) bytes: Vec<u8>,
    pub(super) shared: Option<(usize, &'a AreasPart)>,
}

/// Puts an answer into a frame.
pub(super) fn seal_content(version: u8, content: &Content<'_>) -> Vec<u8> {
    // Whoever wrote a client for the versions before may never have met content in several pieces.
    let apart = content
        .shared
        .filter(|(_, areas)| version >= SIGNED_WIRE_VERSION && areas.bytes().len() >= APART_BYTES);
    apart
        .and_then(|(at, areas)| seal_apart(version, &content.bytes, at, areas))
        .unwrap_or_else(|| seal_frame_as(version, &content.bytes))
}

/// Puts content into a frame of three pieces, each compressed by itself.
fn seal_apart(version: u8, content: &[u8], at: usize, areas: &AreasPart) -> Option<Vec<u8>> {
    let pack = |bytes: &[u8]| zstd::bulk::compress(bytes, LEVEL).ok();
    let packed = areas.packed(pack)?;
    let before = pack(content.get(..at)?)?;
    let after = pack(content.get(at + areas.bytes().len()..)?)?;
    Some([&[version, ZSTD][..], &before, packed, &after].concat())
}

/// Appends a flag and the content, compressed when that is smaller.
pub(crate) fn pack(content: &[u8], out: &mut Vec<u8>) {
    let compressed = zstd::bulk::compress(content, LEVEL)
        .ok()
        .filter(|c| c.len() < content.len());
    let (flag, body) = match &compressed {
        Some(compressed) => (ZSTD, compressed.as_slice()),
        None => (PLAIN, content),
    };
    out.reserve(body.len() + 1);
    out.push(flag);
    out.extend_from_slice(body);
}

/// The version of a frame's content.
///
/// # Errors
/// [`DecodeError`] for no frame, or a version that this build does not know.
pub fn frame_version(frame: &[u8]) -> Result<u8, DecodeError> {
    match frame.first() {
        None => Err(DecodeError::Truncated),
        Some(v) if (FIRST_WIRE_VERSION..=WIRE_VERSION).contains(v) => Ok(*v),
        Some(_) => Err(DecodeError::UnknownVersion),
    }
}

/// Takes content out of a frame; stops at [`MAX_BODY_WIRE_BYTES`] and
/// [`MAX_BODY_DECODED_BYTES`].
///
/// # Errors
/// [`DecodeError`] for another version, a damaged frame or too much content.
pub fn open_frame(frame: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let [_, packed @ ..] = frame else {
        return Err(DecodeError::Truncated);
    };
    frame_version(frame)?;
    if frame.len() > MAX_BODY_WIRE_BYTES {
        return Err(DecodeError::TooLarge("body"));
    }
    unpack(packed)
}

/// How many bytes a frame's content takes at most, as far as its beginning tells: what it says of
/// itself, and no more is then taken out of it.
#[must_use]
pub fn frame_bytes(frame: &[u8]) -> usize {
    match frame {
        [_, ZSTD, body @ ..] => unpacked_bytes(body),
        _ => frame.len(),
    }
}

/// The size that compressed content names, when it is one frame; else the most there may be.
fn unpacked_bytes(body: &[u8]) -> usize {
    let whole = zstd::zstd_safe::find_frame_compressed_size(body);
    let named = zstd::zstd_safe::get_frame_content_size(body);
    match (whole, named) {
        (Ok(len), Ok(Some(n))) if len == body.len() => usize::try_from(n)
            .unwrap_or(usize::MAX)
            .min(MAX_BODY_DECODED_BYTES),
        _ => MAX_BODY_DECODED_BYTES,
    }
}

/// Takes what [`pack`] wrote; stops at [`MAX_BODY_DECODED_BYTES`].
pub(crate) fn unpack(packed: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let [flag, body @ ..] = packed else {
        return Err(DecodeError::Truncated);
    };
    match *flag {
        PLAIN => Ok(body.to_vec()),
        ZSTD => {
            let mut decoder =
                zstd::stream::read::Decoder::new(body).map_err(|_| DecodeError::BadFrame)?;
            decoder
                .window_log_max(WINDOW_LOG_MAX)
                .map_err(|_| DecodeError::BadFrame)?;
            let most = unpacked_bytes(body);
            let mut out = Vec::new();
            decoder
                .take(most as u64 + 1)
                .read_to_end(&mut out)
                .map_err(|_| DecodeError::BadFrame)?;
            if out.len() > most {
                Err(DecodeError::TooLarge("body"))
            } else {
                Ok(out)
            }
        }
        _ => Err(DecodeError::OutOfRange("frame flag")),
    }
}
