//! What a line of a redrawing would do, by every record of it.
//!
//! What enters: a planned line. What leaves: how much would go and be handed over, and what would stay and why. What
//! never happens here: a change of anything.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::directory::{Directory, RedrawAct};
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{FormCode, RecordId, UserId};
use gridfold_sync_core::time::Timestamp;

use super::going::{all, going, of_grid};
use super::plan::Planned;
use crate::acts::moved::{Move, may_move};
use crate::node::{Node, random_10};
use crate::problem::{Answer, Code, Problem};

/// What would happen.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Records that would go.
    pub(crate) moved: u64,
    /// The same by form.
    pub(crate) forms: BTreeMap<FormCode, u64>,
    /// Open work that would be another's.
    pub(crate) handed: u64,
    /// Open work that would stay with somebody who does not work there then.
    pub(crate) unowned: u64,
    /// Records that would stay, with the code that says why.
    pub(crate) left: Vec<(RecordId, Code)>,
}

/// Whether somebody works in the grid of a line once it is done.
fn works_after(directory: &Directory, user: UserId, planned: &Planned, at: Timestamp) -> bool {
    let grid = planned.line.target();
    planned.give.iter().any(|grant| grant.user == user)
        || directory.grants_of(user).any(|g| {
            g.role.may_write()
                && g.from <= at
                && g.until.is_none_or(|until| at < until)
                && directory.covers(g.area.as_ref(), grid)
                && !planned.end.iter().any(|end| end.id == g.id)
        })
}

/// What a line would do from `at` on. Records of lines before it are left out, and `room` is how many more are looked at.
pub(super) fn rehearse(
    node: &Node,
    by: (Author, Timestamp),
    at: Timestamp,
    planned: &Planned,
    (gone, room): (&mut BTreeSet<RecordId>, &mut usize),
) -> Answer<Told> {
    let directory = node.directory.current();
    let line = &planned.line;
    let mut told = Told::default();
    let mut goes: BTreeSet<RecordId> = BTreeSet::new();
    if let Some(to) = &line.to {
        for row in going(node, &directory, line, &[])? {
            if gone.contains(&row.record) {
                continue;
            }
            if *room > 0 {
                *room -= 1;
                let wanted = Move {
                    record: row.record,
                    to: RecordId::from_parts(by.1, random_10().map_err(|e| Problem::internal(&e))?),
                    grid: to.clone(),
                    merge: None,
                    seen: None,
                };
                if let Err(problem) = may_move(node, &directory, by, &wanted) {
                    told.left.push((row.record, problem.code));
                    continue;
                }
            }
            goes.insert(row.record);
            gone.insert(row.record);
            told.moved += 1;
            *told.forms.entry(row.form).or_default() += 1;
        }
    }
    let mut open = of_grid(&line.from);
    open.open = true;
    for row in all(node, open)? {
        let Some(doer) = row.doer.as_deref() else {
            continue;
        };
        let (user, _) = directory.called(doer);
        let is_theirs = user.is_some() && user == line.from_user;
        let is_of_it = match line.act {
            RedrawAct::Hand => is_theirs,
            RedrawAct::Split | RedrawAct::Merge => goes.contains(&row.record),
        };
        let stays = user.is_some_and(|user| works_after(&directory, user, planned, at));
        if !is_of_it || stays && !is_theirs {
            continue;
        }
        match line.to_user {
            Some(_) if user.is_some() => told.handed += 1,
            _ => told.unowned += 1,
        }
    }
    Ok(told)
}
