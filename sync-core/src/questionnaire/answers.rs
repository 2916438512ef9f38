//! A form that is being filled, as its expressions ask for it.

use super::compiled::{PartId, TOP};
use super::filling::{Filling, ItemId};
use super::given;
use super::place::Place;
use crate::expression::{Answers, EvaluateError, Expression, Reads, Shape, Value};

impl Filling {
    fn slots(&self, at: ItemId, name: &str) -> Vec<Place> {
        let item = self.item(at);
        let part = item.and_then(|item| self.form.part(item.part));
        let (Some(item), Some(part)) = (item, part) else {
            return Vec::new();
        };
        let slots = part.slots.get(name).into_iter().flatten();
        let there = slots.filter_map(|slot| item.slots.get(*slot)).flatten();
        let shown = there.filter(|at| self.item(**at).is_some_and(|item| item.is_shown));
        shown.map(|at| self.place(*at)).collect()
    }

    /// Items of a part, within the turn of the nearest repeat that an item lies in with them.
    pub(super) fn beside(&self, from: ItemId, part: PartId) -> Vec<ItemId> {
        let around = |part: PartId| self.form.part(part).map_or(TOP, |part| part.parent);
        let mut repeat = self.form.repeat_around(around(part));
        let mut within = None;
        while let Some(of) = repeat {
            within = self.around(from, of);
            if within.is_some() {
                break;
            }
            repeat = self.form.repeat_around(around(of));
        }
        let all = self.of_part.get(part).into_iter().flatten().copied();
        all.filter(|at| within.is_none_or(|within| self.lies_in(*at, within)))
            .collect()
    }

    pub(super) fn lies_in(&self, at: ItemId, outer: ItemId) -> bool {
        let part = self.item(outer).map(|item| item.part);
        part.is_some_and(|part| self.around(at, part) == Some(outer))
    }

    fn column(&self, list: usize, row: usize, name: &str) -> Option<Place> {
        let item = self.form.lists.get(list)?.items.get(row)?;
        let at = item.iter().position(|(column, _)| column == name)?;
        Some(Place::Column(list, row, at))
    }
}

impl Answers for Filling {
    type Node = Place;

    fn root(&self) -> Place {
        self.place(0)
    }

    fn parent(&self, node: Place) -> Option<Place> {
        match node {
            Place::Answer { at, .. } => {
                let parent = self.item(at)?.parent;
                (at != 0).then(|| self.place(parent))
            }
            Place::Turns { around, .. } => Some(self.place(around)),
            Place::List(_) => None,
            Place::Items(list) => Some(Place::List(list)),
            Place::Item(list, _) => Some(Place::Items(list)),
            Place::Column(list, row, _) => Some(Place::Item(list, row)),
        }
    }

    fn children(&self, node: Place) -> Vec<Place> {
        match node {
            Place::Answer { at, .. } => {
                let slots = self.item(at).into_iter().flat_map(|item| &item.slots);
                let there = slots.flatten().copied();
                let shown = there.filter(|at| self.item(*at).is_some_and(|item| item.is_shown));
                shown.map(|at| self.place(at)).collect()
            }
            Place::List(list) => vec![Place::Items(list)],
            Place::Items(list) => {
                let count = self.form.lists.get(list).map_or(0, |list| list.items.len());
                (0..count).map(|row| Place::Item(list, row)).collect()
            }
            Place::Item(list, row) => {
                let items = self.form.lists.get(list).map(|list| &list.items);
                let count = items.and_then(|items| items.get(row)).map_or(0, Vec::len);
                (0..count).map(|at| Place::Column(list, row, at)).collect()
            }
            Place::Turns { .. } | Place::Column(..) => Vec::new(),
        }
    }

    fn named(&self, node: Place, name: &str) -> Vec<Place> {
        match node {
            Place::Answer { at, .. } => self.slots(at, name),
            Place::Item(list, row) => self.column(list, row, name).into_iter().collect(),
            Place::Items(_) if name == "item" => self.children(node),
            Place::List(_) if name == "root" => self.children(node),
            _ => Vec::new(),
        }
    }

