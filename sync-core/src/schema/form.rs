//! Forms, their versions and what makes one valid.

use crate::gather::Gather as _;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::edit::Op;
use crate::ids::{ActionKey, FieldKey, FormCode, SensitivityClass};
use crate::lifecycle::{Lifecycle, LifecycleFault};
use crate::schema::{Condition, Field, FieldMeaning, FieldType, FormMeaning, Label, Said};

/// The versioned schema of a record type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Form {
    /// Its code.
    pub code: FormCode,
    /// Its version, from 1.
    pub version: u32,
    /// Its name for people.
    pub label: Label,
    /// How closely its fields are held unless they say otherwise.
    pub class: SensitivityClass,
    /// What a record of it is, where code asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub means: Option<Said<FormMeaning>>,
    /// Its fields, in the order they are shown.
    pub fields: Vec<Field>,
    /// The field that names a record of it in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<FieldKey>,
    /// The transitions of its status, for forms that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Lifecycle>,
    /// What a newer build wrote here that this one does not know.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, serde_json::Value>,
}

impl Serialize for Form {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, s)
    }
}

/// Wherever a form is read: one from before there was `means` gets it here.
impl<'de> Deserialize<'de> for Form {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::deserialize(d).map(Self::with_meaning)
    }
}

/// Why a form cannot be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Not the JSON of a form.
    #[error("this is not a form: {0}")]
    NotAForm(String),
    /// Two fields have the same key.
    #[error("field {0} is there twice: rename one of them")]
    TwiceTheField(FieldKey),
    /// A group holds a type that groups cannot hold.
    #[error(
        "member {0} has a type that a repeated group cannot hold (long text, choose-many, counter, group)"
    )]
    NotInAGroup(FieldKey),
    /// A rule names a field that the form lacks.
    #[error("a rule names field {0}, which the form lacks")]
    NoSuchField(FieldKey),
    /// A bound or list that cannot be meant.
    #[error("the rules of field {0} cannot be met: check its bounds and choices")]
    ImpossibleRule(FieldKey),
    /// A version changed what a field is.
    #[error(
        "field {0} has another type or class than in version {1}: give it a new key instead, records keep the old field"
    )]
    ChangedType(FieldKey, u32),
    /// A version changed the class of the form itself.
    #[error(
        "the form has another class than in version {0}: make a new form instead, status and deletion mark live in the old class"
    )]
    ChangedClass(u32),
    /// The version exists with other content.
    #[error("version {0} is published already: publish the change as a new version")]
    Published(u32),
    /// The lifecycle's table is inconsistent.
    #[error(
        "the lifecycle names a status it lacks, or an action leads to two statuses from one: {0}"
    )]
    BadLifecycle(String),
    /// A step of the lifecycle that cannot be meant.
    #[error(
        "step {0} cannot be: one of `transitions` has `to` and one of `asides` has none, an action is in one of the lists, only an aside can mean \"recall\" (in all of its rows), `answers` names asides, `other_than` steps, and \"take_back\" needs `answers`"
    )]
    BadStep(ActionKey),
    /// A step that grants more time in a form that has no place for it.
    #[error(
        "step {0} means \"extend\": the form needs fields that mean \"due\" and \"asked_due\" in its own class, and the step the second among its `needs`"
    )]
    CannotExtend(ActionKey),
    /// A status that cannot stop the clock.
    #[error(
        "status {0} has `suspended`, which only a status of a form of class general can that is open and not the first"
    )]
    CannotSuspend(ActionKey),
    /// A meaning that this build does not know.
    #[error(
        "{of} means \"{meaning}\", which is not known here: leave `means` out, or write one of {known}"
    )]
    UnknownMeaning {
        /// The form, field or action.
        of: String,
        /// What was written.
        meaning: String,
        /// What could be.
        known: String,
    },
    /// Two fields are for the same.
    #[error("field {} means \"{}\" like a field before it: leave `means` out of one of them", .0, .1.as_str())]
    TwiceTheMeaning(FieldKey, FieldMeaning),
    /// A field has a type that does not fit its meaning.
    #[error("field {field} cannot mean \"{}\" with its type: only {types} can", .meaning.as_str())]
    CannotMean {
        /// The field.
        field: FieldKey,
        /// What it says that it means.
        meaning: FieldMeaning,
        /// The types that could.
        types: &'static str,
    },
    /// A field that would tell whoever has the receipt more than it may, or a number that is not everybody's.
    #[error(
        "field {0} cannot be on a receipt: its number and what it tells must be of the class general, and only a field that means \"reply\" can have `on_receipt`"
    )]
    NotOnReceipt(FieldKey),
    /// A member of a group says that it means something.
    #[error(
        "member {0} of a repeated group cannot mean anything for the record: leave `means` out"
    )]
    MeaningInAGroup(FieldKey),
    /// A version says that its records are something else than a version before it did.
    #[error("version {} says that its records are \"{}\": make a new form for something else", .0, .1.as_str())]
    ChangedMeaning(u32, FormMeaning),
    /// Work that nobody could ever close.
    #[error("a form that means \"{}\" needs a lifecycle with a status that has `closed`", .0.as_str())]
    NeverClosed(FormMeaning),
    /// A status is two things.
    #[error("status {0} has both `done` and `closed`: done is what somebody has yet to close")]
    DoneAndClosed(ActionKey),
    /// Work begins at its end.
    #[error("status {0} is the first and cannot have `done` or `closed`")]
    BeginsDone(ActionKey),
    /// What is done cannot be closed.
    #[error("status {0} has `done`, but no steps lead from it to a status that has `closed`")]
    StaysDone(ActionKey),
}

