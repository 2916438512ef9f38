//! The master key: a file of its own that wraps every other key at rest.
//!
//! Losing it loses every sealed payload, so it is never made anew beside stores that need the old one.

use std::io::{Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

use super::seal::{SealError, open_bytes, seal_bytes};
use super::secret::{NoRandomness, random, redacted};
use super::store_error::file_name;

/// The file of the master key in the data directory.
pub const MASTER_KEY_FILE_NAME: &str = "master.key";

/// Why the master key is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file could not be read or written.
    #[error("cannot use {file}: {source}")]
    File {
        /// Its name.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// Not 32 bytes.
    #[error("{0} is not a master key: it must hold exactly 32 bytes")]
    Malformed(String),
    /// Others may read it.
    #[error("{0} can be read by others; allow only its owner (chmod 600)")]
    Exposed(String),
    /// No random bytes.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// The 32 bytes that wrap all other keys.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);
redacted!(MasterKey);

impl MasterKey {
    /// A key from bytes held elsewhere, a hardware store for instance.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Makes a key and its file, readable by the owner only and on disk before this returns.
    ///
    /// # Errors
    /// When the file exists already or cannot be written.
    pub fn create(path: &Path) -> Result<Self, MasterKeyError> {
        let key = Self::from_bytes(random()?);
        write_new(path, key.0.as_slice()).map_err(|source| file_error(path, source))?;
        Ok(key)
    }

    /// Reads the key from its file.
    ///
    /// # Errors
    /// When the file is absent, readable by others or not a key.
    pub fn open(path: &Path) -> Result<Self, MasterKeyError> {
        let mut file = std::fs::File::open(path).map_err(|source| file_error(path, source))?;
        #[cfg(unix)]
        {
            let metadata = file.metadata().map_err(|source| file_error(path, source))?;
            if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
                return Err(MasterKeyError::Exposed(file_name(path)));
            }
        }
        let mut bytes = Zeroizing::new([0u8; 33]);
        let mut read = 0;
        while read < bytes.len() {
            match file.read(&mut bytes[read..]) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(source) => return Err(file_error(path, source)),
            }
        }
        match bytes.first_chunk::<32>() {
            Some(key) if read == 32 => Ok(Self::from_bytes(*key)),
            _ => Err(MasterKeyError::Malformed(file_name(path))),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn wrap(&self, ad: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
        seal_bytes(&self.0, ad, plain)
    }

    /// Opens what was wrapped, of any length.
    pub(crate) fn unwrap(&self, ad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        open_bytes(&self.0, ad, sealed)
    }

    /// Opens a wrapped 32-byte key.
    pub(crate) fn unwrap_key(&self, ad: &[u8], sealed: &[u8]) -> Result<[u8; 32], SealError> {
        let plain = open_bytes(&self.0, ad, sealed)?;
        <[u8; 32]>::try_from(plain.as_slice()).map_err(|_| SealError::DoesNotOpen)
    }
}

fn file_error(path: &Path, source: std::io::Error) -> MasterKeyError {
    let file = file_name(path);
    MasterKeyError::File { file, source }
}

/// A crash leaves either no file or the whole one, and an existing file is never replaced.
fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let draft = path.with_extension("key.new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    linked?;
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => std::fs::File::open(dir)?.sync_all(),
        _ => std::fs::File::open(".")?.sync_all(),
    }
}
