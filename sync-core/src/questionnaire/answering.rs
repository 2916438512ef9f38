//! What whoever answers does and sees: answers, turns, what is asked now and what is not right yet.

use super::aspect::Aspect;
use super::compiled::FORM;
use super::filling::{Filling, ItemId};
use super::given;
use super::written::{AnswerType, When};
use crate::expression::{EvaluateError, Function, Value};

/// A question as it stands, and what an answer to it may not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its path, turns of repeats counted from 1: `/data/r[2]/x`.
    pub path: String,
    /// What was answered, also while it is hidden.
    pub value: String,
    /// What of it counts: nothing while it is hidden, and of choices what is still offered. This is
    /// what is sent.
    pub seen: String,
    /// Whether it lies in a turn more than the form counts: kept, and back when it counts more.
    pub is_surplus: bool,
    /// Whether it is asked: what is hidden is kept, and is no part of what is sent.
    pub is_relevant: bool,
    /// Whether it has to be answered.
    pub is_required: bool,
    /// Whether it can't be changed.
    pub is_readonly: bool,
    /// What is not right with it; nothing is while it is hidden.
    pub problem: Option<AnswerProblem>,
}

/// Why an answer is kept as a draft, and not sent as valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerProblem {
    /// There is none, and one is needed.
    #[error("an answer is needed here")]
    Missing,
    /// It is not what the question asks for.
    #[error("the answer is not of the kind that is asked for")]
    Type,
    /// It is none of the choices.
    #[error("the answer is none of the choices")]
    NotOffered,
    /// The form's own rule refuses it.
    #[error("the form does not allow this answer")]
    Constraint,
}

/// Why there is no question, or no turn, to answer at a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Nothing has this path.
    #[error("the form has nothing at this path now")]
    NoSuchPath,
    /// Its turns are counted by a rule.
    #[error("the form itself counts these turns")]
    Counted,
    /// It is what others lie in, not a question.
    #[error("this is no question")]
    NoQuestion,
}

/// Something to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is kept.
    pub name: String,
    /// What is shown.
    pub label: String,
}

impl Filling {
    /// Answers a question; the empty text takes the answer back. Any answer is kept, also one that is
    /// not right yet; what follows from it is reckoned at once.
    ///
    /// # Errors
    /// When there is no such question.
    pub fn set(&mut self, path: &str, value: &str) -> Result<Option<AnswerProblem>, AnswerError> {
        let at = self.find(path).ok_or(AnswerError::NoSuchPath)?;
        let part = self.item(at).and_then(|item| self.form.part(item.part));
        let answer = part.and_then(|part| part.answer);
        if answer.is_none() {
            return Err(AnswerError::NoQuestion);
        }
        if self.assign(at, given::normal(answer, value)) {
            self.settle();
            self.act_at(at, When::Changed, 0);
        }
        // What is not offered is kept and not seen: later that is no fault of the answer, now it is.
        let is_narrowed = self
            .item(at)
            .is_some_and(|item| item.is_shown && item.narrowed.is_some());
        Ok(match self.problem(at) {
            None | Some(AnswerProblem::Missing) if is_narrowed => Some(AnswerProblem::NotOffered),
            problem => problem,
        })
    }

    /// Adds a turn to a repeat, after those that there are.
    ///
    /// # Errors
    /// When there is no such repeat, or the form itself counts its turns.
    pub fn add_turn(&mut self, path: &str) -> Result<(), AnswerError> {
        let (around, name) = path.rsplit_once('/').ok_or(AnswerError::NoSuchPath)?;
        let around = match around {
            "" => Some(0),
            around => self.find(around),
        };
        let around = around.ok_or(AnswerError::NoSuchPath)?;
        let part = self.item(around).and_then(|item| self.form.part(item.part));
        let slots = part.into_iter().flat_map(|part| {
            let slots = part.slots.get(name).into_iter().flatten();
            slots.filter_map(|slot| part.children.get(*slot))
        });
        let mut repeats = slots.filter_map(|at| Some((*at, self.form.part(*at)?.repeat?)));
        let (repeat, turns) = repeats.next_back().ok_or(AnswerError::NoSuchPath)?;
        if turns.is_counted {
            return Err(AnswerError::Counted);
        }
        self.add_turns(around, repeat, 1);
        self.settle();
        Ok(())
    }

