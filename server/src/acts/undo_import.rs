//! Taking back an import: what it made and nobody has touched since.
//!
//! What enters: the import, who takes it back. What leaves: how much was taken back, and what stays and
//! why. What never happens here: a change of what somebody changed after the import, or that was there
//! before it and of which the import says no more than that it differs; that stays and is named.

use std::collections::{BTreeMap, BTreeSet};

use gridfold_sync_core::calendar::{Calendar, default_calendar};
use gridfold_sync_core::directory::{
    Area, Catalogue, Directory, DirectoryChange, Import, ImportKind, ImportStep, MatterKind,
    moved_by,
};
use gridfold_sync_core::edit::Op;
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{AreaCode, DeviceId, SensitivityClass, UserId};
use gridfold_sync_core::plan::Plan;
use gridfold_sync_core::time::Timestamp;

use super::areas::check_area;
use super::retired::area_retired;
use crate::admit::{Base, ConsoleEdit, Heads};
use crate::auth::{Actor, AuditEvent, AuditScope};
use crate::node::Node;
use crate::problem::{Answer, Code, Problem};
use crate::views::{ReadScope, WrittenBy};

/// Edits in one turn of the writer, so that others come between.
const TURN: usize = 100;

/// Why something stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Somebody changed it since.
    Changed,
    /// Others stand on it: a record that refers to it, people or areas of an area.
    InUse,
    /// It was there before the import, which changed it.
    WasThere,
    /// It cannot be put back beside what there is now.
    DoesNotFit,
}

impl Why {
    /// The stable word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::InUse => "in_use",
            Self::WasThere => "was_there",
            Self::DoesNotFit => "does_not_fit",
        }
    }
}

/// Something that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Left {
    /// `record`, `area`, `kind`, `plan` or `calendar`.
    pub(crate) thing: &'static str,
    /// Its id or code.
    pub(crate) id: String,
    /// Why.
    pub(crate) why: Why,
}

/// What became of it.
#[derive(Debug, Default)]
pub(crate) struct Undone {
    /// Records that were deleted.
    pub(crate) records: u64,
    /// Areas that were retired, or are as they were before.
    pub(crate) areas: u64,
    /// Kinds of matters that were retired, or are as they were before.
    pub(crate) kinds: u64,
    /// Plans that were laid down, or are as they were before.
    pub(crate) plans: u64,
    /// Whether the working calendar is as it was before.
    pub(crate) calendar: bool,
    /// What stays.
    pub(crate) left: Vec<Left>,
}

impl Undone {
    fn stays(&mut self, thing: &'static str, id: impl ToString, why: Why) {
        self.left.push(Left {
            thing,
            id: id.to_string(),
            why,
        });
    }
}

/// Takes back an import, or says what would be taken back. Again it changes nothing more.
///
/// # Errors
/// When something cannot be read or written; what was taken back before stays so, and asking again goes on.
pub(crate) fn undo_import(
    node: &Node,
    import: &Import,
    (author, by, now): (Author, Option<UserId>, Timestamp),
    dry_run: bool,
) -> Answer<Undone> {
    let directory = node.directory.current();
    let mut out = Undone::default();
    if !dry_run {
        node.auth.audit.record(&AuditEvent {
            at_ms: now.millis(),
            who: by.map_or(Actor::SERVER, |user| Actor {
                user: user.0,
                device: author.device.0,
            }),
            what: "import.undo",
            scope: AuditScope::of("import", import.id),
        })?;
    }
    let mut going = BTreeMap::new();
    if let Some(device) = import.device {
        let at = (author, now);
        going = records(node, device, at, dry_run, &mut out)?;
    }
    let written = Written::of(node, import)?;
    let mut changes = areas(node, &directory, &written, (&going, now), &mut out)?;
    if let Some(became) = &written.catalogue {
        changes.extend(kinds(&directory, became, &mut out)?);
    }
    if let Some(became) = &written.calendar {
        changes.extend(calendar(&directory, became, &mut out));
    }
    changes.extend(plans(&directory, &written.plans, &mut out));
    let any = out.records + out.areas + out.kinds + out.plans > 0 || out.calendar;
    if !dry_run && (any || import.undone.is_none()) {
        changes.push(DirectoryChange::Import {
            id: import.id,
            step: ImportStep::Undone { by, at: now },
        });
        node.directory.change(changes)?;
    }
    Ok(out)
}

