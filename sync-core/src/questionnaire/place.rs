//! The places of a form that is being filled, as its expressions go through them.

/// A place that an expression can lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Something of the form.
    Answer {
        /// Its place among all.
        rank: u32,
        /// Its number.
        at: usize,
    },
    /// Where the turns of a repeat stand, whether there are any or not.
    Turns {
        /// The place of what they lie in.
        rank: u32,
        /// What they lie in.
        around: usize,
        /// The repeat.
        part: usize,
    },
    /// What `/` means in a list.
    List(usize),
    /// What the items of a list lie in.
    Items(usize),
    /// An item of a list.
    Item(usize, usize),
    /// A column of an item.
    Column(usize, usize, usize),
}
