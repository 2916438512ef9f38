//! A plan as it is published.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::PlanError;
use super::every::{Every, Period};
use crate::calendar::{Day, Zone};
use crate::edit::Value;
use crate::ids::{AreaCode, ChoiceKey, FieldKey, FormCode, PlanCode, UserId};
use crate::limits::{MAX_KIND_TEXT_CHARS, MAX_PLAN_BYTES, MAX_PLAN_DAYS, MAX_PLAN_STOPS};
use crate::notice::Locale;
use crate::schema::{Condition, Label, visible};
use crate::time::Timestamp;

/// Milliseconds of a day, up to its last second.
const DAY_MS: i64 = 86_400_000;
const LAST_SECOND_MS: i64 = 86_399_000;
/// A place on the ground lies within these, in 1e-7 degree.
const MOST_LAT_E7: u32 = 900_000_000;
const MOST_LON_E7: u32 = 1_800_000_000;

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Who.
    pub user: UserId,
    /// What they were called when it was written.
    #[serde(default)]
    pub name: String,
}

impl Person {
    /// As a record has it.
    #[must_use]
    pub fn value(&self) -> Value {
        Value::Person {
            user: self.user,
            name: self.name.clone(),
        }
    }
}

/// A place that a route goes by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// What it is called.
    pub name: String,
    /// Latitude × 10⁷, if its place is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat_e7: Option<i32>,
    /// Longitude × 10⁷.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon_e7: Option<i32>,
}

impl Stop {
    /// Where it is.
    #[must_use]
    pub fn place(&self) -> Option<(i32, i32)> {
        self.lat_e7.zip(self.lon_e7)
    }

    fn is_sound(&self) -> bool {
        let both = self.lat_e7.is_some() == self.lon_e7.is_some();
        let within = self.place().is_none_or(|(lat, lon)| {
            lat.unsigned_abs() <= MOST_LAT_E7 && lon.unsigned_abs() <= MOST_LON_E7
        });
        is_text(&self.name) && both && within
    }
}

/// What is made of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The form of it, which means a task.
    pub form: FormCode,
    /// What it is called; the name of the plan when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How urgent it is, as a choice of the form's priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<ChoiceKey>,
    /// Who handed it out: who published the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Person>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accountable: Option<Person>,
    /// Who does it; whoever works in the grid when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doer: Option<Person>,
}

/// One version of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Its code.
    pub code: PlanCode,
    /// Its version, from 1 without gaps.
    pub version: u32,
    /// Its name for people.
    pub label: Label,
    /// Where it holds: this area and everything in it; everywhere when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<AreaCode>,
    /// The form of the records that it is about, each by itself; a route or the grid as a whole when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<FormCode>,
    /// Which of them; all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Condition>,
    /// The stops of a route, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stops: Vec<Stop>,
    /// How often it comes.
    pub every: Every,
    /// The first day on which it holds.
    pub begins: Day,
    /// The last; open when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Day>,
    /// How many days of each period it may take; the whole period when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_days: Option<u32>,
    /// What is made of it.
    pub makes: Made,
    /// A record of this form about the same record counts as having done it, when it happened in the period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_by: Option<FormCode>,
    /// Which of those count; all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_if: Option<Condition>,
    /// Whether the server makes its tasks when a period begins; else they are made by whoever begins one.
    #[serde(default, skip_serializing_if = "is_no")]
    pub ahead: bool,
    /// Whether nothing more is made of it. What was made stays.
    #[serde(default, skip_serializing_if = "is_no")]
    pub retired: bool,
    /// What ids of what it makes are reckoned with, so that nobody guesses them who has not the plan. The server gives it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub seed: String,
    /// What a newer build wrote here that this one does not know.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, serde_json::Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_no(value: &bool) -> bool {
    !*value
}

fn is_text(text: &str) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= MAX_KIND_TEXT_CHARS
        && !text.chars().any(char::is_control)
}

impl Plan {
    /// Reads a plan and checks it by itself.
    ///
    /// # Errors
    /// [`PlanError`] saying what to do.
    pub fn from_json(json: &str) -> Result<Self, PlanError> {
        let plan: Self =
            serde_json::from_str(json).map_err(|e| PlanError::NotAPlan(e.to_string()))?;
        plan.check()?;
        Ok(plan)
    }

