//! A record that goes on as another one: moved to another grid it is made there as a new one, merged (`acts/merged.rs`)
//! it fills one that is there already. It is deleted, and the directory says where it went, all in one commit.
//!
//! What enters: the record, where it goes, who moves it. What leaves: the other record, what refers to it
//! now, and what still names the old one. What never happens here: a part of it, or a field left
//! behind that the person may not read.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::directory::{Directory, DirectoryChange, MovedRecord};
use gridfold_sync_core::edit::Op;
use gridfold_sync_core::entry::{Author, Verdict};
use gridfold_sync_core::ids::{AreaCode, EntryRef, FieldKey, RecordId, SensitivityClass, StreamId};
use gridfold_sync_core::limits::MAX_TRANSITIONS_PER_EDIT;
use gridfold_sync_core::time::Timestamp;

use super::asides;
use super::copied::{Original, Piece};
use super::merged::{self, conflict};
use super::references::{References, Referring};
use super::retired::takes_new;
use crate::admit::{Base, ConsoleEdit, EditOutcome, Heads, Wish};
use crate::auth::{Actor, AuditEvent, AuditScope};
use crate::node::Node;
use crate::problem::{Answer, Code, Problem};
use crate::views::{ReadScope, RecordRow, StoredRecord};
use crate::words::said;

/// References that are set anew in the commit of the move; what is past that follows.
const MAX_IN_COMMIT: usize = 1_000;
/// Edits in one turn of the writer, of those that follow.
const TURN: usize = 100;
/// Times it is tried again when somebody writes to the record meanwhile.
const TRIES: usize = 8;

/// A record that is to be moved.
#[derive(Debug, Clone)]
pub(crate) struct Move {
    /// The record.
    pub(crate) record: RecordId,
    /// What it is to go on as: one that this makes, or one that is there when it is merged.
    pub(crate) to: RecordId,
    /// Where.
    pub(crate) grid: AreaCode,
    /// The fields in which what is merged stands; none when it is moved.
    pub(crate) merge: Option<BTreeSet<FieldKey>>,
    /// What whoever moves it saw of it. What was written since goes along.
    pub(crate) seen: Option<Heads>,
}

/// What became of it.
#[derive(Debug, Default)]
pub(crate) struct Moved {
    /// What was decided on the new record; empty when it was moved before.
    pub(crate) verdicts: Vec<(SensitivityClass, EntryRef, Verdict)>,
    /// Records that refer to the new one since.
    pub(crate) set_anew: usize,
    /// Records that still name the old one, and why.
    pub(crate) left: Vec<(RecordId, Code)>,
    /// Fields of a merged record that the other one does not have from it.
    pub(crate) not_taken: Vec<FieldKey>,
}

/// Moves or merges a record. The same again changes nothing, but for references that came since.
///
/// # Errors
/// When the person may not delete it here or make one there, or not read all of it; when values of it
/// stand side by side; when it was moved elsewhere. Nothing was done then.
pub(crate) fn move_record(node: &Node, by: (Author, Timestamp), wanted: &Move) -> Answer<Moved> {
    let mut attempt = Attempt {
        node,
        by,
        wanted,
        refused: BTreeMap::new(),
        is_audited: false,
    };
    for _ in 0..TRIES {
        if let Some(moved) = attempt.once()? {
            return Ok(moved);
        }
    }
    Err(Problem::new(Code::Unavailable))
}

/// Whether a record can be moved as it is.
fn check(
    node: &Node,
    directory: &Directory,
    (author, now): (Author, Timestamp),
    wanted: &Move,
    stored: &StoredRecord,
) -> Answer<()> {
    let row = &stored.row;
    let is_merge = wanted.merge.is_some();
    if row.deleted {
        return Err(conflict(match is_merge {
            true => said!("merge_of_deleted"),
            false => said!("move_of_deleted"),
        }));
    }
    if !is_merge {
        if row.grid == wanted.grid {
            return Err(conflict(said!("move_already_there")));
        }
        takes_new(directory, &wanted.grid)?;
        if node.views.listed(&wanted.to, &ReadScope::all())?.is_some() {
            return Err(conflict(said!("move_id_in_use")));
        }
    }
    if !merged::reads_all(directory, (author.user, now), stored) {
        return Err(Problem::new(Code::Forbidden).because_in(match is_merge {
            true => said!("merge_not_all_readable"),
            false => said!("move_not_all_readable"),
        }));
    }
    let seen = wanted.seen.as_ref().map(Heads::iter);
    for (class, head) in seen.into_iter().flatten() {
        let stream = StreamId::new(row.grid.clone(), class);
        let known = node.views.entry(&stream, &head)?;
        let is_of_it =
            known.is_some_and(|(row, of)| row.verdict.is_admitted() && of == Some(wanted.record));
        if !is_of_it {
            return Err(Problem::new(Code::UnknownBase));
        }
    }
    Ok(())
}