/// Deletes the records that it made. Gives for each grid how many of them are not deleted yet: with a
/// dry run those that would be.
fn records(
    node: &Node,
    device: DeviceId,
    (author, now): (Author, Timestamp),
    dry_run: bool,
    out: &mut Undone,
) -> Answer<BTreeMap<AreaCode, u64>> {
    let mut going: BTreeMap<AreaCode, u64> = BTreeMap::new();
    let mut go = Vec::new();
    for written in node.views.written_by(device)? {
        let why = match (written.is_made, written.is_alone, written.is_named) {
            (false, ..) => Why::WasThere,
            (_, false, _) => Why::Changed,
            (_, _, true) => Why::InUse,
            (true, true, false) => {
                go.push(written);
                continue;
            }
        };
        out.stays("record", written.record, why);
    }
    if dry_run {
        out.records = go.len() as u64;
        for written in go {
            *going.entry(written.grid).or_default() += 1;
        }
        return Ok(going);
    }
    for turn in go.chunks(TURN) {
        let mut edits = Vec::with_capacity(turn.len());
        for written in turn {
            match deletion(node, device, written, now)? {
                Some(edit) => edits.push(edit),
                None => out.stays("record", written.record, Why::Changed),
            }
        }
        for outcome in node.writer.edit(author, edits)? {
            match outcome.failure() {
                None => out.records += 1,
                Some(Code::Conflict) => out.stays("record", outcome.record, Why::Changed),
                Some(_) => out.stays("record", outcome.record, Why::DoesNotFit),
            }
        }
    }
    Ok(going)
}

/// The edit that deletes a record as long as nobody but the import wrote to it.
fn deletion(
    node: &Node,
    device: DeviceId,
    of: &WrittenBy,
    now: Timestamp,
) -> Answer<Option<ConsoleEdit>> {
    // First what is to be deleted, then whose it is: what comes between changes the heads.
    let Some(stored) = node.views.record(&of.record, &ReadScope::all())? else {
        return Ok(None);
    };
    if !node.views.is_alone(&of.record, device)? {
        return Ok(None);
    }
    let all: BTreeSet<SensitivityClass> = SensitivityClass::ALL.into_iter().collect();
    Ok(Some(ConsoleEdit {
        record: of.record,
        grid: of.grid.clone(),
        form: of.form.clone(),
        base: Base::Newly(Heads::of(&all, &stored.parts)),
        wish: vec![Op::Delete].into(),
        claimed: now,
    }))
}

/// What an import wrote into the directory.
#[derive(Debug, Default)]
struct Written {
    /// Areas as it wrote them.
    areas: BTreeMap<AreaCode, Area>,
    /// The areas as they were before.
    before: BTreeMap<AreaCode, Area>,
    catalogue: Option<Catalogue>,
    calendar: Option<Calendar>,
    plans: Vec<Plan>,
}

