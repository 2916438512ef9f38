//! Receipts: what proves to a restored server what it had said.
//!
//! What enters: receipts of answers, each for some streams up to a place. What leaves: the newest,
//! and of older ones as many as a run from one to the next needs. What never happens here: letting
//! go of a body while a place still names it.

use gridfold_sync_core::codec::Reader;
use gridfold_sync_core::entry::Receipt;
use gridfold_sync_core::limits::MAX_ITEMS_PER_PULL;

use crate::error::ClientError;
use crate::shell::batch::Batch;
use crate::shell::rows::{StreamNo, place_key};
use crate::shell::store::{RECEIPT_BODIES, RECEIPTS, Source};

/// Newest receipts kept for each stream.
const KEPT_RECEIPTS: usize = 16;
/// Of older ones, the last of as many places is kept.
const RECEIPT_STRETCH: u64 = MAX_ITEMS_PER_PULL as u64 / 2;

/// Places up to which receipts prove a stream, ascending.
pub(crate) fn proved(source: &impl Source, stream: StreamNo) -> Result<Vec<u64>, ClientError> {
    let keys = source.keys(RECEIPTS, &stream.to_be_bytes())?;
    keys.iter().map(|key| seq_of(key)).collect()
}

/// The receipt that proves a stream up to a place.
pub(crate) fn receipt(
    source: &impl Source,
    stream: StreamNo,
    seq: u64,
) -> Result<Option<Receipt>, ClientError> {
    let Some(number) = source.get(RECEIPTS, &place_key(stream, seq))? else {
        return Ok(None);
    };
    let number = u64::from_be_bytes(Reader::new(&number).array()?);
    match source.get(RECEIPT_BODIES, &body_key(number, 1))? {
        Some(body) => Ok(Some(Receipt::decode(&mut Reader::new(&body))?)),
        None => Ok(None),
    }
}

impl Batch<'_> {
    /// Keeps a receipt for the streams it proves.
    pub(crate) fn put_receipt(
        &mut self,
        receipt: &Receipt,
        streams: &[(StreamNo, u64)],
    ) -> Result<(), ClientError> {
        let number = match self.tx.last_key(RECEIPT_BODIES, &[])? {
            Some(key) => u64::from_be_bytes(Reader::new(&key).array()?) + 1,
            None => 0,
        };
        self.put_body_count(number, streams.len() as u64)?;
        self.tx
            .put(RECEIPT_BODIES, &body_key(number, 1), &receipt.encode())?;
        for (stream, seq) in streams {
            self.release_receipt(*stream, *seq)?;
            self.tx
                .put(RECEIPTS, &place_key(*stream, *seq), &number.to_be_bytes())?;
            self.prune_receipts(*stream)?;
        }
        Ok(())
    }

    fn put_body_count(&self, number: u64, count: u64) -> Result<(), ClientError> {
        self.tx
            .put(RECEIPT_BODIES, &body_key(number, 0), &count.to_be_bytes())
    }

    fn release_receipt(&self, stream: StreamNo, seq: u64) -> Result<(), ClientError> {
        let key = place_key(stream, seq);
        let Some(value) = self.tx.get(RECEIPTS, &key)? else {
            return Ok(());
        };
        self.tx.delete(RECEIPTS, &key)?;
        let number = u64::from_be_bytes(Reader::new(&value).array()?);
        let count = match self.tx.get(RECEIPT_BODIES, &body_key(number, 0))? {
            Some(count) => u64::from_be_bytes(Reader::new(&count).array()?),
            None => 0,
        };
        if count > 1 {
            self.put_body_count(number, count - 1)
        } else {
            self.tx.delete_all(RECEIPT_BODIES, &number.to_be_bytes())
        }
    }

    /// Keeps the newest, and of each stretch of the stream one: a run from one to the next never
    /// holds more than a message does.
    fn prune_receipts(&self, stream: StreamNo) -> Result<(), ClientError> {
        let keys = self.tx.keys(RECEIPTS, &stream.to_be_bytes())?;
        let surplus = keys.len().saturating_sub(KEPT_RECEIPTS);
        for pair in keys.windows(2).take(surplus) {
            let (seq, next) = (seq_of(&pair[0])?, seq_of(&pair[1])?);
            if seq / RECEIPT_STRETCH == next / RECEIPT_STRETCH {
                self.release_receipt(stream, seq)?;
            }
        }
        Ok(())
    }

    /// Lets go of receipts for places past this one.
    pub(crate) fn forget_receipts(&self, stream: StreamNo, past: u64) -> Result<(), ClientError> {
        for key in self.tx.keys(RECEIPTS, &stream.to_be_bytes())? {
            let seq = seq_of(&key)?;
            if seq > past {
                self.release_receipt(stream, seq)?;
            }
        }
        Ok(())
    }
}

fn body_key(number: u64, part: u8) -> Vec<u8> {
    let mut key = number.to_be_bytes().to_vec();
    key.push(part);
    key
}

pub(crate) fn seq_of(key: &[u8]) -> Result<u64, ClientError> {
    let mut r = Reader::new(key);
    r.take(4)?;
    Ok(u64::from_be_bytes(r.array()?))
}