fn console_edit(
    stored: &StoredRecord,
    (record, grid): (RecordId, &AreaCode),
    (base, wish): (Base, Wish),
    claimed: Timestamp,
) -> ConsoleEdit {
    ConsoleEdit {
        record,
        grid: grid.clone(),
        form: stored.row.form.clone(),
        base,
        wish,
        claimed,
    }
}

/// When a record is due that ever stood suspended: what the time until now made of it.
fn due_without_pauses(row: &RecordRow, now: Timestamp) -> Option<Timestamp> {
    let stands = row.suspended.map(|since| now.millis() - since.millis());
    let due = row.due.filter(|_| stands.is_some() || row.paused_ms > 0)?;
    Some(due.plus_millis(stands.unwrap_or(0).max(0)))
}

/// The edits of a move or a merge on the records as they are: the deletion, then what makes the new one or fills the
/// other, with the fields that stay behind.
fn own_edits(
    node: &Node,
    directory: &Directory,
    (author, now): (Author, Timestamp),
    wanted: &Move,
    stored: &StoredRecord,
) -> Answer<(Vec<ConsoleEdit>, Vec<FieldKey>)> {
    let original = Original {
        forms: directory.forms(),
        form: &stored.row.form,
        parts: &stored.parts,
        closed: stored.row.closed,
        due: due_without_pauses(&stored.row, now),
    };
    let roles = directory.roles_in(author.user, Some(&wanted.grid), now);
    let all: BTreeSet<SensitivityClass> = SensitivityClass::ALL.into_iter().collect();
    let seen = Base::Newly(Heads::of(&all, &stored.parts));
    let here = (stored.row.record, &stored.row.grid);
    let there = (wanted.to, &wanted.grid);
    let deletion = (seen, vec![Op::Delete].into());
    let mut edits = vec![console_edit(stored, here, deletion, now)];
    let (mut base, pieces, not_taken) = match &wanted.merge {
        None => {
            let mut pieces = original.pieces(&roles)?;
            let asides = asides::again(node, directory, stored, (author.user, &roles))?;
            let newest = directory.forms().latest(&stored.row.form);
            for ops in asides.chunks(MAX_TRANSITIONS_PER_EDIT) {
                pieces.push(Piece {
                    version: newest.map_or(1, |form| form.version),
                    ops: ops.to_vec(),
                });
            }
            (Base::Nothing, pieces, Vec::new())
        }
        Some(take) => {
            let other = merged::other(node, directory, (author, now), stored, wanted.to)?;
            let filled = merged::fill(&original, &other.parts, &roles, take)?;
            let seen = Base::Newly(Heads::of(&all, &other.parts));
            (seen, filled.pieces, filled.not_taken)
        }
    };
    for piece in pieces {
        let base = std::mem::replace(&mut base, Base::Newest(None));
        let wish = Wish::under(piece.version, piece.ops);
        edits.push(console_edit(stored, there, (base, wish), now));
    }
    Ok((edits, not_taken))
}

/// Whether a record could be moved, as far as that can be told without doing it.
///
/// # Errors
/// As [`move_record`].
pub(crate) fn may_move(
    node: &Node,
    directory: &Directory,
    by: (Author, Timestamp),
    wanted: &Move,
) -> Answer<()> {
    let stored = node
        .views
        .record(&wanted.record, &ReadScope::all())?
        .ok_or_else(Problem::not_found)?;
    let (author, now) = by;
    if !directory.may_move_record(author.user, &stored.row.grid, &wanted.grid, now) {
        return Err(Problem::new(Code::Forbidden));
    }
    check(node, directory, by, wanted, &stored)?;
    own_edits(node, directory, by, wanted, &stored)?;
    Ok(())
}

/// What is tried until nobody writes to the record meanwhile.
struct Attempt<'a> {
    node: &'a Node,
    by: (Author, Timestamp),
    wanted: &'a Move,
    /// Records that could not be made to refer to the new one.
    refused: BTreeMap<RecordId, Code>,
    is_audited: bool,
}

