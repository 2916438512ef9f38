//! Where a phone's store lies: a directory of the system, or the files of a browser, which can be
//! cut off at any call to them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gridfold_client::{ClientError, Disk, Folder, Pool};
use rand::rngs::StdRng;
use rand::{Rng, RngExt};

use crate::powercut::{Loss, SimSlots};

/// Where a store lies. A clone is the same place.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Folder(PathBuf),
    Browser(SimSlots),
}

impl Place {
    /// The disk of a store that is opened here.
    pub(super) fn disk(&self, rng: &mut impl Rng) -> Result<Arc<dyn Disk>, ClientError> {
        let slots = match self {
            Self::Folder(dir) => return Ok(Folder::at(dir)),
            Self::Browser(slots) => slots.clone(),
        };
        match Pool::open(slots, rng.random()) {
            Ok(pool) => Ok(Arc::new(pool)),
            Err(error) => Err(ClientError::DamagedStore {
                what: format!("directory: {error}"),
            }),
        }
    }

    /// The store as it stands, once more; where a directory is needed, it is this one.
    pub(super) fn copy(&self, to: &Path) -> Self {
        match self {
            Self::Browser(slots) => Self::Browser(slots.cut_now(Loss::Nothing)),
            Self::Folder(from) => {
                std::fs::create_dir_all(to).unwrap();
                for entry in std::fs::read_dir(from).unwrap() {
                    let entry = entry.unwrap();
                    if entry.file_type().unwrap().is_file() {
                        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
                    }
                }
                Self::Folder(to.to_owned())
            }
        }
    }

    pub(super) fn remove(&self) {
        if let Self::Folder(dir) = self {
            let _ = std::fs::remove_dir_all(dir);
        }
    }

    pub(super) fn browser(&self) -> Option<&SimSlots> {
        match self {
            Self::Browser(slots) => Some(slots),
            Self::Folder(_) => None,
        }
    }
}

/// What the end of a browser's process, or of the power, takes with it.
pub(super) fn some_loss(chance: &mut StdRng) -> Loss {
    match chance.random_range(0..4) {
        0 => Loss::All,
        1 => Loss::Nothing,
        _ => Loss::Random(chance.random()),
    }
}
