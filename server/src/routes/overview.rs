//! The overview of the caller's areas: numbers, and what is behind each can be listed with the same words.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::ids::{AreaCode, UserId};
use gridfold_sync_core::time::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::attention::{AttentionCounts, counts};
use super::phones::{known_people, phones_of, works_around};
use super::records::grids_of;
use super::{Api, Caller, Params};
use crate::auth::{DeviceAccess, DeviceAccount};
use crate::known_people::Known;
use crate::node::Node;
use crate::problem::{Answer, Problem, ProblemBody};
use crate::views::{CountedForms, GridNumbers, Overview, OverviewOf};

/// Most days of a trend.
pub const MAX_TREND_DAYS: u32 = 366;
/// Most grids that are told one by one.
const MAX_GRID_ROWS: usize = 2_000;
const DAY_MS: i64 = 86_400_000;
const WEEK_DAYS: i64 = 7;

/// What of.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OverviewQuery {
    /// Only this area.
    pub area: Option<String>,
    /// Days of the trend, today included, and days without a visit after which a household counts as not visited: 1 to 366, 30 when left out.
    pub days: Option<u32>,
    /// Where days begin, in minutes ahead of UTC; in the server's zone when left out.
    pub tz: Option<String>,
}

/// Households that were not visited for long.
#[derive(Serialize, ToSchema)]
pub struct NotVisited {
    /// For how many days.
    pub days: u32,
    /// How many.
    pub count: u64,
}