    fn name(&self, node: Place) -> &str {
        match node {
            Place::Answer { at, .. } => {
                let part = self.item(at).and_then(|item| self.form.part(item.part));
                part.map_or("", |part| &part.name)
            }
            Place::Turns { part, .. } => self.form.part(part).map_or("", |part| &part.name),
            Place::List(_) => "",
            Place::Items(_) => "root",
            Place::Item(..) => "item",
            Place::Column(list, row, at) => {
                let items = self.form.lists.get(list).map(|list| &list.items);
                let item = items.and_then(|items| items.get(row));
                item.and_then(|item| item.get(at))
                    .map_or("", |(name, _)| name)
            }
        }
    }

    fn value(&self, node: Place) -> Value<Place> {
        match node {
            Place::Answer { at, .. } => {
                let part = self.item(at).and_then(|item| self.form.part(item.part));
                given::typed(
                    part.and_then(|part| part.answer),
                    self.seen(at),
                    &self.setting,
                )
            }
            Place::Column(list, row, at) => {
                let items = self.form.lists.get(list).map(|list| &list.items);
                let item = items.and_then(|items| items.get(row));
                let text = item
                    .and_then(|item| item.get(at))
                    .map_or("", |(_, text)| text);
                Value::Text(text.to_owned())
            }
            _ => Value::empty(),
        }
    }

    fn attribute(&self, _: Place, _: &str) -> Option<Place> {
        None
    }

    fn question(&self, from: Place, name: &str) -> Vec<Place> {
        let parts = Shape::question(&*self.form, name);
        let from = match from {
            Place::Answer { at, .. } => at,
            Place::Turns { around, .. } => around,
            _ => 0,
        };
        let found = parts.into_iter().flat_map(|part| self.beside(from, part));
        let shown = found.filter(|at| self.item(*at).is_some_and(|item| item.is_shown));
        shown.map(|at| self.place(at)).collect()
    }

    fn list(&self, name: &str) -> Option<Place> {
        self.form.list(name).map(Place::List)
    }

    fn choice_label(&self, question: &str, choice: &str, from: Place) -> Option<String> {
        let path = Expression::parse(question).ok()?;
        let here = match from {
            Place::Answer { at, .. } => self.item(at)?.part,
            Place::Turns { part, .. } => part,
            _ => return None,
        };
        let Reads { questions, .. } = path.reads(&*self.form, here);
        let part = self.form.part(questions.first()?.of)?;
        let choices = part.choices.as_ref()?;
        let items = &self.form.lists.get(choices.list?)?.items;
        let of = |item: &[(String, String)], name: &str| {
            let mut columns = item.iter();
            columns
                .find(|(column, _)| column == name)
                .map(|(_, text)| text.clone())
        };
        let mut items = items.iter();
        let item = items.find(|item| of(item, &choices.value).as_deref() == Some(choice))?;
        of(item, &choices.label)
    }

    fn tell(&self, name: &'static str, arguments: &[String]) -> Result<String, EvaluateError> {
        let (file, wanted, key, is) = match (name, arguments) {
            ("jr:itext", [id]) => return Ok(self.form.texts.get(id).cloned().unwrap_or_default()),
            ("version", []) => return Ok(self.form.version.clone()),
            ("pulldata", [file, wanted, key, is]) => (file, wanted, key, is),
            _ => return Err(EvaluateError::NotAnswered(name)),
        };
        let list = self.form.list(file.trim_end_matches(".csv"));
        let items = list
            .and_then(|list| self.form.lists.get(list))
            .map(|list| &list.items);
        let column = |item: &[(String, String)], name: &str| {
            let mut columns = item.iter();
            columns
                .find(|(column, _)| column == name)
                .map(|(_, text)| text.clone())
        };
        let mut items = items.into_iter().flatten();
        let item = items.find(|item| column(item, key).as_ref() == Some(is));
        Ok(item
            .and_then(|item| column(item, wanted))
            .unwrap_or_default())
    }
}
