//! What a form, a field, a status and a step are for, as the form says.
//!
//! What enters: a form. What leaves: the field that says when work is due, who does it and so on,
//! and whether a status is open, done or closed. Code asks here, so that a form of an
//! organisation's own counts wherever a built-in one does. What never happens here: guessing from
//! a name. Only forms from before there was `means` get it given, from the built-in forms.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::ids::{FormCode, SensitivityClass};
use crate::lifecycle::{Lifecycle, Stage, Status, Transition};
use crate::schema::builtin::first_forms;
use crate::schema::{Field, FieldType, Form, FormError, FormSet};

/// The built-in form of households: a reference to it need not say that it means one.
const HOUSEHOLD_FORM: &str = "household";
/// The field of the built-in matters that holds the kind, from before there was that meaning: a text
/// of matters that is called so need not say it.
const KIND_FIELD: &str = "kind";

/// What a form's author wrote as a meaning. What this build does not know is kept as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Said<T> {
    /// A meaning.
    Known(T),
    /// What a newer build may know.
    Unknown(Json),
}

impl<T: Copy> Said<T> {
    fn known(of: Option<&Self>) -> Option<T> {
        match of {
            Some(Self::Known(meaning)) => Some(*meaning),
            Some(Self::Unknown(_)) | None => None,
        }
    }
}

/// Names a small closed set of meanings, each with the text that forms write.
macro_rules! meanings {
    ($(#[$of:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$of])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As forms write it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The one that is written so.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|m| m.as_str() == text)
            }

            fn listed() -> String {
                let all: Vec<&str> = Self::ALL.iter().map(|m| m.as_str()).collect();
                all.join(" ")
            }
        }
    };
}

meanings! {
    /// What a record of a form is.
    FormMeaning {
        /// Where people live, which is visited.
        Household = "household",
        /// A visit to a household.
        Visit = "visit",
        /// Something reported that must be handled.
        Matter = "matter",
        /// Work handed to a doer, who acknowledges it by leaving its first status.
        Task = "task",
        /// People who met.
        Meeting = "meeting",
    }
}

meanings! {
    /// What a field is for. What names a record in lists is said by the form's `title`.
    FieldMeaning {
        /// The household that the record is about.
        Household = "household",
        /// The record that this one is about besides its household, such as the matter of a task.
        About = "about",
        /// Where it is on a map.
        Place = "place",
        /// When what the record tells of happened.
        Happened = "happened",
        /// When its work is due.
        Due = "due",
        /// Until when somebody asks for more time.
        AskedDue = "asked_due",
        /// When its work was closed, where people write that down.
        Closed = "closed",
        /// Who is to do its work.
        Doer = "doer",
        /// Who handed the work out.
        Issuer = "issuer",
        /// Which department answers for it.
        Accountable = "accountable",
        /// What it is about, or what is to be done, at length.
        Details = "details",
        /// How urgent it is.
        Priority = "priority",
        /// What whoever reported it was answered.
        Reply = "reply",
        /// The number of the receipt that whoever reported it has: made with the record and never changed.
        Receipt = "receipt",
        /// How satisfied whoever has the receipt is.
        Satisfaction = "satisfaction",
        /// Why whoever has the receipt wants the work to begin again.
        Reopening = "reopening",
        /// Which kind of matter it is: one of the catalogue's, or what was typed.
        Kind = "kind",
        /// The task that this one is a part of.
        PartOf = "part_of",
        /// Which plan made it, and for which period.
        Plan = "plan",
        /// What is to be done one after the other, such as the stops of a route.
        Steps = "steps",
    }
}

