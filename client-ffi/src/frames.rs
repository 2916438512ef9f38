//! Frames: a bundle or receipt as QR codes, in Uniform Resources (BCR-2020-005) of the type `bytes`:
//! one code where it fits, else parts for an endless loop (BCR-2024-001).
//!
//! What enters: bytes; what leaves: texts for a screen; and back. The second half of a loop mixes
//! parts of the first, so that a reader who missed some need not wait for those very ones. What
//! never happens here: memory taken for what a frame claims.

use gridfold_sync_core::carry::CarryError;
use gridfold_sync_core::limits::{MAX_CARRY_BYTES, MAX_CARRY_FRAMES};

use crate::error::ClientError;

/// What each frame begins with: the type is that of a byte string.
const PREFIX: &str = "ur:bytes/";
/// Shortest frames that can be asked for, in characters.
pub const MIN_FRAME_CHARS: u32 = 128;
/// Longest frames: what one QR code of the largest size holds in letters and digits.
pub const MAX_FRAME_CHARS: u32 = 4_296;
/// Characters of a frame beside its part of the bytes: scheme, type, numbers, checksums.
const OVERHEAD_CHARS: usize = 76;
/// Things read at once, should somebody show several; the one with the fewest parts is forgotten.
const MAX_READ_AT_ONCE: usize = 4;

fn rejected(error: CarryError) -> ClientError {
    ClientError::rejected(error.as_str())
}

/// The resource: the bytes as CBOR.
fn resource_of(bytes: &[u8]) -> Result<Vec<u8>, ClientError> {
    let mut out = Vec::with_capacity(bytes.len() + 5);
    minicbor::Encoder::new(&mut out)
        .bytes(bytes)
        .map_err(|_| ClientError::internal("carry/frame"))?;
    Ok(out)
}

/// The bytes of a resource; none when it is anything but a byte string.
fn bytes_of(resource: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = minicbor::Decoder::new(resource);
    let bytes = decoder.bytes().ok()?;
    let is_all = decoder.position() == resource.len();
    (is_all && !bytes.is_empty() && bytes.len() <= MAX_CARRY_BYTES).then(|| bytes.to_vec())
}

/// The frames of a bundle or receipt: one where it fits, else to be shown one after the other and
/// again from the first. Each is at most `max_chars` long and of upper-case letters, digits and
/// `:/-` only, which a QR code holds most densely.
///
/// # Errors
/// [`ClientError::Rejected`] with the code `carry_too_large` when it takes more frames than a
/// person would hold a phone for, `carry_damaged` for no bytes.
pub fn carry_frames(bytes: &[u8], max_chars: u32) -> Result<Vec<String>, ClientError> {
    if bytes.len() > MAX_CARRY_BYTES {
        return Err(rejected(CarryError::TooLarge));
    }
    if bytes.is_empty() {
        return Err(rejected(CarryError::Damaged));
    }
    let resource = resource_of(bytes)?;
    let chars = max_chars.clamp(MIN_FRAME_CHARS, MAX_FRAME_CHARS) as usize;
    let whole = ur::ur::encode(&resource, &ur::Type::Bytes);
    if whole.len() <= chars {
        return Ok(vec![whole.to_ascii_uppercase()]);
    }
    let part = (chars - OVERHEAD_CHARS) / 2;
    let mut encoder =
        ur::Encoder::bytes(&resource, part).map_err(|_| rejected(CarryError::Damaged))?;
    let parts = encoder.fragment_count();
    if parts > MAX_CARRY_FRAMES {
        return Err(rejected(CarryError::TooLarge));
    }
    (0..2 * parts)
        .map(|_| {
            let frame = encoder
                .next_part()
                .map_err(|_| ClientError::internal("carry/frame"))?;
            Ok(frame.to_ascii_uppercase())
        })
        .collect()
}

/// How far a reader got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CarryProgress {
    /// Parts that are here.
    pub have: u32,
    /// Parts there are; 0 before the first frame.
    pub of: u32,
}

struct Reading {
    decoder: ur::Decoder,
    /// Frames taken; the decoder keeps something for each.
    received: usize,
}

impl Reading {
    fn have(&self) -> usize {
        self.decoder.resolved_fragment_count().unwrap_or(0)
    }
}

