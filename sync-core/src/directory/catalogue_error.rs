//! Why a catalogue cannot be published.

use crate::ids::{ChoiceKey, KindCode};
use crate::limits::{
    MAX_CATALOGUE_BYTES, MAX_DEADLINE_DAYS, MAX_DEADLINE_HOURS, MAX_DEADLINE_WORKING_DAYS,
    MAX_DEADLINE_WORKING_HOURS, MAX_KIND_LEVELS, MAX_KIND_TEXT_CHARS, MAX_URGENCIES,
};

/// Why a catalogue cannot be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Not the JSON of a catalogue.
    #[error("this is not a catalogue: {0}")]
    NotACatalogue(String),
    /// Nothing in it.
    #[error("the catalogue has no kinds")]
    NoKinds,
    /// Larger than an entry of the directory may be.
    #[error(
        "the catalogue takes {0} bytes, more than {MAX_CATALOGUE_BYTES}: shorten its texts or leave kinds out"
    )]
    TooLarge(usize),
    /// Two kinds have the same code.
    #[error("kind {0} is there twice: rename one of them")]
    TwiceTheKind(KindCode),
    /// Two kinds that are offered have the same name.
    #[error("kinds {0} and {1} have the same name: nobody could tell them apart")]
    TwiceTheName(KindCode, KindCode),
    /// A text that is missing or too long.
    #[error(
        "the {1} of kind {0} is empty, longer than {MAX_KIND_TEXT_CHARS} characters, or has control characters"
    )]
    BadText(KindCode, &'static str),
    /// A deadline that cannot be meant.
    #[error(
        "the deadline of kind {0} must be 1 to {MAX_DEADLINE_HOURS} hours, {MAX_DEADLINE_DAYS} days, {MAX_DEADLINE_WORKING_HOURS} working hours or {MAX_DEADLINE_WORKING_DAYS} working days; leave it out for none"
    )]
    BadDeadline(KindCode),
    /// A warning that is no time before the deadline.
    #[error(
        "the warning of kind {0} must come before its deadline, and be counted in hours, days, working hours or working days"
    )]
    BadWarning(KindCode),
    /// Two deadlines for one urgency.
    #[error("kind {0} has two deadlines for {1}: keep one")]
    TwiceTheDeadline(KindCode, String),
    /// An urgency that the catalogue does not have.
    #[error("kind {0} names the urgency {1}, which the catalogue does not have")]
    BadUrgency(KindCode, ChoiceKey),
    /// Urgencies that cannot be told apart, or too many.
    #[error(
        "the urgencies are wrong: give at most {MAX_URGENCIES}, each with a code and names of its own in both languages"
    )]
    BadUrgencies,
    /// A kind that lies in one that is not there.
    #[error("kind {0} lies in {1}, which the catalogue does not have")]
    NoParent(KindCode, KindCode),
    /// A kind that lies too deep, or in itself.
    #[error("kind {0} lies deeper than {MAX_KIND_LEVELS} levels, or in itself: put it higher up")]
    TooDeep(KindCode),
    /// A kind that is offered below one that is not.
    #[error("kind {0} is offered, but {1}, which it lies in, is retired: retire both or none")]
    ParentRetired(KindCode, KindCode),
    /// Evidence that is not known, or named twice.
    #[error(
        "kind {0} asks for {1}, which is not known or named twice: use each of text, photo, video, audio, location, signature, document once"
    )]
    BadEvidence(KindCode, String),
    /// Not the next version.
    #[error("the next version is {expected}, not {given}: somebody else may have published")]
    NotNext {
        /// The version that is due.
        expected: u32,
        /// The version given.
        given: u32,
    },
    /// The version exists with other content.
    #[error("version {0} is published already: publish the change as a new version")]
    Published(u32),
    /// A kind of the version before is gone.
    #[error(
        "kind {0} of the version before is missing: matters name it, so keep it and mark it as retired"
    )]
    MissingKind(KindCode),
}
