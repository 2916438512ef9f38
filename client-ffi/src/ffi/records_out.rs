//! From what the library gives to what crosses the boundary.

use gridfold_sync_core::notice;
use gridfold_sync_core::time::Timestamp;

use crate::error::ClientError as Inner;
use crate::ffi::author::author_name;
use crate::ffi::convert::{self, content_out, op_out, refused_id, value_out};
use crate::ffi::locale::Locale;
use crate::ffi::records::{
    Conflict, ConflictSide, EntryState, HistoryEntry, Identity, MendedStore, RecordDetail,
    RecordPage, RecordQuery, RecordSummary, RefusedEdit, Sort, Status, StatusTip, SyncProgress,
    SyncReport,
};
use crate::types as inner;

impl From<inner::Progress> for SyncProgress {
    fn from(p: inner::Progress) -> Self {
        Self {
            round_trips: p.round_trips,
            pushed: p.pushed,
            pending: p.pending,
            pulled: p.pulled,
            bytes: p.bytes,
        }
    }
}

impl From<inner::SyncReport> for SyncReport {
    fn from(r: inner::SyncReport) -> Self {
        Self {
            round_trips: r.round_trips,
            bytes_up: r.bytes_up,
            bytes_down: r.bytes_down,
            pushed: r.pushed,
            admitted: r.admitted,
            refused: r.refused,
            pulled: r.pulled,
            directory_changed: r.directory_changed,
            erased_streams: r.erased_streams.iter().map(|s| s.name()).collect(),
            wiped: r.wiped,
            more: r.more,
        }
    }
}

impl From<inner::Identity> for Identity {
    fn from(i: inner::Identity) -> Self {
        Self {
            user_id: i.user.to_string(),
            user_name: i.user_name,
            device_id: i.device.to_string(),
            server_url: i.server_url,
        }
    }
}

impl From<inner::RecordSummary> for RecordSummary {
    fn from(r: inner::RecordSummary) -> Self {
        Self {
            id: r.record.to_string(),
            form: r.form.to_string(),
            grid: r.grid.to_string(),
            household_id: r.household.map(|h| h.to_string()),
            status: r.status,
            title: r.title,
            stage: r.work.stage.map(Into::into),
            due_at_ms: r.work.due.map(|t| t.millis()),
            suspended_at_ms: r.work.suspended.map(|t| t.millis()),
            suspended_ms: r.work.paused_ms,
            doer: r.work.doer,
            about_id: r.work.about.map(|a| a.to_string()),
            captured_at_ms: r.captured.millis(),
            updated_at_ms: r.updated.millis(),
            conflicts: r.conflicts,
            deleted: r.deleted,
            pending: r.pending,
            refused: r.refused,
            delivery: r.delivery.map(Into::into),
        }
    }
}

impl From<inner::Status> for Status {
    fn from(s: inner::Status) -> Self {
        Self {
            pending: s.pending,
            refused: s.refused,
            server_reachable: match s.server {
                inner::Reach::Unknown => None,
                inner::Reach::Reachable => Some(true),
                inner::Reach::Unreachable => Some(false),
            },
            last_error: s.last_error,
            last_sync_ms: s.last_sync.map(|t| t.millis()),
            clock_skew_ms: s.clock_skew_ms,
            storage_bytes: s.storage_bytes,
            damaged: s.damaged,
            mended: s.mended.map(|m| MendedStore {
                at_ms: m.at.millis(),
                records: m.records,
                complete: m.complete,
                message_zh: m.message_zh,
                message_en: m.message_en,
            }),
        }
    }
}

