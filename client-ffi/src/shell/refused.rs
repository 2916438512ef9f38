//! Refused edits: kept and shown with the reason, whatever becomes of their record.

use gridfold_sync_core::entry::Target;
use gridfold_sync_core::ids::{FormCode, RecordId};
use gridfold_sync_core::session::phone::HeldEntry;

use crate::error::ClientError;
use crate::shell::batch::Batch;
use crate::shell::rows::{RefusedRow, StreamNo, decode_entry, ref_of_key};
use crate::shell::store::{ENTRIES, Source};

impl Batch<'_> {
    /// Puts a refused entry of this device where the person sees it.
    pub(crate) fn keep_refused(
        &mut self,
        record: &RecordId,
        stream: StreamNo,
        row: &HeldEntry,
    ) -> Result<(), ClientError> {
        let (Some(entry), Some(code)) = (&row.entry, row.fate.code()) else {
            return Ok(());
        };
        if entry.ops.is_none() {
            // Its record was erased for good: there is nothing left to show.
            return Ok(());
        }
        let form = match (&entry.header.target, self.record(record)?) {
            (Target::New { form, .. }, _) => form.clone(),
            (Target::At(_), Some(known)) => known.row.form.clone(),
            // The record was erased; what was written to it meanwhile is kept all the same.
            (Target::At(_), None) => match self.form_of_entries(record)? {
                Some(form) => form,
                // Or went with what a restored server never got back.
                None => match self.bearings.sync.forms_of_waiting.get(record) {
                    Some(form) => form.clone(),
                    None => return Ok(()),
                },
            },
        };
        let refused = RefusedRow {
            record: *record,
            form,
            form_version: entry.header.form_version,
            code: code.to_owned(),
            at: entry.header.claimed,
            ops: entry.ops.clone().unwrap_or_default(),
        };
        self.touch(record);
        self.put_refused(stream, row.id, refused)
    }

    /// The form of a record that has no row any more, from the headers of its entries.
    fn form_of_entries(&self, record: &RecordId) -> Result<Option<FormCode>, ClientError> {
        for (key, value) in self.tx.scan(ENTRIES, &record.bytes())? {
            let row = decode_entry(ref_of_key(&key)?, &value)?;
            if let Some(Target::New { form, .. }) = row.entry.map(|e| e.header.target) {
                return Ok(Some(form));
            }
        }
        Ok(None)
    }
}
