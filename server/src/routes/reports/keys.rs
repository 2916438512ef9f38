//! What the rows of a report are of: where each stands in its group, and what it is called.

use gridfold_sync_core::ids::{AreaCode, FieldKey};
use gridfold_sync_core::schema::{FieldMeaning, FieldType};

use super::template::{Checked, Group};
use crate::routes::Caller;
use crate::words::said;

/// Where a row stands in one group, and what it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot {
    pub(super) order: u64,
    pub(super) text: String,
    pub(super) value: Option<String>,
}

/// By what rows are placed and named.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    pub(super) caller: &'a Caller,
    pub(super) checked: &'a Checked,
}

impl Keys<'_> {
    /// The area that a row of a grid is of.
    pub(super) fn area_slot(&self, grid: &str, level: Option<&str>) -> Slot {
        let directory = &self.caller.directory;
        let Ok(grid) = AreaCode::new(grid) else {
            return Slot {
                order: u64::MAX,
                text: grid.to_owned(),
                value: Some(grid.to_owned()),
            };
        };
        let of_level = |code: &&AreaCode| {
            let area = directory.area(code);
            area.is_some_and(|area| Some(area.level.as_str()) == level)
        };
        let mut around = directory.upward(&grid);
        let area = around.find(of_level).unwrap_or(&grid);
        Slot {
            // Where it begins in the order of the tree.
            order: directory.interval(Some(area)).start,
            text: String::new(),
            value: Some(area.to_string()),
        }
    }

    pub(super) fn status_slot(&self, status: Option<String>) -> Slot {
        let lifecycles = self
            .checked
            .forms
            .iter()
            .filter_map(|f| f.lifecycle.as_ref());
        let mut all = lifecycles.flat_map(|lifecycle| &lifecycle.statuses);
        let rank = all
            .find(|of| Some(of.key.as_str()) == status.as_deref())
            .map_or(u64::from(u32::MAX), |of| u64::from(of.rank));
        Slot {
            order: rank,
            text: status.clone().unwrap_or_default(),
            value: status,
        }
    }

    pub(super) fn field_slot(&self, key: &FieldKey, value: Option<String>) -> Slot {
        let Some(value) = value else {
            return Slot {
                order: u64::MAX,
                text: String::new(),
                value: None,
            };
        };
        let at = |order: Option<usize>| order.map_or(u64::from(u32::MAX), |at| at as u64);
        let found = self.checked.field(key);
        if let Some((form, field)) = found {
            match &field.kind {
                FieldType::ChooseOne { choices } | FieldType::ChooseMany { choices } => {
                    let place = choices.iter().position(|c| c.key.as_str() == value);
                    return Slot {
                        order: at(place),
                        text: value.clone(),
                        value: Some(value),
                    };
                }
                FieldType::Boolean => {
                    return Slot {
                        order: u64::from(value != "true"),
                        text: String::new(),
                        value: Some(value),
                    };
                }
                _ => {}
            }
            let is_kind = form
                .field_for(FieldMeaning::Kind)
                .is_some_and(|f| f.key == *key);
            let catalogue = self.caller.directory.catalogue();
            // The same kind, whether its code or a name of it was written.
            if let (true, Some(catalogue)) = (is_kind, catalogue)
                && let Some(kind) = catalogue.find(&value)
            {
                let place = catalogue.kinds.iter().position(|k| k.code == kind.code);
                return Slot {
                    order: at(place),
                    text: String::new(),
                    value: Some(kind.code.to_string()),
                };
            }
        }
        Slot {
            order: u64::from(u32::MAX),
            text: value.clone(),
            value: Some(value),
        }
    }

    pub(super) fn label(&self, group: &Group, slot: &Slot) -> String {
        let locale = self.caller.locale;
        let Some(value) = &slot.value else {
            return said!("report_none").text(locale);
        };
        let forms = &self.checked.forms;
        match group {
            Group::Area(_) => {
                let area = AreaCode::new(value).ok();
                let area = area.and_then(|code| self.caller.directory.area(&code).cloned());
                area.map_or_else(|| value.clone(), |area| area.name)
            }
            Group::Status => {
                let lifecycles = forms.iter().filter_map(|form| form.lifecycle.as_ref());
                let mut all = lifecycles.flat_map(|lifecycle| &lifecycle.statuses);
                let status = all.find(|status| status.key.as_str() == value);
                status.map_or_else(|| value.clone(), |s| locale.pick(&s.label).to_owned())
            }
            Group::Parts(_) => value.clone(),
            Group::Field(key) => match self.checked.field(key).map(|(_, field)| &field.kind) {
                Some(FieldType::ChooseOne { choices } | FieldType::ChooseMany { choices }) => {
                    let choice = choices.iter().find(|choice| choice.key.as_str() == value);
                    choice.map_or_else(|| value.clone(), |c| locale.pick(&c.label).to_owned())
                }
                Some(FieldType::Boolean) => match value.as_str() {
                    "true" => said!("word_yes").text(locale),
                    _ => said!("word_no").text(locale),
                },
                _ => match self.caller.directory.catalogue() {
                    Some(catalogue) => catalogue.shown(value, locale).to_owned(),
                    None => value.clone(),
                },
            },
        }
    }
}
