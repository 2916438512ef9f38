//! Redrawing of grids: grids that are given to other workers, split and merged, as one act with a date.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::directory::{Directory, Redraw, RedrawAct, RedrawLine, RedrawPart};
use gridfold_sync_core::ids::{AreaCode, RecordId, RedrawId, UserId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use super::records::read_polygon;
use super::redraw_shapes::{
    RedrawBody, RedrawLeft, RedrawLineBody, RedrawLineRequest, RedrawPage, RedrawRequest,
};
use super::users::read_user;
use super::{Api, Body, Caller, Params, Path, page_rows, read_time};
use crate::acts::redraw::{
    Answered, Begin, LineAnswer, MAX_LINES, MAX_NAMED_RECORDS, Wanted, redraw, stop,
};
use crate::node::Node;
use crate::problem::{Answer, Code, Problem, ProblemBody};
use crate::words::{Said, said};

/// The furthest date of a redrawing, in days from now.
pub const REDRAW_MAX_DAYS: i64 = 400;
/// Most characters of the words by which a part is found.
const MAX_WORDS_CHARS: usize = 200;
/// Records that stay which an answer names for one line.
const MAX_NAMED: usize = 200;
const DAY_MS: i64 = 86_400_000;

/// Where to read.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RedrawsQuery {
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Rows of a page, 1 to 500.
    pub limit: Option<usize>,
}

fn read_line(caller: &Caller, given: &RedrawLineRequest) -> Result<Wanted, Said> {
    let act = RedrawAct::parse(&given.act).ok_or_else(|| said!("redraw_act"))?;
    let grid = |text: &str| {
        AreaCode::new(text).map_err(|_| {
            said!(
                "redraw_no_grid",
                grid = text.chars().take(64).collect::<String>()
            )
        })
    };
    let user = |text: &Option<String>| -> Result<Option<UserId>, Said> {
        let Some(text) = text else { return Ok(None) };
        let known = read_user(caller, text).map_err(|_| said!("redraw_no_person"))?;
        Ok(Some(known))
    };
    let words = given.words.as_deref().map(str::trim);
    let words = words.filter(|words| !words.is_empty());
    let ways = [
        !given.records.is_empty(),
        given.within.is_some(),
        words.is_some(),
    ];
    let ways = ways.into_iter().filter(|way| *way).count();
    if ways > 1 || (ways > 0 && act != RedrawAct::Split) {
        return Err(said!("redraw_one_way"));
    }
    if given.records.len() > MAX_NAMED_RECORDS {
        return Err(said!("redraw_too_many_records", most = MAX_NAMED_RECORDS));
    }
    let records = given.records.iter().map(|id| RecordId::parse(id));
    let records: Vec<RecordId> = records
        .collect::<Result<_, _>>()
        .map_err(|_| said!("redraw_no_record"))?;
    let part = match (&given.within, words) {
        (Some(corners), _) => {
            let polygon = read_polygon(corners).map_err(|_| said!("redraw_polygon"))?;
            RedrawPart::Within(polygon.0)
        }
        (None, Some(words)) => RedrawPart::Words(words.chars().take(MAX_WORDS_CHARS).collect()),
        (None, None) if !records.is_empty() => RedrawPart::Named,
        (None, None) => RedrawPart::All,
    };
    Ok(Wanted {
        act,
        from: grid(&given.from)?,
        to: given.to.as_deref().map(grid).transpose()?,
        part,
        records,
        from_user: user(&given.from_user)?,
        to_user: user(&given.to_user)?,
    })
}

/// Names of people are ids: whoever reads the list of people knows what they are called.
fn ids(users: impl Iterator<Item = UserId>) -> Vec<String> {
    users.map(|user| user.to_string()).collect()
}

fn told_line(
    caller: &Caller,
    (n, given): (usize, &RedrawLineRequest),
    answer: &LineAnswer,
    state: &str,
) -> RedrawLineBody {
    let (planned, told) = (answer.planned.as_ref(), &answer.told);
    let named = told.left.iter().take(MAX_NAMED);
    RedrawLineBody {
        line: n + 1,
        act: given.act.clone(),
        from: given.from.clone(),
        to: given.to.clone(),
        to_user: planned.and_then(|p| Some(p.line.to_user?.to_string())),
        refused: answer.refused.as_ref().map(|said| said.text(caller.locale)),
        state: match answer.refused {
            Some(_) => "refused".to_owned(),
            None => state.to_owned(),
        },
        records: told.moved + told.left.len() as u64,
        moved: told.moved,
        forms: told
            .forms
            .iter()
            .map(|(f, n)| (f.to_string(), *n))
            .collect(),
        handed: told.handed,
        unowned: told.unowned,
        left_count: told.left.len() as u64,
        // Whoever leads in a grid reads it.
        left: named
            .map(|(record, code)| RedrawLeft {
                record_id: record.to_string(),
                code: code.as_str().to_owned(),
            })
            .collect(),
        begins: ids(planned
            .into_iter()
            .flat_map(|p| p.give.iter().map(|g| g.user))),
        ends: ids(planned
            .into_iter()
            .flat_map(|p| p.end.iter().map(|g| g.user))),
    }
}

