//! Edits of this phone: checked, split by class, stored as entries and put into the outbox.

use std::sync::Arc;

use gridfold_sync_core::admission::{check_edit, check_next};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::{Entry, RefusalCode, Target};
use gridfold_sync_core::ids::{
    AreaCode, EntryRef, FieldKey, FormCode, ItemKey, RecordId, SensitivityClass, StreamId, UserId,
};
use gridfold_sync_core::lifecycle::Actor;
use gridfold_sync_core::resident::{ReceiptNumber, lacks_number};
use gridfold_sync_core::schema::{Form, Role};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::{PartState, as_splices};

use crate::error::{ClientError, WhatBecame};
use crate::event::ChangeCause;
use crate::platform::random;
use crate::shell::Shell;
use crate::shell::batch::Batch;
use crate::shell::begun::{self, BegunAt, Row};
use crate::shell::consumed::Kept;
use crate::shell::rows::StreamNo;
use crate::shell::state::HeldDirectory;
use crate::shell::who::who_made;
use crate::shell::writing::{Unwritten, Write};

fn refuse(code: RefusalCode) -> ClientError {
    ClientError::rejected(code.as_str())
}

fn refuse_field(code: RefusalCode, field: String) -> ClientError {
    ClientError::rejected_at(code.as_str(), Some(field))
}

/// Why an entry is refused, with the field of the first operation that is.
fn refuse_at(
    form: &Form,
    class: SensitivityClass,
    actor: Actor<'_>,
    at: &PartState,
    entry: &Entry,
    code: RefusalCode,
) -> ClientError {
    let ops = entry.ops();
    let field = (1..=ops.len()).find_map(|n| {
        let mut first = entry.clone();
        first.ops = Some(ops[..n].to_vec());
        check_edit(form, class, actor, at.clone(), &first).err()?;
        ops[n - 1].field().map(ToString::to_string)
    });
    ClientError::rejected_at(code.as_str(), field)
}

/// One entry of an edit, checked and not stored yet.
struct Planned {
    stream: StreamNo,
    entry: Entry,
    /// The row after it; none when it does not stand at the one that is stored, so that the part is folded anew.
    after: Option<PartState>,
}

/// Where an entry is to be.
#[derive(Clone, Copy)]
struct Place<'a> {
    write: Write<'a>,
    form: &'a Form,
    class: SensitivityClass,
    roles: &'a [Role],
    stream: StreamNo,
    claimed: Timestamp,
    /// How many of the same edit come before it in the stream.
    ahead: u64,
}

