//! Publishing a plan: the one way in for the API and the import.

use gridfold_sync_core::codec::to_hex;
use gridfold_sync_core::directory::{Directory, DirectoryChange};
use gridfold_sync_core::ids::UserId;
use gridfold_sync_core::limits::{
    MAX_KIND_TEXT_CHARS, MAX_PLAN_BYTES, MAX_PLAN_DAYS, MAX_PLAN_STOPS, MAX_PLANS,
};
use gridfold_sync_core::plan::{Person, Plan, PlanError};

use crate::directory::DirectoryError;
use crate::node::{Node, NodeError, random_16};
use crate::words::{Said, said};

/// Why a plan was not published.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishError {
    /// It does not fit.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The directory could not be written.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The system gives no randomness.
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// A plan as it is published: with the names of its people, with who handed its tasks out, and with what ids are reckoned with.
/// Both last stay those of its first version, so that what was made before keeps its meaning.
pub(crate) fn as_published(
    directory: &Directory,
    given: &Plan,
    by: Option<UserId>,
) -> Result<Plan, NodeError> {
    let mut plan = given.clone();
    let before = directory.plan(&plan.code);
    let active = |user: &UserId| directory.user(user).filter(|user| user.active);
    let issuer = before.and_then(|before| before.makes.issuer.clone());
    let issuer = issuer.filter(|issuer| active(&issuer.user).is_some());
    let publisher = by.as_ref().and_then(active).map(|user| Person {
        user: user.id,
        name: user.name.clone(),
    });
    plan.makes.issuer = issuer.or(publisher);
    for person in [&mut plan.makes.accountable, &mut plan.makes.doer]
        .into_iter()
        .flatten()
    {
        if let Some(user) = directory.user(&person.user) {
            person.name.clone_from(&user.name);
        }
    }
    plan.seed = match before {
        Some(before) => before.seed.clone(),
        None => to_hex(&random_16()?),
    };
    Ok(plan)
}

/// Publishes a plan. Returns it as it was published, and whether it was news: the same version with the same content is not.
///
/// # Errors
/// When it does not fit what is published, or the directory cannot be written.
pub(crate) fn publish_plan(
    node: &Node,
    given: &Plan,
    by: Option<UserId>,
) -> Result<(Plan, bool), PublishError> {
    given.check()?;
    let directory = node.directory.current();
    if let Some(known) = directory.plan_version(&given.code, given.version) {
        let mut again = given.clone();
        again.seed.clone_from(&known.seed);
        again.makes.issuer.clone_from(&known.makes.issuer);
        let named = |again: &mut Option<Person>, known: &Option<Person>| {
            if let (Some(again), Some(known)) = (again, known) {
                again.name.clone_from(&known.name);
            }
        };
        named(&mut again.makes.doer, &known.makes.doer);
        named(&mut again.makes.accountable, &known.makes.accountable);
        return match again == **known {
            true => Ok((again, false)),
            false => Err(PlanError::Published(given.code.clone(), given.version).into()),
        };
    }
    let plan = as_published(&directory, given, by)?;
    directory.check_plan(&plan)?;
    node.directory.change(vec![DirectoryChange::Plan {
        plan: Box::new(plan.clone()),
    }])?;
    // Of two that came at once for one version the first stands.
    let stands = node.directory.current();
    match stands.plan_version(&plan.code, plan.version) {
        Some(first) if **first == plan => Ok((plan, true)),
        _ => Err(PlanError::Published(plan.code, plan.version).into()),
    }
}

/// Why a plan cannot be published, for people.
pub(crate) fn explain(error: &PlanError) -> Said {
    match error {
        PlanError::NotAPlan(what) => said!("plan_not_one", what = what),
        PlanError::TooLarge(bytes) => {
            said!("plan_too_large", bytes = *bytes, most = MAX_PLAN_BYTES)
        }
        PlanError::TooMany => said!("plan_too_many", most = MAX_PLANS),
        PlanError::BadText(what) => {
            said!("plan_bad_text", what = *what, most = MAX_KIND_TEXT_CHARS)
        }
        PlanError::BadEvery => said!("plan_bad_every", most = MAX_PLAN_DAYS),
        PlanError::BadEnd => said!("plan_bad_end"),
        PlanError::BadDays => said!("plan_bad_days", most = MAX_PLAN_DAYS),
        PlanError::TwoSubjects => said!("plan_two_subjects"),
        PlanError::NoFormOfRecords => said!("plan_no_form_of_records"),
        PlanError::CountsWithoutRecords => said!("plan_counts_without_records"),
        PlanError::BadStop => said!("plan_bad_stop", most = MAX_PLAN_STOPS),
        PlanError::RouteOutsideGrid => said!("plan_route_outside_grid"),
        PlanError::NoArea(area) => said!("plan_no_area", area = area.as_str()),
        PlanError::NoForm(form) => said!("plan_no_form", form = form.as_str()),
        PlanError::NoTask(form) => said!("plan_no_task", form = form.as_str()),
        PlanError::NotAbout(form, about) => said!(
            "plan_not_about",
            form = form.as_str(),
            about = about.as_str(),
        ),
        PlanError::CannotCount(form, about) => said!(
            "plan_cannot_count",
            form = form.as_str(),
            about = about.as_str(),
        ),
        PlanError::NoField(form, field) => said!(
            "plan_no_field",
            form = form.as_str(),
            field = field.as_str(),
        ),
        PlanError::NoPriority(form, priority) => said!(
            "plan_no_priority",
            form = form.as_str(),
            priority = priority,
        ),
        PlanError::Nobody(user) => said!("plan_nobody", user = user.to_string()),
        PlanError::NotNext {
            code,
            expected,
            given,
        } => said!(
            "plan_not_next",
            plan = code.as_str(),
            expected = *expected,
            given = *given,
        ),
        PlanError::Published(code, version) => {
            said!("plan_published", plan = code.as_str(), version = *version)
        }
        PlanError::AboutAnother(code) => said!("plan_about_another", plan = code.as_str()),
    }
}
