//! Forms as an app draws them.

use gridfold_sync_core::gather::Gather as _;
use gridfold_sync_core::ids::SensitivityClass;
use gridfold_sync_core::lifecycle::Stage;
use gridfold_sync_core::schema::{Field, FieldType, Form, Role};

use crate::ffi::locale::Locale;

/// One choice of a list.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Choice {
    /// Its key in records.
    pub key: String,
    /// Its name for people.
    pub label: String,
}

/// What a field takes, with its rules.
#[derive(Debug, Clone, PartialEq, uniffi::Enum)]
pub enum FieldKind {
    /// Short text, replaced as a whole.
    Text {
        /// Longest allowed, in Unicode scalar values.
        max_chars: u32,
        /// A regular expression the whole text must match.
        pattern: Option<String>,
    },
    /// Long text that merges by character.
    LongText {
        /// Longest allowed, in Unicode scalar values.
        max_chars: u32,
    },
    /// A whole number.
    Integer {
        /// Smallest allowed.
        min: Option<i64>,
        /// Largest allowed.
        max: Option<i64>,
    },
    /// A decimal number, its bounds written as decimals.
    Decimal {
        /// Smallest allowed.
        min: Option<String>,
        /// Largest allowed.
        max: Option<String>,
        /// Most digits after the point.
        scale: u8,
    },
    /// Yes or no.
    Boolean,
    /// A day.
    Date {
        /// Earliest allowed, for example `2026-06-13`.
        min: Option<String>,
        /// Latest allowed.
        max: Option<String>,
    },
    /// A moment.
    DateTime,
    /// One of a list.
    ChooseOne {
        /// The list.
        choices: Vec<Choice>,
    },
    /// Any of a list.
    ChooseMany {
        /// The list.
        choices: Vec<Choice>,
    },
    /// A place on the ground.
    Geopoint,
    /// Another record.
    Reference {
        /// The form of the other record.
        form: String,
    },
    /// Somebody with an account (a `Person`), or the name of somebody without one (a `Text`).
    Person,
    /// Items with members.
    Group {
        /// What each item holds.
        members: Vec<FieldInfo>,
        /// Most items.
        max_items: u32,
    },
    /// A number that concurrent steps add up in.
    Counter {
        /// Largest step of one operation.
        max_step: i64,
    },
}

/// How closely a field is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Sensitivity {
    /// Seen by everyone with a grant for the area.
    General,
    /// Not seen by auditors and programs.
    Personal,
    /// As personal, and every reading on the server is audited.
    Restricted,
}

impl From<SensitivityClass> for Sensitivity {
    fn from(class: SensitivityClass) -> Self {
        match class {
            SensitivityClass::General => Self::General,
            SensitivityClass::Personal => Self::Personal,
            SensitivityClass::Restricted => Self::Restricted,
        }
    }
}

/// One field of a form.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct FieldInfo {
    /// Its key in records.
    pub key: String,
    /// Its name for people.
    pub label: String,
    /// What it takes.
    pub kind: FieldKind,
    /// What it is for, as the form says: `due`, `doer`, `place` and so on.
    pub means: Option<String>,
    /// Whether a complete record has it.
    pub required: bool,
    /// How closely it is held.
    pub sensitivity: Sensitivity,
    /// Whether this user may write it in one of their grids.
    pub writable: bool,
    /// Whether it is shown only under a condition; ask `visible_fields`.
    pub conditional: bool,
}

/// One status of a form's lifecycle.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct StatusInfo {
    /// Its key.
    pub key: String,
    /// Its name for people.
    pub label: String,
    /// Whether the doer has done their part, and somebody has yet to close it.
    pub done: bool,
    /// Whether the work is over.
    pub closed: bool,
    /// Whether no time passes for the work while it stands there.
    pub suspended: bool,
}

