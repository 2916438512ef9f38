//! What is compared, and how what differs is told.

use std::collections::BTreeMap;
use std::fmt;

use gridfold_sync_core::expression::{Function, number};
use gridfold_sync_core::questionnaire::{AnswerType, Complaint, Filling};

/// What came of a walk.
#[derive(Debug, Default)]
pub struct Verdict {
    /// What of the form could not be taken, and was left out.
    pub complaints: Vec<Complaint>,
    /// Checks on which all engines agree.
    pub agreed: usize,
    /// Checks on which they differ.
    pub differing: usize,
    /// Of those, the ones where ours is none of theirs, but what is decided.
    pub decided: usize,
    /// Where ours is none of what is decided.
    pub differences: Vec<Difference>,
}

/// Where ours is none of what is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The step, counted from 1, with the name of its script.
    pub step: String,
    /// The question, or what was done.
    pub path: String,
    /// What was looked at.
    pub what: &'static str,
    /// Ours.
    pub ours: String,
    /// Theirs, by engine.
    pub theirs: BTreeMap<String, String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            step, path, what, ..
        } = self;
        write!(f, "{step}: {what} of {path} is {:?}", self.ours)?;
        for (engine, theirs) in &self.theirs {
            write!(f, ", {engine} {theirs:?}")?;
        }
        Ok(())
    }
}

/// What is asked of one question or step.
pub(super) struct Check<'a> {
    pub step: &'a str,
    pub path: &'a str,
    pub what: &'static str,
    pub ours: &'a str,
    /// By engine.
    pub theirs: BTreeMap<String, String>,
    /// Whether every engine said something.
    pub all_said: bool,
    /// What is known of the question.
    pub of: About<'a>,
}

/// What is known of a question that is looked at.
#[derive(Default)]
pub(super) struct About<'a> {
    /// What it is reckoned with.
    pub functions: Vec<Function>,
    /// Of what types what it is reckoned from is.
    pub types: Vec<AnswerType>,
    /// Whether it lies in a turn more than are counted.
    pub is_surplus: bool,
    /// What was answered last.
    pub answered: Option<&'a str>,
    /// Whether a rule of it could not be taken.
    pub is_left_out: bool,
}

/// What is known of a form and of what was done with it.
#[derive(Default)]
pub(super) struct Known {
    /// By path: what was answered last.
    pub answered: BTreeMap<String, String>,
    /// Paths of what a rule could not be taken of, without turns.
    pub left_out: Vec<String>,
}

impl Known {
    pub(super) fn about(&self, filling: &Filling, path: &str, is_surplus: bool) -> About<'_> {
        let (functions, types) = filling.reckoned_with(path);
        let mut plain = String::new();
        for step in path.split('/').skip(1) {
            plain.push('/');
            plain.push_str(step.split('[').next().unwrap_or(step));
        }
        About {
            functions,
            types,
            is_surplus,
            answered: self.answered.get(path).map(String::as_str),
            is_left_out: self.left_out.contains(&plain),
        }
    }
}

impl Verdict {
    pub(super) fn check(&mut self, check: Check<'_>) {
        let mut values = check.theirs.values();
        let Some(first) = values.next() else {
            return;
        };
        let agree = values.all(|value| value == first);
        if agree {
            self.agreed += 1;
        } else {
            self.differing += 1;
        }
        if check.theirs.values().any(|theirs| theirs == check.ours) {
            return;
        }
        // What all agree on is what a form means.
        let is_open = !agree || !check.all_said;
        let mut theirs = check.theirs.values();
        if is_open && theirs.any(|theirs| is_decided(&check, theirs)) {
            self.decided += 1;
            return;
        }
        self.differences.push(Difference {
            step: check.step.to_owned(),
            path: check.path.to_owned(),
            what: check.what,
            ours: check.ours.to_owned(),
            theirs: check.theirs,
        });
    }
}

/// Whether ours is what is decided, where an engine says otherwise. `docs/forms.md` has each with its
/// reason.
fn is_decided(check: &Check<'_>, theirs: &str) -> bool {
    let (ours, of) = (check.ours, &check.of);
    let uses = |all: &[Function]| of.functions.iter().any(|f| all.contains(f));
    match check.what {
        // A turn more than are counted is hidden and kept.
        "relevant" => of.is_surplus && ours == "false",
        "value" => {
            // New each time.
            uses(&[Function::Random, Function::Uuid])
                || is_same_boolean(ours, theirs)
                || is_same_number(ours, theirs)
                || is_same_day(ours, theirs)
                || is_whole_day(ours, theirs)
                // What can't be reckoned is empty, and so is what is no date.
                || (ours.is_empty() && (of.is_left_out || matches!(theirs, "NaN" | "Invalid Date")))
                // What is empty is passed over.
                || (uses(&[Function::Sum, Function::Max, Function::Min])
                    && matches!(theirs, "" | "NaN")
                    && number(ours).is_some())
                // Whether a day or moment is another does not depend on where one is.
                || (reckons_times(of)
                    && matches!((ours, theirs), ("true", "false") | ("false", "true")))
                // An answer is kept, and comes back.
                || of.answered == Some(ours)
        }
        _ => false,
    }
}

/// A truth is written as a word.
fn is_same_boolean(ours: &str, theirs: &str) -> bool {
    matches!((ours, theirs), ("true", "1") | ("false", "0"))
}

/// A number is written without an exponent; its last digits are each machine's own.
fn is_same_number(ours: &str, theirs: &str) -> bool {
    let (Some(ours), Ok(theirs)) = (number(ours), theirs.parse::<f64>()) else {
        return false;
    };
    (ours - theirs).abs() <= f64::EPSILON * 16.0 * ours.abs().max(1.0) + 1e-9
}

/// A day is a day, not the moment that it begins.
fn is_same_day(ours: &str, theirs: &str) -> bool {
    let day = |text: &str| text.split_once('T').map(|(day, _)| day.to_owned());
    match ours.len() {
        10 => day(theirs).as_deref() == Some(ours),
        _ => day(ours).as_deref() == Some(theirs) && ours.contains("T00:00:00"),
    }
}

/// Days are counted as they are where one is, eight hours before they begin in Greenwich.
fn is_whole_day(ours: &str, theirs: &str) -> bool {
    let (Some(ours), Some(theirs)) = (number(ours), number(theirs)) else {
        return false;
    };
    ours.fract() == 0.0 && (ours - theirs - 8.0 / 24.0).abs() < 1e-6
}

fn reckons_times(of: &About<'_>) -> bool {
    let functions = [
        Function::Date,
        Function::DateTime,
        Function::DecimalDateTime,
        Function::Today,
        Function::Now,
    ];
    let types = [AnswerType::Date, AnswerType::Moment];
    of.functions.iter().any(|f| functions.contains(f)) || of.types.iter().any(|t| types.contains(t))
}
