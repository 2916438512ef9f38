//! What the queue is made from, for one caller: only what they may settle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gridfold_sync_core::edit::Op;
use gridfold_sync_core::entry::{Target, Verdict};
use gridfold_sync_core::ids::{
    AreaCode, DeviceId, FormCode, RecordId, SensitivityClass, StreamId, UserId,
};
use gridfold_sync_core::notice::{self, Kept};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;

use super::item::AttentionItem;
use crate::auth::{DeviceAccess, DeviceAccount};
use crate::node::Node;
use crate::problem::{Answer, Problem};
use crate::routes::Caller;
use crate::routes::phones::phones_of;
use crate::routes::records::{
    goes_on_as, ops_of, shown_by_a_wrong_clock, teller, user_name, written_beside,
};
use crate::views::{HistoryRow, LateRecord, QuarantineRow, ReadScope, RecordFilter};

/// Logs set aside that are looked at; what is older stays in the log.
const MAX_SET_ASIDE: usize = 1_000;
/// Records that were moved away and are looked at for late edits, the newest; of older ones their pages tell.
const MAX_MOVED: usize = 1_000;

/// The kinds, in the order of the queue.
pub(super) const KINDS: [&str; 5] = ["conflict", "refused", "late", "phone", "upload"];

/// The reason of a late edit of a record that was moved away.
const MOVED: &str = "written_after_move";

/// Whether whoever holds a role settles what waits where they hold it.
pub(super) fn is_overseer(role: Role) -> bool {
    matches!(role, Role::Supervisor | Role::Admin)
}

/// The state of a phone is part of its name here, so that a phone whose state changes comes back.
fn phone_id(device: &DeviceAccount, forked: u64) -> Option<String> {
    let state = match device.state {
        DeviceAccess::Active if forked > 0 => format!("forked-{forked}"),
        DeviceAccess::Active => return None,
        DeviceAccess::Revoked => "revoked".to_owned(),
        DeviceAccess::Wiped => "wiped".to_owned(),
    };
    Some(format!("{}:{state}", device.device_id))
}

/// When an edit was captured, as it is told.
fn captured(row: &HistoryRow) -> String {
    row.claimed.held_by(row.received).to_rfc3339()
}

/// What the queue is made from, for one caller.
pub(super) struct Queue<'a> {
    pub(super) node: &'a Node,
    pub(super) caller: &'a Caller,
    pub(super) grids: Option<&'a BTreeSet<AreaCode>>,
}

