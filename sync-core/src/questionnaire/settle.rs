//! What follows from an answer: rules are reckoned again, each after what it reads, until nothing
//! changes.

use std::sync::Arc;

use super::aspect::Aspect;
use super::compiled::{Cell, FORM, PartId, Questionnaire};
use super::filling::{Filling, ItemId};
use super::given;
use super::place::Place;
use super::queue::Where;
use super::written::When;
use crate::expression::{Answers, EvaluateError, Expression, Value};
use crate::limits::{MAX_FORM_ANSWERS, MAX_FORM_ROUNDS};

/// How often an action may follow from another.
const ACTIONS_DEEP: usize = 16;

impl Filling {
    /// Reckons all that waits.
    pub(super) fn settle(&mut self) {
        let form = Arc::clone(&self.form);
        // Turns of a repeat may read each other: how often is held.
        let mut left = form.cells.len().saturating_mul(MAX_FORM_ROUNDS);
        while let Some((at, within)) = self.queue.next() {
            left = match left.checked_sub(1) {
                Some(left) => left,
                None => {
                    let path = form.cells.get(at).map(|cell| form.path(cell.part));
                    let path = path.unwrap_or_default();
                    self.troubles.insert(path, EvaluateError::TooManySteps);
                    self.queue.clear();
                    return;
                }
            };
            let Some(cell) = form.cells.get(at) else {
                continue;
            };
            for item in self.instances(&form, cell, &within) {
                self.reckon(cell, item);
            }
        }
    }

    /// The items a rule is to be reckoned for; of how many turns there are, what these lie in.
    fn instances(&self, form: &Questionnaire, cell: &Cell, within: &Where) -> Vec<ItemId> {
        let part = match (cell.aspect, form.part(cell.part)) {
            (Aspect::Count, Some(part)) => part.parent,
            _ => cell.part,
        };
        let all = self.of_part.get(part).into_iter().flatten().copied();
        match within {
            Where::Everywhere => all.collect(),
            Where::In(outer) => {
                let lies_in = |at: &ItemId| outer.iter().any(|outer| self.lies_in(*at, *outer));
                all.filter(lies_in).collect()
            }
        }
    }

    fn reckon(&mut self, cell: &Cell, at: ItemId) {
        let here = match cell.aspect {
            Aspect::Count => Place::Turns {
                rank: self.item(at).map_or(0, |item| item.rank),
                around: at,
                part: cell.part,
            },
            _ => self.place(at),
        };
        if cell.aspect == Aspect::Offered {
            self.narrow(&cell.rule, at);
            return;
        }
        if cell.aspect == Aspect::Constraint && self.seen(at).trim().is_empty() {
            self.hold(at, |item| item.fails_constraint = false);
            return;
        }
        let Some(value) = self.value_of(&cell.rule, here, at) else {
            return;
        };
        let holds = value.to_boolean(self);
        match cell.aspect {
            Aspect::Relevant => {
                self.hold(at, |item| item.is_relevant = holds);
                self.show(at);
            }
            Aspect::Calculation => {
                let text = value.to_text(self, &self.setting);
                let answer = self.form.part(cell.part).and_then(|part| part.answer);
                let text = given::reckoned(answer, &value, text, &self.setting);
                self.assign(at, text);
            }
            Aspect::Count => self.count(at, cell.part, &value),
            Aspect::Required => self.hold(at, |item| item.is_required = holds),
            Aspect::Readonly => self.hold(at, |item| item.is_readonly = holds),
            Aspect::Constraint => self.hold(at, |item| item.fails_constraint = !holds),
            Aspect::Offered => {}
        }
    }

    fn hold(&mut self, at: ItemId, set: impl FnOnce(&mut super::filling::Item)) {
        if let Some(item) = self.items.get_mut(at) {
            set(item);
        }
    }