    /// The JSON of the plan.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Checks what can be checked of a plan by itself.
    ///
    /// # Errors
    /// [`PlanError`] saying what to do.
    pub fn check(&self) -> Result<(), PlanError> {
        let bytes = self.to_json().len();
        if bytes > MAX_PLAN_BYTES {
            return Err(PlanError::TooLarge(bytes));
        }
        let title = self.makes.title.as_ref();
        for (what, text) in [
            ("Chinese name", Some(&self.label.zh)),
            ("English name", Some(&self.label.en)),
            ("title", title),
        ] {
            if text.is_some_and(|text| !is_text(text)) {
                return Err(PlanError::BadText(what));
            }
        }
        if !self.every.is_sound() {
            return Err(PlanError::BadEvery);
        }
        if self.ends.is_some_and(|ends| ends < self.begins) {
            return Err(PlanError::BadEnd);
        }
        let days = self.within_days;
        if days.is_some_and(|days| !(1..=MAX_PLAN_DAYS).contains(&days)) {
            return Err(PlanError::BadDays);
        }
        if self.about.is_some() && !self.stops.is_empty() {
            return Err(PlanError::TwoSubjects);
        }
        if self.only.is_some() && self.about.is_none() {
            return Err(PlanError::NoFormOfRecords);
        }
        if (self.done_by.is_some() || self.done_if.is_some()) && self.about.is_none() {
            return Err(PlanError::CountsWithoutRecords);
        }
        if self.stops.len() > MAX_PLAN_STOPS || !self.stops.iter().all(Stop::is_sound) {
            return Err(PlanError::BadStop);
        }
        Ok(())
    }

    /// Its name in a language.
    #[must_use]
    pub fn name(&self, locale: Locale) -> &str {
        locale.pick(&self.label)
    }

    /// Whether records as these values are ones that it is about.
    #[must_use]
    pub fn is_about(&self, values: &serde_json::Map<String, serde_json::Value>) -> bool {
        self.only.as_ref().is_none_or(|only| visible(only, values))
    }

    /// Whether a record as these values counts as having done it.
    #[must_use]
    pub fn is_done_by(&self, values: &serde_json::Map<String, serde_json::Value>) -> bool {
        self.done_if.as_ref().is_none_or(|of| visible(of, values))
    }

    /// The period that holds a day; none outside the days on which the plan holds.
    #[must_use]
    pub fn period(&self, day: Day) -> Option<Period> {
        let holds = day >= self.begins && self.ends.is_none_or(|ends| day <= ends);
        let (first, last) = self.every.around(self.begins, day).filter(|_| holds)?;
        Some(Period {
            name: first,
            first: first.max(self.begins),
            last: self.ends.map_or(last, |ends| ends.min(last)),
        })
    }

    /// The last moment at which what is due in a period is in time.
    #[must_use]
    pub fn due(&self, period: &Period, zone: &Zone) -> Timestamp {
        let days = self.within_days.and_then(|days| i32::try_from(days).ok());
        let last = days.map_or(period.last, |days| {
            period.first.plus(days - 1).min(period.last)
        });
        zone.moment(i64::from(last.0) * DAY_MS + LAST_SECOND_MS)
    }

    /// From when until when something happened in a period; the end is not in it.
    #[must_use]
    pub fn span(&self, period: &Period, zone: &Zone) -> (Timestamp, Timestamp) {
        let at = |day: Day| zone.moment(i64::from(day.0) * DAY_MS);
        (at(period.first), at(period.last.plus(1)))
    }

    /// The fields that its conditions name: of the records it is about, and of what counts as done.
    pub(crate) fn asks(&self) -> (Vec<&FieldKey>, Vec<&FieldKey>) {
        let only = self.only.as_ref().map(named).unwrap_or_default();
        let done_if = self.done_if.as_ref().map(named).unwrap_or_default();
        (only, done_if)
    }
}

/// The fields that a condition names.
fn named(condition: &Condition) -> Vec<&FieldKey> {
    match condition {
        Condition::Equals(field, _) | Condition::Includes(field, _) | Condition::Present(field) => {
            vec![field]
        }
        Condition::Not(inner) => named(inner),
        Condition::All(of) | Condition::Any(of) => of.iter().flat_map(named).collect(),
    }
}
