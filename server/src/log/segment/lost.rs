//! Places of items that are lost, written where a backup was restored that lacked them: what follows keeps its own
//! place and its chain, and what is lost is named, over every start, until it is healed.

use super::{
    block::Blocks,
    commit::Writer,
    fold::LOST,
    frame::{Kind, encode},
    run::Place,
};
use crate::log::{
    error::LogError,
    types::{Damage, Head, StreamName},
};

impl Writer {
    /// Writes the places of lost items.
    pub(super) fn write_lost(&mut self, stream: &StreamName, end: Head) -> Result<(), LogError> {
        self.check_running()?;
        let before = self.shared.state.read().head(stream);
        if end.seq <= before.seq || end.seq - before.seq > u64::from(u32::MAX) {
            return Err(LogError::Storage {
                what: format!("{stream} goes to {} and not to {}", before.seq, end.seq),
            });
        }
        let place = Place {
            first: before.seq + 1,
            count: u32::try_from(end.seq - before.seq).unwrap_or(u32::MAX),
            segment: self.contents.segment,
            // A segment is far under 4 GiB.
            offset: self.contents.len as u32,
            block: 0,
        };
        let mut blocks = Blocks::default();
        blocks.push_lost(stream, before, end);
        let bytes = encode(&self.placing(0), Kind::Items, blocks.table(), &blocks.body);
        self.put(&bytes, 1)?;
        let mut state = self.shared.state.write();
        let mine = state.streams.entry(stream.clone()).or_default();
        mine.head = end;
        mine.places.push(place);
        let (head, places) = self.contents.streams.entry(stream.clone()).or_default();
        *head = end;
        places.push(place);
        for seq in place.first..=end.seq {
            state.name(stream, seq, LOST);
            self.contents.damage.push(Damage {
                stream: stream.clone(),
                seq,
                reason: LOST.to_owned(),
            });
        }
        Ok(())
    }
}