meanings! {
    /// What a step of a lifecycle does besides leading to a status.
    StepMeaning {
        /// The work is handed to a doer.
        Dispatch = "dispatch",
        /// The work begins again: whoever has the receipt may ask for it once.
        Reopen = "reopen",
        /// Whoever has the receipt said how satisfied they are.
        Evaluate = "evaluate",
        /// More time is granted: the time that was asked for is the time it is due.
        Extend = "extend",
        /// The newest step is taken back by whoever took it, while nobody acted on it.
        Recall = "recall",
        /// Whoever takes it no longer stands by the asides of theirs that it answers.
        TakeBack = "take_back",
        /// Suspended work goes on where it stood before it was suspended.
        Resume = "resume",
        /// The work is done on the spot, and counts as resolved in the grid.
        Resolve = "resolve",
        /// The doer gives the work back, with a reason: it waits for who handed it out.
        Decline = "decline",
    }
}

impl FieldMeaning {
    /// Whether a form from before there was `means` gets it given: the receipt came later, and what such a form calls
    /// by its names was meant otherwise. So did plans and parts of tasks.
    fn is_given(self) -> bool {
        !matches!(
            self,
            Self::Receipt
                | Self::Satisfaction
                | Self::Reopening
                | Self::AskedDue
                | Self::PartOf
                | Self::Plan
                | Self::Steps
        )
    }

    /// Whether a field of this type can be for that.
    fn fits(self, kind: &FieldType) -> bool {
        match self {
            Self::Household | Self::About | Self::PartOf => {
                matches!(kind, FieldType::Reference { .. })
            }
            Self::Steps => matches!(kind, FieldType::Group { .. }),
            Self::Place => matches!(kind, FieldType::Geopoint),
            Self::Happened | Self::Due | Self::AskedDue | Self::Closed => {
                matches!(kind, FieldType::DateTime)
            }
            Self::Doer | Self::Issuer | Self::Accountable => {
                matches!(kind, FieldType::Person | FieldType::Text { .. })
            }
            Self::Kind | Self::Receipt | Self::Reopening | Self::Plan => {
                matches!(kind, FieldType::Text { .. })
            }
            Self::Priority | Self::Satisfaction => matches!(kind, FieldType::ChooseOne { .. }),
            Self::Details | Self::Reply => {
                matches!(kind, FieldType::LongText { .. } | FieldType::Text { .. })
            }
        }
    }

    /// The types that can, as forms write them.
    fn types(self) -> &'static str {
        match self {
            Self::Household | Self::About | Self::PartOf => "reference",
            Self::Steps => "group",
            Self::Place => "geopoint",
            Self::Happened | Self::Due | Self::AskedDue | Self::Closed => "date_time",
            Self::Doer | Self::Issuer | Self::Accountable => "person, text",
            Self::Kind | Self::Receipt | Self::Reopening | Self::Plan => "text",
            Self::Priority | Self::Satisfaction => "choose_one",
            Self::Details | Self::Reply => "long_text, text",
        }
    }
}

impl Field {
    /// What the field says that it is for.
    #[must_use]
    pub fn meaning(&self) -> Option<FieldMeaning> {
        Said::known(self.means.as_ref())
    }
}

impl Transition {
    /// What the step says that it does besides.
    #[must_use]
    pub fn meaning(&self) -> Option<StepMeaning> {
        Said::known(self.means.as_ref())
    }
}

impl Form {
    /// What a record of the form is.
    #[must_use]
    pub fn meaning(&self) -> Option<FormMeaning> {
        Said::known(self.means.as_ref())
    }

    /// Whether a record of the form is that.
    #[must_use]
    pub fn is(&self, meaning: FormMeaning) -> bool {
        self.meaning() == Some(meaning)
    }

