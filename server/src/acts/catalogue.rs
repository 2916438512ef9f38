//! Publishing a catalogue: the one way in for the API, the import and `init`.

use gridfold_sync_core::directory::{Catalogue, CatalogueError, Directory, DirectoryChange};
use gridfold_sync_core::limits::{
    MAX_CATALOGUE_BYTES, MAX_DEADLINE_DAYS, MAX_DEADLINE_HOURS, MAX_DEADLINE_WORKING_DAYS,
    MAX_DEADLINE_WORKING_HOURS, MAX_KIND_LEVELS, MAX_KIND_TEXT_CHARS, MAX_URGENCIES,
};

use crate::directory::DirectoryError;
use crate::node::Node;
use crate::words::{Said, said};

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

/// Why a catalogue cannot be published, for people.
pub(crate) fn explain(error: &CatalogueError) -> Said {
    match error {
        CatalogueError::NotACatalogue(what) => said!("catalogue_not_one", what = what),
        CatalogueError::NoKinds => said!("catalogue_no_kinds"),
        CatalogueError::TooLarge(bytes) => said!(
            "catalogue_too_large",
            bytes = *bytes,
            most = MAX_CATALOGUE_BYTES,
        ),
        CatalogueError::TwiceTheKind(code) => {
            said!("catalogue_twice_the_kind", kind = code.as_str())
        }
        CatalogueError::TwiceTheName(one, other) => said!(
            "catalogue_twice_the_name",
            kind = one.as_str(),
            other = other.as_str(),
        ),
        CatalogueError::BadText(code, what) => said!(
            "catalogue_bad_text",
            kind = code.as_str(),
            what = *what,
            most = MAX_KIND_TEXT_CHARS,
        ),
        CatalogueError::BadDeadline(code) => said!(
            "catalogue_bad_deadline",
            kind = code.as_str(),
            hours = MAX_DEADLINE_HOURS,
            days = MAX_DEADLINE_DAYS,
            working_hours = MAX_DEADLINE_WORKING_HOURS,
            working_days = MAX_DEADLINE_WORKING_DAYS,
        ),
        CatalogueError::BadWarning(code) => said!("catalogue_bad_warning", kind = code.as_str()),
        CatalogueError::TwiceTheDeadline(code, urgency) => said!(
            "catalogue_twice_the_deadline",
            kind = code.as_str(),
            urgency = urgency,
        ),
        CatalogueError::BadUrgency(code, urgency) => said!(
            "catalogue_bad_urgency",
            kind = code.as_str(),
            urgency = urgency.as_str(),
        ),
        CatalogueError::BadUrgencies => said!("catalogue_bad_urgencies", most = MAX_URGENCIES),
        CatalogueError::NoParent(code, parent) => said!(
            "catalogue_no_parent",
            kind = code.as_str(),
            parent = parent.as_str(),
        ),
        CatalogueError::TooDeep(code) => said!(
            "catalogue_too_deep",
            kind = code.as_str(),
            most = MAX_KIND_LEVELS,
        ),
        CatalogueError::ParentRetired(code, parent) => said!(
            "catalogue_parent_retired",
            kind = code.as_str(),
            parent = parent.as_str(),
        ),
        CatalogueError::BadEvidence(code, what) => {
            said!("catalogue_bad_evidence", kind = code.as_str(), what = what,)
        }
        CatalogueError::NotNext { expected, given } => {
            said!("catalogue_not_next", expected = *expected, given = *given,)
        }
        CatalogueError::Published(version) => said!("catalogue_published", version = *version),
        CatalogueError::MissingKind(code) => {
            said!("catalogue_missing_kind", kind = code.as_str())
        }
    }
}
