//! Which records a request asks for, within what its caller may see.

use std::collections::BTreeSet;

use gridfold_sync_core::ids::{
    ActionKey, AreaCode, FieldKey, FormCode, RecordId, SensitivityClass, UserId,
};
use gridfold_sync_core::schema::{FormMeaning, FormSet};
use gridfold_sync_core::time::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::problem::{Answer, Problem};
use crate::routes::{Caller, MAX_PAGE_ROWS, page_rows, read_time};

use super::values::read_values;
use crate::views::{BBox, Fact, Overdue, Polygon, RecordFilter, Sort, Span};

/// Most corners of a polygon.
pub const MAX_CORNERS: usize = 200;
/// Most fields that a list adds to its rows.
pub const MAX_FIELDS: usize = 50;
/// Most days that a household may be asked not to have been visited for.
pub const MAX_NOT_VISITED_DAYS: u32 = 3_650;
const DAY_MS: i64 = 86_400_000;

/// Which records. All conditions hold together.
#[derive(Debug, Default, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RecordQuery {
    /// Only these records, separated by commas, at most 500.
    pub id: Option<String>,
    /// Only these forms, separated by commas.
    pub form: Option<String>,
    /// Only records of forms that say that their records are this: `household`, `visit`, `matter`, `task` or `meeting`.
    pub means: Option<String>,
    /// Only the grids of this area.
    pub area: Option<String>,
    /// Only records about this household.
    pub household: Option<String>,
    /// With `household`: besides these what refers to a record about it, such as the tasks of its matters.
    #[serde(default)]
    pub linked: bool,
    /// Only these statuses, separated by commas.
    pub status: Option<String>,
    /// Words that must be in a text the caller may read; Chinese is found anywhere in a text.
    pub text: Option<String>,
    /// Only records with a field that refers to this one, such as the tasks of a matter.
    pub about: Option<String>,
    /// Only records past the retention of their form: unchanged for as long, and nothing to be done on them.
    #[serde(default)]
    pub past_retention: bool,
    /// Changed at or after this time, by the clock of the device; never later than it was received.
    pub from: Option<String>,
    /// Changed before this time, by the clock of the device.
    pub until: Option<String>,
    /// Received at or after this time of the server.
    pub received_from: Option<String>,
    /// Only with what somebody else than the caller wrote; with `received_from`, received since then.
    #[serde(default)]
    pub by_others: bool,
    /// Only with conflicts, or only without.
    pub conflict: Option<bool>,
    /// Only with late edits, or only without.
    pub late: Option<bool>,
    /// Only work that is not closed.
    #[serde(default)]
    pub open: bool,
    /// Of what happened at or after this time: a visit made, a matter reported, a meeting held; never later than it was received.
    pub happened_from: Option<String>,
    /// Of what happened before this time.
    pub happened_until: Option<String>,
    /// Closed at or after this time.
    pub closed_from: Option<String>,
    /// Closed before this time.
    pub closed_until: Option<String>,
    /// Due at or after this time.
    pub due_from: Option<String>,
    /// Due before this time.
    pub due_before: Option<String>,
    /// To be handled by this person: their id, or what they are called. A name finds everybody who is called so now, and records that name somebody without an account so.
    pub assignee: Option<String>,
    /// Work to be done past its deadline: `captured` as the deadline says, `received` counted from when the record arrived.
    pub overdue: Option<String>,
    /// Only tasks that nobody has acknowledged.
    #[serde(default)]
    pub unacknowledged: bool,
    /// Only where one of these steps beside the status stands, which nothing answered since, separated by commas: `urge`, `supervise`, `follow`, `ask_extension` of the built-in matters. Each row then says in `steps` who took which last.
    pub step: Option<String>,
    /// Only where this person took such a step, of those in `step` where it is given: their id, or what they are called.
    pub step_by: Option<String>,
    /// Only households that were not visited for so many days.
    pub not_visited_days: Option<u32>,
    /// Only records in which that was chosen: `needs:meals,repair;follow_up:true` has one of two needs and is to be followed up, `needs:` has none. Of choices, yes and no, the kind of a matter and who answers for it; `, ; : %` in a value are percent-encoded.
    pub values: Option<String>,
    /// Only records that a report counts as that: `closed`, `done`, `on_time`, `late`, `judged` (one of both), `in_grid`, `answered`, `evaluated`.
    pub counts_as: Option<String>,
    /// With `counts_as`: when that was asked; now when left out.
    pub as_of: Option<String>,
    /// Only households that were visited between this time and `visited_until`.
    pub visited_from: Option<String>,
    /// See `visited_from`.
    pub visited_until: Option<String>,
    /// Inside this polygon: `lon,lat;lon,lat;…`, 3 to 200 corners.
    pub within: Option<String>,
    /// Inside this box: `west,south,east,north`.
    pub bbox: Option<String>,
    /// Whether each row says its `heads`, which a write names as what it was made at.
    #[serde(default)]
    pub heads: bool,
    /// Whether each row says who wrote its first edit.
    #[serde(default)]
    pub made_by: bool,
    /// Whether records marked as deleted are listed too.
    #[serde(default)]
    pub deleted: bool,
    /// `changed`, `captured`, `received`, `due`, `title` or `status`; with a minus the largest first. `-changed` when left out. What has no due time or status stands at the end.
    pub sort: Option<String>,
    /// Fields whose values each row gets in `fields`, by key, separated by commas.
    pub fields: Option<String>,
    /// Whether `total` is given, counted to 10,000 at most.
    #[serde(default)]
    pub count: bool,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Rows of a page, 1 to 500.
    pub limit: Option<usize>,
}

