//! Drafts: what was typed but not yet done, sealed in the store.
//!
//! What enters: operations, complete or not, and whatever the app needs to show its screen again.
//! What leaves: the same after a kill, or one change when the draft is committed. What never
//! happens here: a draft that goes away before its edit is durable, or one that is sent.

use gridfold_sync_core::codec::{DecodeError, Reader, put_bytes, put_i64, put_str};
use gridfold_sync_core::edit::{decode_payload, encode_payload};
use gridfold_sync_core::ids::{AreaCode, FormCode, RecordId};
use gridfold_sync_core::limits::{MAX_OPS_PER_EDIT, MAX_PAYLOAD_BYTES};
use gridfold_sync_core::time::Timestamp;

use crate::error::ClientError;
use crate::event::ChangeCause;
use crate::platform::random;
use crate::shell::Shell;
use crate::shell::consumed::Kept;
use crate::shell::store::{DRAFTS, Source};
use crate::types::{Draft, DraftId, MAX_APP_STATE_BYTES, MAX_DRAFTS, SavedDraft};

fn encode(draft: &Draft, created: Timestamp, updated: Timestamp) -> Vec<u8> {
    let mut out = Vec::with_capacity(256 + draft.app_state.len());
    put_i64(&mut out, created.millis());
    put_i64(&mut out, updated.millis());
    put_str(&mut out, draft.form.as_str());
    put_str(&mut out, draft.grid.as_str());
    out.push(u8::from(draft.record.is_some()));
    if let Some(record) = &draft.record {
        out.extend_from_slice(&record.bytes());
    }
    put_bytes(&mut out, &encode_payload(&draft.ops));
    put_str(&mut out, &draft.app_state);
    out
}

fn decode(id: DraftId, bytes: &[u8]) -> Result<SavedDraft, DecodeError> {
    let bad = |_| DecodeError::OutOfRange("name");
    let mut r = Reader::new(bytes);
    let (created, updated) = (Timestamp(r.i64()?), Timestamp(r.i64()?));
    let form = FormCode::new(r.str(MAX_APP_STATE_BYTES)?).map_err(bad)?;
    let grid = AreaCode::new(r.str(MAX_APP_STATE_BYTES)?).map_err(bad)?;
    let record = match r.u8()? {
        0 => None,
        _ => Some(RecordId::from_bytes(r.array()?)),
    };
    let ops = decode_payload(r.bytes(MAX_PAYLOAD_BYTES)?)?;
    let app_state = r.str(MAX_APP_STATE_BYTES)?.to_owned();
    r.finish()?;
    Ok(SavedDraft {
        id,
        form,
        grid,
        record,
        ops,
        app_state,
        created,
        updated,
    })
}

fn find(source: &impl Source, id: DraftId) -> Result<Option<SavedDraft>, ClientError> {
    match source.get(DRAFTS, &id.bytes())? {
        Some(bytes) => Ok(Some(decode(id, &bytes)?)),
        None => Ok(None),
    }
}

impl Shell {
    pub(crate) fn save_draft(&self, draft: &Draft) -> Result<DraftId, ClientError> {
        let payload = encode_payload(&draft.ops);
        if draft.ops.len() > MAX_OPS_PER_EDIT
            || payload.len() > MAX_PAYLOAD_BYTES
            || draft.app_state.len() > MAX_APP_STATE_BYTES
            // What does not read back would be lost.
            || decode_payload(&payload).is_err()
        {
            return Err(ClientError::rejected("draft_too_large"));
        }
        let now = self.platform.now();
        self.commit(ChangeCause::Local, |batch| {
            let id = draft
                .id
                .unwrap_or_else(|| DraftId::from_parts(now, random(self.platform.as_ref())));
            let before = find(batch.tx, id)?;
            if before.is_none() && batch.tx.keys(DRAFTS, &[])?.len() >= MAX_DRAFTS {
                return Err(ClientError::rejected("too_many_drafts"));
            }
            let created = before.map_or(now, |d| d.created);
            batch
                .tx
                .put(DRAFTS, &id.bytes(), &encode(draft, created, now))?;
            Ok(id)
        })
    }

    pub(crate) fn drafts(&self) -> Result<Vec<SavedDraft>, ClientError> {
        self.read(|rx| {
            let mut out = Vec::new();
            for (key, value) in rx.scan(DRAFTS, &[])? {
                let id = DraftId::from_bytes(Reader::new(&key).array()?);
                out.push(decode(id, &value)?);
            }
            out.sort_by_key(|d| (std::cmp::Reverse(d.updated), d.id));
            Ok(out)
        })
    }

    pub(crate) fn draft(&self, id: DraftId) -> Result<Option<SavedDraft>, ClientError> {
        self.read(|rx| find(rx, id))
    }

    pub(crate) fn discard_draft(&self, id: DraftId) -> Result<(), ClientError> {
        self.commit(ChangeCause::Local, |batch| {
            find(batch.tx, id)?.ok_or(ClientError::NotFound)?;
            batch.tx.delete(DRAFTS, &id.bytes())
        })
    }

    pub(crate) fn commit_draft(&self, id: DraftId) -> Result<RecordId, ClientError> {
        self.commit_change(|batch| {
            let kept = batch.tx.get(DRAFTS, &id.bytes())?;
            let kept = kept.ok_or(ClientError::NotFound)?;
            let draft = decode(id, &kept)?;
            let record = match draft.record {
                Some(record) => {
                    batch.edit_known(&record, None, draft.ops)?;
                    record
                }
                None => {
                    let record = self.new_record_id();
                    batch.write_edit(&record, &draft.grid, &draft.form, None, draft.ops)?;
                    record
                }
            };
            batch.keep_consumed(Kept::Draft(id), kept)?;
            batch.tx.delete(DRAFTS, &id.bytes())?;
            Ok(record)
        })
    }
}