impl Queue<'_> {
    fn has(&self, grid: &AreaCode) -> bool {
        self.grids.is_none_or(|g| g.contains(grid))
    }

    pub(super) fn conflicts(&self) -> RecordFilter {
        let mut filter = RecordFilter::of(ReadScope {
            grids: self.grids.cloned(),
            classes: self.caller.common_classes(),
        });
        filter.has_conflict = Some(true);
        filter
    }

    pub(super) fn refused_count(&self) -> Answer<u64> {
        let mut by_stream: BTreeMap<StreamId, u64> = self.node.views.refused_by_stream()?;
        by_stream.retain(|stream, _| self.has(&stream.grid) && self.reads(stream));
        for (stream, _) in self.caller.directory.all_settled() {
            let stream = StreamId::parse(stream);
            if let Some(n) = stream.and_then(|s| by_stream.get_mut(&s)) {
                *n = n.saturating_sub(1);
            }
        }
        Ok(by_stream.values().sum())
    }

    fn reads(&self, stream: &StreamId) -> bool {
        self.caller
            .scope_of_grid(&stream.grid)
            .is_some_and(|s| s.classes.contains(&stream.class))
    }

    pub(super) fn late(&self) -> Answer<Vec<LateRecord>> {
        let away = self.node.desk.put_away.of("late")?;
        let classes = self.caller.common_classes();
        let mut all = self.node.views.late_records(&classes)?;
        let moved = self.caller.directory.moved_records();
        let moved = moved.filter(|(_, moved)| self.has(&moved.from_grid));
        let moved = moved.map(|(record, moved)| (record, &moved.from_grid, moved.at));
        let views = &self.node.views;
        all.extend(views.late_after_moves(moved.take(MAX_MOVED), &classes)?);
        all.sort_by_key(|l| (std::cmp::Reverse(l.received), std::cmp::Reverse(l.record)));
        all.retain(|l| {
            self.has(&l.grid)
                && away
                    .get(&l.record.to_string())
                    .is_none_or(|at| l.received.millis() > *at)
        });
        Ok(all)
    }

    pub(super) fn phones(&self) -> Answer<Vec<(Arc<DeviceAccount>, String)>> {
        let known = phones_of(self.node, self.caller, None)?;
        self.phones_among(&known)
    }

    /// The same, of phones that were looked up already.
    pub(super) fn phones_among(
        &self,
        known: &[Arc<DeviceAccount>],
    ) -> Answer<Vec<(Arc<DeviceAccount>, String)>> {
        let away = self.node.desk.put_away.of("phone")?;
        let set_aside = self.node.views.set_aside()?;
        let places = self.places();
        let mut out = Vec::new();
        for device in known {
            let id = DeviceId(device.device_id);
            let forked = set_aside.get(&id).map_or(0, |of| of.forked);
            if let Some(id) = phone_id(device, forked)
                && !away.contains_key(&id)
                && self.owner_is_here(UserId(device.user_id), places.as_deref())
            {
                out.push((Arc::clone(device), id));
            }
        }
        out.sort_by_key(|(d, _)| (std::cmp::Reverse(d.last_seen_ms), d.device_id));
        Ok(out)
    }

    /// Where the grids stand among all, in order; none when all of them are asked of.
    fn places(&self) -> Option<Vec<u64>> {
        let grids = self.grids?.iter();
        let mut places: Vec<u64> = grids
            .filter_map(|grid| self.caller.directory.place_of(grid))
            .collect();
        places.sort_unstable();
        Some(places)
    }

    fn owner_is_here(&self, user: UserId, places: Option<&[u64]>) -> bool {
        let Some(places) = places else { return true };
        let directory = &self.caller.directory;
        directory.grants_of(user).any(|g| {
            let theirs = directory.interval(g.area.as_ref());
            let first = places.partition_point(|place| *place < theirs.start);
            g.area.is_none() || places.get(first).is_some_and(|at| theirs.contains(at))
        })
    }

    pub(super) fn uploads(&self) -> Answer<Vec<QuarantineRow>> {
        let away = self.node.desk.put_away.of("upload")?;
        let mut all = self.node.views.quarantine(MAX_SET_ASIDE)?;
        all.retain(|q| {
            let here = match StreamId::parse(&q.stream) {
                Some(stream) if self.caller.directory.is_grid(&stream.grid) => {
                    self.has(&stream.grid)
                }
                // Of no stream that anybody oversees: a matter of those who run the installation.
                _ => self.grids.is_none(),
            };
            here && !away.contains_key(&q.seq.to_string())
        });
        Ok(all)
    }

    fn name(&self, user: UserId) -> Option<String> {
        Some(user_name(self.caller, user)).filter(|name| !name.is_empty())
    }

    fn item(&self, kind: &str, id: String, at: Timestamp, actions: &[&str]) -> AttentionItem {
        AttentionItem {
            kind: kind.to_owned(),
            id,
            at: at.to_rfc3339(),
            record: None,
            grid: None,
            device: None,
            user_name: None,
            title: String::new(),
            reason: None,
            reason_text: None,
            moved_to: None,
            words: Vec::new(),
            captured_at: None,
            claimed_at: None,
            form: None,
            stream: None,
            entry: None,
            actions: actions.iter().map(|a| (*a).to_owned()).collect(),
        }
    }

    /// Some items of a kind after a cursor of that kind, and the cursor after them.
    pub(super) fn page(
        &self,
        kind: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Answer<(Vec<AttentionItem>, Option<String>)> {
        match kind {
            "conflict" => {
                let filter = RecordFilter {
                    cursor: cursor.map(str::to_owned),
                    limit,
                    ..self.conflicts()
                };
                let page = self.node.views.list(&filter)?;
                let items = page.rows.into_iter().map(|row| {
                    let mut item = AttentionItem {
                        record: Some(row.record.to_string()),
                        grid: Some(row.grid.to_string()),
                        title: row.title,
                        ..self.item(
                            kind,
                            row.record.to_string(),
                            row.received.unwrap_or_default(),
                            &["open", "choose"],
                        )
                    };
                    self.tell_beside(&row.record, &row.grid, &mut item)?;
                    Ok(item)
                });
                Ok((items.collect::<Answer<_>>()?, page.next))
            }
            "refused" => self.refused(cursor, limit),
            "late" => {
                let found = self.late()?;
                self.from(cursor, limit, found, |late| {
                    let scope = self.caller.scope_of_grid(&late.grid);
                    let found = match &scope {
                        Some(scope) => self.node.views.record(&late.record, scope)?,
                        None => None,
                    };
                    let form = found.as_ref().map(|r| r.row.form.clone());
                    let moved = self.caller.directory.moved_record(&late.record).is_some();
                    let edit = match &scope {
                        Some(scope) => self.newest_late(late, scope)?,
                        None => None,
                    };
                    let words = match &edit {
                        Some(edit) => self.words(form.as_ref(), [edit])?,
                        None => Vec::new(),
                    };
                    Ok(AttentionItem {
                        form: form.map(|f| f.to_string()),
                        captured_at: edit.as_ref().map(captured),
                        claimed_at: edit.as_ref().and_then(shown_by_a_wrong_clock),
                        words,
                        moved_to: self.goes_on_as(&late.record),
                        reason: moved.then(|| MOVED.to_owned()),
                        reason_text: moved
                            .then(|| notice::text(MOVED, self.caller.locale).to_owned()),
                        record: Some(late.record.to_string()),
                        grid: Some(late.grid.to_string()),
                        user_name: self.name(late.user),
                        title: found.map_or_else(String::new, |r| r.row.title),
                        ..self.item(
                            "late",
                            late.record.to_string(),
                            late.received,
                            &["open", "settle"],
                        )
                    })
                })
            }
            "phone" => {
                let found = self.phones()?;
                self.from(cursor, limit, found, |(device, id)| {
                    let state = id.split_once(':').map_or("", |(_, s)| s);
                    let state = state.split('-').next().unwrap_or_default().to_owned();
                    let actions: &[&str] = match state.as_str() {
                        // Known of, and another's to act on.
                        _ if !self.caller.may_manage(UserId(device.user_id)) => &[],
                        "forked" => &["revoke", "wipe", "settle"],
                        "revoked" => &["wipe", "settle"],
                        _ => &["settle"],
                    };
                    Ok(AttentionItem {
                        device: Some(device.device_id.to_string()),
                        user_name: self.name(UserId(device.user_id)),
                        title: device.label.clone(),
                        reason: Some(state),
                        ..self.item("phone", id.clone(), Timestamp(device.last_seen_ms), actions)
                    })
                })
            }
            _ => {
                let found = self.uploads()?;
                self.from(cursor, limit, found, |q| {
                    Ok(AttentionItem {
                        device: Some(q.author.device.to_string()),
                        user_name: self.name(q.author.user),
                        reason: Some(q.problem.clone()),
                        reason_text: Some(notice::text(&q.problem, self.caller.locale).to_owned()),
                        ..self.item("upload", q.seq.to_string(), q.received, &["settle"])
                    })
                })
            }
        }
    }

    /// Of a record that was deleted or closed: what was written beside that, by whom.
    fn tell_beside(
        &self,
        record: &RecordId,
        grid: &AreaCode,
        item: &mut AttentionItem,
    ) -> Answer<()> {
        let Some(scope) = self.caller.scope_of_grid(grid) else {
            return Ok(());
        };
        let Some(found) = self.node.views.record(record, &scope)? else {
            return Ok(());
        };
        let beside = written_beside(self.node, self.caller, &found, &scope)?;
        let Some(newest) = beside.last() else {
            return Ok(());
        };
        item.reason = Some("written_beside".to_owned());
        item.reason_text = Some(notice::text("written_beside", self.caller.locale).to_owned());
        item.user_name = self.name(newest.author.user);
        item.captured_at = Some(captured(newest));
        item.claimed_at = shown_by_a_wrong_clock(newest);
        item.form = Some(found.row.form.to_string());
        item.moved_to = self.goes_on_as(record);
        item.words = self.words(Some(&found.row.form), &beside)?;
        Ok(())
    }

    /// What a record that was moved goes on as, where the reader may know that.
    fn goes_on_as(&self, record: &RecordId) -> Option<String> {
        goes_on_as(self.caller, record).map(|to| to.to_string())
    }

    fn words<'r>(
        &self,
        form: Option<&FormCode>,
        rows: impl IntoIterator<Item = &'r HistoryRow>,
    ) -> Answer<Vec<String>> {
        let form = form.and_then(|code| self.caller.directory.forms().latest(code));
        let ops: Vec<Op> = ops_of(rows).cloned().collect();
        let teller = teller(self.node, self.caller, form.map(|f| &**f), &ops)?;
        Ok(teller.alone(&ops))
    }

    /// The newest late edit of a record.
    fn newest_late(&self, of: &LateRecord, scope: &ReadScope) -> Answer<Option<HistoryRow>> {
        let is_late = |row: &HistoryRow| row.verdict == Verdict::Admitted { late: true };
        // What came after a move is late whatever grants say.
        let moved = self.caller.directory.moved_record(&of.record).is_some();
        let is_newest =
            |row: &HistoryRow| row.received == of.received && row.author.user == of.user;
        let mut history = self.node.views.history(&of.record, scope)?;
        history
            .retain(|row| is_late(row) || (moved && row.verdict.is_admitted() && is_newest(row)));
        Ok(history.into_iter().max_by_key(|row| row.received))
    }

    /// A page of a short list by its position: what is put away meanwhile moves the rest up.
    fn from<T>(
        &self,
        cursor: Option<&str>,
        limit: usize,
        all: Vec<T>,
        item: impl Fn(&T) -> Answer<AttentionItem>,
    ) -> Answer<(Vec<AttentionItem>, Option<String>)> {
        let skip: usize = match cursor {
            None => 0,
            Some(text) => text.parse().map_err(|_| bad_cursor())?,
        };
        let items = all
            .iter()
            .skip(skip)
            .take(limit)
            .map(item)
            .collect::<Answer<Vec<_>>>()?;
        let end = skip + items.len();
        Ok((items, (end < all.len()).then(|| end.to_string())))
    }

    fn refused(
        &self,
        cursor: Option<&str>,
        limit: usize,
    ) -> Answer<(Vec<AttentionItem>, Option<String>)> {
        let scope = ReadScope {
            grids: self.grids.cloned(),
            classes: SensitivityClass::ALL.into_iter().collect(),
        };
        let page = self.node.views.refused(&scope, cursor, limit)?;
        let mut items = Vec::new();
        for row in page.rows {
            let (stream, entry) = (row.edit.stream.name(), row.edit.id.to_string());
            let is_settled = self.caller.directory.settled(&stream, &entry).is_some();
            if is_settled || !self.reads(&row.edit.stream) {
                continue;
            }
            let code = row.code.as_str();
            let found = match (row.record, self.caller.scope_of_grid(&row.edit.stream.grid)) {
                (Some(record), Some(scope)) => self.node.views.record(&record, &scope)?,
                _ => None,
            };
            let entry_of = row.edit.entry.as_ref();
            let form = match (&found, entry_of.map(|e| &e.header.target)) {
                (Some(found), _) => Some(found.row.form.clone()),
                (None, Some(Target::New { form, .. })) => Some(form.clone()),
                _ => None,
            };
            let words = self.words(form.as_ref(), [&row.edit])?;
            // A record that was never made, or is not there any more, cannot be opened.
            let actions: &[&str] = match found {
                Some(_) => &["open", "adopt", "dismiss"],
                None => &["adopt", "dismiss"],
            };
            items.push(AttentionItem {
                title: found.map_or_else(String::new, |r| r.row.title),
                form: form.map(|f| f.to_string()),
                captured_at: Some(captured(&row.edit)),
                claimed_at: shown_by_a_wrong_clock(&row.edit),
                words,
                record: row.record.map(|r| r.to_string()),
                grid: Some(row.edit.stream.grid.to_string()),
                device: Some(row.edit.author.device.to_string()),
                user_name: self.name(row.edit.author.user),
                reason: Some(code.to_owned()),
                reason_text: Some(
                    notice::text_of(code, self.caller.locale, Kept::Waiting).to_owned(),
                ),
                ..self.item(
                    "refused",
                    format!("{stream} {entry}"),
                    row.edit.received,
                    actions,
                )
            });
            if let Some(item) = items.last_mut() {
                item.stream = Some(stream);
                item.entry = Some(entry);
            }
        }
        Ok((items, page.next))
    }
}

pub(super) fn bad_cursor() -> Problem {
    Problem::bad_request("this is not a cursor of this list: ask for the first page")
}