    /// The field that is for that. The type of a place, and of a reference to the built-in
    /// household, says it where no field does; so does the name of the kind of a matter.
    #[must_use]
    pub fn field_for(&self, meaning: FieldMeaning) -> Option<&Field> {
        let says = |f: &&Field| f.meaning() == Some(meaning);
        let implied = |f: &&Field| match (meaning, &f.kind) {
            (FieldMeaning::Place, FieldType::Geopoint) => f.meaning().is_none(),
            (FieldMeaning::Household, FieldType::Reference { form }) => {
                f.meaning().is_none() && form.as_str() == HOUSEHOLD_FORM
            }
            (FieldMeaning::Kind, FieldType::Text { .. }) => {
                let is_named = f.key.as_str() == KIND_FIELD;
                f.meaning().is_none() && is_named && self.is(FormMeaning::Matter)
            }
            _ => false,
        };
        let fields = &self.fields;
        fields
            .iter()
            .find(says)
            .or_else(|| fields.iter().find(implied))
    }

    /// The references that may name what the record is about besides its household: what it is a
    /// part of, then the one that says so alone, else all in the order they are shown.
    pub fn about_fields(&self) -> impl Iterator<Item = &Field> {
        let part_of = self.field_for(FieldMeaning::PartOf);
        let said = self.field_for(FieldMeaning::About);
        let household = self.field_for(FieldMeaning::Household).map(|f| &f.key);
        let about = self.fields.iter().filter(move |f| match said {
            Some(said) => f.key == said.key,
            None => {
                matches!(f.kind, FieldType::Reference { .. })
                    && f.meaning().is_none()
                    && Some(&f.key) != household
            }
        });
        part_of.into_iter().chain(about)
    }

    /// Whether records of it tell of something that happened at a time. A household stands, and a
    /// task is yet to be done.
    #[must_use]
    pub fn tells_of_a_time(&self) -> bool {
        !self.is(FormMeaning::Household) && !self.is(FormMeaning::Task)
    }

    /// Whether its author said anything of what things are for.
    fn says_anything(&self) -> bool {
        let steps = |l: &Lifecycle| {
            l.statuses.iter().any(|s| s.done) || l.steps().any(|t| t.means.is_some())
        };
        self.means.is_some()
            || self.fields.iter().any(|f| f.means.is_some())
            || self.lifecycle.as_ref().is_some_and(steps)
    }

    /// Gives a form from before there was `means` what the first built-in form of its code says of the
    /// fields, statuses and steps that it has, too: what came later it cannot have meant.
    pub(super) fn with_meaning(mut self) -> Self {
        static FIRST: LazyLock<Vec<Form>> = LazyLock::new(|| first_forms().unwrap_or_default());
        if self.says_anything() {
            return self;
        }
        let Some(ours) = FIRST.iter().find(|f| f.code == self.code) else {
            return self;
        };
        self.means.clone_from(&ours.means);
        for field in &mut self.fields {
            if let Some(same) = ours.field(field.key.as_str())
                && same
                    .meaning()
                    .is_some_and(|m| m.is_given() && m.fits(&field.kind))
            {
                field.means.clone_from(&same.means);
            }
        }
        if let (Some(own), Some(ours)) = (&mut self.lifecycle, &ours.lifecycle) {
            for status in own.statuses.iter_mut().filter(|s| !s.closed) {
                let same = ours.status(&status.key);
                status.done = status.key != own.initial && same.is_some_and(|s| s.done);
            }
            for step in &mut own.transitions {
                let same = ours.transitions.iter().find(|t| t.action == step.action);
                let given = same.filter(|t| t.meaning() == Some(StepMeaning::Dispatch));
                step.means = given.and_then(|t| t.means.clone());
            }
        }
        self
    }

    /// Whether a field can be told to whoever has the receipt: the reply, as long as everybody with a grant reads it.
    fn may_be_on_receipt(&self, field: &Field) -> bool {
        let is_general = self.class_of(field) == SensitivityClass::General;
        is_general && field.meaning() == Some(FieldMeaning::Reply)
    }