    /// All questions as they stand, hidden ones included, in the order of the form.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        let mut out = Vec::new();
        let mut left = vec![(0, false, false)];
        while let Some((at, is_readonly, is_surplus)) = left.pop() {
            let Some(item) = self.item(at) else {
                continue;
            };
            let part = self.form.part(item.part);
            let is_readonly = is_readonly || item.is_readonly;
            let is_surplus = is_surplus || item.is_surplus;
            if part.is_some_and(|part| part.answer.is_some()) {
                out.push(Asked {
                    path: self.path(at),
                    value: item.value.clone(),
                    seen: self.seen(at).to_owned(),
                    is_surplus,
                    is_relevant: item.is_shown,
                    is_required: item.is_required,
                    is_readonly,
                    problem: self.problem(at),
                });
            }
            let children = item.slots.iter().rev().flat_map(|slot| slot.iter().rev());
            left.extend(children.map(|child| (*child, is_readonly, is_surplus)));
        }
        out
    }

    /// What is not right with an answer.
    fn problem(&self, at: ItemId) -> Option<AnswerProblem> {
        let item = self.item(at)?;
        if !item.is_shown {
            return None;
        }
        let part = self.form.part(item.part)?;
        if self.seen(at).trim().is_empty() {
            return item.is_required.then_some(AnswerProblem::Missing);
        }
        if !given::fits(part.answer, &item.value, &self.setting) {
            return Some(AnswerProblem::Type);
        }
        if !self.is_offered(at) {
            return Some(AnswerProblem::NotOffered);
        }
        item.fails_constraint.then_some(AnswerProblem::Constraint)
    }

    fn is_offered(&self, at: ItemId) -> bool {
        let item = self.item(at);
        let part = item.and_then(|item| self.form.part(item.part));
        let (Some(item), Some(part)) = (item, part) else {
            return true;
        };
        let Some(choices) = &part.choices else {
            return true;
        };
        let list = choices.list.and_then(|list| self.form.lists.get(list));
        if list.is_some_and(|list| !list.is_known) {
            return true;
        }
        let Some(offered) = self.offered(at) else {
            return true;
        };
        let is_one = part.answer == Some(AnswerType::One);
        let names: Vec<&str> = match is_one {
            true => vec![&item.value],
            false => item.value.split(' ').collect(),
        };
        names
            .iter()
            .all(|name| offered.iter().any(|choice| choice.name == *name))
    }

    fn offered(&self, at: ItemId) -> Option<Vec<Choice>> {
        let part = self.form.part(self.item(at)?.part)?;
        let choices = part.choices.as_ref()?;
        let found = choices.items.evaluate(self, self.place(at), &self.setting);
        let Ok(Value::Nodes(nodes)) = found else {
            return None;
        };
        let names = self.values_of(&nodes, &choices.value);
        let labels = self.values_of(&nodes, &choices.label);
        let both = names.into_iter().zip(labels);
        Some(both.map(|(name, label)| Choice { name, label }).collect())
    }

    /// What can be chosen for a question now; none where nothing is to be chosen.
    ///
    /// # Errors
    /// When there is no such question.
    pub fn choices(&self, path: &str) -> Result<Option<Vec<Choice>>, AnswerError> {
        let at = self.find(path).ok_or(AnswerError::NoSuchPath)?;
        Ok(self.offered(at))
    }

    /// Rules that came to nothing, by the path of what they are of.
    pub fn troubles(&self) -> impl Iterator<Item = (&str, &EvaluateError)> {
        self.troubles
            .iter()
            .map(|(path, error)| (path.as_str(), error))
    }

    /// Whether there are more answers than a form can have, and turns were left out.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// The name of the form's own part.
    #[must_use]
    pub fn name(&self) -> &str {
        self.form.part(FORM).map_or("", |part| &part.name)
    }

    /// What a question is reckoned with: functions, and types of what it reads; none where it is asked.
    #[must_use]
    pub fn reckoned_with(&self, path: &str) -> (Vec<Function>, Vec<AnswerType>) {
        let item = self.find(path).and_then(|at| self.item(at));
        let part = item.and_then(|item| self.form.part(item.part));
        let cells = part.into_iter().flat_map(|part| &part.cells);
        let cells = cells.filter_map(|at| self.form.cells.get(*at));
        let mut functions = Vec::new();
        let mut types = Vec::new();
        for cell in cells.filter(|cell| cell.aspect == Aspect::Calculation) {
            functions.extend(cell.rule.functions());
            let reads = cell.rule.reads(&*self.form, cell.part).questions;
            types.extend(
                reads
                    .iter()
                    .filter_map(|read| self.form.part(read.of)?.answer),
            );
        }
        (functions, types)
    }
}
