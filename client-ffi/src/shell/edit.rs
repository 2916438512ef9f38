//! Edits of this phone: checked, split by class, stored as entries and put into the outbox.

use std::sync::Arc;

use gridfold_sync_core::admission::{check_edit, check_next};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::{Entry, RefusalCode, Target};
use gridfold_sync_core::ids::{
    AreaCode, EntryRef, FieldKey, FormCode, ItemKey, RecordId, SensitivityClass, StreamId,
};
use gridfold_sync_core::schema::{Form, Role};
use gridfold_sync_core::view::{PartState, as_splices};

use crate::error::ClientError;
use crate::event::ChangeCause;
use crate::shell::Shell;
use crate::shell::batch::Batch;
use crate::shell::consumed::Kept;

fn refuse(code: RefusalCode) -> ClientError {
    ClientError::rejected(code.as_str())
}

/// Why an entry is refused, with the field of the first operation that is.
fn refuse_at(
    form: &Form,
    class: SensitivityClass,
    roles: &[Role],
    at: &PartState,
    entry: &Entry,
    code: RefusalCode,
) -> ClientError {
    let ops = entry.ops();
    let field = (1..=ops.len()).find_map(|n| {
        let mut first = entry.clone();
        first.ops = Some(ops[..n].to_vec());
        check_edit(form, class, roles, at.clone(), &first).err()?;
        ops[n - 1].field().map(ToString::to_string)
    });
    ClientError::Rejected {
        code: code.as_str().to_owned(),
        field,
    }
}

impl Batch<'_> {
    /// Writes an edit of a record: one entry for each class its operations fall into.
    pub(crate) fn write_edit(
        &mut self,
        record: &RecordId,
        grid: &AreaCode,
        form_code: &FormCode,
        version: Option<u32>,
        ops: Vec<Op>,
    ) -> Result<(), ClientError> {
        let held = self
            .bearings
            .held
            .clone()
            .ok_or(ClientError::SignInRequired)?;
        let forms = held.directory.forms();
        let form: Arc<Form> = match version {
            Some(version) => forms
                .get(form_code, version)
                .ok_or_else(|| refuse(RefusalCode::UnknownFormVersion))?,
            None => forms
                .latest(form_code)
                .ok_or_else(|| refuse(RefusalCode::UnknownForm))?,
        }
        .clone();
        let roles = held.roles(grid);
        if roles.is_empty() || !held.directory.is_grid(grid) {
            return Err(refuse(RefusalCode::NoGrant));
        }
        if ops.is_empty() {
            return Err(refuse(RefusalCode::Empty));
        }
        let by_class = form.by_class(ops).map_err(|key| ClientError::Rejected {
            code: RefusalCode::UnknownField.as_str().to_owned(),
            field: Some(key.to_string()),
        })?;
        let claimed = self.platform.now();
        let mut written = false;
        for (class, ops) in by_class {
            let stream = self.number(&StreamId::new(grid.clone(), class))?;
            let part = self
                .record(record)?
                .as_ref()
                .and_then(|r| r.parts.get(&stream).cloned());
            let target = match &part {
                Some(part) => Target::At(part.heads.clone()),
                None => Target::New {
                    record: *record,
                    form: form_code.clone(),
                },
            };
            let at = part.unwrap_or_else(|| PartState::new(form_code.clone()));
            let ops = as_splices(&form, |field| at.fields.get(field), ops);
            if ops.is_empty() {
                continue;
            }
            written = true;
            let entry = self.next_entry(stream, target, form.version, claimed, ops);
            let after = check_next(&form, class, &roles, at.clone(), &entry)
                .map_err(|code| refuse_at(&form, class, &roles, &at, &entry, code))?;
            self.author(record, stream, entry)?;
            self.put_part(record, stream, after)?;
            self.note_time(record, claimed);
        }
        if written {
            Ok(())
        } else {
            Err(refuse(RefusalCode::Empty))
        }
    }

    pub(crate) fn edit_known(
        &mut self,
        record: &RecordId,
        version: Option<u32>,
        ops: Vec<Op>,
    ) -> Result<(), ClientError> {
        let (grid, form) = match self.record(record)? {
            Some(row) => (row.row.grid.clone(), row.row.form.clone()),
            None => return Err(ClientError::NotFound),
        };
        self.write_edit(record, &grid, &form, version, ops)
    }
}

impl Shell {
    pub(crate) fn create_record(
        &self,
        grid: &AreaCode,
        form: &FormCode,
        ops: Vec<Op>,
    ) -> Result<RecordId, ClientError> {
        let record = self.new_record_id();
        self.commit_change(|batch| batch.write_edit(&record, grid, form, None, ops))?;
        Ok(record)
    }

    pub(crate) fn edit(
        &self,
        record: &RecordId,
        version: Option<u32>,
        ops: Vec<Op>,
    ) -> Result<(), ClientError> {
        self.commit_change(|batch| batch.edit_known(record, version, ops))
    }

    /// Settles a conflict by choosing a value.
    pub(crate) fn choose(
        &self,
        record: &RecordId,
        path: &str,
        value: Value,
    ) -> Result<(), ClientError> {
        let unknown = || ClientError::Rejected {
            code: RefusalCode::UnknownField.as_str().to_owned(),
            field: Some(path.to_owned()),
        };
        let key = |text: &str| FieldKey::new(text).map_err(|_| unknown());
        let parts: Vec<&str> = path.split('/').collect();
        let op = match parts.as_slice() {
            ["deleted"] if value == Value::Boolean(true) => Op::Delete,
            ["deleted"] if value == Value::Boolean(false) => Op::Restore,
            [field] => Op::Set {
                field: key(field)?,
                value,
            },
            [field, item, member] => Op::ItemSet {
                field: key(field)?,
                item: ItemKey::new(item).map_err(|_| unknown())?,
                member: key(member)?,
                value,
            },
            _ => return Err(unknown()),
        };
        self.edit(record, None, vec![op])
    }

    pub(crate) fn discard_refused(
        &self,
        stream: &StreamId,
        entry: EntryRef,
    ) -> Result<(), ClientError> {
        self.commit(ChangeCause::Local, |batch| {
            let number = batch.bearings.numbers.get(stream).copied();
            match number.filter(|n| batch.bearings.refused.contains_key(&(*n, entry))) {
                Some(number) => {
                    if let Some(row) = batch.bearings.refused.get(&(number, entry)) {
                        let record = row.record;
                        batch.record(&record)?;
                        batch.touch(&record);
                    }
                    batch.drop_refused(number, entry)
                }
                None => Err(ClientError::NotFound),
            }
        })
    }

    pub(crate) fn retry_refused(
        &self,
        stream: &StreamId,
        entry: EntryRef,
    ) -> Result<(), ClientError> {
        self.commit_change(|batch| {
            let number = batch.bearings.numbers.get(stream).copied();
            let found =
                number.and_then(|n| Some((n, batch.bearings.refused.get(&(n, entry))?.clone())));
            let (number, row) = found.ok_or(ClientError::NotFound)?;
            let known = batch
                .record(&row.record)?
                .as_ref()
                .map(|r| (r.row.grid.clone(), r.row.form.clone()));
            // A record whose only entry was refused is made again under the same id.
            let (grid, form) = known.unwrap_or_else(|| (stream.grid.clone(), row.form.clone()));
            batch.keep_consumed(Kept::Refused(number, entry), row.encode())?;
            batch.write_edit(&row.record, &grid, &form, None, row.ops)?;
            batch.drop_refused(number, entry)
        })
    }
}
