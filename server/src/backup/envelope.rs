//! The outside of a backup: a magic line, how it is sealed, and the parts compressed.
//!
//! What enters and leaves is the plain sequence of parts; what is on disk is compressed, and sealed in numbered frames when somebody gave a passphrase.
//! What never happens here: looking into the parts.

use std::fs::File;
use std::io::{BufReader, Error, ErrorKind, Read, Result, Write};

use zeroize::Zeroizing;
use zstd::stream::read::Decoder;
use zstd::stream::write::Encoder;

use crate::auth::{Password, PasswordError, Stretch};
use crate::keys::{RecordKey, open, seal};

/// The first line of backups made before they were compressed: parts in clear, to the end.
pub(super) const MAGIC_1: &[u8; 18] = b"GRIDFOLD BACKUP 1\n";
const MAGIC_2: &[u8; 18] = b"GRIDFOLD BACKUP 2\n";
const CLEAR: u8 = 0;
const SEALED: u8 = 1;
const FRAME_AD: &[u8] = b"gridfold/backup-frame/1";
/// Plain bytes of one sealed frame.
const FRAME_BYTES: usize = 64 << 10;
const ZSTD_LEVEL: i32 = 3;
/// What a sealed frame may take on disk; more is damage.
const MAX_FRAME_BYTES: usize = FRAME_BYTES + 1024;

/// The compressing side.
pub(super) struct Writing(Encoder<'static, Frames>);

impl Writing {
    /// Begins a backup in an empty file.
    pub(super) fn begin(
        mut out: File,
        passphrase: Option<&Password>,
    ) -> std::result::Result<Self, EnvelopeError> {
        let mut head = MAGIC_2.to_vec();
        let key = match passphrase {
            None => {
                head.push(CLEAR);
                None
            }
            Some(passphrase) => {
                let stretch = Stretch::new()?;
                head.push(SEALED);
                head.extend(stretch.to_bytes());
                Some(key(&stretch, passphrase)?)
            }
        };
        out.write_all(&head)?;
        let frames = Frames {
            out,
            key,
            waiting: Vec::with_capacity(FRAME_BYTES),
            number: 0,
        };
        Ok(Self(Encoder::new(frames, ZSTD_LEVEL)?))
    }

    /// Ends it; the file is not yet on disk.
    pub(super) fn finish(self) -> Result<File> {
        self.0.finish()?.finish()
    }
}

impl Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.write(bytes)
    }
    fn flush(&mut self) -> Result<()> {
        self.0.flush()
    }
}

/// Why an envelope cannot be made or opened.
#[derive(Debug)]
pub(super) enum EnvelopeError {
    /// It is sealed and nobody said with what.
    NoPassphrase,
    /// It is sealed with another.
    WrongPassphrase,
    /// The passphrase could not be worked with.
    Passphrase(PasswordError),
    /// Not a backup, or the file system failed.
    Io(Error),
}

impl From<Error> for EnvelopeError {
    fn from(error: Error) -> Self {
        Self::Io(error)
    }
}

impl From<PasswordError> for EnvelopeError {
    fn from(error: PasswordError) -> Self {
        Self::Passphrase(error)
    }
}

fn key(stretch: &Stretch, passphrase: &Password) -> std::result::Result<RecordKey, EnvelopeError> {
    let bytes: Zeroizing<[u8; 32]> = stretch.key(passphrase)?;
    Ok(RecordKey::new(*bytes))
}

fn frame_ad(number: u64, last: bool) -> Vec<u8> {
    let mut ad = FRAME_AD.to_vec();
    ad.extend(number.to_be_bytes());
    ad.push(u8::from(last));
    ad
}

/// Sealed frames, or plain bytes when there is no key.
struct Frames {
    out: File,
    key: Option<RecordKey>,
    waiting: Vec<u8>,
    number: u64,
}

