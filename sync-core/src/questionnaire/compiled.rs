//! A questionnaire that was understood: parts in one row, rules parsed, and what reads what.

use std::collections::BTreeMap;

use super::aspect::Aspect;
use super::written::{AnswerType, Preload, When, WrittenList};
use crate::expression::{Expression, Shape};

/// The number of a part; parts stand as they are written.
pub(super) type PartId = usize;

/// What lies around the form's own part: `/`.
pub(super) const TOP: PartId = 0;
/// The form's own part.
pub(super) const FORM: PartId = 1;

/// A questionnaire that was understood: what can be filled.
#[derive(Debug)]
pub struct Questionnaire {
    pub(super) parts: Vec<Part>,
    pub(super) lists: Vec<WrittenList>,
    /// Texts by their name, in the language the form is shown in at first.
    pub(super) texts: BTreeMap<String, String>,
    pub(super) version: String,
    /// What is reckoned, in an order in which each stands after what it reads.
    pub(super) cells: Vec<Cell>,
    /// By part: what reads it.
    pub(super) readers: Vec<Vec<Reader>>,
    pub(super) by_name: BTreeMap<String, Vec<PartId>>,
}

#[derive(Debug)]
pub(super) struct Part {
    pub name: String,
    pub parent: PartId,
    pub children: Vec<PartId>,
    /// By name: places among the children.
    pub slots: BTreeMap<String, Vec<usize>>,
    /// Its place among its parent's children.
    pub slot: usize,
    pub repeat: Option<Turns>,
    /// The type of the answer; none for what others lie in.
    pub answer: Option<AnswerType>,
    pub default: String,
    pub is_reckoned: bool,
    pub choices: Option<Choices>,
    pub preload: Option<Preload>,
    pub actions: Vec<Action>,
    /// What is reckoned of it.
    pub cells: Vec<usize>,
}

/// A repeat's turns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turns {
    /// Whether a rule says how many there are.
    pub is_counted: bool,
    pub at_first: usize,
}

#[derive(Debug)]
pub(super) struct Choices {
    pub items: Expression,
    pub value: String,
    pub label: String,
    /// The list they are of, where it is one of the form's.
    pub list: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Action {
    pub when: When,
    pub target: PartId,
    pub value: Option<Expression>,
}

/// What is reckoned of a part.
#[derive(Debug)]
pub(super) struct Cell {
    pub part: PartId,
    pub aspect: Aspect,
    pub rule: Expression,
}

/// A cell that reads a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reader {
    pub cell: usize,
    /// The repeat of whose own turn only it reads; none where it reads all.
    pub turn: Option<PartId>,
}

impl Questionnaire {
    /// How many questions, groups and repeats it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts.len().saturating_sub(FORM + 1)
    }

    /// Whether nothing lies in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The repeat that a part lies in, itself included.
    pub(super) fn repeat_around(&self, part: PartId) -> Option<PartId> {
        let mut around = Some(part);
        while let Some(at) = around {
            if self.part(at)?.repeat.is_some() {
                return Some(at);
            }
            around = Shape::parent(self, at);
        }
        None
    }

    pub(super) fn part(&self, at: PartId) -> Option<&Part> {
        self.parts.get(at)
    }

    /// The path of a part, without turns.
    pub(super) fn path(&self, at: PartId) -> String {
        let up = std::iter::successors(Some(at), |at| Shape::parent(self, *at));
        let mut names: Vec<&str> = up.map(|at| Shape::name(self, at)).collect();
        names.reverse();
        names.join("/")
    }

    pub(super) fn list(&self, name: &str) -> Option<usize> {
        self.lists.iter().position(|list| list.name == name)
    }
}

impl Shape for Questionnaire {
    type Node = PartId;

    fn root(&self) -> PartId {
        TOP
    }
    fn parent(&self, node: PartId) -> Option<PartId> {
        let parent = self.parts.get(node)?.parent;
        (node != TOP).then_some(parent)
    }
    fn children(&self, node: PartId) -> Vec<PartId> {
        let part = self.parts.get(node);
        part.map_or_else(Vec::new, |part| part.children.clone())
    }
    fn name(&self, node: PartId) -> &str {
        self.parts.get(node).map_or("", |part| &part.name)
    }
    fn question(&self, name: &str) -> Vec<PartId> {
        self.by_name.get(name).cloned().unwrap_or_default()
    }
}

impl Part {
    pub(super) fn named(name: &str, parent: PartId) -> Self {
        Self {
            name: name.to_owned(),
            parent,
            children: Vec::new(),
            slots: BTreeMap::new(),
            slot: 0,
            repeat: None,
            answer: None,
            default: String::new(),
            is_reckoned: false,
            choices: None,
            preload: None,
            actions: Vec::new(),
            cells: Vec::new(),
        }
    }
}
