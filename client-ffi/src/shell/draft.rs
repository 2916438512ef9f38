//! Drafts: what was typed but not yet done, sealed in the store.
//!
//! What enters: operations, complete or not, with the version of the form they were typed with, and
//! whatever the app needs to show its screen again; and what this phone itself did not take. What
//! leaves: the same after a kill, or one change when the draft is committed. What never happens
//! here: a draft that goes away before its edit is durable, one that is sent, or one that can be
//! finished no more because its form went on: it is written under its own version, or mended to
//! the newest one with what does not fit there named and kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use gridfold_sync_core::admission::what_fits;
use gridfold_sync_core::codec::{DecodeError, Reader, put_bytes, put_i64, put_str, put_u64};
use gridfold_sync_core::edit::{Op, decode_payload, encode_payload};
use gridfold_sync_core::entry::RefusalCode;
use gridfold_sync_core::ids::{AreaCode, EntryRef, FormCode, RecordId, SensitivityClass, StreamId};
use gridfold_sync_core::limits::{MAX_NAME_BYTES, MAX_OPS_PER_EDIT, MAX_PAYLOAD_BYTES};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::PartState;

use crate::error::{ClientError, WhatBecame};
use crate::event::ChangeCause;
use crate::platform::random;
use crate::shell::Shell;
use crate::shell::batch::Batch;
use crate::shell::begun::{self, BegunAt};
use crate::shell::consumed::Kept;
use crate::shell::state::HeldDirectory;
use crate::shell::store::{DRAFTS, Source};
use crate::shell::writing::Write;
use crate::types::{
    Draft, DraftId, DraftReason, MAX_APP_STATE_BYTES, MAX_DRAFTS, Misfit, SavedDraft,
};

/// The version of a draft that does not say which it was typed with: of before drafts said, or
/// saved while the form was not known here.
pub(super) const UNSAID: u32 = 0;

const MAKES_ITS_RECORD: u8 = 2;

fn encode(draft: &SavedDraft) -> Vec<u8> {
    let mut out = Vec::with_capacity(256 + draft.app_state.len());
    put_i64(&mut out, draft.created.millis());
    put_i64(&mut out, draft.updated.millis());
    put_str(&mut out, draft.form.as_str());
    put_str(&mut out, draft.grid.as_str());
    let makes = if draft.new_record {
        MAKES_ITS_RECORD
    } else {
        0
    };
    out.push(u8::from(draft.record.is_some()) | makes);
    if let Some(record) = &draft.record {
        out.extend_from_slice(&record.bytes());
    }
    put_bytes(&mut out, &encode_payload(&draft.ops));
    put_str(&mut out, &draft.app_state);
    // What stands from here on is not in drafts of older builds.
    put_u64(&mut out, u64::from(draft.form_version));
    let field = draft.reason.as_ref().and_then(|r| r.field.as_ref());
    out.push(u8::from(draft.reason.is_some()) | u8::from(field.is_some()) << 1);
    if let Some(reason) = &draft.reason {
        put_str(&mut out, &reason.code);
    }
    if let Some(field) = field {
        put_str(&mut out, field);
    }
    put_u64(&mut out, draft.misfits.len() as u64);
    for misfit in &draft.misfits {
        put_u64(&mut out, u64::from(misfit.form_version));
        put_str(&mut out, &misfit.code);
        put_bytes(&mut out, &encode_payload(std::slice::from_ref(&misfit.op)));
    }
    begun::put(&mut out, &draft.begun_at);
    out
}

