//! Import: bundles and receipts that somebody brings.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::admission::LogProblem;
use gridfold_sync_core::carry::{
    Bundle, CarryBody, CarryError, CarryFile, CarryKind, CarryReceipt,
};
use gridfold_sync_core::entry::{Author, PublicKey, Target};
use gridfold_sync_core::ids::{DeviceId, EntryRef, RecordId};
use gridfold_sync_core::limits::{MAX_CARRIED_BUNDLES, MAX_CARRIED_BYTES, MAX_CARRY_RECEIPTS};
use gridfold_sync_core::session::phone::{Fate, HeldEntry, link_after};

use super::rejected;
use super::rows::{
    CarriedRow, HeldBundle, HeldReceipt, at_server, bundles, name_of, put_mark, receipts,
};

use crate::error::ClientError;
use crate::event::ChangeCause;
use crate::shell::Shell;
use crate::shell::batch::Batch;
use crate::shell::rows::{NO_RECORD, StreamNo};
use crate::shell::state::Bearings;
use crate::shell::store::{CARRIED, CARRY, Source};
use crate::types::CarryImport;

/// Whose device it is and its key, when it is a colleague's.
fn colleague(bearings: &Bearings, device: DeviceId) -> Option<(Author, PublicKey)> {
    let scope = &bearings.held.as_ref()?.scope;
    scope.colleagues.iter().find_map(|colleague| {
        let found = colleague.devices.iter().find(|d| d.id == device)?;
        let author = Author {
            device,
            user: colleague.user,
        };
        Some((author, found.key()?))
    })
}

impl Shell {
    pub(crate) fn carry_import(&self, bytes: &[u8]) -> Result<CarryImport, ClientError> {
        let file = CarryFile::decode(bytes).map_err(|e| rejected(e.into()))?;
        self.commit(ChangeCause::Sync, |batch| match &file {
            CarryFile::Receipt(receipt) => batch.take_carry_receipt(receipt),
            CarryFile::Bundle(bundle) => match bundle.kind {
                CarryKind::Server => batch.take_relay(bundle, bytes),
                CarryKind::Colleagues => batch.take_colleagues(bundle),
            },
        })
    }
}

