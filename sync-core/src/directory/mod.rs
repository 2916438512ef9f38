//! The directory: areas, users, grants, devices, forms and the catalogue, folded from its changes.
//!
//! What enters: changes in the order of their revision. What leaves: answers about who may do what
//! where, and the part of the directory one user's phone needs. What never happens here: secrets;
//! password hashes and tokens are the server's own and never replicated.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

mod apart;
mod around;
mod catalogue;
mod catalogue_error;
mod changes;
mod colleague;
mod document;
mod due;
mod held;
mod imports;
mod kind;
mod moved_records;
mod moves;
mod named;
mod parts;
mod people;
mod plans;
mod reach;
mod redraws;
mod retired;
mod scope;
mod tree;

pub use catalogue::{Catalogue, default_catalogue};
pub use catalogue_error::CatalogueError;
pub use changes::{
    Area, Device, DeviceState, DirectoryChange, Erasure, GRID_LEVEL, Grant, KeyRule, RetentionRule,
    User,
};
pub use colleague::{Colleague, ColleagueDevice, Reads};
pub use document::{AreasPart, ScopeDocument};
pub use due::{DueNow, DueWhy};
pub use imports::{Import, ImportCounts, ImportKind, ImportStep};
pub use kind::{Evidence, KindDeadline, MatterKind, Urgency};
pub use moved_records::MovedRecord;
pub use moves::moved_by;
pub use named::Namesakes;
pub use reach::Reach;
pub use redraws::{GrantEnd, Redraw, RedrawAct, RedrawLine, RedrawOutcome, RedrawPart, RedrawStep};
pub use scope::DirectoryScope;

use parts::Parts;
use tree::Tree;

use crate::calendar::{Calendar, default_calendar};
use crate::ids::{AreaCode, DeviceId, FormCode, GrantId, RecordId, SensitivityClass, UserId};
use crate::limits::LATE_EDIT_WINDOW_DAYS;
use crate::schema::{FormSet, Role};
use crate::time::Timestamp;

/// What a user may do in an area, now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// They hold these roles.
    Active(Vec<Role>),
    /// Their last grant ended, no longer ago than late edits may take.
    Late(Vec<Role>),
    /// Their last grant ended too long ago.
    Ended,
    /// They never had a grant.
    Never,
}

/// The directory as of a revision.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// Changes folded in.
    pub revision: u64,
    /// The revision of the newest change that some phone is shown.
    shown: u64,
    areas: Parts<AreaCode, Area>,
    children: Parts<AreaCode, Arc<BTreeSet<AreaCode>>>,
    /// Made when it is asked for, and kept up from then on as far as that needs no walk.
    tree: Arc<OnceLock<Tree>>,
    moves: moves::Moves,
    users: Parts<UserId, User>,
    /// Who added each user.
    makers: Parts<UserId, UserId>,
    grants: Parts<GrantId, Grant>,
    grants_by_user: Parts<UserId, BTreeSet<GrantId>>,
    grants_by_area: Parts<(Option<AreaCode>, GrantId), ()>,
    /// When grants begin and end; also of grants that ended earlier since.
    turns: Parts<Timestamp, ()>,
    devices: Parts<DeviceId, Device>,
    devices_by_user: Parts<(UserId, DeviceId), ()>,
    forms: FormSet,
    catalogues: BTreeMap<u32, Arc<Catalogue>>,
    calendars: BTreeMap<u32, Arc<Calendar>>,
    plans: plans::Plans,
    erased_streams: Parts<(DeviceId, String), Timestamp>,
    settled: Parts<(String, String), (String, UserId, Timestamp)>,
    erased_records: Parts<RecordId, Option<Erasure>>,
    /// The same, in the order in which they were erased.
    erasure_order: Arc<Vec<RecordId>>,
    boundaries: Parts<AreaCode, Arc<str>>,
    retention: BTreeMap<FormCode, RetentionRule>,
    phone_keys: Option<KeyRule>,
    retired: retired::Retired,
    moved_records: moved_records::MovedRecords,
    imports: imports::Imports,
    redraws: redraws::Redraws,
}

