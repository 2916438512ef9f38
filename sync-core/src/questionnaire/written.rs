//! A questionnaire as it is written down, before anything of it is understood.

use std::collections::BTreeMap;

/// A questionnaire as an importer or a builder gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// What lies in it, in order, under the name of the form.
    pub root: WrittenPart,
    /// Lists that choices are of, and that expressions look into.
    pub lists: Vec<WrittenList>,
    /// Texts by their name, in the language the form is shown in at first.
    pub texts: BTreeMap<String, String>,
    /// What whoever wrote it calls this version; may be empty.
    pub version: String,
}

/// A question, group or repeat as it is written down. Rules are expressions; an empty one is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenPart {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: PartKind,
    /// What it holds before anybody answers.
    pub default: String,
    /// When it is asked.
    pub relevant: String,
    /// What it is reckoned from.
    pub calculation: String,
    /// What an answer has to fulfil.
    pub constraint: String,
    /// Whether it has to be answered.
    pub required: String,
    /// Whether it can't be changed.
    pub readonly: String,
    /// What is offered to choose from.
    pub choices: Option<WrittenChoices>,
    /// What it is filled with from the phone.
    pub preload: Option<Preload>,
    /// What happens to others, or to it, at a moment.
    pub actions: Vec<WrittenAction>,
    /// What lies in it, in order.
    pub parts: Vec<WrittenPart>,
}

/// What a part of a questionnaire is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PartKind {
    /// What questions lie in.
    #[default]
    Group,
    /// A group that is answered several times.
    Repeat {
        /// How many turns there are: an expression; empty where whoever answers adds them.
        count: String,
        /// Turns that are there from the start.
        turns: usize,
    },
    /// A question, or what is reckoned.
    Question(AnswerType),
}

/// Of what type an answer is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AnswerType {
    /// Any text; also what has a form of its own, such as a place.
    #[default]
    Text,
    /// A whole number.
    Whole,
    /// A number.
    Decimal,
    /// A day.
    Date,
    /// A moment.
    Moment,
    /// A time of a day.
    Time,
    /// One of some choices.
    One,
    /// Any of some choices, by one blank each.
    Several,
    /// Choices in an order of one's own.
    Ranked,
}

/// What a question is filled with from the phone, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preload {
    /// The moment the form was opened.
    Start,
    /// The moment it was finished.
    End,
    /// The day it was opened.
    Today,
    /// A name for what is answered, new each time.
    InstanceId,
    /// Something the phone knows by name, such as `deviceid`.
    Property(String),
}

/// What is offered to choose from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenChoices {
    /// The items: a path to a list, with what it chooses among.
    pub items: String,
    /// What of an item is kept: the name of its column.
    pub value: String,
    /// What of an item is shown: the name of its column.
    pub label: String,
}

/// A list that choices are of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WrittenList {
    /// Its name.
    pub name: String,
    /// Its items: a text for a name of a column.
    pub items: Vec<Vec<(String, String)>>,
    /// Whether what is in it is known: not that of a file that did not come with the form.
    pub is_known: bool,
}

/// What happens at a moment: a question is given a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenAction {
    /// When.
    pub when: When,
    /// The question: a path, from the part that this is written at.
    pub target: String,
    /// The value: an expression; an empty one clears.
    pub value: String,
}

/// When an action happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// When the form is opened for the first time.
    Opened,
    /// When a turn of the repeat that it is written at was added.
    TurnAdded,
    /// When whoever answers changed the question that it is written at.
    Changed,
}