fn decode(id: DraftId, bytes: &[u8]) -> Result<SavedDraft, DecodeError> {
    let bad = |_| DecodeError::OutOfRange("name");
    let mut r = Reader::new(bytes);
    let (created, updated) = (Timestamp(r.i64()?), Timestamp(r.i64()?));
    let form = FormCode::new(r.str(MAX_APP_STATE_BYTES)?).map_err(bad)?;
    let grid = AreaCode::new(r.str(MAX_APP_STATE_BYTES)?).map_err(bad)?;
    let flags = r.u8()?;
    let record = match flags & 1 {
        0 => None,
        _ => Some(RecordId::from_bytes(r.array()?)),
    };
    let ops = decode_payload(r.bytes(MAX_PAYLOAD_BYTES)?)?;
    let app_state = r.str(MAX_APP_STATE_BYTES)?.to_owned();
    let mut draft = SavedDraft {
        id,
        form,
        form_version: UNSAID,
        grid,
        record,
        new_record: record.is_none() || flags & MAKES_ITS_RECORD != 0,
        ops,
        begun_at: BegunAt::new(),
        misfits: Vec::new(),
        reason: None,
        app_state,
        created,
        updated,
    };
    if r.remaining() > 0 {
        draft.form_version = r.u32()?;
        let flags = r.u8()?;
        if flags & 1 != 0 {
            let code = r.str(MAX_NAME_BYTES)?.to_owned();
            let field = match flags & 2 {
                0 => None,
                _ => Some(r.str(MAX_APP_STATE_BYTES)?.to_owned()),
            };
            draft.reason = Some(DraftReason { code, field });
        }
        for _ in 0..r.count(2 * MAX_OPS_PER_EDIT, "misfits")? {
            let form_version = r.u32()?;
            let code = r.str(MAX_NAME_BYTES)?.to_owned();
            let ops = decode_payload(r.bytes(MAX_PAYLOAD_BYTES)?)?;
            draft.misfits.extend(ops.into_iter().map(|op| Misfit {
                op,
                form_version,
                code: code.clone(),
            }));
        }
    }
    if r.remaining() > 0 {
        draft.begun_at = begun::read(&mut r)?;
    }
    r.finish()?;
    Ok(draft)
}

fn find(source: &impl Source, id: DraftId) -> Result<Option<SavedDraft>, ClientError> {
    match source.get(DRAFTS, &id.bytes())? {
        Some(bytes) => Ok(Some(decode(id, &bytes)?)),
        None => Ok(None),
    }
}

impl Batch<'_> {
    fn found_draft(&self, id: DraftId) -> Result<SavedDraft, ClientError> {
        let mut draft = find(self.tx, id)?.ok_or(ClientError::NotFound)?;
        self.say_version(&mut draft);
        Ok(draft)
    }

    /// Gives a draft the version it was most likely typed with, where it does not say.
    pub(super) fn say_version(&self, draft: &mut SavedDraft) {
        say_version(self.bearings.held.as_deref(), draft);
    }

    pub(super) fn put_draft(&self, draft: &SavedDraft) -> Result<(), ClientError> {
        let payload = encode_payload(&draft.ops);
        if draft.ops.len() > MAX_OPS_PER_EDIT
            || draft.misfits.len() > 2 * MAX_OPS_PER_EDIT
            || payload.len() > MAX_PAYLOAD_BYTES
            || draft.app_state.len() > MAX_APP_STATE_BYTES
            // What does not read back would be lost.
            || decode_payload(&payload).is_err()
        {
            return Err(ClientError::rejected("draft_too_large"));
        }
        let key = draft.id.bytes();
        let is_new = self.tx.get(DRAFTS, &key)?.is_none();
        if is_new && self.tx.keys(DRAFTS, &[])?.len() >= MAX_DRAFTS {
            return Err(ClientError::rejected("too_many_drafts"));
        }
        self.tx.put(DRAFTS, &key, &encode(draft))
    }

    /// Where a draft is written, and its record's form.
    fn place_of(
        &mut self,
        draft: &SavedDraft,
    ) -> Result<(AreaCode, FormCode, BTreeMap<SensitivityClass, PartState>), ClientError> {
        let known = match draft.record {
            Some(record) => self.record(&record)?.clone(),
            None => None,
        };
        match known {
            Some(row) => {
                let mut parts = BTreeMap::new();
                for (stream, part) in row.parts {
                    parts.insert(self.bearings.stream(stream)?.class, part);
                }
                Ok((row.row.grid, row.row.form, parts))
            }
            None if draft.new_record => {
                Ok((draft.grid.clone(), draft.form.clone(), BTreeMap::new()))
            }
            None => Err(ClientError::NotFound),
        }
    }

    fn commit_draft(
        &mut self,
        id: DraftId,
        new: impl FnOnce() -> RecordId,
    ) -> Result<RecordId, ClientError> {
        let kept = self.tx.get(DRAFTS, &id.bytes())?;
        let kept = kept.ok_or(ClientError::NotFound)?;
        let mut draft = self.found_draft(id)?;
        if draft.ops.is_empty() {
            // Nothing of it fitted the form it was mended to: it is what was set aside.
            draft.take_misfits();
        }
        let (grid, form, _) = self.place_of(&draft)?;
        let record = draft.record.unwrap_or_else(new);
        let write = Write {
            record: &record,
            grid: &grid,
            form: &form,
            ops: &draft.ops,
            begun_at: Some(&draft.begun_at),
        };
        self.write_kept(write, draft.form_version, None)?;
        self.keep_consumed(Kept::Draft(id), kept)?;
        if draft.misfits.is_empty() {
            self.tx.delete(DRAFTS, &id.bytes())?;
        } else {
            // What did not fit the form it was mended to waits on, as a draft of the record.
            draft.record = Some(record);
            draft.new_record = false;
            draft.begun_at = BegunAt::new();
            draft.reason = None;
            draft.take_misfits();
            self.put_draft(&draft)?;
        }
        Ok(record)
    }

    /// Makes a draft one of the newest version of its form, with what does not fit set aside.
    fn mend_draft(&mut self, id: DraftId) -> Result<SavedDraft, ClientError> {
        let mut draft = self.found_draft(id)?;
        let (grid, form, parts) = self.place_of(&draft)?;
        let held = self.held()?;
        let no = |code: RefusalCode| ClientError::rejected(code.as_str());
        let newest: Arc<_> = held
            .form(&form)
            .cloned()
            .ok_or_else(|| no(RefusalCode::UnknownForm))?;
        let roles = held.roles(&grid);
        if roles.is_empty() {
            return Err(no(RefusalCode::NoGrant));
        }
        let typed_with = draft.form_version;
        let typed = draft.ops.drain(..).map(|op| (op, typed_with));
        let aside = draft.misfits.drain(..).map(|m| (m.op, m.form_version));
        let (ops, versions): (Vec<Op>, Vec<u32>) = typed.chain(aside).unzip();
        let main = self
            .bearings
            .number(&StreamId::new(grid.clone(), newest.class));
        let made = |by: &EntryRef| self.author_of(main?, by);
        let fits = what_fits(&newest, self.actor(&roles, &made), parts, &ops);
        for ((op, form_version), fits) in ops.into_iter().zip(versions).zip(fits) {
            match fits {
                Ok(()) => draft.ops.push(op),
                Err(code) => draft.misfits.push(Misfit {
                    op,
                    form_version,
                    code: code.as_str().to_owned(),
                }),
            }
        }
        draft.form_version = newest.version;
        draft.reason = None;
        self.put_draft(&draft)?;
        Ok(draft)
    }
}