impl Directory {
    /// Folds in the next change. A change that does not fit changes nothing but the revision.
    pub fn apply(&mut self, change: DirectoryChange) {
        self.revision += 1;
        if change.is_shown() {
            self.shown = self.revision;
        }
        match change {
            DirectoryChange::Areas { areas } => {
                for area in areas {
                    self.put_area(area);
                }
            }
            DirectoryChange::Moved { area, parent, at } => self.moves.moved(area, parent, at),
            DirectoryChange::AreaRetired { area, at } => self.retired.area(area, at),
            DirectoryChange::FormRetired { form, at } => self.retired.form(form, at),
            DirectoryChange::User { user } => {
                self.users.insert(user.id, user);
            }
            DirectoryChange::UserMade { user, by } => {
                self.makers.entry(user, || by);
            }
            DirectoryChange::Grant { grant } => self.put_grant(grant),
            DirectoryChange::Device { device } => {
                self.devices_by_user.insert((device.user, device.id), ());
                self.devices.insert(device.id, device);
            }
            DirectoryChange::Form { form } => {
                // Checked before it was logged; a form that no longer fits is left out.
                let _ = self.forms.publish(*form);
            }
            DirectoryChange::Catalogue { catalogue } => {
                // Checked before it was logged; of two for one version the first stands.
                self.catalogues
                    .entry(catalogue.version)
                    .or_insert_with(|| Arc::new(*catalogue));
            }
            DirectoryChange::Calendar { calendar } => {
                // As with the catalogue.
                self.calendars
                    .entry(calendar.version)
                    .or_insert_with(|| Arc::new(*calendar));
            }
            // Checked before it was logged.
            DirectoryChange::Plan { plan } => self.plans.publish(*plan),
            DirectoryChange::StreamErased { device, stream, at } => {
                self.stream_was_erased(device, stream, at);
            }
            DirectoryChange::RefusalSettled {
                stream,
                entry,
                how,
                by,
                at,
            } => {
                self.settled.insert((stream, entry), (how, by, at));
            }
            DirectoryChange::RecordErased { record, erasure } => {
                if !self.erased_records.contains_key(&record) {
                    self.erased_records.insert(record, erasure);
                    Arc::make_mut(&mut self.erasure_order).push(record);
                }
            }
            DirectoryChange::Import { id, step } => self.imports.step(id, step, self.revision),
            DirectoryChange::Redraw { id, step } => self.redraws.step(id, *step),
            DirectoryChange::RecordMoved { record, moved } => {
                self.moved_records.add(record, moved);
            }
            DirectoryChange::Retention { form, rule } => {
                match rule {
                    Some(rule) => self.retention.insert(form, rule),
                    None => self.retention.remove(&form),
                };
            }
            DirectoryChange::PhoneKeys { rule } => self.phone_keys = rule,
            DirectoryChange::Boundary { area, geometry } => match geometry {
                Some(geometry) => self.boundaries.insert(area, geometry.into()),
                None => {
                    self.boundaries.remove(&area);
                }
            },
        }
    }

    fn put_grant(&mut self, grant: Grant) {
        // A grant keeps its user and area: only its end is ever set anew.
        for turn in std::iter::once(grant.from).chain(grant.until) {
            self.turns.insert(turn, ());
        }
        self.grants_by_user
            .entry(grant.user, BTreeSet::new)
            .insert(grant.id);
        self.grants_by_area
            .insert((grant.area.clone(), grant.id), ());
        self.grants.insert(grant.id, grant);
    }

    fn put_area(&mut self, area: Area) {
        let was = self.areas.get(&area.code);
        let stays = was.is_some_and(|was| was.parent == area.parent && was.level == area.level);
        if !stays {
            if let Some(parent) = was.and_then(|was| was.parent.clone()) {
                let siblings = self.children.entry(parent, Arc::default);
                Arc::make_mut(siblings).remove(&area.code);
            }
            if let Some(parent) = area.parent.clone() {
                let siblings = self.children.entry(parent, Arc::default);
                Arc::make_mut(siblings).insert(area.code.clone());
            }
            self.put_in_tree(&area);
        }
        self.areas.insert(area.code.clone(), area);
    }

    /// Keeps the places of areas up with one that is new, or lies elsewhere now.
    fn put_in_tree(&mut self, area: &Area) {
        let holds_others = self.children(&area.code).next().is_some();
        let made = Arc::make_mut(&mut self.tree).get_mut();
        if let Some(tree) = made.filter(|_| !holds_others) {
            tree.remove(&area.code);
            if tree.add(area, area.level == GRID_LEVEL) {
                return;
            }
        }
        self.tree = Arc::default();
    }