/// Reads frames in any order, with repetitions, others between them, and garbage.
#[derive(Default)]
pub struct CarryReader {
    reading: Vec<Reading>,
    /// The bytes, and of how many parts they were.
    done: Option<(Vec<u8>, usize)>,
}

impl std::fmt::Debug for CarryReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CarryReader")
            .field("progress", &self.progress())
            .finish_non_exhaustive()
    }
}

/// A frame of ours: the whole, or one of so many parts.
enum Frame {
    Whole,
    Part(usize),
}

fn kind_of(frame: &str) -> Option<Frame> {
    let rest = frame.strip_prefix(PREFIX)?;
    let Some((numbers, _)) = rest.split_once('/') else {
        return Some(Frame::Whole);
    };
    let (_, of) = numbers.split_once('-')?;
    let of = of
        .parse()
        .ok()
        .filter(|n| (1..=MAX_CARRY_FRAMES).contains(n))?;
    Some(Frame::Part(of))
}

impl CarryReader {
    /// A reader that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a text that the camera read; tells whether all is here. Once it is, nothing more is taken.
    pub fn receive(&mut self, frame: &str) -> bool {
        if self.done.is_some() {
            return true;
        }
        if frame.len() > MAX_FRAME_CHARS as usize {
            return false;
        }
        let frame = frame.trim().to_ascii_lowercase();
        let of = match kind_of(&frame) {
            Some(Frame::Part(of)) => of,
            Some(Frame::Whole) => return self.receive_whole(&frame),
            None => return false,
        };
        // Frames that say the same of the whole belong together; what does not fit is another's.
        let mut at = None;
        for (i, reading) in self.reading.iter_mut().enumerate() {
            if reading.decoder.fragment_count() == of && reading.decoder.receive(&frame).is_ok() {
                reading.received += 1;
                at = Some(i);
                break;
            }
        }
        if at.is_none() {
            let mut decoder = ur::Decoder::default();
            if decoder.receive(&frame).is_err() {
                return false;
            }
            if self.reading.len() == MAX_READ_AT_ONCE {
                let fewest = (0..self.reading.len()).min_by_key(|i| self.reading[*i].have());
                if let Some(fewest) = fewest {
                    self.reading.remove(fewest);
                }
            }
            self.reading.push(Reading {
                decoder,
                received: 1,
            });
            at = Some(self.reading.len() - 1);
        }
        let Some(at) = at else { return false };
        let reading = &self.reading[at];
        if reading.decoder.complete() {
            match reading.decoder.message() {
                Ok(Some(resource)) => return self.take(&resource, of, at),
                // Somebody showed parts that do not belong together: begin again.
                _ => {
                    self.reading.remove(at);
                }
            }
        } else if reading.received > 8 * of + 64 {
            // A loop gives all in far fewer; the frames kept must stay bounded.
            self.reading.remove(at);
        }
        false
    }

    fn receive_whole(&mut self, frame: &str) -> bool {
        let resource = ur::ur::decode(frame).ok();
        let bytes = resource.and_then(|(_, resource)| bytes_of(&resource));
        self.done = bytes.map(|bytes| (bytes, 1));
        if self.done.is_some() {
            self.reading.clear();
        }
        self.done.is_some()
    }

    /// Takes what is complete, if it is a byte string; else it is somebody else's.
    fn take(&mut self, resource: &[u8], of: usize, at: usize) -> bool {
        match bytes_of(resource) {
            Some(bytes) => {
                self.done = Some((bytes, of));
                self.reading.clear();
                true
            }
            None => {
                self.reading.remove(at);
                false
            }
        }
    }

    /// How far it got with what it knows most of.
    #[must_use]
    pub fn progress(&self) -> CarryProgress {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        if let Some((_, of)) = &self.done {
            return CarryProgress {
                have: count(*of),
                of: count(*of),
            };
        }
        self.reading
            .iter()
            .max_by_key(|r| r.have())
            .map(|r| CarryProgress {
                have: count(r.have()),
                of: count(r.decoder.fragment_count()),
            })
            .unwrap_or_default()
    }

    /// The bytes, once all parts are here.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        self.done.as_ref().map(|(bytes, _)| bytes.as_slice())
    }
}
