//! What is written of a questionnaire, understood.

use std::collections::BTreeMap;

use super::aspect::{Aspect, Rule};
use super::compiled::{Action, Cell, Choices, Part, PartId, Questionnaire, TOP, Turns};
use super::error::Complaint;
use super::order;
use super::written::{PartKind, Written, WrittenAction, WrittenPart};
use crate::expression::Expression;
use crate::limits::MAX_FORM_PARTS;

impl Questionnaire {
    /// Understands what is written: what can be taken of it, and all that can't, each with the part and
    /// the rule it is about. A rule that can't be taken is left out.
    #[must_use]
    pub fn read(written: Written) -> (Self, Vec<Complaint>) {
        let mut building = Building {
            form: Self {
                parts: vec![Part::named("", TOP)],
                lists: written.lists,
                texts: written.texts,
                version: written.version,
                cells: Vec::new(),
                readers: Vec::new(),
                by_name: BTreeMap::new(),
            },
            actions: Vec::new(),
            complaints: Vec::new(),
        };
        building.take(written.root, TOP);
        building.take_actions();
        let Building {
            mut form,
            mut complaints,
            ..
        } = building;
        order::order(&mut form, &mut complaints);
        for (at, cell) in form.cells.iter().enumerate() {
            if let Some(part) = form.parts.get_mut(cell.part) {
                part.cells.push(at);
            }
        }
        (form, complaints)
    }
}

struct Building {
    form: Questionnaire,
    /// What happens at moments, and at which part it is written.
    actions: Vec<(PartId, WrittenAction)>,
    complaints: Vec<Complaint>,
}

impl Building {
    /// Takes a part and all that lies in it.
    fn take(&mut self, written: WrittenPart, parent: PartId) {
        let at = self.form.parts.len();
        if at >= MAX_FORM_PARTS {
            if at == MAX_FORM_PARTS && !self.complaints.iter().any(Complaint::is_too_large) {
                let path = self.form.path(parent);
                self.complaints.push(Complaint::too_large(path));
            }
            return;
        }
        let mut part = Part::named(&written.name, parent);
        if let Some(around) = self.form.parts.get_mut(parent) {
            part.slot = around.children.len();
            around.children.push(at);
            let named = around.slots.entry(written.name.clone()).or_default();
            named.push(part.slot);
        }
        let named = self.form.by_name.entry(written.name.clone()).or_default();
        named.push(at);
        self.form.parts.push(part);
        let rules = [
            (Aspect::Relevant, &written.relevant),
            (Aspect::Calculation, &written.calculation),
            (Aspect::Readonly, &written.readonly),
            (Aspect::Required, &written.required),
            (Aspect::Constraint, &written.constraint),
        ];
        for (aspect, text) in rules {
            self.rule(at, aspect, text);
        }
        let repeat = match &written.kind {
            PartKind::Repeat { count, turns } => {
                self.rule(at, Aspect::Count, count);
                Some(Turns {
                    is_counted: !count.trim().is_empty(),
                    at_first: *turns,
                })
            }
            _ => None,
        };
        let choices = written.choices.and_then(|choices| {
            let items = self.parse(at, Rule::Choices, &choices.items)?;
            let reads = items.reads(&self.form, at);
            let list = reads.lists.first().and_then(|name| self.form.list(name));
            self.form.cells.push(Cell {
                part: at,
                aspect: Aspect::Offered,
                rule: items.clone(),
            });
            Some(Choices {
                items,
                value: choices.value,
                label: choices.label,
                list,
            })
        });
        if let Some(part) = self.form.parts.get_mut(at) {
            part.repeat = repeat;
            part.answer = match written.kind {
                PartKind::Question(answer) => Some(answer),
                _ => None,
            };
            part.is_reckoned = !written.calculation.trim().is_empty();
            part.default = written.default;
            part.choices = choices;
            part.preload = written.preload;
        }
        self.actions
            .extend(written.actions.into_iter().map(|action| (at, action)));
        for child in written.parts {
            self.take(child, at);
        }
    }

    /// Finds the questions that actions are about, when all are there.
    fn take_actions(&mut self) {
        for (at, action) in std::mem::take(&mut self.actions) {
            let Some(path) = self.parse(at, Rule::Action, &action.target) else {
                continue;
            };
            let value = match action.value.trim().is_empty() {
                true => None,
                false => match self.parse(at, Rule::Action, &action.value) {
                    Some(value) => Some(value),
                    None => continue,
                },
            };
            let reads = path.reads(&self.form, at);
            // What is written at an attribute, or at nothing, is about no question.
            let Some(target) = reads.questions.first().map(|read| read.of) else {
                continue;
            };
            if let Some(part) = self.form.parts.get_mut(at) {
                part.actions.push(Action {
                    when: action.when,
                    target,
                    value,
                });
            }
        }
    }

    fn rule(&mut self, part: PartId, aspect: Aspect, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        if let Some(rule) = self.parse(part, Rule::from(aspect), text) {
            self.form.cells.push(Cell { part, aspect, rule });
        }
    }

    fn parse(&mut self, part: PartId, rule: Rule, text: &str) -> Option<Expression> {
        match Expression::parse(text) {
            Ok(expression) => Some(expression),
            Err(error) => {
                let path = self.form.path(part);
                self.complaints
                    .push(Complaint::expression(path, rule, error));
                None
            }
        }
    }
}