impl Form {
    /// Reads and checks a form.
    ///
    /// # Errors
    /// [`FormError`] naming the field and what to do.
    pub fn from_json(json: &str) -> Result<Self, FormError> {
        let form: Self =
            serde_json::from_str(json).map_err(|e| FormError::NotAForm(e.to_string()))?;
        form.check()?;
        form.check_meaning()?;
        Ok(form)
    }

    /// The JSON of the form.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The field with this key.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.key.as_str() == key)
    }

    /// The class of a field.
    #[must_use]
    pub fn class_of(&self, field: &Field) -> SensitivityClass {
        field.class.unwrap_or(self.class)
    }

    /// Splits operations by the class of what they touch: each class is an entry of its own.
    ///
    /// # Errors
    /// The first field that the form does not have.
    pub fn by_class(&self, ops: Vec<Op>) -> Result<BTreeMap<SensitivityClass, Vec<Op>>, FieldKey> {
        let mut by_class: BTreeMap<SensitivityClass, Vec<Op>> = BTreeMap::new();
        for op in ops {
            let class = match op.field() {
                None => self.class,
                Some(key) => match self.field(key.as_str()) {
                    Some(field) => self.class_of(field),
                    None => return Err(key.clone()),
                },
            };
            by_class.entry(class).or_default().push(op);
        }
        Ok(by_class)
    }

    /// The classes that its fields fall into, with the form's own first.
    #[must_use]
    pub fn classes(&self) -> Vec<SensitivityClass> {
        let mut classes = vec![self.class];
        for class in self.fields.iter().map(|f| self.class_of(f)) {
            if !classes.contains(&class) {
                classes.push(class);
            }
        }
        classes
    }

    fn check(&self) -> Result<(), FormError> {
        let mut keys = BTreeSet::new();
        for field in &self.fields {
            if !keys.insert(&field.key) {
                return Err(FormError::TwiceTheField(field.key.clone()));
            }
            check_field(field)?;
            if let FieldType::Group { members, .. } = &field.kind {
                // An item is kept whole, in the class of its group.
                let class = self.class_of(field);
                if let Some(m) = members.iter().find(|m| m.class.is_some_and(|c| c != class)) {
                    return Err(FormError::ImpossibleRule(m.key.clone()));
                }
            }
        }
        let conditions = self.fields.iter().filter_map(|f| f.visible_if.as_ref());
        for named in conditions
            .flat_map(condition_fields)
            .chain(self.title.iter())
        {
            if !keys.contains(named) {
                return Err(FormError::NoSuchField(named.clone()));
            }
        }
        if let Some(lifecycle) = &self.lifecycle {
            lifecycle.check().map_err(|fault| match fault {
                LifecycleFault::Status(key) => FormError::BadLifecycle(key.to_string()),
                LifecycleFault::Step(key) => FormError::BadStep(key),
            })?;
            for needed in lifecycle
                .steps()
                .flat_map(|t| t.needs.iter().chain(&t.other_than_writers_of))
            {
                let field = self
                    .field(needed.as_str())
                    .ok_or_else(|| FormError::NoSuchField(needed.clone()))?;
                // A transition is checked in the form's class, where no other class is seen.
                if self.class_of(field) != self.class {
                    return Err(FormError::ImpossibleRule(needed.clone()));
                }
            }
        }
        Ok(())
    }

    /// Checks that this version may follow `older`: a field that both have is the same kind of
    /// field in the same class, so that records stay readable and editable both ways.
    ///
    /// # Errors
    /// [`FormError::ChangedType`].
    pub fn check_follows(&self, older: &Self) -> Result<(), FormError> {
        if self.class != older.class {
            return Err(FormError::ChangedClass(older.version));
        }
        if let (Some(now), Some(was)) = (self.meaning(), older.meaning())
            && now != was
        {
            return Err(FormError::ChangedMeaning(older.version, was));
        }
        let changed = |key: &FieldKey| FormError::ChangedType(key.clone(), older.version);
        for field in &self.fields {
            let Some(was) = older.field(field.key.as_str()) else {
                continue;
            };
            if !same_kind(field, was) || older.class_of(was) != self.class_of(field) {
                return Err(changed(&field.key));
            }
            if let (FieldType::Group { members, .. }, FieldType::Group { members: old, .. }) =
                (&field.kind, &was.kind)
            {
                for member in members {
                    if old
                        .iter()
                        .any(|was| was.key == member.key && !same_kind(member, was))
                    {
                        return Err(changed(&member.key));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Whether a field may follow one of the same key. Whoever was called by name may become a person:
/// the names there are stay what they were, names.
fn same_kind(now: &Field, was: &Field) -> bool {
    std::mem::discriminant(&now.kind) == std::mem::discriminant(&was.kind)
        || matches!(
            (&now.kind, &was.kind),
            (FieldType::Person, FieldType::Text { .. })
        )
}

fn check_field(field: &Field) -> Result<(), FormError> {
    let impossible = || FormError::ImpossibleRule(field.key.clone());
    let unique = |choices: &[crate::schema::Choice]| {
        choices
            .iter()
            .map(|c| &c.key)
            .gathered::<BTreeSet<_>>()
            .len()
            == choices.len()
    };
    match &field.kind {
        FieldType::Integer {
            min: Some(min),
            max: Some(max),
        } if min > max => Err(impossible()),
        FieldType::ChooseOne { choices } | FieldType::ChooseMany { choices }
            if choices.is_empty() || !unique(choices) =>
        {
            Err(impossible())
        }
        FieldType::Decimal { min, max, scale } => {
            let bounds = bounds(min, max, crate::edit::Decimal::parse).ok_or_else(impossible)?;
            match bounds {
                (Some(min), Some(max)) if min.compare(max).is_gt() => Err(impossible()),
                _ if *scale > 18 => Err(impossible()),
                _ => Ok(()),
            }
        }
        FieldType::Date { min, max } => {
            match bounds(min, max, crate::time::parse_date).ok_or_else(impossible)? {
                (Some(min), Some(max)) if min > max => Err(impossible()),
                _ => Ok(()),
            }
        }
        FieldType::Counter { max_step } if *max_step < 1 => Err(impossible()),
        FieldType::Text { max_chars: 0, .. }
        | FieldType::LongText { max_chars: 0 }
        | FieldType::Group { max_items: 0, .. } => Err(impossible()),
        FieldType::Group { members, .. } => {
            let mut keys = BTreeSet::new();
            for member in members {
                let nested = matches!(
                    member.kind,
                    FieldType::LongText { .. }
                        | FieldType::ChooseMany { .. }
                        | FieldType::Group { .. }
                        | FieldType::Counter { .. }
                );
                if nested {
                    return Err(FormError::NotInAGroup(member.key.clone()));
                }
                if !keys.insert(&member.key) {
                    return Err(FormError::TwiceTheField(member.key.clone()));
                }
                check_field(member)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Both bounds, where given; `None` when one cannot be read.
#[allow(clippy::type_complexity, reason = "two bounds, one failure")]
fn bounds<T>(
    min: &Option<String>,
    max: &Option<String>,
    read: impl Fn(&str) -> Option<T>,
) -> Option<(Option<T>, Option<T>)> {
    let one = |bound: &Option<String>| match bound {
        Some(text) => read(text).map(Some),
        None => Some(None),
    };
    Some((one(min)?, one(max)?))
}

fn condition_fields(condition: &Condition) -> Vec<&FieldKey> {
    match condition {
        Condition::Equals(field, _) | Condition::Includes(field, _) | Condition::Present(field) => {
            vec![field]
        }
        Condition::Not(inner) => condition_fields(inner),
        Condition::All(of) | Condition::Any(of) => of.iter().flat_map(condition_fields).collect(),
    }
}

/// All published versions of all forms.
#[derive(Debug, Clone, Default)]
pub struct FormSet {
    forms: BTreeMap<FormCode, BTreeMap<u32, Arc<Form>>>,
}

impl FormSet {
    /// Publishes a version.
    ///
    /// # Errors
    /// [`FormError`] when it does not follow the versions there are.
    pub fn publish(&mut self, form: Form) -> Result<(), FormError> {
        form.check()?;
        let versions = self.forms.entry(form.code.clone()).or_default();
        if let Some(was) = versions.get(&form.version) {
            return if **was == form {
                Ok(())
            } else {
                Err(FormError::Published(form.version))
            };
        }
        for was in versions.values() {
            form.check_follows(was)?;
        }
        versions.insert(form.version, Arc::new(form));
        Ok(())
    }

    /// A version of a form.
    #[must_use]
    pub fn get(&self, code: &FormCode, version: u32) -> Option<&Arc<Form>> {
        self.forms.get(code)?.get(&version)
    }

    /// The newest version of a form.
    #[must_use]
    pub fn latest(&self, code: &FormCode) -> Option<&Arc<Form>> {
        self.forms.get(code)?.values().next_back()
    }

    /// The form that a record of this version is read with: that version, or the newest when it is
    /// not known here.
    #[must_use]
    pub fn to_read(&self, code: &FormCode, version: u32) -> Option<&Arc<Form>> {
        self.get(code, version).or_else(|| self.latest(code))
    }

    /// Whether any version of the form is known.
    #[must_use]
    pub fn has(&self, code: &FormCode) -> bool {
        self.forms.contains_key(code)
    }

    /// All versions of all forms.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Form>> {
        self.forms.values().flat_map(BTreeMap::values)
    }
}