pub(crate) fn query_in(query: RecordQuery) -> Result<inner::Query, Inner> {
    Ok(inner::Query {
        form: query.form.as_deref().map(convert::form).transpose()?,
        grid: query.grid.as_deref().map(convert::area).transpose()?,
        household: query
            .household_id
            .as_deref()
            .map(convert::record_id)
            .transpose()?,
        status: query.status,
        text: query.text,
        from: query.from_ms.map(Timestamp),
        to: query.to_ms.map(Timestamp),
        mine: query.mine,
        open: query.open,
        overdue: query.overdue,
        due_soon: query.due_soon,
        due_before: query.due_before_ms.map(Timestamp),
        about: query
            .about_id
            .as_deref()
            .map(convert::record_id)
            .transpose()?,
        sort: match query.sort {
            None | Some(Sort::Updated) => inner::Sort::Updated,
            Some(Sort::Captured) => inner::Sort::Captured,
            Some(Sort::Title) => inner::Sort::Title,
            Some(Sort::Due) => inner::Sort::Due,
        },
        limit: query.limit,
        after: query.after,
        include_deleted: query.include_deleted,
    })
}

pub(crate) fn page_out(page: inner::Page<inner::RecordSummary>) -> RecordPage {
    RecordPage {
        items: page.items.into_iter().map(Into::into).collect(),
        next: page.next,
        total: page.total,
    }
}

pub(crate) fn detail_out(detail: inner::RecordDetail, locale: Locale) -> RecordDetail {
    RecordDetail {
        id: detail.record.to_string(),
        form: detail.form.to_string(),
        form_version: detail.form_version,
        grid: detail.grid.to_string(),
        title: detail.title,
        household_id: detail.household.map(|h| h.to_string()),
        fields: detail
            .cells
            .iter()
            .filter_map(|(key, cell)| Some((key.to_string(), content_out(cell)?)))
            .collect(),
        status: detail.status,
        status_tips: detail
            .status_tips
            .into_iter()
            .map(|tip| StatusTip {
                action: tip.action,
                status: tip.status,
                note: tip.note,
            })
            .collect(),
        deleted: detail.deleted,
        conflicts: detail
            .conflicts
            .into_iter()
            .map(|c| conflict_out(c, locale))
            .collect(),
        missing: detail.missing,
        pending: detail.pending,
        refused: detail.refused,
        delivery: detail.delivery.map(Into::into),
    }
}

pub(crate) fn conflict_out(conflict: inner::Conflict, locale: Locale) -> Conflict {
    Conflict {
        path: conflict.path,
        sides: conflict
            .candidates
            .into_iter()
            .map(|c| ConflictSide {
                value: value_out(&c.value),
                user_name: author_name(c.user_name, c.user, locale),
                device_id: c.device.map(|d| d.to_string()),
                captured_at_ms: c.claimed.map(|t| t.millis()),
                received_at_ms: c.received.map(|t| t.millis()),
            })
            .collect(),
    }
}

pub(crate) fn history_out(
    entry: inner::HistoryEntry,
    words: Vec<String>,
    locale: Locale,
) -> HistoryEntry {
    HistoryEntry {
        entry: entry.entry.to_string(),
        user_name: author_name(entry.user_name, entry.user, locale),
        device_id: entry.device.map(|d| d.to_string()),
        captured_at_ms: entry.claimed.millis(),
        received_at_ms: entry.received.map(|t| t.millis()),
        form_version: entry.form_version,
        delivery: entry.delivery.map(Into::into),
        state: match entry.state {
            inner::EntryState::Pending => EntryState::Pending,
            inner::EntryState::AtServer => EntryState::AtServer,
            inner::EntryState::Carried => EntryState::Carried,
            inner::EntryState::Admitted { late } => EntryState::Admitted { late },
            inner::EntryState::Refused { code } => EntryState::Refused {
                reason: notice::text(&code, locale.into()).to_owned(),
                code,
            },
        },
        words,
        operations: entry.ops.iter().map(op_out).collect(),
    }
}

pub(crate) fn refused_out(edit: inner::RefusedEdit, locale: Locale) -> RefusedEdit {
    RefusedEdit {
        id: refused_id(&edit.stream, &edit.entry),
        record_id: edit.record.to_string(),
        form: edit.form.to_string(),
        form_version: edit.form_version,
        operations: edit.ops.iter().map(op_out).collect(),
        reason: match locale {
            Locale::Zh => edit.message_zh,
            Locale::En => edit.message_en,
        },
        code: edit.code,
        captured_at_ms: edit.at.millis(),
    }
}
