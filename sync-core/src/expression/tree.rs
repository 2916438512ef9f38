//! An expression as it was parsed.

use super::function::Function;

/// A piece of an expression. Operators of one rank stand in one row, so that a long row is not deep.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    /// A text that is written there.
    Text(String),
    /// A number that is written there.
    Number(f64),
    /// Operators of one rank, from left to right.
    Row(Box<Expr>, Vec<(Operator, Expr)>),
    /// A number with the other sign.
    Negate(Box<Expr>),
    /// A function of arguments.
    Call(Function, Vec<Expr>),
    /// A path.
    Path(Path),
}

/// An operator between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    Plus,
    Minus,
    Times,
    Divide,
    Remainder,
    Union,
}

/// A path to questions.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// Where it begins.
    pub start: Start,
    /// The steps from there.
    pub steps: Vec<Step>,
}

/// Where a path begins.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// At the root.
    Root,
    /// At the question that is asked about.
    Here,
    /// At a question by its name alone: `${name}`, as forms are written by people.
    Question(String),
    /// At what an expression comes to.
    Of(Box<Inner>),
}

/// An expression that a path begins at, or by which a step chooses.
#[derive(Debug, Clone, PartialEq)]
pub struct Inner(pub(super) Expr);

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Which way it goes.
    pub axis: Axis,
    /// What it stops at.
    pub test: Test,
    /// What chooses among those.
    pub predicates: Vec<Inner>,
}

/// Which way a step goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// To what lies in it.
    Child,
    /// To what it lies in.
    Parent,
    /// Nowhere.
    Itself,
    /// To itself and all that lies in it.
    Inside,
    /// To all that it lies in.
    Around,
    /// To what is written in its tag.
    Attribute,
}

/// What a step stops at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// At those of this name.
    Name(String),
    /// At all that have a name.
    Named,
    /// At all.
    Any,
}

impl Expr {
    /// Calls `see` on each piece, each before what lies in it.
    pub(super) fn walk<'a>(&'a self, see: &mut impl FnMut(&'a Self)) {
        see(self);
        match self {
            Self::Text(_) | Self::Number(_) => {}
            Self::Negate(of) => of.walk(see),
            Self::Row(first, rest) => {
                first.walk(see);
                for (_, expr) in rest {
                    expr.walk(see);
                }
            }
            Self::Call(_, arguments) => {
                for argument in arguments {
                    argument.walk(see);
                }
            }
            Self::Path(path) => {
                if let Start::Of(inner) = &path.start {
                    inner.0.walk(see);
                }
                for inner in path.steps.iter().flat_map(|step| &step.predicates) {
                    inner.0.walk(see);
                }
            }
        }
    }
}
