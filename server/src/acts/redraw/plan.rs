//! What a line of a redrawing is to do, and whether somebody may have it done.
//!
//! What enters: a line that is wanted, the directory, who asks. What leaves: the line as it is kept, with the grants
//! that it gives and ends, or why it is refused. What never happens here: a look at records.

use gridfold_sync_core::directory::{Directory, Grant, RedrawAct, RedrawLine, RedrawPart};
use gridfold_sync_core::ids::{AreaCode, RecordId, UserId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;

use crate::acts::grants::new_grant;
use crate::node::Node;
use crate::problem::Answer;
use crate::words::{Said, said};

/// A line as it is asked for.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) act: RedrawAct,
    pub(crate) from: AreaCode,
    pub(crate) to: Option<AreaCode>,
    pub(crate) part: RedrawPart,
    pub(crate) records: Vec<RecordId>,
    pub(crate) from_user: Option<UserId>,
    pub(crate) to_user: Option<UserId>,
}

/// A line that may be done.
#[derive(Debug)]
pub(crate) struct Planned {
    /// The line as it is kept, without its grants.
    pub(crate) line: RedrawLine,
    /// Grants that begin with it.
    pub(crate) give: Vec<Grant>,
    /// Grants that end with it, as they are now.
    pub(crate) end: Vec<Grant>,
}

/// Who asks, when, for when, and after which lines.
pub(super) struct Asked<'a> {
    pub(super) directory: &'a Directory,
    pub(super) user: UserId,
    pub(super) now: Timestamp,
    pub(super) from: Timestamp,
    pub(super) earlier: &'a [(usize, RedrawLine)],
}

