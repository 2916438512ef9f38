//! Households that may be there twice: proposed by what they are called and what else is the same, decided by a person.
//!
//! What enters: the households of the caller's areas. What leaves: pairs, with the fields that are the same. What never
//! happens here: a merge; that is `/v1/records/{id}/merge`, after somebody looked at both.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gridfold_sync_core::edit::Value;
use gridfold_sync_core::ids::{AreaCode, FieldKey, RecordId};
use gridfold_sync_core::schema::{FieldType, Form, Role};
use gridfold_sync_core::search::{fold, is_called};
use gridfold_sync_core::view::Cell;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::records::{RecordQuery, RecordRowBody, filter_of, find, row_body};
use super::{Api, Body, Caller, Params, page_rows};
use crate::desk::DUPLICATE;
use crate::node::Node;
use crate::problem::{Answer, Code, Problem, ProblemBody};
use crate::views::StoredRecord;
use crate::words::said;

/// Households that are compared; of more only the first, by name.
const MAX_COMPARED: usize = 50_000;
/// Longer texts name nobody and no place.
const MAX_NAMING_CHARS: u32 = 200;
/// A text that so many households have says nothing of one.
const MAX_SAME: usize = 20;
/// First letters of a name: so many at least and at most.
const INITIALS: std::ops::RangeInclusive<usize> = 2..=6;

/// Which pairs.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DuplicateQuery {
    /// Only the grids of this area.
    pub area: Option<String>,
    /// Those of which somebody said that they are not the same, to take that back.
    #[serde(default)]
    pub distinct: bool,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Rows of a page, 1 to 500.
    pub limit: Option<usize>,
}

/// Two households that may be one.
#[derive(Serialize, ToSchema)]
pub struct DuplicateBody {
    /// The one that was written down first.
    pub one: RecordRowBody,
    /// The other.
    pub other: RecordRowBody,
    /// Keys of the fields that read the same in both, whatever their width, case and spaces.
    pub same: Vec<String>,
}