    /// An area.
    #[must_use]
    pub fn area(&self, code: &AreaCode) -> Option<&Area> {
        self.areas.get(code)
    }
    /// All areas, by code.
    pub fn areas(&self) -> impl Iterator<Item = &Area> {
        self.areas.values()
    }
    /// The areas directly inside an area.
    pub fn children(&self, code: &AreaCode) -> impl Iterator<Item = &AreaCode> {
        self.children.get(code).into_iter().flat_map(|of| of.iter())
    }
    /// The boundary of an area, as GeoJSON.
    #[must_use]
    pub fn boundary(&self, code: &AreaCode) -> Option<&str> {
        self.boundaries.get(code).map(|b| &**b)
    }
    /// All boundaries, by area.
    pub fn boundaries(&self) -> impl Iterator<Item = (&AreaCode, &str)> {
        self.boundaries.iter().map(|(code, b)| (code, &**b))
    }
    /// Whether records are kept for this area.
    #[must_use]
    pub fn is_grid(&self, code: &AreaCode) -> bool {
        self.areas.get(code).is_some_and(|a| a.level == GRID_LEVEL)
    }
    /// A user.
    #[must_use]
    pub fn user(&self, id: &UserId) -> Option<&User> {
        self.users.get(id)
    }
    /// All users.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }
    /// A device.
    #[must_use]
    pub fn device(&self, id: &DeviceId) -> Option<&Device> {
        self.devices.get(id)
    }
    /// All devices.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.devices.values()
    }
    /// All grants.
    pub fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.grants.values()
    }
    /// A grant.
    #[must_use]
    pub fn grant(&self, id: &GrantId) -> Option<&Grant> {
        self.grants.get(id)
    }
    /// The forms.
    #[must_use]
    pub fn forms(&self) -> &FormSet {
        &self.forms
    }
    /// The newest catalogue, if one was published.
    #[must_use]
    pub fn catalogue(&self) -> Option<&Arc<Catalogue>> {
        self.catalogues.values().next_back()
    }
    /// A version of the catalogue.
    #[must_use]
    pub fn catalogue_version(&self, version: u32) -> Option<&Arc<Catalogue>> {
        self.catalogues.get(&version)
    }
    /// The newest working calendar, if one was published.
    #[must_use]
    pub fn calendar(&self) -> Option<&Arc<Calendar>> {
        self.calendars.values().next_back()
    }
    /// A version of the working calendar that was published.
    #[must_use]
    pub fn calendar_version(&self, version: u32) -> Option<&Arc<Calendar>> {
        self.calendars.get(&version)
    }
    /// The working calendar that holds: the newest, or the one that holds before any was published.
    #[must_use]
    pub fn working_calendar(&self) -> Arc<Calendar> {
        let newest = self.calendar().cloned();
        newest.unwrap_or_else(|| Arc::new(default_calendar()))
    }
    /// The records that were erased, with how it came to that.
    pub fn erasures(&self) -> impl Iterator<Item = (&RecordId, Option<&Erasure>)> {
        self.erased_records.iter().map(|(id, e)| (id, e.as_ref()))
    }
    /// How long records of each form are kept; those of a form without a rule stay until somebody
    /// erases them.
    pub fn retention(&self) -> impl Iterator<Item = (&FormCode, &RetentionRule)> {
        self.retention.iter()
    }
    /// The rule that phones are opened by their person alone, where there is one.
    #[must_use]
    pub fn phone_keys(&self) -> Option<&KeyRule> {
        self.phone_keys.as_ref()
    }
    /// How a record was erased; none when it was not, or when nothing more is known.
    #[must_use]
    pub fn erasure(&self, record: &RecordId) -> Option<&Erasure> {
        self.erased_records.get(record)?.as_ref()
    }
    /// The records in the order in which they were erased. The count is a revision that only grows.
    #[must_use]
    pub fn erasure_order(&self) -> &[RecordId] {
        &self.erasure_order
    }
    /// Whether a record was erased.
    #[must_use]
    pub fn is_erased(&self, record: &RecordId) -> bool {
        self.erased_records.contains_key(record)
    }
    /// How a refused edit was settled: `dismissed` or `adopted`, by whom, when.
    #[must_use]
    pub fn settled(&self, stream: &str, entry: &str) -> Option<&(String, UserId, Timestamp)> {
        self.settled.get(&(stream.to_owned(), entry.to_owned()))
    }
    /// The refused edits that were settled, as (stream, entry).
    pub fn all_settled(&self) -> impl Iterator<Item = (&str, &str)> {
        self.settled
            .keys()
            .map(|(stream, entry)| (stream.as_str(), entry.as_str()))
    }
    /// The revision of the newest change that some phone is shown: what [`Self::scope`] gives stays
    /// the same while this does, up to the next turn.
    #[must_use]
    pub fn shown(&self) -> u64 {
        self.shown
    }
    /// The grants of an area, of none those of everything; any time, and of what lies in it none.
    fn grants_of_area(&self, area: Option<&AreaCode>) -> impl Iterator<Item = &Grant> {
        let first = (area.cloned(), GrantId::from_bytes([0; 16]));
        self.grants_by_area
            .from(first)
            .map(|((of, id), ())| (of, id))
            .take_while(move |(of, _)| of.as_ref() == area)
            .filter_map(|(_, id)| self.grants.get(id))
            .filter(move |grant| grant.area.as_ref() == area)
    }
    fn devices_of(&self, user: UserId) -> impl Iterator<Item = &Device> {
        self.devices_by_user
            .from((user, DeviceId::from_bytes([0; 16])))
            .map(|((of, id), ())| (of, id))
            .take_while(move |(of, _)| **of == user)
            .filter_map(|(_, id)| self.devices.get(id))
            .filter(move |device| device.user == user)
    }
    /// The grants of a user, any time.
    pub fn grants_of(&self, user: UserId) -> impl Iterator<Item = &Grant> {
        self.grants_by_user
            .get(&user)
            .into_iter()
            .flatten()
            .filter_map(|id| self.grants.get(id))
    }

    /// Whether `inner` is `outer` or lies in it.
    #[must_use]
    pub fn lies_in(&self, inner: &AreaCode, outer: &AreaCode) -> bool {
        self.upward(inner).any(|code| code == outer)
    }

    /// Whether a grant of this area, or of all, covers another one.
    #[must_use]
    pub fn covers(&self, granted: Option<&AreaCode>, area: &AreaCode) -> bool {
        granted.is_none_or(|outer| self.lies_in(area, outer))
    }

    /// Whether a grant of this area, or of all, covers another one or lies in it.
    #[must_use]
    pub fn meets(&self, granted: Option<&AreaCode>, area: &AreaCode) -> bool {
        self.covers(granted, area) || granted.is_some_and(|inner| self.lies_in(inner, area))
    }

    /// What a user may do in an area at `now`, by the server's clock. A grant counts where its area
    /// held the other while it ran: of an area that was moved away, as of a grant that ended.
    #[must_use]
    pub fn standing(&self, user: UserId, area: &AreaCode, now: Timestamp) -> Standing {
        let window = LATE_EDIT_WINDOW_DAYS * 86_400_000;
        let (mut active, mut late, mut ended) = (Vec::new(), Vec::new(), false);
        let parent = |code: &AreaCode| self.areas.get(code)?.parent.as_ref();
        let lay = self.moves.lay_in(area, parent);
        let never = Timestamp(i64::MAX);
        for grant in self.grants_of(user).filter(|g| g.from <= now) {
            let until = grant.until.unwrap_or(never);
            // The last moment at which it held there.
            let held = match &grant.area {
                None => Some(until),
                Some(outer) => lay
                    .iter()
                    .filter(|l| l.area == *outer && l.from <= until && grant.from <= l.until)
                    .map(|l| l.until.min(until))
                    .max(),
            };
            match held {
                None => {}
                Some(end) if now < end => active.push(grant.role),
                Some(end) if now < end.plus_millis(window) => late.push(grant.role),
                Some(_) => ended = true,
            }
        }
        match (active.is_empty(), late.is_empty(), ended) {
            (false, ..) => Standing::Active(active),
            (true, false, _) => Standing::Late(late),
            (true, true, true) => Standing::Ended,
            (true, true, false) => Standing::Never,
        }
    }

    /// The roles a user holds now, anywhere.
    #[must_use]
    pub fn roles(&self, user: UserId, now: Timestamp) -> Vec<Role> {
        let mut roles: Vec<Role> = self.active_grants(user, now).map(|g| g.role).collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    /// The grants of a user in force now.
    pub fn active_grants(&self, user: UserId, now: Timestamp) -> impl Iterator<Item = &Grant> {
        self.grants_of(user)
            .filter(move |g| g.from <= now && g.until.is_none_or(|until| now < until))
    }

    /// The classes a user may read in a grid now.
    #[must_use]
    pub fn readable(&self, user: UserId, grid: &AreaCode, now: Timestamp) -> Vec<SensitivityClass> {
        let Standing::Active(roles) = self.standing(user, grid, now) else {
            return Vec::new();
        };
        let mut classes: Vec<_> = roles.iter().flat_map(|r| r.readable()).copied().collect();
        classes.sort_unstable();
        classes.dedup();
        classes
    }
}