/// One day.
#[derive(Serialize, ToSchema)]
pub struct TrendDay {
    /// The day.
    #[schema(example = "2026-06-13")]
    pub day: String,
    /// Visits made.
    pub visits: u64,
    /// Matters reported.
    pub matters_opened: u64,
    /// Matters closed.
    pub matters_closed: u64,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// One grid.
#[derive(Serialize, ToSchema)]
pub struct GridRow {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What it lies in by name, as far up as tells it from the other grids here that are called the same; absent where its name says enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lies_in: Option<String>,
    /// Visits of this week.
    pub visits_week: u64,
    /// Matters that are not closed.
    pub matters_open: u64,
    /// Matters to be handled past their deadline as it was captured.
    pub matters_overdue: u64,
    /// Tasks that nobody acknowledged.
    pub tasks_unacknowledged: u64,
    /// Households that were not visited for so many days.
    pub households_not_visited: u64,
    /// When a phone of somebody who works there was last in contact; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_sync: Option<String>,
}

/// Phones by how long they have been silent.
#[derive(Serialize, Default, ToSchema)]
pub struct PhoneNumbers {
    /// Active phones of the people of these areas.
    pub total: u64,
    /// Not seen for more than a day.
    pub silent_over_1d: u64,
    /// Not seen for more than three days.
    pub silent_over_3d: u64,
    /// Not seen for more than seven days.
    pub silent_over_7d: u64,
}

/// The overview.
#[derive(Serialize, ToSchema)]
pub struct OverviewBody {
    /// As of when.
    pub as_of: String,
    /// Visits made today.
    pub visits_today: u64,
    /// Visits made this week, which begins on Monday.
    pub visits_week: u64,
    /// Matters that are not closed.
    pub matters_open: u64,
    /// Matters to be handled past their deadline.
    pub matters_overdue_captured: u64,
    /// The same, the deadline counted from when the matter arrived.
    pub matters_overdue_received: u64,
    /// Tasks that are not closed.
    pub tasks_open: u64,
    /// Tasks that nobody acknowledged.
    pub tasks_unacknowledged: u64,
    /// Tasks to be done past their deadline.
    pub tasks_overdue: u64,
    /// Households.
    pub households: u64,
    /// Households that were not visited for so many days.
    pub households_not_visited: NotVisited,
    /// Records in conflict.
    pub conflicts: u64,
    /// Refused edits that nobody has settled.
    pub refused: u64,
    /// Records with late edits that nobody has put away.
    pub late: u64,
    /// Phones that wait for a decision.
    pub phones_attention: u64,
    /// Uploads of phones that could not be taken and that nobody put away.
    pub uploads_attention: u64,
    /// The days, oldest first.
    pub trend: Vec<TrendDay>,
    /// The grids, at most 2,000. Of more, those of which there is anything to tell, where most is to be done before others.
    pub grids: Vec<GridRow>,
    /// How many grids are left out of `grids`. What is counted above counts them all.
    #[serde(skip_serializing_if = "is_zero")]
    pub grids_left_out: u64,
    /// Phones.
    pub phones: PhoneNumbers,
}

/// Where the days of a trend begin, with their names.
struct Days {
    starts: Vec<(Timestamp, String)>,
    week: Timestamp,
}

fn days(zone: &TimeZone, now: Timestamp, n: u32) -> Answer<Days> {
    let wrong = |e: &jiff::Error| Problem::internal(e);
    let at = jiff::Timestamp::from_millisecond(now.millis()).map_err(|e| wrong(&e))?;
    let today = at.to_zoned(zone.clone()).date();
    let start = |date: jiff::civil::Date| {
        let at = date.to_zoned(zone.clone()).map_err(|e| wrong(&e))?;
        Ok::<_, Problem>(Timestamp(at.timestamp().as_millisecond()))
    };
    let mut starts = Vec::with_capacity(n as usize);
    for back in (0..i64::from(n)).rev() {
        let date = today
            .checked_sub(jiff::Span::new().days(back))
            .map_err(|e| wrong(&e))?;
        starts.push((start(date)?, date.to_string()));
    }
    let since_monday = i64::from(today.weekday().since(Weekday::Monday)).rem_euclid(WEEK_DAYS);
    let monday = today
        .checked_sub(jiff::Span::new().days(since_monday))
        .map_err(|e| wrong(&e))?;
    Ok(Days {
        starts,
        week: start(monday)?,
    })
}

pub(super) fn zone(node: &Node, tz: Option<&str>) -> Answer<TimeZone> {
    let Some(tz) = tz else {
        return Ok(node.config.dashboard.time_zone.zone());
    };
    let fixed = |minutes: i32| {
        let seconds = minutes.checked_mul(60)?;
        Offset::from_seconds(seconds).ok().map(TimeZone::fixed)
    };
    let found = match tz.parse::<i32>() {
        Ok(minutes) => fixed(minutes),
        Err(_) => TimeZone::get(tz).ok(),
    };
    found.ok_or_else(|| {
        Problem::bad_request(
            "tz must be the name of a zone, such as Asia/Shanghai, or minutes ahead of UTC, such as 480",
        )
    })
}

/// The numbers of the caller's areas. Each comes from an index; none holds a field of a record.
#[utoipa::path(get, path = "/v1/overview", operation_id = "read_overview", tag = "overview", params(OverviewQuery), responses((status = 200, body = OverviewBody), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub async fn overview(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<OverviewQuery>,
) -> Answer<Json<OverviewBody>> {
    let n = query.days.unwrap_or(30);
    if !(1..=MAX_TREND_DAYS).contains(&n) {
        return Err(Problem::bad_request(format!(
            "days must be from 1 to {MAX_TREND_DAYS}"
        )));
    }
    let asked = grids_of(&caller, query.area.as_deref())?;
    api.blocking(move |node| {
        let days = days(&zone(node, query.tz.as_deref())?, caller.now, n)?;
        let scope = caller.visible(asked);
        let found = node.views.overview(&OverviewOf {
            grids: scope.grids.clone(),
            classes: scope.classes,
            forms: CountedForms::of(caller.directory.forms()),
            now: caller.now,
            days: days.starts.iter().map(|(at, _)| *at).collect(),
            week: days.week,
            visited_since: caller.now.plus_millis(-i64::from(n) * DAY_MS),
        })?;
        let area = query.area.as_deref();
        let area = area.map(|code| caller.read_area(code)).transpose()?;
        let phones = phones_of(node, &caller, None)?;
        let waiting = counts(node, &caller, scope.grids.as_ref(), &phones)?;
        let known = known_people(node, &caller);
        let contacts = Contacts::of(&caller.directory, &known, &phones);
        let grids = grid_rows(&caller.directory, scope.grids.as_ref(), &found, &contacts);
        let phones = phone_numbers(&caller, &phones, area.as_ref());
        Ok(Json(body(
            &caller, &days, n, &found, &waiting, phones, grids,
        )))
    })
    .await
}

