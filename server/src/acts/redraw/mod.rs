//! Redrawing of grids: a grid is given to another worker, a part of it goes to another grid, or all of it, as one act
//! with a date.
//!
//! What enters: lines that somebody wants. What leaves: what each would do, and the plan in the directory, with the
//! grants it gives and ends, in one commit. What never happens here: records that are moved in the request; that is
//! done afterwards, record by record (`run.rs`), so that nobody waits for it and a restart goes on.

mod going;
mod plan;
mod rehearse;
mod run;

use std::collections::BTreeSet;

use gridfold_sync_core::directory::{DirectoryChange, Grant, GrantEnd, RedrawLine, RedrawStep};
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{DeviceId, RecordId, RedrawId, UserId};
use gridfold_sync_core::time::Timestamp;

use crate::auth::{Actor, AuditEvent, AuditScope};
use crate::node::{Node, random_10};
use crate::problem::{Answer, Code, Problem};
use crate::words::Said;

pub(crate) use plan::{Planned, Wanted};
pub(crate) use rehearse::Told;
pub(crate) use run::turn;

/// Most lines of one redrawing.
pub(crate) const MAX_LINES: usize = 500;
/// Most records that one line names.
pub(crate) const MAX_NAMED_RECORDS: usize = 5_000;
/// Most records that one redrawing is rehearsed with.
pub(crate) const MAX_REHEARSED: usize = 20_000;
/// Records named in one logged change, so that it fits an item of the log.
const NAMED_IN_CHANGE: usize = 400;

/// What is answered for one line.
#[derive(Debug)]
pub(crate) struct LineAnswer {
    /// Why it is not taken.
    pub(crate) refused: Option<Said>,
    /// What it does, as planned.
    pub(crate) planned: Option<Planned>,
    /// What would happen.
    pub(crate) told: Told,
}

/// What became of a wish.
#[derive(Debug)]
pub(crate) struct Answered {
    /// By line.
    pub(crate) lines: Vec<LineAnswer>,
    /// The id, when it was begun.
    pub(crate) begun: Option<RedrawId>,
    /// Whether every record was looked at; past [`MAX_REHEARSED`] they are only counted.
    pub(crate) all_looked_at: bool,
}

/// How much of a wish is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begin {
    /// Nothing: it is only told what would happen.
    Nothing,
    /// All of it, or nothing when a line is refused.
    All,
    /// What is not refused.
    Part,
}

/// Tells what lines would do, and begins them.
///
/// # Errors
/// When it cannot be read or written; nothing was begun then.
pub(crate) fn redraw(
    node: &Node,
    (author, now): (Author, Timestamp),
    from: Timestamp,
    wanted: Vec<Result<Wanted, Said>>,
    begin: Begin,
) -> Answer<Answered> {
    // Nobody is granted anything between the question whether they may and the act.
    let _alone = node.people.lock();
    let directory = node.directory.current();
    let mut lines = Vec::with_capacity(wanted.len());
    let mut earlier: Vec<(usize, RedrawLine)> = Vec::new();
    let mut gone: BTreeSet<RecordId> = BTreeSet::new();
    let mut room = MAX_REHEARSED;
    for (n, wanted) in wanted.into_iter().enumerate() {
        let asked = plan::Asked {
            directory: &directory,
            user: author.user,
            now,
            from,
            earlier: &earlier,
        };
        let planned = match wanted {
            Ok(wanted) => asked.plan(node, wanted)?,
            Err(said) => Err(said),
        };
        lines.push(match planned {
            Err(said) => LineAnswer {
                refused: Some(said),
                planned: None,
                told: Told::default(),
            },
            Ok(planned) => {
                let by = (author, now);
                let told = rehearse::rehearse(node, by, from, &planned, (&mut gone, &mut room))?;
                earlier.push((n, planned.line.clone()));
                LineAnswer {
                    refused: None,
                    planned: Some(planned),
                    told,
                }
            }
        });
    }
    let is_refused = lines.iter().any(|line| line.refused.is_some());
    let goes = match begin {
        Begin::Nothing => false,
        Begin::All => !is_refused,
        Begin::Part => true,
    };
    let mut begun = None;
    if goes && !earlier.is_empty() {
        let planned: Vec<&Planned> = lines.iter().filter_map(|l| l.planned.as_ref()).collect();
        begun = Some(write(node, (author, now), from, &planned)?);
    }
    Ok(Answered {
        lines,
        begun,
        all_looked_at: room > 0,
    })
}