/// The newest version of a form.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct FormInfo {
    /// Its code.
    pub code: String,
    /// Its version.
    pub version: u32,
    /// Its name for people.
    pub label: String,
    /// What a record of it is, as it says: `household`, `visit`, `matter`, `task` or `meeting`.
    pub means: Option<String>,
    /// The field that names a record of it in lists.
    pub title_field: Option<String>,
    /// Its fields, in the order they are shown.
    pub fields: Vec<FieldInfo>,
    /// The statuses of its lifecycle; empty for forms without one.
    pub statuses: Vec<StatusInfo>,
    /// Actions that lead to no status: steps that stand beside it, such as an urging, and those that take one back.
    pub asides: Vec<String>,
    /// Whether it is retired: its records go on, and no new one is made.
    pub retired: bool,
}

fn kind_out(field: &Field, class: Sensitivity, roles: &[Role], locale: Locale) -> FieldKind {
    let list = |choices: &[gridfold_sync_core::schema::Choice]| {
        choices
            .iter()
            .map(|c| Choice {
                key: c.key.to_string(),
                label: locale.pick(&c.label),
            })
            .collect()
    };
    match &field.kind {
        FieldType::Text { max_chars, pattern } => FieldKind::Text {
            max_chars: *max_chars,
            pattern: pattern.as_ref().map(|p| p.source().to_owned()),
        },
        FieldType::LongText { max_chars } => FieldKind::LongText {
            max_chars: *max_chars,
        },
        FieldType::Integer { min, max } => FieldKind::Integer {
            min: *min,
            max: *max,
        },
        FieldType::Decimal { min, max, scale } => FieldKind::Decimal {
            min: min.clone(),
            max: max.clone(),
            scale: *scale,
        },
        FieldType::Boolean => FieldKind::Boolean,
        FieldType::Date { min, max } => FieldKind::Date {
            min: min.clone(),
            max: max.clone(),
        },
        FieldType::DateTime => FieldKind::DateTime,
        FieldType::ChooseOne { choices } => FieldKind::ChooseOne {
            choices: list(choices),
        },
        FieldType::ChooseMany { choices } => FieldKind::ChooseMany {
            choices: list(choices),
        },
        FieldType::Geopoint => FieldKind::Geopoint,
        FieldType::Person => FieldKind::Person,
        FieldType::Reference { form } => FieldKind::Reference {
            form: form.to_string(),
        },
        FieldType::Group { members, max_items } => FieldKind::Group {
            members: members
                .iter()
                .map(|m| field_out(m, class, roles, locale))
                .collect(),
            max_items: *max_items,
        },
        FieldType::Counter { max_step } => FieldKind::Counter {
            max_step: *max_step,
        },
    }
}

fn field_out(field: &Field, class: Sensitivity, roles: &[Role], locale: Locale) -> FieldInfo {
    FieldInfo {
        key: field.key.to_string(),
        label: locale.pick(&field.label),
        kind: kind_out(field, class, roles, locale),
        means: field.meaning().map(|m| m.as_str().to_owned()),
        required: field.required,
        sensitivity: class,
        writable: field.is_writable_by(roles),
        conditional: field.visible_if.is_some(),
    }
}

/// A form as the app draws it for a user with these roles.
pub(crate) fn form_out(form: &Form, roles: &[Role], retired: bool, locale: Locale) -> FormInfo {
    FormInfo {
        code: form.code.to_string(),
        version: form.version,
        label: locale.pick(&form.label),
        means: form.meaning().map(|m| m.as_str().to_owned()),
        title_field: form.title.as_ref().map(ToString::to_string),
        fields: form
            .fields
            .iter()
            .map(|f| field_out(f, form.class_of(f).into(), roles, locale))
            .collect(),
        statuses: form.lifecycle.as_ref().map_or_else(Vec::new, |lifecycle| {
            lifecycle
                .statuses
                .iter()
                .map(|s| StatusInfo {
                    key: s.key.to_string(),
                    label: locale.pick(&s.label),
                    done: s.stage() == Stage::Done,
                    closed: s.stage() == Stage::Closed,
                    suspended: s.suspended,
                })
                .collect()
        }),
        asides: form.lifecycle.as_ref().map_or_else(Vec::new, |lifecycle| {
            let actions: std::collections::BTreeSet<_> =
                lifecycle.asides.iter().map(|t| &t.action).gathered();
            actions.into_iter().map(ToString::to_string).collect()
        }),
        retired,
    }
}
