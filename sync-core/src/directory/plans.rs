//! The plans that were published, and what they must fit.

use crate::gather::Gather as _;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::directory::Directory;
use crate::ids::{AreaCode, FormCode, PlanCode, UserId};
use crate::limits::MAX_PLANS;
use crate::plan::{Plan, PlanError, reference_to};
use crate::schema::{FieldMeaning, FieldType, Form, FormMeaning};
use crate::time::Timestamp;

/// The plans, each in all its versions.
#[derive(Debug, Clone, Default)]
pub(super) struct Plans(BTreeMap<PlanCode, BTreeMap<u32, Arc<Plan>>>);

impl Plans {
    /// Folds in a plan; of two for one version the first stands.
    pub(super) fn publish(&mut self, plan: Plan) {
        let versions = self.0.entry(plan.code.clone()).or_default();
        versions
            .entry(plan.version)
            .or_insert_with(|| Arc::new(plan));
    }
}

impl Directory {
    /// The newest version of a plan.
    #[must_use]
    pub fn plan(&self, code: &PlanCode) -> Option<&Arc<Plan>> {
        self.plans.0.get(code)?.values().next_back()
    }

    /// A version of a plan.
    #[must_use]
    pub fn plan_version(&self, code: &PlanCode, version: u32) -> Option<&Arc<Plan>> {
        self.plans.0.get(code)?.get(&version)
    }

    /// The newest version of each plan, by code; retired ones too.
    pub fn plans(&self) -> impl Iterator<Item = &Arc<Plan>> {
        let all = self.plans.0.values();
        all.filter_map(|versions| versions.values().next_back())
    }

    /// The plans that hold in a grid.
    pub fn plans_in<'a>(&'a self, grid: &'a AreaCode) -> impl Iterator<Item = &'a Arc<Plan>> {
        self.plans()
            .filter(|plan| !plan.retired && self.covers(plan.area.as_ref(), grid))
    }

    /// The plans that the phone of somebody is sent: those that hold where they read everything.
    pub(super) fn plans_of(&self, user: UserId, now: Timestamp) -> Vec<Plan> {
        let theirs: Vec<Option<&AreaCode>> = self
            .active_grants(user, now)
            .filter(|grant| grant.role.readable().len() == 3)
            .map(|grant| grant.area.as_ref())
            .collect();
        let holds = |plan: &&Arc<Plan>| {
            !plan.retired
                && theirs.iter().any(|granted| match &plan.area {
                    Some(area) => self.meets(*granted, area),
                    None => true,
                })
        };
        self.plans()
            .filter(holds)
            .map(|plan| (**plan).clone())
            .collect()
    }

    /// Whoever works in a grid as its worker, when that is one person alone.
    #[must_use]
    pub fn only_worker(&self, grid: &AreaCode, now: Timestamp) -> Option<UserId> {
        let here = std::iter::once(None).chain(self.upward(grid).map(Some));
        let runs = here
            .flat_map(|area| self.grants_of_area(area))
            .filter(|g| g.role == crate::schema::Role::Worker)
            .filter(|g| g.from <= now && g.until.is_none_or(|until| now < until))
            .map(|g| g.user)
            .filter(|user| self.user(user).is_some_and(|u| u.active));
        let users: std::collections::BTreeSet<UserId> = runs.gathered();
        users.first().copied().filter(|_| users.len() == 1)
    }

