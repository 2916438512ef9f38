//! Items as the log holds them: the server's words about an entry, its header, its sealed payload.

use gridfold_sync_core::codec::{DecodeError, Reader, put_bytes, put_i64, put_str};
use gridfold_sync_core::edit::encode_payload;
use gridfold_sync_core::entry::{Author, Entry, Header, Item, Signature, Verdict, item_hash};
use gridfold_sync_core::ids::{
    DeviceId, EntryRef, FormCode, Hash, IncarnationId, RecordId, UserId,
};
use gridfold_sync_core::limits::{MAX_NAME_BYTES, MAX_PAYLOAD_BYTES};
use gridfold_sync_core::time::Timestamp;
use uuid::Uuid;

use crate::keys::{RecordKeys, StoreError, open, seal};
use crate::log::MAX_ITEM_BYTES;

const STORED_VERSION: u8 = 1;

/// An item of the log without its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredItem {
    /// Name of the entry.
    pub id: EntryRef,
    /// Who made it.
    pub author: Author,
    /// When it came.
    pub received: Timestamp,
    /// What was decided.
    pub verdict: Verdict,
    /// Hash of the entry.
    pub entry_hash: Hash,
    /// The record it is on, when that could be told.
    pub record: Option<RecordId>,
    /// The record's form, when that could be told.
    pub form: Option<FormCode>,
    /// The device's signature over its log up to here, on the last entry of a push.
    pub signature: Option<Signature>,
    /// Put back by a phone under a receipt after a restore: the receipt vouches, not a signature.
    pub recovered: bool,
    /// The header; none when only its hash could be put back.
    pub header: Option<Header>,
    /// The payload, sealed under the record's key; none when erased or never here.
    pub sealed: Option<Vec<u8>>,
}

/// Whose key seals an entry's payload: its record's, or its device's when no record can be told.
#[must_use]
pub(crate) fn key_owner(record: Option<RecordId>, device: DeviceId) -> Uuid {
    record.map_or(device.0, |r| r.0)
}

/// Seals the payload of an entry.
///
/// # Errors
/// When there is no randomness or no key store.
pub(crate) fn seal_payload(
    keys: &RecordKeys,
    owner: Uuid,
    entry: &Entry,
    hash: &Hash,
) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(ops) = &entry.ops else {
        return Ok(None);
    };
    // An erased record has no key: nothing of it is kept any more.
    let Some(key) = keys.get(owner)? else {
        return Ok(None);
    };
    Ok(seal(&key, &hash.0, &encode_payload(ops)).ok())
}

