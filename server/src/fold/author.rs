//! Who made an entry, by the log.

use gridfold_sync_core::ids::{EntryRef, StreamId, UserId};

use crate::items::{FactIndex, StoredItem};
use crate::log::{Log, LogError, StreamName};
use crate::views::ViewsError;

/// Who made an entry of the log; none when it has none of that name, or it can be read no more: nobody is held to that.
pub(super) fn of(
    log: &dyn Log,
    stream: &StreamId,
    id: &EntryRef,
) -> Result<Option<UserId>, ViewsError> {
    let Some(known) = FactIndex(log).entry(stream, id)? else {
        return Ok(None);
    };
    let name = StreamName::new(stream.name()).map_err(|_| ViewsError::Damaged)?;
    match log.get(&name, known.place) {
        Ok(item) => {
            let item = item.ok_or(ViewsError::Damaged)?;
            let item = StoredItem::decode(&item.bytes);
            Ok(item.ok().map(|item| item.author.user))
        }
        Err(LogError::Damaged { .. }) => Ok(None),
        Err(e) => Err(e.into()),
    }
}