impl Asked<'_> {
    /// Whether and how a line may be done.
    pub(super) fn plan(&self, node: &Node, wanted: Wanted) -> Answer<Result<Planned, Said>> {
        if let Err(said) = self.check(&wanted) {
            return Ok(Err(said));
        }
        let target = wanted.to.clone().unwrap_or_else(|| wanted.from.clone());
        let end = match self.ends(&wanted) {
            Ok(end) => end,
            Err(said) => return Ok(Err(said)),
        };
        let to_user = wanted.to_user.or_else(|| self.only_worker(&target));
        let mut give = Vec::new();
        if let Some(user) = to_user
            && !self.works_on(user, &target, &end)
        {
            let grant = new_grant(
                user,
                Role::Worker,
                Some(target.clone()),
                (self.from, None),
                self.now,
            )?;
            let directory = self.directory;
            let may = directory.may_grant(self.user, Role::Worker, Some(&target), self.now)
                && directory.may_manage(self.user, user, self.now);
            if !may {
                let name = self.name(user);
                return Ok(Err(said!("redraw_person_not_yours", name = name)));
            }
            if node.comes_from_less(directory, &grant, self.now)? {
                let name = self.name(user);
                return Ok(Err(said!("redraw_access_first", name = name)));
            }
            give.push(grant);
        }
        let line = RedrawLine {
            act: wanted.act,
            from: wanted.from,
            to: wanted.to,
            part: wanted.part,
            records: wanted.records,
            from_user: wanted.from_user,
            to_user,
            given: Vec::new(),
            ended: Vec::new(),
        };
        Ok(Ok(Planned { line, give, end }))
    }

    fn name(&self, user: UserId) -> String {
        self.directory
            .user(&user)
            .map_or_else(String::new, |u| u.name.clone())
    }

    /// Whether the caller leads in a grid: supervises or administers it.
    fn leads(&self, grid: &AreaCode) -> bool {
        let roles = self.directory.roles_in(self.user, Some(grid), self.now);
        roles.contains(&Role::Admin) || roles.contains(&Role::Supervisor)
    }

    /// A grid that the caller leads; what they do not know and what there is not answer alike.
    fn grid(&self, grid: &AreaCode) -> Result<(), Said> {
        match self.directory.is_grid(grid) && self.leads(grid) {
            true => Ok(()),
            false => Err(said!("redraw_no_grid", grid = grid.as_str())),
        }
    }

    fn check(&self, wanted: &Wanted) -> Result<(), Said> {
        let directory = self.directory;
        self.grid(&wanted.from)?;
        let target = wanted.to.as_ref().unwrap_or(&wanted.from);
        match (wanted.act, &wanted.to) {
            (RedrawAct::Hand, None) => {}
            (RedrawAct::Hand, Some(_)) => return Err(said!("redraw_hand_stays")),
            (_, None) => return Err(said!("redraw_where_to")),
            (_, Some(to)) if *to == wanted.from => return Err(said!("redraw_to_itself")),
            (_, Some(to)) => self.grid(to)?,
        }
        if directory.retired_around(target).is_some() {
            return Err(said!("redraw_retired", grid = target.as_str()));
        }
        if wanted.act == RedrawAct::Hand && (wanted.from_user.is_none() || wanted.to_user.is_none())
        {
            return Err(said!("redraw_whose"));
        }
        if wanted.from_user.is_some() && wanted.from_user == wanted.to_user {
            return Err(said!("redraw_same_person"));
        }
        let roles = directory.roles_in(self.user, Some(&wanted.from), self.now);
        if wanted.act == RedrawAct::Merge && !roles.contains(&Role::Admin) {
            return Err(said!("redraw_merge_is_admins"));
        }
        let is_part = matches!(wanted.part, RedrawPart::All)
            || wanted.records.is_empty() && wanted.part == RedrawPart::Named;
        if wanted.act == RedrawAct::Split && is_part {
            return Err(said!("redraw_which_part"));
        }
        if let Some(user) = wanted.to_user
            && directory.user(&user).is_none_or(|u| !u.active)
        {
            return Err(said!("redraw_person_gone"));
        }
        for (n, line) in self.earlier {
            let said = || said!("redraw_after_line", line = n + 1);
            let is_merged = |grid: &AreaCode| line.act == RedrawAct::Merge && line.from == *grid;
            let fills = line.to.as_ref() == Some(&wanted.from);
            if is_merged(&wanted.from) || is_merged(target) || fills {
                return Err(said());
            }
        }
        let mut others = directory.redraws().filter(|redraw| redraw.goes_on());
        let is_busy = others.any(|redraw| {
            let lines = redraw.lines.iter().skip(redraw.done.len());
            lines.into_iter().any(|line| {
                line.from == wanted.from || line.from == *target || *line.target() == wanted.from
            })
        });
        match is_busy {
            true => Err(said!("redraw_under_way", grid = wanted.from.as_str())),
            false => Ok(()),
        }
    }

    /// The grants that end: a worker's of just this grid.
    fn ends(&self, wanted: &Wanted) -> Result<Vec<Grant>, Said> {
        let runs = |g: &&Grant| g.until.is_none_or(|until| self.from < until);
        let here = |g: &&Grant| g.role == Role::Worker && g.area.as_ref() == Some(&wanted.from);
        let theirs = |g: &&Grant| match wanted.act {
            RedrawAct::Hand => Some(g.user) == wanted.from_user,
            RedrawAct::Merge => true,
            RedrawAct::Split => false,
        };
        let grants = self.directory.grants().filter(here);
        let end: Vec<Grant> = grants.filter(theirs).filter(runs).cloned().collect();
        if wanted.act == RedrawAct::Hand
            && let Some(user) = wanted.from_user
            && self.works_on(user, &wanted.from, &end)
        {
            // Their phone would go on holding what is given away.
            let name = self.name(user);
            return Err(said!(
                "redraw_works_wider",
                name = name,
                grid = wanted.from.as_str()
            ));
        }
        Ok(end)
    }

    /// Whether somebody works in a grid from then on, by grants other than those that end.
    fn works_on(&self, user: UserId, grid: &AreaCode, end: &[Grant]) -> bool {
        let mut grants = self.directory.grants_of(user);
        grants.any(|g| {
            matches!(g.role, Role::Worker | Role::Supervisor)
                && g.from <= self.from
                && g.until.is_none_or(|until| self.from < until)
                && self.directory.covers(g.area.as_ref(), grid)
                && !end.iter().any(|e| e.id == g.id)
        })
    }

    /// The one worker of a grid; none where there are several.
    fn only_worker(&self, grid: &AreaCode) -> Option<UserId> {
        let here = self.directory.grants().filter(|g| {
            g.role == Role::Worker
                && g.area.as_ref() == Some(grid)
                && g.from <= self.from
                && g.until.is_none_or(|until| self.from < until)
        });
        let mut users: Vec<UserId> = here.map(|g| g.user).collect();
        users.sort_unstable();
        users.dedup();
        match users.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }
}