impl StoredItem {
    /// The bytes that the log keeps.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256 + self.sealed.as_ref().map_or(0, Vec::len));
        out.push(STORED_VERSION);
        out.extend_from_slice(&self.id.to_bytes());
        out.extend_from_slice(&self.author.device.bytes());
        out.extend_from_slice(&self.author.user.bytes());
        put_i64(&mut out, self.received.millis());
        out.push(self.verdict.to_u8());
        out.extend_from_slice(&self.entry_hash.0);
        let flags = u8::from(self.record.is_some())
            | u8::from(self.form.is_some()) << 1
            | u8::from(self.signature.is_some()) << 2
            | u8::from(self.recovered) << 3
            | u8::from(self.header.is_some()) << 4
            | u8::from(self.sealed.is_some()) << 5;
        out.push(flags);
        if let Some(record) = &self.record {
            out.extend_from_slice(&record.bytes());
        }
        if let Some(form) = &self.form {
            put_str(&mut out, form.as_str());
        }
        if let Some(signature) = &self.signature {
            out.extend_from_slice(&signature.0);
        }
        if let Some(header) = &self.header {
            put_bytes(&mut out, &header.encode());
        }
        if let Some(sealed) = &self.sealed {
            put_bytes(&mut out, sealed);
        }
        out
    }

    /// Reads what the log kept.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are not an item; the log's checksum makes that a defect.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        if r.u8()? != STORED_VERSION {
            return Err(DecodeError::UnknownVersion);
        }
        let id = EntryRef {
            incarnation: IncarnationId::from_bytes(r.array()?),
            seq: u64::from_be_bytes(r.array()?),
        };
        let author = Author {
            device: DeviceId::from_bytes(r.array()?),
            user: UserId::from_bytes(r.array()?),
        };
        let received = Timestamp(r.i64()?);
        let verdict = Verdict::from_u8(r.u8()?).ok_or(DecodeError::OutOfRange("verdict"))?;
        let entry_hash = Hash(r.array()?);
        let flags = r.u8()?;
        let has = |bit: u8| flags >> bit & 1 == 1;
        let record = if has(0) {
            Some(RecordId::from_bytes(r.array()?))
        } else {
            None
        };
        let form = if has(1) {
            Some(
                FormCode::new(r.str(MAX_NAME_BYTES)?)
                    .map_err(|_| DecodeError::OutOfRange("form"))?,
            )
        } else {
            None
        };
        let signature = if has(2) {
            Some(Signature(r.array()?))
        } else {
            None
        };
        let header = if has(4) {
            let mut header = Reader::new(r.bytes(MAX_ITEM_BYTES)?);
            let decoded = Header::decode(&mut header)?;
            header.finish()?;
            Some(decoded)
        } else {
            None
        };
        let sealed = if has(5) {
            Some(r.bytes(MAX_PAYLOAD_BYTES + 256)?.to_vec())
        } else {
            None
        };
        r.finish()?;
        Ok(Self {
            id,
            author,
            received,
            verdict,
            entry_hash,
            record,
            form,
            signature,
            recovered: has(3),
            header,
            sealed,
        })
    }

    /// The hash that the prefix of its stream takes in.
    #[must_use]
    pub fn item_hash(&self) -> Hash {
        item_hash(
            &self.entry_hash,
            &self.id,
            &self.author,
            self.received,
            self.verdict,
        )
    }

    /// The entry with its payload opened; without operations when its key is gone.
    ///
    /// # Errors
    /// When the key store fails.
    pub fn entry(&self, keys: &RecordKeys) -> Result<Option<Entry>, StoreError> {
        let Some(header) = &self.header else {
            return Ok(None);
        };
        let erased = Entry {
            incarnation: self.id.incarnation,
            header: header.clone(),
            ops: None,
        };
        let Some(sealed) = &self.sealed else {
            return Ok(Some(erased));
        };
        let key = match keys.get(key_owner(self.record, self.author.device)) {
            Ok(Some(key)) => key,
            // Whoever must tell what is damaged from what is erased asks `is_lost`.
            Ok(None) | Err(StoreError::Damaged(_)) => return Ok(Some(erased)),
            Err(error) => return Err(error),
        };
        let opened = open(&key, &self.entry_hash.0, sealed)
            .ok()
            .and_then(|payload| {
                Entry::from_parts(self.id.incarnation, header.clone(), &payload).ok()
            });
        Ok(Some(opened.unwrap_or(erased)))
    }

    /// Whether the payload is here and cannot be opened, though its key was not destroyed.
    ///
    /// # Errors
    /// When the key store fails.
    pub fn is_lost(&self, keys: &RecordKeys) -> Result<bool, StoreError> {
        if self.sealed.is_none() {
            return Ok(false);
        }
        keys.is_lost(key_owner(self.record, self.author.device))
    }

    /// The item as it goes to a phone. The content of a refused entry goes to its author's device only.
    ///
    /// # Errors
    /// When the key store fails.
    pub fn for_device(&self, keys: &RecordKeys, device: DeviceId) -> Result<Item, StoreError> {
        let shown = self.verdict.is_admitted() || self.author.device == device;
        Ok(Item {
            id: self.id,
            author: self.author,
            received: self.received,
            verdict: self.verdict,
            entry_hash: self.entry_hash,
            entry: if shown { self.entry(keys)? } else { None },
        })
    }
}
