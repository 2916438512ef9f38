//! Steps of a record: those that the caller may make now, and those that stand beside its status.

use std::cell::Cell;

use gridfold_sync_core::ids::{EntryRef, FormCode, StreamId};
use gridfold_sync_core::lifecycle::{Actor, Lifecycle};
use gridfold_sync_core::view::PartState;
use serde::Serialize;
use utoipa::ToSchema;

use super::author::user_name;
use crate::node::Node;
use crate::problem::Answer;
use crate::routes::Caller;
use crate::views::StepTaken;

/// A transition that the caller may make now.
#[derive(Serialize, ToSchema)]
pub struct TransitionBody {
    /// Its key.
    pub action: String,
    /// Its name.
    pub label: String,
    /// The status it leads to; absent of one that only stands beside the status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Whether whoever makes it is asked to say why.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub note: bool,
    /// Whether it cannot be made without saying why.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub note_needed: bool,
}

/// A step beside the status that stands: nothing answered it since.
#[derive(Serialize, ToSchema)]
pub struct StepTakenBody {
    /// Which.
    pub action: String,
    /// Its name.
    pub label: String,
    /// Who took it.
    pub user_id: String,
    /// Their name.
    pub user_name: String,
    /// When they last did, by the clock of their device; never later than it was received.
    pub at: String,
}

pub(super) fn step_body(caller: &Caller, form: &str, step: &StepTaken) -> StepTakenBody {
    let forms = caller.directory.forms();
    let form = FormCode::new(form).ok();
    let lifecycle = form
        .and_then(|form| forms.latest(&form))
        .and_then(|form| form.lifecycle.as_ref());
    let named = lifecycle.and_then(|l| l.steps().find(|t| t.action == step.action));
    StepTakenBody {
        action: step.action.to_string(),
        label: named.map_or_else(
            || step.action.to_string(),
            |t| caller.locale.pick(&t.label).to_owned(),
        ),
        user_id: step.by.to_string(),
        user_name: user_name(caller, step.by),
        at: step.at.to_rfc3339(),
    }
}

/// The steps that the caller may make now.
pub(super) fn next_steps(
    node: &Node,
    caller: &Caller,
    stream: &StreamId,
    lifecycle: &Lifecycle,
    main: &PartState,
) -> Answer<Vec<TransitionBody>> {
    let roles = caller.roles_in(Some(&stream.grid));
    let failed = Cell::new(None);
    let made = |entry: &EntryRef| match node.views.author(stream, entry) {
        Ok(author) => author,
        Err(error) => {
            failed.set(Some(error));
            None
        }
    };
    let actor = Actor {
        roles: &roles,
        user: Some(caller.user()),
        made: &made,
    };
    let next = lifecycle.next(main, actor);
    if let Some(error) = failed.take() {
        return Err(error.into());
    }
    let told = next.into_iter().map(|t| TransitionBody {
        action: t.action.to_string(),
        label: caller.locale.pick(&t.label).to_owned(),
        to: lifecycle.leads_to(main, t).map(ToString::to_string),
        note: t.note || t.note_needed,
        note_needed: t.note_needed,
    });
    Ok(told.collect())
}
