//! Reading records: details, history, refused edits and where the phone stands.

use std::collections::BTreeMap;

use gridfold_sync_core::ids::{FormCode, RecordId};
use gridfold_sync_core::notice::{Edit, Locale, Teller, Told, named_in, text};
use gridfold_sync_core::session::phone::Fate;
use gridfold_sync_core::view::{Candidate, differ};

use crate::error::ClientError;
use crate::shell::Shell;
use crate::shell::carry::{at_server, carried_history, is_at_server};
use crate::shell::delivery;
use crate::shell::mend::Mended;
use crate::shell::rows::{RecordRow, StreamNo, decode_entry, ref_of_key, stream_of_key};
use crate::shell::seen::marks_in;
use crate::shell::state::{Bearings, State, entry_row};
use crate::shell::store::{ENTRIES, RECORDS, Rx, Source};
use crate::shell::summary::with_view;
use crate::shell::who::author_of;
use crate::types::{
    Conflict, ConflictCandidate, Delivery, EntryState, HistoryEntry, PartInfo, RecordDetail,
    RefusedEdit, Status, StatusTip,
};

impl State {
    pub(crate) fn refused_of(&self, record: &RecordId) -> u32 {
        let n = self
            .bearings
            .refused
            .values()
            .filter(|r| r.record == *record)
            .count();
        u32::try_from(n).unwrap_or(u32::MAX)
    }
}

fn candidate(
    rx: &Rx<'_>,
    bearings: &Bearings,
    stream: StreamNo,
    candidate: &Candidate,
) -> Result<ConflictCandidate, ClientError> {
    let row = entry_row(rx, stream, &candidate.by)?.map(|(_, row)| row);
    let said = row.as_ref().and_then(|r| r.said);
    let author = author_of(bearings, candidate.by, said);
    let user = author.map(|a| a.user);
    Ok(ConflictCandidate {
        value: candidate.value.clone(),
        json: candidate.value.to_json(),
        entry: candidate.by,
        device: author.map(|a| a.device),
        user,
        user_name: user.and_then(|u| bearings.held.as_ref()?.user_name(u)),
        claimed: row.and_then(|r| r.entry).map(|e| e.header.claimed),
        received: said.map(|s| s.received),
    })
}

