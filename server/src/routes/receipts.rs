//! What whoever has a receipt asks and says, without an account.
//!
//! What enters is a number, in a body and never in a path or query. What leaves is what the record's form says of it in
//! its own words, or one and the same answer for every number that shows nothing, after one and the same time.

mod page;

pub use page::{home, page, script, style};

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use gridfold_sync_core::ids::ChoiceKey;
use gridfold_sync_core::lifecycle::{Lifecycle, Stage};
use gridfold_sync_core::notice::Locale;
use gridfold_sync_core::resident::{Asked, Given, ReceiptNumber, asked, reply_of};
use gridfold_sync_core::schema::{Field, FieldType};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::RecordView;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep_until};
use utoipa::ToSchema;

use super::caller::locale_of;
use super::{Api, Body, Peer};
use crate::acts::resident::{self, Shown};
use crate::middleware::Subject;
use crate::node::Node;
use crate::problem::{Answer, Code, Problem, ProblemBody};

/// How long an answer takes at least: longer than any look at a record, so that it tells nothing of what was found.
pub const RECEIPT_ANSWER_TIME: Duration = Duration::from_millis(80);

/// The number of a receipt.
#[derive(Deserialize, ToSchema)]
pub struct ReceiptLook {
    /// As typed or scanned: width, gaps and letters that look like digits do not matter.
    #[schema(example = "2046 1873 0059 4471 2638")]
    pub number: String,
}

/// What whoever has a receipt says, each once.
#[derive(Deserialize, ToSchema)]
pub struct ReceiptAnswer {
    /// The number of the receipt.
    pub number: String,
    /// A choice of the scale.
    #[serde(default)]
    #[schema(nullable = false)]
    pub satisfaction: Option<String>,
    /// Why the work is to begin again.
    #[serde(default)]
    #[schema(nullable = false)]
    pub reopening: Option<String>,
}

/// A choice of the scale.
#[derive(Serialize, ToSchema)]
pub struct ReceiptChoice {
    /// Its key.
    pub key: String,
    /// Its name, in the language asked for.
    pub label: String,
}

/// How satisfied whoever has the receipt is.
#[derive(Serialize, ToSchema)]
pub struct ReceiptSatisfaction {
    /// What is asked, in the form's words.
    pub label: String,
    /// Whether it can be said now.
    pub open: bool,
    /// What was said, in the form's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub given: Option<String>,
    /// The scale.
    pub choices: Vec<ReceiptChoice>,
}

/// Whether the work is to begin again.
#[derive(Serialize, ToSchema)]
pub struct ReceiptReopening {
    /// What is asked, in the form's words.
    pub label: String,
    /// Whether it can be said now.
    pub open: bool,
    /// Whether it was said.
    pub given: bool,
    /// Longest that can be said, in Unicode scalar values.
    pub max_chars: u32,
}

/// What a receipt shows: nothing of a person.
#[derive(Serialize, ToSchema)]
pub struct ReceiptBody {
    /// What it is of: the form's name, in the language asked for.
    pub form: String,
    /// Its status, in the form's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub status: Option<String>,
    /// How far the work is: `open`, `done` or `closed`.
    #[schema(example = "done")]
    pub stage: String,
    /// When it was reported, as the record says; never after it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reported_at: Option<String>,
    /// Since when it stands so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub status_at: Option<String>,
    /// What whoever reported it was answered, where the form lets it be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reply: Option<String>,
    /// Where the form asks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub satisfaction: Option<ReceiptSatisfaction>,
    /// Where the form asks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reopening: Option<ReceiptReopening>,
}

fn satisfaction(
    view: &RecordView<'_>,
    field: &Field,
    open: bool,
    locale: Locale,
) -> ReceiptSatisfaction {
    let choices = match &field.kind {
        FieldType::ChooseOne { choices } => choices.as_slice(),
        _ => &[],
    };
    let value = view
        .value(field)
        .map(gridfold_sync_core::edit::Value::to_json);
    let given = choices
        .iter()
        .find(|c| value.as_ref().and_then(|v| v.as_str()) == Some(c.key.as_str()));
    ReceiptSatisfaction {
        label: locale.pick(&field.label).to_owned(),
        open,
        given: given.map(|c| locale.pick(&c.label).to_owned()),
        choices: choices
            .iter()
            .map(|c| ReceiptChoice {
                key: c.key.to_string(),
                label: locale.pick(&c.label).to_owned(),
            })
            .collect(),
    }
}

fn reopening(field: &Field, open: bool, given: bool, locale: Locale) -> ReceiptReopening {
    ReceiptReopening {
        label: locale.pick(&field.label).to_owned(),
        open,
        given,
        max_chars: match field.kind {
            FieldType::Text { max_chars, .. } => max_chars,
            _ => 0,
        },
    }
}