fn state_of(redraw: &Redraw, now: Timestamp) -> &'static str {
    match redraw {
        redraw if redraw.stopped.is_some() => "stopped",
        redraw if redraw.ended.is_some() => "done",
        redraw if now < redraw.from => "waiting",
        _ => "running",
    }
}

fn line_body(
    node: &Node,
    caller: &Caller,
    redraw: &Redraw,
    (n, line): (usize, &RedrawLine),
) -> RedrawLineBody {
    let directory = &caller.directory;
    let done = redraw.done.get(n);
    let is_next = n == redraw.done.len();
    let running = node
        .redrawing
        .of(&redraw.id)
        .filter(|_| is_next)
        .unwrap_or_default();
    let reads = caller.scope_of_grid(&line.from).is_some();
    let left = done.into_iter().flat_map(|done| &done.named);
    let grants = |ids: &mut dyn Iterator<Item = gridfold_sync_core::ids::GrantId>| {
        let users = ids.filter_map(|id| directory.grant(&id).map(|grant| grant.user));
        users.map(|user| user.to_string()).collect()
    };
    RedrawLineBody {
        line: n + 1,
        act: line.act.as_str().to_owned(),
        from: line.from.to_string(),
        to: line.to.as_ref().map(ToString::to_string),
        to_user: line.to_user.map(|user| user.to_string()),
        refused: None,
        state: match done {
            Some(_) => "done",
            None if is_next || redraw.stopped.is_some() => state_of(redraw, caller.now),
            None => "waiting",
        }
        .to_owned(),
        records: done.map_or(running.all, |done| done.moved + done.left),
        moved: done.map_or(running.moved, |done| done.moved),
        forms: BTreeMap::new(),
        handed: done.map_or(0, |done| done.handed),
        unowned: 0,
        left_count: done.map_or(running.left, |done| done.left),
        left: left
            .filter(|_| reads)
            .map(|(record, code)| RedrawLeft {
                record_id: record.to_string(),
                code: code.clone(),
            })
            .collect(),
        begins: grants(&mut line.given.iter().copied()),
        ends: grants(&mut line.ended.iter().map(|end| end.grant)),
    }
}

fn body(node: &Node, caller: &Caller, redraw: &Redraw) -> RedrawBody {
    let directory: &Directory = &caller.directory;
    let lines = redraw.lines.iter().enumerate();
    RedrawBody {
        redraw_id: Some(redraw.id.to_string()),
        at: redraw.from.to_rfc3339(),
        state: state_of(redraw, caller.now).to_owned(),
        all_looked_at: true,
        user_id: Some(redraw.by.to_string()),
        user_name: directory.user(&redraw.by).map(|u| u.name.clone()),
        ended_at: redraw.ended.map(Timestamp::to_rfc3339),
        stopped_at: redraw.stopped.map(|(_, at)| at.to_rfc3339()),
        lines: lines
            .map(|line| line_body(node, caller, redraw, line))
            .collect(),
    }
}

/// Whether the caller leads in all grids of a redrawing.
fn sees(caller: &Caller, redraw: &Redraw) -> bool {
    let leads = |grid: &AreaCode| {
        let roles = caller.roles_in(Some(grid));
        roles.contains(&Role::Admin) || roles.contains(&Role::Supervisor)
    };
    redraw
        .lines
        .iter()
        .all(|line| leads(&line.from) && leads(line.target()))
}

fn find(caller: &Caller, id: &str) -> Answer<RedrawId> {
    RedrawId::parse(id)
        .ok()
        .filter(|id| caller.directory.redraw(id).is_some_and(|r| sees(caller, r)))
        .ok_or_else(Problem::not_found)
}

