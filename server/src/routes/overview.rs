//! The overview of the caller's areas: numbers, and what is behind each can be listed with the same words.

use std::collections::{BTreeMap, BTreeSet};

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
use super::phones::phones_of;
use super::records::grids_of;
use super::{Api, Caller, Params};
use crate::auth::DeviceState;
use crate::node::Node;
use crate::problem::{Answer, Problem, ProblemBody};
use crate::views::{GridNumbers, Overview, OverviewOf};

/// Most days of a trend.
pub const MAX_TREND_DAYS: u32 = 366;
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
    pub tz: Option<i32>,
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
    /// The grids.
    pub grids: Vec<GridRow>,
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

pub(super) fn zone(node: &Node, tz: Option<i32>) -> Answer<TimeZone> {
    let Some(minutes) = tz else {
        return Ok(node.config.dashboard.time_zone.zone());
    };
    minutes
        .checked_mul(60)
        .and_then(|seconds| Offset::from_seconds(seconds).ok())
        .map(TimeZone::fixed)
        .ok_or_else(|| Problem::bad_request("tz must be minutes ahead of UTC, such as 480"))
}

/// The numbers of the caller's areas. Each comes from an index; none holds a field of a record.
#[utoipa::path(get, path = "/v1/overview", tag = "overview", params(OverviewQuery), responses((status = 200, body = OverviewBody), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody)))]
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
        let days = days(&zone(node, query.tz)?, caller.now, n)?;
        let grids = visible(&caller, asked);
        let named: Vec<AreaCode> = grids.iter().flatten().cloned().collect();
        let found = node.views.overview(&OverviewOf {
            grids: grids.clone(),
            classes: caller.scope(&named).classes,
            now: caller.now,
            days: days.starts.iter().map(|(at, _)| *at).collect(),
            week: days.week,
            visited_since: caller.now.plus_millis(-i64::from(n) * DAY_MS),
        })?;
        let waiting = counts(node, &caller, grids.as_ref())?;
        let phones = phone_numbers(node, &caller, query.area.as_deref())?;
        let contacts = contacts(node, &caller)?;
        Ok(Json(body(
            &caller,
            grids,
            &days,
            n,
            found,
            &waiting,
            (phones, contacts),
        )))
    })
    .await
}

/// The grids that the caller sees of these, of all when none is named; none means every grid.
pub(super) fn visible(caller: &Caller, asked: Option<Vec<AreaCode>>) -> Option<BTreeSet<AreaCode>> {
    let scope = caller.scope(&[]).grids;
    match (scope, asked) {
        (None, None) => None,
        (None, Some(asked)) => Some(asked.into_iter().collect()),
        (Some(mine), None) => Some(mine),
        (Some(mine), Some(asked)) => Some(asked.into_iter().filter(|g| mine.contains(g)).collect()),
    }
}

/// When a phone of somebody who works in a grid was last in contact.
fn contacts(node: &Node, caller: &Caller) -> Answer<BTreeMap<AreaCode, Timestamp>> {
    let mut by_user: BTreeMap<UserId, Timestamp> = BTreeMap::new();
    for phone in phones_of(node, caller, None)? {
        let at = Timestamp(phone.last_seen_ms);
        let newest = by_user.entry(UserId(phone.user_id)).or_insert(at);
        *newest = (*newest).max(at);
    }
    let mut out: BTreeMap<AreaCode, Timestamp> = BTreeMap::new();
    for (user, at) in by_user {
        let grants = caller.directory.active_grants(user, caller.now);
        for grant in grants.filter(|g| g.role == Role::Worker) {
            for grid in caller.directory.grids_in(grant.area.as_ref()) {
                let newest = out.entry(grid).or_insert(at);
                *newest = (*newest).max(at);
            }
        }
    }
    Ok(out)
}

fn phone_numbers(node: &Node, caller: &Caller, area: Option<&str>) -> Answer<PhoneNumbers> {
    let mut out = PhoneNumbers::default();
    for phone in phones_of(node, caller, area)? {
        if phone.state != DeviceState::Active {
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
    Ok(out)
}

fn body(
    caller: &Caller,
    grids: Option<BTreeSet<AreaCode>>,
    days: &Days,
    n: u32,
    found: Overview,
    waiting: &AttentionCounts,
    (phones, contacts): (PhoneNumbers, BTreeMap<AreaCode, Timestamp>),
) -> OverviewBody {
    let sum = |of: fn(&GridNumbers) -> u64| found.grids.values().map(of).sum::<u64>();
    let grids: BTreeSet<_> = match grids {
        Some(grids) => grids,
        None => caller.directory.grids_in(None).into_iter().collect(),
    };
    let rows = grids.iter().map(|code| {
        let numbers = found.grids.get(code.as_str()).copied().unwrap_or_default();
        GridRow {
            code: code.to_string(),
            name: caller
                .directory
                .area(code)
                .map_or_else(String::new, |a| a.name.clone()),
            visits_week: numbers.visits_week,
            matters_open: numbers.matters_open,
            matters_overdue: numbers.matters_overdue_captured,
            tasks_unacknowledged: numbers.tasks_unacknowledged,
            households_not_visited: numbers.households_not_visited,
            last_sync: contacts.get(code).map(|at| at.to_rfc3339()),
        }
    });
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
        grids: rows.collect(),
        phones,
    }
}
