//! Plans: publishing one, what it is due for, and making its tasks.

mod make;
mod publish;
mod reckon;
mod unowned;

pub(crate) use make::{Making, make, make_ahead};
pub(crate) use publish::{PublishError, as_published, explain, publish_plan};
pub(crate) use reckon::{GridDue, Reckoned, reckon};
pub(crate) use unowned::Unowned;