pub(super) fn words(text: Option<&str>) -> impl Iterator<Item = &str> {
    text.unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|w| !w.is_empty())
}

/// The forms there are, with all their statuses.
fn known_forms(forms: &FormSet) -> Vec<(FormCode, Vec<String>)> {
    let mut known: Vec<(FormCode, Vec<String>)> = Vec::new();
    for form in forms.iter() {
        let at = match known.iter().position(|(code, _)| *code == form.code) {
            Some(at) => at,
            None => {
                known.push((form.code.clone(), Vec::new()));
                known.len() - 1
            }
        };
        let (_, statuses) = &mut known[at];
        for status in form.lifecycle.iter().flat_map(|l| &l.statuses) {
            if !statuses.iter().any(|s| s == status.key.as_str()) {
                statuses.push(status.key.to_string());
            }
        }
    }
    known
}

/// An area that the caller sees, or all.
pub(crate) fn grids_of(caller: &Caller, area: Option<&str>) -> Answer<Option<Vec<AreaCode>>> {
    let Some(code) = area else { return Ok(None) };
    let area = caller.read_area(code)?;
    Ok(Some(caller.directory.grids_in(Some(&area))))
}

fn degrees(text: &str, most: f64, what: &str) -> Answer<f64> {
    text.trim()
        .parse::<f64>()
        .ok()
        .filter(|v| v.abs() <= most)
        .ok_or_else(|| Problem::bad_request(format!("{what} must be degrees such as 117.2,39.1")))
}

pub(crate) fn read_bbox(text: &str) -> Answer<BBox> {
    let parts: Vec<&str> = text.split(',').collect();
    let [west, south, east, north] = parts.as_slice() else {
        return Err(Problem::bad_request("bbox must be west,south,east,north"));
    };
    let area = BBox {
        west: degrees(west, 180.0, "bbox")?,
        south: degrees(south, 90.0, "bbox")?,
        east: degrees(east, 180.0, "bbox")?,
        north: degrees(north, 90.0, "bbox")?,
    };
    if area.south > area.north {
        return Err(Problem::bad_request("bbox has its south above its north"));
    }
    Ok(area)
}

pub(crate) fn read_polygon(text: &str) -> Answer<Polygon> {
    let corners = text
        .split(';')
        .filter(|c| !c.trim().is_empty())
        .map(|corner| {
            let (lon, lat) = corner
                .split_once(',')
                .ok_or_else(|| Problem::bad_request("within must be lon,lat;lon,lat;…"))?;
            Ok((
                degrees(lon, 180.0, "within")?,
                degrees(lat, 90.0, "within")?,
            ))
        })
        .collect::<Answer<Vec<_>>>()?;
    if !(3..=MAX_CORNERS).contains(&corners.len()) {
        return Err(Problem::bad_request(format!(
            "within must have 3 to {MAX_CORNERS} corners"
        )));
    }
    Ok(Polygon(corners))
}

