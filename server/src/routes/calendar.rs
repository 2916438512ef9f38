//! The working calendar: which days and hours are worked.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use gridfold_sync_core::calendar::{
    Calendar, CalendarError, Day, DayShown, Interval, WorkingTime, default_calendar,
};
use gridfold_sync_core::directory::ImportKind;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::tables::{ImportQuery, TableImport, TableQuery, table_answer, take};
use super::{Api, Caller, Params, RawBody, calendar_shapes, shapes};
use crate::acts::calendar::{PublishError, as_published, explain, is_news, publish_calendar};
use crate::export::calendar_table;
use crate::import::import_calendar_by;
use crate::problem::{Answer, Code, Problem, ProblemBody};

/// The years that can be asked for.
const YEARS: std::ops::RangeInclusive<i32> = 1990..=2100;

/// Which version.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CalendarQuery {
    /// The version; the newest when left out.
    pub version: Option<u32>,
}

/// Which year of which version.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DaysQuery {
    /// The year.
    pub year: i32,
    /// The version; the newest when left out.
    pub version: Option<u32>,
}

impl From<CalendarError> for Problem {
    fn from(error: CalendarError) -> Self {
        match error {
            CalendarError::NotNext { .. } | CalendarError::Published(_) => {
                Self::new(Code::Conflict).because_in(explain(&error))
            }
            other => Self::bad_request_in(explain(&other)),
        }
    }
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Calendar(error) => error.into(),
            PublishError::Directory(error) => error.into(),
        }
    }
}

/// A version of the calendar; 0 is what holds before one was published.
fn calendar_of(caller: &Caller, version: Option<u32>) -> Answer<Calendar> {
    let directory = &caller.directory;
    match version {
        None => Ok((*directory.working_calendar()).clone()),
        Some(0) => Ok(default_calendar()),
        Some(version) => match directory.calendar_version(version) {
            Some(calendar) => Ok((**calendar).clone()),
            None => Err(Problem::not_found()),
        },
    }
}

/// The organisation's working calendar, with all arrangements of years that it and the server know. Version 0 is what holds before one was published: Monday to Friday, by Beijing time.
#[utoipa::path(get, path = "/v1/calendar", operation_id = "read_calendar", tag = "calendar", params(CalendarQuery), responses((status = 200, body = calendar_shapes::Calendar), (status = 404, body = ProblemBody)))]
pub async fn one(caller: Caller, Params(query): Params<CalendarQuery>) -> Answer<Json<Calendar>> {
    Ok(Json(calendar_of(&caller, query.version)?.complete()))
}

/// Publishes the next version, whole. The clocks of `time_zone` are looked up by its `name`. Due times that were written stay as they are. The same again changes nothing.
#[utoipa::path(post, path = "/v1/calendar", operation_id = "publish_calendar", tag = "calendar", request_body = calendar_shapes::Calendar, responses(
    (status = 200, description = "it was published before", body = calendar_shapes::Calendar),
    (status = 201, body = calendar_shapes::Calendar),
    (status = 400, description = "bad_request: the detail names the day or year and what to do", body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 409, description = "conflict with a published version, or not the next", body = ProblemBody),
))]
pub async fn publish(
    State(api): State<Api>,
    caller: Caller,
    RawBody(bytes): RawBody,
) -> Answer<(StatusCode, Json<Calendar>)> {
    caller.require_operator()?;
    let text =
        std::str::from_utf8(&bytes).map_err(|_| Problem::bad_request("the body is not UTF-8"))?;
    let calendar = as_published(&Calendar::from_json(text)?)?;
    if !is_news(&caller.directory, &calendar)? {
        return Ok((StatusCode::OK, Json(calendar.complete())));
    }
    api.blocking(move |node| {
        let scope = crate::auth::AuditScope::of("version", calendar.version);
        caller.audit(node, "calendar.publish", scope)?;
        let status = match publish_calendar(node, &calendar)? {
            true => StatusCode::CREATED,
            false => StatusCode::OK,
        };
        Ok((status, Json(calendar.complete())))
    })
    .await
}