    /// What a rule comes to, for a place.
    fn value_of(&mut self, rule: &Expression, here: Place, of: ItemId) -> Option<Value<Place>> {
        match rule.evaluate(self, here, &self.setting) {
            Ok(Value::Nodes(nodes)) => Some(match nodes.first() {
                Some(node) => self.value(*node),
                None => Value::empty(),
            }),
            Ok(value) => Some(value),
            Err(error) => {
                let path = self.path(of);
                self.troubles.insert(path, error);
                None
            }
        }
    }

    /// Keeps a value, and lets those who read it be reckoned again.
    pub(super) fn assign(&mut self, at: ItemId, value: String) -> bool {
        let form = Arc::clone(&self.form);
        let Some(item) = self.items.get_mut(at) else {
            return false;
        };
        if item.value == value {
            return false;
        }
        item.value = value;
        item.narrowed = None;
        let part = item.part;
        self.readers_of(&form, part, at);
        let cells = form.part(part).map_or(&[][..], |part| &part.cells);
        for cell in cells {
            let aspect = form.cells.get(*cell).map(|cell| cell.aspect);
            if matches!(aspect, Some(Aspect::Offered | Aspect::Constraint)) {
                self.queue.add(*cell, Some(at));
            }
        }
        true
    }

    fn readers_of(&mut self, form: &Questionnaire, part: PartId, at: ItemId) {
        for reader in form.readers.get(part).into_iter().flatten() {
            let within = reader.turn.and_then(|turn| self.around(at, turn));
            self.queue.add(reader.cell, within);
        }
    }

    /// Shows or hides an item and what lies in it, as its rule and what it lies in say.
    fn show(&mut self, at: ItemId) {
        let form = Arc::clone(&self.form);
        let Some(parent) = self.item(at).and_then(|item| self.item(item.parent)) else {
            return;
        };
        let mut left = vec![(at, parent.is_shown)];
        while let Some((at, is_around)) = left.pop() {
            let Some(item) = self.items.get_mut(at) else {
                continue;
            };
            let shown = is_around && item.is_relevant && !item.is_surplus;
            if shown == item.is_shown {
                continue;
            }
            item.is_shown = shown;
            let part = item.part;
            left.extend(item.slots.iter().flatten().map(|child| (*child, shown)));
            self.readers_of(&form, part, at);
            let cells = form.part(part).map_or(&[][..], |part| &part.cells);
            for cell in cells {
                let aspect = form.cells.get(*cell).map(|cell| cell.aspect);
                if matches!(aspect, Some(Aspect::Offered | Aspect::Constraint)) {
                    self.queue.add(*cell, Some(at));
                }
            }
        }
    }

    /// Makes the turns of a repeat as many as they are counted: those that are too many are hidden,
    /// and come back.
    fn count(&mut self, around: ItemId, repeat: PartId, value: &Value<Place>) {
        let wanted = given::count(value.to_number(self));
        let form = Arc::clone(&self.form);
        let Some(slot) = form.part(repeat).map(|part| part.slot) else {
            return;
        };
        let there = self.item(around).and_then(|item| item.slots.get(slot));
        let there = there.cloned().unwrap_or_default();
        for (turn, at) in there.iter().enumerate() {
            self.hold(*at, |item| item.is_surplus = turn >= wanted);
            self.show(*at);
        }
        if there.len() < wanted {
            self.add_turns(around, repeat, wanted - there.len());
        }
    }

    /// Adds turns of a repeat after those that there are.
    pub(super) fn add_turns(&mut self, around: ItemId, repeat: PartId, count: usize) {
        let form = Arc::clone(&self.form);
        let Some(slot) = form.part(repeat).map(|part| part.slot) else {
            return;
        };
        let mut added = Vec::new();
        for _ in 0..count {
            if self.items.len() >= MAX_FORM_ANSWERS {
                self.is_full = true;
                break;
            }
            let turn = self.grow(repeat, around);
            if let Some(turns) = self
                .items
                .get_mut(around)
                .and_then(|i| i.slots.get_mut(slot))
            {
                turns.push(turn);
            }
            added.push(turn);
        }
        self.rank();
        for turn in added {
            let is_around = self.item(around).is_some_and(|item| item.is_shown);
            let mut left = vec![turn];
            while let Some(at) = left.pop() {
                let Some(item) = self.items.get_mut(at) else {
                    continue;
                };
                item.is_shown = is_around;
                let part = item.part;
                left.extend(item.slots.iter().flatten());
                self.readers_of(&form, part, at);
                for cell in form.part(part).map_or(&[][..], |part| &part.cells) {
                    let is_count = form
                        .cells
                        .get(*cell)
                        .is_some_and(|c| c.aspect == Aspect::Count);
                    let within = if is_count {
                        self.item(at).map(|i| i.parent)
                    } else {
                        Some(at)
                    };
                    self.queue.add(*cell, within);
                }
            }
            self.act(repeat, Some(turn), When::TurnAdded);
        }
    }