/// The fields that a request names, and whether one of them is restricted and readable.
pub(crate) fn read_fields(
    caller: &Caller,
    text: Option<&str>,
    classes: &BTreeSet<SensitivityClass>,
) -> Answer<(Vec<FieldKey>, bool)> {
    let keys = words(text)
        .map(FieldKey::new)
        .collect::<Result<Vec<_>, _>>()?;
    if keys.len() > MAX_FIELDS {
        return Err(Problem::bad_request(format!(
            "fields must name at most {MAX_FIELDS} fields"
        )));
    }
    let is_restricted = classes.contains(&SensitivityClass::Restricted)
        && caller.directory.forms().iter().any(|form| {
            form.fields
                .iter()
                .any(|f| keys.contains(&f.key) && form.class_of(f) == SensitivityClass::Restricted)
        });
    Ok((keys, is_restricted))
}

/// For each form with a rule, since when a record of it must have been unchanged.
pub(crate) fn past_retention(caller: &Caller) -> Vec<(FormCode, Timestamp)> {
    let since = |days: u32| caller.now.plus_millis(-i64::from(days) * DAY_MS);
    caller
        .directory
        .retention()
        .map(|(form, rule)| (form.clone(), since(rule.days)))
        .collect()
}

/// Leaves only these forms; where none is left there are no records.
fn narrow(filter: &mut RecordFilter, to: BTreeSet<FormCode>) {
    if filter.forms.is_empty() {
        filter.forms = to.into_iter().collect();
    } else {
        filter.forms.retain(|form| to.contains(form));
    }
    if filter.forms.is_empty() {
        // An empty list would mean all.
        filter.scope.grids = Some(BTreeSet::new());
    }
}

fn read_fact(name: &str) -> Answer<Fact> {
    Fact::parse(name).ok_or_else(|| {
        let all: Vec<&str> = Fact::ALL.iter().map(|fact| fact.name()).collect();
        Problem::bad_request(format!("counts_as must be one of {}", all.join(", ")))
    })
}

fn read_meaning(text: &str) -> Answer<FormMeaning> {
    FormMeaning::parse(text).ok_or_else(|| {
        let all: Vec<&str> = FormMeaning::ALL.iter().map(|m| m.as_str()).collect();
        Problem::bad_request(format!("means must be one of {}", all.join(", ")))
    })
}

/// All ids of the record that a text names: what refers to one that was moved refers to it by any of them.
fn known_as(caller: &Caller, text: Option<&str>) -> Answer<Vec<RecordId>> {
    let record = text.map(RecordId::parse).transpose()?;
    Ok(record.map_or_else(Vec::new, |id| caller.directory.ids_of_record(id)))
}

/// What reports count by: the conditions behind a number of one.
fn counted(filter: &mut RecordFilter, caller: &Caller, query: &RecordQuery) -> Answer<()> {
    let time =
        |text: &Option<String>, what| text.as_deref().map(|t| read_time(t, what)).transpose();
    filter.chosen = query
        .values
        .as_deref()
        .map(read_values)
        .transpose()?
        .unwrap_or_default();
    let as_of = time(&query.as_of, "as_of")?.unwrap_or(caller.now);
    filter.counts_as = match query.counts_as.as_deref() {
        None => None,
        Some(name) => Some((read_fact(name)?, as_of)),
    };
    filter.visited = match (
        time(&query.visited_from, "visited_from")?,
        time(&query.visited_until, "visited_until")?,
    ) {
        (None, None) => None,
        (Some(from), Some(until)) => Some(Span { from, until }),
        _ => {
            return Err(Problem::bad_request(
                "visited_from and visited_until must be given together",
            ));
        }
    };
    Ok(())
}

