//! What of a part is reckoned, and the rules that people write for it.

/// What of a part is reckoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Aspect {
    Count,
    Relevant,
    Calculation,
    /// Which of its choices are offered.
    Offered,
    Readonly,
    Required,
    Constraint,
}

/// A rule of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// How many turns a repeat has.
    Count,
    /// When it is asked.
    Relevant,
    /// What it is reckoned from.
    Calculation,
    /// What is offered.
    Choices,
    /// Whether it can't be changed.
    Readonly,
    /// Whether it has to be answered.
    Required,
    /// What an answer has to fulfil.
    Constraint,
    /// What happens at a moment.
    Action,
}

impl From<Aspect> for Rule {
    fn from(aspect: Aspect) -> Self {
        match aspect {
            Aspect::Count => Self::Count,
            Aspect::Relevant => Self::Relevant,
            Aspect::Calculation => Self::Calculation,
            Aspect::Offered => Self::Choices,
            Aspect::Readonly => Self::Readonly,
            Aspect::Required => Self::Required,
            Aspect::Constraint => Self::Constraint,
        }
    }
}