/// A day of the calendar.
#[derive(Serialize, ToSchema)]
pub struct DayBody {
    /// The day.
    pub date: String,
    /// `working` and `off` by the day of the week, `holiday` and `make_up` by the state's arrangement, `closed` and `open` by the organisation's own word.
    pub kind: String,
    /// When it is worked; absent of a day that is not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<calendar_shapes::Interval>, required = false)]
    pub hours: Vec<Interval>,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The days of a year.
#[derive(Serialize, ToSchema)]
pub struct YearBody {
    /// The year.
    pub year: i32,
    /// The version of the calendar.
    pub version: u32,
    /// Whether nobody has announced its holidays: its days are by weekdays and the organisation's own word alone.
    pub provisional: bool,
    /// Where its holidays are announced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// All days, in order.
    pub days: Vec<DayBody>,
}

fn day_body(caller: &Caller, day: &DayShown<'_>) -> DayBody {
    DayBody {
        date: day.date.to_string(),
        kind: day.kind.as_str().to_owned(),
        hours: day.hours.to_vec(),
        name: day.name.map(|name| caller.locale.pick(name).to_owned()),
    }
}

/// What each day of a year is.
#[utoipa::path(get, path = "/v1/calendar/days", operation_id = "list_calendar_days", tag = "calendar", params(DaysQuery), responses((status = 200, body = YearBody), (status = 400, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub async fn days(caller: Caller, Params(query): Params<DaysQuery>) -> Answer<Json<YearBody>> {
    let first = Day::first_of(query.year).filter(|_| YEARS.contains(&query.year));
    let first = first.ok_or_else(|| Problem::bad_request("year must be 1990 to 2100"))?;
    let calendar = calendar_of(&caller, query.version)?;
    let time = WorkingTime::of(&calendar);
    let all = (0..366).map(|at| first.plus(at));
    let days = all.filter(|day| day.year() == query.year);
    let source = calendar
        .arrangement(query.year)
        .map(|stated| stated.source.clone());
    Ok(Json(YearBody {
        year: query.year,
        version: calendar.version,
        provisional: time.is_provisional(first),
        source: source.filter(|source| !source.is_empty()),
        days: days.map(|day| day_body(&caller, &time.day(day))).collect(),
    }))
}

/// Publishes the next version from a table of days: `date,kind` and, if wanted, `name_zh,name_en,hours,source`; the kinds are `holiday make_up closed open usual`, in Chinese or English. A year with public days is replaced whole; own days replace those of their date. With a row that is wrong nothing is changed.
#[utoipa::path(post, path = "/v1/calendar/import", operation_id = "import_calendar", tag = "calendar", params(ImportQuery), request_body(content = inline(shapes::Bytes), content_type = "application/octet-stream"), responses(
    (status = 200, body = TableImport),
    (status = 400, body = ProblemBody),
    (status = 403, body = ProblemBody),
))]
pub async fn import(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<ImportQuery>,
    RawBody(file): RawBody,
) -> Answer<Json<TableImport>> {
    take(
        &api,
        caller,
        (ImportKind::Calendar, "calendar.import"),
        (file, query),
        |by, node, file, dry_run| import_calendar_by(by, node, file, dry_run, &mut |_| {}),
    )
    .await
}

/// The days of the newest version as a table that the import takes again.
#[utoipa::path(get, path = "/v1/calendar/export", operation_id = "export_calendar", tag = "calendar", params(TableQuery), responses(
    (status = 200, description = "The file", body = String, content_type = "text/csv"),
    (status = 400, body = ProblemBody),
))]
pub async fn export(caller: Caller, Params(query): Params<TableQuery>) -> Answer<Response> {
    let calendar = caller.directory.working_calendar().complete();
    table_answer(&query, "calendar", || {
        calendar_table(&calendar, caller.locale)
    })
}
