//! Doing what a redrawing wants, once its date has come: record by record, each in one job of the writer, so that
//! others come between.
//!
//! What enters: the redrawings of the directory. What leaves: records in other grids, work in other hands, and in the
//! directory what became of each line. What never happens here: a record that is moved twice. What a crash cut off is
//! gone on with: a record that is in the other grid is not in this one any more, and a line that is done says so.

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::Duration;

use gridfold_sync_core::directory::{
    Directory, DirectoryChange, Redraw, RedrawAct, RedrawLine, RedrawOutcome, RedrawStep,
};
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{RecordId, SensitivityClass, StreamId, UserId};
use gridfold_sync_core::limits::LATE_EDIT_WINDOW_DAYS;
use gridfold_sync_core::schema::Role;

use super::going::{all, going, moved, of_grid};
use super::{audit, author_of};
use crate::acts::hand_over::{HandOver, hand_over};
use crate::acts::moved::{Move, move_record};
use crate::acts::retired::area_retired;
use crate::auth::AuditScope;
use crate::node::{Node, random_10};
use crate::problem::{Answer, Code, Problem};
use crate::redrawing::LineProgress;
use crate::views::{ReadScope, RecordRow};

/// Records that are named among those that stay.
const MAX_NAMED_LEFT: usize = 200;
/// Times that the records of a grid are looked for again, since phones go on sending meanwhile.
const MAX_PASSES: usize = 20;
/// Records whose doers are looked at at a time.
const DOERS_OF: usize = 500;
/// How long a busy server is left alone.
const PAUSE: Duration = Duration::from_millis(200);
/// Times that one record is tried on a busy server; then the turn ends, and the next one goes on.
const TRIES: usize = 25;
const DAY_MS: i64 = 86_400_000;

/// Does what is due of all redrawings, until it is to stop.
///
/// # Errors
/// When it cannot be read or written; the next turn goes on.
pub(crate) fn turn(node: &Node, is_stopping: &dyn Fn() -> bool) -> Answer<()> {
    if node.directory.is_in_doubt() {
        return Ok(());
    }
    let now = node.clock.now();
    let directory = node.directory.current();
    for redraw in directory.redraws() {
        if redraw.goes_on() && redraw.from <= now {
            Run {
                node,
                redraw,
                author: author_of((redraw.by, redraw.device)),
                is_stopping,
            }
            .lines()?;
        }
    }
    let window = LATE_EDIT_WINDOW_DAYS * DAY_MS;
    let directory = node.directory.current();
    for redraw in directory.redraws() {
        let is_recent = |end: gridfold_sync_core::time::Timestamp| now < end.plus_millis(window);
        if redraw.ended.is_some_and(is_recent) && !is_stopping() {
            let author = author_of((redraw.by, redraw.device));
            Run {
                node,
                redraw,
                author,
                is_stopping,
            }
            .late()?;
        }
    }
    Ok(())
}

struct Run<'a> {
    node: &'a Node,
    redraw: &'a Redraw,
    author: Author,
    is_stopping: &'a dyn Fn() -> bool,
}