/// The filter of a query, within what the caller may see.
pub(crate) fn filter_of(caller: &Caller, query: &RecordQuery) -> Answer<RecordFilter> {
    let grids = grids_of(caller, query.area.as_deref())?;
    let scope = caller.scope(grids.as_deref().unwrap_or_default());
    let mut filter = RecordFilter::of(scope);
    if let Some(grids) = grids {
        // An area without grids has no records; an empty list would mean all.
        if grids.is_empty() {
            filter.scope.grids = Some(BTreeSet::new());
        }
        filter.grids = grids;
    }
    let time =
        |text: &Option<String>, what| text.as_deref().map(|t| read_time(t, what)).transpose();
    filter.ids = words(query.id.as_deref())
        .map(RecordId::parse)
        .collect::<Result<_, _>>()?;
    if filter.ids.len() > MAX_PAGE_ROWS {
        return Err(Problem::bad_request(format!(
            "id must name at most {MAX_PAGE_ROWS} records"
        )));
    }
    filter.forms = words(query.form.as_deref())
        .map(FormCode::new)
        .collect::<Result<_, _>>()?;
    let forms = caller.directory.forms();
    if let Some(text) = &query.means {
        narrow(&mut filter, forms.that_mean(read_meaning(text)?));
    }
    filter.statuses = words(query.status.as_deref()).map(str::to_owned).collect();
    filter.household = known_as(caller, query.household.as_deref())?;
    filter.linked = query.linked && !filter.household.is_empty();
    filter.about = known_as(caller, query.about.as_deref())?;
    if query.past_retention {
        filter.past_retention = Some(past_retention(caller));
    }
    filter.text = query.text.clone().filter(|t| !t.trim().is_empty());
    filter.from = time(&query.from, "from")?;
    filter.until = time(&query.until, "until")?;
    filter.received_from = time(&query.received_from, "received_from")?;
    filter.by_others_than = query.by_others.then(|| caller.user());
    filter.open = query.open;
    filter.happened = (
        time(&query.happened_from, "happened_from")?,
        time(&query.happened_until, "happened_until")?,
    );
    filter.closed = (
        time(&query.closed_from, "closed_from")?,
        time(&query.closed_until, "closed_until")?,
    );
    filter.due_from = time(&query.due_from, "due_from")?;
    filter.due_before = time(&query.due_before, "due_before")?;
    counted(&mut filter, caller, query)?;
    filter.has_conflict = query.conflict;
    filter.late = query.late;
    let assignee = query.assignee.as_deref().filter(|d| !d.trim().is_empty());
    filter.doers = assignee.map(|who| caller.directory.meant_by(who));
    filter.overdue = match query.overdue.as_deref() {
        None => None,
        Some("captured") => Some((Overdue::Captured, caller.now)),
        Some("received") => Some((Overdue::Received, caller.now)),
        Some(_) => return Err(Problem::bad_request("overdue must be captured or received")),
    };
    filter.unacknowledged = query.unacknowledged;
    filter.steps = words(query.step.as_deref())
        .map(ActionKey::new)
        .collect::<Result<_, _>>()?;
    let step_by = query
        .step_by
        .as_deref()
        .filter(|who| !who.trim().is_empty());
    filter.steps_by = step_by.map(|who| {
        let meant = caller.directory.meant_by(who);
        let ids = meant.iter().filter_map(|who| UserId::parse(who).ok());
        ids.collect()
    });
    filter.not_visited_since = match query.not_visited_days {
        None => None,
        Some(days) if days <= MAX_NOT_VISITED_DAYS => {
            narrow(&mut filter, forms.that_mean(FormMeaning::Household));
            Some(caller.now.plus_millis(-i64::from(days) * DAY_MS))
        }
        Some(_) => {
            return Err(Problem::bad_request(format!(
                "not_visited_days must be at most {MAX_NOT_VISITED_DAYS}"
            )));
        }
    };
    filter.bbox = query.bbox.as_deref().map(read_bbox).transpose()?;
    filter.within = query.within.as_deref().map(read_polygon).transpose()?;
    filter.include_deleted = query.deleted;
    filter.known_forms = known_forms(forms);
    filter.sort = match &query.sort {
        Some(text) => Sort::parse(text).ok_or_else(|| {
            Problem::bad_request(
                "sort must be changed, captured, received, due, title or status, with or without a minus",
            )
        })?,
        None => Sort::default(),
    };
    filter.cursor.clone_from(&query.cursor);
    filter.limit = page_rows(query.limit)?;
    Ok(filter)
}
