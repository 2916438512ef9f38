//! Why a plan cannot be published.

use crate::ids::{AreaCode, FieldKey, FormCode, PlanCode, UserId};
use crate::limits::{
    MAX_KIND_TEXT_CHARS, MAX_PLAN_BYTES, MAX_PLAN_DAYS, MAX_PLAN_STOPS, MAX_PLANS,
};

/// Why a plan cannot be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Not the JSON of a plan.
    #[error("this is not a plan: {0}")]
    NotAPlan(String),
    /// Larger than an entry of the directory may be.
    #[error("the plan takes {0} bytes, more than {MAX_PLAN_BYTES}: make two plans of it")]
    TooLarge(usize),
    /// More plans than phones are sent.
    #[error("there are {MAX_PLANS} plans already: retire one first")]
    TooMany,
    /// A text that is missing or too long.
    #[error(
        "the {0} is empty, longer than {MAX_KIND_TEXT_CHARS} characters, or has control characters"
    )]
    BadText(&'static str),
    /// How often it comes cannot be meant.
    #[error(
        "how often it comes must be every 1 to {MAX_PLAN_DAYS} days, weeks or months, or 1 to 52 times a year"
    )]
    BadEvery,
    /// It ends before it begins, or lasts no day.
    #[error("it must end on or after the day on which it begins")]
    BadEnd,
    /// So many days as nothing may take.
    #[error("it may take 1 to {MAX_PLAN_DAYS} days; leave it out for the whole of each period")]
    BadDays,
    /// It names a route and records at once.
    #[error("a plan is about records of a form or about a route, not both")]
    TwoSubjects,
    /// A condition on records without the form of the records.
    #[error("it says which records, but not of which form")]
    NoFormOfRecords,
    /// A visit that counts, of a plan that is about no records.
    #[error(
        "what counts as done must be about a record: say which form the plan is about, or leave it out"
    )]
    CountsWithoutRecords,
    /// A route that is empty, too long, or has a stop that cannot be found.
    #[error(
        "a route has at most {MAX_PLAN_STOPS} stops, each with a name and, if wanted, a place on the ground"
    )]
    BadStop,
    /// A route that goes through no one grid.
    #[error("a route belongs to one grid: give the code of the grid as its area")]
    RouteOutsideGrid,
    /// There is no such area.
    #[error("there is no area {0}, or it is retired")]
    NoArea(AreaCode),
    /// There is no such form.
    #[error("there is no form {0}, or it is retired")]
    NoForm(FormCode),
    /// The form of what is made is no task.
    #[error("form {0} does not mean a task with a due time and a plan: name one that does")]
    NoTask(FormCode),
    /// What is made cannot say which record it is about.
    #[error("form {0} has no reference to records of form {1}")]
    NotAbout(FormCode, FormCode),
    /// What is to count as done cannot say which record it is about, or when it happened.
    #[error("form {0} has no reference to records of form {1}, or does not say when it happened")]
    CannotCount(FormCode, FormCode),
    /// A field that the form lacks.
    #[error("form {0} has no field {1}")]
    NoField(FormCode, FieldKey),
    /// A choice that the form lacks.
    #[error("{1} is no priority of form {0}")]
    NoPriority(FormCode, String),
    /// There is no such person, or their account is closed.
    #[error("there is nobody with the id {0} whose account is open")]
    Nobody(UserId),
    /// Not the next version.
    #[error(
        "the next version of plan {code} is {expected}, not {given}: somebody else may have changed it"
    )]
    NotNext {
        /// The plan.
        code: PlanCode,
        /// The version that is due.
        expected: u32,
        /// The version given.
        given: u32,
    },
    /// The version exists with other content.
    #[error("version {1} of plan {0} is published already: publish the change as a new version")]
    Published(PlanCode, u32),
    /// A version that is about something else.
    #[error("plan {0} is about something else than before: make a new plan and retire this one")]
    AboutAnother(PlanCode),
}
