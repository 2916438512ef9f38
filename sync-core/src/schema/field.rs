//! Fields and their types.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::ids::{ChoiceKey, FieldKey, FormCode, SensitivityClass};
use crate::schema::{FieldMeaning, Pattern, Role, Said};

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Chinese (zh-CN).
    pub zh: String,
    /// English.
    pub en: String,
}

/// One choice of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Its key in records.
    pub key: ChoiceKey,
    /// Its name for people.
    pub label: Label,
    /// What a newer build wrote here that this one does not know.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Json>,
}

/// What a field takes, with its rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FieldType {
    /// Short text, replaced as a whole.
    Text {
        /// Longest allowed, in Unicode scalar values.
        #[serde(default = "default_text_chars")]
        max_chars: u32,
        /// A regular expression the whole text must match.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pattern: Option<Pattern>,
    },
    /// Long text that merges by character.
    LongText {
        /// Longest allowed, in Unicode scalar values.
        #[serde(default = "default_long_text_chars")]
        max_chars: u32,
    },
    /// A whole number.
    Integer {
        /// Smallest allowed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<i64>,
        /// Largest allowed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<i64>,
    },
    /// A decimal number, its bounds written as decimals.
    Decimal {
        /// Smallest allowed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<String>,
        /// Largest allowed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<String>,
        /// Most digits after the point.
        #[serde(default = "default_scale")]
        scale: u8,
    },
    /// Yes or no.
    Boolean,
    /// A day.
    Date {
        /// Earliest allowed, `2026-06-13`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<String>,
        /// Latest allowed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<String>,
    },
    /// A moment.
    DateTime,
    /// One of a list.
    ChooseOne {
        /// The list.
        choices: Vec<Choice>,
    },
    /// Any of a list; additions win over concurrent removals.
    ChooseMany {
        /// The list.
        choices: Vec<Choice>,
    },
    /// A place on the ground.
    Geopoint,
    /// Another record.
    Reference {
        /// The form of the other record.
        form: FormCode,
    },
    /// Somebody with an account, or the name of somebody without one.
    Person,
    /// Items with members, kept apart by key so that concurrent additions all stay.
    Group {
        /// What each item holds; no long text, counter, choose-many or group inside.
        members: Vec<Field>,
        /// Most items.
        #[serde(default = "default_items")]
        max_items: u32,
    },
    /// A number that concurrent steps add up in.
    Counter {
        /// Largest step of one operation.
        #[serde(default = "default_step")]
        max_step: i64,
    },
}

fn default_text_chars() -> u32 {
    200
}
fn default_long_text_chars() -> u32 {
    5_000
}
fn default_scale() -> u8 {
    6
}
fn default_items() -> u32 {
    100
}
fn default_step() -> i64 {
    1_000
}

/// When a field is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// The field has this value, as the JSON the API shows.
    Equals(FieldKey, Json),
    /// The choose-many field includes this choice.
    Includes(FieldKey, ChoiceKey),
    /// The field has a value.
    Present(FieldKey),
    /// The condition does not hold.
    Not(Box<Condition>),
    /// All hold.
    All(Vec<Condition>),
    /// One of them holds.
    Any(Vec<Condition>),
}

/// One field of a form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Json>")]
pub struct Field {
    /// Its key in records.
    pub key: FieldKey,
    /// Its name for people.
    pub label: Label,
    /// What it takes.
    #[serde(flatten)]
    pub kind: FieldType,
    /// What it is for, where code asks: see [`Form::field_for`](crate::schema::Form::field_for).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub means: Option<Said<FieldMeaning>>,
    /// Whether a complete record has it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// How closely it is held; the form's class when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<SensitivityClass>,
    /// Who may write it; everyone who may write records when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writable_by: Option<Vec<Role>>,
    /// When it is shown; always when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visible_if: Option<Condition>,
    /// Whether whoever has the record's receipt is told it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_receipt: bool,
    /// What a newer build wrote here that this one does not know.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, Json>,
}

/// By hand: serde lets the rest of a flattened, tagged enum see the enum's own keys, so that they
/// would be unknown ones, too, and be written twice.
impl TryFrom<Map<String, Json>> for Field {
    type Error = serde_json::Error;

    fn try_from(mut map: Map<String, Json>) -> Result<Self, Self::Error> {
        #[derive(Deserialize)]
        struct Known {
            key: FieldKey,
            label: Label,
            means: Option<Said<FieldMeaning>>,
            #[serde(default)]
            required: bool,
            class: Option<SensitivityClass>,
            writable_by: Option<Vec<Role>>,
            visible_if: Option<Condition>,
            #[serde(default)]
            on_receipt: bool,
        }
        let whole = Json::Object(map.clone());
        let known = Known::deserialize(&whole)?;
        let kind = FieldType::deserialize(&whole)?;
        for name in [
            "key",
            "label",
            "means",
            "required",
            "class",
            "writable_by",
            "visible_if",
            "on_receipt",
        ] {
            map.remove(name);
        }
        if let Json::Object(of_kind) = serde_json::to_value(&kind)? {
            map.retain(|name, _| !of_kind.contains_key(name));
        }
        Ok(Self {
            key: known.key,
            label: known.label,
            kind,
            means: known.means,
            required: known.required,
            class: known.class,
            writable_by: known.writable_by,
            visible_if: known.visible_if,
            on_receipt: known.on_receipt,
            unknown: map.into_iter().collect(),
        })
    }
}