    /// What of an answer is still offered.
    fn narrow(&mut self, rule: &Expression, at: ItemId) {
        let form = Arc::clone(&self.form);
        let part = self.item(at).and_then(|item| form.part(item.part));
        let Some((part, choices)) = part.and_then(|part| Some((part, part.choices.as_ref()?)))
        else {
            return;
        };
        let (Some(value), here) = (self.item(at).map(|item| item.value.clone()), self.place(at))
        else {
            return;
        };
        if value.is_empty() {
            return;
        }
        let offered = match rule.evaluate(self, here, &self.setting) {
            Ok(Value::Nodes(nodes)) => self.values_of(&nodes, &choices.value),
            _ => return,
        };
        let known = choices.list.and_then(|list| form.lists.get(list));
        let (kept, ordered) = given::narrowed(part.answer, &value, &offered, known, &choices.value);
        if let Some(item) = self.items.get_mut(at) {
            item.value = ordered;
        }
        let before = self.seen(at).to_owned();
        self.hold(at, |item| item.narrowed = kept);
        if self.seen(at) != before {
            let part = self.item(at).map_or(FORM, |item| item.part);
            self.readers_of(&form, part, at);
        }
    }

    /// A column of each of some items.
    pub(super) fn values_of(&self, items: &[Place], column: &str) -> Vec<String> {
        let values = items.iter().map(|item| {
            let found = self.named(*item, column);
            let value = found.first().map(|at| self.value(*at));
            value.map_or_else(String::new, |value| value.to_text(self, &self.setting))
        });
        values.collect()
    }

    /// Does what is to happen at a moment, for a part and what lies in it; within a turn only there.
    pub(super) fn act(&mut self, part: PartId, turn: Option<ItemId>, when: When) {
        let mut left = vec![part];
        let form = Arc::clone(&self.form);
        while let Some(part) = left.pop() {
            let Some(of) = form.part(part) else {
                continue;
            };
            left.extend(of.children.iter().rev());
            if of.actions.iter().all(|action| action.when != when) {
                continue;
            }
            let all = self.of_part.get(part).cloned().unwrap_or_default();
            for at in all {
                if turn.is_none_or(|turn| self.lies_in(at, turn)) {
                    self.act_at(at, when, 0);
                }
            }
        }
    }

    /// Does what is to happen at a moment, for one item.
    pub(super) fn act_at(&mut self, at: ItemId, when: When, deep: usize) {
        let form = Arc::clone(&self.form);
        let part = self.item(at).and_then(|item| form.part(item.part));
        for action in part.into_iter().flat_map(|part| &part.actions) {
            if action.when != when || deep > ACTIONS_DEEP {
                continue;
            }
            for target in self.beside(at, action.target) {
                self.settle();
                let value = match &action.value {
                    None => Some(Value::empty()),
                    Some(rule) => self.value_of(rule, self.place(target), target),
                };
                let Some(value) = value else {
                    continue;
                };
                let text = value.to_text(self, &self.setting);
                let part = self.item(target).and_then(|item| form.part(item.part));
                let answer = part.and_then(|part| part.answer);
                let text = given::reckoned(answer, &value, text, &self.setting);
                if self.assign(target, text) {
                    self.settle();
                    self.act_at(target, When::Changed, deep + 1);
                }
            }
        }
        self.settle();
    }
}