impl Written {
    fn of(node: &Node, import: &Import) -> Answer<Self> {
        let mut found = Self::default();
        for (first, last) in &import.wrote {
            for change in node.directory.changes(*first, *last)? {
                match change {
                    DirectoryChange::Areas { areas } => {
                        let areas = areas.into_iter().map(|area| (area.code.clone(), area));
                        found.areas.extend(areas);
                    }
                    DirectoryChange::Catalogue { catalogue } => found.catalogue = Some(*catalogue),
                    DirectoryChange::Calendar { calendar } => found.calendar = Some(*calendar),
                    DirectoryChange::Plan { plan } => found.plans.push(*plan),
                    _ => {}
                }
            }
        }
        // With matters come new areas alone.
        if let (ImportKind::Areas, Some((first, _))) = (import.kind, import.wrote.first()) {
            let before = node.directory.as_of(first.saturating_sub(1))?;
            let was = found
                .areas
                .keys()
                .filter_map(|code| before.area(code).cloned());
            found.before = was.map(|area| (area.code.clone(), area)).collect();
        }
        Ok(found)
    }
}

/// How many areas an area lies in.
fn depth(directory: &Directory, area: &Area) -> usize {
    let mut depth = 0;
    let mut above = area.parent.as_ref();
    while let Some(parent) = above.and_then(|code| directory.area(code)) {
        depth += 1;
        above = parent.parent.as_ref();
    }
    depth
}

/// The changes that retire the areas it made, and have those that it changed as they were.
fn areas(
    node: &Node,
    directory: &Directory,
    written: &Written,
    (going, now): (&BTreeMap<AreaCode, u64>, Timestamp),
    out: &mut Undone,
) -> Answer<Vec<DirectoryChange>> {
    if written.areas.is_empty() {
        return Ok(Vec::new());
    }
    let uses = Uses::of(node, directory, going, now)?;
    // What lies in others first.
    let mut all: Vec<&Area> = written.areas.values().collect();
    all.sort_by_key(|area| std::cmp::Reverse(depth(directory, area)));
    let (mut retire, mut back) = (BTreeSet::new(), BTreeMap::new());
    for became in all {
        let code = &became.code;
        let now_is = directory.area(code);
        let was = written.before.get(code);
        if was.is_some_and(|was| Some(was) == now_is)
            || (was.is_none() && directory.area_retired(code).is_some())
        {
            // Taken back already.
            continue;
        }
        if now_is != Some(became) {
            out.stays("area", code, Why::Changed);
            continue;
        }
        match was {
            Some(was) => {
                back.insert(code.clone(), was.clone());
            }
            None if uses.has(directory, code, &retire) => out.stays("area", code, Why::InUse),
            None => {
                retire.insert(code.clone());
            }
        }
    }
    let codes: Vec<AreaCode> = back.keys().cloned().collect();
    for code in codes {
        let fits = back
            .get(&code)
            .is_some_and(|area| check_area(directory, area, &back).is_ok());
        if !fits {
            back.remove(&code);
            out.stays("area", code, Why::DoesNotFit);
        }
    }
    out.areas = (retire.len() + back.len()) as u64;
    let back: Vec<Area> = back.into_values().collect();
    let mut changes = moved_by(&back, |code| directory.area(code), now);
    changes.extend(
        back.chunks(crate::directory::AREAS_PER_CHANGE)
            .map(|areas| DirectoryChange::Areas {
                areas: areas.to_vec(),
            }),
    );
    let retired = retire
        .iter()
        .filter_map(|code| area_retired(directory, code, true, now));
    changes.extend(retired);
    Ok(changes)
}

/// What stands on areas: who works in them, and what is in them that stays.
struct Uses {
    granted: BTreeSet<AreaCode>,
    held: BTreeMap<AreaCode, u64>,
}

impl Uses {
    /// Records that are about to go are none that stay.
    fn of(
        node: &Node,
        directory: &Directory,
        going: &BTreeMap<AreaCode, u64>,
        now: Timestamp,
    ) -> Answer<Self> {
        let runs = directory
            .grants()
            .filter(|g| g.until.is_none_or(|until| now < until));
        let mut held = node.views.count_by_grid()?;
        for (grid, goes) in going {
            if let Some(n) = held.get_mut(grid) {
                *n = n.saturating_sub(*goes);
            }
        }
        Ok(Self {
            granted: runs.filter_map(|g| g.area.clone()).collect(),
            held,
        })
    }

