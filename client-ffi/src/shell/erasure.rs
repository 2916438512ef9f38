//! Erasing as told: a record that was erased for good, or everything.
//!
//! What enters: what the server says was erased. What leaves: a store without its contents. What
//! never happens here: erasing what this phone wrote and the server has not decided on, or refused;
//! that stays until the person settles it.

use gridfold_sync_core::codec::to_hex;
use gridfold_sync_core::entry::{Target, wiped_statement};
use gridfold_sync_core::ids::{FormCode, RecordId};
use gridfold_sync_core::wire::{SyncRequest, SyncResponse};

use crate::error::ClientError;
use crate::shell::Shell;
use crate::shell::applied::Applied;
use crate::shell::batch::Batch;
use crate::shell::http::Wiped;
use crate::shell::rows::{EntryRow, Fate, ref_of_key, stream_of_key};
use crate::shell::store::{ENTRIES, Source};
use crate::shell::transport::{HttpRequest, Transport};

impl Batch<'_> {
    /// Takes in what was erased since the last request.
    pub(crate) fn take_erasures(
        &mut self,
        request: &SyncRequest,
        response: &SyncResponse,
        out: &mut Applied,
    ) -> Result<(), ClientError> {
        if request.epoch != response.epoch {
            // Revisions of another epoch are not those of this one.
            self.core.session.erasures = 0;
        }
        // What waited when its record was erased has been decided on by now, or waits on.
        for record in std::mem::take(&mut self.core.session.erasing) {
            self.erase_record(&record)?;
        }
        let Some(news) = &response.erasures else {
            return Ok(());
        };
        for record in &news.records {
            self.erase_record(record)?;
        }
        let asked = request.report.as_ref().map(|report| report.erasures);
        let answers = asked == Some(self.core.session.erasures) || request.epoch != response.epoch;
        if answers {
            self.core.session.erasures = news.revision;
        }
        out.more |= news.more || !answers;
        out.moved |= news.more || !answers;
        Ok(())
    }

    fn erase_record(&mut self, record: &RecordId) -> Result<(), ClientError> {
        self.tx.drop_aside()?;
        for (key, value) in self.tx.scan(ENTRIES, &record.bytes())? {
            let stream = stream_of_key(&key[16..])?;
            let mut row = EntryRow::decode(ref_of_key(&key)?, &value)?;
            if row.fate == Fate::Pending {
                self.core.session.erasing.insert(*record);
            }
            if row.fate != Fate::Pending
                && let Some(entry) = &mut row.entry
                && entry.ops.take().is_some()
            {
                self.put_entry(record, stream, &row)?;
            }
            self.drop_part(record, stream)?;
            self.forget_seen(record, stream)?;
        }
        Ok(())
    }

    /// The form of a record that has no row any more, from the headers of its entries.
    pub(crate) fn form_of_entries(
        &self,
        record: &RecordId,
    ) -> Result<Option<FormCode>, ClientError> {
        for (key, value) in self.tx.scan(ENTRIES, &record.bytes())? {
            let row = EntryRow::decode(ref_of_key(&key)?, &value)?;
            if let Some(Target::New { form, .. }) = row.entry.map(|e| e.header.target) {
                return Ok(Some(form));
            }
        }
        Ok(None)
    }
}

impl Shell {
    /// Erases everything because the server says so, and tells it. The receipt is signed before the
    /// key goes; one that gets lost on the way is not sent again, since nothing is left to send it.
    pub(crate) fn wipe_as_told(&self, transport: &dyn Transport) -> Result<(), ClientError> {
        let receipt = {
            let state = self.state.read();
            state.core.account.as_ref().map(|account| {
                let signature = state.key.sign(&wiped_statement(account.device));
                (account.device, to_hex(&signature.0))
            })
        };
        self.wipe()?;
        if let Some((device, signature)) = receipt
            && let Ok(body) = serde_json::to_vec(&Wiped { signature })
        {
            // What is erased stays erased, whether or not anybody hears of it.
            let _ = transport.call(HttpRequest {
                method: "POST".to_owned(),
                path: format!("/v1/devices/{device}/wiped"),
                headers: vec![("content-type".to_owned(), "application/json".to_owned())],
                body,
            });
        }
        Ok(())
    }
}