/// When a phone of somebody who works in an area was last in contact, by area; none is everywhere.
struct Contacts<'a> {
    directory: &'a Directory,
    by_area: HashMap<Option<&'a AreaCode>, Timestamp>,
}

impl<'a> Contacts<'a> {
    fn of(directory: &'a Directory, known: &'a Known, phones: &[Arc<DeviceAccount>]) -> Self {
        let mut by_area: HashMap<Option<&AreaCode>, Timestamp> = HashMap::new();
        for phone in phones {
            let at = Timestamp(phone.last_seen_ms);
            for area in known.get(&UserId(phone.user_id)).into_iter().flatten() {
                let newest = by_area.entry(area.as_ref()).or_insert(at);
                *newest = (*newest).max(at);
            }
        }
        Self { directory, by_area }
    }

    /// Of a grid: of those who work in it, or in what it lies in.
    fn in_grid(&self, grid: &AreaCode) -> Option<Timestamp> {
        let around = self.directory.upward(grid).map(Some);
        let found = around
            .chain([None])
            .filter_map(|area| self.by_area.get(&area));
        found.copied().max()
    }

    /// The grids of the areas of which one is known, the longest silent areas first.
    fn grids(&self) -> impl Iterator<Item = &AreaCode> {
        let mut areas: Vec<(Timestamp, Option<&AreaCode>)> =
            self.by_area.iter().map(|(area, at)| (*at, *area)).collect();
        areas.sort_unstable();
        let grids = move |(_, area)| self.directory.grids_at(self.directory.interval(area));
        areas.into_iter().flat_map(grids)
    }
}

fn phone_numbers(
    caller: &Caller,
    phones: &[Arc<DeviceAccount>],
    area: Option<&AreaCode>,
) -> PhoneNumbers {
    let mut out = PhoneNumbers::default();
    for phone in phones {
        let is_active = phone.state == DeviceAccess::Active;
        if !is_active || !works_around(caller, UserId(phone.user_id), area) {
            continue;
        }
        out.total += 1;
        let silent_ms = caller.now.millis().saturating_sub(phone.last_seen_ms);
        for (days, n) in [
            (1, &mut out.silent_over_1d),
            (3, &mut out.silent_over_3d),
            (7, &mut out.silent_over_7d),
        ] {
            *n += u64::from(silent_ms > days * DAY_MS);
        }
    }
    out
}

/// What of a grid's numbers has somebody do something, the most urgent first.
fn to_do(numbers: &GridNumbers) -> [u64; 5] {
    [
        numbers.matters_overdue_captured,
        numbers.tasks_unacknowledged,
        numbers.households_not_visited,
        numbers.matters_open,
        numbers.visits_week,
    ]
}

