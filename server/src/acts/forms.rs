//! Publishing a form: the one way in for whoever publishes one.

use gridfold_sync_core::directory::{Directory, DirectoryChange};
use gridfold_sync_core::schema::{Form, FormError};

use crate::directory::DirectoryError;
use crate::node::Node;

/// Why a form was not published.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishFormError {
    /// It does not fit.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The directory could not be written.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// Whether a form is news. The same version with the same content is not: a request that is sent again changes nothing.
pub(crate) fn is_news(directory: &Directory, form: &Form) -> Result<bool, FormError> {
    let known = directory.forms().get(&form.code, form.version).is_some();
    directory.forms().clone().publish(form.clone())?;
    Ok(!known)
}

/// Publishes a form. Returns whether it was news.
pub(crate) fn publish_form(node: &Node, form: &Form) -> Result<bool, PublishFormError> {
    if !is_news(&node.directory.current(), form)? {
        return Ok(false);
    }
    node.directory.change(vec![DirectoryChange::Form {
        form: Box::new(form.clone()),
    }])?;
    // Of two that came at once for one version the first stands.
    is_news(&node.directory.current(), form)?;
    Ok(true)
}