fn say_version(held: Option<&HeldDirectory>, draft: &mut SavedDraft) {
    if draft.form_version != UNSAID {
        return;
    }
    let forms = held.map(|held| held.directory.forms());
    let form = forms.and_then(|forms| forms.newest_with_fields_of(&draft.form, &draft.ops));
    draft.form_version = form.map_or(UNSAID, |form| form.version);
}

impl SavedDraft {
    /// What was set aside, as far as it was typed with one version, is what is to be done.
    fn take_misfits(&mut self) {
        let Some(version) = self.misfits.iter().map(|m| m.form_version).max() else {
            return;
        };
        let misfits = std::mem::take(&mut self.misfits);
        let (now, later): (Vec<Misfit>, _) =
            misfits.into_iter().partition(|m| m.form_version == version);
        self.form_version = version;
        self.ops = now.into_iter().map(|m| m.op).collect();
        self.misfits = later;
    }
}

impl Shell {
    pub(crate) fn save_draft(&self, draft: &Draft) -> Result<DraftId, ClientError> {
        let now = self.platform.now();
        self.commit(ChangeCause::Local, |batch| {
            let id = draft.id.unwrap_or_else(|| self.new_draft_id());
            let before = find(batch.tx, id)?.filter(|b| b.form == draft.form);
            let newest = batch
                .bearings
                .held
                .as_ref()
                .and_then(|h| h.form(&draft.form));
            let newest = newest.map(|form| form.version);
            let mut saved = SavedDraft {
                id,
                form: draft.form.clone(),
                form_version: UNSAID,
                grid: draft.grid.clone(),
                record: draft.record,
                new_record: draft.new_record || draft.record.is_none(),
                ops: draft.ops.clone(),
                begun_at: BegunAt::new(),
                misfits: Vec::new(),
                reason: None,
                app_state: draft.app_state.clone(),
                created: now,
                updated: now,
            };
            let mut begun_at = BegunAt::new();
            match before {
                Some(before) => {
                    saved.created = before.created;
                    saved.form_version = draft.form_version.unwrap_or(before.form_version);
                    saved.misfits = before.misfits;
                    if before.record == draft.record {
                        begun_at = before.begun_at;
                    }
                }
                // It is begun now, with the form as it is now.
                None => saved.form_version = draft.form_version.or(newest).unwrap_or(UNSAID),
            }
            let forms = batch.bearings.held.clone();
            let forms = forms.as_ref().map(|held| held.directory.forms());
            let form = forms.and_then(|f| {
                f.get(&draft.form, saved.form_version)
                    .or(f.latest(&draft.form))
            });
            if let (Some(record), Some(form)) = (draft.record, form) {
                saved.begun_at = batch.begun_at(&record, form, &saved.ops, &begun_at)?;
            }
            batch.put_draft(&saved)?;
            Ok(id)
        })
    }

