//! The overview of the caller's areas: numbers, and what is behind each can be listed with the same words.

use std::collections::{BTreeSet, HashMap};

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::ids::{AreaCode, UserId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::attention::{AttentionCounts, counts};
use super::phones::{phones_of, works_around};
use super::records::grids_of;
use super::{Api, Caller, Params};
use crate::auth::{DeviceAccess, DeviceAccount};
use crate::node::Node;
use crate::problem::{Answer, Problem, ProblemBody};
use crate::views::{CountedForms, GridNumbers, Overview, OverviewOf};

/// Most days of a trend.
pub const MAX_TREND_DAYS: u32 = 366;
/// Most grids of which those without anything are told too.
const MAX_QUIET_GRIDS: usize = 2_000;
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
    /// The grids. Of more than 2,000 only those of which there is anything to tell.
    pub grids: Vec<GridRow>,
    /// How many grids are left out of `grids`, all of whose numbers would be 0.
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
        let grids = grid_rows(
            &caller,
            scope.grids.as_ref(),
            &found,
            &contacts(&caller, &phones),
        );
        let phones = phone_numbers(&caller, &phones, area.as_ref());
        Ok(Json(body(
            &caller, &days, n, &found, &waiting, phones, grids,
        )))
    })
    .await
}

/// When a phone of somebody who works in a grid was last in contact, by where the grid stands.
fn contacts(caller: &Caller, phones: &[DeviceAccount]) -> Vec<Option<Timestamp>> {
    let directory = &caller.directory;
    let mut by_user: HashMap<UserId, Timestamp> = HashMap::new();
    for phone in phones {
        let at = Timestamp(phone.last_seen_ms);
        let newest = by_user.entry(UserId(phone.user_id)).or_insert(at);
        *newest = (*newest).max(at);
    }
    // Areas first: many people work in the same ones.
    let mut by_area: HashMap<Option<&AreaCode>, Timestamp> = HashMap::new();
    for (user, at) in by_user {
        let grants = directory.active_grants(user, caller.now);
        for grant in grants.filter(|g| g.role == Role::Worker) {
            let newest = by_area.entry(grant.area.as_ref()).or_insert(at);
            *newest = (*newest).max(at);
        }
    }
    let mut out = vec![None; directory.grids_in_order().len()];
    for (area, at) in by_area {
        for newest in out.get_mut(directory.interval(area)).into_iter().flatten() {
            *newest = (*newest).max(Some(at));
        }
    }
    out
}

fn phone_numbers(
    caller: &Caller,
    phones: &[DeviceAccount],
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

/// The rows of the grids, by code, and how many are left out: of more than a page is for, those
/// that nothing can be told of.
fn grid_rows(
    caller: &Caller,
    grids: Option<&BTreeSet<AreaCode>>,
    found: &Overview,
    contacts: &[Option<Timestamp>],
) -> (Vec<GridRow>, u64) {
    let directory = &caller.directory;
    let all: Vec<&AreaCode> = match grids {
        Some(grids) => grids.iter().collect(),
        None => directory.grids_in_order().iter().collect(),
    };
    let total = all.len();
    let mut shown: Vec<(&AreaCode, Option<&GridNumbers>, Option<Timestamp>)> = all
        .into_iter()
        .map(|code| {
            let place = directory.place_of(code);
            let contact = place.and_then(|at| contacts.get(at).copied().flatten());
            (code, found.grids.get(code.as_str()), contact)
        })
        .collect();
    if total > MAX_QUIET_GRIDS {
        shown.retain(|(_, numbers, contact)| numbers.is_some() || contact.is_some());
    }
    shown.sort_unstable_by_key(|(code, ..)| *code);
    let left_out = (total - shown.len()) as u64;
    let rows = shown.into_iter().map(|(code, numbers, contact)| {
        let numbers = numbers.copied().unwrap_or_default();
        GridRow {
            code: code.to_string(),
            name: directory
                .area(code)
                .map_or_else(String::new, |a| a.name.clone()),
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