impl Run<'_> {
    fn say(&self, step: RedrawStep) -> DirectoryChange {
        DirectoryChange::Redraw {
            id: self.redraw.id,
            step: Box::new(step),
        }
    }

    /// Whether nothing more is to be done: the server stops, or somebody stopped it.
    fn is_over(&self) -> bool {
        let directory = self.node.directory.current();
        let redraw = directory.redraw(&self.redraw.id);
        (self.is_stopping)() || redraw.is_none_or(|redraw| !redraw.goes_on())
    }

    fn lines(&self) -> Answer<()> {
        let node = self.node;
        for line in self.redraw.lines.iter().skip(self.redraw.done.len()) {
            if self.is_over() {
                return Ok(());
            }
            let Some(outcome) = self.line(line)? else {
                return Ok(());
            };
            node.directory
                .change(vec![self.say(RedrawStep::Done { outcome })])?;
            node.redrawing.forget(&self.redraw.id);
        }
        let at = node.clock.now();
        node.directory
            .change(vec![self.say(RedrawStep::Ended { at })])?;
        Ok(())
    }

    /// Does one line; none when it was stopped on the way.
    fn line(&self, line: &RedrawLine) -> Answer<Option<RedrawOutcome>> {
        self.retire(line)?;
        let node = self.node;
        let since = (self.redraw.by, self.redraw.at);
        let mut left: Vec<(RecordId, Code)> = Vec::new();
        if line.to.is_some() {
            for _ in 0..MAX_PASSES {
                let directory = node.directory.current();
                let before = moved(&directory, since, line);
                let stays: BTreeSet<RecordId> = left.iter().map(|(record, _)| *record).collect();
                let mut rows = going(node, &directory, line, &before)?;
                rows.retain(|row| !stays.contains(&row.record));
                if rows.is_empty() {
                    break;
                }
                let mut progress = LineProgress {
                    all: (rows.len() + before.len() + left.len()) as u64,
                    moved: before.len() as u64,
                    left: left.len() as u64,
                };
                for row in rows {
                    node.redrawing.note(self.redraw.id, progress);
                    if self.is_over() {
                        return Ok(None);
                    }
                    match self.go(line, &row)? {
                        None => progress.moved += 1,
                        Some(code) => {
                            progress.left += 1;
                            left.push((row.record, code));
                        }
                    }
                }
                node.redrawing.note(self.redraw.id, progress);
            }
        }
        let directory = node.directory.current();
        let went = moved(&directory, since, line);
        let handed = self.hand_over(&directory, line, &went)?;
        let named = left.iter().take(MAX_NAMED_LEFT);
        Ok(Some(RedrawOutcome {
            moved: went.len() as u64,
            handed,
            left: left.len() as u64,
            named: named
                .map(|(record, code)| (*record, code.as_str().to_owned()))
                .collect(),
        }))
    }

    /// Nothing new is put into a grid that goes into another.
    fn retire(&self, line: &RedrawLine) -> Answer<()> {
        let (node, now) = (self.node, self.node.clock.now());
        let directory = node.directory.current();
        let roles = directory.roles_in(self.author.user, Some(&line.from), now);
        if line.act != RedrawAct::Merge || !roles.contains(&Role::Admin) {
            return Ok(());
        }
        if let Some(change) = area_retired(&directory, &line.from, true, now) {
            let scope = AuditScope::of("area", &line.from);
            audit(node, self.author, now, "area.retire", scope)?;
            node.directory.change(vec![change])?;
        }
        Ok(())
    }

    /// Moves a record; the code that says why when it stays.
    fn go(&self, line: &RedrawLine, row: &RecordRow) -> Answer<Option<Code>> {
        let Some(to) = &line.to else { return Ok(None) };
        let mut tries = 0;
        loop {
            let now = self.node.clock.now();
            let wanted = Move {
                record: row.record,
                to: RecordId::from_parts(now, random_10().map_err(|e| Problem::internal(&e))?),
                grid: to.clone(),
                merge: None,
                seen: None,
            };
            match move_record(self.node, (self.author, now), &wanted) {
                Ok(_) => return Ok(None),
                Err(problem) if problem.code.retryable() => {
                    tries += 1;
                    if tries >= TRIES || self.is_over() {
                        return Err(problem);
                    }
                    sleep(PAUSE);
                }
                Err(problem) => return Ok(Some(problem.code)),
            }
        }
    }

    /// Gives the open work of a line to whoever works there since. `went` are the records that moved.
    fn hand_over(
        &self,
        directory: &Directory,
        line: &RedrawLine,
        went: &[RecordId],
    ) -> Answer<u64> {
        let Some(to) = line.to_user else {
            return Ok(0);
        };
        let (node, now) = (self.node, self.node.clock.now());
        let target = line.target();
        let classes: BTreeSet<SensitivityClass> = directory
            .readable(self.author.user, target, now)
            .into_iter()
            .collect();
        let mut filter = of_grid(target);
        filter.scope = ReadScope {
            grids: Some(BTreeSet::from([target.clone()])),
            classes,
        };
        filter.open = true;
        let give = |from: UserId, filter| -> Answer<u64> {
            let dry_run = false;
            let wanted = HandOver { from, to, dry_run };
            let done = hand_over(node, directory, wanted, filter, (self.author, now))?;
            Ok(done.handed as u64)
        };
        if line.act == RedrawAct::Hand {
            return line.from_user.map_or(Ok(0), |from| give(from, filter));
        }
        let mut handed = 0;
        for records in went.chunks(DOERS_OF) {
            filter.ids = records.to_vec();
            let rows = all(node, filter.clone())?;
            let doers: BTreeSet<UserId> = rows
                .iter()
                .filter_map(|row| directory.called(row.doer.as_deref()?).0)
                .filter(|doer| {
                    *doer != to
                        && (Some(*doer) == line.from_user
                            || !directory.works_in(*doer, target, now))
                })
                .collect();
            for from in doers {
                handed += give(from, filter.clone())?;
            }
        }
        Ok(handed)
    }

    /// Has what phones brought afterwards go along: what was made without signal in a grid that is no more, or about
    /// a household that is elsewhere.
    fn late(&self) -> Answer<()> {
        let node = self.node;
        for line in self.redraw.lines.iter().take(self.redraw.done.len()) {
            let reached = self.reached(line)?;
            let id = self.redraw.id;
            if line.to.is_none() || !node.redrawing.has_news(id, &line.from, reached) {
                continue;
            }
            let directory = node.directory.current();
            let mut filter = of_grid(&line.from);
            filter.received_from = self.redraw.ended;
            let mut rows = all(node, filter)?;
            rows.retain(|row| !node.redrawing.stays(&row.record));
            for row in rows {
                let is_of_it =
                    line.act == RedrawAct::Merge || self.is_about_moved(&directory, line, &row);
                if !is_of_it {
                    continue;
                }
                if (self.is_stopping)() {
                    return Ok(());
                }
                if let Some(code) = self.go(line, &row)? {
                    node.redrawing.note_stay(row.record);
                    tracing::warn!(
                        record = %row.record, code = code.as_str(),
                        "what came late for a grid that was redrawn stays there"
                    );
                } else {
                    let directory = node.directory.current();
                    let went = [directory.present_record(row.record)];
                    self.hand_over(&directory, line, &went)?;
                }
            }
            node.redrawing.looked_at(id, &line.from, reached);
        }
        Ok(())
    }

    fn is_about_moved(&self, directory: &Directory, line: &RedrawLine, row: &RecordRow) -> bool {
        let household = row.household.map(|id| directory.present_record(id));
        let was = household.and_then(|id| directory.moved_from(&id));
        was.is_some_and(|(_, moved)| {
            moved.from_grid == line.from
                && Some(&moved.grid) == line.to.as_ref()
                && moved.at >= self.redraw.at
        })
    }

    /// How far the grid's streams are.
    fn reached(&self, line: &RedrawLine) -> Answer<u64> {
        let mut reached = 0;
        for class in SensitivityClass::ALL {
            let stream = StreamId::new(line.from.clone(), class);
            reached += self.node.views.projected(&stream.name())?;
        }
        Ok(reached)
    }
}
