//! What a server holds and a backup has: the log with its rows, and what phones give back of it.

use gridfold_sync_core::admission::{Decision, Facts};
use gridfold_sync_core::entry::{Entry, Item, PublicKey, Target, next_link};
use gridfold_sync_core::ids::{FormCode, RecordId, StreamId};
use gridfold_sync_core::merge::fold;
use gridfold_sync_core::view::RecordView;
use gridfold_sync_core::wire::RecoverRun;

use super::facts::MemoryFacts;

#[derive(Debug, Clone, Default)]
pub struct World {
    pub epoch: u64,
    pub facts: MemoryFacts,
}

impl World {
    /// A record as a phone that holds all parts must show it.
    pub fn canonical(&self, record: RecordId) -> serde_json::Value {
        let Some((_, form)) = self.facts.records().get(&record) else {
            return serde_json::Value::Null;
        };
        let form = self.facts.directory.forms().latest(form).unwrap();
        let parts = self.facts.parts().iter();
        let mut parts: Vec<_> = parts
            .filter(|((_, r), _)| *r == record)
            .map(|((stream, _), part)| (stream.class, part))
            .collect();
        parts.sort_by_key(|(class, _)| *class);
        RecordView {
            record,
            form,
            parts,
        }
        .canonical()
    }

    /// Takes in what a phone gives back, as far as the receipt proves it and it follows.
    pub fn recover(&mut self, run: &RecoverRun, server: &PublicKey) {
        let before = self.facts.prefix(&run.stream, run.after);
        let (Some(proof), Some(before)) = (run.proof(server), before) else {
            return;
        };
        if !run.leads_to(proof, before) {
            return;
        }
        for item in &run.items {
            let head = self
                .facts
                .log_head(&run.stream, item.id.incarnation)
                .unwrap();
            if item.id.seq != head.seq + 1 {
                continue;
            }
            let (record, form) = self.told(&run.stream, item).unzip();
            let state = match (&item.entry, record, &form) {
                (Some(entry), Some(record), Some(form)) if item.verdict.is_admitted() => {
                    let mut all = self.facts.entries(&run.stream, record);
                    all.push(entry.clone());
                    fold(form, &all).ok()
                }
                _ => None,
            };
            let hollow = || Entry::hollow(item.id);
            let decision = Decision {
                entry: item.entry.clone().unwrap_or_else(hollow),
                hash: item.entry_hash,
                link: next_link(&head.link, &item.entry_hash),
                author: item.author,
                received: item.received,
                verdict: item.verdict,
                record,
                form,
                state,
                signature: None,
            };
            self.facts.decided(&run.stream, &decision).unwrap();
        }
    }

    /// The record and form of an item that is given back.
    fn told(&mut self, stream: &StreamId, item: &Item) -> Option<(RecordId, FormCode)> {
        match &item.entry.as_ref()?.header.target {
            Target::New { record, form } => Some((*record, form.clone())),
            Target::At(deps) => {
                let record = self.facts.entry(stream, &deps[0]).ok()??.record?;
                let (_, form) = self.facts.records().get(&record)?;
                Some((record, form.clone()))
            }
        }
    }
}