/// The grids that are told, of more than there is room for.
fn grids_told(
    directory: &Directory,
    grids: Option<&BTreeSet<AreaCode>>,
    found: &Overview,
    contacts: &Contacts<'_>,
) -> BTreeSet<AreaCode> {
    let is_here = |grid: &AreaCode| match grids {
        Some(grids) => grids.contains(grid),
        None => directory.is_grid(grid),
    };
    let mut counted: Vec<(Reverse<[u64; 5]>, &str)> = found
        .grids
        .iter()
        .map(|(grid, numbers)| (Reverse(to_do(numbers)), grid.as_str()))
        .collect();
    // A grid that was made another thing since still has its records.
    if counted.len() > 2 * MAX_GRID_ROWS {
        counted.select_nth_unstable(2 * MAX_GRID_ROWS);
        counted.truncate(2 * MAX_GRID_ROWS);
    }
    counted.sort_unstable();
    let counted = counted.into_iter();
    let counted = counted.filter_map(|(_, grid)| AreaCode::new(grid).ok());
    let mut told = BTreeSet::new();
    for grid in counted.chain(contacts.grids().cloned()) {
        if told.len() == MAX_GRID_ROWS {
            break;
        }
        if is_here(&grid) {
            told.insert(grid);
        }
    }
    told
}

/// The rows of the grids, by code, and how many are left out.
fn grid_rows(
    directory: &Directory,
    grids: Option<&BTreeSet<AreaCode>>,
    found: &Overview,
    contacts: &Contacts<'_>,
) -> (Vec<GridRow>, u64) {
    let total = match grids {
        Some(grids) => grids.len(),
        None => directory.count_grids(&directory.interval(None)),
    };
    let shown: Cow<'_, BTreeSet<AreaCode>> = match grids {
        _ if total > MAX_GRID_ROWS => Cow::Owned(grids_told(directory, grids, found, contacts)),
        Some(grids) => Cow::Borrowed(grids),
        None => Cow::Owned(directory.grids_in(None).into_iter().collect()),
    };
    let left_out = total.saturating_sub(shown.len()) as u64;
    let mut apart = directory.told_apart(shown.iter());
    let rows = shown.iter().map(|code| {
        let numbers = found.grids.get(code.as_str()).copied().unwrap_or_default();
        let contact = contacts.in_grid(code);
        GridRow {
            code: code.to_string(),
            name: directory
                .area(code)
                .map_or_else(String::new, |a| a.name.clone()),
            lies_in: apart.remove(code),
            visits_week: numbers.visits_week,
            matters_open: numbers.matters_open,
            matters_overdue: numbers.matters_overdue_captured,
            tasks_unacknowledged: numbers.tasks_unacknowledged,
            households_not_visited: numbers.households_not_visited,
            last_sync: contact.map(|at| at.to_rfc3339()),
        }
    });
    (rows.collect(), left_out)
}

fn body(
    caller: &Caller,
    days: &Days,
    n: u32,
    found: &Overview,
    waiting: &AttentionCounts,
    phones: PhoneNumbers,
    (grids, grids_left_out): (Vec<GridRow>, u64),
) -> OverviewBody {
    let sum = |of: fn(&GridNumbers) -> u64| found.grids.values().map(of).sum::<u64>();
    let trend = days
        .starts
        .iter()
        .zip(&found.days)
        .map(|((_, day), n)| TrendDay {
            day: day.clone(),
            visits: n.visits,
            matters_opened: n.matters_opened,
            matters_closed: n.matters_closed,
        });
    OverviewBody {
        as_of: caller.now.to_rfc3339(),
        visits_today: found.days.last().map_or(0, |d| d.visits),
        visits_week: sum(|g| g.visits_week),
        matters_open: sum(|g| g.matters_open),
        matters_overdue_captured: sum(|g| g.matters_overdue_captured),
        matters_overdue_received: sum(|g| g.matters_overdue_received),
        tasks_open: sum(|g| g.tasks_open),
        tasks_unacknowledged: sum(|g| g.tasks_unacknowledged),
        tasks_overdue: sum(|g| g.tasks_overdue),
        households: sum(|g| g.households),
        households_not_visited: NotVisited {
            days: n,
            count: sum(|g| g.households_not_visited),
        },
        conflicts: found.conflicts,
        refused: waiting.refused,
        late: waiting.late,
        phones_attention: waiting.phone,
        uploads_attention: waiting.upload,
        trend: trend.collect(),
        grids,
        grids_left_out,
        phones,
    }
}
