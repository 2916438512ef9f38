//! Forms: the schemas of record types.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::ids::FormCode;
use gridfold_sync_core::schema::{Form, FormError, offered_forms};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Api, Body, Caller, Path, RawBody, explain, shapes};
use crate::acts::forms::{PublishFormError, is_news, publish_form};
use crate::acts::retired::form_retired;
use crate::problem::{Answer, Code, Problem, ProblemBody};

impl From<FormError> for Problem {
    fn from(error: FormError) -> Self {
        match error {
            FormError::Published(_)
            | FormError::ChangedType(..)
            | FormError::ChangedMeaning(..) => {
                Self::new(Code::Conflict).because_in(explain::form(&error))
            }
            other => Self::bad_request_in(explain::form(&other)),
        }
    }
}

/// Forms.
#[derive(Serialize, ToSchema)]
pub struct FormList {
    /// The newest version of each.
    #[schema(value_type = Vec<shapes::Form>)]
    pub forms: Vec<Form>,
    /// Those that are retired, with the time since when: no new record of them is made.
    pub retired: BTreeMap<String, String>,
}

/// Whether a form is filled in anew.
#[derive(Deserialize, ToSchema)]
pub struct FormRetirement {
    /// Whether it is retired.
    pub retired: bool,
}

fn retired(directory: &Directory) -> BTreeMap<String, String> {
    directory
        .retired_forms()
        .map(|(form, at)| (form.to_string(), at.to_rfc3339()))
        .collect()
}

fn newest(directory: &Directory) -> FormList {
    let all = directory.forms();
    let is_newest = |form: &Form| {
        all.latest(&form.code)
            .is_some_and(|latest| latest.version == form.version)
    };
    let forms = all.iter().filter(|form| is_newest(form));
    FormList {
        forms: forms.map(|form| (**form).clone()).collect(),
        retired: retired(directory),
    }
}

/// The newest version of every form.
#[utoipa::path(get, path = "/v1/forms", operation_id = "list_forms", tag = "forms", responses((status = 200, body = FormList)))]
pub async fn list(caller: Caller) -> Answer<Json<FormList>> {
    Ok(Json(newest(&caller.directory)))
}

/// Ready-made forms.
#[derive(Serialize, ToSchema)]
pub struct OfferedForms {
    /// Those that nobody has published here, in an order in which they can be.
    #[schema(value_type = Vec<shapes::Form>)]
    pub forms: Vec<Form>,
}

/// Ready-made forms that are not in use here: residents, volunteers, what they do, resources of a grid. Publishing one, as it is or changed, takes it into use.
#[utoipa::path(get, path = "/v1/forms/offered", operation_id = "list_offered_forms", tag = "forms", responses((status = 200, body = OfferedForms)))]
pub async fn offered(caller: Caller) -> Answer<Json<OfferedForms>> {
    let forms = offered_forms(caller.directory.forms())?;
    Ok(Json(OfferedForms { forms }))
}

/// One version of a form, `latest` for the newest.
#[utoipa::path(get, path = "/v1/forms/{code}/{version}", operation_id = "read_form", tag = "forms", params(("code" = String, Path), ("version" = String, Path)), responses((status = 200, body = shapes::Form), (status = 404, body = ProblemBody)))]
pub async fn one(
    caller: Caller,
    Path((code, version)): Path<(String, String)>,
) -> Answer<Json<Form>> {
    let forms = caller.directory.forms();
    let code = FormCode::new(&code).map_err(|_| Problem::not_found())?;
    let form = match version.as_str() {
        "latest" => forms.latest(&code),
        number => number.parse().ok().and_then(|n| forms.get(&code, n)),
    };
    form.map(|f| Json((**f).clone()))
        .ok_or_else(Problem::not_found)
}

/// Publishes a version of a form. Records keep the fields of older versions. The same again changes nothing.
#[utoipa::path(post, path = "/v1/forms", operation_id = "publish_form", tag = "forms", request_body = shapes::Form, responses(
    (status = 200, description = "it was published before", body = shapes::Form),
    (status = 201, body = shapes::Form),
    (status = 400, description = "bad_request: the detail names the field and what to do", body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 409, description = "conflict with a published version", body = ProblemBody),
))]
pub async fn publish(
    State(api): State<Api>,
    caller: Caller,
    RawBody(bytes): RawBody,
) -> Answer<(StatusCode, Json<Form>)> {
    caller.require_operator()?;
    let text =
        std::str::from_utf8(&bytes).map_err(|_| Problem::bad_request("the body is not UTF-8"))?;
    let form = Form::from_json(text)?;
    if !is_news(&caller.directory, &form)? {
        return Ok((StatusCode::OK, Json(form)));
    }
    api.blocking(move |node| {
        caller.audit(
            node,
            "form.publish",
            crate::auth::AuditScope::of("form", &form.code).and("version", form.version),
        )?;
        let news = publish_form(node, &form).map_err(|e| match e {
            PublishFormError::Form(error) => Problem::from(error),
            PublishFormError::Directory(error) => Problem::from(error),
        })?;
        let status = if news {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        Ok((status, Json(form)))
    })
    .await
}

/// Retires a form, or takes that back. Records of it stay, are read by their own version and worked on; what phones bring that did not know of it is taken; no new record of it is made.
#[utoipa::path(put, path = "/v1/forms/{code}/retired", operation_id = "retire_form", tag = "forms", params(("code" = String, Path)), request_body = FormRetirement, responses(
    (status = 200, body = FormList),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
))]
pub async fn retire(
    State(api): State<Api>,
    caller: Caller,
    Path(code): Path<String>,
    Body(given): Body<FormRetirement>,
) -> Answer<Json<FormList>> {
    caller.require_operator()?;
    let code = FormCode::new(&code)
        .ok()
        .filter(|code| caller.directory.forms().latest(code).is_some())
        .ok_or_else(Problem::not_found)?;
    api.blocking(move |node| {
        let directory = node.directory.current();
        if let Some(change) = form_retired(&directory, &code, given.retired, caller.now) {
            let what = if given.retired {
                "form.retire"
            } else {
                "form.restore"
            };
            caller.audit(node, what, crate::auth::AuditScope::of("form", &code))?;
            node.directory.change(vec![change])?;
        }
        Ok(Json(newest(&node.directory.current())))
    })
    .await
}