fn body_of(node: &Node, shown: &Shown, locale: Locale) -> Answer<ReceiptBody> {
    let view = shown.view();
    let form = view.form;
    let lifecycle = form.lifecycle.as_ref();
    let status = lifecycle
        .zip(view.main())
        .map(|(l, main)| l.fold(main).status);
    let status = status.or(lifecycle.map(|l| &l.initial));
    let label = |l: &Lifecycle| Some(locale.pick(&l.status(status?)?.label).to_owned());
    let stage = lifecycle.zip(status).map(|(l, status)| l.stage(status));
    let (status_at, reported_at) = shown.times(node)?;
    let asked = asked(&view);
    Ok(ReceiptBody {
        form: locale.pick(&form.label).to_owned(),
        status: lifecycle.and_then(label),
        stage: match stage {
            Some(Stage::Closed) => "closed",
            Some(Stage::Done) => "done",
            Some(Stage::Open) | None => "open",
        }
        .to_owned(),
        reported_at: reported_at.map(Timestamp::to_rfc3339),
        status_at: status_at.map(Timestamp::to_rfc3339),
        reply: reply_of(&view),
        satisfaction: match asked.satisfaction {
            Asked::Open(field, _) => Some(satisfaction(&view, field, true, locale)),
            Asked::Given(field) => Some(satisfaction(&view, field, false, locale)),
            Asked::NotNow | Asked::Never => None,
        },
        reopening: match asked.reopening {
            Asked::Open(field, _) => Some(reopening(field, true, false, locale)),
            Asked::Given(field) => Some(reopening(field, false, true, locale)),
            Asked::NotNow | Asked::Never => None,
        },
    })
}

/// Lets a request with a number go on: one address, and all together, may make so many.
fn read(api: &Api, from: Peer, number: &str) -> Answer<ReceiptNumber> {
    api.take(Subject::receipts_of(from.0))?;
    api.take(Subject::Receipts)?;
    ReceiptNumber::read(number).map_err(|_| Problem::new(Code::ReceiptMistyped))
}

/// Answers after the time that every answer takes.
async fn told(
    api: &Api,
    locale: Locale,
    look: impl FnOnce(&Node) -> Answer<Option<Shown>> + Send + 'static,
) -> Answer<Json<ReceiptBody>> {
    let until = Instant::now() + RECEIPT_ANSWER_TIME;
    let answer = api.blocking(move |node| {
        let shown = look(node)?.ok_or_else(|| Problem::new(Code::ReceiptUnknown))?;
        body_of(node, &shown, locale)
    });
    let answer = answer.await;
    sleep_until(until).await;
    answer.map(Json)
}

/// What a receipt shows. A number that nobody has and one whose record may not show, or was deleted or erased, are answered alike.
#[utoipa::path(post, path = "/v1/receipts/look", operation_id = "look_at_receipt", tag = "receipts", security(()), request_body = ReceiptLook, responses(
    (status = 200, body = ReceiptBody),
    (status = 404, description = "receipt_unknown", body = ProblemBody),
    (status = 422, description = "receipt_mistyped", body = ProblemBody),
    (status = 429, description = "rate_limited", body = ProblemBody),
))]
pub async fn look(
    State(api): State<Api>,
    headers: HeaderMap,
    from: Peer,
    Body(given): Body<ReceiptLook>,
) -> Answer<Json<ReceiptBody>> {
    let number = read(&api, from, &given.number)?;
    told(&api, locale_of(&headers), move |node| {
        resident::shown(node, &node.directory.current(), number)
    })
    .await
}

/// Takes what whoever has a receipt says: how satisfied they are, and once that the work is to begin again. Each is taken once; of several requests at once the first.
#[utoipa::path(post, path = "/v1/receipts/answer", operation_id = "answer_by_receipt", tag = "receipts", security(()), request_body = ReceiptAnswer, responses(
    (status = 200, body = ReceiptBody),
    (status = 400, description = "bad_request: it says nothing", body = ProblemBody),
    (status = 404, description = "receipt_unknown", body = ProblemBody),
    (status = 409, description = "receipt_said, receipt_not_now", body = ProblemBody),
    (status = 422, description = "receipt_mistyped, too_long, out_of_range", body = ProblemBody),
    (status = 429, description = "rate_limited", body = ProblemBody),
))]
pub async fn answer(
    State(api): State<Api>,
    headers: HeaderMap,
    from: Peer,
    Body(given): Body<ReceiptAnswer>,
) -> Answer<Json<ReceiptBody>> {
    let number = read(&api, from, &given.number)?;
    let now = api.now();
    let said = Given {
        satisfaction: given
            .satisfaction
            .filter(|key| !key.is_empty())
            .map(|key| ChoiceKey::new(&key))
            .transpose()?,
        reopening: given.reopening.filter(|words| !words.trim().is_empty()),
    };
    told(&api, locale_of(&headers), move |node| {
        resident::answer(node, now, number, said)
    })
    .await
}
