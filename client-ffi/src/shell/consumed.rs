//! What the newest change took out of the store, for its undoing, and which entries may have left the phone.

use gridfold_sync_core::codec::Reader;
use gridfold_sync_core::ids::EntryRef;

use crate::error::ClientError;
use crate::shell::rows::{StreamNo, read_ref};
use crate::shell::tables::{CONSUMED, HANDED_OUT, META, Source};
use crate::types::DraftId;

/// The store is ours, the bound only stops damage.
const MAX_KEPT: usize = 16 << 20;

/// The order below which entries may have left the phone.
pub(crate) fn handed_out(source: &impl Source) -> Result<u64, ClientError> {
    match source.get(META, HANDED_OUT)? {
        Some(bytes) => Ok(u64::from_be_bytes(Reader::new(&bytes).array()?)),
        None => Ok(0),
    }
}

/// Where something that a change took out of the store goes back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    Refused(StreamNo, EntryRef),
    Draft(DraftId),
}

/// What a change took out of the store.
pub(crate) struct Consumed {
    pub(crate) change: u64,
    pub(crate) place: Kept,
    pub(crate) value: Vec<u8>,
}

pub(crate) fn consumed(source: &impl Source) -> Result<Option<Consumed>, ClientError> {
    let Some(bytes) = source.get(META, CONSUMED)? else {
        return Ok(None);
    };
    let mut r = Reader::new(&bytes);
    let change = u64::from_be_bytes(r.array()?);
    let place = match r.u8()? {
        0 => Kept::Refused(u32::from_be_bytes(r.array()?), read_ref(&mut r)?),
        _ => Kept::Draft(DraftId::from_bytes(r.array()?)),
    };
    let value = r.bytes(MAX_KEPT)?.to_vec();
    Ok(Some(Consumed {
        change,
        place,
        value,
    }))
}
