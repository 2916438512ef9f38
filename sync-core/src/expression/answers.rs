//! What an expression asks of a form that is being filled, and the values of both.

use super::dates;
use super::error::EvaluateError;
use super::numbers;
use super::setting::Setting;
use crate::time::{Timestamp, format_date};

/// The answers of a form, as a tree. Questions that are hidden are not in it, but as what is asked
/// about.
pub trait Answers {
    /// A place in the tree; they sort as the form has them.
    type Node: Copy + Ord + std::fmt::Debug;

    /// The root: what `/` means.
    fn root(&self) -> Self::Node;
    /// What a node lies in.
    fn parent(&self, node: Self::Node) -> Option<Self::Node>;
    /// What lies in a node, in order.
    fn children(&self, node: Self::Node) -> Vec<Self::Node>;
    /// What lies in a node under a name.
    fn named(&self, node: Self::Node, name: &str) -> Vec<Self::Node> {
        let children = self.children(node).into_iter();
        children.filter(|child| self.name(*child) == name).collect()
    }
    /// The name of a node; empty for a root.
    fn name(&self, node: Self::Node) -> &str;
    /// What was answered, with its type; the empty text for nothing.
    fn value(&self, node: Self::Node) -> Value<Self::Node>;
    /// What is written in the tag of a node under a name.
    fn attribute(&self, node: Self::Node, name: &str) -> Option<Self::Node>;
    /// Questions of a name, as one asks for them from a node: `${name}`. Inside a repeat those of the
    /// same turn.
    fn question(&self, from: Self::Node, name: &str) -> Vec<Self::Node>;
    /// The root of a list that comes with the form.
    fn list(&self, name: &str) -> Option<Self::Node>;
    /// What a choice of a question is called, in the language of who asks.
    fn choice_label(&self, question: &str, choice: &str, from: Self::Node) -> Option<String>;
    /// What a function says that only whoever holds the answers can tell.
    ///
    /// # Errors
    /// When nobody can.
    fn tell(&self, name: &'static str, _: &[String]) -> Result<String, EvaluateError> {
        Err(EvaluateError::NotAnswered(name))
    }
}

/// What an expression comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<N> {
    /// A text; the empty one where nothing was answered.
    Text(String),
    /// A number. What cannot be reckoned is not a number, and empty as a text.
    Number(f64),
    /// Whether it is so.
    Boolean(bool),
    /// A day, counted from 1970-01-01.
    Date(i64),
    /// A moment.
    Moment(Timestamp),
    /// Questions that a path leads to, in the order of the form.
    Nodes(Vec<N>),
}

impl<N: Copy + Ord> Value<N> {
    /// The text of nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self::Text(String::new())
    }

    /// The value of the first question, when it is a path's.
    pub(super) fn single<A: Answers<Node = N>>(self, answers: &A) -> Self {
        match self {
            Self::Nodes(nodes) => nodes
                .first()
                .map_or_else(Self::empty, |node| answers.value(*node)),
            other => other,
        }
    }

    /// As a text. Moments are written in the zone of who asks.
    pub fn to_text<A: Answers<Node = N>>(&self, answers: &A, setting: &Setting) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => numbers::to_text(*number),
            Self::Boolean(yes) => if *yes { "true" } else { "false" }.to_owned(),
            Self::Date(day) => format_date(*day),
            Self::Moment(at) => dates::moment_to_text(*at, setting),
            Self::Nodes(_) => self.clone().single(answers).to_text(answers, setting),
        }
    }

    /// As a number: days for what is a date, also when it is written as a text.
    pub fn to_number<A: Answers<Node = N>>(&self, answers: &A) -> f64 {
        match self {
            Self::Text(text) => numbers::parse(text),
            Self::Number(number) => *number,
            Self::Boolean(yes) => f64::from(u8::from(*yes)),
            Self::Date(day) => numbers::of(*day),
            Self::Moment(at) => numbers::of(at.0) / numbers::of(dates::DAY_MS),
            Self::Nodes(_) => self.clone().single(answers).to_number(answers),
        }
    }

    /// Whether it holds: what is empty, or is the number 0, does not.
    pub fn to_boolean<A: Answers<Node = N>>(&self, answers: &A) -> bool {
        match self {
            Self::Text(text) => !text.is_empty(),
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Boolean(yes) => *yes,
            Self::Date(_) | Self::Moment(_) => true,
            Self::Nodes(_) => self.clone().single(answers).to_boolean(answers),
        }
    }
}
