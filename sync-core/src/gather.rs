//! Maps and sets of what comes one after another.

/// Puts what comes into a collection one by one.
///
/// `collect()` into a map or set of the standard library sorts all of it first, with a sort that is
/// compiled for each type anew: a twentieth of what a browser downloads of the phone library. Here one
/// insertion is what there is anyway.
pub trait Gather: Iterator + Sized {
    /// All of it, each put in as it comes; of two of one key the later counts.
    fn gathered<C: Default + Extend<Self::Item>>(self) -> C {
        let mut out = C::default();
        out.extend(self);
        out
    }
}

impl<I: Iterator> Gather for I {}
