//! What classes are called in the API.

pub(crate) fn class_name(class: gridfold_sync_core::ids::SensitivityClass) -> String {
    use gridfold_sync_core::ids::SensitivityClass::{General, Personal, Restricted};
    match class {
        General => "general",
        Personal => "personal",
        Restricted => "restricted",
    }
    .to_owned()
}