impl Attempt<'_> {
    /// None when somebody wrote to the record after it was read.
    fn once(&mut self) -> Answer<Option<Moved>> {
        let (node, wanted, (author, now)) = (self.node, self.wanted, self.by);
        let directory = node.directory.current();
        let stored = node
            .views
            .record(&wanted.record, &ReadScope::all())?
            .ok_or_else(Problem::not_found)?;
        if !directory.is_grid(&wanted.grid) {
            return Err(Problem::not_found());
        }
        let was = directory.moved_record(&wanted.record);
        // Of one that was moved it is the same question as when it was.
        let from = was.map_or(&stored.row.grid, |was| &was.from_grid);
        if !directory.may_move_record(author.user, from, &wanted.grid, now) {
            return Err(Problem::new(Code::Forbidden));
        }
        let references = References {
            to: wanted.record,
            now: wanted.to,
            user: author.user,
            at: now,
            grids: [from, &wanted.grid],
        };
        match was {
            Some(was)
                if was.grid == wanted.grid
                    && was.to == wanted.to
                    && was.merged == wanted.merge.is_some() =>
            {
                let found = references.found(node, &directory)?;
                let mut out = Moved::default();
                self.follow(&directory, &references, found, &mut out)?;
                Ok(Some(out))
            }
            Some(_) => Err(conflict(said!("move_done_before"))),
            None => self.commit(&directory, &stored, &references),
        }
    }

    /// Writes the move with what refers to the record, all of it or nothing.
    fn commit(
        &mut self,
        directory: &Directory,
        stored: &StoredRecord,
        references: &References<'_>,
    ) -> Answer<Option<Moved>> {
        let (node, wanted, (author, now)) = (self.node, self.wanted, self.by);
        check(node, directory, self.by, wanted, stored)?;
        let (mut edits, not_taken) = own_edits(node, directory, self.by, wanted, stored)?;
        self.audit(&stored.row.grid)?;
        let own = edits.len();
        let mut found = references.found(node, directory)?;
        found.retain(|of| !self.refused.contains_key(&of.record));
        let go: BTreeSet<RecordId> = found
            .iter()
            .filter(|of| of.may_be_set)
            .take(MAX_IN_COMMIT)
            .map(|of| of.record)
            .collect();
        let with_it = found.iter().filter(|of| go.contains(&of.record));
        edits.extend(with_it.map(|of| references.edit(directory, of)));
        let along = DirectoryChange::RecordMoved {
            record: wanted.record,
            moved: MovedRecord {
                to: wanted.to,
                from_grid: stored.row.grid.clone(),
                grid: wanted.grid.clone(),
                by: author.user,
                at: now,
                merged: wanted.merge.is_some(),
            },
        };
        let outcomes = node.writer.edit_together(author, edits, along)?;
        let (of_it, of_others) = outcomes.split_at(own.min(outcomes.len()));
        match failed(of_it) {
            Some(Failed::Meanwhile) => return Ok(None),
            Some(Failed::For(problem)) => return Err(problem),
            None => {}
        }
        let before = self.refused.len();
        let failures = of_others.iter();
        self.refused
            .extend(failures.filter_map(|o| Some((o.record, o.failure()?))));
        if self.refused.len() > before {
            // Nothing was written. They stay as they are, and the rest goes without them.
            return Ok(None);
        }
        let refused = self.refused.iter();
        let mut out = Moved {
            verdicts: of_it
                .iter()
                .skip(1)
                .flat_map(|o| o.verdicts.clone())
                .collect(),
            set_anew: go.len(),
            left: refused.map(|(record, code)| (*record, *code)).collect(),
            not_taken,
        };
        for of in &mut found {
            of.may_be_set &= !go.contains(&of.record);
        }
        self.follow(directory, references, found, &mut out)?;
        Ok(Some(out))
    }

    fn audit(&mut self, from: &AreaCode) -> Answer<()> {
        let (author, now) = self.by;
        if self.is_audited {
            return Ok(());
        }
        let scope = AuditScope::of("record", self.wanted.record)
            .and("area", from)
            .and("record", self.wanted.to)
            .and("area", &self.wanted.grid);
        self.node.auth.audit.record(&AuditEvent {
            at_ms: now.millis(),
            who: Actor {
                user: author.user.0,
                device: author.device.0,
            },
            what: match self.wanted.merge {
                Some(_) => "record.merge",
                None => "record.move",
            },
            scope,
        })?;
        self.is_audited = true;
        Ok(())
    }

    /// Sets anew what refers to the old record and was not among what was written with the move, and
    /// says what stays.
    fn follow(
        &self,
        directory: &Directory,
        references: &References<'_>,
        rest: Vec<Referring>,
        out: &mut Moved,
    ) -> Answer<()> {
        let stays = rest.iter().filter_map(|of| Some((of.record, of.left?)));
        out.left.extend(stays);
        let go: Vec<Referring> = rest.into_iter().filter(|of| of.may_be_set).collect();
        for turn in go.chunks(TURN) {
            let edits = turn.iter().map(|of| references.edit(directory, of));
            for outcome in self.node.writer.edit(self.by.0, edits.collect())? {
                match outcome.failure() {
                    Some(code) => out.left.push((outcome.record, code)),
                    None => out.set_anew += 1,
                }
            }
        }
        Ok(())
    }
}

/// Why the move itself was not written.
enum Failed {
    /// Somebody wrote to one of the records after it was read.
    Meanwhile,
    For(Problem),
}

fn failed(outcomes: &[EditOutcome]) -> Option<Failed> {
    let mut outcomes = outcomes.iter().enumerate();
    outcomes.find_map(|(n, outcome)| {
        let problem = match (&outcome.problem, outcome.refusal()) {
            (Some(problem), _) => problem.clone(),
            (None, Some(code)) => Problem::from(code),
            (None, None) => return None,
        };
        if n <= 1 && problem.code == Code::Conflict {
            return Some(Failed::Meanwhile);
        }
        Some(Failed::For(problem.unkept()))
    })
}
