//! Writes the bindings from the built library, so that generator and library are of one version.
//!
//! `uniffi-bindgen generate --library FILE --language kotlin|swift|python --out-dir DIR`

fn main() {
    uniffi::uniffi_bindgen_main();
}