    fn has(&self, directory: &Directory, area: &AreaCode, retire: &BTreeSet<AreaCode>) -> bool {
        let stays =
            |child: &AreaCode| !retire.contains(child) && directory.area_retired(child).is_none();
        self.granted.contains(area)
            || self.held.get(area).is_some_and(|n| *n > 0)
            || directory.children(area).any(stays)
    }
}

/// The change that retires the kinds it added, and has those that it changed as they were.
fn kinds(
    directory: &Directory,
    became: &Catalogue,
    out: &mut Undone,
) -> Answer<Option<DirectoryChange>> {
    let Some(now) = directory.catalogue() else {
        return Ok(None);
    };
    let before = became.version.checked_sub(1);
    let before = before.and_then(|version| directory.catalogue_version(version));
    let before = before.map_or(&[] as &[MatterKind], |before| before.kinds.as_slice());
    let mut kinds = now.kinds.clone();
    let mut taken_back = 0;
    for kind in &became.kinds {
        let was = before.iter().find(|k| k.code == kind.code);
        let Some(slot) = kinds.iter_mut().find(|k| k.code == kind.code) else {
            continue;
        };
        let to = match was {
            Some(was) => was.clone(),
            None => MatterKind {
                retired: true,
                ..kind.clone()
            },
        };
        if was == Some(kind) || *slot == to {
            continue;
        }
        if slot == kind {
            *slot = to;
            taken_back += 1;
        } else {
            out.stays("kind", &kind.code, Why::Changed);
        }
    }
    if taken_back == 0 {
        return Ok(None);
    }
    let next = Catalogue {
        version: now.version.saturating_add(1),
        kinds,
        urgencies: now.urgencies.clone(),
        unknown: now.unknown.clone(),
    };
    next.check_follows(Some(now.as_ref())).map_err(|error| {
        Problem::new(Code::Conflict).because(format!("the kinds cannot be put back: {error}"))
    })?;
    out.kinds = taken_back;
    Ok(Some(DirectoryChange::Catalogue {
        catalogue: Box::new(next),
    }))
}

/// The changes that lay down the plans it added, and have those that it changed as they were.
fn plans(directory: &Directory, became: &[Plan], out: &mut Undone) -> Vec<DirectoryChange> {
    let mut changes = Vec::new();
    for became in became {
        let before = became.version.checked_sub(1);
        let before = before.and_then(|version| directory.plan_version(&became.code, version));
        let Some(now) = directory.plan(&became.code) else {
            continue;
        };
        let mut next = before.map_or_else(
            || Plan {
                retired: true,
                ..became.clone()
            },
            |before| (**before).clone(),
        );
        next.version = now.version;
        if **now == next {
            // Taken back already.
            continue;
        }
        if now.as_ref() != became {
            out.stays("plan", &became.code, Why::Changed);
            continue;
        }
        next.version = now.version.saturating_add(1);
        if directory.check_plan(&next).is_err() {
            out.stays("plan", &became.code, Why::DoesNotFit);
            continue;
        }
        out.plans += 1;
        changes.push(DirectoryChange::Plan {
            plan: Box::new(next),
        });
    }
    changes
}

/// The change that has the working calendar as it was before, as long as nobody has published another.
fn calendar(directory: &Directory, became: &Calendar, out: &mut Undone) -> Option<DirectoryChange> {
    let now = directory.calendar()?;
    let before = became.version.checked_sub(1)?;
    let before = directory.calendar_version(before);
    let mut next = before.map_or_else(default_calendar, |before| (**before).clone());
    next.version = now.version;
    if **now == next {
        // Taken back already.
        return None;
    }
    if now.as_ref() != became {
        out.stays("calendar", now.version, Why::Changed);
        return None;
    }
    next.version = now.version.saturating_add(1);
    out.calendar = true;
    Some(DirectoryChange::Calendar {
        calendar: Box::new(next),
    })
}