/// Gives grids to other workers, splits and merges them, as one act with a date. Grants begin and end at that date in one commit with the plan; records move from then on, one by one and after a restart too, with what is about them; open work goes to whoever works there since. With `rehearse` it is only told, by line, what would happen. For whoever supervises or administers all grids named; a merge is for their admins.
#[utoipa::path(post, path = "/v1/areas/redraw", operation_id = "redraw_areas", tag = "areas", request_body = RedrawRequest, responses(
    (status = 200, description = "what it does, by line; without `redraw_id` nothing was begun", body = RedrawBody),
    (status = 400, body = ProblemBody),
    (status = 403, body = ProblemBody),
))]
pub async fn go(
    State(api): State<Api>,
    caller: Caller,
    Body(given): Body<RedrawRequest>,
) -> Answer<Json<RedrawBody>> {
    caller.require(&[Role::Admin, Role::Supervisor])?;
    if given.lines.is_empty() || given.lines.len() > MAX_LINES {
        return Err(Problem::bad_request_in(said!(
            "redraw_lines",
            most = MAX_LINES
        )));
    }
    let at = given
        .at
        .as_deref()
        .map(|t| read_time(t, "at"))
        .transpose()?;
    let at = at.unwrap_or(caller.now);
    let latest = caller.now.plus_millis(REDRAW_MAX_DAYS * DAY_MS);
    if at < caller.now || at > latest {
        return Err(Problem::bad_request_in(said!(
            "redraw_date",
            most = REDRAW_MAX_DAYS
        )));
    }
    let begin = match (given.rehearse, given.partly) {
        (true, _) => Begin::Nothing,
        (false, false) => Begin::All,
        (false, true) => Begin::Part,
    };
    api.blocking(move |node| {
        let wanted = given.lines.iter().map(|line| read_line(&caller, line));
        let by = (caller.author(), caller.now);
        let answered: Answered = redraw(node, by, at, wanted.collect(), begin)?;
        let state = match (begin, answered.begun) {
            (Begin::Nothing, _) => "rehearsed",
            (_, None) => "refused",
            (_, Some(_)) if caller.now < at => "waiting",
            (_, Some(_)) => "running",
        };
        let lines = given.lines.iter().enumerate().zip(&answered.lines);
        let line_state = if answered.begun.is_some() {
            state
        } else {
            "rehearsed"
        };
        Ok(Json(RedrawBody {
            redraw_id: answered.begun.map(|id| id.to_string()),
            at: at.to_rfc3339(),
            state: state.to_owned(),
            all_looked_at: answered.all_looked_at,
            user_id: Some(caller.user().to_string()),
            user_name: caller
                .directory
                .user(&caller.user())
                .map(|u| u.name.clone()),
            ended_at: None,
            stopped_at: None,
            lines: lines
                .map(|(line, answer)| told_line(&caller, line, answer, line_state))
                .collect(),
        }))
    })
    .await
}

/// The redrawings of grids that the caller leads, the newest first.
#[utoipa::path(get, path = "/v1/areas/redraws", operation_id = "list_redraws", tag = "areas", params(RedrawsQuery), responses((status = 200, body = RedrawPage), (status = 400, body = ProblemBody), (status = 403, body = ProblemBody)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<RedrawsQuery>,
) -> Answer<Json<RedrawPage>> {
    caller.require(&[Role::Admin, Role::Supervisor])?;
    let limit = page_rows(query.limit)?;
    let before = query.cursor.as_deref().map(RedrawId::parse).transpose();
    let before = before.map_err(|_| Problem::bad_request("cursor is not one of this list"))?;
    let all: Vec<&Redraw> = caller.directory.redraws().collect();
    let shown = all.into_iter().rev();
    let shown = shown.filter(|r| before.is_none_or(|before| r.id < before));
    let mut shown: Vec<&Redraw> = shown.filter(|r| sees(&caller, r)).take(limit + 1).collect();
    let more = shown.len() > limit;
    shown.truncate(limit);
    Ok(Json(RedrawPage {
        next: shown.last().filter(|_| more).map(|r| r.id.to_string()),
        redraws: shown
            .into_iter()
            .map(|r| body(&api.node, &caller, r))
            .collect(),
    }))
}

/// One redrawing, with how far it has come.
#[utoipa::path(get, path = "/v1/areas/redraws/{redraw_id}", operation_id = "get_redraw", tag = "areas", params(("redraw_id" = String, Path)), responses((status = 200, body = RedrawBody), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub async fn one(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<RedrawBody>> {
    caller.require(&[Role::Admin, Role::Supervisor])?;
    let id = find(&caller, &id)?;
    let redraw = caller
        .directory
        .redraw(&id)
        .ok_or_else(Problem::not_found)?;
    Ok(Json(body(&api.node, &caller, redraw)))
}

/// Stops a redrawing: records that moved stay where they are, what has not moved stays. Before its date the grants are as they were.
#[utoipa::path(post, path = "/v1/areas/redraws/{redraw_id}/stop", operation_id = "stop_redraw", tag = "areas", params(("redraw_id" = String, Path)), responses(
    (status = 200, body = RedrawBody),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
    (status = 409, description = "conflict: all of it is done", body = ProblemBody),
))]
pub async fn halt(
    State(api): State<Api>,
    mut caller: Caller,
    Path(id): Path<String>,
) -> Answer<Json<RedrawBody>> {
    caller.require(&[Role::Admin, Role::Supervisor])?;
    let id = find(&caller, &id)?;
    api.blocking(move |node| {
        stop(node, (caller.author(), caller.now), id).map_err(|problem| match problem.code {
            Code::Conflict => problem.because_in(said!("redraw_all_done")),
            _ => problem,
        })?;
        caller.directory = node.directory.current();
        let redraw = caller
            .directory
            .redraw(&id)
            .ok_or_else(Problem::not_found)?;
        Ok(Json(body(node, &caller, redraw)))
    })
    .await
}
