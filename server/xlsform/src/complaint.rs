//! What of a form's file could not be taken, where, and what that would mean.

use std::fmt;

/// Something of a file that could not be taken as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The sheet.
    pub sheet: String,
    /// The row, from 1 as a spreadsheet counts; 0 for the sheet as a whole.
    pub row: usize,
    /// The header of the column; empty for the row as a whole.
    pub column: String,
    /// What it is.
    pub what: What,
}

/// What could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum What {
    /// A form without questions.
    #[error("there is no sheet \u{201c}survey\u{201d} with a column \u{201c}type\u{201d}")]
    NoSurvey,
    /// A row that has something, but no type.
    #[error("the row has no type and is left out")]
    NoType,
    /// A row without a name.
    #[error("the row has no name and is left out")]
    NoName,
    /// A name that is none.
    #[error("\u{201c}{0}\u{201d} is no name: a name begins with a letter, and has no blanks")]
    BadName(String),
    /// Two of one name beside each other.
    #[error("\u{201c}{0}\u{201d} is there already beside it: the second is left out")]
    Twice(String),
    /// A type that is none.
    #[error("\u{201c}{0}\u{201d} is no type that is known: it is taken as a text")]
    UnknownType(String),
    /// A type that is read with other letters.
    #[error("\u{201c}{0}\u{201d} is read as \u{201c}{1}\u{201d}")]
    ReadAs(String, String),
    /// A list that is not there.
    #[error("there is no list \u{201c}{0}\u{201d} in the sheet \u{201c}choices\u{201d}")]
    NoList(String),
    /// An end without a beginning.
    #[error("\u{201c}{0}\u{201d} ends nothing that was begun")]
    EndsNothing(String),
    /// A beginning without an end.
    #[error("\u{201c}{0}\u{201d} is not ended: it ends with the sheet")]
    NotEnded(String),
    /// Groups in each other deeper than is taken.
    #[error("groups lie in each other deeper than is taken: it is left out")]
    TooDeep,
    /// A calculation that is not there.
    #[error("there is no calculation: it stays empty")]
    NoCalculation,
    /// A header nothing is known of.
    #[error("nothing is known of the column: it is kept, and does nothing")]
    UnknownColumn,
    /// A column that is there twice.
    #[error("the column is there twice: the first that has something counts")]
    ColumnTwice,
    /// A choice without a name.
    #[error("the choice has no name and is left out")]
    NoChoiceName,
    /// Two choices of one name in a list.
    #[error("the list has \u{201c}{0}\u{201d} already: the first is shown for it")]
    ChoiceTwice(String),
    /// A name of a choice that can't be one of several.
    #[error("\u{201c}{0}\u{201d} has a blank in it and can't be chosen beside others")]
    BlankInChoice(String),
    /// A rule that can't be taken.
    #[error("{0}; the rule is left out")]
    Rule(String),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.sheet)?;
        if self.row > 0 {
            write!(f, " row {}", self.row)?;
        }
        if !self.column.is_empty() {
            write!(f, ", {}", self.column)?;
        }
        write!(f, ": {}", self.what)
    }
}
