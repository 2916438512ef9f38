//! What the committing thread does while nobody waits for it: it cleans up after erasures.

use crate::project::Follower;
use crate::views::Cleaning;

/// What is left to be cleaned in these views.
pub(super) fn cleaning_of(follower: &mut Follower) -> Cleaning {
    let found = follower.views().map(|views| Cleaning::of(views));
    found.unwrap_or(Ok(Cleaning::default())).unwrap_or_else(|error| {
        tracing::error!(%error, "whether something erased is left in the views' file could not be told");
        Cleaning::default()
    })
}

/// Does a step of what is due; views that are behind are cleaned once they are level.
pub(super) fn clean(cleaning: &mut Cleaning, follower: &mut Follower, idle: bool) {
    if !(cleaning.is_overdue() || idle && cleaning.is_due()) {
        return;
    }
    if let Some(views) = follower.views()
        && let Err(error) = cleaning.step(views)
    {
        tracing::error!(%error, "what was erased is not yet out of the views' file");
    }
}

/// Finishes cleaning before a stop.
pub(super) fn finish(cleaning: &mut Cleaning, follower: &mut Follower) {
    if let Some(views) = follower.views()
        && let Err(error) = cleaning.finish(views)
    {
        tracing::error!(%error, "what was erased is not yet out of the views' file: the next start goes on");
    }
}
