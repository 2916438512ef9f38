//! Forms that people already have, read as questionnaires.
//!
//! What enters: the bytes of an XForm or an XLSForm. What leaves: a questionnaire, and all that could not
//! be taken, by sheet, row and column. What never happens here: a file that is opened, a clock, a panic, or work that
//! grows beyond its limits.

mod body;
mod column;
mod complaint;
mod element;
mod itext;
mod kind;
mod offered;
mod questions;
pub mod walk;
mod workbook;
mod xform;
mod xlsform;

pub use column::Column;
pub use complaint::{Note, What};
pub use element::XmlError;
pub use kind::{Asks, From, How, Kind};
pub use workbook::{FileError, MAX_FILE_BYTES, Sheet, sheets};
pub use xform::{XFormError, read as read_xform};
pub use xlsform::{Choice, Row, XlsForm, read as read_xlsform};