    /// Checks that a plan may be published now: by itself, with what is in the directory, and after the version before.
    ///
    /// # Errors
    /// [`PlanError`] saying what to do.
    pub fn check_plan(&self, plan: &Plan) -> Result<(), PlanError> {
        plan.check()?;
        let before = self.plan(&plan.code);
        let expected = before.map_or(1, |before| before.version.saturating_add(1));
        if plan.version != expected {
            return Err(PlanError::NotNext {
                code: plan.code.clone(),
                expected,
                given: plan.version,
            });
        }
        if let Some(before) = before {
            // What was made under its ids would be about something else.
            let is_route = |of: &Plan| of.about.is_none() && !of.stops.is_empty();
            if before.about != plan.about
                || before.seed != plan.seed
                || is_route(before) != is_route(plan)
            {
                return Err(PlanError::AboutAnother(plan.code.clone()));
            }
            // What ended cannot be mended any more, and is only laid down.
            if plan.retired {
                return Ok(());
            }
        } else if self.plans().filter(|plan| !plan.retired).count() >= MAX_PLANS {
            return Err(PlanError::TooMany);
        }
        if let Some(area) = &plan.area
            && (self.area(area).is_none() || self.retired_around(area).is_some())
        {
            return Err(PlanError::NoArea(area.clone()));
        }
        if !plan.stops.is_empty() && !plan.area.as_ref().is_some_and(|area| self.is_grid(area)) {
            return Err(PlanError::RouteOutsideGrid);
        }
        for person in [
            &plan.makes.issuer,
            &plan.makes.accountable,
            &plan.makes.doer,
        ]
        .into_iter()
        .flatten()
        {
            if !self.user(&person.user).is_some_and(|user| user.active) {
                return Err(PlanError::Nobody(person.user));
            }
        }
        self.check_forms(plan)
    }

    fn form_of_plan(&self, code: &FormCode) -> Result<&Arc<Form>, PlanError> {
        let form = self.forms().latest(code);
        form.filter(|_| self.form_retired(code).is_none())
            .ok_or_else(|| PlanError::NoForm(code.clone()))
    }

    /// Checks what a plan says of forms: the newest of them are what is filled in.
    fn check_forms(&self, plan: &Plan) -> Result<(), PlanError> {
        let makes = self.form_of_plan(&plan.makes.form)?;
        let can = |meaning| makes.field_for(meaning).is_some();
        let is_task = makes.is(FormMeaning::Task) && makes.title.is_some();
        if !is_task || !can(FieldMeaning::Plan) || !can(FieldMeaning::Due) {
            return Err(PlanError::NoTask(makes.code.clone()));
        }
        if !plan.stops.is_empty() && !can(FieldMeaning::Steps) {
            return Err(PlanError::NoTask(makes.code.clone()));
        }
        if let Some(priority) = &plan.makes.priority
            && makes.rank_of(priority) == 0
        {
            let priority = priority.to_string();
            return Err(PlanError::NoPriority(makes.code.clone(), priority));
        }
        let Some(about) = &plan.about else {
            return Ok(());
        };
        let of = self.form_of_plan(about)?;
        if reference_to(makes, about).is_none() {
            return Err(PlanError::NotAbout(makes.code.clone(), about.clone()));
        }
        let (asked, counted) = plan.asks();
        let lacking = |form: &Form, fields: &[&crate::ids::FieldKey]| {
            let lacking = fields
                .iter()
                .find(|field| form.field(field.as_str()).is_none());
            lacking.map(|field| PlanError::NoField(form.code.clone(), (*field).clone()))
        };
        if let Some(error) = lacking(of, &asked) {
            return Err(error);
        }
        let Some(done_by) = &plan.done_by else {
            return Ok(());
        };
        let counts = self.form_of_plan(done_by)?;
        let refers = reference_to(counts, about).is_some();
        if !refers || counts.field_for(FieldMeaning::Happened).is_none() {
            return Err(PlanError::CannotCount(done_by.clone(), about.clone()));
        }
        match lacking(counts, &counted) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

impl Form {
    /// The place of a priority among those of the form, from 1 and the least first; 0 of one that it does not have.
    #[must_use]
    pub fn rank_of(&self, priority: &crate::ids::ChoiceKey) -> u32 {
        let field = self.field_for(FieldMeaning::Priority);
        let Some(FieldType::ChooseOne { choices }) = field.map(|field| &field.kind) else {
            return 0;
        };
        let at = choices.iter().position(|choice| choice.key == *priority);
        at.and_then(|at| u32::try_from(at + 1).ok()).unwrap_or(0)
    }
}
