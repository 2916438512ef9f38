//! Publishing a catalogue: the one way in for the API, the import and `init`.

use gridfold_sync_core::directory::{Catalogue, CatalogueError, Directory, DirectoryChange};

use crate::directory::DirectoryError;
use crate::node::Node;

/// Why a catalogue was not published.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishError {
    /// It does not fit.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The directory could not be written.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// Whether a catalogue is news. The same version with the same content is not: a request that is sent again changes nothing.
pub(crate) fn is_news(
    directory: &Directory,
    catalogue: &Catalogue,
) -> Result<bool, CatalogueError> {
    match directory.catalogue_version(catalogue.version) {
        Some(known) if **known == *catalogue => Ok(false),
        Some(known) => {
            catalogue.check()?;
            Err(CatalogueError::Published(known.version))
        }
        None => {
            catalogue.check_follows(directory.catalogue().map(AsRef::as_ref))?;
            Ok(true)
        }
    }
}

/// Publishes a catalogue. Returns whether it was news.
///
/// # Errors
/// When it does not fit what is published, or the directory cannot be written.
pub(crate) fn publish_catalogue(node: &Node, catalogue: &Catalogue) -> Result<bool, PublishError> {
    if !is_news(&node.directory.current(), catalogue)? {
        return Ok(false);
    }
    node.directory.change(vec![DirectoryChange::Catalogue {
        catalogue: Box::new(catalogue.clone()),
    }])?;
    // Of two that came at once for one version the first stands.
    is_news(&node.directory.current(), catalogue)?;
    Ok(true)
}