    /// Checks what the author of a form says of what things are for. It is asked where a form is
    /// published: what is published stays, whatever a later build asks besides.
    pub(super) fn check_meaning(&self) -> Result<(), FormError> {
        known(self.means.as_ref(), self.code.as_str(), FormMeaning::listed)?;
        let mut said = BTreeSet::new();
        for field in &self.fields {
            known(
                field.means.as_ref(),
                field.key.as_str(),
                FieldMeaning::listed,
            )?;
            if let FieldType::Group { members, .. } = &field.kind
                && let Some(member) = members.iter().find(|m| m.means.is_some())
            {
                return Err(FormError::MeaningInAGroup(member.key.clone()));
            }
            if field.on_receipt && !self.may_be_on_receipt(field) {
                return Err(FormError::NotOnReceipt(field.key.clone()));
            }
            let Some(meaning) = field.meaning() else {
                continue;
            };
            if !meaning.fits(&field.kind) {
                return Err(FormError::CannotMean {
                    field: field.key.clone(),
                    meaning,
                    types: meaning.types(),
                });
            }
            let is_general = self.class_of(field) == SensitivityClass::General;
            if meaning == FieldMeaning::Receipt && !is_general {
                return Err(FormError::NotOnReceipt(field.key.clone()));
            }
            if !said.insert(meaning) {
                return Err(FormError::TwiceTheMeaning(field.key.clone(), meaning));
            }
        }
        if let Some(lifecycle) = &self.lifecycle {
            check_stages(lifecycle)?;
            for step in lifecycle.steps() {
                known(
                    step.means.as_ref(),
                    step.action.as_str(),
                    StepMeaning::listed,
                )?;
                if step.meaning() == Some(StepMeaning::Extend) && !self.can_extend(&step.needs) {
                    return Err(FormError::CannotExtend(step.action.clone()));
                }
            }
            // Everybody with a grant is told when work is due, so how long it stood must not be held closer.
            let is_general = self.class == SensitivityClass::General;
            let mut suspended = lifecycle.statuses.iter().filter(|s| s.suspended);
            let cannot =
                |s: &&Status| !is_general || s.stage() != Stage::Open || s.key == lifecycle.initial;
            if let Some(status) = suspended.find(cannot) {
                return Err(FormError::CannotSuspend(status.key.clone()));
            }
        }
        let ends = |l: &Lifecycle| l.statuses.iter().any(|s| s.closed);
        match self.meaning() {
            Some(meaning @ (FormMeaning::Matter | FormMeaning::Task))
                if !self.lifecycle.as_ref().is_some_and(ends) =>
            {
                Err(FormError::NeverClosed(meaning))
            }
            _ => Ok(()),
        }
    }
}

fn known<T>(said: Option<&Said<T>>, of: &str, listed: fn() -> String) -> Result<(), FormError> {
    match said {
        Some(Said::Unknown(json)) => Err(FormError::UnknownMeaning {
            of: of.to_owned(),
            meaning: json
                .as_str()
                .map_or_else(|| json.to_string(), str::to_owned),
            known: listed(),
        }),
        Some(Said::Known(_)) | None => Ok(()),
    }
}

/// A status is one of open, done and closed; work begins open, and what is done can be closed.
fn check_stages(lifecycle: &Lifecycle) -> Result<(), FormError> {
    for status in &lifecycle.statuses {
        if status.done && status.closed {
            return Err(FormError::DoneAndClosed(status.key.clone()));
        }
        if status.key == lifecycle.initial && status.stage() != Stage::Open {
            return Err(FormError::BeginsDone(status.key.clone()));
        }
        if status.done && lifecycle.way_to_closed(&status.key, |_| true).is_none() {
            return Err(FormError::StaysDone(status.key.clone()));
        }
    }
    Ok(())
}

impl FormSet {
    /// The forms of which some version says that its records are that.
    #[must_use]
    pub fn that_mean(&self, meaning: FormMeaning) -> BTreeSet<FormCode> {
        self.iter()
            .filter(|f| f.is(meaning))
            .map(|f| f.code.clone())
            .collect()
    }
}
