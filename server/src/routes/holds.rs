//! What a person's phone holds, seen before it is handed out.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::ids::{AreaCode, FormCode, SensitivityClass, UserId};
use gridfold_sync_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::records::{MAX_COUNT, RecordRowBody, row_body};
use super::users::read_user;
use super::{Api, Caller, Params, Path, page_rows, read_time};
use crate::auth::AuditScope;
use crate::problem::{Answer, Code, Problem, ProblemBody};
use crate::views::{ReadScope, RecordFilter, Sort};

/// Grids that an answer names one by one.
const MAX_GRIDS: usize = 500;

/// What to show of it.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HoldsQuery {
    /// On this day and time, by the grants that are known now; now when left out.
    pub at: Option<String>,
    /// Only records of this form.
    pub form: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Rows of a page, 1 to 500.
    pub limit: Option<usize>,
}

/// A grid of a phone.
#[derive(Serialize, ToSchema)]
pub struct HeldGrid {
    /// The grid.
    pub grid: String,
    /// What it is called.
    pub name: String,
    /// The classes of fields that the phone holds of it: `general`, `personal`, `restricted`.
    pub classes: Vec<String>,
}

/// What a person's phone holds, as far as the caller may read it themselves.
#[derive(Serialize, ToSchema)]
pub struct HoldsBody {
    /// The person.
    pub user_id: String,
    /// What they are called.
    pub user_name: String,
    /// The time it is told of.
    pub at: String,
    /// Whether the person may sync at all: one who is disabled holds what they held.
    pub active: bool,
    /// The first 500 grids, in the order of the areas.
    pub grids: Vec<HeldGrid>,
    /// How many grids there are that the caller may read.
    pub grid_count: usize,
    /// How many more the phone holds that the caller may not read: nothing of them is in this answer.
    pub hidden_grids: usize,
    /// Records by form.
    pub forms: BTreeMap<String, u64>,
    /// All of them.
    pub records_count: u64,
    /// Open work among them, counted to 10,000 at most.
    pub open: u64,
    /// Open work that this person is to do, counted to 10,000 at most.
    pub theirs: u64,
    /// A page of the records, the last changed first.
    pub records: Vec<RecordRowBody>,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What of somebody's phone the caller may read themselves.
struct Seen {
    grids: Vec<(AreaCode, BTreeSet<SensitivityClass>)>,
    hidden: usize,
    scope: ReadScope,
}

/// By the rule by which the sync serves streams, narrowed to what the caller reads now.
fn seen(directory: &Directory, caller: (UserId, Timestamp), of: (UserId, Timestamp)) -> Seen {
    let mine = directory.reach(caller.0, caller.1);
    let theirs = directory.reach(of.0, of.1);
    let (mut grids, mut hidden) = (Vec::new(), 0);
    let mut common: Option<BTreeSet<SensitivityClass>> = None;
    for (grid, classes) in theirs.grids() {
        let Some(read) = mine.classes_in(grid) else {
            hidden += 1;
            continue;
        };
        let both: BTreeSet<SensitivityClass> = classes & read;
        match &mut common {
            Some(common) => common.retain(|class| both.contains(class)),
            None => common = Some(both),
        }
        grids.push((grid.clone(), classes.clone()));
    }
    // One list has the same classes in all its grids.
    let scope = ReadScope {
        grids: Some(grids.iter().map(|(grid, _)| grid.clone()).collect()),
        classes: common.unwrap_or_default(),
    };
    Seen {
        grids,
        hidden,
        scope,
    }
}

fn grid_body(
    directory: &Directory,
    (grid, classes): &(AreaCode, BTreeSet<SensitivityClass>),
) -> HeldGrid {
    HeldGrid {
        grid: grid.to_string(),
        name: directory
            .area(grid)
            .map_or_else(String::new, |a| a.name.clone()),
        classes: classes
            .iter()
            .map(|class| class.name().to_owned())
            .collect(),
    }
}

/// What a phone of a person holds, or will hold at a time, before it is handed out: the grids by the rule of the sync, how many records there are, and a list of them. For whoever may act on the person, and only what they may read themselves; it is audited.
#[utoipa::path(get, path = "/v1/users/{user_id}/holds", operation_id = "read_user_holds", tag = "users", params(("user_id" = String, Path), HoldsQuery), responses(
    (status = 200, body = HoldsBody),
    (status = 400, body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
))]
pub async fn one(
    State(api): State<Api>,
    caller: Caller,
    Path(id): Path<String>,
    Params(query): Params<HoldsQuery>,
) -> Answer<Json<HoldsBody>> {
    let user = read_user(&caller, &id)?;
    if !caller.may_manage(user) {
        return Err(Problem::new(Code::Forbidden));
    }
    let at = query
        .at
        .as_deref()
        .map(|t| read_time(t, "at"))
        .transpose()?;
    let at = at.unwrap_or(caller.now);
    let form = query.form.as_deref().map(FormCode::new).transpose()?;
    let limit = page_rows(query.limit)?;
    api.blocking(move |node| {
        if query.cursor.is_none() {
            caller.audit(node, "user.holds", AuditScope::of("user", user))?;
        }
        let directory = &caller.directory;
        let person = directory.user(&user).ok_or_else(Problem::not_found)?;
        let seen = seen(directory, (caller.user(), caller.now), (user, at));
        let forms = node.views.counts(&seen.scope)?;
        let count = |open: bool, doers: Option<Vec<String>>| -> Answer<u64> {
            let mut filter = RecordFilter::of(seen.scope.clone());
            filter.open = open;
            filter.doers = doers;
            Ok(node.views.count(&filter, MAX_COUNT)?.n)
        };
        let theirs = directory.meant_by(&user.to_string());
        let mut filter = RecordFilter::of(seen.scope.clone());
        filter.forms = form.into_iter().collect();
        filter.sort = Sort::default();
        filter.cursor = query.cursor;
        filter.limit = limit;
        let page = node.views.list(&filter)?;
        Ok(Json(HoldsBody {
            user_id: user.to_string(),
            user_name: person.name.clone(),
            at: at.to_rfc3339(),
            active: person.active,
            grids: seen
                .grids
                .iter()
                .take(MAX_GRIDS)
                .map(|g| grid_body(directory, g))
                .collect(),
            grid_count: seen.grids.len(),
            hidden_grids: seen.hidden,
            records_count: forms.values().sum(),
            forms,
            open: count(true, None)?,
            theirs: count(true, Some(theirs))?,
            records: page
                .rows
                .iter()
                .map(|row| row_body(directory, row))
                .collect(),
            next: page.next,
        }))
    })
    .await
}
