//! Who made an entry, as far as the phone knows.

use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{EntryRef, UserId};
use gridfold_sync_core::session::phone::Said;

use crate::shell::rows::StreamNo;
use crate::shell::state::{Bearings, entry_row};
use crate::shell::store::Source;

/// Who made an entry: whom the server says, or this phone's user when it made it.
pub(crate) fn author_of(bearings: &Bearings, id: EntryRef, said: Option<Said>) -> Option<Author> {
    let own = bearings
        .account
        .as_ref()
        .filter(|_| bearings.is_own(id.incarnation))
        .map(|a| a.author());
    said.map(|s| s.author).or(own)
}

/// The person who made an entry, as far as it is known here.
pub(crate) fn who_made(
    source: &impl Source,
    bearings: &Bearings,
    stream: StreamNo,
    id: &EntryRef,
) -> Option<UserId> {
    // What cannot be read is told of nobody; the server knows.
    let row = entry_row(source, stream, id).ok().flatten();
    let said = row.and_then(|(_, row)| row.said);
    author_of(bearings, *id, said).map(|author| author.user)
}
