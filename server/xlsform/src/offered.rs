//! What an XLSForm offers to choose from: lists, files beside the form, and the turns of a repeat.

use gridfold_sync_core::questionnaire::{WrittenChoices, WrittenList};

use crate::complaint::What;
use crate::kind::{From, Kind};
use crate::questions::{OTHER, SURVEY, Writing, rule};
use crate::xlsform::{Row, note};

impl Writing<'_> {
    pub(crate) fn choices(&mut self, row: &Row, from: &From, or_other: bool) -> WrittenChoices {
        let filter = rule(row.cell("choice_filter"));
        let filter = match (filter.is_empty(), or_other) {
            (true, _) => String::new(),
            // Another one can be written in whatever is offered.
            (false, true) => format!("[({filter}) or name = '{OTHER}']"),
            (false, false) => format!("[{filter}]"),
        };
        let (list, value, label) = match from {
            From::Repeat(name) => {
                let path = self.path_of_repeat(name);
                return WrittenChoices {
                    items: format!("{path}[./{name} != '']{filter}"),
                    value: name.clone(),
                    label: name.clone(),
                };
            }
            From::File(file) => {
                let (name, ending) = file.rsplit_once('.').unwrap_or((file, ""));
                self.absent(name);
                let parameter = |of: &str| {
                    let mut all = row.cell("parameters").split([' ', ';', ',']);
                    let found = all.find_map(|pair| pair.strip_prefix(of)?.strip_prefix('='));
                    found.map(str::to_owned)
                };
                let is_map = ending.eq_ignore_ascii_case("geojson");
                let (value, label) = if is_map {
                    ("id", "title")
                } else {
                    ("name", "label")
                };
                (
                    name.to_owned(),
                    parameter("value").unwrap_or_else(|| value.to_owned()),
                    parameter("label").unwrap_or_else(|| label.to_owned()),
                )
            }
            From::List(list) => {
                if self.form.lists.contains_key(list) {
                    self.list(list);
                } else {
                    let what = What::NoList(list.clone());
                    self.notes.push(note(SURVEY, row.number, "type", what));
                    self.absent(list);
                }
                (list.clone(), "name".to_owned(), "label".to_owned())
            }
        };
        WrittenChoices {
            items: format!("instance({})/root/item{filter}", crate::body::quoted(&list)),
            value,
            label,
        }
    }

    /// The path of the repeat that a question is in.
    fn path_of_repeat(&self, name: &str) -> String {
        fn find(rows: &[Row], name: &str, path: &str, repeat: &str) -> Option<String> {
            rows.iter().find_map(|row| {
                if row.name == name {
                    return Some(repeat.to_owned());
                }
                let at = format!("{path}/{}", row.name);
                let around = if row.kind == Kind::BeginRepeat {
                    &at
                } else {
                    repeat
                };
                find(&row.rows, name, &at, around)
            })
        }
        let root = format!("/{}", self.form.root());
        find(&self.form.rows, name, &root, &root).unwrap_or(root)
    }

    /// Lists of files that did not come with the form.
    pub(crate) fn absent(&mut self, name: &str) {
        let list = WrittenList {
            name: name.to_owned(),
            ..WrittenList::default()
        };
        self.lists.entry(name.to_owned()).or_insert(list);
    }

    fn list(&mut self, name: &str) {
        if self.lists.contains_key(name) {
            return;
        }
        let mut items = Vec::new();
        for (at, choice) in self.form.lists.get(name).into_iter().flatten().enumerate() {
            let mut item = vec![("name".to_owned(), choice.name.clone())];
            // Rules find the texts of a choice by this name.
            let text_name = format!("{name}-{at}");
            let label = choice.label(&self.language);
            self.texts.insert(text_name.clone(), label.to_owned());
            item.push(("itextId".to_owned(), text_name));
            for (column, text) in &choice.cells {
                // Texts in other languages than the one that is shown have their own columns.
                let name = match (column.is_spoken(), column.language == self.language) {
                    (true, false) if !column.language.is_empty() => {
                        format!("{}::{}", column.name, column.language)
                    }
                    _ => column.name.clone(),
                };
                item.push((name, text.clone()));
            }
            items.push(item);
        }
        self.lists.insert(
            name.to_owned(),
            WrittenList {
                name: name.to_owned(),
                items,
                is_known: true,
            },
        );
    }

    /// All lists: those that are asked for by a name in a rule, too.
    pub(crate) fn lists(&mut self) -> Vec<WrittenList> {
        let names: Vec<String> = self.form.lists.keys().cloned().collect();
        for name in names {
            self.list(&name);
        }
        for name in &self.others {
            let Some(list) = self.lists.get_mut(name) else {
                continue;
            };
            let is_other = |(column, text): &(String, String)| column == "name" && text == OTHER;
            if !list.items.iter().any(|item| item.iter().any(is_other)) {
                list.items.push(vec![
                    ("name".to_owned(), OTHER.to_owned()),
                    ("label".to_owned(), "Other".to_owned()),
                ]);
            }
        }
        std::mem::take(&mut self.lists).into_values().collect()
    }
}