/// A page of pairs, those with most that is the same first.
#[derive(Serialize, ToSchema)]
pub struct DuplicatePage {
    /// The pairs.
    pub pairs: Vec<DuplicateBody>,
    /// How many there are on all pages.
    pub total: usize,
    /// Whether there are more households than are compared.
    pub is_part: bool,
    /// Where the next page starts; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What was decided on a pair.
#[derive(Deserialize, ToSchema)]
pub struct DuplicateDecision {
    /// One household.
    pub one: String,
    /// The other.
    pub other: String,
    /// Whether they are two: then they are not proposed any more. False takes that back.
    pub distinct: bool,
}

/// A text as it is compared: folded by the rule of the search, without what only parts it.
fn plain(text: &str) -> String {
    fold(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Whether two texts say the same; a name also says what its first letters say.
fn is_same(one: &str, other: &str) -> bool {
    let is_initials =
        |text: &str| INITIALS.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase());
    one == other
        || is_initials(one) && is_called(other, one)
        || is_initials(other) && is_called(one, other)
}

/// A household as it is compared.
struct Household {
    stored: StoredRecord,
    /// What names it.
    title: String,
    /// Its short texts, that among them.
    texts: BTreeMap<FieldKey, String>,
}

impl Household {
    fn of(form: &Form, stored: StoredRecord) -> Self {
        let mut texts = BTreeMap::new();
        for (key, cell) in stored.parts.iter().flat_map(|(_, part)| &part.fields) {
            let kind = form.field(key.as_str()).map(|field| &field.kind);
            let is_short = matches!(kind, Some(FieldType::Text { max_chars, .. }) if *max_chars <= MAX_NAMING_CHARS);
            // Of values that stand side by side nothing is said before somebody chose.
            if let Cell::Register(held) = cell
                && let [one] = held.as_slice()
                && let Value::Text(text) = &one.value
                && is_short
            {
                let text = plain(text);
                if !text.is_empty() {
                    texts.insert(key.clone(), text);
                }
            }
        }
        let title = plain(&stored.row.title);
        Self {
            stored,
            title,
            texts,
        }
    }

    fn id(&self) -> RecordId {
        self.stored.row.record
    }

    fn same(&self, other: &Self) -> Vec<FieldKey> {
        let both = self.texts.iter();
        let same =
            both.filter(|(key, text)| other.texts.get(*key).is_some_and(|o| is_same(text, o)));
        same.map(|(key, _)| key.clone()).collect()
    }

    /// Whether both may be one: called the same, or in one grid, not called otherwise, and with a text in common, or
    /// with two.
    fn may_be(&self, other: &Self, same: usize) -> bool {
        let (one, two) = (&self.title, &other.title);
        if one == two && !one.is_empty() {
            return true;
        }
        let fits = one.contains(two.as_str()) || two.contains(one.as_str());
        self.stored.row.grid == other.stored.row.grid && (same >= 2 || same == 1 && fits)
    }
}

/// The name of a pair in the desk, whichever comes first.
fn pair_name(one: RecordId, other: RecordId) -> String {
    format!("{}+{}", one.min(other), one.max(other))
}

/// A pair: the places of both, and what is the same.
type Pair = (usize, usize, Vec<FieldKey>);

fn pairs(all: &[Household]) -> Vec<Pair> {
    let mut by_text: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (n, household) in all.iter().enumerate() {
        for (key, text) in &household.texts {
            by_text.entry((key.as_str(), text)).or_default().push(n);
        }
    }
    let mut tried: BTreeSet<(usize, usize)> = BTreeSet::new();
    let mut found = Vec::new();
    for held in by_text.values().filter(|held| held.len() <= MAX_SAME) {
        for (i, one) in held.iter().enumerate() {
            for other in &held[i + 1..] {
                if !tried.insert((*one, *other)) {
                    continue;
                }
                let same = all[*one].same(&all[*other]);
                if all[*one].may_be(&all[*other], same.len()) {
                    found.push((*one, *other, same));
                }
            }
        }
    }
    found.sort_by_key(|(one, other, same)| {
        (
            std::cmp::Reverse(same.len()),
            all[*one].id(),
            all[*other].id(),
        )
    });
    found
}

/// The households that the caller reads, the ones written down first at the beginning.
fn households(
    node: &Node,
    caller: &Caller,
    area: Option<String>,
) -> Answer<(Vec<Household>, bool)> {
    let query = RecordQuery {
        means: Some("household".to_owned()),
        area,
        ..RecordQuery::default()
    };
    let filter = filter_of(caller, &query)?;
    let forms = caller.directory.forms();
    let mut all: Vec<Household> = Vec::new();
    let mut is_part = false;
    node.views.for_each_record(&filter, |stored| {
        if all.len() >= MAX_COMPARED {
            is_part = true;
            return false;
        }
        if let Some(form) = forms.to_read(&stored.row.form, stored.row.form_version) {
            all.push(Household::of(form, stored));
        }
        true
    })?;
    all.sort_by_key(Household::id);
    Ok((all, is_part))
}

/// Households of the caller's areas that may be there twice: what names them reads the same (width, case and spaces do not count, and first letters of Pinyin stand for a name), or they are in one grid and enough else is. Nothing that the caller may not read is compared.
#[utoipa::path(get, path = "/v1/households/duplicates", operation_id = "list_duplicates", tag = "records", params(DuplicateQuery), responses(
    (status = 200, body = DuplicatePage),
    (status = 400, body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Params(query): Params<DuplicateQuery>,
) -> Answer<Json<DuplicatePage>> {
    caller.require(&[Role::Admin, Role::Supervisor])?;
    let limit = page_rows(query.limit)?;
    let from = match &query.cursor {
        None => 0,
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| Problem::bad_request("cursor is not one of this list"))?,
    };
    api.blocking(move |node| {
        let decided = node.desk.put_away.of(DUPLICATE)?;
        let (all, is_part) = households(node, &caller, query.area)?;
        let mut pairs = pairs(&all);
        pairs.retain(|(one, other, _)| {
            let name = pair_name(all[*one].id(), all[*other].id());
            decided.contains_key(&name) == query.distinct
        });
        let shown = pairs.iter().skip(from).take(limit);
        let row = |n: usize| row_body(&caller.directory, &all[n].stored.row);
        let upto = from.saturating_add(limit);
        Ok(Json(DuplicatePage {
            pairs: shown
                .map(|(one, other, same)| DuplicateBody {
                    one: row(*one),
                    other: row(*other),
                    same: same.iter().map(ToString::to_string).collect(),
                })
                .collect(),
            total: pairs.len(),
            is_part,
            next: (upto < pairs.len()).then(|| upto.to_string()),
        }))
    })
    .await
}

/// Says that two households are two, so that they are not proposed any more, or takes that back. For whoever supervises or administers the grids of both.
#[utoipa::path(post, path = "/v1/households/duplicates/decide", operation_id = "decide_duplicate", tag = "records", request_body = DuplicateDecision, responses(
    (status = 204, description = "Noted"),
    (status = 400, body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
))]
pub async fn decide(
    State(api): State<Api>,
    caller: Caller,
    Body(given): Body<DuplicateDecision>,
) -> Answer<StatusCode> {
    caller.require(&[Role::Admin, Role::Supervisor])?;
    api.blocking(move |node| {
        let (one, _) = find(node, &caller, &given.one)?;
        let (other, _) = find(node, &caller, &given.other)?;
        let leads = |grid: &AreaCode| {
            let roles = caller.roles_in(Some(grid));
            roles.contains(&Role::Admin) || roles.contains(&Role::Supervisor)
        };
        if !leads(&one.row.grid) || !leads(&other.row.grid) {
            return Err(Problem::new(Code::Forbidden));
        }
        if one.row.record == other.row.record {
            return Err(Problem::bad_request_in(said!("duplicate_of_itself")));
        }
        let name = pair_name(one.row.record, other.row.record);
        let (by, now_ms) = (caller.actor, caller.now.millis());
        match given.distinct {
            true => node.desk.put_away.put(DUPLICATE, &name, "", by, now_ms)?,
            false => node.desk.put_away.take_back(DUPLICATE, &name, by, now_ms)?,
        }
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
