//! Reading records: details, history, refused edits and where the phone stands.

use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::notice::{Locale, text};
use gridfold_sync_core::view::Candidate;

use crate::error::ClientError;
use crate::shell::Shell;
use crate::shell::rows::{EntryRow, Fate, RecordRow, StreamNo, ref_of_key, stream_of_key};
use crate::shell::state::{Core, State, entry_row};
use crate::shell::store::{ENTRIES, RECORDS, Rx, Source};
use crate::shell::summary::with_view;
use crate::types::{
    Conflict, ConflictCandidate, EntryState, HistoryEntry, PartInfo, RecordDetail, RefusedEdit,
    Status, StatusTip,
};

impl State {
    pub(crate) fn refused_of(&self, record: &RecordId) -> u32 {
        let n = self
            .core
            .refused
            .values()
            .filter(|r| r.record == *record)
            .count();
        u32::try_from(n).unwrap_or(u32::MAX)
    }
}

fn candidate(
    rx: &Rx<'_>,
    core: &Core,
    stream: StreamNo,
    candidate: &Candidate,
) -> Result<ConflictCandidate, ClientError> {
    let row = entry_row(rx, stream, &candidate.by)?.map(|(_, row)| row);
    let said = row.as_ref().and_then(|r| r.said);
    let own = core
        .account
        .as_ref()
        .filter(|_| core.is_own(candidate.by.incarnation))
        .map(|a| a.author());
    let author = said.map(|s| s.author).or(own);
    let user = author.map(|a| a.user);
    Ok(ConflictCandidate {
        value: candidate.value.clone(),
        json: candidate.value.to_json(),
        entry: candidate.by,
        device: author.map(|a| a.device),
        user,
        user_name: user.and_then(|u| core.held.as_ref()?.user_name(u)),
        claimed: row.and_then(|r| r.entry).map(|e| e.header.claimed),
        received: said.map(|s| s.received),
    })
}

impl Shell {
    fn record_row(&self, rx: &Rx<'_>, record: &RecordId) -> Result<Option<RecordRow>, ClientError> {
        match rx.get(RECORDS, &record.bytes())? {
            Some(bytes) => Ok(Some(RecordRow::decode(&bytes)?)),
            None => Ok(None),
        }
    }

    pub(crate) fn get(&self, record: &RecordId) -> Result<Option<RecordDetail>, ClientError> {
        self.read(|rx| {
            let state = self.state.read();
            let Some(row) = self.record_row(rx, record)? else {
                return Ok(None);
            };
            let core = &state.core;
            let mut conflicts = Vec::new();
            for (stream, part) in &row.parts {
                for (path, sides) in part.conflicts() {
                    conflicts.push(Conflict {
                        path: path.to_string(),
                        candidates: sides
                            .iter()
                            .map(|c| candidate(rx, core, *stream, c))
                            .collect::<Result<_, _>>()?,
                    });
                }
            }
            Ok(Some(with_view(core, record, &row, |view| {
                let mut status_tips = Vec::new();
                if let (Some(lifecycle), Some(main)) = (&view.form.lifecycle, view.main()) {
                    let fold = lifecycle.fold(main);
                    if fold.tips.len() > 1 {
                        status_tips = fold
                            .tips
                            .iter()
                            .map(|tip| StatusTip {
                                action: tip.made.action.to_string(),
                                status: tip.status.to_string(),
                                note: tip.made.note.clone(),
                                entry: tip.made.by,
                            })
                            .collect();
                    }
                }
                RecordDetail {
                    record: *record,
                    form: row.row.form.clone(),
                    form_version: view.form.version,
                    grid: row.row.grid.clone(),
                    title: view.title(),
                    household: view.household(),
                    fields: view.fields(),
                    cells: view
                        .parts
                        .iter()
                        .flat_map(|(_, part)| part.fields.clone())
                        .collect(),
                    status: view.status(),
                    status_tips,
                    deleted: view.is_deleted(),
                    conflicts,
                    missing: view.missing(),
                    pending: state.pending.contains_key(record),
                    refused: state.refused_of(record),
                    parts: view
                        .parts
                        .iter()
                        .map(|(class, part)| PartInfo {
                            class: *class,
                            heads: part.heads.clone(),
                            entries: part.entries,
                        })
                        .collect(),
                }
            })))
        })
    }

    pub(crate) fn canonical(
        &self,
        record: &RecordId,
    ) -> Result<Option<serde_json::Value>, ClientError> {
        self.read(|rx| {
            let state = self.state.read();
            let row = self.record_row(rx, record)?;
            Ok(row.map(|row| with_view(&state.core, record, &row, |view| view.canonical())))
        })
    }

    pub(crate) fn history(&self, record: &RecordId) -> Result<Vec<HistoryEntry>, ClientError> {
        self.read(|rx| {
            let state = self.state.read();
            let core = &state.core;
            let mut out = Vec::new();
            for (key, value) in rx.scan(ENTRIES, &record.bytes())? {
                let stream = stream_of_key(&key[16..])?;
                let row = EntryRow::decode(ref_of_key(&key)?, &value)?;
                let Some(entry) = row.entry else { continue };
                let own = core
                    .account
                    .as_ref()
                    .filter(|_| core.is_own(row.id.incarnation));
                let author = row.said.map(|s| s.author).or(own.map(|a| a.author()));
                let user = author.map(|a| a.user);
                let state = match row.fate {
                    Fate::Pending => EntryState::Pending,
                    fate => match fate.code() {
                        Some(code) => EntryState::Refused {
                            code: code.to_owned(),
                        },
                        None => EntryState::Admitted {
                            late: row.said.is_some_and(|s| s.verdict.to_u8() == 1),
                        },
                    },
                };
                out.push(HistoryEntry {
                    stream: core.stream(stream)?.clone(),
                    entry: row.id,
                    device: author.map(|a| a.device),
                    user,
                    user_name: user.and_then(|u| core.held.as_ref()?.user_name(u)),
                    claimed: entry.header.claimed,
                    received: row.said.map(|s| s.received),
                    form_version: entry.header.form_version,
                    state,
                    ops: entry.ops.unwrap_or_default(),
                });
            }
            out.sort_by_key(|e| (e.claimed, e.entry));
            Ok(out)
        })
    }

    pub(crate) fn refused(&self) -> Vec<RefusedEdit> {
        let state = self.state.read();
        state
            .core
            .refused
            .iter()
            .filter_map(|((stream, entry), row)| {
                Some(RefusedEdit {
                    stream: state.core.stream(*stream).ok()?.clone(),
                    entry: *entry,
                    record: row.record,
                    ops: row.ops.clone(),
                    message_zh: text(&row.code, Locale::Zh).to_owned(),
                    message_en: text(&row.code, Locale::En).to_owned(),
                    code: row.code.clone(),
                    at: row.at,
                })
            })
            .collect()
    }

    pub(crate) fn status(&self) -> Status {
        let state = self.state.read();
        let core = &state.core;
        Status {
            pending: state.outbox.len() as u64,
            refused: core.refused.len() as u64,
            last_sync: core.session.last_sync,
            clock_skew_ms: core.session.clock_skew_ms,
            cursors: core
                .cursors
                .iter()
                .filter_map(|(n, at)| Some((core.stream(*n).ok()?.clone(), at.seq)))
                .collect(),
            storage_bytes: self.store().map_or(0, |s| s.bytes()),
            damaged: self.is_damaged(),
        }
    }
}
