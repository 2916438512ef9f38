//! Erasing as told: a record that was erased for good, a stream, or everything.
//!
//! What enters: what the server says was erased. What leaves: a store without its contents. What
//! never happens here: erasing what this phone wrote and the server has not decided on, or refused;
//! that stays until the person settles it.

use std::sync::Arc;

use gridfold_sync_core::codec::{Reader, to_hex};
use gridfold_sync_core::entry::wiped_statement;
use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::session::phone::Fate;

use crate::error::ClientError;
use crate::shell::Shell;
use crate::shell::batch::Batch;
use crate::shell::http::Wiped;
use crate::shell::rows::{StreamNo, decode_entry, ref_of_key, stream_of_key};
use crate::shell::store::{CURSORS, ENTRIES, ITEMS, REFS, Source};
use crate::shell::transport::{AsyncTransport, HttpRequest};

impl Batch<'_> {
    /// Erases the words of a record but those that wait; tells whether any do.
    pub(crate) fn erase_record(&mut self, record: &RecordId) -> Result<bool, ClientError> {
        self.tx.drop_aside()?;
        let mut waits = false;
        for (key, value) in self.tx.scan(ENTRIES, &record.bytes())? {
            let stream = stream_of_key(&key[16..])?;
            let mut row = decode_entry(ref_of_key(&key)?, &value)?;
            waits |= row.fate == Fate::Pending;
            if row.fate != Fate::Pending
                && let Some(entry) = &mut row.entry
                && entry.ops.take().is_some()
            {
                self.put_entry(record, stream, &row)?;
            }
            self.drop_part(record, stream)?;
            self.forget_seen(record, stream)?;
        }
        Ok(waits)
    }

    /// Erases all of a stream but refused edits; they stay until the person settles them.
    pub(crate) fn erase_stream(&mut self, stream: StreamNo) -> Result<(), ClientError> {
        self.tx.drop_aside()?;
        let waiting = self.outbox().filter(|item| item.stream == stream);
        for id in waiting.map(|item| item.id).collect::<Vec<_>>() {
            self.dequeue(stream, &id)?;
        }
        let records: Vec<RecordId> = self
            .state
            .rows
            .iter()
            .filter(|(_, row)| row.streams.contains(&stream))
            .map(|(record, _)| *record)
            .collect();
        for record in records {
            self.drop_part(&record, stream)?;
            self.forget_seen(&record, stream)?;
        }
        for (key, record) in self.tx.scan(REFS, &stream.to_be_bytes())? {
            let record = RecordId::from_bytes(Reader::new(&record).array()?);
            self.drop_part(&record, stream)?;
            self.forget_seen(&record, stream)?;
            let id = ref_of_key(&key)?;
            self.drop_entry(&record, stream, &id)?;
        }
        self.tx.delete_all(ITEMS, &stream.to_be_bytes())?;
        self.forget_receipts(stream, 0)?;
        self.tx.delete(CURSORS, &stream.to_be_bytes())?;
        Arc::make_mut(&mut self.bearings.cursors).remove(&stream);
        // Were the stream given back, a log that begins again would be a fork.
        if self.bearings.heads.contains_key(&stream) {
            self.renew_incarnation()?;
        }
        Ok(())
    }
}

impl Shell {
    /// Erases everything because the server says so, and tells it. The receipt is signed before the
    /// key goes; one that gets lost on the way is not sent again, since nothing is left to send it.
    pub(crate) async fn wipe_as_told(
        &self,
        transport: &dyn AsyncTransport,
    ) -> Result<(), ClientError> {
        let receipt = {
            let state = self.state.read();
            state.bearings.account.as_ref().map(|account| {
                let signature = state.key.sign(&wiped_statement(account.device));
                (account.device, to_hex(&signature.0))
            })
        };
        self.wipe()?;
        if let Some((device, signature)) = receipt
            && let Ok(body) = serde_json::to_vec(&Wiped { signature })
        {
            // What is erased stays erased, whether or not anybody hears of it.
            let _ = transport
                .call(HttpRequest {
                    method: "POST".to_owned(),
                    path: format!("/v1/devices/{device}/wiped"),
                    headers: vec![("content-type".to_owned(), "application/json".to_owned())],
                    body,
                })
                .await;
        }
        Ok(())
    }
}