impl Batch<'_> {
    fn take_relay(&mut self, bundle: &Bundle, bytes: &[u8]) -> Result<CarryImport, ClientError> {
        let account = self.bearings.account.as_ref();
        let account = account.ok_or(ClientError::SignInRequired)?;
        if !bundle.is_for(&account.server_key()) {
            return Err(rejected(CarryError::NotForUs));
        }
        self.hold(&HeldBundle {
            id: bundle.id,
            author: None,
            refused: None,
            content: bytes.to_vec(),
        })?;
        Ok(CarryImport::Relay { id: bundle.id })
    }

    /// Keeps a bundle, unless it is here already or there is no room.
    fn hold(&self, bundle: &HeldBundle) -> Result<(), ClientError> {
        let key = bundle.key();
        let all = bundles(self.tx)?;
        if all.iter().any(|held| held.key() == key) {
            return Ok(());
        }
        let bytes: usize = all.iter().map(|held| held.content.len()).sum();
        if all.len() >= MAX_CARRIED_BUNDLES || bytes + bundle.content.len() > MAX_CARRIED_BYTES {
            return Err(rejected(CarryError::Full));
        }
        self.tx.put(CARRY, &key, &bundle.encode())
    }

    fn take_colleagues(&mut self, bundle: &Bundle) -> Result<CarryImport, ClientError> {
        if self.bearings.account.is_none() {
            return Err(ClientError::SignInRequired);
        }
        let content = bundle.open(&self.state.key).map_err(rejected)?;
        let body = CarryBody::decode(&content).map_err(|e| rejected(e.into()))?;
        let (author, key) = colleague(&self.bearings, body.author)
            .ok_or_else(|| rejected(CarryError::AuthorUnknown))?;
        body.verify(&key).map_err(rejected)?;
        self.hold(&HeldBundle {
            id: bundle.id,
            author: Some(author),
            refused: None,
            content,
        })?;
        let entries = self.file_carried(bundle, author, &body)?;
        let held = self.bearings.held.as_ref();
        Ok(CarryImport::Entries {
            id: bundle.id,
            author: author.user,
            author_name: held.and_then(|h| h.user_name(author.user)),
            entries,
        })
    }

    /// Files the entries that this user may read by their records; the rest only travels on.
    fn file_carried(
        &mut self,
        bundle: &Bundle,
        author: Author,
        body: &CarryBody,
    ) -> Result<u64, ClientError> {
        let followed = self.bearings.held.as_ref().map(|h| h.streams());
        let followed = followed.unwrap_or_default();
        let mut records: BTreeMap<(StreamNo, EntryRef), RecordId> = BTreeMap::new();
        for key in self.tx.keys(CARRIED, &[])? {
            let name = name_of(&key)?;
            if name.device == author.device && name.record.bytes() != NO_RECORD {
                records.insert((name.stream, name.id), name.record);
            }
        }
        let mut touched = BTreeSet::new();
        let mut count = 0;
        for log in body.logs.iter().map(|piece| &piece.log) {
            if !followed.contains(&log.stream) {
                continue;
            }
            let stream = self.number(&log.stream)?;
            for entry in &log.entries {
                let record = match &entry.header.target {
                    Target::New { record, .. } => Some(*record),
                    Target::At(heads) => self.record_of(stream, heads, &records)?,
                };
                if let Some(record) = record {
                    records.insert((stream, entry.id()), record);
                    touched.insert(record);
                }
                let carried = CarriedRow {
                    record: record.unwrap_or_else(|| RecordId::from_bytes(NO_RECORD)),
                    stream,
                    author,
                    bundle: bundle.id,
                    row: HeldEntry {
                        id: entry.id(),
                        hash: entry.hash(&log.stream),
                        fate: Fate::Pending,
                        link: None,
                        said: None,
                        entry: Some(entry.clone()),
                    },
                };
                self.tx.put(CARRIED, &carried.key(), &carried.encode())?;
                count += 1;
            }
        }
        for record in touched {
            if self.record(&record)?.is_some() {
                self.touch(&record);
            }
        }
        Ok(count)
    }

    fn record_of(
        &self,
        stream: StreamNo,
        heads: &[EntryRef],
        carried: &BTreeMap<(StreamNo, EntryRef), RecordId>,
    ) -> Result<Option<RecordId>, ClientError> {
        for head in heads {
            if let Some(record) = carried.get(&(stream, *head)) {
                return Ok(Some(*record));
            }
            let known = self.entry(stream, head)?.map(|(record, _)| record);
            if let Some(record) = known.filter(|r| r.bytes() != NO_RECORD) {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// Takes a receipt: for this phone it says what is at the server, for another it is kept.
    pub(super) fn take_carry_receipt(
        &mut self,
        receipt: &CarryReceipt,
    ) -> Result<CarryImport, ClientError> {
        let account = self.bearings.account.clone();
        let account = account.ok_or(ClientError::SignInRequired)?;
        if !receipt.verify(&account.server_key()) {
            return Err(rejected(CarryError::BadReceipt));
        }
        let id = receipt.id;
        if receipt.device != account.device {
            self.keep_receipt(receipt)?;
            return Ok(CarryImport::ReceiptForOther { id });
        }
        let entries = self.mark_at_server(receipt)?;
        Ok(CarryImport::Receipt { id, entries })
    }

    fn keep_receipt(&self, receipt: &CarryReceipt) -> Result<(), ClientError> {
        let all = receipts(self.tx)?;
        let kept = HeldReceipt {
            id: receipt.id,
            device: receipt.device,
            order: all.last().map_or(0, |last| last.order + 1),
            bytes: receipt.encode(),
        };
        let fits = |known: &&HeldReceipt| known.key() != kept.key();
        let others: Vec<&HeldReceipt> = all.iter().filter(fits).collect();
        // Its author's own sync says the same: the oldest may go.
        let surplus = (others.len() + 1).saturating_sub(MAX_CARRY_RECEIPTS);
        for old in others.iter().take(surplus) {
            self.tx.delete(CARRY, &old.key())?;
        }
        self.tx.put(CARRY, &kept.key(), &kept.encode())
    }

    fn mark_at_server(&mut self, receipt: &CarryReceipt) -> Result<u64, ClientError> {
        let marks = at_server(self.tx)?;
        let mut fresh: BTreeSet<(StreamNo, EntryRef)> = BTreeSet::new();
        for end in &receipt.logs {
            let Some(stream) = self.bearings.numbers.get(&end.stream).copied() else {
                continue;
            };
            let id = EntryRef {
                incarnation: end.incarnation,
                seq: end.seq,
            };
            // The server has this very log up to there only if its link is ours.
            let link = link_after(self, stream, id)?;
            let before = marks.get(&(stream, end.incarnation)).copied().unwrap_or(0);
            if link != Some(end.link) || !self.bearings.is_own(end.incarnation) || end.seq <= before
            {
                continue;
            }
            put_mark(self.tx, stream, end.incarnation, end.seq)?;
            let waiting: Vec<_> = self.outbox().copied().collect();
            for item in waiting {
                let known = item.stream == stream
                    && item.id.incarnation == end.incarnation
                    && (before + 1..=end.seq).contains(&item.id.seq);
                if known && fresh.insert((stream, item.id)) && self.record(&item.record)?.is_some()
                {
                    self.touch(&item.record);
                }
            }
        }
        for notice in &receipt.problems {
            let LogProblem::Gap { expected } = notice.problem else {
                continue;
            };
            // It has less than a receipt said before: a restored server, to which all goes again.
            if let Some(stream) = self.bearings.numbers.get(&notice.stream).copied()
                && marks
                    .get(&(stream, notice.incarnation))
                    .is_some_and(|seq| *seq >= expected)
            {
                put_mark(
                    self.tx,
                    stream,
                    notice.incarnation,
                    expected.saturating_sub(1),
                )?;
            }
        }
        Ok(fresh.len() as u64)
    }
}
