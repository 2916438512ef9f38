//! What a bundle holds once it is opened.

use crate::carry::CarryError;
use crate::carry::logs::{CarriedLog, get_carried, put_carried};
use crate::codec::{DecodeError, Reader};
use crate::entry::{PublicKey, head_statement, next_link};
use crate::ids::{DeviceId, Hash, IncarnationId, StreamId};
use crate::limits::MAX_ENTRIES_PER_PUSH;
use crate::wire::{pack, unpack};

/// Where a verified device log ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEnd {
    /// The stream.
    pub stream: StreamId,
    /// Whose log it is.
    pub incarnation: IncarnationId,
    /// The newest entry.
    pub seq: u64,
    /// The link after it.
    pub link: Hash,
}

/// The device logs of one device. A long log comes in several pieces, each signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarryBody {
    /// The device that made the entries; a claim until [`CarryBody::verify`].
    pub author: DeviceId,
    /// Its logs, in the order they are to be admitted.
    pub logs: Vec<CarriedLog>,
}

impl CarryBody {
    /// How many entries there are.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.logs.iter().map(|l| l.log.entries.len()).sum()
    }

    /// Its bytes, compressed when that is smaller.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut content = self.author.bytes().to_vec();
        put_carried(&mut content, &self.logs);
        let mut out = Vec::new();
        pack(&content, &mut out);
        out
    }

    /// Reads what [`CarryBody::encode`] wrote.
    ///
    /// # Errors
    /// [`DecodeError`]; nothing of a body that does not decode is used.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let content = unpack(bytes)?;
        let mut r = Reader::new(&content);
        let author = DeviceId::from_bytes(r.array()?);
        let logs = get_carried(&mut r)?;
        r.finish()?;
        Ok(Self { author, logs })
    }

    /// Checks that the device with this key signed all of it; gives where each piece ends.
    ///
    /// The signature is over a chain of hashes that ends in it, so that one which verifies binds
    /// every entry of the piece, whatever link the piece claims to begin at.
    ///
    /// # Errors
    /// [`CarryError::BadSignature`], for an empty or too long piece and for sequences with holes too.
    pub fn verify(&self, key: &PublicKey) -> Result<Vec<LogEnd>, CarryError> {
        self.logs.iter().map(|piece| end_of(piece, key)).collect()
    }
}

fn end_of(piece: &CarriedLog, key: &PublicKey) -> Result<LogEnd, CarryError> {
    let log = &piece.log;
    let (Some(first), Some(last)) = (log.entries.first(), log.entries.last()) else {
        return Err(CarryError::BadSignature);
    };
    let dense = log
        .entries
        .windows(2)
        .all(|w| w[0].header.seq.checked_add(1) == Some(w[1].header.seq));
    let whose = log.entries.iter().all(|e| e.incarnation == log.incarnation);
    if !dense || !whose || first.header.seq == 0 || log.entries.len() > MAX_ENTRIES_PER_PUSH {
        return Err(CarryError::BadSignature);
    }
    let link = log.entries.iter().fold(piece.before, |link, entry| {
        next_link(&link, &entry.hash(&log.stream))
    });
    let seq = last.header.seq;
    let statement = head_statement(&log.stream, log.incarnation, seq, &link);
    if !key.verify(&statement, &log.signature) {
        return Err(CarryError::BadSignature);
    }
    Ok(LogEnd {
        stream: log.stream.clone(),
        incarnation: log.incarnation,
        seq,
        link,
    })
}