impl Shell {
    pub(crate) fn record_row(
        &self,
        rx: &Rx<'_>,
        record: &RecordId,
    ) -> Result<Option<RecordRow>, ClientError> {
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
            let bearings = &state.bearings;
            let mut conflicts = Vec::new();
            for (stream, part) in &row.parts {
                for (path, sides) in part.conflicts() {
                    conflicts.push(Conflict {
                        path: path.to_string(),
                        candidates: sides
                            .iter()
                            .map(|c| candidate(rx, bearings, *stream, c))
                            .collect::<Result<_, _>>()?,
                    });
                }
            }
            for (stream, part) in &row.parts {
                let deletion = part.deletion();
                if differ(&deletion) {
                    conflicts.push(Conflict {
                        path: "deleted".to_owned(),
                        candidates: deletion
                            .iter()
                            .map(|c| candidate(rx, bearings, *stream, c))
                            .collect::<Result<_, _>>()?,
                    });
                }
            }
            let at_server = is_at_server(rx, &state, record)?;
            Ok(Some(with_view(bearings, record, &row, |view| {
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
                    at_server,
                    refused: state.refused_of(record),
                    delivery: match state.delivery(record, &row.row) {
                        // A receipt that came back by carrying is proof enough.
                        Some(Delivery::OnThisPhone) if at_server => Some(Delivery::AtServer),
                        other => other,
                    },
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
            Ok(row.map(|row| with_view(&state.bearings, record, &row, |view| view.canonical())))
        })
    }

    pub(crate) fn history(&self, record: &RecordId) -> Result<Vec<HistoryEntry>, ClientError> {
        self.read(|rx| {
            let state = self.state.read();
            let bearings = &state.bearings;
            let seen_marks = marks_in(rx, record)?;
            let marks = at_server(rx)?;
            let mut out = carried_history(rx, bearings, record)?;
            for (key, value) in rx.scan(ENTRIES, &record.bytes())? {
                let stream = stream_of_key(&key[16..])?;
                let row = decode_entry(ref_of_key(&key)?, &value)?;
                let mut delivery = delivery::of_entry(bearings, &seen_marks, stream, &row);
                // One without operations was erased; who wrote what when goes with it.
                let Some(entry) = row.entry.filter(|e| e.ops.is_some()) else {
                    continue;
                };
                let author = author_of(bearings, row.id, row.said);
                let user = author.map(|a| a.user);
                let state = match row.fate {
                    Fate::Pending => match marks.get(&(stream, row.id.incarnation)) {
                        Some(seq) if row.id.seq <= *seq => {
                            delivery = Some(Delivery::AtServer);
                            EntryState::AtServer
                        }
                        _ => EntryState::Pending,
                    },
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
                    stream: bearings.stream(stream)?.clone(),
                    entry: row.id,
                    device: author.map(|a| a.device),
                    user,
                    user_name: user.and_then(|u| bearings.held.as_ref()?.user_name(u)),
                    claimed: entry.header.claimed,
                    received: row.said.map(|s| s.received),
                    form_version: entry.header.form_version,
                    state,
                    delivery,
                    made_at: entry.header.deps().to_vec(),
                    ops: entry.ops.unwrap_or_default(),
                });
            }
            out.sort_by_key(|e| (e.claimed, e.entry));
            Ok(out)
        })
    }

    /// What each entry of a history did, in words, as its author saw it.
    pub(crate) fn history_words(
        &self,
        record: &RecordId,
        entries: &[HistoryEntry],
        locale: Locale,
    ) -> Vec<Vec<String>> {
        let state = self.state.read();
        let held = state.bearings.held.as_ref();
        let row = state.rows.get(record);
        let form = held.zip(row).and_then(|(held, row)| {
            let version = entries.iter().map(|e| e.form_version).max().unwrap_or(1);
            held.directory.forms().to_read(&row.form, version)
        });
        let edits: Vec<Edit<'_>> = entries
            .iter()
            .map(|entry| Edit {
                class: entry.stream.class,
                id: entry.entry,
                deps: &entry.made_at,
                ops: &entry.ops,
                admitted: !matches!(
                    entry.state,
                    EntryState::Refused { .. } | EntryState::Carried
                ),
            })
            .collect();
        let named = edits.iter().flat_map(|edit| named_in(edit.ops));
        let titles = named.filter_map(|id| {
            let now = held.map_or(id, |held| held.directory.present_record(id));
            let title = state.rows.get(&now).map(|row| row.title.clone());
            Some((id, title.filter(|title| !title.is_empty())?))
        });
        let teller = Teller::new(form.map(|form| &**form), locale).calling(titles.collect());
        let told = { teller }.tell_all(&edits);
        let words = |told: Vec<Told>| told.into_iter().map(|told| told.words).collect();
        told.into_iter().map(words).collect()
    }

    pub(crate) fn refused(&self) -> Vec<RefusedEdit> {
        let state = self.state.read();
        state
            .bearings
            .refused
            .iter()
            .filter_map(|((stream, entry), row)| {
                Some(RefusedEdit {
                    stream: state.bearings.stream(*stream).ok()?.clone(),
                    entry: *entry,
                    record: row.record,
                    form: row.form.clone(),
                    form_version: row.form_version,
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
        let storage_bytes = self.with_store(|store| Ok(store.bytes())).unwrap_or(0);
        let attempt = self.attempt.lock().clone();
        let state = self.state.read();
        let bearings = &state.bearings;
        let mut forms: BTreeMap<&FormCode, u64> = BTreeMap::new();
        for record in state.pending.keys() {
            if let Some(row) = state.rows.get(record) {
                *forms.entry(&row.form).or_default() += 1;
            }
        }
        Status {
            pending: state.outbox.len() as u64,
            pending_forms: forms.into_iter().map(|(f, n)| (f.clone(), n)).collect(),
            server: attempt.reach,
            last_attempt: attempt.at,
            last_error: attempt.error,
            refused: bearings.refused.len() as u64,
            last_sync: bearings.sync.last_sync,
            clock_skew_ms: bearings.sync.clock_skew_ms,
            cursors: bearings
                .cursors
                .iter()
                .filter_map(|(n, at)| Some((bearings.stream(*n).ok()?.clone(), at.seq)))
                .collect(),
            storage_bytes,
            damaged: self.is_damaged(),
            mended: self.mended.lock().as_ref().map(Mended::told),
        }
    }
}