impl Frames {
    fn put(&mut self, last: bool) -> Result<()> {
        let Some(key) = &self.key else { return Ok(()) };
        let sealed =
            seal(key, &frame_ad(self.number, last), &self.waiting).map_err(Error::other)?;
        self.waiting.clear();
        self.number += 1;
        let mut frame = vec![u8::from(last)];
        frame.extend((sealed.len() as u32).to_be_bytes());
        frame.extend(sealed);
        self.out.write_all(&frame)
    }

    fn finish(mut self) -> Result<File> {
        self.put(true)?;
        Ok(self.out)
    }
}

impl Write for Frames {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        if self.key.is_none() {
            return self.out.write(bytes);
        }
        let taken = bytes.len().min(FRAME_BYTES - self.waiting.len());
        self.waiting.extend_from_slice(&bytes[..taken]);
        if self.waiting.len() == FRAME_BYTES {
            self.put(false)?;
        }
        Ok(taken)
    }
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// The other side of [`Frames`].
struct OpenedFrames<R> {
    from: R,
    key: RecordKey,
    plain: Zeroizing<Vec<u8>>,
    at: usize,
    number: u64,
    ended: bool,
}

impl<R: Read> OpenedFrames<R> {
    fn next(&mut self) -> Result<()> {
        let damaged = || Error::from(ErrorKind::InvalidData);
        let mut head = [0; 5];
        self.from.read_exact(&mut head)?;
        let [last, length @ ..] = head;
        let length = u32::from_be_bytes(length) as usize;
        if last > 1 || length > MAX_FRAME_BYTES {
            return Err(damaged());
        }
        let mut sealed = vec![0; length];
        self.from.read_exact(&mut sealed)?;
        let ad = frame_ad(self.number, last == 1);
        self.plain = Zeroizing::new(open(&self.key, &ad, &sealed).map_err(|_| damaged())?);
        self.at = 0;
        self.number += 1;
        self.ended = last == 1;
        if self.ended && self.from.read(&mut [0])? != 0 {
            return Err(damaged());
        }
        Ok(())
    }
}

impl<R: Read> Read for OpenedFrames<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        while self.at == self.plain.len() {
            if self.ended {
                return Ok(0);
            }
            self.next()?;
        }
        let n = out.len().min(self.plain.len() - self.at);
        out[..n].copy_from_slice(&self.plain[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

/// Opens a backup; gives its first line, so that a reader knows what the parts are.
pub(super) fn open_backup(
    file: File,
    passphrase: Option<&Password>,
) -> std::result::Result<([u8; 18], Box<dyn Read>), EnvelopeError> {
    let mut from = BufReader::new(file);
    let mut magic = [0; 18];
    from.read_exact(&mut magic)?;
    if magic == *MAGIC_1 {
        return Ok((magic, Box::new(from)));
    }
    if magic != *MAGIC_2 {
        return Err(Error::from(ErrorKind::InvalidData).into());
    }
    let mut how = [0];
    from.read_exact(&mut how)?;
    match how {
        [CLEAR] => Ok((magic, Box::new(Decoder::with_buffer(from)?))),
        [SEALED] => {
            let mut bytes = [0; Stretch::BYTES];
            from.read_exact(&mut bytes)?;
            let stretch = Stretch::from_bytes(&bytes).ok_or(Error::from(ErrorKind::InvalidData))?;
            let passphrase = passphrase.ok_or(EnvelopeError::NoPassphrase)?;
            let mut frames = OpenedFrames {
                from,
                key: key(&stretch, passphrase)?,
                plain: Zeroizing::default(),
                at: 0,
                number: 0,
                ended: false,
            };
            match frames.next() {
                Err(error) if error.kind() == ErrorKind::InvalidData => {
                    return Err(EnvelopeError::WrongPassphrase);
                }
                read => read?,
            }
            Ok((magic, Box::new(Decoder::new(frames)?)))
        }
        _ => Err(Error::from(ErrorKind::InvalidData).into()),
    }
}