impl Batch<'_> {
    /// Writes an edit of a record: one entry for each class its operations fall into.
    pub(crate) fn write_edit(
        &mut self,
        write: Write<'_>,
        version: Option<u32>,
    ) -> Result<(), ClientError> {
        let held = self.held()?;
        let forms = held.directory.forms();
        let form = match version {
            Some(version) => forms
                .get(write.form, version)
                .ok_or_else(|| refuse(RefusalCode::UnknownFormVersion))?,
            None => forms
                .latest(write.form)
                .ok_or_else(|| refuse(RefusalCode::UnknownForm))?,
        };
        let planned = self.plan(write, form)?;
        self.store_planned(write.record, planned)
    }

    /// Writes what was kept while its form may have gone on, under the first version that takes it.
    /// When none does, the reason is that of the version it was typed with.
    pub(crate) fn write_kept(
        &mut self,
        write: Write<'_>,
        typed_with: u32,
        refused: Option<&str>,
    ) -> Result<(), ClientError> {
        let refused = refused
            .and_then(|code| RefusalCode::ALL.iter().find(|c| c.as_str() == code))
            .copied();
        let held = self.held()?;
        let forms = held.directory.forms();
        let forms = forms.to_write_again(write.form, typed_with, refused);
        let mut why = refuse(RefusalCode::UnknownForm);
        for (i, form) in forms.iter().enumerate() {
            match self.plan(write, form) {
                Ok(planned) => return self.store_planned(write.record, planned),
                Err(e @ ClientError::Rejected { .. }) if i == 0 || form.version == typed_with => {
                    why = e;
                }
                Err(ClientError::Rejected { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        Err(why)
    }

    /// The version that operations without one were most likely typed with; none of a form that is
    /// not known here.
    pub(crate) fn newest_with_fields_of(
        &self,
        form: &FormCode,
        ops: &[Op],
    ) -> Result<Option<u32>, ClientError> {
        let held = self.held()?;
        let form = held.directory.forms().newest_with_fields_of(form, ops);
        Ok(form.map(|form| form.version))
    }

    pub(crate) fn held(&self) -> Result<Arc<HeldDirectory>, ClientError> {
        let held = self.bearings.held.clone();
        held.ok_or(ClientError::SignInRequired)
    }

    /// The entries that an edit becomes under a version of its form. Nothing is stored.
    fn plan(&mut self, write: Write<'_>, form: &Form) -> Result<Vec<Planned>, ClientError> {
        let held = self.held()?;
        let roles = held.roles(write.grid);
        if roles.is_empty() || !held.directory.is_grid(write.grid) {
            return Err(refuse(RefusalCode::NoGrant));
        }
        if write.ops.is_empty() {
            return Err(refuse(RefusalCode::Empty));
        }
        if self.record(write.record)?.is_none() {
            if held.directory.retired_around(write.grid).is_some() {
                return Err(ClientError::rejected("area_retired"));
            }
            if held.directory.form_retired(write.form).is_some() {
                return Err(ClientError::rejected("form_retired"));
            }
        }
        let mut ops = write.ops.to_vec();
        if self.record(write.record)?.is_none() {
            let catalogue = held.directory.catalogue();
            if let Some(field) = lacks_number(form, catalogue.map(AsRef::as_ref), &ops) {
                let number = ReceiptNumber::from_random(random(self.platform));
                ops.push(Op::Set {
                    field: field.clone(),
                    value: Value::Text(number.to_string()),
                });
            }
        }
        let main = self
            .bearings
            .number(&StreamId::new(write.grid.clone(), form.class));
        let main = self.record(write.record)?.as_ref().and_then(|row| {
            let part = row.parts.get(&main?)?;
            Some(part.clone())
        });
        let ops = form.with_what_steps_write(main.as_ref(), ops);
        let by_class = form
            .by_class(ops)
            .map_err(|key| refuse_field(RefusalCode::UnknownField, key.to_string()))?;
        let claimed = self.platform.now();
        let mut planned = Vec::new();
        for (class, ops) in by_class {
            let stream = self.number(&StreamId::new(write.grid.clone(), class))?;
            let nothing = BegunAt::new();
            let begun_at = write.begun_at.unwrap_or(&nothing);
            let mut mine: Vec<Entry> = Vec::new();
            let mut at_newest = Vec::new();
            let newest = self.record(write.record)?.as_ref().and_then(|row| {
                let part = row.parts.get(&stream)?;
                Some(part.heads.clone())
            });
            for (heads, mut ops) in begun::by_heads(begun_at, newest.as_deref(), ops) {
                let row = self.row_at(write.record, stream, heads.as_deref(), &mine)?;
                let place = Place {
                    write,
                    form,
                    class,
                    roles: &roles,
                    stream,
                    claimed,
                    ahead: mine.len() as u64,
                };
                let entry = if heads.is_none() {
                    ops.append(&mut at_newest);
                    self.plan_at(&place, row, ops)?
                } else {
                    match self.plan_at(&place, row, ops.clone()) {
                        Ok(entry) => entry,
                        // What does not fit there may be of what came since.
                        Err(ClientError::Rejected { .. }) => {
                            at_newest.append(&mut ops);
                            None
                        }
                        Err(other) => return Err(other),
                    }
                };
                mine.extend(entry.iter().map(|one| one.entry.clone()));
                planned.extend(entry);
            }
        }
        if planned.is_empty() {
            return Err(refuse(RefusalCode::Empty));
        }
        Ok(planned)
    }

    /// The entry that operations become at a row; none when they change nothing there.
    fn plan_at(
        &self,
        place: &Place<'_>,
        row: Row,
        ops: Vec<Op>,
    ) -> Result<Option<Planned>, ClientError> {
        let Place {
            write,
            form,
            class,
            roles,
            stream,
            claimed,
            ahead,
        } = *place;
        let target = match &row.part {
            Some(part) => Target::At(part.heads.clone()),
            None => Target::New {
                record: *write.record,
                form: write.form.clone(),
            },
        };
        let at = row
            .part
            .unwrap_or_else(|| PartState::new(write.form.clone()));
        let ops = as_splices(form, |field| at.fields.get(field), ops);
        if ops.is_empty() {
            return Ok(None);
        }
        let mut entry = self.next_entry(stream, target, form.version, claimed, ops);
        entry.header.seq += ahead;
        let made = |by: &EntryRef| self.author_of(stream, by);
        let actor = self.actor(roles, &made);
        let after = check_next(form, class, actor, at.clone(), &entry)
            .map_err(|code| refuse_at(form, class, actor, &at, &entry, code))?;
        let after = (!row.is_older).then_some(after);
        Ok(Some(Planned {
            stream,
            entry,
            after,
        }))
    }

    /// This phone's user with these roles, by what the phone knows of who made what.
    pub(crate) fn actor<'a>(
        &self,
        roles: &'a [Role],
        made: &'a dyn Fn(&EntryRef) -> Option<UserId>,
    ) -> Actor<'a> {
        let user = self.bearings.account.as_ref().map(|a| a.author().user);
        Actor { roles, user, made }
    }

    /// Who made an entry, as far as it is known here.
    pub(crate) fn author_of(&self, stream: StreamNo, id: &EntryRef) -> Option<UserId> {
        who_made(self.tx, &self.bearings, stream, id)
    }

    fn store_planned(
        &mut self,
        record: &RecordId,
        planned: Vec<Planned>,
    ) -> Result<(), ClientError> {
        for Planned {
            stream,
            entry,
            after,
        } in planned
        {
            let claimed = entry.header.claimed;
            self.author(record, stream, entry)?;
            match after {
                Some(after) => self.put_part(record, stream, after)?,
                None => self.refold(record, stream)?,
            }
            self.note_time(record, claimed);
        }
        Ok(())
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
        let write = Write {
            record,
            grid: &grid,
            form: &form,
            ops: &ops,
            begun_at: None,
        };
        self.write_edit(write, version)
    }
}

impl Shell {
    pub(crate) fn create_record(
        &self,
        grid: &AreaCode,
        form: &FormCode,
        version: Option<u32>,
        ops: Vec<Op>,
    ) -> Result<RecordId, ClientError> {
        let record = self.new_record_id();
        let write = Write {
            record: &record,
            grid,
            form,
            ops: &ops,
            begun_at: None,
        };
        match self.commit_change(|batch| batch.write_edit(write, version)) {
            Ok(()) => Ok(record),
            Err(e) => Err(self.or_draft(
                e,
                Unwritten {
                    record: None,
                    is_new: true,
                    grid: grid.clone(),
                    form: form.clone(),
                    version,
                    ops,
                },
            )),
        }
    }

    pub(crate) fn edit(
        &self,
        record: &RecordId,
        version: Option<u32>,
        ops: Vec<Op>,
    ) -> Result<(), ClientError> {
        let again = ops.clone();
        self.commit_change(|batch| batch.edit_known(record, version, ops))
            .map_err(|e| self.edit_or_draft(e, record, version, again))
    }

    /// Settles a conflict by choosing a value.
    pub(crate) fn choose(
        &self,
        record: &RecordId,
        path: &str,
        value: Value,
    ) -> Result<(), ClientError> {
        let unknown = || refuse_field(RefusalCode::UnknownField, path.to_owned());
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
        // A field that the newest form no longer has is settled under one that has it.
        self.commit_change(|batch| {
            let row = batch.record(record)?.as_ref().map(|r| r.row.clone());
            let row = row.ok_or(ClientError::NotFound)?;
            let ops = [op];
            let version = batch.newest_with_fields_of(&row.form, &ops)?;
            let write = Write {
                record,
                grid: &row.grid,
                form: &row.form,
                ops: &ops,
                begun_at: None,
            };
            batch.write_edit(write, version)
        })
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
        let retried = self.commit_change(|batch| {
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
            let write = Write {
                record: &row.record,
                grid: &grid,
                form: &form,
                ops: &row.ops,
                begun_at: None,
            };
            batch.write_kept(write, row.form_version, Some(&row.code))?;
            batch.drop_refused(number, entry)
        });
        retried.map_err(|e| e.but(WhatBecame::Refused))
    }
}
