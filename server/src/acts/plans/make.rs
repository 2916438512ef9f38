//! Making the tasks that a plan is due for, as edits like any other.

use std::sync::Arc;

use gridfold_sync_core::directory::{Directory, Standing};
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::DeviceId;
use gridfold_sync_core::plan::{Occurrence, Person};
use gridfold_sync_core::time::Timestamp;

use super::reckon::{Reckoned, reckon};
use crate::acts::retired::takes_record;
use crate::admit::{Base, ConsoleEdit, Wish};
use crate::node::Node;
use crate::problem::{Answer, Code};

/// Edits in one turn of the writer, so that others come between.
const TURN: usize = 100;

/// What became of making tasks.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Making {
    /// What was made, or would be.
    pub(crate) made: usize,
    /// What was there already.
    pub(crate) there: usize,
    /// What could not be made: its reason is among the refused edits.
    pub(crate) left: usize,
}

/// Makes the tasks of what is due and that nobody has begun; with a dry run it only counts. Again it makes none twice, and of
/// one that a phone made meanwhile there is one.
///
/// # Errors
/// When it cannot be written; what was made before stays, and asking again goes on with the rest.
pub(crate) fn make(
    node: &Node,
    directory: &Arc<Directory>,
    due: &Reckoned,
    (author, now): (Author, Timestamp),
    dry_run: bool,
) -> Answer<Making> {
    let mut out = Making::default();
    let (there, go): (Vec<_>, Vec<_>) = due.items.iter().partition(|(item, _)| item.made);
    out.there = there.len();
    if dry_run {
        out.made = go.len();
        return Ok(out);
    }
    let zone = &directory.working_calendar().time_zone;
    for turn in go.chunks(TURN) {
        let edits = turn.iter().map(|(item, _)| {
            let alone = directory.only_worker(&item.grid, now);
            let alone = alone.and_then(|user| directory.user(&user));
            let doer = alone.map(|user| Person {
                user: user.id,
                name: user.name.clone(),
            });
            let (plan, period) = (Arc::clone(&due.plan), due.period);
            let (subject, grid) = (item.subject.clone(), item.grid.clone());
            let (directory, zone) = (Arc::clone(directory), zone.clone());
            ConsoleEdit {
                record: item.record,
                grid: item.grid.clone(),
                form: due.plan.makes.form.clone(),
                base: Base::Nothing,
                wish: Wish::reckoned(move |form, parts| {
                    if parts.is_empty() {
                        takes_record(&directory, &grid, &form.code)?;
                    }
                    let (plan, subject) = (plan.as_ref(), subject.clone());
                    let of = Occurrence {
                        plan,
                        period,
                        subject,
                    };
                    Ok(of.ops(form, &zone, doer.as_ref()))
                }),
                claimed: now,
            }
        });
        for outcome in node.writer.edit(author, edits.collect())? {
            match outcome.failure() {
                None => out.made += 1,
                // Somebody made it between.
                Some(Code::Conflict) => out.there += 1,
                Some(_) => out.left += 1,
            }
        }
    }
    Ok(out)
}

/// Makes the tasks of all plans that say so, as far as they are due now, in the name of who published each: where they may no
/// longer write nothing is made ahead, and whoever begins one makes it.
///
/// # Errors
/// When it cannot be read or written; asking again goes on with the rest.
pub(crate) fn make_ahead(node: &Node, now: Timestamp) -> Answer<Making> {
    let directory = node.directory.current();
    let mut all = Making::default();
    for plan in directory.plans().filter(|plan| plan.ahead && !plan.retired) {
        let Some(issuer) = &plan.makes.issuer else {
            continue;
        };
        let author = Author {
            // No device of anybody: the server writes it down.
            device: DeviceId(uuid::Uuid::nil()),
            user: issuer.user,
        };
        // Grid by grid, so that a large town is no more than its largest grid.
        for grid in directory.grids_in(plan.area.as_ref()) {
            let may = match directory.standing(author.user, &grid, now) {
                Standing::Active(roles) => roles.iter().any(|role| role.may_write()),
                Standing::Late(_) | Standing::Ended | Standing::Never => false,
            };
            if !may {
                continue;
            }
            let Some(due) = reckon(node, &directory, plan, &[grid], now)? else {
                break;
            };
            let made = make(node, &directory, &due, (author, now), false)?;
            all.made += made.made;
            all.there += made.there;
            all.left += made.left;
        }
    }
    Ok(all)
}