    pub(super) fn new_draft_id(&self) -> DraftId {
        DraftId::from_parts(self.platform.now(), random(self.platform.as_ref()))
    }

    pub(crate) fn drafts(&self) -> Result<Vec<SavedDraft>, ClientError> {
        self.read(|rx| {
            let held = self.state.read().bearings.held.clone();
            let mut out = Vec::new();
            for (key, value) in rx.scan(DRAFTS, &[])? {
                let id = DraftId::from_bytes(Reader::new(&key).array()?);
                let mut draft = decode(id, &value)?;
                say_version(held.as_deref(), &mut draft);
                out.push(draft);
            }
            out.sort_by_key(|d| (std::cmp::Reverse(d.updated), d.id));
            Ok(out)
        })
    }

    pub(crate) fn draft(&self, id: DraftId) -> Result<Option<SavedDraft>, ClientError> {
        self.read(|rx| {
            let mut found = find(rx, id)?;
            if let Some(draft) = &mut found {
                say_version(self.state.read().bearings.held.as_deref(), draft);
            }
            Ok(found)
        })
    }

    pub(crate) fn discard_draft(&self, id: DraftId) -> Result<(), ClientError> {
        self.commit(ChangeCause::Local, |batch| {
            find(batch.tx, id)?.ok_or(ClientError::NotFound)?;
            batch.tx.delete(DRAFTS, &id.bytes())
        })
    }

    pub(crate) fn commit_draft(&self, id: DraftId) -> Result<RecordId, ClientError> {
        self.commit_change(|batch| batch.commit_draft(id, || self.new_record_id()))
            .map_err(|e| e.but(WhatBecame::Draft(id)))
    }

    pub(crate) fn mend_draft(&self, id: DraftId) -> Result<SavedDraft, ClientError> {
        self.commit(ChangeCause::Local, |batch| batch.mend_draft(id))
            .map_err(|e| e.but(WhatBecame::Draft(id)))
    }

    /// Makes a refused edit a draft, in one step, to be changed and committed.
    pub(crate) fn refused_as_draft(
        &self,
        stream: &StreamId,
        entry: EntryRef,
    ) -> Result<DraftId, ClientError> {
        let id = self.new_draft_id();
        let made = self.commit(ChangeCause::Local, |batch| {
            let number = batch.bearings.numbers.get(stream).copied();
            let found =
                number.and_then(|n| Some((n, batch.bearings.refused.get(&(n, entry))?.clone())));
            let (number, row) = found.ok_or(ClientError::NotFound)?;
            let is_here = batch.record(&row.record)?.is_some();
            batch.touch(&row.record);
            batch.put_draft(&SavedDraft {
                id,
                form: row.form,
                form_version: row.form_version,
                grid: stream.grid.clone(),
                record: Some(row.record),
                new_record: !is_here,
                ops: row.ops,
                begun_at: BegunAt::new(),
                misfits: Vec::new(),
                reason: Some(DraftReason {
                    code: row.code,
                    field: None,
                }),
                app_state: String::new(),
                created: row.at,
                updated: self.platform.now(),
            })?;
            batch.drop_refused(number, entry)
        });
        made.map_err(|e| e.but(WhatBecame::Refused))?;
        Ok(id)
    }
}