fn audit(
    node: &Node,
    by: Author,
    now: Timestamp,
    what: &'static str,
    of: AuditScope,
) -> Answer<()> {
    node.auth.audit.record(&AuditEvent {
        at_ms: now.millis(),
        who: Actor {
            user: by.user.0,
            device: by.device.0,
        },
        what,
        scope: of,
    })?;
    Ok(())
}

/// Writes the plan with its grants, all of it or nothing.
fn write(
    node: &Node,
    (author, now): (Author, Timestamp),
    from: Timestamp,
    planned: &[&Planned],
) -> Answer<RedrawId> {
    let id = RedrawId::from_parts(now, random_10().map_err(|e| Problem::internal(&e))?);
    audit(
        node,
        author,
        now,
        "redraw.begin",
        AuditScope::of("redraw", id),
    )?;
    let say = |step| DirectoryChange::Redraw {
        id,
        step: Box::new(step),
    };
    let mut changes = vec![say(RedrawStep::Planned {
        by: author.user,
        device: author.device,
        at: now,
        from,
        lines: u32::try_from(planned.len()).unwrap_or(u32::MAX),
    })];
    let mut ended: BTreeSet<_> = BTreeSet::new();
    for planned in planned {
        let mut line = planned.line.clone();
        for grant in &planned.give {
            let scope = AuditScope::of("grant", grant.id).and("user", grant.user);
            audit(node, author, now, "grant.add", scope)?;
            line.given.push(grant.id);
            changes.push(DirectoryChange::Grant {
                grant: grant.clone(),
            });
        }
        // Of two lines that end one grant the first does.
        for grant in planned.end.iter().filter(|g| ended.insert(g.id)) {
            let scope = AuditScope::of("grant", grant.id).and("user", grant.user);
            audit(node, author, now, "grant.end", scope)?;
            line.ended.push(GrantEnd {
                grant: grant.id,
                was: grant.until,
            });
            changes.push(DirectoryChange::Grant {
                grant: Grant {
                    until: Some(from),
                    ..grant.clone()
                },
            });
        }
        let records = std::mem::take(&mut line.records);
        changes.push(say(RedrawStep::Line { line }));
        let records = records.chunks(NAMED_IN_CHANGE);
        changes.extend(records.map(|records| {
            say(RedrawStep::Named {
                records: records.to_vec(),
            })
        }));
    }
    node.directory.change(changes)?;
    Ok(id)
}

/// Has what of a redrawing is not done yet stay as it is. Grants that it gave or ends are as they were, unless they
/// have begun or ended meanwhile.
///
/// # Errors
/// [`Code::Conflict`] when all of it is done.
pub(crate) fn stop(node: &Node, (author, now): (Author, Timestamp), id: RedrawId) -> Answer<()> {
    let _alone = node.people.lock();
    let directory = node.directory.current();
    let redraw = directory.redraw(&id).ok_or_else(Problem::not_found)?;
    if redraw.stopped.is_some() {
        return Ok(());
    }
    if redraw.ended.is_some() {
        return Err(Problem::new(Code::Conflict));
    }
    audit(
        node,
        author,
        now,
        "redraw.stop",
        AuditScope::of("redraw", id),
    )?;
    let mut changes = vec![DirectoryChange::Redraw {
        id,
        step: Box::new(RedrawStep::Stopped {
            by: author.user,
            at: now,
        }),
    }];
    if now < redraw.from {
        for line in &redraw.lines {
            let given = line.given.iter().filter_map(|id| directory.grant(id));
            changes.extend(given.map(|grant| DirectoryChange::Grant {
                grant: Grant {
                    until: Some(grant.from),
                    ..grant.clone()
                },
            }));
            let ended = line.ended.iter();
            let ended = ended.filter_map(|end| Some((directory.grant(&end.grant)?, end.was)));
            // One that was ended otherwise since stays so.
            let ended = ended.filter(|(grant, _)| grant.until == Some(redraw.from));
            changes.extend(ended.map(|(grant, was)| DirectoryChange::Grant {
                grant: Grant {
                    until: was,
                    ..grant.clone()
                },
            }));
        }
    }
    node.directory.change(changes)?;
    Ok(())
}

/// The author of what a redrawing writes.
fn author_of((user, device): (UserId, DeviceId)) -> Author {
    Author { device, user }
}
